"""How calls of the functions in `functional.py` are drawn, and their twins in PyTorch.

Integer targets, weights and options are drawn with the arrays; the twins get them as PyTorch's
tensors.
"""

import numpy as np
import torch
import torch.nn.functional as TF
from hypothesis import strategies as st

from tinygrad_mlp import from_numpy
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import Sample, arrays, samples, shapes

from .op_table.case import Case, edge

REDUCTIONS = st.sampled_from(["mean", "sum", "none"])


def as_torch(value):
    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value


def twin(function):
    """PyTorch's function, with arrays among the parameters made tensors."""
    return lambda *xs, **params: function(*xs, **{k: as_torch(v) for k, v in params.items()})


# -------------------------------------------------------------------------------------- losses


EXTRA = st.sampled_from([(), (2,), (2, 3)])


@st.composite
def scores(draw):
    """Scores (n, classes, ...), and the shape of their class indices."""
    n, classes, more = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(EXTRA)
    return draw(arrays((n, classes, *more))), (n, *more)


@st.composite
def with_indices(draw, smoothing=True):
    x, shape = draw(scores())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    target = rng.integers(0, x.shape[1], shape)
    if draw(st.booleans()) and target.size > 1:
        target.flat[0] = -100
    params = {"target": target, "reduction": draw(REDUCTIONS)}
    if draw(st.booleans()):
        params["weight"] = rng.uniform(0.5, 2.0, x.shape[1])
    if smoothing and draw(st.booleans()):
        params["label_smoothing"] = 0.2
    return Sample((x,), params)


@st.composite
def with_probabilities(draw):
    x, _ = draw(scores())
    target = draw(arrays(x.shape, low=0.1, high=1.0))
    params = {"reduction": draw(REDUCTIONS)}
    if draw(st.booleans()):
        params["label_smoothing"] = 0.2
    return Sample((x, target), params)


@st.composite
def one_row(draw):
    x = draw(arrays((4,)))
    return Sample((x,), {"target": np.array(draw(st.integers(0, 3)))})


@st.composite
def alike(draw, low=-3.0, high=3.0, **options):
    """An input and a target of one shape whose differences are away from 0, 1 and -1."""
    shape = draw(shapes(min_side=1))
    target = draw(arrays(shape, low=low, high=high))
    away = draw(arrays(shape, avoid=[0.0, 1.0, -1.0]))
    params = {name: draw(strategy) for name, strategy in options.items()}
    return Sample((np.asarray(target + away), target), {"reduction": draw(REDUCTIONS), **params})


@st.composite
def logits_and_targets(draw):
    shape = draw(shapes(min_dims=1, min_side=1))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    params = {"reduction": draw(REDUCTIONS)}
    if draw(st.booleans()):
        params["weight"] = rng.uniform(0.5, 2, shape)
    if draw(st.booleans()):
        params["pos_weight"] = rng.uniform(0.5, 2, shape[-1:])
    return Sample((draw(arrays(shape)), draw(arrays(shape, low=0.0, high=1.0))), params)


HUGE = [[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4]]


def rows_first(function):
    """PyTorch's loss on (rows, classes): its own (n, classes, h, w) has no second derivative."""

    def loss(x, target, **params):
        rows = x.movedim(1, -1).reshape(-1, x.shape[1]) if x.ndim > 2 else x
        found = function(rows, target.reshape(-1) if x.ndim > 2 else target, **params)
        return found.reshape(target.shape) if params.get("reduction") == "none" else found

    return twin(loss)


# --------------------------------------------------------------------- norms, windows, lookups


def spread(x):
    """`x` as part of values that lie apart: dividing by a small spread would magnify float32's
    rounding beyond what its check allows."""
    return np.asarray(x / 3 + 3 * np.indices(x.shape).sum(axis=0))


@st.composite
def layer_norms(draw):
    shape = draw(st.sampled_from([(2, 3), (4,), (2, 3, 2)]))
    normalized = shape[draw(st.integers(0, len(shape) - 1)) :]
    inputs = [spread(draw(arrays(shape)))]
    if draw(st.booleans()):
        inputs += [draw(arrays(normalized)), draw(arrays(normalized))]
    return Sample(tuple(inputs), {"normalized_shape": normalized})


def layer_norm(x, weight=None, bias=None, normalized_shape=()):
    return F.layer_norm(x, normalized_shape, weight, bias)


def layer_norm_twin(x, weight=None, bias=None, normalized_shape=()):
    return TF.layer_norm(x, normalized_shape, weight, bias)


@st.composite
def batch_norms(draw):
    shape = draw(st.sampled_from([(4, 2), (3, 2, 3), (2, 3, 2, 2)]))
    channels = (shape[1],)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    running = (rng.normal(size=channels), rng.uniform(0.5, 2, channels))
    inputs = (spread(draw(arrays(shape))), draw(arrays(channels)), draw(arrays(channels)))
    return Sample(inputs, {"running": running, "training": draw(st.booleans())})


