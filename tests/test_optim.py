"""Optimisers, step for step against `torch.optim` in float64: weights, options and states."""

import copy
import doctest

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim

STEPS = 100


def parameters():
    """Small, of no dimensions, not C-contiguous, and larger."""
    rng = np.random.default_rng(0)
    return [
        rng.normal(size=(3, 4)),
        np.array(0.7),
        np.asfortranarray(rng.normal(size=(5, 3))),
        rng.normal(size=(41, 31)),
    ]


def check_against_torch(
    make,
    make_torch,
    skip=lambda step, i: False,
    grad_layout=np.array,
    before_step=lambda step, ours, theirs: None,
):
    """The same gradients to both for STEPS steps: the weights agree to 1e-12."""
    rng = np.random.default_rng(1)
    ours = [leaf(values) for values in parameters()]
    theirs = [torch.tensor(np.array(v), requires_grad=True) for v in parameters()]
    mine, other = make(ours), make_torch(theirs)
    for step in range(STEPS):
        for i, (p, q) in enumerate(zip(ours, theirs, strict=True)):
            g = rng.normal(size=p.shape) * 10.0 ** rng.integers(-3, 3)
            p.grad = None if skip(step, i) else tg.tensor(0.0).detach()
            if p.grad is not None:
                p.grad.data = grad_layout(g)
            q.grad = None if skip(step, i) else torch.tensor(g)
        before_step(step, mine, other)
        mine.step()
        other.step()
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.data, q.numpy(force=True), rtol=1e-12, atol=1e-12)


def leaf(values):
    """A parameter that lies in memory as `values` does."""
    p = nn.Parameter(values)
    p.data = values.copy(order="K")
    return p


def test_the_parameters_cover_the_ways_of_lying_in_memory():
    sizes = [leaf(values).data for values in parameters()]
    assert not sizes[2].flags.c_contiguous
    assert sizes[1].ndim == 0


SGDS = [
    {},
    {"momentum": 0.9},
    {"weight_decay": 0.01},
    {"momentum": 0.5, "weight_decay": 0.1},
    {"momentum": 0.9, "dampening": 0.3},
    {"momentum": 0.9, "nesterov": True},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    {"maximize": True, "weight_decay": 0.1},
    {"momentum": 0.9, "dampening": 0.1, "maximize": True},
]
ADAMS = [
    {},
    {"betas": (0.5, 0.9)},
    {"betas": (0.0, 0.999)},
    {"eps": 1e-2},
    {"weight_decay": 0.01},
    {"betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1},
    {"amsgrad": True},
    {"amsgrad": True, "weight_decay": 0.1},
    {"maximize": True, "weight_decay": 0.1},
]
RMSPROPS = [
    {},
    {"alpha": 0.5},
    {"alpha": 0.0, "eps": 1e-2},
    {"momentum": 0.9},
    {"centered": True},
    {"centered": True, "momentum": 0.5, "weight_decay": 0.1, "eps": 1e-4},
    {"maximize": True, "weight_decay": 0.1},
]
ADAGRADS = [
    {},
    {"lr_decay": 0.1},
    {"initial_accumulator_value": 0.5},
    {"eps": 1e-2, "weight_decay": 0.1},
    {"lr_decay": 0.5, "initial_accumulator_value": 2.0, "maximize": True},
]


@pytest.mark.parametrize("settings", SGDS)
def test_sgd_goes_where_pytorch_goes(settings):
    check_against_torch(
        lambda p: optim.SGD(p, lr=0.01, **settings),
        lambda p: torch.optim.SGD(p, lr=0.01, **settings),
    )


@pytest.mark.parametrize("settings", ADAMS)
def test_adam_goes_where_pytorch_goes(settings):
    check_against_torch(
        lambda p: optim.Adam(p, lr=0.01, **settings),
        lambda p: torch.optim.Adam(p, lr=0.01, **settings),
    )


@pytest.mark.parametrize("settings", ADAMS)
def test_adamw_goes_where_pytorch_goes(settings):
    check_against_torch(
        lambda p: optim.AdamW(p, lr=0.01, **settings),
        lambda p: torch.optim.AdamW(p, lr=0.01, **settings),
    )


@pytest.mark.parametrize("settings", RMSPROPS)
def test_rmsprop_goes_where_pytorch_goes(settings):
    check_against_torch(
        lambda p: optim.RMSprop(p, lr=0.01, **settings),
        lambda p: torch.optim.RMSprop(p, lr=0.01, **settings),
    )


@pytest.mark.parametrize("settings", ADAGRADS)
def test_adagrad_goes_where_pytorch_goes(settings):
    check_against_torch(
        lambda p: optim.Adagrad(p, lr=0.01, **settings),
        lambda p: torch.optim.Adagrad(p, lr=0.01, **settings),
    )


def test_adamw_decays_by_default_as_in_pytorch():
    check_against_torch(optim.AdamW, torch.optim.AdamW)


@pytest.mark.parametrize(
    "layout", [lambda g: np.array(g, order="F"), lambda g: np.flip(np.flip(g).copy())]
)
@pytest.mark.parametrize("name", ["Adam", "RMSprop", "Adagrad"])
def test_they_go_where_pytorch_goes_however_the_gradients_lie_in_memory(name, layout):
    check_against_torch(getattr(optim, name), getattr(torch.optim, name), grad_layout=layout)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_a_parameter_without_gradient_rests_and_its_moments_with_it(name):
    more = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    settings = {"lr": 0.01, "weight_decay": 0.1, **more}
    check_against_torch(
        lambda p: getattr(optim, name)(p, **settings),
        lambda p: getattr(torch.optim, name)(p, **settings),
        skip=lambda step, i: (step + i) % 3 == 0,
    )


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_defaults_are_those_of_pytorch(name):
    check_against_torch(getattr(optim, name), getattr(torch.optim, name))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("RMSprop", (0.03, 0.9, 1e-4, 0.1, 0.5, True)),
        ("Adagrad", (0.03, 0.2, 0.1, 0.5, 1e-4)),
    ],
)
def test_arguments_stand_in_the_order_of_pytorch(name, given):
    check_against_torch(
        lambda p: getattr(optim, name)(p, *given),
        lambda p: getattr(torch.optim, name)(p, *given),
    )


