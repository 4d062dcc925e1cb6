"""Making tensors: zeros, ranges, random numbers.

Names, arguments and defaults are PyTorch's; the default dtype is float32 (int64 for `arange` of
integers), and what is random takes `rng=`, a numpy Generator or a seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arguments import make_helpful
from .composed import sizes
from .dtypes import number_in
from .observing import constant, drawn
from .signatures import DType, Rng
from .tensor import Tensor, _to_array, from_numpy

FLOAT = np.float32


def _made(array: np.ndarray, requires_grad: bool) -> Tensor:
    return constant(Tensor(array, requires_grad=requires_grad))


def zeros(
    *given: int | Sequence[int],
    size: Sequence[int] | None = None,
    dtype: DType = FLOAT,
    requires_grad: bool = False,
) -> Tensor:
    """All 0, of the given size: zeros(2, 3) or zeros((2, 3)).

    >>> tg.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    return _made(np.zeros(sizes(given, size), dtype), requires_grad)


def ones(
    *given: int | Sequence[int],
    size: Sequence[int] | None = None,
    dtype: DType = FLOAT,
    requires_grad: bool = False,
) -> Tensor:
    """All 1, of the given size: ones(2, 3) or ones((2, 3)).

    >>> tg.ones(2, 3)
    tensor([[1., 1., 1.],
            [1., 1., 1.]])
    """
    return _made(np.ones(sizes(given, size), dtype), requires_grad)


