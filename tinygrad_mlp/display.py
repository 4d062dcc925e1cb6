"""How things show themselves in a notebook: small pieces of HTML and SVG, made of strings alone.

Nothing is loaded from anywhere, and colours are those of the page around it, or between light and
dark, so that a notebook may be either. Whatever comes from outside is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

STYLE = """<style>
.tg-out { overflow-x: auto; margin: .3em 0; line-height: 1.4; font-size: 13px; }
.tg-out.tg-out table { border-collapse: collapse; margin: 0; font-size: inherit; border: 0;
  width: auto; font-variant-numeric: tabular-nums; }
.tg-out.tg-out caption { caption-side: top; text-align: left; padding: 0 0 .4em;
  color: inherit; font-weight: 600; white-space: nowrap; }
.tg-out.tg-out th, .tg-out.tg-out td { padding: .15em .7em; text-align: right; border: 0;
  vertical-align: baseline; color: inherit; white-space: nowrap; font-weight: 400; }
.tg-out.tg-out th:first-child { text-align: left; }
.tg-out.tg-out thead th { border-bottom: 1px solid rgba(128, 128, 128, .6);
  font-weight: 600; }
.tg-out.tg-out tfoot td { border-top: 1px solid rgba(128, 128, 128, .6); text-align: left;
  padding-top: .4em; }
.tg-out.tg-out pre { font: inherit; font-family: ui-monospace, Menlo, Consolas,
  "DejaVu Sans Mono", monospace; margin: .4em 0; padding: 0; border: 0; background: none;
  color: inherit; white-space: pre; }
.tg-out.tg-out svg { display: block; max-width: 100%; height: auto; margin: .4em 0 1em; }
.tg-out.tg-out svg text { fill: currentColor; }
</style>"""
"""What every piece brings with it: rules for its own class, which is named twice to come before
those of the page around it."""

BLUE, GREY = "#3b82c4", "#777777"
"""Colours that stand out from white and from black alike."""

SHOWN = 8
"""How many rows and columns of a table of numbers are shown; more are cut in the middle."""

MANY_CLASSES = 20
"""How many classes of a confusion matrix are shown."""


class Cell(NamedTuple):
    """One cell of a table.

    text    what stands in it
    shade   from 0 to 1: how much of the colour lies behind it
    indent  how many levels it is moved to the right
    """

    text: Any
    shade: float = 0
    indent: int = 0


def escape(text: Any) -> str:
    """The text as it stands in HTML."""
    words = str(text)
    for plain, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        words = words.replace(plain, written)
    return words


def block(*parts: str) -> str:
    """Pieces of HTML as one output of a cell."""
    return f'{STYLE}<div class="tg-out">{"".join(parts)}</div>'


def table(
    caption: str,
    head: Sequence[Any],
    rows: Iterable[Sequence[Any]],
    foot: Sequence[str] = (),
) -> str:
    """A table as HTML.

    caption  what it shows, in a line
    head     the titles of the columns
    rows     cells, texts or numbers; the first of each row is its title
    foot     lines below it
    """
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    parts = [f"<table><caption>{escape(caption)}</caption><thead><tr>{titles}</tr></thead><tbody>"]
    for title, *cells in rows:
        data = "".join(_cell("td", cell) for cell in cells)
        parts.append(f"<tr>{_cell('th', title)}{data}</tr>")
    parts.append("</tbody>")
    if foot:
        lines = "<br>".join(map(escape, foot))
        parts.append(f'<tfoot><tr><td colspan="{len(head)}">{lines}</td></tr></tfoot>')
    return "".join([*parts, "</table>"])


def _cell(tag: str, cell: Any) -> str:
    """A cell as HTML; a title of a row says so to a screen reader."""
    cell = cell if isinstance(cell, Cell) else Cell(cell)
    styles = []
    if cell.shade:
        styles.append(f"background: rgba(59, 130, 196, {0.6 * cell.shade:.2f})")
    if cell.indent:
        styles.append(f"padding-left: {0.7 + 1.3 * cell.indent:.1f}em")
    scope = ' scope="row"' if tag == "th" else ""
    style = f' style="{"; ".join(styles)}"' if styles else ""
    return f"<{tag}{scope}{style}>{escape(cell.text)}</{tag}>"


def code(text: str) -> str:
    """A text in lines, such as a program."""
    return f"<pre>{escape(text)}</pre>"


def note(text: str) -> str:
    """A line of text."""
    return f"<div>{escape(text)}</div>"


def svg(width: int, height: int, words: str, *parts: str) -> str:
    """A picture of this size in pixels; `words` say what it shows to whoever does not see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="system-ui, sans-serif" font-size="12" '
        f'fill="{GREY}"><title>{escape(words)}</title>{"".join(parts)}</svg>'
    )


