"""Answers to the exercises of lesson 18, as students might write them."""

import math

import numpy as np

# ---------------------------------------------------------------------------------- one_cycle


def whole_steps_up(step, total, top):
    up = int(0.3 * total)
    if step < up:
        return top / 25 + (top - top / 25) * (1 - math.cos(math.pi * step / up)) / 2
    share = (step - up) / (total - 1 - up)
    return top / 250_000 + (top - top / 250_000) * (1 + math.cos(math.pi * share)) / 2


def down_to_nothing(step, total, top):
    up = 0.3 * total - 1
    if step <= up:
        return top + (top / 25 - top) / 2 * (1 + math.cos(math.pi * step / up))
    return top / 2 * (1 + math.cos(math.pi * (step - up) / (total - 1 - up)))


def upside_down(step, total, top):
    up = 0.3 * total - 1
    u, v, t = (top / 25, top, step / up) if step <= up else (top, top / 25e4, 1.0)
    if step > up:
        t = (step - up) / (total - 1 - up)
    return u + (u - v) / 2 * (1 + math.cos(math.pi * t))


def by_interpolation(step, total, top):
    up, end = 0.3 * total - 1, total - 1
    phase = np.interp(step, [0, up, end], [0, 1, 2])
    if phase <= 1:
        return float(top / 25 + (top - top / 25) * np.sin(np.pi * phase / 2) ** 2)
    return float(top / 25e4 + (top - top / 25e4) * np.cos(np.pi * (phase - 1) / 2) ** 2)


def two_cosines(step, total, top):
    up, end = 0.3 * total - 1, total - 1
    if step > up:
        low, share = top / 250_000, (end - step) / (end - up)
    else:
        low, share = top / 25, step / up
    return low + (top - low) * (1 - math.cos(math.pi * share)) / 2


# ---------------------------------------------------------------------------- chosen_honestly


def only_the_share(right, to_choose, to_judge):
    best = right[:, to_choose].mean(axis=1).argmax()
    return right[best, to_judge].mean()


def along_the_networks(right, to_choose, to_judge):
    best = right[:, to_choose].mean(axis=0).argmax()
    return int(best), right[best % len(right), to_judge].mean()


def count_of_right_answers(right, to_choose, to_judge):
    best = right[:, to_choose].sum(axis=1).argmax()
    return int(best), int(right[best, to_judge].sum())


def worst_of_all(right, to_choose, to_judge):
    best = right[:, to_choose].sum(axis=1).argmin()
    return int(best), right[best, to_judge].mean()


def by_counting(right, to_choose, to_judge):
    counts = [int(np.count_nonzero(row[to_choose])) for row in right]
    best = counts.index(max(counts))
    return best, np.count_nonzero(right[best][to_judge]) / len(to_judge)


def with_take(right, to_choose, to_judge):
    shares = np.take(right, to_choose, axis=1).astype(float) @ np.ones(len(to_choose))
    best = np.argmax(shares)
    return [best, np.mean(np.take(right[best], to_judge))]


# -------------------------------------------------------------------------------- RunningNorm


class Base:
    def __init__(self, units):
        self.mean = np.zeros(units)
        self.variance = np.ones(units)


class SharedByAll:
    """Arrays of the class: a second object has seen what the first one saw."""

    mean = np.zeros(3)
    variance = np.ones(3)

    def __init__(self, units):
        pass

    def __call__(self, x, training):
        mean, variance = self.mean[: x.shape[1]], self.variance[: x.shape[1]]
        if not training:
            return (x - mean) / np.sqrt(variance + 1e-5)
        mean *= 0.9
        mean += 0.1 * x.mean(axis=0)
        variance *= 0.9
        variance += 0.1 * x.var(axis=0, ddof=1)
        return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


class StandardDeviations(Base):
    def __call__(self, x, training):
        if training:
            self.mean = 0.9 * self.mean + 0.1 * x.mean(axis=0)
            self.variance = 0.9 * self.variance + 0.1 * x.std(axis=0, ddof=1)
            return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
        return (x - self.mean) / np.sqrt(self.variance + 1e-5)


class WithoutRoot(Base):
    def __call__(self, x, training):
        mean, variance = self.mean, self.variance
        if training:
            mean, variance = x.mean(axis=0), x.var(axis=0)
            self.mean = 0.9 * self.mean + 0.1 * mean
            self.variance = 0.9 * self.variance + 0.1 * x.var(axis=0, ddof=1)
        return (x - mean) / (variance + 1e-5)


class LastBatch(Base):
    def __call__(self, x, training):
        if training:
            self.mean, self.variance = x.mean(axis=0), x.var(axis=0, ddof=1)
            return (x - self.mean) / np.sqrt(x.var(axis=0) + 1e-5)
        return (x - self.mean) / np.sqrt(self.variance + 1e-5)


class InPlace(Base):
    def __call__(self, x, training):
        if not training:
            return (x - self.mean) / np.sqrt(self.variance + 1e-5)
        centred = x - x.mean(axis=0)
        squares = (centred * centred).sum(axis=0)
        self.mean *= 0.9
        self.mean += x.mean(axis=0) / 10
        self.variance *= 0.9
        self.variance += squares / (len(x) - 1) / 10
        return centred / (squares / len(x) + 1e-5) ** 0.5


class TwoMethods(Base):
    def __call__(self, x, training):
        return self.learn(x) if training else self.scaled(x, self.mean, self.variance)

    def learn(self, x):
        n, batch = len(x), (np.mean(x, 0), np.var(x, 0))
        self.mean = self.mean + (batch[0] - self.mean) / 10
        self.variance = self.variance + (batch[1] * n / (n - 1) - self.variance) / 10
        return self.scaled(x, *batch)

    def scaled(self, x, mean, variance):
        return (x - mean) * (variance + 1e-5) ** -0.5


WRONG = {
    "one_cycle": [whole_steps_up, down_to_nothing, upside_down],
    "chosen_honestly": [only_the_share, along_the_networks, count_of_right_answers, worst_of_all],
    "RunningNorm": [SharedByAll, StandardDeviations, WithoutRoot, LastBatch],
}
RIGHT = {
    "one_cycle": [by_interpolation, two_cosines],
    "chosen_honestly": [by_counting, with_take],
    "RunningNorm": [InPlace, TwoMethods],
}
