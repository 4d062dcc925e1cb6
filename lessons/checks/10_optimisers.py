"""How the exercises of lesson 10 are judged."""

import numpy as np

from lessons.checking import Exercise, Mistake
from tinygrad_mlp import nn, no_grad


def observe_momentum(answer):
    first = nn.Parameter(np.array([0.7, -1.3, 0.4]))
    unused = nn.Parameter(np.array([2.5, -0.2]))
    optimiser = answer((p for p in (unused, first)), 0.1, 0.8)
    seen = []
    for _ in range(4):
        (first * first * first).sum().backward()
        optimiser.step()
        seen += [first.grad is not None, first.data.copy(), unused.data.copy()]
        optimiser.zero_grad()
    return seen


class Base:
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


class Averages(Base):
    def step(self):
        with no_grad():
            for p, velocity in zip(self.parameters, self.velocities, strict=True):
                if p.grad is not None:
                    velocity[...] = self.momentum * velocity + (1 - self.momentum) * p.grad.data
                    p -= self.lr * velocity


class WithoutVelocity(Base):
    def step(self):
        self.velocities = [0 * velocity for velocity in self.velocities]
        super().step()


class NeverForgets(Base):
    def zero_grad(self):
        pass


class Climbs(Base):
    def __init__(self, parameters, lr, momentum):
        super().__init__(parameters, -lr, momentum)


class LateVelocity(Base):
    def step(self):
        with no_grad():
            for p, velocity in zip(self.parameters, self.velocities, strict=True):
                if p.grad is not None:
                    p -= self.lr * velocity
                    velocity[...] = self.momentum * velocity + p.grad.data


# ------------------------------------------------------------------------------- momentum_path

RAVINE = np.array([[3.0, -1.2, 0.4], [-1.2, 8.0, 0.7], [0.4, 0.7, 1.5]])
START = np.array([1.3, -0.8, 2.1])


def of_ravine(w):
    return RAVINE @ w


def of_waves(w):
    return w**3 + np.cos(w)


def observe_path(answer):
    return [
        answer(of_ravine, START, 0.05, 0.8, 7),
        answer(of_waves, START[:2], 0.1, 0.6, 5),
    ]


def path_averaged(gradient, start, lr, momentum, steps):
    w, velocity, path = start, 0 * start, [start]
    for _ in range(steps):
        velocity = momentum * velocity + (1 - momentum) * gradient(w)
        w = w - lr * velocity
        path.append(w)
    return np.array(path)


def path_with_old_velocity(gradient, start, lr, momentum, steps):
    w, velocity, path = start, 0 * start, [start]
    for _ in range(steps):
        before = velocity
        velocity = momentum * velocity + gradient(w)
        w = w - lr * before
        path.append(w)
    return np.array(path)


def path_looking_ahead(gradient, start, lr, momentum, steps):
    w, velocity, path = start, 0 * start, [start]
    for _ in range(steps):
        g = gradient(w)
        velocity = momentum * velocity + g
        w = w - lr * (g + momentum * velocity)
        path.append(w)
    return np.array(path)


def path_of_one_array(gradient, start, lr, momentum, steps):
    w = start.copy()
    velocity, path = 0 * w, [w]
    for _ in range(steps):
        velocity = momentum * velocity + gradient(w)
        w -= lr * velocity
        path.append(w)
    return np.array(path)


def path_without_start(gradient, start, lr, momentum, steps):
    w, velocity, path = start, 0 * start, []
    for _ in range(steps):
        velocity = momentum * velocity + gradient(w)
        w = w - lr * velocity
        path.append(w)
    return np.array(path)


def path_without_momentum(gradient, start, lr, momentum, steps):
    w, path = start, [start]
    for _ in range(steps):
        w = w - lr * gradient(w)
        path.append(w)
    return np.array(path)


EXERCISES = [
    Exercise(
        "Momentum",
        observe=observe_momentum,
        hint="Keep one velocity for each parameter; first the velocity, then the step.",
        mistakes=[
            Mistake(Averages, "There is no factor 1 - momentum in front of the gradient here."),
            Mistake(WithoutVelocity, "This is plain descent: keep the velocity between steps."),
            Mistake(NeverForgets, "zero_grad() must set .grad to None."),
            Mistake(Climbs, "Your steps climb the loss: subtract lr * velocity."),
            Mistake(LateVelocity, "You step with the velocity from the step before."),
        ],
    ),
    Exercise(
        "momentum_path",
        observe=observe_path,
        hint="First the velocity, then the step with the new velocity; keep a new array each time.",
        mistakes=[
            Mistake(
                path_averaged,
                "You average the gradients, as Adam does: here there is no factor 1 - momentum.",
            ),
            Mistake(path_with_old_velocity, "You step with the velocity from the step before."),
            Mistake(
                path_looking_ahead,
                "This is Nesterov's momentum, which looks ahead. Here the step is lr * velocity.",
            ),
            Mistake(
                path_of_one_array,
                "All your points are the same array, changed in place. Keep copies, or "
                "write w = w - ...",
            ),
            Mistake(path_without_start, "The path begins with the start: it has steps + 1 points."),
            Mistake(path_without_momentum, "This is plain descent: keep the velocity."),
        ],
    ),
]
