"""Curves: what a training wrote down about itself, epoch by epoch or step by step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from .readings import Curve, chosen, read
from .style import COLOURS, DASHES, MARKERS, WIDTHS, calm, describe, need, place

WIDE_GAP = 30
"""From how many points of accuracy between them curves are drawn apart, on a broken axis."""

LOG_FROM = 5
"""From which ratio of its largest value to its smallest a panel has a logarithmic axis."""

UNITS = {"seconds": "time (s)", "time": "time (s)", "lr": "learning rate"}
"""How the axis of a kind is labelled where its name does not say all."""


def history(
    records: Any, names: Iterable[str] | None = None, title: str = "", ax: Axes | None = None
) -> Figure:
    """What one training wrote down: a panel for each kind of measurement.

    records  a list of `Epoch`s (what `fit` returns), of dicts, or of numbers; or a dict of lists,
             such as {"loss": [...], "val_loss": [...]}
    names    draw only what has one of these names, or is of one of these kinds ("loss"); times are
             drawn only if they are named
    ax       draw into these axes; then there must be one kind

    Accuracies from 0 to 1 are drawn in percent. Raises ValueError if there is nothing to draw, or
    more than `ax` can hold, TypeError if `records` is no history.
    """
    curves = chosen(read(records), names)
    need(len(curves), "a number in the history")
    panels = _by_kind(curves)
    if ax is not None and len(panels) > 1:
        raise ValueError(
            f"one axes holds one kind of measurement, and this history has {', '.join(panels)}; "
            'choose with names, for example names="loss"'
        )
    if len(panels) == 1:
        figure, axes = place(ax, 4.6, 3.6)
        places = [axes]
    else:
        figure = Figure(figsize=(4.6 * len(panels), 3.6), layout="constrained")
        places = list(figure.subplots(1, len(panels)))
    for axes, (kind, group) in zip(places, panels.items(), strict=True):
        for i, curve in enumerate(group):
            axes.plot(curve.x, curve.y, label=curve.name, **_style(i))
        _finish(axes, kind, group)
        if len(group) > 1:
            axes.legend(frameon=False, fontsize=9, handlelength=3.5)
    if title and ax is not None:
        ax.set_title(title, fontsize=11)
    elif title:
        figure.suptitle(title, fontsize=11)
    return describe(figure, ax, f"{title or 'One training'}: {_endings(curves)}")


def learning_curves(histories: Mapping[str, Any]) -> Figure:
    """Several trainings side by side: a panel for each kind of measurement.

    histories  title -> history, in any form that `history` takes

    Where some accuracies end far below the others, the axis is broken between them, so that both
    can be read. Raises ValueError if there is no history.
    """
    need(len(histories), "a history")
    read_of = {title: chosen(read(records), None) for title, records in histories.items()}
    lines = list(_lines(read_of))
    styles = {line.label: _style(line.number) for line in lines}
    panels = _by_kind(line.curve for line in lines) or {"loss": []}
    figure = Figure(figsize=(9, 3.9 + 0.22 * math.ceil(len(styles) / 2)), layout="constrained")
    spots = figure.add_gridspec(1, len(panels))
    for i, (kind, group) in enumerate(panels.items()):
        for axes in _whole_or_broken(figure, spots[i], kind, group):
            for line in lines:
                if line.curve.kind == kind:
                    axes.plot(line.curve.x, line.curve.y, **styles[line.label])
    keys = [Line2D([], [], label=label, **style) for label, style in styles.items()]
    options = {"frameon": False, "fontsize": 9, "handlelength": 4}
    figure.legend(handles=keys, loc="outside lower center", ncols=2, **options)
    endings = "; ".join(f"{title}: {_endings(curves)}" for title, curves in read_of.items())
    figure.set_label(f"Learning curves. {endings}")
    return figure


@dataclass(frozen=True)
class Line:
    """A curve in a figure of several trainings: what it is called there, and its style's number."""

    label: str
    number: int
    curve: Curve


def _lines(read_of: Mapping[str, Sequence[Curve]]) -> Iterator[Line]:
    """A training has one style, or one for each name where it has several of a kind."""
    numbers: dict[str, int] = {}
    for title, curves in read_of.items():
        kinds = [curve.kind for curve in curves]
        for curve in curves:
            label = title if kinds.count(curve.kind) == 1 else f"{title}, {curve.name}"
            yield Line(label, numbers.setdefault(label, len(numbers)), curve)


