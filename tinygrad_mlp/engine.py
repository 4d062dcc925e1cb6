"""The engine: it records what was computed, and walks back over it.

An *op* is a function on NumPy arrays with one derivative rule per input (`ops.py` is the
table of them). Called on arrays, an op is plain NumPy. Called on tensors, it also writes down
how its result came to be: the op, its inputs, its parameters. That is the whole graph; there
is no other. The backward pass starts at the last result and applies the rules in reverse.

Four ideas make it short:

- **Creation order is a topological order.** Each recorded value gets the next serial number,
  so whatever a value was made from has a smaller one. Visiting serials from high to low visits
  every value after all its users: no recursion, and no value twice.
- **The same rule runs in two currencies.** An ordinary backward pass runs the rules on arrays
  and records nothing. With `create_graph=True` they run on tensors, hence are recorded, hence
  can be differentiated again, to any order.
- **Un-broadcasting happens here.** Rules give the gradient in the shape of the output; where
  NumPy had stretched an input, the engine sums the gradient back to the input's shape.
- **Gradients travel in a dictionary** that lives for one pass. Nothing stale can stay behind.

Nothing in this file knows any particular op.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast, overload

import numpy as np

from . import changes
from .arguments import no_dimension, refuse_outside, refuse_what_is_no_tensor
from .changes import next_serial
from .dtypes import sum_of
from .observing import constant, observers, tracing
from .rules import refuse_unfit_rules
from .signatures import OpMaker, P, R, Rule, Rules, Takes, UnaryOp

if TYPE_CHECKING:
    from .tensor import Tensor

Q = ParamSpec("Q")
Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., Any])
NodeClass = TypeVar("NodeClass", bound="type[Node]")

# What every op is asked for, looked up once.
ARRAY = np.ndarray
FLOAT64 = np.dtype(np.float64)
FLOAT32 = np.dtype(np.float32)
PLAIN_NUMBERS = {int, float, bool}

NOTHING_FLOWS: Any = object()
"""What a rule returns where no gradient at all belongs: not even zeros."""

recording = ContextVar("recording", default=True)
"""Whether ops on tensors are recorded now: each thread has its own value."""


class Node:
    """What the engine knows of a tensor: its value, and how it came to be.

    `tensor.Tensor` is a Node with operators; the engine itself needs none of them.

    data           the value, a NumPy array
    requires_grad  whether gradients flow to or through it
    grad           the gradient that `backward` left here (leaves only), or None
    op             the op that made it; None for a leaf
    inputs         what `op` was given: a Node where a gradient is wanted, else the plain value;
                   None once the graph was freed
    params         the keyword parameters of `op`
    serial         its place in the order of creation
    hooks          functions that see its gradient pass by, or None
    """

    __slots__ = (
        "__weakref__",
        "data",
        "grad",
        "hooks",
        "inputs",
        "op",
        "params",
        "requires_grad",
        "serial",
    )

    data: np.ndarray
    grad: Tensor | None
    hooks: list[Any] | None
    inputs: Any
    op: Any
    params: dict[str, Any]
    requires_grad: bool
    serial: int


NO_PARAMS: dict[str, Any] = {}

_result_class: type[Node] = Node
_blank = object.__new__


def makes_results(cls: NodeClass) -> NodeClass:
    """Class decorator: from now on the results of ops are instances of `cls`.

    The engine lies below `tensor.py` and cannot import `Tensor`, so `Tensor` signs in here.
    """
    global _result_class
    _result_class = cls
    return cls


def new_node(data: np.ndarray, node: Any = None) -> Any:
    """A leaf around `data`, which is not copied: of the class that signed in, or `node`."""
    if node is None:
        node = _blank(_result_class)
    node.data = data
    node.requires_grad = False
    node.grad = node.op = node.inputs = node.hooks = None
    node.params = NO_PARAMS
    node.serial = next_serial()
    return node


# ---------------------------------------------------------------------------------- recording


OPS: dict[str, Any] = {}
"""Every op by name: the registry that tests walk through."""


NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}
"""NumPy's names of parameters, which PyTorch takes too."""


