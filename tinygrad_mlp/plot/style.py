"""What all figures have in common: colours and dashes that differ in grey too, and bare axes."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

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
        raise ValueError(f"there is nothing to draw: a figure needs at least {what}")


def place(ax: Axes | None, width: float, height: float) -> tuple[Figure, Axes]:
    """The axes that were given and their figure, or those of a new figure.

    width, height  of a new figure, in inches
    """
    if ax is None:
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()
    whole = ax.get_figure(root=True)
    if whole is None:
        raise ValueError("these axes belong to no figure; make them with figure.subplots()")
    return whole, ax


def describe(figure: Figure, ax: Axes | None, words: str) -> Figure:
    """Give a figure that was made here its description; one of the user's keeps what it has."""
    if ax is None:
        figure.set_label(words)
    return figure


def bare(axes: Axes) -> None:
    """No ticks, and a pale frame."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#cccccc")


def calm(axes: Axes, xlabel: str) -> None:
    """A pale grid, whole numbers on the x axis, and no frame above and on the right."""
    axes.set_xlabel(xlabel, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=9)
    axes.grid(color="#e6e6e6", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
