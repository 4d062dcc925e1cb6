"""Every public name of these rooms has an example in its docstring, and the examples run."""

import doctest
import functools
import inspect
import math

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.engine import OPS

ROOMS = ["", "Tensor", "autograd.functional", "nn.functional", "nn.init", "nn.utils"]
"""Modules and classes by their dotted names, as the reference of the site calls them."""

NAMES = {"tg": tg, "np": np, "nn": tg.nn, "F": tg.nn.functional, "optim": tg.optim, "math": math}


def offered(holder):
    """The public names of a module or class of this package: name -> what has the docstring."""
    names = [name for name in dir(holder) if not name.startswith("_")]
    things = {name: inspect.getattr_static(holder, name, None) for name in names}
    if inspect.ismodule(holder):
        things = {name: getattr(holder, name) for name in names}  # some are loaded when asked for
    return {
        name: thing
        for name, thing in things.items()
        if isinstance(thing, property)
        or (callable(thing) and getattr(thing, "__module__", "").startswith("tinygrad_mlp."))
    }


def with_examples():
    """What the rooms offer that has examples, by name; what is a method, too, once."""
    found = {}
    for room in ROOMS:
        holder = functools.reduce(getattr, filter(None, room.split(".")), tg)
        for name, thing in offered(holder).items():
            if ">>>" in (thing.__doc__ or "") and found.get(name) is not thing:
                found[f"{room}.{name}" if room else name] = thing
    return found


FOUND = with_examples()


def complaints(name, text):
    """What is wrong with the examples of a docstring; "..." in a result stands for anything."""
    test = doctest.DocTestParser().get_doctest(text, dict(NAMES), name, None, None)
    told = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    runner.run(test, out=told.append)
    return "".join(told)


@pytest.fixture
def known_ops():
    """The ops as they are: an example may add one."""
    before = dict(OPS)
    yield
    OPS.clear()
    OPS.update(before)


@pytest.mark.parametrize("name", FOUND)
def test_example_gives_what_it_says(name, known_ops):
    assert not complaints(name, inspect.getdoc(FOUND[name]))


def test_a_wrong_example_is_noticed():
    assert not complaints("right", ">>> tg.ones(2)\ntensor([1., 1.])\n")
    assert "tensor([1., 1.])" in complaints("wrong", ">>> tg.ones(2)\ntensor([1., 2.])\n")


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_of_a_room_has_an_example(room):
    pytest.importorskip("griffe", reason="the lessons extra is not installed")
    from lessons.site import api

    names = {name for name, entry in api.entries().items() if entry.room == room}
    assert names
    missing = sorted(names - FOUND.keys())
    assert not missing


def test_the_reference_has_what_is_public_and_no_more():
    pytest.importorskip("griffe", reason="the lessons extra is not installed")
    from lessons.site import api

    # a function named as its module, and methods that are not functions of `tg`
    assert {"tensor", "exp", "Tensor.add_", "Tensor.expand_as"} <= api.entries().keys()
    # what a module imports for itself, and what is written about once already
    assert (
        not {"nn.functional.decide", "nn.utils.mark_changed", "Tensor.exp"} & api.entries().keys()
    )
    assert api.entries()["Tensor.expand_as"].signature == "expand_as(other: Any) -> T"
    links = api.also_methods()
    assert '"api-functions.html#exp"><code>exp</code>' in links
    assert '"api-functions.html#reshape"><code>view</code>' in links
