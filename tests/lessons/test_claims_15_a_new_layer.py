"""What lesson 15 says about the numbers that it prints."""

import pytest

from .claims import row

pytestmark = pytest.mark.lesson


@pytest.fixture
def lesson(printed):
    return printed("15_a_new_layer")


def test_a_lost_factor_and_a_tensor_for_a_parameter_are_noticed(lesson):
    assert "input 1 (b)" in " ".join(lesson["A wrong rule, caught"].split())
    assert "not an nn.Parameter" in " ".join(lesson["A layer around it"].split())


def test_the_result_is_close_to_relu_and_the_bends_get_sharper(lesson):
    text = lesson["Does it help?"]
    assert abs(row(text, "b = 0.25 minus ReLU:")[0]) < 0.5
    assert row(text, "training loss higher than ReLU's in")[0] == 5
    assert row(text, "b started at 4; after training half of them are below")[0] < 3.7
    assert row(text, "half of the b end below")[0] < 0.15


def test_saved_and_in_pytorch_it_is_the_same(lesson):
    assert "the same scores, to the bit: True" in lesson["Saved, and loaded again"]
    assert row(lesson["In PyTorch"], "largest difference between scores:")[0] < 1e-5
