"""The driver: it starts a fresh process for each contender, round by round, and reports.

Contenders take turns within a round, and each round begins with a different one, so that a slow
minute of the machine, or the heat left by the one before, affects all of them equally.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from tinygrad_mlp.files import check_writable, write_whole

from . import growth, inputs, machine
from .jobs import JOBS, NEEDS, OURS, Job
from .table import Check, Round, Row, as_markdown, check, compare

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 900


class Failed(Exception):
    """A contender did not do its job; the message says why in one line."""


@dataclass
class Report:
    """The results so far."""

    rows: list[Row] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    measured: list[dict] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)


def run(
    names: Sequence[str], threads: Sequence[int], rounds: int, smallest: bool, out: Path
) -> Report:
    """Measure the named jobs, print the table, and write it to the folder `out`.

    threads  a job is run with each of its numbers of threads that is among these; at the smallest
             size with one thread
    """
    for file in ("table.md", "results.json", "growth.png"):
        check_writable(out / file)
    facts = {"date": f"{datetime.now():%Y-%m-%d %H:%M}", **machine.describe()}
    report = Report()
    chosen = [job for job in JOBS if job.name in names]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inputs.npz"
        inputs.write(path, images=1_000 if smallest else 60_000)
        for job in chosen:
            for count in (1,) if smallest else sorted({*job.threads} & {*threads}):
                _measure(report, job, count, rounds, smallest, path)
        if growth.JOB in names:
            _measure_growth(report, rounds, smallest, path, out)
    facts["rounds"] = f"{rounds} (smallest size: goals are not judged)" if smallest else str(rounds)
    if report.busy:
        facts["cores busy with something else, just before each round"] = (
            f"median {statistics.median(report.busy):.2f}, at most {max(report.busy):.2f}"
        )
    titles = {job.name: job.title for job in chosen}
    if growth.JOB in names:
        titles[growth.JOB] = growth.TITLE
    text = as_markdown(report.rows, report.checks, titles, facts, report.skipped)
    write_whole(out / "table.md", text)
    write_whole(out / "results.json", json.dumps({"facts": facts, **_as_words(report)}, indent=1))
    print(f"\n{text}\nwritten to {out}")
    return report


def _measure(
    report: Report, job: Job, threads: int, rounds: int, smallest: bool, path: Path
) -> None:
    size = job.smallest if smallest else job.full
    taking_part = _installed(job, report.skipped)
    done: list[Round] = []
    for number in range(rounds):
        print(f"{job.name}, {threads} thread(s), round {number + 1} of {rounds}", flush=True)
        _note_busy(report)
        results = {}
        for name in _turned(list(taking_part), number):
            try:
                results[name] = run_worker(job.contenders[name], size, threads, path)
            except Failed as why:
                if name == OURS:
                    raise
                del taking_part[name]
                report.skipped[f"{name} ({job.name})"] = str(why)
        done.append(results)
    done = [{name: one[name] for name in taking_part} for one in done]
    report.measured += [{"job": job.name, "threads": threads, "results": one} for one in done]
    report.rows += compare(job, threads, done, judged=not smallest)
    report.checks += check(job, threads, done)


def _measure_growth(report: Report, rounds: int, smallest: bool, path: Path, out: Path) -> None:
    from tinygrad_mlp import plot

    print("growth", flush=True)
    measured = growth.measure(
        lambda function, size: run_worker(function, size, 1, path), min(rounds, 3), smallest
    )
    report.measured.append({"job": growth.JOB, "threads": 1, "results": asdict(measured)})
    report.rows += growth.rows(measured, judged=not smallest)
    plot.save(growth.draw(measured), out / "growth.png")


def _note_busy(report: Report) -> None:
    busy = machine.busy_cores()
    if busy is not None:
        report.busy.append(busy)
        if busy > 0.25:
            print(f"  {busy:.1f} cores are busy with something else: the times will be wrong")


def _turned(names: list[str], by: int) -> list[str]:
    by %= len(names)
    return names[by:] + names[:by]


def _installed(job: Job, skipped: dict[str, str]) -> dict[str, str]:
    """The job's contenders whose package is installed; the others are noted in `skipped`."""
    here = {}
    for name, function in job.contenders.items():
        package = NEEDS.get(function.split(".")[0])
        if package and importlib.util.find_spec(package) is None:
            skipped[name] = f"{package} is not installed"
        else:
            here[name] = function
    return here


def run_worker(function: str, size: Mapping, threads: int, path: Path) -> dict:
    """Run one contender in a fresh process, and return what it measured. Raises Failed."""
    task = {"function": function, "size": dict(size), "threads": threads, "inputs": str(path)}
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"{__package__}.worker", json.dumps(task)],
            cwd=ROOT,
            env=_environment(threads),
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"took more than {MOST_SECONDS} seconds") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise Failed(f"{function}: {lines[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def _environment(threads: int) -> dict[str, str]:
    """The same number of threads for every library, and one place to import from."""
    count = str(threads)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "NPROC": count,  # XLA
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}",
        "JAX_PLATFORMS": "cpu",
    }


def _as_words(report: Report) -> dict:
    return {
        "rows": [{**asdict(row), "verdict": row.verdict} for row in report.rows],
        "checks": [{**asdict(one), "agrees": one.agrees} for one in report.checks],
        "skipped": report.skipped,
        "busy": report.busy,
        "measured": report.measured,
    }
