"""Learning-rate schedules: how large the steps are, as a function of how many were taken.

Names, arguments, defaults and values are those of `torch.optim.lr_scheduler`. A schedule is made
after its optimiser, and sets the learning rate of the first step at once. Its `step()` is called
after that of the optimiser, and sets the learning rate of the next step:

    schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=1000)
    for images, labels in batches:
        ...
        optimizer.step()
        schedule.step()

A schedule is a formula of the count of its steps, so it remembers nothing but the count, and
`go_to(count)` puts it anywhere. (PyTorch counts "epochs", and means calls of `step()`: call it as
often as the numbers of the schedule count.) `ReduceLROnPlateau` alone is no formula: it looks at a
metric.

Each group of the optimiser has a learning rate of its own. To add a schedule, subclass
`LRScheduler` and write `lr_at`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np

from ..state import refuse_misfit
from .optimizers import Optimizer


class LRScheduler:
    """What schedules share: the count, and setting the learning rates of the optimiser.

    last_epoch  the count to go on from; -1 begins, from the learning rates that the optimiser has

    The schedules of one optimiser all start from the learning rates that it had at the first of
    them, "initial_lr" in its groups. Only one of them may be stepped; `SequentialLR` joins several.

    Raises TypeError for what is no optimiser, ValueError if there is nothing to go on from.

    >>> optimizer = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> class Halving(optim.lr_scheduler.LRScheduler):
    ...     def lr_at(self, count, group):
    ...         return self.base_lrs[group] / 2**count
    >>> schedule = Halving(optimizer)
    >>> schedule.step()
    >>> schedule
    Halving(step 1, lr=0.5)
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        _refuse_other_than_optimizers(optimizer)
        groups = optimizer.param_groups
        if last_epoch != -1 and any("initial_lr" not in group for group in groups):
            raise ValueError(
                "this optimiser has had no schedule yet, so there is nothing to go on from at "
                f"last_epoch={last_epoch}; leave it out, and call go_to({last_epoch + 1})"
            )
        for group in groups:
            group.setdefault("initial_lr", group["lr"])
        self.optimizer = optimizer
        self.base_lrs = [float(group["initial_lr"]) for group in groups]
        self.go_to(last_epoch + 1)

    def lr_at(self, count: int, group: int) -> float:
        """The learning rate of a group after `count` steps.

        group  its number; `self.base_lrs[group]` is its first learning rate
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method lr_at(self, count, group)")

    def step(self) -> None:
        """Count one step, and set the learning rates of the next.

        Raises RuntimeError if someone else has changed one of them meanwhile, as that change
        would be lost.
        """
        _refuse_other_groups(self, len(self.base_lrs))
        now = [group["lr"] for group in self.optimizer.param_groups]
        if now != self._last_lr:
            raise RuntimeError(
                f"the learning rate was set to {_listed(self._last_lr)} by {type(self).__name__}, "
                f"and is {_listed(now)} now; one schedule decides alone, so do not change it "
                "meanwhile, join schedules with SequentialLR, or write a LambdaLR"
            )
        self.go_to(self.last_epoch + 1)

    def go_to(self, count: int) -> None:
        """Be where `count` steps from the beginning lead, and set the optimiser accordingly.

        Raises ValueError if `count` is not a whole number, at least 0, RuntimeError if the
        optimiser was given another group since the schedule was made.
        """
        count = _at_least("count", count, 0)
        _refuse_other_groups(self, len(self.base_lrs))
        self._last_lr = [float(self.lr_at(count, i)) for i in range(len(self.base_lrs))]
        self.last_epoch = count
        for group, lr in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = lr

    def get_last_lr(self) -> list[float]:
        """The learning rates that were set last, one a group."""
        return list(self._last_lr)

    def state_dict(self) -> dict[str, Any]:
        """The count and the numbers of the schedule, but not its functions: JSON can hold it."""
        return {
            name: list(value) if isinstance(value, list) else value
            for name, value in vars(self).items()
            if name != "optimizer" and not callable(value)
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, and set the optimiser as it was then.

        Raises ValueError, and changes nothing, if it is the state of another kind of schedule, or
        has another number of groups. Raises RuntimeError as `go_to` does.
        """
        _refuse_other_groups(self, len(self.base_lrs))
        refuse_misfit(repr(self), _form(self.state_dict()), _form(state))
        self._take_over(state)
        self.go_to(self.last_epoch)

    def _take_over(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(step {self.last_epoch}, lr={_listed(self._last_lr)})"


class LambdaLR(LRScheduler):
    """The first learning rate times lr_lambda(count).

    lr_lambda  one function for all groups, or a list with one for each

    The functions are not in the state: to load one, make the schedule with the same functions.

    Raises ValueError if the list has not one for each group.

    >>> optimizer = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.LambdaLR(optimizer, lambda count: 1 / (1 + count))
    >>> [schedule.lr_at(count, group=0) for count in range(4)]
    [1.0, 0.5, 0.3333333333333333, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ):
        self.lr_lambdas = _one_a_group("lr_lambda", lr_lambda, optimizer)
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int, group: int) -> float:
        factor: float = self.lr_lambdas[group](count)
        return self.base_lrs[group] * factor

    def state_dict(self) -> dict[str, Any]:
        return {name: v for name, v in super().state_dict().items() if name != "lr_lambdas"}


class StepLR(LRScheduler):
    """The first learning rate, times `gamma` every `step_size` steps.

    Raises ValueError if `step_size` is not a whole number, at least 1.

    >>> optimizer = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> [schedule.lr_at(count, group=0) for count in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ):
        self.step_size = _at_least("step_size", step_size, 1)
        self.gamma = float(gamma)
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int, group: int) -> float:
        return self.base_lrs[group] * self.gamma ** (count // self.step_size)


class MultiStepLR(LRScheduler):
    """The first learning rate, times `gamma` at each of the steps `milestones`.

    A milestone that is given twice counts twice.

    Raises ValueError if a milestone is not a whole number, at least 0.

    >>> optimizer = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[2, 3], gamma=0.5)
    >>> [schedule.lr_at(count, group=0) for count in range(5)]
    [1.0, 1.0, 0.5, 0.25, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ):
        self.milestones = sorted(_at_least("a milestone", m, 0) for m in milestones)
        self.gamma = float(gamma)
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int, group: int) -> float:
        return self.base_lrs[group] * self.gamma ** bisect_right(self.milestones, count)


class ExponentialLR(LRScheduler):
    """The first learning rate, times `gamma` at every step.

    >>> optimizer = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> [schedule.lr_at(count, group=0) for count in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1):
        self.gamma = float(gamma)
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int, group: int) -> float:
        return self.base_lrs[group] * self.gamma**count


