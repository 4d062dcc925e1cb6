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


def momentum_path(gradient, start, lr, momentum, steps):
    """Two lines of calculus; the trap is in the bookkeeping.

    `w = w - ...` makes a new array in each step. With `w -= ...` every row of the path would be the
    same array, which ends up holding the last point, and `start` would be changed too.
    """
    w = np.array(start, dtype=np.float64)
    velocity = np.zeros_like(w)
    path = [w]
    for _ in range(steps):
        velocity = momentum * velocity + gradient(w)
        w = w - lr * velocity
        path.append(w)
    return np.array(path)
