"""What lesson 16 says about the numbers that it prints."""

import pytest

from .claims import row

pytestmark = pytest.mark.lesson


def test_the_convolutional_network_is_better_and_shuffling_harms_it_more(printed):
    text = printed("16_convolution")["A small network"]
    one, other = text.split("fully connected:")
    order, shuffled = (row(one, f"pixels {how}") for how in ("in order", "shuffled"))
    plain, plain_shuffled = (row(other, f"pixels {how}") for how in ("in order", "shuffled"))
    assert all(a > b for a, b in zip(order, plain, strict=True))
    assert all(a > b for a, b in zip(order, shuffled, strict=True))
    assert order[-1] - shuffled[-1] > 2 and plain[-1] - plain_shuffled[-1] < 1
    assert shuffled[-1] > plain_shuffled[-1]
