"""The program as Python: what is printed, and also what is run.

Most ops are one NumPy call, and are written as such (`CALLS`); the others are called by their
name from `ops.py`, which on arrays are plain NumPy, too.
"""

from __future__ import annotations

import dataclasses
import keyword
import re
import textwrap
import unicodedata
from collections.abc import Callable
from types import EllipsisType
from typing import Any

import numpy as np

from .lines import CHECK, DRAW, WRITE, CompileError, Line, Program, Value, mapped
from .outside import NUMBERS, is_library
from .passes import assign_rooms, owner_of

RESERVED = {
    *keyword.kwlist,
    *("forward", "backward", "room", "room_forward", "room_backward"),
    *("bool", "int", "float", "slice", "Ellipsis"),
}
"""What no value and nothing that is called may be named."""

WRITTEN = (bool, int, float, *np.sctypeDict.values())
"""Types that are written down as they are."""

UFUNCS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "exp": "exp",
    "log": "log",
    "sqrt": "sqrt",
    "tanh": "tanh",
    "sin": "sin",
    "cos": "cos",
    "maximum": "maximum",
    "minimum": "minimum",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
}
"""Ops that are a ufunc of NumPy, and its name."""

TAKES_OUT = {*UFUNCS, "relu", "neg", "matmul"}
"""Ops that can write their result into memory that is there already."""


def _sum(line: Line, x: str) -> str:
    given, before = _axes(line), line.inputs[0].dtype
    dtype = np.dtype(line.params.get("dtype") or before)
    x = x if dtype == before else f"{x}.astype(np.{dtype})"
    is_float = dtype.kind == "f"
    wide = f"{x}.sum({given}{', ' if given and is_float else ''}{'dtype=np.float64' * is_float})"
    return wide if dtype in (np.float64, np.int64) else f"{wide}.astype(np.{dtype})"


def _axes(line: Line) -> str:
    dim = line.params.get("dim")
    if isinstance(dim, (tuple, list)) and len(dim) == 1:
        dim = dim[0]
    parts = [] if dim is None or line.inputs[0].array.ndim == 0 else [f"axis={_shown(dim)}"]
    return ", ".join(parts + ["keepdims=True"] * bool(line.params.get("keepdim")))


CALLS: dict[str, Callable[..., str]] = {
    "relu": lambda line, x, out: f"np.maximum({x}, 0{out})",
    "neg": lambda line, x, out: f"np.negative({x}{out})" if out else f"-{x}",
    "matmul": lambda line, a, b, out: f"np.matmul({a}, {b}{out})" if out else f"{a} @ {b}",
    "permute": lambda line, x, out: (
        f"{x}.T" if _is_transposed(line) else f"{x}.transpose({_shown(tuple(line.params['dims']))})"
    ),
    "transpose": lambda line, x, out: (
        f"{x}.swapaxes({line.params['dim0']}, {line.params['dim1']})" if line.inputs[0].shape else x
    ),
    "reshape": lambda line, x, out: f"{x}.reshape({_shown(tuple(line.params['shape']))})",
    "clone": lambda line, x, out: f"{x}.copy()",
    "astype": lambda line, x, out: f"{x}.astype(np.{np.dtype(line.params['dtype'])})",
    "getitem": lambda line, x, out: f"{x}[{_index(line.params['index'])}]",
    "sum": lambda line, x, out: _sum(line, x),
    "amax": lambda line, x, out: f"{x}.max({_axes(line)})",
}
"""How an op is written, if it is no ufunc: a function of the line, its inputs and `, out=...`."""


def _is_transposed(line: Line) -> bool:
    """Whether a permute reverses all dimensions, as .T does."""
    dims = tuple(line.params["dims"])
    return dims == tuple(reversed(range(len(dims))))


