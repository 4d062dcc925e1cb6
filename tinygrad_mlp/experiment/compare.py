"""The comparison: run the recipes, and say what came out, in a table, in words, in pictures.

What the numbers say in sentences is in `findings.py`.
"""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data import ArrayDataset, transforms
from ..files import check_writable, write_whole
from ..train import Epoch
from ..version import __version__
from . import plot
from .findings import by_recipe, findings
from .recipes import RECIPES, AnyRecipe, Recipe, as_words, count_weights
from .report import write_report
from .training import Run, first_weights, run

QUICK_IMAGES = 6_000
QUICK_IMAGES_ONE_BY_ONE = 500
QUICK_EPOCHS = 2

SHOW_WEIGHTS_OF = ("basic-fixed", "small", "improved-plain", "improved")
"""The recipes whose first layer the report shows: half of its time goes into these pictures."""


def quick(recipe: AnyRecipe) -> AnyRecipe:
    """A small version of a recipe: to see that it works, not to learn from its numbers."""
    most = QUICK_IMAGES if recipe.batch_size > 1 else QUICK_IMAGES_ONE_BY_ONE
    images = min(recipe.train_images or most, most)
    return replace(recipe, train_images=images, epochs=min(recipe.epochs, QUICK_EPOCHS))


def compare(
    recipes: Sequence[AnyRecipe],
    train_data: ArrayDataset,
    test_data: ArrayDataset,
    out: Path,
    seeds: int = 1,
    notes: Sequence[str] = (),
    command: str = "",
    watch: Callable[[AnyRecipe, int], Callable[[Epoch], None]] = lambda recipe, seed: print,
    on_run: Callable[[Run], None] = lambda run: None,
) -> list[Run]:
    """Run every recipe with seeds 0 to seeds - 1, and write `results.json` and `report.html`.

    notes   sentences that belong above the results, such as what was changed by the user
    watch   gives, for a recipe and a seed, what is to be called after each of its epochs

    The results are written after every run and the report at the end, even when it is
    interrupted: what was finished is kept.
    """
    made = how_made(command)
    check_writable(out / "results.json")
    runs: list[Run] = []
    try:
        for recipe in recipes:
            for seed in range(seeds):
                runs.append(run(recipe, train_data, test_data, seed, watch(recipe, seed)))
                write_results(out / "results.json", runs, notes, made)
                on_run(runs[-1])
    finally:
        if runs:
            write_pictures(out / "report.html", runs, notes, made, train_data)
    return runs


# --------------------------------------------------------------------------------- the table


def table(runs: Sequence[Run]) -> tuple[list[str], list[list[str]]]:
    """The header, and a row for each recipe; with several seeds, mean and standard deviation."""
    rows = [_row(group) for group in by_recipe(runs).values()]
    # Only recipes past the published ones hold images out for validation.
    header = [name for name in rows[0] if any(row[name] for row in rows) or name == "published %"]
    return header, [[row[name] for name in header] for row in rows]


def _row(group: list[Run]) -> dict[str, str]:
    recipe = group[0].recipe
    validated = [100 * r.validation.accuracy for r in group if r.validation is not None]
    class_shares = [r.test.most_predicted_share for r in group]
    classes = sorted({r.test.most_predicted for r in group})
    return {
        "recipe": recipe.title,
        "published %": _published(recipe),
        "validation %": _spread(validated, 2) if validated else _chosen_by(recipe),
        "test %": _spread([100 * r.test.accuracy for r in group], 2),
        "test loss": _spread([r.test.loss for r in group], 3),
        "train %": _spread([100 * r.train.accuracy for r in group], 2),
        "most predicted": f"{','.join(map(str, classes))}: {100 * np.mean(class_shares):.0f} %",
        "seconds": _spread([r.seconds for r in group], 1),
    }


def _chosen_by(recipe: AnyRecipe) -> str:
    """In parentheses: it was measured when the recipe was chosen, not in this run."""
    if isinstance(recipe, Recipe) and recipe.validated is not None:
        return f"({100 * recipe.validated:.2f})"
    return ""


def _published(recipe: AnyRecipe) -> str:
    if recipe.published is None:
        return ""
    if recipe.published_images < 100:
        right = round(recipe.published * recipe.published_images)
        return f"{right} of {recipe.published_images}"
    return f"{100 * recipe.published:.2f}"


