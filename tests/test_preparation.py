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
    along,
    blurred,
    chosen,
    darkest,
    digits_of,
    divided_out,
    drawing_in,
    find_drawing,
    fitted,
    ink_on,
    is_cut_closely,
    is_dark_on_light,
    is_line_or_frame,
    is_thin,
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
        (np.pad(box_of(4, 4, 20, 20), ((0, 0), (0, 1))), False),
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
    for faint in (1 - 1.6 * CONTRAST * page, 1.6 * CONTRAST * page):
        assert np.abs(prepare(faint) - prepare(1 - page)).mean() < 0.04


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
    assert not image[4:9, 4:9].any()


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
        ((150, 150), (150, 150)),
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
    for side in (20, 80):
        assert resized(0.5 * np.eye(side, dtype=np.float32)).max() > 0.5  # it is not only copied


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


def test_the_mean_of_a_long_page_is_not_rounded_away():
    page = np.full((1, 50_000), 0.1, np.float32)
    np.testing.assert_allclose(mean_near(page, 2), page, rtol=1e-6)


def test_the_largest_is_looked_for_along_the_axes_that_are_named():
    values = np.zeros((5, 7))
    values[2, 3] = 1
    for axes, rows, columns in (((0,), [1, 2, 3], [3]), ((1,), [2], [2, 3, 4])):
        found = largest_near(values, 1, axes)
        assert [np.flatnonzero(found.any(axis)).tolist() for axis in (1, 0)] == [rows, columns]


# Light or dark strokes.


def dotted(side, row, column, dot, page=0.5):
    greys = np.full((side, side), page)
    greys[row, column] = dot
    return greys


@pytest.mark.parametrize("place", [7, 25, 42])
def test_a_dot_on_the_inner_part_of_a_page_is_darker_or_lighter(place):
    for dark in (dotted(50, place, 25, 0.1), dotted(50, 25, place, 0.1)):
        assert is_dark_on_light(dark) and not is_dark_on_light(1 - dark)


@pytest.mark.parametrize("place", [6, 43])
def test_a_dot_near_the_edge_does_not_say_what_strokes_are(place):
    for edge in (dotted(50, place, 25, 0.0), dotted(50, 25, place, 0.0)):
        edge[25, 25] = 0.7
        assert not is_dark_on_light(edge)
        assert is_dark_on_light(1 - edge)


def test_a_page_without_strokes_is_as_good_as_one_with_dark_strokes():
    assert is_dark_on_light(np.full((50, 50), 0.3))


@pytest.mark.parametrize(
    ("side", "row", "seen"), [(99, 51, True), (100, 51, False), (100, 50, True)]
)
def test_of_a_large_page_every_second_pixel_is_looked_at(side, row, seen):
    for light in (dotted(side, row, 50, 0.9), dotted(side, 50, row, 0.9)):
        assert is_dark_on_light(light) != seen


def test_strokes_are_judged_by_what_is_near_them():
    page = np.full((90, 90), 0.8)  # strokes would be darker than most of it
    page[:, :60] = 0.1  # but they are drawn where it is dark
    page[14:76:4, 14:55:3] = 0.6
    assert not is_dark_on_light(page) and is_dark_on_light(1 - page)


def test_clear_strokes_count_though_they_are_fainter_than_others():
    page = np.full((90, 90), 0.5)
    page[:, 4:55:12] = 0.35
    for row in range(3):  # are they light lines, or dark gaps? nearly either
        page[row::7, 55:] = 0.9
    assert is_dark_on_light(page) and not is_dark_on_light(1 - page)


def test_a_tiny_page_and_a_faint_dot_are_judged_too():
    for light in (dotted(3, 1, 1, 0.9), dotted(50, 25, 25, 0.51)):
        assert not is_dark_on_light(light) and is_dark_on_light(1 - light)


# Lines.


