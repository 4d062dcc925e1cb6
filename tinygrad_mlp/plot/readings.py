"""Reading histories of every form: what a loop wrote down, as named curves of numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from numbers import Number
from typing import Any

import numpy as np

from ..engine import plain
from ..train import Epoch
from .style import counted

POSITIONS = ("epoch", "step")
"""Under these names stands where an entry belongs, not what was measured."""

TIMES = ("seconds", "time")
"""What is drawn only when it is asked for."""

WORD = re.compile(r"[^\W\d_]+")
"""Letters of any alphabet."""

BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")
"""A unit, or what a name says beside its kind: "accuracy (%)", "loss (train)"."""

KINDS = {"acc": "accuracy", "lr": "learning rate", "val": "value"}
"""Short names of kinds, and what they are called here."""


@dataclass(frozen=True)
class Curve:
    """What a history says under one name.

    name    as the history has it
    x       where the values belong: epochs, or counted from 1
    y       the values; an accuracy in percent
    xlabel  what x counts
    """

    name: str
    x: list[float]
    y: list[float]
    xlabel: str = "epoch"

    @property
    def kind(self) -> str:
        """What is measured, without what it is measured on: "loss" of "val_loss"."""
        name = self.name.lower()
        words = WORD.findall(BRACKETS.sub(" ", name)) or WORD.findall(name) or [name]
        return KINDS.get(words[-1], words[-1])

    @property
    def is_share(self) -> bool:
        """Whether this is in percent."""
        return self.kind == "accuracy"


def read(history: Any) -> list[Curve]:
    """The curves of a history, in the order of its names; those with nothing in them are left out.

    history  a list of `Epoch`s, of dicts, or of numbers; or a dict of lists. "epoch" or "step"
             say where an entry belongs; what is no number, and None, is passed over

    Raises TypeError if it is something else.
    """
    if isinstance(history, Mapping):
        return _of_columns({str(name): list(_items(values)) for name, values in history.items()})
    rows = list(_items(history))
    if all(map(_is_number, rows)):
        return _of_columns({"value": rows}, "step")
    belongs = _is_number if _is_number(rows[0]) else _is_row
    odd = [row for row in rows if not belongs(row)]
    if odd:
        raise TypeError(
            "a history is a list of Epochs, of dicts or of numbers, or a dict of lists; this one "
            f"holds {type(odd[0]).__name__}: {odd[0]!r:.60}"
        )
    tables = [_row(row) for row in rows]
    names = {name: None for row in tables for name in row}  # in the order in which they come up
    return _of_columns({name: [row.get(name) for row in tables] for name in names})


def chosen(curves: Iterable[Curve], names: Iterable[str] | None) -> list[Curve]:
    """Those curves whose name or kind is among `names`; all but times if it is None.

    Raises ValueError, which lists what there is, if a name is not.
    """
    curves = list(curves)
    if names is None:
        return [curve for curve in curves if curve.kind not in TIMES]
    wanted = [names] if isinstance(names, str) else list(names)
    there = {word for curve in curves for word in (curve.name, curve.kind)}
    for name in wanted:
        if name not in there:
            listed = ", ".join(curve.name for curve in curves) or "nothing"
            raise ValueError(f"this history has no {name!r}; it has {listed}")
    return [curve for curve in curves if curve.name in wanted or curve.kind in wanted]


def _of_columns(columns: dict[str, list[Any]], xlabel: str = "epoch") -> list[Curve]:
    position = next((name for name in POSITIONS if name in columns), None)
    curves = []
    for name, values in columns.items():
        places = columns[position] if position else range(1, len(values) + 1)
        if len(places) != len(values):
            raise ValueError(
                f"this history has {counted(len(values), 'value')} of {name!r}, and "
                f"{len(places):,} of {position!r}; there should be as many"
            )
        pairs = [(p, v) for p, v in zip(places, values, strict=True) if _is_number(v)]
        if name not in POSITIONS and pairs:
            x, y = ([float(value) for value in part] for part in zip(*pairs, strict=True))
            curve = Curve(name, x, y, position or xlabel)
            if (
                curve.is_share
                and "%" not in name
                and max(map(abs, filter(math.isfinite, y)), default=0) <= 1
            ):
                curve = Curve(name, x, [100 * value for value in y], position or xlabel)
            curves.append(curve)
    return curves


def _row(row: Any) -> dict[str, Any]:
    if isinstance(row, Epoch):
        named = {"training loss": row.loss, "training accuracy": row.accuracy}
        return {"epoch": row.epoch, **named, "seconds": row.seconds}
    columns = dict(row) if isinstance(row, Mapping) else asdict(row)
    return {str(name): value for name, value in columns.items()}


def _is_row(row: Any) -> bool:
    return isinstance(row, Mapping) or (is_dataclass(row) and not isinstance(row, type))


def _items(values: Any) -> Any:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(
            "a history is a list of Epochs, of dicts or of numbers, or a dict of lists, not "
            f"{type(values).__name__}: {values!r:.60}"
        )
    return plain(values)


def _is_number(value: Any) -> bool:
    value = plain(value)
    if isinstance(value, np.ndarray):
        return value.ndim == 0
    return isinstance(value, Number) and not isinstance(value, bool | complex)
