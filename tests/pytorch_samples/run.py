"""One sample in both packages: what it gives, its gradients and its second order.

value     what the call gives, and what it made of its arguments
gradient  of all outputs, weighted, by an ordinary backward pass
recorded  the same with create_graph=True
second    the gradients of these gradients, weighted
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import tinygrad_mlp as tg

from .compare import leaves
from .translate import Call, OutsideError


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


class Raised:
    """The error that a run ended with."""

    def __init__(self, error: Exception):
        self.error = error


class DiffersError(Exception):
    """The results cannot even be compared; the message says why, and is the fault."""


def cosines(y: Any) -> np.ndarray:
    """What a result is weighted with before it is differentiated: no two values alike."""
    return _cosines(tuple(y.shape), str(y.dtype).removeprefix("torch."))


@functools.lru_cache(maxsize=1000)
def _cosines(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return np.cos(np.arange(np.prod(shape, dtype=int))).reshape(shape).astype(dtype)


def run_theirs(case: Case) -> dict[str, Any]:
    """What PyTorch gives, by kind; `Raised` where it does not."""
    try:
        args, kwargs, tensors = case.call.theirs()
        with torch.set_grad_enabled(not case.in_place):
            result = case.theirs(*args, **kwargs)
    except OutsideError:
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
    except RuntimeError as error:
        found["second" if "gradient" in found else "gradient"] = Raised(error)
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
        try:
            found[kind] = _OURS[kind](case, theirs)
        except OutsideError:
            raise
        except Exception as error:
            found[kind] = Raised(error)
    return found


def _our_value(case: Case, theirs: dict) -> tuple[Any, list]:
    args, kwargs, tensors = case.call.ours()
    with tg.set_grad_enabled(not case.in_place):
        return case.ours(*args, **kwargs), tensors


def _our_gradient(case: Case, theirs: dict) -> list:
    wanted, outputs = _our_outputs(case, theirs)
    if len(outputs) == 1:
        outputs[0].backward(cosines(outputs[0]))
        return _or_zeros([x.grad for x in wanted], wanted)
    gradients = tg.grad(outputs, wanted, [cosines(y) for y in outputs], allow_unused=True)
    return _or_zeros(gradients, wanted)


def _our_recorded(case: Case, theirs: dict) -> list:
    wanted, outputs = _our_outputs(case, theirs)
    return _or_zeros(_recorded(outputs, wanted), wanted)


def _our_second(case: Case, theirs: dict) -> list:
    wanted, outputs = _our_outputs(case, theirs)
    again = [g for g in _recorded(outputs, wanted) if g is not None and g.requires_grad]
    if not again:
        return _or_zeros([None] * len(wanted), wanted)
    second = tg.grad(again, wanted, [cosines(g) for g in again], allow_unused=True)
    return _or_zeros(second, wanted)


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
