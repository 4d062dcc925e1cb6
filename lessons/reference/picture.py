"""The README's picture: one small computation, recorded forward and walked back.

    python -m lessons.reference.picture

writes `.github/engine-light.png` and `.github/engine-dark.png`. The numbers are computed by the
package and the rules are read from `tinygrad_mlp/ops.py`, so the picture shows what the code does.
"""

from __future__ import annotations

import ast
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

import tinygrad_mlp as tg
from tinygrad_mlp import ops
from tinygrad_mlp.files import write_whole

PICTURES = Path(__file__).parents[2] / ".github"
OPS = Path(str(ops.__file__)).read_text("utf-8")

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2328",
    "quiet": "#59636e",
    "box": "#f6f8fa",
    "edge": "#c8d1da",
    "forward": "#0969a8",
    "backward": "#b84a00",
}
DARK = {
    "paper": "#0d1117",
    "ink": "#f0f6fc",
    "quiet": "#9198a1",
    "box": "#171d26",
    "edge": "#3d444d",
    "forward": "#6cb8f5",
    "backward": "#f5a25d",
}

WIDTH, HEIGHT = 9.0, 4.35
"""The size of the picture in inches; places in it are in inches too."""

BOX_WIDTH, BOX_HEIGHT = 1.36, 1.1
GAP = 0.06  # between a box and the end of an arrow
APART = 0.07  # half the distance between an arrow forward and the one back
MONO = "DejaVu Sans Mono"  # comes with matplotlib


@dataclass(frozen=True)
class Box:
    """A value of the graph: how it was made, its tensor, and the middle of its box."""

    made: str
    tensor: Any
    x: float
    y: float

    @property
    def left(self) -> float:
        return self.x - BOX_WIDTH / 2

    @property
    def right(self) -> float:
        return self.x + BOX_WIDTH / 2

    @property
    def top(self) -> float:
        return self.y + BOX_HEIGHT / 2


def main() -> None:
    for name, colours in (("light", LIGHT), ("dark", DARK)):
        buffer = io.BytesIO()
        draw(colours).savefig(buffer, format="png", dpi=200, facecolor=colours["paper"])
        path = PICTURES / f"engine-{name}.png"
        write_whole(path, buffer.getvalue())
        print(f"written: {path}")


def draw(colours: dict[str, str]) -> Figure:
    """y = (a * b).exp() + a, forward and backward."""
    a, b, product, power, y = computed()
    at_a = Box("a", a, 0.95, 2.95)
    at_b = Box("b", b, 0.95, 1.45)
    at_product = Box("a * b", product, 3.35, 2.2)
    at_power = Box(".exp()", power, 5.7, 2.2)
    at_y = Box("+ a", y, 8.05, 2.2)

    figure = Figure(figsize=(WIDTH, HEIGHT))
    page = Page(figure, colours)
    page.write(WIDTH / 2, 3.98, "y = (a * b).exp() + a", size=15, family=MONO, ha="center")
    for number, box in enumerate((at_a, at_b, at_product, at_power, at_y), 1):
        page.box(box, number)
    to_a, to_b = rules("mul")
    page.edge(at_a, at_product, to_a, (2.52, 2.92))
    page.edge(at_b, at_product, to_b, (2.52, 1.5))
    page.edge(at_product, at_power, rules("exp")[0], (4.525, 1.94))
    page.edge(at_power, at_y, rules("add")[0], (6.875, 1.94))
    page.edge_over(at_a, at_y, rules("add")[1], (5.7, 2.98))
    page.write(
        4.66,
        1.41,
        "all of exp, in ops.py (g: gradient of the output, y: output):",
        "quiet",
        size=10,
    )
    page.write(4.66, 0.79, source("exp"), size=10.5, family=MONO, linespacing=1.4)
    page.legend()
    figure.set_label(
        "The graph of y = (a * b).exp() + a. Forward, each value is computed and gets the next "
        "number. Backward, from the last number to the first, one rule for each input gives its "
        f"gradient: {to_a} and {to_b} for the product, {rules('exp')[0]} for exp, g and g for the "
        "sum. What flows into a by two ways is added."
    )
    return figure


def computed() -> tuple[Any, ...]:
    """The five tensors of the graph, in the order of their numbers, with their gradients."""
    a = tg.tensor(2.0, requires_grad=True)
    b = tg.tensor(-0.5, requires_grad=True)
    product = a * b
    power = product.exp()
    y = power + a
    for made in (product, power, y):
        made.retain_grad()
    y.backward()
    return a, b, product, power, y


