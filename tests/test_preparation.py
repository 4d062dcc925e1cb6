"""A picture is prepared as MNIST's digits were, whatever paper, light and edges it has."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment.pieces import Piece, gap, pieces_of
from tinygrad_mlp.experiment.preparation import (
    BOX,
    CONTRAST,
    FAINT,
    MIDDLE,
    Drawing,
    blurred,
    digits_of,
    find_drawing,
    fitted,
    ink_on,
    is_dark_on_light,
    largest_near,
    like_mnist,
    lines_across,
    mean_near,
    prepare,
    resized,
    without_lines,
)

from .pictures.defects import DEFECTS
from .pictures.plain import enlarged, first_digits
from .pictures.rates import DESIGN, digit_picture, greys_of


@pytest.fixture(scope="module")
def digits():
    return first_digits()


def likeness(prepared, image):
    """The correlation of two images; a centre between two pixels may be rounded either way."""
    places = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    moved = [np.roll(prepared, place, (0, 1)) for place in places]
    return max(np.corrcoef(one.ravel(), image.ravel())[0, 1] for one in moved)


@pytest.mark.parametrize(("count", "pieces"), [(1, "1 piece"), (2, "2 pieces")])
def test_a_drawing_says_how_many_pieces_it_has(count, pieces):
    piece = Piece(1, 1.0, 1, 0, 1, 0, 1)
    drawing = Drawing(np.zeros((4, 6)), np.zeros((4, 6), int), [piece] * count)
    assert repr(drawing) == f"Drawing({pieces} on 4 x 6 pixels)"


# What MNIST is, and what it stays.


def test_mnist_has_the_measures_that_are_used():
    images = load_mnist(split="test").images
    places = np.arange(28)
    for axis in (1, 2):
        mass = images.sum(axis)
        centres = (mass * places).sum(1) / mass.sum(1)
        assert abs(centres - MIDDLE).max() <= 0.51
    rows, columns = (images.max(axis) > 0 for axis in (2, 1))
    sides = [
        [np.ptp(np.flatnonzero(line)) + 1 for line in lines]
        for lines in (rows[:500], columns[:500])
    ]
    assert set(np.max(sides, axis=0)) == {BOX}


def test_every_test_digit_of_mnist_stays_as_it_is_to_the_bit():
    for image in load_mnist(split="test").images:
        prepared = prepare(image)
        assert prepared.dtype == np.float32 and np.array_equal(prepared, image)


def test_a_digit_of_mnist_as_dark_on_light_is_turned_into_its_negative(digits):
    for image in digits[:30]:
        np.testing.assert_allclose(prepare(1 - image), image, atol=1e-6)


def box_of(top, left, tall, wide, grey=1.0):
    """A picture with one box of ink."""
    picture = np.zeros((28, 28), np.float32)
    picture[top : top + tall, left : left + wide] = grey
    return picture


@pytest.mark.parametrize(
    ("picture", "is_like_it"),
    [
        (box_of(4, 4, 20, 20), True),
        (box_of(4, 9, 21, 10), False),  # too tall
        (box_of(9, 4, 10, 21), False),  # too wide
        (box_of(13, 13, 1, 1), True),  # one pixel from the middle
        (box_of(15, 15, 1, 1), True),
        (box_of(12, 14, 1, 1), False),
        (box_of(14, 12, 1, 1), False),
        (box_of(16, 14, 1, 1), False),
        (box_of(14, 16, 1, 1), False),
        (box_of(9, 9, 10, 10, 0.5), True),
        (box_of(9, 9, 10, 10, 0.49), False),  # too faint
        (box_of(0, 0, 0, 0), False),
        (np.ones((28, 29)), False),
    ],
)
def test_a_picture_is_like_mnist_if_its_box_mass_and_strength_are(picture, is_like_it):
    assert (like_mnist(picture) is not None) == is_like_it
    if is_like_it:
        assert np.array_equal(prepare(picture), picture)


@pytest.mark.parametrize("grey", [0.0, 1.0])
def test_an_empty_page_of_the_size_of_mnist_is_refused(grey):
    with pytest.raises(ValueError, match="nothing is drawn"):
        prepare(np.full((28, 28), grey))


# Any page.


@pytest.mark.parametrize("side", [84, 280, 700])
@pytest.mark.parametrize("dark", [False, True])
def test_size_place_and_colour_do_not_matter(digits, side, dark):
    for image in digits[:10]:
        page = np.pad(enlarged(image, side, 30), ((0, 50), (90, 0)))
        prepared = prepare(1 - page if dark else page)
        assert likeness(prepared, image) > 0.9


@given(st.integers(0, 2**32 - 1), st.integers(40, 300), st.integers(40, 300), st.booleans())
def test_any_stroke_ends_in_the_box_with_its_centre_in_the_middle(seed, height, width, dark):
    rng = np.random.default_rng(seed)
    picture = Image.new("L", (width, height))
    places = rng.uniform(0.25, 0.75, (4, 2)) * (width, height)
    thick = max(2, min(height, width) // 15)
    ImageDraw.Draw(picture).line([tuple(place) for place in places], 255, thick)
    page = np.asarray(picture) / 255
    image = prepare(1 - page if dark else page)
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert image.min() >= 0 and image.max() == 1
    rows, columns = np.flatnonzero(image.max(1)), np.flatnonzero(image.max(0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 <= BOX
    for mass in (image.sum(1), image.sum(0)):
        assert abs((mass * np.arange(28)).sum() / mass.sum() - MIDDLE) <= 4.01


def test_proportions_are_kept():
    page = np.zeros((300, 300))
    page[50:250, 100:150] = 1  # 200 by 50
    image = prepare(page)
    rows, columns = np.flatnonzero(image.max(1) > 0.5), np.flatnonzero(image.max(0) > 0.5)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 5)


def test_the_grain_of_the_paper_is_not_ink(digits):
    rng = np.random.default_rng(0)
    page = 0.8 - 0.7 * enlarged(digits[0], 200, 60)
    noisy = np.clip(page + rng.normal(0, 0.02, page.shape), 0, 1)
    assert np.abs(prepare(noisy) - prepare(page)).mean() < 0.04


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_an_empty_page_is_refused(grey):
    with pytest.raises(ValueError, match="nothing is drawn"):
        prepare(np.full((40, 30), grey))


def test_a_page_of_faint_grain_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="nothing is drawn"):
        prepare(rng.normal(0.5, 0.02, (100, 100)).clip(0, 1))


def test_ink_is_a_drawing_from_a_certain_contrast_on(digits):
    page = enlarged(digits[0], 200, 60)
    with pytest.raises(ValueError, match="nothing is drawn"):
        prepare(1 - 0.9 * CONTRAST * page)
    assert np.abs(prepare(1 - 1.6 * CONTRAST * page) - prepare(1 - page)).mean() < 0.04


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (2, 3), (5, 5), (7, 3000)])
def test_a_page_of_any_shape_is_read_or_refused(shape):
    rng = np.random.default_rng(0)
    for page in (np.zeros(shape), rng.random(shape)):
        try:
            assert prepare(page).shape == (28, 28)
        except ValueError as error:
            assert "nothing is drawn" in str(error)


# Ink into its box.


def test_ink_that_has_the_size_of_the_box_keeps_its_pixels():
    ink = np.random.default_rng(0).uniform(0.1, 0.5, (20, 13)).astype(np.float32)
    for one in (ink, ink.T):
        height, width = one.shape
        image = fitted(np.pad(one, ((3, 5), (2, 7))))
        rows, columns = np.flatnonzero(image.max(1)), np.flatnonzero(image.max(0))
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (height, width)
        box = image[rows[0] : rows[0] + height, columns[0] : columns[0] + width]
        np.testing.assert_array_equal(box, one / one.max())


def test_faint_ink_does_not_count_for_the_box_and_a_little_more_does():
    ink = np.full((22, 22), FAINT, np.float32)
    ink[1:-1, 1:-1] = 1
    assert np.array_equal(fitted(ink), box_of(4, 4, 20, 20))
    ink[[0, -1]] = ink[:, [0, -1]] = 0.03
    assert not np.array_equal(fitted(ink), box_of(4, 4, 20, 20))


@pytest.mark.parametrize("side", [1, 7, 20, 60, 500])
def test_a_thin_stroke_is_as_long_as_the_box_and_as_wide_as_a_pixel_at_least(side):
    image = fitted(np.ones((side, 1), np.float32))
    wide = max(1, round(20 / side))
    assert np.array_equal(image, box_of(4, round(14 - (wide - 1) / 2), 20, wide))


def test_ink_is_scaled_without_ringing_and_so_that_the_darkest_is_one():
    ink = np.zeros((60, 60), np.float32)
    ink[:, 20:40] = ink[20:40] = 0.4
    image = fitted(ink)
    assert image.min() == 0 and image.max() == 1 and image.dtype == np.float32


@pytest.mark.parametrize(("heavy", "top"), [(0, 8), (5, 8), (9, 5), (10, 4), (19, 0)])
def test_the_mass_is_as_near_the_middle_as_the_box_may_be(heavy, top):
    ink = np.full((20, 20), 0.021, np.float32)
    ink[heavy] = 200  # the rest weighs next to nothing
    image = fitted(ink)
    assert np.array_equal(np.flatnonzero(image.max(1)), np.arange(top, top + 20))
    assert np.array_equal(fitted(ink.T), image.T)


# The steps.


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((200, 250), (200, 250)),
        ((400, 500), (200, 250)),
        ((1, 50_001), (1, 50_000)),
        ((1, 200_000), (1, 100_000)),
        ((56, 28), (112, 56)),
        ((111, 5), (112, 5)),
        ((5, 112), (5, 112)),
        ((1, 1), (112, 112)),
        ((2, 400), (2, 400)),
    ],
)
def test_a_picture_is_worked_on_at_a_size_that_is_neither_large_nor_small(shape, size):
    assert resized(np.zeros(shape, np.float32)).shape == size


def test_a_large_picture_is_reduced_to_means_and_a_small_one_keeps_within_its_greys():
    large = np.random.default_rng(0).random((400, 500), np.float32)
    means = large.reshape(200, 2, 250, 2).mean((1, 3))
    np.testing.assert_allclose(resized(large), means, atol=1e-6)
    small = resized(np.eye(20, dtype=np.float32))
    assert small.min() == 0 and small.max() == 1
    assert resized(0.5 * np.eye(20, dtype=np.float32)).max() > 0.5  # bicubic


@pytest.mark.parametrize("shape", [(5, 6), (1, 4), (3, 1), (1, 1)])
def test_blur_counts_neighbours_once_and_itself_twice(shape):
    greys = np.random.default_rng(0).random(shape)
    padded = np.pad(greys, 1, "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    weights = np.outer([1, 2, 1], [1, 2, 1]) / 16
    np.testing.assert_allclose(blurred(greys), (windows * weights).sum((2, 3)), atol=1e-15)


@pytest.mark.parametrize(("wide", "is_stroke"), [(28, True), (30, True), (31, False)])
def test_ink_is_the_missing_share_of_the_light_in_strokes_that_are_narrow_enough(wide, is_stroke):
    greys = np.ones((100, 120))
    greys[:, :60] = 0.5  # in shadow
    greys[:, 80 : 80 + wide] *= 0.3
    greys[:, 20:25] *= 0.3
    ink = ink_on(greys, 0.3)
    assert ink[:, 80 : 80 + wide] == pytest.approx(0.7 if is_stroke else 0)
    assert ink[:, 20:25] == pytest.approx(0.7)
    ink[:, 80 : 80 + wide] = ink[:, 20:25] = 0
    assert not ink.any()


@pytest.mark.parametrize(("wide", "is_stroke"), [(4, True), (5, False)])
def test_on_a_small_page_a_stroke_is_four_pixels_at_most(wide, is_stroke):
    greys = np.ones((12, 20))
    greys[:, 8 : 8 + wide] = 0.25
    assert ink_on(greys, 0.15).max() == (0.75 if is_stroke else 0)


def test_there_is_no_ink_where_there_is_no_light():
    greys = np.full((10, 10), 0.005)
    greys[:, 3] = 0.0025
    ink = ink_on(greys, 0.3)
    assert ink.min() == 0.75 and ink.max() == 0.875


@pytest.mark.parametrize("defect", DEFECTS)
def test_strokes_are_known_to_be_dark_or_light(defect):
    for number in range(3):
        page, _ = digit_picture((defect,), DESIGN, number)
        assert is_dark_on_light(greys_of(page)) == (defect != "chalk")


@given(st.integers(1, 9), st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_largest_and_mean_of_a_window_are_those_of_each_window(reach, height, width, seed):
    values = np.random.default_rng(seed).random((height, width))
    padded = np.pad(values, reach, "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1))
    np.testing.assert_array_equal(largest_near(values, reach), windows.max((2, 3)))
    np.testing.assert_allclose(mean_near(values, reach), windows.mean((2, 3)), atol=1e-12)


@pytest.mark.parametrize("slope", [0, 0.02, -0.1, 0.25])
def test_a_line_across_is_found_with_its_slope_and_taken_away_and_the_stroke_stays(slope):
    rows, columns = np.indices((200, 240))
    away = np.abs(rows - 100 - slope * (columns - 119.5))
    line = 0.3 * np.clip(1.5 - away, 0, 1)
    stroke = 0.8 * ((np.abs(columns - 150) < 8) & (np.abs(rows - 100) < 50))
    ink = 1 - (1 - line) * (1 - stroke)
    ((row, found),) = lines_across(ink)
    assert abs(row - 100) <= 2 and abs(found - slope) < 0.01
    left, gone = without_lines(ink)
    assert left[~(stroke > 0)].max() < 0.16
    assert left[stroke > 0].min() > 0.7
    assert gone[(line > 0.2) & (stroke == 0)].mean() > 0.95


def test_a_stroke_is_no_line(digits):
    for image in digits[:20]:
        assert lines_across(enlarged(image, 140, 30)) == []


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_pieces_are_those_that_a_flood_finds(seed, share):
    mask = np.random.default_rng(seed).random((9, 11)) < share
    labels, pieces = pieces_of(mask, np.ones(mask.shape))
    assert np.array_equal(labels > 0, mask)
    left = {tuple(place) for place in np.argwhere(mask).tolist()}
    count = 0
    while left:
        flood, edge = set(), {next(iter(left))}
        while edge:
            flood |= edge
            edge = {(r + a, c + b) for r, c in edge for a in (-1, 0, 1) for b in (-1, 0, 1)} & left
            edge -= flood
        left -= flood
        count += 1
        (label,) = {int(labels[place]) for place in flood}
        piece = pieces[label - 1]
        rows, columns = zip(*flood, strict=True)
        assert piece.label == label and piece.area == len(flood) == piece.mass
        assert (piece.top, piece.bottom) == (min(rows), max(rows) + 1)
        assert (piece.left, piece.right) == (min(columns), max(columns) + 1)
    assert count == len(pieces)


def test_a_piece_has_the_label_of_its_pixels_and_their_ink():
    mask = np.zeros((9, 12), bool)
    mask[4:7, 1:3] = mask[1:3, 8:10] = mask[1:8, 5] = True
    labels, pieces = pieces_of(mask, 0.5 * mask)
    assert [piece.label for piece in pieces] == [1, 2, 3]
    for place, area in (((4, 1), 6), ((1, 8), 4), ((1, 5), 7)):
        piece = pieces[labels[place] - 1]
        assert (piece.area, piece.mass) == (area, area / 2)


@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (0, 4), (4, 0)])
def test_where_nothing_is_there_are_no_pieces(shape):
    labels, pieces = pieces_of(np.zeros(shape, bool), np.zeros(shape))
    assert np.array_equal(labels, np.zeros(shape)) and pieces == []


def test_a_piece_says_how_large_it_is_and_where():
    mask = np.zeros((9, 12), bool)
    mask[2:7, 3:6] = True
    (tall,), (wide,) = (pieces_of(one, one.astype(float))[1] for one in (mask, mask.T))
    assert (tall.height, tall.size, tall.box) == (5, 5, (slice(2, 7), slice(3, 6)))
    assert (wide.height, wide.size, wide.box) == (3, 5, (slice(3, 6), slice(2, 7)))


@pytest.mark.parametrize(
    ("other", "pixels"),
    [
        ((3, 6, 11, 14), 4),  # to the right
        ((11, 14, 3, 6), 5),  # below
        ((9, 10, 10, 11), 3),  # both: the larger of the two counts
        ((6, 7, 4, 5), 0),  # touching
        ((3, 4, 4, 5), 0),  # inside
    ],
)
def test_the_gap_between_pieces_is_counted_in_pixels(other, pixels):
    one, other = Piece(1, 1.0, 1, 2, 6, 3, 7), Piece(2, 1.0, 1, *other)
    assert gap(one, other) == gap(other, one) == pixels


def test_what_touches_the_border_is_dropped(digits):
    page = np.pad(enlarged(digits[0], 140, 40), 0)
    spoilt = page.copy()
    spoilt[:, :9] = 1
    spoilt[-6:] = 1
    np.testing.assert_allclose(prepare(1 - spoilt), prepare(1 - page), atol=0.03)


def test_a_digit_that_was_cut_out_closely_is_read_though_it_touches_the_border(digits):
    for image in digits[:10]:
        large = enlarged(image, 140, 0)
        rows, columns = np.flatnonzero(large.max(1)), np.flatnonzero(large.max(0))
        if np.ptp(columns) < 60:
            continue  # a 1 that fills the page is a page of ink
        close = large[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert likeness(prepare(1 - close), prepare(large)) > 0.85


def test_a_row_is_cut_from_left_to_right_and_keeps_the_parts_of_a_digit_together():
    page = np.zeros((80, 200))
    page[20:60, 30:36] = 1  # a 1
    page[20:60, 80:86] = page[20:26, 90:106] = 1  # a digit with its bar beside it
    page[14:38, 150:170] = page[44:68, 150:170] = 1  # two halves above each other
    drawing = find_drawing(page)
    columns = [np.flatnonzero(ink.max(0) > 0.5) for ink in digits_of(drawing)]
    assert [(int(c[0]), int(c[-1])) for c in columns] == [(30, 35), (80, 105), (150, 169)]
