"""The same values in another arrangement."""

import torch
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, broadcastable_shapes, shapes

from ..case import Case


@st.composite
def reshaped(draw):
    x = draw(arrays(shapes(min_side=1)))
    return Sample((x,), {"shape": draw(st.sampled_from([(-1,), (x.size,), (1, *x.shape)]))})


@st.composite
def permuted(draw):
    x = draw(arrays())
    dims = draw(st.permutations(range(x.ndim)))
    return Sample((x,), {"dims": tuple(d - x.ndim * draw(st.booleans()) for d in dims)})


@st.composite
def exchanged(draw):
    x = draw(arrays(shapes(min_dims=1)))
    dim = st.integers(-x.ndim, x.ndim - 1)
    return Sample((x,), {"dim0": draw(dim), "dim1": draw(dim)})


@st.composite
def stretched(draw):
    (shape,) = draw(broadcastable_shapes(1))
    x = draw(arrays(shape))
    wider = [3 if n == 1 and draw(st.booleans()) else n for n in x.shape]
    kept = [
        -1 if n == m and draw(st.booleans()) else n for n, m in zip(wider, x.shape, strict=True)
    ]
    return Sample((x,), {"shape": (*draw(st.sampled_from([(), (2,)])), *kept)})


@st.composite
def joined(draw):
    """Up to three arrays that differ along one dimension only."""
    shape = draw(shapes(min_dims=1))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    widths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    parts = []
    for width in widths:
        one = list(shape)
        one[dim] = width
        parts.append(draw(arrays(tuple(one))))
    return Sample(tuple(parts), {"dim": dim})


CASES = {
    "cat": Case(joined(), lambda *parts, dim: torch.cat(parts, dim)),
    "reshape": Case(reshaped(), torch.reshape),
    "permute": Case(permuted(), torch.permute),
    "transpose": Case(exchanged(), torch.transpose),
    "expand": Case(stretched(), lambda x, shape: x.expand(shape)),
}
