"""The clock and the memory gauge.

Times are medians: one disturbed step does not change them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .jobs import EARLY, LATE

try:
    import resource
except ImportError:  # Windows has none, and these benchmarks need it
    resource = None  # type: ignore[assignment]


def time_steps(
    step: Callable[[Any, Any], float], batches: Sequence[tuple[Any, Any]], size: Mapping[str, Any]
) -> dict[str, Any]:
    """Train for `warm_up` steps, then for `timed` ones; the median time of those, and two losses.

    step  trains on one batch and returns its loss as a number, so that each step is finished when
          it returns. The warm-up is long because moments need hundreds of steps to become denormal
    """
    seconds, losses = [], []
    for i in range(size["warm_up"] + size["timed"]):
        x, y = batches[i % len(batches)]
        start = time.perf_counter()
        loss = step(x, y)
        seconds.append(time.perf_counter() - start)
        losses.append(loss)
    checks = {
        EARLY: losses[size["early"] - 1],
        LATE: statistics.fmean(losses[size["warm_up"] :]),
    }
    return {"seconds": statistics.median(seconds[size["warm_up"] :]), "checks": checks}


def time_calls(function: Callable[[], Any], repeats: int, warm_up: int = 1) -> float:
    """The median time of a call."""
    seconds = []
    for _ in range(warm_up + repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[warm_up:])


def time_expression(expression: str, names: dict[str, Any], number: int, repeats: int) -> float:
    """The median time of evaluating `expression` `number` times, divided by `number`."""
    timer = timeit.Timer(expression, "import gc; gc.enable()", globals=names)
    return statistics.median(timer.repeat(repeats + 1, number)[1:]) / number


def time_import(module: str, repeats: int) -> float:
    """The median time of `import module`, each in a fresh interpreter, compiled beforehand."""
    timed = f"from time import perf_counter as t; s = t(); import {module}; print(t() - s)"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    seconds = []
    for _ in range(1 + repeats):
        done = subprocess.run(
            [sys.executable, "-c", timed], capture_output=True, text=True, check=True,
            env=environment,
        )  # fmt: skip
        seconds.append(float(done.stdout))
    return statistics.median(seconds[1:])


def peak_bytes() -> int:
    """The most memory this process has held so far."""
    try:
        # Unlike ru_maxrss, this does not include what the parent held when it started us.
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def current_bytes() -> int:
    """The memory that this process holds now; where the system does not say, its peak."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak_bytes()
