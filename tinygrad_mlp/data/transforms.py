"""Random changes to a batch of images, for augmenting the training data.

A transform is a small frozen dataclass that is called with a whole batch of images and a random
generator, and returns a new batch of the same shape; the batch it was given does not change.
To add one, write another dataclass in this file: its fields are the parameters, `__post_init__`
refuses bad ones, and `__call__(images, rng)` does the work. `Compose` chains any of them.

All randomness comes from `rng`: the same seed gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from .warp import CHUNK, affine_places, blur_matrix, sample

__all__ = ["Compose", "ElasticTransform", "GaussianNoise", "RandomAffine", "RandomHorizontalFlip"]

Images = np.ndarray
# As text, so that importing the package does not load numpy.random: a fifth of NumPy's own time.
Rng: TypeAlias = "np.random.Generator | int | None"
Transform = Callable[[Images, Any], Images]


@dataclass(frozen=True)
class Compose:
    """Several transforms, one after the other, like `torchvision.transforms.Compose`.

    transforms  the transforms in the order in which they are applied; may be empty

    Raises ValueError if one of them cannot be called.

    >>> flip_all = data.transforms.RandomHorizontalFlip(p=1.0)
    >>> data.transforms.Compose([flip_all, flip_all])(np.array([[[1.0, 2.0, 3.0]]]))
    array([[[1., 2., 3.]]])
    """

    transforms: Sequence[Transform]

    def __post_init__(self) -> None:
        # The only way to set an attribute of a frozen dataclass. A tuple cannot change afterwards.
        object.__setattr__(self, "transforms", tuple(self.transforms))
        for transform in self.transforms:
            if not callable(transform):
                raise ValueError(
                    f"Compose expects transforms that can be called, found {transform!r}"
                )

    def __call__(self, images: Images, rng: Rng = None) -> Images:
        """Return `images`, shape (n, h, w), changed by every transform in turn."""
        # One generator for all: if the seed itself were passed on, each would start from it anew.
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

    mean  the mean of the noise
    std   the standard deviation of the noise; 0 or more

    Raises ValueError if `mean` is not finite, or if `std` is negative or not finite.

    >>> noisy = data.transforms.GaussianNoise(std=0.2)(np.zeros((100, 28, 28)), rng=0)
    >>> noisy.shape, round(float(noisy.std()), 2)
    ((100, 28, 28), 0.2)
    """

    mean: float = 0.0
    std: float = 0.1

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean):
            raise ValueError(f"GaussianNoise: mean must be a finite number, found {self.mean}")
        if not math.isfinite(self.std) or self.std < 0:
            raise ValueError(f"GaussianNoise: std must be finite and 0 or more, found {self.std}")

    def __call__(self, images: Images, rng: Rng = None) -> Images:
        """Return `images`, float32 or float64 of shape (n, h, w), with noise of that dtype."""
        if images.dtype not in (np.float32, np.float64):
            raise ValueError(
                f"GaussianNoise expects float32 or float64 images, found {images.dtype}; "
                "pixels of 0 to 255 become floats by images / np.float32(255)"
            )
        noise = np.random.default_rng(rng).standard_normal(images.shape, dtype=images.dtype.type)
        # In place: drawing is slow enough, and this avoids three temporary batches.
        noise *= self.std
        noise += self.mean
        noise += images
        return noise


def mirrored(images: Images, column: float | None = None) -> Images:
    """The images (n, h, w), mirrored left to right about a column; what comes from outside is 0.

    column  a multiple of 1/2, counted from 0; None for the middle

    >>> data.transforms.mirrored(np.array([[[1.0, 2.0, 3.0]]]), column=1.5)
    array([[[0., 3., 2.]]])
    """
    width = images.shape[-1]
    shift = 0 if column is None else round(2 * column) - (width - 1)
    turned = images[..., ::-1]
    if not shift:
        return turned
    result = np.zeros_like(images)
    if abs(shift) < width:
        to, source = slice(max(shift, 0), width + min(shift, 0)), slice(max(-shift, 0), None)
        kept = turned[..., source]
        result[..., to] = kept[..., : to.stop - to.start]
    return result


