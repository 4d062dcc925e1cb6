"""Answers to the exercises of lesson 17, as students might write them."""

import numpy as np

# ---------------------------------------------------------------------------------- sample_at


def mixed_at(image, row, column):
    """One value, for answers that go through the places."""
    h, w = image.shape
    row, column = min(max(row, 0), h - 1), min(max(column, 0), w - 1)
    i, j = min(int(row), h - 2), min(int(column), w - 2)
    a, b = row - i, column - j
    above = (1 - b) * image[i, j] + b * image[i, j + 1]
    below = (1 - b) * image[i + 1, j] + b * image[i + 1, j + 1]
    return (1 - a) * above + a * below


def through_lists(image, rows, columns):
    pixels = np.pad(image, 0)
    pairs = zip(rows.ravel().tolist(), columns.ravel().tolist(), strict=True)
    return np.array([mixed_at(pixels, row, column) for row, column in pairs]).reshape(rows.shape)


def vectorised_in_name(image, rows, columns):
    return np.vectorize(lambda row, column: mixed_at(image, row, column))(rows, columns)


def row_by_row(image, rows, columns):
    values = np.zeros(rows.shape)
    for place in range(len(rows)):
        values[place] = at_once(image, rows[place], columns[place])
    return values


def only_one_dimension(image, rows, columns):
    return at_once(image, rows, columns).ravel()


def height_for_width(image, rows, columns):
    h, w = image.shape
    rows, columns = np.clip(rows, 0, w - 1), np.clip(columns, 0, h - 1)
    i, j = np.minimum(rows.astype(int), h - 2), np.minimum(columns.astype(int), w - 2)
    return four(image, i, j, rows - i, columns - j)


def changes_the_image(image, rows, columns):
    values = at_once(image, rows, columns)
    image[0] = image[1]
    return values


def four(image, i, j, a, b):
    top = image[i, j] + b * (image[i, j + 1] - image[i, j])
    bottom = image[i + 1, j] + b * (image[i + 1, j + 1] - image[i + 1, j])
    return top + a * (bottom - top)


def at_once(image, rows, columns):
    h, w = image.shape
    rows, columns = np.clip(rows, 0, h - 1), np.clip(columns, 0, w - 1)
    i, j = np.minimum(rows.astype(int), h - 2), np.minimum(columns.astype(int), w - 2)
    return four(image, i, j, rows - i, columns - j)


def with_a_wide_border(image, rows, columns):
    """The border once more on the last side, so that no index needs to stop early."""
    h, w = image.shape
    padded = np.pad(image, ((0, 1), (0, 1)), "edge")
    rows, columns = np.clip(rows, 0, h - 1), np.clip(columns, 0, w - 1)
    i, j = np.floor(rows).astype(int), np.floor(columns).astype(int)
    return four(padded, i, j, rows - i, columns - j)


def four_weights(image, rows, columns):
    """A loop over the four corners is none over the places."""
    h, w = image.shape
    rows, columns = np.clip(rows, 0, h - 1), np.clip(columns, 0, w - 1)
    i, j = np.floor(rows).astype(int), np.floor(columns).astype(int)
    total = np.zeros(rows.shape)
    for k in (0, 1):
        for m in (0, 1):
            weight = (1 - np.abs(rows - i - k)) * (1 - np.abs(columns - j - m))
            total += weight * image[np.minimum(i + k, h - 1), np.minimum(j + m, w - 1)]
    return total


# ------------------------------------------------------------------------------ lookup_matrix


def pieces(degrees, scale, shear):
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return turn, np.array([[1.0, 0.0], [-shear, 1.0]])


def inverses_in_the_old_order(degrees, scale, shear):
    turn, lean = pieces(degrees, scale, shear)
    return turn.T @ np.linalg.inv(lean) / scale


def shear_as_an_angle(degrees, scale, shear):
    turn, lean = pieces(degrees, scale, np.tan(np.radians(shear)))
    return np.linalg.inv(scale * turn @ lean)


def without_scale(degrees, scale, shear):
    turn, lean = pieces(degrees, scale, shear)
    return np.linalg.inv(turn @ lean)


def scaled_twice(degrees, scale, shear):
    turn, lean = pieces(degrees, scale, shear)
    return scale * np.linalg.inv(turn @ lean)


def shear_along_columns(degrees, scale, shear):
    turn, _ = pieces(degrees, scale, shear)
    return np.linalg.inv(scale * turn @ np.array([[1.0, -shear], [0.0, 1.0]]))


def inverses_in_the_new_order(degrees, scale, shear):
    turn, _ = pieces(degrees, scale, shear)
    return np.array([[1.0, 0.0], [shear, 1.0]]) @ turn.T / scale


def written_out(degrees, scale, shear):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s], [shear * c + s, c - shear * s]]) / scale


WRONG = {
    "sample_at": [
        through_lists,
        vectorised_in_name,
        row_by_row,
        only_one_dimension,
        height_for_width,
        changes_the_image,
    ],
    "lookup_matrix": [
        inverses_in_the_old_order,
        shear_as_an_angle,
        without_scale,
        scaled_twice,
        shear_along_columns,
    ],
}
RIGHT = {
    "sample_at": [with_a_wide_border, four_weights],
    "lookup_matrix": [inverses_in_the_new_order, written_out],
}
