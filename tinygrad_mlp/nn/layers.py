"""The layers: each is a class with attributes and a `forward`, and fits on a few lines.

To add one, add a class. Activations are in activations.py, and what holds layers together is in
containers.py. Names, arguments, attributes and initial distributions are those of
`torch.nn`, so that code and weights carry over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..composed import flatten, unflatten
from ..signatures import DType, Rng
from . import functional as F
from . import init
from .module import Buffer, Module, Parameter, named_options


class Linear(Module):
    """x @ weight.T + bias: (..., in_features) -> (..., out_features).

    weight (out_features, in_features) and bias (out_features,) start uniform in
    +-1 / sqrt(in_features), as in PyTorch; `rng` is a seed or a numpy Generator.

    Raises TypeError or ValueError if a size is not a whole number, at least 1, and ValueError for
    an input whose last dimension is another.

    >>> layer = nn.Linear(4, 3, rng=0)
    >>> layer
    Linear(in_features=4, out_features=3, bias=True)
    >>> layer(tg.ones(2, 4)).shape
    (2, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        rng: Rng = None,
        dtype: DType = np.float32,
    ):
        _check_whole("Linear", in_features=in_features, out_features=out_features)
        if in_features < 1 or out_features < 1:
            raise ValueError(
                f"Linear needs at least one input and one output, not {in_features} and "
                f"{out_features}"
            )
        self.in_features = in_features
        self.out_features = out_features
        self.weight, self.bias = _weight_and_bias((out_features, in_features), bias, rng, dtype)

    def forward(self, input: Any) -> Any:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


def _check_whole(layer: str, **sizes: Any) -> None:
    for name, value in sizes.items():
        if not isinstance(value, (int, np.integer)):
            raise TypeError(f"{layer} needs a whole number as {name}, not {value!r:.40}")


def _weight_and_bias(
    shape: tuple[int, ...], bias: bool, rng: Rng, dtype: DType
) -> tuple[Parameter, Parameter | None]:
    """A weight (out, in, ...) and perhaps a bias (out,), uniform in +-1 / sqrt(fan_in)."""
    rng = np.random.default_rng(rng)
    bound = 1 / math.sqrt(math.prod(shape[1:]))
    weight = Parameter(np.zeros(shape, dtype))
    init.uniform_(weight, -bound, bound, rng)
    if not bias:
        return weight, None
    shift = Parameter(np.zeros(shape[0], dtype))
    init.uniform_(shift, -bound, bound, rng)
    return weight, shift