class LinearLR(LRScheduler):
    """A straight line from `start_factor` to `end_factor` times the first learning rate.

    It takes `total_iters` steps and then stays there. It is mostly used as a warm-up.

    Raises ValueError if `start_factor` is not above 0 and at most 1, or `end_factor` is not from 0
    to 1.

    >>> optimizer = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> [schedule.lr_at(count, group=0) for count in range(4)]
    [0.5, 0.75, 1.0, 1.0]
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
        self.total_iters = _at_least("total_iters", total_iters, 1)
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int, group: int) -> float:
        share = min(count, self.total_iters) / self.total_iters
        return self.base_lrs[group] * _line(self.start_factor, self.end_factor, share)


class CosineAnnealingLR(LRScheduler):
    """Half a cosine wave from the first learning rate down to `eta_min`, in `T_max` steps.

    After them it comes up again as it went down, and so on. Loshchilov and Hutter, 2017, without
    their restarts.

    Raises ValueError if `T_max` is not a whole number, at least 1.

    >>> optimizer = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    >>> [round(schedule.lr_at(count, group=0), 2) for count in range(5)]
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ):
        self.T_max = _at_least("T_max", T_max, 1)
        self.eta_min = float(eta_min)
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int, group: int) -> float:
        return _wave(self.base_lrs[group], self.eta_min, count / self.T_max)


