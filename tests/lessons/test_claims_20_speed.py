"""What lesson 20 says about counts and results. Nothing here looks at a time."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def lesson(printed):
    return printed("20_speed")


def test_a_gradient_of_the_images_needs_half_as_many_multiply_adds_again(lesson):
    text = lesson["Count first"]
    large, small = 50 * 784 * 100, 50 * 100 * 10
    assert row(text, "forward") == [large + small] * 2
    assert row(text, "gradients of weights") == [large + small] * 2
    assert row(text, "gradients of inputs") == [small, large + small]
    needed, wanted_all = row(text, "together")
    assert 1.45 < wanted_all / needed < 1.55
    assert 0.32 < 1 - needed / wanted_all < 0.34, "a rule per input saves a third"


def test_by_the_count_the_large_products_are_92_percent_and_adam_under_6(lesson):
    text = lesson["Count first"]
    assert row(text, "two large products")[1] == pytest.approx(92.4, abs=0.1)
    assert row(text, "Adam")[1] == pytest.approx(5.6, abs=0.1)
    assert row(text, "cross-entropy")[1] < 0.1
    pieces = ("two large products", "three small products", "cross-entropy", "Adam", "rest")
    shares = [row(text, name)[1] for name in pieces]
    assert sum(shares) == pytest.approx(100, abs=0.05)


def test_the_operations_are_two_for_each_multiply_add(lesson):
    text = lesson["Count first"]
    counted = row(text, "two large products")[0] + row(text, "three small products")[0]
    assert counted == 2 * row(text, "together")[0]


def test_the_shares_of_work_are_the_same_beside_those_of_time(lesson):
    by_count, apart = lesson["Count first"], lesson["The step, taken apart"]
    for name in ("two large products", "three small products", "cross-entropy", "Adam", "rest"):
        assert row(apart, name)[2] == row(by_count, name)[1]


def test_one_op_and_eight_have_the_same_result(lesson):
    text = lesson["Fewer calls"]
    one, composed = (row(text, name)[:2] for name in ("one op    loss", "composed  loss"))
    assert one == pytest.approx(composed, rel=1e-4)


def test_the_formula_makes_16_passes_and_13_new_arrays_and_the_other_form_10_and_none(lesson):
    text = lesson["Fewer passes"]
    assert row(text, "from_the_formula passes:") == [16, 13]
    assert row(text, "few_passes       passes:") == [10, 0]


def test_both_forms_of_adam_come_to_the_same_weights(lesson):
    line = next(x for x in lesson["Fewer passes"].splitlines() if "apart" in x)
    assert numbers(line)[-1] < 1e-12
