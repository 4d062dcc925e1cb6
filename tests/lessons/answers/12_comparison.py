"""Answers to the exercises of lesson 12, as students might write them."""

import math
import statistics

import numpy as np

# -------------------------------------------------------------------- standard_error_of_difference


def of_the_first_group(a, b):
    return np.std(a, ddof=1) / math.sqrt(len(a))


def all_runs_together(a, b):
    together = np.concatenate([a, b])
    return np.std(together, ddof=1) / math.sqrt(len(together))


def as_pairs(a, b):
    n = min(len(a), len(b))
    return np.std(b[:n] - a[:n], ddof=1) / math.sqrt(n)


def with_the_factor_t(a, b):
    return 2 * math.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))


def divided_by_the_root_twice(a, b):
    return math.sqrt(np.var(a, ddof=1) / len(a) ** 2 + np.var(b, ddof=1) / len(b) ** 2)


def by_pythagoras(a, b):
    errors = [np.std(group, ddof=1) / math.sqrt(len(group)) for group in (a, b)]
    return math.hypot(*errors)


def by_the_standard_library(a, b):
    squares = [statistics.variance(map(float, group)) / len(group) for group in (a, b)]
    return sum(squares) ** 0.5


# ------------------------------------------------------------------------------------------ shares


def half_each(table):
    gain = table[1, 1] - table[0, 0]
    return np.array([gain, gain]) / 2


def in_proportion(table):
    first, second = table[1, 0] - table[0, 0], table[0, 1] - table[0, 0]
    return (table[1, 1] - table[0, 0]) * np.array([first, second]) / (first + second)


def not_halved(table):
    first = table[1, 0] - table[0, 0] + table[1, 1] - table[0, 1]
    second = table[0, 1] - table[0, 0] + table[1, 1] - table[1, 0]
    return np.array([first, second])


def levels(table):
    return np.array([table[1].mean(), table[:, 1].mean()])


def one_number(table):
    return table[1, 1] - table[0, 0]


def by_means_of_rows(table):
    return np.array([table[1].mean() - table[0].mean(), table[:, 1].mean() - table[:, 0].mean()])


def the_rest_for_the_second(table):
    first = np.diff(table, axis=0).mean()
    return np.array([first, table[1, 1] - table[0, 0] - first])


WRONG = {
    "standard_error_of_difference": [
        of_the_first_group,
        all_runs_together,
        as_pairs,
        with_the_factor_t,
        divided_by_the_root_twice,
    ],
    "shares": [half_each, in_proportion, not_halved, levels, one_number],
}
RIGHT = {
    "standard_error_of_difference": [by_pythagoras, by_the_standard_library],
    "shares": [by_means_of_rows, the_rest_for_the_second],
}
