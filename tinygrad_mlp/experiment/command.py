"""What the command lines share: a complaint is one line, and each way to end has its exit code.

0 and 1 are the command's own. Bad input is 2, with one line on stderr that says what is wrong;
Ctrl-C is 130, SIGTERM 143, and a reader that has closed the pipe is 141, as a shell has them.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from .. import stopping

LONGEST = 1500
"""How many characters of a complaint are shown."""

ORDINARY = (signal.SIG_DFL, signal.default_int_handler, stopping.at_once)
"""What a signal does where nobody has said otherwise."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises its complaints, as ValueErrors of one line."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} ({self.prog} --help lists the options)")


class Stopped(KeyboardInterrupt):
    """A signal has asked the program to end: Ctrl-C, or SIGTERM."""


def run_command(program: str, command: Callable[[], int], stopped: str = "stopped") -> int:
    """Run `command`, and return its exit code, or that of the way it ended.

    program  begins the line about bad input, which is any ValueError or OSError
    command  parses the arguments, does the work, and returns the exit code
    stopped  what to say after Ctrl-C or SIGTERM
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a character shows ? instead
    signals: list[int] = []

    def work() -> int:
        code = command()
        sys.stdout.flush()
        return code

    def stop(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        # Once the work has ended there is nothing to interrupt any more.
        while frame is not None:
            if frame.f_code is work.__code__:
                raise Stopped
            frame = frame.f_back

    with _signals_go_to(stop):
        try:
            code = work()
        except KeyboardInterrupt:
            print(f"\n{stopped}", file=sys.stderr)
            return 128 + (signals[0] if signals else int(signal.SIGINT))
        except BrokenPipeError:
            # Whoever reads the output has had enough, as `head` has: the input is not at fault.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        except (OSError, ValueError) as error:
            print(f"{program}:", one_line(str(error)), file=sys.stderr)
            return 2
        if signals:
            print("\nstopped; everything was finished", file=sys.stderr)
            return 128 + signals[0]
    return code


@contextmanager
def _signals_go_to(stop: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Meanwhile Ctrl-C and SIGTERM call `stop`, where they would end the program.

    Those that are ignored stay ignored, and only the main thread can change anything.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) in ORDINARY:
                before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for each, handler in before.items():
            # Of a program that was started for this command, only the end is left.
            is_over = handler is stopping.at_once
            signal.signal(each, signal.SIG_IGN if is_over else handler)


def one_line(words: str) -> str:
    """Words for the terminal: one line, not endless, and nothing that the terminal would obey.

    What is wrong with a file is often told with what stands in it, and that may be anything.
    """
    words = " ".join(words.split())
    if len(words) > LONGEST:
        words = f"{words[:LONGEST]} ..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)
