"""How the exercises of lesson 4 are judged."""

import sys
import tracemalloc

import numpy as np

from lessons.checking import Exercise, Mistake

rng = np.random.default_rng(4)

# --------------------------------------------------------------------------- squared_distances

PAIRS = [
    (rng.normal(0.3, 1, (3, 5)), rng.normal(-0.2, 2, (4, 5))),
    (rng.normal(1, 1, (6, 2)), rng.normal(0, 1, (2, 2))),
]


def steps_in_python(call):
    """How many lines and calls of Python run: a loop over rows takes more where there are more."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event in ("line", "call")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def memory_used(call):
    """The largest amount of memory, in bytes, that was in use at a time."""
    was_on = tracemalloc.is_tracing()
    if not was_on:
        tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    call()
    peak = tracemalloc.get_traced_memory()[1]
    if not was_on:
        tracemalloc.stop()
    return peak - before


def takes_rows_one_by_one(answer):
    counts = []
    for m, n in ((5, 6), (45, 6), (5, 46)):
        a, b = np.ones((m, 7)), np.ones((n, 7))
        answer(a, b)  # the first call may do what later ones need not
        counts.append(steps_in_python(lambda a=a, b=b: answer(a, b)))
    return max(counts) - min(counts) >= 40


def makes_three_axes(answer):
    """120 and 100 rows of 80: with three axes 7.7 MB, with two at most 0.1 MB."""
    a, b = np.ones((120, 80)), np.ones((100, 80))
    return memory_used(lambda: answer(a, b)) > 3_000_000


def observe_distances(answer):
    found = [answer(a.copy(), b.copy()) for a, b in PAIRS]
    return [*found, takes_rows_one_by_one(answer), makes_three_axes(answer)]


def squared(a, b):
    """A correct version, for the wrong ones to use."""
    return (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)


def distances_with_three_axes(a, b):
    return ((a[:, None] - b) ** 2).sum(axis=2)


def distances_row_by_row(a, b):
    return np.stack([((row - b) ** 2).sum(axis=1) for row in a])


def distances_with_a_root(a, b):
    return np.sqrt(np.maximum(squared(a, b), 0))


def distances_without_the_two(a, b):
    return (a**2).sum(axis=1)[:, None] - a @ b.T + (b**2).sum(axis=1)


def distances_transposed(a, b):
    return squared(b, a)


def distances_without_own_squares(a, b):
    return (b**2).sum(axis=1) - 2 * a @ b.T


def distances_as_means(a, b):
    return squared(a, b) / a.shape[1]


# ------------------------------------------------------------------------- precision_and_recall

CONFUSIONS = [
    np.array([[50, 3, 7], [1, 20, 0], [12, 5, 31]]),
    # The third class is never answered, the second never occurs.
    np.array([[8, 2, 0, 1], [0, 0, 0, 0], [5, 1, 0, 3], [2, 4, 0, 9]]),
]


def observe_shares(answer):
    return [answer(confusion.copy()) for confusion in CONFUSIONS]


def shares_swapped(confusion):
    right = np.diagonal(confusion)
    of_rows = right / np.maximum(confusion.sum(axis=1), 1)
    return of_rows, right / np.maximum(confusion.sum(axis=0), 1)


def shares_of_everything(confusion):
    share = np.diagonal(confusion) / confusion.sum()
    return share, share


def shares_with_nan(confusion):
    right = np.diagonal(confusion)
    return right / confusion.sum(axis=0), right / confusion.sum(axis=1)


# ----------------------------------------------------------------------------------------- vote

# In many rows labels above 4 are nearer than those below, so that breaking ties by label shows.
LABELS = np.array([7, 2, 9, 2, 7, 9, 5, 3])
DISTANCES = np.array(
    [
        [0.5, 1.0, 3.0, 1.5, 2.0, 4.0, 6.0, 5.0],  # 7 2 2 7: a tie of four, 7 is nearest
        [4.0, 0.2, 0.1, 3.0, 2.0, 0.3, 5.0, 6.0],  # 9 2 9 7
        [3.0, 4.0, 0.9, 5.0, 1.1, 2.0, 1.0, 6.0],  # 9 5 7 9
        [2.0, 6.0, 5.0, 3.0, 4.0, 7.0, 0.4, 0.6],  # 5 3 7 2: all tied
        [1.2, 0.8, 7.0, 0.9, 1.1, 6.0, 3.0, 2.0],  # 2 2 7 7: a tie of four, 2 is nearest
        [0.1, 0.3, 6.0, 0.2, 5.0, 7.0, 4.0, 0.9],  # 7 2 2 3: the nearest is outvoted
        [1.3, 1.1, 1.0, 1.2, 1.4, 6.0, 7.0, 5.0],  # 9 2 2 7 7: the nearest is not among the tied
    ]
)


def observe_votes(answer):
    return [answer(DISTANCES.copy(), LABELS.copy(), k) for k in (1, 3, 4, 5)]


def vote_with_smallest_label_at_ties(distances, labels, k):
    nearest = labels[np.argsort(distances, axis=1)[:, :k]]
    return np.array([np.bincount(row, minlength=10).argmax() for row in nearest])


def vote_of_the_nearest_alone(distances, labels, k):
    return labels[np.argmin(distances, axis=1)]


def vote_of_the_nearest_at_ties(distances, labels, k):
    answers = []
    for row in labels[np.argsort(distances, axis=1)[:, :k]]:
        votes = np.bincount(row, minlength=10)
        is_tied = np.sum(votes == votes.max()) > 1
        answers.append(row[0] if is_tied else votes.argmax())
    return np.array(answers)


def vote_by_closeness(distances, labels, k):
    order = np.argsort(distances, axis=1)[:, :k]
    rows = zip(labels[order], np.take_along_axis(distances, order, axis=1), strict=True)
    return np.array([np.bincount(row, weights=1 / d, minlength=10).argmax() for row, d in rows])


def vote_of_the_farthest(distances, labels, k):
    nearest = labels[np.argsort(-distances, axis=1)[:, :k]]
    answers = []
    for row in nearest:
        votes = np.bincount(row, minlength=10)
        answers.append(next(label for label in row if votes[label] == votes.max()))
    return np.array(answers)


def vote_with_positions(distances, labels, k):
    nearest = np.argsort(distances, axis=1)[:, :k]
    return np.array([np.bincount(row, minlength=10).argmax() for row in nearest])


EXERCISES = [
    Exercise(
        "squared_distances",
        observe=observe_distances,
        hint="Write down the three terms with their shapes: (m, 1), (m, n) and (1, n).",
        mistakes=[
            Mistake(
                distances_with_three_axes,
                "The values are right, but an array of three axes is made on the way, which is far "
                "too large for real images. Multiply out (x - y)^2.",
            ),
            Mistake(
                distances_row_by_row,
                "The values are right, but you take the rows one by one. Multiply out (x - y)^2, "
                "and one matrix product does it for all rows.",
            ),
            Mistake(distances_with_a_root, "We want the squared distance: do not take the root."),
            Mistake(
                distances_without_the_two,
                "The middle term of (x - y)^2 is 2 x y; the factor 2 is missing.",
            ),
            Mistake(
                distances_transposed,
                "Rows and columns are swapped: row i belongs to a[i], column j to b[j].",
            ),
            Mistake(
                distances_without_own_squares,
                "The squares of a are missing. They do not change which b is nearest, so a "
                "classifier would not notice; but the distances themselves do change.",
            ),
            Mistake(
                distances_as_means,
                "You took the mean over the d numbers of a row; we want their sum.",
            ),
        ],
    ),
    Exercise(
        "precision_and_recall",
        observe=observe_shares,
        hint="The numerator is the diagonal. The denominator is the sum of a row or of a column.",
        mistakes=[
            Mistake(
                shares_swapped,
                "The two are swapped. Precision is about what was answered: a column.",
            ),
            Mistake(
                shares_of_everything,
                "You divided by the number of all images; divide by the sum of a row or a column.",
            ),
            Mistake(
                shares_with_nan,
                "A class that never occurs, or is never answered, gives 0 / 0. It must become 0.",
            ),
        ],
    ),
    Exercise(
        "vote",
        observe=observe_votes,
        hint="Sort each row by distance, take the labels of the first k, count, then handle ties.",
        mistakes=[
            Mistake(
                vote_with_smallest_label_at_ties,
                "At a tie your answer is the smallest label (argmax takes the first). It should be "
                "the tied label that has the nearest neighbour.",
            ),
            Mistake(
                vote_of_the_nearest_at_ties,
                "At a tie you take the nearest of all k, which may not be one of the tied labels. "
                "Take the nearest neighbour whose label is tied.",
            ),
            Mistake(
                vote_by_closeness,
                "Nearer neighbours have more votes here. Each of the k has one, and the distance "
                "only decides ties.",
            ),
            Mistake(vote_of_the_nearest_alone, "Only the nearest one votes; k of them should."),
            Mistake(vote_of_the_farthest, "These are the k farthest. Small distances are near."),
            Mistake(
                vote_with_positions,
                "You counted the positions of the neighbours; look up their labels first.",
            ),
        ],
    ),
]
