"""`Tensor` as its users meet it: what it is made of, what it prints, copies, refuses and says.

What ops compute is tested in `test_ops.py`, and how gradients travel in `test_engine.py`.
"""

from __future__ import annotations

import copy
import math
import pickle
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import grad, no_grad, tensor
from tinygrad_mlp.testing import arrays

DTYPES = [np.float16, np.float32, np.float64, np.int8, np.int32, np.int64, np.uint8, np.bool_]


# ------------------------------------------------------------------------------------ making one


@given(arrays())
def test_a_tensor_holds_a_copy_of_an_array(array):
    t = tensor(array)
    assert t.dtype == array.dtype
    assert t.tolist() == array.tolist()
    assert not np.shares_memory(t.data, array)


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_array_keeps_its_dtype(dtype):
    assert tensor(np.ones(2, dtype)).dtype == dtype


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, np.float32),
        ([1.5, 2.5], np.float32),
        ([[1, 2.5]], np.float32),
        (3, np.int64),
        ([1, 2], np.int64),
        (True, np.bool_),
        ([True, False], np.bool_),
        ([], np.float32),
        (np.float64(1.5), np.float64),
    ],
)
def test_python_numbers_get_the_dtype_that_pytorch_gives_them(data, dtype):
    assert tensor(data).dtype == dtype
    theirs = torch.tensor(data).dtype
    assert str(theirs).removeprefix("torch.") == np.dtype(dtype).name.replace("bool_", "bool")


def test_a_dtype_can_be_requested():
    assert tensor([1, 2], dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize("data", ["abc", [1, "a"], None, 1j, {"a": 1}])
def test_data_without_numbers_is_a_type_error_that_says_what_a_tensor_holds(data):
    with pytest.raises(TypeError, match="floats, integers or booleans"):
        tensor(data)


@pytest.mark.parametrize("data", [1, [1, 2], True, np.arange(3), np.ones(2, np.uint8)])
def test_an_integer_tensor_cannot_require_a_gradient_and_the_message_says_what_to_write(data):
    with pytest.raises(TypeError, match=r"tensor\(data, dtype=np.float32, requires_grad=True\)"):
        tensor(data, requires_grad=True)
    with pytest.raises(TypeError, match="floating-point"):
        tensor(data).requires_grad_()


def test_an_integer_tensor_that_was_made_to_require_a_gradient_gets_none():
    t = tensor([1, 2])
    with pytest.raises(TypeError, match="floating-point"):
        t.requires_grad = True
        (t * 2.5).sum().backward()
    assert t.grad is None


def test_what_that_message_suggests_works():
    t = tensor([1, 2], dtype=np.float32, requires_grad=True)
    (t * t).sum().backward()
    assert t.grad.tolist() == [2, 4]


@pytest.mark.parametrize("given", [[1.0], 1.0, "a", (1, 2), np.float64(1), np.array(["a"]), None])
def test_from_numpy_takes_an_array_of_numbers_only(given):
    with pytest.raises(TypeError, match=r"from_numpy takes a NumPy array .* write tensor\(...\)"):
        tg.from_numpy(given)
    with pytest.raises(TypeError, match=r"from_numpy takes a NumPy array"):
        tg.from_numpy(tensor([1.0]))


def test_lists_of_several_lengths_are_a_value_error_that_shows_them():
    with pytest.raises(ValueError, match=r"one length at each depth.*\[\[1\], \[2, 3\]\]"):
        tensor([[1], [2, 3]])


def test_a_string_is_named():
    with pytest.raises(TypeError, match="floats, integers or booleans, not 'a'"):
        tensor("a")


def test_from_numpy_shares_the_memory_of_the_array():
    array = np.zeros(2)
    t = tg.from_numpy(array)
    array[0] = 5.0
    assert t.tolist() == [5, 0]


# ----------------------------------------------------------------------- float32 in, float32 out


NUMBERS = [2, 2.5, True, np.float64(2.5), np.float32(2.5), np.float16(2.5), np.int64(2), np.int8(2)]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: type(n).__name__)
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,)])
def test_numbers_of_any_kind_do_not_widen_a_float32(number, shape):
    x = tensor(np.full(shape, 1.5, np.float32), requires_grad=True)
    results = [
        x + number, number + x, x - number, number - x, x * number, number * x,
        x / number, number / x, x**number, number**x, x.maximum(number),
        tg.where(x > 0, x, number), x.clamp(max=number), x.lerp(x, number),
    ]  # fmt: skip
    for y in results:
        assert y.dtype == np.float32
        (first,) = grad(y.sum(), x, create_graph=True)
        assert first.dtype == np.float32
        if first.requires_grad:
            assert grad(first.sum(), x)[0].dtype == np.float32


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, np.bool_])
@pytest.mark.parametrize("shape", [(), (3,)])
def test_integer_arrays_and_tensors_do_not_widen_a_float32(dtype, shape):
    x = tensor(np.full(shape, 1.5, np.float32), requires_grad=True)
    whole = np.ones(shape, dtype)
    for other in (whole, tensor(whole)):
        for y in (x + other, other * x, x / other, x.maximum(other)):
            assert y.dtype == np.float32
            assert grad(y.sum(), x)[0].dtype == np.float32


