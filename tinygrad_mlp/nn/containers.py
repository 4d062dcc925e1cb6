"""Containers: modules that hold modules or parameters, so that training and saving find them.

Each member is an attribute of the container, under its number or its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Self, overload

from . import activations, layers
from .module import Module, Parameter


class _Row(Module):
    """Modules in a row, under the names "0", "1" and so on: Sequential and ModuleList."""

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        _refuse_other(type(self).__name__, module)
        setattr(self, _next_name(self, Module), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add several modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self.named_members())

    def __len__(self) -> int:
        return len(list(self.named_members()))

    @overload
    def __getitem__(self, i: int) -> Any: ...
    @overload
    def __getitem__(self, i: slice) -> Self: ...
    def __getitem__(self, i: int | slice) -> Any:
        """The i-th module; of a slice, a container of the same modules."""
        named = vars(self).get(str(i))
        if type(self) is ModuleList and isinstance(named, Module):
            return named
        found = list(self)[i]
        return type(self)().extend(found) if isinstance(found, list) else found

    def __setitem__(self, i: int, module: Module) -> None:
        _refuse_other(type(self).__name__, module)
        setattr(self, [name for name, _ in self.named_members()][i], module)


class Sequential(_Row):
    """Modules one after the other, each fed with what the one before gave.

    modules  layers and other modules; or one dictionary of them, whose keys become their names

    Raises TypeError for anything else, such as a function or a list of layers.

    >>> model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    >>> model(tg.ones(5, 2)).shape
    (5, 1)
    >>> len(model), model[1]
    (3, Tanh())
    """

    def __init__(self, *modules: Module | Mapping[str, Module]):
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                _refuse_other("Sequential", module)
                setattr(self, name, module)
        else:
            self.extend(modules)  # type: ignore[arg-type]

    def forward(self, input: Any) -> Any:
        # Those inside are walked here, as Python allows only some hundred calls in each other.
        waiting = [module for _, module in self.named_members()][::-1]
        while waiting:
            module = waiting.pop()
            if type(module) is Sequential and not module._forward_hooks:
                waiting += [inner for _, inner in module.named_members()][::-1]
            else:
                input = module(input)
        return input


class ModuleList(_Row):
    """Modules in a list, which are trained and saved; your own forward says how they are used.

    Raises TypeError for what is no module.

    >>> layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
    >>> len(layers), list(layers.state_dict())[:2]
    (3, ['0.weight', '0.bias'])
    """

    def __init__(self, modules: Iterable[Module] = ()):
        self.extend(modules)

    def __repr__(self) -> str:
        lines, start = [], 0
        for text, alike in groupby(map(repr, self)):
            end = start + len(list(alike))
            lines.append(
                f"({start}): {text}"
                if end == start + 1
                else f"({start}-{end - 1}): {end - start} x {text}"
            )
            start = end
        inside = "\n".join(lines).replace("\n", "\n  ")
        return f"ModuleList(\n  {inside}\n)" if lines else "ModuleList()"


class ModuleDict(Module):
    """Modules by name, which are trained and saved; your own forward says how they are used.

    Raises TypeError for what is no module, KeyError for a name with a dot or one of its own, such
    as train.

    >>> branches = nn.ModuleDict({"left": nn.Linear(2, 1), "right": nn.ReLU()})
    >>> branches["right"], list(branches)
    (ReLU(), ['left', 'right'])
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()):
        for name, module in dict(modules).items():
            self[name] = module

    def __getitem__(self, name: str) -> Module:
        if name not in self:
            raise KeyError(name)
        module: Module = vars(self)[name]
        return module

    def __setitem__(self, name: str, module: Module) -> None:
        _refuse_other("ModuleDict", module)
        if not isinstance(name, str) or "." in name or (hasattr(self, name) and name not in self):
            raise KeyError(
                f"{name!r} cannot be a name in a ModuleDict: names are words without dots that "
                "are not its own, such as train"
            )
        setattr(self, name, module)

    def __contains__(self, name: object) -> bool:
        return isinstance(vars(self).get(name), Module)  # type: ignore[call-overload]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self.named_members()))

    def __len__(self) -> int:
        return len(dict(self.named_members()))

    def keys(self) -> Iterable[str]:
        """The names."""
        return dict(self.named_members()).keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return dict(self.named_members()).values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Names and modules."""
        return dict(self.named_members()).items()


class ParameterList(Module):
    """Parameters in a list, which are trained and saved. Arrays and tensors become parameters.

    Raises TypeError for what cannot be a tensor of floats.

    >>> factors = nn.ParameterList([np.ones(2), np.zeros(3)])
    >>> len(factors), [name for name, _ in factors.named_parameters()]
    (2, ['0', '1'])
    """

    def __init__(self, values: Iterable[Any] = ()):
        self.extend(values)

    def append(self, value: Any) -> Self:
        """Add a parameter at the end."""
        setattr(self, _next_name(self, Parameter), _as_parameter(value))
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add several parameters at the end."""
        for value in values:
            self.append(value)
        return self

    def __iter__(self) -> Iterator[Parameter]:
        return (value for value in vars(self).values() if isinstance(value, Parameter))

    def __len__(self) -> int:
        return len(list(iter(self)))

    @overload
    def __getitem__(self, i: int) -> Parameter: ...
    @overload
    def __getitem__(self, i: slice) -> ParameterList: ...
    def __getitem__(self, i: int | slice) -> Any:
        named = vars(self).get(str(i))
        if isinstance(named, Parameter):
            return named
        found = list(self)[i]
        return ParameterList(found) if isinstance(found, list) else found

    def __setitem__(self, i: int, value: Any) -> None:
        place = i + len(self) if i < 0 else i
        if not 0 <= place <= len(self):
            raise IndexError(f"there is no parameter {i} among {len(self)}")
        setattr(self, str(place), _as_parameter(value))

    def __repr__(self) -> str:
        lines = [
            f"    ({i}): Parameter containing: [{value.dtype} of size "
            f"{'x'.join(map(str, value.shape))}]"
            for i, value in enumerate(self)
        ]
        return "\n".join(["ParameterList(", *lines, ")"]) if lines else "ParameterList()"


def _next_name(container: Module, kind: type) -> str:
    """The name of the next member: how many there are.

    Where the last attribute is a member, its name says so without counting.
    """
    last = next(reversed(vars(container)), "")
    if last.isdecimal() and isinstance(vars(container)[last], kind):
        name = str(int(last) + 1)
        if name not in vars(container):
            return name
    return str(len(container))  # type: ignore[arg-type]


def _as_parameter(value: Any) -> Parameter:
    return value if isinstance(value, Parameter) else Parameter(value)


def _refuse_other(container: str, value: Any) -> None:
    """Do nothing for a module, else say how to write one."""
    if isinstance(value, Module):
        return
    if isinstance(value, (list, tuple)):
        hint = f"write {container}(*layers) for a list of layers"
    elif isinstance(value, type) and issubclass(value, Module):
        hint = f"write nn.{value.__name__}(...) for a layer of this class"
    else:
        known = {name.lower(): name for room in (activations, layers) for name in vars(room)}
        name = getattr(value, "__name__", "").replace("_", "")
        hint = "a function becomes one in the forward of a class Module of your own"
        if name.lower() in known:
            hint = f"write nn.{known[name.lower()]}() for a layer of this function"
    raise TypeError(f"{container} takes modules, not {value!r:.60}: {hint}")
