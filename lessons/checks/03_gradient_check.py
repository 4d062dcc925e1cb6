"""How the exercises of lesson 3 are judged."""

import numpy as np

from lessons.checking import Exercise, Mistake

# ------------------------------------------------------------------------------- slope_along

WEIGHTS = np.array([[0.7, -1.1, 0.4], [1.9, 0.3, -0.8]])
VECTOR = np.array([0.3, -1.2, 2.1, 0.9])
ALONG_VECTOR = np.array([1.4, 0.6, -0.3, -2.0])
MATRIX = np.array([[0.2, 1.3, -0.7], [-1.6, 0.5, 2.2]])
ALONG_MATRIX = np.array([[-0.4, 0.9, 1.7], [0.8, -1.3, 0.6]])


def curved(x):
    return float(np.sum(np.exp(0.5 * x)) + x[0] * x[1] * x[2])


def weighted(x):
    return float(np.sum(WEIGHTS * np.sin(x)) + np.sum(x) ** 2)


def observe_slopes(answer):
    return [
        answer(curved, VECTOR, ALONG_VECTOR, 0.1),
        answer(curved, VECTOR, -0.5 * ALONG_VECTOR, 0.2),
        answer(weighted, MATRIX, ALONG_MATRIX, 0.05),
    ]


def slope_to_one_side(function, x, direction, step=1e-5):
    return (function(x + step * direction) - function(x)) / step


def slope_over_one_step(function, x, direction, step=1e-5):
    return (function(x + step * direction) - function(x - step * direction)) / step


def slope_along_unit(function, x, direction, step=1e-5):
    unit = direction / np.linalg.norm(direction)
    return (function(x + step * unit) - function(x - step * unit)) / (2 * step)


def slope_along_diagonal(function, x, direction, step=1e-5):
    return (function(x + step) - function(x - step)) / (2 * step)


# -------------------------------------------------------------------------------- richardson


def observe_richardson(answer):
    return [
        answer(np.exp, np.array([0.4, -1.3, 1.1]), 0.5),
        answer(np.sin, np.array([[0.3, 2.0], [-0.9, 1.2]]), 0.8),
        answer(np.arctan, np.array([0.6, -1.7]), 0.3),
    ]


def central(function, x, h):
    return (function(x + h) - function(x - h)) / (2 * h)


def for_first_order(function, x, step):
    return 2 * central(function, x, step / 2) - central(function, x, step)


def exchanged(function, x, step):
    return (4 * central(function, x, step) - central(function, x, step / 2)) / 3


def averaged(function, x, step):
    return (central(function, x, step) + central(function, x, step / 2)) / 2


def with_double_step(function, x, step):
    return (4 * central(function, x, step) - central(function, x, 2 * step)) / 3


def one_sided_parts(function, x, step):
    def forward(h):
        return (function(x + h) - function(x)) / h

    return (4 * forward(step / 2) - forward(step)) / 3


EXERCISES = [
    Exercise(
        "slope_along",
        observe=observe_slopes,
        hint="Two evaluations, at x + step * direction and at x - step * direction; how far apart "
        "are they, counted in lengths of `direction`?",
        mistakes=[
            Mistake(
                slope_to_one_side,
                "You stepped to one side only; the central difference steps to both sides.",
            ),
            Mistake(
                slope_over_one_step,
                "It is two steps from one side to the other, so divide by 2 * step.",
            ),
            Mistake(
                slope_along_unit,
                "You scaled the direction to length 1. Use it as given: the slope is then "
                "sum(gradient * direction), which can be compared with the gradient.",
            ),
            Mistake(
                slope_along_diagonal,
                "You moved every number by the same step. The direction says how far each moves.",
            ),
        ],
    ),
    Exercise(
        "richardson",
        observe=observe_richardson,
        hint="With C(h) = slope + c h^2, write down a C(h / 2) + b C(h), and choose a and b so "
        "that c drops out and a + b = 1.",
        mistakes=[
            Mistake(
                for_first_order,
                "2 C(h / 2) - C(h) removes an error of order h. That of a central difference is "
                "of order h^2: half the step, a quarter of the error.",
            ),
            Mistake(
                exchanged, "The weights are swapped: the better difference is that of step / 2."
            ),
            Mistake(
                averaged,
                "The mean of both has an error too. One weight must be negative for the errors "
                "to cancel.",
            ),
            Mistake(
                with_double_step,
                "Your weights are right for steps 2 h and h. Here the steps are step and step / 2.",
            ),
            Mistake(
                one_sided_parts,
                "The weights are right for central differences, but yours are one-sided.",
            ),
        ],
    ),
]
