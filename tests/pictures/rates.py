"""How many pictures are read right, by kind of defect, and how often an answer is unsure.

The test digits with even numbers are the half to design on; those with odd numbers are the half
to judge by. Every picture has a seed of its own, so any of them can be made again alone.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment.recognise import predict, predict_row

from .defects import DEFECTS, INKS, photograph
from .others import empty_page, letter, row, ruled_paper, scribble, two_digits

DESIGN, JUDGE = 0, 1
"""The halves: what a test digit's number leaves when divided by two."""

SINGLES = [(), *((name,) for name in DEFECTS)]
"""Clean, and each defect alone."""

PAIRS = [pair for pair in combinations(DEFECTS, 2) if not set(pair) <= set(INKS)]
"""Two defects at a time; a digit has one ink."""

BRIGHTNESS = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Outcome:
    """What came of one picture of a digit.

    defects  the names of its defects
    right    whether the answer was its digit
    unsure   whether there was a doubt, or no answer
    refused  whether there was no answer
    """

    defects: tuple[str, ...]
    right: bool
    unsure: bool
    refused: bool


@cache
def all_digits():
    """The test images (10000, 28, 28) and labels, read once."""
    return load_mnist(split="test")[:]


def generator(*what):
    """A generator for one picture, seeded by numbers and words."""
    return np.random.default_rng([zlib.crc32(str(part).encode()) for part in what])


def digit_picture(defects, half, number, strength=1.0):
    """A spoilt test digit, bytes (h, w, 3), and its label."""
    images, labels = all_digits()
    rng = generator("digit", defects, half, number)
    which = 2 * rng.integers(len(images) // 2) + half
    return photograph(images[which], defects, rng, strength), int(labels[which])


def outcome(defects, half, number, strength, model):
    page, label = digit_picture(defects, half, number, strength)
    try:
        found = predict(greys_of(page), model)
    except ValueError:
        return Outcome(defects, False, True, True)
    return Outcome(defects, found.digit == label, bool(found.doubt), False)


def outcomes(half, singles, pairs, model, strength=1.0, triples=0):
    """What comes of so many pictures of each kind, and of so many of each pair of kinds.

    triples  so many pictures with three defects at random in all
    """
    found = []
    for kinds, count in ((SINGLES, singles), (PAIRS, pairs)):
        for defects in kinds:
            found += [outcome(defects, half, i, strength, model) for i in range(count)]
    for i in range(triples):
        rng = generator("triple", half, i)
        defects = ()
        while len(defects) != 3 or len(set(defects) & set(INKS)) > 1:
            defects = tuple(rng.choice(DEFECTS, 3, replace=False).tolist())
        found.append(outcome(defects, half, i, strength, model))
    return found


def share(values: Iterable[bool]) -> float:
    """The share that is true, in percent."""
    return 100 * float(np.mean(list(values)))


def by_kind(found):
    """Kind -> the outcomes of all pictures with that defect, alone or with another."""
    kinds = {"clean": [one for one in found if not one.defects]}
    return kinds | {name: [one for one in found if name in one.defects] for name in DEFECTS}


OTHERS = {
    "letters": letter,
    "scribbles": scribble,
    "two digits": lambda rng: two_digits(rng, all_digits()[0]),
    "ruled or squared paper": ruled_paper,
    "empty pages": empty_page,
}


def noticed(kind, number, model):
    """Whether a picture that is not of a digit is refused, or gets a doubt."""
    page = OTHERS[kind](generator(kind, number))
    try:
        return bool(predict(greys_of(page), model).doubt)
    except ValueError:
        return True


def row_right(count, number, model, defects=()):
    """Whether all digits of a row were read right."""
    images, labels = all_digits()
    page, which = row(generator("row", count, number), images, count, defects)
    try:
        answers = [one.digit for one in predict_row(greys_of(page), model)]
    except ValueError:
        answers = []
    return answers == labels[which].tolist()


def greys_of(page):
    """The greys (h, w), from 0 to 1, of bytes (h, w, 3)."""
    return page @ BRIGHTNESS / 255