def page_with_line(height, width, row, slope=0.0, ink=0.4):
    """Ink of a line, a pixel thick; its row is that in the middle."""
    page = np.zeros((height, width))
    columns = np.arange(width)
    rows = np.rint(row + slope * (columns - (width - 1) / 2)).astype(int)
    inside = (rows >= 0) & (rows < height)
    page[rows[inside], columns[inside]] = ink
    return page


def rows_of_lines(ink):
    """Of each line that is found its row of two pixels."""
    return [round((row - 0.5) / 2) for row, _ in lines_across(ink)]


@pytest.mark.parametrize(("row", "found"), [(3, []), (4, [2]), (20, [10]), (43, [21]), (44, [])])
def test_a_line_is_looked_for_a_little_off_the_edges(row, found):
    for height, width in ((48, 60), (49, 61)):
        assert rows_of_lines(page_with_line(height, width, row)) == found


@pytest.mark.parametrize("width", [48, 50, 71])
def test_a_line_shows_in_all_parts_of_its_length_but_two(width):
    part = width // 2 // 12 * 2
    for one in range(1, 12):
        for other in range(one):
            page = page_with_line(60, width, 30)
            for missing in (one, other):
                page[:, missing * part : (missing + 1) * part] = 0
            assert rows_of_lines(page) == [15]
        third = (one + 5) % 12
        page[:, third * part : (third + 1) * part] = 0
        assert rows_of_lines(page) == []


@pytest.mark.parametrize(("ink", "is_found"), [(0.0395, False), (0.04, True), (0.0405, True)])
def test_a_line_is_found_from_a_certain_strength_on(ink, is_found):
    for row in (30, 31):
        assert rows_of_lines(page_with_line(60, 60, row, ink=ink)) == [15] * is_found


@pytest.mark.parametrize(("ink", "is_found"), [(0.6, False), (0.66, True)])
def test_in_strong_grain_a_line_must_be_stronger(ink, is_found):
    rng = np.random.default_rng(0)
    page = rng.uniform(0, 0.3, (60, 60)) + np.repeat(rng.uniform(0, 0.3, 30), 2)[:, None]
    page[30:32] = ink
    assert rows_of_lines(page) == [15] * is_found


@pytest.mark.parametrize(
    ("side", "thick", "is_found"),
    [(80, 12, True), (80, 14, False), (300, 16, True), (300, 18, False)],
)
def test_a_thick_bar_is_no_line(side, thick, is_found):
    page = np.zeros((side, side))
    page[30 : 30 + thick] = 0.5
    assert bool(lines_across(page)) == is_found


def test_a_line_is_found_behind_a_fence():
    page = page_with_line(80, 120, 40)
    page[10:70, ::10] = page[10:70, 1::10] = 0.4
    assert rows_of_lines(page) == [20]


@pytest.mark.parametrize("slope", [0.04, 0.11, 0.2, 0.23, 0.3, 0.32, 0.35])
def test_a_page_in_a_mirror_has_the_same_lines(slope):
    rows, columns = np.indices((120, 120))
    away = np.abs(rows - 50 - slope * (columns - 59.5))
    page = 0.5 * np.clip(1 - away / 3, 0, 1)
    lines = lines_across(page)
    assert len(lines) == 1
    mirrored = [(row, pytest.approx(-slope)) for row, slope in lines]
    assert lines_across(page[:, ::-1]) == mirrored
    assert lines_across(page[::-1]) == [(119.0 - row, slope) for row, slope in mirrored]


def test_lines_come_strongest_first_and_of_those_close_together_only_the_strongest():
    strengths = {20: 0.3, 24: 0.4, 28: 0.3, 44: 0.25, 50: 0.5, 56: 0.2}
    page = sum(page_with_line(80, 60, row, ink=ink) for row, ink in strengths.items())
    assert rows_of_lines(page) == [25, 12, 22, 28]


