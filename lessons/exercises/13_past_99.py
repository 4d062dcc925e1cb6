"""Exercises of lesson 13. Check them with `python -m lessons check 13`."""

import numpy as np


def sample_at(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Bilinear values of an image at any places, without a loop over the places.

    In the lesson all was 0 outside the image. Here the border goes on for ever: a place outside
    has the value of the nearest place inside. (Inside means from the centre of the first pixel to
    the centre of the last one: rows from 0 to h - 1, columns from 0 to w - 1.)

    Args:
        image: floats (h, w), h and w at least 2; it must stay as it is.
        rows: the row of each place, floats of any shape; they may lie between pixels or outside.
        columns: the column of each place, of the same shape.

    Returns:
        the values, of the shape of `rows`.

    It is judged on images that are wider than high, at places inside, exactly on pixels (the last
    ones, too), on the border and far outside, and in arrays of one and two dimensions.
    """
    raise NotImplementedError


def lookup_matrix(degrees: float, scale: float, shear: float) -> np.ndarray:
    """The matrix (2, 2) with which a warp looks up its pixels.

    Forward, the image is first enlarged by `scale`, then sheared along its rows, then turned
    clockwise by `degrees`. All of it acts on places (row, column), counted from the centre, rows
    downwards. The shear leans to the right: a place that lies u pixels above the centre (its row
    is -u) moves to the right by `shear` * u. A positive turn brings what is above the centre to
    the right.

    Args:
        degrees: the angle of the turn.
        scale: the factor of the enlargement, above 0.
        shear: pixels to the right for each pixel upward.

    Returns:
        the matrix that takes a place of the new image to the place of the old image from which
        its value comes.

    It is judged on several triples of numbers, none of them a special case.
    """
    raise NotImplementedError


def one_cycle(step: int, total: int, top: float) -> float:
    """The learning rate of a one-cycle schedule at a step.

    It starts at top / 25 at step 0, reaches `top` at step up = 0.3 * total - 1, and ends at step
    total - 1 at top / 250,000. Both ways go along half a cosine wave: from u to v, after the share
    t of the way (0 at the beginning, 1 at the end), the rate is v + (u - v) / 2 * (1 + cos(pi t)).

    Args:
        step: from 0 to total - 1.
        total: how many steps there are; `up` need not be a whole number.
        top: the largest rate.

    It is judged at every step of schedules of several lengths; it is the formula of
    `optim.lr_scheduler.OneCycleLR`.
    """
    raise NotImplementedError
