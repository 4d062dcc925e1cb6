"""How things show themselves: HTML and SVG in a notebook, and a short line elsewhere."""

import json
import math
import pickle
import re
import subprocess
import sys
from dataclasses import asdict
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg
from tinygrad_mlp import checkpoint, display, nn, optim
from tinygrad_mlp.experiment.preparation import find_drawing
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.recognise import Prediction
from tinygrad_mlp.experiment.training import begin
from tinygrad_mlp.train import Epoch, History, Scores, evaluate, fit

from .made_runs import made

NASTY = "<b>&\"quoted\"</b><script>alert('x')</script>"


class Page(HTMLParser):
    """Reads HTML strictly: every element is closed in its place; keeps tables, texts and tags."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.rows, self.texts = [], [], [], {}
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def page(thing):
    return Page(thing._repr_html_())


def history(count=12):
    return History(Epoch(i + 1, 1 / (i + 1), 1 - 0.5 / (i + 1), 0.25) for i in range(count))


def scores():
    return Scores(0.75, 0.5, np.array([[3, 1, 0], [0, 0, 0], [1, 0, 3]]))


def prediction(doubt=""):
    image = np.zeros((28, 28), np.float32)
    image[10:12, 5] = 0.5
    probabilities = np.full(10, 0.01, np.float32)
    probabilities[7] = 0.91
    return Prediction(7, probabilities, image, doubt)


def nasty_model():
    model = type(NASTY, (nn.Module,), {})()
    setattr(model, NASTY, nn.Linear(2, 2))
    return model


def nasty_function():
    def function(x):
        return x * 2

    function.__qualname__ = NASTY
    compiled = tg.compile(function)
    compiled(tg.ones(2))
    return compiled


SHOWN = {
    "a tensor": lambda: tg.ones(2, 3),
    "a number": lambda: tg.tensor(2.5),
    "no numbers": lambda: tg.ones(0, 3),
    "a parameter": lambda: nn.Linear(2, 3).weight,
    "a result": lambda: nn.Linear(2, 3)(tg.ones(4, 2)),
    "a model": lambda: nn.Sequential(nn.Linear(2, 3), nn.ReLU()),
    "a model with a nasty name": nasty_model,
    "a summary": lambda: tg.summary(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), (4, 2)),
    "a program": lambda: nasty_function(),
    "a function not yet called": lambda: tg.compile(np.exp),
    "a history": history,
    "a history of one epoch": lambda: history(1),
    "no history": History,
    "a history of a regression": lambda: History([Epoch(1, 2.0, None, 0.1)]),
    "a history that diverged": lambda: History([Epoch(1, math.nan, 0.1, 0.1)]),
    "scores": scores,
    "scores of a regression": lambda: Scores(None, 0.5, None),
    "a prediction": prediction,
    "an unsure prediction": lambda: prediction(NASTY),
}


@pytest.mark.parametrize("what", SHOWN)
def test_the_html_is_whole_loads_nothing_and_can_be_read_aloud(what):
    html = SHOWN[what]()._repr_html_()
    found = Page(html)
    for tag, attributes in found.tags:
        assert tag not in ("script", "b", "img", "link", "iframe")
        assert not attributes.keys() & {"src", "href", "onload", "onclick"}
        if tag == "th":
            assert attributes["scope"] in ("row", "col")
    assert "url(" not in html and "@import" not in html
    names = [tag for tag, _ in found.tags]
    assert names.count("table") == len(found.texts.get("caption", []))
    assert names.count("svg") == len(found.texts.get("title", []))
    assert [attributes["role"] for tag, attributes in found.tags if tag == "svg"] == [
        "img"
    ] * names.count("svg")


@pytest.mark.parametrize("what", SHOWN)
def test_every_row_of_a_table_has_as_many_cells_as_its_head(what):
    found = page(SHOWN[what]())
    rows = found.rows[:-1] if ("tfoot", {}) in found.tags else found.rows
    assert len(set(map(len, rows))) <= 1


def test_a_name_from_outside_is_text():
    assert NASTY in "".join(page(nasty_model()).texts["th"])
    assert NASTY in "".join(page(nasty_function()).texts["div"])
    assert NASTY in "".join(page(prediction(NASTY)).texts["div"])


@example("&lt;b&gt; &amp; & &copy")
@given(st.text())
def test_any_text_is_escaped_so_that_it_reads_as_itself(text):
    escaped = display.escape(text)
    assert not set('<>"') & set(escaped)
    words = Page(f"<p>{escaped}</p>").texts.get("p", [])
    assert "".join(words) == text


@pytest.mark.parametrize("colour", [display.BLUE, display.GREY])
def test_the_colours_stand_out_from_white_and_from_black(colour):
    def light(channel):
        share = int(channel, 16) / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (light(colour[i : i + 2]) for i in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    # the guidelines for the web ask for 3 of pictures, and of large words
    assert 1.05 / (luminance + 0.05) > 4 and (luminance + 0.05) / 0.05 > 4


# ---------------------------------------------------------------------------------------- tensors


def test_a_matrix_stands_in_rows_and_columns():
    found = page(tg.tensor([[1.0, 2.5], [-3e-9, math.nan]]))
    assert found.texts["caption"] == ["tensor of shape (2, 2), float32"]
    assert found.rows == [["", "0", "1"], ["0", "1", "2.5"], ["1", "-3e-09", "nan"]]


def test_integers_and_booleans_are_written_as_such():
    assert page(tg.tensor([12345678, 2])).rows[1] == ["value", "12345678", "2"]
    assert page(tg.tensor([1.0]) > 0).rows[1] == ["value", "True"]


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=30),
        elements=st.floats(-1, 1, width=32),
    )
)
def test_a_tensor_of_any_shape_shows_few_numbers_and_those_right(array):
    found = page(tg.tensor(array))
    if array.ndim == 0 or not array.size:
        assert not found.rows
        return
    matrix = array.reshape(-1, array.shape[-1])[: array.shape[-2] if array.ndim > 1 else 1]
    head, *rows = found.rows
    assert len(head) <= 10 and len(rows) <= 9
    for title, *cells in rows:
        if title == "…":
            assert set(cells) == {"…"}
            continue
        row = matrix[0 if title == "value" else int(title)]
        for name, text in zip(head[1:], cells, strict=True):
            assert text == "…" if name == "…" else float(text) == float(f"{row[int(name)]:.4g}")


def test_of_several_matrices_the_first_is_shown_and_said_to_be():
    found = page(tg.arange(24).reshape(2, 3, 2, 2))
    assert found.texts["caption"] == ["tensor of shape (2, 3, 2, 2), int64, showing [0, 0]"]
    assert found.rows == [["", "0", "1"], ["0", "0", "1"], ["1", "2", "3"]]


def test_what_is_known_of_its_gradient_stands_above():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    assert "requires a gradient" in page(w).texts["caption"][0]
    y = w * 2
    assert page(y).texts["caption"] == ["tensor of shape (2,), float32, made by mul"]
    y.sum().backward()
    assert "has a gradient" in page(w).texts["caption"][0]


# ------------------------------------------------------------------------------ models and programs


def test_a_model_shows_its_layers_and_their_parameters():
    found = page(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    assert found.rows[:-1] == [
        ["Layer (type (var_name):depth-idx)", "Param #"],
        ["Sequential", "--"],
        ["Linear (0): 1-1", "9"],
        ["ReLU (1): 1-2", "--"],
    ]
    assert "padding-left: 2.0em" in nn.Sequential(nn.ReLU())._repr_html_()


def test_a_model_with_an_attribute_called_summary_shows_itself_too():
    class Model(nn.Module):
        def __init__(self):
            self.summary = nn.Linear(2, 2)

    assert "Linear (summary): 1-1" in Model()._repr_html_()


def test_a_compiled_function_shows_its_program():
    compiled = tg.compile(lambda x: x * 2 < 1)
    assert "it has not been called yet" in compiled._repr_html_()
    compiled(tg.ones(2))
    assert "".join(page(compiled).texts["pre"]) == compiled.source
    assert "1 program:" in compiled._repr_html_()
    compiled(tg.ones(3))
    assert "2 programs; the latest:" in compiled._repr_html_()


# --------------------------------------------------------------------------- training and scoring


def test_a_training_gives_a_history_that_is_a_list():
    model = nn.Linear(2, 2, rng=0)
    batches = [(np.ones((3, 2), np.float32), np.array([0, 1, 1]))]
    made = fit(model, batches, optim.SGD(model.parameters(), 0.1), 2)
    assert isinstance(made, History) and isinstance(made, list)
    assert made == list(made)
    assert pickle.loads(pickle.dumps(made)) == made
    assert [asdict(epoch)["epoch"] for epoch in made] == [1, 2]
    given = [*made]
    assert fit(model, batches, optim.SGD(model.parameters(), 0.1), 3, history=given) is given


def test_a_history_shows_each_epoch_or_the_first_and_last():
    assert [row[0] for row in page(history(3)).rows] == ["epoch", "1", "2", "3"]
    rows = page(history(30)).rows
    assert [row[0] for row in rows] == [
        *("epoch", "1", "2", "3", "4", "…", "27", "28", "29", "30")]  # fmt: skip
    assert rows[2] == ["2", "0.5", "75.00 %", "0.25"]


def test_the_curves_of_a_history_go_through_its_values():
    svg = ElementTree.fromstring(history(5)._repr_svg_())
    loss, accuracy = svg.findall("{*}polyline")
    heights = [float(point.split(",")[1]) for point in loss.get("points").split()]
    low, high = max(heights), min(heights)  # in a picture, y goes down
    shares = [(low - y) / (low - high) for y in heights]
    expected = [(1 / (i + 1) - 1 / 5) / (1 - 1 / 5) for i in range(5)]
    assert np.allclose(shares, expected, atol=0.01)
    rising = [float(point.split(",")[1]) for point in accuracy.get("points").split()]
    assert rising == pytest.approx([low + high - y for y in heights], abs=0.11)


def test_a_regression_has_one_curve_and_a_loss_that_is_no_number_is_left_out():
    regression = History(Epoch(i, 1 / i, None, 0.1) for i in (1, 2))
    assert regression._repr_svg_().count("<polyline") == 1
    broken = History([*history(3), Epoch(4, math.nan, 0.5, 0.1)])
    assert "nan" not in re.sub("<title>.*</title>", "", broken._repr_svg_())


def test_a_confusion_matrix_has_the_true_classes_in_rows():
    found = page(scores())
    assert found.rows == [["", "0", "1", "2"], ["0", "3", "1", "0"], ["1", "0", "0", "0"],
                          ["2", "1", "0", "3"]]  # fmt: skip
    assert found.texts["caption"] == [
        "accuracy 75.00 %, loss 0.5; true classes in rows, answers in columns"
    ]


def test_the_colour_of_a_cell_is_its_share_of_the_row():
    shades = re.findall(r"rgba\(59, 130, 196, ([\d.]+)\)", scores()._repr_html_())
    strong, weak = 0.6 * math.sqrt(3 / 4), 0.6 * math.sqrt(1 / 4)
    assert [float(shade) for shade in shades] == pytest.approx(
        [strong, weak, weak, strong], abs=0.01
    )


def test_of_many_classes_the_first_are_shown():
    found = page(Scores(1.0, 0.0, np.eye(100, dtype=int)))
    assert len(found.rows) == 21 and "20 of 100 classes shown" in found.texts["caption"][0]


def test_a_prediction_shows_what_was_seen_and_ten_bars():
    svg = ElementTree.fromstring(prediction()._repr_svg_())
    rects = svg.findall("{*}rect")
    bars = [rect for rect in rects if rect.get("fill") == display.BLUE]
    assert [float(bar.get("width")) for bar in bars] == pytest.approx(
        [150 * 0.91 if digit == 7 else 1.5 for digit in range(10)], abs=0.051
    )
    pixels = [(rect.get("x"), rect.get("y")) for rect in rects if rect.get("fill") == "#808080"]
    assert pixels == [("25.0", "50.0"), ("25.0", "55.0")]
    assert "7, with 91.0 %; unsure: two" in prediction("two")._repr_html_()


# -------------------------------------------------------------------------------------- plain text


def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    model = nn.Linear(300, 300)
    checkpoint.save(path, model, optim.Adam(model.parameters()), recipe={"a": list(range(1000))})
    return checkpoint.read(path)


def drawing():
    page = np.ones((120, 120))
    page[40:80, 55:65] = 0
    return find_drawing(page)


SHORT = {
    "Prediction(7, 91.0 %)": prediction,
    "Prediction(7, 91.0 %, doubt='two')": lambda: prediction("two"),
    "Epoch(2: loss 0.3333, accuracy 91.23 %, 1.5 s)": lambda: Epoch(2, 1 / 3, 0.91234567, 1.5),
    "Epoch(2: loss 0.3333, accuracy none, 1.5 s)": lambda: Epoch(2, 1 / 3, None, 1.5),
    "<history of 0 epochs>": History,
    "<history of 1 epoch, loss 1 to 1, accuracy 50.00 % to 50.00 %, 0.25 s>": lambda: history(1),
    "<history of 4 epochs, loss 1 to 0.25, accuracy 50.00 % to 87.50 %, 1 s>": lambda: history(4),
    "Scores(accuracy 75.00 %, loss 0.5, 3 classes, 8 examples)": scores,
    "Scores(accuracy none, loss 0.5)": lambda: Scores(None, 0.5, None),
    "Training(small, seed 3: <history of 0 epochs>)": lambda: begin(RECIPES["small"], 3, False),
}


@pytest.mark.parametrize("text", SHORT)
def test_the_plain_text_is_one_short_line(text):
    assert repr(SHORT[text]()) == text


def test_a_run_a_file_and_a_drawing_are_short_too(tmp_path):
    for thing in (made("small", 0.9), saved(tmp_path), drawing()):
        assert len(repr(thing)) < 150 and "\n" not in repr(thing)


def test_a_program_says_how_long_it_is():
    compiled = nasty_function()
    assert repr(compiled._latest.program) == (
        "<program of 1 lines: 1 inputs, 1 outputs, 0 gradients>"
    )


def test_showing_things_loads_nothing():
    code = (
        "import json, sys, tinygrad_mlp as tg\n"
        "from tinygrad_mlp import nn\n"
        "model = nn.Linear(2, 2)\n"  # NumPy loads what draws numbers
        "before = set(sys.modules)\n"
        "model._repr_html_(), tg.ones(2)._repr_html_(), tg.summary(model, (2, 2))._repr_html_()\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_scores_of_a_model_show_themselves(tmp_path):
    model = nn.Linear(2, 2, rng=0)
    dataset = tg.data.TensorDataset(np.ones((4, 2), np.float32), np.array([0, 1, 1, 0]))
    assert page(evaluate(model, dataset)).rows[0] == ["", "0", "1"]


# ------------------------------------------------------------ histories with little to be shown


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([math.nan, math.nan], "not a number from epoch 1"),
        ([1.0, math.nan, math.nan], "not a number from epoch 2"),
        ([1.0, math.inf, math.nan], "infinite from epoch 2"),
        ([1.0, math.nan, 0.5], "not a number at epoch 2"),
        ([1.0, 0.5], None),
    ],
)
def test_a_loss_that_cannot_be_drawn_is_said_with_its_epoch(losses, words):
    epochs = History(Epoch(i, loss, None, 0.1) for i, loss in enumerate(losses, 1))
    svg = ElementTree.fromstring(epochs._repr_svg_())
    texts = [text.text for text in svg.findall("{*}text") if text.text]
    said = [text for text in texts if "number" in text or "infinite" in text]
    assert said == ([words] if words else [])
    assert "training loss" in texts


def test_a_history_of_no_epochs_says_so():
    assert page(History()).rows == []
    assert "no epochs yet" in History()._repr_html_()
    assert "no epochs yet" in History()._repr_svg_()


def test_what_is_imported_when_it_is_first_used_is_listed_too():
    listed = dir(tg)
    assert listed == sorted(set(listed))
    assert {"draw_graph", "plot", "predict", "Tensor", "summary"} <= set(listed)
    for name in ("draw_graph", "plot", "predict"):
        assert getattr(tg, name)
