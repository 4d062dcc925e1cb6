"""Random bytes for everything that reads files: see `readers.py`, and `__main__.py` to run it."""
