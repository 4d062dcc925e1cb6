"""Answers to the exercises of lesson 5, as students might write them."""

import numpy as np


class LayerOfRows:
    def __init__(self, inputs, outputs, rng):
        bound = inputs**-0.5
        self.weight = rng.uniform(low=-bound, high=bound, size=(outputs, inputs))
        self.bias = rng.uniform(low=-bound, high=bound, size=(outputs,))

    def __call__(self, x):
        return self.bias + x @ self.weight.T


class LayerByScaling:
    def __init__(self, inputs, outputs, rng):
        self.inputs = inputs
        self.weight = rng.uniform(-1, 1, (outputs, inputs)) / np.sqrt(inputs)
        self.bias = rng.uniform(-1, 1, (outputs,)) / np.sqrt(inputs)

    def __call__(self, x):
        y = x @ self.weight.T
        return y + self.bias


def means_by_one_hot(x, labels, classes):
    one_hot = np.eye(classes)[labels]
    means = one_hot.T @ x / one_hot.sum(axis=0)[:, None]
    return (means + means).T, -(means**2).sum(1)


def means_by_loop(x, labels, classes):
    weights, biases = np.empty((x.shape[1], classes)), np.empty(classes)
    for k in range(classes):
        mean = np.mean([row for row, label in zip(x, labels, strict=True) if label == k], axis=0)
        weights[:, k] = 2 * mean
        biases[k] = -(mean @ mean)
    return weights, biases


def merged_from_the_end(layers):
    weights, biases = layers[-1]
    for more, more_biases in reversed(layers[:-1]):
        weights, biases = more @ weights, more_biases @ weights + biases
    return weights, biases


def merged_by_probing(layers):
    def forward(x):
        for weights, biases in layers:
            x = x @ weights + biases
        return x

    inputs = layers[0][0].shape[0]
    biases = forward(np.zeros(inputs))
    return forward(np.eye(inputs)) - biases, biases


WRONG = {}
RIGHT = {
    "Layer": [LayerOfRows, LayerByScaling],
    "layer_from_means": [means_by_one_hot, means_by_loop],
    "merged": [merged_from_the_end, merged_by_probing],
}
