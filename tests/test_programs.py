"""Random programs, run here and in PyTorch: values and gradients must agree.

Single ops are tested elsewhere; what can go wrong between them is the engine's: the order of
the walk, values used several times or not at all, broadcasting in the middle of a graph. So
Hypothesis writes programs. Each line of a program is the same text in both frameworks, which
have the same names, and a program that fails is shrunk and printed as lines of code.

To have another op in the programs, add a line to `LINES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, note, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.testing import close, weights_like

# ------------------------------------------------------- what lines there are, and what they fit


def any_shape(*shapes):
    return True


def dims(at_least):
    return lambda a: len(a) >= at_least


def same(a, b):
    return a == b


def broadcast(a, b):
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return True


def product(a, b):
    return len(a) > 0 and len(b) > 0 and a[-1] == b[-2 if len(b) > 1 else 0]


def batch_fits(a, b):
    return product(a, b) and broadcast(a[:-2], b[:-2])


def layer(a, b):
    return len(a) > 0 and len(b) == 2 and a[-1] == b[1]


# Kinks and ties are shifted away from values that structure can produce (0, or 1 as the sum of
# a softmax), where the last bit would decide which way the gradient goes.
LINES = {
    "{0} + {1}": broadcast,
    "{0} - {1}": broadcast,
    "{0} * {1}": broadcast,
    "{0} / ({1} * {1} + 1)": broadcast,
    "({0} * {0} + 1) ** {1}.tanh()": broadcast,
    "m.maximum({0}, {1} + 0.317)": broadcast,
    "m.minimum({0}, {1} + 0.317)": broadcast,
    "m.where({0}.detach() > 0.317, {0}, {1})": broadcast,
    "m.lerp({0}, {1}, 0.3)": same,
    "2 - {0}": any_shape,
    "1 / (2 + {0} * {0})": any_shape,
    "-{0}": any_shape,
    "{0} * {0}": any_shape,
    "{0} + {0}": any_shape,
    "{0} ** 3": any_shape,
    "1.5 ** {0}": any_shape,
    "{0}.tanh().exp()": any_shape,
    "({0} * {0} + 1).log()": any_shape,
    "({0} * {0} + 1).sqrt()": any_shape,
    "({0} + 0.317).abs()": any_shape,
    "({0} + 0.317).relu()": any_shape,
    "{0}.sigmoid()": any_shape,
    "{0}.sin()": any_shape,
    "{0}.cos()": any_shape,
    "{0}.tanh().expm1()": any_shape,
    "({0} * {0}).log1p()": any_shape,
    "{0}.erf()": any_shape,
    "F.softplus({0})": any_shape,
    "F.gelu({0})": any_shape,
    "F.silu({0})": any_shape,
    "{0}.detach() * {0}": any_shape,
    "{0}.clone()": any_shape,
    "{0}.clamp(-0.717, 0.617)": any_shape,
    "{0}.sum()": any_shape,
    "{0}.mean()": any_shape,
    "{0}.sum(-1)": dims(1),
    "{0}.sum(0, keepdim=True)": dims(1),
    "{0}.mean(dim=-1, keepdim=True)": dims(1),
    "{0}.sum(dim=(0, -1))": dims(2),
    "({0} + ramp({0})).amax(-1)": dims(1),
    "({0} + ramp({0})).amin(dim=0, keepdim=True)": dims(1),
    "{0}.var(dim=-1, correction=0)": dims(1),
    "{0}.logsumexp(-1)": dims(1),
    "{0}.softmax(dim=-1)": dims(1),
    "{0}.log_softmax(dim=0)": dims(1),
    "{0}.cumsum(dim=-1)": dims(1),
    "{0}.reshape(-1)": any_shape,
    "{0}.flatten()": any_shape,
    "{0}[None]": any_shape,
    "{0}.unsqueeze(-1)": any_shape,
    "{0}.squeeze()": any_shape,
    "{0}.expand(2, *{0}.shape)": any_shape,
    "{0}.transpose(0, -1)": dims(1),
    "{0}.mT": dims(2),
    "{0}[0]": dims(1),
    "{0}[..., ::2]": dims(1),
    "{0}[[0, -1, 0]]": dims(1),
    "{0}.flip(0)": dims(1),
    "m.cat([{0}, {1}], 0)": lambda a, b: same(a, b) and len(a) > 0,
    "m.stack([{0}, {1}, {0}], -1)": same,
    "{0} @ {1}": batch_fits,
    "{0} @ {0}.mT": dims(2),
    "F.linear({0}, {1})": layer,
    "F.mse_loss({0}, {1})": same,
}
"""The right side of a line, for both frameworks, and which shapes of operands it fits."""

LEAF_SHAPES = [(3,), (2, 3), (1, 3), ()]
LARGEST = 48
"""How many values a result may have."""

TAME = 3.0
"""What grows beyond this is put through tanh, so that rounding stays small."""


# ------------------------------------------------------------------------------ what a program is


@dataclass(frozen=True)
class Program:
    """Leaves by name, and lines "name = expression" that make each further value."""

    leaves: dict[str, np.ndarray]
    lines: list[tuple[str, str]]

    def __str__(self) -> str:
        shapes = [f"{name} = leaf of shape {value.shape}" for name, value in self.leaves.items()]
        return "\n".join(shapes + [f"{name} = {code}" for name, code in self.lines])

    def run(self, names: dict) -> list:
        """All values, the leaves first. `names` holds the leaves and the framework."""
        names = dict(names)
        for name, code in self.lines:
            names[name] = eval(code, names)
        return [names[name] for name in [*self.leaves, *(name for name, _ in self.lines)]]


@dataclass(frozen=True)
class Framework:
    """One of the two: its modules and how its tensors are made and unmade."""

    module: object
    functions: object
    tensor: Callable
    grad: Callable
    array: Callable

    def run(self, program: Program) -> tuple[list, list]:
        """The leaves, and all values of a program."""
        leaves = {name: self.tensor(value) for name, value in program.leaves.items()}
        for leaf in leaves.values():
            leaf.requires_grad_()
        names = {**leaves, "m": self.module, "F": self.functions, "ramp": self.ramp}
        return list(leaves.values()), program.run(names)

    def ramp(self, x):
        """A little more for each value of `x`, so that no two of them tie."""
        steps = np.arange(np.prod(x.shape)).reshape(tuple(x.shape))
        return self.tensor(0.1234 * steps)

    def loss(self, values: list):
        """One number from the last two values; the others may be used or not."""
        weighted = [(v * self.tensor(weights_like(self.array(v), i))).sum()
                    for i, v in enumerate(values[-2:])]  # fmt: skip
        return weighted[0] + weighted[-1]


OURS = Framework(
    tg, tg.nn.functional, lambda a: tg.tensor(np.array(a)), tg.grad, lambda t: t.detach().data
)
THEIRS = Framework(
    torch,
    torch.nn.functional,
    lambda a: torch.tensor(np.array(a)),
    torch.autograd.grad,
    lambda t: t.numpy(force=True),
)


@st.composite
def programs(draw) -> Program:
    """Two or three leaves and up to twelve lines; what does not fit is left out.

    A choice is a number taken modulo what there is to choose from, so that Hypothesis can drop
    lines from the middle and still have a program.
    """
    shapes = draw(st.lists(st.sampled_from(LEAF_SHAPES), min_size=2, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    leaves = {chr(97 + i): rng.uniform(-2, 2, shape) for i, shape in enumerate(shapes)}
    number = st.integers(0, 50)
    choices = draw(st.lists(st.tuples(st.sampled_from(list(LINES)), number, number), max_size=12))
    values = {name: tg.tensor(value) for name, value in leaves.items()}
    names = SimpleNamespace(m=tg, F=tg.nn.functional, ramp=OURS.ramp)
    lines: list[tuple[str, str]] = []
    for template, i, j in choices:
        pool = list(values)
        operands = [pool[i % len(pool)], pool[j % len(pool)]][: 2 if "{1}" in template else 1]
        if LINES[template](*(values[name].shape for name in operands)):
            write_line(template.format(*operands), lines, values, vars(names))
    return Program(leaves, lines)


def write_line(code: str, lines: list, values: dict, names: dict) -> None:
    """Add a line, and one that tames its value if need be; nothing if the value is too large."""
    value = eval(code, {**names, **values})
    if value.numel() > LARGEST:
        return
    if np.abs(value.data).max() > TAME:
        code = f"({code}).tanh()"
        value = value.tanh()
    name = f"v{len(lines)}"
    lines.append((name, code))
    values[name] = value


# --------------------------------------------------------------------------- what must be equal


def first_order(framework: Framework, program: Program, create_graph: bool) -> tuple:
    leaves, values = framework.run(program)
    loss = framework.loss(values)
    return (
        leaves,
        values,
        framework.grad(loss, leaves, create_graph=create_graph, allow_unused=True),
    )


def compare_all(ours: list, theirs: list, words: str) -> None:
    for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
        assert (x is None) == (y is None), f"{words} {i}: {x}, PyTorch {y}"
        if x is not None:
            close(OURS.array(x), THEIRS.array(y), 1e-9, f"{words} {i} differs from PyTorch's")


@settings(max_examples=100)
@given(programs())
def test_values_and_gradients_of_a_random_program_are_pytorchs(program):
    note(str(program))
    _, values, gradients = first_order(OURS, program, False)
    _, expected_values, expected = first_order(THEIRS, program, False)
    compare_all(values, expected_values, "value")
    compare_all(gradients, expected, "gradient of leaf")


@settings(max_examples=50)
@given(programs())
def test_backward_of_a_random_program_leaves_the_gradients_that_grad_gives(program):
    note(str(program))
    _, _, expected = first_order(OURS, program, False)
    leaves, values = OURS.run(program)
    OURS.loss(values).backward()
    for leaf, g in zip(leaves, expected, strict=True):
        assert (leaf.grad is None) == (g is None)
        assert g is None or np.array_equal(leaf.grad.data, g.data)


def hessian_vector(framework: Framework, program: Program) -> tuple:
    """The gradients, recorded; and those of their product with fixed weights."""
    leaves, _, gradients = first_order(framework, program, True)
    parts = [
        (g * framework.tensor(weights_like(framework.array(g), i))).sum()
        for i, g in enumerate(gradients)
        if g is not None and g.requires_grad
    ]
    if not parts:
        return gradients, [None] * len(leaves)
    return gradients, framework.grad(parts, leaves, allow_unused=True)


def zero_if_none(framework: Framework, found: list, program: Program) -> list:
    leaves = program.leaves.values()
    return [
        framework.tensor(np.zeros_like(x)) if g is None else g
        for g, x in zip(found, leaves, strict=True)
    ]


@settings(max_examples=100)
@given(programs())
def test_a_hessian_vector_product_of_a_random_program_is_pytorchs(program):
    note(str(program))
    gradients, product = hessian_vector(OURS, program)
    expected_gradients, expected = hessian_vector(THEIRS, program)
    compare_all(gradients, expected_gradients, "gradient of leaf")
    compare_all(
        zero_if_none(OURS, product, program),
        zero_if_none(THEIRS, expected, program),
        "Hessian times a vector, leaf",
    )


@pytest.mark.parametrize("template", LINES)
def test_every_line_fits_some_operands_and_agrees_with_pytorch(template):
    rng = np.random.default_rng(0)
    ran = 0
    for a in LEAF_SHAPES:
        for b in LEAF_SHAPES:
            if "{1}" not in template and b != a:
                continue
            fits = LINES[template]
            if not (fits(a, b) if "{1}" in template else fits(a)):
                continue
            leaves = {"a": rng.uniform(-1, 1, a), "b": rng.uniform(-1, 1, b)}
            program = Program(leaves, [("v0", template.format("a", "b"))])
            compare_all(hessian_vector(OURS, program)[0], hessian_vector(THEIRS, program)[0], "")
            ran += 1
    assert ran
