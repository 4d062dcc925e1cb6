"""Pictures that are not of one digit: letters, scribbles, two digits, rows of digits, bare paper.

Each function takes a generator and gives a page as bytes (h, w, 3), and `row` its digits too.
"""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .defects import drawn, on_page, paper_colour, resized, spoilt

LETTERS = "ACDEFHJKMNPRTUVWXYadefhkmnprtuwxy"
"""Letters that nobody would take for a digit. Left out: B, G, I, L, O, Q, S, Z, b, c, g, i, j, l,
o, q, s, v and z."""

FONTS = ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSansMono")
"""Fonts that come with matplotlib."""


@cache
def font(name):
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / f"{name}.ttf"), 200)


def page_of(ink, rng):
    """Ink of any size somewhere on a page."""
    short = rng.integers(140, 301)
    return spoilt(on_page(ink, (short, round(short * 1.2)), rng), paper_colour(rng), (), rng)


def letter(rng):
    """One letter of one of the fonts."""
    picture = Image.new("L", (400, 400))
    text = LETTERS[rng.integers(len(LETTERS))]
    ImageDraw.Draw(picture).text(
        (100, 60), text, 255, font(FONTS[rng.integers(len(FONTS))]), stroke_width=rng.integers(0, 7)
    )
    return page_of(np.asarray(picture, np.float32) / 255, rng)


def scribble(rng):
    """A pen that goes to and fro: a smooth line through 8 to 20 random places."""
    count = rng.integers(8, 21)
    corners = rng.uniform(60, 340, (count, 2))
    steps = np.linspace(0, count - 1, 60 * count)
    line = np.stack([np.interp(steps, np.arange(count), axis) for axis in corners.T], 1)
    window = np.hanning(41) / np.hanning(41).sum()
    line = np.stack([np.convolve(axis, window, "valid") for axis in line.T], 1)
    picture = Image.new("L", (400, 400))
    ImageDraw.Draw(picture).line(
        [tuple(place) for place in line], 255, int(rng.integers(8, 19)), "curve"
    )
    return page_of(np.asarray(picture, np.float32) / 255, rng)


def two_digits(rng, images):
    """Two digits side by side."""
    return row(rng, images, 2)[0]


def row(rng, images, count, defects=()):
    """A row of digits with gaps between them, and which of the images they are."""
    chosen = rng.integers(len(images), size=count)
    parts = []
    for which in chosen:
        ink = drawn(images[which], rng)
        columns = np.flatnonzero(ink.max(0) > 0.5)
        parts += [ink[:, columns[0] : columns[-1] + 1], np.zeros((280, rng.integers(30, 120)))]
    ink = np.concatenate(parts[:-1], axis=1)
    height = int(rng.integers(70, 141))
    ink = resized(ink, (height, round(height / 280 * ink.shape[1])))
    margins = [tuple(int(m) for m in rng.uniform(0.2, 0.5, 2) * side) for side in ink.shape]
    return spoilt(np.pad(ink, margins), paper_colour(rng), defects, rng), chosen


def ruled_paper(rng):
    """Ruled or squared paper, and nothing on it."""
    kind = ("ruled", "squared")[rng.integers(2)]
    return spoilt(np.zeros((rng.integers(140, 301), 240)), paper_colour(rng), {kind}, rng)


def empty_page(rng):
    """Paper in uneven light, and nothing on it."""
    kind = ("falling light", "vignette", "corner in shadow", "noise")[rng.integers(4)]
    return spoilt(np.zeros((rng.integers(140, 301), 240)), paper_colour(rng), {kind}, rng)
