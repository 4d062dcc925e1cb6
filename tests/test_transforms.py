"""Transforms: what must hold for any batch of images, then what must hold on average.

Properties come first, on examples drawn by Hypothesis. The statistical tests use a fixed seed, so
they give the same answer on every run.
"""

import math
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_mlp.data.transforms import (
    Compose,
    ElasticTransform,
    GaussianNoise,
    RandomAffine,
    RandomHorizontalFlip,
    mirrored,
    shifted,
)

dtypes = st.sampled_from([np.float32, np.float64])
shapes = hnp.array_shapes(min_dims=3, max_dims=3, min_side=0, max_side=6)
seeds = st.integers(0, 2**32 - 1)
probabilities = st.floats(0, 1)
spreads = st.floats(0, 10)
flips = st.builds(RandomHorizontalFlip, probabilities)
noises = st.builds(GaussianNoise, st.floats(-5, 5), spreads)
affines = st.builds(
    RandomAffine,
    st.floats(0, 180),
    st.none() | st.tuples(probabilities, probabilities),
    st.none() | st.tuples(st.floats(0.5, 1), st.floats(1, 2)),
    st.none() | st.floats(0, 60),
)
elastics = st.builds(ElasticTransform, st.floats(0, 100), st.floats(0.5, 8))
simple = st.one_of(flips, noises, affines, elastics)
transforms = st.one_of(simple, st.builds(Compose, st.lists(simple, max_size=3)))


@st.composite
def batches(draw):
    dtype = draw(dtypes)
    pixels = st.floats(0, 1, width=32)
    return draw(hnp.arrays(dtype, draw(shapes), elements=pixels))


# For every transform.


@settings(deadline=None)
@given(batches(), transforms, seeds)
def test_shape_and_dtype_are_kept(images, transform, seed):
    result = transform(images, seed)
    assert result.shape == images.shape
    assert result.dtype == images.dtype


@settings(deadline=None)
@given(batches(), transforms, seeds)
def test_the_input_is_unchanged(images, transform, seed):
    before = images.tobytes()
    transform(images, seed)
    assert images.tobytes() == before


@settings(deadline=None)
@given(batches(), transforms, seeds)
def test_result_shares_no_memory_with_input(images, transform, seed):
    assert not np.shares_memory(transform(images, seed), images)


@settings(deadline=None)
@given(batches(), transforms, seeds)
def test_read_only_input_is_accepted(images, transform, seed):
    images.flags.writeable = False
    assert transform(images, seed).flags.writeable


@settings(deadline=None)
@given(batches(), transforms, seeds)
def test_same_seed_gives_same_bits(images, transform, seed):
    assert transform(images, seed).tobytes() == transform(images, seed).tobytes()


@settings(deadline=None)
@given(batches(), transforms, seeds)
def test_seed_and_its_generator_agree(images, transform, seed):
    by_generator = transform(images, np.random.default_rng(seed))
    assert transform(images, seed).tobytes() == by_generator.tobytes()


@settings(deadline=None)
@given(transforms)
def test_equal_parameters_make_equal_transforms(transform):
    assert eval(repr(transform)) == transform


@settings(deadline=None)
@given(transforms, seeds)
def test_global_random_state_is_left_alone(transform, seed):
    before = pickle.dumps(np.random.get_state())
    transform(np.zeros((3, 2, 2), np.float32), seed)
    assert pickle.dumps(np.random.get_state()) == before


# Flips.


@settings(deadline=None)
@given(batches(), probabilities, seeds)
def test_each_image_is_itself_or_its_mirror(images, p, seed):
    for image, result in zip(images, RandomHorizontalFlip(p)(images, seed), strict=True):
        assert np.array_equal(result, image) or np.array_equal(result, image[:, ::-1])


@settings(deadline=None)
@given(batches(), seeds)
def test_probability_zero_flips_nothing(images, seed):
    assert np.array_equal(RandomHorizontalFlip(0)(images, seed), images)


@settings(deadline=None)
@given(batches(), seeds)
def test_probability_one_flips_all(images, seed):
    assert np.array_equal(RandomHorizontalFlip(1)(images, seed), images[:, :, ::-1])


@pytest.mark.parametrize("p", [0.1, 0.5, 0.7])
def test_share_of_flips_is_p(p):
    n = 20_000
    images = np.tile(np.array([[0, 1]], np.float32), (n, 1, 1))
    share = RandomHorizontalFlip(p)(images, 0)[:, 0, 0].mean()
    assert abs(share - p) < 4 * math.sqrt(p * (1 - p) / n)


