"""What the numbers of a comparison say, in sentences.

The sentences are computed: each looks at the measured numbers and says what they show, whichever
way they fall. A difference has a 95 % interval, which is about other seeds with the same test
images. Where that of an accuracy holds 0, the sentence says how small an effect would have been
seen, if there are pairs enough to tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..train import Scores
from .intervals import Interval, difference, far_below, smallest_seen
from .recipes import BEYOND, RECIPES
from .training import Run

SIMARD, CIRESAN = 99.30, 99.65
"""The best published test accuracies of a plain MLP on MNIST, in percent."""

RARE = 0.1
"""A result is rare if fewer than this share of the runs lie on its other side."""

ENOUGH = 39
"""With so many runs, one more lies beyond all of them, at either end, in at most 5 % of cases."""

PAIRS_ENOUGH = 5
"""With fewer pairs, their spread is too uncertain to say what could have been missed."""

MEDIANS = ("small",)
"""Recipes whose runs have a long tail: so few units that dead ones decide. Known beforehand."""

COPIES = {
    "improved-flips": "Flipped copies",
    "improved-noise": "Noisy copies",
    "improved": "Flipped and noisy copies",
}
"""What the recipes add to the one without augmentation."""

ON_MNIST = {"improved-flips": -1.60, "improved-noise": -0.32, "improved": -1.99}
"""What they did on MNIST, in points, each clearly (20 seeds, lessons/results/compare.json)."""

BENCHMARK = 87.1
"""The best accuracy of one hidden layer of 100 ReLU units in the benchmark of Fashion-MNIST by its
authors, Xiao, Rasul and Vollgraf (2017), with scikit-learn's MLPClassifier, in percent."""

Groups = Mapping[str, list[Run]]


