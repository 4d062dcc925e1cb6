"""The data: reading MNIST, holding it, and cutting it into batches.

Properties come first. The readers are tried on small folders that these tests write themselves,
in every layout that is accepted and with every kind of damage that is refused; then the embedded
files are compared with what is known about MNIST.
"""

import doctest
import gc
import gzip
import hashlib
import io
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
import tinygrad_mlp.nn.functional as F
from tinygrad_mlp import data, nn, optim
from tinygrad_mlp.data import (
    ArrayDataset,
    AugmentedDataset,
    DataLoader,
    Subset,
    TensorDataset,
    dataset,
    load_mnist,
    loader,
    mnist,
    prefetch,
    random_split,
)
from tinygrad_mlp.data.transforms import Compose, GaussianNoise, RandomHorizontalFlip

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 40)
batch_sizes = st.integers(1, 50)


def numbered(n):
    """Return a dataset in which image i is filled with i and has the label i."""
    images = np.broadcast_to(np.arange(n, dtype=np.float32)[:, None, None], (n, 2, 3)).copy()
    return ArrayDataset(images, np.arange(n))


class Counting:
    """A dataset of ten that remembers which indices it was asked for."""

    def __init__(self):
        self.asked = []

    def __len__(self):
        return 10

    def __getitem__(self, index):
        self.asked.append(list(index))
        return numbered(10)[index]


def plus_half(images, rng):
    return images + np.float32(0.5)


def epoch(loader):
    """Return all images and labels of one pass."""
    batches = list(loader)
    return tuple(np.concatenate(part) for part in zip(*batches, strict=True))


# ArrayDataset.


@settings(deadline=None)
@given(st.data(), sizes)
def test_array_index_gathers_the_same_rows(draw, n):
    index = np.array(draw.draw(st.lists(st.integers(-n, n - 1), max_size=20)), np.int64)
    dataset = numbered(n)
    images, labels = dataset[index]
    assert np.array_equal(images, dataset.images[index])
    assert np.array_equal(labels, dataset.labels[index])


@settings(deadline=None)
@given(st.data(), sizes)
def test_slice_takes_the_same_rows(draw, n):
    index = draw.draw(st.slices(n))
    dataset = numbered(n)
    images, labels = dataset[index]
    assert np.array_equal(images, dataset.images[index])
    assert np.array_equal(labels, dataset.labels[index])


@pytest.mark.parametrize("index", [slice(None), slice(1, 3), np.array([0, 1]), [0, 1], 2])
@pytest.mark.parametrize("augmented", [False, True])
def test_changing_a_batch_leaves_the_dataset_alone(index, augmented):
    dataset = numbered(5)
    before = dataset.images.tobytes(), dataset.labels.tobytes()
    images, labels = (AugmentedDataset(dataset, plus_half) if augmented else dataset)[index]
    images[...] = -1
    if labels.ndim:
        labels[...] = -1
    assert (dataset.images.tobytes(), dataset.labels.tobytes()) == before


def test_single_integer_gives_one_example():
    image, label = numbered(5)[3]
    assert image.shape == (2, 3)
    assert label == 3


def test_loop_over_dataset_ends():
    assert [int(label) for _, label in numbered(4)] == [0, 1, 2, 3]


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_become_int64(dtype):
    dataset = ArrayDataset(np.zeros((2, 4)), np.zeros(2, dtype))
    assert dataset.labels.dtype == np.int64


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_images_keep_their_dtype(dtype):
    assert ArrayDataset(np.zeros((2, 4), dtype), np.zeros(2, int))[:][0].dtype == dtype


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="3 images and 2 labels"):
        ArrayDataset(np.zeros((3, 2, 2)), np.zeros(2, int))


def test_images_of_bytes_are_refused():
    with pytest.raises(ValueError, match="found uint8"):
        ArrayDataset(np.zeros((3, 2, 2), np.uint8), np.zeros(3, int))


@pytest.mark.parametrize("labels", [np.zeros(3), np.zeros((3, 1), int)])
def test_labels_must_be_integers_on_one_axis(labels):
    with pytest.raises(ValueError, match=r"integers of shape \(n,\)"):
        ArrayDataset(np.zeros((3, 2, 2)), labels)


def test_what_is_given_as_lists_becomes_arrays():
    ours = ArrayDataset([[0.5], [1.0]], [3, 4])  # type: ignore[arg-type]
    assert (ours.images.shape, ours.images.dtype) == ((2, 1), np.float64)
    assert (ours.labels.shape, ours.labels.dtype) == ((2,), np.int64)


def test_an_image_may_be_a_single_number_and_no_images_may_not():
    assert len(ArrayDataset(np.zeros(3), np.arange(3))) == 3
    with pytest.raises(ValueError, match="expects images as floats of shape"):
        ArrayDataset(np.array(1.0), np.arange(1))


def test_labels_of_64_bits_are_kept_and_not_copied():
    images, labels = np.zeros((2, 1)), np.arange(2)
    ours = ArrayDataset(images, labels)
    assert ours.images is images
    assert np.shares_memory(ours.labels, labels)


def test_loader_and_augmented_dataset_say_what_they_hold():
    inner, transform = numbered(5), RandomHorizontalFlip(0.5)
    both = AugmentedDataset(inner, transform)
    copies = AugmentedDataset(inner, transform, originals=False)
    assert repr(both) == f"AugmentedDataset({inner!r}, {transform!r})"
    assert repr(copies) == f"AugmentedDataset({inner!r}, {transform!r}, originals=False)"
    assert repr(DataLoader(inner, 2, drop_last=True)) == (
        f"DataLoader({inner!r}, batch_size=2, shuffle=False, drop_last=True)"
    )


def test_a_loader_gives_one_example_at_a_time_and_starts_no_thread_unless_asked():
    batches = DataLoader(numbered(3))
    assert [len(labels) for _, labels in batches] == [1, 1, 1]
    assert batches.num_workers == 0


def test_a_subset_may_count_from_the_end_as_far_as_there_are_examples():
    ours = numbered(3)
    assert Subset(ours, [-3])[:][1].tolist() == [0]
    with pytest.raises(IndexError):
        Subset(ours, [-4])


def test_repr_is_short():
    assert repr(numbered(5)) == "ArrayDataset(5 x 2 x 3 images of float32, 5 labels)"


# TensorDataset, Subset and random_split.


def three_arrays(n):
    """A dataset of floats, rows of integers, and booleans, all of which say which row it is."""
    rows = np.arange(n)
    return TensorDataset(rows / 2, np.stack([rows, -rows], 1), rows % 2 == 0)


@settings(deadline=None)
@given(st.data(), sizes)
def test_rows_of_a_tensor_dataset_are_those_of_pytorchs(draw, n):
    ours = three_arrays(n)
    theirs = torch.utils.data.TensorDataset(*map(torch.from_numpy, ours.arrays))
    index = np.array(draw.draw(st.lists(st.integers(-n, n - 1), max_size=20)), np.int64)
    assert len(ours) == len(theirs)
    for which in (index, slice(1, None, 2), n - 1):
        for found, expected in zip(ours[which], theirs[which], strict=True):
            assert found.dtype == expected.numpy().dtype
            assert np.array_equal(found, expected)


@settings(deadline=None)
@given(st.data(), sizes)
def test_rows_of_a_subset_are_those_of_pytorchs(draw, n):
    indices = draw.draw(st.lists(st.integers(-n, n - 1), min_size=1, max_size=20))
    index = np.array(draw.draw(st.lists(st.integers(0, len(indices) - 1), max_size=9)), np.int64)
    whole = three_arrays(n)
    theirs = torch.utils.data.Subset(
        torch.utils.data.TensorDataset(*map(torch.from_numpy, whole.arrays)), indices
    )
    for form in (indices, np.array(indices)):
        ours = Subset(whole, form)
        assert len(ours) == len(theirs)
        expected = [theirs[i] for i in index]
        for j, found in enumerate(ours[index]):
            assert np.array_equal(found, [row[j].numpy() for row in expected] or found[:0])


