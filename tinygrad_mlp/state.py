"""The one complaint about a state that does not fit what it is loaded into.

What `state_dict` gives is a flat dictionary: arrays by name. Whoever loads one calls
`refuse_misfit` before changing anything, so that a refused state leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def refuse_misfit(owner: str, own: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Do nothing if `given` can be loaded in the place of `own`.

    owner  what the state is loaded into, for the message
    own    what is there now, by name: anything with a shape and a dtype
    given  what should take its place: arrays of the same names and shapes, whose numbers can be
           converted (float64 to float32, but not floats to integers)

    Otherwise raises ValueError, which names everything that is missing, unexpected, or of another
    shape or dtype.

    >>> from tinygrad_mlp.state import refuse_misfit
    >>> refuse_misfit("Scale()", {"factor": np.ones(2)}, {})
    Traceback (most recent call last):
        ...
    ValueError: this state does not fit Scale() (nothing was changed): missing: factor
    """
    faults = [f"missing: {name}" for name in own if name not in given]
    faults += [f"unexpected: {name}" for name in given if name not in own]
    both = [name for name in own if name in given]
    faults += [
        f"{name} has shape {given[name].shape}, expected {own[name].shape}"
        for name in both
        if given[name].shape != own[name].shape
    ]
    faults += [
        f"{name} has dtype {given[name].dtype}, expected {own[name].dtype}"
        for name in both
        if not np.can_cast(given[name].dtype, own[name].dtype, "same_kind")
    ]
    if faults:
        raise ValueError(
            f"this state does not fit {owner} (nothing was changed): " + "; ".join(faults)
        )
