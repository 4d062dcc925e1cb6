"""The experiments, as a table of recipes.

A recipe is plain data: everything that decides a result, but for the seed and the digits. There
are two kinds: `BasicRecipe` for the hand-written network of `basic.py`, `Recipe` for a model of
this framework. To add an experiment, add an entry to `RECIPES`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .. import nn
from ..data import transforms
from ..nn import functional as F
from .basic import BasicMLP, mse_gradient, mse_to_labels, published_mse_gradient


@dataclass(frozen=True)
class BasicRecipe:
    """Part 1 of the published notebook: sigmoid layers, mean squared error, plain SGD.

    published         the published accuracy, 0 to 1, or None
    published_images  how many test images it was measured on
    climbs            keep the published fault: step up the gradient of the loss, not down
    train_images      how many of the first training images are used; None for all
    """

    name: str
    title: str
    published: float | None = None
    published_images: int = 10_000
    hidden: tuple[int, ...] = (200,) * 7
    init: str = "normal"
    climbs: bool = True
    lr: float = 10.0
    batch_size: int = 1
    shuffle: bool = False
    epochs: int = 10
    train_images: int | None = 1000

    augment = ()
    loss_name = "squared error"
    loss_fn = staticmethod(mse_to_labels)

    def build(self, rng: Any = None) -> BasicMLP:
        """The untrained network."""
        gradient = published_mse_gradient if self.climbs else mse_gradient
        return BasicMLP(self.hidden, self.init, gradient, rng)


@dataclass(frozen=True)
class Recipe:
    """Part 2 of the published notebook, and what goes past it: ReLU layers, cross-entropy, Adam.

    augment       transforms; if there are any, the training set is the originals plus as many
                  copies that go through all of them, drawn anew each epoch
    originals     False: the copies alone
    batch_norm    normalise what each hidden layer gives, before its ReLU
    weight_decay  above 0: AdamW instead of Adam
    one_cycle     the learning rate goes up to `lr` and down to almost 0 (OneCycleLR)
    label_smoothing  how much of the target is spread over all classes, 0 to 1
    held_out      how many of the last training images are kept for validation, not trained on
    validated     the accuracy on 10,000 held-out images by which it was chosen, where the recipe
                  itself trains on all; or None
    """

    name: str
    title: str
    published: float | None = None
    published_images: int = 10_000
    hidden: tuple[int, ...] = (100,)
    augment: tuple[transforms.Transform, ...] = ()
    lr: float = 0.01
    batch_size: int = 50
    epochs: int = 30
    train_images: int | None = None
    originals: bool = True
    batch_norm: bool = False
    weight_decay: float = 0.0
    one_cycle: bool = False
    label_smoothing: float = 0.0
    held_out: int = 0
    validated: float | None = None

    shuffle = True
    loss_name = "cross-entropy"
    loss_fn = staticmethod(F.cross_entropy)

    def training_loss(self, scores: Any, labels: Any) -> Any:
        """What is made small: the cross-entropy, with smoothed labels if the recipe has it so."""
        return F.cross_entropy(scores, labels, label_smoothing=self.label_smoothing)

    def build(self, rng: Any = None) -> nn.Sequential:
        """The untrained network."""
        return build_mlp(self.hidden, rng, self.batch_norm)


AnyRecipe = BasicRecipe | Recipe

HELD_OUT = 10_000
"""How many training images the recipes of our own keep for validation."""

FLIPS = transforms.RandomHorizontalFlip(p=0.7)
NOISE = transforms.GaussianNoise(mean=0.0, std=0.2)
AFFINE = transforms.RandomAffine(degrees=15, translate=(0.07, 0.07), scale=(0.88, 1.12), shear=8.6)
ELASTIC = transforms.ElasticTransform(alpha=50, sigma=5)

RECIPES: dict[str, AnyRecipe] = {
    recipe.name: recipe
    for recipe in (
        BasicRecipe("basic", "basic, as published", published=0.1, published_images=10),
        BasicRecipe("basic-sign-fixed", "basic, sign fixed", climbs=False),
        BasicRecipe(
            "basic-fixed",
            "basic, fully fixed",
            hidden=(200,),
            init="xavier",
            climbs=False,
            lr=3.0,
            batch_size=50,
            shuffle=True,
            epochs=5,
            train_images=None,
        ),
        Recipe("small", "small: 10 hidden units", published=0.9054, hidden=(10,), epochs=10),
        Recipe("improved", "improved, as published", published=0.9495, augment=(FLIPS, NOISE)),
        Recipe("improved-plain", "improved, no augmentation"),
        Recipe("improved-noise", "improved, noise only", augment=(NOISE,)),
        Recipe("improved-flips", "improved, flips only", augment=(FLIPS,)),
        Recipe("affine", "improved, affine copies", augment=(AFFINE,)),
        Recipe(
            "simard",
            "800 hidden units, elastic",
            hidden=(800,),
            augment=(AFFINE, ELASTIC),
            originals=False,
            lr=1e-3,
            batch_size=128,
            epochs=80,
            weight_decay=0.01,
            one_cycle=True,
            label_smoothing=0.1,
            held_out=HELD_OUT,
        ),
        Recipe(
            "best",
            "best: three hidden layers",
            hidden=(1536, 1024, 512),
            augment=(AFFINE, transforms.ElasticTransform(alpha=60, sigma=5)),
            originals=False,
            batch_norm=True,
            lr=3e-3,
            batch_size=256,
            epochs=100,
            weight_decay=0.01,
            one_cycle=True,
            label_smoothing=0.1,
            validated=0.9950,
        ),
    )
}

BEYOND = ("affine", "simard", "best")
"""The recipes that are not of the published experiment but go past it."""


def build_mlp(hidden: tuple[int, ...], rng: Any = None, batch_norm: bool = False) -> nn.Sequential:
    """784 pixels, the hidden layers with ReLU between, 10 scores. PyTorch's initial weights."""
    rng = np.random.default_rng(rng)
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise([784, *hidden]):
        layers.append(nn.Linear(inputs, outputs, rng=rng))
        if batch_norm:
            layers.append(nn.BatchNorm1d(outputs))
        layers.append(nn.ReLU())
    layers.append(nn.Linear([784, *hidden][-1], 10, rng=rng))
    return nn.Sequential(*layers)


