"""Running a function once and watching what it computes, and in which layer.

The engine shows each op to whoever watches (`observing.py`), also those that need no gradient;
hooks on the modules say when one begins and ends.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import Node, run_backward
from ..nn.module import Module
from ..observing import Observer, observe
from ..tensor import as_tensor
from .graph import Boxes, Frame, Names, finished

DEEPEST = 30
"""Modules inside so many others are not watched: each one inside another takes some calls."""


class Watcher(Observer):
    """Writes down what is computed in this thread, with the layers it is computed in."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.steps: list[tuple[Any, Any, Any, Any, list[Frame]]] = []
        self.layers: list[Frame] = []
        self._walk: tuple[Any, Frame] | None = None

    def forward(self, op: Any, args: Any, arrays: Any, params: Any, raw: Any, node: Any) -> None:
        if threading.get_ident() != self.thread:
            return
        walk = _frame_of_backward()
        if walk is None:
            self._walk = None
        elif self._walk is None or self._walk[0] is not walk:
            self._walk = walk, Frame("backward")
        around = [*self.layers, *([self._walk[1]] if self._walk else [])]
        self.steps.append((op, args, {**op.defaults, **params}, node, around))

    @contextmanager
    def hooked(self, names: Names) -> Iterator[None]:
        """Meanwhile, the modules that have names say when they begin and end."""
        hooks = []

        def watch(module: Module, name: str) -> None:
            def begin(module: Module, inputs: Any) -> None:
                if threading.get_ident() == self.thread:
                    self.layers.append(Frame(name, type(module).__name__))

            def end(module: Module, inputs: Any, output: Any) -> None:
                if threading.get_ident() == self.thread and self.layers:
                    self.layers.pop()

            hooks.append(module.register_forward_pre_hook(begin))
            hooks.append(module.register_forward_hook(end))

        try:
            for name, module in names.modules.values():
                if name and name.count(".") < DEEPEST:
                    watch(module, name)
            yield
        finally:
            for hook in hooks:
                hook.remove()


def _frame_of_backward() -> Any:
    """The call of the engine's backward pass that goes on now, if one does."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_code is not run_backward.__code__:
        frame = frame.f_back
    return frame


def of_function(function: Any, inputs: tuple[Any, ...], names: Names) -> Frame:
    """The graph of what a function or a model computes of inputs; it is run once.

    Raises TypeError if it gives no tensor, and RuntimeError if what it gives was made of nothing.
    """
    given = [as_tensor(x) if isinstance(x, np.ndarray) else x for x in inputs]
    found = Names()
    if isinstance(function, Module):
        found.give_module(function)
    found.give(dict(zip(_parameter_names(function, len(given)), given, strict=True)))
    found.give(_in_reach_of(function))
    names = merged(found, names)
    watcher = Watcher()
    with watcher.hooked(names), observe(watcher):
        result = _called(function, given)
    boxes, frames = Boxes(names, given), dict[int, list[Frame]]()
    for op, args, params, node, around in watcher.steps:
        box = boxes.made(op, args, params, node)
        frames[id(box)] = around
    results = tensors_in(result)
    if not results:
        raise TypeError(
            f"draw_graph() ran {function!r:.60} and got a {type(result).__name__} without tensors; "
            "give it a function that returns a tensor, or tuples, lists and dicts of tensors"
        )
    ends = [boxes.known(x) for x in results.values()]
    if not any(end and end.kind == "op" for end in ends):
        raise RuntimeError(
            f"draw_graph() ran {function!r:.60}, and no op made what it returned: is it given back "
            "as it came in, or made beside the ops, by NumPy?"
        )
    return finished(boxes, results, frames)


def _called(function: Any, given: list[Any]) -> Any:
    """What a function gives; if it fails since it was given no input or a shape, that is said."""
    try:
        return function(*given)
    except Exception as error:
        kind = "model" if isinstance(function, Module) else "function"
        shapes = [x for x in given if _is_shape(x)]
        if shapes and kind == "model":
            like = f"tg.zeros({', '.join(map(str, shapes[0]))})"
            raise TypeError(
                f"draw_graph() runs the model, and {shapes[0]!r:.60} is a shape rather than an "
                f"input; give it an input, such as {like}"
            ) from error
        if not given and isinstance(error, TypeError) and not _takes_nothing(function):
            raise TypeError(
                f"draw_graph() runs the {kind}, which takes an input; give it an input, such as "
                f"tg.zeros(50, 784): draw_graph({kind}, tg.zeros(50, 784))"
            ) from error
        raise


def _is_shape(thing: Any) -> bool:
    return isinstance(thing, (tuple, list)) and all(isinstance(n, (int, np.integer)) for n in thing)


def _takes_nothing(function: Any) -> bool:
    """Whether a function can be called without arguments."""
    try:
        inspect.signature(getattr(function, "forward", function)).bind()
    except TypeError:
        return False
    except ValueError:  # it has no signature to look at
        pass
    return True


def merged(first: Names, second: Names) -> Names:
    """The names of both; the first has precedence."""
    first._by_id = second._by_id | first._by_id
    first._kept += second._kept
    first.modules = second.modules | first.modules
    return first


def tensors_in(thing: Any) -> dict[str, Any]:
    """The tensors in nested tuples, lists and dicts, by what stands behind: [0], ['loss']."""
    found: dict[str, Any] = {}
    waiting = [("", thing)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, Node):
            found[path] = part
        elif isinstance(part, tuple) and hasattr(part, "_fields"):
            dotted = f"{path}." if path else ""
            waiting += [(dotted + n, p) for n, p in zip(part._fields, part, strict=True)][::-1]
        elif isinstance(part, (tuple, list)):
            waiting += [(f"{path}[{i}]", p) for i, p in enumerate(part)][::-1]
        elif isinstance(part, Mapping):
            waiting += [(f"{path}[{k!r}]" if path else str(k), p) for k, p in part.items()][::-1]
    return found


def _parameter_names(function: Any, count: int) -> list[str]:
    """What a function calls its inputs, as far as they have names of their own."""
    function = getattr(function, "forward", function)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in kinds]
    return [names[i] if i < len(names) else f"input {i}" for i in range(count)]


def _in_reach_of(function: Any) -> dict[str, Any]:
    """The variables that a function names: those around it, and of a method its object's."""
    owner = getattr(function, "__self__", None)
    found = {} if owner is None else dict(getattr(owner, "__dict__", {}))
    if isinstance(owner, Module):
        found = {"self": owner}
    try:
        variables = inspect.getclosurevars(getattr(function, "__func__", function))
    except (TypeError, ValueError):
        return found
    return {**found, **variables.nonlocals, **variables.globals}