def test_images_flip_independently():
    n = 20_000
    images = np.tile(np.array([[0, 1]], np.float32), (n, 1, 1))
    flipped = RandomHorizontalFlip(0.5)(images, 1)[:, 0, 0]
    assert abs(np.corrcoef(flipped[:-1], flipped[1:])[0, 1]) < 4 / math.sqrt(n)


def test_flip_refuses_single_image():
    with pytest.raises(ValueError, match=r"shape \(n, h, w\).*image\[None\]"):
        RandomHorizontalFlip()(np.zeros((28, 28), np.float32))


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, math.inf])
def test_flip_refuses_impossible_probability(p):
    with pytest.raises(ValueError, match="p must be from 0 to 1"):
        RandomHorizontalFlip(p)


# Noise.


@settings(deadline=None)
@given(batches(), seeds)
def test_noise_without_spread_adds_mean(images, seed):
    result = GaussianNoise(mean=0.25, std=0)(images, seed)
    assert np.array_equal(result, images + images.dtype.type(0.25))


@settings(deadline=None)
@given(seeds, st.floats(0.001, 10))
def test_noise_scales_with_std(seed, std):
    black = np.zeros((2, 3, 4))
    unit = GaussianNoise(std=1)(black, seed)
    np.testing.assert_allclose(GaussianNoise(std=std)(black, seed), std * unit, rtol=1e-12)


@pytest.mark.parametrize(("mean", "std"), [(0, 0.2), (0.5, 1.5)])
def test_noise_has_the_requested_mean_and_std(mean, std):
    noise = GaussianNoise(mean, std)(np.zeros((500, 28, 28), np.float32), 0).astype(np.float64)
    assert abs(noise.mean() - mean) < 4 * std / math.sqrt(noise.size)
    assert abs(noise.std() - std) < 4 * std / math.sqrt(2 * noise.size)


def test_noise_has_the_tails_of_a_normal_distribution():
    noise = GaussianNoise(0, 1)(np.zeros((500, 28, 28), np.float32), 0)
    assert abs((np.abs(noise) > 2).mean() - 0.0455) < 0.0015


def test_noise_differs_from_image_to_image():
    first, second = GaussianNoise(0, 1)(np.zeros((2, 28, 28), np.float32), 0)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 4 / 28


def test_noise_is_not_clipped():
    noise = GaussianNoise(0, 0.2)(np.zeros((10, 28, 28), np.float32), 0)
    assert noise.min() < 0


def test_noise_refuses_bytes():
    with pytest.raises(ValueError, match="uint8"):
        GaussianNoise()(np.zeros((1, 2, 2), np.uint8))


@pytest.mark.parametrize("std", [-0.1, math.nan, math.inf])
def test_noise_refuses_impossible_std(std):
    with pytest.raises(ValueError, match="std must be finite and 0 or more"):
        GaussianNoise(std=std)


@pytest.mark.parametrize("mean", [math.nan, math.inf])
def test_noise_refuses_impossible_mean(mean):
    with pytest.raises(ValueError, match="mean must be a finite number"):
        GaussianNoise(mean=mean)


# Compose.


@settings(deadline=None)
@given(batches(), flips, noises, seeds)
def test_compose_is_one_transform_after_the_other(images, flip, noise, seed):
    rng = np.random.default_rng(seed)
    by_hand = noise(flip(images, rng), rng)
    assert Compose([flip, noise])(images, seed).tobytes() == by_hand.tobytes()


def test_compose_with_seed_draws_anew_for_each_transform():
    black = np.zeros((1, 28, 28))
    noise = GaussianNoise(0, 1)
    assert not np.allclose(Compose([noise, noise])(black, 0), 2 * noise(black, 0))


def test_compose_takes_an_iterator():
    compose = Compose(iter([GaussianNoise(), RandomHorizontalFlip()]))  # type: ignore[arg-type]
    assert compose == Compose([GaussianNoise(), RandomHorizontalFlip()])


def test_compose_refuses_what_cannot_be_called():
    with pytest.raises(ValueError, match=r"can be called, found 0\.5"):
        Compose([0.5])  # type: ignore[list-item]


# What they say about themselves.


