"""Answering for a picture of your own: which digit is this, and how sure is that?

`picture_files.py` opens the file, `preparation.py` finds what is drawn and makes of it what a
network trained on MNIST knows. A network gives a digit for anything, a letter too, so an answer
comes with a doubt where there is reason for one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import display
from ..engine import no_grad
from ..nn import Module
from ..ops import softmax
from ..train import in_eval_mode
from .picture_files import read_picture
from .preparation import digits_of, find_drawing, fitted, like_mnist
from .training import load_model

BEST = Path(__file__).parent / "weights" / "best.safetensors"
"""The trained weights that come with the package, as `export` wrote them."""

SURE = 0.85
"""The least probability of an answer without a doubt. `best` gives right answers about 0.9: it was
trained with smoothed labels, to be no surer than 0.91."""


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """The answer for one picture, or for one digit of a row.

    digit          the most probable class, 0 to 9
    probabilities  (10,), one for each digit; their sum is 1
    image          (28, 28), from 0 to 1: what the network saw
    doubt          why the answer is unsure, in words; "" if it is not
    """

    digit: int
    probabilities: np.ndarray
    image: np.ndarray
    doubt: str = ""

    def __repr__(self) -> str:
        doubt = f", doubt={self.doubt!r}" if self.doubt else ""
        return f"Prediction({self._in_words()}{doubt})"

    def _in_words(self) -> str:
        return f"{self.digit}, {100 * float(self.probabilities.max()):.1f} %"

    def _repr_svg_(self) -> str:
        parts = [display.greys(0, 0, 140, self.image)]
        for digit, share in enumerate(self.probabilities.tolist()):
            top = 14 * digit
            parts += [
                display.label(164, top + 11, digit, "end"),
                display.bar(172, top + 2, 150 * share, 10, display.BLUE),
                display.label(178 + 150 * share, top + 11, f"{100 * share:.1f} %"),
            ]
        return display.svg(390, 140, f"What was seen, and the answer: {self._in_words()}", *parts)

    def _repr_html_(self) -> str:
        answer = f"{self.digit}, with {100 * float(self.probabilities.max()):.1f} %"
        doubt = f"; unsure: {self.doubt}" if self.doubt else ""
        return display.block(display.note(answer + doubt), self._repr_svg_())


def predict(picture: str | os.PathLike[str] | np.ndarray, model: Any = None) -> Prediction:
    """Say which digit a picture shows.

    picture  the path of a picture file (PNG, JPEG, ...), or an array (h, w) of greys, either
             floats from 0 to 1 or bytes from 0 to 255; dark on light or light on dark, any size
    model    a trained model, images (n, 28, 28) -> scores (n, 10); None for the one that comes
             with the package; afterwards its layers are in the modes that they had

    The answer is unsure, and `doubt` says so, if the probability is below `SURE`, or if several
    things are drawn side by side.
    Raises OSError if there is no such file, or something else than a file is there; ValueError if
    it is not a picture, if nothing is drawn on it, or if the model gives no probabilities.

    >>> picture = np.zeros((28, 28))
    >>> picture[4:24, 13:16] = 1
    >>> tg.predict(picture).digit
    1
    """
    greys = _greys(picture)
    as_it_is = like_mnist(greys)
    if as_it_is is not None:
        return _answers([as_it_is], model)[0]
    drawing = find_drawing(greys)
    side_by_side = len(digits_of(drawing))
    return _answers([fitted(drawing.ink)], model, side_by_side)[0]


def predict_row(
    picture: str | os.PathLike[str] | np.ndarray, model: Any = None
) -> list[Prediction]:
    """Say which digits a picture shows, side by side with gaps between them, from left to right.

    Takes and raises what `predict` does.
    """
    greys = _greys(picture)
    as_it_is = like_mnist(greys)
    if as_it_is is not None:
        return _answers([as_it_is], model)
    return _answers([fitted(ink) for ink in digits_of(find_drawing(greys))], model)


def check_probabilities(model: Any) -> None:
    """Raise ValueError if a model's answers are no probabilities."""
    if not isinstance(model, Module):
        raise ValueError(
            f"{type(model).__name__} gives no probabilities; take a model that was trained with "
            "the cross-entropy, as all recipes but the basic ones are"
        )


def _answers(images: list[np.ndarray], model: Any, side_by_side: int = 1) -> list[Prediction]:
    """The answers for images (28, 28), each with its doubt."""
    if model is None:
        _, model = load_model(BEST)
    check_probabilities(model)
    with in_eval_mode(model), no_grad():
        probabilities = softmax(model(np.stack(images)), dim=1).numpy()
    if not np.isfinite(probabilities).all():
        raise ValueError(
            "the model's answer is not a number (nan): its weights are damaged, or its training "
            "diverged; train it again, or use another model"
        )
    return [
        Prediction(int(p.argmax()), p, image, _doubt(float(p.max()), side_by_side))
        for p, image in zip(probabilities, images, strict=True)
    ]


def _doubt(probability: float, side_by_side: int) -> str:
    """Why an answer is unsure; "" if it is not."""
    if side_by_side > 1:
        return f"{side_by_side} things are drawn side by side, and this reads one digit"
    if probability < SURE:
        return f"a clear digit gets {100 * SURE:.0f} % or more; this may be no digit"
    return ""


def _greys(picture: str | os.PathLike[str] | np.ndarray) -> np.ndarray:
    """Greys (h, w) from 0 to 1, of a file, or from an array of such floats or of bytes."""
    if not isinstance(picture, np.ndarray):
        return read_picture(picture)
    if picture.ndim != 2 or not picture.size:
        raise ValueError(f"a picture is an array (h, w) of greys, not of shape {picture.shape}")
    if picture.dtype == np.uint8:
        return picture.astype(np.float32) / 255
    if picture.dtype.kind != "f" or not (picture.min() >= 0 and picture.max() <= 1):
        raise ValueError(
            f"greys are floats from 0 to 1 or bytes from 0 to 255, not {picture.dtype} from "
            f"{picture.min()} to {picture.max()}"
        )
    return picture.astype(np.float32)
