"""What lesson 19 says of its own numbers is what it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def shown(printed):
    return printed("19_second_derivatives")


def test_both_derivatives_agree_with_the_formula(shown):
    text = shown["The slope of the slope"]
    assert max(numbers(line)[-1] for line in text.splitlines() if "away from" in line) < 1e-12


def test_a_kept_value_gives_two_cosines(shown):
    text = shown["Why a rule is written with ops"]
    by_hand, with_ops = row(text, "f'' by hand"), row(text, "f'' rule with ops")
    kept, cosines = row(text, "f'' rule with a kept value"), row(text, "2 cos x")
    assert by_hand == with_ops != kept == cosines
    assert "gradcheck: True" in text and "gradgradcheck: " in text


def test_a_product_agrees_with_the_whole_hessian(shown):
    lines = shown["A table of second derivatives"].splitlines()[1:]
    assert len(lines) == 4
    for line in lines:
        n, _, _, whole, off = numbers(line)
        assert off < 1e-12 and whole > 0 and n > 50


def test_only_the_diagonals_keep_their_direction(shown):
    text = shown["Directions that are not turned"]
    assert "[1, 1]   goes to [3. 3.]" in text and "[1, -1]  goes to [ 1. -1.]" in text
    assert "eigenvalues [1. 3.]" in text


def test_newton_needs_fewer_than_10_steps_and_the_bolder_rate_never_arrives(shown):
    text = shown["Straight to the bottom"]
    assert row(text, "gradient descent, rate 0.009:") == [1873]
    assert "rate 0.012: not there after 2500 steps" in text.replace(",", ",").replace(
        "2501", "2500"
    )
    assert row(text, "Newton's method:")[0] < 10


def test_the_limit_of_the_ravine_lies_between_both_rates(shown):
    text = shown["How large a step may be"]
    limit = row(text, "the ravine at its lowest point: sharpness")[1]
    assert 0.009 < limit < 0.012
    largest = row(text, "a network after 400 steps: sharpness")[0]
    low, high = numbers(text.split("Hessian: from")[1].splitlines()[0])
    assert low < 0 and high == pytest.approx(largest, rel=1e-3)


def test_just_above_the_limit_the_distance_grows_and_the_loss_comes_back(shown):
    lines = [numbers(x) for x in shown["How large a step may be"].splitlines()]
    rows = [x for x in lines if len(x) == 10 and x[1] in (0.95, 1.05)]
    assert len(rows) == 6
    for _, share, predicted, factor, first, highest, last, before, after, limit in rows:
        assert factor == pytest.approx(predicted, abs=0.03)
        if share > 1:
            assert highest > 1.1 * first and last < highest
            assert after < before and after < 1.1 * limit
        else:
            assert last < first


def test_the_sharpness_stays_near_the_limit_of_the_larger_rates(shown):
    rows = [numbers(line) for line in shown["At the edge"].splitlines()[1:]]
    assert len(rows) == 6
    for rate, _, limit, middle, _ in rows:
        assert (middle == pytest.approx(limit, rel=0.2)) == (rate > 1)
