"""Descent in the ravine of lesson 10, with each of its learning rates."""

from __future__ import annotations

from typing import Any


def data(names: dict[str, Any]) -> Any:
    """Chosen at first is the largest rate at which the descent does not grow."""
    curvatures, rates = names["RAVINE_CURVATURES"], names["RATES"]
    return {
        "curvatures": list(curvatures),
        "start": list(names["RAVINE_START"]),
        "rates": list(rates),
        "steps": names["RAVINE_STEPS"],
        "chosen": max(i for i, rate in enumerate(rates) if rate * max(curvatures) < 2),
    }
