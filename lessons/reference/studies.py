"""The tables and pictures of `studies.md`, and one of `results.md`, from the stored results.

    python -m lessons.reference.studies

prints the tables and writes `.github/study-NAME.png`. The results in `lessons/results/` are made by
the commands that the page names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from tinygrad_mlp import plot
from tinygrad_mlp.experiment import studies
from tinygrad_mlp.experiment.compare import accuracy_changes
from tinygrad_mlp.experiment.findings import COPIES, accuracy_change, by_recipe, loss_change
from tinygrad_mlp.experiment.intervals import Interval
from tinygrad_mlp.experiment.results import read_results
from tinygrad_mlp.experiment.studies import STUDIES
from tinygrad_mlp.experiment.training import Run

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "lessons" / "results"
PICTURES = ROOT / ".github"

DATA = {"digits": "compare", "clothes": "clothes"}
"""What is compared in `clothes`, and the stored comparison of each."""


def stored(name: str) -> list[Run]:
    """The runs in a file of `lessons/results`."""
    return read_results(RESULTS / f"{name}.json")[1]


def as_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with the first column flush left and the others flush right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(
        f"| {' | '.join(row)} |".replace("|  |", "| |") for row in (header, rule, *rows)
    )


def study_table(name: str) -> str:
    return as_markdown(*studies.table(STUDIES[name], stored(name)))


def changes() -> dict[str, dict[str, tuple[Interval, Interval]]]:
    """For digits and clothes, what copies of each kind change: points of accuracy, and the loss."""
    found = {}
    for data, name in DATA.items():
        groups = by_recipe(stored(name))
        plain = groups["improved-plain"]
        found[data] = {
            what: (accuracy_change(plain, groups[recipe]), loss_change(plain, groups[recipe]))
            for recipe, what in COPIES.items()
        }
    return found


def clothes_table() -> str:
    rows = []
    for data, by_copies in changes().items():
        for what, (accuracy, loss) in by_copies.items():
            rows.append(
                [f"{what.lower()}, {data}", str(accuracy.count), _told(accuracy, 2), _told(loss, 3)]
            )
    return as_markdown(["copies", "pairs of runs", "points of accuracy", "test loss"], rows)


def _told(found: Interval, digits: int) -> str:
    low, high = found.low, found.high
    assert low is not None and high is not None
    return f"{found.middle:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def clothes_picture() -> Figure:
    """What copies do to the accuracy on digits and on clothes, side by side."""
    lines = [
        plot.Line(
            f"{what.lower()}, {data}",
            [plot.Point(0, accuracy.middle, accuracy.low, accuracy.high)],
        )
        for what in COPIES.values()
        for data, by_copies in changes().items()
        for accuracy in [by_copies[what][0]]
    ]
    figure = plot.intervals(lines, ylabel="points of test accuracy more than without copies")
    figure.axes[0].axvline(0, color="black", linewidth=0.8)
    return figure


def main() -> None:
    for name, study in STUDIES.items():
        print(f"{study.question}\n\n{study_table(name)}\n")
        for sentence in studies.conclusions(study, stored(name)):
            print(f"- {sentence}\n")
        plot.save(studies.draw(study, stored(name)), PICTURES / f"study-{name}.png")
    changes_on_digits = accuracy_changes(stored("compare"))
    figure = plot.intervals(changes_on_digits, ylabel="points of test accuracy")
    plot.save(figure, PICTURES / "study-changes.png")
    print(clothes_table())
    plot.save(clothes_picture(), PICTURES / "study-clothes.png")


if __name__ == "__main__":
    main()
