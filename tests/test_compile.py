"""A compiled function gives what the function gives, in every bit, or says that it cannot.

The judge is always the ordinary run: of random programs, of networks in training, of derivatives.
What Python does beside the ops is refused, and each way of doing so has its test here.
"""

import copy
import datetime
import gc
import os
import pickle
import random
import secrets
import sys
import threading
import time
import uuid
import warnings
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic as clock_of_its_own
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, note, settings

import tinygrad_mlp as tg
import tinygrad_mlp.nn.functional as F
from tinygrad_mlp import CompileError, nn, optim
from tinygrad_mlp.autograd.functional import hvp, jvp
from tinygrad_mlp.observing import Observer, observe
from tinygrad_mlp.program.outside import Survey
from tinygrad_mlp.testing import drawn, same, weights_like

from .tables import TABLES
from .test_programs import LEAF_SHAPES, LINES, Program, programs


def equal(a, b):
    """Whether two results are the same in every bit, and of one structure."""
    if isinstance(a, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    if a is None or b is None:
        return a is b
    a, b = (x.detach().numpy() if isinstance(x, tg.Tensor) else np.asarray(x) for x in (a, b))
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def array(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def ramp(x):
    steps = tg.arange(x.numel(), dtype=np.float64).reshape(x.shape)
    return steps * 0.1234


def function_of(program: Program):
    """The loss and all values of a random program, as a function of its leaves."""

    def function(*leaves):
        names = dict(zip(program.leaves, leaves, strict=True))
        values = program.run({**names, "m": tg, "F": F, "ramp": ramp})
        loss = sum((v * v).sum() for v in values[-2:])
        return loss, values

    return function


def steps(function, program, calls=3):
    """Loss, values and gradients of several calls with different leaves."""
    found = []
    for call in range(calls):
        leaves = [tg.tensor(np.array(a) * (1 + call / 7)) for a in program.leaves.values()]
        for leaf in leaves:
            leaf.requires_grad_()
        loss, values = function(*leaves)
        found.append((loss, values, list(tg.grad(loss, leaves, allow_unused=True))))
    return found


@settings(max_examples=150)
@given(programs())
def test_a_random_program_keeps_every_bit(program):
    note(str(program))
    ordinary = function_of(program)
    assert equal(steps(tg.compile(ordinary), program), steps(ordinary, program))


@pytest.mark.parametrize("template", LINES)
def test_every_line_of_the_random_programs_keeps_every_bit(template):
    for a in LEAF_SHAPES:
        for b in LEAF_SHAPES if "{1}" in template else [a]:
            fits = LINES[template]
            if fits(a, b) if "{1}" in template else fits(a):
                leaves = {
                    "a": array(*a, dtype=np.float64),
                    "b": array(*b, seed=1, dtype=np.float64),
                }
                program = Program(leaves, [("v0", template.format("a", "b"))])
                ordinary = function_of(program)
                assert equal(steps(tg.compile(ordinary), program), steps(ordinary, program))


# ------------------------------------------------------------------------------------- training


NETWORKS = {
    "the published one": lambda: [
        nn.Flatten(),
        nn.Linear(20, 9, rng=0),
        nn.ReLU(),
        nn.Linear(9, 4, rng=1),
    ],
    "batch normalisation": lambda: [
        nn.Linear(20, 9, rng=0),
        nn.BatchNorm1d(9),
        nn.ReLU(),
        nn.Linear(9, 4, rng=1),
    ],
    "dropout": lambda: [
        nn.Linear(20, 9, rng=0),
        nn.Dropout(0.3, rng=2),
        nn.ReLU(),
        nn.Linear(9, 4, rng=1),
    ],
    "layer normalisation": lambda: [
        nn.Linear(20, 9, rng=0),
        nn.LayerNorm(9),
        nn.GELU(),
        nn.Linear(9, 4, rng=1),
    ],
    "sigmoid and tanh": lambda: [
        nn.Linear(20, 9, rng=0),
        nn.Sigmoid(),
        nn.Linear(9, 9, rng=1),
        nn.Tanh(),
        nn.Linear(9, 4, rng=2),
    ],
    "others": lambda: [
        nn.Linear(20, 9, rng=0),
        nn.SiLU(),
        nn.ELU(),
        nn.Softplus(),
        nn.LeakyReLU(),
        nn.Linear(9, 4, rng=2),
    ],
}
OPTIMISERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
}


def trained(layers, make_optimizer, wrap, dtype=np.float32, loss_fn=F.cross_entropy):
    """The losses and the state after some steps, with a change of mode on the way."""
    model = nn.Sequential(*layers()).to(dtype)
    optimizer = make_optimizer(model.parameters())

    def loss_and_scores(x, y):
        scores = model(x)
        return loss_fn(scores, y), scores

    function = wrap(loss_and_scores)
    rng = np.random.default_rng(5)
    seen = []
    for step in range(8):
        model.train(step != 5)
        x = rng.standard_normal((12 if step != 3 else 5, 20)).astype(dtype)
        loss, scores = function(x, rng.integers(0, 4, len(x)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append((loss.item(), scores.detach().numpy().copy()))
    return seen, list(model.state_dict().values())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_training_keeps_every_bit_of_every_weight(network, optimiser, dtype):
    layers, make = NETWORKS[network], OPTIMISERS[optimiser]
    compiled = trained(layers, make, tg.compile, dtype)
    ordinary = trained(layers, make, lambda f: f, dtype)
    assert [s[0] for s in compiled[0]] == [s[0] for s in ordinary[0]]
    assert equal([s[1] for s in compiled[0]], [s[1] for s in ordinary[0]])
    assert equal(compiled[1], ordinary[1])


@pytest.mark.parametrize(
    "options",
    [
        {"label_smoothing": 0.1},
        {"weight": np.array([1, 2, 0.5, 1], np.float32)},
        {"ignore_index": 2},
        {"reduction": "sum"},
    ],
)
def test_every_kind_of_cross_entropy_keeps_every_bit(options):
    def loss_fn(scores, y):
        return F.cross_entropy(scores, y, **options)

    layers, make = NETWORKS["the published one"], OPTIMISERS["SGD"]
    compiled = trained(layers, make, tg.compile, loss_fn=loss_fn)
    assert equal(compiled[1], trained(layers, make, lambda f: f, loss_fn=loss_fn)[1])


# ---------------------------------------------------------------------------------- the results


def setting():
    """A function of one weight, used twice, and the weight."""
    weight = tg.tensor(array(3, 3), requires_grad=True)
    return weight, lambda x: ((x @ weight).tanh() @ weight).sum()


def gradients(function, use):
    """What `use` leaves in the gradient of the weight, in three rounds."""
    weight, ordinary = setting()
    wrapped = function(ordinary)
    found = []
    for call in range(3):
        use(wrapped, [array(4, 3, seed=call), array(4, 3, seed=call + 9)], weight)
        found.append(weight.grad.numpy().copy())
        weight.grad = None
    return found


def two_alive(f, xs, weight):
    a, b = f(xs[0]), f(xs[1])
    (a * 2 + b).backward()


def backward_twice(f, xs, weight):
    a = f(xs[0])
    a.backward(retain_graph=True)
    a.backward()


def accumulated(f, xs, weight):
    f(xs[0]).backward()
    f(xs[1]).backward()


def recorded(f, xs, weight):
    (g,) = tg.grad(f(xs[0]), weight, create_graph=True)
    (g * g).sum().backward()


def kept(f, xs, weight):
    f(xs[0]).backward()
    first = weight.grad
    before = first.numpy().copy()
    weight.grad = None
    f(xs[1]).backward()
    assert equal(first, before)


def hooked(f, xs, weight):
    hook = weight.register_hook(lambda g: g * 3)
    f(xs[0]).backward()
    hook.remove()


@pytest.mark.parametrize(
    "use",
    [two_alive, backward_twice, accumulated, recorded, kept, hooked],
    ids=lambda f: f.__name__,
)
def test_gradients_keep_every_bit(use):
    assert equal(gradients(tg.compile, use), gradients(lambda f: f, use))


def test_a_freed_graph_says_so():
    _, function = setting()
    compiled = tg.compile(function)
    for _ in range(3):
        loss = compiled(array(4, 3))
        loss.backward()
        with pytest.raises(RuntimeError, match="freed"):
            loss.backward()


def test_results_that_are_kept_keep_their_values():
    big = tg.tensor(array(64, 64))
    compiled = tg.compile(lambda x: (x @ big).exp().tanh())
    results = [compiled(array(64, 64, seed=i)) for i in range(5)]
    for i, result in enumerate(results):
        assert equal(result, (tg.tensor(array(64, 64, seed=i)) @ big).exp().tanh())


def test_a_view_of_a_result_that_is_kept_keeps_its_values():
    big = tg.tensor(array(64, 64))
    compiled = tg.compile(lambda x: (x @ big).exp())
    views = [compiled(array(64, 64, seed=i)).numpy()[3:5] for i in range(5)]
    for i, view in enumerate(views):
        assert equal(view, (tg.tensor(array(64, 64, seed=i)) @ big).exp().numpy()[3:5])


def test_only_what_a_result_depends_on_gets_a_gradient():
    a, b = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, 4.0], requires_grad=True)
    compiled = tg.compile(lambda x: ((a * x).sum(), (b * x).sum()))
    for _ in range(3):
        first, second = compiled(array(2))
        second.backward()
        assert a.grad is None and b.grad is not None
        b.grad = None
        first, second = compiled(array(2))
        first.backward()
        assert b.grad is None and a.grad is not None
        a.grad = None


def test_both_results_in_one_backward_keep_every_bit():
    def found(wrap):
        w = tg.tensor(array(3, 3), requires_grad=True)

        def two(x):
            h = (x @ w).tanh()
            return h.sum(), (h * h).sum()

        f = wrap(two)
        for call in range(3):
            a, b = f(array(4, 3, seed=call))
            (a * 3 + b).backward()
        return w.grad

    assert equal(found(tg.compile), found(lambda f: f))


def test_what_is_returned_as_it_came_is_the_same_tensor():
    x, outside = tg.tensor(array(3)), tg.tensor(array(3))
    compiled = tg.compile(
        lambda x: {"x": x, "outside": outside, "twice": x * 2, "n": 3, "no": None}
    )
    for _ in range(3):
        result = compiled(x)
        assert result["x"] is x and result["outside"] is outside
        assert result["n"] == 3 and result["no"] is None and equal(result["twice"], x * 2)


def test_a_gradient_flows_to_an_argument_and_beyond():
    def found(wrap):
        w = tg.tensor(array(3), requires_grad=True)
        f = wrap(lambda h: (h * h).sum())
        for _ in range(3):
            f((w * 2).tanh()).backward()
        return w.grad

    assert equal(found(tg.compile), found(lambda f: f))


# ---------------------------------------------------------------------------------- derivatives


@dataclass
class Derivative:
    name: str
    function: object


def cubic(p):
    return (p @ p).tanh().sum()


@pytest.mark.parametrize(
    "derivative",
    [
        lambda p, v: hvp(cubic, p, v),
        lambda p, v: jvp(lambda p: p @ p, p, v),
        lambda p, v: tg.grad(cubic(q := p.detach().requires_grad_()), q),
    ],
)
def test_derivatives_keep_every_bit(derivative):
    compiled = tg.compile(derivative)
    for call in range(4):
        p, v = (tg.tensor(array(3, 3, seed=call + i)) for i in (0, 9))
        assert equal(tuple(compiled(p, v)), tuple(derivative(p, v)))


# --------------------------------------------------------------------------- what is read anew


def test_parameters_are_read_anew():
    model = nn.Linear(3, 2, rng=0)
    compiled = tg.compile(model)
    x = array(4, 3)
    for change in (
        lambda: None,
        lambda: None,
        lambda: setattr(model.weight, "data", array(2, 3, seed=3)),
        lambda: model.load_state_dict({"weight": array(2, 3, seed=4), "bias": array(2)}),
        lambda: model.weight.detach().add_(1),
        lambda: setattr(model, "weight", nn.Parameter(array(2, 3, seed=5))),
        lambda: model.double(),
        lambda: model.requires_grad_(False),
    ):
        change()
        assert equal(compiled(x), model(x))
        assert compiled(x).requires_grad == model(x).requires_grad


factor = 2.0
settings_of_mine = {"scale": 1.0, "flags": [True]}


def test_numbers_from_outside_are_looked_after():
    global factor
    local = 1.0

    class Model(nn.Module):
        shift = 0.5

        def __init__(self):
            self.power = 2

        def forward(self, x):
            return x**self.power + self.shift

    model = Model()

    def function(x, more=0.0):
        y = model(x) * factor + local + more
        return y * settings_of_mine["scale"] if settings_of_mine["flags"][0] else y

    compiled = tg.compile(function)
    x = array(3)
    factor = 3.0
    assert equal(compiled(x), function(tg.tensor(x)))
    factor = 4.0
    assert equal(compiled(x), function(tg.tensor(x)))
    local = 7.0
    assert equal(compiled(x), function(tg.tensor(x)))
    model.power = 3
    assert equal(compiled(x), function(tg.tensor(x)))
    Model.shift = 0.25
    assert equal(compiled(x), function(tg.tensor(x)))
    settings_of_mine["scale"] = 5.0
    assert equal(compiled(x), function(tg.tensor(x)))
    settings_of_mine["flags"][0] = False
    assert equal(compiled(x), function(tg.tensor(x)))
    assert equal(compiled(x, 1.0), function(tg.tensor(x), 1.0))
    assert equal(compiled(x, more=2.0), function(tg.tensor(x), 2.0))
    factor = 2.0


def test_arrays_from_outside_are_read_anew():
    table = array(3)
    compiled = tg.compile(lambda x: x + table)
    for i in range(4):
        table[0] = i
        assert equal(compiled(array(3)), tg.tensor(array(3)) + table)


def test_train_and_eval_each_have_a_program():
    model = nn.Sequential(nn.Linear(3, 3, rng=0), nn.Dropout(0.5, rng=0))
    compiled = tg.compile(model)
    x = array(4, 3)
    for _ in range(3):
        model.eval()
        assert equal(compiled(x), model(x))
        model.train()
        assert "draw" in (compiled(x), compiled.source)[1]


def test_shapes_dtypes_layouts_and_flags_each_have_a_program():
    compiled = tg.compile(lambda x: (x * 2).sum(0) + x.mean())
    for x in (array(3, 4), array(5, 4), array(3, 4, dtype=np.float64), array(4, 3).T,
              np.arange(12).reshape(3, 4).astype(np.float32)[:, ::2]):  # fmt: skip
        for _ in range(3):
            assert equal(compiled(x), (tg.tensor(x) * 2).sum(0) + tg.from_numpy(x).mean())
    x = tg.tensor(array(3, 4), requires_grad=True)
    assert compiled(x).requires_grad
    with tg.no_grad():
        assert not compiled(x).requires_grad
    assert compiled(x).requires_grad


def test_an_argument_that_comes_twice_has_a_program_of_its_own():
    compiled = tg.compile(lambda a, b: a - 2 * b)
    a, b = tg.tensor(array(3)), tg.tensor(array(3, seed=1))
    for _ in range(3):
        assert equal(compiled(a, a), a - 2 * a)
        assert equal(compiled(a, b), a - 2 * b)


def test_labels_that_are_ignored_are_seen_when_they_come():
    model = nn.Linear(5, 4, rng=0)
    compiled = tg.compile(lambda x, y: F.cross_entropy(model(x), y))
    for i in range(6):
        x, y = array(6, 5, seed=i), np.arange(6) % 4
        y[: i // 2] = -100
        assert equal(compiled(x, y), F.cross_entropy(model(x), y))


def test_labels_out_of_range_are_refused_at_each_call():
    model = nn.Linear(5, 4, rng=0)
    compiled = tg.compile(lambda x, y: F.cross_entropy(model(x), y))
    for _ in range(3):
        compiled(array(6, 5), np.arange(6) % 4)
        with pytest.raises(ValueError, match="row 4 has class 4"):
            compiled(array(6, 5), np.arange(6))


def test_the_callers_labels_may_be_overwritten_before_backward():
    model = nn.Linear(5, 4, rng=0)
    compiled = tg.compile(lambda x, y: F.cross_entropy(model(x), y))
    for _ in range(3):
        model.weight.grad = None
        y = np.arange(6) % 4
        loss = compiled(array(6, 5), y)
        y[:] = 0
        loss.backward()
        found, model.weight.grad = model.weight.grad, None
        F.cross_entropy(model(array(6, 5)), np.arange(6) % 4).backward()
        assert equal(found, model.weight.grad)


def test_a_weight_changed_before_backward_is_refused():
    weight, function = setting()
    compiled = tg.compile(function)
    for _ in range(3):
        loss = compiled(array(4, 3))
        with tg.no_grad():
            weight += 1
        with pytest.raises(RuntimeError, match="changed in place"):
            loss.backward()


# --------------------------------------------------------------------------------- the tables

STILL_REFUSED = {
    "functional: batch_norm": "its row copies the running mean with NumPy; layers train above",
}
"""Rows that cannot be compiled, and why."""

ROWS = [f"{room}: {row}" for room, table in TABLES.items() for row in table.cases]


def values_and_gradients(function, sample, scale, dtype):
    """What a call gives, and the gradients of its inputs."""
    given = [np.array(x * scale, dtype) if is_float(x) else x for x in sample.inputs]
    inputs = [tg.tensor(x, requires_grad=is_float(x)) for x in given if x is not None]
    y = function(*inputs)
    leaves = [x for x in inputs if x.requires_grad]
    found = tg.grad(y, leaves, weights_like(y.data), allow_unused=True) if y.requires_grad else []
    return [y, *found]


def is_float(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_the_tables_keeps_every_bit_or_is_known_to_be_refused(name):
    room, row = name.split(": ")
    called, refused = TABLES[room].called(row), False
    for sample in drawn(TABLES[room].cases[row].samples, 3):
        for dtype in (np.float32, np.float64):

            def function(*inputs, called=called, params=sample.params):
                return called(*inputs, **params)

            compiled = tg.compile(function)
            with np.errstate(all="ignore"):
                for scale in (1, 1.25, 1.5):
                    expected = values_and_gradients(function, sample, scale, dtype)
                    try:
                        found = values_and_gradients(compiled, sample, scale, dtype)
                    except CompileError:
                        refused = True
                        break
                    assert all(map(equal_or_nan, found, expected))
    assert refused == (name in STILL_REFUSED)


def equal_or_nan(a, b):
    """Whether two results are the same in every bit; one NaN is like another."""
    if a is None or b is None:
        return a is b
    return same(a.data, b.data) and np.array_equal(np.signbit(a.data), np.signbit(b.data))


# ------------------------------------------------------------------------------------- indices


def a_model_of_characters(wrap, dtype):
    """The losses and weights of a model that reads characters, in training."""
    words, layer = nn.Embedding(9, 5, rng=0, padding_idx=0), nn.Linear(15, 9, rng=1)
    model = nn.ModuleList([words, layer]).to(dtype)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    function = wrap(lambda x, y: F.cross_entropy(layer(words(x).flatten(1)), y))
    rng = np.random.default_rng(0)
    losses = []
    for _ in range(5):
        loss = function(rng.integers(0, 9, (8, 3)), rng.integers(0, 9, 8))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses, list(model.state_dict().values())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_with_an_embedding_keeps_every_bit(dtype):
    expected = a_model_of_characters(lambda f: lambda x, y: f(x, y), dtype)
    assert equal(a_model_of_characters(tg.compile, dtype), expected)


def placed(call, *shape):
    """Places from 0 to 2."""
    return np.random.default_rng(call).integers(0, 3, shape)


INDEXED = {
    "a vector": (lambda x, i, j: x[i], (4,), (1,)),
    "a number": (lambda x, i, j: x[i], (), (1,)),
    "a number beside a list": (lambda x, i, j: x[i, :, [0, 1]], (), (1,)),
    "a number beside an index": (lambda x, i, j: x[i, j], (), (4,)),
    "two indices": (lambda x, i, j: x[i, j], (4,), (2, 4)),
    "gather": (lambda x, i, j: x[0].gather(0, i), (4, 3), (1,)),
    "take_along_dim": (lambda x, i, j: x.take_along_dim(i, 0), (2, 3, 1), (1,)),
    "taken of all": (lambda x, i, j: x.take_along_dim(i), (2, 3), (1,)),
    "scatter_add": (lambda x, i, j: x[0].scatter_add(0, i, x[1]), (3, 3), (1,)),
    "scatter": (lambda x, i, j: x[0].scatter(0, i, x[1]), (3, 3), (1,)),
    "scatter that adds": (lambda x, i, j: x[0].scatter(0, i, 2.5, reduce="add"), (3, 3), (1,)),
    "scatter that multiplies": (
        lambda x, i, j: x[0].scatter(0, i, x[1], reduce="multiply"), (3, 3), (1,),
    ),
    "index_add": (lambda x, i, j: x.index_add(1, i, x[:, :2], alpha=2.5), (2,), (1,)),
    "put": (lambda x, i, j: tg.ops.put(x[0], shape=(3, 3), index=(i,)), (3,), (1,)),
    "embedding": (lambda x, i, j: F.embedding(i, x[0], 1), (2, 2), (1,)),
    "embedding of one": (lambda x, i, j: F.embedding(i, x[0]), (), (1,)),
    "one_hot": (lambda x, i, j: x[0] * F.one_hot(i, 3), (3,), (1,)),
    "as many classes as there are": (lambda x, i, j: F.one_hot(i) * x.sum(), (3,), (1,)),
    "counts": (lambda x, i, j: x.repeat_interleave(i, 0), (3,), (1,)),
    "from argmax": (lambda x, i, j: x.gather(2, x.argmax(2, keepdim=True)), (1,), (1,)),
    "from max_pool2d": (lambda x, i, j: F.max_pool2d(x, 2, return_indices=True)[1] + x[0, 0, 0],
                        (1,), (1,)),
}  # fmt: skip


@pytest.mark.parametrize("kind", INDEXED)
def test_indices_as_arguments_keep_every_bit(kind):
    function, *shapes = INDEXED[kind]

    def results(f):
        found = []
        for call in range(4):
            x = tg.tensor(array(3, 3, 3, seed=call), requires_grad=True)
            y = f(x, *(tg.tensor(placed(call + k, *shape)) for k, shape in enumerate(shapes)))
            found.append((y, *tg.grad(y, [x], weights_like(y.data))))
        return found

    assert equal(results(tg.compile(function)), results(function))


@pytest.mark.parametrize("call", range(3))
def test_an_index_out_of_range_is_refused_at_each_call(call):
    compiled = tg.compile(lambda i, x: F.embedding(i, x))
    for i in range(call):
        compiled(placed(i, 4), array(3, 2))
    with pytest.raises(ValueError, match="was asked for 0 to 3"):
        compiled(np.arange(4), array(3, 2))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[x > 0].mean(),
        lambda x: (x[x > 0] * 2, x[x > 0].shape[0]),
        lambda x: x.sum() * tg.argwhere(x > 0).shape[0],
        lambda x: sum(part.sum() for part in (x > 0).nonzero(as_tuple=True)) * x,
        lambda x: x * 2 if x.equal(abs(x)) else x * 3,
        lambda x: x * 2 if x.allclose(abs(x)) else x * 3,
    ],
)
def test_shapes_and_answers_that_depend_on_values_are_looked_after(function):
    compiled = tg.compile(function)
    for values in ([1, -1, 2], [1, -2, 2], [3, 2, 2], [1, 2, -3], [-1, -2, 3], [1, 1, 1]):
        x = tg.tensor(np.array(values, np.float32), requires_grad=True)
        found, expected = compiled(x), function(x)
        assert equal(found, expected)
        if isinstance(found, tg.Tensor):
            assert equal(tg.grad(found.sum(), x), tg.grad(expected.sum(), x))


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: tg.rand(3, rng=rng),
        lambda rng: tg.randn(3, rng=rng, dtype=np.float64),
        lambda rng: tg.randint(0, 9, (3,), rng=rng),
        lambda rng: tg.randperm(3, rng=rng),
        lambda rng: tg.randn((), rng=rng),
    ],
)
def test_random_tensors_are_drawn_anew(draw):
    def results(wrap):
        rng = np.random.default_rng(5)
        function = wrap(lambda x: x * draw(rng))
        return [function(tg.tensor(array(3, seed=i))) for i in range(4)]

    assert equal(results(tg.compile), results(lambda f: f))


