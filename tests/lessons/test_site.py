"""All lessons run, and become a site, with the pages of reference, that works offline in a browser.

`python -m lessons html` runs every lesson once; all tests here look at what it has written. It
takes minutes, so they run only when they are asked for: `python -m pytest -m lesson`.
"""

import base64
import functools
import importlib
import json
import os
import re
import struct
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from lessons.catalogue import HERE, PARTS, all_lessons, all_references

from .conftest import ENVIRONMENT

nbformat = pytest.importorskip("nbformat", reason="the lessons extra is not installed")

pytest.importorskip("griffe", reason="the lessons extra is not installed")
api = importlib.import_module("lessons.site.api")

LESSONS = all_lessons()
REFERENCES = all_references()
API = ["api", *(api.page_of(room).removesuffix(".html") for room in api.ROOMS)]
PAGES = ["index", *(page.name for page in (*LESSONS, *REFERENCES)), *API]

pytestmark = pytest.mark.lesson


def per_lesson(test):
    return pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)(test)


def per_reference(test):
    return pytest.mark.parametrize("reference", REFERENCES, ids=lambda page: page.name)(test)


def per_page(test):
    return pytest.mark.parametrize("page", PAGES)(test)


@functools.cache
def parse(path):
    return Page(path)


class Page(HTMLParser):
    """What the tests want to know of a page."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.sources, self.alts, self.levels = [], [], [], [], []
        self.tags = set()
        self.language = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.add(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if "href" in given:
            self.links.append(given["href"])
        self.sources += [given[name] for name in ("src", "srcset") if name in given]
        if tag == "img":
            self.alts.append(given.get("alt", ""))
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "html":
            self.language = given.get("lang", "")


# -------------------------------------------------------------------------------------- lessons


@per_lesson
def test_it_runs(built, lesson, capsys):
    site, printed = built
    notebook = nbformat.read(site / "notebooks" / f"{lesson.name}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    failed = [f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error"]
    assert not failed
    for line in printed.splitlines():
        if line.startswith(f"{lesson.name} "):
            with capsys.disabled():
                print(f"\n{line}", end=" ")
            assert line.endswith("executed")
    warned = [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    assert not warned, "a lesson writes nothing to stderr"


@per_lesson
def test_it_shows_pictures_that_are_no_empty_paper_and_says_what_is_in_them(site, lesson):
    notebook = nbformat.read(site / "notebooks" / f"{lesson.name}.ipynb", as_version=4)
    pictures = [
        base64.b64decode(output.data["image/png"])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert pictures
    for picture in pictures:
        width, height = struct.unpack(">II", picture[16:24])
        assert width > 200 and height > 100
        assert len(picture) > 4000, "a picture of almost nothing"
    alts = parse(site / f"{lesson.name}.html").alts
    assert len(alts) == len(pictures)
    for alt in alts:
        assert len(alt.split()) >= 4 and "No description" not in alt, alt


@per_lesson
def test_lines_of_output_fit_the_page(site, lesson):
    notebook = nbformat.read(site / "notebooks" / f"{lesson.name}.ipynb", as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for line in output.get("text", "").splitlines():
                assert len(line) <= 100, line


def test_as_a_script_a_lesson_writes_its_pictures_into_runs(tmp_path):
    lesson = LESSONS[0]
    done = subprocess.run(
        [sys.executable, str(lesson.path)],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    written = re.findall(r"^picture: (.+)$", done.stdout, re.M)
    assert written
    for path in written:
        assert (tmp_path / path).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


# ---------------------------------------------------------------------------------------- pages


@per_page
def test_links_and_anchors_lead_somewhere(site, page):
    parsed = parse(site / f"{page}.html")
    assert len(set(parsed.ids)) == len(parsed.ids)
    for link in parsed.links:
        name, _, anchor = link.partition("#")
        target = site / unquote(name) if name else site / f"{page}.html"
        assert target.is_file(), link
        if anchor:
            assert unquote(anchor) in parse(target).ids, link


@per_page
def test_nothing_names_a_host_or_a_place_on_this_machine(site, page):
    text = (site / f"{page}.html").read_text("utf-8")
    words = re.sub(r"base64,[\w+/=]+", "", text)
    assert not re.search(r"(https?|wss?|ftp)://|src=\"//|@import", words)
    assert not re.search(r"mathjax|requirejs|require\.min", words, re.I)
    assert str(HERE.parent) + os.sep not in words and str(Path.home()) + os.sep not in words
    sources = [s for s in parse(site / f"{page}.html").sources if not s.startswith("data:image/")]
    assert sources == ["site.js", "search.js"]


@per_page
def test_headings_are_in_order_and_the_language_is_told(site, page):
    parsed = parse(site / f"{page}.html")
    assert parsed.levels[0] == 1 and parsed.levels.count(1) == 1
    for before, level in zip(parsed.levels, parsed.levels[1:], strict=False):
        assert level <= before + 1
    assert parsed.language == "en"
    assert parsed.links[0] == "#main"


@per_lesson
def test_a_page_has_its_question_neighbours_stubs_and_folded_answers(site, lesson):
    text = (site / f"{lesson.name}.html").read_text("utf-8")
    parsed = parse(site / f"{lesson.name}.html")
    place = LESSONS.index(lesson)
    for other in LESSONS[max(place - 1, 0) : place] + LESSONS[place + 1 : place + 2]:
        assert parsed.links.count(f"{other.name}.html") == 2
    assert f"{lesson.minutes} minutes" in text
    assert f"lessons/exercises/{lesson.path.name}" in text
    assert re.search(rf"<details class=\"solution\"><summary>[^<]*{lesson.path.name}", text)
    assert not re.search(r"\$\$|\\frac|\\begin\{", re.sub("(?s)<pre>.*?</pre>", "", text))
    if re.search(r"^# .*\$", lesson.source, re.M):
        assert "math" in parsed.tags


def test_the_index_names_all_lessons(site):
    links = parse(site / "index.html").links
    assert [link for link in links if re.match(r"\d", link)] == [f"{x.name}.html" for x in LESSONS]


@per_page
def test_lessons_reference_and_glossary_are_linked_at_the_top_of_every_page(site, page):
    text = (site / f"{page}.html").read_text("utf-8")
    top = text[text.index('<nav aria-label="Site">') : text.index("</nav>")]
    addresses = re.findall(r'href="([^"]+)"', top)
    assert addresses == ["index.html", "index.html#reference", "api.html", "glossary.html"]
    here = re.findall(r'href="([^"]+)" aria-current="page"', top)
    assert here == ([f"{page}.html"] if f"{page}.html" in addresses else [])


def test_the_index_shows_the_lessons_in_their_parts(site):
    text = (site / "index.html").read_text("utf-8")
    for name, numbers in PARTS.items():
        if not any(lesson.number in numbers for lesson in LESSONS):
            continue
        part = text[text.index(f">{name}<") :].split("<h2")[0]
        found = [int(n) for n in re.findall(r'<a href="(\d\d)_', part)]
        assert found == [lesson.number for lesson in LESSONS if lesson.number in numbers]


@per_reference
def test_a_page_of_reference_holds_all_of_its_source(site, reference):
    text = (site / f"{reference.name}.html").read_text("utf-8")
    index = (site / "index.html").read_text("utf-8")
    assert f'href="{reference.name}.html">{reference.title}</a>' in index
    assert reference.lead.split("`")[0] in index
    headings = re.findall(r"^#{2,} (.+)$", reference.source, re.M)
    assert re.findall(r"<h[23] id=\"[^\"]+\">(.+?)<a [^>]*></a></h[23]>", text) == headings
    rows = [line for line in reference.source.splitlines() if re.match(r"\|(?! ---)", line)]
    assert text.count("<tr>") == len(rows)
    tables = reference.source.count("\n| --- |")
    assert text.count('class="table"') == text.count("<table>") == tables
    assert len(parse(site / f"{reference.name}.html").alts) == reference.source.count("![")


# -------------------------------------------------------------------------------- in a browser

PICTURES = """[...document.images].map(image => image.decode().then(() => "", () => image.alt))"""
WIDTHS = "[document.documentElement.scrollWidth, window.innerWidth]"


@per_page
def test_a_browser_shows_it_without_complaint_and_asks_for_nothing_else(site, browser, page):
    browser.look(1200)
    browser.open(site / f"{page}.html")
    not_shown = browser.evaluate(f"Promise.all({PICTURES}).then(found => found.filter(Boolean))")
    assert not_shown == []
    assert browser.complaints() == []
    asked = {address.split("/")[-1] for address in browser.asked_for() if address[:5] != "data:"}
    assert asked == {f"{page}.html", "site.js", "search.js"}


@per_page
@pytest.mark.parametrize("width", [360, 800, 1200, 1600])
def test_it_never_scrolls_sideways(site, browser, page, width):
    browser.look(width, dark=width < 600)
    browser.open(site / f"{page}.html")
    wide, window = browser.evaluate(WIDTHS)
    assert wide <= window


SCROLLING = """[...document.querySelectorAll("table, pre")].map(inner => {
  const box = inner.closest(".table") || inner;
  const left = box.getBoundingClientRect().left, right = box.getBoundingClientRect().right;
  const style = getComputedStyle(box);
  return {wide: box.scrollWidth > box.clientWidth, scrolls: style.overflowX === "auto",
    inside: left >= 0 && right <= window.innerWidth};
})"""


@per_reference
def test_on_a_phone_what_is_wide_scrolls_in_a_box_of_its_own(site, browser, reference):
    browser.look(360)
    browser.open(site / f"{reference.name}.html")
    boxes = browser.evaluate(SCROLLING)
    assert boxes and all(box["inside"] and box["scrolls"] for box in boxes)
    if "| --- | --- | --- | --- |" in reference.source:
        assert any(box["wide"] for box in boxes)


SEARCH = """(() => {
  const query = document.getElementById("query");
  query.value = %s;
  query.dispatchEvent(new Event("input"));
  return [...document.querySelectorAll("#found a")].map(link => link.getAttribute("href"));
})()"""


@per_lesson
def test_search_finds_each_lesson_by_its_title_from_any_page(site, browser, lesson):
    browser.open(site / f"{LESSONS[-1].name}.html")
    found = browser.evaluate(SEARCH % json.dumps(lesson.title))
    assert any(address.startswith(f"{lesson.name}.html") for address in found)
    for address in found:
        name, _, anchor = address.partition("#")
        assert not anchor or anchor in parse(site / name).ids
    assert browser.complaints() == []


@per_reference
def test_search_finds_each_page_of_reference_by_its_headings(site, browser, reference):
    browser.open(site / f"{LESSONS[0].name}.html")
    for heading in re.findall(r"^## (.+)$", reference.source, re.M):
        found = browser.evaluate(SEARCH % json.dumps(heading))
        pages = {address.partition("#")[0] for address in found}
        assert f"{reference.name}.html" in pages, heading


def test_search_says_how_much_it_found_and_finds_code_and_nothing(site, browser):
    count = "document.getElementById('count').textContent"
    browser.open(site / "index.html")
    assert browser.evaluate(SEARCH % '"plot.show"')
    assert re.match(r"\d+ places?", browser.evaluate(count))
    assert browser.evaluate(SEARCH % '"nowhere written <b> &"') == []
    assert browser.evaluate(count) == "0 places"
    assert browser.evaluate(SEARCH % '" "') == []
    assert browser.evaluate(count) == ""


def test_the_keyboard_reaches_the_content_and_sees_where_it_is(site, browser):
    browser.open(site / f"{LESSONS[0].name}.html")
    press(browser, "Tab", 9)
    focused = browser.evaluate(
        "[document.activeElement.className, document.activeElement.getBoundingClientRect().left,"
        " getComputedStyle(document.activeElement).outlineStyle]"
    )
    assert focused[0] == "skip" and focused[1] >= 0 and focused[2] == "solid"


# ---------------------------------------------------------------------------------- predictions


def asking(lesson):
    """The numbers of the predictions of a lesson that offer choices, and of those that do not."""
    found = lesson.predictions.items()
    return [n for n, p in found if p.choices], [n for n, p in found if not p.choices]


HIDDEN = """[...document.querySelectorAll('[data-for="prediction-%d"]')]
  .map(part => getComputedStyle(part).display === "none")"""


@per_lesson
def test_what_answers_a_prediction_is_hidden_until_it_is_answered(site, browser, lesson):
    browser.open(site / f"{lesson.name}.html")
    browser.evaluate("localStorage.clear()")
    browser.open(site / f"{lesson.name}.html")
    for number, prediction in lesson.predictions.items():
        told = f"document.querySelector('#prediction-{number} .told').textContent"
        hidden = browser.evaluate(HIDDEN % number)
        assert hidden and all(hidden), number
        if prediction.choices:
            click = f"#prediction-{number} li:nth-child({prediction.answer}) button"
            browser.evaluate(f'document.querySelector("{click}").click()')
        else:
            low, high = prediction.answer
            browser.evaluate(f"""(() => {{
              const question = document.getElementById("prediction-{number}");
              question.querySelector("input").value = "{(low + high) / 2:.12g}";
              question.querySelector(".number button").click();
            }})()""")
        assert browser.evaluate(told).startswith("Yes"), number
        assert not any(browser.evaluate(HIDDEN % number))
    browser.open(site / f"{lesson.name}.html")
    for number in lesson.predictions:
        assert not any(browser.evaluate(HIDDEN % number)), "an answer is kept"
    browser.open(site / "index.html")
    count = len(lesson.predictions)
    row = f"document.querySelector('[data-lesson=\"{lesson.name}\"] .progress').textContent"
    assert browser.evaluate(row) == f"· {count} of {count} predictions made, {count} right"
    browser.evaluate('document.getElementById("forget").click()')
    assert browser.evaluate(row) == ""
    assert browser.complaints() == []


BELOW = """(() => {
  let last = null;
  const shown = [], hidden = [];
  const kinds = ".prediction, main h2, main h3, .output_wrapper, .text_cell_render p";
  for (const part of document.querySelectorAll(kinds)) {
    if (part.matches(".prediction p")) continue;
    if (part.matches(".prediction, h2, h3")) last = part;
    else if (last?.matches(".prediction")) (part.offsetHeight ? shown : hidden).push(part);
  }
  const words = parts => parts.map(part => part.textContent.trim().slice(0, 60));
  return {shown: words(shown), outputs: hidden.filter(x => x.matches(".output_wrapper")).length,
    texts: hidden.filter(x => x.matches("p")).length};
})()"""


@per_lesson
def test_outputs_pictures_and_texts_up_to_the_next_heading_are_hidden(site, browser, lesson):
    browser.open(site / f"{lesson.name}.html")
    browser.evaluate("localStorage.clear()")
    browser.open(site / f"{lesson.name}.html")
    below = browser.evaluate(BELOW)
    assert below["shown"] == []
    assert below["outputs"] >= len(lesson.predictions) and below["texts"] >= 2


def test_a_wrong_choice_is_told_which_is_right_and_a_look_gives_nothing_away_before(site, browser):
    lesson = next(x for x in LESSONS if len(asking(x)[0]) >= 2)
    first, second = asking(lesson)[0][:2]
    browser.open(site / f"{lesson.name}.html")
    browser.evaluate("localStorage.clear()")
    browser.open(site / f"{lesson.name}.html")
    answer = lesson.predictions[first].answer
    wrong = 1 if answer != 1 else 2
    told = "document.querySelector('#prediction-%d .told').textContent"
    assert browser.evaluate(told % first) == ""
    browser.evaluate(
        f"document.querySelector('#prediction-{first} li:nth-child({wrong}) button').click()"
    )
    assert browser.evaluate(told % first).startswith(f"No, it is {'abcd'[answer - 1]}.")
    browser.evaluate(f"document.querySelector('#prediction-{second} .show').click()")
    assert browser.evaluate(told % second) == "Shown below."
    assert not any(browser.evaluate(HIDDEN % second))
    browser.open(site / "index.html")
    row = f"document.querySelector('[data-lesson=\"{lesson.name}\"] .progress').textContent"
    of = f"2 of {len(lesson.predictions)} predictions made, 0 right"
    assert browser.evaluate(row).endswith(of)
    browser.evaluate("localStorage.clear()")


def test_a_number_is_read_as_people_write_it(site, browser):
    lesson = next((x for x in LESSONS if asking(x)[1]), None)
    assert lesson is not None
    number = asking(lesson)[1][0]
    browser.open(site / f"{lesson.name}.html")
    ask = """(() => {
      const question = document.getElementById("prediction-%d");
      question.querySelector("input").value = %s;
      question.querySelector(".number button").click();
      return question.querySelector(".told").textContent;
    })()"""
    assert browser.evaluate(ask % (number, '"many"')).startswith("Please give a number")
    low, high = lesson.predictions[number].answer
    for words in (f"{low:.12g}", f" {high:.12g} %", f"{low:.12g}".replace(".", ",")):
        assert browser.evaluate(ask % (number, json.dumps(words))).startswith("Yes"), words
    assert browser.evaluate(ask % (number, json.dumps(str(high * 2 + 1e9)))).startswith("The run")
    browser.evaluate("localStorage.clear()")


def test_without_scripts_everything_can_be_read_in_order(site, browser):
    lesson = LESSONS[0]
    browser.open(site / f"{lesson.name}.html", scripts=False)
    for number in lesson.predictions:
        hidden = browser.evaluate(HIDDEN % number)
        assert hidden and not any(hidden)


def test_notebooks_fold_what_answers_a_prediction_and_code_that_only_draws(site):
    for lesson in LESSONS:
        notebook = nbformat.read(site / "notebooks" / f"{lesson.name}.ipynb", as_version=4)
        for cell, made in zip(lesson.cells, notebook.cells, strict=True):
            folded = made.metadata.get("jupyter", {})
            assert folded.get("source_hidden", False) == cell.only_draws
            assert folded.get("outputs_hidden", False) == ("answer" in cell.options)
            assert "answer" not in made.metadata


# ----------------------------------------------------------------------------- figures to play with

FIGURES = {
    cell.options["explore"]: lesson
    for lesson in LESSONS
    for cell in lesson.cells
    if "explore" in cell.options
}
per_figure = pytest.mark.parametrize("name", FIGURES)


def open_figure(site, browser, name):
    """Open the page of a figure, with all answers shown; give a script's way to say it."""
    browser.open(site / f"{FIGURES[name].name}.html")
    browser.evaluate("document.querySelectorAll('.show').forEach(button => button.click())")
    return f"document.querySelector('[data-figure={name}]')"


