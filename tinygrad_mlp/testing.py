"""Proving ops and layers: what this package's own tests use, for your ops and layers too.

    from tinygrad_mlp.testing import arrays, check_op, samples

    check_op(cube, samples(arrays()))

`check_op` draws calls with Hypothesis and holds each against everything that must be true of an
op: plain NumPy and tensors give the same; gradients agree with central differences, and so do
gradients of gradients; float32 stays float32; no input is changed, no gradient shares memory.
With `reference`, a function of PyTorch, values and gradients of both orders are compared with
it. `check_layer` does the same for a layer. Needs the `test` extra (Hypothesis, PyTorch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from .autograd import grad
from .autograd.checking import differences
from .nn import Module
from .tensor import Tensor

LAYOUTS = ("C", "Fortran", "reversed", "every other", "transposed", "read-only")
"""How an array may lie in memory; an op must not care."""


@dataclass(frozen=True)
class Sample:
    """One call of an op.

    inputs  arrays and numbers; float arrays get gradients
    params  the keyword parameters
    smooth  False at a kink or a tie, where differences say nothing and only a reference can
    """

    inputs: tuple[Any, ...]
    params: dict[str, Any] = field(default_factory=dict)
    smooth: bool = True


# ------------------------------------------------------------------------------- drawing calls


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 3) -> Any:
    """Shapes of arrays: no dimensions, size 1 and empty ones included."""
    return hnp.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


def broadcastable_shapes(count: int = 2, min_side: int = 0) -> Any:
    """Tuples of `count` shapes that broadcast together."""
    return hnp.mutually_broadcastable_shapes(
        num_shapes=count, max_dims=3, min_side=min_side, max_side=3
    ).map(lambda drawn: drawn.input_shapes)


@st.composite
def arrays(
    draw: Any,
    shape: Any = None,
    low: float = -3.0,
    high: float = 3.0,
    avoid: Sequence[float] = (),
) -> np.ndarray:
    """float64 arrays with values between `low` and `high`, in all memory layouts.

    shape  a shape, or a strategy for one; any by default
    avoid  values, such as kinks, that no number comes closer to than 0.05
    """
    if shape is None:
        shape = shapes()
    if not isinstance(shape, tuple):
        shape = draw(shape)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.uniform(low, high, shape)
    for kink in avoid:
        values = np.where(np.abs(values - kink) < 0.05, values + 0.1, values)
    return laid_out(np.asarray(values), draw(st.sampled_from(LAYOUTS)))


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """The same values, lying in memory in another way."""
    if layout == "Fortran":
        return np.asfortranarray(array) if array.ndim else array
    if layout == "reversed":
        return array[::-1].copy()[::-1] if array.ndim else array
    if layout == "every other" and array.ndim:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "transposed":
        return np.ascontiguousarray(array.T).T if array.ndim else array
    if layout == "read-only":
        array = array.copy()
        array.flags.writeable = False
    return array


def samples(*inputs: Any, **params: Any) -> Any:
    """Samples whose inputs and parameters are drawn independently; plain values stay as given."""

    def strategy(value: Any) -> Any:
        return value if isinstance(value, st.SearchStrategy) else st.just(value)

    return st.builds(
        Sample,
        st.tuples(*map(strategy, inputs)),
        st.fixed_dictionaries({name: strategy(value) for name, value in params.items()}),
    )


def drawn(strategy: Any, count: int) -> list[Sample]:
    """The same `count` samples each time."""
    found: list[Sample] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(sample: Sample) -> None:
        found.append(sample)

    collect()
    return found


# -------------------------------------------------------------------------------- checking ops


def check_op(
    op: Callable[..., Any],
    samples: Any,
    reference: Callable[..., Any] | None = None,
    rtol: float = 1e-9,
    examples: int = 50,
) -> None:
    """Check everything that must be true of an op; AssertionError says what is not.

    op         an op, or a function built of ops
    samples    a Hypothesis strategy for Samples, or a list of them
    reference  the same function in PyTorch
    rtol       how closely values and gradients must agree with the reference, in float64
    examples   how many samples are drawn from a strategy
    """
    if not isinstance(samples, st.SearchStrategy):
        for sample in samples:
            check_sample(op, sample, reference, rtol)
        return

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(samples)
    def check(sample: Sample) -> None:
        check_sample(op, sample, reference, rtol)

    check()


def check_sample(
    op: Callable[..., Any],
    sample: Sample,
    reference: Callable[..., Any] | None = None,
    rtol: float = 1e-9,
) -> None:
    """Check one call of an op. See `check_op`."""
    before = [np.array(x) if isinstance(x, np.ndarray) else x for x in sample.inputs]
    with np.errstate(all="ignore"):
        check_forward(op, sample)
        if _is_differentiable(op, sample):
            check_gradients(op, sample)
            check_float32(op, sample)
        if reference is not None:
            check_against_torch(op, sample, reference, rtol)
    for x, kept in zip(sample.inputs, before, strict=True):
        assert not isinstance(x, np.ndarray) or same(x, kept), "an input was changed"


def check_forward(op: Callable[..., Any], sample: Sample) -> None:
    """On arrays and on tensors an op gives the same values, to the bit."""
    inputs, _ = tensors(sample.inputs)
    on_tensors = op(*inputs, **sample.params)
    assert isinstance(on_tensors, Tensor), f"expected a Tensor, got {type(on_tensors).__name__}"
    if hasattr(op, "op"):
        on_arrays = np.asarray(op(*sample.inputs, **sample.params))
        assert same(on_tensors.data, on_arrays), "arrays and tensors give different values"


def check_gradients(op: Callable[..., Any], sample: Sample) -> None:
    """Gradients of both orders against central differences, and the two currencies alike."""
    values = [x for x in sample.inputs if _is_float(x)]

    def gradients(*arrays: Any) -> list[np.ndarray]:
        """The gradient of the weighted output, weights included as an input."""
        inputs, leaves = tensors(_replaced(sample.inputs, arrays))
        y = op(*inputs, **sample.params)
        found = grad(y, leaves, weights_like(y.data), allow_unused=True)
        return [_zero_if_none(g, x) for g, x in zip(found, leaves, strict=True)]

    first = gradients(*values)
    for g, x in zip(first, values, strict=True):
        assert g.shape == x.shape, f"gradient of shape {g.shape} for an input of {x.shape}"
    recorded, second = second_order(op, sample)
    for g, r in zip(first, recorded, strict=True):
        close(g, r, 1e-12, "with create_graph the gradient is another one")
    if not sample.smooth:
        return

    def total(*arrays: Any) -> float:
        inputs, _ = tensors(_replaced(sample.inputs, arrays))
        y = op(*inputs, **sample.params).data
        return float(np.sum(weights_like(y) * y))

    def total_of_gradients(*arrays: Any) -> float:
        parts = gradients(*arrays)
        return float(sum(np.sum(weights_like(g, i) * g) for i, g in enumerate(parts)))

    for i, (g, expected) in enumerate(zip(first, slopes(total, values), strict=True)):
        close(g, expected, 1e-5, f"the gradient of input {i} differs from central differences")
    expected_second = slopes(total_of_gradients, values)
    for i, (g, expected) in enumerate(zip(second, expected_second, strict=True)):
        close(g, expected, 1e-4, f"the second derivative of input {i} differs from differences")


def second_order(
    op: Callable[..., Any], sample: Sample
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """First gradients, recorded, and the gradients of their weighted sum."""
    inputs, leaves = tensors(sample.inputs)
    y = op(*inputs, **sample.params)
    found = grad(y, leaves, weights_like(y.data), create_graph=True, allow_unused=True)
    parts = [
        (g * weights_like(g.data, i)).sum()
        for i, g in enumerate(found)
        if g is not None and g.requires_grad
    ]
    second = grad(parts, leaves, allow_unused=True) if parts else [None] * len(leaves)
    _check_memory([*leaves, *(g for g in found if g is not None)])
    return (
        [_zero_if_none(g, x) for g, x in zip(found, leaves, strict=True)],
        [_zero_if_none(g, x) for g, x in zip(second, leaves, strict=True)],
    )


def check_float32(op: Callable[..., Any], sample: Sample) -> None:
    """float32 in, float32 out, gradients of both orders too, and as accurate as it can be."""
    single = replace(sample, inputs=tuple(map(_as_float32, sample.inputs)))
    # the same numbers in float64, so that only the arithmetic is compared
    double = replace(sample, inputs=tuple(map(_as_float64, single.inputs)))
    inputs, leaves = tensors(single.inputs)
    y = op(*inputs, **sample.params)
    assert y.dtype == np.float32, f"float32 inputs gave a {y.dtype} result"
    for g in grad(y, leaves, weights_like(y.data), allow_unused=True):
        assert g is None or g.dtype == np.float32, f"float32 inputs gave a {g.dtype} gradient"
    if not sample.smooth:
        return
    expected = op(*tensors(double.inputs)[0], **sample.params)
    close(y.data, expected.data, 1e-5, "the float32 value is far from the float64 one")
    for order, (found, right) in enumerate(
        zip(second_order(op, single), second_order(op, double), strict=True), 1
    ):
        for here, there in zip(found, right, strict=True):
            words = f"the float32 derivative of order {order} is far from float64's"
            close(here, there, 1e-4, words)


def check_against_torch(
    op: Callable[..., Any], sample: Sample, reference: Callable[..., Any], rtol: float
) -> None:
    """Values, gradients and gradients of gradients, against PyTorch in float64."""
    import torch

    theirs = [
        torch.from_numpy(np.array(x)).requires_grad_(_is_float(x))
        if isinstance(x, np.ndarray)
        else x
        for x in sample.inputs
    ]
    leaves = [x for x in theirs if isinstance(x, torch.Tensor) and x.requires_grad]
    expected = reference(*theirs, **sample.params)
    inputs, _ = tensors(sample.inputs)
    y = op(*inputs, **sample.params)
    assert y.shape == tuple(expected.shape), f"shape {y.shape}, PyTorch {tuple(expected.shape)}"
    close(y.data, expected.numpy(force=True), rtol, "the value differs from PyTorch's")
    if not _is_differentiable(op, sample):
        return
    weights = torch.from_numpy(weights_like(y.data))
    found = torch.autograd.grad(
        expected, leaves, weights, create_graph=True, allow_unused=True, materialize_grads=True
    )
    parts = [
        (g * torch.from_numpy(weights_like(g.numpy(force=True), i))).sum()
        for i, g in enumerate(found)
        if g.requires_grad
    ]
    second: Any = [torch.zeros_like(x) for x in leaves]
    if parts:
        second = torch.autograd.grad(parts, leaves, allow_unused=True, materialize_grads=True)
    first_here, second_here = second_order(op, sample)
    for i, (g, h) in enumerate(zip(first_here, found, strict=True)):
        words = f"the gradient of input {i} differs from PyTorch's"
        close(g, h.numpy(force=True), rtol, words)
    for i, (g, h) in enumerate(zip(second_here, second, strict=True)):
        close(
            g,
            h.numpy(force=True),
            rtol,
            f"the second derivative of input {i} differs from PyTorch's",
        )


def check_layer(
    layer: Module,
    input_shape: tuple[int, ...],
    reference: Any = None,
    seed: int = 0,
) -> None:
    """Check a layer: gradients of its parameters and its input against central differences.

    layer        a module; it is used in float64, and gets its own values back at the end
    input_shape  the shape of a batch that it takes
    reference    the same layer in PyTorch, with the same names: values and gradients must agree
    """
    x = np.random.default_rng(seed).normal(size=input_shape)
    parameters = list(layer.parameters())
    kept = [p.data for p in parameters]
    doubles = [data.astype(np.float64) for data in kept]
    kept_buffers = [(buffer, buffer.data.copy()) for buffer in layer.buffers()]

    def gradients() -> list[np.ndarray]:
        inputs = Tensor(x, requires_grad=True)
        y = layer(inputs)
        leaves = [inputs, *parameters]
        found = grad(y, leaves, weights_like(y.data), allow_unused=True)
        return [_zero_if_none(g, leaf) for g, leaf in zip(found, leaves, strict=True)]

    def total(x: np.ndarray, *values: np.ndarray) -> float:
        for p, value in zip(parameters, values, strict=True):
            p.data = value
        y = layer(Tensor(x)).data
        return float(np.sum(weights_like(y) * y))

    try:
        for p, data in zip(parameters, doubles, strict=True):
            p.data = data
        found = gradients()
        names = ["the input", *(name for name, _ in layer.named_parameters())]
        expected = slopes(total, [x, *doubles])
        for name, g, e in zip(names, found, expected, strict=True):
            close(g, e, 1e-5, f"the gradient of {name} differs from central differences")
        if reference is not None:
            for p, data in zip(parameters, doubles, strict=True):
                p.data = data
            check_layer_against_torch(layer, x, reference)
    finally:
        for p, data in zip(parameters, kept, strict=True):
            p.data = data
        for buffer, data in kept_buffers:
            buffer.copy_(data)


def check_layer_against_torch(layer: Module, x: np.ndarray, reference: Any) -> None:
    """The same input and weights through both: value, gradients of input and parameters."""
    import torch

    reference = reference.double()
    reference.load_state_dict({n: torch.from_numpy(v) for n, v in layer.state_dict().items()})
    theirs: Any = torch.from_numpy(x).requires_grad_()
    ours = Tensor(x, requires_grad=True)
    expected, y = reference(theirs), layer(ours)
    close(y.data, expected.numpy(force=True), 1e-9, "the layer's value differs from PyTorch's")
    weights = weights_like(y.data)
    layer.zero_grad()
    y.backward(weights)
    expected.backward(torch.from_numpy(weights))
    found = _gradient("the input", ours)
    close(found, theirs.grad.numpy(), 1e-9, "the input's gradient differs from PyTorch's")
    expected_gradients = {name: np.asarray(p.grad) for name, p in reference.named_parameters()}
    for name, p in layer.named_parameters():
        words = f"the gradient of {name} differs from PyTorch's"
        close(_gradient(name, p), expected_gradients[name], 1e-9, words)
    layer.zero_grad()


def _gradient(name: str, leaf: Tensor) -> np.ndarray:
    assert leaf.grad is not None, f"{name} got no gradient"
    return leaf.grad.data


# --------------------------------------------------------------------------------- comparisons


def close(found: Any, expected: Any, rtol: float, words: str) -> None:
    """Equal up to `rtol` of the value, or of the largest value around it."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{words}: shape {found.shape}, not {expected.shape}"
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    right = np.isclose(found, expected, rtol=rtol, atol=rtol * scale, equal_nan=True)
    if not right.all():
        worst = np.argmin(right)
        raise AssertionError(
            f"{words}: {found.flat[worst]!r}, expected {expected.flat[worst]!r} "
            f"({np.count_nonzero(~right)} of {right.size} values)"
        )


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal to the bit, dtype and shape included; NaN equals NaN."""
    nan = a.dtype.kind == "f"
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=nan)


def slopes(function: Callable[..., float], values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Central differences of a function of several arrays, with respect to each of them."""
    found = []
    for i, value in enumerate(values):

        def of_one(array: np.ndarray, i: int = i) -> float:
            return function(*values[:i], array, *values[i + 1 :])

        found.append(differences(of_one, value, 1e-6 * np.maximum(1.0, np.abs(value))))
    return found


