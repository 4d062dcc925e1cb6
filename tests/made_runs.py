"""Made-up runs of recipes, for tests of what is said about them."""

from dataclasses import replace

import numpy as np

from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.training import Run
from tinygrad_mlp.train import Epoch, Scores


def scores(accuracy, loss=0.3, share=0.3, images=10_000):
    """Made-up scores; class 2 takes `share` of the predictions."""
    right, most = round(accuracy * images), round(share * images)
    confusion = np.zeros((10, 10), np.int64)
    confusion[2, 2] = min(right, most)
    confusion[4, 2] = most - confusion[2, 2]
    others = [0, 1, 3, 4, 5, 6, 7, 8, 9]
    for i, more in enumerate(np.array_split(np.arange(right - confusion[2, 2]), 9)):
        confusion[others[i], others[i]] = len(more)
    for i, more in enumerate(np.array_split(np.arange(images - confusion.sum()), 9)):
        confusion[others[i - 1], others[i]] = len(more)
    return Scores(accuracy, loss, confusion)


def made(name, accuracy, seed=0, loss=0.3, share=0.3, **changes):
    """A made-up run of a recipe."""
    history = [Epoch(1, 0.9, 0.5, 1.0), Epoch(2, 0.5, 0.8, 1.0)]
    recipe = replace(RECIPES[name], **changes)
    model = replace(recipe, hidden=(3,)).build(0)
    train = scores(accuracy)
    return Run(recipe, seed, model, history, scores(accuracy, loss, share), train, 12.34)
