"""The size of a nudge against the error of a slope, as lesson 3 measures them in float64."""

from __future__ import annotations

from typing import Any

import numpy as np


def data(names: dict[str, Any]) -> Any:
    """For every second step, the relative errors of both differences of e^x at 1."""
    chosen = slice(None, None, 2)
    errors = {
        way: names["measured"][np.float64, shown][chosen]
        for way, shown in (("one_sided", "one-sided"), ("central", "central"))
    }
    return {
        "steps": [float(f"{step:.4g}") for step in names["STEPS"][chosen]],
        "slope": float(np.e),
        **{way: [float(f"{error:.4g}") for error in found] for way, found in errors.items()},
    }
