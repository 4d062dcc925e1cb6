"""What the table of `composed.py` cannot say: results that are not tensors, arguments of other
kinds, the methods, and what is refused.
"""

import numpy as np
import pytest
import torch

from tinygrad_mlp import Tensor, composed, ops, tensor
from tinygrad_mlp.nn import functional
from tinygrad_mlp.testing import same

from .tables import TABLES

M = np.arange(6.0).reshape(2, 3)


def t(values, **options):
    return tensor(values, np.float64, **options)


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("keepdim", [False, True])
def test_extremes_come_with_the_first_index_at_ties(name, dim, keepdim):
    x = np.array([[1.0, 3.0, 3.0], [1.0, 3.0, 1.0]])
    found = getattr(t(x), name)(dim, keepdim)
    expected = getattr(torch, name)(torch.from_numpy(x), dim, keepdim)
    assert same(found.values.data, expected.values.numpy())
    assert same(found.indices.data, expected.indices.numpy())


def test_max_takes_a_dim_that_is_a_numpy_integer():
    assert t(M).max(np.int64(1)).values.tolist() == [2.0, 5.0]


def test_max_over_all_can_keep_the_dimensions():
    assert t(M).max(keepdim=True).shape == (1, 1)


def lengths(parts):
    return [part.shape for part in parts]


@pytest.mark.parametrize("how", [1, 2, 5, [2, 0, 3], [5]])
def test_split_gives_the_pieces_of_pytorch(how):
    x = np.zeros((2, 5))
    expected = torch.split(torch.from_numpy(x), how, dim=1)
    assert lengths(composed.split(t(x), how, 1)) == lengths(expected)


@pytest.mark.parametrize("size", [0, 1, 5, 6, 7])
def test_chunk_gives_the_pieces_of_pytorch(size):
    expected = torch.chunk(torch.zeros(size, 2), 3)
    assert lengths(composed.chunk(t(np.zeros((size, 2))), 3)) == lengths(expected)


@pytest.mark.parametrize("size", [0, 3])
def test_split_of_nothing_is_one_empty_piece_as_in_pytorch(size):
    expected = torch.split(torch.zeros(0, 2), size)
    assert lengths(t(np.zeros((0, 2))).split(size)) == lengths(expected) == [(0, 2)]


def test_scatter_add_leaves_out_what_the_index_does_not_cover():
    # PyTorch gives the same value, and raises in its backward pass
    x, src = t(np.zeros(2)), t([1.0, 2.0, 3.0], requires_grad=True)
    y = x.scatter_add(0, np.array([1, 1]), src)
    y.sum().backward()
    assert y.tolist() == [0.0, 3.0]
    assert src.grad.tolist() == [1.0, 1.0, 0.0]


INDEX = tensor([[0, 2], [1, 1]])


@pytest.mark.parametrize(
    "call",
    [
        lambda x, index: composed.gather(x, 1, index),
        lambda x, index: composed.take_along_dim(x, index, 1),
        lambda x, index: composed.take_along_dim(x, index),
        lambda x, index: composed.scatter_add(x, 1, index, x),
        lambda x, index: composed.index_add(x, 0, index[1], x, alpha=2),
        lambda x, index: composed.masked_fill(x, index[:, :1] == 0, 5),
    ],
)
def test_indices_and_masks_may_be_tensors_or_arrays(call):
    assert same(call(t(M), INDEX).data, call(t(M), INDEX.data).data)


def test_an_index_may_be_a_list():
    assert t(M).index_add(0, [1, 1], t(M)).tolist() == [[0, 1, 2], [6, 9, 12]]


@pytest.mark.parametrize("function", [composed.gather, composed.take_along_dim])
def test_a_negative_index_counts_from_the_end(function):
    # as in NumPy, and in PyTorch's take_along_dim; its gather raises
    x, index = t([1.0, 2.0, 3.0]), np.array([-1, 0])
    args = (0, index) if function is composed.gather else (index, 0)
    assert function(x, *args).tolist() == [3.0, 1.0]


