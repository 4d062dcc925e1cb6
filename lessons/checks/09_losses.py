"""How the exercises of lesson 9 are judged."""

import numpy as np

from lessons.checking import Exercise, Mistake

# ------------------------------------------------------------------------ binary_cross_entropy

SMALL = np.array([0.4, -1.7, 2.9, -0.6, 5.1, -3.3])
SMALL_TARGETS = np.array([1.0, 0.0, 0.0, 1.0, 0.3, 0.85])
LARGE = np.array([1000.0, -1000.0, 900.0, -800.0, 45.0])
LARGE_TARGETS = np.array([0.0, 1.0, 1.0, 0.25, 0.6])


def observe_binary(answer):
    found = [answer(SMALL, SMALL_TARGETS), answer(LARGE, LARGE_TARGETS)]
    return [*found, SMALL, SMALL_TARGETS]  # which must not have changed


def binary_naive(scores, targets):
    p = 1 / (1 + np.exp(-scores))
    return -(targets * np.log(p) + (1 - targets) * np.log(1 - p))


def binary_clipped(scores, targets):
    p = np.clip(1 / (1 + np.exp(-scores)), 1e-12, 1 - 1e-12)
    return -(targets * np.log(p) + (1 - targets) * np.log(1 - p))


def binary_unshifted(scores, targets):
    return np.log(1 + np.exp(scores)) - targets * scores


def binary_exchanged(scores, targets):
    return np.maximum(scores, 0) - (1 - targets) * scores + np.log1p(np.exp(-np.abs(scores)))


def binary_ones_only(scores, targets):
    return targets * (np.maximum(-scores, 0) + np.log1p(np.exp(-np.abs(scores))))


def binary_mean(scores, targets):
    losses = np.maximum(scores, 0) - targets * scores + np.log1p(np.exp(-np.abs(scores)))
    return losses.mean()


def binary_of_signs(scores, targets):
    return np.where(targets > 0.5, np.logaddexp(0, -scores), np.logaddexp(0, scores))


def binary_negative(scores, targets):
    return targets * scores - np.logaddexp(0, scores)


def binary_in_place(scores, targets):
    losses = np.logaddexp(0, scores)
    scores *= targets
    return losses - scores


def binary_without_larger(scores, targets):
    return np.log1p(np.exp(-np.abs(scores))) - targets * scores


# --------------------------------------------------------------------------- smoothed_gradient

RNG = np.random.default_rng(8)
FIVE_BY_FOUR = RNG.normal(size=(5, 4))
THREE_BY_SEVEN = 2 * RNG.normal(size=(3, 7))
HUGE = np.array([[800.0, 2.0, -3.0], [0.5, -900.0, 1.0]])


def observe_smoothed(answer):
    found = [
        answer(FIVE_BY_FOUR, np.array([3, 0, 1, 1, 2]), 0.2),
        answer(THREE_BY_SEVEN, np.array([6, 2, 5]), 0.35),
        answer(HUGE, np.array([2, 0]), 0.1),
    ]
    return [*found, FIVE_BY_FOUR]  # which must not have changed


def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def smoothed_over_others(scores, labels, smoothing):
    n, classes = scores.shape
    hot = np.eye(classes)[labels]
    q = (1 - smoothing) * hot + smoothing / (classes - 1) * (1 - hot)
    return (softmax(scores) - q) / n


def smoothed_on_top(scores, labels, smoothing):
    n, classes = scores.shape
    return (softmax(scores) - np.eye(classes)[labels] - smoothing / classes) / n


def smoothed_sum(scores, labels, smoothing):
    classes = scores.shape[1]
    q = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    return softmax(scores) - q


def smoothed_naive(scores, labels, smoothing):
    n, classes = scores.shape
    e = np.exp(scores)
    q = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    return (e / e.sum(axis=1, keepdims=True) - q) / n


def smoothed_climbing(scores, labels, smoothing):
    n, classes = scores.shape
    q = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    return (q - softmax(scores)) / n


def not_smoothed(scores, labels, smoothing):
    n, classes = scores.shape
    return (softmax(scores) - np.eye(classes)[labels]) / n


def smoothed_in_rows(scores, labels, smoothing):
    n, classes = scores.shape
    q = np.full(scores.shape, smoothing / classes)
    q[labels] = 1 - smoothing
    return (softmax(scores) - q) / n


def smoothed_in_columns(scores, labels, smoothing):
    n, classes = scores.shape
    q = np.full(scores.shape, smoothing / classes)
    q[:, labels] = 1 - smoothing
    return (softmax(scores) - q) / n


def smoothed_on_top_of_columns(scores, labels, smoothing):
    n, classes = scores.shape
    q = np.full(scores.shape, smoothing / classes)
    q[:, labels] += 1 - smoothing
    return (softmax(scores) - q) / n


