"""Tracing: a function is run once, and every op that it calls is written down as a line.

Which array is which is known by identity: what goes into an op is an argument, the result of an
earlier line, or was found outside of the function (`outside.py`). An array that is none of these
came out of Python beside the ops, and would be frozen into the program; so it is refused. So is
whatever looks at the values of a tensor meanwhile: a program cannot know what Python did next.

The backward pass needs no rules of its own: the engine runs the derivative rules, which are
written in ops, on tensors, and so they are traced like everything else.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeAlias

import numpy as np

from .. import engine, observing
from ..anomaly import users_line
from ..decisions import shape_of
from ..engine import OPS, Node, apply, new_node, plain, run_backward, set_grad_enabled
from ..observing import Observer, Place, array_of, observe, tracing
from ..tensor import Tensor, _plain_part, seed_of
from .chance import same_state, set_state, state_of, watched_for
from .lines import CHECK, DRAW, WRITE, CompileError, Line, Program, Value, replaced, values_in
from .outside import Survey, is_library

Use: TypeAlias = tuple[int, int, Value]
"""Where an input is used: minus the number of the line, the place in the line, the input."""


class Tracer(Observer):
    """Writes down what is computed, in this thread, as lines of a program."""

    writes_programs = True

    def __init__(self, name: str, survey: Survey | None = None):
        self.name = name
        self.survey = survey
        self.thread = threading.get_ident()
        self.inputs: list[Value] = []
        self.lines: list[Line] = []
        self.holders: dict[Value, Any] = {}
        self.states: dict[int, Any] = {}
        self.known: dict[int, Value] = {}
        self._kept: list[Any] = []
        self._names: dict[str, int] = {}
        self._targets: dict[int, Value] = {}
        self.before: list[tuple[np.ndarray, np.ndarray]] = []
        self._stale: set[int] = set()
        self.sources: set[int] | None = None
        self.doubles: set[int] = set()

    # ---- values

    def take_names(self, program: Program) -> None:
        """Give no name again that the program has."""
        for line in program.lines:
            if line.out is not None:
                self._names[line.out.name] = 1
        self._names |= {v.name: 1 for v in program.inputs}

    def add_input(self, name: str, array: np.ndarray) -> Value:
        """Let `array` be known as an input."""
        value = self.remember(array, Value(self._free_name(name), array, "input"))
        self.inputs.append(value)
        return value

    def remember(self, array: np.ndarray, value: Value) -> Value:
        """Let `array`, wherever it turns up, be this value."""
        self.known[id(array)] = value
        self._kept.append(array)  # so that no other array gets its id
        return value

    def value_of(self, thing: Any) -> Any:
        """The value that a tensor or an array is; numbers stay what they are."""
        array = data_of(thing) if isinstance(thing, Node) else thing
        if not isinstance(array, np.ndarray):
            return array
        if id(array) in self._stale:
            self.refuse("uses a view of a tensor that was written to since; make the view anew")
        if id(array) in self.known:
            return self.known[id(array)]
        holder, name = self.survey.holders.get(id(array), (None, "")) if self.survey else (None, "")
        if holder is None:
            self.refuse(
                f"computes with an array of shape {array.shape} that Python made beside the ops, "
                "and that would stay as it is now; make it of tensors with ops, or outside of the "
                "function, or pass it as an argument"
            )
        value = self.add_input(_identifier(name), array)
        self.holders[value] = holder
        return value

    def _free_name(self, name: str) -> str:
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}_{count}"

    def _mine(self) -> bool:
        return threading.get_ident() == self.thread

    # ---- what the engine shows

    def forward(self, op: Any, args: Any, arrays: Any, params: Any, raw: Any, node: Any) -> None:
        if not self._mine():
            return
        inputs = tuple(map(self._given, args, arrays))
        carries = tuple(map(self._carries, args))
        params = {name: self._parameter(p) for name, p in params.items()}
        cast = data_of(node) is not raw
        if id(raw) in self.known:  # an op that gives what it was given: not the same value
            raw = raw.view()
            if not cast:
                _slot.__set__(node, raw)
        out = self.remember(raw, Value(self._free_name(op.name), raw))
        recorded = node.requires_grad
        line = Line(op.name, op.forward, inputs, params, out, carries, recorded, None, op)
        self.lines.append(line)
        if op.name == "argwhere" or _is_by_mask(line):
            self.decided(shape_of, (raw,), {}, raw.shape)
        if cast:
            self._cast(out, data_of(node), node.requires_grad)

    def _carries(self, x: Any) -> bool:
        """Whether a gradient that flows back here gets outside of the function."""
        if not isinstance(x, Node) or not x.requires_grad:
            return False
        if id(x) in self.doubles:
            self.refuse(
                "uses one of two tensors that share their memory, of which both require a "
                "gradient; a program could not tell them apart"
            )
        return x.op is not None or self.sources is None or id(x) in self.sources

    def backward(self, op: Any, serial: int, i: int, x: Any, part: Any, g: Any) -> None:
        """Name a gradient after what it is the gradient of."""
        value = self.known.get(id(data_of(part))) if isinstance(part, Node) else None
        source = self.known.get(id(data_of(x)))
        if not self._mine() or value is None or source is None or value.kind != "made":
            return
        if not value.name.startswith("d_"):
            value.name = self._free_name(f"d_{source.name}")

    def made(self, array: np.ndarray) -> None:
        if self._mine() and id(array) not in self.known:
            self.remember(array, Value(self._free_name("constant"), array, "constant"))

    def decided(self, function: Any, values: Any, params: Any, answer: Any) -> None:
        if self._mine():
            inputs = tuple(map(self.value_of, values))
            drawn = {line.out for line in self.lines if line.effect == DRAW}
            if self._depends(inputs, drawn):
                self.refuse("decides by values that were drawn at random")
            self.lines.append(Line(CHECK, function, inputs, params, answer=answer))

    def _depends(self, inputs: Any, on: set[Any]) -> bool:
        """Whether values were computed from others."""
        reached = set(on)
        for line in self.lines:
            if not reached.isdisjoint(line.uses()):
                reached.add(line.out)
        return not reached.isdisjoint(v for v in inputs if isinstance(v, Value))

    def drew(self, rng: Any, draw: Any, array: np.ndarray) -> None:
        if not self._mine():
            return
        if rng is None:
            self.refuse("draws random numbers from a generator of its own; pass rng=")
        if isinstance(rng, np.random.Generator):
            self._see_state(rng)
        out = self.remember(array, Value(self._free_name("drawn"), array))
        self.lines.append(Line(DRAW, lambda: draw(np.random.default_rng(rng)), (), {}, out))

    def wrote(self, tensor: Any, array: np.ndarray) -> None:
        if not self._mine():
            return
        buffer = data_of(tensor)
        target = self._targets.get(id(buffer)) or self.value_of(tensor)
        if target not in self.holders:
            self.refuse("writes into a tensor; only those from outside, such as buffers, can be")
        if id(buffer) not in self._targets:
            self.before.append((buffer, buffer.copy()))
        self._targets[id(buffer)] = target
        outside = [h for h, _ in self.survey.holders.values()] if self.survey else []
        for other in [*map(_array_of, outside), *self._kept]:
            if other is not buffer and np.may_share_memory(other, buffer):
                self._stale.add(id(other))
        value = self.value_of(array)
        self.lines.append(Line(WRITE, np.copyto, (value,), answer=target))
        self.remember(buffer, value)  # from now on the buffer holds this

    def is_written(self, array: np.ndarray) -> bool:
        """Whether an array lies in memory that the function writes into."""
        written = [x.answer.array for x in self.lines if x.effect == WRITE]
        return any(np.may_share_memory(array, buffer) for buffer in written)

    def refuse(self, what: str) -> None:
        if self._mine():
            raise CompileError(f"{self.name} cannot be compiled: it {what}\n  {users_line()}")

    def watched_for_chance(self) -> AbstractContextManager[None]:
        """Inside, clocks and generators without a seed are refused, if any may be met."""
        if self.survey is None or not self.survey.has_chance:
            return nullcontext()

        def refuse(what: str) -> None:
            raise CompileError(f"{self.name} cannot be compiled: it {what}")

        return watched_for(refuse, is_library)

    # ---- random generators

    def _see_state(self, rng: np.random.Generator) -> None:
        """Note how a generator stands after a draw that was seen."""
        self.states[id(rng)] = state_of(rng)

    def check_generators(self, before: dict[int, Any]) -> None:
        """Refuse if a generator was drawn from by other ways than ours."""
        for key, (rng, name) in (self.survey.generators if self.survey else {}).items():
            if not same_state(state_of(rng), self.states.get(key, before[key])):
                self.refuse(
                    f"draws from {name} beside the ops, and what was drawn would stay the same; "
                    "draw outside of the function and pass it as an argument"
                )

    # ---- details

    def _given(self, arg: Any, array: Any) -> Any:
        """What an op was given: the value, cast first where the op computes with another dtype."""
        value = self.value_of(arg)
        original = data_of(arg) if isinstance(arg, Node) else arg
        if array is original or not isinstance(array, np.ndarray):
            return value if isinstance(value, Value) else array
        if not isinstance(value, Value):  # a number, or a list of numbers
            return self.remember(array, Value(self._free_name("constant"), array, "constant"))
        return self._cast(value, array, isinstance(arg, Node) and arg.requires_grad)

    def _cast(self, value: Value, array: np.ndarray, recorded: bool) -> Value:
        out = self.remember(array, Value(self._free_name(value.name), array))
        cast, params = OPS["astype"].op, {"dtype": array.dtype}
        self.lines.append(
            Line(cast.name, cast.forward, (value,), params, out, (recorded,), recorded, None, cast)
        )
        return out

    def _parameter(self, thing: Any) -> Any:
        """A parameter of an op, with values in the place of arrays."""
        if isinstance(thing, (np.ndarray, Node)):
            return self.value_of(thing)
        if isinstance(thing, Place):
            return self.value_of(thing.array)
        if isinstance(thing, (tuple, list)):
            return type(thing)(map(self._parameter, thing))
        return thing


def _is_by_mask(line: Line) -> bool:
    """Whether values are picked by a mask, so that other values have another shape."""
    return line.op == "getitem" and any(v.dtype == bool for v in values_in(line.params))


# ----------------------------------------------------------- nobody looks at values meanwhile

_slot: Any = vars(Node)["data"]
_grad_slot: Any = vars(Node)["grad"]


def data_of(tensor: Any) -> np.ndarray:
    """The array of a tensor, also while reading it is watched."""
    return _slot.__get__(tensor)  # type: ignore[no-any-return]


def _array_of(thing: Any) -> np.ndarray:
    return data_of(thing) if isinstance(thing, Node) else thing


def _codes(cls: Any, *names: str) -> set[Any]:
    return {getattr(vars(cls)[n], "fget", None) or vars(cls)[n] for n in names}


_MAY_LOOK = {
    f.__code__
    for f in _codes(
        Tensor,
        "shape",
        "ndim",
        "dtype",
        "dim",
        "numel",
        "detach",
        "to",
        "size",
        "_write",
        "__len__",
        "requires_grad_",
    )
} | {seed_of.__code__, _plain_part.__code__}
"""What reads no values, but shapes and dtypes, or hands the array on as it is."""


def _watched(tensor: Any) -> np.ndarray:
    mine = [t for t in tracing if isinstance(t, Tracer) and t._mine()]
    if mine:
        frame: Any = sys._getframe(1)
        if frame.f_code in (plain.__code__, array_of.__code__):  # it is asked for by who called
            frame = frame.f_back
        rooms = (vars(engine), vars(observing), globals())
        if frame.f_code not in _MAY_LOOK and not any(frame.f_globals is r for r in rooms):
            mine[-1].refuse(
                "looks at the values of a tensor (by float(), bool(), .item(), .data, .numpy() or "
                "NumPy), and what it does with them would stay as it is now; compute with ops "
                "(where() for a choice), or return the tensor and look at it outside"
            )
    return data_of(tensor)


def _watched_grad(tensor: Any) -> Any:
    if sys._getframe(1).f_globals is not vars(engine):
        for tracer in tracing:
            if isinstance(tracer, Tracer):
                tracer.refuse("reads .grad of a tensor; pass it as an argument")
    return _grad_slot.__get__(tensor)


def _set_watched(tensor: Any, array: np.ndarray) -> None:
    name = sys._getframe(1).f_globals["__name__"]
    for tracer in tracing:
        if isinstance(tracer, Tracer) and tracer._mine() and name != engine.__name__:
            tracer.refuse("sets .data of a tensor; do it outside of the function")
    _slot.__set__(tensor, array)


_lock = threading.Lock()
_open = 0


@contextmanager
def watched_values() -> Iterator[None]:
    """Meanwhile, whoever reads the values of a tensor in a function being traced is refused."""
    global _open
    with _lock:
        _open += 1
        setattr(Tensor, "data", property(_watched, _set_watched))  # noqa: B010
        setattr(Tensor, "grad", property(_watched_grad, _grad_slot.__set__))  # noqa: B010
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if not _open:
                delattr(Tensor, "data")
                delattr(Tensor, "grad")


# ------------------------------------------------------------------------------- the programs


def trace(tracer: Tracer, function: Callable[[], Any]) -> Any:
    """What `function` gives, while `tracer` writes down how; if it fails, all is as before."""
    generators = tracer.survey.generators if tracer.survey else {}
    before = {key: state_of(rng) for key, (rng, _) in generators.items()}
    try:
        with watched_values(), observe(tracer), tracer.watched_for_chance():
            result = function()
            tracer.check_generators(before)
    except BaseException:  # generators and buffers as if nothing had been run
        for key, (rng, _) in generators.items():
            set_state(rng, before[key])
        for buffer, values in tracer.before:
            buffer[...] = values
        raise
    return result


def per_use(program: Program, wanted: Sequence[Value]) -> list[Use]:
    """Where gradients flow into the `wanted` inputs, last use first.

    An input that is used several times gets a gradient for each use, so that the engine adds them
    up in the order in which it always does.
    """
    uses = [
        (-place, i, x)
        for place, line in enumerate(program.forward)
        for i, (x, carries) in enumerate(zip(line.inputs, line.carries, strict=False))
        if carries and x in wanted
    ]
    return sorted(uses, key=lambda use: use[:2])


def run_recorded(
    program: Program,
    env: dict[Value, Any],
    leaves: dict[tuple[int, int], Any],
    after: Callable[[Line, Any], None] = lambda line, result: None,
) -> None:
    """Run the forward part on tensors, so that the engine records it.

    env     what each value is, as a tensor: inputs and draws; the others are added
    leaves  what stands for an input in one of its uses, by (-line, place in the line)
    """

    def read(value: Value) -> Any:
        if value not in env:  # a constant
            env[value] = new_node(value.array)
        return env[value]

    for place, line in enumerate(program.forward):
        if not line.effect:
            inputs: list[Any] = []
            for i, (x, carries) in enumerate(zip(line.inputs, line.carries, strict=True)):
                if (-place, i) in leaves:
                    inputs.append(leaves[-place, i])
                elif isinstance(x, Value):
                    inputs.append(read(x) if carries else _detached(read(x)))
                else:
                    inputs.append(x)
            params = replaced(line.params, lambda v: plain(read(v)))
            with set_grad_enabled(line.recorded):
                env[line.out] = apply(line.made_by, tuple(inputs), params)  # type: ignore[index]
        after(line, env.get(line.out))  # type: ignore[arg-type]


def _detached(node: Any) -> Any:
    return new_node(data_of(node)) if node.requires_grad else node


def with_backward(
    name: str, program: Program, outputs: Sequence[Value], uses: Sequence[Use]
) -> tuple[Program, list[int]]:
    """The program that also gives the gradients of `outputs`, and of which uses they are.

    The rules are run on tensors, and traced.
    """
    tracer = Tracer(name)
    tracer.take_names(program)
    env = {v: new_node(tracer.remember(v.array, v).array) for v in program.inputs}
    for line in program.lines:
        for value in line.uses():
            if value.kind == "constant":
                env[value] = new_node(tracer.remember(value.array, value).array)
        if line.effect == DRAW and line.out is not None:
            env[line.out] = new_node(tracer.remember(line.out.array, line.out).array)
    leaves = {}
    for place, i, value in uses:
        leaves[place, i] = leaf = new_node(value.array)
        leaf.requires_grad = True
    forward: list[Line] = []

    def after(line: Line, result: Any) -> None:
        forward.append(line)
        if line.out is not None:
            tracer.remember(data_of(result), line.out)

    with watched_values(), observe(tracer):
        run_recorded(program, env, leaves, after)
        tracer.lines.clear()  # these lines stand already
        seeds = [np.ones(v.shape, v.dtype) for v in outputs]
        seed_values = [
            tracer.add_input(f"d_{v.name}", seed) for v, seed in zip(outputs, seeds, strict=True)
        ]
        found = run_backward([env[v] for v in outputs], seeds, list(leaves.values()))
        by_serial = {x.serial: tracer.value_of(g) for x, g in found}
    used, gradients = [], []
    for j, (place, i, value) in enumerate(uses):
        gradient = by_serial.get(leaves[place, i].serial)
        if gradient is not None:
            used.append(j)
            gradients.append(gradient)
            if gradient.kind == "made":
                gradient.name = f"d_{value.name}"
    for line in tracer.lines:
        line.is_backward = True
    lines = forward + tracer.lines
    return Program(program.inputs, lines, program.outputs, gradients, seed_values), used


def _identifier(name: str) -> str:
    """A Python name out of where something was found: `model.0.weight` is layer0_weight."""
    parts = [p for p in name.split(".") if p]
    if len(parts) > 2 or (len(parts) == 2 and parts[0] in ("model", "self", "net", "network")):
        parts = parts[1:]
    words = [f"layer{p}" if p.isdigit() else p for p in parts]
    text = "_".join("".join(c if c.isalnum() else "_" for c in w) for w in words) or "outside"
    return text if not text[0].isdigit() else f"_{text}"
