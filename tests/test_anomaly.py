"""`detect_anomaly` finds the first op that made a NaN or an infinity, and where it was called."""

import numpy as np
import pytest

from tinygrad_mlp import detect_anomaly, op, tensor
from tinygrad_mlp.engine import OPS

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def leaf(*values):
    return tensor(list(values), requires_grad=True)


def test_the_first_bad_forward_op_is_named_with_the_line_that_called_it():
    x = leaf(1.0, 0.0)
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        y = x * 2
        z = y.log()  # this line
        (z * z).sum()
    message = str(caught.value)
    assert "log() gave the first infinity, from finite inputs" in message
    assert "test_anomaly.py" in message and "z = y.log()  # this line" in message


def test_a_nan_is_distinguished_from_an_infinity():
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"sqrt\(\) gave the first NaN"):
        leaf(-1.0).sqrt()


def test_a_bad_value_in_the_data_is_said_to_come_from_there():
    with detect_anomaly(), pytest.raises(FloatingPointError, match="data that no op made"):
        leaf(np.nan) * 2


def test_the_first_bad_backward_op_is_named_with_the_line_of_its_forward():
    x = leaf(0.0, 4.0)
    with detect_anomaly():
        roots = x.sqrt()  # finite here, infinite slope
        total = roots.sum()
        with pytest.raises(FloatingPointError) as caught:
            total.backward()
    message = str(caught.value)
    assert "the backward of sqrt() gave the first infinity, in the gradient of input 0" in message
    assert "roots = x.sqrt()  # finite here, infinite slope" in message


def test_a_bad_rule_of_a_users_op_is_found():
    @op(grad=lambda g, y, x: g * np.nan)
    def broken(x):
        return x * 1

    try:
        with detect_anomaly(), pytest.raises(FloatingPointError, match="backward of broken"):
            broken(leaf(1.0)).sum().backward()
    finally:
        del OPS["broken"]


def test_a_bad_gradient_of_a_gradient_is_found():
    x = leaf(0.0)
    with detect_anomaly(), pytest.raises(FloatingPointError, match="first infinity"):
        (x**1.5).sum().backward(create_graph=True)
        x.grad.sum().backward()


def test_finite_values_cause_no_complaint():
    x = leaf(1.0, 2.0)
    with detect_anomaly():
        (x.exp() / x).sum().backward()
    assert np.isfinite(x.grad.data).all()


def test_it_may_be_nested_and_ends_with_the_outermost():
    x = leaf(0.0)
    with detect_anomaly():
        with detect_anomaly():
            pass
        with pytest.raises(FloatingPointError):
            x.log()
    x.log()


def test_it_ends_after_an_exception():
    with pytest.raises(ZeroDivisionError), detect_anomaly():
        raise ZeroDivisionError
    leaf(0.0).log()
