"""The derivative table: every primitive op with one derivative rule per input.

Read it like a page of calculus. Each block is a function on plain NumPy arrays and, above it,
what the chain rule makes of it: `g` is the gradient of the loss with respect to the output `y`,
and a rule returns the gradient with respect to one input.

    @op(grad=lambda g, y, x: g * y)          d/dx e^x = e^x, which is y
    def exp(x): ...

A rule uses only `g`, `y`, the inputs and the parameters, and only operators and ops, because it
runs on arrays in an ordinary backward pass and on tensors when the gradient itself is to be
differentiated. Where broadcasting stretched an input, the engine sums the gradient back.

To add an op, add a block. Names, arguments and conventions at kinks and ties are PyTorch's.
"""

# Rules name ops that stand further down, before mypy knows of what type these are.
# mypy: disable-error-code="has-type"

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any

import numpy as np

from .dtypes import choices, fitted, float64, floats, powers, promoted, sum_of, totals, wide_sum
from .engine import op
from .observing import constant, handed_on
from .signatures import Array, Dim, DType, Index

if TYPE_CHECKING:
    from .tensor import Tensor

# --------------------------------------------------------------------------------- arithmetic


@op(grad=(lambda g, y, a, b: g, lambda g, y, a, b: g), takes=promoted)
def add(a: Array, b: Array) -> Any:
    return np.add(a, b)


@op(grad=(lambda g, y, a, b: g, lambda g, y, a, b: -g), takes=promoted)
def sub(a: Array, b: Array) -> Any:
    return np.subtract(a, b)


@op(grad=(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a), takes=promoted)
def mul(a: Array, b: Array) -> Any:
    """a * b, elementwise; the shapes broadcast.

    >>> tg.mul(tg.tensor([1.0, 2.0]), 3)
    tensor([3., 6.])
    """
    return np.multiply(a, b)


@op(grad=(lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b), takes=floats)
def div(a: Array, b: Array) -> Any:
    return np.divide(a, b)


@op(grad=lambda g, y, x: -g)
def neg(x: Array) -> Any:
    """-x. Raises TypeError for booleans.

    >>> tg.neg(tg.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """
    if np.asarray(x).dtype.kind == "b":
        raise TypeError("neg() of booleans: write ~x for the opposite, or x.float() for numbers")
    return np.negative(x)


def _power_below(a: Any, b: Any) -> Any:
    """b - 1; but 1 where a and b are 0, so that b * a ** (b - 1) is 0 there."""
    if isinstance(b, (int, float)):
        return b - 1 if b else 1
    return where(logical_and(a == 0, b == 0), 1, b - 1)


def _base(a: Any, b: Any) -> Any:
    """a; but 1 where 0 is raised to a power that is not negative. A number gets b's dtype."""
    if isinstance(a, (int, float)):
        a = constant(np.asarray(a, b.dtype))
    return where(logical_and(a == 0, b >= 0), 1, a)


@op(
    grad=(
        # g * pow(...) first: g * b may overflow, and where the power is 0, that would be NaN
        lambda g, y, a, b: b * (g * pow(a, _power_below(a, b))),
        # y * log(a); but 0 where 0 is raised to a power that is not negative
        lambda g, y, a, b: g * y * log(_base(a, b)),
    ),
    takes=powers,
)
def pow(input: Array, exponent: Array) -> Any:
    """input ** exponent, elementwise. Of integers, a negative power is rounded towards 0.

    The negative powers of integers by plain numbers are refused with ValueError.

    >>> tg.pow(tg.tensor([2.0, 3.0]), 2)
    tensor([4., 9.])
    """
    a, b = input, exponent
    if getattr(b, "dtype", None) is None or b.dtype.kind != "i":
        y = np.power(a, b)
        of_booleans = isinstance(a, np.ndarray) and a.dtype == bool
        return y.astype(bool) if of_booleans else y  # NumPy makes small integers of them
    y = np.power(a, np.maximum(b, 0))
    odd = np.where(np.abs(b) % 2 == 1, a, 1)
    return np.where(b < 0, np.where(np.abs(a) == 1, odd, 0), y).astype(y.dtype)


@op(grad=(lambda g, y, a, b: g * 0, lambda g, y, a, b: g * 0), takes=promoted)
def floor_divide(a: Array, b: Array) -> Any:
    """a / b rounded down; a step function, so the gradients are 0.

    Raises ZeroDivisionError for integers by 0; floats give an infinity or NaN.

    >>> tg.floor_divide(tg.tensor([7, -7]), 2)
    tensor([ 3, -4])
    """
    _refuse_division_by_zero("floor_divide", b)
    return np.floor_divide(a, b)


@op(grad=(lambda g, y, a, b: g, lambda g, y, a, b: -g * floor_divide(a, b)), takes=promoted)
def remainder(a: Array, b: Array) -> Any:
    """a - b * floor_divide(a, b); it has the sign of b. Raises as `floor_divide`.

    >>> tg.remainder(tg.tensor([7, -7]), 4)
    tensor([3, 1])
    """
    _refuse_division_by_zero("remainder", b)
    return np.remainder(a, b)


