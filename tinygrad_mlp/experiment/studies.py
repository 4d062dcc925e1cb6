"""Studies: questions that the comparison raises, each a table of recipes that differ in one thing.

A study is plain data, as a recipe is. To add one, add an entry to `STUDIES`. Arms that are compared
take the same number of steps: copies double an epoch, so there are half as many epochs with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from .. import plot
from ..data import ArrayDataset
from ..data.transforms import GaussianNoise, RandomHorizontalFlip, mirrored
from ..engine import no_grad
from ..files import check_writable
from ..plot import Line, Point
from ..tensor import tensor
from ..train import History
from .findings import accuracies, accuracy_change, by_recipe
from .intervals import Interval, mean
from .parallel import Measure, Watch, run_all
from .progress import counted
from .recipes import AFFINE, ELASTIC, FLIPS, NOISE, Recipe
from .results import in_order, write_results
from .training import Run

STEPS = 7_200
"""How many steps of 50 images the arms of a study take: six epochs of all training images."""

IMAGES = 60_000
BATCH = 50


@dataclass(frozen=True)
class Arm:
    """A recipe with its place in the picture.

    line     which line it is on
    x        where, from left to right
    against  the name of the recipe that it is compared with; "" for none
    """

    recipe: Recipe
    line: str
    x: float
    against: str = ""


@dataclass(frozen=True)
class Study:
    """A question, and the recipes that answer it.

    seeds    how many runs of each recipe
    x        what differs from left to right; "" if the lines are named places, side by side
    log      whether that is drawn by its logarithm
    measure  what else is measured of each run
    say      sentences about what was measured, from the runs by recipe
    draw     the picture, if it is not that of the accuracies
    """

    name: str
    question: str
    arms: tuple[Arm, ...]
    seeds: int
    x: str = ""
    log: bool = False
    measure: Measure | None = None
    say: Callable[[Mapping[str, list[Run]]], list[str]] = lambda groups: []
    draw: Callable[[Mapping[str, list[Run]]], Figure] | None = None

    @property
    def recipes(self) -> list[Recipe]:
        return [arm.recipe for arm in self.arms]


def equal_steps(name: str, title: str, images: int = IMAGES, **settings: object) -> Recipe:
    """The published network's recipe with other settings, trained for STEPS steps."""
    recipe = replace(Recipe(name, title, train_images=images), **settings)  # type: ignore[arg-type]
    an_epoch = math.ceil(images * (2 if recipe.augment else 1) / BATCH)
    return replace(recipe, epochs=max(1, round(STEPS / an_epoch)))


# ------------------------------------------------------------------------------ how much of a thing

WIDTHS = (30, 100, 300, 1000)


def _flip_doses() -> tuple[Arm, ...]:
    arms = []
    for width in WIDTHS:
        for p in (0.0, 0.25, 0.5, 0.75, 1.0):
            recipe = equal_steps(
                f"flips-{p:g}-units-{width}",
                f"{width} units, copies flipped with p = {p:g}",
                hidden=(width,),
                augment=(RandomHorizontalFlip(p),),
            )
            against = f"flips-0-units-{width}" if p else ""
            arms.append(Arm(recipe, f"{width} hidden units", p, against))
    return tuple(arms)


def _noise_doses() -> tuple[Arm, ...]:
    arms = []
    for width, images in ((30, IMAGES), (100, IMAGES), (1000, IMAGES), (100, 1000)):
        where = f"{width} hidden units, {images:,} images"
        for std in (0.0, 0.1, 0.2, 0.4, 0.8):
            recipe = equal_steps(
                f"noise-{std:g}-units-{width}-images-{images}",
                f"{where}, noise of {std:g}",
                images,
                hidden=(width,),
                augment=(GaussianNoise(0.0, std),),
            )
            against = f"noise-0-units-{width}-images-{images}" if std else ""
            arms.append(Arm(recipe, where, std, against))
    return tuple(arms)


# ------------------------------------------------------------------------------- how many images