def test_batch_norm_over_all_batches_keeps_every_bit():
    def results(wrap):
        norm = nn.BatchNorm1d(3, momentum=None)
        function = wrap(norm)
        found = [function(tg.tensor(array(4, 3, seed=i))) for i in range(5)]
        return found, list(norm.state_dict().values())

    assert equal(results(tg.compile), results(lambda f: f))


# ------------------------------------------------------------------------------ what is refused

rng = np.random.default_rng(0)
log = []
count = {"calls": 0}
weight = nn.Parameter([1.0, 2.0, 3.0])


def counted(x):
    count["calls"] += 1
    return x * 2


REFUSED = {
    "item": (lambda x: x * x.sum().item(), "looks at the values"),
    "float": (lambda x: x * float(x.sum()), "looks at the values"),
    "a branch": (lambda x: x if x.sum() > 0 else -x, "looks at the values"),
    "data": (lambda x: x * x.data, "looks at the values"),
    "numpy": (lambda x: x * x.detach().numpy(), "looks at the values"),
    "asarray": (lambda x: x * np.asarray(x).mean(), "looks at the values"),
    "a NumPy function": (lambda x: x * np.median(x), "looks at the values"),
    "tolist": (lambda x: x * x.tolist()[0], "looks at the values"),
    "print": (lambda x: (print(x), x)[1], "looks at the values"),
    "a loop over values": (lambda x: sum(v for v in x if v > 0), "looks at the values"),
    "one-hot by NumPy": (
        lambda x: x * np.eye(3, dtype=np.float32)[(x > 0).data.astype(int)],
        "looks",
    ),
    "a parameter's data": (lambda x: x * weight.data, "looks at the values"),
    "a parameter's number": (lambda x: x * weight[0].item(), "looks at the values"),
    "a gradient": (lambda x: x if weight.grad is None else x * 2, r"reads \.grad"),
    "a mask": (lambda x: x * (rng.random(3) > 0.5), "Python made beside the ops"),
    "a tensor of a mask": (lambda x: x * tg.tensor(rng.random(3) > 0.5), "beside the ops"),
    "an array of its own": (lambda x: x + np.linspace(0, 1, 3), "beside the ops"),
    "a number drawn": (lambda x: x * rng.random(), "draws from rng"),
    "a generator of its own": (lambda x: F.dropout(x, 0.5, rng=None), "pass rng="),
    "backward": (lambda x: (x * weight).sum().backward(), r"calls backward\(\)"),
    "a hook": (lambda x: (y := x * weight, y.register_hook(print))[0], "hook"),
    "setting data": (lambda x: setattr(weight, "data", None), r"sets \.data"),
    "appending": (lambda x: (log.append(1), x * 2)[1], "log had"),
    "counting": (counted, "in count, 0 became 1"),
    "an array as result": (lambda x: np.ones(3), "returns a NumPy array"),
    "writing into an argument": (lambda x: x.add_(1), "writes into"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_program_can_hold_is_refused_with_its_line(case):
    function, words = REFUSED[case]
    with pytest.raises(CompileError, match=words) as caught:
        tg.compile(function)(tg.tensor(array(3)))
    assert "cannot be compiled" in str(caught.value)
    assert not hasattr(vars(tg.Tensor).get("data"), "fget")  # nothing is left of the watch


fair = random.Random(3)
old_style = np.random.RandomState(3)

CHANCE = {
    "a coin": (lambda x: x * random.choice([1, 2]), "draws from the generator of random"),
    "a coin, indirectly": (lambda x: (random.shuffle([1, 2, 3]), x * 2)[1], "of random"),
    "a generator of random": (lambda x: x * fair.choice([1, 2]), "draws from fair"),
    "NumPy's old coin": (lambda x: x * np.random.randint(1, 3), "the generator of numpy"),
    "NumPy's old generator": (lambda x: x * old_style.randint(1, 3), "draws from old_style"),
    "without a seed": (lambda x: x * np.random.default_rng().integers(1, 3), "asks the system"),
    "the old one without": (lambda x: x * np.random.RandomState().randint(1, 3), "asks the system"),
    "Python's without": (lambda x: x * random.Random().choice([1, 2]), "asks the system"),
    "the system's": (lambda x: x * random.SystemRandom().choice([1, 2]), "asks the system"),
    "a secret": (lambda x: x * (1 + secrets.randbelow(2)), "asks the system"),
    "bytes": (lambda x: x * (1 + os.urandom(1)[0] % 2), "asks the system"),
    "a name for all": (lambda x: (uuid.uuid4(), x * 2)[1], "asks the system"),
    "the time": (lambda x: x * time.time(), r"reads the clock by time\(\)"),
    "whole seconds": (lambda x: x * int(time.perf_counter()), r"by perf_counter\(\)"),
    "under another name": (lambda x: x * int(clock_of_its_own()), r"by monotonic\(\)"),
    "the year": (lambda x: x * datetime.datetime.now().year, r"by now\(\)"),
    "the day": (lambda x: x * datetime.date.today().day, r"by today\(\)"),
}


@pytest.mark.parametrize("case", CHANCE)
def test_time_and_chance_are_refused_even_where_two_calls_would_agree(case):
    function, words = CHANCE[case]
    states = random.getstate(), old_style.get_state()[2], fair.getstate()
    profiled = sys.getprofile()
    with pytest.raises(CompileError, match=words) as caught:
        tg.compile(function)(array(3))
    assert "test_compile.py" in str(caught.value), "the user's line"
    assert sys.getprofile() is profiled
    assert (random.getstate(), old_style.get_state()[2], fair.getstate()) == states


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * np.random.default_rng(3).integers(1, 9),
        lambda x: x * random.Random(3).randint(1, 9),
        lambda x: x * datetime.timedelta(seconds=3).seconds,
        lambda x: (time.sleep(0), x * time.gmtime.__name__.count("t"))[1],
        lambda x: x if x.shape else x * time.time(),
    ],
)
def test_what_looks_like_chance_and_is_none_compiles(function):
    compiled = tg.compile(function)
    for i in range(4):
        assert equal(compiled(array(3, seed=i)), function(tg.tensor(array(3, seed=i))))
    assert compiled.source