def takes_also(**names: str) -> Callable[[Function], Function]:
    """Decorator of a function composed of ops: it takes its parameters by other names, too.

    names  by other name, the parameter: `takes_also(other="dim")`. NumPy's `axis` and `keepdims`
           are always among them, as they are for ops

    Called with two names of one parameter, the function raises TypeError.
    """
    also = NUMPY_NAMES | names

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def call(*args: Any, **params: Any) -> Any:
            if params and not also.keys().isdisjoint(params):
                params = _renamed(function.__name__, params, also)
            return function(*args, **params)

        return cast("Function", call)

    return decorate


def _renamed(name: str, params: dict[str, Any], also: dict[str, str]) -> dict[str, Any]:
    """Keyword parameters under the names that the function has for them."""
    found: dict[str, Any] = {}
    for given, value in params.items():
        own = also.get(given, given)
        if own in found:
            raise TypeError(f"{name}() got its {own} twice; {given}= is another name for it")
        found[own] = value
    return found


class Op:
    """What the engine knows of an op: its function on arrays, and its derivative rules.

    `rules[i]` gives the gradient of input i; None where there is none to give. A function of
    any number of inputs (`*tensors`) has one rule for all, `rule_for_each`, told which by `i`.

    forward  of arrays, and of keyword parameters after them
    rules    one for each input: of g, y, the inputs and the parameters
    takes    what makes of the inputs the arrays that are computed with; None for no change

    >>> def cube(x):
    ...     return x**3
    >>> made = testing.Op(cube, rules=(lambda g, y, x: g * 3 * x**2,), rule_for_each=None)
    >>> made.name, made.arity, made.rule(0)(1.0, 8.0, 2.0)
    ('cube', 1, 12.0)
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        rules: tuple[Rule | None, ...],
        rule_for_each: Rule | None,
        takes: Takes | None = None,
    ):
        self.forward = forward
        self.takes = takes
        self.name = forward.__name__
        self.rules = rules
        self.rule_for_each = rule_for_each
        self.has_rules = any(rules) or rule_for_each is not None
        self.signature = inspect.signature(forward)
        parameters = list(self.signature.parameters.values())
        variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        needed = [p for p in parameters if p.default is p.empty]
        self.arity = 10**9 if variadic else len(rules or needed)
        self.params = parameters[1 if variadic else self.arity :]
        self.may_lack_one = any(p.default is None for p in parameters[: self.arity])
        self.param_names = {p.name for p in self.params}
        # Who writes an op may widen float32 by accident, as NumPy does; a cast means it.
        self.narrows = takes is None and "dtype" not in self.param_names
        names = [p.name for p in parameters]
        self.also = NUMPY_NAMES | dict(zip(("input", "other"), names, strict=False))
        self.defaults = {p.name: p.default for p in self.params if p.default is not p.empty}

    def rule(self, i: int) -> Rule | None:
        """The derivative rule of input `i`."""
        if self.rule_for_each is None:
            return self.rules[i]
        rule = self.rule_for_each
        return lambda g, y, *xs, **params: rule(g, y, *xs, **params)(i)

    def sort_out(
        self, args: tuple[Any, ...], params: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Inputs passed by name and parameters passed by position, each to its place.

        PyTorch's names of inputs (`input`, `other`) and NumPy's of dimensions (`axis`,
        `keepdims`), which PyTorch takes too, are understood.
        """
        if not params and len(args) <= self.arity + len(self.params):  # as in x.sum(0): faster
            values = zip(self.params, args[self.arity :], strict=False)
            return args[: self.arity], {p.name: value for p, value in values}
        known = self.signature.parameters
        params = _renamed(self.name, params, {k: v for k, v in self.also.items() if k not in known})
        try:
            bound = self.signature.bind(*args, **params).arguments
        except TypeError as error:
            refuse_outside(self.name, self.forward, params)
            takes = ", ".join(self.signature.parameters)
            raise TypeError(f"{self.name}() {error}; it takes {takes}") from error
        params = {name: bound.pop(name) for name in list(bound) if name in self.param_names}
        return tuple(bound.values()), params


def apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Compute an op. On tensors, give a tensor, recorded if a gradient will be wanted."""
    if len(args) > op.arity or (params and not params.keys() <= op.param_names):
        args, params = op.sort_out(args, params)
    arrays: list[Any] = []
    inputs: list[Any] = []
    any_node = wants_grad = mixed = False
    for arg in args:
        if isinstance(arg, Node):
            any_node = True
            array = arg.data
            arrays.append(array)
            if array.dtype is not FLOAT32:
                mixed = True
            if arg.requires_grad:
                wants_grad = True
                inputs.append(arg)
            else:
                inputs.append(arg if tracing else array)
        else:
            if isinstance(arg, ARRAY):
                if arg.dtype is not FLOAT32:
                    mixed = True
            elif type(arg) not in PLAIN_NUMBERS and not (arg is None and op.may_lack_one):
                mixed = True
                arg = _narrow(op, arg, args)
            arrays.append(arg)
            inputs.append(arg)
    if not any_node:
        if mixed and op.takes is not None:
            # among arrays, NumPy's scalars are what it makes of arrays of no dimensions
            given = [a if a is None or type(a) in PLAIN_NUMBERS else np.asarray(a) for a in args]
            args = tuple(op.takes(given))
        try:
            return op.forward(*args, **params)
        except AttributeError as error:
            refuse_what_is_no_tensor(op.name, [*args], error)
            raise
    if mixed and op.takes is not None:
        arrays = op.takes(arrays)
        inputs = [x if isinstance(x, Node) else a for x, a in zip(inputs, arrays, strict=True)]
    try:
        data = op.forward(*arrays, **params) if params else op.forward(*arrays)
    except np.exceptions.AxisError as error:
        said = str(error)
        if error.axis is not None and error.ndim is not None:
            said = no_dimension(error.axis, error.ndim)
        raise IndexError(_explain(op, arrays, params, said)) from error
    except (ValueError, IndexError) as error:
        raise type(error)(_explain(op, arrays, params, str(error))) from error
    except AttributeError as error:
        refuse_what_is_no_tensor(op.name, arrays, error)
        raise
    if type(data) is not ARRAY:
        data = np.asarray(data)
    raw = data
    recorded = wants_grad and op.has_rules and recording.get()
    if data.dtype is not FLOAT32:
        if data.dtype is FLOAT64 and op.narrows and not _any_float64(args):
            data = data.astype(FLOAT32)
        if recorded and data.dtype.kind == "c":
            raise TypeError(f"{op.name}() gave complex numbers, which have no gradients here")
        recorded = recorded and data.dtype.kind == "f"
    if recorded:  # as in new_node, each attribute set once: this is the busiest place of all
        node = _blank(_result_class)
        node.data = data
        node.requires_grad = True
        node.grad = node.hooks = None
        node.op, node.inputs = op, inputs
        node.params = {**op.defaults, **params} if op.params else NO_PARAMS
        node.serial = next_serial()
    else:
        node = new_node(data)
    for observer in observers:
        observer.forward(op, args, arrays, params, raw, node)
    return node


@overload
def op(function: Callable[Concatenate[Any, P], Any], /) -> UnaryOp[P]: ...
@overload
def op(*, grad: R, takes: Takes | None = None) -> OpMaker[R]: ...
@overload
def op(*, grad_of_each: Rule, takes: Takes | None = None) -> Callable[[Function], Function]: ...
def op(
    function: Callable[..., Any] | None = None,
    *,
    grad: Rules = (),
    grad_of_each: Rule | None = None,
    takes: Takes | None = None,
) -> Any:
    """Make an op of a function on arrays, and enter it in the registry.

    `grad` is a rule, or a tuple with one rule per input (None: this input has no gradient).
    A rule is called as `rule(g, y, *inputs, **params)`: the gradient of the output, the output,
    the inputs and the keyword parameters, defaults filled in. It returns the gradient of its
    input, in the shape of the output or of the input, and is written with operators and ops
    alone, so that it runs on arrays and on tensors alike. The first `len(grad)` arguments of
    the function are its inputs, the rest its parameters; without rules, those with no default
    are its inputs, and the result never requires a gradient.

    `takes` says what dtypes it computes with: `promoted`, `floats` or another function of
    `dtypes.py`, called with the inputs as arrays where they are not all float32.

    For a function of `*tensors`, `grad_of_each` is one rule for all: `rule(g, y, *inputs,
    **params)` returns a function that gives, for the index of an input, its gradient. So what all
    inputs share is computed once, and a thousand inputs cost a thousand times one.

    >>> @tg.op(grad=lambda g, y, x: g * 3 * x * x)
    ... def cube(x):
    ...     return x * x * x
    >>> cube(tg.tensor(2.0))
    tensor(8.)
    """
    if function is None:
        return lambda function: _make_op(function, grad, grad_of_each, takes)
    return _make_op(function, grad, grad_of_each, takes)


def _make_op(
    function: Callable[..., Any],
    grad: Rules,
    grad_of_each: Rule | None,
    takes: Takes | None,
) -> Any:
    made = Op(function, grad if isinstance(grad, tuple) else (grad,), grad_of_each, takes)
    refuse_unfit_rules(made)

    @functools.wraps(function)
    def call(*args: Any, **params: Any) -> Any:
        return apply(made, args, params)

    # Redefining your own is fine (a notebook cell is run again); another's name is taken.
    taken = OPS.get(made.name)
    if taken is not None and taken.__module__ != function.__module__:
        raise ValueError(f"an op named {made.name!r} exists already; choose another name")
    call.op = made  # type: ignore[attr-defined]
    OPS[made.name] = call
    return call


def plain(value: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return value.data if isinstance(value, Node) else value


def beside(input: Any, value: Any) -> Any:
    """What is given beside a tensor and gets no gradient: numbers, lists and tensors as an array.

    While a program is written down, as a tensor, so that what is computed with it is seen.
    """
    if not (tracing and isinstance(input, Node)):
        return np.asarray(plain(value))
    if isinstance(value, Node):
        return value
    return new_node(value if isinstance(value, np.ndarray) else constant(np.asarray(value)))


def copied(value: Any) -> Any:
    """A copy with memory of its own: of an array, or of a tensor, then recorded as an op."""
    return value * 1


def _narrow(op: Op, value: Any, beside: tuple[Any, ...]) -> Any:
    """A NumPy scalar as the Python number, a list as an array: neither widens a float32."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{op.name}() computes with numbers, lists of numbers, arrays and tensors, "
            f"not with {value!r:.80}"
        )
    if isinstance(value, np.generic):
        return value.item()
    is_wide = array.dtype == FLOAT64 and not _any_float64(beside)
    return array.astype(FLOAT32) if is_wide else array


