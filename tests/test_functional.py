"""Losses and what checks its arguments: against PyTorch by property, and the traps by example.

The traps are the ones that train for hours before anybody notices: a loss that broadcasts, a
class that does not exist, a softmax that overflows.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import grad, tensor
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import arrays, close

TF = torch.nn.functional
few = settings(max_examples=25)
"""For properties that run PyTorch twice over: its graphs take milliseconds to build."""

REDUCTIONS = ["mean", "sum", "none"]


def same_as_torch(function, reference, *values, **params):
    """Value, gradient and gradient of the gradient of the first argument, against PyTorch."""
    x = tensor(np.array(values[0]), requires_grad=True)
    z = torch.tensor(np.array(values[0]), requires_grad=True)
    y = function(x, *(tensor(np.array(v)) for v in values[1:]), **params)
    expected = reference(z, *(torch.tensor(np.array(v)) for v in values[1:]), **params)
    close(y.data, expected.detach().numpy(), 1e-9, "value")
    (g,) = grad(y.sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(expected.sum(), z, create_graph=True)
    close(g.data, h.detach().numpy(), 1e-9, "gradient")
    if g.requires_grad and h.requires_grad:
        (g,) = grad((g * g).sum(), x, allow_unused=True)
        (h,) = torch.autograd.grad((h * h).sum(), z, allow_unused=True, materialize_grads=True)
        close(
            np.zeros(x.shape) if g is None else g.data, h.numpy(force=True), 1e-9, "second gradient"
        )


# ---------------------------------------------------------------------------------- cross-entropy

scores = arrays((4, 5), low=-10, high=10)
classes = st.lists(st.integers(0, 4), min_size=4, max_size=4)
class_weights = st.none() | st.lists(st.floats(0.1, 2), min_size=5, max_size=5)


@few
@given(scores, classes, class_weights, st.sampled_from(REDUCTIONS), st.floats(0, 1))
def test_cross_entropy_of_class_indices_is_pytorchs(x, labels, weight, reduction, smoothing):
    weight = None if weight is None else np.array(weight)
    same_as_torch(
        lambda a, b: F.cross_entropy(
            a, b, weight=weight, reduction=reduction, label_smoothing=smoothing
        ),
        lambda a, b: TF.cross_entropy(
            a,
            b,
            weight=None if weight is None else torch.tensor(weight),
            reduction=reduction,
            label_smoothing=smoothing,
        ),
        x,
        labels,
    )


@few
@given(scores, arrays((4, 5), low=0, high=1), st.sampled_from(REDUCTIONS), st.floats(0, 1))
def test_cross_entropy_of_probabilities_is_pytorchs(x, q, reduction, smoothing):
    same_as_torch(
        F.cross_entropy, TF.cross_entropy, x, q, reduction=reduction, label_smoothing=smoothing
    )


@few
@given(scores, classes, st.integers(0, 4), st.sampled_from(REDUCTIONS))
def test_cross_entropy_ignores_the_class_it_is_told_to_ignore(x, labels, ignored, reduction):
    assume(reduction != "mean" or set(labels) != {ignored})
    params = {"ignore_index": ignored, "reduction": reduction}
    same_as_torch(F.cross_entropy, TF.cross_entropy, x, labels, **params)
    logs = F.log_softmax(x, dim=1)
    same_as_torch(F.nll_loss, TF.nll_loss, logs, labels, **params)


@few
@given(arrays((2, 3, 2, 2)), st.sampled_from(REDUCTIONS))
def test_cross_entropy_of_images_has_the_classes_in_the_second_dimension(x, reduction):
    labels = np.arange(8).reshape(2, 2, 2) % 3
    same_as_torch(F.cross_entropy, TF.cross_entropy, x, labels, reduction=reduction)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("label", [0, 1, 2])
def test_cross_entropy_at_huge_scores_is_finite_and_so_is_its_gradient(dtype, label):
    x = tensor(np.array([[1e4, -1e4, 0.0]], dtype), requires_grad=True)
    loss = F.cross_entropy(x, np.array([label]))
    loss.backward()
    assert loss.item() == pytest.approx([0, 2e4, 1e4][label])
    assert np.isfinite(x.grad.data).all()
    assert loss.dtype == x.grad.dtype == dtype


@few
@given(scores, classes, st.sampled_from([-1e4, -1.0, 1.0, 1e4]))
def test_cross_entropy_does_not_change_when_all_scores_are_shifted(x, labels, shift):
    labels = np.array(labels)
    values, slopes = [], []
    for moved in (x, x + shift):
        t = tensor(moved, requires_grad=True)
        loss = F.cross_entropy(t, labels)
        values.append(loss.data)
        slopes.append(grad(loss, t)[0].data)
    close(values[0], values[1], 1e-10, "value")
    close(slopes[0], slopes[1], 1e-10, "gradient")


@pytest.mark.parametrize("wrong", [-1, 10])
@pytest.mark.parametrize("row", [0, 2])
def test_a_class_that_does_not_exist_is_an_error_that_names_the_row(wrong, row):
    labels = np.array([0, 9, 5])
    labels[row] = wrong
    x = tensor(np.zeros((3, 10)), requires_grad=True)
    for attempt in (
        lambda: F.cross_entropy(x, labels),
        lambda: F.nll_loss(x, labels),
        lambda: F.one_hot(labels, 10),
        lambda: F.cross_entropy(x, tensor(labels)),
    ):
        with pytest.raises(ValueError, match=rf"row {row} has class {wrong}.*0 to 9"):
            attempt()


def test_classes_that_are_no_integers_are_an_error():
    x = tensor(np.zeros((3, 10)))
    with pytest.raises(ValueError, match="integer class indices"):
        F.cross_entropy(x, np.array([0.0, 1.0, 2.0]))
    with pytest.raises(TypeError, match="must be integers"):
        F.one_hot(np.array([0.5]), 10)


@pytest.mark.parametrize("shape", [(3, 1), (4,), (), (1, 3)])
def test_class_indices_of_another_shape_are_an_error_that_names_it(shape):
    x = tensor(np.zeros((3, 10)))
    with pytest.raises(ValueError, match=r"cross_entropy needs class indices of shape \(3,\)"):
        F.cross_entropy(x, np.zeros(shape, int))


def test_probabilities_of_another_shape_are_an_error_that_names_both():
    with pytest.raises(ValueError, match=r"\(3, 10\).*\(3, 9\)"):
        F.cross_entropy(tensor(np.zeros((3, 10))), np.zeros((3, 9)))


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss, F.mse_loss, F.l1_loss, F.huber_loss])
def test_an_unknown_reduction_is_an_error_that_names_the_three(loss):
    with pytest.raises(ValueError, match=r"mean.*sum.*none.*'average'"):
        loss(tensor(np.zeros((2, 2))), np.zeros((2, 2)), reduction="average")


# ----------------------------------------------------------------------------- the other losses

PAIRED = {
    "mse_loss": (F.mse_loss, TF.mse_loss),
    "l1_loss": (F.l1_loss, TF.l1_loss),
    "huber_loss": (F.huber_loss, TF.huber_loss),
    "bce": (F.binary_cross_entropy_with_logits, TF.binary_cross_entropy_with_logits),
}
"""Losses that compare two tensors of one shape."""


@pytest.mark.parametrize("name", PAIRED)
@few
@given(arrays((2, 3)), arrays((2, 3), low=0, high=1), st.sampled_from(REDUCTIONS))
def test_a_loss_of_two_tensors_is_pytorchs(name, x, target, reduction):
    same_as_torch(*PAIRED[name], x, target, reduction=reduction)


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("a", "b"), [((4, 1), (4,)), ((4,), (4, 1)), ((4,), ()), ((1, 4), (4,))])
def test_targets_that_would_broadcast_raise_and_both_shapes_are_named(name, reduction, a, b):
    with pytest.raises(ValueError) as caught:
        PAIRED[name][0](tensor(np.ones(a)), tensor(np.ones(b)), reduction=reduction)
    assert str(a) in str(caught.value)
    assert str(b) in str(caught.value)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
def test_a_loss_passes_gradients_to_its_target_too(name):
    x, target = tensor([1.0, 2.0]), tensor([3.0, 1.5], requires_grad=True)
    PAIRED[name][0](x, target).backward()
    z = torch.tensor([3.0, 1.5], requires_grad=True)
    PAIRED[name][1](torch.tensor([1.0, 2.0]), z).backward()
    close(target.grad.data, z.grad.numpy(), 1e-6, "gradient of the target")


@pytest.mark.parametrize("score", [-1e4, 1e4])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_binary_cross_entropy_at_huge_scores_is_finite(score, target):
    same_as_torch(*PAIRED["bce"], np.array([score]), np.array([target]))


@pytest.mark.parametrize("function", [F.softmax, F.log_softmax])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_softmax_at_huge_scores_is_finite_and_pytorchs(function, dim):
    x = np.array([[1e4, -1e4, 0.0], [1e4, 1e4, 1.0]])
    same_as_torch(function, getattr(TF, function.__name__), x, dim=dim)


# -------------------------------------------------------------------------------------- the rest


@few
@given(st.lists(st.integers(0, 4), max_size=6))
def test_one_hot_is_pytorchs_in_the_dtype_asked_for(labels):
    labels = np.array(labels, dtype=np.int64)
    found = F.one_hot(labels, 5, np.float64)
    assert found.dtype == np.float64
    assert found.tolist() == TF.one_hot(torch.from_numpy(labels), 5).tolist()


def test_dropout_keeps_the_mean_and_drops_what_it_should():
    x = tensor(np.ones((200, 200), np.float32), requires_grad=True)
    y = F.dropout(x, 0.25, rng=0)
    assert np.unique(y.data).tolist() == [0, pytest.approx(4 / 3)]
    assert np.mean(y.data == 0) == pytest.approx(0.25, abs=0.01)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)
    assert y.dtype == np.float32


def test_dropout_does_nothing_outside_of_training_and_is_the_same_for_the_same_seed():
    x = tensor(np.ones(100))
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, 0.5, rng=3).tolist() == F.dropout(x, 0.5, rng=3).tolist()
    assert F.dropout(x, 1.0).tolist() == [0] * 100
    with pytest.raises(ValueError, match="probability"):
        F.dropout(x, 1.5)


@few
@given(arrays((3, 4)), arrays((4,)), arrays((4,)))
def test_layer_norm_is_pytorchs(x, weight, bias):
    assume(x.std(axis=1).min() > 0.1)
    same_as_torch(
        lambda a, w, b: F.layer_norm(a, (4,), w, b),
        lambda a, w, b: TF.layer_norm(a, (4,), w, b),
        x,
        weight,
        bias,
    )


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4, 2)])
def test_batch_norm_and_its_running_values_are_pytorchs(training, shape):
    rng = np.random.default_rng(0)
    x, weight, bias = rng.normal(size=shape), rng.normal(size=3), rng.normal(size=3)
    mean, var = tensor(np.zeros(3)), tensor(np.ones(3))
    their_mean, their_var = torch.zeros(3).double(), torch.ones(3).double()
    same_as_torch(
        lambda a, w, b: F.batch_norm(a, mean, var, w, b, training=training),
        lambda a, w, b: TF.batch_norm(a, their_mean, their_var, w, b, training=training),
        x,
        weight,
        bias,
    )
    close(mean.data, their_mean.numpy(), 1e-12, "running mean")
    close(var.data, their_var.numpy(), 1e-12, "running variance")


def test_embedding_adds_up_the_gradients_of_a_row_that_is_named_twice():
    weight = tensor(np.ones((3, 2)), requires_grad=True)
    F.embedding(tensor([[0, 2], [2, 2]]), weight).sum().backward()
    assert weight.grad.tolist() == [[1, 1], [0, 0], [3, 3]]


@pytest.mark.parametrize("index", [-1, 3])
def test_embedding_has_no_row_beyond_its_last(index):
    with pytest.raises(ValueError, match="rows 0 to 2"):
        F.embedding(np.array([index]), tensor(np.ones((3, 2))))


@pytest.mark.parametrize(
    "params",
    [{}, {"stride": 2}, {"padding": 1}, {"dilation": 2}, {"stride": (2, 1), "padding": (0, 2)}],
)
@pytest.mark.parametrize("groups", [1, 2])
def test_conv2d_is_pytorchs(params, groups):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 4, 6, 5)), rng.normal(size=(6, 4 // groups, 3, 2)), np.ones(6)
    same_as_torch(F.conv2d, TF.conv2d, x, w, b, groups=groups, **params)


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize(
    "params", [{}, {"stride": 1}, {"padding": 1}, {"stride": (1, 2), "padding": (1, 0)}]
)
def test_pooling_is_pytorchs(name, params):
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 6))
    same_as_torch(getattr(F, name), getattr(TF, name), x, kernel_size=(2, 3), **params)


# ------------------------------------------------------------------- functions of functions


@few
@given(arrays((3,)), arrays((3,)), arrays((2, 3)))
def test_products_with_jacobian_and_hessian_are_pytorchs(x, v, w):
    def ours(t):
        return (tensor(w) @ t).tanh()

    def theirs(t):
        return (torch.tensor(np.array(w)) @ t).tanh()

    calculus = torch.autograd.functional
    z, u = torch.tensor(np.array(x)), torch.tensor(np.array(v))
    for name, point, direction in [("vjp", z, u[:2]), ("jvp", z, u)]:
        expected = getattr(calculus, name)(theirs, point, direction)
        found = getattr(F, name)(ours, tensor(x), tensor(direction.numpy()))
        for a, b in zip(found, expected, strict=True):
            close(a.data, b.numpy(), 1e-9, name)
    close(F.jacobian(ours, tensor(x)).data, calculus.jacobian(theirs, z).numpy(), 1e-9, "jacobian")

    def squares(f):
        return lambda t: (f(t) ** 2).sum()

    expected_hessian = calculus.hessian(squares(theirs), z).numpy()
    close(F.hessian(squares(ours), tensor(x)).data, expected_hessian, 1e-9, "hessian")
    _, product = F.hvp(squares(ours), tensor(x), tensor(v))
    close(product.data, expected_hessian @ v, 1e-9, "Hessian times a vector")


def test_gradcheck_passes_a_right_rule_and_finds_a_wrong_one():
    from tinygrad_mlp.engine import OPS

    before = dict(OPS)
    try:

        @tg.op(grad=lambda g, y, x: g * 2 * x)
        def right(x):
            return x * x

        @tg.op(grad=lambda g, y, x: g * 3 * x)
        def wrong(x):
            return x * x
    finally:
        OPS.clear()
        OPS.update(before)
    x = tensor(np.array([1.0, 2.0]), requires_grad=True)
    assert tg.gradcheck(right, x)
    assert tg.gradgradcheck(right, x)
    with pytest.raises(AssertionError):
        tg.gradcheck(wrong, x)