def test_every_figure_that_there_is_stands_in_a_lesson():
    folder = HERE / "site" / "figures"
    there = {path.stem for path in folder.glob("*.js")} - {"drawing"}
    assert there == {path.stem for path in folder.glob("[a-z]*.py")} == FIGURES.keys()


@per_figure
def test_a_figure_is_moved_with_the_keyboard_alone(site, browser, name):
    figure = open_figure(site, browser, name)
    says = f"{figure}.querySelector('.says').textContent"
    controls = f"[...{figure}.querySelectorAll('input, button, select')]"
    count = browser.evaluate(f"{controls}.length")
    assert count and browser.evaluate(says)
    told = {browser.evaluate(says)}
    for i in range(count):
        kind = browser.evaluate(f"{controls}[{i}].focus(), {controls}[{i}].tagName")
        if kind == "SELECT":
            press(browser, "ArrowDown", 40)
        elif kind == "INPUT":
            press(browser, "ArrowRight", 39)
        else:
            press(browser, "Enter", 13)
        told.add(browser.evaluate(says))
    assert len(told) >= 2, "nothing is said when it is moved"
    unnamed = browser.evaluate(
        f"{controls}.filter(x => !(x.textContent || x.ariaLabel || x.labels?.length)).length"
    )
    assert unnamed == 0 and browser.complaints() == []


