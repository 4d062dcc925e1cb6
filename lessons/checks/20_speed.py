"""How the exercises of lesson 20 are judged."""

from itertools import pairwise
from typing import ClassVar

import numpy as np

from lessons.checking import Exercise, Mistake

MAKES_ANOTHER = (np.copy, np.empty_like, np.zeros_like, np.ones_like, np.full_like, np.where)
"""Functions of NumPy that give a new array and are no ufunc."""


class Watched(np.ndarray):
    """An array that counts passes over it and new arrays made from it, as in the lesson."""

    # For each pass: how many numbers were written, and whether into a new array.
    log: ClassVar[list[tuple[int, bool]]] = []

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [x.view(np.ndarray) if isinstance(x, Watched) else x for x in inputs]
        if out is not None:
            options["out"] = tuple(np.asarray(x) for x in out)
        result = getattr(ufunc, method)(*plain, **options)
        if result is None or not isinstance(result, np.ndarray):  # `at`, or a single number
            return result
        self.log.append((result.size, out is None))
        return out[0] if out is not None else result.view(Watched)

    def __setitem__(self, place, value):
        super().__setitem__(place, value)
        self.log.append((np.size(self[place]), False))

    def __array_function__(self, function, types, args, options):
        result = super().__array_function__(function, types, args, options)
        if function is np.copyto:
            self.log.append((np.size(args[0]), False))
        elif function in MAKES_ANOTHER:
            self.log.append((np.size(result), True))
        return result

    def copy(self, order="C"):
        self.log.append((self.size, True))
        return super().copy(order)


def watched(array):
    return array.copy().view(Watched)


def new_arrays(size):
    """How many new arrays of at least this many numbers were made."""
    return sum(is_new and numbers >= size for numbers, is_new in Watched.log)


# ------------------------------------------------------------------------------------ rmsprop_step


def rmsprop_observed(answer):
    found = []
    for seed, shape in enumerate([(7,), (3, 5)]):
        rng = np.random.default_rng(seed)
        w, scratch = watched(rng.normal(size=shape)), watched(rng.normal(size=shape))
        v = watched(rng.random(shape) * 1e-3)
        for _ in range(2):
            g = watched(0.05 * rng.normal(size=shape))
            Watched.log.clear()
            answer(w, g, v, scratch, 0.02, 0.9, 1e-2)
        passes = sum(numbers for numbers, _ in Watched.log) / w.size
        too_many = max(passes - 9, 0)
        found.append([np.array(w), np.array(v), np.array(g), too_many, new_arrays(w.size)])
    return found


def as_in_the_formula(w, g, v, scratch, lr, rho, eps):
    v[...] = rho * v + (1 - rho) * g * g
    w -= lr * g / (np.sqrt(v) + eps)


def names_instead_of_arrays(w, g, v, scratch, lr, rho, eps):
    v = rho * v + (1 - rho) * g * g
    w = w - lr * g / (np.sqrt(v) + eps)


def overwrites_the_gradient(w, g, v, scratch, lr, rho, eps):
    scratch[...] = g
    g *= g
    g *= 1 - rho
    v *= rho
    v += g
    np.sqrt(v, out=g)
    g += eps
    scratch /= g
    scratch *= lr
    w -= scratch


def a_pass_too_many(w, g, v, scratch, lr, rho, eps):
    np.copyto(scratch, g)
    scratch *= g
    scratch *= 1 - rho
    v *= rho
    v += scratch
    np.sqrt(v, out=scratch)
    scratch += eps
    np.divide(g, scratch, out=scratch)
    scratch *= lr
    w -= scratch


def a_new_array_to_write_into(w, g, v, scratch, lr, rho, eps):
    part = np.empty_like(g)
    np.multiply(g, g, out=part)
    part *= 1 - rho
    v *= rho
    v += part
    np.sqrt(v, out=part)
    part += eps
    np.divide(g, part, out=part)
    part *= lr
    w -= part


def divides_the_gradient(w, g, v, scratch, lr, rho, eps):
    np.multiply(g, g, out=scratch)
    scratch *= 1 - rho
    v *= rho
    v += scratch
    np.sqrt(v, out=scratch)
    scratch += eps
    g /= scratch
    g *= lr
    w -= g


def steps_with_the_old_v(w, g, v, scratch, lr, rho, eps):
    np.sqrt(v, out=scratch)
    scratch += eps
    np.divide(g, scratch, out=scratch)
    scratch *= lr
    w -= scratch
    np.multiply(g, g, out=scratch)
    scratch *= 1 - rho
    v *= rho
    v += scratch


