"""What is drawn of a computation: boxes, the boxes that each is made from, and frames around them.

There are three ways to one. A tensor is followed back through what the engine has recorded
(`of_tensors`). A function is run once and watched, so that steps that need no gradient are seen
too, and which layer made them (`watching.py`). And a compiled function has its program
(`of_program`). Nothing here knows how any of it will look.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from .. import changes
from ..engine import OPS, Node, plain
from ..nn.module import Buffer, Module, Parameter
from ..program.compiled import CompiledOp, PartOf
from ..program.lines import CHECK, DRAW, WRITE, Line, Program, Value, values_in

TIMES, MINUS = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}"

FEW = 4
"""A tensor of at most so many values is shown with them."""

LONGEST_NAME = 60
"""A name of more characters is cut, in the picture and in the words."""

SEEN_ANYWAY = ("shape", "share", "total")
"""Parameters of ops that are not shown: the result has this shape, or is a mean or a sum."""

WANTS_GRADIENT = ("leaf", "parameter")
"""The kinds of boxes that gradients flow to."""


@dataclass(eq=False)
class Box:
    """A value, and how it was made.

    kind       "leaf" and "parameter" want a gradient; "input", "buffer" and "constant" do not; "op"
               was made by one; "block" stands for a frame that is not opened
    made_by    the op, with the numbers that it was given: mul(·, 2)
    name       the name of its variable or parameter, or nothing
    options    further parameters of the op
    shape      its shape, and its dtype unless that is float32
    value      its values, if they are few
    gradient   its gradient, or the norm of it
    note       what else is to be said
    size       how many numbers it holds
    inputs     the boxes it is made from, in the order in which the op takes them
    is_result  whether it is among what was to be drawn
    """

    kind: str
    made_by: str = ""
    name: str = ""
    options: str = ""
    shape: str = ""
    value: str = ""
    gradient: str = ""
    note: str = ""
    size: int = 0
    inputs: list[Box] = field(default_factory=list)
    is_result: bool = False

    @property
    def is_leaf(self) -> bool:
        """Whether no op made it."""
        return self.kind not in ("op", "block")

    @property
    def title(self) -> str:
        """What stands at its top."""
        name, made_by = brief(self.name), brief(self.made_by)
        if self.is_leaf:
            return name or self.kind
        if self.kind == "block":
            return ": ".join(filter(None, (name, made_by)))
        return f"{name} = {made_by}" if name and name != made_by else made_by


@dataclass(eq=False)
class Frame:
    """What belongs together: the steps of a layer, or those that are repeated.

    name, made_by  "fc1" and "Linear", for a layer
    parts          boxes and frames, each after all that it is made from
    times          how often it comes, each fed by the one before
    """

    name: str = ""
    made_by: str = ""
    parts: list[Part] = field(default_factory=list)
    times: int = 1

    @property
    def label(self) -> str:
        """What is written at its top."""
        words = ": ".join(filter(None, (brief(self.name), brief(self.made_by))))
        often = f"{TIMES} {self.times}" if self.times > 1 else ""
        return "  ".join(filter(None, (words, often)))


Part: TypeAlias = Box | Frame


def boxes_in(frame: Frame) -> list[Box]:
    """All boxes, in the order of the computation."""
    return [part for part in everything_in(frame) if isinstance(part, Box)]


def everything_in(frame: Frame) -> Iterator[Part]:
    """All boxes and frames in a frame, each frame before what is in it."""
    waiting: list[Part] = frame.parts[::-1]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, Frame):
            waiting += part.parts[::-1]


# ---------------------------------------------------------------------------------------- names


class Names:
    """What tensors, arrays and modules are called; the first name given to one is kept."""

    def __init__(self) -> None:
        self._by_id: dict[int, str] = {}
        self._kept: list[Any] = []
        self.modules: dict[int, tuple[str, Module]] = {}

    def give(self, things: Mapping[str, Any]) -> None:
        """Names for tensors and arrays; of a module, for all that is in it."""
        modules = {name: m for name, m in things.items() if isinstance(m, Module)}
        for name, thing in things.items():
            if isinstance(thing, (Node, np.ndarray)):
                self._give(name, thing)
        alone = len({id(m) for m in modules.values()}) == 1
        for name, module in modules.items():
            self._give_in("" if alone else name, name, module)

    def give_module(self, module: Module) -> None:
        """Names for all that is in a module, as in its `state_dict`."""
        self._give_in("", "", module)

    def _give_in(self, prefix: str, name: str, module: Module) -> None:
        for path, inner in module.named_modules(prefix):
            self.modules.setdefault(id(inner), (path or name, inner))
        with suppress(TypeError):  # parameters in a plain list have no names
            for path, tensor in module.named_tensors(prefix):
                self._give(path, tensor)

    def _give(self, name: str, thing: Any) -> None:
        self._kept.append(thing)
        self._by_id.setdefault(id(thing), name)
        if isinstance(thing, Node):
            self._kept.append(thing.data)
            self._by_id.setdefault(id(thing.data), name)

    def of(self, thing: Any) -> str:
        """The name of a tensor or an array, or nothing."""
        name = self._by_id.get(id(thing), "")
        if not name and isinstance(thing, Node) and thing.op is None:
            name = self._by_id.get(id(thing.data), "")
        return name


# ---------------------------------------------------------------------------------------- words


def brief(name: str) -> str:
    """A name, or of a long one the last parts, which tell it from others, or else the beginning."""
    if len(name) <= LONGEST_NAME:
        return name
    rest = name[-LONGEST_NAME:].partition(".")[2]
    return f"…{rest}" if rest else name[: LONGEST_NAME - 1] + "…"


def number_in_words(value: Any) -> str:
    """A number to four digits."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value)).replace("-", MINUS)
    return f"{float(value):.4g}".replace("-", MINUS)


