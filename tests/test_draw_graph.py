"""The graph as a picture: what is drawn, in words, and that nothing runs into anything else.

The geometry is read from the SVG itself: its rectangles, paths and texts, not from
the layout.
"""

import doctest
import functools
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import ft2font
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font
from matplotlib.path import Path

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.inspection.drawing import Drawing
from tinygrad_mlp.inspection.folding import AT_MOST, ENOUGH, fold
from tinygrad_mlp.inspection.graph import Box, Frame, in_frames
from tinygrad_mlp.inspection.text_size import WIDTHS, shortened, width_of
from tinygrad_mlp.inspection.words import first_sentence
from tinygrad_mlp.nn import functional as F

from .lessons.browser import Browser, find_browser

# matplotlib 3.10 has moved it.
if hasattr(ft2font, "LoadFlags"):
    NO_HINTING = ft2font.LoadFlags.NO_HINTING
else:
    NO_HINTING = ft2font.LOAD_NO_HINTING

SVG = "{http://www.w3.org/2000/svg}"
TIMES, MINUS = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}"

# ------------------------------------------------------------------------- reading the picture


@dataclass
class Rect:
    """A box or a frame as drawn, with the lines of text in it."""

    marks: set
    left: float
    top: float
    right: float
    bottom: float
    texts: list = field(default_factory=list)

    def holds(self, x, y, slack):
        return (
            self.left - slack < x < self.right + slack
            and self.top - slack < y < self.bottom + slack
        )


@dataclass
class Arrow:
    """All arrows from one box: the points of each piece, and where the heads point to."""

    pieces: list
    tips: list


@dataclass
class Seen:
    boxes: list
    frames: list
    key: list
    arrows: list
    width: float
    height: float


def look_at(svg):
    """What a picture shows, from its own coordinates."""
    root = ElementTree.fromstring(svg)
    group = root.find(f"{SVG}g")
    key = group.find(f"{SVG}g[@class='key']")
    rects = [rect_of(g) for g in group if g.get("class") not in ("arrow", "key")]
    return Seen(
        [r for r in rects if "frame" not in r.marks],
        [r for r in rects if "frame" in r.marks],
        [rect_of(g) for g in key],
        [arrow_of(g) for g in group if g.get("class") == "arrow"],
        float(root.get("width")),
        float(root.get("height")),
    )


def rect_of(group):
    x, y, width, height = (float(group[0].get(k)) for k in ("x", "y", "width", "height"))
    rect = Rect(set(group.get("class").split()), x, y, x + width, y + height)
    for text in group.findall(f"{SVG}text"):
        size = 13.0 if text.get("class") == "title" else 11.0
        wide = width_of(text.text or "", size)
        left = float(text.get("x")) - (wide / 2 if text.get("text-anchor") else 0)
        base = float(text.get("y"))
        rect.texts.append(
            Rect({text.text or ""}, left, base - 0.72 * size, left + wide, base + 0.2 * size)
        )
    return rect


def arrow_of(group):
    line, head = (path.get("d") for path in group)
    pieces = [points_of("M" + part) for part in line.split("M")[1:]]
    tips = [points_of("M" + part.rstrip(" Z"))[0] for part in head.split("M")[1:]]
    return Arrow(pieces, tips)


def points_of(path):
    """Points along a path of M, L and C, close to each other on curves."""
    points = []
    for command, numbers in re.findall(r"([MLC])([^MLC]*)", path):
        values = [float(n) for n in numbers.split()]
        given = list(zip(values[::2], values[1::2], strict=True))
        if command == "C":
            start = points[-1]
            for t in np.linspace(0, 1, 33)[1:]:
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                ends = zip(*(start, *given), strict=True)
                points.append(
                    tuple(sum(w * c for w, c in zip(weights, cs, strict=True)) for cs in ends)
                )
        else:
            for x, y in given:
                if points:
                    points += [
                        (
                            points[-1][0] + t * (x - points[-1][0]),
                            points[-1][1] + t * (y - points[-1][1]),
                        )
                        for t in (0.25, 0.5, 0.75)
                    ]
                points.append((x, y))
    return points


def inside(rect, point, margin=0.6):
    return rect.holds(*point, -margin)


def overlap(a, b):
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom


def near(a, b):
    return abs(a[0] - b[0]) < 0.3 and abs(a[1] - b[1]) < 0.3


def origin(arrow):
    """Where an arrow begins: the only place where a piece begins and none ends."""
    ends = [piece[-1] for piece in arrow.pieces]
    starts = [piece[0] for piece in arrow.pieces]
    free = [start for start in starts if not any(near(start, end) for end in ends)]
    assert free and all(near(start, free[0]) for start in free)
    return free[0]


def ends_at(seen):
    """(source, target, x) for each head of an arrow, by the numbers of the boxes."""
    found = []
    for arrow in seen.arrows:
        start = origin(arrow)
        [source] = [
            i
            for i, box in enumerate(seen.boxes)
            if abs(box.bottom - start[1]) < 0.3 and box.left < start[0] < box.right
        ]
        for x, y in arrow.tips:
            [target] = [
                i
                for i, box in enumerate(seen.boxes)
                if abs(box.top - y) < 0.3 and box.left < x < box.right
            ]
            found.append((source, target, x))
    return found


# ---------------------------------------------------------------------------- nothing collides


GRAPHS = range(20)


@functools.cache
def example(seed):
    """A random graph of up to 60 boxes in frames, and what its picture shows."""
    graph = random_graph(np.random.default_rng(seed))
    return graph, look_at(Drawing(graph).svg)


