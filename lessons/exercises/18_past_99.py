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