def test_clamp_may_mix_a_number_and_a_tensor():
    # PyTorch wants both bounds to be numbers, or both tensors
    assert t([-1.0, 0.5, 3.0]).clamp(0, t([1.0, 1.0, 2.0])).tolist() == [0.0, 0.5, 2.0]


def test_pytorchs_names_of_arguments_are_known():
    x = t(M)
    assert x.clamp(min=1, max=2).tolist() == [[1.0, 1.0, 2.0], [2.0, 2.0, 2.0]]
    assert x.max(dim=1, keepdim=True).values.shape == (2, 1)
    assert x.flatten(start_dim=0, end_dim=1).shape == (6,)
    assert x.diagonal(offset=1, dim1=0, dim2=1).tolist() == [1.0, 5.0]
    assert lengths(x.split(split_size_or_sections=2, dim=1)) == [(2, 2), (2, 1)]
    assert composed.cat(tensors=[x, x], dim=1).shape == (2, 6)
    assert x.take_along_dim(indices=np.array([[0], [1]]), dim=1).tolist() == [[0.0], [4.0]]


def test_einsum_of_three_is_one_product_after_the_other():
    a, b, c = (t(np.full((2, 2), value)) for value in (1.0, 2.0, 3.0))
    assert composed.einsum("ij,jk,kl->il", a, b, c).tolist() == (a @ b @ c).tolist()


@pytest.mark.parametrize("as_tuple", [False, True])
@pytest.mark.parametrize("x", [M, np.array(3.0), np.array(0.0), np.zeros((2, 0))], ids=str)
def test_nonzero_gives_the_places_of_pytorch(x, as_tuple):
    found = composed.nonzero(t(x), as_tuple=as_tuple)
    expected = torch.nonzero(torch.tensor(x), as_tuple=as_tuple)
    for a, b in zip(found, expected, strict=True) if as_tuple else [(found, expected)]:
        assert same(a.data, b.numpy())


@pytest.mark.parametrize("descending", [False, True])
def test_sort_keeps_ties_in_order_and_puts_nan_last_or_first(descending):
    x = np.array([[2.0, np.nan, 1.0, 2.0, np.nan, 1.0]])
    found = t(x).sort(descending=descending)
    expected = torch.sort(torch.tensor(x), descending=descending, stable=True)
    assert same(found.values.data, expected.values.numpy())
    assert same(found.indices.data, expected.indices.numpy())


def test_topk_gives_values_and_their_places_in_order():
    found = t([[3.0, 1.0, 2.0], [5.0, 6.0, 4.0]]).topk(2)
    assert found.values.tolist() == [[3.0, 2.0], [6.0, 5.0]]
    assert found.indices.tolist() == [[0, 2], [1, 0]]


def test_of_values_scattered_to_one_place_the_last_stays_and_gets_the_gradient():
    # PyTorch does not say which stays, and gives all of them a gradient
    x, src = t([0.0, 0.0], requires_grad=True), t([1.0, 2.0], requires_grad=True)
    y = x.scatter(0, np.array([1, 1]), src)
    y.sum().backward()
    assert y.tolist() == [0.0, 2.0]
    assert (x.grad.tolist(), src.grad.tolist()) == ([1.0, 0.0], [0.0, 1.0])


def test_equal_and_allclose_are_true_or_false():
    assert t(M).equal(t(M)) is True
    assert t(M).equal(t(M + 1e-9)) is False
    assert t(M).allclose(t(M + 1e-9)) is True
    assert t(M).allclose(t(M + 1)) is False
    assert t([np.nan]).allclose(t([np.nan]), equal_nan=True) is True


def test_repeat_interleave_of_counts_alone_gives_each_place_that_often():
    counts = tensor([1, 0, 2])
    expected = torch.repeat_interleave(torch.tensor([1, 0, 2]))
    assert composed.repeat_interleave(counts).tolist() == expected.tolist()


def test_cumprod_of_integers_is_int64():
    assert tensor(np.array([100, 100, 100], np.uint8)).cumprod(0).tolist() == [100, 10000, 1000000]


# ------------------------------------------------------------------------------------ methods


FUNCTIONS = {
    name: function
    for name, function in TABLES["composed"].functions.items()
    if name not in TABLES["composed"].no_case
}
SIMPLE_METHODS = sorted(name for name in FUNCTIONS if hasattr(Tensor, name))


@pytest.mark.parametrize("name", SIMPLE_METHODS)
def test_method_is_the_function(name):
    assert getattr(Tensor, name) is FUNCTIONS[name]


NO_METHOD = {"cat", "stack", "hstack", "vstack", "meshgrid", "einsum", "pad", "swap_to_end"}
"""As in PyTorch: what takes several tensors, and what is in torch.nn.functional."""


def test_every_composed_function_is_a_method():
    assert set(FUNCTIONS) - set(SIMPLE_METHODS) == NO_METHOD


WRAPPED = {"where", "astype", "getitem", "reshape", "permute", "expand", "softplus"}
"""Methods that take their arguments in another way than the op of the same name."""


@pytest.mark.parametrize("name", sorted(set(vars(ops)) & set(vars(Tensor)) - WRAPPED))
def test_method_with_the_name_of_an_op_is_the_op_or_what_stands_before_it(name):
    if name in FUNCTIONS:
        assert getattr(Tensor, name) is FUNCTIONS[name]
    elif hasattr(getattr(ops, name), "op"):
        assert getattr(Tensor, name) is getattr(ops, name)


def test_where_as_a_method_takes_the_condition_second():
    x, condition = t([1.0, 2.0]), np.array([True, False])
    assert x.where(condition, 0).tolist() == ops.where(condition, x, 0).tolist()


def test_astype_as_a_method_is_the_op():
    assert t([1.5]).astype("int64").tolist() == ops.astype(t([1.5]), dtype=np.int64).tolist()


PROMISED_METHODS = """
    abs sign square sqrt rsqrt reciprocal exp expm1 log log1p log2 sin cos tanh sigmoid erf
    maximum minimum clamp where masked_fill lerp neg pow
    relu leaky_relu elu gelu silu softplus softmax log_softmax logsumexp
    sum mean var std prod amax amin max min argmax argmin norm cumsum all any
    reshape view flatten unflatten transpose permute T mT squeeze unsqueeze expand repeat flip
    roll split chunk tril triu diagonal
    gather scatter_add index_add take_along_dim
    matmul dot outer
"""


@pytest.mark.parametrize("name", PROMISED_METHODS.split())
def test_promised_method_exists(name):
    assert hasattr(Tensor, name)


@pytest.mark.parametrize("name", ["cat", "stack", "pad", "einsum", "linear", "one_hot"])
def test_promised_function_exists(name):
    assert any(hasattr(module, name) for module in (ops, composed, functional))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow", "matmul"])
def test_arithmetic_operator_has_its_reflected_form(name):
    assert hasattr(Tensor, f"__{name}__")
    assert hasattr(Tensor, f"__r{name}__")


# ------------------------------------------------------------------------------------- errors


V = t([1.0, 2.0, 3.0])
X = t(M)