def shifted(images: Images, down: float, right: float) -> Images:
    """The images (n, h, w), moved by any number of pixels; what comes from outside is 0.

    Between pixels, the four around are mixed (bilinear sampling).

    >>> data.transforms.shifted(np.array([[[0.0, 2.0, 3.0]]]), down=0, right=0.5)
    array([[[0. , 1. , 2.5]]])
    """
    _check_images("shifted", images)
    move = np.array([[1, 0, -down], [0, 1, -right]], images.dtype)
    return _mapped(images, np.tile(move, (len(images), 1, 1)))


@dataclass(frozen=True)
class RandomHorizontalFlip:
    """Mirror each image left to right with probability `p`, independently of the others.

    Named as in torchvision. A mirrored digit is usually not a digit: the published experiment
    uses p = 0.7, and it costs accuracy.

    p       the probability that an image is mirrored, from 0 to 1
    column  about which it is mirrored, a multiple of 1/2, counted from 0; None for the middle of
            the image, as in torchvision. MNIST's digits have their centre of mass at column 14,
            half a pixel right of the middle, so about the middle they also move by a pixel

    Raises ValueError if `p` is outside [0, 1] or `column` is no such number.

    >>> data.transforms.RandomHorizontalFlip(p=1.0)(np.array([[[1.0, 2.0, 3.0]]]))
    array([[[3., 2., 1.]]])
    """

    p: float = 0.5
    column: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p must be from 0 to 1, found {self.p}")
        if self.column is not None and (self.column < 0 or 2 * self.column % 1):
            raise ValueError(
                "RandomHorizontalFlip: column must be a multiple of 1/2 from 0, or None, found "
                f"{self.column}"
            )

    def __repr__(self) -> str:
        about = "" if self.column is None else f", column={self.column}"
        return f"RandomHorizontalFlip(p={self.p}{about})"

    def __call__(self, images: Images, rng: Rng = None) -> Images:
        """Return `images`, shape (n, h, w), some of them mirrored along their last axis."""
        if images.ndim < 3:
            raise ValueError(
                f"RandomHorizontalFlip expects images of shape (n, h, w), found {images.shape}; "
                "a single image becomes a batch by image[None]"
            )
        chosen = np.random.default_rng(rng).random(len(images)) < self.p
        result = images.copy()
        result[chosen] = mirrored(images[chosen], self.column)
        return result


