"""Which costs grow faster than the work:  python -m tests.benchmarks.costs

Every function of tensors is timed on a thousand and on a million elements: forward, backward, and
backward through a recorded backward. Whatever is done with many parts (tensors, modules,
parameters, ops) is timed with 300 of them and with as many as take a few seconds. The table shows
the time for each element or part, and its ratio between the most and the fewest, the worst first.
Where the cost is linear, the ratio is about 1 or below, as the first call costs something; up to
3 or 4 where a million elements leave the processor's cache. What is quadratic has 100 or 1,000.

`tests/test_costs.py` holds the same cases by counting, without a clock.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp import data, engine, nn, optim

FEW, MANY = 1_000, 1_000_000
"""Elements."""

PARTS = (300, 3_000, 30_000, 300_000)
"""Parts, until one number of them takes longer than `LONGEST`."""

LONGEST = 1.0
"""Seconds; ten times as many parts take ten times as long, or a hundred times."""

# ------------------------------------------------------------------------- functions of elements


@dataclass
class Given:
    """What functions are called with: `n` elements in several shapes.

    x, y       vectors of numbers between 0.1 and 0.9, which require gradients
    a, b       the same as square matrices, or nearly
    image      the same as one image (1, 1, h, w)
    i          whole numbers from 0 to n - 1, each once, in random order
    same       whole numbers, all of them 0
    mask       true or false
    digits     whole numbers from 0 to 9, a tenth as many as elements
    scores     numbers in rows of ten
    """

    n: int
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def __post_init__(self) -> None:
        side, n, rng = round(self.n**0.5), self.n, self.rng

        def numbers(*shape: int) -> Any:
            values = rng.uniform(0.1, 0.9, shape).astype(np.float32)
            return tg.tensor(values, requires_grad=True)

        self.x, self.y = numbers(n), numbers(n)
        self.a, self.b = numbers(side, side), numbers(side, side)
        self.image = numbers(1, 1, side, side)
        self.scores = numbers(n // 10, 10)
        self.i = rng.permutation(n)
        self.same = np.zeros(n, np.int64)
        self.square = rng.integers(0, side, (side, side))
        self.mask = rng.random(n) < 0.5
        self.digits = rng.integers(0, 10, n // 10)


Call = Callable[[Any, Given], Any]


def one(function: Any, given: Given) -> Any:
    return function(given.x)


def two(function: Any, given: Given) -> Any:
    return function(given.x, given.y)


OPS: dict[str, Call] = {
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), lambda f, g: f(g.mask, g.mask)),
    "bitwise_not": lambda f, g: f(tg.tensor(g.mask)),
    "where": lambda f, g: f(g.mask, g.x, g.y),
    "astype": lambda f, g: f(g.x, dtype=np.float64),
    "cumsum": lambda f, g: f(g.x, dim=0),
    "reshape": lambda f, g: f(g.a, shape=(-1,)),
    "expand": lambda f, g: f(g.x.reshape(1, -1), shape=(3, g.n)),
    "permute": lambda f, g: f(g.a, dims=(1, 0)),
    "transpose": lambda f, g: f(g.a, dim0=0, dim1=1),
    "diagonal": lambda f, g: f(g.a),
    "getitem": lambda f, g: f(g.x, index=g.i),
    "getitem of a slice": lambda f, g: f(g.x, index=slice(1, None, 2)),
    "getitem of a mask": lambda f, g: f(g.x, index=g.mask),
    "comes_to": lambda f, g: f(tg.tensor(g.i), shape=(g.n,), dim=0),
    "put": lambda f, g: f(g.x, shape=(g.n,), index=(g.i,)),
    "put in one place": lambda f, g: f(g.x, shape=(g.n,), index=(g.same,)),
    "windows": lambda f, g: f(g.image, kernel=(3, 3), stride=(1, 1), dilation=(1, 1)),
    "fold": lambda f, g: f(
        tg.ops.windows(g.image, kernel=(3, 3), stride=(1, 1), dilation=(1, 1)),
        size=g.a.shape, stride=(1, 1), dilation=(1, 1),
    ),
    "matmul": lambda f, g: f(g.scores, g.scores[:10]),
    "linear": lambda f, g: f(g.scores, g.scores[:10]),
    "softmax": lambda f, g: f(g.x, dim=0),
    "log_softmax": lambda f, g: f(g.x, dim=0),
    "is_class": lambda f, g: f(tg.tensor(g.digits), classes=10),
    "cross_entropy": lambda f, g: f(g.scores, g.digits),
    "soft_cross_entropy": lambda f, g: f(g.scores, tg.softmax(g.scores.detach(), dim=1)),
}  # fmt: skip

COMPOSED: dict[str, Call] = {
    "masked_fill": lambda f, g: f(g.x, g.mask, 0.0),
    "lerp": lambda f, g: f(g.x, g.y, 0.3),
    "topk": lambda f, g: f(g.x, g.n // 2)[0],
    "max over a dimension": lambda f, g: f(g.a, 0)[0],
    "sort": lambda f, g: f(g.x)[0],
    "cumprod": lambda f, g: f(g.x + 0.5, dim=0),
    "swap_to_end": lambda f, g: f(g.a, 0),
    "logsumexp": lambda f, g: f(g.x, dim=0),
    "reshape": lambda f, g: f(g.a, -1),
    "view": lambda f, g: f(g.a, -1),
    "permute": lambda f, g: f(g.a, 1, 0),
    "expand": lambda f, g: f(g.x, 3, -1),
    "unflatten": lambda f, g: f(g.x, 0, (10, -1)),
    "unsqueeze": lambda f, g: f(g.x, 0),
    "repeat": lambda f, g: f(g.x, 3),
    "roll": lambda f, g: f(g.x, 3),
    "flip": lambda f, g: f(g.x, 0),
    "cat": lambda f, g: f([g.x, g.y]),
    "stack": lambda f, g: f([g.x, g.y]),
    "hstack": lambda f, g: f([g.x, g.y]),
    "vstack": lambda f, g: f([g.x, g.y]),
    "split": lambda f, g: f(g.x, g.n // 3),
    "chunk": lambda f, g: f(g.x, 3),
    "unbind": lambda f, g: f(tg.stack([g.x, g.y])),
    "meshgrid": lambda f, g: f(g.a[0], g.a[1]),
    "outer": lambda f, g: f(g.a[0], g.a[1]),
    "diag": lambda f, g: f(g.a),
    "pad": lambda f, g: f(g.a, (1, 2)),
    "pad with copies": lambda f, g: f(g.a, (1, 2), mode="reflect"),
    "repeat_interleave": lambda f, g: f(g.x, 3),
    "trace": lambda f, g: f(g.a),
    "tril": lambda f, g: f(g.a),
    "triu": lambda f, g: f(g.a),
    "gather": lambda f, g: f(g.a, 0, g.square),
    "take_along_dim": lambda f, g: f(g.a, g.square, 0),
    "scatter_add": lambda f, g: f(g.x, 0, g.i, g.y),
    "scatter": lambda f, g: f(g.x, 0, g.i, g.y),
    "scatter in one place": lambda f, g: f(g.x, 0, g.same, g.y),
    "index_add": lambda f, g: f(g.x, 0, g.i, g.y),
    "mm": lambda f, g: f(g.scores, g.scores[:10].T),
    "bmm": lambda f, g: f(g.scores[None], g.scores[None, :10].mT),
    "tensordot": lambda f, g: f(g.a, g.b, 2),
    "einsum": lambda f, g: f("ij,ij->i", g.a, g.b),
    "einsum of three": lambda f, g: f("ij,ij,ij->", g.a, g.b, g.a),
}

FUNCTIONAL: dict[str, Call] = {
    "one_hot": lambda f, g: f(g.digits, 10),
    "nll_loss": lambda f, g: f(tg.log_softmax(g.scores, dim=1), g.digits),
    "cross_entropy": lambda f, g: f(g.scores, g.digits, label_smoothing=0.1),
    "dropout": lambda f, g: f(g.x, rng=0),
    "layer_norm": lambda f, g: f(g.scores, (10,)),
    "batch_norm": lambda f, g: f(g.scores, None, None, training=True),
    "embedding": lambda f, g: f(g.digits, g.scores),
    "conv2d": lambda f, g: f(g.image, g.image[..., :3, :3]),
    "max_pool2d": lambda f, g: f(g.image, 2),
    "avg_pool2d": lambda f, g: f(g.image, 2),
}

METHODS: dict[str, Call] = {
    "tolist": lambda f, g: f(g.x),
    "detach": lambda f, g: f(g.x),
    "long": lambda f, g: f(g.x),
    "copy_": lambda f, g: f(g.x.detach(), g.y.detach()),
    "fill_": lambda f, g: f(g.x.detach(), 1.0),
    "add_": lambda f, g: f(g.x.detach(), g.y.detach()),
    "mul_": lambda f, g: f(g.x.detach(), g.y.detach()),
    "__contains__": lambda f, g: f(g.x, 7.0),
    "__repr__": lambda f, g: f(g.x),
    "__deepcopy__": lambda f, g: f(g.x, {}),
    "__setitem__": lambda f, g: f(g.x.detach(), slice(0, None, 2), 1.0),
}
"""Those that are no function of another room."""

NO_COST = {
    "outer": "n values make n * n",
    "meshgrid": "n values make n * n",
    "sizes": "sees no elements",
}
"""Functions whose result is larger than what they are given, where `Given` has no smaller one."""

PAIRS = {
    "add", "sub", "mul", "div", "pow", "floor_divide", "remainder", "trunc_divide", "eq", "ne",
    "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "isclose", "maximum",
    "minimum", "mse_loss", "equal", "clamp", "clip", "allclose", "expand_as", "view_as", "dot",
    "l1_loss", "huber_loss", "smooth_l1_loss", "binary_cross_entropy_with_logits",
}  # fmt: skip
"""Functions of two vectors."""


def element_cases(rooms: dict[str, dict[str, Callable]]) -> dict[str, Callable[[Given], Any]]:
    """For each function of these rooms (by name), what is called with the elements."""
    special = {"ops": OPS, "composed": COMPOSED, "functional": FUNCTIONAL, "Tensor": METHODS}
    cases: dict[str, Callable[[Given], Any]] = {}
    for room, functions in rooms.items():
        calls = special[room]
        for name, function in functions.items():
            if name not in calls and name not in NO_COST:
                cases[f"{room}.{name}"] = partial(two if name in PAIRS else one, function)
        for row, call in calls.items():
            cases[f"{room}.{row}"] = partial(call, functions[row.split()[0]])
    return cases


def leaves_of(given: Given) -> list[Any]:
    return [given.x, given.y, given.a, given.b, given.image, given.scores]


def tensors_in(result: Any) -> list[Any]:
    """The tensors of a result that have a graph."""
    parts = result if isinstance(result, tuple) else (result,)
    return [t for t in parts if isinstance(t, tg.Tensor) and t.requires_grad and t.op is not None]


def forward(call: Callable[[Given], Any], given: Given) -> Any:
    with tg.no_grad():
        return call(given)


def backward(call: Callable[[Given], Any], given: Given) -> bool:
    """Forward and backward; whether there was any."""
    found = tensors_in(call(given))
    if found:
        tg.grad([t.sum() for t in found], leaves_of(given), allow_unused=True)
    return bool(found)


def recorded(call: Callable[[Given], Any], given: Given) -> bool:
    """Forward, backward, and backward through both; whether there was any."""
    found = tensors_in(call(given))
    if not found:
        return False
    totals = [(t * t).sum() for t in found]
    first = tg.grad(totals, leaves_of(given), create_graph=True, allow_unused=True)
    again = [g.sum() for g in first if g is not None and g.op is not None]
    if again:
        tg.grad(again, leaves_of(given), allow_unused=True)
    return bool(again)


WAYS: dict[str, Callable[[Callable[[Given], Any], Given], Any]] = {
    "forward": forward,
    "backward": backward,
    "recorded": recorded,
}

# ------------------------------------------------------------------------------------ many parts

Work = Callable[[], Any]
"""What is measured; whoever makes it has made ready what it works on."""


def vector(n: int, size: int = 1) -> Any:
    """Numbers (n,), or (n, size), that require a gradient."""
    shape = (n,) if size == 1 else (n, size)
    return tg.tensor(np.linspace(0.1, 0.9, n * size).reshape(shape), tg.float32, requires_grad=True)


def scalars(n: int) -> list[Any]:
    return [tg.tensor(i / n, requires_grad=True) for i in range(n)]


def total(parts: Iterable[Any]) -> Any:
    """Their sum, made without a function for many."""
    return reduce(lambda a, b: a + b, (p * p for p in parts))


def taken_apart(way: Callable[[Any], Iterable[Any]], twice: bool = False) -> Callable[[int], Work]:
    """Take a vector apart, and go backward from the sum of the squares of its parts."""

    def make(n: int) -> Work:
        x = vector(n)

        def work() -> None:
            (g,) = tg.grad(total(way(x)), [x], create_graph=twice)
            if twice:
                tg.grad((g * g).sum(), [x])

        return work

    return make


def joined(way: Callable[[list[Any]], Any], twice: bool = False) -> Callable[[int], Work]:
    """Join many tensors, and go backward to all of them."""

    def make(n: int) -> Work:
        parts = [p.reshape(1).detach().requires_grad_() for p in scalars(n)]

        def work() -> None:
            y = way(parts)
            first = tg.grad((y * y * y).sum(), parts, create_graph=twice)
            if twice:
                tg.grad(total(first), parts)

        return work

    return make


def indexed(x: Any) -> list[Any]:
    return [x[i] for i in range(len(x))]


def chain(n: int) -> Work:
    def work() -> None:
        y = x = tg.tensor(0.5, requires_grad=True)
        for _ in range(n):
            y = y * 0.999
        y.backward()
        assert x.grad is not None

    return work


def chain_twice(n: int) -> Work:
    def work() -> None:
        y = x = tg.tensor(0.5, requires_grad=True)
        for _ in range(n):
            y = y * y
        (g,) = tg.grad(y, [x], create_graph=True)
        g.backward()

    return work


def fan_out(n: int) -> Work:
    def work() -> None:
        x = tg.tensor(0.5, requires_grad=True)
        total([x] * n).backward()

    return work


def many_leaves(n: int) -> Work:
    leaves = scalars(n)
    return lambda: total(leaves).backward()


def op_of_many(n: int) -> Work:
    """An op of the user's own, of any number of inputs, whose gradients are no views."""
    leaves = scalars(n)
    return lambda: sum_of_squares(*leaves).backward()


