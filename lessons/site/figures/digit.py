"""A digit, mirrored or with noise, and a network's answer: the network that lesson 11 trains.

Its weights are in the page as whole numbers from -127 to 127 with a scale for each layer.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np


def data(names: dict[str, Any]) -> Any:
    """The first test image of each digit, the layers of the first plain network, and noise."""
    test, model = names["test_data"], names["models"]["none"][0]
    first = [int(np.flatnonzero(test.labels == digit)[0]) for digit in range(10)]
    layers = [module for module in model.modules() if hasattr(module, "weight")]
    noise = np.random.default_rng(0).normal(size=784)
    return {
        "images": [text_of(np.rint(255 * test.images[i]).astype(np.uint8)) for i in first],
        "labels": list(range(10)),
        "layers": [layer_of(layer) for layer in layers],
        "noise": text_of(np.clip(128 + 32 * noise, 0, 255).astype(np.uint8)),
        "levels": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
    }


def layer_of(layer: Any) -> dict[str, Any]:
    weight = layer.weight.data
    scale = float(np.abs(weight).max()) / 127
    return {
        "weight": text_of(np.rint(weight / scale).astype(np.int8)),
        "scale": scale,
        "bias": [float(f"{value:.5g}") for value in layer.bias.data],
        "inputs": weight.shape[1],
    }


def text_of(array: Any) -> str:
    return b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
