"""Datasets: images with their labels, taken out a whole batch at a time.

`ArrayDataset` is two arrays that belong together. `AugmentedDataset` wraps a dataset and makes it
twice as long: the originals, then a copy of each, changed at random and drawn anew at every
access; or it gives only the copies. Both answer `dataset[indices]` with new arrays, so changing a
batch never changes the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .transforms import Images, Rng, Transform

Labels = np.ndarray
Index = int | slice | np.ndarray


class Dataset(Protocol):
    """What a `DataLoader` needs: a length, and `dataset[indices]` giving (images, labels)."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Index, /) -> tuple[Images, Labels]: ...


@dataclass(frozen=True, eq=False)
class ArrayDataset:
    """Images and labels held in memory. The arrays are kept as given, not copied.

    images  floats of shape (n, ...); for MNIST float32 of shape (n, 28, 28), in [0, 1]
    labels  integers of shape (n,), kept as int64

    Raises ValueError if the images are not floats, if the labels are not integers on one axis, or
    if their lengths differ.
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
        images = self.images[index]
        labels = self.labels[index]
        # NumPy answers an array of indices with a copy, but a slice with a view.
        if np.may_share_memory(images, self.images):
            return images.copy(), labels.copy()
        return images, labels

    def __repr__(self) -> str:
        shape = " x ".join(str(size) for size in self.images.shape)
        return f"ArrayDataset({shape} images of {self.images.dtype}, {len(self)} labels)"


class AugmentedDataset:
    """The n originals of a dataset and a randomly changed copy of each; or only the copies.

    Index i < n is original i. Index n + i is a copy of image i, passed through `transform`; it is
    drawn anew at every access, so that every epoch sees different copies. Without the originals,
    index i is a copy of image i.

    dataset    holds the n originals; it is never modified
    transform  called as `transform(images, rng)` with the images of all the copies in a batch;
               returns an array of the same shape
    rng        a seed or a numpy Generator for the copies
    originals  whether the originals are included

    Raises ValueError if `transform` cannot be called, or, at access, if it changes the shape.
    """

    def __init__(
        self, dataset: Dataset, transform: Transform, rng: Rng = None, originals: bool = True
    ) -> None:
        if not callable(transform):
            raise ValueError(
                f"AugmentedDataset expects a transform that can be called, found {transform!r}"
            )
        self.dataset = dataset
        self.transform = transform
        self.rng = np.random.default_rng(rng)
        self.originals = originals
        self._positions = np.arange(2 * len(dataset) if originals else len(dataset))

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, index: Index) -> tuple[Images, Labels]:
        """Return new arrays (images, labels) for a slice or an integer array."""
        # Looking the index up leaves slices, negative numbers and their errors to NumPy.
        positions = self._positions[index]
        n = len(self.dataset)
        first_copy = n if self.originals else 0
        is_copy = positions >= first_copy
        images, labels = self.dataset[positions % n if n else positions]
        if is_copy.any():
            images[is_copy] = self._changed(images[is_copy])
        return images, labels

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
        return f"AugmentedDataset({self.dataset!r}, {self.transform!r}{without})"
