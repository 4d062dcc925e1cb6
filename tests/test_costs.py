"""Costs grow as the work does, by counting: never by the clock, which knows other programs, too.

Counted are the calls that Python makes, and the numbers that ops and their rules write; and for
functions of elements the most memory that they hold at once. `python -m tests.benchmarks.costs`
measures the same cases in seconds.
"""

import sys
import tracemalloc

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.engine import plain
from tinygrad_mlp.observing import Observer, observe

from .benchmarks import costs

FEW, MANY = 32, 256
"""Parts."""

MOST = 1.75
"""Of each part, how much more it may cost among `MANY`; what is quadratic costs about 8."""

CASES = costs.element_cases(costs.rooms())


class Numbers(Observer):
    """Counts the numbers that ops write, forward and backward; views write none."""

    def __init__(self):
        self.written = 0

    def count(self, array):
        array = plain(array)
        if isinstance(array, np.ndarray) and array.base is None:
            self.written += array.size

    def forward(self, op, args, arrays, params, raw, node):
        self.count(raw)

    def backward(self, op, serial, i, x, part, g):
        self.count(part)


def counted(work):
    """The calls and the numbers of a piece of work."""
    calls = 0

    def call(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    numbers = Numbers()
    before = sys.getprofile()
    with observe(numbers):
        work()
    sys.setprofile(call)
    try:
        work()
    finally:
        sys.setprofile(before)
    return {"calls": calls, "numbers": numbers.written}


def growth_of_parts(make):
    """How much more of each is counted for a part among many than for one among few."""
    few, many = (counted(make(n)) for n in (FEW, MANY))
    return {kind: many[kind] * FEW / (max(few[kind], FEW) * MANY) for kind in few}


@pytest.mark.parametrize("name", costs.MANY_PARTS)
def test_many_parts_cost_as_much_each_as_few(name):
    growth = growth_of_parts(costs.MANY_PARTS[name])
    assert max(growth.values()) < MOST, growth


@pytest.mark.parametrize("name", costs.QUADRATIC)
def test_what_is_quadratic_would_be_noticed(name):
    assert max(growth_of_parts(costs.QUADRATIC[name]).values()) > 2 * MOST


@pytest.mark.parametrize("way", costs.WAYS)
@pytest.mark.parametrize("name", CASES)
def test_memory_grows_as_the_elements_do(name, way):
    held = {}
    for n in (1_000, 16_000):
        given = costs.Given(n)
        costs.WAYS[way](CASES[name], given)
        tracemalloc.start()
        try:
            costs.WAYS[way](CASES[name], given)
            held[n] = tracemalloc.get_traced_memory()[1] / n
        finally:
            tracemalloc.stop()
    assert held[16_000] < 1.5 * held[1_000] + 16


def test_every_function_of_tensors_has_a_cost_or_a_reason():
    rooms = costs.rooms()
    named = {name.split()[0] for name in CASES}
    for room, functions in rooms.items():
        for name in functions:
            assert f"{room}.{name}" in named or name in costs.NO_COST


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 63, 64, 65, 520])
def test_many_parts_are_the_parts(n):
    x = tg.tensor(np.arange(2.0 * n).reshape(2, n), requires_grad=True)
    parts = tg.unbind(x, 1)
    assert [p.tolist() for p in parts] == x.detach().T.tolist()
    assert [p.tolist() for p in x.detach().T] == x.detach().T.tolist()
    cut = tg.split(x, 3, dim=-1)
    assert [p.tolist() for p in cut] == [
        x.data[:, i : i + 3].tolist() for i in range(0, max(n, 1), 3)
    ]
    assert all(np.shares_memory(p.data, x.data) for p in (*parts, *cut) if p.numel())
    if n:
        weights = np.arange(1.0, n + 1)
        sum(p.sum() * w for p, w in zip(parts, weights, strict=True)).backward()
        assert x.grad.tolist() == [weights.tolist()] * 2


def test_the_first_parts_of_a_tensor_are_there_before_the_last_are_made():
    seen = []

    class Forward(Observer):
        def forward(self, op, *given):
            seen.append(op.name)

    with observe(Forward()):
        next(iter(tg.ones(4096)))
    assert len(seen) < 10
