"""PyTorch, both ways: a model of this package as a `torch.nn.Module`, and back.

The layers have PyTorch's names and attributes, so a model is carried over layer by layer: a twin
with the same options is made of each, and weights and buffers are copied by name. The state of an
optimiser is carried over too, so that a training can begin here and go on there:

    twin = interop.to_torch(model)                                            # or, if there is one:
    twin.load_state_dict(interop.state_to_torch(model.state_dict()))
    theirs = torch.optim.Adam(twin.parameters())
    theirs.load_state_dict(interop.optimizer_state_to_torch(optimizer.state_dict()))

PyTorch is only needed here; install it with the `test` extra, or any version of your own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import nn
from .nn import Module


def to_torch(model: Module) -> Any:
    """The equal `torch.nn.Module`: the same structure, options, keys and numbers, to the bit.

    Layers that are used twice, parameters that layers share, frozen ones and the mode of each layer
    carry over; the generator of a Dropout does not, nor do hooks. Raises TypeError that names the
    first layer that has no twin in PyTorch.

    >>> model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU())
    >>> twin = interop.to_torch(model)
    >>> twin
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    >>> twin[0].weight.tolist() == model[0].weight.tolist()
    True
    """
    import torch

    twin = _twin_of(model, torch, {})
    made: dict[int, Any] = {}
    for name, value in model.named_tensors():
        if id(value) not in made:
            tensor = torch.from_numpy(value.data.copy())
            learned = isinstance(value, nn.Parameter)
            made[id(value)] = torch.nn.Parameter(tensor, value.requires_grad) if learned else tensor
        _put(twin, name, made[id(value)])
    return twin


def from_torch(module: Any) -> Module:
    """The equal model of this package: the same structure, options, keys and numbers, to the bit.

    Layers that are used twice, parameters that layers share, frozen ones and the mode of each layer
    carry over; a Dropout draws from a new generator, and bfloat16 becomes float32. Raises
    TypeError that names the first layer that this package does not have.

    >>> import torch
    >>> model = interop.from_torch(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()))
    >>> model(tg.ones(5, 2)).shape
    (5, 3)
    """
    import torch

    model = _from_twin(module, torch, {})
    theirs = dict(module.named_parameters(remove_duplicate=False))
    theirs |= dict(module.named_buffers(remove_duplicate=False))
    made: dict[int, Any] = {}
    for name, value in list(model.named_tensors()):
        twin = theirs[name]
        if id(twin) not in made:
            made[id(twin)] = type(value)(_as_array(twin), requires_grad=twin.requires_grad)
        _put(model, name, made[id(twin)])
    return model


def _put(model: Any, name: str, value: Any) -> None:
    """Set a parameter or buffer by its name in the state, such as "0.weight"."""
    *path, last = name.split(".")
    for key in path:
        model = getattr(model, key)
    setattr(model, last, value)


def state_to_torch(state: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What `load_state_dict` of a `torch.nn.Module` takes: tensors with memory of their own.

    state  what `state_dict` of a model gave, or `checkpoint.read(path).weights`

    The other way needs nothing: `load_state_dict` here takes PyTorch's tensors on the CPU.

    >>> state = nn.Linear(2, 1, rng=0).state_dict()
    >>> {name: tuple(tensor.shape) for name, tensor in interop.state_to_torch(state).items()}
    {'weight': (1, 2), 'bias': (1,)}
    """
    import torch

    return {name: torch.from_numpy(np.array(array)) for name, array in state.items()}


