"""Answers to the exercises of lesson 9, as students might write them."""

import math

import numpy as np


def binary_by_two_cases(scores, targets):
    losses = np.empty(len(scores))
    for i, (s, t) in enumerate(zip(scores, targets, strict=True)):
        if s > 0:
            losses[i] = math.log1p(math.exp(-s)) + (1 - t) * s
        else:
            losses[i] = math.log1p(math.exp(s)) - t * s
    return losses


def binary_by_logaddexp(scores, targets):
    return targets * np.logaddexp(0, -scores) + (1 - targets) * np.logaddexp(0, scores)


def binary_as_two_classes(scores, targets):
    both = np.stack([np.zeros_like(scores), scores], axis=1)
    m = both.max(axis=1)
    log_sum = m + np.log(np.exp(both - m[:, None]).sum(axis=1))
    return log_sum - targets * scores


def binary_with_a_tiny_number(scores, targets):
    p = 1 / (1 + np.exp(-scores))
    return -(targets * np.log(p + 1e-9) + (1 - targets) * np.log(1 - p + 1e-9))


def binary_safe_on_one_side(scores, targets):
    """No overflow for large scores, but for small ones."""
    return (1 - targets) * scores + np.log(1 + np.exp(-scores))


def binary_without_the_absolute_value(scores, targets):
    return np.maximum(scores, 0) - targets * scores + np.log1p(np.exp(-scores))


def binary_in_bits(scores, targets):
    return (np.logaddexp(0, scores) - targets * scores) / np.log(2)


def binary_squared(scores, targets):
    return (1 / (1 + np.exp(-scores)) - targets) ** 2


def smoothed_example_by_example(scores, labels, smoothing):
    n, classes = scores.shape
    gradient = np.zeros((n, classes))
    for i in range(n):
        e = np.exp(scores[i] - max(scores[i]))
        gradient[i] = e / e.sum() - smoothing / classes
        gradient[i, labels[i]] -= 1 - smoothing
    return gradient / n


def smoothed_by_log_softmax(scores, labels, smoothing):
    m = scores.max(1)[:, None]
    log_p = scores - m - np.log(np.sum(np.exp(scores - m), 1))[:, None]
    is_label = np.arange(scores.shape[1]) == np.asarray(labels)[:, None]
    plain, even = is_label.astype(float), np.full_like(scores, 1 / scores.shape[1])
    wanted = plain + smoothing * (even - plain)
    return (np.exp(log_p) - wanted) / len(labels)


def smoothed_probabilities(scores, labels, smoothing):
    """The scores' probabilities are smoothed, not the targets."""
    n, classes = scores.shape
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return ((1 - smoothing) * p + smoothing / classes - np.eye(classes)[labels]) / n


def smoothed_by_a_hundred(scores, labels, smoothing):
    """Takes the share for a percentage."""
    return smoothed_example_by_example(scores, labels, smoothing / 100)


def smoothed_of_ten_classes(scores, labels, smoothing):
    n, classes = scores.shape
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    q = (1 - smoothing) * np.eye(classes)[labels] + smoothing / 10
    return (e / e.sum(axis=1, keepdims=True) - q) / n


def smoothed_in_place(scores, labels, smoothing):
    """Works on the scores that it was given."""
    n, classes = scores.shape
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    scores -= smoothing / classes
    scores[np.arange(n), labels] -= 1 - smoothing
    scores /= n
    return scores


def smoothed_with_the_other_share(scores, labels, smoothing):
    return smoothed_example_by_example(scores, labels, 1 - smoothing)


WRONG = {
    "binary_cross_entropy": [
        binary_with_a_tiny_number,
        binary_safe_on_one_side,
        binary_without_the_absolute_value,
        binary_in_bits,
        binary_squared,
    ],
    "smoothed_gradient": [
        smoothed_probabilities,
        smoothed_by_a_hundred,
        smoothed_of_ten_classes,
        smoothed_in_place,
        smoothed_with_the_other_share,
    ],
}
RIGHT = {
    "binary_cross_entropy": [binary_by_two_cases, binary_by_logaddexp, binary_as_two_classes],
    "smoothed_gradient": [smoothed_example_by_example, smoothed_by_log_softmax],
}