@settings(deadline=None)
@given(st.data(), sizes)
def test_a_split_has_the_lengths_of_pytorchs_and_each_example_once(draw, n):
    weights = draw.draw(st.lists(st.integers(0, 5), min_size=1, max_size=5).filter(any))
    shares = [weight / sum(weights) for weight in weights]
    if sum(shares) > 1:  # by rounding, which PyTorch refuses
        shares[np.argmax(shares)] -= 2**-52
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's warns of empty parts
        theirs = torch.utils.data.random_split(range(n), shares)
    whole = numbered(n)
    parts = random_split(whole, shares, rng=0)
    assert [len(part) for part in parts] == [len(part) for part in theirs]
    labels = [part[:][1] for part in parts]
    assert sorted(np.concatenate(labels)) == list(range(n))
    again = random_split(whole, [len(part) for part in parts], rng=0)
    assert all(np.array_equal(one[:][1], other) for one, other in zip(again, labels, strict=True))


def test_splits_are_drawn():
    assert len({tuple(random_split(numbered(30), [20, 10])[0].indices) for _ in range(4)}) == 4
    rng = np.random.default_rng(0)
    expected = np.random.default_rng(0).permutation(9)
    assert np.array_equal(random_split(numbered(9), [4, 5], rng)[1].indices, expected[4:])


@pytest.mark.parametrize("index", [slice(None), slice(1, 3), np.array([0, 1]), [0, 1], 2])
@pytest.mark.parametrize("make", [three_arrays, lambda n: Subset(three_arrays(n), range(n))])
def test_changing_a_batch_leaves_a_tensor_dataset_alone(make, index):
    ours = make(5)
    before = ours[:]
    for array in ours[index]:
        if array.ndim:
            array[...] = 0
    for one, other in zip(ours[:], before, strict=True):
        assert np.array_equal(one, other)


def test_a_tensor_dataset_keeps_the_arrays_of_arrays_and_tensors():
    array, tensor = np.zeros((3, 2), np.float32), tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    ours = TensorDataset(array, tensor)
    assert ours.arrays[0] is array
    assert ours.arrays[1] is tensor.data


@pytest.mark.parametrize("make", [three_arrays, lambda n: Subset(three_arrays(9), range(n))])
def test_a_loop_over_a_tensor_dataset_ends(make):
    assert [half for half, _, _ in make(3)] == [0.0, 0.5, 1.0]


def test_a_batch_of_a_subset_is_taken_out_by_one_access():
    dataset = Counting()
    list(DataLoader(Subset(Subset(dataset, range(1, 9)), [7, 0, 3, 3]), 3))
    assert dataset.asked == [[8, 1, 4], [4]]


def test_a_subset_of_nothing_is_empty():
    assert len(Subset(numbered(3), [])) == 0
    assert Subset(numbered(3), [])[:][0].shape == (0, 2, 3)


def test_copies_are_made_of_a_subset_too():
    images, labels = AugmentedDataset(Subset(numbered(9), [4, 2]), plus_half)[:]
    assert np.array_equal(labels, [4, 2, 4, 2])
    assert np.array_equal(images[:, 0, 0], [4, 2, 4.5, 2.5])


@pytest.mark.parametrize(
    "more", [(), (np.arange(3),), (np.arange(3), np.arange(6.0).reshape(3, 2))]
)
def test_copies_keep_all_that_belongs_to_their_images(more):
    copies = AugmentedDataset(TensorDataset(np.zeros((3, 2, 2)), *more), plus_half)
    images, *others = copies[np.array([1, 5, 3])]
    assert np.array_equal(images[:, 0, 0], [0, 0.5, 0.5])
    for found, array in zip(others, more, strict=True):
        assert np.array_equal(found, array[[1, 2, 0]])


@pytest.mark.parametrize(
    ("arrays", "error", "words"),
    [
        ((), ValueError, "at least one array or tensor, found none"),
        (([1.0, 2.0],), TypeError, r"found list at 0; np.asarray\(...\) makes an array"),
        ((np.zeros(3), np.zeros((4, 3))), ValueError, r"of one length, found \[3, 4\]"),
        ((np.zeros(3), np.array(1.0)), ValueError, r"shapes \(n, ...\), found \(\) at 1"),
    ],
)
def test_what_is_no_tensor_dataset_is_refused(arrays, error, words):
    with pytest.raises(error, match=words):
        TensorDataset(*arrays)


@pytest.mark.parametrize(
    ("indices", "error", "words"),
    [
        ([0.0], ValueError, r"integers of shape \(k,\), found float64 of shape \(1,\)"),
        ([[0]], ValueError, r"found int64 of shape \(1, 1\)"),
        ([True, False], ValueError, r"found bool .*is np.flatnonzero\(mask\)"),
        ([0, 3], IndexError, "the index 3, and the dataset has 3 examples"),
        ([-4], IndexError, "the index -4, and the dataset has 3 examples"),
    ],
)
def test_indices_that_a_dataset_does_not_have_are_refused(indices, error, words):
    with pytest.raises(error, match=words):
        Subset(numbered(3), indices)


@pytest.mark.parametrize("lengths", [[4, 5], [11], [0.5, 0.4], [], [9.5, 0.5]])
def test_lengths_that_do_not_add_up_are_refused(lengths):
    with pytest.raises(ValueError, match=r"whose sum is 10, .* shares whose sum is 1, found \["):
        random_split(numbered(10), lengths)


def test_negative_lengths_are_refused():
    with pytest.raises(ValueError, match=r"lengths of at least 0, found \[11, -1\]"):
        random_split(numbered(10), [11, -1])


def test_repr_of_tensor_dataset_and_subset_is_short():
    ours = three_arrays(4)
    assert repr(ours) == "TensorDataset(4 of float64, 4 x 2 of int64, 4 of bool)"
    assert repr(Subset(ours, [1, 2])) == f"Subset(2 of {ours!r})"


# AugmentedDataset.


@settings(deadline=None)
@given(st.data(), sizes)
def test_augmented_batch_is_originals_and_changed_copies(draw, n):
    index = np.array(draw.draw(st.lists(st.integers(0, 2 * n - 1), max_size=20)), np.int64)
    images, labels = AugmentedDataset(numbered(n), plus_half)[index]
    assert np.array_equal(labels, index % n)
    assert np.array_equal(images[:, 0, 0], index % n + np.where(index >= n, 0.5, 0))


@settings(deadline=None)
@given(st.data(), sizes)
def test_augmented_slice_equals_its_indices(draw, n):
    index = draw.draw(st.slices(2 * n))
    dataset = AugmentedDataset(numbered(n), plus_half)
    by_slice, by_array = dataset[index], dataset[np.arange(2 * n)[index]]
    assert all(np.array_equal(a, b) for a, b in zip(by_slice, by_array, strict=True))


@settings(deadline=None)
@given(sizes, batch_sizes, seeds)
def test_originals_stay_bit_equal(n, batch_size, seed):
    dataset = numbered(n)
    before = dataset.images.tobytes()
    augmented = AugmentedDataset(dataset, GaussianNoise(0, 1), rng=seed)
    for _ in DataLoader(augmented, batch_size, shuffle=True, rng=seed):
        pass
    assert dataset.images.tobytes() == before
    assert augmented[:n][0].tobytes() == before


