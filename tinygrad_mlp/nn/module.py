"""`Module`: what every layer and every model is.

A module is its attributes, nothing more. Parameters, buffers and other modules that are set as
attributes are found by looking through `vars(self)`; what a module computes is its `forward`.
To write a layer, subclass `Module`, set attributes in `__init__`, and write `forward`.

A plain list, tuple or dict is not looked into, so a module in one would be neither trained nor
saved. Whoever asks for the parameters or the state of such a model is told what to write instead.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..arguments import helpful, refuse_outside
from ..observing import refuse_to_trace
from ..signatures import DType
from ..state import refuse_misfit
from ..tensor import Tensor

if TYPE_CHECKING:
    from ..inspection import Summary


class Parameter(Tensor):
    """A tensor that a module learns. It requires a gradient unless told otherwise.

    data           a tensor, an array, numbers: of any shape
    dtype          float32 for Python numbers, and that of an array, unless it is given
    requires_grad  whether it is learned

    Raises TypeError for what is not numbers, or for integers that should be learned.

    >>> nn.Parameter([1.0, 2.0])
    tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = True):
        super().__init__(data, dtype, requires_grad)


class Buffer(Tensor):
    """A tensor that a module keeps and does not learn: saved and loaded with the parameters.

    >>> norm = nn.BatchNorm1d(2)
    >>> [name for name, _ in norm.named_buffers()]
    ['running_mean', 'running_var', 'num_batches_tracked']
    """

    __slots__ = ()


class _UnsavedBuffer(Buffer):
    """One that `register_buffer(persistent=False)` made: in no `state_dict`."""

    __slots__ = ()


class ForwardHook:
    """A hook on the forward of a module; `remove()` takes it away.

    >>> layer, seen = nn.ReLU(), []
    >>> hook = layer.register_forward_hook(lambda module, inputs, output: seen.append(output))
    >>> layer(tg.tensor([-1.0, 1.0]))
    tensor([0., 1.])
    >>> hook.remove()
    >>> seen
    [tensor([0., 1.])]
    """

    def __init__(self, module: Module, call: Callable[..., Any], is_before: bool):
        self._module = module
        self.call = call
        self.is_before = is_before

    def remove(self) -> None:
        """Take the hook away from its module."""
        hooks = self._module._forward_hooks
        if isinstance(hooks, list) and self in hooks:
            hooks.remove(self)


