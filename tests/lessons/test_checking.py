"""The judge says right only when it is right, and otherwise says what is wrong."""

import contextlib
import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

import tinygrad_mlp as tg
from lessons import checking
from lessons.checking import Exercise, Mistake, Refused, judge

MATRIX = np.array([[0.5, -1.25, 2.0], [3.5, 0.75, -0.2]])


def solution(x):
    return 3 * x


EXERCISE = Exercise(
    "triple",
    observe=lambda answer: [answer(MATRIX), [answer(2.5), answer(-0.5)]],
    hint="the general hint",
    mistakes=[
        Mistake(lambda x: 2 * x, "you doubled"),
        Mistake(lambda x: x + 3, "you added"),
        Mistake(lambda x: None, "you returned nothing"),
    ],
)


def verdict_on(answer, file=None):
    return judge(EXERCISE, answer, solution, file)


def test_equal_values_are_right_and_get_no_hint():
    for answer in (solution, lambda x: x + x + x, lambda x: 3 * x * (1 + 1e-8)):
        verdict = verdict_on(answer)
        assert (verdict.state, verdict.detail, verdict.hint) == ("right", "right", "")
        assert verdict.is_right


def test_an_answer_whose_form_is_refused_gets_the_hint_of_the_refusal_unless_it_was_foreseen():
    def observe(answer):
        name = answer()
        if name != "weight":
            raise Refused(f"{name} is found, but weight is expected", "names count")
        return 1.0

    foreseen = Mistake(lambda: "gamma", "you took the name of the paper")
    exercise = Exercise("layer", observe, "the general hint", [foreseen])
    verdict = judge(exercise, lambda: "scale", lambda: "weight")
    assert (verdict.state, verdict.hint) == ("error", "names count")
    assert "scale is found" in verdict.detail
    assert judge(exercise, lambda: "gamma", lambda: "weight").hint == foreseen.hint


def test_the_sign_is_told():
    verdict = verdict_on(lambda x: -3 * x)
    assert verdict.state == "factor"
    assert verdict.detail == "right up to a factor of -1: look at the sign"
    assert verdict.hint == "the general hint"


@pytest.mark.parametrize(
    ("factor", "told"),
    [(2 / 3, "2/3"), (-0.5, "-1/2"), (4, "4"), (np.pi, "3.142"), (1e-9, "1e-09")],
)
def test_a_factor_is_told(factor, told):
    # Far below the tolerance of the values themselves, a factor is no zero.
    exercise = Exercise("triple", EXERCISE.observe, "", tolerance=1e-12)
    verdict = judge(exercise, lambda x: factor * 3 * x, solution)
    assert verdict.detail == f"right up to a factor of {told}"


def test_a_factor_of_one_part_is_no_factor():
    assert verdict_on(lambda x: 2 * x if np.ndim(x) else 3 * x).state == "wrong"
    assert verdict_on(lambda x: 0 * x).state == "wrong"


def test_between_single_numbers_there_is_no_factor():
    exercise = Exercise("one", lambda answer: [answer(2.0)], "")
    verdict = judge(exercise, lambda x: 5 * x, solution)
    assert verdict.detail == "wrong: 10, but 6 is expected"


def test_a_known_mistake_gets_its_hint_also_when_it_is_right_up_to_a_factor():
    verdict = verdict_on(lambda x: x + x)
    assert (verdict.state, verdict.hint) == ("factor", "you doubled")
    verdict = verdict_on(lambda x: 3 + x)
    assert (verdict.state, verdict.hint) == ("wrong", "you added")


def test_the_largest_difference_is_told_with_its_place():
    verdict = verdict_on(lambda x: 3 * x + (0.25 if np.ndim(x) else 0))
    assert verdict.detail == (
        "wrong: off by at most 0.25 in value 1 of 3, an array of shape (2, 3) whose largest value "
        "is 10.5"
    )
    verdict = verdict_on(lambda x: 3 * x + (x == 2.5))
    assert "value 2 of 3" in verdict.detail and "8.5, but 7.5 is expected" in verdict.detail


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: None, "value 1 of 2 is None, but an array of shape (2, 3) is expected"),
        (lambda x: "6", "value 1 of 2 is of type str"),
        (lambda x: np.sum(3 * x), "value 1 of 2 has shape (), but (2, 3) is expected"),
        (lambda x: np.transpose(3 * x), "has shape (3, 2), but (2, 3) is expected"),
        (lambda x: [3 * x], "value 1 of 2 is a list of 1, but an array of shape"),
        (lambda x: {1, 2}, "value 1 of 2 is of type set"),
        (lambda x: (y for y in [x]), "value 1 of 2 is of type generator"),
        (lambda x: 3 * x * np.nan, "there is a NaN in value 1 of 3"),
        (lambda x: 3 * x + np.inf, "there is an infinity in value 1 of 3"),
        (lambda x: np.array([None, None]), "value 1 of 2 is an array of object, but"),
        (lambda x: 3 * x * (1 + 0j), "value 1 of 2 is an array of complex128"),
    ],
)
def test_what_is_no_answer_is_wrong_with_a_clear_line(answer, words):
    verdict = verdict_on(answer)
    assert verdict.state == "wrong" and verdict.hint
    assert words in verdict.detail and "\n" not in verdict.detail


