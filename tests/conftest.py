"""How the tests run: Hypothesis without deadlines, the same examples each time in CI.

Tests that measure how far two computations lie apart report the largest difference, which is
printed at the end of the run.
"""

import os

import pytest
import torch
from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

torch.set_num_threads(1)  # two disturb each other when the other core is busy

DIFFERENCES: dict[str, float] = {}


@pytest.fixture
def largest_difference():
    """Call it with what was compared and how far apart it was."""

    def report(what: str, difference: float) -> None:
        DIFFERENCES[what] = max(DIFFERENCES.get(what, 0.0), difference)

    return report


def pytest_terminal_summary(terminalreporter):
    if DIFFERENCES:
        terminalreporter.section("largest differences measured")
        for what, difference in sorted(DIFFERENCES.items()):
            terminalreporter.write_line(f"{difference:9.2g}  {what}")
