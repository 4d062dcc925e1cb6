"""How the exercises of lesson 7 are judged."""

from itertools import pairwise

import numpy as np

from lessons.checking import Exercise, Mistake

rng = np.random.default_rng(6)

# ------------------------------------------------------------------------- ratio_to_differences

POINT = np.array([0.4, -1.3, 0.9, 1.7])
MATRIX = np.array([[0.3, -0.8, 1.1], [0.6, 1.4, -0.5]])


def steep(x):
    # The third entry is not used: its slope is 0.
    return float(np.exp(2.5 * x[0]) + np.sin(4 * x[1]) * x[3] ** 2)


def steep_gradient(x):
    return np.array(
        [
            2.5 * np.exp(2.5 * x[0]),
            4 * np.cos(4 * x[1]) * x[3] ** 2,
            0.0,
            2 * np.sin(4 * x[1]) * x[3],
        ]
    )


def cubic(x):
    return float(np.sum(x**3) + 7 * x[0, 0] ** 2 * x[1, 2])


def cubic_gradient(x):
    slopes = 3 * x**2
    slopes[0, 0] += 14 * x[0, 0] * x[1, 2]
    slopes[1, 2] += 7 * x[0, 0] ** 2
    return slopes


# (function, claimed gradient, point): right, a factor, a wrong formula.
CLAIMS = [
    (steep, steep_gradient(POINT), POINT),
    (steep, -1 * steep_gradient(POINT), POINT),
    (steep, steep_gradient(POINT) + np.array([0.0, 1.5, 2.0, -0.7]), POINT),
    (cubic, 2.5 * cubic_gradient(MATRIX), MATRIX),
    (cubic, 2 * MATRIX**2, MATRIX),
]


def observe_ratios(answer):
    found = []
    for function, gradient, x in CLAIMS:
        given = x.copy()
        # In one array, so that a rest of 1e-11 is compared on the scale of the ratio.
        found.append(np.array(answer(function, gradient.copy(), given)))
        found.append(np.allclose(given, x, rtol=0, atol=1e-12))  # x + h - h may lose a last digit
    return found


def _numerical(function, x, step=1e-5, one_sided=False):
    slopes = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += step
        if not one_sided:
            below[place] -= step
        slopes[place] = (function(above) - function(below)) / (step if one_sided else 2 * step)
    return slopes


def _compared(gradient, numerical):
    ratio = np.sum(gradient * numerical) / np.sum(numerical**2)
    return ratio, np.linalg.norm(gradient - ratio * numerical) / np.linalg.norm(gradient)


def ratio_to_one_side(function, gradient, x):
    return _compared(gradient, _numerical(function, x, one_sided=True))


def ratio_of_half_steps(function, gradient, x):
    return _compared(gradient, 2 * _numerical(function, x))


def ratio_leaving_x_moved(function, gradient, x):
    found = _compared(gradient, _numerical(function, x))
    x += 1e-5
    return found


def ratio_of_lengths(function, gradient, x):
    numerical = _numerical(function, x)
    ratio = np.linalg.norm(gradient) / np.linalg.norm(numerical)
    return ratio, np.linalg.norm(gradient - ratio * numerical) / np.linalg.norm(gradient)


def ratio_of_lengths_alone(function, gradient, x):
    numerical = _numerical(function, x)
    ratio = np.linalg.norm(gradient) / np.linalg.norm(numerical)
    return ratio, _compared(gradient, numerical)[1]


def ratio_as_cosine(function, gradient, x):
    numerical = _numerical(function, x)
    ratio = np.sum(gradient * numerical)
    ratio /= np.linalg.norm(gradient) * np.linalg.norm(numerical)
    return ratio, np.linalg.norm(gradient - ratio * numerical) / np.linalg.norm(gradient)


def ratio_turned_round(function, gradient, x):
    numerical = _numerical(function, x)
    ratio = np.sum(gradient * numerical) / np.sum(gradient**2)
    return ratio, np.linalg.norm(gradient - ratio * numerical) / np.linalg.norm(gradient)


def ratio_as_mean(function, gradient, x):
    numerical = _numerical(function, x)
    ratio = np.mean(gradient / numerical)
    return ratio, np.linalg.norm(gradient - ratio * numerical) / np.linalg.norm(gradient)


def rest_without_ratio(function, gradient, x):
    numerical = _numerical(function, x)
    ratio, _ = _compared(gradient, numerical)
    return ratio, np.linalg.norm(gradient - numerical) / np.linalg.norm(gradient)


def rest_without_root(function, gradient, x):
    ratio, rest = _compared(gradient, _numerical(function, x))
    return ratio, rest**2


def rest_by_numerical(function, gradient, x):
    numerical = _numerical(function, x)
    ratio, rest = _compared(gradient, numerical)
    return ratio, rest * np.linalg.norm(gradient) / np.linalg.norm(numerical)


def rest_not_relative(function, gradient, x):
    numerical = _numerical(function, x)
    ratio, rest = _compared(gradient, numerical)
    return ratio, rest * np.linalg.norm(gradient)


# -------------------------------------------------------------------------------- layer_factors


def _network(widths):
    weights = [rng.normal(0, 0.8, shape) for shape in pairwise(widths)]
    biases = [rng.normal(0, 0.5, b) for b in widths[1:]]
    return weights, biases, rng.normal(0.3, 1, (3, widths[0])), rng.normal(0, 1, (3, widths[-1]))


NETWORKS = [_network((5, 4, 6, 2)), _network((3, 7, 4))]


def observe_factors(answer):
    return [answer(*network) for network in NETWORKS]


