"""Schedules, step for step against `torch.optim.lr_scheduler`, with drawn arguments."""

import doctest
import json
import warnings

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import checkpoint, nn, optim
from tinygrad_mlp.optim import lr_scheduler

MAKERS = {
    "sgd": lambda module, params, lr: module.SGD(params, lr, momentum=0.9),
    "adam": lambda module, params, lr: module.Adam(params, lr),
}


def optimizers(kind="sgd", lr=0.1, more_lrs=()):
    """Two equal optimisers: this package's and PyTorch's. With more rates, with more groups."""

    def groups(new):
        return [{"params": [new()]}] + [{"params": [new()], "lr": lr} for lr in more_lrs]

    ours = groups(lambda: nn.Parameter(np.ones(1)))
    theirs = groups(lambda: torch.ones(1, dtype=torch.float64, requires_grad=True))
    return MAKERS[kind](optim, ours, lr), MAKERS[kind](torch.optim, theirs, lr)


def lrs_of(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def momenta_of(optimizer):
    """Momentum or betas[0] of each group of an optimiser, ours or PyTorch's."""
    return [g["betas"][0] if "betas" in g else g["momentum"] for g in optimizer.param_groups]


def check_against_torch(make, steps, lr=0.1, kind="sgd", more_lrs=()):
    """`make(module, optimizer)` from both modules: learning rates and momenta agree to 1e-12."""
    ours, theirs = optimizers(kind, lr, more_lrs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's SequentialLR warns of its own ways
        mine, other = make(lr_scheduler, ours), make(torch.optim.lr_scheduler, theirs)
        for count in range(steps + 1):
            assert mine.get_last_lr() == lrs_of(ours)
            np.testing.assert_allclose(lrs_of(ours), other.get_last_lr(), rtol=1e-12, atol=1e-300)
            if count < steps:
                np.testing.assert_allclose(momenta_of(ours), momenta_of(theirs), rtol=1e-12)
                theirs.step()
                other.step()
                mine.step()


rates = st.floats(1e-4, 10)
shares = st.floats(0.01, 1)
lengths = st.integers(1, 60)


@given(rates, st.integers(1, 20), shares)
def test_step_lr_is_pytorchs(lr, step_size, gamma):
    check_against_torch(lambda m, o: m.StepLR(o, step_size, gamma), 50, lr)


@given(rates, st.lists(st.integers(0, 40), max_size=5), shares)
def test_multi_step_lr_is_pytorchs_whatever_the_order_of_its_milestones(lr, milestones, gamma):
    check_against_torch(lambda m, o: m.MultiStepLR(o, milestones, gamma), 50, lr)


@given(rates, shares)
def test_exponential_lr_is_pytorchs(lr, gamma):
    check_against_torch(lambda m, o: m.ExponentialLR(o, gamma), 50, lr)


@given(rates, lengths, st.just(0.0) | st.floats(0, 0.1))
def test_cosine_annealing_is_pytorchs_far_beyond_its_end_too(lr, length, eta_min):
    check_against_torch(lambda m, o: m.CosineAnnealingLR(o, length, eta_min), 3 * length + 1, lr)


@given(rates, shares, shares, lengths)
def test_linear_lr_is_pytorchs(lr, start, end, length):
    check_against_torch(lambda m, o: m.LinearLR(o, start, end, length), length + 5, lr)


@given(rates, shares)
def test_lambda_lr_is_pytorchs(lr, base):
    check_against_torch(lambda m, o: m.LambdaLR(o, lambda count: base**count), 20, lr)


@given(
    st.sampled_from(sorted(MAKERS)),
    rates,
    st.integers(2, 60),
    st.fixed_dictionaries(
        {},
        optional={
            "pct_start": st.floats(0.05, 0.95),
            "anneal_strategy": st.sampled_from(["cos", "linear"]),
            "cycle_momentum": st.booleans(),
            "base_momentum": st.floats(0.1, 0.8),
            "max_momentum": st.floats(0.8, 0.99),
            "div_factor": st.floats(1, 100),
            "final_div_factor": st.floats(1, 1e5),
            "three_phase": st.booleans(),
        },
    ),
)
def test_one_cycle_is_pytorchs_in_learning_rate_and_momentum(kind, max_lr, steps, settings):
    share = settings.get("pct_start", 0.3)
    assume(share * steps != 1)  # PyTorch divides by 0 there
    assume(share < 0.5 or not settings.get("three_phase"))  # there is a third phase
    check_against_torch(lambda m, o: m.OneCycleLR(o, max_lr, steps, **settings), steps, kind=kind)


def test_one_cycle_gives_a_momentum_to_sgd_that_has_none_as_pytorchs_does():
    rng = np.random.default_rng(0)
    p, q = nn.Parameter(np.ones(3)), torch.ones(3, dtype=torch.float64, requires_grad=True)
    ours, theirs = optim.SGD([p], 0.1), torch.optim.SGD([q], 0.1)
    mine = lr_scheduler.OneCycleLR(ours, 0.3, 9)
    other = torch.optim.lr_scheduler.OneCycleLR(theirs, 0.3, 9)
    for _ in range(9):
        g = rng.normal(size=3)
        p.grad, q.grad = tg.tensor(g), torch.tensor(g)
        for each in (ours, theirs, mine, other):
            each.step()
    np.testing.assert_allclose(p.data, q.numpy(force=True), rtol=1e-12, atol=1e-13)


GROUPED = {
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda count: 0.9**count),
    "LambdaLR, a function for each": lambda m, o: m.LambdaLR(
        o, [lambda count: 0.9**count, lambda count: 1 / (count + 1), lambda count: 1.0]
    ),
    "StepLR": lambda m, o: m.StepLR(o, 3, 0.5),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [4, 9, 9], 0.5),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 0.9),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.1, 1.0, 7),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 9, 1e-3),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.3, 25),
    "OneCycleLR, values for each": lambda m, o: m.OneCycleLR(
        o,
        [0.3, 0.1, 0.7],
        25,
        base_momentum=[0.5, 0.6, 0.7],
        max_momentum=[0.9, 0.8, 0.7],
        three_phase=True,
        pct_start=0.4,
    ),
    "SequentialLR": lambda m, o: m.SequentialLR(
        o, [m.LinearLR(o, 0.1, 1.0, 5), m.StepLR(o, 4), m.CosineAnnealingLR(o, 9)], [5, 11]
    ),
    "SequentialLR of the others": lambda m, o: m.SequentialLR(
        o, [m.ExponentialLR(o, 0.9), m.MultiStepLR(o, [2, 6])], [5]
    ),
}