def test_lists_do_not_widen_a_float32():
    x = tensor([1.5, 2.5], requires_grad=True)
    half = [0.5, 1]
    for y in (x + half, half * x, x @ half, tg.where([True, False], x, half)):
        assert y.dtype == np.float32
        assert grad(y.sum(), x)[0].dtype == np.float32


def test_lists_keep_all_their_digits_beside_a_float64():
    assert (tensor(np.ones(1)) * [0.1]).item() == 0.1


def test_a_float64_array_widens_as_in_numpy_and_the_gradient_is_still_float32():
    x = tensor([1.5], requires_grad=True)
    y = x * np.array([2.0])
    assert y.dtype == np.float64
    assert grad(y, x)[0].dtype == np.float32


def test_integers_become_float32_where_they_stop_being_integers():
    t = tensor([1, 2, 4])
    for y in (t / 2, t.exp(), t.sqrt(), t.sigmoid(), t * 0.5, t + np.float64(1)):
        assert y.dtype == np.float32
    assert t.sum().dtype == np.int64
    with pytest.raises(TypeError, match=r"write \.float\(\)"):
        t.mean()


def test_everything_in_training_is_float32_including_the_optimiser_state():
    model = tg.nn.Sequential(tg.nn.Linear(3, 4, rng=0), tg.nn.Sigmoid(), tg.nn.Linear(4, 2, rng=1))
    kinds = (
        tg.optim.SGD(model.parameters(), lr=np.float64(0.1), momentum=np.float64(0.9)),
        tg.optim.SGD(model.parameters(), lr=0.1, weight_decay=np.float64(0.01)),
        tg.optim.Adam(model.parameters(), lr=np.float64(0.1), weight_decay=0.01),
    )
    x = np.ones((5, 3), np.float32)
    for optimizer in kinds:
        loss = tg.nn.functional.cross_entropy(model(tensor(x)), np.zeros(5, int)) * np.float64(0.5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert loss.dtype == np.float32
        for p, state in optimizer.state.items():
            assert p.dtype == p.grad.dtype == np.float32
            moments = [m for m in state.values() if isinstance(m, np.ndarray)]
            assert all(m.dtype == np.float32 for m in moments)
        assert len(optimizer.state) == 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gradient_passed_in_another_dtype_changes_no_dtype(dtype):
    for create_graph in (False, True):
        x = tensor(np.ones(2, dtype), requires_grad=True)
        (x * x).backward(np.ones(2, np.float16), create_graph=create_graph)
        assert x.grad.dtype == dtype


# ----------------------------------------------------------------------------- dtypes and devices

NAMED = ["float16", "half", "float32", "float", "float64", "double"]
NAMED += ["int8", "int16", "short", "int32", "int", "int64", "long", "uint8", "bool"]


@pytest.mark.parametrize("name", NAMED)
def test_a_dtype_has_the_names_of_pytorch(name):
    ours, theirs = getattr(tg, name), getattr(torch, name)
    assert tensor([1, 0], dtype=ours).dtype == torch.tensor([1, 0], dtype=theirs).numpy().dtype
    assert tg.zeros(2, dtype=ours).dtype == ours
    assert tensor([1.0, 0.0]).to(ours).dtype == tensor([1.0, 0.0]).type(ours).dtype == ours


@pytest.mark.parametrize("name", ["float", "double", "half", "long", "int", "bool"])
def test_a_cast_has_the_values_and_the_dtype_of_pytorch(name):
    data = np.array([1.7, -1.7, 0.0, 0.5])
    found, expected = getattr(tensor(data), name)(), getattr(torch.tensor(data), name)()
    assert found.dtype == expected.numpy().dtype
    assert found.tolist() == expected.tolist()


def test_to_takes_a_dtype_a_tensor_and_the_cpu():
    x = tensor([1.0], requires_grad=True)
    assert x.to("cpu") is x.to(tg.float32) is x.to(x) is x.to(device="cpu") is x.cpu() is x
    assert x.to("cpu", tg.float64).dtype == x.to(dtype=tg.float64).dtype == np.float64
    assert x.to(tensor([1])).dtype == np.int64
    x.double().sum().backward()
    assert x.grad.tolist() == [1]


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "mps", 0.5])
def test_another_device_is_an_error_that_names_it(device):
    with pytest.raises(ValueError, match=f"not {device!r}: everything runs on the CPU"):
        tensor([1.0]).to(device)