def _spread(values: Sequence[float], digits: int) -> str:
    text = f"{np.mean(values):.{digits}f}"
    return f"{text} ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else text


def as_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for the terminal: the first column flush left, the others flush right."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for cells in [header, ["-" * width for width in widths], *rows]:
        first, *rest = zip(cells, widths, strict=True)
        lines.append("  ".join([first[0].ljust(first[1]), *(c.rjust(w) for c, w in rest)]))
    return "\n".join(lines)


# ------------------------------------------------------------------------------ what is written


def how_made(command: str) -> dict[str, str]:
    """When, with what and on what the results were made."""
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": command,
        "tinygrad_mlp": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
    }


def write_results(
    path: Path, runs: Sequence[Run], notes: Sequence[str], made: dict[str, str]
) -> None:
    """Everything measured, as JSON."""
    content = {
        "made": made,
        "notes": list(notes),
        "findings": findings(runs),
        "runs": [_as_json(r) for r in runs],
    }
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _as_json(one: Run) -> dict[str, Any]:
    return {
        "recipe": as_words(one.recipe),
        "seed": one.seed,
        "test_accuracy": one.test.accuracy,
        "test_loss": one.test.loss,
        "loss": one.recipe.loss_name,
        "train_accuracy": one.train.accuracy,
        "train_loss": one.train.loss,
        "validation_accuracy": one.validation and one.validation.accuracy,
        "validation_loss": one.validation and one.validation.loss,
        "most_predicted": one.test.most_predicted,
        "most_predicted_share": one.test.most_predicted_share,
        "seconds": one.seconds,
        "history": [asdict(epoch) for epoch in one.history],
        "confusion": one.test.confusion.tolist(),
    }


def write_pictures(
    path: Path,
    runs: Sequence[Run],
    notes: Sequence[str],
    made: dict[str, str],
    train_data: ArrayDataset,
) -> None:
    """The report: table, findings and pictures, in one HTML file. Pictures show seed 0."""
    first = {name: group[0] for name, group in by_recipe(runs).items()}
    histories = {r.recipe.title: r.history for r in first.values()}
    confusions = {r.recipe.title: r.test.confusion for r in first.values()}
    figures = [
        ("The digits", "The first training images.", plot.digits(*train_data[:30])),
        (
            "What augmentation does to them",
            "Originals in the first row; under it, copies as the recipes draw them.",
            _augmented(train_data),
        ),
        (
            "Learning curves",
            "Mean loss and accuracy of each epoch, over the batches as they are trained on, "
            "so augmented recipes are scored here on augmented images too.",
            plot.learning_curves(histories),
        ),
        (
            "What is taken for what",
            "Confusion on the test set: rows are the true digits, columns the answers.",
            plot.confusions(confusions),
        ),
    ]
    shown = [first[name] for name in SHOW_WEIGHTS_OF if name in first] or first.values()
    for r in shown:
        figures.append(
            (
                f"First layer: {r.recipe.title}",
                f"What the hidden units look for; {count_weights(r.recipe):,} weights in all.",
                plot.first_weights(first_weights(r.model), r.recipe.title),
            )
        )
    intro = [
        "Every recipe is trained and scored by tinygrad_mlp on the CPU. Test accuracy and loss "
        "are over the whole test set, training accuracy over the training images without "
        "augmentation. The loss is the squared error for the basic networks and the "
        "cross-entropy for the others, so only losses of the same kind can be compared. Validation "
        "accuracy is over training images that are held out; settings were chosen by it, and never "
        "by the test images. In parentheses: measured when the recipe was chosen, before it was "
        "trained on all images.",
        *notes,
    ]
    title = "Basic versus improved MLP on MNIST"
    write_report(path, title, intro, *table(runs), findings(runs), figures, made)


def _augmented(data: ArrayDataset) -> Any:
    images, labels = data[:10]
    return plot.augmented(images, augmented_rows(images), labels)


def augmented_rows(images: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Copies of `images` as each augmenting recipe draws them, by the recipe's title."""
    rows: dict[Any, tuple[str, np.ndarray]] = {}
    for recipe in RECIPES.values():
        if isinstance(recipe, Recipe) and recipe.augment and recipe.augment not in rows:
            rng = np.random.default_rng(seed)
            copies = transforms.Compose(recipe.augment)(images, rng)
            rows[recipe.augment] = (recipe.title, copies)
    return dict(rows.values())
