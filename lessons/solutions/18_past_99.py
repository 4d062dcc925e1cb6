"""Worked answers of lesson 18."""

import math

import numpy as np


def one_cycle(step: int, total: int, top: float) -> float:
    """Two waves with one formula: first find out which one the step is in, and how far along."""
    first, last = top / 25, top / 250_000
    up, end = 0.3 * total - 1, total - 1
    if step <= up:
        u, v, share = first, top, step / up
    else:
        u, v, share = top, last, (step - up) / (end - up)
    return v + (u - v) / 2 * (1 + math.cos(math.pi * share))
