"""The site, made once for all tests that look at it; a browser; and what the lessons print."""

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lessons.catalogue import HERE

from .browser import Browser, find_browser

ENVIRONMENT = os.environ | {"PYTHONPATH": str(HERE.parent), "OPENBLAS_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The site's folder, and what the command printed. LESSONS_SITE names one that is there."""
    if there := os.environ.get("LESSONS_SITE"):
        return Path(there), ""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "lessons", "html", "--out", str(folder / "site")],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    print(done.stderr)
    assert done.returncode in (0, 1), done.stderr
    return folder / "site", done.stdout


@pytest.fixture(scope="session")
def site(built):
    return built[0]


@pytest.fixture(scope="session")
def browser():
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium is installed")
    if os.name == "nt":
        pytest.skip("Windows hands on no pipes by their numbers")
    with Browser(program) as browser:
        yield browser


@pytest.fixture(scope="session")
def printed(site):
    """A function: name of a lesson -> {heading: what the cells below it print}."""
    nbformat = pytest.importorskip("nbformat", reason="the lessons extra is not installed")

    @functools.cache
    def printed(name):
        heading, found = "", {}
        for cell in nbformat.read(site / "notebooks" / f"{name}.ipynb", as_version=4).cells:
            if cell.cell_type == "markdown":
                for words in re.findall(r"^##+ (.+)$", cell.source, re.M):
                    heading = words
            for output in cell.get("outputs", []):
                if output.output_type == "stream":
                    found[heading] = found.get(heading, "") + output.text
        return found

    return printed
