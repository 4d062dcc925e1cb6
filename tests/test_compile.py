"""A compiled function gives what the function gives, in every bit, or says that it cannot.

The judge is always the ordinary run: of random programs, of networks in training, of derivatives.
What Python does beside the ops is refused, and each way of doing so has its test here.
"""

import copy
import os
import pickle
import random
import threading
import time
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
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
from tinygrad_mlp.testing import weights_like

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


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * (time.perf_counter() % 10),
        lambda x: x * random.random(),
        lambda x: x * np.random.rand(),
        lambda x: x * np.random.default_rng().random(),
    ],
)
def test_what_changes_unseen_is_noticed_at_the_second_call(function):
    compiled = tg.compile(function)
    compiled(array(3))
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


def test_two_arguments_on_one_memory_are_refused_if_one_requires_a_gradient():
    w = tg.tensor(array(3), requires_grad=True)
    with pytest.raises(CompileError, match="two of its arguments"):
        tg.compile(lambda a, b: (a * b).sum())(w.detach(), w)


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