@tg.op(grad_of_each=lambda g, y, *xs: lambda i: g * 2 * xs[i])
def sum_of_squares(*xs: Any) -> Any:
    return np.sum([x * x for x in xs], axis=0)


del engine.OPS["sum_of_squares"]  # the package's own ops are held to more than this one


def tensor_hooks(n: int) -> Work:
    def work() -> None:
        x = tg.tensor(0.5, requires_grad=True)
        hooks = [x.register_hook(lambda g: None) for _ in range(n)]
        (x * x).backward()
        for hook in hooks:
            hook.remove()

    return work


def forward_hooks(n: int) -> Work:
    def work() -> None:
        layer = nn.ReLU()
        hooks = [layer.register_forward_hook(lambda *given: None) for _ in range(n)]
        layer(tg.ones(1))
        for hook in hooks:
            hook.remove()

    return work


def layers(n: int) -> list[Any]:
    return [nn.Linear(1, 1, rng=0) for _ in range(n)]


def with_model(use: Callable[[Any], Any]) -> Callable[[int], Work]:
    """Use a Sequential of n layers."""

    def make(n: int) -> Work:
        model = nn.Sequential(*layers(n))
        return lambda: use(model)

    return make


def appended(kind: Callable[[], Any], part: Callable[[], Any]) -> Callable[[int], Work]:
    def make(n: int) -> Work:
        parts = [part() for _ in range(n)]

        def work() -> None:
            made = kind()
            for p in parts:
                made.append(p)
            assert len(made) == n

        return work

    return make


