"""Which names both packages have, found in the namespaces themselves, with PyTorch's samples.

`op_db` has one entry for each operator of PyTorch, under one of its names. Whatever the operator
is called (a function of `torch` or of `torch.nn.functional`, a method, an in-place method, a sign
between two values, an alias) is looked up in both packages. What both have is an `Entry`, so a
name that is added to the package is picked up from then on.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.testing._internal.common_methods_invocations import op_db

import tinygrad_mlp as tg


@dataclass(frozen=True)
class Entry:
    """One name that both packages have, and whose samples it is called with.

    label     as a user writes it: "exp", "F.relu", "Tensor.add_", "x + y"
    place     "function", "method", "property" or "sign"
    info      what op_db says of it
    behind    the function of this package that stands behind the name
    arranged  the arguments of a sample, (input, *args), in the order in which this name takes them
    in_place  it writes into its first argument
    """

    label: str
    place: str
    ours: Callable
    theirs: Callable
    info: Any
    behind: Any
    arranged: Callable[[tuple], tuple] = lambda args: args
    in_place: bool = False

    def takes(self, args: tuple, kwargs: dict) -> bool:
        """Whether a sample can be written with this name: x + y has two parts and no keywords."""
        if self.place == "function":
            return True
        if self.place == "sign":
            arity = 2 if "y" in self.label else 1
            return len(args) == arity and not kwargs and any(map(torch.is_tensor, args))
        return bool(args) and torch.is_tensor(args[0])


SIGNS: dict[str, tuple[str, str, Callable]] = {
    # name in op_db: the special method behind the sign, how it is written, what Python makes of it
    "add": ("__add__", "x + y", operator.add),
    "sub": ("__sub__", "x - y", operator.sub),
    "mul": ("__mul__", "x * y", operator.mul),
    "div": ("__truediv__", "x / y", operator.truediv),
    "floor_divide": ("__floordiv__", "x // y", operator.floordiv),
    "remainder": ("__mod__", "x % y", operator.mod),
    "pow": ("__pow__", "x ** y", operator.pow),
    "matmul": ("__matmul__", "x @ y", operator.matmul),
    "neg": ("__neg__", "-x", operator.neg),
    "abs": ("__abs__", "abs(x)", abs),
    "bitwise_and": ("__and__", "x & y", operator.and_),
    "bitwise_or": ("__or__", "x | y", operator.or_),
    "bitwise_xor": ("__xor__", "x ^ y", operator.xor),
    "bitwise_not": ("__invert__", "~x", operator.invert),
    "bitwise_left_shift": ("__lshift__", "x << y", operator.lshift),
    "bitwise_right_shift": ("__rshift__", "x >> y", operator.rshift),
    "eq": ("__eq__", "x == y", operator.eq),
    "ne": ("__ne__", "x != y", operator.ne),
    "lt": ("__lt__", "x < y", operator.lt),
    "le": ("__le__", "x <= y", operator.le),
    "gt": ("__gt__", "x > y", operator.gt),
    "ge": ("__ge__", "x >= y", operator.ge),
    "__getitem__": ("__getitem__", "x[y]", operator.getitem),
    "__radd__": ("__radd__", "y + x", lambda x, y: y + x),
    "__rsub__": ("__rsub__", "y - x", lambda x, y: y - x),
    "__rmul__": ("__rmul__", "y * x", lambda x, y: y * x),
    "__rdiv__": ("__rtruediv__", "y / x", lambda x, y: y / x),
    "__rmod__": ("__rmod__", "y % x", lambda x, y: y % x),
    "__rpow__": ("__rpow__", "y ** x", lambda x, y: y**x),
    "__rmatmul__": ("__rmatmul__", "y @ x", lambda x, y: y @ x),
    "__rand__": ("__rand__", "y & x", lambda x, y: y & x),
    "__ror__": ("__ror__", "y | x", lambda x, y: y | x),
    "__rxor__": ("__rxor__", "y ^ x", lambda x, y: y ^ x),
}

SIGNS_IN_PLACE: dict[str, tuple[str, str, Callable]] = {
    "add": ("__iadd__", "x += y", operator.iadd),
    "sub": ("__isub__", "x -= y", operator.isub),
    "mul": ("__imul__", "x *= y", operator.imul),
    "div": ("__itruediv__", "x /= y", operator.itruediv),
    "floor_divide": ("__ifloordiv__", "x //= y", operator.ifloordiv),
    "remainder": ("__imod__", "x %= y", operator.imod),
    "pow": ("__ipow__", "x **= y", operator.ipow),
    "bitwise_and": ("__iand__", "x &= y", operator.iand),
    "bitwise_or": ("__ior__", "x |= y", operator.ior),
    "bitwise_xor": ("__ixor__", "x ^= y", operator.ixor),
    "__getitem__": ("__setitem__", "x[y] = 1", lambda x, y: operator.setitem(x, y, 1)),
}

ORDER: dict[str, Callable[[tuple], tuple]] = {
    # functions that take a sample's arguments in another order than op_db keeps them in
    "einsum": lambda args: (args[1], *args[0]),
    "where": lambda args: (args[1], args[0], *args[2:]),
    "nn.functional.embedding": lambda args: (args[1], args[0], *args[2:]),
    "nn.functional.embedding_bag": lambda args: (args[1], args[0], *args[2:]),
    "polygamma": lambda args: (args[1], args[0], *args[2:]),
}


ANOTHER_FUNCTION = ("F.unfold", "binary_cross_entropy_with_logits", "triplet_margin_loss")
"""What PyTorch calls by the name of an operator in op_db, and is something else."""


@dataclass(frozen=True)
class Names:
    """Where a package keeps its names."""

    package: Any
    functional: Any
    tensor: type


OURS = Names(tg, tg.nn.functional, tg.Tensor)
THEIRS = Names(torch, torch.nn.functional, torch.Tensor)


def entries(ours: Names = OURS) -> list[Entry]:
    """Every name that both packages have and op_db has samples of."""
    found = (entry for info in op_db for entry in _entries_of(info, ours))
    return [entry for entry in found if entry.label not in ANOTHER_FUNCTION]


def _entries_of(info: Any, ours: Names) -> Iterator[Entry]:
    order = ORDER.get(info.name, lambda args: args)
    for name in sorted(_names_of(info)):
        for prefix, mine, theirs in (
            ("", ours.package, THEIRS.package),
            ("F.", ours.functional, THEIRS.functional),
        ):
            if (pair := _both(name, mine, theirs)) and all(map(callable, pair)):
                yield Entry(f"{prefix}{name}", "function", *pair, info, pair[0], order)
        yield from _methods(name, info, ours)
    for table, in_place in ((SIGNS, False), (SIGNS_IN_PLACE, True)):
        method, label, function = table.get(info.name, ("", "", None))
        if pair := _both(method, ours.tensor, THEIRS.tensor):
            yield Entry(label, "sign", function, function, info, pair[0], in_place=in_place)


def _names_of(info: Any) -> set[str]:
    """Its names without "nn.functional."; none of those in linalg, masked and so on, and signs."""
    names = (info.name, *(alias.name for alias in info.aliases))
    bare = {name.removeprefix("nn.functional.") for name in names}
    return {name for name in bare if "." not in name and not name.startswith("_")}


def _methods(name: str, info: Any, ours: Names) -> Iterator[Entry]:
    if pair := _both(name, ours.tensor, THEIRS.tensor):
        mine, theirs = pair
        label, in_place = f"Tensor.{name}", name.endswith("_")
        if callable(theirs):
            yield Entry(label, "method", mine, theirs, info, mine, in_place=in_place)
        else:
            read = operator.attrgetter(name)
            yield Entry(label, "property", read, read, info, mine)
    if pair := _both(f"{name}_", ours.tensor, THEIRS.tensor):
        yield Entry(f"Tensor.{name}_", "method", *pair, info, pair[0], in_place=True)


def _both(name: str, ours: Any, theirs: Any) -> tuple[Any, Any] | None:
    """What both have under this name."""
    pair = getattr(ours, name, None), getattr(theirs, name, None)
    return None if None in pair else pair
