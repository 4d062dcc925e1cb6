"""What networks are made of: activations, losses, norms, dropout, convolution and pooling.

No derivative stands in this file. Everything is composed of ops and gets its gradients, of any
order, from `ops.py`; what stands here is what checks arguments and offers choices before the
calculus. Names, arguments and defaults are those of `torch.nn.functional`; what is random takes
`rng=`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from .. import ops
from ..arguments import make_helpful as _make_helpful
from ..composed import elu as elu
from ..composed import flatten, squeeze, take_along_dim
from ..composed import gelu as gelu
from ..composed import leaky_relu as leaky_relu
from ..composed import pad as pad
from ..composed import silu as silu
from ..composed import softplus as softplus
from ..decisions import (
    count_equal,
    count_weighted,
    largest,
    refuse_unknown_classes,
    refuse_unknown_rows,
)
from ..dtypes import float64
from ..engine import beside, no_grad
from ..observing import constant, decide, drawn
from ..ops import linear as linear
from ..ops import log_softmax as log_softmax
from ..ops import relu as relu
from ..ops import sigmoid as sigmoid
from ..ops import softmax as softmax
from ..ops import tanh as tanh
from ..ops import where
from ..outside import missing as _missing
from ..signatures import Operand, Rng
from ..signatures import TensorOrArray as T
from ..tensor import Tensor, from_numpy

# -------------------------------------------------------------------------------------- losses


def one_hot(input: Any, num_classes: int = -1) -> Any:
    """Class indices of any shape as (..., num_classes): 1 at the class, 0 elsewhere.

    A tensor of int64 for a tensor, an array for an array.

    num_classes  -1: one more than the largest index

    Raises TypeError if the labels are not integers, and ValueError, with the row, if one is no
    class.

    >>> F.one_hot(tg.tensor([2, 0]))
    tensor([[0, 0, 1],
            [1, 0, 0]])
    """
    classes: Any = input if isinstance(input, Tensor) else np.asarray(input)
    if num_classes == -1:
        if 0 in classes.shape:
            raise ValueError("one_hot of no labels cannot tell how many classes there are; say it")
        num_classes = int(decide(largest, classes)) + 1
    if classes.dtype.kind not in "iu":
        raise TypeError(f"class indices must be integers, and these are {classes.dtype}")
    _check_classes(classes, num_classes)
    return ops.astype(ops.is_class(classes, classes=num_classes), dtype=np.int64)


def _largest_inside(
    flat: Any,
    size: tuple[int, ...],
    kernel: tuple[int, int],
    steps: tuple[int, int],
    gaps: tuple[int, int],
    margins: Margins,
) -> Any:
    """Where the largest value of each window stands: never in the margin, which may equal it."""
    if not any(map(any, margins)):
        return ops.argmax(flat, dim=-1)
    is_largest = ops.logical_or(flat == ops.amax(flat, dim=-1, keepdim=True), flat != flat)
    inside = _with_margins(np.ones((1, 1, *size), np.bool_), margins, 0.0)
    inside = constant(flatten(_windows(inside, kernel, steps, gaps), 4))
    return ops.argmax(ops.logical_and(is_largest, inside), dim=-1)


def _without_gradient(x: Any) -> Any:
    return x.detach() if isinstance(x, Tensor) else x


def _check_classes(labels: Any, num_classes: int) -> None:
    decide(refuse_unknown_classes, labels, num_classes=num_classes)


def cross_entropy(
    input: T,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> T:
    """Cross-entropy of the softmax of scores and the right classes.

    input            scores (n, classes), (n, classes, ...) or (classes,): not probabilities,
                     as the softmax is part of the loss
    target           class indices, integers of the input's shape without the classes; or
                     probabilities of the input's shape
    weight           (classes,): how much each class counts
    ignore_index     class indices of this value count nothing
    reduction        "mean" (over what counts, weighted), "sum", or "none": one loss a row
    label_smoothing  the share, 0 to 1, of the target that is spread evenly over all classes

    In nats: for equal scores of ten classes it is log(10), about 2.3. The mean over nothing is NaN,
    and its gradient 0. Raises ValueError for shapes that do not fit, and, with the row, for a
    label that is no class.

    >>> F.cross_entropy(tg.tensor([[0.0, 1000.0], [0.0, 1000.0]]), tg.tensor([1, 0]))
    tensor(500.)
    """
    _check_reduction(reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must be between 0 and 1, not {label_smoothing}")
    scores = _classes_last("cross_entropy", input)
    target = _target(input, target)
    classes = scores.shape[-1]
    if target.dtype.kind in "iu":
        _check_index_shape("cross_entropy", scores, target)
        if weight is None and not label_smoothing and not _count(target, ignore_index):
            return _plain_cross_entropy(scores, target, reduction)
        q, counts = _index_targets(scores, target, weight, ignore_index, label_smoothing)
    else:
        if ignore_index >= 0:
            raise ValueError("probabilities have no class to ignore; leave ignore_index out")
        if target.shape != input.shape:
            raise ValueError(
                f"cross_entropy needs probabilities of shape {input.shape}, like the scores, or "
                f"integer class indices of shape {scores.shape[:-1]}; it got {target.dtype} of "
                f"shape {target.shape}"
            )
        q = (
            _classes_last("cross_entropy", target) * (1 - label_smoothing)
            + label_smoothing / classes
        )
        q = q if weight is None else q * weight
        counts = math.prod(scores.shape[:-1])
    if reduction == "mean" and counts:
        q = q / counts
    loss = ops.soft_cross_entropy(scores, q, total=reduction != "none")
    return loss if counts or reduction != "mean" else loss + math.nan


def _target(input: Any, target: Any) -> Any:
    return target if isinstance(target, Tensor) else beside(input, target)


def _plain_cross_entropy(scores: Any, target: Any, reduction: str) -> Any:
    """Where every row counts alike and has one right class: the usual case, and the fastest."""
    _check_classes(target, scores.shape[-1])
    share = 1 / (math.prod(target.shape) or math.nan) if reduction == "mean" else 1.0
    # a copy, so that the caller may fill the array with the next labels
    target = ops.clone(target)
    return ops.cross_entropy(scores, target, share=share, total=reduction != "none")


def _count(target: Any, label: int) -> int:
    """How many of the class indices are this one."""
    return int(decide(count_equal, target, number=label))


def _classes_last(name: str, x: Any) -> Any:
    """(n, classes, ...) as (n, ..., classes)."""
    if x.ndim == 0:
        raise ValueError(f"{name} needs scores of shape (n, classes), not a single number")
    if x.ndim <= 2:
        return x
    return ops.permute(x, dims=(0, *range(2, x.ndim), 1))


def _index_targets(
    scores: Any, target: Any, weight: Any, ignore_index: int, smoothing: float
) -> tuple[Any, float]:
    """Class indices as weighted targets (..., classes), and what they count together."""
    classes = scores.shape[-1]
    count = _count(target, ignore_index)
    ignored = ops.eq(target, ignore_index)
    target = ops.where(ignored, 0, target) if count else target
    _check_classes(target, classes)
    hot = ops.astype(ops.is_class(target, classes=classes), dtype=scores.dtype)
    if count:
        hot = ops.where(ignored[..., None], 0, hot)
    if weight is None and not smoothing:
        return hot, float(math.prod(target.shape) - count)
    weights = 1 if weight is None else _like(weight, scores)
    counts = float(decide(count_weighted, hot, weights))
    if smoothing:
        spread = ops.mul(ops.astype(~ignored, dtype=float64), smoothing / classes)
        hot = hot * (1 - smoothing) + spread[..., None]  # in float64, and rounded once
    return ops.astype(hot * weights, dtype=scores.dtype), counts


def _check_index_shape(name: str, scores: Any, target: Any) -> None:
    if target.shape != scores.shape[:-1]:
        raise ValueError(
            f"{name} needs class indices of shape {scores.shape[:-1]} for these scores, "
            f"and got {target.shape}"
        )


def nll_loss(
    input: T,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> T:
    """Minus the logarithm of the probability of the right class, given log-probabilities.

    input  log-probabilities, as from `log_softmax`; the rest as in `cross_entropy`

    Raises as that.

    >>> F.nll_loss(tg.tensor([[-1.0, -2.0], [-4.0, -3.0]]), tg.tensor([0, 1]))
    tensor(2.)
    """
    _check_reduction(reduction)
    logs = _classes_last("nll_loss", input)
    target = _target(input, target)
    _check_index_shape("nll_loss", logs, target)
    q, counts = _index_targets(logs, target, weight, ignore_index, 0.0)
    picked = where(ops.ne(q, 0), logs * q, 0)
    if reduction == "none":
        return -ops.sum(picked, dim=-1)
    loss = -ops.sum(picked)
    if reduction == "sum":
        return loss
    return loss / counts if counts else loss + math.nan


def mse_loss(input: T, target: Any, reduction: str = "mean") -> T:
    """The squared difference of two tensors of one shape: mean over all values, sum or none.

    Raises ValueError if the shapes differ: they are not broadcast.

    >>> F.mse_loss(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 4.0]))
    tensor(2.)
    """
    _check_reduction(reduction)
    _check_same_shape("mse_loss", input, target)
    if reduction == "mean":
        return ops.mse_loss(input, target)
    difference = input - target
    return _reduced(difference * difference, reduction)


def l1_loss(input: T, target: Any, reduction: str = "mean") -> T:
    """The absolute difference of two tensors of one shape: mean over all values, sum or none.

    Raises ValueError if the shapes differ: they are not broadcast.

    >>> F.l1_loss(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 4.0]))
    tensor(1.)
    """
    _check_reduction(reduction)
    _check_same_shape("l1_loss", input, target)
    return _reduced(ops.abs(input - target), reduction)


def huber_loss(input: T, target: Any, reduction: str = "mean", delta: float = 1.0) -> T:
    """Half the squared difference where it is below `delta`, and a straight line beyond.

    Raises ValueError if the shapes differ, or for a `delta` that is not above 0. Huber, 1964.

    >>> F.huber_loss(tg.tensor([1.0, 5.0]), tg.tensor([0.0, 0.0]), reduction="none", delta=2.0)
    tensor([0.5, 8. ])
    """
    _check_reduction(reduction)
    _check_same_shape("huber_loss", input, target)
    if delta <= 0:
        raise ValueError(f"delta must be above 0, not {delta}")
    difference = input - target
    size = ops.abs(difference)
    near = difference * difference * 0.5
    return _reduced(where(size < delta, near, (size - delta / 2) * delta), reduction)


def smooth_l1_loss(input: T, target: Any, reduction: str = "mean", beta: float = 1.0) -> T:
    """The Huber loss of `delta` beta, divided by beta: as `l1_loss` far away, and smooth at 0.

    Raises ValueError if the shapes differ, or for a `beta` below 0. Girshick, 2015.

    >>> F.smooth_l1_loss(tg.tensor([1.0, 5.0]), tg.tensor([0.0, 0.0]), reduction="none", beta=2.0)
    tensor([0.25, 4.  ])
    """
    if beta < 0:
        raise ValueError(f"beta must not be below 0, and is {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction)
    _check_same_shape("smooth_l1_loss", input, target)
    return huber_loss(input, target, reduction, beta) / beta


def binary_cross_entropy_with_logits(
    input: T,
    target: Any,
    weight: Any = None,
    *,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> T:
    """Cross-entropy of sigmoid(input) and targets from 0 to 1, value by value.

    weight      how much each value counts
    pos_weight  how much more the positives count
    reduction   "mean", "sum" or "none"

    Raises ValueError if the shapes differ, or for a weight that requires a gradient.

    >>> F.binary_cross_entropy_with_logits(tg.tensor([-1000.0, 1000.0]), tg.tensor([0.0, 0.0]))
    tensor(500.)
    """
    _check_reduction(reduction)
    _check_same_shape("binary_cross_entropy_with_logits", input, target)
    target = target if isinstance(target, Tensor) else _like(target, input)
    positive = target if pos_weight is None else _like(pos_weight, input) * target
    # Two terms of one sign, each exact where it is small: nothing cancels.
    loss = (1 - target) * ops.softplus(input) + positive * ops.softplus(-input)
    return _reduced(loss if weight is None else loss * _like(weight, input), reduction)


def _reduced(values: Any, reduction: str) -> Any:
    if reduction == "none":
        return values
    return ops.mean(values) if reduction == "mean" else ops.sum(values)


def _like(x: Any, input: Any) -> Any:
    """`x`, which gets no gradient, in the dtype of the input: see `beside`."""
    if getattr(x, "requires_grad", False):
        raise ValueError("a weight gets no gradient here; pass weight.detach()")
    x = beside(input, x)
    return x.detach().to(input.dtype) if isinstance(x, Tensor) else np.asarray(x, input.dtype)


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction must be "mean", "sum" or "none", not {reduction!r}')


def _check_same_shape(name: str, input: Any, target: Any) -> None:
    shape = np.shape(target)
    if input.shape != shape:
        raise ValueError(
            f"{name} needs two tensors of one shape, and got {input.shape} and "
            f"{shape}: broadcasting them would compare every value with every "
            "other; reshape one of them"
        )


# ---------------------------------------------------------------------- dropout and the norms


def dropout(input: T, p: float = 0.5, training: bool = True, rng: Rng = None) -> T:
    """Each value set to 0 with probability `p`, the others scaled by 1 / (1 - p).

    The mean stays what it was on average, so that nothing need be done when not `training`.

    rng  a seed or a numpy Generator; None for other values each time

    Raises ValueError for a `p` that is not between 0 and 1. Srivastava and others, 2014.

    >>> F.dropout(tg.ones(4), 0.5, rng=0)
    tensor([2., 0., 0., 0.])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p must be a probability, 0 to 1, not {p}")
    if not training or p == 0:
        return input
    chances: Any = drawn(rng, lambda generator: generator.random(input.shape))
    chances = from_numpy(chances) if isinstance(input, Tensor) else chances
    scale = np.asarray(1 / (1 - p) if p < 1 else 0, input.dtype)
    return input * ops.mul(ops.ge(chances, p), constant(scale))


