"""Answers to the exercises of lesson 19, as students might write them."""

import numpy as np

import tinygrad_mlp as tg

# ------------------------------------------------------------------------------ gaussian_rule


def detached(g, y, x):
    x = x.detach() if isinstance(x, tg.Tensor) else x
    y = y.detach() if isinstance(y, tg.Tensor) else y
    return g * -2 * x * y


def inner_derivative_of_x(g, y, x):
    return g * y * -1


def gradient_detached(g, y, x):
    g = g.detach() if isinstance(g, tg.Tensor) else g
    return -2 * g * x * y


def half(g, y, x):
    return -g * x * y


def by_the_chain(g, y, x):
    outer, inner = y, -2 * x
    return g * outer * inner


def from_the_input(g, y, x):
    return -(x + x) * tg.exp(-x * x) * g


# ----------------------------------------------------------------------- downhill_newton_step


def sign_times_size(g, H, smallest):
    """A curvature of 0 has the sign 0, so there is no step along it."""
    e, Q = np.linalg.eigh(H)
    return -Q @ (np.sign(e) ** 2 * (Q.T @ g) / np.maximum(np.abs(e), smallest))


def divided_by_the_sign(g, H, smallest):
    e, Q = np.linalg.eigh(H)
    return -Q @ (Q.T @ g / (np.sign(e) * np.where(np.abs(e) < smallest, np.sign(e) * smallest, e)))


def smallest_added(g, H, smallest):
    e, Q = np.linalg.eigh(H)
    return -Q @ (Q.T @ g / (np.abs(e) + smallest))


def tiny_ones_left_out(g, H, smallest):
    e, Q = np.linalg.eigh(H)
    keep = np.abs(e) >= smallest
    return -Q[:, keep] @ (Q[:, keep].T @ g / np.abs(e[keep]))


def sign_kept(g, H, smallest):
    e, Q = np.linalg.eigh(H)
    return -Q @ (Q.T @ g / np.where(e < 0, np.minimum(e, -smallest), np.maximum(e, smallest)))


def direction_by_direction(g, H, smallest):
    step = np.zeros(len(g))
    e, Q = np.linalg.eigh(H)
    for size, q in zip(np.abs(e), Q.T, strict=True):
        step -= (q @ g) / max(size, smallest) * q
    return step


def with_a_matrix(g, H, smallest):
    e, Q = np.linalg.eigh(H)
    e = np.abs(e)
    e[e < smallest] = smallest
    return np.linalg.solve((Q * e) @ Q.T, -g)


# --------------------------------------------------------------------- most_negative_curvature


def iterate(product, n, times=1000):
    v = np.random.default_rng(1).normal(size=n)
    for _ in range(times):
        v = v / np.linalg.norm(v)
        v = product(v)
    return v / np.linalg.norm(v)


def size_instead_of_value(product, n, largest):
    v = iterate(lambda v: largest * v - product(v), n)
    return float(np.linalg.norm(product(v)))


def without_a_sign(product, n, largest):
    v = iterate(product, n)
    return -abs(float(v @ product(v)))


def too_few(product, n, largest):
    v = iterate(lambda v: largest * v - product(v), n, times=2)
    return float(v @ product(v))


def added_instead(product, n, largest):
    v = iterate(lambda v: largest * v + product(v), n)
    return float(v @ product(v))


def by_the_vector(product, n, largest):
    v = iterate(lambda v: largest * v - product(v), n)
    return float(v @ product(v))


def shifted_further(product, n, largest):
    v = iterate(lambda v: 1.5 * largest * v - product(v), n)
    return float(1.5 * largest - v @ (1.5 * largest * v - product(v)))


def with_the_matrix(product, n, largest):
    H = np.stack([product(row) for row in np.eye(n)])
    return float(np.linalg.eigvalsh(H)[0])


WRONG = {
    "gaussian_rule": [detached, inner_derivative_of_x, gradient_detached, half],
    "downhill_newton_step": [
        sign_times_size,
        divided_by_the_sign,
        smallest_added,
        tiny_ones_left_out,
        sign_kept,
    ],
    "most_negative_curvature": [size_instead_of_value, without_a_sign, too_few, added_instead],
}
RIGHT = {
    "gaussian_rule": [by_the_chain, from_the_input],
    "downhill_newton_step": [direction_by_direction, with_a_matrix],
    "most_negative_curvature": [by_the_vector, shifted_further, with_the_matrix],
}
