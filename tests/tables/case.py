"""What the tests need to know of a function, and what the tables draw calls with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, broadcastable_shapes, shapes

FEW = 25
"""How many samples are drawn where one takes long: differences need two calls for each value."""


@dataclass(frozen=True)
class Differs:
    """A corner where this package differs from PyTorch.

    sample  the call
    alike   what still agrees: 0 the values, 1 the gradients too, but not the second derivatives
    why     what differs, and why
    """

    sample: Sample
    alike: int
    why: str


@dataclass(frozen=True)
class Case:
    """One row of a table: how calls of a function are drawn, and what they are compared with.

    samples   a strategy for Samples: random ones, smooth
    twin      the same function in PyTorch, called with the same arguments
    ours      what is called instead of the function, where it takes lists or gives tuples
    edges     samples at kinks, ties and other corners, compared with PyTorch exactly
    differs   corners where PyTorch gives something else, and why
    examples  how many samples are drawn
    rtol      how closely float64 must agree with PyTorch
    why_rtol  why, if rtol is above 1e-9
    """

    samples: Any
    twin: Callable
    ours: Callable | None = None
    edges: tuple[Sample, ...] = ()
    differs: tuple[Differs, ...] = ()
    examples: int = 50
    rtol: float = 1e-9
    why_rtol: str = ""


def edge(*inputs, **params) -> Sample:
    """A corner: lists of numbers as arrays; not compared with differences."""
    return Sample(
        tuple(np.array(x, dtype=float) if isinstance(x, (list, float)) else x for x in inputs),
        params,
        smooth=False,
    )


@st.composite
def pairs(draw, **options):
    """Two arrays that broadcast together."""
    one, other = draw(broadcastable_shapes(2))
    return draw(arrays(one, **options)), draw(arrays(other, **options))


@st.composite
def with_dim(draw, min_side=0, keepdim=False, none=False, several=False, **options):
    """An array of one dimension or more, with a `dim` that it has; perhaps with `keepdim`."""
    x = draw(arrays(shapes(min_dims=1, min_side=min_side), **options))
    choices = [st.integers(-x.ndim, x.ndim - 1)]
    if none:
        choices.append(st.none())
    if several:
        choices.append(st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True).map(tuple))
    params = {"dim": draw(st.one_of(choices))}
    if keepdim:
        params["keepdim"] = draw(st.booleans())
    return Sample((x,), params)


def random(draw):
    """A generator of random numbers, seeded by Hypothesis."""
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1)))


def apart(x):
    """Numbers of the shape of `x`, in random order, no two closer than 1/4."""
    rng = np.random.default_rng(x.size)
    return np.asarray(rng.permutation(x.size).reshape(x.shape) / 4 - 1.1)
