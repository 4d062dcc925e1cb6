"""Tensors with NumPy's functions, arrays and scalars: they work, or say what to write instead.

A NumPy function that has an op with the same meaning is recorded; one that has none raises.
Nothing loses a gradient silently.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import Tensor, tensor
from tinygrad_mlp.tensor import UFUNCS
from tinygrad_mlp.testing import arrays

BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "maximum": lambda a, b: np.maximum(a, b),
}
"""Operators with a tensor on one side or on both."""


BITWISE = {np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_not}
"""These take integers and booleans."""


@given(st.sampled_from(list(UFUNCS)), st.data())
def test_a_ufunc_gives_the_same_on_tensors_as_on_arrays(ufunc, data):
    drawn = [data.draw(arrays((2, 2), low=0.5, high=0.9)) for _ in range(ufunc.nin)]
    if ufunc in BITWISE:
        drawn = [(10 * a).astype(np.int64) for a in drawn]
    found = ufunc(*(tensor(a) for a in drawn))
    assert type(found) is Tensor
    np.testing.assert_allclose(found.data, ufunc(*drawn), rtol=1e-14)


@pytest.mark.parametrize("ufunc", set(UFUNCS) - BITWISE, ids=lambda u: u.__name__)
def test_a_ufunc_on_a_tensor_records_if_its_op_has_rules(ufunc):
    xs = [tensor(np.full((2, 2), 0.5), requires_grad=True) for _ in range(ufunc.nin)]
    found = ufunc(*xs)
    assert found.requires_grad is (found.dtype != np.bool_)


def test_the_gradient_of_a_ufunc_is_that_of_its_op():
    x = tensor([1.0, 2.0], requires_grad=True)
    np.exp(np.multiply(x, 2)).sum().backward()
    np.testing.assert_allclose(x.grad.data, 2 * np.exp([2.0, 4.0]), rtol=1e-6)


@pytest.mark.parametrize("sign", BINARY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_operators_between_arrays_and_tensors_agree_with_numpy(sign, dtype):
    a, b = np.array([[1.0], [2.0]]), np.array([1, 2, 3]).astype(dtype)
    f = BINARY[sign]
    for found in (f(tensor(a), b), f(a, tensor(b)), f(tensor(a), tensor(b))):
        assert type(found) is Tensor
        np.testing.assert_allclose(found.data, f(a, b), rtol=1e-15)


@pytest.mark.parametrize("sign", BINARY)
@pytest.mark.parametrize(
    "scalar", [np.float64(2), np.float32(2), np.int64(2), np.array(2, np.int32)], ids=str
)
def test_operators_between_numpy_scalars_and_tensors_give_float32_tensors(sign, scalar):
    t = tensor([1.0, 2.0, 3.0])
    f = BINARY[sign]
    for found, expected in (
        (f(t, scalar), f(t.data, np.float32(2))),
        (f(scalar, t), f(np.float32(2), t.data)),
    ):
        assert type(found) is Tensor
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.data, expected)


def test_an_array_plus_a_tensor_passes_gradients():
    x = tensor([1.0, 2.0], requires_grad=True)
    y = np.array([[1.0, 1.0], [2.0, 2.0]]) * x + np.ones(2)
    y.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_an_array_times_a_tensor_as_matrices_passes_gradients():
    x = tensor([[1.0], [2.0]], requires_grad=True)
    (np.array([[1.0, 10.0]]) @ x).sum().backward()
    assert x.grad.tolist() == [[1], [10]]


def test_lists_and_tuples_are_operands_too():
    x = tensor([1.0, 2.0], requires_grad=True)
    numbers = [3, 4]
    for y in (x + numbers, numbers + x, x - (3, 4), x * [[1.0], [2.0]], x @ [1, 1]):
        assert type(y) is Tensor
        assert y.requires_grad
    assert (numbers + x).tolist() == [4, 6]


def test_an_array_and_a_tensor_are_compared_element_by_element():
    assert (tensor([1.0, 2.0]) == np.array([1.0, 3.0])).tolist() == [True, False]
    assert (np.array([1.0, 3.0]) == tensor([1.0, 2.0])).tolist() == [True, False]


# -------------------------------------------------------------------- functions without an op


@pytest.mark.parametrize("ufunc", [np.cbrt, np.rint, np.isfinite, np.hypot, np.divmod])
def test_a_ufunc_without_an_op_says_what_to_write(ufunc):
    x = tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match=rf"np\.{ufunc.__name__}.*t\.detach\(\)\.numpy\(\)"):
        ufunc(*[x] * ufunc.nin)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda t: np.add.reduce(t),
        lambda t: np.add.accumulate(t),
        lambda t: np.multiply.outer(t, t),
        lambda t: np.add.at(t, [0], 1.0),
        lambda t: np.exp(t, out=np.zeros(2, np.float32)),
        lambda t: np.exp(t, where=np.array([True, False])),
        lambda t: np.add(t, t, dtype=np.float64),
    ],
)
def test_the_special_uses_of_ufuncs_say_what_to_write(attempt):
    with pytest.raises(TypeError, match=r"used in this way.*t\.detach\(\)\.numpy\(\)"):
        attempt(tensor([1.0, 2.0], requires_grad=True))


def test_a_tensor_cannot_be_added_into_an_array():
    array = np.ones(2)
    with pytest.raises(TypeError, match=r"np\.add, used in this way"):
        array += tensor([1.0, 2.0])
    assert array.tolist() == [1, 1]


# --------------------------------------------------------------------------------- conversion


@given(arrays())
def test_asarray_of_a_tensor_is_its_data(array):
    t = tensor(array)
    assert np.shares_memory(np.asarray(t), t.data) or array.size == 0
    np.testing.assert_array_equal(np.asarray(t), array)
    assert np.asarray(t).dtype == array.dtype


def test_np_array_of_a_tensor_is_a_copy_in_the_requested_dtype():
    t = tensor([1.5, 2.5])
    assert not np.shares_memory(np.array(t), t.data)
    found = np.array(t, dtype=np.int64)
    assert found.dtype == np.int64
    assert found.tolist() == [1, 2]


def test_asarray_of_a_tensor_that_requires_a_gradient_says_what_to_write():
    x = tensor([1.0], requires_grad=True)
    for attempt in (np.asarray, np.array, lambda t: np.linalg.norm(t), np.concatenate):
        with pytest.raises(RuntimeError, match=r"t\.detach\(\)\.numpy\(\)"):
            attempt(x if attempt is not np.concatenate else [x, x])


def test_asarray_that_must_not_copy_refuses_another_dtype():
    with pytest.raises(ValueError):
        np.asarray(tensor([1.0]), dtype=np.float64, copy=False)


def test_numpy_functions_read_tensors_without_gradients():
    t = tensor([1.0, 2.0])
    np.testing.assert_allclose(t, [1, 2])
    assert np.array_equal(np.concatenate([t, t]), [1, 2, 1, 2])
    assert np.allclose(np.linalg.norm(t), 5**0.5)


NUMPY_FUNCTIONS = {
    "np.sum": np.sum,
    "np.max": np.max,
    "np.std": np.std,
    "np.cumsum": np.cumsum,
    "np.clip": lambda x: np.clip(x, 0, 1),
    "np.transpose": np.transpose,
    "np.stack": lambda x: np.stack([x, x]),
    "np.where": lambda x: np.where(x.data > 1 if isinstance(x, Tensor) else x > 1, x, 0),
    "np.sort": np.sort,
    "np.median": np.median,
}


@pytest.mark.parametrize("name", NUMPY_FUNCTIONS)
def test_a_numpy_function_of_a_tensor_without_a_gradient_is_that_of_its_array(name):
    array = np.array([[1.0, 3.0], [2.0, 0.5]])
    found = NUMPY_FUNCTIONS[name](tensor(array))
    np.testing.assert_array_equal(found, NUMPY_FUNCTIONS[name](array))


@pytest.mark.parametrize("name", NUMPY_FUNCTIONS)
def test_a_numpy_function_of_a_tensor_with_a_gradient_says_what_to_write(name):
    x = tensor([[1.0, 3.0], [2.0, 0.5]], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"lose the gradient.*t\.detach\(\)\.numpy\(\)"):
        NUMPY_FUNCTIONS[name](x)


def test_np_sum_of_a_tensor_with_a_gradient_names_the_method():
    with pytest.raises(
        RuntimeError, match=r"np\.sum would .*; write t\.sum\(\), or np\.sum\(t\.det"
    ):
        np.sum(tensor([1.0], requires_grad=True))


def test_the_shape_of_a_tensor_with_a_gradient_is_no_secret():
    x = tensor([[1.0, 3.0]], requires_grad=True)
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((1, 2), 2, 2)


def test_matplotlib_draws_a_tensor_without_a_gradient_and_says_detach_of_another():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    t = tensor([1.0, 4.0, 9.0])
    (line,) = pyplot.plot(t)
    assert line.get_ydata().tolist() == [1, 4, 9]
    pyplot.scatter(t, t)
    with pytest.raises((TypeError, RuntimeError), match=r"t\.detach\(\)"):
        pyplot.plot(t.requires_grad_())
    pyplot.close("all")


def test_numpy_shares_the_memory_of_the_tensor():
    t = tensor([1.0, 2.0])
    assert t.numpy() is t.data


def test_a_tensor_can_index_an_array():
    array = np.array([10, 20, 30])
    assert array[tensor([2, 0])].tolist() == [30, 10]
    assert array[tensor(1)] == 20
    assert array[tensor([True, False, True])].tolist() == [10, 30]


def test_an_array_of_tensors_is_not_made_silently():
    xs = [tensor(1.0, requires_grad=True), tensor(2.0, requires_grad=True)]
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        np.array(xs)
    assert tg.stack(xs).tolist() == [1, 2]
