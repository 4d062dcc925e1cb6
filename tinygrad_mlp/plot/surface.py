"""The surface of a loss around a trained model, along two random directions."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from ..engine import no_grad, plain
from ..nn import Module, Parameter
from ..nn import functional as F
from ..train import in_eval_mode
from .style import describe, place

LEVELS = 14
"""How many heights have a contour."""

BOX: dict[str, Any] = {"boxstyle": "round,pad=0.15", "color": "white", "alpha": 0.7}


def loss_surface(
    model: Module,
    inputs: Any,
    targets: Any,
    loss_fn: Callable[[Any, Any], Any] = F.cross_entropy,
    span: float = 1.0,
    points: int = 21,
    rng: Any = None,
    ax: Axes | None = None,
) -> Figure:
    """The loss as a map, when the weights move along two random directions.

    inputs, targets  the batch on which the loss is measured: a thousand examples are enough
    loss_fn          of (outputs, targets), a mean over the batch
    span             how far the map goes to each side; at 1 the weights of a unit have moved by as
                     much as their own length
    points           of the map along each side, at least 2: it takes points * points forward passes
    rng              a seed or a generator for the directions
    ax               draw into these axes

    The directions are normalised filter by filter: a random direction has, for each unit, the
    length of that unit's weights, and leaves biases and normalisations alone (Li, Xu, Taylor,
    Studer and Goldstein, "Visualizing the loss landscape of neural nets", 2018). So maps of
    different networks can be compared. The model is in eval mode meanwhile, and has its weights
    again afterwards, to the bit. Raises ValueError if the loss is nowhere a finite number, or for
    another span or number of points.

    >>> x, y = tg.ones(4, 2), tg.ones(4, 1)
    >>> model = nn.Linear(2, 1, rng=0)
    >>> plot.loss_surface(model, x, y, nn.MSELoss(), points=5, rng=0).axes[0].get_title()
    'The loss around the model'
    """
    if not isinstance(points, Integral) or points < 2:
        raise ValueError(f"points should be a whole number, at least 2, and is {points!r:.40}")
    if not isinstance(span, Real) or not 0 < span < math.inf:
        raise ValueError(f"span should be a finite number above 0, and is {span!r:.40}")
    figure, axes = place(ax, 5.6, 4.6)
    here = _loss(model, inputs, targets, loss_fn)
    steps, losses = losses_around(model, inputs, targets, loss_fn, span, points, rng)
    finite = losses[np.isfinite(losses)]
    if not len(finite):
        raise ValueError("the loss is infinite or not a number everywhere on this map")
    low, high = float(finite.min()), float(finite.max())
    is_wide = low > 0 and high >= 5 * low
    levels = (np.geomspace if is_wide else np.linspace)(
        low, high if high > low else low + 1, LEVELS
    )
    shown = np.ma.masked_invalid(losses)
    filled = axes.contourf(
        steps, steps, shown, levels, cmap="cividis_r", norm=LogNorm() if is_wide else None
    )
    lines = axes.contour(steps, steps, shown, levels[1:-1:2], colors="black", linewidths=0.7)
    axes.clabel(lines, fmt="%.2g", fontsize=8)
    axes.plot(0, 0, "o", color="white", markeredgecolor="black", markersize=7)
    axes.annotate("the model", (0, 0), (7, 6), textcoords="offset points", fontsize=9, bbox=BOX)
    axes.set_xlabel("along one direction", fontsize=9)
    axes.set_ylabel("along another", fontsize=9)
    axes.set_title("The loss around the model", fontsize=11)
    axes.tick_params(labelsize=9)
    axes.set_aspect("equal")
    bar = figure.colorbar(filled, ax=axes, format="%.2g")
    bar.set_label("loss", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    at = f"about {here:.3g}" if math.isfinite(here) else "not a finite number"
    return describe(
        figure,
        ax,
        f"The loss along two directions: {at} at the model, from {low:.3g} to "
        f"{high:.3g} on the map",
    )


def _loss(model: Module, inputs: Any, targets: Any, loss_fn: Callable[[Any, Any], Any]) -> float:
    """The loss where the model stands; an even number of points has no point there."""
    with in_eval_mode(model), no_grad(), np.errstate(over="ignore", invalid="ignore"):
        return float(plain(loss_fn(model(inputs), targets)))


def losses_around(
    model: Module,
    inputs: Any,
    targets: Any,
    loss_fn: Callable[[Any, Any], Any],
    span: float,
    points: int,
    rng: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """The steps (points,) from -span to span, and the losses (points, points) there.

    `losses[j, i]` is the loss i steps along the first direction and j along the second.
    """
    rng = np.random.default_rng(rng)
    parameters = list(model.parameters())
    before = [p.data.copy() for p in parameters]
    along = [(direction(p, rng), direction(p, rng)) for p in parameters]
    steps = np.linspace(-span, span, points)
    losses = np.empty((points, points))
    try:
        with in_eval_mode(model), no_grad(), np.errstate(over="ignore", invalid="ignore"):
            for j, b in enumerate(steps):
                for i, a in enumerate(steps):
                    for p, start, (first, second) in zip(parameters, before, along, strict=True):
                        p.detach().copy_(start + (a * first + b * second))
                    losses[j, i] = float(plain(loss_fn(model(inputs), targets)))
    finally:
        for p, start in zip(parameters, before, strict=True):
            p.detach().copy_(start)
    return steps, losses


def direction(parameter: Parameter, rng: np.random.Generator) -> np.ndarray:
    """A random direction; for each output of a layer, as long as the weights of that output.

    A bias, or whatever else has less than two dimensions, does not move.
    """
    drawn: np.ndarray = rng.normal(size=parameter.shape)
    if parameter.ndim < 2:
        return np.zeros_like(drawn)
    inside = tuple(range(1, parameter.ndim))
    own = np.sqrt(np.square(parameter.data, dtype=np.float64).sum(inside, keepdims=True))
    drawn *= own / np.sqrt(np.square(drawn).sum(inside, keepdims=True))
    return drawn
