"""The comparison: run the recipes, and write down what came out, as a table, JSON and a report.

What the numbers say, in sentences, is in `findings.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import checkpoint, plot
from ..data import ArrayDataset, transforms
from ..files import check_writable
from ..train import Scores
from .findings import accuracies, accuracy_change, by_recipe, changes, findings
from .parallel import Watch, run_all
from .recipes import RECIPES, AnyRecipe
from .report import write_report
from .results import how_made, in_order, write_results
from .training import Run

RESULTS, REPORT, WEIGHTS = "results.json", "report.html", "first-weights.safetensors"
"""The names of the files of a comparison, in its folder."""

QUICK_IMAGES = 6_000
QUICK_IMAGES_ONE_BY_ONE = 500
QUICK_EPOCHS = 2

SHOW_WEIGHTS_OF = ("basic-fixed", "small", "improved-plain", "improved")
"""The recipes whose first layer the report shows: drawing these takes half of its time."""


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
    made: dict[str, str] | None = None,
    watch: Watch = lambda recipe, seed: print,
    on_run: Callable[[Run], None] = lambda run: None,
    on_file: Callable[[Path], None] = lambda path: None,
    compiled: bool = True,
    jobs: int = 1,
    known: Sequence[Run] = (),
) -> list[Run]:
    """Run every recipe with seeds 0 to seeds - 1, and write `results.json` and `report.html`.

    out       the folder for both files, and for the first weights that the report shows
    notes     sentences that belong above the results, such as what the user changed
    made      how the results are made, from `results.how_made`
    watch     gives, for a recipe and a seed, what to call after each of its epochs
    on_run    called after each run
    on_file   called with each file that is whole
    compiled  let them use what `training.choose_speedups` chooses
    jobs      how many run side by side, each in a process with one thread
    known     runs that need not be made again, from `results.finished_before`

    Returns the runs by recipe and seed. The results are written after every run and the report at
    the end, even after an interruption: what was finished is kept. Raises OSError before any
    training if `out` cannot be written, and Diverged if the loss of a run is infinite or not a
    number.
    """
    made = made or how_made("", train_data, test_data, jobs)
    check_writable(out / RESULTS)
    runs = in_order(known, recipes)
    done = {(one.recipe, one.seed) for one in runs}
    tasks = [(r, s) for r in recipes for s in range(seeds) if (r, s) not in done]
    names = [recipe.name for recipe in recipes]
    shown = [name for name in names if name in SHOW_WEIGHTS_OF] or names
    weights: dict[
        str, np.ndarray
    ] = {}  # of the first layer; written too, for the report after an interruption
    if runs and (out / WEIGHTS).is_file():
        with suppress(ValueError):  # a file that cannot be read is one without pictures
            weights = checkpoint.read(out / WEIGHTS).weights
    try:
        for one in run_all(tasks, train_data, test_data, watch, jobs, compiled):
            runs = in_order([*runs, one], recipes)
            write_results(out / RESULTS, runs, made, notes, findings(runs, made["dataset"]))
            on_file(out / RESULTS)
            if one.seed == 0 and one.recipe.name in shown:
                weights[one.recipe.name] = one.recipe.first_weights(one.model)
                checkpoint.save_arrays(out / WEIGHTS, weights)
            on_run(one)
    finally:
        if runs:
            if not tasks:  # what is said of them may have changed
                write_results(out / RESULTS, runs, made, notes, findings(runs, made["dataset"]))
                on_file(out / RESULTS)
            write_pictures(out / REPORT, runs, weights, notes, made, train_data)
            on_file(out / REPORT)
    return runs


# --------------------------------------------------------------------------------- the table


def table(runs: Sequence[Run]) -> tuple[list[str], list[list[str]]]:
    """The header, and a row for each recipe; with several seeds, mean and standard deviation."""
    rows = [_row(group) for group in by_recipe(runs).values()]
    # Only recipes past the published ones have a validation accuracy.
    header = [name for name in rows[0] if any(row[name] for row in rows) or name == "published %"]
    return header, [[row[name] for name in header] for row in rows]


def _row(group: list[Run]) -> dict[str, str]:
    recipe = group[0].recipe
    return {
        "recipe": recipe.title,
        "published %": _published(recipe),
        "validation %": _percent(r.validation for r in group) or _chosen_by(recipe),
        "test %": _percent(r.test for r in group),
        "test loss": _spread([r.test.loss for r in group], 3),
        "train %": _percent(r.train for r in group),
        "most predicted": _most_predicted(group),
        "seconds": _spread([r.seconds for r in group], 1),
    }


def _chosen_by(recipe: AnyRecipe) -> str:
    """In parentheses: it was measured when the recipe was chosen, not in this run."""
    return "" if recipe.validated is None else f"({100 * recipe.validated:.2f})"


def _published(recipe: AnyRecipe) -> str:
    if recipe.published is None:
        return ""
    if recipe.published_images < 100:
        right = round(recipe.published * recipe.published_images)
        return f"{right} of {recipe.published_images}"
    return f"{100 * recipe.published:.2f}"


def _percent(scores: Iterable[Scores | None]) -> str:
    """Their accuracies in percent; empty if there are none."""
    return _spread([100 * accuracy for accuracy in accuracies(scores)], 2)


def _spread(values: Sequence[float], digits: int) -> str:
    if not values:
        return ""
    text = f"{np.mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" ± {np.std(values, ddof=1):.{digits}f}"
    return text


def _most_predicted(group: list[Run]) -> str:
    """The classes that were predicted most often, and what share of the predictions they took."""
    classes = sorted({r.test.most_predicted for r in group})
    share = np.mean([r.test.most_predicted_share for r in group])
    return f"{','.join(map(str, classes))}: {100 * share:.0f} %"


def as_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for the terminal: the first column is flush left, the others flush right."""
    columns = zip(header, *rows, strict=True)
    widths = [max(map(len, column)) for column in columns]
    rule = ["-" * width for width in widths]
    lines = []
    for row in (header, rule, *rows):
        cells = list(map(str.rjust, row, widths))
        cells[0] = row[0].ljust(widths[0])
        lines.append("  ".join(cells))
    return "\n".join(lines)


