"""Layers: what the first one looks for, what each one gives, and what comes back to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from ..engine import no_grad, plain
from ..nn import Module
from ..train import in_eval_mode
from .style import COLOURS, bare, counted, describe, log_ticks, need, place

MOST_UNITS = 40
"""How many units `first_weights` shows at most."""

SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#05204d", "#4f86bd", "white", "#f7b596", "#dd5a26"]
).with_extremes(bad="#999999")
"""Blue below 0, red above; in grey, blue is darker than red: only strong blues are nearly black.

What is not finite is grey."""

BINS = 80
"""Of a histogram."""


def first_weights(weights: np.ndarray | Module, title: str = "first layer") -> Figure:
    """What the units of a first layer look for: a picture of 28 x 28 for each, 40 at most.

    weights  (units, 784), or a model, whose first parameter of two dimensions they are

    Red weights are above 0, blue ones below, white ones are 0; all units share one scale. Raises
    ValueError for weights of another shape.

    >>> plot.first_weights(nn.Linear(784, 4, rng=0)).get_label()
    'first layer: the incoming weights of 4 units, as pictures'
    """
    if isinstance(weights, Module):
        matrices = (p.data for p in weights.parameters() if p.ndim == 2)
        weights = next(matrices, np.zeros(0))
    weights = np.asarray(weights)
    if weights.ndim != 2 or weights.shape[1] != 784:
        raise ValueError(f"first_weights needs weights (units, 784), and got {weights.shape}")
    need(len(weights), "at least one unit")
    shown = np.ma.masked_invalid(weights[:MOST_UNITS].reshape(-1, 28, 28))
    columns = min(10, len(shown))
    rows = math.ceil(len(shown) / columns)
    limit = float(np.abs(shown.compressed()).max(initial=0)) or 1.0
    figure = Figure(figsize=(0.85 * columns + 1, 0.8 * rows + 0.5), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    for i, unit in enumerate(shown):
        axes = figure.add_subplot(grid[i])
        picture = axes.imshow(unit, cmap=SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")
        bare(axes)
    if len(shown) < len(weights):
        title += f" (the first {len(shown)} of {len(weights)} units)"
    bad = int(np.ma.count_masked(shown))
    if bad:
        title += f" ({counted(bad, 'weight')} not finite, in grey)"
    figure.suptitle(title, fontsize=11)
    bar = figure.colorbar(picture, ax=figure.axes, label="weight", aspect=30)
    bar.ax.tick_params(labelsize=8)
    units = counted(len(shown), "unit")
    figure.set_label(f"{title}: the incoming weights of {units}, as pictures")
    return figure


@dataclass(frozen=True)
class Row:
    """A histogram in a figure of layers.

    name    of the layer or parameter; `note` says in words what the shape cannot
    values  flat; none if there is nothing to draw
    """

    name: str
    note: str
    values: np.ndarray


def activations(model: Module, inputs: Any, ax: Axes | None = None) -> Figure:
    """What each layer gives for these inputs, as a histogram: from the inputs down to the scores.

    inputs  a batch as the model takes it, such as images (n, 28, 28)
    ax      draw into these axes

    The model is in eval mode meanwhile, and nothing is recorded. Exact zeros, and what is not
    finite, are counted in words and not drawn; layers that change no value (Flatten, Dropout here)
    are left out.

    >>> figure = plot.activations(nn.Sequential(nn.Linear(4, 3, rng=0), nn.ReLU()), tg.ones(5, 4))
    >>> [name.get_text() for name in figure.axes[0].get_yticklabels()]
    ['inputs', '0 Linear', '1 ReLU']
    """
    rows = [Row("inputs", _about_values(_flat(inputs)), _flat(inputs))]
    for name, output in _outputs(model, inputs):
        values = _flat(output)
        if not np.array_equal(values, rows[-1].values, equal_nan=True):
            rows.append(Row(name, _about_values(values), values))
    drawn = [_drawable(row.values) for row in rows]
    limits = [np.quantile(values, (0.005, 0.995)) for values in drawn if len(values)]
    low, high = (min(a for a, _ in limits), max(b for _, b in limits)) if limits else (0.0, 1.0)
    width = (high - low) / BINS or abs(high) / 10.5 or 1.0  # equal values: in the middle of a bin
    width = max(width, 1e-6 * max(abs(low), abs(high)))  # or rounding would empty narrow bins
    edges = width * np.arange(math.floor(low / width), math.floor(high / width) + 2)
    figure, axes = place(ax, 8, 1.2 + 0.62 * len(rows))
    _draw_rows(axes, rows, drawn, edges)
    axes.axvline(0, color="#999999", linewidth=0.8, zorder=0)
    axes.set_xlabel("output of the layer", fontsize=9)
    axes.set_title("What each layer gives", fontsize=11)
    return describe(figure, ax, "Outputs by layer. " + _told(rows))


def gradients(model: Module, ax: Axes | None = None) -> Figure:
    """The sizes of the gradients that `backward` has left, as a histogram for each parameter.

    ax  draw into these axes

    The axis is logarithmic; exact zeros, and what is not finite, are counted in words. Raises
    ValueError if no parameter has a gradient.

    >>> layer = nn.Linear(4, 3, rng=0)
    >>> layer(tg.ones(5, 4)).sum().backward()
    >>> [name.get_text() for name in plot.gradients(layer).axes[0].get_yticklabels()]
    ['weight (3, 4)', 'bias (3,)']
    """
    parameters = dict(model.named_parameters())
    if all(parameter.grad is None for parameter in parameters.values()):
        raise ValueError("no parameter has a gradient; call backward() on a loss before this")
    rows = [
        Row(f"{name} {tuple(p.shape)}", _about_gradient(p), _flat([] if p.grad is None else p.grad))
        for name, p in parameters.items()
    ]
    drawn = [np.abs(_drawable(row.values)) for row in rows]
    sizes = np.concatenate(drawn)
    low, high = np.quantile(sizes, (0.001, 1)) if len(sizes) else (0.1, 1)
    high = max(high, 10 * low)
    edges = np.geomspace(low, high, BINS + 1)
    figure, axes = place(ax, 8, 1.2 + 0.62 * len(rows))
    axes.set_xscale("log")
    log_ticks(axes.xaxis, low, high)
    _draw_rows(axes, rows, drawn, edges)
    axes.set_xlabel("size of the gradient of one weight", fontsize=9)
    axes.set_title("Gradients by parameter", fontsize=11)
    return describe(figure, ax, "Gradients by parameter. " + _told(rows))


def _outputs(model: Module, inputs: Any) -> list[tuple[str, np.ndarray]]:
    """What each layer without layers in it gave, in the order in which they were called."""
    given: list[tuple[str, np.ndarray]] = []

    def noting(name: str) -> Any:
        def note(layer: Module, inputs: Any, output: Any) -> None:
            given.append((f"{name} {type(layer).__name__}".strip(), np.array(plain(output))))

        return note

    inner = [(name, m) for name, m in model.named_modules() if not list(m.named_members())]
    hooks = [layer.register_forward_hook(noting(name)) for name, layer in inner]
    try:
        with in_eval_mode(model), no_grad():
            model(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return given


def _draw_rows(
    axes: Axes, rows: Sequence[Row], drawn: Sequence[np.ndarray], edges: np.ndarray
) -> None:
    """A histogram above each row's line, each as high as the others, with its name and its note."""
    for i, values in enumerate(drawn):
        counts, _ = np.histogram(values, edges)
        heights = 0.85 * counts / max(counts.max(), 1)
        axes.stairs(-i + heights, edges, baseline=-i, fill=True, color=COLOURS[5], alpha=0.6)
        axes.stairs(-i + heights, edges, baseline=-i, color=COLOURS[1], linewidth=1.1)
        note = rows[i].note
        axes.text(1.02, -i + 0.2, note, transform=axes.get_yaxis_transform(), fontsize=8.5)
    axes.set_yticks([-i + 0.3 for i in range(len(rows))], [row.name for row in rows], fontsize=9)
    axes.set_ylim(-len(rows) + 0.9, 1)
    axes.set_xlim(edges[0], edges[-1])
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=9)
    axes.spines[["left", "right", "top"]].set_visible(False)