@pytest.mark.parametrize("kind", sorted(MAKERS))
@pytest.mark.parametrize("name", sorted(GROUPED))
def test_each_group_has_its_own_value_as_in_pytorch(name, kind):
    check_against_torch(GROUPED[name], 25, kind=kind, more_lrs=(0.5, 0.03))


@pytest.mark.parametrize(
    "make",
    [
        lambda o: lr_scheduler.LambdaLR(o, [lambda count: 1.0] * 3),
        lambda o: lr_scheduler.OneCycleLR(o, [0.1, 0.1, 0.1], 10),
        lambda o: lr_scheduler.OneCycleLR(o, 0.1, 10, base_momentum=[0.1, 0.1, 0.1]),
        lambda o: lr_scheduler.OneCycleLR(o, 0.1, 10, max_momentum=[0.1, 0.1, 0.1]),
    ],
)
def test_a_list_needs_a_value_for_each_group(make):
    ours, _ = optimizers(more_lrs=(0.5,))
    with pytest.raises(ValueError, match="has 3 values, and the number of groups is 2"):
        make(ours)


def test_a_group_that_is_added_after_the_schedule_is_told():
    ours, _ = optimizers()
    schedule = lr_scheduler.StepLR(ours, 3)
    ours.add_param_group({"params": [nn.Parameter([1.0])]})
    for use in (
        schedule.step,
        lambda: schedule.go_to(2),
        lambda: schedule.load_state_dict(schedule.state_dict() | {"last_epoch": 2}),
    ):
        with pytest.raises(RuntimeError, match="number of groups was 1, and it is 2 now"):
            use()
    assert schedule.last_epoch == 0


def test_one_cycle_counts_epochs_too():
    check_against_torch(lambda m, o: m.OneCycleLR(o, 0.3, epochs=3, steps_per_epoch=7), 21)


def test_one_cycle_of_a_single_step_is_pytorchs():
    check_against_torch(lambda m, o: m.OneCycleLR(o, 0.3, 1), 0)


