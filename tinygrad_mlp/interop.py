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

    Layers that are used twice, frozen parameters and the mode of each layer carry over. Raises
    TypeError that names the first layer that has no twin in PyTorch.
    """
    import torch

    twin = _twin_of(model, torch, {})
    dtype = next((p.dtype for p in model.parameters()), np.dtype(np.float32))
    twin = twin.to(getattr(torch, dtype.name))
    twin.load_state_dict({n: torch.from_numpy(a) for n, a in model.state_dict().items()})
    theirs = dict(twin.named_parameters())
    for name, parameter in model.named_parameters():
        theirs[name].requires_grad_(parameter.requires_grad)
    return twin


def from_torch(module: Any) -> Module:
    """The equal model of this package: the same structure, keys and weights, to the bit.

    Layers that are used twice, frozen parameters and the mode of each layer carry over. Raises
    TypeError that names the first layer that this package does not have.
    """
    import torch

    model = _from_twin(module, torch, {})
    state = {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}
    theirs = dict(module.named_parameters())
    for name, parameter in model.named_parameters():
        parameter.data = parameter.data.astype(state[name].dtype)
        parameter.requires_grad_(theirs[name].requires_grad)
    model.load_state_dict(state)
    return model


def _twin_of(layer: Module, torch: Any, done: dict[int, Any]) -> Any:
    """The twin of a layer; of one that was met before (by its id, in `done`), the same again."""
    if id(layer) in done:
        return done[id(layer)]
    if type(layer) is nn.Sequential:
        twin = torch.nn.Sequential()
        for name, child in layer.named_children():
            twin.add_module(name, _twin_of(child, torch, done))
    elif type(layer) is nn.Linear:
        twin = torch.nn.Linear(layer.in_features, layer.out_features, layer.bias is not None)
    elif type(layer) in PLAIN:
        twin = getattr(torch.nn, type(layer).__name__)()
    else:
        raise TypeError(
            f"{type(layer).__name__} has no twin in PyTorch that this package knows; known are "
            f"Sequential, Linear and {', '.join(kind.__name__ for kind in PLAIN)}"
        )
    twin.training = layer.training
    done[id(layer)] = twin
    return twin


def _from_twin(module: Any, torch: Any, done: dict[int, Module]) -> Module:
    if id(module) in done:
        return done[id(module)]
    kind = type(module)
    layer: Module | None = None
    if kind is torch.nn.Sequential:
        layer = nn.Sequential()
        for name, child in module._modules.items():
            setattr(layer, name, _from_twin(child, torch, done))
    elif kind is torch.nn.Linear:
        layer = nn.Linear(module.in_features, module.out_features, module.bias is not None)
    for plain in PLAIN:
        # a layer with options of its own (Flatten(0)) would lose them
        if kind is getattr(torch.nn, plain.__name__) and repr(module) == repr(kind()):
            layer = plain()
    if layer is None:
        raise TypeError(
            f"{module!r:.60} is a layer that this package does not have; it has Sequential, "
            f"Linear and {', '.join(plain.__name__ for plain in PLAIN)}"
        )
    layer.training = module.training
    done[id(module)] = layer
    return layer


PLAIN: tuple[type[Module], ...] = (nn.ReLU, nn.Sigmoid, nn.Flatten)
"""Layers without weights and without options: their twin has the same name."""
