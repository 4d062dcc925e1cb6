"""What a function reads from outside of its arguments: found once, and looked after at each call.

A program is right only as long as the world it was written in stands. The survey walks through
what the function can reach: its closure, the globals that it names, its defaults, and the
attributes, lists and dictionaries behind them. Numbers, flags and strings among them must still
be what they were; tensors and arrays may have new values, as these are read anew at each call.
"""

from __future__ import annotations

import contextvars
import dis
import functools
import operator
import sys
import types
from array import array as Numbers
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..engine import Node
from . import chance
from .lines import CompileError

LARGEST_ARRAY = 1_000_000
"""How many bytes an array may have whose values are looked after at each call."""

LARGEST = 1000
"""How many entries a list or dictionary may have that a function reads from outside."""

MISSING = object()
OWN = __name__.split(".")[0]
NUMBERS = (type(None), bool, int, float, complex, str, bytes, np.generic, np.dtype)
"""What is compared by value."""


class Survey:
    """Everything that a function can reach.

    holders     by the id of an array: the tensor or array that it was found as, and its name
    ids         the ids of all tensors and arrays
    generators  the random generators, by name
    has_chance  whether one of the functions may read a clock, or draw without a seed
    """

    def __init__(self, roots: dict[str, Any]):
        self.roots = roots
        self.holders: dict[int, tuple[Any, str]] = {}
        self.generators = {id(rng): (rng, name) for name, rng in chance.OF_ALL.items()}
        self.has_chance = False
        self._checks: list[tuple[str, Callable[[], list[Any]], list[Any]]] = []
        self._parts: dict[int, list[str]] = {}
        self.tensors: list[Any] = []
        self._arrays: list[tuple[Any, str, list[Any]]] = []
        self._modules: dict[str, tuple[types.ModuleType, set[str]]] = {}
        self._names: set[str] = set()
        self._kept: list[Any] = []
        self._seen: set[int] = set()
        self._waiting = list(roots.items())[::-1]
        self._visit_all()
        self._forms = [_form(t) for t in self.tensors]
        self.ids = {id(x) for x in [*self.tensors, *(array for array, *_ in self._arrays)]}
        ids = [id(form[0]) for form in self._forms] + [id(a) for a, *_ in self._arrays]
        self._shared = {i for i in ids if ids.count(i) > 1} if len(set(ids)) < len(ids) else set()

    def still_holds(self) -> bool:
        """Whether all that was found is what it was; tensors and arrays may have new values."""
        for _, read, known in self._checks:
            now = read()
            if len(now) != len(known) or not all(map(operator.is_, now, known)):
                if not _all_equal(now, known):
                    return False
                known[:] = now
        for tensor, form in zip(self.tensors, self._forms, strict=True):
            if tensor.data is not form[0] or tensor.requires_grad is not form[1]:
                if id(form[0]) in self._shared:  # those that shared it may differ now
                    return False
                now_form = _form(tensor)
                if now_form[1:] != form[1:]:
                    return False
                form[:] = now_form
        return True

    def differences(self) -> str:
        """What does not hold any more, in words."""
        for name, read, known in self._checks:
            now = read()
            if len(now) != len(known):
                return f"{name} had {len(known)} parts and has {len(now)}"
            parts = self._parts.get(id(read), [f"in {name},"] * len(known))
            for before, after, part in zip(known, now, parts, strict=True):
                if not _equal(before, after):
                    return f"{part} {before!r:.60} became {after!r:.60}"
        return "the shape of a tensor, or whether it requires a gradient"

    def look_after_values(self, used: Any) -> None:
        """Guard the values of arrays that Python may have read: nobody sees NumPy reading one.

        used  the ids of those that ops were given, which are read anew; if they are small, their
              values are guarded, too
        """
        for array, name, known in self._arrays:
            if array.size > LARGEST and id(array) in used:
                continue
            if array.nbytes > LARGEST_ARRAY:
                raise CompileError(
                    f"{name} is an array of {array.nbytes:,} bytes that NumPy may read unseen, too "
                    "large to look after at each call; make a tensor of it with tg.from_numpy(), "
                    "or pass what is needed of it as an argument"
                )
            self._checks.append((name, functools.partial(_values_of, array), known))

    def _visit_all(self) -> None:
        """Visit what waits; modules at last, as only what some function names of them counts."""
        while self._waiting:
            while self._waiting:
                self._visit(*self._waiting.pop())
            for name, (module, visited) in self._modules.items():
                new = self._names - visited
                visited |= new
                self._visit_module(name, module, sorted(new))

    def _visit(self, name: str, thing: Any) -> None:
        if isinstance(thing, NUMBERS) or id(thing) in self._seen:
            return
        if isinstance(thing, types.ModuleType):
            self._modules.setdefault(thing.__name__, (thing, set()))
            return
        self._seen.add(id(thing))
        self._kept.append(thing)
        if isinstance(thing, Node):
            self.tensors.append(thing)
            known, _ = self.holders.get(id(thing.data), (None, ""))
            if not (isinstance(known, Node) and known.requires_grad >= thing.requires_grad):
                self.holders[id(thing.data)] = (thing, name)  # a gradient must find its way
        elif isinstance(thing, np.ndarray):
            self.holders.setdefault(id(thing), (thing, name))
            self._arrays.append((thing, name, _values_of(thing)))
        elif isinstance(thing, chance.GENERATORS):
            self.generators.setdefault(id(thing), (thing, name))
        elif isinstance(thing, types.MethodType):
            self._later(name, {"": thing.__self__})
            self._visit(name, thing.__func__)
        elif isinstance(thing, functools.partial):
            self._later(name, {"": thing.func, **thing.keywords})
            self._later(name, dict(zip(map(str, range(99)), thing.args, strict=False)))
        elif isinstance(thing, types.FunctionType):
            self._visit_function(name, thing)
        elif isinstance(thing, (list, tuple, set, frozenset, dict, deque)):
            self._visit_container(name, thing)
        elif isinstance(thing, type):
            self._visit_class(name, thing)
        elif isinstance(thing, contextvars.ContextVar):
            self._check(name, lambda: [thing.get(MISSING)])
            self._later(name, {"": thing.get(None)})
        elif isinstance(thing, (bytearray, memoryview, Numbers)):
            self._check(name, lambda: [bytes(thing)])
        elif hasattr(thing, "what_it_compiles"):
            self._later(name, {"": thing.what_it_compiles})
        else:
            self._visit_object(name, thing)

    def _visit_function(self, name: str, function: types.FunctionType) -> None:
        if is_library(function.__module__) and function not in self.roots.values():
            return
        code = function.__code__
        for cell_name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self._check(cell_name, functools.partial(_contents, cell))
            self._later("", {cell_name: _contents(cell)[0]})
        self._check(name, lambda: [function.__defaults__, function.__kwdefaults__])
        self._later(name, {"": function.__defaults__, "defaults": function.__kwdefaults__})
        if is_library(function.__module__):
            return
        if vars(function):
            self._visit_container(name, vars(function))
        names = sorted({n for c in _codes(code) for n in c.co_names})
        self._names.update(names)
        world = function.__globals__
        used = [n for n in _global_names(code) if n in world]
        reached = [world[n] for n in used] + [_contents(c)[0] for c in function.__closure__ or ()]
        self.has_chance = self.has_chance or chance.is_named(names, reached)
        self._check("the globals", lambda: [world.get(n, MISSING) for n in used], used)
        for n in used:
            self._later("", {n: world[n]})
        for n in names:
            if n not in world and n in sys.modules:  # imported inside the function
                self._later("", {n: sys.modules[n]})

    def _visit_module(self, name: str, module: types.ModuleType, names: list[str]) -> None:
        used = [n for n in names if n in vars(module)]
        if is_library(module.__name__):  # only its settings, such as os.environ
            used = [n for n in used if not callable(vars(module)[n])]
        if used:
            self._check(name, lambda: [getattr(module, n, MISSING) for n in used])
            self._later(name, {n: vars(module)[n] for n in used})

    def _visit_container(self, name: str, container: Any) -> None:
        if len(container) > LARGEST:
            raise CompileError(
                f"{name} has {len(container):,} entries, too many to look after at each call; pass "
                "what is needed of it as an argument, or make an array of it"
            )
        if isinstance(container, dict):
            self._check(name, lambda: [*container.keys(), *container.values()])
            self._later(name, {str(key): value for key, value in container.items()})
        else:
            self._check(name, lambda: list(container))
            self._later(name, {str(i): value for i, value in enumerate(container)})

    def _visit_class(self, name: str, cls: type) -> None:
        for base in cls.__mro__:
            if base is object or is_library(base.__module__):
                continue
            own = vars(base)
            self._check(name, functools.partial(_own_parts, base))
            self._later(name, {k: _bare(v) for k, v in own.items() if k[:2] != "__"})
            special = {k: v for k, v in own.items() if k[:2] == "__"}
            self._later(
                name, {k: v for k, v in special.items() if isinstance(v, types.FunctionType)}
            )

    def _visit_object(self, name: str, thing: Any) -> None:
        self._visit_class(name, type(thing))
        slots = [s for base in type(thing).__mro__ for s in getattr(base, "__slots__", ())]
        if slots and not is_library(type(thing).__module__):
            self._check(name, lambda: [getattr(thing, s, MISSING) for s in slots])
            self._later(name, {s: getattr(thing, s, None) for s in slots})
        attributes = getattr(thing, "__dict__", None)
        if isinstance(attributes, Mapping):
            self._check(name, lambda: [*attributes.keys(), *attributes.values()])
            self._later(name, attributes)

    def _check(
        self, name: str, read: Callable[[], list[Any]], parts: list[str] | None = None
    ) -> None:
        self._checks.append((name, read, read()))
        if parts is not None:
            self._parts[id(read)] = [f"{part}:" for part in parts]

    def _later(self, name: str, things: Mapping[Any, Any]) -> None:
        """Visit these next, in their order."""
        found = [
            (f"{name}.{key}" if name and key else name or str(key), thing)
            for key, thing in things.items()
        ]
        self._waiting += found[::-1]


