"""Worked answers of lesson 13."""

from math import comb

import numpy as np


def per_epoch(running: np.ndarray) -> np.ndarray:
    """A mean times its count is a sum, and neighbouring sums differ by what one epoch added.

    After epoch k the sum is k * running[k - 1]. So epoch k had
    k * running[k - 1] - (k - 1) * running[k - 2]. For the first epoch the earlier sum is 0.
    """
    sums = running * np.arange(1, len(running) + 1)
    return np.diff(sums, prepend=0.0)


def whole_loss(losses: np.ndarray, sizes: np.ndarray) -> float:
    """A mean times its count is a sum: add up the sums, and divide once, at the end.

    A mean of the batch losses gives each batch the same weight, so an example in a small last batch
    would count more than the others.
    """
    return float(np.sum(losses * sizes) / np.sum(sizes))


def best_of(scores: np.ndarray, k: int) -> float:
    """Count in how many choices each run is the best, instead of going through the choices.

    A run with i runs below it is the best of a choice if the other k - 1 come from those i: there
    are C(i, k - 1) such choices. Each score counts as often as this, and there are C(n, k) choices
    in all.
    """
    ways = np.array([comb(i, k - 1) for i in range(len(scores))])
    return float(np.sort(scores) @ ways / comb(len(scores), k))
