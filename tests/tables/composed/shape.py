"""The same values in another arrangement, and parts of them."""

import math
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from tinygrad_mlp import composed
from tinygrad_mlp.testing import Sample, arrays, samples, shapes

from ..case import Case, edge, with_dim
from ..ops.shape import joined, permuted, reshaped, stretched

INF, NAN = math.inf, math.nan


def spelled(name):
    """Calls with the sizes one by one, or as one tuple; in PyTorch always as one."""

    def ours(x, given, together):
        function = getattr(composed, name)
        return function(x, given) if together else function(x, *given)

    def twin(x, given, together):
        return getattr(x, name)(given)

    return {"ours": ours, "twin": twin}


def as_given(key):
    """A strategy of an op's samples, with its parameter `key` under the name `given`."""

    def change(sample):
        return Sample(sample.inputs, {"given": sample.params[key], "together": True})

    def apart(sample):
        return Sample(sample.inputs, {**sample.params, "together": False})

    def strategy(drawn):
        calls = drawn.map(change)
        return st.one_of(calls, calls.filter(lambda s: len(s.params["given"]) > 0).map(apart))

    return strategy


@st.composite
def ranges(draw):
    """An array with a first and a last dimension, in either spelling."""
    x = draw(arrays())
    if x.ndim == 0:
        return Sample((x,), {})
    start = draw(st.integers(0, x.ndim - 1))
    end = draw(st.integers(start, x.ndim - 1))
    return Sample(
        (x,),
        {
            "start_dim": draw(st.sampled_from([start, start - x.ndim])),
            "end_dim": draw(st.sampled_from([end, end - x.ndim])),
        },
    )


