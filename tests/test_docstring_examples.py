"""Every public name around layers and training has an example in its docstring, and each runs.

The names are those of the modules themselves. The site's reference finds its names in the source;
tests/lessons/test_reference_examples.py says whether these are the same.
"""

import doctest
import inspect
import sys

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import checkpoint, data, inspection, interop, nn, optim, plot, testing, train

ROOMS = {
    "nn": nn,
    "optim": optim,
    "optim.lr_scheduler": optim.lr_scheduler,
    "data": data,
    "data.transforms": data.transforms,
    "train": train,
    "checkpoint": checkpoint,
    "interop": interop,
    "inspection": inspection,
    "plot": plot,
    "testing": testing,
}

IN_SCOPE = {"tg": tg, "np": np, "F": nn.functional, **ROOMS}
"""What an example may use without importing it."""


def public(room):
    """The classes and functions of this package that a module offers, by name.

    A folder offers what it imports; a file imports for its own use.
    """
    home = "tinygrad_mlp." if hasattr(room, "__path__") else room.__name__
    return {
        name: value
        for name, value in sorted(vars(room).items())
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isroutine(value))
        and value.__module__.startswith(home)
    }


def names_by_room():
    """Each name in the first room that offers it, after the package itself and `functional`."""
    seen = {id(value) for room in (tg, nn.functional) for value in public(room).values()}
    for title, room in ROOMS.items():
        for name, value in public(room).items():
            if id(value) not in seen:
                seen.add(id(value))
                yield f"{title}.{name}", value


PUBLIC = dict(names_by_room())


def examples_of(name, docstring):
    text = inspect.cleandoc(docstring)
    return doctest.DocTestParser().get_doctest(text, dict(IN_SCOPE), name, None, 0)


def complaints_about(test):
    told = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    runner.run(test, out=told.append)
    return "".join(told)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_names(room):
    assert room in {name.rpartition(".")[0] for name in PUBLIC}


@pytest.mark.parametrize("name", PUBLIC)
def test_the_name_has_examples_that_give_what_they_say(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where examples write files
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # `plot.show` would ask it
    test = examples_of(name, PUBLIC[name].__doc__)
    assert any(example.want for example in test.examples), f"{name} has no example with a result"
    assert not complaints_about(test)


def test_a_wrong_example_would_be_noticed():
    assert not complaints_about(examples_of("right", ">>> tg.ones(2)\ntensor([1., 1.])\n"))
    assert "Expected:" in complaints_about(examples_of("wrong", ">>> tg.ones(2)\ntensor([2.])\n"))
