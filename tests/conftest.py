"""How the tests run: Hypothesis without deadlines, the same examples each time in CI.

Tests that measure how far two computations lie apart report the largest difference, which is
printed at the end of the run.
"""

import os

import pytest
import torch
from hypothesis import Phase, is_hypothesis_test, settings

from tinygrad_mlp.engine import OPS

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

torch.set_num_threads(1)  # two disturb each other when the other core is busy

DIFFERENCES: dict[str, float] = {}
COUNTS = {"properties": 0}


@pytest.fixture
def largest_difference():
    """Call it with what was compared and how far apart it was."""

    def report(what: str, difference: float) -> None:
        DIFFERENCES[what] = max(DIFFERENCES.get(what, 0.0), difference)

    return report


@pytest.fixture
def forgets_new_ops():
    """Takes out of the registry what the test has registered: lessons make ops of their own."""
    before = dict(OPS)
    yield
    OPS.clear()
    OPS.update(before)


def pytest_collection_modifyitems(items):
    COUNTS["properties"] = sum(
        is_hypothesis_test(getattr(item, "obj", None)) or "property" in item.keywords
        for item in items
    )


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("what was held")
    terminalreporter.write_line(
        ", ".join(f"{len(table.cases)} rows for {room}" for room, table in TABLES.items())
        + f"; {COUNTS['properties']} properties checked on drawn examples"
    )
    for what, difference in sorted(DIFFERENCES.items()):
        terminalreporter.write_line(f"largest difference {difference:9.2g}  {what}")