def full(
    size: int | Sequence[int],
    fill_value: Any,
    dtype: DType | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """All `fill_value`; its kind decides the dtype if none is given.

    >>> tg.full((2, 3), 7)
    tensor([[7, 7, 7],
            [7, 7, 7]])
    """
    return _made(_to_array(fill_value, dtype) * np.ones(size, np.bool_), requires_grad)


def eye(n: int, m: int | None = None, dtype: DType = FLOAT, requires_grad: bool = False) -> Tensor:
    """1 on the diagonal, 0 elsewhere: (n, m), or (n, n).

    >>> tg.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _made(np.eye(n, m, dtype=dtype), requires_grad)


def arange(
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    dtype: DType | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, ... up to before `end`; arange(end) starts at 0.

    dtype  None: int64 if all three are integers, else float32

    Raises TypeError without an end, and ValueError for a step of 0 or of the wrong sign.

    >>> tg.arange(1, 7, 2)
    tensor([1, 3, 5])
    """
    start, end = (0, start) if end is None else (0 if start is None else start, end)
    if end is None:
        raise TypeError("arange needs an end; write arange(end) or arange(start, end)")
    start, end, step = (x.item() if hasattr(x, "item") else x for x in (start, end, step))
    if dtype is not None and np.dtype(dtype) == np.int64:  # as PyTorch does for int64 alone
        start, end, step = int(start), int(end), int(step)
    if step == 0:
        raise ValueError("arange needs a step that is not 0")
    if not all(map(math.isfinite, (start, end, step))) or (end - start) * step < 0:
        raise ValueError(
            f"arange cannot go from {start} to {end} in steps of {step}; the step needs the sign "
            "of end - start, and all must be finite"
        )
    whole = all(isinstance(x, int) for x in (start, end, step))
    dtype = np.dtype(dtype or (np.int64 if whole else FLOAT))
    values = np.arange(start, end, step)
    if dtype.kind in "iu" and not whole:  # as many values, but from whole numbers in whole steps
        values = int(start) + np.arange(len(values)) * int(step)
    return _made(values.astype(dtype), requires_grad)


def linspace(
    start: Any, end: Any, steps: int, dtype: DType = FLOAT, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers at equal distances, from `start` to `end` inclusive.

    start, end  numbers, or tensors of a single one

    Raises ValueError unless `steps` is a whole number, at least 0.

    >>> tg.linspace(0, 1, 5)
    tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    if not isinstance(steps, (int, np.integer)) or steps < 0:
        raise ValueError(f"linspace needs a whole number of steps, at least 0, not {steps!r}")
    first, last = (x.item() if hasattr(x, "item") else x for x in (start, end))
    if np.dtype(dtype).kind in "iu":
        first, last = int(number_in(first, dtype)), int(number_in(last, dtype))
    return _made(np.linspace(first, last, steps).astype(dtype), requires_grad)


def empty(
    *given: int | Sequence[int],
    size: Sequence[int] | None = None,
    dtype: DType = FLOAT,
    requires_grad: bool = False,
) -> Tensor:
    """Of the given size, with whatever is in memory: to be written into before it is read.

    >>> tg.empty(2, 3).shape
    (2, 3)
    """
    return _made(np.empty(sizes(given, size), dtype), requires_grad)


def randint(
    *given: Any,
    low: int = 0,
    high: int | None = None,
    size: Any = None,
    rng: Rng = None,
    dtype: DType = np.int64,
) -> Tensor:
    """Integers from `low` up to before `high`: randint(high, size) or randint(low, high, size).

    rng  a seed or a numpy Generator; None for other numbers each time

    Raises ValueError if there are none.

    >>> tg.randint(5, 6, (3,), rng=0)
    tensor([5, 5, 5])
    """
    bounds, size = (given, size) if size is not None else (given[:-1], given[-1])
    low, high = bounds if len(bounds) == 2 else (low, *bounds) if bounds else (low, high)
    return _drawn(rng, lambda generator: generator.integers(low, high, size), dtype)


def randperm(n: int, rng: Rng = None, dtype: DType = np.int64) -> Tensor:
    """The integers from 0 up to before `n`, in random order.

    rng  a seed or a numpy Generator; None for other numbers each time

    >>> tg.randperm(3, rng=0).sort().values
    tensor([0, 1, 2])
    """
    return _drawn(rng, lambda generator: generator.permutation(n), dtype)


def rand(
    *given: int | Sequence[int],
    size: Sequence[int] | None = None,
    rng: Rng = None,
    dtype: DType = FLOAT,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform from 0 up to before 1, of the given size.

    rng  a seed or a numpy Generator; None for other numbers each time

    >>> x = tg.rand(2, 3, rng=0)
    >>> bool((x >= 0).all() and (x < 1).all())
    True
    """
    shape = sizes(given, size)
    made = _drawn(rng, lambda generator: generator.random(shape, _drawn_as(dtype)), dtype)
    return made.requires_grad_(requires_grad)


def randn(
    *given: int | Sequence[int],
    size: Sequence[int] | None = None,
    rng: Rng = None,
    dtype: DType = FLOAT,
    requires_grad: bool = False,
) -> Tensor:
    """Normal, mean 0 and standard deviation 1, of the given size.

    rng  a seed or a numpy Generator; None for other numbers each time

    >>> x = tg.randn(1000, rng=0)
    >>> abs(float(x.mean())) < 0.1, abs(float(x.std()) - 1) < 0.1
    (True, True)
    """
    shape = sizes(given, size)
    made = _drawn(rng, lambda generator: generator.standard_normal(shape, _drawn_as(dtype)), dtype)
    return made.requires_grad_(requires_grad)


def _drawn(rng: Rng, draw: Callable[[np.random.Generator], Any], dtype: DType) -> Tensor:
    """What `draw` takes from a generator, in this dtype."""
    return from_numpy(drawn(rng, lambda generator: np.asarray(draw(generator)).astype(dtype)))


def _drawn_as(dtype: DType) -> Any:
    """NumPy draws float64 and float32; other dtypes are rounded from the latter."""
    return np.float64 if np.dtype(dtype) == np.float64 else np.float32


def zeros_like(
    input: Tensor | np.ndarray, dtype: DType | None = None, requires_grad: bool = False
) -> Tensor:
    """All 0, of the shape and dtype of `input`.

    >>> tg.zeros_like(tg.tensor([5, 7]))
    tensor([0, 0])
    """
    return zeros(input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


def ones_like(
    input: Tensor | np.ndarray, dtype: DType | None = None, requires_grad: bool = False
) -> Tensor:
    """All 1, of the shape and dtype of `input`.

    >>> tg.ones_like(tg.tensor([5, 7]))
    tensor([1, 1])
    """
    return ones(input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


def full_like(
    input: Tensor | np.ndarray,
    fill_value: Any,
    dtype: DType | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """All `fill_value`, of the shape and dtype of `input`.

    >>> tg.full_like(tg.tensor([5.0, 7.0]), 3)
    tensor([3., 3.])
    """
    return full(input.shape, fill_value, dtype or input.dtype, requires_grad)


def rand_like(
    input: Tensor | np.ndarray,
    rng: Rng = None,
    dtype: DType | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform from 0 up to before 1, of the shape and dtype of `input`.

    rng  a seed or a numpy Generator; None for other numbers each time

    >>> tg.rand_like(tg.zeros(2, 3), rng=0).shape
    (2, 3)
    """
    return rand(input.shape, rng=rng, dtype=dtype or input.dtype, requires_grad=requires_grad)


def randn_like(
    input: Tensor | np.ndarray,
    rng: Rng = None,
    dtype: DType | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal, mean 0 and standard deviation 1, of the shape and dtype of `input`.

    rng  a seed or a numpy Generator; None for other numbers each time

    >>> tg.randn_like(tg.zeros(2, 3), rng=0).shape
    (2, 3)
    """
    return randn(input.shape, rng=rng, dtype=dtype or input.dtype, requires_grad=requires_grad)


make_helpful(globals())
