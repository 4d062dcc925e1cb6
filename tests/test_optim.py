"""Optimisers, step for step against `torch.optim` in float64."""

import numpy as np
import pytest
import torch

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


def test_adamw_decays_by_default_as_in_pytorch():
    check_against_torch(optim.AdamW, torch.optim.AdamW)


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda g: np.flip(np.flip(g).copy())])
def test_adam_goes_where_pytorch_goes_however_the_gradients_lie_in_memory(layout):
    check_against_torch(optim.Adam, torch.optim.Adam, grad_layout=layout)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_parameter_without_gradient_rests_and_its_moments_with_it(name):
    settings = {"lr": 0.01, "weight_decay": 0.1} | ({"momentum": 0.9} if name == "SGD" else {})
    check_against_torch(
        lambda p: getattr(optim, name)(p, **settings),
        lambda p: getattr(torch.optim, name)(p, **settings),
        skip=lambda step, i: (step + i) % 3 == 0,
    )


def test_defaults_are_those_of_pytorch():
    check_against_torch(optim.SGD, torch.optim.SGD)
    check_against_torch(optim.Adam, torch.optim.Adam)


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


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, momentum=0.9), optim.Adam])
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
        return p.data, optimizer.state[0]

    (often, moments), (never, unflushed) = weights(1), weights(10**9)
    np.testing.assert_allclose(often, never, rtol=0, atol=1e-12)
    tiny = np.finfo(np.float32).tiny
    for moment in moments.values():
        assert not ((moment != 0) & (np.abs(moment) < tiny)).any()
    assert any(((m != 0) & (np.abs(m) < tiny)).any() for m in unflushed.values())


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, momentum=0.9), optim.Adam])
def test_float32_weights_and_moments_stay_float32(make):
    p = nn.Parameter(np.ones((3, 2), np.float32))
    optimizer = make([p])
    optimizer.lr = np.float64(0.1)
    p.grad = tg.tensor(np.ones((3, 2), np.float32))
    optimizer.step()
    assert p.dtype == np.float32
    assert {moment.dtype for moment in optimizer.state[0].values()} == {np.dtype(np.float32)}


def test_weights_are_stepped_in_place():
    p = nn.Parameter([1.0, 2.0])
    array = p.data
    p.grad = tg.tensor([1.0, 1.0])
    optim.Adam([p]).step()
    assert p.data is array


def test_gradients_are_left_as_they_are():
    for make in (lambda p: optim.SGD(p, momentum=0.9, weight_decay=0.1), optim.Adam):
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
    assert len(optim.SGD(model.parameters()).params) == 2


def test_an_optimiser_of_a_users_own_needs_an_update_only():
    class SignSGD(optim.Optimizer):
        def update(self, step, w, g, *moments):
            w -= self.lr * np.sign(g)

    p = nn.Parameter([1.0, 1.0])
    p.grad = tg.tensor([0.1, -7.0])
    SignSGD([p], lr=0.5).step()
    np.testing.assert_array_equal(p.data, [0.5, 1.5])


def test_repr_says_what_it_is():
    assert repr(optim.Adam([nn.Parameter([1.0])], lr=0.01)) == "Adam(1 parameters, lr=0.01)"


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


def test_no_parameters_are_refused():
    with pytest.raises(ValueError, match="at least one parameter"):
        optim.SGD([])


def test_a_bare_parameter_is_refused():
    with pytest.raises(TypeError, match=r"write \[parameter\]"):
        optim.SGD(nn.Parameter([1.0]))


@pytest.mark.parametrize(
    "wrong", [tg.tensor([1.0]), nn.Parameter([1.0]) * 2, np.ones(2)], ids=["plain", "made", "array"]
)
def test_what_is_no_leaf_that_requires_a_gradient_is_refused(wrong):
    with pytest.raises(TypeError, match="leaf tensors that require a gradient"):
        optim.SGD([wrong])


OPTIMISERS = [
    lambda p: optim.SGD(p, 0.01, momentum=0.9),
    lambda p: optim.Adam(p, amsgrad=True),
    optim.AdamW,
]


@pytest.mark.parametrize("make", OPTIMISERS)
def test_an_optimiser_goes_on_to_the_bit_from_its_state(make):
    def gradients():
        return [tg.randn(*p.shape, rng=rng, dtype=np.float64) for p in ours]

    rng = np.random.default_rng(0)
    ours = [leaf(v) for v in parameters()]
    mine = make(ours)
    mine.lr = 0.5
    if hasattr(mine, "betas"):
        mine.betas = (0.7, 0.99)
    for p, g in zip(ours, gradients(), strict=True):
        p.grad = g
    mine.step()
    copies = [leaf(p.data) for p in ours]
    other = make(copies)
    other.load_state_dict(mine.state_dict())
    for p, q, g in zip(ours, copies, gradients(), strict=True):
        p.grad = q.grad = g
    mine.step()
    other.step()
    for p, q in zip(ours, copies, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_a_state_of_another_optimiser_is_refused_and_changes_nothing():
    mine = optim.SGD([leaf(np.ones(2))], 0.1)
    with pytest.raises(ValueError, match=r"differs in 0\.exp_avg, 0\.exp_avg_sq"):
        mine.load_state_dict(optim.Adam([leaf(np.ones(2))]).state_dict())
    assert mine.lr == 0.1


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match="momentum above 0"):
        optim.SGD([leaf(np.ones(2))], nesterov=True)