def random_graph(rng):
    """Boxes made from earlier ones, near or far, and frames around what comes together."""
    far = rng.choice([2, 4, 10, 60])
    often = rng.choice([2, 5, 12])
    boxes, frames, around = [], {}, []
    for i in range(rng.integers(1, 61)):
        count = rng.choice([0, 1, 1, 1, 2, 2, 2, 3, 4, 20]) if i else 0
        sources = [boxes[rng.integers(max(0, i - far), i)] for _ in range(count)]
        lines = rng.integers(0, 4)
        box = Box(
            "op" if sources else rng.choice(["leaf", "parameter", "input", "constant"]),
            made_by="op" * rng.integers(1, 7),
            name=rng.choice(["", "x", "layers.0.weight"]),
            shape="10" if lines else "",
            value="[1, 2, 3]" if lines > 1 else "",
            gradient="grad 1" if lines > 2 else "",
            inputs=sources,
            is_result=rng.integers(0, 6) == 0,
        )
        boxes.append(box)
        if sources:
            change = rng.integers(0, often)
            around = around[:-1] if change == 1 else around
            around = [*around, Frame("fc", "Linear")] if change == 0 else around
            frames[id(box)] = around
    return in_frames(boxes, frames)


def in_order(graph):
    """The boxes of a graph as they come in the SVG."""
    found = []
    for part in graph.parts:
        found += in_order(part) if isinstance(part, Frame) else [part]
    return found


@pytest.mark.parametrize("seed", GRAPHS)
def test_no_arrow_crosses_a_box(seed):
    _, seen = example(seed)
    for arrow in seen.arrows:
        for point in (p for piece in arrow.pieces for p in piece):
            assert not any(inside(box, point) for box in seen.boxes)


@pytest.mark.parametrize("seed", GRAPHS)
def test_arrows_lead_from_each_input_to_its_box_in_the_order_of_the_inputs(seed):
    graph, seen = example(seed)
    boxes = in_order(graph)
    assert len(seen.boxes) == len(boxes)
    heads = sorted(ends_at(seen), key=lambda end: end[2])
    number = {id(box): i for i, box in enumerate(boxes)}
    for i, box in enumerate(boxes):
        drawn = [source for source, target, _ in heads if target == i]
        assert drawn == [number[id(source)] for source in box.inputs]


@pytest.mark.parametrize("seed", GRAPHS)
def test_every_piece_of_an_arrow_begins_at_its_box_or_where_another_ends(seed):
    _, seen = example(seed)
    for arrow in seen.arrows:
        x, y = origin(arrow)
        assert any(abs(box.bottom - y) < 0.3 and box.left < x < box.right for box in seen.boxes)
        starts = [piece[0] for piece in arrow.pieces]
        for end in (piece[-1] for piece in arrow.pieces):
            at_head = any(abs(end[0] - x) < 0.3 and 0 <= y - end[1] < 8 for x, y in arrow.tips)
            assert at_head or any(near(end, start) for start in starts)


@pytest.mark.parametrize("seed", GRAPHS)
def test_the_heads_of_arrows_do_not_touch(seed):
    _, seen = example(seed)
    by_box = {}
    for _source, target, x in sorted(ends_at(seen), key=lambda end: end[2]):
        if target in by_box:
            assert x - by_box[target] > 7
        by_box[target] = x


@pytest.mark.parametrize("seed", GRAPHS)
def test_boxes_lie_apart_and_frames_hold_exactly_what_is_in_them(seed):
    graph, seen = example(seed)
    for i, box in enumerate(seen.boxes):
        assert not any(overlap(box, other) for other in seen.boxes[:i])
    frames = frames_in(graph)
    assert len(frames) == len(seen.frames)
    boxes = in_order(graph)
    for frame, rect in zip(frames, seen.frames, strict=True):
        members = {id(box) for box in in_order(frame)}
        for box, drawn in zip(boxes, seen.boxes, strict=True):
            if id(box) in members:
                assert rect.left < drawn.left and drawn.right < rect.right
                assert rect.top < drawn.top and drawn.bottom < rect.bottom
            else:
                assert not overlap(rect, drawn)


def frames_in(graph):
    found = []
    for part in graph.parts:
        if isinstance(part, Frame):
            found += [part, *frames_in(part)]
    return found


@pytest.mark.parametrize("seed", GRAPHS)
def test_text_stays_in_its_box_and_no_arrow_or_box_touches_a_label(seed):
    _, seen = example(seed)
    for box in seen.boxes + seen.frames:
        for text in box.texts:
            assert box.left + 2 < text.left and text.right < box.right - 2
            assert box.top + 2 < text.top and text.bottom < box.bottom - 2
        for a, b in pairwise(box.texts):
            assert a.bottom <= b.top + 0.1
    labels = [text for frame in seen.frames for text in frame.texts]
    points = [p for arrow in seen.arrows for piece in arrow.pieces for p in piece]
    for label in labels:
        assert not any(overlap(label, box) for box in seen.boxes)
        assert not any(inside(label, p, 0) for p in points)


@pytest.mark.parametrize("seed", GRAPHS)
def test_everything_lies_within_the_picture(seed):
    _, seen = example(seed)
    for rect in [*seen.boxes, *seen.frames, *seen.key]:
        assert rect.left >= 0 and rect.right <= seen.width - 27.8
        assert rect.top >= 0 and rect.bottom <= seen.height - 27.8
    for sample in seen.key:
        assert not any(overlap(sample, rect) for rect in [*seen.boxes, *seen.frames])
    for x, y in (p for arrow in seen.arrows for piece in arrow.pieces for p in piece):
        assert -1 < x < seen.width - 27 and -1 < y < seen.height - 27


