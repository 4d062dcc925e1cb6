"""What lesson 19 says about the numbers that it prints."""

import re

import numpy as np
import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson

NAME = "19_second_derivatives"


def table(text, columns):
    """The lines that hold as many numbers as the table has columns, and nothing else."""
    lines = [line for line in text.splitlines() if re.fullmatch(r"[\s\d.e+-]+", line)]
    return np.array([numbers(line) for line in lines if len(numbers(line)) == columns])


def test_an_ordinary_gradient_has_no_record_and_the_engine_equals_the_formulas(printed):
    text = printed(NAME)["The slope of the slope"]
    assert "no graph" in text.splitlines()[0]
    assert row(text, "f' :")[0] < 1e-13 and row(text, "f'':")[0] < 1e-13


def test_a_kept_value_makes_the_second_derivative_2_cos_x(printed):
    text = printed(NAME)["Why a rule is written with ops"]
    assert row(text, "f'' rule with ops") == row(text, "f'' by hand")
    assert row(text, "f'' rule with a kept value") == row(text, "2 cos x")
    assert row(text, "2 cos x") != row(text, "f'' by hand")
    assert "gradcheck: True" in text and "gradgradcheck: output 0" in text


def test_a_product_is_exact_and_takes_as_long_as_a_few_gradients(printed):
    found = table(printed(NAME)["A table of second derivatives"], 5)
    assert len(found) == 4 and np.all(found[:, 4] < 1e-12)
    assert np.median(found[:, 2] / found[:, 1]) < 6, "measured: 1.4 to 2.3"
    assert np.all(found[:, 3] > 8 * found[:, 2])


def test_the_first_diagonal_is_stretched_by_three_and_the_other_stays(printed):
    text = printed(NAME)["Directions that are not turned"]
    assert "[1, 1]   goes to [3. 3.]" in text and "[1, -1]  goes to [ 1. -1.]" in text
    assert row(text, "eigenvalues [")[:2] == [1, 3]


def test_newton_needs_a_handful_of_steps_and_the_larger_rate_does_not_arrive(printed):
    text = printed(NAME)["Straight to the bottom"]
    assert row(text, "gradient descent, rate 0.009:")[0] == 1873, "the text says so"
    assert row(text, "gradient descent, rate 0.012: not there after")[0] == 2500
    assert row(text, "Newton's method:")[0] < 10
    distances = numbers(text.partition("distances from the lowest point:\n")[2].splitlines()[0])
    assert distances[2] > distances[0] and distances[-1] < 1e-3


def test_the_limit_lies_between_the_two_rates_and_power_iteration_finds_it(printed):
    text = printed(NAME)["How large a step may be"]
    assert 0.009 < row(text, "the ravine at its lowest point:")[1] < 0.012
    lowest, highest = row(text, "eigenvalues of its whole Hessian:")
    assert row(text, "a network after 400 steps:")[0] == pytest.approx(highest, rel=1e-3)
    assert lowest < 0


def test_below_the_limit_the_loss_falls_and_above_it_rises_and_comes_back(printed):
    found = table(printed(NAME)["How large a step may be"], 10)
    assert len(found) == 6
    for _, share, predicted, factor, first, highest, last, before, after, limit in found:
        assert abs(factor - predicted) < 0.02, "the formula predicts the factor"
        assert last < first
        if share < 1:
            assert highest == first
        else:
            assert highest > first + 0.02 and after < before and after < 1.1 * limit


def test_the_sharpness_stays_near_its_limit_where_the_limit_is_met(printed):
    found = table(printed(NAME)["At the edge"], 5)
    assert len(found) == 6
    for rate, _, limit, middle, last in found:
        assert last < 0.4
        if rate == 1:
            assert 1 < middle < 0.7 * limit
        else:
            assert 0.85 < middle / limit < 1.15
