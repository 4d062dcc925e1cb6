"""`Tensor`: what the user holds. An array that remembers how it came to be.

Operators and methods are one line each and name an op of `ops.py`; what an op computes and what
its derivative is stands there. Names, arguments and defaults are PyTorch's. The differences:
`.data` and `.numpy()` are NumPy arrays, NumPy's own functions work on tensors where an op
stands behind them, and NumPy scalars count as plain numbers (they do not widen a float32).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any, overload

import numpy as np

from . import composed, ops
from .changes import mark_changed
from .engine import (
    OPS,
    Node,
    copied,
    makes_results,
    new_node,
    plain,
    recording,
    run_backward,
    set_grad_enabled,
)
from .signatures import DType, Operand, Plain


@makes_results
class Tensor(Node):
    """An n-dimensional array of numbers, with gradients on request.

    data           numbers, nested lists of numbers, an array or a tensor; copied. Python floats
                   become float32, integers int64; arrays keep their dtype
    dtype          another NumPy dtype
    requires_grad  whether operations on it are recorded; for floating-point dtypes only
    """

    __slots__ = ()

    def __init__(self, data: Operand, dtype: DType | None = None, requires_grad: bool = False):
        new_node(_to_array(data, dtype), self)
        if requires_grad:
            self.requires_grad_()

    # ---- what it is

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its dimensions."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of its dimensions."""
        return self.data.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its NumPy dtype."""
        return self.data.dtype

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made it."""
        return self.op is None

    @property
    def T(self) -> Tensor:
        """Its dimensions in reverse order."""
        return self.permute(*reversed(range(self.ndim)))

    @property
    def mT(self) -> Tensor:
        """Each of its matrices transposed."""
        return ops.transpose(self, dim0=-2, dim1=-1)

    def dim(self) -> int:
        """The number of its dimensions."""
        return self.data.ndim

    @overload
    def size(self, dim: None = None) -> tuple[int, ...]: ...
    @overload
    def size(self, dim: int) -> int: ...
    def size(self, dim: int | None = None) -> Any:
        """The lengths of its dimensions, or of one of them."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        """How many values it has."""
        return self.data.size

    # ---- operators. A function that is an attribute of a class is a method of its instances.

    __add__ = __radd__ = ops.add
    __mul__ = __rmul__ = ops.mul
    __sub__, __truediv__, __pow__, __matmul__ = ops.sub, ops.div, ops.pow, ops.matmul
    __floordiv__, __mod__ = ops.floor_divide, ops.remainder
    __neg__ = ops.neg
    __and__ = __rand__ = ops.logical_and
    __or__ = __ror__ = ops.logical_or
    __xor__ = __rxor__ = ops.logical_xor
    __invert__ = ops.logical_not
    __lt__, __le__, __gt__, __ge__ = ops.less, ops.less_equal, ops.greater, ops.greater_equal
    __hash__ = object.__hash__

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return ops.equal(self, other)

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return ops.not_equal(self, other)

    def __rsub__(self, other: Plain) -> Tensor:
        return ops.sub(other, self)

    def __rtruediv__(self, other: Plain) -> Tensor:
        return ops.div(other, self)

    def __rpow__(self, other: Plain) -> Tensor:
        return ops.pow(other, self)

    def __rmatmul__(self, other: Plain) -> Tensor:
        return ops.matmul(other, self)

    def __rfloordiv__(self, other: Plain) -> Tensor:
        return ops.floor_divide(other, self)

    def __rmod__(self, other: Plain) -> Tensor:
        return ops.remainder(other, self)

    def __abs__(self) -> Tensor:
        return ops.abs(self)

    def __pos__(self) -> Tensor:
        return self

    # ---- elementwise

    exp, expm1, log, log1p, log2 = ops.exp, ops.expm1, ops.log, ops.log1p, composed.log2
    sin, cos, tanh, sigmoid, erf = ops.sin, ops.cos, ops.tanh, ops.sigmoid, ops.erf
    abs, sign, neg, sqrt, pow = ops.abs, ops.sign, ops.neg, ops.sqrt, ops.pow
    square, rsqrt, reciprocal = composed.square, composed.rsqrt, composed.reciprocal
    maximum, minimum, clamp = ops.maximum, ops.minimum, composed.clamp
    masked_fill, lerp, isnan = composed.masked_fill, composed.lerp, ops.isnan
    relu, leaky_relu, elu = ops.relu, composed.leaky_relu, composed.elu
    gelu, silu, softplus = composed.gelu, composed.silu, composed.softplus

    def where(self, condition: Operand, other: Operand) -> Tensor:
        """Its own values where the condition holds, `other` elsewhere."""
        return ops.where(condition, self, other)

    # ---- reductions

    sum, mean, amax, amin, all, any = ops.sum, ops.mean, ops.amax, ops.amin, ops.all, ops.any
    var, std, norm, prod = composed.var, composed.std, composed.norm, composed.prod
    max, min, argmax, argmin = composed.max, composed.min, ops.argmax, ops.argmin
    cumsum, logsumexp = ops.cumsum, composed.logsumexp
    softmax, log_softmax = ops.softmax, ops.log_softmax

    # ---- shape and indexing

    reshape, view, flatten = composed.reshape, composed.view, composed.flatten
    unflatten, squeeze, unsqueeze = composed.unflatten, composed.squeeze, composed.unsqueeze
    permute, transpose, expand = composed.permute, ops.transpose, composed.expand
    repeat, flip, roll = composed.repeat, composed.flip, composed.roll
    split, chunk = composed.split, composed.chunk
    tril, triu, diagonal = composed.tril, composed.triu, composed.diagonal
    gather, take_along_dim = composed.gather, composed.take_along_dim
    scatter_add, index_add = composed.scatter_add, composed.index_add
    matmul, dot, outer = ops.matmul, composed.dot, composed.outer

    def __getitem__(self, index: Any) -> Tensor:
        return ops.getitem(self, index=_plain_index(index))

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a tensor of no dimensions has no length; .item() gives its number")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self.data == plain(value)).any())

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
        """Its values as a number or as nested lists."""
        return self.data.tolist()

    def numpy(self) -> np.ndarray:
        """Its array, sharing memory. Of a tensor that requires a gradient: detach it first."""
        if self.requires_grad:
            raise RuntimeError(
                "this tensor requires a gradient, which NumPy would silently lose; "
                "write t.detach().numpy()"
            )
        return self.data

    def __array__(self, dtype: DType | None = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        return self.numpy().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.data.__dlpack_device__()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's ufuncs (np.exp(t), array + t) are answered by the op of the same meaning."""
        found = UFUNCS.get(ufunc)
        if found is None or method != "__call__" or kwargs:
            raise TypeError(
                f"np.{ufunc.__name__}, used in this way, has no op that knows its derivative; "
                "use a Tensor method, or t.detach().numpy() if no gradient is needed; to write "
                "into a tensor, `with no_grad(): t -= ...`"
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
        if self.data.size == 0 and self.ndim > 1:
            text += f", size={self.shape}"
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

    def astype(self, dtype: DType) -> Tensor:
        """The same values in another NumPy dtype."""
        return ops.astype(self, dtype=np.dtype(dtype))

    def float(self) -> Tensor:
        """The same values in float32."""
        return self.astype(np.float32)

    def double(self) -> Tensor:
        """The same values in float64."""
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
        return _leaf(self.data)

    def clone(self) -> Tensor:
        """A copy that gradients flow through."""
        if not self.requires_grad:
            return _leaf(self.data.copy())
        copy: Tensor = copied(self)
        return copy

    def backward(
        self,
        gradient: Operand | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """Add to `.grad` of every leaf behind this tensor the gradient of this tensor.

        gradient      what it is weighted with, of this tensor's shape; 1 for a single value
        retain_graph  keep the graph for another backward (default: as create_graph)
        create_graph  record the gradients, so that they can be differentiated
        """
        retain = create_graph if retain_graph is None else retain_graph
        seed = seed_of(self, gradient, create_graph)
        for leaf, found in run_backward([self], [seed], None, create_graph, retain):
            if leaf.grad is not None:
                with set_grad_enabled(create_graph):
                    found = leaf.grad + found
            leaf.grad = found

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Hook:
        """Call `hook` with the gradient of this tensor in each backward pass, once it is whole.

        What the hook returns, if it is a tensor, takes the gradient's place. `.remove()` of the
        result takes the hook away.
        """
        if not self.requires_grad:
            raise RuntimeError("this tensor has no gradient to hook on; set requires_grad=True")
        return self._hook(hook, last=False)

    def _hook(self, hook: Callable[[Tensor], Tensor | None], last: bool) -> Hook:
        handle = Hook(self, hook, last)
        self.hooks = sorted([*(self.hooks or []), handle], key=lambda h: h.last)
        return handle

    def retain_grad(self) -> None:
        """Keep in `.grad` the gradient of this tensor though it is no leaf, after all hooks."""
        if not self.requires_grad:
            raise RuntimeError("this tensor has no gradient to keep; set requires_grad=True")
        if self.op is None or any(h.last for h in self.hooks or ()):
            return
        # A weak reference: the tensor's hook must not keep the tensor alive.
        me = weakref.ref(self)

        def keep(gradient: Tensor) -> None:
            if (tensor := me()) is not None:
                tensor.grad = gradient if tensor.grad is None else tensor.grad + gradient

        self._hook(keep, last=True)

    # ---- in place

    def _write(self, change: Callable[[np.ndarray, Any], Any], value: Any) -> Tensor:
        """Let `change` write `value` into the data, if no recorded graph is harmed or lost."""
        if self.requires_grad and recording.get():
            raise RuntimeError(
                "a tensor that requires a gradient cannot be changed in place while operations "
                "are recorded; write t = t + 1 for a new one, or do it inside `with no_grad():`"
            )
        if isinstance(value, Tensor) and value.requires_grad and recording.get():
            raise RuntimeError(
                "what is written here carries a graph, which would be lost; make a new tensor "
                "(out = out + w, stack, where), or write w.detach()"
            )
        changed = self.data.copy()
        change(changed, plain(value))
        self.data[...] = changed
        mark_changed(self.data)
        return self

    def copy_(self, other: Operand) -> Tensor:
        """Write the values of `other` into it, broadcast to its shape."""
        return self._write(lambda data, value: np.copyto(data, value, casting="same_kind"), other)

    def fill_(self, value: Operand) -> Tensor:
        """Write one number everywhere."""
        return self._write(lambda data, value: data.fill(value), value)

    def zero_(self) -> Tensor:
        """Write 0 everywhere."""
        return self.fill_(0)

    def add_(self, other: Operand) -> Tensor:
        """Add `other` in place."""
        return self._write(lambda data, value: np.add(data, value, out=data), other)

    def sub_(self, other: Operand) -> Tensor:
        """Subtract `other` in place."""
        return self._write(lambda data, value: np.subtract(data, value, out=data), other)

    def mul_(self, other: Operand) -> Tensor:
        """Multiply by `other` in place."""
        return self._write(lambda data, value: np.multiply(data, value, out=data), other)

    def div_(self, other: Operand) -> Tensor:
        """Divide by `other` in place."""
        return self._write(lambda data, value: np.divide(data, value, out=data), other)

    def __setitem__(self, index: Any, value: Any) -> None:
        index = _plain_index(index)
        self._write(lambda data, value: data.__setitem__(index, value), value)

    __iadd__, __isub__, __imul__, __itruediv__ = add_, sub_, mul_, div_


class Hook:
    """A hook on a tensor: called with its gradient, and taken away by `remove()`."""

    def __init__(self, tensor: Tensor, hook: Callable[[Tensor], Tensor | None], last: bool):
        self._tensor = weakref.ref(tensor)
        self._hook = hook
        self.last = last

    def __call__(self, gradient: Tensor) -> Tensor | None:
        return self._hook(gradient)

    def remove(self) -> None:
        """Take the hook away from its tensor."""
        tensor = self._tensor()
        if tensor is not None and tensor.hooks:
            tensor.hooks = [h for h in tensor.hooks if h is not self]


UFUNCS: dict[Any, Any] = {
    # where op and ufunc have one name, and then where they have not
    **{getattr(np, n): o for n, o in OPS.items() if isinstance(getattr(np, n, None), np.ufunc)},
    np.subtract: ops.sub,
    np.multiply: ops.mul,
    np.divide: ops.div,
    np.negative: ops.neg,
    np.log2: composed.log2,
    np.square: composed.square,
    np.reciprocal: composed.reciprocal,
}
"""Which op answers which NumPy ufunc."""


def tensor(data: Operand, dtype: DType | None = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of `data`. See `Tensor`."""
    return Tensor(data, dtype, requires_grad)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor on the memory of `array`: a change in one is a change in the other."""
    return _leaf(array)


def from_dlpack(source: Any) -> Tensor:
    """A tensor on the memory of another library's array or tensor, through DLPack."""
    return _leaf(np.from_dlpack(source))


def _leaf(array: np.ndarray) -> Tensor:
    """A tensor on the memory of `array`, with no history."""
    leaf: Tensor = new_node(array)
    return leaf


def seed_of(output: Tensor, gradient: Any, create_graph: bool) -> Any:
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
        gradient = np.ones(output.shape, output.dtype)
    shape = np.shape(plain(gradient))
    if shape != output.shape:
        raise ValueError(
            f"the gradient has shape {shape}, and the tensor {output.shape}; they must be equal"
        )
    if not create_graph:
        return np.asarray(plain(gradient), output.dtype)
    return gradient if isinstance(gradient, Tensor) else Tensor(gradient, output.dtype)


def _to_array(data: Any, dtype: DType | None) -> np.ndarray:
    """A new array of `data`; what has no dtype of its own becomes float32 if it is float."""
    array = np.array(plain(data), dtype=dtype)
    if dtype is None and array.dtype == np.float64 and not hasattr(data, "dtype"):
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"a tensor holds floats, integers or booleans, and {type(data).__name__} gave "
            f"{array.dtype}"
        )
    return array


def _plain_index(index: Any) -> Any:
    """An index with the tensors and lists in it as arrays."""
    if isinstance(index, tuple):
        return tuple(map(_plain_index, index))
    return np.array(index) if isinstance(index, list) and index else plain(index)
