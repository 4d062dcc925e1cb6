"""The findings: sentences that are true whichever way the numbers fall, about what was run."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinygrad_mlp.experiment.findings import by_recipe, findings
from tinygrad_mlp.experiment.recipes import RECIPES, from_dict
from tinygrad_mlp.experiment.training import Run
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


def stored_run(words):
    """A run as `results.json` holds it."""
    confusion = np.array(words["confusion"])
    test = Scores(words["test_accuracy"], words["test_loss"], confusion)
    train = Scores(words["train_accuracy"], words["train_loss"], confusion)
    return Run(from_dict(words["recipe"]), words["seed"], None, [], test, train, words["seconds"])


@pytest.mark.parametrize("name", ["compare", "longer", "narrow"])
def test_stored_results_say_what_is_said_today(name):
    results = json.loads((STORED / f"{name}.json").read_text("utf-8"))
    assert results["findings"] == findings([stored_run(words) for words in results["runs"]])


# ------------------------------------------------------------------- the published experiment


def test_there_are_no_findings_about_recipes_that_were_not_run():
    assert findings([made("improved-plain", 0.97)]) == []


@pytest.mark.parametrize(
    ("flips", "words"),
    [
        (0.95, "cost 2.0 points (± 0.6)"),
        (0.99, "gained 2.0 points (± 0.4)"),
        (0.9705, "made no clear difference to accuracy (+0.1 ± 0.5 points)"),
        (0.968, "made no clear difference to accuracy (-0.2 ± 0.5 points)"),
    ],
)
def test_flips_are_judged_by_the_numbers(flips, words):
    runs = [made("improved-plain", 0.97, loss=0.45), made("improved-flips", flips, loss=0.41)]
    sentence = said(runs, "Flipped copies")
    assert sentence.startswith(
        "Flipped copies (from “improved, no augmentation” to “improved, flips only”) "
        f"{words}; the test loss goes from "
    )
    assert "from 0.450 to 0.410" in sentence


def test_the_margin_is_that_of_the_test_images_and_of_the_seeds():
    def margin(spread):
        plain = [made("improved-plain", 0.97 + d, seed) for seed, d in enumerate((-spread, spread))]
        flips = [made("improved-flips", 0.95 + d, seed) for seed, d in enumerate((-spread, spread))]
        return said([*plain, *flips], "Flipped")

    assert "cost 2.0 points (± 0.6)" in margin(0.0)
    assert "no clear difference to accuracy (-2.0 ± 2.9 points)" in margin(0.01)


@pytest.mark.parametrize(("accuracy", "points"), [(0.948, "-0.15"), (0.93, "-1.95")])
def test_a_run_within_two_points_reproduces_what_was_published(accuracy, points):
    sentence = said([made("improved", accuracy)], "94.95")
    assert f"reproduces: measured {100 * accuracy:.2f} %, {points} points." in sentence


@pytest.mark.parametrize(("accuracy", "points"), [(0.92, "-2.95"), (0.98, "+3.05")])
def test_a_single_run_further_off_asks_for_more_seeds(accuracy, points):
    sentence = said([made("improved", accuracy)], "94.95")
    assert f"is missed by this one run: measured {100 * accuracy:.2f} %" in sentence
    assert sentence.endswith(f"{points} points; more seeds tell whether that is chance.")


def test_several_runs_can_say_that_a_published_figure_does_not_reproduce():
    runs = [made("improved", 0.92, seed) for seed in range(3)]
    assert "does not reproduce: measured 92.00 %, -2.95 points." in said(runs, "The published")


def test_a_changed_recipe_is_not_held_against_the_published_number():
    assert findings([made("improved", 0.80, epochs=1)]) == []


def test_basic_is_said_to_learn_nothing_only_if_it_does():
    nothing = said([made("basic", 0.098, share=0.88)], "basic network")
    assert "as published gives one answer to 88 % of the test images" in nothing
    assert nothing.endswith(
        "right on 9.8 %: it learned nothing, since always giving the same "
        "answer gets about 10 % right."
    )
    assert "it learned something" in said([made("basic", 0.5)], "basic network")


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
    assert "alone already helps: 10.0 % before, 80.0 % after" in said(
        [made("basic", 0.1), made("basic-sign-fixed", 0.8)], "Fixing the sign"
    )


def test_the_fixed_network_performs_well_or_not():
    assert "reaches 93.0 %, so a from-scratch network performs well" in said(
        [made("basic-fixed", 0.93)], "hand-written code"
    )
    assert "so something besides these faults is in its way" in said(
        [made("basic-fixed", 0.5)], "hand-written code"
    )


def test_a_short_run_of_the_fixed_network_is_no_evidence_of_more_faults():
    sentence = said([made("basic-fixed", 0.8, epochs=1)], "hand-written code")
    assert sentence.endswith("reaches 80.0 % with the settings of this run.")


def test_what_earned_the_gain_is_computed():
    runs = [made("small", 0.91), made("improved-plain", 0.97), made("improved", 0.95)]
    assert said(runs, "So of the") == (
        "So of the +4.0 points from the small model to the improved one, +6.0 come with a wider "
        "hidden layer and longer training, and -2.0 with the augmentation."
    )
    helped = [made("small", 0.93), made("improved-plain", 0.92), made("improved", 0.95)]
    assert "of the +2.0 points" in said(helped, "So of the")
    assert "-1.0 come with" in said(helped, "So of the")
    assert "and +3.0 with the augmentation" in said(helped, "So of the")


def test_what_was_made_equal_by_the_user_is_not_named_as_the_cause():
    short = [made("small", 0.91, epochs=2), made("improved-plain", 0.97, epochs=2)]
    words = "A wider hidden layer (from “small: 10 hidden units” to “improved, no augmentation”)"
    assert said(short, "gained").startswith(words)
    same = [
        made(name, accuracy, hidden=(50,), epochs=2)
        for name, accuracy in (("small", 0.91), ("improved-plain", 0.97), ("improved", 0.95))
    ]
    assert not any("wider" in s or "longer" in s or "So of" in s for s in findings(same))


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
    assert not any("Simard" in sentence for sentence in findings([made("best", 0.995, lr=0.1)]))
