"""Exercises of lesson 12. Check them with `python -m lessons check 12`."""

import numpy as np


def standard_error_of_difference(a: np.ndarray, b: np.ndarray) -> float:
    """How uncertain the difference of the means of two groups of runs is, without the factor t.

    The two groups may have different sizes and different spreads. Their runs do not belong together
    in pairs.

    a        results of one kind of run, an array (n_a,), with n_a at least 2
    b        results of the other kind, an array (n_b,), with n_b at least 2
    returns  the standard error of mean(b) - mean(a), a number above 0

    Judged on groups of 2 to 9 runs.
    """
    raise NotImplementedError


def shares(table: np.ndarray) -> np.ndarray:
    """Divide the whole gain of two changes between them.

    table[i, j] is the accuracy with the first change made (i = 1) or not (i = 0), and with the
    second change made (j = 1) or not (j = 0). The whole gain is table[1, 1] - table[0, 0].
    There are two orders in which the changes can be made, one after the other. In each order, each
    change earns a number of points; its share is the mean of what it earns in the two orders.

    table    accuracies, an array (2, 2)
    returns  the shares of the first and of the second change, an array (2,). Their sum is the
             whole gain

    Judged on tables in which the order matters.
    """
    raise NotImplementedError