def test_an_arrow_through_a_box_would_be_noticed():
    svg = Drawing(chain_of(3)).svg
    first, second = look_at(svg).boxes[:2]
    line = f"M{first.left + 9} {first.bottom}L{second.left + 9} {second.bottom + 30}"
    seen = look_at(re.sub(r'class="line" d="[^"]*"', f'class="line" d="{line}"', svg, count=1))
    points = [p for arrow in seen.arrows for piece in arrow.pieces for p in piece]
    assert any(inside(box, point) for box in seen.boxes for point in points)


def chain_of(n):
    boxes = [Box("leaf", name="x")]
    for _ in range(n - 1):
        boxes.append(Box("op", "tanh", inputs=[boxes[-1]]))
    return in_frames(boxes, {})


# --------------------------------------------------------------------------------------- text


def test_the_table_of_widths_is_that_of_the_widest_of_the_fonts():
    font = FT2Font(findfont("DejaVu Sans"))
    font.set_size(1000, 72)
    for character, width in WIDTHS.items():
        drawn = font.load_char(ord(character), NO_HINTING).linearHoriAdvance / 65536
        assert drawn == pytest.approx(width, abs=0.6), character


def test_text_that_is_too_long_is_cut_to_its_room():
    assert shortened("short", 11, 200) == "short"
    cut = shortened("a" * 500, 11, 200)
    assert cut.endswith("…") and 150 < width_of(cut, 11) <= 200
    assert shortened("tab\tand\nline\x00", 11, 200) == "tab and line "


HOSTILE = '<script>alert("1")</script>&amp;\x00\ud800 ]]> \u202e\U0001f600'


def test_names_that_come_from_a_user_are_escaped_and_what_xml_cannot_hold_is_left_out():
    x = tg.tensor(1.0, requires_grad=True)
    drawing = tg.draw_graph(x * 2, names={HOSTILE: x})
    assert "<script>" not in drawing.svg
    root = ElementTree.fromstring(drawing.svg.encode())
    words = root.find(f"{SVG}desc").text
    assert '<script>alert("1")</script>&amp;' in words
    assert len(list(root.iter(f"{SVG}script"))) == 0


def test_a_name_of_several_lines_makes_no_more_lines():
    x = tg.tensor(1.0, requires_grad=True)
    assert lines(tg.draw_graph(x * 2, names={"one\ntwo": x}))[0] == "1. leaf one two: value 1"


def test_characters_of_unknown_width_are_pressed_into_their_place():
    x = tg.tensor(1.0, requires_grad=True)
    svg = tg.draw_graph(x * 2, names={"学習率": x}).svg
    [text] = re.findall(r"<text[^>]*>学習率</text>", svg)
    assert 'textLength="' in text and 'lengthAdjust="spacingAndGlyphs"' in text
    assert "textLength" not in tg.draw_graph(x * 2, names={"rate": x}).svg


@pytest.mark.parametrize(
    "name", ["слой", "Слои", "βάθος", "Βάρη", "épaisseur", "Größe", "e\u0301tage"]
)
def test_text_of_other_alphabets_is_pressed_by_little(name):
    font = FT2Font(findfont("DejaVu Sans"))
    font.set_size(1000, 72)
    with_accents = unicodedata.normalize("NFC", name)
    drawn = sum(font.load_char(ord(c), NO_HINTING).linearHoriAdvance / 65536 for c in with_accents)
    assert width_of(name, 1000) == pytest.approx(drawn, rel=0.13)


def test_chinese_characters_have_the_squares_that_they_fill():
    assert width_of("学習率", 10) == 30
    assert width_of("서울", 10) == 20  # not the parts that each is composed of


def test_a_name_of_marks_alone_is_not_endless():
    assert len(shortened("́" * 10_000, 11, 200)) < 500


def test_matplotlib_keeps_text_of_unknown_width_in_its_room():
    x = tg.tensor(1.0, requires_grad=True)
    name = "ЩЩЩЩЩЩЩЩЩЩ"
    figure = tg.draw_graph(x * 2, names={name: x}).figure()
    boxes = [patch.get_path().get_extents() for patch in figure.axes[0].patches]
    room = width_of(name, 13)
    widths = [box.width for box in boxes if box.width == pytest.approx(room)]
    assert widths, "the name is as wide as its room, though the font would need more"


@pytest.fixture(scope="module")
def browser():
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium or Chrome here")
    with Browser(program) as browser:
        yield browser


OVERFLOWING = """
[...document.querySelectorAll(".tg-graph g")].flatMap(group => {
  const box = group.querySelector(":scope > rect.box")
  if (!box || group.closest(".key")) return []
  const room = box.getBBox()
  return [...group.querySelectorAll(":scope > text")].filter(text => {
    const need = text.getBBox()
    return need.x < room.x + 2 || need.x + need.width > room.x + room.width - 2
        || need.y < room.y || need.y + need.height > room.y + room.height
  }).map(text => text.textContent)
})
"""


