"""Worked answers of lesson 12."""

import numpy as np


def standard_error_of_difference(a: np.ndarray, b: np.ndarray) -> float:
    """The squares of the standard errors add up, although the means are subtracted.

    The same holds for the variances of any two independent numbers.

    `ddof=1` divides by n - 1: the runs lie closer to their own mean than to the true one, and
    dividing by n would make the spread too small, by a fifth for three runs.
    """
    squared = np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b)
    return float(np.sqrt(squared))


def shares(table: np.ndarray) -> np.ndarray:
    """Each share is the mean of what the change earns when it is made first and when it is second.

    The first change earns table[1, 0] - table[0, 0] when it comes first, and
    table[1, 1] - table[0, 1] when the second has already been made. The same goes for the second.

    This is the value of Shapley (1953) for two players. The two shares add up to the whole gain,
    because in each order the two steps do.
    """
    first = (table[1, 0] - table[0, 0] + table[1, 1] - table[0, 1]) / 2
    second = (table[0, 1] - table[0, 0] + table[1, 1] - table[1, 0]) / 2
    return np.array([first, second])
