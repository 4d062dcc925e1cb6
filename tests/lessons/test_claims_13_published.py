"""What lesson 13 says about the numbers that it prints."""

from itertools import pairwise

import pytest

from .claims import row

pytestmark = pytest.mark.lesson

IMAGES, TRAINING = "On how many images?", "The training accuracy"
BATCH, BEST = "The loss of one batch", "The best of several"


@pytest.fixture
def lesson(printed):
    return printed("13_published")


def test_ten_thousand_images_place_a_score_within_half_a_point_and_a_thousand_do_not(lesson):
    low, high = row(lesson[IMAGES], "10,000")
    assert high - low < 1.1
    low, high = row(lesson[IMAGES], "1,000")
    assert high - low > 2


def test_ten_images_could_not_have_told_80_from_95_percent(lesson):
    low, high = row(lesson[IMAGES], "10 ")
    assert low <= 80 < 95 <= high


def test_only_the_mean_of_all_epochs_can_be_the_printed_accuracy(lesson):
    ways = ("mean of 30 epochs", "epoch 30", "no copies, at the end", "test, at the end")
    holds = []
    for words in ways:
        _, low, high = row(lesson[TRAINING], words)
        holds.append(low <= 94.219 <= high)
    assert holds == [True, False, False, False]


def test_the_training_accuracies_lie_2_6_points_apart_and_the_last_above_the_test(lesson):
    running = row(lesson[TRAINING], "mean of 30 epochs")[0]
    at_the_end = row(lesson[TRAINING], "no copies, at the end")[0]
    assert at_the_end - running == pytest.approx(2.6, abs=0.05)
    assert at_the_end - row(lesson[TRAINING], "test, at the end")[0] == pytest.approx(1.8, abs=0.05)


def test_the_live_training_is_like_the_stored_ones(lesson):
    here, low, high = row(lesson[TRAINING], "mean loss in epoch 1:")
    assert low - 0.02 < here < high + 0.02


def test_each_way_to_measure_the_training_accuracy_gives_more_than_the_one_before(lesson):
    words = (
        "running average over 3 epochs",
        "epoch 3, while it was training",
        "then, standing still, new copies",
        "then, the images without copies",
    )
    found = [row(lesson[TRAINING], start)[0] for start in words]
    steps = [after - before for before, after in pairwise(found)]
    assert 0.8 < steps[0] < 1.8 and -0.3 < steps[1] < 1.2 and 1.2 < steps[2] < 2.8


def test_the_mean_loss_falls_and_the_error_is_the_last_loss_divided_by_784(lesson):
    means, last, errors = zip(*(row(lesson[BATCH], f"{k} ")[:3] for k in (1, 2, 3)), strict=True)
    assert list(means) == sorted(means, reverse=True)
    for loss, error in zip(last, errors, strict=True):
        assert loss / error == pytest.approx(783, rel=0.02)


def test_batches_of_50_cover_both_printed_losses(lesson):
    mean, low, high = row(lesson[BATCH], "parts of    50:")
    assert low < 0.289 < 0.302 < high and high > 2 * mean
    low, high = row(lesson[BATCH], "last 200 training batches:")
    assert low < 0.289 < 0.302 < high


def test_two_batches_differ_by_ten_times_as_much_as_the_printed_losses(lesson):
    (by_chance,) = row(lesson[BATCH], "a training batch and a test batch differ by")
    assert by_chance > 8 * (0.30141 - 0.28901514)


def test_the_first_half_of_the_test_images_costs_twice_as_much(lesson):
    first, _, second = row(lesson[BATCH], "the first 5,000 test images:")
    assert first == pytest.approx(2 * second, rel=0.25)


def test_the_best_of_five_is_a_third_of_a_point_better_than_the_mean(lesson):
    one, *_, five = row(lesson[BEST], "improved  ")
    assert five - one == pytest.approx(0.33, abs=0.02)


def test_for_the_small_network_the_best_of_five_is_more_than_a_point_better(lesson):
    one, *_, five = row(lesson[BEST], "small")
    assert five - one > 1