def smoothed_without_rest(scores, labels, smoothing):
    n, classes = scores.shape
    q = np.full(scores.shape, smoothing / classes)
    q[np.arange(n), labels] = 1 - smoothing
    return (softmax(scores) - q) / n


def not_spread(scores, labels, smoothing):
    n, classes = scores.shape
    return (softmax(scores) - (1 - smoothing) * np.eye(classes)[labels]) / n


def smoothed_over_scores(scores, labels, smoothing):
    classes = scores.shape[1]
    q = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    return (softmax(scores) - q) / scores.size


def smoothed_in_place(scores, labels, smoothing):
    n, classes = scores.shape
    scores -= scores.max(axis=1, keepdims=True)
    p = softmax(scores)
    q = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    return (p - q) / n


def smoothed_loss(scores, labels, smoothing):
    n, classes = scores.shape
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    q = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    return -(q * log_p).sum() / n


def smoothed_over_columns(scores, labels, smoothing):
    n, classes = scores.shape
    e = np.exp(scores - scores.max())
    q = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    return (e / e.sum() - q) / n


EXERCISES = [
    Exercise(
        "binary_cross_entropy",
        observe=observe_binary,
        hint="Write the loss as log(1 + e^s) - t s, and take max(s, 0) out of the logarithm.",
        mistakes=[
            Mistake(
                binary_naive,
                "Right for small scores. For large ones p is rounded to 0 or 1, and one of the "
                "logarithms is infinite. Insert the formula for p before you compute anything.",
            ),
            Mistake(
                binary_clipped,
                "Clipping p hides the infinity and gives a wrong loss: at s = -1000 and t = 1 it "
                "must be 1000. It also has no gradient where it clips.",
            ),
            Mistake(
                binary_unshifted,
                "The form is right, but e^s overflows for large s: log(1 + e^s) is "
                "max(s, 0) + log(1 + e^-|s|).",
            ),
            Mistake(binary_exchanged, "You swapped the targets: t = 1 must favour large scores."),
            Mistake(binary_ones_only, "The term with 1 - t is missing: t = 0 also has a loss."),
            Mistake(binary_mean, "Return the loss of each example, not their mean."),
            Mistake(
                binary_of_signs,
                "You treat each target as 0 or 1. Those in between need both terms, with t and "
                "with 1 - t.",
            ),
            Mistake(binary_negative, "The sign is wrong: a loss is 0 or more."),
            Mistake(binary_in_place, "You write into `scores`, which must stay as they are."),
            Mistake(
                binary_without_larger,
                "You took max(s, 0) out of the logarithm; it must then be added in front.",
            ),
        ],
    ),
    Exercise(
        "smoothed_gradient",
        observe=observe_smoothed,
        hint="With q = (1 - smoothing) * one-hot + smoothing / classes, the gradient is what you "
        "said minus what is true, divided by the number of examples.",
        mistakes=[
            Mistake(
                smoothed_over_others,
                "You spread the share over the wrong classes only. Here all classes get some of "
                "it, including the right one.",
            ),
            Mistake(
                smoothed_on_top,
                "You add the share without taking it from the right class: q must sum to 1.",
            ),
            Mistake(smoothed_sum, "The loss is a mean over the batch: divide by n."),
            Mistake(
                smoothed_naive,
                "e^800 overflows. Subtract the largest score of each row before the exponential.",
            ),
            Mistake(smoothed_climbing, "The sign is wrong: it is p - q."),
            Mistake(not_smoothed, "You did not use `smoothing`: the target is not one-hot here."),
            Mistake(
                smoothed_in_rows,
                "q[labels] picks whole rows of q, those with the numbers `labels`. Pick one class "
                "in each row: q[np.arange(n), labels].",
            ),
            Mistake(
                smoothed_in_columns,
                "q[:, labels] sets these classes for every example. Pick one class in each row: "
                "q[np.arange(n), labels].",
            ),
            Mistake(
                smoothed_on_top_of_columns,
                "q[:, labels] adds to these classes for every example. Pick one class in each row: "
                "q[np.arange(n), labels].",
            ),
            Mistake(
                smoothed_without_rest,
                "The right class has 1 - smoothing and, like all the others, its part of the "
                "share: add it.",
            ),
            Mistake(
                not_spread,
                "You take the share from the right class and give it to no class: q must sum to 1.",
            ),
            Mistake(
                smoothed_over_scores,
                "The mean is taken over the examples: divide by n, not by the number of scores.",
            ),
            Mistake(
                smoothed_in_place,
                "The gradient is right, but you write into `scores`, which must stay as they are.",
            ),
            Mistake(smoothed_loss, "This is the loss; its gradient is asked for."),
            Mistake(
                smoothed_over_columns,
                "Your softmax runs over the whole array. Each row is an example of its own: use "
                "axis=1 and keepdims=True.",
            ),
        ],
    ),
]