def rules(op: str) -> list[str]:
    """The derivative rules of an op, one for each input, as they stand in ops.py."""
    nodes = (node for decorator in definition(op).decorator_list for node in ast.walk(decorator))
    return [ast.unparse(node.body) for node in nodes if isinstance(node, ast.Lambda)]


def source(op: str) -> str:
    """All of an op, as it stands in ops.py."""
    function = definition(op)
    first = function.decorator_list[0].lineno
    return "\n".join(OPS.splitlines()[first - 1 : function.end_lineno])


def definition(op: str) -> ast.FunctionDef:
    nodes = ast.parse(OPS).body
    return next(n for n in nodes if isinstance(n, ast.FunctionDef) and n.name == op)


class Page:
    """What is drawn on: the whole figure, in inches."""

    def __init__(self, figure: Figure, colours: dict[str, str]) -> None:
        self.colours = colours
        self.axes: Axes = figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
        self.axes.axis("off")

    def write(self, x: float, y: float, words: str, colour: str = "ink", **style: Any) -> None:
        """Words whose small letters have their middle at the height `y`."""
        self.axes.text(x, y - 0.05, words, color=self.colours[colour], **style)

    def box(self, box: Box, number: int) -> None:
        """What was made, its number, its value and its gradient."""
        shape = FancyBboxPatch(
            (box.left, box.y - BOX_HEIGHT / 2),
            BOX_WIDTH,
            BOX_HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor=self.colours["box"],
            edgecolor=self.colours["edge"],
            linewidth=1.2,
        )
        self.axes.add_patch(shape)
        left, right = box.left + 0.13, box.right - 0.13
        self.write(left, box.y + 0.32, box.made, size=12, family=MONO, weight="bold")
        self.write(right, box.y + 0.32, f"#{number}", "quiet", size=10, ha="right")
        rows = (
            ("value", box.tensor.item(), "forward", 0.0),
            ("grad", box.tensor.grad.item(), "backward", -0.32),
        )
        for name, value, colour, down in rows:
            shown = f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
            self.write(left, box.y + down, name, "quiet", size=10)
            self.write(right, box.y + down, shown, colour, size=12, family=MONO, ha="right")

    def edge(self, source: Box, target: Box, rule: str, at: tuple[float, float]) -> None:
        """Two arrows between two boxes: the value forward, and the gradient back by its rule."""
        slant = 0.3 * ((source.y > target.y) - (source.y < target.y))
        start, end = source.right + GAP, target.left - GAP
        self.arrow((start, source.y + APART), (end, target.y + slant + APART), "forward")
        self.arrow((end, target.y + slant - APART), (start, source.y - APART), "backward")
        self.write(*at, rule, "backward", size=11.5, family=MONO, ha="center")

    def edge_over(self, source: Box, target: Box, rule: str, at: tuple[float, float]) -> None:
        """The same, above the boxes between."""
        height, side, top = source.y + 0.32, source.right + GAP, target.top + GAP
        self.arrow(
            (side, height + APART),
            (target.x + APART, top),
            "forward",
            "angle,angleA=0,angleB=90,rad=12",
        )
        self.arrow(
            (target.x - APART, top),
            (side, height - APART),
            "backward",
            "angle,angleA=90,angleB=0,rad=12",
        )
        self.write(*at, rule, "backward", size=11.5, family=MONO, ha="center")

    def arrow(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: str,
        path: str = "arc3",
    ) -> None:
        shape = FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=13,
            linewidth=1.6,
            color=self.colours[colour],
            shrinkA=0,
            shrinkB=0,
            connectionstyle=path,
        )
        self.axes.add_patch(shape)

    def legend(self) -> None:
        lines = (
            ("forward", "forward: compute, and write down each op and its inputs"),
            (
                "backward",
                "backward: from the last number to the first, one rule for each input; "
                "gradients that meet are added",
            ),
        )
        for i, (kind, words) in enumerate(lines):
            y = 0.52 - 0.28 * i
            left, right = (0.27, y), (0.77, y)
            self.arrow(*((left, right) if kind == "forward" else (right, left)), kind)
            self.write(0.9, y, words, size=10.5)


if __name__ == "__main__":
    main()
