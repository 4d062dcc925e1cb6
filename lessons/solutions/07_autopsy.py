"""Answers to the exercises of lesson 7."""

import numpy as np


def ratio_to_differences(function, gradient, x):
    """A gradient check that tells a wrong factor from a wrong formula.

    The numerical gradient takes two evaluations for each entry, with one entry moved at a time, on
    a copy. The ratio is the projection of the claimed gradient onto the numerical one. Unlike a
    mean of entry / entry, it allows entries of 0, and large entries count more.
    """
    step = 1e-5
    numerical = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += step
        below[place] -= step
        numerical[place] = (function(above) - function(below)) / (2 * step)
    ratio = np.sum(gradient * numerical) / np.sum(numerical**2)
    rest = np.linalg.norm(gradient - ratio * numerical) / np.linalg.norm(gradient)
    return ratio, rest


def layer_factors(weights, biases, x, gradient):
    """By how much each sigmoid layer changes the length of the gradient that passes through it.

    Forward, keep every layer's output. Backward, multiply by the slope y (1 - y) of the sigmoid,
    then by the transposed weights, and compare the lengths before and after. The walk goes from the
    last layer to the first, so the list is reversed at the end.
    """
    outputs = []
    values = x
    for weight, bias in zip(weights, biases, strict=True):
        values = 1 / (1 + np.exp(-(values @ weight + bias)))
        outputs.append(values)

    factors = []
    for weight, y in zip(reversed(weights), reversed(outputs), strict=True):
        passed_on = (gradient * y * (1 - y)) @ weight.T
        factors.append(np.linalg.norm(passed_on) / np.linalg.norm(gradient))
        gradient = passed_on
    return factors[::-1]