def layer_norm(
    input: T,
    normalized_shape: tuple[int, ...],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> T:
    """Each example brought to mean 0 and variance 1, then scaled and shifted.

    normalized_shape  the last dimensions, over which mean and variance are taken; the shape of
                      weight and bias. Ba, Kiros and Hinton, 2016.

    Raises ValueError if the input does not end in `normalized_shape`, or that is empty.

    >>> F.layer_norm(tg.tensor([[1.0, 3.0]]), (2,), eps=0)
    tensor([[-1.,  1.]])
    """
    normalized_shape = tuple(normalized_shape)
    if not normalized_shape:
        raise ValueError("layer_norm needs at least one size to take mean and variance over")
    if input.shape[-len(normalized_shape) :] != normalized_shape:
        raise ValueError(
            f"layer_norm over {normalized_shape} needs an input that ends in these sizes, "
            f"not {input.shape}"
        )
    dims = tuple(range(-len(normalized_shape), 0))
    away = input - ops.mean(input, dim=dims, keepdim=True)
    variance = ops.mean(away * away, dim=dims, keepdim=True)
    return _scaled(away / ops.sqrt(variance + eps), weight, bias)


def batch_norm(
    input: T,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> T:
    """Each channel of (n, channels, ...) brought to mean 0 and variance 1, scaled, shifted.

    In training over the batch, and `running_mean` and `running_var` (tensors, or None) move
    towards the batch's by `momentum`, in place; else by these two. Ioffe and Szegedy, 2015.

    Raises ValueError for fewer than 2 dimensions, and in training for a single value a channel.

    >>> F.batch_norm(tg.tensor([[100.0], [300.0]]), None, None, training=True)
    tensor([[-1.],
            [ 1.]])
    """
    if input.ndim < 2:
        raise ValueError(f"batch_norm needs an input (n, channels, ...), not {input.shape}")
    if eps < 0 or (eps == 0 and training):
        raise ValueError(f"batch_norm needs an eps above 0, not {eps}")
    variance: Any
    dims = tuple(d for d in range(input.ndim) if d != 1)
    channel = [-1 if d == 1 else 1 for d in range(input.ndim)]
    weight, bias = (v if v is None else v.reshape(channel) for v in (weight, bias))
    if training or running_mean is None:
        count = math.prod(input.shape[d] for d in dims)
        if count == 1:
            raise ValueError(
                f"batch_norm in training needs more than one value a channel; the input has "
                f"shape {input.shape}"
            )
        if count == 0:
            return _scaled(input, weight, bias)
        mean = ops.mean(input, dim=dims, keepdim=True)
        away = input - mean
        variance = ops.mean(away * away, dim=dims, keepdim=True)
        if running_mean is not None:
            with no_grad():
                unbiased = variance.reshape(-1) * (count / (count - 1))
                running_mean.mul_(1 - momentum).add_(momentum * mean.reshape(-1))
                running_var.mul_(1 - momentum).add_(momentum * unbiased)
    else:
        away = input - _like(running_mean, input).reshape(channel)
        variance = _like(running_var, input).reshape(channel)
    return _scaled(away / ops.sqrt(variance + eps), weight, bias)


def _scaled(x: Any, weight: Any, bias: Any) -> Any:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def embedding(input: Operand, weight: T, padding_idx: int | None = None) -> T:
    """The rows of `weight` (num, dim) that `input`, integers of any shape, names: (..., dim).

    padding_idx  the row that gets no gradient

    Raises TypeError if they are not integers, and ValueError if one names no row.

    >>> F.embedding(tg.tensor([2, 0]), tg.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    tensor([[4., 5.],
            [0., 1.]])
    """
    index = beside(weight, input)
    if weight.ndim != 2:
        raise ValueError(f"embedding needs a weight of shape (num, dim), not {weight.shape}")
    if index.dtype.kind not in "iu":
        raise TypeError(f"embedding needs integers that name rows, and got {index.dtype}")
    decide(refuse_unknown_rows, index, rows=weight.shape[0])
    row = _row(padding_idx, weight.shape[0])
    if row is None:
        return weight[index]
    return where((index == row)[..., None], _without_gradient(weight)[row], weight[index])


def _row(padding_idx: int | None, rows: int) -> int | None:
    """A padding index counted from the front."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise ValueError(f"padding_idx must name one of {rows} rows, and is {padding_idx}")
    return padding_idx % rows


# --------------------------------------------------------------------- convolution and pooling

Pair = int | tuple[int, int]
"""One number for height and width, or one for each."""


def conv2d(
    input: T,
    weight: Any,
    bias: Any = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> T:
    """Images (n, in, h, w) seen through weight (out, in / groups, kh, kw): (n, out, h', w').

    input    images, or a single one (in, h, w)
    padding  a margin of zeros; "same" keeps h and w (for stride 1), "valid" is none

    Each output is the sum of products of the weights and the window over it: the windows of an
    image are laid out as columns, so that the whole is one matrix product for each image.

    Raises ValueError if the shapes do not fit, or a window is larger than the image and its margin.

    >>> F.conv2d(tg.ones(1, 1, 3, 3), tg.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    images = _as_batch("conv2d", input)
    if weight.ndim != 4:
        raise ValueError(f"conv2d needs a weight (out, in / groups, kh, kw), not {weight.shape}")
    n, channels, _, _ = images.shape
    out, per_group, *kernel = weight.shape
    if groups < 1 or channels != per_group * groups or out % groups:
        raise ValueError(
            f"conv2d with groups={groups}: a weight of shape {weight.shape} needs "
            f"{per_group * groups} channels, and the input {input.shape} has {channels}; "
            f"the {out} outputs must divide into the groups"
        )
    steps, gaps = _pair("stride", stride, 1), _pair("dilation", dilation, 1)
    margins = _conv_margins(padding, tuple(kernel), steps, gaps)
    seen = _windows(_with_margins(images, margins, 0.0), tuple(kernel), steps, gaps)
    height, width = seen.shape[2:4]
    size = per_group * math.prod(kernel)
    # n, in, kh, kw, h', w': rows of pixels stay rows in memory, which copies fast.
    by_weight = ops.permute(seen, dims=(0, 1, 4, 5, 2, 3))
    columns = by_weight.reshape(n, groups, size, height * width)
    kernels = weight.reshape(groups, out // groups, size)
    result = ops.matmul(kernels, columns).reshape(n, out, height, width)
    result = result if bias is None else result + bias.reshape(1, -1, 1, 1)
    return result if input.ndim == 4 else result[0]


def _conv_margins(
    padding: Pair | str, kernel: tuple[int, ...], steps: tuple[int, int], gaps: tuple[int, int]
) -> Margins:
    """How many zeros stand (above, below) and (left, right)."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        if steps != (1, 1):
            raise ValueError(f'conv2d with padding="same" needs a stride of 1, not {steps}')
        rows, columns = gaps[0] * (kernel[0] - 1), gaps[1] * (kernel[1] - 1)
        return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)
    if isinstance(padding, str):
        raise ValueError(f'padding must be "same", "valid" or sizes, not {padding!r}')
    height, width = _pair("padding", padding, 0)
    return (height, height), (width, width)


@overload
def max_pool2d(
    input: T,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> T: ...
@overload
def max_pool2d(
    input: T,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[T, T]: ...
def max_pool2d(
    input: Any,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest value of each window; of equal ones, the first gets the gradient.

    ceil_mode       count windows that start inside but end outside, too
    return_indices  give also where each was found, counted through its image row by row

    Images are (n, channels, h, w), or a single one (channels, h, w). Raises ValueError if a window
    is larger than the image and its margin, or if the margin is more than half of the window.

    >>> F.max_pool2d(tg.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """
    images = _as_batch("max_pool2d", input)
    gaps = _pair("dilation", dilation, 1)
    kernel, steps, margins = _pooling(images, kernel_size, stride, padding, gaps, ceil_mode)
    lowest = -math.inf if images.dtype.kind == "f" else np.iinfo(images.dtype).min
    flat = flatten(_windows(_with_margins(images, margins, lowest), kernel, steps, gaps), 4)
    seen = _without_gradient(flat)
    found = _largest_inside(seen, images.shape[2:], kernel, steps, gaps, margins)
    values = squeeze(take_along_dim(flat, found[..., None], -1), -1)
    values = values if input.ndim == 4 else values[0]
    if not return_indices:
        return values
    rows = np.arange(found.shape[2])[:, None] * steps[0] - margins[0][0]
    columns = np.arange(found.shape[3]) * steps[1] - margins[1][0]
    corners = constant(rows * images.shape[3] + columns)
    rows, columns = found // kernel[1] * gaps[0], found % kernel[1] * gaps[1]
    places = corners + (rows * images.shape[3] + columns)
    return values, places if input.ndim == 4 else places[0]


def avg_pool2d(
    input: T,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> T:
    """The mean of each window; of int64, rounded towards 0.

    ceil_mode          count windows that start inside but end outside, too
    count_include_pad  the zeros of the margin count too
    divisor_override   divide the sum of each window by this instead

    Images and errors are those of `max_pool2d`. Raises TypeError for integers other than int64.

    >>> F.avg_pool2d(tg.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 2.5,  4.5],
              [10.5, 12.5]]]])
    """
    images: Any = _as_batch("avg_pool2d", input)
    is_float = images.dtype.kind == "f"
    if not is_float and images.dtype != np.int64:
        raise TypeError(
            f"avg_pool2d takes floats or int64, not {images.dtype}; write .float() before it"
        )
    kernel, steps, margins = _pooling(images, kernel_size, stride, padding, (1, 1), ceil_mode)
    windows = _windows(_with_margins(images, margins, 0.0), kernel, steps, (1, 1))
    if divisor_override == 0:
        raise ValueError("divisor_override must not be 0")
    counts: Any = divisor_override
    if counts is None:
        height, width = _pair("padding", padding, 0) if count_include_pad else (0, 0)
        (above, below), (left, right) = margins
        h, w = images.shape[2:]
        inside = np.ones((1, 1, h + 2 * height, w + 2 * width), images.dtype)
        outside = (above - height, below - height), (left - width, right - width)
        inside = _with_margins(inside, outside, 0.0)
        counts = constant(_windows(inside, kernel, steps, (1, 1)).sum((-2, -1)))
    total = ops.sum(windows, dim=(-2, -1))
    result = total / counts if is_float else ops.trunc_divide(total, counts)
    return result if input.ndim == 4 else result[0]


Margins = tuple[tuple[int, int], tuple[int, int]]
"""What is added (above, below) and (left, right)."""


def _pooling(
    images: Any,
    kernel_size: Pair,
    stride: Pair | None,
    padding: Pair,
    gaps: tuple[int, int],
    ceil_mode: bool,
) -> tuple[tuple[int, int], tuple[int, int], Margins]:
    """The kernel, the steps and the margins of a pooling."""
    kernel = _pair("kernel_size", kernel_size, 1)
    steps = _pair("stride", stride, 1) if stride or stride == 0 else kernel
    sides = []
    widths = _pair("padding", padding, 0)
    for length, size, step, gap, width in zip(
        images.shape[2:], kernel, steps, gaps, widths, strict=True
    ):
        if width > size / 2:
            raise ValueError(
                f"padding can be at most half of the kernel size, and {width} is more than half "
                f"of {size}"
            )
        reach = gap * (size - 1) + 1
        beyond = (reach - length - 2 * width) % step if ceil_mode else 0
        if width + beyond >= reach:  # the last window would see nothing but the margin
            beyond = 0
        sides.append((width, width + beyond))
    return kernel, steps, (sides[0], sides[1])


def _pair(name: str, value: Any, least: int) -> tuple[int, int]:
    """A size for height and width, checked."""
    sizes = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    sizes = sizes * 2 if len(sizes) == 1 else sizes
    if len(sizes) != 2 or not all(isinstance(v, (int, np.integer)) and v >= least for v in sizes):
        raise ValueError(
            f"{name} must be a whole number of at least {least}, or two of them, not {value!r}"
        )
    return int(sizes[0]), int(sizes[1])


def _as_batch(name: str, images: Any) -> Any:
    """Images (n, channels, height, width); a single one becomes a batch of one."""
    if images.ndim == 3:
        return images.reshape(1, *images.shape)
    if images.ndim != 4:
        raise ValueError(
            f"{name} needs images (n, channels, height, width) or a single one, and got shape "
            f"{images.shape}; pictures without channels get one by .unsqueeze(1)"
        )
    return images


def _with_margins(x: Any, margins: Margins, value: float) -> Any:
    (above, below), (left, right) = margins
    return (
        pad(x, (left, right, above, below), value=value) if any((above, below, left, right)) else x
    )


def _windows(x: Any, kernel: tuple[int, ...], steps: tuple[int, int], gaps: tuple[int, int]) -> Any:
    """All windows of images (n, c, h, w): (n, c, h', w', kh, kw), with h' by w' windows."""
    for length, size, gap in zip(x.shape[2:], kernel, gaps, strict=True):
        if length < gap * (size - 1) + 1:
            raise ValueError(f"a window of {size} (dilation {gap}) does not fit in {length} pixels")
    return ops.windows(x, kernel=kernel, stride=steps, dilation=gaps)


_make_helpful(globals())

if not TYPE_CHECKING:  # to type checkers it would mean that any name is fine
    __getattr__ = _missing(__name__, globals())
