"""Functions of each value by itself, or of two values at the same place."""

import numpy as np
import torch
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, broadcastable_shapes, samples

from ..case import Case, edge


def unary(twin, low=-3.0, high=3.0, avoid=(), edges=()):
    return Case(samples(arrays(low=low, high=high, avoid=avoid)), twin, edges=edges)


def grid(rng, shape, offset):
    return np.asarray(rng.integers(-9, 9, shape) + offset)


@st.composite
def distinct_pairs(draw):
    """Two broadcastable arrays whose values come from different grids, so that none tie."""
    a, b = draw(broadcastable_shapes(2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Sample((grid(rng, a, 0.25), grid(rng, b, -0.25)))


@st.composite
def choices(draw):
    """A condition and two arrays that all broadcast together."""
    condition, a, b = draw(broadcastable_shapes(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    chosen = np.asarray(rng.random(condition) < 0.5)
    return Sample((chosen, draw(arrays(a)), draw(arrays(b))))


TIES = (edge([1.0, 2.0, 0.0], [1.0, 1.0, 0.0]),)
BIG = (edge([-800.0, -30.0, 0.0, 30.0, 800.0]),)
ZERO = (edge([-1.0, 0.0, -0.0, 2.0]),)


@st.composite
def between_steps(draw):
    """No value where floor, ceil, round or trunc jumps."""
    return Sample((np.asarray(np.round(draw(arrays())) + 0.3),))


def step(twin):
    return Case(between_steps(), twin, edges=(edge([-1.5, -1.0, -0.5, 0.0, 0.5, 1.5, 2.5]),))


CASES = {
    "floor": step(torch.floor),
    "ceil": step(torch.ceil),
    "trunc": step(torch.trunc),
    "round": Case(
        between_steps().map(lambda s: Sample(s.inputs, {"decimals": 0})),
        lambda x, decimals=0: torch.round(x, decimals=decimals),
        edges=(
            edge([-1.5, -1.0, -0.5, 0.0, 0.5, 1.5, 2.5]),
            edge([1.234, -5.678], decimals=1),
            edge([123.4, -567.8], decimals=-1),
        ),
    ),
    "tan": unary(torch.tan, low=-1.4, high=1.4),
    "asin": unary(torch.asin, low=-0.9, high=0.9, edges=(edge([0.0, 2.0, -2.0]),)),
    "acos": unary(torch.acos, low=-0.9, high=0.9, edges=(edge([0.0, 2.0, -2.0]),)),
    "atan": unary(torch.atan, edges=BIG),
    "sinh": unary(torch.sinh),
    "cosh": unary(torch.cosh),
    "exp": unary(torch.exp),
    "log": unary(torch.log, low=0.2),
    "sqrt": unary(torch.sqrt, low=0.2),
    "expm1": unary(torch.expm1),
    "log1p": unary(torch.log1p, low=-0.8),
    "sin": unary(torch.sin),
    "cos": unary(torch.cos),
    "erf": unary(torch.erf),
    "softplus": unary(torch.nn.functional.softplus),
    "tanh": unary(torch.tanh, edges=BIG),
    "abs": unary(torch.abs, avoid=[0.0], edges=ZERO),
    "sign": unary(torch.sign, avoid=[0.0], edges=ZERO),
    "relu": unary(torch.relu, avoid=[0.0], edges=ZERO),
    "sigmoid": unary(torch.sigmoid, edges=BIG),
    "maximum": Case(distinct_pairs(), torch.maximum, edges=TIES),
    "minimum": Case(distinct_pairs(), torch.minimum, edges=TIES),
    "where": Case(choices(), torch.where),
    "astype": Case(
        samples(arrays(), dtype=st.just(np.float64)), lambda x, dtype: x.to(torch.float64)
    ),
}
