"""Extremes, spreads, norms and products over dimensions."""

import math
import warnings

import numpy as np
import torch
from hypothesis import strategies as st

from tinygrad_mlp import composed
from tinygrad_mlp.testing import Sample, arrays, shapes

from ..case import Case, Differs, apart, edge, random, with_dim
from ..ops.elementwise import distinct_pairs

INF = math.inf
TIES = [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]


def spread_out(sample):
    """The sample with other numbers, no two alike."""
    return Sample((apart(sample.inputs[0]),), sample.params)


def values(function):
    """The values, of values and indices."""
    return lambda x, dim, keepdim: function(x, dim, keepdim).values


def extreme(twin, of_two):
    """The three things that max and min are: over all, over one dimension, of two tensors."""
    name = twin.__name__
    function = getattr(composed, name)
    return {
        name: Case(
            arrays(shapes(min_side=1)).map(apart).map(lambda x: Sample((x,))),
            twin,
            edges=(edge(TIES), edge([[3.0, 1.0], [1.0, 3.0]]), edge(2.0)),
        ),
        f"{name} over a dim": Case(
            with_dim(min_side=1, keepdim=True).map(spread_out),
            values(twin),
            edges=(
                *(edge(TIES, dim=d, keepdim=k) for d in (0, 1, -1) for k in (False, True)),
                edge([1.0, math.nan, 3.0, math.nan], dim=0, keepdim=False),
                Sample((np.zeros((0, 2)),), {"dim": 1, "keepdim": False}),
            ),
            ours=values(function),
        ),
        f"{name} of two": Case(
            distinct_pairs(), of_two, edges=(edge([1.0, 2.0, 0.0], [1.0, 1.0, 0.0]),)
        ),
    }


@st.composite
def spreads(draw):
    """Two numbers or more to take the variance of."""
    sample = draw(with_dim(min_side=2, keepdim=True, none=True, several=True))
    return Sample(sample.inputs, {**sample.params, "correction": draw(st.sampled_from([0, 1]))})


def spread_twin(function):
    def twin(x, dim, keepdim, correction):
        # PyTorch warns, besides giving NaN, when there are too few numbers
        with warnings.catch_warnings(action="ignore"):
            return function(x, dim=dim, keepdim=keepdim, correction=correction)

    return twin


CONSTANT = tuple(
    edge(x, dim=dim, keepdim=keepdim, correction=correction)
    for x in ([[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]], [[2.0, 2.0], [1.0, 3.0]])
    for dim, keepdim, correction in ((1, False, 1), (None, True, 0), ((0, 1), False, 1))
)
NOTHING_TO_SPREAD = (
    Sample((np.zeros((0, 3)),), {"dim": 1, "keepdim": False, "correction": 1}),
    edge(3.0, dim=None, keepdim=False, correction=0),
)
ONE_NUMBER = edge(3.0, dim=None, keepdim=False, correction=1)
TOO_FEW = (
    edge([[3.0], [4.0]], dim=1, keepdim=True, correction=1),
    edge([[3.0], [3.0]], dim=0, keepdim=True, correction=2),
)
FEWER_THAN_CORRECTION = Differs(
    edge([[3.0], [4.0]], dim=0, keepdim=True, correction=3),
    0,
    "the variance of fewer numbers than the correction is inf, and its gradient NaN; "
    "PyTorch's gradient is a finite number",
)
VAR_OF_ONE = Differs(
    ONE_NUMBER,
    1,
    "the variance of one number is NaN, and so are both derivatives; PyTorch's second one is 0",
)


@st.composite
def norms(draw):
    """No value at 0, where |x| has a kink, and no two of one size, where the largest has one."""
    sample = draw(with_dim(min_side=1, keepdim=True, none=True, several=True))
    rng = random(draw)
    x = np.asarray(apart(sample.inputs[0]) + 1.5)
    x = np.asarray(x * rng.choice([-1, 1], x.shape))
    return Sample((x,), {"p": draw(st.sampled_from([1, 2, 3, 1.5, 0.5, INF])), **sample.params})


