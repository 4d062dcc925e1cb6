"""What lesson 22 says of the package's engine is so, and its numbers are what it prints."""

import inspect
import re

import pytest

from lessons.catalogue import HERE, Lesson
from tinygrad_mlp import engine

from .claims import numbers, row

pytestmark = pytest.mark.lesson

LESSON = Lesson(HERE / "22_reading_the_engine.py")
TEXT = "\n".join(cell.source for cell in LESSON.cells if cell.is_text)
CODE = "\n".join(cell.source for cell in LESSON.cells if not cell.is_text)


@pytest.fixture
def shown(printed):
    return printed("22_reading_the_engine")


def test_the_lines_set_beside_each_other_stand_in_both_engines():
    pairs = re.findall(r"^ours {6}(.+)\npackage {3}(.+)$", TEXT, re.M)
    parts = (engine.run_backward, engine._send_back, engine._add)
    package = "\n".join(inspect.getsource(part) for part in parts)
    assert len(pairs) == 10
    for ours, theirs in pairs:
        assert f"    {ours}" in CODE, ours
        assert f"    {theirs}" in package, theirs


def test_what_the_text_points_at_is_in_the_engine():
    walk = inspect.getsource(engine.run_backward)
    for name in ("seeds", "targets", "needed", "hook", "create_graph", "node.inputs = None"):
        assert name in walk
    assert walk.count(".pop(") == 2
    sending = inspect.getsource(engine._send_back)
    for name in ("y, xs =", "astype", "_is_shared", "copied", "refuse_if_changed"):
        assert name in sending
    assert "recorded = " in inspect.getsource(engine.apply)


def test_the_package_has_seven_nodes_where_we_have_nine(shown):
    text = shown["What is written down"]
    assert numbers(text.splitlines()[0]) == [9, 7]
    made_by = [line.split()[1] for line in text.splitlines()[3:]]
    assert made_by == ["leaf", "leaf", "matmul", "add", "sub", "mul", "mean"]
    assert "array (24, 1)" in text


def test_finished_gradients_leave_one_in_the_dictionary(shown):
    assert numbers(shown["What is finished is let go"].splitlines()[0]) == [100, 1]


def test_a_second_walk_over_a_shared_value_is_refused(shown):
    text = shown["The graph is cut"]
    assert row(text, "after first.backward():") == [2, 4, 6]
    assert "second.backward():\n    the graph behind this result of mul() was freed" in text
    assert row(text, "the sum of both losses:") == [2 * w + 4 * w**3 for w in (1, 2, 3)]


def test_our_gradients_share_an_array_and_the_packages_do_not(shown):
    text = shown["Who else holds this array?"]
    assert numbers(text.splitlines()[0]) == [0.125] * 8
    assert numbers(text.splitlines()[1]) == [0.125] * 4 + [0.25] * 4


def test_an_overwritten_array_is_noticed_by_the_package_alone(shown):
    text = shown["Was it overwritten?"]
    assert "our engine: [20.]" in text
    assert "changed in place after it was used" in text
    assert "through .data: [6.0]" in text
