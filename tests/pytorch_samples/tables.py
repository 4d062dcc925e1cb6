"""What may differ and what may be missing: the two tables that excuse a comparison.

A documented difference names a row of the table "Differences from PyTorch" by its first cell,
and says for which samples it holds, so that any other fault of the same function still fails.
What stays out is an argument that is refused, always with a message that names it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from .translate import Call

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "lessons" / "reference" / "pytorch.md", ROOT / "README.md")
"""Where the table of differences may stand."""


@dataclass(frozen=True)
class Documented:
    """A difference that has a row.

    row        the first cell of the row
    functions  the names that it is about, without "Tensor." and "F."
    kinds      what is compared
    fault      how the fault begins
    when       the samples that it holds for
    """

    row: str
    functions: tuple[str, ...]
    kinds: tuple[str, ...]
    fault: str
    when: Callable[[Call], bool]


@dataclass(frozen=True)
class StaysOut:
    """An argument of a function, or some of its values, that is refused.

    says  what stands in the message; the argument's name if nothing else is given
    """

    function: str
    argument: str
    says: str = ""

    def __str__(self) -> str:
        return f"{self.function}: {self.argument}"


FORWARD = ("value",)
GRADIENTS = ("gradient", "recorded", "second")
ALL = (*FORWARD, *GRADIENTS)


def any_nan(call: Call) -> bool:
    return any(t.is_floating_point() and bool(t.isnan().any()) for t in call.tensors())


def any_zero(call: Call) -> bool:
    return any(bool((t == 0).any()) for t in call.tensors())


def any_uint8(call: Call) -> bool:
    return any(t.dtype == torch.uint8 for t in call.tensors())


def any_of_one_dimension(call: Call) -> bool:
    return any(t.ndim == 1 for t in call.tensors())


def no_tensor(call: Call) -> bool:
    return not call.tensors()


def a_number_beside_a_tensor(call: Call) -> bool:
    return any(isinstance(x, (int, float)) for x in call.args[:2]) and bool(call.tensors())


def always(call: Call) -> bool:
    return True


ARITHMETIC = (
    "add",
    "sub",
    "mul",
    "div",
    "floor_divide",
    "remainder",
    "pow",
    "maximum",
    "minimum",
    "max",
    "min",
    "logical_and",
    "logical_or",
    "logical_xor",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
)

DOCUMENTED: tuple[Documented, ...] = (
    Documented("plain numbers and arrays", ARITHMETIC, FORWARD, "gives", no_tensor),
    Documented("plain numbers and arrays", ARITHMETIC, ("error",), "accepts", no_tensor),
    Documented(
        "plain numbers and arrays", ARITHMETIC, ("error",), "accepts", a_number_beside_a_tensor
    ),
    Documented("dtypes of layers and convolutions", ("conv2d",), ("error",), "accepts", always),
    Documented("losses and norms of two float dtypes", ("NLLLoss",), ("error",), "accepts", always),
    Documented("`all`, `any` of uint8", ("all", "any"), FORWARD, "dtype bool", any_uint8),
    Documented("`clamp` with NaN in a bound", ("clamp", "clip"), GRADIENTS, "value", any_nan),
    Documented("`elu` at NaN", ("elu",), GRADIENTS, "value", any_nan),
    Documented("`elu` at 0, second derivative", ("elu",), ("second",), "value", any_zero),
    Documented(
        "`pow`: mixed second derivative at exponent 0, second derivatives at base 0",
        ("pow", "x ** y", "y ** x"),
        ("second",),
        "value",
        any_zero,
    ),
    Documented("`masked_fill`", ("masked_fill",), ("error",), "accepts", always),
    Documented(
        "`F.batch_norm`", ("batch_norm", "BatchNorm1d"), ALL, "refuses", any_of_one_dimension
    ),
    Documented(
        "`optim.lr_scheduler`",
        (
            "lr_scheduler.StepLR and LinearLR",
            "lr_scheduler.StepLR and ExponentialLR and ReduceLROnPlateau",
            "lr_scheduler.OneCycleLR",
        ),
        FORWARD,
        "refuses",
        always,
    ),
)

STAYS_OUT: tuple[StaysOut, ...] = (
    StaysOut("norm", "p"),
    StaysOut("to", "non_blocking, copy", says="to() takes a dtype, a tensor or"),
)


def documented(name: str, kind: str, fault: str, call: Call) -> Documented | None:
    """The row that documents a fault, if there is one."""
    for row in DOCUMENTED:
        fits = bare(name) in row.functions and kind in row.kinds and fault.startswith(row.fault)
        if fits and row.when(call):
            return row
    return None


def stays_out(name: str, message: str) -> StaysOut | None:
    """The row for an argument that a message refuses, if there is one."""
    for row in STAYS_OUT:
        says = re.escape(row.says) if row.says else rf"\b{re.escape(row.argument)}\b"
        if row.function == bare(name) and re.search(says, message):
            return row
    return None


def bare(name: str) -> str:
    """The name without where it stands: "sin" for "Tensor.sin"."""
    return re.sub(r"^(F|nn|optim|Tensor)\.", "", name)


def rows_of_differences() -> set[str]:
    """The first cells of the tables of differences, as `plain` gives them, wherever they stand."""
    for page in PAGES:
        if page.exists() and (rows := _first_cells(page.read_text(encoding="utf-8"))):
            return rows
    raise AssertionError(f"none of {', '.join(map(str, PAGES))} has the table of differences")


def _first_cells(markdown: str) -> set[str]:
    """Of each table whose head begins with "where" and ends with "PyTorch"."""
    rows: set[str] = set()
    inside = False
    for line in markdown.splitlines():
        cells = [cell.strip() for cell in re.findall(r"(?:`[^`]*`|\\\||[^|])+", line)]
        if not line.startswith("|"):
            inside = False
        elif cells[0] == "where" and cells[-1] == "PyTorch":
            inside = True
        elif inside and set(cells[0]) - set("-: "):
            rows.add(plain(cells[0]))
    return rows


def plain(cell: str) -> str:
    """A cell without its marks, since a "|" is written in different ways."""
    return html.unescape(re.sub(r"`|\\|</?code>", "", cell))