def _walk(weights, biases, x, gradient, slope):
    """The gradients from the last outputs to the first inputs; slope(sum, output)."""
    kept, values = [], x
    for weight, bias in zip(weights, biases, strict=True):
        z = values @ weight + bias
        y = 1 / (1 + np.exp(-z))
        kept.append((z, y))
        values = y
    gradients = [gradient]
    for weight, (z, y) in zip(reversed(weights), reversed(kept), strict=True):
        gradients.append((gradients[-1] * slope(z, y)) @ weight.T)
    return [np.linalg.norm(g) for g in gradients]


def _sigmoid_slope(z, y):
    return y * (1 - y)


def _factors(lengths):
    return [after / before for before, after in pairwise(lengths)]


def factors_from_last_to_first(weights, biases, x, gradient):
    return _factors(_walk(weights, biases, x, gradient, _sigmoid_slope))


def factors_without_slope(weights, biases, x, gradient):
    return _factors(_walk(weights, biases, x, gradient, lambda z, y: 1.0))[::-1]


def factors_with_slope_of_sums(weights, biases, x, gradient):
    return _factors(_walk(weights, biases, x, gradient, lambda z, y: z * (1 - z)))[::-1]


def factors_without_one_minus(weights, biases, x, gradient):
    return _factors(_walk(weights, biases, x, gradient, lambda z, y: y))[::-1]


def factors_from_the_end(weights, biases, x, gradient):
    lengths = _walk(weights, biases, x, gradient, _sigmoid_slope)
    return [length / lengths[0] for length in lengths[1:]][::-1]


def lengths_alone(weights, biases, x, gradient):
    return _walk(weights, biases, x, gradient, _sigmoid_slope)[1:][::-1]


def factors_of_squares(weights, biases, x, gradient):
    squares = [length**2 for length in _walk(weights, biases, x, gradient, _sigmoid_slope)]
    return _factors(squares)[::-1]


def factors_of_means(weights, biases, x, gradient):
    factors = factors_from_last_to_first(weights, biases, x, gradient)
    widths = [w.shape for w in reversed(weights)]
    return [f * np.sqrt(b / a) for f, (a, b) in zip(factors, widths, strict=True)][::-1]


def factors_turned_round(weights, biases, x, gradient):
    return [1 / f for f in _factors(_walk(weights, biases, x, gradient, _sigmoid_slope))][::-1]


EXERCISES = [
    Exercise(
        "ratio_to_differences",
        observe=observe_ratios,
        hint="Print the numerical gradient first, beside the claimed one, then the two sums over "
        "all entries. Is x the same afterwards?",
        mistakes=[
            Mistake(
                ratio_to_one_side,
                "The difference is taken to one side only. Its error is about as large as the "
                "step; go equally far to both sides.",
            ),
            Mistake(
                ratio_of_half_steps,
                "From x - h to x + h the distance is 2 h. Your numerical gradient is twice as "
                "large as it should be.",
            ),
            Mistake(
                ratio_leaving_x_moved,
                "The numbers are right, but x is not what it was: it belongs to the caller. Move "
                "the entries of a copy, or put each one back.",
            ),
            Mistake(
                ratio_of_lengths,
                "A ratio of two lengths is never negative, so it cannot show a wrong sign. Take "
                "gradient.n / n.n.",
            ),
            Mistake(
                ratio_of_lengths_alone,
                "The rest is right. But the ratio is one of two lengths, which is never negative "
                "and cannot show a wrong sign. Take gradient.n / n.n.",
            ),
            Mistake(
                ratio_as_cosine,
                "You divided by both lengths: that is the cosine of the angle, from -1 to 1, and "
                "it cannot show a factor. Divide by n.n.",
            ),
            Mistake(
                ratio_turned_round,
                "You divided by gradient.gradient; we want the ratio in units of the numerical "
                "one, n.n.",
            ),
            Mistake(
                ratio_as_mean,
                "The mean of entry / entry breaks where an entry of n is 0. Use the two sums.",
            ),
            Mistake(
                rest_without_ratio,
                "For the rest, subtract ratio * n from the gradient, so that a mere factor leaves "
                "0.",
            ),
            Mistake(rest_without_root, "The ratio is right. The rest lacks the root of a length."),
            Mistake(
                rest_by_numerical,
                "The rest is relative to the length of the claimed gradient, not of n.",
            ),
            Mistake(
                rest_not_relative,
                "We want the rest relative to the length of the claimed gradient.",
            ),
        ],
    ),
    Exercise(
        "layer_factors",
        observe=observe_factors,
        hint="Two things to check. On the way back: (n, out) times the slope, then @ weight.T "
        "gives (n, in). A length: one number for the whole array, the root of the sum of all "
        "squares.",
        mistakes=[
            Mistake(
                factors_from_last_to_first,
                "The factors are right, but in the order of the walk back. Reverse the list.",
            ),
            Mistake(factors_without_slope, "The sigmoid's own slope, y (1 - y), is missing."),
            Mistake(
                factors_with_slope_of_sums,
                "y (1 - y) needs the output of the sigmoid; you put in the sum before it.",
            ),
            Mistake(factors_without_one_minus, "The slope of the sigmoid is y (1 - y), not y."),
            Mistake(
                factors_from_the_end,
                "You compare every length with the one at the end. Compare that of each layer with "
                "the one that came into the layer.",
            ),
            Mistake(lengths_alone, "These are the lengths. Divide each by the one before it."),
            Mistake(
                factors_of_squares,
                "You compare sums of squares. A length is the root of that sum.",
            ),
            Mistake(
                factors_of_means,
                "You compare means of squares. Layers differ in width: a length is the root of the "
                "sum.",
            ),
            Mistake(
                factors_turned_round,
                "It is upside down: divide the length at the inputs by the length at the outputs.",
            ),
        ],
    ),
]
