"""Optimisers: what turns gradients into steps.

Names, arguments, defaults and formulas are those of `torch.optim`. Each optimiser works in
place on the arrays of its parameters, and how it is written decides its speed: a pass of a
NumPy function over the 79,510 weights of the published network takes as long as a small matrix
product. So the passes are few, and run over pieces that stay in the cache.

To add an optimiser, subclass `Optimizer`: name its moments, and write `update`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from .engine import mark_changed
from .tensor import Tensor

PIECE = 32_768
"""How many values are updated at a time: their arrays together stay in the cache."""

FLUSH_EVERY = 100
"""After how many steps moments that have all but decayed are set to 0."""


class Optimizer:
    """What optimisers share: the parameters, their moments, and the walk over both.

    params        leaf tensors; one that is given twice is stepped once
    lr            learning rate, at least 0
    weight_decay  this times the weight is added to its gradient
    """

    moments: tuple[str, ...] = ()

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float = 0.0):
        self.params = _unique_leaves(params)
        self.lr = _at_least_zero("lr", lr)
        self.weight_decay = _at_least_zero("weight_decay", weight_decay)
        self.steps = [0] * len(self.params)
        self.state = [{name: np.zeros_like(p.data) for name in self.moments} for p in self.params]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for i, (p, moments) in enumerate(zip(self.params, self.state, strict=True)):
            if p.grad is None:
                continue
            self.steps[i] += 1
            for w, g, *rest in _pieces([p.data, p.grad.data, *moments.values()]):
                if self.weight_decay:
                    g = g + self.weight_decay * w
                self.update(self.steps[i], w, g, *rest)
            if self.steps[i] % FLUSH_EVERY == 0:
                for moment in moments.values():
                    _flush(moment)
            mark_changed(p.data)

    def update(self, step: int, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        """Change weights `w` and their moments in place, for gradient `g`, the step-th time."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.params)} parameters, lr={self.lr:g})"


class SGD(Optimizer):
    """Stochastic gradient descent: w -= lr * g, or with momentum, w -= lr * (sum of past g)."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ):
        self.momentum = _at_least_zero("momentum", momentum)
        self.moments = ("momentum_buffer",) if momentum else ()
        super().__init__(params, lr, weight_decay)

    def update(self, step: int, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        if moments:
            (velocity,) = moments
            velocity *= self.momentum
            velocity += g
            g = velocity
        w -= self.lr * g


class Adam(Optimizer):
    """Adam: steps of about lr, whatever the size of the gradient. Kingma and Ba, 2015.

        m = b1 * m + (1 - b1) * g            v = b2 * v + (1 - b2) * g^2
        w -= lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)

    The moments are kept here without the factors (1 - b1) and (1 - b2), which are constant and
    go into the step size instead: two passes over the weights less.
    """

    moments = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        for name, beta in zip(("betas[0]", "betas[1]"), betas, strict=True):
            if not 0 <= beta < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, not {beta}")
        self.betas = (float(betas[0]), float(betas[1]))
        self.eps = _at_least_zero("eps", eps)
        super().__init__(params, lr, weight_decay)

    def update(self, step: int, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        m, v = moments
        b1, b2 = self.betas
        v_scale = math.sqrt((1 - b2**step) / (1 - b2))
        m_scale = (1 - b1) / (1 - b1**step)
        m *= b1
        m += g
        v *= b2
        change = g * g
        v += change
        np.sqrt(v, out=change)
        change += self.eps * v_scale
        np.divide(m, change, out=change)
        change *= self.lr * m_scale * v_scale
        w -= change


def _pieces(arrays: list[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """The same stretch of every array, one stretch after the other, as views."""
    size = arrays[0].size
    if arrays[0].ndim == 0:
        # What NumPy computes from arrays of no dimensions is no array, and cannot be written to.
        yield [a.reshape(1) for a in arrays]
        return
    if size <= PIECE or not all(a.flags.c_contiguous for a in arrays):
        yield arrays
        return
    flat = [a.reshape(-1) for a in arrays]
    for start in range(0, size, PIECE):
        yield [a[start : start + PIECE] for a in flat]


def _flush(moment: np.ndarray) -> None:
    """Set to 0 what has decayed almost to nothing.

    The weights of pixels that are nearly always black have moments that shrink at each step.
    Below 1e-38 float32 numbers are "denormal", and arithmetic on them is many times slower.
    """
    moment[np.abs(moment) < np.finfo(moment.dtype).tiny * 1e6] = 0


def _unique_leaves(params: Iterable[Tensor]) -> list[Tensor]:
    if isinstance(params, Tensor):
        raise TypeError("an optimiser takes a list of parameters; write [parameter]")
    unique = list({id(p): p for p in params}.values())
    if not unique:
        raise ValueError("an optimiser needs at least one parameter, as from model.parameters()")
    for p in unique:
        if not isinstance(p, Tensor) or not p.is_leaf or not p.requires_grad:
            raise TypeError(
                "an optimiser steps leaf tensors that require a gradient, as from "
                f"model.parameters(); it was given {p!r:.80}"
            )
    return unique


def _at_least_zero(name: str, value: float) -> float:
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be a finite number, at least 0, not {value}")
    return float(value)