def _refuse_division_by_zero(name: str, divisor: Any) -> None:
    """NumPy gives 0 for an integer divided by 0."""
    divisor = np.asarray(divisor)
    if divisor.dtype.kind != "f" and not np.all(divisor):
        raise ZeroDivisionError(
            f"{name}() of integers by 0; make one of them a float, as with .float()"
        )


@op(grad=(lambda g, y, a, b: g * 0, lambda g, y, a, b: g * 0), takes=promoted)
def trunc_divide(a: Array, b: Array) -> Any:
    """a / b rounded towards 0; a step function, so the gradients are 0."""
    _refuse_division_by_zero("trunc_divide", b)
    if np.result_type(a, b).kind == "f":
        return np.trunc(np.divide(a, b))
    down = np.floor_divide(a, b)
    return down + ((down < 0) & (down * b != a)).astype(down.dtype)


# Step functions, so nothing flows back. Integers are whole already.


@op(grad=lambda g, y, x: g * 0)
def trunc(x: Array) -> Any:
    """`x` rounded towards 0.

    >>> tg.trunc(tg.tensor([1.7, -1.7]))
    tensor([ 1., -1.])
    """
    return np.trunc(x).astype(x.dtype, copy=False)


@op(grad=lambda g, y, x: g * 0)
def floor(x: Array) -> Any:
    """`x` rounded down.

    >>> tg.floor(tg.tensor([1.7, -1.2]))
    tensor([ 1., -2.])
    """
    return np.floor(x).astype(x.dtype, copy=False)


@op(grad=lambda g, y, x: g * 0)
def ceil(x: Array) -> Any:
    """`x` rounded up.

    >>> tg.ceil(tg.tensor([1.2, -1.7]))
    tensor([ 2., -1.])
    """
    return np.ceil(x).astype(x.dtype, copy=False)


@op(grad=lambda g, y, x, decimals: g * 0)
def round(x: Array, decimals: int = 0) -> Any:
    """`x` to so many places after the point; halves go to the even neighbour.

    Raises TypeError for booleans.

    >>> tg.round(tg.tensor([0.5, 1.5, 2.6]))
    tensor([0., 2., 3.])
    """
    if x.dtype.kind == "b":
        raise TypeError("round() of booleans: they are whole; write x.long() for integers")
    return np.round(x, decimals)


# ------------------------------------------------------------- comparisons: nothing flows back


@op(grad=(None, None), takes=promoted)
def eq(a: Array, b: Array) -> Any:
    """Whether a == b, value by value; the shapes broadcast. `equal` compares whole tensors.

    >>> tg.eq(tg.tensor([1, 2]), 2)
    tensor([False,  True])
    """
    return np.equal(a, b)


@op(grad=(None, None), takes=promoted)
def ne(a: Array, b: Array) -> Any:
    """Whether a != b, value by value; the shapes broadcast.

    >>> tg.ne(tg.tensor([1, 2]), 2)
    tensor([ True, False])
    """
    return np.not_equal(a, b)


@op(grad=(None, None), takes=promoted)
def lt(a: Array, b: Array) -> Any:
    """Whether a < b, value by value; the shapes broadcast.

    >>> tg.lt(tg.tensor([1, 2]), 2)
    tensor([ True, False])
    """
    return np.less(a, b)


@op(grad=(None, None), takes=promoted)
def le(a: Array, b: Array) -> Any:
    """Whether a <= b, value by value; the shapes broadcast.

    >>> tg.le(tg.tensor([1, 2, 3]), 2)
    tensor([ True,  True, False])
    """
    return np.less_equal(a, b)


@op(grad=(None, None), takes=promoted)
def gt(a: Array, b: Array) -> Any:
    """Whether a > b, value by value; the shapes broadcast.

    >>> tg.gt(tg.tensor([1, 2, 3]), 2)
    tensor([False, False,  True])
    """
    return np.greater(a, b)


@op(grad=(None, None), takes=promoted)
def ge(a: Array, b: Array) -> Any:
    """Whether a >= b, value by value; the shapes broadcast.

    >>> tg.ge(tg.tensor([1, 2, 3]), 2)
    tensor([False,  True,  True])
    """
    return np.greater_equal(a, b)


@op(grad=(None, None))
def logical_and(a: Array, b: Array) -> Any:
    """Whether both are true (not 0), value by value.

    >>> tg.logical_and(tg.tensor([True, True]), tg.tensor([True, False]))
    tensor([ True, False])
    """
    return np.logical_and(a, b)


@op(grad=(None, None))
def logical_or(a: Array, b: Array) -> Any:
    """Whether one or both are true (not 0), value by value.

    >>> tg.logical_or(tg.tensor([False, True]), tg.tensor([False, False]))
    tensor([False,  True])
    """
    return np.logical_or(a, b)


@op
def logical_not(x: Array) -> Any:
    """Whether each value is false (0).

    >>> tg.logical_not(tg.tensor([0, 3]))
    tensor([ True, False])
    """
    return np.logical_not(x)


@op(grad=(None, None))
def logical_xor(a: Array, b: Array) -> Any:
    """Whether one is true (not 0) and the other is not, value by value.

    >>> tg.logical_xor(tg.tensor([True, True]), tg.tensor([True, False]))
    tensor([False,  True])
    """
    return np.logical_xor(a, b)


