"""The lower limits: bare NumPy, without gradients or anything else."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ..inputs import Inputs
from ..timing import time_expression, time_import, time_steps


def products(inputs: Inputs, size: Mapping) -> dict:
    """The two products of the first layer: forward, and for the gradient of its weights."""
    weight = inputs.weights("small")[0]
    g = np.random.default_rng(0).standard_normal((size["batch"], len(weight)), dtype=np.float32)

    def step(x: np.ndarray, y: np.ndarray) -> float:
        _ = x @ weight.T
        _ = g.T @ x
        return 0.0

    return {"seconds": time_steps(step, inputs.batches(size["batch"]), size)["seconds"]}


def small_step(inputs: Inputs, size: Mapping) -> dict:
    """The published step written out for this one network: no graph, no checks, no reuse.

    Adam is written as in `tinygrad_mlp`, in as few passes.
    """
    weights = inputs.weights("small")
    gradients = [np.empty_like(w) for w in weights]
    moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
    rows = np.arange(size["batch"])
    steps = 0

    def step(x: np.ndarray, y: np.ndarray) -> float:
        nonlocal steps
        steps += 1
        loss = loss_and_gradients(weights, gradients, x, y, rows)
        for w, g, (m, v) in zip(weights, gradients, moments, strict=True):
            adam(steps, w, g, m, v)
        return loss

    return time_steps(step, inputs.batches(size["batch"]), size)


def loss_and_gradients(
    weights: list[np.ndarray],
    gradients: list[np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    rows: np.ndarray,
) -> float:
    """Return the loss, and write the gradients into the arrays given for them."""
    w1, b1, w2, b2 = weights
    g_w1, g_b1, g_w2, g_b2 = gradients
    before = x @ w1.T
    before += b1
    hidden = np.maximum(before, 0)
    scores = hidden @ w2.T
    scores += b2
    scores -= scores.max(axis=1, keepdims=True)
    g = np.exp(scores)
    sums = g.sum(axis=1, keepdims=True)
    loss = (np.log(sums).sum() - scores[rows, y].sum()) / len(x)
    g /= sums
    g[rows, y] -= 1
    g /= len(x)
    np.matmul(g.T, hidden, out=g_w2)
    np.sum(g, axis=0, out=g_b2)
    g_hidden = g @ w2
    g_hidden *= before > 0
    np.matmul(g_hidden.T, x, out=g_w1)
    np.sum(g_hidden, axis=0, out=g_b1)
    return float(loss)


def adam(step: int, w: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray) -> None:
    v_scale = math.sqrt((1 - 0.999**step) / 0.001)
    m *= 0.9
    m += g
    v *= 0.999
    change = g * g
    v += change
    np.sqrt(v, out=change)
    change += 1e-8 * v_scale
    np.divide(m, change, out=change)
    change *= 0.01 * 0.1 / (1 - 0.9**step) * v_scale
    w -= change
    if step % 100 == 0:  # before they become denormal
        m[np.abs(m) < 1e-32] = 0
        v[v < 1e-32] = 0


def add(inputs: Inputs, size: Mapping) -> dict:
    names = {"x": np.ones(10, np.float32), "y": np.ones(10, np.float32)}
    return {"seconds": time_expression("x + y", names, size["number"], size["repeats"])}


def importing(inputs: Inputs, size: Mapping) -> dict:
    return {"seconds": time_import("numpy", size["repeats"])}