def test_a_generator_whose_state_holds_an_array_is_followed():
    rng = np.random.Generator(np.random.MT19937(3))
    compiled = tg.compile(lambda x: F.dropout(x, 0.5, rng=rng))
    again = np.random.Generator(np.random.MT19937(3))
    for _ in range(4):
        assert equal(compiled(tg.ones(9)), F.dropout(tg.ones(9), 0.5, rng=again))


def test_a_timer_of_garbage_collection_is_not_the_functions():
    times = []

    def note(phase, info):
        times.append(time.perf_counter())

    gc.callbacks.append(note)
    try:
        compiled = tg.compile(lambda x: (gc.collect(), time.sleep(0), x * 2)[2])
        assert equal(compiled(array(3)), tg.tensor(array(3)) * 2)
    finally:
        gc.callbacks.remove(note)
    assert times


def test_a_profiler_of_the_users_goes_on():
    seen = []
    compiled = tg.compile(lambda x: (time.sleep(0), x * 2)[1])
    before = sys.getprofile()
    sys.setprofile(lambda *event: seen.append(event))
    try:
        compiled(array(3))
        called = len(seen)
        abs(1)
    finally:
        sys.setprofile(before)
    assert len(seen) > called


def test_what_changes_unseen_is_noticed_at_the_second_call(tmp_path):
    file = tmp_path / "factor"
    file.write_text("2")
    compiled = tg.compile(lambda x: x * float(file.read_text()))
    compiled(array(3))
    file.write_text("3")
    with pytest.raises(CompileError, match="second call gives something else"):
        compiled(array(3))


