"""What lesson 10 says of its own numbers is what it prints."""

import numpy as np
import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def shown(printed):
    return printed("10_optimisers")


def seeds(text):
    """The rows of the three seeds, each as numbers without that of the seed."""
    rows = [numbers(line) for line in text.splitlines() if line.strip()[:2] in ("0 ", "1 ", "2 ")]
    assert [found[0] for found in rows] == [0, 1, 2]
    return np.array([found[1:] for found in rows])


def sizes(text):
    """For each seed the mean size of the weights where ink is rare, and where it is common."""
    return np.array([row(text, f"seed {seed}:") for seed in (0, 1, 2)])


def test_across_the_ravine_it_shrinks_below_the_limit_and_grows_above(shown):
    text = shown["A ravine"]
    ends = {lr: row(text, f"{lr:g} ") for lr in (0.001, 0.019, 0.02, 0.021)}
    assert abs(ends[0.001][1]) < 0.01 and abs(ends[0.019][1]) < 0.01
    assert ends[0.02][1] == 0.5 and ends[0.021][1] > 50
    for lr, (a, b, _) in ends.items():
        assert a == pytest.approx(-4 * (1 - lr) ** 50, abs=5e-4)
        assert b == pytest.approx(0.5 * (1 - 100 * lr) ** 50, rel=0.05)


def test_along_the_ravine_it_crawls(shown):
    assert row(shown["A ravine"], "0.019 ")[0] < -1.5


def test_adam_by_hand_is_the_packages(shown):
    text = shown["A step for each weight"]
    assert numbers(text.splitlines()[0])[0] == 7960
    assert numbers(text.splitlines()[0])[1] < 1e-10


def test_the_first_step_of_adam_has_the_length_of_the_rate_whatever_the_loss(shown):
    text = shown["A step for each weight"]
    first = np.array(row(text, "Adam first step"))
    assert np.allclose(first, [-0.01, 0.01, 1000, -0.01, 0.01], rtol=1e-5)
    sgd = row(text, "SGD  first step")
    assert np.allclose(np.array(sgd[3:]), 1000 * np.array(sgd[:2]), rtol=1e-6)
    assert np.allclose(np.abs(row(text, "Adam without the divisions")), 0.0316, rtol=1e-2)


def test_turning_the_ravine_changes_adam_alone(shown):
    text = shown["Down the ravine"]
    ends = {name: row(text, name)[1:] for name in ("SGD", "momentum", "Adam")}
    assert ends["SGD"][0] == ends["SGD"][1] and ends["momentum"][0] == ends["momentum"][1]
    assert ends["momentum"][0] < 0.2 * ends["SGD"][0]
    straight, turned = ends["Adam"]
    assert straight < 0.2 * ends["SGD"][0] and turned > 1.5 * ends["SGD"][0]


def test_sgd_at_its_best_rate_is_nearly_as_good_as_adam_and_harder_to_hit(shown):
    text = shown["Learning rates on digits"]
    best, _, low, high = row(text, "cross-entropy, Adam")
    sgd_best, _, sgd_low, sgd_high = row(text, "cross-entropy, SGD")
    assert 85 < best < 91 and -1 < best - sgd_best < 3
    assert high / low > 10 and sgd_high / sgd_low < 5


def test_the_squared_error_stays_a_few_points_behind_and_needs_much_larger_rates(shown):
    text = shown["Learning rates on digits"]
    best, _, low, _ = row(text, "squared error, SGD")
    assert 75 < best < row(text, "cross-entropy, SGD")[0] - 2
    assert low > 5 * max(row(text, "cross-entropy, SGD")[3], row(text, "cross-entropy, Adam")[3])


def test_three_runs_differ_by_about_two_points_and_all_lie_above_the_published_one(shown):
    text = shown["The small model"]
    accuracies = seeds(text)[:, 0]
    assert accuracies.min() > 90.54 and accuracies.max() < 95
    assert 1 < row(text, "best minus worst:")[0] < 4
    assert row(text, "best minus worst:")[1] == pytest.approx(92.5, abs=0.5)


def test_units_die_in_the_first_epoch_for_good_and_the_worst_seed_lost_most(shown):
    accuracies, _, first, early, late = seeds(shown["The small model"]).T
    assert not first.any() and (early == late).all() and late.any()
    assert late[accuracies.argmin()] == late.max() > 1


def test_one_step_moves_the_input_of_a_unit_by_several_times_its_spread(shown):
    text = shown["Units that never answer"]
    moved = row(text, "one step of 0.01 for all weights moves the unit's input by")[0]
    spread = row(text, "standard deviation of the inputs at the start:")[0]
    assert moved == pytest.approx(1.04, abs=0.02) and moved > 3 * spread


def test_with_adam_the_weights_are_largest_where_ink_is_rare_and_with_sgd_they_are_not(shown):
    rare, common = sizes(shown["What the hidden units look for"]).T
    assert (rare > 1.5 * common).all()
    rare, common = sizes(shown["The same model with SGD"]).T
    assert (rare < 0.5 * common).all()


def test_with_sgd_no_unit_dies_and_but_for_one_seed_it_is_level_with_adam(shown):
    sgd, died, adam, died_with_adam = seeds(shown["The same model with SGD"]).T
    assert not died.any() and died_with_adam.max() == 3
    assert sgd.mean() > adam.mean()
    more = sgd - adam
    hit = died_with_adam.argmax()
    assert more[hit] > 1 and (np.abs(np.delete(more, hit)) < 0.5).all()
