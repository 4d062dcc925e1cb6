"""The thread that prepares the next batches while the current one is trained on.

NumPy's functions let another thread run meanwhile, so a second core is not idle.
"""

from __future__ import annotations

import _thread
import queue
import sys
from collections.abc import Iterator
from typing import Any

AHEAD = 4
"""How many batches the thread prepares ahead."""


def prepared_ahead(batches: Iterator[Any]) -> Iterator[Any]:
    """The same batches, in the same order, fetched by a thread, at most `AHEAD` of them early.

    An error in the thread is raised here. Stopping early stops the thread too.
    """
    # SimpleQueue and _thread are written in C. Ctrl-C can arrive at any line of Python: in those
    # of Queue it becomes a RuntimeError, and in those that end a threading.Thread it gets lost.
    ready: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    wanted: queue.SimpleQueue[None] = queue.SimpleQueue()
    ended = _thread.allocate_lock()
    finalizing = sys.is_finalizing
    worker: int | None = None
    given_up = False

    def work() -> None:
        last: tuple[str, Any] = ("end", None)
        try:
            for batch in batches:
                wanted.get()
                if given_up:
                    break
                ready.put(("batch", batch))
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
            yield what
            wanted.put(None)
    finally:
        given_up = True
        wanted.put(None)
        # Do not wait if the thread itself runs this while collecting garbage, or at the end of the
        # program, when no other thread runs any more.
        if worker not in (None, _thread.get_ident()) and not finalizing():
            ended.acquire()
