"""Answers to the exercises of lesson 4."""

import numpy as np


def squared_distances(a, b):
    """The squared distance between every row of a and every row of b.

    The sum of (x - y)^2 is the sum of x^2, minus twice the sum of x y, plus the sum of y^2. The
    first is one number for each row of a, a column (m, 1). The last is one number for each row of
    b, a row (1, n). The middle term is the matrix product a @ b.T of shape (m, n). Broadcasting
    adds the three.

    The price: where two rows are nearly equal, large numbers cancel, and the last digits are lost.
    """
    of_a = np.sum(a**2, axis=1)[:, None]
    of_b = np.sum(b**2, axis=1)[None, :]
    return of_a - 2 * a @ b.T + of_b


def precision_and_recall(confusion):
    """Two shares for each class, from a confusion matrix.

    The numerator of both is the number of right answers, the diagonal. For precision it is divided
    by everything that was answered with the class, its column; for recall by everything that
    belongs to the class, its row. An empty row or column has a 0 on the diagonal too, so dividing
    by 1 instead of by 0 gives the 0 that we want.
    """
    right = np.diagonal(confusion)
    answered = confusion.sum(axis=0)
    true = confusion.sum(axis=1)
    return right / np.maximum(answered, 1), right / np.maximum(true, 1)


def vote(distances, labels, k):
    """The answer of the k nearest neighbours.

    The neighbours are sorted, so the first one whose label has the most votes is the nearest among
    the tied labels.
    """
    answers = []
    for row in distances:
        nearest = labels[np.argsort(row)[:k]]
        votes = np.bincount(nearest, minlength=10)
        for label in nearest:
            if votes[label] == votes.max():
                answers.append(label)
                break
    return np.array(answers)
