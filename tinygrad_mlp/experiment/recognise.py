"""Answering for a picture of your own: which digit is this?

A network knows only what it was trained on, so a picture is prepared as MNIST's digits were
(LeCun, Bottou, Bengio and Haffner, 1998): light ink on black, scaled to fit into 20 by 20 pixels
with its proportions kept, and placed with its centre of mass in the middle of 28 by 28.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..engine import no_grad
from ..nn import Module
from ..ops import softmax
from ..train import in_eval_mode
from .training import load_model

BEST = Path(__file__).parent / "weights" / "best.safetensors"
"""The trained weights that come with the package, as `export` wrote them."""

BOX = 20
"""The longer side of the box around a digit of MNIST, in pixels; a test measures it."""

SIDE = 28
"""The side of an image of MNIST, in pixels."""

MIDDLE = 14
"""The row and column of the centre of mass in MNIST, to half a pixel; a test measures it."""

CONTRAST = 0.1
"""The least difference between ink and paper, where black and white differ by 1."""

FAINT = 0.02
"""Ink, from 0 to 1, that does not count when the box around the digit is found."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer for one picture.

    digit          the most probable class, 0 to 9
    probabilities  (10,), one for each digit; their sum is 1
    image          (28, 28), from 0 to 1: what the network saw
    """

    digit: int
    probabilities: np.ndarray
    image: np.ndarray


def predict(picture: str | os.PathLike[str] | np.ndarray, model: Any = None) -> Prediction:
    """Say which digit a picture shows.

    picture  the path of a picture file (PNG, JPEG, ...), or an array (h, w) of greys, either
             floats from 0 to 1 or bytes from 0 to 255; dark on light or light on dark, any size
    model    a trained model, images (n, 28, 28) -> scores (n, 10); None for the one that comes
             with the package; afterwards its layers are in the modes that they had

    Raises FileNotFoundError if there is no such file, ValueError if it is not a picture, if
    nothing is drawn on it, or if the model gives no probabilities.
    """
    greys = _greys(picture) if isinstance(picture, np.ndarray) else read_picture(picture)
    image = prepare(greys)
    if model is None:
        _, model = load_model(BEST)
    if not isinstance(model, Module):
        raise ValueError(
            f"{type(model).__name__} gives no probabilities; predict needs a model that was "
            "trained with the cross-entropy, as all recipes but the basic ones are"
        )
    with in_eval_mode(model), no_grad():
        probabilities = softmax(model(image[None]), dim=1).numpy()[0]
    return Prediction(int(probabilities.argmax()), probabilities, image)


def read_picture(path: str | os.PathLike[str]) -> np.ndarray:
    """The greys (h, w) of a picture file, from 0 for black to 1 for white.

    An animation counts by its first frame. Transparent parts are taken as white, or as black where
    white would leave nothing to see.

    Raises FileNotFoundError if there is no such file, ValueError if it is not a picture.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                upright = ImageOps.exif_transpose(file)
                upright.load()
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise ValueError(
            f"{path}: this cannot be read as a picture ({error}); use a PNG or JPEG file"
        ) from error
    if upright.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel
        values = np.asarray(upright, np.float64)
        return _greys(values / max(float(values.max()), 1.0))
    coloured = np.asarray(upright.convert("RGBA"), np.float32) / 255
    opacity = coloured[..., 3]
    # The eye's weights of red, green and blue (ITU-R BT.601).
    brightness = coloured[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    on_white = brightness * opacity + (1 - opacity)
    return on_white if np.ptp(on_white) >= CONTRAST else brightness * opacity


def prepare(greys: np.ndarray) -> np.ndarray:
    """A picture (h, w) of greys from 0 to 1 as MNIST would have it: float32 (28, 28).

    Raises ValueError if nothing is drawn on it.
    """
    ink = _ink(greys)
    rows = np.flatnonzero(ink.max(1) > FAINT)
    columns = np.flatnonzero(ink.max(0) > FAINT)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(ink.shape)
    size = [max(1, round(side * scale)) for side in ink.shape]
    if size != list(ink.shape):
        scaled = Image.fromarray(ink).resize((size[1], size[0]), Image.Resampling.BICUBIC)
        ink = np.clip(np.asarray(scaled), 0, None)
    return _centred(ink / ink.max())


def _ink(greys: np.ndarray) -> np.ndarray:
    """How much ink each pixel has, float32 from 0 to 1, whatever the colours of ink and paper."""
    border = np.concatenate([greys[0], greys[-1], greys[:, 0], greys[:, -1]])
    paper = np.median(border)
    grain = 4 * 1.4826 * float(np.median(np.abs(border - paper)))  # four standard deviations
    darker = np.clip(paper - greys, 0, None)
    lighter = np.clip(greys - paper, 0, None)
    ink = darker if darker.sum() > lighter.sum() else lighter
    contrast = float(ink.max())
    if contrast < CONTRAST or contrast <= grain:
        raise ValueError(
            "nothing is drawn on this picture: it is all about the same grey; a digit should "
            "stand out from an even background"
        )
    strength: np.ndarray = np.clip((ink - grain) / (contrast - grain), 0, 1)
    return strength.astype(np.float32)


def _centred(ink: np.ndarray) -> np.ndarray:
    """The ink, at most 20 x 20, in an image of 28 x 28, its centre of mass in the middle."""
    image = np.zeros((SIDE, SIDE), np.float32)
    corner = []
    for axis, side in enumerate(ink.shape):
        mass = ink.sum(1 - axis)
        centre = float((mass * np.arange(side)).sum() / mass.sum())
        # As near the middle as possible with all of the ink inside.
        corner.append(min(max(round(MIDDLE - centre), 0), SIDE - side))
    top, left = corner
    image[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return image


def _greys(values: np.ndarray) -> np.ndarray:
    """Greys (h, w) from 0 to 1, from such floats or from bytes."""
    if values.ndim != 2 or not values.size:
        raise ValueError(f"a picture is an array (h, w) of greys, not of shape {values.shape}")
    if values.dtype == np.uint8:
        return values.astype(np.float32) / 255
    if values.dtype.kind != "f" or not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"greys are floats from 0 to 1 or bytes from 0 to 255, not {values.dtype} from "
            f"{values.min()} to {values.max()}"
        )
    return values.astype(np.float32)
