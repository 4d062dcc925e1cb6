"""Functions composed of ops: what checks its arguments or offers choices before the calculus.

No derivative stands in this file; what is built here gets its gradients from `ops.py`. Names,
arguments and defaults are those of `torch.nn.functional`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import ops
from .engine import Node
from .ops import linear, log_softmax, relu, sigmoid, softmax, tanh

__all__ = [
    "cross_entropy",
    "linear",
    "log_softmax",
    "mse_loss",
    "one_hot",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]


def one_hot(labels: Any, num_classes: int, dtype: Any = np.float32) -> np.ndarray:
    """Class indices (n,) as an array (n, num_classes): 1 at the class, 0 elsewhere."""
    labels = np.asarray(_array(labels))
    _check_classes(labels, num_classes)
    hot = np.zeros((labels.size, num_classes), dtype)
    hot[np.arange(labels.size), labels.reshape(-1)] = 1
    return hot.reshape(*labels.shape, num_classes)


def cross_entropy(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The cross-entropy between the softmax of scores and the right classes.

    input      scores (n, classes), not probabilities: the softmax is part of the loss
    target     class indices (n,), integers from 0 to classes - 1; or probabilities (n, classes)
    reduction  "mean" over the n rows, "sum", or "none": one loss per row
    """
    _check_reduction(reduction)
    if input.ndim != 2:
        raise ValueError(f"cross_entropy needs scores of shape (n, classes), and got {input.shape}")
    target = _array(target)
    rows, classes = input.shape
    if target.dtype.kind in "iu":
        if target.shape != (rows,):
            raise ValueError(
                f"cross_entropy needs class indices of shape ({rows},) for scores of shape "
                f"{input.shape}, and got {target.shape}"
            )
        target = one_hot(target, classes, input.dtype)
    elif target.shape != input.shape:
        raise ValueError(
            f"cross_entropy needs probabilities of shape {input.shape}, like the scores, or "
            f"integer class indices of shape ({rows},); it got {target.dtype} {target.shape}"
        )
    if reduction == "mean":
        target = target / np.asarray(rows, target.dtype)
    return ops.soft_cross_entropy(input, target, total=reduction != "none")


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The squared difference of two tensors of one shape; mean over all values, sum or none."""
    _check_reduction(reduction)
    if input.shape != np.shape(_array(target)):
        raise ValueError(
            f"mse_loss needs two tensors of the same shape, and got {input.shape} and "
            f"{np.shape(_array(target))}: broadcasting them would compare every value with every "
            "other; reshape one of them"
        )
    if reduction == "mean":
        return ops.mse_loss(input, target)
    squares = (input - target) * (input - target)
    return squares.sum() if reduction == "sum" else squares


def _array(x: Any) -> Any:
    return x.data if isinstance(x, Node) else x


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction must be "mean", "sum" or "none", not {reduction!r}')


def _check_classes(labels: np.ndarray, num_classes: int) -> None:
    if labels.dtype.kind not in "iu":
        raise TypeError(f"class indices must be integers, and these are {labels.dtype}")
    wrong = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if wrong.size:
        row = int(wrong[0])
        raise ValueError(
            f"row {row} has class {labels.reshape(-1)[row]}, and with {num_classes} classes the "
            f"indices go from 0 to {num_classes - 1}"
        )
