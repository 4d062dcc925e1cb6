"""The cases that op_db makes: every sample with every name that both packages have."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from .names import Entry, entries
from .run import Case
from .translate import Call, arguments

FLOATS = {"float64": torch.float64, "float32": torch.float32}
INTEGERS = {
    "int64": torch.int64,
    "int32": torch.int32,
    "uint8": torch.uint8,
    "bool": torch.bool,
}
DTYPES = FLOATS | INTEGERS

UNINITIALISED = (
    "empty",
    "empty_like",
    "empty_permuted",
    "empty_strided",
    "new_empty",
    "new_empty_strided",
)
"""What gives any values: all but these is compared."""


def operator_cases(dtype: str, only: Callable[[str], bool], reference: bool) -> Iterator[Case]:
    """Every case of the names that `only` takes in one dtype; "any": the error inputs."""
    by_operator: dict[int, list[Entry]] = {}
    for entry in entries():
        if only(entry.label):
            by_operator.setdefault(id(entry.info), []).append(entry)
    for group in by_operator.values():
        info = group[0].info
        # first the name that op_db itself calls
        group.sort(key=lambda entry: entry.theirs is not entry.info.op)
        found = _error_inputs(info) if dtype == "any" else samples(info, dtype, reference)
        for i, (sample, order) in enumerate(found):
            yield from _cases_of(group, sample, order, dtype, i)


def _cases_of(
    group: list[Entry], sample: Any, order: int, dtype: str, number: int
) -> Iterator[Case]:
    info = group[0].info
    args = (sample.input, *sample.args)
    known: set[Any] = set()
    source = (f"op_db {info.name} {info.variant_test_name}".strip(), dtype, number)
    for entry in group:
        if entry.takes(args, sample.kwargs):
            call = Call(entry.arranged(args), sample.kwargs)
            yield Case(
                name=entry.label,
                ours=entry.ours,
                theirs=entry.theirs,
                call=call,
                dtype=dtype,
                source=source,
                written=_written(entry, call),
                # What is the same function here needs its derivatives compared once only.
                order=0 if entry.behind in known else order,
                in_place=entry.in_place,
                random=info.name in UNINITIALISED or _is_random(entry, call),
                refused=dtype == "any",
            )
            known.add(entry.behind)


def samples(info: Any, dtype: str, reference: bool) -> list[tuple[Any, int]]:
    """The sample and reference inputs, with the order of derivatives that PyTorch has.

    The functions behind `info.sample_inputs()` are called, as that looks through the whole stack
    for the test that calls it, which takes half of the time under pytest.
    """
    torch_dtype = DTYPES[dtype]
    if torch_dtype not in info.supported_dtypes("cpu"):
        return []
    wants_grad = torch_dtype.is_floating_point and info.supports_autograd
    order = 0 if not wants_grad else 2 if info.supports_gradgrad else 1
    seed()
    found = list(info.sample_inputs_func(info, "cpu", torch_dtype, wants_grad))
    if reference and info.reference_inputs_func is not None:
        found += _reference_inputs(info, torch_dtype, wants_grad)
    return [(sample, order) for sample in found]


def _reference_inputs(info: Any, dtype: torch.dtype, wants_grad: bool) -> list:
    try:
        return list(info.reference_inputs_func(info, "cpu", dtype, wants_grad))
    except ValueError:  # some of these functions ask for gradients of integers
        found = list(info.reference_inputs_func(info, "cpu", dtype, False))
    for sample in found:
        for t in Call((sample.input, *sample.args), sample.kwargs).tensors():
            t.requires_grad_(wants_grad and t.is_floating_point())
    return found


def _error_inputs(info: Any) -> list[tuple[Any, int]]:
    if info.error_inputs_func is None:
        return []
    seed()
    return [(error.sample_input, 0) for error in info.error_inputs_func(info, "cpu")]


def seed() -> None:
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)


def _is_random(entry: Entry, call: Call) -> bool:
    """Whether PyTorch gives something else with another seed."""
    if entry.info.name not in RANDOM:
        return False
    results = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        args, kwargs, _ = call.theirs()
        try:
            results.append(entry.theirs(*args, **kwargs))
        except Exception:
            return True
    return not torch.equal(*results)


RANDOM = (
    "bernoulli",
    "multinomial",
    "nn.functional.alpha_dropout",
    "nn.functional.dropout",
    "nn.functional.dropout2d",
    "nn.functional.dropout3d",
    "nn.functional.feature_alpha_dropout",
    "nn.functional.fractional_max_pool2d",
    "nn.functional.fractional_max_pool3d",
    "nn.functional.multi_head_attention_forward",
    "nn.functional.rrelu",
    "nn.functional.scaled_dot_product_attention",
    "normal",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
)
"""What draws: where another seed gives something else, all but the values is compared."""


def _written(entry: Entry, call: Call) -> Callable[[Callable[[Any], str]], str]:
    """How a call with this name is written, given how an argument is."""

    def written(text: Callable[[Any], str]) -> str:
        name = entry.label.removeprefix("Tensor.")
        if entry.place == "sign":
            values = dict(zip("xy", map(text, call.args), strict=False))
            return re.sub(r"\b[xy]\b", lambda m: values[m[0]], entry.label)
        if entry.place == "property":
            return f"{text(call.args[0])}.{name}"
        if entry.place == "method":
            return f"{text(call.args[0])}.{name}({arguments(text, call.args[1:], call.kwargs)})"
        prefix = "" if name.startswith("F.") else "tg."
        return f"{prefix}{name}({arguments(text, call.args, call.kwargs)})"

    return written
