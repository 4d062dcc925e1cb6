"""Norms and embedding."""

import numpy as np
import torch
import torch.nn.functional as TF
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_mlp import from_numpy
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import Sample, arrays, samples, shapes

from ..case import FEW, Case, random


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


def layer_norm_by(function):
    def layer_norm(x, weight=None, bias=None, normalized_shape=()):
        return function(x, normalized_shape, weight, bias)

    return layer_norm


@st.composite
def batch_norms(draw):
    shape = draw(st.sampled_from([(4, 2), (2, 2), (3, 2, 3), (2, 3, 2, 2)]))
    channels = (shape[1],)
    rng = random(draw)
    running = (rng.normal(size=channels), rng.uniform(0.5, 2, channels))
    inputs = (spread(draw(arrays(shape))), draw(arrays(channels)), draw(arrays(channels)))
    return Sample(inputs, {"running": running, "training": draw(st.booleans())})


def batch_norm_by(function, wrap):
    def batch_norm(x, weight, bias, running, training):
        mean, var = (wrap(r.copy()) for r in running)
        return function(x, mean, var, weight, bias, training)

    return batch_norm


CASES = {
    "layer_norm": Case(
        layer_norms(),
        layer_norm_by(TF.layer_norm),
        ours=layer_norm_by(F.layer_norm),
        examples=FEW,
    ),
    "batch_norm": Case(
        batch_norms(),
        batch_norm_by(TF.batch_norm, torch.from_numpy),
        ours=batch_norm_by(F.batch_norm, from_numpy),
        examples=FEW,
    ),
    "embedding": Case(
        samples(arrays((4, 3)), index=hnp.arrays(np.int64, shapes(), elements=st.integers(0, 3))),
        lambda weight, index: TF.embedding(torch.from_numpy(index), weight),
        ours=lambda weight, index: F.embedding(index, weight),
        examples=FEW,
    ),
}
