"""Many trainings, one after another or side by side, always with one thread for their products.

A training is decided by its recipe, its seed and the digits, and with one thread by nothing else,
so the bits do not depend on how many run. Side by side, each has a process of its own. Workers are
started afresh (spawned), as every system can; they get the digits once, and then one recipe and
seed after another.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from threadpoolctl import threadpool_limits

from ..data import ArrayDataset
from ..train import Epoch
from .recipes import AnyRecipe
from .training import Run, run

Task = tuple[AnyRecipe, int]
"""A recipe and a seed."""

Watch = Callable[[AnyRecipe, int], Callable[[Epoch], None]]
"""Called when a training begins; what it gives is called after each of its epochs."""

Measure = Callable[[Run, ArrayDataset], Run]
"""What else is measured of a run on the test images; a function of a module, for the workers."""


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_all(
    tasks: Sequence[Task],
    train_data: ArrayDataset,
    test_data: ArrayDataset,
    watch: Watch,
    jobs: int = 1,
    compiled: bool = True,
    measure: Measure | None = None,
) -> Iterator[Run]:
    """Run all tasks, `jobs` of them at a time, and give each run when it is done.

    jobs      with 1 they are run here, one after another, in their order; with more, a script
              must call this under `if __name__ == "__main__":`, since each worker imports it
    compiled  let them use what `training.choose_speedups` chooses
    measure   what else to measure of each run

    What a training raises is raised here, and the others are given up. Raises ChildProcessError if
    a worker ends in the middle, as when the memory is full.
    """
    jobs = min(jobs, len(tasks))
    if jobs <= 1:
        for recipe, seed in tasks:
            with threadpool_limits(1, user_api="blas"):
                done = run(recipe, train_data, test_data, seed, watch(recipe, seed), compiled)
                done = done if measure is None else measure(done, test_data)
            yield done
        return
    todo = list(reversed(tasks))
    with _workers(jobs, (train_data, test_data, compiled, measure)) as workers:
        on_epoch: dict[Connection, Callable[[Epoch], None]] = {}

        def give_work(worker: Connection) -> None:
            on_epoch.pop(worker, None)
            if todo:
                recipe, seed = task = todo.pop()
                on_epoch[worker] = watch(recipe, seed)
                with suppress(BrokenPipeError):  # it has ended, which is seen below
                    worker.send(task)

        for worker in workers:
            give_work(worker)
        while on_epoch:
            ready: list[Any] = wait(list(on_epoch))
            for worker in ready:
                try:
                    said = worker.recv()
                except (EOFError, ConnectionResetError):
                    raise _ended(workers[worker]) from None
                if isinstance(said, Epoch):
                    on_epoch[worker](said)
                elif isinstance(said, Run):
                    give_work(worker)
                    yield said
                else:
                    raise said


@contextmanager
def _workers(jobs: int, given: tuple[Any, ...]) -> Iterator[dict[Connection, BaseProcess]]:
    """So many processes that train, by the end of the pipe through which each is spoken to.

    given  what each worker needs before it begins; it is sent when all are started, since one that
           ends while it starts could not be noticed before
    """
    spawn = multiprocessing.get_context("spawn")
    workers: dict[Connection, BaseProcess] = {}
    try:
        for _ in range(jobs):
            ours, theirs = spawn.Pipe()
            process: BaseProcess = spawn.Process(target=_work, args=(theirs,), daemon=True)
            with _without_interruption():
                process.start()
            workers[ours] = process
            theirs.close()
        for worker in workers:
            try:
                worker.send(given)
            except (BrokenPipeError, ConnectionResetError):
                raise _ended(workers[worker]) from None
        yield workers
    finally:
        for connection, process in workers.items():
            connection.close()
            process.kill()  # it holds nothing that could be lost
        for process in workers.values():
            process.join()


@contextmanager
def _without_interruption() -> Iterator[None]:
    """What is started meanwhile is left alone by Ctrl-C, which a terminal sends to all."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(asker: Connection) -> None:
    """What a worker does: train what it is asked to, until nobody asks."""
    with suppress(ValueError):  # Windows, where nothing else keeps Ctrl-C from a worker
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with threadpool_limits(1, user_api="blas"), suppress(EOFError, OSError):
        train_data, test_data, compiled, measure = asker.recv()
        while True:
            recipe, seed = asker.recv()
            try:
                # A second thread would only take its core from another worker: 1.6 times as slow.
                done = run(recipe, train_data, test_data, seed, asker.send, compiled, ahead=False)
                asker.send(done if measure is None else measure(done, test_data))
            except BrokenPipeError:
                raise
            except Exception as error:
                asker.send(error)


def _ended(process: BaseProcess) -> ChildProcessError:
    process.join()
    code = process.exitcode or 0
    if code < 0:
        return ChildProcessError(
            f"a worker was ended by signal {-code} in the middle of a training, as when the memory "
            "is full; try fewer with --jobs, or jobs="
        )
    return ChildProcessError(
        f"a worker ended with exit code {code}; why is told above. A script of yours that trains "
        'side by side must do so under `if __name__ == "__main__":`, since each worker imports it'
    )
