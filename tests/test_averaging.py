"""The average of the weights, against PyTorch's AveragedModel, and what is done with it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import swa_utils

from tinygrad_mlp import checkpoint, nn, optim

decays = st.sampled_from([0.0, 1.0]) | st.floats(0.01, 0.9999)


class Net(nn.Module):
    """Parameters of one, two and no dimensions, and one that does not lie row by row."""

    def __init__(self):
        self.linear = nn.Linear(3, 2, rng=0, dtype=np.float64)
        self.scale = nn.Parameter(np.array(0.5))
        self.turned = nn.Parameter(np.zeros((3, 4)))
        self.turned.data = np.asfortranarray(self.turned.data)


class Twin(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 2, dtype=torch.float64)
        self.scale = torch.nn.Parameter(torch.tensor(0.5, dtype=torch.float64))
        self.turned = torch.nn.Parameter(torch.zeros((3, 4), dtype=torch.float64))


def walk(model, rng):
    """Set all weights to new ones."""
    model.load_state_dict({n: rng.normal(size=a.shape) for n, a in model.state_dict().items()})


def trained(steps=5, **options):
    model, rng = Net(), np.random.default_rng(0)
    average = optim.WeightAverage(model, **options)
    for _ in range(steps):
        walk(model, rng)
        average.update()
    return model, average


def check_same(state, other):
    assert state.keys() == other.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(array, other[name])


@settings(max_examples=25)
@given(decays, st.integers(1, 4), st.integers(0, 12))
def test_the_average_is_pytorchs_seen_every_so_many_steps(decay, every, steps):
    model, twin, rng = Net(), Twin(), np.random.default_rng(0)
    twin.load_state_dict({n: torch.tensor(a) for n, a in model.state_dict().items()})
    ours = optim.WeightAverage(model, decay, every)
    fn = swa_utils.get_ema_multi_avg_fn(decay**every)
    theirs = swa_utils.AveragedModel(twin, multi_avg_fn=fn)
    for step in range(1, steps + 1):
        walk(model, rng)
        twin.load_state_dict({n: torch.tensor(a) for n, a in model.state_dict().items()})
        ours.update()
        if step % every == 0:
            theirs.update_parameters(twin)
    for name, average in ours.averages.items():
        expected = theirs.module.state_dict()[name].numpy()
        np.testing.assert_allclose(average, expected, rtol=1e-12, atol=1e-14)


def test_the_defaults_are_those_of_pytorch():
    _, average = trained()
    _, explicit = trained(decay=0.999, every=1)
    check_same(average.state_dict(), explicit.state_dict())
    assert swa_utils.get_ema_multi_avg_fn.__defaults__ == (0.999,)


def test_updates_are_in_place_and_keep_float32():
    model = nn.Linear(3, 2, rng=0)
    average = optim.WeightAverage(model, 0.9)
    arrays = list(average.averages.values())
    for _ in range(3):
        average.update()
    assert all(a is b for a, b in zip(arrays, average.averages.values(), strict=True))
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


def test_updates_leave_the_model_alone():
    model, average = trained()
    before = model.state_dict()
    average.update()
    check_same(before, model.state_dict())


def test_while_applied_the_model_has_the_averages_and_after_it_its_weights_to_the_bit():
    model, average = trained()
    weights, arrays = model.state_dict(), [p.data for p in model.parameters()]
    with average.applied():
        check_same(model.state_dict(), average.averages)
    check_same(model.state_dict(), weights)
    assert all(p.data is a for p, a in zip(model.parameters(), arrays, strict=True))


def test_the_weights_come_back_after_an_error_too():
    model, average = trained()
    weights = model.state_dict()
    with pytest.raises(KeyError), average.applied():
        raise KeyError
    check_same(model.state_dict(), weights)


def test_a_graph_recorded_before_refuses_to_go_back_with_the_averages():
    model, average = trained()
    loss = model.linear(np.ones((1, 3))).square().sum()
    with average.applied(), pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_the_averages_are_copied_to_another_model():
    model, average = trained()
    weights, other = model.state_dict(), Net()
    average.copy_to(other)
    check_same(other.state_dict(), average.averages)
    check_same(model.state_dict(), weights)


def test_the_averages_are_copied_to_the_model_itself():
    model, average = trained()
    average.copy_to(model)
    check_same(model.state_dict(), average.averages)


def test_layers_that_are_used_twice_are_averaged_once():
    layer = nn.Linear(2, 2, rng=0)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    average = optim.WeightAverage(model, 0.5)
    average.update()
    assert list(average.averages) == ["0.weight", "0.bias"]
    with average.applied():
        assert model[2].weight.data is model[0].weight.data


def test_an_average_goes_on_to_the_bit_from_its_state(tmp_path):
    model, average = trained(5, decay=0.9, every=2)
    checkpoint.save(tmp_path / "file", model, average=average)
    other = Net()
    again = optim.WeightAverage(other, decay=0.9, every=2)
    checkpoint.load(tmp_path / "file", other, average=again)
    for each in (average, again):
        each.update()
    check_same(average.state_dict(), again.state_dict())


def test_a_state_of_another_model_is_refused_and_changes_nothing():
    _, average = trained()
    before = average.state_dict()
    with pytest.raises(ValueError, match=r"nothing was changed.*differs in module\.bias"):
        average.load_state_dict(optim.WeightAverage(nn.Linear(3, 2)).state_dict())
    check_same(average.state_dict(), before)


@pytest.mark.parametrize("decay", [-0.1, 1.1, float("nan")])
def test_a_decay_that_is_no_share_is_refused(decay):
    with pytest.raises(ValueError, match="decay must be between 0 and 1"):
        optim.WeightAverage(Net(), decay)


def test_looking_never_is_refused():
    with pytest.raises(ValueError, match="every must be at least 1, not 0"):
        optim.WeightAverage(Net(), every=0)


def test_repr_says_how_it_averages():
    assert repr(trained(every=2)[1]) == "WeightAverage(decay=0.999, every=2, steps=5)"