def test_forward_hooks_are_refused():
    model = nn.Linear(3, 2, rng=0)
    model.register_forward_hook(lambda module, inputs, output: None)
    with pytest.raises(CompileError, match="forward hook"):
        tg.compile(model)(array(4, 3))


def test_long_lists_from_outside_are_refused():
    words = list(range(5000))
    with pytest.raises(CompileError, match="5,000 entries"):
        tg.compile(lambda x: x * words[3])(array(3))


def test_an_argument_that_is_also_found_outside_is_refused():
    with pytest.raises(CompileError, match="also found outside"):
        tg.compile(lambda x: x * weight)(weight)


def test_the_source_is_there_after_the_first_call():
    compiled = tg.compile(lambda x: x * 2)
    with pytest.raises(CompileError, match="first call"):
        _ = compiled.source
    compiled(array(3))
    assert "np.multiply(x, 2)" in compiled.source


# ----------------------------------------------------------------------- in the company of others


def test_anomalies_are_found_in_a_compiled_function():
    compiled = tg.compile(lambda x: x.log())
    for _ in range(3):
        compiled(tg.tensor([1.0]))
    with (
        np.errstate(all="ignore"),
        tg.detect_anomaly(),
        pytest.raises(FloatingPointError, match="log"),
    ):
        compiled(tg.tensor([-1.0]))