def test_nothing_returned_can_be_a_known_mistake():
    assert verdict_on(lambda x: None).hint == "you returned nothing"


def test_too_few_values_are_told():
    exercise = Exercise("pair", lambda answer: [answer(MATRIX)], "")
    verdict = judge(exercise, lambda x: (x,), lambda x: (x, 2 * x))
    assert verdict.detail == "wrong: value 1 of 1 has length 1, but 2 is expected"
    verdict = judge(exercise, lambda x: x, lambda x: (x, 2 * x))
    assert verdict.state == "wrong"


def test_tensors_are_compared_by_their_data():
    def tensors(x):
        return tg.tensor(3.0 * np.asarray(x), requires_grad=True)

    assert verdict_on(tensors).is_right
    assert judge(EXERCISE, solution, tensors).is_right
    assert verdict_on(lambda x: -tensors(x)).state == "factor"


def test_each_array_has_a_tolerance_of_its_own():
    exercise = Exercise("scales", lambda answer: [answer(1e6), answer(1.0)], "", tolerance=1e-3)
    assert judge(exercise, lambda x: 3 * x * 1.0005, solution).is_right
    assert not judge(exercise, lambda x: 3 * x + 0.1, solution).is_right


# --------------------------------------------------------------------------------------- errors


def write(tmp_path, source):
    """The function `triple` of a file with this source, and the file."""
    file = tmp_path / "answers.py"
    file.write_text(source)
    names = {}
    exec(compile(source, str(file), "exec"), names)
    return names["triple"], str(file)


def test_an_error_is_told_with_type_message_and_line(tmp_path):
    verdict = verdict_on(*write(tmp_path, "def triple(x):\n    y = x\n    return y.no\n"))
    assert verdict.state == "error"
    assert verdict.detail.startswith("raised AttributeError: 'numpy.ndarray' object has no attrib")
    assert verdict.detail.endswith(", line 3")


def test_an_error_within_numpy_is_told_with_the_line_of_the_file(tmp_path):
    source = "import numpy as np\n\ndef triple(x):\n    return np.linalg.inv(x)\n"
    verdict = verdict_on(*write(tmp_path, source))
    assert verdict.detail.startswith("raised LinAlgError") and verdict.detail.endswith(", line 4")


def test_a_message_of_several_lines_becomes_one(tmp_path):
    verdict = verdict_on(*write(tmp_path, "def triple(x):\n    raise ValueError('a\\n  b')\n"))
    assert verdict.detail == "raised ValueError: a b, line 2"


def test_endless_recursion_and_leaving_are_errors(tmp_path):
    verdict = verdict_on(*write(tmp_path, "def triple(x):\n    return triple(x)\n"))
    assert verdict.detail.startswith("raised RecursionError") and verdict.state == "error"
    verdict = verdict_on(*write(tmp_path, "def triple(x):\n    raise SystemExit(0)\n"))
    assert verdict.state == "error" and "left the program" in verdict.detail


def test_a_wrong_signature_is_told(tmp_path):
    verdict = verdict_on(*write(tmp_path, "def triple():\n    return 1\n"))
    assert verdict.detail.startswith("its result cannot be used: TypeError: triple() takes 0")


def test_a_stub_is_not_started(tmp_path):
    verdict = verdict_on(*write(tmp_path, "def triple(x):\n    raise NotImplementedError\n"))
    assert (verdict.state, verdict.hint) == ("not started", "")


