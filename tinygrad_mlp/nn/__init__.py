"""Layers and models: `Module` in module.py, and the rooms around it.

layers.py, activations.py, containers.py and losses.py hold the modules, functional.py what they
compute, init.py the initial weights, and utils.py the clipping of gradients, which stands between
them and a step that is too large.
"""

from typing import TYPE_CHECKING

from ..outside import missing as _missing
from . import functional as functional
from . import init as init
from . import utils as utils
from .activations import ELU as ELU
from .activations import GELU as GELU
from .activations import Identity as Identity
from .activations import LeakyReLU as LeakyReLU
from .activations import LogSoftmax as LogSoftmax
from .activations import ReLU as ReLU
from .activations import Sigmoid as Sigmoid
from .activations import SiLU as SiLU
from .activations import Softmax as Softmax
from .activations import Softplus as Softplus
from .activations import Tanh as Tanh
from .containers import ModuleDict as ModuleDict
from .containers import ModuleList as ModuleList
from .containers import ParameterList as ParameterList
from .containers import Sequential as Sequential
from .layers import AvgPool2d as AvgPool2d
from .layers import BatchNorm1d as BatchNorm1d
from .layers import BatchNorm2d as BatchNorm2d
from .layers import Conv2d as Conv2d
from .layers import Dropout as Dropout
from .layers import Embedding as Embedding
from .layers import Flatten as Flatten
from .layers import LayerNorm as LayerNorm
from .layers import Linear as Linear
from .layers import MaxPool2d as MaxPool2d
from .layers import Unflatten as Unflatten
from .losses import BCEWithLogitsLoss as BCEWithLogitsLoss
from .losses import CrossEntropyLoss as CrossEntropyLoss
from .losses import HuberLoss as HuberLoss
from .losses import L1Loss as L1Loss
from .losses import MSELoss as MSELoss
from .losses import NLLLoss as NLLLoss
from .losses import SmoothL1Loss as SmoothL1Loss
from .module import Buffer as Buffer
from .module import Module as Module
from .module import Parameter as Parameter
from .utils import clip_grad_norm_ as clip_grad_norm_

if not TYPE_CHECKING:  # to type checkers it would mean that any name is fine
    __getattr__ = _missing(__name__, globals())