def _form(tensor: Any) -> list[Any]:
    """What of a tensor decides whether a program fits: all but its values."""
    array = tensor.data
    return [array, tensor.requires_grad, array.shape, array.dtype, array.strides]


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of a function, and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


@functools.cache
def _global_names(code: types.CodeType) -> list[str]:
    """The globals that a function reads, and those of the functions inside it."""
    reads = ("LOAD_GLOBAL", "LOAD_NAME")
    steps = [step for c in _codes(code) for step in dis.get_instructions(c)]
    return sorted({step.argval for step in steps if step.opname in reads})


def _values_of(array: np.ndarray) -> list[Any]:
    """What an array holds, to be compared; nothing if it is too large for that."""
    large = array.nbytes > LARGEST_ARRAY
    return [f"{array.dtype} {array.shape}", b"" if large else array.tobytes()]


def _contents(cell: Any) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # not assigned yet
        return [MISSING]


def _own_parts(cls: type) -> list[Any]:
    return [value for name, value in vars(cls).items() if name[:2] != "__"]


def _bare(thing: Any) -> Any:
    """The function of a property or of a static or class method."""
    if isinstance(thing, property):
        return thing.fget
    return getattr(thing, "__func__", thing)


@functools.cache
def is_library(module: str | None) -> bool:
    """Whether this is our own code, NumPy's or Python's, which read nothing of the user's."""
    root = (module or "").split(".")[0]
    return root in (OWN, "numpy") or (root in sys.stdlib_module_names and root != "__main__")


def _all_equal(now: list[Any], known: list[Any]) -> bool:
    return len(now) == len(known) and all(map(_equal, known, now))


def _equal(known: Any, now: Any) -> bool:
    if known is now:
        return True
    if not isinstance(known, NUMBERS) or type(known) is not type(now):
        return False
    return bool(known == now) or (known != known and now != now)
