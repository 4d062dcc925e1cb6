"""What is published: an sdist with all of the tree, and a wheel with the package and no more.

Both are built once, offline. `python -m tests.installing` also installs them beside other versions
of what they need, and runs the suite there.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import pytest

import tinygrad_mlp

from . import installing

ROOT = installing.ROOT
DIST_INFO = f"tinygrad_mlp-{tinygrad_mlp.__version__}.dist-info"

DATA = {
    "py.typed",
    "data/mnist_files/LICENSE",
    "data/mnist_files/t10k-images-idx3-ubyte.gz",
    "data/mnist_files/t10k-labels-idx1-ubyte.gz",
    "data/mnist_files/train-images-idx3-ubyte.gz",
    "data/mnist_files/train-labels-idx1-ubyte.gz",
    "experiment/play/icon.svg",
    "experiment/play/page.css",
    "experiment/play/page.html",
    "experiment/play/page.js",
    "experiment/report.css",
    "experiment/weights/basic.safetensors",
    "experiment/weights/best.safetensors",
    "experiment/weights/improved.safetensors",
    "experiment/weights/small.safetensors",
}
"""What the package reads beside its own modules."""


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    return installing.build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """Built from the sdist, as pip does it."""
    source = installing.unpack(sdist, tmp_path_factory.mktemp("source"))
    return installing.build("wheel", source, tmp_path_factory.mktemp("wheel"))


def names_in_sdist(sdist):
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def repository(*options):
    """The files of the repository, as git has them."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no repository of git")
    command = ["git", "ls-files", "-z", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    names = {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}
    return {name for name in names if (ROOT / name).exists()}


def test_the_sdist_holds_all_of_the_repository_and_nothing_else(sdist):
    found = names_in_sdist(sdist) - {"PKG-INFO"}
    assert repository() - found == set()
    assert found - repository("--cached", "--others", "--exclude-standard") == set()


def test_the_wheel_holds_the_package_and_nothing_else(sdist, wheel):
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if not name.startswith(f"{DIST_INFO}/")}
    assert found == {name for name in names_in_sdist(sdist) if name.startswith("tinygrad_mlp/")}
    assert {name for name in found if not name.endswith(".py")} == {
        f"tinygrad_mlp/{name}" for name in DATA
    }


def test_the_wheel_brings_both_licences_and_the_program(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        programs = archive.read(f"{DIST_INFO}/entry_points.txt").decode()
    licences = f"{DIST_INFO}/licenses"
    assert {f"{licences}/LICENSE", f"{licences}/tinygrad_mlp/data/mnist_files/LICENSE"} <= names
    assert "tinygrad-mlp = tinygrad_mlp.experiment.cli:main" in programs


ELSEWHERE = """
import sys
sys.path.insert(0, sys.argv[1])
import tinygrad_mlp
assert tinygrad_mlp.__file__.startswith(sys.argv[1]), tinygrad_mlp.__file__
from tinygrad_mlp.experiment import cli
sys.exit(cli.main(sys.argv[2:]))
"""


def test_the_installed_package_runs_where_the_tree_is_not(wheel, tmp_path):
    # Not `find_spec("pip")`, which makes setuptools take back its distutils from then on.
    if not any(importlib.metadata.distributions(name="pip")):
        pytest.skip("pip is not installed")
    target = tmp_path / "installed"
    offline = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *offline, "--target", target, wheel]
    subprocess.run(command, cwd=tmp_path, check=True)
    arguments = ["compare", "--quick", "--recipes", "small", "--out", "out"]
    command = [sys.executable, "-I", "-c", ELSEWHERE, target, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").stat().st_size > 1000


def test_the_lowest_version_of_each_requirement_is_its_lower_bound():
    asked = ["a>=2.0", "b>=0.68,<0.69; python_version < '3.15'", "c==2.13.0", "d"]
    assert list(installing.lowest(asked)) == ["a==2.0", "b==0.68"]


def test_each_dependency_of_the_package_and_its_tests_has_a_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = installing.all_requirements(project)
    exact = [one for one in needed if "==" in one]
    assert exact == ["torch==2.13.0"]
    assert len(list(installing.lowest(needed))) == len(needed) - 1
