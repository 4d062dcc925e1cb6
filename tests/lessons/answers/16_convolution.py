"""Answers to the exercise of lesson 16, as students might write them."""

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F


class Pieces(nn.Module):
    def __init__(self, rng=None):
        rng = np.random.default_rng(rng)
        self.kernel = nn.Parameter(np.zeros((6, 1, 5, 5), np.float32))
        nn.init.kaiming_normal_(self.kernel, rng=rng)
        self.kernel_bias = nn.Parameter(np.zeros(6, np.float32))
        self.scores = nn.Linear(864, 10, rng=rng)

    def forward(self, images):
        seen = F.conv2d(images.reshape(-1, 1, 28, 28), self.kernel, self.kernel_bias)
        return self.scores(F.max_pool2d(tg.relu(seen), 2).reshape(-1, 864))


class HugeKernels(Pieces):
    def __init__(self, rng=None):
        super().__init__(rng)
        draw = np.random.default_rng(rng).normal(size=(6, 1, 5, 5))
        self.kernel = nn.Parameter((100 * draw).astype(np.float32))


class LinearWithoutRng(Pieces):
    def __init__(self, rng=None):
        super().__init__(rng)
        self.scores = nn.Linear(864, 10)


class OtherName(Pieces):
    def __init__(self, rng=None):
        super().__init__(rng)
        self.weight = self.kernel
        del self.kernel


class WrongShape(Pieces):
    def __init__(self, rng=None):
        super().__init__(rng)
        self.kernel = nn.Parameter(np.zeros((6, 5, 5), np.float32))


class PoolsFirst(Pieces):
    """The largest value and ReLU may change places."""

    def forward(self, images):
        seen = F.conv2d(images.reshape(-1, 1, 28, 28), self.kernel, self.kernel_bias)
        return self.scores(tg.relu(F.max_pool2d(seen, 2)).reshape(-1, 864))


WRONG = {"ConvNet": [HugeKernels, LinearWithoutRng, OtherName, WrongShape]}
RIGHT = {"ConvNet": [Pieces, PoolsFirst]}
