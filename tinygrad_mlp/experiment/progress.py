"""What a user sees of trainings while they run: which of how many, how good, and how long still.

In a terminal a bar moves, in as many words as its width has room for; where nobody sees a bar, as
in a file, each epoch is a line. The time that is left is that of all runs: what was done so far
took so long, and so much work is left. Work is estimated, so the first minutes may err by a third.
"""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from tqdm import tqdm

from ..train import Epoch
from .recipes import AnyRecipe
from .training import Run

WIDEST = 110
"""How many columns a bar takes at most."""

SHORTEST = 8
"""With fewer columns to spare there is no bar."""

LEVELS = "▁▂▃▄▅▆▇█"
PLAIN_LEVELS = "_.-=+*%#"
"""From low to high, for terminals with these characters and for those without."""


def epoch_work(recipe: AnyRecipe, images: int) -> int:
    """How much work an epoch is, in multiply-adds, to compare recipes by.

    images  how many training images there are

    A step costs its products, and as much as 34 more examples to move each weight and 3 million
    multiply-adds for the rest: so it was measured with the recipes (November 2026, two cores).
    """
    used = min(images - recipe.held_out, recipe.train_images or images)
    examples = used * (2 if recipe.augment and recipe.originals else 1)
    steps = math.ceil(max(1, examples) / recipe.batch_size)
    return steps * ((recipe.batch_size + 34) * recipe.count_weights() + 3_000_000)


class Progress:
    """Counts the runs, the work and the time; `watch` gives what to call after each epoch.

    recipes  all that will run, each with as many seeds
    images   how many training images there are
    trained  how many epochs of the one recipe were trained before, if a training is resumed
    jobs     how many run side by side
    known    which runs were made before, and are not made again
    """

    def __init__(
        self,
        recipes: Sequence[AnyRecipe],
        images: int,
        seeds: int = 1,
        trained: int = 0,
        jobs: int = 1,
        known: Sequence[Run] = (),
    ) -> None:
        self.recipes = recipes
        self.images = images
        self.seeds = seeds
        self.trained = trained
        self.jobs = jobs
        total = sum(recipe.epochs * epoch_work(recipe, images) for recipe in recipes) * seeds
        before = sum(trained * epoch_work(recipe, images) for recipe in recipes)
        before += sum(one.recipe.epochs * epoch_work(one.recipe, images) for one in known)
        self.work_left = total - before
        self.work_done = 0
        self.start = time.perf_counter()
        self.runs = len(known)  # begun
        self.done = len(known)
        self.bar: tqdm[Any] | None = None  # the one that moves

    def watch(self, recipe: AnyRecipe, seed: int) -> Callable[[Epoch], None]:
        """Begin a run; what to call after each of its epochs."""
        self.runs += 1
        begun = time.perf_counter()
        work = epoch_work(recipe, self.images)
        is_terminal = sys.stdout.isatty() and sys.stderr.isatty()
        if self.jobs > 1:
            show = self._bar_of_all() if is_terminal else lambda epoch, end: None
        else:
            show = self._bar(recipe, seed) if is_terminal else self._lines(recipe, seed)

        def on_epoch(epoch: Epoch) -> None:
            self.work_done += work
            self.work_left -= work
            took = time.perf_counter() - begun
            show(epoch, f"took {clock(took)}" if epoch.epoch == recipe.epochs else self.left())

        return on_epoch

    def finished(self, one: Run) -> None:
        """Count a run that is scored and written."""
        self.done += 1
        if self.jobs == 1:
            return  # then its epochs were shown
        if self.bar is not None:
            self._draw_all(self.bar)
        else:
            words = f"{self._counted()}: {one.recipe.name}, seed {one.seed}"
            tested = f"test accuracy {percent(one.test.accuracy)}"
            took = f"took {clock(one.seconds)}"
            print(joined(words, tested, took, self.left()), flush=True)

    def close(self) -> None:
        """End the line of a bar whose run was not finished, so that what follows has its own.

        The bar stays as it is. tqdm would draw it again, below whatever was printed meanwhile.
        """
        if self.bar is not None and not self.bar.disable:
            self.bar.disable = True
            print(file=sys.stderr, flush=True)

    def left(self) -> str:
        """How long all that is left will take, in words; "" where nothing is known, or left."""
        if not self.work_done or self.work_left <= 0:
            return ""
        elapsed = time.perf_counter() - self.start
        return f"{clock(elapsed * self.work_left / self.work_done)} left"

    @property
    def place(self) -> tuple[int, int]:
        """Which recipe is running, and of how many."""
        return math.ceil(self.runs / self.seeds), len(self.recipes)

    def _lines(self, recipe: AnyRecipe, seed: int) -> Callable[[Epoch, str], None]:
        number, of = self.place
        if of * self.seeds > 1:
            run = f", run {seed + 1} of {self.seeds}" if self.seeds > 1 else ""
            left = f", {self.left()}" if self.left() else ""
            print(f"recipe {number} of {of}{run}: {recipe.title}{left}", flush=True)

        def print_line(epoch: Epoch, end: str) -> None:
            words = (
                f"{recipe.name}, seed {seed}: epoch {epoch.epoch}/{recipe.epochs}, {told(epoch)}"
            )
            print(f"{words}, {end}" if end.endswith("left") else words, flush=True)

        return print_line

    def _bar(self, recipe: AnyRecipe, seed: int) -> Callable[[Epoch, str], None]:
        number, of = self.place
        long, short = (f"recipe {number} of {of}: ", f"{number}/{of} ") if of > 1 else ("", "")
        bar = self.bar = tqdm(
            total=recipe.epochs,
            initial=self.trained,
            bar_format="{desc}",
            mininterval=0,
            nrows=24,  # where a terminal does not say how many it has, tqdm would show nothing
        )

        def show(epoch: Epoch | None, end: str) -> None:
            bar.n = epoch.epoch if epoch else self.trained
            done = f"{bar.n}/{recipe.epochs}"
            accuracy = percent(epoch.accuracy) if epoch and epoch.accuracy is not None else ""
            forms = [
                (
                    f"{long}{recipe.name}, seed {seed}",
                    joined(f"epoch {done}", told(epoch) if epoch else "", end),
                ),
                (f"{short}{recipe.name}, seed {seed}", joined(f"epoch {done}", accuracy, end)),
                (f"{short}{recipe.name}", joined(done, end)),
            ]
            bar.ncols = min(WIDEST, shutil.get_terminal_size().columns - 1)
            bar.bar_format = fitting(forms, bar.ncols)
            bar.refresh()
            if bar.n == recipe.epochs:
                bar.close()

        show(None, self.left())
        return show

    def _bar_of_all(self) -> Callable[[Epoch, str], None]:
        if self.bar is None:
            self.bar = tqdm(
                total=self.work_left + self.work_done, bar_format="{desc}", mininterval=0, nrows=24
            )
        bar = self.bar
        self._draw_all(bar)
        return lambda epoch, end: self._draw_all(bar)

    def _draw_all(self, bar: tqdm[Any]) -> None:
        bar.n = self.work_done
        forms = [
            (self._counted(), joined(f"{self.jobs} side by side", self.left())),
            (self._counted(), self.left()),
            (f"{self.done} of {self.runs_in_all} done", self.left()),
            (f"{self.done}/{self.runs_in_all}", self.left()),
        ]
        bar.ncols = min(WIDEST, shutil.get_terminal_size().columns - 1)
        bar.bar_format = fitting(forms, bar.ncols)
        bar.refresh()
        if self.done == self.runs_in_all:
            bar.close()

    @property
    def runs_in_all(self) -> int:
        return len(self.recipes) * self.seeds

    def _counted(self) -> str:
        return f"{self.done} of {self.runs_in_all} runs done"


