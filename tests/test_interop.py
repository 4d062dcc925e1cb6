"""Models as PyTorch's modules and back, and arrays exchanged without copying."""

import inspect
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_mlp import from_dlpack, from_numpy, nn, optim, tensor
from tinygrad_mlp.experiment.recipes import RECIPES, Recipe
from tinygrad_mlp.interop import (
    CONTAINERS,
    OPTIONS,
    from_torch,
    optimizer_state_from_torch,
    optimizer_state_to_torch,
    to_torch,
)

MODERN = [recipe for recipe in RECIPES.values() if isinstance(recipe, Recipe)]


def close(ours, theirs, products, largest_difference):
    """Scores equal to 1e-6 of the largest for each matrix product on the way, as each rounds.

    The largest difference goes into the report.
    """
    ours, theirs = ours.data, theirs.numpy(force=True)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    found = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    largest_difference("interop: logits, float32, relative", found)
    assert found < 1e-6 * products


@pytest.mark.parametrize("recipe", MODERN, ids=lambda recipe: recipe.name)
def test_interop_to_torch_gives_the_same_logits(recipe, largest_difference):
    model = recipe.build(rng=0)
    x = np.random.default_rng(0).random((50, 28, 28), dtype=np.float32)
    products = sum(isinstance(layer, nn.Linear) for layer in model)
    close(model(x), to_torch(model)(torch.from_numpy(x)), products, largest_difference)


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4), st.booleans())
def test_interop_round_trip_is_exact_to_the_bit(sizes, bias):
    layers = [nn.Linear(a, b, bias=bias) for a, b in itertools.pairwise(sizes)]
    model = nn.Sequential(nn.Flatten(), *layers, nn.ReLU(), nn.Sequential(nn.Sigmoid()))
    back = from_torch(to_torch(model))
    assert repr(back) == repr(model)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(back.state_dict()[name], array)


def test_interop_from_torch_gives_the_same_logits(largest_difference):
    torch.manual_seed(0)
    theirs = torch.nn.Sequential(
        torch.nn.Linear(6, 5), torch.nn.Sigmoid(), torch.nn.Linear(5, 3, bias=False)
    )
    x = np.random.default_rng(0).normal(size=(7, 6)).astype(np.float32)
    close(from_torch(theirs)(x), theirs(torch.from_numpy(x)), 2, largest_difference)


def test_interop_keys_and_shapes_are_pytorchs():
    model = MODERN[0].build(rng=0)
    twin = to_torch(model)
    ours = {name: array.shape for name, array in model.state_dict().items()}
    assert ours == {name: tuple(value.shape) for name, value in twin.state_dict().items()}


def test_interop_keeps_float64_and_the_mode():
    model = nn.Sequential(nn.Linear(2, 2, dtype=np.float64)).eval()
    twin = to_torch(model)
    assert twin[0].weight.dtype == torch.float64 and not twin.training
    back = from_torch(twin)
    assert back[0].weight.dtype == np.float64 and not back.training


small = st.integers(1, 3)
pairs = small | st.tuples(small, small)
batch_norms = st.fixed_dictionaries(
    {"num_features": st.integers(1, 4)},
    optional={
        "eps": st.floats(1e-9, 0.1),
        "momentum": st.none() | st.floats(0, 1),
        "affine": st.booleans(),
        "track_running_stats": st.booleans(),
        "bias": st.booleans(),
    },
)
reductions = st.sampled_from(["mean", "sum", "none"])
weights = st.lists(st.floats(0.5, 2), min_size=3, max_size=3).map(np.array)


def optional(**options):
    """Any of these options."""
    return st.fixed_dictionaries({}, optional=options)


