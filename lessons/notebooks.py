"""Lessons as notebooks: converted from their scripts, and executed with all their output.

The script is the source; a notebook is made from it when one is wanted. Each lesson is executed
in a kernel of its own, by the interpreter that runs this, two at a time. An executed notebook notes
what it was made from, so that it is executed again only when its code or the package has changed.
Needs the `lessons` extra (jupytext, nbconvert, ipykernel).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jupytext
import matplotlib
import nbformat
import numpy as np
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tinygrad_mlp.files import write_whole

from .catalogue import HERE, Cell, Lesson
from .site import figures

AT_ONCE = 2
"""How many lessons are executed at the same time, on one thread each."""

LONGEST_CELL = 600
"""Seconds after which a cell is given up."""


@dataclass(frozen=True)
class Executed:
    """A lesson that was executed: its notebook, the seconds, and what went wrong, if anything.

    seconds  0 if nothing had changed, so that an earlier run was kept
    """

    lesson: Lesson
    notebook: Any
    seconds: float
    error: str = ""


def convert(lesson: Lesson) -> Any:
    """The lesson as a notebook, not executed. The same script gives the same notebook.

    Code that only draws is folded, and so is the output of a cell that answers a prediction.
    """
    notebook = jupytext.read(lesson.path)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        }
    )
    for i, (cell, source) in enumerate(zip(notebook.cells, lesson.cells, strict=True), 1):
        cell.id = f"cell-{i}"  # a random one by default
        cell.source = cell.source.strip("\n")
        cell.metadata = nbformat.from_dict(folding(source))
    return notebook


def folding(cell: Cell) -> dict[str, Any]:
    """What JupyterLab (`jupyter`) and Jupyter Book (`tags`) know of folding."""
    hidden = {"source": cell.only_draws, "outputs": "answer" in cell.options}
    if not any(hidden.values()):
        return {}
    tags = {"source": "hide-input", "outputs": "hide-output"}
    return {
        "jupyter": {f"{part}_hidden": True for part, is_hidden in hidden.items() if is_hidden},
        "tags": [tags[part] for part, is_hidden in hidden.items() if is_hidden],
    }


def made_from(lesson: Lesson) -> str:
    """A digest of all that the outputs of a lesson come from: its code, the package, results."""
    digest = hashlib.sha256(f"{sys.version} {np.__version__} {matplotlib.__version__}".encode())
    for cell in lesson.cells:
        if not cell.is_text:
            digest.update(f"{cell.options.get('explore')}\n{cell.source}\0".encode())
    package = list((lesson.root / "tinygrad_mlp").rglob("*.py"))
    figure_files = (HERE / "site" / "figures").glob("*.py")
    results = (lesson.path.parent / "results").glob("*.json")
    for path in sorted([*package, *figure_files, *results]):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def kept(lesson: Lesson, path: Path) -> Executed | None:
    """An earlier run of a lesson, with its texts as they are now, if nothing else has changed."""
    notebook = as_it_is_now(lesson, path)
    if notebook is None or notebook.metadata.get("made_from") != made_from(lesson):
        return None
    return Executed(lesson, notebook, 0.0)


def as_it_is_now(lesson: Lesson, path: Path) -> Any | None:
    """The texts of a lesson with the outputs of an earlier run; None if its code has changed."""
    if not path.exists():
        return None
    try:
        old = nbformat.read(path, as_version=4)
    except Exception:  # whatever it is, it is no notebook: it is made again
        return None
    executed = [cell for cell in old.cells if cell.cell_type == "code"]
    notebook = convert(lesson)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.source for cell in code] != [cell.source for cell in executed]:
        return None
    wanted = ["explore" in cell.options for cell in lesson.cells if not cell.is_text]
    if wanted != ["explore" in cell.metadata for cell in executed]:
        return None
    for cell, before in zip(code, executed, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
        if "explore" in before.metadata:
            cell.metadata["explore"] = before.metadata["explore"]
    if "made_from" in old.metadata:
        notebook.metadata["made_from"] = old.metadata["made_from"]
    return notebook


def write(notebook: Any, path: Path) -> None:
    nbformat.validate(notebook)
    write_whole(path, nbformat.writes(notebook) + "\n")


def execute(lessons: Sequence[Lesson], on_end: Callable[[Executed], None]) -> list[Executed]:
    """Execute lessons in the root of their repository, and call `on_end` after each.

    A lesson that fails does not stop the others.
    """
    return asyncio.run(_execute_all(lessons, on_end))


async def _execute_all(
    lessons: Sequence[Lesson], on_end: Callable[[Executed], None]
) -> list[Executed]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(lesson: Lesson) -> Executed:
        async with gate:
            executed = await _execute(lesson, environment)
        on_end(executed)
        return executed

    with TemporaryDirectory() as folder:
        environment = os.environ | {
            # One thread each: the lessons share the cores already.
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")])
            ),
            # Nobody's own settings of IPython, and no history written into their home.
            "IPYTHONDIR": folder,
        }
        return list(await asyncio.gather(*map(one, lessons)))


class _Client(NotebookClient):
    """A client whose kernel ends with it, however it ends; signals stay Python's own."""

    @asynccontextmanager
    async def async_setup_kernel(self, **kwargs: Any) -> AsyncGenerator[None, None]:
        try:
            await self.async_start_new_kernel(**kwargs)
            await self.async_start_new_kernel_client()
            yield
        finally:
            if self.kc is not None:
                self.kc.stop_channels()
            if self.km is not None:
                await ensure_async(self.km.shutdown_kernel(now=True))


async def _execute(lesson: Lesson, environment: dict[str, str]) -> Executed:
    notebook = convert(lesson)
    add_figures(lesson, notebook)
    # Without folders to look into, only the kernel of this interpreter is found.
    manager = AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    client = _Client(
        notebook,
        km=manager,
        timeout=LONGEST_CELL,
        coalesce_streams=True,
        record_timing=False,
        # Its warnings are about connections, not about the lesson.
        extra_arguments=["--IPKernelApp.log_level=40"],
        resources={"metadata": {"path": str(lesson.root)}},
    )
    digest = made_from(lesson)  # before: what is changed meanwhile is not in it
    began = time.perf_counter()
    error = ""
    try:
        await client.async_execute(env=environment)
    except CellExecutionError as failure:
        error = " ".join(f"{failure.ename}: {failure.evalue}".split())
    except (CellTimeoutError, DeadKernelError) as failure:
        error = str(failure).strip().splitlines()[0]
    seconds = time.perf_counter() - began
    take_figures(notebook)
    if not error:
        notebook.metadata["made_from"] = digest
    return Executed(lesson, notebook, seconds, error)


def add_figures(lesson: Lesson, notebook: Any) -> None:
    """After a cell that has a figure to play with, a cell that shows the figure's data."""
    cells = []
    for cell, source in zip(notebook.cells, lesson.cells, strict=True):
        cells.append(cell)
        if "explore" in source.options:
            code = figures.code_that_tells(source.options["explore"])
            cells.append(nbformat.v4.new_code_cell(code, metadata={"figure": True}))
    notebook.cells = cells


def take_figures(notebook: Any) -> None:
    """Put what those cells showed beside the cell before, and take them out again."""
    cells: list[Any] = []
    for cell in notebook.cells:
        if not cell.metadata.get("figure"):
            cells.append(cell)
            continue
        shown = [output.get("data", {}).get(figures.MEDIA_TYPE) for output in cell.outputs]
        cells[-1].metadata["explore"] = shown[0] if shown else None  # None: the lesson had stopped
    notebook.cells = cells
