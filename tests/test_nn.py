"""Modules and layers, with PyTorch as the oracle: names, shapes, values and gradients."""

import numpy as np
import pytest
import torch

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim
from tinygrad_mlp.testing import check_layer


class Twice(nn.Module):
    """One Linear, used under two names."""

    def __init__(self):
        self.first = nn.Linear(3, 3, rng=0)
        self.second = self.first

    def forward(self, x):
        return self.second(self.first(x))


class Scale(nn.Module):
    """A user's own layer: learned factors."""

    def __init__(self, size):
        self.factor = nn.Parameter(np.ones(size, np.float32))

    def forward(self, x):
        return x * self.factor


class Block(nn.Module):
    """A module in a module, with a parameter of its own beside it."""

    def __init__(self):
        self.inner = nn.Sequential(nn.Linear(4, 3, rng=0), nn.ReLU(), nn.Linear(3, 2, rng=1))
        self.shift = nn.Parameter(np.zeros(2, np.float32))

    def forward(self, x):
        return self.inner(x) + self.shift


class TorchBlock(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Sequential(
            torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)
        )
        self.shift = torch.nn.Parameter(torch.zeros(2))


def mlp(rng=0):
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5, rng=rng), nn.ReLU(), nn.Linear(5, 3, rng=1))


def shapes(state):
    return {name: tuple(value.shape) for name, value in state.items()}


# ------------------------------------------------------------------------------------- Module


def test_names_and_shapes_are_those_of_pytorch():
    theirs = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3)
    )
    assert list(shapes(mlp().state_dict()).items()) == list(shapes(theirs.state_dict()).items())


def test_nested_names_and_their_order_are_those_of_pytorch():
    theirs = TorchBlock().state_dict()
    assert list(shapes(Block().state_dict()).items()) == list(shapes(theirs).items())
    names = [name for name, _ in Block().named_parameters()]
    assert names == [name for name, _ in TorchBlock().named_parameters()]


def test_without_bias_there_is_no_bias_in_the_state():
    assert list(nn.Linear(2, 3, bias=False).state_dict()) == ["weight"]


def test_a_parameter_set_later_is_found():
    module = nn.ReLU()
    module.extra = nn.Parameter([1.0])
    assert [name for name, _ in module.named_parameters()] == ["extra"]


def test_a_plain_tensor_is_not_a_parameter():
    module = nn.ReLU()
    module.constant = tg.tensor([1.0])
    assert list(module.parameters()) == []


def test_shared_parameters_come_once_and_are_in_the_state_under_both_names():
    model = Twice()
    assert [name for name, _ in model.named_parameters()] == ["first.weight", "first.bias"]
    assert sorted(model.state_dict()) == [
        "first.bias",
        "first.weight",
        "second.bias",
        "second.weight",
    ]


def test_a_shared_layer_is_stepped_once():
    model = Twice()
    before = model.first.weight.data.copy()
    optimizer = optim.SGD([*model.first.parameters(), *model.second.parameters()], lr=0.5)
    model(np.ones((2, 3), np.float32)).sum().backward()
    optimizer.step()
    expected = before - np.float32(0.5) * model.first.weight.grad.data
    np.testing.assert_array_equal(model.first.weight.data, expected)


def test_gradients_of_a_shared_layer_are_those_of_pytorch():
    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(3, 3)
            self.second = self.first

        def forward(self, x):
            return self.second(self.first(x))

    check_layer(Twice(), (4, 3), Theirs())


def test_train_and_eval_reach_every_child():
    model = Block()
    everyone = [model, model.inner, *model.inner]
    assert all(module.training for module in everyone)
    assert model.eval() is model
    assert not any(module.training for module in everyone)
    model.train()
    assert all(module.training for module in everyone)


