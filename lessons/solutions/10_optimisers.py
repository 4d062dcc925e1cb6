"""Worked answers to the exercises of lesson 10."""

import numpy as np

from tinygrad_mlp import no_grad


class Momentum:
    """The velocity lives as long as the optimiser, so zero_grad() must not touch it."""

    def __init__(self, parameters, lr, momentum):
        self.parameters = list(parameters)
        self.lr, self.momentum = lr, momentum
        self.velocities = [np.zeros_like(p.data) for p in self.parameters]

    def step(self):
        with no_grad():
            for p, velocity in zip(self.parameters, self.velocities, strict=True):
                if p.grad is not None:
                    velocity[...] = self.momentum * velocity + p.grad.data
                    p -= self.lr * velocity

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None


def corrected_averages(values, share):
    """The average is a sum in which the value of i steps ago has the weight (1 - share) share^i.

    After t values these weights add up to 1 - share^t, not to 1. Dividing by that makes it an
    average of the values that there are: the first result is the first value itself.
    """
    average, results = 0.0, []
    for t, value in enumerate(values, 1):
        average = share * average + (1 - share) * value
        results.append(average / (1 - share**t))
    return np.array(results)
