"""Worked answers to the exercises of lesson 8."""

import numpy as np

from tinygrad_mlp import nn, no_grad
from tinygrad_mlp.nn import functional as F


class Descent:
    """Three things to think of.

    `model.parameters()` is a generator, which can be gone through only once: so make it a list. The
    update must write into the tensor itself: `p = p - lr * p.grad` would give the name p to a new
    tensor, and the model would keep the old one. And a parameter that the loss does not depend on
    has no gradient, which is None and not 0.
    """

    def __init__(self, parameters, lr):
        self.parameters = list(parameters)
        self.lr = lr

    def step(self):
        with no_grad():
            for parameter in self.parameters:
                if parameter.grad is not None:
                    parameter -= self.lr * parameter.grad

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None


class Residual(nn.Module):
    """The layers are attributes, so that their parameters are found; the rest is the formula.

    The gradient with respect to x is the gradient of the output (through `x +`) plus what comes
    back through the two layers. Autograd adds them, because x is used twice.
    """

    def __init__(self, features, hidden, rng):
        self.first = nn.Linear(features, hidden, dtype=np.float64, rng=rng)
        self.second = nn.Linear(hidden, features, dtype=np.float64, rng=rng)

    def forward(self, x):
        return x + self.second(self.first(x).sigmoid())


def gradient_in_parts(model, images, targets, size):
    """The mean over the batch is a weighted mean of the means over its parts.

    With n images in all and m in a part,

        mean over the batch = sum over the parts of (m / n) * (mean over the part),

    and the gradient of a sum is the sum of the gradients, which is what `backward` leaves in
    `.grad` when it is called several times. Each graph is freed by its own `backward`, so only one
    part is in memory at a time.
    """
    for parameter in model.parameters():
        parameter.grad = None
    for begin in range(0, len(images), size):
        part = images[begin : begin + size]
        loss = F.mse_loss(model(part), targets[begin : begin + size])
        (loss * (len(part) / len(images))).backward()
    return [parameter.grad.data for parameter in model.parameters()]