def test_the_walk_in_order_ends_with_the_lessons_gradient_and_at_once_does_not(site, browser):
    figure = open_figure(site, browser, "walk")
    found = browser.evaluate(f"""(() => {{
      const figure = {figure};
      const choice = figure.querySelector("select");
      const [, forward] = figure.querySelectorAll("button");
      const ends = {{}};
      for (const way of [...choice.options].map((option) => option.value)) {{
        choice.value = way;
        choice.dispatchEvent(new Event("change"));
        for (let i = 0; i < 40; i++) forward.click();
        ends[way] = [...figure.querySelectorAll(".gradient")].map((x) => x.textContent).sort();
      }}
      return ends;
    }})()""")
    assert found["in order"] == found["path by path"] != found["at once"]
    assert {"-6", "-4.5", "-3", "3", "1"} == set(found["in order"])


def test_the_digits_network_answers_in_the_page_as_in_the_lesson(site, browser):
    figure = open_figure(site, browser, "digit")
    right = browser.evaluate(f"""(() => {{
      const figure = {figure};
      const choice = figure.querySelector("select");
      return [...choice.options].map((_, i) => {{
        choice.selectedIndex = i;
        choice.dispatchEvent(new Event("change"));
        return figure.querySelector(".says").textContent;
      }});
    }})()""")
    assert len(right) == 10
    assert sum(words.endswith("which is right.") for words in right) >= 9


