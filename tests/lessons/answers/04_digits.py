"""Answers to the exercises of lesson 4, as students might write them."""

import numpy as np

# -------------------------------------------------------------------------- squared_distances


def distances_in_two_loops(a, b):
    return np.array([[np.sum((x - y) ** 2) for y in b] for x in a])


def distances_in_a_loop_by_number(a, b):
    found = np.zeros((len(a), len(b)))
    for i in range(len(a)):
        found[i] = np.sum((a[i] - b) ** 2, axis=1)
    return found


def distances_in_a_loop_over_the_other(a, b):
    return np.stack([np.sum((a - row) ** 2, axis=1) for row in np.asarray(b)], axis=1)


def distances_by_apply(a, b):
    a = np.array(a)  # a copy is a loop all the same
    return np.apply_along_axis(lambda row: np.sum((row - b) ** 2, axis=1), 1, a)


def distances_by_map(a, b):
    return np.array(list(map(lambda row: ((row - b) ** 2).sum(axis=1), a)))  # noqa: C417


def distances_vectorised(a, b):
    def one(i, j):
        return ((a[i] - b[j]) ** 2).sum()

    return np.vectorize(one)(np.arange(len(a))[:, None], np.arange(len(b)))


def distances_of_copies_with_three_axes(a, b):
    a, b = np.asarray(a), np.asarray(b)
    return np.linalg.norm(a[:, np.newaxis] - b[np.newaxis], axis=-1) ** 2


def distances_with_plus(a, b):
    return (a**2).sum(axis=1, keepdims=True) + 2 * a @ b.T + (b**2).sum(axis=1)


def distances_by_einsum(a, b):
    of_a, of_b = np.einsum("ij,ij->i", a, a), np.einsum("ij,ij->i", b, b)
    return np.add.outer(of_a, of_b) - 2 * np.einsum("ik,jk->ij", a, b)


def distances_in_steps(a, b):
    found = -2.0 * np.dot(a, np.transpose(b))
    found += np.sum(np.square(a), axis=1, keepdims=True)
    found += np.sum(np.square(b), axis=1)
    return found


# ----------------------------------------------------------------------- precision_and_recall


def shares_of_the_transposed(confusion):
    confusion = confusion.T
    right = np.diag(confusion)
    return right / np.maximum(confusion.sum(axis=0), 1), right / np.maximum(confusion.sum(1), 1)


def shares_with_a_small_number(confusion):
    right = np.diag(confusion)
    return right / (confusion.sum(axis=0) + 0.01), right / (confusion.sum(axis=1) + 0.01)


def shares_that_are_one_where_empty(confusion):
    right, columns, rows = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    with np.errstate(all="ignore"):
        return (
            np.where(columns == 0, 1, right / columns),
            np.where(rows == 0, 1, right / rows),
        )


def shares_as_one_mean(confusion):
    right = np.diag(confusion)
    return np.mean(right / np.maximum(confusion.sum(axis=0), 1)), np.mean(
        right / np.maximum(confusion.sum(axis=1), 1)
    )


def shares_with_nan_to_num(confusion):
    with np.errstate(all="ignore"):
        right = np.diag(confusion)
        return np.nan_to_num(right / confusion.sum(0)), np.nan_to_num(right / confusion.sum(1))


def shares_in_a_loop(confusion):
    precision, recall = np.zeros(len(confusion)), np.zeros(len(confusion))
    for i in range(len(confusion)):
        if answered := confusion[:, i].sum():
            precision[i] = confusion[i, i] / answered
        if true := confusion[i].sum():
            recall[i] = confusion[i, i] / true
    return precision, recall


# --------------------------------------------------------------------------------------- vote


def vote_without_k(distances, labels, k):
    return vote_by_a_key(distances, labels, len(labels))


def vote_with_one_too_many(distances, labels, k):
    return vote_by_a_key(distances, labels, k + 1)


def vote_with_largest_label_at_ties(distances, labels, k):
    nearest = labels[np.argsort(distances, axis=1)[:, :k]]
    counts = [np.bincount(row, minlength=10) for row in nearest]
    return np.array([np.flatnonzero(row == row.max())[-1] for row in counts])


def vote_by_mean_label(distances, labels, k):
    nearest = labels[np.argsort(distances, axis=1)[:, :k]]
    return np.round(nearest.mean(axis=1)).astype(int)


def vote_by_the_sum_of_distances(distances, labels, k):
    """At a tie, the label whose votes are nearest in sum."""
    found = []
    for row in distances:
        near = np.argsort(row)[:k]
        votes = np.bincount(labels[near], minlength=10)
        sums = np.bincount(labels[near], weights=row[near], minlength=10)
        tied = np.flatnonzero(votes == votes.max())
        found.append(tied[np.argmin(sums[tied])])
    return np.array(found)


def vote_by_a_key(distances, labels, k):
    found = []
    for row in distances:
        near = [labels[i] for i in sorted(range(len(row)), key=lambda i: row[i])[:k]]
        found.append(max(near, key=near.count))  # of equals, max keeps the first
    return np.array(found)


def vote_by_subtracting(distances, labels, k):
    """A tie is decided by a millionth of a vote for being near."""
    order = np.argsort(distances, axis=1)[:, :k]
    found = []
    for near in labels[order]:
        votes = np.bincount(near, minlength=10).astype(float)
        for place, label in reversed(list(enumerate(near))):
            votes[label] = np.floor(votes[label]) + (k - place) * 1e-6
        found.append(votes.argmax())
    return np.array(found)


WRONG = {
    "squared_distances": [
        distances_in_two_loops,
        distances_in_a_loop_by_number,
        distances_in_a_loop_over_the_other,
        distances_by_apply,
        distances_by_map,
        distances_vectorised,
        distances_of_copies_with_three_axes,
        distances_with_plus,
    ],
    "precision_and_recall": [
        shares_of_the_transposed,
        shares_with_a_small_number,
        shares_that_are_one_where_empty,
        shares_as_one_mean,
    ],
    "vote": [
        vote_without_k,
        vote_with_one_too_many,
        vote_with_largest_label_at_ties,
        vote_by_mean_label,
        vote_by_the_sum_of_distances,
    ],
}
RIGHT = {
    "squared_distances": [distances_by_einsum, distances_in_steps],
    "precision_and_recall": [shares_with_nan_to_num, shares_in_a_loop],
    "vote": [vote_by_a_key, vote_by_subtracting],
}
