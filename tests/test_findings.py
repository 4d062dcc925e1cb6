"""The findings: sentences that are true whichever way the numbers fall, about what was run."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tinygrad_mlp.experiment.findings import (
    ON_MNIST,
    accuracies,
    accuracy_change,
    by_recipe,
    findings,
    loss_change,
)
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.results import read_results
from tinygrad_mlp.train import Scores

from .made_runs import made, scores

STORED = Path(__file__).parents[1] / "lessons" / "results"


def said(runs, about):
    """The one finding that holds these words."""
    [sentence] = [sentence for sentence in findings(runs) if about in sentence]
    return sentence


def test_runs_are_grouped_by_recipe_in_the_order_in_which_they_were_made():
    one, other, again = made("small", 0.9), made("basic", 0.1), made("small", 0.91, seed=1)
    groups = by_recipe([one, other, again])
    assert list(groups.items()) == [("small", [one, again]), ("basic", [other])]


def test_only_scores_with_an_accuracy_have_one():
    assert accuracies([None, Scores(None, 0.5, None), scores(0.9), scores(0.0)]) == [0.9, 0.0]


@pytest.mark.parametrize("name", ["compare", "longer", "narrow", "clothes", "clothes-slow"])
def test_stored_results_say_what_is_said_today(name):
    path = STORED / f"{name}.json"
    made, runs = read_results(path)
    said_then = json.loads(path.read_text("utf-8"))["findings"]
    assert said_then == findings(runs, made.get("dataset", "MNIST"))


# ------------------------------------------------------------------- the published experiment


def test_there_are_no_findings_about_recipes_that_were_not_run():
    assert findings([made("improved-plain", 0.97)]) == []


def pairs(before, after, *differences, level=0.97, losses=(0.45, 0.41)):
    """Runs of two recipes with these differences of accuracy, seed by seed."""
    runs = []
    for seed, change in enumerate(differences):
        start = level + (-1) ** seed * 0.01  # the seeds themselves differ by more
        runs.append(made(before, start, seed, loss=losses[0] + seed / 100))
        runs.append(made(after, start + change, seed, loss=losses[1] + seed / 50))
    return runs


def flips(*differences):
    return said(pairs("improved-plain", "improved-flips", *differences), "Flipped copies")


WAY = "Flipped copies (from “improved, no augmentation” to “improved, flips only”) "


def test_a_change_has_an_interval_over_pairs_of_seeds():
    """By hand: differences of -1, -2 and -3 points have the standard error 1 / sqrt(3)."""
    assert flips(-0.01, -0.02, -0.03) == (
        f"{WAY}changed the accuracy by -2.00 points (-4.48 to +0.48, 3 pairs of runs), which is "
        "no clear difference (so few runs would miss even a large one), and the test loss by "
        "-0.030 (-0.055 to -0.005), from 0.460 to 0.430."
    )


@pytest.mark.parametrize(
    ("sign", "words"), [(1, "+2.00 points (+1.75"), (-1, "-2.00 points (-2.25")]
)
def test_an_interval_without_0_needs_no_more_words(sign, words):
    sentence = flips(*(sign * d for d in (0.019, 0.020, 0.021)))
    assert f"changed the accuracy by {words}" in sentence
    assert "no clear difference" not in sentence and "would show" not in sentence


def test_one_pair_of_runs_has_no_interval():
    assert flips(-0.012) == (
        f"{WAY}changed the accuracy by -1.20 points (one run each), and the test loss by -0.040, "
        "from 0.450 to 0.410."
    )


@pytest.mark.parametrize("alone", [None, "improved-plain", "improved-flips"])
def test_with_pairs_enough_it_is_said_what_could_be_missed(alone):
    """Five differences with a standard deviation of 1.58 points; other seeds are left out."""
    runs = pairs("improved-plain", "improved-flips", -0.02, -0.01, 0.0, 0.01, 0.02)
    if alone:
        runs.append(made(alone, 0.5, seed=7))
    assert (
        "points (-1.96 to +1.96, 5 pairs of runs), which is no clear difference (one of about "
        "2.66 points would show in 4 of 5 such comparisons), and the test loss"
    ) in said(runs, "Flipped copies")


def test_what_could_be_missed_is_said_neither_of_medians_nor_without_pairs():
    medians = pairs("small", "improved-plain", *[-0.02, 0.02] * 4, level=0.6)
    assert "pairs of runs), which is no clear difference, and" in said(medians, "A wider")
    plain = [made("improved-plain", 0.97 + d, seed) for seed, d in enumerate((0, 0.001))]
    other = [made("improved-flips", 0.97 + d, seed) for seed, d in enumerate((0, 0.001), 7)]
    sentence = said([*plain, *other], "Flipped copies")
    assert "2 runs or more each), which is no clear difference, and" in sentence


def test_two_pairs_have_a_median_and_no_interval():
    sentence = said(pairs("small", "improved-plain", 0.04, 0.06), "A wider")
    assert "+5.00 points (median of 2 pairs of runs, too few for an interval), and" in sentence


def test_recipes_with_a_tail_have_medians_before_or_after():
    tailed = [made("small", 0.5 + 0.1 * (seed == 2), seed, loss=0.3 + seed) for seed in range(3)]
    even = [made("improved", 0.9, seed) for seed in range(3)]
    for change, middle in ((accuracy_change, 40), (loss_change, -1)):
        forth, back = change(tailed, even), change(even, tailed)
        assert forth.kind == back.kind == "median"
        assert forth.middle == pytest.approx(middle) == -back.middle
    assert accuracy_change(tailed[:1], even[:1]).kind == "mean"


def test_a_run_that_gets_nothing_right_has_0_points():
    assert accuracy_change([made("basic", 0.0)], [made("small", 0.5)]).middle == 50


def test_of_recipes_with_a_tail_the_median_is_given_and_said():
    changes = [0.04, 0.05, 0.06, 0.07, 0.03, 0.05, 0.3]
    sentence = said(pairs("small", "improved-plain", *changes, level=0.6), "A wider")
    assert "changed the accuracy by +5.00 points (+3.00 to +30.00, median of 7 pairs" in sentence
    assert "and the test loss by " in sentence and ", from 0." not in sentence
    mean_of_others = flips(*[-0.02, -0.021, -0.019, -0.0205, -0.0195, -0.02, -0.018, -0.3])
    assert "-5.48 points (" in mean_of_others and "median" not in mean_of_others


def test_runs_with_other_seeds_are_not_taken_for_pairs():
    plain = [made("improved-plain", 0.97 + d, seed) for seed, d in enumerate((0, 0.001, 0.002))]
    other = [made("improved-flips", 0.95 + d, seed) for seed, d in enumerate((0, 0.001), 7)]
    assert "points (-2.30 to -1.80, 2 runs or more each)" in said(
        [*plain, *other], "Flipped copies"
    )


def test_what_ranges_mean_is_said_first():
    several = pairs("improved-plain", "improved-flips", -0.01, -0.02)
    assert findings(several)[0].startswith("Ranges in parentheses are 95 % intervals over seeds")
    assert findings(several[:2])[0].startswith("Each recipe was run once, so nothing here says")
    assert findings([made("small", 0.9, seed) for seed in range(3)]) != []


# ---------------------------------------------------------------- where a published figure lies


def published(name, *accuracies):
    runs = [made(name, accuracy, seed) for seed, accuracy in enumerate(accuracies)]
    return said(runs, "The published")


def test_one_run_beside_a_published_one_asks_for_more_seeds():
    assert published("improved", 0.948) == (
        "The published 94.95 % of “improved, as published” is one run, and ours measured 94.80 %, "
        "-0.15 points; more seeds tell where it lies among others."
    )


def test_one_run_far_from_the_published_one_says_how_far():
    assert "ours measured 80.00 %, -14.95 points;" in published("improved", 0.80)


@pytest.mark.parametrize(("images", "told"), [(10, False), (99, False), (100, True)])
def test_a_figure_of_a_few_images_is_not_held_against_ours(images, told, monkeypatch):
    monkeypatch.setitem(RECIPES, "improved", replace(RECIPES["improved"], published_images=images))
    assert any("The published" in s for s in findings([made("improved", 0.94)])) == told


def test_a_figure_with_a_tenth_of_the_runs_on_its_other_side_is_not_rare():
    sentence = published("improved", *[0.94] * 18, 0.96, 0.96)
    assert "reproduces, with 18 of 20 runs below it" in sentence


def test_a_figure_among_the_runs_reproduces():
    assert published("improved", 0.945, 0.948, 0.951, 0.953) == (
        "The published 94.95 % of “improved, as published” reproduces, with 2 of 4 runs below it "
        "(median 94.95 %, from 94.50 to 95.30)."
    )


@pytest.mark.parametrize(
    ("rest", "end", "where"), [(0.93, 0.86, "below 19 of 20"), (0.89, 0.92, "above 19 of 20")]
)
def test_a_figure_at_the_end_of_the_runs_is_rare(rest, end, where):
    sentence = published("small", *[rest] * 19, end)
    assert f"lies {where} runs (median {100 * rest:.2f} %" in sentence
    assert sentence.endswith("so it can come out, but rarely does.")


@pytest.mark.parametrize(("accuracy", "side"), [(0.93, "below"), (0.88, "above")])
def test_a_figure_beyond_all_of_many_runs_does_not_reproduce(accuracy, side):
    sentence = published("small", *[accuracy] * 40)
    assert f"lies {side} all 40 runs" in sentence
    assert sentence.endswith("one end or the other in 2 of 41 cases, so it does not reproduce.")


@pytest.mark.parametrize(("runs", "verdict"), [(38, "may be chance"), (39, "does not reproduce")])
def test_it_takes_39_runs_for_one_more_to_lie_beyond_them_in_a_twentieth_of_cases(runs, verdict):
    assert verdict in published("small", *[0.93] * runs)


def test_beyond_all_of_a_few_runs_is_no_verdict():
    assert published("small", 0.93, 0.94, 0.92).endswith(
        "one end or the other in 2 of 4 cases, so it may be chance; more seeds tell."
    )


def test_a_run_that_equals_the_published_figure_is_on_neither_side():
    sentence = published("improved", 0.9495, *[0.952] * 19)
    assert "lies below 19 of 20 runs" in sentence and "rarely" in sentence


def test_a_tail_is_explained_by_its_dead_units():
    found = [0.934, 0.936, 0.931, 0.933, 0.929, 0.932, 0.856]
    runs = [
        replace(made("small", accuracy, seed), dead_units=dead)
        for seed, (accuracy, dead) in enumerate(zip(found, [0, 0, 1, 1, 1, 1, 6], strict=True))
    ]
    assert said(runs, "far below") == (
        "“small: 10 hidden units” has 1 run far below the others: the worst, 85.6 %, has 6 dead "
        "hidden units, which are 0 for every test image; median accuracies are 93.5 % with 0 (2 "
        "runs), 93.2 % with 1 (4 runs), 85.6 % with 6 (1 run)."
    )
    assert not any("far below" in sentence for sentence in findings(runs[:6]))
    for known in (0, 5):
        unknown = [*runs[:known], *(replace(one, dead_units=None) for one in runs[known:])]
        assert not any("far below" in sentence for sentence in findings(unknown))


def test_two_counts_of_dead_units_explain_a_tail_and_one_does_not():
    runs = [made("small", 0.93 + seed / 1000, seed) for seed in range(7)]
    runs[3] = replace(runs[3], test=scores(0.8))
    two = [replace(one, dead_units=5 * (one.seed == 3)) for one in runs]
    assert "93.3 % with 0 (6 runs), 80.0 % with 5 (1 run)." in said(two, "far below")
    one = [replace(run, dead_units=2) for run in runs]
    assert not any("far below" in sentence for sentence in findings(one))


# ------------------------------------------------------------------------------- the lower loss


def stopped(accuracy, loss, seeds=1):
    runs = []
    for seed in range(seeds):
        off = seed / 1000
        runs += [
            made("improved-plain", 0.97 + off, seed, loss=0.45),
            made("improved", 0.95 + off / 2, seed, loss=0.23 + off),
            made("plain-10-epochs", accuracy + off, seed, loss=loss + off / 2),
        ]
    return said(runs, "stopped after 10 epochs")


def test_the_control_that_beats_the_lower_loss_is_named():
    assert stopped(0.964, 0.22) == (
        "The same network without copies, stopped after 10 epochs, has 96.40 % and a loss of "
        "0.220, where “improved, as published” has 95.00 % and 0.230: it beats that in accuracy "
        "and loss, with +1.40 points and -0.010 of loss."
    )
    assert "it beats that in accuracy and loss, with +1.45 points (" in stopped(0.964, 0.22, 3)


@pytest.mark.parametrize(
    ("accuracy", "loss", "verdict"),
    [
        (0.964, 0.30, "it beats that in accuracy, with"),
        (0.964, 0.2299, "it beats that in accuracy, with"),
        (0.955, 0.30, "it beats that in accuracy, with"),
        (0.94, 0.22, "it beats that in loss, with"),
        (0.94, 0.25, "it does not clearly beat that, with"),
        (0.9502, 0.2299, "it does not clearly beat that, with"),
        (0.95, 0.23, "it does not clearly beat that, with"),
    ],
)
def test_a_control_beats_only_where_the_interval_says_so(accuracy, loss, verdict):
    assert verdict in stopped(accuracy, loss, seeds=3)


def test_a_control_that_is_equal_does_not_beat():
    assert "it does not clearly beat that, with +0.00 points" in stopped(0.95, 0.23)


@pytest.mark.parametrize(
    ("loss", "epochs", "told"),
    [(0.44, 10, True), (0.45, 10, False), (0.46, 10, False), (0.44, 30, False), (0.44, 40, False)],
)
def test_a_lower_loss_is_explained_where_it_is_lower_and_the_control_was_stopped(
    loss, epochs, told
):
    runs = [
        made("improved-plain", 0.97, loss=0.45),
        made("improved", 0.95, loss=loss),
        made("plain-10-epochs", 0.96, loss=0.4, epochs=epochs),
    ]
    assert any("stopped after" in sentence for sentence in findings(runs)) == told


def test_width_and_time_are_told_apart_where_each_was_run_alone():
    runs = [made("small", 0.91), made("plain-10-epochs", 0.964), made("improved-plain", 0.97)]
    assert "to “no augmentation, 10 epochs”) changed the accuracy by +5.40" in said(runs, "wider")
    assert (
        "(from “no augmentation, 10 epochs” to “improved, no augmentation”) changed the "
        in said(runs, "Longer training")
    )


def test_a_changed_recipe_is_not_held_against_the_published_number():
    assert findings([made("improved", 0.80, epochs=1)]) == []


def test_basic_is_said_to_learn_nothing_only_if_it_does():
    nothing = said([made("basic", 0.098, share=0.88)], "basic network")
    assert "as published gives one answer to 88 % of the test images" in nothing
    assert nothing.endswith(
        "right on 9.8 %: it learned nothing, since always giving the same "
        "answer gets about 10 % right."
    )
    for accuracy in (0.15, 0.5):
        assert "it learned something" in said([made("basic", accuracy)], "basic network")


@pytest.mark.parametrize("accuracy", [0.098, 0.5, 0.93])
def test_no_finding_has_two_colons_outside_the_titles_of_recipes(accuracy):
    """After one colon a reader expects the explanation, not another one to come."""
    runs = [made(name, accuracy, seed) for name in RECIPES for seed in range(2)]
    for sentence in findings(runs):
        assert re.sub("“.*?”", "", sentence).count(":") <= 1


def test_a_changed_basic_network_is_not_called_as_published():
    sentence = said([made("basic", 0.098, lr=1.0)], "basic network")
    assert "(its settings changed)" in sentence and "published gives" not in sentence


def test_the_sign_alone_is_enough_or_not():
    assert "alone is not enough" in said(
        [made("basic", 0.1), made("basic-sign-fixed", 0.098)], "Fixing the sign"
    )
    for accuracy, after in ((0.2, "20.0"), (0.8, "80.0")):
        assert f"alone already helps: 10.0 % before, {after} % after" in said(
            [made("basic", 0.1), made("basic-sign-fixed", accuracy)], "Fixing the sign"
        )


def test_the_fixed_network_performs_well_or_not():
    for accuracy, reached in ((0.9, "90.0"), (0.93, "93.0")):
        assert f"reaches {reached} %, so a from-scratch network performs well" in said(
            [made("basic-fixed", accuracy)], "hand-written code"
        )
    assert "so something besides these faults is in its way" in said(
        [made("basic-fixed", 0.5)], "hand-written code"
    )


def test_a_short_run_of_the_fixed_network_is_no_evidence_of_more_faults():
    sentence = said([made("basic-fixed", 0.8, epochs=1)], "hand-written code")
    assert sentence.endswith("reaches 80.0 % with the settings of this run.")


def test_what_earned_the_gain_is_computed():
    runs = [made("small", 0.91), made("improved-plain", 0.97), made("improved", 0.95)]
    assert said(runs, "From the") == (
        "From the small model to the improved one it is +4.00 points, with a wider hidden layer "
        "and longer training alone +6.00, and the augmentation changes that by -2.00."
    )
    helped = [made("small", 0.93), made("improved-plain", 0.92), made("improved", 0.95)]
    assert "it is +2.00 points, with" in said(helped, "From the")
    assert "alone -1.00, and the augmentation changes that by +3.00." in said(helped, "From the")
    several = [made(one.recipe.name, one.test.accuracy, seed) for one in runs for seed in range(6)]
    assert "it is a median of +4.00 (+4.00 to +4.00) points" in said(several, "From the")


def test_what_was_made_equal_by_the_user_is_not_named_as_the_cause():
    short = [made("small", 0.91, epochs=2), made("improved-plain", 0.97, epochs=2)]
    words = "A wider hidden layer (from “small: 10 hidden units” to “improved, no augmentation”)"
    assert said(short, "changed the").startswith(words)
    same = [
        made(name, accuracy, hidden=(50,), epochs=2)
        for name, accuracy in (("small", 0.91), ("improved-plain", 0.97), ("improved", 0.95))
    ]
    assert not any("wider" in s or "onger" in s or "From the" in s for s in findings(same))
    [_, changed] = findings(same[1:])
    assert changed.startswith("Flipped and noisy copies (from")
    [about_ranges] = findings(same[:2])
    assert about_ranges.startswith("Each recipe was run once")


# --------------------------------------------------------------------------------- other images


def test_of_other_images_nothing_is_said_that_is_about_mnist():
    runs = [made("basic-fixed", 0.83), made("improved-plain", 0.85), made("affine", 0.86)]
    sentences = findings(runs, "clothes")
    assert not any("faults is" in s or "Simard" in s or "performs well" in s for s in sentences)
    assert any(
        "code reaches 83.0 %, where “improved, no augmentation” reaches 85.0 %" in s
        for s in sentences
    )
    assert any("Simard" in s for s in findings(runs))
    simard = [replace(made("simard", 0.9), validation=scores(0.91)), made("best", 0.91)]
    assert not any("chosen" in s for s in findings(simard, "clothes"))


@pytest.mark.parametrize("accuracy", [0.83, 0.93])
def test_the_fixed_network_alone_is_not_judged_on_other_images(accuracy):
    [sentence] = findings([made("basic-fixed", accuracy)], "clothes")
    assert sentence.endswith(f"the same hand-written code reaches {100 * accuracy:.1f} %.")


def test_what_is_the_opposite_on_other_images_is_said():
    runs = pairs("improved-plain", "improved-flips", 0.010, 0.011, 0.012, level=0.85)
    assert findings(runs, "clothes")[-1] == (
        "What flipped copies (+1.10 points, -1.60 on MNIST) do has the opposite direction on "
        "clothes."
    )
    runs = pairs("improved-plain", "improved-noise", -0.010, -0.011, -0.012, level=0.85)
    assert (
        "What noisy copies (-1.10 points, -0.32 on MNIST) do has the same direction as on MNIST."
        in (findings(runs, "clothes"))
    )
    assert not any(" direction" in sentence for sentence in findings(runs))


def test_the_effects_on_mnist_are_those_of_the_stored_comparison():
    groups = by_recipe(read_results(STORED / "compare.json")[1])
    for name, points in ON_MNIST.items():
        found = accuracy_change(groups["improved-plain"], groups[name])
        assert round(found.middle, 2) == points and found.excludes(0)


def test_what_is_not_clear_on_other_images_is_neither_the_same_nor_the_opposite():
    unclear = pairs("improved-plain", "improved-flips", 0.01, -0.01, level=0.85)
    one_each = pairs("improved-plain", "improved-flips", 0.01, level=0.85)
    for runs in (unclear, one_each):
        assert not any(" direction" in sentence for sentence in findings(runs, "clothes"))


def test_the_benchmark_of_fashion_mnist_is_named_only_there():
    runs = [made("improved-plain", 0.849)]
    assert findings(runs, "Fashion-MNIST") == [
        "The benchmark of Fashion-MNIST by its authors has 87.1 % for one hidden layer of 100 ReLU "
        "units; “improved, no augmentation” has 84.9 %; theirs steps with a learning rate of 0.001 "
        "and batches of 200, this one with 0.01 and 50."
    ]
    assert findings(runs, "clothes") == [] == findings(runs)
    assert findings([made("improved-plain", 0.849, hidden=(30,))], "Fashion-MNIST") == []
    others = findings([made("small", 0.8)], "Fashion-MNIST")
    assert not any("benchmark" in sentence for sentence in others)


@pytest.mark.parametrize(
    ("accuracy", "settings", "explained"),
    [
        (0.849, {}, True),
        (0.849, {"epochs": 60}, True),
        (0.849, {"epochs": 29}, False),
        (0.849, {"lr": 0.001}, False),
        (0.871, {}, False),
        (0.88, {}, False),
        (0.88, {"lr": 0.001}, False),
    ],
)
def test_the_benchmark_is_explained_where_a_long_training_with_large_steps_is_below_it(
    accuracy, settings, explained
):
    [sentence] = findings([made("improved-plain", accuracy, **settings)], "Fashion-MNIST")
    assert f"“improved, no augmentation” has {100 * accuracy:.1f} %" in sentence
    assert ("theirs steps" in sentence) == explained


# -------------------------------------------------------------------------------------- past it


def test_findings_past_the_published_say_what_was_chosen_on_what():
    simard = replace(made("simard", 0.9927), validation=scores(0.9918))
    assert "was chosen on 10,000 training images" in said([simard], "chosen")
    assert "99.18 % there, 99.27 % on the test images" in said([simard], "chosen")
    assert "-0.03 points from the 99.30 % of Simard" in said([simard], "Simard,")


def test_a_choice_is_not_mentioned_when_a_run_has_no_validation():
    runs = [replace(made("simard", 0.99), validation=scores(0.99)), made("simard", 0.99, seed=1)]
    assert not any("chosen" in sentence for sentence in findings(runs))


def test_a_recipe_that_is_trained_on_all_images_says_how_it_was_chosen():
    sentence = said([made("best", 0.9945)], "chosen")
    assert "chosen by the 99.50 % that it reached on 10,000 held-out" in sentence
    assert "trained on all of them, it reaches 99.45 % on the test images" in sentence


def test_nothing_is_compared_with_simard_when_settings_were_changed():
    assert findings([made("best", 0.995, lr=0.1)]) == []
