"""What lesson 2 says of its own numbers is what it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def shown(printed):
    return printed("02_tensors")


def test_24_slopes_of_each_table_are_not_zero(shown):
    text = shown["The table of all slopes"]
    assert text.count(", 24 of 48 are not zero") == text.count(", 24 of 96 are not zero") == 1


def test_only_one_of_four_products_is_the_gradient(shown):
    text = shown["The rule of the matrix product"]
    off = {name: row(text, f"{name} ")[0] for name in ("G B^T", "B^T G", "B G")}
    assert off["G B^T"] < 1e-6 < 0.1 < min(off["B^T G"], off["B G"])
    for name in ("A", "B"):
        assert row(text, f"for {name}: the table and")[-1] < 1e-6


def test_without_fixed_shapes_the_loss_is_lower_than_any_line_can_have(shown):
    text = shown["Twenty-four galaxies"]
    best = row(text, "the best possible straight line has a loss of")[0]
    assert "9 values in the graph" in text
    assert row(text, "1999")[0] < 1e-3 < best
    assert row(text, "0 ")[1:] == [1] and row(text, "10 ")[1:] == [24, 1]


def test_unbroadcast_agrees_with_nudges_and_the_descent_ends_at_the_best_line(shown):
    text = shown["The reverse of broadcasting"]
    off = [numbers(line)[-1] for line in text.splitlines() if line.startswith("(3, 4) *")]
    assert len(off) == 6 and max(off) < 1e-8
    assert row(text, "1999")[:3] == row(text, "best")
    assert row(text, "best")[0] == pytest.approx(0.45, abs=0.005)


def test_the_rate_0_45_ends_nearest_and_0_5_grows(shown):
    text = shown["The landscape"]
    losses = {
        rate: row(text, f"rate {rate:.2f}: loss after 25 steps")[0]
        for rate in (0.02, 0.2, 0.45, 0.5)
    }
    assert min(losses, key=losses.get) == 0.45
    assert losses[0.2] < losses[0.02] < 1.2395 < losses[0.5]


def test_the_package_ends_where_our_engine_does_and_its_rules_give_the_same(shown):
    text = shown["The same, in the package"]
    assert row(text, "the package")[:2] == pytest.approx(row(text, "our engine")[:2], rel=1e-9)
    rules = [line for line in text.splitlines() if "rule of input" in line]
    assert len(rules) == 9
    assert max(numbers(line)[-1] for line in rules) < 1e-12