@op(grad=(None, None), takes=promoted)
def bitwise_and(a: Array, b: Array) -> Any:
    """Of booleans whether both are true, of integers bit by bit. Raises TypeError for floats.

    >>> tg.bitwise_and(tg.tensor([6, 5]), 3)
    tensor([2, 1])
    """
    return np.bitwise_and(a, b)


@op(grad=(None, None), takes=promoted)
def bitwise_or(a: Array, b: Array) -> Any:
    """Of booleans whether one is true, of integers bit by bit. Raises TypeError for floats.

    >>> tg.bitwise_or(tg.tensor([4, 5]), 3)
    tensor([7, 7])
    """
    return np.bitwise_or(a, b)


@op(grad=(None, None), takes=promoted)
def bitwise_xor(a: Array, b: Array) -> Any:
    """Of booleans whether they differ, of integers bit by bit. Raises TypeError for floats.

    >>> tg.bitwise_xor(tg.tensor([6, 5]), 3)
    tensor([5, 6])
    """
    return np.bitwise_xor(a, b)


@op
def bitwise_not(x: Array) -> Any:
    """Of booleans the opposite, of integers bit by bit. Raises TypeError for floats.

    >>> tg.bitwise_not(tg.tensor([True, False]))
    tensor([False,  True])
    """
    return np.bitwise_not(x)


@op
def isnan(x: Array) -> Any:
    """Whether each value is NaN.

    >>> tg.isnan(tg.tensor([1.0, math.nan]))
    tensor([False,  True])
    """
    return np.isnan(x)


