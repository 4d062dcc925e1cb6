"""How the exercises of lesson 15 are judged."""

import numpy as np

import tinygrad_mlp as tg
from lessons.checking import Exercise, Mistake
from lessons.checks.layers import drawn, gradient_of, parameters_of
from tinygrad_mlp import nn
from tinygrad_mlp.engine import OPS

HINTS = {
    "names": "Both parameters are attributes of this class, made by nn.Parameter in __init__, and "
    "their names count: weight and bias.",
    "shapes": "weight and bias have one number for each place of the last dimension: their shape "
    "is (features,).",
    "dtypes": "Make the array in float32, as in the lesson: np.full(features, 2.0, np.float32).",
}


# ---------------------------------------------------------------------------- make_logaddexp

PAIRS = [
    (drawn(4, seed=1), drawn(4, seed=2)),
    (drawn(3, 1, seed=3), drawn(2, 1, 4, seed=4)),
    (np.array([1000.3, -1001.0, 3.1, 999.0]), np.array([999.1, -999.5, 1002.0, -5.2])),
]


def made_by(make):
    """The op that an answer makes; afterwards the registry of ops is as it was before.

    Solution, answer and mistakes all make an op with the same name, which can be taken only once.
    """
    before = dict(OPS)
    left_over = OPS.get("logaddexp")
    if left_over is not None and not left_over.__module__.startswith("tinygrad_mlp"):
        del OPS["logaddexp"]
    try:
        return make()
    finally:
        OPS.clear()
        OPS.update(before)


def observe_op(answer):
    function = made_by(answer)
    found = [hasattr(function, "op")]
    for a, b in PAIRS:
        a, b = (tg.tensor(values, requires_grad=True) for values in (a, b))
        y = function(a, b)
        weights = drawn(*y.shape, seed=5)
        gradients = tg.grad(y, (a, b), weights, create_graph=True)
        second = tg.grad((gradients[0] * gradients[0]).sum(), (a, b))
        found += [function(a.data, b.data), y, *gradients, *second]
    return found


def stable(a, b):
    return np.maximum(a, b) + np.log1p(np.exp(-np.abs(a - b)))


def composed():
    def logaddexp(a, b):
        return tg.maximum(a, b) + tg.log1p(tg.exp(-tg.abs(a - b)))

    return logaddexp


def overflowing():
    @tg.op(grad=(lambda g, y, a, b: g * tg.exp(a - y), lambda g, y, a, b: g * tg.exp(b - y)))
    def logaddexp(a, b):
        return np.log(np.exp(a) + np.exp(b))

    return logaddexp


def with_rules_exchanged():
    @tg.op(grad=(lambda g, y, a, b: g * tg.exp(b - y), lambda g, y, a, b: g * tg.exp(a - y)))
    def logaddexp(a, b):
        return stable(a, b)

    return logaddexp


def with_overflowing_rules():
    @tg.op(
        grad=(
            lambda g, y, a, b: g * tg.exp(a) / (tg.exp(a) + tg.exp(b)),
            lambda g, y, a, b: g * tg.exp(b) / (tg.exp(a) + tg.exp(b)),
        )
    )
    def logaddexp(a, b):
        return stable(a, b)

    return logaddexp


def without_g():
    @tg.op(grad=(lambda g, y, a, b: tg.exp(a - y), lambda g, y, a, b: tg.exp(b - y)))
    def logaddexp(a, b):
        return stable(a, b)

    return logaddexp


def without_inner_derivative():
    @tg.op(grad=(lambda g, y, a, b: g / tg.exp(y), lambda g, y, a, b: g / tg.exp(y)))
    def logaddexp(a, b):
        return stable(a, b)

    return logaddexp


# --------------------------------------------------------------------------------- LayerNorm

# Values so close together that eps counts beside their variance.
ROWS = [(5, 0.02 * drawn(4, 5, seed=6) + 1.3, 1e-5), (3, drawn(2, 4, 3, seed=7), 0.1)]


def observe_layer_norm(answer):
    found = []
    for features, values, eps in ROWS:
        layer = answer(features, eps)
        parameters = parameters_of(layer, {"weight": (features,), "bias": (features,)}, HINTS)
        found += [np.array(parameters[name].data) for name in ("weight", "bias")]
        found.append(layer(tg.tensor(values.astype(np.float32))).dtype == np.float32)
        # In float64, so that rounding does not hide small faults.
        parameters["weight"].data = drawn(features, seed=8)
        parameters["bias"].data = drawn(features, seed=9)
        x = tg.tensor(values, requires_grad=True)
        y = layer(x)
        y.backward(drawn(*values.shape, seed=10))
        found += [y, x.grad, *(gradient_of(parameters[name]) for name in ("weight", "bias"))]
    return found


class WithSettings(nn.Module):
    """What the wrong versions share."""

    def __init__(self, features, eps=1e-5):
        self.eps = eps
        self.weight = nn.Parameter(np.ones(features, np.float32))
        self.bias = nn.Parameter(np.zeros(features, np.float32))


class OverTheBatch(WithSettings):
    def forward(self, x):
        away = x - x.mean(dim=0, keepdim=True)
        variance = (away * away).mean(dim=0, keepdim=True)
        return self.weight * away / tg.sqrt(variance + self.eps) + self.bias


