"""`python -m tinygrad_mlp`: the command line, which is in `experiment/cli.py`."""

from .experiment.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
