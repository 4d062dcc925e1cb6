"""The published models and their training in plain PyTorch, as a reader would write them.

Nothing here knows `tinygrad_mlp`: it is the independent reference that the parity tests hold the
package against.
"""

import torch
from torch import nn
from torch.nn import functional as F


def make_model(hidden: int) -> nn.Sequential:
    """784 pixels, one hidden layer with ReLU, 10 scores."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def make_normalised_model(hidden) -> nn.Sequential:
    """784 pixels, hidden layers with batch normalisation and ReLU, 10 scores."""
    layers, inputs = [nn.Flatten()], 784
    for outputs in hidden:
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.Linear(inputs, 10))


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, images, labels) -> float:
    """One step on one batch; its loss before the step."""
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.no_grad()
def accuracy(model: nn.Module, images, labels) -> float:
    """The share of right answers, 0 to 1."""
    return (model(images).argmax(1) == labels).double().mean().item()


def augment(images, generator=None):
    """Mirror each with probability 0.7, then add noise of standard deviation 0.2."""
    mirrored = torch.rand(len(images), generator=generator) < 0.7
    images = torch.where(mirrored[:, None, None], images.flip(2), images)
    return images + 0.2 * torch.randn(images.shape, generator=generator)


def train(images, labels, hidden: int, epochs: int, seed: int) -> nn.Sequential:
    """The improved model's whole training: originals and fresh copies, Adam, batches of 50."""
    torch.manual_seed(seed)
    model = make_model(hidden)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    n = len(images)
    for _ in range(epochs):
        for batch in torch.randperm(2 * n).split(50):
            pictures = images[batch % n]
            is_copy = batch >= n
            pictures[is_copy] = augment(pictures[is_copy])
            train_step(model, optimizer, pictures, labels[batch % n])
    return model
