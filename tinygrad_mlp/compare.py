"""The comparison: run the recipes, and say what came out, in a table, in words, in pictures.

The sentences under the table are computed: each looks at the measured numbers and says what
they say, with a margin of error, whichever way they fall.
"""

from __future__ import annotations

import datetime
import json
import math
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__, plot
from .data import ArrayDataset, transforms
from .files import check_writable, write_whole
from .recipes import (
    BEYOND,
    RECIPES,
    AnyRecipe,
    Recipe,
    Run,
    as_words,
    count_weights,
    first_weights,
    run,
)
from .report import write_report
from .train import Epoch

QUICK_IMAGES = 6_000
QUICK_IMAGES_ONE_BY_ONE = 500
QUICK_EPOCHS = 2

SIMARD, CIRESAN = 99.30, 99.65
"""The best published test accuracies of a plain MLP, in percent."""

SHOW_WEIGHTS_OF = ("basic-mended", "small", "improved-plain", "improved")
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


def by_recipe(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each recipe, in the order in which they were made."""
    groups: dict[str, list[Run]] = {}
    for one in runs:
        groups.setdefault(one.recipe.name, []).append(one)
    return groups


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


# ------------------------------------------------------------------------ what follows from it


def findings(runs: Sequence[Run]) -> list[str]:
    """What the numbers say, in plain sentences; only about recipes that were run."""
    groups = by_recipe(runs)
    sentences = [_about_basic(groups), _about_sign(groups), _about_mended(groups)]
    sentences += [_about_published(group) for group in groups.values()]
    sentences += [
        _about_change(groups, "small", "improved-plain", _what_grew(groups)),
        _about_change(groups, "improved-plain", "improved-flips", "Flipped copies"),
        _about_change(groups, "improved-plain", "improved-noise", "Noisy copies"),
        _about_change(groups, "improved-plain", "improved", "Flipped and noisy copies"),
        _about_gain(groups),
        _about_change(groups, "improved-plain", "affine", "Affine copies instead of none"),
        _about_change(groups, "improved", "affine", "Affine copies instead of flips and noise"),
        *(_about_selection(groups.get(name)) for name in BEYOND),
        _about_simard(groups),
    ]
    return [sentence for sentence in sentences if sentence]


def _accuracy(group: list[Run]) -> float:
    return float(np.mean([r.test.accuracy for r in group]))


def _loss(group: list[Run]) -> float:
    return float(np.mean([r.test.loss for r in group]))


def _variance(group: list[Run]) -> float:
    """Of the mean accuracy: that of the test images, and of the seeds if there are several."""
    p = _accuracy(group)
    variance = p * (1 - p) / int(group[0].test.confusion.sum())
    if len(group) > 1:
        variance += float(np.var([r.test.accuracy for r in group], ddof=1)) / len(group)
    return variance


def _is_as_listed(group: list[Run]) -> bool:
    """Whether this is one of RECIPES with nothing changed."""
    return group[0].recipe == RECIPES.get(group[0].recipe.name)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _about_basic(groups: dict[str, list[Run]]) -> str:
    group = groups.get("basic")
    if group is None:
        return ""
    share = float(np.mean([r.test.most_predicted_share for r in group]))
    end = (
        "it learned nothing: always giving the same answer gets about 10 % right"
        if _accuracy(group) < 0.15
        else "it learned something, though the notebook's network did not"
    )
    what = "as published" if _is_as_listed(group) else "(its settings changed)"
    return (
        f"The basic network {what} gives one answer to {100 * share:.0f} % of the test "
        f"images and is right on {_percent(_accuracy(group))}: {end}."
    )


def _about_sign(groups: dict[str, list[Run]]) -> str:
    if not {"basic", "basic-sign"} <= groups.keys():
        return ""
    before, after = _accuracy(groups["basic"]), _accuracy(groups["basic-sign"])
    verdict = "is not enough" if after < 0.2 else "already helps"
    return (
        f"Mending the sign of its derivative alone {verdict}: {_percent(before)} before, "
        f"{_percent(after)} after."
    )


def _about_mended(groups: dict[str, list[Run]]) -> str:
    group = groups.get("basic-mended")
    if group is None:
        return ""
    accuracy = _accuracy(group)
    if accuracy >= 0.9:
        verdict = ", so a from-scratch network performs well once it is right"
    elif _is_as_listed(group):
        verdict = ", so more than the mended faults is in its way"
    else:
        verdict = " with the settings of this run"
    return (
        "With sign, depth, initial weights, learning rate, batches and training set mended, the "
        f"same hand-written code reaches {_percent(accuracy)}{verdict}."
    )


def _about_published(group: list[Run]) -> str:
    recipe = group[0].recipe
    if recipe.published is None or recipe.published_images < 100 or not _is_as_listed(group):
        return ""
    difference = 100 * (_accuracy(group) - recipe.published)
    # Seeds of the small recipe differ by points, so a single run that is further off proves little.
    verdict, end = "reproduces", ""
    if abs(difference) > 2 and len(group) == 1:
        verdict, end = "is missed by this one run", "; more seeds tell whether that is chance"
    elif abs(difference) > 2:
        verdict = "does not reproduce"
    return (
        f"The published {100 * recipe.published:.2f} % of “{recipe.title}” {verdict}: "
        f"measured {100 * _accuracy(group):.2f} %, {difference:+.2f} points{end}."
    )


def _what_grew(groups: dict[str, list[Run]]) -> str:
    """How the improved model without augmentation differs from the small one; "" if it does not."""
    if not {"small", "improved-plain"} <= groups.keys():
        return ""
    small, plain = groups["small"][0].recipe, groups["improved-plain"][0].recipe
    changes = ["a wider hidden layer"] * (plain.hidden > small.hidden)
    changes += ["longer training"] * (plain.epochs > small.epochs)
    return " and ".join(changes).capitalize()


def _about_change(groups: dict[str, list[Run]], before: str, after: str, what: str) -> str:
    """The effect on accuracy and loss of `what`, which leads from one recipe to another."""
    if not what or not {before, after} <= groups.keys():
        return ""
    a, b = groups[before], groups[after]
    difference = 100 * (_accuracy(b) - _accuracy(a))
    margin = 100 * 2 * math.sqrt(_variance(a) + _variance(b))
    size = f"{abs(difference):.1f} points (± {margin:.1f})"
    if abs(difference) <= margin:
        effect = f"made no clear difference to accuracy ({difference:+.1f} ± {margin:.1f} points)"
    else:
        effect = f"gained {size}" if difference > 0 else f"cost {size}"
    return (
        f"{what} (from {before} to {after}) {effect}; the test loss goes from "
        f"{_loss(a):.3f} to {_loss(b):.3f}."
    )


def _about_gain(groups: dict[str, list[Run]]) -> str:
    """Which change earned the gain from the small model to the improved one."""
    grew = _what_grew(groups)
    if not grew or "improved" not in groups:
        return ""
    small, plain, both = (_accuracy(groups[n]) for n in ("small", "improved-plain", "improved"))
    gain, width, copies = 100 * (both - small), 100 * (plain - small), 100 * (both - plain)
    return (
        f"So of the {gain:+.1f} points from the small model to the improved one, {width:+.1f} "
        f"come with {grew[0].lower()}{grew[1:]}, and {copies:+.1f} with the augmentation."
    )


def _about_selection(group: list[Run] | None) -> str:
    """Validation beside test: whether the choice of settings flatters itself."""
    if group is None:
        return ""
    recipe = group[0].recipe
    if isinstance(recipe, Recipe) and recipe.validated is not None and _is_as_listed(group):
        return (
            f"“{recipe.title}” was chosen by the {100 * recipe.validated:.2f} % that it reached on "
            f"10,000 held-out training images; trained on all of them, it reaches "
            f"{100 * _accuracy(group):.2f} % on the test images."
        )
    if any(r.validation is None for r in group):
        return ""
    validation = float(np.mean([r.validation.accuracy for r in group if r.validation]))
    held_out = sum(r.validation.confusion.sum() for r in group if r.validation) // len(group)
    return (
        f"“{group[0].recipe.title}” was chosen on {held_out:,} training images "
        f"that it does not train on: {100 * validation:.2f} % there, "
        f"{100 * _accuracy(group):.2f} % on the test images."
    )


def _about_simard(groups: dict[str, list[Run]]) -> str:
    """The best accuracy beside the best published ones of a plain MLP."""
    tried = [group for name, group in groups.items() if name in BEYOND]
    if not tried or not all(map(_is_as_listed, tried)):
        return ""
    best = max(tried, key=_accuracy)
    found = 100 * _accuracy(best)
    return (
        f"The most accurate, “{best[0].recipe.title}”, reaches {found:.2f} %: "
        f"{found - SIMARD:+.2f} points from the {SIMARD:.2f} % of Simard, Steinkraus and Platt "
        f"(2003, one hidden layer of 800 units), {found - CIRESAN:+.2f} from the {CIRESAN:.2f} % "
        "of Ciresan, Meier, Gambardella and Schmidhuber (2010, five hidden layers, on a GPU)."
    )


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
