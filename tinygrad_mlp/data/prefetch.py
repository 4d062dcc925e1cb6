"""The thread that prepares the next batches while the current one is trained on.

NumPy's functions let another thread run meanwhile, so a second core is not idle.
"""

from __future__ import annotations

import _thread
import os
import queue
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

AHEAD = 4
"""How many batches the thread prepares ahead."""

_PREPARING: list[Any] = []
"""A lock for each thread, which holds it while it prepares a batch."""


def prepared_ahead(
    batches: Iterator[Any], generators: Sequence[np.random.Generator] = ()
) -> Iterator[Any]:
    """The same batches, in the same order, fetched by a thread, at most `AHEAD` of them early.

    generators  what the batches are drawn from

    An error in the thread is raised here. Stopping early stops the thread too, and puts the
    generators back to where the last batch that was taken had left them, as if none had been
    prepared ahead; unless something else has drawn from them since.

    A process that is forked inside such a loop has no thread that goes on with it: asking for
    another batch there raises RuntimeError, and leaving the loop waits for nothing.
    """
    # SimpleQueue and _thread are written in C. Ctrl-C can arrive at any line of Python: in those
    # of Queue it becomes a RuntimeError, and in those that end a threading.Thread it gets lost.
    ready: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    wanted: queue.SimpleQueue[None] = queue.SimpleQueue()
    ended = _thread.allocate_lock()
    preparing = _thread.RLock()  # reentrant, because the dataset may fork
    finalizing = sys.is_finalizing
    process = os.getpid()
    worker: int | None = None
    given_up = False
    taken: list[Any] = []  # the states of the generators after the last batch that was taken
    drawn: list[Any] = []  # and after the last one that the thread has prepared

    def work() -> None:
        nonlocal drawn
        last: tuple[str, Any] = ("end", None)
        try:
            while True:
                with preparing:
                    batch = next(batches, ended)
                    drawn = _states(generators)
                if batch is ended:
                    break
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
        _PREPARING.append(preparing)
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
            if os.getpid() != process:
                raise RuntimeError(
                    "this loop over a DataLoader was begun in another process, which has the "
                    "thread that prepares its batches; begin a new loop here"
                )
            wanted.put(None)
    finally:
        given_up = True
        if preparing in _PREPARING:
            _PREPARING.remove(preparing)
        # Do not wait if the thread itself runs this while collecting garbage, if the thread is in
        # another process, or at the end of the program, when no other thread runs any more.
        here = os.getpid() == process
        if here:
            wanted.put(None)
        if here and worker not in (None, _thread.get_ident()) and not finalizing():
            ended.acquire()
            # As text, since some states have arrays in them; NumPy shortens those of over 1000
            # numbers, and the longest has 624.
            states = zip(generators, taken, drawn, _states(generators), strict=True)
            for generator, state, last, now in states if taken else ():
                if repr(last) == repr(now):
                    generator.bit_generator.state = state


def _states(generators: Sequence[np.random.Generator]) -> list[Any]:
    return [generator.bit_generator.state for generator in generators]


# No thread may be in the middle of a batch when the process is forked: the generator that it draws
# from would be locked for ever in the new process.


def _hold() -> None:
    _HELD.extend(_PREPARING)
    for lock in _HELD:
        lock.acquire()


def _let_go() -> None:
    while _HELD:
        _HELD.pop().release()


_HELD: list[Any] = []

if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_let_go)
