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


# -------------------------------------------------------------------------- points_that_tell


def clipped_line(x):
    return np.clip(x / 6 + 1 / 2, 0.0, 1.0)


def right_rule(x):
    return 1 / 6 if -3 < x < 3 else 0.0


FAULTY_RULES = [
    lambda x: 1.0 if -3 < x < 3 else 0.0,
    lambda x: 1 / 6 if x < 3 else 0.0,
    lambda x: 1 / 6 if x > -3 else 0.0,
    lambda x: 1 / 6 if -2 < x < 2 else 0.0,
    lambda x: 1 / 6 if -4 < x < 4 else 0.0,
]


def observe_points(answer):
    points = [float(x) for x in answer()]

    def is_accused(rule):
        return any(abs(rule(x) - central(clipped_line, x, 1e-6)) > 1e-6 for x in points)

    return [is_accused(right_rule), *map(is_accused, FAULTY_RULES), len(points) <= 4]


def far_points():
    return [-5.0, 0.0, 5.0]


def points_at_kinks():
    return [-3.0, 0.0, 3.0]


def points_inside():
    return [-2.5, 0.5, 2.5]


def points_outside():
    return [-3.5, 3.5]


def too_many_points():
    return list(np.linspace(-6.1, 6.1, 20))


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
    Exercise(
        "points_that_tell",
        observe=observe_points,
        hint="For each fault, find the interval in which its rule differs from the right one. Each "
        "of these intervals needs a point, and no point may be at -3 or 3.",
        mistakes=[
            Mistake(
                far_points,
                "Points far from the kinks find what is wrong everywhere. Kinks in the wrong "
                "place, faults 4 and 5, are wrong only between 2 and 3, or between 3 and 4.",
            ),
            Mistake(
                points_at_kinks,
                "At -3 and 3 the function has kinks, and there even the right rule is accused.",
            ),
            Mistake(
                points_inside,
                "All your points are inside. Faults 2, 3 and 5 are wrong only outside.",
            ),
            Mistake(
                points_outside,
                "All your points are outside. Faults 1 and 4 are wrong only inside.",
            ),
            Mistake(too_many_points, "This finds everything, but with more than four points."),
        ],
    ),
]
