"""Answers to the exercises of lesson 14, with the reasons."""

import numpy as np


def weights_from_keras(weights):
    """Two things change: the names, and the order of the two dimensions of a kernel.

    x @ kernel = x @ weight.T says that weight.T is the kernel, so weight is the kernel transposed.
    A reshape to (out, in) would have the right shape but put the numbers in the wrong places. The
    layers of a Sequential are named by their places; places 0 and 2 (Flatten and ReLU) have no
    weights.
    """
    kernel_1, bias_1, kernel_2, bias_2 = weights
    return {"1.weight": kernel_1.T, "1.bias": bias_1, "3.weight": kernel_2.T, "3.bias": bias_2}


def one_rounding_apart(weights, up):
    """`nextafter(a, b)` is the neighbour of a in the direction of b.

    The direction must have the dtype of the weights: with a float64 direction NumPy would look for
    the neighbour in float64, which float32 cannot hold.
    """
    infinity = np.array(np.inf, weights.dtype)
    return np.where(up, np.nextafter(weights, infinity), np.nextafter(weights, -infinity))


def first_suspicious_step(ours, theirs, unit):
    """One limit for each step, then the first place where it is passed.

    argmax finds the first True, and gives 0 when there is none, so we ask first whether there is.
    """
    difference = np.abs(ours - theirs) / theirs
    steps = np.arange(1, len(ours) + 1)
    suspicious = difference > unit * np.sqrt(steps)
    return int(np.argmax(suspicious)) + 1 if suspicious.any() else 0
