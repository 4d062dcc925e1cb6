"""What a user's editor knows: type checkers read a program, and say what types they see.

The program is `typing/program.py`; its comments say which types must be revealed and which lines
must be refused. Both mypy (strict) and pyright must agree.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / "tests" / "typing" / "program.py"
LINES = PROGRAM.read_text("utf-8").splitlines()


def promised():
    """By line: the type that is promised, or "error"."""
    found = {}
    for number, line in enumerate(LINES, 1):
        comment = line.partition("  # ")[2]
        if comment == "error" or line.strip().startswith("reveal_type("):
            found[number] = comment
    return found


def plain_type(text):
    """Type checkers write one type in several ways: without modules, defaults and fallbacks."""
    text = re.sub(r"\b(\w+\.)+(?=\w)", "", text)
    text = re.sub(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[Any\]\]", "ndarray", text)
    return re.sub(r"tuple\[.*, fallback=(.*)\]", r"\1", text)


def seen_by_mypy():
    command = [sys.executable, "-m", "mypy", "--strict", "--output", "json", str(PROGRAM)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    seen = {}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if Path(message["file"]).name != PROGRAM.name:
            continue
        revealed = re.search(r'Revealed type is "(.*)"', message["message"])
        if revealed:
            seen[message["line"]] = plain_type(revealed[1])
        elif message["severity"] == "error":
            seen[message["line"]] = "error"
    return seen


def seen_by_pyright():
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run([*command, str(PROGRAM)], cwd=ROOT, capture_output=True, text=True)
    seen = {}
    for message in json.loads(done.stdout)["generalDiagnostics"]:
        line = message["range"]["start"]["line"] + 1
        revealed = re.search(r'Type of ".*" is "(.*)"', message["message"], re.S)
        if revealed:
            seen[line] = plain_type(revealed[1])
        elif message["severity"] == "error":
            seen[line] = "error"
    return seen


CHECKERS = {"mypy": seen_by_mypy, "pyright": seen_by_pyright}


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_type_checker_sees_the_types_that_are_promised(checker):
    pytest.importorskip(checker, reason="the dev extra is not installed")
    assert CHECKERS[checker]() == promised()