# ------------------------------------------------------------------------------- search, again


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("normalization", "normalisation"),
        ("normalisation", "normalisation"),
        ("color", "colour"),
        ("optimizer", "optimiser"),
        ("hesian", "hessian"),
        ("gradeint", "gradient"),
        ("broadcsting", "broadcasting"),
        ("momentm", "momentum"),
    ],
)
def test_search_knows_both_spellings_and_one_wrong_letter(site, browser, query, expected):
    browser.open(site / "index.html")
    assert browser.evaluate(SEARCH % json.dumps(query))
    marked = browser.evaluate(
        '[...document.querySelectorAll("#found li")].map(x => x.textContent.toLowerCase())'
    )
    assert any(expected in words for words in marked)


def test_search_skips_code_that_only_draws_and_finds_names_and_formulas(site, browser):
    browser.open(site / "index.html")
    for query in ("nn.Linear", "requires_grad", "f(x) = x sin x", "sin x"):
        assert browser.evaluate(SEARCH % json.dumps(query)), query
    for query in ("set_visible", "subplots"):
        found = browser.evaluate(SEARCH % json.dumps(query))
        drawing = {
            x.name for x in LESSONS if any(query in c.source for c in x.cells if not c.only_draws)
        }
        assert {address.split(".")[0] for address in found} <= drawing, query


