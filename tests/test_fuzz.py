"""The readers on the corpus of `tests/fuzz`, on whole files, and on each of them damaged at random.

The script there looks for more; here is what it found, and enough chance to notice a new fault.
"""

import pytest

from .fuzz.readers import CORPUS, READERS, RNG, seeds, try_reader

FOUND = [(path.parent.name, path) for path in sorted(CORPUS.glob("*/*"))]


@pytest.mark.parametrize(("name", "path"), FOUND, ids=[f"{n}-{p.name}" for n, p in FOUND])
def test_what_once_was_a_finding_is_refused_in_the_documented_way(name, path):
    try_reader(name, path.read_bytes())


@pytest.mark.parametrize("name", [name for name in READERS if name != "picture"])
def test_whole_files_are_read(name):
    data = seeds(name)[0]
    READERS[name](data)


@pytest.mark.parametrize("name", [name for name in READERS if name != "picture"])
def test_damaged_files_are_refused_in_the_documented_way(name):
    for whole in seeds(name):
        for _ in range(15):
            data = bytearray(whole)
            for _ in range(RNG.integers(1, 8)):
                if data:
                    data[RNG.integers(len(data))] = RNG.integers(256)
            try_reader(name, bytes(data[: RNG.integers(len(data) // 2, len(data) + 1)]))
            try_reader(name, bytes(data))
