"""Print what PyTorch's samples find:  python -m tests.pytorch_samples --help"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import torch

from . import DTYPES, comparisons
from .report import HEAD, Tally, example
from .verdict import Comparison


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.pytorch_samples",
        description="Run PyTorch's own samples through this package and PyTorch, and compare.",
    )
    add = parser.add_argument
    add("--dtype", choices=DTYPES, action="append", help='these only; "any" has the error inputs')
    add("--only", default="", help="names that contain this: sin, F.pad, Tensor.add_, nn., x +")
    add("--name", help="this name exactly")
    add("--sample", type=int, help="this sample only, in full")
    add("--wrong", action="store_true", help="the faults, no counts")
    add("--counts", action="store_true", help="the counts, no faults")
    options = parser.parse_args()

    def wanted(name: str) -> bool:
        return name == options.name if options.name else options.only in name

    torch.set_num_threads(1)
    start = time.perf_counter()
    found = comparisons(options.dtype or DTYPES, wanted)
    if options.sample is not None:
        found = _shown(c for c in found if c.case.source[2] == options.sample)
    tally = Tally(found)
    if not options.counts:
        print(HEAD + "\n".join(tally.faults()))
    if not options.wrong:
        print("\n".join(tally.table()))
        print(f"{len(tally.names)} names, {time.perf_counter() - start:.0f} seconds")


def _shown(found: Iterator[Comparison]) -> Iterator[Comparison]:
    """Print each comparison in full on the way."""
    for comparison in found:
        print(f"{comparison.case.name}, {comparison.kind}: {comparison.verdict}")
        print(f"        {example(comparison, brief=False)}")
        print(f"        # {comparison.fault} {comparison.detail} {comparison.because}\n")
        yield comparison


main()
