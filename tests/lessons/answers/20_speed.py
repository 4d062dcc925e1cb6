"""Answers to the exercises of lesson 20, as students might write them."""

from itertools import pairwise

import numpy as np

# --------------------------------------------------------------------------------- rmsprop_step


def after_the_square(w, g, v, scratch, lr, rho, eps):
    """The nine passes of the solution but the first, which has put g * g into scratch."""
    scratch *= 1 - rho
    v *= rho
    v += scratch
    np.sqrt(v, out=scratch)
    scratch += eps
    np.divide(g, scratch, out=scratch)
    scratch *= lr
    w -= scratch


def copies_with_copyto(w, g, v, scratch, lr, rho, eps):
    np.copyto(dst=scratch, src=g)
    scratch *= g
    after_the_square(w, g, v, scratch, lr, rho, eps)


def copies_with_put(w, g, v, scratch, lr, rho, eps):
    np.put(scratch, np.arange(g.size), g)
    scratch *= g
    after_the_square(w, g, v, scratch, lr, rho, eps)


def copies_with_the_method_put(w, g, v, scratch, lr, rho, eps):
    scratch.put(range(g.size), g)
    scratch *= g
    after_the_square(w, g, v, scratch, lr, rho, eps)


def copies_with_place(w, g, v, scratch, lr, rho, eps):
    np.place(scratch, np.ones(g.shape, bool), g)
    scratch *= g
    after_the_square(w, g, v, scratch, lr, rho, eps)


def copies_into_a_slice(w, g, v, scratch, lr, rho, eps):
    scratch[:] = g
    scratch *= g
    after_the_square(w, g, v, scratch, lr, rho, eps)


def fills_and_adds(w, g, v, scratch, lr, rho, eps):
    scratch.fill(0)
    scratch += g
    scratch *= g
    after_the_square(w, g, v, scratch, lr, rho, eps)


def writes_into_a_copy(w, g, v, scratch, lr, rho, eps):
    scratch = g.copy()
    np.multiply(g, g, out=scratch)
    after_the_square(w, g, v, scratch, lr, rho, eps)


def casts(w, g, v, scratch, lr, rho, eps):
    scratch = g.astype(np.float64)
    scratch *= g
    after_the_square(w, g, v, scratch, lr, rho, eps)


def takes_all_by_index(w, g, v, scratch, lr, rho, eps):
    scratch = g[np.arange(len(g))]
    scratch *= g
    after_the_square(w, g, v, scratch, lr, rho, eps)


def makes_an_empty_array(w, g, v, scratch, lr, rho, eps):
    part = np.empty(g.shape)
    np.multiply(g, g, out=part)
    after_the_square(w, g, v, part, lr, rho, eps)


def hides_in_plain_arrays(w, g, v, scratch, lr, rho, eps):
    w, g, v, scratch = (np.asarray(x) for x in (w, g, v, scratch))
    scratch[...] = g
    scratch *= g
    after_the_square(w, g, v, scratch, lr, rho, eps)


def one_row_at_a_time(w, g, v, scratch, lr, rho, eps):
    for i in range(len(w)):
        v[i] = rho * v[i] + (1 - rho) * g[i] ** 2
        w[i] -= lr * g[i] / (np.sqrt(v[i]) + eps)


def divides_g_and_scales_elsewhere(w, g, v, scratch, lr, rho, eps):
    np.multiply(g, g, out=scratch)
    scratch *= 1 - rho
    v *= rho
    v += scratch
    np.sqrt(v, out=scratch)
    scratch += eps
    g /= scratch
    np.multiply(g, lr, out=scratch)
    w -= scratch


def rmsprop_by_functions(w, g, v, scratch, lr, rho, eps):
    np.square(g, scratch)
    np.multiply(scratch, 1 - rho, scratch)
    np.multiply(v, rho, v)
    np.add(v, scratch, v)
    np.sqrt(v, scratch)
    np.add(scratch, eps, scratch)
    np.divide(g, scratch, scratch)
    np.multiply(scratch, lr, scratch)
    np.subtract(w, scratch, w)