AUGMENTATIONS = {
    "plain": (),
    "noise": (NOISE,),
    "flips": (FLIPS,),
    "affine": (AFFINE,),
    "elastic": (ELASTIC,),
}


def _data_sizes() -> tuple[Arm, ...]:
    arms = []
    for images in (100, 300, 1_000, 3_000, 10_000, 30_000, 60_000):
        for name, augment in AUGMENTATIONS.items():
            recipe = equal_steps(
                f"{name}-images-{images}", f"{images:,} images, {name}", images, augment=augment
            )
            against = "" if name == "plain" else f"plain-images-{images}"
            arms.append(Arm(recipe, name, images, against))
    return tuple(arms)


# ------------------------------------------------------------------- which digits may be flipped

FEW = 5_000
"""With so many images the flips cost more, and twenty seeds are soon run."""

FLIPPED = {
    "none": None,
    "0, 1, 8": (0, 1, 8),
    "2, 5": (2, 5),
    "2, 3, 5": (2, 3, 5),
    "4, 6, 7, 9": (4, 6, 7, 9),
    "all": (),
}
"""Which digits are flipped: the mirrored 0, 1 and 8 are digits, and a 2 becomes nearly a 5."""


def _flipped_digits() -> tuple[Arm, ...]:
    def arm(name: str, column: float | None, classes: tuple[int, ...] | None, x: float) -> Arm:
        flip = RandomHorizontalFlip(0.0 if classes is None else FLIPS.p, column)
        title = f"flips of {name}" + ("" if column is None else f" about column {column:g}")
        recipe = equal_steps(
            title.replace(", ", "").replace(" ", "-"),
            title,
            FEW,
            augment=(flip,),
            augment_classes=classes or (),
        )
        return Arm(recipe, title, x, "" if classes is None else "flips-of-none")

    arms = [arm(name, None, classes, x) for x, (name, classes) in enumerate(FLIPPED.items())]
    return (*arms, arm("0, 1, 8", 14.0, (0, 1, 8), len(arms)), arm("all", 14.0, (), len(arms) + 1))


def about_two_and_five(groups: Mapping[str, list[Run]]) -> list[str]:
    """How many of the errors that the flips add are a 2 taken for a 5, or a 5 for a 2."""
    if not {"flips-of-none", "flips-of-all"} <= groups.keys():
        return []
    before, after = (_mean_counts(groups[f"flips-of-{name}"]) for name in ("none", "all"))
    added = after - before
    np.fill_diagonal(added, 0)
    if added.sum() <= 0:
        return ["Flips of all digits add no errors."]
    errors, both = counted(round(added.sum()), "error"), added[2, 5] + added[5, 2]
    return [
        f"Flips of all digits add {errors} on 10,000 images, of which "
        f"{both:.0f} are a 2 taken for a 5 or a 5 for a 2, {100 * both / added.sum():.0f} %."
    ]


def _mean_counts(group: Sequence[Run]) -> np.ndarray:
    counts: np.ndarray = np.mean([one.test.counts for one in group], axis=0)
    return counts


# ----------------------------------------------------------------- what the mirror does to a digit

LEANS = (-0.5, -0.3, -0.1, 0.1, 0.3)
"""Where the bins of lean are divided; most of MNIST's digits lean to the right, below 0."""

STRONG, UPRIGHT = 0, 3
"""The bins of the digits that lean most to the right, and of those that lean least."""

COLUMNS = (13.5, 14.0)
"""About which test digits are mirrored: the middle of the picture, and their centre of mass."""


def lean(images: np.ndarray) -> np.ndarray:
    """How far each image (n, h, w) leans: pixels to the right for each pixel downwards.

    The slope of the line through the ink, by second moments. An upright digit has 0, an italic one
    less; mirroring changes the sign.
    """
    n, height, width = images.shape
    ink = images.reshape(n, -1) / np.maximum(images.sum(axis=(1, 2)), 1e-6)[:, None]
    rows, columns = (axis.ravel() for axis in np.mgrid[:height, :width])
    row_off = rows - (ink @ rows)[:, None]
    column_off = columns - (ink @ columns)[:, None]
    found: np.ndarray = (ink * row_off * column_off).sum(1) / np.maximum(
        (ink * row_off**2).sum(1), 1e-6
    )
    return found


