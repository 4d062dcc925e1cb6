"""Reading MNIST: 28 x 28 grey digits, 60,000 to train on and 10,000 to test on.

The data come with the package, so `load_mnist()` downloads nothing. It also reads a folder of your
own: as torchvision leaves it, with plain IDX files (MNIST's format: a magic number, the sizes, then
the bytes), or with Keras's `mnist.npz`. Fashion-MNIST has the same shape and is read by the same
code.

A file from elsewhere can be wrong in many ways, and a wrong file must not lead to a network that
silently learns nothing. So everything is checked, and each failure is one sentence: which file,
what was found, what was expected, what to do.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from .dataset import ArrayDataset

if TYPE_CHECKING:
    import zipfile

_EMBEDDED = Path(__file__).parent / "mnist_files"

# SHA-256 of the unpacked bytes of the embedded files.
_EMBEDDED_SUMS = {
    "train-images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

HELD_OUT = 10_000
"""How many training images, the last ones, make up the split "validation"."""

# For each split: how the names of its IDX files begin, and those of its Keras arrays end.
_SPLITS = {"train": ("train", "train"), "test": ("t10k", "test"), "validation": ("train", "train")}

PIECE = 1 << 20
"""How many bytes are unpacked at a time."""

MOST = 1_000_000
"""How many examples a file may have; MNIST has 60,000, and its largest relatives have fewer."""

# For each kind of IDX file: the number of axes of its array, as in its name and magic number.
_AXES = {"images": 3, "labels": 1}


def load_mnist(root: str | os.PathLike[str] | None = None, split: str = "train") -> ArrayDataset:
    """Load MNIST or Fashion-MNIST.

    Gives a dataset of images, float32 of shape (n, 28, 28) and divided by 255 into [0, 1], and
    labels, int64 of shape (n,), from 0 to 9.

    root   None for the MNIST inside the package, whose checksums are verified each time. Or a
           folder: one that was given to torchvision (with `MNIST/raw` or `FashionMNIST/raw` in
           it), a folder inside that, or any folder of IDX files, gzipped or not. Or Keras's
           `mnist.npz`, or a folder that holds it. Files directly in `root` come first
    split  "train", "test", or "validation": the last 10,000 of the training images. To choose
           settings honestly, train on `ArrayDataset(*load_mnist()[:-10_000])` and score on
           "validation"; the test images are for the end

    Raises FileNotFoundError if the folder or a file is missing, and ValueError if the split is
    unknown, if `root` is ambiguous, or if a file is damaged, holds something else, or announces
    more than a million examples.

    Source: Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits",
    1998; CC BY-SA 3.0.

    >>> images, labels = data.load_mnist(split="test")[:5]
    >>> images.shape, labels
    ((5, 28, 28), array([7, 2, 1, 0, 4]))
    """
    if not isinstance(split, str) or split not in _SPLITS:
        raise ValueError(
            f"load_mnist: split {split!r} is unknown; use 'train', 'test' or 'validation'"
        )
    source = _EMBEDDED if root is None else _find_source(Path(root).expanduser())
    if os.path.isfile(source):
        dataset = _load_keras(source, _SPLITS[split][1])
    else:
        dataset = _load_idx(source, _SPLITS[split][0])
    if split != "validation":
        return dataset
    if len(dataset) <= HELD_OUT:
        raise ValueError(
            f"load_mnist: {source} has {len(dataset):,} training images, so {HELD_OUT:,} of them "
            "cannot be held out for validation"
        )
    return ArrayDataset(*dataset[-HELD_OUT:])


# Where the files are. We ask os.path rather than Path, because it says no to a name that the system
# refuses or a folder that may not be entered, where some versions of Path raise an error.


def _find_source(root: Path) -> Path:
    """Return the folder of IDX files, or the .npz file, that `root` stands for."""
    if os.path.isfile(root):
        if root.suffix != ".npz":
            raise ValueError(
                f"{root}: found a file, expected a folder or Keras's mnist.npz; "
                "name the folder that holds the file"
            )
        return root
    if not os.path.isdir(root):
        raise FileNotFoundError(
            f"{root}: no such folder; name an existing one, or call load_mnist() "
            "for the MNIST inside the package"
        )
    for folder in (root, root / "raw"):
        if _holds_idx(folder):
            return folder
    if os.path.isfile(root / "mnist.npz"):
        return root / "mnist.npz"
    return _find_named_folder(root)


def _find_named_folder(root: Path) -> Path:
    """Return the folder of IDX files below `root/MNIST` or `root/FashionMNIST`."""
    named = [root / name for name in ("MNIST", "FashionMNIST") if os.path.isdir(root / name)]
    if len(named) > 1:
        raise ValueError(
            f"{root}: found both MNIST and FashionMNIST, expected one of them; "
            f"name {named[0]} or {named[1]}"
        )
    for folder in named:
        for candidate in (folder / "raw", folder):
            if _holds_idx(candidate):
                return candidate
    raise FileNotFoundError(
        f"{root}: no MNIST here (found {_contents(root)}), expected files such as "
        "train-images-idx3-ubyte.gz, a folder MNIST/raw with them, or mnist.npz; "
        "name the folder that holds them, or call load_mnist() for the MNIST inside the package"
    )


def _holds_idx(folder: Path) -> bool:
    return any(os.path.isfile(path) for stem in _EMBEDDED_SUMS for path in _spellings(folder, stem))


def _spellings(folder: Path, stem: str) -> list[Path]:
    """Return the paths that a file such as "train-images" may have, the preferred one first."""
    ending = f"idx{_AXES[stem.split('-')[1]]}-ubyte"
    names = [f"{stem}-{ending}", f"{stem}.{ending}"]
    return [folder / (name + packed) for name in names for packed in ("", ".gz")]


def _find_file(folder: Path, stem: str) -> Path:
    paths = _spellings(folder, stem)
    for path in paths:
        if os.path.isfile(path):
            return path
    raise FileNotFoundError(
        f"{paths[0]}: no such file, gzipped or not (the folder holds {_contents(folder)}); "
        f"{_how_to_fix(paths[0])}"
    )


def _contents(folder: Path) -> str:
    """Return the first few names in a folder, for an error message."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return "contents that cannot be listed"
    return _some(names) if names else "nothing"


