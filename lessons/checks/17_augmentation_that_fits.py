"""How the exercises of lesson 17 are judged."""

import sys

import numpy as np

from lessons.checking import Exercise, Mistake

rng = np.random.default_rng(13)

# ---------------------------------------------------------------------------------- sample_at

IMAGE = rng.uniform(0.2, 1.0, (5, 7))
ROWS = rng.uniform(0.0, 4.0, (4, 6))
COLUMNS = rng.uniform(0.0, 6.0, (4, 6))
# Outside on each side, at corners, on the last pixels, and on pixels inside.
FAR_ROWS = np.array([-3.3, 9.4, 1.7, 2.2, -0.4, 4.6, 4.0, 4.0, 2.0, 3.0])
FAR_COLUMNS = np.array([2.6, 3.3, -2.8, 11.5, -0.7, 6.9, 6.0, 2.5, 5.0, 1.5])


MANY_ROWS = rng.uniform(0.0, 4.0, (500, 3))
MANY_COLUMNS = rng.uniform(0.0, 6.0, (500, 3))


def lines_run(function, *arguments):
    """How many lines of Python run during a call, jumps back in a loop included."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments)
    finally:
        sys.settrace(before)
    return count


def observe_sample(answer):
    given = [array.copy() for array in (IMAGE, FAR_ROWS, FAR_COLUMNS)]
    values = answer(*given)
    kept = zip(given, (IMAGE, FAR_ROWS, FAR_COLUMNS), strict=True)
    few = lines_run(answer, IMAGE, MANY_ROWS[:2].copy(), MANY_COLUMNS[:2].copy())
    many = lines_run(answer, IMAGE, MANY_ROWS.copy(), MANY_COLUMNS.copy())
    return [
        np.asarray(values),
        all(np.array_equal(one, other) for one, other in kept),
        many - few > len(MANY_ROWS) / 2,  # is there a loop over the places?
        answer(IMAGE, ROWS.copy(), COLUMNS.copy()),
        answer(IMAGE[:2, 1:4], FAR_ROWS.copy(), FAR_COLUMNS.copy()),
    ]


def mixed(image, i, j, a, b):
    """The four pixels around with their weights, for the wrong versions to use."""
    above = (1 - b) * image[i, j] + b * image[i, j + 1]
    below = (1 - b) * image[i + 1, j] + b * image[i + 1, j + 1]
    return (1 - a) * above + a * below


def corners(image, rows, columns):
    i = np.clip(np.floor(rows).astype(int), 0, image.shape[0] - 2)
    j = np.clip(np.floor(columns).astype(int), 0, image.shape[1] - 2)
    return i, j


def inside(image, rows, columns):
    h, w = image.shape
    return np.clip(rows, 0, h - 1), np.clip(columns, 0, w - 1)


def nearest(image, rows, columns):
    rows, columns = inside(image, rows, columns)
    return image[np.rint(rows).astype(int), np.rint(columns).astype(int)]


def white_outside(image, rows, columns):
    padded = np.pad(image, 2)
    h, w = padded.shape
    rows, columns = np.clip(rows + 2, 0, h - 1), np.clip(columns + 2, 0, w - 1)
    i, j = corners(padded, rows, columns)
    return mixed(padded, i, j, rows - i, columns - j)


def slope_continued(image, rows, columns):
    i, j = corners(image, rows, columns)
    return mixed(image, i, j, rows - i, columns - j)


def shares_swapped(image, rows, columns):
    rows, columns = inside(image, rows, columns)
    i, j = corners(image, rows, columns)
    return mixed(image, i, j, columns - j, rows - i)


def weights_the_wrong_way(image, rows, columns):
    rows, columns = inside(image, rows, columns)
    i, j = corners(image, rows, columns)
    return mixed(image, i, j, 1 - (rows - i), 1 - (columns - j))


def by_a_loop(image, rows, columns):
    rows, columns = inside(image, rows, columns)
    values = np.zeros(rows.shape)
    for place in np.ndindex(rows.shape):
        r, c = rows[place], columns[place]
        i, j = min(int(r), image.shape[0] - 2), min(int(c), image.shape[1] - 2)
        values[place] = mixed(image, i, j, r - i, c - j)
    return values


def writes_into_the_places(image, rows, columns):
    kept = inside(image, rows, columns)
    rows[...], columns[...] = kept
    i, j = corners(image, rows, columns)
    return mixed(image, i, j, rows - i, columns - j)


def nothing_outside(image, rows, columns):
    h, w = image.shape
    values = mixed(image, *corners(image, rows, columns), rows % 1, columns % 1)
    return np.where((rows >= 0) & (rows < h) & (columns >= 0) & (columns < w), values, 0.0)


def weights_from_both_sides(image, rows, columns):
    rows, columns = inside(image, rows, columns)
    i, j = np.floor(rows).astype(int), np.floor(columns).astype(int)
    k, m = np.ceil(rows).astype(int), np.ceil(columns).astype(int)
    above = (m - columns) * image[i, j] + (columns - j) * image[i, m]
    below = (m - columns) * image[k, j] + (columns - j) * image[k, m]
    return (k - rows) * above + (rows - i) * below


def over_the_edge(image, rows, columns):
    rows, columns = inside(image, rows, columns)
    i, j = np.floor(rows).astype(int), np.floor(columns).astype(int)
    return mixed(image, i, j, rows - i, columns - j)


# ------------------------------------------------------------------------------ lookup_matrix

TRIPLES = [(25.0, 1.2, 0.3), (-40.0, 0.8, 0.17), (130.0, 1.5, -0.6)]


def observe_matrix(answer):
    return [answer(*triple) for triple in TRIPLES]


def parts(angle, shear):
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return turn, np.array([[1.0, 0.0], [-shear, 1.0]])


def forward(degrees, scale, shear):
    turn, lean = parts(np.radians(degrees), shear)
    return scale * turn @ lean


def other_order(degrees, scale, shear):
    turn, lean = parts(np.radians(degrees), shear)
    return np.linalg.inv(scale * lean @ turn)


def in_degrees(degrees, scale, shear):
    turn, lean = parts(degrees, shear)
    return np.linalg.inv(scale * turn @ lean)


def counter_clockwise(degrees, scale, shear):
    turn, lean = parts(-np.radians(degrees), shear)
    return np.linalg.inv(scale * turn @ lean)


def leans_left(degrees, scale, shear):
    turn, lean = parts(np.radians(degrees), -shear)
    return np.linalg.inv(scale * turn @ lean)


def transposed(degrees, scale, shear):
    return forward(degrees, scale, shear).T


def transposed_over_scale(degrees, scale, shear):
    turn, lean = parts(np.radians(degrees), shear)
    return (turn @ lean).T / scale


def across_first(degrees, scale, shear):
    return np.linalg.inv(forward(degrees, scale, shear))[::-1, ::-1]


EXERCISES = [
    Exercise(
        "sample_at",
        observe=observe_sample,
        hint="Try an image of 2 x 2 with the pixels 1, 2, 3, 4 at a few places, and work out each "
        "value by hand.",
        mistakes=[
            Mistake(nearest, "This takes the nearest pixel; mix the four around it instead."),
            Mistake(
                white_outside,
                "Outside, this fades to 0 as in the lesson; here the border continues.",
            ),
            Mistake(
                slope_continued,
                "Outside, the shares a and b go below 0 or above 1, which continues the slope of "
                "the border. Move the place inside first, and only then take the shares from it.",
            ),
            Mistake(
                shares_swapped,
                "The share of the row goes with i and i + 1, that of the column with j and j + 1.",
            ),
            Mistake(
                weights_the_wrong_way,
                "Close to pixel (i, j), that pixel should weigh most: with (1 - a)(1 - b).",
            ),
            Mistake(
                by_a_loop,
                "The values are right, but you take them one by one. Index the image with whole "
                "arrays of numbers: image[i, j] gives all of them at once.",
            ),
            Mistake(
                writes_into_the_places,
                "The values are right, but the caller's arrays of places are changed. np.clip "
                "makes new arrays unless you tell it to use out=.",
            ),
            Mistake(
                nothing_outside,
                "Outside, the border continues: move each place to the nearest one inside.",
            ),
            Mistake(
                weights_from_both_sides,
                "On a whole row, ceil and floor are the same number, and both weights are 0. Take "
                "the second weight as 1 minus the first.",
            ),
            Mistake(
                over_the_edge,
                "On the last row or column there is no pixel i + 1 or j + 1. Let i stop at h - 2.",
            ),
        ],
    ),
    Exercise(
        "lookup_matrix",
        observe=observe_matrix,
        hint="Follow one place by hand through scale, shear and turn, for example (-1, 0), which "
        "is above the centre. Your matrix must bring the result back to (-1, 0).",
        mistakes=[
            Mistake(forward, "This sends pixels on; looking up needs the inverse."),
            Mistake(
                other_order,
                "This turns first and shears afterwards: what is done first goes rightmost.",
            ),
            Mistake(in_degrees, "np.cos and np.sin take radians: use np.radians."),
            Mistake(
                counter_clockwise,
                "This turns counter-clockwise. Check what happens to (-1, 0), above the centre.",
            ),
            Mistake(
                leans_left,
                "This leans to the left: rows count downwards, so above the centre they are "
                "negative.",
            ),
            Mistake(
                transposed,
                "The transposed matrix is only the inverse of a turn, not of a scale and a shear.",
            ),
            Mistake(
                transposed_over_scale,
                "You undo the scale, but transposing undoes only the turn. The shear needs its own "
                "inverse: np.linalg.inv of the whole is the safe way.",
            ),
            Mistake(across_first, "This is right for (column, row); here the row comes first."),
        ],
    ),
]
