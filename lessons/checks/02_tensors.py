"""How the exercises of lesson 2 are judged."""

import numpy as np

import tinygrad_mlp as tg
from lessons.checking import Exercise, Mistake

rng = np.random.default_rng(2)

COLUMNS = [rng.normal(size=shape) for shape in ((5, 3), (2, 4), (7, 1))]
COLUMN_GRADIENTS = [rng.normal(size=x.shape[1]) for x in COLUMNS]

# Examples, inputs and outputs of each layer.
LAYERS = [
    (
        rng.normal(size=(n, outputs)),
        rng.normal(size=(n, inputs)),
        rng.normal(size=(outputs, inputs)),
        rng.normal(size=outputs),
    )
    for n, inputs, outputs in ((4, 4, 4), (5, 3, 2), (2, 4, 6))
]

EXAMPLES = [rng.normal(size=(12, 2)) + 0.3, 1.5 * rng.normal(size=(9, 3))]
LABELS = [
    (examples[:, 0] - 0.5 * examples[:, 1] > rng.normal(size=len(examples))).astype(float)
    for examples in EXAMPLES
]


STRETCHED = [
    (rng.normal(size=large), small)
    for large, small in (
        ((3, 4), (4,)),
        ((3, 4), (3, 1)),
        ((3, 4), (1, 1)),
        ((3, 4), ()),
        ((3, 4), (3, 4)),
        ((2, 3, 4), (3, 1)),
        ((2, 3, 4), (1, 1, 4)),
        ((5, 1), (1, 1)),
        ((), ()),
    )
]
NO_FIT = [(rng.normal(size=large), small) for large, small in (((5, 4), (1, 3)), ((4,), (2, 4)))]
NO_FIT.append((rng.normal(size=(3, 1)), (3, 4)))


def observe_unbroadcast(answer):
    return [
        [answer(g.copy(), shape) for g, shape in STRETCHED],
        [refuses(answer, g, shape) for g, shape in NO_FIT],
    ]


def refuses(answer, g, shape):
    try:
        answer(g, shape)
    except ValueError:
        return 1.0
    return 0.0


def observe_column_means(answer):
    return [answer(g, x.mean(axis=0), x) for g, x in zip(COLUMN_GRADIENTS, COLUMNS, strict=True)]


def observe_linear(answer):
    return [answer(*layer) for layer in LAYERS]


def observe_logistic(answer):
    return [
        answer(examples, labels, rate, steps)
        for examples, labels in zip(EXAMPLES, LABELS, strict=True)
        for rate, steps in ((0.4, 1), (0.4, 2), (0.3, 8))
    ]


