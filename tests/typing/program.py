"""A user's program, which no one runs: type checkers say what they make of it.

`test_types.py` reads it together with the comments: `# T` is the type that must be revealed in
that line, and `# error` a line that must be refused.
"""

from typing import Any, reveal_type

import numpy as np

import tinygrad_mlp as tg
import tinygrad_mlp.nn.functional as F
from tinygrad_mlp import nn, optim
from tinygrad_mlp.data import DataLoader, load_mnist
from tinygrad_mlp.testing import arrays, check_op, samples

x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
array = np.ones((2, 2))

# Operators, whatever stands on the other side.
reveal_type(x + 1)  # Tensor
reveal_type(1 + x)  # Tensor
reveal_type(x + array)  # Tensor
reveal_type(x * x)  # Tensor
reveal_type(2 / x)  # Tensor
reveal_type(1 - x)  # Tensor
reveal_type(x**2)  # Tensor
reveal_type(x @ x)  # Tensor
reveal_type(-x)  # Tensor
reveal_type(abs(x))  # Tensor
reveal_type(x == 1)  # Tensor
reveal_type(x != x)  # Tensor
reveal_type(x > 0)  # Tensor
reveal_type((x > 0) & (x < 1))  # Tensor
reveal_type(x[0])  # Tensor
reveal_type(x[:, None])  # Tensor
reveal_type(x[x > 0])  # Tensor

# Functions: of tensors they give a tensor, of arrays an array.
reveal_type(tg.exp(x))  # Tensor
reveal_type(tg.exp(array))  # ndarray
reveal_type(tg.add(x, 1))  # Tensor
reveal_type(tg.add(1, x))  # Tensor
reveal_type(tg.add(array, array))  # ndarray
reveal_type(tg.sum(x, dim=0, keepdim=True))  # Tensor
reveal_type(tg.where(x > 0, x, 0))  # Tensor
reveal_type(tg.where(array > 0, array, x))  # Tensor
reveal_type(tg.matmul(x, array))  # Tensor
reveal_type(tg.square(x))  # Tensor
reveal_type(tg.square(array))  # ndarray
reveal_type(tg.cat([x, x]))  # Tensor
reveal_type(tg.stack([x, x]))  # Tensor
reveal_type(tg.einsum("ij,jk->ik", x, x))  # Tensor
reveal_type(tg.var(x, dim=0))  # Tensor
reveal_type(tg.softplus(x, beta=2.0))  # Tensor
reveal_type(tg.zeros(2, 3))  # Tensor
reveal_type(tg.randn(2, rng=0))  # Tensor

# Methods.
reveal_type(x.exp())  # Tensor
reveal_type(x.sum())  # Tensor
reveal_type(x.sum(dim=0))  # Tensor
reveal_type(x.mean(0, keepdim=True))  # Tensor
reveal_type(x.pow(2))  # Tensor
reveal_type(x.max())  # Tensor
reveal_type(x.max(dim=1))  # Found[Tensor]
reveal_type(x.max(dim=1).values)  # Tensor
reveal_type(x.reshape(4))  # Tensor
reveal_type(x.reshape((2, 2)))  # Tensor
reveal_type(x.view(-1))  # Tensor
reveal_type(x.split(1))  # tuple[Tensor, ...]
reveal_type(x.clamp(min=0))  # Tensor
reveal_type(x.where(x > 0, 0))  # Tensor
reveal_type(x.T)  # Tensor
reveal_type(x.detach())  # Tensor
reveal_type(x.double())  # Tensor
reveal_type(x.add_(1))  # Tensor
reveal_type(x.shape)  # tuple[int, ...]
reveal_type(x.size(0))  # int
reveal_type(x.data)  # ndarray
reveal_type(x.numpy())  # ndarray
reveal_type(x.requires_grad)  # bool
reveal_type(x.grad)  # Tensor | None
reveal_type(tg.grad(x.sum(), x))  # tuple[Tensor | None, ...]

# Functions of networks, layers, models.
reveal_type(F.relu(x))  # Tensor
reveal_type(F.linear(x, x))  # Tensor
reveal_type(F.linear(array, x, x))  # Tensor
reveal_type(F.softmax(x, dim=1))  # Tensor
reveal_type(F.cross_entropy(x, np.array([0, 1]), label_smoothing=0.1))  # Tensor
reveal_type(F.dropout(x, p=0.5, rng=0))  # Tensor
model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU())
reveal_type(model(x))  # Tensor
reveal_type(model.train())  # Sequential
reveal_type(nn.Linear(2, 3).weight)  # Parameter
reveal_type(nn.Linear(2, 3).weight + 1)  # Tensor
reveal_type(nn.CrossEntropyLoss()(model(x), array))  # Tensor
optimizer = optim.Adam(model.parameters(), lr=1e-3)
for images, labels in DataLoader(load_mnist(), batch_size=2):
    reveal_type(images)  # Tensor
    reveal_type((model(images).argmax(1) == labels).sum().item())  # Any
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
for images_array, _ in DataLoader(load_mnist(), batch_size=2).arrays():
    reveal_type(images_array)  # ndarray


# An op and a layer of one's own.
@tg.op(grad=lambda g, y, x: g * 3 * x * x)
def cube(x: np.ndarray) -> Any:
    return np.power(x, 3)


@tg.op(grad=(lambda g, y, a, b, share: g * share, lambda g, y, a, b, share: g * (1 - share)))
def blend(a: np.ndarray, b: np.ndarray, share: float = 0.5) -> Any:
    return a * share + b * (1 - share)


class Scale(nn.Module):
    def __init__(self, features: int):
        self.weight = nn.Parameter(np.ones(features, np.float32))

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return x * self.weight


@tg.no_grad
def predict(x: tg.Tensor) -> tg.Tensor:
    return model(x)


check_op(cube, samples(arrays()))
reveal_type(cube(x))  # Tensor
reveal_type(blend(x, 1.0, share=0.2))  # Tensor
reveal_type(Scale(2)(x))  # Tensor
reveal_type(predict(x))  # Tensor
with tg.no_grad():
    reveal_type(x + 1)  # Tensor

# What is wrong is refused.
x.sum(dimm=0)  # error
x.exp(3)  # error
tg.exp(x, dim=0)  # error
tg.sum(x, keepdims=True)  # error
tg.add(x)  # error
blend(x, 1.0, shear=0.2)  # error
F.relu(x, inplaced=True)  # error
F.cross_entropy(x, array, smoothing=0.1)  # error
nn.Linear(2, 3, biased=True)  # error
nn.Linear("a", 3)  # error
optim.Adam(model.parameters(), learning_rate=1e-3)  # error
tg.tensor([1.0], requires_gradient=True)  # error
x.transpose(0)  # error
x.reshape("2")  # error
x.no_such_method()  # error
