"""`compile`: a function is written down as a program at its first call, and replayed later.

What a call gives back is a tensor with a graph of one node behind it: the whole function. Its
rule is the backward part of the program. Each call keeps what its backward pass needs, so any
number of results may be alive; memory is used again only where nobody holds it any more.
"""

from __future__ import annotations

import builtins
import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from sys import getrefcount
from typing import Any

import numpy as np

from .. import display
from ..changes import _owner, mark_changed, next_serial
from ..engine import (
    NO_PARAMS,
    NOTHING_FLOWS,
    Node,
    new_node,
    plain,
    recording,
    run_backward,
    set_grad_enabled,
)
from ..observing import observers
from ..ops import clone
from .chance import set_state, state_of
from .lines import DRAW, WRITE, CompileError, Program, Value, leaves, mapped
from .outside import NUMBERS, Survey
from .passes import clean
from .text import OtherAnswer, Text
from .tracing import Tracer, per_use, run_recorded, trace, with_backward

MANY = 64
"""How many programs one function may have: one for each set of shapes, dtypes and numbers."""

FEW, WORTH = 16, 100
"""After so many programs a new one is written only if each was replayed so often on average.

Writing one takes as long as some hundred ordinary steps.
"""


def compile(function: Callable[..., Any]) -> Compiled:
    """`function` written down as a straight line of NumPy calls, and replayed: the same bits.

    function  of tensors and arrays, which are given to it as tensors; it may return nested
              tuples, lists and dicts of tensors

    The first call with each set of shapes, dtypes and numbers runs the function and writes its
    program down (`.source`). The second also runs the ordinary way, and is compared to the bit.
    Parameters and other tensors from outside are read anew at each call, and numbers and flags
    from outside are looked after: if one has changed, a new program is written. Where programs
    are written again and again and hardly used, a warning says what keeps changing, and calls
    that fit none run the ordinary way. A number that changes is best passed as a tensor.

    Gradients of a result that are recorded (`create_graph=True`) are right up to rounding: to have
    their bits, too, compile the function that computes them.

    Raises CompileError where Python does what no program can hold, such as a branch on a value.

    >>> double = tg.compile(lambda x: x * 2)
    >>> double(tg.tensor([1.0, 2.0]))
    tensor([2., 4.])
    """
    return Compiled(function)


