"""Intervals: they hold what they are about as often as they say, and say so when they cannot."""

import math

import numpy as np
import pytest

from tinygrad_mlp.experiment.intervals import (
    Interval,
    difference,
    far_below,
    mean,
    median,
    smallest_seen,
    student,
)

# ------------------------------------------------------------------------------ Student's factor


@pytest.mark.parametrize(
    ("freedom", "published"),  # Student's table has three digits
    [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (19, 2.093), (100, 1.984)],
)
def test_students_factor_is_that_of_the_printed_tables(freedom, published):
    assert round(student(freedom), 3) == published


def test_with_many_degrees_of_freedom_the_factor_is_that_of_the_bell_curve():
    assert abs(student(1e6) - 1.959964) < 1e-4


# ----------------------------------------------------------------------------------- the mean


def share_held(interval, draw, true, rounds=2000):
    """In which share of experiments the interval holds the true figure."""
    rng = np.random.default_rng(17)
    found = [interval(draw(rng)) for _ in range(rounds)]
    return np.mean([one.low <= true <= one.high for one in found])


@pytest.mark.parametrize("n", [2, 5, 20])
def test_the_interval_of_a_mean_holds_it_in_95_of_100_experiments(n):
    held = share_held(mean, lambda rng: rng.normal(3, 2, n), 3)
    assert abs(held - 0.95) < 0.02


def test_the_interval_of_a_mean_by_hand():
    found = mean([1.0, 2.0, 3.0])
    assert found.middle == 2 and (found.kind, found.count) == ("mean", 3)
    assert found.high - 2 == pytest.approx(4.302653 / math.sqrt(3), rel=1e-5)
    assert found.low == pytest.approx(4 - found.high)


def test_without_an_interval_nothing_is_excluded():
    assert mean([1.0]).excludes(5.0) is False


def test_the_ends_of_a_range_are_told_in_any_format():
    found = mean([1.0, 2.0, 3.0])
    assert found.ends(".2f") == "-0.48 to 4.48" and found.ends("+.1f") == "-0.5 to +4.5"
    assert mean([1.0]).ends(".2f") == ""


def test_one_value_has_a_mean_and_no_interval():
    assert mean([0.97]) == Interval(0.97, None, None, "mean", 1)
    assert not mean([0.97]).excludes(0)


# --------------------------------------------------------------------------------- the median


@pytest.mark.parametrize("n", [6, 9, 20])
def test_the_interval_of_a_median_holds_it_whatever_the_tails_are(n):
    assert share_held(median, lambda rng: rng.standard_cauchy(n), 0) > 0.94


def test_the_interval_of_a_median_goes_from_one_value_to_another():
    """With 20 values, from the 6th to the 15th, as tables of order statistics have it."""
    found = median(range(1, 21))
    assert (found.middle, found.low, found.high, found.kind) == (10.5, 6, 15, "median")
    assert (median(range(6)).low, median(range(6)).high) == (0, 5)


def test_five_values_are_too_few_for_the_interval_of_a_median():
    assert median([1, 2, 3, 4, 5]) == Interval(3, None, None, "median", 5)


# ---------------------------------------------------------------------------------- far values


def test_a_value_far_below_the_others_is_counted_and_one_far_above_is_not():
    near = [93.0, 93.4, 92.8, 93.1, 93.3, 92.9, 93.2]
    assert far_below(near) == 0
    assert far_below([*near, 85.4]) == 1
    assert far_below([*near, 85.4, 80.0]) == 2
    assert far_below([*near, 99.9]) == 0
    assert far_below([*near[:4], 85.4]) == 0, "five are too few to say"
    assert far_below([*near[:5], 85.4]) == 1


@pytest.mark.parametrize(("off", "counted"), [(4.99, 0), (5.01, 1), (6.01, 1)])
def test_far_is_five_deviations_where_the_middle_half_spans_one_and_a_third(off, counted):
    middle = 1.349 / 2
    values = [middle - off, -0.1, 0, 0.3, middle, 1, 1.349, 1.5, 2]
    assert far_below(values) == counted


