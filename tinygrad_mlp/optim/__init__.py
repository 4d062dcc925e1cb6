"""What turns gradients into steps.

Optimisers in optimizers.py, how large their steps are in lr_scheduler.py, and the average of where
they lead in averaging.py.
"""

from . import lr_scheduler
from .averaging import WeightAverage
from .optimizers import SGD, Adam, AdamW, Optimizer

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "WeightAverage", "lr_scheduler"]