def test_zero_grad_forgets_every_gradient():
    model = Block()
    model(np.ones((2, 4), np.float32)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_a_module_without_forward_says_what_is_missing():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty needs a method forward"):
        Empty()(1)


# ---------------------------------------------------------------------------- state_dict, load


def test_state_dict_is_a_copy():
    model = mlp()
    state = model.state_dict()
    before = model[1].weight.data.copy()
    state["1.weight"][...] = 7
    np.testing.assert_array_equal(model[1].weight.data, before)


def test_load_state_dict_takes_a_copy():
    model, state = mlp(), mlp(rng=5).state_dict()
    model.load_state_dict(state)
    state["1.weight"][...] = 7
    assert not (model[1].weight.data == 7).any()


def test_a_state_survives_the_round_trip_to_the_bit():
    one, other = mlp(), mlp(rng=5)
    other.load_state_dict(one.state_dict())
    for name, value in one.state_dict().items():
        np.testing.assert_array_equal(value, other.state_dict()[name])


def test_a_state_of_pytorch_can_be_loaded():
    theirs = TorchBlock()
    ours = Block()
    ours.load_state_dict(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name], value.numpy())


def test_loading_keeps_the_dtype_of_the_parameter():
    model = nn.Linear(2, 2)
    model.load_state_dict({"weight": np.ones((2, 2)), "bias": np.ones(2, np.int64)})
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_an_optimiser_still_steps_the_parameters_after_loading():
    model = nn.Linear(2, 2, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    model.load_state_dict({"weight": np.ones((2, 2)), "bias": np.ones(2)})
    model(np.ones((1, 2), np.float32)).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(model.weight.data, np.zeros((2, 2)))


def test_load_state_dict_names_every_fault_in_one_error_and_changes_nothing():
    model = mlp()
    before = model.state_dict()
    state = model.state_dict()
    del state["1.weight"], state["1.bias"]
    state |= {"extra": np.zeros(1), "other": np.zeros(1)}
    state["3.weight"] = np.zeros((3, 4))
    state["3.bias"] = np.full(3, 9.0)
    with pytest.raises(ValueError) as caught:
        model.load_state_dict(state)
    words = str(caught.value)
    for fault in (
        "missing: 1.weight",
        "missing: 1.bias",
        "unexpected: extra",
        "unexpected: other",
        "3.weight has shape (3, 4), expected (3, 5)",
    ):
        assert fault in words
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_values_that_are_not_real_numbers_are_refused_and_nothing_is_changed():
    model = nn.Linear(1, 1, rng=0)
    before = model.weight.data.copy()
    with pytest.raises(ValueError, match="bias has dtype complex128, expected float32"):
        model.load_state_dict({"weight": np.ones((1, 1)), "bias": np.ones(1) * 1j})
    np.testing.assert_array_equal(model.weight.data, before)


# -------------------------------------------------------------------------------------- layers


def test_linear_agrees_with_pytorch():
    check_layer(nn.Linear(4, 3, rng=0), (5, 4), torch.nn.Linear(4, 3))


def test_linear_without_bias_agrees_with_pytorch():
    check_layer(nn.Linear(4, 3, bias=False, rng=0), (5, 4), torch.nn.Linear(4, 3, bias=False))


def test_linear_takes_inputs_of_more_and_fewer_dimensions():
    check_layer(nn.Linear(4, 3, rng=0), (2, 5, 4), torch.nn.Linear(4, 3))
    check_layer(nn.Linear(4, 3, rng=0), (4,), torch.nn.Linear(4, 3))


def test_linear_of_a_batch_of_none_agrees_with_pytorch():
    check_layer(nn.Linear(4, 3, rng=0), (0, 4), torch.nn.Linear(4, 3))


def test_activations_agree_with_pytorch():
    check_layer(nn.ReLU(), (5, 4), torch.nn.ReLU())
    check_layer(nn.Sigmoid(), (5, 4), torch.nn.Sigmoid())


@pytest.mark.parametrize("shape", [(3, 2, 2), (3, 4), (1, 2, 3, 2), (3, 0, 2), (0, 2, 2)])
def test_flatten_agrees_with_pytorch(shape):
    check_layer(nn.Flatten(), shape, torch.nn.Flatten())


def test_flatten_of_an_array_is_an_array():
    assert isinstance(nn.Flatten()(np.zeros((2, 3, 4))), np.ndarray)


def test_a_whole_network_agrees_with_pytorch():
    theirs = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3)
    )
    check_layer(mlp(), (4, 2, 3), theirs)


