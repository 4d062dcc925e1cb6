"""Layers and models: `Module` in module.py, layers.py, losses.py, initial weights in init.py.

`clip_grad_norm_` in clipping.py is what stands between gradients and a step that is too large.
"""

from . import init
from .clipping import clip_grad_norm_
from .layers import (
    BatchNorm1d,
    Dropout,
    Flatten,
    LayerNorm,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
)
from .losses import CrossEntropyLoss, MSELoss
from .module import Buffer, Module, Parameter

__all__ = [
    "BatchNorm1d",
    "Buffer",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "LayerNorm",
    "Linear",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "clip_grad_norm_",
    "init",
]
