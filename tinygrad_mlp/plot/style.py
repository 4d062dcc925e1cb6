"""What all figures have in common: colours and dashes that differ in grey too, and bare axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

# Okabe and Ito's colours, which colour-blind readers can tell apart; their yellow is too pale
# for a line on white, so a grey stands in for it. Printed in grey, eight curves still differ by
# dash and width; more than eight differ by the marker at their end.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#777777")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))
WIDTHS = (2.2, 1.2)
MARKERS = ("o", "s", "^", "D")


def need(count: int, what: str) -> None:
    """Raise ValueError if there is nothing to draw."""
    if not count:
        raise ValueError(f"there is nothing to draw; give {what}")


def need_titles(given: Any, what: str) -> None:
    """Raise TypeError if this is no dict, title -> what belongs to it."""
    if not isinstance(given, Mapping):
        raise TypeError(f"give a dict, title -> {what}, not {type(given).__name__}: {given!r:.60}")


def counted(count: int, what: str) -> str:
    """How many there are, in words: "1 unit", "2 units"."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def place(ax: Axes | None, width: float, height: float) -> tuple[Figure, Axes]:
    """The axes that were given and their figure, or those of a new figure.

    width, height  of a new figure, in inches

    Raises TypeError for what is no axes, ValueError for axes without a figure.
    """
    if ax is None:
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()
    if not isinstance(ax, Axes):
        raise TypeError(
            "ax should be one axes of a figure, as figure.subplots() makes it, not "
            f"{type(ax).__name__}: {ax!r:.60}"
        )
    part = ax.figure  # the figure, or a part of it; get_figure(root=True) is newer than 3.8
    if part is None:
        raise ValueError("these axes belong to no figure; make them with figure.subplots()")
    return part.figure, ax


def describe(figure: Figure, ax: Axes | None, words: str) -> Figure:
    """Give a figure that was made here its description; one of the user's keeps what it has."""
    if ax is None:
        figure.set_label(words)
    return figure


def bare(axes: Axes) -> None:
    """No ticks, and a pale frame."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#cccccc")


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Labels on a logarithmic axis from `low` to `high` that do not touch: 1, 2, 5 if it is short.

    low, high  above 0, at least a factor of 5 apart
    """
    near = high < 100 * low
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if near else (1,)))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter("{x:g}")


def calm(axes: Axes, xlabel: str, is_whole: bool) -> None:
    """A pale grid, and no frame above and on the right; if x is whole, so are its ticks."""
    axes.set_xlabel(xlabel, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1 if is_whole else 2))
    axes.tick_params(labelsize=9)
    axes.grid(color="#e6e6e6", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
