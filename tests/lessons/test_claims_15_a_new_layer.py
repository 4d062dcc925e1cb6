"""What lesson 15 says about the numbers that it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def lesson(printed):
    return printed("15_a_new_layer")


def test_a_lost_factor_and_a_tensor_for_a_parameter_are_noticed(lesson):
    assert "input 1 (b)" in " ".join(lesson["A wrong rule, caught"].split())
    assert "not an nn.Parameter" in " ".join(lesson["A layer around it"].split())


def test_the_plain_formula_loses_its_digits_far_out_and_the_other_does_not(lesson):
    plain, better = (
        [numbers(line)[-1] for line in text.splitlines() if "off by" in line]
        for text in lesson["What the check did not look at"].split("off by 100.00000 %")
    )
    near, middle = plain
    assert near < 1e-4 and 0.1 < middle < 10, "x = -10,000 is off by 100 %, where the text is cut"
    assert len(better) == 3 and max(better) < 1e-4


def test_the_layers_equal_their_twins(lesson):
    assert "passed, as SquarePlus(features=3)" in lesson["A layer around it"]


def test_the_result_is_close_to_relu_and_the_bends_get_sharper(lesson):
    text = lesson["Does it help?"]
    assert abs(row(text, "b = 0.25 minus ReLU:")[0]) < 0.5
    assert row(text, "training loss higher than ReLU's in")[0] == 5
    assert row(text, "b started at 4; after training half of them are below")[0] < 3.7
    assert row(text, "half of the b end below")[0] < 0.15


def test_rounder_bends_do_worse_than_sharp_ones(lesson):
    text = lesson["Does it help?"]
    accuracies = {name: row(text, f"{name} ") for name in ("ReLU", "b = 4", "b = 0.25")}
    *sharp, mean = accuracies["b = 0.25"]
    *round_, mean_of_round = accuracies["b = 4"]
    assert len(sharp) == len(round_) == 5
    assert mean - mean_of_round > 0.15
    assert row(text, "b = 4 minus ReLU:")[0] < 0 < row(text, "b = 0.25 minus ReLU:")[0]
    one_seed = [a - b for a, b in zip(round_, accuracies["ReLU"], strict=False)]
    assert min(one_seed) < 0 < max(one_seed), "a single seed may tell a different story"


def test_the_images_for_testing_agree_with_the_held_out_ones(lesson):
    text = lesson["Does it help?"]
    assert abs(row(text, "test accuracy")[0] - row(text, "b = 0.25 ")[-1]) < 1


def test_saved_and_in_pytorch_it_is_the_same(lesson):
    assert "the same scores, to the bit: True" in lesson["Saved, and loaded again"]
    text = lesson["In PyTorch"]
    assert "SquarePlus has no twin" in text
    assert row(text, "largest difference between scores:")[0] < 1e-5
    assert row(text, "the same answer for")[0] >= 9_999


def test_rmsprop_moves_ten_times_lr_first_and_equals_pytorch(lesson):
    first, last = lesson["An optimiser, too"].split("step 100")
    *moved, apart = numbers(first.partition("moved by")[2])
    assert {abs(distance) for distance in moved} == {0.01} and apart < 1e-15
    moved, apart = map(numbers, last.split("\n")[1:3]), row(last, "furthest from PyTorch:")[0]
    distances = {abs(distance) for line in moved for distance in line}
    assert len(distances) == 6 and apart < 1e-14, "later each weight goes its own way"
