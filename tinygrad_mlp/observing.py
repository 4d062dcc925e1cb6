"""Watching the engine at work: who asks is shown every op, and what else Python does on the way.

Two watch: `anomaly.py` looks for the first NaN, and `program/` writes down what was computed. The
engine knows neither; it tells whoever stands in `observers`.

A program that was written down is run again without Python, so what Python decides, draws and
makes beside the ops must pass through here: `decide`, `drawn` and `constant`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

Made = TypeVar("Made")

observers: list[Observer] = []
"""Who watches now, in all threads."""

tracing: list[Observer] = []
"""Those of them that write programs down: the backward pass then runs on tensors."""


class Observer:
    """Is shown what the engine does; each method does nothing unless it is overridden."""

    writes_programs = False

    def forward(self, op: Any, args: Any, arrays: Any, params: Any, raw: Any, node: Any) -> None:
        """Op `op` was called with `args`; on `arrays` it gave `raw`, and `node` holds it."""

    def backward(self, op: Any, serial: int, i: int, x: Any, part: Any, g: Any) -> None:
        """The rule of input `i`, which is `x`, of an op made `part` of the gradient `g`."""

    def decided(self, function: Any, values: Any, params: Any, answer: Any) -> None:
        """Python asked `function` about the arrays of `values`, and goes on by the answer."""

    def drew(self, rng: Any, draw: Any, array: np.ndarray) -> None:
        """`draw(generator)` gave this array; `rng` is the generator or what made it."""

    def made(self, array: np.ndarray) -> None:
        """An array was made from numbers alone, so it is the same each time."""

    def wrote(self, tensor: Any, array: np.ndarray) -> None:
        """The values of `array` were written into `tensor`."""

    def refuse(self, what: str) -> None:
        """Something is done now that no program can hold."""


@contextmanager
def observe(observer: Observer) -> Iterator[None]:
    """Let `observer` watch meanwhile."""
    observers.append(observer)
    if observer.writes_programs:
        tracing.append(observer)
    try:
        yield
    finally:
        observers.remove(observer)
        if observer.writes_programs:
            tracing.remove(observer)


def array_of(value: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return value if isinstance(value, (np.ndarray, np.generic)) else getattr(value, "data", value)


def handed_on(value: Any) -> Any:
    """The array of a tensor, for an op that takes it as a parameter: nobody looks at its values."""
    return array_of(value)


class Place(int):
    """The whole number in an array of no dimensions, which a program reads anew at each call."""

    array: np.ndarray


def place_in(array: np.ndarray) -> int:
    """A place that an array of no dimensions names."""
    if not tracing:
        return int(array)
    place = Place(array)
    place.array = array
    return place


def decide(function: Callable[..., Any], *values: Any, **params: Any) -> Any:
    """`function` of the arrays of `values`: for a check, or for what Python decides by values."""
    answer = function(*map(array_of, values), **params)
    for observer in tracing:
        observer.decided(function, values, params, answer)
    return answer


def drawn(rng: Any, draw: Callable[[np.random.Generator], np.ndarray]) -> np.ndarray:
    """What `draw` takes from a generator; `rng` is one, or a seed, or None for a new one."""
    array = draw(np.random.default_rng(rng))
    for observer in tracing:
        observer.drew(rng, draw, array)
    return array


def constant(made: Made) -> Made:
    """An array or tensor that was made from shapes and numbers alone."""
    for observer in tracing:
        observer.made(array_of(made))
    return made


def refuse_to_trace(what: str) -> None:
    """Say that this cannot stand in a program, if one is being written down."""
    for observer in tracing:
        observer.refuse(what)
