"""What lesson 16 says about the numbers that it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def lesson(printed):
    return printed("16_convolution")


def test_three_ways_give_the_same_convolution_and_gradient(lesson):
    text = lesson["As one matrix product"]
    assert row(text, "largest difference from the loops:")[0] < 1e-12
    text = lesson["Its gradient"]
    assert "gradients equal central differences: True" in text
    assert row(text, "largest difference from conv2d's gradient:")[0] < 1e-12
    assert row(text, "places where each weight was used:") == [26 * 26]


def test_it_has_far_fewer_weights_and_fewer_multiplications(lesson):
    text = lesson["How few weights"]
    few, many, ratio = row(text, "weights, with biases:")
    assert (few, many) == (6 * 25 + 6, 785 * 3456) and 16_500 < ratio < 17_500
    few, many, ratio = row(text, "multiplications, one image:")
    assert few == 6 * 25 * 576 and ratio == 31


def test_an_output_sees_as_many_rows_as_the_text_says(lesson):
    text = lesson["What an output sees"]
    rows = [numbers(line.partition("rows of outputs")[2])[0] for line in text.splitlines()]
    assert rows == [3, 5, 7, 15]


def test_only_the_largest_of_a_square_gets_a_gradient(lesson):
    out, gradients = lesson["Pooling"].split("gradients:")
    assert numbers(out) == [4] and sorted(numbers(gradients)) == [0, 0, 0, 1]


def test_the_convolutional_network_is_better_and_shuffling_harms_it_more(lesson):
    text = lesson["A small network"]
    one, other = text.split("fully connected:")
    order, shuffled = (row(one, f"pixels {how}") for how in ("in order", "shuffled"))
    plain, plain_shuffled = (row(other, f"pixels {how}") for how in ("in order", "shuffled"))
    assert all(a > b for a, b in zip(order, plain, strict=True))
    assert all(a > b for a, b in zip(order, shuffled, strict=True))
    assert order[-1] - shuffled[-1] > 2 and plain[-1] - plain_shuffled[-1] < 1
    assert shuffled[-1] > plain_shuffled[-1]
