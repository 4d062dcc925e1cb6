"""The experiments, as a table of recipes, and how one is run.

A recipe is plain data: everything that decides a result, but for the seed and the digits. There
are two kinds: `BasicRecipe` for the hand-written network of `basic.py`, `Recipe` for a model of
this framework. To add an experiment, add an entry to `RECIPES`.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from . import checkpoint, nn, optim
from . import functional as F
from .basic import BasicMLP, mse_gradient, mse_to_labels, published_mse_gradient
from .data import ArrayDataset, AugmentedDataset, DataLoader, transforms
from .train import Diverged, Epoch, Scores, evaluate, fit, run_epochs


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
        BasicRecipe("basic-sign", "basic, sign mended", climbs=False),
        BasicRecipe(
            "basic-mended",
            "basic, mended fully",
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


@dataclass(frozen=True, eq=False)
class Training:
    """A recipe on its way: everything that decides how it goes on.

    optimizer  None for the hand-written network, which steps by itself
    order_rng  draws the order of the examples; copies_rng what augmentation does to them
    history    the epochs so far
    """

    recipe: AnyRecipe
    seed: int
    model: Any
    optimizer: optim.Optimizer | None
    order_rng: np.random.Generator
    copies_rng: np.random.Generator
    history: list[Epoch]


@dataclass(frozen=True, eq=False)
class Run:
    """One recipe, run with one seed: the model, how it learned, and how well it does.

    validation  the scores on the images that the recipe holds out, if it does
    seconds     of the training, not the scoring
    """

    recipe: AnyRecipe
    seed: int
    model: Any
    history: list[Epoch]
    test: Scores
    train: Scores
    seconds: float
    validation: Scores | None = None


def run(
    recipe: AnyRecipe,
    train_data: ArrayDataset,
    test_data: ArrayDataset,
    seed: int = 0,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Run:
    """Build, train and score. The same seed gives the same bits on the same machine.

    Raises Diverged, naming recipe and seed, when the loss is no number any more.
    """
    return finish(begin(recipe, seed), train_data, test_data, on_epoch)


def begin(recipe: AnyRecipe, seed: int = 0) -> Training:
    """The untrained network and its generators."""
    weights_rng, order_rng, copies_rng = np.random.default_rng(seed).spawn(3)
    model = recipe.build(weights_rng)
    optimizer = None if isinstance(model, BasicMLP) else make_optimizer(recipe, model)
    return Training(recipe, seed, model, optimizer, order_rng, copies_rng, [])


def make_optimizer(recipe: AnyRecipe, model: nn.Module) -> optim.Adam:
    """Adam, or AdamW where the weights decay."""
    if isinstance(recipe, Recipe) and recipe.weight_decay:
        return optim.AdamW(model.parameters(), recipe.lr, weight_decay=recipe.weight_decay)
    return optim.Adam(model.parameters(), recipe.lr)


def finish(
    training: Training,
    train_data: ArrayDataset,
    test_data: ArrayDataset,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Run:
    """Train up to the recipe's number of epochs, and score."""
    recipe, model = training.recipe, training.model
    train_data, held_out = divide(recipe, train_data)
    start = time.perf_counter()
    try:
        _train(training, train_data, on_epoch)
    except Diverged as error:
        raise Diverged(f"{recipe.name}, seed {training.seed}: {error}") from error
    seconds = time.perf_counter() - start
    if isinstance(model, nn.Module):
        model.eval()  # from here on it is used, not trained
    test, train = (evaluate(model, data, recipe.loss_fn) for data in (test_data, train_data))
    if not math.isfinite(test.loss):
        raise Diverged(
            f"{recipe.name}, seed {training.seed}: the loss on the test set is {test.loss}; "
            "a smaller learning rate may help"
        )
    validation = None if held_out is None else evaluate(model, held_out, recipe.loss_fn)
    return Run(recipe, training.seed, model, training.history, test, train, seconds, validation)


def divide(recipe: AnyRecipe, data: ArrayDataset) -> tuple[ArrayDataset, ArrayDataset | None]:
    """The images that a recipe trains on, and those that it holds out, if it does."""
    held_out = None
    if isinstance(recipe, Recipe) and recipe.held_out:
        if recipe.held_out >= len(data):
            raise ValueError(
                f"{recipe.name} holds {recipe.held_out:,} training images out for validation, and "
                f"there are only {len(data):,}"
            )
        held_out = ArrayDataset(*data[-recipe.held_out :])
        data = ArrayDataset(*data[: -recipe.held_out])
    if recipe.train_images is not None:
        data = ArrayDataset(*data[: recipe.train_images])
    return data, held_out


def _train(training: Training, data: ArrayDataset, on_epoch: Callable[[Epoch], None]) -> None:
    recipe, model, history = training.recipe, training.model, training.history
    batches = make_batches(recipe, data, training.order_rng, training.copies_rng)
    if isinstance(recipe, Recipe):
        assert training.optimizer is not None
        after_step = None
        if recipe.one_cycle:
            after_step = make_schedule(recipe, training.optimizer, len(batches), len(history)).step
        fit(
            model,
            batches,
            training.optimizer,
            recipe.epochs,
            recipe.training_loss,
            on_epoch,
            history,
            after_step,
        )
        return

    def step(images: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
        return model.train_step(images, labels, recipe.lr)

    run_epochs(step, batches, recipe.epochs, on_epoch, history)


def make_schedule(
    recipe: Recipe, optimizer: optim.Optimizer, batches: int, done: int = 0
) -> optim.lr_scheduler.OneCycleLR:
    """The one-cycle schedule of a recipe, for so many batches an epoch, after `done` epochs."""
    schedule = optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.lr, recipe.epochs * batches, cycle_momentum=False
    )
    # A schedule is a formula of the count of steps, so a resumed one is told the count.
    schedule.load_state_dict(schedule.state_dict() | {"last_epoch": done * batches})
    return schedule


