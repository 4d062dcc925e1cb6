"""What networks are made of: activations, losses, norms, dropout, convolution and pooling.

No derivative stands in this file. Everything is composed of ops and gets its gradients, of any
order, from `ops.py`; what stands here is what checks arguments and offers choices before the
calculus. Names, arguments and defaults are those of `torch.nn.functional`; what is random takes
`rng=`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..composed import elu as elu
from ..composed import flatten, squeeze, take_along_dim, unflatten
from ..composed import gelu as gelu
from ..composed import leaky_relu as leaky_relu
from ..composed import pad as pad
from ..composed import silu as silu
from ..composed import softplus as softplus
from ..engine import plain
from ..ops import linear as linear
from ..ops import log_softmax as log_softmax
from ..ops import relu as relu
from ..ops import sigmoid as sigmoid
from ..ops import softmax as softmax
from ..ops import tanh as tanh
from ..ops import where
from ..signatures import DType, Operand, Rng
from ..signatures import TensorOrArray as T
from ..tensor import Tensor

# -------------------------------------------------------------------------------------- losses


def one_hot(labels: Operand, num_classes: int, dtype: DType = np.float32) -> np.ndarray:
    """Class indices of any shape as an array (..., num_classes): 1 at the class, 0 elsewhere.

    A NumPy array, as no gradient flows through it. TypeError if the labels are no integers;
    ValueError, with the row, if one is no class.
    """
    classes = np.asarray(plain(labels))
    if classes.dtype.kind not in "iu":
        raise TypeError(f"class indices must be integers, and these are {classes.dtype}")
    _check_classes(classes, num_classes)
    hot = np.zeros((classes.size, num_classes), dtype)
    hot[np.arange(classes.size), classes.ravel()] = 1
    return hot.reshape(*classes.shape, num_classes)


def _check_classes(labels: np.ndarray, num_classes: int) -> None:
    wrong = (labels < 0) | (labels >= num_classes)
    if np.count_nonzero(wrong):
        row = np.flatnonzero(wrong)[0]
        raise ValueError(
            f"row {row} has class {labels.ravel()[row]}, and with {num_classes} classes the "
            f"indices go from 0 to {num_classes - 1}"
        )


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
    """
    _check_reduction(reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must be between 0 and 1, not {label_smoothing}")
    scores = _classes_last(input)
    target = target if isinstance(target, Tensor) else np.asarray(target)
    classes = scores.shape[-1]
    if target.dtype.kind in "iu":
        target = plain(target)
        if weight is None and not label_smoothing and not np.count_nonzero(target == ignore_index):
            return _plain_cross_entropy(scores, target, reduction)
        q, counts = _index_targets(scores, target, weight, ignore_index, label_smoothing)
    else:
        if target.shape != input.shape:
            raise ValueError(
                f"cross_entropy needs probabilities of shape {input.shape}, like the scores, or "
                f"integer class indices of shape {scores.shape[:-1]}; it got {target.dtype} of "
                f"shape {target.shape}"
            )
        q = _classes_last(target) * (1 - label_smoothing) + label_smoothing / classes
        q = q if weight is None else q * weight
        counts = math.prod(scores.shape[:-1])
    if reduction == "mean":
        q = q / (counts or math.nan)
    return ops.soft_cross_entropy(scores, q, total=reduction != "none")


def _plain_cross_entropy(scores: Any, target: np.ndarray, reduction: str) -> Any:
    """Where every row counts alike and has one right class: the usual case, and the fastest."""
    _check_index_shape(scores, target)
    _check_classes(target, scores.shape[-1])
    share = 1 / (target.size or math.nan) if reduction == "mean" else 1.0
    target = target.copy()  # so that the caller may fill the array with the next labels
    return ops.cross_entropy(scores, target=target, share=share, total=reduction != "none")


def _classes_last(x: Any) -> Any:
    """(n, classes, ...) as (n, ..., classes)."""
    if x.ndim == 0:
        raise ValueError("cross_entropy needs scores of shape (n, classes), not a single number")
    if x.ndim <= 2:
        return x
    return ops.permute(x, dims=(0, *range(2, x.ndim), 1))


def _index_targets(
    scores: Any, target: np.ndarray, weight: Any, ignore_index: int, smoothing: float
) -> tuple[np.ndarray, float]:
    """Class indices as weighted targets (..., classes), and what they count together."""
    _check_index_shape(scores, target)
    classes = scores.shape[-1]
    ignored = target == ignore_index
    count = int(np.count_nonzero(ignored))
    hot = one_hot(np.where(ignored, 0, target) if count else target, classes, scores.dtype)
    if count:
        hot[ignored] = 0
    if weight is None and not smoothing:
        return hot, float(target.size - count)
    weights = np.ones(classes, scores.dtype) if weight is None else _like(weight, scores)
    counts = float(np.sum(hot * weights))
    if smoothing:
        hot = hot * (1 - smoothing) + np.where(ignored, 0, smoothing / classes)[..., None]
    return (hot * weights).astype(scores.dtype), counts


def _check_index_shape(scores: Any, target: np.ndarray) -> None:
    if target.shape != scores.shape[:-1]:
        raise ValueError(
            f"cross_entropy needs class indices of shape {scores.shape[:-1]} for these scores, "
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
    """
    _check_reduction(reduction)
    logs = _classes_last(input)
    q, counts = _index_targets(logs, np.asarray(plain(target)), weight, ignore_index, 0.0)
    picked = where(q != 0, logs * q, 0)
    if reduction == "none":
        return -ops.sum(picked, dim=-1)
    return -ops.sum(picked) / ((counts or math.nan) if reduction == "mean" else 1)


def mse_loss(input: T, target: Any, reduction: str = "mean") -> T:
    """The squared difference of two tensors of one shape: mean over all values, sum or none."""
    _check_reduction(reduction)
    _check_same_shape("mse_loss", input, target)
    if reduction == "mean":
        return ops.mse_loss(input, target)
    difference = input - target
    return _reduced(difference * difference, reduction)


def l1_loss(input: T, target: Any, reduction: str = "mean") -> T:
    """The absolute difference of two tensors of one shape: mean over all values, sum or none."""
    _check_reduction(reduction)
    _check_same_shape("l1_loss", input, target)
    return _reduced(ops.abs(input - target), reduction)


def huber_loss(input: T, target: Any, reduction: str = "mean", delta: float = 1.0) -> T:
    """Half the squared difference where it is below `delta`, and a straight line beyond."""
    _check_reduction(reduction)
    _check_same_shape("huber_loss", input, target)
    if delta <= 0:
        raise ValueError(f"delta must be above 0, not {delta}")
    difference = input - target
    size = ops.abs(difference)
    near = difference * difference * 0.5
    return _reduced(where(size < delta, near, (size - delta / 2) * delta), reduction)


def binary_cross_entropy_with_logits(
    input: T,
    target: Any,
    weight: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> T:
    """Cross-entropy of sigmoid(input) and targets from 0 to 1, value by value.

    weight      how much each value counts; pos_weight how much more the positives count
    """
    _check_reduction(reduction)
    _check_same_shape("binary_cross_entropy_with_logits", input, target)
    positive = 1 if pos_weight is None else (_like(pos_weight, input) - 1) * target + 1
    loss = (1 - target) * input + positive * ops.softplus(-input)
    return _reduced(loss if weight is None else loss * _like(weight, input), reduction)


def _reduced(values: Any, reduction: str) -> Any:
    if reduction == "none":
        return values
    return ops.mean(values) if reduction == "mean" else ops.sum(values)


def _like(x: Any, input: Any) -> np.ndarray:
    """`x`, which gets no gradient, as an array of the dtype of the input."""
    if getattr(x, "requires_grad", False):
        raise ValueError("a weight gets no gradient here; pass weight.detach()")
    return np.asarray(plain(x), input.dtype)


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction must be "mean", "sum" or "none", not {reduction!r}')


def _check_same_shape(name: str, input: Any, target: Any) -> None:
    if input.shape != np.shape(plain(target)):
        raise ValueError(
            f"{name} needs two tensors of one shape, and got {input.shape} and "
            f"{np.shape(plain(target))}: broadcasting them would compare every value with every "
            "other; reshape one of them"
        )


# ---------------------------------------------------------------------- dropout and the norms


def dropout(input: T, p: float = 0.5, training: bool = True, rng: Rng = None) -> T:
    """Each value set to 0 with probability `p`, the others scaled by 1 / (1 - p).

    The mean stays what it was, so that nothing need be done when not `training`.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p must be a probability, 0 to 1, not {p}")
    if not training or p == 0:
        return input
    kept = np.random.default_rng(rng).random(input.shape) >= p
    return input * (kept * (1 / (1 - p) if p < 1 else 0)).astype(input.dtype)


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
    """
    normalized_shape = tuple(normalized_shape)
    if input.shape[input.ndim - len(normalized_shape) :] != normalized_shape:
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
    """
    variance: Any
    dims = tuple(d for d in range(input.ndim) if d != 1)
    channel = [-1 if d == 1 else 1 for d in range(input.ndim)]
    if training or running_mean is None:
        count = math.prod(input.shape[d] for d in dims)
        if count < 2:
            raise ValueError(
                f"batch_norm in training needs more than one value a channel; the input has "
                f"shape {input.shape}"
            )
        mean = ops.mean(input, dim=dims, keepdim=True)
        away = input - mean
        variance = ops.mean(away * away, dim=dims, keepdim=True)
        if training and running_mean is not None:
            unbiased = plain(variance).reshape(-1) * (count / (count - 1))
            running_mean.mul_(1 - momentum).add_(momentum * plain(mean).reshape(-1))
            running_var.mul_(1 - momentum).add_(momentum * unbiased)
    else:
        away = input - _like(running_mean, input).reshape(channel)
        variance = _like(running_var, input).reshape(channel)
    weight, bias = (v if v is None else v.reshape(channel) for v in (weight, bias))
    return _scaled(away / ops.sqrt(variance + eps), weight, bias)


def _scaled(x: Any, weight: Any, bias: Any) -> Any:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def embedding(input: Operand, weight: T) -> T:
    """The rows of `weight` (num, dim) that `input`, integers of any shape, names."""
    index = np.asarray(plain(input))
    if index.dtype.kind not in "iu":
        raise TypeError(f"embedding needs integers that name rows, and got {index.dtype}")
    if index.size and (index.min() < 0 or index.max() >= weight.shape[0]):
        raise ValueError(
            f"embedding has rows 0 to {weight.shape[0] - 1}, and was asked for "
            f"{index.min()} to {index.max()}"
        )
    return weight[index]


# --------------------------------------------------------------------- convolution and pooling


def conv2d(
    input: T,
    weight: Any,
    bias: Any = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> T:
    """Images (n, in, h, w) seen through weight (out, in / groups, kh, kw): (n, out, h', w').

    Each output is the sum of products of the weights and the window over it: all windows are
    laid out as rows, so that the whole is one matrix product.
    """
    n, channels, _, _ = input.shape
    out, per_group, *kernel = weight.shape
    if channels != per_group * groups or out % groups:
        raise ValueError(
            f"conv2d with {groups} groups: weight of shape {weight.shape} needs "
            f"{per_group * groups} channels, and the input {input.shape} has {channels}"
        )
    rows = _windows(_padded(input, padding), kernel, stride, dilation)
    height, width = rows.shape[2:4]
    size = per_group * math.prod(kernel)
    grouped = unflatten(rows, 1, (groups, per_group))  # n, group, in, h', w', kh, kw
    columns = ops.permute(grouped, dims=(1, 0, 3, 4, 2, 5, 6)).reshape(groups, -1, size)
    kernels = weight.reshape(groups, out // groups, size)
    products = ops.matmul(columns, ops.transpose(kernels, dim0=-2, dim1=-1))
    images = products.reshape(groups, n, height, width, out // groups)
    result = ops.permute(images, dims=(1, 0, 4, 2, 3)).reshape(n, out, height, width)
    return result if bias is None else result + bias.reshape(1, -1, 1, 1)


def max_pool2d(
    input: T,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
) -> T:
    """The largest value of each window; of equal ones, the first gets the gradient."""
    stride = kernel_size if stride is None else stride
    windows = _windows(_padded(input, padding, -math.inf), _pair(kernel_size), stride, 1)
    flat = flatten(windows, 4)
    return squeeze(take_along_dim(flat, np.argmax(plain(flat), axis=-1)[..., None], -1), -1)


def avg_pool2d(
    input: T,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
) -> T:
    """The mean of each window, the margin's zeros included."""
    stride = kernel_size if stride is None else stride
    windows = _windows(_padded(input, padding), _pair(kernel_size), stride, 1)
    return ops.mean(windows, dim=(-2, -1))


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def _padded(x: Any, padding: int | tuple[int, int], value: float = 0.0) -> Any:
    if x.ndim != 4:
        raise ValueError(f"images must have shape (n, channels, height, width), not {x.shape}")
    height, width = _pair(padding)
    return pad(x, (width, width, height, height), value=value) if height or width else x


def _windows(x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    """All windows of images (n, c, h, w): (n, c, h', w', kh, kw), with h' by w' windows."""
    places = []
    sides = zip(x.shape[2:], kernel, _pair(stride), _pair(dilation), strict=True)
    for length, size, step, gap in sides:
        count = (length - gap * (size - 1) - 1) // step + 1
        if count < 1:
            raise ValueError(f"a window of {size} (dilation {gap}) does not fit in {length} pixels")
        places.append(np.arange(count)[:, None] * step + np.arange(size) * gap)
    rows, columns = places
    return x[:, :, rows[:, None, :, None], columns[None, :, None, :]]
