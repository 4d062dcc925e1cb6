"""A trial run of a model: which layers are called, what they give, and how much they multiply.

Hooks on every layer say who is running; an observer of the engine counts what the ops do
meanwhile. The model works on copies of its buffers and generators, and afterwards each of its
layers has the attributes that it had: so a trial moves no running mean, draws no random number and
leaves no hook, whatever happens in it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any

import numpy as np

from ..engine import Node, no_grad
from ..nn import Buffer, Module, Parameter
from ..observing import Observer, observe

SHOWN_CALLS = 8
"""How many calls of a layer in one place get a row each; the further ones share a row."""

VIEWS = {"reshape", "permute", "transpose", "expand"}
"""Ops whose result holds the numbers of their input, and no others."""

ELEMENTWISE = {"add", "sub", "mul", "div"}
"""Ops that take one number of each input for one number of their result."""


@dataclass(eq=False, repr=False)
class Layer:
    """One row of a summary: a layer, or a further call of it.

    module          the layer itself
    name            under which attribute it was found; "" for the model
    depth, index    how deep it stands, 0 for the model, and its place among all rows of this depth
    layers          the rows of what it calls, or holds
    calls           how many calls the row stands for: 0 if it was not called
    output_size     the shape of each tensor that it gives
    output_bytes    what these take, in all calls
    mult_adds       the multiply-adds of its own ops in all calls, not those of its `layers`
    own_params      how many numbers its own parameters have, not those of its `layers`
    num_params      the same without the parameters that a row above has already
    trainable_params, param_bytes   of these
    is_recursive    whether it stands in a row above already, with all its parameters
    trainable       of the parameters in it and below: "True", "False", "Partial" or "--" (none)
    """

    module: Module
    name: str
    depth: int
    index: int = 0
    layers: list[Layer] = field(default_factory=list)
    calls: int = 0
    output_size: list[tuple[int, ...]] = field(default_factory=list)
    output_bytes: int = 0
    mult_adds: int = 0
    own_params: int = 0
    num_params: int = 0
    trainable_params: int = 0
    param_bytes: int = 0
    is_recursive: bool = False
    trainable: str = "--"

    @property
    def class_name(self) -> str:
        """The name of its class."""
        return type(self.module).__name__

    def __repr__(self) -> str:
        name = self.class_name
        if self.depth:
            name += f" ({self.name}): {self.depth}-{self.index}"
        return name + (f", {self.calls:,} calls" if self.calls > 1 else "")

    def walk(self) -> Iterator[Layer]:
        """This row and all below it, from top to bottom."""
        waiting: list[Layer] = [self]
        while waiting:
            layer = waiting.pop()
            yield layer
            waiting += reversed(layer.layers)


def run(model: Module, args: tuple[Any, ...], options: dict[str, Any], train: bool) -> Layer:
    """Call the model with these arguments, and give the row of the model with all that is below.

    train  whether the model is in training mode meanwhile, or in eval mode

    Raises RuntimeError that names the layer that failed, with the shapes of its input.
    """
    trial = Trial(model)
    with _left_as_it_was(model):
        model.train(train)
        for module in list(model.modules()):
            module.register_forward_pre_hook(trial.enter)
            module.register_forward_hook(trial.leave)
        try:
            with no_grad(), observe(trial), np.errstate(all="ignore"):
                model(*args, **options)
        except Exception as error:
            raise RuntimeError(trial.failure(error)) from error
        _add_uncalled(trial.model)
        _count_parameters(trial.model)
    return trial.model


def look(model: Module) -> Layer:
    """The same without a run: the layers as they are found in the attributes."""
    found = Layer(model, "", 0)
    _add_members(found)
    _count_parameters(found)
    return found


class Trial(Observer):
    """Writes down who calls whom, and what the ops do meanwhile, in this thread."""

    def __init__(self, model: Module):
        self.model = Layer(model, "", 0)
        self.running: list[tuple[Layer, Any]] = []
        self.thread = get_ident()
        self._known: dict[tuple[int, int], list[Layer]] = {}
        self._learned: dict[int, Any] = {}

    # ---- calls of layers

    def enter(self, module: Module, inputs: Any) -> None:
        """A layer is called."""
        layer = self._row_of(module)
        layer.calls += 1
        self.running.append((layer, inputs))

    def leave(self, module: Module, inputs: Any, output: Any) -> None:
        """A layer has given its output."""
        while self.running:
            layer, _ = self.running.pop()
            if layer.module is module:
                arrays = list(arrays_in(output))
                layer.output_size = [array.shape for array in arrays]
                layer.output_bytes += sum(array.nbytes for array in arrays)
                return

    def _row_of(self, module: Module) -> Layer:
        """The row of a call: below the innermost layer that runs now and has `module` in it."""
        if not self.running:
            return self.model
        for caller, _ in reversed(self.running):
            path = _path(caller.module, module)
            if path:
                break
        else:  # found by no path: the model has put it somewhere during the run
            caller, path = self.running[-1][0], [("", module)]
        row = caller
        for name, holder in path[:-1]:
            row = self._rows(row, holder, name)[-1]
        names = [name for name, member in row.module.named_members() if member is module] or [""]
        rows = self._rows(row, module, names[0])
        if rows[-1].calls and len(rows) <= SHOWN_CALLS and caller.calls == 1:
            rows.append(self._new(row, module, names[min(len(rows), len(names) - 1)]))
        return rows[-1]

    def _rows(self, parent: Layer, module: Module, name: str) -> list[Layer]:
        """The rows of a layer below another; one is made if there is none."""
        rows = self._known.setdefault((id(parent), id(module)), [])
        if not rows:
            rows.append(self._new(parent, module, name))
        return rows

    def _new(self, parent: Layer, module: Module, name: str) -> Layer:
        parent.layers.append(Layer(module, name, parent.depth + 1))
        return parent.layers[-1]

    def failure(self, error: Exception) -> str:
        """What to say when the run has failed."""
        words = f"{type(error).__name__}: {error}"
        if not self.running:
            return f"the model failed with {words}"
        layer, inputs = self.running[-1]
        where = f"in the forward of {layer.class_name}"
        for name, module in self.model.module.named_modules():
            if name and module is layer.module:
                layer_in_words = repr(module)
                if "\n" in layer_in_words:
                    layer_in_words = layer.class_name
                where = f"in layer {name}, {layer_in_words:.80}"
        shapes = ", ".join(f"{a.shape} of {a.dtype}" for a in arrays_in(inputs)) or "none"
        return f"the model failed {where}, on an input of shape {shapes}: {words}{_hint(error)}"

    # ---- ops

    def forward(self, op: Any, args: Any, arrays: Any, params: Any, raw: Any, node: Any) -> None:
        """Count the multiply-adds of an op."""
        if get_ident() != self.thread or not self.running:
            return
        is_learned = any(isinstance(a, Parameter) or id(a) in self._learned for a in args)
        if is_learned and op.name in VIEWS:
            self._learned[id(node)] = node  # held, so that no other gets its id
        size = node.data.size
        if op.name == "linear":
            count = size * arrays[1].shape[1] + (size if _has_bias(arrays) else 0)
        elif op.name == "matmul":
            count = size * arrays[0].shape[-1]
        elif op.name in ELEMENTWISE and is_learned:
            count = size
        else:
            return
        self.running[-1][0].mult_adds += count


def _hint(error: Exception) -> str:
    """What may be wrong with the input, where the error came from an op rather than the user."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    room = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    if room.partition(".")[0] not in (__name__.partition(".")[0], "numpy"):
        return ""
    if "integers" in str(error):
        return ". Note: for an input_size of integers, pass dtypes=[tg.int64]"
    if isinstance(error, (ValueError, RuntimeError)):
        return ". Note: the input has the batch first"
    return ""


