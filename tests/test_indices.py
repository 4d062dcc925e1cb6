"""What may stand in square brackets: every kind of index, read, differentiated and written.

PyTorch is asked the same with each list-like part as one of its own tensors.
"""

import array

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import gradcheck, ops

SHAPE = (3, 4, 2)

KINDS = {
    # what names places one by one, by kind
    "a list": list,
    "a tuple": tuple,
    "nested lists": lambda places: [[i] for i in places],
    "nested tuples": lambda places: tuple((i,) for i in places),
    "an array": np.array,
    "a small array": lambda places: np.array(places, np.int8),
    "an array.array": lambda places: array.array("q", places),
    "a tensor": lambda places: tg.tensor(places),
    "a PyTorch tensor": torch.tensor,
    "a list of NumPy integers": lambda places: [np.int64(i) for i in places],
    "a list of tensors": lambda places: [tg.tensor(i) for i in places],
}


@st.composite
def index_parts(draw, size):
    """What may stand for one dimension, here and in PyTorch."""
    kind = draw(st.sampled_from(["int", "0-d", "slice", "range", "mask", *KINDS]))
    one = draw(st.integers(-size, size - 1))
    if kind == "int":
        return one, one
    if kind == "0-d":
        return draw(st.sampled_from([np.array(one), np.int32(one), tg.tensor(one)])), one
    if kind == "slice":
        part = slice(
            draw(st.integers(0, size)), draw(st.integers(0, size)), draw(st.integers(1, 2))
        )
        return part, part
    if kind == "range":
        start = draw(st.integers(0, size - 2))
        return range(start, start + 2), torch.arange(start, start + 2)
    if kind == "mask":
        chosen = draw(st.permutations([True] * 2 + [False] * (size - 2)))
        given = draw(st.sampled_from([list, np.array, tg.tensor, torch.tensor]))(chosen)
        return given, torch.tensor(chosen)
    places = draw(st.lists(st.integers(-size, size - 1), min_size=2, max_size=2))
    ours = KINDS[kind](places)
    return ours, torch.tensor(np.array(KINDS[kind](places)) if "nested" in kind else places)


@st.composite
def indices(draw):
    """Parts for some of the dimensions, perhaps with ... and None among them."""
    parts = [draw(index_parts(size)) for size in SHAPE[: draw(st.integers(1, 3))]]
    if len(parts) < 3 and draw(st.booleans()):
        parts.append((Ellipsis, Ellipsis))
    if draw(st.integers(0, 3)) == 0:
        parts.insert(draw(st.integers(0, len(parts))), (None, None))
    return tuple(p for p, _ in parts), tuple(p for _, p in parts)


def numbers():
    return np.arange(24.0).reshape(SHAPE)


@given(indices())
def test_reading_gives_the_values_and_gradients_of_pytorch(index):
    ours, theirs = index
    x = tg.tensor(numbers(), requires_grad=True)
    t = torch.tensor(numbers(), requires_grad=True)
    found, expected = x[ours], t[theirs]
    assert found.shape == tuple(expected.shape)
    assert found.tolist() == expected.tolist()
    weights = np.arange(1.0, expected.numel() + 1).reshape(found.shape)
    found.backward(weights)
    expected.backward(torch.from_numpy(weights))
    assert x.grad.tolist() == t.grad.tolist()


@given(indices())
def test_writing_writes_where_pytorch_does(index):
    ours, theirs = index
    x, t = tg.tensor(numbers()), torch.tensor(numbers())
    x[ours] = -1
    t[theirs] = -1
    assert x.tolist() == t.tolist()


def test_integers_beside_lists_select():
    x = tg.zeros(2, 3, 4)
    assert x[0, :, [0, 1]].shape == (3, 2)
    assert x[[0, 1], :, 0].shape == (2, 3)
    x[0, :, [0, 1]] = tg.tensor([[1.0, 2.0]] * 3)
    assert x[0, 2].tolist() == [1, 2, 0, 0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", [lambda i: i, lambda i: (i, slice(None)), lambda i: (i, 1)])
def test_what_is_named_twice_gets_its_gradient_twice(kind, where):
    if kind.endswith(("a tuple", "nested tuples")) and where(0) == 0:
        pytest.skip("a tuple by itself is one part for each dimension")
    index = where(KINDS[kind]([0, 0, 1]))
    x = tg.tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    assert gradcheck(lambda x: x[index], x)
    x[index].sum().backward()
    assert x.grad[:, 1].tolist() == [2, 1, 0]


@pytest.mark.parametrize("index", [((0, 0, 1), slice(None)), (range(2), 0), [0, 0], np.array([1])])
def test_the_op_itself_counts_repeats_of_whatever_numpy_reads_as_integers(index):
    x = tg.tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    assert gradcheck(lambda x: ops.getitem(x, index=index), x)


@pytest.mark.parametrize("index", [1.5, "a", [0.5], [[0], [1, 2]], {}, (0, "b"), tg.tensor([1.0])])
def test_what_is_no_index_is_an_index_error_that_names_it(index):
    for attempt in (lambda x: x[index], lambda x: x.__setitem__(index, 0)):
        with pytest.raises(IndexError, match="an index is made of integers, booleans, slices"):
            attempt(tg.zeros(3, 2))


def test_an_empty_list_names_nothing():
    assert tg.zeros(3, 2)[[]].shape == (0, 2)
    assert tg.zeros(3, 2)[:, []].shape == (3, 0)
