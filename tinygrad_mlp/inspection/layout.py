"""Where the boxes and arrows of a graph go: rows from top to bottom, after Sugiyama.

Each box gets a row below everything that it is made from. Where an arrow passes a row it gets a
place there among the boxes, as if it were a narrow box; so it meets none, and between the rows
there is nothing to meet. Then the order within the rows is chosen for few crossings, and at last
the places from left to right (Brandes and Köpf, 2002), so that long arrows are straight.

A frame is laid out first, by itself, and then counts as one large box outside. Arrows enter at its
upper edge and leave at its lower one. (K. Sugiyama, S. Tagawa and M. Toda, Methods for visual
understanding of hierarchical system structures, 1981; U. Brandes and B. Köpf, Fast and simple
horizontal coordinate assignment, 2002.)
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

PORT = 13.0
"""Between two arrows that enter a box."""

FEW = 4
"""Of at most so many arrows into a box, one may stand in its middle and the rest beside it."""

APART = 16.0
"""Between two boxes of a row."""

LANE = 12.0
"""Between an arrow and what is beside it."""

GAP, GAP_AT_MOST, GAP_AT_EDGE = 24.0, 60.0, 13.0
"""Between two rows: the more, the farther arrows go sideways there; at the edge of a frame less."""

HEAD = 7.0
"""How long the head of an arrow is."""

INFINITE = 1e9

SWEEPS = 12
"""How often the rows are put in order, down and up."""

BORDER, STRIP = 11.0, 20.0
"""Inside a frame: what is left free at its sides, and the strip at its top where its label is."""


@dataclass(eq=False)
class Part:
    """Something with a place: a box, or a frame with parts in it.

    width, height  its size; of a frame, found by the layout
    x, y           its upper left corner, found by the layout
    inputs         the boxes that arrows come from, in the order in which they enter
    is_leaf        whether it stands directly above what it is used for
    label_width    of a frame: what its label needs
    label_x        of a frame: where its label begins, from its left edge
    parts          what is in a frame, each after all that it is made from; of a box, None
    """

    width: float = 0.0
    height: float = 0.0
    inputs: list[Part] = field(default_factory=list)
    is_leaf: bool = False
    label_width: float = 0.0
    label_x: float = 0.0
    parts: list[Part] | None = None
    x: float = 0.0
    y: float = 0.0


Point = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """A piece of an arrow: straight down to `bend`, a curve to `meet`, straight down to `end`.

    start, bend, meet, end  points (x, y) in the picture; the curve is upright at both of its ends
    source                  the box that the arrow comes from
    has_head                whether it ends at a box, where its head is
    """

    start: Point
    bend: Point
    meet: Point
    end: Point
    source: Part
    has_head: bool


def lay_out(whole: Part) -> list[Stroke]:
    """Give all parts in `whole` their places, and `whole` its size; the strokes of all arrows."""
    frames = _frames(whole)
    rooms = {id(frame): Room(frame, frame is not whole) for frame in frames}
    _route(frames, rooms)
    for frame in reversed(frames):  # those inside first
        rooms[id(frame)].arrange(rooms)
    whole.x = whole.y = 0.0
    strokes: list[Stroke] = []
    for frame in frames:
        for part in frame.parts or ():
            part.x += frame.x
            part.y += frame.y
        strokes += [_moved(s, frame.x, frame.y) for s in rooms[id(frame)].strokes]
    return strokes


def _moved(stroke: Stroke, dx: float, dy: float) -> Stroke:
    def move(point: Point) -> Point:
        return point[0] + dx, point[1] + dy

    points = move(stroke.start), move(stroke.bend), move(stroke.meet), move(stroke.end)
    return Stroke(*points, stroke.source, stroke.has_head)


def _frames(whole: Part) -> list[Part]:
    """All frames, those outside before those in them."""
    found = [whole]
    for frame in found:
        found += [part for part in frame.parts or () if part.parts is not None]
    return found


def _route(frames: Sequence[Part], rooms: dict[int, Room]) -> None:
    """Tell each frame which arrows run in it, where from and where to."""
    above: dict[int, Part | None] = {id(frames[0]): None}
    for frame in frames:
        above |= {id(part): frame for part in frame.parts or ()}

    def way_up(part: Part) -> list[Part]:
        found = [part]
        while (frame := above[id(found[-1])]) is not None:
            found.append(frame)
        return found

    for frame in frames:
        for target in frame.parts or ():
            down = way_up(target)
            places = {id(part): i for i, part in enumerate(down)}
            for slot, source in enumerate(target.inputs):
                up = way_up(source)
                meeting = next(i for i, part in enumerate(up) if id(part) in places)
                turn = places[id(up[meeting])]
                for part, outside in pairwise(up[:meeting]):
                    rooms[id(outside)].add(source, part, None)
                last = down[turn - 1]
                rooms[id(up[meeting])].add(source, up[meeting - 1], last, slot)
                for part, outside in pairwise(down[:turn]):
                    rooms[id(outside)].add(source, None, part, slot)


@dataclass(eq=False)
class Cell:
    """What has a place in a row: a part, or an arrow that passes, or one that comes in or goes out.

    part    the part, if it is one
    source  else the box that the arrow comes from
    depth   of a part, how many parts stand behind it one after the other
    """

    part: Part | None
    source: Part | None
    row: int
    depth: int = 0
    width: float = 0.0
    height: float = 0.0
    place: int = 0
    x: float = 0.0
    up: list[Edge] = field(default_factory=list)
    down: list[Edge] = field(default_factory=list)

    @property
    def is_lane(self) -> bool:
        return self.part is None


@dataclass(eq=False)
class Edge:
    """A piece of an arrow from a row to the next.

    slot       which of the inputs of its target it is
    out, into  where it leaves and where it arrives, from the left of the cells
    matters    whether it should be straight: 0 no, 1 yes, 2 before all others
    """

    source: Part
    upper: Cell
    lower: Cell
    slot: int = 0
    out: float = 0.0
    into: float = 0.0
    matters: int = 0


class Room:
    """The layout of one frame: what runs in it, and then its rows."""

    def __init__(self, frame: Part, has_border: bool):
        self.frame = frame
        self.has_border = has_border
        self.wires: dict[tuple[int, int, int, int], tuple[Part, Part | None, Part | None, int]] = {}
        self.ins: dict[int, float] = {}
        self.outs: dict[int, float] = {}
        self.strokes: list[Stroke] = []

    def add(self, source: Part, begin: Part | None, end: Part | None, slot: int = 0) -> None:
        """An arrow of `source` runs here from `begin` to `end`; None is the edge of the frame."""
        if end is None or end.parts is not None:
            slot = 0
        self.wires[id(source), id(begin), id(end), slot] = source, begin, end, slot

    def arrange(self, rooms: dict[int, Room]) -> None:
        """Find the rows, the order in them and the places, and draw the strokes."""
        self.rooms = rooms
        self._make_rows()
        self._find_ports()
        put_in_order(self.rows)
        place(self.rows)
        settle(self.rows)
        self._measure()

    # ---- rows

    def _make_rows(self) -> None:
        parts = self.frame.parts or []
        depth, row = self._depths_and_rows(parts)
        last = max(row.values(), default=0) + 1
        self.rows: list[list[Cell]] = [[] for _ in range(last + 1)]
        cells = {id(p): Cell(p, None, row[id(p)], depth[id(p)], p.width, p.height) for p in parts}
        arrows: dict[tuple[int, int], list[Any]] = {}
        for source, begin, end, slot in self.wires.values():
            arrows.setdefault((id(source), id(begin)), []).append((source, begin, end, slot))
        for part in parts:
            self.rows[row[id(part)]].append(cells[id(part)])
        for group in arrows.values():
            source, begin = group[0][:2]
            if begin is None:
                cell = Cell(None, source, 0)
                self.rows[0].append(cell)
            else:
                cell = cells[id(begin)]
            self._lead(source, cell, [(cells.get(id(e)), slot) for _, _, e, slot in group])
        self.rows = [cells_ for cells_ in self.rows if cells_]
        for i, cells_ in enumerate(self.rows):
            for cell in cells_:
                cell.row = i

    def _lead(self, source: Part, start: Cell, ends: list[tuple[Cell | None, int]]) -> None:
        """Cells for an arrow in the rows that it passes, one for all its ends."""
        last = len(self.rows) - 1
        trunk = {start.row: start}

        def down_to(row: int) -> Cell:
            for r in range(max(trunk) + 1, row + 1):
                cell = Cell(None, source, r)
                self.rows[r].append(cell)
                _join(source, trunk[r - 1], cell)
                trunk[r] = cell
            return trunk[row]

        for end, slot in sorted(ends, key=lambda e: (last if e[0] is None else e[0].row, e[1])):
            if end is None:
                down_to(last)
            else:
                _join(source, down_to(end.row - 1), end, slot)

    def _depths_and_rows(self, parts: list[Part]) -> tuple[dict[int, int], dict[int, int]]:
        """The depth of each part, and its row: below its sources, and near to what uses it."""
        made_from: dict[int, list[int]] = {id(p): [] for p in parts}
        used_in: dict[int, list[int]] = {id(p): [] for p in parts}
        leaves = {id(p) for p in parts if p.is_leaf}
        for _, begin, end, _ in self.wires.values():
            if begin is not None and end is not None:
                made_from[id(end)].append(id(begin))
                used_in[id(begin)].append(id(end))
        comes_in = {id(e) for _, b, e, _ in self.wires.values() if b is None and e is not None}
        depth: dict[int, int] = {}
        for part in parts:
            depth[id(part)] = 1 + max((depth[i] for i in made_from[id(part)]), default=0)
        row = dict(depth)
        for part in reversed(parts):
            above = {i for i in made_from[id(part)] if i not in leaves}
            below = used_in[id(part)]
            if below and len(above) + (id(part) in comes_in) <= 1:
                row[id(part)] = min(row[i] for i in below) - 1
        first = min(row.values(), default=1)
        return depth, {i: r - first + 1 for i, r in row.items()}

    # ---- where arrows leave and arrive

    def _find_ports(self) -> None:
        for row in self.rows:
            for cell in row:
                self._find_ports_of(cell)

    def _find_ports_of(self, cell: Cell) -> None:
        part = cell.part
        if part is None:
            for edge in cell.up:
                edge.matters = 2 if edge.upper.is_lane else 1
            return
        if part.parts is not None:
            room = self.rooms[id(part)]
            for edge in cell.up:
                edge.into = room.ins[id(edge.source)]
            for edge in cell.down:
                edge.out = room.outs[id(edge.source)]
            _mark_spine(cell.up)
            return
        for edge in cell.down:
            edge.out = part.width / 2
        edges = sorted(cell.up, key=lambda e: e.slot)
        spine = _mark_spine(edges)
        middle = (len(edges) - 1) / 2 if spine is None or len(edges) > FEW else spine
        reach = max(middle, len(edges) - 1 - middle) * PORT + 8
        step = PORT if reach <= part.width / 2 else PORT * part.width / 2 / reach
        for i, edge in enumerate(edges):
            edge.into = part.width / 2 + (i - middle) * step

    # ---- sizes and strokes

    def _measure(self) -> None:
        cells = [cell for row in self.rows for cell in row]
        left = min((cell.x for cell in cells), default=0.0)
        side = BORDER if self.has_border else 0.0
        for cell in cells:
            cell.x += side - left
        width = max((cell.x + cell.width for cell in cells), default=0.0) + side
        if self.has_border:
            entries = [c.x for c in self.rows[0] if c.is_lane and not c.up]
            self.frame.label_x, width = _room_for_label(entries, self.frame.label_width, width)
        self._find_heights()
        self.frame.width, self.frame.height = width, self.bottom
        for cell in cells:
            if cell.part is not None:
                cell.part.x, cell.part.y = cell.x, self._top(cell)
            elif not cell.up:
                self.ins[id(cell.source)] = cell.x
            elif not cell.down:
                self.outs[id(cell.source)] = cell.x
        self.strokes = [self._stroke(e) for cell in cells for e in cell.down]
        if self.has_border:
            self.strokes += [self._straight(c) for c in cells if c.is_lane and not c.down]

    def _find_heights(self) -> None:
        """Where each row begins and ends."""
        self.tops, self.bottoms = [], []
        y = 0.0
        for i, row in enumerate(self.rows):
            if i:
                across = max((abs(_across(e)) for cell in row for e in cell.up), default=0.0)
                at_edge = self.has_border and all(c.is_lane for c in self.rows[i - 1 + (i > 1)])
                least = GAP_AT_EDGE if at_edge else GAP
                y += min(max(least, 16 + 0.16 * across if across > 1 else 0), GAP_AT_MOST)
            is_entry = self.has_border and not i and all(c.is_lane for c in row)
            if self.has_border and not i and not is_entry:
                y += STRIP
            height = STRIP - 2 if is_entry else max(cell.height for cell in row)
            self.tops.append(y)
            y += height
            self.bottoms.append(y)
        goes_out = self.rows and all(c.is_lane for c in self.rows[-1])
        self.bottom = y + (BORDER if self.has_border and not goes_out else 0.0)

    def _top(self, cell: Cell) -> float:
        """Where a part begins in its row: leaves near to what uses them, the rest in the middle."""
        free = self.bottoms[cell.row] - self.tops[cell.row] - cell.height
        is_leaf = cell.part is not None and cell.part.is_leaf
        return self.tops[cell.row] + (free if is_leaf else free / 2)

    def _stroke(self, edge: Edge) -> Stroke:
        upper, lower = edge.upper, edge.lower
        top = self.tops[upper.row] if upper.is_lane else self._top(upper) + upper.height
        x = upper.x + edge.out
        has_head = lower.part is not None and lower.part.parts is None
        landing = self.tops[lower.row] if lower.is_lane else self._top(lower)
        return Stroke(
            (x, top),
            (x, self.bottoms[upper.row]),
            (lower.x + edge.into, self.tops[lower.row]),
            (lower.x + edge.into, landing),
            edge.source,
            has_head,
        )

    def _straight(self, cell: Cell) -> Stroke:
        """The last piece of an arrow that leaves the frame."""
        assert cell.source is not None
        start, end = (cell.x, self.tops[cell.row]), (cell.x, self.bottom)
        return Stroke(start, end, end, end, cell.source, False)


def _join(source: Part, upper: Cell, lower: Cell, slot: int = 0) -> None:
    edge = Edge(source, upper, lower, slot)
    upper.down.append(edge)
    lower.up.append(edge)


def _across(edge: Edge) -> float:
    return (edge.lower.x + edge.into) - (edge.upper.x + edge.out)


def _mark_spine(edges: list[Edge]) -> int | None:
    """Say which arrow should come straight from above; its place, if it is the only one such.

    That is the one with most of the computation behind it, rather than a parameter.
    """
    long = [e for e in edges if not (e.upper.part is not None and e.upper.part.is_leaf)]
    deepest = max((e.upper.depth for e in long), default=0)
    near = [e for e in long if e.upper.part is not None and 2 * e.upper.depth > deepest]
    chosen = near or long or edges
    for edge in chosen:
        edge.matters = 1
    if len(edges) == 1 or (long and len({id(e.upper) for e in chosen}) == 1):
        return edges.index(chosen[0]) if len(chosen) == 1 else None
    return None


def _room_for_label(entries: Iterable[float], needed: float, width: float) -> tuple[float, float]:
    """Where the label of a frame fits between the arrows that enter, and how wide the frame is."""
    stops = [2.0, *sorted(entries)]
    needed += 12
    for left, right in zip(stops, [*stops[1:], width], strict=True):
        if right - left >= needed:
            return left + 6, width
    return stops[-1] + 6, stops[-1] + needed


# ------------------------------------------------------------------------ the order in the rows


def put_in_order(rows: list[list[Cell]]) -> None:
    """Order the cells of each row so that few arrows cross."""
    _number(rows)
    best, order = _crossings(rows), [row[:] for row in rows]
    for sweep in range(SWEEPS):
        if not best:
            break
        down = sweep % 2 == 0
        for row in rows[1:] if down else rows[-2::-1]:
            _sort(row, down)
        if sum(map(len, rows)) < 400:
            _switch(rows)
        found = _crossings(rows)
        if found < best:
            best, order = found, [row[:] for row in rows]
    for row, cells in zip(rows, order, strict=True):
        row[:] = cells
    _number(rows)


def _number(rows: list[list[Cell]]) -> None:
    for row in rows:
        for i, cell in enumerate(row):
            cell.place = i


def _upper_place(edge: Edge) -> tuple[int, float]:
    return edge.upper.place, edge.out


def _lower_place(edge: Edge) -> tuple[int, float]:
    return edge.lower.place, edge.into


def _sort(row: list[Cell], by_upper: bool) -> None:
    """Sort a row by where its neighbours above or below stand, on average."""
    keys: list[tuple[float, Cell]] = []
    for cell in row:
        edges = cell.up if by_upper else cell.down
        if edges:
            places = [_port(e.upper, e.out) if by_upper else _port(e.lower, e.into) for e in edges]
            keys.append((sum(places) / len(places), cell))
    moving = iter([cell for _, cell in sorted(keys, key=lambda k: k[0])])
    fixed = {id(cell) for cell in row} - {id(cell) for _, cell in keys}
    row[:] = [cell if id(cell) in fixed else next(moving) for cell in row]
    for i, cell in enumerate(row):
        cell.place = i


def _port(cell: Cell, at: float) -> float:
    return cell.place + (at / cell.width if cell.width else 0.5)


def _crossings(rows: list[list[Cell]]) -> int:
    """How many pairs of arrows cross between neighbouring rows."""
    total = 0
    for row in rows[:-1]:
        edges = sorted((e for cell in row for e in cell.down), key=_upper_place)
        seen: list[Any] = []
        i = 0
        while i < len(edges):
            same = [edges[i]]
            while i + len(same) < len(edges) and _upper_place(edges[i + len(same)]) == _upper_place(
                edges[i]
            ):
                same.append(edges[i + len(same)])
            total += sum(len(seen) - bisect_right(seen, _lower_place(e)) for e in same)
            for e in same:
                insort(seen, _lower_place(e))
            i += len(same)
    return total


def _switch(rows: list[list[Cell]]) -> None:
    """Let neighbours change places wherever that saves crossings."""
    for _ in range(4):
        better = False
        for row in rows:
            for i in range(len(row) - 1):
                a, b = row[i], row[i + 1]
                if _between(b, a) < _between(a, b):
                    row[i], row[i + 1] = b, a
                    a.place, b.place = i + 1, i
                    better = True
        if not better:
            return


def _between(a: Cell, b: Cell) -> int:
    """How many arrows of `a` and `b` cross if `a` stands left of `b`."""
    count = 0
    for e in a.up:
        count += sum(_upper_place(f) < _upper_place(e) for f in b.up)
    for e in a.down:
        count += sum(_lower_place(f) < _lower_place(e) for f in b.down)
    return count


# ------------------------------------------------------------------- the places in the rows


def place(rows: list[list[Cell]]) -> None:
    """Give each cell its x, in the order of its row: the middle of four ways to do it.

    Each way lets cells stand below or above each other where arrows can be straight, and then
    pushes all together, to the left or to the right.
    """
    conflicts = _conflicts(rows)
    found = []
    for from_above in (True, False):
        for from_left in (True, False):
            root, shift = _align(rows, from_above, from_left, conflicts)
            found.append(_push(rows, root, shift, from_left))
    cells = [cell for row in rows for cell in row]
    narrowest = min(found, key=lambda xs: _extent(cells, xs)[1] - _extent(cells, xs)[0])
    low, high = _extent(cells, narrowest)
    for i, xs in enumerate(found):
        own_low, own_high = _extent(cells, xs)
        move = low - own_low if i % 2 == 0 else high - own_high
        for key in xs:
            xs[key] += move
    for cell in cells:
        places = sorted(xs[id(cell)] for xs in found)
        cell.x = (places[1] + places[2]) / 2


def settle(rows: list[list[Cell]]) -> None:
    """Move what is straight, as a whole, to what it is connected with, as far as there is room."""
    columns = _straight_columns(rows)
    column_of = {id(cell): i for i, column in enumerate(columns) for cell in column}
    for sweep in range(SWEEPS):
        for i, column in sorted(
            enumerate(columns), key=lambda pair: pair[1][0].x, reverse=bool(sweep % 2)
        ):
            wishes = sorted(
                way for c in column for key, way in _ways(c).items() if column_of[key] != i
            )
            if wishes:
                low, high = wishes[(len(wishes) - 1) // 2], wishes[len(wishes) // 2]
                least, most = _room_beside(column, rows, column_of)
                step = max(least, min(most, max(low, min(high, 0.0))))
                for cell in column:
                    cell.x += step


def _ways(cell: Cell) -> dict[int, float]:
    """By neighbour, how far a cell would have to move for straight arrows, on average."""
    found: dict[int, list[float]] = {}
    for edge in cell.up:
        found.setdefault(id(edge.upper), []).append(-_across(edge))
    for edge in cell.down:
        found.setdefault(id(edge.lower), []).append(_across(edge))
    return {key: sum(ways) / len(ways) for key, ways in found.items()}


def _straight_columns(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Cells that hang together by straight arrows."""
    seen: set[int] = set()
    columns = []
    for row in rows:
        for cell in row:
            if id(cell) in seen:
                continue
            seen.add(id(cell))
            column = [cell]
            for known in column:
                straight = [
                    e for e in known.up + known.down if e.matters and abs(_across(e)) < 0.01
                ]
                for other in [c for e in straight for c in (e.upper, e.lower)]:
                    if id(other) not in seen:
                        seen.add(id(other))
                        column.append(other)
            columns.append(column)
    return columns


