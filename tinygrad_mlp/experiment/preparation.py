"""Preparing a picture of someone's digit as MNIST would have it.

MNIST's digits (LeCun, Bottou, Bengio and Haffner, 1998) are light ink on black, scaled to fit into
20 by 20 pixels with their proportions kept, and placed with their centre of mass in the middle of
28 by 28. People's pictures are of paper: in shadow, ruled, framed, with a dark table beside it.

So the ink is found first. The paper at a place is the brightest grey near it once strokes are
filled in (a grey closing), and ink is the share of its light that is missing. Straight lines that
run across the page are divided out, what touches the border is dropped, and so are frames and
specks. What is left is the drawing: one digit, or several side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .pieces import Piece, gap, pieces_of

BOX = 20
"""The longer side of the box around a digit of MNIST, in pixels; a test measures it."""

SIDE = 28
"""The side of an image of MNIST, in pixels."""

MIDDLE = 14
"""The row and column of the centre of mass in MNIST, to half a pixel; a test measures it."""

FAINT = 0.02
"""Ink, from 0 to 1, that does not count when the box around the digit is found."""

CONTRAST = 0.08
"""The least ink that is a drawing, where paper has none and black has 1."""

WORKING_PIXELS = 50_000
"""Larger pictures are reduced until they have so many pixels, 224 by 224 for instance."""

STROKES = (0.3, 0.15)
"""The widest stroke that is filled in to find the paper, as a part of the shorter side, and what
is tried next if no drawing stands free then: the paper follows narrower shadows."""

SMALL = 112
"""Pictures with a shorter longer side than this, in pixels, are enlarged to it."""

NEAR = 0.2
"""How far around a pixel most of what there is is paper, as a part of the shorter side."""

STEEPEST = 0.32
"""The slope of the steepest line that is looked for: a page turned by 17 degrees."""

PARTS = 12
"""A line is looked for in so many parts of its length, and must show in all but two."""


@dataclass(frozen=True, eq=False, repr=False)
class Drawing:
    """What was found on a page.

    ink     (h, w), from 0 to 1, at the working size; 0 outside of the pieces
    labels  (h, w), which piece each pixel belongs to
    pieces  the connected pieces of it, from left to right
    """

    ink: np.ndarray
    labels: np.ndarray
    pieces: list[Piece]

    def __repr__(self) -> str:
        height, width = self.ink.shape
        count = len(self.pieces)
        pieces = "piece" if count == 1 else "pieces"
        return f"Drawing({count} {pieces} on {height} x {width} pixels)"


def prepare(greys: np.ndarray) -> np.ndarray:
    """A picture (h, w) of greys from 0 to 1 as MNIST would have it: float32 (28, 28).

    A picture that is so already is given back as it is, or as its negative if it is black on white.
    Raises ValueError if nothing is drawn on it.
    """
    as_it_is = like_mnist(greys)
    return fitted(find_drawing(greys).ink) if as_it_is is None else as_it_is


def like_mnist(greys: np.ndarray) -> np.ndarray | None:
    """The picture, or its negative, if one of them is as MNIST has it; None if neither is.

    That is 28 by 28, black around a box of 20 by 20, with its mass in the middle.
    """
    if greys.shape != (SIDE, SIDE):
        return None
    for picture in (greys.astype(np.float32), 1 - greys.astype(np.float32)):
        box = (np.ptp(np.flatnonzero(picture.max(axis))) + 1 for axis in (0, 1))
        if picture.max() >= 0.5 and max(box) <= BOX and _is_centred(picture):
            return picture
    return None


def _is_centred(image: np.ndarray) -> bool:
    """Whether the centre of mass is in the middle, to a pixel."""
    masses = (image.sum(axis, dtype=np.float64) for axis in (0, 1))
    centres = [(mass * np.arange(SIDE)).sum() / mass.sum() for mass in masses]
    return all(abs(centre - MIDDLE) <= 1 for centre in centres)


def find_drawing(greys: np.ndarray) -> Drawing:
    """What is drawn on a page of greys (h, w) from 0 to 1.

    Raises ValueError if nothing is.
    """
    greys = blurred(resized(greys.astype(np.float32)))
    greys = greys if is_dark_on_light(greys) else 1 - greys
    for lenient in (False, True):
        for stroke in STROKES:
            ink, across = without_lines(ink_on(greys, stroke))
            ink, down = without_lines(ink.T)
            drawing = drawing_in(ink.T, across | down.T, lenient)
            if drawing is not None:
                return drawing
    raise ValueError(
        "nothing is drawn on this picture: it is all about the same grey, or what there is runs "
        "off its edges; a digit should stand out from paper on all of its sides"
    )


def fitted(ink: np.ndarray) -> np.ndarray:
    """Ink (h, w) as an image of MNIST, float32 (28, 28): scaled into its box, and centred."""
    rows = np.flatnonzero(ink.max(1) > FAINT)
    columns = np.flatnonzero(ink.max(0) > FAINT)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(ink.shape)
    size = [max(1, round(side * scale)) for side in ink.shape]
    if size != list(ink.shape):
        scaled = Image.fromarray(ink).resize((size[1], size[0]), Image.Resampling.BICUBIC)
        ink = np.maximum(np.asarray(scaled), 0)
    return _centred(ink / ink.max())


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


# ------------------------------------------------------------------------------ paper and ink


def resized(greys: np.ndarray) -> np.ndarray:
    """The picture (h, w) at the size to work at: neither large nor, if it is small, so small."""
    share = float(np.sqrt(WORKING_PIXELS / greys.size))
    if share > 1:
        share = max(1.0, SMALL / max(greys.shape))
    height, width = (max(1, round(side * share)) for side in greys.shape)
    how = Image.Resampling.BOX if share < 1 else Image.Resampling.BICUBIC
    picture = np.asarray(Image.fromarray(greys).resize((width, height), how))
    return picture.clip(0, 1)


def blurred(greys: np.ndarray) -> np.ndarray:
    """Each pixel's mean with its neighbours, which count 1, 2, 1 along each axis."""
    for axis in (0, 1):
        before, after = np.roll(greys, 1, axis), np.roll(greys, -1, axis)
        if axis == 0:
            before[0], after[-1] = greys[0], greys[-1]
        else:
            before[:, 0], after[:, -1] = greys[:, 0], greys[:, -1]
        greys = (before + 2 * greys + after) / 4
    return greys


