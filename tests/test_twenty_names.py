"""The twenty names that one needs, on the page about PyTorch: they exist, and lessons use them."""

import ast
import re
from pathlib import Path

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim, train

LESSONS = Path(__file__).parent.parent / "lessons"
PAGE = (LESSONS / "reference" / "pytorch.md").read_text("utf-8")
OWNERS = {
    # what stands before the point
    "tg": tg,
    "nn": nn,
    "F": nn.functional,
    "optim": optim,
    "data": tg.data,
    "train": train,
    "loss": tg.Tensor,
    "w": tg.Tensor,
    "model": nn.Module,
    "optimizer": optim.Optimizer,
}


def names_on_the_page():
    section = PAGE.partition("## The twenty names that one needs")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)\.(\w+)", section, re.M)


def names_in(path):
    """What a lesson's code names: attributes and plain names."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in nodes if isinstance(node, ast.Name)}


def test_there_are_twenty_each_once():
    assert len(set(names_on_the_page())) == len(names_on_the_page()) == 20


@pytest.mark.parametrize(("owner", "name"), names_on_the_page())
def test_each_of_them_exists_and_three_lessons_use_it(owner, name):
    assert hasattr(OWNERS[owner], name)
    lessons = sorted(LESSONS.glob("[0-9]*.py"))
    assert len([path for path in lessons if name in names_in(path)]) >= 3
