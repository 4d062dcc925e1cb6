"""Drills: one-line derivative rules, asked again and again with new shapes and numbers.

    python -m lessons drill

A drill shows a line of NumPy, `y = ...`, and asks for the gradient of the loss with respect to one
of the arrays in it, as an expression of `g` (the gradient for `y`), `y` and the arrays. The answer
is judged on its shape first and then on its values, and drawn: what is wanted, what came, and the
difference. To add one, add a row to `DRILLS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .checking import error_line, watched

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Drill:
    """A line of NumPy, and the rule for one array in it.

    line    what `y` is, as an expression of the arrays
    wanted  the name of the array whose gradient is asked for
    rule    the gradient, as an expression of g, y and the arrays
    why     the rule in words
    make    draws the arrays: a generator of random numbers, and two sizes -> name -> array
    """

    name: str
    line: str
    wanted: str
    rule: str
    why: str
    make: Callable[[np.random.Generator, int, int], Arrays]


def matrix(rng: np.random.Generator, n: int, m: int) -> Arrays:
    return {"x": rng.normal(size=(n, m))}


def matrix_and(name: str, shape: Callable[[int, int], tuple[int, ...]]) -> Callable[..., Arrays]:
    def make(rng: np.random.Generator, n: int, m: int) -> Arrays:
        return matrix(rng, n, m) | {name: rng.normal(size=shape(n, m)) + 2.0}

    return make


def row_numbers(rng: np.random.Generator, n: int, m: int) -> Arrays:
    return matrix(rng, n, m) | {"i": rng.integers(0, n, size=n + 1)}


ROW = matrix_and("b", lambda n, m: (m,))
COLUMN = matrix_and("c", lambda n, m: (n, 1))
NUMBER = matrix_and("s", lambda n, m: ())
RIGHT = matrix_and("w", lambda n, m: (m, 5))

DRILLS = (
    Drill("add a row", "x + b", "b", "g.sum(0)", "b is used in every row: add up.", ROW),
    Drill(
        "times a column",
        "x * c",
        "c",
        "(g * x).sum(1, keepdims=True)",
        "Each number of c is used along its row: add up, and keep the dimension.",
        COLUMN,
    ),
    Drill("times a number", "x * s", "s", "(g * x).sum()", "s is used everywhere.", NUMBER),
    Drill(
        "divide by a row",
        "x / b",
        "b",
        "(-g * x / b**2).sum(0)",
        "1 / b has the slope -1 / b**2, and b is used in every row.",
        ROW,
    ),
    Drill(
        "sum of each row",
        "x.sum(1)",
        "x",
        "np.broadcast_to(g[:, None], x.shape)",
        "Every number of a row has the slope 1: each gets the row's gradient.",
        matrix,
    ),
    Drill(
        "sum of each column",
        "x.sum(0, keepdims=True)",
        "x",
        "np.broadcast_to(g, x.shape)",
        "The dimension was kept, so g stretches over the rows by itself.",
        matrix,
    ),
    Drill(
        "mean",
        "x.mean()",
        "x",
        "np.full(x.shape, g / x.size)",
        "Each number has the slope 1 / x.size.",
        matrix,
    ),
    Drill("transpose", "x.T", "x", "g.T", "What was turned is turned back.", matrix),
    Drill("reshape", "x.reshape(-1)", "x", "g.reshape(x.shape)", "Only the form changed.", matrix),
    Drill(
        "product, left",
        "x @ w",
        "x",
        "g @ w.T",
        "The shapes leave no other way: (n, 5) times (5, m) gives (n, m).",
        RIGHT,
    ),
    Drill(
        "product, right",
        "x @ w",
        "w",
        "x.T @ g",
        "w is used by every row of x: the product adds up over the rows.",
        RIGHT,
    ),
    Drill(
        "gather rows",
        "x[i]",
        "x",
        "np.eye(len(x))[i].T @ g",
        "A row that is taken twice gets both gradients; one that is not taken gets 0.",
        row_numbers,
    ),
    Drill(
        "slice",
        "x[1:]",
        "x",
        "np.concatenate([np.zeros((1, x.shape[1])), g])",
        "The row that was left out has no effect, so its gradient is 0.",
        matrix,
    ),
    Drill(
        "maximum of each row",
        "x.max(1)",
        "x",
        "g[:, None] * (x == x.max(1, keepdims=True))",
        "Only the largest number of a row moves the result.",
        matrix,
    ),
    Drill("ReLU", "np.maximum(x, 0)", "x", "g * (x > 0)", "Below 0 nothing passes.", matrix),
    Drill("exp", "np.exp(x)", "x", "g * y", "exp is its own derivative.", matrix),
    Drill("tanh", "np.tanh(x)", "x", "g * (1 - y**2)", "The slope is 1 - y**2.", matrix),
    Drill(
        "sigmoid", "1 / (1 + np.exp(-x))", "x", "g * y * (1 - y)", "The slope is y (1 - y).", matrix
    ),
    Drill(
        "running sum",
        "x.cumsum(1)",
        "x",
        "g[:, ::-1].cumsum(1)[:, ::-1]",
        "A number is in its own sum and in all later ones: a running sum from the end.",
        matrix,
    ),
    Drill(
        "softmax of each row",
        "np.exp(x) / np.exp(x).sum(1, keepdims=True)",
        "x",
        "y * (g - (g * y).sum(1, keepdims=True))",
        "y goes up with its own score, and all of a row share a sum of 1.",
        matrix,
    ),
)


@dataclass(frozen=True)
class Question:
    """A drill with its arrays: all that an answer may use, and the gradient that is wanted."""

    drill: Drill
    names: Arrays
    gradient: Any

    @property
    def shapes(self) -> str:
        """The shapes of all arrays, as `x (3, 4), g (3,)`."""
        return ", ".join(f"{name} {np.shape(array)}" for name, array in self.names.items())


def question(drill: Drill, rng: np.random.Generator) -> Question:
    """Draw sizes from 2 to 4, never two alike, so that a wrong shape shows."""
    n, m = rng.choice([2, 3, 4], size=2, replace=False)
    names = drill.make(rng, int(n), int(m))
    y = np.asarray(evaluate(drill.line, names))
    names = names | {"y": y, "g": rng.normal(size=y.shape)}
    return Question(drill, names, np.asarray(evaluate(drill.rule, names)))


def evaluate(expression: str, names: Arrays) -> Any:
    return eval(expression, {"np": np}, dict(names))


@dataclass(frozen=True)
class Judged:
    """What became of an answer: `words` say it; `given` is its array, if it is one."""

    is_right: bool
    words: str
    given: Any = None


def judge(asked: Question, answer: str) -> Judged:
    """Shape first, then values. An answer is an expression; what it raises is told in one line."""
    names = {name: np.copy(array) for name, array in asked.names.items()}
    try:
        with watched(), np.errstate(all="ignore"):
            given = np.asarray(evaluate(answer, names))
    except (Exception, SystemExit) as error:
        return Judged(False, error_line(error, None))
    if given.dtype.kind not in "biuf":
        return Judged(False, f"that is no array of numbers: its dtype is {given.dtype}")
    wanted = asked.gradient
    if given.shape != wanted.shape:
        return Judged(
            False,
            f"the shape is {given.shape}; it must be that of {asked.drill.wanted}, {wanted.shape}",
        )
    off = np.abs(given - wanted) > 1e-9 * (1 + np.abs(wanted))
    off |= np.isnan(given)
    if not off.any():
        return Judged(True, "right", given)
    words = f"the shape is right, and {off.sum()} of {off.size} values are wrong"
    return Judged(False, words, given)


# -------------------------------------------------------------------------------------- drawing

WIDTH = 7


def drawn(wanted: Any, given: Any, colour: bool) -> str:
    """What is wanted, what came, and the difference, side by side as rows of numbers."""
    blocks = [
        block(words, array, colour)
        for words, array in (("wanted", wanted), ("yours", given), ("difference", given - wanted))
    ]
    height = max(len(lines) for lines in blocks)
    rows = []
    for i in range(height):
        cells = [lines[i] if i < len(lines) else "" for lines in blocks]
        rows.append("    ".join(cells).rstrip())
    return "\n".join(rows)


def block(title: str, array: Any, colour: bool) -> list[str]:
    table = np.atleast_2d(array)
    width = max(WIDTH * table.shape[1], len(title))
    largest = float(np.nanmax(np.abs(table), initial=0.0)) or 1.0
    lines = [f"{title:{width}}"]
    for row in table:
        cells = "".join(cell(float(value), largest, colour) for value in row)
        lines.append(cells + " " * (width - WIDTH * len(row)))
    return lines


def cell(value: float, largest: float, colour: bool) -> str:
    """A number; in a terminal on blue if it is positive and on orange if negative, by its size."""
    words = f"{value:{WIDTH - 1}.2f} "
    if not colour or not np.isfinite(value) or abs(value) < 1e-9:
        return words
    strength = 1 - 0.75 * min(1.0, abs(value) / largest)
    red, green, blue = (0, 114, 178) if value > 0 else (213, 94, 0)
    shade = [round(part + (255 - part) * strength) for part in (red, green, blue)]
    return f"\x1b[48;2;{shade[0]};{shade[1]};{shade[2]}m\x1b[38;2;0;0;0m{words}\x1b[0m"
