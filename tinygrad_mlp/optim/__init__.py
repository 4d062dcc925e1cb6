"""What turns gradients into steps.

Optimisers in optimizers.py, and how large their steps are in lr_scheduler.py.
"""

from . import lr_scheduler
from .optimizers import SGD, Adam, AdamW, Optimizer

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]
