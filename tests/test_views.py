"""Which functions give a view and which a copy: PyTorch's, found by writing into what they give."""

import numpy as np
import pytest
import torch

import tinygrad_mlp as tg

WAYS = {
    "reshape": lambda m, x: x.reshape(6),
    "reshape of a transposed": lambda m, x: x.T.reshape(6),
    "view": lambda m, x: x.view(3, 2),
    "view_as": lambda m, x: x.view_as(m.zeros(3, 2)),
    "flatten": lambda m, x: x.flatten(),
    "flatten of a transposed": lambda m, x: x.T.flatten(),
    "unflatten": lambda m, x: x.unflatten(1, (3, 1)),
    "transpose": lambda m, x: x.transpose(0, 1),
    "permute": lambda m, x: x.permute(1, 0),
    "T": lambda m, x: x.T,
    "mT": lambda m, x: x.mT,
    "t": lambda m, x: x.t(),
    "expand to its own size": lambda m, x: x.expand(2, 3),
    "expand by dimensions of 1": lambda m, x: x.expand(1, -1, 3),
    "expand_as": lambda m, x: x.expand_as(m.zeros(2, 3)),
    "squeeze": lambda m, x: x[:1].squeeze(),
    "squeeze of a transposed": lambda m, x: x.T[:, :1].squeeze(1),
    "unsqueeze": lambda m, x: x.unsqueeze(1),
    "unsqueeze of a transposed": lambda m, x: x.T.unsqueeze(0),
    "split": lambda m, x: x.split(2, 1)[0],
    "chunk": lambda m, x: x.chunk(2)[1],
    "unbind": lambda m, x: x.unbind(1)[2],
    "diagonal": lambda m, x: x.diagonal(),
    "diagonal of others": lambda m, x: x[None].diagonal(1, 2, 1),
    "diag": lambda m, x: x.diag(),
    "an integer": lambda m, x: x[1],
    "a 0-d tensor": lambda m, x: x[m.tensor(1)],
    "a slice": lambda m, x: x[:, 1:],
    "None and ...": lambda m, x: x[None, ..., 0],
    "a list": lambda m, x: x[[0]],
    "an integer and a list": lambda m, x: x[0, [0, 1]],
    "a mask": lambda m, x: x[x > 1],
    "flip": lambda m, x: x.flip(0),
    "flip of one row": lambda m, x: x[:1].flip(0),
    "flip along nothing": lambda m, x: x.flip(()),
    "roll": lambda m, x: x.roll(1, 0),
    "roll by 0": lambda m, x: x.roll(0, 1),
    "repeat once": lambda m, x: x.repeat(1, 1),
    "repeat": lambda m, x: x.repeat(2, 1),
    "repeat of one row": lambda m, x: x[:1].repeat(3, 1),
    "repeat_interleave": lambda m, x: x.repeat_interleave(1, 0),
    "detach": lambda m, x: x.detach(),
    "clone": lambda m, x: x.clone(),
    "contiguous": lambda m, x: x.contiguous(),
    "contiguous of a transposed": lambda m, x: x.T.contiguous(),
    "contiguous of every other": lambda m, x: x[:, ::2].contiguous(),
    "double of a float64": lambda m, x: x.double(),
    "float": lambda m, x: x.float(),
    "to its own dtype": lambda m, x: x.to(m.float64),
    "type of its own": lambda m, x: x.type(m.float64),
    "to with a copy": lambda m, x: x.to(m.float64, copy=True),
    "cpu": lambda m, x: x.cpu(),
    "as_tensor": lambda m, x: m.as_tensor(x),
    "as_tensor of an array": lambda m, x: m.as_tensor(x.numpy()),
    "tril": lambda m, x: x.tril(),
    "cat of one": lambda m, x: m.cat([x]),
    "stack of one": lambda m, x: m.stack([x]),
    "hstack of one": lambda m, x: m.hstack([x]),
    "meshgrid of one": lambda m, x: m.meshgrid(x[0], indexing="ij")[0],
    "sort": lambda m, x: x.sort().values,
    "gather": lambda m, x: x.gather(0, m.tensor([[0, 1, 0]])),
    "clamp": lambda m, x: x.clamp(min=-10),
}
"""On a tensor of 2 rows and 3 columns."""


def written(m, way, start):
    """The tensor after 9 was written everywhere into what it gave, and that."""
    x = m.tensor(start)
    given = WAYS[way](m, x)
    given.fill_(9)
    return x.tolist(), given.tolist()


@pytest.mark.parametrize("way", WAYS)
def test_writing_into_a_result_changes_the_tensor_exactly_where_it_does_in_pytorch(way):
    start = np.arange(6.0).reshape(2, 3)
    assert written(tg, way, start) == written(torch, way, start)


def test_a_view_larger_than_its_tensor_is_read_only():
    x = tg.tensor([1.0, 2.0])
    for view in (x.expand(3, 2), x.expand_as(tg.zeros(3, 2)), tg.meshgrid(x, x)[0]):
        with pytest.raises(ValueError, match="read-only"):
            view.fill_(0)


def test_the_diagonal_of_read_only_memory_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        tg.ones(2).expand(2, 2).diagonal().fill_(0)


VIEWS_SAID = """reshape view flatten unflatten squeeze unsqueeze permute expand expand_as view_as
    repeat flip roll split chunk unbind diag t meshgrid repeat_interleave contiguous"""


@pytest.mark.parametrize("name", VIEWS_SAID.split())
def test_the_docstring_says_which_it_is(name):
    text = getattr(tg.composed, name).__doc__.lower()
    assert "view" in text or "copy" in text