def _how_to_fix(path: Path) -> str:
    if path.parent == _EMBEDDED:
        return "it comes with the package: install tinygrad_mlp again"
    return "download it again, or call load_mnist() for the MNIST inside the package"


# IDX files.


def _load_idx(folder: Path, prefix: str) -> ArrayDataset:
    # Look for both before reading either: a missing file is the quickest thing to find.
    images_path = _find_file(folder, f"{prefix}-images")
    labels_path = _find_file(folder, f"{prefix}-labels")
    images = _scaled(*_read_idx(images_path, "images"))
    labels = np.concatenate(_read_idx(labels_path, "labels")[0])
    return _checked_dataset(images, labels, images_path, labels_path)


def _read_idx(path: Path, kind: str) -> tuple[list[np.ndarray], list[int]]:
    """Return the unsigned bytes of an array, in flat pieces, and its shape.

    The file is unpacked if it is gzipped, whatever its name says, and no further than its header
    has announced: a few megabytes of gzip can hold gigabytes.
    """
    try:
        with open(path, "rb") as raw:
            file = gzip.GzipFile(fileobj=raw) if _is_packed(raw, path) else raw
            header = file.read(4 + 4 * _AXES[kind])
            shape = _parse_header(path, header, kind)
            pieces = _read_pieces(path, file, shape, kind)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path}: found damaged or incomplete gzip data ({os.path.getsize(path):,} bytes), "
            f"expected a complete gzip file; {_how_to_fix(path)}"
        ) from error
    except OSError as error:
        raise ValueError(
            f"{path}: the file could not be read ({error.strerror}); check its permissions"
        ) from error
    if path.parent == _EMBEDDED:
        _check_sum(path, [header, *pieces])
    return [np.frombuffer(piece, np.uint8) for piece in pieces], shape