def test_a_compiled_function_inside_another_is_part_of_it():
    inner = tg.compile(lambda x: x.tanh())
    outer = tg.compile(lambda x: inner(x) * 2)
    for i in range(4):
        assert equal(outer(array(3, seed=i)), tg.tensor(array(3, seed=i)).tanh() * 2)
    assert "tanh" in outer.source


def test_threads_share_a_compiled_function():
    big = tg.tensor(array(64, 64), requires_grad=True)

    def function(x):
        return (x @ big).tanh().sum()

    compiled = tg.compile(function)
    expected = [function(array(64, 64, seed=i)).item() for i in range(40)]
    found = [None] * 40

    def work(k):
        for i in range(k, 40, 4):
            found[i] = compiled(array(64, 64, seed=i)).item()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_an_error_leaves_nothing_behind():
    compiled = tg.compile(lambda x: x @ x)
    with pytest.raises(ValueError, match="matmul"):
        compiled(array(3, 4))
    for i in range(3):
        assert equal(
            compiled(array(3, 3, seed=i)), tg.tensor(array(3, 3, seed=i)) @ array(3, 3, seed=i)
        )


def test_a_decorated_method_has_a_program_for_each_instance():
    class Model(nn.Module):
        def __init__(self, seed):
            self.layer = nn.Linear(3, 2, rng=seed)

        @tg.compile
        def forward(self, x):
            return self.layer(x)

    for seed in (0, 1):
        model = Model(seed)
        for i in range(3):
            assert equal(model(array(4, 3, seed=i)), model.layer(array(4, 3, seed=i)))


def test_the_source_can_be_run_alone():
    model = nn.Linear(3, 2, rng=0)
    compiled = tg.compile(lambda x: model(x).softmax(-1))
    result = compiled(array(4, 3))
    names = {}
    exec(compiled.source, names)
    rooms = []
    w, b = model.weight.detach().numpy(), model.bias.detach().numpy()
    (found,), _ = names["forward"](array(4, 3), w, b, rooms)[:2]
    assert equal(found, result)


def test_a_survey_finds_what_a_function_can_reach():
    model = nn.Linear(3, 2, rng=0)
    survey = Survey({"": lambda x: model(x)})
    assert {name for _, name in survey.holders.values()} == {"model.weight", "model.bias"}
    assert weights_like(np.zeros(2)).shape == (2,)


def test_a_refused_call_sets_generators_and_buffers_back():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5, rng=0))
    before = model.state_dict()
    state = model[1].rng.bit_generator.state
    with pytest.raises(CompileError):
        tg.compile(lambda x: model(x) * model(x).sum().item())(array(4, 3))
    assert equal(list(model.state_dict().values()), list(before.values()))
    assert model[1].rng.bit_generator.state == state


# --------------------------------------------------------------- what changes out of a call's sight


