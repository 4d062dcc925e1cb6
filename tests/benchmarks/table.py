"""From measurements to the table: ratios, their spread, verdicts, and whether losses agree.

A round has the results of all contenders, measured one after the other. Ours is divided by theirs
within each round, so that anything that slows down a whole round cancels; the median of these
ratios is the result, and the smallest and largest are its spread.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .jobs import OURS, Job

Round = Mapping[str, Mapping[str, Any]]
"""contender -> what its process measured"""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    ours, theirs  medians over the rounds, in seconds or bytes
    ratio         median over the rounds of ours / theirs; `low` and `high` are its spread
    goal          the most that the ratio should be; None where there is no goal
    judged        whether it is judged by the goal: not at the smallest size
    """

    job: str
    threads: int
    against: str
    unit: str
    measure: str
    ours: float
    theirs: float
    ratio: float
    low: float
    high: float
    goal: float | None = None
    judged: bool = True

    @property
    def verdict(self) -> str:
        if self.goal is None or not self.judged:
            return "-"
        return "met" if self.ratio <= self.goal else "missed"


@dataclass(frozen=True)
class Check:
    """One number that all contenders must agree on.

    values    contender -> its median over the rounds
    distance  the largest distance from ours in any round, relative to ours
    """

    job: str
    threads: int
    name: str
    tolerance: float
    values: Mapping[str, float]
    distance: float

    @property
    def agrees(self) -> bool:
        return self.distance <= self.tolerance


def make_row(
    job: str, threads: int, against: str, unit: str, measure: str,
    ours: Sequence[float], theirs: Sequence[float], goal: float | None, judged: bool = True,
) -> Row:  # fmt: skip
    """A line made from what both measured, round by round."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Row(
        job, threads, against, unit, measure, statistics.median(ours), statistics.median(theirs),
        statistics.median(ratios), min(ratios), max(ratios), goal, judged,
    )  # fmt: skip


def compare(job: Job, threads: int, rounds: Sequence[Round], judged: bool = True) -> list[Row]:
    """A line for each of the job's goals whose contender took part."""
    rows = []
    for goal in job.goals:
        if all(goal.against in one and goal.of in one for one in rounds):
            ours, theirs = (
                [one[name][goal.measure] for one in rounds] for name in (goal.of, goal.against)
            )
            against = goal.against if goal.of == OURS else f"{goal.against}, by {goal.of[14:]}"
            unit = job.unit if goal.measure == "seconds" else "peak of the process"
            rows.append(
                make_row(
                    job.name, threads, against, unit, goal.measure,
                    ours, theirs, goal.limit(threads), judged,
                )
            )  # fmt: skip
    return rows


def check(job: Job, threads: int, rounds: Sequence[Round]) -> list[Check]:
    """Whether the contenders computed the same, one check for each of the job's tolerances."""
    checks = []
    for name, tolerance in job.tolerances.items():
        values: dict[str, list[float]] = {}
        distances = []
        for one in rounds:
            ours = one[OURS]["checks"][name]
            for contender, result in one.items():
                value = result.get("checks", {}).get(name)
                if value is not None:
                    values.setdefault(contender, []).append(value)
                    distances.append(_distance(value, ours))
        medians = {contender: statistics.median(v) for contender, v in values.items()}
        checks.append(Check(job.name, threads, name, tolerance, medians, max(distances)))
    return checks


def _distance(value: float, ours: float) -> float:
    distance = abs(value - ours) / max(abs(ours), 1e-30)
    return distance if math.isfinite(distance) else math.inf


# ------------------------------------------------------------------------------------ markdown


def as_markdown(
    rows: Sequence[Row],
    checks: Sequence[Check],
    jobs: Mapping[str, str],
    facts: Mapping[str, str],
    skipped: Mapping[str, str],
) -> str:
    """The whole report.

    jobs     name -> title
    facts    what to say about the machine and the run
    skipped  contender -> why it was not measured
    """
    lines = ["# Benchmarks", "", *(f"- {name}: {words}" for name, words in facts.items()), ""]
    lines += [f"- **{name}**: {title}" for name, title in jobs.items()]
    lines += [
        "",
        "| job | threads | against | ours | theirs | ours / theirs | spread | goal | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *map(_line, rows),
        "",
    ]
    if checks:
        lines += [
            "What they computed; the distance is the largest relative one from ours in any round:",
            "",
            "| job | threads | number | values | distance | allowed | |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *map(_check_line, checks),
            "",
        ]
    lines += [f"- not measured: {name}: {why}" for name, why in skipped.items()]
    return "\n".join(lines).rstrip() + "\n"


def _line(row: Row) -> str:
    show = show_bytes if row.measure == "peak_bytes" else show_seconds
    goal = "-" if row.goal is None else f"{row.goal:g}"
    cells = (
        row.job, row.threads, row.against, f"{show(row.ours)} {row.unit}".strip(),
        show(row.theirs), f"{row.ratio:.2f}", f"{row.low:.2f} - {row.high:.2f}", goal, row.verdict,
    )  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def _check_line(check: Check) -> str:
    values = ", ".join(f"{name} {value:.6g}" for name, value in check.values.items())
    verdict = "same" if check.agrees else "NOT THE SAME"
    cells = (
        check.job, check.threads, check.name, values,
        f"{check.distance:.1e}", f"{check.tolerance:g}", verdict,
    )  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def show_seconds(seconds: float) -> str:
    """The time with three figures, in a suitable unit."""
    for unit, length in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def show_bytes(count: float) -> str:
    """The size in megabytes of a million bytes."""
    return f"{count / 1e6:.0f} MB"