@pytest.mark.parametrize("slope", [-0.32, -0.2, -0.1, 0.0, 0.1, 0.2, 0.32])
def test_a_sloping_line_is_found_where_it_crosses_the_middle(slope):
    page = page_with_line(120, 120, 60, slope)
    [(row, found)] = lines_across(page)
    assert abs(row - 60) <= 1 and abs(found - slope) < 0.021


@pytest.mark.parametrize("slope", [-0.4, 0.4])
def test_a_line_that_is_too_steep_is_not_found(slope):
    assert lines_across(page_with_line(120, 120, 60, slope)) == []


@pytest.mark.parametrize(("row", "found"), [(6, False), (8, True), (111, True), (113, False)])
def test_a_line_may_leave_the_page_but_not_early(row, found):
    for slope in (0.3, -0.3):
        assert bool(lines_across(page_with_line(120, 120, row, slope))) == found


@pytest.mark.parametrize(
    ("shape", "is_looked_for"), [((23, 40), False), ((40, 23), False), ((24, 24), True)]
)
def test_on_a_tiny_page_no_line_is_looked_for(shape, is_looked_for):
    page = page_with_line(*shape, 12)
    ink, gone = without_lines(page)
    assert gone.shape == shape and gone.any() == is_looked_for
    assert np.array_equal(ink, page) != is_looked_for


def test_all_lines_are_taken_away_and_the_ink_that_was_given_stays():
    page = blurred(page_with_line(80, 60, 20) + page_with_line(80, 60, 50, ink=0.2))
    given = page.copy()
    ink, gone = without_lines(page)
    assert ink.max() < 0.06 and np.array_equal(page, given)
    assert gone[page > 0.1].all() and not gone[30:40].any()


def test_what_is_near_a_line_is_read_along_it():
    ink = np.arange(1.0, 31).reshape(5, 6)
    band, rows, inside = along(ink, 1, 0, 2)
    assert rows[:, 0].tolist() == [-1, 0, 1, 2, 3]
    assert np.array_equal(inside[:, 0], rows[:, 0] >= 0)
    assert np.array_equal(band, [np.zeros(6), *ink[:4]])
    band, rows, inside = along(ink, 3, 0.8, 1)  # falls from row 1 to row 5, one below the page
    assert rows[1].tolist() == [1, 2, 3, 3, 4, 5]
    assert band.tolist()[0] == [1, 8, 15, 16, 23, 30]
    assert band.tolist()[2] == [13, 20, 27, 28, 0, 0]
    assert inside[2].tolist() == [True] * 4 + [False] * 2


def test_the_darkest_line_of_a_band_is_judged_by_its_median():
    assert darkest(np.array([[0, 0, 1], [0.5, 0.6, 0.2], [0.4, 0.4, 0.4]])) == 0.5


def crossed(line, stroke, rows=slice(30, 32)):
    """Ink (60, 60) of a line, and of a stroke from top to bottom across it."""
    page = np.zeros((60, 60))
    page[rows] = line
    page[:, 20:26] = 1 - (1 - page[:, 20:26]) * (1 - stroke)
    return page


@pytest.mark.parametrize("line", [0.1, 0.5, 0.9])
def test_a_line_is_divided_out_so_that_the_stroke_across_it_stays(line):
    page = crossed(line, 0.8)
    given = page.copy()
    ink, gone = divided_out(page, 30.5, 0.0)
    assert ink == pytest.approx(crossed(0, 0.8)) and np.array_equal(page, given)
    assert np.array_equal(np.flatnonzero(gone.all(1)), [29, 30, 31, 32])
    assert np.count_nonzero(gone) == 4 * 60


