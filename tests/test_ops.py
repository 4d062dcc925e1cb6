"""Every op of the derivative table, against PyTorch, against differences, in every layout."""

import numpy as np
import pytest

from tinygrad_mlp import grad, tensor
from tinygrad_mlp.engine import OPS
from tinygrad_mlp.testing import check_op, check_sample

from .op_table import CASES


def test_every_op_has_a_case_and_every_case_an_op():
    assert set(OPS) == set(CASES)


@pytest.mark.parametrize("name", sorted(CASES))
def test_case_states_its_reasons(name):
    case = CASES[name]
    assert case.twin is not None or case.no_twin
    assert case.rtol <= 1e-9 or case.why_rtol


@pytest.mark.property
@pytest.mark.parametrize("name", sorted(CASES))
def test_op_agrees_with_pytorch_and_with_differences(name):
    case = CASES[name]
    check_op(OPS[name], case.samples, case.twin, case.rtol)


EDGES = [(name, i) for name, case in sorted(CASES.items()) for i in range(len(case.edges))]


@pytest.mark.parametrize(("name", "i"), EDGES)
def test_op_agrees_with_pytorch_at_kinks_and_ties(name, i):
    case = CASES[name]
    check_sample(OPS[name], case.edges[i], case.twin, case.rtol)


def test_pow_has_the_mixed_second_derivative_at_exponent_0_that_pytorch_loses():
    a, b = (tensor([value], np.float64, requires_grad=True) for value in (2.0, 0.0))
    (with_respect_to_b,) = grad(a**b, b, create_graph=True)
    # d/db a^b = a^b log a, so d/da of it at b = 0 is 1 / a; PyTorch's other order gives 0
    (with_respect_to_a,) = grad(a**b, a, create_graph=True)
    assert grad(with_respect_to_b, a)[0].item() == 0.5
    assert grad(with_respect_to_a, b)[0].item() == 0.5