def new_arrays_on_the_way(w, g, v, scratch, lr, rho, eps):
    v *= rho
    v += (1 - rho) * g * g
    w -= lr * g / (np.sqrt(v) + eps)


def eps_in_the_root(w, g, v, scratch, lr, rho, eps):
    np.multiply(g, g, out=scratch)
    scratch *= 1 - rho
    v *= rho
    v += scratch
    np.add(v, eps, out=scratch)
    np.sqrt(scratch, out=scratch)
    np.divide(g, scratch, out=scratch)
    scratch *= lr
    w -= scratch


def root_of_v_in_place(w, g, v, scratch, lr, rho, eps):
    np.multiply(g, g, out=scratch)
    scratch *= 1 - rho
    v *= rho
    v += scratch
    np.sqrt(v, out=v)
    np.add(v, eps, out=scratch)
    np.divide(g, scratch, out=scratch)
    scratch *= lr
    w -= scratch


def without_one_minus_rho(w, g, v, scratch, lr, rho, eps):
    np.multiply(g, g, out=scratch)
    v *= rho
    v += scratch
    np.sqrt(v, out=scratch)
    scratch += eps
    np.divide(g, scratch, out=scratch)
    scratch *= lr
    w -= scratch


# ----------------------------------------------------------------- cross_entropy_gradient_in_place


def gradients_observed(answer):
    found = []
    rng = np.random.default_rng(3)
    for shape, places in (
        ((5, 4), 0.0),  # ordinary scores
        ((6, 10), 300.0),  # their exponentials are infinite
        ((4, 3), np.array([[2.0], [-150.0], [-3.0], [-300.0]])),  # rows far from each other
    ):
        start = 2 * rng.normal(size=shape) + places
        scores = watched(start.astype(np.float32))
        labels = rng.integers(0, shape[1], shape[0])
        Watched.log.clear()
        answer(scores, labels)
        found.append([np.array(scores), new_arrays(scores.size)])
    return found


def without_a_shift(scores, labels):
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    scores[np.arange(len(scores)), labels] -= 1
    scores /= len(scores)


def one_shift_for_all(scores, labels):
    scores -= scores.max()
    without_a_shift(scores, labels)


def in_new_arrays(scores, labels):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    scores[...] = e / e.sum(axis=1, keepdims=True)
    scores[np.arange(len(scores)), labels] -= 1
    scores /= len(scores)


def only_returned(scores, labels):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[np.arange(len(scores)), labels] -= 1
    return p / len(scores)


def shifted_softmax(scores):
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)


def from_whole_columns(scores, labels):
    shifted_softmax(scores)
    scores[:, labels] -= 1
    scores /= len(scores)


def of_the_sum(scores, labels):
    shifted_softmax(scores)
    scores[np.arange(len(scores)), labels] -= 1


def divided_too_early(scores, labels):
    shifted_softmax(scores)
    scores /= len(scores)
    scores[np.arange(len(scores)), labels] -= 1


# ----------------------------------------------------------------------------------- multiply_adds


def products_observed(answer):
    cases = (((6, 2), 5), ((5, 7, 3), 4), ((4, 9, 2, 6), 11), ((784, 100, 10), 50))
    return [float(answer(sizes, batch, wanted)) for sizes, batch in cases for wanted in (0, 1)]


def all_three_always(sizes, batch, images_want_gradient):
    return 3 * batch * sum(a * b for a, b in pairwise(sizes))


def no_gradients_of_inputs(sizes, batch, images_want_gradient):
    products = [batch * a * b for a, b in pairwise(sizes)]
    return 2 * sum(products) + (products[0] if images_want_gradient else 0)


def only_forward(sizes, batch, images_want_gradient):
    return batch * sum(a * b for a, b in pairwise(sizes))


def saved_in_the_last_layer(sizes, batch, images_want_gradient):
    products = [batch * a * b for a, b in pairwise(sizes)]
    return 3 * sum(products) - (0 if images_want_gradient else products[-1])


def without_the_batch(sizes, batch, images_want_gradient):
    products = [a * b for a, b in pairwise(sizes)]
    return 3 * sum(products) - (0 if images_want_gradient else products[0])


def weights_without_the_batch(sizes, batch, images_want_gradient):
    products = [a * b for a, b in pairwise(sizes)]
    inputs = sum(products) - (0 if images_want_gradient else products[0])
    return batch * sum(products) + sum(products) + batch * inputs