def test_result_type_is_pytorchs():
    assert tg.result_type(tensor([1]), 0.5) == tg.float32
    assert tg.result_type(tensor([1], dtype=tg.uint8), tensor([1])) == tg.int64


# ---------------------------------------------------------------------------- operands

NO_NUMBERS = ["a", {"a": 1}, object(), ["a"], 1j, np.array("a"), np.str_("a"), print]


@pytest.mark.parametrize("other", NO_NUMBERS, ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "**", "==", "!=", "<", "@", "//", "&"])
def test_an_operand_that_is_no_number_is_a_type_error_that_names_it(sign, other):
    named = "numbers, lists of numbers, arrays and tensors, not with "
    for _x in (tensor([1.0, 2.0]), tensor([1, 2])):
        with pytest.raises(TypeError, match=named + re.escape(f"{other!r:.20}")):
            eval(f"_x {sign} other")


def test_none_is_no_operand_of_arithmetic():
    with pytest.raises(TypeError, match=r"add\(\) computes with numbers.*not with None"):
        tensor([1.0]) + None


def test_a_list_of_integers_does_not_widen_a_float32():
    x, whole = tensor([1.0, 2.0]), [1, 2]
    assert (x + whole).dtype == np.float32


def test_a_pytorch_tensor_counts_as_an_array():
    assert (tensor([1.0, 2.0]) + torch.tensor([1.0, 2.0])).tolist() == [2, 4]


# ------------------------------------------------------------------------------ generators

SWITCHES = [tg.no_grad, tg.no_grad(), tg.set_grad_enabled(False)]


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_generator_function_records_nothing_and_its_user_does(switch):
    @switch
    def steps(count):
        for _ in range(count):
            yield tg.is_grad_enabled()

    seen = [(inside, tg.is_grad_enabled()) for inside in steps(3)]
    assert seen == [(False, True)] * 3
    assert tg.is_grad_enabled()


