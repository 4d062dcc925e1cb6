"""Exercises of lesson 15. Check them with `python -m lessons check 15`."""


def rmsprop_step(w, g, v, scratch, lr, rho, eps):
    """One step of RMSprop (Tieleman and Hinton, 2012) in few passes, in the arrays that are there.

        v <- rho * v + (1 - rho) * g^2
        w <- w - lr * g / (sqrt(v) + eps)

    w, g, v       arrays of one shape; change w and v in place, and leave g as it is
    scratch       an array of the same shape, for whatever you like; what is in it does not matter
    lr, rho, eps  numbers

    At most nine passes over the arrays, and no new array at all: use operators such as `*=`, and
    NumPy functions with `out=`. Return nothing.

    Judged, for some shapes, by five values: w and v after two steps, g, the number of passes
    above nine, and the number of new arrays.
    """
    raise NotImplementedError


def cross_entropy_gradient_in_place(scores, labels):
    """Turn scores into the gradient of their cross-entropy, in the memory that they have.

    scores  (n, k), float32; any finite scores, also 300 or -300
    labels  (n,), integers from 0 to k - 1: the right classes

    The cross-entropy is the mean over the n examples, so the gradient is (p - y) / n, with the
    softmax p and the one-hot y (lesson 8). Afterwards `scores` holds it. New arrays of n numbers
    may be made, as for the largest score of each row, but none of n * k. Return nothing.

    Judged, for some scores, by two values: `scores` afterwards, and the number of new arrays of
    n * k numbers.
    """
    raise NotImplementedError


def multiply_adds(sizes, batch, images_want_gradient):
    """The multiply-adds of the matrix products of one training step, forward and backward.

    sizes                 of the layers, as (784, 100, 10): linear layers between neighbours
    batch                 how many images a step uses
    images_want_gradient  True if the gradient of the images is computed too

    Return a whole number. Judged for several networks, with one layer and more.
    """
    raise NotImplementedError
