"""What lesson 8 says of its own numbers is what it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def shown(printed):
    return printed("08_autograd")


def test_the_yardstick_learns(shown):
    first, last = numbers(shown["The yardstick"].splitlines()[-1])
    assert last < first / 3


def test_the_gradients_are_the_hand_written_ones(shown):
    lines = shown["The same forward pass, with tensors"].splitlines()[1:]
    assert len(lines) == 4
    assert max(numbers(line)[-1] for line in lines) < 1e-14


def test_in_place_fails_in_step_1_a_new_tensor_in_step_2_and_no_grad_works(shown):
    text = shown["How to update"]
    assert "in place, step 1: RuntimeError" in text
    assert "a new tensor, step 1: a leaf: False" in text and "a new tensor, step 2: Type" in text
    assert "under no_grad, step 2: a leaf: True" in text


def test_without_the_reset_it_is_no_better_than_a_tenth_for_everything(shown):
    reset, forgotten = (numbers(x)[-1] for x in shown["Gradients add up"].splitlines()[-2:])
    tenth = (0.9**2 + 9 * 0.1**2) / 10
    assert reset < 0.6 * tenth and 0.8 * tenth < forgotten < 1.3 * tenth


def test_all_versions_agree_and_lines_are_saved(shown):
    rows = {
        name: row(shown["An optimiser steps"], f"{name} ")
        for name in ("by hand", "tensors", "module", "Sequential", "SGD")
    }
    assert all(difference < 1e-12 for _, difference in rows.values())
    assert 0 < rows["tensors"][1] < 1e-13
    assert [lines for lines, _ in rows.values()] == [35, 19, 21, 14, 13]  # as the picture is told


def test_nine_lines_know_a_derivative(shown):
    assert "lines that know a derivative: 9" in shown["The code that we want to delete"]


def test_the_shared_network_needs_no_derivative(shown):
    assert "all right: True" in shown["Change the network"]


def test_a_step_with_autograd_takes_less_than_twice_as_long(shown):
    lines = shown["What it costs: time"].splitlines()[-3:]
    shorter, autograd = (numbers(line)[-1] for line in lines[1:])
    assert autograd < 2 * shorter


def test_losses_that_are_kept_keep_their_graphs(shown):
    tensors, item = (numbers(x) for x in shown["What it costs: memory"].splitlines()[-2:])
    assert tensors[0] == item[0] == 20
    assert 4 * 20 < tensors[1] < 6 * 20  # about 5 MB for each batch
    assert item[1] < 0.1


def test_one_epoch_gives_about_90_percent(shown):
    lines = shown["All of it, in a few lines"].splitlines()
    assert len(lines) == 2
    assert all(87 < numbers(line)[1] < 92 for line in lines)
