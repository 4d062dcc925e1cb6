"""How an exercise is judged: the answer and the solution are asked the same questions.

A check says what to ask: `observe(answer)` uses a function or class and returns numbers and
arrays. `judge` observes the solution and the learner's answer, and compares them. It says "right",
"not started", "right up to a factor", or "wrong" and by how much. Each exercise also knows some
wrong versions that people really write: an answer that behaves like one of them gets its hint.

    Exercise(
        "chain_rule",
        observe=lambda answer: [answer(x) for x in (0.3, -1.2, 2.0)],
        hint="Which derivative is taken at which point?",
        mistakes=[Mistake(added, "You added the two factors; the chain rule multiplies them.")],
    )

Nothing here prints or reads files; `python -m lessons check` does.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from types import FrameType
from typing import Any, Literal

import numpy as np

LIMIT = 60.0
"""How many seconds an answer may take."""

MAIN_THREAD = threading.main_thread()

State = Literal["right", "not started", "factor", "wrong", "error"]


@dataclass(frozen=True)
class Mistake:
    """A wrong version of an answer, with the same signature, and what to tell its author."""

    version: Callable[..., Any]
    hint: str


class Refused(ValueError):
    """An answer whose form cannot be judged, for whatever reason; `hint` is what to tell about it.

    For `observe` to raise, where any one of many mistakes has the same hint.
    """

    def __init__(self, message: str, hint: str):
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    name       of the function or class in lessons/exercises and lessons/solutions
    observe    uses an answer; returns numbers, arrays or Tensors, in any nesting of lists
    hint       for an answer that is wrong in a way that nobody foresaw
    mistakes   the wrong versions that were foreseen
    tolerance  how far off a value may be, relative to the largest expected value of its array
    """

    name: str
    observe: Callable[[Any], Any]
    hint: str
    mistakes: Sequence[Mistake] = ()
    tolerance: float = 1e-6


@dataclass(frozen=True)
class Verdict:
    """The outcome: `detail` is one line to read; `hint` is empty unless something is wrong."""

    state: State
    detail: str
    hint: str = ""

    @property
    def is_right(self) -> bool:
        return self.state == "right"


def judge(exercise: Exercise, answer: Any, solution: Any, file: str | None = None) -> Verdict:
    """Compare an answer with the solution.

    file  the file that holds the answer, so that errors can be reported with their line; without
          it, every NotImplementedError counts as "not started"
    """
    given, answer_wrote = _observe(exercise, answer)
    if isinstance(given, NotImplementedError) and _is_stub(given, file):
        return Verdict("not started", "not started")
    expected, solution_wrote = _observe(exercise, solution)
    if isinstance(expected, Exception):
        raise expected
    _check_expected(exercise, expected)
    state, detail = _compare(exercise, expected, given, file)
    if state == "right":
        return Verdict("right", "right")
    if answer_wrote and not solution_wrote:
        detail += "; it also writes into the arrays that it is given"
    return Verdict(state, detail, _hint(exercise, given))


def error_line(error: BaseException, file: str | None) -> str:
    """An exception in one line: type, message, and the line of `file` that it came through."""
    words = " ".join(str(error).split())
    if isinstance(error, SyntaxError):  # its text also names the file and the line
        words = f"{error.msg}, line {error.lineno}"
    else:
        line = _line_in(error, file)
        words += ("," if words else "") + f" line {line}" if line else ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


# ------------------------------------------------------------------------------------ observing


def _observe(exercise: Exercise, answer: Any) -> tuple[Any, bool]:
    """Copies of the observed values, or the exception; and whether inputs were written to."""
    inputs = [(array, array.copy()) for array in _arrays_used(exercise.observe)]
    values = _observed(exercise, answer)
    wrote = False
    for array, before in inputs:
        if not np.array_equal(array, before, equal_nan=array.dtype.kind == "f"):
            array[...] = before  # the next answer must find them as they were
            wrote = True
    return values, wrote


def _observed(exercise: Exercise, answer: Any) -> Any:
    try:
        # No warnings: overflow and the like show in the values.
        with watched(), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return _copied(exercise.observe(answer))
    except TooLong as error:
        return RuntimeError(str(error))
    except Exception as error:
        return error
    except SystemExit as error:
        return RuntimeError(f"the answer left the program with exit({error.code!r})")


class TooLong(BaseException):
    """An answer was stopped. No Exception, as answers may catch those."""