@st.composite
def parted(draw):
    """An array whose size along a dimension is a product of sizes; one may be left to find."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    shape = list(draw(shapes(min_dims=1, max_dims=2)))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    shape[dim] = math.prod(sizes)
    if draw(st.booleans()):
        sizes[draw(st.integers(0, len(sizes) - 1))] = -1
    return Sample((draw(arrays(tuple(shape))),), {"dim": dim, "sizes": tuple(sizes)})


@st.composite
def squeezed(draw):
    x = draw(arrays(shapes(max_side=2)))
    dims = [st.none()]
    if x.ndim:
        one = st.integers(-x.ndim, x.ndim - 1)
        dims += [one, st.lists(st.integers(0, x.ndim - 1), unique=True).map(tuple)]
    return Sample((x,), {"dim": draw(st.one_of(dims))})


def squeeze_twin(x, dim):
    return torch.squeeze(x) if dim is None else torch.squeeze(x, dim)


@st.composite
def unsqueezed(draw):
    x = draw(arrays())
    return Sample((x,), {"dim": draw(st.integers(-x.ndim - 1, x.ndim))})


@st.composite
def repeated(draw):
    x = draw(arrays(shapes(max_dims=2)))
    more = draw(st.integers(0, 1))
    counts = draw(st.lists(st.integers(0, 2), min_size=x.ndim + more, max_size=x.ndim + more))
    return Sample((x,), {"given": tuple(counts), "together": draw(st.booleans()) or not counts})


@st.composite
def flipped(draw):
    x = draw(arrays())
    dims = draw(st.lists(st.integers(0, x.ndim - 1), unique=True)) if x.ndim else []
    dims = tuple(d - x.ndim * draw(st.booleans()) for d in dims)
    return Sample((x,), {"given": dims, "together": draw(st.booleans()) or not dims})


@st.composite
def rolled(draw):
    x = draw(arrays())
    shift = st.integers(-5, 5)
    if not x.ndim or draw(st.booleans()):
        return Sample((x,), {"shifts": draw(shift), "dims": None})
    dims = st.integers(-x.ndim, x.ndim - 1)
    if draw(st.booleans()):
        return Sample((x,), {"shifts": draw(shift), "dims": draw(dims)})
    pairs = draw(st.lists(st.tuples(shift, dims), min_size=1, max_size=3))
    shifts, dims = zip(*pairs, strict=True)
    return Sample((x,), {"shifts": shifts, "dims": dims})


@st.composite
def stacked(draw):
    shape = draw(shapes(max_dims=2))
    parts = [draw(arrays(shape)) for _ in range(draw(st.integers(1, 3)))]
    return Sample(tuple(parts), {"dim": draw(st.integers(-len(shape) - 1, len(shape)))})


def weighted(function):
    """All pieces of a result as one: each flat, counted, and weighted by its number."""

    def joined(flat, cat):
        return lambda x, how, dim: cat(
            [flat(piece) * (i + 1) for i, piece in enumerate(function(x, how, dim))]
        )

    return joined


def ours_in_pieces(function):
    return weighted(function)(composed.flatten, composed.cat)


def theirs_in_pieces(function):
    return weighted(function)(torch.flatten, torch.cat)


@st.composite
def pieces(draw):
    """An array, and sizes of pieces: one for all, or one for each."""
    x = draw(arrays(shapes(min_dims=1, max_side=5, max_dims=2)))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    if draw(st.booleans()):
        return Sample((x,), {"how": draw(st.integers(1, 6)), "dim": dim})
    cuts = sorted(draw(st.lists(st.integers(0, x.shape[dim]), max_size=3)))
    ends = [0, *cuts, x.shape[dim]]
    return Sample((x,), {"how": [b - a for a, b in pairwise(ends)], "dim": dim})


@st.composite
def chunks(draw):
    drawn = draw(with_dim())
    return Sample(drawn.inputs, {"how": draw(st.integers(1, 5)), **drawn.params})


@st.composite
def padded(draw):
    x = draw(arrays())
    widths = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=x.ndim))
    return Sample(
        (x,),
        {
            "pad": tuple(w for pair in widths for w in pair),
            "value": draw(st.sampled_from([0.0, 1.5, -2])),
        },
    )


@st.composite
def triangles(draw):
    x = draw(arrays(shapes(min_dims=2)))
    return Sample((x,), {"diagonal": draw(st.integers(-4, 4))})


CUT_OFF = (
    edge([[1.0, INF], [NAN, 2.0]], diagonal=0),
    edge([[1.0, INF], [NAN, 2.0]], diagonal=-1),
    edge([[1.0, -INF], [INF, 2.0]], diagonal=1),
)


GRID = (np.arange(12.0).reshape(3, 4) + 0.5,)
ALL_TRIANGLES = tuple(Sample(GRID, {"diagonal": k}) for k in range(-3, 5))
"""Random ones miss many, so here is each that a matrix of 3 by 4 has, and one beyond."""


@st.composite
def gridded(draw):
    """Up to three vectors or numbers, and how their grid lies."""
    vectors = draw(st.lists(arrays(shapes(max_dims=1)), min_size=1, max_size=3))
    return Sample(tuple(vectors), {"indexing": draw(st.sampled_from(["ij", "xy"]))})


def grids_as_one(function, cat, flatten):
    def joined(*vectors, indexing):
        grids = function(*vectors, indexing=indexing)
        return cat([flatten(grid) * (i + 1) for i, grid in enumerate(grids)])

    return joined


@st.composite
def interleaved(draw):
    """One count for all slices, or one for each."""
    x = draw(arrays(shapes(min_dims=1)))
    if draw(st.booleans()):
        return Sample((x,), {"repeats": draw(st.integers(0, 3)), "dim": None})
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    size = x.shape[dim]
    counts = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    return Sample((x,), {"repeats": np.array(counts, np.int64), "dim": dim})


def interleave_twin(x, repeats, dim):
    repeats = torch.from_numpy(repeats) if isinstance(repeats, np.ndarray) else repeats
    return torch.repeat_interleave(x, repeats, dim)


def like(function):
    """A function of a tensor and of another one, whose shape alone counts."""
    return lambda x, shape: function(x, np.zeros(shape))


def as_shape(sample):
    return Sample(sample.inputs, {"shape": sample.params["shape"]})


@st.composite
def stacked_beside(draw):
    """Tensors that differ in nothing."""
    shape = draw(shapes(max_dims=3))
    return Sample(tuple(draw(arrays(shape)) for _ in range(draw(st.integers(1, 3)))))


CASES = {
    "reshape": Case(as_given("shape")(reshaped()), **spelled("reshape")),
    # PyTorch's view refuses what would need a copy; this one copies, as reshape does
    "view": Case(
        as_given("shape")(reshaped()), ours=spelled("view")["ours"], twin=spelled("reshape")["twin"]
    ),
    "permute": Case(as_given("dims")(permuted()), **spelled("permute")),
    "expand": Case(as_given("shape")(stretched()), **spelled("expand")),
    "flatten": Case(ranges(), torch.flatten),
    "unflatten": Case(
        parted(),
        torch.unflatten,
        edges=(Sample((np.zeros((0, 6)),), {"dim": 1, "sizes": (2, -1)}, smooth=False),),
    ),
    "squeeze": Case(squeezed(), squeeze_twin),
    "unsqueeze": Case(unsqueezed(), torch.unsqueeze),
    "repeat": Case(repeated(), **spelled("repeat")),
    "flip": Case(flipped(), **spelled("flip")),
    "roll": Case(rolled(), torch.roll),
    "cat": Case(
        joined(),
        lambda *parts, dim: torch.cat(parts, dim),
        ours=lambda *parts, dim: composed.cat(parts, dim),
    ),
    "stack": Case(
        stacked(),
        lambda *parts, dim: torch.stack(parts, dim),
        ours=lambda *parts, dim: composed.stack(parts, dim),
    ),
    "split": Case(pieces(), theirs_in_pieces(torch.split), ours=ours_in_pieces(composed.split)),
    "chunk": Case(chunks(), theirs_in_pieces(torch.chunk), ours=ours_in_pieces(composed.chunk)),
    "pad": Case(
        padded(),
        lambda x, pad, value: F.pad(x, pad, value=value),
        edges=(edge([1.0, 2.0], pad=(1, 2), value=-INF), edge([INF, NAN], pad=(1, 1), value=1.0)),
    ),
    "tril": Case(triangles(), torch.tril, edges=CUT_OFF + ALL_TRIANGLES),
    "triu": Case(triangles(), torch.triu, edges=CUT_OFF + ALL_TRIANGLES),
    "hstack": Case(
        stacked_beside(),
        lambda *parts: torch.hstack(parts),
        ours=lambda *parts: composed.hstack(parts),
    ),
    "vstack": Case(
        stacked_beside(),
        lambda *parts: torch.vstack(parts),
        ours=lambda *parts: composed.vstack(parts),
    ),
    "unbind": Case(
        with_dim(min_side=1),
        lambda x, dim: torch.cat([p.reshape(-1) * i for i, p in enumerate(torch.unbind(x, dim))]),
        ours=lambda x, dim: composed.cat(
            [p.reshape(-1) * i for i, p in enumerate(composed.unbind(x, dim))]
        ),
    ),
    "repeat_interleave": Case(interleaved(), interleave_twin),
    "meshgrid": Case(
        gridded(),
        grids_as_one(torch.meshgrid, torch.cat, torch.flatten),
        ours=grids_as_one(composed.meshgrid, composed.cat, composed.flatten),
    ),
    "expand_as": Case(
        stretched().map(as_shape).filter(lambda s: -1 not in s.params["shape"]),
        lambda x, shape: x.expand_as(torch.zeros(shape)),
        ours=like(composed.expand_as),
    ),
    "view_as": Case(
        samples(arrays((2, 3)), shape=st.sampled_from([(6,), (3, 2), (1, 6)])),
        lambda x, shape: x.reshape(shape),
        ours=like(composed.view_as),
    ),
    "contiguous": Case(samples(arrays()), lambda x: x.contiguous()),
    "t": Case(samples(arrays(shapes(max_dims=2))), torch.t),
    "diag": Case(
        samples(arrays(shapes(min_dims=1, max_dims=2)), diagonal=st.integers(-3, 3))
        .filter(lambda s: s.inputs[0].ndim == 1 or -s.inputs[0].shape[0] < s.params["diagonal"])
        .filter(lambda s: s.inputs[0].ndim == 1 or s.params["diagonal"] < s.inputs[0].shape[1]),
        torch.diag,
    ),
    "trace": Case(samples(arrays(shapes(min_dims=2, max_dims=2))), torch.trace),
    "swap_to_end": Case(with_dim(), lambda x, dim: torch.transpose(x, dim, -1)),
}