def test_a_generator_under_no_grad_is_sent_to_thrown_into_and_closed_as_ever():
    heard = []

    @no_grad
    def listener():
        try:
            while True:
                try:
                    heard.append((yield len(heard)))
                except KeyError as error:
                    heard.append(error.args[0])
        finally:
            heard.append(("closed", tg.is_grad_enabled()))

    talk = listener()
    assert next(talk) == 0
    assert talk.send("one") == 1
    assert talk.throw(KeyError("two")) == 2
    talk.close()
    assert heard == ["one", "two", ("closed", False)]


def test_a_generator_under_no_grad_returns_its_value_and_raises_its_errors():
    @no_grad
    def ends():
        yield 1
        return 2

    @no_grad
    def fails():
        yield 1
        raise KeyError("here")

    def asks():
        return (yield from ends())

    steps = asks()
    assert next(steps) == 1
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == 2
    with pytest.raises(KeyError, match="here"):
        list(fails())
    assert tg.is_grad_enabled()


def test_enable_grad_covers_a_generator_inside_no_grad():
    @tg.enable_grad
    def steps():
        yield tg.is_grad_enabled()

    with no_grad():
        assert list(steps()) == [True]


# ---------------------------------------------------------------------------- copies and pickles


@given(arrays(), st.booleans())
def test_a_pickled_leaf_keeps_its_value_dtype_and_requires_grad(array, wants):
    t = tensor(array, requires_grad=wants)
    back = pickle.loads(pickle.dumps(t))
    assert type(back) is tg.Tensor
    assert back.dtype == t.dtype
    assert back.requires_grad is wants
    np.testing.assert_array_equal(back.data, t.data)


def test_a_float64_that_was_pickled_computes_in_float64():
    t = pickle.loads(pickle.dumps(tensor(np.float64(0.1), requires_grad=True)))
    for y in (t * 1, t.exp(), tg.where(t > 0, t, 0)):
        assert y.dtype == np.float64
        assert grad(y, t)[0].dtype == np.float64


def test_a_deep_copy_of_a_leaf_shares_nothing():
    t = tensor([1.0, 2.0], requires_grad=True)
    other = copy.deepcopy(t)
    assert other.requires_grad
    assert other.tolist() == t.tolist()
    assert not np.shares_memory(other.data, t.data)


def test_a_deep_copied_leaf_is_a_leaf_of_its_own():
    t = tensor([1.0], requires_grad=True)
    other = copy.deepcopy(t)
    (other * 2).backward()
    assert t.grad is None
    assert other.grad.tolist() == [2]


def test_a_recorded_result_refuses_to_be_pickled_or_copied_and_says_what_to_write():
    y = tensor([1.0], requires_grad=True) * 2
    for attempt in (pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError, match=r"only a leaf.*t\.detach\(\)"):
            attempt(y)
    assert pickle.loads(pickle.dumps(y.detach())).tolist() == [2]


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"]
)
def test_a_copied_model_computes_the_same_with_parameters_of_its_own(duplicate):
    model = tg.nn.Sequential(tg.nn.Linear(3, 4, rng=0), tg.nn.ReLU(), tg.nn.Linear(4, 2, rng=1))
    other = duplicate(model)
    x = tensor(np.ones((2, 3), np.float32))
    np.testing.assert_array_equal(model(x).data, other(x).data)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert isinstance(q, tg.nn.Parameter)
        assert not np.shares_memory(p.data, q.data)
    other(x).sum().backward()
    assert all(p.grad is None for p in model.parameters())


def test_layers_that_share_a_parameter_share_it_in_the_copy():
    model = tg.nn.Sequential(tg.nn.Linear(2, 2, rng=0), tg.nn.Linear(2, 2, rng=1))
    model[1].weight = model[0].weight
    other = copy.deepcopy(model)
    assert other[0].weight is other[1].weight
    assert other[0].weight is not model[0].weight


