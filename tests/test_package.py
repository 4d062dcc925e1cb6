"""The package as a whole: importing it is light, and its public names say what they are."""

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_mlp
from tinygrad_mlp import autograd, data, nn, optim

HEAVY = ["torch", "matplotlib", "numba", "PIL", "hypothesis", "safetensors", "tqdm", "pytest"]


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


# ------------------------------------------------------------------------------------ docstrings


def without_a_sentence(module):
    """The functions and classes that a module offers whose docstring lacks a sentence."""
    offered = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    own = {
        name: value
        for name, value in offered.items()
        if (inspect.isroutine(value) or inspect.isclass(value))
        and value.__module__.startswith("tinygrad_mlp")
    }
    assert own
    first = {name: (value.__doc__ or "").strip().split("\n\n")[0] for name, value in own.items()}
    return {name for name, words in first.items() if not words.endswith((".", "?"))}


@pytest.mark.parametrize(
    "module",
    [tinygrad_mlp, nn, nn.functional, optim, data, autograd],
    ids=lambda module: module.__name__,
)
def test_the_docstring_of_a_public_name_starts_with_a_sentence(module):
    assert not without_a_sentence(module)


def test_a_name_without_a_docstring_or_with_a_mere_signature_is_noticed(monkeypatch):
    assert "transpose" not in without_a_sentence(tinygrad_mlp)
    monkeypatch.setattr(tinygrad_mlp.transpose, "__doc__", None)
    monkeypatch.setattr(nn.Linear, "__doc__", "Linear(in_features, out_features)")
    assert "transpose" in without_a_sentence(tinygrad_mlp)
    assert without_a_sentence(nn) == {"Linear"}


# ------------------------------------------------------------------------------------- workflows

WORKFLOWS = sorted((Path(__file__).parents[1] / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_takes_actions_by_their_commits(path):
    text = path.read_text("utf-8")
    assert re.findall(r"^permissions:\n((?:  .*\n)+)", text, re.M) == ["  contents: read\n"]
    assert "secrets." not in text
    jobs = re.findall(r"^    permissions:\n((?:      .*\n)+)", text, re.M)
    # What publishes the site has to write pages, and does nothing else.
    assert jobs == (
        ["      pages: write\n      id-token: write\n"] if path.name == "site.yml" else []
    )
    assert text.count("permissions:") == 1 + len(jobs)
    actions = re.findall(r"uses: *(.*)", text)
    assert actions
    for action in actions:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action)


def test_there_is_a_workflow():
    assert WORKFLOWS
