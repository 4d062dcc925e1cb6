"""Figures with their intervals: lines over something that varies, or names with a dot each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import COLOURS, DASHES, MARKERS, describe, need, place


@dataclass(frozen=True)
class Point:
    """A figure and the range that it may have.

    x       where it stands
    middle  how high
    low     where its range begins; None for no range
    high    where it ends

    >>> plot.Point(x=0.1, middle=97.0, low=96.5, high=97.5)
    Point(x=0.1, middle=97.0, low=96.5, high=97.5)
    """

    x: float
    middle: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """Points that belong together, under a name.

    name    what the legend or the row calls it
    points  a `Point` each; more than one where something varies

    >>> plot.Line("with augmentation", [plot.Point(0, 97.0), plot.Point(1, 97.5)]).name
    'with augmentation'
    """

    name: str
    points: Sequence[Point]


def intervals(
    lines: Sequence[Line],
    xlabel: str = "",
    ylabel: str = "",
    log: bool = False,
    ax: Axes | None = None,
) -> Figure:
    """Lines through points with their ranges; without an `xlabel`, a row for each line.

    lines   each with its name and points
    xlabel  what varies from left to right; "" where each line has one point and its name says all
    ylabel  what the points measure, with its unit
    log     draw x by its logarithm
    ax      draw into these axes

    Raises ValueError if there is nothing to draw.

    >>> accuracy = plot.Line("plain", [plot.Point(1, 96.0, 95.8, 96.2), plot.Point(2, 97.0)])
    >>> plot.intervals([accuracy], xlabel="epoch", ylabel="accuracy (%)").get_label()
    'accuracy (%) with their ranges. plain: 96 at 1 to 97 at 2.'
    """
    need(sum(len(line.points) for line in lines), "at least one line with a point")
    figure, axes = place(ax, 7.6, 4.4 if xlabel else 0.9 + 0.36 * len(lines))
    for number, line in enumerate(lines):
        style: dict[str, Any] = {
            "color": COLOURS[number % len(COLOURS)] if xlabel else COLOURS[1],
            "marker": MARKERS[number % len(MARKERS)] if xlabel else MARKERS[0],
            "markersize": 5,
            "capsize": 3,
            "label": line.name,
        }
        middles = [point.middle for point in line.points]
        if xlabel:
            style["linestyle"] = DASHES[number % len(DASHES)]
            axes.errorbar([p.x for p in line.points], middles, yerr=_arms(line.points), **style)
        else:
            places = [len(lines) - 1 - number] * len(line.points)
            axes.errorbar(middles, places, xerr=_arms(line.points), linestyle="none", **style)
    if xlabel:
        axes.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if log else "linear")
        axes.legend(frameon=False, fontsize=9, ncols=1 if len(lines) < 4 else 2)
    else:
        axes.set_xlabel(ylabel)
        axes.set_yticks(range(len(lines)), [line.name for line in reversed(lines)])
    axes.grid(alpha=0.25)
    return describe(figure, ax, _told(lines, ylabel))


def _arms(points: Sequence[Point]) -> list[list[float]]:
    """How far each range reaches below and above the point."""
    return [
        [p.middle - (p.middle if p.low is None else p.low) for p in points],
        [(p.middle if p.high is None else p.high) - p.middle for p in points],
    ]


def _told(lines: Sequence[Line], ylabel: str) -> str:
    told = []
    for line in lines:
        if line.points:
            first, last = line.points[0], line.points[-1]
            words = f"{first.middle:.4g}"
            if len(line.points) > 1:
                words += f" at {first.x:g} to {last.middle:.4g} at {last.x:g}"
            told.append(f"{line.name}: {words}")
    return f"{ylabel or 'Figures'} with their ranges. {'; '.join(told)}."
