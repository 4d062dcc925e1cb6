"""Which lessons and pages of reference there are, and what each says of itself.

A lesson is a Python script cut into cells by lines that begin with `# %%`: cells of text
(`# %% [markdown]`, every line a comment) and cells of code. Its first cell holds the title and
paragraphs that begin with a label: **Question.**, **Time.**, **New from the package.** and
**Before this.** Reading them needs nothing but this file.

A page of reference is a Markdown file in `reference/`, which begins with a title and a paragraph
that says what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

HERE = Path(__file__).parent
FILE_NAME = re.compile(r"\d\d_\w+\.py")
LABELS = ("Question", "Time", "New from the package", "Before this")
REFERENCE = (
    "results",
    "studies",
    "pictures",
    "training",
    "speed",
    "pytorch",
    "outgrowing",
    "promises",
)


@dataclass(frozen=True)
class Cell:
    """A cell: its text (comment signs taken off) or code, and the line where it begins."""

    is_text: bool
    source: str
    line: int


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
        """How long reading takes, exercises apart.

        Prose at 150 words a minute, 6 seconds for each line of code, a minute for each prediction.
        """
        words = lines = predictions = 0
        for cell in self.cells:
            if cell.is_text:
                text = cell.source.partition("## Exercises")[0]
                words += len(text.split())
                predictions += text.count("**Predict.**")
            else:
                code = (line.strip() for line in cell.source.splitlines())
                lines += sum(bool(line) and not line.startswith("#") for line in code)
        return words / 150 + lines / 10 + predictions

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
        body = lines[start + 1 : end]
        if is_text:
            body = [line.removeprefix("#").removeprefix(" ") for line in body]
        cells.append(Cell(is_text, "\n".join(body).strip("\n"), start + 1))
    return cells


def shown(path: Path) -> str:
    """A path as a reader wants it: from the current folder if it is below it."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
