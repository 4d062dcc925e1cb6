"""Norms, embedding and softplus."""

import numpy as np
import torch
import torch.nn.functional as TF
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_mlp import from_numpy
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import Sample, arrays, samples, shapes

from ..case import FEW, Case, Differs, edge, random


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
    "softplus": Case(
        samples(
            arrays(low=-30, high=60, avoid=[1.0, 2.0, 10.0, 20.0]),
            beta=st.sampled_from([1.0, 2.0]),
            threshold=st.sampled_from([20.0, 2.0]),
        ),
        TF.softplus,
        edges=(edge([0.5, 1.5, 3.0], beta=2.0, threshold=2.0),),
        differs=tuple(
            Differs(
                edge([2.0 / beta, 0.0], beta=beta, threshold=2.0),
                1,
                "at the threshold the second derivative is that from below, as the value and the "
                "first are; PyTorch's is 0",
            )
            for beta in (1.0, 2.0)
        ),
        rtol=2e-9,
        why_rtol="above the threshold both leave out terms of up to e^-20, PyTorch others in "
        "the value than in the gradient",
    ),
}
