"""Try mutants:  python -m tests.mutation data

prints those that no test of the room notices, each as soon as it is known, and fails if one of them
is not in `survivors.txt`. A single module, such as `data.warp`, may stand for its room.
`sample` tries one in so many of all rooms; `--remember` writes down which tests noticed the
mutants of each function, so that the sample is tried with these first.
"""

import argparse
import sys
import time

from .judging import Judges, with_judges
from .rooms import ROOMS
from .trying import (
    files_of,
    files_of_sample,
    is_listed,
    remember,
    survivors,
    try_modules,
    try_sample,
)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    room_of = {module: room for room, (modules, _) in ROOMS.items() for module in modules}
    names = [*ROOMS, *(module for module in room_of if module not in ROOMS), "sample"]
    parser.add_argument("room", choices=names, metavar="ROOM", help=", ".join(names))
    parser.add_argument("--remember", action="store_true")
    options = parser.parse_args()
    room, is_sample = room_of.get(options.room, options.room), options.room == "sample"
    began = time.perf_counter()
    found = []

    def work(judges: Judges) -> None:
        modules = () if is_sample else ROOMS[room].modules
        if options.room in modules:
            modules = (options.room,)
        for one in try_sample(judges) if is_sample else try_modules(modules, judges):
            found.append(one)
            if not one.by and not is_listed(one):
                print(f"{one.module}, line {one.mutant.line}: {one.mutant}", flush=True)

    with_judges(files_of_sample() if is_sample else files_of(room), work)
    unlisted, listed = survivors(found)
    noticed = len(found) - len(unlisted) - len(listed)
    print(
        f"{options.room}: {noticed} of {len(found)} mutants noticed, "
        f"{len(listed)} listed with a reason, {len(unlisted)} neither, in "
        f"{time.perf_counter() - began:.0f} s"
    )
    if options.remember and not is_sample:
        remember(found)
    sys.exit(bool(unlisted))


if __name__ == "__main__":
    main()
