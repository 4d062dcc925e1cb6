"""What search finds: every page cut at its headings, written into `search.js` beside the pages.

Code that only draws is left out, and so is what one clicks on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from .markup import HEADING, plain_text

HERE = Path(__file__).parent


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


def sections_of(page: str, title: str, heading: str, body: BeautifulSoup) -> Iterator[Section]:
    """The page cut at its headings, as plain text; what is above them is under `heading`."""
    anchor = ""
    texts: list[str] = []
    for block in blocks(body):
        if HEADING.fullmatch(block.name):
            if texts:
                yield Section(page, anchor, title, heading, " ".join(texts))
            anchor, heading, texts = str(block["id"]), plain_text(block), []
        else:
            texts.append(searched(block))
    if texts:
        yield Section(page, anchor, title, heading, " ".join(texts))


def blocks(body: BeautifulSoup) -> Iterator[Tag]:
    """Paragraphs, lists, tables, code, outputs and headings, in the order of the page."""
    for cell in body.find_all(True, recursive=False):
        text = cell.select_one(".text_cell_render")
        yield from text.find_all(True, recursive=False) if text else [cell]


def searched(block: Tag) -> str:
    """The text of a block without what nobody looks for."""
    block = copy(block)
    for tag in block.select(".drawing, .unsure, .number, .explore"):
        tag.decompose()
    return plain_text(block)


def search_script(sections: Sequence[Section]) -> str:
    """The texts, and the script that searches them: a page opened from disk may fetch nothing."""
    rows = [[s.page, s.anchor, s.title, s.heading, s.text] for s in sections]
    script = (HERE / "search.js").read_text("utf-8")
    return f"{script}\nstart({json.dumps(rows, ensure_ascii=False)});\n"
