"""What Python decides by looking at values: checks, and choices of how to go on.

Each is asked through `observing.decide`, so that a program that was written down (`tg.compile`)
asks again at each call. They stand here under a name so that its text can call them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dtypes import wide_sum


def all_close(a: np.ndarray, b: np.ndarray, rtol: float, atol: float, equal_nan: bool) -> bool:
    """Whether all values are close: see `isclose`."""
    return bool(np.isclose(a, b, rtol, atol, equal_nan).all())


def contains_nan(array: np.ndarray) -> bool:
    """Whether a value is NaN."""
    return bool(np.isnan(array).any())


def count_equal(array: np.ndarray, number: int) -> int:
    """How many values of the array are this number."""
    return int(np.count_nonzero(array == number))


def count_weighted(hot: np.ndarray, weights: Any) -> float:
    """What all targets count together."""
    return float(wide_sum(hot * weights))


def counts_of(array: np.ndarray) -> tuple[int, ...]:
    """The whole numbers of an array, one after the other."""
    return tuple(array.ravel().tolist())


def most_at_one_place(index: np.ndarray, shape: tuple[int, ...], dim: int) -> int:
    """How many values of an index along `dim` name one place, where the most do."""
    places: list[Any] = list(np.indices(index.shape))
    places[dim] = index
    named = np.ravel_multi_index(tuple(places), shape, mode="wrap").ravel()
    return int(np.bincount(named).max())


def largest(array: np.ndarray) -> int:
    """The largest of whole numbers."""
    return int(array.max())


def refuse_unknown_rows(index: np.ndarray, rows: int) -> None:
    """ValueError unless the numbers name rows of an embedding."""
    if index.size and (index.min() < 0 or index.max() >= rows):
        raise ValueError(
            f"embedding has rows 0 to {rows - 1}, and was asked for {index.min()} to {index.max()}"
        )


def refuse_unknown_classes(labels: np.ndarray, num_classes: int) -> None:
    """ValueError unless all labels are from 0 to num_classes - 1."""
    wrong = (labels < 0) | (labels >= num_classes)
    if np.count_nonzero(wrong):
        row = np.flatnonzero(wrong)[0]
        raise ValueError(
            f"row {row} has class {labels.ravel()[row]}, and with {num_classes} classes the "
            f"indices go from 0 to {num_classes - 1}"
        )


def shape_of(array: np.ndarray) -> tuple[int, ...]:
    """The shape of what was picked by a mask: it depends on the values."""
    return array.shape


def size_for_power(values: np.ndarray, p: float) -> float:
    """A power of two near the largest value, if its power p might not be representable; else 1."""
    largest = float(np.max(np.abs(values), initial=0.0))
    limits = np.finfo(values.dtype)
    room = 0.8 / max(abs(p), 2)
    if not math.isfinite(largest) or largest == 0:
        return 1.0
    if float(limits.tiny) ** room < largest < float(limits.max) ** room:
        return 1.0
    return 2.0 ** math.frexp(largest)[1]
