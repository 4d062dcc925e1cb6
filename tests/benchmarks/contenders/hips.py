"""The jobs with HIPS autograd: NumPy with gradients, and Adam written out in NumPy."""

from __future__ import annotations

from collections.abc import Mapping

import autograd.numpy as np
from autograd import grad, value_and_grad

from ..inputs import Inputs
from ..timing import time_calls, time_steps


def loss_of(weights: list, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    w1, b1, w2, b2 = weights
    hidden = np.maximum(np.dot(x, w1.T) + b1, 0)
    scores = np.dot(hidden, w2.T) + b2
    scores = scores - np.max(scores, axis=1, keepdims=True)
    total = np.log(np.sum(np.exp(scores), axis=1))
    return np.mean(total - scores[np.arange(len(y)), y])


def small_step(inputs: Inputs, size: Mapping) -> dict:
    weights = inputs.weights("small")
    ms = [np.zeros_like(w) for w in weights]
    vs = [np.zeros_like(w) for w in weights]
    loss_and_gradients = value_and_grad(loss_of)
    t = 0

    def step(x: np.ndarray, y: np.ndarray) -> float:
        nonlocal t
        t += 1
        loss, gradients = loss_and_gradients(weights, x, y)
        for w, m, v, g in zip(weights, ms, vs, gradients, strict=True):
            m *= 0.9
            m += 0.1 * g
            v *= 0.999
            v += 0.001 * g * g
            w -= 0.01 / (1 - 0.9**t) * m / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return float(loss)

    return time_steps(step, inputs.batches(size["batch"]), size)


def chain(inputs: Inputs, size: Mapping) -> dict:
    x = np.ones(size["elements"], np.float32)
    a = np.full(size["elements"], 1e-3, np.float32)
    b = np.full(size["elements"], 1 - 1e-6, np.float32)
    found = {}

    def forward(y: np.ndarray) -> np.ndarray:
        for _ in range(size["nodes"] // 2):
            y = y + a
            y = y * b
        return np.sum(y)

    gradient = grad(forward)

    def forward_and_backward() -> None:
        found["gradient"] = gradient(x)

    seconds = time_calls(forward_and_backward, size["repeats"]) / size["nodes"]
    return {"seconds": seconds, "checks": {"gradient": float(found["gradient"].sum())}}
