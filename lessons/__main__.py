"""The command line: `python -m lessons list | run | check | drill | capstone | notebook | html`.

This file only reads arguments and prints. A fault in the learner's answer is told in one line,
never as a stack trace. `check` exits with 0 when everything is right and with 1 otherwise; bad
input gets one line on stderr and exit code 2.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinygrad_mlp.experiment.command import Parser, run_command, seed, whole

from .answers import EXTRAS, Unreadable, exercises_of, judged
from .catalogue import HERE, Lesson, all_lessons, find, shown
from .checking import Exercise, Verdict

if TYPE_CHECKING:
    from .capstone import Framework
    from .drills import Question

INSTALL = 'python -m pip install -e ".[lessons]"'  # and torch, which is large, where it is missing


def main(arguments: list[str] | None = None, folder: Path = HERE) -> int:
    """Run one command on the lessons in a folder; return the exit code."""
    return run_command("lessons", lambda: obey(arguments, folder))


def obey(arguments: list[str] | None, folder: Path) -> int:
    options = make_parser().parse_args(arguments)
    lessons = all_lessons(folder)
    chosen = [find(wanted, lessons) for wanted in options.lessons] or lessons
    try:
        return options.run(options, chosen)
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        raise ValueError(needs(error.name)) from error


def make_parser() -> Parser:
    parser = Parser(prog="python -m lessons", description="Read, run and check the lessons.")
    commands = parser.add_subparsers(required=True, metavar="command", parser_class=Parser)

    def command(name: str, run: Callable[..., int], count: str, words: str) -> Parser:
        add = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
        if count:
            add.add_argument(
                "lessons", nargs=count, metavar="NN", help="a lesson: 3, 03 or gradient_check"
            )
        add.set_defaults(run=run, lessons=[])
        return add

    command("list", run_list, "", "name the lessons, their questions and minutes")
    command("run", run_run, "+", "run a lesson, as `python lessons/NN_name.py` does")
    add = command("check", run_check, "*", "judge your answers; without NN, show how far you are")
    add.add_argument("--file", type=Path, help="your answers, if not in lessons/exercises")
    add = command("notebook", run_notebook, "*", "write notebooks, of all lessons without NN")
    add.add_argument("--out", type=Path, default=Path("runs/notebooks"), metavar="DIR")
    add = command("html", run_html, "*", "run lessons that have changed, and write a site of all")
    add.add_argument("--out", type=Path, default=Path("runs/site"), metavar="DIR")
    add.add_argument("--again", action="store_true", help="run those that have not changed, too")
    add = command("capstone", run_capstone, "", "train digits with your answers as the framework")
    add.add_argument(
        "--files", type=Path, metavar="DIR", help="your answers, as in lessons/exercises"
    )
    add.add_argument(
        "--images", type=whole, default=5000, metavar="N", help="how many (default: 5000)"
    )
    add.add_argument("--epochs", type=whole, default=5, metavar="N", help="how many (default: 5)")
    add.add_argument("--out", type=Path, default=Path("runs/capstone.png"), metavar="FILE")
    add = command("drill", run_drill, "", "practise one-line derivative rules, without end")
    add.add_argument("--seed", type=seed, metavar="N", help="ask the same questions again")
    return parser


# -------------------------------------------------------------------------- list, run, notebook


def run_list(options: argparse.Namespace, lessons: Sequence[Lesson]) -> int:
    width = max(len(lesson.title) for lesson in lessons)
    for lesson in lessons:
        head = f"{lesson.name[:2]}  {lesson.title:{width}}  {lesson.minutes:3} min  "
        indent = " " * len(head)
        print(textwrap.fill(head + lesson.question, 100, subsequent_indent=indent))
    return 0


def run_run(options: argparse.Namespace, lessons: Sequence[Lesson]) -> int:
    need_imports(lessons)
    above = os.environ.get("PYTHONPATH")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE.parent), above]))
    }
    codes = []
    for lesson in lessons:
        command = [sys.executable, str(lesson.path.relative_to(lesson.root))]
        # Ctrl-C reaches the lesson, too, which would show where it was; so it is ended from here.
        ignore = None if os.name == "nt" else ignore_ctrl_c
        done = subprocess.run(command, cwd=lesson.root, env=environment, preexec_fn=ignore)
        codes.append(done.returncode)
    return max(codes, key=abs)


def ignore_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_notebook(options: argparse.Namespace, lessons: Sequence[Lesson]) -> int:
    need("jupytext", "nbconvert", "ipykernel")
    from . import notebooks

    for lesson in lessons:
        path = options.out / f"{lesson.name}.ipynb"
        notebooks.write(notebooks.convert(lesson), path)
        print(f"written: {path}")
    return 0


def run_html(options: argparse.Namespace, lessons: Sequence[Lesson]) -> int:
    need("jupytext", "nbconvert", "ipykernel", "latex2mathml", "griffe")
    if options.lessons:
        need_imports(lessons)
    from . import notebooks
    from .site import pages

    def on_end(executed: notebooks.Executed) -> None:
        # Kept, so that `html NN` need not execute the others again.
        notebooks.write(executed.notebook, pages.notebook_path(options.out, executed.lesson))
        what = f"FAILED: {executed.error}" if executed.error else "executed"
        if executed.seconds == 0:
            what = "has not changed"
        print(f"{executed.lesson.name:26} {executed.seconds:6.1f} s  {what}", flush=True)

    pages.check_texts(lessons)
    changed = []
    for lesson in lessons:
        path = pages.notebook_path(options.out, lesson)
        earlier = None if options.again else notebooks.kept(lesson, path)
        if earlier:
            on_end(earlier)
        elif absent := missing(needed_by(lesson)):
            print(f"{lesson.name:26} left out: {needs(*absent)}")
        else:
            changed.append(lesson)
    results = notebooks.execute(changed, on_end)
    print(f"written: {pages.build(all_lessons(lessons[0].path.parent), options.out)}")
    failed = [result.lesson.name for result in results if result.error]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def need(*modules: str) -> None:
    """Raise ValueError if one of these modules is not installed."""
    if absent := missing(modules):
        raise ValueError(needs(*absent))


def missing(modules: Iterable[str]) -> list[str]:
    return [name for name in modules if importlib.util.find_spec(name) is None]


def needs(*modules: str) -> str:
    """What to say of modules that are not installed."""
    torch = " torch" if "torch" in modules else ""
    return f"this needs {', '.join(modules)}; install it with: {INSTALL}{torch}"


def need_imports(lessons: Iterable[Lesson]) -> None:
    """Raise ValueError if a lesson imports a module that is not installed."""
    needed = {name for lesson in lessons for name in needed_by(lesson)}
    need(*(name for name in EXTRAS if name in needed))


def needed_by(lesson: Lesson) -> list[str]:
    """What a lesson imports that is not installed with the package."""
    imported = imports(lesson.source)
    return [name for name in EXTRAS if name in imported]


def imports(source: str) -> set[str]:
    """The modules that a lesson imports; `tinygrad_mlp.testing` is built on Hypothesis."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    if any(name.startswith("tinygrad_mlp.testing") for name in names):
        names.add("hypothesis")
    return names | {name.split(".")[0] for name in names}


