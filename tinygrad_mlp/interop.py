"""PyTorch, both ways: a model of this package as a `torch.nn.Module`, and back.

The layers have PyTorch's names and attributes, so a model is carried over layer by layer: a twin
of each kind is made, and the weights are copied by name. PyTorch is only needed here; install it
with the `test` extra, or any version of your own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import nn
from .nn import Module


def to_torch(model: Module) -> Any:
    """The equal `torch.nn.Module`: the same structure, keys and weights, to the bit.

    Raises TypeError that names the first layer that has no twin in PyTorch.
    """
    import torch

    twin = _twin_of(model, torch)
    dtype = next((p.dtype for p in model.parameters()), np.dtype(np.float32))
    twin = twin.to(getattr(torch, dtype.name))
    state = {name: torch.from_numpy(array) for name, array in model.state_dict().items()}
    twin.load_state_dict(state)
    twin.train(model.training)
    return twin


def from_torch(module: Any) -> Module:
    """The equal model of this package: the same structure, keys and weights, to the bit.

    Raises TypeError that names the first layer that this package does not have.
    """
    model = _from_twin(module)
    state = {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}
    for name, parameter in model.named_parameters():
        if name in state:
            parameter.data = parameter.data.astype(state[name].dtype)
    model.load_state_dict(state)
    return model.train(module.training)


def _twin_of(layer: Module, torch: Any) -> Any:
    if isinstance(layer, nn.Sequential):
        return torch.nn.Sequential(*(_twin_of(child, torch) for child in layer))
    if isinstance(layer, nn.Linear):
        return torch.nn.Linear(layer.in_features, layer.out_features, layer.bias is not None)
    if type(layer) in PLAIN:
        return getattr(torch.nn, type(layer).__name__)()
    raise TypeError(
        f"{type(layer).__name__} has no twin in PyTorch that this package knows; known are "
        f"Sequential, Linear and {', '.join(kind.__name__ for kind in PLAIN)}"
    )


def _from_twin(module: Any) -> Module:
    kind = type(module).__name__
    if kind == "Sequential":
        return nn.Sequential(*map(_from_twin, module.children()))
    if kind == "Linear":
        return nn.Linear(module.in_features, module.out_features, module.bias is not None)
    for plain in PLAIN:
        # a layer with options of its own (Flatten(0)) would lose them
        if kind == plain.__name__ and repr(module) == repr(type(module)()):
            return plain()
    raise TypeError(
        f"{module!r:.60} is a layer that this package does not have; it has Sequential, Linear and "
        f"{', '.join(plain.__name__ for plain in PLAIN)}"
    )


PLAIN: tuple[type[Module], ...] = (nn.ReLU, nn.Sigmoid, nn.Flatten)
"""Layers without weights and without options: their twin has the same name."""