def test_in_a_browser_no_text_overflows_its_box(browser, tmp_path):
    x = tg.tensor([[1.0, -2.0]], requires_grad=True)
    layer = nn.Linear(2, 2, rng=0)
    y = layer(x).tanh().sum()
    y.backward(retain_graph=True)
    drawings = [
        tg.draw_graph(y),
        tg.draw_graph(y, names={HOSTILE: x, "WWWWWWWWWWWWWWWWWWWW" * 5: layer.bias}),
        tg.draw_graph(nn.Sequential(layer, nn.ReLU(), layer), x),
    ]
    page = tmp_path / "page.html"
    graphs = "".join(drawing.svg for drawing in drawings)
    page.write_text(f'<meta charset="utf-8"><body>{graphs}', "utf-8")
    browser.open(page)
    assert browser.complaints() == []
    assert browser.evaluate("document.querySelectorAll('.tg-graph').length") == len(drawings)
    assert browser.evaluate(OVERFLOWING) == []
    page.write_text(page.read_text("utf-8").replace("font-size:13px", "font-size:30px"), "utf-8")
    browser.open(page)
    assert browser.evaluate(OVERFLOWING)


def test_the_picture_is_one_for_light_and_dark_and_says_in_words_what_it_shows():
    x = tg.tensor(2.0, requires_grad=True)
    drawing = tg.draw_graph(x * x)
    root = ElementTree.fromstring(drawing.svg)
    assert root.get("role") == "img"
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == desc.get("id")
    assert title.text == "The graph of mul"
    assert desc.text == drawing.text == str(drawing)
    assert "@media(prefers-color-scheme:dark)" in drawing.svg
    assert drawing._repr_svg_() == drawing.svg
    assert "http" not in drawing.svg.replace("http://www.w3.org/2000/svg", "")


# -------------------------------------------------------------------------- graphs of tensors


def lines(drawing):
    """The words of a drawing, a line for each box, without the first sentence."""
    return drawing.text.split("\n")[1:]


def test_a_line_for_each_box_says_what_it_is_made_from_with_values_and_gradients():
    a = tg.tensor(2.0, requires_grad=True)
    b = tg.tensor(-0.5, requires_grad=True)
    y = (a * b).exp() + a
    y.backward(retain_graph=True)
    assert lines(tg.draw_graph(y)) == [
        f"1. leaf a: value 2, grad {a.grad.item():.4g}",
        f"2. leaf b: value {MINUS}0.5, grad {b.grad.item():.4g}",
        f"3. mul of 1 (a) and 2 (b): value {MINUS}1",
        "4. exp of 3 (mul): value 0.3679",
        "5. y = add of 4 (exp) and 1 (a): value 2.368, a result",
    ]


def test_the_gradient_of_a_step_is_shown_where_it_was_kept():
    x = tg.tensor(3.0, requires_grad=True)
    square = x * x
    square.retain_grad()
    y = square * 5
    y.backward(retain_graph=True)
    assert "square = mul of 1 (x) and 1 (x): value 9, grad 5" in str(tg.draw_graph(y))


def test_of_a_large_gradient_the_norm_is_shown():
    w = tg.ones(3, 4)
    w.requires_grad_()
    loss = (w * 2).sum()
    loss.backward(retain_graph=True)
    assert lines(tg.draw_graph(loss))[0] == "1. leaf w: shape (3, 4), grad norm 6.928"


def test_numbers_stand_at_their_op_and_options_that_are_not_the_usual_ones_too():
    x = tg.ones(2, 3)
    x.requires_grad_()
    words = str(tg.draw_graph((2 - x).sum(dim=1, keepdim=True) ** 3))
    assert "sub(2, ·) of 1 (x)" in words
    assert "sum of 2 (sub(2, ·)): dim=1, keepdim=True" in words
    assert "pow(·, 3) of 3 (sum)" in words


def test_constants_are_drawn_apart_from_what_wants_a_gradient():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    weights = tg.tensor([3.0, 4.0])
    seen = look_at(tg.draw_graph(x * weights + np.array([5.0, 6.0], np.float32)).svg)
    kinds = Counter(mark for box in seen.boxes for mark in box.marks)
    assert kinds == {"leaf": 1, "constant": 2, "op": 2, "result": 1}
    titles = {next(iter(box.texts[0].marks)) for box in seen.boxes}
    assert {"x", "weights", "constant"} < titles


def test_a_leaf_that_is_used_often_is_drawn_once():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    boxes = look_at(tg.draw_graph((w * w + w).tanh() * w).svg).boxes
    assert sum("leaf" in box.marks for box in boxes) == 1


def test_names_may_be_given_as_a_dictionary_or_as_a_model():
    layer = nn.Linear(2, 1, rng=0)
    made = layer(tg.ones(1, 2))
    assert "parameter weight" in str(tg.draw_graph(made, names=layer))
    both = str(tg.draw_graph(made, names={"first": layer, "second": nn.Linear(1, 1, rng=0)}))
    assert "parameter first.weight" in both
    assert "leaf my own" not in both
    assert "parameter my own" in str(tg.draw_graph(made, names={"my own": layer.weight}))


def test_without_names_the_variables_at_the_call_give_them():
    def outside():
        speed = tg.tensor(1.0, requires_grad=True)
        distance = speed * 3
        return str(tg.draw_graph(distance))

    words = outside()
    assert "leaf speed" in words
    assert "distance = mul(·, 3)" in words


def test_a_graph_that_was_freed_is_refused_with_what_to_do():
    x = tg.tensor(1.0, requires_grad=True)
    y = x.exp()
    y.backward()
    with pytest.raises(RuntimeError, match=r"exp\(\) was freed by backward.*retain_graph=True"):
        tg.draw_graph(y)