def test_a_parameter_shared_by_two_layers_is_stepped_once():
    model = tg.nn.Sequential(tg.nn.Linear(2, 2, bias=False, rng=0), tg.nn.Linear(2, 2, rng=1))
    model[1].weight = model[0].weight
    before = model[0].weight.data.copy()
    optimizer = tg.optim.SGD([*model[0].parameters(), *model[1].parameters()], lr=0.1)
    model(tensor(np.ones((1, 2), np.float32))).sum().backward()
    optimizer.step()
    expected = before - np.float32(0.1) * model[0].weight.grad.data
    np.testing.assert_allclose(model[0].weight.data, expected, rtol=1e-6)


def test_a_deep_copy_keeps_a_gradient_of_its_own():
    t = tensor([1.0, 2.0], requires_grad=True)
    (t * t).sum().backward()
    other = copy.deepcopy(t)
    assert other.grad.tolist() == [2, 4]
    assert not np.shares_memory(other.grad.data, t.grad.data)
    model = copy.deepcopy({"one": t, "again": t})
    assert model["one"] is model["again"]


# ------------------------------------------------------------------ requires_grad, detach, clone


def test_requires_grad_can_be_switched_on_later():
    x = tensor([1.0, 2.0])
    assert not (x * x).requires_grad
    assert x.requires_grad_() is x
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4]


def test_a_result_made_before_requires_grad_was_switched_on_has_no_graph():
    x = tensor([1.0])
    y = x * x
    x.requires_grad_()
    with pytest.raises(RuntimeError, match="no graph"):
        y.backward()


def test_a_leaf_that_has_stopped_requiring_a_gradient_gets_none():
    for m in (tg, torch):
        x = m.tensor([2.0], requires_grad=True)
        y = x * x
        x.requires_grad_(False)
        y.backward()
        assert x.grad is None
        assert not (x * x).requires_grad


def test_a_recorded_result_cannot_stop_requiring_a_gradient():
    y = tensor([1.0], requires_grad=True) * 2
    with pytest.raises(RuntimeError, match=r"only a leaf.*detach"):
        y.requires_grad_(False)


def test_detach_shares_data_and_stops_gradients():
    x = tensor([1.0, 2.0], requires_grad=True)
    y = (x * 3).detach()
    assert y.is_leaf
    assert not y.requires_grad
    assert np.shares_memory(x.detach().data, x.data)
    (x * y).sum().backward()
    assert x.grad.tolist() == [3, 6]


def test_clone_copies_data_and_passes_gradients():
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x.clone()
    assert not np.shares_memory(x.data, y.data)
    (y * 3).sum().backward()
    assert x.grad.tolist() == [3, 3]


@pytest.mark.parametrize("dtype", DTYPES)
def test_clone_keeps_value_and_dtype(dtype):
    t = tensor(np.ones(2, dtype))
    assert t.clone().dtype == dtype
    assert t.clone().tolist() == t.tolist()
    assert not np.shares_memory(t.clone().data, t.data)


def test_results_of_a_parameter_are_tensors_and_not_parameters():
    p = tg.nn.Parameter([1.0, 2.0])
    assert type(p) is tg.nn.Parameter
    for y in (p * 2, p[0], p.detach(), p.clone()):
        assert type(y) is tg.Tensor


def test_is_leaf_is_true_of_what_no_recorded_op_made():
    x = tensor([1.0], requires_grad=True)
    assert x.is_leaf
    assert not (x * 2).is_leaf
    assert (tensor([1.0]) * 2).is_leaf
    with no_grad():
        assert (x * 2).is_leaf


# ---------------------------------------------------------------------------- what it looks like


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: tensor([1.0, 2.0]), "tensor([1., 2.])"),
        (lambda: tensor(1.5), "tensor(1.5)"),
        (lambda: tensor([1, 2]), "tensor([1, 2])"),
        (lambda: tensor([True, False]), "tensor([ True, False])"),
        (lambda: tensor(np.array([1.0])), "tensor([1.], dtype=float64)"),
        (lambda: tensor([1.0], requires_grad=True), "tensor([1.], requires_grad=True)"),
        (lambda: tensor([2.0], requires_grad=True).exp() * 0, "tensor([0.], op=mul)"),
        (lambda: tensor([[1.0, 2.0], [3.0, 4.0]]), "tensor([[1., 2.],\n        [3., 4.]])"),
        (lambda: tensor(np.zeros((0, 3), np.float32)), "tensor([], size=(0, 3))"),
    ],
)
def test_repr_shows_values_and_anything_unusual(make, text):
    assert repr(make()) == text
    assert str(make()) == text


