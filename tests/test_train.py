"""The training loop and the scoring: what is reported is what was measured."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim, train
from tinygrad_mlp.data import ArrayDataset, DataLoader, TensorDataset, load_mnist, random_split
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.program import Compiled
from tinygrad_mlp.train import (
    Diverged,
    Epoch,
    Scores,
    StopTraining,
    Tally,
    evaluate,
    fit,
    predicted_classes,
)


@pytest.fixture(scope="session")
def digits():
    """The first 500 test images of MNIST."""
    return ArrayDataset(*load_mnist(split="test")[:500])


def mlp(rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 10, rng=rng), nn.ReLU(), nn.Linear(10, 10, rng=rng)
    )


class Fixed:
    """Gives each image the scores that are written in it."""

    def __call__(self, images):
        return images


def scored(scores, labels):
    return ArrayDataset(np.asarray(scores, np.float64), np.asarray(labels))


def line(n=40):
    """Points on the line y = 2 x - 1."""
    x = np.linspace(-1, 1, n, dtype=np.float32)[:, None]
    return TensorDataset(x, 2 * x - 1)


def fit_with_losses(losses, epochs, batches, on_epoch=lambda epoch: None):
    """`fit` with a loss that takes these values one after the other."""
    losses = iter(losses)
    model = nn.Linear(2, 3, rng=0)

    def loss_fn(outputs, targets):
        return outputs.sum() * 0 + next(losses)

    return fit(model, batches, optim.SGD(model.parameters()), epochs, loss_fn, on_epoch)


def a_batch(n):
    return np.zeros((n, 2), np.float32), np.zeros(n, int)


# ----------------------------------------------------------------------------------------- fit


def test_fit_lowers_the_loss_and_raises_the_accuracy(digits):
    model = mlp()
    batches = DataLoader(digits, 50, shuffle=True, rng=0)
    history = fit(model, batches, optim.Adam(model.parameters(), 0.01), 5)
    assert history[-1].loss < 0.5 * history[0].loss
    assert history[-1].accuracy > history[0].accuracy > 0.1


def test_history_numbers_the_epochs_and_goes_to_on_epoch_as_they_end(digits):
    model, told = mlp(), []
    batches = DataLoader(digits, 250)
    history = fit(model, batches, optim.SGD(model.parameters()), 3, on_epoch=told.append)
    assert [epoch.epoch for epoch in history] == [1, 2, 3]
    assert told == history
    assert all(epoch.seconds >= 0 for epoch in history)


def raise_after(calls):
    """A callback that stops the training when it is called for this time."""
    left = iter(range(calls - 1))

    def callback(*given):
        if next(left, None) is None:
            raise StopTraining

    return callback


@pytest.mark.parametrize("compile", [False, True])
def test_on_epoch_can_end_a_training_which_is_then_one_of_fewer_epochs(digits, compile):
    states = []
    for epochs, options in ((2, {}), (9, {"on_epoch": raise_after(2)})):
        model = mlp()
        optimizer = optim.SGD(model.parameters(), 0.1)
        history = fit(model, DataLoader(digits, 100), optimizer, epochs, compile=compile, **options)
        assert [epoch.epoch for epoch in history] == [1, 2]
        states.append(model.state_dict())
    for name, array in states[0].items():
        np.testing.assert_array_equal(states[1][name], array)


def test_after_step_can_end_a_training_in_the_middle_of_an_epoch(digits):
    model, seen = mlp(), []
    optimizer = optim.SGD(model.parameters(), 0.1)
    steps = raise_after(7)  # of 5 in an epoch
    history = fit(
        model, DataLoader(digits, 100), optimizer, 9, after_step=steps, on_epoch=seen.append
    )
    assert len(history) == len(seen) == 1


def test_one_epoch_of_fit_is_the_loop_that_everyone_writes(digits):
    one, other = mlp(), mlp()
    fit(one, DataLoader(digits, 60), optim.Adam(one.parameters(), 0.01), 1)
    optimizer = optim.Adam(other.parameters(), 0.01)
    for images, labels in DataLoader(digits, 60):
        loss = F.cross_entropy(other(images), labels)
        other.zero_grad()
        loss.backward()
        optimizer.step()
    for name, value in one.state_dict().items():
        np.testing.assert_array_equal(value, other.state_dict()[name])


def test_fit_takes_a_list_of_tensors_too_and_does_the_same(digits):
    one, other = mlp(), mlp()
    loader = DataLoader(digits, 60)
    found = fit(one, list(loader), optim.SGD(one.parameters(), 0.1), 2)
    expected = fit(other, loader, optim.SGD(other.parameters(), 0.1), 2)
    assert [(e.loss, e.accuracy) for e in found] == [(e.loss, e.accuracy) for e in expected]


def test_fit_and_evaluate_make_no_tensors_of_a_loaders_batches(digits):
    given = []

    class Watching(nn.Module):
        def __init__(self):
            self.inner = mlp()

        def forward(self, x):
            given.append(type(x))
            return self.inner(x)

    def loss_fn(outputs, targets):
        given.append(type(targets))
        return F.cross_entropy(outputs, targets)

    model = Watching()
    fit(model, DataLoader(digits, 250), optim.SGD(model.parameters()), 1, loss_fn)
    evaluate(model, digits, loss_fn)
    assert set(given) == {np.ndarray}


def test_a_dataset_that_gives_tensors_is_scored_as_its_arrays_are(digits):
    class OfTensors:
        def __len__(self):
            return len(digits)

        def __getitem__(self, index):
            return tuple(map(tg.from_numpy, digits[index]))

    found, expected = evaluate(mlp(), OfTensors()), evaluate(mlp(), digits)  # type: ignore[arg-type]
    assert (found.loss, found.accuracy) == (expected.loss, expected.accuracy)
    assert np.array_equal(found.confusion, expected.confusion)


@pytest.mark.parametrize("batch_size", [7, 100, 500, 600])
def test_history_has_means_over_examples_whatever_the_last_batch(digits, batch_size):
    model = mlp()
    [epoch] = fit(model, DataLoader(digits, batch_size), optim.SGD(model.parameters(), lr=0.0), 1)
    scores = evaluate(model, digits)
    np.testing.assert_allclose(epoch.loss, scores.loss, rtol=1e-5)
    assert epoch.accuracy == scores.accuracy


def test_an_epoch_weighs_batches_by_their_examples():
    [epoch] = fit_with_losses([1.0, 4.0], 1, [a_batch(3), a_batch(1)])
    assert epoch.loss == 1.75


@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0, 9)), min_size=1, max_size=6), st.data())
def test_a_tally_is_the_mean_over_all_examples(batches, data):
    tally = Tally(4)
    losses, right = [], []
    for n, loss in batches:
        labels = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
        answers = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
        tally.add(loss, np.eye(3)[answers], labels)
        losses += [loss] * n
        right += list(answers == labels)
    epoch = tally.epoch()
    assert (epoch.epoch, epoch.accuracy) == (4, np.mean(right))
    np.testing.assert_allclose(epoch.loss, np.mean(losses), rtol=1e-12)


def test_fit_goes_on_from_a_history(digits):
    one, other = mlp(), mlp()
    whole = fit(one, DataLoader(digits, 250), optim.SGD(one.parameters()), 3)
    optimizer = optim.SGD(other.parameters())
    first = fit(other, DataLoader(digits, 250), optimizer, 1)
    history = fit(other, DataLoader(digits, 250), optimizer, 3, history=first)
    assert history is first
    assert [(e.epoch, e.loss) for e in history] == [(e.epoch, e.loss) for e in whole]


def test_after_step_is_called_after_each_step(digits):
    model = mlp()
    weight = model[1].weight
    seen = [weight.data.copy()]

    def after_step():
        assert not np.array_equal(weight.data, seen[-1])  # the step is taken already
        seen.append(weight.data.copy())

    fit(model, DataLoader(digits, 100), optim.SGD(model.parameters()), 2, after_step=after_step)
    assert len(seen) == 1 + 2 * 5


def test_fit_puts_the_model_in_training_mode(digits):
    model = mlp().eval()
    fit(model, DataLoader(digits, 250), optim.SGD(model.parameters()), 1)
    assert model.training and all(module.training for module in model)


def test_fit_takes_another_loss(digits):
    def squared(scores, labels):
        return F.mse_loss(scores, F.one_hot(labels, 10))

    model = mlp()
    loader = DataLoader(digits, 50, shuffle=True, rng=0)
    history = fit(model, loader, optim.Adam(model.parameters(), 0.01), 3, squared)
    assert history[-1].loss < history[0].loss < 0.5


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_a_number_is_reported_with_epoch_and_advice(bad):
    words = rf"the loss became {bad} in epoch 2, after 5 examples; a smaller learning rate may help"
    with pytest.raises(Diverged, match=words):
        fit_with_losses([0.5, 0.5, 0.5, bad], 3, [a_batch(5)] * 2)


def test_a_learning_rate_far_too_large_diverges_without_warnings(digits):
    model = mlp()
    with pytest.raises(Diverged):
        fit(model, DataLoader(digits, 50), optim.SGD(model.parameters(), 1e30), 5)


def overflowing(outputs, targets):
    return (outputs * 0 + 1e30).mean() * 1e30


def undefined(outputs, targets):
    return (outputs * 0 + np.inf).mean() - np.inf


@pytest.mark.parametrize(("loss_fn", "loss"), [(overflowing, "inf"), (undefined, "nan")])
def test_a_loss_that_is_too_large_or_undefined_leaks_no_warning(loss_fn, loss):
    model = nn.Linear(2, 3, rng=0)
    with pytest.raises(Diverged, match=f"became {loss}"):
        fit(model, [a_batch(4)], optim.SGD(model.parameters()), 1, loss_fn)
    assert str(evaluate(model, TensorDataset(*a_batch(4)), loss_fn).loss) == loss


@pytest.mark.parametrize("compile", [True, False])
def test_fit_replays_a_program_where_it_is_asked_to(monkeypatch, compile):
    made = []

    def spy(function):
        made.append(function)
        return Compiled(function)

    monkeypatch.setattr(train, "Compiled", spy)
    model = nn.Linear(2, 3, rng=0)
    fit(model, [a_batch(4)], optim.SGD(model.parameters()), 2, compile=compile)
    assert len(made) == compile


def test_the_seconds_of_an_epoch_are_those_that_have_passed(monkeypatch):
    clock = iter([100.0, 107.5])
    monkeypatch.setattr(train, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    [epoch] = fit_with_losses([0.5], 1, [a_batch(1)])
    assert epoch.seconds == 7.5


def test_finished_epochs_are_reported_before_a_divergence():
    told = []
    with pytest.raises(Diverged):
        fit_with_losses([0.5, float("nan")], 2, [a_batch(1)], told.append)
    assert [epoch.epoch for epoch in told] == [1]


def test_batches_that_can_be_iterated_over_only_once_are_refused(digits):
    model = mlp()
    once = iter(DataLoader(digits, 250))
    with pytest.raises(ValueError, match=r"nothing to train on in epoch 2; .* a DataLoader"):
        fit(model, once, optim.SGD(model.parameters()), 2)


# ---------------------------------------------------------------------- classes and regressions


@pytest.mark.parametrize("classes", [2, 3, 12])
def test_any_number_of_classes_is_trained_and_scored(classes):
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 200)
    inputs = np.eye(classes, dtype=np.float32)[labels] + rng.normal(0, 0.1, (200, classes))
    data = ArrayDataset(inputs.astype(np.float32), labels)
    model = nn.Linear(classes, classes, rng=0)
    optimizer = optim.Adam(model.parameters(), 0.1)
    history = fit(model, DataLoader(data, 20), optimizer, 5)
    assert history[-1].accuracy > 0.9
    scores = evaluate(model, data)
    assert scores.confusion.shape == (classes, classes)
    np.testing.assert_array_equal(scores.confusion.sum(1), np.bincount(labels, minlength=classes))
    assert scores.accuracy == np.mean(model(inputs).data.argmax(1) == labels) > 0.9


def test_classes_that_do_not_occur_are_counted_by_the_scores():
    found = evaluate(Fixed(), scored(np.eye(12)[[11, 0]], [11, 0]))
    assert found.confusion.shape == (12, 12)
    assert (found.accuracy, found.confusion.sum()) == (1.0, 2)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_class_that_the_model_does_not_score_is_named(label):
    def loss(scores, labels):
        return 0.0

    with pytest.raises(ValueError, match=f"the class {label}, and the model scores .* 0 to 2"):
        evaluate(Fixed(), scored(np.eye(3)[[0, 1]], [0, label]), loss)


def test_a_regression_is_trained_and_has_no_accuracy():
    data = line()
    model = nn.Linear(1, 1, rng=0)
    optimizer = optim.SGD(model.parameters(), 0.3)
    batches = DataLoader(data, 20, shuffle=True, rng=0)
    history = fit(model, batches, optimizer, 60, F.mse_loss)
    assert {epoch.accuracy for epoch in history} == {None}
    assert history[-1].loss < 1e-6 < history[0].loss
    np.testing.assert_allclose([model.weight.item(), model.bias.item()], [2, -1], atol=1e-3)


def test_a_part_of_the_examples_can_be_trained_on_and_the_rest_scored():
    train, held_out = random_split(line(), [0.8, 0.2], rng=0)
    model = nn.Linear(1, 1, rng=0)
    optimizer = optim.RMSprop(model.parameters(), 0.02)
    fit(model, DataLoader(train, 8), optimizer, 40, F.mse_loss)
    scores = evaluate(model, held_out, F.mse_loss, batch_size=3)
    inputs, targets = held_out[:]
    np.testing.assert_allclose(
        scores.loss, np.mean((model(inputs).data - targets) ** 2), rtol=1e-5, atol=1e-9
    )
    assert scores.loss < 0.01


def test_a_schedule_that_looks_at_the_loss_is_told_at_the_end_of_each_epoch():
    model = nn.Linear(1, 1, rng=0)
    optimizer = optim.SGD(model.parameters(), 0.0)  # so that nothing ever gets better
    optimizer.lr = 1e-30
    schedule = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, eps=0.0)
    fit(
        model,
        DataLoader(line(), 20),
        optimizer,
        3,
        F.mse_loss,
        on_epoch=lambda epoch: schedule.step(epoch.loss),
    )
    assert schedule.last_epoch == 3
    assert optimizer.lr == pytest.approx(1e-31)


@pytest.mark.parametrize("batch_size", [7, 40])
def test_scores_of_a_regression_are_its_loss_alone(batch_size):
    data = line()
    model = nn.Linear(1, 1, rng=0)
    scores = evaluate(model, data, F.mse_loss, batch_size)
    assert (scores.accuracy, scores.confusion) == (None, None)
    inputs, targets = data.arrays
    expected = np.mean((model(inputs).data - targets) ** 2)
    np.testing.assert_allclose(scores.loss, expected, rtol=1e-5)
    for ask in ("most_predicted", "most_predicted_share"):
        with pytest.raises(ValueError, match="a regression, which has no classes"):
            getattr(scores, ask)


@pytest.mark.parametrize(
    "targets",
    [np.zeros(4), np.zeros((4, 3)), np.zeros((4, 3), int), np.zeros(4, bool)],
    ids=["floats", "rows of floats", "rows of integers", "booleans"],
)
def test_only_one_integer_for_each_example_is_a_class(targets):
    data = TensorDataset(np.zeros((4, 3)), targets)
    assert evaluate(Fixed(), data, lambda outputs, targets: 1.5).accuracy is None


def test_targets_may_be_a_list():
    assert predicted_classes(np.eye(3), [2, 1, 0]).tolist() == [0, 1, 2]
    assert predicted_classes(np.eye(3), [2.0, 1.0, 0.0]) is None


def test_answers_are_counted_in_integers(digits):
    assert evaluate(mlp(), digits).confusion.dtype == np.int64


def test_integers_are_no_classes_where_there_is_one_output_for_each():
    data = TensorDataset(np.zeros(4), np.zeros(4, int))
    scores = evaluate(Fixed(), data, lambda outputs, targets: 1.5)
    assert (scores.accuracy, scores.loss) == (None, 1.5)


# ------------------------------------------------------------------------------------ evaluate


def test_evaluate_is_the_direct_computation(digits):
    model = mlp()
    found = evaluate(model, digits, batch_size=64)
    scores = model(digits.images).data.astype(np.float64)
    shifted = scores - scores.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    rows = np.arange(len(digits))
    np.testing.assert_allclose(found.loss, -log_p[rows, digits.labels].mean(), rtol=1e-5)
    assert found.accuracy == np.mean(scores.argmax(1) == digits.labels)


@pytest.mark.parametrize("batch_size", [1, 3, 499, 500, 10_000])
def test_the_batch_size_of_evaluate_does_not_matter(digits, batch_size):
    few = ArrayDataset(*digits[:100])
    model = mlp()
    one, other = evaluate(model, few), evaluate(model, few, batch_size=batch_size)
    np.testing.assert_array_equal(one.confusion, other.confusion)
    np.testing.assert_allclose(one.loss, other.loss, rtol=1e-5)


def test_evaluate_records_nothing(digits):
    seen = []

    class Spy(nn.Module):
        def __init__(self):
            self.inner = mlp()

        def forward(self, x):
            seen.append(self.inner(x))
            return seen[-1]

    model = Spy()
    evaluate(model, digits)
    assert seen and not any(scores.requires_grad for scores in seen)
    assert all(p.grad is None for p in model.parameters())
    assert tg.is_grad_enabled()


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_uses_eval_mode_and_gives_the_former_one_back(digits, training):
    modes = []

    class Spy(nn.Module):
        def forward(self, x):
            modes.append(self.training)
            return np.zeros((len(x), 10))

    model = nn.Sequential(Spy()).train(training)
    evaluate(model, digits)
    assert set(modes) == {False}
    assert model.training == model[0].training == training


def partly_frozen():
    """A model in training mode, but for one BatchNorm that stays as it is."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10, rng=0), nn.BatchNorm1d(10))
    inner = nn.Sequential(model, nn.Dropout(0.5, rng=0), nn.BatchNorm1d(10))
    model[2].eval()
    return inner