@pytest.mark.parametrize(
    "make",
    [lambda: tg.ones(2), lambda: tg.ones(2) * 2, lambda: [tg.ones(1)]],
    ids=["leaf", "made", "list"],
)
def test_what_has_no_graph_is_refused_with_what_to_do(make):
    with pytest.raises(RuntimeError, match=r"no graph behind.*draw_graph\(f, x\)"):
        tg.draw_graph(make())


@pytest.mark.parametrize("what", [None, 3.0, "text", [], {"a": 1}, np.ones(3)], ids=repr)
def test_what_is_no_tensor_and_no_function_is_refused(what):
    with pytest.raises(TypeError, match="draws a tensor"):
        tg.draw_graph(what)


def test_inputs_are_for_functions_and_names_and_depth_are_checked():
    y = tg.tensor(1.0, requires_grad=True).exp()
    with pytest.raises(TypeError, match=r"draw_graph\(\[a, b\]\)"):
        tg.draw_graph(y, y)
    with pytest.raises(TypeError, match="names must be"):
        tg.draw_graph(y, names=["y"])
    for depth in (0, -1, 1.5):
        with pytest.raises(ValueError, match="depth must be a whole number from 1 on"):
            tg.draw_graph(y, depth=depth)


def test_several_results_share_one_graph():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    h = x.tanh()
    words = str(tg.draw_graph({"sum": h.sum(), "parts": [h.mean(), h[0]]}))
    assert words.startswith("The graph of sum, parts[0] and parts[1]: 1 leaf and 4 steps.")
    assert words.count("a result") == 3


def test_the_gradient_graph_under_create_graph_is_drawn():
    x = tg.tensor(2.0, requires_grad=True)
    (slope,) = tg.grad(x**3, x, create_graph=True)
    (curvature,) = tg.grad(slope, x, create_graph=True)
    assert "value 12, a result" in str(tg.draw_graph(slope))
    assert "value 12, a result" in str(tg.draw_graph(curvature))
    assert "leaf x: value 2" in str(tg.draw_graph(curvature))


def test_ops_with_many_inputs_and_with_several_results():
    parts = [tg.tensor([float(i)], requires_grad=True) for i in range(20)]
    whole = tg.cat(parts)
    seen = look_at(tg.draw_graph(whole).svg)
    assert len(ends_at(seen)) == 20
    left, right = whole.split(10)
    values, places = (left * right).max(dim=0)
    words = str(tg.draw_graph((values, places)))
    assert "left = getitem" in words and "right = getitem" in words
    assert words.count("a result") == 2
    watched = str(tg.draw_graph(lambda x: x.max(dim=0), tg.tensor([1.0, 3.0, 2.0])))
    assert "values = " in watched and "indices = " in watched and "argmax" in watched


def test_views_and_an_index_are_drawn_with_what_they_take():
    x = tg.tensor(np.ones((4, 6), np.float32), requires_grad=True)
    words = str(tg.draw_graph(x.T.reshape(3, 8)[1:3, ::2, None]))
    assert "permute of 1 (x): dims=(1, 0)" in words
    assert "reshape of 2 (permute): shape (3, 8)" in words
    assert "getitem of 3 (reshape): 1:3, ::2, None" in words


def test_a_tensor_that_was_changed_in_place_since_is_marked():
    x = tg.tensor(1.0, requires_grad=True)
    factor = tg.tensor([2.0, 3.0])
    y = x * factor
    assert "changed in place" not in str(tg.draw_graph(y))
    factor += 1
    assert "constant factor: shape (2,), value [3, 4], changed in place since" in str(
        tg.draw_graph(y)
    )


def test_drawing_changes_nothing_and_keeps_nothing_from_backward():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    tg.draw_graph(y)
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_the_example_of_the_docstring_is_right():
    [example] = doctest.DocTestFinder().find(tg.draw_graph, "draw_graph", globs={"tg": tg})
    assert example.examples
    told = []
    doctest.DocTestRunner(verbose=False).run(example, out=told.append)
    assert not told, "".join(told)


# ------------------------------------------------------------------------ functions and models


class Net(nn.Module):
    def __init__(self):
        self.fc1 = nn.Linear(4, 6, rng=0)
        self.act = nn.ReLU()
        self.fc2 = nn.Linear(6, 5, rng=1)

    def forward(self, images):
        return self.fc2(self.act(self.fc1(images.flatten(1))))


def test_a_function_is_watched_also_where_no_gradient_flows():
    words = str(tg.draw_graph(lambda x, y: (x / 255 - y).sum(), tg.ones(2), np.ones(2, np.float32)))
    assert "input x: shape (2,)" in words and "input y: shape (2,)" in words
    assert "div(·, 255) of 1 (x)" in words
    with tg.no_grad():
        assert "linear" in str(tg.draw_graph(nn.Linear(2, 1, rng=0), tg.ones(1, 2)))


def test_steps_that_the_result_is_not_made_of_are_left_out():
    def f(x):
        x.exp()
        return x.tanh()

    assert "exp" not in str(tg.draw_graph(f, tg.ones(2)))


