"""Ctrl-C and SIGTERM while the command line is still being loaded: one line, and no traceback.

`python -m tinygrad_mlp` loads NumPy and matplotlib before the first line of its own can run, which
takes up to a second. Nothing has been begun by then, so the program just ends. As soon as a command
runs, `experiment/command.py` takes over. Where the package is imported by another program, nothing
here is in force.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType

LESSONS = os.path.join(
    os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "lessons", "__main__.py"
)
"""The other command line of the project."""


def at_once(number: int, frame: FrameType | None) -> None:
    """What to do about a signal while nothing has been begun."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # else another could come before the end
    write("\nstopped; nothing was begun\n")
    os._exit(128 + number)


def write(words: str) -> None:
    """Write words to stderr, past everything that might be locked, closed or full."""
    with suppress(OSError):
        os.write(2, words.encode())


def is_the_program() -> bool:
    """Whether this package was started as a program, by `python -m` or by its script.

    So are the lessons that stand beside it.
    """
    if sys.argv[:1] == ["-m"]:  # as long as Python looks for the module
        return any(
            pair == ("-m", "tinygrad_mlp")
            for pair in zip(sys.orig_argv, sys.orig_argv[1:], strict=False)
        )
    path = sys.argv[0] if sys.argv else ""
    name = os.path.basename(path)
    if os.path.realpath(path) == LESSONS:
        return True
    return os.path.splitext(name)[0] == "tinygrad-mlp"


def begin() -> None:
    """Be in force, if this is the program and the signals have their ordinary meaning.

    One that is ignored, as Ctrl-C is after `nohup ... &`, stays ignored.
    """
    if not is_the_program():
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, at_once)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, at_once)


begin()