DRAWN_OPTIONS = {
    nn.Linear: st.fixed_dictionaries(
        {"in_features": st.integers(1, 4), "out_features": st.integers(1, 4), "bias": st.booleans()}
    ),
    nn.Conv2d: st.fixed_dictionaries(
        {
            "in_channels": st.sampled_from([2, 4]),
            "out_channels": st.sampled_from([2, 4]),
            "kernel_size": pairs,
        },
        optional={
            "stride": pairs,
            "padding": pairs | st.just("valid"),
            "dilation": pairs,
            "groups": st.sampled_from([1, 2]),
            "bias": st.booleans(),
        },
    ),
    nn.MaxPool2d: st.fixed_dictionaries(
        {"kernel_size": pairs},
        optional={
            "stride": pairs,
            "padding": st.just(0) | st.just((0, 1)),
            "dilation": pairs,
            "return_indices": st.booleans(),
            "ceil_mode": st.booleans(),
        },
    ),
    nn.AvgPool2d: st.fixed_dictionaries(
        {"kernel_size": pairs},
        optional={
            "stride": pairs,
            "padding": st.just(0) | st.just((0, 1)),
            "ceil_mode": st.booleans(),
            "count_include_pad": st.booleans(),
            "divisor_override": st.none() | small,
        },
    ),
    nn.Embedding: st.fixed_dictionaries(
        {"num_embeddings": st.integers(3, 5), "embedding_dim": small},
        optional={"padding_idx": st.none() | st.integers(-3, 2)},
    ),
    nn.BatchNorm1d: batch_norms,
    nn.BatchNorm2d: batch_norms,
    nn.LayerNorm: st.fixed_dictionaries(
        {"normalized_shape": st.integers(1, 4) | st.lists(st.integers(1, 3), min_size=1)},
        optional={
            "eps": st.floats(1e-9, 0.1),
            "elementwise_affine": st.booleans(),
            "bias": st.booleans(),
        },
    ),
    nn.Dropout: st.fixed_dictionaries({"p": st.floats(0, 1)}),
    nn.Flatten: optional(start_dim=st.integers(0, 2), end_dim=st.integers(-2, -1)),
    nn.Unflatten: st.fixed_dictionaries(
        {"dim": st.integers(-2, 2), "unflattened_size": st.tuples(small, small)}
    ),
    nn.GELU: optional(approximate=st.sampled_from(["none", "tanh"])),
    nn.LeakyReLU: optional(negative_slope=st.floats(0, 1)),
    nn.ELU: optional(alpha=st.floats(0.1, 2)),
    nn.Softplus: optional(beta=st.floats(0.1, 2), threshold=st.floats(1, 30)),
    nn.Softmax: st.fixed_dictionaries({"dim": st.integers(-2, 2)}),
    nn.LogSoftmax: st.fixed_dictionaries({"dim": st.integers(-2, 2)}),
    **dict.fromkeys([nn.Identity, nn.ReLU, nn.Sigmoid, nn.Tanh, nn.SiLU], st.just({})),
    nn.CrossEntropyLoss: optional(
        weight=st.none() | weights,
        ignore_index=st.integers(-100, 3),
        reduction=reductions,
        label_smoothing=st.floats(0, 1),
    ),
    nn.NLLLoss: optional(
        weight=st.none() | weights, ignore_index=st.integers(-100, 3), reduction=reductions
    ),
    nn.BCEWithLogitsLoss: optional(
        weight=st.none() | weights, reduction=reductions, pos_weight=st.none() | weights
    ),
    nn.MSELoss: optional(reduction=reductions),
    nn.L1Loss: optional(reduction=reductions),
    nn.SmoothL1Loss: optional(reduction=reductions, beta=st.floats(0.1, 2)),
    nn.HuberLoss: optional(reduction=reductions, delta=st.floats(0.1, 2)),
}
"""What each kind of layer may be made with."""

FLOATS = st.sampled_from([np.float32, np.float64])


@st.composite
def layers(draw):
    """A layer of any kind, with any numbers in it, of either precision, in either mode."""
    kind = draw(st.sampled_from(list(OPTIONS)))
    dtype = draw(FLOATS)
    has_dtype = "dtype" in inspect.signature(kind).parameters
    layer = kind(**draw(DRAWN_OPTIONS[kind]), **({"dtype": dtype} if has_dtype else {}))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    layer.load_state_dict(
        {n: rng.integers(0, 9, a.shape) + 0 * a for n, a in layer.state_dict().items()}
    )
    return layer.train(draw(st.booleans()))


