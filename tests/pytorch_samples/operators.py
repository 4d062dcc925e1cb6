"""All of op_db, for every name that both packages have."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import torch

from .names import Entry, entries
from .run import Raised, run_ours, run_theirs
from .translate import Call, CannotTranslateError
from .verdict import Comparison, judge

FLOATS = {"float64": torch.float64, "float32": torch.float32}
INTEGERS = {
    "int64": torch.int64,
    "int32": torch.int32,
    "uint8": torch.uint8,
    "bool": torch.bool,
}
DTYPES = FLOATS | INTEGERS

RANDOM = (
    # of these all but the values is compared
    "bernoulli",
    "empty",
    "empty_like",
    "multinomial",
    "new_empty",
    "nn.functional.dropout",
    "normal",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
)


def compare_operators(dtypes: list[str], only: str = "") -> Iterator[Comparison]:
    """Every comparison of names that contain `only`, in the given dtypes."""
    by_info: dict[int, list[Entry]] = {}
    for entry in entries():
        if only in entry.label:
            by_info.setdefault(id(entry.info), []).append(entry)
    for group in by_info.values():
        for dtype in dtypes:
            yield from _of_one(group, dtype)
        if "float64" in dtypes:
            yield from _errors(group)


def _of_one(group: list[Entry], dtype: str) -> Iterator[Comparison]:
    info = group[0].info
    if DTYPES[dtype] not in info.supported_dtypes("cpu"):
        return
    for call, order in samples(info, DTYPES[dtype]):
        for entry in group:
            if entry.takes(call.args, call.kwargs):
                arranged = Call(entry.arranged(call.args), call.kwargs)
                yield from compare(entry, arranged, dtype, order)


def compare(entry: Entry, call: Call, dtype: str, order: int) -> Iterator[Comparison]:
    """One sample with one name, everything that PyTorch gives for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = run_theirs(entry.theirs, call, entry.in_place, order)
            if not _is_a_comparison(entry, theirs["value"]):
                return
            if entry.info.name in RANDOM:
                theirs = {"value": theirs["value"]}
            ours = run_ours(entry.ours, call, entry.in_place, theirs)
            for kind, expected in theirs.items():
                found = judge(
                    entry.label,
                    dtype,
                    kind,
                    ours[kind],
                    expected,
                    call,
                    values=entry.info.name not in RANDOM,
                )
                found.place = entry.place
                yield found
        except CannotTranslateError:
            return


def _is_a_comparison(entry: Entry, theirs: Any) -> bool:
    """PyTorch must take its own sample; but what it may not write in place, nobody may."""
    if not isinstance(theirs, Raised):
        return True
    return entry.in_place and isinstance(theirs.error, RuntimeError)


def samples(info: Any, dtype: torch.dtype) -> Iterator[tuple[Call, int]]:
    """The sample and reference inputs, each with the order of derivatives that PyTorch has."""
    wants_grad = dtype.is_floating_point and info.supports_autograd
    order = 0 if not wants_grad else 2 if info.supports_gradgrad else 1
    found = list(info.sample_inputs("cpu", dtype, requires_grad=wants_grad))
    if info.reference_inputs_func is not None:
        found += _reference_inputs(info, dtype, wants_grad)
    for sample in found:
        yield Call((sample.input, *sample.args), sample.kwargs), order


def _reference_inputs(info: Any, dtype: torch.dtype, wants_grad: bool) -> list:
    try:
        return list(info.reference_inputs("cpu", dtype, requires_grad=wants_grad))
    except ValueError:  # some of these functions ask for gradients of integers
        found = list(info.reference_inputs("cpu", dtype, requires_grad=False))
    for sample in found:
        for t in Call((sample.input, *sample.args), sample.kwargs).tensors():
            t.requires_grad_(wants_grad and t.is_floating_point())
    return found


def _errors(group: list[Entry]) -> Iterator[Comparison]:
    """What PyTorch refuses must be refused here."""
    info = group[0].info
    if info.error_inputs_func is None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for error in info.error_inputs("cpu"):
            sample = error.sample_input
            for entry in group:
                args = (sample.input, *sample.args)
                if not entry.takes(args, sample.kwargs):
                    continue
                try:
                    call = Call(entry.arranged(args), sample.kwargs)
                    theirs = run_theirs(entry.theirs, call, entry.in_place, 0)
                    if not isinstance(theirs["value"], Raised):
                        continue
                    ours = run_ours(entry.ours, call, entry.in_place, theirs)
                except (CannotTranslateError, IndexError):
                    continue
                found = judge(entry.label, "any", "error", ours["value"], theirs["value"], call)
                found.place = entry.place
                yield found
