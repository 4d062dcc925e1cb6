"""The jobs with `tg.compile` and the extra `fast`: the update of the optimiser is one loop, too."""

from __future__ import annotations

from collections.abc import Mapping

from ..inputs import Inputs
from . import ours


def small_step(inputs: Inputs, size: Mapping) -> dict:
    return ours.small_step(inputs, size, compiled=True, fused=True)


def wide_step(inputs: Inputs, size: Mapping) -> dict:
    return ours.wide_step(inputs, size, compiled=True, fused=True)


def epoch(inputs: Inputs, size: Mapping) -> dict:
    return ours.epoch(inputs, size, compiled=True, fused=True)


def best_epoch(inputs: Inputs, size: Mapping) -> dict:
    return ours.best_epoch(inputs, size, compiled=True, fused=True)


def update(inputs: Inputs, size: Mapping) -> dict:
    return ours.update(inputs, size, fused=True)
