"""Derivatives of functions: Jacobians, Hessians, products with them, and checks of gradients.

Names, arguments and results are those of `torch.autograd.functional` and
`torch.autograd.gradcheck`. `func` takes tensors and gives a tensor or a tuple of tensors;
`inputs` is one tensor or a tuple. The result has the structure of what was given: a tensor for
a tensor, a tuple for a tuple.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .composed import cat
from .engine import enable_grad, run_backward
from .tensor import Tensor, seed_of


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

    `.grad` of the leaves is left alone.
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
    for i, x in enumerate(inputs):
        gradient = found.get(x.serial)
        # An input that is named twice gets two tensors: no two gradients share memory.
        again = any(x is other for other in inputs[:i])
        gradients.append(gradient * 1 if gradient is not None and again else gradient)
    return tuple(gradients)


def vjp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False) -> tuple[Any, Any]:
    """The outputs, and the product of `v` (like the outputs) with the Jacobian."""
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        ys = func(*xs)
        found = _grads(_tuple(ys), xs, _weights(ys, v), create_graph)
    return _let_go(ys, create_graph), _like(inputs, found)


def jvp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False) -> tuple[Any, Any]:
    """The outputs, and the product of the Jacobian with `v` (like the inputs).

    Reverse mode twice: the product of u with the Jacobian is linear in u, and its derivative
    with respect to u, weighted with v, is the Jacobian times v.
    """
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        ys = func(*xs)
        us = tuple(Tensor(np.ones(y.shape, y.dtype), requires_grad=True) for y in _tuple(ys))
        products = _grads(_tuple(ys), xs, us, create_graph=True)
        found = _grads(products, us, _weights(_like(inputs, xs), v), create_graph)
    return _let_go(ys, create_graph), _like(ys, found)


def hvp(func: Callable, inputs: Any, v: Any, create_graph: bool = False) -> tuple[Any, Any]:
    """The value of `func`, a single number, and the product of its Hessian with `v`."""
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        y = func(*xs)
        gradients = _grads((y,), xs, (None,), create_graph=True)
        found = _grads(gradients, xs, _weights(_like(inputs, xs), v), create_graph)
    return _let_go(y, create_graph), _like(inputs, found)


def jacobian(func: Callable, inputs: Any, create_graph: bool = False) -> Any:
    """The derivatives of every output value with respect to every input value.

    Of shape output.shape + input.shape; for tuples, a tuple over outputs of tuples over inputs.
    """
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        ys = func(*xs)
        rows = tuple(_like(inputs, _jacobian_of(y, xs, create_graph)) for y in _tuple(ys))
    return _like(ys, rows)


def hessian(func: Callable, inputs: Any, create_graph: bool = False) -> Any:
    """The second derivatives of `func`, a single number: the Jacobian of its gradient."""

    def gradient(*xs: Tensor) -> Any:
        y = func(*xs)
        if y.data.size != 1:
            raise ValueError(f"hessian needs a single number, and func gave shape {y.shape}")
        return _like(inputs, _grads((y.sum(),), xs, (None,), create_graph=True))

    return jacobian(gradient, inputs, create_graph)


def gradcheck(
    func: Callable,
    inputs: Any,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Whether the gradients of `func` agree with central differences of width `eps`.

    inputs  float64 tensors; those that require a gradient are checked

    If they do not agree, AssertionError with the largest difference, or False.
    """
    xs = _tuple(inputs)
    checked = [x for x in xs if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck needs an input that requires a gradient")
    if any(x.dtype != np.float64 for x in checked):
        raise ValueError("gradcheck needs float64 inputs: differences of float32 are too coarse")
    with enable_grad():
        ys = _tuple(func(*xs))
    for j, y in enumerate(ys):
        # an output that lost its graph has gradients of 0, and differences tell whether rightly
        analytic = _jacobian_of(y, checked, create_graph=False)
        for i, (x, found) in enumerate(zip(checked, analytic, strict=True)):
            expected = _differences(lambda j=j: _tuple(func(*xs))[j].data, x, eps)  # type: ignore[misc]
            difference = np.abs(found.data - expected)
            if not np.all(difference <= atol + rtol * np.abs(expected)):
                if not raise_exception:
                    return False
                worst = np.unravel_index(np.argmax(difference), difference.shape)
                raise AssertionError(
                    f"output {j}, input {i}: the gradient is {found.data[worst]:.6g} and central "
                    f"differences give {expected[worst]:.6g}, at {tuple(map(int, worst))}"
                )
    return True


def gradgradcheck(func: Callable, inputs: Any, **options: Any) -> bool:
    """As `gradcheck`, for the gradients of the gradients of `func`."""
    checked = [i for i, x in enumerate(_tuple(inputs)) if x.requires_grad]

    def gradients(*xs: Tensor) -> tuple[Tensor, ...]:
        ys = _tuple(func(*xs))
        # Fixed weights, no two alike, so that no second derivative can hide behind another.
        weights = [np.cos(np.arange(y.data.size)).reshape(y.shape) + 2 for y in ys]
        return _grads(ys, [xs[i] for i in checked], weights, create_graph=True)

    return gradcheck(gradients, inputs, **options)


def _jacobian_of(y: Tensor, xs: Any, create_graph: bool) -> tuple:
    """The Jacobian of one output with respect to each of `xs`, one backward a value of `y`."""
    rows = []
    for k in range(y.data.size):
        weights = np.zeros(y.data.size, y.dtype)
        weights[k] = 1
        rows.append(_grads((y,), xs, (weights.reshape(y.shape),), create_graph, retain=True))
    stacked = []
    for i, x in enumerate(xs):
        parts = [row[i].reshape(1, *x.shape) for row in rows]
        whole = Tensor(np.zeros((0, *x.shape), x.dtype)) if not parts else cat(parts)
        stacked.append(whole.reshape(*y.shape, *x.shape))
    return tuple(stacked)


def _grads(
    ys: Any, xs: Any, weights: Any, create_graph: bool, retain: bool | None = None
) -> tuple[Tensor, ...]:
    """As `grad`, with zeros where an input has no influence."""
    used = [(y, w) for y, w in zip(ys, weights, strict=True) if y.requires_grad]
    found: Any = [None] * len(xs)
    if used:
        outputs, seeds = zip(*used, strict=True)
        found = grad(outputs, xs, seeds, retain, create_graph, allow_unused=True)
    return tuple(
        Tensor(np.zeros(x.shape, x.dtype)) if g is None else g
        for g, x in zip(found, xs, strict=True)
    )


def _fresh(inputs: Any, create_graph: bool) -> tuple[Tensor, ...]:
    """Inputs of our own, that require gradients: new leaves, unless the graph is to go on."""
    if create_graph:
        return tuple(x * 1 if x.requires_grad else _leaf(x) for x in _tuple(inputs))
    return tuple(map(_leaf, _tuple(inputs)))


def _leaf(x: Tensor) -> Tensor:
    return x.detach().requires_grad_()


def _weights(outputs: Any, v: Any) -> tuple:
    """`v` as a tuple; 1 for a single number if there is none."""
    count = len(_tuple(outputs))
    if v is None:
        for y in _tuple(outputs):
            if math.prod(y.shape) != 1:
                raise ValueError(f"v is needed, of shape {y.shape}; only a single number has one")
        return (None,) * count
    return _tuple(v)


def _differences(value: Callable[[], np.ndarray], x: Tensor, eps: float) -> np.ndarray:
    """Central differences of an array with respect to every number in `x`, changed in turn."""
    shape = value().shape
    slopes = np.zeros((*shape, *x.shape))
    kept = x.data
    try:
        for where in np.ndindex(x.shape):
            sides = []
            for step in (eps, -eps):
                x.data = kept.copy()
                x.data[where] += step
                sides.append(value().copy())
            slopes[(..., *where)] = (sides[0] - sides[1]) / (2 * eps)
    finally:
        x.data = kept
    return slopes


def _tuple(value: Any) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _like(given: Any, found: tuple) -> Any:
    """A tuple for a tuple, a single thing for a single thing."""
    return found if isinstance(given, (tuple, list)) else found[0]


def _let_go(ys: Any, create_graph: bool) -> Any:
    """The outputs, without their graph unless it was asked for."""
    return ys if create_graph else _like(ys, tuple(y.detach() for y in _tuple(ys)))
