"""How the exercises of lesson 18 are judged."""

import math

import numpy as np

from lessons.checking import Exercise, Mistake

# ---------------------------------------------------------------------------------- one_cycle


def observe_cycle(answer):
    return [
        [answer(step, 40, 0.02) for step in range(40)],
        [answer(step, 55, 0.3) for step in range(55)],
        # The end is so small that the middle would hide it.
        answer(39, 40, 0.02),
        answer(117, 118, 0.005),
    ]


def cycle(step, total, top, up, end, wave):
    """A one-cycle schedule, for the wrong versions to vary."""
    if step <= up:
        u, v, share = top / 25, top, step / up
    else:
        u, v, share = top, top / 250_000, (step - up) / (end - up)
    return v + (u - v) * wave(share)


def half_wave(share):
    return (1 + math.cos(math.pi * share)) / 2


def linear(step, total, top):
    return cycle(step, total, top, 0.3 * total - 1, total - 1, lambda share: 1 - share)


def one_too_late(step, total, top):
    return cycle(step, total, top, 0.3 * total, total, half_wave)


def quarter_wave(step, total, top):
    def wave(share):
        return math.cos(math.pi * share / 2)

    return cycle(step, total, top, 0.3 * total - 1, total - 1, wave)


def back_to_the_start(step, total, top):
    up, end = 0.3 * total - 1, total - 1
    u, v = (top / 25, top) if step <= up else (top, top / 25)
    share = step / up if step <= up else (step - up) / (end - up)
    return v + (u - v) * half_wave(share)


def without_shift(step, total, top):
    up, end = 0.3 * total - 1, total - 1
    u, v = (top / 25, top) if step <= up else (top, top / 250_000)
    share = step / up if step <= up else step / end
    return v + (u - v) * half_wave(share)


# ---------------------------------------------------------------------------- chosen_honestly

rng = np.random.default_rng(18)
RIGHT = rng.random((7, 60)) < np.linspace(0.6, 0.8, 60)
TO_CHOOSE, TO_JUDGE = np.arange(0, 20), np.arange(20, 60)
SHUFFLED = rng.permutation(60)
# Networks 1 and 2 are equally good on the images to choose by, and not on the others.
TIE = np.array([[0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0]], bool)


def observe_choice(answer):
    return [
        answer(RIGHT, TO_CHOOSE, TO_JUDGE),
        answer(RIGHT, SHUFFLED[:15], SHUFFLED[15:40]),
        answer(TIE, np.arange(3), np.arange(3, 6)),
    ]


def best_by(right, images):
    return int(right[:, images].mean(axis=1).argmax())


def judged_where_chosen(right, to_choose, to_judge):
    best = best_by(right, to_choose)
    return best, right[best, to_choose].mean()


def judged_by_all(right, to_choose, to_judge):
    best = best_by(right, to_choose)
    return best, right[best].mean()


def chosen_by_all(right, to_choose, to_judge):
    best = int(right.mean(axis=1).argmax())
    return best, right[best, to_judge].mean()


def chosen_where_judged(right, to_choose, to_judge):
    best = best_by(right, to_judge)
    return best, right[best, to_judge].mean()


def best_judgement(right, to_choose, to_judge):
    return best_by(right, to_choose), right[:, to_judge].mean(axis=1).max()


def mean_judgement(right, to_choose, to_judge):
    return best_by(right, to_choose), right[:, to_judge].mean()


def last_of_the_best(right, to_choose, to_judge):
    shares = right[:, to_choose].mean(axis=1)
    best = int(np.flatnonzero(shares == shares.max())[-1])
    return best, right[best, to_judge].mean()


def in_percent(right, to_choose, to_judge):
    best = best_by(right, to_choose)
    return best, 100 * right[best, to_judge].mean()


# -------------------------------------------------------------------------------- RunningNorm

BATCHES = [rng.normal(3, [1.0, 0.02, 4.0], (n, 3)) for n in (4, 6, 5)]
ALONE = rng.normal(3, [1.0, 0.02, 4.0], (1, 3))


def observe_norm(answer):
    norm, other = answer(3), answer(2)
    found = [norm(BATCHES[0], False)]
    for batch in BATCHES:
        found.append(norm(batch, True))
        found.append([np.array(norm.mean), np.array(norm.variance)])
        found.append(norm(ALONE, False))
        found.append([np.array(norm.mean), np.array(norm.variance)])
    return [*found, other(BATCHES[0][:, :2], False)]  # which knows nothing of these batches


class Norm:
    """Batch normalisation, for the wrong versions to vary."""

    way, less, eps_inside, updates_in_use = 0.1, 1, True, False

    def __init__(self, units):
        self.mean, self.variance = np.zeros(units), np.ones(units)

    def __call__(self, x, training):
        batch = x.mean(axis=0), x.var(axis=0)
        if training or self.updates_in_use:
            self.update(*batch, len(x))
        return self.normalised(x, *(batch if training else (self.mean, self.variance)))

    def update(self, mean, variance, n):
        variance = variance * n / max(n - self.less, 1)
        self.mean = (1 - self.way) * self.mean + self.way * mean
        self.variance = (1 - self.way) * self.variance + self.way * variance

    def normalised(self, x, mean, variance):
        if self.eps_inside:
            return (x - mean) / np.sqrt(variance + 1e-5)
        return (x - mean) / (np.sqrt(variance) + 1e-5)


