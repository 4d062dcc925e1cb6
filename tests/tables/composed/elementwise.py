"""Functions of each value by itself, or of several values at the same place."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, broadcastable_shapes, samples

from ..case import Case, Differs, edge, random
from ..ops.comparisons import near

INF, NAN = float("inf"), float("nan")
KINK = edge([-1.0, 0.0, -0.0, 2.0])
BIG = edge([-800.0, -30.0, 0.0, 30.0, 800.0])


@st.composite
def clamped(draw):
    """Values with number bounds, or bounds that are tensors; no value at a bound."""
    if draw(st.booleans()):
        x = draw(arrays(avoid=[-1.0, 0.5, 2.0]))
        bounds = draw(st.sampled_from([(-1.0, 2), (None, 0.5), (-1, None), (2.0, -1.0)]))
        return Sample((x, *bounds))
    rng = random(draw)
    shapes = draw(broadcastable_shapes(3))
    x, low, high = (
        np.asarray(rng.integers(-3, 4, shape) + offset)
        for shape, offset in zip(shapes, (0.25, -0.25, 0.0), strict=True)
    )
    return Sample((x, *draw(st.sampled_from([(low, high), (None, high), (low, None)]))))


def clamp_twin(x, low, high):
    # PyTorch's second derivative raises where bounds of other shapes broadcast, so they come wide
    wide = iter(torch.broadcast_tensors(*(v for v in (x, low, high) if torch.is_tensor(v))))
    return torch.clamp(*(next(wide) if torch.is_tensor(v) else v for v in (x, low, high)))


@st.composite
def masked(draw):
    """A mask that broadcasts with the values, and a number or a 0-d tensor to fill in."""
    one, other = draw(broadcastable_shapes(2))
    mask = np.asarray(random(draw).random(other) < 0.5)
    return Sample((draw(arrays(one)), mask, draw(st.sampled_from([0, 2.5, np.array(1.5)]))))


@st.composite
def mixed(draw):
    """Two ends and a weight that broadcast; the weight a number, now and then."""
    one, other, third = draw(broadcastable_shapes(3))
    weight = draw(st.one_of(st.sampled_from([0.0, 0.25, 1]), arrays(third)))
    return Sample((draw(arrays(one)), draw(arrays(other)), weight))


def clamp_case():
    return Case(clamped(), clamp_twin)


def scaled(function):
    return lambda a, b, alpha: function(a, b, alpha=alpha)


@st.composite
def with_alpha(draw):
    one, other = draw(broadcastable_shapes(2))
    params = {"alpha": draw(st.sampled_from([1, 2.5, -1]))}
    return Sample((draw(arrays(one)), draw(arrays(other))), params)


@st.composite
def quotients(draw):
    """Quotients that are no whole numbers, where rounding jumps."""
    one, other = draw(broadcastable_shapes(2))
    a = np.asarray(np.round(draw(arrays(one))) + 0.3)
    b = np.asarray(np.where(draw(arrays(other)) > 0, 1.0, -1.0))
    return Sample((a, b), {"rounding_mode": draw(st.sampled_from([None, "floor", "trunc"]))})


CASES = {
    "add": Case(with_alpha(), scaled(torch.add)),
    "sub": Case(with_alpha(), scaled(torch.sub)),
    "div": Case(quotients(), torch.div),
    "clip": clamp_case(),
    "isclose": Case(
        near(), torch.isclose, edges=(edge([1.0, 1.0], [1.1, 1.3], rtol=0.1, atol=0.05),)
    ),
    "square": Case(samples(arrays()), torch.square, edges=(KINK,)),
    "reciprocal": Case(
        samples(arrays(avoid=[0.0])), torch.reciprocal, edges=(edge([0.0, -0.0, INF, -INF]),)
    ),
    "rsqrt": Case(samples(arrays(low=0.2)), torch.rsqrt, edges=(edge([0.0, -1.0, 4.0]),)),
    "log2": Case(samples(arrays(low=0.2)), torch.log2, edges=(edge([0.0, -1.0, INF]),)),
    "clamp": Case(
        clamped(),
        clamp_twin,
        edges=(
            edge([-1.0, 0.0, 0.5, 1.0, 2.0], 0, 1),
            edge([-1.0, 0.0, 0.5, 1.0, 2.0], 1, 0),
            edge([-1.0, 0.0, 0.5, 1.0, 2.0], 1, 1),
            edge([0.0, INF, -INF], 0, None),
            edge([0.0, INF, -INF], None, 0),
            Sample((np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 2)))),
            edge([0.0, NAN], 0, 1),
            edge([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 1.0, 4.0], [0.0, 2.0, 2.0, 3.0]),
            edge([0.0, 1.0, 2.0], [0.0, 2.0, 2.0], None),
            edge([0.0, 1.0, 2.0], None, [0.0, 0.0, 2.0]),
            edge([[0.0, 1.0], [2.0, 3.0]], [1.0], [[2.0], [3.0]]),
        ),
        differs=(
            Differs(
                edge([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]),
                0,
                "below bounds that are equal the lower one gets the gradient; in PyTorch, neither",
            ),
        ),
    ),
    "masked_fill": Case(
        masked(),
        torch.masked_fill,
        edges=(
            edge([NAN, 1.0, INF], np.array([True, False, True]), 0),
            edge([NAN, 1.0, INF], np.array([True, False, True]), 2.0),
            edge([1.0, 2.0], np.array(True), -INF),
        ),
    ),
    "lerp": Case(
        mixed(),
        torch.lerp,
        edges=(
            edge([1e16, 0.0], [1.0, INF], 1),
            edge([1e16, 1.0], [1.0, 1e16], [1.0, 0.0]),
            edge([1.0, 1.0], [3.0, 3.0], [0.5, -0.5]),
        ),
    ),
    "leaky_relu": Case(
        samples(arrays(avoid=[0.0]), negative_slope=st.sampled_from([0.01, 0.5, 0, -1.0])),
        F.leaky_relu,
        edges=(
            KINK,
            edge([-1.0, 0.0, -0.0, 2.0], negative_slope=0.3),
            edge([INF, -INF, NAN]),
        ),
    ),
    "elu": Case(
        samples(arrays(avoid=[0.0]), alpha=st.sampled_from([1.0, 0.5, 2])),
        F.elu,
        edges=(edge([-800.0, -30.0, 30.0, 800.0]),),
        differs=tuple(
            Differs(
                edge([-1.0, 0.0, -0.0, 2.0], alpha=alpha),
                1,
                "the second derivative at 0 is that from below, as the first; PyTorch's is 0",
            )
            for alpha in (1.0, 2.5)
        ),
    ),
    "gelu": Case(
        samples(arrays(), approximate=st.sampled_from(["none", "tanh"])),
        F.gelu,
        edges=(KINK, edge([-1.0, 0.0, -0.0, 2.0], approximate="tanh"), edge([-30.0, 30.0])),
    ),
    "silu": Case(samples(arrays()), F.silu, edges=(KINK, BIG)),
    "softplus": Case(
        samples(
            arrays(low=-30, high=60, avoid=[1.0, 2.0, 10.0, 20.0]),
            beta=st.sampled_from([1.0, 2.0]),
            threshold=st.sampled_from([20.0, 2.0]),
        ),
        F.softplus,
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
