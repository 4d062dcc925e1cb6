"""Parts of an array, and putting them back."""

import numpy as np
import torch
from hypothesis import strategies as st

from tinygrad_mlp import ops
from tinygrad_mlp.testing import Sample, arrays

from ..case import Case

INDICES = [
    0,
    -1,
    slice(None),
    slice(1, 3),
    slice(None, None, 2),
    Ellipsis,
    None,
    (0, 1),
    (slice(None), -1),
    (Ellipsis, slice(0, 2)),
    (None, 1, Ellipsis, None),
    np.array([0, 2, 2]),
    np.array([[0, 1], [2, -1]]),
    (np.array([0, 0, 2]), np.array([1, 1, -1])),
    (slice(None), np.array([3, 3, 0])),
    np.array([True, False, True]),
    np.array([[True, False, True, True], [False] * 4, [True, True, False, False]]),
    (Ellipsis, np.array([True, True, False, False])),
]
"""Every kind of index, on an array of shape (3, 4), repeats included."""

REVERSED = [slice(None, None, -1), (slice(None), slice(3, 0, -2))]
"""Negative steps, which NumPy allows and PyTorch does not."""


def as_torch(index):
    """The same index in PyTorch: arrays as tensors, and a negative step as positions."""
    if isinstance(index, tuple):
        return tuple(map(as_torch, index))
    if isinstance(index, np.ndarray):
        return torch.from_numpy(index)
    return index


@st.composite
def puts(draw):
    index = draw(st.sampled_from(INDICES))
    part = np.zeros((3, 4))[index]
    return Sample((draw(arrays(part.shape)),), {"shape": (3, 4), "index": index})


def put_twin(x, shape, index):
    out = torch.zeros(shape, dtype=x.dtype)
    index = as_torch(index if isinstance(index, tuple) else (index,))
    positions = torch.arange(out.numel()).reshape(shape)[index]
    return out.reshape(-1).index_add(0, positions.reshape(-1), x.reshape(-1)).reshape(shape)


def getitem_twin(x, index):
    positions = torch.from_numpy(np.array(np.arange(x.numel()).reshape(x.shape)[index]))
    return x.reshape(-1)[positions.reshape(-1)].reshape(positions.shape)


@st.composite
def named_places(draw):
    """An index that may name places twice, and which of the values that name a place is asked."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    dim = draw(st.integers(-2, 1))
    sizes = [draw(st.integers(0, n)) for n in shape]
    sizes[dim] = draw(st.integers(0, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    index = rng.integers(0, shape[dim], sizes).astype(float)
    return Sample((index,), {"shape": shape, "dim": dim, "nth": draw(st.integers(0, 2))})


def comes_to_twin(index, shape, dim, nth):
    """By going through the values one after the other."""
    index = index.numpy()
    named: dict = {}
    for number, place in enumerate(np.ndindex(index.shape)):
        target = list(place)
        target[dim] = int(index[place])
        named.setdefault(tuple(target), []).append(number)
    out = torch.full(shape, -1, dtype=torch.int64)
    for place, numbers in named.items():
        if len(numbers) > nth:
            out[place] = numbers[-1 - nth]
    return out


CASES = {
    "comes_to": Case(
        named_places(),
        lambda index, **params: comes_to_twin(index.detach(), **params),
        ours=lambda index, **params: ops.comes_to(index.astype(np.int64), **params),
    ),
    "getitem": Case(
        st.builds(
            lambda x, index: Sample((x,), {"index": index}),
            arrays((3, 4)),
            st.sampled_from(INDICES + REVERSED),
        ),
        getitem_twin,
    ),
    "put": Case(puts(), put_twin),
}