@pytest.mark.parametrize("line", [0.95, 0.96, 1.0])
def test_where_a_line_lets_no_light_through_the_stroke_is_joined_from_both_sides(line):
    page = crossed(line, 0.0)
    page[28, 20:30] = 0.7
    page[33, 25:35] = 0.6
    ink, _ = divided_out(page, 30.5, 0.0)
    assert ink[29:33, 25:30] == pytest.approx(0.6)
    ink[29:33, 25:30] = 0
    assert ink[29:33] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("side", "thick", "is_line"),
    [(60, 1, True), (60, 7, True), (60, 8, False), (200, 11, True), (200, 12, False)],
)
def test_a_line_is_as_thick_as_a_part_of_the_page_at_most(side, thick, is_line):
    page = np.zeros((side, side))
    page[30 : 30 + thick] = 0.5
    ink, gone = divided_out(page, 29.5 + thick / 2, 0.0)
    assert gone.shape == page.shape and gone.any() == is_line
    assert not ink.any() if is_line else ink is page


def test_a_line_is_told_from_what_is_all_over_the_paper():
    page = np.maximum(crossed(0.5, 0.0), 0.2)
    ink, gone = divided_out(page, 30.5, 0.0)
    assert np.array_equal(np.flatnonzero(gone.all(1)), [29, 30, 31, 32])
    assert ink[30] == pytest.approx(1 - 0.5 / 0.7)


@pytest.mark.parametrize(("away", "is_taken"), [(0, True), (6, True), (7, False)])
def test_a_line_lies_within_the_band_where_it_was_found(away, is_taken):
    page = crossed(0.5, 0.0, slice(30, 31))
    for row in (30 - away, 30 + away):
        assert divided_out(page, row, 0.0)[1].any() == is_taken


@pytest.mark.parametrize(("ink", "is_taken"), [(0.015, False), (0.016, True)])
def test_what_is_as_faint_as_grain_is_no_line(ink, is_taken):
    assert divided_out(crossed(ink, 0.0), 30.5, 0.0)[1].any() == is_taken


def test_a_line_is_where_it_has_a_fifth_of_its_strength():
    page = crossed(0.5, 0.0)
    page[29], page[32] = 0.11, 0.1
    ink, gone = divided_out(page, 30.5, 0.0)
    assert np.array_equal(np.flatnonzero(gone.all(1)), [28, 29, 30, 31, 32])
    assert not ink.any()


@pytest.mark.parametrize("part", [-1.6, -1.2, -0.8, -0.4, 0, 0.4, 0.8, 1.2, 1.6])
def test_the_slope_of_a_line_is_made_a_little_better(part):
    rows, columns = np.indices((60, 120))
    away = np.abs(rows - 30 - (0.05 + part / 120) * (columns - 59.5))
    _, gone = divided_out(0.5 * np.clip(1.2 - away, 0, 1), 30, 0.05)
    middle = (gone * rows).sum(0) / gone.sum(0)
    slope, _ = np.polyfit(columns[0], middle, 1)
    assert abs(slope - 0.05 - part / 120) < 0.5 / 120


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


def test_pixels_that_touch_by_a_corner_are_one_piece():
    for mask in (np.eye(3, dtype=bool), np.eye(3, dtype=bool)[::-1]):
        assert [piece.area for piece in pieces_of(mask, mask * 1.0)[1]] == [3]


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


# The drawing.


def piece(tall=10, wide=10, area=None, mass=None, label=1, at=(0, 0)):
    area = tall * wide if area is None else area
    (top, left), mass = at, area if mass is None else mass
    return Piece(label, float(mass), area, top, top + tall, left, left + wide)


@pytest.mark.parametrize(
    ("size", "contact", "close"), [(51, 59, True), (50, 59, False), (51, 60, False), (51, 0, True)]
)
def test_a_piece_is_cut_closely_if_it_is_large_and_touches_little_of_the_border(
    size, contact, close
):
    border = np.zeros(400, int)  # of 100 x 100 pixels
    for one in (piece(size, 20), piece(20, size)):
        assert is_cut_closely(one, border, np.array([341, contact])) is close


