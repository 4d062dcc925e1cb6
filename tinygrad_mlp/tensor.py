"""`Tensor`: what the user holds. An array that remembers how it came to be.

Operators and methods are one line each and name an op of `ops.py`; what an op computes and what
its derivative is stands there. Names, arguments and defaults are PyTorch's. The differences:
`.data` and `.numpy()` are NumPy arrays, NumPy's own functions work on tensors where an op
stands behind them, and NumPy scalars count as plain numbers (they do not widen a float32).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import ops
from .engine import (
    Node,
    makes_results,
    mark_changed,
    mode,
    new_node,
    run_backward,
    set_grad_enabled,
)


@makes_results
class Tensor(Node):
    """An n-dimensional array of numbers, with gradients on request.

    data           numbers, nested lists of numbers, an array or a tensor; copied. Python floats
                   become float32, integers int64; arrays keep their dtype
    dtype          another NumPy dtype
    requires_grad  whether operations on it are recorded; for floating-point dtypes only
    """

    __slots__ = ()

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = False):
        super().__init__(_to_array(data, dtype))
        if requires_grad:
            self.requires_grad_()

    # ---- what it is

    shape = property(lambda self: self.data.shape, doc="The lengths of its dimensions, a tuple.")
    ndim = property(lambda self: self.data.ndim, doc="The number of its dimensions.")
    dtype = property(lambda self: self.data.dtype, doc="Its NumPy dtype.")
    is_leaf = property(lambda self: self.op is None, doc="Whether no recorded op made it.")
    T = property(lambda self: self.permute(*reversed(range(self.ndim))), doc="Reversed dims.")
    mT = property(lambda self: ops.transpose(self, dim0=-2, dim1=-1), doc="Each matrix transposed.")

    def dim(self) -> int:
        return self.data.ndim

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        return self.data.size

    # ---- arithmetic

    def __add__(self, other: Any) -> Tensor:
        return ops.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return ops.add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return ops.sub(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return ops.sub(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return ops.mul(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return ops.mul(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return ops.div(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return ops.div(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return ops.pow(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return ops.pow(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return ops.matmul(other, self)

    def __neg__(self) -> Tensor:
        return ops.neg(self)

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return ops.abs(self)

    # ---- comparisons, elementwise

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return ops.equal(self, other)

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return ops.not_equal(self, other)

    def __lt__(self, other: Any) -> Tensor:
        return ops.less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return ops.less_equal(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return ops.greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return ops.greater_equal(self, other)

    def __and__(self, other: Any) -> Tensor:
        return ops.logical_and(self, other)

    def __or__(self, other: Any) -> Tensor:
        return ops.logical_or(self, other)

    def __invert__(self) -> Tensor:
        return ops.logical_not(self)

    __hash__ = object.__hash__

    # ---- elementwise functions

    def exp(self) -> Tensor:
        return ops.exp(self)

    def log(self) -> Tensor:
        return ops.log(self)

    def sqrt(self) -> Tensor:
        return ops.sqrt(self)

    def tanh(self) -> Tensor:
        return ops.tanh(self)

    def abs(self) -> Tensor:
        return ops.abs(self)

    def sign(self) -> Tensor:
        return ops.sign(self)

    def relu(self) -> Tensor:
        return ops.relu(self)

    def sigmoid(self) -> Tensor:
        return ops.sigmoid(self)

    def maximum(self, other: Any) -> Tensor:
        return ops.maximum(self, other)

    def minimum(self, other: Any) -> Tensor:
        return ops.minimum(self, other)

    def softmax(self, dim: int) -> Tensor:
        return ops.softmax(self, dim=dim)

    def log_softmax(self, dim: int) -> Tensor:
        return ops.log_softmax(self, dim=dim)

    # ---- reductions

    def sum(self, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Tensor:
        return ops.sum(self, dim=dim, keepdim=keepdim)

    def mean(self, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Tensor:
        return ops.mean(self, dim=dim, keepdim=keepdim)

    def amax(self, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Tensor:
        return ops.amax(self, dim=dim, keepdim=keepdim)

    def amin(self, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Tensor:
        return ops.amin(self, dim=dim, keepdim=keepdim)

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return ops.argmax(self, dim=dim, keepdim=keepdim)

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return ops.argmin(self, dim=dim, keepdim=keepdim)

    # ---- shape and indexing

    def reshape(self, *shape: Any) -> Tensor:
        return ops.reshape(self, shape=_flat(shape))

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        start, end = start_dim % max(self.ndim, 1), end_dim % max(self.ndim, 1)
        return self.reshape(*self.shape[:start], -1, *self.shape[end + 1 :])

    def permute(self, *dims: Any) -> Tensor:
        return ops.permute(self, dims=_flat(dims))

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        return ops.transpose(self, dim0=dim0, dim1=dim1)

    def expand(self, *shape: Any) -> Tensor:
        return ops.expand(self, shape=_flat(shape))

    def __getitem__(self, index: Any) -> Tensor:
        return ops.getitem(self, index=_plain_index(index))

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a tensor of no dimensions has no length; .item() gives its number")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    # ---- values

    def item(self) -> Any:
        """The number in a tensor of one value."""
        if self.data.size != 1:
            raise ValueError(
                f"item() needs a tensor of one value, and this one has shape {self.shape}; "
                "use tolist(), or reduce it first, as with .sum() or .mean()"
            )
        return self.data.item()

    def tolist(self) -> Any:
        return self.data.tolist()

    def numpy(self) -> np.ndarray:
        """Its array, sharing memory. Of a tensor that requires a gradient: detach it first."""
        if self.requires_grad:
            raise RuntimeError(
                "this tensor requires a gradient, which NumPy would lose without a word; "
                "write t.detach().numpy()"
            )
        return self.data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's ufuncs (np.exp(t), array + t) are answered by the op of the same meaning."""
        found = UFUNCS.get(ufunc)
        if found is None or method != "__call__" or kwargs:
            raise TypeError(
                f"np.{ufunc.__name__}, used in this way, has no op that knows its derivative; "
                "use a Tensor method, or t.detach().numpy() if no gradient is needed"
            )
        return found(*inputs)

    def __bool__(self) -> bool:
        if self.data.size != 1:
            raise ValueError(
                f"a tensor of shape {self.shape} is neither true nor false; "
                "say .all() or .any() of its .data"
            )
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return self.data.__index__()

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __repr__(self) -> str:
        text = np.array2string(self.data, separator=", ", prefix="tensor(")
        if self.dtype not in (np.float32, np.int64, np.bool_):
            text += f", dtype={self.dtype}"
        if self.op is not None:
            text += f", op={self.op.name}"
        elif self.requires_grad:
            text += ", requires_grad=True"
        return f"tensor({text})"

    def __reduce__(self) -> Any:
        if self.op is not None:
            raise TypeError("only a leaf can be pickled or copied; write t.detach() first")
        return type(self), (self.data, None, self.requires_grad)

    # ---- dtype

    def astype(self, dtype: Any) -> Tensor:
        return ops.astype(self, dtype=np.dtype(dtype))

    def float(self) -> Tensor:
        return self.astype(np.float32)

    def double(self) -> Tensor:
        return self.astype(np.float64)

    # ---- gradients

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Switch recording on or off for this leaf, and give it back."""
        if self.op is not None and not requires_grad:
            raise RuntimeError("only a leaf can stop requiring a gradient; write t.detach()")
        if requires_grad and self.data.dtype.kind != "f":
            raise TypeError(
                f"only floating-point tensors can require a gradient, and this one is "
                f"{self.dtype}; write tensor(data, dtype=np.float32, requires_grad=True)"
            )
        self.requires_grad = requires_grad
        return self

    def detach(self) -> Tensor:
        """The same data (shared) without its history."""
        return new_node(self.data)

    def clone(self) -> Tensor:
        """A copy that gradients flow through."""
        return ops.mul(self, 1) if self.requires_grad else new_node(self.data.copy())

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """Add to `.grad` of every leaf behind this tensor the gradient of this tensor.

        gradient      what it is weighted with, of this tensor's shape; 1 for a single value
        retain_graph  keep the graph for another backward (default: as create_graph)
        create_graph  record the gradients, so that they can be differentiated
        """
        retain = create_graph if retain_graph is None else retain_graph
        seed = _seed(self, gradient, create_graph)
        for leaf, found in run_backward([self], [seed], None, create_graph, retain):
            if leaf.grad is not None:
                with set_grad_enabled(create_graph):
                    found = leaf.grad + found
            leaf.grad = found

    # ---- in place

    def _write(self, change: Callable[[np.ndarray], Any]) -> Tensor:
        """Let `change` write into the data, if no recorded graph can be harmed by it."""
        if self.requires_grad and mode.recording:
            raise RuntimeError(
                "a tensor that requires a gradient cannot be changed in place while operations "
                "are recorded; write t = t + 1 for a new one, or do it inside `with no_grad():`"
            )
        changed = self.data.copy()
        change(changed)
        self.data[...] = changed
        mark_changed(self.data)
        return self

    def copy_(self, other: Any) -> Tensor:
        return self._write(lambda data: np.copyto(data, _value(other), casting="same_kind"))

    def fill_(self, value: Any) -> Tensor:
        return self._write(lambda data: data.fill(_value(value)))

    def zero_(self) -> Tensor:
        return self.fill_(0)

    def add_(self, other: Any) -> Tensor:
        return self._write(lambda data: np.add(data, _value(other), out=data))

    def sub_(self, other: Any) -> Tensor:
        return self._write(lambda data: np.subtract(data, _value(other), out=data))

    def mul_(self, other: Any) -> Tensor:
        return self._write(lambda data: np.multiply(data, _value(other), out=data))

    def div_(self, other: Any) -> Tensor:
        return self._write(lambda data: np.divide(data, _value(other), out=data))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._write(lambda data: data.__setitem__(_plain_index(index), _value(value)))

    __iadd__, __isub__, __imul__, __itruediv__ = add_, sub_, mul_, div_


UFUNCS: dict[Any, Any] = {
    np.add: ops.add,
    np.subtract: ops.sub,
    np.multiply: ops.mul,
    np.divide: ops.div,
    np.power: ops.pow,
    np.matmul: ops.matmul,
    np.negative: ops.neg,
    np.exp: ops.exp,
    np.log: ops.log,
    np.sqrt: ops.sqrt,
    np.tanh: ops.tanh,
    np.absolute: ops.abs,
    np.sign: ops.sign,
    np.maximum: ops.maximum,
    np.minimum: ops.minimum,
    np.equal: ops.equal,
    np.not_equal: ops.not_equal,
    np.less: ops.less,
    np.less_equal: ops.less_equal,
    np.greater: ops.greater,
    np.greater_equal: ops.greater_equal,
    np.logical_and: ops.logical_and,
    np.logical_or: ops.logical_or,
    np.logical_not: ops.logical_not,
}
"""Which op answers which NumPy ufunc."""


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of `data`. See `Tensor`."""
    return Tensor(data, dtype, requires_grad)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor on the memory of `array`: a change in one is a change in the other."""
    return new_node(array)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of the sum of `outputs` with respect to each of `inputs`, as a tuple.

    grad_outputs  what each output is weighted with, of its shape; 1 for a single value
    retain_graph  keep the graph for another backward (default: as create_graph)
    create_graph  record the gradients, so that they can be differentiated
    allow_unused  None, instead of an error, for an input that no output depends on

    `.grad` of the leaves is left alone.
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not isinstance(grad_outputs, (list, tuple)):
        grad_outputs = [grad_outputs] * len(outputs)
    if len(grad_outputs) != len(outputs):
        raise ValueError(f"{len(outputs)} outputs, but {len(grad_outputs)} grad_outputs")
    for i, x in enumerate(inputs):
        if not x.requires_grad:
            raise RuntimeError(f"input {i} does not require a gradient; set requires_grad=True")
    retain = create_graph if retain_graph is None else retain_graph
    seeds = [_seed(y, g, create_graph) for y, g in zip(outputs, grad_outputs, strict=True)]
    pairs = run_backward(outputs, seeds, inputs, create_graph, retain)
    found = {x.serial: gradient for x, gradient in pairs}
    unused = [i for i, x in enumerate(inputs) if x.serial not in found]
    if unused and not allow_unused:
        raise RuntimeError(
            f"no output depends on input {unused[0]} (of shape {inputs[unused[0]].shape}); "
            "with allow_unused=True its gradient is None"
        )
    return tuple(found.get(x.serial) for x in inputs)


def _seed(output: Tensor, gradient: Any, create_graph: bool) -> Any:
    """What a backward pass starts with: the gradient given, or 1 for a single value.

    A tensor if the pass is to be recorded, else an array.
    """
    if not output.requires_grad:
        raise RuntimeError(
            f"this tensor of shape {output.shape} has no graph behind it: nothing it was made "
            "from requires a gradient, or it was made under no_grad(). Set requires_grad=True "
            "on what you want gradients of, before you compute with it"
        )
    if gradient is None:
        if output.data.size != 1:
            raise RuntimeError(
                f"backward() needs a single value to start from, and this tensor has shape "
                f"{output.shape}; reduce it first, as with .sum() or .mean(), or pass gradient="
            )
        gradient = np.ones_like(output.data)
    shape = np.shape(_value(gradient))
    if shape != output.shape:
        raise ValueError(
            f"the gradient has shape {shape}, and the tensor {output.shape}; they must be equal"
        )
    if not create_graph:
        return np.asarray(_value(gradient), output.dtype)
    return gradient if isinstance(gradient, Tensor) else Tensor(gradient, output.dtype)


def _to_array(data: Any, dtype: Any) -> np.ndarray:
    """A new array of `data`; what has no dtype of its own becomes float32 if it is float."""
    array = np.array(_value(data), dtype=dtype)
    if dtype is None and array.dtype == np.float64 and not hasattr(data, "dtype"):
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"a tensor holds floats, integers or booleans, and {type(data).__name__} gave "
            f"{array.dtype}"
        )
    return array


def _value(x: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return x.data if isinstance(x, Tensor) else x


def _flat(sizes: tuple) -> tuple[int, ...]:
    """(2, 3), ((2, 3),) and ([2, 3],) all mean the sizes 2 and 3."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def _plain_index(index: Any) -> Any:
    """An index with the tensors in it as arrays."""
    return tuple(map(_value, index)) if isinstance(index, tuple) else _value(index)
