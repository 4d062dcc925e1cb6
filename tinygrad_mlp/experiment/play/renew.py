"""`python -m tinygrad_mlp.experiment.play.renew`: train the networks of the page again.

It runs the commands that anyone would type for each, `train` and `export`, with seed 0, and puts
the weights where the page finds them. `best` takes a quarter of an hour, so it is made only if it
is named: `... renew best`. A test compares each file's recipe with the recipe as it is now.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .. import cli
from ..command import Parser, run_command
from .answers import SHOWN, WEIGHTS

SMALL = tuple(name for name in SHOWN if name != "best")


def renew(names: tuple[str, ...] = SMALL, folder: Path = WEIGHTS) -> int:
    """Train each recipe and write its weights to `folder`; the exit code of what failed, or 0."""
    with tempfile.TemporaryDirectory() as temporary:
        for name in names:
            trained = Path(temporary) / f"{name}.safetensors"
            written = folder / trained.name
            code = cli.main(["train", "--recipe", name, "--out", str(trained)])
            code = code or cli.main(["export", str(trained), "--out", str(written), "--force"])
            if code:
                return code
    return 0


def main() -> int:
    return run_command("renew", obey)


def obey() -> int:
    parser = Parser(prog="python -m tinygrad_mlp.experiment.play.renew", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="recipe", help=", ".join(SHOWN))
    names = tuple(parser.parse_args().names)
    for name in names:
        if name not in SHOWN:
            raise ValueError(f"the page shows no {name!r}; choose from {', '.join(SHOWN)}")
    return renew(names or SMALL)


if __name__ == "__main__":
    raise SystemExit(main())