def by_number(kind: Callable[[list[Any]], Any], part: Callable[[], Any]) -> Callable[[int], Work]:
    def make(n: int) -> Work:
        made = kind([part() for _ in range(n)])
        return lambda: [made[i] for i in range(n)]

    return make


def by_key(n: int) -> Work:
    parts = layers(n)

    def work() -> None:
        made = nn.ModuleDict()
        for i, p in enumerate(parts):
            made[f"name{i}"] = p
        assert all(f"name{i}" in made and made[f"name{i}"] is p for i, p in enumerate(parts))

    return work


class Block(nn.Module):
    """Keeps its layer in a plain list, too, as many do."""

    def __init__(self) -> None:
        self.layer = nn.Linear(1, 1, rng=0)
        self.all = [self.layer]


def plain_lists(n: int) -> Work:
    model = nn.Sequential(*(Block() for _ in range(n)))
    return lambda: list(model.parameters())


def optimised(make_one: Callable[[list[Any]], Any]) -> Callable[[int], Work]:
    def make(n: int) -> Work:
        weights = [nn.Parameter([0.5]) for _ in range(n)]
        for w in weights:
            w.grad = tg.ones(1)
        optimizer = make_one(weights)

        def work() -> None:
            optimizer.step()
            optimizer.load_state_dict(optimizer.state_dict())

        return work

    return make


