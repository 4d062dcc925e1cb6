"""How the exercises of lesson 1 are judged."""

import math

import numpy as np

from lessons.checking import Exercise, Mistake

# Five graphs: a diamond whose two sides have different lengths; two diamonds in a row, with a
# value that leads nowhere; a value that is used twice by the same value, and later again; and two
# where a value is met early on a short path, before its part of a longer one has arrived, walking
# back and walking forward.
GRAPHS = [
    ([(), (0,), (1, 0)], [(), (0.7,), (1.3, -0.4)]),
    (
        [(), (), (0, 1), (0,), (2, 3), (3,), (4,), (4, 2), (6, 7)],
        [
            (),
            (),
            (0.5, 2.0),
            (-1.5,),
            (1.2, 0.8),
            (3.0,),
            (0.9,),
            (-0.6, 1.1),
            (1.7, 0.3),
        ],
    ),
    (
        [(), (), (1, 0), (2, 2), (3, 2), (4, 0)],
        [(), (), (1.4, -0.7), (0.6, 0.6), (1.1, -2.3), (0.45, 1.9)],
    ),
    ([(), (0,), (1,), (1, 2)], [(), (0.7,), (1.3,), (-0.4, 0.9)]),
    ([(), (0,), (1,), (0, 2), (3,)], [(), (0.7,), (1.3,), (-0.4, 0.9), (1.1,)]),
]

PAIRS = [(3.0, 4.0), (-1.7, 0.6), (2.5, -1.3), (-0.2, -5.0)]


class Matrix:
    """A slope that is no number: times a gradient, it is a product. It is never on the right."""

    __array_ufunc__ = None

    def __init__(self, *rows):
        self.rows = np.array(rows)

    def __mul__(self, gradient):
        return self.rows @ (gradient * np.ones(2))


# A diamond of arrays of two numbers; the order of the products matters.
SLOPES_OF_ARRAYS = [
    (),
    (Matrix([1.0, 2.0], [0.5, -1.0]),),
    (Matrix([0.3, -0.7], [1.1, 0.2]), Matrix([2.0, 0.0], [1.0, 1.5])),
]


class Counted(float):
    """A slope that counts how often it was used."""

    uses = 0

    def __mul__(self, gradient):
        Counted.uses += 1
        return float(self) * gradient


def ladder(rungs):
    """A row of diamonds, as lists: each adds two functions of the value before."""
    inputs, slopes = [()], [()]
    for _ in range(rungs):
        last = len(inputs) - 1
        inputs += [(last,), (last,), (last + 1, last + 2)]
        slopes += [(Counted(0.7),), (Counted(-0.4),), (Counted(1.0), Counted(1.0))]
    return inputs, slopes


def observe_walk_back(answer):
    numbers = [answer(inputs, slopes) for inputs, slopes in GRAPHS]
    arrays = answer([(), (0,), (1, 0)], SLOPES_OF_ARRAYS)
    inputs, slopes = ladder(10)
    Counted.uses = 0
    row = answer(inputs, slopes)
    each_once = Counted.uses <= sum(map(len, slopes))
    return [*numbers, arrays[:2], row, each_once]


NUMBERS = [0.3, -1.2, 2.5, 0.0, 1000.0, -1000.0]


def tanh_from_cosh(x):
    return math.tanh(x), 1 / math.cosh(x) ** 2


def tanh_without_square(x):
    return math.tanh(x), 1 - math.tanh(x)


def tanh_of_the_input(x):
    return math.tanh(x), 1 - x * x


def tanh_as_sigmoid(x):
    y = math.tanh(x)
    return y, y * (1 - y)


def tanh_only(x):
    return math.tanh(x)


def observe_walk_forward(answer):
    return [
        answer(inputs, slopes, start)
        for inputs, slopes in GRAPHS
        for start in range(len(inputs) - 1)
    ]


def divide_without_sign(a, b):
    return a / b, 1 / b, a / b**2


def divide_without_square(a, b):
    return a / b, 1 / b, -a / b


def divide_exchanged(a, b):
    return a / b, -a / b**2, 1 / b


