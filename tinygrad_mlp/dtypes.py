"""Which dtype a result has: PyTorch's promotion, in one place.

Booleans give way to integers, and integers to floats, whatever their width; of two integers or two
floats the wider one decides. Three ranks decide in turn: arrays with dimensions, arrays without
any, and plain numbers; a lower rank counts only where it brings a higher kind. So a float32 tensor
times a float64 one of no dimensions stays float32, and an integer tensor times 0.5 becomes the
default float, float32.

An op says with `@op(takes=...)` what it needs: `promoted` inputs, `floats`, or integers wide enough
for `totals`. The engine asks only where not every input is float32. See PyTorch's documentation of
`torch.result_type`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

float16 = np.dtype(np.float16)
float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)
uint8 = np.dtype(np.uint8)
int8 = np.dtype(np.int8)
int16 = np.dtype(np.int16)
int32 = np.dtype(np.int32)
int64 = np.dtype(np.int64)
bool_ = np.dtype(np.bool_)

DEFAULT = float32
"""What Python's floats become, and integers where floats are computed."""


def kind_of(dtype: np.dtype[Any]) -> int:
    """0 for booleans, 1 for integers, 2 for floats."""
    return {"b": 0, "u": 1, "i": 1, "f": 2}[dtype.kind]


def promote_types(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of two arrays of equal rank together."""
    if a == b:
        return a
    if kind_of(a) != kind_of(b):
        return max(a, b, key=kind_of)
    wider: np.dtype[Any] = np.promote_types(a, b)
    if kind_of(wider) != kind_of(a):  # uint64 beside a signed integer
        raise TypeError(f"{a} and {b} have no common integer type; convert one of them first")
    return wider


def result_type(*operands: Any) -> np.dtype[Any]:
    """The dtype of a result of arrays, tensors and numbers, as `torch.result_type`.

    Tensors with dimensions decide; those with none and numbers count only if they are of a higher
    kind, as a float beside integers is.

    Raises TypeError for nothing, and for uint64 beside signed integers.

    >>> tg.result_type(tg.tensor([1, 2]), 1.0)
    dtype('float32')
    """
    ranks: list[np.dtype[Any] | None] = [None, None, None]
    for operand in operands:
        dtype, rank = _dtype_and_rank(operand)
        known = ranks[rank]
        ranks[rank] = dtype if known is None else promote_types(known, dtype)
    result: np.dtype[Any] | None = None
    for dtype in reversed(ranks):
        if result is None or (dtype is not None and kind_of(dtype) >= kind_of(result)):
            result = dtype
    if result is None:
        raise TypeError("result_type needs at least one operand")
    return result


def _dtype_and_rank(operand: Any) -> tuple[np.dtype[Any], int]:
    is_array = hasattr(operand, "dtype") and not isinstance(operand, np.generic)
    if is_array and operand.dtype.kind in "buif":
        return operand.dtype, 0 if operand.ndim else 1
    if isinstance(operand, (bool, np.bool_)):
        return bool_, 2
    if isinstance(operand, (int, np.integer)):
        return int64, 2
    if isinstance(operand, (float, np.floating)):
        return DEFAULT, 2
    raise TypeError(
        f"ops compute with numbers, lists of numbers, arrays and tensors, not with {operand!r:.80}"
    )


# ------------------------------------------------------------------------- what ops take


def promoted(inputs: Sequence[Any]) -> list[Any]:
    """The inputs, all of the dtype that they have together; None, where one may be missing."""
    given = [x for x in inputs if x is not None]
    converted = iter(_converted(given, result_type(*given)))
    return [x if x is None else next(converted) for x in inputs]


def floats(inputs: Sequence[Any]) -> list[Any]:
    """The inputs as floats of one dtype: integers and booleans become the default one."""
    dtype = result_type(*inputs)
    return _converted(inputs, dtype if dtype.kind == "f" else DEFAULT)


def fitted(inputs: Sequence[Any]) -> list[Any]:
    """As `promoted`, for what gives one of its inputs: a number that does not fit is refused."""
    dtype = result_type(*inputs)
    if dtype.kind in "iu":
        inputs = [x if isinstance(x, np.ndarray) else number_in(x, dtype) for x in inputs]
    return _converted(inputs, dtype)


def choices(inputs: Sequence[Any]) -> list[Any]:
    """A condition as it is, and the values to choose from with the dtype they have together."""
    condition, *values = inputs
    return [condition, *fitted(values)]


def powers(inputs: Sequence[Any]) -> list[Any]:
    """As `promoted`; integers to the power of a number below 0, which is 0 mostly, are refused."""
    base, exponent = inputs
    of_integers = isinstance(exponent, int) and result_type(base).kind != "f"
    if of_integers and exponent < 0:
        raise ValueError(
            f"pow() of integers to the power {exponent}: make them floats first, as with .float()"
        )
    return promoted(inputs)


def totals(inputs: Sequence[Any]) -> list[Any]:
    """Integers and booleans as int64, so that their sums and products do not overflow."""
    return [x.astype(int64) if x.dtype.kind in "bui" else x for x in inputs]


# ------------------------------------------------------------------ numbers in a given dtype


def number_in(value: Any, dtype: Any) -> np.ndarray:
    """Plain numbers (one, or lists of them) as an array of this dtype; arrays are cast as ever.

    As in PyTorch, what is after the point is cut off for integers, and in an unsigned dtype a
    negative integer counts from its end: -1 is the largest. Raises ValueError for a number that an
    integer dtype does not hold, which would silently become another.
    """
    array, dtype = np.asarray(value), np.dtype(dtype)
    if dtype.kind in "iu" and array.size and array.dtype.kind in "iuf" and array is not value:
        limits = np.iinfo(dtype)
        from_the_end = dtype.kind == "u" and array.dtype.kind != "f"
        lowest = -limits.max if from_the_end else limits.min
        if not (lowest <= array.min() and array.max() <= limits.max):
            raise ValueError(
                f"{value!r:.80} does not fit into {dtype}, which goes from {limits.min} to "
                f"{limits.max}; use another dtype"
            )
    return array.astype(dtype)


# ---------------------------------------------------------------------------------- sums


def wide_sum(x: Any, dims: Any = None, keepdims: bool = False) -> Any:
    """The sum over `dims`, in float64 and not yet rounded; of integers, as NumPy gives it.

    NumPy adds narrower floats one after the other along every dimension but the last in memory:
    20 million ones in a column come to 16,777,216. In float64 the sum is exact to its last digit
    before it is rounded once.
    """
    dtype = float64 if x.dtype.kind == "f" else None
    return x.sum(axis=dims, dtype=dtype, keepdims=keepdims)


def sum_of(x: Any, dims: Any = None, keepdims: bool = False) -> Any:
    """The sum over `dims`, rounded once to the dtype of `x`."""
    return wide_sum(x, dims, keepdims).astype(x.dtype)


def _converted(inputs: Sequence[Any], dtype: np.dtype[Any]) -> list[Any]:
    """Every array of this dtype. Numbers stay what they are beside floats, where they are weak."""
    weak = dtype.kind == "f" and any(isinstance(x, np.ndarray) for x in inputs)
    return [
        x if weak and not isinstance(x, np.ndarray) else np.asarray(x).astype(dtype, copy=False)
        for x in inputs
    ]