def with_gradients(use: Callable[[list[Any]], Any]) -> Callable[[int], Work]:
    def make(n: int) -> Work:
        weights = [nn.Parameter([0.5]) for _ in range(n)]
        for w in weights:
            w.grad = tg.ones(1)
        return lambda: use(weights)

    return make


def loaded(**options: Any) -> Callable[[int], Work]:
    def make(n: int) -> Work:
        numbers = data.TensorDataset(np.zeros((n, 1), np.float32), np.zeros(n, np.int64))
        return lambda: [None for _ in data.DataLoader(numbers, rng=0, **options)]

    return make


def compiled(n: int) -> Work:
    def function(x: Any) -> Any:
        for _ in range(n):
            x = x * 0.5 + 0.25
        return x.sum()

    x = tg.tensor([0.5], requires_grad=True)
    return lambda: tg.compile(function)(x).backward()


OPTIMISERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=0.1),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.1),
}

SPLIT = {
    "split": lambda x: tg.split(x, 1),
    "chunk": lambda x: tg.chunk(x, len(x)),
    "unbind": tg.unbind,
    "iteration": list,
}

JOIN = {"cat": tg.cat, "stack": tg.stack, "hstack": tg.hstack, "vstack": tg.vstack}

MANY_PARTS: dict[str, Callable[[int], Work]] = {
    **{f"{name}, backward": taken_apart(way) for name, way in SPLIT.items()},
    **{f"{name}, recorded": taken_apart(way, twice=True) for name, way in SPLIT.items()},
    **{f"{name}, backward": joined(way) for name, way in JOIN.items()},
    **{f"{name}, recorded": joined(way, twice=True) for name, way in JOIN.items()},
    "chain": chain,
    "chain, recorded": chain_twice,
    "fan-out": fan_out,
    "many leaves": many_leaves,
    "op of many inputs": op_of_many,
    "hooks of a tensor": tensor_hooks,
    "hooks of a module": forward_hooks,
    "Sequential, made": lambda n: partial(lambda parts: nn.Sequential(*parts), layers(n)),
    "Sequential, append": appended(nn.Sequential, lambda: nn.Linear(1, 1, rng=0)),
    "ModuleList, append": appended(nn.ModuleList, nn.ReLU),
    "ModuleList, index": by_number(nn.ModuleList, nn.ReLU),
    "ModuleDict": by_key,
    "ParameterList, append": appended(nn.ParameterList, lambda: nn.Parameter([0.5])),
    "ParameterList, index": by_number(nn.ParameterList, lambda: nn.Parameter([0.5])),
    "model, forward and backward": with_model(lambda m: m(tg.ones(1, 1)).sum().backward()),
    "parameters": with_model(lambda m: list(m.parameters())),
    "named_modules": with_model(lambda m: list(m.named_modules())),
    "train, eval": with_model(lambda m: m.train().eval()),
    "zero_grad": with_model(lambda m: m.zero_grad()),
    "requires_grad_": with_model(lambda m: m.requires_grad_(True)),
    "apply": with_model(lambda m: m.apply(lambda module: None)),
    "to": with_model(lambda m: m.to(np.float32)),
    "state_dict": with_model(lambda m: m.state_dict()),
    "load_state_dict": with_model(lambda m: m.load_state_dict(m.state_dict())),
    "deepcopy": with_model(copy.deepcopy),
    "repr of a model": with_model(repr),
    "modules in plain lists": plain_lists,
    **{f"{name}, step and state": optimised(make) for name, make in OPTIMISERS.items()},
    "clip_grad_norm_": with_gradients(lambda p: nn.utils.clip_grad_norm_(p, 1.0)),
    "clip_grad_value_": with_gradients(lambda p: nn.utils.clip_grad_value_(p, 1.0)),
    "parameters_to_vector": with_gradients(
        lambda p: nn.utils.parameters_to_vector(p).sum().backward()
    ),
    "vector_to_parameters": with_gradients(
        lambda p: nn.utils.vector_to_parameters(tg.ones(len(p)), p)
    ),
    "DataLoader": loaded(),
    "DataLoader, shuffled": loaded(shuffle=True),
    "DataLoader with a worker": loaded(num_workers=1),
    "compile": compiled,
}

