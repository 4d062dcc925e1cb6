"""Markdown and formulas as HTML, and what every piece of HTML gets: names for headings, boxes.

Formulas are MathML, which browsers draw themselves; a piece of LaTeX that cannot be converted is
an error that names it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from latex2mathml.converter import convert as to_mathml
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

BEFORE_SIGN = re.compile(r'<math display="inline">((?!</math>).)*</math>[^\s<]+', re.DOTALL)
"""A formula and the comma or point behind it, which must not go to the next line alone."""

KNOWN = {"{aligned}": "{split}", "\\arg\\": "\\operatorname{arg}\\"}
"""LaTeX that the converter does not know, and what it does know that looks the same."""

HEADING = re.compile("h[1-6]")

FUNCTION = re.compile(r"(<m[io]>[a-z]{2,}</m[io]>)(?=<m(?!o|space))")
"""The name of a function, as sin, directly before its argument: LaTeX puts a thin space there."""


class Renderer(IPythonRenderer):
    """Markdown as HTML, formulas as MathML."""

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return f'<span class="formula">{mathml(body, "block")}</span>'

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


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


def name_headings(body: BeautifulSoup) -> str:
    """Give each heading an id and a link to itself; return list items that link to level 2."""
    items = []
    taken: set[str] = {"main", "search", "query", "count", "found"}
    for heading in body.find_all(HEADING):
        words = re.sub(r"\W+", "-", plain_text(heading).lower()).strip("-") or "section"
        name = str(heading.get("id") or words)
        while name in taken:
            name += "-again"
        taken.add(name)
        heading["id"] = name
        if heading.name == "h2":
            items.append(f'<li><a href="#{name}">{heading.decode_contents()}</a></li>')
        link = body.new_tag(
            "a", attrs={"class": "anchor", "href": f"#{name}", "aria-label": "Link to this section"}
        )
        heading.append(link)  # its sign comes from the style: it is no part of the text
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


def plain_text(tag: Tag) -> str:
    return " ".join(tag.get_text().split())


def plain(source: str) -> str:
    """One paragraph of Markdown as plain text."""
    return plain_text(BeautifulSoup(inline(source), "html.parser"))