# --------------------------------------------------------------------------------------- drills

HOW = """The loss has the gradient g for y. Write its gradient for the array that is asked for,
as one line of NumPy. An empty line shows the answer, and q ends."""


def run_drill(options: argparse.Namespace, lessons: Sequence[Lesson]) -> int:
    """Ask until the reader has had enough; 0 if every answer was right in the end."""
    import numpy as np

    from . import drills

    rng = np.random.default_rng(options.seed)
    print(HOW)
    right = asked = 0
    while True:
        for number in rng.permutation(len(drills.DRILLS)):
            outcome = ask(drills.question(drills.DRILLS[number], rng))
            if outcome is None:
                print(f"\n{right} of {asked} right")
                return 0 if right == asked else 1
            asked += 1
            right += outcome


def ask(asked: Question) -> bool | None:
    """Ask one question until it is answered; None if the reader ends."""
    from . import drills

    drill = asked.drill
    print(f"\n{drill.name}:   y = {drill.line}      ({asked.shapes})")
    while True:
        try:
            answer = input(f"gradient for {drill.wanted} = ").strip()
        except EOFError:
            return None
        if answer == "q":
            return None
        if not answer:
            print(f"{drill.rule}    {drill.why}")
            return False
        judged = drills.judge(asked, answer)
        print(f"{judged.words}" + (f". {drill.why}" if judged.is_right else ""))
        if judged.given is not None:
            print(drills.drawn(asked.gradient, judged.given, sys.stdout.isatty()))
        if judged.is_right:
            return True


# ------------------------------------------------------------------------------------- capstone


