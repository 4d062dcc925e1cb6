"""What lessons/reference/promises.md says of files and the network holds.

The other promises are held by the tests that the page names beside them.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_mlp

PACKAGE = Path(tinygrad_mlp.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

CONNECT = {"socket", "ssl", "urllib", "http", "ftplib", "requests", "httpx", "asyncio"}
CONNECT |= {"socketserver"}
UNPICKLE = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
START = {"subprocess", "multiprocessing", "ctypes", "webbrowser"}
SERVES = PACKAGE / "experiment" / "play" / "server.py"
"""The one file that listens: for `play`, and `play --open` starts a browser."""

TRAINS = PACKAGE / "experiment" / "parallel.py"
"""The one file that starts processes: its own workers, over pipes that only they and it have."""


def per_source(test):
    return pytest.mark.parametrize(
        "path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE))
    )(test)


def imported(tree):
    """The first parts of the names of the modules that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


def called(tree):
    """The plain names that are called, and np.load with its keyword arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}


@per_source
def test_the_package_imports_nothing_that_connects_unpickles_or_starts_programs(path):
    found = set(imported(ast.parse(path.read_text("utf-8")))) & (CONNECT | UNPICKLE | START)
    serving = {"http", "socket", "socketserver", "webbrowser"}
    assert found == {SERVES: serving, TRAINS: {"multiprocessing"}}.get(path, set())


@per_source
def test_the_package_evaluates_no_text(path):
    calls = list(called(ast.parse(path.read_text("utf-8"))))
    writes_its_own = path.name == "compiled.py" and path.parent.name == "program"
    forbidden = {"eval", "exec", "compile", "__import__"} - ({"exec"} if writes_its_own else set())
    assert not {name for name, _ in calls} & forbidden
    for name, options in calls:
        if name in ("np.load", "np.lib.format.read_array"):
            assert options["allow_pickle"] == "False"


WATCH = """
import sys

def watch(event, arguments):
    if event.startswith("socket.") or event in ("urllib.Request", "pickle.find_class"):
        raise SystemExit(f"promise broken: {event} {arguments}")

sys.addaudithook(watch)
"""


def watched(code, folder):
    """Run code that may neither connect nor unpickle; exit code, and what it wrote to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH + code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


COMMANDS = """
import numpy as np
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment.cli import main

images, labels = load_mnist(split="test")[:200]
images = np.rint(255 * images).astype(np.uint8)
np.savez("mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
for command in (
    "compare --quick --recipes small --data mnist.npz --out compared",
    "train --recipe small --epochs 1 --data mnist.npz --out model",
    "train --resume model --epochs 2 --data mnist.npz --out model",
    "evaluate model --data mnist.npz",
    "export model --out weights",
    "show --augment --out digits.png",
    "predict digits.png --model weights",
    "predict digits.png",
):
    assert main(command.split()) == 0, command
"""


def test_no_command_opens_a_connection_or_a_pickle(tmp_path):
    code, told = watched(COMMANDS, tmp_path)
    assert code == 0, told


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket()",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import pickle, fractions; pickle.loads(pickle.dumps(fractions.Fraction(1, 2)))",
    ],
)
def test_a_connection_or_a_pickle_would_be_noticed(code, tmp_path):
    code, told = watched(code, tmp_path)
    assert code == 1 and told.startswith("promise broken: ")


PAGE = PACKAGE.parent / "lessons" / "reference" / "promises.md"


def promises(page):
    """Each promise of a page, in bold, with the tests that are named below it."""
    found = []
    for line in page.splitlines():
        if line.startswith("- **"):
            found.append((line, []))
        elif line.startswith("  - `tests/"):
            found[-1][1].append(line.removeprefix("  - `").removesuffix("`"))
    return found


def exists(test):
    """Whether there is a test of this name, such as tests/test_x.py::test_y."""
    path, _, name = test.partition("::")
    file = PAGE.parents[2] / path
    tree = ast.parse(file.read_text("utf-8")) if file.is_file() else ast.Module([], [])
    return name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("promise", "tests"),
    [pytest.param(*p, id=p[0][4:60]) for p in promises(PAGE.read_text("utf-8"))],
)
def test_every_promise_names_tests_that_exist(promise, tests):
    assert tests
    assert [test for test in tests if not exists(test)] == []


def test_a_promise_without_a_test_would_be_noticed():
    page = "- **This.** And\n  more.\n  - `tests/a.py::b`\n- **That.**\n"
    assert promises(page) == [("- **This.** And", ["tests/a.py::b"]), ("- **That.**", [])]
    assert exists(
        f"tests/test_promises.py::{test_a_promise_without_a_test_would_be_noticed.__name__}"
    )
    assert not exists("tests/test_promises.py::test_nothing") and not exists("tests/a.py::b")


def test_an_import_or_a_call_would_be_noticed():
    tree = ast.parse("import urllib.request\nfrom pickle import loads\nfrom .x import y\neval('1')")
    assert set(imported(tree)) == {"urllib", "pickle"}
    assert list(called(tree)) == [("eval", {})]
