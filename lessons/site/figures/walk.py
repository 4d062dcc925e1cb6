"""Walking back over a graph, step by step: the values of lesson 1's loss and their arrows."""

from __future__ import annotations

from typing import Any


def data(names: dict[str, Any]) -> Any:
    """For each value, from the oldest: name, number, place, and its arrows with their slopes."""
    values = names["reachable"](names["loss"])
    spots = names["places"](names["loss"])
    steps = names["NAMES"]  # such as {5: "p = w · x"}
    order = sorted(values)
    place = {serial: i for i, serial in enumerate(order)}
    return [
        {
            "name": steps.get(serial, values[serial].name).split(" = ")[0],
            "number": values[serial].number,
            "x": spots[serial][0],
            "y": spots[serial][1],
            "inputs": [place[x.serial] for x in values[serial].inputs],
            "slopes": list(values[serial].slopes),
        }
        for serial in order
    ]
