"""The losses as modules: what a model's scores are compared with, as one number.

Each is called with (input, target) and calls the function of `functional` that its docstring names.

reduction  "mean" over what counts, "sum", or "none" for one loss a row or value
weight     a constant, kept as a buffer and so saved with the model
"""

from __future__ import annotations

from typing import Any

from . import functional as F
from .module import Buffer, Module


def _constant(weight: Any) -> Buffer | None:
    if weight is None:
        return None
    return Buffer(weight, requires_grad=getattr(weight, "requires_grad", False))


class CrossEntropyLoss(Module):
    """Cross-entropy of scores (n, classes) and classes (n,). See `functional.cross_entropy`.

    Raises ValueError for a class that has no score, for shapes that do not fit, or for another
    reduction.

    >>> nn.CrossEntropyLoss()(tg.tensor([[0.0, 1000.0]]), tg.tensor([0]))
    tensor(1000.)
    """

    def __init__(
        self,
        weight: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ):
        self.weight = _constant(weight)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        return F.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )


class NLLLoss(Module):
    """Minus the log-probability (n, classes) of the classes (n,). See `functional.nll_loss`.

    Raises ValueError for a class that has no score, for shapes that do not fit, or for another
    reduction.

    >>> nn.NLLLoss()(tg.tensor([[-1.0, -2.0], [-4.0, -3.0]]), tg.tensor([0, 1]))
    tensor(2.)
    """

    def __init__(self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean"):
        self.weight = _constant(weight)
        self.ignore_index = ignore_index
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Any:
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class BCEWithLogitsLoss(Module):
    """Cross-entropy of sigmoid(input) and targets from 0 to 1, value by value.

    weight      how much each value counts
    pos_weight  how much more the positives count
    reduction   "mean" over all values, "sum", or "none": one loss a value

    See `functional.binary_cross_entropy_with_logits`.

    Raises ValueError if the shapes differ, or for another reduction.

    >>> nn.BCEWithLogitsLoss()(tg.tensor([-1000.0, 1000.0]), tg.tensor([0.0, 0.0]))
    tensor(500.)
    """

    def __init__(self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None):
        self.weight = _constant(weight)
        self.reduction = reduction
        self.pos_weight = _constant(pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class MSELoss(Module):
    """Mean squared difference of two tensors of one shape. See `functional.mse_loss`.

    reduction  "mean" over all values, "sum", or "none": one loss a value

    Raises ValueError if the shapes differ, or for another reduction.

    >>> nn.MSELoss()(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 4.0]))
    tensor(2.)
    """

    def __init__(self, reduction: str = "mean"):
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Any:
        return F.mse_loss(input, target, self.reduction)


class L1Loss(Module):
    """Mean absolute difference of two tensors of one shape. See `functional.l1_loss`.

    reduction  "mean" over all values, "sum", or "none": one loss a value

    Raises ValueError if the shapes differ, or for another reduction.

    >>> nn.L1Loss()(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 4.0]))
    tensor(1.)
    """

    def __init__(self, reduction: str = "mean"):
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Any:
        return F.l1_loss(input, target, self.reduction)


class SmoothL1Loss(Module):
    """Absolute difference, but squared within `beta`. See `functional.smooth_l1_loss`.

    beta       up to which difference it is squared, at least 0
    reduction  "mean" over all values, "sum", or "none": one loss a value

    Raises ValueError if the shapes differ, or for another reduction. Girshick, 2015.

    >>> nn.SmoothL1Loss(reduction="none")(tg.tensor([1.0, 5.0]), tg.tensor([0.0, 0.0]))
    tensor([0.5, 4.5])
    """

    def __init__(self, reduction: str = "mean", beta: float = 1.0):
        self.reduction = reduction
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Any:
        return F.smooth_l1_loss(input, target, self.reduction, self.beta)


class HuberLoss(Module):
    """Squared difference, but a straight line beyond `delta`. See `functional.huber_loss`.

    delta      up to which difference it is squared, above 0
    reduction  "mean" over all values, "sum", or "none": one loss a value

    Raises ValueError if the shapes differ, or for another reduction. Huber, 1964.

    >>> nn.HuberLoss(delta=2.0)(tg.tensor([1.0]), tg.tensor([0.0]))
    tensor(0.5)
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        self.reduction = reduction
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        return F.huber_loss(input, target, self.reduction, self.delta)