def fitting(forms: Sequence[tuple[str, str]], width: int) -> str:
    """The first of these pairs that fits, with a bar between its parts if there is room for one.

    It is a format, as tqdm takes it.
    """
    for left, right in forms:
        room = width - len(left) - len(right) - 2
        if room >= 0:
            break
    else:
        left, right, room = f"{left} {right}"[:width], "", 0
    left, right = (part.replace("{", "{{").replace("}", "}}") for part in (left, right))
    return f"{left} {{bar}} {right}" if room >= SHORTEST else f"{left} {right}".rstrip()


def joined(*parts: str) -> str:
    """Those that are not empty, with commas between them."""
    return ", ".join(filter(None, parts))


def told(epoch: Epoch) -> str:
    """The figures of an epoch, in words."""
    return f"loss {epoch.loss:.4f}, accuracy {percent(epoch.accuracy)}"


def percent(accuracy: float | None) -> str:
    """An accuracy in percent; a regression has none."""
    return "none" if accuracy is None else f"{100 * accuracy:.2f} %"


def counted(number: int, one: str) -> str:
    """So many of them: 1 epoch, 2 epochs."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def clock(seconds: float) -> str:
    """A time as 0:07, 12:34 or 1:23:45."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


# ----------------------------------------------------------------------------- curves in a line


def curves(history: Sequence[Epoch]) -> list[str]:
    """Loss and accuracy by epoch, each in a line with its first and its last value.

    The loss is drawn by its logarithm. There are none before the second epoch.
    """
    if len(history) < 2:
        return []
    losses = [epoch.loss for epoch in history]
    heights = [math.log(loss) for loss in losses] if min(losses) > 0 else losses
    lines = [_curve("loss", heights, [f"{loss:.4f}" for loss in losses])]
    shares = [epoch.accuracy for epoch in history if epoch.accuracy is not None]
    if shares:
        lines.append(_curve("accuracy", shares, [percent(share) for share in shares]))
    return lines


def _curve(name: str, heights: Sequence[float], words: Sequence[str]) -> str:
    room = min(WIDEST, shutil.get_terminal_size().columns - 1) - 27
    return f"{name:8} {words[0]:>8} {spark(heights, max(4, room))} {words[-1]}"


def spark(values: Sequence[float], width: int) -> str:
    """The values as a row of bars, from their lowest to their highest, `width` of them at most.

    Where there are more values, a bar is the mean of its neighbours.
    """
    count = min(width, len(values))
    edges = [round(i * len(values) / count) for i in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    low, high = min(means), max(means)
    levels = LEVELS if _can_print(LEVELS) else PLAIN_LEVELS
    return "".join(levels[round(7 * (mean - low) / ((high - low) or 1))] for mean in means)


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
