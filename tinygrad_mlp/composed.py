"""Functions of tensors that are composed of the ops in `ops.py`, so need no rules of their own.

Each works on tensors and on arrays, and is a `Tensor` method too. Names, arguments and defaults
are PyTorch's; where several are known (`view` for `reshape`), all are here. What networks are
made of (losses, norms, convolution) is in `functional.py`.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, overload

import numpy as np

from . import ops
from .engine import Node, plain
from .ops import count, where
from .signatures import Dim, Operand
from .signatures import TensorOrArray as T


def _axis(dim: int, ndim: int) -> int:
    """A dimension counted from the front: of `ndim`, -1 is the last."""
    if not -ndim <= dim < ndim:
        known = f"use one from {-ndim} to {ndim - 1}" if ndim else "a 0-d tensor has none to name"
        raise IndexError(f"there is no dimension {dim} among {ndim}; {known}")
    return dim % ndim


def _axes(dim: Dim, ndim: int) -> tuple[int, ...]:
    """The dimensions that a `dim` argument names, counted from the front; None names all."""
    if dim is None:
        return tuple(range(ndim))
    return tuple(_axis(d, ndim) for d in (dim if isinstance(dim, tuple) else (dim,)))


# --------------------------------------------------------------------------------- elementwise


def square(x: T) -> T:
    """x * x."""
    return x * x


def reciprocal(x: T) -> T:
    """1 / x."""
    return 1 / x


def rsqrt(x: T) -> T:
    """1 / sqrt(x)."""
    return 1 / ops.sqrt(x)


def log2(x: T) -> T:
    """Logarithm to base 2."""
    return ops.log(x) / math.log(2)


def clamp(x: T, min: Any = None, max: Any = None) -> T:
    """`x` held between `min` and `max`; at the bounds themselves the gradient passes."""
    if min is None and max is None:
        raise ValueError("clamp needs min=, max= or both, and got neither")
    if min is not None:
        x = where(ops.less(x, min), min, x)
    if max is not None:
        x = where(ops.greater(x, max), max, x)
    return x


def masked_fill(x: T, mask: Any, value: Any) -> T:
    """`x` with `value` where the mask is true."""
    return where(mask, value, x)


def lerp(x: T, end: Any, weight: Any) -> T:
    """From `x` to `end`: x + weight * (end - x), counted from the nearer end, so exact at both."""
    near_end = abs(weight) >= 0.5
    return where(near_end, end, x) + (weight - near_end) * (end - x)


def leaky_relu(x: T, negative_slope: float = 0.01) -> T:
    """x where it is positive, negative_slope * x elsewhere."""
    return where(x > 0, x, x * negative_slope)


def elu(x: T, alpha: float = 1.0) -> T:
    """x where it is positive, alpha * (e^x - 1) elsewhere."""
    return where(x > 0, x, ops.expm1(where(x > 0, 0, x)) * alpha)


def gelu(x: T, approximate: str = "none") -> T:
    """x times the normal distribution function of x; "tanh" approximates it, faster."""
    if approximate == "tanh":
        return x * (1 + ops.tanh((x + 0.044715 * x * x * x) * math.sqrt(2 / math.pi))) * 0.5
    if approximate != "none":
        raise ValueError(f'gelu takes approximate="none" or "tanh", not {approximate!r}')
    return x * (1 + ops.erf(x * math.sqrt(0.5))) * 0.5


def softplus(x: T, beta: float = 1.0, threshold: float = 20.0) -> T:
    """log(1 + e^(beta x)) / beta, a smooth relu; above `threshold` of beta x, x itself."""
    return where(x * beta > threshold, x, ops.softplus(x * beta) / beta)


def silu(x: T) -> T:
    """x * sigmoid(x)."""
    return x * ops.sigmoid(x)


# ---------------------------------------------------------------------------------- reductions


class Extreme(NamedTuple, Generic[T]):
    """The extreme values over a dimension, and where they are."""

    values: T
    indices: T


@overload
def max(x: T, dim: None = None, keepdim: bool = False) -> T: ...
@overload
def max(x: T, dim: int, keepdim: bool = False) -> Extreme[T]: ...
@overload
def max(x: T, dim: T) -> T: ...
def max(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value; or the values and indices over `dim`; or, of two tensors, `maximum`."""
    if dim is None:
        return ops.amax(x, keepdim=keepdim)
    if isinstance(dim, (Node, np.ndarray)):
        other: Any = dim
        return ops.maximum(x, other)
    dim = _one_dim(dim, "max", x)
    return _extreme(x, ops.argmax(x, dim=dim, keepdim=True), dim, keepdim)