@contextmanager
def watched() -> Iterator[None]:
    """Inside, what takes longer than `LIMIT` raises TooLong, and no way out of the program is open.

    Where there are no alarms, as on Windows, and outside the main thread, nothing is stopped.
    """
    has_alarm = hasattr(signal, "setitimer") and threading.current_thread() is MAIN_THREAD
    ways_out = [
        (module, name, getattr(module, name))
        for module in (os, sys.modules[os.name])
        for name in ("_exit", "execv", "execve")
    ]
    for module, name, _ in ways_out:
        setattr(module, name, _leave)
    before = signal.signal(signal.SIGALRM, _stop) if has_alarm else None
    try:
        if has_alarm:
            signal.setitimer(signal.ITIMER_REAL, LIMIT, 1)  # once more each second, if it is caught
        yield
    finally:
        if has_alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        for module, name, way_out in ways_out:
            setattr(module, name, way_out)


def _leave(*given: Any) -> None:
    """What os._exit and its like do meanwhile: without this, nobody would judge what follows."""
    raise SystemExit(*given[:1])


def _stop(number: int, frame: FrameType | None) -> None:
    raise TooLong(f"it was stopped after {LIMIT:g} seconds; is there a loop that never ends?")


def _arrays_used(observe: Callable[[Any], Any]) -> list[np.ndarray]:
    """The writeable arrays of the module, the enclosing functions and the defaults of `observe`."""
    cells = [cell.cell_contents for cell in getattr(observe, "__closure__", None) or ()]
    defaults = getattr(observe, "__defaults__", None) or ()
    names = getattr(observe, "__globals__", {})
    found = {
        id(array): array
        for value in (*names.values(), *cells, *defaults)
        for array in _arrays_in(value)
        if array.flags.writeable
    }
    return list(found.values())


