"""Answers to the exercises of lesson 19, with the reasons."""

import numpy as np


def gaussian_rule(g, y, x):
    """The derivative of e^(-x^2) is -2 x e^(-x^2), and the power is y.

    y is the output itself, a tensor with a record if x is one. So the second derivative goes
    through both y and x, as the product rule requires.
    """
    return g * (-2 * x * y)


def downhill_newton_step(g, H, smallest):
    """Go to the coordinates of the eigenvectors, divide there, and go back.

    With the eigenvectors as columns of Q, Q.T @ g gives the slope along each of them, and Q @ step
    goes back. Divided by a positive number and negated, every slope gives a step downhill. The
    idea comes from Dauphin and others, 2014.
    """
    curvatures, Q = np.linalg.eigh(H)
    sizes = np.maximum(np.abs(curvatures), smallest)
    return -Q @ (Q.T @ g / sizes)


def most_negative_curvature(product, n, largest):
    """Power iteration with largest * I - H.

    It has the eigenvectors of H, and an eigenvalue largest - e for each eigenvalue e of H. All of
    these are at least 0, and the largest of them belongs to the lowest e. So we subtract what we
    found from `largest` to get e.
    """
    v = np.random.default_rng(0).normal(size=n)
    found = 0.0
    for _ in range(1000):
        v = v / np.linalg.norm(v)
        turned = largest * v - product(v)
        found = v @ turned
        v = turned
    return float(largest - found)