def unbroadcast_as_in_the_lesson(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for d, length in enumerate(shape):
        if length == 1 and g.shape[d] != 1:
            g = g.sum(axis=d, keepdims=True)
    return g


def check_fit(g, shape):
    try:
        fits = np.broadcast_shapes(g.shape, shape) == g.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("no fit")


def unbroadcast_keeping_nothing(g, shape):
    check_fit(g, shape)
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    ones = tuple(d for d, length in enumerate(shape) if length == 1)
    return g.sum(axis=ones)


def unbroadcast_from_the_right(g, shape):
    check_fit(g, shape)
    while g.ndim > len(shape):
        g = g.sum(axis=-1)
    for d, length in enumerate(shape):
        if length == 1:
            g = g.sum(axis=d, keepdims=True)
    return g


def unbroadcast_by_mean(g, shape):
    check_fit(g, shape)
    while g.ndim > len(shape):
        g = g.mean(axis=0)
    for d, length in enumerate(shape):
        if length == 1:
            g = g.mean(axis=d, keepdims=True)
    return g


def unbroadcast_only_in_front(g, shape):
    check_fit(g, shape)
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    return g


def column_means_undivided(g, y, x):
    return np.broadcast_to(g, x.shape)


def column_means_by_all(g, y, x):
    return np.broadcast_to(g / x.size, x.shape)


def column_means_by_columns(g, y, x):
    return np.broadcast_to(g / x.shape[1], x.shape)


def column_means_small(g, y, x):
    return g / len(x)


def linear_weight_transposed(g, x, weight, bias):
    return g @ weight, x.T @ g, g.sum(axis=0)


def linear_x_transposed(g, x, weight, bias):
    return g @ weight.T, g.T @ x, g.sum(axis=0)


def linear_bias_stretched(g, x, weight, bias):
    return g @ weight, g.T @ x, g


def linear_bias_mean(g, x, weight, bias):
    return g @ weight, g.T @ x, g.mean(axis=0)


def linear_bias_over_outputs(g, x, weight, bias):
    return g @ weight, g.T @ x, g.sum(axis=1)


def linear_bias_as_a_row(g, x, weight, bias):
    return g @ weight, g.T @ x, g.sum(axis=0, keepdims=True)


def linear_divided(g, x, weight, bias):
    n = len(x)
    return g @ weight / n, g.T @ x / n, g.sum(axis=0) / n


def linear_parameters_divided(g, x, weight, bias):
    n = len(x)
    return g @ weight, g.T @ x / n, g.sum(axis=0) / n


def linear_weight_first(g, x, weight, bias):
    return g.T @ x, g @ weight, g.sum(axis=0)


def linear_x_last(g, x, weight, bias):
    return g.T @ x, g.sum(axis=0), g @ weight


def linear_backwards(g, x, weight, bias):
    return g.sum(axis=0), g.T @ x, g @ weight


def probabilities(examples, w, b):
    return (tg.tensor(examples) @ w + b).sigmoid()


def cross_entropy(p, labels):
    right = tg.tensor(labels)
    return right * p.log() + (1 - right) * (1 - p).log()


def logistic(loss_of, direction=-1, move_b=True):
    """A version of fit_logistic with another loss, or another step."""

    def fit(x, labels, rate, steps):
        w, b = np.zeros(x.shape[1]), np.zeros(())
        for _ in range(steps):
            leaf_w = tg.tensor(w, requires_grad=True)
            leaf_b = tg.tensor(b, requires_grad=True)
            loss_of(probabilities(x, leaf_w, leaf_b), labels).backward()
            w = w + direction * rate * leaf_w.grad.data
            b = b + direction * rate * leaf_b.grad.data * move_b
        return w, b

    return fit


logistic_uphill = logistic(lambda p, labels: -cross_entropy(p, labels).mean(), direction=1)
logistic_summed = logistic(lambda p, labels: -cross_entropy(p, labels).sum())
logistic_without_b = logistic(lambda p, labels: -cross_entropy(p, labels).mean(), move_b=False)
logistic_one_sided = logistic(lambda p, labels: -(tg.tensor(labels) * p.log()).mean())
logistic_squared = logistic(lambda p, labels: ((p - tg.tensor(labels)) ** 2).mean())


def logistic_accumulating(x, labels, rate, steps):
    w = tg.tensor(np.zeros(x.shape[1]), requires_grad=True)
    b = tg.tensor(np.zeros(()), requires_grad=True)
    for _ in range(steps):
        (-cross_entropy(probabilities(x, w, b), labels).mean()).backward()
        w.data = w.data - rate * w.grad.data
        b.data = b.data - rate * b.grad.data
    return w, b


def logistic_losing_the_leaf(x, labels, rate, steps):
    w = tg.tensor(np.zeros(x.shape[1]), requires_grad=True)
    b = tg.tensor(np.zeros(()), requires_grad=True)
    for _ in range(steps):
        (-cross_entropy(probabilities(x, w, b), labels).mean()).backward()
        w = w - rate * w.grad
        b = b - rate * b.grad
    return w, b


def logistic_detached(x, labels, rate, steps):
    w = tg.tensor(np.zeros(x.shape[1]), requires_grad=True)
    b = tg.tensor(np.zeros(()), requires_grad=True)
    for _ in range(steps):
        (-cross_entropy(probabilities(x, w, b), labels).mean()).backward()
        w = (w - rate * w.grad).detach()
        b = (b - rate * b.grad).detach()
    return w, b


def logistic_losing_the_leaf_for_its_data(x, labels, rate, steps):
    w = tg.tensor(np.zeros(x.shape[1]), requires_grad=True)
    b = tg.tensor(np.zeros(()), requires_grad=True)
    for _ in range(steps):
        (-cross_entropy(probabilities(x, w, b), labels).mean()).backward()
        w = w - rate * w.grad.data
        b = b - rate * b.grad.data
    return w, b


EXERCISES = [
    Exercise(
        "unbroadcast",
        observe=observe_unbroadcast,
        hint="Write both shapes one below the other, aligned at the right. Which dimensions of g "
        "have nothing or a 1 below them?",
        mistakes=[
            Mistake(
                unbroadcast_as_in_the_lesson,
                "The sums are right. What does not fit must raise a ValueError: compare the "
                "lengths before you sum.",
            ),
            Mistake(
                unbroadcast_keeping_nothing,
                "A dimension of length 1 is summed, but it must stay, with length 1.",
            ),
            Mistake(
                unbroadcast_from_the_right,
                "NumPy adds missing dimensions in front, so the first ones are summed away.",
            ),
            Mistake(
                unbroadcast_by_mean,
                "Each copy has its own path to the loss, and where paths meet, we add.",
            ),
            Mistake(
                unbroadcast_only_in_front,
                "New dimensions in front are summed, but a length of 1 was stretched, too.",
            ),
        ],
    ),
    Exercise(
        "column_means_rule",
        observe=observe_column_means,
        hint="How far does the mean of a column move when one number of that column moves by 1?",
        mistakes=[
            Mistake(
                column_means_undivided,
                "This is the rule of the sum. A mean of n numbers moves 1 / n times as far as one "
                "of them.",
            ),
            Mistake(
                column_means_by_all,
                "You divide by the number of all values. Each mean is taken over just one column.",
            ),
            Mistake(
                column_means_by_columns,
                "You divide by the number of columns. How many numbers are in one column?",
            ),
            Mistake(
                column_means_small,
                "A gradient has the shape of the thing it belongs to: x is (n, m). Copy the row to "
                "all rows, as np.broadcast_to does.",
            ),
        ],
    ),
    Exercise(
        "linear_rules",
        observe=observe_linear,
        hint="Call weight.T B. The lesson has the rules for x and B; what is the gradient of B "
        "transposed? And how often is the bias used?",
        mistakes=[
            Mistake(
                linear_weight_transposed,
                "The gradient of weight has the layout of weight.T. Compare its shape with that of "
                "weight; for the square layer only the numbers show it.",
            ),
            Mistake(
                linear_x_transposed,
                "In the lesson's y = a b your b is weight.T, so g b^T is g @ weight.",
            ),
            Mistake(
                linear_bias_stretched,
                "The bias was copied to all rows, so its gradient is a sum. Over which dimension?",
            ),
            Mistake(
                linear_bias_mean,
                "The gradient of the bias is the sum over the rows; you took the mean.",
            ),
            Mistake(
                linear_bias_over_outputs,
                "You summed over the outputs. Which dimension of y was the bias copied along?",
            ),
            Mistake(
                linear_bias_as_a_row,
                "The bias has the shape (outputs,), and its gradient (1, outputs): leave out "
                "keepdims.",
            ),
            Mistake(
                linear_divided,
                "Everything is divided by the number of examples. If the loss is a mean, its rule "
                "has divided already: that is in g.",
            ),
            Mistake(
                linear_parameters_divided,
                "The gradients of weight and bias are divided by the number of examples. Where "
                "paths meet, we add; a mean in the loss has divided g already.",
            ),
            Mistake(
                linear_weight_first,
                "The three gradients are right, but the order is x, weight, bias: you gave that of "
                "weight first.",
            ),
            Mistake(
                linear_x_last,
                "The three gradients are right, but the order is x, weight, bias: you gave that of "
                "x last.",
            ),
            Mistake(
                linear_backwards,
                "The three gradients are right, but you gave them backwards: the order is x, "
                "weight, bias.",
            ),
        ],
    ),
    Exercise(
        "fit_logistic",
        observe=observe_logistic,
        hint="Print the loss of each step: it should fall. Then compare the first step with the "
        "text: which loss, which sign, which rate?",
        mistakes=[
            Mistake(
                logistic_accumulating,
                "The first step is right and the later ones are not: backward() adds to .grad. "
                "Make new tensors for each step, or set .grad to None.",
            ),
            Mistake(
                logistic_losing_the_leaf,
                "The first step is right. But w - rate * w.grad is a result, not a leaf, so the "
                "next backward() leaves no .grad on it. Make new tensors for each step.",
            ),
            Mistake(
                logistic_losing_the_leaf_for_its_data,
                "The first step is right. But w - ... is a result, not a leaf, so the next "
                "backward() leaves no .grad on it. Make new tensors for each step, from w.data.",
            ),
            Mistake(
                logistic_detached,
                "The first step is right. But what detach() returns asks for no gradient. Make "
                "new tensors for each step, with requires_grad=True.",
            ),
            Mistake(logistic_uphill, "You go up: the step must go against the gradient."),
            Mistake(logistic_summed, "You took the sum over the examples; the loss is their mean."),
            Mistake(logistic_without_b, "b stays at 0. It has a gradient too."),
            Mistake(
                logistic_one_sided,
                "Only examples of class 1 count in your loss. The others bring -log(1 - p).",
            ),
            Mistake(logistic_squared, "This is the squared error. The loss here is -log p."),
        ],
    ),
]
