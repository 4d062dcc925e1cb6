"""How a recipe is run: begin, train, score; save, load, export.

A `Training` is a recipe on its way: it can be saved after any epoch and resumed to the bit. A
`Run` is one that has come to its end.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .. import checkpoint, optim
from ..data import ArrayDataset, AugmentedDataset, DataLoader, transforms
from ..optim import fused
from ..train import Diverged, Epoch, History, Scores, evaluate
from . import described
from .recipes import AnyRecipe, from_dict


@dataclass(frozen=True, eq=False, repr=False)
class Training:
    """A recipe on its way: everything that decides how it goes on.

    optimizer   None for the hand-written network, which takes its own steps
    order_rng   draws the order of the examples
    copies_rng  draws what augmentation does to them
    history     the epochs so far
    """

    recipe: AnyRecipe
    seed: int
    model: Any
    optimizer: optim.Optimizer | None
    order_rng: np.random.Generator
    copies_rng: np.random.Generator
    history: list[Epoch]
    replayed: bool = False

    def __repr__(self) -> str:
        return f"Training({self.recipe.name}, seed {self.seed}: {self.history!r})"


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """One recipe, run with one seed: the model, how it learned, and how well it does.

    test        the scores on the test images
    train       the scores on the training images, without augmentation
    seconds     of the training, not the scoring
    validation  the scores on the images that the recipe holds out, if it holds any out
    dead_units  how many hidden units are 0 for every test image; None for sigmoids
    measured    what else a study has measured of it, by name
    """

    recipe: AnyRecipe
    seed: int
    model: Any
    history: list[Epoch]
    test: Scores
    train: Scores
    seconds: float
    validation: Scores | None = None
    dead_units: int | None = None
    measured: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        name, seed = self.recipe.name, self.seed
        return f"Run({name}, seed {seed}: test {self.test!r}, {self.seconds:.3g} s)"


@dataclass(frozen=True)
class Speedups:
    """What makes a training faster and changes no bit of it.

    replayed  forward and backward pass are written down once and replayed: see `tg.compile`
    fused     the update of the optimiser is one compiled loop: see `optim.fused`
    """

    replayed: bool = False
    fused: bool = False

    def __str__(self) -> str:
        steps = "by replaying its program" if self.replayed else "step by step"
        return f"{steps}, {'with the update as one loop by Numba' if self.fused else 'in NumPy'}"


WORTH_A_LOOP = 500_000_000
"""From how many weights stepped a compiled loop gains more than the half second of loading it."""


def choose_speedups(recipe: AnyRecipe, allowed: bool = True) -> Speedups:
    """What a training of this recipe uses here: the one place that decides.

    allowed  False: nothing that is compiled, as `--no-compile` asks
    """
    gains = allowed and recipe.weights_stepped() >= WORTH_A_LOOP
    return Speedups(
        replayed=allowed and recipe.weights_stepped() > 0, fused=gains and fused.available()
    )


def run(
    recipe: AnyRecipe,
    train_data: ArrayDataset,
    test_data: ArrayDataset,
    seed: int = 0,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    compiled: bool = True,
    ahead: bool = True,
) -> Run:
    """Build, train and score. The same seed gives the same bits on the same machine.

    compiled  let it use what `choose_speedups` chooses
    ahead     prepare augmented copies ahead, in a thread: of no use where every core is busy

    Raises Diverged, naming recipe and seed, when the loss is infinite or not a number.
    """
    return finish(begin(recipe, seed, compiled), train_data, test_data, on_epoch, ahead)


def begin(recipe: AnyRecipe, seed: int = 0, compiled: bool = True) -> Training:
    """The untrained network, its optimiser and its generators.

    compiled  let it use what `choose_speedups` chooses
    """
    weights_rng, order_rng, copies_rng = np.random.default_rng(seed).spawn(3)
    model: Any = recipe.build(weights_rng)
    speedups = choose_speedups(recipe, compiled)
    optimizer = recipe.make_optimizer(model, speedups.fused)
    return Training(
        recipe, seed, model, optimizer, order_rng, copies_rng, History(), speedups.replayed
    )


def finish(
    training: Training,
    train_data: ArrayDataset,
    test_data: ArrayDataset,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    ahead: bool = True,
) -> Run:
    """Train up to the recipe's number of epochs, and score. The model ends in eval mode.

    ahead  prepare augmented copies ahead, in a thread: of no use where every core is busy

    Raises Diverged, naming recipe and seed, when the loss is infinite or not a number.
    """
    recipe = training.recipe
    model = training.model
    train_data, held_out = divide(recipe, train_data)
    batches = make_batches(recipe, train_data, training.order_rng, training.copies_rng, ahead)
    _check_last_batch(recipe, batches)
    start = time.perf_counter()
    try:
        recipe.fit(
            model, training.optimizer, batches, on_epoch, training.history, training.replayed
        )
    except Diverged as error:
        raise Diverged(f"{recipe.name}, seed {training.seed}: {error}") from error
    seconds = time.perf_counter() - start
    model.eval()
    test = evaluate(model, test_data, recipe.loss_fn)
    train = evaluate(model, train_data, recipe.loss_fn)
    if not math.isfinite(test.loss):
        raise Diverged(
            f"{recipe.name}, seed {training.seed}: the loss on the test set is {test.loss}; "
            "a smaller learning rate may help"
        )
    validation = None if held_out is None else evaluate(model, held_out, recipe.loss_fn)
    return Run(
        recipe,
        training.seed,
        model,
        training.history,
        test,
        train,
        seconds,
        validation,
        recipe.count_dead(model, test_data.images),
    )


def divide(recipe: AnyRecipe, data: ArrayDataset) -> tuple[ArrayDataset, ArrayDataset | None]:
    """The images that a recipe trains on, and those that it holds out, if it holds any out.

    Raises ValueError if there are too few images to hold so many out, or this is below 0.
    """
    held_out = None
    if recipe.held_out < 0:
        raise ValueError(
            f"{recipe.name} holds {recipe.held_out} images out; give 0 or a number of images"
        )
    if recipe.held_out:
        if recipe.held_out >= len(data):
            raise ValueError(
                f"{recipe.name} holds {recipe.held_out:,} training images out for validation, and "
                f"there are only {len(data):,}; hold fewer out, or give it more images"
            )
        held_out = ArrayDataset(*data[-recipe.held_out :])
        data = ArrayDataset(*data[: -recipe.held_out])
    if recipe.train_images is not None:
        data = ArrayDataset(*data[: recipe.train_images])
    return data, held_out


def make_batches(
    recipe: AnyRecipe,
    data: ArrayDataset,
    order_rng: Any,
    copies_rng: Any = None,
    ahead: bool = True,
) -> DataLoader:
    """The batches that a recipe trains on: in order or shuffled, with augmented copies or without.

    ahead  copies take nearly as long to make as a small network takes to learn from them, so a
           thread makes them while the previous batch is trained on; the batches are the same
    """
    if not recipe.augment:
        return DataLoader(data, recipe.batch_size, recipe.shuffle, rng=order_rng)
    transform = transforms.Compose(recipe.augment)
    augmented = AugmentedDataset(
        data, transform, copies_rng, recipe.originals, recipe.augment_classes
    )
    return DataLoader(
        augmented, recipe.batch_size, recipe.shuffle, rng=order_rng, num_workers=int(ahead)
    )


def _check_last_batch(recipe: AnyRecipe, batches: DataLoader) -> None:
    """Raise ValueError if the end of each epoch would be the end of the training.

    Batch normalisation needs two images: one has no spread.
    """
    images = len(batches.dataset)
    if recipe.batch_norm and images % batches.batch_size == 1 % batches.batch_size:
        raise ValueError(
            f"{recipe.name} normalises batches, and of its {images:,} images in batches of "
            f"{batches.batch_size:,} the last one would be alone; take another batch size, or hold "
            "one image more or less out"
        )


# --------------------------------------------------------------------------- saving and resuming


def save(path: str | os.PathLike[str], training: Training) -> None:
    """Write a training to a file, so that `load` can resume it to the bit."""
    checkpoint.save(
        path,
        training.model,
        training.optimizer,
        recipe=training.recipe.to_dict(),
        seed=training.seed,
        order=training.order_rng.bit_generator.state,
        copies=training.copies_rng.bit_generator.state,
        history=[asdict(epoch) for epoch in training.history],
    )


def load(path: str | os.PathLike[str], compiled: bool = True) -> Training:
    """The training that `save` wrote, here or in an earlier version.

    compiled  let it use what `choose_speedups` chooses, whatever it used before

    Raises FileNotFoundError if there is no file, ValueError if it does not hold a training.
    """
    saved = checkpoint.read(path)
    words = saved.words
    if not {"recipe", "seed", "order", "copies", "history"} <= words.keys():
        raise ValueError(f"{path} does not say how it was trained; `train` writes files that do")
    with _complaints_of(path):
        recipe = _checked_recipe(saved)
        described.check_value("the seed", words["seed"], described.SEED)
        for name in ("order", "copies"):
            described.check_generator(f"the generator {name}", words[name])
        described.check_history(words["history"])
        training = begin(recipe, words["seed"], compiled)
        training.order_rng.bit_generator.state = words["order"]
        training.copies_rng.bit_generator.state = words["copies"]
        training.history.extend(Epoch(**epoch) for epoch in words["history"])
        checkpoint.restore(saved, training.model, training.optimizer)
    return training


def export(training: Training, path: str | os.PathLike[str]) -> None:
    """Write the weights alone, in float16, and the recipe: what it takes to answer, no more.

    Rounding to 11 bits moves scores by about a thousandth; the file is a sixth of that of `save`.
    """
    halved = {
        name: array.astype(np.float16) if array.dtype.kind == "f" else array
        for name, array in training.model.state_dict().items()
    }
    checkpoint.save_arrays(path, halved, recipe=training.recipe.to_dict(), seed=training.seed)


def load_model(path: str | os.PathLike[str]) -> tuple[AnyRecipe, Any]:
    """The recipe and the trained network, in eval mode, of a file of `save` or `export`.

    Raises FileNotFoundError if there is no file, ValueError if it does not hold such a network.
    """
    saved = checkpoint.read(path)
    if "recipe" not in saved.words:
        raise ValueError(
            f"{path} does not say which recipe its weights belong to; `train` and `export` write "
            "files that do"
        )
    with _complaints_of(path):
        recipe = _checked_recipe(saved)
        model: Any = recipe.build(0)
        model.load_state_dict(saved.weights)
    return recipe, model.eval()


def _checked_recipe(saved: checkpoint.Saved) -> AnyRecipe:
    """The recipe of a file, if the file holds enough numbers for its network.

    Without this, a few words in a small file would have a network built that fills the memory.
    """
    recipe = from_dict(saved.words["recipe"])
    found = sum(array.size for array in saved.weights.values())
    if recipe.count_weights() > found:
        raise ValueError(
            f"its recipe needs {recipe.count_weights():,} numbers, and the file holds {found:,}"
        )
    return recipe


@contextmanager
def _complaints_of(path: str | os.PathLike[str]) -> Iterator[None]:
    """Complaints about what a file holds name the file."""
    try:
        yield
    except ValueError as error:
        raise ValueError(
            f"{path} holds a training that cannot be read here ({error}); was it written by "
            "another version of this package?"
        ) from error
