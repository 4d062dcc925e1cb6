"""Layers that differ in training and evaluation, norms, buffers; PyTorch is the oracle."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import checkpoint, nn, optim
from tinygrad_mlp.data import ArrayDataset
from tinygrad_mlp.testing import arrays, check_layer
from tinygrad_mlp.train import evaluate

few = settings(max_examples=40)
eps = st.floats(1e-6, 0.1)


def check_against_torch(ours, theirs, xs):
    """Both, one input after the other: values, gradients and buffers agree to 1e-9."""
    for x in xs:
        a, b = tg.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        y, expected = ours(a), theirs(b)
        close(y.data, expected)
        (y**2 * 0.5).sum().backward()
        (expected**2 * 0.5).sum().backward()
        close(a.grad.data, b.grad)
    for name, p in ours.named_parameters():
        close(p.grad.data, theirs.get_parameter(name).grad)
    for name, buffer in ours.named_buffers():
        close(buffer.data, theirs.get_buffer(name))


def close(ours, theirs):
    theirs = theirs.numpy(force=True)
    assert ours.shape == theirs.shape
    scale = max(1.0, float(np.abs(theirs).max(initial=0)))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * scale)


def randomize(ours, theirs, rng):
    """The same numbers in both; variances are above 0."""
    state = {
        name: rng.uniform(0.5, 2, a.shape) if a.dtype.kind == "f" else a
        for name, a in ours.state_dict().items()
    }
    ours.load_state_dict(state)
    theirs.load_state_dict({name: torch.tensor(value) for name, value in state.items()})


# -------------------------------------------------------------------------------------- BatchNorm1d

batch_norm_options = st.fixed_dictionaries(
    {},
    optional={
        "eps": eps,
        "momentum": st.none() | st.floats(0, 1),
        "affine": st.booleans(),
        "track_running_stats": st.booleans(),
        "bias": st.booleans(),
    },
)


@few
@given(
    st.sampled_from([(4, 3), (2, 3), (2, 3, 4), (1, 3, 2)]),
    batch_norm_options,
    st.lists(st.booleans(), min_size=1, max_size=5),
    st.integers(0, 1000),
)
def test_batch_norm_agrees_with_pytorch_in_training_and_evaluation(shape, options, modes, seed):
    ours = nn.BatchNorm1d(3, **options, dtype=np.float64)
    theirs = torch.nn.BatchNorm1d(3, **options, dtype=torch.float64)
    rng = np.random.default_rng(seed)
    randomize(ours, theirs, rng)
    for training in modes:
        ours.train(training)
        theirs.train(training)
        check_against_torch(ours, theirs, [rng.normal(1, 2, shape)])


@few
@given(batch_norm_options | st.just({}))
def test_batch_norm_starts_with_the_state_of_pytorch(options):
    check_same_start(nn.BatchNorm1d(3, **options), torch.nn.BatchNorm1d(3, **options))


def check_same_start(ours, theirs):
    state, expected = ours.state_dict(), theirs.state_dict()
    assert list(state) == list(expected)
    for name, value in expected.items():
        assert state[name].dtype == value.numpy().dtype
        np.testing.assert_array_equal(state[name], value.numpy())
    assert repr(ours) == repr(theirs)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert [n for n, _ in ours.named_buffers()] == [n for n, _ in theirs.named_buffers()]


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_has_the_gradients_of_central_differences(training):
    layer, theirs = nn.BatchNorm1d(3).train(training), torch.nn.BatchNorm1d(3).train(training)
    before = layer.state_dict()
    check_layer(layer, (5, 3), theirs)
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_batch_of_one_in_training_is_refused_and_counts_nothing():
    layer = nn.BatchNorm1d(3)
    before = layer.state_dict()
    with pytest.raises(ValueError, match=r"more than one value a channel.*shape \(1, 3\)"):
        layer(np.ones((1, 3), np.float32))
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_batch_of_one_in_eval_mode_is_fine():
    assert nn.BatchNorm1d(3).eval()(np.ones((1, 3), np.float32)).shape == (1, 3)


@pytest.mark.parametrize("shape", [(3,), (4, 2), (4, 2, 3), (2, 3, 1, 1)])
def test_an_input_without_the_features_of_a_batch_norm_is_refused(shape):
    with pytest.raises(ValueError, match=r"an input of shape \(n, 3\) or \(n, 3, length\), not"):
        nn.BatchNorm1d(3)(np.ones(shape, np.float32))


def test_one_feature_is_not_broadcast_over_many():
    with pytest.raises(ValueError, match=r"\(n, 1\)"):
        nn.BatchNorm1d(1)(np.ones((4, 3), np.float32))


def test_evaluating_a_model_moves_no_running_statistics():
    rng = np.random.default_rng(0)
    data = ArrayDataset(rng.random((20, 28, 28)).astype(np.float32), rng.integers(0, 10, 20))
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(784), nn.Linear(784, 10, rng=0))
    before = model.state_dict()
    evaluate(model, data)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


# ---------------------------------------------------------------------------------------- LayerNorm

layer_norm_options = st.fixed_dictionaries(
    {}, optional={"eps": eps, "elementwise_affine": st.booleans(), "bias": st.booleans()}
)


@few
@given(
    st.sampled_from([((4,), 4), ((2, 4), 4), ((3, 2, 4), [2, 4]), ((3, 2, 4), (4,)), ((0, 3), 3)]),
    layer_norm_options,
    st.integers(0, 1000),
)
def test_layer_norm_agrees_with_pytorch(shapes, options, seed):
    shape, normalized = shapes
    ours = nn.LayerNorm(normalized, **options, dtype=np.float64)
    theirs = torch.nn.LayerNorm(normalized, **options, dtype=torch.float64)
    rng = np.random.default_rng(seed)
    randomize(ours, theirs, rng)
    check_against_torch(ours, theirs, [rng.normal(1, 2, shape)])


@few
@given(st.integers(1, 4) | st.lists(st.integers(1, 3), min_size=1), layer_norm_options)
def test_layer_norm_starts_with_the_state_of_pytorch(normalized, options):
    ours, theirs = nn.LayerNorm(normalized, **options), torch.nn.LayerNorm(normalized, **options)
    check_same_start(ours, theirs)
    assert ours.normalized_shape == theirs.normalized_shape


def test_layer_norm_has_the_gradients_of_central_differences():
    check_layer(nn.LayerNorm((2, 3)), (4, 2, 3), torch.nn.LayerNorm((2, 3)))


def test_layer_norm_computes_the_same_in_training_and_evaluation():
    layer, x = nn.LayerNorm(3), np.random.default_rng(0).normal(size=(2, 3))
    np.testing.assert_array_equal(layer(x).data, layer.eval()(x).data)


def test_layer_norm_refuses_an_input_that_ends_in_other_sizes():
    with pytest.raises(ValueError, match="ends in these sizes"):
        nn.LayerNorm(3)(np.ones((2, 4), np.float32))


@pytest.mark.parametrize("layer", [nn.LayerNorm(3), nn.BatchNorm1d(3), nn.Dropout()])
@pytest.mark.parametrize("training", [True, False])
def test_float32_stays_float32(layer, training):
    x = tg.tensor(np.ones((2, 3), np.float32), requires_grad=True)
    y = layer.train(training)(x)
    y.sum().backward()
    assert {y.dtype, x.grad.dtype, *(p.grad.dtype for p in layer.parameters())} == {
        np.dtype(np.float32)
    }
    assert {b.dtype for b in layer.buffers()} <= {np.dtype(np.float32), np.dtype(np.int64)}


# ------------------------------------------------------------------------------------------ Dropout


@few
@given(arrays((3, 4)), st.sampled_from([0.0, 1.0]) | st.floats(0.05, 0.95), st.integers(0, 1000))
def test_dropout_keeps_a_value_scaled_or_drops_it_and_its_gradient_with_it(x, p, seed):
    t = tg.tensor(x, requires_grad=True)
    y = nn.Dropout(p, rng=seed)(t)
    y.sum().backward()
    scale = t.grad.data
    kept = 1 / (1 - p) if p < 1 else 0.0
    assert np.isin(scale, [0.0, kept]).all()
    np.testing.assert_array_equal(y.data, x * scale)


def test_dropout_drops_the_share_p():
    y = nn.Dropout(0.3, rng=0)(tg.ones(100_000)).data
    assert abs(np.mean(y == 0) - 0.3) < 0.01


def test_dropout_in_eval_mode_returns_its_input_and_draws_nothing():
    layer, x = nn.Dropout(rng=0), tg.ones(5)
    state = layer.rng.bit_generator.state
    assert layer.eval()(x) is x
    assert layer.rng.bit_generator.state == state


def test_dropout_draws_afresh_each_time_and_the_same_from_the_same_seed():
    one, other, x = nn.Dropout(rng=3), nn.Dropout(rng=3), tg.ones(100)
    masks = [one(x).data for _ in range(3)]
    assert not np.array_equal(masks[0], masks[1])
    for mask in masks:
        np.testing.assert_array_equal(other(x).data, mask)


def test_dropouts_that_are_given_one_generator_share_it():
    rng = np.random.default_rng(0)
    assert nn.Dropout(rng=rng).rng is nn.Dropout(rng=rng).rng


def test_dropout_is_random_without_a_seed():
    x = tg.ones(100)
    assert not np.array_equal(nn.Dropout()(x).data, nn.Dropout()(x).data)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_dropout_refuses_what_is_not_a_probability_where_pytorch_does(p):
    with pytest.raises(ValueError, match="p must be a probability"):
        nn.Dropout(p)


def test_the_repr_and_the_default_of_dropout_are_pytorchs():
    assert repr(nn.Dropout()) == repr(torch.nn.Dropout())
    assert nn.Dropout(0.25).state_dict() == torch.nn.Dropout(0.25).state_dict() == {}


# ------------------------------------------------------------------- activations, images, words

PLAIN_LAYERS = {
    "Identity": ([()], (3, 4)),
    "ReLU": ([()], (3, 4)),
    "Sigmoid": ([()], (3, 4)),
    "Tanh": ([()], (3, 4)),
    "SiLU": ([()], (3, 4)),
    "GELU": ([(), ("tanh",)], (3, 4)),
    "LeakyReLU": ([(), (0.3,)], (3, 4)),
    "ELU": ([(), (0.5,)], (3, 4)),
    "Softplus": ([(), (2.0, 1.5)], (3, 4)),
    "Softmax": ([(0,), (1,), (-1,)], (3, 4)),
    "LogSoftmax": ([(0,), (1,), (-1,)], (3, 4)),
    "Flatten": ([(), (0,), (1, 2), (0, -2)], (2, 3, 2, 4)),
    "Unflatten": ([(1, (2, 3)), (-1, (3, -1)), (1, (6, 1))], (2, 6)),
    "MaxPool2d": (
        [(2,), ((2, 3), 1), (3, 2, 1), (2, 2, 0, 2), (2, 3, 1, 1, False, True)],
        (2, 2, 5, 6),
    ),
    "AvgPool2d": (
        [(2,), ((2, 3), 1), (3, 2, 1), (2, 3, 1, True, False), (2, 2, 0, False, True, 3)],
        (2, 2, 5, 6),
    ),
    "Conv2d": (
        [
            (2, 4, 3),
            (2, 4, (3, 2), (1, 2), (1, 0), (1, 2), 2, False),
            (2, 2, 3, 1, "same"),
            (2, 2, 3, 2, "valid", 1, 2),
        ],
        (2, 2, 5, 6),
    ),
}
"""What each layer is made with, and the shape of what it is given."""


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [(name, made, shape) for name, (all_made, shape) in PLAIN_LAYERS.items() for made in all_made],
    ids=str,
)
def test_a_layer_agrees_with_pytorch(name, options, shape):
    ours, theirs = getattr(nn, name)(*options), getattr(torch.nn, name)(*options)
    assert repr(ours) == repr(theirs)
    state = {n: a.astype(np.float64) for n, a in ours.state_dict().items()}
    theirs.double().load_state_dict({n: torch.from_numpy(a) for n, a in state.items()})
    x = np.random.default_rng(0).permuted(np.linspace(-3, 3, int(np.prod(shape)))).reshape(shape)
    check_against_torch(ours.double(), theirs, [x])


def test_a_pool_gives_the_places_too_if_asked():
    x = np.random.default_rng(0).normal(size=(1, 2, 4, 4))
    values, places = nn.MaxPool2d(2, return_indices=True)(tg.tensor(x))
    expected = torch.nn.MaxPool2d(2, return_indices=True)(torch.from_numpy(x))
    np.testing.assert_array_equal(values.data, expected[0])
    np.testing.assert_array_equal(places.data, expected[1])


@few
@given(
    st.sampled_from([(4, 3, 2, 2), (1, 3, 2, 3), (0, 3, 2, 2)]),
    batch_norm_options,
    st.lists(st.booleans(), min_size=1, max_size=3),
    st.integers(0, 1000),
)
def test_batch_norm_of_images_agrees_with_pytorch(shape, options, modes, seed):
    ours = nn.BatchNorm2d(3, **options, dtype=np.float64)
    theirs = torch.nn.BatchNorm2d(3, **options, dtype=torch.float64)
    check_same_start(ours, theirs)
    rng = np.random.default_rng(seed)
    randomize(ours, theirs, rng)
    for training in modes:
        ours.train(training)
        theirs.train(training)
        check_against_torch(ours, theirs, [rng.normal(1, 2, shape)])


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (4, 2, 5, 5)])
def test_an_input_that_is_no_images_of_its_channels_is_refused_by_a_batch_norm(shape):
    with pytest.raises(ValueError, match=r"BatchNorm2d needs .* \(n, 3, height, width\), not"):
        nn.BatchNorm2d(3)(np.ones(shape, np.float32))


@pytest.mark.parametrize("eps", [0.0, -1.0])
def test_a_batch_norm_refuses_to_divide_by_0_in_training(eps):
    with pytest.raises(ValueError, match="eps above 0"):
        nn.BatchNorm1d(3, eps)(np.ones((4, 3), np.float32))


@pytest.mark.parametrize("padding", [None, 1, -1])
def test_embedding_agrees_with_pytorch_in_rows_and_gradients(padding):
    index = np.array([[0, 2, 1], [2, 2, 3]])
    ours, theirs = nn.Embedding(4, 3, padding), torch.nn.Embedding(4, 3, padding)
    assert repr(ours) == repr(theirs)
    weight = ours.state_dict()["weight"]
    assert padding is None or not weight[padding].any()
    theirs.load_state_dict({"weight": torch.from_numpy(weight)})
    rows, expected = ours(tg.tensor(index)), theirs(torch.from_numpy(index))
    np.testing.assert_array_equal(rows.data, expected.numpy(force=True))
    (rows**2).sum().backward()
    (expected**2).sum().backward()
    np.testing.assert_allclose(ours.weight.grad.data, theirs.weight.grad.numpy())


def test_initial_weights_are_distributed_as_in_pytorch():
    convolution = nn.Conv2d(8, 64, (3, 2), groups=4, rng=0)
    bound = 1 / np.sqrt(8 / 4 * 3 * 2)
    for values in (convolution.weight.data, convolution.bias.data):
        assert bound * 0.9 < np.abs(values).max() <= bound
        assert abs(values.std() / (bound / np.sqrt(3)) - 1) < 0.1
    words = nn.Embedding(100, 50, rng=0).weight.data
    assert abs(words.mean()) < 0.05 and abs(words.std() - 1) < 0.05


@pytest.mark.parametrize(
    "make", [lambda rng: nn.Conv2d(2, 3, 3, rng=rng), lambda rng: nn.Embedding(5, 3, rng=rng)]
)
def test_the_same_seed_gives_the_same_weights_in_float32(make):
    one, other, another = make(3), make(3), make(4)
    assert one.weight.dtype == np.float32
    np.testing.assert_array_equal(one.weight.data, other.weight.data)
    assert not np.array_equal(one.weight.data, another.weight.data)


REFUSED = {
    "no inputs": (lambda: nn.Linear(0, 3), "at least one input and one output"),
    "no outputs": (lambda: nn.Linear(3, 0), "at least one input and one output"),
    "no channels": (lambda: nn.Conv2d(0, 3, 3), "at least one channel in"),
    "no channels out": (lambda: nn.Conv2d(3, 0, 3), "at least one channel in and one out"),
    "groups": (lambda: nn.Conv2d(4, 3, 3, groups=2), "divide into its 2 groups"),
    "groups of what comes in": (lambda: nn.Conv2d(3, 4, 3, groups=2), "divide into its 2 groups"),
    "no groups": (lambda: nn.Conv2d(4, 4, 3, groups=0), "divide into its 0 groups"),
    "fewer than no groups": (lambda: nn.Conv2d(4, 4, 3, groups=-2), "divide into its -2 groups"),
    "kernel": (lambda: nn.Conv2d(1, 3, 0), "kernel_size must be a whole number"),
    "padding": (lambda: nn.Embedding(3, 2, 3), "one of 3 rows"),
}


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: nn.Linear("a", 3), "Linear .* in_features, not 'a'"),
        (lambda: nn.Linear(2, 3.0), "Linear .* out_features, not 3.0"),
        (lambda: nn.Conv2d(1.0, 1, 3), "Conv2d .* in_channels, not 1.0"),
        (lambda: nn.Conv2d(1, None, 3), "Conv2d .* out_channels, not None"),
        (lambda: nn.Conv2d(1, 1, 3, groups=1.0), "Conv2d .* groups, not 1.0"),
        (lambda: nn.Embedding("a", 3), "Embedding .* num_embeddings, not 'a'"),
        (lambda: nn.Embedding(3, "b"), "Embedding .* embedding_dim, not 'b'"),
        (lambda: nn.BatchNorm2d((3,)), r"BatchNorm2d .* num_features, not \(3,\)"),
    ],
)
def test_a_size_that_is_no_whole_number_is_named(make, argument):
    with pytest.raises(TypeError, match=argument):
        make()


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_made_is_refused_when_it_is_made(name):
    make, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        make()


def test_a_convolution_of_single_pixels_and_single_channels_is_a_product():
    layer = nn.Conv2d(1, 1, 1, rng=0)
    images = np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3)
    expected = images * layer.weight.item() + np.float32(layer.bias.item())
    np.testing.assert_allclose(layer(images).data, expected, rtol=1e-6)


def test_the_row_of_the_padding_is_not_trained():
    layer = nn.Embedding(4, 3, padding_idx=1, rng=0)
    layer(tg.tensor([[0, 1, 1], [3, 1, 3]])).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad.data[:, 0], [1, 0, 0, 2])


# ------------------------------------------------------------------------------------------ buffers


class Counting(nn.Module):
    """A buffer before a parameter, in a user's own layer that contains another."""

    def __init__(self):
        self.seen = nn.Buffer(np.array(0))
        self.inner = nn.BatchNorm1d(2)
        self.weight = nn.Parameter(np.ones(2, np.float32))

    def forward(self, x):
        self.seen.add_(len(x))
        return self.inner(x) * self.weight