def test_repr_of_a_large_tensor_is_short():
    assert len(repr(tensor(np.zeros((1000, 1000))))) < 1000


def test_repr_works_on_a_freed_graph_and_under_no_grad():
    y = tensor([1.0], requires_grad=True) * 2
    y.backward()
    with no_grad():
        assert "op=mul" in repr(y)


def test_a_single_value_can_be_formatted_as_a_number():
    assert f"{tensor(1.23456):.2f}" == "1.23"
    assert f"{tensor([7]):03d}" == "007"
    assert f"{tensor([1.0, 2.0])}" == "tensor([1., 2.])"


def test_several_values_cannot_be_formatted_as_a_number():
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        f"{tensor([1.0, 2.0]):.2f}"


# ------------------------------------------------------------------------ Python's own functions


def test_a_single_value_converts_to_python_numbers():
    t = tensor([[2.5]])
    assert (float(t), int(t), t.item()) == (2.5, 2, 2.5)
    assert type(t.item()) is float
    assert math.sqrt(tensor(4.0)) == 2


def test_several_values_do_not_convert_and_the_message_says_what_to_use():
    for convert in (float, int, tg.Tensor.item):
        with pytest.raises(ValueError, match=r"shape \(2,\).*tolist"):
            convert(tensor([1.0, 2.0]))


def test_bool_of_a_single_value_is_whether_it_is_not_zero():
    assert tensor(2.0)
    assert not tensor([0])


@pytest.mark.parametrize("shape", [(2,), (0,), (2, 2)])
def test_bool_of_several_values_is_an_error_that_says_all_or_any(shape):
    with pytest.raises(ValueError, match=r"neither true nor false.*any\(\)"):
        bool(tensor(np.zeros(shape)))


def test_len_is_the_first_size():
    assert len(tensor(np.zeros((3, 2)))) == 3
    assert len(tensor([])) == 0


def test_a_tensor_without_dimensions_has_no_length_and_cannot_be_iterated():
    for attempt in (len, list):
        with pytest.raises(TypeError, match="no dimensions"):
            attempt(tensor(1.0))


def test_iteration_gives_tensors_that_gradients_flow_through():
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    first, second = x
    (first * 10 + second).sum().backward()
    assert x.grad.tolist() == [[10, 10], [1, 1]]


def test_tolist_gives_python_numbers():
    assert tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert type(tensor([1.5]).tolist()[0]) is float
    assert tensor(1.5).tolist() == 1.5


def test_an_integer_tensor_can_index_a_list():
    assert "abc"[tensor(1)] == "b"
    assert list(range(tensor(3))) == [0, 1, 2]


@pytest.mark.parametrize("value", [1.0, [1], [1, 2]])
def test_only_a_single_integer_can_index_a_list(value):
    with pytest.raises(TypeError):
        "abc"[tensor(value)]


def test_tensors_are_told_apart_by_identity_in_sets_and_dictionaries():
    a, b = tensor([1.0]), tensor([1.0])
    assert len({a, b, a}) == 2
    assert a in {a}
    assert b not in {a}
    assert {a: "a"}[a] == "a"


def test_in_asks_whether_a_value_is_there():
    assert 2.0 in tensor([1.0, 2.0])
    assert 3.0 not in tensor([[1.0, 2.0]])


