"""How the exercises of lesson 18 are judged."""

import math
from typing import ClassVar

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


class Counted(np.ndarray):
    """An array that counts how often a single number is taken out of it."""

    taken: ClassVar[list[int]] = [0]

    def __getitem__(self, place):
        result = super().__getitem__(place)
        self.taken[0] += np.ndim(result) == 0
        return result


def observe_sample(answer):
    Counted.taken[0] = 0
    values = answer(*(array.view(Counted) for array in (IMAGE, ROWS, COLUMNS)))
    return [
        np.asarray(values),
        Counted.taken[0] >= ROWS.size,  # one by one
        answer(IMAGE, ROWS, COLUMNS),
        answer(IMAGE, FAR_ROWS, FAR_COLUMNS),
        answer(IMAGE[:2, 1:4], FAR_ROWS, FAR_COLUMNS),
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


# ---------------------------------------------------------------------------------- one_cycle


def observe_cycle(answer):
    return [
        [answer(step, 40, 0.02) for step in range(40)],
        [answer(step, 55, 0.3) for step in range(55)],
        # The end is so small that the middle would hide it.
        answer(39, 40, 0.02),
        answer(117, 118, 0.005),
    ]


def cycle(step, total, top, up, end, wave):
    """A one-cycle schedule, for the wrong versions to vary."""
    if step <= up:
        u, v, share = top / 25, top, step / up
    else:
        u, v, share = top, top / 250_000, (step - up) / (end - up)
    return v + (u - v) * wave(share)


def half_wave(share):
    return (1 + math.cos(math.pi * share)) / 2


def linear(step, total, top):
    return cycle(step, total, top, 0.3 * total - 1, total - 1, lambda share: 1 - share)


def one_too_late(step, total, top):
    return cycle(step, total, top, 0.3 * total, total, half_wave)


def quarter_wave(step, total, top):
    def wave(share):
        return math.cos(math.pi * share / 2)

    return cycle(step, total, top, 0.3 * total - 1, total - 1, wave)


def back_to_the_start(step, total, top):
    up, end = 0.3 * total - 1, total - 1
    u, v = (top / 25, top) if step <= up else (top, top / 25)
    share = step / up if step <= up else (step - up) / (end - up)
    return v + (u - v) * half_wave(share)


def without_shift(step, total, top):
    up, end = 0.3 * total - 1, total - 1
    u, v = (top / 25, top) if step <= up else (top, top / 250_000)
    share = step / up if step <= up else step / end
    return v + (u - v) * half_wave(share)


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
    Exercise(
        "one_cycle",
        observe=observe_cycle,
        hint="Print the rate at steps 0, 0.3 * total - 1 and total - 1, and compare with top / 25, "
        "top and top / 250,000. Then draw the curve.",
        mistakes=[
            Mistake(linear, "This goes along straight lines; we want half a cosine wave."),
            Mistake(
                one_too_late,
                "Steps are counted from 0, so the last is total - 1, and the top comes earlier "
                "too.",
            ),
            Mistake(
                quarter_wave,
                "A quarter of a wave, cos(pi t / 2), starts flat and ends steep; half a wave is "
                "(1 + cos(pi t)) / 2.",
            ),
            Mistake(back_to_the_start, "It should end at top / 250,000, far below its start."),
            Mistake(
                without_shift,
                "On the way down the share counts from the top: (step - up) / (total - 1 - up).",
            ),
        ],
    ),
]
