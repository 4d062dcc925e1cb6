"""Figures as pictures: bytes, files, and in a notebook."""

from __future__ import annotations

import base64
import io
import os
import sys

from matplotlib.figure import Figure

from ..files import write_whole

DPI = 110
"""Pixels per inch: a figure 9 inches wide fills the text column of a page."""


def to_png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG picture.

    >>> figure = plot.digits(np.zeros((1, 28, 28)))
    >>> plot.to_png(figure)[1:4]
    b'PNG'
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def to_data_uri(figure: Figure) -> str:
    """The figure as a PNG picture inside an address, for the `src` of an HTML image.

    >>> figure = plot.digits(np.zeros((1, 28, 28)))
    >>> plot.to_data_uri(figure)[:22]
    'data:image/png;base64,'
    """
    return "data:image/png;base64," + base64.b64encode(to_png(figure)).decode("ascii")


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write the figure to `path` as a PNG picture: the whole file, or nothing.

    Raises OSError if it cannot be written.

    >>> figure = plot.digits(np.zeros((1, 28, 28)))
    >>> plot.save(figure, "digits.png")
    >>> from pathlib import Path
    >>> Path("digits.png").read_bytes()[1:4]
    b'PNG'
    """
    write_whole(path, to_png(figure))


def show(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Show the figure where a notebook can, and write it to `path` elsewhere. For the lessons.

    figure  what to show; its label is the text for those who cannot see it
    path    where the PNG picture is written, outside of notebooks

    >>> figure = plot.digits(np.zeros((1, 28, 28)))
    >>> plot.show(figure, "digits.png")
    picture: digits.png
    """
    if "ipykernel" in sys.modules:
        from IPython.display import Image, display

        display(Image(to_png(figure), alt=str(figure.get_label())))
        return
    save(figure, path)
    print(f"picture: {os.fspath(path)}")
