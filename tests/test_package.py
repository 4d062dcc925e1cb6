"""The package as a whole: importing it is light, and its names lead where they say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import tinygrad_mlp

HEAVY = ["torch", "matplotlib", "hypothesis", "safetensors", "tqdm", "pytest"]


def loaded_by(statement):
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    path = {"PYTHONPATH": str(Path(tinygrad_mlp.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | path,
    )
    return set(json.loads(done.stdout))


def test_importing_the_package_loads_nothing_heavy():
    modules = loaded_by("import tinygrad_mlp")
    assert "tinygrad_mlp.tensor" in modules
    assert modules.isdisjoint(HEAVY)


def test_the_command_line_needs_nothing_that_only_tests_need():
    modules = loaded_by("import tinygrad_mlp.__main__")
    assert modules.isdisjoint(["torch", "hypothesis", "pytest"])


def test_the_example_of_the_docstring_is_right():
    x = tinygrad_mlp.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    assert repr(x.grad) == "tensor([2., 4.])"
    assert repr(x.grad) in tinygrad_mlp.__doc__
