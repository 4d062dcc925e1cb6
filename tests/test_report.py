"""The report: one well-formed file, all inside it, every text escaped, whole or not at all."""

import base64
import os
import re
from html.parser import HTMLParser

import pytest
from matplotlib.figure import Figure

from tinygrad_mlp.experiment.report import write_report

EVIL = '<script>alert("1 & 2")</script>'
VOID = {"meta", "img"}


def figure(label=""):
    drawn = Figure(figsize=(1, 1))
    drawn.set_label(label)
    return drawn


def parts(**changes):
    """What a small report is made of; changes replace parts of it."""
    return {
        "title": "Basic versus improved",
        "intro": ["First paragraph.", "Second paragraph."],
        "header": ["Recipe", "Accuracy", "Time"],
        "rows": [["basic", "10.1 %", "17 min"], ["improved", "94.8 ± 0.1 %", "-"]],
        "findings": ["The numbers reproduce.", "The conclusion does not."],
        "figures": [
            ("Digits", "Some digits.", figure("Three digits")),
            ("Curves", "The curves.", figure()),
        ],
        "made": {"Date": "2026-01-01", "Command": "python -m tinygrad_mlp compare"},
    } | changes


class Page(HTMLParser):
    """A parsed page: its elements with their texts. Fails where a tag is closed out of turn."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, *tags):
        return [element for element in self.elements if element["tag"] in tags]

    def texts(self, *tags):
        return [element["text"].strip() for element in self.all(*tags)]


@pytest.fixture
def write(tmp_path):
    def write(**changes):
        path = tmp_path / "report.html"
        write_report(path, **parts(**changes))
        return path.read_text("utf-8")

    return write


def test_page_is_well_formed_and_names_its_language(write):
    html = write()
    assert html.startswith("<!DOCTYPE html>")
    assert Page(html).all("html")[0]["lang"] == "en"


def test_page_shows_every_text_it_was_given(write):
    text = Page(write()).texts("body")[0]
    given = parts()
    cells = [cell for row in given["rows"] for cell in row]
    captions = [words for heading, caption, _ in given["figures"] for words in (heading, caption)]
    for words in [
        given["title"],
        *given["intro"],
        *given["header"],
        *cells,
        *given["findings"],
        *captions,
        *given["made"],
        *given["made"].values(),
    ]:
        assert words in text


def test_page_loads_nothing_and_runs_nothing(write):
    html = write()
    assert not re.search(r"https?:|//|@import|url\(|<script|<link|\son\w+=", _without_data(html))


def test_figures_are_png_pictures_inside_the_page(write):
    images = Page(write()).all("img")
    assert len(images) == 2
    for image in images:
        head, code = image["src"].split(",")
        assert head == "data:image/png;base64"
        assert base64.b64decode(code, validate=True).startswith(b"\x89PNG")


def test_alt_text_is_the_label_of_the_figure_or_else_its_heading(write):
    assert [image["alt"] for image in Page(write()).all("img")] == ["Three digits", "Curves"]


@pytest.mark.parametrize(
    "changes",
    [
        {"title": EVIL},
        {"intro": [EVIL]},
        {"header": [EVIL, "Accuracy", "Time"]},
        {"rows": [["basic", EVIL, ""]]},
        {"findings": [EVIL]},
        {"figures": [(EVIL, "caption", figure())]},
        {"figures": [("heading", EVIL, figure())]},
        {"figures": [("heading", "caption", figure(EVIL))]},
        {"made": {EVIL: "text"}},
        {"made": {"name": EVIL}},
    ],
)
def test_every_text_is_escaped(write, changes):
    html = write(**changes)
    assert "<script" not in html
    page = Page(html)
    assert EVIL in page.texts("body")[0] or page.all("img")[0]["alt"] == EVIL


def test_headings_go_down_one_level_at_a_time(write):
    levels = [int(element["tag"][1]) for element in Page(write()).all("h1", "h2", "h3")]
    assert levels == [1, 2, 2, 2, 3, 3, 2]


def test_contents_lead_to_every_heading_below_the_title(write):
    page = Page(write())
    targets = {h["id"]: h["text"] for h in page.all("h2", "h3")}
    assert {a["href"].removeprefix("#"): a["text"] for a in page.all("a")} == targets


def test_table_names_its_columns_and_its_rows(write):
    page = Page(write())
    assert [(th["scope"], th["text"]) for th in page.all("th")] == [
        ("col", "Recipe"),
        ("col", "Accuracy"),
        ("col", "Time"),
        ("row", "basic"),
        ("row", "improved"),
    ]
    assert page.texts("caption") == ["Basic versus improved"]


@pytest.mark.parametrize(
    "cells",
    [
        ["94.95", "-3", "+0.5"],
        ["94.95 %", "94.7 - 94.9 %", "97.1 ± 0.2 %"],
        ["79,510", "2e-16", "1e5"],
        ["41 s", "5.6 min", "1 min 20 s"],
        ["0.23 (3)", "< 0.1", "\N{MINUS SIGN}1.2"],
        ["12", "", "n/a"],
        ["nan", "inf", "-"],
    ],
)
def test_columns_of_numbers_are_aligned_right(write, cells):
    page = Page(write(header=["Recipe", "It"], rows=[["basic", cell] for cell in cells]))
    assert [cell.get("class") for cell in page.all("td")] == ["number"] * 3
    assert [cell.get("class") for cell in page.all("th")[:2]] == [None, "number"]


@pytest.mark.parametrize(
    "cells", [["10 hidden", "100 hidden"], ["yes", "no"], ["12", "twelve"], ["", "-"], ["v2", "v3"]]
)
def test_columns_of_words_are_aligned_left(write, cells):
    page = Page(write(header=["Recipe", "It"], rows=[["basic", cell] for cell in cells]))
    assert not any("class" in cell for cell in page.all("td", "th"))


def test_long_cell_is_found_to_be_words_quickly(write):
    cell = "1 " + "ab " * 50_000 + "!" * 50_000 + "word"
    assert "number" not in {
        td.get("class") for td in Page(write(rows=[["a", cell, cell]])).all("td")
    }


def test_empty_parts_are_left_out(write):
    page = Page(write(intro=[], header=[], rows=[], findings=[], figures=[]))
    assert page.texts("h2") == ["How this was made"]


def test_uneven_row_is_refused_before_anything_is_written(write, tmp_path):
    with pytest.raises(ValueError, match="row 2 has 1 cells, and the header 3"):
        write(rows=[["a", "1", "2"], ["b"]])
    assert not list(tmp_path.iterdir())


def test_writing_leaves_one_file(write, tmp_path):
    write()
    write(title="Again")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("place", "name"), [(Figure, "savefig"), (os, "replace")], ids=["drawing", "renaming"]
)
def test_old_report_stays_when_writing_fails_midway(write, tmp_path, monkeypatch, place, name):
    def fail(*args, **kwargs):
        raise OSError("the disk is full")

    write(title="The old one")
    before = (tmp_path / "report.html").read_bytes()
    monkeypatch.setattr(place, name, fail)
    with pytest.raises(OSError, match="disk is full"):
        write(title="The new one")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def test_same_parts_give_the_same_file(write):
    assert write() == write()


def _without_data(html):
    return re.sub(r'"data:image/png;base64,[^"]*"', '""', html)