def test_a_model_is_drawn_by_layers_with_the_names_of_its_parameters():
    assert lines(tg.draw_graph(Net(), tg.ones(8, 2, 2))) == [
        "1. input images: shape (8, 2, 2)",
        "2. reshape of 1 (images): shape (8, 4)",
        "In fc1, a Linear:",
        "  3. parameter fc1.weight: shape (6, 4)",
        "  4. parameter fc1.bias: shape (6,)",
        "  5. linear of 2 (reshape), 3 (fc1.weight) and 4 (fc1.bias): shape (8, 6)",
        "6. relu of 5 (linear): shape (8, 6)",
        "In fc2, a Linear:",
        "  7. parameter fc2.weight: shape (5, 6)",
        "  8. parameter fc2.bias: shape (5,)",
        "  9. linear of 6 (relu), 7 (fc2.weight) and 8 (fc2.bias): shape (8, 5), a result",
    ]


def test_a_depth_draws_layers_as_boxes():
    model = nn.Sequential(Net(), nn.Sequential(nn.Linear(5, 2, rng=0), nn.Linear(2, 1, rng=1)))
    x = tg.ones(5, 2, 2)
    one = lines(tg.draw_graph(model, x, depth=1))
    assert [line.partition(":")[0] for line in one] == ["1. input", "2. 0", "3. 1"]
    assert "2. 0: Net of 1 (input)" in one[1] and "65 parameters" in one[1]
    assert "3. 1: Sequential of 2 (0)" in one[2] and "15 parameters, a result" in one[2]
    two = str(tg.draw_graph(model, x, depth=2))
    assert "In 0, a Net:" in two and "0.fc1: Linear of" in two and "parameter" not in two.split()
    assert tg.draw_graph(model, x, depth=3).text == tg.draw_graph(model, x).text


def test_a_shared_layer_is_framed_at_each_call_and_its_parameters_are_drawn_once():
    layer = nn.Linear(3, 3, rng=0)
    words = str(tg.draw_graph(nn.Sequential(layer, nn.ReLU(), layer), tg.ones(1, 3)))
    assert words.count("parameter 0.weight") == 1
    assert words.count("linear of") == 2


def test_a_model_in_the_reach_of_a_function_has_names_and_frames():
    model = Net()
    labels = tg.tensor([0, 1])
    words = str(tg.draw_graph(lambda x: F.cross_entropy(model(x), labels), tg.ones(2, 4)))
    assert "In model, a Net:" in words
    assert "parameter fc1.weight" in words
    assert "constant labels: shape (2,) int64" in words


def test_the_steps_of_a_recorded_backward_pass_are_framed():
    def slope(x):
        return tg.grad(x.tanh(), x, create_graph=True)[0]

    words = str(tg.draw_graph(slope, tg.tensor(0.5, requires_grad=True)))
    before, after = words.split("In backward:")
    assert "tanh of" in before and "tanh of" not in after and "a result" in after


def test_hooks_on_the_modules_are_taken_away_also_after_an_error():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.ReLU())
    seen = []
    own = model[1].register_forward_hook(lambda *given: seen.append(given))
    tg.draw_graph(model, tg.ones(1, 2))
    with pytest.raises(ValueError, match="linear"):
        tg.draw_graph(model, tg.ones(1, 3))
    assert len(seen) == 1
    own.remove()
    assert all(not module._forward_hooks for module in model.modules())


def test_a_function_that_gives_no_tensor_or_what_it_got_is_refused():
    with pytest.raises(TypeError, match="got a float without tensors"):
        tg.draw_graph(lambda x: 1.0, tg.ones(2))
    with pytest.raises(RuntimeError, match="no op made what it returned"):
        tg.draw_graph(lambda x: x, tg.ones(2))


# ------------------------------------------------------------------------------------ programs


@pytest.fixture(scope="module")
def step():
    model = Net()

    @tg.compile
    def step(x, labels):
        return F.cross_entropy(model(x), labels)

    step(tg.ones(2, 4), tg.tensor([0, 1]))
    return step


def test_a_compiled_function_is_drawn_as_its_program(step):
    words = str(tg.draw_graph(step))
    forward, backward = words.split("In backward:")
    assert "In forward:" in forward
    assert "matmul" in forward and "d_fc1_weight = matmul" in backward
    assert "cross_entropy = mul" in forward
    assert "leaf fc1_weight" in words and "input labels" in words
    results = [line for line in lines(tg.draw_graph(step)) if line.endswith("a result")]
    assert len(results) == 5
    assert tg.draw_graph(step.program).text == words


def test_a_compiled_function_that_was_not_called_is_called_with_the_inputs_or_refused():
    double = tg.compile(lambda x: (x * 2).tanh())
    with pytest.raises(tg.CompileError, match="has not been called yet"):
        tg.draw_graph(double)
    assert "mul(·, 2) of 1 (x)" in str(tg.draw_graph(double, tg.ones(2)))


def test_the_result_of_a_compiled_function_is_one_step_of_its_graph(step):
    x = tg.ones(2, 4)
    x.requires_grad_()
    for _ in range(3):
        loss = step(x, tg.tensor([0, 1])) * 2
    words = str(tg.draw_graph(loss))
    assert words.startswith("The graph of loss: 5 leaves and 2 steps.")
    assert "compiled" in words


# -------------------------------------------------------------------------------------- folding


def test_sixty_boxes_are_drawn_in_full_and_more_are_folded():
    assert len(look_at(Drawing(fold(chain_of(ENOUGH))).svg).boxes) == ENOUGH
    graph = fold(chain_of(ENOUGH + 1))
    [_leaf, frame] = graph.parts
    assert isinstance(frame, Frame) and frame.times == ENOUGH


