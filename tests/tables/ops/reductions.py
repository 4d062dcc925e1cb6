"""Sums, means and extremes over dimensions."""

import math

import numpy as np
import torch
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, shapes

from ..case import Case, edge


@st.composite
def reduced(draw, min_side=0, several=True, low=-3.0):
    """An array with a `dim` that it has (none, one or several), and `keepdim`."""
    x = draw(arrays(shapes(min_side=min_side), low=low))
    dims = st.none()
    if x.ndim:
        one = st.integers(-x.ndim, x.ndim - 1)
        some = st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True).map(tuple)
        dims = st.one_of(st.none(), one, some) if several else st.one_of(st.none(), one)
    return Sample((x,), {"dim": draw(dims), "keepdim": draw(st.booleans())})


@st.composite
def distinct(draw):
    """As `reduced`, with no two values close to each other."""
    drawn = draw(reduced(min_side=1))
    (x,) = drawn.inputs
    rng = np.random.default_rng(x.size)
    return Sample((np.asarray(rng.permutation(x.size).reshape(x.shape) / 4 - 1),), drawn.params)


def over_all(function):
    """PyTorch's function, with dim=None meaning all dimensions, kept if asked for."""

    def twin(x, dim, keepdim):
        return function(x, dim=tuple(range(x.ndim)) if dim is None else dim, keepdim=keepdim)

    return twin


@st.composite
def infinite(draw):
    x = draw(arrays(shapes(min_dims=1, min_side=1)))
    return Sample((x,), {"dim": draw(st.integers(-x.ndim, x.ndim - 1))})


def finite_amax_twin(x, dim):
    largest = torch.amax(x, dim, keepdim=True).detach()
    return torch.where(torch.isfinite(largest), largest, 0)


@st.composite
def along(draw):
    x = draw(arrays(shapes(min_dims=1)))
    return Sample((x,), {"dim": draw(st.integers(-x.ndim, x.ndim - 1))})


TIES = (
    edge([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], dim=1, keepdim=False),
    edge([1.0, 1.0], dim=None, keepdim=True),
)

CASES = {
    "sum": Case(
        reduced(),
        over_all(torch.sum),
        edges=(
            edge([[[1.0, 2.0], [3.0, 4.0]]], dim=(0, -1), keepdim=False),
            edge([1.0, 2.0, 3.0], dim=-1, keepdim=False),
            edge(2.0, dim=0, keepdim=False),
            edge(2.0, dim=-1, keepdim=True),
            edge(2.0, dim=(0,), keepdim=False),
            edge(2.0, dim=[-1], keepdim=False),
            edge([[1.0, 2.0], [3.0, 4.0]], dim=[0], keepdim=False),
        ),
    ),
    "mean": Case(
        reduced(min_side=1),
        over_all(torch.mean),
        edges=tuple(edge(2.0, dim=dim, keepdim=False) for dim in (0, -1, (0,), (-1,), [0], [-1])),
    ),
    "cumsum": Case(
        along(),
        torch.cumsum,
        edges=(edge([[1.0, 2.0], [3.0, 4.0]], dim=-1), edge(2.0, dim=0)),
    ),
    "amax": Case(distinct(), over_all(torch.amax), edges=TIES),
    "finite_amax": Case(
        infinite(),
        finite_amax_twin,
        edges=(edge([[math.inf, 1.0], [-math.inf, -math.inf]], dim=1),),
    ),
    "amin": Case(distinct(), over_all(torch.amin), edges=TIES),
}
