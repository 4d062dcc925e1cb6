"""Exercises of lesson 15: a new layer. Check them with `python -m lessons check 15`."""

import numpy as np  # noqa: F401  (for your answers, like the next two lines)

import tinygrad_mlp as tg  # noqa: F401
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F  # noqa: F401


def make_logaddexp():
    """Make the op y = log(e^a + e^b) of two inputs that broadcast, and return it.

    Define it in here with @tg.op(grad=(rule of a, rule of b)), like squareplus in the lesson:

        @tg.op(grad=(..., ...))
        def logaddexp(a, b):
            ...

        return logaddexp

    The function works on arrays of floats. e^1000 overflows, but y must be right even there:
    look for a formula that only takes exponentials of numbers up to 0. The same goes for the
    rules: write them with y. `tg.exp` is e to the power of an array or a tensor. The rules must
    be differentiable themselves, so use operators and ops in them.

    Judged by values, gradients and second derivatives, for several shapes, and for numbers
    around 1,000; and it must be an op, not a function composed of ops. Try it yourself with
    check_op and reference=torch.logaddexp.
    """
    raise NotImplementedError


class LayerNorm(nn.Module):
    """Each row scaled to mean 0 and variance 1, then multiplied and shifted by learned numbers.

    features  the size n of the last dimension of the input
    eps       added to the variance, so that nothing is divided by 0

    Attributes: the parameters `weight` (n,), which starts at 1, and `bias` (n,), which starts
    at 0, both float32.

    forward(x), with x a Tensor of shape (..., n), returns the same shape:

        weight * (x - mean) / sqrt(variance + eps) + bias

    with the mean and the variance over the last dimension; the variance is the mean of the squared
    distances from the mean. Build it from operators, `tg.sqrt` and the method
    `.mean(dim=-1, keepdim=True)`. The package has such a layer, but write your own.

    Judged by the names, dtypes and initial values of the parameters, by the result, and by the
    gradients of input and parameters. Try it yourself with
    check_layer(LayerNorm(6), (4, 6), reference=torch.nn.LayerNorm(6)).
    """

    def __init__(self, features, eps=1e-5):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError
