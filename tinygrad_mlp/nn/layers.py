"""The layers: each is a class with attributes and a `forward`, and fits on a few lines.

To add one, add a class. Names, arguments, attributes and initial distributions are those of
`torch.nn`, so that code and weights carry over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import functional as F
from ..tensor import Tensor
from . import init
from .module import Module, Parameter


class Linear(Module):
    """x @ weight.T + bias: (..., in_features) -> (..., out_features).

    weight (out_features, in_features) and bias (out_features,) start uniform in
    +-1 / sqrt(in_features), as in PyTorch; `rng` is a seed or a numpy Generator.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        rng: Any = None,
        dtype: Any = np.float32,
    ):
        if in_features < 1 or out_features < 1:
            raise ValueError(
                f"Linear needs at least one input and one output, not {in_features} and "
                f"{out_features}"
            )
        rng = np.random.default_rng(rng)
        self.in_features = in_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = Parameter(np.zeros((out_features, in_features), dtype))
        init.uniform_(self.weight, -bound, bound, rng)
        self.bias = Parameter(np.zeros(out_features, dtype)) if bias else None
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound, rng)

    def forward(self, x: Any) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class ReLU(Module):
    """max(x, 0), elementwise."""

    def forward(self, x: Any) -> Tensor:
        return F.relu(x)


class Sigmoid(Module):
    """1 / (1 + e^-x), elementwise."""

    def forward(self, x: Any) -> Tensor:
        return F.sigmoid(x)


class Flatten(Module):
    """All dimensions but the first as one: (n, 28, 28) -> (n, 784)."""

    def forward(self, x: Any) -> Any:
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))


class Sequential(Module):
    """Modules one after the other, each fed with what the one before gave."""

    def __init__(self, *modules: Module):
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def forward(self, x: Any) -> Any:
        for _, module in self.named_children():
            x = module(x)
        return x

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self.named_children())

    def __len__(self) -> int:
        return len(list(self.named_children()))

    def __getitem__(self, i: int | slice) -> Module:
        """The i-th module; of a slice, a Sequential of the same modules."""
        found = list(self)[i]
        return Sequential(*found) if isinstance(found, list) else found
