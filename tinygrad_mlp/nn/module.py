"""`Module`: what every layer and every model is.

A module is its attributes, nothing more. Parameters, buffers and other modules that are set as
attributes are found by looking through `vars(self)`; what a module computes is its `forward`.
To write a layer, subclass `Module`, set attributes in `__init__`, and write `forward`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from ..state import refuse_misfit
from ..tensor import Tensor


class Parameter(Tensor):
    """A tensor that a module learns. It requires a gradient unless told otherwise."""

    __slots__ = ()

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = True):
        super().__init__(data, dtype, requires_grad)


class Buffer(Tensor):
    """A tensor that a module keeps and does not learn: saved and loaded with the parameters."""

    __slots__ = ()


class Module:
    """A layer or a model: subclass it, set parameters and modules as attributes, write forward."""

    training: bool = True

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes: to be written by whoever subclasses it."""
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, ...)")

    def __call__(self, *inputs: Any, **options: Any) -> Tensor:
        result: Tensor = self.forward(*inputs, **options)
        return result

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that are attributes of this one, with their names."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Every parameter of this module and of those in it, as ("0.weight", parameter).

        A parameter that two modules share comes once, under its first name.
        """
        return self._each_once(Parameter, prefix)

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Buffer]]:
        """Every buffer of this module and of those in it, each once, with its name."""
        return self._each_once(Buffer, prefix)

    def _each_once(self, kind: type, prefix: str) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for name, value in self._all_named(prefix):
            if isinstance(value, kind) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def _all_named(self, prefix: str = "") -> Iterator[tuple[str, Parameter | Buffer]]:
        for kind in (Parameter, Buffer):
            for name, value in vars(self).items():
                if isinstance(value, kind):
                    yield prefix + name, value
        for name, child in self.named_children():
            yield from child._all_named(f"{prefix}{name}.")

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter, each once."""
        return (parameter for _, parameter in self.named_parameters())

    def buffers(self) -> Iterator[Buffer]:
        """Every buffer, each once."""
        return (buffer for _, buffer in self.named_buffers())

    def train(self, mode: bool = True) -> Self:
        """Tell this module and all in it whether they are being trained."""
        self.training = mode
        for _, child in self.named_children():
            child.train(mode)
        return self

    def eval(self) -> Self:
        """Tell this module and all in it that they are being used, not trained."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of each parameter and buffer, as arrays, by name: PyTorch's names and shapes."""
        return {name: value.data.copy() for name, value in self._all_named()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the values of `state`. If anything does not fit, change nothing.

        state  by name, arrays or whatever NumPy can read as arrays (PyTorch's CPU tensors too)

        Raises ValueError, which names all entries that are missing, unexpected, or of another
        shape or dtype.
        """
        own = dict(self._all_named())
        arrays = {name: _array(value) for name, value in state.items()}
        refuse_misfit(type(self).__name__, own, arrays)
        for name, value in own.items():
            value.detach().copy_(arrays[name])

    def extra_repr(self) -> str:
        """What stands between the parentheses of the repr of a layer without modules in it."""
        return ""

    def __repr__(self) -> str:
        name = type(self).__name__
        lines = [f"({key}): {child!r}" for key, child in self.named_children()]
        if not lines:
            return f"{name}({self.extra_repr()})"
        inside = "\n".join(lines).replace("\n", "\n  ")
        return f"{name}(\n  {inside}\n)"


def _array(value: Any) -> np.ndarray:
    return value.data if isinstance(value, Tensor) else np.asarray(value)