def test_one_cycle_whose_top_is_the_first_step_begins_at_the_top():
    ours, _ = optimizers()
    schedule = lr_scheduler.OneCycleLR(ours, 0.3, 10, pct_start=0.1)
    assert schedule.get_last_lr() == [0.3]


@given(rates, st.lists(lengths, min_size=2, max_size=2), st.integers(1, 40))
def test_warm_up_and_then_another_is_pytorchs(lr, milestones, length):
    def make(module, optimizer):
        parts = [
            module.LinearLR(optimizer, 0.1, 1.0, length),
            module.CosineAnnealingLR(optimizer, length, 1e-5),
            module.StepLR(optimizer, 5, 0.5),
        ]
        return module.SequentialLR(optimizer, parts, sorted(milestones))

    check_against_torch(make, 80, lr)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_one_cycle_and_then_another_is_pytorchs(kind):
    def make(module, optimizer):
        parts = [module.OneCycleLR(optimizer, 0.3, 20), module.StepLR(optimizer, 3)]
        return module.SequentialLR(optimizer, parts, [18])

    check_against_torch(make, 40, kind=kind)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_one_cycle_between_others_leaves_its_momentum_as_in_pytorch(kind):
    def make(module, optimizer):
        cycle = module.OneCycleLR(optimizer, 0.3, 10)
        parts = [module.ExponentialLR(optimizer, 0.9), cycle, module.StepLR(optimizer, 4)]
        return module.SequentialLR(optimizer, parts, [3, 9])

    check_against_torch(make, 15, kind=kind)


NEEDED = {
    "StepLR": (3,),
    "MultiStepLR": ([3, 7],),
    "ExponentialLR": (0.9,),
    "LinearLR": (),
    "CosineAnnealingLR": (9,),
    "OneCycleLR": (0.5, 20),
}
"""The arguments that have no default."""


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_defaults_are_those_of_pytorch(name):
    check_against_torch(lambda m, o: getattr(m, name)(o, *NEEDED[name]), 20)


def test_a_training_with_a_cycle_of_momentum_goes_where_pytorch_goes():
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=5), rng.normal(size=(40, 5))
    for kind in MAKERS:
        p, q = nn.Parameter(start), torch.tensor(start, requires_grad=True)
        ours, theirs = MAKERS[kind](optim, [p], 0.1), MAKERS[kind](torch.optim, [q], 0.1)
        mine = lr_scheduler.OneCycleLR(ours, 0.3, 40)
        other = torch.optim.lr_scheduler.OneCycleLR(theirs, 0.3, 40)
        for g in gradients:
            p.grad, q.grad = tg.tensor(g), torch.tensor(g)
            for each in (ours, theirs, mine, other):
                each.step()
        np.testing.assert_allclose(p.data, q.numpy(force=True), rtol=1e-12, atol=1e-13)


# ------------------------------------------------------------------------------ state and resuming

SCHEDULES = {
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda count: 0.9**count),
    "StepLR": lambda o: lr_scheduler.StepLR(o, 2),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [3, 8]),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "LinearLR": lr_scheduler.LinearLR,
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 15),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.3, 20),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.OneCycleLR(o, 0.3, 20), lr_scheduler.OneCycleLR(o, 0.1, 10)], [4]
    ),
    "SequentialLR after a cycle": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.OneCycleLR(o, 0.3, 20), lr_scheduler.LinearLR(o)], [6]
    ),
}


