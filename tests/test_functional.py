"""What the table of `nn/functional.py` cannot say: the traps, what is random, what is refused.

The traps are the ones that train for hours before anybody notices: a loss that broadcasts, a
class that does not exist, a softmax that overflows.
"""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_mlp import Tensor, compile, grad, ones, tensor, zeros
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import arrays, close, shapes

TF = torch.nn.functional

# ------------------------------------------------------------------------------- cross-entropy


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_of_images_has_the_classes_in_the_second_dimension(reduction):
    scores = np.random.default_rng(0).normal(size=(2, 3, 2, 2))
    labels = np.arange(8).reshape(2, 2, 2) % 3
    x, z = tensor(scores, requires_grad=True), torch.tensor(scores, requires_grad=True)
    loss = F.cross_entropy(x, labels, reduction=reduction)
    expected = TF.cross_entropy(z, torch.tensor(labels), reduction=reduction)
    close(loss.data, expected.numpy(force=True), 1e-12, "value")
    loss.sum().backward()
    expected.sum().backward()
    close(x.grad.data, z.grad.numpy(), 1e-12, "gradient")


@pytest.mark.parametrize("smoothing", [0.1, 1.0])
@pytest.mark.parametrize("options", [{}, {"ignore_index": 2}, {"reduction": "sum"}], ids=str)
def test_cross_entropy_spreads_a_share_of_the_target_over_all_classes(smoothing, options):
    scores, labels = np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 2, 1, 1])
    found = F.cross_entropy(tensor(scores), labels, label_smoothing=smoothing, **options)
    theirs = torch.from_numpy(scores), torch.from_numpy(labels)
    expected = TF.cross_entropy(*theirs, label_smoothing=smoothing, **options)
    close(found.data, expected.numpy(), 1e-12, "value")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("label", [0, 1, 2])
def test_cross_entropy_at_huge_scores_is_finite_and_so_is_its_gradient(dtype, label):
    x = tensor(np.array([[1e4, -1e4, 0.0]], dtype), requires_grad=True)
    loss = F.cross_entropy(x, np.array([label]))
    loss.backward()
    assert loss.item() == pytest.approx([0, 2e4, 1e4][label])
    assert np.isfinite(x.grad.data).all()
    assert loss.dtype == x.grad.dtype == dtype


@settings(max_examples=25)
@given(
    arrays((4, 5), low=-10, high=10),
    hnp.arrays(np.int64, (4,), elements=st.integers(0, 4)),
    st.sampled_from([-1e4, -1.0, 1.0, 1e4]),
)
def test_cross_entropy_does_not_change_when_all_scores_are_shifted(x, labels, shift):
    values, slopes = [], []
    for moved in (x, x + shift):
        t = tensor(moved, requires_grad=True)
        loss = F.cross_entropy(t, labels)
        values.append(loss.data)
        slopes.append(grad(loss, t)[0].data)
    close(values[0], values[1], 1e-10, "value")
    close(slopes[0], slopes[1], 1e-10, "gradient")


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_the_mean_of_only_ignored_rows_is_nan_as_in_pytorch(name):
    x, target = np.ones((2, 3)), np.array([-100, -100])
    theirs = getattr(TF, name)(torch.from_numpy(x), torch.from_numpy(target))
    assert np.isnan(getattr(F, name)(tensor(x), target).item()) and torch.isnan(theirs)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_only_ignored_rows_lose_nothing_as_in_pytorch(name, reduction):
    x, target = np.ones((2, 3)), np.array([-100, -100])
    theirs = getattr(TF, name)(torch.tensor(x), torch.tensor(target), reduction=reduction)
    ours = getattr(F, name)(tensor(x), target, reduction=reduction)
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("options", [{}, {"weight": np.array([1.0, 2.0, 3.0])}], ids=str)
def test_rows_that_are_all_ignored_have_gradients_of_0(name, options):
    x = tensor(np.ones((2, 3)), requires_grad=True)
    loss = getattr(F, name)(x, np.array([-100, -100]), **options)
    loss.backward()
    assert np.isnan(loss.item())
    np.testing.assert_array_equal(x.grad.data, np.zeros((2, 3)))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_nll_loss_of_images_has_the_classes_in_the_second_dimension(reduction):
    logs = np.random.default_rng(0).normal(size=(2, 3, 2, 2))
    labels = np.arange(8).reshape(2, 2, 2) % 3
    expected = TF.nll_loss(torch.tensor(logs), torch.tensor(labels), reduction=reduction)
    close(F.nll_loss(tensor(logs), labels, reduction=reduction).data, expected, 1e-12, "value")


