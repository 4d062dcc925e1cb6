"""The same training in both frameworks: the same weights, batches and augmentation draws.

In float64 two correct runs stay together for thousands of steps. In float32 rounding grows by
itself, in PyTorch as here, until after some hundred steps only distributions can be compared; so
float32 is held step for step over the first 200, then by accuracy, then (slow) over seeds.
"""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests import reference
from tinygrad_mlp import optim
from tinygrad_mlp.data import ArrayDataset, load_mnist
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.training import make_batches, run
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.train import evaluate


@pytest.fixture(scope="module")
def digits():
    return load_mnist(), load_mnist(split="test")


class Both:
    """One recipe in both frameworks, from the same weights, fed with the same batches."""

    def __init__(self, recipe, dtype):
        self.recipe, self.dtype = recipe, dtype
        self.ours = recipe.build(rng=0)
        for p in self.ours.parameters():
            p.data = p.data.astype(dtype)
        self.theirs = reference.make_model(*recipe.hidden).to(getattr(torch, dtype.__name__))
        weights = {n: torch.from_numpy(a) for n, a in self.ours.state_dict().items()}
        self.theirs.load_state_dict(weights)
        self.our_adam = optim.Adam(self.ours.parameters(), recipe.lr)
        self.their_adam = torch.optim.Adam(self.theirs.parameters(), recipe.lr)

    def train(self, data, steps, seed=0):
        """Both losses of every step, as an array (steps, 2)."""
        # drawn once by the loader, noise and flips included, and fed to both
        batches = itertools.cycle(make_batches(self.recipe, data, 10 + seed, 20 + seed).arrays())
        losses = []
        for images, labels in itertools.islice(batches, steps):
            images = images.astype(self.dtype)
            loss = F.cross_entropy(self.ours(images), labels)
            self.our_adam.zero_grad()
            loss.backward()
            self.our_adam.step()
            their_images, their_labels = torch.from_numpy(images), torch.from_numpy(labels)
            their_loss = reference.train_step(
                self.theirs, self.their_adam, their_images, their_labels
            )
            losses.append((loss.item(), their_loss))
        return np.array(losses)

    def parameter_difference(self):
        pairs = zip(self.ours.parameters(), self.theirs.parameters(), strict=True)
        return max(float(np.abs(p.data - q.numpy(force=True)).max()) for p, q in pairs)


def relative(losses):
    ours, theirs = losses.T
    return float(np.max(np.abs(ours - theirs) / np.abs(theirs)))


@pytest.mark.parametrize("name", ["small", "improved"])
def test_parity_in_float64_over_2000_steps(name, digits, largest_difference):
    both = Both(RECIPES[name], np.float64)
    in_losses = relative(both.train(digits[0], 2000))
    in_parameters = both.parameter_difference()
    largest_difference(f"parity: {name}, float64, 2,000 steps, losses, relative", in_losses)
    largest_difference(f"parity: {name}, float64, 2,000 steps, parameters", in_parameters)
    assert in_losses < 1e-8
    assert in_parameters < 1e-7


