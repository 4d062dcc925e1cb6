"""What the command lines share: a complaint is one line, and each way to end has its exit code.

0 and 1 are the command's own. Bad input is 2, with one line on stderr that says what is wrong, or a
line for each thing that is wrong where the rest was done;
Ctrl-C is 130, SIGTERM 143, and a reader that has closed the pipe is 141, as a shell has them. Who
presses Ctrl-C again while the first is being obeyed disturbs nothing; the third ends it at once.
"""

from __future__ import annotations

import _thread
import argparse
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import CodeType, FrameType
from typing import Any, NoReturn

from .. import stopping
from ..files import remove_unfinished

LONGEST = 1500
"""How many characters of a complaint are shown."""

ORDINARY = (signal.SIG_DFL, signal.default_int_handler, stopping.at_once)
"""What a signal does where nobody has said otherwise."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises its complaints, as ValueErrors of one line."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} ({self.prog} --help lists the options)")


def whole(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number >= 1:
        return number
    raise argparse.ArgumentTypeError(f"needs a whole number of at least 1, not {text!r}")


def seed(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"needs a whole number of at least 0, not {text!r}")


class Complaints(ValueError):
    """Several things were wrong, and each gets its line."""

    def __init__(self, errors: Sequence[Exception]):
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors


class Stopped(KeyboardInterrupt):
    """A signal has asked the program to end: Ctrl-C, or SIGTERM."""


def run_command(program: str, command: Callable[[], int], stopped: str = "stopped") -> int:
    """Run `command`, and return its exit code, or that of the way it ended.

    program  begins the line about bad input, which is any ValueError or OSError
    command  parses the arguments, does the work, and returns the exit code
    stopped  what to say after Ctrl-C or SIGTERM

    The first signal ends the work in good order, and gives the exit code. A second changes
    nothing, and the third ends the program at once.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a character shows ? instead

    def work() -> int:
        signals.end_if_one_has_come()
        code = command()
        sys.stdout.flush()
        return code

    signals = Signals(work.__code__, stopped)
    with signals.heeded():
        try:
            code = work()
        except BaseException as error:
            # Whatever the work ends with once it was told to stop, that is why.
            if signals.have_stopped or isinstance(error, KeyboardInterrupt):
                code = signals.exit_code()
                remove_unfinished()
                signals.say(f"\n{stopped}")
            elif isinstance(error, BrokenPipeError):
                code = 141  # whoever reads the output has had enough, as `head` has
            elif isinstance(error, (OSError, ValueError)):
                code = 2
                errors = error.errors if isinstance(error, Complaints) else [error]
                for each in errors:
                    signals.say(f"{program}: {one_line(str(each))}")
            else:
                raise
        else:
            if signals.came:
                code = signals.exit_code()
                signals.say("\nstopped; everything was finished")
        _finish_output()
    return code


class Signals:
    """Ctrl-C and SIGTERM while a command runs: what came, and what became of it.

    work     the code of the function that does the work; only inside it is anything interrupted
    stopped  what to say when the program ends at once
    """

    AT_ONCE = 3
    """Which signal ends the program at once. Not the second: some senders send one twice."""

    AGAIN = 0.01
    """Seconds until the work is interrupted again, where Python had to ignore it."""

    def __init__(self, work: CodeType, stopped: str):
        self.came: list[int] = []
        self.have_stopped = False
        self._work = work
        self._stopped = stopped
        self._is_program = False
        self._has_spoken = False
        self._is_lost = False  # whether the work still has to be interrupted
        self._is_repeated = False  # whether the next one is our own
        self._former_hook = sys.unraisablehook

    def exit_code(self) -> int:
        """That of the first, as a shell has it."""
        return 128 + (self.came[0] if self.came else int(signal.SIGINT))

    def say(self, words: str) -> None:
        """Write the one line, even if it cannot be written."""
        self._has_spoken = True
        with suppress(OSError):
            print(words, file=sys.stderr, flush=True)

    def end_if_one_has_come(self) -> None:
        """Raise Stopped if a signal came before there was any work."""
        if self.came:
            self._interrupt()

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Meanwhile signals come here, where they would end the program.

        Those that are ignored stay ignored, and only the main thread can change anything.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[int, Any] = {}
        sys.unraisablehook = self._unraisable
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if handler in ORDINARY:
                    before[number] = handler
                    self._is_program |= handler is stopping.at_once
                    signal.signal(number, self._come)
            yield
        finally:
            self._is_lost = False
            for each, handler in before.items():
                # Of a program that was started for this command, only the end is left.
                is_over = handler is stopping.at_once
                signal.signal(each, signal.SIG_IGN if is_over else handler)
            sys.unraisablehook = self._former_hook

    def _come(self, number: int, frame: FrameType | None) -> None:
        if self._is_repeated:
            self._is_repeated = False
        else:
            self.came.append(number)
        is_last = len(self.came) >= self.AT_ONCE
        if is_last and self._is_program:
            self._end_at_once()
        if not (len(self.came) == 1 or self._is_lost or is_last):
            return
        where = list(_codes(frame))
        if self._work in where:  # else nothing is begun, or it has ended
            if Signals._unraisable.__code__ in where:
                self._repeat()
            else:
                self._interrupt()

    def _interrupt(self) -> NoReturn:
        self._is_lost = False
        self.have_stopped = True
        raise Stopped

    def _unraisable(self, error: Any) -> None:
        """What Python does with an error that nobody can be given, as in `__del__`.

        If it is that the work should stop, it would be forgotten, so it is done again.
        """
        if issubclass(error.exc_type, Stopped):
            self._repeat()
        else:
            self._former_hook(error)

    def _repeat(self) -> None:
        if not self._is_lost:
            self._is_lost = True
            _thread.start_new_thread(self._keep_interrupting, ())

    def _keep_interrupting(self) -> None:
        while True:
            time.sleep(self.AGAIN)
            if not self._is_lost:
                return
            self._is_repeated = True
            _thread.interrupt_main(signal.Signals(self.came[0]))

    def _end_at_once(self) -> NoReturn:
        remove_unfinished()
        if not self._has_spoken:
            stopping.write(f"\n{self._stopped}\n")
        os._exit(self.exit_code())


def _codes(frame: FrameType | None) -> Iterator[CodeType]:
    """What is running: the code of a frame, of the one that called it, and so on."""
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back


def _finish_output() -> None:
    """Write out what was printed; what nobody reads any more goes nowhere, without a complaint."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):  # some streams are no files
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def one_line(words: str) -> str:
    """Words for the terminal: one line, not endless, and nothing that the terminal would obey.

    What is wrong with a file is often told with what stands in it, and that may be anything.
    """
    words = " ".join(words.split())
    if len(words) > LONGEST:
        words = f"{words[:LONGEST]} ..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)