def test_labels_may_be_overwritten_before_the_backward_pass():
    x, labels = tensor(np.zeros((1, 2)), requires_grad=True), np.array([0])
    loss = F.cross_entropy(x, labels)
    labels[:] = 1
    loss.backward()
    assert x.grad.tolist() == [[-0.5, 0.5]]


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
def test_classes_may_be_a_list(loss):
    x = tensor(np.log([[0.25, 0.75], [0.5, 0.5]]))
    assert loss(x, [1, 0]).item() == loss(x, tensor([1, 0])).item()


def test_cross_entropy_ignores_a_score_of_minus_infinity_on_another_class():
    x = tensor([[0.0, -np.inf, 1.0]], requires_grad=True)
    loss = F.cross_entropy(x, [2])
    loss.backward()
    assert np.isfinite(loss.item()) and np.isfinite(x.grad.data).all()


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


def test_classes_that_are_not_integers_are_an_error():
    x = tensor(np.zeros((3, 10)))
    with pytest.raises(ValueError, match="integer class indices"):
        F.cross_entropy(x, np.array([0.0, 1.0, 2.0]))
    with pytest.raises(TypeError, match="must be integers"):
        F.one_hot(np.array([0.5]), 10)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("shape", [(3, 1), (4,), (), (1, 3)])
def test_class_indices_of_another_shape_are_an_error_that_names_it(name, shape):
    x = tensor(np.zeros((3, 10)))
    with pytest.raises(ValueError, match=rf"{name} needs class indices of shape \(3,\)"):
        getattr(F, name)(x, np.zeros(shape, int))


def test_probabilities_of_another_shape_are_an_error_that_names_both():
    with pytest.raises(ValueError, match=r"\(3, 10\).*\(3, 9\)"):
        F.cross_entropy(tensor(np.zeros((3, 10))), np.zeros((3, 9)))


def test_probabilities_have_no_class_to_ignore():
    with pytest.raises(ValueError, match="have no class to ignore; leave ignore_index out"):
        F.cross_entropy(ones(2, 3), ones(2, 3) / 3, ignore_index=0)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_a_single_number_is_no_scores(name):
    with pytest.raises(ValueError, match=rf"{name} needs scores of .*, not a single number"):
        getattr(F, name)(tensor(1.0), np.array(0))


def test_a_weight_that_would_lose_its_gradient_is_refused():
    with pytest.raises(ValueError, match=r"pass weight.detach\(\)"):
        F.cross_entropy(ones(2, 3), [0, 1], weight=ones(3, requires_grad=True))


# ----------------------------------------------------------------------------- the other losses

PAIRED = [
    *(F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss),
    F.binary_cross_entropy_with_logits,
]
"""Losses that compare two tensors of one shape."""


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss, *PAIRED])
def test_an_unknown_reduction_is_an_error_that_names_the_three(loss):
    with pytest.raises(ValueError, match=r"mean.*sum.*none.*'average'"):
        loss(tensor(np.zeros((2, 2))), np.zeros((2, 2)), reduction="average")


@pytest.mark.parametrize("loss", PAIRED)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("a", "b"), [((4, 1), (4,)), ((4,), (4, 1)), ((4,), ()), ((1, 4), (4,))])
def test_targets_that_would_broadcast_raise_and_both_shapes_are_named(loss, reduction, a, b):
    with pytest.raises(ValueError) as caught:
        loss(tensor(np.ones(a)), tensor(np.ones(b)), reduction=reduction)
    assert str(a) in str(caught.value)
    assert str(b) in str(caught.value)
    assert str(caught.value).startswith(f"{loss.__name__} needs")


def weighted(x, target):
    return F.binary_cross_entropy_with_logits(x, target, pos_weight=[2.0, 3.0])


@pytest.mark.parametrize(
    "loss",
    [
        F.mse_loss,
        F.l1_loss,
        F.smooth_l1_loss,
        F.huber_loss,
        F.binary_cross_entropy_with_logits,
        weighted,
    ],
)
@pytest.mark.parametrize("target", [[1.0, 0.0], [1, 0], np.array([1, 0])], ids=repr)
def test_a_target_may_be_a_list_or_whole_numbers(loss, target):
    x = tensor([0.5, 3.0])
    found = loss(x, target)
    assert found.item() == loss(x, tensor([1.0, 0.0])).item() and found.dtype == np.float32


