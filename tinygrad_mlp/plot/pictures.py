"""Pictures of digits: samples, what augmentation does to them, and what a network makes of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..data.dataset import Dataset
from ..engine import no_grad, plain
from ..ops import softmax
from ..train import in_eval_mode
from .style import COLOURS, bare, counted, need, need_titles


def digits(images: np.ndarray, labels: Any = None, columns: int = 10) -> Figure:
    """Images (n, 28, 28), pixels from 0 to 1, in a grid, with their labels (n,) above them.

    labels   anything that can be written, one for each image; none by default
    columns  how many images there are in a row, at most

    Raises ValueError for another shape, for no images, or if there are not as many labels.

    >>> images, labels = data.load_mnist(split="test")[:3]
    >>> plot.digits(images, labels).get_label()
    '3 images of digits, labelled 7, 2, 1'
    """
    images = _stack(images)
    names = _names(labels, len(images))
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    row_height = 1.15 if names else 0.9
    figure = Figure(figsize=(0.9 * columns, row_height * rows), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    for i, image in enumerate(images):
        axes = figure.add_subplot(grid[i])
        _show_ink(axes, image)
        if names:
            axes.set_title(names[i], fontsize=10, pad=3)
    figure.set_label(f"{counted(len(images), 'image')} of digits" + _listed(names))
    return figure


def augmented(images: np.ndarray, copies: Mapping[str, np.ndarray], labels: Any = None) -> Figure:
    """Originals (n, 28, 28) in the first row, then a row for each title with its copies.

    copies  title -> the same images after augmentation, of the same shape; pixels outside
            [0, 1] are shown as 0 or 1

    Raises ValueError if the shapes differ, or there are no images.

    >>> images, labels = data.load_mnist(split="test")[:3]
    >>> flip = data.transforms.RandomHorizontalFlip(p=1.0)
    >>> plot.augmented(images, {"flipped": flip(images)}, labels).get_label()
    '3 images of digits, labelled 7, 2, 1; under each its copies: flipped'
    """
    need_titles(copies, "copies of the images")
    images = _stack(images)
    names = _names(labels, len(images))
    table = [("original", images)]
    table += [(title, np.asarray(pictures)) for title, pictures in copies.items()]
    side = min(0.9, 7.8 / len(images))
    size = (side * len(images) + 1.2, (side + 0.05) * len(table) + 0.15)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.add_gridspec(len(table), len(images))
    for row, (title, pictures) in enumerate(table):
        if pictures.shape != images.shape:
            raise ValueError(
                f"the copies {title!r} have the shape {pictures.shape}, and the originals "
                f"{images.shape}; they should be the same"
            )
        for column, picture in enumerate(pictures):
            axes = figure.add_subplot(grid[row, column])
            _show_ink(axes, picture)
            if column == 0:
                axes.set_ylabel(title, rotation=0, ha="right", va="center", fontsize=10)
            if row == 0 and names:
                axes.set_title(names[column], fontsize=10, pad=3)
    figure.set_label(
        f"{counted(len(images), 'image')} of digits{_listed(names)}; under each its copies: "
        + ", ".join(copies)
    )
    return figure


def prediction(image: np.ndarray, probabilities: np.ndarray) -> Figure:
    """What the network saw (28, 28), and how probable it thinks each digit is (10,).

    image          pixels from 0 to 1
    probabilities  shares from 0 to 1, drawn in percent

    >>> images, labels = data.load_mnist(split="test")[:1]
    >>> probabilities = np.full(10, 0.02)
    >>> probabilities[labels[0]] = 0.82
    >>> plot.prediction(images[0], probabilities).get_label()
    'A digit as the network saw it, taken for a 7 with 82.0 %'
    """
    figure = Figure(figsize=(6.5, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])
    _show_ink(left, image)
    left.set_title("what the network saw", fontsize=10)
    likely = int(np.argmax(probabilities))
    colours = [COLOURS[1] if digit == likely else COLOURS[7] for digit in range(10)]
    bars = right.barh(range(10), 100 * probabilities, color=colours)
    right.bar_label(bars, [f"{100 * p:.1f}" for p in probabilities], fontsize=8, padding=3)
    right.set(xlim=(0, 112), yticks=range(10), xlabel="probability (%)")
    right.invert_yaxis()
    right.spines[["top", "right"]].set_visible(False)
    figure.set_label(
        f"A digit as the network saw it, taken for a {likely} with "
        f"{100 * probabilities[likely]:.1f} %"
    )
    return figure


def most_wrong(model: Any, dataset: Dataset, count: int = 8) -> Figure:
    """The images that a model is most wrong about, and how probable it thinks each class is.

    model    images -> scores (n, classes), as `evaluate` takes it; a Module is in eval mode
             meanwhile
    dataset  has a length, and gives (images (n, 28, 28), classes (n,)) for a slice
    count    how many images at most: those to whose true class it gives the least probability

    Raises ValueError if the dataset is empty, or every answer is right.

    >>> dataset = data.TensorDataset(np.zeros((2, 28, 28)), np.array([0, 1]))
    >>> says_zero = lambda images: np.array([[2.0, 0.0]] * len(images))
    >>> plot.most_wrong(says_zero, dataset).get_label()
    'The most wrong, 1 answer: a 1 taken for 0 with 88.1 %'
    """
    probabilities, labels = _thoughts(model, dataset)
    of_truth = probabilities[np.arange(len(labels)), labels]
    wrong = np.flatnonzero(probabilities.argmax(1) != labels)
    if not len(wrong):
        right = "the one answer is" if len(labels) == 1 else f"all {len(labels):,} answers are"
        raise ValueError(f"{right} right, so there is nothing to draw")
    shown = wrong[np.argsort(of_truth[wrong], kind="stable")][:count]
    images = _stack(np.concatenate([plain(dataset[i : i + 1][0]) for i in shown.tolist()]))
    columns = min(4, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(2.1 * columns + 0.2, 3.1 * rows + 0.2), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    told = []
    for place, i in enumerate(shown):
        inner = grid[place].subgridspec(2, 1, height_ratios=(2.4, 1))
        picture, bars = figure.add_subplot(inner[0]), figure.add_subplot(inner[1])
        true, taken = int(labels[i]), int(probabilities[i].argmax())
        _show_ink(picture, images[place])
        picture.set_title(f"{true}, taken for {taken}", fontsize=10, pad=3)
        _draw_thought(bars, probabilities[i], true, taken)
        told.append(f"a {true} taken for {taken} with {100 * probabilities[i, taken]:.1f} %")
    figure.supylabel("probability (%)", fontsize=9)
    figure.suptitle(f"{len(wrong):,} of {len(labels):,} wrong; most wrong first", fontsize=11)
    answers = counted(len(shown), "answer")
    figure.set_label(f"The most wrong, {answers}: {'; '.join(told)}")
    return figure


def _draw_thought(axes: Axes, probabilities: np.ndarray, true: int, taken: int) -> None:
    """A bar for each class, orange for the answer; the true class has a frame around its name."""
    classes = range(len(probabilities))
    colours = [COLOURS[2] if c == taken else COLOURS[7] for c in classes]
    axes.bar(classes, 100 * probabilities, color=colours)
    axes.set(ylim=(0, 105), yticks=[0, 50, 100], xticks=classes)
    frame = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": COLOURS[1]}
    axes.get_xticklabels()[true].set(bbox=frame, color=COLOURS[1], weight="bold")
    axes.tick_params(labelsize=7, length=2)
    axes.spines[["top", "right"]].set_visible(False)


def _thoughts(model: Any, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities (n, classes) that a model gives, and the true classes (n,)."""
    if not len(dataset):
        raise ValueError("there is nothing to draw: the dataset has no examples")
    probabilities, labels = [], []
    with in_eval_mode(model), no_grad():
        for start in range(0, len(dataset), 1000):
            images, classes = dataset[start : start + 1000]
            probabilities.append(np.asarray(softmax(plain(model(images)), dim=1)))
            labels.append(plain(classes))
    return np.concatenate(probabilities), np.concatenate(labels)


def _stack(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 3:
        raise ValueError(f"a figure of images needs an array (n, 28, 28), and got {images.shape}")
    need(len(images), "at least one image")
    return images


def _names(labels: Any, count: int) -> list[str]:
    if labels is None:
        return []
    names = [str(label) for label in labels]
    if len(names) != count:
        raise ValueError(f"{counted(len(names), 'label')} for {counted(count, 'image')}")
    return names


def _listed(names: list[str]) -> str:
    return f", labelled {', '.join(names)}" if names else ""


def _show_ink(axes: Axes, image: np.ndarray) -> None:
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    bare(axes)
