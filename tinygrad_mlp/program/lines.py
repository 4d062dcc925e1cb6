"""What a program is made of: values, lines that make them, and the order they stand in.

A program is plain data, so that each pass can be a function from program to program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

DRAW, CHECK, WRITE = "draw", "check", "write"
"""The effects of lines that do something beside computing."""


class CompileError(RuntimeError):
    """A function does what no program can hold; the message says what, where, and what to do.

    >>> tg.compile(lambda x: x * float(x))(tg.tensor(2.0))
    Traceback (most recent call last):
        ...
    tinygrad_mlp.program.lines.CompileError: function cannot be compiled: it looks at the values ...
    """


@dataclass(eq=False)
class Value:
    """One array of a program.

    name      what it is called in the text
    array     the array it was when the program was written down: its shape, dtype and strides
    kind      "input" (an argument, or what was found outside), "constant", or "made" by a line
    """

    name: str
    array: Any
    kind: str = "made"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return self.name


@dataclass(eq=False)
class Line:
    """One step of a program: `out = call(*inputs, **params)`.

    op           the name of the op, or DRAW, CHECK or WRITE
    call         the function on arrays
    inputs       values, numbers and None
    params       keyword parameters; values may stand in them, too
    out          what it makes; None for a check and a write
    carries      for each input, whether a gradient flows back through it here
    recorded     whether the result carried a gradient
    answer       of a check: what Python went on with; of a write: the buffer, an input
    made_by      the op, as the engine knows it; None for a line with an effect
    is_backward  whether it belongs to the backward pass
    """

    op: str
    call: Callable[..., Any]
    inputs: tuple[Any, ...]
    params: dict[str, Any] = field(default_factory=dict)
    out: Value | None = None
    carries: tuple[bool, ...] = ()
    recorded: bool = False
    answer: Any = None
    made_by: Any = None
    is_backward: bool = False

    @property
    def effect(self) -> str:
        """DRAW, CHECK or WRITE; "" of an op, which may have any name."""
        return "" if self.made_by else self.op

    def uses(self) -> tuple[Value, ...]:
        """Every value that the line reads, or writes into."""
        return self._uses

    @cached_property
    def _uses(self) -> tuple[Value, ...]:
        return tuple(values_in((self.inputs, self.params, self.answer)))


@dataclass(eq=False, repr=False)
class Program:
    """Lines in order, from inputs to outputs: the forward pass, then the backward pass."""

    inputs: list[Value]
    lines: list[Line]
    outputs: list[Value]
    gradients: list[Value] = field(default_factory=list)
    seeds: list[Value] = field(default_factory=list)

    @property
    def split(self) -> int:
        """How many lines belong to the forward pass."""
        return sum(not line.is_backward for line in self.lines)

    @property
    def forward(self) -> list[Line]:
        return self.lines[: self.split]

    @property
    def backward(self) -> list[Line]:
        return self.lines[self.split :]

    @property
    def results(self) -> list[Value]:
        """What must be there at the end."""
        return self.outputs + self.gradients

    def saved(self) -> list[Value]:
        """What the backward pass reads of the forward pass, or of the inputs."""
        made = {line.out for line in self.backward} | set(self.seeds)
        read = [v for line in self.backward for v in line.uses()] + self.gradients
        return list(dict.fromkeys(v for v in read if v not in made and v.kind != "constant"))

    def __repr__(self) -> str:
        return (
            f"<program of {len(self.lines)} lines: {len(self.inputs)} inputs, "
            f"{len(self.outputs)} outputs, {len(self.gradients)} gradients>"
        )

    def with_lines(self, lines: list[Line]) -> Program:
        """The same program made of other lines."""
        return replace(self, lines=lines)


def leaves(thing: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What stands in nested tuples, lists and dicts, with the path to it."""
    if isinstance(thing, (tuple, list)):
        for i, part in enumerate(thing):
            yield from leaves(part, f"{path}[{i}]")
    elif isinstance(thing, dict):
        for key, part in thing.items():
            yield from leaves(part, f"{path}[{key!r}]")
    else:
        yield path, thing


def values_in(thing: Any) -> Iterator[Value]:
    """The values in nested tuples, lists and dicts."""
    if isinstance(thing, Value):
        yield thing
    elif isinstance(thing, (tuple, list)):
        for part in thing:
            yield from values_in(part)
    elif isinstance(thing, dict):
        yield from values_in([*thing.values()])


def mapped(thing: Any, new: Callable[[Any], Any]) -> Any:
    """`thing` with `new(leaf)` in the place of every leaf of nested tuples, lists and dicts."""
    if isinstance(thing, tuple) and hasattr(thing, "_fields"):
        return type(thing)(*(mapped(part, new) for part in thing))
    if isinstance(thing, (tuple, list)):
        return type(thing)(mapped(part, new) for part in thing)
    if isinstance(thing, dict):
        return {key: mapped(part, new) for key, part in thing.items()}
    return new(thing)


def replaced(thing: Any, new: Callable[[Value], Any]) -> Any:
    """`thing` with `new(value)` in the place of every value in it."""
    return mapped(thing, lambda leaf: new(leaf) if isinstance(leaf, Value) else leaf)
