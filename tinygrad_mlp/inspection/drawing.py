"""`draw_graph`: what a result is made of, as a picture and in words.

Which boxes and arrows there are is found in `graph.py` (of tensors and programs) and `watching.py`
(of functions); `folding.py` makes large graphs small, `layout.py` finds the places, `svg.py` and
`words.py` write it down.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import Node
from ..files import write_whole
from ..nn.module import Module
from ..program.compiled import Compiled
from ..program.lines import Program
from .folding import fold
from .graph import Frame, Names, of_program, of_tensors
from .svg import Picture, picture_of, to_svg
from .watching import of_function, tensors_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_graph(
    what: Any,
    *inputs: Any,
    names: Module | Mapping[str, Any] | None = None,
    depth: int | None = None,
) -> Drawing:
    """The graph of a result, a function, a model or a compiled program, as a picture and as text.

        loss.backward(retain_graph=True)
        tg.draw_graph(loss).save("loss.svg")

    what    a tensor, or tuples, lists and dicts of tensors: what the engine recorded behind them is
            drawn, with the gradients that `backward` has left. Or a function or a model: it is run
            once on the inputs and watched, so that steps without gradients are drawn too, and
            models by layers. Or what `tg.compile` gave: its program is drawn
    inputs  what a function or a model is called with
    names   a model, or a dictionary of models and tensors by name; without it, the variables where
            this is called give the names
    depth   how many layers inside each other are shown, the innermost as one box each; without it,
            as many as fit

    Tensors of at most four values are shown with them. A graph of more than 60 boxes is folded:
    what repeats is drawn once, with how often it comes.

    Raises RuntimeError if there is no graph, or it was freed; ValueError if it is too large even
    when folded, or `depth` is below 1; TypeError for anything that has no graph.

    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> print(tg.draw_graph(x * x + 1, names={"x": x}))
    The graph of add(·, 1): 1 leaf and 2 steps. Each box is made from those that it names, in the \
order in which its op takes them.
    1. leaf x: value 2
    2. mul of 1 (x) and 1 (x): value 4
    3. add(·, 1) of 2 (mul): value 5, a result
    """
    is_number = isinstance(depth, (int, np.integer)) and not isinstance(depth, bool)
    if depth is not None and (not is_number or depth < 1):
        raise ValueError(f"depth must be a whole number from 1 on, or None, not {depth!r}")
    known = _names(names, sys._getframe(1))
    return Drawing(fold(_graph_of(what, inputs, known), depth))


def _graph_of(what: Any, inputs: tuple[Any, ...], names: Names) -> Frame:
    if isinstance(what, Compiled):
        if inputs:
            what(*inputs)
        return of_program(what.program)
    if isinstance(what, Program):
        return of_program(what)
    if isinstance(what, Node) or not callable(what):
        results = tensors_in(what)
        if not results:
            raise TypeError(
                "draw_graph() draws a tensor, tuples, lists and dicts of tensors, a function or a "
                f"model with its inputs, or what compile() gave, not {what!r:.60}"
            )
        if inputs:
            raise TypeError(
                "draw_graph() takes inputs for a function or a model only; to draw several "
                "tensors, give them in a list: draw_graph([a, b])"
            )
        return of_tensors(results, names)
    return of_function(what, inputs, names)


def _names(given: Any, caller: Any) -> Names:
    """The names that were given, and then those of variables where draw_graph() was called."""
    found = Names()
    if isinstance(given, Module):
        found.give_module(given)
    elif isinstance(given, Mapping):
        found.give({str(name): thing for name, thing in given.items()})
    elif given is not None:
        raise TypeError(
            f"names must be a model, or a dictionary with names of tensors, not {given!r:.60}"
        )
    for variables in (caller.f_locals, caller.f_globals):
        kinds = (Node, np.ndarray, Module)
        found.give(
            {
                name: thing
                for name, thing in list(variables.items())
                if name[:1] != "_" and isinstance(thing, kinds)
            }
        )
    return found


class Drawing:
    """A graph as a picture and in words: shown by a notebook, printed, or saved.

    text  a line for each box; also what `print` shows
    svg   the picture as an SVG file, for light and dark pages
    """

    def __init__(self, graph: Frame):
        self.graph = graph
        self._picture: Picture = picture_of(graph)
        self.text = "\n".join(self._picture.lines)
        self.svg = to_svg(self._picture)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{self._picture.title}, drawn with {len(self._picture.boxes)} boxes>"

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file: .svg, .txt for the words, or what matplotlib writes, such as .png.

        Raises ValueError for another ending, and OSError if the file cannot be written.
        """
        ending = Path(path).suffix.lower()
        if ending == ".svg":
            write_whole(path, self.svg)
        elif ending == ".txt":
            write_whole(path, f"{self.text}\n")
        else:
            from .matplotlib_figure import to_bytes

            write_whole(path, to_bytes(self._picture, ending))

    def figure(self) -> Figure:
        """The picture as a figure of matplotlib's, in its natural size."""
        from .matplotlib_figure import new_figure

        return new_figure(self._picture)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the picture on axes of matplotlib's, or in a new figure; gives the figure."""
        from .matplotlib_figure import draw_on, new_figure

        return new_figure(self._picture) if ax is None else draw_on(self._picture, ax)