RENAMED = {
    "basic-sign": "basic-sign-fixed",
    "basic, sign mended": "basic, sign fixed",
    "basic-mended": "basic-fixed",
    "basic, mended fully": "basic, fully fixed",
}
"""Names and titles that recipes had in files of version 0.1.0, and have now."""


def as_words(recipe: AnyRecipe) -> dict[str, Any]:
    """A recipe as what JSON can hold."""
    words = {"kind": type(recipe).__name__, **asdict(recipe)}
    if recipe.augment:
        words["augment"] = [{"kind": type(t).__name__, **vars(t)} for t in recipe.augment]
    return words


def from_words(words: Mapping[str, Any]) -> AnyRecipe:
    """The recipe that `as_words` described."""
    fields = {"hidden": (), **words}
    kind = {"BasicRecipe": BasicRecipe, "Recipe": Recipe}[fields.pop("kind")]
    fields["hidden"] = tuple(fields["hidden"])
    for key in ("name", "title"):
        fields[key] = RENAMED.get(fields[key], fields[key])
    if fields.get("augment"):
        chosen = [dict(t) for t in fields["augment"]]
        fields["augment"] = tuple(getattr(transforms, t.pop("kind"))(**t) for t in chosen)
    else:
        fields.pop("augment", None)
    return kind(**fields)


def count_weights(recipe: AnyRecipe) -> int:
    """How many numbers the network learns, biases included."""
    sizes = [784, *recipe.hidden, 10]
    count = sum(math.prod(pair) + pair[1] for pair in pairwise(sizes))
    if isinstance(recipe, Recipe) and recipe.batch_norm:
        count += 2 * sum(recipe.hidden)
    return count
