"""Digits of MNIST as people photograph them: enlarged, drawn on paper, and spoilt in known ways.

`photograph` draws a test digit on a sheet of paper and applies the named defects in the order in
which they would happen: what is printed on the paper, the ink, the angle, the light, the edges,
the camera. Each defect is a function of the picture so far, a generator and a strength: 1 is what
the goal is measured at, and larger ones are for finding where reading ends.

A picture on its way is an array (h, w, 3) of how much light comes back, from 0 to 1.
"""

import io

import numpy as np
from PIL import Image


def photograph(image, defects, rng, strength=1.0):
    """A digit (28, 28), spoilt: bytes (h, w, 3), between 140 and 420 pixels on a side."""
    short = rng.integers(140, 301)
    shape = (short, round(short * rng.uniform(1, 1.4)))[:: rng.choice([1, -1])]
    colour = paper_colour(rng)
    ink = on_page(drawn(image, rng), shape, rng)
    return spoilt(ink, colour, defects, rng, strength)


def paper_colour(rng):
    """Nearly white, or a little grey or yellow."""
    return rng.uniform(0.75, 0.97) * np.array([1, rng.uniform(0.96, 1), rng.uniform(0.88, 1)])


def spoilt(ink, colour, defects, rng, strength=1.0):
    """A photograph of ink (h, w) on paper of some colour (3,): bytes (h, w, 3)."""
    page = np.ones((*ink.shape, 3), np.float32) * np.float32(colour)
    page = apply(PRINTED, defects, page, rng, strength)
    draw = next((INKS[name] for name in INKS if name in defects), pen)
    page = draw(page, rng, strength, ink)
    for stage in (GEOMETRY, LIGHT, EDGES):
        page = apply(stage, defects, page, rng, strength)
    page = blurred(np.clip(page, 0, 1), rng.uniform(0.3, 1.0))
    page = page + rng.normal(0, 0.006, page.shape)
    page = apply(CAMERA, defects, page, rng, strength)
    return np.rint(255 * np.clip(page, 0, 1)).astype(np.uint8)


def apply(stage, defects, page, rng, strength):
    """The page with those defects of a stage that are named."""
    for name, defect in stage.items():
        if name in defects:
            page = defect(page, rng, strength)
    return page


# ------------------------------------------------------------------------------------ the digit


def drawn(image, rng):
    """The digit (280, 280), 10 times as large, with smooth edges, thinner or thicker."""
    large = resized(image / image.max(), (280, 280))
    edge = rng.uniform(0.25, 0.4)
    return np.clip((large - edge) / 0.2 + 0.5, 0, 1)


def on_page(digit, shape, rng):
    """The digit's ink somewhere on a page, 14 % of the page or more away from its edges."""
    rows, columns = np.flatnonzero(digit.max(1) > 0.5), np.flatnonzero(digit.max(0) > 0.5)
    digit = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longer = min(shape) * rng.uniform(0.3, 0.65)
    size = [max(2, round(side * longer / max(digit.shape))) for side in digit.shape]
    digit = resized(digit, size)
    page = np.zeros(shape)
    corner = []
    for side, room in zip(size, shape, strict=True):
        margin = 0.14 * room
        corner.append(round(rng.uniform(margin, max(margin, room - margin - side))))
    page[corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] = digit
    return page


def pen(page, rng, strength, ink):
    """A dark pen, as on a clean picture."""
    return page * (1 - ink[..., None] * rng.uniform(0.65, 0.92))


def pencil(page, rng, strength, ink):
    """Grey, and grainy as the paper is."""
    grain = blurred(rng.normal(0, 1, ink.shape), 0.8)
    grain = 1 + 0.25 * strength * grain / grain.std()
    darkness = rng.uniform(0.3, 0.5) / strength
    return page * (1 - np.clip(ink * grain, 0, 1)[..., None] * darkness)


def coloured(page, rng, strength, ink):
    """An ink of some hue: it leaves two thirds or more of the light of one or two colours."""
    left = rng.uniform(0.05, 0.3, 3)
    bright = rng.choice(3, rng.integers(1, 3), replace=False)
    if set(bright) == {0, 1}:  # yellow on white is hardly seen by a person either
        bright = bright[:1]
    left[bright] = rng.uniform(0.5, 0.5 + 0.3 * min(strength, 1.4), len(bright))
    return page * (1 - ink[..., None] * (1 - left))