def _has_bias(arrays: Any) -> bool:
    return len(arrays) == 3 and arrays[2] is not None


def _path(holder: Module, module: Module) -> list[tuple[str, Module]]:
    """The names and modules on the shortest way from one module to another in it; [] if none."""
    ways: list[list[tuple[str, Module]]] = [[]]
    seen: set[int] = set()
    for way in ways:
        for name, member in (way[-1][1] if way else holder).named_members():
            if member is module:
                return [*way, (name, member)]
            if id(member) not in seen:
                seen.add(id(member))
                ways.append([*way, (name, member)])
    return []


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    """The arrays of all tensors in an output: a tensor, or lists, tuples and dicts of them."""
    if isinstance(value, Node):
        yield value.data
    elif isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (list, tuple, Mapping)):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from arrays_in(part)


@contextmanager
def _left_as_it_was(model: Module) -> Iterator[None]:
    """Within the block the model works on copies of what a run may change; then all is back."""
    before = [(module, dict(vars(module))) for module in model.modules()]
    copies: dict[int, Any] = {}
    for module, attributes in before:
        for name, value in attributes.items():
            if isinstance(value, (Buffer, np.random.Generator)):
                if id(value) not in copies:
                    copies[id(value)] = copy.deepcopy(value)
                vars(module)[name] = copies[id(value)]
            elif isinstance(value, (list, dict, set)):
                vars(module)[name] = copy.copy(value)
    try:
        yield
    finally:
        for module, attributes in before:
            vars(module).clear()
            vars(module).update(attributes)


def _add_uncalled(model: Layer) -> None:
    """Add rows for the layers that were not called, each below the one that it is in."""
    shown = {id(layer.module) for layer in model.walk()}
    for layer in list(model.walk()):
        for name, member in layer.module.named_members():
            if id(member) not in shown:
                layer.layers.append(Layer(member, name, layer.depth + 1))
                _add_members(layer.layers[-1])
                shown |= {id(new.module) for new in layer.layers[-1].walk()}


def _add_members(layer: Layer) -> None:
    """Add rows for all that is in a layer, in the order of its attributes."""
    waiting = [layer]
    while waiting:
        parent = waiting.pop()
        parent.layers = [
            Layer(member, name, parent.depth + 1) for name, member in parent.module.named_members()
        ]
        waiting += parent.layers


def _count_parameters(model: Layer) -> None:
    """Number the rows, and count each parameter in the first row that has it."""
    numbers: dict[int, int] = {}
    modules: set[int] = set()
    counted: set[int] = set()
    for layer in model.walk():
        layer.index = numbers[layer.depth] = numbers.get(layer.depth, 0) + 1
        learned = {p.requires_grad for p in layer.module.parameters()}
        if learned:
            layer.trainable = "Partial" if len(learned) == 2 else str(*learned)
        layer.is_recursive = bool(learned) and id(layer.module) in modules
        modules.add(id(layer.module))
        for parameter in own_parameters(layer.module):
            layer.own_params += parameter.numel()
            if id(parameter) not in counted:
                counted.add(id(parameter))
                layer.num_params += parameter.numel()
                layer.trainable_params += parameter.numel() if parameter.requires_grad else 0
                layer.param_bytes += parameter.data.nbytes


def own_parameters(module: Module) -> list[Parameter]:
    """The parameters that are attributes of a module, each once."""
    own = (value for value in vars(module).values() if isinstance(value, Parameter))
    return list({id(value): value for value in own}.values())
