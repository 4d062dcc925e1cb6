"""Integers and booleans in every function that has something of its own to say about them.

Each call is made in both packages, in each dtype. The result has PyTorch's dtype and values, where
numbers wrap around at the end of the dtype too; and what PyTorch refuses, as a number that does
not fit into a dtype, is refused.
"""

import numpy as np
import pytest
import torch

import tinygrad_mlp as tg
from tinygrad_mlp.nn import functional

DTYPES = ("uint8", "int8", "int16", "int32", "int64", "bool")
VALUES = np.array([3, 200, 7, 250])


class Ours:
    """This package, a tensor x, and a dtype."""

    def __init__(self, dtype, values=VALUES):
        self.tg, self.F, self.dtype = tg, functional, np.dtype(dtype)
        self.x = tg.tensor(values.astype(dtype))


class Theirs:
    """The same of PyTorch."""

    def __init__(self, dtype, values=VALUES):
        self.tg, self.F, self.dtype = torch, torch.nn.functional, getattr(torch, dtype)
        self.x = torch.from_numpy(values.astype(dtype))


def written(index, value):
    def write(p):
        p.x[index(p)] = value(p)
        return p.x

    return write


CALLS = {
    "add, alpha": lambda p: p.x.add(p.x, alpha=-3),
    "add, alpha, of a number": lambda p: p.x.add(2, alpha=-3),
    "add of a narrower dtype, alpha": lambda p: p.x.add(
        p.tg.tensor([100] * 4).to(p.dtype), alpha=9
    ),
    "add to a wider dtype, alpha": lambda p: p.tg.arange(4).add(p.x, alpha=300),
    "add to floats, alpha": lambda p: p.tg.arange(4.0).add(p.x, alpha=1.5),
    "add, alpha is a fraction": lambda p: p.x.add(p.x, alpha=1.5),
    "index_add, alpha": lambda p: p.x.index_add(0, p.tg.tensor([0, 0, 1, 2]), p.x, alpha=-3),
    "add_": lambda p: p.x.add_(-300),
    "add_, alpha": lambda p: p.x.add_(p.x.clone(), alpha=-3),
    "add_, alpha, of a number": lambda p: p.x.add_(2, alpha=-3),
    "sub_": lambda p: p.x.sub_(300),
    "sub_, alpha": lambda p: p.x.sub_(p.x.clone(), alpha=-3),
    "mul_": lambda p: p.x.mul_(-3),
    "mul_ by itself": lambda p: p.x.mul_(p.x.clone()),
    "div_, floor": lambda p: p.x.div_(3, rounding_mode="floor"),
    "div_, trunc": lambda p: p.x.div_(-3, rounding_mode="trunc"),
    "fill_ -1": lambda p: p.x.fill_(-1),
    "fill_ 300": lambda p: p.x.fill_(300),
    "fill_ -300": lambda p: p.x.fill_(-300),
    "fill_ -1.7": lambda p: p.x.fill_(-1.7),
    "fill_ infinity": lambda p: p.x.fill_(float("inf")),
    "write -1": written(lambda p: 0, lambda p: -1),
    "write 300": written(lambda p: 0, lambda p: 300),
    "write 1.7": written(lambda p: 0, lambda p: 1.7),
    "write -1 under a mask": written(lambda p: p.x > 5, lambda p: -1),
    "write a tensor": written(lambda p: slice(0, 2), lambda p: p.tg.tensor([-1, 300])),
    "copy_": lambda p: p.x.copy_(p.tg.tensor([-1, 300, 1, 2])),
    "tensor": lambda p: p.tg.tensor([-1, 5], dtype=p.dtype),
    "tensor of 300": lambda p: p.tg.tensor([300, 5], dtype=p.dtype),
    "tensor of NaN": lambda p: p.tg.tensor([float("nan")], dtype=p.dtype),
    "full -1": lambda p: p.tg.full((2,), -1, dtype=p.dtype),
    "full 300": lambda p: p.tg.full((2,), 300, dtype=p.dtype),
    "full_like 300": lambda p: p.tg.full_like(p.x, 300),
    "full_like 1.5": lambda p: p.tg.full_like(p.x, 1.5),
    "masked_fill -1": lambda p: p.x.masked_fill(p.x > 5, -1),
    "masked_fill 300": lambda p: p.x.masked_fill(p.x > 5, 300),
    "masked_fill 1.5": lambda p: p.x.masked_fill(p.x > 5, 1.5),
    "where -1": lambda p: p.tg.where(p.x > 5, p.x, -1),
    "where 300": lambda p: p.tg.where(p.x > 5, p.x, 300),
    "clamp -1": lambda p: p.x.clamp(min=-1),
    "clamp 300": lambda p: p.x.clamp(max=300),
    "clamp 5.5": lambda p: p.x.clamp(max=5.5),
    "pad 300": lambda p: p.F.pad(p.x, (1, 1), value=300),
    "pad 1.5": lambda p: p.F.pad(p.x, (1, 1), value=1.5),
    "scatter -1": lambda p: p.x.scatter(0, p.tg.tensor([0, 1, 2, 2]), -1),
    "scatter 300": lambda p: p.x.scatter(0, p.tg.tensor([0, 1, 2, 2]), 300),
    "scatter, add": lambda p: p.x.scatter(0, p.tg.tensor([0, 1, 2, 2]), -1, reduce="add"),
    "scatter, multiply": lambda p: p.x.scatter(0, p.tg.tensor([0, 1, 2, 2]), 3, reduce="multiply"),
    "+ 300": lambda p: p.x + 300,
    "* -1": lambda p: p.x * -1,
    "< 300": lambda p: p.x < 300,
    "& 300": lambda p: p.x & 300,
    "** -1": lambda p: p.x**-1,
    "** 3": lambda p: p.x**3,
    "** tensor": lambda p: p.x ** p.tg.tensor([0, 1, -1, -2]),
    "arange": lambda p: p.tg.arange(0, 300, 7, dtype=p.dtype),
    "arange in steps of 2.5": lambda p: p.tg.arange(-0.9, 5.1, 2.5, dtype=p.dtype),
    "arange in steps of 0.5": lambda p: p.tg.arange(0, 3, 0.5, dtype=p.dtype),
    "arange backwards": lambda p: p.tg.arange(5.5, 1.2, -1.5, dtype=p.dtype),
    "linspace": lambda p: p.tg.linspace(0, 100, 7, dtype=p.dtype),
    "linspace to 300": lambda p: p.tg.linspace(0, 300, 7, dtype=p.dtype),
    "avg_pool2d": lambda p: p.F.avg_pool2d(p.x.reshape(1, 2, 2), 2),
    "avg_pool2d below 0": lambda p: p.F.avg_pool2d(p.x.reshape(1, 2, 2) * -1, 2, 1, 1),
    "avg_pool2d, divisor": lambda p: p.F.avg_pool2d(p.x.reshape(1, 2, 2), 2, divisor_override=-3),
    "max_pool2d": lambda p: p.F.max_pool2d(p.x.reshape(1, 2, 2) * -1, 2, 1, 1),
}


