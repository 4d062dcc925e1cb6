"""Drills ask for right gradients, judge shape before value, and go on until one has had enough."""

import os
import subprocess
import sys

import numpy as np
import pytest

from lessons import drills
from lessons.catalogue import HERE

per_drill = pytest.mark.parametrize("drill", drills.DRILLS, ids=lambda drill: drill.name)


def ask(drill, seed=0):
    return drills.question(drill, np.random.default_rng(seed))


@per_drill
@pytest.mark.parametrize("seed", range(5))
def test_the_rule_agrees_with_central_differences(drill, seed):
    asked = ask(drill, seed)
    names = {name: array for name, array in asked.names.items() if name not in "yg"}
    x = names[drill.wanted]
    expected = np.zeros(np.shape(x))
    for place in np.ndindex(np.shape(x)):
        moved = []
        for step in (1e-6, -1e-6):
            other = np.array(x, float)
            other[place] += step
            y = drills.evaluate(drill.line, names | {drill.wanted: other})
            moved.append(np.sum(y * asked.names["g"]))
        expected[place] = (moved[0] - moved[1]) / 2e-6
    assert asked.gradient.shape == np.shape(x)
    np.testing.assert_allclose(asked.gradient, expected, rtol=1e-6, atol=1e-6)


@per_drill
def test_the_rule_is_right_and_twice_the_rule_is_wrong_in_its_values(drill):
    asked = ask(drill)
    assert drills.judge(asked, drill.rule).is_right
    judged = drills.judge(asked, f"2.0 * ({drill.rule})")
    assert not judged.is_right and "values are wrong" in judged.words


@per_drill
def test_shapes_are_new_each_time_and_no_wrong_one_fits_by_chance(drill):
    rng = np.random.default_rng(1)
    asked = [drills.question(drill, rng) for _ in range(30)]
    assert len({question.shapes for question in asked}) >= 5
    for question in asked:
        shape = np.shape(question.names["x"])
        assert len(set(shape)) == 2, "a square hides a missing transpose"
        assert np.shape(question.names["g"]) == np.shape(question.names["y"])


def by_name(name):
    return next(drill for drill in drills.DRILLS if drill.name == name)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("add a row", "g"),
        ("add a row", "g.sum(0, keepdims=True)"),
        ("times a column", "(g * x).sum(1)"),
        ("times a number", "g * x"),
        ("mean", "g / x.size"),
        ("sum of each column", "g"),
        ("transpose", "g"),
        ("product, right", "g.T @ x"),
        ("gather rows", "g"),
        ("slice", "g"),
    ],
)
def test_a_shape_that_only_broadcasts_is_not_right(name, answer):
    asked = ask(by_name(name))
    judged = drills.judge(asked, answer)
    assert not judged.is_right
    assert f"it must be that of {asked.drill.wanted}, {asked.gradient.shape}" in judged.words


@pytest.mark.parametrize(
    ("name", "answer", "wrong"),
    [
        ("ReLU", "g", "values are wrong"),
        ("tanh", "g * (1 - x**2)", "values are wrong"),
        ("softmax of each row", "g * y * (1 - y)", "values are wrong"),
        ("running sum", "g.cumsum(1)", "values are wrong"),
        ("exp", "g * y * (1 + 1e-6)", "values are wrong"),
        ("exp", "g * y +", "SyntaxError"),
        ("exp", "h", "NameError"),
        ("exp", "1 / 0", "ZeroDivisionError"),
        ("exp", "'g'", "no array of numbers"),
        ("exp", "exit()", ""),
        ("exp", "np.log(-x**2 - 1)", "12 of 12 values are wrong"),
    ],
)
def test_what_is_wrong_is_told(name, answer, wrong):
    judged = drills.judge(ask(by_name(name)), answer)
    assert not judged.is_right and wrong in judged.words


def test_an_answer_cannot_change_the_question():
    asked = ask(by_name("exp"))
    assert not drills.judge(asked, "g.fill(0)").is_right
    assert drills.judge(asked, asked.drill.rule).is_right


def test_three_blocks_are_drawn_side_by_side():
    text = drills.drawn(np.array([[1.0, -2.0]]), np.array([[1.0, 2.0]]), colour=False)
    title, row = text.splitlines()
    assert title.split() == ["wanted", "yours", "difference"]
    assert row.split() == ["1.00", "-2.00", "1.00", "2.00", "0.00", "4.00"]
    coloured = drills.drawn(np.array([1.0]), np.array([-1.0]), colour=True)
    assert coloured.count("\x1b[48;2;") == 3


def run(words, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "lessons", "drill", *arguments],
        input=words,
        cwd=HERE.parent,
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
    )


def test_the_command_asks_again_after_a_wrong_answer_and_counts_at_the_end():
    rng = np.random.default_rng(4)
    first = drills.DRILLS[rng.permutation(len(drills.DRILLS))[0]]
    done = run(f"g + g\n{first.rule}\nq\n", "--seed", "4")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(f"gradient for {first.wanted} = ") == 2
    assert done.stdout.endswith("1 of 1 right\n")
    assert "wanted" in done.stdout and "\x1b" not in done.stdout


def test_an_empty_line_shows_the_answer_which_is_then_not_right_and_the_end_of_input_ends():
    done = run("\n", "--seed", "4")
    assert (done.returncode, done.stderr) == (1, "")
    assert any(drill.rule in done.stdout for drill in drills.DRILLS)
    assert done.stdout.endswith("0 of 1 right\n")
