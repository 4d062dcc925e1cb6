"""What lesson 21 says about programs. Nothing here looks at a time."""

import math

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def lesson(printed):
    return printed("21_program")


def test_the_first_program_has_eight_lines_and_is_right_where_it_was_not_traced(lesson):
    text = lesson["Writing it down"]
    assert sum(line.startswith("    v") for line in text.splitlines()) == 8
    _, y, slope = row(text, "replayed at x")[-3:]
    assert y == pytest.approx(3 * math.sin(3), abs=1e-4)
    assert slope == pytest.approx(math.sin(3) + 3 * math.cos(3), abs=1e-4)


def test_a_replay_of_the_step_on_another_batch_has_the_same_bits(lesson):
    assert "22 lines; another batch, the same bits: True" in lesson["A training step"]


def test_six_lines_are_the_forward_pass(lesson):
    lines = lesson["A training step"].splitlines()
    assert "v6 = cross_entropy(" in lines[6] and "(50, 784)" in lines[1]


def test_passes_make_the_program_longer_and_shorter_and_keep_every_bit(lesson):
    text = lesson["Cleaning it up"]
    counts = {}
    for name in ("as traced", "opened up", "computed once", "folded", "without the loss"):
        line = next(x for x in text.splitlines() if x.startswith(name) and "bits" in x)
        assert line.endswith("True")
        counts[name] = numbers(line)[0]
    assert list(counts.values()) == [22, 36, 31, 28, 22]


def test_nothing_is_computed_twice_before_the_program_is_opened_up(lesson):
    assert row(lesson["Cleaning it up"], "as traced, and computed once:") == [22]


def test_python_enters_the_compiled_function_twice_in_five_calls(lesson):
    text = lesson["The program that the package writes"]
    assert text.split("\n")[0].split() == ["here", "here"]
    assert "the last gradients, the same bits: True" in text


def test_the_package_s_program_has_five_matrix_products_and_writes_into_its_room(lesson):
    text = lesson["The program that the package writes"]
    assert text.count(" @ ") + text.count("np.matmul(") == 5
    assert "out=room[0]" in text and "y.copy()" in text and "refuse_unknown_classes" in text


def test_a_traced_mask_is_frozen_and_a_compiled_one_is_not(lesson):
    text = lesson["When tracing goes wrong"]
    assert row(text, "our own tracer:") == [1, 8]
    assert row(text, "tg.compile:") == [8, 8]


def test_our_tracer_is_wrong_three_times_and_the_package_never(lesson):
    text = lesson["When tracing goes wrong"]
    found = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    assert found["numpy_in_the_middle"] == ["WRONG", "refuses"]
    assert found["number_from_outside"] == ["WRONG", "right"]
    assert found["choice_by_an_op"] == ["right", "right"]
    rows = [line.split() for line in text.splitlines()]
    assert ["branch_on_a_value", "WRONG", "refuses"] in rows
    assert "where() for a choice" in text
