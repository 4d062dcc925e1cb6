"""`grad`: the gradients of outputs with respect to inputs, without touching any `.grad`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine import copied, run_backward
from ..tensor import Tensor, seed_of


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of the sum of `outputs` with respect to each of `inputs`, as a tuple.

    grad_outputs  what each output is weighted with, of its shape; 1 for a single value
    retain_graph  keep the graph for another backward (default: as create_graph)
    create_graph  record the gradients, so that they can be differentiated
    allow_unused  None, instead of an error, for an input that no output depends on

    `.grad` of the leaves is left alone. Raises RuntimeError for an input that requires no gradient
    or that no output depends on, and as `Tensor.backward`.

    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.grad((x * x).sum(), x)
    (tensor([2., 4.]),)
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not isinstance(grad_outputs, (list, tuple)):
        grad_outputs = [grad_outputs] * len(outputs)
    if len(grad_outputs) != len(outputs):
        raise ValueError(f"{len(outputs)} outputs, but {len(grad_outputs)} grad_outputs")
    for i, x in enumerate(inputs):
        if not x.requires_grad:
            raise RuntimeError(f"input {i} does not require a gradient; set requires_grad=True")
    retain = create_graph if retain_graph is None else retain_graph
    seeds = [seed_of(y, g, create_graph) for y, g in zip(outputs, grad_outputs, strict=True)]
    pairs = run_backward(outputs, seeds, inputs, create_graph, retain)
    found = {x.serial: gradient for x, gradient in pairs}
    unused = [i for i, x in enumerate(inputs) if x.serial not in found]
    if unused and not allow_unused:
        raise RuntimeError(
            f"no output depends on input {unused[0]} (of shape {inputs[unused[0]].shape}); "
            "with allow_unused=True its gradient is None"
        )
    gradients: list[Tensor | None] = []
    given: set[int] = set()
    for x in inputs:
        gradient = found.get(x.serial)
        # An input that is named twice gets two tensors: no two gradients share memory.
        again = x.serial in given
        given.add(x.serial)
        gradients.append(copied(gradient) if gradient is not None and again else gradient)
    return tuple(gradients)