EXERCISES = [
    Exercise(
        "rmsprop_step",
        observe=rmsprop_observed,
        hint="One line for each pass: g * g into the scratch array, then times (1 - rho); v "
        "in two passes; then the scratch array is free for the root, eps, the division and lr.",
        mistakes=[
            Mistake(
                as_in_the_formula,
                "The values are right. But each intermediate result is a new array, and `v[...] =` "
                "also copies. Let each operation write with `out=`, or use `*=` and the like.",
            ),
            Mistake(
                new_arrays_on_the_way,
                "The values are right, and so is the number of passes. But expressions such as "
                "`(1 - rho) * g * g` make new arrays. Write them into the scratch array.",
            ),
            Mistake(
                names_instead_of_arrays,
                "`w = ...` gives the name w to a new array; the caller's array stays as it was. "
                "Write into it.",
            ),
            Mistake(
                overwrites_the_gradient,
                "The gradient belongs to the caller: it must not change. `np.multiply(g, g, "
                "out=scratch)` leaves it alone.",
            ),
            Mistake(
                a_pass_too_many,
                "The values are right, but there is one pass too many. A copy followed by `*=` can "
                "be one call: `np.multiply(g, g, out=scratch)`.",
            ),
            Mistake(
                a_new_array_to_write_into,
                "The values are right, but `np.empty_like` makes a new array. There is one to "
                "write into: `scratch`.",
            ),
            Mistake(
                divides_the_gradient,
                "The last lines write into g, which must not change. `np.divide(g, scratch, "
                "out=scratch)` leaves it alone.",
            ),
            Mistake(
                steps_with_the_old_v,
                "You take the step before v has its new part. First v, then the step.",
            ),
            Mistake(eps_in_the_root, "eps is added to the root, not to v under it."),
            Mistake(
                root_of_v_in_place,
                "The root was written into v, which the next step needs as it was. Write it into "
                "the scratch array.",
            ),
            Mistake(
                without_one_minus_rho,
                "The new part of v needs the factor (1 - rho). Leaving it out saves a pass, but "
                "then lr and eps must make up for it, and v is a different one.",
            ),
        ],
    ),
    Exercise(
        "cross_entropy_gradient_in_place",
        observe=gradients_observed,
        hint="Five steps, each in place: subtract the largest score of each row, exponentials "
        "(out=scores), divide by the sum of each row, subtract 1 at the right class, divide by n.",
        tolerance=1e-5,
        mistakes=[
            Mistake(
                without_a_shift,
                "The exponential of 300 is infinite, and that of -150 is 0 in float32. Subtract "
                "the largest score of each row first.",
            ),
            Mistake(
                one_shift_for_all,
                "You use one shift for all rows: in a row far below the largest score, all "
                "exponentials become 0. Each row needs its own largest score.",
            ),
            Mistake(
                in_new_arrays,
                "The values are right, but arrays of n * k numbers are made on the way. `np.exp` "
                "takes out=scores, and `-=` and `/=` work in place.",
            ),
            Mistake(
                only_returned,
                "The gradient was returned, but `scores` still holds the scores.",
            ),
            Mistake(
                from_whole_columns,
                "`scores[:, labels]` is whole columns. You need one place in each row: "
                "`scores[np.arange(n), labels]`.",
            ),
            Mistake(
                of_the_sum, "This is the gradient of the sum over the examples, not of the mean."
            ),
            Mistake(
                divided_too_early,
                "The 1 of the one-hot must be divided by n as well: subtract it before that.",
            ),
        ],
    ),
    Exercise(
        "multiply_adds",
        observe=products_observed,
        hint="Each layer has three products of batch * inputs * outputs. Which of them, in which "
        "layer, is not needed when nobody asks for the gradient of the images?",
        mistakes=[
            Mistake(
                all_three_always,
                "The gradient of the first layer's inputs is that of the images. It is only "
                "computed if it is wanted.",
            ),
            Mistake(
                no_gradients_of_inputs,
                "The inputs of later layers are outputs of earlier ones: their gradients are "
                "always needed in order to go further back.",
            ),
            Mistake(only_forward, "This is the forward pass. The backward pass has products too."),
            Mistake(
                saved_in_the_last_layer,
                "The images are the inputs of the first layer, not of the last one.",
            ),
            Mistake(without_the_batch, "Each of the products also has the batch as a dimension."),
            Mistake(
                weights_without_the_batch,
                "The gradient of a weight is (out, batch) times (batch, in): it sums over the "
                "batch, so the batch counts as well.",
            ),
        ],
    ),
]