def outputs_while(function, change, calls=5):
    """What a function gives in several calls; before the last two something outside changes."""
    found = []
    for i in range(calls):
        if i > 2:
            change(float(i))
        found.append(function(tg.tensor(array(3, seed=i))).numpy().copy())
    return found


def an_attribute_of_a_function():
    def function(x):
        return x * function.scale

    function.scale = 2.0
    return function, lambda value: setattr(function, "scale", value)


def an_entry_of_a_deque():
    scales = deque([2.0])
    return lambda x: x * scales[0], lambda value: scales.__setitem__(0, value)


def a_context_variable():
    scale = ContextVar("scale", default=2.0)
    return lambda x: x * scale.get(), scale.set


def what_a_special_method_reads():
    scale = [2.0]

    class Table:
        def __getitem__(self, i):
            return scale[0]

    table = Table()
    return lambda x: x * table[0], lambda value: scale.__setitem__(0, value)


def a_module_inside_a_module():
    settings = ModuleType("settings_of_a_user")
    settings.inner = ModuleType("settings_of_a_user.inner")
    settings.inner.scale = 2.0
    return lambda x: x * settings.inner.scale, lambda v: setattr(settings.inner, "scale", v)


def a_variable_of_the_environment():
    os.environ["SCALE_OF_A_TEST"] = "2"

    def change(value):
        os.environ["SCALE_OF_A_TEST"] = str(value)

    return lambda x: x * float(os.environ["SCALE_OF_A_TEST"]), change


def a_number_in_an_array():
    table = np.array([2.0, 3.0])
    return lambda x: x * float(table[0]), lambda value: table.__setitem__(0, value)


def one_of_two_tensors_on_one_array():
    weight = tg.tensor(array(3))
    frozen = weight.detach()

    def change(value):
        weight.data = np.full(3, value, np.float32)

    return lambda x: x * weight + x * frozen * 2, change


@pytest.mark.parametrize(
    "make",
    [
        an_attribute_of_a_function,
        an_entry_of_a_deque,
        a_context_variable,
        what_a_special_method_reads,
        a_module_inside_a_module,
        a_variable_of_the_environment,
        a_number_in_an_array,
        one_of_two_tensors_on_one_array,
    ],
    ids=lambda f: f.__name__,
)
def test_what_changes_outside_is_noticed(make):
    function, change = make()
    expected = outputs_while(function, change)
    function, change = make()
    assert equal(outputs_while(tg.compile(function), change), expected)


def test_keywords_and_a_dict_are_not_confused():
    compiled = tg.compile(lambda x=None, a=None: x["a"] * 2 if isinstance(x, dict) else a * 3)
    for i in range(3):
        t = tg.tensor(array(3, seed=i))
        assert equal(compiled({"a": t}), t * 2)
        assert equal(compiled(a=t), t * 3)


# ------------------------------------------------------------------------- who owns which memory


@pytest.mark.parametrize("part", [lambda h: h, lambda h: h.detach()])
def test_a_result_changed_before_backward_is_refused(part):
    w = tg.tensor(array(3), requires_grad=True)

    def function(x):
        h = (x * w).exp()
        return h.sum(), part(h)

    compiled = tg.compile(function)
    for _ in range(3):
        loss, h = compiled(array(3))
        with tg.no_grad():
            h.zero_()
        with pytest.raises(RuntimeError, match="changed in place"):
            loss.backward()


@pytest.mark.parametrize(
    "function",
    [
        lambda x: (x * 2, tg.zeros(3), tg.zeros(4)[1:3], (tg.ones(4) * 3)[1:3]),
        lambda x: ((x * 2)[1:], (x * 2)[1:], (x * 2)[:1]),
    ],
)
def test_each_result_may_be_written_into(function):
    compiled = tg.compile(function)
    for i in range(4):
        x = tg.tensor(array(3, seed=i))
        found, expected = compiled(x), function(x)
        for result in (*found, *expected):
            result.add_(1)
        assert equal(found, expected)


def test_a_written_buffer_and_its_views_are_refused_where_they_would_be_copies():
    buffer = nn.Buffer(np.zeros(3, np.float32))
    view = tg.from_numpy(buffer.numpy()[1:])
    with pytest.raises(CompileError, match="a view of a tensor that was written to"):
        tg.compile(lambda x: (buffer.add_(x), view * 2)[1])(array(3))
    with pytest.raises(CompileError, match="it writes into"):
        tg.compile(lambda x: buffer.add_(x)[1:])(array(3))


def test_only_tensors_and_numbers_are_returned():
    @dataclass
    class Pair:
        a: object

    for function in (lambda x: Pair(x * 2), lambda x: (y for y in [x * 2]), lambda x: {x}):
        with pytest.raises(CompileError, match="it returns a"):
            tg.compile(function)(array(3))


def test_an_array_that_is_returned_as_it_came_is_a_tensor_each_time():
    compiled = tg.compile(lambda x: x)
    for _ in range(3):
        assert isinstance(compiled(array(3)), tg.Tensor)


# ----------------------------------------------------------------- leaves, hooks, ops of the user's


def test_no_gradient_flows_through_a_leaf_that_was_made_inside():
    def found(wrap):
        w = tg.tensor(array(3), requires_grad=True)

        def function(x):
            h = x * w
            d = h.detach().requires_grad_()
            return h.sum(), (d * d).sum() + (h * 2).sum()

        f = wrap(function)
        for i in range(3):
            f(array(3, seed=i))[1].backward()
        return w.grad

    assert equal(found(tg.compile), found(lambda f: lambda x: f(tg.tensor(x))))


def test_a_result_whose_graph_begins_inside_is_refused():
    with pytest.raises(CompileError, match="graph begins"):
        tg.compile(lambda x: x.detach().requires_grad_() * 2)(array(3))


def test_requires_grad_of_an_argument_is_not_changed_inside():
    with pytest.raises(CompileError, match="changes requires_grad"):
        tg.compile(lambda x: x.requires_grad_() * 2)(tg.tensor(array(3)))


def test_two_arguments_on_one_memory_are_refused_if_both_require_a_gradient():
    w = tg.tensor(array(3), requires_grad=True)
    with pytest.raises(CompileError, match="two of its arguments"):
        tg.compile(lambda a, b: (a * b).sum())(w.detach().requires_grad_(), w)


def test_the_second_call_calls_no_hook_and_walks_no_graph_of_others():
    calls, w = [], tg.tensor(array(3), requires_grad=True)
    w.register_hook(calls.append)
    compiled = tg.compile(lambda h: (h * w).sum())
    for i in range(3):
        h = tg.tensor(array(3, seed=i), requires_grad=True) * 2
        h.retain_grad()
        h.sum().backward()  # its graph is gone now
        before = h.grad.numpy().copy()
        compiled(h)
        assert equal(h.grad, before)
    assert not calls


def turned_round():
    @tg.op(grad=lambda g, y, x: -g)
    def turned_round(x):
        return x

    return lambda h: (turned_round(h) * 3).sum() + (h * h).sum()


def clamped_behind():
    @tg.op(grad=lambda g, y, x: g * tg.composed.clamp(x, 0, 1))
    def clamped_behind(x):
        return x * x

    return lambda h: clamped_behind(h).sum()


