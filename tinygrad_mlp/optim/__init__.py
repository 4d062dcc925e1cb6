"""What turns gradients into steps.

Optimisers in optimizers.py, their updates as compiled loops in fused.py, what they know as arrays
in states.py, and how large their steps are in lr_scheduler.py.
"""

from typing import TYPE_CHECKING

from ..outside import missing as _missing
from . import lr_scheduler as lr_scheduler
from .optimizers import SGD as SGD
from .optimizers import Adagrad as Adagrad
from .optimizers import Adam as Adam
from .optimizers import AdamW as AdamW
from .optimizers import Optimizer as Optimizer
from .optimizers import RMSprop as RMSprop

if not TYPE_CHECKING:  # to type checkers it would mean that any name is fine
    __getattr__ = _missing(__name__, globals())
