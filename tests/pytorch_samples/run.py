"""One sample, in both packages: its values, its gradients and its second order.

A run gives, for each kind, a result or the error that it raised:

    value     what the call gives, and what it made of its arguments
    gradient  of all outputs, weighted, by an ordinary backward pass
    recorded  the same with create_graph=True
    second    of these gradients, weighted, once more
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import tinygrad_mlp as tg

from .compare import leaves
from .translate import Call, CannotTranslateError

KINDS = ("value", "gradient", "recorded", "second")


class Raised:
    """An error that a run ended with."""

    def __init__(self, error: Exception):
        self.error = error


def weights(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """What outputs are weighted with: no two alike, of both signs."""
    return np.cos(np.arange(np.prod(shape, dtype=int))).reshape(shape).astype(dtype)


def run_theirs(function: Callable, call: Call, in_place: bool, order: int) -> dict[str, Any]:
    """What PyTorch gives; `order` derivatives where the sample asks for gradients."""
    try:
        args, kwargs, tensors = call.theirs()
        wanted = [t for t in tensors if t.requires_grad]
        if in_place:
            with torch.no_grad():
                return {"value": (function(*args, **kwargs), tensors)}
        result = function(*args, **kwargs)
    except CannotTranslateError:
        raise
    except Exception as error:
        return {"value": Raised(error)}
    found: dict[str, Any] = {"value": (result, tensors)}
    outputs = [y for y in leaves(result) if isinstance(y, torch.Tensor) and y.requires_grad]
    if not outputs or not wanted or order < 1:
        return found
    try:
        first = _their_gradients(outputs, wanted, order > 1)
        found["gradient"] = found["recorded"] = _or_zeros(first, wanted)
    except RuntimeError:  # PyTorch does not differentiate it
        return found
    again = [g for g in first if g is not None and g.requires_grad]
    if order > 1 and again:
        try:
            second = _their_gradients(again, wanted, False)
            found["second"] = _or_zeros(second, wanted)
        except RuntimeError:
            pass
    return found


def _their_gradients(outputs: list, wanted: list, create_graph: bool) -> list:
    seeds = [torch.from_numpy(weights(tuple(y.shape), _numpy_dtype(y))) for y in outputs]
    return list(
        torch.autograd.grad(outputs, wanted, seeds, create_graph=create_graph, allow_unused=True)
    )


def _numpy_dtype(t: torch.Tensor) -> Any:
    return torch.empty(0, dtype=t.dtype).numpy().dtype


def _or_zeros(gradients: list, wanted: list) -> list:
    """PyTorch gives None for a gradient that it knows to be 0."""
    return [torch.zeros_like(x) if g is None else g for g, x in zip(gradients, wanted, strict=True)]


def run_ours(function: Callable, call: Call, in_place: bool, theirs: dict) -> dict[str, Any]:
    """What this package gives, of each kind that PyTorch gave."""
    found = {}
    for kind in theirs:
        if kind == "second":
            continue
        try:
            with np.errstate(all="ignore"):
                found |= _OURS[kind](function, call, in_place, theirs)
        except CannotTranslateError:
            raise
        except Exception as error:
            found[kind] = Raised(error)
    if "second" in theirs:
        found.setdefault("second", found["recorded"])
    return found


def _our_value(function: Callable, call: Call, in_place: bool, theirs: dict) -> dict[str, Any]:
    args, kwargs, tensors = call.ours()
    if in_place:
        with tg.no_grad():
            return {"value": (function(*args, **kwargs), tensors)}
    return {"value": (function(*args, **kwargs), tensors)}


def _our_gradient(function: Callable, call: Call, in_place: bool, theirs: dict) -> dict[str, Any]:
    wanted, outputs, seeds = _our_outputs(function, call, theirs)
    if len(outputs) == 1:
        outputs[0].backward(seeds[0])
        return {"gradient": _ours_or_zeros([x.grad for x in wanted], wanted)}
    gradients = tg.grad(outputs, wanted, seeds, allow_unused=True)
    return {"gradient": _ours_or_zeros(gradients, wanted)}


def _our_recorded(function: Callable, call: Call, in_place: bool, theirs: dict) -> dict[str, Any]:
    wanted, outputs, seeds = _our_outputs(function, call, theirs)
    first = tg.grad(outputs, wanted, seeds, create_graph=True, allow_unused=True)
    found: dict[str, Any] = {"recorded": _ours_or_zeros(first, wanted)}
    if "second" in theirs:
        again = [g for g in first if g is not None and g.requires_grad]
        try:
            seeds = [tg.tensor(weights(g.shape, g.dtype)) for g in again]
            second = (
                tg.grad(again, wanted, seeds, allow_unused=True) if again else [None] * len(wanted)
            )
            found["second"] = _ours_or_zeros(second, wanted)
        except Exception as error:
            found["second"] = Raised(error)
    return found


def _our_outputs(function: Callable, call: Call, theirs: dict) -> tuple[list, list, list]:
    """The tensors to differentiate for, the outputs that PyTorch differentiates, their weights."""
    args, kwargs, tensors = call.ours()
    wanted = [t for t in tensors if t.requires_grad]
    outputs = leaves(function(*args, **kwargs))
    theirs = leaves(theirs["value"][0])
    if len(outputs) != len(theirs):
        raise AssertionError("another number of results")
    outputs = [
        y
        for y, other in zip(outputs, theirs, strict=True)
        if isinstance(other, torch.Tensor) and other.requires_grad
    ]
    for y in outputs:
        if not isinstance(y, tg.Tensor) or not y.requires_grad:
            raise AssertionError("no gradient flows")
    seeds = [tg.tensor(weights(y.shape, y.dtype)) for y in outputs]
    return wanted, outputs, seeds


def _ours_or_zeros(gradients: Any, wanted: list) -> list:
    return [
        tg.tensor(np.zeros(x.shape, x.dtype)) if g is None else g
        for g, x in zip(gradients, wanted, strict=True)
    ]


_OURS = {"value": _our_value, "gradient": _our_gradient, "recorded": _our_recorded}
