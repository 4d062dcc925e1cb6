"""What a comparison comes to: agrees, documented, refused, or wrong; and the tables behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .compare import difference
from .run import Raised
from .translate import Call

ROOT = Path(__file__).parents[2]

VERDICTS = ("agrees", "documented", "refused", "wrong")


@dataclass
class Comparison:
    """One sample x dtype x what is compared, and what came of it.

    kind     "value", "gradient", "recorded", "second" or "error": of what PyTorch refuses
    fault    of a wrong one, what is wrong, in a few words
    because  of a documented one, the row; of a refused one, the argument
    """

    function: str
    dtype: str
    kind: str
    verdict: str
    fault: str = ""
    because: str = ""
    call: Call | None = None
    place: str = "function"
    detail: str = ""


CLEAR = (TypeError, ValueError, NotImplementedError, IndexError, RuntimeError)

UNCLEAR = re.compile(
    "unexpected keyword argument|not enough values to unpack|too many values to unpack"
    "|positional argument|required argument|has no attribute|is not subscriptable"
    "|is not iterable|object is not callable|cannot be interpreted as|unhashable"
    "|unsupported operand|not supported between|must be str, not|ufunc '|for ufunc|UFuncTyp"
    "|multiple values for|Cannot interpret|got an unexpected|cannot unpack|sequence index"
    "|list index|tuple index|truth value of an array|has no len|could not convert"
    "|same-kind casting rule|data type .* not understood|another number of results"
)
"""What Python and NumPy say when nobody thought of the case."""


@dataclass(frozen=True)
class StaysOut:
    """An argument of a function that is refused, always with a message that names it."""

    function: str
    argument: str


STAYS_OUT: tuple[StaysOut, ...] = ()


@dataclass(frozen=True)
class Documented:
    """A difference that the table "Differences from PyTorch" has.

    row        the first cell of its row there
    functions  the names that it holds for
    kinds      what of them it holds for
    when       the samples that it holds for
    """

    row: str
    functions: tuple[str, ...]
    kinds: tuple[str, ...]
    when: Callable[[Call], bool] = field(repr=False)


DOCUMENTED: tuple[Documented, ...] = ()


def judge(
    function: str,
    dtype: str,
    kind: str,
    ours: Any,
    theirs: Any,
    call: Call,
    values: bool = True,
) -> Comparison:
    """The verdict on one result."""
    made = Comparison(function, dtype, kind, "wrong", call=call)
    if isinstance(theirs, Raised):
        if not isinstance(ours, Raised):
            made.fault = "accepts what PyTorch refuses"
            made.detail = _short(theirs.error)
        elif fault := _unclear(ours.error):
            made.fault, made.detail = fault, _short(ours.error)
        else:
            made.verdict = "agrees"
        return made
    if isinstance(ours, Raised):
        made.detail = _short(ours.error)
        if fault := _unclear(ours.error):
            made.fault = fault
        elif row := _row_that_stays_out(function, ours.error):
            made.verdict, made.because = "refused", row.argument
        else:
            made.fault = f"refuses: {_without_numbers(ours.error)}"
    elif found := difference(ours, theirs, values):
        made.fault, made.detail = found
    else:
        made.verdict = "agrees"
    if made.verdict == "wrong" and not isinstance(ours, Raised):
        for row in DOCUMENTED:
            if function in row.functions and kind in row.kinds and row.when(call):
                made.verdict, made.because = "documented", row.row
    return made


def _unclear(error: Exception) -> str | None:
    """How an error fails to help, if it does."""
    if isinstance(error, AssertionError):
        return str(error)
    if not isinstance(error, CLEAR) or UNCLEAR.search(str(error)):
        return f"unclear {type(error).__name__}: {_without_numbers(error)}"
    return None


def _row_that_stays_out(function: str, error: Exception) -> StaysOut | None:
    bare = function.split(".")[-1]
    for row in STAYS_OUT:
        if row.function == bare and re.search(rf"\b{re.escape(row.argument)}\b", str(error)):
            return row
    return None


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]


def _without_numbers(error: Exception) -> str:
    """The message with numbers, shapes and quoted values taken out, so that like falls to like."""
    text = " ".join(str(error).split())
    text = re.sub(r"[(\[][-\d., einfa()\[\]]*[)\]]", "()", text)
    return re.sub(r"-?\d+(\.\d+)?(e-?\d+)?", "N", text)[:110]


def rows_of_differences() -> set[str]:
    """The first cells of the table of differences, wherever it stands."""
    for path in (ROOT / "lessons" / "reference" / "pytorch.md", ROOT / "README.md"):
        if path.exists():
            rows = _first_cells(path.read_text(encoding="utf-8"))
            if rows:
                return rows
    raise AssertionError("no table of differences: | where | here | PyTorch |")


def _first_cells(markdown: str) -> set[str]:
    rows, inside = set(), False
    for line in markdown.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if cells[:1] == ["where"]:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and cells and not set(cells[0]) <= {"-", " "}:
            rows.add(cells[0])
    return rows
