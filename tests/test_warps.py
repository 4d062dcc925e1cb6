"""RandomAffine and ElasticTransform: sampling against PyTorch, maps against their definition."""

import itertools
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mlp.data import transforms
from tinygrad_mlp.data.transforms import ElasticTransform, RandomAffine
from tinygrad_mlp.data.warp import CHUNK, affine_places, blur_matrix, sample

seeds = st.integers(0, 2**32 - 1)
angles = st.floats(-180, 180)
shears = st.floats(-60, 60)
sizes = st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9))


def torch_sample(images, places):
    """PyTorch's bilinear sampling with zeros outside, at places in pixels (n, 2, h * w)."""
    n, h, w = images.shape
    # PyTorch counts from -1, at the left edge of the first pixel, to 1.
    y = (places[:, 0] + 0.5) * 2 / h - 1
    x = (places[:, 1] + 0.5) * 2 / w - 1
    grid = torch.from_numpy(np.stack([x, y], axis=-1).reshape(n, h, w, 2))
    found = torch.nn.functional.grid_sample(
        torch.from_numpy(images)[:, None], grid, "bilinear", "zeros", align_corners=False
    )
    return found[:, 0].numpy()


def elementary_map(angle, translate, scale, shear):
    """The map of RandomAffine in (x, y, 1), from its definition: one matrix for each step."""
    turn, sx, sy = np.radians([angle, *shear])
    steps = [
        [[1, 0, translate[0]], [0, 1, translate[1]], [0, 0, 1]],
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]],
        [[1, 0, 0], [-np.tan(sy), 1, 0], [0, 0, 1]],
        [[1, -np.tan(sx), 0], [0, 1, 0], [0, 0, 1]],
        [[scale, 0, 0], [0, scale, 0], [0, 0, 1]],
    ]
    return np.linalg.multi_dot([np.array(step, float) for step in steps])


def warped_by(forward, images):
    """Every image warped by one map in (x, y, 1) about the centre, with PyTorch."""
    n, h, w = images.shape
    back = np.linalg.inv(forward)
    y, x = np.mgrid[:h, :w]
    points = np.stack([x - (w - 1) / 2, y - (h - 1) / 2, np.ones((h, w))]).reshape(3, -1)
    x, y, _ = back @ points
    places = np.stack([y + (h - 1) / 2, x + (w - 1) / 2])
    return torch_sample(images, np.broadcast_to(places, (n, 2, h * w)))


# Sampling.


@given(sizes, seeds)
def test_sampling_equals_pytorch(shape, seed):
    rng = np.random.default_rng(seed)
    images = rng.standard_normal(shape)
    places = rng.uniform(-4, 12, (shape[0], 2, shape[1] * shape[2]))
    expected = torch_sample(images, places)
    np.testing.assert_allclose(sample(images, places.copy()), expected, atol=1e-12)


def test_sampling_exactly_on_pixels_gives_their_values():
    image = np.arange(6.0).reshape(1, 2, 3)
    here = np.mgrid[:2, :3].reshape(1, 2, 6).astype(float)
    assert np.array_equal(sample(image, here), image)


@pytest.mark.parametrize("far", [-1.0, 2.0, 1e9, -1e9, np.inf, -np.inf])
def test_a_pixel_away_and_anywhere_further_is_zero(far):
    image = np.ones((1, 2, 2))
    assert np.array_equal(sample(image, np.full((1, 2, 4), far)), np.zeros((1, 2, 2)))


def test_what_is_too_large_to_be_mixed_becomes_infinite_without_a_warning():
    most = np.finfo(np.float32).max
    image = np.array([[[-most, most]]], np.float32)
    assert not np.isfinite(sample(image, np.full((1, 2, 2), 0.5, np.float32))).any()


def test_half_a_pixel_outside_gives_half_the_value():
    assert sample(np.ones((1, 1, 1)), np.array([[[0.0], [-0.5]]])).item() == 0.5


# RandomAffine.


@given(sizes, seeds, angles, st.floats(0.3, 3), shears, shears)
def test_affine_maps_equal_their_definition(shape, seed, angle, scale, shear_x, shear_y):
    images = np.random.default_rng(seed).standard_normal(shape)
    transform = RandomAffine(
        (angle, angle), None, (scale, scale), (shear_x, shear_x, shear_y, shear_y)
    )
    expected = warped_by(elementary_map(angle, (0, 0), scale, (shear_x, shear_y)), images)
    np.testing.assert_allclose(transform(images, 0), expected, atol=1e-9)


def test_a_pair_of_shears_is_along_the_rows_alone():
    images = np.random.default_rng(0).standard_normal((2, 7, 6))
    sheared = RandomAffine(0, shear=(20, 20))(images)
    expected = warped_by(elementary_map(0, (0, 0), 1, (20, 0)), images)
    np.testing.assert_allclose(sheared, expected, atol=1e-9)
    assert np.array_equal(sheared, RandomAffine(0, shear=(20, 20, 0, 0))(images))


