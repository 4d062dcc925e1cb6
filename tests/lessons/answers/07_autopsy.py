"""Answers to the exercises of lesson 7, as students might write them."""

from itertools import pairwise

import numpy as np


def ratio_in_place(function, gradient, x):
    h = 1e-5
    n = np.empty_like(x)
    for place in np.ndindex(x.shape):
        kept = x[place]
        x[place] = kept + h
        above = function(x)
        x[place] = kept - h
        n[place] = (above - function(x)) / (2 * h)
        x[place] = kept
    flat, n = gradient.ravel(), n.ravel()
    ratio = flat @ n / (n @ n)
    return [ratio, np.sqrt(((flat - ratio * n) ** 2).sum() / (flat**2).sum())]


def ratio_by_least_squares(function, gradient, x):
    eye = np.eye(x.size).reshape(x.size, *x.shape) * 2e-5
    n = np.array([(function(x + e) - function(x - e)) / 4e-5 for e in eye])[:, None]
    g = np.ravel(gradient)
    (ratio,), _, _, _ = np.linalg.lstsq(n, g, rcond=None)
    return ratio, np.linalg.norm(g - n[:, 0] * ratio) / np.linalg.norm(g)


def ratio_spoiling_x(function, gradient, x):
    found = ratio_in_place(function, gradient, x)
    x[...] = 0
    return found


def ratio_of_sums(function, gradient, x):
    n = np.empty_like(x)
    for place in np.ndindex(x.shape):
        h = np.zeros_like(x)
        h[place] = 1e-5
        n[place] = (function(x + h) - function(x - h)) / 2e-5
    ratio = gradient.sum() / n.sum()
    return ratio, np.linalg.norm(gradient - ratio * n) / np.linalg.norm(gradient)


def factors_of_largest(weights, biases, x, gradient):
    largest = [np.abs(gradient).max()]
    outputs = [x]
    for weight, bias in zip(weights, biases, strict=True):
        outputs.append(1 / (1 + np.exp(-(outputs[-1] @ weight + bias))))
    for weight, y in zip(weights[::-1], outputs[:0:-1], strict=True):
        gradient = (gradient * y * (1 - y)) @ weight.T
        largest.insert(0, np.abs(gradient).max())
    return [a / b for a, b in pairwise(largest)]


def ratio_put_back_by_adding(function, gradient, x):
    n = np.empty_like(x)
    for place in np.ndindex(x.shape):
        x[place] += 1e-5
        n[place] = function(x)
        x[place] -= 2e-5
        n[place] = (n[place] - function(x)) / 2e-5
        x[place] += 1e-5
    ratio = np.vdot(n, gradient) / np.vdot(n, n)
    return ratio, np.linalg.norm(gradient - ratio * n) / np.linalg.norm(gradient)


def factors_recursively(weights, biases, x, gradient):
    def walk(i, values):
        if i == len(weights):
            return gradient, []
        y = 1 / (1 + np.exp(-(values @ weights[i] + biases[i])))
        arrived, factors = walk(i + 1, y)
        passed = (arrived * (y - y * y)) @ weights[i].T
        return passed, [np.linalg.norm(passed) / np.linalg.norm(arrived), *factors]

    return walk(0, x)[1]


def factors_from_lengths(weights, biases, x, gradient):
    outputs = [x]
    for weight, bias in zip(weights, biases, strict=True):
        outputs.append(1 / (1 + np.exp(-(outputs[-1] @ weight + bias))))
    lengths = [np.sqrt((gradient**2).sum())]
    for i in range(len(weights) - 1, -1, -1):
        y = outputs[i + 1]
        gradient = np.einsum("no,io->ni", gradient * y * (1 - y), weights[i])
        lengths.insert(0, np.sqrt((gradient**2).sum()))
    return np.array(lengths[:-1]) / np.array(lengths[1:])


WRONG = {
    "ratio_to_differences": [ratio_spoiling_x, ratio_of_sums],
    "layer_factors": [factors_of_largest],
}
RIGHT = {
    "ratio_to_differences": [ratio_in_place, ratio_by_least_squares, ratio_put_back_by_adding],
    "layer_factors": [factors_recursively, factors_from_lengths],
}
