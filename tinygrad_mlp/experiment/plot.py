"""Figures: digits, augmented digits, learning curves, confusion matrices, first-layer weights.

Each function takes arrays or records and returns a `matplotlib.figure.Figure`. None touches
pyplot, so nothing needs a display, nothing is global, and nothing has to be closed. What a
figure shows is also said in words, in its label (`figure.get_label()`), for those who cannot
see it; the report uses it. `to_png`, `to_data_uri`, `save` and `show` turn figures into pictures.

`import tinygrad_mlp` does not import this file, because matplotlib is slow to import.
"""

from __future__ import annotations

import base64
import io
import math
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..files import write_whole

if TYPE_CHECKING:
    from ..train import Epoch

DPI = 110
"""Pixels per inch: a figure 9 inches wide fills the text column of a page."""

MOST_UNITS = 40
"""How many units `first_weights` shows at most."""

# Okabe and Ito's colours, which colour-blind readers can tell apart; their yellow is too pale
# for a line on white, so a grey stands in for it. Printed in grey, eight curves still differ by
# dash and width; more than eight differ by the marker at their end.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#777777")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))
WIDTHS = (2.2, 1.2)
MARKERS = ("o", "s", "^", "D")


def digits(images: np.ndarray, labels: Any = None, columns: int = 10) -> Figure:
    """Images (n, 28, 28), pixels from 0 to 1, in a grid, with their labels (n,) above them."""
    images = _stack(images)
    names = _names(labels, len(images))
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    row_height = 1.15 if names else 0.9
    figure = Figure(figsize=(0.9 * columns, row_height * rows), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    for i, image in enumerate(images):
        axes = figure.add_subplot(grid[i])
        _show_ink(axes, image)
        if names:
            axes.set_title(names[i], fontsize=10, pad=3)
    figure.set_label(f"{len(images)} images of digits" + _listed(names))
    return figure


def augmented(images: np.ndarray, copies: Mapping[str, np.ndarray], labels: Any = None) -> Figure:
    """Originals (n, 28, 28) in the first row, then a row for each title with its copies.

    copies  title -> the same images after augmentation, of the same shape; pixels outside
            [0, 1] are shown as 0 or 1
    """
    images = _stack(images)
    names = _names(labels, len(images))
    table = [("original", images)]
    table += [(title, np.asarray(pictures)) for title, pictures in copies.items()]
    side = min(0.9, 7.8 / len(images))
    size = (side * len(images) + 1.2, (side + 0.05) * len(table) + 0.15)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.add_gridspec(len(table), len(images))
    for row, (title, pictures) in enumerate(table):
        if pictures.shape != images.shape:
            raise ValueError(
                f"the copies {title!r} have the shape {pictures.shape}, and the originals "
                f"{images.shape}; they should be the same"
            )
        for column, picture in enumerate(pictures):
            axes = figure.add_subplot(grid[row, column])
            _show_ink(axes, picture)
            if column == 0:
                axes.set_ylabel(title, rotation=0, ha="right", va="center", fontsize=10)
            if row == 0 and names:
                axes.set_title(names[column], fontsize=10, pad=3)
    figure.set_label(
        f"{len(images)} images of digits{_listed(names)}; under each of them its copies: "
        + ", ".join(copies)
    )
    return figure


def learning_curves(histories: Mapping[str, Sequence[Epoch]]) -> Figure:
    """Training loss and training accuracy by epoch, a curve for each title -> history.

    Where no history has an accuracy, as in a regression, there is the loss alone.
    """
    _need(len(histories), "a history")
    rows_of_titles = math.ceil(len(histories) / 2)
    figure = Figure(figsize=(9, 3.9 + 0.22 * rows_of_titles), layout="constrained")
    all_epochs = [epoch for history in histories.values() for epoch in history]
    has_accuracy = not all_epochs or any(epoch.accuracy is not None for epoch in all_epochs)
    panels = figure.subplots(1, 2 if has_accuracy else 1, squeeze=False)[0]
    panels[0].set_ylabel("training loss\n(MSE or cross-entropy, by recipe)")
    for i, (title, history) in enumerate(histories.items()):
        _draw_curve(panels[0], [(e.epoch, e.loss) for e in history], i, title)
    if all(epoch.loss > 0 for epoch in all_epochs):
        panels[0].set_yscale("log")
    if has_accuracy:
        panels[1].set_ylabel("training accuracy (%)")
        for i, history in enumerate(histories.values()):
            points = [(e.epoch, 100 * e.accuracy) for e in history if e.accuracy is not None]
            _draw_curve(panels[1], points, i)
    for axes in panels:
        _calm(axes)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9, handlelength=4)
    what = "loss and accuracy" if has_accuracy else "loss"
    endings = (_ending(title, history) for title, history in histories.items())
    figure.set_label(f"Training {what} by epoch. " + "; ".join(endings))
    return figure