def test_a_bell_curve_is_rarely_said_to_have_far_values():
    rng = np.random.default_rng(3)
    assert np.mean([far_below(rng.normal(0, 1, 20)) > 0 for _ in range(1000)]) < 0.02


def test_values_that_are_all_the_same_have_none_far_off():
    assert far_below([1.0] * 20) == 0


# ------------------------------------------------------------------------------- differences


def test_shared_seeds_are_compared_in_pairs():
    before = {0: 90.0, 1: 95.0, 2: 97.0}
    found = difference(before, {seed: value + 1 + seed / 10 for seed, value in before.items()})
    expected = mean([1.0, 1.1, 1.2])
    assert found.paired and found.count == 3
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_other_seeds_are_compared_by_welch():
    """By hand: variances 1 and 4 over 3 runs each, 2.94 degrees of freedom."""
    found = difference({0: 1.0, 1: 2.0, 2: 3.0}, {3: 2.0, 4: 4.0, 5: 6.0})
    assert not found.paired and found.middle == 2
    freedom = (1 / 3 + 4 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (4 / 3) ** 2 / 2)
    assert found.high - 2 == pytest.approx(student(freedom) * math.sqrt(5 / 3))


@pytest.mark.parametrize("same_side", [0, 1])
def test_where_one_side_does_not_vary_the_other_alone_decides(same_side):
    sides = {0: 1.0, 1: 1.0, 2: 1.0}, {3: 2.0, 4: 4.0, 5: 6.0}
    found = difference(*(sides if same_side == 0 else sides[::-1]))
    assert found.high - found.middle == pytest.approx(student(2) * math.sqrt(4 / 3))


def test_sides_that_vary_alike_have_the_freedom_of_both():
    found = difference({0: 1.0, 1: 2.0, 2: 3.0}, {3: 5.0, 4: 6.0, 5: 7.0})
    assert found.high - 4 == pytest.approx(student(4) * math.sqrt(2 / 3))


def test_runs_that_do_not_vary_differ_for_certain():
    found = difference({0: 1.0, 1: 1.0}, {2: 3.0, 3: 3.0})
    assert (found.low, found.middle, found.high) == (2, 2, 2) and found.excludes(0)


def test_the_median_of_the_differences_is_given_where_it_is_asked_for():
    before = {seed: 90.0 + seed for seed in range(8)}
    after = {seed: value + 1 for seed, value in before.items()} | {3: 40.0}
    found = difference(before, after, of_median=True)
    assert (found.middle, found.kind, found.high, found.paired) == (1.0, "median", 1.0, True)
    assert difference(before, after).middle < -4


def test_seeds_that_only_one_side_has_are_left_out():
    found = difference({0: 1.0, 1: 2.0, 2: 3.0}, {1: 2.5, 2: 3.7, 3: 99.0})
    assert found.paired and found.count == 2
    assert found.middle == pytest.approx(0.6)


def test_one_run_each_has_a_difference_and_no_interval():
    assert difference({0: 1.0}, {0: 3.0}) == Interval(2, None, None, "mean", 1, True)
    assert difference({0: 1.0}, {1: 3.0}) == Interval(2, None, None, "mean", 1)


def test_another_unit_scales_all_of_an_interval():
    assert Interval(1, 0.5, 2, "mean", 9, True).times(100) == Interval(
        100, 50, 200, "mean", 9, True
    )
    assert Interval(1, None, None, "mean", 1).times(100) == Interval(100, None, None, "mean", 1)


# ------------------------------------------------------------------------------------- power


@pytest.mark.parametrize(("spread", "n"), [(0.2, 20), (1.5, 3)])
def test_the_smallest_effect_that_is_seen_is_seen_in_four_of_five_experiments(spread, n):
    effect = smallest_seen(spread, n)
    rng = np.random.default_rng(99)
    seen = [mean(rng.normal(effect, spread, n)).low > 0 for _ in range(2000)]
    assert abs(np.mean(seen) - 0.8) < 0.03
