"""Exercises of lesson 9. Check them with `python -m lessons check 09`."""

import numpy as np  # noqa: F401  (your answers need it)


def binary_cross_entropy(scores, targets):
    """The cross-entropy of one output, for each example, safe for every score.

    With p = 1 / (1 + e^-s), the loss is -(t log p + (1 - t) log(1 - p)). Written like that, it
    fails for large scores. Use log p = -log(1 + e^-s) and log(1 - p) = -log(1 + e^s), and find a
    form in which no exponent is above 0. (A log-sum-exp of two numbers, s and 0.)

    scores   an array (n,) of any numbers s, even 1000 or -1000
    targets  an array (n,) of numbers t from 0 to 1
    returns  an array (n,): the loss of each example

    Judged on small and on very large scores, with targets of 0, of 1 and in between. The arrays
    that you are given must not be changed.
    """
    raise NotImplementedError


def smoothed_gradient(scores, labels, smoothing):
    """The gradient of the mean cross-entropy when the targets are smoothed.

    A one-hot target asks for the probability 1, which no score reaches, so the scores grow for
    ever. Label smoothing (Szegedy and others, 2016) takes the share `smoothing` of the target and
    spreads it evenly over ALL classes, including the right one. The loss of an example is then
    -(sum over the classes k of q_k log p_k), where q is the smoothed target. Derive its gradient
    with respect to the scores first; remember that q still sums to 1.

    scores     an array (n, classes), even with values such as 800
    labels     an array (n,) of class indices
    smoothing  a number from 0 to 1
    returns    an array (n, classes): the gradient of the mean loss with respect to the scores

    Judged on two batches with different sizes and numbers of classes, and on one with large scores.
    The scores must not be changed.
    """
    raise NotImplementedError
