"""Initial weights: drawn from the same distributions as PyTorch's, and by `rng` alone."""

import math

import numpy as np
import pytest
import torch

from tinygrad_mlp import nn
from tinygrad_mlp.nn import init

SHAPE = (200, 300)

PAIRS = {
    "uniform": (
        lambda w: init.uniform_(w, -0.3, 0.7, rng=0),
        lambda w: torch.nn.init.uniform_(w, -0.3, 0.7),
    ),
    "normal": (
        lambda w: init.normal_(w, 0.5, 2.0, rng=0),
        lambda w: torch.nn.init.normal_(w, 0.5, 2.0),
    ),
    "xavier_uniform": (
        lambda w: init.xavier_uniform_(w, 1.5, rng=0),
        lambda w: torch.nn.init.xavier_uniform_(w, 1.5),
    ),
    "xavier_normal": (
        lambda w: init.xavier_normal_(w, rng=0),
        lambda w: torch.nn.init.xavier_normal_(w),
    ),
    "kaiming_uniform": (
        lambda w: init.kaiming_uniform_(w, rng=0),
        lambda w: torch.nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    ),
    "kaiming_normal": (
        lambda w: init.kaiming_normal_(w, "tanh", rng=0),
        lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="tanh"),
    ),
}
RANDOM = [
    init.uniform_,
    init.normal_,
    init.xavier_uniform_,
    init.xavier_normal_,
    init.kaiming_uniform_,
    init.kaiming_normal_,
]


def distance(a, b):
    """The largest difference between two samples' distribution functions, in units of its spread.

    For two large samples from one distribution it is above 1.95 once in a thousand times
    (Kolmogorov and Smirnov).
    """
    a, b = np.sort(np.ravel(a)), np.sort(np.ravel(b))
    both = np.concatenate([a, b])
    below_a = np.searchsorted(a, both, side="right") / a.size
    below_b = np.searchsorted(b, both, side="right") / b.size
    return np.abs(below_a - below_b).max() * math.sqrt(a.size * b.size / (a.size + b.size))


def drawn(pair, shape=SHAPE):
    ours, theirs = pair
    torch.manual_seed(0)
    return ours(nn.Parameter(np.zeros(shape))).data, theirs(torch.zeros(shape).double()).numpy()


def test_the_distance_detects_a_spread_that_is_wrong_by_five_percent():
    rng = np.random.default_rng(0)
    assert distance(rng.normal(0, 1, 60_000), rng.normal(0, 1, 60_000)) < 1.95
    assert distance(rng.normal(0, 1, 60_000), rng.normal(0, 1.05, 60_000)) > 1.95


@pytest.mark.parametrize("name", PAIRS)
def test_init_draws_from_the_distribution_of_pytorch(name):
    ours, theirs = drawn(PAIRS[name])
    assert distance(ours, theirs) < 1.95


@pytest.mark.parametrize("name", PAIRS)
def test_init_has_the_mean_and_the_spread_of_pytorch(name):
    ours, theirs = drawn(PAIRS[name])
    spread = theirs.std()
    np.testing.assert_allclose(ours.mean(), theirs.mean(), atol=0.03 * spread)
    np.testing.assert_allclose(ours.std(), spread, rtol=0.015)


@pytest.mark.parametrize("name", PAIRS)
def test_init_draws_from_the_distribution_of_pytorch_for_weights_of_four_dimensions(name):
    ours, theirs = drawn(PAIRS[name], (60, 50, 4, 5))
    assert distance(ours, theirs) < 1.95


@pytest.mark.parametrize("name", ["uniform", "xavier_uniform", "kaiming_uniform"])
def test_uniform_inits_fill_their_bounds_and_stay_within_them(name):
    ours, theirs = drawn(PAIRS[name])
    np.testing.assert_allclose([ours.min(), ours.max()], [theirs.min(), theirs.max()], atol=1e-4)