def run(call, place, dtype):
    try:
        return call(place(dtype)), None
    except (TypeError, ValueError, RuntimeError) as error:
        return None, error


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_gives_or_refuses_what_pytorch_does(name, dtype):
    expected, refused = run(CALLS[name], Theirs, dtype)
    if isinstance(refused, NotImplementedError):
        pytest.skip("PyTorch has none of this dtype")
    found, error = run(CALLS[name], Ours, dtype)
    if refused:
        assert isinstance(error, (TypeError, ValueError)), f"PyTorch: {refused}"
    else:
        assert error is None
        assert str(found.dtype) == str(expected.dtype).removeprefix("torch.")
        assert found.tolist() == expected.tolist()


def test_a_number_that_does_not_fit_is_named_with_the_limits():
    with pytest.raises(ValueError, match="300 does not fit into uint8, which goes from 0 to 255"):
        tg.zeros(2, dtype=np.uint8).fill_(300)


def test_a_write_that_is_refused_leaves_the_tensor_as_it_was():
    x = tg.tensor([1, 2], dtype=np.uint8)
    with pytest.raises(ValueError):
        x[0] = 300
    assert x.tolist() == [1, 2]


def test_the_larger_of_a_tensor_and_a_number_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="300 does not fit into uint8"):
        tg.maximum(tg.tensor([1], dtype=np.uint8), 300)


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_the_mean_of_a_window_of_integers_that_pytorch_has_not_is_refused(dtype):
    with pytest.raises(TypeError, match=rf"floats or int64, not {dtype}; write .float\(\)"):
        functional.avg_pool2d(tg.ones(1, 2, 2, dtype=dtype), 2)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", [*DTYPES, "float32"])
def test_sorting_keeps_ties_in_order_as_pytorchs_stable_sort_does(dtype, descending):
    values = np.random.default_rng(0).integers(0, 50, (3, 1000))
    ours, theirs = Ours(dtype, values), Theirs(dtype, values)
    options = {"descending": descending, "stable": True}
    for dim in (0, 1):
        found, expected = (p.x.sort(dim=dim, **options) for p in (ours, theirs))
        assert found.values.tolist() == expected.values.tolist()
        assert found.indices.tolist() == expected.indices.tolist()
        assert ours.x.argsort(dim=dim, **options).tolist() == expected.indices.tolist()


def test_rounding_booleans_is_refused():
    with pytest.raises(TypeError, match=r"round\(\) of booleans.*x.long\(\)"):
        tg.round(tg.tensor([True]))
