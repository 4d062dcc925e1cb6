"""Digits of MNIST on plain paper."""

import numpy as np
from PIL import Image

from tinygrad_mlp.data import load_mnist


def first_digits():
    """The first 100 test images (100, 28, 28), each with its brightest pixel at 1."""
    images = load_mnist(split="test").images[:100]
    return images / images.max(axis=(1, 2), keepdims=True)


def enlarged(image, side, margin):
    """A digit as someone might draw it: bigger, on a wider page, light on dark."""
    big = Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST)
    return np.pad(np.clip(np.asarray(big), 0, 1), margin)