def test_linear_starts_as_in_pytorch():
    torch.manual_seed(0)
    ours, theirs = nn.Linear(300, 20_000, rng=0), torch.nn.Linear(300, 20_000)
    bound = 1 / math.sqrt(300)
    for mine, other in ((ours.weight, theirs.weight), (ours.bias, theirs.bias)):
        assert distance(mine.data[:200], other.detach().numpy()[:200]) < 1.95
        assert distance(mine.data.ravel()[-20_000:], other.detach().ravel()[-20_000:]) < 1.95
        assert np.abs(mine.data).max() <= np.float32(bound)


def test_weights_and_bias_are_not_the_same_numbers():
    layer = nn.Linear(1, 50, rng=0)
    assert not np.array_equal(layer.weight.data.ravel(), layer.bias.data)


@pytest.mark.parametrize("gain", ["linear", "sigmoid", "tanh", "relu"])
def test_gains_are_those_of_pytorch(gain):
    assert math.isclose(init.GAINS[gain], torch.nn.init.calculate_gain(gain))


def test_the_defaults_are_the_unit_interval_the_standard_normal_distribution_and_a_gain_of_1():
    def made(function, *given):
        return function(nn.Parameter(np.zeros((3, 2))), *given, rng=0).data

    np.testing.assert_array_equal(made(init.uniform_), made(init.uniform_, 0.0, 1.0))
    np.testing.assert_array_equal(made(init.normal_), made(init.normal_, 0.0, 1.0))
    for function in (init.xavier_uniform_, init.xavier_normal_):
        np.testing.assert_array_equal(made(function), made(function, 1.0))


@pytest.mark.parametrize("function", [init.xavier_uniform_, init.xavier_normal_])
def test_a_gain_is_a_factor(function):
    one, twice = (function(nn.Parameter(np.zeros((3, 2))), gain, rng=0) for gain in (1.0, 2.0))
    np.testing.assert_array_equal(2 * one.data, twice.data)


def test_zeros():
    assert not init.zeros_(nn.Parameter(np.ones(3))).data.any()


@pytest.mark.parametrize("function", RANDOM)
def test_the_same_seed_gives_the_same_numbers_and_another_seed_gives_others(function):
    def fill(rng):
        return function(nn.Parameter(np.zeros((4, 5))), rng=rng).data

    np.testing.assert_array_equal(fill(3), fill(3))
    np.testing.assert_array_equal(fill(3), fill(np.random.default_rng(3)))
    assert not np.array_equal(fill(3), fill(4))


def test_layers_that_share_a_generator_differ():
    rng = np.random.default_rng(0)
    one, other = nn.Linear(3, 3, rng=rng), nn.Linear(3, 3, rng=rng)
    assert not np.array_equal(one.weight.data, other.weight.data)


def test_global_random_state_is_neither_used_nor_changed():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first = nn.Linear(3, 3, rng=1).weight.data
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.random.seed(1)
    np.testing.assert_array_equal(nn.Linear(3, 3, rng=1).weight.data, first)


@pytest.mark.parametrize("function", RANDOM)
def test_init_fills_in_place_and_keeps_float32(function):
    weight = nn.Parameter(np.zeros((4, 5), np.float32))
    array = weight.data
    assert function(weight, rng=0) is weight
    assert weight.data is array
    assert array.dtype == np.float32
    assert array.all()
    assert weight.requires_grad and weight.is_leaf


def test_fans_need_a_weight_of_two_dimensions():
    with pytest.raises(ValueError, match=r"shape \(out, in, \.\.\.\), not \(3,\)"):
        init.xavier_uniform_(nn.Parameter(np.zeros(3)))


def test_an_unknown_nonlinearity_is_refused():
    with pytest.raises(ValueError, match="one of linear, sigmoid, tanh, relu, not 'gelu'"):
        init.kaiming_normal_(nn.Parameter(np.zeros((2, 2))), "gelu")
