"""One sample in both packages: its values, its gradients, its second order, and the verdict.

value     what the call gives, and what it made of its arguments
gradient  of all outputs, weighted, by an ordinary backward pass
recorded  the same with create_graph=True
second    the gradients of these gradients, weighted
error     that what PyTorch refuses is refused here
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

import tinygrad_mlp as tg

from . import tables
from .compare import difference, leaves, nearer
from .translate import Call, CannotTranslateError

VERDICTS = ("agrees", "documented", "refused", "wrong")


@dataclass(frozen=True)
class Case:
    """One sample with one name.

    name      as a user writes it: "exp", "F.relu", "Tensor.add_", "x + y", "nn.Linear"
    source    where it is from, as ("op_db exp", "float64", 17): the 17th of these samples
    order     how often it is differentiated, 0 to 2
    in_place  it writes into its first argument
    random    nothing but its values may differ
    refused   it stands among the error inputs: PyTorch refuses it
    written   the call as code, given how an argument is written
    """

    name: str
    ours: Callable
    theirs: Callable
    call: Call
    dtype: str
    source: tuple[str, str, int]
    written: Callable[[Callable[[Any], str]], str]
    order: int = 0
    in_place: bool = False
    random: bool = False
    refused: bool = False


@dataclass(frozen=True)
class Comparison:
    """One sample x dtype x what is compared, and what came of it.

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


class Raised:
    """The error that a run ended with."""

    def __init__(self, error: Exception):
        self.error = error


class DiffersError(Exception):
    """The results cannot even be compared; the message says why, and is the fault."""


