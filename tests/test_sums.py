"""Sums of float32 are added in float64 and rounded once, at any size, along any dimension.

NumPy adds float32 one after the other along every dimension but the last in memory, so a column
of 20 million ones comes to 16,777,216. Each test here would see that.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
import tinygrad_mlp.nn.functional as F
from tinygrad_mlp import nn, ops

EPS = float(np.finfo(np.float32).eps)


def stairs(rows):
    """Columns where each row is lost if it is added to the first alone: 1, then halves of eps."""
    column = np.full((rows, 1), EPS / 2, np.float32)
    column[0] = 1
    return column


def assert_within_8_eps(found, exact, magnitudes):
    error = np.abs(np.asarray(found, np.float64) - exact)
    assert np.all(error <= 8 * EPS * magnitudes)


@st.composite
def tall_arrays(draw):
    """float32 arrays of up to 200,000 rows, in C or Fortran order or with steps, and a dim."""
    rows = draw(st.sampled_from([1, 50, 1000, 200_000]))
    columns = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = (rng.standard_normal((rows, columns)) + draw(st.sampled_from([0, 3]))).astype(np.float32)
    if draw(st.booleans()):
        x[:1] *= 1e4
    if draw(st.booleans()):
        x = np.asfortranarray(x)
    if draw(st.booleans()):
        x = x[::2]
    return x, draw(st.sampled_from([0, 1, None, (0, 1)]))


@given(tall_arrays(), st.booleans())
def test_sum_and_mean_are_those_of_float64(array_and_dim, keepdim):
    x, dim = array_and_dim
    wide = x.astype(np.float64)
    size = np.abs(wide).sum(dim, keepdims=keepdim)
    assert_within_8_eps(ops.sum(x, dim=dim, keepdim=keepdim), wide.sum(dim, keepdims=keepdim), size)
    n = ops.count(x, dim)
    exact = wide.mean(dim, keepdims=keepdim)
    assert_within_8_eps(ops.mean(x, dim=dim, keepdim=keepdim), exact, size / n)


REDUCTIONS = {
    "sum": (lambda x: x.sum(0), lambda x: x.sum(0)),
    "mean": (lambda x: x.mean(0), lambda x: x.mean(0)),
    "cumsum": (lambda x: x.cumsum(0)[-1], lambda x: x.sum(0)),
    "norm 1": (lambda x: x.norm(1, dim=0), lambda x: x.sum(0)),
    "norm 2": (lambda x: x.norm(dim=0), lambda x: np.sqrt((x * x).sum(0))),
    "e ** logsumexp": (lambda x: tg.logsumexp(x.log(), dim=0).exp(), lambda x: x.sum(0)),
    "l1_loss": (lambda x: F.l1_loss(x, tg.zeros_like(x)), lambda x: x.mean()),
    "mse_loss": (lambda x: F.mse_loss(x.sqrt(), tg.zeros_like(x)), lambda x: x.mean()),
    "einsum": (lambda x: tg.einsum("ij->j", x), lambda x: x.sum(0)),
    "avg_pool2d": (
        lambda x: F.avg_pool2d(x.reshape(1, 1, -1, 1), (len(x), 1)),
        lambda x: x.mean(0),
    ),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_no_reduction_loses_small_rows_beside_a_large_one(name):
    ours, exact = REDUCTIONS[name]
    x = stairs(100_000)
    expected = exact(x.astype(np.float64))
    assert_within_8_eps(ours(tg.tensor(x)).numpy().ravel(), expected, np.abs(expected))


def test_softmax_of_a_column_sums_to_one():
    x = np.log(stairs(100_000))
    probabilities = tg.softmax(tg.tensor(x), dim=0).numpy()
    exact = stairs(100_000).astype(np.float64) / stairs(100_000).astype(np.float64).sum()
    assert_within_8_eps(probabilities, exact, exact * 8)  # exp and log round each value, too


def test_cross_entropy_adds_its_rows_in_float64():
    scores = np.zeros((100_000, 2), np.float32)
    scores[1:, 1] = -17  # a loss of 4.1e-8 for each row but the first, which has log 2
    loss = F.cross_entropy(tg.tensor(scores), np.zeros(100_000, int), reduction="sum").item()
    exact = np.log(2) + 99_999 * np.log1p(np.exp(-17.0))
    # each row's own loss is rounded where 1 + e^-17 is
    assert abs(loss - exact) <= 99_999 * EPS / 2 + 8 * EPS * exact


def test_mean_of_20_million_ones_is_one():
    assert ops.mean(np.ones((20_000_000, 1), np.float32), dim=0)[0] == 1


@pytest.mark.parametrize("value", [100.0, -100.0, 0.1])
def test_std_of_constant_columns_is_zero(value):
    assert tg.std(tg.full((50_000, 3), value), 0).tolist() == [0, 0, 0]


def test_running_mean_of_batch_norm_is_that_of_float64():
    x = stairs(100_000)
    layer = nn.BatchNorm1d(1)
    layer(tg.tensor(x))
    exact = 0.1 * x.astype(np.float64).mean(0)
    assert_within_8_eps(layer.running_mean.numpy(), exact, exact)


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_stretched_bias_sums_its_gradient_in_float64(create_graph):
    bias = tg.zeros(1, requires_grad=True)
    x = stairs(100_000)
    (bias * tg.tensor(x)).sum().backward(create_graph=create_graph)
    exact = x.astype(np.float64).sum(0)
    assert_within_8_eps(bias.grad.numpy(), exact, exact)


def test_an_index_that_repeats_sums_its_gradient_in_float64():
    x = tg.zeros(2, 1, requires_grad=True)
    weights = stairs(100_000)
    (x[np.zeros(100_000, int)] * tg.tensor(weights)).sum().backward()
    exact = weights.astype(np.float64).sum()
    assert_within_8_eps(x.grad.numpy()[0], exact, exact)


def test_clipping_knows_the_norm_of_a_long_gradient():
    weight = nn.Parameter(np.zeros(2_000_000, np.float32))
    weight.grad = tg.full((2_000_000,), 0.1)
    found = nn.utils.clip_grad_norm_([weight], 1e9).item()
    assert_within_8_eps(found, np.float32(0.1) * np.sqrt(2e6), 200)


@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_clipping_knows_the_norm_of_what_has_no_square(size):
    weight = nn.Parameter(np.zeros(2, np.float32))
    weight.grad = tg.tensor([3 * size, 4 * size])
    assert np.isclose(nn.utils.clip_grad_norm_([weight], 2 * size).item(), 5 * size, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_sums_keep_their_dtype(dtype):
    x = np.ones((3, 2), dtype)
    for result in (ops.sum(x, dim=0), ops.mean(x, dim=0), ops.cumsum(x, dim=0)):
        assert result.dtype == dtype


def test_float16_sums_do_not_stop_at_2048():
    assert ops.sum(np.ones((3000, 1), np.float16), dim=0)[0] == 3000