def is_dark_on_light(greys: np.ndarray) -> bool:
    """Whether strokes are darker than what is near them, rather than lighter.

    Strokes are narrow, so near them most pixels are paper, and the few others lie far to one
    side: the sign of the skewness says to which.
    """
    greys = greys[::2, ::2].astype(np.float64) if min(greys.shape) >= 100 else greys
    reach = max(2, round(NEAR * min(greys.shape)))
    away = greys - mean_near(greys, reach)
    away = away / (np.sqrt(mean_near(away**2, reach)) + 0.02)
    top, left = (round(0.14 * side) for side in greys.shape)
    inner = away[top : len(away) - top, left : away.shape[1] - left]
    return bool((inner * inner * inner).sum() <= 0)


def mean_near(values: np.ndarray, reach: int) -> np.ndarray:
    """The mean of the values (h, w) up to `reach` pixels away along each axis."""
    width = 2 * reach + 1
    for axis in (0, 1):
        pad = [(reach + 1, reach) if axis == a else (0, 0) for a in (0, 1)]
        sums = np.cumsum(np.pad(values, pad, "edge"), axis, dtype=np.float64)
        sums = np.moveaxis(sums, axis, 0)
        values = np.moveaxis((sums[width:] - sums[:-width]) / width, 0, axis)
    return values


def largest_near(values: np.ndarray, reach: int, axes: tuple[int, ...] = (0, 1)) -> np.ndarray:
    """The largest of the values (h, w) up to `reach` pixels away along each of the axes."""
    for axis in axes:
        pad = [(reach, reach) if axis == a else (0, 0) for a in (0, 1)]
        values = np.moveaxis(np.pad(values, pad, "edge"), axis, 0)
        seen, width = 1, 2 * reach + 1
        while seen < width:  # the largest of 1, 2, 4, ... in a row
            step = min(seen, width - seen)
            values = np.maximum(values[:-step], values[step:])
            seen += step
        values = np.moveaxis(values, 0, axis)
    return values


def ink_on(greys: np.ndarray, stroke: float) -> np.ndarray:
    """The ink of dark strokes, from 0 to 1: the share of the paper's light that is missing.

    stroke  the widest stroke, as a part of the shorter side
    """
    reach = max(2, round(stroke / 2 * min(greys.shape)))
    paper = -largest_near(-largest_near(greys, reach), reach)
    ink: np.ndarray = 1 - greys / np.maximum(paper, 0.02)
    return ink


# ---------------------------------------------------------------------------- lines on the paper


