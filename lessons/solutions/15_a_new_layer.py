"""Solutions of lesson 15: a new layer.

`python lessons/solutions/15_a_new_layer.py` checks them against PyTorch.
"""

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp import nn


def make_logaddexp():
    """Make the op y = log(e^a + e^b) of two inputs that broadcast, and return it.

    With m the larger of the two, and d the smaller minus the larger (at most 0),
    y = m + log(1 + e^d). The derivative by a is e^a / (e^a + e^b), and e^a + e^b is e^y: so it is
    e^(a - y), where a - y is never above 0.
    """

    @tg.op(
        grad=(
            lambda g, y, a, b: g * tg.exp(a - y),
            lambda g, y, a, b: g * tg.exp(b - y),
        )
    )
    def logaddexp(a, b):
        return np.maximum(a, b) + np.log1p(np.exp(-np.abs(a - b)))

    return logaddexp


class LayerNorm(nn.Module):
    """Each row scaled to mean 0 and variance 1, then multiplied and shifted by learned numbers.

    The gradient also flows through the mean and the variance, which every value of a row shares.
    When the layer is composed of ops, that happens by itself. (Ba, Kiros and Hinton, 2016.)
    """

    def __init__(self, features, eps=1e-5):
        self.eps = eps
        self.weight = nn.Parameter(np.ones(features, np.float32))
        self.bias = nn.Parameter(np.zeros(features, np.float32))

    def forward(self, x):
        away = x - x.mean(dim=-1, keepdim=True)
        variance = (away * away).mean(dim=-1, keepdim=True)
        return self.weight * away / tg.sqrt(variance + self.eps) + self.bias


def prove():
    """Check the op and the layer against PyTorch."""
    import torch

    from tinygrad_mlp.testing import (
        arrays,
        broadcastable_shapes,
        check_layer,
        check_op,
        samples,
    )

    calls = broadcastable_shapes().flatmap(lambda shapes: samples(*map(arrays, shapes)))
    check_op(make_logaddexp(), calls, reference=torch.logaddexp)
    check_layer(LayerNorm(6), (4, 6), reference=torch.nn.LayerNorm(6))
    print("logaddexp and LayerNorm agree with PyTorch")


if __name__ == "__main__":
    prove()