def train(model, optimizer, schedule, steps):
    for step in steps:
        x = np.random.default_rng(step).normal(size=(4, 3)).astype(np.float32)
        optimizer.zero_grad()
        (model(x) ** 2).sum().backward()
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("schedule_first", [False, True])
@pytest.mark.parametrize("kind", sorted(MAKERS))
@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_a_resumed_training_is_the_uninterrupted_one_to_the_bit(
    name, kind, schedule_first, tmp_path
):
    def begin():
        model = nn.Linear(3, 2, rng=0)
        optimizer = MAKERS[kind](optim, model.parameters(), 0.1)
        return model, optimizer, SCHEDULES[name](optimizer)

    whole, first, second = begin(), begin(), begin()
    train(*whole, range(12))
    train(*first, range(7))
    model, optimizer, schedule = first
    checkpoint.save(tmp_path / "file", model, optimizer, schedule=schedule.state_dict())

    model, optimizer, schedule = second
    if schedule_first:
        schedule.load_state_dict(checkpoint.read(tmp_path / "file").words["schedule"])
    words = checkpoint.load(tmp_path / "file", model, optimizer)
    if not schedule_first:
        schedule.load_state_dict(words["schedule"])
    train(*second, range(7, 12))
    for key, value in whole[0].state_dict().items():
        np.testing.assert_array_equal(model.state_dict()[key], value)
    assert schedule.get_last_lr() == whole[2].get_last_lr()
    assert momenta_of(optimizer) == momenta_of(whole[1])


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_a_schedule_made_again_after_the_optimiser_was_loaded_changes_no_bit(kind):
    def begin():
        model = nn.Linear(3, 2, rng=0)
        optimizer = MAKERS[kind](optim, model.parameters(), 0.1)
        return model, optimizer, SCHEDULES["OneCycleLR"](optimizer)

    whole, (model, optimizer, schedule) = begin(), begin()
    train(*whole, range(12))
    train(model, optimizer, schedule, range(7))
    optimizer.load_exact_state(optimizer.exact_state())
    again = SCHEDULES["OneCycleLR"](optimizer)
    again.load_state_dict(schedule.state_dict())
    train(model, optimizer, again, range(7, 12))
    np.testing.assert_array_equal(model.weight.data, whole[0].weight.data)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_a_state_is_what_json_can_hold_and_no_part_of_the_schedule(name):
    schedule = SCHEDULES[name](optimizers()[0])
    state = schedule.state_dict()
    assert json.loads(json.dumps(state)) == state
    state["base_lrs"][0] = 7.0
    assert schedule.base_lrs != [7.0]


@pytest.mark.parametrize("kind", sorted(MAKERS))
@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_a_schedule_goes_to_any_step_forth_and_back(name, kind):
    stepped, direct = (SCHEDULES[name](optimizers(kind)[0]) for _ in range(2))
    expected = []
    for _ in range(12):
        expected.append((stepped.get_last_lr(), momenta_of(stepped.optimizer)))
        stepped.step()
    for count in (5, 11, 0, 3, 6):
        direct.go_to(count)
        assert direct.last_epoch == count
        assert (lrs_of(direct.optimizer), momenta_of(direct.optimizer)) == expected[count]
    direct.go_to(12)
    direct.step()
    stepped.step()
    assert direct.state_dict() == stepped.state_dict()
    assert lrs_of(direct.optimizer) == lrs_of(stepped.optimizer)


@pytest.mark.parametrize("count", [-1, 2.5])
def test_a_schedule_goes_to_whole_counts_only(count):
    schedule = lr_scheduler.StepLR(optimizers()[0], 3)
    with pytest.raises(ValueError, match=f"count must be a whole number, at least 0, not {count}"):
        schedule.go_to(count)
    assert schedule.last_epoch == 0


def test_one_cycle_goes_no_further_than_its_end_and_stays_where_it_was():
    schedule = lr_scheduler.OneCycleLR(optimizers()[0], 0.3, 10)
    schedule.go_to(4)
    before, lr = schedule.state_dict(), schedule.optimizer.lr
    with pytest.raises(ValueError, match="made for 10 steps, and this is step 12"):
        schedule.go_to(12)
    assert schedule.state_dict() == before
    assert schedule.optimizer.lr == lr


def test_a_schedule_begins_where_the_first_of_a_loaded_optimiser_began_as_in_pytorch():
    saved, rates = [], []
    for module, optimizer in zip((optim, torch.optim), optimizers(), strict=True):
        first = module.lr_scheduler.StepLR(optimizer, 1)
        optimizer.step()
        first.step()
        saved.append(optimizer.state_dict())
    for module, optimizer, state in zip(
        (optim, torch.optim), optimizers(lr=7.0), saved, strict=True
    ):
        optimizer.load_state_dict(state)
        assert optimizer.param_groups[0]["initial_lr"] == 0.1
        schedule = module.lr_scheduler.LambdaLR(optimizer, lambda count: 1 / (count + 1), 4)
        rates.append(schedule.get_last_lr())
    assert rates[0] == rates[1] == [0.1 * (1 / 6)]


