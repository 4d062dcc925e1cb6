"""Datasets: examples, such as images with their labels, taken out a whole batch at a time.

`ArrayDataset` is images and their labels, checked to be just that. `TensorDataset` is any arrays
that belong together, such as the inputs and targets of a regression. `AugmentedDataset` wraps a
dataset and makes it twice as long: the originals, then a copy of each, changed at random and drawn
anew at every access; or it gives only the copies. `Subset` is a part of another dataset, and
`random_split` divides one. All answer `dataset[indices]` with new arrays, so changing a batch
never changes the data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..tensor import Tensor
from .transforms import Images, Rng, Transform

Labels = np.ndarray
Index = int | slice | np.ndarray


class Dataset(Protocol):
    """What a `DataLoader` needs: a length, and `dataset[indices]`, as a rule (inputs, targets).

    >>> class Squares:
    ...     def __len__(self):
    ...         return 3
    ...
    ...     def __getitem__(self, indices):
    ...         x = np.arange(3.0)[indices]
    ...         return x, x**2
    >>> next(iter(data.DataLoader(Squares(), batch_size=3)))
    (tensor([0., 1., 2.], dtype=float64), tensor([0., 1., 4.], dtype=float64))
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: Index, /) -> tuple[np.ndarray, ...]: ...


@dataclass(frozen=True, eq=False)
class ArrayDataset:
    """Images and labels held in memory. The arrays are kept as given, not copied.

    images  floats of shape (n, ...); for MNIST float32 of shape (n, 28, 28), in [0, 1]
    labels  integers of shape (n,), kept as int64

    Raises ValueError if the images are not floats, if the labels are not integers on one axis, or
    if their lengths differ.

    >>> images = np.zeros((100, 28, 28), np.float32)
    >>> dataset = data.ArrayDataset(images, labels=np.arange(100) % 10)
    >>> some_images, some_labels = dataset[3:6]
    >>> some_images.shape, some_labels
    ((3, 28, 28), array([3, 4, 5]))
    """

    images: Images
    labels: Labels

    def __post_init__(self) -> None:
        images = np.asarray(self.images)
        labels = np.asarray(self.labels)
        if images.ndim == 0 or not np.issubdtype(images.dtype, np.floating):
            raise ValueError(
                f"ArrayDataset expects images as floats of shape (n, ...), found {images.dtype} "
                f"of shape {images.shape}; pixels of 0 to 255 become floats by "
                "images / np.float32(255)"
            )
        if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"ArrayDataset expects labels as integers of shape (n,), found {labels.dtype} "
                f"of shape {labels.shape}"
            )
        if len(images) != len(labels):
            raise ValueError(
                f"ArrayDataset expects one label for each image, found {len(images)} images "
                f"and {len(labels)} labels"
            )
        # The only way to set an attribute of a frozen dataclass, used only here, as it is made.
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels.astype(np.int64, copy=False))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Index) -> tuple[Images, Labels]:
        """Return new arrays (images, labels) for a slice or an integer array.

        A single integer gives one image and its label, without the first axis.
        """
        return _new_rows(self.images, index), _new_rows(self.labels, index)

    def __repr__(self) -> str:
        shape = " x ".join(str(size) for size in self.images.shape)
        return f"ArrayDataset({shape} images of {self.images.dtype}, {len(self)} labels)"


class TensorDataset:
    """Arrays or tensors of the same length, whose rows belong together: inputs and targets, say.

    tensors  each of shape (n, ...) and of any dtype, kept as given, not copied; of a tensor its
             array is kept, without its gradient

    Raises TypeError if one is neither an array nor a tensor, ValueError if there are none, if one
    has no first axis, or if their lengths differ.

    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> dataset = data.TensorDataset(x, 2 * x + 1)
    >>> inputs, targets = dataset[np.array([2, 0])]
    >>> targets
    array([[5.],
           [1.]])
    """

    def __init__(self, *tensors: np.ndarray | Tensor) -> None:
        self.arrays = tuple(_as_array(i, tensor) for i, tensor in enumerate(tensors))
        if not tensors:
            raise ValueError("TensorDataset expects at least one array or tensor, found none")
        lengths = [len(array) for array in self.arrays]
        if len(set(lengths)) > 1:
            raise ValueError(f"TensorDataset expects arrays of one length, found {lengths}")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Index) -> tuple[np.ndarray, ...]:
        """Return a new array of each for a slice or an integer array.

        A single integer gives one example, without the first axis.
        """
        return tuple(_new_rows(array, index) for array in self.arrays)

    def __repr__(self) -> str:
        each = (f"{' x '.join(map(str, array.shape))} of {array.dtype}" for array in self.arrays)
        return f"TensorDataset({', '.join(each)})"


class Subset:
    """The examples of a dataset that have these indices, in this order.

    dataset  anything with a length and `dataset[indices]`
    indices  integers of shape (k,), as an array, a list or a range; negative ones count from the
             end, and one that is given twice is there twice

    Raises ValueError if the indices are not integers on one axis, IndexError if the dataset has
    none of such a number.

    >>> digits = data.load_mnist(split="test")
    >>> len(data.Subset(digits, np.flatnonzero(digits.labels == 7)))
    1028
    """

    def __init__(self, dataset: Dataset, indices: Sequence[int] | np.ndarray) -> None:
        # An empty list would be floats.
        given = np.asarray(indices) if len(indices) else np.zeros(0, np.int64)
        if given.ndim != 1 or given.dtype.kind not in "iu":
            raise ValueError(
                f"Subset expects indices as integers of shape (k,), found {given.dtype} of shape "
                f"{given.shape}; where a mask is True is np.flatnonzero(mask)"
            )
        n = len(dataset)
        outside = given[(given < -n) | (given >= n)]
        if outside.size:
            raise IndexError(f"Subset got the index {outside[0]}, and the dataset has {n} examples")
        self.dataset = dataset
        self.indices = given.astype(np.int64)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Index) -> tuple[np.ndarray, ...]:
        """Return what the dataset gives for these of its indices: one access, new arrays."""
        return self.dataset[self.indices[index]]

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {self.dataset!r})"


