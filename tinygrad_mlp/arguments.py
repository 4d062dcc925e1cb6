"""Errors that help, for arguments that a function cannot take.

Python says "unexpected keyword argument 'out'", or "'int' object has no attribute 'ndim'"; what a
user needs to hear is that results are always new tensors, or that a tensor was expected. Only a
call that has failed is looked into, so calls that succeed cost what they did.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypeVar, cast

from .outside import ARGUMENTS

Function = TypeVar("Function", bound=Callable[..., Any])


def helpful(function: Function) -> Function:
    """Decorator: explain what is wrong with the arguments, where Python's error does not."""

    @functools.wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except AttributeError as error:
            refuse_what_is_no_tensor(function.__name__, [*args, *options.values()], error)
            raise
        except TypeError:
            refuse_outside(function.__name__, function, options)
            raise

    return cast("Function", called)


def make_helpful(names: dict[str, Any]) -> None:
    """Make all public functions of a module helpful: its last line, `make_helpful(globals())`."""
    made: dict[Any, Any] = {}
    for name, value in list(names.items()):
        is_own = isinstance(value, FunctionType) and value.__module__ == names["__name__"]
        if is_own and not name.startswith("_"):
            names[name] = made[value] = made.get(value) or helpful(value)


def refuse_outside(name: str, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """TypeError for an argument of PyTorch's that stays out, and is none of the function's own."""
    outside = options.keys() & ARGUMENTS.keys()
    if not outside:
        return
    own = {} if function is object.__init__ else inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in own.values()):
        return
    for option in sorted(outside - own.keys()):
        raise TypeError(f"{name}() takes no {option}=: {ARGUMENTS[option]}") from None


def refuse_what_is_no_tensor(name: str, given: list[Any], error: AttributeError) -> None:
    """TypeError if it is one of the arguments that lacks an attribute that tensors have."""
    if any(error.obj is value for value in given) and not hasattr(error.obj, "ndim"):
        raise TypeError(
            f"{name}() was given {error.obj!r:.60} where it takes a tensor; make one with "
            "tg.tensor(...)"
        ) from error


def no_dimension(dim: int, ndim: int) -> str:
    """What to say of a dimension that a tensor of `ndim` dimensions does not have."""
    known = f"use one from {-ndim} to {ndim - 1}" if ndim else "a 0-d tensor has none to name"
    return f"there is no dimension {dim} among {ndim}; {known}"