@op(grad=(None, None), takes=promoted)
def isclose(
    a: Array, b: Array, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Whether |a - b| <= atol + rtol * |b|, value by value."""
    return np.isclose(a, b, rtol, atol, equal_nan)


@op
def all(x: Array, dim: Dim = None, keepdim: bool = False) -> Any:
    """Whether all values are true (not 0), over `dim` or all.

    >>> tg.all(tg.tensor([[1, 1], [1, 0]]), dim=1)
    tensor([ True, False])
    """
    return np.all(x, axis=_dims(x, dim), keepdims=keepdim)


@op
def any(x: Array, dim: Dim = None, keepdim: bool = False) -> Any:
    """Whether any value is true (not 0), over `dim` or all.

    >>> tg.any(tg.tensor([[0, 0], [1, 0]]), dim=1)
    tensor([False,  True])
    """
    return np.any(x, axis=_dims(x, dim), keepdims=keepdim)


@op
def argmax(x: Array, dim: int | None = None, keepdim: bool = False) -> Any:
    """Index of the largest value (of the first, at a tie), over `dim` or all.

    Over all, it counts through the values row by row. Raises ValueError if there are none.

    >>> tg.argmax(tg.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=1)
    tensor([1, 0])
    """
    return np.argmax(x, axis=dim, keepdims=keepdim)


@op
def argmin(x: Array, dim: int | None = None, keepdim: bool = False) -> Any:
    """Index of the smallest value (of the first, at a tie), over `dim` or all.

    Over all, it counts through the values row by row. Raises ValueError if there are none.

    >>> tg.argmin(tg.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=1)
    tensor([0, 1])
    """
    return np.argmin(x, axis=dim, keepdims=keepdim)


@op
def argsort(x: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that sort `x` along `dim`: NaN as the largest, ties always in their order.

    >>> tg.argsort(tg.tensor([3.0, 1.0, 2.0]))
    tensor([1, 2, 0])
    """
    if x.ndim == 0:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(x, axis=dim, stable=True)
    backwards = np.argsort(np.flip(x, dim), axis=dim, stable=True)
    return x.shape[dim] - 1 - np.flip(backwards, dim)


@op
def argwhere(x: Array) -> Any:
    """The indices of what is not 0, one row for each.

    >>> tg.argwhere(tg.tensor([[0, 5], [7, 0]]))
    tensor([[0, 1],
            [1, 0]])
    """
    return np.argwhere(x)


# ----------------------------------------------------------------------- elementwise functions


@op(grad=lambda g, y, x: g * y, takes=floats)
def exp(x: Array) -> Any:
    """e ** x, elementwise.

    >>> tg.exp(tg.tensor([0.0, -math.inf]))
    tensor([1., 0.])
    """
    return np.exp(x)


@op(grad=lambda g, y, x: g / x, takes=floats)
def log(x: Array) -> Any:
    """The natural logarithm, elementwise: -inf of 0, and NaN below.

    >>> tg.log(tg.tensor(1.0))
    tensor(0.)
    """
    return np.log(x)


@op(grad=lambda g, y, x: g / (2 * y), takes=floats)
def sqrt(x: Array) -> Any:
    """The square root, elementwise: NaN below 0, and at 0 an infinite gradient.

    >>> tg.sqrt(tg.tensor([4.0, 9.0]))
    tensor([2., 3.])
    """
    return np.sqrt(x)


@op(grad=lambda g, y, x: g * (y + 1), takes=floats)
def expm1(x: Array) -> Any:
    """e^x - 1, accurate near 0.

    >>> tg.expm1(tg.tensor(1e-20))
    tensor(1.e-20)
    """
    return np.expm1(x)


@op(grad=lambda g, y, x: g / (x + 1), takes=floats)
def log1p(x: Array) -> Any:
    """log(1 + x), accurate near 0.

    >>> tg.log1p(tg.tensor(1e-20))
    tensor(1.e-20)
    """
    return np.log1p(x)


@op(grad=lambda g, y, x: g * cos(x), takes=floats)
def sin(x: Array) -> Any:
    """The sine of an angle in radians, elementwise.

    >>> tg.sin(tg.tensor([0.0, math.pi / 2]))
    tensor([0., 1.])
    """
    return np.sin(x)


@op(grad=lambda g, y, x: -g * sin(x), takes=floats)
def cos(x: Array) -> Any:
    """The cosine of an angle in radians, elementwise.

    >>> tg.cos(tg.tensor([0.0, math.pi]))
    tensor([ 1., -1.])
    """
    return np.cos(x)


@op(grad=lambda g, y, x: g * (1 + y * y), takes=floats)
def tan(x: Array) -> Any:
    """sin(x) / cos(x), of an angle in radians.

    >>> tg.tan(tg.tensor(0.0))
    tensor(0.)
    """
    return np.tan(x)


@op(grad=lambda g, y, x: g / sqrt(1 - x * x), takes=floats)
def asin(x: Array) -> Any:
    """The angle from -pi/2 to pi/2, in radians, whose sine is x; NaN beyond -1 and 1.

    >>> tg.asin(tg.tensor([0.0, 1.0]))
    tensor([0.       , 1.5707964])
    """
    return np.arcsin(x)


@op(grad=lambda g, y, x: -g / sqrt(1 - x * x), takes=floats)
def acos(x: Array) -> Any:
    """The angle from 0 to pi, in radians, whose cosine is x; NaN beyond -1 and 1.

    >>> tg.acos(tg.tensor([1.0, 0.0]))
    tensor([0.       , 1.5707964])
    """
    return np.arccos(x)


@op(grad=lambda g, y, x: g / (1 + x * x), takes=floats)
def atan(x: Array) -> Any:
    """The angle from -pi/2 to pi/2, in radians, whose tangent is x.

    >>> tg.atan(tg.tensor([0.0, 1.0]))
    tensor([0.       , 0.7853982])
    """
    return np.arctan(x)


@op(grad=lambda g, y, x: g * cosh(x), takes=floats)
def sinh(x: Array) -> Any:
    """(e^x - e^-x) / 2.

    >>> tg.sinh(tg.tensor(0.0))
    tensor(0.)
    """
    return np.sinh(x)


@op(grad=lambda g, y, x: g * sinh(x), takes=floats)
def cosh(x: Array) -> Any:
    """(e^x + e^-x) / 2.

    >>> tg.cosh(tg.tensor(0.0))
    tensor(1.)
    """
    return np.cosh(x)


@op(grad=lambda g, y, x: g * exp(-x * x) * (2 / math.sqrt(math.pi)), takes=floats)
def erf(x: Array) -> Any:
    """2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.

    NumPy has none, so this is Python's, value by value: exact, and slow on large arrays.

    >>> tg.erf(tg.tensor([0.0, 1.0]))
    tensor([0.       , 0.8427008])
    """
    x = np.asarray(x)
    return np.asarray(_erf(x), dtype=x.dtype if x.dtype.kind == "f" else np.float64)


_erf = np.frompyfunc(math.erf, 1, 1)


@op(grad=lambda g, y, x: g * sigmoid(x), takes=floats)
def softplus(x: Array) -> Any:
    """log(1 + e^x), without overflow: a smooth relu."""
    return np.logaddexp(x, 0)


@op(grad=lambda g, y, x: g * (1 - y * y), takes=floats)
def tanh(x: Array) -> Any:
    """(e^x - e^-x) / (e^x + e^-x), between -1 and 1.

    >>> tg.tanh(tg.tensor([0.0, 1000.0]))
    tensor([0., 1.])
    """
    return np.tanh(x)


@op(grad=lambda g, y, x: g * sign(x))
def abs(x: Array) -> Any:
    """|x|; the derivative at 0 is taken as 0.

    >>> tg.abs(tg.tensor([-2.0, 3.0]))
    tensor([2., 3.])
    """
    return np.abs(x)


@op(grad=lambda g, y, x: g * 0)
def sign(x: Array) -> Any:
    """1, 0 or -1; 0 for NaN too.

    >>> tg.sign(tg.tensor([-2.0, 0.0, 3.0]))
    tensor([-1.,  0.,  1.])
    """
    if x.dtype.kind == "b":
        return x.copy()
    return np.where(np.isnan(x), 0, np.sign(x)).astype(x.dtype, copy=False)


@op(grad=lambda g, y, x: g * (y != 0))
def relu(x: Array) -> Any:
    """max(x, 0); the derivative at 0 is taken as 0, and at NaN as 1, as in PyTorch.

    >>> tg.relu(tg.tensor([-2.0, 3.0]))
    tensor([0., 3.])
    """
    return np.maximum(x, 0)


@op(grad=lambda g, y, x: g * (y * (1 - y)), takes=floats)
def sigmoid(x: Array) -> Any:
    """1 / (1 + e^-x), from e^-|x| so that nothing overflows.

    >>> tg.sigmoid(tg.tensor([-1000.0, 0.0, 1000.0]))
    tensor([0. , 0.5, 1. ])
    """
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e).astype(e.dtype, copy=False) / (1 + e)