@settings(deadline=None)
@given(sizes, batch_sizes, seeds)
def test_augmented_same_seed_gives_same_bits(n, batch_size, seed):
    def run():
        augmented = AugmentedDataset(
            numbered(n), Compose([RandomHorizontalFlip(), GaussianNoise()]), rng=seed
        )
        return epoch(DataLoader(augmented, batch_size, shuffle=True, rng=seed))

    assert [part.tobytes() for part in run()] == [part.tobytes() for part in run()]


def test_augmented_is_twice_as_long():
    assert len(AugmentedDataset(numbered(7), plus_half)) == 14


def test_copies_are_drawn_anew_every_epoch():
    loader = DataLoader(AugmentedDataset(numbered(20), GaussianNoise(0, 1), rng=0), 8)
    (first, _), (second, _) = epoch(loader), epoch(loader)
    assert np.array_equal(first[:20], second[:20])
    assert not np.any(first[20:] == second[20:])


def test_transform_sees_all_copies_of_a_batch_at_once():
    seen = []

    def remember(images, rng):
        seen.append(len(images))
        return images

    AugmentedDataset(numbered(10), remember)[np.array([1, 12, 3, 14, 15])]
    assert seen == [3]


def test_transform_that_works_in_place_cannot_reach_the_originals():
    def darken(images, rng):
        images[...] = 0
        return images

    dataset = numbered(4)
    augmented = AugmentedDataset(dataset, darken)
    assert not augmented[4:][0].any()
    assert np.array_equal(dataset.images, numbered(4).images)


def test_taking_only_originals_draws_nothing():
    augmented = AugmentedDataset(numbered(4), GaussianNoise(), rng=0)
    before = augmented.rng.bit_generator.state
    augmented[:4]
    assert augmented.rng.bit_generator.state == before


def test_the_callers_generator_is_used():
    rng = np.random.default_rng(0)
    assert AugmentedDataset(numbered(4), plus_half, rng=rng).rng is rng


def test_augmented_single_integer_gives_one_example():
    image, label = AugmentedDataset(numbered(5), plus_half)[7]
    assert np.array_equal(image, np.full((2, 3), 2.5))
    assert label == 2


@pytest.mark.parametrize("index", [10, -11])
def test_augmented_index_out_of_range_is_an_index_error(index):
    with pytest.raises(IndexError):
        AugmentedDataset(numbered(5), plus_half)[np.array([index])]


@settings(deadline=None)
@given(st.data(), sizes)
def test_without_originals_there_is_a_changed_copy_of_each(draw, n):
    index = np.array(draw.draw(st.lists(st.integers(-n, n - 1), max_size=20)), np.int64)
    dataset = AugmentedDataset(numbered(n), plus_half, originals=False)
    images, labels = dataset[index]
    assert len(dataset) == n
    assert np.array_equal(labels, index % n)
    assert np.array_equal(images[:, 0, 0], index % n + 0.5)


def test_without_originals_a_single_integer_gives_one_copy():
    image, label = AugmentedDataset(numbered(5), plus_half, originals=False)[3]
    assert np.array_equal(image, np.full((2, 3), 3.5))
    assert label == 3


def test_transform_must_keep_the_shape():
    augmented = AugmentedDataset(numbered(4), lambda images, rng: images[:1])
    with pytest.raises(ValueError, match=r"returned shape \(1, 2, 3\), expected .*\(4, 2, 3\)"):
        augmented[4:]


def test_transform_must_be_callable():
    with pytest.raises(ValueError, match="can be called"):
        AugmentedDataset(numbered(4), 0.7)  # type: ignore[arg-type]


# DataLoader.


@settings(deadline=None)
@given(sizes, batch_sizes, st.booleans(), seeds)
def test_epoch_covers_each_example_once(n, batch_size, shuffle, seed):
    images, labels = epoch(DataLoader(numbered(n), batch_size, shuffle, rng=seed))
    assert sorted(labels) == list(range(n))
    assert np.array_equal(images[:, 0, 0], labels)


@settings(deadline=None)
@given(sizes, batch_sizes, st.booleans(), st.booleans())
def test_length_is_the_number_of_batches(n, batch_size, shuffle, drop_last):
    loader = DataLoader(numbered(n), batch_size, shuffle, drop_last)
    assert len(loader) == len(list(loader))


@settings(deadline=None)
@given(sizes, batch_sizes)
def test_only_the_last_batch_may_be_smaller(n, batch_size):
    found = [len(labels) for _, labels in DataLoader(numbered(n), batch_size)]
    full, rest = divmod(n, batch_size)
    assert found == [batch_size] * full + [rest] * (rest > 0)


@settings(deadline=None)
@given(sizes, batch_sizes)
def test_drop_last_leaves_whole_batches(n, batch_size):
    found = [len(labels) for _, labels in DataLoader(numbered(n), batch_size, drop_last=True)]
    assert found == [batch_size] * (n // batch_size)


@settings(deadline=None)
@given(sizes, batch_sizes, seeds)
def test_loader_same_seed_gives_same_orders(n, batch_size, seed):
    first, second = (DataLoader(numbered(n), batch_size, True, rng=seed) for _ in range(2))
    for _ in range(3):
        assert np.array_equal(epoch(first)[1], epoch(second)[1])


@settings(deadline=None)
@given(sizes, batch_sizes)
def test_unshuffled_order_is_that_of_the_dataset(n, batch_size):
    assert np.array_equal(epoch(DataLoader(numbered(n), batch_size))[1], np.arange(n))


def test_epochs_have_different_orders():
    loader = DataLoader(numbered(50), 10, shuffle=True, rng=0)
    orders = {tuple(epoch(loader)[1]) for _ in range(5)}
    assert len(orders) == 5


def test_loader_without_seed_differs_from_run_to_run():
    orders = {tuple(epoch(DataLoader(numbered(50), 10, shuffle=True))[1]) for _ in range(3)}
    assert len(orders) == 3


def test_batch_is_taken_out_by_one_access():
    dataset = Counting()
    list(DataLoader(dataset, 4))
    assert dataset.asked == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "50", None, True])
def test_batch_size_must_be_a_positive_integer(batch_size):
    with pytest.raises(ValueError, match="integer of 1 or more"):
        DataLoader(numbered(5), batch_size)


def test_numpy_integer_is_a_batch_size():
    assert len(DataLoader(numbered(5), np.int64(2))) == 3  # type: ignore[arg-type]


def test_empty_dataset_is_refused():
    with pytest.raises(ValueError, match="at least one example"):
        DataLoader(numbered(0), 5)


@settings(deadline=None, max_examples=20)
@given(sizes, batch_sizes, seeds)
def test_the_batches_are_the_same_with_a_worker(n, batch_size, seed):
    def run(num_workers):
        copies = AugmentedDataset(numbered(n), GaussianNoise(), rng=seed)
        loader = DataLoader(copies, batch_size, shuffle=True, rng=seed, num_workers=num_workers)
        return [part.tobytes() for _ in range(2) for part in epoch(loader)]

    assert run(0) == run(1)


@pytest.mark.parametrize("bit_generator", [np.random.PCG64, np.random.MT19937, np.random.Philox])
@pytest.mark.parametrize("batches", [1, 3, 9, 10])
def test_the_copies_after_an_epoch_that_was_left_are_the_same_with_a_worker(batches, bit_generator):
    def run(num_workers):
        rng = np.random.Generator(bit_generator(0))
        copies = Subset(AugmentedDataset(numbered(10), GaussianNoise(), rng), range(20))
        loader = DataLoader(copies, 2, shuffle=True, rng=1, num_workers=num_workers)
        for number, _ in enumerate(loader, 1):
            if number == batches:
                break
        return [part.tobytes() for part in epoch(loader)], rng.random()

    assert run(0) == run(1)