def _room_beside(
    column: list[Cell], rows: list[list[Cell]], column_of: dict[int, int]
) -> tuple[float, float]:
    """How far a column may move to the left (at most 0) and to the right."""
    least, most = -INFINITE, INFINITE
    for cell in column:
        row, i = rows[cell.row], cell.place
        if i and column_of[id(row[i - 1])] != column_of[id(cell)]:
            left = row[i - 1]
            least = max(least, left.x + left.width + apart(left, cell) - cell.x)
        if i + 1 < len(row) and column_of[id(row[i + 1])] != column_of[id(cell)]:
            right = row[i + 1]
            most = min(most, right.x - cell.width - apart(cell, right) - cell.x)
    return min(least, 0.0), max(most, 0.0)


def _extent(cells: list[Cell], xs: dict[int, float]) -> tuple[float, float]:
    low = min((xs[id(c)] for c in cells), default=0.0)
    return low, max((xs[id(c)] + c.width for c in cells), default=0.0)


def _conflicts(rows: list[list[Cell]]) -> set[int]:
    """Arrows that may not be straight, as they cross one that passes both rows."""
    found = set()
    for row in rows[:-1]:
        edges = [e for cell in row for e in cell.down]
        inner = [e for e in edges if e.matters == 2]
        for e in edges:
            if e.matters == 2:
                continue
            here = (e.upper.place, e.lower.place)
            for f in inner:
                if (f.upper.place - here[0]) * (f.lower.place - here[1]) < 0:
                    found.add(id(e))
                    break
    return found


