"""What the command lines share: a complaint is one line, and each way to end has its exit code.

0 and 1 are the command's own. Bad input is 2, with one line on stderr that says what is wrong;
Ctrl-C is 130, and a reader that has closed the pipe is 141, as a shell has them.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable
from typing import NoReturn


LONGEST = 1500
"""How many characters of a complaint are shown."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises its complaints, as ValueErrors of one line."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} ({self.prog} --help lists the options)")


def run_command(program: str, command: Callable[[], int], stopped: str = "stopped") -> int:
    """Run `command`, and return its exit code, or that of the way it ended.

    program  begins the line about bad input, which is any ValueError or OSError
    command  parses the arguments, does the work, and returns the exit code
    stopped  what to say after Ctrl-C
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a character shows ? instead
    try:
        code = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"\n{stopped}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever reads the output has had enough, as `head` has: the input is not at fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (OSError, ValueError) as error:
        print(f"{program}:", one_line(str(error)), file=sys.stderr)
        return 2
    return code


def one_line(words: str) -> str:
    """Words for the terminal: one line, not endless, and nothing that the terminal would obey.

    What is wrong with a file is often told with what stands in it, and that may be anything.
    """
    words = " ".join(words.split())
    if len(words) > LONGEST:
        words = f"{words[:LONGEST]} ..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)