def test_the_order_may_be_drawn_from_the_generator_of_the_copies_with_a_worker_too():
    def run(num_workers):
        rng = np.random.default_rng(0)
        copies = AugmentedDataset(numbered(10), GaussianNoise(), rng)
        loader = DataLoader(copies, 2, shuffle=True, rng=rng, num_workers=num_workers)
        next(iter(loader))
        return [part.tobytes() for part in epoch(loader)]

    assert run(0) == run(1)


def test_what_others_drew_meanwhile_is_not_drawn_again_when_a_worker_stops():
    copies = AugmentedDataset(numbered(10), GaussianNoise(), rng=0)
    batches = iter(DataLoader(copies, 2, num_workers=1))
    for _ in range(10):  # so that the worker is done
        next(batches)
    copies.rng.random()
    before = copies.rng.bit_generator.state
    del batches
    assert copies.rng.bit_generator.state == before


def test_an_error_with_a_worker_leaves_the_generator_where_it_is_without_one():
    def run(num_workers):
        calls = []

        def change(images, rng):
            calls.append(rng.normal())
            if len(calls) == 3:
                raise ArithmeticError
            return images

        copies = AugmentedDataset(numbered(10), change, rng=0, originals=False)
        with pytest.raises(ArithmeticError):
            list(DataLoader(copies, 2, num_workers=num_workers))
        return copies.rng.random()

    assert run(0) == run(1)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_arrays_gives_the_bits_that_iterating_gives_as_arrays(num_workers):
    def run(give):
        loader = DataLoader(three_arrays(7), 3, shuffle=True, rng=0, num_workers=num_workers)
        return [[np.asarray(part).tobytes() for part in batch] for batch in give(loader)]

    assert run(iter) == run(lambda loader: loader.arrays())
    assert all(type(part) is np.ndarray for part in next(DataLoader(numbered(3), 2).arrays()))
    assert all(type(part) is tg.Tensor for part in next(iter(DataLoader(numbered(3), 2))))


def torch_batches(dataset, order, **options):
    """What PyTorch's loader gives for the same arrays in the same order."""
    theirs = torch.utils.data.TensorDataset(*map(torch.from_numpy, dataset.arrays))
    return list(torch.utils.data.DataLoader(theirs, sampler=order, **options))


@settings(deadline=None)
@given(
    sizes,
    batch_sizes,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["float32", "float64", "int64", "int32", "uint8", "bool"]),
    st.sampled_from([(), (1,), (2, 3)]),
    seeds,
)
def test_batches_are_those_of_pytorchs_loader(
    n, batch_size, shuffle, drop_last, dtype, shape, seed
):
    """Inputs, floats as targets and integers as labels: types, shapes, dtypes and values."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(0, 50, (n, 2)).astype(np.float32)
    ours = TensorDataset(inputs, rng.normal(0, 50, (n, *shape)).astype(dtype), np.arange(n))
    batches = list(DataLoader(ours, batch_size, shuffle, drop_last, rng=seed))
    order = np.random.default_rng(seed).permutation(n) if shuffle else np.arange(n)
    theirs = torch_batches(ours, order.tolist(), batch_size=batch_size, drop_last=drop_last)
    assert len(batches) == len(theirs)
    for our_batch, their_batch in zip(batches, theirs, strict=True):
        assert len(our_batch) == len(their_batch)
        for our_part, their_part in zip(our_batch, their_batch, strict=True):
            assert isinstance(our_part, tg.Tensor) and not our_part.requires_grad
            assert our_part.shape == tuple(their_part.shape)
            assert str(our_part.dtype) == str(their_part.dtype).removeprefix("torch.")
            assert our_part.tolist() == their_part.tolist()


def test_what_a_dataset_of_ones_own_gives_is_kept_around_the_tensors():
    class Named(NamedTuple):
        x: Any
        names: Any

    class Own:
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return {"both": Named(np.ones(len(index)), np.array(["a"])), "list": [index], "n": 3}

    [batch] = DataLoader(Own(), 4)  # type: ignore[arg-type]
    both = batch["both"]  # type: ignore[call-overload]
    assert type(both) is Named and type(both.x) is tg.Tensor and type(both.names) is np.ndarray
    assert type(batch["list"][0]) is tg.Tensor and batch["n"] == 3  # type: ignore[call-overload]


def test_the_loop_that_a_pytorch_user_writes_trains():
    labels = np.random.default_rng(0).integers(0, 3, 60)
    loader = DataLoader(ArrayDataset(np.eye(3, dtype=np.float32)[labels], labels), 20)
    model = nn.Linear(3, 3, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    for _ in range(20):
        right = 0
        for x, y in loader:
            pred = model(x)
            loss = F.cross_entropy(pred, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            right += (pred.argmax(1) == y).sum().item()
            right_too = (pred.argmax(1) == y).float().mean()
            by_numpy = np.mean(pred.detach().numpy().argmax(1) == y.numpy())
            assert right_too.item() == pytest.approx(by_numpy)
    assert right == 60


def test_a_worker_is_gone_after_the_epoch_and_after_a_break():
    loader = DataLoader(numbered(50), 1, num_workers=1)
    at_first = set(sys._current_frames())
    list(loader)
    assert_no_thread_but(at_first)
    for _ in loader:
        assert len(set(sys._current_frames()) - at_first) == 1
        break
    gc.collect()
    assert_no_thread_but(at_first)


def test_a_worker_does_not_keep_a_program_from_ending():
    program = (
        "import numpy as np\n"
        "from tinygrad_mlp.data import ArrayDataset, DataLoader\n"
        "data = ArrayDataset(np.zeros((9, 2)), np.zeros(9, int))\n"
        "batches = iter(DataLoader(data, num_workers=1))\n"
        "print(len(next(batches)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")


def test_a_worker_ends_even_if_it_collects_its_own_batches_as_garbage():
    at_first = set(sys._current_frames())
    go_on = threading.Event()

    def collect():
        yield 1
        go_on.wait()
        gc.collect()
        yield 2

    batches = prefetch.prepared_ahead(collect())
    next(batches)
    cycle = [batches]
    cycle.append(cycle)
    gc.disable()
    try:
        del batches, cycle
        go_on.set()
        assert_no_thread_but(at_first)
    finally:
        gc.enable()


def assert_no_thread_but(expected):
    """Wait until no other thread is left: one that has finished still takes a moment to end."""
    end = time.monotonic() + 60
    extra = set(sys._current_frames()) - expected
    while extra:
        assert time.monotonic() < end, f"{len(extra)} thread(s) left"
        extra = set(sys._current_frames()) - expected


@pytest.mark.skipif(os.name == "nt", reason="Windows has no timer that sends a signal")
def test_ctrl_c_stops_a_worker_and_is_never_lost():
    """At 1,500 random moments of short epochs, it always raises, and no thread is left."""

    def interrupt(*_):
        raise KeyboardInterrupt

    def epochs(delay):
        # A function of its own: in 3.13, what is raised where a loop goes back escapes a `with`.
        signal.setitimer(signal.ITIMER_REAL, delay)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for _ in prefetch.prepared_ahead(iter([batch, batch])):
                batch.sum()

    rng = np.random.default_rng(0)
    batch = np.ones((300, 100))
    at_first = set(sys._current_frames())
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for delay in rng.uniform(1e-4, 2e-3, 1500):
            with pytest.raises(KeyboardInterrupt):
                epochs(delay)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert_no_thread_but(at_first)


def test_a_worker_that_is_stopped_early_prepares_only_a_few_batches():
    asked = []

    class Watched(ArrayDataset):
        def __getitem__(self, index):
            asked.append(index)
            return super().__getitem__(index)

    data = numbered(50)
    batches = iter(DataLoader(Watched(data.images, data.labels), 1, num_workers=1))
    next(batches)
    batches.close()
    assert len(asked) <= prefetch.AHEAD + 3


def test_a_worker_prepares_a_few_batches_while_nobody_asks_and_no_more():
    asked = []

    def batches():
        for i in range(50):
            asked.append(i)
            yield i

    ahead = prefetch.prepared_ahead(batches())
    next(ahead)
    end = time.monotonic() + 5
    while len(asked) < prefetch.AHEAD:
        assert time.monotonic() < end, f"only {len(asked)} prepared"
    time.sleep(0.1)  # in which all 50 would be prepared, if nothing held the thread up
    # One was taken, so many wait, and the one after them is in the thread's hands.
    assert len(asked) <= prefetch.AHEAD + 2
    ahead.close()


def test_an_error_in_a_worker_is_raised_where_the_batch_is_asked_for():
    def fail(images, rng):
        raise ArithmeticError("no such copy")

    loader = DataLoader(AugmentedDataset(numbered(4), fail), 4, num_workers=1)
    batches = iter(loader)
    next(batches)
    with pytest.raises(ArithmeticError, match="no such copy"):
        next(batches)


def test_copies_of_the_named_classes_alone_are_changed():
    images = np.ones((6, 2, 2), np.float32)
    labels = np.array([0, 1, 2, 0, 1, 2])
    copies = AugmentedDataset(
        ArrayDataset(images, labels), lambda images, rng: images + 1, classes=(0, 2)
    )
    given, of_class = copies[:]
    assert given[:, 0, 0].tolist() == [1] * 6 + [2, 1, 2, 2, 1, 2]
    assert of_class.tolist() == [*labels, *labels]
    assert repr(copies).endswith(", classes=(0, 2))")


def test_a_batch_without_the_named_classes_draws_nothing():
    data = ArrayDataset(np.ones((3, 2, 2), np.float32), np.array([1, 1, 2]))
    copies = AugmentedDataset(
        data, lambda images, rng: pytest.fail("it was called"), originals=False, classes=(0,)
    )
    assert (copies[:][0] == 1).all()


def test_an_error_in_the_first_batch_of_a_worker_is_raised_as_it_is():
    def fail(images, rng):
        raise ArithmeticError("no such copy")

    copies = AugmentedDataset(numbered(4), fail, rng=0, originals=False)
    with pytest.raises(ArithmeticError, match="no such copy"):
        next(iter(DataLoader(copies, 4, num_workers=1)))


def generators_of(**attributes):
    return loader._generators(SimpleNamespace(**attributes))


def test_generators_are_found_in_short_lists_and_not_in_long_ones():
    rng = np.random.default_rng(0)
    assert generators_of(values=[0] * 99 + [rng]) == [rng]
    assert generators_of(values=[0] * 100 + [rng]) == []


def test_a_generator_is_found_in_a_slot_beside_one_that_was_never_set():
    class Slotted:
        __slots__ = ("empty", "rng")

    holder = Slotted()
    holder.rng = np.random.default_rng(0)
    assert generators_of(holder=holder) == [holder.rng]


def test_generators_of_modules_and_classes_are_not_those_of_a_dataset():
    module = ModuleType("module")
    module.rng = np.random.default_rng(0)
    assert generators_of(module=module, kind=type("Kind", (), {"rng": module.rng})) == []


def test_generators_are_found_in_the_defaults_of_functions_and_beside_partial_functions():
    one, other, third, last = (np.random.default_rng(seed) for seed in range(4))

    def draw(images, first=one, *, second=other):
        return images

    found = generators_of(before=third, function=partial(draw, third=last))
    assert {id(rng) for rng in found} == {id(rng) for rng in (one, other, third, last)}


@dataclass
class Slotted:
    """A transform with a generator of its own, in a slot."""

    __slots__ = ("rng",)
    rng: Any

    def __call__(self, images):
        return images + self.rng.random(images.shape)


def a_closure(rng):
    return lambda images: images + rng.random(images.shape)


def a_default(rng):
    def transform(images, rng=rng):
        return images + rng.random(images.shape)

    return transform


def a_method(rng):
    return Slotted(rng).__call__


GLOBAL: dict[str, Any] = {}


def a_global(rng):
    GLOBAL["rng"] = rng
    return lambda images: images + GLOBAL["rng"].random(images.shape)


class Drawing:
    """A dataset of the user's own, which draws in its own way."""

    def __init__(self, transform):
        self.inner = ArrayDataset(np.zeros((40, 2, 2), np.float32), np.arange(40))
        self.steps = [transform]

    def __len__(self):
        return len(self.inner)

    def __getitem__(self, index):
        images, labels = self.inner[index]
        return self.steps[0](images), labels