def modes_of(model):
    return [
        model.training,
        *(mode for _, child in model.named_children() for mode in modes_of(child)),
    ]


def test_evaluate_leaves_a_frozen_layer_frozen(digits):
    model = partly_frozen()
    before = modes_of(model)
    assert set(before) == {True, False}
    evaluate(model, digits)
    assert modes_of(model) == before


def test_evaluate_gives_the_modes_back_after_an_error_too(digits):
    def fail(outputs, targets):
        raise ArithmeticError

    model = partly_frozen()
    before = modes_of(model)
    with pytest.raises(ArithmeticError):
        evaluate(model, digits, fail)
    assert modes_of(model) == before


def test_evaluate_changes_no_weight(digits):
    model = mlp()
    before = model.state_dict()
    evaluate(model, digits)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_confusion_has_true_classes_in_rows_and_answers_in_columns():
    scores = np.eye(10)[[1, 1, 2, 7]]
    found = evaluate(Fixed(), scored(scores, [1, 3, 2, 7]))
    expected = np.zeros((10, 10), int)
    expected[1, 1] = expected[3, 1] = expected[2, 2] = expected[7, 7] = 1
    np.testing.assert_array_equal(found.confusion, expected)
    assert found.accuracy == 0.75


def test_confusion_counts_every_example_of_every_class(digits):
    confusion = evaluate(mlp(), digits).confusion
    np.testing.assert_array_equal(confusion.sum(1), np.bincount(digits.labels, minlength=10))


def test_the_most_predicted_class_and_its_share():
    found = evaluate(Fixed(), scored(np.eye(10)[[4, 4, 4, 1]], [0, 1, 2, 3]))
    assert (found.most_predicted, found.most_predicted_share) == (4, 0.75)


def test_evaluate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="nothing to evaluate"):
        evaluate(Fixed(), scored(np.zeros((0, 10)), np.zeros(0, int)))


def test_records_cannot_be_changed_by_accident():
    with pytest.raises(AttributeError):
        Epoch(1, 0.5, 0.5, 1.0).loss = 0
    with pytest.raises(AttributeError):
        Scores(0.5, 0.5, np.eye(10)).loss = 0
