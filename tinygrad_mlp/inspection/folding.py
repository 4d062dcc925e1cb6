"""Making a graph small enough to be looked at.

Steps that come again and again, each time fed by the time before, are drawn once, with how often
beside them. If that is not enough, or `depth` asks for it, layers are drawn as one box each. Both
look at the whole graph a fixed number of times, so that it may be of any size.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np

from .graph import TIMES, Box, Frame, Part, boxes_in, everything_in, without_needless_frames

ENOUGH = 60
"""A graph of more boxes is folded."""

AT_MOST = 400
"""A graph that has more boxes even when folded is not drawn."""

LONGEST = 200
"""How many parts may repeat together."""


def fold(whole: Frame, depth: int | None = None) -> Frame:
    """The same graph with repeated steps once, and layers below `depth` as boxes.

    whole  is changed
    depth  how many layers inside each other are shown, the innermost as boxes; None: as many as fit

    Raises ValueError if what is left is too large to be drawn.
    """
    count = len(boxes_in(whole))
    if depth is not None:
        close_below(whole, depth - 1)
    elif len(boxes_in(whole)) > ENOUGH:
        fold_repeated(whole)
        deepest = _depth(whole)
        while len(boxes_in(whole)) > ENOUGH and deepest:
            deepest -= 1
            close_below(whole, deepest)
            fold_repeated(whole)
    if len(boxes_in(whole)) > ENOUGH:
        fold_repeated(whole)
    left = len(boxes_in(whole))
    if left > AT_MOST:
        raise ValueError(
            f"this graph has {count:,} boxes, and {left:,} are left when what repeats is drawn "
            f"once; a picture holds {AT_MOST}. Draw a part of it: a tensor nearer to the leaves, "
            "or draw_graph(model, x, depth=1) for the layers of a model"
        )
    return whole


# ------------------------------------------------------------------------------ closing frames


def close_below(whole: Frame, depth: int) -> None:
    """Draw each frame that lies inside `depth` others as one box."""
    stands_for: dict[int, Box] = {}
    level = [whole]
    for _ in range(depth):
        level = [part for frame in level for part in frame.parts if isinstance(part, Frame)]
    for frame in level:
        for i, part in enumerate(frame.parts):
            if isinstance(part, Frame):
                block = frame.parts[i] = _closed(part)
                stands_for |= {id(box): block for box in boxes_in(part)}
    if stands_for:
        _redirect(whole, stands_for)


def _depth(whole: Frame) -> int:
    depth, level = 0, [whole]
    while level := [p for frame in level for p in frame.parts if isinstance(p, Frame)]:
        depth += 1
    return depth


def _closed(frame: Frame) -> Box:
    """A box that stands for a frame."""
    inside = boxes_in(frame)
    own = {id(box) for box in inside}
    sources = {id(s): s for box in inside for s in box.inputs if id(s) not in own}
    last = next(box for box in reversed(inside) if not box.is_leaf)
    steps = sum(not box.is_leaf for box in inside)
    words = frame.made_by or frame.name or f"{steps} step{'s' if steps > 1 else ''}"
    block = Box(
        "block",
        f"{words} {TIMES} {frame.times}" if frame.times > 1 else words,
        frame.name if frame.made_by else "",
        shape=last.shape,
        value=last.value,
        note=_parameters_in(inside),
        inputs=list(sources.values()),
        is_result=any(box.is_result for box in inside),
    )
    return block


def _parameters_in(boxes: Iterable[Box]) -> str:
    count = sum(box.size for box in boxes if box.kind == "parameter")
    return f"{count:,} parameters" if count else ""


def _redirect(whole: Frame, stands_for: dict[int, Box]) -> None:
    """Let arrows from boxes that are gone come from those that stand for them."""

    def now(box: Box) -> Box:
        while id(box) in stands_for:
            box = stands_for[id(box)]
        return box

    for box in boxes_in(whole):
        sources = [now(source) for source in box.inputs]
        if box.kind == "block":
            sources = list({id(s): s for s in sources}.values())
        box.inputs = [s for s in sources if s is not box]


# -------------------------------------------------------------------------------- what repeats


@dataclass(frozen=True)
class Run:
    """That `period` parts, from `start` on, come `times` times after each other."""

    start: int
    period: int
    times: int

    @property
    def end(self) -> int:
        return self.start + self.period * self.times

    @property
    def saves(self) -> int:
        return self.period * (self.times - 1)


def fold_repeated(whole: Frame) -> None:
    """Draw once what repeats in each frame, those inside first."""
    numbers: dict[Hashable, int] = {}
    kinds: dict[int, int] = {}
    stands_for: dict[int, Box] = {}
    frames = [part for part in everything_in(whole) if isinstance(part, Frame)]
    for frame in [*reversed(frames), whole]:
        sequence = np.array(_numbered(frame, kinds, numbers), np.int64)
        _fold_in(frame, _runs(sequence), stands_for)
        _numbered(frame, kinds, numbers)
    if stands_for:
        _redirect(whole, stands_for)
        without_needless_frames(whole)


def _numbered(frame: Frame, kinds: dict[int, int], numbers: dict[Hashable, int]) -> list[int]:
    """A number for each part of a frame, the same for parts of one kind; `kinds` has them too."""
    for part in frame.parts:
        kinds[id(part)] = numbers.setdefault(_kind(part, kinds), len(numbers))
    return [kinds[id(part)] for part in frame.parts]


def _kind(part: Part, kinds: dict[int, int]) -> Hashable:
    """What two parts have in common if one may stand for the other."""
    if isinstance(part, Frame):
        return part.made_by, part.times, tuple(kinds[id(inner)] for inner in part.parts)
    return part.kind, part.made_by, part.options, part.shape, len(part.inputs)


def _runs(sequence: np.ndarray) -> list[Run]:
    """Runs of what repeats, apart from each other: those that save most."""
    found = []
    for period in range(1, min(LONGEST, len(sequence) // 2) + 1):
        equal = np.flatnonzero(sequence[:-period] == sequence[period:])
        if len(equal) < period:
            continue
        breaks = np.flatnonzero(np.diff(equal) > 1)
        starts = np.concatenate((equal[:1], equal[breaks + 1]))
        lengths = np.concatenate((equal[breaks], equal[-1:])) - starts + 1
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
            times = length // period + 1
            if times >= 3 or (times == 2 and period >= 4):
                found.append(Run(start, period, times))
    taken = np.zeros(len(sequence), bool)
    chosen = []
    for run in sorted(found, key=lambda run: (-run.saves, run.period)):
        if not taken[run.start : run.end].any():
            taken[run.start : run.end] = True
            chosen.append(run)
    return sorted(chosen, key=lambda run: run.start)


def _fold_in(frame: Frame, runs: list[Run], stands_for: dict[int, Box]) -> None:
    """Replace each run by its first time, if its times are connected alike."""
    parts: list[Part] = []
    done = 0
    for run in runs:
        run = _alike(frame.parts, run)
        if run.times < 2 or run.saves < 2:
            continue
        parts += frame.parts[done : run.start]
        parts.append(_folded(frame.parts[run.start : run.end], run, stands_for))
        done = run.end
    frame.parts = parts + frame.parts[done:]


def _alike(parts: list[Part], run: Run) -> Run:
    """The first part of a run in which all times are made in the same way from each other."""
    where: dict[int, tuple[int, int]] = {}
    inside: list[list[Box]] = []
    for i in range(run.times):
        boxes = _all_boxes(parts[run.start + i * run.period : run.start + (i + 1) * run.period])
        inside.append(boxes)
        where |= {id(box): (i, j) for j, box in enumerate(boxes)}

    def connections(i: int) -> list[tuple[str, int]]:
        found = []
        for box in inside[i]:
            for source in box.inputs:
                time, place = where.get(id(source), (-1, -1))
                kind = "own" if time == i else "before" if time >= 0 else "outside"
                found.append((kind, place))
        return found

    pattern = connections(1)
    first = connections(0)
    fits = len(first) == len(pattern) and all(
        a == b if "own" in (a[0], b[0]) else True for a, b in zip(first, pattern, strict=True)
    )
    start = 0 if fits else 1
    times = start + 1
    while times < run.times and connections(times) == pattern:
        times += 1
    return Run(run.start + start * run.period, run.period, times - start)


def _all_boxes(parts: list[Part]) -> list[Box]:
    return boxes_in(Frame(parts=parts))


def _folded(parts: list[Part], run: Run, stands_for: dict[int, Box]) -> Frame:
    """One frame for all times: the first, with what differs left out."""
    first, boxes = parts[: run.period], _all_boxes(parts[: run.period])
    last: list[Box] = boxes
    for start in range(run.period, len(parts), run.period):
        last = _all_boxes(parts[start : start + run.period])
        for box, other in zip(boxes, last, strict=True):
            stands_for[id(other)] = box
            box.is_result = box.is_result or other.is_result
    for box, other in zip(boxes, last, strict=True):
        box.name = _names_from(box.name, other.name)
        box.value = box.gradient = ""
    frames = [p for p in everything_in(Frame(parts=first)) if isinstance(p, Frame)]
    others = [p for p in everything_in(Frame(parts=parts[-run.period :])) if isinstance(p, Frame)]
    for frame, again in zip(frames, others, strict=True):
        frame.name = _names_from(frame.name, again.name)
    if run.period == 1 and isinstance(first[0], Frame) and first[0].times == 1:
        first[0].times = run.times
        return first[0]
    return Frame(parts=first, times=run.times)


def _names_from(first: str, last: str) -> str:
    """The names from one to another: layers.0.weight and layers.9.weight are layers.0…9.weight."""
    parts, others = re.split(r"(\d+)", first), re.split(r"(\d+)", last)
    if parts[::2] != others[::2]:
        return ""
    return "".join(a if a == b else f"{a}…{b}" for a, b in zip(parts, others, strict=True))
