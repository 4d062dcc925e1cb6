"""The version, which `pyproject.toml` and saved results read here."""

__version__ = "0.1.0"
