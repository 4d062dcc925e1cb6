"""Derivatives of functions: Jacobians, Hessians, and products with them.

Names, arguments and results are those of `torch.autograd.functional`. `func` takes tensors and
gives a tensor or a tuple of tensors; `inputs` is one tensor or a tuple. The result has the
structure of what was given: a tensor for a tensor, a tuple for a tuple.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..composed import cat
from ..engine import copied, enable_grad
from ..observing import constant
from ..tensor import Tensor, from_numpy
from .gradients import grad

Function = Callable[..., Any]


def vjp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False) -> tuple[Any, Any]:
    """The outputs, and the product of `v` (like the outputs) with the Jacobian.

    func          a function of tensors, to a tensor or a tuple of them
    inputs        a tensor, or a tuple of them: where the derivatives are taken
    v             None if the output is a single number: 1
    create_graph  record the result, so that it can be differentiated

    >>> x = tg.tensor([1.0, 2.0])
    >>> tg.autograd.functional.vjp(lambda x: x * x, x, tg.tensor([1.0, 10.0]))[1]
    tensor([ 2., 40.])
    """
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        ys = func(*xs)
        found = gradients_or_zeros(as_tuple(ys), xs, _weights(ys, v), create_graph)
    return _let_go(ys, create_graph), _like(inputs, found)


def jvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False) -> tuple[Any, Any]:
    """The outputs, and the product of the Jacobian with `v` (like the inputs).

    func, inputs, create_graph  as of `autograd.functional.vjp`

    Reverse mode twice: the product of u with the Jacobian is linear in u, and its derivative
    with respect to u, weighted with v, is the Jacobian times v.

    >>> x = tg.tensor([1.0, 2.0])
    >>> tg.autograd.functional.jvp(lambda x: (x * x).sum(), x, tg.tensor([1.0, 10.0]))[1]
    tensor(42.)
    """
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        ys = func(*xs)
        us = tuple(
            from_numpy(constant(np.ones(y.shape, y.dtype))).requires_grad_() for y in as_tuple(ys)
        )
        products = gradients_or_zeros(as_tuple(ys), xs, us, create_graph=True)
        found = gradients_or_zeros(products, us, _weights(_like(inputs, xs), v), create_graph)
    return _let_go(ys, create_graph), _like(ys, found)


def hvp(func: Function, inputs: Any, v: Any, create_graph: bool = False) -> tuple[Any, Any]:
    """The value of `func`, a single number, and the product of its Hessian with `v`.

    Raises RuntimeError if `func` gives several numbers.

    >>> x = tg.tensor([1.0, 2.0])
    >>> tg.autograd.functional.hvp(lambda x: (x ** 3).sum(), x, tg.tensor([1.0, 10.0]))[1]
    tensor([  6., 120.])
    """
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        y = func(*xs)
        gradients = gradients_or_zeros((y,), xs, (None,), create_graph=True)
        found = gradients_or_zeros(gradients, xs, _weights(_like(inputs, xs), v), create_graph)
    return _let_go(y, create_graph), _like(inputs, found)


def jacobian(func: Function, inputs: Any, create_graph: bool = False) -> Any:
    """The derivatives of every output value with respect to every input value.

    Of shape output.shape + input.shape; for tuples, a tuple over outputs of tuples over inputs.

    >>> tg.autograd.functional.jacobian(lambda x: x * x, tg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        ys = func(*xs)
        rows = tuple(_like(inputs, jacobian_of(y, xs, create_graph)) for y in as_tuple(ys))
    return _like(ys, rows)


def hessian(func: Function, inputs: Any, create_graph: bool = False) -> Any:
    """The second derivatives of `func`, a single number: the Jacobian of its gradient.

    Of shape input.shape + input.shape; for tuples, a tuple of tuples. Raises ValueError if `func`
    gives several numbers.

    >>> tg.autograd.functional.hessian(lambda x: (x ** 3).sum(), tg.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """

    def gradient(*xs: Tensor) -> Any:
        y = func(*xs)
        if y.numel() != 1:
            raise ValueError(f"hessian needs a single number, and func gave shape {y.shape}")
        return _like(inputs, gradients_or_zeros((y.sum(),), xs, (None,), create_graph=True))

    return jacobian(gradient, inputs, create_graph)


def jacobian_of(y: Tensor, xs: Any, create_graph: bool) -> tuple[Any, ...]:
    """The Jacobian of one output with respect to each of `xs`, one backward a value of `y`.

    Each of shape y.shape + x.shape.

    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.autograd.functional.jacobian_of(x * x, (x,), create_graph=False)[0]
    tensor([[2., 0.],
            [0., 4.]])
    """
    rows = []
    for k in range(y.data.size):
        weights = np.zeros(y.data.size, y.dtype)
        weights[k] = 1
        rows.append(
            gradients_or_zeros((y,), xs, (weights.reshape(y.shape),), create_graph, retain=True)
        )
    stacked = []
    for i, x in enumerate(xs):
        parts = [row[i].reshape(1, *x.shape) for row in rows]
        whole = Tensor(np.zeros((0, *x.shape), x.dtype)) if not parts else cat(parts)
        stacked.append(whole.reshape(*y.shape, *x.shape))
    return tuple(stacked)


def gradients_or_zeros(
    ys: Any, xs: Any, weights: Any, create_graph: bool, retain: bool | None = None
) -> tuple[Tensor, ...]:
    """As `grad`, with zeros where an input has no influence.

    >>> x, unused = tg.tensor([1.0, 2.0], requires_grad=True), tg.ones(1, requires_grad=True)
    >>> tg.autograd.functional.gradients_or_zeros(((x * x).sum(),), (x, unused), (None,), False)
    (tensor([2., 4.]), tensor([0.]))
    """
    used = [(y, w) for y, w in zip(ys, weights, strict=True) if y.requires_grad]
    found: Any = [None] * len(xs)
    if used:
        outputs, seeds = zip(*used, strict=True)
        found = grad(outputs, xs, seeds, retain, create_graph, allow_unused=True)
    return tuple(
        Tensor(constant(np.zeros(x.shape, x.dtype))) if g is None else g
        for g, x in zip(found, xs, strict=True)
    )


def _fresh(inputs: Any, create_graph: bool) -> tuple[Tensor, ...]:
    """Inputs of our own, that require gradients: new leaves, unless the graph is to go on."""
    if create_graph:
        return tuple(copied(x) if x.requires_grad else _leaf(x) for x in as_tuple(inputs))
    return tuple(map(_leaf, as_tuple(inputs)))


def _leaf(x: Tensor) -> Tensor:
    return x.detach().requires_grad_()


def _weights(outputs: Any, v: Any) -> tuple[Any, ...]:
    """`v` as a tuple; 1 for a single number if there is none."""
    count = len(as_tuple(outputs))
    if v is None:
        for y in as_tuple(outputs):
            if math.prod(y.shape) != 1:
                raise ValueError(f"v is needed, of shape {y.shape}; only a single number has one")
        return (None,) * count
    return as_tuple(v)


def as_tuple(value: Any) -> tuple[Any, ...]:
    """A tuple of one value, or of those that a tuple or list holds.

    >>> tg.autograd.functional.as_tuple([1, 2]), tg.autograd.functional.as_tuple(3)
    ((1, 2), (3,))
    """
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _like(given: Any, found: tuple[Any, ...]) -> Any:
    """A tuple for a tuple, a single thing for a single thing."""
    return found if isinstance(given, (tuple, list)) else found[0]


def _let_go(ys: Any, create_graph: bool) -> Any:
    """The outputs, without their graph unless it was asked for."""
    return ys if create_graph else _like(ys, tuple(y.detach() for y in as_tuple(ys)))
