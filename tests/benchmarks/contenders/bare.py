"""What cannot be had for less: bare NumPy, without gradients or anything else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..inputs import Inputs
from ..timing import time_expression, time_import, time_steps


def products(inputs: Inputs, size: Mapping) -> dict:
    """The first layer's product forward, and that for its weights' gradient."""
    weight = inputs.weights("small")[0]
    g = np.random.default_rng(0).standard_normal((size["batch"], len(weight)), dtype=np.float32)

    def step(x: np.ndarray, y: np.ndarray) -> float:
        _ = x @ weight.T
        _ = g.T @ x
        return 0.0

    return {"seconds": time_steps(step, inputs.batches(size["batch"]), size)["seconds"]}


def add(inputs: Inputs, size: Mapping) -> dict:
    names = {"x": np.ones(10, np.float32), "y": np.ones(10, np.float32)}
    return {"seconds": time_expression("x + y", names, size["number"], size["repeats"])}


def importing(inputs: Inputs, size: Mapping) -> dict:
    return {"seconds": time_import("numpy", size["repeats"])}
