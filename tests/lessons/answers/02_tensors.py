"""Answers to the exercises of lesson 2, as students might write them."""

import numpy as np

import tinygrad_mlp as tg


def unbroadcast_by_reshaping(g, shape):
    if np.broadcast_shapes(g.shape, shape) != g.shape:
        raise ValueError("these shapes do not fit")
    padded = (1,) * (g.ndim - len(shape)) + tuple(shape)
    axes = tuple(d for d, (a, b) in enumerate(zip(g.shape, padded, strict=True)) if b == 1 != a)
    return g.sum(axis=axes, keepdims=True).reshape(shape)


def unbroadcast_by_counting_copies(g, shape):
    """Which place of the small array each number of g came from, and a sum for each place."""
    if np.broadcast_shapes(g.shape, shape) != g.shape:
        raise ValueError("these shapes do not fit")
    places = np.arange(int(np.prod(shape))).reshape(shape)
    came_from = np.broadcast_to(places, g.shape)
    sums = np.bincount(came_from.ravel(), weights=g.ravel(), minlength=places.size)
    return sums.reshape(shape)


def unbroadcast_by_summing_all(g, shape):
    return np.full(shape, g.sum())


def column_means_by_matrix(g, y, x):
    return np.ones((len(x), 1)) @ g[None, :] / x.shape[0]


def column_means_by_rows(g, y, x):
    return np.stack([g / len(x) for _ in range(len(x))])


def column_means_squared(g, y, x):
    return np.broadcast_to(g / len(x) ** 2, x.shape)


def linear_by_einsum(g, x, weight, bias):
    return (
        np.einsum("no,oi->ni", g, weight),
        np.einsum("no,ni->oi", g, x),
        np.einsum("no->o", g),
    )


def linear_with_b(g, x, weight, bias):
    b = weight.T
    return g @ b.T, (x.T @ g).T, np.ones(len(g)) @ g


def linear_bias_second(g, x, weight, bias):
    return g @ weight, g.sum(axis=0), g.T @ x


def linear_with_the_product_turned_around(g, x, weight, bias):
    return weight @ g, x @ g, g.sum(axis=0)


def logistic_in_place(x, labels, rate, steps):
    w = tg.tensor(np.zeros(x.shape[1]), requires_grad=True)
    b = tg.tensor(np.zeros(()), requires_grad=True)
    for _ in range(steps):
        p = (tg.tensor(x) @ w + b).sigmoid()
        (-(labels * p.log() + (1 - labels) * (1 - p).log()).mean()).backward()
        w -= rate * w.grad
        b -= rate * b.grad
    return w, b


def logistic_in_numpy(x, labels, rate, steps):
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        off = 1 / (1 + np.exp(-(x @ w + b))) - labels
        w, b = w - rate * x.T @ off / len(x), b - rate * off.mean()
    return w, np.asarray(b)


def logistic_clearing_grad(x, labels, rate, steps):
    w = tg.tensor(np.zeros(x.shape[1]), requires_grad=True)
    b = tg.tensor(np.zeros(()), requires_grad=True)
    for _ in range(steps):
        p = (tg.tensor(x) @ w + b).sigmoid()
        loss = -(labels * p.log() + (1 - labels) * (1 - p).log()).mean()
        w.grad = b.grad = None
        loss.backward()
        w.data = w.data - rate * w.grad.data
        b.data = b.data - rate * b.grad.data
    return w, b


WRONG = {
    "unbroadcast": [unbroadcast_by_summing_all],
    "column_means_rule": [column_means_squared],
    "linear_rules": [linear_bias_second, linear_with_the_product_turned_around],
    "fit_logistic": [logistic_in_place],
}
RIGHT = {
    "unbroadcast": [unbroadcast_by_reshaping, unbroadcast_by_counting_copies],
    "column_means_rule": [column_means_by_matrix, column_means_by_rows],
    "linear_rules": [linear_by_einsum, linear_with_b],
    "fit_logistic": [logistic_in_numpy, logistic_clearing_grad],
}