@op(
    grad=(
        lambda g, y, a, b: where(a == b, g / 2, where(a < b, 0, g)),
        lambda g, y, a, b: where(a == b, g / 2, where(a > b, 0, g)),
    ),
    takes=fitted,
)
def maximum(a: Array, b: Array) -> Any:
    """The larger of both, elementwise; at a tie each input gets half of the gradient.

    Where one is NaN, so is the result, and each gets all of the gradient, as in PyTorch.

    >>> tg.maximum(tg.tensor([1.0, 5.0]), tg.tensor([3.0, 2.0]))
    tensor([3., 5.])
    """
    return np.maximum(a, b)


@op(
    grad=(
        lambda g, y, a, b: where(a == b, g / 2, where(a > b, 0, g)),
        lambda g, y, a, b: where(a == b, g / 2, where(a < b, 0, g)),
    ),
    takes=fitted,
)
def minimum(a: Array, b: Array) -> Any:
    """The smaller of both, elementwise; at a tie each input gets half of the gradient.

    >>> tg.minimum(tg.tensor([1.0, 5.0]), tg.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """
    return np.minimum(a, b)


@op(
    grad=(
        None,
        lambda g, y, condition, a, b: where(condition, g, 0),
        lambda g, y, condition, a, b: where(condition, 0, g),
    ),
    takes=choices,
)
def where(condition: Array, input: Array, other: Array) -> Any:
    """`input` where the condition holds, `other` elsewhere; all three broadcast.

    >>> tg.where(tg.tensor([True, False]), tg.tensor([1.0, 2.0]), 0.0)
    tensor([1., 0.])
    """
    return np.where(condition, input, other)


@op(grad=lambda g, y, x, dtype: g)
def astype(x: Array, dtype: DType) -> Any:
    """The same values in another dtype."""
    return x.astype(dtype)


# --------------------------------------------------------------------------------- reductions


def _dims(x: Any, dim: Any) -> Any:
    """`dim` as NumPy takes it: a list as a tuple; 0 or -1 of an array of no dimensions as all."""
    if isinstance(dim, list):
        dim = tuple(dim)
    if x.ndim == 0 and dim in (0, -1, (0,), (-1,)):
        return None
    return dim


def _stretch(g: Any, x: Any, dim: Dim, keepdim: bool) -> Any:
    """Undo the shape of a reduction of `x`: put the reduced dimensions back and fill them."""
    dim = _dims(x, dim)
    if dim is not None and not keepdim:
        dims = {d % x.ndim for d in (dim if isinstance(dim, tuple) else (dim,))}
        g = g.reshape([1 if d in dims else n for d, n in enumerate(x.shape)])
    return expand(g, shape=x.shape)


