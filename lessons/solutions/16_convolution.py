"""Solutions of lesson 16: convolution."""

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F


def kernel_gradient(images, g):
    """The gradient of a loss for a kernel, written by hand.

    The weight at (u, v) meets the pixel at (i + u, j + v) for the result at (i, j). So its gradient
    is the sum of g times that pixel over all images and places: g is laid on the images, as the
    kernel was.
    """
    rows, columns = g.shape[1:]
    gradient = np.zeros((images.shape[1] - rows + 1, images.shape[2] - columns + 1))
    for u, v in np.ndindex(gradient.shape):
        gradient[u, v] = np.sum(g * images[:, u : u + rows, v : v + columns])
    return gradient


class ConvNet(nn.Module):
    """A small convolutional network: images (n, 28, 28) -> scores (n, 10).

    28 by 28 pixels become 24 by 24 under a kernel of 5 by 5, and 12 by 12 after pooling; with
    6 kernels that is 6 * 12 * 12 = 864 numbers an image.
    """

    def __init__(self, rng=None):
        rng = np.random.default_rng(rng)
        self.kernel = nn.Parameter(np.zeros((6, 1, 5, 5), np.float32))
        nn.init.kaiming_normal_(self.kernel, rng=rng)
        self.kernel_bias = nn.Parameter(np.zeros(6, np.float32))
        self.scores = nn.Linear(6 * 12 * 12, 10, rng=rng)

    def forward(self, images):
        count = images.shape[0]
        seen = tg.relu(F.conv2d(images.reshape(count, 1, 28, 28), self.kernel, self.kernel_bias))
        return self.scores(F.max_pool2d(seen, 2).reshape(count, 864))