KNOWN = {
    "indexing in a loop": "each part has a gradient of the size of the whole, in PyTorch too",
}
"""What is quadratic and stays so, and why."""

QUADRATIC: dict[str, Callable[[int], Work]] = {"indexing in a loop": taken_apart(indexed)}

# ------------------------------------------------------------------------------------- measuring


@dataclass(frozen=True)
class Growth:
    """Seconds for each element or part, by how many there were."""

    name: str
    seconds: dict[int, float]

    @property
    def ratio(self) -> float:
        return self.seconds[max(self.seconds)] / self.seconds[min(self.seconds)]


def shortest(work: Work, least: float = 0.02, most: int = 20) -> float:
    """The shortest of several runs, in seconds of the processor: as many as fit, one at least."""
    times: list[float] = []
    while not times or (sum(times) < least and len(times) < most):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def grow_elements(name: str, way: str, call: Callable[[Given], Any]) -> Growth | None:
    seconds = {}
    for n in (FEW, MANY):
        given = Given(n)
        if WAYS[way](call, given) is False:
            return None
        seconds[n] = shortest(lambda given=given: WAYS[way](call, given)) / n
    return Growth(f"{name}, {way}", seconds)


def grow_parts(name: str, make: Callable[[int], Work]) -> Growth:
    seconds: dict[int, float] = {}
    for n in PARTS:
        work = make(n)
        work()
        took = shortest(work)
        seconds[n] = took / n
        if took > LONGEST / 10:  # ten times as many take ten times as long at the least
            break
    return Growth(name, seconds)


