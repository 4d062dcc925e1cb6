"""Derivatives: of outputs (`grad`), of functions (`functional`), and checks of them.

Named as in `torch.autograd`. The engine that they all stand on is `engine.py`.
"""

from . import functional as functional
from .checking import gradcheck as gradcheck
from .checking import gradgradcheck as gradgradcheck
from .gradients import grad as grad