class OneCycleLR(LRScheduler):
    """Up from max_lr / div_factor to max_lr, and down to almost nothing. Smith and Topin, 2018.

    max_lr            the largest learning rate, or a list with one for each group
    total_steps       how many steps the whole takes; or epochs * steps_per_epoch
    pct_start         the share, 0 to 1, of the steps that go up
    anneal_strategy   "cos": half a cosine wave, or "linear": a straight line
    cycle_momentum    the other way round, take momentum (SGD) or betas[0] (Adam) from
                      max_momentum down to base_momentum, and up again
    base_momentum     the smallest momentum, or a list with one for each group
    max_momentum      the largest momentum, or a list with one for each group
    div_factor        the first learning rate is max_lr divided by this
    final_div_factor  the last learning rate is the first divided by this
    three_phase       come down as long as it went up, and take the rest of the steps to vanish

    Steps 0 to total_steps - 1 are the cycle. One more is ignored, as the schedule is usually
    stepped after the last step of the training too; more raise ValueError.

    >>> optimizer = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.OneCycleLR(
    ...     optimizer, max_lr=1.0, total_steps=5, pct_start=0.6, cycle_momentum=False
    ... )
    >>> [round(schedule.lr_at(count, group=0), 2) for count in range(5)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ):
        _refuse_other_than_optimizers(optimizer)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR needs total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if not 0 <= pct_start <= 1:
            raise ValueError(f"pct_start must be a share between 0 and 1, not {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f'anneal_strategy must be "cos" or "linear", not {anneal_strategy!r}')
        if cycle_momentum and not optimizer.defaults.keys() & {"momentum", "betas"}:
            raise ValueError(
                f"{type(optimizer).__name__} has no momentum that could be cycled; pass "
                "cycle_momentum=False"
            )
        self.total_steps = _at_least("total_steps", total_steps, 1)
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        # Each phase ends at its step, and goes from one of the values of a group to the next.
        top = pct_start * total_steps - 1.0
        end = total_steps - 1.0
        self.ends = [top, 2 * top, end] if three_phase else [top, end]
        self.group_lrs = []
        for value in _one_a_group("max_lr", max_lr, optimizer):
            first = value / div_factor
            last = first / final_div_factor
            down = [first, last] if three_phase else [last]
            self.group_lrs.append([first, float(value), *down])
        highs = _one_a_group("max_momentum", max_momentum, optimizer)
        lows = _one_a_group("base_momentum", base_momentum, optimizer)
        self.group_momenta = []
        for high, low in zip(highs, lows, strict=True):
            back = [float(high)] * (2 if three_phase else 1)
            self.group_momenta.append([float(high), float(low), *back])
        if last_epoch == -1:
            for group, lrs in zip(optimizer.param_groups, self.group_lrs, strict=True):
                group["initial_lr"] = lrs[0]
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int, group: int) -> float:
        return self._between(self.group_lrs[group], count)

    def momentum_at(self, count: int, group: int) -> float:
        """The momentum of a group after `count` steps."""
        momenta = self.group_momenta[group]
        return min(self._between(momenta, count), max(momenta))

    def _between(self, values: list[float], count: int) -> float:
        if count > self.total_steps:
            raise ValueError(
                f"OneCycleLR was made for {self.total_steps} steps, and this is step {count}; "
                "give it the total_steps of the whole training"
            )
        phase = next((i for i, end in enumerate(self.ends) if count <= end), len(self.ends) - 1)
        start = self.ends[phase - 1] if phase else 0.0
        end = self.ends[phase]
        share = (count - start) / (end - start) if end > start else 1.0
        between = _wave if self.anneal_strategy == "cos" else _line
        return between(values[phase], values[phase + 1], share)

    def go_to(self, count: int) -> None:
        super().go_to(count)
        if self.cycle_momentum:
            for i, group in enumerate(self.optimizer.param_groups):
                momentum = self.momentum_at(count, i)
                if "betas" in group:
                    group["betas"] = (momentum, group["betas"][1])
                else:
                    group["momentum"] = momentum


class SequentialLR(LRScheduler):
    """One schedule after the other: the second counts from the first of `milestones`, and so on.

    schedulers  made before, for the same optimiser; step this one only
    milestones  the steps, ascending, at which the next takes over: one fewer than schedulers

    Raises ValueError if the milestones are too few or too many, or do not ascend, or if a schedule
    belongs to another optimiser; TypeError for a schedule that is no formula of the count.

    >>> optimizer = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> warm_up = optim.lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> halving = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> schedule = optim.lr_scheduler.SequentialLR(optimizer, [warm_up, halving], milestones=[2])
    >>> [schedule.lr_at(count, group=0) for count in range(5)]
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ):
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "SequentialLR needs one milestone fewer than schedules, and got "
                f"{len(schedulers)} schedules and {len(milestones)} milestones"
            )
        for schedule in schedulers:
            if not isinstance(schedule, LRScheduler):
                raise TypeError(
                    "SequentialLR joins schedules that are formulas of the count, as "
                    f"ReduceLROnPlateau is not, and this is {schedule!r:.80}"
                )
        if any(schedule.optimizer is not optimizer for schedule in schedulers):
            raise ValueError("SequentialLR needs schedules that all belong to its own optimiser")
        if list(milestones) != sorted(milestones):
            raise ValueError(f"milestones must ascend, and these are {list(milestones)}")
        self.schedulers = list(schedulers)
        self.milestones = [int(m) for m in milestones]
        super().__init__(optimizer, last_epoch)

    def lr_at(self, count: int, group: int) -> float:
        i = bisect_right(self.milestones, count)
        return self.schedulers[i].lr_at(count - self._start(i), group)

    def _start(self, i: int) -> int:
        """The step from which schedule i decides."""
        return self.milestones[i - 1] if i else 0

    def go_to(self, count: int) -> None:
        # Each goes as far as it came before the next took over: a cycle leaves its momentum.
        for i, schedule in enumerate(self.schedulers):
            end = self._start(i + 1) - 1 if i < len(self.milestones) else count
            own_count = min(count, end) - self._start(i)
            if own_count >= 0:
                schedule.go_to(own_count)
        super().go_to(count)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"schedulers": [s.state_dict() for s in self.schedulers]}

    def _take_over(self, state: Mapping[str, Any]) -> None:
        for schedule, its_state in zip(self.schedulers, state["schedulers"], strict=True):
            schedule._take_over(its_state)
        super()._take_over({**state, "schedulers": self.schedulers})


