"""The hand-written network: its backpropagation is right, and its published fault is kept."""

from itertools import pairwise

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim
from tinygrad_mlp.data import ArrayDataset, DataLoader
from tinygrad_mlp.experiment.basic import (
    BasicMLP,
    Dense,
    fit_basic,
    mse,
    mse_gradient,
    mse_to_labels,
    published_error,
    published_mse_gradient,
)
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import slopes
from tinygrad_mlp.train import Diverged, StopTraining, fit


@pytest.fixture
def outputs_and_targets():
    rng = np.random.default_rng(0)
    return rng.random((4, 10)), F.one_hot(rng.integers(0, 10, 4), 10).astype(np.float64)


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    return rng.random((6, 28, 28)), rng.integers(0, 10, 6)


# ------------------------------------------------------------------------------------- the loss


def test_mse_is_the_mean_over_outputs_and_examples(outputs_and_targets):
    outputs, targets = outputs_and_targets
    expected = sum((o - t) ** 2 for o, t in zip(outputs.flat, targets.flat, strict=True)) / 40
    np.testing.assert_allclose(mse(outputs, targets), expected)


def test_mse_to_labels_is_mse_to_one_hot_vectors(outputs_and_targets):
    outputs, targets = outputs_and_targets
    assert mse_to_labels(outputs, targets.argmax(1)) == mse(outputs, targets)


def test_mse_gradient_agrees_with_central_differences(outputs_and_targets):
    outputs, targets = outputs_and_targets
    [expected] = slopes(lambda o: mse(o, targets), [outputs])
    np.testing.assert_allclose(mse_gradient(outputs, targets), expected, atol=1e-9)


def test_the_published_gradient_is_exactly_minus_the_right_one(outputs_and_targets):
    published = published_mse_gradient(*outputs_and_targets)
    np.testing.assert_array_equal(published, -1 * mse_gradient(*outputs_and_targets))
    assert published.any()


def test_the_published_error_divides_by_the_pixels_after_every_example():
    assert published_error([0.5]) == 0.5 / 784
    assert published_error([7.0, 0.5]) == (7.0 / 784 + 0.5) / 784


def test_the_published_error_tells_of_the_last_example_alone():
    losses = np.random.default_rng(0).random(1000)
    np.testing.assert_allclose(published_error([*losses, 0.8]), 0.8 / 784, rtol=0.01)


# -------------------------------------------------------------------------------------- layers


def test_xavier_weights_fill_their_bounds_and_biases_are_0():
    layer = Dense(300, 200, "xavier", np.random.default_rng(0))
    bound = np.sqrt(6 / 500)
    assert 0.99 * bound < layer.weight.max() <= bound
    assert not layer.bias.any()


def test_normal_weights_and_biases_have_mean_0_and_spread_1():
    layer = Dense(300, 2000, "normal", np.random.default_rng(0))
    np.testing.assert_allclose([layer.weight.mean(), layer.weight.std()], [0, 1], atol=0.01)
    np.testing.assert_allclose([layer.bias.mean(), layer.bias.std()], [0, 1], atol=0.06)


def test_an_unknown_init_is_refused():
    with pytest.raises(ValueError, match='must be "normal" or "xavier", not \'zeros\''):
        BasicMLP(init="zeros")


# ------------------------------------------------------------------------------------- network


def test_defaults_are_as_published():
    network = BasicMLP(rng=0)
    sizes = [784, 200, 200, 200, 200, 200, 200, 200, 10]
    assert [d.weight.shape for d in network.dense] == list(pairwise(sizes))
    assert len(network.layers) == 16  # a sigmoid after every layer, the last included
    assert network.loss_gradient is published_mse_gradient
    weights = np.concatenate([d.weight.ravel() for d in network.dense])
    np.testing.assert_allclose([weights.mean(), weights.std()], [0, 1], atol=0.01)


def test_scores_are_between_0_and_1(batch):
    scores = BasicMLP(rng=0)(batch[0])
    assert scores.shape == (6, 10)
    assert (scores >= 0).all() and (scores <= 1).all()


