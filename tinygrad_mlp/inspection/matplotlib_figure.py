"""A graph that has been laid out, as a figure of matplotlib's, which is imported only here.

The text is drawn as outlines, so that it keeps its place in the boxes at any size.
"""

from __future__ import annotations

import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from .layout import Stroke
from .svg import LIGHT, MARGIN, Picture, Shape, Text, commands, head
from .text_size import width_of

PIXELS = 96
"""Pixels of the picture in an inch."""

FONT = FontProperties(family="DejaVu Sans")
INKS = {"title": "ink", "small": "quiet", "label": "quiet", "accent": "accent"}


def new_figure(picture: Picture) -> Figure:
    """A figure with the picture, in its natural size."""
    figure = Figure(figsize=(picture.width / PIXELS, picture.height / PIXELS))
    return draw_on(picture, figure.add_axes((0, 0, 1, 1)))


def draw_on(picture: Picture, axes: Axes) -> Figure:
    """Draw the picture on axes; gives their figure.

    The limits are known, so patches are added as artists: to look for the limits of each outline
    of text takes longer than all the rest.
    """
    axes.set_xlim(-MARGIN, picture.width - MARGIN)
    axes.set_ylim(picture.height - MARGIN, -MARGIN)
    axes.set_aspect("equal")
    axes.axis("off")
    for shape in picture.frames:
        _draw_shape(shape, axes)
    for strokes in picture.strokes:
        for stroke in strokes:
            _draw_stroke(stroke, axes)
    for shape in [*picture.boxes, *picture.key]:
        _draw_shape(shape, axes)
    part = axes.figure
    assert part is not None
    figure: Figure = part.figure  # of the whole, where the axes are in a part of it
    figure.set_label("\n".join(picture.lines))
    return figure


def to_bytes(picture: Picture, ending: str) -> bytes:
    """The picture in one of the formats that matplotlib writes.

    ending  of the file's name, such as ".png"

    Raises ValueError if it writes no such format.
    """
    figure = new_figure(picture)
    known = figure.canvas.get_supported_filetypes()
    if ending.removeprefix(".") not in known:
        raise ValueError(
            f"a graph is saved as .svg, .txt, .{', .'.join(sorted(set(known) - {'svg'}))}, not "
            f"as {ending!r}; end the file's name in one of these"
        )
    buffer = io.BytesIO()
    # white paper packs well in any way, and the least effort saves a third of the time
    more: dict[str, Any] = {"pil_kwargs": {"compress_level": 1}} if ending == ".png" else {}
    figure.savefig(buffer, format=ending.removeprefix("."), dpi=2 * PIXELS, **more)
    return buffer.getvalue()


def _draw_shape(shape: Shape, axes: Axes) -> None:
    corner = {"op": 8.0, "block": 8.0, "frame": 10.0}.get(shape.kind, 0.0)
    corner = min(corner, shape.height / 3)
    plain = shape.kind in ("leaf", "constant")
    edge = {"leaf": "accent", "frame": "frame"}.get(shape.kind, "edge")
    width = {"leaf": 1.5}.get(shape.kind, 1.0)
    if shape.is_result:
        edge, width = "ink", 2.0
    insets = (0.0, 2.5) if shape.kind == "block" else (0.0,)
    for inset in insets:
        axes.add_artist(
            FancyBboxPatch(
                (shape.x + inset, shape.y + inset),
                shape.width - 2 * inset,
                shape.height - 2 * inset,
                boxstyle=f"round,pad=0,rounding_size={max(corner - inset, 0.0)}",
                facecolor="none" if shape.kind == "frame" else LIGHT["paper" if plain else "box"],
                edgecolor=LIGHT[edge],
                linewidth=(0.6 if inset else width) * 0.75,
                linestyle=(0, (4, 3)) if shape.kind == "constant" else "-",
            )
        )
    for text in shape.texts:
        _draw_text(text, axes)


def _draw_text(text: Text, axes: Axes) -> None:
    if not text.words.strip():  # matplotlib makes no outline of blanks
        return
    outline = TextPath((0, 0), text.words.replace("$", r"\$"), size=text.size, prop=FONT)
    across = outline.vertices[outline.codes != Path.CLOSEPOLY, 0]
    extent = float(across.max() - across.min()) if len(across) else 0.0
    room = width_of(text.words, text.size)
    squeeze = min(1.0, room / extent) if extent else 1.0  # what is known always fits
    start = text.x if text.style == "label" else text.x + (room - squeeze * extent) / 2
    vertices = outline.vertices * (squeeze, -1) + (start, text.y)
    axes.add_artist(
        PathPatch(Path(vertices, outline.codes), facecolor=LIGHT[INKS[text.style]], linewidth=0)
    )


def _draw_stroke(stroke: Stroke, axes: Axes) -> None:
    points, codes = [stroke.start], [Path.MOVETO]
    for kind, more in commands(stroke):
        points += more
        codes += [Path.LINETO if kind == "L" else Path.CURVE4] * len(more)
    colour = LIGHT["edge"]
    axes.add_artist(PathPatch(Path(points, codes), fill=False, edgecolor=colour, linewidth=0.9))
    if stroke.has_head:
        axes.add_artist(Polygon(head(stroke), facecolor=colour, linewidth=0))
