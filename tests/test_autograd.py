"""Jacobians, Hessians and products with them, against PyTorch; and the checks of gradients."""

import numpy as np
import pytest
import torch
import torch.autograd.functional as TA
from hypothesis import given

from tinygrad_mlp import cat, grad, gradcheck, gradgradcheck, op, tensor
from tinygrad_mlp.autograd import functional
from tinygrad_mlp.engine import OPS
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import arrays


def vector_function(x):
    """From three numbers to two, in operators that both frameworks have."""
    return (x * x * x.sum())[:2] + x[1:] ** 3


def number_function(x):
    return (x**3).sum() * x[0] + (x[1] * x[2]).sin()


def pair_function(x, y):
    return (x * y).sum() ** 2 + (x**2 * y).sum()


def to_torch(array):
    return torch.from_numpy(np.array(array))


def close(ours, theirs):
    np.testing.assert_allclose(ours.data, theirs.numpy(), rtol=1e-9, atol=1e-12)


@given(arrays((3,)))
def test_jacobian_agrees_with_pytorch(x):
    close(
        functional.jacobian(vector_function, tensor(x)),
        TA.jacobian(vector_function, to_torch(x)),
    )


@given(arrays((3,)))
def test_hessian_agrees_with_pytorch(x):
    close(functional.hessian(number_function, tensor(x)), TA.hessian(number_function, to_torch(x)))


@given(arrays((3,)), arrays((3,)))
def test_hessian_of_two_inputs_agrees_with_pytorch_block_by_block(x, y):
    ours = functional.hessian(pair_function, (tensor(x), tensor(y)))
    theirs = TA.hessian(pair_function, (to_torch(x), to_torch(y)))
    for our_row, their_row in zip(ours, theirs, strict=True):
        for ours_block, theirs_block in zip(our_row, their_row, strict=True):
            close(ours_block, theirs_block)


@given(arrays((3,)), arrays((2,)))
def test_vjp_agrees_with_pytorch(x, v):
    value, product = functional.vjp(vector_function, tensor(x), tensor(v))
    their_value, their_product = TA.vjp(vector_function, to_torch(x), to_torch(v))
    close(value, their_value)
    close(product, their_product)


@given(arrays((3,)), arrays((3,)))
def test_jvp_agrees_with_pytorch(x, v):
    _, product = functional.jvp(vector_function, tensor(x), tensor(v))
    close(product, TA.jvp(vector_function, to_torch(x), to_torch(v))[1])


@given(arrays((3,)), arrays((3,)))
def test_hvp_agrees_with_pytorch(x, v):
    _, product = functional.hvp(number_function, tensor(x), tensor(v))
    close(product, TA.hvp(number_function, to_torch(x), to_torch(v))[1])


def test_hvp_can_be_differentiated_again():
    x = tensor([1.0, 2.0], np.float64, requires_grad=True)
    _, product = functional.hvp(lambda x: (x**4).sum(), x, tensor([1.0, 1.0]), create_graph=True)
    product.sum().backward()
    np.testing.assert_allclose(x.grad.data, [24.0, 48.0])


def test_jacobian_of_an_input_without_influence_is_0():
    found = functional.jacobian(lambda x, y: x * 2, (tensor([1.0]), tensor([1.0, 2.0])))
    np.testing.assert_array_equal(found[1].data, np.zeros((1, 2)))


def test_the_inputs_keep_their_gradients_and_their_values():
    x = tensor([1.0, 2.0], requires_grad=True)
    functional.hessian(lambda x: (x**2).sum(), x)
    assert x.grad is None and x.tolist() == [1.0, 2.0]


def test_vjp_needs_weights_for_more_than_one_number():
    with pytest.raises(ValueError, match=r"v is needed, of shape \(2,\)"):
        functional.vjp(vector_function, tensor([1.0, 2.0, 3.0]))


def test_hessian_refuses_a_function_of_several_numbers():
    with pytest.raises(ValueError, match="needs a single number"):
        functional.hessian(vector_function, tensor([1.0, 2.0, 3.0]))


@given(arrays((2, 3)), arrays((4, 3)))
def test_gradcheck_and_gradgradcheck_pass_what_is_right(x, weight):
    inputs = [tensor(v, requires_grad=True) for v in (x, weight)]

    def network(x, weight):
        return F.softmax(F.linear(x, weight), -1), cat([x, weight]).tanh()

    assert gradcheck(network, inputs)
    assert gradgradcheck(network, inputs)


@pytest.fixture
def wrong_cube():
    @op(grad=lambda g, y, x: g * x * x * -3)
    def wrong_cube(x):
        return x**3

    yield wrong_cube
    del OPS["wrong_cube"]


def test_gradcheck_names_the_largest_difference_of_a_wrong_rule(wrong_cube):
    x = tensor([2.0, 1.0], np.float64, requires_grad=True)
    with pytest.raises(AssertionError, match=r"gradient is -12 and central\s+differences give 12"):
        gradcheck(wrong_cube, x)
    assert gradcheck(wrong_cube, x, raise_exception=False) is False


def test_gradcheck_refuses_float32():
    with pytest.raises(ValueError, match="needs float64"):
        gradcheck(lambda x: x, tensor([1.0], requires_grad=True))


def test_gradcheck_refuses_inputs_without_gradients():
    with pytest.raises(ValueError, match="an input that requires a gradient"):
        gradcheck(lambda x: x, tensor([1.0], np.float64))


def test_an_input_that_is_named_twice_gets_two_gradients():
    x = tensor([1.0, 2.0], requires_grad=True)
    first, second = grad((x * x).sum(), [x, x])
    assert first.tolist() == second.tolist() == [2.0, 4.0]
    assert not np.shares_memory(first.data, second.data)


def test_complex_numbers_are_refused_where_a_gradient_is_wanted():
    with pytest.raises(TypeError, match=r"mul\(\) computes with numbers, .* not with 1j"):
        tensor([1.0], requires_grad=True) * 1j


def test_gradcheck_finds_a_function_that_loses_its_graph():
    x = tensor([1.0, 2.0], np.float64, requires_grad=True)
    with pytest.raises(AssertionError, match="central differences give 2"):
        gradcheck(lambda x: x.detach() * 2, x)