def test_the_same_seed_gives_the_same_weights():
    one, other, third = (BasicMLP((5,), rng=seed).state_dict() for seed in (0, 0, 1))
    np.testing.assert_array_equal(one["0.weight"], other["0.weight"])
    assert not np.array_equal(one["0.weight"], third["0.weight"])


def test_a_step_moves_every_weight_down_the_numerical_gradient(batch):
    images, labels = batch[0][:, :, :], batch[1]
    network = BasicMLP((3,), "xavier", mse_gradient, rng=0)
    last = network.dense[-1]
    before = [last.weight.copy(), last.bias.copy()]

    def loss(weight, bias):
        last.weight, last.bias = weight, bias
        return mse_to_labels(network(images), labels)

    expected = slopes(loss, before)
    last.weight, last.bias = before[0].copy(), before[1].copy()
    network.train_step(images, labels, lr=0.5)
    for now, then, slope in zip((last.weight, last.bias), before, expected, strict=True):
        np.testing.assert_allclose(now, then - 0.5 * slope, atol=1e-9)


def autograd_twin(network):
    """The same network on the Tensor, with the same float64 weights."""
    layers = []
    for dense in network.dense:
        linear = nn.Linear(*dense.weight.shape, dtype=np.float64)
        linear.load_state_dict({"weight": dense.weight.T, "bias": dense.bias})
        layers += [linear, nn.Sigmoid()]
    return nn.Sequential(nn.Flatten(), *layers)


