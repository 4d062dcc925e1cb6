"""How the exercises of lesson 5 are judged."""

import numpy as np

import tinygrad_mlp as tg
from lessons.checking import Exercise, Mistake

rng = np.random.default_rng(5)

SIZES = [(4, 3), (3, 3), (9, 2)]
INPUTS = [rng.normal(size=(5, inputs)) for inputs, _ in SIZES]
OTHER_WEIGHTS = [rng.normal(size=(outputs, inputs)) for inputs, outputs in SIZES]
OTHER_BIASES = [rng.normal(size=outputs) for _, outputs in SIZES]


def observe_layer(answer):
    seen = []
    for i, (inputs, outputs) in enumerate(SIZES):
        layer = answer(inputs, outputs, np.random.default_rng(i))
        seen += [layer.weight, layer.bias, layer(INPUTS[i])]
        layer.weight, layer.bias = OTHER_WEIGHTS[i].copy(), OTHER_BIASES[i].copy()
        seen.append(layer(INPUTS[i]))
        seen += slopes_through(layer, i)
    return seen


def slopes_through(layer, i):
    """The gradients of the weight and the bias, with tensors in place of all three arrays.

    What turns a tensor into an array on the way, as NumPy's functions do, lets no gradient through.
    """
    layer.weight = tg.tensor(OTHER_WEIGHTS[i], requires_grad=True)
    layer.bias = tg.tensor(OTHER_BIASES[i], requires_grad=True)
    output = layer(tg.tensor(INPUTS[i]))
    if not isinstance(output, tg.Tensor) or not output.requires_grad:
        return [np.zeros_like(OTHER_WEIGHTS[i]), np.zeros_like(OTHER_BIASES[i])]
    (output * output).sum().backward()
    return [
        np.zeros(value.shape) if value.grad is None else value.grad.data.copy()
        for value in (layer.weight, layer.bias)
    ]


class Base:
    def __init__(self, inputs, outputs, rng):
        reach = 1 / np.sqrt(inputs)
        self.weight = rng.uniform(-reach, reach, (outputs, inputs))
        self.bias = rng.uniform(-reach, reach, outputs)

    def __call__(self, x):
        return x @ self.weight.T + self.bias


class WeightTransposed(Base):
    def __init__(self, inputs, outputs, rng):
        reach = 1 / np.sqrt(inputs)
        self.weight = rng.uniform(-reach, reach, (inputs, outputs))
        self.bias = rng.uniform(-reach, reach, outputs)

    def __call__(self, x):
        return x @ self.weight + self.bias


class FromNormal(Base):
    def __init__(self, inputs, outputs, rng):
        self.weight = rng.normal(size=(outputs, inputs)) / np.sqrt(inputs)
        self.bias = rng.normal(size=outputs) / np.sqrt(inputs)


class WithoutRoot(Base):
    def __init__(self, inputs, outputs, rng):
        self.weight = rng.uniform(-1 / inputs, 1 / inputs, (outputs, inputs))
        self.bias = rng.uniform(-1 / inputs, 1 / inputs, outputs)


class BiasFirst(Base):
    def __init__(self, inputs, outputs, rng):
        reach = 1 / np.sqrt(inputs)
        self.bias = rng.uniform(-reach, reach, outputs)
        self.weight = rng.uniform(-reach, reach, (outputs, inputs))


class BiasOfZeros(Base):
    def __init__(self, inputs, outputs, rng):
        super().__init__(inputs, outputs, rng)
        self.bias = np.zeros(outputs)


class KeepsTheOldWeights(Base):
    def __init__(self, inputs, outputs, rng):
        super().__init__(inputs, outputs, rng)
        self.turned = self.weight.T

    def __call__(self, x):
        return x @ self.turned + self.bias


class ThroughArrays(Base):
    def __call__(self, x):
        x, weight, bias = (np.asarray(getattr(v, "data", v)) for v in (x, self.weight, self.bias))
        return x @ weight.T + bias


class ByNumPysFunctions(Base):
    def __call__(self, x):
        return np.dot(x, np.transpose(self.weight)) + self.bias


POINTS = [rng.normal(size=(12, 3)), rng.normal(size=(20, 2)) + 1]
LABELS = [np.arange(12) % 4, np.arange(20) ** 2 % 3]  # classes of different sizes
LABELS[1][:3] = 0, 1, 2


def observe_means(answer):
    return [
        answer(x, labels, int(labels.max()) + 1) for x, labels in zip(POINTS, LABELS, strict=True)
    ]


def means_of(x, labels, classes):
    return np.array([x[labels == k].mean(axis=0) for k in range(classes)])


def means_without_two(x, labels, classes):
    means = means_of(x, labels, classes)
    return means.T, -np.sum(means * means, axis=1)


def means_with_the_wrong_sign(x, labels, classes):
    means = means_of(x, labels, classes)
    return 2 * means.T, np.sum(means * means, axis=1)


