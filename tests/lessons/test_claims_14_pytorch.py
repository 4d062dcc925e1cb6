"""What lesson 14 says about the numbers that it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def lesson(printed):
    return printed("14_pytorch")


def test_the_order_of_a_sum_shows_in_the_last_digits_only(lesson):
    text = lesson['What "the same" can mean']
    exact = row(text, "without rounding")[0]
    sums = [row(text, order)[0] for order in ("first to last", "last to first", "NumPy's dot")]
    assert sums[0] != sums[1]
    assert all(abs(total - exact) < 1e-5 * abs(exact) for total in sums)


def test_the_weights_carry_over_to_the_bit(lesson):
    assert lesson["The same weights"].count("equal to the bit: True") == 4


def test_gradients_differ_by_a_few_roundings_in_both_dtypes(lesson):
    single, double = lesson["One step: the gradients"].split("float64:")
    for text, rounding in ((single, 1.2e-7), (double, 2.3e-16)):
        for name in ("1.weight", "1.bias", "3.weight", "3.bias"):
            assert row(text, name)[-1] < 50 * rounding


def test_float64_agrees_and_a_changed_constant_shows_in_the_second_step(lesson):
    text = lesson["The same 240 steps"]
    ours, itself, changed = row(text, "240 ")
    assert ours < 1e-13 and itself < 1e-13 and changed > 1e-4
    assert row(text, "2 ")[2] > 1e-9


def test_float32_drifts_by_the_predicted_order_of_magnitude(lesson):
    lines = [x for x in lesson["The same in float32"].splitlines() if "the prediction" in x]
    assert len(lines) == 3
    for line in lines:
        assert 1 / 20 < numbers(line.split(":")[1])[0] < 20


def test_small_kicks_give_one_curve_and_the_large_one_leaves_it(lesson):
    text = lesson["What drives them apart"]
    small, middle, large = (row(text, kick) for kick in ("1e-12", "1e-09", "1e-05"))
    assert small[:2] == pytest.approx(middle[:2], rel=0.1, abs=0.05)
    assert "none" in text and len(large) == 3, "only the large kick flips a switch"
    assert len(small) == len(middle) == 2 and large[1] > 30 * middle[1]


def test_the_answers_agree_in_float64_and_both_are_as_good_in_float32(lesson):
    text = lesson["The same answers"]
    assert "; 0 answers differ" in text
    gap, apart = numbers(text[text.index("the closest two") : text.index("float32,")])
    assert gap > 2 * apart
    for seed in "012":
        right = row(text, f"{seed}   ")[:3]
        assert max(right) - min(right) < 3


def test_the_journey_through_files_is_exact(lesson):
    text = lesson["The way back, and through a file"]
    assert text.count("equal to the bit both ways: True") == 4
    text = text[text.index("PyTorch's says") :]
    for name in ("1.weight", "1.bias", "3.weight", "3.bias"):
        assert 0 < row(text, name)[-1] <= 0.0101