class Compiled:
    """What `compile` gives: called like the function, it replays its program.

    function  a function or a model: see `compile`

    `source` is the program of the latest call, as text. Raises TypeError if `function` cannot be
    called.

    >>> double = tg.compile(lambda x: x * 2)
    >>> double(tg.tensor([1.0, 2.0])), double
    (tensor([2., 4.]), <compiled function, 1 programs>)
    """

    def __init__(self, function: Callable[..., Any]):
        if not callable(function):
            raise TypeError(f"compile() takes a function or a model, not {function!r:.60}")
        self.function = function
        self.name = getattr(function, "__qualname__", type(function).__name__)
        self.name = self.name.rsplit("<locals>.", 1)[-1].replace("<lambda>", "function")
        self._programs: dict[Any, list[Replay]] = {}
        self._latest: Replay | None = None
        self._written = self._replayed = 0
        self._described: dict[str, str] = {}

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if observers:  # someone watches the ordinary steps: take them
            return self._run_ordinarily(args, kwargs)
        tensors: list[Any] = []
        key = _signature(args, kwargs, tensors)
        for replay in self._programs.get(key, ()):
            if replay.survey.still_holds():
                if replay.meets_outside(tensors):
                    return self._run_ordinarily(args, kwargs)
                try:
                    result = replay.run(tensors, args, kwargs)
                except OtherAnswer:
                    continue
                self._latest = replay
                self._replayed += 1
                return result
        if self._written >= FEW and self._replayed < WORTH * self._written:
            self._warn(key, args, kwargs)
            return self._run_ordinarily(args, kwargs)
        return self._write_down(key, args, kwargs)

    def _run_ordinarily(self, args: Any, kwargs: Any) -> Any:
        args, kwargs = (_with_tensors(part, _as_tensor) for part in (args, kwargs))
        return self.function(*args, **kwargs)

    def _warn(self, key: Any, args: Any, kwargs: Any) -> None:
        """Say once that programs are not worth writing, and what keeps changing."""
        if not self._described:
            return
        before, self._described = self._described, {}
        now = _described(self.function, args, kwargs)
        changed = [
            f"{n} was {before.get(n)} and is {now[n]}" for n in now if now[n] != before.get(n)
        ]
        if not changed and key in self._programs:
            survey = self._programs[key][0].survey
            changed = [] if survey.still_holds() else [survey.differences()]
        warnings.warn(
            f"{self.name} was written down as a program {self._written} times, and only "
            f"{self._replayed} calls could use one, since something changes from call to call: "
            f"{', '.join(changed) or 'a choice that it makes by values'}. Calls that fit no "
            "program run the ordinary way now. Pass a number that changes as a tensor, "
            "tg.tensor(number), and one program fits all its values",
            stacklevel=3,
        )

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a decorator of a method: one program for each instance."""
        if instance is None or not hasattr(self.function, "__get__"):
            return self
        name = f"_compiled_{self.name.replace('.', '_')}"
        known = vars(instance).get(name)
        method = getattr(known, "function", None)
        mine = getattr(method, "__self__", None) is instance  # not so after copy.copy()
        if not mine or getattr(method, "__func__", None) is not self.function:
            known = Compiled(self.function.__get__(instance))
            object.__setattr__(instance, name, known)
        return known

    def __reduce__(self) -> Any:
        """Copied and pickled without its programs, which belong to the objects that it reads."""
        return Compiled, (self.function,)

    @property
    def what_it_compiles(self) -> Callable[..., Any]:
        """What decides what a call gives; the programs do not (see `outside.py`)."""
        return self.function

    def _write_down(self, key: Any, args: Any, kwargs: Any) -> Any:
        replay, result = _first_call(self, args, kwargs)
        self._written += 1
        if self._written >= FEW:
            self._described = _described(self.function, args, kwargs)
        known = self._programs.setdefault(key, [])
        known.insert(0, replay)
        del known[MANY:]
        while len(self._programs) > MANY:
            del self._programs[next(iter(self._programs))]
        self._latest = replay
        return result

    @property
    def source(self) -> str:
        """The program of the latest call, as Python text."""
        return self._latest_one().source

    @property
    def program(self) -> Program:
        """The program of the latest call, as lines: what `source` is the text of."""
        return self._latest_one().cleaned

    def _latest_one(self) -> Replay:
        if self._latest is None:
            raise CompileError(
                f"{self.name} has not been called yet; its program is written at the first call"
            )
        return self._latest

    def __repr__(self) -> str:
        return f"<compiled {self.name}, {sum(map(len, self._programs.values()))} programs>"

    def _repr_html_(self) -> str:
        count = sum(map(len, self._programs.values()))
        about = f"compiled {self.name}, {count} program{'s' if count != 1 else ''}"
        if self._latest is None:
            return display.block(display.note(f"{about}: it has not been called yet"))
        return display.block(
            display.note(f"{about}; the latest:" if count > 1 else f"{about}:"),
            display.code(self._latest.source),
        )


# ------------------------------------------------------------------------------ which program


def _signature(args: Any, kwargs: Any, tensors: list[Any]) -> Any:
    """What decides which program fits: shapes, dtypes and layouts, and numbers by value.

    Puts the tensors and arrays among the arguments into `tensors`.
    """
    key: list[Any] = [recording.get()]
    for part in args:
        _sign(part, key, tensors)
    if kwargs:
        key.append("keywords")
        _sign(kwargs, key, tensors)
    if len(tensors) > 1:
        ids = [id(plain(x)) for x in tensors]
        if len(set(ids)) < len(ids):
            key += map(ids.index, ids)
    return tuple(key)


def _sign(part: Any, key: list[Any], tensors: list[Any]) -> None:
    if isinstance(part, Node):
        array = part.data
        tensors.append(part)
        key += (array.shape, array.dtype, part.requires_grad)
    elif isinstance(part, np.ndarray):
        array = part
        tensors.append(part)
        key += (array.shape, array.dtype)
    elif isinstance(part, NUMBERS):
        key += (type(part), repr(part))
        return
    elif isinstance(part, (tuple, list)):
        key += (type(part), len(part))
        for inner in part:
            _sign(inner, key, tensors)
        return
    elif isinstance(part, dict):
        key += (dict, *part)
        for inner in part.values():
            _sign(inner, key, tensors)
        return
    else:
        key.append(id(part))
        return
    if not array.flags.c_contiguous:
        key.append(array.strides)


# -------------------------------------------------------------------------------- the first call


def _first_call(owner: Compiled, args: Any, kwargs: Any) -> tuple[Replay, Any]:
    """Run the function and write down what it does: the program, and the ordinary result."""
    survey = Survey({"": owner.function, **_objects(args, kwargs)})
    tracer = Tracer(owner.name, survey)
    named = list(_named_leaves(owner.function, args, kwargs))
    names = iter([name for name, x in named if isinstance(x, (np.ndarray, Node))])
    given: list[Any] = []
    with_gradient = {id(x.data) for _, x in named if isinstance(x, Node) and x.requires_grad}

    def take(part: Any) -> Any:
        name = next(names)
        tensor = _as_tensor(part)
        is_shared = id(tensor.data) in survey.holders or id(tensor.data) in with_gradient
        if is_shared and not tensor.requires_grad and id(tensor) not in survey.ids:
            tensor = new_node(tensor.data.view())  # to tell it from who has the same memory
        for other in given:
            if other.data is tensor.data and other is not tensor and tensor.requires_grad:
                raise CompileError(
                    f"{owner.name} cannot be compiled: two of its arguments are different tensors "
                    f"on the same memory, which both require a gradient (one is {name}); a program "
                    "could not tell them apart: pass one, or a clone()"
                )
        if id(tensor.data) in survey.holders:
            raise CompileError(
                f"{owner.name} cannot be compiled: its argument {name} is also found outside, as "
                f"{survey.holders[id(tensor.data)][1]}; a program could not tell them apart"
            )
        if id(tensor.data) not in tracer.known:
            tracer.add_input(name, tensor.data)
        given.append(tensor)
        return tensor

    args, kwargs = _with_tensors(args, take), _with_tensors(kwargs, take)
    flags = [x.requires_grad for x in given]
    tracer.sources = {id(x) for x in given} | {id(x) for x, _ in survey.holders.values()}
    tracer.doubles = {id(x) for x in survey.tensors if x.requires_grad} - tracer.sources
    result = trace(tracer, lambda: owner.function(*args, **kwargs))
    if flags != [x.requires_grad for x in given]:
        raise CompileError(
            f"{owner.name} cannot be compiled: it changes requires_grad of an argument, which a "
            "replay would not do; use x.detach().requires_grad_() inside"
        )
    survey.look_after_values({id(v.array) for v in tracer.inputs})
    if not survey.still_holds():
        raise CompileError(
            f"{owner.name} cannot be compiled: while it ran it changed something outside "
            f"({survey.differences()}), which a replay would not do; do that outside of it"
        )
    return Replay(owner, tracer, survey, given, result), result


def _objects(args: Any, kwargs: Any) -> dict[str, Any]:
    """The arguments that are neither tensors nor numbers: models, for example."""
    found = [*leaves(args), *leaves(kwargs)]
    kinds = (np.ndarray, Node, *NUMBERS)
    return {f"argument{i}": x for i, (_, x) in enumerate(found) if not isinstance(x, kinds)}


def _described(function: Any, args: Any, kwargs: Any) -> dict[str, str]:
    """What the arguments are, by name: numbers by value, tensors by dtype and shape."""

    def words(leaf: Any) -> str:
        if isinstance(leaf, (np.ndarray, Node)):
            return f"{plain(leaf).dtype} {plain(leaf).shape}"
        return f"{leaf!r:.60}" if isinstance(leaf, NUMBERS) else f"a {type(leaf).__name__}"

    return {name: words(leaf) for name, leaf in _named_leaves(function, args, kwargs)}


def _named_leaves(function: Any, args: Any, kwargs: Any) -> Iterator[tuple[str, Any]]:
    """The arguments, and what stands in lists and dicts of them, each with a name."""
    function = getattr(function, "forward", function)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]
    given = [(names[i] if i < len(names) else f"x{i}", part) for i, part in enumerate(args)]
    for name, part in [*given, *kwargs.items()]:
        for path, leaf in leaves(part):
            yield name + "".join(c if c.isalnum() else "_" for c in path.strip("[]")), leaf


def _as_tensor(part: Any) -> Any:
    return part if isinstance(part, Node) else new_node(part)


def _with_tensors(thing: Any, take: Callable[[Any], Any]) -> Any:
    """The same structure with `take(x)` for each tensor and array in it."""
    return mapped(thing, lambda x: take(x) if isinstance(x, (np.ndarray, Node)) else x)


# ------------------------------------------------------------------------------------ replaying


class Replay:
    """One program of a function, and all that it takes to run it again."""

    def __init__(
        self, owner: Compiled, tracer: Tracer, survey: Survey, given: list[Any], result: Any
    ):
        self.owner = owner
        self.survey = survey
        self._refuse_arrays(result)
        for _, leaf in leaves(result):
            tracer.value_of(leaf)  # what comes from outside becomes an input
        places = {id(x.data): i for i, x in reversed([*enumerate(given)])}
        self.inputs = [(places.get(id(v.array), 0), tracer.holders.get(v)) for v in tracer.inputs]
        sources = [given[i] if h is None else h for i, h in self.inputs]
        self.flags = [isinstance(x, Node) and x.requires_grad for x in sources]
        self._read_results(tracer, result, sources)
        program = Program(tracer.inputs, tracer.lines, self.outputs)
        wanted = [v for v, flag in zip(tracer.inputs, self.flags, strict=True) if flag]
        self.uses = per_use(program, wanted) if self.differentiable else []
        whole, self.used = program, list[int]()
        if self.uses:
            whole, self.used = with_backward(
                owner.name, program, self.differentiable[:1], self.uses
            )
        self.program = program
        cleaned = self.cleaned = clean(whole)
        self.written = [program.inputs.index(x.answer) for x in program.lines if x.effect == WRITE]
        self.draws = [x.out for x in cleaned.lines if x.effect == DRAW and x.out is not None]
        text = Text(owner.name, cleaned, self.draws if self.uses else [])
        self.source = text.source
        self.saved = text.saved
        for _, leaf in leaves(result):  # the first result must not be what later ones copy
            if isinstance(leaf, Node) and id(_owner(leaf.data)) in text.fixed:
                leaf.data = np.copy(leaf.data)
        names: dict[str, Any] = dict(text.namespace)
        exec(builtins.compile(text.source, f"<{owner.name}, compiled>", "exec"), names)
        names.update(text.namespace)
        self.forward, self.backward = names["forward"], names.get("backward", _no_backward)
        self.rooms = Rooms(text.rooms["forward"])
        self.rooms_back = Rooms(text.rooms.get("backward", []))
        self.use_sources = [tracer.inputs.index(v) for *_, v in self.uses]
        self.needed = _needed_inputs(program, self.differentiable)
        self.op = CompiledOp(self)
        self.parts_of = [PartOf(k) for k in range(len(self.differentiable))]
        self.verified = False
        lines = whole.lines + cleaned.lines
        for value in {v for line in lines for v in (*line.uses(), line.out) if v}:
            if value.kind != "constant":  # let go of the memory of the first call
                value.array = np.broadcast_to(np.zeros((), value.dtype), value.shape)

    def _refuse_arrays(self, result: Any) -> None:
        for _, leaf in leaves(result):
            if not isinstance(leaf, (Node, *NUMBERS)):
                is_array = isinstance(leaf, np.ndarray)
                kind = f"NumPy array of shape {leaf.shape}" if is_array else type(leaf).__name__
                raise CompileError(
                    f"{self.owner.name} cannot be compiled: it returns a {kind}; return a tensor, "
                    "or tuples, lists and dicts of tensors and numbers"
                )

    def _read_results(self, tracer: Tracer, result: Any, sources: list[Any]) -> None:
        """What the function returned: values, or what came in, or plain numbers."""
        self.outputs: list[Value] = []
        self.results: list[Any] = []
        self.differentiable: list[Value] = []

        def read(leaf: Any) -> Any:
            value = tracer.value_of(leaf)
            known = leaf.op is not None or id(leaf) in (tracer.sources or ())
            if tracer.is_written(leaf.data):
                raise CompileError(
                    f"{self.owner.name} cannot be compiled: it returns a tensor that it writes "
                    "into, or a view of it; return a clone()"
                )
            carries = leaf.requires_grad and not _was_freed(leaf)
            leads_outside = any(id(x) in (tracer.sources or ()) for x in _behind(leaf))
            if carries and not (known and leads_outside):
                raise CompileError(
                    f"{self.owner.name} cannot be compiled: it returns a tensor whose graph begins "
                    "at a tensor that was made inside, which a replay would not make; return it "
                    "detach()ed, or make that tensor outside"
                )
            if value.kind == "input":
                source = tracer.inputs.index(value)
                return Result(source=source, is_source=leaf is sources[source])
            if value not in self.outputs:
                self.outputs.append(value)
            if carries and value not in self.differentiable:
                self.differentiable.append(value)
            return Result(self.outputs.index(value), carries)

        self.structure = _with_tensors(result, read)

    def meets_outside(self, tensors: list[Any]) -> bool:
        """Whether an argument is also found outside, or lies in memory that is written into."""
        if not self.survey.ids.isdisjoint(map(id, tensors)):
            return True
        if not self.written:
            return False
        owners = {id(_owner(plain(self.inputs[k][1]))) for k in self.written}
        return not owners.isdisjoint([id(_owner(plain(x))) for x in tensors])

    def run(self, tensors: list[Any], args: Any, kwargs: Any) -> Any:
        """The results for new arguments; the second time, compared with the ordinary ones."""
        if self.verified:
            return self._replayed(tensors)
        check = SecondCall(self, tensors)
        result = self._replayed(tensors)
        check.compare(result, args, kwargs)
        self.verified = True
        return result

    def _replayed(self, tensors: list[Any]) -> Any:
        serial = next_serial()  # before anything is written
        sources = [tensors[i] if h is None else h for i, h in self.inputs]
        arrays = list(map(plain, sources))
        rooms = self.rooms.take()
        try:
            outputs, saved = self.forward(*arrays, rooms)
        except (ValueError, IndexError, ZeroDivisionError) as error:
            raise type(error)(f"{self.owner.name}, compiled: {error}") from error
        self.rooms.give_back(rooms)
        for k in self.written:
            mark_changed(arrays[k])
        nodes = self._record(sources, arrays, saved, outputs, serial) if self.uses else {}
        return _with_results(self.structure, lambda r: self._result(r, sources, outputs, nodes))

    def _result(self, result: Result, sources: Any, outputs: Any, nodes: Any) -> Any:
        if result.output is None:
            source = sources[result.source]
            return _as_tensor(source) if result.is_source else new_node(plain(source))
        if result.carries:
            return nodes[self.outputs[result.output]]
        return new_node(np.asarray(outputs[result.output]))

    # ---- the graph: one node for the function, and one for each of several results

    def _record(
        self, sources: Any, arrays: Any, saved: Any, outputs: Any, serial: int
    ) -> dict[Value, Any]:
        inputs = [sources[k] for k in self.use_sources]
        inputs += [arrays[k] for k in self.needed]
        inputs += [saved, Saved(arrays, saved)]  # the engine looks whether one was changed
        found = [np.asarray(outputs[self.outputs.index(v)]) for v in self.differentiable]
        if len(found) == 1:
            return {self.differentiable[0]: _recorded(found[0], self.op, inputs, serial)}
        whole = _recorded(_NOTHING, self.op, inputs, serial)
        return {
            v: _recorded(array, part, [whole], next_serial())
            for v, array, part in zip(self.differentiable, found, self.parts_of, strict=True)
        }

    def gradients(self, g: Any, inputs: Any) -> list[Any]:
        """The gradient of each use, if it has one; `g` is that of the result, or of several."""
        saved: Saved = inputs[-1]
        by_output = g.by_output if isinstance(g, Parts) else {0: g}
        if list(by_output) == [0] and not isinstance(by_output[0], Node):
            rooms = self.rooms_back.take()
            try:
                found = self.backward(*saved.values, by_output[0], rooms)
            except OtherAnswer:  # in a rule of the user's: go the ordinary way
                return self._recorded_gradients(by_output, inputs)
            self.rooms_back.give_back(rooms)
            gradients: list[Any] = [NOTHING_FLOWS] * len(self.uses)
            for j, gradient in zip(self.used, found, strict=True):
                gradients[j] = np.asarray(gradient)
            return gradients
        return self._recorded_gradients(by_output, inputs)

    def _recorded_gradients(self, by_output: dict[int, Any], inputs: Any) -> list[Any]:
        """The same by running the lines on tensors: recorded, or of other results."""
        saved: Saved = inputs[-1]
        create_graph = recording.get()  # as the engine has set it
        env = {
            v: new_node(np.asarray(a))
            for v, a in zip(self.program.inputs, saved.arrays, strict=True)
        }
        drawn = saved.values[len(saved.values) - len(self.draws) :]
        env |= {v: new_node(np.asarray(a)) for v, a in zip(self.draws, drawn, strict=True)}
        leaves = {}
        with set_grad_enabled(True):
            for (place, i, _), x in zip(self.uses, inputs, strict=False):
                leaf = clone(x) if create_graph else new_node(plain(x))
                leaf.requires_grad = True
                leaves[place, i] = leaf
            run_recorded(self.program, env, leaves)
            outputs = [env[self.differentiable[k]] for k in by_output]
            seeds = [g if isinstance(g, Node) else np.asarray(g) for g in by_output.values()]
            found = run_backward(outputs, seeds, list(leaves.values()), create_graph, create_graph)
        on_tensors = any(isinstance(g, Node) for g in by_output.values())
        by_serial = {x.serial: g if on_tensors else plain(g) for x, g in found}
        return [by_serial.get(leaf.serial, NOTHING_FLOWS) for leaf in leaves.values()]


def _no_backward(*values: Any) -> Any:
    raise AssertionError("this program has no backward part")


@dataclass(frozen=True)
class Result:
    """A tensor that the function returns: an output of the program, or what came in."""

    output: int | None = None
    carries: bool = False
    source: int = 0
    is_source: bool = False


class Saved:
    """What one call keeps for its backward pass."""

    __slots__ = ("arrays", "values")

    def __init__(self, arrays: list[Any], values: tuple[Any, ...]):
        self.arrays = arrays
        self.values = values


class CompiledOp:
    """What the engine takes for the op behind a result: its rule is the backward program."""

    rules = ()

    def __init__(self, replay: Replay):
        self.replay = replay
        self.name = replay.owner.name

    def rule_for_each(self, g: Any, y: Any, *inputs: Any) -> Callable[[int], Any]:
        """The gradients of all uses, computed together."""
        return self.replay.gradients(g, inputs).__getitem__


class PartOf:
    """The op behind one of several results: it passes its gradient on to the whole."""

    name = "part"
    rule_for_each = None

    def __init__(self, k: int):
        self.rules = (lambda g, y, whole: Parts({k: g}),)


class Parts:
    """The gradients of several results, on their way to the function that gave them."""

    shape = (0,)
    dtype = np.dtype(np.float32)

    def __init__(self, by_output: dict[int, Any]):
        self.by_output = by_output

    def __add__(self, other: Parts) -> Parts:
        both = self.by_output | other.by_output
        return Parts({k: both[k] for k in sorted(both)})


_NOTHING = np.zeros(0, np.float32)


def _recorded(array: np.ndarray, op: Any, inputs: list[Any], serial: int) -> Any:
    node = new_node(array)
    node.requires_grad = True
    node.op, node.inputs, node.params, node.serial = op, inputs, NO_PARAMS, serial
    return node


class Rooms:
    """Memory that a program writes into: used again where nobody else holds it."""

    def __init__(self, arrays: list[np.ndarray]):
        self.like = [np.empty_like(array) for array in arrays]
        self._idle: list[list[np.ndarray]] = []

    def take(self) -> list[np.ndarray]:
        """Arrays for one run; no other run has them meanwhile."""
        try:
            rooms = self._idle.pop()
        except IndexError:
            return [np.empty_like(array) for array in self.like]
        for i in range(len(rooms)):
            if getrefcount(rooms[i]) > 2:  # the list and this call
                rooms[i] = np.empty_like(self.like[i])
        return rooms

    def give_back(self, rooms: list[np.ndarray]) -> None:
        """After the run: what it still needs is held by others."""
        self._idle.append(rooms)


def _behind(result: Any) -> Iterator[Any]:
    """Every tensor that carries the gradient of a result, itself included."""
    seen: set[int] = set()
    waiting = [result]
    while waiting:
        node = waiting.pop()
        if node.requires_grad and id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting += [x for x in node.inputs or () if isinstance(x, Node)]


def _was_freed(result: Any) -> bool:
    """Whether the function has walked back over the graph behind a result, and freed it."""
    return any(node.op is not None and node.inputs is None for node in _behind(result))


def _needed_inputs(program: Program, differentiable: list[Value]) -> list[int]:
    """The inputs that the results are computed from, by number."""
    needed = set(differentiable)
    for line in reversed(program.lines):
        if line.out in needed:
            needed.update(line.uses())
    return [k for k, v in enumerate(program.inputs) if v in needed]


def _with_results(thing: Any, make: Callable[[Result], Any]) -> Any:
    if isinstance(thing, Result):
        return make(thing)
    if isinstance(thing, tuple) and hasattr(thing, "_fields"):
        return type(thing)(*(_with_results(part, make) for part in thing))
    if isinstance(thing, (tuple, list)):
        return type(thing)(_with_results(part, make) for part in thing)
    if isinstance(thing, dict):
        return {name: _with_results(part, make) for name, part in thing.items()}
    return thing


# ------------------------------------------------------------------------------ the second call


class SecondCall:
    """The net below the proof: the second call is also run the ordinary way, and compared."""

    def __init__(self, replay: Replay, tensors: list[Any]):
        self.replay = replay
        self.tensors = tensors
        self.generators = [rng for rng, _ in replay.survey.generators.values()]
        self.states = [state_of(rng) for rng in self.generators]
        self.buffers = [
            (plain(replay.inputs[k][1]), plain(replay.inputs[k][1]).copy()) for k in replay.written
        ]

    def compare(self, result: Any, args: Any, kwargs: Any) -> None:
        """CompileError if the ordinary run gives another bit anywhere."""
        replay = self.replay
        gradients = self._gradients(result)
        after = [array.copy() for array, _ in self.buffers]
        self._set_back()
        taken = iter(self.tensors)

        def as_tensor(part: Any) -> Any:
            tensor = next(taken)
            return tensor if isinstance(tensor, Node) else new_node(tensor)

        args, kwargs = _with_tensors(args, as_tensor), _with_tensors(kwargs, as_tensor)
        ordinary = replay.owner.function(*args, **kwargs)
        pairs = [
            (path, a, b) for (path, a), (_, b) in zip(leaves(result), leaves(ordinary), strict=True)
        ]
        pairs += [
            (f"the gradient of input {k}", a, b)
            for k, (a, b) in enumerate(zip(gradients, self._gradients(ordinary), strict=True))
        ]
        pairs += [
            (f"buffer {k}", a, b)
            for k, (a, (b, _)) in enumerate(zip(after, self.buffers, strict=True))
        ]
        for where, a, b in pairs:
            if not _same(a, b):
                self._set_back()
                raise CompileError(
                    f"{replay.owner.name} cannot be compiled: run the ordinary way, its second "
                    f"call gives something else at {where or 'its result'}; does it depend on "
                    "something that no program can see, such as the time or a file?"
                )

    def _set_back(self) -> None:
        """Generators and buffers as they were before the call."""
        for rng, state in zip(self.generators, self.states, strict=True):
            set_state(rng, state)
        for array, before in self.buffers:
            array[...] = before

    def _gradients(self, result: Any) -> list[Any]:
        replay = self.replay
        if not replay.uses:
            return []
        outputs = [
            x
            for _, x in leaves(result)
            if isinstance(x, Node) and x.op is not None and not _was_freed(x)
        ]
        sources = [self.tensors[i] if h is None else h for i, h in replay.inputs]
        inputs = [x for x, flag in zip(sources, replay.flags, strict=True) if flag]
        gradients: list[Any] = []
        with _as_bare_leaves(inputs):
            for x in outputs:
                seed = np.ones(x.data.shape, x.data.dtype)
                pairs = run_backward([x], [seed], inputs, retain_graph=True)
                found = {leaf.serial: g for leaf, g in pairs}
                gradients += [found.get(leaf.serial) for leaf in inputs]
        return gradients


@contextmanager
def _as_bare_leaves(tensors: list[Any]) -> Iterator[None]:
    """Meanwhile, no hook on the tensors is called, and the graph behind them is not walked."""
    known = [(x, x.hooks, x.op) for x in {id(x): x for x in tensors}.values()]
    for x, _, _ in known:
        x.hooks = x.op = None
    try:
        yield
    finally:
        for x, hooks, op in known:
            x.hooks, x.op = hooks, op


def _same(a: Any, b: Any) -> bool:
    """Whether two results are equal in every bit; one NaN is like another."""
    a, b = plain(a), plain(b)
    if not isinstance(a, np.ndarray):
        return type(a) is type(b) and bool(a == b or a != a)
    if not isinstance(b, np.ndarray) or a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return bool((a == b).all())
    signs = np.signbit(a) == np.signbit(b)
    return bool((((a == b) & signs) | ((a != a) & (b != b))).all())
