"""The jobs with `tinygrad_mlp`, as its users would write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim
from tinygrad_mlp.data import ArrayDataset, load_mnist
from tinygrad_mlp.experiment.recipes import RECIPES, build_mlp
from tinygrad_mlp.experiment.training import make_batches
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.train import fit

from ..inputs import SMALL, WIDE, Inputs
from ..timing import current_bytes, time_calls, time_expression, time_import, time_steps


def _model(inputs: Inputs, name: str, sizes: tuple[int, ...]) -> nn.Sequential:
    model = build_mlp(sizes[1:-1], rng=0)
    names = [n for n, _ in model.named_parameters()]
    model.load_state_dict(dict(zip(names, inputs.weights(name), strict=True)))
    return model


def _step(model: nn.Module, optimizer: optim.Optimizer, compiled: bool = False) -> Any:
    def loss_of(x: np.ndarray, y: np.ndarray) -> Any:
        return F.cross_entropy(model(x), y)

    forward = tg.compile(loss_of) if compiled else loss_of

    def step(x: np.ndarray, y: np.ndarray) -> float:
        loss = forward(x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def small_step(inputs: Inputs, size: Mapping, compiled: bool = False, fused: bool = False) -> dict:
    model = _model(inputs, "small", SMALL)
    optimizer = optim.Adam(model.parameters(), lr=0.01, fused=fused)
    return time_steps(_step(model, optimizer, compiled), inputs.batches(size["batch"]), size)


def wide_step(inputs: Inputs, size: Mapping, compiled: bool = False, fused: bool = False) -> dict:
    model = _model(inputs, "wide", WIDE)
    optimizer = optim.AdamW(model.parameters(), lr=1e-3, fused=fused)
    return time_steps(_step(model, optimizer, compiled), inputs.batches(size["batch"]), size)


def epoch(inputs: Inputs, size: Mapping, compiled: bool = False, fused: bool = False) -> dict:
    """The second of two epochs, as `python -m tinygrad_mlp train --recipe improved` runs them.

    With two threads, one prepares the batches and the other multiplies the matrices.
    """
    recipe = RECIPES["improved"]
    data = load_mnist()
    if size["images"] < len(data):
        data = ArrayDataset(*data[: size["images"]])
    model = _model(inputs, "small", SMALL)
    optimizer = optim.Adam(model.parameters(), recipe.lr, fused=fused)
    batches = make_batches(recipe, data, order_rng=1, copies_rng=2)
    with threadpool_limits(1, user_api="blas"):
        last = fit(model, batches, optimizer, 2, recipe.loss_fn, compile=compiled)[-1]
    return {
        "seconds": last.seconds,
        "checks": {"mean loss": last.loss, "accuracy": last.accuracy},
    }


def best_epoch(inputs: Inputs, size: Mapping, compiled: bool = False, fused: bool = False) -> dict:
    """The second epoch of the recipe `best`, as `python -m tinygrad_mlp train` runs it."""
    recipe = replace(RECIPES["best"], epochs=2)
    data = ArrayDataset(*load_mnist()[: size["images"]])
    model = recipe.build(rng=0)
    optimizer = recipe.make_optimizer(model, fused=fused)
    batches = make_batches(recipe, data, order_rng=1, copies_rng=2)
    with threadpool_limits(1, user_api="blas"):
        last = recipe.fit(model, optimizer, batches, lambda epoch: None, [], compiled)[-1]
    return {
        "seconds": last.seconds,
        "checks": {"mean loss": last.loss, "accuracy": last.accuracy},
    }


def first_call(inputs: Inputs, size: Mapping) -> dict:
    """The first call of the compiled loss of the improved model: its program is written down."""
    model = _model(inputs, "small", SMALL)
    x, y = inputs.batches(size["batch"])[0]
    found: dict[str, Any] = {}

    def call() -> None:
        found["loss"] = tg.compile(lambda x, y: F.cross_entropy(model(x), y))(x, y)

    return {"seconds": time_calls(call, size["timed"], size["warm_up"])}


def update(inputs: Inputs, size: Mapping, fused: bool = False) -> dict:
    """The steps of Adam alone, with gradients that stay the same."""
    parameters = [nn.Parameter(w) for w in inputs.weights("small")]
    for p, g in zip(parameters, inputs.weights("direction"), strict=True):
        p.grad = tg.tensor(g)
    optimizer = optim.Adam(parameters, lr=1e-6, fused=fused)
    seconds = time_calls(optimizer.step, size["timed"], size["warm_up"])
    total = sum(float(p.data.sum(dtype=np.float64)) for p in parameters)
    return {"seconds": seconds, "checks": {"sum of the weights": total}}


def chain(inputs: Inputs, size: Mapping) -> dict:
    x = tg.tensor(np.ones(size["elements"], np.float32), requires_grad=True)
    a = tg.tensor(np.full(size["elements"], 1e-3, np.float32))
    b = tg.tensor(np.full(size["elements"], 1 - 1e-6, np.float32))

    def forward_and_backward() -> None:
        x.grad = None
        y = x
        for _ in range(size["nodes"] // 2):
            y = y + a
            y = y * b
        y.sum().backward()

    seconds = time_calls(forward_and_backward, size["repeats"]) / size["nodes"]
    return {"seconds": seconds, "checks": {"gradient": float(x.grad.data.sum())}}


def record(inputs: Inputs, size: Mapping) -> dict:
    x = tg.tensor(np.ones(10, np.float32), requires_grad=True)
    y = tg.tensor(np.ones(10, np.float32))
    names = {"x": x, "y": y}
    return {"seconds": time_expression("x + y", names, size["number"], size["repeats"])}


def second_order(inputs: Inputs, size: Mapping, compiled: bool = False) -> dict:
    model = _model(inputs, "small", SMALL)
    parameters = list(model.parameters())
    direction = [tg.tensor(v) for v in inputs.weights("direction")]
    x, y = inputs.batches(size["batch"])[0]
    found: dict[str, Any] = {}

    def loss_and_product(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(model(x), y)
        gradients = tg.grad(loss, parameters, create_graph=True)
        return loss, tg.grad(gradients, parameters, grad_outputs=direction)

    computed = tg.compile(loss_and_product) if compiled else loss_and_product

    def product() -> None:
        found["loss"], found["product"] = computed(x, y)

    seconds = time_calls(product, size["timed"], size["warm_up"])
    norm = sum(float(np.sum(np.square(p.data, dtype=np.float64))) for p in found["product"]) ** 0.5
    checks = {"loss": found["loss"].item(), "norm of the product": norm}
    return {"seconds": seconds, "checks": checks}


def convolutions(inputs: Inputs, size: Mapping) -> dict:
    """Two layers of kernels on a batch of digits, with nothing between them."""
    x = tg.tensor(inputs.batches(size["batch"])[0][0].reshape(-1, 1, 28, 28))
    kernels = [tg.tensor(array, requires_grad=True) for array in inputs.weights("kernels")]
    first, first_bias, second, second_bias = kernels
    found: dict[str, Any] = {}

    def forward() -> None:
        hidden = F.conv2d(x, first, first_bias)
        found["loss"] = F.conv2d(hidden, second, second_bias).square().mean()

    def forward_and_backward() -> None:
        for p in kernels:
            p.grad = None
        forward()
        found["loss"].backward()

    timed = forward_and_backward if size["backward"] else tg.no_grad(forward)
    seconds = time_calls(timed, size["timed"], size["warm_up"])
    checks = {"loss": found["loss"].item()}
    if size["backward"]:
        checks["norm of the gradient"] = first.grad.norm().item()
    return {"seconds": seconds, "checks": checks}


def importing(inputs: Inputs, size: Mapping) -> dict:
    return {"seconds": time_import("tinygrad_mlp", size["repeats"])}


def long_training(inputs: Inputs, size: Mapping) -> dict:
    """How much memory the process holds, at ten moments of a training."""
    model = _model(inputs, "small", SMALL)
    step = _step(model, optim.Adam(model.parameters(), lr=0.01))
    batches = inputs.batches(50)
    held = []
    for i in range(1, size["steps"] + 1):
        step(*batches[i % len(batches)])
        if i % (size["steps"] // 10) == 0:
            held.append((i, current_bytes()))
    return {"held": held}
