"""What the page asks, in JSON, and what it is told.

A question is `{"picture": [[255, ...], ...], "changes": ["noise"], "seed": 3}`, and either
`"why": true` or `"network": "small"` may be in it. Everything that comes in is checked here: it may
come from anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NoReturn

import numpy as np

from .answers import CHANGES, SHOWN, Network, Seen, ask, fool, see, why

SIDE = 120
"""The side of the picture that the page sends, in pixels. It leaves a margin of 20 on each side
empty: what runs off the paper is taken for something else than a digit."""

LONGEST = 100_000
"""How many bytes a question may have; a picture of three digits a pixel takes 58,000."""

LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True, eq=False)
class Question:
    """A question of the page.

    picture  uint8 (120, 120), greys: dark strokes on white
    changes  names in CHANGES
    seed     what the changes are drawn from
    why      whether each network should also say why
    network  whom to fool, for that question
    """

    picture: np.ndarray
    changes: tuple[str, ...] = ()
    seed: int = 0
    why: bool = False
    network: str = ""


def read_question(body: bytes) -> Question:
    """The question in a body of JSON.

    Raises ValueError, with what was expected, if it is anything else.
    """
    try:
        given = json.loads(body, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("the question is nested too deeply") from error
    except ValueError as error:  # what is wrong with the text, with UTF-8, or with a number
        raise ValueError(f"the question is not JSON: {error}") from error
    known = set(Question.__dataclass_fields__)
    if not isinstance(given, dict) or not {"picture"} <= given.keys() <= known:
        raise ValueError(
            f"a question is an object with a picture, and at most {', '.join(sorted(known))}"
        )
    return Question(
        _picture(given["picture"]),
        _changes(given.get("changes", [])),
        _whole("seed", given.get("seed", 0), LARGEST_SEED),
        _one_of("why", given.get("why", False), (False, True)),
        _one_of("network", given.get("network", ""), ("", *SHOWN)),
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _picture(given: Any) -> np.ndarray:
    """The greys uint8 (120, 120), of a list of rows."""
    rows = given if isinstance(given, list) and len(given) == SIDE else []
    if all(isinstance(row, list) and len(row) == SIDE for row in rows):
        pixels = list(chain.from_iterable(rows))
        # type, not isinstance: true and false are whole numbers too, to Python
        if set(map(type, pixels)) == {int} and min(pixels) >= 0 and max(pixels) <= 255:
            return np.frombuffer(bytes(pixels), np.uint8).reshape(SIDE, SIDE)
    raise ValueError(
        f"the picture must be {SIDE} rows of {SIDE} whole numbers from 0, black, to 255, white"
    )


def _changes(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or len(given) > len(CHANGES):
        raise ValueError(f"changes must be a list of any of {', '.join(CHANGES)}")
    return tuple(_one_of("a change", name, tuple(CHANGES)) for name in given)


def _whole(name: str, given: Any, most: int) -> int:
    if type(given) is not int or not 0 <= given <= most:
        raise ValueError(f"{name} must be a whole number from 0 to {most}")
    return given


def _one_of(name: str, given: Any, allowed: tuple[Any, ...]) -> Any:
    if type(given) is not type(allowed[0]) or given not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(json.dumps(one) for one in allowed)}")
    return given


# ---------------------------------------------------------------------------------- what is told


def answer(question: Question, networks: Mapping[str, Network]) -> dict[str, Any]:
    """What all networks say: the image they saw, and for each its digit, bars and hidden units."""
    seen = _seen(question)
    if isinstance(seen, str):
        return {"unread": seen}
    told = [_told(network, seen.image, question.why) for network in networks.values()]
    return {"image": rounded(seen.image), "count": seen.count, "networks": told}


def _told(network: Network, image: np.ndarray, reasons: bool) -> dict[str, Any]:
    found = ask(network, image)
    told = {
        "name": network.name,
        "digit": found.digit,
        "shares": rounded(found.shares),
        "sure": found.sure,
        "hidden": rounded(found.hidden),
    }
    if reasons:
        gradient = why(network, image)
        told["why"] = rounded(gradient / max(float(np.abs(gradient).max()), 1e-12))
    return told


def fooled(question: Question, networks: Mapping[str, Network]) -> dict[str, Any]:
    """How little it took to change the mind of the network that the question names."""
    if not question.network:
        raise ValueError(f"say which network to fool: {', '.join(networks)}")
    seen = _seen(question)
    if isinstance(seen, str):
        return {"unread": seen}
    image = seen.image
    found = fool(networks[question.network], image)
    change = found.image - image
    return {
        "network": question.network,
        "before": found.before,
        "after": found.after,
        "steps": found.steps,
        "flat": found.flat,
        "image": rounded(image),
        "change": rounded(change),
        "changed": rounded(found.image),
        "largest": float(np.abs(change).max()),
        "norm": float(np.linalg.norm(change)),
        "whole": float(np.linalg.norm(image)),
    }


def _seen(question: Question) -> Seen | str:
    """What the networks see, or why there is nothing that they could see."""
    try:
        return see(question.picture.astype(np.float32) / 255, question.changes, question.seed)
    except ValueError as error:
        return str(error)


def rounded(values: np.ndarray) -> list[float]:
    """The values as one list, to four decimals: enough for a screen, and short."""
    return [round(value, 4) for value in values.ravel().tolist()]
