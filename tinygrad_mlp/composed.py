"""Functions of tensors that are composed of the ops in `ops.py`, so need no rules of their own.

Each works on tensors and on arrays, and is a `Tensor` method too. Names, arguments and defaults
are PyTorch's; where several are known (`view` for `reshape`), all are here. What networks are
made of (losses, norms, convolution) is in `functional.py`.
"""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, Generic, NamedTuple, cast, overload

import numpy as np

from . import ops
from .arguments import make_helpful, no_dimension
from .decisions import all_close, contains_nan, counts_of, most_at_one_place, size_for_power
from .dtypes import DEFAULT, int64, number_in, result_type
from .engine import Node, beside, plain, takes_also
from .observing import constant, decide, handed_on
from .ops import count, where
from .signatures import BinaryOp, Dim, DType, Operand, P
from .signatures import TensorOrArray as T


def _axis(dim: int, ndim: int) -> int:
    """A dimension counted from the front: of `ndim`, -1 is the last."""
    if ndim == 0 and dim in (0, -1):  # a tensor of no dimensions answers to these, as in PyTorch
        return 0
    if not -ndim <= dim < ndim:
        raise IndexError(no_dimension(dim, ndim))
    return dim % ndim


def _axes(dim: Dim, ndim: int) -> tuple[int, ...]:
    """The dimensions that a `dim` argument names, counted from the front; None names all."""
    if dim is None:
        return tuple(range(ndim))
    return tuple(_axis(d, ndim) for d in (dim if isinstance(dim, (tuple, list)) else (dim,)))


# --------------------------------------------------------------------------------- elementwise


def _of_two(function: Callable[Concatenate[Any, Any, P], Any]) -> BinaryOp[P]:
    """To a type checker, a function of two tensors is what an op of two is."""
    return cast("BinaryOp[P]", function)


@_of_two
def add(input: Any, other: Any, alpha: float = 1) -> Any:
    """input + alpha * other; the shapes broadcast.

    Raises TypeError for integers with an alpha that is not an integer.

    >>> tg.add(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]), alpha=10)
    tensor([31., 42.])
    """
    return ops.add(input, _times("add", alpha, other, input))


@_of_two
def sub(input: Any, other: Any, alpha: float = 1) -> Any:
    """input - alpha * other; the shapes broadcast. Raises as `add`.

    >>> tg.sub(tg.tensor([5.0, 7.0]), tg.tensor([1.0, 2.0]))
    tensor([4., 5.])
    """
    return ops.sub(input, _times("sub", alpha, other, input))


def _times(name: str, alpha: Any, other: Any, x: Any) -> Any:
    """alpha * other, in the dtype that the result beside `x` has."""
    if alpha == 1:
        return other
    dtype = result_type(x, other)
    if isinstance(alpha, (float, np.floating)) and dtype.kind != "f":
        raise TypeError(f"{name} of integers takes an integer alpha, not {alpha}")
    is_array = isinstance(other, (Node, np.ndarray))
    if not is_array:
        return other * alpha
    same: Any = other if other.dtype == dtype else ops.astype(other, dtype)
    return ops.mul(same, constant(np.asarray(alpha).astype(dtype)))


@_of_two
def div(input: Any, other: Any, rounding_mode: str | None = None) -> Any:
    """input / other; the shapes broadcast.

    rounding_mode  "floor" rounds down, "trunc" towards 0; None gives floats, of integers too

    Raises ValueError for another mode, and ZeroDivisionError for integers by 0 if they are rounded.

    >>> tg.div(tg.tensor([7, -7]), 2)
    tensor([ 3.5, -3.5])
    >>> tg.div(tg.tensor([7, -7]), 2, rounding_mode="trunc")
    tensor([ 3, -3])
    """
    if rounding_mode is None:
        return ops.div(input, other)
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)
    if rounding_mode == "trunc":
        return ops.trunc_divide(input, other)
    raise ValueError(
        f'div takes a rounding_mode of None, "trunc" or "floor", not {rounding_mode!r}'
    )


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have one shape and all values alike; `eq` compares value by value.

    >>> tg.equal(tg.tensor([1, 2]), tg.tensor([1, 2]))
    True
    """
    return bool(decide(np.array_equal, input, other))


greater, greater_equal = ops.gt, ops.ge
less, less_equal, not_equal = ops.lt, ops.le, ops.ne


def square(input: T) -> T:
    """input * input.

    >>> tg.square(tg.tensor([2.0, -3.0]))
    tensor([4., 9.])
    """
    # as in PyTorch, booleans become integers
    return input * (input if input.dtype.kind != "b" else 1)


def reciprocal(input: T) -> T:
    """1 / input.

    >>> tg.reciprocal(tg.tensor([2.0, 4.0]))
    tensor([0.5 , 0.25])
    """
    return 1 / input


def rsqrt(input: T) -> T:
    """1 / sqrt(input).

    >>> tg.rsqrt(tg.tensor([4.0, 16.0]))
    tensor([0.5 , 0.25])
    """
    return 1 / ops.sqrt(input)


def log2(input: T) -> T:
    """Logarithm to base 2.

    >>> tg.log2(tg.tensor(1.0))
    tensor(0.)
    """
    return ops.log(input) / math.log(2)


def clamp(input: T, min: Any = None, max: Any = None) -> T:
    """`input` held between `min` and `max`; at the bounds themselves the gradient passes.

    min, max  numbers or tensors, of which one may be missing; NaN stays NaN

    Raises ValueError if both are missing.

    >>> tg.clamp(tg.tensor([-5.0, 0.5, 5.0]), min=0, max=1)
    tensor([0. , 0.5, 1. ])
    """
    if min is None and max is None:
        raise ValueError("clamp needs min=, max= or both, and got neither")
    if min is not None:
        input = where(ops.ge(input, min), input, _or_nan(input, min))
    if max is not None:
        input = where(ops.le(input, max), input, _or_nan(input, max))
    return input


def _or_nan(x: Any, bound: Any) -> Any:
    """A bound, but NaN where `x` is."""
    has_nan = x.dtype.kind == "f" and decide(contains_nan, x)
    return where(ops.ne(x, x), math.nan, bound) if has_nan else bound


clip = clamp


@_of_two
def isclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Whether |input - other| <= atol + rtol * |other|, value by value.

    equal_nan  whether NaN is close to NaN

    Raises TypeError for what is not a tensor, and ValueError for an `rtol` or `atol` below 0.

    >>> tg.isclose(tg.tensor([1.0, 2.0]), tg.tensor([1.000001, 2.1]))
    tensor([ True, False])
    """
    _check_closeness(input, other, rtol, atol)
    return ops.isclose(input, other, rtol, atol, equal_nan)


def _check_closeness(input: Any, other: Any, rtol: float, atol: float) -> None:
    if not all(isinstance(a, (Node, np.ndarray)) for a in (input, other)):
        raise TypeError(f"isclose compares two tensors, not {input!r:.60} and {other!r:.60}")
    if rtol < 0 or atol < 0:
        raise ValueError(f"isclose needs an rtol and an atol of at least 0, not {rtol} and {atol}")


def allclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all values of two tensors are close, as `isclose` says. Raises as that.

    >>> tg.allclose(tg.tensor([1.0]), tg.tensor([1.000001]))
    True
    """
    _check_closeness(input, other, rtol, atol)
    return bool(decide(all_close, input, other, rtol=rtol, atol=atol, equal_nan=equal_nan))


def masked_fill(input: T, mask: Any, value: Any) -> T:
    """`input` with `value` where the mask is true: cast to the dtype of `input`, as in PyTorch.

    mask   booleans of a shape that broadcasts with that of `input`
    value  a number, or a tensor whose shape broadcasts, too

    >>> tg.masked_fill(tg.tensor([1.0, 2.0]), tg.tensor([False, True]), 0.0)
    tensor([1., 0.])
    """
    given = isinstance(value, (Node, np.ndarray))
    filling: Any = value if given else constant(number_in(value, input.dtype))
    if filling.dtype != input.dtype:
        filling = ops.astype(filling, input.dtype)
    return where(mask, filling, input)


def lerp(input: T, end: Any, weight: Any) -> T:
    """From `input` to `end`: input + weight * (end - input), exact at both ends.

    It is counted from the end that is nearer.

    weight  a number, or a tensor: 0 is `input`, 1 is `end`


    >>> tg.lerp(tg.tensor([0.0, 10.0]), tg.tensor([4.0, 20.0]), 0.25)
    tensor([ 1. , 12.5])
    """
    near_end = abs(weight) >= 0.5
    return where(near_end, end, input) + (weight - near_end) * (end - input)


def leaky_relu(input: T, negative_slope: float = 0.01) -> T:
    """`input` where it is positive, negative_slope * input elsewhere. Maas and others, 2013.

    >>> tg.leaky_relu(tg.tensor([-2.0, 3.0]), negative_slope=0.5)
    tensor([-1.,  3.])
    """
    return where(input > 0, input, input * negative_slope)


def elu(input: T, alpha: float = 1.0) -> T:
    """`input` where it is positive, alpha * (e^input - 1) elsewhere. Clevert and others, 2015.

    >>> tg.elu(tg.tensor([-1000.0, 3.0]))
    tensor([-1.,  3.])
    """
    return where(input <= 0, ops.expm1(where(input <= 0, input, 0)) * alpha, input)


def gelu(input: T, approximate: str = "none") -> T:
    """`input` times its normal distribution function; "tanh" approximates it, faster.

    approximate  "none" or "tanh"; ValueError for another

    Hendrycks and Gimpel, 2016.

    >>> tg.gelu(tg.tensor([0.0, 1000.0]))
    tensor([   0., 1000.])
    """
    if approximate == "tanh":
        bent = input + 0.044715 * input * input * input
        return input * (1 + ops.tanh(bent * math.sqrt(2 / math.pi))) * 0.5
    if approximate != "none":
        raise ValueError(f'gelu takes approximate="none" or "tanh", not {approximate!r}')
    return input * (1 + ops.erf(input * math.sqrt(0.5))) * 0.5


def softplus(input: T, beta: float = 1.0, threshold: float = 20.0) -> T:
    """log(1 + e^(beta * input)) / beta, a smooth relu; `input` where beta * input > threshold.

    >>> tg.softplus(tg.tensor([-1000.0, 1000.0]))
    tensor([   0., 1000.])
    """
    return where(input * beta > threshold, input, ops.softplus(input * beta) / beta)


def silu(input: T) -> T:
    """input * sigmoid(input). Elfwing and others, 2017.

    >>> tg.silu(tg.tensor([0.0, 1000.0]))
    tensor([   0., 1000.])
    """
    return input * ops.sigmoid(input)


# ---------------------------------------------------------------------------------- reductions


class Found(NamedTuple, Generic[T]):
    """Values found along a dimension, and where they stood."""

    values: T
    indices: T


@overload
def max(input: T, dim: None = None, keepdim: bool = False) -> T: ...
@overload
def max(input: T, dim: int, keepdim: bool = False) -> Found[T]: ...
@overload
def max(input: T, dim: T) -> T: ...
@overload
def max(input: T, *, other: T) -> T: ...
@takes_also()
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest value; or the values and indices over `dim`; or, of two tensors, `maximum`.

    dim    None for the largest of all; a dimension, for `values` and `indices` along it (of the
           first, at a tie); or a second tensor
    other  a second tensor, by name

    Raises TypeError for several dimensions, which `amax` takes, and ValueError over no values.

    >>> tg.max(tg.tensor([[1.0, 5.0], [4.0, 2.0]]))
    tensor(5.)
    >>> tg.max(tg.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=1)
    Found(values=tensor([5., 4.]), indices=tensor([1, 0]))
    """
    if dim is None and other is None:
        return ops.amax(input, keepdim=keepdim)
    if other is not None or isinstance(dim, (Node, np.ndarray)):
        other = dim if other is None else other
        return ops.maximum(input, other)
    dim = _one_dim(dim, "max", input)
    if input.ndim == 0:
        return Found(ops.clone(input), ops.argmax(input))
    return _extreme(input, ops.argmax(input, dim=dim, keepdim=True), dim, keepdim)


@overload
def min(input: T, dim: None = None, keepdim: bool = False) -> T: ...
@overload
def min(input: T, dim: int, keepdim: bool = False) -> Found[T]: ...
@overload
def min(input: T, dim: T) -> T: ...
@overload
def min(input: T, *, other: T) -> T: ...
@takes_also()
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest value; or the values and indices over `dim`; or, of two tensors, `minimum`.

    dim    None for the smallest of all; a dimension, for `values` and `indices` along it (of the
           first, at a tie); or a second tensor
    other  a second tensor, by name

    Raises TypeError for several dimensions, which `amin` takes, and ValueError over no values.

    >>> tg.min(tg.tensor([[1.0, 5.0], [4.0, 2.0]]))
    tensor(1.)
    >>> tg.min(tg.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=1)
    Found(values=tensor([1., 2.]), indices=tensor([0, 1]))
    """
    if dim is None and other is None:
        return ops.amin(input, keepdim=keepdim)
    if other is not None or isinstance(dim, (Node, np.ndarray)):
        other = dim if other is None else other
        return ops.minimum(input, other)
    dim = _one_dim(dim, "min", input)
    if input.ndim == 0:
        return Found(ops.clone(input), ops.argmin(input))
    return _extreme(input, ops.argmin(input, dim=dim, keepdim=True), dim, keepdim)


def _one_dim(dim: Any, name: str, x: Any) -> int:
    if not isinstance(dim, (int, np.integer)):
        raise TypeError(
            f"{name} takes one dimension or a second tensor, not {dim!r}; "
            f"a{name} takes several dimensions"
        )
    return _axis(int(dim), x.ndim)


def _extreme(x: Any, index: Any, dim: int, keepdim: bool) -> Found[Any]:
    values = take_along_dim(x, index, dim)
    if keepdim:
        return Found(values, index)
    return Found(squeeze(values, dim), squeeze(index, dim))


@takes_also()
def sort(input: T, dim: int = -1, descending: bool = False, stable: bool = False) -> Found[T]:
    """The values in order along `dim`, and where they stood; ties keep their order.

    descending  from the largest to the smallest
    stable      no different: ties always keep their order

    >>> tg.sort(tg.tensor([3.0, 1.0, 2.0])).values
    tensor([1., 2., 3.])
    """
    index: Any = ops.argsort(input, _axis(dim, input.ndim) if input.ndim else dim, descending)
    return Found(take_along_dim(input, index, dim) if input.ndim else ops.clone(input), index)


@takes_also()
def topk(input: T, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Found[T]:
    """The `k` largest (or smallest) values along `dim`, and where they stood; always in order.

    Raises ValueError if there are fewer than `k`.

    >>> tg.topk(tg.tensor([3.0, 1.0, 2.0]), 2)
    Found(values=tensor([3., 2.]), indices=tensor([0, 2]))
    """
    dim = _axis(dim, input.ndim)
    if not 0 <= k <= (input.shape[dim] if input.ndim else 1):
        raise ValueError(
            f"topk cannot take {k} values along dimension {dim} of shape {input.shape}"
        )
    first = sort(input, dim, descending=largest)
    if input.ndim == 0:
        return first
    return Found(*(_taken(part, dim, slice(k)) for part in first))


@takes_also()
def var(
    input: T,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> T:
    """Variance over `dim`: squares of the distances from the mean over (n - correction).

    correction  1 unless it is given; `unbiased` is PyTorch's older word for it, True for 1, False
                for 0, which may also stand in the place of `dim`

    Raises ValueError if both words are given.

    >>> tg.var(tg.tensor([1.0, 3.0]))
    tensor(2.)
    >>> tg.var(tg.tensor([1.0, 3.0]), correction=0)
    tensor(1.)
    """
    dim, freedom = _freedom("var", input, dim, unbiased, correction)
    away = input - ops.mean(input, dim=dim, keepdim=True)
    return ops.sum(away * away, dim=dim, keepdim=keepdim) / freedom


@takes_also()
def std(
    input: T,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> T:
    """Standard deviation over `dim`, as `var`; where it is 0, so is its gradient.

    >>> tg.std(tg.tensor([[1.0, 3.0], [2.0, 6.0]]), dim=1, correction=0)
    tensor([1., 2.])
    """
    dim, freedom = _freedom("std", input, dim, unbiased, correction)
    away = input - ops.mean(input, dim=dim, keepdim=True)
    size = _size_for_power(away, 2)
    away = away / size
    return _sqrt_or_zero(ops.sum(away * away, dim=dim, keepdim=keepdim) / freedom) * size


def _freedom(
    name: str, x: Any, dim: Any, unbiased: bool | None, correction: float | None
) -> tuple[Dim, float]:
    """The dimensions of a variance, and what the sum of squares is divided by."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise ValueError(f"{name} takes unbiased= or correction=, not both")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    dims = None if dim is None else _axes(dim, x.ndim)
    return dims if x.ndim else None, builtins.max(0, count(x, dims) - correction)


