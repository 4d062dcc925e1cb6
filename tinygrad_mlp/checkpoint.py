"""Saving and loading a trained model: safetensors, so a file holds numbers and no code.

A file has the model's `state_dict` under PyTorch's names, and a few words of metadata beside it,
such as the recipe that the model was built by. It is written whole or not at all.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from .files import write_whole
from .nn import Module


def save(path: str | os.PathLike[str], model: Module, **metadata: Any) -> None:
    """Write the model's weights to `path`; metadata is anything that JSON can hold."""
    words = {key: json.dumps(value) for key, value in metadata.items()}
    write_whole(path, to_bytes(model.state_dict(), metadata=words or None))


def load(path: str | os.PathLike[str], model: Module) -> None:
    """Give `model` the weights in `path`, exact to the bit; it must have the same shapes."""
    model.load_state_dict(read(path)[0])


def read(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The weights and the metadata in a file.

    Raises FileNotFoundError if there is none, ValueError if it is no whole safetensors file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file; `train --out FILE` writes one")
    try:
        with safe_open(path, framework="numpy") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            words = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(
            f"{path}: not a whole safetensors file ({error}); save the model again"
        ) from error
    return weights, {key: _from_json(value) for key, value in words.items()}


def _from_json(text: str) -> Any:
    """What `save` wrote; other programs write plain words."""
    try:
        return json.loads(text)
    except ValueError:
        return text
