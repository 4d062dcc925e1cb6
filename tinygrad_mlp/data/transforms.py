"""Random changes to a batch of images, for augmenting the training data.

A transform is a small frozen dataclass that is called with a whole batch of images and a random
generator, and returns a new batch of the same shape; the batch it was given stays as it was.
To add one, write another dataclass in this file: its fields are the parameters, `__post_init__`
refuses the bad ones, `__call__(images, rng)` does the work. `Compose` chains any of them.

All randomness comes from `rng`: the same seed gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

__all__ = ["Compose", "GaussianNoise", "RandomHorizontalFlip"]

Images = np.ndarray
# As text, so that importing the package does not load numpy.random: a fifth of NumPy's own time.
Rng: TypeAlias = "np.random.Generator | int | None"
Transform = Callable[[Images, Any], Images]


@dataclass(frozen=True)
class Compose:
    """Several transforms, one after the other, as `torchvision.transforms.Compose` does.

    Args:
        transforms: the transforms, in the order in which they are applied; may be empty.

    Raises:
        ValueError: if one of them cannot be called.
    """

    transforms: Sequence[Transform]

    def __post_init__(self) -> None:
        # A frozen dataclass is only writable this way; a tuple, so that it stays as it is made.
        object.__setattr__(self, "transforms", tuple(self.transforms))
        for transform in self.transforms:
            if not callable(transform):
                raise ValueError(
                    f"Compose expects transforms that can be called, found {transform!r}"
                )

    def __call__(self, images: Images, rng: Rng = None) -> Images:
        """Return `images`, shape (n, h, w), changed by every transform in turn."""
        # One generator for all: a seed passed on as it is would start each transform anew.
        rng = np.random.default_rng(rng)
        if not self.transforms:
            return images.copy()
        for transform in self.transforms:
            images = transform(images, rng)
        return images


@dataclass(frozen=True)
class GaussianNoise:
    """Add independent normal noise to every pixel, in the units of the pixels.

    The result is not clipped: pixels may leave [0, 1]. The published experiment, which this
    follows, uses mean 0 and standard deviation 0.2.

    Args:
        mean: mean of the noise.
        std: standard deviation of the noise; 0 or more.

    Raises:
        ValueError: if `mean` is not finite, or `std` is negative or not finite.
    """

    mean: float = 0.0
    std: float = 0.1

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean):
            raise ValueError(f"GaussianNoise: mean must be a finite number, found {self.mean}")
        if not math.isfinite(self.std) or self.std < 0:
            raise ValueError(f"GaussianNoise: std must be finite and 0 or more, found {self.std}")

    def __call__(self, images: Images, rng: Rng = None) -> Images:
        """Return `images`, shape (n, h, w) and float32 or float64, with noise of that dtype."""
        if images.dtype not in (np.float32, np.float64):
            raise ValueError(
                f"GaussianNoise expects float32 or float64 images, found {images.dtype}; "
                "pixels of 0 to 255 become floats by images / np.float32(255)"
            )
        noise = np.random.default_rng(rng).standard_normal(images.shape, dtype=images.dtype.type)
        # In place: drawing is slow enough, and this spares three temporary batches.
        noise *= self.std
        noise += self.mean
        noise += images
        return noise


@dataclass(frozen=True)
class RandomHorizontalFlip:
    """Mirror each image left to right, each on its own, with probability `p`.

    Named as in torchvision. A mirrored digit is mostly not a digit: the published experiment
    uses p = 0.7, and it costs accuracy.

    Args:
        p: probability that an image is mirrored, from 0 to 1.

    Raises:
        ValueError: if `p` is outside [0, 1].
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p must be from 0 to 1, found {self.p}")

    def __call__(self, images: Images, rng: Rng = None) -> Images:
        """Return `images`, shape (n, h, w), some of them mirrored along their last axis."""
        if images.ndim < 3:
            raise ValueError(
                f"RandomHorizontalFlip expects images of shape (n, h, w), found {images.shape}; "
                "a single image becomes a batch by image[None]"
            )
        chosen = np.random.default_rng(rng).random(len(images)) < self.p
        result = images.copy()
        result[chosen] = images[chosen][..., ::-1]
        return result
