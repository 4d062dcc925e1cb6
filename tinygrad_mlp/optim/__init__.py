"""What turns gradients into steps.

Optimisers in optimizers.py, what they know as arrays in states.py, and how large their steps are in
lr_scheduler.py.
"""

from . import lr_scheduler as lr_scheduler
from .optimizers import SGD as SGD
from .optimizers import Adagrad as Adagrad
from .optimizers import Adam as Adam
from .optimizers import AdamW as AdamW
from .optimizers import Optimizer as Optimizer
from .optimizers import RMSprop as RMSprop