@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_betas_may_be_changed_between_steps_as_in_pytorch(name, amsgrad):
    def change(step, ours, theirs):
        betas = ((0.9, 0.5, 0.0)[step % 3], (0.999, 0.9)[step % 2])
        ours.betas = theirs.param_groups[0]["betas"] = betas

    check_against_torch(
        lambda p: getattr(optim, name)(p, lr=0.01, amsgrad=amsgrad),
        lambda p: getattr(torch.optim, name)(p, lr=0.01, amsgrad=amsgrad),
        skip=lambda step, i: (step + i) % 5 == 0,
        before_step=change,
    )


def test_momentum_may_be_changed_between_steps_as_in_pytorch():
    def change(step, ours, theirs):
        ours.momentum = theirs.param_groups[0]["momentum"] = (0.9, 0.5)[step % 2]

    check_against_torch(
        lambda p: optim.SGD(p, 0.01, momentum=0.9),
        lambda p: torch.optim.SGD(p, 0.01, momentum=0.9),
        before_step=change,
    )


def test_betas_that_come_back_before_the_next_step_change_no_bit():
    def weights(changing):
        p = leaf(np.linspace(-1, 1, 30, dtype=np.float32))
        optimizer = optim.Adam([p], betas=(0.87, 0.97))
        for step in range(20):
            p.grad = tg.tensor(np.cos(p.data * step))
            if changing:
                optimizer.betas = (0.95, 0.9)
                optimizer.betas = (0.87, 0.97)
            optimizer.step()
        return p.data

    np.testing.assert_array_equal(weights(True), weights(False))


def test_betas_that_are_none_are_refused_when_they_are_changed_too():
    optimizer = optim.Adam([nn.Parameter([1.0])])
    with pytest.raises(ValueError, match=r"betas\[1\] must be at least 0 and below 1, not 1.0"):
        optimizer.betas = (0.9, 1.0)
    assert optimizer.betas == (0.9, 0.999)


MAKERS = [
    lambda p: optim.SGD(p, momentum=0.9),
    optim.Adam,
    lambda p: optim.RMSprop(p, momentum=0.9, centered=True),
    optim.Adagrad,
]


@pytest.mark.parametrize("make", MAKERS[:3])  # what Adagrad sums never decays
def test_flushing_denormals_changes_nothing_beyond_rounding(make, monkeypatch):
    def weights(every):
        monkeypatch.setattr(optim.optimizers, "FLUSH_EVERY", every)
        p = leaf(np.linspace(-1, 1, 200, dtype=np.float32).reshape(20, 10))
        optimizer = make([p])
        rng = np.random.default_rng(0)
        for step in range(2500):
            # Most weights see a gradient at the start only, so that their moments decay away.
            g = rng.normal(size=p.shape).astype(np.float32)
            g[(2 if step > 50 else 20) :] = 0
            p.grad = tg.tensor(g)
            optimizer.step()
        return p.data, optimizer.state[p]

    (often, moments), (never, unflushed) = weights(1), weights(10**9)
    np.testing.assert_allclose(often, never, rtol=0, atol=1e-12)
    names = [name for name, value in moments.items() if isinstance(value, np.ndarray)]
    assert names
    for name in names:
        assert not denormal(moments[name]).any()
    assert any(denormal(unflushed[name]).any() for name in names)


@pytest.mark.parametrize(("dtype", "threshold"), [("float32", 2.0**-126), ("float64", 2.0**-1022)])
def test_what_is_flushed_is_below_a_million_times_the_smallest_normal_number(dtype, threshold):
    edge = np.array(threshold, dtype) * np.array(1e6, dtype)
    below = np.nextafter(edge, np.array(0, dtype))
    moment = np.array([edge, below, -edge, -below, 0, 1, np.inf, np.nan], dtype)
    optim.optimizers._flush(moment)
    np.testing.assert_array_equal(
        moment, np.array([edge, 0, -edge, 0, 0, 1, np.inf, np.nan], dtype)
    )


def test_moments_are_flushed_at_every_hundredth_step():
    p = leaf(np.zeros(1, np.float32))
    optimizer = optim.SGD([p], momentum=1.0)
    p.grad = tg.tensor(np.full(1, 1e-36, np.float32))
    optimizer.step()
    p.grad = tg.tensor(np.zeros(1, np.float32))
    is_left = []
    for _ in range(199):
        optimizer.step()
        is_left.append(bool(optimizer.state[p]["momentum_buffer"].any()))
        if not is_left[-1]:
            optimizer.state[p]["momentum_buffer"][:] = 1e-36
    assert [step for step, left in enumerate(is_left, 2) if not left] == [100, 200]


def denormal(moment):
    return (moment != 0) & (np.abs(moment) < np.finfo(moment.dtype).tiny)


def test_flushing_leaves_float16_alone_where_its_threshold_would_be_61():
    p = leaf(np.ones(3, np.float16))
    optimizer = optim.SGD([p], lr=0.0, momentum=0.5)
    for _ in range(optim.optimizers.FLUSH_EVERY):
        p.grad = tg.tensor(np.ones(3, np.float16))
        optimizer.step()
    np.testing.assert_array_equal(optimizer.state[p]["momentum_buffer"], [2, 2, 2])


@pytest.mark.parametrize("make", MAKERS)
def test_float32_weights_and_moments_stay_float32(make):
    p = nn.Parameter(np.ones((3, 2), np.float32))
    optimizer = make([p])
    optimizer.lr = np.float64(0.1)
    p.grad = tg.tensor(np.ones((3, 2), np.float32))
    optimizer.step()
    assert p.dtype == np.float32
    moments = [m for m in optimizer.state[p].values() if isinstance(m, np.ndarray)]
    assert {moment.dtype for moment in moments} == {np.dtype(np.float32)}


