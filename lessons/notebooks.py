"""Lessons as notebooks: converted from their scripts, and executed with all their output.

The script is the source; a notebook is made from it when one is wanted. Each lesson is executed
in a kernel of its own, by the interpreter that runs this, two at a time. Needs the `lessons`
extra (jupytext, nbconvert, ipykernel).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tinygrad_mlp.files import write_whole

from .catalogue import HERE, Lesson

AT_ONCE = 2
"""How many lessons are executed at the same time, on one thread each."""

LONGEST_CELL = 600
"""Seconds after which a cell is given up."""


@dataclass(frozen=True)
class Executed:
    """A lesson that was executed: its notebook, the seconds, and what went wrong, if anything."""

    lesson: Lesson
    notebook: Any
    seconds: float
    error: str = ""


def convert(lesson: Lesson) -> Any:
    """The lesson as a notebook, not executed. The same script gives the same notebook."""
    notebook = jupytext.read(lesson.path)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        }
    )
    for i, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{i}"  # a random one by default
        cell.source = cell.source.strip("\n")
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
    began = time.perf_counter()
    error = ""
    try:
        await client.async_execute(env=environment)
    except CellExecutionError as failure:
        error = " ".join(f"{failure.ename}: {failure.evalue}".split())
    except (CellTimeoutError, DeadKernelError) as failure:
        error = str(failure).strip().splitlines()[0]
    return Executed(lesson, notebook, time.perf_counter() - began, error)
