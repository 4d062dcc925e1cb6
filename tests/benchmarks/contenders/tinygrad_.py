"""The published step with tinygrad: recorded by TinyJit on its second call, then replayed.

It compiles for the CPU with clang, which must be installed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from tinygrad import Context, Tensor, TinyJit
from tinygrad.nn.optim import Adam

from ..inputs import Inputs
from ..timing import time_steps


def small_step(inputs: Inputs, size: Mapping) -> dict:
    if shutil.which("clang") is None and "DEV" not in os.environ:
        raise RuntimeError("tinygrad compiles with clang, which is not installed")
    weights = [Tensor(w).contiguous().realize() for w in inputs.weights("small")]
    w1, b1, w2, b2 = weights
    optimizer = Adam(weights, lr=0.01)

    @TinyJit
    def train_step(x: Tensor, y: Tensor) -> Tensor:
        scores = x.linear(w1.T, b1).relu().linear(w2.T, b2)
        loss = scores.sparse_categorical_crossentropy(y)
        optimizer.zero_grad()
        loss.backward()
        return loss.realize(*optimizer.schedule_step())

    batches = [(Tensor(x).realize(), Tensor(y).realize()) for x, y in inputs.batches(size["batch"])]
    with Context(TRAINING=1):
        return time_steps(lambda x, y: train_step(x, y).item(), batches, size)