def test_weights_are_stepped_in_place():
    p = nn.Parameter([1.0, 2.0])
    array = p.data
    p.grad = tg.tensor([1.0, 1.0])
    optim.Adam([p]).step()
    assert p.data is array


def test_gradients_are_left_as_they_are():
    for make in (lambda p: optim.SGD(p, momentum=0.9, weight_decay=0.1), *MAKERS):
        p = nn.Parameter([1.0, 2.0])
        p.grad = tg.tensor([3.0, 4.0])
        make([p]).step()
        np.testing.assert_array_equal(p.grad.data, [3, 4])


def test_zero_grad_forgets_the_gradients():
    p = nn.Parameter([1.0])
    p.grad = tg.tensor([1.0])
    optim.SGD([p]).zero_grad()
    assert p.grad is None


def test_a_parameter_given_twice_is_stepped_once():
    p = nn.Parameter([1.0])
    p.grad = tg.tensor([1.0])
    optim.SGD([p, p], lr=0.5).step()
    np.testing.assert_array_equal(p.data, [0.5])


def test_the_learning_rate_may_be_changed_between_steps():
    p = nn.Parameter([1.0])
    optimizer = optim.SGD([p], lr=0.5)
    p.grad = tg.tensor([1.0])
    optimizer.lr = 0.25
    optimizer.step()
    np.testing.assert_array_equal(p.data, [0.75])


def test_a_graph_that_was_recorded_before_the_step_refuses_to_go_back():
    p = nn.Parameter([2.0])
    loss = (p * p).sum()
    p.grad = tg.tensor([1.0])
    optim.SGD([p], lr=0.5).step()
    with pytest.raises(RuntimeError, match="changed"):
        loss.backward()


def test_a_generator_of_parameters_is_taken():
    model = nn.Linear(2, 2)
    [group] = optim.SGD(model.parameters()).param_groups
    assert group["params"] == list(model.parameters())


def test_an_optimiser_of_a_users_own_needs_an_update_only():
    class SignSGD(optim.Optimizer):
        def update(self, w, g, state, group):
            w -= group["lr"] * np.sign(g)

    p = nn.Parameter([1.0, 1.0])
    p.grad = tg.tensor([-0.1, 7.0])
    SignSGD([p], lr=0.5).step()
    np.testing.assert_array_equal(p.data, [1.5, 0.5])


def test_an_optimiser_without_update_says_what_it_needs():
    p = nn.Parameter([1.0])
    p.grad = tg.tensor([1.0])
    with pytest.raises(NotImplementedError, match="Optimizer needs a method update"):
        optim.Optimizer([p], lr=0.5).step()


def test_repr_says_what_it_is():
    p, q, r = (nn.Parameter([1.0]) for _ in range(3))
    assert repr(optim.Adam([p], lr=0.01)) == "Adam(1 parameter, lr=0.01)"
    groups = [{"params": [p, q]}, {"params": [r], "lr": 0.5}]
    assert repr(optim.SGD(groups, lr=0.01)) == "SGD(3 parameters in 2 groups, lr=0.01, 0.5)"


NUMBERS = {
    "SGD": {"lr": 0.5, "momentum": 0.5, "dampening": 0.25, "weight_decay": 0.5},
    "Adam": {"lr": 0.5, "betas": (0.5, 0.25), "eps": 0.5, "weight_decay": 0.5},
    "RMSprop": {"lr": 0.5, "alpha": 0.5, "eps": 0.5, "momentum": 0.5},
    "Adagrad": {"lr": 0.5, "lr_decay": 0.5, "initial_accumulator_value": 0.5, "eps": 0.5},
}


@pytest.mark.parametrize("kind", sorted(NUMBERS))
def test_options_that_are_numpys_numbers_become_pythons(kind):
    given = {name: np.float64(value) for name, value in NUMBERS[kind].items() if name != "betas"}
    if kind == "Adam":
        given["betas"] = tuple(np.array(NUMBERS[kind]["betas"]))
    [group] = getattr(optim, kind)([nn.Parameter([1.0])], **given).param_groups
    for name, value in NUMBERS[kind].items():
        assert group[name] == value
        found = group[name] if name == "betas" else (group[name],)
        assert {type(number) for number in found} == {float}


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["lr", "momentum", "weight_decay"])
def test_sgd_refuses_what_is_below_0_or_no_number(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a finite number, at least 0"):
        optim.SGD([nn.Parameter([1.0])], **{name: value})


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"betas": (1.0, 0.9)}, r"betas\[0\] must be at least 0 and below 1, not 1.0"),
        ({"betas": (0.9, -0.1)}, r"betas\[1\] must be at least 0 and below 1, not -0.1"),
        ({"eps": -1.0}, "eps must be a finite number, at least 0, not -1.0"),
        ({"lr": float("nan")}, "lr must be a finite number, at least 0, not nan"),
    ],
)
def test_adam_refuses_bad_settings(bad, words):
    with pytest.raises(ValueError, match=words):
        optim.Adam([nn.Parameter([1.0])], **bad)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: optim.RMSprop(p, alpha=1.0), "alpha must be at least 0 and below 1, not 1.0"),
        (lambda p: optim.RMSprop(p, momentum=-1.0), "momentum must be a finite number, at least"),
        (lambda p: optim.RMSprop(p, eps=-1.0), "eps must be a finite number, at least 0"),
        (lambda p: optim.Adagrad(p, lr_decay=-1.0), "lr_decay must be a finite number"),
        (lambda p: optim.Adagrad(p, eps=float("nan")), "eps must be a finite number"),
        (
            lambda p: optim.Adagrad(p, initial_accumulator_value=-1.0),
            "initial_accumulator_value must be a finite number, at least 0, not -1.0",
        ),
    ],
)
def test_rmsprop_and_adagrad_refuse_bad_settings(make, words):
    with pytest.raises(ValueError, match=words):
        make([nn.Parameter([1.0])])


