"""Changes in place: refused where they would spoil a graph, found where they have spoilt one.

A derivative rule reads the inputs of its op again in the backward pass, so they must still hold
the same values. Here every public way of writing into a tensor is tried between forward and
backward; and a write that is refused must leave everything as it was.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import no_grad, tensor
from tinygrad_mlp.nn import init


def parameter():
    return tg.nn.Parameter(np.arange(1.0, 7.0).reshape(2, 3))


# ------------------------------------------------------- every public way to write into a tensor


def set_item(t):
    t[0, 1] = 9.0


def set_slice(t):
    t[:, ::2] = t[:, ::2] * 2


def set_mask(t):
    t[t.data > 2] = 0.0


def iadd(t):
    t += 1


def isub(t):
    t -= 1


def imul(t):
    t *= 2


def itruediv(t):
    t /= 2


METHODS = {
    "add_": lambda t: t.add_(1.0),
    "sub_": lambda t: t.sub_(1.0),
    "mul_": lambda t: t.mul_(2.0),
    "div_": lambda t: t.div_(2.0),
    "copy_": lambda t: t.copy_(np.zeros((2, 3))),
    "fill_": lambda t: t.fill_(3.0),
    "zero_": lambda t: t.zero_(),
    "t[i, j] =": set_item,
    "t[:, ::2] =": set_slice,
    "t[mask] =": set_mask,
    "+=": iadd,
    "-=": isub,
    "*=": imul,
    "/=": itruediv,
    "init.uniform_": lambda t: init.uniform_(t, rng=0),
    "init.normal_": lambda t: init.normal_(t, rng=0),
    "init.zeros_": init.zeros_,
    "init.xavier_uniform_": lambda t: init.xavier_uniform_(t, rng=0),
    "init.xavier_normal_": lambda t: init.xavier_normal_(t, rng=0),
    "init.kaiming_uniform_": lambda t: init.kaiming_uniform_(t, rng=0),
    "init.kaiming_normal_": lambda t: init.kaiming_normal_(t, rng=0),
}
"""Ways to write, by name."""

VIEWS = {
    "itself": lambda t: t,
    "detach()": lambda t: t.detach(),
    "reshape": lambda t: t.detach().reshape(2, 3),
    "two transposes": lambda t: t.detach().T.T,
    "a slice": lambda t: t.detach()[:, :],
    "from_numpy of .data": lambda t: tg.from_numpy(t.data),
    "from_numpy of numpy()": lambda t: tg.from_numpy(t.detach().numpy()),
    "asarray": lambda t: tg.from_numpy(np.asarray(t.detach())),
    "a slice of an array": lambda t: tg.from_numpy(t.data[:][:, :]),
}
"""Ways to reach the memory of a tensor, by name."""


def test_every_method_that_writes_is_in_the_table():
    writing = {name for name in dir(tg.Tensor) if name.endswith("_") and not name.startswith("_")}
    writing = {name for name in writing if hasattr(tg.Tensor, name)}  # not what stays out
    assert writing - {"requires_grad_"} <= set(METHODS)
    fillers = {name for name in dir(init) if name.endswith("_") and not name.startswith("_")}
    assert {f"init.{name}" for name in fillers} <= set(METHODS)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("method", METHODS)
def test_a_saved_input_changed_before_backward_is_found_and_the_op_is_named(method, view):
    w = parameter()
    loss = w.exp().sum()
    with no_grad():
        METHODS[method](VIEWS[view](w))
    with pytest.raises(RuntimeError, match=r"shape \(2, 3\) that exp\(\) needs .*changed in place"):
        loss.backward()
    assert w.grad is None


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_result_changed_before_backward_is_found(method):
    w = parameter()
    y = w.exp()
    loss = y.sum()
    with no_grad():
        METHODS[method](y)
    with pytest.raises(RuntimeError, match=r"(sum|exp)\(\) needs .*changed in place"):
        loss.backward()


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_operand_without_gradient_changed_before_backward_is_found(method):
    w, x = parameter(), tensor(np.ones((2, 3)))
    loss = (w * x).sum()
    METHODS[method](x)
    with pytest.raises(RuntimeError, match=r"mul\(\) needs .*changed in place"):
        loss.backward()


def test_a_change_to_a_part_through_a_view_is_found():
    w = parameter()
    loss = w.exp().sum()
    w.detach()[1].mul_(2)
    with pytest.raises(RuntimeError, match=r"exp\(\) needs .*changed in place"):
        loss.backward()


def test_a_change_to_an_array_of_which_a_part_was_used_is_found():
    whole = np.ones((4, 3))
    part = tg.from_numpy(whole[1:3]).requires_grad_()
    loss = part.exp().sum()
    tg.from_numpy(whole).fill_(0)
    with pytest.raises(RuntimeError, match=r"exp\(\) needs .*changed in place"):
        loss.backward()


def test_an_index_changed_before_backward_is_found():
    x, index = tensor([1.0, 2.0, 3.0], requires_grad=True), tensor([0, 1])
    loss = x[index].sum()
    index.fill_(2)
    with pytest.raises(RuntimeError, match=r"getitem\(\) needs .*changed in place"):
        loss.backward()


def test_an_index_among_others_changed_before_backward_is_found():
    x, index = tensor(np.ones((3, 3)), requires_grad=True), tensor([0, 1])
    loss = x[:, index].sum()
    index.fill_(2)
    with pytest.raises(RuntimeError, match=r"getitem\(\) needs .*changed in place"):
        loss.backward()


def test_an_index_inside_gather_changed_before_backward_is_found():
    x, index = tensor(np.ones((3, 2)), requires_grad=True), tensor([[0, 1]])
    loss = tg.gather(x, 0, index).sum()
    index.fill_(2)
    with pytest.raises(RuntimeError, match=r"getitem\(\) needs .*changed in place"):
        loss.backward()


def test_a_condition_changed_before_backward_is_found():
    x, condition = tensor([1.0, 2.0], requires_grad=True), tensor([True, False])
    loss = tg.where(condition, x, 0.0).sum()
    condition.fill_(True)
    with pytest.raises(RuntimeError, match=r"where\(\) needs .*changed in place"):
        loss.backward()


def test_an_optimizer_step_between_forward_and_backward_is_found():
    w = parameter()
    for optimizer in (tg.optim.SGD([w], lr=0.1), tg.optim.Adam([w], lr=0.1)):
        w.exp().sum().backward()
        loss = w.exp().sum()
        optimizer.step()
        with pytest.raises(RuntimeError, match=r"exp\(\) needs .*changed in place"):
            loss.backward()


def test_loading_a_state_between_forward_and_backward_is_found():
    layer = tg.nn.Linear(3, 2, rng=0)
    loss = layer(tensor(np.ones((4, 3), np.float32))).sum()
    layer.load_state_dict(layer.state_dict())
    with pytest.raises(RuntimeError, match=r"linear\(\) needs .*changed in place"):
        loss.backward()


def test_a_change_is_found_in_grad_and_with_create_graph_too():
    for create_graph in (False, True):
        w = parameter()
        loss = w.exp().sum()
        w.detach().fill_(0)
        with pytest.raises(RuntimeError, match="changed in place"):
            tg.grad(loss, w, create_graph=create_graph)


def test_a_change_between_the_first_and_the_second_derivative_is_found():
    w = parameter()
    (slope,) = tg.grad((w**3).sum(), w, create_graph=True)
    w.detach().fill_(0)
    with pytest.raises(RuntimeError, match="changed in place"):
        slope.sum().backward()


# ------------------------------------------------------------ changes that are allowed, and work


@pytest.mark.parametrize("method", METHODS)
def test_a_change_before_the_forward_pass_is_fine(method):
    w = parameter()
    with no_grad():
        METHODS[method](w)
    w.exp().sum().backward()
    np.testing.assert_array_equal(w.grad.data, np.exp(w.data))


@pytest.mark.parametrize("method", METHODS)
def test_a_change_after_backward_is_fine(method):
    w = parameter()
    w.exp().sum().backward()
    before = w.grad.data.copy()
    with no_grad():
        METHODS[method](w)
    np.testing.assert_array_equal(w.grad.data, before)


def test_a_change_to_a_copy_is_fine():
    w = parameter()
    loss = w.exp().sum()
    for copy in (w.detach().clone(), tensor(w), tensor(w.data), tg.from_numpy(w.data.copy())):
        copy.fill_(0)
    loss.backward()


def test_a_change_to_something_that_no_op_on_the_way_needs_is_fine():
    x, w = parameter(), parameter()
    loss = (x.exp() * 2).sum() + w.exp().sum()
    with no_grad():
        w.zero_()
    (found,) = tg.grad(loss, x)
    np.testing.assert_array_equal(found.data, 2 * np.exp(x.data))


def test_a_list_that_was_an_operand_can_be_changed():
    w = tensor([1.0, 2.0], requires_grad=True)
    factors = [3.0, 4.0]
    loss = (w * factors).sum()
    factors[0] = 100.0
    loss.backward()
    assert w.grad.tolist() == [3, 4]


def test_labels_can_be_changed_after_the_loss():
    scores = tensor(np.zeros((2, 3)), requires_grad=True)
    labels = tensor([0, 1])
    loss = tg.nn.functional.cross_entropy(scores, labels)
    labels.fill_(2)
    loss.backward()
    np.testing.assert_allclose(scores.grad.data[:, 2], 1 / 6)


@given(st.sampled_from(list(METHODS)))
def test_writing_returns_the_same_tensor(method):
    w = parameter()
    with no_grad():
        returned = METHODS[method](w)
    assert returned is None or returned is w
    assert returned is w or method.endswith("=")


def test_augmented_assignment_writes_into_the_same_memory():
    t = tensor([1.0, 2.0])
    array, same = t.data, t
    t += 1
    t *= [2, 3]
    assert t is same
    assert array.tolist() == [4, 9]


def test_writing_through_from_numpy_writes_into_the_array():
    array = np.zeros(3)
    tg.from_numpy(array)[1] = 5.0
    assert array.tolist() == [0, 5, 0]


def test_writing_accepts_tensors_arrays_lists_and_numbers():
    for value in (tensor([1.0, 2.0]), np.array([1.0, 2.0]), [1.0, 2.0]):
        assert tensor([1.0, 1.0]).add_(value).tolist() == [2, 3]
    assert tensor([1.0, 1.0]).add_(np.float64(2)).tolist() == [3, 3]


@pytest.mark.parametrize("method", METHODS)
def test_writing_keeps_the_dtype(method):
    w = tg.nn.Parameter(np.ones((2, 3), np.float32))
    with no_grad():
        METHODS[method](w)
    assert w.dtype == np.float32


@pytest.mark.parametrize("method", ["add_", "sub_", "mul_", "div_", "copy_"])
def test_a_tensor_can_be_written_into_itself(method):
    t = tensor([1.0, 2.0, 4.0])
    expected = getattr(t.clone(), method)(t.clone())
    assert getattr(t, method)(t).tolist() == expected.tolist()


def test_a_reversed_view_can_be_copied_into_its_own_memory():
    t = tensor([1.0, 2.0, 3.0])
    t.copy_(t.flip(0))
    assert t.tolist() == [3, 2, 1]


def test_a_tensor_with_no_dimensions_or_no_values_can_be_written_into():
    single = tensor(1.0)
    single += 2
    single[()] = single + 1
    assert single.item() == 4
    assert tensor(np.zeros((0, 3))).fill_(1).shape == (0, 3)


# --------------------------------------------------- a refused write leaves everything as it was

REFUSED = {
    "a shape that does not fit": lambda t: t.add_(np.ones((5, 5))),
    "a shape that would stretch it": lambda t: t.add_(np.ones((4, 2, 3))),
    "copy_ of another shape": lambda t: t.copy_(np.ones((3, 2))),
    "fill_ with several values": lambda t: t.fill_([1.0, 2.0]),
    "an index out of range": lambda t: t.__setitem__((0, 7), 1.0),
    "a value that does not fit the index": lambda t: t.__setitem__(0, np.ones(2)),
    "a string": lambda t: t.add_("1"),
    "a complex number": lambda t: t.mul_(1j),
    "copy_ of complex numbers": lambda t: t.copy_(np.ones((2, 3), complex)),
    "rows that fail in the middle": lambda t: t.__setitem__([0, 1, 2], np.zeros((3, 3))),
    "a ragged list": lambda t: t.copy_([[1.0, 2.0, 3.0], [1.0]]),
    "init of an unknown kind": lambda t: init.kaiming_normal_(t, nonlinearity="cubic"),
}


@pytest.mark.parametrize("way", REFUSED)
def test_a_refused_write_leaves_the_data_and_the_graph_as_they_were(way):
    w = parameter()
    before, memory = w.data.copy(), w.data
    loss = w.exp().sum()
    with no_grad(), pytest.raises((ValueError, TypeError, IndexError, RuntimeError)):
        REFUSED[way](w)
    assert w.data is memory
    np.testing.assert_array_equal(w.data, before)
    loss.backward()
    np.testing.assert_array_equal(w.grad.data, np.exp(before))


def test_a_fraction_cannot_be_added_to_integers():
    t = tensor([1, 2])
    for change in (lambda: t.add_(0.5), lambda: t.div_(2)):
        with pytest.raises(TypeError):
            change()
        assert t.tolist() == [1, 2]


@pytest.mark.parametrize("method", [m for m in METHODS if not m.startswith("init")])
def test_a_tensor_that_requires_a_gradient_refuses_while_operations_are_recorded(method):
    w = parameter()
    before = w.data.copy()
    with pytest.raises(RuntimeError, match=r"requires a gradient .*in place.*no_grad"):
        METHODS[method](w)
    np.testing.assert_array_equal(w.data, before)


def test_read_only_memory_refuses_and_does_not_change():
    array = np.ones(3)
    array.flags.writeable = False
    for t in (tg.from_numpy(array), tensor(1.0).expand(3)):
        with pytest.raises(ValueError, match="read-only"):
            t.add_(1)
        assert t.tolist() == [1, 1, 1]


def test_loading_a_state_that_does_not_fit_changes_no_parameter():
    model = tg.nn.Sequential(tg.nn.Linear(2, 2, rng=0), tg.nn.Linear(2, 2, rng=1))
    before = model.state_dict()
    wrong = {name: np.zeros_like(value) for name, value in before.items()}
    wrong["1.bias"] = np.zeros(5)
    loss = model(tensor(np.ones((1, 2), np.float32))).sum()
    with pytest.raises(ValueError, match=r"1\.bias.*\(5,\).*\(2,\)"):
        model.load_state_dict(wrong)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    loss.backward()


@pytest.mark.parametrize(
    "write",
    [
        lambda out, w: out.__setitem__(0, w[0] * 10),
        lambda out, w: out.add_(w * 10),
        lambda out, w: out.copy_(w),
    ],
)
def test_writing_a_value_that_carries_a_graph_is_refused_and_nothing_is_written(write):
    w = tensor([1.0, 2.0], requires_grad=True)
    out = tensor([0.0, 0.0])
    with pytest.raises(RuntimeError, match="carries a graph, which would be lost"):
        write(out, w)
    assert out.tolist() == [0.0, 0.0]
