"""The capstone trains with the reader's pieces, and with the solution's where one is not right."""

import functools
import importlib
import inspect
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from lessons import capstone
from lessons.__main__ import main
from lessons.answers import exercises_of
from lessons.catalogue import HERE, all_lessons

LESSONS = [lesson for lesson in all_lessons() if lesson.number in capstone.PIECES.values()]


def exercise(name):
    lesson = next(lesson for lesson in LESSONS if lesson.number == capstone.PIECES[name])
    return next(exercise for exercise in exercises_of(lesson) if exercise.name == name)


@functools.cache
def solutions():
    return {
        name: getattr(importlib.import_module(f"lessons.solutions.{lesson.name}"), name)
        for name, number in capstone.PIECES.items()
        for lesson in LESSONS
        if lesson.number == number
    }


@pytest.fixture
def answered(tmp_path):
    """A folder where every exercise is answered with its solution."""
    for lesson in LESSONS:
        shutil.copy(lesson.beside("solutions"), tmp_path)
    return tmp_path


def test_all_pieces_are_yours_when_all_answers_are_right(answered):
    pieces = capstone.gather(LESSONS, answered)
    assert [piece.name for piece in pieces] == list(capstone.PIECES)
    assert {piece.verdict for piece in pieces} == {"yours"}


def test_every_piece_that_is_not_started_is_the_solutions_by_name():
    pieces = capstone.gather(LESSONS, HERE / "exercises")
    assert {piece.verdict for piece in pieces} == {"the solution's: yours is not started"}


def test_a_file_that_cannot_be_read_or_is_missing_costs_only_its_own_pieces(answered):
    first, second, *_ = LESSONS
    (answered / first.path.name).write_text("def divide(a, b:\n")
    (answered / second.path.name).unlink()
    pieces = {piece.name: piece.verdict for piece in capstone.gather(LESSONS, answered)}
    assert pieces["walk_back"].startswith("the solution's: SyntaxError")
    assert pieces["unbroadcast"] == "the solution's: there is no such file"
    assert pieces["Layer"] == pieces["compiled"] == "yours"


MISTAKES = [(name, i) for name in capstone.PIECES for i, _ in enumerate(exercise(name).mistakes)]


@pytest.mark.parametrize(("name", "i"), MISTAKES)
def test_each_foreseen_mistake_is_replaced_and_the_others_stay(answered, monkeypatch, name, i):
    lesson = next(lesson for lesson in LESSONS if lesson.number == capstone.PIECES[name])
    mistake = exercise(name).mistakes[i]
    checks = f"lessons.checks.{lesson.name}"
    file = answered / lesson.path.name
    where = f"EXERCISES[{[x.name for x in exercises_of(lesson)].index(name)}].mistakes[{i}].version"
    file.write_text(
        file.read_text("utf-8")
        + f"\nimport importlib\n{name} = importlib.import_module({checks!r}).{where}\n"
    )
    pieces = {piece.name: piece for piece in capstone.pieces_of(lesson, names_of(lesson), answered)}
    assert pieces[name].verdict.startswith("the solution's: yours "), mistake.hint
    assert pieces[name].made is not mistake.version
    others = {piece.verdict for other, piece in pieces.items() if other != name}
    assert others <= {"yours"}


def names_of(lesson):
    return [name for name, number in capstone.PIECES.items() if number == lesson.number]


@functools.cache
def framework():
    return capstone.Framework(solutions())


def test_the_framework_agrees_with_the_package_on_the_packages_own_calls():
    pytest.importorskip("torch", reason="the table of ops compares with PyTorch")
    held = {row.op: row for row in capstone.hold_against_table(framework())}
    assert not [row.fault for row in held.values() if row.fault]
    for name in ("add", "sub", "mul", "div", "tanh"):
        assert held[name].agreed == 100 and not held[name].left_out
    assert held["matmul"].agreed >= 10 and held["cross_entropy"].agreed >= 20


@pytest.mark.parametrize("name", ["tanh", "divide", "unbroadcast", "linear_rules"])
def test_a_wrong_rule_in_the_framework_is_noticed_by_the_table(name):
    pytest.importorskip("torch", reason="the table of ops compares with PyTorch")
    right = solutions()[name]

    def wrong(*inputs):
        found = right(*inputs)
        if isinstance(found, np.ndarray | np.generic):
            return -found
        return [found[0], *(2 * x for x in found[1:])]

    spoiled = capstone.Framework(solutions() | {name: wrong})
    assert any(row.fault for row in capstone.hold_against_table(spoiled))


def test_its_training_is_the_packages_step_for_step():
    yours = capstone.train(framework(), images=230, epochs=2)
    package = capstone.train_with_package(framework(), images=230, epochs=2)
    assert len(yours.losses) == 10  # the last batch of an epoch has 30 images
    np.testing.assert_allclose(yours.losses, package.losses, rtol=1e-12)
    assert yours.losses[-1] < 0.7 * yours.losses[0]
    assert abs(yours.accuracy - package.accuracy) < 1e-9 and yours.accuracy > 0.5


def test_the_program_is_recorded_once_for_each_shape():
    traced = []

    def compiled(function, trace):
        def counting(function, arrays):
            traced.append(np.shape(arrays[0]))
            return trace(function, arrays)

        return solutions()["compiled"](function, counting)

    capstone.train(capstone.Framework(solutions() | {"compiled": compiled}), 120, 2)
    assert traced == [(50, 784), (20, 784)]


def test_the_command_says_where_each_piece_is_from_and_draws_both_curves(answered, tmp_path):
    (answered / LESSONS[2].path.name).unlink()
    out = tmp_path / "curves.png"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "lessons", "capstone", "--files", str(answered)),
            *("--images", "500", "--epochs", "1", "--out", str(out)),
        ],
        cwd=HERE.parent,
        env=os.environ | {"PYTHONPATH": str(HERE.parent), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = " ".join(done.stdout.split())
    assert "05 Layer the solution's: there is no such file" in said
    assert "01 walk_back yours" in said
    assert "the losses of all 10 steps differ by at most" in done.stdout
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--images", "0"], "needs a whole number of at least 1"),
        (["--epochs", "none"], "needs a whole number of at least 1"),
        (["--images", "60001"], "there are 60,000 training images, not 60,001"),
        (["--files", "nowhere"], "there is no folder nowhere"),
        (["--out", "curves.gif"], "pictures are written as PNG"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line_before_anything_is_trained(
    capsys, arguments, said
):
    assert main(["capstone", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and said in err and err.count("\n") == 1


def test_a_file_of_another_kind_is_not_written_over(capsys, tmp_path):
    (tmp_path / "mine.png").write_text("my notes")
    assert main(["capstone", "--out", str(tmp_path / "mine.png")]) == 2
    assert "is not written over" in capsys.readouterr().err
    assert (tmp_path / "mine.png").read_text() == "my notes"


def test_the_slopes_of_a_value_are_asked_for_as_slope_times_gradient():
    source = inspect.getsource(solutions()["walk_back"])
    assert "slope * gradients" in source  # what the text of lesson 1 and its check promise