@given(st.lists(layers(), max_size=4))
def test_interop_carries_every_layer_and_its_options_over_to_the_bit(drawn):
    model = nn.Sequential(*drawn, nn.Sequential(*drawn))
    twin = to_torch(model)
    back = from_torch(twin)
    assert repr(back) == repr(model)
    for ours, theirs, again in zip(drawn, twin, back, strict=False):
        assert vars(ours).keys() == vars(again).keys()
        for name in OPTIONS[type(ours)]:
            if name not in ("bias", "weight", "pos_weight"):
                assert getattr(ours, name) == getattr(theirs, name) == getattr(again, name)
        assert ours.training == theirs.training == again.training
    states = model.state_dict(), twin.state_dict(), back.state_dict()
    assert list(states[0]) == list(states[1]) == list(states[2])
    for mine, theirs, again in zip(*(state.values() for state in states), strict=True):
        assert mine.dtype == theirs.numpy().dtype == again.dtype
        assert mine.tobytes() == theirs.numpy().tobytes() == again.tobytes()


@st.composite
def networks(draw):
    """A network of blocks of all kinds of layers, for inputs of 3 features, in float64."""
    width, parts = 3, []
    for _ in range(draw(st.integers(1, 3))):
        more = draw(st.integers(1, 4))
        norms = [
            lambda n=more: nn.BatchNorm1d(n, momentum=0.3, dtype=np.float64),
            lambda n=more: nn.LayerNorm(n, dtype=np.float64),
        ]
        others = [nn.Sigmoid, nn.ReLU, lambda: nn.Dropout(0.0), nn.Flatten]
        chosen = draw(st.lists(st.sampled_from(norms + others), max_size=3))
        linear = nn.Linear(width, more, rng=draw(st.integers(0, 99)), dtype=np.float64)
        parts += [linear, *(make() for make in chosen)]
        width = more
    return nn.Sequential(*parts)


@settings(max_examples=50)
@given(networks(), st.booleans(), st.integers(0, 99))
def test_interop_twins_compute_the_same_scores_gradients_and_running_statistics(
    model, training, seed
):
    twin = to_torch(model.train(training))
    for _ in range(3):
        x = np.random.default_rng(seed).normal(size=(4, 3))
        y, expected = model(x), twin(torch.from_numpy(x))
        assert_close(y.data, expected.numpy(force=True))
        y.sum().backward()
        expected.sum().backward()
    for name, p in model.named_parameters():
        assert_close(p.grad.data, twin.get_parameter(name).grad.numpy())
    for name, buffer in model.named_buffers():
        assert_close(buffer.data, twin.get_buffer(name).numpy())


def assert_close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)


def test_interop_knows_every_layer_of_the_package():
    kinds = {
        value
        for value in vars(nn).values()
        if isinstance(value, type) and issubclass(value, nn.Module)
    }
    assert kinds == {*OPTIONS, *CONTAINERS, nn.ParameterList, nn.Module}
    assert DRAWN_OPTIONS.keys() == OPTIONS.keys()


def test_interop_names_a_layer_that_pytorch_does_not_have():
    class Odd(nn.Module):
        pass

    with pytest.raises(TypeError, match="Odd has no twin"):
        to_torch(nn.Sequential(nn.ReLU(), Odd()))


def test_interop_names_a_layer_that_this_package_does_not_have():
    with pytest.raises(TypeError, match=r"LSTM\(2, 2\) is a layer that this package does not have"):
        from_torch(torch.nn.Sequential(torch.nn.LSTM(2, 2)))


