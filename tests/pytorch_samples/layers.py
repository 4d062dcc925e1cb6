"""The cases that module_db makes: every layer and loss of a name that both packages have.

Its arguments are (state, made with, called with, training): PyTorch's initial parameters and
buffers go into both, so that both compute with the same numbers, differentiate with respect to
them, and are compared in what a training step makes of the buffers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.testing._internal.common_modules import module_db

import tinygrad_mlp as tg

from .operators import FLOATS, seed
from .run import Case, DiffersError
from .translate import Call, arguments


def layer_cases(dtype: str, only: Callable[[str], bool]) -> Iterator[Case]:
    """Every case of the layers that `only` takes in one dtype; "any": the error inputs."""
    if dtype not in (*FLOATS, "any"):
        return
    for info in module_db:
        name = info.module_cls.__name__
        ours = getattr(tg.nn, name, None)
        if ours is None or info.module_cls is not getattr(torch.nn, name, None):
            continue
        if only(f"nn.{name}"):
            yield from _cases_of(info, name, ours, dtype)


def _cases_of(info: Any, name: str, ours: type, dtype: str) -> Iterator[Case]:
    if dtype in FLOATS and FLOATS[dtype] not in info.supported_dtypes("cpu"):
        return
    for training in (True, False) if info.train_and_eval_differ else (True,):
        for i, sample in enumerate(_samples(info, dtype, training)):
            made, called = sample.constructor_input, sample.forward_input
            state = {} if dtype == "any" else _state(info.module_cls, made, FLOATS[dtype])
            call = Call(
                (
                    state,
                    (made.args, made.kwargs),
                    (called.args, called.kwargs) if called else None,
                    training,
                )
            )
            yield Case(
                name=f"nn.{name}",
                ours=_run_ours(ours),
                theirs=_run_theirs(info.module_cls),
                call=call,
                dtype=dtype,
                source=(f"module_db {name}{'' if training else ' eval'}", dtype, i),
                written=_written(name, call),
                order=2 if info.supports_gradgrad else 1,
                random=name == "Dropout" and training,
                refused=dtype == "any",
            )


def _samples(info: Any, dtype: str, training: bool) -> list:
    seed()
    options = {"device": "cpu", "requires_grad": dtype in FLOATS, "training": training}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dtype in FLOATS:
            return info.module_inputs_func(info, dtype=FLOATS[dtype], **options)
        if info.module_error_inputs_func is None:
            return []
        errors = info.module_error_inputs_func(info, dtype=torch.float32, **options)
        return [error.module_error_input for error in errors]


def _state(kind: type, made: Any, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """PyTorch's initial parameters, which want gradients, and buffers."""
    layer = kind(*made.args, **made.kwargs).to(dtype)
    state = {name: p.detach().clone().requires_grad_() for name, p in layer.named_parameters()}
    return state | {name: b.clone() for name, b in layer.named_buffers()}


def _run_theirs(kind: type) -> Callable:
    def run(state: dict, made: tuple, called: tuple | None, training: bool) -> Any:
        layer = kind(*made[0], **made[1]).train(training)
        if called is None:
            return None
        if not state:
            return layer(*called[0], **called[1])
        return torch.func.functional_call(layer, state, *called)

    return run


def _run_ours(kind: type) -> Callable:
    def run(state: dict, made: tuple, called: tuple | None, training: bool) -> Any:
        layer = kind(*made[0], **made[1]).train(training)
        if called is None:
            return None
        return (put(layer, state) if state else layer)(*called[0], **called[1])

    return run


def put(layer: Any, state: dict[str, Any]) -> Any:
    """The layer, with tensors in the place of its parameters and buffers, by PyTorch's names."""
    names = set(layer.state_dict())
    if names != set(state):
        raise DiffersError(f"state_dict: has {sorted(names)}, PyTorch {sorted(state)}")
    for name, value in state.items():
        *path, last = name.split(".")
        owner = layer
        for part in path:
            owner = getattr(owner, part)
        if getattr(owner, last).shape != value.shape:
            raise DiffersError(f"shape of {name}")
        setattr(owner, last, value)
    return layer


def _written(name: str, call: Call) -> Callable[[Callable[[Any], str]], str]:
    def written(text: Callable[[Any], str]) -> str:
        state, made, called, training = call.args
        layer = f"tg.nn.{name}({arguments(text, *made)})"
        if state:
            layer = f"put({layer}, {text(state)})"
        mode = "" if training else ".eval()"
        return f"{layer}{mode}({arguments(text, *called)})" if called else layer

    return written
