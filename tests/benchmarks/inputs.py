"""The inputs of all contenders: the same digits in the same order, and the same initial weights.

The driver draws them once and writes them to one file, which every contender reads.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from tinygrad_mlp.data import load_mnist

SMALL = (784, 100, 10)
WIDE = (784, 1024, 1024, 10)
KERNELS = ((8, 1, 5, 5), (8,), (16, 8, 3, 3), (16,))
"""The weights and biases of two convolutions."""


def write(path: Path, images: int, seed: int = 0) -> None:
    """Write the first `images` digits in a random order, and weights as PyTorch draws them."""
    rng = np.random.default_rng(seed)
    digits = load_mnist()
    order = rng.permutation(images)
    arrays = {
        "images": np.rint(digits.images[order] * 255).astype(np.uint8),
        "labels": digits.labels[order],
    }
    for name, sizes in (("small", SMALL), ("wide", WIDE), ("direction", SMALL)):
        for i, array in enumerate(_draw_weights(sizes, rng)):
            arrays[f"{name}{i}"] = array
    for i, shape in enumerate(KERNELS):
        arrays[f"kernels{i}"] = rng.uniform(-0.2, 0.2, shape).astype(np.float32)
    np.savez(path, **arrays)


def _draw_weights(sizes: tuple[int, ...], rng: np.random.Generator) -> list[np.ndarray]:
    arrays = []
    for inputs, outputs in pairwise(sizes):
        for shape in ((outputs, inputs), (outputs,)):
            arrays.append(rng.uniform(-1, 1, shape).astype(np.float32) / np.float32(inputs**0.5))
    return arrays


class Inputs:
    """The file, read piece by piece, so that a job holds nothing in memory that it does not use."""

    def __init__(self, path: str | Path):
        self.path = path

    def digits(self) -> tuple[np.ndarray, np.ndarray]:
        """Images, uint8 (n, 28, 28), and labels, int64 (n,)."""
        with np.load(self.path) as file:
            return file["images"], file["labels"]

    def batches(self, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """All whole batches: pixels float32 (size, 784) from 0 to 1, and labels."""
        images, labels = self.digits()
        pixels = (images / np.float32(255)).reshape(len(images), 784)
        starts = range(0, len(images) - size + 1, size)
        return [(pixels[i : i + size], labels[i : i + size]) for i in starts]

    def weights(self, name: str) -> list[np.ndarray]:
        """Weight (outputs, inputs) and bias of each layer in turn, for "small" or "wide".

        "direction" has the shapes of "small": it is what the Hessian is multiplied by. "kernels"
        are those of two convolutions.
        """
        with np.load(self.path) as file:
            return [file[f"{name}{i}"] for i in range(6) if f"{name}{i}" in file]