def random_split(dataset: Dataset, lengths: Sequence[float], rng: Rng = None) -> list[Subset]:
    """Divide a dataset at random into parts that have no example in common.

    lengths  how many examples each part has, which is all of them together; or the shares, whose
             sum is 1, and then those left over by rounding down go to the first parts, one each
    rng      a seed or a numpy Generator for the order

    Raises ValueError if the lengths or shares do not add up.

    >>> digits = data.load_mnist(split="test")
    >>> train, held_out = data.random_split(digits, [0.9, 0.1], rng=0)
    >>> len(train), len(held_out)
    (9000, 1000)
    """
    counts = _counts(len(dataset), lengths)
    order = np.random.default_rng(rng).permutation(len(dataset))
    ends = np.cumsum(counts)
    return [
        Subset(dataset, order[end - count : end]) for end, count in zip(ends, counts, strict=True)
    ]


def _counts(n: int, lengths: Sequence[float]) -> list[int]:
    """How many of n examples go into each part."""
    if any(length < 0 for length in lengths):
        raise ValueError(f"random_split expects lengths of at least 0, found {list(lengths)}")
    if sum(lengths) == n and all(length == int(length) for length in lengths):
        return [int(length) for length in lengths]
    if not math.isclose(sum(lengths), 1):
        raise ValueError(
            f"random_split expects whole lengths whose sum is {n}, all of the dataset, or shares "
            f"whose sum is 1, found {list(lengths)}, whose sum is {sum(lengths):g}"
        )
    counts = [math.floor(n * share) for share in lengths]
    for i in range(n - sum(counts)):
        counts[i] += 1
    return counts


class AugmentedDataset:
    """The n originals of a dataset and a randomly changed copy of each; or only the copies.

    Index i < n is original i. Index n + i is a copy of image i, passed through `transform`; it is
    drawn anew at every access, so that every epoch sees different copies. Without the originals,
    index i is a copy of image i.

    dataset    holds the n originals, images first; it is never modified
    transform  called as `transform(images, rng)` with the images of all the copies in a batch;
               returns an array of the same shape
    rng        a seed or a numpy Generator for the copies
    originals  whether the originals are included
    classes    copies of these classes alone are changed, if any are named; those of others stay
               as they are

    Raises ValueError if `transform` cannot be called, or, at access, if it changes the shape.

    >>> digits = data.ArrayDataset(np.zeros((100, 28, 28), np.float32), np.arange(100) % 10)
    >>> doubled = data.AugmentedDataset(digits, data.transforms.GaussianNoise(std=0.2), rng=0)
    >>> images, labels = doubled[np.array([7, 107])]
    >>> labels, images.std(axis=(1, 2)).round(1)
    (array([7, 7]), array([0. , 0.2], dtype=float32))
    """

    def __init__(
        self,
        dataset: Dataset,
        transform: Transform,
        rng: Rng = None,
        originals: bool = True,
        classes: Sequence[int] = (),
    ) -> None:
        if not callable(transform):
            raise ValueError(
                f"AugmentedDataset expects a transform that can be called, found {transform!r}"
            )
        self.dataset = dataset
        self.transform = transform
        self.rng = np.random.default_rng(rng)
        self.originals = originals
        self.classes = tuple(classes)
        self._positions = np.arange(2 * len(dataset) if originals else len(dataset))

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, index: Index) -> tuple[np.ndarray, ...]:
        """Return new arrays (images, labels) for a slice or an integer array."""
        # Looking the index up leaves slices, negative numbers and their errors to NumPy.
        positions = self._positions[index]
        n = len(self.dataset)
        first_copy = n if self.originals else 0
        is_copy = positions >= first_copy
        images, *labels = self.dataset[positions % n]
        if self.classes:
            is_copy = is_copy & np.isin(labels[0], self.classes)
        if is_copy.any():
            images[is_copy] = self._changed(images[is_copy])
        return images, *labels

    def _changed(self, images: Images) -> Images:
        changed = self.transform(images, self.rng)
        if np.shape(changed) != images.shape:
            raise ValueError(
                f"{self.transform!r} returned shape {np.shape(changed)}, expected the shape of "
                f"the images it was given, {images.shape}"
            )
        return changed

    def __repr__(self) -> str:
        without = "" if self.originals else ", originals=False"
        only = f", classes={self.classes}" if self.classes else ""
        return f"AugmentedDataset({self.dataset!r}, {self.transform!r}{without}{only})"


def _as_array(position: int, tensor: Any) -> np.ndarray:
    """The array of a tensor, or the array itself."""
    array = tensor.data if isinstance(tensor, Tensor) else tensor
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"TensorDataset expects arrays or tensors, found {type(tensor).__name__} at "
            f"{position}; np.asarray(...) makes an array of a list"
        )
    if array.ndim == 0:
        raise ValueError(f"TensorDataset expects shapes (n, ...), found () at {position}")
    return array


def _new_rows(array: np.ndarray, index: Index) -> Any:
    """A new array with these rows. NumPy answers indices with a copy, but a slice with a view."""
    rows = array[index]
    return rows.copy() if np.may_share_memory(rows, array) else rows
