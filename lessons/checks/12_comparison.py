"""How the exercises of lesson 12 are judged."""

import math

import numpy as np

from lessons.checking import Exercise, Mistake

rng = np.random.default_rng(10)

# --------------------------------------------------------------- standard_error_of_difference

GROUPS = [
    (rng.normal(92.5, 1.3, 3), rng.normal(97, 0.1, 3)),
    (rng.normal(0.4, 0.02, 9), rng.normal(0.3, 0.1, 4)),
    (rng.normal(95, 0.2, 2), rng.normal(94, 0.9, 6)),
]


def observe_standard_error(answer):
    return [answer(a.copy(), b.copy()) for a, b in GROUPS]


def divided_by_n(a, b):
    return math.sqrt(np.var(a) / len(a) + np.var(b) / len(b))


def spread_of_runs(a, b):
    return math.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1))


def errors_added(a, b):
    return np.std(a, ddof=1) / math.sqrt(len(a)) + np.std(b, ddof=1) / math.sqrt(len(b))


def variances_subtracted(a, b):
    return math.sqrt(abs(np.var(b, ddof=1) / len(b) - np.var(a, ddof=1) / len(a)))


def pooled(a, b):
    sums = (len(a) - 1) * np.var(a, ddof=1) + (len(b) - 1) * np.var(b, ddof=1)
    return math.sqrt(sums / (len(a) + len(b) - 2) * (1 / len(a) + 1 / len(b)))


def no_root(a, b):
    return np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b)


# ------------------------------------------------------------------------------------- shares

TABLES = [rng.uniform(85, 98, size=(2, 2)) for _ in range(3)]


def observe_shares(answer):
    return [answer(table) for table in TABLES]


def first_change_first(table):
    return np.array([table[1, 0] - table[0, 0], table[1, 1] - table[1, 0]])


def second_change_first(table):
    return np.array([table[1, 1] - table[0, 1], table[0, 1] - table[0, 0]])


def each_alone(table):
    return np.array([table[1, 0] - table[0, 0], table[0, 1] - table[0, 0]])


def each_last(table):
    return np.array([table[1, 1] - table[0, 1], table[1, 1] - table[1, 0]])


def swapped(table):
    first = (table[1, 0] - table[0, 0] + table[1, 1] - table[0, 1]) / 2
    second = (table[0, 1] - table[0, 0] + table[1, 1] - table[1, 0]) / 2
    return np.array([second, first])


EXERCISES = [
    Exercise(
        "standard_error_of_difference",
        observe=observe_standard_error,
        hint="First find the standard error of one mean; then, how those of two means combine.",
        mistakes=[
            Mistake(divided_by_n, "With so few runs the variance needs n - 1: ddof=1."),
            Mistake(spread_of_runs, "This is for a difference of two runs; means vary less."),
            Mistake(errors_added, "The squares of the standard errors add up, not the errors."),
            Mistake(variances_subtracted, "Even in a difference, their squares add up."),
            Mistake(pooled, "This assumes that both kinds of run have the same spread."),
            Mistake(no_root, "This is its square: take the root."),
        ],
    ),
    Exercise(
        "shares",
        observe=observe_shares,
        hint="Write down both orders as chains of three accuracies, with what each step earns.",
        mistakes=[
            Mistake(first_change_first, "This is one order only: the first change made first."),
            Mistake(second_change_first, "This is one order only: the second change made first."),
            Mistake(each_alone, "Each on its own: these do not add up to the whole gain."),
            Mistake(each_last, "Each as the last step: these do not add up to the whole gain."),
            Mistake(swapped, "The two shares are right, but in the wrong order."),
        ],
    ),
]
