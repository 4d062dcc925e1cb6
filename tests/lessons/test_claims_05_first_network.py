"""What lesson 5 says of its own numbers is what it prints."""

import pytest

from .claims import row

pytestmark = pytest.mark.lesson


@pytest.fixture
def shown(printed):
    return printed("05_first_network")


def test_the_layer_answers_what_the_nearest_mean_does(shown):
    text = shown["Ten distances in one product"]
    assert row(text, "answers that differ from the nearest mean:") == [0]
    assert row(text, "right:") == [82.03]


def test_without_biases_the_layer_gets_about_63_percent_and_no_5(shown):
    text = shown["Ten distances in one product"]
    assert row(text, "right, without biases:")[0] == pytest.approx(63, abs=0.5)
    answers = row(text, "how often it answers the digits 0 to 9:")
    assert answers[5] == 0 and sum(answers) == 10_000


def test_the_trained_layer_has_about_85_percent(shown):
    assert row(shown["Let the averages move"], "right, of the test images:")[0] == pytest.approx(
        85, abs=0.5
    )


def test_one_layer_and_two_fail_on_disc_and_ring_alike(shown):
    one = row(shown["A disc and a ring"], "on the right side:")[0]
    two = row(shown["One layer more"], "on the right side:")[0]
    assert one == two < 60
    same = [line for line in shown["One layer more"].splitlines() if "gives the same" in line]
    assert float(same[0].split()[-1]) < 1e-12


def test_with_a_sigmoid_between_them_all_points_are_right(shown):
    text = shown["Something that bends"]
    assert row(text, "step 1000")[1] == 100
    assert row(text, "step    0")[1] < 70


def test_the_healthy_network_has_more_than_91_percent(shown):
    text = shown["Digits again"]
    assert row(text, "15 times through:")[0] > 91
    assert row(text, "1 times through:")[0] < row(text, "5 times through:")[0]