def means_without_biases(x, labels, classes):
    means = means_of(x, labels, classes)
    return 2 * means.T, np.zeros(classes)


def means_as_rows(x, labels, classes):
    means = means_of(x, labels, classes)
    return 2 * means, -np.sum(means * means, axis=1)


def means_over_all(x, labels, classes):
    sums = np.array([x[labels == k].sum(axis=0) for k in range(classes)]) / len(x)
    return 2 * sums.T, -np.sum(sums * sums, axis=1)


def pair(inputs, outputs):
    return rng.normal(size=(inputs, outputs)), rng.normal(size=outputs)


STACKS = [
    [pair(3, 2)],
    [pair(4, 3), pair(3, 5)],
    [pair(3, 3), pair(3, 3), pair(3, 3), pair(3, 3)],
]


def observe_merged(answer):
    return [answer(layers) for layers in STACKS]


def merged_adding_biases(layers):
    weights, biases = layers[0]
    for more, more_biases in layers[1:]:
        if biases.shape != more_biases.shape:
            return weights @ more, more_biases
        weights, biases = weights @ more, biases + more_biases
    return weights, biases


def merged_last_bias(layers):
    weights, biases = layers[0]
    for more, more_biases in layers[1:]:
        weights, biases = weights @ more, more_biases
    return weights, biases


def merged_backwards(layers):
    weights, biases = layers[-1]
    for more, more_biases in layers[-2::-1]:
        weights, biases = more @ weights, more_biases @ weights
    return weights, biases


def merged_of_two(layers):
    (one, b1), (other, b2) = layers[0], layers[-1]
    if len(layers) == 1:
        return one, b1
    return one @ other, b1 @ other + b2


def merged_transposed(layers):
    weights, biases = layers[0]
    for more, more_biases in layers[1:]:
        weights, biases = weights @ more, biases @ more + more_biases
    return weights.T, biases


EXERCISES = [
    Exercise(
        "Layer",
        observe=observe_layer,
        hint="Compare step by step: the range of the draw, the shapes (outputs, inputs) and "
        "(outputs,), which of the two is drawn first, and what a call computes.",
        mistakes=[
            Mistake(
                WeightTransposed,
                "Your weight is (inputs, outputs). Here a row belongs to one output: (outputs, "
                "inputs), and the call turns it with .T.",
            ),
            Mistake(FromNormal, "You draw from the normal distribution; use rng.uniform."),
            Mistake(WithoutRoot, "The range is 1 / sqrt(inputs); the root is missing."),
            Mistake(
                BiasFirst, "You draw the bias first. The order of draws matters: weight first."
            ),
            Mistake(BiasOfZeros, "The bias is drawn from the same range as the weight."),
            Mistake(
                KeepsTheOldWeights,
                "A call uses weights that were kept from the beginning. When others are put into "
                ".weight, it must use those: take self.weight.T in __call__.",
            ),
            Mistake(
                ThroughArrays,
                "Right for arrays. When tensors are put in their place, a call turns them into "
                "arrays, and no gradient gets through: use x, self.weight and self.bias as they "
                "are.",
            ),
            Mistake(
                ByNumPysFunctions,
                "Right for arrays. With tensors in their place NumPy's functions lose the "
                "gradient: a call may use only the operators @, + and .T.",
            ),
        ],
    ),
    Exercise(
        "layer_from_means",
        observe=observe_means,
        hint="Multiply out the squared distance. Which of its three sums differ between the "
        "classes, and with which signs?",
        mistakes=[
            Mistake(
                means_without_two,
                "The product of x and the mean has the factor 2. Without it the biases weigh too "
                "much.",
            ),
            Mistake(
                means_with_the_wrong_sign,
                "The nearest class has the smallest distance and the largest score, so the squares "
                "of the mean are subtracted.",
            ),
            Mistake(
                means_without_biases,
                "Without biases a mean with much ink always wins. The sum of its squares belongs "
                "there.",
            ),
            Mistake(means_as_rows, "Weights are (inputs, classes): a column for each class."),
            Mistake(
                means_over_all,
                "Divide by the number of points of the class, not by that of all points.",
            ),
        ],
    ),
    Exercise(
        "merged",
        observe=observe_merged,
        hint="Write (x W1 + b1) W2 + b2 without brackets. Which weights does b1 pass through?",
        mistakes=[
            Mistake(
                merged_adding_biases,
                "The first biases pass through the second weights: b1 @ W2 + b2.",
            ),
            Mistake(merged_last_bias, "The first biases are lost: they pass through W2."),
            Mistake(merged_backwards, "The last biases are lost: they are added at the end."),
            Mistake(merged_of_two, "Two layers are right. With more, go on with the merged one."),
            Mistake(merged_transposed, "Here weights are (inputs, outputs): nothing to turn."),
        ],
    ),
]