def test_no_parameters_are_refused():
    with pytest.raises(ValueError, match="at least one parameter"):
        optim.SGD([])


def test_a_bare_parameter_is_refused():
    with pytest.raises(TypeError, match=r"write \[parameter\]"):
        optim.SGD(nn.Parameter([1.0]))


@pytest.mark.parametrize(
    "wrong", [nn.Parameter([1.0]) * 2, np.ones(2), "weight"], ids=["made", "array", "text"]
)
def test_what_is_not_a_leaf_is_refused(wrong):
    with pytest.raises(TypeError, match="an optimiser steps leaf tensors"):
        optim.SGD([wrong])


def test_a_set_of_parameters_is_refused_as_it_has_no_order():
    with pytest.raises(TypeError, match="a set has no order"):
        optim.SGD({nn.Parameter([1.0])})
    with pytest.raises(TypeError, match="a set has no order"):
        optim.SGD([{"params": {nn.Parameter([1.0])}}])


@pytest.mark.parametrize("others", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_momentum_and_no_dampening(others):
    with pytest.raises(ValueError, match="needs a momentum above 0 and no dampening"):
        optim.SGD([leaf(np.ones(2))], nesterov=True, **others)


def test_a_beta_is_no_tensor():
    with pytest.raises(TypeError, match=r"betas\[0\] must be a number, not a tensor"):
        optim.Adam([leaf(np.ones(2))], betas=(tg.tensor(0.9), 0.999))


def test_an_option_that_only_pytorch_has_is_explained():
    with pytest.raises(TypeError, match=r"Adam\(\) takes no foreach=: a step"):
        optim.Adam([leaf(np.ones(2))], foreach=True)


# ------------------------------------------------------------------------ against PyTorch, drawn

rates = st.floats(1e-4, 0.5)
momenta = st.sampled_from([0.0, 0.5, 0.9])
DRAWN_OPTIONS = {
    "SGD": {
        "lr": rates,
        "momentum": momenta,
        "dampening": st.sampled_from([0.0, 0.3]),
        "weight_decay": st.sampled_from([0.0, 0.1]),
        "maximize": st.booleans(),
    },
    "Adam": {
        "lr": rates,
        "betas": st.tuples(momenta, st.sampled_from([0.5, 0.99, 0.999])),
        "eps": st.sampled_from([1e-8, 1e-2]),
        "weight_decay": st.sampled_from([0.0, 0.1]),
        "amsgrad": st.booleans(),
        "maximize": st.booleans(),
    },
}
DRAWN_OPTIONS["AdamW"] = DRAWN_OPTIONS["Adam"]
DRAWN_OPTIONS["RMSprop"] = {
    "lr": rates,
    "alpha": st.sampled_from([0.5, 0.9, 0.99]),
    "eps": st.sampled_from([1e-8, 1e-2]),
    "weight_decay": st.sampled_from([0.0, 0.1]),
    "momentum": momenta,
    "centered": st.booleans(),
    "maximize": st.booleans(),
}
DRAWN_OPTIONS["Adagrad"] = {
    "lr": rates,
    "lr_decay": st.sampled_from([0.0, 0.1]),
    "eps": st.sampled_from([1e-10, 1e-2]),
    "weight_decay": st.sampled_from([0.0, 0.1]),
    "maximize": st.booleans(),
}
RAISES_IN_PYTORCH = {("Adam", "amsgrad"), ("AdamW", "amsgrad")} | {
    ("RMSprop", name) for name in ("momentum", "centered")
}
"""Options that PyTorch cannot begin with between steps."""
SHAPES = [(2, 3), (), (4,), (1, 2, 2)]


@st.composite
def kinds_and_groups(draw):
    """The name of an optimiser, and the options of each of one to three groups."""
    kind = draw(st.sampled_from(sorted(DRAWN_OPTIONS)))
    options = st.fixed_dictionaries({}, optional=DRAWN_OPTIONS[kind])
    return kind, draw(st.lists(options, min_size=1, max_size=3))


class Both:
    """Equal optimisers of ours and of PyTorch, over the same parameters in the same groups."""

    def __init__(self, kind, groups, seed=0):
        self.rng = np.random.default_rng(seed)
        start = [self.rng.normal(size=SHAPES[i % len(SHAPES)]) for i in range(2 * len(groups))]
        self.ours = [leaf(values) for values in start]
        self.theirs = [torch.tensor(values, requires_grad=True) for values in start]
        self.mine = getattr(optim, kind)(self.in_groups(self.ours, groups), lr=0.01)
        self.other = getattr(torch.optim, kind)(self.in_groups(self.theirs, groups), lr=0.01)

    def in_groups(self, params, groups):
        return [{"params": params[2 * i : 2 * i + 2], **g} for i, g in enumerate(groups)]

    def step(self, times=1, rests=()):
        for _ in range(times):
            for i, (p, q) in enumerate(zip(self.ours, self.theirs, strict=True)):
                g = self.rng.normal(size=p.shape) * 10.0 ** self.rng.integers(-3, 3)
                p.grad = None if i in rests else tg.tensor(g)
                q.grad = None if i in rests else torch.tensor(g)
            self.mine.step()
            self.other.step()

    def set(self, group, name, value):
        for optimizer in (self.mine, self.other):
            optimizer.param_groups[group][name] = value

    def check(self):
        """Equal weights, and equal states by name."""
        for p, q in zip(self.ours, self.theirs, strict=True):
            assert_close(p.data, q.numpy(force=True))
        ours, theirs = self.mine.state_dict(), flat(self.other.state_dict())
        if isinstance(self.mine, optim.SGD):  # PyTorch's does not count
            ours = {n: v for n, v in ours.items() if not n.endswith(".step")}
        assert ours.keys() == theirs.keys()
        for name, value in ours.items():
            assert value.shape == theirs[name].shape
            assert_close(value, theirs[name])


def flat(state):
    """A state of PyTorch's with names as ours has, but for what tells it how to compute."""
    how = {"foreach", "fused", "capturable", "differentiable"}
    entries = {f"state.{i}.{n}": v for i, s in state["state"].items() for n, v in s.items()}
    for i, group in enumerate(state["param_groups"]):
        entries |= {f"param_groups.{i}.{n}": v for n, v in group.items() if n not in how}
    return {name: np.asarray(v) for name, v in entries.items() if v is not None}


def assert_close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@given(kinds_and_groups(), st.integers(0, 8), st.sets(st.integers(0, 5)), st.integers(0, 99))
def test_weights_and_states_are_pytorchs_with_any_options_in_any_groups(drawn, steps, rests, seed):
    both = Both(*drawn, seed=seed)
    both.check()
    both.step(steps, rests)
    both.check()
    both.step(2)
    both.check()


@settings(max_examples=60)
@given(kinds_and_groups(), st.data())
def test_options_of_a_group_may_be_changed_between_steps_as_in_pytorch(drawn, data):
    kind, groups = drawn
    both = Both(kind, groups)
    names = [name for name in sorted(DRAWN_OPTIONS[kind]) if (kind, name) not in RAISES_IN_PYTORCH]
    for _ in range(4):
        both.step(rests=data.draw(st.sets(st.integers(0, 5))))
        group = data.draw(st.integers(0, len(groups) - 1))
        name = data.draw(st.sampled_from(names))
        both.set(group, name, data.draw(DRAWN_OPTIONS[kind][name]))
    both.step(2)
    both.check()


def test_amsgrad_asked_for_between_steps_takes_the_largest_from_then_on():
    both = Both("Adam", [{}])
    both.step(3)
    both.set(0, "amsgrad", True)
    for q in both.theirs:
        both.other.state[q]["max_exp_avg_sq"] = torch.zeros_like(q)
    both.step(3)
    both.check()


@pytest.mark.parametrize("dampening", [0.0, 0.3])
def test_a_momentum_that_is_set_later_takes_effect_as_in_pytorch(dampening):
    both = Both("SGD", [{"dampening": dampening}])
    for momentum in (0.0, 0.9, 0.0, 0.5):
        both.mine.momentum = both.other.param_groups[0]["momentum"] = momentum
        both.step(2)
        both.check()


@pytest.mark.parametrize(
    ("name", "value", "moment"),
    [("momentum", 0.9, "momentum_buffer"), ("centered", True, "grad_avg")],
)
def test_an_option_of_rmsprop_that_is_set_later_begins_with_a_moment_of_zeros(name, value, moment):
    both = Both("RMSprop", [{}])
    both.step(3)
    both.set(0, name, value)
    for q in both.theirs:
        both.other.state[q][moment] = torch.zeros_like(q)
    both.step(3)
    both.check()


def test_groups_of_adagrad_may_differ_in_what_their_sums_start_from():
    p, q = nn.Parameter([0.0]), nn.Parameter([0.0])
    groups = [{"params": [p]}, {"params": [q], "initial_accumulator_value": 9.0}]
    optimizer = optim.Adagrad(groups, lr=1.0)
    for each in (p, q):
        each.grad = tg.tensor([4.0])
    optimizer.step()
    np.testing.assert_array_equal([p.data, q.data], [[-1.0], [np.float32(-4 / 5)]])


def test_the_state_of_adagrad_is_there_before_the_first_step_as_in_pytorch():
    both = Both("Adagrad", [{}])
    assert both.mine.state_dict()["state.1.step"] == 0
    both.check()
    both.mine.add_param_group({"params": [nn.Parameter([1.0])], "initial_accumulator_value": 3.0})
    assert both.mine.state_dict()["state.2.sum"] == 3.0


def test_adagrad_begins_anew_where_a_loaded_state_has_no_sum():
    p = nn.Parameter([0.0])
    optimizer = optim.Adagrad([p], lr=1.0, initial_accumulator_value=9.0)
    groups = {n: v for n, v in optimizer.state_dict().items() if not n.startswith("state.")}
    optimizer.load_state_dict(groups)
    p.grad = tg.tensor([4.0])
    optimizer.step()
    np.testing.assert_array_equal(p.data, [np.float32(-4 / 5)])


def test_nesterov_that_is_set_later_takes_effect_as_in_pytorch():
    both = Both("SGD", [{"momentum": 0.9}])
    both.step(2)
    both.set(0, "nesterov", True)
    both.step(2)
    both.check()


def test_decay_apart_from_the_gradient_is_an_option_of_adam_as_in_pytorch():
    both = Both("Adam", [{"weight_decay": 0.1, "decoupled_weight_decay": True}, {}])
    both.step(5)
    both.check()


# ---------------------------------------------------------------------------------------- groups


def test_groups_take_what_they_do_not_say_from_the_optimiser():
    p, q = nn.Parameter([1.0]), nn.Parameter([1.0])
    groups = optim.Adam([{"params": [p]}, {"params": q, "eps": 0.5}], 0.3).param_groups
    assert [group["params"] for group in groups] == [[p], [q]]
    assert [group["eps"] for group in groups] == [1e-8, 0.5]
    assert [group["lr"] for group in groups] == [0.3, 0.3]


def test_what_was_given_for_a_group_is_left_as_it_was():
    given = {"params": [nn.Parameter([1.0])]}
    optim.SGD([given]).param_groups[0]["lr"] = 7.0
    assert given.keys() == {"params"}


def test_a_group_can_be_added_between_steps_as_in_pytorch():
    both = Both("Adam", [{}])
    both.step(2)
    more = np.ones((2, 2))
    both.ours.append(leaf(more))
    both.theirs.append(torch.tensor(more, requires_grad=True))
    both.mine.add_param_group({"params": [both.ours[-1]], "lr": 0.5})
    both.other.add_param_group({"params": [both.theirs[-1]], "lr": 0.5})
    both.step(2)
    both.check()


def test_an_empty_group_is_taken_as_in_pytorch():
    p, q = leaf(np.ones(2)), torch.ones(2, requires_grad=True)
    ours = optim.SGD([{"params": []}, {"params": [p]}])
    theirs = torch.optim.SGD([{"params": []}, {"params": [q]}])
    assert len(ours.param_groups) == len(theirs.param_groups) == 2
    assert ours.state_dict()["param_groups.0.params"].tolist() == []


P = nn.Parameter([1.0])


@pytest.mark.parametrize(
    ("group", "error", "words"),
    [
        ({"params": [P]}, ValueError, "is already in another, and can be in one"),
        ({"lr": 0.1}, ValueError, 'a group needs "params", and this has lr'),
        ({"params": [], "lrr": 0.1}, ValueError, "SGD has no option lrr; its options are lr, "),
        ({"params": [], "lr": -1.0}, ValueError, "lr must be a finite number, at least 0"),
        ({"params": [], "momentum": -1.0}, ValueError, "momentum must be a finite number"),
        ({"params": [np.ones(2)]}, TypeError, "an optimiser steps leaf tensors"),
    ],
)
def test_a_group_that_makes_no_sense_is_refused_and_not_added(group, error, words):
    optimizer = optim.SGD([P], 0.1)
    before = optimizer.state_dict()
    with pytest.raises(error, match=words):
        optimizer.add_param_group(group)
    assert_equal_states(optimizer.state_dict(), before)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"params": [P]}, r"write \[group\]"),
        ([{"params": [P]}, P], "not a mixture"),
        ([P, {"params": [P]}], "not a mixture"),
    ],
)
def test_what_is_neither_parameters_nor_groups_is_refused(params, words):
    with pytest.raises(TypeError, match=words):
        optim.SGD(params)