def walk_back_replacing(inputs, slopes):
    gradients = [0.0] * len(inputs)
    gradients[-1] = 1.0
    for i in reversed(range(len(inputs))):
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            gradients[x] = slope * gradients[i]
    return gradients


def walk_back_from_the_oldest(inputs, slopes):
    gradients = [0.0] * len(inputs)
    gradients[-1] = 1.0
    for i in range(len(inputs)):
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            gradients[x] += slope * gradients[i]
    return gradients


def walk_back_at_once(inputs, slopes):
    gradients = [0.0] * len(inputs)
    gradients[-1] = 1.0

    def send(i):
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            gradients[x] += slope * gradients[i]
            send(x)

    send(len(inputs) - 1)
    return gradients


def walk_back_nearest_first(inputs, slopes):
    gradients = [0.0] * len(inputs)
    gradients[-1] = 1.0
    waiting = [len(inputs) - 1]
    for i in waiting:  # it grows meanwhile
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            gradients[x] += slope * gradients[i]
            if x not in waiting:
                waiting.append(x)
    return gradients


def walk_back_last_met_first(inputs, slopes):
    gradients = [0.0] * len(inputs)
    gradients[-1] = 1.0
    waiting, done = [len(inputs) - 1], set()
    while waiting:
        i = waiting.pop()
        if i not in done:
            done.add(i)
            for x, slope in zip(inputs[i], slopes[i], strict=True):
                gradients[x] += slope * gradients[i]
                waiting.append(x)
    return gradients


def walk_back_by_paths(inputs, slopes):
    gradients = [0.0] * len(inputs)

    def send(i, part):
        gradients[i] += part
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            send(x, slope * part)

    send(len(inputs) - 1, 1.0)
    return gradients


def walk_back_with_one_arrow_of_two(inputs, slopes):
    gradients = [0.0] * len(inputs)
    gradients[-1] = 1.0
    for i in reversed(range(len(inputs))):
        for x, slope in dict(zip(inputs[i], slopes[i], strict=True)).items():
            gradients[x] += slope * gradients[i]
    return gradients


def walk_back_adding_slopes(inputs, slopes):
    gradients = [0.0] * len(inputs)
    gradients[-1] = 1.0
    for i in reversed(range(len(inputs))):
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            gradients[x] += slope
    return gradients


def walk_forward_losing_the_start(inputs, slopes, start):
    speeds = [0.0] * len(inputs)
    speeds[start] = 1.0
    for i in range(len(inputs)):
        pairs = zip(inputs[i], slopes[i], strict=True)
        speeds[i] = sum(slope * speeds[x] for x, slope in pairs)
    return speeds


def walk_forward_replacing(inputs, slopes, start):
    speeds = [0.0] * len(inputs)
    speeds[start] = 1.0
    for i in range(start + 1, len(inputs)):
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            speeds[i] = slope * speeds[x]
    return speeds


def walk_forward_nearest_first(inputs, slopes, start):
    speeds = [0.0] * len(inputs)
    speeds[start] = 1.0
    waiting = [start]
    for i in waiting:  # it grows meanwhile
        for user in range(len(inputs)):
            for x, slope in zip(inputs[user], slopes[user], strict=True):
                if x == i:
                    speeds[user] += slope * speeds[i]
                    if user not in waiting:
                        waiting.append(user)
    return speeds


def walk_forward_multiplying(inputs, slopes, start):
    speeds = [0.0] * len(inputs)
    speeds[start] = 1.0
    for i in range(start + 1, len(inputs)):
        moving = [
            slope * speeds[x]
            for x, slope in zip(inputs[i], slopes[i], strict=True)
            if speeds[x] != 0
        ]
        product = 1.0
        for part in moving:
            product *= part
        speeds[i] = product if moving else 0.0
    return speeds


def walk_back_multiplying_from_the_left(inputs, slopes):
    gradients = [0.0] * len(inputs)
    gradients[-1] = 1.0
    for i in reversed(range(len(inputs))):
        for x, slope in zip(inputs[i], slopes[i], strict=True):
            gradients[x] += gradients[i] * slope
    return gradients


