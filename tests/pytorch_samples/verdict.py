"""What a comparison comes to: it agrees, or is documented, refused, or wrong."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import tables
from .compare import difference, leaves, same_but_for_ties, within_rounding
from .run import Case, DiffersError, Raised, run_ours, run_theirs
from .translate import OutsideError

VERDICTS = ("agrees", "documented", "refused", "wrong")


@dataclass(frozen=True)
class Comparison:
    """One sample x dtype x what is compared, and what came of it.

    kind     as in run.py, or "error": whether what PyTorch refuses is refused
    verdict  one of VERDICTS, or "outside" where there is nothing to compare
    fault    of a wrong one, what is wrong, in a few words
    because  of a documented one the row, of a refused one the argument, of one outside the reason
    detail   the first place that differs, or the message
    """

    case: Case
    kind: str
    verdict: str
    fault: str = ""
    because: str = ""
    detail: str = ""


def compare(case: Case) -> list[Comparison]:
    """Every comparison that one sample makes."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            theirs = run_theirs(case)
            if reason := _why_outside(case, theirs["value"]):
                return [Comparison(case, "value", "outside", because=reason)]
            ours = run_ours(case, theirs)
            return [judge(case, kind, ours[kind], theirs[kind]) for kind in theirs]
        except OutsideError as reason:
            return [Comparison(case, "value", "outside", because=str(reason))]


def _why_outside(case: Case, theirs: Any) -> str:
    """PyTorch must take its own samples, and refuse its error inputs; else nothing is compared.

    What it cannot write in place nobody may write.
    """
    raised = isinstance(theirs, Raised)
    if case.refused:
        return "" if raised else "PyTorch takes this error input under this name"
    if not raised or (case.in_place and isinstance(theirs.error, RuntimeError)):
        return ""
    return "PyTorch refuses this sample under this name"


def judge(case: Case, kind: str, ours: Any, theirs: Any) -> Comparison:
    """The verdict on one result."""
    if kind != "value" and isinstance(theirs, Raised):
        return Comparison(case, kind, "outside", because="PyTorch has no derivative here")
    fault, detail = _fault_of(case, kind, ours, theirs)
    kind = "error" if case.refused else kind
    if not fault:
        return Comparison(case, kind, "agrees")
    if row := tables.documented(case.name, kind, fault, case.call):
        return Comparison(case, kind, "documented", because=row.row)
    if fault.startswith("refuses") and (out := tables.stays_out(case.name, str(ours.error))):
        return Comparison(case, kind, "refused", because=str(out))
    return Comparison(case, kind, "wrong", fault, detail=detail)


def _fault_of(case: Case, kind: str, ours: Any, theirs: Any) -> tuple[str, str]:
    """What is wrong, and where it shows; two empty texts if nothing is."""
    if isinstance(ours, Raised):
        if isinstance(ours.error, DiffersError):
            return str(ours.error), ""
        if not is_clear(ours.error):
            return f"unclear error: {_without_numbers(ours.error)}", _short(ours.error)
        if isinstance(theirs, Raised):
            return "", ""
        return f"refuses: {_without_numbers(ours.error)}", _short(ours.error)
    if isinstance(theirs, Raised):
        return "accepts what PyTorch refuses", f"PyTorch: {_short(theirs.error)}"
    if kind != "value":
        found = difference(ours, theirs)
    elif _ties_in_another_order(case, ours[0], theirs[0]):
        return "", ""
    elif not (found := difference(ours[0], theirs[0], values=not case.random)):
        found = difference(ours[1], theirs[1])
        found = found and (f"leaves its arguments with another {found[0]}", found[1])
    if found and case.dtype == "float32" and "value" in found[0]:
        found = None if _is_rounding(case, kind, ours, theirs) else found
    return found or ("", "")


FREE_TIES = {"sort": 1, "argsort": 1, "topk": 2}
"""Where PyTorch promises no order among equal values, and where `dim` stands in the call."""


def _ties_in_another_order(case: Case, ours: Any, theirs: Any) -> bool:
    """Whether results are right, though another one of equal values may stand first."""
    name, args, kwargs = tables.bare(case.name), case.call.args, case.call.kwargs
    if name not in FREE_TIES or difference(ours, theirs) is None:
        return False
    if kwargs.get("stable") or (name != "topk" and any(args[3:])):
        return False
    dim = kwargs.get("dim", args[FREE_TIES[name]] if len(args) > FREE_TIES[name] else -1)
    return same_but_for_ties(ours, theirs, args[0], dim)


def _is_rounding(case: Case, kind: str, ours: Any, theirs: Any) -> bool:
    """Whether results in float32 differ by no more than rounding explains, held against float64."""
    calls = (case.call.as_float64(), case.call.as_float64(moved=FLOAT32_STEP))
    exact, moved = (run_theirs(replace(case, call=call)).get(kind) for call in calls)
    if exact is None or isinstance(exact, Raised) or moved is None or isinstance(moved, Raised):
        return False
    parts = zip(leaves(ours), leaves(theirs), leaves(exact), leaves(moved), strict=True)
    return all(within_rounding(*part) for part in parts)


FLOAT32_STEP = float(np.finfo(np.float32).eps)

CLEAR = (TypeError, ValueError, NotImplementedError, IndexError, RuntimeError)

UNCLEAR = re.compile(
    "unexpected keyword argument|got an unexpected|multiple values for|positional argument"
    "|required argument|values to unpack|cannot unpack|has no attribute|is not subscriptable"
    "|is not iterable|is not callable|has no len|an integer is required"
    "|cannot be interpreted as|unhashable|unsupported operand|not supported between|must be str"
    "|ufunc '|for ufunc|casting rule|Cannot interpret|data type .* not understood"
    "|index out of range|truth value of an array|could not convert|numpy boolean"
    "|is out of bounds for array|zero-size array to reduction|newaxis"
    "|setting an array element|inhomogeneous|maximum recursion"
)
"""What Python and NumPy say when nobody has thought of the case."""


def is_clear(error: Exception) -> bool:
    """Whether an error is one of ours, rather than what Python and NumPy say."""
    return isinstance(error, CLEAR) and not UNCLEAR.search(str(error))


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:220]


def _without_numbers(error: Exception) -> str:
    """The error without numbers and shapes, so that like falls to like."""
    text = " ".join(str(error).split())
    text = re.sub(r"[(\[][-\d., einfa()\[\]]*[)\]]", "()", text)
    text = re.sub(r"-?\b\d+(\.\d*)?(e-?\d+)?", "N", text)
    return f"{type(error).__name__}: {text}"[:120]
