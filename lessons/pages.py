"""The site: a page for each executed lesson and each page of reference, an index, and search.

Everything works from a folder on disk, offline: style and pictures are inside the pages,
formulas are MathML (browsers draw it themselves), and the only script is `search.js`, beside the
pages, which holds all texts to be searched. Nothing is loaded from any host.

`build` reads the executed notebooks from the site's folder. nbconvert turns their cells into
HTML; this file puts the cells into a page: the question first, links to the lessons before and
after, and at the end the exercises' stubs and, folded, the worked answers. The pages of reference
are Markdown files that are read in the repository too: a link in them leads to a page of the site
if there is one, and becomes plain words otherwise.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup, Tag
from jinja2 import pass_context
from latex2mathml.converter import convert as to_mathml
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tinygrad_mlp.files import write_whole

from .catalogue import HERE, Lesson, Reference, all_references

SITE = "Lessons of tinygrad_mlp"
PICTURES = HERE.parent / ".github"

IDEA = (
    "The graph of y = (a * b).exp() + a with its numbers: values are computed forward, "
    "and gradients backward, by one rule for each input of each op"
)
CURRENT = ' aria-current="page"'

BEFORE_SIGN = re.compile(r'<math display="inline">((?!</math>).)*</math>[^\s<]+', re.DOTALL)
"""A formula and the comma or point behind it, which must not go to the next line alone."""

KNOWN = {"{aligned}": "{split}", "\\arg\\": "\\operatorname{arg}\\"}
"""LaTeX that the converter does not know, and what it does know that looks the same."""

FUNCTION = re.compile(r"(<m[io]>[a-z]{2,}</m[io]>)(?=<m(?!o|space))")
"""The name of a function, as sin, directly before its argument: LaTeX puts a thin space there."""


@dataclass(frozen=True)
class Section:
    """What search finds: a piece of a page under one heading.

    page    the file, and `title` what the page is called
    anchor  where in the page it begins; "" for its top
    """

    page: str
    anchor: str
    title: str
    heading: str
    text: str


def check_formulas(lessons: Sequence[Lesson]) -> None:
    """Raise ValueError, which names the place, if a formula cannot be converted.

    To be told before the lessons are executed, not after it.
    """
    for lesson in lessons:
        for cell in lesson.cells:
            try:
                markdown(cell.source if cell.is_text else "")
            except ValueError as error:
                where = f"{lesson.path.name}, the cell that begins in line {cell.line}"
                raise ValueError(f"{where}: {error}") from error


def notebook_path(site: Path, lesson: Lesson) -> Path:
    """Where the site keeps the executed notebook of a lesson."""
    return site / "notebooks" / f"{lesson.name}.ipynb"


def build(lessons: Sequence[Lesson], site: Path) -> Path:
    """Write the pages of all lessons that have an executed notebook; give the index's path."""
    ready = [lesson for lesson in lessons if notebook_path(site, lesson).exists()]
    sections: list[Section] = []
    for i, lesson in enumerate(ready):
        before = ready[i - 1] if i else None
        after = ready[i + 1] if i + 1 < len(ready) else None
        notebook = nbformat.read(notebook_path(site, lesson), as_version=4)
        page, found = lesson_page(lesson, notebook, before, after)
        sections += found
        write_whole(site / f"{lesson.name}.html", page)
    for reference in all_references():
        page, found = reference_page(reference, ready)
        sections += found
        write_whole(site / f"{reference.name}.html", page)
    write_whole(site / "search.js", search_script(sections))
    write_whole(site / "index.html", index_page(ready))
    return site / "index.html"


# ---------------------------------------------------------------------------------------- pages


def index_page(lessons: Sequence[Lesson]) -> str:
    rows = "\n".join(
        f'<li><a href="{lesson.name}.html">{lesson.number}. {escape(lesson.title)}</a>'
        f"<p>{inline(lesson.question)} <span>{lesson.minutes} minutes</span></p></li>"
        for lesson in lessons
    )
    references = "\n".join(
        f'<li><a href="{reference.name}.html">{escape(reference.title)}</a>'
        f"<p>{inline(reference.lead)}</p></li>"
        for reference in all_references()
    )
    hours = max(1, round(sum(lesson.minutes for lesson in lessons) / 60))
    return whole_page(
        SITE,
        f"""<h1>{SITE}</h1>
<p class="lead">From the first derivative to a network that reads handwritten digits: each lesson
asks a question, lets you predict, and runs the code that answers it.</p>
<p>Read them in order; each uses only what the ones before it introduced. Together they take about
{hours} {"hour" if hours == 1 else "hours"}. Run one yourself with
<code>python -m lessons run 1</code>, and have your answers to its exercises judged with
<code>python -m lessons check 1</code>.</p>
<picture class="idea">
<source media="(prefers-color-scheme: dark)" srcset="{data_uri(PICTURES / "engine-dark.png")}">
<img src="{data_uri(PICTURES / "engine-light.png")}" alt="{IDEA}">
</picture>
<ol class="pages">
{rows}
</ol>
<h2 id="reference">Reference</h2>
<ul class="pages">
{references}
</ul>""",
        here="index",
    )


