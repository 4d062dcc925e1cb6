"""Answers to the exercises of lesson 10, as students might write them."""

import numpy as np

from tinygrad_mlp import no_grad


class Keeps:
    """What most answers share."""

    def __init__(self, parameters, lr, momentum):
        self.parameters = list(parameters)
        self.lr = lr
        self.momentum = momentum
        self.velocities = {}

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None


class VelocitiesMadeWhenNeeded(Keeps):
    def step(self):
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            before = self.velocities.get(i, 0)
            self.velocities[i] = before * self.momentum + p.grad.data
            p.data -= self.lr * self.velocities[i]


class TensorsAsVelocities(Keeps):
    def step(self):
        with no_grad():
            for p in self.parameters:
                if p.grad is not None:
                    if id(p) in self.velocities:
                        velocity = self.velocities[id(p)] * self.momentum + p.grad
                    else:
                        velocity = p.grad + 0.0
                    self.velocities[id(p)] = velocity
                    p -= velocity * self.lr


class WritesAllData(Keeps):
    def __init__(self, parameters, lr, momentum):
        self.moving = [[p, 0.0] for p in parameters]
        self.lr, self.momentum = lr, momentum

    @property
    def parameters(self):
        return [p for p, _ in self.moving]

    def step(self):
        for pair in self.moving:
            p, velocity = pair
            if p.grad is not None:
                pair[1] = self.momentum * velocity + np.asarray(p.grad.data)
                p.data[...] = p.data - self.lr * pair[1]


class FirstGradientIsTheVelocity(Keeps):
    """Keeps no copy: the velocity is the array of the first gradient, which is then changed."""

    def step(self):
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                g = p.grad.data
                if i in self.velocities:
                    g *= 1
                    g += self.momentum * self.velocities[i]
                self.velocities[i] = g
                p.data -= self.lr * g


class AddsToTheFuture(Keeps):
    """The momentum also multiplies the new gradient."""

    def step(self):
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                self.velocities[i] = self.momentum * (self.velocities.get(i, 0) + p.grad.data)
                p.data -= self.lr * self.velocities[i]


class AddsTheStepBefore(Keeps):
    """The velocity remembers one gradient only."""

    def step(self):
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                g = p.grad.data.copy()
                p.data -= self.lr * (g + self.momentum * self.velocities.get(i, 0))
                self.velocities[i] = g


def averages_by_weights(values, share):
    results = []
    for t in range(1, len(values) + 1):
        weights = np.array([share ** (t - i) for i in range(1, t + 1)])
        results.append(np.tensordot(weights / weights.sum(), values[:t], axes=1))
    return np.stack(results)


def averages_in_place(values, share):
    results = np.zeros(np.shape(values))
    average = np.zeros(np.shape(values)[1:])
    correction = 1.0
    for i in range(len(values)):
        average = average + (1 - share) * (values[i] - average)
        correction *= share
        results[i] = average / (1 - correction)
    return results


def averages_as_a_list(values, share):
    m, out = 0 * values[0], []
    for t in range(len(values)):
        m = m * share + values[t] * (1 - share)
        out.append(m / (1 - share ** (t + 1)))
    return out


def averages_of_gradients_before(values, share):
    """Each result leaves its own value out, as if it came too late."""
    average, results = 0.0 * values[0], []
    for t, value in enumerate(values, 1):
        results.append(average / (1 - share**t))
        average = share * average + (1 - share) * value
    return np.array(results)


def averages_counted_from_nought(values, share):
    average, results = 0.0, []
    for t, value in enumerate(values):
        average = share * average + (1 - share) * value
        results.append(average / (1 - share**t) if t else average)
    return np.array(results)


def averages_of_ninety_percent(values, share):
    return averages_by_weights(values, 0.9)


WRONG = {
    "Momentum": [
        FirstGradientIsTheVelocity,
        AddsToTheFuture,
        AddsTheStepBefore,
    ],
    "corrected_averages": [
        averages_of_gradients_before,
        averages_counted_from_nought,
        averages_of_ninety_percent,
    ],
}
RIGHT = {
    "Momentum": [VelocitiesMadeWhenNeeded, TensorsAsVelocities, WritesAllData],
    "corrected_averages": [averages_by_weights, averages_in_place, averages_as_a_list],
}