@dataclass(frozen=True)
class RandomAffine:
    """Turn, shift, scale and shear each image about its centre, independently of the others.

    Parameters mean what they mean in torchvision. Unlike there, the value at a place between pixels
    is a mixture of the four around it (bilinear), because a digit of 28 x 28 pixels suffers from
    anything coarser. Outside the image everything is 0.

    degrees    turns clockwise by an angle drawn from (-degrees, degrees), or from a pair (least,
               most), in degrees
    translate  None, or a pair (a, b): shifts by whole pixels, up to a times the width to either
               side and b times the height up or down; each from 0 to 1
    scale      None, or a pair (least, most): enlarges by a factor drawn from it; above 0
    shear      None, or a number s: shears along the rows by an angle drawn from (-s, s), in
               degrees; or a pair (least, most) for it; or four numbers, the last two of which shear
               along the columns

    Raises ValueError if a parameter is anything else.

    >>> quarter_turn = data.transforms.RandomAffine(degrees=(90, 90))
    >>> quarter_turn(np.array([[[1.0, 2.0], [3.0, 4.0]]])).round(6)
    array([[[3., 1.],
            [4., 2.]]])
    """

    degrees: float | Sequence[float]
    translate: Sequence[float] | None = None
    scale: Sequence[float] | None = None
    shear: float | Sequence[float] | None = None

    def __post_init__(self) -> None:
        for name in ("degrees", "translate", "scale", "shear"):
            value = getattr(self, name)
            if isinstance(value, Sequence):
                object.__setattr__(self, name, tuple(value))
        _interval("RandomAffine: degrees", self.degrees)
        if self.translate is not None:
            _numbers("RandomAffine: translate", self.translate, 2)
            if not all(0 <= share <= 1 for share in self.translate):
                raise ValueError(
                    "RandomAffine: translate must be fractions of the width and the height, from 0 "
                    f"to 1, found {self.translate}"
                )
        if self.scale is not None:
            least, _ = _interval("RandomAffine: scale", self.scale, pair=True)
            if least <= 0:
                raise ValueError(f"RandomAffine: scale must be above 0, found {self.scale}")
        for least, most in self._shears():
            if not -90 < least <= most < 90:
                raise ValueError(
                    "RandomAffine: shear must be angles between -90 and 90 degrees, the least "
                    f"first, found {self.shear}"
                )

    def __call__(self, images: Images, rng: Rng = None) -> Images:
        """Return `images`, float32 or float64 of shape (n, h, w), each warped."""
        _check_images("RandomAffine", images)
        rng = np.random.default_rng(rng)
        n, h, w = images.shape
        angle = _draw(rng, _interval("degrees", self.degrees), n)
        shift_x = np.zeros(n)
        shift_y = np.zeros(n)
        if self.translate is not None:
            far_x = self.translate[0] * w
            far_y = self.translate[1] * h
            shift_x = np.rint(_draw(rng, (-far_x, far_x), n))
            shift_y = np.rint(_draw(rng, (-far_y, far_y), n))
        scale = np.ones(n)
        if self.scale is not None:
            scale = _draw(rng, self.scale, n)
        along_rows, along_columns = self._shears()
        shear_x = _draw(rng, along_rows, n)
        shear_y = _draw(rng, along_columns, n)
        matrices = _inverse_affine(angle, shift_x, shift_y, scale, shear_x, shear_y)
        return _mapped(images, matrices.astype(images.dtype))

    def _shears(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The angles of the shear along the rows, and along the columns."""
        if self.shear is None:
            return (0.0, 0.0), (0.0, 0.0)
        if isinstance(self.shear, tuple) and len(self.shear) == 4:
            _numbers("RandomAffine: shear", self.shear, 4)
            return self.shear[:2], self.shear[2:]
        return _interval("RandomAffine: shear", self.shear), (0.0, 0.0)


@dataclass(frozen=True)
class ElasticTransform:
    """Bend each image as if it were drawn on rubber. Simard, Steinkraus and Platt, 2003.

    Every pixel is moved by a random field: independent uniform numbers from -1 to 1, blurred with
    a Gaussian of `sigma` pixels, times `alpha` / 2 pixels. This is torchvision's meaning of alpha;
    the paper's is half of it (its alpha of 34 is 68 here). Each image gets a field of its own.

    alpha  how far pixels move; 0 or more
    sigma  how smooth the field is, in pixels; above 0

    Raises ValueError if `alpha` is negative, if `sigma` is not above 0, or if one is not finite.

    >>> images, _ = data.load_mnist(split="test")[:5]
    >>> data.transforms.ElasticTransform(alpha=50.0, sigma=5.0)(images, rng=0).shape
    (5, 28, 28)
    >>> np.array_equal(data.transforms.ElasticTransform(alpha=0.0)(images), images)
    True
    """

    alpha: float = 50.0
    sigma: float = 5.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.alpha) or self.alpha < 0:
            raise ValueError(
                f"ElasticTransform: alpha must be finite and 0 or more, found {self.alpha}"
            )
        if not math.isfinite(self.sigma) or self.sigma <= 0:
            raise ValueError(
                f"ElasticTransform: sigma must be finite and above 0, found {self.sigma}"
            )

    def __call__(self, images: Images, rng: Rng = None) -> Images:
        """Return `images`, float32 or float64 of shape (n, h, w), each bent."""
        _check_images("ElasticTransform", images)
        if not images.size:
            return images.copy()
        rng = np.random.default_rng(rng)
        n, h, w = images.shape
        dtype = images.dtype
        blur_rows = blur_matrix(h, self.sigma, dtype)
        blur_columns = blur_matrix(w, self.sigma, dtype)
        here = affine_places(np.eye(2, 3, dtype=dtype)[None], h, w)
        result = np.empty_like(images)
        for start in range(0, n, CHUNK):
            part = slice(start, start + CHUNK)
            field = rng.random((len(images[part]), 2, h, w), dtype=dtype.type)
            field *= 2
            field -= 1
            field = (field.reshape(-1, w) @ blur_columns.T).reshape(-1, h, w)
            field = np.matmul(blur_rows, field)
            field *= self.alpha / 2
            result[part] = sample(images[part], field.reshape(-1, 2, h * w) + here)
        return result


def _mapped(images: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """The images (n, h, w), each looked up through its matrix (n, 2, 3)."""
    h, w = images.shape[1:]
    result = np.empty_like(images)
    for start in range(0, len(images), CHUNK):
        part = slice(start, start + CHUNK)
        result[part] = sample(images[part], affine_places(matrices[part], h, w))
    return result


def _draw(rng: np.random.Generator, bounds: Sequence[float], n: int) -> np.ndarray:
    return rng.uniform(bounds[0], bounds[1], (n,))


def _inverse_affine(
    angle: np.ndarray,
    shift_x: np.ndarray,
    shift_y: np.ndarray,
    scale: np.ndarray,
    shear_x: np.ndarray,
    shear_y: np.ndarray,
) -> np.ndarray:
    """Where the maps look pixels up: matrices (n, 2, 3) that act on (row, column, 1).

    All arguments have shape (n,); angles are in degrees. Forward, about the centre and with
    torchvision's signs: scale, shear along the rows, shear along the columns, turn, then shift.
    """
    turn = np.radians(angle)
    tan_x = np.tan(np.radians(shear_x))
    tan_y = np.tan(np.radians(shear_y))
    one = np.ones_like(turn)
    zero = np.zeros_like(turn)
    # In (row, column), with rows counted downwards, these turn clockwise for angles above 0.
    turned = _matrices(np.cos(turn), np.sin(turn), -np.sin(turn), np.cos(turn))
    down = _matrices(one, -tan_y, zero, one)
    along = _matrices(one, zero, -tan_x, one)
    inverse = np.linalg.inv(turned @ down @ along * scale[:, None, None])
    shift = np.stack([shift_y, shift_x], axis=1)[:, :, None]
    return np.concatenate([inverse, -inverse @ shift], axis=2)


def _matrices(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Matrices [[a, b], [c, d]] of shape (n, 2, 2), from numbers of shape (n,)."""
    return np.stack([a, b, c, d], axis=1).reshape(-1, 2, 2)


def _check_images(name: str, images: Images) -> None:
    if images.ndim != 3 or images.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"{name} expects float32 or float64 images of shape (n, h, w), found {images.dtype} "
            f"of shape {images.shape}"
        )


def _interval(name: str, value: float | Sequence[float], pair: bool = False) -> tuple[float, float]:
    """(-value, value) for a number, or the pair (least, most) itself."""
    if isinstance(value, int | float) and not pair:
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be 0 or more, or a pair (least, most), found {value}")
        return -float(value), float(value)
    least, most = _numbers(name, value, 2)
    if least > most:
        raise ValueError(f"{name} must be a pair (least, most) in this order, found {value}")
    return least, most


def _numbers(name: str, values: Any, count: int) -> tuple[float, ...]:
    good = isinstance(values, Sequence) and len(values) == count
    if not good or not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
        raise ValueError(f"{name} must be {count} finite numbers, found {values!r}")
    return tuple(float(v) for v in values)
