"""What stays out says so, and what is misspelt gets the name that was meant."""

import pytest
import torch

import tinygrad_mlp as tg
from tinygrad_mlp import outside

PLACES = {
    "package": (tg, torch),
    "nn": (tg.nn, torch.nn),
    "functional": (tg.nn.functional, torch.nn.functional),
    "optim": (tg.optim, torch.optim),
    "Tensor": (tg.tensor(1.0), torch.tensor(1.0)),
}


@pytest.mark.parametrize("name", outside.OUTSIDE)
def test_nothing_that_stays_out_is_here(name):
    assert not [place for place, (ours, _) in PLACES.items() if hasattr(ours, name)]


@pytest.mark.parametrize("name", outside.OUTSIDE)
def test_what_stays_out_is_pytorchs_or_leads_there(name):
    theirs = (torch, torch.nn, torch.nn.functional, torch.optim, torch.Tensor, torch.amp)
    assert any(hasattr(place, name) for place in theirs) or name in {"GradScaler", "functorch"}


@pytest.mark.parametrize("reason", outside.REASONS)
def test_a_reason_is_one_line(reason):
    assert "\n" not in reason and len(reason) < 100


ASKED = [
    (lambda: tg.manual_seed(0), "pass rng="),
    (lambda: tg.Generator(), "pass rng="),
    (lambda: tg.device("cuda"), "everything runs on the CPU"),
    (lambda: tg.vmap, "write the batch dimension out"),
    (lambda: tg.complex64, "no complex numbers"),
    (lambda: tg.nn.LSTM(2, 3), 'see the lesson "A new layer".*interop.to_torch'),
    (lambda: tg.nn.MultiheadAttention, "interop.to_torch"),
    (lambda: tg.nn.functional.scaled_dot_product_attention, "A new layer"),
    (lambda: tg.optim.LBFGS, "A new layer"),
    (lambda: tg.tensor(1.0).cuda(), "'Tensor' object has no attribute 'cuda': everything runs"),
    (lambda: tg.nn.Parameter([1.0]).to_sparse(), "no sparse tensors"),
    (lambda: tg.tensor(1.0).uniform_(), "pass rng="),
]


@pytest.mark.parametrize("i", range(len(ASKED)))
def test_what_stays_out_is_an_attribute_error_that_says_where_to_go(i):
    call, words = ASKED[i]
    with pytest.raises(AttributeError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


MISSPELT = [
    (lambda: tg.maxium, "maximum"),
    (lambda: tg.cumsumm, "cumsum"),
    (lambda: tg.nn.Linaer, "Linear"),
    (lambda: tg.nn.functional.cros_entropy, "cross_entropy"),
    (lambda: tg.optim.adam, "Adam"),
]


@pytest.mark.parametrize("i", range(len(MISSPELT)))
def test_a_misspelt_name_gets_the_one_that_was_meant(i):
    call, meant = MISSPELT[i]
    with pytest.raises(AttributeError, match=f"did you mean '{meant}'"):
        call()


def test_python_itself_knows_what_was_meant_of_a_tensor():
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'maxium'") as caught:
        _ = tg.tensor(1.0).maxium
    assert caught.value.name == "maxium" and isinstance(caught.value.obj, tg.Tensor)


@pytest.mark.parametrize("place", PLACES)
def test_any_other_name_gets_the_ordinary_message(place):
    with pytest.raises(AttributeError, match=r"has no attribute 'qzxqzx'$"):
        _ = PLACES[place][0].qzxqzx


def test_an_import_of_what_stays_out_is_an_import_error():
    with pytest.raises(ImportError):
        exec("from tinygrad_mlp import manual_seed")


def test_a_tensor_has_no_getattr_which_would_slow_every_attribute():
    assert not any("__getattr__" in vars(c) for c in tg.nn.Parameter.__mro__)


def test_dir_of_a_tensor_shows_what_it_has():
    shown = set(dir(tg.tensor(1.0)))
    assert "sum" in shown and not shown & set(outside.OUTSIDE)