def label(x: float, y: float, words: Any, anchor: str = "start") -> str:
    """Words in a picture; `anchor` is "start", "middle" or "end"."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    """A rectangle in a picture."""
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour}"/>'


def greys(x: float, y: float, side: float, image: Any) -> str:
    """An image (h, w) from 0, black, to 1, white, in a square: a rectangle for each pixel."""
    step = side / max(image.shape)
    parts = [bar(x, y, step * image.shape[1], step * image.shape[0], "#000000")]
    for i, row in enumerate(image.tolist()):
        for j, value in enumerate(row):
            level = round(255 * min(max(value, 0), 1)) if math.isfinite(value) else 0
            if level:
                colour = f"#{level:02x}{level:02x}{level:02x}"
                parts.append(bar(x + j * step, y + i * step, step + 0.1, step + 0.1, colour))
    return "".join(parts)


def curve(
    left: int, width: int, height: int, title: str, values: Sequence[float], spec: str
) -> str:
    """A curve of values by epoch, from x = `left`, with its title above and its range at its side.

    spec  how a value is written, such as ".3f"
    """
    finite = [(i, v) for i, v in enumerate(values) if math.isfinite(v)]
    parts = [label(left, 14, title), label(left + width - 12, 14, _missing(values), "end")]
    if not finite:
        return "".join(parts)
    low, high = min(v for _, v in finite), max(v for _, v in finite)
    top, bottom, start, end = 30, height - 24, left + 48, left + width - 12
    steps = max(1, len(values) - 1)
    points = [
        (start + (end - start) * i / steps, bottom - (bottom - top) * (v - low) / (high - low or 1))
        for i, v in finite
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    parts += [
        f'<path d="M{start},{top - 4}V{bottom + 4}H{end}" fill="none" stroke="{GREY}"/>',
        f'<polyline points="{path}" fill="none" stroke="{BLUE}" stroke-width="2"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{BLUE}"/>',
        label(start - 6, bottom + 4, format(low, spec), "end"),
        label(start, height - 6, "epoch 1"),
        label(end, height - 6, len(values), "end") if len(values) > 1 else "",
    ]
    if high > low:
        parts.append(label(start - 6, top + 4, format(high, spec), "end"))
    return "".join(parts)


def _missing(values: Sequence[float]) -> str:
    """Which values cannot be drawn, from which epoch on."""
    missing = [i for i, v in enumerate(values) if not math.isfinite(v)]
    if not missing:
        return ""
    first = missing[0]
    what = "not a number" if math.isnan(values[first]) else "infinite"
    since = "from" if len(missing) == len(values) - first else "at"
    return f"{what} {since} epoch {first + 1}"


def places(count: int) -> list[int | None]:
    """Which of so many rows are shown: their numbers, and None where some are left out."""
    if count <= SHOWN:
        return list(range(count))
    half = SHOWN // 2
    return [*range(half), None, *range(count - half, count)]


def numbers(array: Any, about: Sequence[str]) -> str:
    """An array as a table, cut in the middle where it is long; of several matrices, the first.

    about  what else is to be said of it
    """
    words = [f"tensor of shape {array.shape}" if array.ndim else "tensor of one number"]
    words += [str(array.dtype), *about]
    first = (0,) * (array.ndim - 2)
    if first and array.size:
        words.append(f"showing [{', '.join(map(str, first))}]")
    caption = ", ".join(words)
    if not array.size:
        return block(note(caption))
    matrix = array[first] if first else array
    if not array.ndim:
        return block(note(f"{caption}: {written(array)}"))
    columns = places(array.shape[-1])
    head = ["", *("…" if j is None else j for j in columns)]
    if array.ndim == 1:
        return block(table(caption, head, [["value", *_row(matrix, columns)]]))
    rows = [
        ["…"] * len(head) if i is None else [i, *_row(matrix[i], columns)]
        for i in places(array.shape[-2])
    ]
    return block(table(caption, head, rows))


def confusion(caption: str, counts: Any) -> str:
    """Counts (classes, classes) as a table: rows are true classes, columns predicted ones.

    The stronger the colour of a cell, the larger its share of the row, by the square root, so that
    a few errors can be seen. Of many classes, the first are shown.
    """
    shown = range(min(len(counts), MANY_CLASSES))
    rows: list[list[Any]] = []
    for i in shown:
        total = max(1, counts[i].sum())
        rows.append(
            [i, *(Cell(f"{counts[i, j]:,}", math.sqrt(counts[i, j] / total)) for j in shown)]
        )
    if len(counts) > len(shown):
        caption += f", {len(shown)} of {len(counts)} classes shown"
    return table(f"{caption}; true classes in rows, answers in columns", ["", *shown], rows)


def _row(values: Any, columns: Sequence[int | None]) -> list[str]:
    return ["…" if j is None else written(values[j]) for j in columns]


def written(number: Any) -> str:
    """A number in a few digits."""
    value = number.item()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