def test_search_is_walked_with_arrows_and_opened_with_enter(site, browser):
    browser.open(site / "index.html")
    found = browser.evaluate(SEARCH % '"gradient"')
    assert len(found) > 2
    browser.evaluate('document.getElementById("query").focus()')
    at = 'document.activeElement.getAttribute("href") || document.activeElement.id'
    places = []
    for key, code in (("ArrowDown", 40), ("ArrowDown", 40), ("ArrowUp", 38), ("ArrowUp", 38)):
        press(browser, key, code)
        places.append(browser.evaluate(at))
    assert places == [found[0], found[1], found[0], "query"]
    browser.events.clear()
    press(browser, "Enter", 13)
    browser.wait_for_load()
    assert browser.evaluate("location.href").endswith(found[0])


def press(browser, key, code):
    words = {"text": "\r"} if key == "Enter" else {}
    for kind in ("keyDown" if words else "rawKeyDown", "keyUp"):
        browser.ask(
            "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **words
        )


# -------------------------------------------------------------------------------- finding one's way


def test_names_in_code_and_new_names_lead_to_the_reference(site):
    lesson = next(lesson for lesson in LESSONS if "nn.Linear" in lesson.new_names)
    text = (site / f"{lesson.name}.html").read_text("utf-8")
    facts = text[text.index('class="facts"') :].split("</p>")[0]
    assert 'href="api-nn.html#nn.Linear"' in facts
    rooms = next(lesson for lesson in LESSONS if "autograd.functional" in lesson.new_names)
    assert 'href="api-autograd-functional.html"' in (site / f"{rooms.name}.html").read_text("utf-8")
    in_code = re.findall(r'<a class="name" href="(api[^"]+)">', text)
    assert {"api-nn.html#nn.Linear", "api-data.html#data.load_mnist"} <= set(in_code)


