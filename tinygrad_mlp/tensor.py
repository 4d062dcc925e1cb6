"""`Tensor`: what the user holds. An array that remembers how it came to be.

Operators and methods are one line each and name an op of `ops.py`; what an op computes and what
its derivative is stands there. Names, arguments and defaults are PyTorch's. The differences:
`.data` and `.numpy()` are NumPy arrays, NumPy's ufuncs on tensors are recorded where an op stands
behind them (its other functions read tensors that require no gradient), and NumPy scalars count as
plain numbers (they do not widen a float32).
"""

from __future__ import annotations

import _thread
import builtins
import copy
import math
import os
import weakref
from collections.abc import Callable, Iterator
from typing import Any, overload

import numpy as np

from . import composed, display, ops
from .arguments import helpful
from .changes import mark_changed
from .dtypes import bool_, float16, float32, float64, int32, int64, kind_of, number_in
from .engine import (
    OPS,
    Node,
    makes_results,
    new_node,
    plain,
    recording,
    run_backward,
    set_grad_enabled,
)
from .observing import Place, constant, handed_on, place_in, refuse_to_trace, tracing
from .outside import OUTSIDE, Outside
from .signatures import DType, Number, Operand, Plain

_ADDING = _thread.RLock()
"""Held while gradients are added to `.grad`, so that threads that share a leaf lose none.

Reentrant, because collecting garbage in between may run anything.
"""

if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(
        before=_ADDING.acquire, after_in_parent=_ADDING.release, after_in_child=_ADDING.release
    )


