"""Layers and models: `Module` in module.py, layers.py, losses.py, initial weights in init.py."""

from . import init
from .layers import Flatten, Linear, ReLU, Sequential, Sigmoid
from .losses import CrossEntropyLoss, MSELoss
from .module import Module, Parameter

__all__ = [
    "CrossEntropyLoss",
    "Flatten",
    "Linear",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "init",
]
