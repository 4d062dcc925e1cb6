"""The loader: one pass over a dataset, batch by batch, in a new order every time.

A batch is taken out by a single `dataset[indices]`: one gather in NumPy, instead of a Python loop
over examples that are stacked afterwards. A `for` loop gives it as tensors, `arrays()` as arrays. A
thread can prepare the next batches meanwhile (see `prefetch.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from inspect import getclosurevars
from numbers import Integral
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..tensor import Tensor, from_numpy
from .dataset import Dataset
from .prefetch import prepared_ahead
from .transforms import Rng


class DataLoader:
    """Iterates over a dataset in batches; every `for` loop is one epoch.

    Named like PyTorch's. Yields what the dataset gives, as a rule tuples (inputs, targets), with
    tensors in the place of arrays; their first axis is the examples of the batch. A tensor has the
    dtype of its array, and its memory.

    dataset      anything with a length and `dataset[indices]`
    batch_size   how many examples there are in a batch; 1 or more
    shuffle      whether to draw a new order at the start of every epoch
    drop_last    whether to leave out the last batch if it is smaller than the others
    rng          a seed or a numpy Generator for the order
    num_workers  0 to prepare each batch when it is asked for; 1 to have a thread prepare the next
                 ones of the epoch meanwhile. The batches are the same, also in the epoch after one
                 that was left early, if the dataset, its transforms or its functions hold the
                 generators that they draw from. One that is drawn from elsewhere too is not
                 put back. A process that is forked inside the loop cannot go on with it

    Raises ValueError if `batch_size` is not an integer of 1 or more, if `num_workers` is not 0 or
    1, or if the dataset is empty.

    >>> x = np.arange(5, dtype=np.float32)
    >>> for inputs, targets in data.DataLoader(data.TensorDataset(x, x**2), batch_size=2):
    ...     print(inputs, targets)
    tensor([0., 1.]) tensor([0., 1.])
    tensor([2., 3.]) tensor([4., 9.])
    tensor([4.]) tensor([16.])
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        rng: Rng = None,
        num_workers: int = 0,
    ) -> None:
        is_integer = isinstance(batch_size, Integral) and not isinstance(batch_size, bool)
        if not is_integer or batch_size < 1:
            raise ValueError(f"batch_size must be an integer of 1 or more, found {batch_size!r}")
        if len(dataset) == 0:
            raise ValueError("DataLoader expects a dataset with at least one example, found none")
        if num_workers not in (0, 1):
            raise ValueError(
                f"num_workers must be 0 or 1, found {num_workers!r}: several would draw their "
                "random numbers in an order that nobody can repeat"
            )
        self.dataset = dataset
        self.num_workers = int(num_workers)
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.rng = np.random.default_rng(rng)

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full if self.drop_last or rest == 0 else full + 1

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield the batches of one epoch, as tensors."""
        return (_as_tensors(batch) for batch in self.arrays())

    def arrays(self) -> Iterator[tuple[np.ndarray, ...]]:
        """Yield the batches of one epoch as the dataset gives them: tuples of NumPy arrays."""
        if self.num_workers:
            return prepared_ahead(self._batches(), _generators(self.dataset))
        return self._batches()

    def _batches(self) -> Iterator[tuple[np.ndarray, ...]]:
        n = len(self.dataset)
        order = self.rng.permutation(n) if self.shuffle else np.arange(n)
        for batch in range(len(self)):
            start = batch * self.batch_size
            yield self.dataset[order[start : start + self.batch_size]]

    def __repr__(self) -> str:
        return (
            f"DataLoader({self.dataset!r}, batch_size={self.batch_size}, "
            f"shuffle={self.shuffle}, drop_last={self.drop_last})"
        )


def _as_tensors(given: Any) -> Any:
    """The same with tensors in the place of arrays of numbers, also within tuples, lists, dicts."""
    if isinstance(given, np.ndarray) and given.dtype.kind in "fiub":
        return from_numpy(given)
    if isinstance(given, dict):
        return {key: _as_tensors(value) for key, value in given.items()}
    if isinstance(given, (tuple, list)):
        parts = [_as_tensors(part) for part in given]
        return given._make(parts) if hasattr(given, "_make") else type(given)(parts)
    return given


def _generators(dataset: Any) -> list[np.random.Generator]:
    """What a dataset draws from: every generator that is found in it, however deep.

    Looked into are attributes, short lists and dictionaries, and what functions refer to.
    """
    found: dict[int, np.random.Generator] = {}
    seen: dict[int, Any] = {}
    todo = [dataset]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | np.ndarray | str | bytes):
            continue
        seen[id(thing)] = thing
        if isinstance(thing, np.random.Generator):
            found[id(thing)] = thing
        elif isinstance(thing, FunctionType):
            inside = getclosurevars(thing)
            todo += [*inside.nonlocals.values(), *inside.globals.values()]
            todo += [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
        elif isinstance(thing, Mapping | list | tuple | set):
            if len(thing) <= 100:
                todo += thing.values() if isinstance(thing, Mapping) else thing
        elif isinstance(thing, partial):
            todo += [thing.func, thing.args, thing.keywords]
        else:
            todo += [getattr(thing, "__self__", None), getattr(thing, "__func__", None)]
            todo += getattr(thing, "__dict__", {}).values()
            slots = [name for c in type(thing).__mro__ for name in getattr(c, "__slots__", ())]
            todo += [getattr(thing, name, None) for name in slots]
    return list(found.values())