def test_a_users_own_layer_is_checked_found_and_trained():
    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = torch.nn.Parameter(torch.ones(3))

        def forward(self, x):
            return x * self.factor

    layer = Scale(3)
    check_layer(layer, (4, 3), Theirs())
    model = nn.Sequential(nn.Linear(2, 3, rng=0), layer)
    assert "1.factor" in model.state_dict()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model(np.ones((2, 2), np.float32)).sum().backward()
    optimizer.step()
    assert not np.array_equal(layer.factor.data, np.ones(3))


def test_float32_stays_float32_through_a_network_and_back():
    model = mlp()
    scores = model(np.ones((2, 2, 3), np.float32))
    scores.sum().backward()
    assert scores.dtype == np.float32
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_a_layer_without_units_is_refused():
    with pytest.raises(ValueError, match="at least one input and one output, not 0 and 3"):
        nn.Linear(0, 3)


def test_sequential_is_a_sequence_of_its_modules():
    model = mlp()
    assert len(model) == 4
    assert [type(module).__name__ for module in model] == ["Flatten", "Linear", "ReLU", "Linear"]
    assert model[-1] is model[3]
    with pytest.raises(IndexError):
        model[4]


def test_a_slice_of_a_sequential_is_a_sequential_with_the_same_layers():
    model = mlp()
    head = model[:2]
    assert isinstance(head, nn.Sequential)
    assert head[1] is model[1]
    assert list(head.state_dict()) == ["1.weight", "1.bias"]


def test_an_empty_sequential_returns_its_input():
    x = tg.tensor([1.0])
    assert nn.Sequential()(x) is x


def test_repr_is_that_of_pytorch():
    theirs = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(3, 2, False))
    )
    ours = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 2, False)))
    assert repr(ours) == repr(theirs)


# -------------------------------------------------------------------------------------- losses


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_loss_agrees_with_pytorch(reduction):
    rng = np.random.default_rng(0)
    scores, classes = rng.normal(size=(5, 4)), rng.integers(0, 4, 5)
    check_loss(
        nn.CrossEntropyLoss(reduction=reduction),
        torch.nn.CrossEntropyLoss(reduction=reduction),
        scores,
        classes,
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_cross_entropy_loss_with_all_its_options_agrees_with_pytorch(smoothing):
    rng = np.random.default_rng(0)
    scores, classes, weight = rng.normal(size=(5, 4)), np.array([0, 3, 1, 3, 2]), rng.random(4)
    options = {"ignore_index": 1, "reduction": "mean", "label_smoothing": smoothing}
    check_loss(
        nn.CrossEntropyLoss(weight, **options),
        torch.nn.CrossEntropyLoss(torch.tensor(weight), **options),
        scores,
        classes,
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_mse_loss_agrees_with_pytorch(reduction):
    rng = np.random.default_rng(0)
    values, targets = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    check_loss(nn.MSELoss(reduction), torch.nn.MSELoss(reduction=reduction), values, targets)


def check_loss(ours, theirs, values, targets):
    x, y = tg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    loss, expected = ours(x, targets), theirs(y, torch.tensor(targets))
    np.testing.assert_allclose(loss.data, expected.numpy(force=True), rtol=1e-12)
    loss.sum().backward()
    expected.sum().backward()
    np.testing.assert_allclose(x.grad.data, y.grad.numpy(), rtol=1e-12, atol=1e-15)


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match='"mean", "sum" or "none"'):
        nn.MSELoss("median")(tg.tensor([1.0]), tg.tensor([1.0]))
