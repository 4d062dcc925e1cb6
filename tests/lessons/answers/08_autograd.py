"""Answers to the exercises of lesson 8, as students might write them."""

import numpy as np

from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F


class DescentOnData:
    def __init__(self, parameters, lr):
        self.parameters = tuple(parameters)
        self.lr = lr

    def step(self):
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.data -= self.lr * parameter.grad.data

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None


class DescentWithNewArrays:
    def __init__(self, parameters, lr):
        self.moved = [*parameters]
        self.lr = lr

    def step(self):
        for p in filter(lambda p: p.grad is not None, self.moved):
            p.data = np.asarray(p.data - self.lr * p.grad.numpy())

    def zero_grad(self):
        for p in self.moved:
            p.grad = None


class DescentWithoutRate(DescentOnData):
    def step(self):
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.data -= parameter.grad.data


class ResidualInSequence(nn.Module):
    def __init__(self, features, hidden, rng):
        self.first = nn.Linear(features, hidden, dtype=np.float64, rng=rng)
        self.second = nn.Linear(hidden, features, dtype=np.float64, rng=rng)
        self.bend = nn.Sigmoid()

    def forward(self, x):
        learned = self.second(self.bend(self.first(x)))
        return learned + x


class ResidualByFunctions(nn.Module):
    def __init__(self, features, hidden, rng):
        rng = np.random.default_rng(rng)
        self.first = nn.Linear(features, hidden, rng=rng, dtype=np.float64)
        self.second = nn.Linear(hidden, features, rng=rng, dtype=np.float64)

    def forward(self, x):
        hidden = F.sigmoid(F.linear(x, self.first.weight, self.first.bias))
        return x + F.linear(hidden, self.second.weight, self.second.bias)


def parts_by_sums(model, images, targets, size):
    parameters = list(model.parameters())
    for parameter in parameters:
        parameter.grad = None
    outputs = targets.size
    for begin in range(0, len(images), size):
        error = model(images[begin : begin + size]) - targets[begin : begin + size]
        ((error * error).sum() / outputs).backward()
    return [parameter.grad for parameter in parameters]


def parts_in_a_while(model, images, targets, size):
    parameters = [*model.parameters()]
    for parameter in parameters:
        parameter.grad = None
    begin, n = 0, len(images)
    while begin < n:
        end = min(begin + size, n)
        share = (end - begin) / n
        (share * F.mse_loss(model(images[begin:end]), targets[begin:end])).backward()
        begin = end
    return [np.array(parameter.grad.numpy()) for parameter in parameters]


WRONG = {"Descent": [DescentWithoutRate]}
RIGHT = {
    "Descent": [DescentOnData, DescentWithNewArrays],
    "Residual": [ResidualInSequence, ResidualByFunctions],
    "gradient_in_parts": [parts_by_sums, parts_in_a_while],
}
