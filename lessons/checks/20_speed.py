"""How the exercises of lesson 20 are judged."""

import tracemalloc
from itertools import pairwise

import numpy as np

from lessons.checking import Exercise, Mistake


class Watched(np.ndarray):
    """An array that adds up how many numbers the passes over arrays of its kind go over."""

    numbers = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [x.view(np.ndarray) if isinstance(x, Watched) else x for x in inputs]
        if out is not None:
            options["out"] = tuple(np.asarray(x) for x in out)
        result = getattr(ufunc, method)(*plain, **options)
        Watched.numbers += max(np.size(x) for x in plain)
        if not isinstance(result, np.ndarray):  # `at`, or a single number
            return result
        return out[0] if out is not None else result.view(Watched)

    def __array_function__(self, function, types, args, options):
        before = Watched.numbers
        result = super().__array_function__(function, types, args, options)
        given = [
            x.view(np.ndarray) for x in (*args, *options.values()) if isinstance(x, np.ndarray)
        ]
        if Watched.numbers == before and is_pass(result, given, options):
            Watched.numbers += max(x.size for x in given)
        return result

    def __setitem__(self, place, value):
        super().__setitem__(place, value)
        Watched.numbers += np.size(self[place])

    def put(self, places, values, mode="raise"):
        super().put(places, values, mode)
        Watched.numbers += np.size(places)

    def fill(self, value):
        super().fill(value)
        Watched.numbers += self.size


def is_pass(result, given, options):
    """Whether a function of NumPy that is no ufunc, such as np.copyto, went over its arrays."""
    if not isinstance(result, np.ndarray):
        return result is None
    is_view = any(np.may_share_memory(result.view(np.ndarray), x) for x in given)
    return "out" in options or not is_view


def watched(array):
    return array.copy().view(Watched)


def most_memory(function, *args):
    """How many bytes more than before a call holds at most. NumPy reports its arrays."""
    traced = tracemalloc.is_tracing()
    if not traced:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        function(*args)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not traced:
            tracemalloc.stop()


# ------------------------------------------------------------------------------------ rmsprop_step


def rmsprop_observed(answer):
    found = []
    for seed, shape in enumerate([(7,), (3, 5), (60, 200)]):
        rng = np.random.default_rng(seed)
        w, scratch = watched(rng.normal(size=shape)), watched(rng.normal(size=shape))
        v = watched(rng.random(shape) * 1e-3)
        stays = True
        for _ in range(2):
            g = watched(0.05 * rng.normal(size=shape))
            before = np.array(g)
            Watched.numbers = 0
            memory = most_memory(answer, w, g, v, scratch, 0.02, 0.9, 1e-2)
            passes = Watched.numbers / w.size
            stays = stays and np.array_equal(before, g)
        found.append([np.array(w), np.array(v), stays])
    # Few passes are seen if they go over single numbers, or over another view of an array.
    found.append([passes > 9, passes < 6, memory > 0.9 * w.nbytes])
    return found


def as_in_the_formula(w, g, v, scratch, lr, rho, eps):
    v[...] = rho * v + (1 - rho) * g * g
    w -= lr * g / (np.sqrt(v) + eps)


def names_instead_of_arrays(w, g, v, scratch, lr, rho, eps):
    v = rho * v + (1 - rho) * g * g
    w = w - lr * g / (np.sqrt(v) + eps)


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


def divides_the_gradient_and_more(w, g, v, scratch, lr, rho, eps):
    np.multiply(g, g, out=scratch)
    scratch *= 1 - rho
    v *= rho
    v += scratch
    np.sqrt(v, out=scratch)
    scratch += eps
    g /= scratch
    w -= lr * g


def new_arrays_on_the_way(w, g, v, scratch, lr, rho, eps):
    v *= rho
    v += (1 - rho) * g * g
    w -= lr * g / (np.sqrt(v) + eps)


def number_by_number(w, g, v, scratch, lr, rho, eps):
    for place in np.ndindex(w.shape):
        v[place] = rho * v[place] + (1 - rho) * g[place] ** 2
        w[place] -= lr * g[place] / (np.sqrt(v[place]) + eps)


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
        ((500, 200), 0.0),  # so large that another such array shows in the memory
    ):
        start = 2 * rng.normal(size=shape) + places
        scores = start.astype(np.float32)
        labels = rng.integers(0, shape[1], shape[0])
        memory = most_memory(answer, scores, labels)
        found.append(scores)
    # Even an array of booleans takes a byte for each number.
    found.append(memory >= 0.9 * scores.size)
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
                "The values are right. But there are more than nine passes, and new arrays. Each "
                "intermediate result of an expression is a new array, and storing into `v[...]` is "
                "a pass too. Let each operation write with `out=`, or use `*=` and the like.",
            ),
            Mistake(
                new_arrays_on_the_way,
                "The values and the number of passes are right, but a new array was made: by an "
                "expression such as `(1 - rho) * g * g`, or by `.copy()`, `.astype()`, `np.empty`. "
                "There is an array to write into: `scratch`.",
            ),
            Mistake(
                number_by_number,
                "The passes cannot be counted. Loops over single numbers are slow, and np.asarray "
                "or .view hide the passes. Use whole arrays, as they are given.",
            ),
            Mistake(
                names_instead_of_arrays,
                "`w = ...` gives the name w to a new array; the caller's array stays as it was. "
                "Write into it.",
            ),
            Mistake(
                a_pass_too_many,
                "The values are right, but there are more than nine passes. A copy followed by "
                "`*=` can be one call: `np.multiply(g, g, out=scratch)`.",
            ),
            Mistake(
                divides_the_gradient,
                "Something writes into g, which belongs to the caller and must not change, such as "
                "`g /= scratch` or `g *= g`. `np.divide(g, scratch, out=scratch)` leaves it alone.",
            ),
            Mistake(
                divides_the_gradient_and_more,
                "Something writes into g, which must not change, such as `g /= scratch`; and a new "
                "array is made, such as `lr * g`. Write both results into `scratch`.",
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
