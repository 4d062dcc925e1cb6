"""Reading what a lesson uses from its source: names, imports, and names of the package.

Only what a simple walk over the syntax tree sees counts: imports, plain names, and dotted
access that starts at an imported name.
"""

from __future__ import annotations

import ast
import builtins
import importlib
from collections.abc import Iterable
from types import ModuleType

PACKAGE = "tinygrad_mlp"


def undefined_names(source: str) -> set[str]:
    """Names that are read but nowhere bound in the file."""
    nodes = list(ast.walk(ast.parse(source)))
    bound = {*dir(builtins), "__name__"}
    read = set()
    for node in nodes:
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound.add(node.name)
    return read - bound


def imported_modules(source: str) -> set[str]:
    """Modules that are imported, as they are written: numpy, matplotlib.figure."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def package_names(source: str) -> dict[str, int]:
    """Names of the package that are used, as `nn.Linear`, with the line of their first use.

    A dotted name ends at the first thing that is no module: `nn.Linear.forward` is `nn.Linear`.
    """
    tree = ast.parse(source)
    reader = _Reader(_imported_names(tree))
    reader.visit(tree)
    found: dict[str, int] = {}
    for dotted, line in reader.used:
        name = _up_to_object(dotted)
        found[name] = min(line, found.get(name, line))
    return found


def resolve(dotted: str) -> object:
    """What a dotted name below the package is. Raises AttributeError if there is no such thing."""
    found: object = importlib.import_module(PACKAGE)
    for part in filter(None, dotted.split(".")):
        found = _member(found, part)
    return found


def is_covered(name: str, listed: Iterable[str]) -> bool:
    """Whether a name is one of those listed, by any of its names, or lies in a listed module."""
    listed = list(listed)
    parts = name.split(".")
    prefixes = {".".join(parts[: i + 1]) for i in range(len(parts))}
    if prefixes & set(listed):
        return True
    found = resolve(name)
    return callable(found) and any(resolve(other) is found for other in listed)


class _Reader(ast.NodeVisitor):
    def __init__(self, imported: dict[str, str]) -> None:
        self.imported = imported  # name in the file -> dotted name below the package
        self.used: list[tuple[str, int]] = []

    def visit_Attribute(self, node: ast.Attribute) -> None:
        parts = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in self.imported:
            base = self.imported[inner.id]
            dotted = ".".join(filter(None, [base, *reversed(parts)]))
            self.used.append((dotted, node.lineno))
        else:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and node.id in self.imported:
            self.used.append((self.imported[node.id], node.lineno))


def _imported_names(tree: ast.AST) -> dict[str, str]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == PACKAGE:
                    inner = alias.name.removeprefix(PACKAGE).removeprefix(".")
                    found[alias.asname or PACKAGE] = inner if alias.asname else ""
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            inner = (node.module or "").removeprefix(PACKAGE).removeprefix(".")
            for alias in node.names:
                found[alias.asname or alias.name] = ".".join(filter(None, [inner, alias.name]))
    return found


def _up_to_object(dotted: str) -> str:
    found: object = importlib.import_module(PACKAGE)
    parts = []
    for part in filter(None, dotted.split(".")):
        found = _member(found, part)
        parts.append(part)
        if not isinstance(found, ModuleType):
            break
    return ".".join(parts)


def _member(module: object, name: str) -> object:
    if isinstance(module, ModuleType) and not hasattr(module, name):
        try:
            return importlib.import_module(f"{module.__name__}.{name}")
        except ModuleNotFoundError as error:
            raise AttributeError(f"{module.__name__} has no {name}") from error
    return getattr(module, name)
