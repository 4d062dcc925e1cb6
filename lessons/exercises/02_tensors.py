"""Exercises of lesson 2. Check them with `python -m lessons check 02`."""

# For your answers; the stubs do not use them yet.
import numpy as np  # noqa: F401

import tinygrad_mlp as tg  # noqa: F401


def unbroadcast(g, shape):
    """The reverse of broadcasting: sum a gradient down to the shape of what was stretched.

    g        an array: the gradient of a result
    shape    a tuple: the shape of an input that was stretched to the shape of g, or just as large
    returns  an array of this shape
    raises   ValueError if an array of this shape cannot be stretched to the shape of g. The
             function in the lesson lets that pass: for g of shape (5, 4) and the shape (1, 3) it
             returns an array (1, 4), and nobody notices

    Judged on shapes with more and fewer dimensions, with lengths of 1, and on three without fit.
    """
    raise NotImplementedError


def column_means_rule(g, y, x):
    """The derivative rule of y = x.mean(axis=0), the mean of each column.

    g        the gradient of the loss with respect to y, an array (m,)
    y        the means, an array (m,)
    x        an array (n, m)
    returns  the gradient of the loss with respect to x, an array (n, m)

    Judged on arrays of several shapes.
    """
    raise NotImplementedError


def linear_rules(g, x, weight, bias):
    """The three derivative rules of y = x @ weight.T + bias, as lesson 5 will need it.

    This is the layout of PyTorch and of the package: a row of `weight` belongs to one output.

    g        the gradient of the loss with respect to y, an array (n, outputs)
    x        an array (n, inputs), one example in each row
    weight   an array (outputs, inputs)
    bias     an array (outputs,)
    returns  three arrays: the gradients of the loss with respect to x, weight and bias. Nobody
             fixes shapes after you: each must have the shape of the thing it belongs to

    Judged on layers of several sizes, one of them square.
    """
    raise NotImplementedError


def fit_logistic(x, labels, rate, steps):
    """Gradient descent for two classes ("logistic regression"), with the package's tensors.

    The probability of class 1 is  p = sigmoid(x @ w + b),  one number for each example. The loss is
    the mean over the examples of  -log p  where the label is 1, and of  -log(1 - p)  where it is 0.
    Written for all at once, that is minus the mean of
    labels * log p + (1 - labels) * log(1 - p).

    x        an array (n, k), one example in each row
    labels   an array (n,) of 0.0 and 1.0
    rate     the learning rate
    steps    how many steps to take
    returns  w, an array (k,), and b, an array of shape (), after that many steps.
             Both begin as zeros: np.zeros(k) and np.zeros(())

    A tensor has the methods .sigmoid(), .log() and .mean(), and `1 - p` works as with arrays.
    Let .backward() find the gradients. Judged on two data sets.
    """
    raise NotImplementedError
