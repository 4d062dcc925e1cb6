"""How costs grow: the time per node with the length of a chain, memory with the steps trained.

Both should stay level: time is linear in the number of nodes, and nothing is kept between steps.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .jobs import OURS
from .table import Row, make_row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

JOB = "growth"
TITLE = "cost growth: chains of 1,000 to 1,000,000 nodes, and 10,000 training steps"

MOST_PER_NODE = 2.0
"""Not 1, because a chain of a thousand nodes fits into the cache, and one of a million does not."""

MOST_MEMORY = 1.02

Run = Callable[[str, Mapping[str, int]], Mapping]
"""Called with a contender's function and a size; returns what a fresh process measured."""


@dataclass(frozen=True)
class Growth:
    """What was measured.

    per_node  number of nodes in a chain -> seconds per node, round by round
    held      for each round, pairs (step, bytes held after it)
    """

    per_node: dict[int, list[float]]
    held: list[list[tuple[int, int]]]


def measure(run: Run, rounds: int, smallest: bool) -> Growth:
    """Run chains and trainings, each in a fresh process, round by round."""
    lengths = (100, 1000) if smallest else (1000, 10_000, 100_000, 1_000_000)
    steps = 20 if smallest else 10_000
    per_node: dict[int, list[float]] = {nodes: [] for nodes in lengths}
    held = []
    for _ in range(rounds):
        for nodes in lengths:
            size = {"nodes": nodes, "elements": 10, "repeats": max(1, 300_000 // nodes)}
            if smallest:
                size["repeats"] = 1
            per_node[nodes].append(run("ours.chain", size)["seconds"])
        held.append([tuple(pair) for pair in run("ours.long_training", {"steps": steps})["held"]])
    return Growth(per_node, held)


def rows(growth: Growth, judged: bool) -> list[Row]:
    """The longest chain compared with the shortest, and the last memory with the first."""
    short = min(growth.per_node)
    long = max(growth.per_node)
    first_step, _ = growth.held[0][0]
    last_step, _ = growth.held[0][-1]
    return [
        make_row(
            JOB, 1, f"{OURS}, {short:,} nodes", f"a node of {long:,}", "seconds",
            growth.per_node[long], growth.per_node[short], MOST_PER_NODE, judged,
        ),
        make_row(
            JOB, 1, f"{OURS}, after {first_step:,} steps", f"after {last_step:,} steps",
            "peak_bytes", [h[-1][1] for h in growth.held], [h[0][1] for h in growth.held],
            MOST_MEMORY, judged,
        ),
    ]  # fmt: skip


def draw(growth: Growth) -> Figure:
    """Both curves, medians over the rounds, from 0 up."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    nodes = sorted(growth.per_node)
    seconds = [statistics.median(growth.per_node[n]) * 1e6 for n in nodes]
    left.plot(nodes, seconds, "o-", color="#0072B2")
    left.set_xscale("log")
    left.set_xlabel("nodes in the chain", fontsize=9)
    left.set_ylabel("microseconds a node,\nforward and backward")
    steps = [step for step, _ in growth.held[0]]
    held = [statistics.median(h[i][1] for h in growth.held) / 1e6 for i in range(len(steps))]
    right.plot(steps, held, "o-", color="#D55E00")
    right.set_xlabel("training steps done", fontsize=9)
    right.set_ylabel("memory of the process (MB)")
    for axes in (left, right):
        axes.set_ylim(0, 1.15 * axes.dataLim.ymax)
        axes.tick_params(labelsize=9)
        axes.grid(color="#e6e6e6", linewidth=0.7)
        axes.spines[["top", "right"]].set_visible(False)
    figure.set_label(
        "Time per node by length of the chain: "
        + ", ".join(f"{n:,} nodes {s:.2f} us" for n, s in zip(nodes, seconds, strict=True))
        + f". Memory from step {steps[0]:,} to {steps[-1]:,}: {held[0]:.0f} to {held[-1]:.0f} MB"
    )
    return figure