def test_headings_code_and_contents_can_be_linked_copied_and_followed(site, browser):
    browser.look(1400)
    browser.open(site / f"{LESSONS[0].name}.html")
    anchors = browser.evaluate(
        "[...document.querySelectorAll('main h2')].map(x => x.querySelector('.anchor')?.hash)"
    )
    assert None not in anchors and len(set(anchors)) == len(anchors) > 5
    codes, buttons = browser.evaluate(
        "['.highlight', '.highlight .copy'].map(x => document.querySelectorAll(x).length)"
    )
    assert codes == buttons > 5
    contents = "(() => { const box = document.querySelector('.contents'); return %s })()"
    style = contents % "[getComputedStyle(box).position, box.open]"
    assert browser.evaluate(style) == ["fixed", True]
    browser.look(800)
    browser.open(site / f"{LESSONS[0].name}.html")
    assert browser.evaluate(style) == ["static", False]


def test_on_a_phone_a_wide_picture_says_that_it_scrolls(site, browser):
    browser.look(360)
    browser.open(site / "index.html")
    assert browser.evaluate("document.querySelector('.idea + .scrolls').textContent")
    assert browser.evaluate("document.querySelector('.idea').tabIndex") == 0
    browser.look(1200)
    browser.open(site / "index.html")
    assert browser.evaluate("document.querySelector('.scrolls')") is None