def _is_packed(file: BinaryIO, path: Path) -> bool:
    start = file.read(2)
    file.seek(0)
    return start == b"\x1f\x8b" or (path.suffix == ".gz" and start != b"\x00\x00")


def _read_pieces(path: Path, file: io.BufferedIOBase, shape: list[int], kind: str) -> list[bytes]:
    """Return the bytes of an array of this shape, in pieces of at most `PIECE`; at least one."""
    # With Python's integers, which do not overflow, however large the sizes in a damaged header.
    expected = math.prod(shape)
    pieces = []
    size = 0
    while size < expected:
        piece = file.read(min(PIECE, expected - size))
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    # The attempt to read on also has gzip compare its checksum.
    longer = bool(file.read(1))
    if size != expected or longer:
        fault = "too long, found more than" if longer else f"truncated, found {size:,} of"
        raise ValueError(
            f"{path}: {fault} the {expected:,} bytes that are expected after the header, for "
            f"{shape[0]:,} {kind}; {_how_to_fix(path)}"
        )
    return pieces or [b""]


def _check_sum(path: Path, pieces: list[bytes]) -> None:
    # Imported here, because it loads OpenSSL: a sixth of the time it takes to import this package.
    import hashlib

    sha256 = hashlib.sha256()
    for piece in pieces:
        sha256.update(piece)
    found = sha256.hexdigest()
    expected = _EMBEDDED_SUMS["-".join(path.name.split("-")[:2])]
    if found != expected:
        raise ValueError(
            f"{path}: wrong checksum, SHA-256 of the unpacked bytes is {found}, expected "
            f"{expected}; {_how_to_fix(path)}"
        )


def _parse_header(path: Path, header: bytes, kind: str) -> list[int]:
    """Return the shape of the array whose IDX file, of unsigned bytes, begins with this header."""
    axes = _AXES[kind]
    if len(header) < 4 + 4 * axes:
        raise ValueError(
            f"{path}: truncated, found {len(header)} bytes, expected a header of {4 + 4 * axes} "
            f"and {kind} after it; {_how_to_fix(path)}"
        )
    magic, *shape = struct.unpack(f">{1 + axes}I", header)
    expected_magic = 0x0800 + axes  # 08 for unsigned bytes, then the number of axes
    if magic != expected_magic:
        raise ValueError(
            f"{path}: wrong magic number, found {magic}, expected {expected_magic} for {kind}; "
            "check that the file is what its name says, or download it again"
        )
    if kind == "images":
        _check_size(path, tuple(shape[1:]))
    _check_count(path, shape[0])
    return shape


def _scaled(pieces: list[np.ndarray], shape: Sequence[int]) -> np.ndarray:
    """Return the bytes as float32 in [0, 1], in the given shape. This empties the list.

    It starts with the last piece, and frees each one before the next: the bytes and the floats of
    all images at once would take a quarter more memory than training ever needs.
    """
    scaled = np.empty(shape, np.float32)
    flat = scaled.reshape(-1)
    end = flat.size
    while pieces:
        piece = pieces.pop()
        start = end - piece.size
        np.divide(piece, np.float32(255), out=flat[start:end])
        end = start
    return scaled


# Keras's archive.


def _load_keras(path: Path, suffix: str) -> ArrayDataset:
    images, labels = _read_keras(path, f"x_{suffix}", f"y_{suffix}")
    return _checked_dataset(_scaled([images.reshape(-1)], images.shape), labels, path, path)


