"""Which lessons and pages of reference there are, and what each says of itself.

A lesson is a Python script cut into cells by lines that begin with `# %%`: cells of text
(`# %% [markdown]`, every line a comment) and cells of code. Its first cell holds the title and
paragraphs that begin with a label: **Question.**, **Time.**, **New from the package.** and
**Before this.** Reading them needs nothing but this file.

The line `# %%` of a code cell may say more, as key=value with the value in JSON:

    # %% tags=["draw"]       the cell only draws: pages and notebooks fold its code
    # %% answer=2            the cell answers the prediction above it: the second choice is right
    # %% answer=[0.2, 0.3]   so it does, and asked for a number: one from 0.2 to 0.3 is right
    # %% explore="walk"      pages show the figure site/figures/walk.js to play with, below the cell

A prediction is a paragraph that begins with **Predict.** and ends its cell, together with the
list of choices below it, unless it asks for a number.

A page of reference is a Markdown file in `reference/`, which begins with a title and a paragraph
that says what it is about.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FILE_NAME = re.compile(r"\d\d_\w+\.py")
LABELS = ("Question", "Time", "New from the package", "Before this")
PARTS = {
    "Foundations": range(1, 6),
    "The broken network": range(6, 9),
    "Training": range(9, 12),
    "The comparison": range(12, 15),
    "Beyond": range(15, 22),
    "Optional": range(22, 100),
}
"""What the lessons of these numbers are about, as the index says it."""

PREDICT = "**Predict.** "

OPTION = re.compile(r'(\w+)=("[^"]*"|\[[^\]]*\]|\S+)')
"""A key and its value in the line `# %%` of a cell."""

REFERENCE = (
    "results",
    "studies",
    "pictures",
    "training",
    "speed",
    "mistakes",
    "pytorch",
    "outgrowing",
    "promises",
    "glossary",
)
GLOSSARY = HERE / "reference" / "glossary.md"


@dataclass(frozen=True)
class Cell:
    """A cell: its text (comment signs taken off) or code, and the line where it begins.

    options  what its first line says, as {"answer": 2}
    """

    is_text: bool
    source: str
    line: int
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def only_draws(self) -> bool:
        return "draw" in self.options.get("tags", [])


@dataclass(frozen=True)
class Prediction:
    """A question that a reader answers before the code does.

    question  its text in Markdown, without the word "Predict"
    choices   in Markdown; none if it asks for a number
    answer    which choice is right, counted from 1, or the smallest and the largest number that is
    """

    question: str
    choices: tuple[str, ...]
    answer: int | tuple[float, float]


@dataclass(frozen=True)
class Lesson:
    """A lesson in the file `path`, such as lessons/03_gradient_check.py."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def number(self) -> int:
        return int(self.name[:2])

    @property
    def root(self) -> Path:
        """Where a lesson runs: the root of the repository."""
        return self.path.parent.parent

    def beside(self, folder: str) -> Path:
        """The file of this lesson in `exercises`, `solutions` or `checks`."""
        return self.path.parent / folder / self.path.name

    @cached_property
    def source(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def cells(self) -> list[Cell]:
        return split_cells(self.source)

    @cached_property
    def title(self) -> str:
        """Without its number."""
        found = re.match(r"# \d+\. (.+)", self.cells[0].source) if self.cells else None
        if not found:
            raise ValueError(
                f"{shown(self.path)} does not begin with a cell of text and the title "
                f"'# {self.number}. ...'"
            )
        return found[1]

    @property
    def question(self) -> str:
        return self.labelled["Question"]

    @property
    def before(self) -> str:
        return self.labelled["Before this"]

    @property
    def minutes(self) -> int:
        found = re.match(r"\d+", self.labelled["Time"])
        if not found:
            raise ValueError(f"{shown(self.path)}: **Time.** needs a number of minutes")
        return int(found[0])

    @property
    def measured_minutes(self) -> float:
        """How long reading takes, exercises and folded cells that only draw apart.

        Prose at 150 words a minute, 6 seconds for each line of code, a minute for each prediction.
        """
        words = lines = predictions = 0
        for cell in self.cells:
            if cell.is_text:
                text = cell.source.partition("## Exercises")[0]
                words += len(text.split())
                predictions += text.count("**Predict.**")
            elif not cell.only_draws:
                code = (line.strip() for line in cell.source.splitlines())
                lines += sum(bool(line) and not line.startswith("#") for line in code)
        return words / 150 + lines / 10 + predictions

    @cached_property
    def predictions(self) -> dict[int, Prediction]:
        """Number of the text cell that asks -> its prediction."""
        pairs = enumerate(itertools.pairwise(self.cells))
        return {
            i: prediction_in(cell, after, self.path)
            for i, (cell, after) in pairs
            if cell.is_text and PREDICT in cell.source
        }

    @property
    def new_names(self) -> list[str]:
        """What of the package is used here for the first time, as dotted names."""
        return re.findall(r"`([^`]+)`", self.labelled["New from the package"])

    @cached_property
    def labelled(self) -> dict[str, str]:
        """Label -> its paragraph, on one line."""
        text = self.cells[0].source if self.cells else ""
        paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
        matches = (re.match(r"\*\*(.+?)\.\*\* (.+)", part) for part in paragraphs)
        found = {match[1]: match[2] for match in matches if match}
        for label in LABELS:
            if label not in found:
                raise ValueError(
                    f"the first cell of {shown(self.path)} has no paragraph that begins with "
                    f"**{label}.**"
                )
        return found


@dataclass(frozen=True)
class Term:
    """An entry of the glossary: a term, its other forms, and the lesson that defines it."""

    words: tuple[str, ...]
    lesson: int
    meaning: str


@dataclass(frozen=True)
class Reference:
    """A page of reference in the file `path`, such as lessons/reference/speed.md."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def source(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def title(self) -> str:
        return self.source.partition("\n")[0].removeprefix("# ")

    @property
    def lead(self) -> str:
        """The first paragraph, on one line: what the page is about."""
        return " ".join(self.source.split("\n\n")[1].split())

    @property
    def body(self) -> str:
        """What comes after title and lead."""
        return "\n\n".join(self.source.split("\n\n")[2:])


def all_references() -> list[Reference]:
    """The pages of reference, in the order in which the site lists them."""
    return [Reference(HERE / "reference" / f"{name}.md") for name in REFERENCE]


def all_terms() -> list[Term]:
    """What the glossary explains.

    A row of its table is `| term, another form | lesson | meaning |`; words in parentheses are
    shown and not looked for.
    """
    rows = re.findall(
        r"^\| (?!---|Term)(.+?) \| (\d+) \| (.+?) \|$", GLOSSARY.read_text("utf-8"), re.M
    )
    return [
        Term(tuple(re.sub(r" \(.*?\)", "", words).split(", ")), int(number), meaning)
        for words, number, meaning in rows
    ]


def all_lessons(folder: Path = HERE) -> list[Lesson]:
    """The lessons in a folder, in order."""
    paths = (path for path in folder.iterdir() if FILE_NAME.fullmatch(path.name))
    return [Lesson(path) for path in sorted(paths)]


def find(wanted: str, lessons: Sequence[Lesson]) -> Lesson:
    """The lesson of a number (3, 03) or a name (03_gradient_check, gradient_check, its file).

    Raises ValueError, which names those that there are.
    """
    stem = Path(wanted).stem
    for lesson in lessons:
        if stem in (lesson.name, lesson.name[3:], lesson.name[:2], str(lesson.number)):
            return lesson
    numbers = ", ".join(lesson.name[:2] for lesson in lessons)
    raise ValueError(f"no lesson {wanted!r}; there are {numbers or 'none'} (see the command list)")


def split_cells(source: str) -> list[Cell]:
    """The cells of a lesson; what stands above the first one does not belong to any."""
    lines = source.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("# %%")]
    cells = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        is_text = lines[start].startswith("# %% [markdown]")
        options = {key: json.loads(value) for key, value in OPTION.findall(lines[start])}
        body = lines[start + 1 : end]
        if is_text:
            body = [line.removeprefix("#").removeprefix(" ") for line in body]
        cells.append(Cell(is_text, "\n".join(body).strip("\n"), start + 1, options))
    return cells


def prediction_in(cell: Cell, after: Cell, path: Path) -> Prediction:
    """The prediction that a text cell ends with; the cell after it says what is right.

    Raises ValueError, which names the place, if the two do not fit together.
    """
    where = f"{shown(path)}, the cell that begins in line {cell.line}"
    asked = cell.source[cell.source.rindex(PREDICT) + len(PREDICT) :]
    question, *choices = re.split(r"^- ", asked, flags=re.M)
    found = tuple(" ".join(choice.split()) for choice in choices)
    answer = after.options.get("answer")
    if isinstance(answer, int) and 1 <= answer <= len(found):
        return Prediction(question.strip(), found, answer)
    if isinstance(answer, list) and len(answer) == 2 and answer[0] <= answer[1] and not found:
        return Prediction(question.strip(), (), (float(answer[0]), float(answer[1])))
    raise ValueError(
        f"{where}: it asks for a prediction with {len(found)} choices, and the first line of the "
        f"cell after it has answer={answer!r}; write the number of the right choice, or "
        "answer=[smallest, largest] where there are none"
    )


def shown(path: Path) -> str:
    """A path as a reader wants it: from the current folder if it is below it."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
