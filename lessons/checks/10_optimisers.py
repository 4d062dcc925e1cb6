"""How the exercises of lesson 10 are judged."""

import numpy as np

from lessons.checking import Exercise, Mistake
from tinygrad_mlp import nn, no_grad


def observe_momentum(answer):
    always = nn.Parameter(np.array([0.7, -1.3, 0.4]))
    sometimes = nn.Parameter(np.array([[2.5, -0.2]]))
    optimiser = answer((p for p in (sometimes, always)), 0.1, 0.8)
    seen = []
    for used, steps in ((True, 1), (False, 1), (True, 2), (False, 1), (True, 1)):
        loss = (always * always * always * always).sum() * 0.25
        if used:
            loss = loss + (sometimes * sometimes).sum() * 0.5
        loss.backward()
        for _ in range(steps):
            optimiser.step()
            seen += [always.data.copy(), sometimes.data.copy()]
        seen += [p.grad for p in (always, sometimes)[: 1 + used]]
        optimiser.zero_grad()
        seen += [p.grad is None for p in (always, sometimes)]
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


class ForgetsUnused(Base):
    def step(self):
        super().step()
        for p, velocity in zip(self.parameters, self.velocities, strict=True):
            if p.grad is None:
                velocity[...] = 0


class RollsOn(Base):
    def step(self):
        with no_grad():
            for p, velocity in zip(self.parameters, self.velocities, strict=True):
                velocity *= self.momentum
                if p.grad is not None:
                    velocity += p.grad.data
                p -= self.lr * velocity


class SlowsUnused(Base):
    def step(self):
        with no_grad():
            for p, velocity in zip(self.parameters, self.velocities, strict=True):
                velocity *= self.momentum
                if p.grad is not None:
                    velocity += p.grad.data
                    p -= self.lr * velocity


class StopsAtUnused(Base):
    def step(self):
        with no_grad():
            for p, velocity in zip(self.parameters, self.velocities, strict=True):
                if p.grad is None:
                    return
                velocity[...] = self.momentum * velocity + p.grad.data
                p -= self.lr * velocity


class ForgetsVelocities(Base):
    def zero_grad(self):
        super().zero_grad()
        for velocity in self.velocities:
            velocity[...] = 0


class RateInVelocity(Base):
    def step(self):
        with no_grad():
            for p, velocity in zip(self.parameters, self.velocities, strict=True):
                if p.grad is not None:
                    velocity[...] = self.momentum * velocity + self.lr * p.grad.data
                    p -= self.lr * velocity


class OneVelocity(Base):
    def __init__(self, parameters, lr, momentum):
        super().__init__(parameters, lr, momentum)
        self.velocity = 0.0

    def step(self):
        with no_grad():
            for p in self.parameters:
                if p.grad is not None:
                    self.velocity = self.momentum * self.velocity + p.grad.data
                    p -= self.lr * self.velocity


class WalksOnce(Base):
    def __init__(self, parameters, lr, momentum):
        super().__init__(parameters, lr, momentum)
        self.parameters = iter(self.parameters)
        self.velocities = iter(self.velocities)


class NeedsGradients(Base):
    def step(self):
        with no_grad():
            for p, velocity in zip(self.parameters, self.velocities, strict=True):
                velocity[...] = self.momentum * velocity + p.grad.data
                p -= self.lr * velocity


class ZeroesGradients(Base):
    def zero_grad(self):
        for p in self.parameters:
            if p.grad is not None:
                p.grad.data[...] = 0


class ForgetsInStep(Base):
    def step(self):
        super().step()
        for p in self.parameters:
            p.grad = None


class NewNames(Base):
    def step(self):
        with no_grad():
            for p, velocity in zip(self.parameters, self.velocities, strict=True):
                if p.grad is not None:
                    velocity[...] = self.momentum * velocity + p.grad.data
                    p = p - self.lr * velocity


class Nesterov(Base):
    def step(self):
        with no_grad():
            for p, velocity in zip(self.parameters, self.velocities, strict=True):
                if p.grad is not None:
                    velocity[...] = self.momentum * velocity + p.grad.data
                    p -= self.lr * (p.grad.data + self.momentum * velocity)


class IntoGradient(Base):
    def step(self):
        super().step()
        for p, velocity in zip(self.parameters, self.velocities, strict=True):
            if p.grad is not None:
                p.grad.data[...] = velocity


# -------------------------------------------------------------------------- corrected_averages

ROW = np.array([1.3, -0.8, 2.1, 0.4, -1.7])
ROWS = np.array([[0.3, -2.0], [1.1, 0.6], [-0.7, 1.9], [2.2, 0.5]])


def observe_averages(answer):
    asked = [(ROW, 0.9), (ROWS, 0.7), (ROWS[:1], 0.999), (ROWS.T, 0.0)]
    return [np.asarray(answer(values, share)) for values, share in asked]


def uncorrected(values, share):
    average, results = 0.0, []
    for value in values:
        average = share * average + (1 - share) * value
        results.append(average)
    return np.array(results)