def optimizer_state_to_torch(state: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What `load_state_dict` of PyTorch's optimiser of the same name takes: nested, of tensors.

    state  what `state_dict` of an optimiser gave, options included

    Raises ValueError if it is something else.

    >>> weight = nn.Parameter([1.0])
    >>> weight.grad = tg.tensor([4.0])
    >>> optimizer = optim.SGD([weight], lr=0.1, momentum=0.9)
    >>> optimizer.step()
    >>> interop.optimizer_state_to_torch(optimizer.state_dict())["state"][0]["momentum_buffer"]
    tensor([4.])
    """
    import torch

    nested: dict[str, dict[int, dict[str, Any]]] = {"state": {}, "param_groups": {}}
    for key, array in state.items():
        kind, number, name = (*key.split(".", 2), "", "")[:3]
        if kind not in nested or (kind == "state" and name not in TORCH_STATE):
            raise ValueError(
                f"PyTorch's optimisers have no {key}; pass what optimizer.state_dict() gives"
            )
        if kind == "param_groups":
            value = tuple(array.tolist()) if name == "betas" else array.tolist()
        elif name == "step":
            value = torch.tensor(float(array))
        else:
            value = torch.from_numpy(np.array(array))
        nested[kind].setdefault(int(number), {})[name] = value
    groups = nested["param_groups"]
    return {"state": nested["state"], "param_groups": [groups[i] for i in sorted(groups)]}


def optimizer_state_from_torch(state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What `load_state_dict` of this package's optimiser of the same name takes: flat, of arrays.

    state  what `state_dict` of an optimiser of PyTorch gave

    Options that say how PyTorch computes, not what, are left out (foreach, fused and so on). SGD
    does not count its steps there; here it goes on from the first.

    >>> import torch
    >>> theirs = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    >>> state = interop.optimizer_state_from_torch(theirs.state_dict())
    >>> optim.SGD([nn.Parameter([1.0])], lr=0.5).load_state_dict(state)
    >>> state["param_groups.0.lr"]
    array(0.1)
    """
    flat: dict[str, np.ndarray] = {}
    for number, entries in state["state"].items():
        arrays = {name: _as_array(value) for name, value in entries.items() if value is not None}
        if arrays:
            arrays["step"] = np.array(int(arrays.get("step", 1)))
        flat |= {f"state.{number}.{name}": array for name, array in arrays.items()}
    for i, group in enumerate(state["param_groups"]):
        for name, value in group.items():
            if name not in TORCH_ONLY:
                flat[f"param_groups.{i}.{name}"] = _as_array(value)
    return flat


def _as_array(value: Any) -> np.ndarray:
    """A copy of a tensor, number or list."""
    if not hasattr(value, "detach"):
        return np.array(value)
    value = value.detach().cpu()
    if str(value.dtype) == "torch.bfloat16":  # which NumPy does not have
        value = value.float()
    return np.array(value.numpy())


def _twin_of(layer: Module, torch: Any, done: dict[int, Any]) -> Any:
    """The twin of a layer; of one that was met before (by its id, in `done`), the same again."""
    if id(layer) in done:
        return done[id(layer)]
    name = type(layer).__name__
    if type(layer) in CONTAINERS:
        twin = getattr(torch.nn, name)()
        for key, child in layer.named_members():
            twin.add_module(key, _twin_of(child, torch, done))
    elif type(layer) is nn.ParameterList:
        twin = torch.nn.ParameterList(torch.zeros(0) for _ in layer)
    elif type(layer) in OPTIONS:
        options = _options(layer, OPTIONS[type(layer)])
        twin = getattr(torch.nn, name)(
            **{
                option: torch.from_numpy(value.data) if isinstance(value, nn.Buffer) else value
                for option, value in options.items()
            }
        )
    else:
        raise TypeError(f"{name} has no twin in PyTorch that this package knows; it knows {KNOWN}")
    twin.training = layer.training
    done[id(layer)] = twin
    return twin


def _from_twin(module: Any, torch: Any, done: dict[int, Module]) -> Module:
    if id(module) in done:
        return done[id(module)]
    kind = type(module)
    layer: Module | None = None
    for ours in CONTAINERS:
        if kind is getattr(torch.nn, ours.__name__):
            layer = ours()
            for name, child in module._modules.items():
                setattr(layer, name, _from_twin(child, torch, done))
    if kind is torch.nn.ParameterList:
        layer = nn.ParameterList(_as_array(value) for value in module)
    for ours, names in OPTIONS.items():
        # a layer with more options than these (ReLU(inplace=True)) would lose them
        if kind is getattr(torch.nn, ours.__name__):
            options = _options(module, names)
            if repr(module) == repr(kind(**options)):
                tensors = (name for name, value in options.items() if torch.is_tensor(value))
                layer = ours(**options | {name: _as_array(options[name]) for name in tensors})
    if layer is None:
        raise TypeError(
            f"{module!r:.60} is a layer that this package does not have; it has {KNOWN}"
        )
    layer.training = module.training
    done[id(module)] = layer
    return layer


def _options(layer: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """What a layer, of this package or of PyTorch, was made with."""
    options = {name: getattr(layer, name) for name in names if name != "bias"}
    return options | ({"bias": False} if "bias" in names and layer.bias is None else {})


TORCH_STATE = {
    *("step", "momentum_buffer", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"),  # SGD, Adam, AdamW
    *("square_avg", "grad_avg", "sum"),  # RMSprop, Adagrad
}
"""What PyTorch's optimisers keep of a parameter."""

TORCH_ONLY = {
    *("foreach", "fused", "capturable", "differentiable", "param_names"),
    *("max_lr", "min_lr", "max_momentum", "base_momentum"),  # of OneCycleLR, which keeps its own
}
"""What a group in PyTorch has besides its options, or to say how they are computed."""

CONTAINERS: tuple[type[Module], ...] = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
"""What holds modules under names, and has no options."""

OPTIONS: dict[type[Module], tuple[str, ...]] = {
    nn.Linear: ("in_features", "out_features", "bias"),
    nn.Conv2d: (
        *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation"),
        *("groups", "bias"),
    ),
    nn.MaxPool2d: (
        *("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"),
    ),
    nn.AvgPool2d: (
        *("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
        "divisor_override",
    ),
    nn.Embedding: ("num_embeddings", "embedding_dim", "padding_idx"),
    nn.BatchNorm1d: ("num_features", "eps", "momentum", "affine", "track_running_stats", "bias"),
    nn.BatchNorm2d: ("num_features", "eps", "momentum", "affine", "track_running_stats", "bias"),
    nn.LayerNorm: ("normalized_shape", "eps", "elementwise_affine", "bias"),
    nn.Dropout: ("p",),
    nn.Flatten: ("start_dim", "end_dim"),
    nn.Unflatten: ("dim", "unflattened_size"),
    nn.Identity: (),
    nn.ReLU: (),
    nn.Sigmoid: (),
    nn.Tanh: (),
    nn.SiLU: (),
    nn.GELU: ("approximate",),
    nn.LeakyReLU: ("negative_slope",),
    nn.ELU: ("alpha",),
    nn.Softplus: ("beta", "threshold"),
    nn.Softmax: ("dim",),
    nn.LogSoftmax: ("dim",),
    nn.CrossEntropyLoss: ("weight", "ignore_index", "reduction", "label_smoothing"),
    nn.NLLLoss: ("weight", "ignore_index", "reduction"),
    nn.BCEWithLogitsLoss: ("weight", "reduction", "pos_weight"),
    nn.MSELoss: ("reduction",),
    nn.L1Loss: ("reduction",),
    nn.SmoothL1Loss: ("reduction", "beta"),
    nn.HuberLoss: ("reduction", "delta"),
}
"""The layers whose twins have the same name, and their options: attributes of the same name."""

KNOWN = ", ".join(kind.__name__ for kind in (*CONTAINERS, nn.ParameterList, *OPTIONS))