class Text:
    """A program written as Python.

    source     the text
    namespace  what its names stand for when it is run
    fixed      the memory that holds what never changes
    rooms      for each part, what memory it wants: an array of each shape and dtype
    """

    def __init__(self, name: str, program: Program, keep: list[Value]):
        self.program = program
        self.namespace: dict[str, Any] = {"np": np, "expect": expect, "insist": insist}
        self.taken = {*self.namespace, *RESERVED}
        self.constants: list[str] = []
        self.inline: dict[Value, str] = {}
        self.fixed: set[int] = set()
        self.rooms: dict[str, list[np.ndarray]] = {}
        self.called: dict[int, str] = {}
        self.imports: dict[str, list[str]] = {}
        for line in sorted(program.lines, key=_is_own):  # those of the library keep their names
            self._name_call(line)
        for value in _values_of(program):
            value.name = self._free_name(value.name, value.kind == "input")
        self.wanted: list[str] = []
        saved = [v for v in program.saved() if v not in keep] + keep if program.gradients else keep
        self.saved = saved
        body = self._part(
            "forward",
            program.inputs,
            program.forward,
            [self._results(program.outputs), _tuple(saved)],
            [*program.outputs, *saved],
        )
        if program.gradients:
            body += ["", ""]
            body += self._part(
                "backward",
                [*saved, *program.seeds],
                program.backward,
                [self._results(program.gradients)],
                program.gradients,
            )
        head = [f'"""{name} as a program, written down by tinygrad_mlp."""', ""]
        imports = ["import numpy as np", *([""] if self.imports else [])]
        own = self.imports.pop("", [])
        for room, names in sorted(self.imports.items()):
            imports.append(f"from {room} import {', '.join(sorted(names))}")
        imports += [f"# {name} is an op of your own: its function on arrays" for name in own]
        constants = ["", *self.constants, *self.wanted] if self.constants or self.wanted else []
        self.source = "\n".join([*head, *imports, *constants, "", "", *body]) + "\n"

    # ---- names

    def _free_name(self, wanted: str, whole: bool = False) -> str:
        """A name that nothing has yet; without the number at its end, unless `whole`."""
        wanted = unicodedata.normalize("NFKC", wanted)  # as Python does with names
        base = re.sub(r"(_\d+)+$", "", wanted)
        base = base if base.isidentifier() else "v"
        name, count = (wanted if whole else base), 1
        while name in self.taken or not name.isidentifier():
            count += 1
            name = f"{base}_{count}"
        self.taken.add(name)
        return name

    def _name_call(self, line: Line) -> None:
        """Give a name to what the line calls, unless it is written as NumPy."""
        known = line.op in CALLS or (line.op in UFUNCS and not line.params)
        if known or line.effect == WRITE or id(line.call) in self.called:
            return
        room = line.call.__module__
        if line.effect == DRAW:
            name = self._free_name("draw")
        else:
            name = self._free_name(line.call.__name__)
            self.imports.setdefault("" if _is_own(line) else room, []).append(name)
        if line.effect == CHECK:
            self.imports[__name__] = ["expect"]
        self.called[id(line.call)] = name
        self.namespace[name] = line.call

    def _object(self, thing: Any) -> Any:
        """A parameter that can be written down: as it is, or a name for it."""
        if isinstance(thing, Value):
            name = self._name(thing)
            return _Name(f"int({name})" if thing.array.ndim == 0 and thing.dtype != bool else name)
        is_type = isinstance(thing, type) and thing in WRITTEN
        if is_type or isinstance(thing, (*NUMBERS, EllipsisType)):
            return thing
        name = self._free_name("given")
        self.namespace[name] = thing
        self.constants.append(f"{name} = ...  # {' '.join(repr(thing).split()):.60}")
        return _Name(name)

    def _part(self, name: str, inputs: Any, lines: Any, results: list[str], held: Any) -> list[str]:
        where = assign_rooms(lines, TAKES_OUT, held)
        wanted = sorted((r, v.array) for v, r in where.items() if isinstance(r, int))
        self.rooms[name] = [array for _, array in wanted]
        given = [v.name for v in dict.fromkeys(inputs)]
        if wanted:
            made = ", ".join(f"np.empty({a.shape}, np.{a.dtype})" for _, a in wanted)
            self.wanted += _wrapped(f"room_{name} = [", made, "]")
            given.append(f"room=room_{name}")
        else:
            given.append("room=()")
        written = []
        for line in lines:
            if line.op == "permute" and _is_transposed(line) and line.out not in held:
                self.inline[line.out] = f"{self._name(line.inputs[0])}.T"
                continue
            about = f"{line.op} {tuple(line.out.shape)}" if line.out is not None else line.op
            written.append((self._code(line, where), about))
            if _is_own(line):
                shape = _shown(line.out.shape)
                written.append((f"insist({line.out}, {shape})", "whatever the values"))
                self.imports[__name__] = sorted({*self.imports.get(__name__, ()), "insist"})
        width = min(max([len(code) for code, _ in written if len(code) <= 64], default=0), 64)
        text = _wrapped(f"def {name}(", ", ".join(given), "):")
        for code, about in written:
            commented = f"    {code:{width}}  # {about}"
            text.append(commented if len(commented) <= 100 else f"    {code}")
        whole = f"    return {', '.join(results)}"
        if len(whole) <= 100:
            return [*text, whole]
        if len(results) == 1:
            return text + _wrapped("    return (", results[0][1:-1], ")")
        parts = [line for part in results for line in _wrapped("        (", part[1:-1], "),")]
        return [*text, "    return (", *parts, "    )"]

    def _code(self, line: Line, where: dict[Value, Any]) -> str:
        names = [self._name(x) for x in line.inputs]
        if line.effect == WRITE:
            return f"np.copyto({line.answer.name}, {names[0]})"
        call = self.called.get(id(line.call))
        params = mapped(line.params, self._object)
        given = ", ".join([*names, *([_keywords(params)] if params else [])])
        if line.effect == CHECK:
            return f"expect({call}({given}), {_shown(line.answer)})"
        if call is not None:
            return f"{line.out} = {call}({given})"
        place = where.get(line.out)  # type: ignore[arg-type]
        out = (
            ""
            if place is None
            else f", out={f'room[{place}]' if isinstance(place, int) else place}"
        )
        if line.op in UFUNCS:
            return f"{line.out} = np.{UFUNCS[line.op]}({', '.join(names)}{out})"
        shown = dataclasses.replace(line, params=params)
        return f"{line.out} = {CALLS[line.op](shown, *names, out=out)}"

    def _results(self, values: list[Value]) -> str:
        """What is returned; of what never changes, a copy: whoever gets it may write into it."""
        used = [v for line in self.program.lines for v in line.uses()]
        fixed = {owner_of(v) for v in [*used, *values] if v.kind == "constant"}
        self.fixed |= fixed
        names = [f"np.copy({self._name(v)})" if owner_of(v) in fixed else v.name for v in values]
        return f"({', '.join(names)}{',' if len(names) == 1 else ''})"

    def _name(self, thing: Any) -> str:
        if not isinstance(thing, Value):
            return _shown(thing)
        if thing in self.inline:
            return self.inline[thing]
        if thing.kind == "constant" and thing.name not in self.namespace:
            self.namespace[thing.name] = thing.array
            self.constants.append(f"{thing.name} = {_literal(thing.array)}")
        return thing.name


