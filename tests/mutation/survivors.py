"""The mutants that no test notices, and why none has to."""

SURVIVORS: dict[str, dict[tuple[str, str], str]] = {}
"""By function, what it said and what the mutant says: the reason."""