def values_in_words(array: np.ndarray) -> str:
    """The values of a small array; nothing for a large one."""
    if array.size > FEW or not array.size or array.ndim > 2:
        return ""
    if array.ndim == 0:
        return number_in_words(array[()])
    inner = [values_in_words(np.asarray(part)) for part in array]
    return f"[{', '.join(inner)}]"


def shape_in_words(array: Any) -> str:
    """Its shape, unless it is a single number, and its dtype, unless that is float32."""
    words = [str(array.shape) if array.shape else ""]
    if array.dtype != np.float32:
        words.append(str(array.dtype))
    return " ".join(filter(None, words))


def gradient_in_words(node: Any) -> str:
    """The gradient that `backward` left, or its norm if it has many values."""
    grad = getattr(node, "grad", None)
    if grad is None:
        return ""
    array = np.asarray(grad.data)
    words = values_in_words(array)
    norm = math.sqrt(float((array.astype(np.float64) ** 2).sum()))
    return f"grad {words}" if words else f"grad norm {number_in_words(norm)}"


def in_words(thing: Any) -> str:
    """A parameter of an op."""
    if isinstance(thing, Value):
        return "·"
    if isinstance(thing, Node):
        thing = thing.data
    if isinstance(thing, (bool, int, float, np.generic)) and not isinstance(thing, np.dtype):
        return number_in_words(thing)
    if isinstance(thing, np.ndarray):
        return values_in_words(thing) or f"{thing.dtype} {thing.shape}"
    if isinstance(thing, slice):
        ends = ["" if end is None else in_words(end) for end in (thing.start, thing.stop)]
        step = [] if thing.step is None else [in_words(thing.step)]
        return ":".join(ends + step)
    if isinstance(thing, (tuple, list)):
        inside = ", ".join(map(in_words, thing))
        if isinstance(thing, tuple):
            return f"({inside},)" if len(thing) == 1 else f"({inside})"
        return f"[{inside}]"
    if thing is Ellipsis:
        return "…"
    return str(thing)


def call_in_words(name: str, inputs: Iterable[Any]) -> str:
    """The op, with the numbers among its inputs; a dot stands for an arrow."""
    words = ["·" if isinstance(x, Box) else in_words(x) for x in inputs]
    return f"{name}({', '.join(words)})" if any(w != "·" for w in words) else name


