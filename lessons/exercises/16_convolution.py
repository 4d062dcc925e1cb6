"""Exercises of lesson 16: convolution. Check them with `python -m lessons check 16`."""

import numpy as np  # noqa: F401  (for your answers, like the next two lines)

import tinygrad_mlp as tg  # noqa: F401
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F  # noqa: F401


def kernel_gradient(images, g):
    """The gradient of a loss for a kernel, written by hand.

    A kernel was laid on each image, with stride 1 and without padding: at place (i, j) the result
    is the sum of kernel[u, v] * image[i + u, j + v] over all u and v.

    images   an array (n, height, width)
    g        the gradient of the loss for each number of that result, (n, rows, columns)
    returns  an array of the shape of the kernel, (height - rows + 1, width - columns + 1)

    Judged by its values, for several sizes, and for kernels that are not square.
    """
    raise NotImplementedError


class ConvNet(nn.Module):
    """A small convolutional network: images (n, 28, 28) -> scores (n, 10).

    In this order: `F.conv2d` with 6 kernels of 5 by 5 and a bias for each kernel; ReLU;
    `F.max_pool2d` over squares of 2 by 2; all dimensions but the first flattened into one
    (channels first, as they are in the array); a linear layer to 10 scores.

    rng  a seed or a numpy Generator for the initial weights

    Attributes: the parameters `kernel` (6, 1, 5, 5), filled by nn.init.kaiming_normal_, and
    `kernel_bias` (6,), which starts at 0, both float32; and `scores`, an nn.Linear.

    forward takes images without a dimension for the channels, as an array or a Tensor.

    Judged by the names, shapes and initial values of the parameters, which must be the same each
    time for the same seed; by the scores, and by the gradients.
    """

    def __init__(self, rng=None):
        raise NotImplementedError

    def forward(self, images):
        raise NotImplementedError
