"""Fuzz a reader with atheris:  python -m tests.fuzz npz --seconds 600

Needs `pip install atheris`, which has wheels for few versions of Python; the test suite replays
the corpus without it. It prints how many inputs were tried. A finding ends it, and is written to
the folder from which it was started; put a small version of it into `corpus/`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

watched = ["tinygrad_mlp", "gzip", "zipfile", "json", "PIL"]
with atheris.instrument_imports(include=watched) if atheris else nullcontext():
    from .readers import CORPUS, READERS, seeds, try_reader


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    if atheris is None:
        parser.error("it needs atheris: pip install atheris")
    with tempfile.TemporaryDirectory() as grown:
        for i, data in enumerate(seeds(options.reader)):
            (Path(grown) / f"seed-{i}").write_bytes(data)
        atheris.Setup(
            [
                sys.argv[0],
                f"-max_total_time={options.seconds}",
                "-max_len=20000",
                "-timeout=20",
                "-rss_limit_mb=3000",
                "-print_final_stats=1",
                grown,
                *[str(folder) for folder in [CORPUS / options.reader] if folder.is_dir()],
            ],
            lambda data: try_reader(options.reader, data),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
