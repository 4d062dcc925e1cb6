"""Answers to the exercises of lesson 23, as students might write them."""

import itertools

# -------------------------------------------------------------------------- points_that_tell


def points_left_only():
    return [-3.5, -2.5]


def points_right_only():
    return [2.5, 3.5]


def points_of_the_wrong_kinks():
    return [-4.0, -2.0, 2.0, 4.0]


def points_with_one_too_far():
    return [-3.5, 2.5, 5.0, 0.0, 3.5]


def points_one_at_a_kink():
    return [-3.5, 2.5, 3.5, 3.0]


def points_around_each_kink():
    return (-3.5, -2.5, 2.5, 3.5)


def points_mirrored():
    return [3.9, -2.1, -3.1]


# ------------------------------------------------------------------------------------ shrunk


def shrunk_to_one(numbers, fails):
    return next(([x] for x in numbers if fails([x])), list(numbers))


def shrunk_and_sorted(numbers, fails):
    found = sorted(numbers)
    place = 0
    while place < len(found):
        rest = found[:place] + found[place + 1 :]
        found, place = (rest, 0) if fails(rest) else (found, place + 1)
    return found


def shrunk_to_nothing(numbers, fails):
    return []


def shrunk_by_halves(numbers, fails):
    half = len(numbers) // 2
    for part in (numbers[:half], numbers[half:]):
        if fails(part):
            return shrunk_by_halves(part, fails)
    return list(numbers)


def shrunk_by_value(numbers, fails):
    found = list(numbers)
    for x in numbers:
        rest = [y for y in found if y != x]
        found = rest if fails(rest) else found
    return found


def shortest_of_all(numbers, fails):
    """The shortest part of all, tried by size: right wherever the list is short."""
    for size in range(1, len(numbers) + 1):
        for part in itertools.combinations(numbers, size):
            if fails(list(part)):
                return list(part)
    return list(numbers)


def shrunk_from_the_right(numbers, fails):
    found, before = list(numbers), None
    while found != before:
        before = found
        for i in reversed(range(len(found))):
            rest = [x for j, x in enumerate(found) if j != i]
            if fails(rest):
                found = rest
    return found


def shrunk_again(numbers, fails):
    for i in range(len(numbers)):
        rest = numbers[:i] + numbers[i + 1 :]
        if fails(rest):
            return shrunk_again(rest, fails)
    return numbers


WRONG = {
    "points_that_tell": [
        points_left_only,
        points_right_only,
        points_of_the_wrong_kinks,
        points_with_one_too_far,
        points_one_at_a_kink,
    ],
    "shrunk": [
        shrunk_to_one,
        shrunk_and_sorted,
        shrunk_to_nothing,
        shrunk_by_halves,
        shrunk_by_value,
    ],
}
RIGHT = {
    "points_that_tell": [points_around_each_kink, points_mirrored],
    "shrunk": [shortest_of_all, shrunk_from_the_right, shrunk_again],
}
