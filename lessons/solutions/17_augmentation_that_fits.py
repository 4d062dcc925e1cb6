"""Worked answers of lesson 17."""

import numpy as np


def sample_at(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """To continue the border, move each place to the nearest one inside before anything else.

    It has to be the place that is moved. If you only keep the pixel numbers inside, and take the
    share from the old place, you get shares below 0 or above 1, and continue the slope instead of
    the value.

    A place on the last row has i = h - 1, and there is no row i + 1. So i stops at h - 2: the
    share is then 1, and all the weight lies on the last row, as it should.
    """
    h, w = image.shape
    rows, columns = np.clip(rows, 0, h - 1), np.clip(columns, 0, w - 1)
    i = np.minimum(np.floor(rows).astype(int), h - 2)
    j = np.minimum(np.floor(columns).astype(int), w - 2)
    a, b = rows - i, columns - j
    above = (1 - b) * image[i, j] + b * image[i, j + 1]
    below = (1 - b) * image[i + 1, j] + b * image[i + 1, j + 1]
    return (1 - a) * above + a * below


def lookup_matrix(degrees: float, scale: float, shear: float) -> np.ndarray:
    """What is done first goes rightmost in the product, and looking up takes its inverse.

    The columns of a matrix are the images of (1, 0) and (0, 1). One step down, (1, 0), is minus one
    step up, so the shear takes it to (1, -shear); a step to the right, (0, 1), stays as it is.
    """
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    lean = np.array([[1.0, 0.0], [-shear, 1.0]])
    forward = turn @ lean @ (scale * np.eye(2))
    return np.linalg.inv(forward)