def test_on_paper_nothing_is_folded(site, browser):
    browser.open(site / f"{LESSONS[0].name}.html")
    browser.evaluate("localStorage.clear()")
    browser.open(site / f"{LESSONS[0].name}.html")
    browser.ask("Emulation.setEmulatedMedia", media="print")
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    hidden = "[...document.querySelectorAll('.answer')].filter(x => !x.offsetHeight).length"
    assert browser.evaluate(hidden) == 0
    assert browser.evaluate("[...document.querySelectorAll('details')].every(x => x.open)")
    browser.ask("Emulation.setEmulatedMedia", media="")


# ------------------------------------------------------------------------ themes, and for everyone


def test_the_theme_is_chosen_kept_and_followed(site, browser):
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.look(1200, dark=False)
    browser.open(site / "index.html")
    browser.evaluate("localStorage.clear()")
    browser.open(site / "index.html")
    light = browser.evaluate(colour)
    browser.look(1200, dark=True)
    dark = browser.evaluate(colour)
    assert light != dark
    click = 'document.getElementById("theme").click(), document.documentElement.dataset.theme'
    assert browser.evaluate(click) == "light" and browser.evaluate(colour) == light
    browser.open(site / f"{LESSONS[0].name}.html")
    assert browser.evaluate(colour) == light
    browser.look(1200, dark=False)
    assert browser.evaluate(click) == "dark" and browser.evaluate(colour) == dark
    assert browser.evaluate(click) is None and browser.evaluate(colour) == light
    shown = "[...document.querySelectorAll('.idea img')].filter(x => x.offsetWidth).length"
    browser.open(site / "index.html")
    assert browser.evaluate(shown) == 1


EVERYTHING = """document.querySelectorAll(".show").forEach(button => button.click());
document.querySelectorAll("details").forEach(box => (box.open = true));
localStorage.clear()"""
"""Shows what is folded: a checker looks at nothing else."""


@functools.cache
def axe():
    """The source of axe-core, an automated checker for WCAG."""
    package = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    return (Path(package.__file__).parent / "axe.min.js").read_text("utf-8")


@per_page
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_checker_finds_nothing_against_wcag_aa(site, browser, page, dark):
    browser.look(1200, dark=dark)
    browser.open(site / f"{page}.html")
    browser.evaluate(EVERYTHING)
    browser.evaluate(axe() + "; 0")
    found = browser.evaluate("""axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"],
    }).then(done => done.violations.map(
      fault => [fault.id, ...fault.nodes.map(node => node.html.slice(0, 200))].join(" | ")
    ))""")
    assert found == []
