"""Whether two results are the same: structure, kind, shape, dtype, values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

import tinygrad_mlp as tg

from .translate import DTYPES, OutsideError

TOLERANCE = {
    # relative to the larger of 1 and the value
    "float64": 1e-9,
    "float32": 1e-5,
    "float16": 1e-3,
}

Difference = tuple[str, str]
"""What kind of difference, and the first place where it is."""


def leaves(result: Any) -> list[Any]:
    """The tensors and numbers of a result, in order."""
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in leaves(part)]
    if isinstance(result, dict):
        return [leaf for part in result.values() for leaf in leaves(part)]
    return [result]


def difference(ours: Any, theirs: Any, values: bool = True) -> Difference | None:
    """What differs first; None if nothing does. Without `values`: all but the values."""
    ours, theirs = leaves(ours), leaves(theirs)
    if len(ours) != len(theirs):
        return "number of results", f"{len(ours)}, PyTorch {len(theirs)}"
    for i, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        found = _difference_of_leaves(mine, other, values)
        if found:
            what, where = found
            return what, f"part {i} of {len(ours)}: {where}" if len(ours) > 1 else where
    return None


def _difference_of_leaves(mine: Any, other: Any, values: bool) -> Difference | None:
    if not isinstance(other, torch.Tensor):
        if isinstance(other, torch.dtype):
            return None if DTYPES.get(other) == mine else ("value", f"{mine}, PyTorch {other}")
        if type(mine) is not type(other):
            return f"gives {_kind(mine)}, PyTorch {_kind(other)}", f"{mine!r}, PyTorch {other!r}"
        same = mine == other or (isinstance(other, float) and _close_numbers(mine, other))
        return None if same or not values else ("value", f"{mine!r}, PyTorch {other!r}")
    if not isinstance(mine, tg.Tensor):
        return f"gives {_kind(mine)}, PyTorch a tensor", f"PyTorch {other!r:.80}"
    if other.dtype not in DTYPES or other.layout is not torch.strided:
        raise OutsideError(f"a result that is {other.dtype}, {other.layout}")
    expected, got = _array(other), _array(mine)
    if got.dtype != expected.dtype:
        return f"dtype {got.dtype}, PyTorch {expected.dtype}", ""
    if got.shape != expected.shape:
        return "shape", f"{got.shape}, PyTorch {expected.shape}"
    return value_difference(got, expected) if values else None


def value_difference(got: np.ndarray, expected: np.ndarray) -> Difference | None:
    """The first place where two arrays of one shape and dtype differ."""
    same = got == expected
    if same.all():
        return None
    differs = ~(same | _close(got, expected))
    if not differs.any():
        return None
    place = tuple(map(int, np.argwhere(differs)[0]))
    mine, other = got[place], expected[place]
    special = not (np.isfinite(mine) and np.isfinite(other))
    kind = "value at NaN or infinity" if special else "value"
    where = f"{place}: " if place else ""
    return kind, f"{where}{mine}, PyTorch {other}; {np.count_nonzero(differs)} of {got.size}"


def _close(got: np.ndarray, expected: np.ndarray) -> Any:
    if got.dtype.kind != "f":
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        allowed = TOLERANCE[got.dtype.name] * np.maximum(1, np.abs(expected))
        near = np.abs(got - expected) <= np.where(np.isfinite(allowed), allowed, 0)
    return near | (np.isnan(got) & np.isnan(expected))


def _close_numbers(mine: float, other: float) -> bool:
    return math.isclose(mine, other, rel_tol=1e-12) or (math.isnan(mine) and math.isnan(other))


def same_but_for_ties(ours: Any, theirs: Any, x: torch.Tensor, dim: int) -> bool:
    """Whether two results are the same whose last part is indices into `x`, in some order of ties.

    The indices name equal values, and none is there twice.
    """
    *mine, my_index = leaves(ours)
    *others, their_index = leaves(theirs)
    if difference(ours, theirs, values=False) or difference(mine, others) or not x.ndim:
        return False
    index = torch.from_numpy(_array(my_index))
    if bool((index < 0).any() or (index >= x.shape[dim]).any()):
        return False
    once = index.sort(dim).values.diff(dim=dim).all()
    named, expected = (_array(x.take_along_dim(i, dim)) for i in (index, their_index))
    return bool(once) and np.array_equal(named, expected, equal_nan=True)


def within_rounding(mine: Any, other: Any, right: Any, moved: Any) -> bool:
    """Whether a float32 result is as right as can be asked.

    It is near to the `right` one; or at most twice as far from it as PyTorch's `other`; or as near
    as a result can be whose arguments are rounded: `moved` is what such arguments make of it.
    """
    got, expected, exact, shaken = (
        np.asarray(_array(v), np.float64) for v in (mine, other, right, moved)
    )
    with np.errstate(invalid="ignore", over="ignore"):
        near = TOLERANCE["float32"] * np.maximum(1, np.abs(exact))
        allowed = np.maximum(near, 2 * np.abs(expected - exact))
        allowed = np.fmax(allowed, 4 * np.abs(shaken - exact))
        within = np.abs(got - exact) <= np.where(np.isfinite(allowed), allowed, 0)
    return bool(np.all(within | (got == expected) | (np.isnan(got) & np.isnan(expected))))


def _array(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.numpy(force=True)
    return value.data if isinstance(value, tg.Tensor) else value


def _kind(value: Any) -> str:
    if isinstance(value, tg.Tensor):
        return "a tensor"
    return f"a {type(value).__name__}" if value is not None else "nothing"
