"""Answers to the exercises of lesson 13, as students might write them."""

import math

import numpy as np

# --------------------------------------------------------------------------------------- per_epoch


def as_it_is(running):
    return running


def differences_of_neighbours(running):
    return running[1:] - running[:-1]


def multiplied_only(running):
    return running * np.arange(1, len(running) + 1)


def mirrored_about_the_mean(running):
    return np.concatenate([running[:1], 2 * running[1:] - running[:-1]])


def written_over_the_argument(running):
    running *= np.arange(len(running))
    return np.diff(running, prepend=0.0)


def epoch_by_epoch(running):
    found, total = [], 0.0
    for k, mean in enumerate(running, 1):
        found.append(k * mean - total)
        total += found[-1]
    return np.array(found)


def by_the_step_of_the_mean(running):
    """Epoch k moved the mean by its distance to the earlier mean, divided by k."""
    earlier = np.concatenate([[0.0], running[:-1]])
    return earlier + np.arange(1, len(running) + 1) * (running - earlier)


# -------------------------------------------------------------------------------------- whole_loss


def all_but_the_last(losses, sizes):
    return np.average(losses[:-1], weights=sizes[:-1])


def weights_upside_down(losses, sizes):
    return np.average(losses, weights=1 / sizes)


def median_of_batches(losses, sizes):
    return np.median(losses)


def running_mean(losses, sizes):
    return np.cumsum(losses * sizes) / np.cumsum(sizes)


def weighted_average(losses, sizes):
    return np.average(losses, weights=sizes)


def example_by_example(losses, sizes):
    return np.repeat(losses, sizes).mean()


# ----------------------------------------------------------------------------------------- best_of


def rank_k(scores, k):
    return np.sort(scores)[-k]


def plain_mean(scores, k):
    return np.mean(scores)


def drawn_at_random(scores, k):
    rng = np.random.default_rng(0)
    return np.mean([rng.choice(scores, k, replace=False).max() for _ in range(300)])


def by_ranks(scores, k):
    ways = [math.comb(i, k - 1) for i in range(len(scores))]
    return np.dot(np.sort(scores), ways) / math.comb(len(scores), k)


def off_by_one_rank(scores, k):
    ways = [math.comb(i - 1, k - 1) if i else 0 for i in range(len(scores))]
    return np.dot(np.sort(scores), ways) / math.comb(len(scores), k)


def not_sorted(scores, k):
    ways = [math.comb(i, k - 1) for i in range(len(scores))]
    return np.dot(scores, ways) / math.comb(len(scores), k)


def best_first(scores, k):
    """The best run is in k of n choices; if not, the same question without it."""
    total, left = 0.0, 1.0
    ordered = sorted(scores, reverse=True)
    for i, score in enumerate(ordered[: len(scores) - k + 1]):
        chance = k / (len(scores) - i)
        total += left * chance * score
        left *= 1 - chance
    return total


WRONG = {
    "per_epoch": [
        as_it_is,
        differences_of_neighbours,
        multiplied_only,
        mirrored_about_the_mean,
        written_over_the_argument,
    ],
    "whole_loss": [all_but_the_last, weights_upside_down, median_of_batches, running_mean],
    "best_of": [rank_k, plain_mean, drawn_at_random, off_by_one_rank, not_sorted],
}
RIGHT = {
    "per_epoch": [epoch_by_epoch, by_the_step_of_the_mean],
    "whole_loss": [weighted_average, example_by_example],
    "best_of": [by_ranks, best_first],
}
