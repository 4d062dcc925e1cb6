"""What lesson 9 says of its own numbers is what it prints."""

import numpy as np
import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def shown(printed):
    return printed("09_losses")


def test_the_undecided_output_gets_several_hundred_times_the_push(shown):
    text = shown["One output that is sure and wrong"]
    sure, undecided = row(text, "-8 ")[1], row(text, "-1 ")[1]
    assert 300 < undecided / sure < 600


def test_the_slope_of_the_cross_entropy_is_p_minus_1(shown):
    text = shown["One output that is sure and wrong"]
    for score in (-8, -4, -1):
        p, square, log = row(text, f"{score} ")
        true = 1 / (1 + np.exp(-score))
        assert p == pytest.approx(true, abs=5e-5) and log == pytest.approx(true - 1, abs=5e-6)
        assert square == pytest.approx(2 * (true - 1) * true * (1 - true), abs=5e-6)


def test_the_cross_entropy_needs_about_20_steps_and_the_squared_error_over_1000(shown):
    text = shown["One output that is sure and wrong"]
    square, surprise = row(text, "steps from -8 to p > 0.9: squared error")
    assert square > 1000 and 15 < surprise < 25


def test_only_small_scores_give_the_naive_formula_a_finite_loss(shown):
    naive = shown["Ten classes"].splitlines()[:4]
    assert [np.isfinite(float(line.split()[-1])) for line in naive] == [True, False, False, False]
    assert [line.split()[-1] for line in naive[1:]] == ["nan", "nan", "inf"]


def test_log_sum_exp_and_the_package_agree_on_all_of_them(shown):
    text = shown["Ten classes"]
    lines = [line for line in text.splitlines() if "F.cross_entropy:" in line]
    assert len(lines) == 4
    for line in lines:
        ours, package = (float(words.split()[-1]) for words in line.split("F.cross_entropy:"))
        assert ours == package and np.isfinite(ours)


def test_the_gradient_is_p_minus_y_and_each_row_sums_to_0(shown):
    text = shown["Why the gradient is so short"]
    assert row(text, "largest difference between autograd and (p - y) / n:")[0] < 1e-14
    assert row(text, "sums of the rows:")[0] < 1e-14


def test_most_outputs_are_sure_of_something_from_the_start(shown):
    text = shown["The same on digits"]
    assert row(text, "outputs below 0.05 or above 0.95 at the start:")[0] > 60


def test_the_squared_error_stays_below_50_percent_and_cross_entropy_passes_80(shown):
    text = shown["The same on digits"]
    rows = {
        name: np.array([numbers(line)[1:] for line in text.splitlines() if line.startswith(name)])
        for name in ("squared error", "cross-entropy")
    }
    assert all(found.shape == (3, 2) for found in rows.values())
    assert rows["squared error"].max() < 50
    assert rows["cross-entropy"].mean(axis=1).max() > 80
    assert rows["cross-entropy"].min() > rows["squared error"].max()