def chalk(page, rng, strength, ink):
    """Light on dark: a board in place of the paper."""
    board = page * rng.uniform(0.12, 0.3 * strength)
    smear = blurred(rng.normal(0, 1, ink.shape), 12)
    board = board * (1 + 0.12 * strength * (smear / smear.std()))[..., None]
    return board + ink[..., None] * (rng.uniform(0.6, 0.9) - board)


INKS = {"pencil": pencil, "coloured ink": coloured, "chalk": chalk}


# ------------------------------------------------------------------------------- on the paper


def lines(page, rng, strength, axes):
    """Thin lines at even distances along some axes."""
    shape = page.shape[:2]
    gap = min(shape) * rng.uniform(0.07, 0.16)
    width = max(1.0, min(shape) * rng.uniform(0.004, 0.01))
    darkness = min(rng.uniform(0.12, 0.4) * strength, 0.95)
    colour = 1 - darkness * np.array([1, rng.uniform(0.6, 1), rng.uniform(0.3, 1)])
    for axis in axes:
        place = np.arange(shape[axis]) - rng.uniform(0, gap)
        away = np.abs((place + gap / 2) % gap - gap / 2)
        line = np.clip(width / 2 + 0.5 - away, 0, 1)
        line = line[:, None, None] if axis == 0 else line[None, :, None]
        page = page * (1 - line * (1 - colour))
    return page


def ruled(page, rng, strength):
    return lines(page, rng, strength, [0])


def squared(page, rng, strength):
    return lines(page, rng, strength, [0, 1])


def frame(page, rng, strength):
    """A dark rectangle around the digit, some way from the edges."""
    height, width = page.shape[:2]
    thick = max(1, round(min(height, width) * rng.uniform(0.005, 0.02) * strength))
    left, right = np.rint(rng.uniform(0.02, 0.09, 2) * width).astype(int)
    top, bottom = np.rint(rng.uniform(0.02, 0.09, 2) * height).astype(int)
    inside = np.ones((height, width), bool)
    inside[top : height - bottom, left : width - right] = False
    inside[top + thick : height - bottom - thick, left + thick : width - right - thick] = True
    return np.where(inside[..., None], page, page * rng.uniform(0.1, 0.5))


PRINTED = {"ruled": ruled, "squared": squared, "frame": frame}


# ---------------------------------------------------------------------------------- the angle


def angle(page, rng, strength):
    """Turned by up to 15 degrees, and seen from one side: nearer edges are larger."""
    height, width = page.shape[:2]
    turn = np.radians(rng.uniform(-15, 15) * strength)
    tilt = rng.uniform(-0.12, 0.12, 2) * strength / max(height, width)
    cos, sin = np.cos(turn), np.sin(turn)
    middle = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1.0]])
    there = np.array([[cos, -sin, 0], [sin, cos, 0], [*tilt, 1.0]])
    coefficients = middle @ there @ np.linalg.inv(middle)
    coefficients /= coefficients[2, 2]
    # What lies beyond the sheet is more of it: the page is repeated as in a mirror.
    pad = round(0.3 * max(height, width))
    around = np.pad(
        page,
        ((pad, pad), (pad, pad), (0, 0)),
        "reflect" if pad < min(height, width) else "symmetric",
    )
    shift = np.array([[1, 0, pad], [0, 1, pad], [0, 0, 1.0]])
    coefficients = shift @ coefficients
    layers = [
        np.asarray(
            Image.fromarray(around[..., i].astype(np.float32)).transform(
                (width, height),
                Image.Transform.PERSPECTIVE,
                (coefficients / coefficients[2, 2]).ravel()[:8],
                Image.Resampling.BICUBIC,
            )
        )
        for i in range(3)
    ]
    return np.clip(np.stack(layers, -1), 0, 1)


GEOMETRY = {"angle": angle}


# ---------------------------------------------------------------------------------- the light


def places(page):
    """Rows and columns of the pixels, from -1 to 1."""
    return np.meshgrid(*(np.linspace(-1, 1, side) for side in page.shape[:2]), indexing="ij")


def half_plane(page, rng, far, near):
    """1 on one side of a random straight line, 0 on the other; `far` and `near` bound where."""
    down, right = places(page)
    way = rng.uniform(0, 2 * np.pi)
    soft = rng.uniform(0.01, 0.15)
    along = down * np.sin(way) + right * np.cos(way) - rng.uniform(near, far)
    return 1 / (1 + np.exp(-np.clip(along / soft, -40, 40)))