@pytest.mark.parametrize("logit", [-17.0, -40.0, -80.0, 0.0, 17.0, 100.0])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_logits_far_on_the_right_side_keep_their_small_loss_and_gradient(logit, target):
    logit = logit if target == 0 else -logit
    x = tensor([logit], requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(x, tensor([target]))
    loss.backward()
    z = torch.tensor([logit], dtype=torch.float64, requires_grad=True)
    expected = TF.softplus(z if target == 0 else -z, threshold=1000).sum()
    expected.backward()
    assert loss.dtype == np.float32
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert x.grad.item() == pytest.approx(z.grad.item(), rel=1e-6)


def test_the_reduction_of_binary_cross_entropy_is_named_as_in_pytorch_it_is_not_the_fourth():
    with pytest.raises(TypeError, match="positional"):
        F.binary_cross_entropy_with_logits(ones(2), ones(2), None, "sum")


# ----------------------------------------------------------------------- the weights of a loss

LABELS = np.array([0, 1])
WEIGHTED = {
    "classes": lambda x, y, w: F.cross_entropy(x, LABELS, weight=w),
    "classes of logarithms": lambda x, y, w: F.nll_loss(x, LABELS, weight=w),
    "values": lambda x, y, w: F.binary_cross_entropy_with_logits(x, y, w),
    "positives": lambda x, y, w: F.binary_cross_entropy_with_logits(x, y, pos_weight=w),
}
"""Losses of scores and targets, (2, 3), with a weight (3,)."""

every_weight = pytest.mark.parametrize("kind", WEIGHTED)


@every_weight
def test_a_loss_of_arrays_is_no_tensor_though_its_weight_is_one(kind):
    x, y, w = np.ones((2, 3)), np.full((2, 3), 0.5), np.array([1.0, 2.0, 3.0])
    found = WEIGHTED[kind](x, y, tensor(w))
    assert not isinstance(found, Tensor)
    assert found == WEIGHTED[kind](x, y, w)


@every_weight
def test_a_compiled_loss_reads_its_weight_anew_at_each_call(kind):
    compiled = compile(WEIGHTED[kind])
    x, y = tensor([[0.5, 1.0, -1.0], [2.0, 0.0, 1.0]]), tensor([[1.0, 0.0, 1.0]] * 2)
    for first in (1.0, 2.0, 3.0):
        w = np.array([first, 2.0, 3.0])
        assert compiled(x, y, w).item() == WEIGHTED[kind](x, y, w).item()


@every_weight
def test_a_compiled_loss_takes_a_list_of_weights(kind):
    compiled = compile(lambda x, y: WEIGHTED[kind](x, y, [1.0, 2.0, 3.0]))
    x, y = tensor([[0.5, 1.0, -1.0], [2.0, 0.0, 1.0]]), tensor([[1.0, 0.0, 1.0]] * 2)
    assert compiled(x, y).item() == WEIGHTED[kind](x, y, [1.0, 2.0, 3.0]).item()


def test_a_weight_that_is_changed_before_the_backward_pass_is_noticed():
    x, weight = ones(3, requires_grad=True), ones(3)
    loss = F.binary_cross_entropy_with_logits(x, ones(3), weight)
    weight.mul_(2)
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


# ------------------------------------------------------------------------- one-hot and embedding


@given(hnp.arrays(np.int64, shapes(min_side=1), elements=st.integers(0, 4)))
def test_one_hot_is_pytorchs(labels):
    for classes in (5, -1):
        expected = TF.one_hot(torch.from_numpy(labels), classes).numpy()
        found = F.one_hot(tensor(labels), classes)
        assert isinstance(found, Tensor) and found.dtype == np.int64
        np.testing.assert_array_equal(found.data, expected)
        np.testing.assert_array_equal(F.one_hot(labels, classes), expected)


@pytest.mark.parametrize("labels", [np.array([1, 0]), [1, 0]], ids=["array", "list"])
def test_one_hot_of_an_array_or_a_list_is_an_array(labels):
    found = F.one_hot(labels)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [[0, 1], [1, 0]]


def test_one_hot_of_no_labels_must_be_told_the_classes():
    assert F.one_hot(tensor(np.zeros(0, int)), 3).shape == (0, 3)
    with pytest.raises(ValueError, match="how many classes"):
        F.one_hot(tensor(np.zeros(0, int)))


def test_one_hot_targets_keep_float32_in_a_loss():
    scores = tensor(np.ones((2, 3), np.float32), requires_grad=True)
    loss = F.mse_loss(scores, F.one_hot(tensor([0, 2]), 3))
    loss.backward()
    assert loss.dtype == scores.grad.dtype == np.float32
    assert loss.item() == pytest.approx(4 / 6)


def test_embedding_takes_its_index_as_a_tensor_too():
    weight = tensor(np.ones((3, 2)), requires_grad=True)
    F.embedding(tensor([[0, 2], [2, 2]]), weight).sum().backward()
    assert weight.grad.tolist() == [[1, 1], [0, 0], [3, 3]]


@pytest.mark.parametrize("padding", [1, -2])
def test_the_padding_of_an_embedding_gets_no_gradient(padding):
    weight = tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    rows = F.embedding(tensor([0, 1, 1]), weight, padding_idx=padding)
    rows.sum().backward()
    assert rows.tolist() == [[0, 1], [2, 3], [2, 3]]
    assert weight.grad.tolist() == [[1, 1], [0, 0], [0, 0]]


@pytest.mark.parametrize("padding", [-4, 3])
def test_the_padding_of_an_embedding_must_be_one_of_its_rows(padding):
    with pytest.raises(ValueError, match="one of 3 rows"):
        F.embedding(np.array([0]), tensor(np.ones((3, 2))), padding)


@pytest.mark.parametrize("index", [-1, 3])
def test_embedding_has_no_row_beyond_its_last(index):
    with pytest.raises(ValueError, match="rows 0 to 2"):
        F.embedding(np.array([index]), tensor(np.ones((3, 2))))


# --------------------------------------------------------------------------------------- dropout


@given(arrays(shapes(min_side=1)), st.floats(0, 1), st.integers(0, 1000))
def test_dropout_keeps_a_value_scaled_or_makes_it_0(x, p, seed):
    y = F.dropout(tensor(x), p, rng=seed).data
    kept = y != 0
    np.testing.assert_allclose(y[kept], x[kept] / (1 - p), rtol=1e-12)


def test_dropout_drops_the_share_p_and_keeps_the_mean_and_float32():
    y = F.dropout(ones(100_000), 0.3, rng=0).data
    assert abs(np.mean(y == 0) - 0.3) < 0.01
    assert abs(y.mean() - 1) < 0.01
    assert y.dtype == np.float32


def test_dropout_passes_gradients_only_through_what_it_kept():
    x = ones(1000, requires_grad=True)
    y = F.dropout(x, 0.5, rng=0)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)