def measure_mirrored(one: Run, test_data: ArrayDataset) -> Run:
    """How many mirrored test digits are right, by column of the mirror, digit and lean."""
    images, labels = test_data.images, test_data.labels
    bins = np.digitize(lean(images), LEANS)
    right = {}
    for column in COLUMNS:
        with no_grad():
            scores = one.model(tensor(np.ascontiguousarray(mirrored(images, column))))
        is_right = scores.data.argmax(axis=1) == labels
        right[f"{column:g}"] = _counted(labels, bins, is_right)
    measured = {"right": right, "images": _counted(labels, bins, np.ones(len(labels), bool))}
    return replace(one, measured=measured)


def _counted(labels: np.ndarray, bins: np.ndarray, chosen: np.ndarray) -> list[list[int]]:
    counts = np.zeros((10, len(LEANS) + 1), int)
    np.add.at(counts, (labels[chosen], bins[chosen]), 1)
    return counts.tolist()


def mirrored_shares(group: Sequence[Run], column: float) -> np.ndarray:
    """Shares of right answers to mirrored digits (runs, 10, bins of lean); nan where are few."""
    right = np.array([one.measured["right"][f"{column:g}"] for one in group])
    images = np.array(group[0].measured["images"])
    with np.errstate(invalid="ignore"):
        shares: np.ndarray = np.where(images >= FEWEST, right / images, np.nan)
    return shares


FEWEST = 20
"""A share is given for so many test digits or more."""


def about_mirrored(groups: Mapping[str, list[Run]]) -> list[str]:
    """Mirrored 0, 1 and 8, upright and strongly leaning."""
    sentences = []
    for column in COLUMNS:
        shares = 100 * mirrored_shares(groups["mirrored"], column)
        told = []
        for digit in (0, 1, 8):
            upright, leaning = (mean(shares[:, digit, place]) for place in (UPRIGHT, STRONG))
            if np.isnan(upright.middle) or np.isnan(leaning.middle):
                continue  # other images than digits
            told.append(
                f"of the {digit} that stand nearly upright {_percents(upright)} stay right, and of "
                f"those that lean strongly {_percents(leaning)}"
            )
        if told:
            sentences.append(f"Mirrored about column {column:g}, {'; '.join(told)}.")
    return sentences


def _percents(found: Interval) -> str:
    if found.low is None or found.high is None:
        return f"{found.middle:.0f} %"
    low, high = max(found.low, 0), min(found.high, 100)  # a share ends there
    return f"{found.middle:.0f} % ({low:.0f} to {high:.0f})"


def draw_mirrored(groups: Mapping[str, list[Run]]) -> Figure:
    """Accuracy on mirrored digits against their lean, a line for each digit that has a mirror."""
    edges = np.array([-0.7, *LEANS, 0.5])
    places = (edges[1:] + edges[:-1]) / 2
    lines = []
    for column in COLUMNS:
        shares = 100 * mirrored_shares(groups["mirrored"], column)
        for digit in (0, 1, 8):
            points = [
                _point(x, mean(shares[:, digit, i]))
                for i, x in enumerate(places)
                if not np.isnan(shares[:, digit, i]).any()
            ]
            lines.append(Line(f"{digit}, about column {column:g}", points))
    return plot.intervals(
        lines, "lean of the digit before it is mirrored (0: upright)", "mirrored digits right, %"
    )


# ----------------------------------------------------------------------------------- the table

