"""Answers to the exercises of lesson 14, as students might write them."""

import math

import numpy as np


def all_transposed_by_reshape_of_one(weights):
    """Only the first kernel is transposed."""
    first, bias, last, bias_2 = weights
    return {"1.weight": first.T, "1.bias": bias, "3.weight": last, "3.bias": bias_2}


def named_as_keras_does(weights):
    first, bias, last, bias_2 = weights
    return {"1.kernel": first.T, "1.bias": bias, "3.kernel": last.T, "3.bias": bias_2}


def counted_without_flatten(weights):
    first, bias, last, bias_2 = weights
    return {"0.weight": first.T, "0.bias": bias, "2.weight": last.T, "2.bias": bias_2}


def keras_in_a_loop(weights):
    found = {}
    for place, (kernel, bias) in zip((1, 3), (weights[:2], weights[2:]), strict=True):
        found[f"{place}.weight"] = np.swapaxes(kernel, 0, 1)
        found[f"{place}.bias"] = bias
    return found


def keras_copied(weights):
    names = ["1.weight", "1.bias", "3.weight", "3.bias"]
    copies = [np.ascontiguousarray(w.T) for w in weights]
    return dict(zip(names, copies, strict=True))


def down_and_up_exchanged(weights, up):
    infinity = np.array(np.inf, weights.dtype)
    return np.nextafter(weights, np.where(up, -infinity, infinity))


def two_roundings(weights, up):
    infinity = np.array(np.inf, weights.dtype)
    target = np.where(up, infinity, -infinity)
    return np.nextafter(np.nextafter(weights, target), target)


def by_spacing_of_one_side(weights, up):
    return weights + np.where(up, 2, -2) * np.spacing(np.abs(weights))


def with_a_where(weights, up):
    target = np.where(up, np.inf, -np.inf).astype(weights.dtype)
    return np.nextafter(weights, target)


def in_a_copy(weights, up):
    moved = weights.copy()
    infinity = weights.dtype.type(np.inf)
    moved[up] = np.nextafter(weights[up], infinity)
    moved[~up] = np.nextafter(weights[~up], -infinity)
    return moved


def the_last_one(ours, theirs, unit):
    limit = unit * np.sqrt(np.arange(1, len(ours) + 1))
    found = np.flatnonzero(np.abs(ours - theirs) / theirs > limit)
    return int(found[-1]) + 1 if len(found) else 0


def in_proportion(ours, theirs, unit):
    limit = unit * np.arange(1, len(ours) + 1)
    found = np.flatnonzero(np.abs(ours - theirs) / theirs > limit)
    return int(found[0]) + 1 if len(found) else 0


def none_if_none(ours, theirs, unit):
    limit = unit * np.sqrt(np.arange(1, len(ours) + 1))
    found = np.flatnonzero(np.abs(ours - theirs) / theirs > limit)
    return int(found[0]) + 1 if len(found) else None


def in_a_loop(ours, theirs, unit):
    for n, (one, other) in enumerate(zip(ours, theirs, strict=True), 1):
        if abs(one - other) / other > unit * math.sqrt(n):
            return n
    return 0


def with_flatnonzero(ours, theirs, unit):
    relative = np.abs(ours / theirs - 1)
    found = np.flatnonzero(relative > unit * np.arange(1, len(ours) + 1) ** 0.5)
    return found[0] + 1 if found.size else 0


WRONG = {
    "weights_from_keras": [
        all_transposed_by_reshape_of_one,
        named_as_keras_does,
        counted_without_flatten,
    ],
    "one_rounding_apart": [down_and_up_exchanged, two_roundings, by_spacing_of_one_side],
    "first_suspicious_step": [the_last_one, in_proportion, none_if_none],
}
RIGHT = {
    "weights_from_keras": [keras_in_a_loop, keras_copied],
    "one_rounding_apart": [with_a_where, in_a_copy],
    "first_suspicious_step": [in_a_loop, with_flatnonzero],
}
