"""When what was made, and when what was written to.

Serial numbers count everything that is recorded. A rule reads its inputs again in the backward
pass, so they must still hold what they held in the forward pass. Whoever writes into an array
says so here and leaves a stamp, which is a serial number too; a recorded op that is older than the
stamp on an array it needs refuses to go on. Views count as the array they look into.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

_counter = itertools.count(1)
next_serial = _counter.__next__

stamps: dict[int, tuple[weakref.ref[np.ndarray], int]] = {}
"""By the id of the array that owns the memory: a reference that clears the entry, and the stamp."""

latest = 0
"""The latest stamp of all. What was recorded after it need not look any further."""


def mark_changed(array: np.ndarray) -> None:
    """Note that the memory of `array` was written to."""
    global latest
    owner = _owner(array)
    key = id(owner)
    latest = next_serial()
    stamps[key] = (weakref.ref(owner, lambda _: stamps.pop(key, None)), latest)


def _owner(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def refuse_if_changed(name: str, serial: int, values: Iterable[Any]) -> None:
    """RuntimeError if one of the arrays that op `name` needs was written to after `serial`."""
    for value in values:
        for array in value if isinstance(value, tuple) else (value,):
            if not isinstance(array, np.ndarray):
                continue
            _, when = stamps.get(id(_owner(array)), (None, 0))
            if when > serial:
                raise RuntimeError(
                    f"an array of shape {array.shape} that {name}() needs for its gradient was "
                    "changed in place after it was used; change a copy (t.clone()), or change it "
                    "after backward()"
                )
