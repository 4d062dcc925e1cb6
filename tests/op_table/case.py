"""What the tests need to know of an op."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, broadcastable_shapes


@dataclass(frozen=True)
class Case:
    """How calls of an op are drawn, and what they are compared with.

    samples  a strategy for Samples: random ones, smooth
    twin     the same function in PyTorch, called with the same arguments
    edges    samples at kinks, ties and other corners, compared with PyTorch exactly
    rtol     how closely float64 must agree with PyTorch; why_rtol says why if not 1e-9
    no_twin  why there is no twin, if there is none
    """

    samples: Any
    twin: Callable | None
    edges: tuple[Sample, ...] = ()
    rtol: float = 1e-9
    why_rtol: str = ""
    no_twin: str = ""


@st.composite
def pairs(draw, **options):
    """Two arrays that broadcast together."""
    one, other = draw(broadcastable_shapes(2))
    return draw(arrays(one, **options)), draw(arrays(other, **options))


def edge(*inputs, **params) -> Sample:
    """A corner: lists of numbers as arrays; not compared with differences."""
    return Sample(
        tuple(np.array(x, dtype=float) if isinstance(x, (list, float)) else x for x in inputs),
        params,
        smooth=False,
    )
