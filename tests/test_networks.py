"""The functions that networks are made of, against PyTorch, and what they refuse."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mlp import ones, tensor, zeros
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import arrays, check_op, check_sample, shapes

from .functional_table import CASES, COVERED_ELSEWHERE


def test_every_function_has_a_case_or_is_covered_elsewhere():
    assert set(F.__all__) == {name.split()[0] for name in CASES} | set(COVERED_ELSEWHERE)


@pytest.mark.property
@pytest.mark.parametrize("name", sorted(CASES))
def test_function_agrees_with_pytorch_and_with_differences(name):
    function, case = CASES[name]
    assert case.rtol <= 1e-9 or case.why_rtol
    check_op(function, case.samples, case.twin, case.rtol, examples=25)


EDGES = [(name, i) for name, (_, case) in CASES.items() for i in range(len(case.edges))]


@pytest.mark.parametrize(("name", "i"), EDGES)
def test_function_agrees_with_pytorch_at_kinks(name, i):
    function, case = CASES[name]
    check_sample(function, case.edges[i], case.twin, case.rtol)


@given(arrays(shapes(min_side=1)), st.floats(0, 1), st.integers(0, 1000))
def test_dropout_keeps_a_value_scaled_or_makes_it_0(x, p, seed):
    y = F.dropout(tensor(x), p, rng=seed).data
    kept = y != 0
    np.testing.assert_allclose(y[kept], x[kept] / (1 - p), rtol=1e-12)


def test_dropout_drops_the_share_p_and_keeps_the_mean():
    y = F.dropout(ones(100_000), 0.3, rng=0).data
    assert abs(np.mean(y == 0) - 0.3) < 0.01
    assert abs(y.mean() - 1) < 0.01


def test_dropout_passes_gradients_only_through_what_it_kept():
    x = ones(1000, requires_grad=True)
    y = F.dropout(x, 0.5, rng=0)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)


def test_dropout_is_the_identity_when_not_training():
    x = ones(5)
    assert F.dropout(x, 0.5, training=False) is x


def test_dropout_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match="p must be a probability"):
        F.dropout(ones(3), 1.5)


def test_batch_norm_in_training_moves_its_running_statistics_as_pytorch_does():
    x = np.random.default_rng(0).normal(2, 3, (8, 3))
    ours, theirs = (zeros(3, dtype=np.float64), ones(3, dtype=np.float64)), []
    theirs = (torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64))
    for _ in range(3):
        F.batch_norm(tensor(x), *ours, training=True)
        torch.nn.functional.batch_norm(torch.from_numpy(x), *theirs, training=True)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.data, b.numpy(), rtol=1e-12)


def test_one_hot_of_any_shape_agrees_with_pytorch():
    labels = np.array([[0, 3], [2, 1]])
    expected = torch.nn.functional.one_hot(torch.from_numpy(labels), 4).numpy()
    np.testing.assert_array_equal(F.one_hot(labels, 4), expected)


def test_cross_entropy_of_only_ignored_rows_is_nan_as_in_pytorch():
    x, target = np.ones((2, 3)), np.array([-100, -100])
    theirs = torch.nn.functional.cross_entropy(torch.from_numpy(x), torch.from_numpy(target))
    assert np.isnan(F.cross_entropy(tensor(x), target).item()) and torch.isnan(theirs)


def test_cross_entropy_ignores_a_score_of_minus_infinity_on_another_class():
    x = tensor([[0.0, -np.inf, 1.0]], requires_grad=True)
    loss = F.cross_entropy(x, [2])
    loss.backward()
    assert np.isfinite(loss.item()) and np.isfinite(x.grad.data).all()


REFUSED = {
    "no smoothing": (lambda: F.cross_entropy(ones(2, 3), [0, 1], label_smoothing=2), "between 0"),
    "reduction": (lambda: F.cross_entropy(ones(2, 3), [0, 1], reduction="avg"), '"mean", "sum"'),
    "index shape": (lambda: F.cross_entropy(ones(2, 3), [0, 1, 2]), r"shape \(2,\)"),
    "probabilities' shape": (lambda: F.cross_entropy(ones(2, 3), ones(2, 4)), r"\(2, 3\)"),
    "class too high": (lambda: F.cross_entropy(ones(2, 3), [0, 3]), "row 1 has class 3"),
    "class below 0": (lambda: F.nll_loss(ones(2, 3), [-1, 0]), "row 0 has class -1"),
    "shapes that would broadcast": (lambda: F.l1_loss(ones(3, 1), ones(3)), "one shape"),
    "delta": (lambda: F.huber_loss(ones(3), ones(3), delta=0), "above 0"),
    "layer_norm sizes": (lambda: F.layer_norm(ones(2, 3), (2,)), r"ends in these sizes"),
    "one value a channel": (
        lambda: F.batch_norm(ones(1, 3), zeros(3), ones(3), training=True),
        "more than one value",
    ),
    "embedding row": (lambda: F.embedding([4], ones(4, 2)), "rows 0 to 3"),
    "channels": (lambda: F.conv2d(ones(1, 3, 5, 5), ones(2, 2, 3, 3)), "has 3"),
    "window too large": (lambda: F.max_pool2d(ones(1, 1, 2, 2), 3), "does not fit in 2"),
    "image shape": (lambda: F.avg_pool2d(ones(4, 4), 2), "height, width"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_with_a_message_that_tells_what_to_do(name):
    call, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        call()


def test_softmax_of_nothing_is_nothing_as_in_pytorch():
    assert zeros(0, 4).softmax(0).shape == (0, 4)


def test_cross_entropy_with_probabilities_passes_gradients_to_the_weight():
    x, q, w = (np.random.default_rng(i).random((2, 3)) for i in range(3))
    ours, theirs = tensor(w[0], requires_grad=True), torch.tensor(w[0], requires_grad=True)
    F.cross_entropy(tensor(x), tensor(q), weight=ours).backward()
    loss = torch.nn.functional.cross_entropy(torch.tensor(x), torch.tensor(q), weight=theirs)
    loss.backward()
    np.testing.assert_allclose(ours.grad.data, theirs.grad.numpy(), rtol=1e-12)


def test_a_weight_that_would_lose_its_gradient_is_refused():
    with pytest.raises(ValueError, match=r"pass weight.detach\(\)"):
        F.cross_entropy(ones(2, 3), [0, 1], weight=ones(3, requires_grad=True))