@pytest.mark.usefixtures("forgets_new_ops")
@pytest.mark.parametrize("make", [turned_round, clamped_behind], ids=lambda make: make.__name__)
def test_ops_of_ones_own_keep_every_bit(make):
    function = make()

    def found(wrap):
        w = tg.tensor(array(3), requires_grad=True)
        f = wrap(lambda x: function(x * w))
        for i in range(4):
            x = array(3, seed=i)
            x[0] = np.nan if i == 3 else x[0]
            f(tg.tensor(x)).backward()
        return w.grad

    a, b = (found(w).numpy() for w in (tg.compile, lambda f: f))
    assert np.array_equal(a, b, equal_nan=True)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + tg.tensor([1.0, float("-inf"), float("nan")]),
        lambda x: x * tg.full((3,), float("inf")),
        lambda x: x + tg.tensor(float("inf")),
        lambda x: x.sum().flip(()),
        lambda **x: sum(x.values()),
    ],
)
def test_unusual_constants_indices_and_names_can_be_written_down(function):
    compiled = tg.compile(function)
    for i in range(3):
        x = tg.tensor(array(3, seed=i))
        if function.__code__.co_argcount:
            a, b = compiled(x).numpy(), function(x).numpy()
        else:
            a, b = compiled(**{"a-b": x, "x²": x}).numpy(), (x + x).numpy()
        assert np.array_equal(a, b, equal_nan=True)


# --------------------------------------------------------------------------------------- names


def ops_with_awkward_names():
    """Ops named as what a program is made of, in a namespace of their own."""
    names = ["draw", "check", "write", "np", "numpy", "expect", "forward", "room", "shape_of",
             "float", "int", "copy", "tinygrad_mlp"]  # fmt: skip
    made = []
    for factor, name in enumerate(names, start=2):

        def function(x, factor=factor):
            return x * factor

        function.__name__ = name
        made.append(tg.op(grad=lambda g, y, x, factor: g * factor)(function))
    return made


@pytest.mark.usefixtures("forgets_new_ops")
def test_ops_may_have_any_name():
    ops = ops_with_awkward_names()

    def function(x):
        x = x[x > float("-inf")]  # a check, of shape_of
        for op in ops:
            x = op(x) / 3
        return F.dropout(x, 0.5, rng=0).tanh()

    compiled = tg.compile(function)
    for i in range(3):
        x = tg.tensor(array(3, seed=i), requires_grad=True)
        assert equal(tg.grad(compiled(x).sum(), x), tg.grad(function(x).sum(), x))


@pytest.mark.usefixtures("forgets_new_ops")
def test_an_op_that_was_defined_anew_is_told_from_the_former_one():
    def make(factor):
        @tg.op(grad=lambda g, y, x: g * factor)
        def scaled(x):
            return x * factor

        return scaled

    first, second = make(2), make(3)
    compiled = tg.compile(lambda x: first(x) * second(x) + first(x))
    for i in range(3):
        x = tg.tensor(array(3, seed=i), requires_grad=True)
        y = compiled(x)
        assert equal(y, first(x) * second(x) + first(x))
        assert equal(tg.grad(y.sum(), x), tg.grad((first(x) * second(x) + first(x)).sum(), x))


@pytest.mark.usefixtures("forgets_new_ops")
def test_an_op_may_take_parameters_of_any_kind():
    @tg.op(grad=lambda g, y, x, **params: g)
    def told(x, kind=None, turn=None, dtype=None, limit=None):
        return turn(x)

    params = {"kind": threading.Thread, "turn": np.negative, "limit": np.float32(np.inf)}
    compiled = tg.compile(lambda x: told(x, dtype=np.float64, **params))
    for i in range(3):
        assert equal(compiled(array(3, seed=i)), -array(3, seed=i))


