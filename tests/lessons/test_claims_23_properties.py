"""What lesson 23 says about the numbers that it prints."""

import re

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def part(printed):
    return printed("23_properties")


def test_two_good_looking_examples_accept_the_wrong_rule(part):
    errors = [numbers(line)[1] for line in part["Two good examples"].splitlines()]
    assert len(errors) == 2 and max(errors) < 1e-6


def test_hypothesis_shows_a_small_whole_number_on_the_forgotten_side(part):
    text = part["A property"]
    shown = row(text, "after shrinking:")[0]
    assert -5 <= shown < -1 and shown == round(shown)
    first = row(text, "first x that failed:")[0]
    assert first != round(first)


def test_a_square_matrix_hides_the_fault_that_the_smallest_other_one_shows(part):
    text = part["Shapes are examples too"]
    assert "passed" in text
    assert sorted(
        numbers(
            text.splitlines()[-1]
            .partition(":")[2]
            .replace("(", " ")
            .replace(")", " ")
            .replace(",", " ")
        )
    ) == [1, 2]


def test_check_op_finds_the_wrong_power_and_not_the_convention_at_the_kink(part):
    outcomes = dict(
        re.split(r"  +", line, maxsplit=1)
        for line in part["What the package brings"].splitlines()
        if re.match(r"\S.*  +\S", line)
    )
    assert outcomes["third_power"] == "passed" != outcomes["third_power_wrong"]
    assert outcomes["relu_wrong, off the kink"] == "passed"
    assert outcomes["relu_wrong, at the kink"] == "the slope at 0 is not 0"
    assert outcomes["tg.relu, at the kink"] == "passed"


def test_six_mutants_survive_at_0_one_at_1_and_none_check_op(part):
    text = part["Who checks the checks?"]
    assert "15 mutants" in text
    assert row(text, "example x = 0 ")[0] == 6
    assert row(text, "example x = 1 ")[0] == 1
    assert text.partition("example x = 1")[2].splitlines()[1].strip() == "g * 3 * x"
    assert row(text, "check_op ")[0] == 0