@overload
def min(x: T, dim: None = None, keepdim: bool = False) -> T: ...
@overload
def min(x: T, dim: int, keepdim: bool = False) -> Extreme[T]: ...
@overload
def min(x: T, dim: T) -> T: ...
def min(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value; or the values and indices over `dim`; or, of two tensors, `minimum`."""
    if dim is None:
        return ops.amin(x, keepdim=keepdim)
    if isinstance(dim, (Node, np.ndarray)):
        other: Any = dim
        return ops.minimum(x, other)
    dim = _one_dim(dim, "min", x)
    return _extreme(x, ops.argmin(x, dim=dim, keepdim=True), dim, keepdim)


def _one_dim(dim: Any, name: str, x: Any) -> int:
    if not isinstance(dim, (int, np.integer)):
        raise TypeError(
            f"{name} takes one dimension or a second tensor, not {dim!r}; "
            f"a{name} takes several dimensions"
        )
    return _axis(int(dim), x.ndim)


def _extreme(x: Any, index: Any, dim: int, keepdim: bool) -> Extreme[Any]:
    values = take_along_dim(x, index, dim)
    if keepdim:
        return Extreme(values, index)
    return Extreme(squeeze(values, dim), squeeze(index, dim))


def var(x: T, dim: Dim = None, correction: int = 1, keepdim: bool = False) -> T:
    """Variance over `dim`: squares of the distances from the mean over (n - correction)."""
    freedom = builtins.max(0, count(x, _axes(dim, x.ndim)) - correction)
    away = x - ops.mean(x, dim=dim, keepdim=True)
    return ops.sum(away * away, dim=dim, keepdim=keepdim) / freedom


def std(x: T, dim: Dim = None, correction: int = 1, keepdim: bool = False) -> T:
    """Standard deviation over `dim`; where it is 0, so is its gradient."""
    return _sqrt_or_zero(var(x, dim, correction, keepdim))


def norm(x: T, p: float = 2, dim: Dim = None, keepdim: bool = False) -> T:
    """The p-norm over `dim`: (sum of |x|^p)^(1/p). p = 1, 2, inf and any other above 0."""
    if not p > 0:
        raise ValueError(f"norm needs a p above 0, such as 1, 2 or inf, not {p}")
    if p == 2:
        return _sqrt_or_zero(ops.sum(x * x, dim=dim, keepdim=keepdim))
    if p == math.inf:
        return ops.amax(ops.abs(x), dim=dim, keepdim=keepdim)
    if p == 1:
        return ops.sum(ops.abs(x), dim=dim, keepdim=keepdim)
    total = ops.sum(_power_or_zero(ops.abs(x), p), dim=dim, keepdim=keepdim)
    return _power_or_zero(total, 1 / p)


def _sqrt_or_zero(x: T) -> T:
    """sqrt(x), with a gradient of 0, not infinity, where x is 0."""
    return where(x == 0, 0, ops.sqrt(where(x == 0, 1, x)))


def _power_or_zero(x: T, exponent: float) -> T:
    """x ** exponent, with a gradient of 0 where x is 0."""
    return where(x == 0, 0, where(x == 0, 1, x) ** exponent)


def prod(x: T, dim: int | None = None, keepdim: bool = False) -> T:
    """Product over `dim` or all, multiplied up in pairs: right where there are zeros, too."""
    if dim is None:
        whole = prod(flatten(x), 0)
        return whole.reshape([1] * x.ndim) if keepdim else whole
    dim = _axis(dim, x.ndim)
    x = swap_to_end(x, dim)
    while x.shape[-1] > 1:
        half = x.shape[-1] // 2
        rest = x[..., 2 * half :]
        x = x[..., :half] * x[..., half : 2 * half]
        if rest.shape[-1]:
            x = ops.cat(x, rest, dim=-1)
    if x.shape[-1] == 0:
        x = ops.cat(x, np.ones((*x.shape[:-1], 1), x.dtype), dim=-1)
    x = swap_to_end(x, dim)
    return x if keepdim else squeeze(x, dim)


def swap_to_end(x: T, dim: int) -> T:
    """`x` with `dim` and the last dimension exchanged."""
    return ops.transpose(x, dim0=dim, dim1=-1)


def logsumexp(x: T, dim: Dim, keepdim: bool = False) -> T:
    """log of the sum of e^x over `dim`, without overflow."""
    dim = _axes(dim, x.ndim)
    largest = np.max(plain(x), axis=dim, keepdims=True, initial=-np.inf)
    largest = np.where(np.isfinite(largest), largest, 0).astype(largest.dtype)
    total = ops.log(ops.sum(ops.exp(x - largest), dim=dim, keepdim=keepdim))
    return total + (largest if keepdim else np.squeeze(largest, dim))


# --------------------------------------------------------------------------------------- shape


def sizes(given: tuple[Any, ...]) -> tuple[int, ...]:
    """(2, 3), ((2, 3),) and ([2, 3],) all mean the sizes 2 and 3."""
    one = len(given) == 1 and isinstance(given[0], (tuple, list))
    return tuple(given[0]) if one else given


def reshape(x: T, *shape: int | Sequence[int]) -> T:
    """The same values in another shape; one size may be -1."""
    return ops.reshape(x, shape=sizes(shape))


view = reshape


def permute(x: T, *dims: int | Sequence[int]) -> T:
    """The dimensions in another order."""
    return ops.permute(x, dims=sizes(dims))


def expand(x: T, *shape: int | Sequence[int]) -> T:
    """`x` broadcast to a shape; -1 keeps a size."""
    return ops.expand(x, shape=sizes(shape))


def flatten(x: T, start_dim: int = 0, end_dim: int = -1) -> T:
    """The dimensions from `start_dim` to `end_dim` as one."""
    if x.ndim == 0:
        return x.reshape(1)
    start, end = _axis(start_dim, x.ndim), _axis(end_dim, x.ndim)
    if start > end:
        raise ValueError(
            f"flatten needs a start_dim before its end_dim, not {start_dim} and {end_dim} "
            f"in a tensor of {x.ndim} dimensions"
        )
    return x.reshape(*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :])


def unflatten(x: T, dim: int, sizes: Sequence[int]) -> T:
    """One dimension as several; one of the sizes may be -1."""
    dim = _axis(dim, x.ndim)
    given, known = tuple(sizes), math.prod(n for n in sizes if n != -1)
    sizes = [x.shape[dim] // builtins.max(known, 1) if n == -1 else n for n in given]
    if math.prod(sizes) != x.shape[dim] or given.count(-1) > 1:
        raise ValueError(
            f"unflatten cannot make sizes {given} of dimension {dim}, which has {x.shape[dim]}; "
            "their product must be that, and only one may be -1"
        )
    return x.reshape(*x.shape[:dim], *sizes, *x.shape[dim + 1 :])


def squeeze(x: T, dim: Dim = None) -> T:
    """Without the dimensions of size 1: all of them, or those named that have size 1."""
    gone = {d for d in _axes(dim, x.ndim) if x.shape[d] == 1}
    return x.reshape([n for d, n in enumerate(x.shape) if d not in gone])


def unsqueeze(x: T, dim: int) -> T:
    """With a new dimension of size 1 at place `dim`."""
    dim = _axis(dim, x.ndim + 1)
    return x.reshape(*x.shape[:dim], 1, *x.shape[dim:])


def repeat(x: T, *repeats: int | Sequence[int]) -> T:
    """`x` laid out as tiles, so many times along each dimension."""
    counts = sizes(repeats)
    if len(counts) < x.ndim or builtins.min(counts, default=0) < 0:
        raise ValueError(
            f"repeat needs a count for each of {x.ndim} dimensions, none below 0, not {counts}"
        )
    shape = (1,) * (len(counts) - x.ndim) + x.shape
    split = [size for n in shape for size in (1, n)]
    tiled = [size for c, n in zip(counts, shape, strict=True) for size in (c, n)]
    wide = ops.expand(x.reshape(split), shape=tiled)
    return wide.reshape([c * n for c, n in zip(counts, shape, strict=True)])


def flip(x: T, *dims: int | Sequence[int]) -> T:
    """The order of values reversed along the dimensions named."""
    turned = [_axis(d, x.ndim) for d in sizes(dims)]
    if len(set(turned)) < len(turned):
        raise ValueError(f"flip was given a dimension twice: {sizes(dims)}; name each once")
    return x[tuple(slice(None, None, -1) if d in turned else slice(None) for d in range(x.ndim))]


def roll(x: T, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> T:
    """Values moved along; what leaves at one end comes in at the other."""
    if dims is None:
        return roll(flatten(x), shifts, 0).reshape(x.shape)
    shifts, dims = ((v,) if isinstance(v, int) else tuple(v) for v in (shifts, dims))
    if len(shifts) != len(dims):
        raise ValueError(f"roll needs one shift for each dimension, not {shifts} for {dims}")
    for shift, dim in zip(shifts, dims, strict=True):
        dim = _axis(dim, x.ndim)
        positions = (np.arange(x.shape[dim]) - shift) % builtins.max(x.shape[dim], 1)
        x = x[(slice(None),) * dim + (positions,)]
    return x


def cat(tensors: Sequence[T], dim: int = 0) -> T:
    """The tensors one after the other along `dim`."""
    if not len(tensors):
        raise ValueError("cat needs a list of at least one tensor, and got an empty one")
    return ops.cat(*tensors, dim=dim)


def stack(tensors: Sequence[T], dim: int = 0) -> T:
    """Tensors of one shape, side by side along a new dimension."""
    shapes = [x.shape for x in tensors]
    if len(set(shapes)) != 1:
        raise ValueError(
            f"stack needs one or more tensors of one shape, and got {shapes}; "
            "cat joins those that differ along one dimension"
        )
    return ops.cat(*(unsqueeze(x, dim) for x in tensors), dim=dim)


def split(x: T, split_size_or_sections: Any, dim: int = 0) -> tuple[T, ...]:
    """Pieces along `dim`, all of one size (the last may be smaller), or of the sizes given."""
    dim = _axis(dim, x.ndim)
    n = x.shape[dim]
    given = split_size_or_sections
    if isinstance(given, int):
        if given < 1 and (given or n):
            raise ValueError(f"split needs a size of at least 1, not {given}")
        given = [builtins.min(given, n - start) for start in range(0, n, given or 1)] or [0]
    if builtins.sum(given) != n or builtins.min(given, default=0) < 0:
        raise ValueError(
            f"split sizes {given} do not add up to the size {n} of dimension {dim}; "
            "they must, and none may be below 0"
        )
    whole: tuple[Any, ...] = (slice(None),) * dim
    pieces = []
    start = 0
    for size in given:
        pieces.append(x[(*whole, slice(start, start + size))])
        start += size
    return tuple(pieces)


def chunk(x: T, chunks: int, dim: int = 0) -> tuple[T, ...]:
    """At most `chunks` pieces of one size along `dim` (the last may be smaller)."""
    if chunks < 1:
        raise ValueError(f"chunk needs at least one piece, not {chunks}")
    n = x.shape[_axis(dim, x.ndim)]
    return split(x, -(-n // chunks) if n else [0] * chunks, dim)


def pad(x: T, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> T:
    """`x` with a margin of `value`.

    pad   (left, right) of the last dimension, then of the one before, and so on; not negative
    mode  "constant", the only one there is
    """
    if mode != "constant":
        raise ValueError(f'pad knows only the mode "constant", not {mode!r}')
    if len(pad) % 2 or len(pad) > 2 * x.ndim or builtins.min(pad, default=0) < 0:
        raise ValueError(
            f"pad needs (left, right) of the last dimension, and so on for at most {x.ndim}, "
            f"none below 0, not {tuple(pad)}; to cut off, take a slice"
        )
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    margins = [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]
    shape = tuple(n + a + b for n, (a, b) in zip(x.shape, margins, strict=True))
    inside = tuple(slice(a, a + n) for n, (a, _) in zip(x.shape, margins, strict=True))
    if value:
        margin = np.full(shape, value, x.dtype)
        margin[inside] = 0
        return ops.put(x, shape=shape, index=inside) + margin
    return ops.put(x, shape=shape, index=inside)


def tril(x: T, diagonal: int = 0) -> T:
    """The lower triangle of each matrix; 0 elsewhere."""
    return where(_lower(x, diagonal), x, 0)


def triu(x: T, diagonal: int = 0) -> T:
    """The upper triangle of each matrix; 0 elsewhere."""
    return where(_lower(x, diagonal - 1), 0, x)


def _lower(x: Any, diagonal: int) -> np.ndarray:
    if x.ndim < 2:
        raise ValueError(f"tril and triu need at least 2 dimensions, not the shape {x.shape}")
    rows, columns = x.shape[-2:]
    return np.tri(rows, columns, diagonal, dtype=bool)


def diagonal(x: T, offset: int = 0, dim1: int = 0, dim2: int = 1) -> T:
    """The diagonal over two dimensions, as a new last dimension."""
    dim1, dim2 = _axis(dim1, x.ndim), _axis(dim2, x.ndim)
    if dim1 == dim2:
        raise ValueError(f"diagonal needs two different dimensions, not {dim1} twice")
    kept: list[int] = [d for d in range(x.ndim) if d not in (dim1, dim2)]
    x = ops.permute(x, dims=[*kept, dim1, dim2])
    rows = builtins.max(0, -offset)
    columns = builtins.max(0, offset)
    length = builtins.max(0, builtins.min(x.shape[-2] - rows, x.shape[-1] - columns))
    steps = np.arange(length)
    return x[..., steps + rows, steps + columns]


# ------------------------------------------------------------------------------------ indexing


def _places(index: Any, dim: int) -> tuple[np.ndarray, ...]:
    """NumPy's index for "at `index` along `dim`, and in the same place along the others"."""
    index = np.asarray(plain(index))
    grid = [np.arange(n).reshape([-1 if i == d else 1 for i in range(index.ndim)])
            for d, n in enumerate(index.shape)]  # fmt: skip
    grid[dim] = index
    return tuple(grid)


def gather(x: T, dim: int, index: Operand) -> T:
    """Values picked along `dim`: result[i][j] = x[index[i][j]][j], for dim = 0."""
    index = np.asarray(plain(index))
    _need_same_ndim("gather", x, index)
    return x[_places(index, _axis(dim, x.ndim))]


def _need_same_ndim(name: str, x: Any, *others: Any) -> None:
    for other in others:
        if other.ndim != x.ndim:
            raise ValueError(
                f"{name} needs an index with as many dimensions as the tensor, and got shapes "
                f"{x.shape} and {other.shape}; add some of size 1 with unsqueeze"
            )


def take_along_dim(x: T, indices: Operand, dim: int | None = None) -> T:
    """Values picked along `dim`, `indices` broadcast along the others; as from argmax, argsort."""
    indices = np.asarray(plain(indices))
    if dim is None:
        return flatten(x)[indices.reshape(-1)]
    _need_same_ndim("take_along_dim", x, indices)
    dim = _axis(dim, x.ndim)
    ours, theirs = list(x.shape), list(indices.shape)
    ours[dim] = theirs[dim] = 1
    shape = list(np.broadcast_shapes(tuple(ours), tuple(theirs)))
    wide, shape[dim] = list(shape), indices.shape[dim]
    wide[dim] = x.shape[dim]
    return ops.expand(x, shape=wide)[_places(np.broadcast_to(indices, shape), dim)]


def scatter_add(x: T, dim: int, index: Operand, src: T) -> T:
    """`x` with `src` added at `index` along `dim`; what is named twice is added twice."""
    index, dim = np.asarray(plain(index)), _axis(dim, x.ndim)
    if index.ndim != x.ndim or index.ndim != src.ndim or np.any(np.less(src.shape, index.shape)):
        raise ValueError(
            f"scatter_add needs a src of the shape of its index, or larger, both of {x.ndim} "
            f"dimensions, and got src {src.shape} and index {index.shape}"
        )
    part = src[tuple(slice(n) for n in index.shape)]
    return x + ops.put(part, shape=x.shape, index=_places(index, dim))


def index_add(x: T, dim: int, index: Operand, source: T, alpha: float = 1) -> T:
    """`x` with alpha times the slices of `source` added to its slices `index` along `dim`."""
    index, dim = np.asarray(plain(index)), _axis(dim, x.ndim)
    wanted = (*x.shape[:dim], index.size, *x.shape[dim + 1 :])
    if index.ndim != 1 or source.shape != wanted:
        raise ValueError(
            f"index_add needs an index of one dimension, not {index.shape}, and, for it, a "
            f"source of shape {wanted}, not {source.shape}"
        )
    added = ops.put(source, shape=x.shape, index=(slice(None),) * dim + (index,))
    return x + (added if alpha == 1 else added * alpha)


# ------------------------------------------------------------------------------------ products


def dot(a: T, b: T) -> T:
    """The sum of the products of two vectors of one length."""
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"dot needs two vectors, and got shapes {a.shape} and {b.shape}")
    return ops.matmul(a, b)


def outer(a: T, b: T) -> T:
    """Every product of a value of one vector and a value of another: (n,), (m,) -> (n, m)."""
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"outer needs two vectors, and got shapes {a.shape} and {b.shape}")
    return a[:, None] * b[None, :]


def einsum(equation: str, *operands: T) -> T:
    """Sums of products in Einstein's notation: einsum("ij,jk->ik", a, b) is a @ b.

    Letters name dimensions; those missing on the right are summed over. A letter may stand twice
    in one operand (its diagonal), and "..." for any leading dimensions.
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
            x = diagonal(x, 0, first, second)
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
