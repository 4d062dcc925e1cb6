"""The connected pieces of a drawing.

Each row of pixels is a list of runs of ink; runs that touch in neighbouring rows, also by a
corner, belong to one piece (union-find, Tarjan, 1975).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Piece:
    """A connected piece of ink.

    label  what marks its pixels in the labels (h, w)
    mass   the sum of its ink
    area   how many pixels it has
    top    its first row; `bottom` is the row after its last, `left` and `right` are columns
    """

    label: int
    mass: float
    area: int
    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """The rows that it takes."""
        return self.bottom - self.top

    @property
    def size(self) -> int:
        """The longer side of the box around it, in pixels."""
        return max(self.bottom - self.top, self.right - self.left)

    @property
    def box(self) -> tuple[slice, slice]:
        """The rows and columns of the box around it."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def gap(piece: Piece, other: Piece) -> int:
    """How many pixels lie between the boxes of two pieces, along the axis where they are most."""
    down = max(piece.top - other.bottom, other.top - piece.bottom)
    right = max(piece.left - other.right, other.left - piece.right)
    return max(down, right, 0)


def pieces_of(mask: np.ndarray, ink: np.ndarray) -> tuple[np.ndarray, list[Piece]]:
    """Labels (h, w), 0 where the mask is False, and the pieces by their labels, from 1."""
    height, width = mask.shape
    edged = np.zeros((height, width + 2), np.int8)
    edged[:, 1:-1] = mask
    change = np.diff(edged)
    rows, starts = np.nonzero(change == 1)
    ends = np.nonzero(change == -1)[1]
    piece_of_run = _joined(rows, starts, ends, height)
    count = int(piece_of_run.max()) + 1 if piece_of_run.size else 0
    labels = np.zeros((height, width), np.int32)
    labels[mask] = np.repeat(piece_of_run + 1, ends - starts)
    mass = np.bincount(labels.ravel(), ink.ravel())
    area = np.bincount(labels.ravel())
    top, left = np.full(count, height), np.full(count, width)
    bottom, right = np.zeros_like(top), np.zeros_like(left)
    np.minimum.at(top, piece_of_run, rows)
    np.maximum.at(bottom, piece_of_run, rows + 1)
    np.minimum.at(left, piece_of_run, starts)
    np.maximum.at(right, piece_of_run, ends)
    return labels, [
        Piece(i + 1, float(mass[i + 1]), int(area[i + 1]), *(int(side[i]) for side in sides))
        for i in range(count)
        for sides in [(top, bottom, left, right)]
    ]


def _joined(rows: np.ndarray, starts: np.ndarray, ends: np.ndarray, height: int) -> np.ndarray:
    """For each run the number of its piece, from 0."""
    parent = list(range(len(rows)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    first = np.searchsorted(rows, np.arange(height + 1)).tolist()
    start, end = starts.tolist(), ends.tolist()
    for row in range(1, height):
        above, below = first[row - 1], first[row]
        while above < first[row] and below < first[row + 1]:
            if start[above] <= end[below] and start[below] <= end[above]:
                parent[root(below)] = root(above)
            if end[above] < end[below]:
                above += 1
            else:
                below += 1
    return np.unique([root(run) for run in range(len(rows))], return_inverse=True)[1]