class ReduceLROnPlateau:
    """Smaller learning rates whenever a metric, such as a loss, has stopped getting better.

    mode            "min" if a smaller metric is better, "max" if a larger one is
    factor          what the learning rates are then multiplied by, at least 0 and below 1
    patience        how many steps in a row may bring nothing better; one more reduces
    threshold       how much better counts: a share of the best metric so far, or a difference
    threshold_mode  "rel" if the threshold is a share, "abs" if it is a difference
    cooldown        how many steps after a reduction are not held against the metric
    min_lr          the least learning rate, or a list with one for each group
    eps             a reduction by no more than this is not made

    It is the one schedule that is no formula of the count: `step` is given the metric, as a rule
    once an epoch. It multiplies the learning rates that it finds, so something else may change
    them too, but `SequentialLR` cannot join it. In `fit`:

        fit(..., on_epoch=lambda epoch: schedule.step(epoch.loss))

    Raises ValueError for another mode, or if `factor` is not at least 0 and below 1.

    >>> optimizer = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in [3.0, 2.0, 2.0, 2.0, 1.0]:
    ...     schedule.step(loss)
    ...     print(optimizer.lr)
    1.0
    1.0
    1.0
    0.5
    0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ):
        _refuse_other_than_optimizers(optimizer)
        if mode not in ("min", "max"):
            raise ValueError(f'mode must be "min" or "max", not {mode!r}')
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f'threshold_mode must be "rel" or "abs", not {threshold_mode!r}')
        if not 0 <= factor < 1:
            raise ValueError(f"factor must be at least 0 and below 1, not {factor}")
        self.optimizer = optimizer
        self.mode = mode
        self.factor = float(factor)
        self.patience = _at_least("patience", patience, 0)
        self.threshold = float(threshold)
        self.threshold_mode = threshold_mode
        self.cooldown = _at_least("cooldown", cooldown, 0)
        self.min_lrs = [float(lr) for lr in _one_a_group("min_lr", min_lr, optimizer)]
        self.eps = float(eps)
        self.best = math.inf if mode == "min" else -math.inf
        self.last_epoch = 0
        self.num_bad_epochs = 0
        self.cooldown_counter = 0

    def step(self, metrics: SupportsFloat) -> None:
        """Count one step that led to this metric, a number, and reduce the learning rates if due.

        Not a number is worse than anything. Raises RuntimeError if the optimiser was given another
        group since the schedule was made.
        """
        _refuse_other_groups(self, len(self.min_lrs))
        metric = float(metrics)
        self.last_epoch += 1
        if self._is_better(metric):
            self.best = metric
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0

    def _is_better(self, metric: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            bar = self.best * (1 + sign * self.threshold)
        else:
            bar = self.best + sign * self.threshold
        return metric > bar if self.mode == "max" else metric < bar

    def _reduce(self) -> None:
        for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            lr = max(group["lr"] * self.factor, least)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr

    def get_last_lr(self) -> list[float]:
        """The learning rates, one a group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What it has seen, its numbers, and the learning rates: JSON can hold it."""
        own = {name: value for name, value in vars(self).items() if name != "optimizer"}
        return own | {"min_lrs": list(self.min_lrs), "_last_lr": self.get_last_lr()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, and set the learning rates as they were then.

        Raises ValueError, and changes nothing, if it is the state of another kind of schedule, or
        has another number of groups. Raises RuntimeError as `step` does.
        """
        _refuse_other_groups(self, len(self.min_lrs))
        refuse_misfit(repr(self), _form(self.state_dict()), _form(state))
        own = dict(state)
        lrs = own.pop("_last_lr")
        vars(self).update(own | {"min_lrs": list(own["min_lrs"])})
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr

    def __repr__(self) -> str:
        lrs = _listed(self.get_last_lr())
        return f"ReduceLROnPlateau(step {self.last_epoch}, best={self.best:g}, lr={lrs})"


