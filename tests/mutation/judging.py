"""Running tests against mutants, each in a process of its own, so that nothing leaks.

pytest collects the tests of a room once; then the process forks for every run, which takes about
20 ms instead of the seconds that imports take. A first pass runs every test alone and notes which
lines of the room it reaches; a second one runs them all in a row and notes how long each takes. A
mutant is then tried with the tests that reach its line, quickest first, until one fails. What does
not end, or takes all memory, fails too.
"""

from __future__ import annotations

import _thread
import gc
import importlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..mutants import Mutant

PATIENCE = 10.0
"""Seconds of computing that the tests of a mutant may take beyond three times as long as usual."""

IDLE = 15
"""Seconds in a row in which nothing of a test run computes: it then waits for what never comes."""

MEMORY = 6 * 2**30
"""Bytes that a test run may use."""


@dataclass(frozen=True)
class Reach:
    """What a test reaches when it runs alone.

    lines    of the room's files: file, line
    seconds  how long it takes after others, fixtures included
    """

    lines: frozenset[tuple[str, int]]
    seconds: float


class Judges:
    """The tests of a room, collected; and a plugin that pytest tells how they go."""

    def __init__(self, items: list[Any]):
        self.items = {item.nodeid: item for item in items}
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed

    def fail(self, names: list[str]) -> str:
        """The first of these tests that fails; "" if all pass."""
        self.failed = False
        items = [self.items[name] for name in names]
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return str(item.nodeid)
        return ""

    def verdict(self, mutant: Mutant, names: list[str], seconds: float) -> str:
        """The test that notices the mutant; "too long" if it hangs; "" if none does."""

        def judge() -> str | list[str]:
            with ExitStack() as stack:
                try:
                    stack.enter_context(mutant.planted())
                except Exception as error:
                    return [repr(error)]
                return self.fail(names)

        answer = apart(judge, PATIENCE + 3 * seconds)
        if isinstance(answer, list):
            raise RuntimeError(f"{mutant} could not be planted: {answer[0]}")
        return "too long" if answer is None else str(answer)

    def reach(self, files: frozenset[str]) -> dict[str, Reach]:
        """What each test reaches of these files; without those that fail when they run alone."""
        self._import_early()
        lines = {name: self._lines(name, files) for name in self.items}
        passing = [name for name, found in lines.items() if found is not None]
        seconds = self._seconds(passing)
        return {name: Reach(lines[name] or frozenset(), seconds[name]) for name in passing}

    def _import_early(self) -> None:
        """Import what tests import while they run (parts of PyTorch: a second), or each fork does.

        Only what is installed: a test may import what it has just written.
        """
        before = set(sys.modules)

        def run() -> list[str]:
            for name in self.items:
                self.fail([name])
            found = [(name, getattr(sys.modules[name], "__file__", None)) for name in sys.modules]
            return [n for n, file in found if n not in before and "site-packages" in (file or "")]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in apart(run, 1000.0) or []:
                with suppress(Exception):
                    importlib.import_module(name)

    def _lines(self, name: str, files: frozenset[str]) -> frozenset[tuple[str, int]] | None:
        def run() -> Any:
            with noted_lines(files) as lines:
                failed = self.fail([name])
            return None if failed else sorted(lines)

        answer = apart(run, 300.0)
        return frozenset(map(tuple, answer)) if isinstance(answer, list) else None

    def _seconds(self, names: list[str]) -> dict[str, float]:
        """How long each test takes after the others: noting lines and first imports take longer."""

        def run() -> dict[str, float]:
            seconds = {}
            for name in names:
                began = time.process_time()
                self.fail([name])
                seconds[name] = time.process_time() - began
            return seconds

        answer = apart(run, 1000.0)
        if not isinstance(answer, dict):
            raise SystemExit("these tests do not end when they run one after the other")
        return answer


@contextmanager
def noted_lines(files: frozenset[str]) -> Iterator[set[tuple[str, int]]]:
    """The lines of these files that are run inside, in threads too."""
    lines: set[tuple[str, int]] = set()

    def of_line(frame: Any, event: str, _: Any) -> Any:
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return of_line

    def of_call(frame: Any, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return of_line

    start = _thread.start_new_thread

    def start_traced(function: Callable, args: tuple, kwargs: dict | None = None) -> int:
        def traced() -> None:
            sys.settrace(of_call)
            function(*args, **(kwargs or {}))

        return start(traced, ())

    _thread.start_new_thread = start_traced
    threading.settrace(of_call)
    sys.settrace(of_call)
    try:
        yield lines
    finally:
        sys.settrace(None)
        threading.settrace(None)
        _thread.start_new_thread = start


def apart(work: Callable[[], Any], seconds: float) -> Any:
    """What `work` gives in a fork of this process; None if it ends otherwise, or takes longer.

    seconds  of computing; it may take ten times as long beside other programs, but not wait for
             more than `IDLE` seconds
    """
    reading, writing = os.pipe()
    folder = tempfile.mkdtemp()
    child = os.fork()
    if not child:
        os.close(reading)
        _in_child(work, writing, folder, seconds)
    os.close(writing)
    try:
        said = _all_of(reading, child, time.monotonic() + 10 * seconds)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        shutil.rmtree(folder, ignore_errors=True)
    return json.loads(said) if said else None


def _in_child(work: Callable[[], Any], writing: int, folder: str, seconds: float) -> None:
    """Do the work, write what it gives as JSON, and end, whatever happens."""
    try:
        os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        tempfile.tempdir = folder
        limit = int(seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        os.write(writing, json.dumps(work()).encode())
    finally:
        os._exit(0)


def _all_of(reading: int, child: int, until: float) -> bytes:
    """What comes until the other side closes; nothing if that is too late, or it waits for ever."""
    parts, idle, used = [], 0, -1
    while True:
        ready, _, _ = select.select([reading], [], [], 1.0)
        if ready:
            part = os.read(reading, 1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
            continue
        before, (used, runs) = used, _activity(child)
        idle = 0 if runs or used != before else idle + 1
        if idle == IDLE or time.monotonic() > until:
            return b""


def _activity(process: int) -> tuple[int, bool]:
    """How many ticks a process and those below it have computed; whether a thread of them could."""
    ticks, runs, waiting = 0, False, [process]
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}/task")
        for thread in folder.iterdir() if folder.is_dir() else ():
            with suppress(OSError):  # it may end meanwhile
                fields = (thread / "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
                runs = runs or fields[0] in "RD"
                waiting += map(int, (thread / "children").read_text().split())
    return ticks, runs


class _Instead:
    """A plugin for pytest: once the tests are collected, something else is done with them."""

    def __init__(self, work: Callable[[Judges], None]):
        self.work = work

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        judges = Judges(session.items)
        session.config.pluginmanager.register(judges)
        from ..conftest import compile_updates  # not before the profile of Hypothesis is said

        compile_updates()  # or every fork would do it for itself
        gc.freeze()  # so that collecting garbage in a fork copies no memory
        self.work(judges)
        return True


def with_judges(files: list[Path], work: Callable[[Judges], None]) -> None:
    """Collect the tests of these files, and do the work with them."""
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    # What a test prints is not kept, and a failing one is not explained.
    quiet = ["-q", "-s", "--no-header", "--no-summary", "-p", "no:cacheprovider", "--tb=no"]
    code = pytest.main([*quiet, *map(str, files)], plugins=[_Instead(work)])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(f"pytest ended with {code!r}")
