"""Saving and loading a trained model: safetensors, so a file holds numbers and no code.

A file has the model's `state_dict` under PyTorch's names, if wanted the state of the optimiser
and of an average of the weights, and words: the recipe that the model was built by, or the state
of a schedule. It is written whole or not at all.
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
from .optim import Optimizer, WeightAverage

PREFIXES = ("optimizer.", "average.")
"""What the names of other arrays than the weights of the model begin with."""

WORDS = "tinygrad_mlp"
"""The entry of the metadata that holds the words, as JSON."""


@dataclass(frozen=True, eq=False)
class Saved:
    """What a file holds: the states of model, optimiser and average, by name, and words."""

    weights: dict[str, np.ndarray]
    optimizer: dict[str, np.ndarray]
    average: dict[str, np.ndarray]
    words: dict[str, Any]


def save(
    path: str | os.PathLike[str],
    model: Any,
    optimizer: Optimizer | None = None,
    average: WeightAverage | None = None,
    **words: Any,
) -> None:
    """Write the state of `model`, and of `optimizer` and `average` if there are any, to `path`.

    words  anything else worth keeping that JSON can hold, by name: a schedule's `state_dict()`
    """
    arrays = model.state_dict()
    for name in arrays:
        if name.startswith(PREFIXES):
            raise ValueError(
                f"{name}: names that begin with {' or '.join(map(repr, PREFIXES))} are not the "
                "model's in a file; call this attribute of the model something else"
            )
    for prefix, part in zip(PREFIXES, (optimizer, average), strict=True):
        if part is not None:
            arrays |= {prefix + name: array for name, array in part.state_dict().items()}
    save_arrays(path, arrays, **words)


def save_arrays(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], **words: Any) -> None:
    """Write arrays and words, by name, to `path`: the whole file, or nothing."""
    # One entry for all words: safetensors writes several in any order, so that equal models
    # would give files that differ.
    metadata = {WORDS: json.dumps(words)} if words else None
    write_whole(path, to_bytes(arrays, metadata=metadata))


def load(
    path: str | os.PathLike[str],
    model: Any,
    optimizer: Optimizer | None = None,
    average: WeightAverage | None = None,
) -> dict[str, Any]:
    """Give `model`, `optimizer` and `average`, if any, what the file holds; return its words.

    Exact to the bit. If anything does not fit, ValueError, and nothing is changed.
    """
    saved = read(path)
    parts: Any = (model, saved.weights), (optimizer, saved.optimizer), (average, saved.average)
    done: list[tuple[Any, dict]] = []
    for part, state in parts:
        if part is None:
            continue
        before = part.state_dict()
        try:
            part.load_state_dict(state)
        except ValueError:
            for changed, its_state in done:
                changed.load_state_dict(its_state)
            raise
        done.append((part, before))
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
    optimizer, average = (
        {n.removeprefix(prefix): array for n, array in arrays.items() if n.startswith(prefix)}
        for prefix in PREFIXES
    )
    weights = {name: array for name, array in arrays.items() if not name.startswith(PREFIXES)}
    # What other programs have written there is given as it is.
    words = json.loads(metadata.pop(WORDS, "{}")) | metadata
    return Saved(weights, optimizer, average, words)