def test_repeated_layers_are_written_once_with_how_often_they_come():
    layers = [m for i in range(12) for m in (nn.Linear(8, 8, rng=i), nn.Tanh(), nn.Sigmoid())]
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), *layers, nn.Linear(8, 2, rng=0))
    for drawing in (tg.draw_graph(model, tg.ones(1, 4)), tg.draw_graph(model(tg.ones(1, 4)))):
        seen = look_at(drawing.svg)
        assert len(seen.boxes) < 20
        labels = [next(iter(text.marks)) for frame in seen.frames for text in frame.texts]
        assert f"{TIMES} 12" in [label.split("  ")[-1] for label in labels]
        assert "12 times, each fed by the one before:" in drawing.text


def test_a_folded_layer_names_the_first_and_the_last():
    blocks = nn.Sequential(*(nn.Sequential(nn.Linear(3, 3, rng=i), nn.Tanh()) for i in range(30)))
    words = str(tg.draw_graph(blocks, tg.ones(1, 3)))
    assert "0…29, a Sequential, 30 times, each fed by the one before:" in words.replace("In ", "")
    assert "parameter 0…29.0.weight" in words


@settings(max_examples=40)
@given(st.integers(1, 5), st.integers(3, 40), st.integers(0, 9), st.integers(0, 9))
def test_folding_keeps_what_does_not_repeat_and_counts_what_does(period, times, before, after):
    ops = [f"before{i}" for i in range(before)]
    ops += [f"op{i}" for i in range(period)] * times
    ops += [f"after{i}" for i in range(after)]
    boxes = [Box("leaf", name="x")]
    for op in ops:
        boxes.append(Box("op", op, inputs=[boxes[-1]]))
    graph = fold(in_frames(boxes, {}))
    counted = []
    for part in graph.parts:
        inner = part.parts if isinstance(part, Frame) else [part]
        counted += [box.made_by for box in inner] * (part.times if isinstance(part, Frame) else 1)
    assert counted[1:] == ops
    if len(ops) >= ENOUGH:
        assert len(in_order(graph)) <= 1 + before + after + 3 * period
    drawn = in_order(graph)
    assert all(source in drawn for box in drawn for source in box.inputs)
    assert sum(bool(box.inputs) for box in drawn) == len(drawn) - 1


def test_layers_that_only_look_alike_are_not_folded():
    boxes = [Box("leaf", name="x")]
    for i in range(70):  # each takes the one before, or by turns one that is farther back
        boxes.append(
            Box("op", "tanh", inputs=[boxes[-1 if i % 7 < 3 else max(-len(boxes), -3 - i % 5)]])
        )
    drawn = in_order(fold(in_frames(boxes, {})))
    assert all(source in drawn for box in drawn for source in box.inputs)


def test_a_graph_of_a_hundred_thousand_boxes_is_folded():
    x = y = tg.tensor(1.0, requires_grad=True)
    for _ in range(50_000):
        y = (y * 1.01).tanh()
    drawing = tg.draw_graph(y)
    assert len(look_at(drawing.svg).boxes) <= 6
    assert "50000 times" in drawing.text
    assert x.grad is None


def test_a_graph_that_does_not_fold_is_refused_with_what_to_do():
    rng = np.random.default_rng(0)
    boxes = [Box("leaf", name="x")]
    for i in range(3 * AT_MOST):
        boxes.append(Box("op", f"op{rng.integers(100)}", inputs=[boxes[rng.integers(0, i + 1)]]))
    with pytest.raises(ValueError, match=rf"this graph has 1,201 boxes.*holds {AT_MOST}.*depth=1"):
        fold(in_frames(boxes, {}))


# ----------------------------------------------------------------------------------- and files


