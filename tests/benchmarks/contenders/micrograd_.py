"""The chain with micrograd, which knows only numbers, not arrays."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from micrograd.engine import Value

from ..inputs import Inputs
from ..timing import time_calls


def chain(inputs: Inputs, size: Mapping) -> dict:
    sys.setrecursionlimit(10 * size["nodes"])  # its backward pass is recursive
    found = {}

    def forward_and_backward() -> None:
        x, a, b = Value(1.0), Value(1e-3), Value(1 - 1e-6)
        y = x
        for _ in range(size["nodes"] // 2):
            y = y + a
            y = y * b
        y.backward()
        found["gradient"] = x.grad

    seconds = time_calls(forward_and_backward, size["repeats"]) / size["nodes"]
    return {"seconds": seconds, "checks": {"gradient": found["gradient"]}}