ATTRIBUTES = {
    "SGD": {"lr": 0.5, "weight_decay": 0.5, "momentum": 0.5, "dampening": 0.5, "nesterov": True},
    "Adam": {"lr": 0.5, "weight_decay": 0.5, "betas": (0.5, 0.5), "eps": 0.5, "maximize": True},
    "RMSprop": {"lr": 0.5, "alpha": 0.5, "eps": 0.5, "momentum": 0.5, "centered": True},
    "Adagrad": {"lr": 0.5, "lr_decay": 0.5, "initial_accumulator_value": 0.5, "eps": 0.5},
}


@pytest.mark.parametrize("kind", sorted(ATTRIBUTES))
def test_an_attribute_reads_and_sets_the_option_of_the_only_group(kind):
    optimizer = getattr(optim, kind)([nn.Parameter([1.0])])
    [group] = optimizer.param_groups
    for name, value in ATTRIBUTES[kind].items():
        assert getattr(optimizer, name) == group[name] != value
        setattr(optimizer, name, value)
        assert getattr(optimizer, name) == group[name] == value


@pytest.mark.parametrize("kind", sorted(ATTRIBUTES))
def test_an_attribute_says_where_to_look_if_there_are_several_groups(kind):
    groups = [{"params": [nn.Parameter([1.0])]} for _ in range(2)]
    optimizer = getattr(optim, kind)(groups)
    before = optimizer.state_dict()
    for name, value in ATTRIBUTES[kind].items():
        words = rf'has 2 groups, each with a {name} of its own; .*param_groups\[0\]\["{name}"\]'
        with pytest.raises(AttributeError, match=words):
            getattr(optimizer, name)
        with pytest.raises(AttributeError, match=words):
            setattr(optimizer, name, value)
    assert_equal_states(optimizer.state_dict(), before)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["lr", "momentum", "weight_decay"])
