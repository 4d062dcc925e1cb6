"""Layers and models: `Module` in module.py, layers.py, losses.py, initial weights in init.py.

`clip_grad_norm_` in clipping.py is what stands between gradients and a step that is too large.
"""

from typing import TYPE_CHECKING

from ..outside import missing as _missing
from . import functional as functional
from . import init as init
from .clipping import clip_grad_norm_ as clip_grad_norm_
from .layers import BatchNorm1d as BatchNorm1d
from .layers import Dropout as Dropout
from .layers import Flatten as Flatten
from .layers import LayerNorm as LayerNorm
from .layers import Linear as Linear
from .layers import ReLU as ReLU
from .layers import Sequential as Sequential
from .layers import Sigmoid as Sigmoid
from .losses import CrossEntropyLoss as CrossEntropyLoss
from .losses import MSELoss as MSELoss
from .module import Buffer as Buffer
from .module import Module as Module
from .module import Parameter as Parameter

if not TYPE_CHECKING:  # to type checkers it would mean that any name is fine
    __getattr__ = _missing(__name__, globals())