MISTAKES = [
    (lambda: X.clamp(), ValueError, "clamp needs min=, max= or both"),
    (lambda: X.gelu("erf"), ValueError, 'gelu takes approximate="none" or "tanh", not \'erf\''),
    (lambda: X.max((0, 1)), TypeError, r"not \(0, 1\); amax takes several dimensions"),
    (lambda: X.min(2.5), TypeError, "not 2.5; amin takes several"),
    (lambda: X.max(2), IndexError, "no dimension 2 among 2; use one from -2 to 1"),
    (lambda: t(1.0).max(1), IndexError, "no dimension 1 among 0; a 0-d tensor has none"),
    (lambda: X.var(5), IndexError, "no dimension 5 among 2"),
    (lambda: X.std((0, -3)), IndexError, "no dimension -3 among 2"),
    (lambda: X.norm("nuc"), ValueError, "not 'nuc'; for singular values use np.linalg.svd"),
    (lambda: X.norm(dim=4), IndexError, "no dimension 4 among 2"),
    (lambda: X.prod(2), IndexError, "no dimension 2 among 2"),
    (lambda: X.logsumexp(2), IndexError, "no dimension 2 among 2"),
    (lambda: X.reshape(4, 2), ValueError, r"\(2, 3\), shape=\(4, 2\)"),
    (lambda: X.permute(0), ValueError, r"\(2, 3\), dims=\(0,\)"),
    (lambda: X.expand(4, 3), ValueError, r"\(2, 3\), shape=\(4, 3\)"),
    (lambda: X.expand(-1, 2, 3), ValueError, r"shape=\(-1, 2, 3\): -1 keeps a size"),
    (lambda: X.flatten(1, 0), ValueError, "start_dim before its end_dim, not 1 and 0"),
    (lambda: X.flatten(0, 2), IndexError, "no dimension 2 among 2"),
    (lambda: X.unflatten(1, (2, 2)), ValueError, r"sizes \(2, 2\) of dimension 1, which has 3"),
    (lambda: X.unflatten(1, (-1, -1)), ValueError, "only one may be -1"),
    (lambda: t(np.zeros((0, 3))).unflatten(1, (5,)), ValueError, "which has 3"),
    (lambda: X.squeeze(2), IndexError, "no dimension 2 among 2"),
    (lambda: X.unsqueeze(3), IndexError, "no dimension 3 among 3; use one from -3 to 2"),
    (lambda: X.repeat(2), ValueError, r"a count for each of 2 dimensions, none below 0, not \(2,"),
    (lambda: X.repeat(2, -1), ValueError, r"none below 0, not \(2, -1\)"),
    (lambda: X.flip(2), IndexError, "no dimension 2 among 2"),
    (lambda: X.flip(0, -2), ValueError, r"a dimension twice: \(0, -2\); name each once"),
    (lambda: X.roll((1, 2), 0), ValueError, r"one shift for each dimension, not \(1, 2\) for \(0,"),
    (lambda: X.roll(1, 2), IndexError, "no dimension 2 among 2"),
    (lambda: composed.cat([]), ValueError, "at least one tensor, and got an empty one"),
    (lambda: composed.cat([X, V]), ValueError, r"\(2, 3\), \(3,\)"),
    (lambda: composed.stack([]), ValueError, r"got \[\]"),
    (lambda: composed.stack([X, V]), ValueError, r"got \[\(2, 3\), \(3,\)\]; cat joins"),
    (lambda: composed.stack([X, X], 3), IndexError, "no dimension 3 among 3"),
    (lambda: X.split(0), ValueError, "a size of at least 1, not 0"),
    (lambda: X.split(-1), ValueError, "a size of at least 1, not -1"),
    (lambda: X.split([1, 2]), ValueError, r"\[1, 2\] do not add up to the size 2 of dimension 0"),
    (lambda: X.split([-1, 3]), ValueError, "none may be below 0"),
    (lambda: X.chunk(0), ValueError, "at least one piece, not 0"),
    (lambda: composed.pad(X, (1,)), ValueError, r"not \(1,\)"),
    (lambda: composed.pad(X, (-4, 0)), ValueError, r"cannot cut \(-4, 0\) off dimension 1"),
    (lambda: composed.pad(X, (1,) * 6), ValueError, "at most 2"),
    (lambda: composed.pad(X, (1, 1), "mirror"), ValueError, "constant.*not 'mirror'"),
    (lambda: V.tril(), ValueError, r"at least 2 dimensions, not the shape \(3,\)"),
    (lambda: V.triu(), ValueError, r"at least 2 dimensions, not the shape \(3,\)"),
    (lambda: X.diagonal(0, 1, -1), ValueError, "dim1=1, dim2=-1: .* cannot be the same"),
    (lambda: V.diagonal(), ValueError, "requires an array of at least two dimensions"),
    (lambda: V.isclose(2.0), TypeError, "isclose compares two tensors, not .* and 2.0"),
    (lambda: V.isclose(V, rtol=-1), ValueError, "at least 0, not -1 and 1e-08"),
    (lambda: X.clip(), ValueError, "clamp needs min=, max= or both"),
    (
        lambda: V.mm(V),
        ValueError,
        r"mm needs two matrices, and got shapes \(3,\) and \(3,\); use @",
    ),
    (lambda: X.bmm(X), ValueError, r"two batches .* got \(2, 3\) and \(2, 3\); use @"),
    (lambda: X.topk(4), ValueError, r"4 values along dimension 1 of shape \(2, 3\)"),
    (lambda: X.sort(2), IndexError, "no dimension 2 among 2"),
    (lambda: X.cumprod(2), IndexError, "no dimension 2 among 2"),
    (lambda: t(1.0).unbind(), ValueError, "at least one dimension"),
    (lambda: X[None].t(), ValueError, r"matrices, not for the shape \(1, 2, 3\); .mT is for"),
    (lambda: V.trace(), ValueError, r"a matrix, not the shape \(3,\)"),
    (lambda: X[None].diag(), ValueError, r"a vector or a matrix, not the shape \(1, 2, 3\)"),
    (lambda: V.repeat_interleave([1, 2]), ValueError, r"each of 3 slices.* not \[1, 2\]"),
    (lambda: V.repeat_interleave(-1), ValueError, "not below 0, not -1"),
    (lambda: V.scatter(0, [0], X), ValueError, r"src \(2, 3\) and index \(1,\)"),
    (lambda: V.scatter(0, [0], V, reduce="mean"), ValueError, '"add" or "multiply", not \'mean\''),
    (lambda: V.scatter(0, [3], 1.0), IndexError, "3 is out of bounds"),
    (lambda: V.scatter(0, [0], V.float()), TypeError, "dtype float64 of the tensor, not float32"),
    (lambda: composed.meshgrid(X, V), ValueError, r"takes vectors.*\(2, 3\)"),
    (lambda: composed.meshgrid(V, indexing="yx"), ValueError, "not 'yx'"),
    (lambda: X.tensordot(X, ([0], [0, 1])), ValueError, "as many dimensions of both"),
    (lambda: X.tensordot(X, 1), ValueError, "is 3 in one operand and 2"),
    (lambda: X.gather(1, [0]), ValueError, r"gather needs .* \(2, 3\) and \(1,\); .* unsqueeze"),
    (lambda: X.gather(1, [[3]]), IndexError, "index 3 is out of bounds for axis 1 with size 3"),
    (lambda: X.take_along_dim([0], 0), ValueError, r"take_along_dim .* \(2, 3\) and \(1,\)"),
    (lambda: X.scatter_add(0, [[0, 1]], V), ValueError, r"src \(3,\) and index \(1, 2\)"),
    (lambda: V.scatter_add(0, [0, 1], V[:1]), ValueError, r"src \(1,\) and index \(2,\)"),
    (lambda: X.index_add(0, [0, 1], X[:1]), ValueError, r"shape \(2, 3\), not \(1, 3\)"),
    (lambda: X.index_add(0, [[0, 1]], X), ValueError, r"one dimension, not \(1, 2\)"),
    (lambda: X.index_add(0, [0, 2], X), IndexError, "index 2 is out of bounds"),
    (lambda: X.dot(V), ValueError, r"two vectors, and got shapes \(2, 3\) and \(3,\)"),
    (lambda: V.dot(V[:2]), ValueError, r"\(3\) must equal the only dimension .* \(2\)"),
    (lambda: X.outer(V), ValueError, r"two vectors, and got shapes \(2, 3\) and \(3,\)"),
    (lambda: composed.einsum("ij,jk", X), ValueError, "'ij,jk' has 2 terms for 1 operands; write"),
    (lambda: composed.einsum("ij", V), ValueError, r"'ij' .* shape \(3,\); write one letter"),
    (lambda: composed.einsum("i", X), ValueError, r"'i' .* shape \(2, 3\); write one letter"),
    (lambda: composed.einsum("...ijk", X), ValueError, r"shape \(2, 3\); write one letter"),
    (lambda: composed.einsum("ij,jk", X, X), ValueError, "'j' is 3 in one operand and 2"),
    (lambda: composed.einsum("ii", X), ValueError, "'i' stands twice .* 2 and 3"),
    (lambda: composed.einsum("ij->ik", X), ValueError, "'ij->ik' must name letters of its terms"),
    (lambda: composed.einsum("ij->ii", X), ValueError, "each once"),
    (lambda: composed.einsum("...,...", X, V[:2]), ValueError, "'...' is 3 .* and 2"),
    (lambda: V.dot(X), ValueError, r"two vectors, and got shapes \(3,\) and \(2, 3\)"),
    (lambda: V.outer(X), ValueError, r"two vectors, and got shapes \(3,\) and \(2, 3\)"),
    (lambda: V[:1].unflatten(0, (-1, -1)), ValueError, "only one may be -1"),
    (lambda: V[:0].unflatten(0, (0, -1)), ValueError, r"any size .* -1 in \(0, -1\)"),
    (lambda: V[:0].reshape(0, -1), ValueError, r"any size .* -1 in \(0, -1\)"),
    (lambda: composed.cat(X), TypeError, "cat takes a list or tuple of tensors, not tensor"),
    (lambda: composed.cat([X, None]), TypeError, "cat takes a list or tuple of tensors"),
    (lambda: composed.stack([1.0, 2.0]), TypeError, r"stack takes .*, not \[1.0, 2.0\]"),
    (lambda: composed.hstack([1.0]), TypeError, "hstack takes a list"),
    (lambda: composed.vstack(V), TypeError, "vstack takes a list"),
    (lambda: composed.meshgrid(1, 2), TypeError, r"meshgrid takes .*, not \[1, 2\]"),
    (lambda: composed.max(2, 3), TypeError, r"max\(\) was given 2 where .* tg.tensor"),
    (lambda: composed.min([1.0, 2.0]), TypeError, r"given \[1.0, 2.0\] where it takes a tensor"),
    (lambda: composed.mm(X, 2), TypeError, r"mm\(\) was given 2 where it takes a tensor"),
    (lambda: ops.sum(3), TypeError, r"sum\(\) was given 3 where it takes a tensor"),
    (lambda: ops.linear(X, 2), TypeError, r"linear\(\) was given 2 where it takes a tensor"),
    (lambda: V.add(V.long(), alpha=0.5) + V.long().add(1, alpha=0.5), TypeError, "not 0.5"),
]


@pytest.mark.parametrize("i", range(len(MISTAKES)))
def test_mistake_is_named_with_its_remedy(i):
    call, kind, words = MISTAKES[i]
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.parametrize("dim", [0, 1])
def test_scatter_multiplies_by_everything_that_comes_to_a_place(dim):
    index = np.array([[0, 1, 1], [0, 1, 0]])
    inputs = M + 1.5, np.cos(M) + 2
    x, src = (t(v, requires_grad=True) for v in inputs)
    y = x.scatter(dim, index, src, reduce="multiply")
    (y * t(np.sin(M))).sum().backward()
    tx, tsrc = (torch.from_numpy(v.copy()).requires_grad_() for v in inputs)
    expected = torch.scatter_reduce(tx, dim, torch.from_numpy(index), tsrc, "prod")
    (expected * torch.from_numpy(np.sin(M))).sum().backward()
    assert np.allclose(y.data, expected.detach().numpy(), rtol=1e-14)
    assert np.allclose(x.grad.data, tx.grad.numpy(), rtol=1e-13)
    assert np.allclose(src.grad.data, tsrc.grad.numpy(), rtol=1e-13)