class WithCorrection(WithSettings):
    def forward(self, x):
        away = x - x.mean(dim=-1, keepdim=True)
        variance = (away * away).sum(dim=-1, keepdim=True) / (x.shape[-1] - 1)
        return self.weight * away / tg.sqrt(variance + self.eps) + self.bias


class WithEpsOutside(WithSettings):
    def forward(self, x):
        away = x - x.mean(dim=-1, keepdim=True)
        variance = (away * away).mean(dim=-1, keepdim=True)
        return self.weight * away / (tg.sqrt(variance) + self.eps) + self.bias


class WithEpsFixed(WithSettings):
    def forward(self, x):
        away = x - x.mean(dim=-1, keepdim=True)
        variance = (away * away).mean(dim=-1, keepdim=True)
        return self.weight * away / tg.sqrt(variance + 1e-5) + self.bias


class WithoutMean(WithSettings):
    def forward(self, x):
        square = (x * x).mean(dim=-1, keepdim=True)
        return self.weight * x / tg.sqrt(square + self.eps) + self.bias


class WithVarianceForRoot(WithSettings):
    def forward(self, x):
        away = x - x.mean(dim=-1, keepdim=True)
        variance = (away * away).mean(dim=-1, keepdim=True)
        return self.weight * away / (variance + self.eps) + self.bias


class WithConstantStatistics(WithSettings):
    def forward(self, x):
        mean = np.mean(x.data, axis=-1, keepdims=True)
        variance = np.var(x.data, axis=-1, keepdims=True)
        return self.weight * (x - mean) / np.sqrt(variance + self.eps) + self.bias


class WithoutParameters(nn.Module):
    def __init__(self, features, eps=1e-5):
        self.weight = tg.tensor(np.ones(features, np.float32), requires_grad=True)
        self.bias = tg.tensor(np.zeros(features, np.float32), requires_grad=True)


class WithOtherNames(nn.Module):
    def __init__(self, features, eps=1e-5):
        self.gamma = nn.Parameter(np.ones(features, np.float32))
        self.beta = nn.Parameter(np.zeros(features, np.float32))


class WithWideParameters(nn.Module):
    def __init__(self, features, eps=1e-5):
        self.weight = nn.Parameter(np.ones(features))
        self.bias = nn.Parameter(np.zeros(features))


EXERCISES = [
    Exercise(
        "make_logaddexp",
        observe=observe_op,
        hint="Return the op itself, made with @tg.op and two rules. Take the larger of a and b out "
        "of the logarithm; the derivative by a is e^a / (e^a + e^b), and that sum is e^y.",
        mistakes=[
            Mistake(
                composed,
                "The values are right, but this is a function composed of ops. The exercise asks "
                "for an op with two rules of its own: @tg.op(grad=(..., ...)) above a function on "
                "arrays.",
            ),
            Mistake(
                overflowing,
                "np.exp(1000) is infinite. Take the larger number m out of the logarithm: "
                "m + log(1 + e^d) with a d that is never above 0.",
            ),
            Mistake(
                with_rules_exchanged,
                "The two rules are swapped: the first is that of a, the second that of b.",
            ),
            Mistake(
                with_overflowing_rules,
                "The formula of the rules is right, but for numbers around 1,000 it is infinity "
                "over infinity. Use e^a + e^b = e^y, and put both into one exponential.",
            ),
            Mistake(
                without_g,
                "The rules do not use g: that is the derivative of the op. The chain rule "
                "multiplies it by the gradient of the output.",
            ),
            Mistake(
                without_inner_derivative,
                "You took the derivative of the logarithm, 1 / (e^a + e^b), and left out that of "
                "what is inside it, e^a or e^b.",
            ),
        ],
    ),
    Exercise(
        "LayerNorm",
        observe=observe_layer_norm,
        hint="Mean and variance over the last dimension with keepdim=True; `weight` and `bias` "
        "are nn.Parameter of shape (features,); eps is added to the variance, under the root.",
        mistakes=[
            Mistake(
                OverTheBatch,
                "You took mean and variance over the first dimension, the examples. That is "
                "batch norm; layer norm takes them over the last dimension, within each example.",
            ),
            Mistake(
                WithCorrection,
                "You divided the squares by n - 1. Here the variance is their mean: divide by n.",
            ),
            Mistake(WithEpsOutside, "eps is added to the variance, so it belongs under the root."),
            Mistake(WithEpsFixed, "You did not use the eps that __init__ was given."),
            Mistake(
                WithoutMean,
                "You did not subtract the mean, so the rows do not have mean 0.",
            ),
            Mistake(WithVarianceForRoot, "You divided by the variance; take its root first."),
            Mistake(
                WithConstantStatistics,
                "The values are right but the gradients are not: with np.mean(x.data) the mean "
                "and the variance are constants. They depend on x; use x.mean and tg.sqrt.",
            ),
            Mistake(
                WithoutParameters,
                "The module finds no parameters. A tensor that requires a gradient is not enough; "
                "use nn.Parameter.",
            ),
            Mistake(
                WithOtherNames,
                "The paper calls them gamma and beta. Here they are called `weight` and `bias`, as "
                "in PyTorch, so that saved weights can be exchanged.",
            ),
            Mistake(
                WithWideParameters,
                "np.ones and np.zeros give float64. Write np.ones(features, np.float32), or the "
                "whole network computes in float64 from here on.",
            ),
        ],
    ),
]