def count(x: Any, dim: Dim) -> int:
    """How many values of `x` a reduction over `dim` takes together."""
    dim = _dims(x, dim)
    dims = range(x.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    return math.prod(x.shape[d] for d in dims)


@op(grad=lambda g, y, x, dim, keepdim, dtype: _stretch(g, x, dim, keepdim), takes=totals)
def sum(x: Array, dim: Dim = None, keepdim: bool = False, dtype: DType | None = None) -> Any:
    """Sum over `dim` (an int, a tuple, or all), in `dtype` if one is given.

    >>> tg.sum(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    tensor([4., 6.])
    """
    return sum_of(x if dtype is None else x.astype(dtype), _dims(x, dim), keepdim)


@op(grad=lambda g, y, x, dim, keepdim, dtype: _stretch(g / count(x, dim), x, dim, keepdim))
def mean(x: Array, dim: Dim = None, keepdim: bool = False, dtype: DType | None = None) -> Any:
    """Mean over `dim` (an int, a tuple, or all), in `dtype` if one is given.

    NaN over nothing. Raises TypeError for integers and booleans without a `dtype`.

    >>> tg.mean(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
    tensor([1.5, 3.5])
    """
    x = x if dtype is None else x.astype(dtype)
    if x.dtype.kind != "f":
        raise TypeError(
            f"mean() of {x.dtype} has no dtype to be in; write .float() or dtype=np.float32"
        )
    return (wide_sum(x, _dims(x, dim), keepdim) / count(x, dim)).astype(x.dtype)


def _share_of_ties(g: Any, y: Any, x: Any, dim: Any, keepdim: bool) -> Any:
    """The gradient of amax and amin: equal shares to all values that attain the extreme."""
    hit = eq(x, _stretch(y, x, dim, keepdim))
    return _stretch(g, x, dim, keepdim) * hit / sum(hit, dim=dim, keepdim=True)


@op(grad=_share_of_ties)
def amax(x: Array, dim: Dim = None, keepdim: bool = False) -> Any:
    """Largest value over `dim`; values that tie share the gradient equally.

    Raises ValueError if there are no values.

    >>> tg.amax(tg.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=0)
    tensor([4., 5.])
    """
    _refuse_nothing("largest", x, dim)
    return np.max(x, axis=_dims(x, dim), keepdims=keepdim)


@op(grad=(None,))
def finite_amax(x: Array, dim: Dim = None) -> Any:
    """Largest value over `dim`, which is kept; 0 where it is not finite. Nothing flows back."""
    largest = np.max(x, axis=_dims(x, dim), keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(largest), largest, 0).astype(x.dtype)


@op(grad=_share_of_ties)
def amin(x: Array, dim: Dim = None, keepdim: bool = False) -> Any:
    """Smallest value over `dim`; values that tie share the gradient equally.

    Raises ValueError if there are no values.

    >>> tg.amin(tg.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=0)
    tensor([1., 2.])
    """
    _refuse_nothing("smallest", x, dim)
    return np.min(x, axis=_dims(x, dim), keepdims=keepdim)


def _refuse_nothing(which: str, x: Array, dim: Dim) -> None:
    if not x.size and not count(x, dim):
        raise ValueError(f"there is no {which} value among none")


@op(grad=lambda g, y, x, dim, dtype: _from_the_end(g, dim), takes=totals)
def cumsum(x: Array, dim: int, dtype: DType | None = None) -> Any:
    """Running sum along `dim`, in `dtype` if one is given.

    >>> tg.cumsum(tg.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([1., 3., 6.])
    """
    x = x if dtype is None else x.astype(dtype)
    wide = float64 if x.dtype.kind == "f" else x.dtype
    return np.cumsum(x, axis=dim, dtype=wide).reshape(x.shape).astype(x.dtype)


def _from_the_end(g: Any, dim: int) -> Any:
    """The running sum from the last to the first: each value counts in all sums after it."""
    if g.ndim == 0:
        return g
    backwards = (slice(None),) * (dim % g.ndim) + (slice(None, None, -1),)
    return cumsum(g[backwards], dim=dim)[backwards]


# -------------------------------------------------------------------------- shape and indexing


@op(grad=lambda g, y, x, shape: g.reshape(x.shape))
def reshape(x: Array, shape: Sequence[int]) -> Any:
    known = math.prod(n for n in shape if n != -1)
    if -1 in shape and not known:
        raise ValueError(
            f"any size would do for the -1 in {tuple(shape)}, as another is 0; write the size"
        )
    fits = x.size % known == 0 if -1 in shape and known else x.size == known
    if not fits or shape.count(-1) > 1 or builtins.min(shape, default=0) < -1:
        raise ValueError(f"{x.size} values do not fit into the shape {tuple(shape)}")
    return np.reshape(x, shape)


@op(grad=lambda g, y, x: g)
def clone(x: Array) -> Any:
    """A copy with memory of its own; gradients flow through it.

    >>> tg.clone(tg.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    return x.copy()


@op(grad=lambda g, y, x, shape: g)
def expand(x: Array, shape: Sequence[int]) -> Any:
    """`x` broadcast to `shape`: a view, read-only if it is larger; -1 keeps a dimension."""
    extra = len(shape) - x.ndim
    if -1 in shape[:extra]:
        raise ValueError(f"-1 keeps a size, and the new dimensions of {tuple(shape)} have none")
    sizes = [x.shape[d - extra] if n == -1 else n for d, n in enumerate(shape)]
    wide = np.broadcast_to(x, sizes)
    return x.reshape(wide.shape) if wide.size == x.size else wide


@op(grad=lambda g, y, x, dims: permute(g, dims=_back(dims, x.ndim)))
def permute(x: Array, dims: Sequence[int]) -> Any:
    """The dimensions of `x` in the order `dims`."""
    return np.transpose(x, dims)


def _back(dims: Sequence[int], ndim: int) -> tuple[int, ...]:
    """The order of dimensions that undoes the order `dims`."""
    places = [d % ndim for d in dims]
    return tuple(places.index(d) for d in range(ndim))


@op(grad=lambda g, y, x, dim0, dim1: transpose(g, dim0=dim0, dim1=dim1))
def transpose(x: Array, dim0: int, dim1: int) -> Any:
    """`x` with two dimensions exchanged: a view.

    >>> tg.transpose(tg.zeros(2, 3, 4), 0, 2).shape
    (4, 3, 2)
    """
    if x.ndim == 0 and {dim0, dim1} <= {0, -1}:
        return x
    return np.swapaxes(x, dim0, dim1)


def _put_on_diagonal(g: Any, y: Any, x: Any, offset: int, dim1: int, dim2: int) -> Any:
    ends = [dim1 % x.ndim, dim2 % x.ndim]
    order = [d for d in range(x.ndim) if d not in ends] + ends
    steps = np.arange(g.shape[-1])
    rows, columns = steps + builtins.max(0, -offset), steps + builtins.max(0, offset)
    places = (Ellipsis, constant(rows), constant(columns))
    return permute(
        put(g, shape=[x.shape[d] for d in order], index=places), dims=_back(order, x.ndim)
    )


@op(grad=_put_on_diagonal)
def diagonal(x: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal over two dimensions, as a new last dimension: a view.

    >>> x = tg.zeros(2, 2)
    >>> _ = x.diagonal().fill_(1)
    >>> x
    tensor([[1., 0.],
            [0., 1.]])
    """
    view = np.diagonal(x, offset, dim1, dim2)
    view.flags.writeable = x.flags.writeable
    return view


@op(grad=lambda g, y, x, index: put(g, shape=x.shape, index=index))
def getitem(x: Array, index: Index) -> Any:
    """x[index], with everything that NumPy allows as an index."""
    return x[index]


@op(grad=lambda g, y, x, shape, index: g[index])
def put(x: Array, shape: Sequence[int], index: Index) -> Any:
    """Zeros of `shape` with `x` added at `index`; what is indexed twice is added twice."""
    parts: Any = tuple(map(handed_on, index)) if isinstance(index, tuple) else handed_on(index)
    out = np.zeros(shape, x.dtype)
    if not _may_repeat(parts):
        out[parts] = x
        return out
    wide = out.astype(float64) if x.dtype.kind == "f" else out
    np.add.at(wide, parts, x)
    return wide.astype(x.dtype, copy=False)


def _may_repeat(index: Any) -> bool:
    """Whether an index can name a place twice: whatever NumPy reads as an array of integers."""
    parts = index if isinstance(index, tuple) else (index,)
    never = (int, slice, EllipsisType, type(None))
    arrays = [np.asarray(p) for p in parts if not isinstance(p, never)]
    return builtins.any(a.ndim and a.dtype != bool for a in arrays)


@op(grad=(None,))
def comes_to(index: Array, shape: Sequence[int], dim: int, nth: int = 0) -> Any:
    """For each place of `shape`, which value of `index`, counted flat, names it last; or -1.

    dim  the dimension in which `index` names places; in the others they are its own
    nth  the last but so many instead
    """
    places = list(np.indices(index.shape).reshape(index.ndim, -1))
    places[dim] = index.ravel()
    number = np.arange(index.size)
    last = np.full(shape, -1)
    last[tuple(places)] = number
    for _ in range(nth):
        left = number != last[tuple(places)]
        places, number = [p[left] for p in places], number[left]
        last = np.full(shape, -1)
        last[tuple(places)] = number
    return last


FAN = 8
"""Into how many parts, at most, a tensor is cut at once."""


def parts(x: Any, dim: int, ends: Sequence[int]) -> Iterator[Any]:
    """The parts of `x` along `dim` (0 or more) from each of `ends` to the next: views.

    The gradient of a part is as large as what it was cut from. So many parts are cut from parts of
    `x`, and those from larger ones: then n of them cost n log n, and not n * n.
    """
    before = (slice(None),) * dim
    count = len(ends) - 1
    step = count // FAN + 1
    for i in range(0, count, step):
        some = ends[i : i + step + 1]
        part = x[(*before, slice(some[0] - ends[0], some[-1] - ends[0]))]
        if step == 1:
            yield part
        else:
            yield from parts(part, dim, some)


def slices(x: Any, dim: int) -> Iterator[Any]:
    """All slices of `x` along `dim` (0 or more), cut from parts as `parts` are."""
    size, before = x.shape[dim], (slice(None),) * dim
    groups = [x] if size <= FAN else parts(x, dim, [*range(0, size, FAN), size])
    for group in groups:
        for i in range(group.shape[dim]):
            yield group[(*before, i)]


def _slices_of(g: Any, y: Any, *tensors: Any, dim: int) -> Callable[[int], Any]:
    """For tensor `i`, the part of `g` that stands where it was put."""
    ends = [0, *itertools.accumulate(t.shape[dim] for t in tensors)]
    return list(parts(g, dim % g.ndim, ends)).__getitem__


@op(grad_of_each=_slices_of, takes=promoted)
def cat(*tensors: Any, dim: int = 0) -> Any:
    """The tensors one after the other along `dim`; their other dimensions are equal."""
    return np.concatenate(tensors, axis=dim)


@op(
    grad=lambda g, y, x, kernel, stride, dilation: fold(
        g, size=x.shape[-2:], stride=stride, dilation=dilation
    )
)
def windows(x: Array, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Any:
    """All windows over the last two dimensions: (..., h, w) -> (..., h', w', kh, kw), a view."""
    reach = [gap * (size - 1) + 1 for size, gap in zip(kernel, dilation, strict=True)]
    every = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(-2, -1))
    return every[..., :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


@op(
    grad=lambda g, y, x, size, stride, dilation: windows(
        g, kernel=x.shape[-2:], stride=stride, dilation=dilation
    )
)
def fold(x: Array, size: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Any:
    """Windows (..., h', w', kh, kw) laid over each other and added: (..., *size)."""
    *rest, rows, columns, height, width = x.shape
    out = np.zeros((*rest, *size), x.dtype)
    for i, j in np.ndindex(height, width):
        top, left = i * dilation[0], j * dilation[1]
        below = slice(top, top + stride[0] * (rows - 1) + 1, stride[0])
        right = slice(left, left + stride[1] * (columns - 1) + 1, stride[1])
        out[..., below, right] += x[..., i, j]
    return out


# ----------------------------------------------------------------------------------- products


def _matmul_grad_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:  # (..., n, k) @ (k,) -> (..., n)
        return g[..., None] * b
    if a.ndim == 1:  # (k,) @ (..., k, m) -> (..., m)
        return matmul(b, g[..., None])[..., 0]
    return matmul(g, transpose(b, dim0=-1, dim1=-2))


def _matmul_grad_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1 and b.ndim == 1:
        return g * a
    if a.ndim == 1:
        return a[:, None] * g[..., None, :]
    if b.ndim == 1:
        return matmul(transpose(a, dim0=-1, dim1=-2), g[..., None])[..., 0]
    return matmul(transpose(a, dim0=-1, dim1=-2), g)


@op(grad=(_matmul_grad_a, _matmul_grad_b), takes=promoted)
def matmul(a: Array, b: Array) -> Any:
    """Matrix product; 1-D operands are vectors, leading dimensions are batches.

    (..., n, k) and (..., k, m) -> (..., n, m). Raises ValueError if the sizes k differ.

    >>> tg.matmul(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    if a.ndim and b.ndim and a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(
            f"the last dimension of the first ({a.shape[-1]}) must equal the "
            f"{'second to last' if b.ndim > 1 else 'only'} dimension of the second "
            f"({b.shape[-2 if b.ndim > 1 else 0]}); is one of them to be transposed (.mT)?"
        )
    return np.matmul(a, b)


def _rows(x: Any) -> Any:
    """All leading dimensions as one: (..., n) becomes (rows, n)."""
    return x if x.ndim == 2 else x.reshape((-1, x.shape[-1]))


@op(
    grad=(
        lambda g, y, x, weight, bias=None: matmul(g, weight),
        lambda g, y, x, weight, bias=None: matmul(_rows(g).T, _rows(x)),
        lambda g, y, x, weight, bias=None: g,
    ),
    takes=promoted,
)
def linear(x: Array, weight: Array, bias: Tensor | None = None) -> Any:
    """x @ weight.T + bias. x (..., in), weight (out, in), bias (out,) -> (..., out).

    Raises ValueError if the shapes do not fit.

    >>> tg.linear(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0, 4.0]]), tg.tensor([0.5]))
    tensor([[11.5]])
    """
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            "the last dimension of the input must equal the second of the weight (out, in)"
        )
    y = np.matmul(x, weight.T)
    return y if bias is None else np.add(y, bias, out=y if y.dtype == bias.dtype else None)


# ------------------------------------------------------------------------- softmax and losses


@op(grad=lambda g, y, x, dim, dtype: y * (g - sum(g * y, dim=dim, keepdim=True)), takes=floats)
def softmax(x: Array, dim: Dim, dtype: DType | None = None) -> Any:
    """e^x / sum of e^x over `dim`, shifted by the largest value so that nothing overflows.

    >>> tg.softmax(tg.tensor([1000.0, 1000.0]), dim=0)
    tensor([0.5, 0.5])
    """
    x = x if dtype is None else x.astype(dtype)
    e = np.exp(x - x.max(axis=dim, keepdims=True, initial=-np.inf))
    return e / sum_of(e, dim, True)


@op(grad=lambda g, y, x, dim, dtype: g - exp(y) * sum(g, dim=dim, keepdim=True), takes=floats)
def log_softmax(x: Array, dim: Dim, dtype: DType | None = None) -> Any:
    """The logarithm of softmax, computed without it: accurate where softmax is 0.

    >>> tg.log_softmax(tg.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    x = x if dtype is None else x.astype(dtype)
    shifted = x - x.max(axis=dim, keepdims=True, initial=-np.inf)
    return shifted - np.log(sum_of(np.exp(shifted), dim, True))


@op(grad=(None,))
def is_class(target: Array, classes: int) -> Any:
    """(...) -> (..., classes): true at the class that `target`, an index, names."""
    return _is_class(target, classes)


def _is_class(target: Array, classes: int) -> Any:
    return np.equal(target[..., None], np.arange(classes))


def _cross_entropy_grad(g: Any, y: Any, x: Any, target: Any, share: float, total: bool) -> Any:
    return (g * share)[..., None] * (softmax(x, dim=-1) - is_class(target, classes=x.shape[-1]))


@op(grad=(_cross_entropy_grad, None))
def cross_entropy(x: Array, target: Array, share: float = 1.0, total: bool = True) -> Any:
    """-log softmax(x) at the right class, times `share`: of all rows together, or of each row.

    Scores x (..., classes), and for each row the index of its class, 0 to classes - 1.
    """
    shifted = x - x.max(axis=-1, keepdims=True)
    right = shifted[_is_class(target, x.shape[-1])].reshape(target.shape)
    losses = np.log(sum_of(np.exp(shifted), -1)) - right
    return (sum_of(losses) if total else losses) * share


@op(
    grad=(
        lambda g, y, x, q, total: (
            g[..., None] * (softmax(x, dim=-1) * sum(q, dim=-1, keepdim=True) - q)
        ),
        lambda g, y, x, q, total: g[..., None] * -log_softmax(x, dim=-1),
    )
)
def soft_cross_entropy(x: Array, q: Array, total: bool = True) -> Any:
    """-sum over classes of q * log softmax(x): of all rows together, or of each row.

    Scores x (..., classes) and targets q alike. Where q is 0 nothing is added, even if the
    logarithm is infinite.
    """
    terms = np.multiply(q, log_softmax(x, dim=-1), where=q != 0, out=np.zeros_like(x))
    return -sum_of(terms, None if total else -1)


@op(
    grad=(
        lambda g, y, x, target: (x - target) * (g * (2 / count(x, None))),
        lambda g, y, x, target: (target - x) * (g * (2 / count(x, None))),
    ),
    takes=promoted,
)
def mse_loss(x: Array, target: Array) -> Any:
    """Mean of (x - target)^2 over all values; both have the same shape."""
    difference = x - target
    return mean(difference * difference)
