"""From a sample of PyTorch to the same call here, and to the text of it.

A sample's arguments are tensors, numbers, dtypes, slices, and tuples, lists and dictionaries of
these. `Call` keeps them, and makes of them fresh arguments for either package, so that nothing
that one run writes into is seen by the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

import tinygrad_mlp as tg

DTYPES = {
    torch.float64: np.float64,
    torch.float32: np.float32,
    torch.float16: np.float16,
    torch.int64: np.int64,
    torch.int32: np.int32,
    torch.int16: np.int16,
    torch.int8: np.int8,
    torch.uint8: np.uint8,
    torch.bool: np.bool_,
}

LEFT_OUT = {
    # what op_db passes because it runs on any device, and what changes no value
    "device": (torch.device("cpu"), "cpu", None),
    "layout": (torch.strided, None),
    "pin_memory": (False, None),
    "memory_format": (
        torch.contiguous_format,
        torch.preserve_format,
        torch.channels_last,
        torch.channels_last_3d,
    ),
}


class OutsideError(Exception):
    """There is nothing to compare, as a sample is complex, bfloat16, sparse, on a device, ...

    The message says what it is.
    """


@dataclass
class Call:
    """A function's arguments, in PyTorch's terms."""

    args: tuple
    kwargs: dict[str, Any] = field(default_factory=dict)

    def theirs(self) -> tuple[tuple, dict, list]:
        """Fresh arguments for PyTorch, and the tensors among them."""
        return self._made(_their_tensor, lambda dtype: dtype)

    def ours(self) -> tuple[tuple, dict, list]:
        """Fresh arguments for this package, and the tensors among them, in the same order."""
        return self._made(_our_tensor, _our_dtype)

    def _made(self, tensor: Callable, dtype: Callable) -> tuple[tuple, dict, list]:
        known: dict[int, Any] = {}

        def leaf(value: Any) -> Any:
            if isinstance(value, torch.Tensor):
                if id(value) not in known:
                    known[id(value)] = tensor(value)
                return known[id(value)]
            return dtype(value) if isinstance(value, torch.dtype) else _plain(value)

        kwargs = {k: v for k, v in self.kwargs.items() if not _is_left_out(k, v)}
        args, kwargs = walk(self.args, leaf), walk(kwargs, leaf)
        return args, kwargs, list(known.values())

    def tensors(self) -> list[torch.Tensor]:
        """The tensors among the arguments, as the sample has them, each once."""
        found: dict[int, torch.Tensor] = {}

        def leaf(value: Any) -> None:
            if isinstance(value, torch.Tensor):
                found.setdefault(id(value), value)

        walk((self.args, self.kwargs), leaf)
        return list(found.values())

    def size(self) -> int:
        """How much there is to read: values in the tensors, and arguments."""
        return sum(4 + t.numel() for t in self.tensors()) + len(self.args) + 2 * len(self.kwargs)

    def as_float64(self, moved: float = 0.0) -> Call:
        """The same call in float64, with each value moved by up to this share of itself."""

        def leaf(value: Any) -> Any:
            if isinstance(value, torch.Tensor) and value.dtype == torch.float32:
                by = torch.cos(torch.arange(value.numel(), dtype=torch.float64))
                wide = value.detach().double() * (1 + moved * by.reshape(value.shape))
                return wide.requires_grad_(value.requires_grad)
            return torch.float64 if value is torch.float32 else value

        return Call(walk(self.args, leaf), walk(self.kwargs, leaf))

    def names(self) -> dict[int, str]:
        """A letter for each tensor, by its id."""
        return {id(t): name for t, name in zip(self.tensors(), LETTERS, strict=False)}


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def walk(value: Any, leaf: Callable) -> Any:
    """The same tuples, lists, dictionaries and slices, with `leaf` of everything in them."""
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, (tuple, list)):
        return type(value)([walk(v, leaf) for v in value])
    if isinstance(value, dict):
        return {k: walk(v, leaf) for k, v in value.items()}
    if isinstance(value, slice):
        return slice(*(walk(v, leaf) for v in (value.start, value.stop, value.step)))
    return leaf(value)


def _is_left_out(name: str, value: Any) -> bool:
    return name in LEFT_OUT and value in LEFT_OUT[name]


PLAIN = (int, float, str, bool, type(None), type(Ellipsis), np.generic, np.ndarray)


def _plain(value: Any) -> Any:
    if isinstance(value, PLAIN):
        return value
    raise OutsideError(f"{type(value).__name__} {value!r:.40}")


def _their_tensor(t: torch.Tensor) -> torch.Tensor:
    return t.detach().clone().requires_grad_(t.requires_grad)


def _our_tensor(t: torch.Tensor) -> tg.Tensor:
    return tg.tensor(array_of(t), requires_grad=t.requires_grad)


def array_of(t: torch.Tensor) -> np.ndarray:
    """A tensor's values as an array of its own, laid out in memory as the tensor is."""
    if t.dtype not in DTYPES or t.layout is not torch.strided or t.device.type != "cpu":
        raise OutsideError(f"a tensor that is {t.dtype}, {t.layout}, on {t.device}")
    return t.detach().numpy().copy("K")


def _our_dtype(dtype: torch.dtype) -> Any:
    if dtype not in DTYPES:
        raise OutsideError(str(dtype))
    return DTYPES[dtype]


def arguments(text: Callable[[Any], str], args: Any, kwargs: dict[str, Any]) -> str:
    """What stands between the parentheses of a call."""
    named = [f"{k}={text(v)}" for k, v in kwargs.items() if not _is_left_out(k, v)]
    return ", ".join([*map(text, args), *named])


def text_of(value: Any, names: dict[int, str], brief: bool) -> str:
    """An argument as one would write it, tensors by their names.

    brief  larger arrays of floats may be filled with ones: only shapes and dtypes matter
    """

    def text(value: Any) -> str:
        return text_of(value, names, brief)

    if isinstance(value, torch.Tensor):
        return names[id(value)] if id(value) in names else tensor_text(value, brief)
    if isinstance(value, torch.dtype):
        return f"np.{np.dtype(DTYPES[value]).name}" if value in DTYPES else str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(text, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k!r}: {text(v)}' for k, v in value.items())}}}"
    if isinstance(value, slice):
        return f"slice({text(value.start)}, {text(value.stop)}, {text(value.step)})"
    return "..." if value is Ellipsis else repr(value)


def tensor_text(t: torch.Tensor, brief: bool) -> str:
    """A tensor as one would make it here."""
    if t.dtype not in DTYPES:
        return f"<a tensor that is {t.dtype}>"
    a = array_of(t)
    dtype = f"np.{'bool' if a.dtype == bool else a.dtype.name}"
    if a.size == 0 or (brief and a.size > 12 and a.dtype.kind == "f"):
        array = f"np.{'ones' if a.size else 'zeros'}({a.shape}, {dtype})"
    else:
        values = np.array2string(
            a, separator=",", threshold=10**9, floatmode="unique", max_line_width=10**9
        )
        array = f"np.array({''.join(values.split())}, {dtype})"
    return f"tg.tensor({array}{', requires_grad=True' if t.requires_grad else ''})"