@pytest.mark.parametrize(("area", "thin"), [(239, True), (240, False)])
def test_a_piece_is_thin_if_its_width_is_less_than_a_part_of_the_page(area, thin):
    for shape in ((100, 200), (200, 100)):
        assert is_thin(piece(50, 30, area), shape) == thin
        assert is_thin(piece(30, 50, area, at=(3, 4)), shape) == thin


@pytest.mark.parametrize(
    ("tall", "wide", "area", "yes"),
    [
        (11, 22, 19, False),  # neither is long enough
        (12, 4, 9, True),
        (12, 4, 10, False),  # too thick: 0.625 pixels
        (4, 23, 16, True),
        (4, 23, 17, False),
        (12, 23, 55, True),  # a frame has ink in less than a fifth of its box
        (12, 23, 56, False),
        (11, 23, 50, False),
        (12, 22, 50, False),
        (20, 25, 99, True),
        (20, 25, 100, False),
    ],
)
def test_lines_and_frames_are_long_and_hold_little_ink(tall, wide, area, yes):
    for at in ((0, 0), (3, 5)):
        assert is_line_or_frame(piece(tall, wide, area, at=at), (20, 40)) is yes
        assert is_line_or_frame(piece(wide, tall, area, at=at), (40, 20)) is yes


def chosen_boxes(mask, ink=None, removed=None, lenient=False):
    """The boxes of the pieces that are chosen: top, left, height, width."""
    labels, pieces = pieces_of(mask, mask * 1.0 if ink is None else ink)
    removed = np.zeros(mask.shape, bool) if removed is None else removed
    found = chosen(pieces, labels, removed, lenient)
    return sorted((p.top, p.left, p.bottom - p.top, p.right - p.left) for p in found)


def boxes(*all_of_them, side=100):
    """A page with boxes of ink: top, left, height, width of each."""
    mask = np.zeros((side, side), bool)
    for top, left, tall, wide in all_of_them:
        mask[top : top + tall, left : left + wide] = True
    return mask


MAIN = (40, 40, 12, 10)  # mass 120


@pytest.mark.parametrize("edge", [(0, 20, 3, 4), (97, 20, 3, 4), (20, 0, 4, 3), (20, 97, 4, 3)])
def test_a_piece_that_touches_an_edge_is_no_part_of_the_drawing(edge):
    assert chosen_boxes(boxes(edge)) == []
    for lenient in (False, True):
        assert chosen_boxes(boxes(MAIN, (*edge[:2], 30, 30)), lenient=lenient) == [MAIN]
    inner = (np.clip(edge[0], 1, 69), np.clip(edge[1], 1, 69), 30, 30)
    assert chosen_boxes(boxes(inner)) == [inner]


def test_a_piece_that_was_cut_closely_may_touch_an_edge():
    large = (0, 20, 60, 30)
    assert chosen_boxes(boxes(large)) == []
    assert chosen_boxes(boxes(large), lenient=True) == [large]


@pytest.mark.parametrize(
    ("size", "lenient", "is_drawing"),
    [(9, False, False), (10, False, True), (3, True, False), (4, True, True)],
)
def test_a_drawing_has_a_certain_size(size, lenient, is_drawing):
    one = (40, 40, size, 3)
    mask = np.pad(boxes(one), ((0, 0), (0, 20)))
    assert chosen_boxes(mask, lenient=lenient) == [one] * is_drawing


@pytest.mark.parametrize(
    ("other", "is_part"),
    [
        ((40, 80, 6, 4), True),  # a fifth of the ink of the main piece, anywhere
        ((40, 80, 23, 1), False),
        ((40, 53, 23, 1), True),  # less, but within a quarter of its height
        ((40, 54, 23, 1), False),
        ((40, 53, 3, 1), True),
        ((40, 53, 2, 1), False),  # a speck
        ((30, 40, 7, 1), True),
        ((30, 40, 6, 1), False),
    ],
)
def test_a_piece_belongs_to_the_drawing_by_its_ink_and_its_distance(other, is_part):
    expected = sorted([MAIN] + [other] * is_part)
    assert chosen_boxes(boxes(MAIN, other)) == expected
    turned = [(left, top, wide, tall) for top, left, tall, wide in expected]
    assert chosen_boxes(boxes(MAIN, other).T) == sorted(turned)