def reference_page(reference: Reference, lessons: Sequence[Lesson]) -> tuple[str, list[Section]]:
    """A page of reference, and its sections for search."""
    body = BeautifulSoup(markdown(reference.body), "html.parser")
    contents = name_headings(body)
    box_tables(body)
    for link in body.find_all("a", href=True):
        place = place_in_site(reference, str(link["href"]), lessons)
        if place:
            link["href"] = place
        else:
            link.unwrap()
    for image in body.find_all("img"):
        image["src"] = data_uri(reference.path.parent / str(image["src"]))
    for paragraph in body.find_all("p"):
        if paragraph.img:  # a picture may be wider than the text
            paragraph.name, paragraph["class"] = "div", "output_png"
    head = f"""<h1>{escape(reference.title)}</h1>
<p class="lead">{inline(reference.lead)}</p>
<nav class="parts" aria-label="On this page"><ul>{contents}</ul></nav>"""
    page = whole_page(f"{reference.title} · {SITE}", f"{head}\n{body}", here=reference.name)
    name = f"{reference.name}.html"
    first = Section(name, "", reference.title, reference.title, plain(reference.lead))
    return page, [first, *sections_of(name, reference.title, reference.title, body)]


def place_in_site(reference: Reference, link: str, lessons: Sequence[Lesson]) -> str:
    """Where a link of a page of reference leads to in the site; "" if that is not a part of it."""
    file, _, anchor = link.partition("#")
    if not file:
        return link
    target = os.path.normpath(reference.path.parent / file)
    pages: list[Reference | Lesson] = [*all_references(), *lessons]
    for page in pages:
        if target == os.path.normpath(page.path):
            return f"{page.name}.html" + (f"#{anchor}" if anchor else "")
    return ""


def lesson_page(
    lesson: Lesson, notebook: Any, before: Lesson | None, after: Lesson | None
) -> tuple[str, list[Section]]:
    """The page of a lesson, and its sections for search."""
    del notebook.cells[0]  # the title and its labels, which become the head
    body = BeautifulSoup(to_html(notebook), "html.parser")
    exercises = BeautifulSoup(exercise_files(lesson), "html.parser")
    body.extend(list(exercises.children))
    contents = name_headings(body)
    box_tables(body)
    for paragraph in body.find_all("p"):
        if paragraph.get_text().startswith("Predict."):
            paragraph["class"] = "predict"
    stopped = body.select_one(".output_error") is not None
    title = f"{lesson.number}. {lesson.title}"
    head = f"""<h1>{escape(title)}</h1>
<p class="lead">{inline(lesson.question)}</p>
<p class="facts">{lesson.minutes} minutes. {new_names(lesson)}
<a href="notebooks/{lesson.name}.ipynb" download>As a notebook</a></p>
<p>{inline(lesson.before)}</p>
{'<p class="failed">This lesson stopped with an error, shown below.</p>' if stopped else ""}
{neighbours(before, after, "Lessons before and after")}
<details class="contents"><summary>On this page</summary>
<nav aria-label="On this page"><ul>{contents}</ul></nav></details>"""
    page = whole_page(
        f"{title} · {SITE}",
        f"{head}\n{body}\n{neighbours(before, after, 'Lessons before and after, again')}",
    )
    name = f"{lesson.name}.html"
    first = Section(name, "", title, lesson.title, plain(f"{lesson.question} {lesson.before}"))
    return page, [first, *sections_of(name, title, lesson.title, body)]


