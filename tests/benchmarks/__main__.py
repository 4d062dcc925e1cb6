"""The command line: which jobs, how many rounds, and where the table goes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import growth
from .driver import run
from .jobs import JOBS

NAMES = [*(job.name for job in JOBS), growth.JOB]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Compare tinygrad_mlp with others. Leave the machine alone meanwhile.",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how many times all take turns")
    parser.add_argument("--jobs", default=",".join(NAMES), help="some of %(default)s")
    parser.add_argument("--threads", default="1,2", help="numbers of threads (%(default)s)")
    parser.add_argument("--smallest", action="store_true", help="quick: only to see that it works")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks"), help="output folder")
    args = parser.parse_args()
    jobs = args.jobs.split(",")
    unknown = sorted(set(jobs) - set(NAMES))
    if unknown:
        parser.error(f"no job is named {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if args.rounds < 1:
        parser.error(f"--rounds must be 1 or more, not {args.rounds}")
    threads = [int(count) for count in args.threads.split(",")]
    report = run(jobs, threads, 1 if args.smallest else args.rounds, args.smallest, args.out)
    different = [one for one in report.checks if not one.agrees]
    for one in different:
        print(f"not the same: {one.job}, {one.name}: {dict(one.values)}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
