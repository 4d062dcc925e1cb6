"""Saving and loading a trained model: safetensors, so a file holds numbers and no code.

A file has the model's `state_dict` under PyTorch's names, if wanted the optimiser's exact state,
and words such as the recipe that the model was built by. It is written whole or not at all.

The form of a file has a number, its version. This package writes VERSION, and reads older ones.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from .files import check_readable, write_whole
from .optim import Optimizer

VERSION = 2
"""The version of the files that are written.

1   the optimiser's moments as "optimizer.0.exp_avg" (which lacks the factor 1 - b1 of what PyTorch
    calls so), its options as "optimizer.lr", those that never change left out
2   the optimiser's `exact_state`, as "optimizer.state.0.decayed_sum", "optimizer.param_groups.0.lr"
"""

PREFIX = "optimizer."
"""What the names of an optimiser's arrays begin with, beside those of the weights."""

ABOUT = "tinygrad_mlp.checkpoint"
"""The entry of the metadata that holds the version and the words, as JSON."""

WORDS_IN_VERSION_1 = "tinygrad_mlp"
"""The entry of the metadata that held the words alone, as JSON."""


@dataclass(frozen=True, eq=False, repr=False)
class Saved:
    """What a file holds.

    weights    by name
    optimizer  the optimiser's state, by name; empty if there is none
    words      by name
    version    of the file; 1 if it does not say

    >>> checkpoint.save_arrays("factors.safetensors", {"factor": np.ones(2)}, made_for="a test")
    >>> saved = checkpoint.read("factors.safetensors")
    >>> saved
    Saved(1 weights, 0 arrays of an optimiser, words: made_for; version 2)
    >>> saved.weights["factor"], saved.words
    (array([1., 1.]), {'made_for': 'a test'})
    """

    weights: dict[str, np.ndarray]
    optimizer: dict[str, np.ndarray]
    words: dict[str, Any]
    version: int

    def __repr__(self) -> str:
        words = ", ".join(self.words) or "none"
        return (
            f"Saved({len(self.weights)} weights, {len(self.optimizer)} arrays of an optimiser, "
            f"words: {words}; version {self.version})"
        )


def save(
    path: str | os.PathLike[str], model: Any, optimizer: Optimizer | None = None, **words: Any
) -> None:
    """Write the weights of `model`, and the state of `optimizer` if there is one, to `path`.

    words  anything else worth keeping that JSON can hold, by name

    Raises ValueError if a name of the model would be taken for one of the optimiser.

    Raises OSError if the file cannot be written, TypeError for words that JSON cannot hold.

    >>> model = nn.Linear(4, 3, rng=0)
    >>> optimizer = optim.Adam(model.parameters())
    >>> checkpoint.save("model.safetensors", model, optimizer, epochs=5)
    >>> checkpoint.read("model.safetensors").words
    {'epochs': 5}
    """
    arrays = model.state_dict()
    for name in arrays:
        if name.startswith(PREFIX):
            raise ValueError(
                f"{name}: names that begin with {PREFIX!r} are the optimiser's in a file; "
                "call this attribute of the model something else"
            )
    if optimizer is not None:
        arrays |= {PREFIX + name: array for name, array in optimizer.exact_state().items()}
    save_arrays(path, arrays, **words)


def save_arrays(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], **words: Any) -> None:
    """Write arrays and words, by name, to `path`: the whole file, or nothing.

    words  anything else worth keeping that JSON can hold, by name

    Raises OSError if the file cannot be written, TypeError for words that JSON cannot hold.

    >>> checkpoint.save_arrays("means.safetensors", {"means": np.zeros((10, 784))}, digits=10)
    >>> checkpoint.read("means.safetensors").weights["means"].shape
    (10, 784)
    """
    # One entry for all: safetensors writes several in any order, so that equal models would give
    # files that differ.
    metadata = {ABOUT: json.dumps({"version": VERSION, "words": words})}
    # safetensors writes the memory of an array as it lies there, whatever its strides are.
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write_whole(path, to_bytes(arrays, metadata=metadata))


def load(
    path: str | os.PathLike[str], model: Any, optimizer: Optimizer | None = None
) -> dict[str, Any]:
    """Give `model`, and `optimizer` if there is one, what the file holds; return its words.

    Exact to the bit. Raises ValueError, and changes nothing, if anything does not fit.

    For a file that cannot be read, it raises what `read` raises.

    >>> model, other = nn.Linear(4, 3, rng=0), nn.Linear(4, 3, rng=1)
    >>> checkpoint.save("model.safetensors", model, epochs=5)
    >>> checkpoint.load("model.safetensors", other)
    {'epochs': 5}
    >>> bool((model.weight == other.weight).all())
    True
    """
    saved = read(path)
    restore(saved, model, optimizer)
    return saved.words