def test_interop_refuses_an_option_that_would_be_lost():
    for layer in (
        torch.nn.ReLU(inplace=True),
        torch.nn.Dropout(0.1, True),
        torch.nn.Conv2d(1, 1, 1, padding_mode="reflect"),
        torch.nn.Embedding(2, 2, max_norm=1.0),
    ):
        with pytest.raises(TypeError, match=type(layer).__name__):
            from_torch(layer)


def test_interop_keeps_the_precision_of_each_layer():
    model = nn.Sequential(nn.Linear(2, 2, dtype=np.float64), nn.LayerNorm(2), nn.BatchNorm1d(2))
    twin = to_torch(model)
    assert [v.dtype for v in twin.state_dict().values()] == [
        *[torch.float64] * 2,
        *[torch.float32] * 6,
        torch.int64,
    ]


# ------------------------------------------------------------------------------ optimisers

DRAWN_OPTIMISERS = {
    "SGD": {
        "lr": st.floats(1e-3, 0.1),
        "momentum": st.sampled_from([0.0, 0.9]),
        "dampening": st.sampled_from([0.0, 0.3]),
        "weight_decay": st.sampled_from([0.0, 0.1]),
        "maximize": st.booleans(),
    },
    "Adam": {
        "lr": st.floats(1e-3, 0.1),
        "betas": st.sampled_from([(0.9, 0.999), (0.5, 0.9), (0.0, 0.99)]),
        "eps": st.sampled_from([1e-8, 1e-3]),
        "weight_decay": st.sampled_from([0.0, 0.1]),
        "amsgrad": st.booleans(),
        "maximize": st.booleans(),
    },
}
DRAWN_OPTIMISERS["AdamW"] = DRAWN_OPTIMISERS["Adam"]
DRAWN_OPTIMISERS["RMSprop"] = {
    "lr": st.floats(1e-3, 0.1),
    "alpha": st.sampled_from([0.5, 0.99]),
    "momentum": st.sampled_from([0.0, 0.9]),
    "centered": st.booleans(),
    "maximize": st.booleans(),
}
DRAWN_OPTIMISERS["Adagrad"] = {
    "lr": st.floats(1e-3, 0.1),
    "lr_decay": st.sampled_from([0.0, 0.1]),
    "weight_decay": st.sampled_from([0.0, 0.1]),
    "maximize": st.booleans(),
}


@st.composite
def drawn_optimisers(draw):
    """The name of an optimiser, and the options of its one or two groups."""
    kind = draw(st.sampled_from(sorted(DRAWN_OPTIMISERS)))
    options = st.fixed_dictionaries({}, optional=DRAWN_OPTIMISERS[kind])
    return kind, draw(st.lists(options, min_size=1, max_size=2))


def network(seed):
    sizes = [(3, 4), (4, 2)]
    return nn.Sequential(
        *(nn.Linear(*s, rng=seed + i, dtype=np.float64) for i, s in enumerate(sizes))
    )


def make_optimizer(module, kind, model, groups):
    """An optimiser of ours or of PyTorch, of one group or one for each layer."""
    layers = [model] if len(groups) == 1 else list(model)
    pairs = zip(layers, groups, strict=True)
    given = [{"params": list(layer.parameters()), **options} for layer, options in pairs]
    return getattr(module, kind)(given, lr=0.01)


def train(model, optimizer, as_input, seed, steps):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        (model(as_input(rng.normal(size=(5, 3)))) ** 2).sum().backward()
        optimizer.step()


def check_both_go_on_alike(ours, theirs):
    """Train both for some more steps, ours from float64 arrays: the weights agree to 1e-12."""
    train(*ours, tensor, seed=1, steps=5)
    train(*theirs, torch.from_numpy, seed=1, steps=5)
    for p, q in zip(ours[0].parameters(), theirs[0].parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.numpy(force=True), rtol=1e-12, atol=1e-12)


