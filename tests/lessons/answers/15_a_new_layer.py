"""Answers to the exercises of lesson 15, as students might write them."""

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp import nn


def with_a_sigmoid():
    """The share of a is e^a / (e^a + e^b), the sigmoid of a - b."""

    @tg.op(
        grad=(
            lambda g, y, a, b: g * tg.sigmoid(a - b),
            lambda g, y, a, b: g * tg.sigmoid(b - a),
        )
    )
    def logaddexp(a, b):
        larger = np.maximum(a, b)
        return larger + np.log(np.exp(a - larger) + np.exp(b - larger))

    return logaddexp


def with_numpys_own():
    @tg.op(grad=(lambda g, y, a, b: g * tg.exp(a - y), lambda g, y, a, b: g * tg.exp(b - y)))
    def logaddexp(a, b):
        return np.logaddexp(a, b)

    return logaddexp


class Norm(nn.Module):
    def __init__(self, features, eps=1e-5):
        self.eps = eps
        self.weight = nn.Parameter(np.ones(features, np.float32))
        self.bias = nn.Parameter(np.zeros(features, np.float32))

    def forward(self, x):
        mean = x.mean(dim=-1, keepdim=True)
        variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
        return (x - mean) / (variance + self.eps) ** 0.5 * self.weight + self.bias


class NormBySums(Norm):
    def forward(self, x):
        n = x.shape[-1]
        away = x - x.sum(dim=-1, keepdim=True) / n
        root = tg.sqrt((away * away).sum(dim=-1, keepdim=True) / n + self.eps)
        return away / root * self.weight + self.bias


def of_a(g, y, a, b):
    return g * tg.exp(a - y)


def of_b(g, y, a, b):
    return g * tg.exp(b - y)


def without_the_op():
    def logaddexp(a, b):
        return np.logaddexp(a, b)

    return logaddexp


def with_the_wrong_exponential():
    """d is at least 0, so it overflows where the numbers are far apart."""

    @tg.op(grad=(of_a, of_b))
    def logaddexp(a, b):
        return np.minimum(a, b) + np.log1p(np.exp(np.abs(a - b)))

    return logaddexp


def with_the_rule_of_a_twice():
    @tg.op(grad=(of_a, of_a))
    def logaddexp(a, b):
        return np.logaddexp(a, b)

    return logaddexp


def with_numpy_in_the_rules():
    """No second derivatives."""

    @tg.op(
        grad=(
            lambda g, y, a, b: g * np.exp(a - y).detach(),
            lambda g, y, a, b: g * np.exp(b - y).detach(),
        )
    )
    def logaddexp(a, b):
        return np.logaddexp(a, b)

    return logaddexp


def with_the_larger_takes_all():
    @tg.op(grad=(lambda g, y, a, b: g * (a >= b), lambda g, y, a, b: g * (a < b)))
    def logaddexp(a, b):
        return np.logaddexp(a, b)

    return logaddexp


class WithoutEps(Norm):
    def forward(self, x):
        away = x - x.mean(dim=-1, keepdim=True)
        return away / tg.sqrt((away * away).mean(dim=-1, keepdim=True)) * self.weight + self.bias


class OverAllDimensions(Norm):
    def forward(self, x):
        away = x - x.mean()
        return away / tg.sqrt((away * away).mean() + self.eps) * self.weight + self.bias


class WithoutBias(Norm):
    def forward(self, x):
        away = x - x.mean(dim=-1, keepdim=True)
        variance = (away * away).mean(dim=-1, keepdim=True)
        return away / tg.sqrt(variance + self.eps) * self.weight


class WithoutKeepdim(Norm):
    def forward(self, x):
        away = x - x.mean(dim=-1)
        return away / tg.sqrt((away * away).mean(dim=-1) + self.eps) * self.weight + self.bias


class StartsAtZero(Norm):
    def __init__(self, features, eps=1e-5):
        super().__init__(features, eps)
        self.weight = nn.Parameter(np.zeros(features, np.float32))


class WithOneNumber(Norm):
    """One weight for all places of a row."""

    def __init__(self, features, eps=1e-5):
        super().__init__(features, eps)
        self.weight = nn.Parameter(np.ones(1, np.float32))


class WithNamesOfItsOwn(nn.Module):
    def __init__(self, features, eps=1e-5):
        self.scale = nn.Parameter(np.ones(features, np.float32))
        self.shift = nn.Parameter(np.zeros(features, np.float32))


WRONG = {
    "make_logaddexp": [
        without_the_op,
        with_the_wrong_exponential,
        with_the_rule_of_a_twice,
        with_numpy_in_the_rules,
        with_the_larger_takes_all,
    ],
    "LayerNorm": [
        WithoutEps,
        OverAllDimensions,
        WithoutBias,
        WithoutKeepdim,
        StartsAtZero,
        WithOneNumber,
        WithNamesOfItsOwn,
    ],
}
RIGHT = {"make_logaddexp": [with_a_sigmoid, with_numpys_own], "LayerNorm": [Norm, NormBySums]}
