"""What is fuzzed: each reader as a function of bytes, which raises what is not to be raised.

A file from anywhere may be refused, with one of the errors that are documented, ValueError and
OSError. Everything else is a finding, warnings included.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image
from safetensors.numpy import save

from tinygrad_mlp import checkpoint, nn
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment import picture_files, recognise, training
from tinygrad_mlp.experiment.recipes import AFFINE, ELASTIC, BasicRecipe, Recipe
from tinygrad_mlp.train import Epoch

CORPUS = Path(__file__).parent / "corpus"
"""A folder for each reader, with what once was a finding, and a few whole and damaged files."""

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (2, 28, 28), np.uint8)
LABELS = np.array([3, 7], np.uint8)
MODEL = nn.Sequential(nn.Flatten(), nn.Linear(784, 10, rng=0))


def idx_bytes(array: np.ndarray) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def npy_bytes(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def read_idx(data: bytes, name: str = "train-images-idx3-ubyte") -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "train-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS))
        (Path(folder) / name).write_bytes(data)
        load_mnist(folder)


def read_gzip(data: bytes) -> None:
    read_idx(data, "train-images-idx3-ubyte.gz")


def read_npz(data: bytes) -> None:
    """An archive as it is; or, after a first byte "m", an array in one whose checksum is right."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mnist.npz"
        if data[:1] == b"m":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("x_train.npy", data[1:])
                archive.writestr("y_train.npy", npy_bytes(LABELS))
        else:
            path.write_bytes(data)
        load_mnist(path)


def read_checkpoint(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        path.write_bytes(data)
        for read in (checkpoint.read, training.load, training.load_model):
            with suppress(ValueError, OSError):
                read(path)


def read_description(data: bytes) -> None:
    """What a file says about itself, as the bytes of its JSON, beside the arrays of a training."""
    with suppress(UnicodeDecodeError):
        read_checkpoint(save(ARRAYS, metadata={checkpoint.ABOUT: data.decode()}))


def read_picture(data: bytes) -> None:
    """With a lower limit of pixels, as 50 bytes may be a picture of 40 million of one colour."""
    with (
        mock.patch.object(picture_files, "MOST_PIXELS", 100_000),
        tempfile.TemporaryDirectory() as folder,
    ):
        path = Path(folder) / "digit.png"
        path.write_bytes(data)
        picture_files.read_picture(path)


def read_drawing(data: bytes) -> None:
    """Greys, as bytes in rows; before them how long a row is, and how much they are enlarged."""
    if len(data) < 3:
        return
    width, times = 1 + data[0] % 64, 1 + data[1] % 6
    rows = np.frombuffer(data[2:], np.uint8)
    rows = rows[: max(1, len(rows) // width) * width].reshape(-1, min(width, len(rows)))
    page = rows.repeat(times, axis=0).repeat(times, axis=1)
    for read in (recognise.predict, recognise.predict_row):
        with suppress(ValueError):
            read(page, MODEL)


READERS: dict[str, Callable[[bytes], None]] = {
    "idx": read_idx,
    "gzip": read_gzip,
    "npz": read_npz,
    "checkpoint": read_checkpoint,
    "description": read_description,
    "picture": read_picture,
    "drawing": read_drawing,
}


def try_reader(name: str, data: bytes) -> None:
    """Read these bytes; what is raised is a finding."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with suppress(ValueError, OSError):
            READERS[name](data)


# --------------------------------------------------------------------------- what to begin with


def a_training(recipe: Recipe | BasicRecipe) -> bytes:
    begun = training.begin(recipe, 3)
    begun.history.append(Epoch(1, 0.5, 0.25, 1.0))
    with tempfile.TemporaryDirectory() as folder:
        training.save(Path(folder) / "model", begun)
        return (Path(folder) / "model").read_bytes()


def about(data: bytes) -> bytes:
    """What a file says about itself."""
    size = int.from_bytes(data[:8], "little")
    described: str = json.loads(data[8 : 8 + size])["__metadata__"][checkpoint.ABOUT]
    return described.encode()


def arrays(data: bytes) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "model").write_bytes(data)
        saved = checkpoint.read(Path(folder) / "model")
    optimizer = {checkpoint.PREFIX + name: value for name, value in saved.optimizer.items()}
    return saved.weights | optimizer


def a_page() -> np.ndarray:
    page = np.full((20, 20), 255, np.uint8)
    page[4:16, 9:11] = 0
    return page


def drawings() -> list[bytes]:
    """A page with one stroke, with two, ruled, in shadow, and noise."""
    one = a_page()
    two, ruled, shadow = one.copy(), one.copy(), one // np.arange(1, 3).repeat(10)
    two[4:16, 15:17] = 0
    ruled[::6] = 128
    noise = RNG.integers(0, 256, (20, 20), np.uint8)
    pages = (one, two, ruled, shadow.astype(np.uint8), noise)
    return [bytes([19, times]) + page.tobytes() for page in pages for times in (0, 4)]


def pictures() -> list[bytes]:
    page = a_page()
    found = []
    for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "DDS", "ICO", "EPS"):
        file = io.BytesIO()
        with suppress(OSError, KeyError):  # not every Pillow has all of them
            Image.fromarray(page).save(file, form)
            found.append(file.getvalue())
    return found


MINE = a_training(Recipe("mine", "mine", hidden=(1,), augment=(AFFINE, ELASTIC), batch_norm=True))
BASIC = a_training(BasicRecipe("basic", "basic", hidden=(1,)))
ARRAYS = arrays(MINE)
KERAS = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS}


def seeds(name: str) -> list[bytes]:
    """Whole files, from which mutations begin."""
    archive, packed = io.BytesIO(), io.BytesIO()
    np.savez(archive, **KERAS)
    np.savez_compressed(packed, **KERAS)
    idx = idx_bytes(IMAGES)
    return {
        "idx": [idx, gzip.compress(idx), b""],
        "gzip": [gzip.compress(idx), gzip.compress(idx[:1000]) + gzip.compress(idx[1000:]), idx],
        "npz": [archive.getvalue(), packed.getvalue(), b"m" + npy_bytes(IMAGES)],
        "checkpoint": [MINE, BASIC],
        "description": [about(MINE), about(BASIC)],
        "picture": pictures(),
        "drawing": drawings(),
    }[name]