def _by_kind(curves: Iterable[Curve]) -> dict[str, list[Curve]]:
    """The curves of each kind, in the order in which the kinds come up."""
    kinds: dict[str, list[Curve]] = {}
    for curve in curves:
        kinds.setdefault(curve.kind, []).append(curve)
    return kinds


def _style(number: int) -> dict[str, Any]:
    """The style of the curve with this number: no two of 32 are alike, and eight differ in grey."""
    return {
        "color": COLOURS[number % 8],
        "linestyle": DASHES[number % 4],
        "linewidth": WIDTHS[number // 4 % 2],
        "marker": MARKERS[number // 8 % 4],
        "markersize": 4.5,
        "markevery": [-1],  # one marker, where the curve ends: the histories differ in length
    }


def _finish(axes: Axes, kind: str, curves: Sequence[Curve]) -> None:
    """Labels, and a logarithmic axis where values above 0 differ by much."""
    names = {curve.name for curve in curves}
    name = names.pop() if len(names) == 1 else kind
    axes.set_ylabel(f"{name} (%)" if kind == "accuracy" else UNITS.get(name, name))
    values = [value for curve in curves for value in curve.y if math.isfinite(value)]
    is_wide = bool(values) and min(values) > 0 and max(values) >= LOG_FROM * min(values)
    if is_wide and kind != "accuracy":
        axes.set_yscale("log")
        near = max(values) < 100 * min(values)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if near else (1,)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter("{x:g}")
    calm(axes, curves[0].xlabel if curves else "epoch")


def _whole_or_broken(
    figure: Figure, spot: SubplotSpec, kind: str, curves: Sequence[Curve]
) -> list[Axes]:
    """One axes; or two, an upper and a small lower one, where some accuracies end far below."""
    limits = _apart(curves) if kind == "accuracy" else None
    if limits is None:
        axes = figure.add_subplot(spot)
        _finish(axes, kind, curves)
        return [axes]
    inner = spot.subgridspec(2, 1, height_ratios=(4.5, 1), hspace=0.06)
    upper = figure.add_subplot(inner[0])
    lower = figure.add_subplot(inner[1], sharex=upper)
    for axes, between in zip((upper, lower), limits, strict=True):
        _finish(axes, kind, curves)
        axes.set_ylim(*between)
    lower.set_ylabel("")
    lower.yaxis.set_major_locator(MaxNLocator(2))
    upper.set_xlabel("")
    upper.tick_params(bottom=False, labelbottom=False)
    upper.spines["bottom"].set_visible(False)
    for axes, height in ((upper, 0), (lower, 1)):  # the slanted strokes of a broken axis
        mark: dict[str, Any] = {"marker": [(-1, -0.5), (1, 0.5)], "markersize": 9, "color": "black"}
        axes.plot([0], [height], transform=axes.transAxes, clip_on=False, linestyle="none", **mark)
    return [upper, lower]


def _apart(curves: Sequence[Curve]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The limits of an upper and a lower panel, in percent; None if one is enough."""
    ends = sorted(curve.y[-1] for curve in curves if math.isfinite(curve.y[-1]))
    gap, edge = max(((b - a, a) for a, b in pairwise(ends)), default=(0, 0))
    if gap < WIDE_GAP:
        return None
    low = [value for curve in curves if curve.y[-1] <= edge for value in curve.y]
    high = [value for curve in curves if curve.y[-1] > edge for value in curve.y]
    top = max(low) + 2
    return (max(min(high) - 1, top), max(high) + 1), (max(0, min(low) - 2), top)


def _endings(curves: Sequence[Curve]) -> str:
    """What each curve ends with, in words."""
    if not curves:
        return "nothing yet"
    ends = ", ".join(f"{curve.name} {_shown(curve)}" for curve in curves)
    return f"{ends} at {curves[0].xlabel} {curves[0].x[-1]:g}"


def _shown(curve: Curve) -> str:
    return f"{curve.y[-1]:.1f} %" if curve.kind == "accuracy" else f"{curve.y[-1]:.3g}"