def test_a_speck_may_be_near_any_large_piece():
    second, speck = (40, 80, 12, 10), (54, 80, 2, 2)
    assert chosen_boxes(boxes(MAIN, second, speck)) == [MAIN, second, speck]


def test_ink_counts_and_not_only_pixels():
    other = (40, 80, 6, 4)
    mask = boxes(MAIN, other)
    ink = np.where(mask, 0.5, 0.0)
    ink[40:46, 80:84] = 0.49
    assert chosen_boxes(mask, ink) == [MAIN]


@pytest.mark.parametrize(("share", "is_dropped"), [(0.7, False), (0.75, True)])
def test_a_thin_piece_where_a_line_was_is_a_remain_of_it(share, is_dropped):
    remain, thick = (70, 20, 1, 40), (70, 20, 8, 40)
    removed = np.zeros((100, 100), bool)
    removed[70:78, 20 : 20 + round(40 * share)] = True
    kept = [] if is_dropped else [remain]
    assert chosen_boxes(boxes(MAIN, remain), removed=removed) == [MAIN, *kept]
    assert chosen_boxes(boxes(MAIN, thick), removed=removed) == [MAIN, thick]


@pytest.mark.parametrize(("ink", "goes"), [(0.13, True), (0.125, False)])
def test_a_frame_goes_if_there_is_enough_else(ink, goes):
    frame = boxes((10, 10, 81, 81)) & ~boxes((11, 11, 79, 79))  # 320 pixels
    other = (40, 40, 16, 8)  # 128, of which 0.125 are a twentieth of 320
    mask = frame | boxes(other)
    around = (10, 10, 81, 81)
    found = chosen_boxes(mask, frame + ink * boxes(other))
    assert found == ([other] if goes else [around, other])
    assert chosen_boxes(frame) == [around]


def test_of_a_page_without_pieces_nothing_is_chosen():
    assert chosen_boxes(np.zeros((10, 10), bool)) == []


def test_the_strength_of_ink_goes_from_almost_none_to_that_of_strokes():
    ink = np.zeros((80, 80))
    ink[30:50, 30:50] = 0.5
    ink[30:50, 28:30] = 0.25
    ink[30:50, 26] = 0.15  # too faint to be of the piece, but within two pixels of it
    ink[30:50, 25] = 0.15
    ink[40, 40] = 0.9
    drawing = drawing_in(ink, np.zeros(ink.shape, bool), False)
    expected = np.clip((ink - 0.04) / 0.46, 0, 1)
    expected[:, 25] = 0
    np.testing.assert_allclose(drawing.ink, expected, atol=1e-6)
    assert drawing.ink.dtype == np.float32


def test_pieces_come_from_left_to_right():
    ink = boxes((20, 60, 30, 10), (40, 20, 30, 10)) * 1.0
    drawing = drawing_in(ink, np.zeros(ink.shape, bool), False)
    assert [piece.left for piece in drawing.pieces] == [20, 60]
    assert drawing.labels.max() == 2
    assert all((drawing.labels[p.box] == p.label).all() for p in drawing.pieces)


def drawn(ink):
    """The boxes of the pieces that are drawn: top, left, height, width; None if none is."""
    drawing = drawing_in(ink, np.zeros(ink.shape, bool), False)
    if drawing is not None:
        return [(p.top, p.left, p.bottom - p.top, p.right - p.left) for p in drawing.pieces]


@pytest.mark.parametrize(("ink", "is_drawn"), [(0.08, False), (0.11, False), (0.12, True)])
def test_a_drawing_has_more_ink_than_clean_paper(ink, is_drawn):
    assert drawn(ink * boxes(MAIN)) == ([MAIN] if is_drawn else None)  # 0.7 of it must be 0.08


