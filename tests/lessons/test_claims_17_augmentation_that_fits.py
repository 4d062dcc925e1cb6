"""What lesson 17 says about the numbers that it prints."""

import numpy as np
import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson

NAME = "17_augmentation_that_fits"


def kinds(printed):
    text = printed(NAME)["Train"]
    names = ("no augmentation", "flips and noise", "affine", "elastic", "both", "too strong")
    return {name: np.array(row(text, name)[:3]) for name in names}


def test_digits_lean_by_45_degrees_and_are_all_20_pixels_large(printed):
    text = printed(NAME)["What could a writer have done?"]
    assert 40 <= row(text, "on average")[0] <= 50
    assert 35 <= row(text, "4 ")[2] <= 75, "the prediction"
    assert numbers(text.splitlines()[-1])[1] > 99.5


def test_sending_pixels_on_leaves_about_15_percent_without_any(printed):
    text = printed(NAME)["Turning an image: the obvious way"]
    assert 12 < row(text, "inner pixels that get nothing:")[0] < 18


def test_nearest_is_wrong_by_half_a_pixel_and_bilinear_by_rounding(printed):
    text = printed(NAME)["Between four pixels"]
    assert 0.4 < row(text, "nearest")[0] <= 0.5
    assert row(text, "bilinear")[0] < 1e-4


def test_the_loop_equals_the_package(printed):
    assert row(printed(NAME)["The same, in the package"], "largest difference")[0] < 1e-5


def test_elastic_moves_are_about_a_pixel_and_equal_the_package(printed):
    text = printed(NAME)["Elastic copies"]
    assert 0.6 < row(text, "moves, in pixels:")[0] < 1.4
    assert row(text, "largest difference from ElasticTransform:")[0] < 1e-4


def test_affine_and_elastic_gain_about_a_point_and_a_half_with_every_seed(printed):
    found = kinds(printed)
    for name in ("affine", "elastic"):
        assert found[name].min() > found["no augmentation"].max()
        assert 1 < found[name].mean() - found["no augmentation"].mean() < 2.2


def test_flips_and_noise_lose_about_three_points_and_too_strong_is_worst(printed):
    found = kinds(printed)
    assert 2 < found["no augmentation"].mean() - found["flips and noise"].mean() < 5
    assert found["too strong"].max() < min(
        values.min() for name, values in found.items() if name != "too strong"
    )


def test_both_is_no_better_than_one_of_them(printed):
    found = kinds(printed)
    assert found["both"].mean() < max(found["affine"].mean(), found["elastic"].mean())


def test_affine_copies_add_15_points_with_100_images_and_half_a_point_with_all(printed):
    text = printed(NAME)["When it pays"]
    assert round(row(text, "100 ")[0]) == 15
    assert round(row(text, "1,000 ")[0]) == 4
    assert 0.3 < row(text, "60,000 ")[0] < 0.7
    for size in ("100 ", "300 ", "1,000 ", "3,000 ", "10,000 ", "30,000 ", "60,000 "):
        assert row(text, size)[-1] < 0, "flips cost at every size, and the interval says so"
