"""An educational autograd mini-framework: a tiny reverse-mode Tensor in NumPy, and MLPs on it.

    import tinygrad_mlp as tg
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    x.grad                       # tensor([2., 4.])

To read it, start at `ops.py` (the derivative table), `engine.py` under it and `tensor.py` on it;
then `nn/`, `optim.py`, `data/`, `train.py`; then `recipes.py` and `compare.py`, the experiments.
"""

from . import data, functional, nn, ops, optim
from .engine import enable_grad, is_grad_enabled, no_grad, op, set_grad_enabled
from .tensor import Tensor, from_numpy, grad, tensor

__version__ = "0.1.0"

__all__ = [
    "Tensor",
    "data",
    "enable_grad",
    "from_numpy",
    "functional",
    "grad",
    "is_grad_enabled",
    "nn",
    "no_grad",
    "op",
    "ops",
    "optim",
    "set_grad_enabled",
    "tensor",
]
