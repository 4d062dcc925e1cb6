"""Exercises of lesson 5. Check them with `python -m lessons check 05`."""

import numpy as np  # noqa: F401  (your answers need it)


class Layer:
    """A linear layer: y = x W^T + b, in the layout of PyTorch and of lesson 2's `linear_rules`.

    weight  an array (outputs, inputs); a row belongs to one output
    bias    an array (outputs,)

    Both are public attributes. The capstone puts other things in their place, which know `@`, `+`
    and `.T` as arrays do: so use `self.weight` and `self.bias` when the layer is called, and only
    these operators.

    Judged on shapes, on the numbers that are drawn, on its outputs, on its outputs after other
    weights were put in, and on the gradients that reach tensors in place of weight and bias.
    """

    def __init__(self, inputs, outputs, rng):
        """Draw both uniformly from -1 / sqrt(inputs) to 1 / sqrt(inputs): weight, then bias.

        rng  a NumPy generator; use rng.uniform(low, high, shape)
        """
        raise NotImplementedError

    def __call__(self, x):
        """x (n, inputs) -> (n, outputs)."""
        raise NotImplementedError


def layer_from_means(x, labels, classes):
    """The nearest mean as a layer.

    x        an array (n, inputs)
    labels   an array (n,) of integers from 0 to classes - 1; each class occurs
    classes  how many there are
    returns  weights (inputs, classes) and biases (classes,), such that the largest of
             x @ weights + biases belongs to the class whose mean is nearest

    Scores may be shifted or stretched without changing which is largest; give those of the lesson.
    Judged on two sets of points.
    """
    raise NotImplementedError


def merged(layers):
    """Linear layers, one after another, as a single one.

    layers   a list of pairs (weights, biases), of shapes (inputs, outputs) and (outputs,): the
             outputs of a layer are the inputs of the next. One pair or more
    returns  weights and biases of one layer that gives the same

    Judged on one, two and four layers.
    """
    raise NotImplementedError