STUDIES = {
    study.name: study
    for study in (
        Study(
            "mirrored",
            "Which mirrored digits does a network take for what they were?",
            (Arm(Recipe("mirrored", "no augmentation, 10 epochs", epochs=10), "plain", 0),),
            seeds=5,
            measure=measure_mirrored,
            say=about_mirrored,
            draw=draw_mirrored,
        ),
        Study(
            "flipped-digits",
            "Flips of which digits cost accuracy?",
            _flipped_digits(),
            seeds=20,
            say=about_two_and_five,
        ),
        Study(
            "flip-dose",
            "How does accuracy depend on how often copies are flipped?",
            _flip_doses(),
            seeds=5,
            x="probability that a copy is flipped",
        ),
        Study(
            "noise-dose",
            "How does accuracy depend on how much noise copies have?",
            _noise_doses(),
            seeds=5,
            x="standard deviation of the noise",
        ),
        Study(
            "data-size",
            "When is augmentation worth it?",
            _data_sizes(),
            seeds=5,
            x="training images",
            log=True,
        ),
    )
}


# ------------------------------------------------------------------------------------- running it


def run_study(
    study: Study,
    train_data: ArrayDataset,
    test_data: ArrayDataset,
    out: Path,
    made: dict[str, str],
    seeds: int | None = None,
    watch: Watch = lambda recipe, seed: print,
    on_run: Callable[[Run], None] = lambda run: None,
    jobs: int = 1,
    known: Sequence[Run] = (),
) -> list[Run]:
    """Run all arms of a study, and write `NAME.json` and `NAME.png` into the folder `out`.

    seeds  how many runs of each recipe; None for as many as the study asks

    The other arguments are those of `compare`; epochs are not kept.
    """
    results, picture = out / f"{study.name}.json", out / f"{study.name}.png"
    check_writable(results)
    recipes = study.recipes
    runs = in_order(known, recipes)
    done = {(one.recipe, one.seed) for one in runs}
    # Seed by seed, so that what is stopped has something to say about every arm.
    wanted = [(r, s) for s in range(seeds or study.seeds) for r in recipes]
    tasks = [task for task in wanted if task not in done]
    for one in run_all(tasks, train_data, test_data, watch, jobs, measure=study.measure):
        runs = in_order([*runs, replace(one, model=None, history=History())], recipes)
        write_results(results, runs, made, [study.question], conclusions(study, runs))
        on_run(one)
    if runs:
        write_results(results, runs, made, [study.question], conclusions(study, runs))
        plot.save(draw(study, runs), picture)
    return runs


def table(study: Study, runs: Sequence[Run]) -> tuple[list[str], list[list[str]]]:
    """The header, and a row for each arm: accuracy, loss, and the difference, with intervals."""
    groups = by_recipe(runs)
    rows = []
    for arm in study.arms:
        group = groups.get(arm.recipe.name)
        if group is None:
            continue
        accuracy = mean(accuracies(r.test for r in group)).times(100)
        change = ""
        if arm.against in groups:
            change = _with_range(accuracy_change(groups[arm.against], group), "+.2f")
        loss = mean([r.test.loss for r in group])
        rows.append(
            [
                arm.recipe.title,
                str(len(group)),
                _with_range(accuracy, ".2f"),
                _with_range(loss, ".3f"),
                change,
            ]
        )
    return ["recipe", "runs", "test %", "test loss", "points more than without"], rows


def _point(x: float, found: Interval) -> Point:
    return Point(x, found.middle, found.low, found.high)


def _with_range(found: Interval, form: str) -> str:
    ends = found.ends(form)
    return f"{found.middle:{form}}" + (f" ({ends})" if ends else "")


def conclusions(study: Study, runs: Sequence[Run]) -> list[str]:
    """What the runs say, in sentences; none before every arm has a run."""
    groups = by_recipe(runs)
    if groups.keys() != {recipe.name for recipe in study.recipes}:
        return []
    return study.say(groups)


def draw(study: Study, runs: Sequence[Run]) -> Figure:
    """The accuracies with their intervals, a line for each line of the study."""
    groups = by_recipe(runs)
    if study.draw is not None:
        return study.draw(groups)
    lines: dict[str, list[Point]] = {}
    for arm in study.arms:
        if arm.recipe.name in groups:
            found = mean(accuracies(r.test for r in groups[arm.recipe.name])).times(100)
            lines.setdefault(arm.line, []).append(_point(arm.x, found))
    return plot.intervals(
        [Line(name, points) for name, points in lines.items()],
        study.x,
        "test accuracy, %",
        study.log,
    )
