"""Print the report:  python -m tests.pytorch_samples [--dtype float64] [--only name] [--wrong]"""

from __future__ import annotations

import argparse
import time

from .operators import DTYPES, compare_operators
from .report import Tally


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.pytorch_samples", description=__doc__)
    parser.add_argument("--dtype", choices=DTYPES, action="append", help="these dtypes only")
    parser.add_argument("--only", default="", help="names that contain this only")
    parser.add_argument("--wrong", action="store_true", help="the faults only, no counts")
    options = parser.parse_args()
    start = time.perf_counter()
    tally = Tally().add_all(compare_operators(options.dtype or list(DTYPES), options.only))
    print("\n".join(tally.faults()))
    if not options.wrong:
        print("\n".join(tally.table()))
        print(f"{time.perf_counter() - start:.0f} seconds")


main()
