"""The jobs with `tg.compile`: model and loss are replayed as a program, in NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping

from ..inputs import Inputs
from . import ours


def small_step(inputs: Inputs, size: Mapping) -> dict:
    return ours.small_step(inputs, size, compiled=True)


def wide_step(inputs: Inputs, size: Mapping) -> dict:
    return ours.wide_step(inputs, size, compiled=True)


def epoch(inputs: Inputs, size: Mapping) -> dict:
    return ours.epoch(inputs, size, compiled=True)


def best_epoch(inputs: Inputs, size: Mapping) -> dict:
    return ours.best_epoch(inputs, size, compiled=True)


def first_call(inputs: Inputs, size: Mapping) -> dict:
    return ours.first_call(inputs, size)


def second_order(inputs: Inputs, size: Mapping) -> dict:
    return ours.second_order(inputs, size, compiled=True)
