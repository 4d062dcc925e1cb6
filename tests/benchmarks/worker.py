"""One contender doing one job, in a process of its own.

    python -m tests.benchmarks.worker TASK

prints what it measured as one line of JSON. TASK is JSON too: the function, the file of inputs,
the size, and the number of threads. `driver.py` starts it, with the number of threads already in
the environment, where BLAS, OpenMP and XLA look for it when they are imported.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def run(task: dict) -> dict:
    """Do what the task says, and return its result with the peak memory of this process."""
    keep_to_cores(task["threads"])
    module, function = task["function"].split(".")
    contender = importlib.import_module(f"{__package__}.contenders.{module}")
    from .inputs import Inputs
    from .timing import peak_bytes

    result = getattr(contender, function)(Inputs(task["inputs"]), task["size"])
    return {**result, "peak_bytes": peak_bytes()}


def keep_to_cores(count: int) -> None:
    """Let this process use only `count` cores: some libraries count cores and ask nobody.

    It gets the last ones, because the first often serves the system's interrupts.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
