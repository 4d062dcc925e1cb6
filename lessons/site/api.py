"""The reference of the package: every public name, its signature and its docstring, page by page.

griffe reads both from the source, as they are written there: no module is imported, and defaults
and types look as their author wrote them. It brings no pages of its own, so that these can be
searched, linked and styled like all others. To show another module, add a row to `ROOMS`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import griffe
from bs4 import BeautifulSoup, Tag
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonConsoleLexer, PythonLexer

from ..catalogue import HERE, Lesson

PACKAGE = "tinygrad_mlp"

ROOMS = {
    "": "Functions on tensors",
    "Tensor": "Tensor",
    "autograd.functional": "Derivatives of functions",
    "nn": "Layers and losses",
    "nn.functional": "Functions for networks",
    "nn.init": "Initial weights",
    "nn.utils": "Around gradients and parameters",
    "optim": "Optimisers",
    "optim.lr_scheduler": "Schedules",
    "data": "Digits and batches",
    "data.transforms": "Augmentation",
    "train": "The training loop",
    "checkpoint": "Saving",
    "interop": "PyTorch, both ways",
    "inspection": "Summaries and graphs",
    "plot": "Figures",
    "testing": "Proving ops and layers",
}
"""A module or class of the package, by its dotted name -> the title of its page."""

NEW = ("__init__", "__call__")
"""Methods whose parameters are those of the class when it is made, or of what it makes."""


@dataclass(frozen=True)
class Entry:
    """A public name: where it is written about, its signature, and its docstring."""

    name: str
    signature: str
    docstring: str

    @property
    def room(self) -> str:
        """The longest row of `ROOMS` that the name begins with."""
        head = self.name.rpartition(".")[0]
        while head not in ROOMS:
            head = head.rpartition(".")[0]
        return head


@cache
def package() -> Any:
    return griffe.load(PACKAGE, search_paths=[str(HERE.parent)], resolve_aliases=True)


@cache
def entries() -> dict[str, Entry]:
    """All public names, by the shortest way to say them, in the order of the rooms."""
    found: dict[str, Entry] = {}
    described: set[str] = set()
    for room in ROOMS:
        for name, member in sorted(members_of(room).items()):
            entry = entry_of(f"{room}.{name}" if room else name, member)
            if entry is None:
                continue
            path = target_of(member).path
            if path in described:
                continue  # written about in an earlier room
            described.add(path)
            found[entry.name] = entry
    return found


def members_of(room: str) -> dict[str, Any]:
    """What a room offers: its own names, and what it imports under a name that it repeats."""
    holder = target_of(package()[room] if room else package())
    if holder.is_class:
        return {**holder.members, **shared_methods()}
    offered = repeated_imports(holder.filepath)
    found = {n: m for n, m in holder.members.items() if not m.is_alias or n in offered}
    for name, member in found.items():
        if name in offered and not member.is_alias:  # a function that is named as its module is
            found[name] = package()[holder.imports[name].removeprefix(f"{PACKAGE}.")]
    return found


def repeated_imports(path: Path) -> set[str]:
    """The names of a file's `from ... import name as name`, which make a name public."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    imported = [alias for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    return {alias.name for alias in imported if alias.asname == alias.name}


