"""Sums, products, powers."""

import numpy as np
import torch
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, broadcastable_shapes, samples

from ..case import Case, edge, pairs


def binary(**options):
    """Two broadcastable arrays; sometimes one of them is a plain number."""
    return st.one_of(
        pairs(**options).map(Sample),
        samples(arrays(**options), st.sampled_from([-2.0, 0.5, 3])),
        samples(st.sampled_from([-2.0, 0.5, 3]), arrays(**options)),
    )


@st.composite
def remainders(draw):
    """Pairs whose quotient is not a whole number, where the remainder jumps."""
    a, b = draw(pairs(avoid=[0.0]))
    return Sample((np.asarray(np.round(a) * 2 + 0.3), np.asarray(np.where(b > 0, 1.0, -1.0))))


@st.composite
def powers(draw):
    """Positive bases with any exponent, and any base with a whole exponent as a number."""
    if draw(st.booleans()):
        base, exponent = draw(broadcastable_shapes(2))
        return Sample((draw(arrays(base, low=0.3)), draw(arrays(exponent))))
    return Sample((draw(arrays(avoid=[0.0])), draw(st.sampled_from([0, 1, 2, 3, -1, -2.0]))))


def pow_twin(a, b):
    # At base 0 PyTorch's first derivative is 0, but its second is NaN if the exponent is a
    # tensor. With whole exponents it is right number by number; 0 to any power is constant.
    if isinstance(b, torch.Tensor) and not b.is_floating_point():
        return torch.stack([torch.pow(x, int(n)) for x, n in zip(a, b, strict=True)])
    if isinstance(a, int) and a == 0:
        return torch.pow(a, b).detach() + 0 * b
    return torch.pow(a, b)


STRETCHED = (edge([[1.0], [2.0]], [3.0, 4.0, 5.0]), edge([[1.0, 2.0]], 3.0))

CASES = {
    "add": Case(binary(), torch.add, edges=STRETCHED),
    "sub": Case(binary(), torch.sub),
    "mul": Case(binary(), torch.mul, edges=STRETCHED),
    "div": Case(binary(avoid=[0.0]), torch.div, edges=(edge([1.0, -1.0], [0.0, 0.0]),)),
    "floor_divide": Case(remainders(), lambda a, b: torch.div(a, b, rounding_mode="floor")),
    "trunc_divide": Case(remainders(), lambda a, b: torch.div(a, b, rounding_mode="trunc")),
    "remainder": Case(remainders(), torch.remainder),
    "neg": Case(samples(arrays()), torch.neg),
    "pow": Case(
        powers(),
        pow_twin,
        edges=(
            edge([0.0, 2.0, -3.0], 0),
            edge([0.0, 2.0, -3.0], 1),
            edge([0.0, 1.0], 3),
            edge([0.0, 0.0, 2.0, -3.0], np.array([0, 2, 0, 1])),
            edge(0, [0.0, 0.5, 1.0, 3.0]),
            Sample((0.1, np.array([0.5, 1.7])), {}, smooth=False),  # not rounded to float32
            Sample((np.array([0.5, 1.7]), 2.1), {}, smooth=False),
        ),
    ),
}