def _any_float64(args: tuple[Any, ...]) -> bool:
    arrays = map(plain, args)
    return any(isinstance(a, np.ndarray) and a.dtype == FLOAT64 for a in arrays)


def _explain(op: Op, arrays: list[Any], params: dict[str, Any], error: str) -> str:
    shapes = ", ".join(str(a.shape) if isinstance(a, np.ndarray) else repr(a) for a in arrays)
    given = "".join(f", {name}={value!r}" for name, value in params.items())
    return f"{op.name}() on shapes {shapes}{given}: {error}"


class set_grad_enabled:
    """Switch recording on or off in this thread: `with set_grad_enabled(False):`.

    Also a decorator, of generator functions too: there it holds in each of their steps, and not
    between them.

    >>> with tg.set_grad_enabled(False):
    ...     tg.is_grad_enabled()
    False
    """

    def __init__(self, enabled: bool):
        self.enabled = enabled
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(recording.get())
        recording.set(self.enabled)

    def __exit__(self, *error: object) -> None:
        recording.set(self.before.pop())

    def __call__(self, function: Callable[Q, Result]) -> Callable[Q, Result]:
        steps_through = inspect.isgeneratorfunction(function)

        @functools.wraps(function)
        def switched(*args: Q.args, **kwargs: Q.kwargs) -> Any:
            if steps_through:
                return _stepped(self.enabled, function(*args, **kwargs))
            with set_grad_enabled(self.enabled):
                return function(*args, **kwargs)

        return switched


def _stepped(enabled: bool, generator: Any) -> Generator[Any, Any, Any]:
    """The same generator, with recording switched in each step and as it was between them."""
    step: Callable[[], Any] = functools.partial(next, generator)
    while True:
        try:
            with set_grad_enabled(enabled):
                value = step()
        except StopIteration as stop:
            return stop.value
        try:
            step = functools.partial(generator.send, (yield value))
        except BaseException as error:
            step = functools.partial(generator.throw, error)


