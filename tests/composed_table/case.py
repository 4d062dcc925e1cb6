"""What the tests need to know of a composed function, and ways to draw its calls."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, shapes

from ..op_table.case import Case


@dataclass(frozen=True)
class Differs:
    """A corner where this package differs from PyTorch.

    sample  the call
    alike   what agrees all the same: 0 the values, 1 the gradients too, but no second ones
    why     what differs, and why
    """

    sample: Sample
    alike: int
    why: str


@dataclass(frozen=True)
class Composed(Case):
    """A Case of a function in `composed.py`.

    ours      what is called in place of the function, where it takes lists or gives tuples
    examples  how many samples are drawn
    differs   corners where PyTorch gives something else, and why
    """

    ours: Callable | None = None
    examples: int = 50
    differs: tuple[Differs, ...] = ()


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
