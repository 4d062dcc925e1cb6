"""The updates of SGD and Adam as one loop each, compiled by Numba, with the bits that NumPy gives.

NumPy computes an update one operation at a time, and passes over all weights for each of them.
Here each weight is fetched once, goes through the whole formula, and is put back.

The bits are the same, because the same operations come in the same order, each rounded to the
dtype of the weights: numbers such as lr are rounded to it before the loop, as NumPy does, and
without Numba's "fast-math" the compiler neither regroups a sum nor joins a product with it. Times
1.0 and times -1.0 are exact, so they stand for "not at all" and "the other way round". Only the
sign and payload of a NaN may differ, and there are no warnings of overflow.

A loop runs in one thread, so there is no pool that a fork could break. Where weights are such as
it was not made for (float16, every second number of another array, a learning rate that is a
NumPy scalar), `run` says so, and the optimiser takes the ordinary update.

A loop is compiled when an optimiser first needs it for a dtype, which takes about a second. A line
on stderr says so. The machine code is kept on disk, in `__pycache__` or where that cannot be
written in the user's cache, so it happens once (NUMBA_CACHE_DIR names another folder).
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Loop = Callable[..., None]

EMPTY = {np.dtype(kind): np.empty(0, kind) for kind in (np.float32, np.float64)}
"""The dtypes that the loops are compiled for, and an array without numbers of each."""

INSTALL = 'pip install "tinygrad_mlp[fast]"'
"""What brings Numba."""


# ------------------------------------------------------------------------------------- the loops
# Plain Python, and as such right, only slow. All arrays have one dimension, the same size and the
# same dtype; numbers are Python's. sign is -1.0 to maximise; decay is what is added to the
# gradient, times the weight.


def sgd(w: Any, g: Any, lr: Any, sign: Any, decay: Any) -> None:
    """w -= lr * g"""
    decays = decay != 0
    as_w = w.dtype.type
    lr, sign, decay = as_w(lr), as_w(sign), as_w(decay)
    for i in range(w.size):
        gi = sign * g[i]
        if decays:
            gi = gi + decay * w[i]
        w[i] = w[i] - lr * gi


def sgd_with_momentum(
    w: Any,
    g: Any,
    velocity: Any,
    lr: Any,
    sign: Any,
    decay: Any,
    momentum: Any,
    fresh: Any,
    nesterov: Any,
) -> None:
    """velocity = momentum * velocity + fresh * g           w -= lr * velocity

    fresh     1 - dampening, and 1 at the first step
    nesterov  above 0: w -= lr * (g + momentum * velocity)
    """
    decays, looks_ahead = decay != 0, nesterov != 0
    as_w = w.dtype.type
    lr, sign, decay, momentum, fresh = (
        as_w(lr),
        as_w(sign),
        as_w(decay),
        as_w(momentum),
        as_w(fresh),
    )
    for i in range(w.size):
        gi = sign * g[i]
        if decays:
            gi = gi + decay * w[i]
        vi = momentum * velocity[i] + fresh * gi
        velocity[i] = vi
        if looks_ahead:
            vi = gi + momentum * vi
        w[i] = w[i] - lr * vi


def adam(
    w: Any,
    g: Any,
    m: Any,
    v: Any,
    largest: Any,
    lr: Any,
    sign: Any,
    decay: Any,
    keep: Any,
    b1: Any,
    b2: Any,
    eps: Any,
) -> None:
    """m = b1 * m + g       v = b2 * v + g^2        w = keep * w - lr * m / (sqrt(v) + eps)

    largest  with amsgrad, the largest v so far, which then takes its place; without, empty
    keep     1 - lr * weight_decay where the decay is apart from the gradient, else 1
    lr, eps  scaled as `Adam.scales` does it, because m and v are sums, not means
    """
    decays, amsgrad = decay != 0, largest.size > 0
    as_w = w.dtype.type
    lr, sign, decay, keep = as_w(lr), as_w(sign), as_w(decay), as_w(keep)
    b1, b2, eps = as_w(b1), as_w(b2), as_w(eps)
    for i in range(w.size):
        gi = sign * g[i]
        if decays:
            gi = gi + decay * w[i]
        mi = b1 * m[i] + gi
        vi = b2 * v[i] + gi * gi
        m[i] = mi
        v[i] = vi
        if amsgrad:
            vi = np.maximum(largest[i], vi)
            largest[i] = vi
        w[i] = keep * w[i] - mi / (math.sqrt(vi) + eps) * lr


# ------------------------------------------------------------------------------- running a loop


def run(
    loop: Loop,
    w: np.ndarray,
    g: np.ndarray,
    moments: Sequence[np.ndarray | None],
    numbers: Sequence[float],
) -> bool:
    """Change weights and moments in place by a loop; False, and no change, if it does not fit them.

    w, g, moments  of any shape, which is the same for all; a moment may be None: an empty array
    numbers        what the loop takes after the arrays

    It is written for small parameters, where what it checks takes longer than the loop.
    """
    dtype = w.dtype
    if dtype not in EMPTY or g.dtype != dtype or g.shape != w.shape or _overlap(g, w):
        return False
    for number in numbers:
        if type(number) is not float:  # one of NumPy's would not give way to the dtype of w
            return False
    if not w.flags.c_contiguous:  # if it is so the other way round, so are its moments
        w, g, moments = w.T, g.T, [moment if moment is None else moment.T for moment in moments]
    rows = []
    for array in (w, *moments):
        if array is None:
            rows.append(EMPTY[dtype])
        elif array.flags.carray and array.dtype == dtype and array.shape == w.shape:
            rows.append(array.ravel())
        else:
            return False
    row = g.ravel() if g.flags.carray else np.array(g, order="C").ravel()
    compiled(loop, dtype, 1 + len(rows), len(numbers))(rows[0], row, *rows[1:], *numbers)
    return True


def _overlap(g: np.ndarray, w: np.ndarray) -> bool:
    """Whether writing to the weights may change the gradient: only views share memory."""
    return (g.base is not None or w.base is not None or g is w) and np.may_share_memory(g, w)


# ------------------------------------------------------------------------------------- compiling


def available() -> bool:
    """Whether Numba is installed, and works with the NumPy that is."""
    try:
        require()
    except ImportError:
        return False
    return True


def require() -> None:
    """Raise ImportError, saying how to install it, if there is no Numba that works."""
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise ImportError(f"fused=True needs Numba ({error}): {INSTALL}") from error


@functools.cache
def compiled(loop: Loop, dtype: np.dtype, arrays: int, numbers: int) -> Loop:
    """The machine code of a loop over so many arrays of a dtype, with so many numbers.

    It is made now, or read from disk if it was made before.
    """
    from numba.core import event

    machine_code = _dispatcher(loop)

    class Announcer(event.Listener):
        """Numba tells it before it compiles, and not when it finds its work on disk."""

        def on_start(self, event: Any) -> None:
            if event.data["dispatcher"] is machine_code:
                _announce(loop, dtype)

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Announcer()):
        machine_code(*[EMPTY[dtype]] * arrays, *[1.0] * numbers)
    return machine_code


@functools.cache
def _dispatcher(loop: Loop) -> Loop:
    """A loop that Numba compiles when it is called, and keeps on disk if there is a place."""
    import numba

    # Unless divisions follow NumPy's rules, each asks whether it divides by zero, one at a time.
    compiler = functools.partial(numba.njit, loop, error_model="numpy")
    try:
        return compiler(cache=True)
    except RuntimeError:  # there is no folder that can be written to
        return compiler()


def _announce(loop: Loop, dtype: np.dtype) -> None:
    what = f"{loop.__name__.replace('_', ' ')}, {dtype}"
    print(f"compiling the update once, about a second: {what}", file=sys.stderr, flush=True)
