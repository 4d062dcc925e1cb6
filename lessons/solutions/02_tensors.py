"""Solutions to the exercises of lesson 2."""

import numpy as np

import tinygrad_mlp as tg


def unbroadcast(g, shape):
    """NumPy compares shapes from the right, so what is missing was added in front.

    These dimensions are summed away, and those of length 1 are summed and kept. All other lengths
    must be equal, which is checked first: afterwards it is too late.
    """
    g = np.asarray(g)
    extra = g.ndim - len(shape)
    pairs = list(zip(shape, g.shape[max(extra, 0) :], strict=False))
    if extra < 0 or any(length not in (1, other) for length, other in pairs):
        raise ValueError(f"shape {shape} cannot have been stretched to {g.shape}")
    g = g.sum(axis=tuple(range(extra)))
    ones = tuple(d for d, length in enumerate(shape) if length == 1)
    return g.sum(axis=ones, keepdims=True)


def column_means_rule(g, y, x):
    """Each number of column j moves the mean of that column, 1 / n times as far as it moves itself.

    So each of the n rows gets g / n: the reverse of summing is copying. broadcast_to copies the row
    (m,) to the shape (n, m); g / n has the factor, and n is the number of rows, not of all values.
    """
    return np.broadcast_to(g / len(x), x.shape)


def linear_rules(g, x, weight, bias):
    """The product is x times B, with B = weight.T of shape (inputs, outputs).

    By the rule of the matrix product, x gets g B^T = g @ weight, and B gets x^T g, of shape
    (inputs, outputs). The weight is B transposed, so its gradient is that transposed: g^T x.
    The bias was copied to all n rows, so its gradient is the sum over the rows.
    """
    return g @ weight, g.T @ x, g.sum(axis=0)


def fit_logistic(x, labels, rate, steps):
    """New tensors in each step, so that each gradient belongs to this step alone.

    Keeping the tensors would also work, if their .grad were set to None before each backward():
    backward() adds to what it finds there.
    """
    w, b = np.zeros(x.shape[1]), np.zeros(())
    examples, right = tg.tensor(x), tg.tensor(labels)
    for _ in range(steps):
        leaf_w = tg.tensor(w, requires_grad=True)
        leaf_b = tg.tensor(b, requires_grad=True)
        p = (examples @ leaf_w + leaf_b).sigmoid()
        loss = -(right * p.log() + (1 - right) * (1 - p).log()).mean()
        loss.backward()
        w = w - rate * leaf_w.grad.data
        b = b - rate * leaf_b.grad.data
    return w, b
