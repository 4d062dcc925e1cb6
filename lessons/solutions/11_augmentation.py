"""Worked answers of lesson 11."""

import numpy as np


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, edges: np.ndarray) -> float:
    """The weights make large groups count more, so that a few images cannot decide the result.

    The sign is dropped in each group, before the mean: a network that is too sure in one group
    and too modest in another is not calibrated, though the two would cancel in a plain mean.
    (This is the expected calibration error of Naeini, Cooper and Hauskrecht, 2015.)
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    # The inner edges are enough: everything above the last of them is in the last group.
    group = np.digitize(confidence, edges[1:-1])
    error = 0.0
    for i in range(len(edges) - 1):
        inside = group == i
        if inside.any():
            difference = abs(confidence[inside].mean() - right[inside].mean())
            error += inside.mean() * difference
    return float(error)


def shift(images: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Lay each image on a larger white sheet, and cut out the old size at another place.

    With a border as wide as the largest step, no cut can leave the sheet. To move an image down by
    2 is to look through a window that moves up by 2: hence the minus signs.
    """
    n, height, width = images.shape
    border = int(max(np.abs(down).max(), np.abs(right).max()))
    sheet = np.pad(images, ((0, 0), (border, border), (border, border)))
    result = np.empty_like(images)
    for i in range(n):
        top, left = border - down[i], border - right[i]
        result[i] = sheet[i, top : top + height, left : left + width]
    return result
