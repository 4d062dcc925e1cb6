"""Which pages the site has, and what stands on each: an index, the lessons, the reference.

Everything works from a folder on disk, offline: style and pictures are inside the pages, formulas
are MathML, and there are two scripts beside them: `site.js`, for what a reader does on a page, and
`search.js`, which holds all texts to be searched. Nothing is loaded from any host.

`build` reads the executed notebooks from the site's folder. The pages of reference are Markdown
files that are read in the repository too: a link in them leads to a page of the site if there is
one, and becomes plain words otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tinygrad_mlp.files import write_whole

from ..catalogue import PARTS, Lesson, Reference, all_references
from ..notebooks import as_it_is_now
from . import api, figures
from .cells import lesson_body
from .markup import box_tables, data_uri, inline, markdown, name_headings, plain
from .search import Section, search_script, sections_of

HERE = Path(__file__).parent
SITE = "Lessons of tinygrad_mlp"
PICTURES = HERE.parent.parent / ".github"

IDEA = (
    "The graph of y = (a * b).exp() + a with its numbers: values are computed forward, "
    "and gradients backward, by one rule for each input of each op"
)
CURRENT = ' aria-current="page"'

BEFORE_IT_SHOWS = """document.documentElement.classList.add("scripted");
try {
  const theme = localStorage.getItem("tinygrad_mlp theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {}"""
"""Runs before the page is drawn, so that no answer and no other theme is seen for a moment."""


def check_texts(lessons: Sequence[Lesson]) -> None:
    """Raise ValueError, which names the place, for a formula or a prediction that is not whole.

    To be told before the lessons are executed, not after it.
    """
    for lesson in lessons:
        _ = lesson.predictions
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
    """Write the pages of all lessons that were executed as they are now; give the index's path."""
    executed = {
        lesson: notebook
        for lesson in lessons
        if (notebook := as_it_is_now(lesson, notebook_path(site, lesson))) is not None
    }
    ready = list(executed)
    sections: list[Section] = []
    for i, (lesson, notebook) in enumerate(executed.items()):
        before = ready[i - 1] if i else None
        after = ready[i + 1] if i + 1 < len(ready) else None
        page, found = lesson_page(lesson, notebook, before, after)
        sections += found
        write_whole(site / f"{lesson.name}.html", page)
    for reference in all_references():
        page, found = reference_page(reference, ready)
        sections += found
        write_whole(site / f"{reference.name}.html", page)
    for room in api.ROOMS:
        page, found = room_page(room)
        sections += found
        write_whole(site / api.page_of(room), page)
    write_whole(site / "api.html", api_page())
    write_whole(site / "site.js", alone(figures.script() + (HERE / "site.js").read_text("utf-8")))
    write_whole(site / "search.js", alone(search_script(sections)))
    write_whole(site / "index.html", index_page(ready))
    return site / "index.html"


def alone(script: str) -> str:
    """A script whose names no other script sees."""
    return f'(() => {{\n"use strict";\n{script}}})();\n'


# ---------------------------------------------------------------------------------------- pages


def index_page(lessons: Sequence[Lesson]) -> str:
    parts = "\n".join(
        part_of_index(name, members)
        for name, numbers in PARTS.items()
        if (members := [lesson for lesson in lessons if lesson.number in numbers])
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
<p>Read them in order; each uses only what the ones before it introduced. Reading them all takes
about {hours} {"hour" if hours == 1 else "hours"}, exercises apart. Run one yourself with
<code>python -m lessons run 1</code>, and have your answers to its exercises judged with
<code>python -m lessons check 1</code>.</p>
<div class="idea">
<img class="for-light" src="{data_uri(PICTURES / "engine-light.png")}" alt="{IDEA}">
<img class="for-dark" src="{data_uri(PICTURES / "engine-dark.png")}" alt="{IDEA}">
</div>
{parts}
<p id="progress" hidden>Your answers to the predictions are kept in this browser only.
<button type="button" id="forget">Forget them</button></p>
<h2 id="reference">Reference</h2>
<ul class="pages">
{references}
</ul>""",
        here="index",
    )


def part_of_index(name: str, lessons: Sequence[Lesson]) -> str:
    """A heading, and the lessons of one part; the number of predictions is for the script."""
    rows = "\n".join(
        f'<li data-lesson="{lesson.name}" data-predictions="{len(lesson.predictions)}">'
        f'<a href="{lesson.name}.html">{lesson.number}. {escape(lesson.title)}</a>'
        f"<p>{inline(lesson.question)} <span>{lesson.minutes} minutes</span>"
        ' <span class="progress"></span></p></li>'
        for lesson in lessons
    )
    anchor = name.lower().replace(" ", "-")
    return f"""<h2 id="{anchor}">{escape(name)}</h2>
<ul class="pages">
{rows}
</ul>"""


def reference_page(reference: Reference, lessons: Sequence[Lesson]) -> tuple[str, list[Section]]:
    """A page of reference, and its sections for search."""
    body = BeautifulSoup(markdown(reference.body), "html.parser")
    name = f"{reference.name}.html"
    sections = [Section(name, "", reference.title, reference.title, plain(reference.lead))]
    listed = name_headings(body)
    sections += sections_of(name, reference.title, reference.title, body)
    box_tables(body)
    for link in body.select("a[href]:not(.anchor)"):
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
{contents(listed)}"""
    page = whole_page(f"{reference.title} · {SITE}", f"{head}\n{body}", here=reference.name)
    return page, sections


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


def api_page() -> str:
    """What the package offers: its rooms, and the names in each."""
    rows = "\n".join(
        f'<li><a href="{api.page_of(room)}">{escape(title)}</a>'
        f'<p class="names">{names_of(room)}</p></li>'
        for room, title in api.ROOMS.items()
    )
    return whole_page(
        f"API · {SITE}",
        f"""<h1>What the package offers</h1>
<p class="lead">Every public name, with its signature and what its docstring says of it.</p>
<ul class="pages">
{rows}
</ul>""",
        here="api",
    )


def names_of(room: str) -> str:
    names = [entry.name for entry in api.entries().values() if entry.room == room]
    return ", ".join(
        f'<a href="{api.address_of(name)}"><code>{name.removeprefix(f"{room}.")}</code></a>'
        for name in names
    )


def room_page(room: str) -> tuple[str, list[Section]]:
    """The page of a module or class of the package, and its sections for search."""
    body = api.room_body(room)
    title = api.ROOMS[room]
    listed = name_headings(body)
    name = api.page_of(room)
    sections = list(sections_of(name, title, title, body))
    where = f"tinygrad_mlp.{room}" if room else "tinygrad_mlp"
    head = f"""<h1>{escape(title)}</h1>
<p class="lead">{api.inline_code(api.lead_of(room))}</p>
<p class="facts"><code>{where}</code></p>
{contents(listed)}"""
    return whole_page(f"{title} · {SITE}", f"{head}\n{body}"), sections


def lesson_page(
    lesson: Lesson, notebook: Any, before: Lesson | None, after: Lesson | None
) -> tuple[str, list[Section]]:
    """The page of a lesson, and its sections for search."""
    body = lesson_body(lesson, notebook)
    api.link_names(body, lesson)
    exercises = BeautifulSoup(exercise_files(lesson), "html.parser")
    body.extend(list(exercises.children))
    title = f"{lesson.number}. {lesson.title}"
    name = f"{lesson.name}.html"
    sections = [Section(name, "", title, lesson.title, plain(f"{lesson.question} {lesson.before}"))]
    listed = name_headings(body)
    sections += sections_of(name, title, lesson.title, body)
    box_tables(body)
    stopped = body.select_one(".output_error") is not None
    optional = " Optional." if lesson.number in PARTS["Optional"] else ""
    head = f"""<h1>{escape(title)}</h1>
<p class="lead">{inline(lesson.question)}</p>
<p class="facts">{lesson.minutes} minutes.{optional} {new_names(lesson)}
<a href="notebooks/{lesson.name}.ipynb" download>As a notebook</a></p>
<p>{inline(lesson.before)}</p>
{'<p class="failed">This lesson stopped with an error, shown below.</p>' if stopped else ""}
{neighbours(before, after, "Lessons before and after")}
{contents(listed)}"""
    page = whole_page(
        f"{title} · {SITE}",
        f"{head}\n{body}\n{neighbours(before, after, 'Lessons before and after, again')}",
        lesson=lesson.name,
    )
    return page, sections


def whole_page(title: str, main: str, here: str = "", lesson: str = "") -> str:
    """A page of the site.

    here    its name, if one of the links at the top leads to it
    lesson  the name of the lesson that it shows, under which answers are kept
    """
    style = (HERE / "style.css").read_text("utf-8")
    places = (
        ("index.html", "Lessons"),
        ("index.html#reference", "Reference"),
        ("api.html", "API"),
        ("glossary.html", "Glossary"),
    )
    links = "\n".join(
        f'<a href="{address}"{CURRENT if address == f"{here}.html" else ""}>{words}</a>'
        for address, words in places
    )
    kept = f' data-lesson="{lesson}"' if lesson else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{style}</style>
<script>
{BEFORE_IT_SHOWS}
</script>
<script src="site.js" defer></script>
<script src="search.js" defer></script>
</head>
<body{kept}>
<a class="skip" href="#main">Skip to the content</a>
<header class="site">
<nav aria-label="Site">
{links}
</nav>
<button type="button" id="theme" hidden>Theme</button>
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


def contents(listed: str) -> str:
    """What is on the page: beside the text where there is room, above it otherwise."""
    return f"""<details class="contents" open><summary>On this page</summary>
<nav aria-label="On this page"><ul>{listed}</ul></nav></details>"""


def new_names(lesson: Lesson) -> str:
    names = ", ".join(api.inline_code(f"`{name}`") for name in lesson.new_names)
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
