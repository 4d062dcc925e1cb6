"""Models as PyTorch's modules and back, and arrays exchanged without copying."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mlp import from_dlpack, from_numpy, nn, tensor
from tinygrad_mlp.interop import PLAIN, from_torch, to_torch
from tinygrad_mlp.recipes import RECIPES, Recipe

MODERN = [recipe for recipe in RECIPES.values() if isinstance(recipe, Recipe)]


def close(ours, theirs, largest_difference):
    """Scores equal to 1e-6 of the largest; the largest difference goes into the report."""
    ours, theirs = ours.data, theirs.numpy(force=True)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    found = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    largest_difference("interop: logits, float32, relative", found)
    assert found < 1e-6


@pytest.mark.parametrize("recipe", MODERN, ids=lambda recipe: recipe.name)
def test_interop_to_torch_gives_the_same_logits(recipe, largest_difference):
    model = recipe.build(rng=0)
    x = np.random.default_rng(0).random((50, 28, 28), dtype=np.float32)
    close(model(x), to_torch(model)(torch.from_numpy(x)), largest_difference)


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4), st.booleans())
def test_interop_round_trip_is_exact_to_the_bit(sizes, bias):
    layers = [nn.Linear(a, b, bias=bias) for a, b in itertools.pairwise(sizes)]
    model = nn.Sequential(nn.Flatten(), *layers, nn.ReLU(), nn.Sequential(nn.Sigmoid()))
    back = from_torch(to_torch(model))
    assert repr(back) == repr(model)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(back.state_dict()[name], array)


def test_interop_from_torch_gives_the_same_logits(largest_difference):
    torch.manual_seed(0)
    theirs = torch.nn.Sequential(
        torch.nn.Linear(6, 5), torch.nn.Sigmoid(), torch.nn.Linear(5, 3, bias=False)
    )
    x = np.random.default_rng(0).normal(size=(7, 6)).astype(np.float32)
    close(from_torch(theirs)(x), theirs(torch.from_numpy(x)), largest_difference)


def test_interop_keys_and_shapes_are_pytorchs():
    model = MODERN[0].build(rng=0)
    twin = to_torch(model)
    ours = {name: array.shape for name, array in model.state_dict().items()}
    assert ours == {name: tuple(value.shape) for name, value in twin.state_dict().items()}


def test_interop_keeps_float64_and_the_mode():
    model = nn.Sequential(nn.Linear(2, 2, dtype=np.float64)).eval()
    twin = to_torch(model)
    assert twin[0].weight.dtype == torch.float64 and not twin.training
    back = from_torch(twin)
    assert back[0].weight.dtype == np.float64 and not back.training


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.__name__)
def test_interop_knows_every_layer_without_weights(kind):
    assert type(from_torch(to_torch(kind()))) is kind


def test_interop_knows_every_layer_of_the_package():
    layers = {
        value
        for name, value in vars(nn).items()
        if isinstance(value, type) and issubclass(value, nn.Module) and not name.endswith("Loss")
    }
    assert layers == {*PLAIN, nn.Linear, nn.Sequential, nn.Module}


def test_interop_names_a_layer_that_pytorch_does_not_have():
    class Odd(nn.Module):
        pass

    with pytest.raises(TypeError, match="Odd has no twin"):
        to_torch(nn.Sequential(nn.ReLU(), Odd()))


def test_interop_names_a_layer_that_this_package_does_not_have():
    with pytest.raises(TypeError, match=r"LSTM\(2, 2\) is a layer that this package does not have"):
        from_torch(torch.nn.Sequential(torch.nn.LSTM(2, 2)))


def test_interop_refuses_an_option_that_would_be_lost():
    with pytest.raises(TypeError, match="Flatten"):
        from_torch(torch.nn.Flatten(0))


# ---------------------------------------------------------------------------------- arrays


def test_interop_numpy_shares_memory_both_ways():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.shares_memory(from_numpy(array).numpy(), array)


@pytest.mark.parametrize("view", [lambda a: a, lambda a: a.T, lambda a: a[:, ::2], lambda a: a[1:]])
def test_interop_dlpack_reaches_pytorch_without_copying(view):
    ours = from_numpy(view(np.arange(12, dtype=np.float32).reshape(3, 4)))
    theirs = torch.from_dlpack(ours)
    theirs += 1
    np.testing.assert_array_equal(ours.data, theirs.numpy())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_interop_dlpack_comes_from_pytorch_without_copying(dtype):
    theirs = torch.arange(6).to(dtype).reshape(2, 3).T
    ours = from_dlpack(theirs)
    theirs += 1
    assert ours.dtype == theirs.numpy().dtype
    np.testing.assert_array_equal(ours.data, theirs.numpy())


def test_interop_dlpack_refuses_what_requires_a_gradient():
    with pytest.raises(RuntimeError, match="detach"):
        torch.from_dlpack(tensor([1.0], requires_grad=True))


def test_interop_refuses_a_layer_that_only_looks_like_one():
    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    class Linear(torch.nn.Linear):
        pass

    with pytest.raises(TypeError, match="Residual has no twin"):
        to_torch(Residual(nn.Linear(2, 2)))
    with pytest.raises(TypeError, match="does not have"):
        from_torch(torch.nn.Sequential(Linear(2, 2)))


def test_interop_keeps_a_shared_layer_shared_both_ways():
    layer = nn.Linear(2, 2)
    twin = to_torch(nn.Sequential(layer, layer))
    assert len(list(twin.parameters())) == 2
    assert len(list(from_torch(twin).parameters())) == 2


def test_interop_keeps_frozen_parameters_and_the_mode_of_each_layer():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].weight.requires_grad_(False)
    model[0].eval()
    for other in (to_torch(model), from_torch(to_torch(model))):
        assert [p.requires_grad for p in other.parameters()] == [False, True, True, True]
        assert [other[0].training, other[1].training, other.training] == [False, True, True]


def test_interop_keeps_the_names_of_a_sequential():
    layers = {"fc": torch.nn.Linear(2, 2), "act": torch.nn.ReLU()}
    theirs = torch.nn.Sequential()
    for name, layer in layers.items():
        theirs.add_module(name, layer)
    ours = from_torch(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict()) == ["fc.weight", "fc.bias"]