class TorchCounting(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = torch.nn.Buffer(torch.tensor(0))
        self.inner = torch.nn.BatchNorm1d(2)
        self.weight = torch.nn.Parameter(torch.ones(2))


def test_names_of_buffers_and_their_order_are_those_of_pytorch():
    ours, theirs = Counting(), TorchCounting()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in ours.named_buffers()] == [n for n, _ in theirs.named_buffers()]


def test_a_buffer_is_not_a_parameter_and_is_not_stepped():
    model = Counting()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    assert len(optimizer.param_groups[0]["params"]) == 3
    x = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    model(x).sum().backward()
    optimizer.step()
    assert model.seen.item() == 4 and model.inner.num_batches_tracked.item() == 1


def test_a_shared_buffer_comes_once_and_is_in_the_state_under_both_names():
    norm = nn.BatchNorm1d(2, affine=False)
    model = nn.Sequential(norm, norm)
    assert len(list(model.buffers())) == 3
    assert len(model.state_dict()) == 6


def test_buffers_can_be_loaded_from_pytorch_and_are_copies():
    theirs, ours = TorchCounting(), Counting()
    theirs.inner.running_mean.fill_(3)
    ours.load_state_dict(theirs.state_dict())
    np.testing.assert_array_equal(ours.inner.running_mean.data, [3, 3])
    theirs.inner.running_mean.fill_(4)
    ours.state_dict()["inner.running_mean"][...] = 5
    np.testing.assert_array_equal(ours.inner.running_mean.data, [3, 3])