class Conv2d(Module):
    """Images (n, in_channels, h, w) seen through small windows: (n, out_channels, h', w').

    kernel_size, stride, dilation  one number for height and width, or one for each
    padding                        a margin of zeros; "same" keeps h and w, "valid" is none
    groups                         channels in so many groups, each with outputs of its own
    rng                            a seed or a numpy Generator, for weight and bias

    weight (out_channels, in_channels / groups, kh, kw) and bias (out_channels,) start uniform in
    +-1 / sqrt(the numbers that feed one output), as in PyTorch. LeCun and others, 1989.

    Raises TypeError or ValueError for sizes, paddings or groups that make no sense, and ValueError
    for an input with other channels, or smaller than the window.

    >>> nn.Conv2d(1, 8, kernel_size=3, padding=1)(tg.ones(2, 1, 28, 28)).shape
    (2, 8, 28, 28)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: F.Pair,
        stride: F.Pair = 1,
        padding: F.Pair | str = 0,
        dilation: F.Pair = 1,
        groups: int = 1,
        bias: bool = True,
        rng: Rng = None,
        dtype: DType = np.float32,
    ):
        _check_whole("Conv2d", in_channels=in_channels, out_channels=out_channels, groups=groups)
        if in_channels < 1 or out_channels < 1:
            raise ValueError(
                f"Conv2d needs at least one channel in and one out, not {in_channels} and "
                f"{out_channels}"
            )
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"Conv2d needs channels that divide into its {groups} groups, not {in_channels} "
                f"in and {out_channels} out"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = F._pair("kernel_size", kernel_size, 1)
        self.stride = F._pair("stride", stride, 1)
        self.padding = padding if isinstance(padding, str) else F._pair("padding", padding, 0)
        self.dilation = F._pair("dilation", dilation, 1)
        self.groups = groups
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight, self.bias = _weight_and_bias(shape, bias, rng, dtype)

    def forward(self, input: Any) -> Any:
        return F.conv2d(
            input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        words = f"{self.in_channels}, {self.out_channels}, "
        words += named_options(self, "kernel_size", "stride")
        words += f", padding={self.padding}" if self.padding != (0, 0) else ""
        words += f", dilation={self.dilation}" if self.dilation != (1, 1) else ""
        words += f", groups={self.groups}" if self.groups != 1 else ""
        return words + (", bias=False" if self.bias is None else "")


class MaxPool2d(Module):
    """The largest value of each window of images (n, channels, h, w).

    kernel_size, stride, padding, dilation  one number for height and width, or one for each; the
                                            stride is the kernel's size unless it is given
    return_indices                          give also where each value was found
    ceil_mode                               count windows that end outside, too

    Gives (n, channels, h', w'), as many as there are places for the window. Raises ValueError for
    another shape, or if the window does not fit.

    >>> nn.MaxPool2d(2)(tg.arange(16.0).reshape(1, 1, 4, 4))
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """

    def __init__(
        self,
        kernel_size: F.Pair,
        stride: F.Pair | None = None,
        padding: F.Pair = 0,
        dilation: F.Pair = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ):
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Any) -> Any:
        pool: Any = F.max_pool2d
        return pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        return named_options(self, "kernel_size", "stride", "padding", "dilation", "ceil_mode")


class AvgPool2d(Module):
    """The mean of each window of images (n, channels, h, w).

    kernel_size, stride, padding  one number for height and width, or one for each; the stride is
                                  the kernel's size unless it is given
    ceil_mode                     count windows that end outside, too
    count_include_pad             the zeros of the margin count too
    divisor_override              divide the sum of each window by this instead

    Gives (n, channels, h', w'), as many as there are places for the window. Raises ValueError for
    another shape, or if the window does not fit.

    >>> nn.AvgPool2d(2)(tg.arange(16.0).reshape(1, 1, 4, 4))
    tensor([[[[ 2.5,  4.5],
              [10.5, 12.5]]]])
    """

    def __init__(
        self,
        kernel_size: F.Pair,
        stride: F.Pair | None = None,
        padding: F.Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ):
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Any:
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        return named_options(self, "kernel_size", "stride", "padding")


class Embedding(Module):
    """A vector for each of so many words: integers of any shape -> (..., embedding_dim).

    padding_idx  the word that means nothing: its vector is 0 and is not learned
    rng          a seed or a numpy Generator, for the weight

    weight (num_embeddings, embedding_dim) starts normal, as in PyTorch.

    Raises ValueError if there is no such word or `padding_idx`, TypeError for words that are no
    integers.

    >>> words = nn.Embedding(1000, 16)
    >>> words(tg.tensor([[3, 1, 4], [1, 5, 9]])).shape
    (2, 3, 16)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        rng: Rng = None,
        dtype: DType = np.float32,
    ):
        _check_whole("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = F._row(padding_idx, num_embeddings)
        self.weight = Parameter(np.zeros((num_embeddings, embedding_dim), dtype))
        init.normal_(self.weight, rng=rng)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, input: Any) -> Any:
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class Flatten(Module):
    """The dimensions from `start_dim` to `end_dim` as one: (n, 28, 28) -> (n, 784).

    Raises IndexError if there is no such dimension.

    >>> nn.Flatten()(tg.ones(5, 28, 28)).shape
    (5, 784)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Any) -> Any:
        return flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return named_options(self, "start_dim", "end_dim")


class Unflatten(Module):
    """One dimension as several: with Unflatten(1, (28, 28)), (n, 784) -> (n, 28, 28).

    unflattened_size  the sizes, of which one may be -1

    Raises ValueError if the product of the sizes is not the size of the dimension, IndexError if
    there is no such dimension.

    >>> nn.Unflatten(1, (1, 28, 28))(tg.ones(5, 784)).shape
    (5, 1, 28, 28)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]):
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, input: Any) -> Any:
        return unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return named_options(self, "dim", "unflattened_size")