def test_it_is_saved_as_svg_as_words_and_as_what_matplotlib_writes(tmp_path):
    drawing = tg.draw_graph(Net(), tg.ones(1, 4))
    for ending in ("svg", "txt", "png", "pdf"):
        drawing.save(tmp_path / f"graph.{ending}")
    assert (tmp_path / "graph.svg").read_text("utf-8") == drawing.svg
    assert (tmp_path / "graph.txt").read_text("utf-8") == f"{drawing.text}\n"
    assert (tmp_path / "graph.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "graph.pdf").read_bytes()[:4] == b"%PDF"
    with pytest.raises(ValueError, match=r"\.svg, \.txt, .*not as '\.doc'"):
        drawing.save(tmp_path / "graph.doc")


def test_it_is_a_figure_with_a_shape_for_each_box_or_drawn_on_given_axes():
    drawing = tg.draw_graph(Net(), tg.ones(1, 4))
    figure = drawing.figure()
    assert figure.get_label() == drawing.text
    seen = look_at(drawing.svg)
    assert tuple(96 * figure.get_size_inches()) == pytest.approx((seen.width, seen.height), abs=0.1)
    left, right = Figure().subplots(1, 2)
    assert drawing.plot(ax=left) is left.figure
    assert len(left.patches) == len(figure.axes[0].patches) and not right.patches
    assert isinstance(drawing.plot(), Figure)


def test_dollars_in_a_name_are_no_formula():
    x = tg.tensor(1.0, requires_grad=True)
    tg.draw_graph(x * 2, names={"$x_{1$": x}).figure()


def test_drawing_as_svg_loads_no_matplotlib():
    code = (
        "import sys, tinygrad_mlp as tg\n"
        "assert 'tinygrad_mlp.inspection.drawing' not in sys.modules\n"
        "tg.draw_graph(tg.tensor(1.0, requires_grad=True).exp()).svg\n"
        "assert not {'matplotlib', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_outlines_of_text_are_not_measured_curve_by_curve(monkeypatch, tmp_path):
    measured = []
    plain = Path.iter_bezier
    monkeypatch.setattr(Path, "iter_bezier", lambda path: measured.append(path) or plain(path))
    Drawing(fold(chain_of(ENOUGH))).save(tmp_path / "graph.png")  # this was two thirds of the time
    assert not measured


def test_a_blank_name_is_drawn_by_matplotlib_too():
    x = tg.tensor(1.0, requires_grad=True)
    assert isinstance(tg.draw_graph(x * 2, names={" ": x}).figure(), Figure)


# -------------------------------------------------------------- what a reader met at the edges


def test_a_shape_instead_of_an_input_and_no_input_say_what_to_give():
    model = nn.Sequential(nn.Linear(784, 5, rng=0))
    with pytest.raises(TypeError, match=r"give it an input, such as tg\.zeros\(50, 784\)"):
        tg.draw_graph(model, (50, 784))
    for function in (model, lambda x: x.exp()):
        with pytest.raises(TypeError, match=r"give it an input, such as tg\.zeros"):
            tg.draw_graph(function)


def test_an_error_inside_a_function_is_passed_on():
    def fails():
        raise TypeError("of its own")

    with pytest.raises(TypeError, match=r"^of its own$"):
        tg.draw_graph(fails)
    with pytest.raises(ValueError, match=r"linear\(\)"):
        tg.draw_graph(nn.Linear(2, 2, rng=0), tg.ones(1, 3))


def test_a_depth_is_a_number_of_any_kind_but_not_true():
    model = nn.Sequential(nn.Linear(2, 2, rng=0))
    x = tg.ones(1, 2)
    assert tg.draw_graph(model, x, depth=np.int64(1)).text == tg.draw_graph(model, x, depth=1).text
    with pytest.raises(ValueError, match="depth must be a whole number from 1 on"):
        tg.draw_graph(model, x, depth=True)


def group_of(steps, times):
    """A leaf, and a group of steps that repeats as one closed box."""
    boxes = [Box("leaf", name="x")]
    for _ in range(steps):
        boxes.append(Box("op", "tanh", inputs=[boxes[-1]]))
    boxes[-1].is_result = True
    whole = Frame(parts=[boxes[0], Frame(parts=boxes[1:], times=times)])
    return Drawing(fold(whole, depth=1))


def test_a_closed_group_counts_its_steps_and_is_no_name_for_the_result():
    one, two = group_of(1, 5).text, group_of(2, 5).text
    assert f"2. 1 step {TIMES} 5 of 1 (x)" in one
    assert f"2. 2 steps {TIMES} 5 of 1 (x)" in two
    assert one.startswith("The graph of a result: ")


def test_results_without_a_name_are_counted():
    x = Box("leaf", name="x")
    groups = [Box("block", f"2 steps {TIMES} 5", inputs=[x], is_result=True) for _ in range(2)]
    assert first_sentence([x, *groups]).startswith("The graph of 2 results: ")
    y = Box("op", "exp", "y", inputs=[x], is_result=True)
    assert first_sentence([x, y, *groups]).startswith("The graph of y and 2 more: ")


def test_no_word_is_said_twice():
    x = tg.ones(3, 4)
    words = lines(tg.draw_graph(lambda input: input.sum(), x))
    assert words[0] == "1. input: shape (3, 4)"
    total = tg.ones(3, 4, requires_grad=True).sum()
    drawing = tg.draw_graph(total, names={"sum": total})
    assert lines(drawing)[1] == "2. sum of 1 (leaf): value 12, a result"
    assert "sum = sum" not in drawing.svg


def test_a_name_that_goes_on_and_on_is_cut_in_the_words():
    x = tg.tensor(1.0, requires_grad=True)
    y = x * 2
    drawing = tg.draw_graph(y, names={"x" * 300: x, "y" * 300: y})
    assert "x" * 59 + "…" in drawing.text and "y" * 59 + "…" in drawing.text
    assert "x" * 60 not in drawing.svg and "y" * 60 not in drawing.svg
    frame = Frame("z" * 300, "Linear", [Box("op", "exp"), Box("op", "exp")])
    assert "z" * 60 not in Drawing(Frame(parts=[frame])).svg


def test_of_a_long_name_of_a_parameter_the_last_parts_stay():
    x = tg.tensor(1.0, requires_grad=True)
    layer = "encoder.layers.0.self_attention.projection"
    for name in (f"{layer}.weight", f"{layer}.bias", "deep." * 40 + "weight"):
        drawing = tg.draw_graph(x * 2, names={name: x})
        [shown] = re.findall(r'<text class="title"[^>]*>(…[^<]*)</text>', drawing.svg)
        assert len(shown) > 10 and f".{name}".endswith(f".{shown[1:]}")
    assert "leaf …" + "deep." * 10 in drawing.text and "weight: value 1" in drawing.text


def test_of_a_long_name_of_a_layer_its_last_parts_and_its_kind_stay():
    boxes = [Box("op", "exp"), Box("op", "exp")]
    frame = Frame("encoder.layers.0.self_attention.projection", "Linear", boxes)
    assert ">…0.self_attention.projection: Linear<" in Drawing(Frame(parts=[frame])).svg
    block = Box("block", "Linear", frame.name)
    assert ">…projection: Linear<" in Drawing(Frame(parts=[block])).svg