@settings(max_examples=60)
@given(drawn_optimisers(), st.integers(0, 4))
def test_interop_a_training_that_began_here_goes_on_in_pytorch(drawn, steps):
    kind, groups = drawn
    model = network(0)
    mine = make_optimizer(optim, kind, model, groups)
    train(model, mine, tensor, seed=0, steps=steps)
    twin = to_torch(model)
    theirs = make_optimizer(torch.optim, kind, twin, [{"lr": 0.5}] * len(groups))
    theirs.load_state_dict(optimizer_state_to_torch(mine.state_dict()))
    check_both_go_on_alike((model, mine), (twin, theirs))


@settings(max_examples=60)
@given(drawn_optimisers(), st.integers(0, 4))
def test_interop_a_training_that_began_in_pytorch_goes_on_here(drawn, steps):
    kind, groups = drawn
    twin = to_torch(network(0))
    theirs = make_optimizer(torch.optim, kind, twin, groups)
    train(twin, theirs, torch.from_numpy, seed=0, steps=steps)
    model = from_torch(twin)
    mine = make_optimizer(optim, kind, model, [{"lr": 0.5}] * len(groups))
    mine.load_state_dict(optimizer_state_from_torch(theirs.state_dict()))
    check_both_go_on_alike((model, mine), (twin, theirs))


@settings(max_examples=60)
@given(drawn_optimisers(), st.integers(0, 4), st.booleans())
def test_interop_the_state_of_an_optimiser_is_the_same_after_a_round_trip(drawn, steps, scheduled):
    kind, groups = drawn
    model = network(0)
    mine = make_optimizer(optim, kind, model, groups)
    if scheduled:
        optim.lr_scheduler.StepLR(mine, 3)
    train(model, mine, tensor, seed=0, steps=steps)
    state = mine.state_dict()
    back = optimizer_state_from_torch(optimizer_state_to_torch(state))
    assert state.keys() == back.keys()
    for name, value in state.items():
        np.testing.assert_array_equal(value, back[name])
    mine.load_state_dict(back)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SGD", {"momentum": 0.9}),
        ("Adam", {"amsgrad": True}),
        ("RMSprop", {"momentum": 0.9, "centered": True}),
        ("Adagrad", {"initial_accumulator_value": 0.0}),
    ],
)
def test_interop_a_state_in_pytorchs_form_is_the_one_that_pytorch_has(kind, options):
    model = network(0)
    twin = to_torch(model)
    mine = make_optimizer(optim, kind, model, [options] * 2)
    theirs = make_optimizer(torch.optim, kind, twin, [options] * 2)
    check_both_go_on_alike((model, mine), (twin, theirs))
    ours, expected = optimizer_state_to_torch(mine.state_dict()), theirs.state_dict()
    for group, its_group in zip(ours["param_groups"], expected["param_groups"], strict=True):
        assert group == {name: its_group[name] for name in group}
    assert ours["state"].keys() == expected["state"].keys()
    for i, entries in expected["state"].items():
        for name, value in entries.items():
            assert ours["state"][i][name].dtype == value.dtype
            torch.testing.assert_close(ours["state"][i][name], value, rtol=1e-12, atol=1e-12)


def test_interop_a_state_after_a_cycle_of_pytorchs_is_taken():
    twin = to_torch(network(0))
    theirs = torch.optim.Adam(twin.parameters(), fused=False)
    torch.optim.lr_scheduler.OneCycleLR(theirs, 0.3, 10)
    mine = optim.Adam(network(0).parameters())
    mine.load_state_dict(optimizer_state_from_torch(theirs.state_dict()))
    assert mine.param_groups[0]["initial_lr"] == 0.3 / 25
    assert mine.lr == theirs.param_groups[0]["lr"]
    assert mine.betas == (0.95, 0.999)


def test_interop_a_state_of_pytorch_is_copied():
    twin = to_torch(network(0))
    theirs = torch.optim.Adam(twin.parameters())
    train(twin, theirs, torch.from_numpy, seed=0, steps=1)
    flat = optimizer_state_from_torch(theirs.state_dict())
    back = optimizer_state_to_torch(flat)
    before = flat["state.0.exp_avg"].copy()
    theirs.state_dict()["state"][0]["exp_avg"].zero_()
    back["state"][0]["exp_avg"].zero_()
    np.testing.assert_array_equal(flat["state.0.exp_avg"], before)


