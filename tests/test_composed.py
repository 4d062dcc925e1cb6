"""Every composed function, against PyTorch, against differences, in every layout."""

import inspect

import numpy as np
import pytest

from tinygrad_mlp import Tensor, composed, tensor
from tinygrad_mlp.testing import check_op, check_sample, drawn, same, tensors

from .composed_table import CASES, NO_CASE

FUNCTIONS = {
    name: value
    for name, value in vars(composed).items()
    if inspect.isfunction(value)
    and value.__module__ == composed.__name__
    and not name.startswith("_")
}


def called(name):
    """What is called for a case: the function, or what adapts it."""
    return CASES[name].ours or FUNCTIONS[name.split()[0]]


def test_every_function_has_a_case_or_a_reason_and_every_case_a_function():
    assert set(FUNCTIONS) == {name.split()[0] for name in CASES} | set(NO_CASE)


@pytest.mark.parametrize("name", sorted(CASES))
def test_case_states_its_reasons(name):
    case = CASES[name]
    assert case.twin is not None or case.no_twin
    assert case.rtol <= 1e-9 or case.why_rtol


@pytest.mark.parametrize("name", sorted(CASES))
def test_function_agrees_with_pytorch_and_with_differences(name):
    case = CASES[name]
    check_op(called(name), case.samples, case.twin, case.rtol, case.examples)


EDGES = [(name, i) for name, case in sorted(CASES.items()) for i in range(len(case.edges))]


@pytest.mark.parametrize(("name", "i"), EDGES)
def test_function_agrees_with_pytorch_at_kinks_and_ties(name, i):
    case = CASES[name]
    check_sample(called(name), case.edges[i], case.twin, case.rtol)


@pytest.mark.parametrize("name", sorted(CASES))
def test_arrays_and_tensors_give_the_same(name):
    for sample in drawn(CASES[name].samples, 10):
        inputs, _ = tensors(sample.inputs)
        on_tensors = called(name)(*inputs, **sample.params)
        on_arrays = np.asarray(called(name)(*sample.inputs, **sample.params))
        assert same(on_tensors.data, on_arrays)
