"""Try mutants:  python -m tests.mutation data

prints those that no test of the room notices, and fails if one of them is not in `survivors.txt`.
`sample` tries one in so many of all rooms; `--remember` writes down which tests noticed the
mutants of each function, so that the sample is tried with these first.
"""

import argparse
import sys
import time

from .judging import Judges, with_judges
from .rooms import ROOMS
from .trying import files_of, files_of_sample, remember, survivors, try_room, try_sample


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("room", choices=[*ROOMS, "sample"])
    parser.add_argument("--remember", action="store_true")
    options = parser.parse_args()
    room, is_sample = options.room, options.room == "sample"
    began = time.perf_counter()
    found = []

    def work(judges: Judges) -> None:
        found.extend(try_sample(judges) if is_sample else try_room(room, judges))

    with_judges(files_of_sample() if is_sample else files_of(room), work)
    unlisted, listed = survivors(found)
    for one in unlisted:
        print(f"{one.module}, line {one.mutant.line}: {one.mutant}")
    print(
        f"{room}: {len(found) - len(unlisted) - len(listed)} of {len(found)} mutants noticed, "
        f"{len(listed)} listed with a reason, {len(unlisted)} neither, in "
        f"{time.perf_counter() - began:.0f} s"
    )
    if options.remember and not is_sample:
        remember(found)
    sys.exit(bool(unlisted))


if __name__ == "__main__":
    main()
