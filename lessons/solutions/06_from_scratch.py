"""Answers to the exercises of lesson 6."""

import numpy as np


class ScaleShift:
    """A layer that multiplies each column by a number of its own, and adds another.

    In y_ij = x_ij a_j + b_j the number a_j is used by all n rows. A value that is used n times gets
    n contributions to its gradient, and they are added: the sum over the rows of g * x. The same
    holds for b_j, with the local slope 1. That sum over rows is the reverse of broadcasting.

    The gradient of x is g * a, with the a that was used in forward. So it is computed before the
    step changes a.
    """

    def __init__(self, scale, shift):
        self.scale = np.array(scale)
        self.shift = np.array(shift)

    def forward(self, x):
        self.x = x
        return x * self.scale + self.shift

    def backward(self, gradient, lr):
        for_the_layer_before = gradient * self.scale
        self.scale -= lr * (gradient * self.x).sum(axis=0)
        self.shift -= lr * gradient.sum(axis=0)
        return for_the_layer_before


class Tanh:
    """The hyperbolic tangent.

    The quotient rule on sinh / cosh gives (cosh^2 - sinh^2) / cosh^2 = 1 - tanh^2, so the
    derivative is 1 - y^2. At 0 it is 1, four times the 1/4 of the sigmoid. Lesson 7 shows what
    this is worth in a deep network.
    """

    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, gradient, lr):
        return gradient * (1 - self.y**2)


def epoch_loss(losses, sizes):
    """The mean loss of an epoch, over all of its examples.

    A batch's mean times its size is the sum of its losses. Add those sums, and divide once, at the
    end, by the number of examples.
    """
    total = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
    return total / sum(sizes)
