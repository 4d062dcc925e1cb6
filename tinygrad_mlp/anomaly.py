"""Finding the op that made the first NaN or infinity, and the line that called it.

Inside `with detect_anomaly():` the engine shows every result to this file.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

watching = 0
"""How many `detect_anomaly` are open, in all threads."""

_made_at: dict[int, str] = {}


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Inside, the first op that makes a NaN or an infinity raises, forward or backward.

    The FloatingPointError names the op and the line of your program that called it. Every
    result is looked through, so this is for finding a fault, not for training. It watches all
    threads.
    """
    global watching
    watching += 1
    try:
        yield
    finally:
        watching -= 1
        if not watching:
            _made_at.clear()


def check_forward(name: str, serial: int, result: np.ndarray, inputs: Sequence[Any]) -> None:
    """Look at what op `name` gave, and remember who called it."""
    here = _made_at[serial] = _users_line()
    if _is_bad(result):
        given = any(map(_is_bad, inputs))
        source = "which came in with data that no op made" if given else "from finite inputs"
        raise FloatingPointError(
            f"{name}() gave the first {_bad_value(result)}, {source}, called at {here}"
        )


def check_backward(name: str, serial: int, i: int, part: Any, g: Any) -> None:
    """Look at what the rule of input `i` of op `name` made of the gradient `g`."""
    if _is_bad(part) and not _is_bad(g):
        where = _made_at.get(serial, "a line outside of detect_anomaly()")
        raise FloatingPointError(
            f"the backward of {name}() gave the first {_bad_value(part)}, in the gradient of "
            f"input {i}; the forward was called at {where}"
        )


def _is_bad(value: Any) -> bool:
    value = np.asarray(value)
    return value.dtype.kind == "f" and not np.isfinite(value).all()


def _bad_value(value: Any) -> str:
    return "NaN" if np.isnan(value).any() else "infinity"


def _users_line() -> str:
    """The nearest line outside of this package that is now being run."""
    package = os.path.dirname(__file__)
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith(package):
            return f"{frame.filename}:{frame.lineno}: {frame.line}"
    return "an unknown line"
