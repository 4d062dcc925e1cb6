"""How the exercises of lesson 11 are judged."""

import numpy as np

from lessons.checking import Exercise, Mistake

rng = np.random.default_rng(9)

# ------------------------------------------------------------------------- calibration_error

powers = rng.uniform(0.5, 6.0, size=(400, 1))
raw = rng.random((400, 10)) ** powers
PROBABILITIES = raw / raw.sum(axis=1, keepdims=True)
guesses = PROBABILITIES.argmax(axis=1)
LABELS = np.where(rng.random(400) < 0.6, guesses, rng.integers(0, 10, 400))
EDGES = np.array([0.0, 0.12, 0.2, 0.26, 0.31, 0.55, 0.93, 0.97, 1.0])
# Too sure in one group and too modest in another: without absolute values they would cancel.
SHARP = 0.9 * np.eye(10)[LABELS] + 0.01


def on_the_edges():
    """Images whose confidence is exactly that of an edge, the last one included."""
    confidence = np.array([0.5, 0.5, 0.625, 0.75, 0.75, 0.875, 1.0, 1.0])
    probabilities = np.repeat((1 - confidence)[:, None] / 9, 10, axis=1)
    probabilities[:, 3] = confidence
    labels = np.array([3, 1, 3, 5, 3, 3, 3, 0])
    return probabilities, labels, np.array([0.25, 0.5, 0.75, 1.0])


def observe_calibration(answer):
    return [
        answer(PROBABILITIES, LABELS, EDGES),
        answer(PROBABILITIES[:50], LABELS[:50], np.array([0.0, 0.2, 0.35, 1.0])),
        answer(SHARP[:30], LABELS[:30], np.array([0.1, 0.5, 0.905, 0.95])),
        answer(*on_the_edges()),
    ]


def groups(probabilities, labels, edges):
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    group = np.digitize(confidence, edges[1:-1])
    return confidence, right, [group == i for i in range(len(edges) - 1) if np.any(group == i)]


def unweighted(probabilities, labels, edges):
    confidence, right, inside = groups(probabilities, labels, edges)
    return np.mean([abs(confidence[i].mean() - right[i].mean()) for i in inside])


def signed(probabilities, labels, edges):
    confidence, right, inside = groups(probabilities, labels, edges)
    return sum(i.mean() * (confidence[i].mean() - right[i].mean()) for i in inside)


def of_the_true_digit(probabilities, labels, edges):
    _, right, _ = groups(probabilities, labels, edges)
    confidence = probabilities[np.arange(len(labels)), labels]
    group = np.digitize(confidence, edges[1:-1])
    inside = [group == i for i in range(len(edges) - 1) if np.any(group == i)]
    return sum(i.mean() * abs(confidence[i].mean() - right[i].mean()) for i in inside)


def image_by_image(probabilities, labels, edges):
    confidence, right, _ = groups(probabilities, labels, edges)
    return np.mean(np.abs(confidence - right))


def with_empty_groups(probabilities, labels, edges):
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    group = np.digitize(confidence, edges[1:-1])
    error = 0.0
    for i in range(len(edges) - 1):
        inside = group == i
        error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return error


def in_groups(probabilities, labels, group, count):
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    inside = [group == i for i in range(count) if np.any(group == i)]
    return sum(i.mean() * abs(confidence[i].mean() - right[i].mean()) for i in inside)


def without_the_last_edge(probabilities, labels, edges):
    group = np.digitize(probabilities.max(axis=1), edges) - 1
    return in_groups(probabilities, labels, group, len(edges) - 1)


def edges_in_the_group_below(probabilities, labels, edges):
    group = np.digitize(probabilities.max(axis=1), edges[1:-1], right=True)
    return in_groups(probabilities, labels, group, len(edges) - 1)


# -------------------------------------------------------------------------------------- shift

IMAGES = rng.uniform(0.2, 1.0, size=(6, 7, 9))
DOWN = np.array([2, -1, 0, 3, -2, 1])
RIGHT = np.array([-3, 2, 1, 0, -1, 2])


def observe_shift(answer):
    small = IMAGES[:2].astype(np.float32)
    before = small.copy()
    result = answer(small, DOWN[:2], RIGHT[:2])
    return [
        answer(IMAGES, DOWN, RIGHT),
        result,
        result.dtype == np.float32,
        np.array_equal(small, before),
    ]


def white(images, down, right):
    """A correct version, for the wrong ones to use."""
    result = np.zeros_like(images)
    height, width = images.shape[1:]
    for image, new, d, r in zip(images, result, down, right, strict=True):
        source = image[max(-d, 0) : height - max(d, 0), max(-r, 0) : width - max(r, 0)]
        new[max(d, 0) : height - max(-d, 0), max(r, 0) : width - max(-r, 0)] = source
    return result


def rolled(images, down, right):
    pairs = zip(images, down, right, strict=True)
    return np.stack([np.roll(image, (d, r), axis=(0, 1)) for image, d, r in pairs])


def other_way(images, down, right):
    return white(images, -down, -right)


def axes_swapped(images, down, right):
    return white(images, right, down)


def in_float64(images, down, right):
    return white(images.astype(np.float64), down, right)


def first_for_all(images, down, right):
    return white(images, np.full_like(down, down[0]), np.full_like(right, right[0]))


EXERCISES = [
    Exercise(
        "calibration_error",
        observe=observe_calibration,
        hint="Print confidence, share of right answers and number of images for each group, and "
        "work out one group by hand.",
        mistakes=[
            Mistake(unweighted, "All your groups count the same; weight each by its images."),
            Mistake(signed, "Without the absolute value, too sure and too modest cancel out."),
            Mistake(
                of_the_true_digit,
                "Confidence is the largest probability, not that of the true digit.",
            ),
            Mistake(
                image_by_image,
                "One image is right or wrong, never 70 % right: take means in each group first.",
            ),
            Mistake(
                without_the_last_edge,
                "An image whose confidence is exactly the last edge is in none of your groups; it "
                "belongs to the last one.",
            ),
            Mistake(
                edges_in_the_group_below,
                "A confidence that is exactly an edge belongs to the group that begins there.",
            ),
            Mistake(with_empty_groups, "The mean of an empty group is NaN: leave it out."),
        ],
    ),
    Exercise(
        "shift",
        observe=observe_shift,
        hint="Try one image of 3 x 4 whose pixels are 1 to 12, and print what comes out.",
        mistakes=[
            Mistake(rolled, "np.roll brings in on one side what left on the other; bring in 0."),
            Mistake(other_way, "Down and right are swapped for up and left: look at the sign."),
            Mistake(axes_swapped, "The first axis of an image counts rows: down, not right."),
            Mistake(first_for_all, "All your images move by the steps of the first one."),
            Mistake(
                in_float64,
                "The pixels are right, but float32 images come back as float64. Make the new array "
                "like the old one, with np.zeros_like.",
            ),
        ],
    ),
]