def weights_like(array: np.ndarray, seed: int = 0) -> np.ndarray:
    """What an output is weighted with, so that no two of its values look alike."""
    return np.asarray(np.random.default_rng(seed + array.size).uniform(0.5, 1.5, array.shape))


def tensors(inputs: Iterable[Any]) -> tuple[list[Any], list[Tensor]]:
    """The inputs with float arrays as tensors that require gradients; and these alone.

    The tensors lie in memory as the arrays do.
    """
    made = []
    for x in inputs:
        if _is_float(x):
            leaf = Tensor(x, requires_grad=True)
            leaf.data = x
            x = leaf
        made.append(x)
    return made, [x for x in made if isinstance(x, Tensor)]


def _replaced(inputs: Sequence[Any], arrays: Iterable[Any]) -> list[Any]:
    following = iter(arrays)
    return [next(following) if _is_float(x) else x for x in inputs]


def _as_float32(x: Any) -> Any:
    return x.astype(np.float32) if _is_float(x) else x


def _as_float64(x: Any) -> Any:
    return x.astype(np.float64) if _is_float(x) else x


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def _is_differentiable(op: Callable[..., Any], sample: Sample) -> bool:
    inputs, leaves = tensors(sample.inputs)
    return bool(leaves) and op(*inputs, **sample.params).requires_grad


def _zero_if_none(g: Any, x: Tensor) -> np.ndarray:
    return np.zeros(x.shape) if g is None else g.data


def _check_memory(nodes: Sequence[Tensor]) -> None:
    for i, a in enumerate(nodes):
        for b in nodes[:i]:
            assert a is not b and not np.shares_memory(a.data, b.data), "gradients share memory"
