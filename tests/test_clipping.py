"""Clipping of gradients and parameters as one vector, against `torch.nn.utils`."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils import clip_grad_norm_

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.testing import arrays

few = settings(max_examples=50)
SHAPES = [(3, 4), (), (5,), (2, 1, 3)]


def leaves(gradients):
    """Parameters of ours and of PyTorch with these gradients; None is none."""
    ours = [nn.Parameter(np.ones(np.shape(0.0 if g is None else g))) for g in gradients]
    theirs = [torch.ones(p.shape, dtype=torch.float64, requires_grad=True) for p in ours]
    for p, q, g in zip(ours, theirs, gradients, strict=True):
        if g is not None:
            p.grad, q.grad = tg.tensor(g), torch.tensor(np.array(g))
    return ours, theirs


def check_against_torch(gradients, *arguments):
    ours, theirs = leaves(gradients)
    norm, expected = nn.clip_grad_norm_(ours, *arguments), clip_grad_norm_(theirs, *arguments)
    np.testing.assert_allclose(norm.data, expected.numpy(), rtol=1e-12)
    for p, q in zip(ours, theirs, strict=True):
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            np.testing.assert_allclose(p.grad.data, q.grad.numpy(), rtol=1e-12, atol=1e-300)


@few
@given(
    st.lists(st.none() | st.sampled_from(SHAPES).flatmap(arrays), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.1, 1.0, 1e6]),
    st.sampled_from([1.0, 2.0, 3.5, math.inf]),
)
def test_clipping_is_pytorchs(gradients, max_norm, norm_type):
    check_against_torch(gradients, max_norm, norm_type)


def test_the_default_is_the_euclidean_norm():
    check_against_torch([np.array([3.0]), np.array([[4.0]])], 1.0)


def test_gradients_of_no_numbers_count_nothing():
    ours, _ = leaves([np.zeros((0, 2)), np.array([3.0])])
    assert nn.clip_grad_norm_(ours, 1.0, math.inf).item() == 3


def test_gradients_without_any_numbers_have_the_norm_0():
    p = nn.Parameter(np.zeros((0, 3)))
    p.grad = tg.zeros(0, 3)
    assert nn.clip_grad_norm_([p], 1.0).item() == 0


def test_the_norm_of_order_0_counts_the_gradients_that_are_not_0_as_in_pytorch():
    ours, theirs = leaves([np.array([3.0, 0.0, 1.0]), np.zeros(2), np.array([1.0])])
    assert nn.clip_grad_norm_(ours, 1e9, 0).item() == clip_grad_norm_(theirs, 1e9, 0).item() == 2


@pytest.mark.parametrize("norm_type", [1, 2, 3, math.inf])
def test_the_norm_of_more_numbers_than_are_taken_at_a_time_is_pytorchs(norm_type):
    numbers = np.random.default_rng(0).normal(size=150_001)
    numbers[::3] = 0
    p, theirs = nn.Parameter(np.zeros_like(numbers)), torch.nn.Parameter(torch.zeros(150_001))
    p.grad, theirs.grad = tg.tensor(numbers), torch.from_numpy(numbers).float()
    expected = np.linalg.norm(numbers, norm_type)
    assert nn.clip_grad_norm_([p], 1e9, norm_type).item() == pytest.approx(expected, rel=1e-12)
    assert clip_grad_norm_([theirs], 1e9, norm_type).item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("gradients", [[], [None, None]])
def test_without_gradients_the_norm_is_0(gradients):
    ours, theirs = leaves(gradients)
    assert nn.clip_grad_norm_(ours, 1.0).item() == clip_grad_norm_(theirs, 1.0).item() == 0


def test_small_gradients_are_left_as_they_are_to_the_bit():
    g = np.array([0.1, 0.2])
    ours, _ = leaves([g])
    nn.clip_grad_norm_(ours, 1.0)
    np.testing.assert_array_equal(ours[0].grad.data, g)


def test_clipping_is_in_place_and_keeps_float32_and_the_layout():
    p = nn.Parameter(np.ones((2, 3), np.float32))
    p.grad = tg.tensor(np.ones((2, 3), np.float32))
    p.grad.data = array = np.asfortranarray(p.grad.data)
    norm = nn.clip_grad_norm_([p], 0.5)
    assert p.grad.data is array
    assert array.dtype == norm.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(array), 0.5, rtol=1e-5)


def test_float16_gradients_whose_squares_are_too_large_for_float16_are_clipped():
    p = nn.Parameter(np.ones(2, np.float16))
    p.grad = tg.tensor(np.array([300, 0], np.float16))
    assert nn.clip_grad_norm_([p], 1.0).item() == 300
    np.testing.assert_allclose(p.grad.data, [1, 0], rtol=1e-3)


def test_one_parameter_and_a_generator_of_parameters_are_taken():
    model = nn.Linear(2, 2, rng=0)
    model(np.ones((1, 2), np.float32)).sum().backward()
    assert nn.clip_grad_norm_(model.bias, 1e9).item() == pytest.approx(math.sqrt(2))
    assert nn.clip_grad_norm_(model.parameters(), 1e9).item() == pytest.approx(math.sqrt(6))


def test_a_gradient_that_several_parameters_share_counts_for_each_and_is_scaled_once():
    p, q = nn.Parameter([1.0]), nn.Parameter([1.0])
    p.grad = q.grad = tg.tensor([3.0])
    norm = nn.clip_grad_norm_([p, q], 1.0)
    assert norm.item() == pytest.approx(math.sqrt(18))
    assert p.grad.item() == pytest.approx(3 / math.sqrt(18), rel=1e-5)


def test_a_parameter_given_twice_counts_once():
    p = nn.Parameter([1.0])
    p.grad = tg.tensor([3.0])
    assert nn.clip_grad_norm_([p, p], 1.0).item() == 3
    assert p.grad.item() == pytest.approx(1.0, rel=1e-5)


def test_a_graph_that_needs_the_gradient_refuses_to_go_back():
    p = nn.Parameter([2.0])
    (p**3).sum().backward(create_graph=True)
    penalty = (p.grad**2).sum()
    nn.clip_grad_norm_([p], 1.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        penalty.backward()


def test_a_graph_that_needs_a_gradient_whose_values_are_clipped_refuses_to_go_back():
    p = nn.Parameter([2.0])
    (p**3).sum().backward(create_graph=True)
    penalty = (p.grad**2).sum()
    nn.utils.clip_grad_value_([p], 1.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        penalty.backward()


@pytest.mark.parametrize("below", [0.5, 0.9, 0.999])
def test_a_norm_below_the_largest_allowed_is_not_made_larger(below):
    p = nn.Parameter([0.0])
    p.grad = tg.tensor([below])
    nn.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    assert p.grad.tolist() == tg.tensor([below]).tolist()


@pytest.mark.parametrize("norm_type", [2.0, 3.0])
def test_a_norm_that_is_too_large_for_a_number_leaks_no_warning(norm_type):
    p = nn.Parameter([0.0, 0.0])
    p.grad = tg.tensor(np.full(2, 1e300), dtype=np.float64)
    assert nn.clip_grad_norm_([p], 1.0, norm_type).item() == math.inf


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_norm_that_is_not_finite_gives_what_pytorch_gives(bad):
    check_against_torch([np.array([1.0, bad]), np.array([2.0])], 1.0)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_norm_that_is_not_finite_is_told_on_request_and_changes_nothing(bad):
    ours, theirs = leaves([np.array([1.0, bad])])
    for clip, parameters in ((nn.clip_grad_norm_, ours), (clip_grad_norm_, theirs)):
        with pytest.raises(RuntimeError, match="cannot be clipped"):
            clip(parameters, 1.0, error_if_nonfinite=True)
    np.testing.assert_array_equal(ours[0].grad.data, [1.0, bad])


# ------------------------------------------------------------------------- the rest of nn.utils


@few
@given(st.lists(st.none() | st.sampled_from(SHAPES).flatmap(arrays), max_size=4), st.floats(0, 2))
def test_clipping_values_is_pytorchs(gradients, clip_value):
    ours, theirs = leaves([*gradients, np.array([3.0, -3.0])])  # PyTorch needs one
    nn.utils.clip_grad_value_(ours, clip_value)
    torch.nn.utils.clip_grad_value_(theirs, clip_value)
    for p, q in zip(ours, theirs, strict=True):
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            np.testing.assert_array_equal(p.grad.data, q.grad.numpy())


def test_the_norm_is_clipped_by_one_function_under_both_names():
    assert nn.clip_grad_norm_ is nn.utils.clip_grad_norm_


def test_parameters_become_a_vector_and_are_filled_from_one_as_in_pytorch():
    ours = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    theirs.load_state_dict({n: torch.from_numpy(a) for n, a in ours.state_dict().items()})
    vector = nn.utils.parameters_to_vector(ours.parameters())
    expected = torch.nn.utils.parameters_to_vector(theirs.parameters())
    np.testing.assert_array_equal(vector.data, expected.numpy(force=True))
    nn.utils.vector_to_parameters(vector * 2, ours.parameters())
    torch.nn.utils.vector_to_parameters(expected * 2, theirs.parameters())
    for name, value in ours.state_dict().items():
        np.testing.assert_array_equal(value, theirs.state_dict()[name].numpy())


def test_gradients_flow_through_the_vector_of_parameters():
    model = nn.Linear(2, 1, rng=0)
    (nn.utils.parameters_to_vector(model.parameters()) ** 2).sum().backward()
    np.testing.assert_allclose(model.weight.grad.data, 2 * model.weight.data)


@pytest.mark.parametrize("size", [2, 4])
def test_a_vector_of_another_length_is_refused_and_changes_nothing(size):
    model = nn.Linear(2, 1, rng=0)
    before = model.state_dict()
    with pytest.raises(ValueError, match=rf"have 3 numbers, and the vector has shape \({size},\)"):
        nn.utils.vector_to_parameters(tg.ones(size), model.parameters())
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