def test_interop_what_is_none_in_a_state_of_pytorch_is_not_there():
    groups = [{"lr": 0.1, "params": [0]}]
    state = {"state": {0: {"momentum_buffer": None}}, "param_groups": groups}  # of older versions
    assert optimizer_state_from_torch(state).keys() == {
        "param_groups.0.lr",
        "param_groups.0.params",
    }


def test_interop_steps_are_those_that_pytorch_counts_and_1_where_it_counts_none():
    for kind, options, steps in (
        (torch.optim.SGD, {"momentum": 0.9}, 1),
        (torch.optim.Adam, {}, 3),
    ):
        twin = to_torch(network(0))
        theirs = kind(twin.parameters(), 0.1, **options)
        train(twin, theirs, torch.from_numpy, seed=0, steps=3)
        assert optimizer_state_from_torch(theirs.state_dict())["state.0.step"] == steps


def test_interop_betas_are_a_pair_in_pytorch_and_other_options_numbers():
    state = optim.Adam(network(0).parameters(), 0.1).state_dict()
    (group,) = optimizer_state_to_torch(state)["param_groups"]
    assert group["betas"] == (0.9, 0.999)
    assert type(group["lr"]) is float and group["params"] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda model, optimizer: optimizer.exact_state(),
        lambda model, optimizer: model.state_dict(),
        lambda model, optimizer: {"state.0.exp_avg.0": np.zeros(3)},
    ],
    ids=["an exact state", "that of a model", "a name that goes on"],
)
def test_interop_names_what_is_not_in_a_state_of_pytorchs(wrong):
    model = network(0)
    optimizer = optim.Adam(model.parameters())
    train(model, optimizer, tensor, seed=0, steps=1)
    with pytest.raises(ValueError, match=r"have no .*; pass what optimizer.state_dict\(\) gives"):
        optimizer_state_to_torch(wrong(model, optimizer))


# ---------------------------------------------------------------------------------- arrays


def test_interop_numpy_shares_memory_both_ways():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.shares_memory(from_numpy(array).numpy(), array)


@pytest.mark.parametrize("view", [lambda a: a, lambda a: a.T, lambda a: a[:, ::2], lambda a: a[1:]])
def test_interop_dlpack_reaches_pytorch_without_copying(view):
    ours = from_numpy(view(np.arange(12, dtype=np.float32).reshape(3, 4)))
    theirs = torch.from_dlpack(ours)
    theirs += 1
    np.testing.assert_array_equal(ours.data, theirs.numpy())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_interop_dlpack_comes_from_pytorch_without_copying(dtype):
    theirs = torch.arange(6).to(dtype).reshape(2, 3).T
    ours = from_dlpack(theirs)
    theirs += 1
    assert ours.dtype == theirs.numpy().dtype
    np.testing.assert_array_equal(ours.data, theirs.numpy())


def test_interop_dlpack_refuses_what_requires_a_gradient():
    with pytest.raises(RuntimeError, match="detach"):
        torch.from_dlpack(tensor([1.0], requires_grad=True))


def test_interop_refuses_a_layer_that_only_looks_like_one():
    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    class Linear(torch.nn.Linear):
        pass

    with pytest.raises(TypeError, match="Residual has no twin"):
        to_torch(Residual(nn.Linear(2, 2)))
    with pytest.raises(TypeError, match="does not have"):
        from_torch(torch.nn.Sequential(Linear(2, 2)))


def test_interop_keeps_a_shared_layer_shared_both_ways():
    layer = nn.Linear(2, 2)
    twin = to_torch(nn.Sequential(layer, layer))
    assert len(list(twin.parameters())) == 2
    assert len(list(from_torch(twin).parameters())) == 2
    assert twin[0] is twin[1]
    back = from_torch(twin)
    assert back[0] is back[1]


