"""The experiments, as a table of recipes.

A recipe is plain data: everything that decides a result, except the seed and the digits. There
are two kinds: `BasicRecipe` for the hand-written network of `basic.py`, `Recipe` for a model of
this framework. Whatever the rest of the experiment asks of a recipe, both kinds can answer, so
nothing needs to know which kind it has. To add an experiment, add an entry to `RECIPES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .. import nn, optim, train
from ..data import transforms
from ..data.mnist import HELD_OUT
from ..engine import no_grad
from ..nn import functional as F
from ..tensor import tensor
from ..train import Batches, Epoch
from . import described
from .basic import BasicMLP, fit_basic, mse_gradient, mse_to_labels, published_mse_gradient


@dataclass(frozen=True)
class BasicRecipe:
    """Part 1 of the published notebook: sigmoid layers, mean squared error, plain SGD.

    published         the published accuracy, 0 to 1, or None
    published_images  how many test images it was measured on
    hidden            units of each hidden layer
    init              the initial weights, "normal" or "xavier"
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

    # What a Recipe can choose; here it cannot be changed.
    augment = ()
    augment_classes = ()
    originals = True
    batch_norm = False
    weight_decay = 0.0
    one_cycle = False
    label_smoothing = 0.0
    held_out = 0
    validated = None

    loss_name = "squared error"
    loss_fn = staticmethod(mse_to_labels)

    def build(self, rng: Any = None) -> BasicMLP:
        """The untrained network."""
        gradient = published_mse_gradient if self.climbs else mse_gradient
        return BasicMLP(self.hidden, self.init, gradient, rng)

    def make_optimizer(self, model: BasicMLP, fused: bool = False) -> None:
        """None: the network takes its own steps."""

    def weights_stepped(self) -> int:
        """How often an optimiser moves a weight: never, the network takes its own steps."""
        return 0

    def fit(
        self,
        model: BasicMLP,
        optimizer: Any,
        batches: Batches,
        on_epoch: Callable[[Epoch], None],
        history: list[Epoch],
        compile: bool = False,
    ) -> list[Epoch]:
        """Train `model` on from `history` to the recipe's number of epochs, as `train.fit`."""
        return fit_basic(model, batches, self.lr, self.epochs, on_epoch, history)

    def first_weights(self, model: BasicMLP) -> np.ndarray:
        """The weights of the first layer, (units, 784): what each hidden unit looks for."""
        return model.dense[0].weight.T

    def count_dead(self, model: BasicMLP, images: np.ndarray) -> None:
        """None: a sigmoid is never 0."""

    def count_weights(self) -> int:
        """How many numbers the network learns, biases included."""
        return _count_dense(self.hidden)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON can hold it; `from_dict` reads it."""
        return {"kind": "BasicRecipe", **asdict(self)}


@dataclass(frozen=True)
class Recipe:
    """Part 2 of the published notebook, and what goes past it: ReLU layers, cross-entropy, Adam.

    published         the published accuracy, 0 to 1, or None
    published_images  how many test images it was measured on
    hidden            units of each hidden layer
    augment           transforms; if there are any, the training set is the originals plus as many
                      copies that go through all of them, drawn anew each epoch
    train_images      how many of the first training images are used; None for all
    augment_classes   only copies of these classes are changed, if any are named
    originals         False: train on the copies alone
    batch_norm        normalise the outputs of each hidden layer, before its ReLU
    weight_decay      above 0: AdamW instead of Adam
    one_cycle         the learning rate goes up to `lr` and down to almost 0 (OneCycleLR)
    label_smoothing   how much of the target is spread over all classes, 0 to 1
    held_out          how many of the last training images are kept for validation, not trained on
    validated         the accuracy on 10,000 held-out images by which it was chosen, where the
                      recipe itself trains on all of them; or None
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
    augment_classes: tuple[int, ...] = ()
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
        """What is minimised: the cross-entropy, with smoothed labels if the recipe says so."""
        return F.cross_entropy(scores, labels, label_smoothing=self.label_smoothing)

    def build(self, rng: Any = None) -> nn.Sequential:
        """The untrained network."""
        return build_mlp(self.hidden, rng, self.batch_norm)

    def make_optimizer(self, model: nn.Module, fused: bool = False) -> optim.Adam:
        """Adam, or AdamW where the weights decay; `fused` changes no bit: see `optim.fused`."""
        if self.weight_decay:
            return optim.AdamW(
                model.parameters(), self.lr, weight_decay=self.weight_decay, fused=fused
            )
        return optim.Adam(model.parameters(), self.lr, fused=fused)

    def weights_stepped(self) -> int:
        """How often the optimiser moves a weight in the whole training, on all of MNIST."""
        images = (self.train_images or 60_000) * (2 if self.augment and self.originals else 1)
        return max(1, self.epochs * images // self.batch_size) * self.count_weights()

    def make_schedule(
        self, optimizer: optim.Optimizer, batches: int, done: int = 0
    ) -> optim.lr_scheduler.OneCycleLR | None:
        """The one-cycle schedule, if the recipe has one.

        batches  how many there are in an epoch
        done     how many epochs were trained before
        """
        if not self.one_cycle:
            return None
        schedule = optim.lr_scheduler.OneCycleLR(
            optimizer, self.lr, self.epochs * batches, cycle_momentum=False
        )
        schedule.go_to(done * batches)
        return schedule

    def fit(
        self,
        model: nn.Module,
        optimizer: Any,
        batches: Any,
        on_epoch: Callable[[Epoch], None],
        history: list[Epoch],
        compile: bool = False,
    ) -> list[Epoch]:
        """Train `model` on from `history` to the recipe's number of epochs, as `train.fit`."""
        schedule = self.make_schedule(optimizer, len(batches), len(history))
        after_step = None if schedule is None else schedule.step
        return train.fit(
            model,
            batches,
            optimizer,
            self.epochs,
            self.training_loss,
            on_epoch,
            history,
            after_step,
            compile,
        )

    def first_weights(self, model: nn.Module) -> np.ndarray:
        """The weights of the first layer, (units, 784): what each hidden unit looks for."""
        return next(p for p in model.parameters() if p.ndim == 2).data

    def count_dead(self, model: nn.Sequential, images: np.ndarray) -> int:
        """How many hidden units are 0 for every one of the images (n, 28, 28)."""
        dead = 0
        values = tensor(images)
        with no_grad():
            for layer in model:
                values = layer(values)
                if isinstance(layer, nn.ReLU):
                    dead += int((values.data.max(axis=0) == 0).sum())
        return dead

    def count_weights(self) -> int:
        """How many numbers the network learns, biases included."""
        normalising = 2 * sum(self.hidden) if self.batch_norm else 0
        return _count_dense(self.hidden) + normalising

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON can hold it; `from_dict` reads it."""
        augment = [{"kind": type(t).__name__, **vars(t)} for t in self.augment]
        return {"kind": "Recipe", **asdict(self), "augment": augment}


AnyRecipe = BasicRecipe | Recipe

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
        # Controls: stopped early, and as many steps as without copies, which double an epoch.
        Recipe("plain-10-epochs", "no augmentation, 10 epochs", epochs=10),
        Recipe("noise-15-epochs", "noise only, 15 epochs", augment=(NOISE,), epochs=15),
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
"""The recipes that are not part of the published experiment but go past it."""


def build_mlp(hidden: tuple[int, ...], rng: Any = None, batch_norm: bool = False) -> nn.Sequential:
    """784 pixels, hidden layers with a ReLU after each, 10 scores. PyTorch's initial weights.

    hidden      units of each hidden layer
    rng         a seed or a generator for the weights
    batch_norm  normalise the outputs of each hidden layer, before its ReLU
    """
    rng = np.random.default_rng(rng)
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise([784, *hidden]):
        layers.append(nn.Linear(inputs, outputs, rng=rng))
        if batch_norm:
            layers.append(nn.BatchNorm1d(outputs))
        layers.append(nn.ReLU())
    layers.append(nn.Linear([784, *hidden][-1], 10, rng=rng))
    return nn.Sequential(*layers)


def _count_dense(hidden: tuple[int, ...]) -> int:
    """The weights and biases of dense layers from 784 pixels to 10 scores."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise([784, *hidden, 10]))


# ------------------------------------------------------------------------ reading recipes again

KINDS: dict[str, type[BasicRecipe] | type[Recipe]] = {"BasicRecipe": BasicRecipe, "Recipe": Recipe}

TRANSFORMS: dict[str, Callable[..., transforms.Transform]] = {
    "RandomHorizontalFlip": transforms.RandomHorizontalFlip,
    "GaussianNoise": transforms.GaussianNoise,
    "RandomAffine": transforms.RandomAffine,
    "ElasticTransform": transforms.ElasticTransform,
}


def from_dict(given: Any) -> AnyRecipe:
    """The recipe that `to_dict` described, here or in an earlier version.

    Raises ValueError if it is not the description of a recipe: another kind, a missing or unknown
    setting, an unknown transform, a value that the table in `described.py` does not allow.
    """
    settings, make = _checked("recipe", given, KINDS, described.RECIPES, ("name", "title"))
    if "hidden" in settings:
        settings["hidden"] = tuple(settings["hidden"])
    if "augment_classes" in settings:
        settings["augment_classes"] = tuple(settings["augment_classes"])
    if "augment" in settings:
        settings["augment"] = tuple(_transform(t) for t in settings["augment"])
    recipe: AnyRecipe = make(**settings)
    return recipe


def _transform(given: Any) -> transforms.Transform:
    settings, make = _checked("transform", given, TRANSFORMS, described.TRANSFORMS, ())
    try:
        transform: transforms.Transform = make(**settings)
    except TypeError as error:  # one of those that have no default is missing
        raise ValueError(f"these are not the settings of a transform: {error}") from error
    return transform


def _checked(
    what: str,
    given: Any,
    kinds: Mapping[str, Any],
    tables: Mapping[str, described.Table],
    needed: tuple[str, ...],
) -> tuple[dict[str, Any], Any]:
    """The settings that a description gives, and what they are for, if the table allows them."""
    if not isinstance(given, Mapping):
        shown = described.shown(given)
        raise ValueError(f"a {what} is described by names and values, not by {shown}")
    settings = dict(given)
    kind = settings.pop("kind", None)
    if not isinstance(kind, str) or kind not in kinds:
        raise ValueError(
            f"there is no {what} of the kind {described.shown(kind)}; there are {', '.join(kinds)}"
        )
    described.check(kind, settings, tables[kind], needed)
    return settings, kinds[kind]
