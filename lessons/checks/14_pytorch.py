"""How the exercises of lesson 14 are judged."""

import numpy as np

from lessons.checking import Exercise, Mistake
from tinygrad_mlp import nn

# ------------------------------------------------------------------------------ weights_from_keras


def keras_weights(sizes, seed):
    """Random kernels and biases for (in, hidden, out)."""
    rng = np.random.default_rng(seed)
    first, hidden, last = sizes
    shapes = [(first, hidden), (hidden,), (hidden, last), (last,)]
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def scores_with(answer):
    """The scores of networks of three sizes, one of them square, where a wrong order fits too."""
    found = []
    for seed, sizes in enumerate([(4, 4, 4), (6, 5, 3), (8, 2, 4)]):
        model = nn.Sequential(
            nn.Flatten(), nn.Linear(sizes[0], sizes[1]), nn.ReLU(), nn.Linear(sizes[1], sizes[2])
        )
        model.load_state_dict(answer(keras_weights(sizes, seed)))
        images = np.random.default_rng(10 + seed).normal(size=(5, 2, sizes[0] // 2))
        found.append(model(images.astype(np.float32)))
    return found


def named(kernel_1, bias_1, kernel_2, bias_2):
    return {"1.weight": kernel_1, "1.bias": bias_1, "3.weight": kernel_2, "3.bias": bias_2}


def not_transposed(weights):
    return named(*weights)


def reshaped(weights):
    kernel_1, bias_1, kernel_2, bias_2 = weights
    return named(
        kernel_1.reshape(kernel_1.shape[::-1]),
        bias_1,
        kernel_2.reshape(kernel_2.shape[::-1]),
        bias_2,
    )


def counted_without_gaps(weights):
    kernel_1, bias_1, kernel_2, bias_2 = weights
    return {"0.weight": kernel_1.T, "0.bias": bias_1, "1.weight": kernel_2.T, "1.bias": bias_2}


# ------------------------------------------------------------------------------ one_rounding_apart


def steps_moved(answer):
    """How many floats each weight was moved by; whether dtype and argument were kept."""
    found = []
    for dtype, shape in ((np.float32, (3, 4)), (np.float64, (5,)), (np.float32, (2, 1, 3))):
        rng = np.random.default_rng(len(shape))
        weights = rng.normal(size=shape).astype(dtype)
        up = rng.random(shape) < 0.5
        given = weights.copy()
        moved = answer(given, up)
        distance = np.asarray(moved, np.float64) - weights.astype(np.float64)
        found += [distance / np.spacing(np.abs(weights)), moved.dtype == dtype]
        found.append(np.array_equal(given, weights))
    return found


def by_a_factor(weights, up):
    eps = np.finfo(weights.dtype).eps
    return weights * np.where(up, 1 + eps, 1 - eps).astype(weights.dtype)


def by_eps(weights, up):
    eps = np.finfo(weights.dtype).eps
    return weights + np.where(up, eps, -eps).astype(weights.dtype)


def away_from_zero(weights, up):
    return np.nextafter(weights, np.where(up, 2 * weights, 0 * weights))


def in_float64(weights, up):
    return np.nextafter(weights, np.where(up, np.inf, -np.inf))


def only_up(weights, up):
    return np.nextafter(weights, np.array(np.inf, weights.dtype))


def into_the_argument(weights, up):
    infinity = np.array(np.inf, weights.dtype)
    weights[...] = np.nextafter(weights, np.where(up, infinity, -infinity))
    return weights


# --------------------------------------------------------------------------- first_suspicious_step


def runs(seed, steps, unit, fault_at=None):
    """Two runs that drift like a random walk, one of them with a fault from some step on."""
    rng = np.random.default_rng(seed)
    theirs = 1.5 * np.exp(-np.arange(steps) / 100) + 0.2 + 0.1 * rng.random(steps)
    drift = np.sqrt(np.arange(1, steps + 1)) * rng.uniform(-0.9, 0.9, steps)
    if fault_at is not None:
        sides = np.where(rng.random(steps - fault_at + 1) < 0.8, -1.0, 1.0)
        drift[fault_at - 1 :] = 1.4 * np.sqrt(np.arange(fault_at, steps + 1)) * sides
    return theirs * (1 + unit * drift), theirs


# A fault in the middle, none, one in the first step, one in the last, and one that starts below.
BELOW = runs(5, 60, 1e-9, fault_at=23)
BELOW = (2 * BELOW[1] - BELOW[0], BELOW[1]) if BELOW[0][22] > BELOW[1][22] else BELOW
CASES = [
    (*runs(0, 200, 1e-9, fault_at=90), 1e-9),
    (*runs(1, 100, 1e-7), 1e-7),
    (*runs(2, 40, 1e-6, fault_at=1), 1e-6),
    (*runs(3, 150, 1e-8, fault_at=150), 1e-8),
    (*BELOW, 1e-9),
    # far apart, so that it matters which of the two the difference is divided by
    (np.array([1.0, 1.15, 1.0, 0.9, 1.5, 1.0]), np.ones(6), 0.1),
]


def steps_found(answer):
    return [answer(ours.copy(), theirs.copy(), unit) for ours, theirs, unit in CASES]


def suspicious(ours, theirs, unit):
    steps = np.arange(1, len(ours) + 1)
    return np.abs(ours - theirs) / theirs > unit * np.sqrt(steps)


def without_growth(ours, theirs, unit):
    found = np.abs(ours - theirs) / theirs > unit
    return int(np.argmax(found)) + 1 if found.any() else 0


def absolute(ours, theirs, unit):
    found = np.abs(ours - theirs) > unit * np.sqrt(np.arange(1, len(ours) + 1))
    return int(np.argmax(found)) + 1 if found.any() else 0


def relative_to_ours(ours, theirs, unit):
    found = np.abs(ours - theirs) / ours > unit * np.sqrt(np.arange(1, len(ours) + 1))
    return int(np.argmax(found)) + 1 if found.any() else 0


def counted_from_0(ours, theirs, unit):
    found = suspicious(ours, theirs, unit)
    return int(np.argmax(found)) if found.any() else 0


def without_asking(ours, theirs, unit):
    return int(np.argmax(suspicious(ours, theirs, unit))) + 1


def one_sided(ours, theirs, unit):
    found = (ours - theirs) / theirs > unit * np.sqrt(np.arange(1, len(ours) + 1))
    return int(np.argmax(found)) + 1 if found.any() else 0


EXERCISES = [
    Exercise(
        "weights_from_keras",
        observe=scores_with,
        hint="What is x multiplied by in Keras, and what is it multiplied by here? The layers of a "
        "Sequential are named by their places, and the ReLU has a place too.",
        mistakes=[
            Mistake(
                not_transposed,
                "The kernels are still (in, out). Here a weight is (out, in); a square one fits "
                "either way, and then nothing complains.",
            ),
            Mistake(
                reshaped,
                "A reshape gives the right shape but puts the numbers in the wrong places: it "
                "reads them in the same order. Transpose instead.",
            ),
            Mistake(
                counted_without_gaps,
                "Flatten and ReLU have no weights, but they have places: the Linear layers are 1 "
                "and 3.",
            ),
        ],
    ),
    Exercise(
        "one_rounding_apart",
        observe=steps_moved,
        hint="Each weight should move by exactly one float, up or down as `up` says, and keep its "
        "dtype. The distance to the next float depends on the size of the weight.",
        mistakes=[
            Mistake(
                by_a_factor,
                "1 + eps is one rounding away from 1. Any other weight times (1 + eps) can be one "
                "or two floats away, and a negative one moves the other way.",
            ),
            Mistake(
                by_eps,
                "eps is the distance from 1 to the next float. Smaller floats lie closer "
                "together, so adding eps moves a weight past many of them.",
            ),
            Mistake(
                away_from_zero,
                "Up means towards +infinity. For a negative weight that is towards 0.",
            ),
            Mistake(
                in_float64,
                "The direction is float64, so NumPy looked for the neighbour of a float32 weight "
                "in float64. Give infinity the dtype of the weights.",
            ),
            Mistake(
                into_the_argument,
                "The numbers are right, but you wrote them into `weights`, which belongs to the "
                "caller. Return a new array.",
            ),
            Mistake(only_up, "`up` was not used: some weights should move down."),
        ],
    ),
    Exercise(
        "first_suspicious_step",
        observe=steps_found,
        hint="Compare the relative difference of each step with its own limit, and return the "
        "number of the first step that is above it.",
        mistakes=[
            Mistake(
                without_growth,
                "Every step has the same limit. A random walk may be sqrt(n) units away after n "
                "steps.",
            ),
            Mistake(absolute, "The difference must be divided by the loss: `unit` is relative."),
            Mistake(
                relative_to_ours,
                "You divide by `ours`. The limit is relative to the reference, `theirs`.",
            ),
            Mistake(counted_from_0, "Steps are counted from 1, and 0 means that there is none."),
            Mistake(
                without_asking,
                "argmax gives 0 when nothing is True, which looks like step 1. Ask first whether "
                "any step is suspicious.",
            ),
            Mistake(
                one_sided,
                "You only count steps where `ours` is above `theirs`; take the absolute value.",
            ),
        ],
    ),
]
