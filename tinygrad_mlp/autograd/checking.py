"""Checks of gradients against central differences: `gradcheck` and `gradgradcheck`.

Names, arguments and results are those of `torch.autograd`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import enable_grad
from ..tensor import Tensor
from .functional import Function, as_tuple, gradients_or_zeros, jacobian_of


def gradcheck(
    func: Function,
    inputs: Any,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Whether the gradients of `func` agree with central differences of width `eps`.

    func             a function of tensors, to a tensor or a tuple of them
    inputs           float64 tensors; those that require a gradient are checked
    atol, rtol       they agree if |found - expected| <= atol + rtol * |expected|
    raise_exception  whether to raise, if they do not, or to return False

    If they do not agree, AssertionError with the largest difference, or False. Raises ValueError if
    there is nothing to check, or in another dtype.

    >>> x = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
    >>> tg.gradcheck(tg.exp, x)
    True
    """
    xs = as_tuple(inputs)
    checked = [x for x in xs if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck needs an input that requires a gradient")
    if any(x.dtype != np.float64 for x in checked):
        raise ValueError("gradcheck needs float64 inputs: differences of float32 are too coarse")
    with enable_grad():
        ys = as_tuple(func(*xs))
    for j, y in enumerate(ys):
        # an output that lost its graph has gradients of 0, and differences tell whether rightly
        analytic = jacobian_of(y, checked, create_graph=False)
        for i, (x, found) in enumerate(zip(checked, analytic, strict=True)):
            expected = differences(_output(func, xs, j, x), x.data, eps)
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


def _output(
    func: Function, xs: tuple[Any, ...], j: int, x: Tensor
) -> Callable[[np.ndarray], np.ndarray]:
    """The j-th output of `func`, as a function of the array of one of its inputs, `x`."""

    def value(array: np.ndarray) -> np.ndarray:
        kept, x.data = x.data, array
        try:
            output: np.ndarray = as_tuple(func(*xs))[j].data
            return output
        finally:
            x.data = kept

    return value


def gradgradcheck(func: Function, inputs: Any, **options: Any) -> bool:
    """As `gradcheck`, for the gradients of the gradients of `func`.

    options  those of `gradcheck`

    >>> x = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
    >>> tg.gradgradcheck(tg.exp, x)
    True
    """
    checked = [i for i, x in enumerate(as_tuple(inputs)) if x.requires_grad]

    def gradients(*xs: Tensor) -> tuple[Tensor, ...]:
        ys = as_tuple(func(*xs))
        # Fixed weights, no two alike, so that no second derivative can hide behind another.
        weights = [np.cos(np.arange(y.data.size)).reshape(y.shape) + 2 for y in ys]
        return gradients_or_zeros(ys, [xs[i] for i in checked], weights, create_graph=True)

    return gradcheck(gradients, inputs, **options)


def differences(function: Callable[[np.ndarray], Any], x: np.ndarray, steps: Any) -> np.ndarray:
    """Central differences of `function` with respect to every number in `x`, moved in turn.

    steps  how far each number is moved to either side: one for all, or of the shape of `x`

    Of shape function(x).shape + x.shape. Each number costs two evaluations.

    >>> x = np.array([1.0, 2.0, 3.0])
    >>> testing.differences(lambda x: np.sum(x**2), x, 1e-6).round(6)
    array([2., 4., 6.])
    """
    steps = np.broadcast_to(steps, x.shape)
    slopes = np.zeros((*np.shape(function(x)), *x.shape))
    for where in np.ndindex(x.shape):
        sides = []
        for step in (steps[where], -steps[where]):
            moved = x.copy()
            moved[where] += step
            sides.append(np.array(function(moved)))
        slopes[(..., *where)] = (sides[0] - sides[1]) / (2 * steps[where])
    return slopes