@makes_results
class Tensor(Node):
    """An n-dimensional array of numbers, with gradients on request.

    data           numbers, nested lists of numbers, an array or a tensor; copied. Python floats
                   become float32, integers int64; arrays keep their dtype
    dtype          another NumPy dtype
    requires_grad  whether operations on it are recorded; for floating-point dtypes only

    `.data` is its array, `.grad` its gradient: a tensor of its shape, or None before `backward`.

    Raises TypeError if it is given other things than numbers, or integers that are to require a
    gradient, and ValueError if nested lists differ in length.

    >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ()

    def __init__(
        self, data: Operand, dtype: DType | None = None, requires_grad: builtins.bool = False
    ):
        new_node(_to_array(data, dtype), self)
        if tracing and not isinstance(data, (np.ndarray, Node)):
            constant(self)
        if requires_grad:
            self.requires_grad_()

    # ---- what it is

    @property
    def shape(self) -> tuple[builtins.int, ...]:
        """The lengths of its dimensions.

        >>> tg.zeros(2, 3).shape
        (2, 3)
        """
        return self.data.shape

    @property
    def ndim(self) -> builtins.int:
        """The number of its dimensions.

        >>> tg.zeros(2, 3).ndim
        2
        """
        return self.data.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its NumPy dtype.

        >>> tg.zeros(2, 3).dtype
        dtype('float32')
        """
        return self.data.dtype

    @property
    def is_leaf(self) -> builtins.bool:
        """Whether no recorded op made it.

        >>> x = tg.tensor(1.0, requires_grad=True)
        >>> x.is_leaf, (x + 1).is_leaf
        (True, False)
        """
        return self.op is None

    @property
    def T(self) -> Tensor:
        """Its dimensions in reverse order: a view.

        >>> tg.zeros(2, 3, 4).T.shape
        (4, 3, 2)
        """
        return self.permute(*reversed(range(self.ndim)))

    @property
    def mT(self) -> Tensor:
        """Each of its matrices transposed: a view.

        Raises IndexError if there are fewer than 2 dimensions.

        >>> tg.zeros(2, 3, 4).mT.shape
        (2, 4, 3)
        """
        return ops.transpose(self, dim0=-2, dim1=-1)

    def dim(self) -> builtins.int:
        """The number of its dimensions.

        >>> tg.zeros(2, 3).dim()
        2
        """
        return self.data.ndim

    @overload
    def size(self, dim: None = None) -> tuple[builtins.int, ...]: ...
    @overload
    def size(self, dim: builtins.int) -> builtins.int: ...
    def size(self, dim: builtins.int | None = None) -> Any:
        """The lengths of its dimensions, or of one of them.

        >>> tg.zeros(2, 3).size(), tg.zeros(2, 3).size(1)
        ((2, 3), 3)
        """
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> builtins.int:
        """How many values it has.

        >>> tg.zeros(2, 3).numel()
        6
        """
        return self.data.size

    # ---- operators. A function that is an attribute of a class is a method of its instances.

    __add__ = __radd__ = ops.add
    __mul__ = __rmul__ = ops.mul
    __sub__, __truediv__, __pow__, __matmul__ = ops.sub, ops.div, ops.pow, ops.matmul
    __floordiv__, __mod__ = ops.floor_divide, ops.remainder
    __neg__ = ops.neg
    __and__ = __rand__ = ops.bitwise_and
    __or__ = __ror__ = ops.bitwise_or
    __xor__ = __rxor__ = ops.bitwise_xor
    __invert__ = ops.bitwise_not
    __lt__, __le__, __gt__, __ge__ = ops.lt, ops.le, ops.gt, ops.ge
    __hash__ = object.__hash__

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return ops.eq(self, math.nan if other is None else other)  # None equals nothing, as nan

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return ops.ne(self, math.nan if other is None else other)

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
    tan, asin, acos, atan, sinh, cosh = ops.tan, ops.asin, ops.acos, ops.atan, ops.sinh, ops.cosh
    floor, ceil, round = ops.floor, ops.ceil, ops.round
    add, sub, mul, div = composed.add, composed.sub, ops.mul, composed.div
    eq, ne, lt, le, gt, ge = ops.eq, ops.ne, ops.lt, ops.le, ops.gt, ops.ge
    equal, trunc = composed.equal, ops.trunc
    abs, sign, neg, sqrt, pow = ops.abs, ops.sign, ops.neg, ops.sqrt, ops.pow
    square, rsqrt, reciprocal = composed.square, composed.rsqrt, composed.reciprocal
    maximum, minimum, clamp, clip = ops.maximum, ops.minimum, composed.clamp, composed.clip
    isclose, allclose = composed.isclose, composed.allclose
    masked_fill, lerp, isnan = composed.masked_fill, composed.lerp, ops.isnan
    relu, leaky_relu, elu = ops.relu, composed.leaky_relu, composed.elu
    gelu, silu, softplus = composed.gelu, composed.silu, composed.softplus

    def where(self, condition: Operand, other: Operand) -> Tensor:
        """Its own values where the condition holds, `other` elsewhere; all three broadcast.

        >>> x = tg.tensor([1.0, -2.0])
        >>> x.where(x > 0, 0.0)
        tensor([1., 0.])
        """
        return ops.where(condition, self, other)

    # ---- reductions

    sum, mean, amax, amin, all, any = ops.sum, ops.mean, ops.amax, ops.amin, ops.all, ops.any
    var, std, norm, prod = composed.var, composed.std, composed.norm, composed.prod
    max, min, argmax, argmin = composed.max, composed.min, ops.argmax, ops.argmin
    cumsum, cumprod, logsumexp = ops.cumsum, composed.cumprod, composed.logsumexp
    sort, argsort, topk, trace = composed.sort, ops.argsort, composed.topk, composed.trace
    softmax, log_softmax = ops.softmax, ops.log_softmax

    # ---- shape and indexing

    reshape, view, flatten = composed.reshape, composed.view, composed.flatten
    unflatten, squeeze, unsqueeze = composed.unflatten, composed.squeeze, composed.unsqueeze
    permute, transpose, expand = composed.permute, ops.transpose, composed.expand
    repeat, flip, roll = composed.repeat, composed.flip, composed.roll
    expand_as, view_as, contiguous = composed.expand_as, composed.view_as, composed.contiguous
    split, chunk, unbind = composed.split, composed.chunk, composed.unbind
    tril, triu, diagonal, diag = composed.tril, composed.triu, ops.diagonal, composed.diag
    gather, take_along_dim, nonzero = composed.gather, composed.take_along_dim, composed.nonzero
    scatter, scatter_add, index_add = composed.scatter, composed.scatter_add, composed.index_add
    repeat_interleave, argwhere, clone = composed.repeat_interleave, ops.argwhere, ops.clone
    matmul, dot, outer, t = ops.matmul, composed.dot, composed.outer, composed.t
    mm, bmm, tensordot = composed.mm, composed.bmm, composed.tensordot

    def __getitem__(self, index: Any) -> Tensor:
        first, index = _plain_index(index)
        part = self if first is None else ops.getitem(self, index=first)
        return ops.getitem(part, index=index)

    def __len__(self) -> builtins.int:
        if self.ndim == 0:
            raise TypeError("a tensor of no dimensions has no length; .item() gives its number")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        len(self)  # says so if it has no dimensions
        return ops.slices(self, 0)

    def __contains__(self, value: Any) -> builtins.bool:
        return bool((self.data == plain(value)).any())

    # ---- values

    def item(self) -> Any:
        """The number in a tensor of one value. Raises ValueError if there are more or none.

        >>> tg.tensor([2.5]).item()
        2.5
        """
        if self.data.size != 1:
            raise ValueError(
                f"item() needs a tensor of one value, and this one has shape {self.shape}; "
                "use tolist(), or reduce it first, as with .sum() or .mean()"
            )
        return self.data.item()

    def tolist(self) -> Any:
        """Its values as a number or as nested lists.

        >>> tg.tensor([[1, 2], [3, 4]]).tolist()
        [[1, 2], [3, 4]]
        """
        return self.data.tolist()

    def numpy(self) -> np.ndarray:
        """Its array, sharing memory. Of a tensor that requires a gradient: detach it first.

        Raises RuntimeError if it does, as the gradient would be lost.

        >>> tg.tensor([1, 2]).numpy()
        array([1, 2])
        """
        if self.requires_grad:
            raise RuntimeError(
                "this tensor requires a gradient, which NumPy would silently lose; "
                "write t.detach().numpy()"
            )
        return self.data

    def __array__(
        self, dtype: DType | None = None, copy: builtins.bool | None = None
    ) -> np.ndarray:
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

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's other functions (np.sum(t)) read a tensor as the array that it holds.

        Of a tensor that requires a gradient they would lose it, so that is an error.
        """

        def read(value: Any) -> Any:
            if isinstance(value, (list, tuple)):
                return type(value)(map(read, value))
            if isinstance(value, Tensor) and value.requires_grad and function not in ABOUT_SHAPES:
                name = function.__name__
                own = f"t.{name}(), or " if callable(getattr(Tensor, name, None)) else ""
                raise RuntimeError(
                    f"np.{name} would silently lose the gradient of a tensor; write {own}"
                    f"np.{name}(t.detach().numpy()) if no gradient is needed"
                )
            return handed_on(value) if function in ABOUT_SHAPES else plain(value)

        return function(*map(read, args), **{name: read(value) for name, value in kwargs.items()})

    def __bool__(self) -> builtins.bool:
        if self.data.size != 1:
            raise ValueError(
                f"a tensor of shape {self.shape} is neither true nor false; "
                "say .all() or .any() of its .data"
            )
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> builtins.int:
        return int(self.item())

    def __index__(self) -> builtins.int:
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

    def _repr_html_(self) -> str:
        about = [f"made by {self.op.name}"] if self.op is not None else []
        if not about and self.requires_grad:
            about = ["requires a gradient" if self.grad is None else "has a gradient"]
        return display.numbers(self.data, about)

    def __reduce__(self) -> Any:
        if self.op is not None:
            raise TypeError(
                "only a leaf can be pickled or copied (a plot copies, too); write t.detach() first"
            )
        return type(self), (self.data, None, self.requires_grad)

    def __deepcopy__(self, memo: dict[builtins.int, Any]) -> Tensor:
        memo[id(self)] = made = copy.copy(self)
        made.grad = copy.deepcopy(self.grad, memo)
        return made

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in OUTSIDE]

    # ---- dtype

    def astype(self, dtype: DType) -> Tensor:
        """The same values in another NumPy dtype: a copy.

        >>> tg.tensor([1.7, 0.0]).astype(np.int64)
        tensor([1, 0])
        """
        return ops.astype(self, dtype=np.dtype(dtype))

    def to(
        self,
        *args: Any,
        dtype: DType | None = None,
        device: Any = None,
        copy: builtins.bool = False,
    ) -> Tensor:
        """The same values in another dtype; itself if it has that dtype already.

        args  a dtype, or a tensor whose dtype is wanted; "cpu", the only device, does nothing
        copy  a copy even if it has that dtype

        Raises ValueError for another device.

        >>> tg.tensor([1, 2]).to(tg.float64).dtype
        dtype('float64')
        """
        for given in (*args, device):
            if isinstance(given, Node):
                dtype = given.data.dtype
            elif given is not None and str(given) != "cpu":
                dtype = _dtype_not_device(given)
        same = dtype is None or np.dtype(dtype) == self.data.dtype
        if same:
            return self.clone() if copy else self
        return self.astype(dtype)  # type: ignore[arg-type]

    def type(self, dtype: DType) -> Tensor:
        """The same values in another dtype; itself if it has that dtype already.

        >>> tg.tensor([1.5]).type(tg.int64)
        tensor([1])
        """
        return self.to(dtype)

    def float(self) -> Tensor:
        """The same values in float32; itself if it is.

        >>> tg.tensor([1, 2]).float()
        tensor([1., 2.])
        """
        return self.to(float32)

    def double(self) -> Tensor:
        """The same values in float64; itself if it is.

        >>> tg.tensor([1, 2]).double()
        tensor([1., 2.], dtype=float64)
        """
        return self.to(float64)

    def half(self) -> Tensor:
        """The same values in float16; itself if it is.

        >>> tg.tensor([1, 2]).half()
        tensor([1., 2.], dtype=float16)
        """
        return self.to(float16)

    def long(self) -> Tensor:
        """The same values in int64, what is after the point cut off; itself if it is.

        >>> tg.tensor([1.7, -1.7]).long()
        tensor([ 1, -1])
        """
        return self.to(int64)

    def int(self) -> Tensor:
        """The same values in int32, what is after the point cut off; itself if it is.

        >>> tg.tensor([1.7]).int().dtype
        dtype('int32')
        """
        return self.to(int32)

    def bool(self) -> Tensor:
        """Whether each value is not 0; itself if it is boolean.

        >>> tg.tensor([0.0, 2.0]).bool()
        tensor([False,  True])
        """
        return self.to(bool_)

    def cpu(self) -> Tensor:
        """Itself: everything is on the CPU.

        >>> tg.tensor([1, 2]).cpu()
        tensor([1, 2])
        """
        return self

    # ---- gradients

    def requires_grad_(self, requires_grad: builtins.bool = True) -> Tensor:
        """Switch recording on or off for this leaf, and give it back.

        Raises RuntimeError to switch it off for what is no leaf, and TypeError to switch it on for
        integers or booleans.

        >>> tg.tensor([1.0]).requires_grad_()
        tensor([1.], requires_grad=True)
        """
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
        """The same data, shared as in a view, without its history.

        >>> (tg.tensor([1.0], requires_grad=True) * 2).detach()
        tensor([2.])
        """
        return _leaf(self.data)

    def backward(
        self,
        gradient: Operand | None = None,
        retain_graph: builtins.bool | None = None,
        create_graph: builtins.bool = False,
    ) -> None:
        """Add to `.grad` of every leaf behind this tensor the gradient of this tensor.

        gradient      what it is weighted with, of this tensor's shape; 1 for a single value
        retain_graph  keep the graph for another backward (default: as create_graph)
        create_graph  record the gradients, so that they can be differentiated

        Raises RuntimeError if nothing behind it requires a gradient, if an earlier backward freed
        the graph, or if it has several values and no `gradient`; ValueError for a `gradient` of
        another shape.

        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> (x ** 2).backward(tg.tensor([1.0, 10.0]))
        >>> x.grad
        tensor([ 2., 40.])
        """
        refuse_to_trace("calls backward(); call it on the result, or use tg.grad() inside")
        retain = create_graph if retain_graph is None else retain_graph
        seed = seed_of(self, gradient, create_graph)
        gradients = run_backward([self], [seed], None, create_graph, retain)
        with _ADDING:
            for leaf, found in gradients:
                if leaf.grad is not None:
                    with set_grad_enabled(create_graph):
                        found = leaf.grad + found
                leaf.grad = found

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Hook:
        """Call `hook` with the gradient of this tensor in each backward pass, once it is whole.

        What the hook returns, if it is a tensor, takes the gradient's place. `.remove()` of the
        result takes the hook away. Raises RuntimeError if the tensor requires no gradient.

        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> hook = x.register_hook(lambda gradient: gradient * 100)
        >>> x.sum().backward()
        >>> x.grad
        tensor([100., 100.])
        """
        if not self.requires_grad:
            raise RuntimeError("this tensor has no gradient to hook on; set requires_grad=True")
        return self._hook(hook, last=False)

    def _hook(self, hook: Callable[[Tensor], Tensor | None], last: builtins.bool) -> Hook:
        refuse_to_trace("hangs a hook on a tensor; a program calls none")
        handle = Hook(self, hook, last)
        self.hooks = [] if self.hooks is None else self.hooks
        has_last = bool(self.hooks) and self.hooks[-1].last  # that of retain_grad, one at most
        self.hooks.insert(len(self.hooks) - has_last, handle)
        return handle

    def retain_grad(self) -> None:
        """Keep in `.grad` the gradient of this tensor though it is no leaf, after all hooks.

        Raises RuntimeError if it requires no gradient.

        >>> y = tg.tensor([1.0, 2.0], requires_grad=True) * 2
        >>> y.retain_grad()
        >>> (y * y).sum().backward()
        >>> y.grad
        tensor([4., 8.])
        """
        if not self.requires_grad:
            raise RuntimeError("this tensor has no gradient to keep; set requires_grad=True")
        if self.op is None or any(h.last for h in self.hooks or ()):
            return
        # A weak reference: the tensor's hook must not keep the tensor alive.
        me = weakref.ref(self)

        def keep(gradient: Tensor) -> None:
            if (tensor := me()) is not None:
                with _ADDING:
                    tensor.grad = gradient if tensor.grad is None else tensor.grad + gradient

        self._hook(keep, last=True)

    # ---- in place

    def _write(self, name: str, new: Callable[[np.ndarray, Any], Any], value: Any) -> Tensor:
        """Let `new(data, value)` replace the data, if no recorded graph is harmed or lost."""
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
        if tracing:
            with set_grad_enabled(False):
                found = np.asarray(plain(new(self, value)))  # type: ignore[arg-type]
        else:
            found = np.asarray(new(self.data, plain(value)))
        if kind_of(found.dtype) > kind_of(self.data.dtype):
            raise TypeError(
                f"{name} would give {found.dtype}, which a {self.dtype} tensor cannot hold; "
                "convert it first, as with .float()"
            )
        if found.shape != self.shape:
            raise ValueError(
                f"{name} would give shape {found.shape}, and the tensor has {self.shape}"
            )
        for observer in tracing:
            observer.wrote(self, found)
        self.data[...] = found
        mark_changed(self.data)
        return self

    def copy_(self, other: Operand) -> Tensor:
        """Write the values of `other` into it, broadcast to its shape and cast to its dtype.

        Raises RuntimeError if it or `other` requires a gradient while operations are recorded (see
        `no_grad`), and ValueError if the shapes do not fit.

        >>> tg.zeros(2, 2).copy_(tg.tensor([1, 2]))
        tensor([[1., 2.],
                [1., 2.]])
        """

        def new(data: np.ndarray, value: Any) -> np.ndarray:
            values = _of_numbers(value)
            return np.broadcast_to(values, data.shape).astype(data.dtype)

        return self._write("copy_", new, other)

    def fill_(self, value: Operand) -> Tensor:
        """Write one number everywhere. Raises as `Tensor.copy_`.

        >>> tg.zeros(3).fill_(7)
        tensor([7., 7., 7.])
        """
        return self._write(
            "fill_", lambda data, value: np.full_like(data, number_in(value, data.dtype)), value
        )

    def zero_(self) -> Tensor:
        """Write 0 everywhere. Raises as `Tensor.copy_`.

        >>> tg.ones(3).zero_()
        tensor([0., 0., 0.])
        """
        return self.fill_(0)

    def add_(self, other: Operand, alpha: Number = 1) -> Tensor:
        """Add alpha * `other` in place.

        Raises as `Tensor.copy_`, and TypeError if its dtype cannot hold the result, as integers
        cannot hold floats.

        >>> tg.ones(3).add_(tg.tensor([1.0, 2.0, 3.0]), alpha=10)
        tensor([11., 21., 31.])
        """
        return self._write("add_", lambda x, y: composed.add(x, y, alpha), other)

    def sub_(self, other: Operand, alpha: Number = 1) -> Tensor:
        """Subtract alpha * `other` in place. Raises as `Tensor.add_`.

        >>> tg.ones(3).sub_(2)
        tensor([-1., -1., -1.])
        """
        return self._write("sub_", lambda x, y: composed.sub(x, y, alpha), other)

    def mul_(self, other: Operand) -> Tensor:
        """Multiply by `other` in place. Raises as `Tensor.add_`.

        >>> tg.tensor([1.0, 2.0]).mul_(10)
        tensor([10., 20.])
        """
        return self._write("mul_", ops.mul, other)

    def div_(self, other: Operand, rounding_mode: str | None = None) -> Tensor:
        """Divide by `other` in place; rounded with rounding_mode "floor" or "trunc".

        Raises as `Tensor.add_`, and as `div`.

        >>> tg.tensor([7.0, -7.0]).div_(2, rounding_mode="floor")
        tensor([ 3., -4.])
        """
        return self._write("div_", lambda x, y: composed.div(x, y, rounding_mode), other)

    def __setitem__(self, index: Any, value: Any) -> None:
        first, places = _plain_index(index)

        def new(data: np.ndarray, value: Any) -> np.ndarray:
            changed = data.copy()
            part = changed if first is None else changed[first]
            part[places] = number_in(value, data.dtype)
            return changed

        self._write("writing at an index", new, value)

    __iadd__, __isub__, __imul__, __itruediv__ = add_, sub_, mul_, div_


for _name in OUTSIDE:
    if _name.islower():  # what is a method in PyTorch, or a property
        setattr(Tensor, _name, Outside(_name))

ABOUT_SHAPES = (np.shape, np.ndim, np.size)
"""NumPy's functions that read no values."""


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
        hooks = None if tensor is None else tensor.hooks
        if hooks and self in hooks:
            hooks.remove(self)