def restore(saved: Saved, model: Any, optimizer: Optimizer | None = None) -> None:
    """Give `model`, and `optimizer` if there is one, what was read from a file.

    Exact to the bit. Raises ValueError, and changes nothing, if anything does not fit.

    >>> model, other = nn.Linear(4, 3, rng=0), nn.Linear(4, 3, rng=1)
    >>> checkpoint.save("model.safetensors", model)
    >>> checkpoint.restore(checkpoint.read("model.safetensors"), other)
    >>> bool((model.weight == other.weight).all())
    True
    """
    before = model.state_dict()
    model.load_state_dict(saved.weights)
    if optimizer is not None:
        state = saved.optimizer
        try:
            if saved.version == 1:
                state = _from_version_1(state, optimizer)
            optimizer.load_exact_state(state)
        # Numbers that cannot be what they stand for: a count that is not a number, for example.
        except (ValueError, TypeError, OverflowError) as error:
            model.load_state_dict(before)
            raise ValueError(str(error)) from error


def read(path: str | os.PathLike[str]) -> Saved:
    """Everything in a file.

    Raises FileNotFoundError if there is none, OSError if something else than a file is there,
    ValueError if it is not a whole safetensors file or a newer version of this package wrote it.

    >>> checkpoint.save("model.safetensors", nn.Linear(4, 3))
    >>> sorted(checkpoint.read("model.safetensors").weights)
    ['bias', 'weight']
    """
    check_readable(path, "`train --out FILE` writes one")
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(
            f"{path}: not a whole safetensors file ({error}); save the model again"
        ) from error
    except (TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: holds numbers of a kind that NumPy does not have ({error}); convert them to "
            "float32 where the file was written"
        ) from error
    try:
        version, words = _about(metadata)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path}: what it says about itself cannot be read ({error}); save the model again"
        ) from error
    if version > VERSION:
        raise ValueError(
            f"{path}: a file of version {version}, and this package reads versions up to "
            f"{VERSION}; update the package"
        )
    return Saved(
        weights={name: array for name, array in arrays.items() if not name.startswith(PREFIX)},
        optimizer={
            name.removeprefix(PREFIX): array
            for name, array in arrays.items()
            if name.startswith(PREFIX)
        },
        words=words,
        version=version,
    )


def _about(metadata: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """The version of a file, and its words. Raises ValueError or RecursionError."""
    if ABOUT in metadata:
        about = json.loads(metadata.pop(ABOUT))
        if not isinstance(about, dict) or about.keys() != {"version", "words"}:
            raise ValueError(f"{ABOUT} is not an object of a version and words")
    else:
        about = {"version": 1, "words": json.loads(metadata.pop(WORDS_IN_VERSION_1, "{}"))}
    version, words = about["version"], about["words"]
    if type(version) is not int or version < 1:
        raise ValueError("the version is not a whole number of at least 1")
    if not isinstance(words, dict):
        raise ValueError("the words are not an object of names and values")
    # What other programs have written there is given as it is.
    return version, words | metadata


NAMES_IN_VERSION_1 = {
    "exp_avg": "decayed_sum",
    "exp_avg_sq": "decayed_square_sum",
    "max_exp_avg_sq": "largest_square_sum",
}


def _from_version_1(old: Mapping[str, np.ndarray], optimizer: Optimizer) -> dict[str, np.ndarray]:
    """The exact state of `optimizer` that the state in a file of version 1 stands for.

    Options that the file does not have stay as they are.
    """
    if not old:
        return {}
    state = {
        name: value
        for name, value in optimizer.exact_state().items()
        if name.startswith("param_groups.")
    }
    numbers = {name.partition(".")[0] for name in old if "." in name}
    state["param_groups.0.params"] = np.arange(len(numbers))
    if "betas" in old:
        state["param_groups.0.amsgrad"] = np.array("0.max_exp_avg_sq" in old)
    for name, value in old.items():
        number, _, entry = name.partition(".")
        if not entry:
            state[f"param_groups.0.{name}"] = value
        # In version 1 a parameter that was never stepped has a state too, of zeros.
        elif old.get(f"{number}.step") != 0:
            state[f"state.{number}.{NAMES_IN_VERSION_1.get(entry, entry)}"] = value
            if "betas" in old:
                state[f"state.{number}.betas"] = old["betas"]
    return state