def _arrays_in(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _arrays_in(part)
    elif isinstance(value, dict):
        yield from _arrays_in(list(value.values()))
    elif isinstance(value, np.ndarray):
        yield value
    elif isinstance(getattr(value, "data", None), np.ndarray):
        yield value.data  # that of a Tensor, which may also be written to


@dataclass(frozen=True)
class _NoNumber:
    """Stands for what is neither a number nor an array of numbers."""

    kind: str


def _copied(values: Any) -> Any:
    """The values as nested lists of arrays that nothing else can change."""
    if isinstance(values, list | tuple):
        return [_copied(value) for value in values]
    if isinstance(values, dict):
        return [_copied(value) for value in values.values()]
    if hasattr(values, "detach"):  # a Tensor, of this package or of PyTorch
        values = values.detach()
    if values is None:
        return _NoNumber("None")
    array = np.array(values)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    if isinstance(values, np.ndarray):
        return _NoNumber(f"an array of {values.dtype}")
    return _NoNumber(f"of type {type(values).__name__}")


def _check_expected(exercise: Exercise, expected: Any) -> None:
    leaves = list(_leaves(expected))
    if not any(isinstance(leaf, np.ndarray) and leaf.size for leaf in leaves):
        raise ValueError(f"the check of {exercise.name} observes no numbers")
    if not all(isinstance(leaf, np.ndarray) for leaf in leaves):
        raise ValueError(f"the check of {exercise.name} observes something that is not a number")


def _leaves(values: Any) -> Iterator[Any]:
    if isinstance(values, list):
        for value in values:
            yield from _leaves(value)
    else:
        yield values


# ------------------------------------------------------------------------------------ comparing


class _Unlike(Exception):
    """Two observations do not have the same form; the message says where and how."""


def _compare(
    exercise: Exercise, expected: Any, given: Any, file: str | None = None
) -> tuple[State, str]:
    if isinstance(given, Exception):
        return "error", _told(given, file)
    try:
        pairs = list(_pairs(expected, given, "the result"))
    except _Unlike as unlike:
        return "wrong", f"wrong: {unlike}"
    differences = [_difference(want, got) for want, got in pairs]
    limits = [exercise.tolerance * _size(want) for want, _ in pairs]
    if all(d <= limit for d, limit in zip(differences, limits, strict=True)):
        return "right", "right"
    factor = _factor(pairs, exercise.tolerance)
    if factor:
        return "factor", f"right up to a factor of {factor}"
    return "wrong", "wrong: " + _largest(pairs, differences)


def _pairs(expected: Any, given: Any, where: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each expected array with the one given in its place; raises _Unlike if there is none."""
    if isinstance(expected, list):
        if isinstance(given, np.ndarray) and given.ndim:
            given = [np.asarray(part) for part in given]
        if not isinstance(given, list):
            raise _Unlike(f"{where} is {_kind(given)}, but {_kind(expected)} is expected")
        if len(given) != len(expected):
            raise _Unlike(f"{where} has length {len(given)}, but {len(expected)} is expected")
        for i, (want, got) in enumerate(zip(expected, given, strict=True), 1):
            yield from _pairs(want, got, f"value {i} of {len(expected)}")
        return
    if not isinstance(given, np.ndarray):
        raise _Unlike(f"{where} is {_kind(given)}, but {_kind(expected)} is expected")
    if given.shape != expected.shape:
        raise _Unlike(f"{where} has shape {given.shape}, but {expected.shape} is expected")
    yield expected, given


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, _NoNumber):
        return value.kind
    return f"an array of shape {value.shape}" if value.ndim else "a number"


def _difference(expected: np.ndarray, given: np.ndarray) -> float:
    """The largest difference; infinite where only one of the two is NaN or infinite."""
    same = (expected == given) | (np.isnan(expected) & np.isnan(given))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(expected - given))
    return float(np.nan_to_num(difference, nan=np.inf, posinf=np.inf).max(initial=0.0))


def _size(expected: np.ndarray) -> float:
    """The largest finite value of an array; 1 if all are 0."""
    return float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0)) or 1.0


def _factor(pairs: Sequence[tuple[np.ndarray, np.ndarray]], tolerance: float) -> str:
    """The single factor, not 0, between everything expected and everything given; "" if none."""
    want = np.concatenate([expected.ravel() / _size(expected) for expected, _ in pairs])
    got = np.concatenate([given.ravel() / _size(expected) for expected, given in pairs])
    # Between two single numbers there is always a factor, and it says nothing.
    if np.count_nonzero(want) < 2 or not (np.isfinite(want).all() and np.isfinite(got).all()):
        return ""
    factor = float(want @ got / (want @ want))
    if abs(factor) <= tolerance or np.abs(got - factor * want).max() > tolerance * abs(factor):
        return ""
    if abs(factor + 1) <= tolerance:
        return "-1: look at the sign"
    simple = Fraction(factor).limit_denominator(100)
    fits = simple and abs(factor - simple) <= tolerance * abs(factor)
    return str(simple) if fits else f"{factor:.4g}"


def _largest(pairs: Sequence[tuple[np.ndarray, np.ndarray]], differences: Sequence[float]) -> str:
    """The value that is furthest off, described in words."""
    relative = [d / _size(want) for d, (want, _) in zip(differences, pairs, strict=True)]
    worst = int(np.argmax(relative))
    expected, given = pairs[worst]
    where = f" in value {worst + 1} of {len(pairs)}" if len(pairs) > 1 else ""
    for name, is_such in (("a NaN", np.isnan), ("an infinity", np.isinf)):
        if np.any(is_such(given) & ~is_such(expected)):
            return f"there is {name}{where}"
    if not expected.ndim:
        return f"{float(given):.6g}, but {float(expected):.6g} is expected{where}"
    return (
        f"off by at most {differences[worst]:.3g}{where}, an array of shape {expected.shape} "
        f"whose largest value is {_size(expected):.3g}"
    )


def _hint(exercise: Exercise, given: Any) -> str:
    """The hint of the first mistake that behaves like the answer, or else a more general one."""
    for mistake in exercise.mistakes:
        if _alike(exercise, _observe(exercise, mistake.version)[0], given):
            return mistake.hint
    return given.hint if isinstance(given, Refused) else exercise.hint


def _alike(exercise: Exercise, one: Any, other: Any) -> bool:
    if isinstance(one, Exception) or isinstance(other, Exception):
        return type(one) is type(other) and str(one) == str(other)
    if any(isinstance(leaf, _NoNumber) for leaf in _leaves(one)):
        return _form(one) == _form(other)
    return _compare(exercise, one, other)[0] == "right"


def _form(values: Any) -> Any:
    """The form of the values, without the numbers."""
    return [_form(value) for value in values] if isinstance(values, list) else _kind(values)


# --------------------------------------------------------------------------------------- errors


def _told(error: Exception, file: str | None) -> str:
    words = error_line(error, file)
    if file and not _line_in(error, file):
        return f"its result cannot be used: {words}"
    return f"raised {words}"


def _is_stub(error: NotImplementedError, file: str | None) -> bool:
    """Whether it was raised in the learner's own file, not by something called from there."""
    if file is None:
        return True
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and _is_same_file(frames[-1].filename, file)


def _line_in(error: BaseException, file: str | None) -> int | None:
    """The innermost line of `file` that the exception came through."""
    if file is None:
        return None
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if _is_same_file(frame.filename, file)]
    return lines[-1] if lines else None


def _is_same_file(one: str, other: str) -> bool:
    return os.path.abspath(one) == os.path.abspath(other)
