"""What four networks say of a drawing, why, and how little it takes to change their minds.

The networks are those of the published experiment, and the best one; their weights are in the
package. They never change, so any number of threads may ask at once.

Two of the answers are gradients with respect to the pixels, where training takes them with respect
to the weights. `why` shows the gradient of the answer's score (Simonyan, Vedaldi and Zisserman,
"Deep inside convolutional networks", 2014). `fool` follows such a gradient, step by step, until
the network says something else (Szegedy et al., "Intriguing properties of neural networks", 2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ... import nn
from ...autograd import grad
from ...composed import logsumexp
from ...data import transforms
from ...engine import no_grad
from ...ops import sigmoid, softmax
from ...tensor import Tensor, tensor
from ..basic import BasicMLP
from ..preparation import digits_of, find_drawing, fitted
from ..recipes import AFFINE, ELASTIC, NOISE
from ..recognise import SURE
from ..training import load_model

WEIGHTS = Path(__file__).parent.parent / "weights"

SHOWN = ("basic", "small", "improved", "best")
"""The recipes whose networks answer, in the order in which the page has them."""

LIT = ("small", "improved")
"""Those whose hidden units the page shows: one layer of 10 or of 100."""

CHANGES: dict[str, transforms.Transform] = {
    "flip": transforms.RandomHorizontalFlip(p=1),
    "affine": AFFINE,
    "elastic": ELASTIC,
    "noise": NOISE,
}
"""What can be done to a drawing, in this order: as in training, but a flip is certain."""

STEP = 0.05
"""How long each step of `fool` is, as the square root of the sum of the squared changes."""

MOST_STEPS = 400

FLAT = 1e-9
"""A gradient shorter than this is none: it leads nowhere."""


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network: its recipe's name, and images (n, 28, 28) -> scores (n, 10).

    model     in eval mode, of float32, and no weight wants a gradient
    by_hand   whether it is the hand-written one, whose outputs are no probabilities: each is a
              sigmoid of its own
    """

    name: str
    model: nn.Sequential
    by_hand: bool = False

    def shares(self, scores: np.ndarray) -> np.ndarray:
        """What the ten bars show, (n, 10), for scores (n, 10)."""
        shares: np.ndarray = sigmoid(scores) if self.by_hand else softmax(scores, dim=1)
        return shares


@dataclass(frozen=True, eq=False)
class Seen:
    """A drawing as the networks see it.

    image  float32 (28, 28), from 0 to 1, or a little beyond where noise was added
    count  how many digits seem to stand side by side
    """

    image: np.ndarray
    count: int


@dataclass(frozen=True, eq=False)
class Answer:
    """What one network says.

    digit   the class with the highest score
    shares  (10,), the length of each bar, from 0 to 1
    sure    whether `predict` would give it without a doubt
    hidden  (units,), how strongly the first hidden layer lights up, the strongest 1
    """

    digit: int
    shares: np.ndarray
    sure: bool
    hidden: np.ndarray


@dataclass(frozen=True, eq=False)
class Fooled:
    """How far a network was led.

    before, after  its answers; the same if it could not be led to another
    image          (28, 28), what it was led to
    steps          how many steps it took
    flat           whether it ended because the gradient is zero
    """

    before: int
    after: int
    image: np.ndarray
    steps: int
    flat: bool = False


def load_networks() -> dict[str, Network]:
    """The four networks by name.

    Raises FileNotFoundError or ValueError if their files are missing or damaged.
    """
    return {name: load_network(name) for name in SHOWN}


def load_network(name: str) -> Network:
    """The network of a recipe whose weights are in the package."""
    _, model = load_model(WEIGHTS / f"{name}.safetensors")
    by_hand = isinstance(model, BasicMLP)
    layered = in_layers(model) if by_hand else model
    for parameter in layered.parameters():
        parameter.requires_grad = False
    return Network(name, layered.eval(), by_hand)


def in_layers(network: BasicMLP) -> nn.Sequential:
    """The hand-written network in this framework's layers, in float32, so that it has a gradient.

    The last sigmoid is left out: in float32 several outputs are exactly 1, and which of them is the
    answer can be told before it only.
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for dense in network.dense:
        inputs, outputs = dense.weight.shape
        linear = nn.Linear(inputs, outputs, rng=0)
        linear.load_state_dict({"weight": dense.weight.T, "bias": dense.bias})
        layers += [linear, nn.Sigmoid()]
    return nn.Sequential(*layers[:-1])


def see(greys: np.ndarray, changes: Sequence[str] = (), seed: int = 0) -> Seen:
    """What the networks see of a picture (h, w) of greys from 0 to 1, as `predict` prepares it.

    changes  names in CHANGES; each has a generator of its own, so that they do not disturb another
    seed     what the generators are made from

    Raises ValueError if nothing is drawn on it.
    """
    drawing = find_drawing(greys)
    image = fitted(drawing.ink)
    for number, (name, transform) in enumerate(CHANGES.items()):
        if name in changes:
            (image,) = transform(image[None], np.random.default_rng([seed, number]))
    return Seen(image, len(digits_of(drawing)))


def ask(network: Network, image: np.ndarray) -> Answer:
    """What a network says of an image (28, 28)."""
    with no_grad():
        values = tensor(image[None])
        hidden = np.zeros(0, np.float32)
        for layer in network.model:
            values = layer(values)
            if not hidden.size and isinstance(layer, nn.ReLU) and network.name in LIT:
                hidden = values.data[0]
    scores = values.data
    digit, shares = int(scores[0].argmax()), network.shares(scores)[0]
    sure = not network.by_hand and bool(shares[digit] >= SURE)
    return Answer(digit, shares, sure, hidden / max(hidden.max(initial=0), 1e-6))


def why(network: Network, image: np.ndarray) -> np.ndarray:
    """The gradient (28, 28) of the answer's score: where more ink would speak for it."""
    pixels = tensor(image[None], requires_grad=True)
    scores = network.model(pixels)
    return _gradient(scores[0, int(scores.data.argmax())], pixels)


def fool(network: Network, image: np.ndarray) -> Fooled:
    """Change an image (28, 28), step by step, until the network says something else.

    Each step goes up the gradient of the odds of any other digit against the first answer, in
    logarithms: these do not level off where the network is all but certain. Pixels stay between
    0 and 1, or where they were.
    """
    least, most = np.minimum(image, 0), np.maximum(image, 1)
    changed, before = image, ask(network, image).digit
    others = [digit for digit in range(10) if digit != before]
    for steps in range(MOST_STEPS + 1):
        pixels = tensor(changed[None], requires_grad=True)
        scores = network.model(pixels)[0]
        after = int(scores.data.argmax())
        if after != before or steps == MOST_STEPS:
            break
        uphill = _gradient(logsumexp(scores[others], dim=0) - scores[before], pixels)
        # At the edge of what a pixel can be, it cannot follow.
        uphill[((uphill < 0) & (changed <= least)) | ((uphill > 0) & (changed >= most))] = 0
        length = float(np.linalg.norm(uphill))
        if length < FLAT:
            return Fooled(before, before, changed, steps, flat=True)
        changed = np.clip(changed + (STEP / length) * uphill, least, most)
    return Fooled(before, after, changed, steps)


def _gradient(value: Tensor, pixels: Tensor) -> np.ndarray:
    """The gradient (28, 28) of a number with respect to the pixels (1, 28, 28) it came from."""
    (found,) = grad(value, pixels)
    assert found is not None  # grad raises if there is none
    return np.array(found.data[0])
