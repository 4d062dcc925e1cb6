"""Training and scoring: the loop, and what it tells about each epoch.

`fit` is the loop that everyone writes for themselves first: scores, loss, gradients, step. What
it reports is measured honestly: the loss and accuracy of an epoch are means over that epoch's
training batches, taken as they are trained on; `evaluate` gives those of a whole dataset.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .data import ArrayDataset
from .engine import Node, no_grad
from .nn import Module
from .nn import functional as F
from .optim import Optimizer


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data: mean loss, share of right answers, seconds."""

    epoch: int
    loss: float
    accuracy: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Scores:
    """How a model does on a dataset.

    accuracy   share of right answers, 0 to 1
    loss       mean over all examples
    confusion  counts (10, 10): rows are the true classes, columns the predicted ones
    """

    accuracy: float
    loss: float
    confusion: np.ndarray

    @property
    def most_predicted(self) -> int:
        """The class that is predicted most often."""
        return int(self.confusion.sum(0).argmax())

    @property
    def most_predicted_share(self) -> float:
        """The share of all predictions that this class takes, 0 to 1."""
        return float(self.confusion.sum(0).max() / self.confusion.sum())


class Diverged(ArithmeticError):
    """The loss is no number any more."""


Batches = Iterable[tuple[np.ndarray, np.ndarray]]


def fit(
    model: Module,
    batches: Batches,
    optimizer: Optimizer,
    epochs: int,
    loss_fn: Callable[[Any, Any], Any] = F.cross_entropy,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    history: list[Epoch] | None = None,
    after_step: Callable[[], None] | None = None,
) -> list[Epoch]:
    """Train `model` in place; give the history, and each epoch to `on_epoch` as it ends.

    batches  gives (images, labels) batch by batch, anew for each epoch: a DataLoader
    loss_fn  of (scores, labels), a mean over the batch
    history  the epochs that were trained before; `epochs` counts them, and it is added to
    after_step  called after each step: that of a schedule, for example

    Raises Diverged when the loss is infinite or no number.
    """

    def step(images: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
        scores = model(images)
        loss = loss_fn(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if after_step is not None:
            after_step()
        return loss.item(), scores.data

    model.train()
    return run_epochs(step, batches, epochs, on_epoch, history)


def run_epochs(
    step: Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]],
    batches: Batches,
    epochs: int,
    on_epoch: Callable[[Epoch], None],
    history: list[Epoch] | None = None,
) -> list[Epoch]:
    """The bookkeeping around any training step, which gives its batch's loss and scores."""
    history = [] if history is None else history
    for number in range(len(history) + 1, epochs + 1):
        start = time.perf_counter()
        seen, right, total_loss = 0, 0, 0.0
        for images, labels in batches:
            with np.errstate(over="ignore", invalid="ignore"):  # the loss tells, just below
                loss, scores = step(images, labels)
            if not math.isfinite(loss):
                raise Diverged(
                    f"the loss became {loss} in epoch {number}, after {seen:,} examples; "
                    "a smaller learning rate may help"
                )
            seen += len(labels)
            right += int(np.count_nonzero(scores.argmax(axis=1) == labels))
            total_loss += loss * len(labels)
        if not seen:
            raise ValueError(
                f"there was nothing to train on in epoch {number}; batches must be something "
                "that can be gone through once an epoch, as a DataLoader or a list can"
            )
        seconds = time.perf_counter() - start
        history.append(Epoch(number, total_loss / seen, right / seen, seconds))
        on_epoch(history[-1])
    return history


def evaluate(
    model: Callable[[np.ndarray], Any],
    dataset: ArrayDataset,
    loss_fn: Callable[[Any, Any], Any] = F.cross_entropy,
    batch_size: int = 1000,
) -> Scores:
    """Score `model` on all of `dataset`, recording nothing; a Module meanwhile in eval mode."""
    if not len(dataset):
        raise ValueError("there is nothing to evaluate: the dataset has no examples")
    was_training = isinstance(model, Module) and model.training
    if isinstance(model, Module):
        model.eval()
    confusion = np.zeros((10, 10), np.int64)
    total_loss = 0.0
    with no_grad(), np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(dataset), batch_size):
            images, labels = dataset[start : start + batch_size]
            scores = model(images)
            total_loss += float(loss_fn(scores, labels)) * len(labels)
            values = scores.data if isinstance(scores, Node) else scores
            np.add.at(confusion, (labels, values.argmax(axis=1)), 1)
    if isinstance(model, Module):
        model.train(was_training)
    accuracy = confusion.trace() / len(dataset)
    return Scores(float(accuracy), total_loss / len(dataset), confusion)
