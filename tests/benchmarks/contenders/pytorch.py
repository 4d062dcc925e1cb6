"""The jobs in PyTorch: as the published notebook does them, and at its best.

"At its best" means with the fused Adam, and with denormal numbers flushed to 0.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import ConcatDataset, DataLoader, Dataset

from ... import reference
from ..inputs import SMALL, WIDE, Inputs
from ..timing import time_calls, time_expression, time_steps

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def _model(inputs: Inputs, name: str, sizes: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for i in range(1, len(sizes)):
        layers += [nn.Linear(sizes[i - 1], sizes[i]), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for p, array in zip(model.parameters(), inputs.weights(name), strict=True):
            p.copy_(torch.from_numpy(array))
    return model


def _time_steps(
    inputs: Inputs, size: Mapping, model: nn.Module, optimizer: torch.optim.Optimizer
) -> dict:
    batches = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in inputs.batches(size["batch"])]
    return time_steps(
        lambda x, y: reference.train_step(model, optimizer, x, y), batches, size
    )  # fmt: skip


def small_step_published(inputs: Inputs, size: Mapping) -> dict:
    model = _model(inputs, "small", SMALL)
    return _time_steps(inputs, size, model, torch.optim.Adam(model.parameters(), lr=0.01))


def small_step_best(inputs: Inputs, size: Mapping) -> dict:
    torch.set_flush_denormal(True)
    model = _model(inputs, "small", SMALL)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    return _time_steps(inputs, size, model, optimizer)


def small_step_compiled(inputs: Inputs, size: Mapping) -> dict:
    """At its best, and model and loss compiled by torch.compile, which needs a C++ compiler."""
    if size["timed"] < 100:
        raise RuntimeError("torch.compile takes most of a minute: at its full size only")
    torch.set_flush_denormal(True)
    model = _model(inputs, "small", SMALL)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)

    @torch.compile
    def loss_of(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(model(x), y)

    def step(x: torch.Tensor, y: torch.Tensor) -> float:
        loss = loss_of(x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    batches = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in inputs.batches(size["batch"])]
    return time_steps(step, batches, size)


def wide_step_published(inputs: Inputs, size: Mapping) -> dict:
    model = _model(inputs, "wide", WIDE)
    return _time_steps(inputs, size, model, torch.optim.AdamW(model.parameters(), lr=1e-3))


def wide_step_best(inputs: Inputs, size: Mapping) -> dict:
    torch.set_flush_denormal(True)
    model = _model(inputs, "wide", WIDE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    return _time_steps(inputs, size, model, optimizer)


# ------------------------------------------------------------------------------- whole epochs


class Digits(Dataset):
    """Like torchvision's MNIST: bytes, which become a float tensor one example at a time."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, transforms: tuple = ()):
        self.images, self.labels, self.transforms = images, labels, transforms

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        image = self.images[i].unsqueeze(0).float().div(255)
        for transform in self.transforms:
            image = transform(image)
        return image, int(self.labels[i])


def flip(image: torch.Tensor) -> torch.Tensor:
    """Like torchvision's RandomHorizontalFlip."""
    return image.flip(-1) if torch.rand(1) < 0.7 else image


def add_noise(image: torch.Tensor) -> torch.Tensor:
    return image + torch.randn(image.size()) * 0.2


def epoch_published(inputs: Inputs, size: Mapping) -> dict:
    images, labels = map(torch.from_numpy, inputs.digits())
    copies = Digits(images, labels, (flip, add_noise))
    loader = DataLoader(
        ConcatDataset([Digits(images, labels), copies]), batch_size=50, shuffle=True
    )
    return _second_epoch(inputs, lambda: loader)


def epoch_whole_batches(inputs: Inputs, size: Mapping) -> dict:
    images, labels = map(torch.from_numpy, inputs.digits())
    images = images.float().div_(255)
    n = len(images)

    def batches() -> Iterable:
        for batch in torch.randperm(2 * n).split(50):
            pictures = images[batch % n]
            is_copy = batch >= n
            pictures[is_copy] = reference.augment(pictures[is_copy])
            yield pictures, labels[batch % n]

    return _second_epoch(inputs, batches)


def _second_epoch(inputs: Inputs, batches: Callable[[], Iterable]) -> dict:
    torch.manual_seed(0)
    model = _model(inputs, "small", SMALL)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(2):
        start = time.perf_counter()
        total, right, seen = 0.0, 0, 0
        for images, labels in batches():
            scores = model(images)
            loss = F.cross_entropy(scores, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
            right += (scores.argmax(1) == labels).sum().item()
            seen += len(labels)
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "checks": {"mean loss": total / seen, "accuracy": right / seen}}


# ------------------------------------------------------------------------------------ the rest


def chain(inputs: Inputs, size: Mapping) -> dict:
    x = torch.ones(size["elements"], requires_grad=True)
    a = torch.full((size["elements"],), 1e-3)
    b = torch.full((size["elements"],), 1 - 1e-6)

    def forward_and_backward() -> None:
        x.grad = None
        y = x
        for _ in range(size["nodes"] // 2):
            y = y + a
            y = y * b
        y.sum().backward()

    seconds = time_calls(forward_and_backward, size["repeats"]) / size["nodes"]
    return {"seconds": seconds, "checks": {"gradient": x.grad.sum().item()}}


def record(inputs: Inputs, size: Mapping) -> dict:
    names = {"x": torch.ones(10, requires_grad=True), "y": torch.ones(10)}
    return {"seconds": time_expression("x + y", names, size["number"], size["repeats"])}


def second_order(inputs: Inputs, size: Mapping) -> dict:
    model = _model(inputs, "small", SMALL)
    parameters = list(model.parameters())
    direction = [torch.from_numpy(v) for v in inputs.weights("direction")]
    x, y = map(torch.from_numpy, inputs.batches(size["batch"])[0])
    found: dict[str, Any] = {}

    def product() -> None:
        found["loss"] = loss = F.cross_entropy(model(x), y)
        gradients = torch.autograd.grad(loss, parameters, create_graph=True)
        found["product"] = torch.autograd.grad(gradients, parameters, grad_outputs=direction)

    seconds = time_calls(product, size["timed"], size["warm_up"])
    norm = sum(p.double().square().sum().item() for p in found["product"]) ** 0.5
    checks = {"loss": found["loss"].item(), "norm of the product": norm}
    return {"seconds": seconds, "checks": checks}


def convolutions(inputs: Inputs, size: Mapping) -> dict:
    x = torch.from_numpy(inputs.batches(size["batch"])[0][0].reshape(-1, 1, 28, 28))
    kernels = [torch.from_numpy(array).requires_grad_() for array in inputs.weights("kernels")]
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

    timed = forward_and_backward if size["backward"] else torch.no_grad()(forward)
    seconds = time_calls(timed, size["timed"], size["warm_up"])
    checks = {"loss": found["loss"].item()}
    if size["backward"]:
        checks["norm of the gradient"] = first.grad.norm().item()
    return {"seconds": seconds, "checks": checks}