def rmsprop_scaled_first(w, g, v, scratch, lr, rho, eps):
    np.multiply(g, 1 - rho, out=scratch)
    scratch *= g
    v *= rho
    v += scratch
    np.sqrt(v, out=scratch)
    scratch += eps
    np.divide(g, scratch, out=scratch)
    scratch *= -lr
    w += scratch


def rmsprop_by_rows(w, g, v, scratch, lr, rho, eps):
    for w_row, g_row, v_row, room in zip(*map(np.atleast_2d, (w, g, v, scratch)), strict=True):
        rmsprop_scaled_first(w_row, g_row, v_row, room, lr, rho, eps)


# -------------------------------------------------------------- cross_entropy_gradient_in_place


def into_softmax(scores):
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)


def with_one_hot_rows(scores, labels):
    into_softmax(scores)
    scores -= np.eye(scores.shape[1], dtype=np.float32)[labels]
    scores /= len(scores)


def with_a_mask(scores, labels):
    into_softmax(scores)
    scores -= np.arange(scores.shape[1]) == labels[:, None]
    scores /= len(scores)


def softmax_only(scores, labels):
    into_softmax(scores)
    scores /= len(scores)


def in_float64(scores, labels):
    e = scores.astype(np.float64)
    into_softmax(e)
    e[np.arange(len(e)), labels] -= 1
    scores[...] = e / len(e)


def in_place_by_functions(scores, labels):
    np.subtract(scores, scores.max(1)[:, None], scores)
    np.exp(scores, scores)
    np.divide(scores, scores.sum(1)[:, None] * len(scores), scores)
    np.subtract.at(scores, (np.arange(len(scores)), labels), 1 / len(scores))


def in_place_by_rows(scores, labels):
    for row, label in zip(scores, labels, strict=True):
        row -= row.max()
        np.exp(row, out=row)
        row /= row.sum()
        row[label] -= 1
        row /= len(scores)


# -------------------------------------------------------------------------------- multiply_adds


def operations_instead_of_pairs(sizes, batch, images_want_gradient):
    return 2 * multiply_adds_in_a_loop(sizes, batch, images_want_gradient)


def only_two_layers(sizes, batch, images_want_gradient):
    first, second = sizes[0] * sizes[1], sizes[1] * sizes[-1]
    return batch * (2 * first + 3 * second + images_want_gradient * first)


def multiply_adds_in_a_loop(sizes, batch, images_want_gradient):
    total = 0
    for i in range(len(sizes) - 1):
        products = 3 if i > 0 or images_want_gradient else 2
        total += products * batch * sizes[i] * sizes[i + 1]
    return total


def multiply_adds_by_arrays(sizes, batch, images_want_gradient):
    forward = batch * int(np.dot(sizes[:-1], sizes[1:]))
    later = batch * sum(a * b for a, b in pairwise(sizes[1:]))
    return forward + forward + (forward if images_want_gradient else later)


WRONG = {
    "rmsprop_step": [
        copies_with_copyto,
        copies_with_put,
        copies_with_the_method_put,
        copies_with_place,
        copies_into_a_slice,
        fills_and_adds,
        writes_into_a_copy,
        casts,
        takes_all_by_index,
        makes_an_empty_array,
        hides_in_plain_arrays,
        one_row_at_a_time,
        divides_g_and_scales_elsewhere,
    ],
    "cross_entropy_gradient_in_place": [with_one_hot_rows, with_a_mask, softmax_only, in_float64],
    "multiply_adds": [operations_instead_of_pairs, only_two_layers],
}
RIGHT = {
    "rmsprop_step": [rmsprop_by_functions, rmsprop_scaled_first, rmsprop_by_rows],
    "cross_entropy_gradient_in_place": [in_place_by_functions, in_place_by_rows],
    "multiply_adds": [multiply_adds_in_a_loop, multiply_adds_by_arrays],
}