def run_capstone(options: argparse.Namespace, lessons: Sequence[Lesson]) -> int:
    """Put the answers together, hold them against the table of ops, train; 0 if all is well."""
    from tinygrad_mlp.experiment.outputs import CHART, check_output
    from tinygrad_mlp.plot import save

    from . import capstone

    check_output(options.out, CHART, ())
    if options.files and not options.files.is_dir():
        raise ValueError(f"there is no folder {options.files} with your answers")
    if options.images > capstone.MOST:
        raise ValueError(f"there are {capstone.MOST:,} training images, not {options.images:,}")
    pieces = capstone.gather(lessons, options.files)
    width = max(len(piece.name) for piece in pieces)
    print("The pieces of your framework:")
    for piece in pieces:
        say(f"  {piece.lesson.name[:2]}  {piece.name:{width}}  ", piece.verdict)
    framework = capstone.Framework({piece.name: piece.made for piece in pieces})
    faults = say_what_was_held(framework)
    yours = capstone.train(framework, options.images, options.epochs)
    package = capstone.train_with_package(framework, options.images, options.epochs)
    print(f"Trained on {options.images:,} digits for {options.epochs} epochs, on the test images:")
    for words, curves in (("out of your pieces", yours), ("with the package", package)):
        print(
            f"  {words:18}  last loss {curves.losses[-1]:.6f}, {100 * curves.accuracy:.2f} % right"
        )
    apart = max(abs(a - b) for a, b in zip(yours.losses, package.losses, strict=True))
    print(f"  the losses of all {len(yours.losses)} steps differ by at most {apart:.1e}")
    save(capstone.picture(yours, package, options.images), options.out)
    print(f"picture: {options.out}")
    return 1 if faults or apart > 1e-6 else 0


def say_what_was_held(framework: Framework) -> int:
    """Say how each op did against the package's table; return how many failed."""
    from . import capstone

    try:
        held = capstone.hold_against_table(framework)
    except ModuleNotFoundError as error:
        print(f"Not held against the package's table of ops: {needs(str(error.name))}")
        return 0
    print("Against the package's table of ops, values and gradients:")
    for row in held:
        left_out = f", {row.left_out} left out" if row.left_out else ""
        say(f"  {row.op:13} ", row.fault or f"{row.agreed} calls agree{left_out}")
    return sum(bool(row.fault) for row in held)


# ---------------------------------------------------------------------------------------- check


def run_check(options: argparse.Namespace, lessons: Sequence[Lesson]) -> int:
    if options.file and len(options.lessons) != 1:
        raise ValueError(
            "--file needs the one lesson that it answers, as in  check 3 --file answers.py"
        )
    if not options.lessons:
        return show_progress(lessons)
    return max([check(lesson, options.file or lesson.beside("exercises")) for lesson in lessons])


def check(lesson: Lesson, file: Path) -> int:
    """Judge the answers to one lesson and say what came out; 0 if all are right."""
    exercises = exercises_of(lesson)
    print(f"{lesson.number}. {lesson.title}: {shown(file)}")
    try:
        verdicts = judged(lesson, exercises, file)
    except Unreadable as error:
        print(f"  the file cannot be imported: {error}")
        return 1
    width = max(len(exercise.name) for exercise in exercises)
    for exercise, verdict in zip(exercises, verdicts, strict=True):
        say(f"  {exercise.name:{width}}  ", verdict.detail)
        if verdict.hint:
            say(" " * (width + 4), f"Hint: {verdict.hint}")
    right = sum(verdict.is_right for verdict in verdicts)
    print(f"{right} of {len(exercises)} right")
    return 0 if right == len(exercises) else 1


def say(start: str, words: str) -> None:
    """Print words after `start`, wrapped to 100 columns and indented as far as they began."""
    indent = " " * len(start)
    words = " ".join(words.split())
    print(textwrap.fill(words, 100, initial_indent=start, subsequent_indent=indent).rstrip())


def show_progress(lessons: Sequence[Lesson]) -> int:
    """How many exercises of each lesson are right so far; 0 if all are."""
    rows = []
    for lesson in lessons:
        exercises: list[Exercise] = []
        verdicts: list[Verdict] = []
        note = ""
        try:
            exercises = exercises_of(lesson)
            verdicts = judged(lesson, exercises, lesson.beside("exercises"))
        except Unreadable as error:
            note = f"cannot be imported: {error}"
        except ValueError as error:
            note = str(error)
        right = sum(verdict.is_right for verdict in verdicts)
        begun = sum(verdict.state != "not started" for verdict in verdicts) - right
        if begun:
            note = f"{begun} begun"
        rows.append((lesson, len(exercises), right, note))
    width = max(len(lesson.title) for lesson in lessons)
    print(f"    {'lesson':{width}}  exercises  right so far")
    for lesson, count, right, note in rows:
        print(f"{lesson.name[:2]}  {lesson.title:{width}}  {count:9}  {right:12}  {note}".rstrip())
    count = sum(row[1] for row in rows)
    right = sum(row[2] for row in rows)
    print(f"    {'all':{width}}  {count:9}  {right:12}")
    return 0 if right == count else 1


if __name__ == "__main__":
    sys.exit(main())
