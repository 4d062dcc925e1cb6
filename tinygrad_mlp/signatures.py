"""What ops and functions are to a type checker, so that an editor knows what they take and give.

At run time an op is a plain function and nothing here is called. To a type checker it is one of
the protocols below: called with a tensor it gives a `Tensor`, called with arrays an array, and as
an attribute of `Tensor` it is a method. Which of them it is follows from its derivative rules, one
for each input; the parameters after the inputs keep their names, types and defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from types import EllipsisType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    Union,
    overload,
)

import numpy as np

if TYPE_CHECKING:
    from .engine import Op
    from .tensor import Tensor

Array: TypeAlias = np.ndarray
Plain: TypeAlias = np.ndarray | np.generic | float | list[Any] | tuple[Any, ...]
"""What stands for an array: one, a number, or nested lists of numbers."""
Operand: TypeAlias = Union["Tensor", Plain]
"""What can stand beside a tensor in an operation."""
Dim: TypeAlias = int | tuple[int, ...] | None
"""The dimensions of a reduction: one, several, or (None) all."""
DType: TypeAlias = np.dtype[Any] | type[Any] | str
"""What names a dtype: np.float32, "float32", float."""
Rng: TypeAlias = "np.random.Generator | int | None"
"""Where randomness comes from: a generator, a seed for a new one, or (None) the system."""
Index: TypeAlias = int | slice | EllipsisType | list[Any] | tuple[Any, ...] | None
"""What names places in a tensor; arrays and tensors of integers or booleans do so too."""

P = ParamSpec("P")
TensorOrArray = TypeVar("TensorOrArray", "Tensor", np.ndarray)
"""A function of a tensor gives a tensor, and of an array an array."""


class UnaryOp(Protocol[P]):
    """An op of one input."""

    op: Op
    __name__: str

    @overload
    def __call__(self, input: Tensor, /, *args: P.args, **params: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, input: Plain, /, *args: P.args, **params: P.kwargs) -> Array: ...

    @overload
    def __get__(self, tensor: None, owner: type) -> UnaryOp[P]: ...
    @overload
    def __get__(self, tensor: Tensor, owner: type) -> Callable[P, Tensor]: ...


class BinaryOp(Protocol[P]):
    """An op of two inputs."""

    op: Op
    __name__: str

    @overload
    def __call__(
        self, input: Tensor, other: Operand, /, *args: P.args, **params: P.kwargs
    ) -> Tensor: ...
    @overload
    def __call__(
        self, input: Plain, other: Tensor, /, *args: P.args, **params: P.kwargs
    ) -> Tensor: ...
    @overload
    def __call__(
        self, input: Plain, other: Plain, /, *args: P.args, **params: P.kwargs
    ) -> Array: ...

    @overload
    def __get__(self, tensor: None, owner: type) -> BinaryOp[P]: ...
    @overload
    def __get__(self, tensor: Tensor, owner: type) -> Callable[Concatenate[Operand, P], Tensor]: ...


class TernaryOp(Protocol[P]):
    """An op of three inputs, of which the third may be missing, as the bias of `linear` may."""

    op: Op
    __name__: str

    @overload
    def __call__(
        self,
        input: Tensor,
        a: Operand,
        b: Operand | None = None,
        /,
        *args: P.args,
        **params: P.kwargs,
    ) -> Tensor: ...
    @overload
    def __call__(
        self,
        input: Plain,
        a: Tensor,
        b: Operand | None = None,
        /,
        *args: P.args,
        **params: P.kwargs,
    ) -> Tensor: ...
    @overload
    def __call__(
        self, input: Plain, a: Plain, b: Tensor, /, *args: P.args, **params: P.kwargs
    ) -> Tensor: ...
    @overload
    def __call__(
        self,
        input: Plain,
        a: Plain,
        b: Plain | None = None,
        /,
        *args: P.args,
        **params: P.kwargs,
    ) -> Array: ...


Rule: TypeAlias = Callable[..., Any]
Rules: TypeAlias = Rule | tuple[Rule | None, ...]
R = TypeVar("R", bound=Rules)
R_co = TypeVar("R_co", bound=Rules, covariant=True)


class OpMaker(Protocol[R_co]):
    """What `@op(grad=...)` is: one rule for each input, so they tell how many inputs there are."""

    @property
    def rules(self) -> R_co: ...

    @overload
    def __call__(
        self: OpMaker[tuple[Rule | None, Rule | None, Rule | None]],
        function: Callable[Concatenate[Any, Any, Any, P], Any],
        /,
    ) -> TernaryOp[P]: ...
    @overload
    def __call__(
        self: OpMaker[tuple[Rule | None, Rule | None]],
        function: Callable[Concatenate[Any, Any, P], Any],
        /,
    ) -> BinaryOp[P]: ...
    @overload
    def __call__(
        self: OpMaker[Rule | tuple[Rule | None]],
        function: Callable[Concatenate[Any, P], Any],
        /,
    ) -> UnaryOp[P]: ...
