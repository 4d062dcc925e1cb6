"""Test digits of MNIST as the page sends them, and as strokes that a hand would draw."""

import numpy as np
from PIL import Image, ImageDraw

from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment.play.questions import SIDE

ROOM, MARGIN, PEN = 80, 20, 9
"""The side of the pad, the margin around it on the page that is sent, and the width of a stroke."""

LARGE = 66
"""How large the box of 20 by 20 pixels is drawn on the pad."""

AROUND = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]
"""The eight neighbours of a pixel, clockwise."""


def digits(count):
    """The first test images (count, 28, 28) and their labels."""
    images, labels = load_mnist(split="test")[:count]
    return np.asarray(images), labels


def drawn(image):
    """The page (120, 120) of bytes that the browser would send for the strokes of a digit."""
    fine = 8
    page = Image.new("L", (SIDE * fine, SIDE * fine), 255)
    pen = ImageDraw.Draw(page)
    for stroke in strokes_of(image):
        points = [(fine * (x + MARGIN), fine * (y + MARGIN)) for x, y in stroke]
        pen.line(points, 0, PEN * fine, "curve")
        for x, y in points:
            half = PEN * fine / 2
            pen.ellipse((x - half, y - half, x + half, y + half), 0)
    return np.asarray(page.reduce(fine))


def strokes_of(image):
    """Lists of points (x, y) on the pad, of a digit (28, 28): every third pixel of its middle."""
    left = middle_line(image > 0.4)
    found = []
    while left.any():
        pixels = [tuple(pixel) for pixel in np.argwhere(left)]
        ends = [pixel for pixel in pixels if len(neighbours(left, pixel)) == 1]
        path = [(ends or pixels)[0]]
        left[path[0]] = False
        while near := neighbours(left, path[-1]):
            path.append(near[0])
            left[near[0]] = False
        if len(path) > 2 or not found:
            found.append([*path[:-1:3], path[-1]])
    place = LARGE / 20
    middle = ROOM / 2 - 13.5 * place
    return [[(middle + place * j, middle + place * i) for i, j in path] for path in found]


def neighbours(mask, pixel):
    """The pixels of a mask around one, those beside it before those at its corners."""
    i, j = pixel
    near = [(i + a, j + b) for a, b in sorted(AROUND, key=lambda step: abs(step[0]) + abs(step[1]))]
    return [one for one in near if mask[one]]


def middle_line(mask):
    """A mask (h, w), False at its border, thinned to lines one pixel wide. Zhang and Suen, 1984."""
    mask = mask.copy()
    while True:
        before = mask.sum()
        for first in (True, False):
            p = [np.roll(mask, (-a, -b), (0, 1)) for a, b in AROUND]
            count = sum(one.astype(int) for one in p)
            turns = sum((~p[i] & p[(i + 1) % 8]).astype(int) for i in range(8))
            north, east, south, west = p[0], p[2], p[4], p[6]
            free = ~(east & south & (north | west)) if first else ~(north & west & (east | south))
            mask &= ~(mask & (count >= 2) & (count <= 6) & (turns == 1) & free)
        if mask.sum() == before:
            return mask
