"""Exercises of lesson 11. Check them with `python -m lessons check 11`."""

import numpy as np


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, edges: np.ndarray) -> float:
    """How far apart confidence and right answers are, as a mean over all images.

    The confidence of an image is the largest of its probabilities. Sort the images into groups by
    confidence: group i holds those with edges[i] <= confidence < edges[i + 1], and the last group
    also holds those with confidence == edges[-1]. In each group take the absolute difference
    between the mean confidence and the share of right answers. The error is the mean of these
    differences, each group weighted by its share of the images. Groups without images count for
    nothing.

    probabilities  an array (n, 10). Each row adds up to 1; no confidence is outside the edges
    labels         the true digits, integers (n,)
    edges          the borders of the groups, an array (groups + 1,), in rising order
    returns        the error, a number

    Judged on random probabilities, with some empty groups, and on images exactly at the edges.
    """
    raise NotImplementedError


def shift(images: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Move each image by its own number of pixels; white (0) comes in where ink moved away.

    What leaves the picture on one side must not come in on the other, as it does with `np.roll`.

    images   an array (n, h, w), which must not be changed
    down     by how many rows each image moves down, integers (n,); negative means up
    right    by how many columns it moves to the right, integers (n,); negative means left
    returns  a new array (n, h, w) of the same dtype

    Judged on images that have ink everywhere, even at the borders, and that are wider than they
    are high.
    """
    raise NotImplementedError