def test_loading_sets_the_learning_rate_though_the_optimiser_is_new():
    ours, _ = optimizers()
    schedule = lr_scheduler.StepLR(ours, 1)
    schedule.step()
    other = optim.SGD([nn.Parameter([1.0])], lr=5.0)
    lr_scheduler.StepLR(other, 1).load_state_dict(schedule.state_dict())
    assert other.lr == ours.lr


@pytest.mark.parametrize("name", ["LinearLR", "SequentialLR"])
def test_a_state_of_another_schedule_is_refused_and_changes_nothing(name):
    schedule = SCHEDULES[name](optimizers()[0])
    before, lr = schedule.state_dict(), schedule.optimizer.lr
    state = SCHEDULES["StepLR"](optimizers()[0]).state_dict()
    with pytest.raises(ValueError, match="nothing was changed"):
        schedule.load_state_dict(state)
    assert schedule.state_dict() == before
    assert schedule.optimizer.lr == lr


def test_a_state_of_fewer_schedules_is_refused():
    first, second = (
        lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o) for _ in range(n)], [1] * (n - 1))
        for o, n in ((optimizers()[0], 1), (optimizers()[0], 2))
    )
    with pytest.raises(ValueError, match=r"unexpected: .*schedulers\.1\.base_lrs"):
        first.load_state_dict(second.state_dict())


def test_a_state_of_another_number_of_groups_is_refused_and_changes_nothing():
    schedule, other = (
        lr_scheduler.StepLR(optimizers(more_lrs=more)[0], 3) for more in ((), (0.5,))
    )
    before = schedule.state_dict()
    with pytest.raises(ValueError, match=r"base_lrs has shape \(2,\), expected \(1,\)"):
        schedule.load_state_dict(other.state_dict())
    assert schedule.state_dict() == before


@pytest.mark.parametrize("place", [0, 1])
def test_a_state_with_a_part_that_does_not_fit_changes_no_other_part(place):
    def sequence(own):
        ours, _ = optimizers()
        parts = [lr_scheduler.LinearLR(ours, 0.1)]
        parts.insert(place, own(ours))
        return lr_scheduler.SequentialLR(ours, parts, [3])

    schedule = sequence(lambda o: lr_scheduler.StepLR(o, 2))
    other = sequence(lambda o: lr_scheduler.CosineAnnealingLR(o, 9))
    other.step()
    before, lr = schedule.state_dict(), schedule.optimizer.lr
    with pytest.raises(ValueError, match=rf"missing: schedulers\.{place}\.step_size"):
        schedule.load_state_dict(other.state_dict())
    assert schedule.state_dict() == before
    assert schedule.optimizer.lr == lr


def test_a_schedule_can_begin_in_the_middle_as_in_pytorch():
    ours, theirs = optimizers()
    for module, optimizer in ((lr_scheduler, ours), (torch.optim.lr_scheduler, theirs)):
        module.LinearLR(optimizer, 1.0)
        schedule = module.LambdaLR(optimizer, lambda count: 1 / (count + 1), last_epoch=4)
        assert schedule.get_last_lr() == [0.1 * (1 / 6)]


@pytest.mark.parametrize("name", [*sorted(NEEDED), "SequentialLR"])
def test_a_schedule_that_begins_in_the_middle_is_where_one_has_come_by_steps(name):
    def made(optimizer, **options):
        if name == "SequentialLR":
            parts = [lr_scheduler.ExponentialLR(optimizer, 0.5) for _ in range(2)]
            return lr_scheduler.SequentialLR(optimizer, parts, [3], **options)
        return getattr(lr_scheduler, name)(optimizer, *NEEDED[name], **options)

    ours, _ = optimizers()
    stepped = made(ours)
    for _ in range(5):
        stepped.step()
    lrs = lrs_of(ours)
    begun = made(ours, last_epoch=4)
    assert begun.last_epoch == 5
    assert begun.get_last_lr() == lrs_of(ours) == lrs


def test_the_numbers_of_a_schedule_come_from_the_state_that_it_loads():
    def made(milestones, gamma):
        ours, _ = optimizers()
        parts = [lr_scheduler.MultiStepLR(ours, milestones, gamma), lr_scheduler.StepLR(ours, 2)]
        return lr_scheduler.SequentialLR(ours, parts, [6])

    saved, schedule = made([2, 4, 5], 0.5), made([3], 0.1)
    saved.go_to(5)
    schedule.load_state_dict(saved.state_dict())
    assert schedule.state_dict() == saved.state_dict()
    assert lrs_of(schedule.optimizer) == lrs_of(saved.optimizer)