def test_defaults_are_those_of_torchvision():
    assert (GaussianNoise().mean, GaussianNoise().std) == (0.0, 0.1)
    assert RandomHorizontalFlip().p == 0.5
    assert (ElasticTransform().alpha, ElasticTransform().sigma) == (50.0, 5.0)


@pytest.mark.parametrize("column", [13.5, 14, 14.0, 10, 0, 27, 3.5, 40])
def test_about_a_column_each_pixel_goes_as_far_to_the_other_side(column):
    image = np.random.default_rng(0).random((1, 3, 28), np.float32) + 1
    expected = np.zeros_like(image)
    for x in range(28):
        target = 2 * column - x
        if 0 <= target < 28:
            expected[..., int(target)] = image[..., x]
    assert np.array_equal(RandomHorizontalFlip(1, column)(image, 0), expected)


def test_mirrored_about_the_middle_loses_nothing():
    image = np.random.default_rng(0).random((2, 3, 28), np.float32)
    assert np.array_equal(mirrored(image, 13.5), mirrored(image))
    assert np.array_equal(mirrored(mirrored(image)), image)


WHOLE = st.integers(-30, 30)


@given(images=batches(), down=WHOLE, right=WHOLE)
def test_a_shift_by_whole_pixels_moves_them_and_lets_zeros_in(images, down, right):
    h, w = images.shape[1:]
    expected = np.zeros_like(images)
    for y in range(h):
        for x in range(w):
            if 0 <= y - down < h and 0 <= x - right < w:
                expected[:, y, x] = images[:, y - down, x - right]
    moved = shifted(images, down, right)
    assert moved.dtype == images.dtype and np.array_equal(moved, expected)


@pytest.mark.parametrize(("down", "right"), [(1, 0), (-1, 0), (0, 2), (0, -2), (1, -2)])
def test_a_shift_above_0_goes_down_and_to_the_right(down, right):
    image = np.zeros((1, 5, 7))
    image[0, 2, 3] = 1
    assert np.argwhere(shifted(image, down, right)).tolist() == [[0, 2 + down, 3 + right]]


@given(images=batches(), down=st.integers(-3, 3), right=st.integers(-3, 3))
def test_half_a_pixel_away_lies_the_mean_of_the_pixels_on_both_sides(images, down, right):
    def between(before, after):
        return (shifted(images, *before) + shifted(images, *after)) / 2

    near = 1e-5 if images.dtype == np.float32 else 1e-12
    down_by_half = shifted(images, down + 0.5, right)
    np.testing.assert_allclose(
        down_by_half, between((down, right), (down + 1, right)), atol=near, rtol=near
    )
    right_by_half = shifted(images, down, right + 0.5)
    np.testing.assert_allclose(
        right_by_half, between((down, right), (down, right + 1)), atol=near, rtol=near
    )


def test_each_of_many_images_is_shifted():
    images = np.random.default_rng(0).random((300, 4, 5))
    moved = shifted(images, 0.25, -1.5)
    for i in (0, 127, 128, 299):
        np.testing.assert_allclose(moved[i : i + 1], shifted(images[i : i + 1], 0.25, -1.5))


def test_what_is_no_stack_of_images_cannot_be_shifted():
    with pytest.raises(ValueError, match="shifted"):
        shifted(np.zeros((28, 28)), 1, 0)


@pytest.mark.parametrize("column", [-1, 13.25, -0.5])
def test_a_column_that_no_pixel_could_be_mirrored_about_is_refused(column):
    with pytest.raises(ValueError, match="column must be a multiple of 1/2 from 0"):
        RandomHorizontalFlip(0.5, column)


def test_the_column_does_not_change_which_images_are_chosen():
    images = np.random.default_rng(0).random((50, 2, 28), np.float32)
    chosen = [
        (RandomHorizontalFlip(0.5, column)(images, 7) != images).any(axis=(1, 2))
        for column in (None, 14)
    ]
    assert np.array_equal(*chosen)


def test_repr_names_the_parameters():
    assert repr(RandomHorizontalFlip(0.7)) == "RandomHorizontalFlip(p=0.7)"
    assert repr(RandomHorizontalFlip(0.7, 14)) == "RandomHorizontalFlip(p=0.7, column=14)"
    assert repr(GaussianNoise(0, 0.2)) == "GaussianNoise(mean=0, std=0.2)"


def test_parameters_are_frozen():
    with pytest.raises(FrozenInstanceError):
        RandomHorizontalFlip().p = 0.9  # type: ignore[misc]
