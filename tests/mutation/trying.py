"""Trying mutants: all those of a room, or a sample of all rooms."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import json
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from ..mutants import Mutant, all_functions, compiled, mutants_of_module, with_code
from .judging import Judges, Reach
from .rooms import ROOMS

PACKAGE = "tinygrad_mlp"
TESTS = Path(__file__).parents[1]

MOST_SECONDS = 20.0
"""How long the tests that one mutant is tried with may take together, when nothing is wrong."""

ONE_IN = 125
"""The sample has one mutant in so many."""

FIRST = Path(__file__).parent / "first.json"
"""For each function the tests that noticed its mutants, the best first: `--remember` writes it."""

MOST_FIRST = 8
"""How many tests of a function are remembered."""


SURVIVORS = Path(__file__).parent / "survivors.txt"
"""The mutants that no test has to notice, with the reasons."""


@dataclass(frozen=True)
class Tried:
    """A mutant, the module that it is in, and the test that noticed it; "" if none did."""

    module: str
    mutant: Mutant
    by: str

    @property
    def function(self) -> str:
        return function_of(self.module, self.mutant)


def function_of(module: str, mutant: Mutant) -> str:
    return f"{module}.{mutant.owner}"


def files_of(room: str) -> list[Path]:
    return [TESTS / f"{judge}.py" for judge in ROOMS[room].judges]


def source_of(module: str) -> str:
    return str(importlib.import_module(f"{PACKAGE}.{module}").__file__)


def mutants_of(modules: tuple[str, ...]) -> list[tuple[str, Mutant]]:
    """Each mutant of some modules, and the module that it is in."""
    found = []
    for module in modules:
        source_of(module)
        found += [(module, mutant) for mutant in mutants_of_module(f"{PACKAGE}.{module}")]
    return found


def unchanged(modules: tuple[str, ...]) -> Mutant:
    """No fault at all, but every function of the modules compiled again: nothing must notice."""

    def planted() -> AbstractContextManager:
        stack = ExitStack()
        for module in modules:
            name = f"{PACKAGE}.{module}"
            tree = ast.parse(inspect.getsource(sys.modules[name]))
            for _, function, node in all_functions(name, tree):
                stack.enter_context(with_code(function, compiled(node, function)))
        return stack

    return Mutant(", ".join(modules), "", "nothing changed", "", planted)


def refuse_if_noticed(mutant: Mutant, names: list[str], judges: Judges, seconds: float) -> None:
    by = judges.verdict(mutant, names, seconds)
    if by:
        raise SystemExit(f"{by} fails though there is no fault: {mutant}")


# ----------------------------------------------------------------------------------- a whole room


def try_modules(modules: tuple[str, ...], judges: Judges) -> Iterator[Tried]:
    """Try every mutant of some modules of a room, with all tests that reach it."""
    files = frozenset(map(source_of, modules))
    reach = judges.reach(files)
    seconds = sum(one.seconds for one in reach.values())
    refuse_if_noticed(unchanged(modules), list(reach), judges, seconds)
    yield from tried(mutants_of(modules), reach, judges)


def tried(
    mutants: list[tuple[str, Mutant]], reach: dict[str, Reach], judges: Judges
) -> Iterator[Tried]:
    """Try the mutants one after the other. What noticed one is tried first in its function."""
    quickest = sorted(reach, key=lambda name: reach[name].seconds)
    noticed: dict[tuple[str, str], list[str]] = {}
    for module, mutant in mutants:
        lines = lines_of(module, mutant)
        here = [name for name in quickest if not lines.isdisjoint(reach[name].lines)]
        first = noticed.setdefault((module, mutant.owner), [])
        names = [*(n for n in first if n in here), *(n for n in here if n not in first)]
        names, seconds = affordable(names, reach)
        by = judges.verdict(mutant, names, seconds) if names else ""
        if by in reach:
            first[:] = [by, *(name for name in first if name != by)]
        yield Tried(module, mutant, by)


def lines_of(module: str, mutant: Mutant) -> set[tuple[str, int]]:
    """Where a mutant shows: its line; of a constant, the lines that name it."""
    file = source_of(module)
    if mutant.line:
        return {(file, mutant.line)}
    lines = enumerate(Path(file).read_text("utf-8").splitlines(), 1)
    return {(file, i) for i, line in lines if re.search(rf"\b{mutant.owner}\b", line)}


def affordable(names: list[str], reach: dict[str, Reach]) -> tuple[list[str], float]:
    """As many of the tests as fit into `MOST_SECONDS`, at least one, and how long they take."""
    seconds = 0.0
    for i, name in enumerate(names):
        seconds += reach[name].seconds
        if i and seconds > MOST_SECONDS:
            return names[:i], seconds - reach[name].seconds
    return names, seconds


def remember(found: list[Tried]) -> None:
    """Write down which tests noticed most mutants of each function."""
    first = dict(remembered())
    counts: dict[str, Counter] = {}
    for one in found:
        if "::" in one.by:
            counts.setdefault(one.function, Counter())[one.by] += 1
    for function, counter in counts.items():
        first[function] = [name for name, _ in counter.most_common(MOST_FIRST)]
    FIRST.write_text(json.dumps(first, indent=1, sort_keys=True) + "\n", "utf-8")


# ---------------------------------------------------------------------------------------- a sample


def try_sample(judges: Judges) -> Iterator[Tried]:
    """Try the same few mutants each time, first with the tests that noticed others nearby."""
    first = remembered()
    for modules, files in ROOMS.values():
        own = [name for name in judges.items if Path(name.split("::")[0]).stem in files]
        mutants = [pair for pair in mutants_of(modules) if is_in_sample(*pair)]
        known = {
            function: [name for name in names if name in judges.items]
            for function, names in first.items()
        }
        if not mutants:
            continue
        quick = {name for pair in mutants for name in known[function_of(*pair)]}
        refuse_if_noticed(unchanged(modules), sorted(quick), judges, 60.0)
        for module, mutant in mutants:
            names = known[function_of(module, mutant)]
            by = judges.verdict(mutant, names, 5.0)
            if not by and not is_listed(Tried(module, mutant, by)):
                others = [name for name in own if name not in names]
                by = judges.verdict(mutant, others, 60.0)
            yield Tried(module, mutant, by)


def files_of_sample() -> list[Path]:
    """The test files that are needed for the sample."""
    names = {name.split("::")[0] for names in remembered().values() for name in names}
    return [TESTS.parent / name for name in names]


def is_in_sample(module: str, mutant: Mutant) -> bool:
    """Chosen by what it says, so that a change elsewhere does not choose others.

    Only of functions for which it is known which tests notice their mutants.
    """
    said = f"{function_of(module, mutant)}: {mutant.was} -> {mutant.change}"
    return function_of(module, mutant) in remembered() and zlib.crc32(said.encode()) % ONE_IN == 0


@functools.cache
def remembered() -> dict[str, list[str]]:
    first: dict[str, list[str]] = json.loads(FIRST.read_text("utf-8")) if FIRST.exists() else {}
    return first


# ----------------------------------------------------------------------------------- who survives


@functools.cache
def listed() -> dict[tuple[str, str, str], str]:
    """The reasons of `SURVIVORS`, by function, what it says, and what the mutant says."""
    found = {}
    for block in SURVIVORS.read_text("utf-8").split("\n\n")[1:]:
        function, *lines = block.splitlines()
        was, now, why = (line.strip().partition("  ")[2] for line in lines)
        found[function, was, now] = why
    return found


def is_listed(one: Tried) -> bool:
    return (one.function, one.mutant.was, one.mutant.change) in listed()


def survivors(found: list[Tried]) -> tuple[list[Tried], list[Tried]]:
    """Those that no test noticed: the ones that are not listed, and the ones that are."""
    unnoticed = [one for one in found if not one.by]
    return (
        [one for one in unnoticed if not is_listed(one)],
        [one for one in unnoticed if is_listed(one)],
    )