@pytest.mark.usefixtures("forgets_new_ops")
def test_an_op_whose_shape_depends_on_values_is_refused_when_it_changes():
    @tg.op
    def different(x):
        return np.unique(x)

    compiled = tg.compile(lambda x: different(x) * 2)
    for _ in range(3):
        assert compiled(np.array([1.0, 2.0, 2.0])).shape == (2,)
    with pytest.raises(CompileError, match=r"shape \(3,\), and \(2,\) when"):
        compiled(np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize(
    "names",
    [
        ("class", "None", "lambda"),
        ("np", "room", "forward", "expect", "insist"),
        ("float", "int", "slice", "bool"),
        ("self", "args", "kwargs"),
        ("x-y", "x y", "", "1", "."),
        ("\ufb01", "fi", "x\u00b2", "\u00fc"),  # the first two are one name to Python
        ("draw", "softmax", "is_class", "count_equal", "shape_of", "given", "constant"),
    ],
)
def test_arguments_and_parameters_may_have_any_name(names):
    model = nn.Module()
    for i, name in enumerate(names):
        setattr(model, name, nn.Parameter(array(3, seed=9 + i)))
        setattr(model, f"{name}.weight", nn.Parameter(array(3, seed=9 + i)))

    def function(**given):
        x = sum(value * getattr(model, name) for name, value in given.items())
        x = x * getattr(model, f"{names[0]}.weight") + tg.tensor([1.0, float("-inf"), 2.0])
        return F.cross_entropy(F.dropout(x[x < 9], 0.5, rng=0)[::2], tg.tensor(1))

    compiled = tg.compile(function)
    with np.errstate(all="ignore"):
        for call in range(3):
            given = {name: tg.tensor(array(3, seed=call + i)) for i, name in enumerate(names)}
            assert equal_or_nan(compiled(**given), function(**given))


def test_types_of_numbers_can_be_written_down():
    for function in (
        lambda x: x.sum(dtype=np.float64),
        lambda x: x.long().sum(dtype=np.float32),
        lambda x: x.sum(0, dtype=np.int8),
        lambda x: x.softmax(0, dtype=float),
        lambda x: x.sum(np.int64(0)),
    ):
        compiled = tg.compile(function)
        for i in range(3):
            x = tg.tensor(array(3, seed=i))
            assert equal(compiled(x), function(x))


# ------------------------------------------------------------------------- what changes each time


def warned(function, calls):
    """What a compiled function says, called with these arguments; its results are right."""
    compiled = tg.compile(function)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for args in calls:
            assert equal(compiled(*args), function(*args))
    return [str(w.message) for w in caught], compiled


def test_a_number_that_changes_at_each_call_is_named_once():
    x = tg.tensor(array(3))
    words, compiled = warned(lambda x, heat: x / heat, [(x, 1.0 + i) for i in range(40)])
    assert len(words) == 1
    assert "heat was 16.0 and is 17.0" in words[0] and "tg.tensor(number)" in words[0]
    assert "16 programs" in repr(compiled)


def test_a_number_outside_that_changes_at_each_call_is_named():
    global factor

    def function(x):
        return x * factor

    compiled = tg.compile(function)
    with pytest.warns(UserWarning, match=r"factor: 15\.0 became 16\.0"):
        for i in range(40):
            factor = float(i)
            assert equal(compiled(array(3)), function(tg.tensor(array(3))))
    factor = 2.0


def test_a_shape_that_changes_at_each_call_is_named():
    words, _ = warned(lambda x: x * 2, [(tg.tensor(array(i + 1)),) for i in range(20)])
    assert "x was float32 (16,) and is float32 (17,)" in words[0]


def test_programs_that_are_used_may_be_many():
    calls = [(tg.tensor(array(n + 1)),) for n in range(20) for _ in range(101)]
    words, compiled = warned(lambda x: x * 2, calls)
    assert not words and "20 programs" in repr(compiled)


def test_a_number_given_as_a_tensor_needs_one_program():
    x = tg.tensor(array(3))
    words, compiled = warned(lambda x, heat: x / heat, [(x, tg.tensor(1.0 + i)) for i in range(40)])
    assert not words and "1 programs" in repr(compiled)


# ------------------------------------------------------------------------------ memory in common


def test_results_may_be_handed_back_in():
    big = tg.tensor(array(64, 64))

    def chain(f):
        x = tg.tensor(array(64, 64, seed=1))
        for i in range(8):
            y = f(x)
            x = [y, y.T, y.detach(), y.reshape(64, 64), tg.from_numpy(y.numpy()[::-1])][i % 5]
        return x

    function = lambda x: (x @ big).tanh() + x.sigmoid()  # noqa: E731
    assert equal(chain(tg.compile(function)), chain(function))


def test_arguments_may_be_views_of_one_array():
    whole = array(20, 8)
    compiled = tg.compile(lambda a, b: (a @ b.T).tanh() @ b + a)
    for i in range(4):
        a, b = (tg.from_numpy(whole[k : k + 9]) for k in (i, 2 * i))
        assert equal(compiled(a, b), (a @ b.T).tanh() @ b + a)


SOURCES = {
    "the parameter": lambda w: w,
    "its own data": lambda w: w.data,
    "detached": lambda w: w.detach(),
    "its own data, from the first call on": lambda w: w.data,
    "detached, from the first call on": lambda w: w.detach(),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_an_argument_may_lie_in_the_memory_of_a_parameter(kind):
    def found(wrap):
        w = tg.tensor(array(3), requires_grad=True)
        function = wrap(lambda x: (x * w).exp().sum() if x is not w else (x * w).sum())
        gradients = []
        for i in range(5):
            inside = i == 3 or "first" in kind
            other = tg.tensor(array(3, seed=i), requires_grad=kind == "the parameter")
            x = SOURCES[kind](w) if inside else other
            x = x if isinstance(x, tg.Tensor) or wrap is tg.compile else tg.from_numpy(x)
            w.grad = None
            function(x).backward()
            gradients.append(w.grad)
        return gradients

    assert equal(found(tg.compile), found(lambda f: f))


def test_one_of_two_arguments_on_one_memory_may_require_a_gradient():
    def found(function):
        w = tg.tensor(array(3), requires_grad=True)
        return [tg.grad(function(w.detach(), w), w) for _ in range(3)]

    function = lambda a, b: (a * b * b).sum()  # noqa: E731
    assert equal(found(tg.compile(function)), found(function))


def test_an_argument_may_lie_in_a_buffer_that_is_written():
    def found(wrap):
        norm = nn.BatchNorm1d(3)
        function = wrap(lambda x, s: (norm(x), s * 2))
        return [
            function(
                tg.tensor(array(4, 3, seed=i)),
                tg.from_numpy(norm.running_mean.numpy()[:2] if i == 3 else array(2)),
            )
            for i in range(5)
        ]

    assert equal(found(tg.compile), found(lambda f: f))


def test_a_parameter_that_is_stepped_inside_may_be_given():
    def found(wrap):
        w = tg.tensor(array(3), requires_grad=True)

        def step(x):
            loss = (x * w * w).sum()
            (gradient,) = tg.grad(loss, w)
            with tg.no_grad():
                w.sub_(0.1 * gradient)
            return loss.detach()

        function = wrap(step)
        losses = [function(w.detach() if i == 3 else tg.tensor(array(3, seed=i))) for i in range(5)]
        return losses, w

    assert equal(found(tg.compile), found(lambda f: f))


# --------------------------------------------------------------------------- copies and company


class Scaled(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(3, 2, rng=0)
        self.scale = 2.0

    @tg.compile
    def forward(self, x):
        return self.layer(x) * self.scale


@pytest.mark.parametrize(
    "make", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copy_of_a_model_has_programs_of_its_own(make):
    model, x = Scaled(), tg.tensor(array(4, 3))
    for _ in range(3):
        model(x)
    other = make(model)
    other.scale, other.layer = 5.0, nn.Linear(3, 2, rng=7)
    for _ in range(3):
        assert equal(other(x), other.layer(x) * 5.0)
        assert equal(model(x), model.layer(x) * 2.0)


def test_a_method_and_a_function_inside_another_are_not_written_down_anew():
    model, x = Scaled(), tg.tensor(array(4, 3))
    inner = tg.compile(lambda x: x.tanh())
    outer = tg.compile(lambda x: inner(x) * 2)
    for i in range(4):
        model(x)
        outer(x)
        inner(array(2, i + 1))
    assert "1 programs" in repr(outer)
    assert "1 programs" in repr(model.forward)


def test_arrays_become_tensors_also_while_someone_watches():
    compiled = tg.compile(lambda x: x.exp())
    with tg.detect_anomaly():
        assert equal(compiled(array(3)), tg.tensor(array(3)).exp())


def test_a_gradient_needs_no_graph_while_another_thread_is_tracing():
    weight, function = setting()
    compiled = tg.compile(function)
    losses = [compiled(array(4, 3)) for _ in range(3)]
    with observe(Tracing()):
        losses[-1].backward()
    assert not weight.grad.requires_grad


class Tracing(Observer):
    writes_programs = True


def test_a_draw_that_no_result_needs_is_still_drawn():
    def states(wrap):
        rng = np.random.default_rng(0)
        function = wrap(lambda x: (F.dropout(x, 0.5, rng=rng), x * 2)[1])
        found = []
        for _ in range(4):
            function(tg.tensor(array(3)))
            found.append(rng.bit_generator.state["state"]["state"])
        return found

    assert states(tg.compile) == states(lambda f: f)


def test_a_buffer_that_a_program_writes_into_counts_as_changed():
    norm = nn.BatchNorm1d(3)
    compiled = tg.compile(norm)
    for _ in range(3):
        compiled(array(4, 3))
    scale = tg.tensor(array(3), requires_grad=True)
    loss = (scale * norm.running_mean).sum()
    compiled(array(4, 3))
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_a_copy_of_an_argument_stays_a_copy():
    def gradient(wrap):
        scale = tg.tensor(array(3), requires_grad=True)
        function = wrap(lambda x: ((x * 1) * scale).sum())
        for _ in range(3):
            x = array(3)
            scale.grad = None
            loss = function(tg.from_numpy(x))
            x[:] = 0  # as a loader does that fills one array again and again
            loss.backward()
        return scale.grad

    assert equal(gradient(tg.compile), gradient(lambda f: f))


def test_a_result_whose_graph_was_freed_inside_has_no_graph():
    weight = tg.tensor(array(3, 3), requires_grad=True)
    direction = tg.tensor(array(3, 3, seed=1))

    def loss_and_product(x):
        loss = (x @ weight).tanh().sum()
        (gradient,) = tg.grad(loss, weight, create_graph=True)
        return loss, tg.grad(gradient, weight, grad_outputs=direction)

    compiled = tg.compile(loss_and_product)
    for i in range(4):
        loss, product = compiled(array(4, 3, seed=i))
        assert equal((loss, product), loss_and_product(tg.tensor(array(4, 3, seed=i))))
        with pytest.raises(RuntimeError, match=r"freed|no graph behind it"):
            loss.backward()
