"""Opening a picture file that may come from anywhere.

Pillow opens a file by its content, whatever its name, and some formats start other programs (an
EPS runs Ghostscript) or ask for memory that the file's size does not warrant. So only the formats
of `FORMATS` are tried, and a picture of more than `MOST_PIXELS` is refused while only its header
has been read.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..files import check_readable

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
"""The formats that are opened, by Pillow's names. PPM is also PGM and PBM."""

MOST_PIXELS = 50_000_000
"""The largest picture, width times height: what the cameras of phones make, not more."""

LARGE = 1000
"""A picture whose sides are longer than this is reduced by a whole number, to save memory."""

SEEN = 0.1
"""The least difference between greys that shows, where black and white differ by 1."""


def read_picture(path: str | os.PathLike[str]) -> np.ndarray:
    """The greys (h, w) of a picture file, float32 from 0 for black to 1 for white.

    An animation counts by its first frame, and a photograph is turned as the camera says.
    Transparent parts are taken as white, or as black where white would leave nothing to see.
    Pictures with a side of more than `LARGE` pixels are reduced.

    Raises OSError if there is no such file, or something else than a file is there; ValueError if
    it is not a picture in one of the `FORMATS`, is damaged, or has more than `MOST_PIXELS`.
    """
    check_readable(path, "name a picture")
    picture = None
    size = "more than 178,000,000"
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures, which are refused below, and of odd tags.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as file:
                width, height = file.size
                size = f"{width:,} x {height:,}"
                if width * height <= MOST_PIXELS:
                    picture = _greys_of(_upright(file))
    except Image.DecompressionBombError:
        pass  # Pillow's own limit, which is higher
    except UnidentifiedImageError:
        raise ValueError(
            f"{path}: this cannot be read as a picture: it is none of {', '.join(FORMATS)}, or "
            "it is damaged; use a PNG or JPEG file"
        ) from None
    except Exception as error:  # Pillow's readers raise errors of all kinds for damaged files
        printable = "".join(c if c.isprintable() else " " for c in str(error))
        why = " ".join(printable.split()) or type(error).__name__
        raise ValueError(
            f"{path}: this cannot be read as a picture ({why}); use a PNG or JPEG file"
        ) from error
    if picture is None:
        raise ValueError(
            f"{path}: the picture has {size} pixels, and at most {MOST_PIXELS:,} are read; make "
            "it smaller, or cut out the digit"
        )
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    """The picture turned as the camera says, or as it is if what the camera says is damaged."""
    picture.load()
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:
        return picture


def _greys_of(picture: Image.Image) -> np.ndarray:
    """The greys (h, w) of a picture, from 0 to 1."""
    if picture.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel, of which some may be used
        values: np.ndarray = np.asarray(picture)
        if not np.isfinite(values).all():
            raise ValueError("some of its pixels are not finite numbers")
        values = np.clip(values, 0, None)
        return (values / max(float(values.max()), 1e-12)).astype(np.float32)
    picture = picture.convert("RGBA")
    if max(picture.size) > LARGE:
        picture = picture.reduce(-(-max(picture.size) // LARGE))
    coloured = np.asarray(picture, np.float32) / 255
    opacity = coloured[..., 3]
    # The eye's weights of red, green and blue (ITU-R BT.601).
    brightness = coloured[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    on_white: np.ndarray = brightness * opacity + (1 - opacity)
    return on_white if np.ptp(on_white) >= SEEN else brightness * opacity