def compare(case: Case) -> Iterator[Comparison]:
    """Every comparison that one sample makes."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            theirs = run_theirs(case)
            if reason := _why_outside(case, theirs.get("value")):
                yield Comparison(case, "value", "outside", because=reason)
                return
            ours = run_ours(case, theirs)
            for kind, expected in theirs.items():
                yield judge(case, "error" if case.refused else kind, ours[kind], expected)
        except CannotTranslateError as reason:
            yield Comparison(case, "value", "outside", because=str(reason))


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


# ------------------------------------------------------------------------------------ running


def cosines(y: Any) -> np.ndarray:
    """What a result is weighted with before it is differentiated: no two values alike."""
    return _cosines(tuple(y.shape), str(y.dtype).removeprefix("torch."))


@functools.lru_cache(maxsize=1000)
def _cosines(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return np.cos(np.arange(np.prod(shape, dtype=int))).reshape(shape).astype(dtype)


def run_theirs(case: Case) -> dict[str, Any]:
    """What PyTorch gives, by kind."""
    try:
        args, kwargs, tensors = case.call.theirs()
        with torch.set_grad_enabled(not case.in_place):
            result = case.theirs(*args, **kwargs)
    except CannotTranslateError:
        raise
    except Exception as error:
        return {"value": Raised(error)}
    found: dict[str, Any] = {"value": (result, tensors)}
    if case.random or case.in_place or case.order == 0:
        return found
    wanted = [t for t in tensors if t.requires_grad]
    outputs = [y for y in leaves(result) if isinstance(y, torch.Tensor) and y.requires_grad]
    if not outputs or not wanted:
        return found
    try:
        first = _their_gradients(outputs, wanted, case.order > 1)
        found["gradient"] = found["recorded"] = _or_zeros(first, wanted)
        again = [g for g in first if g is not None and g.requires_grad]
        if case.order > 1 and again:
            found["second"] = _or_zeros(_their_gradients(again, wanted, False), wanted)
    except RuntimeError:
        pass  # PyTorch has no derivative here
    return found


def _their_gradients(outputs: list, wanted: list, create_graph: bool) -> tuple:
    seeds = [torch.from_numpy(cosines(y)) for y in outputs]
    return torch.autograd.grad(outputs, wanted, seeds, create_graph=create_graph, allow_unused=True)


def _or_zeros(gradients: Any, wanted: list) -> list:
    """None stands for a gradient that is known to be 0, in both packages."""
    zeros = torch.zeros_like if isinstance(wanted[0], torch.Tensor) else tg.zeros_like
    return [zeros(x) if g is None else g for g, x in zip(gradients, wanted, strict=True)]


def run_ours(case: Case, theirs: dict[str, Any]) -> dict[str, Any]:
    """What this package gives, of each kind that PyTorch gave."""
    found: dict[str, Any] = {}
    for kind in theirs:
        if kind in found:
            continue
        try:
            found |= _OURS[kind](case, theirs)
        except CannotTranslateError:
            raise
        except Exception as error:
            found[kind] = Raised(error)
    return found


def _our_value(case: Case, theirs: dict) -> dict[str, Any]:
    args, kwargs, tensors = case.call.ours()
    with tg.set_grad_enabled(not case.in_place):
        return {"value": (case.ours(*args, **kwargs), tensors)}


def _our_gradient(case: Case, theirs: dict) -> dict[str, Any]:
    wanted, outputs = _our_outputs(case, theirs)
    if len(outputs) == 1:
        outputs[0].backward(cosines(outputs[0]))
        return {"gradient": _or_zeros([x.grad for x in wanted], wanted)}
    gradients = tg.grad(outputs, wanted, [cosines(y) for y in outputs], allow_unused=True)
    return {"gradient": _or_zeros(gradients, wanted)}


def _our_recorded(case: Case, theirs: dict) -> dict[str, Any]:
    wanted, outputs = _our_outputs(case, theirs)
    return {"recorded": _or_zeros(_recorded(outputs, wanted), wanted)}


def _our_second(case: Case, theirs: dict) -> dict[str, Any]:
    wanted, outputs = _our_outputs(case, theirs)
    again = [g for g in _recorded(outputs, wanted) if g is not None and g.requires_grad]
    if not again:
        return {"second": _or_zeros([None] * len(wanted), wanted)}
    second = tg.grad(again, wanted, [cosines(g) for g in again], allow_unused=True)
    return {"second": _or_zeros(second, wanted)}


def _recorded(outputs: list, wanted: list) -> tuple:
    seeds = [cosines(y) for y in outputs]
    return tg.grad(outputs, wanted, seeds, create_graph=True, allow_unused=True)


def _our_outputs(case: Case, theirs: dict) -> tuple[list, list]:
    """The tensors that want a gradient, and the outputs that PyTorch differentiates."""
    args, kwargs, tensors = case.call.ours()
    wanted = [t for t in tensors if t.requires_grad]
    outputs = leaves(case.ours(*args, **kwargs))
    expected = leaves(theirs["value"][0])
    if len(outputs) != len(expected):
        raise DiffersError("number of results")
    differentiable = [
        y
        for y, other in zip(outputs, expected, strict=True)
        if isinstance(other, torch.Tensor) and other.requires_grad
    ]
    for y in differentiable:
        if not isinstance(y, tg.Tensor) or not y.requires_grad:
            raise DiffersError("no gradient flows")
    return wanted, differentiable


_OURS = {
    "value": _our_value,
    "gradient": _our_gradient,
    "recorded": _our_recorded,
    "second": _our_second,
}


# ----------------------------------------------------------------------------------- judging


def judge(case: Case, kind: str, ours: Any, theirs: Any) -> Comparison:
    """The verdict on one result."""
    fault, detail = _fault_of(case, kind, ours, theirs)
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
    elif not (found := difference(ours[0], theirs[0], values=not case.random)):
        found = difference(ours[1], theirs[1])
        found = found and (f"leaves its arguments with another {found[0]}", found[1])
    if (
        found
        and "value" in found[0]
        and case.dtype == "float32"
        and _as_near(case, kind, ours, theirs)
    ):
        found = None
    return found or ("", "")


def _as_near(case: Case, kind: str, ours: Any, theirs: Any) -> bool:
    """Whether float32 results are as near to what PyTorch computes in float64 as its own are.

    Where a problem is ill-conditioned, the two float32 results may differ, and both be right.
    """
    exact = run_theirs(replace(case, call=case.call.as_float64())).get(kind)
    if exact is None or isinstance(exact, Raised):
        return False
    for mine, other, right in zip(leaves(ours), leaves(theirs), leaves(exact), strict=True):
        mine, other, right = (
            np.asarray(v.detach().numpy() if hasattr(v, "detach") else v, np.float64)
            for v in (mine, other, right)
        )
        if not nearer(mine, other, right):
            return False
    return True


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
