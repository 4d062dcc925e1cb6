"""What lesson 11 says about the numbers that it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson

LOOK, MIRROR, TRAIN = "Look first", "Which digits survive a mirror?", "Train on the copies"
LOSS, ASK = "What noise does to the loss", "What to ask of an augmentation"


@pytest.fixture
def lesson(printed):
    return printed("11_augmentation")


def test_noise_pushes_four_pixels_in_ten_below_white(lesson):
    (below,) = row(lesson[LOOK], "pixels below 0 after noise:")
    (ink,) = row(lesson[LOOK], "pixels with ink before noise:")
    assert 38 < below < 44 and 15 < ink < 25


def test_the_sum_of_squared_noise_is_as_expected(lesson):
    assert row(lesson[LOOK], "sum of squared noise in an image:")[0] == pytest.approx(31.4, abs=1)


def test_noise_costs_a_few_points_and_the_mirror_more_than_half(lesson):
    original, noisy, mirrored = (
        row(lesson[MIRROR], name)[-1] for name in ("original", "noisy", "mirrored ")
    )
    assert 92.5 < original < 95.5
    assert 2 < original - noisy < 7 and mirrored < original / 2


def test_a_mirrored_4_is_read_best_and_3_and_5_are_lost(lesson):
    by_digit = row(lesson[MIRROR], "mirrored ")[:10]
    assert max(by_digit) == by_digit[4]
    assert max(by_digit[3], by_digit[5]) < 10
    assert max(by_digit[0], by_digit[1]) < 50 and by_digit[8] < 75


def test_a_mirrored_5_is_read_as_a_2_far_more_often_than_as_a_5(lesson):
    (as_two,) = row(lesson[MIRROR], "mirrored 5 read as 2:")
    assert as_two > 10 * row(lesson[MIRROR], "mirrored ")[5]


def test_the_mirror_about_the_middle_moves_digits_by_a_pixel(lesson):
    centre, after = numbers(lesson[MIRROR].partition("centre of mass: column")[2])[:2]
    assert centre - after == pytest.approx(1, abs=0.05)


def test_mirrored_about_column_14_zeros_and_ones_gain_and_7_and_9_lose(lesson):
    middle = row(lesson[MIRROR], "mirrored  ")[:10]
    about_14 = row(lesson[MIRROR], "mirrored about 14")[:10]
    assert all(about_14[digit] > middle[digit] + 10 for digit in (0, 1))
    assert all(about_14[digit] < middle[digit] for digit in (7, 9))


@pytest.mark.parametrize("digit", [0, 1, 8])
def test_symmetric_digits_lean_to_the_right_and_upright_ones_survive(lesson, digit):
    leans = lesson[MIRROR].partition("mean lean")[2]
    mean, to_right, to_left, upright, leaning = row(leans, f"{digit}  ")
    assert mean > 0.05 and 20 < to_right < 40 and to_left <= 2
    assert upright > 80 and upright > leaning + 15


def test_6_and_9_do_not_lean_on_average(lesson):
    leans = lesson[MIRROR].partition("mean lean")[2]
    assert abs(row(leans, "6 ")[0]) < 0.05 and abs(row(leans, "9 ")[0]) < 0.05


def test_flips_cost_one_to_two_points_with_each_seed(lesson):
    plain, flips = (row(lesson[TRAIN], name)[:3] for name in ("none", "flips"))
    for before, after in zip(plain, flips, strict=True):
        assert 0.6 < before - after < 3


def test_noise_makes_no_clear_difference_to_the_accuracy_and_lowers_the_loss(lesson):
    *_, plain, plain_loss, _ = row(lesson[TRAIN], "none")
    *_, noise, noise_loss, _ = row(lesson[TRAIN], "noise")
    assert abs(noise - plain) < 0.8 and noise_loss < plain_loss - 0.01


def test_the_flips_taught_the_network_to_read_mirrored_digits(lesson):
    assert row(lesson[TRAIN], "flips")[-1] > 88 > 50 > row(lesson[TRAIN], "none")[-1]


@pytest.mark.parametrize("name", ["none", "noise"])
def test_wrong_answers_make_up_most_of_the_loss_and_the_networks_are_too_sure(lesson, name):
    confidence, right, from_wrong, *gaps = row(lesson[LOSS].replace("[", "").replace("]", ""), name)
    assert confidence > right and 85 < from_wrong < 95
    assert len(gaps) == 3 and all(1.5 < gap < 4 for gap in gaps)


def test_the_gap_is_smaller_with_noise_for_each_seed(lesson):
    text = lesson[LOSS].replace("[", "").replace("]", "")
    none, noise = (row(text, name)[3:] for name in ("none", "noise"))
    assert all(with_noise < without for without, with_noise in zip(none, noise, strict=True))


def test_without_copies_the_images_are_learned_by_heart(lesson):
    share, loss = row(lesson[LOSS], "none   on its own training images:")
    assert share > 99.9
    assert row(lesson[LOSS], "noise  on its own training images:")[1] > 1.5 * loss


def test_shifted_images_are_hard_and_shifted_copies_help(lesson):
    known = [row(lesson[ASK], f"no copies, seed {seed}:")[0] for seed in range(3)]
    assert all(50 < share < 74 for share in known)
    *_, plain, plain_loss, _ = row(lesson[ASK], "none")
    *_, shift, shift_loss, _ = row(lesson[ASK], "shift")
    assert shift > plain + 0.5 and shift_loss < plain_loss
