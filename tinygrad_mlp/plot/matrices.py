"""Confusion matrices: which class is taken for which."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ..train import Scores
from .style import describe, need, place

TICKS = [0, 1, 5, 10, 25, 50, 75, 100]
"""The percentages that the colour bar names."""


def confusion(counts: np.ndarray | Scores, title: str = "", ax: Axes | None = None) -> Figure:
    """One confusion matrix: counts in its cells, colours by the share of the true class.

    counts  (classes, classes): rows are true classes, columns predicted ones; or the `Scores` of
            `evaluate`
    ax      draw into these axes

    Raises ValueError for anything else, the scores of a regression included.
    """
    counts = _square(counts.counts if isinstance(counts, Scores) else counts)
    side = max(3.2, 0.44 * len(counts))
    figure, axes = place(ax, side + 1.2, side)
    percent = _row_percent(counts)
    picture = _draw(axes, percent)
    _write_cells(axes, percent, [[str(count) if count else "" for count in row] for row in counts])
    axes.set_xlabel("predicted class", fontsize=9)
    axes.set_ylabel("true class", fontsize=9)
    axes.set_title(title or f"{_percent_right(counts):.2f} % right", fontsize=11)
    _add_bar(figure, picture, axes)
    words = f"{title or 'Confusion matrix'}: {_percent_right(counts):.1f} % right"
    return describe(figure, ax, f"{words}; {_commonest_mistake(counts)}")


def confusions(matrices: Mapping[str, np.ndarray | None]) -> Figure:
    """Confusion matrices side by side, each row in percent of its true class.

    matrices  title -> counts (classes, classes): rows are true classes, columns predicted ones;
              or None for a regression, which is left out
    """
    counted = {title: _square(c) for title, c in matrices.items() if c is not None}
    need(len(counted), "a matrix")
    columns = 2 if len(counted) == 4 else min(3, len(counted))
    rows = math.ceil(len(counted) / columns)
    figure = Figure(figsize=(2.8 * columns + 0.9, 2.95 * rows + 0.2), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    for i, (title, counts) in enumerate(counted.items()):
        axes = figure.add_subplot(grid[i])
        percent = _row_percent(counts)
        picture = _draw(axes, percent)
        axes.set_title(title, fontsize=10)
        _write_cells(
            axes, percent, [[f"{p:.0f}" if p >= 1 else "" for p in row] for row in percent]
        )
    figure.supxlabel("predicted class", fontsize=9)
    figure.supylabel("true class", fontsize=9)
    _add_bar(figure, picture, figure.axes, aspect=20 * rows)
    right = (f"{title}: {_percent_right(counts):.1f} %" for title, counts in counted.items())
    figure.set_label("Confusion matrices; share of right answers: " + "; ".join(right))
    return figure


def _row_percent(counts: np.ndarray) -> np.ndarray:
    # The row of a class that never occurs is empty, and stays at 0.
    percent: np.ndarray = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return percent


def _percent_right(counts: np.ndarray) -> float:
    return 100 * float(np.trace(counts)) / max(float(np.sum(counts)), 1)


def _commonest_mistake(counts: np.ndarray) -> str:
    wrong = counts - np.diag(np.diag(counts))
    true, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
    most = int(wrong[true, predicted])
    return f"most often {true} is taken for {predicted}, {most} times" if most else "no mistakes"


def _square(counts: Any) -> np.ndarray:
    square: np.ndarray = np.asarray(counts)
    if square.ndim != 2 or square.shape[0] != square.shape[1] or not square.size:
        raise ValueError(
            "a confusion matrix has a row and a column for each class, and this has the shape "
            f"{square.shape}"
        )
    return square


def _draw(axes: Axes, percent: np.ndarray) -> AxesImage:
    # A few percent of wrong answers are what matters here: the square root makes them visible.
    norm = PowerNorm(0.5, vmin=0, vmax=100)
    return axes.imshow(percent, cmap="Blues", norm=norm, interpolation="nearest")


def _add_bar(figure: Figure, picture: AxesImage, axes: Any, aspect: int = 20) -> None:
    bar = figure.colorbar(picture, ax=axes, ticks=TICKS, aspect=aspect)
    bar.set_label("% of the true class (colours by square root)", fontsize=9)
    bar.ax.tick_params(labelsize=8)


def _write_cells(axes: Axes, percent: np.ndarray, cells: list[list[str]]) -> None:
    for (true, predicted), value in np.ndenumerate(percent):
        if cells[true][predicted]:
            ink = "white" if value > 40 else "black"
            style: dict[str, Any] = {"color": ink, "fontsize": 6.5, "ha": "center", "va": "center"}
            axes.text(predicted, true, cells[true][predicted], **style)
    axes.set_xticks(range(percent.shape[1]))
    axes.set_yticks(range(percent.shape[0]))
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_color("#cccccc")
