"""Whether the tests would notice a fault in the rooms beside the derivative table.

A sample of mutants is tried each time, all of them where time is no matter:

    python -m tests.mutation data        # one room
    python -m pytest -m slow tests/test_mutated_rooms.py

Each survivor must be listed, with a reason, in `mutation/survivors.txt`. The fates of mutants are
decided in forks (see `mutation/judging.py`), which Windows does not have.
"""

import ast
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from .mutants import mutants_from_source, mutants_of_module, with_constant, with_default
from .mutation.rooms import ROOMS

ROOT = Path(__file__).parents[1]

only_with_forks = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="mutants are tried in forks with limits"
)


def tried(room):
    """Try the mutants of a room, or the sample, in another process."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.mutation", room]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@only_with_forks
def test_a_sample_of_mutants_is_noticed(capsys):
    done = tried("sample")
    with capsys.disabled():
        print("\n" + (done.stdout.splitlines() or [""])[-1])
    assert done.returncode == 0, done.stdout + done.stderr


@only_with_forks
@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_every_mutant_of_a_room_is_noticed(room, capsys):
    done = tried(room)
    with capsys.disabled():
        print("\n" + (done.stdout.splitlines() or [""])[-1])
    assert done.returncode == 0, done.stdout + done.stderr


@only_with_forks
def test_each_survivor_that_is_listed_is_still_a_mutant_and_has_a_reason():
    from .mutation.trying import Tried, listed, mutants_of

    functions = " ".join(function for function, _, _ in listed())
    rooms = [room for room in ROOMS if any(m + "." in functions for m in ROOMS[room].modules)]
    made = {
        (Tried(module, mutant, "").function, mutant.was, mutant.change)
        for room in rooms
        for module, mutant in mutants_of(ROOMS[room].modules)
    }
    gone = [said for said in listed() if said not in made]
    assert not gone, "take these out of mutation/survivors.txt"
    assert all(listed().values())


@only_with_forks
def test_a_run_that_waits_for_ever_is_given_up_and_one_that_waits_for_work_is_not(monkeypatch):
    from .mutation import judging

    monkeypatch.setattr(judging, "IDLE", 2)
    work = [sys.executable, "-c", "while __import__('time').process_time() < 3.5: pass"]
    began = time.monotonic()
    assert judging.apart(lambda: threading.Event().wait(), 100.0) is None
    assert time.monotonic() - began < 50
    assert judging.apart(lambda: subprocess.run(work).returncode, 100.0) == 0


@pytest.mark.parametrize("room", ROOMS)
def test_every_judge_of_a_room_is_a_test_file(room):
    assert all((ROOT / "tests" / f"{judge}.py").is_file() for judge in ROOMS[room].judges)


# ----------------------------------------------------------------------------- making mutants


def changes_of(source):
    """What the mutants of a function with this source say."""
    space: dict = {}
    exec(source, space)
    tree = ast.parse(source).body[0]
    function = space[tree.name]
    found = []
    for mutant in mutants_from_source(tree.name, "", function, tree):
        before = function.__code__
        with mutant.planted():
            assert function.__code__ is not before
        assert function.__code__ is before
        found.append(mutant.change)
    return found


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("return x + 1", {"return", "return x - 1", "return x", "return 1", "return x + 2"}),
        ("return not x", {"return", "return x"}),
        ("return x and y", {"return", "return x or y", "return x", "return y"}),
        ("return x < y", {"return", "return x <= y", "return x > y"}),
        ("return f(x, y)", {"return", "return f(x)"}),
        ("return f(x, key=y)", {"return", "return f(x)"}),
        ("return [i for i in x if y]", {"return", "return [i for i in x]"}),
        ("x += y", {"pass", "x = y"}),
        ("del x", {"pass"}),
        ("return True", {"return", "return False"}),
        ("raise ValueError(x + 1)", {"pass"}),
        ("return f'{x + 1}'", {"return"}),
        ("return isinstance(x, int | str)", {"return"}),
        ("if x: f()", {"if not x:", "pass"}),
        ("while x: break", {"while not x:", "pass"}),
    ],
)
def test_each_part_of_a_statement_is_exchanged_or_left_out(line, changes):
    assert set(changes_of(f"def function(x, y, f):\n    {line}\n")) == changes


def factorial(n):
    return n * factorial(n - 1) if n else 1


def test_a_function_that_calls_itself_is_mutated_like_any_other():
    found = {}
    for mutant in mutants_of_module(__name__):
        if mutant.owner == "factorial":
            with mutant.planted(), suppress(TypeError, RecursionError):
                found[mutant.change] = factorial(3)
    assert found["return n * factorial(n - 1) if n else 2"] == 12
    assert found["return n if n else 1"] == 3
    assert factorial(3) == 6


class Base:
    def number(self):
        return 1


class Derived(Base):
    def number(self):
        return super().number() + 1


def test_a_method_that_asks_its_base_is_mutated_like_any_other():
    found = set()
    for mutant in mutants_of_module(__name__):
        if mutant.owner == "Derived.number":
            with mutant.planted():
                found.add(Derived().number())
    assert found == {None, 0, 1, 3}
    assert Derived().number() == 2


LIMIT = 3


def test_constants_and_defaults_are_changed_and_put_back():
    def function(a, b=1, *, c=2):
        return a, b, c, LIMIT

    with with_default(function, "b", 5), with_constant(__name__, "LIMIT", 7):
        assert function(0) == (0, 5, 2, 7)
    with with_default(function, "c", 5):
        assert function(0) == (0, 1, 5, 3)
    assert function(0) == (0, 1, 2, 3)
