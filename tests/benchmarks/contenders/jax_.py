"""The published step in JAX: loss, gradients and Adam compiled into one function.

Weights and moments are donated, so that they are updated in place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from ..inputs import Inputs
from ..timing import time_steps


def loss_of(weights: list, x: jax.Array, y: jax.Array) -> jax.Array:
    w1, b1, w2, b2 = weights
    hidden = jax.nn.relu(x @ w1.T + b1)
    scores = jax.nn.log_softmax(hidden @ w2.T + b2)
    return -jnp.take_along_axis(scores, y[:, None], axis=1).mean()


def adam(t: jax.Array, w: jax.Array, m: jax.Array, v: jax.Array, g: jax.Array) -> tuple:
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    # 1 - b**t, which float32 would round too much
    m_scale, v_scale = (-jnp.expm1(t * math.log(b)) for b in (0.9, 0.999))
    change = m / m_scale / (jnp.sqrt(v / v_scale) + 1e-8)
    return w - 0.01 * change, m, v


def train_step(state: tuple, x: jax.Array, y: jax.Array) -> tuple:
    t, weights, ms, vs = state
    loss, gradients = jax.value_and_grad(loss_of)(weights, x, y)
    t = t + 1
    moved = [adam(t, *each) for each in zip(weights, ms, vs, gradients, strict=True)]
    weights, ms, vs = (list(arrays) for arrays in zip(*moved, strict=True))
    return (t, weights, ms, vs), loss


def small_step(inputs: Inputs, size: Mapping) -> dict:
    weights = [jnp.asarray(w) for w in inputs.weights("small")]
    state = (
        jnp.float32(0),
        weights,
        [jnp.zeros_like(w) for w in weights],
        [jnp.zeros_like(w) for w in weights],
    )
    compiled = jax.jit(train_step, donate_argnums=0)

    def step(x: jax.Array, y: jax.Array) -> float:
        nonlocal state
        state, loss = compiled(state, x, y)
        return float(loss)

    batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y in inputs.batches(size["batch"])]
    return time_steps(step, batches, size)