@overload
def no_grad(function: Callable[Q, Result], /) -> Callable[Q, Result]: ...
@overload
def no_grad() -> AbstractContextManager[None]: ...
def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """`with no_grad():`, or `@no_grad` on a function: nothing is recorded inside.

    >>> x = tg.tensor(1.0, requires_grad=True)
    >>> with tg.no_grad():
    ...     (x * 2).requires_grad
    False
    """
    return set_grad_enabled(False)(function) if function else set_grad_enabled(False)


@overload
def enable_grad(function: Callable[Q, Result], /) -> Callable[Q, Result]: ...
@overload
def enable_grad() -> AbstractContextManager[None]: ...
def enable_grad(function: Callable[..., Any] | None = None) -> Any:
    """`with enable_grad():`, or `@enable_grad`: record again, inside a `no_grad`.

    >>> with tg.no_grad(), tg.enable_grad():
    ...     tg.is_grad_enabled()
    True
    """
    return set_grad_enabled(True)(function) if function else set_grad_enabled(True)


def is_grad_enabled() -> bool:
    """Whether ops on tensors are recorded now, in this thread.

    >>> tg.is_grad_enabled()
    True
    """
    return recording.get()


# ------------------------------------------------------------------------------- walking back


def run_backward(
    outputs: Sequence[Node],
    seeds: Sequence[Any],
    inputs: Sequence[Node] | None = None,
    create_graph: bool = False,
    retain_graph: bool = False,
) -> list[tuple[Any, Any]]:
    """Walk back from `outputs`, weighted with `seeds`; give pairs (tensor, its gradient).

    With `inputs`, their gradients, and only the way to them is computed; without, those of
    every leaf that requires one. Gradients are tensors, recorded with `create_graph`; no two
    of them share memory. What was walked over is freed unless `retain_graph`.
    """
    if tracing:
        seeds = [_as_node(constant(seed)) for seed in seeds]
    nodes = _reachable(outputs)
    order = sorted(nodes, reverse=True)
    targets = None if inputs is None else {x.serial for x in inputs}
    needed = nodes.keys() if targets is None else _on_the_way(nodes, order, targets)
    pending: dict[int, Any] = {}
    for node, seed in zip(outputs, seeds, strict=True):
        _add(pending, node.serial, copied(seed))
    found = []
    with set_grad_enabled(create_graph):
        for serial in order:
            node = nodes.pop(serial)
            gradient = pending.pop(serial, None)
            if gradient is not None:
                for hook in tuple(node.hooks) if node.hooks else ():
                    gradient = _after_hook(hook, gradient)
                if node.op is None if targets is None else serial in targets:
                    own = gradient if node.op is None else copied(gradient)
                    found.append((node, _as_node(own)))
            if node.op is None or not (targets is None or _leads_to(node, needed)):
                continue
            if gradient is not None:
                _send_back(node, gradient, pending, needed, create_graph)
            if not retain_graph:
                node.inputs = None
    return found


def _reachable(outputs: Sequence[Node]) -> dict[int, Node]:
    """Everything the outputs were made from, by serial number."""
    nodes: dict[int, Node] = {}
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.serial in nodes:
            continue
        nodes[node.serial] = node
        if node.op is None:
            if node.requires_grad and node.data.dtype.kind != "f":
                raise TypeError(
                    f"only floating-point tensors can require a gradient, and a leaf here is "
                    f"{node.data.dtype}; write tensor(data, dtype=np.float32, requires_grad=True)"
                )
            continue
        if node.inputs is None:
            raise RuntimeError(
                f"the graph behind this result of {node.op.name}() was freed by an earlier "
                "backward pass; run the forward pass again, or pass retain_graph=True to the "
                "first backward"
            )
        for x in node.inputs:
            if isinstance(x, Node):
                stack.append(x)
    return nodes


def _on_the_way(nodes: dict[int, Node], order: list[int], targets: set[int]) -> set[int]:
    """The serials through which a gradient must pass to reach the targets."""
    needed: set[int] = set()
    for serial in reversed(order):
        if serial in targets or _leads_to(nodes[serial], needed):
            needed.add(serial)
    return needed


def _leads_to(node: Node, needed: Any) -> bool:
    """Whether an input of `node` is needed."""
    return any(isinstance(x, Node) and x.serial in needed for x in node.inputs or ())


