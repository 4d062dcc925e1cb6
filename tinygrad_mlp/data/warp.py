"""Warping images: where each pixel of the new image is looked up in the old one.

A warp is a map from pixels of the new image to places in the old one. Most places lie between
pixels; there, the four pixels around are mixed (bilinear sampling). Outside the image everything
is 0. Rows and columns are counted from 0 at the centre of the first pixel.

All images of a batch are sampled at once: four gathers and a dozen passes, with NumPy only.
"""

from __future__ import annotations

import numpy as np

CHUNK = 128
"""How many images are warped at a time, so that intermediate results stay in the cache."""


def sample(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The values of `images` (n, h, w) at `places` (n, 2, h * w): rows, then columns.

    Returns (n, h, w) in the images' dtype. `places` is overwritten.

    >>> image = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    >>> places = np.array([[[0.5, 0.0, 9.0, 1.0], [0.0, 0.5, 9.0, 1.0]]])
    >>> data.transforms.sample(image, places)
    array([[[2. , 1.5],
            [0. , 4. ]]])
    """
    n, h, w = images.shape
    # One ring of zeros around the image, and one more row and column below and to the right: then a
    # place on the last pixel, or anywhere outside, has neighbours like any other.
    wide = w + 3
    padded = np.zeros((n, h + 3, wide), images.dtype)
    padded[:, 1 : h + 1, 1 : w + 1] = images
    flat = padded.reshape(-1)

    places += 1
    rows, columns = places[:, 0], places[:, 1]
    np.clip(rows, 0, h + 1, out=rows)
    np.clip(columns, 0, w + 1, out=columns)
    corners = places.astype(np.intp)
    places -= corners  # what is left is the distance of a place from its upper left pixel
    corner = corners[:, 0] * wide
    corner += corners[:, 1]
    corner += (np.arange(n) * ((h + 3) * wide))[:, None]

    # An infinite pixel becomes NaN between two pixels; the loss shows it.
    with np.errstate(over="ignore", invalid="ignore"):
        above = _mix(flat, corner, columns)
        below = _mix(flat[wide:], corner, columns)
        below -= above
        below *= rows
        above += below
    return above.reshape(n, h, w)


def _mix(flat: np.ndarray, left: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Values between the pixels at `left` and those to the right of them."""
    # No index is out of range; "clip" saves a copy that NumPy makes for "raise".
    here = flat.take(left, mode="clip")
    right = flat[1:].take(left, mode="clip")
    right -= here
    right *= share
    here += right
    return here


def affine_places(matrices: np.ndarray, h: int, w: int) -> np.ndarray:
    """Where affine maps (n, 2, 3) look up each pixel of an image (h, w): (n, 2, h * w).

    A matrix takes (row, column, 1), counted from the centre of the new image, to (row, column),
    counted from the centre of the old one.

    >>> half_a_row_down = np.array([[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]])
    >>> data.transforms.affine_places(half_a_row_down, 2, 2)
    array([[[0.5, 0.5, 1.5, 1.5],
            [0. , 1. , 0. , 1. ]]])
    """
    rows, columns = np.mgrid[:h, :w].astype(matrices.dtype)
    centre = np.array([(h - 1) / 2, (w - 1) / 2], matrices.dtype)
    grid = np.stack([rows.ravel() - centre[0], columns.ravel() - centre[1], np.ones(h * w)])
    places: np.ndarray = matrices.reshape(-1, 3) @ grid.astype(matrices.dtype)
    places = places.reshape(len(matrices), 2, h * w)
    places += centre[:, None]
    return places


def blur_matrix(size: int, sigma: float, dtype: np.dtype) -> np.ndarray:
    """The matrix (size, size) that blurs a row of pixels with a Gaussian of `sigma` pixels.

    As in torchvision, the kernel has 8 sigma + 1 pixels, or one more to make that odd, and what
    lies outside is mirrored. Blurring an image (h, w) is blur_matrix(h) @ image @ blur_matrix(w).T.

    >>> blur = data.transforms.blur_matrix(3, sigma=0.5, dtype=np.float64)
    >>> blur.round(2)
    array([[0.79, 0.21, 0.  ],
           [0.11, 0.79, 0.11],
           [0.  , 0.21, 0.79]])
    """
    width = int(8 * sigma + 1)
    if width % 2 == 0:
        width += 1
    kernel = np.exp(-0.5 * ((np.arange(width) - width // 2) / sigma) ** 2)
    kernel /= kernel.sum()
    mirrored = np.pad(np.eye(size), ((width // 2, width // 2), (0, 0)), "reflect")
    rows = [kernel @ mirrored[start : start + width] for start in range(size)]
    return np.array(rows, dtype)