@cache
def shared_methods() -> dict[str, Any]:
    """Methods of a Tensor that are functions, too: those of `exp, log = ops.exp, ops.log`."""
    tensor = target_of(package()["Tensor"])
    tree = ast.parse(tensor.filepath.read_text("utf-8"))
    body = next(n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Tensor")
    found = {}
    for node in body:
        if isinstance(node, ast.Assign):
            pairs = zip(parts_of(node.targets[0]), parts_of(node.value), strict=False)
            for name, value in pairs:
                if isinstance(value, ast.Attribute) and not ast.unparse(name).startswith("_"):
                    found[ast.unparse(name)] = function_at(ast.unparse(value))
    return found


def parts_of(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def function_at(path: str) -> Any:
    """The function of this path; what is only another name for one, as `view`, is followed."""
    thing = package()[path]
    return package()[f"{path.rpartition('.')[0]}.{thing.value}"] if thing.is_attribute else thing


def entry_of(name: str, member: Any) -> Entry | None:
    """A class or function of the package that is meant for its users."""
    last = name.rpartition(".")[2]
    if last.startswith("_"):
        return None
    try:
        thing = target_of(member)
    except griffe.AliasResolutionError:
        return None  # from another package
    if not thing.path.startswith(f"{PACKAGE}."):
        return None
    if not (thing.is_class or thing.is_function or "property" in thing.labels):
        return None
    docstring = thing.docstring.value if thing.docstring else ""
    of_tensor = name.startswith("Tensor.") and thing.parent.is_module
    return Entry(name, signature_of(last, thing, int(of_tensor)), docstring)


def target_of(member: Any) -> Any:
    return member.final_target if member.is_alias else member


def signature_of(name: str, thing: Any, first: int = 0) -> str:
    """As in the source, from parameter `first` on: on one line, or one for each if it is long."""
    function = thing
    if thing.is_class:
        made = [thing.all_members[new] for new in NEW if new in thing.all_members]
        function = target_of(made[0]) if made else None
    if function is None or not function.is_function:
        return name
    parts = list(parameters_of(function))[first:]
    returns = f" -> {function.returns}" if function.returns and not thing.is_class else ""
    line = f"{name}({', '.join(parts)}){returns}"
    if len(line) <= 90:
        return line
    rows = "".join(f"    {part},\n" for part in parts)
    return f"{name}(\n{rows}){returns}"


def parameters_of(function: Any) -> Iterator[str]:
    star = False
    for parameter in function.parameters:
        if parameter.name in ("self", "cls"):
            continue
        kind = parameter.kind.value
        if kind == "keyword-only" and not star:
            star = True
            yield "*"
        sign = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        star = star or sign == "*"
        text = sign + parameter.name
        if parameter.annotation is not None:
            text += f": {parameter.annotation}"
        if parameter.default is not None and not sign:
            text += f" = {parameter.default}" if ":" in text else f"={parameter.default}"
        yield text


# ---------------------------------------------------------------------------------------- pages


def page_of(room: str) -> str:
    """The file of a room's page."""
    return f"api-{room.lower().replace('.', '-')}.html" if room else "api-functions.html"


def address_of(name: str) -> str:
    """Where a name or a room is written about; "" if nowhere."""
    if name and name in ROOMS:
        return page_of(name)
    entry = entries().get(name)
    return f"{page_of(entry.room)}#{entry.name}" if entry else ""


def lead_of(room: str) -> str:
    """The first sentence of a module's or class's docstring."""
    thing = target_of(package()[room] if room else package())
    text = thing.docstring.value if thing.docstring else ""
    return " ".join(text.split("\n\n")[0].split())


def room_body(room: str) -> BeautifulSoup:
    """Every name of a room: a heading, its signature, its docstring."""
    parts = []
    for entry in entries().values():
        if entry.room != room:
            continue
        parts.append(
            f'<h2 id="{entry.name}"><code>{escape(entry.name)}</code></h2>\n'
            f'<div class="signature">{code(entry.signature)}</div>\n{described(entry.docstring)}'
        )
    if room == "Tensor":
        parts.append(also_methods())
    return BeautifulSoup("\n".join(parts), "html.parser")


def also_methods() -> str:
    """The functions that are methods of a Tensor, too, as links."""
    links = ", ".join(
        f'<a href="{address_of(function.name)}"><code>{name}</code></a>'
        for name, function in sorted(shared_methods().items())
        if f"Tensor.{name}" not in entries()
    )
    return f"""<h2 id="functions-as-methods">Functions that are methods, too</h2>
<p>Their first argument is the tensor: <code>x.exp()</code> is <code>tg.exp(x)</code>.</p>
<p>{links}.</p>"""


def code(text: str) -> str:
    return highlight(text, PythonLexer(), HtmlFormatter())


COLUMN = re.compile(r"(\S.*?)\s{2,}(\S.*)")
"""A line of a docstring that says what a name is: the name, two spaces or more, and the words."""


def described(docstring: str) -> str:
    """A docstring as HTML: paragraphs, columns of names, examples and other code."""
    blocks = re.split(r"\n\s*\n", docstring.strip("\n"))
    return "\n".join(block_of(block) for block in blocks if block.strip())


def block_of(block: str) -> str:
    lines = block.split("\n")
    if lines[0].lstrip().startswith(">>>"):
        return highlight(block, PythonConsoleLexer(), HtmlFormatter())
    if all(line.startswith("    ") for line in lines):
        return code("\n".join(line[4:] for line in lines))
    if COLUMN.fullmatch(lines[0]) and not lines[0].startswith(" "):
        return table_of(lines)
    return f"<p>{inline_code(' '.join(line.strip() for line in lines))}</p>"


def table_of(lines: Sequence[str]) -> str:
    """Names and what they are; a line that begins further in goes on with the one before."""
    rows: list[list[str]] = []
    after: list[str] = []
    for line in lines:
        match = COLUMN.fullmatch(line)
        if match and not line.startswith(" "):
            rows.append([match[1], match[2]])
        elif line.startswith(" ") and rows:
            rows[-1][1] += " " + line.strip()
        else:
            after.append(line.strip())
    cells = "\n".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{inline_code(words)}</dd>" for name, words in rows
    )
    rest = f"\n<p>{inline_code(' '.join(after))}</p>" if after else ""
    return f"<dl>\n{cells}\n</dl>{rest}"


def inline_code(text: str) -> str:
    """Text as HTML; what stands in backticks is code, and a link if it is a public name."""

    def made(match: re.Match[str]) -> str:
        address = address_of(match[1])
        shown = f"<code>{match[1]}</code>"
        return f'<a href="{escape(address)}">{shown}</a>' if address else shown

    return re.sub(r"`([^`]+)`", made, escape(text, quote=False))


# ------------------------------------------------------------------------- links from code cells


def link_names(body: BeautifulSoup, lesson: Lesson) -> None:
    """Make each public name in the code of a lesson's page a link to what is written about it."""
    imported = imported_names(lesson.source)
    for code_block in body.select(".highlight pre"):
        spans = [tag for tag in code_block.children if isinstance(tag, Tag)]
        i = 0
        while i < len(spans):
            name, used = dotted(spans, i)
            address = address_of(full_name(name, imported))
            if address and not spans[i].find_parent("a"):
                link = body.new_tag("a", attrs={"href": address, "class": "name"})
                spans[i].insert_before(link)
                link.extend(spans[i : i + used])
            i += max(used, 1)


def dotted(spans: Sequence[Tag], start: int) -> tuple[str, int]:
    """A dotted name that begins at a span of highlighted code, and how many spans it takes."""
    parts: list[str] = []
    i = start
    while i < len(spans) and is_name(spans[i]):
        parts.append(spans[i].get_text())
        followed = spans[i].next_sibling is spans[i + 1] if i + 1 < len(spans) else False
        i += 1
        if not (followed and spans[i].get_text() == "." and i + 1 < len(spans)):
            break
        if not is_name(spans[i + 1]) or spans[i].next_sibling is not spans[i + 1]:
            break
        i += 1
    return ".".join(parts), i - start


def is_name(span: Tag) -> bool:
    return bool({"n", "nn", "nb"} & set(span.get("class") or [])) and span.get_text().isidentifier()


def full_name(name: str, imported: dict[str, str]) -> str:
    """A name in code as the package's dotted name, by what it was imported as; "" if it is not."""
    first, _, rest = name.partition(".")
    if first not in imported:
        return ""
    whole = ".".join(filter(None, [imported[first], rest]))
    while whole and whole not in entries():
        whole = whole.rpartition(".")[0] if whole.count(".") else ""
    return whole


def imported_names(source: str) -> dict[str, str]:
    """Names in a lesson -> what of the package they stand for: tg -> "", F -> "nn.functional"."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == PACKAGE or alias.name.startswith(f"{PACKAGE}."):
                    inside = alias.name.partition(".")[2]
                    found[alias.asname or PACKAGE] = inside if alias.asname else ""
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            inside = (node.module or "").partition(".")[2]
            for alias in node.names:
                found[alias.asname or alias.name] = ".".join(filter(None, [inside, alias.name]))
    return found
