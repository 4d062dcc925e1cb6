"""The faults that are known and not fixed yet: a list that may only get shorter.

A line of known_faults.txt is how many comparisons of one dtype and kind are wrong under one name.
The suite fails if there are more, or fewer: then `python -m tests.pytorch_samples --shrink` writes
the list again. Once it is empty, this file and the list go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

LIST = Path(__file__).with_name("known_faults.txt")

WHAT_TO_DO = (
    "new faults: `python -m tests.pytorch_samples --wrong --only NAME` shows them as code; "
    "faults that are gone: `python -m tests.pytorch_samples --shrink` takes them off the list"
)

Key = tuple[str, str, str]
"""Name, dtype, kind."""


def read() -> Counter[Key]:
    """How many faults are known, by name, dtype and kind."""
    known: Counter[Key] = Counter()
    for line in LIST.read_text(encoding="utf-8").splitlines() if LIST.exists() else ():
        dtype, kind, count, name = line.split(maxsplit=3)
        known[name, dtype, kind] = int(count)
    return known


def write(known: Counter[Key]) -> None:
    lines = [f"{d:8}{k:9}{n:5} {name}" for (name, d, k), n in sorted(known.items()) if n]
    LIST.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def changes(found: Counter[Key], dtypes: Iterable[str]) -> list[str]:
    """What is wrong and not known, and what is known and no longer wrong, in these dtypes."""
    known = Counter({key: n for key, n in read().items() if key[1] in set(dtypes)})
    return [
        f"{dtype} {kind} of {name}: {found[key]} wrong, {known[key]} known"
        for key in sorted(found.keys() | known.keys())
        if found[key] != known[key]
        for name, dtype, kind in [key]
    ]


def shrink(found: Counter[Key]) -> list[str]:
    """Take off the list what is no longer wrong; what is new is not added, but given back."""
    known = read()
    if not LIST.exists():
        known = found
    write(known & found)
    return [f"{key}: {n}" for key, n in sorted((found - known).items())]
