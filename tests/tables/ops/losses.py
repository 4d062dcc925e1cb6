"""Softmax and losses."""

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as hypothesis_arrays
from torch.nn.functional import one_hot

from tinygrad_mlp import ops
from tinygrad_mlp.testing import Sample, arrays, shapes

from ..case import Case, edge


@st.composite
def over_a_dim(draw):
    x = draw(arrays(shapes(min_dims=1, min_side=1)))
    return Sample((x,), {"dim": draw(st.integers(-x.ndim, x.ndim - 1))})


@st.composite
def scores_and_targets(draw):
    shape = draw(shapes(min_dims=1, min_side=1))
    return Sample(
        (draw(arrays(shape)), draw(arrays(shape, low=0.0, high=1.0))),
        {"total": draw(st.booleans())},
    )


@st.composite
def scores_and_classes(draw):
    *rows, classes = shape = draw(shapes(min_dims=1, min_side=1))
    target = draw(hypothesis_arrays(np.int64, tuple(rows), elements=st.integers(0, classes - 1)))
    params = {"share": draw(st.floats(0.1, 2)), "total": draw(st.booleans())}
    return Sample((draw(arrays(shape)), target), params)


@st.composite
def class_indices(draw):
    """Whole numbers from 0 to 3, drawn as floats and cast."""
    return Sample((np.asarray(np.round(draw(arrays(low=0.0, high=3.0)))),), {"classes": 4})


@st.composite
def alike(draw):
    shape = draw(shapes(min_side=1))
    return Sample((draw(arrays(shape)), draw(arrays(shape))))


def soft_cross_entropy_twin(x, q, total):
    rows = -(q * torch.log_softmax(x, -1)).sum(-1)
    return rows.sum() if total else rows


def cross_entropy_twin(x, target, share, total):
    rows = -torch.log_softmax(x, -1).gather(-1, torch.as_tensor(target)[..., None])[..., 0]
    return (rows.sum() if total else rows) * share


HUGE = [[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]]
CORNERS = (edge(HUGE, dim=1), edge(HUGE, dim=0), edge([[1e4, 1e4, 1.0]], dim=-1))
NOTHING = Sample((np.zeros((0, 4)),), {"dim": 0})

CASES = {
    "softmax": Case(over_a_dim(), torch.softmax, edges=(*CORNERS, NOTHING)),
    "log_softmax": Case(over_a_dim(), torch.log_softmax, edges=CORNERS),
    "soft_cross_entropy": Case(
        scores_and_targets(),
        soft_cross_entropy_twin,
        edges=(edge(HUGE, [[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]], total=True),),
    ),
    "cross_entropy": Case(
        scores_and_classes(),
        cross_entropy_twin,
        edges=(edge(HUGE, np.array([1, 2]), share=0.5, total=False),),
    ),
    "is_class": Case(
        class_indices(),
        lambda target, classes: one_hot(target.long(), classes).bool(),
        ours=lambda target, classes: ops.is_class(target.astype(np.int64), classes=classes),
    ),
    "mse_loss": Case(alike(), torch.nn.functional.mse_loss),
}
