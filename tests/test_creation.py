"""Making tensors: the values and dtypes of PyTorch, and random numbers that follow a seed."""

import numpy as np
import pytest
import torch

import tinygrad_mlp as tg

CALLS = {
    "zeros": lambda m: m.zeros(2, 3),
    "zeros of a tuple": lambda m: m.zeros((2, 3)),
    "ones of no dimensions": lambda m: m.ones(()),
    "full with a float": lambda m: m.full((2,), 1.5),
    "full with an integer": lambda m: m.full((2,), 3),
    "full with a boolean": lambda m: m.full((2,), True),
    "eye": lambda m: m.eye(2, 3),
    "arange of an integer": lambda m: m.arange(4),
    "arange of floats": lambda m: m.arange(0, 1, 0.25),
    "arange backwards": lambda m: m.arange(3, 0, -1),
    "linspace": lambda m: m.linspace(0, 1, 5),
    "zeros_like": lambda m: m.zeros_like(m.ones(2, 3)),
    "ones_like": lambda m: m.ones_like(m.arange(3)),
    "full_like": lambda m: m.full_like(m.ones(2), 7),
    "meshgrid": lambda m: m.meshgrid(m.arange(2), m.arange(3), indexing="ij")[0],
    "meshgrid of a list": lambda m: m.meshgrid([m.arange(2), m.arange(3)], indexing="xy")[1],
    "as_tensor of a list": lambda m: m.as_tensor([1.0, 2.0]),
    "as_tensor of another dtype": lambda m: m.as_tensor(np.ones(2), dtype=m.float32),
    "zeros with a dtype": lambda m: m.zeros(2, dtype=m.uint8),
    "tensor of floats": lambda m: m.tensor([[1.0, 2.0]]),
    "tensor of integers": lambda m: m.tensor([1, 2]),
    "tensor of booleans": lambda m: m.tensor([True, False]),
    "tensor of float64": lambda m: m.tensor(np.array([1.0])),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_shape_and_dtype_are_pytorchs(name):
    ours = CALLS[name](tg)
    theirs = CALLS[name](torch).numpy()
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours.data, theirs)


@pytest.mark.parametrize("make", [tg.rand, tg.randn])
def test_the_same_seed_gives_the_same_numbers_in_float32(make):
    first, again, other = make(3, 4, rng=1), make(3, 4, rng=1), make(3, 4, rng=2)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first.data, again.data)
    assert not np.array_equal(first.data, other.data)


@pytest.mark.parametrize("make", [tg.rand_like, tg.randn_like])
def test_a_random_tensor_like_another_has_its_dtype(make):
    assert make(tg.zeros(2, 3, dtype=np.float64), rng=0).dtype == np.float64


def test_rand_is_uniform_and_randn_normal():
    u, n = tg.rand(100_000, rng=0).data, tg.randn(100_000, rng=0).data
    assert u.min() >= 0 and u.max() < 1 and abs(u.mean() - 0.5) < 0.01
    assert abs(n.mean()) < 0.02 and abs(n.std() - 1) < 0.02


def test_requires_grad_is_passed_on():
    assert tg.ones(2, requires_grad=True).requires_grad


def test_a_tensor_is_a_copy_and_from_numpy_shares():
    array = np.ones(2, np.float32)
    copied, shared = tg.tensor(array), tg.from_numpy(array)
    array[0] = 5
    assert copied.tolist() == [1, 1] and shared.tolist() == [5, 1]


def test_as_tensor_shares_what_it_can():
    array = np.ones(2)
    x = tg.as_tensor(array)
    assert np.shares_memory(x.data, array)
    assert tg.as_tensor(x) is x
    assert tg.as_tensor(x, dtype=tg.float32).dtype == np.float32


def test_empty_has_the_size_and_dtype():
    x = tg.empty(2, 0, 3, dtype=tg.int32)
    assert (x.shape, x.dtype) == ((2, 0, 3), np.int32)
    assert tg.empty((2,), requires_grad=True).requires_grad


@pytest.mark.parametrize(
    "make", [lambda rng: tg.randint(9, (50,), rng=rng), lambda rng: tg.randperm(50, rng=rng)]
)
def test_the_same_seed_gives_the_same_integers(make):
    first, again, other = make(1), make(1), make(2)
    assert first.dtype == np.int64
    assert first.tolist() == again.tolist() != other.tolist()


def test_randint_reaches_low_and_stays_below_high():
    x = tg.randint(-2, 3, (1000,), rng=0)
    assert set(x.tolist()) == {-2, -1, 0, 1, 2}
    assert set(tg.randint(3, (1000,), rng=0).tolist()) == {0, 1, 2}
    assert tg.randint(low=0, high=3, size=(2, 2), rng=0, dtype=tg.uint8).dtype == np.uint8


def test_randperm_is_each_number_once():
    assert sorted(tg.randperm(100, rng=0).tolist()) == list(range(100))