def _form(state: Mapping[str, Any], prefix: str = "") -> dict[str, np.ndarray]:
    """What must be equal in the states of equal schedules: the names, and how many groups."""
    form: dict[str, np.ndarray] = {}
    for name, value in state.items():
        if name == "schedulers":
            for i, its_state in enumerate(value):
                form |= _form(its_state, f"{prefix}schedulers.{i}.")
        else:
            one_a_group = name in ("base_lrs", "min_lrs", "_last_lr")
            form[prefix + name] = np.array(value if one_a_group else 0)
    return form


def _one_a_group(name: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """A list with a value for each group, of one value for all or a list with one for each."""
    groups = len(optimizer.param_groups)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * groups
    if len(values) != groups:
        raise ValueError(
            f"{name} has {len(values)} values, and the number of groups is {groups}; give one "
            "value, or one for each group"
        )
    return values


def _refuse_other_than_optimizers(optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"a schedule needs an optimiser, and this is {optimizer!r:.80}")


def _refuse_other_groups(schedule: LRScheduler | ReduceLROnPlateau, groups: int) -> None:
    now = len(schedule.optimizer.param_groups)
    if now != groups:
        raise RuntimeError(
            f"{type(schedule).__name__} was made when the number of groups was {groups}, and it "
            f"is {now} now; make the schedule after the last add_param_group"
        )


def _listed(lrs: list[float]) -> str:
    return ", ".join(f"{lr:g}" for lr in lrs)


def _line(start: float, end: float, share: float) -> float:
    """What a straight line from start to end has reached at this share of its way."""
    return start + (end - start) * share


def _wave(start: float, end: float, share: float) -> float:
    """What half a cosine wave from start to end has reached at this share of its way."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _at_least(name: str, value: int, least: int) -> int:
    if value != int(value) or value < least:
        raise ValueError(f"{name} must be a whole number, at least {least}, not {value}")
    return int(value)
