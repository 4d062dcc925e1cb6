"""Saving and loading a trained model: safetensors, so a file holds numbers and no code.

A file has the model's `state_dict` under PyTorch's names, if wanted the optimiser's state, and
words such as the recipe that the model was built by. It is written whole or not at all.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from .files import write_whole
from .optim import Optimizer

PREFIX = "optimizer."
"""What the names of an optimiser's arrays begin with, beside those of the weights."""

WORDS = "tinygrad_mlp"
"""The entry of the metadata that holds the words, as JSON."""


@dataclass(frozen=True, eq=False)
class Saved:
    """What a file holds: weights by name, the optimiser's state by name, and words."""

    weights: dict[str, np.ndarray]
    optimizer: dict[str, np.ndarray]
    words: dict[str, Any]


def save(
    path: str | os.PathLike[str], model: Any, optimizer: Optimizer | None = None, **words: Any
) -> None:
    """Write the weights of `model`, and the state of `optimizer` if there is one, to `path`.

    words  anything else worth keeping that JSON can hold, by name
    """
    arrays = model.state_dict()
    for name in arrays:
        if name.startswith(PREFIX):
            raise ValueError(
                f"{name}: names that begin with {PREFIX!r} are the optimiser's in a file; "
                "call this attribute of the model something else"
            )
    if optimizer is not None:
        arrays |= {PREFIX + name: array for name, array in optimizer.state_dict().items()}
    save_arrays(path, arrays, **words)


def save_arrays(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], **words: Any) -> None:
    """Write arrays and words, by name, to `path`: the whole file, or nothing."""
    # One entry for all words: safetensors writes several in any order, so that equal models
    # would give files that differ.
    metadata = {WORDS: json.dumps(words)} if words else None
    write_whole(path, to_bytes(arrays, metadata=metadata))


def load(
    path: str | os.PathLike[str], model: Any, optimizer: Optimizer | None = None
) -> dict[str, Any]:
    """Give `model`, and `optimizer` if there is one, what the file holds; return its words.

    Exact to the bit. If anything does not fit, ValueError, and nothing is changed.
    """
    saved = read(path)
    before = model.state_dict()
    model.load_state_dict(saved.weights)
    if optimizer is not None:
        try:
            optimizer.load_state_dict(saved.optimizer)
        except ValueError:
            model.load_state_dict(before)
            raise
    return saved.words


def read(path: str | os.PathLike[str]) -> Saved:
    """Everything in a file.

    Raises FileNotFoundError if there is none, ValueError if it is no whole safetensors file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file; `train --out FILE` writes one")
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(
            f"{path}: not a whole safetensors file ({error}); save the model again"
        ) from error
    return Saved(
        {name: array for name, array in arrays.items() if not name.startswith(PREFIX)},
        {n.removeprefix(PREFIX): array for n, array in arrays.items() if n.startswith(PREFIX)},
        # What other programs have written there is given as it is.
        json.loads(metadata.pop(WORDS, "{}")) | metadata,
    )
