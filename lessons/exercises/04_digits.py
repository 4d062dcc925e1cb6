"""Exercises of lesson 4. Check them with `python -m lessons check 04`."""


def squared_distances(a, b):
    """The squared distance between every row of a and every row of b.

    a        array (m, d), such as 200 images as rows of 784 pixels
    b        array (n, d)
    returns  array (m, n): entry (i, j) is the sum of (a[i] - b[j]) ** 2

    Write it without a loop, and without an array of more than two axes: for 200 images and
    60,000 more, such an array would take 38 GB. Hint: (x - y)^2 = x^2 - 2 x y + y^2, and the
    sums over the middle term are one matrix product.

    Judged on two pairs of arrays of different shapes, and on larger ones by two questions (0 is
    expected): does Python take more steps when there are more rows, and is so much memory used
    that an array of three axes must have been made?
    """
    raise NotImplementedError


def precision_and_recall(confusion):
    """Two shares for each class, from a confusion matrix.

    confusion  counts (k, k): row = true class, column = answer
    returns    two arrays (k,):
               precision: of the images that were ANSWERED with this class, the share that are it
               recall:    of the images that ARE this class, the share that were found
               Where there is nothing to take a share of, the share is 0.

    Judged on two matrices. In one of them a class is never answered, and another never occurs.
    """
    raise NotImplementedError


def vote(distances, labels, k):
    """The answer of the k nearest neighbours.

    distances  array (m, n): from each of m images to each of n remembered ones
    labels     integers (n,) from 0 to 9: the labels of the remembered images
    k          how many of the nearest have a vote, one each
    returns    integers (m,): the label with the most votes. If several labels are tied, the one
               that has the nearest neighbour wins

    Judged with k = 1, 3, 4 and 5, and with ties. The first of the tied labels is not always that
    of the nearest of all.
    """
    raise NotImplementedError
