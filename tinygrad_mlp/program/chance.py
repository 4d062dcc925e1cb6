"""Time and chance: what gives something else at each call, and would be frozen into a program.

Generators that can be found, those of `random` and `numpy.random` among them, are compared before
and after. A clock, and a generator that was made inside the function without a seed, leave nothing
to compare: their calls are watched for, in functions that name a module with such things.
"""

from __future__ import annotations

import datetime
import gc
import linecache
import os
import random
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

Generator: TypeAlias = np.random.Generator | np.random.RandomState | random.Random

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)

OF_ALL: dict[str, Generator] = {
    "the generator of random": random.choice.__self__,  # type: ignore[attr-defined]
    "the generator of numpy.random": np.random.rand.__self__,  # type: ignore[attr-defined]
}
"""The generators that everybody shares."""

MODULES = {"time", "datetime", "random", "secrets", "uuid", "numpy.random"}

NAMES = {*MODULES, "default_rng", "RandomState", "urandom", "getrandom"}
"""A function that uses one of these names, or a thing of these modules, is watched."""

NOT_CLOCKS = {time.asctime, time.mktime, time.sleep, time.strftime, time.strptime}

CLOCKS = {f for f in vars(time).values() if isinstance(f, types.BuiltinFunctionType)} - NOT_CLOCKS

ENTROPY = {os.urandom, getattr(os, "getrandom", os.urandom)}
"""Where generators without a seed get theirs."""

TODAY = ("now", "utcnow", "today")


def state_of(rng: Generator) -> Any:
    """How a generator stands."""
    if isinstance(rng, random.Random):
        return None if isinstance(rng, random.SystemRandom) else rng.getstate()
    if isinstance(rng, np.random.RandomState):
        return rng.get_state(legacy=False)
    return rng.bit_generator.state


def set_state(rng: Generator, state: Any) -> None:
    """Put a generator back to where `state_of` saw it."""
    if isinstance(rng, random.SystemRandom):
        return
    if isinstance(rng, random.Random):
        rng.setstate(state)
    elif isinstance(rng, np.random.RandomState):
        rng.set_state(state)
    else:
        rng.bit_generator.state = state


def same_state(a: Any, b: Any) -> bool:
    """Whether two states are the same; they are dictionaries of numbers and arrays."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_state(a[key], b[key]) for key in a)
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else bool(a == b)


def is_named(names: Iterable[str], things: Iterable[Any]) -> bool:
    """Whether a function with these names, which stand for these things, may meet chance."""
    if not NAMES.isdisjoint(names):
        return True
    for thing in things:
        is_module = isinstance(thing, types.ModuleType)
        if (thing.__name__ if is_module else getattr(thing, "__module__", None)) in MODULES:
            return True
    return False


@contextmanager
def watched_for(refuse: Callable[[str], None], is_library: Callable[[str], bool]) -> Iterator[None]:
    """Inside, a call of a clock, or for a seed from the system, is refused.

    refuse      is told what the function did, with the user's line
    is_library  whether a module is not the user's: what a library does with a clock is its own
    """

    def see(frame: types.FrameType, event: str, called: Any) -> None:
        what = _what_is_called(frame, event, called, is_library)
        line = _users_line(frame, is_library) if what else ""
        if line:
            sys.setprofile(before)
            refuse(f"{what}; do that outside of it, and pass what comes of it\n  {line}")

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        yield
    finally:
        sys.setprofile(before)


def _users_line(frame: types.FrameType | None, is_library: Callable[[str], bool]) -> str:
    """The nearest line that is the user's; "" if garbage was collected meanwhile, by its timers."""
    while frame and frame.f_back and is_library(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    if frame is None or frame.f_code in {getattr(f, "__code__", None) for f in gc.callbacks}:
        return ""
    file = frame.f_code.co_filename
    return f"{file}:{frame.f_lineno}: {linecache.getline(file, frame.f_lineno).strip()}"


def _what_is_called(
    frame: types.FrameType, event: str, called: Any, is_library: Callable[[str], bool]
) -> str:
    """What would be frozen, in words; "" if nothing."""
    unseeded = (
        "asks the system for random numbers, as a generator without a seed does, and what it got "
        "would stay the same"
    )
    if event == "call":  # in C, the seed is taken unseen
        makes = frame.f_code is random.Random.__init__.__code__
        return unseeded if makes and frame.f_locals.get("x") is None else ""
    if event != "c_call":
        return ""
    if called in ENTROPY:
        return unseeded
    is_clock = called in CLOCKS or _is_today(called)
    if is_clock and not is_library(frame.f_globals.get("__name__", "")):
        return f"reads the clock by {called.__name__}(), and what it read would stay as it is now"
    return ""


def _is_today(called: Any) -> bool:
    cls = getattr(called, "__self__", None)
    return called.__name__ in TODAY and isinstance(cls, type) and issubclass(cls, datetime.date)