def _align(
    rows: list[list[Cell]], from_above: bool, from_left: bool, conflicts: set[int]
) -> tuple[dict[int, Cell], dict[int, float]]:
    """Columns of cells: for each cell the first of its column, and where it stands from there."""
    root = {id(c): c for row in rows for c in row}
    shift = {id(c): 0.0 for row in rows for c in row}
    taken: set[int] = set()  # cells that the next in a column stands at already
    for row in rows if from_above else rows[::-1]:
        limit = -1 if from_left else 10**9
        for cell in row if from_left else row[::-1]:
            edges = [e for e in (cell.up if from_above else cell.down) if e.matters]
            most = max((e.matters for e in edges), default=0)
            edges = [e for e in edges if e.matters == most and id(e) not in conflicts]
            for edge in _middle(edges, from_above, from_left):
                other = edge.upper if from_above else edge.lower
                fits = other.place > limit if from_left else other.place < limit
                if id(other) in taken or not fits:
                    continue
                taken.add(id(other))
                limit = other.place
                root[id(cell)] = root[id(other)]
                step = edge.out - edge.into if from_above else edge.into - edge.out
                shift[id(cell)] = shift[id(other)] + step
                break
    return root, shift


def _middle(edges: list[Edge], from_above: bool, from_left: bool) -> list[Edge]:
    """The one or two arrows in the middle."""
    edges = sorted(edges, key=_upper_place if from_above else _lower_place)
    n = len(edges)
    if not n:
        return []
    if n % 2:
        return [edges[n // 2]]
    pair = edges[n // 2 - 1 : n // 2 + 1]
    return pair if from_left else pair[::-1]


def apart(left: Cell, right: Cell) -> float:
    """What must be free between two neighbours in a row."""
    return LANE if left.is_lane or right.is_lane else APART


def _push(
    rows: list[list[Cell]], root: dict[int, Cell], shift: dict[int, float], from_left: bool
) -> dict[int, float]:
    """The x of each cell, with all columns pushed to one side as far as they go."""
    sign = 1.0 if from_left else -1.0
    after: dict[int, list[tuple[int, float]]] = {id(r): [] for r in root.values()}
    before: dict[int, list[tuple[int, float]]] = {id(r): [] for r in root.values()}
    for row in rows:
        for left, right in pairwise(row):
            a, b = id(root[id(left)]), id(root[id(right)])
            need = left.width + apart(left, right) + shift[id(left)] - shift[id(right)]
            first, second = (a, b) if from_left else (b, a)
            after[first].append((second, need))
            before[second].append((first, need))
    order = _sorted_columns(after, before)
    at: dict[int, float] = {}
    for key in order:
        at[key] = max((at[k] + need for k, need in before[key]), default=0.0)
    for key in reversed(order):  # what nothing holds back comes near to what it is beside
        if after[key]:
            room = min(at[k] - need for k, need in after[key])
            at[key] = max(at[key], room)
    return {id(c): sign * at[id(root[id(c)])] + shift[id(c)] for row in rows for c in row}


def _sorted_columns(
    after: dict[int, list[tuple[int, float]]], before: dict[int, list[tuple[int, float]]]
) -> list[int]:
    """The columns, each after all that stand before it in some row."""
    waiting = {key: len(found) for key, found in before.items()}
    ready = [key for key, n in waiting.items() if not n]
    order = []
    while ready:
        key = ready.pop()
        order.append(key)
        for other, _ in after[key]:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return order