@pytest.mark.parametrize(("p", "training"), [(0.5, False), (0.0, True)])
def test_dropout_is_the_identity_when_not_training_or_nothing_is_to_drop(p, training):
    x = ones(5)
    assert F.dropout(x, p, training=training) is x


def test_dropout_is_the_same_for_the_same_seed():
    x = ones(100)
    assert F.dropout(x, 0.5, rng=3).tolist() == F.dropout(x, 0.5, rng=3).tolist()


def test_dropout_drops_half_unless_told_otherwise():
    assert set(F.dropout(ones(1000), rng=0).tolist()) == {0, 2}


def test_dropout_of_an_array_is_an_array():
    assert isinstance(F.dropout(np.ones(3), rng=0), np.ndarray)


def test_a_compiled_dropout_drops_others_at_each_call_as_without_compiling():
    one, other, x = np.random.default_rng(0), np.random.default_rng(0), ones(50)
    compiled = compile(lambda x: F.dropout(x, rng=one))
    masks = [compiled(x).tolist() for _ in range(3)]
    assert masks == [F.dropout(x, rng=other).tolist() for _ in range(3)]
    assert masks[0] != masks[1] != masks[2]


def test_dropout_of_all_is_0_and_not_nan():
    assert F.dropout(ones(100), 1.0).tolist() == [0] * 100


# ------------------------------------------------------------------------------- running values