@pytest.mark.parametrize(("ink", "is_drawn"), [(0.63, False), (0.65, True)])
def test_a_drawing_has_more_ink_than_the_grain_of_the_paper(ink, is_drawn):
    rows, columns = np.indices((100, 100))
    page = 0.1 + 0.05 * ((rows + columns) % 3)  # 4 x 1.4826 x 0.05 above 0.15: 0.4465
    page[40:52, 40:50] = ink
    page[40:52, 50] = 0.5
    assert drawn(page) == ([(40, 40, 12, 11)] if is_drawn else None)
    if is_drawn:
        strength = drawing_in(page, np.zeros(page.shape, bool), False).ink
        assert strength[45, 50] == pytest.approx((0.5 - 0.4465) / (0.65 - 0.4465), abs=1e-3)


@pytest.mark.parametrize(
    ("blot", "counts"),
    [
        ((2, 60, 8, 20), False),
        ((6, 60, 8, 8), True),
        ((70, 60, 8, 20), False),
        ((66, 60, 8, 8), True),
        ((20, 12, 20, 8), False),
        ((20, 16, 8, 8), True),
        ((20, 140, 20, 8), False),
        ((20, 136, 8, 8), True),
    ],
)
def test_how_dark_strokes_are_is_seen_away_from_the_edges(blot, counts):
    page = np.zeros((80, 160))  # 10 and 20 pixels at the edges do not count
    page[40:54, 70:80] = 0.21
    page[40:54, 80:90] = 0.12
    top, left, tall, wide = blot
    page[top : top + tall, left : left + wide] = 0.9
    assert ((40, 70, 14, 20) in drawn(page)) == (not counts)


def test_what_lies_near_the_edges_alone_is_no_drawing():
    assert drawn(boxes((2, 30, 9, 30)) * 1.0) is None


def test_on_a_narrow_page_the_edges_count_too():
    page = np.zeros((7, 60))
    page[2:5, 20:30] = 1
    assert drawn(page) == [(2, 20, 3, 10)]
    assert drawn(page.T) == [(20, 2, 10, 3)]


def test_what_is_just_as_faint_as_may_be_does_not_say_how_dark_strokes_are():
    page = CONTRAST * boxes((20, 20, 20, 60))
    page[50:62, 40:50] = 0.5
    assert drawn(page) == [(50, 40, 12, 10)]


@pytest.mark.parametrize(
    ("bridge", "part", "is_in"), [(0.5, 0.6, True), (0.6, 0.65, False), (0.3, 0.41, True)]
)
def test_more_ink_is_asked_for_if_a_stroke_is_joined_to_the_edge(bridge, part, is_in):
    page = bridge * boxes((45, 0, 2, 40))
    page[40:60, 40:50] = 1
    page[40:60, 50:55] = part
    assert drawn(page) == [(40, 40, 20, 15 if is_in else 10)]


@pytest.mark.parametrize(
    ("dots", "ink", "part", "is_drawn"),
    [
        (1.0, 0.3, 0.25, True),
        (1.0, 0.2, 0.15, True),
        (1.0, 0.15, 0.1, False),
        (0.32, 0.1, 0.08, True),
    ],
)
def test_less_ink_is_asked_for_if_only_specks_are_as_dark(dots, ink, part, is_drawn):
    page = np.zeros((100, 100))
    page[20:80:4, 20:80:4] = dots
    page[36:66, 36:66] = 0
    page[42:60, 42:54] = ink
    page[42:60, 54:60] = part
    assert drawn(page) == ([(42, 42, 18, 12)] if is_drawn else None)


@pytest.mark.parametrize("thick", [3, 4])
def test_digits_on_thick_black_lines_are_found(digits, thick):
    for image in digits[:3]:
        page = enlarged(image, 140, 40)
        lined = page.copy()
        for row in (40, 80, 120, 160):
            lined[row : row + thick] = 1
        assert likeness(prepare(1 - lined), prepare(1 - page)) > 0.8