@pytest.mark.parametrize("hidden", [(8,), (8, 7, 6)])
@pytest.mark.parametrize("init", ["xavier", "normal"])
def test_backpropagation_by_hand_is_autograd_step_for_step(hidden, init):
    rng = np.random.default_rng(0)
    network = BasicMLP(hidden, init, mse_gradient, rng=0)
    twin = autograd_twin(network)
    optimizer = optim.SGD(twin.parameters(), lr=3.0)
    for _ in range(20):
        images, labels = rng.random((5, 28, 28)), rng.integers(0, 10, 5)
        loss, scores = network.train_step(images, labels, lr=3.0)
        outputs = twin(tg.tensor(images))
        expected = F.mse_loss(outputs, F.one_hot(labels, 10).astype(np.float64))
        optimizer.zero_grad()
        expected.backward()
        optimizer.step()
        np.testing.assert_allclose(loss, expected.item(), rtol=1e-12)
        np.testing.assert_allclose(scores, outputs.data, rtol=1e-12, atol=1e-15)
        for dense, linear in zip(network.dense, twin[1::2], strict=True):
            np.testing.assert_allclose(dense.weight, linear.weight.data.T, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(dense.bias, linear.bias.data, rtol=1e-12, atol=1e-12)


def test_fixed_steps_go_down_the_loss_and_published_ones_climb_it(batch):
    changes = []
    for gradient in (mse_gradient, published_mse_gradient):
        network = BasicMLP((20,), "xavier", gradient, rng=0)
        before, _ = network.train_step(*batch, lr=0.1)
        changes.append(mse_to_labels(network(batch[0]), batch[1]) - before)
    assert changes[0] < 0 < changes[1]


def test_train_step_gives_loss_and_scores_from_before_the_step(batch):
    network = BasicMLP((5,), rng=0)
    before = network(batch[0])
    loss, scores = network.train_step(*batch, lr=1.0)
    np.testing.assert_array_equal(scores, before)
    assert loss == mse_to_labels(before, batch[1])


# ----------------------------------------------------------------------------------- the loop


@pytest.fixture
def batches():
    rng = np.random.default_rng(2)
    return [(rng.random((n, 28, 28)), rng.integers(0, 10, n)) for n in (4, 4, 2)]


def test_its_loop_takes_each_step_and_reports_means_over_examples(batches):
    one, other = (BasicMLP((5,), "xavier", mse_gradient, rng=0) for _ in range(2))
    [epoch] = fit_basic(one, batches, lr=0.5, epochs=1)
    losses, right = 0.0, 0
    for images, labels in batches:
        loss, scores = other.train_step(images, labels, lr=0.5)
        losses += loss * len(labels)
        right += int((scores.argmax(1) == labels).sum())
    assert (epoch.epoch, epoch.loss, epoch.accuracy) == (1, losses / 10, right / 10)
    for name, array in one.state_dict().items():
        np.testing.assert_array_equal(array, other.state_dict()[name])


def test_its_loop_reports_what_fit_does_for_the_same_network_on_tensors(batches):
    network = BasicMLP((8,), "xavier", mse_gradient, rng=0)
    twin = autograd_twin(network)

    def loss(outputs, labels):
        return F.mse_loss(outputs, F.one_hot(labels, 10).astype(np.float64))

    found = fit_basic(network, batches, lr=3.0, epochs=4)
    expected = fit(twin, batches, optim.SGD(twin.parameters(), lr=3.0), 4, loss)
    assert [e.epoch for e in found] == [e.epoch for e in expected] == [1, 2, 3, 4]
    assert [e.accuracy for e in found] == [e.accuracy for e in expected]
    np.testing.assert_allclose([e.loss for e in found], [e.loss for e in expected], rtol=1e-12)


def test_its_loop_takes_tensors_and_a_loader_too_and_does_the_same(batches):
    images, labels = (np.concatenate(part) for part in zip(*batches, strict=True))
    of_tensors = [tuple(map(tg.from_numpy, batch)) for batch in batches]
    loader = DataLoader(ArrayDataset(images, labels), 4)
    losses = []
    for given in (batches, of_tensors, loader):
        network = BasicMLP((5,), "xavier", mse_gradient, rng=0)
        losses.append([epoch.loss for epoch in fit_basic(network, given, lr=1.0, epochs=2)])
    assert losses[0] == losses[1] == losses[2]


def test_its_loop_goes_on_from_a_history_and_reports_each_epoch(batches):
    one, other = (BasicMLP((5,), rng=0) for _ in range(2))
    whole = fit_basic(one, batches, lr=1.0, epochs=3)
    history = fit_basic(other, batches, lr=1.0, epochs=1)
    told = []
    assert fit_basic(other, batches, 1.0, 3, told.append, history) is history
    assert [(e.epoch, e.loss) for e in history] == [(e.epoch, e.loss) for e in whole]
    assert told == history[1:]


def test_its_loop_can_be_ended_by_on_epoch(batches):
    def on_epoch(epoch):
        if epoch.epoch == 2:
            raise StopTraining

    assert len(fit_basic(BasicMLP((5,), rng=0), batches, 1.0, 9, on_epoch)) == 2


def test_its_loop_reports_a_divergence_without_warnings(batches):
    network = BasicMLP((5,), rng=0)
    network.dense[0].weight[0, 0] = np.nan
    with pytest.raises(Diverged, match="the loss became nan in epoch 1, after 0 examples"):
        fit_basic(network, batches, lr=1.0, epochs=1)


def test_it_is_the_same_in_training_and_in_use(batch):
    network = BasicMLP((5,), rng=0)
    before = network(batch[0])
    np.testing.assert_array_equal(network.eval()(batch[0]), before)


# --------------------------------------------------------------------------------------- state


def test_a_state_goes_round_to_the_bit(batch):
    one, other = BasicMLP((5,), rng=0), BasicMLP((5,), rng=1)
    other.load_state_dict(one.state_dict())
    np.testing.assert_array_equal(other(batch[0]), one(batch[0]))


def test_a_state_is_a_copy():
    network = BasicMLP((5,), rng=0)
    network.state_dict()["0.weight"][...] = 7
    assert not (network.dense[0].weight == 7).any()


def test_a_state_of_another_network_is_refused():
    with pytest.raises(ValueError, match=r"0.weight has shape \(784, 6\), expected \(784, 5\)"):
        BasicMLP((5,)).load_state_dict(BasicMLP((6,)).state_dict())
