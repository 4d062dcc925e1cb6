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


WRONG = {}
RIGHT = {"make_logaddexp": [with_a_sigmoid, with_numpys_own], "LayerNorm": [Norm, NormBySums]}
