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


class DescentAsksIfTheGradientIsTrue(DescentOnData):
    def step(self):
        for parameter in self.parameters:
            if parameter.grad:
                parameter.data -= self.lr * parameter.grad.data


class DescentForgetsFirst(DescentOnData):
    def step(self):
        self.zero_grad()
        super().step()


class DescentSetsZero(DescentOnData):
    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = 0


class DescentBreaks(DescentOnData):
    def step(self):
        for parameter in self.parameters:
            if parameter.grad is None:
                break
            parameter.data -= self.lr * parameter.grad.data


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


class TwoLayers(nn.Module):
    """What the wrong answers share."""

    def __init__(self, features, hidden, rng):
        self.first = nn.Linear(features, hidden, dtype=np.float64, rng=rng)
        self.second = nn.Linear(hidden, features, dtype=np.float64, rng=rng)


class ResidualOfTheSigmoid(TwoLayers):
    def forward(self, x):
        return x + self.second(self.first(F.sigmoid(x)))


class ResidualWithRelu(TwoLayers):
    def forward(self, x):
        return x + self.second(self.first(x).relu())


class ResidualOfAnArray(TwoLayers):
    def forward(self, x):
        array = x if isinstance(x, np.ndarray) else x.numpy()
        return array + self.second(self.first(x).sigmoid())


class ResidualWithOwnWeights(nn.Module):
    def __init__(self, features, hidden, rng):
        self.first = nn.Linear(features, hidden, dtype=np.float64)
        self.second = nn.Linear(hidden, features, dtype=np.float64)

    def forward(self, x):
        return x + self.second(self.first(x).sigmoid())


class ResidualHalfInFloat32(TwoLayers):
    def __init__(self, features, hidden, rng):
        self.first = nn.Linear(features, hidden, dtype=np.float64, rng=rng)
        self.second = nn.Linear(hidden, features, rng=rng)

    def forward(self, x):
        return x + self.second(self.first(x).sigmoid())


def parts_without_the_rest(model, images, targets, size):
    for parameter in model.parameters():
        parameter.grad = None
    for k in range(len(images) // size):
        part = slice(k * size, (k + 1) * size)
        (F.mse_loss(model(images[part]), targets[part]) * (size / len(images))).backward()
    return [parameter.grad.data for parameter in model.parameters()]


def parts_of_one_image(model, images, targets, size):
    for parameter in model.parameters():
        parameter.grad = None
    for image, target in zip(images, targets, strict=True):
        (F.mse_loss(model(image[None]), target[None]) / len(images)).backward()
    return [parameter.grad.data for parameter in model.parameters()]


def parts_with_the_share_inside(model, images, targets, size):
    for parameter in model.parameters():
        parameter.grad = None
    for begin in range(0, len(images), size):
        part, wanted = images[begin : begin + size], targets[begin : begin + size]
        F.mse_loss(model(part) * (len(part) / len(images)), wanted).backward()
    return [parameter.grad.data for parameter in model.parameters()]


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


WRONG = {
    "Descent": [
        DescentWithoutRate,
        DescentAsksIfTheGradientIsTrue,
        DescentForgetsFirst,
        DescentSetsZero,
        DescentBreaks,
    ],
    "Residual": [
        ResidualOfTheSigmoid,
        ResidualWithRelu,
        ResidualOfAnArray,
        ResidualWithOwnWeights,
        ResidualHalfInFloat32,
    ],
    "gradient_in_parts": [
        parts_without_the_rest,
        parts_of_one_image,
        parts_with_the_share_inside,
    ],
}
RIGHT = {
    "Descent": [DescentOnData, DescentWithNewArrays],
    "Residual": [ResidualInSequence, ResidualByFunctions],
    "gradient_in_parts": [parts_by_sums, parts_in_a_while],
}