def test_an_attribute_refuses_what_the_constructor_refuses(name, value):
    optimizer = optim.SGD([nn.Parameter([1.0])], 0.1)
    before = getattr(optimizer, name)
    with pytest.raises(ValueError, match=f"{name} must be a finite number, at least 0"):
        setattr(optimizer, name, value)
    assert getattr(optimizer, name) == before


def test_adamw_decays_apart_from_the_gradient_or_not_at_all():
    with pytest.raises(ValueError, match="AdamW always decays apart from the gradient"):
        optim.AdamW([{"params": [nn.Parameter([1.0])], "decoupled_weight_decay": False}])


# ----------------------------------------------------------------------------- frozen parameters


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_frozen_parameters_stay_and_are_stepped_once_they_thaw_as_in_pytorch(kind):
    rng = np.random.default_rng(0)
    sizes = [(3, 4), (4, 2)]
    ours = nn.Sequential(*(nn.Linear(*s, rng=i, dtype=np.float64) for i, s in enumerate(sizes)))
    theirs = torch.nn.Sequential(*(torch.nn.Linear(*s) for s in sizes)).double()
    theirs.load_state_dict({n: torch.from_numpy(a) for n, a in ours.state_dict().items()})
    for model in (ours, theirs):
        model[0].weight.requires_grad_(False)
    frozen = ours[0].weight.data.copy()
    options = {"lr": 0.1, "weight_decay": 0.1}
    optimizers = [
        getattr(module, kind)(model.parameters(), **options)
        for module, model in ((optim, ours), (torch.optim, theirs))
    ]

    def train(steps):
        for _ in range(steps):
            x = rng.normal(size=(5, 3))
            inputs = (x, torch.from_numpy(x))
            for model, optimizer, x in zip((ours, theirs), optimizers, inputs, strict=True):
                optimizer.zero_grad()
                (model(x) ** 2).sum().backward()
                optimizer.step()

    train(3)
    np.testing.assert_array_equal(ours[0].weight.data, frozen)
    assert ours[0].weight not in optimizers[0].state
    for model in (ours, theirs):
        model[0].weight.requires_grad_(True)
    train(3)
    assert (ours[0].weight.data != frozen).all()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p.data, q.numpy(force=True))