def test_a_pixel_of_a_shifted_image_is_looked_up_on_the_other_side():
    zero, one = np.zeros(1), np.ones(1)
    matrix = transforms._inverse_affine(zero, 2 * one, one, one, zero, zero)
    np.testing.assert_array_equal(matrix, [[[1, 0, -1], [0, 1, -2]]])  # rows, then columns


def test_turning_by_a_right_angle_moves_pixels_clockwise():
    images = np.random.default_rng(0).standard_normal((3, 28, 28))
    turned = RandomAffine((90, 90))(images)
    np.testing.assert_allclose(turned, np.rot90(images, -1, axes=(1, 2)), atol=1e-12)


@given(seeds)
def test_translation_is_by_whole_pixels_within_its_bounds(seed):
    image = np.zeros((1, 11, 21))
    image[0, 5, 10] = 1
    moved = RandomAffine(0, translate=(0.2, 0.3))(np.repeat(image, 50, 0), seed)
    assert set(np.unique(moved)) == {0.0, 1.0}
    _, rows, columns = np.nonzero(moved)
    assert len(rows) == 50
    assert abs(rows - 5).max() <= 3 and abs(columns - 10).max() <= 4
    assert len(set(rows)) > 1 and len(set(columns)) > 1


def test_turning_happens_before_shifting():
    image = np.zeros((1, 9, 9))
    image[0, 4, 4] = 1  # the centre stays where it is, however the image is turned
    forward = elementary_map(90, (0, 0), 1, (0, 0))
    forward[0, 2] = 2
    np.testing.assert_allclose(np.argwhere(warped_by(forward, image) > 0.5), [[0, 4, 6]])
    transform = RandomAffine((90, 90), translate=(2 / 9, 0))
    images = transform(np.repeat(image, 40, 0), 0)
    assert set(np.argwhere(images > 0.5)[:, 1]) == {4}


def test_each_image_is_warped_on_its_own():
    images = np.repeat(np.random.default_rng(0).random((1, 28, 28)), 20, 0)
    for transform in (RandomAffine(30), ElasticTransform()):
        warped = transform(images, 1)
        for one, other in itertools.combinations(warped, 2):
            assert not np.array_equal(one, other)


def test_the_angles_fill_their_interval():
    # A point on the row of the centre moves down by sin(angle) * distance.
    image = np.zeros((2000, 29, 29))
    image[:, 14, 24] = 1
    moved = RandomAffine((-20, 10))(image, 0)
    rows = (moved.sum(2) * np.arange(29)).sum(1) / moved.sum((1, 2)) - 14
    found = np.degrees(np.arcsin(rows / 10))
    assert -20.5 < found.min() < -19 and 9 < found.max() < 10.5
    assert abs(found.mean() + 5) < 1


# ElasticTransform.


