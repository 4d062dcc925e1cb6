"""Tables that prove every function of tensors: how to call it, and its twin in PyTorch.

One table for each room that computes: `ops`, `composed` and `functional`. A row's name begins
with the function's; what follows says which of its ways to be called. `test_tables.py` proves
all rows in one way. It fails for a function without a row, unless the table's `NO_CASE` says
why, and for a row that names no function.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType

import tinygrad_mlp as tg
from tinygrad_mlp.engine import OPS

from . import composed, functional, ops
from .case import Case


def functions_in(module: ModuleType) -> dict[str, Callable]:
    """The public functions that a module defines itself, by name."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


@dataclass(frozen=True)
class Table:
    """The rows for one room of the package.

    functions  what the room offers, by name
    cases      by row
    no_case    functions without a row, and why
    """

    functions: Mapping[str, Callable]
    cases: dict[str, Case]
    no_case: dict[str, str] = field(default_factory=dict)

    def called(self, row: str) -> Callable:
        """What is called for a row: the function, or what adapts it."""
        return self.cases[row].ours or self.functions[row.split()[0]]


TABLES = {
    "ops": Table(OPS, ops.CASES),
    "composed": Table(functions_in(tg.composed), composed.CASES, composed.NO_CASE),
    "functional": Table(functions_in(tg.nn.functional), functional.CASES, functional.NO_CASE),
}
