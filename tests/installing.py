"""Builds what is published, and tests it where the tree is not.

    python -m tests.installing [--python python3.12 ...] [--versions lowest newest] [-- -n 2 -x]

builds an sdist, and a wheel from it. Then, for each Python and each choice of versions, it makes a
virtual environment in a temporary folder, installs the wheel, runs the command line with nothing
but what the package itself needs, adds the `test` extra, and runs the quick suite that is in the
sdist, on the package that was installed. What follows `--` goes to pytest.

`lowest` takes each dependency at the lowest version that `pyproject.toml` allows; Python 3.11 and
3.12 have wheels of all of them. It downloads gigabytes and takes many minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
VERSIONS = ("lowest", "newest")


# ------------------------------------------------------------------------------------- building


def build(kind: str, source: Path, folder: Path) -> Path:
    """Build the "sdist" or "wheel" of the tree at `source` into `folder`; where it is."""
    before = set(folder.glob("*"))
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    run(command, source)
    [built] = set(folder.glob("*")) - before
    return built


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist into `folder`; the folder inside, which is like the tree."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [inside] = (path for path in folder.iterdir() if path.is_dir())
    return inside


# ------------------------------------------------------------------------------------- versions


def lowest(requirements: Iterable[str]) -> Iterator[str]:
    """What pip has to be told to take the lowest versions that are allowed."""
    for requirement in map(Requirement, requirements):
        for bound in requirement.specifier:
            if bound.operator == ">=":
                yield f"{requirement.name}=={bound.version}"


def all_requirements(project: dict) -> list[str]:
    """What the package and its tests need, as `pyproject.toml` has it."""
    return [*project["dependencies"], *project["optional-dependencies"]["test"]]


# ------------------------------------------------------------------------------------ installing


def environment(python: str, folder: Path) -> Path:
    """Make a virtual environment; its Python."""
    run([python, "-m", "venv", folder], folder.parent)
    there = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    run([there, "-m", "pip", "install", "--quiet", "--upgrade", "pip"], folder)
    return there


def passes_installed(
    wheel: Path, sdist: Path, python: str, versions: str, folder: Path, options: Sequence[str]
) -> bool:
    """Whether the suite of an sdist passes on a wheel that was installed."""
    there = environment(python, folder / "environment")
    constraints = folder / "constraints.txt"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = lowest(all_requirements(project)) if versions == "lowest" else ()
    constraints.write_text("".join(f"{one}\n" for one in wanted), "utf-8")
    install = [there, "-m", "pip", "install", "--quiet", "-c", constraints]
    empty = folder / "empty"
    empty.mkdir()

    run([*install, wheel], empty)
    recipe = ["compare", "--quick", "--recipes", "small", "--out", "out"]
    run([there, "-m", "tinygrad_mlp", *recipe], empty)
    run([*install, f"{wheel}[test]"], empty)
    run([there, "-m", "pip", "check"], empty)
    run([there, "-m", "pip", "list"], empty)

    tree = unpack(sdist, folder / "unpacked")
    place_of = "import pathlib, tinygrad_mlp; print(pathlib.Path(tinygrad_mlp.__file__).parent)"
    installed = run([there, "-c", place_of], empty, capture_output=True).stdout.strip()
    assert Path(installed).is_relative_to(folder), installed
    # Tests look for sources beside themselves: what is there is what was installed.
    shutil.rmtree(tree / "tinygrad_mlp")
    (tree / "tinygrad_mlp").symlink_to(installed)
    # What the lowest versions call, newer ones of what they need in turn may call deprecated. Some
    # tests start pytest themselves, so it is not an option of this command alone.
    added = {"PYTEST_ADDOPTS": "-W ignore::DeprecationWarning"} if versions == "lowest" else {}
    return run([there, "-m", "pytest", *options], tree, check=False, **added).returncode == 0


def run(
    command: Sequence, folder: Path, check: bool = True, capture_output: bool = False, **added: str
) -> subprocess.CompletedProcess:
    """Run a command in a folder, without what this process has in PYTHONPATH.

    added  what the command has in its environment besides
    """
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | added
    return subprocess.run(
        [*map(str, command)],
        cwd=folder,
        check=check,
        env=alone,
        text=True,
        capture_output=capture_output,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.installing", description=__doc__)
    parser.add_argument("--python", nargs="+", default=[sys.executable], help="which Pythons")
    parser.add_argument("--versions", nargs="+", choices=VERSIONS, default=VERSIONS)
    parser.add_argument("pytest", nargs="*", help="options of pytest, after --")
    args = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder, "built")
        built.mkdir()
        sdist = build("sdist", ROOT, built)
        wheel = build("wheel", unpack(sdist, Path(folder, "source")), built)
        for python in args.python:
            for versions in args.versions:
                name = f"{versions} versions with {python}"
                print(f"\n== {name}", flush=True)
                with tempfile.TemporaryDirectory() as place:
                    place = Path(place).resolve()
                    if not passes_installed(wheel, sdist, python, versions, place, args.pytest):
                        failed.append(name)
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall passed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
