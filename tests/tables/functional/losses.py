"""Losses."""

import numpy as np
import torch
import torch.nn.functional as TF
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, shapes

from ..case import FEW, Case, edge, random

REDUCTIONS = st.sampled_from(["mean", "sum", "none"])
SMOOTHING = st.sampled_from([0.1, 0.5, 1.0])
DELTAS = [1.0, 0.5, 2.0]


def with_tensors(function):
    """PyTorch's function, with arrays among the parameters made tensors."""

    def as_torch(value):
        return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value

    return lambda *xs, **params: function(*xs, **{k: as_torch(v) for k, v in params.items()})


def rows_first(function):
    """PyTorch's loss on (rows, classes): its own (n, classes, h, w) has no second derivative."""

    def loss(x, target, **params):
        rows = x.movedim(1, -1).reshape(-1, x.shape[1]) if x.ndim > 2 else x
        found = function(rows, target.reshape(-1) if x.ndim > 2 else target, **params)
        return found.reshape(target.shape) if params.get("reduction") == "none" else found

    return with_tensors(loss)


@st.composite
def scores(draw):
    """Scores (n, classes, ...), and the shape of their class indices."""
    n, classes = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    more = draw(st.sampled_from([(), (2,), (2, 3)]))
    return draw(arrays((n, classes, *more))), (n, *more)


@st.composite
def with_indices(draw, smoothing=True):
    """Class indices, some of them ignored now and then, but never all."""
    x, shape = draw(scores())
    rng = random(draw)
    target = rng.integers(0, x.shape[1], shape)
    params = {"target": target, "reduction": draw(REDUCTIONS)}
    if draw(st.booleans()) and target.size > 1:
        target.flat[0] = -100
    elif draw(st.booleans()) and (target != target.flat[0]).any():
        params["ignore_index"] = int(target.flat[0])
    if draw(st.booleans()):
        params["weight"] = rng.uniform(0.5, 2.0, x.shape[1])
    if smoothing and draw(st.booleans()):
        params["label_smoothing"] = draw(SMOOTHING)
    return Sample((x,), params)


@st.composite
def with_probabilities(draw):
    """Probabilities, which get gradients too; and so does their weight, if there is one."""
    x, _ = draw(scores())
    inputs = [x, draw(arrays(x.shape, low=0.0, high=1.0))]
    if draw(st.booleans()):
        inputs.append(draw(arrays((x.shape[1],), low=0.5, high=2.0)))
    params = {"reduction": draw(REDUCTIONS)}
    if draw(st.booleans()):
        params["label_smoothing"] = draw(SMOOTHING)
    return Sample(tuple(inputs), params)


@st.composite
def one_row(draw):
    x = draw(arrays((4,)))
    return Sample((x,), {"target": np.array(draw(st.integers(0, 3)))})


@st.composite
def alike(draw, **options):
    """An input and a target of one shape; no difference is close to 0, or to a kink of Huber's."""
    shape = draw(shapes(min_side=1))
    target = draw(arrays(shape))
    away = draw(arrays(shape, avoid=[0.0, *DELTAS, *(-d for d in DELTAS)]))
    params = {name: draw(strategy) for name, strategy in options.items()}
    return Sample((np.asarray(target + away), target), {"reduction": draw(REDUCTIONS), **params})


@st.composite
def logits_and_targets(draw):
    shape = draw(shapes(min_dims=1, min_side=1))
    rng = random(draw)
    params = {"reduction": draw(REDUCTIONS)}
    if draw(st.booleans()):
        params["weight"] = rng.uniform(0.5, 2, shape)
    if draw(st.booleans()):
        params["pos_weight"] = rng.uniform(0.5, 2, shape[-1:])
    return Sample((draw(arrays(shape)), draw(arrays(shape, low=0.0, high=1.0))), params)


HUGE = [[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4]]
NO_ROWS = Sample((np.zeros((0, 3)),), {"target": np.zeros(0, np.int64)})

CASES = {
    "cross_entropy": Case(
        with_indices(),
        rows_first(TF.cross_entropy),
        edges=(NO_ROWS, *(edge(HUGE, target=np.array([label, label])) for label in range(3))),
        examples=FEW,
    ),
    "cross_entropy of one row": Case(one_row(), with_tensors(TF.cross_entropy), examples=FEW),
    "cross_entropy of probabilities": Case(
        with_probabilities(),
        TF.cross_entropy,
        edges=(edge(HUGE, [[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]]),),
        examples=FEW,
    ),
    "nll_loss": Case(
        with_indices(smoothing=False), rows_first(TF.nll_loss), edges=(NO_ROWS,), examples=FEW
    ),
    "mse_loss": Case(alike(), TF.mse_loss, examples=FEW),
    "l1_loss": Case(alike(), TF.l1_loss, edges=(edge([1.0, 2.0], [1.0, 0.0]),), examples=FEW),
    "huber_loss": Case(
        alike(delta=st.sampled_from(DELTAS)),
        TF.huber_loss,
        edges=tuple(
            edge([0.0, delta, -delta, 3.0], [0.0, 0.0, 0.0, 0.0], delta=delta) for delta in DELTAS
        ),
        examples=FEW,
    ),
    "smooth_l1_loss": Case(
        alike(beta=st.sampled_from([0.0, *DELTAS])),
        TF.smooth_l1_loss,
        edges=tuple(
            edge([0.0, beta, -beta, 3.0], [0.0, 0.0, 0.0, 0.0], beta=beta) for beta in DELTAS
        ),
        examples=FEW,
    ),
    "binary_cross_entropy_with_logits": Case(
        logits_and_targets(),
        with_tensors(TF.binary_cross_entropy_with_logits),
        edges=(edge([0.0, 1e4, -1e4, 1e4, -1e4], [0.5, 1.0, 1.0, 0.0, 0.0]),),
        examples=FEW,
    ),
}
