"""Initial weights: how large the random numbers are that training starts from.

Each function fills a parameter in place, from `rng`, and gives it back. Weights have shape
(out, in): fan_in is how many numbers feed one unit, fan_out how many units one number feeds.
If weights are too large, sigmoids saturate and pass no gradient; if too small, signals fade
from layer to layer. Names and formulas are those of `torch.nn.init`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..signatures import Rng
from ..tensor import Tensor

GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2.0)}
"""How much a weight should make up for what an activation takes away."""


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, rng: Rng = None) -> Tensor:
    """Uniform between a and b.

    rng  a seed or a numpy Generator

    >>> weight = nn.init.uniform_(nn.Parameter(tg.zeros(2, 3)), 5.0, 6.0, rng=0)
    >>> bool((weight >= 5).all() and (weight < 6).all())
    True
    """
    return _fill(tensor, np.random.default_rng(rng).uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, rng: Rng = None) -> Tensor:
    """Normal with the given mean and standard deviation.

    rng  a seed or a numpy Generator

    >>> nn.init.normal_(nn.Parameter(tg.zeros(2, 3)), mean=7.0, std=0.0).tolist()
    [[7.0, 7.0, 7.0], [7.0, 7.0, 7.0]]
    """
    return _fill(tensor, np.random.default_rng(rng).normal(mean, std, tensor.shape))


def zeros_(tensor: Tensor) -> Tensor:
    """All 0.

    >>> nn.init.zeros_(nn.Parameter([1.0, 2.0])).tolist()
    [0.0, 0.0]
    """
    return _fill(tensor, 0.0)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, rng: Rng = None) -> Tensor:
    """Uniform, variance gain^2 * 2 / (fan_in + fan_out). Glorot and Bengio, 2010.

    rng  a seed or a numpy Generator

    Raises ValueError for fewer than 2 dimensions.

    >>> weight = nn.init.xavier_uniform_(nn.Parameter(np.zeros((100, 100))), rng=0)
    >>> round(float(weight.std()), 2)
    0.1
    """
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, rng)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, rng: Rng = None) -> Tensor:
    """Normal, variance gain^2 * 2 / (fan_in + fan_out). Glorot and Bengio, 2010.

    rng  a seed or a numpy Generator

    Raises ValueError for fewer than 2 dimensions.

    >>> weight = nn.init.xavier_normal_(nn.Parameter(np.zeros((100, 100))), rng=0)
    >>> round(float(weight.std()), 2)
    0.1
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_fans(tensor))), rng)


def kaiming_uniform_(tensor: Tensor, nonlinearity: str = "relu", rng: Rng = None) -> Tensor:
    """Uniform, variance gain^2 / fan_in. He and others, 2015.

    nonlinearity  what comes after, which sets the gain: "linear", "sigmoid", "tanh" or "relu"
    rng           a seed or a numpy Generator

    Raises ValueError for another word, or for fewer than 2 dimensions.

    >>> weight = nn.init.kaiming_uniform_(nn.Parameter(np.zeros((100, 200))), rng=0)
    >>> round(float(weight.std()), 2)
    0.1
    """
    bound = _gain(nonlinearity) * math.sqrt(3.0 / _fans(tensor)[0])
    return uniform_(tensor, -bound, bound, rng)


def kaiming_normal_(tensor: Tensor, nonlinearity: str = "relu", rng: Rng = None) -> Tensor:
    """Normal, variance gain^2 / fan_in. He and others, 2015.

    nonlinearity  what comes after, which sets the gain: "linear", "sigmoid", "tanh" or "relu"
    rng           a seed or a numpy Generator

    Raises ValueError for another word, or for fewer than 2 dimensions.

    >>> weight = nn.init.kaiming_normal_(nn.Parameter(np.zeros((100, 200))), rng=0)
    >>> round(float(weight.std()), 2)
    0.1
    """
    return normal_(tensor, 0.0, _gain(nonlinearity) / math.sqrt(_fans(tensor)[0]), rng)


def _fill(tensor: Tensor, values: Any) -> Tensor:
    tensor.detach().copy_(values)
    return tensor


def _fans(tensor: Tensor) -> tuple[int, int]:
    if tensor.ndim < 2:
        raise ValueError(
            f"fan_in and fan_out need a weight of shape (out, in, ...), not {tensor.shape}"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _gain(nonlinearity: str) -> float:
    if nonlinearity not in GAINS:
        raise ValueError(f"nonlinearity must be one of {', '.join(GAINS)}, not {nonlinearity!r}")
    return GAINS[nonlinearity]