def batch_norm_by(function, wrap):
    def batch_norm(x, weight, bias, running, training):
        mean, var = (wrap(r.copy()) for r in running)
        return function(x, mean, var, weight, bias, training)

    return batch_norm


@st.composite
def convolutions(draw):
    groups = draw(st.sampled_from([1, 2]))
    channels, out = 2 * groups, groups * draw(st.integers(1, 2))
    kernel = (draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    pair = st.sampled_from([1, 2, (2, 1)])
    inputs = [draw(arrays((2, channels, 6, 5))), draw(arrays((out, 2, *kernel)))]
    inputs += [draw(arrays((out,)))] if draw(st.booleans()) else []
    padding = draw(st.sampled_from([0, 1, (1, 2)]))
    params = {"stride": draw(pair), "dilation": draw(pair), "padding": padding, "groups": groups}
    return Sample(tuple(inputs), params)


@st.composite
def distinct_images(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.permutation(2 * 2 * 5 * 6).reshape(2, 2, 5, 6) / 50


POOLS = {
    "kernel_size": st.sampled_from([2, (3, 2)]),
    "stride": st.sampled_from([None, 1, (2, 1)]),
    "padding": st.sampled_from([0, 1]),
}

EMBEDDED = np.array([[0, 2], [2, 3]])


CASES = {
    "cross_entropy": (F.cross_entropy, Case(with_indices(), rows_first(TF.cross_entropy))),
    "cross_entropy of one row": (F.cross_entropy, Case(one_row(), twin(TF.cross_entropy))),
    "cross_entropy of probabilities": (
        F.cross_entropy,
        Case(
            with_probabilities(),
            TF.cross_entropy,
            edges=(edge(HUGE, [[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]]),),
        ),
    ),
    "nll_loss": (F.nll_loss, Case(with_indices(smoothing=False), rows_first(TF.nll_loss))),
    "mse_loss": (F.mse_loss, Case(alike(), TF.mse_loss)),
    "l1_loss": (F.l1_loss, Case(alike(), TF.l1_loss, edges=(edge([1.0, 2.0], [1.0, 0.0]),))),
    "huber_loss": (
        F.huber_loss,
        Case(
            alike(delta=st.just(1.0)),
            TF.huber_loss,
            edges=(edge([0.0, 1.0, -1.0, 3.0], [0.0, 0.0, 0.0, 0.0], delta=1.0),),
        ),
    ),
    "binary_cross_entropy_with_logits": (
        F.binary_cross_entropy_with_logits,
        Case(
            logits_and_targets(),
            twin(TF.binary_cross_entropy_with_logits),
            edges=(edge([0.0, 1e4, -1e4], [0.5, 1.0, 1.0]),),
        ),
    ),
    "softplus": (
        F.softplus,
        Case(
            samples(arrays(low=-30, high=60, avoid=[10.0]), beta=st.sampled_from([1.0, 2.0])),
            TF.softplus,
            rtol=2e-9,
            why_rtol="above the threshold both leave out terms of up to e^-20, PyTorch not alike "
            "in the value and in the gradient",
        ),
    ),
    "layer_norm": (layer_norm, Case(layer_norms(), layer_norm_twin)),
    "batch_norm": (
        batch_norm_by(F.batch_norm, from_numpy),
        Case(batch_norms(), batch_norm_by(TF.batch_norm, torch.from_numpy)),
    ),
    "embedding": (
        lambda weight, index: F.embedding(index, weight),
        Case(
            samples(arrays((4, 3)), index=st.just(EMBEDDED)),
            lambda weight, index: TF.embedding(torch.from_numpy(index), weight),
        ),
    ),
    "conv2d": (F.conv2d, Case(convolutions(), TF.conv2d)),
    "max_pool2d": (
        F.max_pool2d,
        Case(
            samples(distinct_images(), **POOLS),
            TF.max_pool2d,
            edges=(edge(np.ones((1, 1, 4, 4)).tolist(), kernel_size=2),),
        ),
    ),
    "avg_pool2d": (F.avg_pool2d, Case(samples(arrays((2, 2, 5, 6)), **POOLS), TF.avg_pool2d)),
}
"""By name, a function of `functional.py`, and its case."""

COVERED_ELSEWHERE = {
    "dropout": "random: test_networks.py",
    "one_hot": "gives an array: test_networks.py",
    **dict.fromkeys(["jacobian", "hessian", "hvp", "jvp", "vjp"], "test_autograd.py"),
    **dict.fromkeys(["linear", "log_softmax", "relu", "sigmoid", "softmax", "tanh"], "an op"),
    **dict.fromkeys(["elu", "gelu", "leaky_relu", "silu", "pad"], "in composed.py"),
}
"""What else `functional` offers, and where it is tested."""