@pytest.mark.parametrize("shape", [(8, 3), (2, 3, 4, 2)])
def test_batch_norm_in_training_moves_its_running_values_as_pytorch_does(shape):
    rng = np.random.default_rng(0)
    mean, var = zeros(3, dtype=np.float64), ones(3, dtype=np.float64)
    their_mean, their_var = torch.zeros(3).double(), torch.ones(3).double()
    for _ in range(3):
        x = rng.normal(2, 3, shape)
        F.batch_norm(tensor(x), mean, var, training=True)
        TF.batch_norm(torch.from_numpy(x), their_mean, their_var, training=True)
    close(mean.data, their_mean.numpy(), 1e-12, "running mean")
    close(var.data, their_var.numpy(), 1e-12, "running variance")


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_without_running_values_uses_the_batch_as_pytorch_does(training):
    x = np.random.default_rng(0).normal(2, 3, (8, 3))
    found = F.batch_norm(tensor(x), None, None, training=training)
    expected = TF.batch_norm(torch.from_numpy(x), None, None, training=True)
    close(found.data, expected.numpy(), 1e-12, "value")


def test_batch_norm_out_of_training_leaves_its_running_values_alone():
    mean, var = zeros(3), ones(3)
    F.batch_norm(ones(4, 3), mean, var, training=False)
    assert mean.tolist() == [0, 0, 0] and var.tolist() == [1, 1, 1]


def test_batch_norm_by_running_values_may_have_an_eps_of_0():
    found = F.batch_norm(tensor([[3.0], [5.0]]), tensor([1.0]), tensor([4.0]), eps=0)
    assert found.tolist() == [[1], [2]]


def test_the_sizes_of_a_layer_norm_may_be_a_list():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    found = F.layer_norm(tensor(x), [3, 4])
    close(found.data, TF.layer_norm(torch.from_numpy(x), [3, 4]).numpy(), 1e-12, "value")


# ------------------------------------------------------------------------------ what is left out


def values(*shape):
    return np.random.default_rng(len(shape)).normal(1, 2, shape)


LEFT_OUT = {
    "cross_entropy": (values(3, 4), np.array([0, 3, 1])),
    "nll_loss": (values(3, 4), np.array([0, 3, 1])),
    "mse_loss": (values(9), values(3, 3)[0].repeat(3)),
    "l1_loss": (values(9), values(3, 3)[0].repeat(3)),
    "huber_loss": (values(9), values(3, 3)[0].repeat(3)),
    "smooth_l1_loss": (values(9), values(3, 3)[0].repeat(3)),
    "binary_cross_entropy_with_logits": (values(9), abs(np.sin(values(9)))),
    "batch_norm": (values(4, 3), values(3), abs(values(3)) + 1),
    "conv2d": (values(2, 3, 5, 6), values(4, 3, 2, 2)),
    "max_pool2d": (values(2, 3, 5, 6), 2),
    "avg_pool2d": (values(2, 3, 5, 6), 2),
}
"""Arguments without any that may be left out."""


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_what_it_is_in_pytorch(name):
    ours, theirs = (
        [make(x) if isinstance(x, np.ndarray) else x for x in LEFT_OUT[name]]
        for make in (tensor, torch.tensor)
    )
    expected = getattr(TF, name)(*theirs)
    close(getattr(F, name)(*ours).data, expected.numpy(), 1e-12, "value")


# ------------------------------------------------------------------------ images in all their ways


def outcome(function, *args, **options):
    """The arrays that it gives; None if it refuses."""
    try:
        found = function(*args, **options)
    except (ValueError, RuntimeError):
        return None
    return [np.asarray(x) for x in (found if isinstance(found, tuple) else (found,))]


def pair(least, most):
    one = st.integers(least, most)
    return one | st.tuples(one, one)


POOL = {
    "kernel_size": pair(1, 3),
    "stride": st.none() | st.just(()) | pair(1, 3),
    "padding": pair(0, 1),
    "ceil_mode": st.booleans(),
}
IMAGES = st.sampled_from([(2, 3, 5, 7), (3, 5, 7), (1, 1, 6, 4)])


def pooled(kernel_size, stride, padding, **options):
    return {"kernel_size": kernel_size, "stride": stride, "padding": padding, **options}