class OtherAnswer(Exception):
    """A check has another answer than when the program was written: it is not for these values."""


def expect(answer: Any, known: Any) -> None:
    """Go on only if a check has the answer that the program was written for."""
    if answer != known and not (answer != answer and known != known):
        raise OtherAnswer


def insist(result: Any, shape: tuple[int, ...]) -> None:
    """CompileError if an op of the user's makes its shape of the values."""
    if np.shape(result) != shape:
        raise CompileError(
            f"an op of yours gave the shape {np.shape(result)}, and {shape} when the program was "
            "written down, for inputs of the same shapes; call what gives another shape for other "
            "values outside of the compiled function"
        )


class _Name(str):
    """A name, which is shown without quotation marks."""

    __slots__ = ()


def _tuple(values: list[Value]) -> str:
    names = [v.name for v in values]
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def _wrapped(start: str, inside: str, end: str) -> list[str]:
    """In one line if it is short enough, else with what is inside in lines of its own."""
    if len(start + inside + end) <= 100:
        return [start + inside + end]
    margin = " " * (len(start) - len(start.lstrip()))
    lines = textwrap.wrap(inside, 92, break_long_words=False, break_on_hyphens=False)
    return [start, *(f"{margin}    {line}" for line in lines), margin + end]


def _literal(array: np.ndarray) -> str:
    if array.ndim == 0:
        return f"np.{array.dtype.name}({_shown(array.item())})"
    if array.size and array.size <= 1000 and np.array_equal(array.ravel(), np.arange(array.size)):
        text = f"np.arange({array.size}, dtype=np.{array.dtype.name})"
        return text if array.ndim == 1 else f"{text}.reshape({array.shape})"
    if array.size and (array == array.flat[0]).all():
        return f"np.full({array.shape}, {_shown(array.flat[0].item())}, np.{array.dtype.name})"
    return (
        f"np.array({_shown(array.tolist())}, np.{array.dtype.name})"
        if array.size <= 100
        else f"...  # an array of shape {array.shape}"
    )


def _shown(thing: Any) -> str:
    if isinstance(thing, _Name):
        return str(thing)
    if isinstance(thing, np.dtype):
        return f"np.{thing.name}"
    if isinstance(thing, np.generic):
        return f"np.{thing.dtype.name}({_shown(thing.item())})"
    if isinstance(thing, type):
        return thing.__name__ if thing in (bool, int, float) else f"np.{thing.__name__}"
    if isinstance(thing, tuple):
        parts = ", ".join(map(_shown, thing))
        return f"({parts},)" if len(thing) == 1 else f"({parts})"
    if isinstance(thing, list):
        return f"[{', '.join(map(_shown, thing))}]"
    if isinstance(thing, float) and not np.isfinite(thing):
        return f"float('{thing}')"
    if isinstance(thing, slice):
        return f"slice({_shown(thing.start)}, {_shown(thing.stop)}, {_shown(thing.step)})"
    return repr(thing)


def _index(index: Any) -> str:
    parts = index if isinstance(index, tuple) else (index,)
    return ", ".join(map(_index_part, parts)) or "()"


def _index_part(part: Any) -> str:
    if part is Ellipsis:
        return "..."
    if isinstance(part, slice):
        ends = ["" if v is None else _shown(v) for v in (part.start, part.stop)]
        return ":".join(ends + ([_shown(part.step)] if part.step is not None else []))
    return _shown(part)


def _keywords(params: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_shown(p)}" for name, p in params.items())


def _is_own(line: Line) -> bool:
    """Whether the line calls an op of the user's."""
    return not (line.effect or is_library(line.call.__module__))


def _values_of(program: Program) -> dict[Value, None]:
    """Every value once, the inputs first."""
    values = [*program.inputs, *program.seeds, *program.outputs]
    for line in program.lines:
        values += [*line.uses(), *([line.out] if line.out is not None else [])]
    return dict.fromkeys(values)
