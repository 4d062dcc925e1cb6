"""Training and scoring: the loop, and what it says about each epoch.

`fit` is the loop that everyone writes for themselves first, from batch to step: outputs, loss,
gradients, step. What it reports is measured honestly: the loss and accuracy of an epoch are means
over that epoch's training batches, taken as they are trained on; `evaluate` gives those of a whole
dataset. Targets are classes or, for a regression, any floats that the loss understands; then there
is a loss and no accuracy.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import display
from .data import DataLoader
from .data.dataset import Dataset
from .engine import no_grad, plain
from .nn import Module
from .nn import functional as F
from .optim import Optimizer
from .program import Compiled
from .tensor import Tensor


@dataclass(frozen=True, repr=False)
class Epoch:
    """One pass over the training data.

    epoch     which one, from 1
    loss      mean over all examples
    accuracy  share of right answers, 0 to 1; None for a regression
    seconds   how long it took

    >>> train.Epoch(epoch=3, loss=0.1, accuracy=0.98, seconds=2.0)
    Epoch(3: loss 0.1, accuracy 98.00 %, 2 s)
    """

    epoch: int
    loss: float
    accuracy: float | None
    seconds: float

    def __repr__(self) -> str:
        loss, accuracy, seconds = self.in_digits()
        return f"Epoch({self.epoch}: loss {loss}, accuracy {accuracy}, {seconds} s)"

    def in_digits(self) -> tuple[str, str, str]:
        """Loss, accuracy and seconds in a few digits, to be read."""
        return f"{self.loss:.4g}", _percent(self.accuracy), f"{self.seconds:.3g}"


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.2f} %"


class History(list[Epoch]):
    """The epochs of a training, as a list that shows itself: in a notebook, as curves.

    >>> first, second = train.Epoch(1, 0.5, 0.8, 2.0), train.Epoch(2, 0.25, 0.9, 2.0)
    >>> train.History([first, second])
    <history of 2 epochs, loss 0.5 to 0.25, accuracy 80.00 % to 90.00 %, 4 s>
    """

    def __repr__(self) -> str:
        return f"<{self._in_words()}>"

    def _in_words(self) -> str:
        if not self:
            return "history of 0 epochs"
        first, last = self[0], self[-1]
        words = f"history of {len(self)} epoch{'s' if len(self) > 1 else ''}"
        words += f", loss {first.loss:.4g} to {last.loss:.4g}"
        if first.accuracy is not None and last.accuracy is not None:
            words += f", accuracy {100 * first.accuracy:.2f} % to {100 * last.accuracy:.2f} %"
        return f"{words}, {sum(epoch.seconds for epoch in self):.3g} s"

    def _repr_svg_(self) -> str:
        if not self:
            return display.svg(300, 20, self._in_words(), display.label(0, 14, "no epochs yet"))
        curves = [display.curve(0, 300, 170, "training loss", [e.loss for e in self], ".4g")]
        shares = [100 * e.accuracy for e in self if e.accuracy is not None]
        if shares:
            curves.append(display.curve(310, 300, 170, "training accuracy, %", shares, ".2f"))
        return display.svg(310 * len(curves), 170, self._in_words(), *curves)

    def _repr_html_(self) -> str:
        if not self:
            return display.block(display.note("no epochs yet"))
        rows = [
            ["…"] * 4 if i is None else [self[i].epoch, *self[i].in_digits()]
            for i in display.places(len(self))
        ]
        head = ["epoch", "loss", "accuracy", "seconds"]
        return display.block(self._repr_svg_(), display.table(self._in_words(), head, rows))


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """How a model does on a dataset.

    accuracy   share of right answers, 0 to 1; None for a regression
    loss       mean over all examples
    confusion  counts (classes, classes): rows are the true classes, columns the predicted ones;
               None for a regression

    >>> scores = train.Scores(accuracy=0.75, loss=0.5, confusion=np.array([[2, 0], [1, 1]]))
    >>> scores
    Scores(accuracy 75.00 %, loss 0.5, 2 classes, 4 examples)
    >>> scores.most_predicted, scores.most_predicted_share
    (0, 0.75)
    """

    accuracy: float | None
    loss: float
    confusion: np.ndarray | None

    @property
    def counts(self) -> np.ndarray:
        """`confusion`, where there is one; ValueError for a regression."""
        if self.confusion is None:
            raise ValueError("these are the scores of a regression, which has no classes to count")
        return self.confusion

    @property
    def most_predicted(self) -> int:
        """The class that is predicted most often."""
        return int(self.counts.sum(0).argmax())

    @property
    def most_predicted_share(self) -> float:
        """The share of all predictions that this class takes, 0 to 1."""
        return float(self.counts.sum(0).max() / self.counts.sum())

    def __repr__(self) -> str:
        words = f"Scores(accuracy {_percent(self.accuracy)}, loss {self.loss:.4g}"
        if self.confusion is not None:
            words += f", {len(self.confusion)} classes, {int(self.confusion.sum()):,} examples"
        return f"{words})"

    def _repr_html_(self) -> str:
        words = f"accuracy {_percent(self.accuracy)}, loss {self.loss:.4g}"
        if self.confusion is None:
            return display.block(display.note(words))
        return display.block(display.confusion(words, self.confusion))


class StopTraining(Exception):
    """To be raised in `on_epoch` or `after_step`: `fit` ends, and returns what it has.

    >>> batches = [(tg.tensor([[1.0]]), tg.tensor([[2.0]]))]
    >>> model = nn.Linear(1, 1, rng=0)
    >>> def on_epoch(epoch):
    ...     if epoch.epoch == 3:
    ...         raise train.StopTraining
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> len(train.fit(model, batches, optimizer, 100, nn.MSELoss(), on_epoch))
    3
    """


class Diverged(ArithmeticError):
    """The loss is infinite or not a number.

    >>> tally = train.Tally(1)
    >>> tally.add(float("inf"), np.zeros((2, 10)), np.array([0, 1]))
    Traceback (most recent call last):
        ...
    tinygrad_mlp.train.Diverged: the loss became inf in epoch 1, after 0 examples; ...
    """


Batches = Iterable[tuple[np.ndarray | Tensor, ...]]
"""What gives (inputs, targets), batch by batch."""


def one_epoch(batches: Batches) -> Iterable[tuple[Any, ...]]:
    """The batches once: of a DataLoader as arrays, which take no wrapping; of others as they come.

    batches  gives (inputs, targets) batch by batch, anew each time

    >>> loader = data.DataLoader(data.TensorDataset(np.arange(3.0), np.arange(3)), batch_size=2)
    >>> [inputs for inputs, targets in train.one_epoch(loader)]
    [array([0., 1.]), array([2.])]
    """
    return batches.arrays() if isinstance(batches, DataLoader) else batches


def fit(
    model: Module,
    batches: Batches,
    optimizer: Optimizer,
    epochs: int,
    loss_fn: Callable[[Any, Any], Any] = F.cross_entropy,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    history: list[Epoch] | None = None,
    after_step: Callable[[], None] | None = None,
    compile: bool = False,
) -> list[Epoch]:
    """Train `model` in place; return the history, and pass each epoch to `on_epoch` as it ends.

    batches     gives (inputs, targets) batch by batch, anew for each epoch: a DataLoader
    epochs      how many there should be in the end, those in `history` included
    loss_fn     of (outputs, targets), a mean over the batch; the targets of a DataLoader are arrays
    on_epoch    called with each epoch as it ends; it may raise StopTraining
    history     the epochs that were trained before; the new ones are added to it
    after_step  called after each step: a schedule's `step`, for example; it may raise StopTraining
    compile     replay model and loss as a program: the same bits, sooner. See `tg.compile`

    StopTraining ends it early: an epoch that was not finished is not in the history.
    Raises Diverged when the loss is infinite or not a number, ValueError when an epoch has no
    batches, and CompileError if `compile` and the model does what no program can hold.

    >>> batches = [(tg.tensor([[1.0]]), tg.tensor([[2.0]]))]
    >>> model = nn.Linear(1, 1, rng=0)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.25)
    >>> history = train.fit(model, batches, optimizer, epochs=2, loss_fn=nn.MSELoss())
    >>> len(history), round(history[-1].loss, 4), round(model(tg.tensor([[1.0]])).item(), 4)
    (2, 0.0, 2.0)
    """
    history = History() if history is None else history

    def loss_and_outputs(inputs: Any, targets: Any) -> Any:
        outputs = model(inputs)
        return loss_fn(outputs, targets), outputs

    forward = Compiled(loss_and_outputs) if compile else loss_and_outputs
    model.train()
    with suppress(StopTraining):
        for number in range(len(history) + 1, epochs + 1):
            tally = Tally(number)
            for inputs, targets in one_epoch(batches):
                # What overflows is seen in the loss: see Tally.add.
                with np.errstate(over="ignore", invalid="ignore"):
                    loss, outputs = forward(inputs, targets)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                if after_step is not None:
                    after_step()
                tally.add(loss.item(), outputs.data, targets)
            history.append(tally.epoch())
            on_epoch(history[-1])
    return history


class Tally:
    """The bookkeeping of one epoch: `add` each batch after its step, then ask for `epoch()`.

    number  of the epoch, from 1

    >>> tally = train.Tally(1)
    >>> tally.add(0.5, outputs=np.array([[2.0, 1.0], [0.0, 3.0]]), targets=np.array([0, 0]))
    >>> tally.epoch().loss, tally.epoch().accuracy
    (0.5, 0.5)
    """

    def __init__(self, number: int):
        self.number = number
        self.start = time.perf_counter()
        self.seen = 0
        self.total_loss = 0.0
        self.right: int | None = None  # until a batch has classes

    def add(self, loss: float, outputs: np.ndarray, targets: Any) -> None:
        """Count a batch with this mean loss. Raises Diverged if the loss is not finite."""
        if not math.isfinite(loss):
            raise Diverged(
                f"the loss became {loss} in epoch {self.number}, after {self.seen:,} examples; "
                "a smaller learning rate may help"
            )
        self.seen += len(targets)
        self.total_loss += loss * len(targets)
        predicted = predicted_classes(outputs, targets)
        if predicted is not None:
            self.right = (self.right or 0) + int(np.count_nonzero(predicted == targets))

    def epoch(self) -> Epoch:
        """What the batches come to. Raises ValueError if there were none."""
        if not self.seen:
            raise ValueError(
                f"there was nothing to train on in epoch {self.number}; batches must be something "
                "that can be iterated over once per epoch, such as a DataLoader or a list"
            )
        accuracy = None if self.right is None else self.right / self.seen
        seconds = time.perf_counter() - self.start
        return Epoch(self.number, self.total_loss / self.seen, accuracy, seconds)


def evaluate(
    model: Callable[[np.ndarray], Any],
    dataset: Dataset,
    loss_fn: Callable[[Any, Any], Any] = F.cross_entropy,
    batch_size: int = 1000,
) -> Scores:
    """Score `model` on all of `dataset`, recording nothing; a Module is in eval mode meanwhile.

    Afterwards each of its layers is in the mode that it had, so a frozen one stays frozen.

    model       inputs -> outputs, (n, classes) for classes: a Module or any function
    dataset     has a length, and gives (inputs, targets) for a slice
    loss_fn     of (outputs, targets), a mean over the batch
    batch_size  how many examples are scored at a time

    Raises ValueError if the dataset is empty, or has a class that the model does not score.

    >>> dataset = data.TensorDataset(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    >>> scores = train.evaluate(nn.Identity(), dataset)
    >>> scores.accuracy, scores.confusion
    (0.5, array([[1, 1],
           [0, 0]]))
    """
    if not len(dataset):
        raise ValueError("there is nothing to evaluate: the dataset has no examples")
    total_loss = 0.0
    confusion: np.ndarray | None = None  # until a batch has classes
    with in_eval_mode(model), no_grad(), np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(dataset), batch_size):
            inputs, targets = dataset[start : start + batch_size]
            outputs = model(inputs)
            total_loss += float(loss_fn(outputs, targets)) * len(targets)
            values = plain(outputs)
            predicted = predicted_classes(values, targets)
            if predicted is not None:
                if confusion is None:
                    confusion = np.zeros((values.shape[1], values.shape[1]), np.int64)
                _count_answers(confusion, plain(targets), predicted)
    accuracy = None if confusion is None else float(confusion.trace() / len(dataset))
    return Scores(accuracy, total_loss / len(dataset), confusion)


@contextmanager
def in_eval_mode(model: Any) -> Iterator[None]:
    """Within the block a Module is in eval mode; afterwards each module in it has its own again.

    >>> model = nn.Dropout(0.5)
    >>> with train.in_eval_mode(model):
    ...     model.training
    False
    >>> model.training
    True
    """
    modules = model.modules() if isinstance(model, Module) else ()
    modes = [(module, module.training) for module in modules]
    if isinstance(model, Module):
        model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def predicted_classes(outputs: np.ndarray, targets: Any) -> np.ndarray | None:
    """The class (n,) with the highest score of each example; None for a regression.

    The targets are classes if they are integers of shape (n,), and the outputs (n, classes).

    >>> train.predicted_classes(np.array([[2.0, 1.0], [0.0, 3.0]]), targets=np.array([0, 0]))
    array([0, 1])
    >>> train.predicted_classes(np.array([[2.0], [3.0]]), targets=np.array([[2.5], [3.0]])) is None
    True
    """
    targets = np.asarray(targets)
    are_classes = targets.ndim == 1 and targets.dtype.kind in "iu" and np.ndim(outputs) == 2
    return outputs.argmax(axis=1) if are_classes else None


def _count_answers(confusion: np.ndarray, targets: np.ndarray, predicted: np.ndarray) -> None:
    classes = len(confusion)
    unknown = targets[(targets < 0) | (targets >= classes)]
    if unknown.size:
        raise ValueError(
            f"the dataset has the class {unknown[0]}, and the model scores the classes 0 to "
            f"{classes - 1}; give the model as many outputs as there are classes"
        )
    np.add.at(confusion, (targets, predicted), 1)
