"""Learning-rate schedules: how large the steps are, as a function of how many were taken.

Names, arguments, defaults and values are those of `torch.optim.lr_scheduler`. A schedule is made
after its optimiser, sets the learning rate for the first step at once, and for each next step when
its `step()` is called after that of the optimiser:

    schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=1000)
    for images, labels in batches:
        ...
        optimizer.step()
        schedule.step()

Each is a formula of the count of steps, so that it remembers nothing but the count. (PyTorch
counts "epochs", and means calls of `step()`: call it as often as the schedule's numbers count.)

To add a schedule, subclass `LRScheduler` and write `lr_at`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .optimizers import Optimizer


class LRScheduler:
    """What schedules share: the count, and setting the learning rate of the optimiser.

    last_epoch  the count to go on from; -1 begins, from the learning rate that the optimiser has

    The schedules of one optimiser all start from the learning rate that it had at the first of
    them, its `initial_lr`, and only one of them may be stepped; `SequentialLR` joins several.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"a schedule is of an optimiser, and this is {optimizer!r:.80}")
        if optimizer.initial_lr is None:
            if last_epoch != -1:
                raise ValueError(
                    f"this optimiser was never scheduled, so there is nothing to go on from at "
                    f"last_epoch={last_epoch}; leave it out, and load the state of the schedule"
                )
            optimizer.initial_lr = optimizer.lr
        self.optimizer = optimizer
        self.base_lrs = [float(optimizer.initial_lr)]
        self._go_to(last_epoch + 1)

    def lr_at(self, count: int) -> float:
        """The learning rate after `count` steps."""
        raise NotImplementedError(f"{type(self).__name__} needs a method lr_at(self, count)")

    def step(self) -> None:
        """Count one step, and set the learning rate of the next.

        RuntimeError if anybody else has changed it meanwhile: this would be lost.
        """
        if self.optimizer.lr != self._last_lr[0]:
            raise RuntimeError(
                f"the learning rate was set to {self._last_lr[0]:g} by {type(self).__name__}, and "
                f"is {self.optimizer.lr:g} now; one schedule decides alone, so do not change it "
                "meanwhile, join schedules with SequentialLR, or write a LambdaLR"
            )
        self._go_to(self.last_epoch + 1)

    def _go_to(self, count: int) -> None:
        self._last_lr = [float(self.lr_at(count))]
        self.last_epoch = count
        self.optimizer.lr = self._last_lr[0]

    def get_last_lr(self) -> list[float]:
        """The learning rate that was set last, in a list, as an optimiser has one group only."""
        return list(self._last_lr)

    def state_dict(self) -> dict[str, Any]:
        """The count and the numbers of the schedule, but for its functions: JSON can hold it."""
        return {
            name: list(value) if isinstance(value, list) else value
            for name, value in vars(self).items()
            if name != "optimizer" and not callable(value)
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, and set the optimiser as it was then.

        ValueError if it is the state of another kind of schedule; then nothing is changed.
        """
        self._refuse_misfit(state)
        self._take_over(state)
        self._go_to(self.last_epoch)

    def _refuse_misfit(self, state: Mapping[str, Any]) -> None:
        if self.state_dict().keys() != state.keys():
            raise ValueError(
                f"this is no state of {type(self).__name__} (nothing was changed); it has "
                f"{', '.join(state)}"
            )

    def _take_over(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(step {self.last_epoch}, lr={self._last_lr[0]:g})"


class LambdaLR(LRScheduler):
    """The first learning rate times lr_lambda(count).

    The function is not in the state: who loads a state makes the schedule with it again.
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Callable[[int], float], last_epoch: int = -1
    ):
        self.lr_lambda = lr_lambda
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int) -> float:
        return self.base_lrs[0] * self.lr_lambda(count)


