"""The thread that prepares the next batches while the current one is trained on.

NumPy's functions let another thread run meanwhile, so a second core is not idle.
"""

from __future__ import annotations

import _thread
import queue
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

AHEAD = 4
"""How many batches the thread prepares ahead."""


def prepared_ahead(
    batches: Iterator[Any], generators: Sequence[np.random.Generator] = ()
) -> Iterator[Any]:
    """The same batches, in the same order, fetched by a thread, at most `AHEAD` of them early.

    generators  what the batches are drawn from

    An error in the thread is raised here. Stopping early stops the thread too, and puts the
    generators back to where the last batch that was taken had left them, as if none had been
    prepared ahead; unless something else has drawn from them since.
    """
    # SimpleQueue and _thread are written in C. Ctrl-C can arrive at any line of Python: in those
    # of Queue it becomes a RuntimeError, and in those that end a threading.Thread it gets lost.
    ready: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    wanted: queue.SimpleQueue[None] = queue.SimpleQueue()
    ended = _thread.allocate_lock()
    finalizing = sys.is_finalizing
    worker: int | None = None
    given_up = False
    taken: list[Any] = []  # the states of the generators after the last batch that was taken
    drawn: list[Any] = []  # and after the last one that the thread has prepared

    def work() -> None:
        nonlocal drawn
        last: tuple[str, Any] = ("end", None)
        try:
            for batch in batches:
                drawn = _states(generators)
                wanted.get()
                if given_up:
                    break
                ready.put(("batch", (batch, drawn)))
        except BaseException as error:
            last = ("error", error)
        ready.put(last)
        ended.release()

    ended.acquire()
    try:
        worker = _thread.start_new_thread(work, ())
        for _ in range(AHEAD):
            wanted.put(None)
        while True:
            kind, what = ready.get()
            if kind == "error":
                raise what
            if kind == "end":
                return
            batch, taken = what
            yield batch
            wanted.put(None)
    finally:
        given_up = True
        wanted.put(None)
        # Do not wait if the thread itself runs this while collecting garbage, or at the end of the
        # program, when no other thread runs any more.
        if worker not in (None, _thread.get_ident()) and not finalizing():
            ended.acquire()
            # As text, since some states have arrays in them; NumPy shortens those of over 1000
            # numbers, and the longest has 624.
            if taken and repr(drawn) == repr(_states(generators)):
                for generator, state in zip(generators, taken, strict=True):
                    generator.bit_generator.state = state


def _states(generators: Sequence[np.random.Generator]) -> list[Any]:
    return [generator.bit_generator.state for generator in generators]