class BatchInUse(Norm):
    def __call__(self, x, training):
        if training:
            self.update(x.mean(axis=0), x.var(axis=0), len(x))
        return self.normalised(x, x.mean(axis=0), x.var(axis=0))


class LearnsInUse(Norm):
    updates_in_use = True


class RunningInTraining(Norm):
    def __call__(self, x, training):
        if training:
            self.update(x.mean(axis=0), x.var(axis=0), len(x))
        return self.normalised(x, self.mean, self.variance)


class NineTenths(Norm):
    way = 0.9


class RunningByN(Norm):
    less = 0


class NormalisedByLess(Norm):
    def __call__(self, x, training):
        y = super().__call__(x, training)
        return self.normalised(x, x.mean(axis=0), x.var(axis=0, ddof=1)) if training else y


class EpsilonOutside(Norm):
    eps_inside = False


class OneForAll(Norm):
    def __call__(self, x, training):
        mean, variance = np.full(x.shape[1], x.mean()), np.full(x.shape[1], x.var())
        if training:
            self.update(mean, variance, x.size)
        return self.normalised(x, *((mean, variance) if training else (self.mean, self.variance)))


class NeverUpdates(Norm):
    way = 0.0


EXERCISES = [
    Exercise(
        "one_cycle",
        observe=observe_cycle,
        hint="Print the rate at steps 0, 0.3 * total - 1 and total - 1, and compare with top / 25, "
        "top and top / 250,000. Then draw the curve.",
        mistakes=[
            Mistake(linear, "This goes along straight lines; we want half a cosine wave."),
            Mistake(
                one_too_late,
                "Steps are counted from 0, so the last is total - 1, and the top comes earlier "
                "too.",
            ),
            Mistake(
                quarter_wave,
                "A quarter of a wave, cos(pi t / 2), starts flat and ends steep; half a wave is "
                "(1 + cos(pi t)) / 2.",
            ),
            Mistake(back_to_the_start, "It should end at top / 250,000, far below its start."),
            Mistake(
                without_shift,
                "On the way down the share counts from the top: (step - up) / (total - 1 - up).",
            ),
        ],
    ),
    Exercise(
        "chosen_honestly",
        observe=observe_choice,
        hint="Two steps: the shares of right answers on the images to choose by, one for each "
        "network, say which row is best; that row alone is then judged by the other images.",
        mistakes=[
            Mistake(
                judged_where_chosen,
                "The network is judged by the images that it was chosen by, so chance flatters it.",
            ),
            Mistake(
                judged_by_all,
                "Among all images are those that it was chosen by. Judge by `to_judge` alone.",
            ),
            Mistake(chosen_by_all, "Choose by `to_choose` alone, not by all images."),
            Mistake(
                chosen_where_judged,
                "You choose by the images that should judge. They must play no part in the choice.",
            ),
            Mistake(
                best_judgement,
                "The index is right, but the share is that of the network that does best on the "
                "images to judge by: a second choice, and it flatters.",
            ),
            Mistake(mean_judgement, "The share is a mean over all networks; take the chosen one."),
            Mistake(last_of_the_best, "Of several that are equally good, take the first."),
            Mistake(in_percent, "The share should be from 0 to 1."),
        ],
    ),
    Exercise(
        "RunningNorm",
        observe=observe_norm,
        hint="Try it with one unit and the batch [[300.0], [500.0]] in training: the answers are "
        "-1 and 1, the running mean becomes 40, the running variance 0.9 + 0.1 * 20,000.",
        mistakes=[
            Mistake(
                BatchInUse,
                "In use the batch must not matter: subtract and divide by what is running.",
            ),
            Mistake(
                LearnsInUse,
                "The running mean and variance change in use too. Only training may move them.",
            ),
            Mistake(
                RunningInTraining,
                "In training the batch is normalised by its own mean and variance.",
            ),
            Mistake(
                NineTenths,
                "They move a tenth of the way: nine tenths of the old value stay.",
            ),
            Mistake(
                RunningByN,
                "The running variance moves towards the one with n - 1: a batch shows a little "
                "less variance than there is.",
            ),
            Mistake(
                NormalisedByLess,
                "In training divide by the root of the variance with n, not n - 1.",
            ),
            Mistake(EpsilonOutside, "The 1e-5 is added to the variance, inside the root."),
            Mistake(OneForAll, "Each unit has its own mean: axis=0 goes along the images."),
            Mistake(NeverUpdates, "The running mean and variance stay as they began."),
        ],
    ),
]
