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