# ------------------------------------------------------------------------------- on a plateau

metrics = st.sampled_from([0.0, 1.0, 1.0 + 1e-5, 1.1, 2.0, -1.0, -2.0, float("inf"), float("nan")])
PLATEAU_OPTIONS = {
    "mode": st.sampled_from(["min", "max"]),
    "factor": shares.filter(lambda share: share < 1),
    "patience": st.integers(0, 3),
    "threshold": st.sampled_from([0.0, 1e-4, 0.2]),
    "threshold_mode": st.sampled_from(["rel", "abs"]),
    "cooldown": st.integers(0, 3),
    "min_lr": st.sampled_from([0.0, 0.01, [0.2, 0.0, 0.02]]),
    "eps": st.sampled_from([1e-8, 0.05]),
}


@given(st.fixed_dictionaries({}, optional=PLATEAU_OPTIONS), st.lists(metrics, max_size=20))
def test_on_a_plateau_the_learning_rates_are_pytorchs(options, values):
    options = {"patience": 1} | options
    ours, theirs = optimizers(more_lrs=(0.5, 0.03))
    mine = lr_scheduler.ReduceLROnPlateau(ours, **options)
    other = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    for value in values:
        mine.step(value)
        other.step(value)
        assert mine.get_last_lr() == lrs_of(ours) == lrs_of(theirs)
        for name in ("best", "num_bad_epochs", "cooldown_counter", "last_epoch"):
            assert getattr(mine, name) == getattr(other, name)


@pytest.mark.parametrize("threshold", [0.0, 0.25])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("mode", ["min", "max"])
def test_what_counts_as_better_is_what_counts_in_pytorch(mode, threshold_mode, threshold):
    ours, theirs = optimizers()
    options = {"mode": mode, "threshold_mode": threshold_mode, "threshold": threshold}
    mine = lr_scheduler.ReduceLROnPlateau(ours, patience=0, **options)
    other = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, patience=0, **options)
    rising = [2.0, 2.0, 2.125, 2.25, 2.375, 2.5, 2.625, 2.75, 3.0, 3.5, 4.5]
    for metric in rising if mode == "max" else [4 - value for value in rising]:
        mine.step(metric)
        other.step(metric)
        assert (mine.best, mine.num_bad_epochs) == (other.best, other.num_bad_epochs)
        assert lrs_of(ours) == lrs_of(theirs)


def test_defaults_on_a_plateau_are_those_of_pytorch():
    ours, theirs = optimizers()
    mine = lr_scheduler.ReduceLROnPlateau(ours)
    other = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs)
    for step in range(40):
        mine.step(1 - 5e-6 * step)
        other.step(1 - 5e-6 * step)
        assert lrs_of(ours) == lrs_of(theirs)
    assert ours.lr < 0.1


def test_a_reduction_by_just_eps_is_not_made():
    ours, _ = optimizers(lr=1.0, more_lrs=(1.25,))
    schedule = lr_scheduler.ReduceLROnPlateau(ours, factor=0.5, patience=0, eps=0.5)
    for _ in range(2):
        schedule.step(1.0)
    assert lrs_of(ours) == [1.0, 0.625]


def test_a_plateau_can_be_told_by_a_tensor():
    schedule = lr_scheduler.ReduceLROnPlateau(optimizers()[0])
    schedule.step(tg.tensor(0.25))
    assert schedule.best == 0.25


def test_a_plateau_reduces_the_rate_that_it_finds():
    ours, _ = optimizers()
    schedule = lr_scheduler.ReduceLROnPlateau(ours, factor=0.5, patience=0)
    schedule.step(1.0)
    ours.lr = 8.0
    schedule.step(1.0)
    assert ours.lr == 4.0
    assert schedule.get_last_lr() == [4.0]


@given(st.fixed_dictionaries({}, optional=PLATEAU_OPTIONS), st.lists(metrics, max_size=12))
def test_a_plateau_goes_on_from_its_state_which_json_can_hold(options, values):
    options = {"patience": 1} | options
    whole, first, second = (
        lr_scheduler.ReduceLROnPlateau(optimizers(more_lrs=(0.5, 0.03))[0], **options)
        for _ in range(3)
    )
    second.optimizer.param_groups[0]["lr"] = 7.0
    for value in values:
        whole.step(value)
    for value in values[:6]:
        first.step(value)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert second.get_last_lr() == first.get_last_lr()
    for value in values[6:]:
        second.step(value)
    assert second.state_dict() == whole.state_dict()


