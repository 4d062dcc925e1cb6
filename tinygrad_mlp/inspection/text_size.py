"""How wide text is, without a font: so that it stays in its box wherever it is shown.

The widths are those of DejaVu Sans, which is wide: where a browser takes another sans-serif, such
as Arial or Helvetica, the text is narrower, and there is a little more room around it.
"""

from __future__ import annotations

import unicodedata

WIDTHS = dict(
    zip(
        map(chr, range(32, 127)),
        (
            *(318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337),
            *(636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531),
            *(1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787),
            *(603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500),
            *(500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612),
            *(635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838),
        ),
        strict=True,
    )
)
WIDTHS |= {"·": 318, "\N{MULTIPLICATION SIGN}": 838, "\N{MINUS SIGN}": 838, "…": 1000}
"""By character, its width in thousandths of the size of the text."""

CAPITAL, LETTER, MARK, OTHER = 770, 650, 50, 1100
"""About how wide other characters are: those of other alphabets, marks above or below the letter
before, and all else. Text that has any is made to fit (`is_known`)."""


def width_of(text: str, size: float) -> float:
    """How wide a line of text is, for text of `size` pixels: at most, where it `is_known`."""
    return sum(map(_width, text)) * size / 1000


def is_known(text: str) -> bool:
    """Whether the widths of all its characters are known; else it must be pressed into place."""
    return all(c in WIDTHS for c in text)


def columns_of(text: str) -> int:
    """How many columns of a terminal the text takes: two for a Chinese character, for example."""
    return sum(0 if _is_mark(c) else 2 if _is_wide(c) else 1 for c in text)


def _width(c: str) -> int:
    """The width of a character, in thousandths of the size of the text."""
    c = _without_accent(c)
    if c in WIDTHS:
        return WIDTHS[c]
    if _is_mark(c):
        return MARK
    if _is_wide(c):
        return 1000
    if c.isalpha():
        return CAPITAL if c.isupper() else LETTER
    return OTHER


def _without_accent(c: str) -> str:
    """The letter that an accent stands above or below, which is about as wide as the two."""
    return unicodedata.normalize("NFD", c)[0] if c not in WIDTHS and not _is_wide(c) else c


def _is_wide(c: str) -> bool:
    """Whether it fills a square, as Chinese characters do."""
    return unicodedata.east_asian_width(c) in {"W", "F"}


def _is_mark(c: str) -> bool:
    """Whether it stands above, below or around the character before it."""
    return unicodedata.category(c) in {"Mn", "Me"}


def shortened(text: str, size: float, most: float) -> str:
    """The text, or as much of it as is not wider than `most`, and an ellipsis."""
    text = printable(text)
    if width_of(text, size) <= most:
        return text
    room = most - width_of("…", size)
    kept = 0
    while kept < len(text) and room >= 0:
        room -= width_of(text[kept], size)
        kept += room >= 0
    return text[:kept].rstrip() + "…"


def shortened_name(text: str, size: float, most: float) -> str:
    """A name of several parts, or as many of its last ones as fit, as these tell it from others."""
    text = printable(text)
    if width_of(text, size) <= most:
        return text
    rest = text.partition(".")[2]
    while rest and width_of(f"…{rest}", size) > most:
        rest = rest.partition(".")[2]
    return f"…{rest}" if rest else shortened(text, size, most)


def printable(text: str) -> str:
    """The text in one line, without control characters, which no XML may hold."""
    return "".join(c if c.isprintable() else " " for c in text)