def test_interop_reads_the_weights_of_classes_in_bfloat16_too():
    weight = torch.tensor([0.5, 2.0], dtype=torch.bfloat16)
    loss = from_torch(torch.nn.CrossEntropyLoss(weight))
    np.testing.assert_array_equal(loss.weight.data, np.array([0.5, 2.0], np.float32))


def autoencoder(module, dtype):
    """Two layers of one weight, as a decoder may have; and a third of its own."""
    model = module.Sequential(*(module.Linear(3, 3, dtype=dtype) for _ in range(3)))
    model[1].weight = model[0].weight
    return model


def test_interop_keeps_shared_weights_tied_both_ways():
    ours = autoencoder(nn, np.float64)
    twin = to_torch(ours)
    assert twin[1].weight is twin[0].weight and twin[2].weight is not twin[0].weight
    assert [name for name, _ in twin.named_parameters()] == [n for n, _ in ours.named_parameters()]
    back = from_torch(twin)
    assert back[1].weight is back[0].weight and back[2].weight is not back[0].weight
    assert list(back.state_dict()) == list(twin.state_dict())
    for name, value in twin.state_dict().items():
        np.testing.assert_array_equal(back.state_dict()[name], value)


def test_interop_weights_that_pytorch_shares_are_trained_as_there():
    theirs = autoencoder(torch.nn, torch.float64)
    ours = from_torch(theirs)
    mine, its = optim.SGD(ours.parameters(), lr=0.1), torch.optim.SGD(theirs.parameters(), lr=0.1)
    check_both_go_on_alike((ours, mine), (theirs, its))
    assert len(list(ours.parameters())) == 5


def test_interop_the_twin_has_memory_of_its_own():
    ours = nn.Linear(2, 2)
    twin, before = to_torch(ours), ours.weight.data.copy()
    back = from_torch(twin)
    with torch.no_grad():
        twin.weight.zero_()
    np.testing.assert_array_equal(ours.weight.data, before)
    np.testing.assert_array_equal(back.weight.data, before)


def containers():
    """A container of each kind, in one."""
    return nn.ModuleDict(
        {
            "row": nn.ModuleList([nn.Linear(2, 3), nn.ReLU()]),
            "free": nn.ParameterList([np.ones(2), np.zeros((2, 1), np.float32)]),
            "body": nn.Sequential({"first": nn.Tanh(), "second": nn.Linear(1, 1)}),
        }
    )


def test_interop_carries_containers_both_ways():
    ours = containers()
    twin = to_torch(ours)
    back = from_torch(twin)
    assert repr(back) == repr(ours)
    assert list(ours.state_dict()) == list(twin.state_dict()) == list(back.state_dict())
    for name, value in ours.state_dict().items():
        assert value.tobytes() == twin.state_dict()[name].numpy().tobytes()
        assert value.tobytes() == back.state_dict()[name].tobytes()


def test_interop_reads_bfloat16_as_float32():
    theirs = torch.nn.Linear(2, 2, dtype=torch.bfloat16)
    ours = from_torch(theirs)
    assert ours.weight.dtype == np.float32
    np.testing.assert_array_equal(ours.weight.data, theirs.weight.detach().float().numpy())


def test_interop_keeps_frozen_parameters_and_the_mode_of_each_layer():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].weight.requires_grad_(False)
    model[0].eval()
    for other in (to_torch(model), from_torch(to_torch(model))):
        assert [p.requires_grad for p in other.parameters()] == [False, True, True, True]
        assert [other[0].training, other[1].training, other.training] == [False, True, True]


def test_interop_keeps_the_names_of_a_sequential():
    layers = {"fc": torch.nn.Linear(2, 2), "act": torch.nn.ReLU()}
    theirs = torch.nn.Sequential()
    for name, layer in layers.items():
        theirs.add_module(name, layer)
    ours = from_torch(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict()) == ["fc.weight", "fc.bias"]
