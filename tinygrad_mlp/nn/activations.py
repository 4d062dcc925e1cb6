"""The activations: layers without parameters, each a function of `functional` and its options.

Without one of them between two linear layers, the two would be no more than one. Names, arguments
and defaults are those of `torch.nn`.
"""

from __future__ import annotations

from typing import Any

from . import functional as F
from .module import Module, named_options


class Identity(Module):
    """Its input, unchanged: what stands where nothing should be done. Takes any arguments.

    >>> nn.Identity()(tg.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    def __init__(self, *args: Any, **options: Any):
        pass

    def forward(self, input: Any) -> Any:
        return input


class ReLU(Module):
    """max(x, 0), elementwise.

    The derivative at 0 is taken as 0.

    >>> nn.ReLU()(tg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Any) -> Any:
        return F.relu(input)


class LeakyReLU(Module):
    """x where it is positive, negative_slope * x elsewhere.

    Elementwise. Maas, Hannun and Ng, 2013.

    >>> nn.LeakyReLU(0.5)(tg.tensor([-1.0, 2.0]))
    tensor([-0.5,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = negative_slope

    def forward(self, input: Any) -> Any:
        return F.leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        return named_options(self, "negative_slope")


class ELU(Module):
    """x where it is positive, alpha * (e^x - 1) elsewhere. Clevert and others, 2015.

    >>> nn.ELU()(tg.tensor([0.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, alpha: float = 1.0):
        self.alpha = alpha

    def forward(self, input: Any) -> Any:
        return F.elu(input, self.alpha)

    def extra_repr(self) -> str:
        return named_options(self, "alpha")


class GELU(Module):
    """x times the normal distribution function of x. Hendrycks and Gimpel, 2016.

    approximate  "none", or "tanh" for an approximation that is faster

    Elementwise. Raises ValueError for another approximation.

    >>> nn.GELU()(tg.tensor([-100.0, 0.0, 100.0]))
    tensor([ -0.,   0., 100.])
    """

    def __init__(self, approximate: str = "none"):
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        return named_options(self, "approximate")


class SiLU(Module):
    """x * sigmoid(x), also called swish. Elfwing and others, 2017.

    >>> nn.SiLU()(tg.tensor([0.0, 100.0]))
    tensor([  0., 100.])
    """

    def forward(self, input: Any) -> Any:
        return F.silu(input)


class Softplus(Module):
    """log(1 + e^(beta x)) / beta, a smooth ReLU; above `threshold` of beta x, x itself.

    Elementwise. Dugas and others, 2001.

    >>> nn.Softplus()(tg.tensor([-1000.0, 1000.0]))
    tensor([   0., 1000.])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Any) -> Any:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return named_options(self, "beta", "threshold")


class Sigmoid(Module):
    """1 / (1 + e^-x), elementwise: between 0 and 1.

    >>> nn.Sigmoid()(tg.tensor([0.0]))
    tensor([0.5])
    """

    def forward(self, input: Any) -> Any:
        return F.sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent, elementwise: between -1 and 1.

    >>> nn.Tanh()(tg.tensor([-100.0, 0.0, 100.0]))
    tensor([-1.,  0.,  1.])
    """

    def forward(self, input: Any) -> Any:
        return F.tanh(input)


class Softmax(Module):
    """e^x / sum of e^x over `dim`: scores as probabilities.

    Not before `CrossEntropyLoss`, which takes scores and does this itself.

    Raises IndexError if there is no such dimension.

    >>> nn.Softmax(dim=1)(tg.tensor([[1.0, 1.0], [0.0, 1000.0]]))
    tensor([[0.5, 0.5],
            [0. , 1. ]])
    """

    def __init__(self, dim: int):
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return F.softmax(input, dim=self.dim)

    def extra_repr(self) -> str:
        return named_options(self, "dim")


class LogSoftmax(Module):
    """The logarithm of softmax over `dim`: what `NLLLoss` takes.

    Raises IndexError if there is no such dimension.

    >>> nn.LogSoftmax(dim=1)(tg.tensor([[0.0, 1000.0]]))
    tensor([[-1000.,     0.]])
    """

    def __init__(self, dim: int):
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return F.log_softmax(input, dim=self.dim)

    def extra_repr(self) -> str:
        return named_options(self, "dim")
