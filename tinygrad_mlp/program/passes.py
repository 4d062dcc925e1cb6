"""Cleaning a program up: small passes, each a function from program to program.

Every pass leaves every bit of every result as it was. In their order:

- `keep_last_writes` and `checks_first` put in order what does something beside computing;
- `expand` writes some ops as the simpler ones that they are made of, so that parts can be shared;
- `drop_multiplied_by_one` and `drop_added_zero` take steps out that change nothing;
- `fold_constants` computes once what no input has a part in;
- `share_equal_lines` computes once what is computed twice;
- `drop_unused` leaves out what no result needs;
- `assign_rooms` lets a line write its result where a value has died (see `text.py`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import ops
from ..changes import _owner
from ..engine import new_node, plain
from ..observing import observe
from .lines import CHECK, DRAW, WRITE, Line, Program, Value, replaced, values_in
from .tracing import Tracer

LARGE = 8192
"""From how many bytes on it pays to write into memory that is there already."""


def clean(program: Program) -> Program:
    """All passes in their order, but for `assign_rooms`."""
    for clean_up in (
        keep_last_writes,
        checks_first,
        expand,
        drop_multiplied_by_one,
        drop_added_zero,
        fold_constants,
        share_equal_lines,
        drop_unused,
    ):
        program = clean_up(program)
    return program


# ---------------------------------------------------------------------------------- dead lines


def drop_unused(program: Program) -> Program:
    """Without the lines that no result needs. Draws, checks and writes stay: they do something."""
    needed = set(program.results)
    kept = []
    for line in reversed(program.lines):
        if line.out is None or line.effect == DRAW or line.out in needed:
            needed.update(line.uses())
            kept.append(line)
    return program.with_lines(kept[::-1])


def keep_last_writes(program: Program) -> Program:
    """Of several writes into one buffer, the last, at the end of the forward pass."""
    last = {id(line.answer): line for line in program.forward if line.effect == WRITE}
    forward = [line for line in program.forward if line.effect != WRITE]
    return program.with_lines(forward + list(last.values()) + program.backward)


def checks_first(program: Program) -> Program:
    """With the checks, and what they are about, before all else: nothing is done in vain."""
    needed: set[Value] = set()
    for line in reversed(program.forward):
        if line.effect == CHECK or line.out in needed:
            needed.update(line.uses())
    first = [x for x in program.forward if x.effect == CHECK or x.out in needed]
    now = set(map(id, first))
    rest = [x for x in program.forward if id(x) not in now]
    return program.with_lines(first + rest + program.backward)


# ------------------------------------------------------------------------------------ expanding


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    y = ops.matmul(x, ops.permute(weight, dims=(1, 0)))
    return y if bias is None else ops.add(y, bias)


def _softmax(x: Any, dim: Any, dtype: Any = None) -> Any:
    e = ops.exp(ops.sub(x, ops.amax(x, dim=dim, keepdim=True)))
    return ops.div(e, ops.sum(e, dim=dim, keepdim=True))


def _log_softmax(x: Any, dim: Any, dtype: Any = None) -> Any:
    shifted = ops.sub(x, ops.amax(x, dim=dim, keepdim=True))
    return ops.sub(shifted, ops.log(ops.sum(ops.exp(shifted), dim=dim, keepdim=True)))


def _cross_entropy(x: Any, target: Any, share: float = 1.0, total: bool = True) -> Any:
    shifted = ops.sub(x, ops.amax(x, dim=-1, keepdim=True))
    right = ops.getitem(shifted, index=plain(ops.is_class(target, classes=x.shape[-1])))
    totals = ops.sum(ops.exp(shifted), dim=-1, keepdim=True)
    if right.shape != target.shape:
        right = ops.reshape(right, shape=target.shape)
    losses = ops.sub(ops.log(ops.getitem(totals, index=(..., 0))), right)
    return ops.mul(ops.sum(losses) if total else losses, share)


EXPANSIONS: dict[str, Callable[..., Any]] = {
    "linear": _linear,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "cross_entropy": _cross_entropy,
}
"""How an op is made of others, with the same bits."""


def expand(program: Program) -> Program:
    """With the ops of `EXPANSIONS` written as what they are made of."""
    return program.with_lines([made for line in program.lines for made in _expanded(line)])


def _expanded(line: Line) -> list[Line]:
    made_of = EXPANSIONS.get(line.op)
    arrays = [x.array for x in line.inputs if isinstance(x, Value)]
    if made_of is None or line.params.get("dtype") is not None or not all(a.size for a in arrays):
        return [line]
    if len({a.dtype for a in arrays if a.dtype.kind == "f"}) > 1:
        return [line]
    tracer = Tracer(line.op)
    tracer._names = {line.out.name: 1}  # type: ignore[union-attr]
    inputs = [
        new_node(tracer.remember(x.array, x).array) if isinstance(x, Value) else x
        for x in line.inputs
    ]
    with observe(tracer):
        result = made_of(*inputs, **line.params)
    found = tracer.value_of(result)
    if not _same_bits(found.array, line.out.array):  # type: ignore[union-attr]
        return [line]
    lines = [made for made in tracer.lines if made.out is not None]  # the checks stand already
    for made in lines:
        made.is_backward = line.is_backward
        if made.out is not found:
            made.out.name = f"{line.out.name}_{made.op}"  # type: ignore[union-attr]
    return [_renamed(made, {found: line.out}) for made in lines]


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


# ------------------------------------------------------------------------- what changes nothing


def drop_multiplied_by_one(program: Program) -> Program:
    """Without x * 1 and x / 1: x itself, unless the copy that this makes is what is wanted."""

    def is_one(thing: Any) -> bool:
        array = thing.array if isinstance(thing, Value) and thing.kind == "constant" else thing
        return not isinstance(array, Value) and np.ndim(array) == 0 and bool(array == 1)

    def same_as(line: Line) -> Any:
        if line.op in ("mul", "div") and is_one(line.inputs[1]):
            return line.inputs[0]
        if line.op == "mul" and is_one(line.inputs[0]):
            return line.inputs[1]
        return None

    return _drop_copies(program, same_as)


# Their results are never -0, so that adding 0, which makes 0 of -0, changes nothing.
NEVER_MINUS_ZERO = {"exp", "abs", "softmax", "sigmoid"}


def drop_added_zero(program: Program) -> Program:
    """Without x + 0 where x cannot be -0."""
    made_by = {line.out: line.op for line in program.lines}

    def same_as(line: Line) -> Any:
        if line.op == "add":
            for x, other in (line.inputs, line.inputs[::-1]):
                zero = not isinstance(other, Value) and other is not None and other == 0
                if zero and made_by.get(x) in NEVER_MINUS_ZERO:
                    return x
        return None

    return _drop_copies(program, same_as)


def _drop_copies(program: Program, same_as: Callable[[Line], Any]) -> Program:
    """Without the lines whose result is that of `same_as`, where memory of its own is not needed.

    It is where the result, or a view of it, leaves the program, or where the other is an input.
    """
    leaving = {owner_of(v) for v in program.results}
    inside = {owner_of(line.out) for line in program.lines if line.out is not None}
    inside -= {owner_of(v) for v in program.inputs} | {owner_of(v) for v in program.seeds}
    instead: dict[Value, Value] = {}
    for line in program.lines:
        other = same_as(line)
        if not isinstance(other, Value) or other.kind == "constant" or line.out is None:
            continue
        fits = other.array.dtype == line.out.dtype and other.shape == line.out.shape
        fits = fits and other.array.strides == line.out.array.strides
        is_seed = other in program.seeds
        own = owner_of(other) in inside or (is_seed and owner_of(line.out) not in leaving)
        if fits and own and owner_of(line.out) not in leaving:
            instead[line.out] = instead.get(other, other)
    kept = [line for line in program.lines if line.out not in instead]
    return program.with_lines([_renamed(line, instead) for line in kept])


def owner_of(value: Value) -> int:
    """Which memory a value lies in."""
    return id(_owner(value.array))


# ------------------------------------------------------------------------------------ constants


def fold_constants(program: Program) -> Program:
    """With what no input has a part in computed once, now."""
    results = set(program.results)
    kept = []
    for line in program.lines:
        fixed = all(v.kind == "constant" for v in line.uses())
        if not fixed or line.effect or line.out in results:
            kept.append(line)
        else:
            line.out.kind = "constant"  # type: ignore[union-attr]
    return program.with_lines(kept)


# ---------------------------------------------------------------------------------- equal lines


def share_equal_lines(program: Program) -> Program:
    """With what is computed twice computed once, unless it leaves: each result has its memory."""
    leaving = {owner_of(v) for v in program.results}
    known: dict[Any, Value] = {}
    instead: dict[Value, Value] = {}
    kept = []
    for given in program.lines:
        line = _renamed(given, instead)
        key = None if line.out is None or owner_of(line.out) in leaving else _key(line)
        if key is not None and key in known:
            instead[line.out] = known[key]  # type: ignore[index]
            continue
        if key is not None:
            known[key] = line.out  # type: ignore[assignment]
        kept.append(line)
    return program.with_lines(kept)


def _key(line: Line) -> Any:
    """What two lines have in common that compute the same; None for what does something."""
    if line.effect or line.op == "clone":
        return None
    return id(line.made_by), _frozen(line.inputs), _frozen(line.params)


def _frozen(thing: Any) -> Any:
    if isinstance(thing, Value):
        return ("value", id(thing))
    if isinstance(thing, np.ndarray):
        return ("array", id(thing))
    if isinstance(thing, (tuple, list)):
        return tuple(map(_frozen, thing))
    if isinstance(thing, dict):
        return tuple(sorted((k, _frozen(v)) for k, v in thing.items()))
    if isinstance(thing, slice):
        return ("slice", _frozen((thing.start, thing.stop, thing.step)))
    if isinstance(thing, float):
        return (float, math.copysign(1, thing), repr(thing))
    return (type(thing), repr(thing))


# ---------------------------------------------------------------------------------------- rooms

_NOTHING = Value("nothing", np.zeros(0))


def assign_rooms(lines: list[Line], takes_out: set[str], held: Iterable[Value]) -> dict[Value, Any]:
    """Where each large result is written: into a dead `Value`, or a room, given by its number.

    held  what is needed after the last line: the results, and what the backward pass reads
    """
    last: dict[int, int] = {}
    for place, line in enumerate(lines):
        for value in (*line.uses(), *values_in(line.out)):
            last[owner_of(value)] = place
    last |= dict.fromkeys(map(owner_of, held), len(lines))
    where: dict[Value, Any] = {}
    rooms = 0
    free: list[tuple[int, Value]] = []  # from when on, and what lay there
    for place, line in enumerate(lines):
        value = line.out or _NOTHING
        if line.op not in takes_out or value.array.nbytes < LARGE:
            continue
        if value.array.base is not None:
            continue
        elementwise = line.op != "matmul"
        for entry in free:
            since, dead = entry
            if (since < place or (elementwise and since == place)) and _alike(dead, value):
                if not elementwise and any(owner_of(v) == owner_of(dead) for v in line.uses()):
                    continue
                where[value] = dead
                free.remove(entry)
                break
        else:
            where[value] = rooms
            rooms += 1
        free.append((last[owner_of(value)], value))
    return where


def _alike(a: Value, b: Value) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.array.strides == b.array.strides


# -------------------------------------------------------------------------------------- details


def _renamed(line: Line, instead: dict[Value, Any]) -> Line:
    """The line with values replaced by others; itself if it has none of them."""
    if not instead or (instead.keys().isdisjoint(line.uses()) and line.out not in instead):
        return line
    new = lambda v: instead.get(v, v)  # noqa: E731
    inputs, params = replaced(line.inputs, new), replaced(line.params, new)
    return dataclasses.replace(line, inputs=inputs, params=params, out=replaced(line.out, new))
