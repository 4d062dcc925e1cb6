"""Solutions of lesson 15: a new layer.

`python lessons/solutions/15_a_new_layer.py` checks them against PyTorch and trains the ConvNet.
"""

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F


def make_logaddexp():
    """Make the op y = log(e^a + e^b) of two inputs that broadcast, and return it.

    With m the larger of the two, and d the smaller minus the larger (at most 0),
    y = m + log(1 + e^d). The derivative by a is e^a / (e^a + e^b), and e^a + e^b is e^y: so it is
    e^(a - y), where a - y is never above 0.
    """

    @tg.op(
        grad=(
            lambda g, y, a, b: g * tg.exp(a - y),
            lambda g, y, a, b: g * tg.exp(b - y),
        )
    )
    def logaddexp(a, b):
        return np.maximum(a, b) + np.log1p(np.exp(-np.abs(a - b)))

    return logaddexp


class LayerNorm(nn.Module):
    """Each row scaled to mean 0 and variance 1, then multiplied and shifted by learned numbers.

    The gradient also flows through the mean and the variance, which every value of a row shares.
    When the layer is composed of ops, that happens by itself. (Ba, Kiros and Hinton, 2016.)
    """

    def __init__(self, features, eps=1e-5):
        self.eps = eps
        self.weight = nn.Parameter(np.ones(features, np.float32))
        self.bias = nn.Parameter(np.zeros(features, np.float32))

    def forward(self, x):
        away = x - x.mean(dim=-1, keepdim=True)
        variance = (away * away).mean(dim=-1, keepdim=True)
        return self.weight * away / tg.sqrt(variance + self.eps) + self.bias


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


def prove():
    """Check the op and the layer against PyTorch."""
    import torch

    from tinygrad_mlp.testing import (
        arrays,
        broadcastable_shapes,
        check_layer,
        check_op,
        samples,
    )

    calls = broadcastable_shapes().flatmap(lambda shapes: samples(*map(arrays, shapes)))
    check_op(make_logaddexp(), calls, reference=torch.logaddexp)
    check_layer(LayerNorm(6), (4, 6), reference=torch.nn.LayerNorm(6))
    print("logaddexp and LayerNorm agree with PyTorch")


def train():
    """Train the ConvNet beside a fully connected network, on the same 5,000 images."""
    from tinygrad_mlp import optim
    from tinygrad_mlp.data import ArrayDataset, DataLoader, load_mnist
    from tinygrad_mlp.train import evaluate, fit

    everything, test = load_mnist(), load_mnist(split="test")
    part = ArrayDataset(everything.images[:5_000], everything.labels[:5_000])
    dense = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 50, rng=0), nn.ReLU(), nn.Linear(50, 10, rng=0)
    )
    accuracies = []
    for name, net in (("784-50-10", dense), ("ConvNet", ConvNet(rng=0))):
        batches = DataLoader(part, 50, shuffle=True, rng=0)
        fit(net, batches, optim.Adam(net.parameters(), lr=0.01), epochs=4)
        accuracies.append(evaluate(net, test).accuracy)
        count = sum(p.data.size for p in net.parameters())
        print(f"{name:<10} {count:>6,} parameters, test accuracy {100 * accuracies[-1]:.2f} %")
    assert accuracies[1] > accuracies[0] + 0.015, "neighbours matter"


if __name__ == "__main__":
    prove()
    train()