def _read_keras(path: Path, *keys: str) -> list[np.ndarray]:
    """Return the images and the labels of an .npz file, whose names these are.

    A few kilobytes can hold gigabytes, so nothing is unpacked before the headers say what it is.
    """
    with _archive(path) as archive:
        found = sorted(name.removesuffix(".npy") for name in archive.namelist())
        headers = {key: _read_header(archive, key) for key in keys if key in found}
    if len(headers) < len(keys):
        raise ValueError(
            f"{path}: found the arrays {_some(found)}, expected {' and '.join(keys)}; "
            f"{_how_to_fix(path)}"
        )
    for key, (shape, dtype) in headers.items():
        _check_array(path, key, shape, dtype)
    with _archive(path) as archive:
        return [_read_array(archive, key) for key in keys]


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an .npz file. Whatever goes wrong while it is read becomes one ValueError."""
    # Imported here, because few read such a file.
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    # A damaged archive fails in zipfile, zlib or NumPy, with some ten unrelated exceptions.
    except Exception as error:
        raise ValueError(
            f"{path}: found a damaged or unreadable file, expected Keras's .npz archive of plain "
            f"arrays; {_how_to_fix(path)}"
        ) from error


def _read_header(archive: zipfile.ZipFile, key: str) -> tuple[tuple[int, ...], np.dtype]:
    """Return the shape and the type of an array of an .npz file."""
    member = archive.getinfo(f"{key}.npy")
    if member.compress_type not in (0, 8):
        raise ValueError("neither stored nor deflated: other kinds unpack without a limit")
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    with archive.open(member) as file:
        shape, _, dtype = readers[np.lib.format.read_magic(file)](file)
    if dtype.hasobject:
        raise ValueError("pickled objects, which can run code")
    return shape, dtype


def _read_array(archive: zipfile.ZipFile, key: str) -> np.ndarray:
    with archive.open(f"{key}.npy") as file:
        array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _check_array(path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Raise ValueError if an array of this kind is not what an .npz file of digits holds."""
    if key.startswith("x"):
        if len(shape) != 3 or dtype != np.uint8:
            raise ValueError(
                f"{path}: {key} is {dtype} of shape {shape}, expected uint8 of shape "
                f"(n, 28, 28); {_how_to_fix(path)}"
            )
        _check_size(path, shape[1:])
    elif len(shape) != 1 or not np.issubdtype(dtype, np.integer):
        raise ValueError(
            f"{path}: {key} is {dtype} of shape {shape}, expected integers of shape (n,); "
            f"{_how_to_fix(path)}"
        )
    _check_count(path, shape[0])


def _some(names: list[str]) -> str:
    """Return the first few of these names, for an error message."""
    shown = ", ".join(name[:40] for name in names[:4]) or "(none)"
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"


# Checks that every source passes.


def _check_size(path: Path, size: tuple[int, ...]) -> None:
    if size != (28, 28):
        raise ValueError(
            f"{path}: found images of {' x '.join(map(str, size))} pixels, expected 28 x 28; "
            "use the files of MNIST or Fashion-MNIST"
        )


def _check_count(path: Path, count: int) -> None:
    if count > MOST:
        raise ValueError(
            f"{path}: announces {count:,} examples, expected at most {MOST:,}; {_how_to_fix(path)}"
        )


def _checked_dataset(
    images: np.ndarray, labels: np.ndarray, images_path: Path, labels_path: Path
) -> ArrayDataset:
    """Check that images and labels belong together."""
    if len(images) != len(labels):
        raise ValueError(
            f"{labels_path}: found {len(labels):,} labels for the {len(images):,} images of "
            f"{images_path.name}, expected the same number; take both files from the same source"
        )
    if len(images) == 0:
        raise ValueError(
            f"{images_path}: found no images, expected at least one; {_how_to_fix(images_path)}"
        )
    wrong = np.flatnonzero((labels < 0) | (labels > 9))
    if len(wrong):
        raise ValueError(
            f"{labels_path}: found label {labels[wrong[0]]} at position {wrong[0]:,}, expected "
            f"0 to 9; {_how_to_fix(labels_path)}"
        )
    return ArrayDataset(images, labels.astype(np.int64))
