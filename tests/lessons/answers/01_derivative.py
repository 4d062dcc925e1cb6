"""Answers to the exercises of lesson 1, as students might write them."""

import math

import numpy as np


def divide_by_product(a, b):
    inverse = 1 / b
    return a * inverse, inverse, a * (-inverse * inverse)


def divide_from_the_quotient(a, b):
    y = a / b
    return [y, 1 / b, -y / b]


def divide_with_a_squared(a, b):
    return a / b, 1 / b, -(a**2) / b**2


def divide_without_value(a, b):
    return 1 / b, -a / b**2


def tanh_by_exponentials(x):
    e = math.exp(-2 * abs(x))
    y = math.copysign((1 - e) / (1 + e), x)
    return y, (1 - y) * (1 + y)


def tanh_in_numpy(x):
    y = np.tanh(x)
    return np.array([y, 1 - y**2])


def walk_back_by_collecting(inputs, slopes):
    """Each value collects from its users, which come after it."""
    n = len(inputs)
    gradients = [0.0] * (n - 1) + [1.0]
    for x in range(n - 2, -1, -1):
        for user in range(x + 1, n):
            for name, slope in zip(inputs[user], slopes[user], strict=True):
                if name == x:
                    gradients[x] = gradients[x] + slope * gradients[user]
    return gradients


def walk_back_with_a_dictionary(inputs, slopes):
    last = len(inputs) - 1
    found = {last: 1.0}
    for i in range(last, -1, -1):
        here = found.setdefault(i, 0.0)
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            found[x] = found.get(x, 0.0) + slope * here
    return [found[i] for i in range(last + 1)]


def walk_back_going_on_from_the_last_gradient(inputs, slopes):
    """As along a chain: each value continues with what the one before it had."""
    gradients = [1.0] * len(inputs)
    for i in reversed(range(len(inputs) - 1)):
        gradients[i] = gradients[i + 1] * sum(slopes[i + 1])
    return gradients


def walk_forward_by_memory(inputs, slopes, start):
    known = {}

    def speed(i):
        if i not in known:
            parts = zip(inputs[i], slopes[i], strict=True)
            known[i] = 1.0 if i == start else sum(slope * speed(x) for x, slope in parts)
        return known[i]

    return [float(speed(i)) for i in range(len(inputs))]


def walk_forward_in_numpy(inputs, slopes, start):
    speeds = np.zeros(len(inputs))
    speeds[start] = 1
    for i in range(start + 1, len(inputs)):
        speeds[i] = np.dot(slopes[i], speeds[list(inputs[i])]) if inputs[i] else 0
    return speeds


def walk_forward_counting_itself(inputs, slopes, start):
    speeds = [0.0] * len(inputs)
    speeds[start] = 1.0
    for i in range(start, len(inputs)):
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            speeds[i] += slope * speeds[x] + speeds[i]
    return speeds


WRONG = {
    "divide": [divide_with_a_squared, divide_without_value],
    "walk_back": [walk_back_going_on_from_the_last_gradient],
    "walk_forward": [walk_forward_counting_itself],
}
RIGHT = {
    "divide": [divide_by_product, divide_from_the_quotient],
    "tanh": [tanh_by_exponentials, tanh_in_numpy],
    "walk_back": [walk_back_by_collecting, walk_back_with_a_dictionary],
    "walk_forward": [walk_forward_by_memory, walk_forward_in_numpy],
}
