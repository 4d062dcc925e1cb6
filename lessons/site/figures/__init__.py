"""Figures to play with: a file of Python and one of JavaScript for each.

NAME.py   `data(names)`: what the figure shows, as numbers, strings and lists, from the names that
          the lesson has at that cell. So the numbers in a figure are those of the lesson's run
NAME.js   `figures.NAME = function (box, data) {...}` fills an empty <div> with it; everything in it
          can be reached and moved with the keyboard

A lesson places one after a cell of code by `explore="NAME"` in the first line of the cell.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag

HERE = Path(__file__).parent
MEDIA_TYPE = "application/json"


def code_that_tells(name: str) -> str:
    """What is executed after the cell of a lesson: it shows the figure's data, as JSON."""
    return (
        f"from IPython.display import display\n"
        f"from lessons.site.figures import data_of\n"
        f"display({{{MEDIA_TYPE!r}: data_of({name!r}, globals())}}, raw=True)"
    )


def data_of(name: str, names: dict[str, Any]) -> Any:
    """What a figure shows, from the names that a lesson has."""
    return importlib.import_module(f"{__name__}.{name}").data(names)


def figure(name: str, data: Any) -> Tag:
    """A figure in a page; without scripts, it says that it needs them."""
    told = json.dumps(data).replace("<", "\\u003c")
    box = BeautifulSoup(
        f'<div class="explore" data-figure="{name}">'
        "<noscript><p>Here is a figure to play with. It needs scripts.</p></noscript>"
        f'<script type="{MEDIA_TYPE}">{told}</script></div>',
        "html.parser",
    ).div
    assert box is not None
    return box


def script() -> str:
    """The JavaScript of all figures."""
    parts = [path.read_text("utf-8") for path in sorted(HERE.glob("*.js"))]
    return "const figures = {};\n\n" + "\n".join(parts)
