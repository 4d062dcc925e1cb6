"""Which names both packages have, found in the namespaces themselves, with PyTorch's samples.

`op_db` has one entry for each operator of PyTorch, under one of its names. Everything that the
operator is called (a function of `torch` or of `torch.nn.functional`, a method, an in-place
method, an operator sign, and its aliases) is looked up in both packages; what both have is an
`Entry`, so a name that is added to the package is picked up from then on.
"""

from __future__ import annotations

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
    place     "function", "method", "method in place", "property", "sign" or "sign in place"
    arranged  the arguments of a sample, (input, *args), in the order in which this name takes them
    made_of   the function of this package that stands behind the name
    """

    label: str
    place: str
    ours: Callable
    theirs: Callable
    info: Any
    arranged: Callable[[tuple], tuple]
    made_of: Any

    @property
    def in_place(self) -> bool:
        return self.place.endswith("in place")

    def takes(self, args: tuple, kwargs: dict) -> bool:
        """Whether a sample can be written with this name: x + y has two parts and no keywords."""
        if self.place == "function":
            return True
        if self.place.startswith("sign"):
            arity = 2 if "y" in self.label else 1
            tensors = sum(isinstance(a, torch.Tensor) for a in args)
            return len(args) == arity and not kwargs and tensors > 0
        return bool(args) and isinstance(args[0], torch.Tensor)


NAMESPACES = {
    "": (tg, torch),
    "F.": (tg.nn.functional, torch.nn.functional),
}

FURTHER_NAMES: dict[str, tuple[str, ...]] = {
    # name in op_db: other names of the same function, that it lists neither as aliases
    "__getitem__": (),
}

SIGNS: dict[str, tuple[str, str]] = {
    # name in op_db: the special method behind the sign, and how the sign is written
    "add": ("__add__", "x + y"),
    "sub": ("__sub__", "x - y"),
    "mul": ("__mul__", "x * y"),
    "div": ("__truediv__", "x / y"),
    "floor_divide": ("__floordiv__", "x // y"),
    "remainder": ("__mod__", "x % y"),
    "pow": ("__pow__", "x ** y"),
    "matmul": ("__matmul__", "x @ y"),
    "neg": ("__neg__", "-x"),
    "abs": ("__abs__", "abs(x)"),
    "bitwise_and": ("__and__", "x & y"),
    "bitwise_or": ("__or__", "x | y"),
    "bitwise_xor": ("__xor__", "x ^ y"),
    "bitwise_not": ("__invert__", "~x"),
    "bitwise_left_shift": ("__lshift__", "x << y"),
    "bitwise_right_shift": ("__rshift__", "x >> y"),
    "eq": ("__eq__", "x == y"),
    "ne": ("__ne__", "x != y"),
    "lt": ("__lt__", "x < y"),
    "le": ("__le__", "x <= y"),
    "gt": ("__gt__", "x > y"),
    "ge": ("__ge__", "x >= y"),
    "__getitem__": ("__getitem__", "x[y]"),
    "__radd__": ("__radd__", "y + x"),
    "__rsub__": ("__rsub__", "y - x"),
    "__rmul__": ("__rmul__", "y * x"),
    "__rdiv__": ("__rtruediv__", "y / x"),
    "__rmod__": ("__rmod__", "y % x"),
    "__rpow__": ("__rpow__", "y ** x"),
    "__rmatmul__": ("__rmatmul__", "y @ x"),
    "__rand__": ("__rand__", "y & x"),
    "__ror__": ("__ror__", "y | x"),
    "__rxor__": ("__rxor__", "y ^ x"),
}

SIGNS_IN_PLACE: dict[str, tuple[str, str]] = {
    "add": ("__iadd__", "x += y"),
    "sub": ("__isub__", "x -= y"),
    "mul": ("__imul__", "x *= y"),
    "div": ("__itruediv__", "x /= y"),
    "floor_divide": ("__ifloordiv__", "x //= y"),
    "remainder": ("__imod__", "x %= y"),
    "pow": ("__ipow__", "x **= y"),
    "bitwise_and": ("__iand__", "x &= y"),
    "bitwise_or": ("__ior__", "x |= y"),
    "bitwise_xor": ("__ixor__", "x ^= y"),
}

ORDER: dict[str, Callable[[tuple], tuple]] = {
    # functions that take a sample's arguments in another order than op_db keeps them in
    "einsum": lambda args: (args[1], *args[0]),
    "where": lambda args: (args[1], args[0], *args[2:]),
    "nn.functional.embedding": lambda args: (args[1], args[0], *args[2:]),
    "nn.functional.embedding_bag": lambda args: (args[1], args[0], *args[2:]),
    "polygamma": lambda args: (args[1], args[0], *args[2:]),
}


def as_given(args: tuple) -> tuple:
    return args


def entries() -> list[Entry]:
    """Every name that both packages have and op_db has samples of."""
    found: dict[tuple, Entry] = {}
    for info in op_db:
        for entry in _entries_of(info):
            found.setdefault((entry.label, info.name, info.variant_test_name), entry)
    return list(found.values())


def _entries_of(info: Any) -> Iterator[Entry]:
    names = {name for full in _full_names(info) if (name := _bare(full)) is not None}
    order = ORDER.get(info.name, as_given)
    for name in sorted(names):
        for prefix, (ours, theirs) in NAMESPACES.items():
            yield from _both(f"{prefix}{name}", "function", name, ours, theirs, info, order)
        ours, theirs = tg.Tensor, torch.Tensor
        yield from _both(f"Tensor.{name}", "method", name, ours, theirs, info, as_given)
        if not name.endswith("_"):
            label, place = f"Tensor.{name}_", "method in place"
            yield from _both(label, place, f"{name}_", ours, theirs, info, as_given)
    for table, place in ((SIGNS, "sign"), (SIGNS_IN_PLACE, "sign in place")):
        method, label = table.get(info.name, (None, ""))
        if method and hasattr(tg.Tensor, method) and hasattr(torch.Tensor, method):
            function = _written(label)
            behind = getattr(tg.Tensor, method)
            yield Entry(label, place, function, function, info, as_given, behind)


def _full_names(info: Any) -> list[str]:
    return [
        info.name,
        *(alias.name for alias in info.aliases),
        *FURTHER_NAMES.get(info.name, ()),
    ]


def _bare(full: str) -> str | None:
    """The name without "nn.functional."; None for those of linalg, masked and so on, and signs."""
    name = full.removeprefix("nn.functional.")
    return None if "." in name or name.startswith("_") else name


def _both(
    label: str, place: str, name: str, ours: Any, theirs: Any, info: Any, arranged: Callable
) -> Iterator[Entry]:
    """The entry, if both have this name, as a function, or a property, of one meaning."""
    mine, other = getattr(ours, name, None), getattr(theirs, name, None)
    if mine is None or other is None:
        return
    if place == "method" and not callable(other):
        yield Entry(label, "property", _reader(name), _reader(name), info, arranged, mine)
    elif callable(mine) and callable(other):
        if place == "method" and name.endswith("_"):
            place = "method in place"
        yield Entry(label, place, mine, other, info, arranged, mine)


def _reader(name: str) -> Callable:
    return lambda x: getattr(x, name)


def _written(label: str) -> Callable:
    """The function that Python makes of a sign: with x and y exchanged, too, and in place."""
    if "=" in label.replace("==", "").replace("<=", "").replace(">=", "").replace("!=", ""):
        names: dict[str, Any] = {}
        exec(f"def function(x, y):\n    {label}\n    return x", names)
        return names["function"]
    return eval(f"lambda x, y=None: {label}")
