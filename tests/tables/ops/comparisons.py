"""What has no gradient: comparisons, logic, positions of extremes."""

import numpy as np
import torch
from hypothesis import strategies as st

from tinygrad_mlp import ops
from tinygrad_mlp.testing import Sample, arrays, broadcastable_shapes, samples, shapes

from ..case import Case, edge, pairs

INF, NAN = float("inf"), float("nan")
TIES = (edge([1.0, 2.0, -0.0], [1.0, 1.0, 0.0]),)


def rounded(x):
    return np.asarray(np.round(x))


def compare(twin):
    return Case(pairs().map(Sample), twin, edges=TIES)


def logic(twin):
    whole = pairs().map(lambda pair: Sample(tuple(map(rounded, pair))))
    return Case(whole, twin)


def truth(function):
    def twin(x, dim, keepdim):
        # PyTorch takes one dimension, or all without keepdim
        if dim is not None:
            return function(x, dim=dim, keepdim=keepdim)
        return function(x).reshape([1] * x.ndim if keepdim else [])

    filled = arrays(shapes(min_dims=1), low=0.0, high=1.0).map(rounded)
    return Case(samples(filled, dim=st.sampled_from([None, 0, -1]), keepdim=st.booleans()), twin)


def position(twin):
    filled = arrays(shapes(min_dims=1, min_side=1))
    drawn = samples(filled, dim=st.sampled_from([None, 0, -1]), keepdim=st.booleans())
    return Case(drawn, twin, edges=(edge([1.0, 3.0, 3.0], dim=0, keepdim=False),))


def position_twin(function):
    # PyTorch gives no dimensions for dim=None with keepdim=True; NumPy, and this package, keep all
    def twin(x, dim, keepdim):
        found = function(x, dim=dim, keepdim=keepdim)
        return found.reshape([1] * x.ndim) if dim is None and keepdim else found

    return twin


def bitwise(name, count=2):
    """Of whole numbers, drawn as floats and cast; and of booleans."""

    def strategy():
        parts = broadcastable_shapes(count).flatmap(lambda s: st.tuples(*map(arrays, s)))
        kinds = st.sampled_from([np.int64, np.uint8, np.bool_])
        return st.builds(
            lambda xs, kind: Sample(
                tuple(np.asarray(np.abs(np.round(3 * x))) for x in xs), {"kind": kind}
            ),
            parts,
            kinds,
        )

    def ours(*xs, kind):
        return getattr(ops, name)(*(x.astype(kind) for x in xs))

    def twin(*xs, kind):
        dtype = torch.from_numpy(np.zeros(0, kind)).dtype
        return getattr(torch, name)(*(x.to(dtype) for x in xs))

    return Case(strategy(), twin, ours=ours)


@st.composite
def sorted_along(draw):
    """Few values, so that many tie."""
    x = draw(arrays(shapes(min_dims=1)).map(rounded))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    return Sample((x,), {"dim": dim, "descending": draw(st.booleans())})


@st.composite
def near(draw):
    """Pairs that are equal, or nearly, or not."""
    a, b = draw(pairs())
    return Sample((rounded(a), np.asarray(rounded(b) + draw(st.sampled_from([0, 1e-6, 1e-3])))))


SPECIAL = ([1.0, INF, -INF, NAN, 1.0, INF], [INF, INF, INF, NAN, NAN, 1.0])

CASES = {
    "bitwise_and": bitwise("bitwise_and"),
    "bitwise_or": bitwise("bitwise_or"),
    "bitwise_xor": bitwise("bitwise_xor"),
    "bitwise_not": bitwise("bitwise_not", count=1),
    "argsort": Case(
        sorted_along(),
        lambda x, dim, descending: torch.argsort(x, dim=dim, descending=descending, stable=True),
        edges=tuple(
            edge([1.0, NAN, INF, 1.0, NAN, -INF], dim=0, descending=d) for d in (False, True)
        ),
    ),
    "argwhere": Case(samples(arrays().map(rounded)), torch.argwhere),
    "isclose": Case(
        near(),
        torch.isclose,
        edges=(
            *(edge(*SPECIAL, equal_nan=e) for e in (False, True)),
            edge([1.0, 1.0], [1.1, 1.3], rtol=0.1, atol=0.05),
        ),
    ),
    "eq": compare(torch.eq),
    "ne": compare(torch.ne),
    "lt": compare(torch.lt),
    "le": compare(torch.le),
    "gt": compare(torch.gt),
    "ge": compare(torch.ge),
    "logical_and": logic(torch.logical_and),
    "logical_or": logic(torch.logical_or),
    "logical_xor": logic(torch.logical_xor),
    "isnan": Case(samples(arrays()), torch.isnan, edges=(edge([float("nan"), 1.0, float("inf")]),)),
    "all": truth(torch.all),
    "any": truth(torch.any),
    "logical_not": Case(
        samples(arrays().map(lambda x: np.asarray(np.round(x)))), torch.logical_not
    ),
    "argmax": position(position_twin(torch.argmax)),
    "argmin": position(position_twin(torch.argmin)),
}
