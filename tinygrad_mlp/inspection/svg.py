"""A graph that has been laid out, as SVG.

The shapes carry the meaning, so that grey paper and colour-blind readers lose nothing: what an op
made has round corners, a leaf has none, and what needs no gradient has a dashed line. The text is
text, and what the picture shows is said in words in its `<desc>`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from .graph import WANTS_GRADIENT, Box, Frame, everything_in
from .layout import HEAD, PORT, Stroke, lay_out
from .layout import Part as Place
from .text_size import is_known, printable, shortened, shortened_name, width_of
from .words import described

TITLE, SMALL = 13.0, 11.0
"""The sizes of text, in pixels."""

WIDEST = 200.0
"""How wide text in a box may be; longer text is cut; the words have more of it."""

MARGIN, SIDE = 14.0, 9.0
"""Around the picture, and between a box and its text."""

LINE = 14.5
"""From one line of small text to the next."""

FONT = '"Helvetica Neue", Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif'

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2328",
    "quiet": "#59636e",
    "box": "#f4f6f8",
    "edge": "#8b949e",
    "frame": "#d5dbe1",
    "accent": "#0969a8",
}
DARK = {
    "paper": "#0d1117",
    "ink": "#f0f6fc",
    "quiet": "#9aa4af",
    "box": "#1a212b",
    "edge": "#6e7681",
    "frame": "#343b44",
    "accent": "#6cb8f5",
}


@dataclass(frozen=True)
class Text:
    """A line of text, from the left.

    style  "title", "small", "accent" or "label"
    """

    x: float
    y: float
    words: str
    size: float
    style: str


@dataclass(frozen=True)
class Shape:
    """A rectangle with its text: a box or a frame.

    kind   "op", "block", "leaf" (wants a gradient), "constant" (needs none) or "frame"
    words  all that is known of it
    """

    kind: str
    x: float
    y: float
    width: float
    height: float
    texts: tuple[Text, ...]
    words: str
    is_result: bool = False


@dataclass(frozen=True)
class Picture:
    """All that is drawn.

    title, lines  what it shows, and that in words
    strokes       by the box that an arrow comes from, the pieces of it
    key           samples of the kinds of boxes, with what they mean
    """

    width: float
    height: float
    title: str
    lines: list[str]
    frames: list[Shape]
    boxes: list[Shape]
    strokes: list[list[Stroke]]
    key: list[Shape]


# --------------------------------------------------------------------------------- laying it out


def picture_of(whole: Frame) -> Picture:
    """A graph with everything in its place."""
    parts = list(everything_in(whole))
    places: dict[int, Place] = {}
    for part in parts:
        places[id(part)] = _place(part)
    for part in parts:
        if isinstance(part, Box):
            places[id(part)].inputs = [places[id(source)] for source in part.inputs]
        else:
            places[id(part)].parts = [places[id(inner)] for inner in part.parts]
    root = Place(parts=[places[id(part)] for part in whole.parts])
    strokes = lay_out(root)
    by_source: dict[int, list[Stroke]] = {}
    for stroke in strokes:
        by_source.setdefault(id(stroke.source), []).append(stroke)
    boxes = [(part, places[id(part)]) for part in parts if isinstance(part, Box)]
    lines = described(whole)
    key = _key([box for box, _ in boxes], max(root.width, 300.0), root.height + 22)
    right = max([root.width, *(shape.texts[0].x + _width(shape) for shape in key)])
    below = max([root.height, *(shape.y + shape.height for shape in key)])
    return Picture(
        right + 2 * MARGIN,
        below + 2 * MARGIN,
        lines[0].partition(":")[0],
        lines,
        [_frame_shape(part, places[id(part)]) for part in parts if isinstance(part, Frame)],
        [_box_shape(box, place, "") for box, place in boxes],
        list(by_source.values()),
        key,
    )


def _place(part: Box | Frame) -> Place:
    """What the layout has to know of a box or a frame."""
    if isinstance(part, Frame):
        return Place(label_width=width_of(_label(part), SMALL))
    lines = lines_of(part)
    width = max(width_of(words, size) for words, size, _ in lines) + 2 * SIDE
    for_arrows = PORT * (len(part.inputs) + 1)
    return Place(max(width, for_arrows, 40.0), _height(len(lines)), is_leaf=part.is_leaf)


def _height(lines: int) -> float:
    return 25.0 + LINE * (lines - 1)


def lines_of(box: Box) -> list[tuple[str, float, str]]:
    """The lines of text in a box, with their size and style."""
    value = box.value if box.shape.startswith("(") else f"value {box.value}"
    small = [
        (box.options, "small"),
        (box.shape, "small"),
        (value if box.value else "", "small"),
        (box.gradient, "accent"),
        (box.note, "small"),
    ]
    cut = shortened_name if box.is_leaf or box.kind == "block" else shortened
    lines = [(cut(box.title, TITLE, WIDEST), TITLE, "title")]
    return lines + [
        (shortened(words, SMALL, WIDEST), SMALL, style) for words, style in small if words
    ]


def _label(frame: Frame) -> str:
    return shortened_name(frame.label, SMALL, WIDEST)


def _box_shape(box: Box, place: Place, words: str) -> Shape:
    kind = box.kind
    if box.is_leaf:
        kind = "leaf" if box.kind in WANTS_GRADIENT else "constant"
    texts = []
    y = place.y + 17
    for line, size, style in lines_of(box):
        texts.append(Text(place.x + (place.width - width_of(line, size)) / 2, y, line, size, style))
        y += LINE
    return Shape(
        kind, place.x, place.y, place.width, place.height, tuple(texts), words, box.is_result
    )


def _frame_shape(frame: Frame, place: Place) -> Shape:
    text = Text(place.x + place.label_x, place.y + 14, _label(frame), SMALL, "label")
    return Shape("frame", place.x, place.y, place.width, place.height, (text,), frame.label)


MEANINGS = {
    "leaf": "wants gradient",
    "constant": "no gradient",
    "op": "op",
    "block": "several ops",
}


def _key(boxes: list[Box], width: float, top: float) -> list[Shape]:
    """Samples of the kinds of boxes that there are, in lines no longer than `width`."""
    kinds = {_box_shape(box, Place(), "").kind for box in boxes}
    shapes: list[Shape] = []
    x, y = 0.0, top
    meanings = [(kind, words, False) for kind, words in MEANINGS.items() if kind in kinds]
    for kind, words, is_result in [*meanings, ("op", "result", True)]:
        needed = 26 + width_of(words, SMALL)
        if x and x + needed > width:
            x, y = 0.0, y + 18
        text = Text(x + 25, y + 9.5, words, SMALL, "label")
        shapes.append(Shape(kind, x, y, 18.0, 12.0, (text,), words, is_result))
        x += needed + 18
    return shapes


def _width(shape: Shape) -> float:
    return width_of(shape.texts[0].words, shape.texts[0].size)


# ------------------------------------------------------------------------------------ as SVG


def to_svg(picture: Picture) -> str:
    """The picture as a whole SVG file."""
    words = "\n".join(map(_escaped, picture.lines))
    name = f"graph-{zlib.crc32(words.encode()):08x}"
    width, height = _number(picture.width), _number(picture.height)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="tg-graph" role="img" '
            f'aria-labelledby="{name}-title" aria-describedby="{name}-words" '
            f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
            f'<title id="{name}-title">{_escaped(picture.title)}</title>',
            f'<desc id="{name}-words">{words}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect class="paper" width="{width}" height="{height}"/>',
            f'<g transform="translate({_number(MARGIN)} {_number(MARGIN)})">',
            *map(_shape_in_svg, picture.frames),
            *map(_arrow_in_svg, picture.strokes),
            *map(_shape_in_svg, picture.boxes),
            '<g class="key">',
            *map(_shape_in_svg, picture.key),
            "</g>",
            "</g>",
            "</svg>",
            "",
        )
    )


def _shape_in_svg(shape: Shape) -> str:
    marks = f"{shape.kind} result" if shape.is_result else shape.kind
    corner = min({"op": 8, "block": 8, "frame": 10}.get(shape.kind, 0), shape.height / 3)
    lines = [f'<g class="{marks}">']
    lines.append(_rect("box", shape.x, shape.y, shape.width, shape.height, corner))
    if shape.kind == "block":
        inner = (shape.x + 2.5, shape.y + 2.5, shape.width - 5, shape.height - 5)
        lines.append(_rect("inner", *inner, max(corner - 2.5, 1)))
    lines += map(_text_in_svg, shape.texts)
    return "".join([*lines, "</g>"])


def _rect(mark: str, x: float, y: float, width: float, height: float, corner: float) -> str:
    places = zip(("x", "y", "width", "height", "rx"), (x, y, width, height, corner), strict=True)
    return f'<rect class="{mark}" ' + " ".join(f'{k}="{_number(v)}"' for k, v in places) + "/>"


def _text_in_svg(text: Text) -> str:
    fit = ""
    middle, anchor = text.x, ""
    if text.style != "label":
        middle += width_of(text.words, text.size) / 2
        anchor = ' text-anchor="middle"'
    if not is_known(text.words):
        width = _number(width_of(text.words, text.size))
        fit = f' textLength="{width}" lengthAdjust="spacingAndGlyphs"'
    return (
        f'<text class="{text.style}" x="{_number(middle)}" y="{_number(text.y)}"{anchor}{fit}>'
        f"{_escaped(text.words)}</text>"
    )


def _arrow_in_svg(strokes: list[Stroke]) -> str:
    lines = " ".join(map(_stroke_in_svg, strokes))
    heads = " ".join(_head_in_svg(s) for s in strokes if s.has_head)
    return f'<g class="arrow"><path class="line" d="{lines}"/><path class="head" d="{heads}"/></g>'


def _stroke_in_svg(stroke: Stroke) -> str:
    words = [f"M{_point(*stroke.start)}"]
    for kind, points in commands(stroke):
        words.append(kind + " ".join(_point(*p) for p in points))
    return "".join(words)


def commands(stroke: Stroke) -> list[tuple[str, list[tuple[float, float]]]]:
    """How to draw a stroke from its start: L is a line, C a cubic curve."""
    (x0, y0), (x1, y1), end = stroke.bend, stroke.meet, stroke.end
    if stroke.has_head:
        end = (end[0], end[1] - HEAD + 1)
        y1 = min(y1, end[1])
    found: list[tuple[str, list[tuple[float, float]]]] = []
    if stroke.bend != stroke.start:
        found.append(("L", [stroke.bend]))
    if abs(x1 - x0) < 0.01:
        found.append(("L", [end]))
        return found
    middle = (y0 + y1) / 2
    found.append(("C", [(x0, middle), (x1, middle), (x1, y1)]))
    if end != (x1, y1):
        found.append(("L", [end]))
    return found


def head(stroke: Stroke) -> list[tuple[float, float]]:
    """The three corners of the head of an arrow."""
    x, y = stroke.end
    return [(x, y), (x - 3.4, y - HEAD), (x + 3.4, y - HEAD)]


def _head_in_svg(stroke: Stroke) -> str:
    return "M" + "L".join(_point(*corner) for corner in head(stroke)) + "Z"


def _point(x: float, y: float) -> str:
    return f"{_number(x)} {_number(y)}"


def _number(x: float) -> str:
    return f"{x:.1f}".removesuffix(".0")


def _escaped(words: str) -> str:
    words = printable(words).replace("&", "&amp;").replace("<", "&lt;")
    return words.replace(">", "&gt;").replace('"', "&quot;")


def _colours(colours: dict[str, str]) -> str:
    return ".tg-graph{" + ";".join(f"--{name}:{colour}" for name, colour in colours.items()) + "}"


STYLE = (
    _colours(LIGHT)
    + f"@media(prefers-color-scheme:dark){{{_colours(DARK)}}}"
    + f".tg-graph text{{font-family:{FONT};fill:var(--ink);font-size:{SMALL:g}px}}"
    + """
.tg-graph{max-width:100%;height:auto}
.tg-graph .paper{fill:var(--paper)}
.tg-graph text.title{font-size:13px}
.tg-graph text.small,.tg-graph text.label{fill:var(--quiet)}
.tg-graph text.accent{fill:var(--accent)}
.tg-graph .box{fill:var(--box);stroke:var(--edge);stroke-width:1}
.tg-graph .inner{fill:none;stroke:var(--edge);stroke-width:.8}
.tg-graph .leaf .box{fill:var(--paper);stroke:var(--accent);stroke-width:1.5}
.tg-graph .constant .box{fill:var(--paper);stroke-dasharray:4 3}
.tg-graph .frame .box{fill:none;stroke:var(--frame)}
.tg-graph .result .box{stroke:var(--ink);stroke-width:2}
.tg-graph .line{fill:none;stroke:var(--edge);stroke-width:1.2;stroke-linecap:round}
.tg-graph .head{fill:var(--edge)}
"""
)
