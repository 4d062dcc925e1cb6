"""The cases that optim_db makes: every optimiser and schedule of a name that both packages have.

An optimiser takes a few steps on two tensors with gradients that are written down beforehand;
what is compared is every weight after every step. A schedule is compared in its learning rates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_optimizers import OptimizerErrorEnum, optim_db

import tinygrad_mlp as tg

from .operators import FLOATS, seed
from .run import Case, cosines
from .translate import Call, arguments

STEPS = 12

SCHEDULES: dict[str, Callable[[Any, Any], Any]] = {
    # what optim_db has no samples of: S is the module of schedules of either package
    "LambdaLR": lambda S, opt: S.LambdaLR(opt, lambda count: 0.9**count),
    "MultiplicativeLR": lambda S, opt: S.MultiplicativeLR(opt, lambda count: 0.9),
    "MultiStepLR": lambda S, opt: S.MultiStepLR(opt, milestones=[2, 5, 9], gamma=0.5),
    "CosineAnnealingLR": lambda S, opt: S.CosineAnnealingLR(opt, T_max=5, eta_min=0.001),
    "OneCycleLR": lambda S, opt: S.OneCycleLR(opt, max_lr=0.1, total_steps=STEPS),
    "SequentialLR": lambda S, opt: S.SequentialLR(
        opt, [S.LinearLR(opt, total_iters=3), S.StepLR(opt, 2)], milestones=[3]
    ),
    "CosineAnnealingWarmRestarts": lambda S, opt: S.CosineAnnealingWarmRestarts(opt, T_0=4),
    "CyclicLR": lambda S, opt: S.CyclicLR(opt, 0.01, 0.1, step_size_up=4),
    "ChainedScheduler": lambda S, opt: S.ChainedScheduler([S.StepLR(opt, 2)], opt),
}


def optimiser_cases(dtype: str, only: Callable[[str], bool]) -> Iterator[Case]:
    """Every case of the optimisers that `only` takes in one dtype; "any": the error inputs."""
    if dtype not in (*FLOATS, "any"):
        return
    for info in optim_db:
        name = info.optim_cls.__name__
        ours = getattr(tg.optim, name, None)
        if ours is None:
            continue
        if only(f"optim.{name}"):
            yield from _cases_of(info, name, ours, dtype)
        if dtype == "float64":
            yield from _schedule_cases(info, name, ours, only)


def _cases_of(info: Any, name: str, ours: type, dtype: str) -> Iterator[Case]:
    for i, sample in enumerate(_samples(info, dtype)):
        params = sample.params
        if params is None:
            params = _start(FLOATS.get(dtype, torch.float32))
        call = Call((params, sample.kwargs))
        yield Case(
            name=f"optim.{name}",
            ours=_stepped(ours, _put_ours),
            theirs=_stepped(info.optim_cls, _put_theirs),
            call=call,
            dtype=dtype,
            source=(f"optim_db {name}", dtype, i),
            written=lambda text, call=call: (
                f"tg.optim.{name}({arguments(text, call.args[:1], call.args[1])})"
            ),
            refused=dtype == "any",
        )


def _samples(info: Any, dtype: str) -> list:
    seed()
    if dtype in FLOATS:
        return info.optim_inputs_func(device="cpu")
    errors = info.optim_error_inputs_func(device="cpu", dtype=torch.float32)
    return [
        error.optimizer_error_input
        for error in errors
        if error.error_on is OptimizerErrorEnum.CONSTRUCTION_ERROR
    ]


def _start(dtype: torch.dtype) -> list[torch.Tensor]:
    """Weights of two dimensions and of none."""
    values = torch.cos(torch.arange(6, dtype=torch.float64)).reshape(2, 3)
    return [values.to(dtype).requires_grad_(), torch.tensor(0.5, dtype=dtype, requires_grad=True)]


def _stepped(kind: type, put: Callable) -> Callable:
    """Every weight after every step; the second has no gradient in every third."""

    def run(params: Any, options: dict) -> list:
        optimiser = kind(params, **options)
        seen = []
        for step in range(STEPS):
            for i, p in enumerate(params):
                absent = i == 1 and step % 3 == 2
                put(p, None if absent else np.asarray(np.cos(cosines(p) * 5 + step + i)))
            optimiser.step()
            seen += [p.detach().clone() for p in params]
        return seen

    return run


def _put_ours(p: Any, gradient: np.ndarray | None) -> None:
    p.grad = None if gradient is None else tg.tensor(gradient)


def _put_theirs(p: Any, gradient: np.ndarray | None) -> None:
    p.grad = None if gradient is None else torch.from_numpy(gradient)


# ---------------------------------------------------------------------------------- schedules


def _schedule_cases(
    info: Any, name: str, ours: type, only: Callable[[str], bool]
) -> Iterator[Case]:
    for i, (used, make) in enumerate(_schedules(info)):
        label = f"optim.lr_scheduler.{' and '.join(used)}"
        if not only(label) or not all(hasattr(tg.optim.lr_scheduler, n) for n in used):
            continue
        yield Case(
            name=label,
            ours=_rates(ours, tg.tensor, tg.optim.lr_scheduler, make),
            theirs=_rates(info.optim_cls, torch.tensor, torch.optim.lr_scheduler, make),
            call=Call(()),
            dtype="float64",
            source=(f"optim_db {name} schedules", "float64", i),
            written=lambda text, label=label: f"tg.{label} of a tg.optim.{name}",
        )


def _schedules(info: Any) -> Iterator[tuple[tuple[str, ...], Callable[[Any, Any], list]]]:
    """The names of schedules that are used together, and what makes them in either package."""
    for together in info.scheduler_inputs:
        used = tuple(name for make in together for name in make.__code__.co_names)
        yield (
            used,
            lambda S, opt, together=together: [
                FunctionType(make.__code__, vars(S))(opt) for make in together
            ],
        )
    for name, make in SCHEDULES.items():
        yield (name,), lambda S, opt, make=make: [make(S, opt)]


def _rates(kind: type, tensor: Callable, namespace: Any, make: Callable) -> Callable:
    """The learning rates before and after each step."""

    def run() -> list[float]:
        optimiser = kind([tensor(0.5, requires_grad=True)], lr=0.1)
        schedules = make(namespace, optimiser)
        rates = [_rate(optimiser)]
        for _ in range(STEPS - 1):
            optimiser.step()
            for schedule in schedules:
                loss = [1.0] if type(schedule).__name__ == "ReduceLROnPlateau" else []
                schedule.step(*loss)
            rates.append(_rate(optimiser))
        return rates

    return run


def _rate(optimiser: Any) -> float:
    groups = getattr(optimiser, "param_groups", None)
    return float(groups[0]["lr"] if groups else optimiser.lr)
