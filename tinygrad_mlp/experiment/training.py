"""How a recipe is run: begin, train, score; save, load, export.

A `Training` is a recipe on its way, and can be saved after any epoch and gone on with to the bit;
a `Run` is one that has come to its end.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .. import checkpoint, nn, optim
from ..data import ArrayDataset, AugmentedDataset, DataLoader, transforms
from ..train import Diverged, Epoch, Scores, evaluate, fit, run_epochs
from .basic import BasicMLP
from .recipes import AnyRecipe, Recipe, as_words, from_words


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
    schedule.go_to(done * batches)
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
    checkpoint.restore(saved, training.model, training.optimizer)
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


def first_weights(model: Any) -> np.ndarray:
    """The weights of the first layer, (units, 784): what each hidden unit looks for."""
    if isinstance(model, BasicMLP):
        return model.dense[0].weight.T
    return next(p for p in model.parameters() if p.ndim == 2).data