def options_in_words(params: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """The parameters of an op that are not what they usually are; a shape is seen anyway."""
    shown = {
        k: v for k, v in params.items() if k not in SEEN_ANYWAY and not _is_usual(k, v, defaults)
    }
    if set(shown) == {"index"}:
        words = in_words(shown["index"]).removeprefix("(").removesuffix(")").rstrip(",")
        return words if words != "·" else ""
    return ", ".join(f"{name}={in_words(value)}" for name, value in shown.items())


def _is_usual(name: str, value: Any, defaults: Mapping[str, Any]) -> bool:
    if isinstance(value, np.ndarray) or name not in defaults:
        return False
    return value is defaults[name] or bool(value == defaults[name])


# ---------------------------------------------------------------------------- boxes of tensors


class Boxes:
    """Boxes for tensors and arrays as they turn up, one for each."""

    def __init__(self, names: Names, inputs: Iterable[Any] = ()):
        self.names = names
        self.by_id: dict[int, Box] = {}
        self._kept: list[Any] = []
        self._inputs = {id(plain(x)) for x in inputs}

    def remember(self, thing: Any, box: Box) -> Box:
        """Let a tensor or an array, wherever it turns up, be this box."""
        self.by_id[id(thing)] = box
        self._kept.append(thing)
        return box

    def known(self, thing: Any) -> Box | None:
        """The box of a tensor or an array, if there is one."""
        found = self.by_id.get(id(thing))
        if found is None and isinstance(thing, Node) and not thing.requires_grad:
            found = self.by_id.get(id(thing.data))
        return found

    def leaf(self, thing: Any) -> Box:
        """The box of what no op made here."""
        found = self.known(thing)
        if found is not None:
            return found
        array = plain(thing)
        box = Box(
            self._kind(thing, array),
            name=self.names.of(thing),
            shape=shape_in_words(array),
            value=values_in_words(array),
            gradient=gradient_in_words(thing) if isinstance(thing, Node) else "",
            size=array.size,
        )
        self.remember(array, box)
        return self.remember(thing, box)

    def _kind(self, thing: Any, array: np.ndarray) -> str:
        if isinstance(thing, Node) and thing.requires_grad:
            return "parameter" if isinstance(thing, Parameter) else "leaf"
        if isinstance(thing, Buffer):
            return "buffer"
        return "input" if id(array) in self._inputs else "constant"

    def made(self, op: Any, inputs: Iterable[Any], params: Mapping[str, Any], node: Any) -> Box:
        """The box of what an op has made of tensors, arrays and numbers."""
        given = [self._given(x) for x in inputs if x is not None]
        arrows = [x for x in given if isinstance(x, Box)]
        arrows += [b for x in _arrays_in(params) if (b := self.known(x)) is not None]
        defaults = getattr(op, "defaults", {})
        box = Box(
            "op",
            call_in_words(op.name, given),
            self.names.of(node),
            options_in_words(params, defaults),
            shape_in_words(node.data),
            values_in_words(node.data),
            gradient_in_words(node),
            inputs=arrows,
        )
        self.remember(node.data, box)
        return self.remember(node, box)

    def _given(self, thing: Any) -> Any:
        """A box, or a number that has no name and is written beside the op."""
        if not isinstance(thing, (Node, np.ndarray)):
            return self.leaf(np.asarray(thing)) if isinstance(thing, (list, tuple)) else thing
        known = self.known(thing) is not None or self.names.of(thing)
        if isinstance(thing, np.ndarray) and not thing.ndim and not known:
            return thing[()]
        return self.leaf(thing)


def _arrays_in(thing: Any) -> Iterator[Any]:
    """The tensors and arrays in nested tuples, lists and dicts."""
    if isinstance(thing, (Node, np.ndarray)):
        yield thing
    elif isinstance(thing, (tuple, list)):
        for part in thing:
            yield from _arrays_in(part)
    elif isinstance(thing, Mapping):
        yield from _arrays_in(list(thing.values()))


def of_tensors(results: Mapping[str, Any], names: Names) -> Frame:
    """The graph that the engine has recorded behind tensors.

    results  by name, the tensors; the name may be empty

    Raises RuntimeError if there is none, or if it was freed.
    """
    nodes = _behind(results.values())
    boxes = Boxes(names)
    for serial in sorted(nodes):
        node = nodes[serial]
        if node.op is None:
            continue
        box = boxes.made(node.op, _inputs_of(node), node.params, node)
        _note_changes(node, boxes)
        if isinstance(node.op, CompiledOp):
            box.note = "compiled"
    return finished(boxes, results)


def _inputs_of(node: Any) -> list[Any]:
    """What an op was given; of a compiled function, the tensors that gradients flow to."""
    if isinstance(node.op, (CompiledOp, PartOf)):
        return list({id(x): x for x in node.inputs if isinstance(x, Node)}.values())
    return list(node.inputs)


def _behind(results: Iterable[Any]) -> dict[int, Any]:
    """All tensors behind the results, by serial number."""
    found: dict[int, Any] = {}
    waiting = list(results)
    while waiting:
        node = waiting.pop()
        if node.serial in found:
            continue
        found[node.serial] = node
        if node.op is not None and node.inputs is None:
            raise RuntimeError(
                f"the graph behind this result of {node.op.name}() was freed by backward(), so it "
                "cannot be drawn; draw it before, or call backward(retain_graph=True), or give "
                "draw_graph() the function and its inputs: draw_graph(f, x)"
            )
        waiting += [x for x in node.inputs or () if isinstance(x, Node)]
    if all(node.op is None for node in found.values()):
        raise RuntimeError(
            "there is no graph behind what was given to draw_graph(): nothing it was made from "
            "requires a gradient, or it was made under no_grad(), or it was not made by ops at "
            "all. Give it the function and its inputs, which are then watched: draw_graph(f, x)"
        )
    return found


def _note_changes(node: Any, boxes: Boxes) -> None:
    """Say at which inputs of an op something was written since."""
    if changes.latest < node.serial:
        return
    for x in node.inputs:
        if isinstance(x, (Node, np.ndarray)) and (box := boxes.known(x)) is not None:
            try:
                changes.refuse_if_changed("", node.serial, [plain(x)])
            except RuntimeError:
                box.note = "changed in place since"


def finished(
    boxes: Boxes, results: Mapping[str, Any], frames: Mapping[int, list[Frame]] | None = None
) -> Frame:
    """The whole graph: all that the results are made from, in its frames.

    frames  by the id of a box that an op made, the frames around it, outermost first
    """
    for name, result in results.items():
        box = boxes.leaf(result)
        box.is_result = True
        box.name = box.name or name
    ends = [boxes.leaf(result) for result in results.values()]
    needed = _needed(ends)
    order = [box for box in dict.fromkeys(boxes.by_id.values()) if id(box) in needed]
    return in_frames(order, frames or {})


def _needed(ends: list[Box]) -> set[int]:
    found: set[int] = set()
    waiting = list(ends)
    while waiting:
        box = waiting.pop()
        if id(box) not in found:
            found.add(id(box))
            waiting += box.inputs
    return found


def in_frames(order: list[Box], frames: Mapping[int, list[Frame]]) -> Frame:
    """Boxes in their frames, each part after all that it is made from.

    order  the boxes in the order in which they were made; leaves may stand anywhere
    frames  by the id of a box that an op made, the frames around it, outermost first

    What a layer keeps stands in the innermost frame around all that use it; inputs stand outside.
    """
    whole = Frame()
    steps = [box for box in order if not box.is_leaf]
    around = {id(box): [whole, *frames.get(id(box), ())] for box in steps}
    home: dict[int, list[Frame]] = {}
    for box in steps:
        for leaf in filter(_is_leaf, box.inputs):
            path = [whole] if leaf.kind in ("input", "leaf") else around[id(box)]
            home[id(leaf)] = _shared(home.get(id(leaf), path), path)
    first: dict[int, list[Box]] = {}  # leaves that come before a frame, by the id of the frame
    seen: set[int] = set()
    for box in steps:
        for leaf in filter(_is_leaf, box.inputs):
            outside = len(home[id(leaf)])
            if id(leaf) not in seen and outside < len(around[id(box)]):
                first.setdefault(id(around[id(box)][outside]), []).append(leaf)
            seen.add(id(leaf))

    placed: set[int] = set()

    def put(part: Part, into: Frame) -> None:
        if id(part) not in placed:
            placed.add(id(part))
            into.parts.append(part)

    for box in order:
        if box.is_leaf:
            if id(box) not in seen:
                put(box, whole)
            continue
        path = around[id(box)]
        for outer, inner in pairwise(path):
            for leaf in first.get(id(inner), ()):
                put(leaf, outer)
            put(inner, outer)
        for leaf in filter(_is_leaf, box.inputs):
            put(leaf, home[id(leaf)][-1])
        put(box, path[-1])
    return without_needless_frames(whole)


def _is_leaf(box: Box) -> bool:
    return box.is_leaf


def _shared(path: list[Frame], other: list[Frame]) -> list[Frame]:
    """What two paths from the outermost frame have in common."""
    n = 0
    while n < min(len(path), len(other)) and path[n] is other[n]:
        n += 1
    return path[:n]


def without_needless_frames(whole: Frame) -> Frame:
    """Without frames around a single part, and without empty ones."""
    frames = [part for part in everything_in(whole) if isinstance(part, Frame)]
    for frame in [*reversed(frames), whole]:
        parts: list[Part] = []
        for part in frame.parts:
            if isinstance(part, Frame) and part.times == 1 and len(part.parts) <= 1:
                parts += part.parts
            else:
                parts.append(part)
        frame.parts = parts
    return whole


# --------------------------------------------------------------------------------- of a program


def of_program(program: Program) -> Frame:
    """The graph of a compiled program: one frame for each of its two passes, if it has two."""
    boxes: dict[Value, Box] = {}
    frames: dict[int, list[Frame]] = {}
    # a gradient is called d_ and what it is the gradient of, with a number if the name was taken
    gradients = [value.name.removeprefix("d_") for value in program.gradients]
    wanting = {*gradients, *(re.sub(r"_\d+$", "", name) for name in gradients)}
    forward, backward = Frame("forward"), Frame("backward")

    def box_of(value: Value) -> Box:
        if value not in boxes:
            is_input = value.kind == "input" or value in program.seeds
            kind = "input" if is_input else "constant"
            if value.name in wanting:
                kind = "leaf"
            known = values_in_words(np.asarray(value.array)) if value.kind == "constant" else ""
            boxes[value] = Box(kind, name=value.name, shape=shape_in_words(value), value=known)
        return boxes[value]

    for i, line in enumerate(program.lines):
        if line.effect == CHECK:
            continue
        for value in line.uses():
            if not _is_number(value):
                box_of(value)
        box = _box_of_line(line, box_of)
        boxes[line.out or Value(f"line {i}", np.zeros(0))] = box
        if program.backward:
            frames[id(box)] = [backward if line.is_backward else forward]
    for value in program.results:
        box = box_of(value)
        box.name, box.is_result = value.name, True
    return in_frames(list(boxes.values()), frames)


def _is_number(value: Value) -> bool:
    return value.kind == "constant" and not value.shape


def _box_of_line(line: Line, box_of: Any) -> Box:
    def given(x: Any) -> Any:
        if not isinstance(x, Value):
            return x
        return np.asarray(x.array)[()] if _is_number(x) else box_of(x)

    inputs = [given(x) for x in line.inputs if x is not None]
    arrows = [x for x in inputs if isinstance(x, Box)]
    arrows += [box_of(v) for v in values_in(line.params) if not _is_number(v)]
    if line.effect == WRITE:
        return Box("op", f"write to {line.answer.name}", inputs=arrows, is_result=True)
    name = line.out.name if line.out is not None else ""
    defaults = OPS[line.op].op.defaults if line.op in OPS else {}
    return Box(
        "op",
        "draw at random" if line.effect == DRAW else call_in_words(line.op, inputs),
        name if name.startswith("d_") else "",
        options_in_words(line.params, defaults),
        shape_in_words(line.out) if line.out is not None else "",
        inputs=arrows,
    )