# ------------------------------------------------------------------------------------------ state

OPTIMISERS = [
    lambda p: optim.SGD(p, 0.01, momentum=0.9, dampening=0.1, weight_decay=0.1),
    lambda p: optim.Adam(p, amsgrad=True),
    optim.AdamW,
    lambda p: optim.Adam([{"params": p[:1], "betas": (0.5, 0.9)}, {"params": p[1:]}]),
    lambda p: optim.RMSprop(p, momentum=0.9, centered=True, weight_decay=0.1),
    lambda p: optim.Adagrad(p, lr_decay=0.1, initial_accumulator_value=0.5),
]
FORMS = ["state_dict", "exact_state"]


def assert_equal_states(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value.dtype == other[name].dtype
        np.testing.assert_array_equal(value, other[name])


def trained(make, steps=3, dtype=np.float32, seed=0):
    """An optimiser after some steps, of four parameters, the last of which was never stepped."""
    params = [leaf(values.astype(dtype)) for values in parameters()]
    optimizer = make(params)
    step_with_drawn_gradients(optimizer, params[:-1], steps, seed)
    return optimizer, params


def step_with_drawn_gradients(optimizer, params, steps, seed):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        for p in params:
            p.grad = tg.tensor(rng.normal(size=p.shape).astype(p.dtype))
        optimizer.step()


def load(optimizer, form, state):
    {"state_dict": optimizer.load_state_dict, "exact_state": optimizer.load_exact_state}[form](
        state
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", OPTIMISERS)
def test_an_optimiser_goes_on_to_the_bit_from_its_exact_state(make, dtype):
    mine, ours = trained(make, dtype=dtype)
    copies = [leaf(p.data) for p in ours]
    other = make(copies)
    other.load_exact_state(mine.exact_state())
    assert_equal_states(other.exact_state(), mine.exact_state())
    step_with_drawn_gradients(mine, ours, 3, seed=1)
    step_with_drawn_gradients(other, copies, 3, seed=1)
    for p, q in zip(ours, copies, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_an_exact_state_has_the_moments_as_they_are_kept():
    mine, ours = trained(lambda p: optim.Adam(p, amsgrad=True))
    state = mine.exact_state()
    for name in ("decayed_sum", "decayed_square_sum", "largest_square_sum"):
        np.testing.assert_array_equal(state[f"state.0.{name}"], mine.state[ours[0]][name])


def test_betas_that_were_changed_since_the_last_step_go_on_to_the_bit_too():
    mine, ours = trained(optim.Adam)
    mine.betas = (0.7, 0.99)
    copies = [leaf(p.data) for p in ours]
    other = optim.Adam(copies)
    other.load_exact_state(mine.exact_state())
    for optimizer, params in ((mine, ours), (other, copies)):
        step_with_drawn_gradients(optimizer, params, 1, seed=1)
        optimizer.betas = (0.8, 0.9)
        step_with_drawn_gradients(optimizer, params, 1, seed=2)
    for p, q in zip(ours, copies, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize("make", OPTIMISERS)
def test_a_state_dict_is_loaded_to_all_but_rounding(make):
    mine, ours = trained(make, dtype=np.float64)
    copies = [leaf(p.data) for p in ours]
    other = make(copies)
    other.load_state_dict(mine.state_dict())
    step_with_drawn_gradients(mine, ours, 3, seed=1)
    step_with_drawn_gradients(other, copies, 3, seed=1)
    for p, q in zip(ours, copies, strict=True):
        assert_close(p.data, q.data)


def test_the_moments_of_a_state_dict_are_those_of_its_own_betas():
    mine, ours = trained(lambda p: optim.Adam(p, betas=(0.5, 0.9)), dtype=np.float64)
    other = optim.Adam([leaf(p.data) for p in ours])
    other.load_state_dict(mine.state_dict())
    expected, found = mine.exact_state(), other.exact_state()
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        assert_close(found[name], value)


def test_a_state_from_before_there_was_a_schedule_is_taken():
    mine, _ = trained(optim.Adam)
    before = mine.exact_state()
    optim.lr_scheduler.StepLR(mine, 3)
    mine.load_exact_state(before)
    assert_equal_states(mine.exact_state(), {"param_groups.0.initial_lr": np.array(1e-3)} | before)


@pytest.mark.parametrize("form", FORMS)
def test_a_negative_count_of_steps_is_refused_and_nothing_is_changed(form):
    mine, _ = trained(optim.Adam)
    before = mine.exact_state()
    state = getattr(mine, form)() | {"param_groups.0.lr": np.array(7.0)}
    with pytest.raises(ValueError, match=r"state\.1\.step is -1, expected a count of steps"):
        load(mine, form, state | {"state.1.step": np.array(-1)})
    assert_equal_states(mine.exact_state(), before)


@pytest.mark.parametrize("form", FORMS)
def test_options_are_in_the_state_weight_decay_too(form):
    mine = optim.SGD([leaf(np.ones(2))], 0.1, 0.9, weight_decay=0.3, nesterov=True, maximize=True)
    other = optim.SGD([leaf(np.ones(2))])
    load(other, form, getattr(mine, form)())
    for name in ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize"):
        assert getattr(other, name) == getattr(mine, name)
        assert type(getattr(other, name)) is type(getattr(mine, name))


def test_a_loaded_state_keeps_the_groups_that_a_user_holds():
    mine, _ = trained(optim.Adam)
    [group] = mine.param_groups
    mine.lr = 0.5
    state = mine.state_dict()
    mine.lr = 0.1
    mine.load_state_dict(state)
    assert mine.param_groups[0] is group
    assert group["lr"] == 0.5


def test_a_loaded_state_forgets_the_steps_that_were_taken_meanwhile():
    mine, _ = trained(optim.Adam, steps=0)
    fresh = mine.exact_state()
    step_with_drawn_gradients(mine, mine.param_groups[0]["params"], 2, seed=0)
    mine.load_exact_state(fresh)
    assert mine.state == {}


@pytest.mark.parametrize("form", FORMS)
def test_a_state_is_a_copy_and_is_copied(form):
    mine, _ = trained(optim.Adam)
    state = getattr(mine, form)()
    before = copy.deepcopy(state)
    load(mine, form, state)
    for array in state.values():
        array[...] = 0
    assert_equal_states(getattr(mine, form)(), before)


def test_the_keys_of_a_state_are_pytorchs_and_those_of_an_exact_state_say_what_they_are():
    mine, _ = trained(optim.Adam)
    options = "lr weight_decay maximize betas eps amsgrad decoupled_weight_decay params"
    groups = {f"param_groups.0.{name}" for name in options.split()}
    by_parameter = {
        "state_dict": "step exp_avg exp_avg_sq",
        "exact_state": "step betas decayed_sum decayed_square_sum",
    }
    for form, names in by_parameter.items():
        stepped = {f"state.{i}.{name}" for i in range(3) for name in names.split()}
        assert getattr(mine, form)().keys() == groups | stepped


MAY_BE_MISSING = ("momentum_buffer", "grad_avg", "max_exp_avg_sq", "largest_square_sum")
"""Moments that an optimiser adds when an option first asks for them."""


def test_an_entry_of_a_state_that_its_class_does_not_name_is_not_lost_silently():
    class Counting(optim.Optimizer):
        def update(self, w, g, state, group):
            state["sum"] = g.copy()

    mine, _ = trained(lambda p: Counting(p, 0.1))
    with pytest.raises(ValueError, match=r"the state of Counting has sum, .*add it to moments"):
        mine.exact_state()


def test_the_moments_of_a_users_own_optimiser_start_as_zeros_and_are_saved():
    class Averaging(optim.Optimizer):
        moments = ("mean",)

        def update(self, w, g, state, group):
            state["mean"] += (g - state["mean"]) / state["step"]
            w -= group["lr"] * state["mean"]

    mine, ours = trained(lambda p: Averaging(p, 0.1))
    copies = [leaf(p.data) for p in ours]
    other = Averaging(copies, 0.5)
    other.load_state_dict(mine.state_dict())
    step_with_drawn_gradients(mine, ours, 2, seed=1)
    step_with_drawn_gradients(other, copies, 2, seed=1)
    for p, q in zip(ours, copies, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def broken(state, how, key):
    """A copy of a state with one fault."""
    state = dict(state)
    if how == "missing":
        del state[key]
    elif how == "shape":
        state[key] = np.zeros((*state[key].shape, 2), state[key].dtype)
    elif how == "dtype":
        state[key] = state[key].astype(complex)
    elif how == "unexpected":
        state[key + "s"] = state[key]
    return state


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("how", ["missing", "shape", "dtype", "unexpected"])
@pytest.mark.parametrize("make", OPTIMISERS)
def test_a_state_with_one_fault_anywhere_is_refused_and_nothing_is_changed(make, how, form):
    state = getattr(trained(make, seed=1)[0], form)()
    mine, _ = trained(make, steps=2)
    before = mine.exact_state()
    keys = [key for key in state if how != "missing" or not key.endswith(MAY_BE_MISSING)]
    assert len(keys) >= 10
    for key in keys:
        with pytest.raises(ValueError, match="nothing was changed") as caught:
            load(mine, form, broken(state, how, key))
        assert key in str(caught.value)
        assert_equal_states(mine.exact_state(), before)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("of", "into", "words"),
    [
        (optim.Adam, optim.SGD, r"unexpected: .*param_groups\.0\.betas"),
        (optim.SGD, optim.Adam, r"missing: .*param_groups\.0\.betas"),
        (lambda p: optim.Adam(p[:2]), optim.Adam, r"params has shape \(2,\), expected \(4,\)"),
        (OPTIMISERS[3], optim.Adam, r"unexpected: param_groups\.1\.lr"),
        (optim.Adam, OPTIMISERS[3], r"missing: param_groups\.1\.lr"),
        (optim.Adam, optim.AdamW, "AdamW always decays apart from the gradient"),
    ],
)
def test_a_state_of_another_optimiser_is_refused_and_changes_nothing(of, into, words, form):
    state = getattr(trained(of, seed=1)[0], form)()
    mine, _ = trained(into)
    before = mine.exact_state()
    with pytest.raises(ValueError, match=words):
        load(mine, form, state)
    assert_equal_states(mine.exact_state(), before)


def test_parameters_that_are_numbered_otherwise_are_refused():
    mine, _ = trained(optim.Adam)
    before = mine.exact_state()
    state = before | {"param_groups.0.params": np.array([1, 0, 2, 3])}
    with pytest.raises(ValueError, match=r"params is \(1, 0, 2, 3\), expected \(0, 1, 2, 3\)"):
        mine.load_exact_state(state)
    assert_equal_states(mine.exact_state(), before)


@pytest.mark.parametrize("name", ["lr", "eps"])
def test_an_option_that_makes_no_sense_is_refused_with_the_whole_state(name):
    mine, _ = trained(optim.Adam)
    before = mine.exact_state()
    with pytest.raises(ValueError, match=f"{name} must be a finite number, at least 0"):
        mine.load_exact_state(before | {f"param_groups.0.{name}": np.array(-1.0)})
    assert_equal_states(mine.exact_state(), before)


def test_an_optimiser_can_be_copied_with_its_parameters():
    mine, _ = trained(optim.Adam)
    other = copy.deepcopy(mine)
    step_with_drawn_gradients(mine, mine.param_groups[0]["params"], 2, seed=1)
    step_with_drawn_gradients(other, other.param_groups[0]["params"], 2, seed=1)
    assert_equal_states(other.exact_state(), mine.exact_state())


def test_the_examples_of_docstrings_are_right():
    failed, tried = doctest.testmod(
        optim.optimizers, extraglobs={"tg": tg, "nn": nn, "optim": optim}
    )
    assert tried and not failed
