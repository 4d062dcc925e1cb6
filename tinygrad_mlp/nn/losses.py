"""The losses as modules: what a model's scores are compared with, as one number."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .module import Module


class CrossEntropyLoss(Module):
    """Cross-entropy of scores (n, classes) and classes (n,). See `functional.cross_entropy`."""

    def __init__(self, reduction: str = "mean"):
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Tensor:
        return F.cross_entropy(input, target, reduction=self.reduction)


class MSELoss(Module):
    """Mean squared difference of two tensors of one shape. See `functional.mse_loss`."""

    def __init__(self, reduction: str = "mean"):
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)
