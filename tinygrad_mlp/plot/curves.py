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
from matplotlib.ticker import MaxNLocator

from .readings import Curve, chosen, read
from .style import (
    COLOURS,
    DASHES,
    MARKERS,
    WIDTHS,
    calm,
    counted,
    describe,
    log_ticks,
    need,
    need_titles,
    place,
)

WIDE_GAP = 30
"""From how many points of accuracy between them curves are drawn apart, on a broken axis."""

LOG_FROM = 5
"""From which ratio of its largest value to its smallest a panel has a logarithmic axis."""

MOST_INSIDE = 8
"""How many names stand inside a panel; more would hide the curves, and stand to its right."""

MOST_IN_COLUMN = 16
"""How many names stand below each other to the right of a panel."""

MOST_SAID = 5
"""Of how many curves a panel says in words that they are not numbers."""

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
    ax       draw into these axes; then there must be one kind. The names of more than eight curves
             stand to the right of them: a figure with layout="constrained" makes room there

    Accuracies from 0 to 1 are drawn in percent. What is not a finite number is not drawn, but said
    in words above its panel. Raises ValueError if there is nothing to draw, or more than `ax` can
    hold, TypeError if `records` is no history.

    >>> plot.history({"loss": [1.0, 0.5, 0.25], "val_loss": [1.0, 0.6, 0.5]}).get_label()
    'One training: loss 0.25, val_loss 0.5 at epoch 3'
    """
    curves = chosen(read(records), names)
    need(len(curves), "a history with at least one number")
    panels = _by_kind(curves)
    if ax is not None and len(panels) > 1:
        raise ValueError(
            f"one axes holds one kind of measurement, and this history has {', '.join(panels)}; "
            'choose with names, for example names="loss"'
        )
    width = sum(4.6 + 1.6 * _columns_outside(len(group)) for group in panels.values())
    if len(panels) == 1:
        figure, axes = place(ax, width, 3.6)
        places = [axes]
    else:
        figure = Figure(figsize=(width, 3.6), layout="constrained")
        places = list(figure.subplots(1, len(panels)))
    for axes, (kind, group) in zip(places, panels.items(), strict=True):
        for i, curve in enumerate(group):
            _plot(axes, curve, _style(i), label=curve.name)
        _finish(axes, kind, group)
        several = len(group) > 1
        above = _say_gaps(axes, [(curve.name if several else "", curve) for curve in group])
        if several:
            _add_names(axes, len(group))
    if title and ax is not None:
        ax.set_title(title, fontsize=11, pad=6 + 11 * above)
    elif title:
        figure.suptitle(title, fontsize=11)
    return describe(figure, ax, f"{title or 'One training'}: {_endings(curves)}")


def learning_curves(histories: Mapping[str, Any]) -> Figure:
    """Several trainings side by side: a panel for each kind of measurement.

    histories  title -> history, in any form that `history` takes

    Where some accuracies end far below the others, the axis is broken between them, so that both
    can be read. Raises ValueError if there is no history, TypeError for no dict.

    >>> histories = {"small": {"loss": [1.0, 0.5]}, "large": {"loss": [1.0, 0.2]}}
    >>> plot.learning_curves(histories).get_label()
    'Learning curves. small: loss 0.5 at epoch 2; large: loss 0.2 at epoch 2'
    """
    need_titles(histories, "history")
    need(len(histories), "at least one history")
    read_of = {title: chosen(read(records), None) for title, records in histories.items()}
    lines = list(_lines(read_of))
    styles = {line.label: _style(line.number) for line in lines}
    panels = _by_kind(line.curve for line in lines) or {"loss": []}
    figure = Figure(figsize=(9, 3.9 + 0.22 * math.ceil(len(styles) / 2)), layout="constrained")
    spots = figure.add_gridspec(1, len(panels))
    for i, (kind, group) in enumerate(panels.items()):
        drawn = [line for line in lines if line.curve.kind == kind]
        parts = _whole_or_broken(figure, spots[i], kind, group)
        for axes in parts:
            for line in drawn:
                _plot(axes, line.curve, styles[line.label])
        _say_gaps(parts[0], [(line.label, line.curve) for line in drawn])
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


def _plot(axes: Axes, curve: Curve, style: Mapping[str, Any], label: str = "") -> None:
    """Draw a curve, with a marker where it ends, and wherever a number stands alone.

    The x axis reaches over all that was written down, whether it is a number or not.
    """
    finite = [math.isfinite(value) for value in curve.y]
    beside = [False, *finite, False]
    alone = [i for i, is_here in enumerate(finite) if is_here and not (beside[i] or beside[i + 2])]
    last = max((i for i, is_here in enumerate(finite) if is_here), default=-1)
    marks = sorted({*alone, last} if last >= 0 else alone)
    axes.plot(curve.x, curve.y, **{**style, "label": label or None, "markevery": marks})
    axes.update_datalim([(x, 0) for x in curve.x], updatey=False)


def _say_gaps(axes: Axes, curves: Sequence[tuple[str, Curve]]) -> int:
    """Write above a panel which curves are not numbers, and where; in its middle if none is one.

    curves  (label, curve); the label is written where there is one

    Returns how many lines there are above the panel.
    """
    said = [f"{label}: {_gaps(c)}" if label else _gaps(c) for label, c in curves if _gaps(c)]
    if len(said) > MOST_SAID:
        said = [*said[:MOST_SAID], f"and {len(said) - MOST_SAID} more"]
    words = "\n".join(said)
    if said and not any(math.isfinite(value) for _, curve in curves for value in curve.y):
        axes.set_yticks([])
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=9)
        return 0
    if said:
        axes.text(1, 1.01, words, transform=axes.transAxes, ha="right", va="bottom", fontsize=8)
    return len(said)


def _gaps(curve: Curve) -> str:
    """Where a curve has no finite number, in words; nothing if it is finite everywhere."""
    finite = [math.isfinite(value) for value in curve.y]
    places = [x for x, is_here in zip(curve.x, finite, strict=True) if not is_here]
    if not places:
        return ""
    bad = [value for value in curve.y if not math.isfinite(value)]
    what = "not a number" if all(map(math.isnan, bad)) else "not finite"
    if not any(finite[-len(places) :]):
        return f"{what} from {curve.xlabel} {places[0]:g}"
    if len(places) == 1:
        return f"{what} at {curve.xlabel} {places[0]:g}"
    return f"{what} at {len(places):,} of {counted(len(finite), curve.xlabel)}"


def _columns_outside(count: int) -> int:
    """In how many columns this many names stand to the right of a panel; 0 if they are inside."""
    return math.ceil(count / MOST_IN_COLUMN) if count > MOST_INSIDE else 0


def _add_names(axes: Axes, count: int) -> None:
    columns = _columns_outside(count)
    options: dict[str, Any] = {"fontsize": 9}
    if columns:
        spot = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0}
        options = {"fontsize": 8, "ncols": columns, **spot}
    axes.legend(frameon=False, handlelength=3.5, **options)


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
    is_bare = kind == "accuracy" and "%" not in name
    axes.set_ylabel(f"{name} (%)" if is_bare else UNITS.get(name, name))
    values = [value for curve in curves for value in curve.y if math.isfinite(value)]
    is_wide = bool(values) and min(values) > 0 and max(values) >= LOG_FROM * min(values)
    if is_wide and kind != "accuracy":
        axes.set_yscale("log")
        log_ticks(axes.yaxis, min(values), max(values))
    is_whole = all(x.is_integer() for curve in curves for x in curve.x)
    calm(axes, curves[0].xlabel if curves else "epoch", is_whole)


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
    finite = [[value for value in curve.y if math.isfinite(value)] for curve in curves]
    finite = [values for values in finite if values]
    ends = sorted(values[-1] for values in finite)
    gap, edge = max(((b - a, a) for a, b in pairwise(ends)), default=(0, 0))
    if gap < WIDE_GAP:
        return None
    low = [value for values in finite if values[-1] <= edge for value in values]
    high = [value for values in finite if values[-1] > edge for value in values]
    top = max(low) + 2
    return (max(min(high) - 1, top), max(high) + 1), (max(0, min(low) - 2), top)


def _endings(curves: Sequence[Curve]) -> str:
    """What each curve ends with, in words."""
    if not curves:
        return "nothing yet"
    ends = ", ".join(f"{curve.name} {_shown(curve)}" for curve in curves)
    return f"{ends} at {curves[0].xlabel} {curves[0].x[-1]:g}"


def _shown(curve: Curve) -> str:
    if not math.isfinite(curve.y[-1]):
        return "not a number" if math.isnan(curve.y[-1]) else "infinite"
    return f"{curve.y[-1]:.1f} %" if curve.kind == "accuracy" else f"{curve.y[-1]:.3g}"