def whole_page(title: str, main: str, here: str = "") -> str:
    """A page of the site; `here` is its name if the links at the top lead to it."""
    style = (HERE / "style.css").read_text("utf-8")
    places = [("index", "Lessons"), *((page.name, page.title) for page in all_references())]
    links = "\n".join(
        f'<a href="{name}.html"{CURRENT if name == here else ""}>{escape(words)}</a>'
        for name, words in places
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{style}</style>
<script src="search.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="site">
<nav aria-label="Site">
{links}
</nav>
<search id="search" hidden>
<label for="query">Search</label>
<input id="query" type="search" autocomplete="off" aria-controls="found">
<p id="count" role="status"></p>
<ol id="found"></ol>
</search>
</header>
<main id="main" tabindex="-1">
{main}
</main>
</body>
</html>
"""


def new_names(lesson: Lesson) -> str:
    names = ", ".join(f"<code>{escape(name)}</code>" for name in lesson.new_names)
    return f"New from the package: {names}." if names else "Nothing new from the package."


def neighbours(before: Lesson | None, after: Lesson | None, label: str) -> str:
    """Links to the lessons before and after."""
    links = [
        f'<a rel="{rel}" href="{lesson.name}.html"><span>{word}</span> '
        f"{lesson.number}. {escape(lesson.title)}</a>"
        for rel, word, lesson in (("prev", "Before:", before), ("next", "Next:", after))
        if lesson
    ]
    if not links:
        return ""
    return f'<nav class="neighbours" aria-label="{label}">\n' + "\n".join(links) + "\n</nav>"


def exercise_files(lesson: Lesson) -> str:
    """The stubs of the exercises and, folded, the worked answers."""
    stubs, solutions = lesson.beside("exercises"), lesson.beside("solutions")
    if not (stubs.exists() and solutions.exists()):
        return ""
    return f"""<h3>What to fill in: lessons/exercises/{lesson.path.name}</h3>
{highlighted(stubs)}
<details class="solution"><summary>Worked answers: lessons/solutions/{lesson.path.name}</summary>
{highlighted(solutions)}
</details>"""


def highlighted(path: Path) -> str:
    return highlight(path.read_text("utf-8"), PythonLexer(), HtmlFormatter())


def name_headings(body: BeautifulSoup) -> str:
    """Give each heading an id, to link to; return list items that link to those of level 2."""
    items = []
    taken: set[str] = {"main", "search", "query", "count", "found"}
    for heading in body.find_all(re.compile("h[1-6]")):
        name = re.sub(r"\W+", "-", plain_text(heading).lower()).strip("-") or "section"
        while name in taken:
            name += "-again"
        taken.add(name)
        heading["id"] = name
        if heading.name == "h2":
            items.append(f'<li><a href="#{name}">{heading.decode_contents()}</a></li>')
    return "".join(items)


def box_tables(body: BeautifulSoup) -> None:
    """Put each table into a box in which it scrolls, and which the keyboard can reach."""
    for i, table in enumerate(body.find_all("table"), 1):
        heading = table.find_previous(re.compile("h[2-6]"))
        name = f"Table {i}" + (f": {plain_text(heading)}" if heading else "")
        table.wrap(
            body.new_tag(
                "div",
                attrs={"class": "table", "role": "region", "aria-label": name, "tabindex": "0"},
            )
        )


def data_uri(path: Path) -> str:
    """A PNG picture inside an address."""
    return "data:image/png;base64," + b64encode(path.read_bytes()).decode("ascii")


# ---------------------------------------------------------------------------- cells, as nbconvert


class Renderer(IPythonRenderer):
    """Markdown as HTML, formulas as MathML."""

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return f'<span class="formula">{mathml(body, "block")}</span>'

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


class Cells(HTMLExporter):
    """Cells as HTML, without a page around them."""

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        return markdown(source)


def to_html(notebook: Any) -> str:
    exporter = Cells(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    return str(exporter.from_notebook_node(notebook)[0])


def markdown(source: str) -> str:
    renderer = Renderer(escape=False, exclude_anchor_links=True)
    html = MarkdownWithMath(renderer=renderer).render(source)
    return BEFORE_SIGN.sub(r'<span class="whole">\g<0></span>', html)


def inline(source: str) -> str:
    """One paragraph of Markdown, without the paragraph's own tags."""
    return markdown(source).strip().removeprefix("<p>").removesuffix("</p>")


def mathml(latex: str, display: str) -> str:
    """A formula as MathML. Raises ValueError if there is something in it that is not known."""
    for unknown, known in KNOWN.items():
        latex = latex.replace(unknown, known)
    try:
        found = to_mathml(latex, display=display)
    except Exception as error:
        raise ValueError(f"the formula {latex!r} cannot be converted: {error!r}") from error
    if "\\" in found or "<mi>&</mi>" in found:
        raise ValueError(f"the formula {latex!r} holds LaTeX that cannot be converted")
    found = FUNCTION.sub(r'\1<mspace width="0.17em" />', found)
    # HTML knows what <math> is: the name of its standard would only look like an address.
    return found.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")


# --------------------------------------------------------------------------------------- search


def sections_of(page: str, title: str, heading: str, body: BeautifulSoup) -> Iterator[Section]:
    """The page cut at its headings, as plain text; what is above them is under `heading`."""
    anchor = ""
    texts: list[str] = []
    for block in blocks(body):
        if re.fullmatch("h[1-6]", block.name):
            if texts:
                yield Section(page, anchor, title, heading, " ".join(texts))
            anchor, heading, texts = str(block["id"]), plain_text(block), []
        else:
            texts.append(plain_text(block))
    if texts:
        yield Section(page, anchor, title, heading, " ".join(texts))


def blocks(body: BeautifulSoup) -> Iterator[Tag]:
    """Paragraphs, lists, tables, code, outputs and headings, in the order of the page."""
    for cell in body.find_all(True, recursive=False):
        text = cell.select_one(".text_cell_render")
        yield from text.find_all(True, recursive=False) if text else [cell]


def plain_text(tag: Tag) -> str:
    return " ".join(tag.get_text().split())


def plain(source: str) -> str:
    return plain_text(BeautifulSoup(inline(source), "html.parser"))


def search_script(sections: Sequence[Section]) -> str:
    """The texts, and the script that searches them: a page opened from disk may fetch nothing."""
    rows = [[s.page, s.anchor, s.title, s.heading, s.text] for s in sections]
    script = (HERE / "search.js").read_text("utf-8")
    return f"{script}\nstart({json.dumps(rows, ensure_ascii=False)});\n"