def norm(
    input: T, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: DType | None = None
) -> T:
    """The p-norm over `dim`: (sum of |input|^p)^(1/p).

    p  a number; 0 counts what is not 0, inf and -inf are the largest and the smallest magnitude;
       "fro" is 2

    Raises ValueError for another word, and TypeError for integers and booleans without a `dtype`.

    >>> tg.norm(tg.tensor([3.0, 4.0]))
    tensor(5.)
    """
    p = 2 if p is None or p == "fro" else p
    if isinstance(p, str):
        raise ValueError(
            f'norm knows p as a number or "fro", not {p!r}; for singular values use '
            "np.linalg.svd(x.detach().numpy())"
        )
    input = input if dtype is None else ops.astype(input, dtype=np.dtype(dtype))
    if input.dtype.kind != "f":
        raise TypeError(f"norm of {input.dtype} has no dtype to be in; write .float()")
    dims = None if dim is None or not input.ndim else _axes(dim, input.ndim)
    if p == 0:
        return ops.sum(ops.abs(ops.sign(input)), dim=dims, keepdim=keepdim)
    if p == math.inf:
        return ops.amax(ops.abs(input), dim=dims, keepdim=keepdim)
    if p == -math.inf:
        return ops.amin(ops.abs(input), dim=dims, keepdim=keepdim)
    if p == 1:
        return ops.sum(ops.abs(input), dim=dims, keepdim=keepdim)
    size = _size_for_power(input, p)
    input = input / size
    if p == 2:
        return _sqrt_or_zero(ops.sum(input * input, dim=dims, keepdim=keepdim)) * size
    total = ops.sum(_power_or_zero(ops.abs(input), p), dim=dims, keepdim=keepdim)
    return _power_or_zero(total, 1 / p) * size


def _size_for_power(x: Any, p: float) -> float:
    """A power of two near the largest value of `x`, if its power p might not be representable.

    Else 1. What is divided by it keeps all its digits, as a power of two has only one.
    """
    return float(decide(size_for_power, x, p=p))


def _sqrt_or_zero(x: T) -> T:
    """sqrt(x), with a gradient of 0, not infinity, where x is 0."""
    return where(x == 0, 0, ops.sqrt(where(x == 0, 1, x)))


def _power_or_zero(x: T, exponent: float) -> T:
    """x ** exponent, with a gradient of 0 where x is 0."""
    return where(x == 0, 0, where(x == 0, 1, x) ** exponent)


@takes_also()
def prod(input: T, dim: int | None = None, keepdim: bool = False, dtype: DType | None = None) -> T:
    """Product over `dim` or all, multiplied up in pairs: right where there are zeros, too.

    Of integers and booleans it is int64, unless `dtype` says otherwise.

    >>> tg.prod(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
    tensor([ 2., 12.])
    """
    if dtype is not None:
        input = ops.astype(input, dtype=np.dtype(dtype))
    elif input.dtype.kind != "f":
        input = ops.astype(input, dtype=int64)
    if dim is None:
        whole = prod(flatten(input), 0)
        return whole.reshape([1] * input.ndim) if keepdim else whole
    dim = _axis(dim, input.ndim)
    if input.ndim == 0:
        return ops.clone(input)
    input = swap_to_end(input, dim)
    while input.shape[-1] > 1:
        half = input.shape[-1] // 2
        rest = input[..., 2 * half :]
        input = input[..., :half] * input[..., half : 2 * half]
        if rest.shape[-1]:
            input = ops.cat(input, rest, dim=-1)
    if input.shape[-1] == 0:
        input = ops.cat(input, constant(np.ones((*input.shape[:-1], 1), input.dtype)), dim=-1)
    input = swap_to_end(input, dim)
    return input if keepdim else squeeze(input, dim)


@takes_also()
def cumprod(input: T, dim: int, dtype: DType | None = None) -> T:
    """Running product along `dim`, in `dtype` if one is given; integers give int64.

    >>> tg.cumprod(tg.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([1., 2., 6.])
    """
    dim = _axis(dim, input.ndim)
    if dtype is not None or input.dtype.kind != "f":
        input = ops.astype(input, dtype=np.dtype(dtype or int64))
    length, done = (input.shape[dim] if input.ndim else 1), 1
    while done < length:  # each value holds the product of the last `done` up to it
        later = _taken(input, dim, slice(done, None)) * _taken(input, dim, slice(length - done))
        input, done = ops.cat(_taken(input, dim, slice(done)), later, dim=dim), 2 * done
    return input


def swap_to_end(x: T, dim: int) -> T:
    """`x` with `dim` and the last dimension exchanged."""
    return ops.transpose(x, dim0=dim, dim1=-1)


@takes_also()
def logsumexp(input: T, dim: Dim, keepdim: bool = False) -> T:
    """log of the sum of e^input over `dim`, without overflow.

    >>> tg.logsumexp(tg.tensor([0.0, 1000.0]), dim=0)
    tensor(1000.)
    """
    if input.dtype.kind != "f":
        input = ops.astype(input, dtype=DEFAULT)
    dim = _axes(dim, input.ndim) if input.ndim else None
    largest = ops.finite_amax(input, dim=dim)
    total = ops.log(ops.sum(ops.exp(input - largest), dim=dim, keepdim=keepdim))
    return total + (largest if keepdim else largest.reshape(total.shape))


# --------------------------------------------------------------------------------------- shape