def rooms() -> dict[str, dict[str, Callable]]:
    from ..tables import TABLES

    found = {name: dict(table.functions) for name, table in TABLES.items()}
    return found | {"Tensor": {name: getattr(tg.Tensor, name) for name in METHODS}}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.costs",
        description="Time for each element or part, and how it grows; the worst first.",
    )
    parser.add_argument("--only", default="", help="cases whose names contain this")
    options = parser.parse_args()
    found: list[Growth] = []
    for name, call in element_cases(rooms()).items():
        for way in WAYS:
            if options.only in f"{name}, {way}":
                growth = grow_elements(name, way, call)
                found += [growth] if growth else []
    for name, make in {**MANY_PARTS, **QUADRATIC}.items():
        if options.only in name:
            found.append(grow_parts(name, make))
    print(f"{'ratio':>8}  {'fewest':>22}  {'most':>22}  what")
    for growth in sorted(found, key=lambda g: -g.ratio):
        cells = [
            f"{n:9,}: {growth.seconds[n] * 1e6:8.4f} us"
            for n in (min(growth.seconds), max(growth.seconds))
        ]
        why = KNOWN.get(growth.name)
        print(f"{growth.ratio:8.2f}  {'  '.join(cells)}  {growth.name}{f' ({why})' if why else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