def _flat(values: Any) -> np.ndarray:
    return np.asarray(plain(values)).reshape(-1)


def _drawable(values: np.ndarray) -> np.ndarray:
    """What a histogram can show: in float64, which the differences and squares do not leave."""
    return values[(values != 0) & np.isfinite(values)].astype(np.float64)


def _not_finite(values: np.ndarray) -> int:
    return int(values.size - np.isfinite(values).sum())


def _about_values(values: np.ndarray) -> str:
    if not len(values):
        return "no values"
    bad = _not_finite(values)
    if bad == len(values):
        return f"all {bad:,} not finite"
    finite = values[np.isfinite(values)].astype(np.float64)
    note = f"{finite.mean():.2g} ± {finite.std():.2g}, {_zeros(values)}"
    return f"{note}, {bad:,} not finite" if bad else note


def _about_gradient(parameter: Any) -> str:
    if parameter.grad is None:
        return "no gradient"
    gradient = _flat(parameter.grad)
    bad = _not_finite(gradient)
    if bad:
        return f"{bad:,} of {len(gradient):,} not finite"
    norm, own = _norm(gradient), _norm(parameter.data)
    of_weights = f" = {norm / own:.1g} of the weights'" if 0 < own < math.inf else ""
    return f"norm {norm:.2g}{of_weights}, {_zeros(gradient)}"


def _norm(values: np.ndarray) -> float:
    return float(np.linalg.norm(values.astype(np.float64)))


def _zeros(values: np.ndarray) -> str:
    share = float(np.mean(values == 0))
    if not share:
        return "no zeros"
    return f"{100 * share:.0f} % zero" if share >= 0.01 else "below 1 % zero"


def _told(rows: Sequence[Row]) -> str:
    return "; ".join(f"{row.name}: {row.note}" for row in rows)
