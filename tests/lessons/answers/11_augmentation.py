"""Answers to the exercises of lesson 11, as students might write them."""

from itertools import pairwise

import numpy as np

# ---------------------------------------------------------------------------- calibration_error


def one_difference_for_all(probabilities, labels, edges):
    confidence = probabilities.max(axis=1)
    return abs(confidence.mean() - (probabilities.argmax(axis=1) == labels).mean())


def sum_of_differences(probabilities, labels, edges):
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    total = 0.0
    for low, high in pairwise(edges):
        inside = (confidence >= low) & (confidence <= high)
        if inside.any():
            total += abs(confidence[inside].mean() - right[inside].mean())
    return total


def both_edges_belong(probabilities, labels, edges):
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    total = 0.0
    for low, high in pairwise(edges):
        inside = (confidence >= low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return total


def no_edge_belongs(probabilities, labels, edges):
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    total = 0.0
    for low, high in pairwise(edges):
        inside = (confidence > low) & (confidence < high)
        if inside.any():
            total += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return total


def squared_differences(probabilities, labels, edges):
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    group = np.digitize(confidence, edges[1:-1])
    total = 0.0
    for i in np.unique(group):
        inside = group == i
        total += inside.mean() * (confidence[inside].mean() - right[inside].mean()) ** 2
    return total


def middles_of_the_groups(probabilities, labels, edges):
    right = probabilities.argmax(axis=1) == labels
    group = np.digitize(probabilities.max(axis=1), edges[1:-1])
    middles = (edges[:-1] + edges[1:]) / 2
    total = 0.0
    for i in np.unique(group):
        inside = group == i
        total += inside.mean() * abs(middles[i] - right[inside].mean())
    return total


def by_sums(probabilities, labels, edges):
    """The share cancels against the mean: what is left are sums, divided once."""
    excess = probabilities.max(axis=1) - (probabilities.argmax(axis=1) == labels)
    group = np.digitize(probabilities.max(axis=1), edges[1:-1])
    return np.abs(np.bincount(group, excess)).sum() / len(labels)


def pair_by_pair(probabilities, labels, edges):
    confidence = np.max(probabilities, axis=1)
    right = np.argmax(probabilities, axis=1) == labels
    total = 0.0
    for i in range(len(edges) - 1):
        inside = [
            k
            for k, c in enumerate(confidence)
            if edges[i] <= c < edges[i + 1] or (i == len(edges) - 2 and c == edges[-1])
        ]
        if inside:
            difference = np.mean(confidence[inside]) - np.mean(right[inside])
            total += abs(difference) * len(inside)
    return total / len(labels)


# ---------------------------------------------------------------------------------------- shift


def edge_repeated(images, down, right):
    border = 4
    sheet = np.pad(images, ((0, 0), (border, border), (border, border)), mode="edge")
    height, width = images.shape[1:]
    return np.stack(
        [
            page[border - d : border - d + height, border - r : border - r + width]
            for page, d, r in zip(sheet, down, right, strict=True)
        ]
    )


def rolled_in_place(images, down, right):
    for i in range(len(images)):
        images[i] = np.roll(images[i], (down[i], right[i]), axis=(0, 1))
    return images


def only_down(images, down, right):
    result = np.zeros_like(images)
    height = images.shape[1]
    for i, d in enumerate(down):
        result[i, max(d, 0) : height + min(d, 0)] = images[i, max(-d, 0) : height - max(d, 0)]
    return result


def rolled_and_blanked_at_the_wrong_end(images, down, right):
    result = np.empty_like(images)
    for i, (d, r) in enumerate(zip(down, right, strict=True)):
        result[i] = np.roll(images[i], (d, r), axis=(0, 1))
        result[i, : abs(d)] = 0
        result[i, :, : abs(r)] = 0
    return result


def rolled_and_blanked(images, down, right):
    result = np.empty_like(images)
    for i, (d, r) in enumerate(zip(down, right, strict=True)):
        result[i] = np.roll(images[i], (d, r), axis=(0, 1))
        if d > 0:
            result[i, :d] = 0
        elif d < 0:
            result[i, d:] = 0
        if r > 0:
            result[i, :, :r] = 0
        elif r < 0:
            result[i, :, r:] = 0
    return result


def by_index(images, down, right):
    n, height, width = images.shape
    row = np.arange(height)[None, :, None] - down[:, None, None]
    column = np.arange(width)[None, None, :] - right[:, None, None]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    found = images[np.arange(n)[:, None, None], row % height, column % width]
    return np.where(inside, found, np.zeros((), images.dtype))


WRONG = {
    "calibration_error": [
        one_difference_for_all,
        sum_of_differences,
        both_edges_belong,
        no_edge_belongs,
        squared_differences,
        middles_of_the_groups,
    ],
    "shift": [edge_repeated, rolled_in_place, only_down, rolled_and_blanked_at_the_wrong_end],
}
RIGHT = {
    "calibration_error": [by_sums, pair_by_pair],
    "shift": [rolled_and_blanked, by_index],
}
