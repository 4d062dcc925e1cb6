"""Answers to the exercises of lesson 20, with the reasons."""

from itertools import pairwise

import numpy as np


def rmsprop_step(w, g, v, scratch, lr, rho, eps):
    """Every line is one pass. The scratch array first holds the new part of v, then the step.

    If v were kept without the factor (1 - rho), as in the package's Adam, one pass fewer would do.
    """
    np.multiply(g, g, out=scratch)
    scratch *= 1 - rho
    v *= rho
    v += scratch
    np.sqrt(v, out=scratch)
    scratch += eps
    np.divide(g, scratch, out=scratch)
    scratch *= lr
    w -= scratch


def cross_entropy_gradient_in_place(scores, labels):
    """Softmax in place, each row shifted by its largest score; then minus the one-hot, over n.

    The one-hot array is never built: 1 is subtracted where its 1 would be.
    """
    n = len(scores)
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    scores[np.arange(n), labels] -= 1
    scores /= n


def multiply_adds(sizes, batch, images_want_gradient):
    """Three products for each layer, each of batch * inputs * outputs; the first may save one.

    Forward it is (batch, in) x (in, out); for the gradient of the weights (out, batch) x (batch,
    in); for the gradient of the inputs (batch, out) x (out, in).
    """
    layers = [batch * inputs * outputs for inputs, outputs in pairwise(sizes)]
    total = 3 * sum(layers)
    return total if images_want_gradient else total - layers[0]
