"""Finding the op that made the first NaN or infinity, and the line that called it.

Inside `with detect_anomaly():` the engine shows every result to this file.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .observing import Observer, array_of, observe


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Inside, the first op that makes a NaN or an infinity raises, forward or backward.

    The FloatingPointError names the op and the line of your program that called it. Every
    result is looked through, so this is for finding a fault, not for training. It watches all
    threads.

    >>> with np.errstate(divide="ignore"), tg.detect_anomaly():
    ...     tg.tensor(1.0) / 0
    Traceback (most recent call last):
        ...
    FloatingPointError: div() gave the first infinity, from finite inputs, called at ...
    """
    with observe(Watch()):
        yield


class Watch(Observer):
    """Looks for the first NaN or infinity, and remembers who called which op."""

    def __init__(self) -> None:
        self.made_at: dict[int, str] = {}

    def forward(self, op: Any, args: Any, arrays: Any, params: Any, raw: Any, node: Any) -> None:
        here = self.made_at[node.serial] = users_line()
        if _is_bad(node.data):
            given = any(map(_is_bad, arrays))
            source = "which came in with data that no op made" if given else "from finite inputs"
            raise FloatingPointError(
                f"{op.name}() gave the first {_bad_value(node.data)}, {source}, called at {here}"
            )

    def backward(self, op: Any, serial: int, i: int, x: Any, part: Any, g: Any) -> None:
        if _is_bad(array_of(part)) and not _is_bad(array_of(g)):
            where = self.made_at.get(serial, "a line outside of detect_anomaly()")
            raise FloatingPointError(
                f"the backward of {op.name}() gave the first {_bad_value(array_of(part))}, in the "
                f"gradient of input {i}; the forward was called at {where}"
            )


def _is_bad(value: Any) -> bool:
    value = np.asarray(value)
    return value.dtype.kind == "f" and not np.isfinite(value).all()


def _bad_value(value: Any) -> str:
    return "NaN" if np.isnan(value).any() else "infinity"


def users_line() -> str:
    """The nearest line outside of this package that is now being run."""
    package = os.path.dirname(__file__)
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith(package):
            return f"{frame.filename}:{frame.lineno}: {frame.line}"
    return "an unknown line"