def sizes(given: tuple[Any, ...], by_name: int | Sequence[int] | None = None) -> tuple[int, ...]:
    """(2, 3), ((2, 3),) and ([2, 3],) all mean the sizes 2 and 3; or they are given by name."""
    given = given if by_name is None else (by_name,)
    one = len(given) == 1 and isinstance(given[0], (tuple, list))
    return tuple(given[0]) if one else given


@takes_also(size="shape")
def reshape(input: T, *given: int | Sequence[int], shape: Sequence[int] | None = None) -> T:
    """The same values in another shape, of which one size may be -1: a view, or else a copy.

    Raises ValueError if they do not fit. `view` is another name for it.

    >>> tg.reshape(tg.arange(6), 2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    return ops.reshape(input, shape=sizes(given, shape))


view = reshape


def permute(input: T, *given: int | Sequence[int], dims: Sequence[int] | None = None) -> T:
    """The dimensions in another order: a view.

    >>> tg.permute(tg.zeros(2, 3, 4), 2, 0, 1).shape
    (4, 2, 3)
    """
    return ops.permute(input, dims=sizes(given, dims))


def expand(input: T, *given: int | Sequence[int], size: Sequence[int] | None = None) -> T:
    """`input` broadcast to a shape; -1 keeps a size. A view, read-only where it is larger.

    Raises ValueError if a size that is not 1 would change.

    >>> tg.expand(tg.tensor([[1], [2]]), -1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    return ops.expand(input, shape=sizes(given, size))


def flatten(input: T, start_dim: int = 0, end_dim: int = -1) -> T:
    """The dimensions from `start_dim` to `end_dim` as one: a view, or else a copy.

    Raises ValueError if `start_dim` comes after `end_dim`.

    >>> tg.flatten(tg.zeros(2, 3, 4), start_dim=1).shape
    (2, 12)
    """
    if input.ndim == 0:
        return input.reshape(1)
    start, end = _axis(start_dim, input.ndim), _axis(end_dim, input.ndim)
    if start > end:
        raise ValueError(
            f"flatten needs a start_dim before its end_dim, not {start_dim} and {end_dim} "
            f"in a tensor of {input.ndim} dimensions"
        )
    return input.reshape(
        *input.shape[:start], math.prod(input.shape[start : end + 1]), *input.shape[end + 1 :]
    )


@takes_also()
def unflatten(input: T, dim: int, sizes: Sequence[int]) -> T:
    """One dimension as several, of which one size may be -1: a view.

    Raises ValueError if the product of the sizes is another than the size of the dimension.

    >>> tg.unflatten(tg.zeros(2, 12), 1, (3, -1)).shape
    (2, 3, 4)
    """
    dim = _axis(dim, input.ndim)
    given, known = tuple(sizes), math.prod(n for n in sizes if n != -1)
    if -1 in given and not known:
        raise ValueError(f"unflatten: any size would do for the -1 in {given}, as another is 0")
    sizes = [input.shape[dim] // builtins.max(known, 1) if n == -1 else n for n in given]
    if math.prod(sizes) != input.shape[dim] or given.count(-1) > 1:
        raise ValueError(
            f"unflatten cannot make sizes {given} of dimension {dim}, which has "
            f"{input.shape[dim]}; their product must be that, and only one may be -1"
        )
    return input.reshape(*input.shape[:dim], *sizes, *input.shape[dim + 1 :])


@takes_also()
def squeeze(input: T, dim: Dim = None) -> T:
    """Without the dimensions of size 1, all or those named that have size 1: a view.

    >>> tg.squeeze(tg.zeros(1, 3, 1)).shape
    (3,)
    """
    gone = {d for d in _axes(dim, input.ndim) if input.shape[d : d + 1] == (1,)}
    return input.reshape([n for d, n in enumerate(input.shape) if d not in gone])


@takes_also()
def unsqueeze(input: T, dim: int) -> T:
    """With a new dimension of size 1 at place `dim`: a view.

    >>> tg.unsqueeze(tg.zeros(2, 3), 1).shape
    (2, 1, 3)
    """
    dim = _axis(dim, input.ndim + 1)
    return input.reshape(*input.shape[:dim], 1, *input.shape[dim:])


def repeat(input: T, *given: int | Sequence[int], repeats: Sequence[int] | None = None) -> T:
    """`input` laid out as tiles, so many times along each dimension: a copy.

    Raises ValueError if there are fewer counts than dimensions, or one below 0.

    >>> tg.repeat(tg.tensor([1, 2]), 2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    counts = sizes(given, repeats)
    if len(counts) < input.ndim or builtins.min(counts, default=0) < 0:
        raise ValueError(
            f"repeat needs a count for each of {input.ndim} dimensions, none below 0, not {counts}"
        )
    shape = (1,) * (len(counts) - input.ndim) + input.shape
    split = [size for n in shape for size in (1, n)]
    tiled = [size for c, n in zip(counts, shape, strict=True) for size in (c, n)]
    wide = ops.expand(input.reshape(split), shape=tiled)
    return ops.clone(wide).reshape([c * n for c, n in zip(counts, shape, strict=True)])


def flip(input: T, *given: int | Sequence[int], dims: Sequence[int] | None = None) -> T:
    """The order of values reversed along the dimensions named: a copy.

    Raises ValueError for a dimension that is named twice.

    >>> tg.flip(tg.tensor([[1, 2], [3, 4]]), 1)
    tensor([[2, 1],
            [4, 3]])
    """
    wanted = sizes(given, dims)
    turned = [_axis(d, input.ndim) for d in wanted]
    if len(set(turned)) < len(turned):
        raise ValueError(f"flip was given a dimension twice: {wanted}; name each once")
    turn = tuple(slice(None, None, -1) if d in turned else slice(None) for d in range(input.ndim))
    return ops.clone(ops.getitem(input, index=turn))


def roll(input: T, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> T:
    """Values moved along; what leaves at one end comes in at the other. A copy.

    shifts  how many places, to the back where above 0; one for each of `dims`
    dims    the dimensions; None rolls through all values row by row

    Raises ValueError if there are not as many shifts as dimensions.

    >>> tg.roll(tg.tensor([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    if dims is None:
        return roll(flatten(input), shifts, 0).reshape(input.shape)
    if input.ndim == 0:
        raise IndexError(f"a tensor of no dimensions has no dims={dims} to roll along")
    shifts, dims = ((v,) if isinstance(v, int) else tuple(v) for v in (shifts, dims))
    if len(shifts) != len(dims) or not shifts:
        raise ValueError(f"roll needs one shift for each dimension, not {shifts} for {dims}")
    for shift, dim in zip(shifts, dims, strict=True):
        dim = _axis(dim, input.ndim)
        positions = (np.arange(input.shape[dim]) - shift) % builtins.max(input.shape[dim], 1)
        input = _taken(input, dim, constant(positions))
    return input


@takes_also()
def cat(tensors: Sequence[T], dim: int = 0) -> T:
    """The tensors one after the other along `dim`.

    tensors  a list or tuple of them, of one shape but for `dim`

    Raises TypeError for anything else, and ValueError if it is empty or the shapes do not fit.

    >>> tg.cat([tg.tensor([1, 2]), tg.tensor([3])])
    tensor([1, 2, 3])
    """
    _need_tensors("cat", tensors)
    if not len(tensors):
        raise ValueError("cat needs a list of at least one tensor, and got an empty one")
    # PyTorch passes over empty tensors of one dimension, whatever the others have
    kept = [x for x in tensors if x.shape != (0,)] or tensors
    return ops.cat(*(kept if len({x.ndim for x in tensors}) > 1 else tensors), dim=dim)


def _need_tensors(name: str, given: Any) -> None:
    """TypeError unless `given` is a list or tuple of tensors, or of arrays."""
    listed = isinstance(given, (list, tuple))
    if not listed or not builtins.all(isinstance(x, (Node, np.ndarray)) for x in given):
        raise TypeError(f"{name} takes a list or tuple of tensors, not {given!r:.80}")


@takes_also()
def stack(tensors: Sequence[T], dim: int = 0) -> T:
    """Tensors of one shape, side by side along a new dimension.

    tensors  a list or tuple of them

    Raises TypeError for anything else, and ValueError if it is empty or the shapes differ.

    >>> tg.stack([tg.tensor([1, 2]), tg.tensor([3, 4])], dim=1)
    tensor([[1, 3],
            [2, 4]])
    """
    _need_tensors("stack", tensors)
    shapes = [x.shape for x in tensors]
    if len(set(shapes)) != 1:
        raise ValueError(
            f"stack needs one or more tensors of one shape, and got {shapes}; "
            "cat joins those that differ along one dimension"
        )
    return ops.cat(*(unsqueeze(x, dim) for x in tensors), dim=dim)


@takes_also(split_size="split_size_or_sections")
def split(tensor: T, split_size_or_sections: Any, dim: int = 0) -> tuple[T, ...]:
    """Views of pieces along `dim`, of one size (the last may be smaller) or of the sizes given.

    Raises ValueError if the sizes do not add up to that of `dim`.

    >>> tg.split(tg.tensor([1, 2, 3]), 2)
    (tensor([1, 2]), tensor([3]))
    >>> tg.split(tg.tensor([1, 2, 3]), [1, 2])
    (tensor([1]), tensor([2, 3]))
    """
    dim = _axis(dim, tensor.ndim)
    n = tensor.shape[dim]
    given: Any = split_size_or_sections
    if isinstance(given, int):
        if given < 1 and (given or n):
            raise ValueError(f"split needs a size of at least 1, not {given}")
        given = [builtins.min(given, n - start) for start in range(0, n, given or 1)] or [0]
    if builtins.sum(given) != n or builtins.min(given, default=0) < 0:
        raise ValueError(
            f"split sizes {given} do not add up to the size {n} of dimension {dim}; "
            "they must, and none may be below 0"
        )
    return tuple(ops.parts(tensor, dim, [0, *itertools.accumulate(given)]))


@takes_also()
def chunk(input: T, chunks: int, dim: int = 0) -> tuple[T, ...]:
    """Views of at most `chunks` pieces of one size along `dim` (the last may be smaller).

    Raises ValueError for fewer than one.

    >>> tg.chunk(tg.tensor([1, 2, 3]), 2)
    (tensor([1, 2]), tensor([3]))
    """
    if chunks < 1:
        raise ValueError(f"chunk needs at least one piece, not {chunks}")
    n = input.shape[_axis(dim, input.ndim)]
    return split(input, -(-n // chunks) if n else [0] * chunks, dim)


PAD_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""How `np.pad` calls the margins that repeat what is inside."""


def pad(input: T, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> T:
    """`input` with a margin.

    pad    (left, right) of the last dimension, then of the one before, and so on; below 0 it cuts
           off
    mode   "constant": of `value`, or 0; or of what is inside: "reflect" (mirrored at the last
           value), "replicate" (the last value again) or "circular" (from the other end)

    Raises ValueError for another mode, an odd number of widths, more of them than there are sides,
    or widths that cut off or repeat more than there is.

    >>> tg.pad(tg.tensor([1, 2, 3]), (1, 2))
    tensor([0, 1, 2, 3, 0, 0])
    >>> tg.pad(tg.tensor([1, 2, 3]), (1, 2), mode="reflect")
    tensor([2, 1, 2, 3, 2, 1])
    """
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ValueError(
            f"pad needs (left, right) of the last dimension, and so on for at most {input.ndim} "
            f"dimensions, not {tuple(pad)}"
        )
    pairs = [(int(pad[i]), int(pad[i + 1])) for i in range(0, len(pad), 2)]
    margins = [(0, 0)] * (input.ndim - len(pairs)) + pairs[::-1]
    for d, widths in enumerate(margins):
        if builtins.sum(widths) < -input.shape[d]:
            raise ValueError(
                f"pad cannot cut {widths} off dimension {d}, which has {input.shape[d]}"
            )
    if mode in PAD_MODES:
        return _repeated_margins(input, margins, mode)
    if mode != "constant":
        raise ValueError(
            f'pad knows the modes "constant", "reflect", "replicate" and "circular", not {mode!r}'
        )
    for d, (before, after) in enumerate(margins):
        if before < 0 or after < 0:
            input = _taken(
                input, d, slice(builtins.max(-before, 0), input.shape[d] - builtins.max(-after, 0))
            )
    margins = [(builtins.max(a, 0), builtins.max(b, 0)) for a, b in margins]
    shape = tuple(n + a + b for n, (a, b) in zip(input.shape, margins, strict=True))
    inside = tuple(slice(a, a + n) for n, (a, _) in zip(input.shape, margins, strict=True))
    if value:
        margin = np.full(shape, number_in(value, input.dtype))
        margin[inside] = 0
        return ops.put(input, shape=shape, index=inside) + constant(margin)
    return ops.put(input, shape=shape, index=inside)


def _taken(x: T, dim: int, places: Any) -> T:
    """What stands at these places along one dimension."""
    index: Any = (*[slice(None)] * dim, places)
    return x[index]


def _repeated_margins(x: T, margins: list[tuple[int, int]], mode: str) -> T:
    for d, (before, after) in enumerate(margins):
        most = x.shape[d] - (mode == "reflect")
        if mode != "replicate" and builtins.max(before, after, 0) > builtins.max(most, 0):
            raise ValueError(
                f'pad with mode "{mode}" can add at most {most} to dimension {d}, which has '
                f"{x.shape[d]}, not {(before, after)}"
            )
        if before or after:
            kept = slice(builtins.max(-before, 0), x.shape[d] - builtins.max(-after, 0))
            added = (builtins.max(before, 0), builtins.max(after, 0))
            places = np.arange(x.shape[d])
            if mode == "circular":  # what is cut off does not come in again
                places = np.pad(places[kept], added, "wrap")
            else:
                places = np.pad(places, added, PAD_MODES[mode])  # type: ignore[call-overload]
                end = len(places) - builtins.max(-after, 0)
                places = places[builtins.max(-before, 0) : end]
            x = _taken(x, d, constant(places))
    return x


def hstack(tensors: Sequence[T]) -> T:
    """The tensors side by side: along dimension 1, or 0 if that is the only one. Raises as `cat`.

    >>> tg.hstack([tg.tensor([1, 2]), tg.tensor([3])])
    tensor([1, 2, 3])
    """
    _need_tensors("hstack", tensors)
    parts = [x if x.ndim else x.reshape(1) for x in tensors]
    return cat(parts, 0 if parts and parts[0].ndim == 1 else 1)


def vstack(tensors: Sequence[T]) -> T:
    """The tensors one below the other: along dimension 0, vectors as rows. Raises as `cat`.

    >>> tg.vstack([tg.tensor([1, 2]), tg.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    _need_tensors("vstack", tensors)
    return cat([x if x.ndim > 1 else x.reshape(1, -1) for x in tensors])


@takes_also()
def unbind(input: T, dim: int = 0) -> tuple[T, ...]:
    """All slices along `dim`: views. Raises ValueError if there are no dimensions.

    >>> tg.unbind(tg.tensor([[1, 2], [3, 4]]), dim=1)
    (tensor([1, 3]), tensor([2, 4]))
    """
    dim = _axis(dim, input.ndim)
    if input.ndim == 0:
        raise ValueError("unbind needs at least one dimension, and a 0-d tensor has none")
    return tuple(ops.slices(input, dim))


@takes_also()
def repeat_interleave(
    input: T, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> T:
    """Each slice along `dim` so many times; of counts alone, each place that often. A copy.

    repeats      one count, or one for each slice
    output_size  ignored: how long the result is, which PyTorch asks for on other devices

    Raises ValueError for other counts.

    >>> tg.repeat_interleave(tg.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    if repeats is None:
        places: Any = input * 0 + constant(np.arange(input.shape[0]))
        return repeat_interleave(places, input, 0)
    if dim is None:
        input, dim = flatten(input), 0
    dim = _axis(dim, input.ndim)
    if input.ndim == 0:
        input = input.reshape(1)
    counts: Any = beside(input, repeats)
    known = decide(counts_of, counts) if counts.dtype.kind in "iu" else (-1,)
    if len(known) not in (1, input.shape[dim]) or builtins.min(known, default=0) < 0:
        raise ValueError(
            f"repeat_interleave needs one count, or one for each of {input.shape[dim]} slices, "
            f"whole and not below 0, not {known if isinstance(repeats, Node) else repeats!r:.80}"
        )
    return _taken(input, dim, constant(np.repeat(np.arange(input.shape[dim]), known)))


@overload
def meshgrid(*tensors: T, indexing: str = "ij") -> tuple[T, ...]: ...
@overload
def meshgrid(tensors: Sequence[T], /, *, indexing: str = "ij") -> tuple[T, ...]: ...
def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """Vectors, each stretched over the grid that they span: views.

    indexing  "ij": the first vector along dimension 0; "xy": along dimension 1

    Raises ValueError for another word, or for what has more than one dimension.

    >>> tg.meshgrid(tg.tensor([1, 2]), tg.tensor([3, 4, 5]))[0]
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    parts = list(tensors[0] if isinstance(tensors[0], (list, tuple)) else tensors)
    _need_tensors("meshgrid", parts)
    if indexing not in ("ij", "xy") or builtins.any(x.ndim > 1 for x in parts):
        raise ValueError(
            f'meshgrid takes vectors, and indexing="ij" or "xy", not {indexing!r} and the shapes '
            f"{[x.shape for x in parts]}"
        )
    if indexing == "xy" and len(parts) > 1:
        first, second, *rest = meshgrid(parts[1], parts[0], *parts[2:])
        return (second, first, *rest)
    shape = [math.prod(x.shape) for x in parts]
    return tuple(
        ops.expand(x.reshape([-1 if i == d else 1 for i in range(len(parts))]), shape=shape)
        for d, x in enumerate(parts)
    )


def expand_as(input: T, other: Any) -> T:
    """`input` broadcast to the shape of `other`: a view.

    >>> tg.tensor([1, 2]).expand_as(tg.zeros(2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return ops.expand(input, shape=other.shape)


def view_as(input: T, other: Any) -> T:
    """The same values in the shape of `other`: a view where that is possible, else a copy.

    >>> tg.arange(4).view_as(tg.zeros(2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    return ops.reshape(input, shape=other.shape)


def contiguous(input: T) -> T:
    """`input` itself if its values lie in memory row by row, else a copy where they do.

    >>> tg.zeros(2, 3).T.contiguous().data.flags.c_contiguous
    True
    """
    return input if handed_on(input).flags.c_contiguous else ops.clone(input)


def t(input: T) -> T:
    """A matrix transposed; a vector as it is. A view. Raises ValueError for more dimensions.

    >>> tg.tensor([[1, 2], [3, 4]]).t()
    tensor([[1, 3],
            [2, 4]])
    """
    if input.ndim > 2:
        raise ValueError(
            f"t() is for matrices, not for the shape {input.shape}; .mT is for batches"
        )
    return ops.transpose(input, dim0=0, dim1=input.ndim - 1) if input.ndim else input


def diag(input: T, diagonal: int = 0) -> T:
    """The diagonal of a matrix, as a copy; or, of a vector, the matrix that has it there.

    diagonal  0 is the main one, above 0 so many above it, below 0 below it

    Raises ValueError for another number of dimensions.

    >>> tg.diag(tg.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.ndim == 2:
        return ops.clone(ops.diagonal(input, diagonal))
    if input.ndim != 1:
        raise ValueError(f"diag takes a vector or a matrix, not the shape {input.shape}")
    steps, size = np.arange(input.shape[0]), input.shape[0] + builtins.abs(diagonal)
    rows, columns = steps + builtins.max(0, -diagonal), steps + builtins.max(0, diagonal)
    return ops.put(input, shape=(size, size), index=(constant(rows), constant(columns)))


def trace(input: T) -> T:
    """The sum of the diagonal of a matrix. Raises ValueError if it is none.

    >>> tg.trace(tg.eye(3))
    tensor(3.)
    """
    if input.ndim != 2:
        raise ValueError(f"trace takes a matrix, not the shape {input.shape}")
    return ops.sum(ops.diagonal(input))


def tril(input: T, diagonal: int = 0) -> T:
    """The lower triangle of each matrix; 0 elsewhere.

    diagonal  0 keeps the main one, 1 also the one above it, -1 only what is below it

    Raises ValueError if there are fewer than 2 dimensions.

    >>> tg.tril(tg.ones(3, 3))
    tensor([[1., 0., 0.],
            [1., 1., 0.],
            [1., 1., 1.]])
    """
    return where(_lower(input, diagonal), input, constant(np.zeros((), input.dtype)))


def triu(input: T, diagonal: int = 0) -> T:
    """The upper triangle of each matrix; 0 elsewhere.

    diagonal  0 keeps the main one, 1 only what is above it, -1 also the one below it

    Raises ValueError if there are fewer than 2 dimensions.

    >>> tg.triu(tg.ones(3, 3))
    tensor([[1., 1., 1.],
            [0., 1., 1.],
            [0., 0., 1.]])
    """
    return where(_lower(input, diagonal - 1), constant(np.zeros((), input.dtype)), input)


def _lower(x: Any, diagonal: int) -> np.ndarray:
    if x.ndim < 2:
        raise ValueError(f"tril and triu need at least 2 dimensions, not the shape {x.shape}")
    rows, columns = x.shape[-2:]
    return constant(np.tri(rows, columns, diagonal, dtype=bool))


# ------------------------------------------------------------------------------------ indexing


def _places(index: Any, dim: int) -> tuple[Any, ...]:
    """NumPy's index for "at `index` along `dim`, and in the same place along the others"."""
    grid = [constant(np.arange(n).reshape([-1 if i == d else 1 for i in range(index.ndim)]))
            for d, n in enumerate(index.shape)]  # fmt: skip
    grid[dim] = handed_on(index)
    return tuple(grid)


@takes_also()
def gather(input: T, dim: int, index: Operand) -> T:
    """Values picked along `dim`: result[i][j] = input[index[i][j]][j], for dim = 0.

    index  integers, with as many dimensions as `input`; the result has its shape

    Raises ValueError for another number of dimensions, and IndexError for an index beyond the size.

    >>> tg.gather(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, tg.tensor([[1], [0]]))
    tensor([[2.],
            [3.]])
    """
    at: Any = beside(input, index)
    if 0 in at.shape:  # of any shape, as in PyTorch
        return flatten(input)[constant(np.zeros(at.shape, np.int64))]
    if input.ndim + at.ndim < 2:  # no dimensions count as one of size 1
        return gather(input.reshape(-1), dim, at.reshape(-1)).reshape(at.shape)
    _need_same_ndim("gather", input, at)
    return input[_places(at, _axis(dim, input.ndim))]


def _need_same_ndim(name: str, x: Any, *others: Any) -> None:
    for other in others:
        if other.ndim != x.ndim:
            raise ValueError(
                f"{name} needs an index with as many dimensions as the tensor, and got shapes "
                f"{x.shape} and {other.shape}; add some of size 1 with unsqueeze"
            )


@takes_also()
def take_along_dim(input: T, indices: Operand, dim: int | None = None) -> T:
    """Values picked along `dim`, `indices` broadcast along the others; as from argmax, argsort.

    dim  None picks from all values, row by row

    >>> x = tg.tensor([[1.0, 5.0], [4.0, 2.0]])
    >>> tg.take_along_dim(x, x.argmax(1, keepdim=True), 1)
    tensor([[5.],
            [4.]])
    """
    at: Any = beside(input, indices)
    if dim is None:
        return flatten(input)[at.reshape(-1)]
    _need_same_ndim("take_along_dim", input, at)
    dim = _axis(dim, input.ndim)
    ours, theirs = list(input.shape), list(at.shape)
    ours[dim] = theirs[dim] = 1
    shape = list(np.broadcast_shapes(tuple(ours), tuple(theirs)))
    wide, shape[dim] = list(shape), at.shape[dim]
    wide[dim] = input.shape[dim]
    return ops.expand(input, shape=wide)[_places(ops.expand(at, shape=shape), dim)]


@takes_also()
def scatter_add(input: T, dim: int, index: Operand, src: T) -> T:
    """`input` with `src` added at `index` along `dim`; what is named twice is added twice.

    index  integers, with as many dimensions as `input`; `src` is at least as large

    Raises ValueError if the shapes do not fit, TypeError if the dtypes differ, and IndexError for
    an index beyond the size.

    >>> tg.scatter_add(tg.zeros(3), 0, tg.tensor([0, 0, 2]), tg.tensor([1.0, 2.0, 3.0]))
    tensor([3., 0., 3.])
    """
    at: Any = beside(input, index)
    dim = _axis(dim, input.ndim)
    # no dimensions count as one of size 1
    if input.ndim < 2 and 0 in (input.ndim, at.ndim, src.ndim):
        flat = scatter_add(input.reshape(-1), 0, at.reshape(-1), src.reshape(-1))
        return flat.reshape(input.shape)
    part = _source("scatter_add", input, at, src)
    return input + ops.put(part, shape=input.shape, index=_places(at, dim))


@takes_also(value="src")
def scatter(input: T, dim: int, index: Operand, src: Any, reduce: str | None = None) -> T:
    """`input` with `src`, a tensor or a number, at `index` along `dim`; of several there, one.

    index   integers, with as many dimensions as `input`
    reduce  "add" adds it instead, as scatter_add, and "multiply" multiplies by it

    Raises as `scatter_add`, and ValueError for another `reduce`.

    >>> tg.zeros(3).scatter(0, tg.tensor([2, 0]), tg.tensor([5.0, 7.0]))
    tensor([7., 0., 5.])
    """
    at: Any = beside(input, index)
    dim = _axis(dim, input.ndim)
    if not isinstance(src, (Node, np.ndarray)):
        src = constant(np.full(at.shape, number_in(src, input.dtype)))
    src = src if isinstance(src, Node) else beside(input, src)
    if reduce == "add":
        return scatter_add(input, dim, at, src)
    if reduce not in (None, "multiply"):
        raise ValueError(f'scatter knows reduce=None, "add" or "multiply", not {reduce!r}')
    if input.ndim < 2 and 0 in (input.ndim, at.ndim, src.ndim):
        flat = scatter(input.reshape(-1), 0, at.reshape(-1), src.reshape(-1), reduce)
        return flat.reshape(input.shape)
    part = _source("scatter", input, at, src).reshape(-1)
    if 0 in at.shape:
        return ops.clone(input)
    shape, times = input.shape, 1
    if reduce is not None:
        times = decide(most_at_one_place, at, shape=shape, dim=dim)
    for nth in range(times):
        last = ops.comes_to(at, shape=shape, dim=dim, nth=nth)
        brought = part[ops.maximum(last, 0)]
        if reduce is None:
            return where(last < 0, input, brought)
        input = input * where(last < 0, constant(np.ones((), input.dtype)), brought)
    return input


def _source(name: str, x: Any, index: Any, src: Any) -> Any:
    """The part of `src` that an index of its shape, or a smaller one, covers."""
    if index.ndim != x.ndim or index.ndim != src.ndim or np.any(np.less(src.shape, index.shape)):
        raise ValueError(
            f"{name} needs a src of the shape of its index, or larger, both of {x.ndim} "
            f"dimensions, and got src {src.shape} and index {index.shape}"
        )
    if src.dtype != x.dtype:
        raise TypeError(f"{name} needs a src of the dtype {x.dtype} of the tensor, not {src.dtype}")
    return src[tuple(slice(n) for n in index.shape)]


def nonzero(input: T, as_tuple: bool = False) -> Any:
    """The indices of what is not 0, one row for each; or one tensor for each dimension.

    >>> tg.nonzero(tg.tensor([[0, 5], [7, 0]]), as_tuple=True)
    (tensor([0, 1]), tensor([1, 0]))
    """
    if not as_tuple:
        return ops.argwhere(input)
    return unbind(ops.argwhere(input if input.ndim else input.reshape(1)), 1)


@takes_also()
def index_add(input: T, dim: int, index: Operand, source: T, alpha: float = 1) -> T:
    """`input` with alpha times the slices of `source` added to its slices `index` along `dim`.

    index  integers in one dimension, one for each slice of `source`

    Raises ValueError if the shapes do not fit, and IndexError for an index beyond the size.

    >>> tg.index_add(tg.zeros(3), 0, tg.tensor([0, 0, 2]), tg.tensor([1.0, 2.0, 3.0]))
    tensor([3., 0., 3.])
    """
    at: Any = beside(input, index)
    dim = _axis(dim, input.ndim)
    if input.ndim == 0:
        flat = index_add(input.reshape(1), 0, at.reshape(-1), source.reshape(-1), alpha)
        return flat.reshape(())
    at = at.reshape(-1) if at.ndim == 0 else at
    wanted = (*input.shape[:dim], math.prod(at.shape), *input.shape[dim + 1 :])
    if at.ndim != 1 or source.shape != wanted:
        raise ValueError(
            f"index_add needs an index of one dimension, not {at.shape}, and, for it, a "
            f"source of shape {wanted}, not {source.shape}"
        )
    places = (slice(None),) * dim + (handed_on(at),)
    added = ops.put(source, shape=input.shape, index=places)
    return input + _times("index_add", alpha, added, input)


# ------------------------------------------------------------------------------------ products


def dot(input: T, tensor: T) -> T:
    """The sum of the products of two vectors of one length.

    Raises ValueError for anything else.

    >>> tg.dot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
    tensor(11.)
    """
    if input.ndim != 1 or tensor.ndim != 1:
        raise ValueError(f"dot needs two vectors, and got shapes {input.shape} and {tensor.shape}")
    return ops.matmul(input, tensor)


def mm(input: T, mat2: T) -> T:
    """The product of two matrices: (n, k), (k, m) -> (n, m). Raises ValueError for other shapes.

    >>> tg.mm(tg.tensor([[1, 2]]), tg.tensor([[3], [4]]))
    tensor([[11]])
    """
    if input.ndim != 2 or mat2.ndim != 2:
        raise ValueError(
            f"mm needs two matrices, and got shapes {input.shape} and {mat2.shape}; use @"
        )
    return ops.matmul(input, mat2)


def bmm(input: T, mat2: T) -> T:
    """The products of two batches of matrices: (n, i, j), (n, j, k) -> (n, i, k).

    Raises ValueError for other shapes.

    >>> tg.bmm(tg.ones(2, 1, 3), tg.ones(2, 3, 1)).shape
    (2, 1, 1)
    """
    if input.ndim != 3 or mat2.ndim != 3 or input.shape[0] != mat2.shape[0]:
        raise ValueError(
            f"bmm needs two batches of as many matrices, and got {input.shape} and {mat2.shape}; "
            "use @"
        )
    return ops.matmul(input, mat2)


def tensordot(a: T, b: T, dims: Any = 2) -> T:
    """Sums of products over several dimensions.

    dims  how many: the last of `a` with the first of `b`; or a list of each of them, which pair

    Raises ValueError if they do not pair.

    >>> tg.tensordot(tg.ones(2, 3), tg.ones(3, 2), dims=1)
    tensor([[3., 3.],
            [3., 3.]])
    """
    if isinstance(plain(dims), (int, np.ndarray)) and np.ndim(plain(dims)) == 0:
        count = int(dims)
        dims = (range(a.ndim - count, a.ndim), range(count))
    ours, theirs = (
        [_axis(int(d), x.ndim) for d in some] for x, some in zip((a, b), dims, strict=True)
    )
    if len(ours) != len(theirs):
        raise ValueError(f"tensordot needs as many dimensions of both tensors, not {dims}")
    letters = [chr(ord("a") + i) for i in range(a.ndim + b.ndim)]
    first, second = letters[: a.ndim], letters[a.ndim :]
    for i, j in zip(ours, theirs, strict=True):
        second[j] = first[i]
    kept = [n for n in first + second if (n in first) != (n in second)]
    return einsum(f"{''.join(first)},{''.join(second)}->{''.join(kept)}", a, b)


def outer(input: T, vec2: T) -> T:
    """Every product of a value of one vector and a value of another: (n,), (m,) -> (n, m).

    Raises ValueError if one is no vector.

    >>> tg.outer(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    if input.ndim != 1 or vec2.ndim != 1:
        raise ValueError(f"outer needs two vectors, and got shapes {input.shape} and {vec2.shape}")
    return input[:, None] * vec2[None, :]


def einsum(equation: str, *operands: T) -> T:
    """Sums of products in Einstein's notation: einsum("ij,jk->ik", a, b) is a @ b.

    Letters name dimensions; those missing on the right are summed over. A letter may stand twice
    in one operand (its diagonal), and "..." for any leading dimensions.

    Raises ValueError if the equation does not fit the operands.

    >>> tg.einsum("ij->j", tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([4., 6.])
    """
    terms, result = _read_equation(equation, operands)
    x, names = _diagonals(operands[0], terms[0])
    for i, (operand, term) in enumerate(zip(operands[1:], terms[1:], strict=True)):
        other, other_names = _diagonals(operand, term)
        wanted = set(result).union(*terms[i + 2 :])
        x, names = _contract(x, names, other, other_names, wanted)
    x, names = _sum_out(x, names, set(result))
    return ops.permute(x, dims=tuple(names.index(n) for n in result))


HIDDEN = chr(0x100)
"""The first of the letters that stand for what "..." means; nobody writes these."""


def _read_equation(equation: str, operands: Sequence[Any]) -> tuple[list[str], str]:
    """The letters of each operand and of the result; letters of their own for what "..." means."""
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ValueError(
            f"einsum: {equation!r} has {len(terms)} terms for {len(operands)} operands; "
            "write one term for each, with commas between"
        )
    hidden = [x.ndim - len(t.replace("...", "")) for x, t in zip(operands, terms, strict=True)]
    letters = "".join(chr(ord(HIDDEN) + i) for i in range(builtins.max(hidden)))
    full = [
        t.replace("...", letters[len(letters) - h :]) for t, h in zip(terms, hidden, strict=True)
    ]
    for term, x in zip(full, operands, strict=True):
        if len(term) != x.ndim:
            raise ValueError(
                f"einsum: a term of {equation!r} does not fit its operand of shape {x.shape}; "
                "write one letter for each dimension, or ... for some"
            )
    if not arrow:
        joined = "".join(t.replace("...", "") for t in terms)
        result = letters + "".join(sorted(n for n in set(joined) if joined.count(n) == 1))
    result = result.replace("...", letters)
    if len(set(result)) < len(result) or not set(result) <= set("".join(full)):
        raise ValueError(
            f"einsum: the result of {equation!r} must name letters of its terms, each once"
        )
    return full, result


def _diagonals(x: Any, names: str) -> tuple[Any, str]:
    """Take the diagonal of letters that stand twice in one term."""
    for name in sorted(set(names)):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            if x.shape[first] != x.shape[second]:
                raise ValueError(
                    f"einsum: {name!r} stands twice in one term, for sizes {x.shape[first]} and "
                    f"{x.shape[second]}; they must be equal to have a diagonal"
                )
            x = ops.diagonal(x, 0, first, second)
            names = names[:first] + names[first + 1 : second] + names[second + 1 :] + name
    return x, names


def _sum_out(x: Any, names: str, wanted: set[str]) -> tuple[Any, str]:
    """Sum over the dimensions that nobody wants any more."""
    gone = tuple(i for i, n in enumerate(names) if n not in wanted)
    return (ops.sum(x, dim=gone) if gone else x), "".join(n for n in names if n in wanted)


def _contract(a: Any, a_names: str, b: Any, b_names: str, wanted: set[str]) -> tuple[Any, str]:
    """Two operands into one, by one batched matrix product."""
    a, a_names = _sum_out(a, a_names, wanted | set(b_names))
    b, b_names = _sum_out(b, b_names, wanted | set(a_names))
    shared = [n for n in a_names if n in b_names and n in wanted]
    summed = [n for n in a_names if n in b_names and n not in wanted]
    only_a = [n for n in a_names if n not in b_names]
    only_b = [n for n in b_names if n not in a_names]
    length: dict[str, int] = {}
    for n, size in [*zip(a_names, a.shape, strict=True), *zip(b_names, b.shape, strict=True)]:
        if length.get(n, 1) != 1 and size not in (1, length[n]):
            what = n if n < HIDDEN else "..."
            raise ValueError(
                f"einsum: {what!r} is {length[n]} in one operand and {size} in another; "
                "a letter needs the same size everywhere, or 1"
            )
        length[n] = size if length.get(n, 1) == 1 else length[n]
    a = _arranged(a, a_names, [shared, only_a, summed], length)
    b = _arranged(b, b_names, [shared, summed, only_b], length)
    names = [*shared, *only_a, *only_b]
    return ops.matmul(a, b).reshape([length[n] for n in names]), "".join(names)


def _arranged(x: T, names: str, groups: list[list[str]], length: dict[str, int]) -> T:
    """Permute to the order of the groups, and make one dimension of each but the first."""
    order = [n for group in groups for n in group]
    x = ops.permute(x, dims=tuple(names.index(n) for n in order))
    x = ops.expand(x, shape=[length[n] for n in order])
    first, *rest = groups
    return x.reshape(
        [length[n] for n in first] + [math.prod(length[n] for n in group) for group in rest]
    )


make_helpful(globals())