class StepLR(LRScheduler):
    """Times `gamma` every `step_size` steps."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ):
        self.step_size = _at_least_one("step_size", step_size)
        self.gamma = float(gamma)
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int) -> float:
        return self.base_lrs[0] * self.gamma ** (count // self.step_size)


class LinearLR(LRScheduler):
    """A straight line from `start_factor` to `end_factor` times the first learning rate.

    It takes `total_iters` steps, and then stays: a warm-up, as it is mostly used.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ):
        if not 0 < start_factor <= 1:
            raise ValueError(f"start_factor must be above 0 and at most 1, not {start_factor}")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"end_factor must be between 0 and 1, not {end_factor}")
        self.start_factor = float(start_factor)
        self.end_factor = float(end_factor)
        self.total_iters = _at_least_one("total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int) -> float:
        share = min(count, self.total_iters) / self.total_iters
        return self.base_lrs[0] * _line(self.start_factor, self.end_factor, share)


class CosineAnnealingLR(LRScheduler):
    """Half a cosine wave from the first learning rate down to `eta_min`, in `T_max` steps.

    Beyond, it comes up again as it went down, and so on. Loshchilov and Hutter, 2017, without
    their restarts.
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ):
        self.T_max = _at_least_one("T_max", T_max)
        self.eta_min = float(eta_min)
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int) -> float:
        return _wave(self.base_lrs[0], self.eta_min, count / self.T_max)


class OneCycleLR(LRScheduler):
    """Up from max_lr / div_factor to max_lr, and down to almost nothing. Smith and Topin, 2018.

    total_steps       how many steps the whole takes; or epochs * steps_per_epoch
    pct_start         the share, 0 to 1, of the steps that go up
    anneal_strategy   "cos": half a cosine wave, or "linear": a straight line
    cycle_momentum    the other way round, take momentum (SGD) or betas[0] (Adam) from
                      max_momentum down to base_momentum, and up again
    final_div_factor  the last learning rate is the first divided by this
    three_phase       come down as long as it went up, and take the rest of the steps to vanish

    Steps 0 to total_steps - 1 are the cycle. One more is passed over, as the schedule is mostly
    stepped after the last step of the training too; more raise ValueError.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ):
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR needs total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if not 0 <= pct_start <= 1:
            raise ValueError(f"pct_start must be a share between 0 and 1, not {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f'anneal_strategy must be "cos" or "linear", not {anneal_strategy!r}')
        if cycle_momentum and not getattr(optimizer, "betas", getattr(optimizer, "momentum", 0)):
            raise ValueError(
                f"{type(optimizer).__name__} has no momentum that could be cycled; give it one, "
                "or pass cycle_momentum=False"
            )
        max_lr = float(max_lr)
        first, last = max_lr / div_factor, max_lr / div_factor / final_div_factor
        self.total_steps = _at_least_one("total_steps", total_steps)
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        # Each phase ends at its step, and goes from one of the numbers below to the next.
        top, end = pct_start * total_steps - 1.0, total_steps - 1.0
        self.ends = [top, 2 * top, end] if three_phase else [top, end]
        self.lrs = [first, max_lr, first, last] if three_phase else [first, max_lr, last]
        high, low = float(max_momentum), float(base_momentum)
        self.momenta = [high, low, high, high] if three_phase else [high, low, high]
        if isinstance(optimizer, Optimizer) and last_epoch == -1:
            optimizer.initial_lr = first
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int) -> float:
        return self._between(self.lrs, count)

    def momentum_at(self, count: int) -> float:
        """The momentum after `count` steps."""
        return min(self._between(self.momenta, count), max(self.momenta))

    def _between(self, values: list[float], count: int) -> float:
        if count > self.total_steps:
            raise ValueError(
                f"OneCycleLR was made for {self.total_steps} steps, and this is step {count}; "
                "give it the total_steps of the whole training"
            )
        phase = next((i for i, end in enumerate(self.ends) if count <= end), len(self.ends) - 1)
        start, end = self.ends[phase - 1] if phase else 0.0, self.ends[phase]
        share = (count - start) / (end - start) if end > start else 1.0
        between = _wave if self.anneal_strategy == "cos" else _line
        return between(values[phase], values[phase + 1], share)

    def _go_to(self, count: int) -> None:
        super()._go_to(count)
        if self.cycle_momentum:
            optimizer: Any = self.optimizer
            if hasattr(optimizer, "betas"):
                optimizer.betas = (self.momentum_at(count), optimizer.betas[1])
            else:
                optimizer.momentum = self.momentum_at(count)


class SequentialLR(LRScheduler):
    """One schedule after the other: the second counts from the first of `milestones`, and so on.

    schedulers  made before, for the same optimiser; step this one only
    milestones  the steps, ascending, at which the next takes over: one less than schedulers
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ):
        if not schedulers or len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR needs a milestone between each two schedules, and got "
                f"{len(schedulers)} schedules and {len(milestones)} milestones"
            )
        if any(schedule.optimizer is not optimizer for schedule in schedulers):
            raise ValueError("SequentialLR needs schedules that are all of its own optimiser")
        if list(milestones) != sorted(milestones):
            raise ValueError(f"milestones must ascend, and these are {list(milestones)}")
        self.schedulers = list(schedulers)
        self.milestones = [int(m) for m in milestones]
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int) -> float:
        schedule, own_count = self._at_work(count)
        return schedule.lr_at(own_count)

    def _at_work(self, count: int) -> tuple[LRScheduler, int]:
        """The schedule that decides after `count` steps, and how many of them are its own."""
        i = bisect_right(self.milestones, count)
        return self.schedulers[i], count - (self.milestones[i - 1] if i else 0)

    def _go_to(self, count: int) -> None:
        schedule, own_count = self._at_work(count)
        schedule._go_to(own_count)
        super()._go_to(count)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"schedulers": [s.state_dict() for s in self.schedulers]}

    def _refuse_misfit(self, state: Mapping[str, Any]) -> None:
        super()._refuse_misfit(state)
        if len(state["schedulers"]) != len(self.schedulers):
            raise ValueError(
                f"this is no state of {len(self.schedulers)} schedules (nothing was changed)"
            )
        for schedule, its_state in zip(self.schedulers, state["schedulers"], strict=True):
            schedule._refuse_misfit(its_state)

    def _take_over(self, state: Mapping[str, Any]) -> None:
        for schedule, its_state in zip(self.schedulers, state["schedulers"], strict=True):
            schedule._take_over(its_state)
        super()._take_over({**state, "schedulers": self.schedulers})


def _line(start: float, end: float, share: float) -> float:
    """What a straight line from start to end has reached at this share of its way."""
    return start + (end - start) * share


def _wave(start: float, end: float, share: float) -> float:
    """What half a cosine wave from start to end has reached at this share of its way."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _at_least_one(name: str, value: int) -> int:
    if value != int(value) or value < 1:
        raise ValueError(f"{name} must be a whole number, at least 1, not {value}")
    return int(value)
