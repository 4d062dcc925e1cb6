"""The layers: each is a class with attributes and a `forward`, and fits on a few lines.

To add one, add a class. Names, arguments, attributes and initial distributions are those of
`torch.nn`, so that code and weights carry over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..signatures import DType, Rng
from . import functional as F
from . import init
from .module import Buffer, Module, Parameter


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
        rng: Rng = None,
        dtype: DType = np.float32,
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

    def forward(self, x: Any) -> Any:
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class ReLU(Module):
    """max(x, 0), elementwise."""

    def forward(self, x: Any) -> Any:
        return F.relu(x)


class Sigmoid(Module):
    """1 / (1 + e^-x), elementwise."""

    def forward(self, x: Any) -> Any:
        return F.sigmoid(x)


class Flatten(Module):
    """All dimensions but the first as one: (n, 28, 28) -> (n, 784)."""

    def forward(self, x: Any) -> Any:
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))


class Dropout(Module):
    """In training, each value is 0 with probability `p`, and the others are scaled by 1 / (1 - p).

    rng  a seed or a numpy Generator, which each call draws from. Layers that are given one and
         the same Generator share it, and so its state. Srivastava and others, 2014.
    """

    def __init__(self, p: float = 0.5, rng: Rng = None):
        if not 0 <= p <= 1:
            raise ValueError(f"p must be a probability, 0 to 1, not {p}")
        self.p = p
        self.rng = np.random.default_rng(rng)

    def forward(self, x: Any) -> Any:
        return F.dropout(x, self.p, self.training, self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace=False"


class BatchNorm1d(Module):
    """Each feature of (n, num_features) or (n, num_features, length) to mean 0 and variance 1.

    In training over the batch, of which there must be more than one value a feature; then
    `running_mean` and `running_var` move towards the batch's. In eval mode by these two.

    momentum             how far they move, 0 to 1; None: they are the means over all batches
    affine, bias         whether weight and bias (num_features,) are learned; they are 1 and 0
    track_running_stats  if not, there are none, and the batch decides in eval mode too

    Ioffe and Szegedy, 2015.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        dtype: DType = np.float32,
        *,
        bias: bool = True,
    ):
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.weight, self.bias = _scale_and_shift(num_features, affine, affine and bias, dtype)
        tracked = track_running_stats
        self.running_mean = Buffer(np.zeros(num_features, dtype)) if tracked else None
        self.running_var = Buffer(np.ones(num_features, dtype)) if tracked else None
        self.num_batches_tracked = Buffer(np.array(0)) if tracked else None

    def forward(self, x: Any) -> Any:
        if x.ndim not in (2, 3) or x.shape[1] != self.num_features:
            raise ValueError(
                f"BatchNorm1d needs an input of shape (n, {self.num_features}) or "
                f"(n, {self.num_features}, length), not {x.shape}"
            )
        counter = self.num_batches_tracked
        seen = 1 if counter is None else int(counter) + 1
        y = F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            1 / seen if self.momentum is None else self.momentum,
            self.eps,
        )
        if self.training and counter is not None:
            counter.fill_(seen)
        return y

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class LayerNorm(Module):
    """Each example brought to mean 0 and variance 1 over its last dimensions.

    normalized_shape          the sizes of these dimensions, or the size of the only one
    elementwise_affine, bias  whether weight and bias, of this shape, are learned; they are 1 and 0

    Ba, Kiros and Hinton, 2016.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: DType = np.float32,
    ):
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape = tuple(shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight, self.bias = _scale_and_shift(
            self.normalized_shape, elementwise_affine, elementwise_affine and bias, dtype
        )

    def forward(self, x: Any) -> Any:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


def _scale_and_shift(
    shape: int | tuple[int, ...], weight: bool, bias: bool, dtype: Any
) -> tuple[Parameter | None, Parameter | None]:
    """What a norm multiplies with and adds at first: 1 and 0, or nothing."""
    return (
        Parameter(np.ones(shape, dtype)) if weight else None,
        Parameter(np.zeros(shape, dtype)) if bias else None,
    )


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