UFUNCS: dict[Any, Any] = {
    # where op and ufunc have one name, and then where they have not
    **{getattr(np, n): o for n, o in OPS.items() if isinstance(getattr(np, n, None), np.ufunc)},
    np.equal: ops.eq,
    np.not_equal: ops.ne,
    np.less: ops.lt,
    np.less_equal: ops.le,
    np.greater: ops.gt,
    np.greater_equal: ops.ge,
    np.subtract: ops.sub,
    np.multiply: ops.mul,
    np.divide: ops.div,
    np.negative: ops.neg,
    np.log2: composed.log2,
    np.square: composed.square,
    np.reciprocal: composed.reciprocal,
    np.arcsin: ops.asin,
    np.arccos: ops.acos,
    np.arctan: ops.atan,
}
"""Which op answers which NumPy ufunc."""


@helpful
def tensor(data: Operand, dtype: DType | None = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of `data`. See `Tensor`.

    >>> tg.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    return Tensor(data, dtype, requires_grad)


@helpful
def as_tensor(data: Operand, dtype: DType | None = None) -> Tensor:
    """A tensor of `data`: itself, or on its memory, if it is a tensor or an array of this dtype.

    Raises as `Tensor`.

    >>> x = tg.tensor([1.0])
    >>> tg.as_tensor(x) is x
    True
    """
    if isinstance(data, Tensor):
        return data.to(dtype)
    if isinstance(data, np.ndarray) and (dtype is None or data.dtype == dtype):
        return from_numpy(data)
    return Tensor(data, dtype)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor on the memory of a NumPy array: a change in one is a change in the other.

    Raises TypeError for anything else, and for arrays of other things than numbers and booleans.

    >>> array = np.array([1.0, 2.0])
    >>> x = tg.from_numpy(array).fill_(7)
    >>> array
    array([7., 7.])
    """
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        raise TypeError(
            "from_numpy takes a NumPy array of floats, integers or booleans, not "
            f"{array!r:.60}; write tensor(...)"
        )
    return _leaf(array)


def from_dlpack(source: Any) -> Tensor:
    """A tensor on the memory of another library's array or tensor, through DLPack.

    >>> tg.from_dlpack(np.array([1, 2]))
    tensor([1, 2])
    """
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
        if output.numel() != 1:
            raise RuntimeError(
                f"backward() needs a single value to start from, and this tensor has shape "
                f"{output.shape}; reduce it first, as with .sum() or .mean(), or pass gradient="
            )
        gradient = constant(np.ones(output.shape, output.dtype))
    shape = np.shape(plain(gradient))
    if shape != output.shape:
        raise ValueError(
            f"the gradient has shape {shape}, and the tensor {output.shape}; they must be equal"
        )
    if not create_graph:
        return np.asarray(plain(gradient), output.dtype)
    return gradient if isinstance(gradient, Tensor) else _leaf(np.asarray(gradient, output.dtype))


def _to_array(data: Any, dtype: DType | None) -> np.ndarray:
    """A new array of `data`; what has no dtype of its own becomes float32 if it is float."""
    array = _of_numbers(plain(data))
    if dtype is None or hasattr(data, "dtype"):
        array = np.array(array, dtype)
    else:
        array = number_in(data, dtype)
    if dtype is None and array.dtype == np.float64 and not hasattr(data, "dtype"):
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a tensor holds floats, integers or booleans, not {array.dtype}")
    return array


def _of_numbers(data: Any) -> Any:
    """An array of `data`, or an error that says what a tensor is made of."""
    try:
        array = np.asarray(data)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(
            f"the lists in a tensor need one length at each depth, and these differ: {data!r:.80}"
        ) from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a tensor holds floats, integers or booleans, not {data!r:.80}")
    return array


def _dtype_not_device(given: Any) -> Any:
    """`given` as a dtype; whatever else `to` may be given is a device."""
    try:
        return np.dtype(given)
    except TypeError:
        raise ValueError(
            f'to() takes a dtype, a tensor or "cpu", not {given!r:.60}: everything runs on the CPU'
        ) from None


def _plain_index(index: Any) -> tuple[Any, Any]:
    """An index as NumPy has to be asked: first its integers, if any stand beside lists; the rest.

    Beside lists NumPy counts integers as lists, and arranges the result otherwise; in PyTorch they
    select. Tensors, lists, ranges, tuples in a tuple and whatever else holds integers or booleans
    become arrays, so that gradients know where an index may repeat.
    """
    if type(index) in (int, slice):
        return None, index
    parts = [_plain_part(p) for p in (index if isinstance(index, tuple) else (index,))]
    has_integer = any(isinstance(p, int) for p in parts)
    if not has_integer or not any(isinstance(p, np.ndarray) for p in parts):
        return None, tuple(parts)
    first: list[Any] = []
    for p in parts:
        if isinstance(p, int) or p is Ellipsis:
            first.append(p)
        elif p is not None:
            is_mask = isinstance(p, np.ndarray) and p.dtype == bool_
            first += [slice(None)] * (p.ndim if is_mask else 1)
    return tuple(first), tuple(p for p in parts if not isinstance(p, int))


def _plain_part(part: Any) -> Any:
    """One part of an index: an int, a slice, None, Ellipsis, or an array."""
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    if type(part) in (int, Place):
        return part
    given = isinstance(part, (np.ndarray, Node))
    try:
        array = np.asarray(plain(part))
    except ValueError:
        array = np.asarray(part, object)
    if array.size == 0 and not hasattr(part, "dtype"):
        array = array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise IndexError(
            "an index is made of integers, booleans, slices, None, ... and lists or arrays of "
            f"integers or booleans, not {part!r:.60}"
        )
    if array.ndim == 0 and array.dtype != bool_:
        return place_in(array) if given else int(array)
    return array if given else constant(array)
