"""Exercises of lesson 13. Check them with `python -m lessons check 13`."""

import numpy as np


def per_epoch(running: np.ndarray) -> np.ndarray:
    """Recover the accuracy of each epoch from a running average over all epochs so far.

    After epoch k, a program printed the mean of the accuracies of epochs 1 to k. What accuracy did
    each epoch have by itself?

    running  the printed means, an array (epochs,); running[0] belongs to epoch 1
    returns  the accuracy of each epoch, an array (epochs,)

    Judged on runs of several lengths, one of them a single epoch.
    """
    raise NotImplementedError


def whole_loss(losses: np.ndarray, sizes: np.ndarray) -> float:
    """The mean loss over all examples, from the mean losses of batches of different sizes.

    losses   the mean loss of each batch, an array (batches,)
    sizes    how many examples each batch has, integers (batches,), 1 or more
    returns  what the loss would be if all examples were in one batch, a number

    Judged on batches that all have the same size, on batches of which the last one is smaller, and
    on a single batch.
    """
    raise NotImplementedError


def best_of(scores: np.ndarray, k: int) -> float:
    """What somebody reports on average who trains k times and reports the best run.

    There are n different runs to choose k from, each at most once. All choices are equally likely.

    scores   the accuracy of each run, an array (n,), in any order, which must not be changed
    k        how many runs there are to choose the best from, 1 to n
    returns  the mean, over all choices of k runs, of the best score of the choice

    Judged on 4 to 12 runs, with k from 1 to n, and on 40 runs with k = 10. Those have 847,660,528
    choices, too many to go through as the lesson does. The result must be exact, so do not draw
    choices at random. (In how many choices is the second best run the best one?)
    """
    raise NotImplementedError