class Dropout(Module):
    """In training, each value is 0 with probability `p`, and the others are scaled by 1 / (1 - p).

    p    from 0 to 1
    rng  a seed or a numpy Generator, which each call draws from. Layers that are given one and
         the same Generator share it, and so its state

    Takes any shape. Raises ValueError if `p` is no probability. Srivastava and others, 2014.

    >>> nn.Dropout(0.5, rng=0)(tg.ones(4))
    tensor([2., 0., 0., 0.])
    >>> nn.Dropout(0.5).eval()(tg.ones(4))
    tensor([1., 1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, rng: Rng = None):
        if not 0 <= p <= 1:
            raise ValueError(f"p must be a probability, 0 to 1, not {p}")
        self.p = p
        self.rng = np.random.default_rng(rng)

    def forward(self, input: Any) -> Any:
        return F.dropout(input, self.p, self.training, self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace=False"


class _BatchNorm(Module):
    """What BatchNorm1d and BatchNorm2d share: each feature to mean 0 and variance 1."""

    further_dims: tuple[tuple[str, ...], ...] = ()
    """What may follow (n, num_features) in the shape of an input."""

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
        _check_whole(type(self).__name__, num_features=num_features)
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

    def forward(self, input: Any) -> Any:
        if input.ndim - 2 not in map(len, self.further_dims) or input.shape[1] != self.num_features:
            known = [("n", str(self.num_features), *more) for more in self.further_dims]
            shapes = " or ".join(f"({', '.join(dims)})" for dims in known)
            raise ValueError(
                f"{type(self).__name__} needs an input of shape {shapes}, not {input.shape}"
            )
        counter = self.num_batches_tracked
        momentum: Any = self.momentum
        if momentum is None:  # the mean over all batches
            momentum = 1 if counter is None else 1 / (counter.double() + 1)
        y = F.batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            momentum,
            self.eps,
        )
        if self.training and counter is not None:
            counter.add_(1)
        return y

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Each feature of (n, num_features) or (n, num_features, length) to mean 0 and variance 1.

    In training over the batch, of which there must be more than one value a feature; then
    `running_mean` and `running_var` move towards the batch's. In eval mode by these two.

    eps                  is added to the variance, so that the division is sane where it is almost 0
    momentum             how far they move, 0 to 1; None: they are the means over all batches
    affine, bias         whether weight and bias (num_features,) are learned; they are 1 and 0
    track_running_stats  if not, there are none, and the batch decides in eval mode too

    Raises ValueError for another shape, and in training for a single value a feature. Ioffe and
    Szegedy, 2015.

    >>> norm = nn.BatchNorm1d(1)
    >>> norm(tg.tensor([[300.0], [500.0]])).tolist(), norm.running_mean
    ([[-1.0], [1.0]], tensor([40.]))
    """

    further_dims = ((), ("length",))


class BatchNorm2d(_BatchNorm):
    """Each channel of images (n, num_features, height, width) to mean 0 and variance 1.

    Otherwise as `BatchNorm1d`.

    >>> nn.BatchNorm2d(3)(tg.ones(2, 3, 4, 4)).shape
    (2, 3, 4, 4)
    """

    further_dims = (("height", "width"),)


class LayerNorm(Module):
    """Each example brought to mean 0 and variance 1 over its last dimensions.

    normalized_shape          the sizes of these dimensions, or the size of the only one
    eps                       is added to the variance, so that the division is sane where it is 0
    elementwise_affine, bias  whether weight and bias, of this shape, are learned; they are 1 and 0

    Raises ValueError for an input whose shape does not end in these sizes. Ba, Kiros and Hinton,
    2016.

    >>> nn.LayerNorm(2, eps=0)(tg.tensor([[1.0, 3.0], [10.0, 30.0]])).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
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

    def forward(self, input: Any) -> Any:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

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