def test_a_state_of_a_plateau_is_a_copy_and_is_copied():
    schedule = lr_scheduler.ReduceLROnPlateau(optimizers()[0])
    state = schedule.state_dict()
    schedule.load_state_dict(state)
    state["min_lrs"][0] = 7.0
    assert schedule.min_lrs == [0.0]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: lr_scheduler.StepLR(optimizers()[0], 3), "missing: mode"),
        (
            lambda: lr_scheduler.ReduceLROnPlateau(optimizers(more_lrs=(0.5,))[0]),
            r"min_lrs has shape \(2,\), expected \(1,\)",
        ),
    ],
)
def test_a_state_that_does_not_fit_a_plateau_is_refused_and_changes_nothing(other, words):
    schedule = lr_scheduler.ReduceLROnPlateau(optimizers()[0])
    before = schedule.state_dict()
    with pytest.raises(ValueError, match=words):
        schedule.load_state_dict(other().state_dict())
    assert schedule.state_dict() == before


def test_a_state_of_a_plateau_with_too_many_learning_rates_is_refused_and_changes_nothing():
    schedule = lr_scheduler.ReduceLROnPlateau(optimizers()[0])
    before = schedule.state_dict()
    with pytest.raises(ValueError, match=r"_last_lr has shape \(2,\), expected \(1,\)"):
        schedule.load_state_dict(before | {"best": 0.5, "_last_lr": [0.2, 0.3]})
    assert schedule.state_dict() == before


def test_a_plateau_tells_of_a_group_that_was_added_later():
    ours, _ = optimizers()
    schedule = lr_scheduler.ReduceLROnPlateau(ours)
    ours.add_param_group({"params": [nn.Parameter([1.0])]})
    for use in (
        lambda: schedule.step(1.0),
        lambda: schedule.load_state_dict(schedule.state_dict()),
    ):
        with pytest.raises(RuntimeError, match="number of groups was 1, and it is 2 now"):
            use()
    assert schedule.last_epoch == 0


def test_a_sequence_has_no_plateau_in_it_as_in_pytorch():
    for module, optimizer in zip((optim, torch.optim), optimizers(), strict=True):
        plateau = module.lr_scheduler.ReduceLROnPlateau(optimizer)
        with pytest.raises((TypeError, ValueError), match="ReduceLROnPlateau"):
            module.lr_scheduler.SequentialLR(optimizer, [plateau], [])


# ----------------------------------------------------------------------------------------- errors


def test_one_cycle_refuses_to_step_beyond_its_end_where_pytorch_does():
    ours, theirs = optimizers()
    for module, optimizer in ((lr_scheduler, ours), (torch.optim.lr_scheduler, theirs)):
        schedule = module.OneCycleLR(optimizer, 0.3, 5)
        for _ in range(5):
            optimizer.step()
            schedule.step()
        with pytest.raises(ValueError, match="5"):
            schedule.step()


def test_a_learning_rate_that_was_changed_meanwhile_is_told():
    ours, _ = optimizers()
    schedule = lr_scheduler.StepLR(ours, 3)
    ours.lr = 7.0
    with pytest.raises(RuntimeError, match=r"set to 0\.1 by StepLR, and is 7 now"):
        schedule.step()


