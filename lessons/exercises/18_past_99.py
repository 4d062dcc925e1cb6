"""Exercises of lesson 18. Check them with `python -m lessons check 18`."""

import numpy as np


def one_cycle(step: int, total: int, top: float) -> float:
    """The learning rate of a one-cycle schedule at a step.

    The rate starts at top / 25 at step 0, reaches `top` at step up = 0.3 * total - 1, and ends at
    top / 250,000 at step total - 1. Both ways go along half a cosine wave: from u to v, after the
    share t of the way (0 at the beginning, 1 at the end), it is v + (u - v) / 2 * (1 + cos(pi t)).
    `optim.lr_scheduler.OneCycleLR` has the same formula.

    step     from 0 to total - 1
    total    how many steps there are; `up` need not be a whole number
    top      the largest rate
    returns  the rate, a number

    Judged at every step of schedules of several lengths.
    """
    raise NotImplementedError


def chosen_honestly(
    right: np.ndarray, to_choose: np.ndarray, to_judge: np.ndarray
) -> tuple[int, float]:
    """Choose the best of many networks by some images, and judge it by others.

    right      booleans (networks, images): is a network right about an image?
    to_choose  the indices of the images to choose by
    to_judge   the indices of other images
    returns    the index of the network with the most right answers on the images to choose by (of
               several the first), and its share of right answers, 0 to 1, on those to judge by

    Judged on several tables, one of them with two networks that are equally good. Some images are
    in neither list.
    """
    raise NotImplementedError


class RunningNorm:
    """Batch normalisation with its two modes, without gamma and beta, for arrays.

    mean      the running mean of each unit, an array (units,), 0 at first
    variance  the running variance of each unit, an array (units,), 1 at first
    """

    def __init__(self, units: int):
        raise NotImplementedError

    def __call__(self, x: np.ndarray, training: bool) -> np.ndarray:
        """(n, units) -> (n, units): each column minus a mean, over the root of a variance + 1e-5.

        In training: those of the batch (the variance with n). Then `mean` moves a tenth of the way
        from its old value to the batch's mean, and `variance` a tenth of the way to the batch's
        variance with n - 1, which does not underestimate. This is how `nn.BatchNorm1d` does it.

        Otherwise: by the running mean and variance, which stay as they are. n may be 1.

        Judged by a sequence of batches in both modes: the answers, `mean` and `variance` after
        each, and a second object that has not seen them.
        """
        raise NotImplementedError