def make_batches(
    recipe: AnyRecipe, data: ArrayDataset, order_rng: Any, copies_rng: Any = None
) -> DataLoader:
    """The batches that a recipe trains on: in order or shuffled, with augmented copies or not.

    Copies take nearly as long to make as a small network takes to learn from them, so a thread
    makes them while the batch before is trained on.
    """
    dataset: Any = data
    if recipe.augment:
        transform = transforms.Compose(recipe.augment)
        alone = isinstance(recipe, Recipe) and not recipe.originals
        dataset = AugmentedDataset(data, transform, copies_rng, originals=not alone)
    workers = int(bool(recipe.augment))
    return DataLoader(
        dataset, recipe.batch_size, recipe.shuffle, rng=order_rng, num_workers=workers
    )


# --------------------------------------------------------------------------- saving and resuming


def save(path: str | os.PathLike[str], training: Training) -> None:
    """Write a training to a file, so that `load` can go on with it to the bit."""
    checkpoint.save(
        path,
        training.model,
        training.optimizer,
        recipe=as_words(training.recipe),
        seed=training.seed,
        order=training.order_rng.bit_generator.state,
        copies=training.copies_rng.bit_generator.state,
        history=[asdict(epoch) for epoch in training.history],
    )


def load(path: str | os.PathLike[str]) -> Training:
    """What `save` wrote. ValueError if the file does not hold a training of this package."""
    saved = checkpoint.read(path)
    if not {"recipe", "seed", "order", "copies", "history"} <= saved.words.keys():
        raise ValueError(f"{path} does not say how it was trained; `train` writes files that do")
    training = begin(_from_file(path, saved.words["recipe"]), saved.words["seed"])
    try:
        training.order_rng.bit_generator.state = saved.words["order"]
        training.copies_rng.bit_generator.state = saved.words["copies"]
        training.history.extend(Epoch(**epoch) for epoch in saved.words["history"])
    except (KeyError, TypeError, AttributeError) as error:
        raise _from_another_version(path, error) from error
    training.model.load_state_dict(saved.weights)
    if training.optimizer is not None:
        training.optimizer.load_state_dict(saved.optimizer)
    return training


def _from_file(path: str | os.PathLike[str], words: Mapping[str, Any]) -> AnyRecipe:
    try:
        return from_words(words)
    except (KeyError, TypeError, AttributeError) as error:
        raise _from_another_version(path, error) from error


def _from_another_version(path: str | os.PathLike[str], error: Exception) -> ValueError:
    return ValueError(
        f"{path} says in a way unknown here how it was trained ({error!r}); was it written "
        "by another version of this package?"
    )


def export(training: Training, path: str | os.PathLike[str]) -> None:
    """Write the weights alone, in float16, and the recipe: what it takes to answer, no more.

    Rounding to 11 bits moves scores by about a thousandth; the file is a sixth of that of `save`.
    """
    halved = {
        name: array.astype(np.float16) if array.dtype.kind == "f" else array
        for name, array in training.model.state_dict().items()
    }
    checkpoint.save_arrays(path, halved, recipe=as_words(training.recipe), seed=training.seed)


def load_model(path: str | os.PathLike[str]) -> tuple[AnyRecipe, Any]:
    """The recipe and the trained network, in eval mode, of a file of `save` or `export`."""
    saved = checkpoint.read(path)
    if "recipe" not in saved.words:
        raise ValueError(
            f"{path} does not say of what recipe its weights are; `train` and `export` write "
            "files that do"
        )
    recipe = _from_file(path, saved.words["recipe"])
    model = recipe.build(0)
    model.load_state_dict(saved.weights)
    if isinstance(model, nn.Module):
        model.eval()
    return recipe, model


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
    if fields.get("augment"):
        chosen = [dict(t) for t in fields["augment"]]
        fields["augment"] = tuple(getattr(transforms, t.pop("kind"))(**t) for t in chosen)
    else:
        fields.pop("augment", None)
    return kind(**fields)


# ------------------------------------------------------------------------------ looking at them


def first_weights(model: Any) -> np.ndarray:
    """The weights of the first layer, (units, 784): what each hidden unit looks for."""
    if isinstance(model, BasicMLP):
        return model.dense[0].weight.T
    return next(p for p in model.parameters() if p.ndim == 2).data


def count_weights(recipe: AnyRecipe) -> int:
    """How many numbers the network learns, biases included."""
    sizes = [784, *recipe.hidden, 10]
    count = sum(math.prod(pair) + pair[1] for pair in pairwise(sizes))
    if isinstance(recipe, Recipe) and recipe.batch_norm:
        count += 2 * sum(recipe.hidden)
    return count
