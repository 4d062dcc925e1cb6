"""Values picked and added by their positions. Indices may repeat."""

import numpy as np
import torch
from hypothesis import strategies as st

from tinygrad_mlp import composed
from tinygrad_mlp.testing import Sample, arrays, shapes

from ..case import Case, random


def positions(draw, shape, size):
    """Positions from 0 up to `size`, in any order and number."""
    return np.asarray(random(draw).integers(0, max(size, 1), shape))


@st.composite
def gathered(draw):
    """An index no longer than the tensor along the other dimensions."""
    x = draw(arrays(shapes(min_dims=1, min_side=1)))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    shape = [draw(st.integers(0, n)) for n in x.shape]
    shape[dim] = draw(st.integers(0, 4))
    return Sample((x, positions(draw, shape, x.shape[dim])), {"dim": dim})


@st.composite
def taken(draw):
    """An index that broadcasts with the tensor, but for the dimension it picks along."""
    x = draw(arrays(shapes(min_dims=1, min_side=1)))
    if draw(st.integers(0, 3)) == 0:
        shape = draw(shapes(min_dims=1, max_dims=2))
        return Sample((x, positions(draw, shape, x.size)), {"dim": None})
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    shape = [draw(st.sampled_from([n, 1])) for n in x.shape]
    shape[dim] = draw(st.integers(0, 4))
    x = np.asarray(x[tuple(slice(draw(st.sampled_from([None, 1]))) for _ in shape)])
    return Sample((x, positions(draw, shape, x.shape[dim])), {"dim": dim})


@st.composite
def scattered(draw):
    """An index no longer than the tensor, but along `dim`, and a source of its shape.

    The source may be larger, but PyTorch has no gradient then; `test_composed.py` tries it.
    """
    x = draw(arrays(shapes(min_dims=1, min_side=1)))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    shape = [draw(st.integers(0, n)) for n in x.shape]
    shape[dim] = draw(st.integers(0, 4))
    return Sample(
        (x, positions(draw, shape, x.shape[dim]), draw(arrays(tuple(shape)))), {"dim": dim}
    )


@st.composite
def added(draw):
    x = draw(arrays(shapes(min_dims=1, min_side=1)))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    shape = list(x.shape)
    shape[dim] = draw(st.integers(0, 4))
    index = positions(draw, (shape[dim],), x.shape[dim])
    params = {"dim": dim, "alpha": draw(st.sampled_from([1, 2.5]))}
    return Sample((x, index, draw(arrays(tuple(shape)))), params)


def take_twin(x, indices, dim):
    # PyTorch's own, over all, raises on tensors that are not contiguous
    return torch.take_along_dim(x.contiguous(), indices, dim)


@st.composite
def placed(draw):
    """An index that names no place twice: of what is, PyTorch keeps any, but all get gradients."""
    x = draw(arrays(shapes(min_dims=1, min_side=1)))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    order = random(draw).permuted(
        np.broadcast_to(
            np.arange(x.shape[dim]),
            x.shape[: dim % x.ndim] + x.shape[dim % x.ndim + 1 :] + (x.shape[dim],),
        ),
        axis=-1,
    )
    index = np.moveaxis(order, -1, dim)[tuple(slice(draw(st.integers(0, n))) for n in x.shape)]
    return Sample((x, np.ascontiguousarray(index), draw(arrays(index.shape))), {"dim": dim})


CASES = {
    "scatter": Case(
        placed(),
        lambda x, index, src, dim: torch.scatter(x, dim, index, src),
        ours=lambda x, index, src, dim: composed.scatter(x, dim, index, src),
    ),
    "scatter of a number": Case(
        placed().map(lambda s: Sample(s.inputs[:2], s.params)),
        lambda x, index, dim: torch.scatter(x, dim, index, 1.5),
        ours=lambda x, index, dim: composed.scatter(x, dim, index, 1.5),
    ),
    "gather": Case(
        gathered(),
        lambda x, index, dim: torch.gather(x, dim, index),
        ours=lambda x, index, dim: composed.gather(x, dim, index),
    ),
    "take_along_dim": Case(taken(), take_twin),
    "scatter_add": Case(
        scattered(),
        lambda x, index, src, dim: torch.scatter_add(x, dim, index, src),
        ours=lambda x, index, src, dim: composed.scatter_add(x, dim, index, src),
    ),
    "index_add": Case(
        added(),
        lambda x, index, source, dim, alpha: torch.index_add(x, dim, index, source, alpha=alpha),
        ours=lambda x, index, source, dim, alpha: composed.index_add(
            x, dim, index, source, alpha=alpha
        ),
    ),
}
