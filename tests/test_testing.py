"""Mistakes that people make in an op or a layer, and what each of them is told.

Every row is one mistake. A page of reference shows the same rows, and a test here compares the two.
A check that has never failed has proved little, so each row must fail with its message.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import tinygrad_mlp as tg
from tinygrad_mlp import nn, op
from tinygrad_mlp.testing import (
    arrays,
    broadcastable_shapes,
    check_layer,
    check_op,
    samples,
)

pytestmark = pytest.mark.usefixtures("forgets_new_ops")

LESSONS = Path(__file__).parent.parent / "lessons"


@dataclass(frozen=True)
class Row:
    """One row.

    mistake  how the page words it
    message  what is said, or a part of it
    made     makes the mistake and checks it
    error    what is raised
    """

    mistake: str
    message: str
    made: Callable[[], None]
    error: type[Exception]


ROWS: list[Row] = []


def row(mistake: str, message: str, error: type[Exception] = AssertionError):
    """Decorator: the function makes the mistake, and has it checked."""

    def enter(made):
        ROWS.append(Row(mistake, message, made, error))
        return made

    return enter


ONE = samples(arrays())
PAIRS = broadcastable_shapes().flatmap(lambda shapes: samples(*map(arrays, shapes)))


# ----------------------------------------------------------------- ops: what `@op` itself refuses


@row("two rules for one input", "has 2 rules, but takes only (x)", TypeError)
def two_rules_for_one_input():
    @op(grad=(lambda g, y, x: g * x, lambda g, y, x: g * x))
    def square(x):
        return x * x


@row("a rule that does not take the output", "the rule of x in square() takes (g, x)", TypeError)
def without_the_output():
    @op(grad=lambda g, x: 2 * g * x)
    def square(x):
        return x * x


@row("a rule that does not take a parameter", "begin it with lambda g, y, x, by:", TypeError)
def without_the_parameter():
    @op(grad=lambda g, y, x: g * 2.0)
    def scaled(x, by=2.0):
        return x * by


@row("`@op(lambda ...)` without `grad=`", "@op was given a rule as its function", TypeError)
def without_the_keyword():
    @op(lambda g, y, x: 2 * g * x)
    def square(x):
        return x * x


@row("a list of rules", "a tuple with a rule or None for each input, not list", TypeError)
def a_list_of_rules():
    @op(grad=[lambda g, y, x: 2 * g * x])
    def square(x):
        return x * x


@row("`grad=` for any number of inputs", "it needs one rule for all of them", TypeError)
def rules_for_any_number():
    @op(grad=lambda g, y, *xs: g)
    def total(*xs):
        return sum(xs)


# ----------------------------------------------------------------------- ops: what check_op finds


@row("`grad=` is forgotten", "has no rule, so no gradient flows back through it")
def without_rules():
    @op
    def square(x):
        return x * x

    check_op(square, ONE, reference=torch.square)


@row("`@op` is forgotten", "is a function, not an op")
def without_op():
    def square(x):
        return x * x

    check_op(square, ONE)


@row("one rule for two inputs", "has 1 rule for 2 inputs: write one rule for each")
def too_few_rules():
    @op(grad=lambda g, y, a, b: g * b)
    def times(a, b):
        return a * b

    check_op(times, PAIRS)


@row("`None` for an input that counts", "It is 0: its rule is None, or 0")
def none_for_an_input_that_counts():
    @op(grad=(lambda g, y, a, b: g * b, None))
    def times(a, b):
        return a * b

    check_op(times, PAIRS)


@row("the rules in the wrong order", "The rules of input 0 (a) and input 1 (b) are swapped")
def swapped_rules():
    @op(grad=(lambda g, y, a, b: g * a, lambda g, y, a, b: g * b))
    def times(a, b):
        return a * b

    check_op(times, PAIRS)


@row("a wrong sign", "Its sign is wrong: look for a missing or an extra minus")
def wrong_sign():
    @op(grad=lambda g, y, x: g * tg.sin(x))
    def cosine(x):
        return np.cos(x)

    check_op(cosine, ONE)


@row("a lost factor", "It is 1/2 times what it should be: look for a factor")
def lost_factor():
    @op(grad=lambda g, y, x: g * x)
    def square(x):
        return x * x

    check_op(square, ONE)


@row("a wrong derivative", "Derive the rule again")
def wrong_derivative():
    @op(grad=lambda g, y, x: g * 3 * x)
    def cube(x):
        return x * x * x

    check_op(cube, ONE)


@row("a rule without `g`", "does not use g: multiply by it, by the chain rule")
def without_g():
    @op(grad=lambda g, y, x: 2 * x)
    def square(x):
        return x * x

    check_op(square, ONE)


@row("`g` added instead of multiplied", "must be proportional to g, and is not")
def g_added():
    @op(grad=lambda g, y, x: g + 2 * x)
    def square(x):
        return x * x

    check_op(square, ONE)


@row("a rule without `return`", "the rule of input 0 (x) in square() returns None, not a gradient")
def rule_without_return():
    def rule(g, y, x):
        2 * g * x

    @op(grad=rule)
    def square(x):
        return x * x

    check_op(square, ONE)


@row("NumPy's functions in a rule", "fails on tensors, as for second derivatives")
def numpy_in_a_rule():
    @op(grad=lambda g, y, x: np.where(x > 0, g, 0))
    def positive(x):
        return np.maximum(x, 0)

    check_op(positive, samples(arrays(avoid=[0.0])))


@row("`.data` in a rule", "something in a rule is a constant where it should not be")
def data_in_a_rule():
    def plain(x):
        return x.data if isinstance(x, tg.Tensor) else x

    @op(grad=lambda g, y, x: g * 3 * plain(x) ** 2)
    def cube(x):
        return x * x * x

    check_op(cube, ONE)


@row("a rule that writes into `g`", "writes into what it is given: return a new array")
def rule_writes():
    def rule(g, y, x):
        g *= 2 * x
        return g

    @op(grad=rule)
    def square(x):
        return x * x

    check_op(square, samples(arrays((3,))))


@row("broadcasting undone by hand", "Leave summing over what broadcasting stretched to the engine")
def summed_by_hand():
    @op(grad=(lambda g, y, x, b: g, lambda g, y, x, b: g.sum(0)))
    def shifted(x, b):
        return x + b

    check_op(shifted, PAIRS)


@row("writing into an input", "writes into its input 0 (x): compute a new array")
def writes_into_its_input():
    @op(grad=lambda g, y, x: g * 2)
    def doubled(x):
        x *= 2
        return x

    check_op(doubled, ONE)


@row("returning the input itself", "returns its input 0 (x) itself")
def returns_its_input():
    @op(grad=lambda g, y, x: g)
    def same(x):
        return x

    check_op(same, ONE)


@row("a function without `return`", "returns NoneType, not an array of numbers")
def function_without_return():
    @op(grad=lambda g, y, x: 2 * g * x)
    def square(x):
        x * x

    check_op(square, ONE)


@row("float64 from a constant", "makes float64 of float32: a constant in it")
def wide_constant():
    @op(grad=lambda g, y, x: g * np.sqrt(2.0))
    def scaled(x):
        return x * np.sqrt(2.0)

    check_op(scaled, ONE)


@row("random numbers inside", "gives different results for the same inputs")
def random_numbers():
    rng = np.random.default_rng(0)

    @op(grad=lambda g, y, x: g)
    def noisy(x):
        return x + rng.normal(size=x.shape)

    check_op(noisy, samples(arrays((3,))))


@row("one result array for all calls", "gives the same memory twice")
def one_array_for_all_calls():
    out = np.zeros(3)

    @op(grad=lambda g, y, x: 2 * g * x)
    def square(x):
        return np.multiply(x, x, out=out)

    check_op(square, samples(arrays((3,))))


# ------------------------------------------------------------------------------------------ layers


class Layer(nn.Module):
    """What the wrong layers share."""

    def __init__(self):
        self.weight = nn.Parameter(np.array([0.5, 1.5, 2.5], np.float32))

    def forward(self, x):
        return x * self.weight


@row("a class instead of a layer", "is it a class without its parentheses", TypeError)
def a_class():
    check_layer(Layer, (4, 3))


@row("layers in a list", "Blocks.layers is a list that hides modules from the layer")
def layers_in_a_list():
    class Blocks(nn.Module):
        def __init__(self):
            self.layers = [nn.Linear(3, 3, rng=0), nn.ReLU()]

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    check_layer(Blocks(), (4, 3))


@row("parameters in a dictionary", "Parts.parts is a dict that hides parameters from the layer")
def parameters_in_a_dictionary():
    class Parts(nn.Module):
        def __init__(self):
            self.parts = {"scale": nn.Parameter(np.ones(3, np.float32))}

        def forward(self, x):
            return x * self.parts["scale"]

    check_layer(Parts(), (4, 3))


@row("a tensor, not an `nn.Parameter`", "is a tensor that requires a gradient, not an nn.Parameter")
def tensor_for_parameter():
    class Scale(Layer):
        def __init__(self):
            self.weight = tg.tensor(np.ones(3, np.float32), requires_grad=True)

    check_layer(Scale(), (4, 3))


@row("a parameter that is not used", "bias has no influence on the result of Scale")
def unused_parameter():
    class Scale(Layer):
        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(np.zeros(3, np.float32))

    check_layer(Scale(), (4, 3))


@row("a parameter of float64", "weight is float64, so all that is computed from it is float64")
def wide_parameter():
    class Scale(Layer):
        def __init__(self):
            self.weight = nn.Parameter(np.ones(3))

    check_layer(Scale(), (4, 3))


@row("float64 from a constant in `forward`", "Scale.forward makes float64 of float32")
def wide_constant_in_a_layer():
    class Scale(Layer):
        def forward(self, x):
            return x * self.weight * np.array([1.0, 2.0, 3.0])

    check_layer(Scale(), (4, 3))


@row("`.data` in `forward`", "the result of Scale depends on weight, but no gradient reaches it")
def data_in_forward():
    class Scale(Layer):
        def forward(self, x):
            return x * self.weight.data

    check_layer(Scale(), (4, 3))


@row("a part held constant in `forward`", "Does forward hold a part constant, with .data or NumPy")
def part_held_constant():
    class Centred(nn.Module):
        def forward(self, x):
            return x - x.data.mean(axis=1, keepdims=True)

    check_layer(Centred(), (4, 3))


@row("`forward` without `return`", "Scale.forward gives NoneType, not a Tensor")
def forward_without_return():
    class Scale(Layer):
        def forward(self, x):
            x * self.weight

    check_layer(Scale(), (4, 3))


@row("`forward` writes into its input", "Scale.forward writes into its input")
def forward_writes():
    class Scale(Layer):
        def forward(self, x):
            x.data *= 2
            return x * self.weight

    check_layer(Scale(), (4, 3))


@row("`self.training` is forgotten", "gives different results for the same input in eval mode")
def training_forgotten():
    class Noise(nn.Module):
        def __init__(self):
            self.rng = np.random.default_rng(0)

        def forward(self, x):
            return x + self.rng.normal(size=x.shape).astype(np.float32)

    check_layer(Noise(), (4, 3))


@row("a layer with chance, checked in training", "in training mode: check it in eval mode")
def checked_in_training():
    check_layer(nn.Dropout(0.5, rng=0), (4, 3))


@row("a mean over the batch", "gives another result for an example alone than in a batch")
def mean_over_the_batch():
    class Centred(nn.Module):
        def forward(self, x):
            return x - x.mean(dim=0, keepdim=True)

    check_layer(Centred(), (4, 3))


@row("the batch is flattened too", "the first dimension is the batch, and must stay as it is")
def batch_flattened():
    class Flat(nn.Module):
        def forward(self, x):
            return x.reshape(-1)

    check_layer(Flat(), (4, 3))


@row("the size of the batch is fixed", "takes a batch of 4, and fails for one example")
def batch_of_fixed_size():
    class Flat(nn.Module):
        def forward(self, x):
            return x.reshape(4, 6)

    check_layer(Flat(), (4, 2, 3))


@row("other names than in PyTorch", "must have the same names and shapes of parameters")
def other_names():
    class Scale(Layer):
        def __init__(self):
            self.scale = nn.Parameter(np.ones(3, np.float32))

        def forward(self, x):
            return x * self.scale

    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(3))

        def forward(self, x):
            return x * self.weight

    check_layer(Scale(), (4, 3), reference=Theirs())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mistake)
def test_a_mistake_is_told_with_its_cause(row):
    with pytest.raises(row.error) as caught:
        row.made()
    assert row.message in str(caught.value)


def test_the_page_shows_the_same_rows_and_the_lesson_some_of_them():
    page = (LESSONS / "reference" / "mistakes.md").read_text("utf-8")
    shown = re.findall(r"^\| (.+) \| `(.+)` \|$", page, re.M)
    assert shown == [(row.mistake, row.message) for row in ROWS]
    lesson = (LESSONS / "15_a_new_layer.py").read_text("utf-8")
    some = re.findall(r"^# \| (.+) \| `(.+)` \|$", lesson, re.M)
    assert len(some) == 5 and set(some) < set(shown)


# ------------------------------------------------------------------------------------ no mistakes


def test_a_function_composed_of_ops_passes_when_it_is_said_to_be_one():
    def cube(x):
        return x * x * x

    check_op(cube, ONE, lambda x: x**3, composed=True)


def test_a_composed_function_that_loses_a_gradient_is_told_when_pytorch_has_one():
    def cube(x):
        return tg.tensor(x.data**3)

    with pytest.raises(AssertionError, match="PyTorch's function has gradients, and cube"):
        check_op(cube, ONE, lambda x: x**3, composed=True)


def test_an_op_that_says_that_nothing_flows_back_passes():
    @op(grad=(None,))
    def rounded(x):
        return np.rint(x)

    check_op(rounded, ONE)


def test_an_op_that_gives_a_view_passes():
    @op(grad=lambda g, y, x: g.reshape(x.shape))
    def flat(x):
        return x.reshape(-1)

    check_op(flat, ONE)


def test_a_layer_that_mixes_examples_passes_when_it_is_said_to():
    layer = nn.BatchNorm1d(3, track_running_stats=False)
    with pytest.raises(AssertionError, match="mixes_examples=True"):
        check_layer(layer, (4, 3))
    check_layer(layer, (4, 3), mixes_examples=True)


def test_a_frozen_parameter_is_not_called_unused():
    layer = nn.Linear(3, 2, rng=0)
    layer.weight.requires_grad_(False)
    check_layer(layer, (4, 3))


@pytest.mark.parametrize("training", [True, False])
def test_a_layer_gets_its_mode_its_values_and_its_statistics_back(training):
    layer = nn.Sequential(nn.Linear(3, 3, rng=0), nn.BatchNorm1d(3)).train(training)
    before = layer.state_dict()
    check_layer(layer, (4, 3))
    assert layer.training == layer[1].training == training
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
        assert value.dtype == before[name].dtype


def test_a_list_of_layers_that_are_attributes_too_hides_nothing():
    class Twice(nn.Module):
        def __init__(self):
            self.first = nn.Linear(3, 3, rng=0)
            self.layers = [self.first, self.first]

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    check_layer(Twice(), (4, 3))