@pytest.mark.parametrize(
    "hold",
    [
        Slotted,
        a_closure,
        a_default,
        a_method,
        a_global,
        lambda rng: partial(lambda rng, images: images + rng.random(images.shape), rng),
    ],
    ids=["an object", "a closure", "a default", "a method", "a global", "a partial"],
)
@pytest.mark.parametrize("taken", [0, 1, 2, 7])
def test_after_a_loop_that_was_left_the_next_is_as_without_a_worker(hold, taken):
    def second(num_workers):
        dataset = Subset(Drawing(hold(np.random.default_rng(5))), np.arange(40))
        loader = DataLoader(dataset, 4, shuffle=True, rng=3, num_workers=num_workers)
        batches = iter(loader)
        for _ in range(taken):
            next(batches)
        batches.close()
        return np.concatenate([images for images, _ in loader.arrays()])

    expected = second(0)
    for _ in range(5):
        assert np.array_equal(second(1), expected)


FORKING = """
import os, sys, threading, time
import numpy as np
from tinygrad_mlp.data import *

data = ArrayDataset(np.zeros((400, 28, 28), np.float32), np.arange(400))
copies = AugmentedDataset(data, transforms.ElasticTransform(), 0)
loader = DataLoader(copies, 100, num_workers=1)
for number, _ in enumerate(loader.arrays()):
    time.sleep(0.001 * number)
    child = os.fork()
    if not child:
        way = sys.argv[1]
        if way == "draws":
            copies.rng.random(5)
        if way == "begins anew":
            assert len(list(loader.arrays())) == 8
        if way == "goes on":
            continue
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == (256 if sys.argv[1] == "goes on" else 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
@pytest.mark.parametrize("way", ["leaves", "draws", "begins anew", "goes on"])
def test_a_process_forked_inside_a_loop_with_a_worker_does_not_hang(way):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING, way],
        env=os.environ | {"PYTHONPATH": str(Path(tg.__file__).parents[1])},
        timeout=300,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    if way == "goes on":
        assert "was begun in another process" in done.stderr
    else:
        assert done.stderr == ""


def test_a_loop_that_another_process_has_begun_cannot_go_on(monkeypatch):
    ahead = prefetch.prepared_ahead(iter(range(2)))  # few, so that the worker ends by itself
    assert next(ahead) == 0
    monkeypatch.setattr(os, "getpid", lambda: 0)
    with pytest.raises(RuntimeError, match="begun in another process"):
        next(ahead)


def test_a_fork_waits_for_the_batch_that_is_being_prepared_and_none_is_meanwhile():
    begun, may_end, prepared = threading.Event(), threading.Event(), []

    def batches():
        for number in range(50):
            if number == 1:
                begun.set()
                may_end.wait(10)
            prepared.append(number)
            yield number

    ahead = prefetch.prepared_ahead(batches())
    assert next(ahead) == 0 and begun.wait(10)
    threading.Timer(0.1, may_end.set).start()
    prefetch._hold()  # what a fork does first
    try:
        assert may_end.is_set()
        before = list(prepared)
        assert next(ahead) == 1
        time.sleep(0.05)
        assert prepared == before
    finally:
        prefetch._let_go()  # and last
    assert list(ahead) == list(range(2, 50))
    assert prefetch._PREPARING == []


@pytest.mark.parametrize("num_workers", [2, -1, None])
def test_other_numbers_of_workers_are_refused(num_workers):
    with pytest.raises(ValueError, match="num_workers must be 0 or 1"):
        DataLoader(numbered(3), num_workers=num_workers)


# Small folders of images in every layout.

RNG = np.random.default_rng(0)
SMALL = {
    "train-images": RNG.integers(0, 256, (12, 28, 28), np.uint8),
    "train-labels": RNG.integers(0, 10, 12, np.uint8),
    "t10k-images": RNG.integers(0, 256, (5, 28, 28), np.uint8),
    "t10k-labels": RNG.integers(0, 10, 5, np.uint8),
}
KERAS: dict[str, Any] = dict(
    zip(("x_train", "y_train", "x_test", "y_test"), SMALL.values(), strict=True)
)


def idx_bytes(array):
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def idx_name(stem, separator="-"):
    return f"{stem}{separator}idx{SMALL[stem].ndim}-ubyte"


def write_idx(folder, *, packed=False, separator="-"):
    folder.mkdir(parents=True, exist_ok=True)
    for stem, array in SMALL.items():
        content = idx_bytes(array)
        name = idx_name(stem, separator)
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return folder


def assert_small(root):
    for split, prefix in (("train", "train"), ("test", "t10k")):
        dataset = load_mnist(root, split)
        assert np.array_equal(dataset.images, SMALL[f"{prefix}-images"] / np.float32(255))
        assert np.array_equal(dataset.labels, SMALL[f"{prefix}-labels"])


def failure(error, root, split="train"):
    """Return the message of the expected error, after checking that it is one line."""
    with pytest.raises(error) as caught:
        load_mnist(root, split)
    assert type(caught.value) is error
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("separator", ["-", "."])
@pytest.mark.parametrize("packed", [False, True])
def test_bare_folder(tmp_path, packed, separator):
    write_idx(tmp_path, packed=packed, separator=separator)
    assert_small(tmp_path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])
@pytest.mark.parametrize("named", ["", "{name}", "{name}/raw"])
def test_torchvision_layout(tmp_path, packed, name, named):
    write_idx(tmp_path / name / "raw", packed=packed)
    assert_small(tmp_path / named.format(name=name))


def test_torchvision_folder_with_both_kinds_of_file(tmp_path):
    write_idx(write_idx(tmp_path / "MNIST" / "raw"), packed=True)
    assert_small(tmp_path)


@pytest.mark.parametrize("named", ["", "mnist.npz"])
def test_keras_layout(tmp_path, named):
    np.savez(tmp_path / "mnist.npz", **KERAS)
    assert_small(tmp_path / named)


def test_an_archive_of_arrays_with_long_headers_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w") as archive:
        for key, array in KERAS.items():
            with archive.open(f"{key}.npy", "w") as file:
                np.lib.format.write_array(file, array, version=(2, 0))
    assert_small(tmp_path)


def test_a_folder_may_have_the_name_of_an_archive(tmp_path):
    assert_small(write_idx(tmp_path / "mnist.npz"))


def test_compressed_keras_archive(tmp_path):
    np.savez_compressed(tmp_path / "mnist.npz", **KERAS)
    assert_small(tmp_path)


def test_root_may_be_a_string(tmp_path):
    assert_small(str(write_idx(tmp_path)))


def test_root_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write_idx(tmp_path / "digits")
    assert_small("~/digits")


def test_packing_is_recognised_by_content_not_by_name(tmp_path):
    write_idx(tmp_path, packed=True)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_suffix(""))
    assert_small(tmp_path)


def test_unpacked_file_may_still_be_named_gz(tmp_path):
    write_idx(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(f"{path}.gz")
    assert_small(tmp_path)


def test_loaded_dtypes(tmp_path):
    dataset = load_mnist(write_idx(tmp_path))
    assert dataset.images.dtype == np.float32
    assert dataset.labels.dtype == np.int64


# What is refused. Each message is one line, names the file, and says what to do.


def test_both_kinds_in_one_root(tmp_path):
    write_idx(tmp_path / "MNIST" / "raw")
    write_idx(tmp_path / "FashionMNIST" / "raw")
    message = failure(ValueError, tmp_path)
    assert f"name {tmp_path / 'MNIST'} or {tmp_path / 'FashionMNIST'}" in message


@pytest.mark.parametrize("split", ["valid", "Train", "", None, 0, ["train"]])
def test_unknown_split(split):
    assert "use 'train', 'test' or 'validation'" in failure(ValueError, None, split)


def test_missing_folder(tmp_path):
    message = failure(FileNotFoundError, tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in message
    assert "no such folder" in message


@pytest.mark.parametrize("name", ["nul\0l", "long" * 200])
def test_impossible_folder_name(tmp_path, name):
    assert "no such folder" in failure(FileNotFoundError, tmp_path / name)


def test_folder_without_data(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    message = failure(FileNotFoundError, tmp_path)
    assert "holiday.jpg" in message
    assert "train-images-idx3-ubyte.gz" in message


def test_an_empty_folder_is_told(tmp_path):
    assert "(found nothing)" in failure(FileNotFoundError, tmp_path)


def test_a_folder_that_cannot_be_listed_is_told(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError

    monkeypatch.setattr(os, "listdir", refuse)
    assert "(found contents that cannot be listed)" in failure(FileNotFoundError, tmp_path)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("abcd", "a, b, c, d"),
        ("abcde", "a, b, c, d and 1 more"),
        (["x" * 40, "y" * 41], f"{'x' * 40}, {'y' * 40}"),
    ],
)
def test_the_first_few_names_of_a_wrong_folder_are_told(tmp_path, names, found):
    for name in names:
        (tmp_path / name).touch()
    assert f"(found {found})" in failure(FileNotFoundError, tmp_path)


def test_interrupted_torchvision_download(tmp_path):
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    assert "no MNIST here" in failure(FileNotFoundError, tmp_path)


@pytest.mark.parametrize("stem", SMALL)
def test_missing_file(tmp_path, stem):
    (write_idx(tmp_path) / idx_name(stem)).unlink()
    split = "train" if stem.startswith("train") else "test"
    message = failure(FileNotFoundError, tmp_path, split)
    assert str(tmp_path / idx_name(stem)) in message
    assert "download it again, or call load_mnist()" in message


def test_a_file_that_the_system_does_not_read_is_told(tmp_path, monkeypatch):
    def refuse(path, mode):
        raise PermissionError(13, "Permission denied")

    path = write_idx(tmp_path) / idx_name("train-images")
    monkeypatch.setattr(mnist, "open", refuse, raising=False)
    message = failure(ValueError, tmp_path)
    assert f"{path}: the file could not be read (Permission denied)" in message


def test_folder_in_place_of_a_file(tmp_path):
    path = write_idx(tmp_path) / idx_name("train-labels")
    path.unlink()
    path.mkdir()
    assert str(path) in failure(FileNotFoundError, tmp_path)


def test_idx_file_as_root(tmp_path):
    path = write_idx(tmp_path) / idx_name("train-images")
    assert "name the folder" in failure(ValueError, path)


IMAGES = idx_bytes(SMALL["train-images"])
LABELS = idx_bytes(SMALL["train-labels"])
DAMAGED_IDX = {
    "empty": (b"", "truncated"),
    "header cut": (IMAGES[:10], "truncated"),
    "one byte short": (IMAGES[:-1], "truncated"),
    "one byte long": (IMAGES + b"\0", "too long"),
    "labels instead": (LABELS + bytes(9), "found 2049, expected 2051"),
    "another type": (b"\0\0\x0d" + IMAGES[3:], "wrong magic number"),
    "a web page": (b"<!doctype html><title>Not found</title>", "wrong magic number"),
    "huge sizes": (IMAGES[:4] + b"\xff" * 12 + IMAGES[16:], "4294967295 x 4294967295 pixels"),
    "huge count": (IMAGES[:4] + b"\xff" * 4 + IMAGES[8:], "announces 4,294,967,295 examples"),
    "more announced": (IMAGES[:4] + struct.pack(">I", 13) + IMAGES[8:], "found 9,408 of the 10,19"),
    "no images": (idx_bytes(np.zeros((0, 28, 28), np.uint8)), "12 labels for the 0 images"),
    "wrong size": (idx_bytes(np.zeros((12, 32, 32), np.uint8)), "32 x 32 pixels, expected 28"),
    "fewer images": (idx_bytes(SMALL["train-images"][1:]), "12 labels for the 11 images"),
}


@pytest.mark.parametrize("damage", DAMAGED_IDX)
def test_damaged_images(tmp_path, damage):
    content, expected = DAMAGED_IDX[damage]
    (write_idx(tmp_path) / idx_name("train-images")).write_bytes(content)
    message = failure(ValueError, tmp_path)
    assert expected in message
    assert idx_name("train-images") in message


@pytest.mark.parametrize("piece", [4000, 4704, 9408])
@pytest.mark.parametrize(
    ("content", "expected"),
    [(IMAGES + b"\0", "too long"), (IMAGES[:-1], "truncated, found 9,407 of the 9,408 bytes")],
)
def test_the_end_of_a_file_is_where_its_header_says_in_whatever_pieces_it_is_read(
    tmp_path, monkeypatch, piece, content, expected
):
    monkeypatch.setattr(mnist, "PIECE", piece)
    path = write_idx(tmp_path) / idx_name("train-images")
    path.write_bytes(IMAGES)
    assert_small(tmp_path)
    path.write_bytes(content)
    assert expected in failure(ValueError, tmp_path)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1_000_000, "truncated"), (1_000_001, "expected at most 1,000,000")],
)
def test_a_million_examples_may_be_announced_and_no_more(tmp_path, count, expected):
    path = write_idx(tmp_path) / idx_name("train-labels")
    path.write_bytes(LABELS[:4] + struct.pack(">I", count) + LABELS[8:])
    assert expected in failure(ValueError, tmp_path)


DAMAGED_LABELS = {
    "header cut": (LABELS[:7], "truncated"),
    "one byte short": (LABELS[:-1], "truncated"),
    "images instead": (IMAGES, "found 2051, expected 2049"),
    "above nine": (LABELS[:-1] + b"\x0a", "found label 10 at position 11"),
}


@pytest.mark.parametrize("damage", DAMAGED_LABELS)
def test_damaged_labels(tmp_path, damage):
    content, expected = DAMAGED_LABELS[damage]
    path = write_idx(tmp_path) / idx_name("train-labels")
    path.write_bytes(content)
    message = failure(ValueError, tmp_path)
    assert expected in message
    assert str(path) in message


# A few megabytes that unpack to gigabytes.


def memory_used(call):
    """How much was allocated at once while it ran, in bytes."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def zeros_after(start, megabytes):
    """A gzip file of these bytes and many zeros."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        file.write(start)
        for _ in range(megabytes):
            file.write(bytes(1 << 20))
    return packed.getvalue()


BOMBS = {
    "more than announced": (IMAGES, "too long, found more than the 9,408 bytes"),
    "not MNIST": (b"", "wrong magic number"),
    "a huge count": (IMAGES[:4] + b"\xff" * 4 + IMAGES[8:16], "expected at most 1,000,000"),
    "huge images": (IMAGES[:8] + b"\0\1\0\0" * 2, "65536 x 65536 pixels"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_gzip_is_unpacked_no_further_than_its_header_announces(tmp_path, bomb):
    start, expected = BOMBS[bomb]
    path = write_idx(tmp_path, packed=True) / f"{idx_name('train-images')}.gz"
    path.write_bytes(zeros_after(start, 64))
    used = memory_used(lambda: expected in failure(ValueError, tmp_path) or pytest.fail(expected))
    assert used < 20e6


def test_a_plain_file_is_read_no_further_than_its_header_announces(tmp_path):
    path = write_idx(tmp_path) / idx_name("train-images")
    with open(path, "ab") as file:
        file.truncate(1 << 33)  # a hole: it takes no room on the disk
    used = memory_used(lambda: "too long" in failure(ValueError, tmp_path) or pytest.fail("read"))
    assert used < 20e6


@pytest.mark.parametrize(
    ("name", "array", "expected"),
    [
        ("x_train", np.zeros((20_000, 28, 28), np.float32), "expected uint8"),
        ("x_train", np.zeros((1, 8000, 8000), np.uint8), "8000 x 8000 pixels"),
        ("y_train", np.zeros((1000, 1 << 16), np.uint8), "expected integers of shape (n,)"),
        ("y_train", np.zeros(1 << 26, np.uint8), "announces 67,108,864 examples"),
        ("y_train", np.zeros(1 << 26, "V1"), "expected integers of shape (n,)"),
        ("other", np.zeros(1 << 26, np.uint8), None),
    ],
)
def test_an_archive_is_unpacked_no_further_than_its_headers_allow(tmp_path, name, array, expected):
    path = tmp_path / "mnist.npz"
    np.savez(path, **{key: value for key, value in KERAS.items() if key != name})
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{name}.npy", "w", force_zip64=True) as file,
    ):
        np.lib.format.write_array(file, array)
    del array

    def read():
        if expected is None:
            load_mnist(path)
        else:
            assert expected in failure(ValueError, path)

    assert memory_used(read) < 20e6


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unpacks_without_a_limit_is_refused(tmp_path, method):
    path = tmp_path / "mnist.npz"
    with zipfile.ZipFile(path, "w", method) as archive:
        for key, array in KERAS.items():
            with archive.open(f"{key}.npy", "w") as file:
                np.lib.format.write_array(file, array)
    assert "damaged or unreadable" in failure(ValueError, path)


def test_no_examples_at_all(tmp_path):
    write_idx(tmp_path)
    for stem in ("train-images", "train-labels"):
        (tmp_path / idx_name(stem)).write_bytes(idx_bytes(SMALL[stem][:0]))
    assert "found no images" in failure(ValueError, tmp_path)


PACKED = gzip.compress(IMAGES)
MIDDLE = len(PACKED) // 2
DAMAGED_GZIP = {
    "cut": PACKED[:MIDDLE],
    "header only": PACKED[:5],
    "trailer cut": PACKED[:-4],
    "wrong checksum": PACKED[:-8] + bytes(4) + PACKED[-4:],
    "not deflate": PACKED[:10] + b"\xff" * 50 + PACKED[60:],
    "rubbish at the end": PACKED + b"rubbish",
    "a web page": b"<!doctype html><title>Not found</title>",
}


@pytest.mark.parametrize("damage", DAMAGED_GZIP)
def test_damaged_gzip(tmp_path, damage):
    path = write_idx(tmp_path, packed=True) / f"{idx_name('train-images')}.gz"
    path.write_bytes(DAMAGED_GZIP[damage])
    message = failure(ValueError, tmp_path)
    assert "damaged or incomplete gzip" in message
    assert str(path) in message


@settings(deadline=None)
@given(content=st.binary(max_size=60), packed=st.booleans())
def test_no_bytes_cause_an_unexpected_error(tmp_path_factory, content, packed):
    folder = write_idx(tmp_path_factory.mktemp("idx"))
    path = folder / idx_name("train-images")
    path.write_bytes(gzip.compress(content) if packed else content)
    assert str(path) in failure(ValueError, folder)
    shutil.rmtree(folder)


@settings(deadline=None)
@given(st.data())
def test_no_damage_to_an_archive_causes_an_unexpected_error(tmp_path_factory, draw):
    folder = tmp_path_factory.mktemp("npz")
    path = folder / "mnist.npz"
    np.savez_compressed(path, **KERAS)
    content = bytearray(path.read_bytes())
    for _ in range(draw.draw(st.integers(1, 20))):
        content[draw.draw(st.integers(0, len(content) - 1))] ^= draw.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        load_mnist(folder)
    except ValueError as error:
        assert str(error).startswith(str(path))
        assert "\n" not in str(error)
    shutil.rmtree(folder)


def array_bytes(tmp_path):
    np.save(tmp_path / "one.npy", SMALL["train-images"])
    return (tmp_path / "one.npy").read_bytes()


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "one array"])
def test_damaged_archive(tmp_path, damage):
    path = tmp_path / "mnist.npz"
    np.savez(path, **KERAS)
    content = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "text": b"<!doctype html>",
            "cut": content[: len(content) // 2],
            "one array": array_bytes(tmp_path),
        }[damage]
    )
    message = failure(ValueError, tmp_path)
    assert str(path) in message
    assert "damaged or unreadable" in message


WRONG_KERAS: dict[str, tuple[dict[str, Any], str]] = {
    "key missing": ({"y_train": None}, "expected x_train and y_train"),
    "pickled objects": ({"x_train": np.array([{}, []], object)}, "damaged or unreadable"),
    "floats": ({"x_train": np.zeros((12, 28, 28))}, "expected uint8"),
    "flat images": ({"x_train": np.zeros((12, 784), np.uint8)}, r"shape (n, 28, 28)"),
    "wrong size": ({"x_train": np.zeros((12, 32, 32), np.uint8)}, "32 x 32"),
    "one-hot labels": ({"y_train": np.zeros((12, 10), np.uint8)}, "integers of shape (n,)"),
    "float labels": ({"y_train": np.zeros(12)}, "integers of shape (n,)"),
    "negative label": ({"y_train": np.full(12, -1)}, "found label -1"),
    "label above nine": ({"y_train": np.full(12, 10)}, "found label 10"),
    "fewer labels": ({"y_train": np.zeros(11, np.uint8)}, "11 labels for the 12 images"),
}


def test_an_archive_without_arrays_is_told(tmp_path):
    np.savez(tmp_path / "mnist.npz")
    assert "found the arrays (none), expected x_train" in failure(ValueError, tmp_path)


@pytest.mark.parametrize("fault", WRONG_KERAS)
def test_wrong_arrays_in_archive(tmp_path, fault):
    changes, expected = WRONG_KERAS[fault]
    arrays = {key: value for key, value in (KERAS | changes).items() if value is not None}
    np.savez(tmp_path / "mnist.npz", **arrays)
    message = failure(ValueError, tmp_path)
    assert expected in message
    assert str(tmp_path / "mnist.npz") in message


# The embedded files.


@pytest.fixture(scope="module")
def train():
    return load_mnist()


@pytest.fixture(scope="module")
def test_split():
    return load_mnist(split="test")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "train-images-idx3-ubyte",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        (
            "train-labels-idx1-ubyte",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        (
            "t10k-images-idx3-ubyte",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        (
            "t10k-labels-idx1-ubyte",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ],
)
def test_embedded_file_is_the_genuine_one(name, expected):
    unpacked = gzip.decompress((mnist._EMBEDDED / f"{name}.gz").read_bytes())
    assert hashlib.sha256(unpacked).hexdigest() == expected


def test_embedded_files_carry_their_licence():
    assert "CC BY-SA 3.0" in (mnist._EMBEDDED / "LICENSE").read_text()


def test_embedded_train_shapes(train):
    assert train.images.shape == (60_000, 28, 28)
    assert train.labels.shape == (60_000,)


def test_embedded_test_shapes(test_split):
    assert test_split.images.shape == (10_000, 28, 28)
    assert test_split.labels.shape == (10_000,)


def test_embedded_train_label_counts(train):
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(train.labels).tolist() == counts


def test_embedded_test_label_counts(test_split):
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(test_split.labels).tolist() == counts


def test_embedded_pixels_are_bytes_divided_by_255(test_split):
    levels = np.arange(256, dtype=np.float32) / np.float32(255)
    assert np.array_equal(np.unique(test_split.images), levels)


def test_each_load_gives_arrays_of_its_own(test_split):
    assert not np.shares_memory(load_mnist(split="test").images, test_split.images)


def test_embedded_files_are_read_like_any_folder(test_split):
    assert np.array_equal(load_mnist(mnist._EMBEDDED, "test").images, test_split.images)


def test_embedded_file_with_other_bytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "_EMBEDDED", write_idx(tmp_path, packed=True))
    message = failure(ValueError, None)
    assert "train-images-idx3-ubyte.gz: wrong checksum" in message
    assert "install tinygrad_mlp again" in message


def test_missing_embedded_file_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "_EMBEDDED", tmp_path)
    assert "install tinygrad_mlp again" in failure(FileNotFoundError, None)


def test_everything_promised_is_exported():
    expected = {"ArrayDataset", "AugmentedDataset", "DataLoader", "load_mnist", "transforms"}
    assert expected <= set(vars(data))
    assert all(hasattr(data, name) for name in expected)


def test_validation_is_the_last_ten_thousand_training_images():
    train, held_out = load_mnist(), load_mnist(split="validation")
    assert len(held_out) == 10_000
    assert np.array_equal(held_out.images, train.images[50_000:])
    assert np.array_equal(held_out.labels, train.labels[50_000:])


def test_too_few_training_images_to_hold_out(tmp_path):
    write_idx(tmp_path)
    with pytest.raises(ValueError, match="cannot be held out for validation"):
        load_mnist(tmp_path, split="validation")


@pytest.mark.parametrize(("held_out", "is_enough"), [(1, True), (-1, True), (0, False)])
def test_at_least_one_image_is_left_to_train_on(tmp_path, monkeypatch, held_out, is_enough):
    write_idx(tmp_path)
    count = len(SMALL["train-images"])
    monkeypatch.setattr(mnist, "HELD_OUT", held_out if held_out > 0 else count + held_out)
    if is_enough:
        assert len(load_mnist(tmp_path, split="validation")) == mnist.HELD_OUT
    else:
        with pytest.raises(ValueError, match=f"has {count} training images, so {count} of them"):
            load_mnist(tmp_path, split="validation")


@pytest.mark.parametrize(("split", "prefix"), [("train", "train"), ("test", "t10k")])
def test_the_pixels_are_the_bytes_of_the_file_in_their_order(split, prefix):
    """The embedded images are longer than the pieces they are unpacked in."""
    packed = (mnist._EMBEDDED / f"{prefix}-images-idx3-ubyte.gz").read_bytes()
    plain = np.frombuffer(gzip.decompress(packed), np.uint8, offset=16)
    assert plain.size > 3 * mnist.PIECE
    images = load_mnist(split=split).images
    assert np.array_equal(images.ravel(), plain / np.float32(255))


@pytest.mark.parametrize("module", [dataset, loader], ids=lambda module: module.__name__)
def test_the_examples_of_docstrings_are_right(module):
    failed, tried = doctest.testmod(module, extraglobs={"np": np, "data": data})
    assert tried and not failed
