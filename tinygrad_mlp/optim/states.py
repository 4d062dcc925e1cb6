"""What an optimiser knows, as a flat dictionary of arrays, and back.

    param_groups.0.lr       an option of the first group; so each option of each group
    param_groups.0.params   which parameters are in the group, counted through all groups
    state.0.step            how often the first parameter was stepped
    state.0.exp_avg         a moment of the first parameter, of its shape

A parameter that was never stepped has no state.

There are two forms. `Optimizer.state_dict` gives the moments under PyTorch's names, with PyTorch's
values. `Optimizer.exact_state` gives them as they are kept, under the names that they have here:
converting float32 numbers to PyTorch's values and back would change their last bits.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..state import refuse_misfit
from ..tensor import Tensor

if TYPE_CHECKING:
    from .optimizers import Optimizer


def flatten(optimizer: Optimizer, exact: bool) -> dict[str, np.ndarray]:
    """A copy of the options of all groups and of the state of all parameters."""
    flat = _flat_groups(optimizer)
    for i, p, _ in _numbered(optimizer):
        if p not in optimizer.state:
            continue
        state = optimizer.state[p]
        _refuse_undeclared(optimizer, state)
        flat[f"state.{i}.step"] = np.array(state["step"])
        if exact:
            flat |= {f"state.{i}.{name}": np.array(state[name]) for name in optimizer.remembered}
        for name, written, factor in _moments(optimizer, state, exact):
            if name in state:
                flat[f"state.{i}.{written}"] = np.array(state[name] * factor)
    return flat


def _refuse_undeclared(optimizer: Optimizer, state: Mapping[str, Any]) -> None:
    """An entry that a class does not name would be lost without this."""
    declared = {"step", *optimizer.remembered, *optimizer.moments, *optimizer.later_moments}
    if state.keys() - declared:
        raise ValueError(
            f"the state of {type(optimizer).__name__} has {', '.join(state.keys() - declared)}, "
            "which its class does not name; add it to moments or later_moments"
        )


def load(optimizer: Optimizer, given: Mapping[str, Any], exact: bool) -> None:
    """Take over what `flatten` gave. If anything does not fit, ValueError, and no change."""
    flat = {name: np.asarray(value) for name, value in given.items()}
    refuse_misfit(repr(optimizer), _expected(optimizer, flat, exact), flat)
    groups = [_options(optimizer, i, flat) for i in range(len(optimizer.param_groups))]
    states = {
        p: _state(optimizer, p, f"state.{i}.", options, flat, exact)
        for i, p, options in _numbered(optimizer, groups)
        if f"state.{i}.step" in flat
    }
    for group, options in zip(optimizer.param_groups, groups, strict=True):
        group.update(options)
    optimizer.state = states


def _numbered(
    optimizer: Optimizer, options: list[dict[str, Any]] | None = None
) -> Iterator[tuple[int, Tensor, dict[str, Any]]]:
    """Each parameter with its number and the options of its group, or these ones instead."""
    groups = optimizer.param_groups
    number = itertools.count()
    for group, its_options in zip(groups, options or groups, strict=True):
        for p in group["params"]:
            yield next(number), p, its_options


def _moments(
    optimizer: Optimizer, options: Mapping[str, Any], exact: bool
) -> Iterator[tuple[str, str, float]]:
    """Each moment that a state can have: its name here, the one written, and what it is times."""
    for name in (*optimizer.moments, *optimizer.later_moments):
        yield name, *((name, 1.0) if exact else optimizer.torch_moment(name, options))


def _flat_groups(optimizer: Optimizer) -> dict[str, np.ndarray]:
    flat = {}
    first = 0
    for i, group in enumerate(optimizer.param_groups):
        for name, value in group.items():
            if name != "params":
                flat[f"param_groups.{i}.{name}"] = np.array(value)
        end = first + len(group["params"])
        flat[f"param_groups.{i}.params"] = np.arange(first, end)
        first = end
    return flat


def _expected(
    optimizer: Optimizer, given: Mapping[str, np.ndarray], exact: bool
) -> dict[str, np.ndarray]:
    """What is in a state of this optimiser that has the same parameters in it as `given`."""
    expected = _flat_groups(optimizer)
    for i in range(len(optimizer.param_groups)):
        # The first learning rate of a schedule, which need not have been there.
        name = f"param_groups.{i}.initial_lr"
        expected.pop(name, None)
        if name in given:
            expected[name] = np.array(0.0)
    known = {name.split(".")[1] for name in given if name.startswith("state.")}
    for i, p, options in _numbered(optimizer):
        if str(i) not in known:
            continue
        expected[f"state.{i}.step"] = np.array(0)
        if exact:
            for name in optimizer.remembered:
                expected[f"state.{i}.{name}"] = np.array(options[name])
        for name, written, _ in _moments(optimizer, options, exact):
            if name in optimizer.moments or f"state.{i}.{written}" in given:
                expected[f"state.{i}.{written}"] = p.data
    return expected


def _options(optimizer: Optimizer, i: int, flat: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The options of group i, checked."""
    prefix = f"param_groups.{i}."
    options = {
        name.removeprefix(prefix): _as_python(value)
        for name, value in flat.items()
        if name.startswith(prefix)
    }
    numbers, own = options.pop("params"), _as_python(_flat_groups(optimizer)[prefix + "params"])
    if numbers != own:
        raise ValueError(
            f"this state does not fit {optimizer!r} (nothing was changed): {prefix}params is "
            f"{numbers}, expected {own}, as parameters are counted through all groups"
        )
    return optimizer.checked(options)


def _state(
    optimizer: Optimizer,
    p: Tensor,
    prefix: str,
    options: Mapping[str, Any],
    flat: Mapping[str, np.ndarray],
    exact: bool,
) -> dict[str, Any]:
    """The state of a parameter, whose entries in `flat` begin with `prefix`."""
    state: dict[str, Any] = {"step": int(flat[prefix + "step"])}
    if state["step"] < 0:
        raise ValueError(f"{prefix}step is {state['step']}, expected a count of steps")
    for name in optimizer.remembered:
        state[name] = _as_python(flat[prefix + name]) if exact else options[name]
    for name, written, factor in _moments(optimizer, options, exact):
        if prefix + written in flat:
            state[name] = np.empty_like(p.data)
            state[name][...] = flat[prefix + written] / factor
    return state


def _as_python(array: np.ndarray) -> Any:
    """An option as a group has it: a number, a boolean, or a tuple of them."""
    value = array.tolist()
    return tuple(value) if isinstance(value, list) else value