def test_parity_of_everything_that_the_best_recipe_adds(digits, largest_difference):
    """Batch normalisation, smoothed labels, AdamW and the one-cycle schedule, in float64."""
    recipe = replace(RECIPES["best"], hidden=(24, 20, 16), epochs=2)
    data = ArrayDataset(*digits[0][:40_000])
    batches = make_batches(recipe, data, 1, 2)
    ours = recipe.build(rng=0)
    for p in [*ours.parameters(), *ours.buffers()]:
        p.data = p.data.astype(np.float64) if p.data.dtype == np.float32 else p.data
    our_adam = recipe.make_optimizer(ours)
    our_schedule = recipe.make_schedule(our_adam, len(batches))
    theirs = reference.make_normalised_model(recipe.hidden).double()
    theirs.load_state_dict({n: torch.from_numpy(a) for n, a in ours.state_dict().items()})
    their_adam = torch.optim.AdamW(theirs.parameters(), recipe.lr, weight_decay=recipe.weight_decay)
    their_schedule = torch.optim.lr_scheduler.OneCycleLR(
        their_adam, recipe.lr, 2 * len(batches), cycle_momentum=False
    )
    losses = []
    for images, labels in itertools.chain(batches.arrays(), batches.arrays()):
        images = images.astype(np.float64)
        loss = recipe.training_loss(ours(images), labels)
        our_adam.zero_grad()
        loss.backward()
        our_adam.step()
        our_schedule.step()
        their_loss = torch.nn.functional.cross_entropy(
            theirs(torch.from_numpy(images)), torch.from_numpy(labels), label_smoothing=0.1
        )
        their_adam.zero_grad()
        their_loss.backward()
        their_adam.step()
        their_schedule.step()
        losses.append((loss.item(), their_loss.item()))
    assert len(losses) == 314
    found = relative(np.array(losses))
    largest_difference("parity: best, float64, 314 steps, losses, relative", found)
    assert found < 1e-9
    images = digits[1].images[:1000].astype(np.float64)
    mine = ours.eval()(images).detach().numpy()
    other = theirs.eval()(torch.from_numpy(images)).detach().numpy()
    np.testing.assert_allclose(mine, other, rtol=1e-7, atol=1e-7)


FLOAT32_BOUND = 64 * np.finfo(np.float32).eps
"""What two correct float32 runs may differ by in the loss over 200 steps, relative to the loss
or to 1, whichever is larger. One step rounds the logits (sums of 784 and 100 products) to a few
units in the last place, and each of 200 steps adds its own; their roundings are independent, so
they grow as a random walk, by about sqrt(200) = 14 times a few units."""


@pytest.mark.parametrize("name", ["small", "improved"])
def test_parity_in_float32_over_200_steps(name, digits, largest_difference):
    losses = Both(RECIPES[name], np.float32).train(digits[0], 200)
    ours, theirs = losses.T
    found = float(np.max(np.abs(ours - theirs) / np.maximum(theirs, 1)))
    largest_difference(f"parity: {name}, float32, 200 steps, losses", found)
    assert found < FLOAT32_BOUND


def test_parity_in_float32_of_accuracy_after_whole_augmented_epochs(digits, largest_difference):
    # After some hundred steps rounding drives any two float32 runs apart: one epoch ended 0.8
    # points from PyTorch's, and PyTorch's 0.3 points from its own, started one rounding away. So
    # three epochs are taken, in other orders with other draws, and their mean accuracies compared.
    train, test = digits
    images, labels = torch.from_numpy(test.images), torch.from_numpy(test.labels)
    ours, theirs = [], []
    for seed in range(3):
        both = Both(RECIPES["improved"], np.float32)
        assert len(both.train(train, 2400, seed)) == 2400  # an epoch: all 120,000 images
        ours.append(evaluate(both.ours, test).accuracy)
        theirs.append(reference.accuracy(both.theirs, images, labels))
    difference = abs(np.mean(ours) - np.mean(theirs))
    largest_difference("parity: improved, float32, one epoch, mean accuracy of 3", difference)
    assert difference < 0.005


@pytest.mark.slow
def test_parity_of_five_whole_trainings_in_each_framework(digits, largest_difference, capsys):
    train, test = digits
    images, labels = map(torch.from_numpy, (train.images, train.labels))
    test_images, test_labels = map(torch.from_numpy, (test.images, test.labels))
    ours, theirs = [], []
    for seed in range(5):
        ours.append(run(RECIPES["improved"], train, test, seed).test.accuracy)
        model = reference.train(images, labels, hidden=100, epochs=30, seed=seed)
        theirs.append(reference.accuracy(model, test_images, test_labels))
        with capsys.disabled():
            print(f"\nseed {seed}: here {ours[-1]:.4f}, PyTorch {theirs[-1]:.4f}", end="")
    difference = abs(np.mean(ours) - np.mean(theirs))
    error = math.sqrt((np.var(ours, ddof=1) + np.var(theirs, ddof=1)) / 5)
    largest_difference("parity: improved, 30 epochs, five seeds, mean accuracy", difference)
    assert difference < 2 * error


def test_parity_reference_has_the_published_number_of_weights():
    assert sum(p.numel() for p in reference.make_model(100).parameters()) == 79_510
