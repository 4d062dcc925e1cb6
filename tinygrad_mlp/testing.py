"""Proving ops and layers: what this package's own tests use, for your ops and layers too.

    from tinygrad_mlp.testing import arrays, check_op, samples

    check_op(cube, samples(arrays()))

`check_op` draws calls with Hypothesis and holds each against everything that must be true of an
op: plain NumPy and tensors give the same; gradients agree with central differences, and so do
gradients of gradients; float32 stays float32; no input is changed, no gradient shares memory.
With `reference`, a function of PyTorch, values and gradients of both orders are compared with
it. `check_layer` does the same for a layer. What fails is an AssertionError that names what was
found, the likely cause, and what to write instead; lessons/reference/mistakes.md lists them. Needs
the `test` extra (Hypothesis, PyTorch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from .autograd import grad
from .autograd.checking import differences
from .engine import Op
from .nn import Buffer, Module, Parameter
from .signatures import Rule
from .tensor import Tensor

LAYOUTS = ("C", "Fortran", "reversed", "every other", "transposed", "read-only")
"""How an array may lie in memory; an op must not care."""


@dataclass(frozen=True)
class Sample:
    """One call of an op.

    inputs  arrays and numbers; float arrays get gradients
    params  the keyword parameters
    smooth  False at a kink or a tie, where differences say nothing and only a reference can

    >>> sample = testing.Sample((np.array([1.0, 4.0]),), {"dim": 0})
    >>> tg.sum(*sample.inputs, **sample.params)
    np.float64(5.0)
    """

    inputs: tuple[Any, ...]
    params: dict[str, Any] = field(default_factory=dict)
    smooth: bool = True


# ------------------------------------------------------------------------------- drawing calls


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 3) -> Any:
    """Shapes of arrays: no dimensions, size 1 and empty ones included.

    min_dims, max_dims  how many dimensions there are, from 0
    min_side, max_side  how long each is, from 0

    A Hypothesis strategy for tuples.

    >>> found = testing.drawn(testing.shapes(min_dims=2, max_dims=2, min_side=1), 20)
    >>> {len(shape) for shape in found}, 0 in np.concatenate(found)
    ({2}, False)
    """
    return hnp.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


def broadcastable_shapes(count: int = 2, min_side: int = 0) -> Any:
    """Tuples of `count` shapes that broadcast together.

    count     how many shapes there are
    min_side  how long each dimension is at least; at most it is 3, and there are at most 3

    A Hypothesis strategy.

    >>> [(a, b)] = testing.drawn(testing.broadcastable_shapes(2), 1)
    >>> len(np.broadcast_shapes(a, b)) == max(len(a), len(b))
    True
    """
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

    A Hypothesis strategy, which passes `draw` itself: leave it out.

    >>> found = testing.drawn(testing.arrays((50,), low=-1.0, high=1.0, avoid=[0.0]), 5)
    >>> {array.shape for array in found}, min(float(abs(array).min()) for array in found) >= 0.05
    ({(50,)}, True)
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
    """The same values, lying in memory in another way.

    array   of any shape and dtype
    layout  one of `LAYOUTS`

    >>> testing.laid_out(np.arange(3.0), "reversed").strides
    (-8,)
    >>> testing.laid_out(np.arange(3.0), "every other")
    array([0., 1., 2.])
    """
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
    """Samples whose inputs and parameters are drawn independently; plain values stay as given.

    inputs  a strategy or a plain value for each input
    params  the same for each keyword parameter, by name

    A Hypothesis strategy.

    >>> drawn = testing.drawn(testing.samples(testing.arrays((2, 3)), dim=1), 5)
    >>> [(sample.inputs[0].shape, sample.params) for sample in drawn][0]
    ((2, 3), {'dim': 1})
    """

    def strategy(value: Any) -> Any:
        return value if isinstance(value, st.SearchStrategy) else st.just(value)

    return st.builds(
        Sample,
        st.tuples(*map(strategy, inputs)),
        st.fixed_dictionaries({name: strategy(value) for name, value in params.items()}),
    )


def drawn(strategy: Any, count: int) -> list[Sample]:
    """The same `count` samples each time.

    strategy  of Hypothesis: as a rule from `samples`

    >>> once, again = (testing.drawn(testing.samples(testing.arrays((2,))), 5) for _ in range(2))
    >>> len(once), all(np.array_equal(a.inputs, b.inputs) for a, b in zip(once, again))
    (5, True)
    """
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
    composed: bool = False,
) -> None:
    """Check everything that must be true of an op; AssertionError says what is not, and why.

    op         an op, made with `@op`
    samples    a Hypothesis strategy for Samples, or a list of them
    reference  the same function in PyTorch
    rtol       how closely values and gradients must agree with the reference, in float64
    examples   how many samples are drawn from a strategy
    composed   whether `op` may be a function composed of ops, which has no rules of its own

    >>> import torch
    >>> testing.check_op(tg.exp, testing.samples(testing.arrays()), torch.exp, examples=5)
    >>> testing.check_op(np.exp, testing.samples(testing.arrays()))
    Traceback (most recent call last):
        ...
    AssertionError: exp() is a function, not an op: it has no rules to check. ...
    """
    assert composed or hasattr(op, "op"), (
        f"{_called(op)} is a function, not an op: it has no rules to check. Make it an op with "
        "@op(grad=...) (is that line missing?), or pass composed=True if it is composed of ops"
    )
    if not isinstance(samples, st.SearchStrategy):
        for sample in samples:
            check_sample(op, sample, reference, rtol)
        return

    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,  # one message to read, not a group of them
        phases=[phase for phase in Phase if phase is not Phase.explain],  # which takes seconds
    )
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
    """Check one call of an op, or of a function composed of ops. See `check_op`.

    >>> sample = testing.Sample((np.array([1.0, 2.0]),))
    >>> testing.check_sample(tg.exp, sample)
    >>> testing.check_sample(lambda x: x * x.data, sample)
    Traceback (most recent call last):
        ...
    AssertionError: the gradient of input 0 differs from central differences: ...
    """
    before = [np.array(x) if isinstance(x, np.ndarray) else x for x in sample.inputs]
    with np.errstate(all="ignore"):
        if hasattr(op, "op"):
            check_function(op.op, sample)
            check_rules(op.op, sample)
        check_forward(op, sample)
        if _is_differentiable(op, sample):
            check_gradients(op, sample)
            check_float32(op, sample)
        if reference is not None:
            check_against_torch(op, sample, reference, rtol)
    for i, (x, kept) in enumerate(zip(sample.inputs, before, strict=True)):
        assert not isinstance(x, np.ndarray) or same(x, kept), (
            f"{_called(op)} changes input {i}: compute a new array instead"
        )


def check_function(made: Op, sample: Sample) -> None:
    """What must be true of an op's function on arrays, before any derivative is looked at.

    Raises AssertionError that says what is not.

    >>> def double(x):
    ...     x *= 2
    ...     return x
    >>> made = testing.Op(double, rules=(lambda g, y, x: 2 * g,), rule_for_each=None)
    >>> testing.check_function(made, testing.Sample((np.array([1.0, 2.0]),)))
    Traceback (most recent call last):
        ...
    AssertionError: double() writes into its input 0 (x): compute a new array, ...
    """
    name, count = made.name, len(sample.inputs)
    extra = [x for x in sample.inputs[made.arity :] if _is_float(x)]
    assert not extra, (
        f"{name}() has {_counted(made.arity, 'rule')} for {count} inputs: write one rule for each, "
        "grad=(..., ...), with None for an input that has no gradient"
    )
    inputs = _copies(sample.inputs)
    y = _result(made, inputs, sample.params)
    writes = f"{name}() writes into its {{}}: compute a new array, as in x * 2 instead of x *= 2"
    _check_unchanged(made, inputs, sample.inputs, writes)
    array = np.asarray(y)
    assert array.dtype.kind in "fiubc", (
        f"{name}() returns {type(y).__name__}, not an array of numbers: is a return missing?"
    )
    for i, x in enumerate(inputs):
        assert not isinstance(x, np.ndarray) or y is not x, (
            f"{name}() returns its {_input(made, i)} itself, so that writing into one changes the "
            "other: return a copy, x.copy()"
        )
    again = np.asarray(_result(made, inputs, sample.params))
    assert same(array, again), (
        f"{name}() gives different results for the same inputs: it depends on something else, such "
        "as random numbers or a counter. Draw these outside, and pass them as an input"
    )
    is_view = any(isinstance(x, np.ndarray) and np.shares_memory(array, x) for x in inputs)
    assert is_view or not np.shares_memory(array, again), (
        f"{name}() gives the same memory twice: the second call overwrites what the first "
        "returned. Make a new array in each call, without out="
    )
    arrays = [x for x in inputs if isinstance(x, np.ndarray)]
    if "dtype" in sample.params or not (arrays and all(map(_is_float, arrays))):
        return
    single = np.asarray(_result(made, list(map(_as_float32, inputs)), sample.params))
    assert single.dtype != np.float64, f"{name}() makes float64 of float32: {WIDE_CONSTANT}"


def check_rules(made: Op, sample: Sample) -> None:
    """What must be true of each rule alone: it returns, changes nothing, takes g as a factor.

    Raises AssertionError that says what is not.

    >>> def double(x):
    ...     return 2 * x
    >>> made = testing.Op(double, rules=(lambda g, y, x: 2 * x,), rule_for_each=None)
    >>> testing.check_rules(made, testing.Sample((np.array([1.0, 2.0]),)))
    Traceback (most recent call last):
        ...
    AssertionError: the rule of input 0 (x) in double() does not use g: ...
    """
    args, params = _sorted_out(made, _copies(sample.inputs), sample.params)
    y = np.asarray(made.forward(*_taken(made, args), **params))
    if y.dtype.kind != "f" or not any(map(_is_float, args)):
        return
    assert made.rules or made.rule_for_each, (
        f"{made.name}() has no rule, so no gradient flows back through it: write "
        "@op(grad=lambda g, y, x: ...). If none should flow, say so: @op(grad=(None,))"
    )
    params = {**made.defaults, **params}
    g = weights_like(y)
    for i, x in enumerate(args):
        rule = made.rule(i)
        if not _is_float(x) or rule is None:
            continue
        words = f"the rule of {_input(made, i)} in {made.name}()"
        given = [g.copy(), y.copy(), *_copies(_taken(made, args))]
        kept = _copies(given)
        part = _part(rule, given, params, words, "on arrays")
        for a, b in zip(given, kept, strict=True):
            assert not isinstance(a, np.ndarray) or same(a, b), (
                f"{words} writes into what it is given: return a new array, as in g * y instead "
                "of g *= y"
            )
        part = np.array(part)
        doubled = np.asarray(_part(rule, [2 * g, *given[1:]], params, words, "on arrays"))
        seen = np.isfinite(part) & (part != 0)
        assert not (seen.any() and np.array_equal(part, doubled, equal_nan=True)), (
            f"{words} does not use g: multiply by it, by the chain rule"
        )
        right = np.isclose(doubled, 2 * part, rtol=1e-9, atol=1e-300, equal_nan=True)
        assert right.all(), (
            f"{words} must be proportional to g, and is not: g is a factor, once, of all of it"
        )
        leaves = [Tensor(a, requires_grad=True) if _is_float(a) else a for a in kept]
        on_tensors = _part(rule, leaves, params, words, "on tensors, as for second derivatives")
        assert isinstance(on_tensors, Tensor), (
            f"{words} gives {type(on_tensors).__name__} for tensors, so that second derivatives "
            "are lost: write it with operators and tg functions, without .data and NumPy"
        )


def _part(rule: Rule, given: list[Any], params: dict[str, Any], words: str, where: str) -> Any:
    """What a rule returns; AssertionError if it raises or returns nothing."""
    try:
        part = rule(*given, **params)
    except Exception as error:
        raise AssertionError(
            f"{words} fails {where}: {type(error).__name__}: {error}. Write it with operators and "
            "tg functions (tg.exp, not np.exp), which take arrays and tensors alike"
        ) from error
    assert part is not None, (
        f"{words} returns None, not a gradient: is a return missing? If no gradient belongs to "
        "this input, write None instead of the rule"
    )
    return part


def _result(made: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
    """What the function of an op returns for arrays, and nothing around it."""
    args, params = _sorted_out(made, inputs, params)
    return made.forward(*_taken(made, args), **params)


def _sorted_out(made: Op, inputs: Sequence[Any], params: dict[str, Any]) -> tuple[Any, Any]:
    """The inputs and the parameters, each in its place."""
    if len(inputs) <= made.arity and params.keys() <= made.param_names:
        return tuple(inputs), params
    return made.sort_out(tuple(inputs), dict(params))


def _taken(made: Op, args: Sequence[Any]) -> list[Any]:
    """The inputs as an op computes with them."""
    arrays = [np.asarray(a) if isinstance(a, list | np.generic) else a for a in args]
    return list(made.takes(arrays)) if made.takes else arrays


def _check_unchanged(made: Op, inputs: Sequence[Any], before: Sequence[Any], words: str) -> None:
    for i, (x, kept) in enumerate(zip(inputs, before, strict=True)):
        if isinstance(x, np.ndarray):
            assert same(x, np.asarray(kept)), words.format(_input(made, i))


def check_forward(op: Callable[..., Any], sample: Sample) -> None:
    """On arrays and on tensors an op gives the same values, to the bit.

    Raises AssertionError if not, or if it gives no Tensor.

    >>> sample = testing.Sample((np.array([1.0, 2.0]),))
    >>> testing.check_forward(tg.exp, sample)
    >>> testing.check_forward(lambda x: np.exp(x.data), sample)
    Traceback (most recent call last):
        ...
    AssertionError: <lambda>() gives ndarray for tensors, not a Tensor: ...
    """
    inputs, _ = tensors(sample.inputs)
    try:
        on_tensors = op(*inputs, **sample.params)
    except ValueError as error:
        assert "read-only" not in str(error), (
            f"{_called(op)} writes into its input: compute a new array, as in x * 2 instead of "
            "x *= 2"
        )
        raise
    assert isinstance(on_tensors, Tensor), (
        f"{_called(op)} gives {type(on_tensors).__name__} for tensors, not a Tensor: is a return "
        "missing, or does it use .data or NumPy?"
    )
    if hasattr(op, "op"):
        on_arrays = np.asarray(op(*sample.inputs, **sample.params))
        assert same(on_tensors.data, on_arrays), (
            f"{_called(op)} gives different values for arrays and tensors"
        )


def check_gradients(op: Callable[..., Any], sample: Sample) -> None:
    """Gradients of both orders against central differences, and the two currencies alike.

    Raises AssertionError if they differ.

    >>> sample = testing.Sample((np.array([1.0, 2.0]),))
    >>> testing.check_gradients(tg.exp, sample)
    >>> testing.check_gradients(lambda x: x * x.data, sample)
    Traceback (most recent call last):
        ...
    AssertionError: the gradient of input 0 differs from central differences: ...
    """
    values = [x for x in sample.inputs if _is_float(x)]
    names = [_input(getattr(op, "op", None), i) for i in _places(sample)]

    def gradients(*arrays: Any) -> list[np.ndarray]:
        """The gradient of the weighted output, weights included as an input."""
        inputs, leaves = tensors(_replaced(sample.inputs, arrays))
        y = op(*inputs, **sample.params)
        found = grad(y, leaves, weights_like(y.data), allow_unused=True)
        return [_zero_if_none(g, x) for g, x in zip(found, leaves, strict=True)]

    try:
        first = gradients(*values)
        recorded, second = second_order(op, sample)
    except ValueError as error:
        assert "a derivative rule of" not in str(error), (
            f"{error}. Leave summing over what broadcasting stretched to the engine"
        )
        raise
    for g, x in zip(first, values, strict=True):
        assert g.shape == x.shape, f"gradient of shape {g.shape} for an input of {x.shape}"
    for name, g, r in zip(names, first, recorded, strict=True):
        words = f"the gradient of {name} is another one with create_graph: does its rule use NumPy"
        close(g, r, 1e-12, f"{words}, .data, or a value that was kept?")
    if not sample.smooth:
        return

    def total(*arrays: Any) -> float:
        inputs, _ = tensors(_replaced(sample.inputs, arrays))
        y = op(*inputs, **sample.params).data
        return float(np.sum(weights_like(y) * y))

    def total_of_gradients(*arrays: Any) -> float:
        parts = gradients(*arrays)
        return float(sum(np.sum(weights_like(g, i) * g) for i, g in enumerate(parts)))

    expected = slopes(total, values)
    for i, (name, g, e) in enumerate(zip(names, first, expected, strict=True)):
        words = f"the gradient of {name} differs from central differences"
        close(g, e, 1e-5, words, partial(_why_wrong, names, first, expected, i))
    for name, g, e in zip(names, second, slopes(total_of_gradients, values), strict=True):
        words = f"the second derivative of {name} differs from differences"
        close(g, e, 1e-4, words, lambda: HELD_CONSTANT)


HELD_CONSTANT = (
    "The first derivative is right, so something in a rule is a constant where it should not be: "
    "write the rule with g, y and the inputs alone, without NumPy, .data, or a value that was kept"
)


def _why_wrong(
    names: Sequence[str], found: Sequence[np.ndarray], expected: Sequence[np.ndarray], i: int
) -> str:
    """The likely cause of a wrong gradient of input `i`."""
    g, e = found[i], expected[i]
    for j, name in enumerate(names):
        exchanged = i != j and _alike(g, expected[j]) and _alike(found[j], e)
        if exchanged and not _alike(g, e):
            return f"The rules of {names[i]} and {name} are swapped: keep the order of inputs"
    if not np.any(g):
        return "It is 0: its rule is None, or 0, though the result depends on this input"
    if _alike(-g, e):
        return "Its sign is wrong: look for a missing or an extra minus"
    for factor in FACTORS:
        if _alike(g, float(factor) * e):
            return f"It is {factor} times what it should be: look for a factor"
    return "Derive the rule again; are the inner derivative and the order of the rules right?"


FACTORS = [Fraction(n, d) for n in range(1, 7) for d in range(1, 7) if n != d]


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-5, atol=1e-8))


def second_order(
    op: Callable[..., Any], sample: Sample
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """First gradients, recorded, and the gradients of their weighted sum.

    Both with respect to each float input, in its shape; the weights are those of `weights_like`.

    >>> sample = testing.Sample((np.array([1.0, 2.0]),))
    >>> first, second = testing.second_order(lambda x: 3 * x, sample)
    >>> first[0] / testing.weights_like(first[0]), second
    (array([3., 3.]), [array([0., 0.])])
    """
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
    """float32 in, float32 out, gradients of both orders too, and as accurate as it can be.

    Raises AssertionError if not.

    >>> sample = testing.Sample((np.array([1.0, 2.0]),))
    >>> testing.check_float32(tg.exp, sample)
    >>> testing.check_float32(lambda x: x * np.ones(2), sample)
    Traceback (most recent call last):
        ...
    AssertionError: <lambda>() makes float64 of float32: a constant in it is ...
    """
    single = replace(sample, inputs=tuple(map(_as_float32, sample.inputs)))
    # the same numbers in float64, so that only the arithmetic is compared
    double = replace(sample, inputs=tuple(map(_as_float64, single.inputs)))
    inputs, leaves = tensors(single.inputs)
    y = op(*inputs, **sample.params)
    if "dtype" in sample.params:  # a cast gives what it is told to
        return
    assert y.dtype == np.float32, f"{_called(op)} makes {y.dtype} of float32: {WIDE_CONSTANT}"
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


WIDE_CONSTANT = (
    "a constant in it is a float64 array or NumPy number, such as np.sqrt(2.0). Write a Python "
    "number, as math.sqrt(2), or give it the dtype of the input"
)


def check_against_torch(
    op: Callable[..., Any], sample: Sample, reference: Callable[..., Any], rtol: float
) -> None:
    """Values, gradients and gradients of gradients, against PyTorch in float64.

    reference  the same function in PyTorch
    rtol       how closely all must agree

    Raises AssertionError if they differ.

    >>> import torch
    >>> sample = testing.Sample((np.array([1.0, 2.0]),))
    >>> testing.check_against_torch(tg.exp, sample, torch.exp, rtol=1e-9)
    >>> testing.check_against_torch(tg.exp, sample, torch.expm1, rtol=1e-9)
    Traceback (most recent call last):
        ...
    AssertionError: the value differs from PyTorch's: ...
    """
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
        assert not _flows_back(expected, leaves), (
            f"PyTorch's function has gradients, and {_called(op)} has none: give it a rule, or "
            "remove .data and NumPy from it"
        )
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


def _flows_back(y: Any, leaves: list[Any]) -> bool:
    """Whether PyTorch has a gradient that is not 0 for one of the leaves."""
    import torch

    if not leaves or not y.requires_grad:
        return False
    try:
        found = torch.autograd.grad(y.sum(), leaves, allow_unused=True, materialize_grads=True)
    except RuntimeError:  # it has none for floor_divide, though the result says that it does
        return False
    return any(bool(g.any()) for g in found)


def check_layer(
    layer: Module,
    input_shape: tuple[int, ...],
    reference: Any = None,
    seed: int = 0,
    mixes_examples: bool = False,
) -> None:
    """Check a layer; AssertionError says what is wrong, and why.

    layer           a module; it is used in float64, and gets its own values back at the end
    input_shape     the shape of a batch that it takes, examples first
    reference       the same layer in PyTorch, with the same names: values and gradients must agree
    mixes_examples  whether the examples of a batch may influence each other in eval mode too

    The gradients of its parameters and its input are compared with central differences. Parameters
    must be found, used and float32; in eval mode each example must be treated alone.

    >>> testing.check_layer(nn.Linear(3, 2), (4, 3))
    >>> testing.check_layer(nn.Softmax(dim=0), (4, 3))
    Traceback (most recent call last):
        ...
    AssertionError: Softmax gives another result for an example alone than in a batch: ...
    """
    if not isinstance(layer, Module):
        raise TypeError(
            f"check_layer takes a layer, not {layer!r}; is it a class without its parentheses, "
            "or a class that does not inherit from nn.Module?"
        )
    check_attributes(layer)
    parameters = list(layer.parameters())
    kept = [p.data for p in parameters]
    doubles = [data.astype(np.float64) for data in kept]
    kept_buffers = [(buffer, buffer.data.copy()) for buffer in layer.buffers()]
    modes = [(module, module.training) for module in layer.modules()]
    x = np.random.default_rng(seed).normal(size=input_shape)
    try:
        check_outputs(layer, x)
        for p, data in zip(parameters, doubles, strict=True):
            p.data = data
        layer.eval()
        check_repeats(layer, x, "in eval mode: use random numbers only `if self.training:`")
        if not mixes_examples:
            check_each_example(layer, x)
        for module, training in modes:
            module.training = training
        check_repeats(layer, x, "in training mode: check it in eval mode, layer.eval()")
        check_layer_gradients(layer, x)
        if reference is not None:
            for p, data in zip(parameters, doubles, strict=True):
                p.data = data
            check_layer_against_torch(layer, x, reference)
    finally:
        for module, training in modes:
            module.training = training
        for p, data in zip(parameters, kept, strict=True):
            p.data = data
        for buffer, data in kept_buffers:
            buffer.copy_(data)


def check_attributes(layer: Module) -> None:
    """Whatever a layer is to learn must be found in its attributes, and be float32.

    Raises AssertionError if not.

    >>> layer = nn.Module()
    >>> layer.scale = tg.tensor([1.0], requires_grad=True)
    >>> testing.check_attributes(layer)
    Traceback (most recent call last):
        ...
    AssertionError: Module.scale is a tensor that requires a gradient, not an nn.Parameter: ...
    """
    known = {id(value) for module in layer.modules() for value in vars(module).values()}
    for module in layer.modules():
        kind = type(module).__name__
        for name, value in vars(module).items():
            hidden = _hidden_in(value, known)
            assert not hidden, (
                f"{kind}.{name} is a {type(value).__name__} that hides {hidden} from the layer: "
                "what is in it is neither trained nor saved. Make each an attribute of its own, or "
                "use nn.Sequential, nn.ModuleList or nn.ParameterList"
            )
            is_found = isinstance(value, Parameter | Buffer)
            assert is_found or not isinstance(value, Tensor) or not value.requires_grad, (
                f"{kind}.{name} is a tensor that requires a gradient, not an nn.Parameter: no "
                "optimiser will find it, and no checkpoint will save it. Write nn.Parameter(...)"
            )
    for name, value in [*layer.named_parameters(), *layer.named_buffers()]:
        assert value.dtype != np.float64, (
            f"{name} is float64, so all that is computed from it is float64, and slower. Write "
            "nn.Parameter(np.ones(3, np.float32)): NumPy's own default is float64. The check "
            "itself computes in float64 all the same"
        )


def _hidden_in(value: Any, known: set[int]) -> str:
    """What a plain container keeps from being found: "modules", "parameters", or nothing."""
    if isinstance(value, Module) or not isinstance(value, list | tuple | dict | set):
        return ""
    for part in value.values() if isinstance(value, dict) else value:
        if id(part) in known:  # found all the same, as an attribute
            continue
        if isinstance(part, Module):
            return "modules"
        if isinstance(part, Parameter) or (isinstance(part, Tensor) and part.requires_grad):
            return "parameters"
        if found := _hidden_in(part, known):
            return found
    return ""


def check_outputs(layer: Module, x: np.ndarray) -> None:
    """A layer makes a float32 Tensor of one, and changes neither it nor its parameters.

    x  an input that it takes; of any float dtype

    Raises AssertionError if not.

    >>> class Doubled(nn.Module):
    ...     def forward(self, x):
    ...         return 2 * x.data
    >>> testing.check_outputs(Doubled(), np.ones((2, 3)))
    Traceback (most recent call last):
        ...
    AssertionError: Doubled.forward gives ndarray, not a Tensor: ...
    """
    kind = type(layer).__name__
    given = Tensor(x.astype(np.float32), requires_grad=True)
    before = {name: p.data.copy() for name, p in layer.named_parameters()}
    y = layer(given)
    assert isinstance(y, Tensor), (
        f"{kind}.forward gives {type(y).__name__}, not a Tensor: is a return missing, or does it "
        "use .data or NumPy?"
    )
    assert y.dtype != np.float64, f"{kind}.forward makes float64 of float32: {WIDE_CONSTANT}"
    assert same(given.data, x.astype(np.float32)), (
        f"{kind}.forward writes into its input: compute a new tensor, as in x * 2 instead of x *= 2"
    )
    for name, p in layer.named_parameters():
        assert same(p.data, before[name]), (
            f"{kind}.forward writes into {name}: leave that to the optimiser; compute a new tensor "
            "of it, as in self.weight * 2"
        )


def check_repeats(layer: Module, x: np.ndarray, when: str) -> None:
    """The same input gives the same output.

    when  the mode of the layer and what to do, for the message

    Raises AssertionError if not.

    >>> testing.check_repeats(nn.Dropout(rng=0), np.ones((2, 3)), "in training mode")
    Traceback (most recent call last):
        ...
    AssertionError: Dropout gives different results for the same input in training mode. ...
    """
    one, other = layer(Tensor(x)).data, layer(Tensor(x)).data
    assert same(one, other), (
        f"{type(layer).__name__} gives different results for the same input {when}. A counter or "
        "a value kept from the last call must not change the result either"
    )


def check_each_example(layer: Module, x: np.ndarray) -> None:
    """What comes out for an example does not depend on the others in the batch.

    x  a batch, examples first; of one example, or of one dimension, nothing is checked

    Raises AssertionError if it does depend on them.

    >>> testing.check_each_example(nn.Softmax(dim=0), np.eye(2))
    Traceback (most recent call last):
        ...
    AssertionError: Softmax gives another result for an example alone than in a batch: ...
    """
    if x.ndim < 2 or len(x) < 2:
        return
    kind = type(layer).__name__
    y = layer(Tensor(x)).data
    assert y.ndim and len(y) == len(x), (
        f"{kind} makes shape {y.shape} of {x.shape}: the first dimension is the batch, and must "
        "stay as it is. Reduce over dim=-1 and flatten from dimension 1 on"
    )
    try:
        alone = layer(Tensor(x[:1])).data
    except Exception as error:
        raise AssertionError(
            f"{kind} takes a batch of {len(x)}, and fails for one example: {error}. Take the size "
            "of the batch from x.shape[0]. If it needs several, pass mixes_examples=True"
        ) from error
    words = f"{kind} gives another result for an example alone than in a batch"
    close(y[:1], alone, 1e-9, words, lambda: EXAMPLES_MIXED)


EXAMPLES_MIXED = (
    "Does it reduce over the batch (dim=0) where it should over the features (dim=-1)? If that is "
    "meant, pass mixes_examples=True"
)


def check_layer_gradients(layer: Module, x: np.ndarray) -> None:
    """The gradients of a layer's input and parameters against central differences.

    x  an input that it takes; float64, as the parameters should be

    Raises AssertionError if they differ, or if no gradient reaches one.

    >>> class Cut(nn.Module):
    ...     def forward(self, x):
    ...         return 2 * x.detach()
    >>> testing.check_layer_gradients(Cut(), np.ones((2, 3)))
    Traceback (most recent call last):
        ...
    AssertionError: the result of Cut depends on the input, but no gradient reaches it: ...
    """
    trained = [(name, p) for name, p in layer.named_parameters() if p.requires_grad]
    names = ["the input", *(name for name, _ in trained)]
    inputs = Tensor(x, requires_grad=True)
    leaves = [inputs, *(p for _, p in trained)]
    y = layer(inputs)
    unrecorded = not y.requires_grad
    weights = weights_like(y.data)
    found = [None] * len(leaves) if unrecorded else grad(y, leaves, weights, allow_unused=True)

    def total(x: np.ndarray, *values: np.ndarray) -> float:
        for (_, p), value in zip(trained, values, strict=True):
            p.data = value
        y = layer(Tensor(x)).data
        return float(np.sum(weights_like(y) * y))

    expected = slopes(total, [leaf.data for leaf in leaves])
    gradients = [_zero_if_none(g, leaf) for g, leaf in zip(found, leaves, strict=True)]
    for i, (name, g, e) in enumerate(zip(names, found, expected, strict=True)):
        kind = type(layer).__name__
        assert g is not None or not np.any(np.abs(e) > 1e-5), (
            f"the result of {kind} depends on {name}, but no gradient reaches it: .data or NumPy "
            "in forward cuts the way back. Use operators and tg functions"
        )
        assert g is not None or name == "the input", (
            f"{name} has no influence on the result of {kind}: use it in forward, or delete it"
        )
        words = f"the gradient of {name} differs from central differences"
        close(gradients[i], e, 1e-5, words, lambda: PART_CONSTANT)


PART_CONSTANT = (
    "Does forward hold a part constant, with .data or NumPy, or is a rule of an op of yours wrong?"
)


def check_layer_against_torch(layer: Module, x: np.ndarray, reference: Any) -> None:
    """The same input and weights through both: value, gradients of input and parameters.

    x          an input that both take; float64, as the parameters should be
    reference  the same layer in PyTorch; it becomes float64, and gets the weights of `layer`

    Raises AssertionError if they differ.

    >>> import torch
    >>> x = np.array([[-1.0, 2.0]])
    >>> testing.check_layer_against_torch(nn.ReLU(), x, torch.nn.ReLU())
    >>> testing.check_layer_against_torch(nn.ReLU(), x, torch.nn.Tanh())
    Traceback (most recent call last):
        ...
    AssertionError: the layer's value differs from PyTorch's: ...
    """
    import torch

    reference = reference.double()
    state = layer.state_dict()
    theirs_named = {n: tuple(value.shape) for n, value in reference.state_dict().items()}
    ours_named = {n: value.shape for n, value in state.items()}
    assert ours_named == theirs_named, (
        "the layer and the reference must have the same names and shapes of parameters and "
        f"buffers: here {ours_named or 'none'}, in PyTorch {theirs_named or 'none'}"
    )
    reference.load_state_dict({n: torch.from_numpy(v) for n, v in state.items()})
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


def close(
    found: Any,
    expected: Any,
    rtol: float,
    words: str,
    why: Callable[[], str] | None = None,
) -> None:
    """Equal up to `rtol` of the value, or of the largest value around it.

    If not, AssertionError: `words`, one of the values, and what `why` makes of it.

    >>> testing.close([1.0, 2.0], [1.0, 2.5], rtol=1e-9, words="the result is wrong")
    Traceback (most recent call last):
        ...
    AssertionError: the result is wrong: 2, expected 2.5 (1 of 2 values)
    """
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{words}: shape {found.shape}, not {expected.shape}"
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    right = np.isclose(found, expected, rtol=rtol, atol=rtol * scale, equal_nan=True)
    if not right.all():
        worst = np.argmin(right)
        raise AssertionError(
            f"{words}: {found.flat[worst]:.8g}, expected {expected.flat[worst]:.8g} "
            f"({np.count_nonzero(~right)} of {right.size} values)" + (f". {why()}" if why else "")
        )


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal to the bit, dtype and shape included; NaN equals NaN.

    >>> testing.same(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    True
    >>> testing.same(np.array([1.0]), np.array([1]))
    False
    """
    nan = a.dtype.kind == "f"
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=nan)