def test_two_schedules_that_are_both_stepped_are_told():
    ours, _ = optimizers()
    schedules = [lr_scheduler.LinearLR(ours), lr_scheduler.StepLR(ours, 3)]
    with pytest.raises(RuntimeError, match="join schedules with SequentialLR"):
        for schedule in schedules:
            schedule.step()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda o: lr_scheduler.StepLR(o, 0), "step_size must be a whole number, at least 1"),
        (lambda o: lr_scheduler.MultiStepLR(o, [3, 2.5]), "a milestone must be a whole number"),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, "least"), 'mode must be "min" or "max"'),
        (
            lambda o: lr_scheduler.ReduceLROnPlateau(o, threshold_mode="share"),
            'threshold_mode must be "rel" or "abs", not \'share\'',
        ),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=1.0), "factor must be at least 0 and"),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=-1), "patience must be a whole"),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, cooldown=0.5), "cooldown must be a whole"),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, min_lr=[0, 0]), "min_lr has 2 values"),
        (lambda o: lr_scheduler.CosineAnnealingLR(o, 2.5), "T_max must be a whole number"),
        (lambda o: lr_scheduler.LinearLR(o, 0.0), "start_factor must be above 0"),
        (lambda o: lr_scheduler.LinearLR(o, 1.5), "start_factor must be above 0 and at most 1"),
        (lambda o: lr_scheduler.LinearLR(o, end_factor=1.5), "end_factor must be between 0 and 1"),
        (lambda o: lr_scheduler.LinearLR(o, total_iters=0), "total_iters must be a whole number"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1), "needs total_steps, or epochs and steps_per"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1, epochs=3), "needs total_steps"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1, steps_per_epoch=3), "needs total_steps"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1, 0), "total_steps must be a whole number"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1, 9, pct_start=1.5), "pct_start must be a share"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1, 9, anneal_strategy="x"), '"cos" or "linear"'),
        (
            lambda o: lr_scheduler.StepLR(o, 1, last_epoch=3),
            r"has had no schedule yet, .*call go_to\(4\)",
        ),
        (
            lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o)], [3]),
            "one milestone fewer than schedules, and got 1 schedules and 1",
        ),
        (lambda o: lr_scheduler.SequentialLR(o, [], []), "one milestone fewer"),
        (
            lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(optimizers()[0])], []),
            "all belong to its own optimiser",
        ),
        (
            lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o)] * 3, [5, 2]),
            r"milestones must ascend, and these are \[5, 2\]",
        ),
    ],
)
def test_what_makes_no_schedule_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make(optimizers()[0])


def test_one_cycle_needs_a_momentum_to_cycle():
    class Plain(optim.Optimizer):
        pass

    plain = Plain([nn.Parameter([1.0])], 0.1)
    with pytest.raises(ValueError, match="Plain has no momentum that could be cycled"):
        lr_scheduler.OneCycleLR(plain, 0.1, 10)
    lr_scheduler.OneCycleLR(plain, 0.1, 10, cycle_momentum=False)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: lr_scheduler.OneCycleLR(o, 0.1, 10, cycle_momentum=False),
        lambda o: lr_scheduler.StepLR(o, 3),
        lr_scheduler.ReduceLROnPlateau,
    ],
)
def test_what_is_not_an_optimiser_is_refused(make):
    with pytest.raises(TypeError, match="a schedule needs an optimiser, and this is"):
        make(nn.Linear(1, 1))


def test_a_schedule_of_a_users_own_needs_lr_at_only():
    class Root(lr_scheduler.LRScheduler):
        def lr_at(self, count, group):
            return self.base_lrs[group] / (count + 1) ** 0.5

    ours, _ = optimizers(lr=1.0)
    schedule = Root(ours)
    for _ in range(3):
        schedule.step()
    assert ours.lr == 0.5
    with pytest.raises(NotImplementedError, match="LRScheduler needs a method lr_at"):
        lr_scheduler.LRScheduler(ours)


def test_a_function_of_a_users_own_schedule_is_not_in_its_state():
    class Own(lr_scheduler.LRScheduler):
        def __init__(self, optimizer, share):
            self.share = share
            super().__init__(optimizer)

        def lr_at(self, count, group):
            return self.base_lrs[group] * self.share(count)

    state = Own(optimizers()[0], lambda count: 1 / (count + 1)).state_dict()
    assert state.keys() == {"base_lrs", "_last_lr", "last_epoch"}


def test_repr_says_where_it_is():
    assert repr(lr_scheduler.StepLR(optimizers()[0], 3)) == "StepLR(step 0, lr=0.1)"
    plateau = lr_scheduler.ReduceLROnPlateau(optimizers()[0])
    assert repr(plateau) == "ReduceLROnPlateau(step 0, best=inf, lr=0.1)"
    grouped, _ = optimizers(more_lrs=(0.5,))
    assert repr(lr_scheduler.StepLR(grouped, 3)) == "StepLR(step 0, lr=0.1, 0.5)"


def test_the_examples_of_docstrings_are_right():
    failed, tried = doctest.testmod(lr_scheduler, extraglobs={"nn": nn, "optim": optim})
    assert tried and not failed
