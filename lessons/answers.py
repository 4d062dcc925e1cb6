"""The reader's file of answers: read afresh, and judged exercise by exercise.

What is wrong in it is told in one line, never as a stack trace.
"""

from __future__ import annotations

import importlib
import linecache
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from .catalogue import Lesson, shown
from .checking import Exercise, TooLong, Verdict, error_line, judge, watched

EXTRAS = (
    "jupytext",
    "nbconvert",
    "ipykernel",
    "latex2mathml",
    "griffe",
    "hypothesis",
    "torch",
)
"""Modules that lessons may need and that are not installed with the package itself."""


class Unreadable(Exception):
    """The learner's file cannot be imported; the message says why in one line."""


def exercises_of(lesson: Lesson) -> list[Exercise]:
    if not lesson.beside("checks").exists():
        raise ValueError(
            f"there is no {shown(lesson.beside('checks'))} to judge lesson {lesson.number}"
        )
    return list(importlib.import_module(f"lessons.checks.{lesson.name}").EXERCISES)


def judged(lesson: Lesson, exercises: Iterable[Exercise], file: Path) -> list[Verdict]:
    """A verdict on each answer in the file. Raises Unreadable if it cannot be imported."""
    solutions = importlib.import_module(f"lessons.solutions.{lesson.name}")
    answers = load(f"lessons.exercises.{lesson.name}", file)
    return [verdict_on(exercise, answers, solutions, file) for exercise in exercises]


def verdict_on(
    exercise: Exercise, answers: ModuleType, solutions: ModuleType, file: Path
) -> Verdict:
    name = exercise.name
    if not hasattr(answers, name):
        return Verdict("wrong", f"wrong: the file defines no {name}", exercise.hint)
    return judge(exercise, getattr(answers, name), getattr(solutions, name), str(file))


def load(name: str, file: Path) -> ModuleType:
    """A file as a module of this name, read afresh each time, since it changes between checks."""
    module = ModuleType(name)
    module.__file__ = str(file)
    source = file.read_bytes()  # Python finds out for itself how they are encoded
    linecache.checkcache(str(file))
    sys.modules[name] = module  # dataclasses and inspect look there
    try:
        with watched():
            exec(compile(source, str(file), "exec"), module.__dict__)
    except TooLong as error:
        raise Unreadable(str(error)) from error
    except ModuleNotFoundError as error:
        if error.name in EXTRAS:
            raise
        raise Unreadable(error_line(error, str(file))) from error
    except (Exception, SystemExit) as error:
        raise Unreadable(error_line(error, str(file))) from error
    return module
