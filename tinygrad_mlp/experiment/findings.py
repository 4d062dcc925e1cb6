"""What the numbers of a comparison say, in sentences.

The sentences are computed: each looks at the measured numbers and says what they show, with a
margin of error, whichever way they fall.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ..train import Scores
from .recipes import BEYOND, RECIPES
from .training import Run

SIMARD, CIRESAN = 99.30, 99.65
"""The best published test accuracies of a plain MLP, in percent."""


def by_recipe(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each recipe, in the order in which they were made."""
    groups: dict[str, list[Run]] = {}
    for one in runs:
        groups.setdefault(one.recipe.name, []).append(one)
    return groups


def accuracies(scores: Iterable[Scores | None]) -> list[float]:
    """The accuracies, 0 to 1, of those that have one."""
    return [s.accuracy for s in scores if s is not None and s.accuracy is not None]


def findings(runs: Sequence[Run]) -> list[str]:
    """What the numbers say, in plain sentences, about the recipes that were run."""
    groups = by_recipe(runs)
    sentences = [
        _about_basic(groups),
        _about_sign(groups),
        _about_fixed(groups),
        *(_about_published(group) for group in groups.values()),
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
    return float(np.mean(accuracies(r.test for r in group)))


def _loss(group: list[Run]) -> float:
    return float(np.mean([r.test.loss for r in group]))


def _variance(group: list[Run]) -> float:
    """Of the mean accuracy: that of the test images, and of the seeds if there are several."""
    p = _accuracy(group)
    variance = p * (1 - p) / int(group[0].test.counts.sum())
    if len(group) > 1:
        variance += float(np.var(accuracies(r.test for r in group), ddof=1)) / len(group)
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
    if _accuracy(group) < 0.15:
        end = "it learned nothing, since always giving the same answer gets about 10 % right"
    else:
        end = "it learned something, though the notebook's network did not"
    what = "as published" if _is_as_listed(group) else "(its settings changed)"
    return (
        f"The basic network {what} gives one answer to {100 * share:.0f} % of the test "
        f"images and is right on {_percent(_accuracy(group))}: {end}."
    )


def _about_sign(groups: dict[str, list[Run]]) -> str:
    if not {"basic", "basic-sign-fixed"} <= groups.keys():
        return ""
    before = _accuracy(groups["basic"])
    after = _accuracy(groups["basic-sign-fixed"])
    verdict = "is not enough" if after < 0.2 else "already helps"
    return (
        f"Fixing the sign of its derivative alone {verdict}: {_percent(before)} before, "
        f"{_percent(after)} after."
    )


def _about_fixed(groups: dict[str, list[Run]]) -> str:
    group = groups.get("basic-fixed")
    if group is None:
        return ""
    accuracy = _accuracy(group)
    if accuracy >= 0.9:
        verdict = ", so a from-scratch network performs well once it is right"
    elif _is_as_listed(group):
        verdict = ", so something besides these faults is in its way"
    else:
        verdict = " with the settings of this run"
    return (
        "With sign, depth, initial weights, learning rate, batches and training set fixed, the "
        f"same hand-written code reaches {_percent(accuracy)}{verdict}."
    )


def _about_published(group: list[Run]) -> str:
    recipe = group[0].recipe
    if recipe.published is None or recipe.published_images < 100 or not _is_as_listed(group):
        return ""
    difference = 100 * (_accuracy(group) - recipe.published)
    end = ""
    if abs(difference) <= 2:
        verdict = "reproduces"
    elif len(group) > 1:
        verdict = "does not reproduce"
    else:
        # Seeds of the small recipe differ by whole points, so a single run proves little.
        verdict = "is missed by this one run"
        end = "; more seeds tell whether that is chance"
    return (
        f"The published {100 * recipe.published:.2f} % of “{recipe.title}” {verdict}: "
        f"measured {100 * _accuracy(group):.2f} %, {difference:+.2f} points{end}."
    )


def _what_grew(groups: dict[str, list[Run]]) -> str:
    """How the improved model without augmentation differs from the small one; "" if it does not."""
    if not {"small", "improved-plain"} <= groups.keys():
        return ""
    small = groups["small"][0].recipe
    plain = groups["improved-plain"][0].recipe
    changes = []
    if plain.hidden > small.hidden:
        changes.append("a wider hidden layer")
    if plain.epochs > small.epochs:
        changes.append("longer training")
    return " and ".join(changes).capitalize()


def _about_change(groups: dict[str, list[Run]], before: str, after: str, what: str) -> str:
    """The effect on accuracy and loss of `what`, which leads from one recipe to another."""
    if not what or not {before, after} <= groups.keys():
        return ""
    first = groups[before]
    second = groups[after]
    difference = 100 * (_accuracy(second) - _accuracy(first))
    margin = 100 * 2 * math.sqrt(_variance(first) + _variance(second))
    if abs(difference) <= margin:
        effect = f"made no clear difference to accuracy ({difference:+.1f} ± {margin:.1f} points)"
    else:
        verb = "gained" if difference > 0 else "cost"
        effect = f"{verb} {abs(difference):.1f} points (± {margin:.1f})"
    return (
        f"{what} (from “{first[0].recipe.title}” to “{second[0].recipe.title}”) {effect}; the "
        f"test loss goes from {_loss(first):.3f} to {_loss(second):.3f}."
    )


def _about_gain(groups: dict[str, list[Run]]) -> str:
    """Which change earned the gain from the small model to the improved one."""
    grew = _what_grew(groups)
    if not grew or "improved" not in groups:
        return ""
    small = _accuracy(groups["small"])
    plain = _accuracy(groups["improved-plain"])
    improved = _accuracy(groups["improved"])
    return (
        f"So of the {100 * (improved - small):+.1f} points from the small model to the improved "
        f"one, {100 * (plain - small):+.1f} come with {grew[0].lower()}{grew[1:]}, and "
        f"{100 * (improved - plain):+.1f} with the augmentation."
    )


def _about_selection(group: list[Run] | None) -> str:
    """Validation beside test: whether the choice of settings made the figures too good."""
    if group is None:
        return ""
    recipe = group[0].recipe
    if recipe.validated is not None and _is_as_listed(group):
        return (
            f"“{recipe.title}” was chosen by the {100 * recipe.validated:.2f} % that it reached on "
            f"10,000 held-out training images; trained on all of them, it reaches "
            f"{100 * _accuracy(group):.2f} % on the test images."
        )
    validation = accuracies(r.validation for r in group)
    if len(validation) < len(group):
        return ""
    return (
        f"“{recipe.title}” was chosen on {recipe.held_out:,} training images "
        f"that it does not train on: {100 * np.mean(validation):.2f} % there, "
        f"{100 * _accuracy(group):.2f} % on the test images."
    )


def _about_simard(groups: dict[str, list[Run]]) -> str:
    """The best accuracy beside the best published ones of a plain MLP."""
    tried = [group for name, group in groups.items() if name in BEYOND]
    if not tried or not all(_is_as_listed(group) for group in tried):
        return ""
    best = max(tried, key=_accuracy)
    found = 100 * _accuracy(best)
    return (
        f"The most accurate, “{best[0].recipe.title}”, reaches {found:.2f} %: "
        f"{found - SIMARD:+.2f} points from the {SIMARD:.2f} % of Simard, Steinkraus and Platt "
        f"(2003, one hidden layer of 800 units), {found - CIRESAN:+.2f} from the {CIRESAN:.2f} % "
        "of Ciresan, Meier, Gambardella and Schmidhuber (2010, five hidden layers, on a GPU)."
    )