def test_comparison_is_elementwise_and_records_nothing():
    x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    for found, expected in [
        (x == 2, [False, True, False]),
        (x != 2, [True, False, True]),
        (x < 2, [True, False, False]),
        (x <= 2, [True, True, False]),
        (x > 2, [False, False, True]),
        (x >= 2, [False, True, True]),
        ((x > 1) & (x < 3), [False, True, False]),
        ((x < 2) | (x > 2), [True, False, True]),
        (~(x == 2), [True, False, True]),
    ]:
        assert found.tolist() == expected
        assert found.dtype == np.bool_
        assert not found.requires_grad


def test_comparison_with_none_is_false_everywhere():
    assert (tensor([1.0, 2.0]) == None).tolist() == [False, False]  # noqa: E711


def test_sizes_are_available_in_every_form_that_pytorch_has():
    t = tensor(np.zeros((2, 3)))
    assert (t.shape, t.ndim, t.dim(), t.numel()) == ((2, 3), 2, 2, 6)
    assert t.size() == (2, 3)
    assert (t.size(0), t.size(-1)) == (2, 3)
    assert (t.T.shape, t[None].mT.shape) == ((3, 2), (1, 3, 2))


def test_pythons_sum_adds_tensors():
    x = tensor([1.0, 2.0], requires_grad=True)
    total = sum([x, x, x])
    total.sum().backward()
    assert x.grad.tolist() == [3, 3]


# ------------------------------------------------------------------------------ errors that help


def test_backward_from_several_values_names_the_shape_and_two_remedies():
    y = tensor([[1.0, 2.0]], requires_grad=True) * 2
    with pytest.raises(RuntimeError, match=r"shape \(1, 2\).*\.sum\(\).*gradient="):
        y.backward()


def test_a_loss_without_a_graph_says_why_and_what_to_set():
    for loss in (tensor(1.0), tensor([1.0, 2.0]).sum()):
        with pytest.raises(RuntimeError, match=r"no graph.*no_grad.*requires_grad=True"):
            loss.backward()


def test_a_loss_made_under_no_grad_says_that_this_may_be_why():
    x = tensor([1.0], requires_grad=True)
    with no_grad():
        loss = (x * x).sum()
    with pytest.raises(RuntimeError, match=r"under no_grad\(\)"):
        loss.backward()


def test_shapes_that_do_not_fit_in_a_matrix_product_are_named_with_cause_and_remedy():
    a, b = tensor(np.ones((2, 3))), tensor(np.ones((4, 5)))
    with pytest.raises(
        ValueError, match=r"matmul\(\).*\(2, 3\), \(4, 5\).*\(3\).*\(4\).*transposed \(\.mT\)"
    ):
        a @ b


@pytest.mark.parametrize(("a", "b"), [((), ()), ((), (2,)), ((2,), ())])
def test_a_matrix_product_of_single_numbers_says_to_use_times(a, b):
    with pytest.raises(ValueError, match=r"matmul\(\) .*dimension"):
        tensor(np.ones(a)) @ tensor(np.ones(b))


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError, match=r"add\(\).*\(2, 3\), \(2,\)"):
        tensor(np.ones((2, 3))) + tensor(np.ones(2))


def test_an_index_out_of_range_names_op_shape_and_index():
    with pytest.raises(IndexError, match=r"getitem\(\).*\(2,\).*5"):
        tensor([1.0, 2.0])[5]


def test_a_reshape_that_does_not_fit_names_both_shapes():
    with pytest.raises(ValueError, match=r"reshape\(\).*\(2, 3\).*\(4, 2\)"):
        tensor(np.ones((2, 3))).reshape(4, 2)


def test_numpy_of_a_tensor_that_requires_a_gradient_says_what_to_write():
    with pytest.raises(RuntimeError, match=r"t\.detach\(\)\.numpy\(\)"):
        tensor([1.0], requires_grad=True).numpy()


def test_a_misspelt_method_is_an_attribute_error():
    with pytest.raises(AttributeError, match="sumn"):
        tensor([1.0]).sumn()
    with pytest.raises(AttributeError):
        tensor([1.0]).gard = 1
