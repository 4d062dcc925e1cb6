"""How the exercises of lesson 23 are judged."""

import numpy as np

from lessons.checking import Exercise, Mistake

# -------------------------------------------------------------------------- points_that_tell


def central(function, x, h):
    return (function(x + h) - function(x - h)) / (2 * h)


def clipped_line(x):
    return np.clip(x / 6 + 1 / 2, 0.0, 1.0)


def right_rule(x):
    return 1 / 6 if -3 < x < 3 else 0.0


FAULTY_RULES = [
    lambda x: 1.0 if -3 < x < 3 else 0.0,
    lambda x: 1 / 6 if x < 3 else 0.0,
    lambda x: 1 / 6 if x > -3 else 0.0,
    lambda x: 1 / 6 if -2 < x < 2 else 0.0,
    lambda x: 1 / 6 if -4 < x < 4 else 0.0,
]


def observe_points(answer):
    points = [float(x) for x in answer()]

    def is_accused(rule):
        return any(abs(rule(x) - central(clipped_line, x, 1e-6)) > 1e-6 for x in points)

    return [is_accused(right_rule), *map(is_accused, FAULTY_RULES), len(points) <= 4]


def far_points():
    return [-5.0, 0.0, 5.0]


def points_at_kinks():
    return [-3.0, 0.0, 3.0]


def points_inside():
    return [-2.5, 0.5, 2.5]


def points_outside():
    return [-3.5, 3.5]


def too_many_points():
    return list(np.linspace(-6.1, 6.1, 20))


# ------------------------------------------------------------------------------------ shrunk


def has_a_large_number(numbers):
    return any(x > 100 for x in numbers)


def has_a_fall(numbers):
    """Whether some number is followed, at once or later, by a smaller one."""
    return any(a > b for i, a in enumerate(numbers) for b in numbers[i:])


def has_5_and_no_lonely_1(numbers):
    """In 2, 1, 5 the 2 can be left out only after the 1."""
    return 5 in numbers and (1 not in numbers or 2 in numbers)


def has_three_positive(numbers):
    return sum(x > 0 for x in numbers) >= 3


CASES = [
    ([3, 250, 7, 101, 8], has_a_large_number),
    ([1, 4, 6, 5, 9, 2, 2, 8], has_a_fall),
    ([2, 1, 5], has_5_and_no_lonely_1),
    ([4, 4, -1, 4, -2, 7, 1], has_three_positive),
]


def is_part(some, numbers):
    """Whether `some` is left when numbers are taken out of `numbers`."""
    rest = iter(numbers)
    return all(x in rest for x in some)


def observe_shrunk(answer):
    found = []
    for numbers, fails in CASES:
        asked = []

        def counted(some, fails=fails, asked=asked):
            asked.append(1)
            if len(asked) > 200:
                raise RuntimeError("fails was asked more than 200 times")
            return fails(list(some))

        given = list(numbers)
        result = list(answer(given, counted))
        shorter = [result[:i] + result[i + 1 :] for i in range(len(result))]
        found.append(
            [fails(result), any(map(fails, shorter)), is_part(result, numbers), given == numbers]
        )
    return found


def in_one_round(numbers, fails):
    found = list(numbers)
    for x in numbers:
        rest = list(found)
        rest.remove(x)
        if fails(rest):
            found = rest
    return found


def first_success_only(numbers, fails):
    for i in range(len(numbers)):
        rest = numbers[:i] + numbers[i + 1 :]
        if fails(rest):
            return rest
    return list(numbers)


def each_against_the_whole(numbers, fails):
    return [x for i, x in enumerate(numbers) if not fails(numbers[:i] + numbers[i + 1 :])]


def ends_cut_off(numbers, fails):
    found = list(numbers)
    while fails(found[1:]):
        found = found[1:]
    while fails(found[:-1]):
        found = found[:-1]
    return found


def keeps_what_passes(numbers, fails):
    found = list(numbers)
    for x in numbers:
        rest = [y for y in found if y != x]
        if not fails(rest):
            found = rest
    return found


def shrunk_in_place(numbers, fails):
    place = 0
    while place < len(numbers):
        x = numbers.pop(place)
        if fails(numbers):
            place = 0
        else:
            numbers.insert(place, x)
            place += 1
    return numbers


EXERCISES = [
    Exercise(
        "points_that_tell",
        observe=observe_points,
        hint="For each fault, find the interval in which its rule differs from the right one. Each "
        "of these intervals needs a point, and no point may be at -3 or 3.",
        mistakes=[
            Mistake(
                far_points,
                "Points far from the kinks find what is wrong everywhere. Kinks in the wrong "
                "place, faults 4 and 5, are wrong only between 2 and 3, or between 3 and 4.",
            ),
            Mistake(
                points_at_kinks,
                "At -3 and 3 the function has kinks, and there even the right rule is accused.",
            ),
            Mistake(
                points_inside,
                "All your points are inside. Faults 2, 3 and 5 are wrong only outside.",
            ),
            Mistake(
                points_outside,
                "All your points are outside. Faults 1 and 4 are wrong only inside.",
            ),
            Mistake(too_many_points, "This finds everything, but with more than four points."),
        ],
    ),
    Exercise(
        "shrunk",
        observe=observe_shrunk,
        hint="Try each place in turn: build the list without it, and ask `fails`. After a success "
        "go on with the shorter list.",
        mistakes=[
            Mistake(
                in_one_round,
                "You go through the numbers once. In 2, 1, 5 a number that was needed at first can "
                "be left out after another is gone, so try all again after a success.",
            ),
            Mistake(
                first_success_only,
                "You stop after the first number that can be left out. Go on with the rest.",
            ),
            Mistake(
                each_against_the_whole,
                "You leave out each number of the whole list by itself. Two numbers that can both "
                "be missing alone may not both be missing: go on with the rest after a success.",
            ),
            Mistake(
                ends_cut_off,
                "You leave out numbers at the two ends only. Those in the middle may be useless "
                "too.",
            ),
            Mistake(
                keeps_what_passes,
                "You go on with the rest where it passes. Go on with it where it still fails.",
            ),
            Mistake(
                shrunk_in_place,
                "The result is right, but you changed the list that was handed in. Work on a copy.",
            ),
        ],
    ),
]