@pytest.mark.parametrize("turned", [False, True])
def test_a_darker_part_of_a_line_is_no_part_of_the_drawing(turned):
    ink = boxes((40, 130, 60, 8), side=200) * 0.8
    ink[140:142] = 0.2
    ink[140:142, 20:110] = 1
    greys = 1 - (ink.T if turned else ink)
    (piece,) = find_drawing(greys).pieces
    top, left = (130, 40) if turned else (40, 130)
    assert abs(piece.top - top) <= 2 and abs(piece.left - left) <= 2


def test_what_touches_the_border_here_and_there_is_read_only_if_nothing_stands_free():
    touching, free = boxes((0, 20, 70, 9)), boxes((20, 60, 60, 6))
    (piece,) = find_drawing(1.0 - (touching | free)).pieces
    assert abs(piece.left - round(60 * 1.12)) <= 2  # such a page is enlarged
    (piece,) = find_drawing(1.0 - touching).pieces
    assert piece.top == 0


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


def digits_in(mask, ink=None):
    """The columns of each digit that is cut from a page: the first and the last."""
    labels, pieces = pieces_of(mask, mask * 1.0)
    pieces.sort(key=lambda piece: piece.left)
    drawing = Drawing(np.ones(mask.shape, np.float32) if ink is None else ink, labels, pieces)
    return [np.argwhere(one) for one in digits_of(drawing)]


def spans(mask):
    """Of each digit first and last row and column, without what may be around it."""
    return [(*(one.min(0) + 2).tolist(), *(one.max(0) - 1).tolist()) for one in digits_in(mask)]


def test_a_digit_keeps_the_ink_two_pixels_around_its_pieces():
    assert spans(boxes((20, 30, 20, 8))) == [(20, 30, 40, 38)]
    labels, pieces = pieces_of(boxes(MAIN), boxes(MAIN) * 1.0)
    ink = np.random.default_rng(0).random((100, 100), np.float32)
    (one,) = digits_of(Drawing(ink, labels, pieces))
    assert one.dtype == np.float32
    assert np.array_equal(one, np.where(boxes((38, 38, 16, 14)), ink, 0))


def test_pieces_beside_each_other_are_digits_and_a_low_one_joins_the_nearest():
    tall, half, low = (20, 10, 20, 6), (30, 30, 10, 6), (22, 23, 9, 3)
    assert spans(boxes(tall, half)) == [(20, 10, 40, 16), (30, 30, 40, 36)]
    assert spans(boxes(tall, half, low)) == [(20, 10, 40, 16), (22, 23, 40, 36)]
    left = (22, 18, 9, 3)
    assert spans(boxes(tall, half, left)) == [(20, 10, 40, 21), (30, 30, 40, 36)]


@pytest.mark.parametrize(("left", "is_one"), [(10, True), (15, True), (16, False), (25, False)])
def test_pieces_are_above_each_other_if_they_share_more_than_half_of_the_narrower(left, is_one):
    upper, lower = (20, 8, 12, 13), (40, left, 12, 10)
    assert len(spans(boxes(upper, lower))) == 2 - is_one


def test_a_piece_is_above_a_group_if_it_is_above_any_of_it():
    first, second, third = (10, 10, 10, 10), (30, 12, 10, 30), (50, 34, 10, 14)
    assert spans(boxes(first, second)) == [(10, 10, 40, 42)]
    assert spans(boxes(first, second, third)) == [(10, 10, 60, 48)]


def test_pieces_of_a_digit_may_clasp_each_other():
    mask = boxes((20, 20, 30, 2), (20, 20, 2, 12), (30, 26, 30, 2), (58, 16, 2, 12))
    [one] = digits_in(mask)
    assert {tuple(place) for place in np.argwhere(mask).tolist()} <= set(map(tuple, one.tolist()))