class Module:
    """A layer or a model: subclass it, set parameters and modules as attributes, write forward.

    Raises NotImplementedError when it is called without a `forward`, and TypeError when it is asked
    for its parameters or its state while a plain list, tuple or dict hides some.

    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         self.factor = nn.Parameter([2.0, 3.0])
    ...
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(tg.ones(2)).tolist()
    [2.0, 3.0]
    >>> list(Scale().state_dict())
    ['factor']
    """

    training: bool = True
    _forward_hooks: Sequence[ForwardHook] = ()

    if not TYPE_CHECKING:  # type checkers look at __init__

        def __new__(cls, *args, **options):
            refuse_outside(cls.__name__, cls.__init__, options)
            if (args or options) and cls.__init__ is object.__init__:
                raise TypeError(f"{cls.__name__}() takes no arguments, and was given some")
            return super().__new__(cls)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes: to be written by whoever subclasses it."""
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, ...)")

    def __call__(self, *inputs: Any, **options: Any) -> Tensor:
        if self._forward_hooks:
            return self._call_with_hooks(inputs, options)
        result: Tensor = self.forward(*inputs, **options)
        return result

    def _call_with_hooks(self, inputs: tuple[Any, ...], options: dict[str, Any]) -> Tensor:
        refuse_to_trace("calls a forward hook, which a program would not call again; remove it")
        for hook in tuple(self._forward_hooks):
            if hook.is_before:
                changed = hook.call(self, inputs)
                if changed is not None:
                    inputs = changed if isinstance(changed, tuple) else (changed,)
        result: Tensor = self.forward(*inputs, **options)
        for hook in tuple(self._forward_hooks):
            if not hook.is_before:
                changed = hook.call(self, inputs, result)
                result = result if changed is None else changed
        return result

    def register_forward_pre_hook(self, hook: Callable[[Any, Any], Any]) -> ForwardHook:
        """Call `hook(module, inputs)` before each forward; what it returns replaces the inputs."""
        return self._hook(hook, is_before=True)

    def register_forward_hook(self, hook: Callable[[Any, Any, Any], Any]) -> ForwardHook:
        """Call `hook(module, inputs, output)` after each; what it returns replaces the output."""
        return self._hook(hook, is_before=False)

    def _hook(self, hook: Callable[..., Any], is_before: bool) -> ForwardHook:
        handle = ForwardHook(self, hook, is_before)
        vars(self).setdefault("_forward_hooks", []).append(handle)
        return handle

    # ---- the modules in it

    def named_members(self) -> Iterator[tuple[str, Module]]:
        """The modules that are attributes of this one; one that has two names comes twice."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that are attributes of this one, each once, with their names."""
        return _distinct(Module, self.named_members())

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one, each once."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all in it, each once, as ("", module), ("0", module), ("0.1", module)."""
        seen: set[int] = set()
        waiting: list[tuple[str, Module]] = [(prefix, self)]
        while waiting:
            name, module = waiting.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module
                members = list(module.named_members())
                waiting += [(_dotted(name) + key, child) for key, child in reversed(members)]

    def modules(self) -> Iterator[Module]:
        """This module and all in it, each once."""
        return (module for _, module in self.named_modules())

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call a function with every module in this one, and then with this one itself."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Tell this module and all in it whether they are being trained."""
        self.named_tensors()  # says so if a module is hidden from what follows
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Tell this module and all in it that they are being used, not trained."""
        return self.train(False)

    # ---- its parameters and buffers

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Every parameter of this module and of those in it, as ("0.weight", parameter).

        A parameter that two modules share comes once, under its first name.
        """
        return self._each_once(Parameter, prefix)

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Buffer]]:
        """Every buffer of this module and of those in it, each once, with its name."""
        return self._each_once(Buffer, prefix)

    def _each_once(self, kind: type, prefix: str) -> Iterator[tuple[str, Any]]:
        return _distinct(kind, self.named_tensors(prefix))

    def named_tensors(self, prefix: str = "") -> list[tuple[str, Parameter | Buffer]]:
        """Every parameter and buffer with its name; one that has two names comes twice.

        Raises TypeError if a plain list, tuple or dict hides a parameter or a module.
        """
        tensors: list[tuple[str, Parameter | Buffer]] = []
        containers: list[tuple[str, Any]] = []
        self._find(_dotted(prefix), tensors, containers)
        known: set[int] = set()
        for name, container in containers:
            for hidden in _inside(container):
                known = known or {*map(id, self.modules()), *(id(value) for _, value in tensors)}
                if id(hidden) not in known:
                    raise TypeError(_about_hidden(self, name, container, hidden))
        return tensors

    def _find(self, prefix: str, tensors: list[Any], containers: list[Any]) -> None:
        """Add what is in this module, with names, in one walk, as training steps do this too."""
        buffers: list[tuple[str, Buffer]] = []
        members: list[tuple[str, Module]] = []
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                tensors.append((prefix + name, value))
            elif isinstance(value, Buffer):
                buffers.append((prefix + name, value))
            elif isinstance(value, Module):
                members.append((f"{prefix}{name}.", value))
            elif isinstance(value, PLAIN_CONTAINERS):
                containers.append((prefix + name, value))
        tensors += buffers
        for inner, member in members:
            member._find(inner, tensors, containers)

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter, each once."""
        return (parameter for _, parameter in self.named_parameters())

    def buffers(self) -> Iterator[Buffer]:
        """Every buffer, each once."""
        return (buffer for _, buffer in self.named_buffers())

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """Set a parameter as the attribute `name`: the same as self.name = parameter."""
        if not (parameter is None or isinstance(parameter, Parameter)):
            raise TypeError(f"{name} must be an nn.Parameter or None, not {parameter!r:.40}")
        setattr(self, name, parameter)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Set a tensor as a buffer under the attribute `name`: self.name = nn.Buffer(tensor).

        persistent  whether it is saved and loaded with the parameters
        """
        kind = Buffer if persistent else _UnsavedBuffer
        setattr(self, name, None if tensor is None else kind(tensor))

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Say of all parameters whether they are to be learned; False freezes them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for _, tensor in self.named_tensors():
            tensor.grad = None

    def to(self, dtype: DType) -> Self:
        """Convert all parameters and buffers of floats to a floating-point dtype, in place.

        The device "cpu" is taken too, and changes nothing: there is no other. Raises TypeError
        for anything else.
        """
        if isinstance(dtype, str) and dtype == "cpu":
            return self
        try:
            wanted = np.dtype(dtype)
        except TypeError:
            wanted = np.dtype(object)
        if wanted.kind != "f":
            raise TypeError(
                f"to() takes a floating-point dtype, such as np.float64, not {dtype!r}; the only "
                "device is the CPU"
            )
        for value in {id(value): value for _, value in self.named_tensors()}.values():
            for tensor in (value, value.grad):
                if tensor is not None and tensor.dtype.kind == "f":
                    tensor.data = tensor.data.astype(wanted, copy=False)
        return self

    def float(self) -> Self:
        """Convert all parameters and buffers of floats to float32, in place."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Convert all parameters and buffers of floats to float64, in place."""
        return self.to(np.float64)

    # ---- its state

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of each parameter and buffer, as arrays, by name: PyTorch's names and shapes."""
        return {name: value.data.copy() for name, value in self._saved().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the values of `state`. If anything does not fit, change nothing.

        state  by name, arrays or whatever NumPy can read as arrays (PyTorch's CPU tensors too)

        Raises ValueError, which names all entries that are missing, unexpected, or of another
        shape or dtype.
        """
        own = self._saved()
        arrays = {name: _array(value) for name, value in state.items()}
        refuse_misfit(type(self).__name__, own, arrays)
        for name, value in own.items():
            value.detach().copy_(arrays[name])

    def _saved(self) -> dict[str, Parameter | Buffer]:
        return {n: v for n, v in self.named_tensors() if not isinstance(v, _UnsavedBuffer)}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # One after the other, not one in another: Python allows only some hundred calls in each
        # other. All copies are there before any is filled, as modules may refer to each other.
        inside = [m for m in self.modules() if m is self or _is_copied_plainly(type(m))]
        new = [m for m in inside if id(m) not in memo]
        memo |= {id(m): type(m).__new__(type(m)) for m in new}
        for m in new:
            vars(memo[id(m)]).update({k: copy.deepcopy(v, memo) for k, v in vars(m).items()})
        made: Self = memo[id(self)]
        return made

    def extra_repr(self) -> str:
        """What stands between the parentheses of the repr of a layer without modules in it."""
        return ""

    @helpful
    def summary(
        self,
        input_size: Sequence[Any] | None = None,
        input_data: Any = None,
        *,
        depth: int = 3,
        dtypes: Sequence[DType] | None = None,
        mode: str = "eval",
    ) -> Summary:
        """Its layers with output shapes, parameters and multiply-adds: see `tg.summary`."""
        return _summary(self, input_size, input_data, depth=depth, dtypes=dtypes, mode=mode)

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the layers and their parameters, or None for the plain text."""
        try:
            return _summary(self)._repr_html_()
        except Exception:  # a notebook asks for every cell, so that nothing may go wrong here
            return None

    def __repr__(self) -> str:
        name = type(self).__name__
        lines = []
        for key, child in self.named_members():  # no comprehension, which would be a call more
            lines.append(f"({key}): {child!r}")
        if not lines:
            return f"{name}({self.extra_repr()})"
        inside = "\n".join(lines).replace("\n", "\n  ")
        return f"{name}(\n  {inside}\n)"


_summary: Callable[..., Summary]


def summarises(function: Callable[..., Summary]) -> None:
    """From now on, this is what makes the summary of a module.

    It lies above this file, which cannot import it, so it signs in here, once and for all, when
    the package is imported.
    """
    global _summary
    _summary = function


def _distinct(kind: type, named: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Those of a kind, each under its first name only."""
    seen: set[int] = set()
    for name, value in named:
        if isinstance(value, kind) and id(value) not in seen:
            seen.add(id(value))
            yield name, value


COPYING = ("__deepcopy__", "__getstate__", "__setstate__", "__reduce__", "__reduce_ex__")
"""The methods by which a class says how it is copied."""


def _is_copied_plainly(kind: type[Module]) -> bool:
    """Whether modules of a kind are copied as all are, by copying their attributes."""
    return all(getattr(kind, name, None) is getattr(Module, name, None) for name in COPYING)


def _dotted(prefix: str) -> str:
    """What stands before the names of a module's attributes."""
    return f"{prefix}." if prefix else ""


PLAIN_CONTAINERS = (list, tuple, dict)


def _inside(container: Any, depth: int = 2) -> Iterator[Module | Parameter]:
    """The modules and parameters among the first values of a container and of those in it.

    Only the first twenty are looked at, so that a long list of numbers costs nothing.
    """
    for value in islice(container.values() if isinstance(container, dict) else container, 20):
        if isinstance(value, (Module, Parameter)):
            yield value
        elif depth and isinstance(value, PLAIN_CONTAINERS):
            yield from _inside(value, depth - 1)


def _about_hidden(owner: Module, name: str, container: Any, hidden: Module | Parameter) -> str:
    is_dict, is_module = isinstance(container, dict), isinstance(hidden, Module)
    remedy = {
        (False, True): "nn.ModuleList",
        (True, True): "nn.ModuleDict",
        (False, False): "nn.ParameterList",
        (True, False): "nn.ParameterList, or attributes of their own",
    }[is_dict, is_module]
    return (
        f"{type(owner).__name__}.{name} is a plain {type(container).__name__}, and the "
        f"{type(hidden).__name__} in it would be neither trained nor saved; make it an {remedy}"
    )


def named_options(layer: Module, *names: str) -> str:
    """The options of a layer as its repr has them: attributes of these names."""
    return ", ".join(f"{name}={getattr(layer, name)!r}" for name in names)


def _array(value: Any) -> np.ndarray:
    return value.data if isinstance(value, Tensor) else np.asarray(value)
