"""The examples in docstrings run, and the names that PyTorch users expect have one."""

import doctest

import numpy as np
import pytest

import tinygrad_mlp as tg

MODULES = {
    "ops": tg.ops,
    "composed": tg.composed,
    "creation": __import__("tinygrad_mlp.creation").creation,
    "tensor": __import__("sys").modules["tinygrad_mlp.tensor"],
}


def examples():
    """Every docstring with examples, by module and name."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name, module in MODULES.items():
        for found in finder.find(module, name, globs={"tg": tg, "np": np}):
            if found.examples:
                yield found


FOUND = {test.name: test for test in examples()}


@pytest.mark.parametrize("name", FOUND)
def test_example_gives_what_it_says(name):
    told = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(FOUND[name], out=told.append)
    assert not told, "".join(told)


EXPECTED = """
    ops.floor ops.ceil ops.round ops.tan ops.asin ops.acos ops.atan ops.sinh ops.cosh
    ops.argsort ops.argwhere ops.diagonal composed.isclose composed.allclose composed.sort
    composed.topk composed.cumprod composed.trace composed.diag composed.t composed.mm
    composed.bmm composed.tensordot composed.hstack composed.vstack composed.unbind
    composed.repeat_interleave composed.meshgrid composed.expand_as composed.view_as
    composed.contiguous composed.scatter composed.nonzero creation.empty creation.randint
    creation.randperm tensor.as_tensor tensor.Tensor.to tensor.Tensor.type tensor.Tensor.cpu
    tensor.Tensor.long tensor.Tensor.int tensor.Tensor.bool
"""


@pytest.mark.parametrize("name", EXPECTED.split())
def test_the_name_has_an_example(name):
    assert name in FOUND
