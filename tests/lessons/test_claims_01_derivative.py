"""What lesson 1 says of its own numbers is what it prints."""

import itertools
import math

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def shown(printed):
    return printed("01_derivative")


def test_the_ratio_settles_near_the_slope(shown):
    moved = row(shown["A slope"], "0.0100")
    assert round(moved[0], 2) == -0.03
    assert row(shown["A slope"], "0.0001")[1] == pytest.approx(-2.83, abs=5e-3)


def test_the_weight_has_the_steepest_slope_and_three_are_negative(shown):
    slopes = {n: row(shown["A gradient"], f"slope with respect to {n}:")[0] for n in "wxbt"}
    assert max(slopes, key=lambda name: abs(slopes[name])) == "w"
    assert [name for name, slope in slopes.items() if slope < 0] == ["w", "x", "b"]
    assert slopes["w"] == pytest.approx(-6, abs=1e-4) and slopes["w"] != -6


def test_at_once_is_right_for_the_error_and_wrong_behind_it(shown):
    text = shown["First attempt: tell your inputs at once"]
    for name in ("error", "t"):
        measured, at_once = row(text, f"{name} ")
        assert (abs(at_once - measured) < 1e-3) == (name == "error")
    assert [row(text, f"{name} ")[1] for name in "wb"] == [-15, -6]


def test_by_paths_all_are_right_in_15_calls_for_8_values(shown):
    text = shown["Second attempt: one path at a time"]
    for name in "wxbt":
        measured, found = row(text, f"{name} ")
        assert measured == pytest.approx(found, abs=1e-3)
    assert "15 calls for 8 values" in text
    assert row(text, "18 ") == [55, 1048573]


def test_in_order_each_of_301_values_is_visited_once(shown):
    text = shown["Third attempt: wait until everything has arrived"]
    assert row(text, "w   measured")[1] == -6
    assert "301 values, one visit each" in text


def test_recursion_fails_where_a_loop_does_not(shown):
    text = shown["A long chain"]
    assert "10,000 additions: RecursionError" in text and "slope 1.0" in text


def test_each_step_of_the_line_cuts_the_loss_to_a_quarter(shown):
    losses = [row(shown["What it is good for"], f"{step} ")[2] for step in range(6)]
    assert losses[0] == 2.25 and losses[5] < 0.01
    for before, after in itertools.pairwise(losses):
        assert math.isclose(after, before / 4, abs_tol=1e-4)


def test_the_neuron_settles_above_zero(shown):
    losses = [row(shown["A neuron that learns"], f"step {step:3}")[2] for step in (0, 1, 100, 200)]
    assert losses[0] > 1 and losses[1] < 0.1 and losses[2] == losses[3] > 0.01
    assert len(numbers(shown["A neuron that learns"].splitlines()[-1])) == 1


def test_the_package_finds_the_same(shown):
    assert numbers(shown["The same, in the package"]) == [2.25, -6, -3]