def _draw_curve(axes: Axes, points: list[tuple[int, float]], number: int, title: str = "") -> None:
    """A curve through (epoch, value), in the style that belongs to its number."""
    axes.plot(
        [epoch for epoch, _ in points],
        [value for _, value in points],
        label=title,
        color=COLOURS[number % 8],
        linestyle=DASHES[number % 4],
        linewidth=WIDTHS[number // 4 % 2],
        marker=MARKERS[number // 8 % 4],
        markersize=4.5,
        # One marker, where the curve ends: the histories differ in length.
        markevery=[-1] if points else None,
    )


def confusions(matrices: Mapping[str, np.ndarray | None]) -> Figure:
    """Confusion matrices side by side, each row in percent of its true class.

    matrices  title -> counts (classes, classes): rows are true classes, columns predicted ones;
              or None for a regression, which is left out
    """
    counted = {title: np.asarray(c) for title, c in matrices.items() if c is not None}
    _need(len(counted), "a matrix")
    columns = 2 if len(counted) == 4 else min(3, len(counted))
    rows = math.ceil(len(counted) / columns)
    figure = Figure(figsize=(2.8 * columns + 0.9, 2.95 * rows + 0.2), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    # A few percent of wrong answers are what matters here: the square root makes them visible.
    norm = PowerNorm(0.5, vmin=0, vmax=100)
    for i, (title, counts) in enumerate(counted.items()):
        axes = figure.add_subplot(grid[i])
        percent = _row_percent(counts)
        picture = axes.imshow(percent, cmap="Blues", norm=norm, interpolation="nearest")
        axes.set_title(title, fontsize=10)
        _write_cells(axes, percent)
    figure.supxlabel("predicted class", fontsize=9)
    figure.supylabel("true class", fontsize=9)
    ticks = [0, 1, 5, 10, 25, 50, 75, 100]
    bar = figure.colorbar(picture, ax=figure.axes, ticks=ticks, aspect=20 * rows)
    bar.set_label("% of the true class (colours by square root)", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    right = (f"{title}: {_percent_right(counts):.1f} %" for title, counts in counted.items())
    figure.set_label("Confusion matrices; share of right answers: " + "; ".join(right))
    return figure


def first_weights(weights: np.ndarray, title: str) -> Figure:
    """Weights (units, 784) of a first layer: a picture of 28 x 28 for each unit, 40 at most.

    Red weights are above 0, blue ones below, white ones are 0; all units share one scale.
    """
    weights = np.asarray(weights)
    if weights.ndim != 2 or weights.shape[1] != 784:
        raise ValueError(f"first_weights needs weights (units, 784), and got {weights.shape}")
    _need(len(weights), "a unit")
    shown = weights[:MOST_UNITS].reshape(-1, 28, 28)
    columns = min(10, len(shown))
    rows = math.ceil(len(shown) / columns)
    limit = float(np.abs(shown).max()) or 1.0
    figure = Figure(figsize=(0.85 * columns + 1, 0.9 * rows + 0.6), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    for i, unit in enumerate(shown):
        axes = figure.add_subplot(grid[i])
        picture = axes.imshow(unit, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
        _bare(axes)
    if len(shown) < len(weights):
        title += f" (the first {len(shown)} of {len(weights)} units)"
    figure.suptitle(title, fontsize=11)
    bar = figure.colorbar(picture, ax=figure.axes, label="weight", aspect=30)
    bar.ax.tick_params(labelsize=8)
    figure.set_label(f"{title}: the incoming weights of {len(shown)} units, as pictures")
    return figure


def prediction(image: np.ndarray, probabilities: np.ndarray) -> Figure:
    """What the network saw (28, 28), and how probable it thinks each digit is (10,)."""
    figure = Figure(figsize=(6.5, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])
    _show_ink(left, image)
    left.set_title("what the network saw", fontsize=10)
    likely = int(np.argmax(probabilities))
    colours = [COLOURS[1] if digit == likely else COLOURS[7] for digit in range(10)]
    bars = right.barh(range(10), 100 * probabilities, color=colours)
    right.bar_label(bars, [f"{100 * p:.1f}" for p in probabilities], fontsize=8, padding=3)
    right.set(xlim=(0, 112), yticks=range(10), xlabel="probability (%)")
    right.invert_yaxis()
    right.spines[["top", "right"]].set_visible(False)
    figure.set_label(
        f"A digit as the network saw it, taken for a {likely} with "
        f"{100 * probabilities[likely]:.1f} %"
    )
    return figure


def to_png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG picture."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def to_data_uri(figure: Figure) -> str:
    """The figure as a PNG picture inside an address, for the `src` of an HTML image."""
    return "data:image/png;base64," + base64.b64encode(to_png(figure)).decode("ascii")


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write the figure to `path` as a PNG picture: the whole file, or nothing."""
    write_whole(path, to_png(figure))


def show(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Show the figure where a notebook can, and write it to `path` elsewhere. For the lessons."""
    if "ipykernel" in sys.modules:
        from IPython.display import Image, display

        display(Image(to_png(figure), alt=str(figure.get_label())))
        return
    save(figure, path)
    print(f"picture: {os.fspath(path)}")


def _need(count: int, what: str) -> None:
    if not count:
        raise ValueError(f"there is nothing to draw: a figure needs at least {what}")


def _stack(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 3:
        raise ValueError(f"a figure of images needs an array (n, 28, 28), and got {images.shape}")
    _need(len(images), "an image")
    return images


def _names(labels: Any, count: int) -> list[str]:
    if labels is None:
        return []
    names = [str(label) for label in labels]
    if len(names) != count:
        raise ValueError(f"there are {len(names)} labels for {count} images")
    return names


def _listed(names: list[str]) -> str:
    return f", labelled {', '.join(names)}" if names else ""


def _show_ink(axes: Axes, image: np.ndarray) -> None:
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    _bare(axes)


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#cccccc")


def _calm(axes: Axes) -> None:
    axes.set_xlabel("epoch", fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=9)
    axes.grid(color="#e6e6e6", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)


def _row_percent(counts: np.ndarray) -> np.ndarray:
    # The row of a class that never occurs is empty, and stays at 0.
    percent: np.ndarray = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return percent


def _percent_right(counts: np.ndarray) -> float:
    return 100 * float(np.trace(counts)) / max(float(np.sum(counts)), 1)


def _write_cells(axes: Axes, percent: np.ndarray) -> None:
    for (true, predicted), value in np.ndenumerate(percent):
        if value >= 1:
            ink = "white" if value > 40 else "black"
            axes.text(
                predicted, true, f"{value:.0f}", color=ink, fontsize=6.5, ha="center", va="center"
            )
    axes.set_xticks(range(percent.shape[1]))
    axes.set_yticks(range(percent.shape[0]))
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_color("#cccccc")


def _ending(title: str, history: Sequence[Epoch]) -> str:
    if not history:
        return f"{title}: no epochs"
    last = history[-1]
    words = f"loss {last.loss:.3g}"
    if last.accuracy is not None:
        words += f", accuracy {100 * last.accuracy:.1f} %"
    return f"{title}: {words} at epoch {last.epoch}"