def divided_each_time(values, share):
    average, results = 0.0, []
    for t, value in enumerate(values, 1):
        average = (share * average + (1 - share) * value) / (1 - share**t)
        results.append(average)
    return np.array(results)


def counted_from_two(values, share):
    counts = np.arange(2, len(values) + 2)
    return (uncorrected(values, share).T / (1 - share**counts)).T


def divided_by_one_share(values, share):
    return uncorrected(values, share) / (1 - share)


def started_at_the_first(values, share):
    average, results = values[0], []
    for value in values:
        average = share * average + (1 - share) * value
        results.append(average)
    return np.array(results)


def shares_exchanged(values, share):
    average, results = 0.0, []
    for t, value in enumerate(values, 1):
        average = (1 - share) * average + share * value
        results.append(average / (1 - (1 - share) ** t))
    return np.array(results)


def plain_averages(values, share):
    counts = np.arange(1, len(values) + 1)
    return (np.cumsum(values, axis=0).T / counts).T


def only_the_last(values, share):
    return corrected(values, share)[-1]


def corrected(values, share):
    counts = np.arange(1, len(values) + 1)
    return (uncorrected(values, share).T / (1 - share**counts)).T


def summed_without_share(values, share):
    average, results = 0.0, []
    for t, value in enumerate(values, 1):
        average = share * average + value
        results.append(average / (1 - share**t))
    return np.array(results)


def into_values(values, share):
    values[...] = corrected(values, share)
    return values


def of_one_array(values, share):
    average, results = np.zeros(values.shape[1:]), []
    for value in values:
        average *= share
        average += (1 - share) * value
        results.append(average)
    counts = np.arange(1, len(values) + 1)
    return (np.array(results).T / (1 - share**counts)).T


def divided_by_all_steps(values, share):
    return uncorrected(values, share) / (1 - share ** len(values))


def along_the_rows(values, share):
    return corrected(values.T, share).T


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
            Mistake(
                ForgetsUnused,
                "A parameter without a gradient must keep its velocity: you set it to 0.",
            ),
            Mistake(RollsOn, "A parameter without a gradient must stay: yours rolls on."),
            Mistake(
                SlowsUnused,
                "A parameter without a gradient must keep its velocity: yours is multiplied by "
                "momentum.",
            ),
            Mistake(
                StopsAtUnused,
                "A parameter without a gradient ends your loop: go on with the next one.",
            ),
            Mistake(ForgetsVelocities, "zero_grad() must forget the gradients only."),
            Mistake(
                RateInVelocity,
                "You multiply by lr twice: the velocity is made from the gradients alone.",
            ),
            Mistake(OneVelocity, "Each parameter needs a velocity of its own."),
            Mistake(
                WalksOnce,
                "Only your first step moves anything: what `for` can go through once must be kept "
                "as a list.",
            ),
            Mistake(
                NeedsGradients,
                "A parameter that is not used has the gradient None: leave it as it is.",
            ),
            Mistake(
                ZeroesGradients,
                "zero_grad() must set .grad to None. With zeros, a parameter that is not used "
                "looks as if it were, and its velocity moves it.",
            ),
            Mistake(
                ForgetsInStep, "step() must leave the gradients alone; zero_grad() forgets them."
            ),
            Mistake(
                NewNames,
                "`p = p - ...` makes a new tensor and leaves the parameter as it was: use `-=`.",
            ),
            Mistake(
                Nesterov,
                "This is Nesterov's momentum, which looks ahead. Here the step is lr * velocity.",
            ),
            Mistake(
                IntoGradient,
                "You write into the gradients. The velocity must be an array of its own.",
            ),
        ],
    ),
    Exercise(
        "corrected_averages",
        observe=observe_averages,
        hint="Keep the average before the division, and collect what it is after the division.",
        mistakes=[
            Mistake(uncorrected, "The division by 1 - share^t is missing."),
            Mistake(
                divided_each_time,
                "You divide the average itself, and go on with the quotient. Divide only what you "
                "return.",
            ),
            Mistake(counted_from_two, "t counts from 1: divide the first average by 1 - share."),
            Mistake(divided_by_one_share, "You divide by 1 - share every time, not 1 - share^t."),
            Mistake(started_at_the_first, "The average starts at 0, not at the first value."),
            Mistake(
                shares_exchanged,
                "You swapped the two shares: the old average is multiplied by `share`.",
            ),
            Mistake(plain_averages, "This is the plain mean: recent values must weigh more."),
            Mistake(only_the_last, "Return the results of all steps, not only the last one."),
            Mistake(
                into_values, "You write into `values`, which must stay as it is: make a new array."
            ),
            Mistake(
                of_one_array,
                "All your averages are the same array, changed in place. Make a new one each time.",
            ),
            Mistake(
                divided_by_all_steps,
                "t is the number of values so far, not the number of all values.",
            ),
            Mistake(
                along_the_rows,
                "Each row is a step, with n values: average down the rows, not along them.",
            ),
            Mistake(summed_without_share, "The new value must be multiplied by 1 - share."),
        ],
    ),
]
