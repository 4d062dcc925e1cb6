"""How the tests run: one thread for each matrix product, and the same drawn examples each time.

The tests may run in several processes (`pytest -n auto`) and in any order. What a test has to tell
at the end of the run therefore travels with its report: how far two computations lay apart, of
which the largest is printed, and lines of text.
"""

import os

# Before NumPy is loaded, and for the processes that are started from here: two threads for one
# product disturb each other when the other core is busy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import Phase, settings

from tinygrad_mlp import nn, optim, tensor
from tinygrad_mlp.engine import OPS
from tinygrad_mlp.optim import fused

from .tables import TABLES

# The same examples each time; HYPOTHESIS_PROFILE=explore draws new ones.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
# For mutants (see mutation/): that a test fails is enough, and not how simply it can be made to.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

torch.set_num_threads(1)

DIFFERENCES: dict[str, float] = {}
SECTIONS: dict[str, list[str]] = {}
COUNTS = {"properties": 0}


@pytest.fixture(scope="session", autouse=True)
def compiled_updates():
    """Done before the tests, so that none of them is told that it happens now.

    Which one that would be depends on their order, and on what is on disk from an earlier run.
    """
    compile_updates()


def compile_updates():
    """Have Numba compile the optimisers' updates, or read them from disk."""
    if not fused.available():
        return
    for dtype in (np.float32, np.float64):
        for make in (optim.SGD, partial(optim.SGD, momentum=0.5), optim.Adam):
            p = nn.Parameter(np.ones(1, dtype))
            p.grad = tensor(np.ones(1, dtype))
            make([p], lr=0.5, fused=True).step()


@pytest.fixture
def largest_difference(request):
    """Call it with what was compared and how far apart it was."""
    largest = {}

    def report(what: str, difference: float) -> None:
        largest[what] = max(largest.get(what, 0.0), float(difference))

    yield report
    request.node.user_properties.append(("differences", largest))


@pytest.fixture
def print_at_the_end(request):
    """Call it with the title of a section and its lines."""

    def keep(title, lines):
        request.node.user_properties.append(("section", (title, list(lines))))

    return keep


@pytest.fixture
def forgets_new_ops():
    """Takes out of the registry what the test has registered: lessons make ops of their own."""
    before = dict(OPS)
    yield
    OPS.clear()
    OPS.update(before)


def pytest_runtest_setup(item):
    if item.get_closest_marker("hypothesis") or item.get_closest_marker("property"):
        item.user_properties.append(("property", item.name))


def pytest_runtest_logreport(report):
    """Collect what a test has to tell, here or from the process that ran it."""
    if report.when != "teardown":
        return
    for kind, told in report.user_properties:
        if kind == "property":
            COUNTS["properties"] += 1
        elif kind == "section":
            title, lines = told
            SECTIONS[title] = lines
        elif kind == "differences":
            for what, difference in told.items():
                DIFFERENCES[what] = max(DIFFERENCES.get(what, 0.0), difference)


def pytest_terminal_summary(terminalreporter):
    for title, lines in sorted(SECTIONS.items()):
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)
    terminalreporter.section("what was held")
    terminalreporter.write_line(
        ", ".join(f"{len(table.cases)} rows for {room}" for room, table in TABLES.items())
        + f"; {COUNTS['properties']} properties checked on drawn examples"
    )
    for what, difference in sorted(DIFFERENCES.items()):
        terminalreporter.write_line(f"largest difference {difference:9.2g}  {what}")