def without_lines(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ink without straight lines from left to right, and where (h, w) they were."""
    removed = np.zeros(ink.shape, bool)
    if min(ink.shape) < 2 * PARTS:
        return ink, removed
    for row, slope in lines_across(ink):
        ink, gone = divided_out(ink, row, slope)
        removed |= gone
    return ink, removed


def lines_across(ink: np.ndarray) -> list[tuple[float, float]]:
    """The rows, in the middle column, and the slopes of lines that run across, strongest first."""
    height, width = ink.shape
    ink = ink[: height // 2 * 2, : width // 2 * 2]
    half = np.maximum(ink[::2, ::2] + ink[::2, 1::2], ink[1::2, ::2] + ink[1::2, 1::2]) / 2
    # What is thin from top to bottom: what an opening along the columns takes away.
    reach = max(3, round(0.0125 * min(ink.shape)))
    half = half - largest_near(-largest_near(-half, reach, (0,)), reach, (0,))
    across = half.shape[1] // PARTS * PARTS
    height, width = half.shape
    strongest, slopes = np.zeros(height, np.float32), np.zeros(height)
    # Around the page lies ink: where a line leaves the page, it may go on.
    tall = int(STEEPEST * width / 2) + 2
    page = np.pad(half[:, :across], ((tall, tall), (0, 0)), constant_values=1).ravel()
    columns = np.arange(across)
    away = columns - (width - 1) / 2
    rows = (np.arange(height)[:, None] + tall) * across + columns
    step = 1.2 / width
    steps = int(STEEPEST / step)
    for slope in step * np.arange(-steps, steps + 1):
        down = np.rint(slope * away).astype(np.int64)
        parts = page[rows + down * across].reshape(height, PARTS, -1).mean(2)
        parts.partition(2)
        weak = parts[:, 2]  # the weakest but two
        # A line that leaves the page early is not looked for; its neighbours tell enough.
        out = abs(slope) * across / 4
        weak[: round(out)] = 0
        weak[height - round(out) :] = 0
        better = weak > strongest
        strongest[better], slopes[better] = weak[better], slope
    usual = np.median(strongest)
    spread = 1.4826 * np.median(np.abs(strongest - usual))
    least = usual + max(0.04, 5 * float(spread))
    found: list[tuple[float, float]] = []
    free = np.ones(height, bool)
    for row in np.argsort(-strongest).tolist():
        if strongest[row] < least:
            break
        if free[row] and 2 <= row < height - 2:
            found.append((2 * row + 0.5, float(slopes[row])))
            free[row - 2 : row + 3] = False
    return found


def divided_out(ink: np.ndarray, row: float, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """The ink (h, w) without one line, and where (h, w) the line was.

    A line lets a share of the light through, and so does what is drawn across it; what remains
    when the line's share is divided out is the drawing. Where the line let hardly anything
    through, the ink just above and just below it is joined.
    """
    slope = max(
        (slope + part / ink.shape[1] for part in (0, -0.4, 0.4, -0.8, 0.8, -1.2, 1.2)),
        key=lambda one: darkest(along(ink, row, one, 2)[0]),
    )
    widest = max(3, round(0.025 * min(ink.shape)))
    band, places, inside = along(ink, row, slope, 2 * widest + 2)
    profile = np.median(band, axis=1)
    profile -= np.median(profile)
    line = np.flatnonzero(profile > max(0.2 * float(profile.max()), 0.015))
    gone = np.zeros(ink.shape, bool)
    if not line.size or np.ptp(line) > 2 * widest or line[0] < 2 or line[-1] > len(profile) - 3:
        return ink, gone
    rows = slice(line[0] - 1, line[-1] + 2)
    through = 1 - np.clip(profile[rows, None], 0, 0.95)
    beside = np.minimum(band[line[0] - 2], band[line[-1] + 2])
    seen = 1 - (1 - band[rows]) / through
    seen[profile[rows] > 0.95] = 0  # of what is drawn across black, nothing is seen
    drawn = np.maximum(seen, beside)
    columns = np.broadcast_to(np.arange(ink.shape[1]), drawn.shape)
    where = places[rows][inside[rows]], columns[inside[rows]]
    ink = ink.copy()
    ink[where] = drawn[inside[rows]]
    gone[where] = True
    return ink, gone


def along(
    ink: np.ndarray, row: float, slope: float, reach: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ink (2 * reach + 1, w) near a line, its rows, and whether these are on the page."""
    height, width = ink.shape
    columns = np.arange(width)
    middle = np.rint(row + slope * (columns - (width - 1) / 2)).astype(np.int64)
    places = middle + np.arange(-reach, reach + 1)[:, None]
    inside = (places >= 0) & (places < height)
    return np.where(inside, ink[np.clip(places, 0, height - 1), columns], 0), places, inside


def darkest(band: np.ndarray) -> float:
    """The ink of the darkest of the lines in a band."""
    return float(np.median(band, axis=1).max())


# ------------------------------------------------------------------------------------ the drawing


def drawing_in(ink: np.ndarray, removed: np.ndarray, lenient: bool) -> Drawing | None:
    """What is drawn, without the grain of the paper, edges, frames, specks and remains of lines.

    removed  (h, w), where lines were
    lenient  whether a digit may touch the border here and there, as where it was cut out closely,
             and may be as small as on a sheet of many

    None if nothing is left.
    """
    usual = float(np.median(ink))
    grain = 1.4826 * float(np.median(np.abs(ink - usual)))
    floor = max(usual + 4 * grain, CONTRAST)
    top, left = (side // 8 for side in ink.shape)
    inner = ink[top : len(ink) - top, left : ink.shape[1] - left]
    strong = inner[inner > floor]
    level = float(np.quantile(strong, 0.9)) if strong.size else 0.0
    # First what is nearly as dark as the darkest, which is best where light is uneven, then more.
    for share in (0.4, 0.55, 0.7, 0.25, 0.15):
        if share * level < floor:
            continue
        labels, pieces = pieces_of(ink > share * level, ink)
        drawn = chosen(pieces, labels, removed, lenient)
        if drawn:
            break
    else:
        return None
    mask = np.isin(labels, [piece.label for piece in drawn])
    full = float(np.quantile(ink[mask], 0.8))
    none = max(usual + 4 * grain, 0.08 * full)
    soft = largest_near(mask.astype(np.float32), 2)
    strength = np.clip((ink - none) / (full - none), 0, 1) * soft
    return Drawing(strength.astype(np.float32), labels, sorted(drawn, key=lambda piece: piece.left))


def chosen(
    pieces: list[Piece], labels: np.ndarray, removed: np.ndarray, lenient: bool
) -> list[Piece]:
    """The pieces that are the drawing; none if there is nothing large enough."""
    height, width = labels.shape
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    contact = np.bincount(border, minlength=len(pieces) + 1)
    free = [
        piece
        for piece in pieces
        if (contact[piece.label] == 0 or (lenient and is_cut_closely(piece, border, contact)))
        and not (
            is_thin(piece, labels.shape)
            and removed[piece.box][labels[piece.box] == piece.label].mean() > 0.7
        )
    ]
    lines = [piece for piece in free if is_line_or_frame(piece, labels.shape)]
    others = [piece for piece in free if piece not in lines]
    if lines and others and max(o.mass for o in others) > 0.05 * max(o.mass for o in lines):
        free = others  # otherwise the line is a large 1, or the frame a 0
    if not free:
        return []
    main = max(free, key=lambda piece: piece.mass)
    if main.size < (0.04 if lenient else 0.1) * min(height, width):
        return []
    large = [piece for piece in free if piece.mass >= 0.2 * main.mass]
    return large + [
        piece
        for piece in free
        if 0.02 * main.mass <= piece.mass < 0.2 * main.mass
        and min(gap(piece, other) for other in large) <= 0.25 * main.size
    ]


def is_cut_closely(piece: Piece, border: np.ndarray, contact: np.ndarray) -> bool:
    """Whether a piece takes most of the page, and touches its border (n,) only here and there."""
    return bool(piece.size > len(border) / 8 and contact[piece.label] < 0.15 * len(border))


def is_thin(piece: Piece, shape: tuple[int, ...]) -> bool:
    """Whether a piece is as thin as lines on paper (h, w) are."""
    tall, wide = piece.bottom - piece.top, piece.right - piece.left
    return piece.area / (tall + wide) < 0.03 * min(shape)


def is_line_or_frame(piece: Piece, shape: tuple[int, ...]) -> bool:
    """Whether a piece is a thin line along most of the page (h, w), or around most of it."""
    tall, wide = piece.bottom - piece.top, piece.right - piece.left
    long = tall > 0.55 * shape[0], wide > 0.55 * shape[1]
    around = all(long) and piece.area < 0.2 * tall * wide
    return around or (any(long) and is_thin(piece, shape))


# ---------------------------------------------------------------------------- digits in a row


def digits_of(drawing: Drawing) -> list[np.ndarray]:
    """The ink (h, w) of each digit that stands for itself, from left to right.

    Pieces above each other are one digit, as is a piece too low to be a digit, such as the bar of a
    5, with the digit that is nearest.
    """
    tallest = max(piece.height for piece in drawing.pieces)
    whole = [piece for piece in drawing.pieces if piece.height >= 0.5 * tallest]
    groups: list[list[Piece]] = []
    for piece in whole:
        if groups and _is_above(piece, groups[-1]):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    for piece in drawing.pieces:
        if piece not in whole:
            nearest = min(groups, key=lambda group: min(gap(piece, other) for other in group))
            nearest.append(piece)
    inks = []
    for group in groups:
        near = np.zeros(drawing.ink.shape, np.float32)
        for piece in group:
            near[piece.box] += drawing.labels[piece.box] == piece.label
        inks.append(drawing.ink * largest_near(near, 2))
    return inks


def _is_above(piece: Piece, group: list[Piece]) -> bool:
    """Whether a piece stands above or below a group, rather than beside it."""
    right = max(other.right for other in group)
    shared = min(right, piece.right) - piece.left
    narrower = min(piece.right - piece.left, right - min(other.left for other in group))
    return shared > 0.5 * narrower
