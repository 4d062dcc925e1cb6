"""Clipping of gradients, and all parameters as one vector: what `torch.nn.utils` has of it.

One bad batch can give a gradient so large that the step after it undoes what was learned; so
gradients that are too large together are made smaller, all by the same factor. Pascanu, Mikolov
and Bengio, 2013.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..changes import mark_changed
from ..composed import cat, flatten
from ..engine import plain
from ..tensor import Tensor


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale the gradients in place so that their norm is at most `max_norm`; return what it was.

    parameters          those without a gradient are left out, and one given twice counts once
    norm_type           p of the p-norm over all numbers in all gradients; `math.inf`: the largest
    error_if_nonfinite  whether a norm that is infinite or NaN is an error; if not, it makes the
                        gradients 0 or NaN

    An array that is the gradient of several parameters counts for each, and is scaled once. Raises
    RuntimeError, and changes nothing, if the norm is such an error.

    >>> weight = nn.Parameter([1.0, 1.0])
    >>> weight.grad = tg.tensor([3.0, 4.0])
    >>> nn.utils.clip_grad_norm_([weight], max_norm=1.0)
    tensor(5.)
    >>> round(float(weight.grad.norm()), 3)
    1.0
    """
    grads = _gradients(parameters)
    if not grads:
        return Tensor(0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        norms = [_norm(g, norm_type) for g in grads if g.size]
        total = float(np.linalg.norm(np.array(norms), norm_type)) if norms else 0.0
        if error_if_nonfinite and not np.isfinite(total):
            raise RuntimeError(
                f"the norm of the gradients is {total}, so they cannot be clipped (nothing was "
                "changed); detect_anomaly() finds where it comes from"
            )
        scale = max_norm / (total + 1e-6)
        if not scale >= 1:  # NaN too
            for g in {id(g): g for g in grads}.values():
                np.multiply(g, scale, out=g)
                mark_changed(g)
    return Tensor(total, grads[0].dtype)


def clip_grad_value_(parameters: Iterable[Tensor] | Tensor, clip_value: float) -> None:
    """Hold every number of the gradients between -clip_value and clip_value, in place.

    parameters  those without a gradient are left out

    >>> weight = nn.Parameter([1.0, 1.0])
    >>> weight.grad = tg.tensor([3.0, -0.5])
    >>> nn.utils.clip_grad_value_([weight], 1.0)
    >>> weight.grad
    tensor([ 1. , -0.5])
    """
    for g in _gradients(parameters):
        np.clip(g, -float(clip_value), float(clip_value), out=g)
        mark_changed(g)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All numbers of the parameters in one row; gradients flow through it.

    >>> nn.utils.parameters_to_vector([tg.ones(2, 2), tg.zeros(3)])
    tensor([1., 1., 1., 1., 0., 0., 0.])
    """
    return cat([flatten(p) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Fill the parameters with the numbers of a row: what `parameters_to_vector` gave of them.

    Raises ValueError, and changes nothing, if there are more or fewer numbers.

    >>> model = nn.Linear(2, 1)
    >>> nn.utils.vector_to_parameters(tg.tensor([1.0, 2.0, 3.0]), model.parameters())
    >>> model.weight.tolist(), model.bias.tolist()
    ([[1.0, 2.0]], [3.0])
    """
    given = list(parameters)
    numbers = plain(vec)
    count = sum(p.numel() for p in given)
    if numbers.shape != (count,):
        raise ValueError(
            f"these parameters have {count} numbers, and the vector has shape {numbers.shape}"
        )
    start = 0
    for p in given:
        p.detach().copy_(numbers[start : start + p.numel()].reshape(p.shape))
        start += p.numel()


def _gradients(parameters: Iterable[Tensor] | Tensor) -> list[np.ndarray]:
    """The gradients of the parameters as arrays; of one that is given twice, once."""
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad.data for p in {id(p): p for p in given}.values() if p.grad is not None]


def _norm(g: np.ndarray, p: float) -> float:
    """The p-norm of all numbers in `g`, in float64: in pieces, so that the copies stay small."""
    row = g.ravel(order="K")
    if p == 0:
        return float(np.count_nonzero(row))
    pieces = [
        np.linalg.norm(row[start : start + 65536].astype(np.float64), p)
        for start in range(0, row.size, 65536)
    ]
    return float(np.linalg.norm(np.array(pieces), p))
