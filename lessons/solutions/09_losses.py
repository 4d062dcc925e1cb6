"""Worked answers to the exercises of lesson 9."""

import numpy as np


def binary_cross_entropy(scores, targets):
    """Insert the two logarithms, and collect the terms with t.

    -(t log p + (1 - t) log(1 - p)) = t log(1 + e^-s) + (1 - t) log(1 + e^s).

    As log(1 + e^s) = s + log(1 + e^-s), the right side is log(1 + e^s) - t s. What is left is the
    log-sum-exp of s and 0: take out the larger of the two, m = max(s, 0),

        log(1 + e^s) = max(s, 0) + log(1 + e^-|s|),

    and no exponent is above 0. log1p(x) is log(1 + x), also accurate where x is tiny.
    """
    return np.maximum(scores, 0) - targets * scores + np.log1p(np.exp(-np.abs(scores)))


def smoothed_gradient(scores, labels, smoothing):
    """It is (p - q) / n: the derivation of the lesson, with q in place of the one-hot vector.

    log p_k = s_k - log sum e^s, so the loss is (sum of q) * log sum e^s - sum of q_k s_k. As q sums
    to 1, the derivative with respect to s_k is p_k - q_k. `F.cross_entropy(scores, labels,
    label_smoothing=...)` gives the same by autograd.
    """
    n, classes = scores.shape
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    q = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    return (p - q) / n
