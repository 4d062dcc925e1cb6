"""How the exercises of lesson 13 are judged."""

from math import comb

import numpy as np

from lessons.checking import Exercise, Mistake

rng = np.random.default_rng(10)

# ---------------------------------------------------------------------------------- per_epoch

TRUE = [rng.uniform(80, 99, size=n) for n in (7, 30, 2, 1)]
RUNNING = [np.cumsum(values) / np.arange(1, len(values) + 1) for values in TRUE]


def observe_per_epoch(answer):
    return [answer(running) for running in RUNNING]


def steps_only(running):
    return np.diff(running, prepend=0.0)


def averaged_again(running):
    return np.cumsum(running) / np.arange(1, len(running) + 1)


def counted_from_zero(running):
    return np.diff(running * np.arange(len(running)), prepend=0.0)


def same_count(running):
    count = np.arange(1, len(running) + 1)
    return count * np.diff(running, prepend=0.0)


def one_short(running):
    return np.diff(running * np.arange(1, len(running) + 1))


# --------------------------------------------------------------------------------- whole_loss

SIZES = [
    np.array([50, 50, 50]),
    np.array([64, 64, 64, 8]),
    np.array([3, 1, 7, 2, 9]),
    np.array([5]),
]
BATCH_LOSSES = [rng.uniform(0.05, 0.9, size=len(sizes)) for sizes in SIZES]


def observe_whole_loss(answer):
    pairs = zip(BATCH_LOSSES, SIZES, strict=True)
    return [answer(losses.copy(), sizes.copy()) for losses, sizes in pairs]


def mean_of_batches(losses, sizes):
    return np.mean(losses)


def last_batch(losses, sizes):
    return losses[-1]


def sum_of_all(losses, sizes):
    return np.sum(losses * sizes)


def over_batches(losses, sizes):
    return np.sum(losses * sizes) / len(sizes)


def first_size_for_all(losses, sizes):
    return np.sum(losses * sizes) / (sizes[0] * len(sizes))


def divided_in_the_loop(losses, sizes):
    total = 0.0
    for loss, size in zip(losses, sizes, strict=True):
        total = (total + loss * size) / size
    return total


def sums_taken_for_means(losses, sizes):
    return np.sum(losses) / np.sum(sizes)


# ------------------------------------------------------------------------------------ best_of

RUNS = rng.uniform(90, 96, size=40)
CASES = [(RUNS[:12], 3), (RUNS[:6], 2), (RUNS[:6], 5), (RUNS[:4], 4), (RUNS[:5], 1), (RUNS, 10)]


def observe_best_of(answer):
    return [answer(scores, k) for scores, k in CASES]


def best_of_all(scores, k):
    return max(scores)


def with_replacement(scores, k):
    # The mean of the best of k draws, each from all runs.
    ranks = np.arange(len(scores) + 1) / len(scores)
    return np.sum(np.sort(scores) * np.diff(ranks**k))


def mean_of_the_best(scores, k):
    return np.mean(np.sort(scores)[-k:])


def worst_of(scores, k):
    # How often each is the worst of a choice: the others come from those above it.
    ways = np.array([comb(i, k - 1) for i in range(len(scores))])
    return np.sort(scores)[::-1] @ ways / comb(len(scores), k)


def first_k(scores, k):
    return max(scores[:k])


def blocks(scores, k):
    return np.mean([max(scores[i : i + k]) for i in range(len(scores) - k + 1)])


def repeated_choices(scores, k):
    # As with itertools.combinations_with_replacement: the others are below it, or the run itself.
    ways = np.array([comb(i + k - 1, k - 1) for i in range(len(scores))])
    return np.sort(scores) @ ways / comb(len(scores) + k - 1, k)


def mean_of_choices(scores, k):
    return np.mean(scores)


EXERCISES = [
    Exercise(
        "per_epoch",
        observe=observe_per_epoch,
        hint="Invent three accuracies, compute their running averages by hand, and go back.",
        mistakes=[
            Mistake(steps_only, "These are differences of means; take differences of sums."),
            Mistake(averaged_again, "This averages the averages once more: the wrong direction."),
            Mistake(counted_from_zero, "The first printed mean is that of 1 epoch, not of 0."),
            Mistake(
                same_count,
                "Both your sums use the count k; the earlier sum is a mean times k - 1.",
            ),
            Mistake(one_short, "The first epoch is missing: before it, the sum is 0."),
        ],
    ),
    Exercise(
        "whole_loss",
        observe=observe_whole_loss,
        hint="Take a batch of 1 and a batch of 3 examples, and work out the loss of all 4 by hand.",
        mistakes=[
            Mistake(mean_of_batches, "All your batches count the same; weight each by its size."),
            Mistake(last_batch, "This is the loss of the last batch alone."),
            Mistake(sum_of_all, "This is the sum over all examples: divide it by their number."),
            Mistake(over_batches, "Divide by the number of examples, not of batches."),
            Mistake(
                first_size_for_all,
                "You divide as if all batches were as large as the first; the last may be smaller.",
            ),
            Mistake(
                divided_in_the_loop,
                "A division inside the loop divides the earlier losses again and again.",
            ),
            Mistake(
                sums_taken_for_means,
                "The losses are means already: multiply each by its size before you add them up.",
            ),
        ],
    ),
    Exercise(
        "best_of",
        observe=observe_best_of,
        hint="Sort the scores. With 1, 2, 3, 4 and k = 2 the best is once 2, twice 3, thrice 4. "
        "Count how often for any n and k; going through all choices takes too long.",
        mistakes=[
            Mistake(best_of_all, "This is the best of all runs; only k of them are tried."),
            Mistake(
                with_replacement,
                "In some of your choices the same run occurs twice; each can be chosen once.",
            ),
            Mistake(
                repeated_choices,
                "Your choices may hold a run twice: take combinations without replacement.",
            ),
            Mistake(mean_of_the_best, "This is the mean of the k best runs, not the best of k."),
            Mistake(worst_of, "You take the worst of each choice."),
            Mistake(first_k, "This is one choice, the first k runs; take the mean over all."),
            Mistake(
                blocks, "You only choose runs that stand side by side; there are more choices."
            ),
            Mistake(
                mean_of_choices,
                "You take the mean of each choice, which on average is the mean of all runs.",
            ),
        ],
    ),
]
