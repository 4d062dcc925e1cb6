"""Arguments of PyTorch's that stay out, and what is no tensor, are refused with what to do."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn, outside
from tinygrad_mlp.nn import functional as F

X = tg.ones(2, 3)

OUTSIDE = {
    # as PyTorch takes it: what the error says
    "an op": (lambda: tg.exp(X, out=X), r"exp\(\) takes no out=: .*y.copy_"),
    "a reduction": (lambda: tg.amax(X, dim=0, out=X), r"amax\(\) takes no out=: results are new"),
    "a method": (lambda: X.sum(out=X), r"sum\(\) takes no out="),
    "a composed function": (lambda: tg.cat([X, X], out=X), r"cat\(\) takes no out="),
    "an alias": (lambda: tg.view(X, 6, out=X), r"takes no out="),
    "an op on an array": (lambda: tg.exp(X.numpy(), out=X), r"exp\(\) takes no out="),
    "making": (lambda: tg.zeros(2, device="cuda"), r"zeros\(\) takes no device=: .*CPU"),
    "tensor": (lambda: tg.tensor(2, device="cpu"), r"tensor\(\) takes no device="),
    "random numbers": (lambda: tg.randn(2, generator=0), r"generator=: pass rng=, a seed"),
    "an activation": (lambda: F.relu(X, inplace=True), r"relu\(\) takes no inplace="),
    "a function of networks": (
        lambda: F.dropout(X, inplace=True),
        r"dropout\(\) takes no inplace=",
    ),
    "a loss": (lambda: F.mse_loss(X, X, size_average=True), "size_average=: pass reduction="),
    "a layer": (lambda: nn.Linear(2, 3, device="cpu"), r"Linear\(\) takes no device="),
    "a layer that takes nothing": (lambda: nn.ReLU(inplace=True), r"ReLU\(\) takes no inplace="),
    "an optimiser": (
        lambda: tg.optim.Adam([X], foreach=True),
        r"Adam\(\) takes no foreach=: a step",
    ),
    "an optimiser by another": (
        lambda: tg.optim.Adagrad([X], fused=True),
        r"Adagrad\(\) takes no fused",
    ),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_argument_that_stays_out_is_named_with_what_to_do(name):
    call, words = OUTSIDE[name]
    with pytest.raises(TypeError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("reason", outside.ARGUMENT_REASONS)
def test_a_reason_is_one_line(reason):
    assert "\n" not in reason and len(reason) < 100


def test_an_argument_that_a_function_has_is_not_refused():
    assert tg.zeros(2, dtype=np.int64).dtype == np.int64
    assert tg.tensor(1.0).to(device="cpu").item() == 1.0


def test_any_other_argument_gets_pythons_message():
    with pytest.raises(TypeError, match="unexpected keyword argument 'qzx'"):
        tg.cat([X], qzx=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'qzx'"):
        tg.optim.Adam([X], qzx=1)


class Own(nn.Module):
    def __init__(self, device):
        self.device = device


class Open(nn.Module):
    def __init__(self, **options):
        self.options = options


class Bare(nn.Module):
    pass


def test_a_layer_of_ones_own_may_take_any_argument():
    assert Own(device="cpu").device == "cpu"
    assert Open(device="cpu").options == {"device": "cpu"}


@pytest.mark.parametrize("made", [lambda: Bare(3), lambda: Bare(x=3), lambda: nn.ReLU(True)])
def test_a_layer_that_takes_nothing_refuses_anything(made):
    with pytest.raises(TypeError, match=r"\(\) takes no arguments"):
        made()


def test_layers_and_optimisers_can_be_copied_and_layers_pickled():
    layer = nn.Linear(2, 3, rng=0)
    assert copy.deepcopy(layer).weight.tolist() == layer.weight.tolist()
    assert pickle.loads(pickle.dumps(layer)).weight.tolist() == layer.weight.tolist()
    assert copy.deepcopy(tg.optim.SGD(layer.parameters(), lr=0.5)).lr == 0.5


def test_an_error_about_something_else_is_left_as_it_is():
    class Odd:
        ndim = 1

    with pytest.raises(AttributeError, match="'Odd' object has no attribute"):
        tg.flatten(Odd())


@pytest.mark.parametrize("dim", [2, -3])
@pytest.mark.parametrize(
    "call",
    [
        lambda dim: X.sum(dim),
        lambda dim: X.mean((0, dim)),
        lambda dim: X.amax(dim),
        lambda dim: X.argmax(dim),
        lambda dim: X.argsort(dim),
        lambda dim: X.cumsum(dim),
        lambda dim: X.softmax(dim),
        lambda dim: X.transpose(0, dim),
        lambda dim: X.permute(0, dim),
        lambda dim: X.diagonal(dim1=dim),
        lambda dim: X.diagonal(dim2=dim),
        lambda dim: tg.cat([X, X], dim),
        lambda dim: X.flip(dim),
    ],
)
def test_a_dimension_that_is_not_there_is_named_with_those_that_are(call, dim):
    with pytest.raises(IndexError, match=f"no dimension {dim} among 2; use one from -2 to 1"):
        call(dim)
