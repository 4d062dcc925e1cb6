"""Where it ran: the machine, the versions, and whether it was left alone."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from threadpoolctl import threadpool_info

PACKAGES = ("numpy", "torch", "jax", "jaxlib", "autograd", "micrograd", "tinygrad")


def describe() -> dict[str, str]:
    """What a reader needs to judge the numbers, as name -> words."""
    installed = {name: _version(name) for name in PACKAGES}
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "BLAS of NumPy": _blas(),
        **{name: number for name, number in installed.items() if number},
    }


def busy_cores(seconds: float = 0.2) -> float | None:
    """How many cores are busy right now, measured for a moment in which we do nothing.

    None where the system does not say. On an idle machine it is near 0.
    """
    try:
        before = _worked()
        time.sleep(seconds)
        return (_worked() - before) / os.sysconf("SC_CLK_TCK") / seconds
    except OSError:
        return None


def _worked() -> int:
    """The ticks that all cores together have worked since the machine started."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _waiting, *rest = map(int, file.readline().split()[1:])
    return user + nice + system + sum(rest[:3])


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _blas() -> str:
    """The library and the kernels that it chose, which decide what the matrix products cost."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    words = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    for library in threadpool_info():
        if library["user_api"] == "blas" and "architecture" in library:
            words += f", kernels for {library['architecture']}"
    forced = os.environ.get("OPENBLAS_CORETYPE")
    if forced:
        words += f" (forced by OPENBLAS_CORETYPE={forced}; unset it for NumPy's own choice)"
    return words
