"""What lesson 18 says about the numbers that it prints."""

import numpy as np
import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson

NAME = "18_past_99"


def accuracies(printed, heading, names):
    text = printed(NAME)[heading]
    return [np.array(row(text, name)[:3]) for name in names]


def test_about_a_third_of_the_lead_on_1000_images_is_left_and_more_images_flatter_less(printed):
    text = printed(NAME)["Why not choose by the test images?"]
    lead, left, _ = row(text, "1,000 ")
    assert 0.8 < lead < 1.3 and 0.2 < left / lead < 0.45
    flattery = [row(text, size)[2] for size in ("100 ", "300 ", "1,000 ", "2,000 ", "5,000 ")]
    assert all(np.diff(flattery) < 0) and flattery[-1] > 0.05


def test_the_rate_goes_from_a_25th_up_and_down_to_almost_nothing(printed):
    text = printed(NAME)["The learning rate, up and down"]
    first, largest, last = numbers(text.splitlines()[0])
    assert first == pytest.approx(largest / 25) and 0 < last < largest / 100_000


def test_the_schedule_beats_both_constant_rates_with_every_seed(printed):
    names = ("constant 0.003", "constant 0.01", "one cycle up to 0.01")
    low, high, cycle = accuracies(printed, "The learning rate, up and down", names)
    assert cycle.min() > max(low.max(), high.max())
    assert 0.45 < cycle.mean() - low.mean() < 0.85 and low.mean() > high.mean()
    assert cycle.mean() - high.mean() > 1


def test_width_gains_three_quarters_of_a_point_and_depth_only_when_normalised(printed):
    names = ("one of 100", "one of 300", "three of 100", "three, normalised")
    found = accuracies(printed, "A layer that rescales", names)
    narrow, wide, deep, normalised = found
    assert wide.min() > narrow.max() and 0.55 < wide.mean() - narrow.mean() < 0.95
    assert abs(deep.mean() - narrow.mean()) < 2 * deep.std(ddof=1)
    assert normalised.min() > deep.max() and abs(normalised.mean() - wide.mean()) < 0.2


def test_the_running_means_move_a_tenth_of_the_way(printed):
    text = printed(NAME)["A layer that rescales"]
    before = row(text, "means before")[:4]
    assert row(text, "running means")[:4] == pytest.approx(np.array(before) / 10, abs=0.011)


def test_forgetting_eval_is_wrong_on_most_and_does_damage(printed):
    text = printed(NAME)["Forgetting `eval()`"]
    first = row(text, "sorted images, eval mode: ")[0]
    assert 95 < first < 97.5
    assert row(text, "sorted images, training mode:")[0] < 30
    assert row(text, "sorted images, eval mode again:")[0] < first - 5


def test_it_gets_about_50_wrong_and_the_validated_score_foretold_it(printed):
    text = printed(NAME)["The network that comes with the package"]
    wrong, of, right = row(text, "wrong on")
    error = row(text, "standard error from 10,000 images:")[0]
    assert of == 10_000 and 40 <= wrong <= 65, "the prediction"
    assert abs(row(text, "validated")[0] - right) < 2 * error
    assert row(text, "on the validation images,")[0] > right + 3 * error


def test_wrong_answers_are_mostly_unsure_and_the_network_is_modest(printed):
    text = printed(NAME)["What it gets wrong"]
    assert 45 <= row(text, "of ")[-1] <= 85, "the prediction"
    right, wrong = row(text, "confidence, median:")
    assert right > wrong + 15
    assert row(text, "the label is the second choice in")[0] > 60
    mean, accuracy = row(text, "mean confidence")
    assert mean < accuracy - 3


def test_half_a_pixel_away_it_makes_fewer_errors_and_a_whole_pixel_away_more(printed):
    text = printed(NAME)["It has never seen a sharp image"]
    names = ("as they are", "a whole pixel away", "half a pixel away", "half a pixel, mean")
    still, whole, half, four = (row(text, name)[-1] for name in names)
    assert half < still < whole and four < still - 3


def test_preparing_a_photograph_makes_the_difference(printed):
    text = printed(NAME)["A picture of your own"]
    shrunk = row(text, "as it is")[0]
    assert shrunk <= 25 and shrunk < row(text, "dark and light swapped")[0] < 85
    assert row(text, "prepared by predict")[0] > 95
