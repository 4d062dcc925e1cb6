"""How certain a figure is that comes from several seeds: intervals, and what could be missed.

An interval holds what it is about in 95 % of all experiments. That of a mean is Student's. It
trusts in values that lie around their mean as those of a bell curve do. Where that is known to be
false, as for the smallest network, some of whose runs lie far below the others, the interval is
that of the median, which needs no such trust. Which of the two it is must not depend on the values
themselves: whoever chooses after looking has less than 95 %.

Student (1908), "The probable error of a mean"; Welch (1947) for two means; for the median, David
and Nagaraja (2003), "Order statistics", section 7.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

LEVEL = 0.95
"""In which share of all experiments an interval holds what it is about."""

POWER = 0.8
"""In which share of experiments an effect should be seen, for `smallest_seen`."""

FAR = 5.0
"""How many standard deviations from the median is far, where those are judged by the quartiles."""


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval.

    middle  the mean, or the median
    low     where the range begins; None if there are too few values to say
    high    where it ends
    kind    "mean" or "median"
    count   how many values, or pairs of them, it comes from
    paired  whether the values are differences of runs with the same seed
    """

    middle: float
    low: float | None
    high: float | None
    kind: str
    count: int
    paired: bool = False

    def excludes(self, value: float) -> bool:
        """Whether there is a range, and the value lies outside it."""
        if self.low is None or self.high is None:
            return False
        return not self.low <= value <= self.high

    def ends(self, form: str) -> str:
        """Where the range begins and ends, as numbers of this format; "" if there is none."""
        if self.low is None or self.high is None:
            return ""
        return f"{self.low:{form}} to {self.high:{form}}"

    def times(self, factor: float) -> Interval:
        """The same in another unit; the factor is above 0."""
        low, high = (None if end is None else factor * end for end in (self.low, self.high))
        return Interval(factor * self.middle, low, high, self.kind, self.count, self.paired)


Values = Sequence[float] | np.ndarray


def mean(values: Values) -> Interval:
    """Their mean, with Student's interval. One value alone has none."""
    n, middle = len(values), float(np.mean(values))
    if n < 2:
        return Interval(middle, None, None, "mean", n)
    half = student(n - 1) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return Interval(middle, middle - half, middle + half, "mean", n)


def median(values: Values) -> Interval:
    """Their median, from one of the values to another: right for any values. It takes six.

    The median of all that could be drawn lies below the k-th smallest of n values if fewer than k
    of them fall below it, and each does with probability 1/2.
    """
    n, middle = len(values), float(np.median(values))
    left_out = 0  # at each end
    while 2 * sum(math.comb(n, k) for k in range(left_out + 1)) <= (1 - LEVEL) * 2**n:
        left_out += 1
    if not left_out:
        return Interval(middle, None, None, "median", n)
    ordered = sorted(values)
    low, high = float(ordered[left_out - 1]), float(ordered[-left_out])
    return Interval(middle, low, high, "median", n)


def difference(
    before: Mapping[int, float], after: Mapping[int, float], of_median: bool = False
) -> Interval:
    """How much higher `after` is than `before`; both are values by seed.

    of_median  give the median of the differences, not their mean

    Runs with the same seed are compared in pairs: networks of the same size begin with the same
    weights then. Seeds that only one side has are left out, unless fewer than two are shared; then
    the interval is Welch's.
    """
    shared = [seed for seed in before if seed in after]
    if len(shared) >= 2 or before.keys() == after.keys():
        found = (median if of_median else mean)([after[seed] - before[seed] for seed in shared])
        return Interval(found.middle, found.low, found.high, found.kind, found.count, paired=True)
    first, second = list(before.values()), list(after.values())
    count = min(len(first), len(second))
    middle = float(np.mean(second) - np.mean(first))
    if count < 2:
        return Interval(middle, None, None, "mean", count)
    a, b = (float(np.var(values, ddof=1)) / len(values) for values in (first, second))
    half = 0.0
    if a + b:
        freedom = (a + b) ** 2 / (a**2 / (len(first) - 1) + b**2 / (len(second) - 1))
        half = student(freedom) * math.sqrt(a + b)
    return Interval(middle, middle - half, middle + half, "mean", count)


def far_below(values: Values) -> int:
    """How many values lie so far below the others that they need another explanation.

    The middle half of a bell curve is 1.35 standard deviations wide.
    """
    if len(values) < 6:
        return 0
    lower, middle, upper = np.quantile(values, [0.25, 0.5, 0.75])
    return int(np.sum(np.asarray(values) < middle - FAR * (upper - lower) / 1.349))


@cache
def student(freedom: float) -> float:
    """The t with 95 % of Student's distribution between -t and t.

    freedom  its degrees of freedom, at least 1

    The distribution is that of sqrt(freedom) * tan(angle) where angles have the density
    cos(angle)^(freedom - 1), which is added up in small steps; right to five digits.
    """
    angles = np.linspace(0, np.pi / 2, 200_001)
    middles = (angles[1:] + angles[:-1]) / 2
    share = np.cumsum(np.cos(middles) ** (freedom - 1))
    angle = np.interp(LEVEL * share[-1], share, angles[1:])
    return float(math.sqrt(freedom) * np.tan(angle))


def smallest_seen(spread: float, count: int, rng: int = 0) -> float:
    """About the effect that four of five such experiments would tell from none, by simulation.

    spread  the standard deviation of the values, or of the differences of pairs
    count   how many there are, at least 2

    Each of 20,000 experiments draws its values; an effect is seen if the interval of their mean
    excludes 0, so what is needed to see it is the distance from the mean to that.
    """
    drawn = np.random.default_rng(rng).normal(0, spread, (20_000, count))
    half = student(count - 1) * drawn.std(axis=1, ddof=1) / math.sqrt(count)
    return float(np.quantile(half - drawn.mean(axis=1), POWER))
