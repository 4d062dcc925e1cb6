"""Answers to the exercises of lesson 15, as students might write them."""

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp import nn


def by_the_share():
    @tg.op(
        grad=(
            lambda g, y, a, b: g / (1 + tg.exp(b - a)),
            lambda g, y, a, b: g / (1 + tg.exp(a - b)),
        )
    )
    def logaddexp(a, b):
        return np.logaddexp(a, b)

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
RIGHT = {"make_logaddexp": [by_the_share, with_numpys_own], "LayerNorm": [Norm, NormBySums]}
