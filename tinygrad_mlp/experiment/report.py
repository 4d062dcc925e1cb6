"""The report: one HTML file with everything in it, to open, send, print or keep.

Its style and its pictures are inside the file; it loads nothing and runs no script. All texts
are given as plain text and escaped here, so a title may contain `<` or `&`. The page is put
together from the outside in: `write_report` names the sections, and each function below it writes
one kind of part.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from ..files import write_whole
from ..plot import to_data_uri

STYLE = (Path(__file__).parent / "report.css").read_text("utf-8")

# A number, a range, a number and its spread, with a sign or a short unit: "97.1 ± 0.2 %",
# "79,510", "5.6 min", "2e-16"; or nan or inf. Signs are \W: neither a letter nor a digit.
NUMBER = re.compile(r"\W*\d(\W|\d|(?<![a-zA-Zµ])[a-zA-Zµ]{1,3}(?![a-zA-Zµ]))*|nan|-?inf")
NOTHING = re.compile(r"\W*|n/a")


def write_report(
    path: str | os.PathLike[str],
    title: str,
    intro: Sequence[str],
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    findings: Sequence[str],
    figures: Sequence[tuple[str, str, Figure]],
    made: Mapping[str, str],
) -> None:
    """Write the report to `path`, all of it or nothing. An empty part is left out.

    intro     paragraphs under the title
    header    names of the table's columns
    rows      the table's cells, ready to read; the first column names the row
    findings  sentences
    figures   (heading, caption, figure); the figure's label says in words what it shows
    made      how the report was made: name -> text

    Raises ValueError if a row does not have one cell for each column, OSError if `path` cannot be
    written.
    """
    drawn = (_figure(number, *given) for number, given in enumerate(figures, 1))
    sections = [
        ("results", "Results", _table(title, header, rows)),
        ("findings", "Findings", _list(findings)),
        ("figures", "Figures", "\n".join(drawn)),
        ("made", "How this was made", _terms(made)),
    ]
    sections = [(name, heading, body) for name, heading, body in sections if body]
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<header>
<h1>{escape(title)}</h1>
{"".join(f"<p>{escape(paragraph)}</p>" for paragraph in intro)}
</header>
<nav aria-label="Contents">
{_contents(sections, [heading for heading, _, _ in figures])}
</nav>
{"".join(_section(name, heading, body) for name, heading, body in sections)}
</main>
</body>
</html>
"""
    write_whole(path, page)


def _section(name: str, heading: str, body: str) -> str:
    return (
        f'<section aria-labelledby="{name}">\n'
        f'<h2 id="{name}">{escape(heading)}</h2>\n{body}\n</section>\n'
    )


def _contents(sections: Sequence[tuple[str, str, str]], figures: Sequence[str]) -> str:
    lines = []
    for name, heading, _ in sections:
        inner = ""
        if name == "figures":
            links = (_link(f"figure-{i}", text) for i, text in enumerate(figures, 1))
            inner = f"\n<ul>\n{''.join(f'<li>{link}</li>' for link in links)}\n</ul>"
        lines.append(f"<li>{_link(name, heading)}{inner}</li>")
    return "<ul>\n" + "\n".join(lines) + "\n</ul>"


def _link(name: str, text: str) -> str:
    return f'<a href="#{name}">{escape(text)}</a>'


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    for i, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise ValueError(f"row {i} has {len(row)} cells, and the header {len(header)} columns")
    numeric = [_is_numeric(column) for column in zip(*rows, strict=True)]
    head = "".join(_heading_cell("col", *cell) for cell in zip(header, numeric, strict=True))
    body = "\n".join(_row(row, numeric) for row in rows)
    table = f"""<table>
<caption>{escape(caption)}</caption>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>"""
    return _box("Results, table", table)


def _row(row: Sequence[str], numeric: Sequence[bool]) -> str:
    cells = [_heading_cell("row", row[0], numeric[0])]
    cells += [_cell(*cell) for cell in zip(row[1:], numeric[1:], strict=True)]
    return f"<tr>{''.join(cells)}</tr>"


def _heading_cell(scope: str, text: str, is_number: bool) -> str:
    """The name of a column or of a row."""
    alignment = ' class="number"' if is_number else ""
    return f'<th scope="{scope}"{alignment}>{escape(text)}</th>'


def _cell(text: str, is_number: bool) -> str:
    alignment = ' class="number"' if is_number else ""
    return f"<td{alignment}>{escape(text)}</td>"


def _is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers, apart from cells with nothing in them."""
    filled = [cell for cell in cells if not NOTHING.fullmatch(cell)]
    return bool(filled) and all(NUMBER.fullmatch(cell) for cell in filled)


def _list(sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    return "<ul>\n" + "\n".join(f"<li>{escape(text)}</li>" for text in sentences) + "\n</ul>"


def _figure(number: int, heading: str, caption: str, figure: Figure) -> str:
    words = str(figure.get_label()) or heading
    picture = f'<img src="{to_data_uri(figure)}" alt="{escape(words)}">'
    return f"""<h3 id="figure-{number}">{escape(heading)}</h3>
<figure>
{_box(heading + ", picture", picture)}
<figcaption>{escape(caption)}</figcaption>
</figure>"""


def _box(name: str, body: str) -> str:
    # Keyboard users must be able to reach what scrolls, hence tabindex, role and label.
    label = escape(name)
    return f'<div class="box" role="region" aria-label="{label}" tabindex="0">\n{body}\n</div>'


def _terms(made: Mapping[str, str]) -> str:
    if not made:
        return ""
    lines = (f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in made.items())
    return "<dl>\n" + "\n".join(lines) + "\n</dl>"