EXERCISES = [
    Exercise(
        "divide",
        observe=lambda answer: [answer(a, b) for a, b in PAIRS],
        hint="Write a / b as a times 1 / b. Which factor moves when only b moves, and how fast?",
        mistakes=[
            Mistake(
                divide_without_sign,
                "The slope for b has the wrong sign. A larger b makes 3 / b smaller.",
            ),
            Mistake(
                divide_without_square,
                "The slope of 1 / b is -1 / b**2, and you have -1 / b.",
            ),
            Mistake(
                divide_exchanged,
                "Both slopes are right, but in the wrong order: first the slope for a, then for b.",
            ),
        ],
    ),
    Exercise(
        "tanh",
        observe=lambda answer: [answer(x) for x in NUMBERS],
        hint="Divide cosh**2 - sinh**2 = 1 by cosh**2: what is 1 / cosh**2, in terms of y?",
        mistakes=[
            Mistake(
                tanh_from_cosh,
                "The slope is right where it can be computed, but cosh(1000) is too large a number "
                "for a float. Use y.",
            ),
            Mistake(tanh_without_square, "The slope is 1 - y**2: the square is missing."),
            Mistake(tanh_of_the_input, "You square x. The slope is made from y, the value."),
            Mistake(
                tanh_as_sigmoid,
                "y * (1 - y) is the slope of another S, which goes from 0 to 1. This one goes from "
                "-1 to 1.",
            ),
            Mistake(tanh_only, "Return two numbers: the value and the slope."),
        ],
    ),
    Exercise(
        "walk_back",
        observe=observe_walk_back,
        hint="Begin with 1 for the last value. Which values must send their part before you move "
        "on?",
        mistakes=[
            Mistake(
                walk_back_replacing,
                "A value with several users keeps only the part that came last. Add the parts.",
            ),
            Mistake(
                walk_back_from_the_oldest,
                "You start at the oldest value, when nothing has arrived there yet. Start at the "
                "newest.",
            ),
            Mistake(
                walk_back_at_once,
                "This is the first attempt of the lesson: a value passes on what it has before all "
                "its users have sent their parts, and some of it is counted twice.",
            ),
            Mistake(
                walk_back_nearest_first,
                "You visit values in the order in which you meet them, nearest to the end first. "
                "One that is near on a short path may still wait for a part that comes on a longer "
                "one. All users of a value have larger numbers than it has: go by the numbers.",
            ),
            Mistake(
                walk_back_last_met_first,
                "You visit values in the order in which you meet them, the last one first. Other "
                "users of a value may not have had their turn yet. All users of a value have "
                "larger numbers than it has: go by the numbers.",
            ),
            Mistake(
                walk_back_by_paths,
                "The numbers are right, but you walk each path on its own, as in the second "
                "attempt of the lesson. Collect first: each slope is to be used only once.",
            ),
            Mistake(
                walk_back_with_one_arrow_of_two,
                "A value that occurs twice among the inputs, as in e * e, has two slopes there. "
                "Both count.",
            ),
            Mistake(
                walk_back_multiplying_from_the_left,
                "For numbers it is right. Write slope * gradient and not gradient * slope: where "
                "slopes are matrices, the order of a product matters.",
            ),
            Mistake(
                walk_back_adding_slopes,
                "You add the local slopes. Along a path they are multiplied: each slope times the "
                "gradient of the value that it belongs to.",
            ),
        ],
    ),
    Exercise(
        "walk_forward",
        observe=observe_walk_forward,
        hint="How fast a value moves is a sum over its inputs: each local slope times how fast "
        "that input moves.",
        mistakes=[
            Mistake(
                walk_forward_losing_the_start,
                "The 1 at the start is overwritten when the loop gets to it: begin after it.",
            ),
            Mistake(
                walk_forward_replacing,
                "Only the last input of each value counts here. The effects of all inputs are "
                "added.",
            ),
            Mistake(
                walk_forward_nearest_first,
                "You visit values in the order in which you meet them, nearest to the start first. "
                "One that is near on a short path may still wait for an input that moves on a "
                "longer one. All inputs of a value have smaller numbers: go by the numbers.",
            ),
            Mistake(
                walk_forward_multiplying,
                "You multiply the effects of the inputs. Where paths meet, they are added.",
            ),
        ],
    ),
]
