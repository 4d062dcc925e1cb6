"""Arguments by name, as PyTorch's documentation names them, and NumPy's `axis` and `keepdims`.

PyTorch itself says which names an argument has: those in the schemas of its operators, or in the
signature of a function written in Python; and it is asked whether it takes them. Each name that
both packages have is then called so, with PyTorch's samples.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch

import tinygrad_mlp as tg
from tinygrad_mlp import engine

from .pytorch_samples import names, operators
from .pytorch_samples.compare import leaves
from .pytorch_samples.translate import Call

NUMPYS = {"dim": "axis", "keepdim": "keepdims"}
"""What NumPy calls them."""


@dataclass(frozen=True)
class Named:
    """One call that PyTorch takes with its arguments by name.

    label     the function, as a user writes it: "F.relu", "Tensor.sum"
    ours      the function of this package
    by_place  the call as a sample has it
    by_name   the same with every argument by name, except a method's own tensor
    """

    label: str
    ours: Callable
    by_place: Call
    by_name: Call

    def __str__(self) -> str:
        return f"{self.label}({', '.join(self.by_name.kwargs)})"


def named_calls(only: Callable[[str], bool] = lambda label: True) -> Iterator[Named]:
    """One call for each set of names that a function or method takes in PyTorch."""
    drawn: dict[int, list] = {}
    for entry in names.entries():
        if entry.place not in ("function", "method") or not only(entry.label):
            continue
        if id(entry.info) not in drawn:
            drawn[id(entry.info)] = _samples(entry.info)
        known: set[tuple[str, ...]] = set()
        for sample in drawn[id(entry.info)]:
            args = (sample.input, *sample.args)
            if not entry.takes(args, sample.kwargs):
                continue
            by_place = Call(entry.arranged(args), sample.kwargs)
            for by_name in _by_name(entry, by_place):
                spelled = tuple(by_name.kwargs)
                if spelled in known or not _takes(entry.theirs, by_name.theirs):
                    continue
                if _takes(entry.ours, by_place.ours):  # what stays out is another matter
                    known.add(spelled)
                    yield Named(entry.label, entry.ours, by_place, by_name)


def _samples(info) -> list:
    dtype = "float64" if torch.float64 in info.supported_dtypes("cpu") else "int64"
    return [sample for sample, _ in operators.samples(info, dtype, reference=False)]


def _by_name(entry: names.Entry, call: Call) -> Iterator[Call]:
    """Ways to name the arguments of a call."""
    own = 1 if entry.place == "method" else 0
    for parameters in _parameters(entry):
        placed = dict(zip(parameters[own:], call.args[own:], strict=False))
        if len(parameters) < len(call.args) or placed.keys() & call.kwargs.keys():
            continue
        named = placed | call.kwargs
        yield Call(call.args[:own], named)
        if NUMPYS.keys() & named.keys():
            yield Call(call.args[:own], {NUMPYS.get(k, k): v for k, v in named.items()})


def _parameters(entry: names.Entry) -> list[list[str]]:
    """What the arguments of PyTorch's function are called, in order, once for each overload."""
    try:
        return [list(inspect.signature(entry.theirs).parameters)]
    except ValueError:  # it is not written in Python
        name = entry.label.removeprefix("F.").removeprefix("Tensor.")
        found = torch._C._jit_get_schemas_for_operator(f"aten::{name}")
    given = [[a.name for a in schema.arguments if not a.kwarg_only] for schema in found]
    # What begins with `a` is TorchScript's, of plain numbers.
    return [[n.replace("self", "input") for n in one] for one in given if one[:1] != ["a"]]


def _takes(function: Callable, arguments: Callable) -> bool:
    try:
        args, kwargs, _ = arguments()
        function(*args, **kwargs)
    except Exception:
        return False
    return True


def result(named: Named, call: Call) -> str:
    """What a call gives here, as text, in which NaN equals NaN."""
    args, kwargs, _ = call.ours()
    if "rng" in inspect.signature(named.ours).parameters:
        kwargs["rng"] = 0
    parts = leaves(named.ours(*args, **kwargs))
    return repr([part.tolist() if isinstance(part, tg.Tensor) else part for part in parts])


@pytest.fixture(scope="module")
def calls():
    return list(named_calls())


@pytest.mark.filterwarnings("ignore")
def test_what_pytorch_takes_by_name_is_taken_here_and_means_the_same(calls):
    wrong = {}
    for named in calls:
        expected = result(named, named.by_place)
        try:
            found = result(named, named.by_name)
        except Exception as error:
            found = repr(error)
        if found != expected and not named.label.removeprefix("Tensor.").startswith("empty"):
            wrong[str(named)] = found[:100]
    assert wrong == {}


def test_enough_is_called_by_name(calls):
    assert len(calls) > 600
    assert len({named.label for named in calls}) > 250
    spelled = set(map(str, calls))
    assert {"sum(input, axis, keepdims)", "Tensor.sum(axis, keepdims)"} <= spelled
    assert {"add(input, other)", "where(condition, input, other)", "max(input, other)"} <= spelled
    assert {"F.cross_entropy(input, target)", "zeros(size, dtype, device)"} <= spelled


PLANTED = {
    # a function that lacks a name, and the one that it lacks
    "pow": (lambda a, b: a**b, "pow(input, exponent)"),
    "amax": (lambda input, dim=(), keepdim=False: 0, "amax(input, axis, keepdims)"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_name_that_is_not_taken_is_noticed(name, monkeypatch):
    function, spelled = PLANTED[name]
    monkeypatch.setattr(tg, name, function)
    [named] = [n for n in named_calls(lambda label: label == name) if str(n) == spelled]
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        result(named, named.by_name)


BOTH = {
    # by how it is made, a function that is given one argument under two names
    "op": lambda x: tg.sum(x, dim=0, axis=1),
    "op, of the input": lambda x: tg.exp(x=x, input=x),
    "composed": lambda x: tg.var(x, dim=0, axis=1),
    "composed, with a name of its own": lambda x: tg.reshape(x, shape=(4,), size=(4,)),
    "method": lambda x: x.std(keepdim=True, keepdims=False),
}


@pytest.mark.parametrize("how", BOTH)
def test_one_argument_under_two_names_is_refused(how):
    with pytest.raises(TypeError, match=r"got its \w+ twice; \w+= is another name for it"):
        BOTH[how](tg.ones(2, 2))


def test_a_function_that_takes_other_names_keeps_its_own():
    @engine.takes_also(other="scale")
    def scaled(x, scale=1, dim=0):
        """Doc."""
        return x, scale, dim

    assert scaled(1, other=2, axis=3) == scaled(1, scale=2, dim=3) == scaled(1, 2, 3) == (1, 2, 3)
    assert (scaled.__name__, scaled.__doc__) == ("scaled", "Doc.")
    assert list(inspect.signature(scaled).parameters) == ["x", "scale", "dim"]