def by_recipe(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each recipe, in the order in which they were made."""
    groups: dict[str, list[Run]] = {}
    for one in runs:
        groups.setdefault(one.recipe.name, []).append(one)
    return groups


def accuracies(scores: Iterable[Scores | None]) -> list[float]:
    """The accuracies, 0 to 1, of those that have one."""
    return [s.accuracy for s in scores if s is not None and s.accuracy is not None]


def findings(runs: Sequence[Run], data: str = "MNIST") -> list[str]:
    """What the numbers say, in plain sentences, about the recipes that were run.

    data  what the images are; what is known of MNIST is said only of MNIST
    """
    groups = by_recipe(runs)
    on_mnist = data == "MNIST"
    sentences = [
        _about_intervals(groups),
        _about_basic(groups),
        _about_sign(groups),
        _about_fixed(groups, on_mnist),
        *(_about_published(group) for group in groups.values()),
        *(_about_tail(group) for group in groups.values()),
        *(_about_change(groups, *change) for change in changes(groups)),
        "" if on_mnist else _about_transfer(groups, data),
        _about_benchmark(groups) if data == "Fashion-MNIST" else "",
        _about_gain(groups),
        _about_loss(groups),
        *(_about_selection(groups.get(name)) for name in BEYOND if on_mnist),
        _about_simard(groups) if on_mnist else "",
    ]
    return [sentence for sentence in sentences if sentence != ""]


# ------------------------------------------------------------------------------ figures and words


def _accuracy(group: list[Run]) -> float:
    return float(np.mean(accuracies(r.test for r in group)))


def _loss(group: list[Run]) -> float:
    return float(np.mean([r.test.loss for r in group]))


def _of_median(*groups: list[Run]) -> bool:
    """Whether medians are given where these are compared."""
    return any(group[0].recipe.name in MEDIANS and len(group) > 1 for group in groups)


def _by_seed(group: list[Run]) -> dict[int, float]:
    return {r.seed: r.test.accuracy or 0.0 for r in group}


def accuracy_change(before: list[Run], after: list[Run]) -> Interval:
    """How many points of test accuracy more, in percent."""
    found = difference(_by_seed(before), _by_seed(after), _of_median(before, after))
    return found.times(100)


def loss_change(before: list[Run], after: list[Run]) -> Interval:
    """How much higher the test loss is."""
    first, second = ({r.seed: r.test.loss for r in group} for group in (before, after))
    return difference(first, second, _of_median(before, after))


def _is_as_listed(group: list[Run]) -> bool:
    """Whether this is one of RECIPES with nothing changed."""
    return group[0].recipe == RECIPES.get(group[0].recipe.name)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _range(found: Interval, digits: int) -> str:
    """The interval in parentheses, after a space; "" if there is none."""
    ends = found.ends(f"+.{digits}f")
    return f" ({ends})" if ends else ""


def _source(found: Interval, digits: int) -> str:
    """The interval, and what it comes from."""
    if found.count == 1:
        return "one run each"
    runs = f"{'median of ' if found.kind == 'median' else ''}{found.count} "
    runs += "pairs of runs" if found.paired else "runs or more each"
    ends = found.ends(f"+.{digits}f")
    return f"{ends}, {runs}" if ends else f"{runs}, too few for an interval"


# ------------------------------------------------------------------------------- the sentences


def _about_intervals(groups: Groups) -> str:
    """What the ranges of all sentences below mean."""
    if len(groups) < 2:
        return ""
    if max(map(len, groups.values())) == 1:
        return (
            "Each recipe was run once, so nothing here says how much of a difference is chance; "
            "with --seeds 20, differences have intervals."
        )
    return (
        "Ranges in parentheses are 95 % intervals over seeds, on the same test images, so about "
        "one in twenty misses; where both have a seed, runs are compared in pairs."
    )


def _about_basic(groups: Groups) -> str:
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


def _about_sign(groups: Groups) -> str:
    if not {"basic", "basic-sign-fixed"} <= groups.keys():
        return ""
    before = _accuracy(groups["basic"])
    after = _accuracy(groups["basic-sign-fixed"])
    verdict = "is not enough" if after < 0.2 else "already helps"
    return (
        f"Fixing the sign of its derivative alone {verdict}: {_percent(before)} before, "
        f"{_percent(after)} after."
    )


def _about_fixed(groups: Groups, on_mnist: bool) -> str:
    group = groups.get("basic-fixed")
    if group is None:
        return ""
    accuracy = _accuracy(group)
    verdict = ""
    if not _is_as_listed(group):
        verdict = " with the settings of this run"
    elif on_mnist and accuracy >= 0.9:
        verdict = ", so a from-scratch network performs well once it is right"
    elif on_mnist:
        verdict = ", so something besides these faults is in its way"
    elif "improved-plain" in groups:
        verdict = f", where “{groups['improved-plain'][0].recipe.title}” reaches "
        verdict += _percent(_accuracy(groups["improved-plain"]))
    return (
        "With sign, depth, initial weights, learning rate, batches and training set fixed, the "
        f"same hand-written code reaches {_percent(accuracy)}{verdict}."
    )


def _about_published(group: list[Run]) -> str:
    """Where a published accuracy, which is one run, lies among ours."""
    recipe = group[0].recipe
    if recipe.published is None or recipe.published_images < 100 or not _is_as_listed(group):
        return ""
    figure = f"The published {100 * recipe.published:.2f} % of “{recipe.title}”"
    found = accuracies(r.test for r in group)
    if len(found) == 1:
        off = 100 * (found[0] - recipe.published)
        return (
            f"{figure} is one run, and ours measured {100 * found[0]:.2f} %, {off:+.2f} points; "
            "more seeds tell where it lies among others."
        )
    n, below = len(found), sum(accuracy < recipe.published for accuracy in found)
    above = sum(accuracy > recipe.published for accuracy in found)
    runs = (
        f"(median {100 * np.median(found):.2f} %, from {100 * min(found):.2f} to "
        f"{100 * max(found):.2f})"
    )
    others = n - max(below, above)  # not on the side where most are
    if not others:
        side = "above" if below else "below"
        verdict = "does not reproduce" if n >= ENOUGH else "may be chance; more seeds tell"
        return (
            f"{figure} lies {side} all {n} runs {runs}, as one more run would lie beyond one end "
            f"or the other in 2 of {n + 1} cases, so it {verdict}."
        )
    if others < RARE * n:
        where = f"above {below}" if below > above else f"below {above}"
        return f"{figure} lies {where} of {n} runs {runs}, so it can come out, but rarely does."
    return f"{figure} reproduces, with {below} of {n} runs below it {runs}."


def _about_tail(group: list[Run]) -> str:
    """Why some runs lie far below the others, where dead units say it."""
    found = accuracies(r.test for r in group)
    dead = [r.dead_units for r in group if r.dead_units is not None]
    far = far_below(found)
    if not far or len(dead) < len(group) or len(set(dead)) < 2:
        return ""
    worst, title = int(np.argmin(found)), group[0].recipe.title
    by_count = []
    for count in sorted(set(dead)):
        those = [a for a, d in zip(found, dead, strict=True) if d == count]
        by_count.append(f"{100 * np.median(those):.1f} % with {count} ({_counted(len(those))})")
    return (
        f"“{title}” has {_counted(far)} far below the others: the worst, {_percent(found[worst])}, "
        f"has {dead[worst]} dead hidden units, which are 0 for every test image; median accuracies "
        "are "
        f"{', '.join(by_count)}."
    )


def _counted(runs: int) -> str:
    return "1 run" if runs == 1 else f"{runs} runs"


def _what_grew(groups: Groups, before: str, after: str) -> str:
    """How one network is larger or trained for longer than another; "" if it is not."""
    first, second = groups[before][0].recipe, groups[after][0].recipe
    changes = []
    if second.hidden > first.hidden:
        changes.append("a wider hidden layer")
    if second.epochs > first.epochs:
        changes.append("longer training")
    return " and ".join(changes).capitalize()


def changes(groups: Groups) -> list[tuple[str, str, str]]:
    """What leads from one recipe that was run to another: their names, and what was changed.

    Width and time are told apart where a run with one of them was made.
    """
    growth = [("small", "improved-plain")]
    if "plain-10-epochs" in groups:
        growth = [("small", "plain-10-epochs"), ("plain-10-epochs", "improved-plain")]
    found = [
        *((*pair, _what_grew(groups, *pair)) for pair in growth if {*pair} <= groups.keys()),
        *(("improved-plain", name, what) for name, what in COPIES.items()),
        ("improved-plain", "noise-15-epochs", "Noisy copies, with as many steps as without"),
        ("improved-plain", "affine", "Affine copies instead of none"),
        ("improved", "affine", "Affine copies instead of flips and noise"),
    ]
    return [change for change in found if change[2] and {*change[:2]} <= groups.keys()]


def _about_change(groups: Groups, before: str, after: str, what: str) -> str:
    """The effect on accuracy and loss of `what`, which leads from one recipe to another."""
    first, second = groups[before], groups[after]
    accuracy, loss = accuracy_change(first, second), loss_change(first, second)
    way = f"{what} (from “{first[0].recipe.title}” to “{second[0].recipe.title}”)"
    gained = f"{accuracy.middle:+.2f} points ({_source(accuracy, 2)})"
    if accuracy.low is not None and not accuracy.excludes(0):
        gained += f", which is no clear difference{_what_could_be_missed(accuracy, first, second)}"
    losses = f"{loss.middle:+.3f}{_range(loss, 3)}"
    if loss.kind != "median":
        losses += f", from {_loss(first):.3f} to {_loss(second):.3f}"
    return f"{way} changed the accuracy by {gained}, and the test loss by {losses}."


def _what_could_be_missed(change: Interval, before: list[Run], after: list[Run]) -> str:
    """The effect that a comparison of so many pairs would show in four of five cases."""
    if change.kind == "median" or not change.paired:
        return ""
    if change.count < PAIRS_ENOUGH:
        return " (so few runs would miss even a large one)"
    first, second = _by_seed(before), _by_seed(after)
    points = [100 * (second[seed] - first[seed]) for seed in first if seed in second]
    seen = smallest_seen(float(np.std(points, ddof=1)), len(points))
    return f" (one of about {seen:.2f} points would show in 4 of 5 such comparisons)"


def _about_transfer(groups: Groups, data: str) -> str:
    """Which of the effects of copies are the same as on MNIST, and which are turned round."""
    same: list[str] = []
    turned: list[str] = []
    for name, what in COPIES.items():
        if {"improved-plain", name} <= groups.keys():
            here = accuracy_change(groups["improved-plain"], groups[name])
            if here.excludes(0):
                there = ON_MNIST[name]
                told = f"{what.lower()} ({here.middle:+.2f} points, {there:+.2f} on MNIST)"
                (same if here.middle * there > 0 else turned).append(told)
    sentences = []
    if same:
        sentences.append(f"What {' and '.join(same)} do has the same direction as on MNIST.")
    if turned:
        sentences.append(f"What {' and '.join(turned)} do has the opposite direction on {data}.")
    return " ".join(sentences)


def _about_benchmark(groups: Groups) -> str:
    """The published accuracy of such a network on Fashion-MNIST beside ours."""
    if "improved-plain" not in groups:
        return ""
    group = groups["improved-plain"]
    recipe, found = group[0].recipe, 100 * _accuracy(group)
    if recipe.hidden != (100,):
        return ""
    end = ""
    if found < BENCHMARK and recipe.lr > 0.001 and recipe.epochs >= 30:
        end = (
            f"; theirs steps with a learning rate of 0.001 and batches of 200, this one with "
            f"{recipe.lr:g} and {recipe.batch_size}"
        )
    return (
        f"The benchmark of Fashion-MNIST by its authors has {BENCHMARK} % for one hidden layer of "
        f"100 ReLU units; “{recipe.title}” has {found:.1f} %{end}."
    )


def _about_gain(groups: Groups) -> str:
    """Which change earned the gain from the small model to the improved one."""
    if not {"small", "improved-plain", "improved"} <= groups.keys():
        return ""
    grew = _what_grew(groups, "small", "improved-plain")
    if not grew:
        return ""
    small, plain, improved = (groups[name] for name in ("small", "improved-plain", "improved"))

    def points(before: list[Run], after: list[Run]) -> str:
        found = accuracy_change(before, after)
        kind = "a median of " if found.kind == "median" else ""
        return f"{kind}{found.middle:+.2f}{_range(found, 2)}"

    return (
        f"From the small model to the improved one it is {points(small, improved)} points, with "
        f"{grew[0].lower()}{grew[1:]} alone {points(small, plain)}, and the augmentation changes "
        f"that by {points(plain, improved)}."
    )


def _about_loss(groups: Groups) -> str:
    """Whether the network without copies, stopped early, has as low a loss as the improved one."""
    if not {"improved", "improved-plain", "plain-10-epochs"} <= groups.keys():
        return ""
    improved, plain = groups["improved"], groups["improved-plain"]
    control = groups["plain-10-epochs"]
    if _loss(improved) >= _loss(plain) or control[0].recipe.epochs >= plain[0].recipe.epochs:
        return ""
    accuracy, loss = accuracy_change(improved, control), loss_change(improved, control)
    beats = [
        name
        for name, change, is_better in (
            ("accuracy", accuracy, accuracy.middle > 0),
            ("loss", loss, loss.middle < 0),
        )
        if is_better and (change.low is None or change.excludes(0))
    ]
    verdict = (
        f"it beats that in {' and '.join(beats)}" if beats else "it does not clearly beat that"
    )
    return (
        f"The same network without copies, stopped after {control[0].recipe.epochs} epochs, has "
        f"{100 * _accuracy(control):.2f} % and a loss of {_loss(control):.3f}, where "
        f"“{improved[0].recipe.title}” has {100 * _accuracy(improved):.2f} % and "
        f"{_loss(improved):.3f}: {verdict}, with {accuracy.middle:+.2f} points"
        f"{_range(accuracy, 2)} and {loss.middle:+.3f}{_range(loss, 3)} of loss."
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


def _about_simard(groups: Groups) -> str:
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