def _send_back(
    node: Node, g: Any, pending: dict[int, Any], needed: Any, create_graph: bool
) -> None:
    """Apply the rules of `node.op`: turn its gradient into contributions to its inputs."""
    op, inputs, params = node.op, node.inputs, node.params
    arrays = [x.data if isinstance(x, Node) else x for x in inputs]
    y, xs = (node, inputs) if create_graph or tracing else (node.data, arrays)
    if changes.latest > node.serial:
        changes.refuse_if_changed(op.name, node.serial, [node.data, *arrays, *params.values()])
    # One rule for any number of inputs is called once: handing it all of them takes a while.
    each = None if op.rule_for_each is None else op.rule_for_each(g, y, *xs, **params)
    others: set[int] = set()
    for i, x in enumerate(inputs):
        if not isinstance(x, Node) or not x.requires_grad or x.serial not in needed:
            continue
        if each is not None:
            part = each(i)
        else:
            rule = op.rules[i]
            if rule is None:
                continue
            part = rule(g, y, *xs, **params)
        if part is NOTHING_FLOWS:
            continue
        for observer in observers:
            observer.backward(op, node.serial, i, x, part, g)
        if getattr(part, "shape", None) != x.data.shape:
            part = _unbroadcast(part, x.data.shape, op)
        if part.dtype is not x.data.dtype:
            part = part.astype(x.data.dtype)
        if x.op is None:
            others = others or {id(g), id(y), *map(id, xs), *map(id, params.values())}
            if _is_shared(part, others):
                part = copied(part)
            others.add(id(part))
        _add(pending, x.serial, part)


def _add(pending: dict[int, Any], serial: int, part: Any) -> None:
    """The first contribution is taken, later ones are added."""
    known = pending.get(serial)
    pending[serial] = part if known is None else known + part


def _unbroadcast(g: Any, shape: tuple[int, ...], op: Op) -> Any:
    """Sum `g` over what broadcasting had stretched, so that it has `shape` again."""
    if not hasattr(g, "shape"):
        g = np.asarray(g)
        if g.dtype.kind not in "fiub":
            raise TypeError(f"a derivative rule of {op.name}() gave no gradient, but {g.item()!r}")
    extra = g.ndim - len(shape)
    if extra > 0 and g.shape[extra:] == shape:  # as a bias is stretched: the usual case
        return _summed(g, tuple(range(extra)))
    stretched = tuple(
        d for d in range(g.ndim) if d < extra or (shape[d - extra] == 1 and g.shape[d] != 1)
    )
    summed = _summed(g, stretched) if stretched else g
    if extra < 0 or summed.shape != tuple(
        n for d, n in enumerate(shape) if d + extra not in stretched
    ):
        raise ValueError(
            f"a derivative rule of {op.name}() gave a gradient of shape {g.shape} for an input "
            f"of shape {shape}; it must have the shape of the input or of the output"
        )
    return summed if summed.shape == shape else summed.reshape(shape)


def _summed(g: Any, dims: tuple[int, ...]) -> Any:
    return sum_of(g, dims) if isinstance(g, ARRAY) else g.sum(dims)


def _is_shared(part: Any, others: set[int]) -> bool:
    """Whether `part` may share memory with something else: it must not end up in a `.grad`.

    others  the ids of what the rule was given, and of what other leaves got from it
    """
    return id(part) in others or getattr(plain(part), "base", None) is not None


def _after_hook(hook: Callable[[Any], Any], gradient: Any) -> Any:
    """What a hook makes of a gradient: it is shown a copy, and may return another tensor."""
    returned = hook(_as_node(copied(gradient)))
    if returned is None:
        return gradient
    if not isinstance(returned, Node) or returned.data.shape != gradient.shape:
        shape = f" of shape {returned.data.shape}" if isinstance(returned, Node) else ""
        raise TypeError(
            f"a hook returned a {type(returned).__name__}{shape}; it must return nothing, or the "
            f"gradient in another tensor of its shape {gradient.shape}"
        )
    value: Any = returned if isinstance(gradient, Node) else returned.data
    return copied(value.astype(gradient.dtype))


def _as_node(value: Any) -> Any:
    return value if isinstance(value, Node) else new_node(np.asarray(value))
