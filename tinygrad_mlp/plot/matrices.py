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

from ..engine import plain
from ..train import Scores
from .style import describe, need, need_titles, place

TICKS = [0, 1, 5, 10, 25, 50, 75, 100]
"""The percentages that the colour bar names."""


def confusion(counts: np.ndarray | Scores, title: str = "", ax: Axes | None = None) -> Figure:
    """One confusion matrix: counts in its cells, colours by the share of the true class.

    counts  (classes, classes): rows are true classes, columns predicted ones; or the `Scores` of
            `evaluate`
    ax      draw into these axes

    Raises ValueError for anything else, the scores of a regression included; what is counted in
    fractions, such as shares, is drawn as it is.

    >>> plot.confusion(np.array([[9, 1], [2, 8]])).get_label()
    'Confusion matrix: 85.0 % right; most often 1 is taken for 0, 2 times'
    """
    counts = _square(counts.counts if isinstance(counts, Scores) else counts)
    side = max(3.2, 0.44 * len(counts))
    figure, axes = place(ax, side + 1.2, side)
    percent = _row_percent(counts)
    picture = _draw(axes, percent)
    _write_cells(axes, percent, [[_number(c) if c else "" for c in row] for row in counts])
    axes.set_xlabel("predicted class", fontsize=9)
    axes.set_ylabel("true class", fontsize=9)
    axes.set_title(title or _right(counts, 2), fontsize=11)
    _add_bar(figure, picture, axes)
    words = f"{title or 'Confusion matrix'}: {_right(counts, 1)}"
    return describe(figure, ax, words + _commonest_mistake(counts))


def confusions(matrices: Mapping[str, np.ndarray | Scores | None]) -> Figure:
    """Confusion matrices side by side, each row in percent of its true class.

    matrices  title -> counts (classes, classes) or `Scores`, as `confusion` takes them; a
              regression, which has None or scores without counts, is left out

    Raises ValueError for what is no confusion matrix, or if there is none; TypeError for no dict.

    >>> one, other = np.array([[9, 1], [2, 8]]), np.array([[10, 0], [0, 10]])
    >>> plot.confusions({"plain": one, "augmented": other}).get_label()
    'Confusion matrices. plain: 85.0 % right; augmented: 100.0 % right'
    """
    need_titles(matrices, "confusion matrix")
    given = {t: c.confusion if isinstance(c, Scores) else c for t, c in matrices.items()}
    tables = {title: _square(c) for title, c in given.items() if c is not None}
    need(len(tables), "at least one matrix")
    columns = 2 if len(tables) == 4 else min(3, len(tables))
    rows = math.ceil(len(tables) / columns)
    figure = Figure(figsize=(2.8 * columns + 0.9, 2.95 * rows + 0.2), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    for i, (title, counts) in enumerate(tables.items()):
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
    right = (f"{title}: {_right(counts, 1)}" for title, counts in tables.items())
    figure.set_label("Confusion matrices. " + "; ".join(right))
    return figure


def _row_percent(counts: np.ndarray) -> np.ndarray:
    # The row of a class that never occurs is empty, and stays at 0.
    total = counts.sum(axis=1, keepdims=True)
    percent: np.ndarray = 100 * counts / np.where(total > 0, total, 1)
    return percent


def _right(counts: np.ndarray, digits: int) -> str:
    if not counts.any():
        return "no examples"
    return f"{100 * float(np.trace(counts)) / float(np.sum(counts)):.{digits}f} % right"


def _commonest_mistake(counts: np.ndarray) -> str:
    if not counts.any():
        return ""
    wrong = counts - np.diag(np.diag(counts))
    true, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
    most = wrong[true, predicted]
    times = "once" if most == 1 else f"{_number(most)} times"
    return f"; most often {true} is taken for {predicted}, {times}" if most else "; no mistakes"


def _number(count: Any) -> str:
    return f"{int(count)}" if count == int(count) else f"{count:.3g}"


def _square(counts: Any) -> np.ndarray:
    """The counts as int64 or float64, so that a sum of small integers does not run over."""
    square: np.ndarray = np.asarray(plain(counts))
    if square.ndim != 2 or square.shape[0] != square.shape[1] or not square.size:
        raise ValueError(
            "a confusion matrix has a row and a column for each class, and this has the shape "
            f"{square.shape}"
        )
    if square.dtype.kind not in "buif":
        first = square.tolist()[0][0]
        raise ValueError(
            f"a confusion matrix holds counts, 0 or more, and this holds {type(first).__name__}: "
            f"{first!r:.40}"
        )
    odd = np.argwhere(~(np.isfinite(square) & (square >= 0)))
    if len(odd):
        true, predicted = odd[0]
        raise ValueError(
            "a confusion matrix holds counts, 0 or more, and this holds "
            f"{square[true, predicted]} in row {true}, column {predicted}"
        )
    return square.astype(np.float64 if square.dtype.kind == "f" else np.int64)


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
