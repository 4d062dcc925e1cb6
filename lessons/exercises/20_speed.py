"""Exercises of lesson 20. Check them with `python -m lessons check 20`."""


def rmsprop_step(w, g, v, scratch, lr, rho, eps):
    """One step of RMSprop (Tieleman and Hinton, 2012) in few passes, in the given arrays.

        v <- rho * v + (1 - rho) * g^2
        w <- w - lr * g / (sqrt(v) + eps)

    w, g, v       arrays of one shape; change w and v in place, and do not change g
    scratch       an array of the same shape, to use as you like; what is in it does not matter
    lr, rho, eps  numbers

    Make at most nine passes over the arrays, and no new array at all: use operators such as `*=`,
    and NumPy functions with `out=`. A copy, by whatever function, is a pass too. Use the arrays as
    they are given: passes over np.asarray(w) or over single numbers cannot be counted. Return
    nothing.

    Judged, for three shapes, by w and v after two steps and by whether g stays as it was; and by
    three answers, which should all be no (0): are there more than nine passes, are there too few to
    be counted, does the memory in use grow by an array?
    """
    raise NotImplementedError


def cross_entropy_gradient_in_place(scores, labels):
    """Turn scores into the gradient of their cross-entropy, in the memory that they already have.

    scores  an array (n, k), float32; any finite scores, even 300 or -300
    labels  an array (n,), integers from 0 to k - 1: the right classes

    The cross-entropy is the mean over the n examples, so the gradient is (p - y) / n, with the
    softmax p and the one-hot y (lesson 9). Afterwards `scores` should hold it. You may make new
    arrays of n numbers, such as the largest score of each row, but none of n * k. Return nothing.

    Judged for four arrays of scores, by `scores` afterwards, and by whether the memory in use grows
    by n * k numbers (0 if not).
    """
    raise NotImplementedError


def multiply_adds(sizes, batch, images_want_gradient):
    """The multiply-adds of the matrix products of one training step, forward and backward.

    sizes                 the sizes, such as (784, 100, 10): a linear layer between each two
                          neighbours
    batch                 how many images a step uses
    images_want_gradient  True if the gradient of the images is computed too
    returns               a whole number

    Judged for several networks, with one or more layers.
    """
    raise NotImplementedError
