"""What the table of `ops.py` cannot say."""

import numpy as np
import pytest

from tinygrad_mlp import grad, tensor


def test_pow_has_the_mixed_second_derivative_at_exponent_0_that_pytorch_loses():
    a, b = (tensor([value], np.float64, requires_grad=True) for value in (2.0, 0.0))
    (with_respect_to_b,) = grad(a**b, b, create_graph=True)
    # d/db a^b = a^b log a, so d/da of it at b = 0 is 1 / a; PyTorch's other order gives 0
    (with_respect_to_a,) = grad(a**b, a, create_graph=True)
    assert grad(with_respect_to_b, a)[0].item() == 0.5
    assert grad(with_respect_to_a, b)[0].item() == 0.5


@pytest.mark.parametrize("base", [501.0, 1e20])
def test_a_power_that_is_0_has_second_derivatives_of_0_however_large_the_exponent(base):
    a, b = (tensor(v, np.float32, requires_grad=True) for v in (base, -1e20))
    first = grad(a**b, [a, b], create_graph=True)
    for g in first:
        assert [v.item() for v in grad(g, [a, b], retain_graph=True, allow_unused=True)] == [0, 0]
