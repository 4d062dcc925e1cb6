"""What a command may write over: what commands of its kind have written, and nothing else.

Every command that writes asks here first, before it reads or trains anything. What is refused is
refused with its reason: the file is one that the command reads, or it holds something else, or it
holds a training, which may have taken hours.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from .. import checkpoint
from .progress import counted
from .recipes import from_dict
from .training import Training

START = 1 << 16
"""How many bytes of a file are looked at to see of what kind it is."""


@dataclass(frozen=True)
class Kind:
    """A kind of file that commands write.

    name         what it is, in words
    recognise    whether a file that begins like this is one of ours
    ending       what its name ends in; empty if that is the user's choice
    """

    name: str
    recognise: Callable[[bytes], bool]
    ending: str = ""


CHART = Kind(
    "a picture that this program has drawn",
    lambda start: start.startswith(b"\x89PNG\r\n\x1a\n") and b"Software\0Matplotlib" in start,
    ".png",
)
RESULTS = Kind("results of `compare` or `study`", lambda start: start.startswith(b'{\n "made": {'))
REPORT = Kind(
    "a report of `compare`",
    lambda start: (
        start.startswith(b"<!DOCTYPE html>") and b'<a href="#results">Results</a>' in start
    ),
)
MODEL = Kind(
    "a model of `train` or `export`",
    # 8 bytes with the size of the header, and the header, which is JSON.
    lambda start: start[8:9] == b"{" and b'"tinygrad_mlp' in start,
)


def check_output(path: Path, kind: Kind, reads: Iterable[Path | None]) -> None:
    """Raise ValueError if a command must not write a file of this kind to `path`.

    reads  the files that the command reads, which would be lost
    """
    if kind.ending and path.suffix.lower() != kind.ending:
        raise ValueError(
            f"{path}: pictures are written as PNG, so give a name that ends in {kind.ending}"
        )
    if not path.is_file():
        return  # whether something can be written there is for `files.py` to say
    for read in reads:
        if read is not None and read.is_file() and os.path.samefile(read, path):
            raise ValueError(
                f"{path} is what this command reads, and writing there would lose it; choose "
                "another place with --out"
            )
    with open(path, "rb") as file:
        start = file.read(START)
    if start and not kind.recognise(start):
        raise ValueError(
            f"{path} exists and is not {kind.name}, so it is not written over; choose another "
            "place with --out, or move it away"
        )


def check_model(path: Path, training: Training, exported: bool, force: bool) -> None:
    """Raise ValueError if a model must not be written to `path`, where another would be lost.

    training  what is written, or exported
    exported  whether weights alone are written; they may replace older ones of this training
    force     whether the user wants to lose what is there
    """
    if force or not path.is_file() or not path.stat().st_size:
        return
    ways = "to replace it, use --force; to keep it, choose another place with --out"
    try:
        words = checkpoint.read(path).words
        recipe = from_dict(words.get("recipe"))
    except ValueError as error:
        raise ValueError(f"{error}; {ways}") from error
    what = "weights"
    if "history" in words:
        what = f"a training of {counted(len(words['history']), 'epoch')}"
        if not exported:
            ways += "; to go on with it, use --resume"
    elif exported and (words.get("seed"), replace(recipe, epochs=0)) == (
        training.seed,
        replace(training.recipe, epochs=0),
    ):
        return
    raise ValueError(
        f"{path} holds {what} already ({recipe.name}, seed {words.get('seed')}); {ways}"
    )
