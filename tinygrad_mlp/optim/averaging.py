"""A running average of the weights, which is often better than any weights on the way.

The steps of a training never come to rest: they circle around a minimum, the farther, the larger
the learning rate is. The average of the last of them lies nearer to the middle. Polyak and
Juditsky, 1992; Izmailov and others, 2018. Values are those of
`torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from ..changes import mark_changed
from ..nn import Module
from .optimizers import refuse_misfit


class WeightAverage:
    """The exponential moving average of the parameters of `model`.

    decay  what share of the average stays at each step, 0 to 1: it is taken over about the last
           1 / (1 - decay) steps. The first update takes the weights as they are
    every  look only at every so many-th step, with decay ** every: it costs less, for nearly the
           same average

    Buffers are not averaged: they are those of the model.
    """

    def __init__(self, model: Module, decay: float = 0.999, every: int = 1):
        if not 0 <= decay <= 1:
            raise ValueError(f"decay must be between 0 and 1, not {decay}")
        if every < 1:
            raise ValueError(f"every must be at least 1, not {every}")
        self.model = model
        self.decay = float(decay)
        self.every = every
        self.steps = 0
        self.params = list(model.parameters())
        self.averages = {name: p.data.copy() for name, p in model.named_parameters()}

    def update(self) -> None:
        """Take in the weights of the model; call it after each step of the optimiser."""
        self.steps += 1
        if self.steps % self.every:
            return
        new = 1.0 if self.steps == self.every else 1 - self.decay**self.every
        for p, average in zip(self.params, self.averages.values(), strict=True):
            if new == 1:
                average[...] = p.data
                continue
            away = np.subtract(p.data, average, out=np.empty_like(average))
            away *= new
            average += away

    @contextmanager
    def applied(self) -> Iterator[None]:
        """`with average.applied(): ...` has the averages in the model, and after it its weights."""
        weights = [p.data.copy() for p in self.params]
        self._write(self.averages.values())
        try:
            yield
        finally:
            self._write(weights)

    def _write(self, arrays: Iterable[np.ndarray]) -> None:
        for p, array in zip(self.params, arrays, strict=True):
            p.data[...] = array
            mark_changed(p.data)

    def copy_to(self, model: Module) -> None:
        """Give `model`, which may be the averaged one itself, the averages for its weights."""
        with self.applied():
            state = self.model.state_dict()
        model.load_state_dict(state)

    def state_dict(self) -> dict[str, np.ndarray]:
        """How many steps there were, and a copy of the averages: "module.0.weight" and so on."""
        averages = {f"module.{name}": average.copy() for name, average in self.averages.items()}
        return {"steps": np.array(self.steps)} | averages

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state_dict` gave. If anything does not fit, change nothing."""
        refuse_misfit(self, state)
        self.steps = int(state["steps"])
        for name, average in self.averages.items():
            average[...] = state[f"module.{name}"]

    def __repr__(self) -> str:
        return f"WeightAverage(decay={self.decay:g}, every={self.every}, steps={self.steps})"
