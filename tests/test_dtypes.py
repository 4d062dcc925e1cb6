"""Which dtype a result has: PyTorch's promotion, for arrays and tensors alike."""

import itertools
import operator

import numpy as np
import pytest
import torch

from tinygrad_mlp import dtypes, ops, tensor

NAMES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


def operands():
    """What can stand on one side: an array with or without dimensions, or a number."""
    for name, shape in itertools.product(NAMES, [(2,), ()]):
        yield np.full(shape, 3, name)
    yield from (True, 2, 2.5)


PAIRS = [
    (a, b)
    for a, b in itertools.product(operands(), operands())
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray)
]


def described(x):
    return f"{x.dtype}{list(x.shape)}" if isinstance(x, np.ndarray) else repr(x)


def to_torch(x):
    return torch.from_numpy(x.copy()) if isinstance(x, np.ndarray) else x


def to_tensor(x):
    return tensor(x) if isinstance(x, np.ndarray) else x


def name_of(dtype):
    return str(dtype).removeprefix("torch.")


@pytest.mark.parametrize("first", list(operands()), ids=described)
def test_two_operands_have_the_result_type_of_pytorch(first):
    for a, b in PAIRS:
        if described(a) == described(first):
            expected = name_of(torch.result_type(to_torch(a), to_torch(b)))
            assert dtypes.result_type(a, b) == expected, f"{described(a)} {described(b)}"


OPERATORS = {
    ops.add: operator.add,
    ops.mul: operator.mul,
    ops.div: operator.truediv,
    ops.pow: operator.pow,
    ops.eq: operator.eq,
    ops.lt: operator.lt,
    ops.maximum: torch.maximum,
}


@pytest.mark.parametrize("op", list(OPERATORS), ids=lambda op: op.__name__)
def test_an_op_gives_the_dtype_and_values_of_pytorch_on_tensors_and_on_arrays(op):
    theirs = OPERATORS[op]
    for a, b in PAIRS:
        try:
            expected = theirs(to_torch(a), to_torch(b))
        except (TypeError, RuntimeError):  # maximum of a number, for example
            continue
        words = f"{described(a)} {described(b)}"
        ours = op(to_tensor(a), to_tensor(b))
        assert ours.dtype == name_of(expected.dtype), words
        assert np.allclose(
            ours.data, expected.numpy(), rtol=1e-3 if ours.dtype == np.float16 else 1e-6
        ), words
        on_arrays = np.asarray(op(a, b))
        assert on_arrays.dtype == ours.dtype and np.array_equal(on_arrays, ours.data), words