def torch_elastic(images, alpha, sigma, noise):
    """Elastic deformation as torchvision defines it, for noise (n, 2, h, w) in rows, columns."""
    n, h, w = images.shape
    width = int(8 * sigma + 1)
    width += width % 2 == 0
    steps = torch.arange(width, dtype=torch.float64) - width // 2
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel = (kernel / kernel.sum()).reshape(1, 1, 1, width)
    pad, conv2d = torch.nn.functional.pad, torch.nn.functional.conv2d
    field = torch.from_numpy(noise).reshape(2 * n, 1, h, w)
    field = conv2d(pad(field, (width // 2, width // 2, 0, 0), "reflect"), kernel)
    field = conv2d(pad(field, (0, 0, width // 2, width // 2), "reflect"), kernel.mT)
    field = field.reshape(n, 2, h, w)
    # As in torchvision, in units of half the image: alpha / size for a side that spans 2.
    moved = field * alpha / 2
    here = np.mgrid[:h, :w][None]
    return torch_sample(images, (moved.numpy() + here).reshape(n, 2, h * w))


@pytest.mark.parametrize("sigma", [0.7, 2.0, 3.3])
def test_elastic_deformation_equals_its_definition_in_pytorch(sigma):
    images = np.random.default_rng(0).random((6, 28, 20))
    noise = np.random.default_rng(5).random((6, 2, 28, 20)) * 2 - 1
    expected = torch_elastic(images, 40.0, sigma, noise)
    np.testing.assert_allclose(ElasticTransform(40.0, sigma)(images, 5), expected, atol=1e-12)


def test_alpha_0_changes_nothing():
    images = np.random.default_rng(0).random((3, 28, 28))
    assert np.array_equal(ElasticTransform(0)(images, 0), images)


@given(st.integers(1, 30), st.floats(0.2, 9))
def test_blurring_does_not_change_a_constant(size, sigma):
    ones = blur_matrix(size, sigma, np.dtype(np.float64)).sum(1)
    np.testing.assert_allclose(ones, 1, atol=1e-12)


# Both.

BOTH = [RandomAffine(15, (0.1, 0.1), (0.9, 1.1), 5), ElasticTransform(70, 5)]


@pytest.mark.parametrize("transform", BOTH)
def test_float32_follows_float64(transform):
    images = np.random.default_rng(0).random((10, 28, 28))
    if isinstance(transform, ElasticTransform):
        transform = ElasticTransform(0)  # its numbers are drawn in the dtype of the images
    small = transform(images.astype(np.float32), 3)
    assert small.dtype == np.float32
    np.testing.assert_allclose(small, transform(images, 3), atol=2e-5)


@pytest.mark.parametrize("transform", BOTH)
def test_more_images_than_fit_in_a_chunk_are_all_warped(transform):
    images = np.random.default_rng(0).random((2 * CHUNK + 7, 6, 5), dtype=np.float32)
    result = transform(images, 0)
    unchanged = (result == images).all(axis=(1, 2))
    assert not unchanged.any()


def test_an_image_is_warped_alike_wherever_it_stands_among_others():
    images = np.random.default_rng(0).random((2 * CHUNK + 7, 6, 5))
    turn = RandomAffine((30, 30))
    expected = np.concatenate([turn(images[i : i + 1]) for i in range(len(images))])
    np.testing.assert_array_equal(turn(images), expected)


def test_a_chunk_gives_the_same_fields_as_the_whole():
    images = np.random.default_rng(0).random((CHUNK + 1, 8, 8))
    whole = ElasticTransform(20, 2)(images, 9)
    rng = np.random.default_rng(9)
    parts = [ElasticTransform(20, 2)(part, rng) for part in (images[:CHUNK], images[CHUNK:])]
    np.testing.assert_allclose(whole, np.concatenate(parts), atol=1e-12)


@pytest.mark.parametrize("transform", BOTH)
def test_parameters_survive_json(transform):
    words = json.loads(json.dumps(vars(transform)))
    assert type(transform)(**words) == transform


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("transform", BOTH)
def test_images_are_warped_in_their_own_precision(transform, dtype, monkeypatch):
    kinds = set()

    def watched(images, places):
        result = sample(images, places)
        kinds.update([images.dtype, places.dtype, result.dtype])
        return result

    monkeypatch.setattr(transforms, "sample", watched)
    transform(np.ones((2, 5, 4), dtype), 0)
    assert kinds == {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.int64])
@pytest.mark.parametrize("transform", BOTH)
def test_images_of_another_kind_are_refused(transform, dtype):
    with pytest.raises(ValueError, match="expects float32 or float64 images of shape"):
        transform(np.zeros((2, 28, 28), dtype))


@pytest.mark.parametrize("transform", BOTH)
def test_a_single_image_is_refused(transform):
    with pytest.raises(ValueError, match=r"\(n, h, w\)"):
        transform(np.zeros((28, 28)))


@pytest.mark.parametrize(
    "bad",
    [
        {"degrees": -1},
        {"degrees": (5, -5)},
        {"degrees": float("nan")},
        {"degrees": float("inf")},
        {"degrees": (0.0, float("inf"))},
        {"degrees": (1, 2, 3)},
        {"degrees": 0, "translate": (0.1, 2)},
        {"degrees": 0, "translate": 0.1},
        {"degrees": 0, "scale": (0, 1)},
        {"degrees": 0, "scale": 1.1},
        {"degrees": 0, "scale": 0},
        {"degrees": 0, "scale": ()},
        {"degrees": 0, "scale": (1.2, 1.1)},
        {"degrees": 0, "shear": 90},
        {"degrees": 0, "shear": (-90, 0)},
        {"degrees": 0, "shear": (0, 90)},
        {"degrees": 0, "shear": (1, 2, 3)},
        {"degrees": 0, "shear": ("a", 2, 3, 4)},
    ],
)
def test_bad_affine_parameters_are_refused(bad):
    with pytest.raises(ValueError, match="RandomAffine: "):
        RandomAffine(**bad)


def test_a_scale_is_a_pair():
    with pytest.raises(ValueError, match=r"scale must be 2 finite numbers, found 1\.1"):
        RandomAffine(0, scale=1.1)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [{"alpha": -1}, {"alpha": np.inf}, {"sigma": 0}, {"sigma": np.nan}])
def test_bad_elastic_parameters_are_refused(bad):
    with pytest.raises(ValueError, match="ElasticTransform: "):
        ElasticTransform(**bad)


def test_places_of_the_identity_are_the_pixels():
    places = affine_places(np.eye(2, 3)[None], 3, 4)
    assert np.array_equal(places.reshape(2, 3, 4), np.mgrid[:3, :4])


@pytest.mark.parametrize("pixel", [np.inf, -np.inf, np.nan, np.finfo(np.float32).max])
@pytest.mark.parametrize(
    "transform",
    [RandomAffine(10, (0.1, 0.1), (0.9, 1.1), 5.0), ElasticTransform()],
)
def test_a_pixel_that_is_no_number_spoils_its_own_image_without_a_warning(transform, pixel):
    images = np.random.default_rng(0).random((3, 28, 28), np.float32)
    clean = transform(images, 1)
    images[1, 14, 14] = pixel
    spoilt = transform(images, 1)
    np.testing.assert_array_equal(spoilt[[0, 2]], clean[[0, 2]])
    assert not np.array_equal(spoilt[1], clean[1], equal_nan=True)
