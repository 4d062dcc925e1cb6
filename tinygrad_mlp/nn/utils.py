"""Clipping: gradients that are too large together are made smaller, all by the same factor.

One bad batch can give a gradient so large that the step after it undoes what was learned. Pascanu,
Mikolov and Bengio, 2013. In PyTorch, `torch.nn.utils.clip_grad_norm_`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..changes import mark_changed
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
    """
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    grads = [p.grad.data for p in {id(p): p for p in given}.values() if p.grad is not None]
    if not grads:
        return Tensor(0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        norms = [np.linalg.norm(_numbers(g), norm_type) for g in grads if g.size]
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


def _numbers(g: np.ndarray) -> np.ndarray:
    """All numbers of a gradient in a row, wide enough for their squares."""
    row = g.ravel(order="K")
    return row.astype(np.float32) if row.dtype == np.float16 else row
