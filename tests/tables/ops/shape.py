"""The same values in another arrangement."""

import numpy as np
import torch
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, broadcastable_shapes, samples, shapes

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


MANY_PARTS = tuple(
    Sample(tuple(np.split(np.arange(float(n)), ends)), {"dim": 0})
    for n, ends in ((8, range(1, 8)), (9, range(1, 9)), (30, sorted({*range(1, 30)} - {7, 8, 20})))
)
"""Too many to be cut from `x` at once, by one or by more, and many of several sizes."""


@st.composite
def diagonals(draw):
    x = draw(arrays(shapes(min_dims=2)))
    dim1, dim2 = draw(st.permutations(range(x.ndim)))[:2]
    return Sample(
        (x,),
        {
            "offset": draw(st.integers(-4, 4)),
            "dim1": draw(st.sampled_from([dim1, dim1 - x.ndim])),
            "dim2": draw(st.sampled_from([dim2, dim2 - x.ndim])),
        },
    )


GRID = (np.arange(12.0).reshape(3, 4) + 0.5,)
ALL_DIAGONALS = tuple(
    Sample(GRID, {"offset": k, "dim1": dim1, "dim2": 1 - dim1})
    for k in range(-4, 6)
    for dim1 in (0, 1)
)
"""Random ones miss many, so here is each that a matrix of 3 by 4 has, and one beyond."""


@st.composite
def windowed(draw):
    """Two dimensions, or more, that hold one window at least."""
    kernel, stride, gaps = (draw(st.tuples(*[st.integers(1, 2)] * 2)) for _ in range(3))
    reach = [gap * (size - 1) + 1 for size, gap in zip(kernel, gaps, strict=True)]
    size = [n + draw(st.integers(0, 2)) for n in reach]
    x = draw(arrays((*draw(shapes(max_dims=1)), *size)))
    return Sample((x,), {"kernel": kernel, "stride": stride, "dilation": gaps})


def windows_twin(x, kernel, stride, dilation):
    for size, step, gap in zip(kernel, stride, dilation, strict=True):
        x = x.unfold(-2, gap * (size - 1) + 1, step)[..., ::gap]
    return x


def folded(sample):
    """Windows to lay over each other: what `windows` makes of a sample, with other values."""
    (x,), params = sample.inputs, sample.params
    shape = windows_twin(torch.zeros(x.shape), **params).shape
    values = np.asarray(np.random.default_rng(x.size).uniform(-2, 2, shape))
    options = {name: params[name] for name in ("stride", "dilation")}
    return Sample((values,), {"size": x.shape[-2:], **options})


def fold_twin(x, size, stride, dilation):
    places = torch.arange(size[0] * size[1]).reshape(size)
    places = windows_twin(places, x.shape[-2:], stride, dilation).reshape(-1)
    batch = x.shape[:-4]
    out = torch.zeros((*batch, size[0] * size[1]), dtype=x.dtype)
    return out.index_add(-1, places, x.reshape(*batch, -1)).reshape(*batch, *size)


CASES = {
    "windows": Case(windowed(), windows_twin),
    "fold": Case(windowed().filter(lambda s: s.inputs[0].size).map(folded), fold_twin),
    "clone": Case(samples(arrays()), torch.clone),
    "diagonal": Case(diagonals(), torch.diagonal, edges=ALL_DIAGONALS),
    "cat": Case(joined(), lambda *parts, dim: torch.cat(parts, dim), edges=MANY_PARTS),
    "reshape": Case(reshaped(), torch.reshape),
    "permute": Case(permuted(), torch.permute),
    "transpose": Case(exchanged(), torch.transpose),
    "expand": Case(stretched(), lambda x, shape: x.expand(shape)),
}
