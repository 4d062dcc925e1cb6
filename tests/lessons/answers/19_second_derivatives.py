"""Answers to the exercises of lesson 19, as students might write them."""

import numpy as np

import tinygrad_mlp as tg


def gaussian_by_formula(g, y, x):
    """e ** (-x ** 2) again, from x alone, with an op that takes arrays and tensors."""
    return -2 * g * x * tg.exp(-x * x)


def gaussian_in_another_order(g, y, x):
    return -(x + x) * (y * g)


def downhill_by_loop(g, H, smallest):
    values, vectors = np.linalg.eigh(H)
    step = np.zeros(len(g))
    for value, q in zip(values, vectors.T, strict=True):
        step -= q * (q @ g) / max(abs(value), smallest)
    return step


def downhill_by_matrix(g, H, smallest):
    values, vectors = np.linalg.eig((H + H.T) / 2)
    values, vectors = values.real, vectors.real
    vectors, _ = np.linalg.qr(vectors)
    sizes = np.clip(np.abs(np.diag(vectors.T @ H @ vectors)), smallest, None)
    return -(vectors * (1 / sizes)) @ vectors.T @ g


def lowest_by_building_the_matrix(product, n, largest):
    H = np.stack([product(unit) for unit in np.eye(n)])
    return np.linalg.eigvalsh((H + H.T) / 2)[0]


def lowest_by_squaring_the_shift(product, n, largest):
    v = np.random.default_rng(5).normal(size=n)
    for _ in range(500):
        v = v / np.sqrt(v @ v)
        for _ in range(2):
            v = largest * v - product(v)
    v = v / np.sqrt(v @ v)
    return v @ product(v)


def lowest_by_one_product(product, n, largest):
    v = np.ones(n) / np.sqrt(n)
    return float(v @ product(v))


def lowest_as_minus_the_largest(product, n, largest):
    return -largest


WRONG = {"most_negative_curvature": [lowest_by_one_product, lowest_as_minus_the_largest]}
RIGHT = {
    "gaussian_rule": [gaussian_by_formula, gaussian_in_another_order],
    "downhill_newton_step": [downhill_by_loop, downhill_by_matrix],
    "most_negative_curvature": [lowest_by_building_the_matrix, lowest_by_squaring_the_shift],
}