@example((2, 3, 5, 7), pooled((3, 2), (3, 2), (1, 0), ceil_mode=True, dilation=(2, 1)), 0)
@example((3, 7, 5), pooled((2, 3), (2, 3), (0, 1), ceil_mode=True, dilation=(1, 2)), 0)
@settings(max_examples=60)
@given(IMAGES, st.fixed_dictionaries({**POOL, "dilation": pair(1, 3)}), st.integers(0, 1000))
def test_max_pooling_finds_the_values_and_places_that_pytorch_finds(shape, options, seed):
    x = np.random.default_rng(seed).permutation(np.prod(shape)).reshape(shape) / 2
    found = outcome(F.max_pool2d, tensor(x), **options, return_indices=True)
    expected = outcome(TF.max_pool2d, torch.from_numpy(x), **options, return_indices=True)
    assert (found is None) == (expected is None)
    for a, b in zip(found or [], expected or [], strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


AVERAGE = {
    **POOL,
    "count_include_pad": st.booleans(),
    "divisor_override": st.none() | st.integers(1, 5),
}


@example((2, 3, 5, 7), pooled((3, 2), (3, 2), (1, 0), ceil_mode=True), False, 0)
@example((3, 7, 5), pooled((2, 3), (2, 3), (0, 1), count_include_pad=False), True, 0)
@settings(max_examples=60)
@given(IMAGES, st.fixed_dictionaries(AVERAGE), st.booleans(), st.integers(0, 1000))
def test_average_pooling_gives_the_means_of_pytorch(shape, options, whole, seed):
    x = np.random.default_rng(seed).normal(0, 9, shape)
    x = x.astype(np.int64) if whole else x
    found = outcome(F.avg_pool2d, tensor(x), **options)
    expected = outcome(TF.avg_pool2d, torch.from_numpy(x), **options)
    assert (found is None) == (expected is None)
    for a, b in zip(found or [], expected or [], strict=True):
        assert a.dtype == b.dtype
        close(a, b, 1e-12, "mean")


@pytest.mark.parametrize("length", range(1, 7))
def test_ceil_mode_counts_the_windows_that_pytorch_counts(length):
    x = np.zeros((1, 1, length, length + 1))
    sizes = product(range(1, 4), range(1, 5), range(2), range(1, 3))
    for kernel, stride, padding, dilation in sizes:
        options = (kernel, stride, padding, dilation, True)
        found = outcome(F.max_pool2d, x, *options)
        expected = outcome(TF.max_pool2d, torch.from_numpy(x), *options)
        assert [a.shape for a in found or []] == [a.shape for a in expected or []], options


CONVOLVED = {
    "stride": pair(1, 2),
    "padding": pair(0, 2) | st.sampled_from(["same", "valid"]),
    "dilation": pair(1, 3),
    "groups": st.sampled_from([1, 2]),
}


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")  # PyTorch says it once
@example((4, 7, 8), (2, 3), {"padding": "same", "dilation": (2, 3), "groups": 1}, False)
@example((2, 4, 7, 8), (4, 1), {"padding": "same", "dilation": 1, "groups": 1}, True)
@settings(max_examples=60)
@given(
    st.sampled_from([(2, 4, 7, 8), (4, 7, 8)]),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.fixed_dictionaries(CONVOLVED),
    st.booleans(),
)
def test_convolution_gives_the_images_of_pytorch(shape, kernel, options, biased):
    arrays = [values(*shape), values(6, 4 // options["groups"], *kernel)]
    arrays += [values(6)] if biased else []
    found = outcome(F.conv2d, *map(tensor, arrays), **options)
    expected = outcome(TF.conv2d, *map(torch.from_numpy, arrays), **options)
    assert (found is None) == (expected is None)
    for a, b in zip(found or [], expected or [], strict=True):
        close(a, b, 1e-12, "value")


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.bool_])
def test_average_pooling_refuses_integers_other_than_int64(dtype):
    with pytest.raises(TypeError, match=f"floats or int64, not {np.dtype(dtype)}; write .float"):
        F.avg_pool2d(tensor(np.ones((1, 1, 2, 2), dtype)), 2)


# -------------------------------------------------------------------------------- what is refused

REFUSED = {
    "smoothing": (lambda: F.cross_entropy(ones(2, 3), [0, 1], label_smoothing=2), "between 0"),
    "delta": (lambda: F.huber_loss(ones(3), ones(3), delta=0), "above 0"),
    "beta": (lambda: F.smooth_l1_loss(ones(3), ones(3), beta=-1), "below 0"),
    "probability": (lambda: F.dropout(ones(3), 1.5), "p must be a probability"),
    "no layer_norm sizes": (lambda: F.layer_norm(ones(2, 3), ()), "at least one size"),
    "layer_norm sizes": (lambda: F.layer_norm(ones(2, 3), (2,)), r"ends in these sizes"),
    "one value a channel": (
        lambda: F.batch_norm(ones(1, 3), zeros(3), ones(3), training=True),
        "more than one value",
    ),
    "channels": (lambda: F.conv2d(ones(1, 3, 5, 5), ones(2, 2, 3, 3)), "has 3"),
    "groups": (lambda: F.conv2d(ones(1, 2, 5, 5), ones(3, 1, 3, 3), groups=2), "groups=2"),
    "window too large": (lambda: F.max_pool2d(ones(1, 1, 2, 2), 3), "does not fit in 2"),
    "window with gaps too large": (
        lambda: F.max_pool2d(ones(1, 1, 4, 9), 3, dilation=2),
        r"a window of 3 \(dilation 2\) does not fit in 4 pixels",
    ),
    "image shape": (lambda: F.avg_pool2d(ones(4, 4), 2), "height, width"),
    "one dimension to normalise": (
        lambda: F.batch_norm(ones(3), zeros(3), ones(3)),
        r"needs an input \(n, channels",
    ),
    "rows of an embedding": (
        lambda: F.embedding(np.array([0]), ones(3)),
        r"needs a weight of shape \(num, dim\)",
    ),
    "weight of a convolution": (
        lambda: F.conv2d(ones(1, 1, 5, 5), ones(1, 3, 3)),
        r"needs a weight \(out, in",
    ),
    "no groups": (lambda: F.conv2d(ones(1, 1, 5, 5), ones(1, 1, 3, 3), groups=0), "groups=0"),
    "outputs in groups": (
        lambda: F.conv2d(ones(1, 2, 5, 5), ones(3, 1, 3, 3), groups=2),
        "3 outputs must divide",
    ),
    "same size with steps": (
        lambda: F.conv2d(ones(1, 1, 5, 5), ones(1, 1, 3, 3), stride=(1, 2), padding="same"),
        r"needs a stride of 1, not \(1, 2\)",
    ),
    "padding in words": (
        lambda: F.conv2d(ones(1, 1, 5, 5), ones(1, 1, 3, 3), padding="none"),
        """padding must be "same", "valid" or sizes, not 'none'""",
    ),
    "padding": (
        lambda: F.max_pool2d(ones(1, 1, 5, 5), (4, 3), padding=2),
        "2 is more than half of 3",
    ),
    "divisor": (lambda: F.avg_pool2d(ones(1, 1, 5, 5), 2, divisor_override=0), "must not be 0"),
    "no kernel": (lambda: F.max_pool2d(ones(1, 1, 5, 5), 0), "kernel_size must be a whole number"),
    "three sizes": (lambda: F.max_pool2d(ones(1, 1, 5, 5), (1, 2, 3)), "or two of them, not"),
    "half a step": (lambda: F.max_pool2d(ones(1, 1, 5, 5), 2, 1.5), "stride must be a whole"),
    "no step": (lambda: F.max_pool2d(ones(1, 1, 5, 5), 2, 0), "stride must be a whole number"),
    "negative padding": (
        lambda: F.conv2d(ones(1, 1, 5, 5), ones(1, 1, 3, 3), padding=-1),
        "padding must be a whole number of at least 0",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_with_a_message_that_tells_what_to_do(name):
    call, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        call()


def test_an_embedding_is_asked_for_by_integers():
    with pytest.raises(TypeError, match="needs integers that name rows, and got float"):
        F.embedding(np.array([0.0]), ones(3, 2))


@pytest.mark.parametrize("padding", [2, (1, 2)])
def test_half_of_the_kernel_is_the_most_that_a_pool_may_be_padded(padding):
    x = np.random.default_rng(0).normal(size=(1, 1, 5, 5))
    found = F.max_pool2d(tensor(x), 4, padding=padding)
    expected = TF.max_pool2d(torch.from_numpy(x), 4, padding=padding)
    np.testing.assert_array_equal(found.data, expected.numpy())


@pytest.mark.parametrize("lowest", [-np.inf, 0])
def test_max_pooling_never_finds_its_own_margin(lowest):
    x = np.full((1, 1, 3, 3), lowest, np.float64 if lowest else np.uint8)
    values, places = F.max_pool2d(tensor(x), 2, padding=1, return_indices=True)
    expected = torch.nn.functional.max_pool2d(
        torch.from_numpy(x), 2, padding=1, return_indices=True
    )
    assert np.array_equal(values.data, expected[0].numpy())
    assert np.array_equal(places.data, expected[1].numpy())