NORM_AT_ZERO = tuple(
    edge(x, p=p, dim=dim, keepdim=False)
    for x in ([[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [3.0, -4.0]], [[2.0, -2.0], [0.0, 2.0]])
    for p in (1, 2, 3, INF)
    for dim in (None, 1)
    if p != 2 or any(x[0])
)
NO_SECOND_AT_ZERO = tuple(
    Differs(
        edge(x, p=p, dim=dim, keepdim=False),
        1,
        "at 0 the second derivative is taken as 0, as the first is; PyTorch has NaN",
    )
    for x, p, dim in (
        ([[0.0, 0.0], [0.0, 0.0]], 2, None),
        ([[0.0, 0.0], [3.0, -4.0]], 2, 1),
        ([0.0, 2.0, -3.0], 0.5, 0),
        ([0.0, 2.0, -3.0], 1.5, 0),
        ([0.0, 0.0], 1.5, None),
    )
)
NORM_OF_NOTHING = tuple(
    Sample((np.zeros((0, 2)),), {"p": p, "dim": dim, "keepdim": True})
    for p, dim in ((1, None), (2, 0), (3, 0), (2, 1), (INF, 1))
)


def prod_twin(x, dim, keepdim):
    # PyTorch has no keepdim over all; here it keeps all dimensions, as in sum
    if dim is None:
        return torch.prod(x).reshape([1] * x.ndim if keepdim else [])
    return torch.prod(x, dim, keepdim)


ZEROS = tuple(
    edge(x, dim=dim, keepdim=False)
    for x in (
        [[0.0, 2.0, 3.0, 4.0, 5.0]],
        [[2.0, 3.0, 0.0, 4.0, 0.0]],
        [[0.0, 0.0, 0.0, 2.0, 3.0]],
        [[2.0, 3.0, 4.0]],
    )
    for dim in (None, 1, 0)
)
PROD_OF_NOTHING = tuple(
    Sample((np.zeros((2, 0)),), {"dim": dim, "keepdim": keepdim})
    for dim in (None, 0, 1)
    for keepdim in (False, True)
)

LOGSUMEXP_EDGES = tuple(
    edge(x, dim=dim)
    for x in (
        [[-INF, 1.0, 2.0], [-INF, -INF, 0.0]],
        [[1e4, -1e4, 1e4], [-1e4, -1e4, -1e4]],
        [[-1e4, 0.0, 800.0], [1e4, 1e4 + 1, -INF]],
        [[-INF, -INF], [INF, 1.0]],
        [[INF, -INF], [INF, INF]],
        [[-INF, -INF], [-INF, -INF]],
    )
    for dim in (1, (0, 1))
)
LOGSUMEXP_OF_NOTHING = tuple(
    Sample((np.zeros((2, 0)),), {"dim": dim, "keepdim": keepdim})
    for dim in (0, 1, (0, 1))
    for keepdim in (False, True)
)


def top(function):
    return lambda x, dim, largest: function(x, 1, dim, largest).values


def in_order(function):
    return lambda x, dim, descending: function(x, dim=dim, descending=descending).values


@st.composite
def with_choice(draw, name):
    sample = spread_out(draw(with_dim(min_side=1)))
    return Sample(sample.inputs, {**sample.params, name: draw(st.booleans())})


CASES = {
    "sort": Case(with_choice("descending"), in_order(torch.sort), ours=in_order(composed.sort)),
    "topk": Case(with_choice("largest"), top(torch.topk), ours=top(composed.topk)),
    "cumprod": Case(
        with_dim(),
        torch.cumprod,
        edges=tuple(
            edge([[2.0, 3.0, 0.0, 4.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0]], dim=d) for d in (0, -1)
        ),
    ),
    **extreme(torch.max, torch.maximum),
    **extreme(torch.min, torch.minimum),
    "var": Case(
        spreads(),
        spread_twin(torch.var),
        edges=CONSTANT + NOTHING_TO_SPREAD + TOO_FEW,
        differs=(FEWER_THAN_CORRECTION, VAR_OF_ONE),
    ),
    "std": Case(
        spreads(),
        spread_twin(torch.std),
        edges=(*CONSTANT, *NOTHING_TO_SPREAD, *TOO_FEW, ONE_NUMBER),
        differs=(FEWER_THAN_CORRECTION,),
    ),
    "norm": Case(
        norms(), torch.norm, edges=NORM_AT_ZERO + NORM_OF_NOTHING, differs=NO_SECOND_AT_ZERO
    ),
    "prod": Case(with_dim(keepdim=True, none=True), prod_twin, edges=ZEROS + PROD_OF_NOTHING),
    "logsumexp": Case(
        with_dim(min_side=1, keepdim=True, several=True),
        torch.logsumexp,
        edges=LOGSUMEXP_EDGES + LOGSUMEXP_OF_NOTHING,
    ),
}
