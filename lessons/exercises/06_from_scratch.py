"""Exercises of lesson 6. Check them with `python -m lessons check 06`."""


class ScaleShift:
    """A layer that multiplies each column by a number of its own, and adds another: y = x * a + b.

    scale, shift   arrays (d,), the numbers a and b that it starts with. Keep them as the
                   attributes `scale` and `shift`; they are what the layer learns
    forward(x)     x (n, d) -> y (n, d). Keep what backward needs
    backward(gradient, lr)
                   gradient (n, d), of the loss with respect to y. Subtract lr times the gradient
                   from scale and from shift, and return the gradient (n, d) with respect to x

    Judged on two batches of different shapes: the output, what backward returns, and scale and
    shift after the step; then once more on a second step.
    """

    def __init__(self, scale, shift):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError

    def backward(self, gradient, lr):
        raise NotImplementedError


class Tanh:
    """The hyperbolic tangent, elementwise: y = (e^x - e^-x) / (e^x + e^-x), which is np.tanh(x).

    forward(x)     x (n, d) -> y (n, d). Keep what backward needs
    backward(gradient, lr)
                   gradient (n, d), of the loss with respect to y; returns the one with respect
                   to x, of the same shape. There is nothing to learn, so lr is not used

    The derivative can be written in terms of y alone, like that of the sigmoid. Find it.

    Judged on two arrays.
    """

    def forward(self, x):
        raise NotImplementedError

    def backward(self, gradient, lr):
        raise NotImplementedError


def epoch_loss(losses, sizes):
    """The mean loss of an epoch, over all of its examples.

    losses   for each batch its mean loss over its own examples, a list of numbers
    sizes    for each batch how many examples it has, a list of integers of the same length. The
             last batch is often smaller than the others
    returns  a number: the mean over all examples of the epoch

    Judged on three epochs.
    """
    raise NotImplementedError