def test_a_state_without_its_buffers_is_refused_and_changes_nothing():
    model = nn.BatchNorm1d(2)
    state = {"weight": np.full(2, 7.0), "bias": np.ones(2), "running_mean": np.ones(3)}
    with pytest.raises(ValueError) as caught:
        model.load_state_dict(state | {"num_batches_tracked": np.array(0.5)})
    for words in (
        "missing: running_var",
        "running_mean has shape (3,), expected (2,)",
        "num_batches_tracked has dtype float64, expected int64",
    ):
        assert words in str(caught.value)
    np.testing.assert_array_equal(model.weight.data, [1, 1])


def test_a_graph_that_needs_running_statistics_refuses_to_go_back_when_they_have_moved():
    layer = nn.BatchNorm1d(2, dtype=np.float64)
    x = tg.tensor(np.random.default_rng(0).normal(size=(4, 2)), requires_grad=True)
    loss = layer.eval()(x).sum()
    layer.train()(x)
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def network(rng):
    return nn.Sequential(
        nn.Linear(3, 8, rng=0),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Dropout(0.3, rng=rng),
        nn.LayerNorm(8),
        nn.Linear(8, 2, rng=1),
    )


def train(model, optimizer, steps):
    for step in steps:
        x = np.random.default_rng(step).normal(size=(6, 3)).astype(np.float32)
        optimizer.zero_grad()
        (model(x) ** 2).sum().backward()
        optimizer.step()


