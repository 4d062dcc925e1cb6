"""How the exercises of lesson 6 are judged."""

import numpy as np

from lessons.checking import Exercise, Mistake

rng = np.random.default_rng(5)

# ----------------------------------------------------------------------------------- ScaleShift

BATCHES = [
    (rng.normal(0.4, 1, (4, 3)), rng.normal(0.2, 1, (4, 3)), 0.3),
    (rng.normal(-0.3, 1, (3, 2)), rng.normal(0.5, 1, (3, 2)), 0.7),
]


def observe_scale_shift(answer):
    seen = []
    for x, gradient, lr in BATCHES:
        features = x.shape[1]
        layer = answer(np.linspace(0.6, 1.7, features), np.linspace(-0.4, 0.9, features))
        for step in (1, 2):
            seen.append(layer.forward(step * x))
            seen.append(layer.backward(gradient / step, lr))
            seen += [np.array(layer.scale), np.array(layer.shift)]
    return seen


class _Base:
    """What the wrong versions share: everything but their mistake is right."""

    def __init__(self, scale, shift):
        self.scale, self.shift = np.array(scale), np.array(shift)

    def forward(self, x):
        self.x = x
        return x * self.scale + self.shift

    def backward(self, gradient, lr):
        passed_on = gradient * self.scale
        self.step(gradient, lr)
        return passed_on

    def step(self, gradient, lr):
        self.scale = self.scale - lr * (gradient * self.x).sum(axis=0)
        self.shift = self.shift - lr * gradient.sum(axis=0)


class StepsFirst(_Base):
    def backward(self, gradient, lr):
        self.step(gradient, lr)
        return gradient * self.scale


class TakesMeans(_Base):
    def step(self, gradient, lr):
        self.scale = self.scale - lr * (gradient * self.x).mean(axis=0)
        self.shift = self.shift - lr * gradient.mean(axis=0)


class Climbs(_Base):
    def step(self, gradient, lr):
        super().step(-gradient, lr)


class PassesOnTheInput(_Base):
    def backward(self, gradient, lr):
        self.step(gradient, lr)
        return gradient * self.x


class ForgetsTheInput(_Base):
    def step(self, gradient, lr):
        self.scale = self.scale - lr * gradient.sum(axis=0)
        self.shift = self.shift - lr * gradient.sum(axis=0)


class NeverSteps(_Base):
    def step(self, gradient, lr):
        pass


class DoesNotAddRows(_Base):
    def step(self, gradient, lr):
        self.scale = self.scale - lr * gradient * self.x
        self.shift = self.shift - lr * gradient


# ----------------------------------------------------------------------------------------- Tanh

INPUTS = [
    (rng.normal(0.3, 1.2, (3, 4)), rng.normal(0, 1, (3, 4))),
    (rng.normal(-0.5, 0.7, (2, 5)), rng.normal(0, 2, (2, 5))),
]


def observe_tanh(answer):
    seen = []
    for x, gradient in INPUTS:
        layer = answer()
        seen += [layer.forward(x.copy()), layer.backward(gradient.copy(), 0.5)]
    return seen


class TanhAsSigmoid:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, gradient, lr):
        return gradient * self.y * (1 - self.y)


class TanhOfInput:
    def forward(self, x):
        self.x = x
        return np.tanh(x)

    def backward(self, gradient, lr):
        return gradient * (1 - self.x**2)


class TanhWithoutSquare(TanhAsSigmoid):
    def backward(self, gradient, lr):
        return gradient * (1 - self.y)


class TanhWithoutGradient(TanhAsSigmoid):
    def backward(self, gradient, lr):
        return 1 - self.y**2


class TanhTimesRate(TanhAsSigmoid):
    def backward(self, gradient, lr):
        return lr * gradient * (1 - self.y**2)


# ----------------------------------------------------------------------------------- epoch_loss

EPOCHS = [
    ([0.9, 0.4, 0.7], [50, 50, 10]),
    ([1.3, 0.2], [32, 5]),
    ([0.31, 0.52, 0.47, 0.83], [8, 8, 8, 3]),
]


def observe_losses(answer):
    return [answer(list(losses), list(sizes)) for losses, sizes in EPOCHS]


def mean_of_means(losses, sizes):
    return sum(losses) / len(losses)


def divided_each_time(losses, sizes):
    total = 0.0
    for loss, size in zip(losses, sizes, strict=True):
        total = (total + loss) / size
    return total


def sum_of_losses(losses, sizes):
    return sum(loss * size for loss, size in zip(losses, sizes, strict=True))


def running_average(losses, sizes):
    average = losses[0]
    for loss in losses[1:]:
        average = (average + loss) / 2
    return average


def divided_by_batches(losses, sizes):
    return sum_of_losses(losses, sizes) / len(losses)


EXERCISES = [
    Exercise(
        "ScaleShift",
        observe=observe_scale_shift,
        hint="Compare with MyDense line by line: which product becomes elementwise, and where are "
        "the rows added?",
        mistakes=[
            Mistake(
                StepsFirst,
                "You step first, and pass the gradient on with the new scale. It belongs to the "
                "scale that forward used: compute it before the step.",
            ),
            Mistake(
                TakesMeans,
                "You take means over the rows. Each row contributes, and contributions are added.",
            ),
            Mistake(Climbs, "Scale and shift move up the gradient; to step down, subtract it."),
            Mistake(
                PassesOnTheInput,
                "The derivative of x * a with respect to x is a. You multiplied by x.",
            ),
            Mistake(
                ForgetsTheInput,
                "The derivative of x * a with respect to a is x. Your scale steps like the shift.",
            ),
            Mistake(NeverSteps, "What backward returns is right, but scale and shift do not move."),
            Mistake(
                DoesNotAddRows,
                "Scale and shift have the shape (d,), and so do their gradients: add the rows.",
            ),
        ],
    ),
    Exercise(
        "Tanh",
        observe=observe_tanh,
        hint="Differentiate sinh / cosh with the quotient rule, and use cosh^2 - sinh^2 = 1.",
        mistakes=[
            Mistake(TanhAsSigmoid, "y (1 - y) is the derivative of the sigmoid, not of tanh."),
            Mistake(
                TanhOfInput,
                "The formula is right, but you put in the input x. It needs the output y.",
            ),
            Mistake(TanhWithoutSquare, "Nearly right: at y = -1 the derivative must be 0 as well."),
            Mistake(
                TanhWithoutGradient,
                "This is the local slope. The chain rule multiplies it by the gradient that comes "
                "in.",
            ),
            Mistake(TanhTimesRate, "lr is for layers that take a step. Here nothing is learned."),
        ],
    ),
    Exercise(
        "epoch_loss",
        observe=observe_losses,
        hint="How large is the sum of all losses of one batch? Divide once, at the end.",
        mistakes=[
            Mistake(
                mean_of_means,
                "The mean of the batches' means gives the examples of a small batch too much "
                "weight.",
            ),
            Mistake(
                divided_each_time,
                "You divide inside the loop, as the notebook does: this is about the last batch.",
            ),
            Mistake(
                sum_of_losses, "This is the sum of all losses. Divide by the number of examples."
            ),
            Mistake(
                running_average,
                "Halving in every turn gives the last batch half of the weight.",
            ),
            Mistake(
                divided_by_batches,
                "You divide by the number of batches; we want the mean over the examples.",
            ),
        ],
    ),
]