def slopes(function: Callable[..., float], values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Central differences of a function of several arrays, with respect to each of them.

    Each is of the shape of its array, in float64.

    >>> values = [np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    >>> [slope.round(6) for slope in testing.slopes(lambda a, b: np.sum(a * b), values)]
    [array([3., 4.]), array([1., 2.])]
    """
    found = []
    for i, value in enumerate(values):

        def of_one(array: np.ndarray, i: int = i) -> float:
            return function(*values[:i], array, *values[i + 1 :])

        found.append(differences(of_one, value, 1e-6 * np.maximum(1.0, np.abs(value))))
    return found


def weights_like(array: np.ndarray, seed: int = 0) -> np.ndarray:
    """What an output is weighted with, so that no two of its values look alike.

    Numbers from 0.5 to 1.5, in the shape of `array`: the same each time for the same size and seed.

    >>> weights = testing.weights_like(np.zeros((2, 3)))
    >>> weights.shape, bool((weights >= 0.5).all() and (weights < 1.5).all())
    ((2, 3), True)
    """
    return np.asarray(np.random.default_rng(seed + array.size).uniform(0.5, 1.5, array.shape))


def tensors(inputs: Iterable[Any]) -> tuple[list[Any], list[Tensor]]:
    """The inputs with float arrays as tensors that require gradients; and these alone.

    The tensors lie in memory as the arrays do.

    >>> inputs, leaves = testing.tensors([np.array([1.0, 2.0]), 3, np.array([0, 1])])
    >>> inputs
    [tensor([1., 2.], dtype=float64, requires_grad=True), 3, array([0, 1])]
    >>> leaves[0] is inputs[0]
    True
    """
    made = []
    for x in inputs:
        if _is_float(x):
            leaf = Tensor(x, requires_grad=True)
            leaf.data = x
            x = leaf
        made.append(x)
    return made, [x for x in made if isinstance(x, Tensor)]


def _called(op: Any) -> str:
    return f"{getattr(op, '__name__', type(op).__name__)}()"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")


def _input(made: Op | None, i: int) -> str:
    """Input `i` in words: with the name that the function gives it, if it has one."""
    names = [] if made is None else [p.name for p in made.signature.parameters.values()]
    return f"input {i} ({names[i]})" if made and i < made.arity < 10**9 else f"input {i}"


def _places(sample: Sample) -> list[int]:
    """Which inputs get gradients."""
    return [i for i, x in enumerate(sample.inputs) if _is_float(x)]


def _copies(values: Iterable[Any]) -> list[Any]:
    """Copies of the arrays, which can be written to; the rest as it is."""
    return [np.array(x) if isinstance(x, np.ndarray) else x for x in values]


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
