"""Every public name of these rooms has an example in its docstring, and each example runs."""

import doctest
import sys

import matplotlib.figure
import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import checkpoint, data, inspection, interop, nn, optim, plot, testing, train

pytest.importorskip("griffe")  # reads the names: the site's reference is made of the same

from lessons.site import api

ROOMS = [
    *("nn", "optim", "optim.lr_scheduler", "data", "data.transforms", "train", "checkpoint"),
    *("interop", "inspection", "plot", "testing"),
]
ENTRIES = {name: entry for name, entry in api.entries().items() if entry.room in ROOMS}
IN_SCOPE = {
    **{"tg": tg, "np": np, "nn": nn, "F": nn.functional, "optim": optim, "data": data},
    **{"train": train, "checkpoint": checkpoint, "interop": interop, "inspection": inspection},
    **{"plot": plot, "testing": testing, "Figure": matplotlib.figure.Figure},
}
"""What an example may use without importing it."""


def examples_of(name, docstring):
    return doctest.DocTestParser().get_doctest(docstring, dict(IN_SCOPE), name, None, 0)


def complaints_about(test):
    told = []
    doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(test, out=told.append)
    return "".join(told)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_names(room):
    assert room in {entry.room for entry in ENTRIES.values()}


@pytest.mark.parametrize("name", ENTRIES)
def test_the_name_has_examples_that_give_what_they_say(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where examples write files
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # `plot.show` would ask it
    test = examples_of(name, ENTRIES[name].docstring)
    shown = [example for example in test.examples if example.want]
    assert shown, f"{name} has no example that shows a result"
    assert not complaints_about(test)


def test_a_wrong_example_would_be_noticed():
    assert not complaints_about(examples_of("right", ">>> tg.ones(2)\ntensor([1., 1.])\n"))
    assert "Expected:" in complaints_about(examples_of("wrong", ">>> tg.ones(2)\ntensor([2.])\n"))