# ------------------------------------------------------------------------------ what is written


def write_pictures(
    path: Path,
    runs: Sequence[Run],
    weights: Mapping[str, np.ndarray],
    notes: Sequence[str],
    made: dict[str, str],
    train_data: ArrayDataset,
) -> None:
    """Write the report: table, findings and pictures, in one HTML file. Pictures show seed 0.

    weights  those of the first layer, (units, 784), by the names of recipes
    """
    first = {name: group[0] for name, group in by_recipe(runs).items()}
    histories = {r.recipe.title: r.history for r in first.values()}
    confusions = {r.recipe.title: r.test.confusion for r in first.values()}
    figures = [
        (
            "The images",
            "The first training images.",
            plot.digits(*train_data[:30]),
        ),
        (
            "What augmentation does to them",
            "Originals in the first row; below it, copies as the recipes draw them.",
            _augmented(train_data),
        ),
        (
            "Learning curves",
            "Mean loss and accuracy of each epoch, over the batches as they are trained on, "
            "so recipes with augmentation are scored on augmented images here too. The loss is "
            "that of each recipe: only losses of the same kind can be compared.",
            plot.learning_curves(histories),
        ),
        (
            "What is taken for what",
            "Confusion on the test set: rows are the true digits, columns the answers.",
            plot.confusions(confusions),
        ),
    ]
    differences = accuracy_changes(runs)
    if differences:
        figures.append(
            (
                "What each change did",
                "Points of test accuracy, with 95 % intervals over seeds.",
                plot.intervals(differences, ylabel="points of test accuracy"),
            )
        )
    for name in [name for name in first if name in weights]:
        recipe = first[name].recipe
        figures.append(
            (
                f"First layer: {recipe.title}",
                f"What the hidden units look for; {recipe.count_weights():,} weights in all.",
                plot.first_weights(weights[name], recipe.title),
            )
        )
    header, rows = table(runs)
    title = f"Basic versus improved MLP on {made['dataset']}"
    intro = [about_columns(header, rows, runs), *notes]
    write_report(path, title, intro, header, rows, findings(runs, made["dataset"]), figures, made)


def accuracy_changes(runs: Sequence[Run]) -> list[plot.Line]:
    """What each change did to the accuracy, where there are seeds enough for an interval."""
    groups = by_recipe(runs)
    lines = []
    for before, after, what in changes(groups):
        found = accuracy_change(groups[before], groups[after])
        if found.low is not None:
            lines.append(plot.Line(what, [plot.Point(0, found.middle, found.low, found.high)]))
    return lines


def about_columns(header: Sequence[str], rows: Sequence[Sequence[str]], runs: Sequence[Run]) -> str:
    """What the columns of the table mean; nothing about those that are not there."""
    sentences = [
        "Every recipe is trained and scored by tinygrad_mlp on the CPU. Test accuracy and loss "
        "are over the whole test set, training accuracy over the training images without "
        "augmentation."
    ]
    kinds = {one.recipe.loss_name for one in runs}
    if len(kinds) == 1:
        sentences.append(f"The loss is the {kinds.pop()}.")
    else:
        sentences.append(
            "The loss is the squared error for the basic networks and the cross-entropy for the "
            "others, so only losses of the same kind can be compared."
        )
    if "validation %" in header:
        sentences.append(
            "Validation accuracy is over training images that are held out; settings were chosen "
            "by it, and never by the test images."
        )
        column = header.index("validation %")
        if any(row[column].startswith("(") for row in rows):
            sentences.append(
                "A figure in parentheses was measured when the recipe was chosen, before it was "
                "trained on all images."
            )
    return " ".join(sentences)


def _augmented(data: ArrayDataset) -> Any:
    images, labels = data[:10]
    return plot.augmented(images, augmented_rows(images), labels)


def augmented_rows(images: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Copies of `images` (n, 28, 28) as the recipes augment them, by the recipe's title.

    Of recipes that augment in the same way, the first stands for all.
    """
    rows = {}
    drawn = set()
    for recipe in RECIPES.values():
        if recipe.augment and recipe.augment not in drawn:
            drawn.add(recipe.augment)
            rng = np.random.default_rng(seed)
            rows[recipe.title] = transforms.Compose(recipe.augment)(images, rng)
    return rows