def test_what_the_package_does_not_implement_is_an_error_of_the_answer(tmp_path):
    file = tmp_path / "other.py"
    file.write_text("def missing():\n    raise NotImplementedError('no such thing')\n")
    source = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport other\nsys.path.pop(0)\n"
    source += "def triple(x):\n    return other.missing()\n"
    verdict = verdict_on(*write(tmp_path, source))
    assert verdict.detail == "raised NotImplementedError: no such thing, line 6"


# -------------------------------------------------------------------------------------- inputs


def test_an_answer_that_writes_into_its_inputs_spoils_nothing():
    def in_place(x):
        x *= 3
        return x

    exercise = Exercise(
        "triple",
        observe=lambda answer: [answer(MATRIX), answer(MATRIX)],
        hint="",
        mistakes=[Mistake(in_place, "you wrote into x")],
    )
    before = MATRIX.copy()
    verdict = judge(exercise, in_place, solution)
    np.testing.assert_array_equal(MATRIX, before)
    assert not verdict.is_right and verdict.hint == "you wrote into x"
    assert verdict.detail.endswith("; it also writes into the arrays that it is given")
    assert judge(exercise, solution, solution).is_right


def test_inputs_in_closures_lists_and_tensors_are_kept_too():
    arrays = [np.array([1.0, 2.0]), {"x": np.array([3.0])}]
    tensor = tg.tensor([4.0, 5.0])

    def observe(answer):
        return [answer(arrays[0]), answer(arrays[1]["x"]), answer(tensor.data)]

    def in_place(x):
        x += 1
        return x

    for _ in range(2):
        assert judge(Exercise("x", observe, ""), lambda x: x + 1, in_place).is_right
    assert arrays[0].tolist() == [1, 2] and arrays[1]["x"] == 3 and tensor.tolist() == [4, 5]


def test_warnings_of_an_answer_are_not_shown(recwarn):
    verdict = verdict_on(lambda x: 3 * x / np.zeros(np.shape(x)))
    assert verdict.state == "wrong" and not recwarn.list


# -------------------------------------------------------------------------- faults of the check


def test_a_check_that_observes_nothing_is_a_fault_of_the_check():
    with pytest.raises(ValueError, match="observes no numbers"):
        judge(Exercise("x", lambda answer: [], ""), solution, solution)
    with pytest.raises(ValueError, match="not a number"):
        judge(Exercise("x", lambda answer: [1.0, None], ""), solution, solution)


def test_a_solution_that_fails_is_a_fault_of_the_check():
    with pytest.raises(ZeroDivisionError):
        judge(EXERCISE, solution, lambda x: 1 / 0)


# --------------------------------------------------------------------- answers that do not answer


def endless(x):
    while True:
        pass


def stubborn(x):
    while True:
        with contextlib.suppress(Exception):
            endless(x)


def asleep(x):
    time.sleep(1000)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no alarm")
@pytest.mark.parametrize("answer", [endless, stubborn, asleep])
def test_an_endless_answer_is_stopped_and_told(answer, monkeypatch):
    monkeypatch.setattr(checking, "LIMIT", 0.05)
    verdict = verdict_on(answer)
    assert verdict.state == "error" and verdict.hint == "the general hint"
    assert "it was stopped after 0.05 seconds; is there a loop that never ends?" in verdict.detail
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert verdict_on(solution).is_right


@pytest.mark.parametrize(
    "leave",
    [
        lambda: os._exit(0),
        lambda: sys.modules[os.name]._exit(0),
        lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
        lambda: os.execlp("true", "true"),
        lambda: sys.exit(0),
    ],
    ids=["os._exit", "posix._exit", "execv", "execlp", "sys.exit"],
)
def test_an_answer_that_leaves_the_program_is_not_right(leave):
    before = os._exit, os.execv
    verdict = verdict_on(lambda x: leave())
    assert verdict.state == "error" and "the answer left the program with exit" in verdict.detail
    assert (os._exit, os.execv) == before


def test_an_answer_may_be_judged_in_any_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(verdict_on(solution)))
    thread.start()
    thread.join()
    assert found[0].is_right


def test_an_array_in_place_of_a_list_of_numbers_is_right():
    exercise = Exercise("pair", observe=lambda answer: [answer(2.0)], hint="the general hint")
    verdict = judge(exercise, lambda x: np.array([x, 3 * x]), lambda x: (x, 3 * x))
    assert verdict.is_right, verdict
    assert not judge(exercise, lambda x: np.array([x, x]), lambda x: (x, 3 * x)).is_right
