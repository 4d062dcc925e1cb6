"""Exercises of lesson 17. Check them with `python -m lessons check 17`."""

import numpy as np


def sample_at(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Bilinear values of an image at any places, without a loop over the places.

    In the lesson everything was 0 outside the image. Here the border continues for ever: a place
    outside has the value of the nearest place inside. (Inside means from the centre of the first
    pixel to the centre of the last one: rows from 0 to h - 1, columns from 0 to w - 1.)

    image    floats (h, w), with h and w at least 2
    rows     the row of each place, floats of any shape; they may lie between pixels or outside
    columns  the column of each place, of the same shape
    returns  the values, in the shape of `rows`

    Judged on images that are wider than they are high, at places inside, exactly on pixels (even
    the last ones), on the border and far outside, with arrays of one and two dimensions. The three
    arrays must not be changed. With 500 x 3 places your function must run hardly more lines of
    Python than with 2 x 3: that is how a loop over them is noticed.
    """
    raise NotImplementedError


def lookup_matrix(degrees: float, scale: float, shear: float) -> np.ndarray:
    """The matrix (2, 2) with which a warp looks up its pixels.

    Forward, the image is first enlarged by `scale`, then sheared along its rows, then turned
    clockwise by `degrees`. All of this acts on places (row, column), counted from the centre, rows
    downwards. The shear leans to the right: a place that lies u pixels above the centre (its row
    is -u) moves to the right by `shear` * u. A positive turn takes what is above the centre to the
    right.

    degrees  the angle of the turn
    scale    the factor of the enlargement, above 0
    shear    pixels to the right for each pixel upwards
    returns  the matrix that takes a place in the new image to the place in the old image that its
             value comes from

    Judged on several triples of numbers, none of them a special case.
    """
    raise NotImplementedError