def test_a_resumed_training_with_norms_and_dropout_is_the_uninterrupted_one_to_the_bit(tmp_path):
    generators = [np.random.default_rng(5) for _ in range(3)]
    whole, first, second = (network(rng) for rng in generators)
    optimizers = [optim.Adam(model.parameters()) for model in (whole, first, second)]
    train(whole, optimizers[0], range(9))
    train(first, optimizers[1], range(5))
    state = generators[1].bit_generator.state
    checkpoint.save(tmp_path / "file", first, optimizers[1], dropout=state)

    words = checkpoint.load(tmp_path / "file", second, optimizers[2])
    generators[2].bit_generator.state = words["dropout"]
    train(second, optimizers[2], range(5, 9))
    for name, value in whole.state_dict().items():
        np.testing.assert_array_equal(second.state_dict()[name], value)


def test_a_file_with_buffers_is_read_by_pytorch(tmp_path):
    from safetensors.torch import load_file

    model = network(0)
    train(model, optim.SGD(model.parameters()), range(3))
    checkpoint.save(tmp_path / "file", model)
    twin = torch.nn.Sequential(
        torch.nn.Linear(3, 8),
        torch.nn.BatchNorm1d(8),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.3),
        torch.nn.LayerNorm(8),
        torch.nn.Linear(8, 2),
    )
    twin.load_state_dict(load_file(tmp_path / "file"))
    assert twin[1].num_batches_tracked == 3
    np.testing.assert_array_equal(twin[1].running_var.numpy(), model[1].running_var.data)
