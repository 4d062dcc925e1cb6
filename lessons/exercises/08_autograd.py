"""Exercises of lesson 8. Check them with `python -m lessons check 08`."""

import numpy as np  # noqa: F401  (your answers need these)

from tinygrad_mlp import nn, no_grad  # noqa: F401
from tinygrad_mlp.nn import functional as F  # noqa: F401


class Descent:
    """Plain gradient descent, to be used like `optim.SGD`.

    Judged by three steps on a loss of three parameters, passed in the way `model.parameters()`
    gives them. The loss does not depend on one of them, which must stay where it is. After a step
    the gradients are still there, unchanged: only `zero_grad` forgets them.
    """

    def __init__(self, parameters, lr):
        """Keep what the two methods need.

        parameters  tensors that require a gradient, in anything a `for` loop can go through
        lr          the learning rate, a number
        """
        raise NotImplementedError

    def step(self):
        """Subtract lr times its gradient from every parameter that has one, in place."""
        raise NotImplementedError

    def zero_grad(self):
        """Forget the gradients of all parameters: each `.grad` is None again."""
        raise NotImplementedError


class Residual(nn.Module):
    """x + second(sigmoid(first(x))): a layer that learns what to add to its input.

    first   Linear, features -> hidden
    second  Linear, hidden -> features

    If the weights of `second` are small, the layer changes little, and a gradient passes through
    the sum undiminished: this helps to train very deep networks (He and others, 2016).

    Judged on its values, on the number and dtype of its parameters, and on the gradients of the
    parameters and of the input.
    """

    def __init__(self, features, hidden, rng):
        """Make the two layers, `first` before `second`, with this `rng` and dtype=np.float64."""
        raise NotImplementedError

    def forward(self, x):
        """x (n, features), an array or a tensor -> a tensor (n, features)."""
        raise NotImplementedError


def gradient_in_parts(model, images, targets, size):
    """The gradient of F.mse_loss(model(images), targets), from parts of at most `size` images.

    A large batch may not fit in memory, since the graph keeps every result. So take images
    0 to size - 1, then size to 2 size - 1, and so on; the last part may be smaller. Call the model
    once for each part, and let `backward` add up the gradients. At the end they must be those of
    the mean over the whole batch.

    model    a module
    images   an array (n, features)
    targets  an array (n, outputs)
    size     a whole number, 1 or more; n need not be a multiple of it
    returns  a list of arrays: the gradient of each parameter, in the order of model.parameters()

    The parameters may still hold gradients from an earlier batch: forget them first.

    Judged on three batches, on how many images the model was given at a time, and on whether
    `backward` was called before the next part.
    """
    raise NotImplementedError
