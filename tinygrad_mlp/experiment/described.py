"""What the description of a training in a file may hold: looked up before anything is built.

A file comes from anywhere. Its description says how large a network to build, which transforms to
make and from where to go on, so every value in it is compared with what is allowed for its name
first. A name that is not in the table, a missing one or another kind of value is refused.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MANY = 10**9
"""More than any count in a description needs."""


@dataclass(frozen=True)
class Allowed:
    """What a value may be: in words, and as a test."""

    words: str
    test: Callable[[Any], bool]


def whole(least: int, most: int = MANY) -> Allowed:
    return Allowed(
        f"a whole number from {least} to {most:,}",
        lambda value: type(value) is int and least <= value <= most,
    )


def number(least: float = -1e30, most: float = 1e30) -> Allowed:
    return Allowed(
        f"a number from {least:g} to {most:g}",
        lambda value: (
            type(value) in (int, float)
            # In this order, because an integer may be too large for a float.
            and least <= value <= most
            and math.isfinite(value)
        ),
    )


def one_of(*values: str) -> Allowed:
    return Allowed(" or ".join(values), lambda value: value in values)


def several(allowed: Allowed, least: int = 0, most: int = 1000) -> Allowed:
    return Allowed(
        f"{least} to {most} values, each {allowed.words}",
        lambda value: (
            isinstance(value, list | tuple)
            and least <= len(value) <= most
            and all(map(allowed.test, value))
        ),
    )


def either(*kinds: Allowed) -> Allowed:
    return Allowed(
        ", or ".join(kind.words for kind in kinds),
        lambda value: any(kind.test(value) for kind in kinds),
    )


# A terminal obeys what cannot be printed.
TEXT = Allowed(
    "a text of at most 200 characters that can be printed",
    lambda value: isinstance(value, str) and len(value) <= 200 and value.isprintable(),
)
FLAG = Allowed("true or false", lambda value: type(value) is bool)
NOTHING = Allowed("null", lambda value: value is None)
SHARE = number(0, 1)
PAIR = several(number(), 2, 2)

Table = Mapping[str, Allowed]

_BOTH: Table = {
    "name": TEXT,
    "title": TEXT,
    "published": either(SHARE, NOTHING),
    "published_images": whole(1),
    "hidden": several(whole(1)),
    "lr": number(0),
    "batch_size": whole(1),
    "epochs": whole(0),
    "train_images": either(whole(1), NOTHING),
}

RECIPES: dict[str, Table] = {
    "BasicRecipe": {
        **_BOTH,
        "init": one_of("normal", "xavier"),
        "climbs": FLAG,
        "shuffle": FLAG,
    },
    "Recipe": {
        **_BOTH,
        "augment": several(Allowed("a transform", lambda value: isinstance(value, Mapping)), 0, 20),
        "augment_classes": several(whole(0, 1000)),
        "originals": FLAG,
        "batch_norm": FLAG,
        "weight_decay": number(0),
        "one_cycle": FLAG,
        "label_smoothing": SHARE,
        "held_out": whole(0),
        "validated": either(SHARE, NOTHING),
    },
}

TRANSFORMS: dict[str, Table] = {
    "RandomHorizontalFlip": {"p": SHARE, "column": either(number(0, 1000), NOTHING)},
    "GaussianNoise": {"mean": number(), "std": number(0)},
    "RandomAffine": {
        "degrees": either(number(0), PAIR),
        "translate": either(PAIR, NOTHING),
        "scale": either(PAIR, NOTHING),
        "shear": either(number(0), PAIR, several(number(), 4, 4), NOTHING),
    },
    "ElasticTransform": {"alpha": number(0), "sigma": number(0)},
}

SEED = whole(0, 10**100)

EPOCH: Table = {
    "epoch": whole(1),
    "loss": number(),
    "accuracy": either(SHARE, NOTHING),
    "seconds": number(0),
}

GENERATOR: Table = {
    "bit_generator": one_of("PCG64"),
    "state": Allowed("two numbers, state and inc", lambda value: isinstance(value, Mapping)),
    "has_uint32": whole(0, 1),
    "uinteger": whole(0, 2**32 - 1),
}
INSIDE: Table = {"state": whole(0, 2**128 - 1), "inc": whole(0, 2**128 - 1)}
"""What is in the `state` of a generator."""

HISTORY = Allowed("a list of epochs", lambda value: isinstance(value, list))
NAMES_AND_VALUES = Allowed("names and values", lambda value: isinstance(value, Mapping))


def _is_square(rows: Any) -> bool:
    count = whole(0)
    return (
        isinstance(rows, list)
        and all(
            isinstance(row, list) and len(row) == len(rows) and all(map(count.test, row))
            for row in rows
        )
        and any(map(any, rows))
    )


MADE = Allowed(
    "how the results were made, in short texts by name, with a date",
    lambda value: (
        isinstance(value, Mapping)
        and "date" in value
        and all(isinstance(text, str) and text.isprintable() for text in value.values())
    ),
)

RUN: Table = {
    "recipe": NAMES_AND_VALUES,
    "seed": SEED,
    "test_accuracy": SHARE,
    "test_loss": number(),
    "loss": TEXT,
    "train_accuracy": SHARE,
    "train_loss": number(),
    "validation_accuracy": either(SHARE, NOTHING),
    "validation_loss": either(number(), NOTHING),
    "most_predicted": whole(0),
    "most_predicted_share": SHARE,
    "dead_units": either(whole(0), NOTHING),
    "measured": NAMES_AND_VALUES,
    "seconds": number(0),
    "history": HISTORY,
    "confusion": Allowed("counts, not all 0, in as many rows as columns", _is_square),
}
"""A run as `results.json` has it."""

SINCE_0_2 = ("dead_units", "measured")
"""What runs of version 0.1.0 do not have."""


def check(what: str, given: Any, table: Table, needed: tuple[str, ...] | None = None) -> None:
    """Do nothing if `given` is a mapping that the table allows.

    what    is described, for the message
    needed  the names that must be there; all of the table if it is None

    Otherwise raises ValueError, which says what is wrong.
    """
    if not isinstance(given, Mapping):
        raise ValueError(f"{what} is {shown(given)}, expected names and values")
    for name in table if needed is None else needed:
        if name not in given:
            raise ValueError(f"{what}: {name} is missing")
    for name, value in given.items():
        if name not in table:
            raise ValueError(f"{what}: {shown(name)} is unknown; there are {', '.join(table)}")
        check_value(f"{what}: {name}", value, table[name])


def check_value(what: str, value: Any, allowed: Allowed) -> None:
    """Raise ValueError if this value is not allowed."""
    if not allowed.test(value):
        raise ValueError(f"{what} is {shown(value)}, expected {allowed.words}")


def check_generator(what: str, given: Any) -> None:
    """Raise ValueError if this is not the state of a generator as NumPy describes it."""
    check(what, given, GENERATOR)
    check(f"{what}: state", given["state"], INSIDE)


def check_history(given: Any) -> None:
    """Raise ValueError if these are not epochs, counted from 1."""
    check_value("the history", given, HISTORY)
    for i, epoch in enumerate(given, 1):
        check(f"epoch {i}", epoch, EPOCH)
        if epoch["epoch"] != i:
            raise ValueError(f"epoch {i} of the history is numbered {epoch['epoch']}")


def shown(value: Any) -> str:
    """A value for a message, however large or deep it is."""
    return reprlib.repr(value)