def left_of(strength, low, high, rng):
    """How much light is left: between `low` and `high`, and less at higher strengths."""
    return max(0.04, 1 - (1 - rng.uniform(low, high)) * strength)


def corner_shadow(page, rng, strength):
    """A corner, up to a third of the picture, gets about half of the light."""
    dark = half_plane(page, rng, 0.9, 0.35 / strength)
    return page * (1 - dark * (1 - left_of(strength, 0.4, 0.7, rng)))[..., None]


def shadow_across(page, rng, strength):
    """The edge of a shadow runs through the middle, and through the digit."""
    dark = half_plane(page, rng, 0.25, -0.25)
    return page * (1 - dark * (1 - left_of(strength, 0.45, 0.75, rng)))[..., None]


def vignette(page, rng, strength):
    """The corners get 30 to 60 % of the light of the middle."""
    down, right = places(page)
    distance = (down**2 + right**2) / 2
    return (
        page
        * (1 - (1 - left_of(strength, 0.3, 0.6, rng)) * distance ** rng.uniform(1, 2))[..., None]
    )


def falloff(page, rng, strength):
    """The light falls evenly to 40 to 70 % from one side to the other."""
    down, right = places(page)
    way = rng.uniform(0, 2 * np.pi)
    along = down * np.sin(way) + right * np.cos(way)
    along = (along - along.min()) / np.ptp(along)
    return page * (1 - (1 - left_of(strength, 0.4, 0.7, rng)) * along)[..., None]


LIGHT = {
    "corner in shadow": corner_shadow,
    "edge of a shadow": shadow_across,
    "vignette": vignette,
    "falling light": falloff,
}


# ---------------------------------------------------------------------------------- the edges


def dark_edge(page, rng, strength):
    """All four edges dark, 1 to 4 % of the shorter side wide: a scanner, or a table."""
    thick = max(1, round(min(page.shape[:2]) * rng.uniform(0.01, 0.04) * strength))
    page = page.copy()
    dark = rng.uniform(0.02, 0.3)
    for side in (page[:thick], page[-thick:], page[:, :thick], page[:, -thick:]):
        side[:] = dark
    return page


def dark_strip(page, rng, strength):
    """One side dark, up to 12 % of the picture: the page ends there."""
    page = np.rot90(page, turns := rng.integers(4)).copy()
    thick = max(1, round(page.shape[0] * min(0.13, rng.uniform(0.03, 0.12) * strength)))
    page[:thick] = rng.uniform(0.02, 0.35) * rng.uniform(0.8, 1.2, 3)
    return np.rot90(page, -turns)


EDGES = {"dark edge": dark_edge, "dark strip": dark_strip}


# --------------------------------------------------------------------------------- the camera


def noise(page, rng, strength):
    """Grain of 2 to 5 % of white."""
    return page + rng.normal(0, rng.uniform(0.02, 0.05) * strength, page.shape)


def jpeg(page, rng, strength):
    """Saved as a small JPEG: quality 8 to 30."""
    buffer = io.BytesIO()
    quality = max(1, round(rng.uniform(8, 30) / strength))
    as_image(page).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), np.float64) / 255


def blur(page, rng, strength):
    """Out of focus: by 0.5 to 1.5 % of the shorter side."""
    return blurred(page, min(page.shape[:2]) * rng.uniform(0.005, 0.015) * strength)


CAMERA = {"blur": blur, "noise": noise, "JPEG": jpeg}

STAGES = (PRINTED, INKS, GEOMETRY, LIGHT, EDGES, CAMERA)

DEFECTS = tuple(name for stage in STAGES for name in stage)
"""The names of all defects."""


# ------------------------------------------------------------------------------------- pictures


def as_image(page):
    return Image.fromarray(np.rint(255 * np.clip(page, 0, 1)).astype(np.uint8))


def resized(layer, size):
    """A layer (h, w) at another size."""
    picture = Image.fromarray(np.asarray(layer, np.float32))
    return np.clip(picture.resize((size[1], size[0]), Image.Resampling.BICUBIC), 0, 1)


def blurred(page, radius):
    """Blurred by a Gaussian; `radius` is its standard deviation in pixels."""
    reach = max(1, int(3 * radius + 0.5))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        pads = [(0, 0)] * page.ndim
        pads[axis] = (reach, reach)
        padded = np.pad(page, pads, "edge")
        page = sum(
            w * np.take(padded, np.arange(i, i + page.shape[axis]), axis)
            for i, w in enumerate(weights)
        )
    return page
