"""Optimisers: what turns gradients into steps.

Names, arguments, defaults and formulas are those of `torch.optim`. Each optimiser works in
place on the arrays of its parameters, and how it is written decides its speed: a pass of a
NumPy function over the 79,510 weights of the published network takes as long as a small matrix
product. So the passes are few and write into arrays that are there already.

To add an optimiser, subclass `Optimizer`: name its moments, and write `update`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..changes import mark_changed
from ..tensor import Tensor

FLUSH_EVERY = 100
"""After how many steps moments that have all but decayed are set to 0."""


class Optimizer:
    """What optimisers share: the parameters, their moments, and the walk over both.

    params        leaf tensors; one that is given twice is stepped once
    lr            learning rate, at least 0
    weight_decay  this times the weight is added to its gradient
    maximize      step up the gradient, not down
    """

    moments: tuple[str, ...] = ()
    settings: tuple[str, ...] = ("lr",)
    """What may change from step to step, as schedules do, and is therefore part of the state."""
    decoupled = False
    initial_lr: float | None = None
    """What schedules start from, as the first of them found it."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ):
        self.maximize = maximize
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
            w, g, *rest = p.data, p.grad.data, *moments.values()
            if w.ndim == 0:
                # What NumPy computes from arrays of no dimensions is no array, and has no `out`.
                w, g, *rest = np.atleast_1d(w, g, *rest)
            if self.maximize:
                g = -g
            if self.weight_decay and not self.decoupled:
                g = g + self.weight_decay * w
            self.update(self.steps[i], w, g, *rest)
            if self.steps[i] % FLUSH_EVERY == 0:
                for moment in moments.values():
                    _flush(moment)
            mark_changed(p.data)

    def update(self, step: int, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        """Change weights `w` and their moments in place, for gradient `g`, the step-th time."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of everything that decides the next step: by parameter, "0.exp_avg" and so on."""
        state = {name: np.array(getattr(self, name)) for name in self.settings}
        for i, (step, moments) in enumerate(zip(self.steps, self.state, strict=True)):
            state[f"{i}.step"] = np.array(step)
            state |= {f"{i}.{name}": moment.copy() for name, moment in moments.items()}
        return state

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state_dict` gave. If anything does not fit, change nothing."""
        refuse_misfit(self, state)
        for name in self.settings:
            setattr(self, name, np.asarray(state[name]).tolist())
        for i, moments in enumerate(self.state):
            self.steps[i] = int(state[f"{i}.step"])
            for name, moment in moments.items():
                moment[...] = state[f"{i}.{name}"]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.params)} parameters, lr={self.lr:g})"


class SGD(Optimizer):
    """Stochastic gradient descent: w -= lr * g, or with momentum, w -= lr * velocity.

        velocity = momentum * velocity + (1 - dampening) * g        (at first: g)

    nesterov  look ahead: step by g + momentum * velocity. Sutskever and others, 2013.
    """

    settings = ("lr", "momentum")

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ):
        if nesterov and (momentum <= 0 or dampening):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        self.momentum = _at_least_zero("momentum", momentum)
        self.dampening = float(dampening)
        self.nesterov = nesterov
        self.moments = ("momentum_buffer",) if momentum else ()
        super().__init__(params, lr, weight_decay, maximize)

    def update(self, step: int, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        if moments:
            (velocity,) = moments
            velocity *= self.momentum
            velocity += g * (1 - self.dampening) if self.dampening and step > 1 else g
            g = g + self.momentum * velocity if self.nesterov else velocity
        w -= self.lr * g


class Adam(Optimizer):
    """Adam: steps of about lr, whatever the size of the gradient. Kingma and Ba, 2015.

        m = b1 * m + (1 - b1) * g            v = b2 * v + (1 - b2) * g^2
        w -= lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)

    The moments are kept here without the factors (1 - b1) and (1 - b2), which go into the step
    size instead: two passes over the weights less.

    amsgrad  divide by the largest v so far. Reddi, Kale and Kumar, 2018.
    """

    settings = ("lr", "betas")

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        self._betas = self._settled = _below_one(betas)
        self.eps = _at_least_zero("eps", eps)
        self.moments = ("exp_avg", "exp_avg_sq") + (("max_exp_avg_sq",) if amsgrad else ())
        super().__init__(params, lr, weight_decay, maximize)

    @property
    def betas(self) -> tuple[float, float]:
        """b1 and b2, which may be changed between steps."""
        return self._betas

    @betas.setter
    def betas(self, betas: tuple[float, float]) -> None:
        self._betas = _below_one(betas)

    def step(self) -> None:
        self._settle()
        super().step()

    def _settle(self) -> None:
        """If b1 and b2 were changed, give the moments the factors that they would now lack."""
        if self._betas == self._settled:
            return
        pairs = zip(self._settled, self._betas, strict=True)
        first, second = ((1 - old) / (1 - new) for old, new in pairs)
        self._settled = self._betas
        for moments in self.state:
            for name, moment in moments.items():
                factor = first if name == "exp_avg" else second
                if factor != 1:
                    moment *= factor

    def state_dict(self) -> dict[str, np.ndarray]:
        self._settle()
        return super().state_dict()

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        super().load_state_dict(state)
        self._settled = self._betas

    def update(self, step: int, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        m, v, *largest = moments
        b1, b2 = self._betas
        v_scale = math.sqrt((1 - b2**step) / (1 - b2))
        m_scale = (1 - b1) / (1 - b1**step)
        m *= b1
        m += g
        v *= b2
        change = g * g
        v += change
        for most in largest:
            v = np.maximum(most, v, out=most)
        np.sqrt(v, out=change)
        change += self.eps * v_scale
        np.divide(m, change, out=change)
        change *= self.lr * m_scale * v_scale
        w -= change


class AdamW(Adam):
    """Adam with the decay apart from the gradient: w -= lr * weight_decay * w at each step.

    Loshchilov and Hutter, 2019.
    """

    decoupled = True

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def update(self, step: int, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        w *= 1 - self.lr * self.weight_decay
        super().update(step, w, g, *moments)


def _flush(moment: np.ndarray) -> None:
    """Set to 0 what has decayed almost to nothing.

    The weights of pixels that are nearly always black have moments that shrink at each step.
    Below 1e-38 float32 numbers are "denormal", and arithmetic on them is many times slower.
    """
    moment[np.abs(moment) < np.finfo(moment.dtype).tiny * 1e6] = 0


def refuse_misfit(owner: Any, state: Mapping[str, np.ndarray]) -> None:
    """ValueError if `state` has not the names and shapes that `owner.state_dict()` has."""
    own = {name: array.shape for name, array in owner.state_dict().items()}
    given = {name: np.shape(array) for name, array in state.items()}
    if own != given:
        differing = sorted(n for n in own.keys() | given if own.get(n) != given.get(n))
        raise ValueError(
            f"this state is not of {owner!r} (nothing was changed); it differs in "
            f"{', '.join(differing)}"
        )


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


def _below_one(betas: tuple[float, float]) -> tuple[float, float]:
    for name, beta in zip(("betas[0]", "betas[1]"), betas, strict=True):
        if not 0 <= beta < 1:
            raise ValueError(f"{name} must be at least 0 and below 1, not {beta}")
    return float(betas[0]), float(betas[1])
