"""The engine: recording, the walk back, gradients of gradients, hooks, modes and custom ops.

Every test here is about something that is true of any op. Where PyTorch has the same thing, the
test runs on PyTorch too.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import warnings
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import changes, enable_grad, grad, is_grad_enabled, no_grad, op, tensor
from tinygrad_mlp.engine import OPS, set_grad_enabled
from tinygrad_mlp.testing import arrays, check_op, close, samples

OURS = SimpleNamespace(tensor=tensor, grad=grad)
THEIRS = SimpleNamespace(tensor=torch.tensor, grad=torch.autograd.grad)
both = pytest.mark.parametrize("m", [OURS, THEIRS], ids=["ours", "pytorch"])
"""A test with this mark also runs on PyTorch."""


@pytest.fixture(autouse=True)
def _registry_as_it_was():
    """Ops that a test defines are forgotten after the test."""
    before = dict(OPS)
    yield
    OPS.clear()
    OPS.update(before)


def leaf(value, m=OURS):
    """A float64 leaf, here or in PyTorch."""
    dtype = np.float64 if m is OURS else torch.float64
    return m.tensor(value, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------------------- shared subgraphs


@both
def test_a_value_used_twice_counts_twice(m):
    a = leaf(1.0, m)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad.item() == 4


def test_thirty_doublings_take_thirty_steps_back():
    calls = []

    @op(grad=(lambda g, y, a, b: calls.append(0) or g, lambda g, y, a, b: calls.append(0) or g))
    def counted_add(a, b):
        return a + b

    start = leaf(1.0)
    x = start
    for _ in range(30):
        x = counted_add(x, x)
    x.backward()
    assert start.grad.item() == 2**30
    assert len(calls) == 60


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=20))
def test_any_graph_of_sums_counts_its_paths(edges):
    """Each new value is the sum of two earlier ones; its gradient is the number of paths."""
    first = leaf(1.0)
    values, paths = [first], [1]
    for i, j in edges:
        i, j = i % len(values), j % len(values)
        values.append(values[i] + values[j])
        paths.append(paths[i] + paths[j])
    values[-1].backward()
    assert first.grad.item() == paths[-1]


def test_the_gradient_of_a_value_used_early_and_late_is_complete_before_it_is_passed_on():
    x = leaf(2.0)
    early = x * x
    late = (early * early) * early
    (late + early).backward()
    assert x.grad.item() == 6 * 2**5 + 2 * 2


# ------------------------------------------------------------------------------ a freed graph


@both
def test_a_second_backward_with_retain_graph_gives_the_same(m):
    x = leaf(3.0, m)
    y = x**3
    y.backward(retain_graph=True)
    assert x.grad.item() == 27
    x.grad = None
    y.backward(retain_graph=True)
    assert x.grad.item() == 27


def test_a_second_backward_without_retain_graph_says_that_the_graph_was_freed():
    x = leaf(3.0)
    y = x**3
    y.backward()
    with pytest.raises(RuntimeError, match=r"pow\(\) was freed.*retain_graph=True"):
        y.backward()
    assert x.grad.item() == 27


@both
def test_gradients_add_up_over_backward_passes(m):
    x = leaf(3.0, m)
    for _ in range(2):
        (x * x).backward()
    assert x.grad.item() == 12


def test_a_graph_that_shares_a_freed_part_says_so():
    x = leaf(3.0)
    shared = x * x
    first, second = shared * 2, shared + 1
    first.backward()
    with pytest.raises(RuntimeError, match="freed"):
        second.backward()


@both
def test_grad_frees_only_what_it_walked_over(m):
    x, w = leaf(2.0, m), leaf(3.0, m)
    beside = w * w
    m.grad(x * x * beside, x)
    beside.backward()
    assert w.grad.item() == 6


@both
def test_a_backward_pass_can_be_made_in_two_parts(m):
    x = leaf([1.0, 2.0], m)
    middle = x * x
    (seed,) = m.grad((middle * middle).sum(), middle)
    middle.backward(seed)
    assert x.grad.tolist() == [4.0, 32.0]


def test_an_error_in_a_rule_leaves_recording_switched_on():
    def fail(g, y, x):
        raise KeyError("no rule today")

    @op(grad=fail)
    def failing(x):
        return x * 1.0

    with pytest.raises(KeyError):
        failing(leaf(1.0)).backward()
    assert is_grad_enabled()


def test_the_graph_dies_with_its_last_value_without_the_garbage_collector():
    gc.disable()
    try:
        x = leaf([1.0, 2.0])
        interior = x.exp()
        watched = weakref.ref(interior)
        y = (interior * interior).sum()
        del interior
        assert watched() is not None
        del y
        assert watched() is None
    finally:
        gc.enable()


def test_backward_frees_interior_values_even_though_the_result_lives_on():
    x = leaf([1.0, 2.0])
    interior = x.exp()
    watched = weakref.ref(interior)
    y = (interior * interior).sum()
    del interior
    y.backward()
    assert watched() is None


def test_a_graph_of_second_derivatives_dies_by_reference_count_too():
    gc.disable()
    try:
        x = leaf(2.0)
        (first,) = grad(x**5, x, create_graph=True)
        (second,) = grad(first, x, create_graph=True)
        watched = [weakref.ref(first), weakref.ref(second)]
        del first, second
        assert [w() for w in watched] == [None, None]
    finally:
        gc.enable()


# ------------------------------------------------------------------------------- long and flat

LONG = 1_000_000


def long_chain():
    x = tensor(1.0, requires_grad=True)
    y = x
    for _ in range(LONG):
        y = y + 1
    return x, y


def test_a_million_ops_go_forward_and_backward_and_die_without_recursion():
    x, y = long_chain()
    assert y.item() == LONG + 1
    y.backward()
    assert x.grad.item() == 1


def test_a_million_ops_die_without_recursion_when_backward_was_never_called():
    x, y = long_chain()
    watched = weakref.ref(y)
    del y
    assert watched() is None
    assert x.grad is None


def test_a_long_chain_of_recorded_gradients_has_second_derivatives_and_dies():
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = y * 1.0
    (first,) = grad(y * y, x, create_graph=True)
    (second,) = grad(first, x)
    assert (first.item(), second.item()) == (2, 2)


def count_tensors():
    """How many tensors are alive; they form no cycles, so none waits for the garbage collector."""
    return sum(issubclass(type(o), tg.Tensor) for o in gc.get_objects())


def test_a_thousand_training_steps_without_the_garbage_collector_leave_nothing_behind():
    rng = np.random.default_rng(0)
    model = tg.nn.Sequential(tg.nn.Linear(4, 8, rng=0), tg.nn.ReLU(), tg.nn.Linear(8, 3, rng=1))
    optimizer = tg.optim.Adam(model.parameters(), lr=1e-3)
    x, labels = rng.normal(size=(16, 4)).astype(np.float32), rng.integers(0, 3, 16)

    def train(steps):
        for _ in range(steps):
            optimizer.zero_grad()
            tg.nn.functional.cross_entropy(model(tensor(x)), labels).backward()
            optimizer.step()

    gc.collect()
    gc.disable()
    try:
        train(5)
        tensors, objects = count_tensors(), len(gc.get_objects())
        train(1000)
        assert count_tensors() == tensors
        assert len(gc.get_objects()) < objects + 100
    finally:
        gc.enable()


def test_in_place_changes_leave_nothing_behind():
    before = len(changes.stamps)
    for _ in range(100):
        tensor([1.0, 2.0]).add_(1)
    assert len(changes.stamps) == before


# --------------------------------------------------------------------- gradients share nothing


def shares(*tensors):
    """Whether any two of these tensors or arrays share memory."""
    data = [t.data if isinstance(t, tg.Tensor) else t for t in tensors]
    return any(np.shares_memory(a, b) for i, a in enumerate(data) for b in data[:i])


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: (a + 0) + (b + 0),
        lambda a, b: a.reshape(3, 2) + b.reshape(3, 2),
        lambda a, b: a.T + b.T,
        lambda a, b: a[:] + b[...],
        lambda a, b: a.expand(2, 3) + b.expand(2, 3),
        lambda a, b: a.astype(np.float64) + b.astype(np.float64),
        lambda a, b: tg.cat([a, b], 0),
        lambda a, b: tg.stack([a, b], 0),
        lambda a, b: a.clone() + b,
        lambda a, b: a * b,
    ],
)
@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_share_no_memory_with_anything(function, create_graph):
    a, b = leaf(np.ones((2, 3))), leaf(np.full((2, 3), 2.0))
    y = function(a, b)
    seed = np.ones(y.shape)
    y.backward(seed, create_graph=create_graph)
    assert not shares(a.grad, b.grad, a, b, y, seed)


@pytest.mark.parametrize("create_graph", [False, True])
def test_leaves_that_a_rule_gives_the_same_array_get_one_each(forgets_new_ops, create_graph):
    @tg.op(grad_of_each=lambda g, y, *xs: ([g * 2] * len(xs)).__getitem__)
    def twice_the_sum(*xs):
        return 2 * np.sum(xs, axis=0)

    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    twice_the_sum(a, b).backward(np.ones(2), create_graph=create_graph)
    assert a.grad is not b.grad
    assert not shares(a.grad, b.grad)


@pytest.mark.parametrize("create_graph", [False, True])
def test_the_gradient_of_a_leaf_with_respect_to_itself_is_a_copy_of_the_seed(create_graph):
    x, seed = leaf([1.0, 2.0]), tensor([1.0, 1.0], dtype=np.float64)
    x.backward(seed, create_graph=create_graph)
    assert x.grad.tolist() == [1.0, 1.0]
    assert not shares(x, x.grad, seed)


def test_gradients_of_interior_values_share_no_memory_either():
    x = leaf([1.0, 2.0])
    a = x + 0
    b = a + 0
    c = b.reshape(2)
    seed = np.ones(2)
    found = grad(c, [x, a, b, c], seed)
    assert not shares(*found, seed)


def test_a_gradient_kept_from_the_first_backward_is_not_changed_by_the_second():
    x = leaf(3.0)
    (x * x).backward()
    kept = x.grad
    (x * x).backward()
    assert kept.item() == 6
    assert x.grad.item() == 12


# --------------------------------------------------------------------------------------- grad


@both
def test_grad_leaves_grad_attributes_alone(m):
    x = leaf(3.0, m)
    (found,) = m.grad(x * x, x)
    assert found.item() == 6
    assert x.grad is None


def test_grad_applies_only_the_rules_on_the_way_to_its_inputs():
    calls = []

    @op(grad=lambda g, y, x, name: calls.append(name) or g)
    def traced(x, name):
        return x * 1.0

    x, w = leaf(2.0), leaf(3.0)
    y = traced(traced(x, "x") * traced(w, "w"), "both")
    grad(y, x)
    assert calls == ["both", "x"]


def test_backward_applies_no_rule_for_inputs_that_need_no_gradient():
    calls = []

    @op(grad=(lambda g, y, a, b: calls.append("a") or g, lambda g, y, a, b: calls.append("b") or g))
    def traced_add(a, b):
        return a + b

    traced_add(leaf(1.0), tensor(2.0)).backward()
    assert calls == ["a"]


def test_an_input_that_nothing_depends_on_is_an_error_that_names_it_and_the_remedy():
    x, other = leaf(1.0), leaf([1.0, 2.0])
    with pytest.raises(RuntimeError, match=r"input 1 .*shape \(2,\).*allow_unused=True"):
        grad(x * x, [x, other])


@both
def test_with_allow_unused_its_gradient_is_none(m):
    x, other = leaf(3.0, m), leaf(1.0, m)
    found = m.grad(x * x, [other, x], allow_unused=True)
    assert found[0] is None
    assert found[1].item() == 6


@both
def test_grad_outputs_weight_each_of_several_outputs(m):
    x = leaf([1.0, 2.0], m)
    weights = leaf([1.0, 10.0], m).detach(), leaf(3.0, m).detach()
    (found,) = m.grad([x * x, x.sum()], x, grad_outputs=list(weights))
    assert found.tolist() == [2 + 3, 40 + 3]


@both
def test_several_outputs_of_one_graph_are_walked_once(m):
    x = leaf(2.0, m)
    shared = x * x
    (found,) = m.grad([shared * 3, shared * 5], x)
    assert found.item() == 32


@both
def test_the_same_output_twice_counts_twice(m):
    x = leaf(2.0, m)
    y = x * x
    assert m.grad([y, y], x)[0].item() == 8


@both
def test_an_interior_value_can_be_an_input(m):
    x = leaf(2.0, m)
    middle = x * x
    found = m.grad(middle**3, [middle, x])
    assert [g.item() for g in found] == [3 * 4**2, 3 * 4**2 * 4]


@both
def test_an_output_can_be_an_input(m):
    x = leaf(2.0, m)
    y = x * x
    found = m.grad(y * 1, [y, x])
    assert [g.item() for g in found] == [1, 4]
    z = x * x
    assert m.grad(z, z)[0].item() == 1


def test_an_input_without_requires_grad_is_an_error_that_says_what_to_set():
    x = leaf(2.0)
    with pytest.raises(RuntimeError, match=r"input 0 .*requires_grad=True"):
        grad(x * x, tensor(1.0))


def test_too_many_grad_outputs_are_an_error_that_counts_both():
    x = leaf([1.0, 2.0])
    with pytest.raises(ValueError, match="1 outputs, but 2 grad_outputs"):
        grad(x * x, x, [np.ones(2), np.ones(2)])


def test_a_gradient_of_another_shape_is_an_error_that_names_both():
    x = leaf([1.0, 2.0])
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        (x * x).backward(np.ones(3))


@both
def test_a_gradient_can_be_differentiated_with_respect_to_grad_outputs(m):
    x, v = leaf([1.0, 2.0], m), leaf([3.0, 4.0], m)
    (first,) = m.grad(x * x, x, grad_outputs=v, create_graph=True)
    (found,) = m.grad(first.sum(), v)
    assert found.tolist() == [2.0, 4.0]


# ---------------------------------------------------------------------- derivatives of derivatives


@given(st.integers(0, 6), st.integers(1, 4), st.floats(0.5, 2))
def test_the_nth_derivative_of_a_power_is_the_one_from_calculus(power, order, at):
    x = leaf(at)
    y = x**power + x * 0
    for _ in range(order):
        if not y.requires_grad:
            return
        (y,) = grad(y, x, create_graph=True)
    factor = np.prod([power - k for k in range(order)])
    expected = factor * at ** (power - order) if factor else 0
    close(y.data, np.asarray(float(expected)), 1e-9, "derivative")


@both
def test_the_third_derivative_of_x_to_the_fifth(m):
    x = leaf(2.0, m)
    y = x**5
    for _ in range(3):
        (y,) = m.grad(y, x, create_graph=True)
    assert y.item() == 60 * 2**2


@both
def test_backward_with_create_graph_leaves_a_gradient_that_can_be_differentiated(m):
    x = leaf(2.0, m)
    y = x**3
    if m is OURS:
        y.backward(create_graph=True)
    else:
        (x.grad,) = m.grad(y, x, create_graph=True)
    assert m.grad(x.grad, x)[0].item() == 12


def test_without_create_graph_gradients_are_not_recorded():
    x = leaf(2.0)
    (found,) = grad(x**3, x)
    assert not found.requires_grad
    assert found.is_leaf


@both
def test_a_gradient_penalty_trains_through_the_gradient(m):
    x, w = leaf([1.0, 2.0], m), leaf([0.5, -1.0], m)
    (slope,) = m.grad(((w * x) ** 3).sum(), x, create_graph=True)
    (slope * slope).sum().backward()
    ours = w.grad.tolist()
    expected = [2 * (3 * w0**3 * x0**2) * (9 * w0**2 * x0**2) for w0, x0 in ((0.5, 1), (-1, 2))]
    assert ours == pytest.approx(expected, rel=1e-12)


# -------------------------------------------------------------------------------------- hooks


@both
def test_a_hook_sees_the_whole_gradient_once(m):
    x = leaf(2.0, m)
    middle = x * x
    seen = []
    middle.register_hook(lambda g: seen.append(g.item()))
    (middle * 3 + middle * 4).backward()
    assert seen == [7]
    assert x.grad.item() == 28


@both
def test_hooks_run_in_order_of_registration_each_on_what_the_last_one_returned(m):
    x = leaf(2.0, m)
    x.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: g * 10)
    (x * 3).backward()
    assert x.grad.item() == 40


@both
def test_a_hook_that_returns_nothing_changes_nothing(m):
    x = leaf(2.0, m)
    x.register_hook(lambda g: None)
    (x * 3).backward()
    assert x.grad.item() == 3


@both
def test_a_hook_on_an_interior_value_changes_what_flows_on(m):
    x = leaf(2.0, m)
    middle = x * x
    middle.register_hook(lambda g: g * 100)
    middle.backward()
    assert x.grad.item() == 400


@both
def test_a_removed_hook_is_not_called_and_can_be_removed_again(m):
    x = leaf(2.0, m)
    handle = x.register_hook(lambda g: g * 10)
    handle.remove()
    handle.remove()
    (x * 3).backward()
    assert x.grad.item() == 3


@both
def test_one_hook_of_a_function_that_is_registered_twice_can_be_removed(m):
    x = leaf(2.0, m)

    def double(g):
        return g * 2

    x.register_hook(double)
    x.register_hook(double).remove()
    (x * 1).backward()
    assert x.grad.item() == 2


@both
def test_hooks_run_in_grad_too(m):
    x = leaf(2.0, m)
    x.register_hook(lambda g: g * 10)
    assert m.grad(x * 3, x)[0].item() == 30


@both
def test_a_hook_takes_part_in_second_derivatives(m):
    x = leaf(2.0, m)
    y = x * x
    y.register_hook(lambda g: g * x)
    (first,) = m.grad(y * 1, x, create_graph=True)
    assert first.item() == 8
    assert m.grad(first, x)[0].item() == 8


def test_a_hook_cannot_change_the_gradient_in_place():
    x = leaf(2.0)

    def spoil(g):
        g.fill_(0)

    x.register_hook(spoil)
    (x * 3).backward()
    assert x.grad.item() == 3


@both
@pytest.mark.parametrize("returned", [3.0, np.ones(2)])
def test_a_hook_that_returns_anything_but_a_tensor_is_a_type_error(m, returned):
    x = leaf([1.0, 2.0], m)
    x.register_hook(lambda g: returned)
    with pytest.raises(TypeError, match="hook returned"):
        (x * x).sum().backward()


def test_a_hook_that_returns_another_shape_is_an_error_that_names_both():
    x = leaf([1.0, 2.0])
    x.register_hook(lambda g: tensor([1.0, 2.0, 3.0]))
    with pytest.raises(TypeError, match=r"\(3,\).*\(2,\)"):
        (x * x).sum().backward()


def test_what_a_hook_returns_gets_the_dtype_of_the_gradient():
    x = tensor([1.0, 2.0], requires_grad=True)
    x.register_hook(lambda g: g.double())
    (x * x).sum().backward()
    assert x.grad.dtype == np.float32


def test_a_gradient_that_a_hook_returned_is_a_copy():
    x, kept = leaf([1.0, 2.0]), tensor([5.0, 6.0], dtype=np.float64)
    x.register_hook(lambda g: kept)
    (x * x).sum().backward()
    assert x.grad.tolist() == [5, 6]
    assert not shares(x.grad, kept)


@both
def test_a_hook_needs_a_tensor_that_requires_a_gradient(m):
    with pytest.raises(RuntimeError):
        m.tensor(1.0).register_hook(print)


@both
def test_retain_grad_keeps_the_gradient_of_an_interior_value(m):
    x = leaf(2.0, m)
    middle = x * x
    middle.retain_grad()
    (middle * 3).backward()
    assert middle.grad.item() == 3


@both
def test_retain_grad_adds_up_as_leaves_do(m):
    x = leaf(2.0, m)
    middle = x * x
    middle.retain_grad()
    (middle * 3).backward(retain_graph=True)
    (middle * 3).backward()
    assert middle.grad.item() == 6


@both
def test_retain_grad_keeps_what_all_hooks_have_made_of_the_gradient(m):
    x = leaf(2.0, m)
    middle = x * x
    middle.retain_grad()
    middle.register_hook(lambda g: g * 10)
    (middle * 3).backward()
    assert middle.grad.item() == 30


@both
def test_retain_grad_twice_is_retain_grad_once(m):
    x = leaf(2.0, m)
    middle = x * x
    middle.retain_grad()
    middle.retain_grad()
    (middle * 3).backward()
    assert middle.grad.item() == 3


@both
def test_retain_grad_of_a_leaf_changes_nothing(m):
    x = leaf(2.0, m)
    x.retain_grad()
    (x * 3).backward()
    assert x.grad.item() == 3


@both
def test_retain_grad_needs_a_tensor_that_requires_a_gradient(m):
    with pytest.raises(RuntimeError, match="requires_grad"):
        m.tensor(1.0).retain_grad()


def test_retain_grad_does_not_keep_a_tensor_alive():
    gc.disable()
    try:
        middle = leaf(2.0) * 2
        middle.retain_grad()
        watched = weakref.ref(middle)
        del middle
        assert watched() is None
    finally:
        gc.enable()


# -------------------------------------------------------------------------------------- modes


def records():
    return (leaf(1.0) * 2).requires_grad


def test_nothing_is_recorded_under_no_grad():
    with no_grad():
        assert not records()
        assert not is_grad_enabled()
    assert records()


def test_no_grad_and_enable_grad_nest():
    with no_grad():
        with enable_grad():
            assert records()
            with no_grad():
                assert not records()
            assert records()
        assert not records()
    assert records()


def test_set_grad_enabled_takes_a_flag():
    for flag in (True, False):
        with set_grad_enabled(flag):
            assert records() is flag


def test_recording_is_on_again_after_an_exception():
    with pytest.raises(KeyError), no_grad(), enable_grad(), no_grad():
        raise KeyError
    assert records()


def test_no_grad_as_a_decorator_covers_each_call():
    @no_grad()
    def evaluate():
        return records()

    assert [evaluate(), evaluate()] == [False, False]
    assert records()


def test_enable_grad_as_a_decorator_covers_each_call():
    @enable_grad()
    def evaluate():
        return records()

    with no_grad():
        assert [evaluate(), evaluate()] == [True, True]


def test_a_decorated_function_can_call_itself():
    @no_grad()
    def descend(depth):
        below = descend(depth - 1) if depth else []
        return [*below, records()]

    assert descend(3) == [False] * 4
    assert records()


def test_a_decorated_function_that_raises_leaves_recording_on():
    @no_grad()
    def fail():
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert records()


def test_a_decorated_function_keeps_its_name_and_arguments():
    @no_grad()
    def scale(x, by=2):
        """Scaled."""
        return x * by

    assert scale.__name__ == "scale"
    assert scale.__doc__ == "Scaled."
    assert scale(3, by=5) == 15


def test_each_thread_has_its_own_mode():
    inside, may_leave = threading.Event(), threading.Event()
    seen = []

    def other():
        with no_grad():
            inside.set()
            may_leave.wait(10)
            seen.append(records())

    with enable_grad():
        thread = threading.Thread(target=other)
        thread.start()
        inside.wait(10)
        seen.append(records())
        may_leave.set()
        thread.join()
    assert seen == [True, False]


def test_a_new_thread_records_even_if_the_one_that_started_it_does_not():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(records()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_threads_can_walk_back_over_graphs_of_their_own():
    found = {}

    def work(n):
        x = leaf(float(n))
        for _ in range(20):
            y = x
            for _ in range(50):
                y = y * 1.0
                time.sleep(0)
            x.grad = None
            (y * y).backward()
        found[n] = x.grad.item()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: 2 * n for n in range(4)}


def test_threads_that_share_a_leaf_lose_no_gradient():
    x = leaf(np.zeros(2000))  # large enough for another thread to come in between

    def work():
        for _ in range(300):
            x.sum().backward()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert set(x.grad.tolist()) == {1200.0}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_process_that_is_forked_while_another_thread_adds_gradients_adds_its_own():
    x, stop = leaf(np.zeros(2000)), threading.Event()

    def work():
        while not stop.is_set():
            x.sum().backward()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(20):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads
                child = os.fork()
            if not child:
                signal.alarm(20)  # ends it if it hangs
                y = leaf(1.0)
                y.sum().backward()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        thread.join()


def test_backward_works_under_no_grad():
    x = leaf(3.0)
    y = x * x
    with no_grad():
        y.backward()
    assert x.grad.item() == 6


# --------------------------------------------------------------------------------- custom ops


def cube_op():
    @op(grad=lambda g, y, x: g * 3 * x * x)
    def cube(x):
        """x * x * x."""
        return x * x * x

    return cube


def test_a_custom_op_works_on_arrays_numbers_and_tensors():
    cube = cube_op()
    assert cube(2.0) == 8
    assert cube(np.array([2.0])).tolist() == [8]
    assert cube(tensor([2.0])).tolist() == [8]
    assert not isinstance(cube(np.array([2.0])), tg.Tensor)


def test_a_custom_op_passes_every_check_that_a_built_in_one_passes():
    check_op(cube_op(), samples(arrays()), lambda x: x**3)


def test_a_custom_op_has_derivatives_of_any_order():
    x = leaf(2.0)
    y = cube_op()(x)
    for expected in (12, 12, 6):
        (y,) = grad(y, x, create_graph=True)
        assert y.item() == expected


def test_a_custom_op_keeps_the_name_and_docstring_of_its_function():
    cube = cube_op()
    assert cube.__name__ == "cube"
    assert cube.__doc__ == "x * x * x."


def test_a_custom_op_is_in_the_registry():
    cube = cube_op()
    assert OPS["cube"] is cube


def test_a_custom_op_can_become_a_method():
    class MyTensor(tg.Tensor):
        __slots__ = ()
        cube = cube_op()

    assert MyTensor([2.0]).cube().tolist() == [8]


def test_a_custom_op_on_any_number_of_tensors_has_one_rule_for_each():
    @op(grad_of_each=lambda g, y, *xs, scale: lambda i: g * scale * (i + 1))
    def weighted(*xs, scale=1.0):
        return scale * sum((i + 1) * x for i, x in enumerate(xs))

    xs = [leaf([1.0, 2.0]) for _ in range(3)]
    weighted(*xs, scale=2.0).sum().backward()
    assert [x.grad.tolist() for x in xs] == [[2, 2], [4, 4], [6, 6]]


def test_an_input_whose_rule_is_none_gets_no_gradient():
    @op(grad=(None, lambda g, y, mask, x: g * mask))
    def masked(mask, x):
        return mask * x

    mask, x = leaf([0.0, 1.0]), leaf([5.0, 6.0])
    masked(mask, x).sum().backward()
    assert mask.grad is None
    assert x.grad.tolist() == [0, 1]


def test_an_op_whose_rules_are_all_none_records_nothing():
    @op(grad=(None,))
    def step(x):
        return np.floor(x)

    assert not step(leaf([1.5])).requires_grad


def test_an_op_without_rules_records_nothing():
    @op
    def rounded(x):
        return np.rint(x)

    assert not rounded(leaf([1.5])).requires_grad


def test_integer_results_carry_no_gradient():
    x = leaf([1.5, 2.5])
    assert not x.astype(np.int64).requires_grad
    assert not (x > 2).requires_grad


def test_parameters_can_be_given_by_position_and_inputs_by_name():
    @op(grad=lambda g, y, x, by, plus: g * by)
    def scaled(x, by=2.0, plus=0.0):
        return x * by + plus

    x = leaf(3.0)
    for y in (scaled(x, 5.0, 1.0), scaled(x=x, by=5.0, plus=1.0), scaled(x, plus=1.0, by=5.0)):
        assert y.item() == 16
        assert grad(y, x)[0].item() == 5
    assert grad(scaled(x), x)[0].item() == 2


def test_an_unknown_parameter_is_a_type_error():
    with pytest.raises(TypeError, match="sideways"):
        cube_op()(tensor(1.0), sideways=True)


def test_for_a_custom_op_too_the_engine_sums_over_what_broadcasting_stretched():
    @op(grad=(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a))
    def times(a, b):
        return a * b

    check_op(
        times,
        samples(arrays((2, 1)), arrays((3, 1, 4))),
        lambda a, b: a * b,
    )


@pytest.mark.parametrize(
    ("shape", "wrong"),
    [((2, 3), (3, 2)), ((2, 3), (6,)), ((3,), (2,)), ((2, 3), (2, 1)), ((3,), ())],
)
def test_a_rule_that_returns_a_wrong_shape_is_named_with_both_shapes(shape, wrong):
    @op(grad=lambda g, y, x: np.ones(wrong))
    def twisted(x):
        return x * 1.0

    y = twisted(leaf(np.ones(shape)))
    with pytest.raises(ValueError) as caught:
        y.backward(np.ones(shape))
    for words in ("twisted()", str(wrong), str(shape)):
        assert words in str(caught.value)


def test_a_rule_that_returns_nothing_is_named():
    @op(grad=lambda g, y, x: None)
    def silent(x):
        return x * 1.0

    with pytest.raises(TypeError, match=r"silent\(\).*None"):
        silent(leaf([1.0, 2.0])).sum().backward()


def test_an_error_in_the_forward_names_the_op_the_shapes_and_the_parameters():
    @op(grad=lambda g, y, x, times: g)
    def picky(x, times):
        raise ValueError("will not")

    with pytest.raises(ValueError, match=r"picky\(\) on shapes \(2, 3\), times=4: will not"):
        picky(tensor(np.ones((2, 3))), times=4)


def test_the_name_of_an_op_from_another_module_is_already_taken():
    with pytest.raises(ValueError, match="'exp' exists already"):

        @op
        def exp(x):
            return x


def test_an_op_of_your_own_can_be_defined_again():
    cube_op()
    assert cube_op()(2.0) == 8


def test_a_rule_sees_arrays_in_a_plain_backward_and_tensors_with_create_graph():
    seen = []

    @op(grad=lambda g, y, x: seen.append((type(y), type(x))) or g)
    def noted(x):
        return x * 1.0

    x = leaf([1.0, 2.0])
    noted(x).sum().backward()
    noted(x).sum().backward(create_graph=True)
    assert seen == [(np.ndarray, np.ndarray), (tg.Tensor, tg.Tensor)]
