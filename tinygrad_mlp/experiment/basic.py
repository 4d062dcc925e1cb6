"""The basic network of the published notebook: backpropagation written by hand, fault included.

There is no autograd here. Each layer keeps its input, computes its own gradients, and changes its
own weights inside its backward pass, as in the notebook. The notebook's network has seven hidden
layers of 200 sigmoid units, weights and biases drawn from N(0, 1) and a learning rate of 10, and
it is shown one example at a time.

Its main fault is kept, and has a name: `published_mse_gradient`. The sign of the derivative is
wrong, so each step climbs the loss. A comparison with a numerical derivative shows it at once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np

from ..engine import plain
from ..nn import functional as F
from ..state import refuse_misfit
from ..train import Batches, Epoch, History, StopTraining, Tally, one_epoch

PIXELS, CLASSES = 784, 10


class Dense:
    """y = x @ weight + bias, for x of shape (n, inputs).

    weight  (inputs, outputs); bias (outputs,)
    init    "normal": weights and biases from N(0, 1); "xavier": weights uniform in
            +-sqrt(6 / (inputs + outputs)), biases 0 (Glorot and Bengio, 2010)
    """

    def __init__(self, inputs: int, outputs: int, init: str, rng: np.random.Generator):
        if init == "normal":
            self.weight = rng.normal(0, 1, (inputs, outputs))
            self.bias = rng.normal(0, 1, outputs)
        elif init == "xavier":
            bound = np.sqrt(6 / (inputs + outputs))
            self.weight = rng.uniform(-bound, bound, (inputs, outputs))
            self.bias = np.zeros(outputs)
        else:
            raise ValueError(f'init must be "normal" or "xavier", not {init!r}')

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return x @ self.weight + self.bias

    def backward(self, gradient: np.ndarray, lr: float) -> np.ndarray:
        """Take the step, and return the gradient with respect to the input."""
        passed_on = gradient @ self.weight.T
        self.weight -= lr * (self.x.T @ gradient)
        self.bias -= lr * gradient.sum(axis=0)
        return passed_on


class Sigmoid:
    """y = 1 / (1 + e^-x)."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.y = F.sigmoid(x)
        return self.y

    def backward(self, gradient: np.ndarray, lr: float) -> Any:
        return gradient * self.y * (1 - self.y)


def mse(outputs: np.ndarray, targets: np.ndarray) -> float:
    """Mean squared error over the outputs, and over the examples."""
    return float(np.mean((outputs - targets) ** 2))


def mse_gradient(outputs: np.ndarray, targets: np.ndarray) -> Any:
    """The derivative of `mse` with respect to the outputs."""
    return 2 * (outputs - targets) / outputs.size


def published_mse_gradient(outputs: np.ndarray, targets: np.ndarray) -> Any:
    """The derivative as published: target minus output, exactly -1 times the right one."""
    return 2 * (targets - outputs) / outputs.size


def published_error(losses: list[float]) -> float:
    """The "error" that the notebook prints for an epoch, given the loss of each example.

    It divides the running sum by 784 after every example, where it should divide once, by the
    number of examples: what is left is about the loss of the last example divided by 784.
    """
    error = 0.0
    for loss in losses:
        error = (error + loss) / PIXELS
    return error


def mse_to_labels(outputs: np.ndarray, labels: np.ndarray) -> float:
    """`mse` against the one-hot vectors of `labels`."""
    return mse(outputs, F.one_hot(labels, CLASSES).astype(outputs.dtype))


class BasicMLP:
    """Dense and sigmoid layers in turn; a sigmoid follows the last layer too.

    hidden         units of each hidden layer
    init           "normal", N(0, 1) as published, or "xavier"
    loss_gradient  `published_mse_gradient` or `mse_gradient`
    rng            a seed or a generator for the weights
    """

    def __init__(
        self,
        hidden: tuple[int, ...] = (200,) * 7,
        init: str = "normal",
        loss_gradient: Callable[..., np.ndarray] = published_mse_gradient,
        rng: Any = None,
    ):
        rng = np.random.default_rng(rng)
        sizes = [PIXELS, *hidden, CLASSES]
        self.loss_gradient = loss_gradient
        self.layers: list[Dense | Sigmoid] = []
        for inputs, outputs in pairwise(sizes):
            self.layers += [Dense(inputs, outputs, init, rng), Sigmoid()]

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The scores (n, 10), each between 0 and 1, of images (n, 28, 28)."""
        x = images.reshape(len(images), PIXELS)
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def train_step(
        self, images: np.ndarray, labels: np.ndarray, lr: float
    ) -> tuple[float, np.ndarray]:
        """Train on one batch: forward, backward and step. Returns its loss and scores before it."""
        outputs = self(images)
        targets = F.one_hot(labels, CLASSES).astype(outputs.dtype)
        gradient = self.loss_gradient(outputs, targets)
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient, lr)
        return mse(outputs, targets), outputs

    def eval(self) -> BasicMLP:
        """As `Module.eval`; this network works the same in training and in use."""
        return self

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of all weights and biases by name, as `Module.state_dict` gives them."""
        return {name: array.copy() for name, array in self._named()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Take over the values of `state`. If anything does not fit, change nothing.

        Raises ValueError, which names everything that does not fit.
        """
        own = dict(self._named())
        refuse_misfit(type(self).__name__, own, state)
        for name, array in own.items():
            array[...] = state[name]

    def _named(self) -> list[tuple[str, np.ndarray]]:
        return [
            (f"{i}.{name}", getattr(layer, name))
            for i, layer in enumerate(self.dense)
            for name in ("weight", "bias")
        ]

    @property
    def dense(self) -> list[Dense]:
        """The layers with weights, from the pixels to the classes."""
        return [layer for layer in self.layers if isinstance(layer, Dense)]


def fit_basic(
    network: BasicMLP,
    batches: Batches,
    lr: float,
    epochs: int,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    history: list[Epoch] | None = None,
) -> list[Epoch]:
    """Train `network` in place: `train.fit` for a network that takes its own steps.

    Its arguments, its result and what it raises are those of `train.fit`.
    """
    history = History() if history is None else history
    with suppress(StopTraining):
        for number in range(len(history) + 1, epochs + 1):
            tally = Tally(number)
            for images, labels in one_epoch(batches):
                # What overflows is seen in the loss: see Tally.add.
                with np.errstate(over="ignore", invalid="ignore"):
                    loss, scores = network.train_step(plain(images), plain(labels), lr)
                tally.add(loss, scores, labels)
            history.append(tally.epoch())
            on_epoch(history[-1])
    return history
