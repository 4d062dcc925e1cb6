"""Answers to the exercises of lesson 16, as students might write them."""

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F


def by_conv2d(images, g):
    """What the package computes: it shows that the solution is right."""
    n, height, width = images.shape
    size = height - g.shape[1] + 1, width - g.shape[2] + 1
    kernel = tg.tensor(np.zeros((1, 1, *size)), requires_grad=True)
    result = F.conv2d(tg.tensor(images.reshape(n, 1, height, width)), kernel)
    result.backward(g.reshape(result.shape))
    return kernel.grad.data.reshape(size)


def place_by_place(images, g):
    """Every place adds its window, times g."""
    _, rows, columns = g.shape
    height, width = images.shape[1] - rows + 1, images.shape[2] - columns + 1
    gradient = 0
    for i in range(rows):
        for j in range(columns):
            window = images[:, i : i + height, j : j + width]
            gradient = gradient + np.sum(g[:, i, j, None, None] * window, axis=0)
    return gradient


def by_windows(images, g):
    windows = np.lib.stride_tricks.sliding_window_view(images, g.shape[1:], axis=(1, 2))
    return np.einsum("nuvij,nij->uv", windows, g)


def always_square(images, g):
    size = images.shape[1] - g.shape[1] + 1
    return place_by_place(images, g)[:size, :size] + np.zeros((size, size))


def one_place_too_few(images, g):
    return place_by_place(images, np.where(np.arange(g.shape[2]) < g.shape[2] - 1, g, 0))


def with_a_minus(images, g):
    return -place_by_place(images, g)


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


class WithATensor(Pieces):
    """The kernel is no parameter, so no optimiser would find it."""

    def __init__(self, rng=None):
        super().__init__(rng)
        values = self.kernel.data
        del self.kernel
        self.kernel = tg.tensor(values, requires_grad=True)


class InFloat64(Pieces):
    def __init__(self, rng=None):
        super().__init__(rng)
        self.kernel_bias = nn.Parameter(np.zeros(6))


WRONG = {
    "kernel_gradient": [always_square, one_place_too_few, with_a_minus],
    "ConvNet": [HugeKernels, LinearWithoutRng, OtherName, WrongShape, WithATensor, InFloat64],
}
RIGHT = {
    "kernel_gradient": [by_conv2d, place_by_place, by_windows],
    "ConvNet": [Pieces, PoolsFirst],
}
