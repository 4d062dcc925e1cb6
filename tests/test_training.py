"""Running a recipe: the same seed gives the same bits, and a saved training goes on to the bit."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_mlp import checkpoint, nn, optim
from tinygrad_mlp.data import ArrayDataset, load_mnist
from tinygrad_mlp.data.transforms import RandomHorizontalFlip
from tinygrad_mlp.experiment import training
from tinygrad_mlp.experiment.recipes import RECIPES, BasicRecipe, Recipe
from tinygrad_mlp.experiment.training import run
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.train import Diverged, Epoch, evaluate


@pytest.fixture(scope="session")
def digits():
    """300 images to train on and 200 to test on."""
    data = load_mnist(split="test")
    return ArrayDataset(*data[:300]), ArrayDataset(*data[300:500])


def small(name, **changes):
    """A recipe that runs in a moment."""
    hidden = (6, 5) if name.startswith("basic") else (6,)
    held_out = {"held_out": 50} if RECIPES[name].held_out else {}
    return replace(
        RECIPES[name], **{"epochs": 2, "hidden": hidden, "train_images": 120} | held_out | changes
    )


def first_weights(done):
    """The weights of the first layer of a run."""
    return done.recipe.first_weights(done.model)


# ---------------------------------------------------------------------------------- the batches


@pytest.mark.parametrize("name", RECIPES)
def test_a_thread_prepares_batches_where_there_are_copies_to_make(name, digits):
    batches = training.make_batches(RECIPES[name], digits[0], 0, 0)
    assert batches.num_workers == bool(RECIPES[name].augment)


@pytest.mark.parametrize(("name", "images"), [("small", 300), ("improved", 600), ("best", 300)])
def test_an_epoch_has_the_originals_and_copies_or_the_copies_alone(name, images, digits):
    batches = training.make_batches(RECIPES[name], digits[0], 0, 0)
    assert sum(len(labels) for _, labels in batches) == images


@pytest.mark.parametrize("name", ["basic", "small"])
def test_batches_are_in_order_or_shuffled_as_the_recipe_says(name, digits):
    recipe = replace(RECIPES[name], batch_size=300)
    [(_, labels)] = training.make_batches(recipe, digits[0], 0)
    assert np.array_equal(labels, digits[0].labels) == (not recipe.shuffle)


def test_the_order_and_the_copies_are_drawn_from_a_generator_each(digits):
    recipe = replace(RECIPES["best"], batch_size=60)

    def two_epochs(order, copies):
        order_rng, copies_rng = np.random.default_rng(order), np.random.default_rng(copies)
        batches = training.make_batches(recipe, digits[0], order_rng, copies_rng)
        images, labels = zip(*[batch for _ in range(2) for batch in batches.arrays()], strict=True)
        return np.concatenate(images), np.concatenate(labels)

    images, labels = two_epochs(0, 1)
    other_images, same_labels = two_epochs(0, 2)
    np.testing.assert_array_equal(labels, same_labels)
    assert not np.array_equal(images, other_images)
    assert not np.array_equal(labels, two_epochs(1, 1)[1])


# ----------------------------------------------------------------------------------------- run


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_seed_gives_the_same_bits(digits, name):
    one, other = (run(small(name), *digits, seed=3) for _ in range(2))
    for key, value in one.model.state_dict().items():
        assert value.tobytes() == other.model.state_dict()[key].tobytes()
    assert [(e.loss, e.accuracy) for e in one.history] == [
        (e.loss, e.accuracy) for e in other.history
    ]
    assert (one.test.loss, one.train.loss) == (other.test.loss, other.train.loss)


@pytest.mark.parametrize("name", RECIPES)
def test_another_seed_gives_another_run(digits, name):
    one, other = (run(small(name), *digits, seed=seed) for seed in (0, 1))
    assert one.history[-1].loss != other.history[-1].loss
    assert not np.array_equal(first_weights(one), first_weights(other))


def test_augmentation_is_used(digits):
    plain, flips = (run(small(name), *digits) for name in ("improved-plain", "improved-flips"))
    assert not np.array_equal(first_weights(plain), first_weights(flips))


@pytest.mark.parametrize("name", ["basic", "improved"])
def test_a_run_says_what_was_run_and_how_it_went(digits, name):
    told = []
    recipe = small(name)
    found = run(recipe, *digits, seed=5, on_epoch=told.append)
    assert (found.recipe, found.seed) == (recipe, 5)
    assert [epoch.epoch for epoch in found.history] == [1, 2]
    assert told == found.history
    assert found.test.confusion.sum() == 200
    assert found.train.confusion.sum() == 120  # the images trained on, without copies
    assert found.seconds > 0


def test_the_seconds_of_a_run_are_those_between_its_beginning_and_its_end(digits, monkeypatch):
    clock = SimpleNamespace(perf_counter=iter([10.0, 12.5]).__next__)
    monkeypatch.setattr(training, "time", clock)
    assert run(small("small"), *digits).seconds == 2.5


@pytest.mark.parametrize("name", ["basic-fixed", "improved-plain"])
def test_a_run_is_scored_with_the_loss_of_its_recipe(digits, name):
    recipe = small(name)
    done = run(recipe, *digits)
    train, _ = training.divide(recipe, digits[0])
    for found, data in ((done.test, digits[1]), (done.train, train)):
        assert found.loss == evaluate(done.model, data, recipe.loss_fn).loss


def test_the_held_out_images_are_scored_with_the_loss_of_the_recipe_too(digits):
    class Doubled(Recipe):
        loss_fn = staticmethod(lambda scores, labels: 2 * F.cross_entropy(scores, labels))

    recipe = Doubled("doubled", "doubled", hidden=(3,), epochs=1, held_out=50)
    done = run(recipe, *digits)
    held_out = training.divide(recipe, digits[0])[1]
    assert np.isclose(done.validation.loss, 2 * evaluate(done.model, held_out).loss)


def test_the_first_training_images_are_the_ones_used(digits):
    train, test = digits
    recipe = replace(small("improved-plain"), train_images=100)
    cut = run(replace(recipe, train_images=None), ArrayDataset(*train[:100]), test)
    whole = run(recipe, train, test)
    np.testing.assert_array_equal(first_weights(cut), first_weights(whole))


def test_the_published_sign_climbs_the_loss_and_the_fixed_one_goes_down(digits):
    recipe = BasicRecipe("x", "x", hidden=(10,), init="xavier", lr=0.5, epochs=2, climbs=True)
    climbing = run(recipe, *digits)
    falling = run(replace(recipe, climbs=False), *digits)
    assert climbing.history[1].loss > climbing.history[0].loss
    assert falling.history[1].loss < falling.history[0].loss


def test_a_model_is_in_use_once_it_is_finished(digits):
    assert not run(small("best"), *digits).model.training


def test_a_small_network_learns(digits):
    recipe = Recipe("x", "x", hidden=(20,), epochs=12)
    found = run(recipe, *digits)
    assert found.train.accuracy > 0.95
    assert found.test.accuracy > 0.6


# ------------------------------------------------------------------------------------ faster


def test_a_loop_is_compiled_where_the_training_is_long_enough_to_gain(monkeypatch):
    monkeypatch.setattr(training.fused, "available", lambda: True)
    fused = {name for name, recipe in RECIPES.items() if training.choose_speedups(recipe).fused}
    assert fused == RECIPES.keys() - {"basic", "basic-sign-fixed", "basic-fixed", "small"}


@pytest.mark.parametrize(("more", "gains"), [(0, True), (1, False)])
def test_a_loop_gains_from_a_certain_number_of_steps_on(monkeypatch, more, gains):
    monkeypatch.setattr(training.fused, "available", lambda: True)
    recipe = RECIPES["small"]
    monkeypatch.setattr(training, "WORTH_A_LOOP", recipe.weights_stepped() + more)
    assert training.choose_speedups(recipe).fused is gains


def test_what_an_optimiser_steps_is_replayed_unless_that_is_not_allowed():
    assert training.choose_speedups(RECIPES["small"]).replayed
    assert not training.choose_speedups(RECIPES["small"], allowed=False).replayed
    assert not training.choose_speedups(RECIPES["basic"]).replayed
    assert not training.choose_speedups(RECIPES["basic"], allowed=False).replayed


@pytest.mark.parametrize("compiled", [True, False])
def test_a_training_is_replayed_where_its_speedups_say_so(digits, monkeypatch, compiled):
    asked = []
    fit = Recipe.fit

    def watched(recipe, *given):
        asked.append(given[-1])
        return fit(recipe, *given)

    monkeypatch.setattr(Recipe, "fit", watched)
    begun = training.begin(small("small"), compiled=compiled)
    training.finish(begun, *digits)
    assert begun.replayed is compiled
    assert asked == [compiled]


def test_a_loaded_training_chooses_its_speedups_anew(tmp_path):
    training.save(tmp_path / "half", training.begin(small("small")))
    assert training.load(tmp_path / "half").replayed
    assert not training.load(tmp_path / "half", compiled=False).replayed


@pytest.mark.parametrize("begins", [training.begin, training.run])
def test_speedups_are_used_unless_they_are_refused(digits, begins):
    data = digits if begins is training.run else ()
    asked = []

    def choose(recipe, allowed=True):
        asked.append(allowed)
        return training.Speedups()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "choose_speedups", choose)
        recipe = small("improved-plain", epochs=1)
        begins(recipe, *data)
        begins(recipe, *data, compiled=False)
    assert asked == [True, False]


def test_speedups_say_what_they_are():
    said = [str(training.Speedups(*on)) for on in [(0, 0), (1, 0), (0, 1), (1, 1)]]
    assert said == [
        "step by step, in NumPy",
        "by replaying its program, in NumPy",
        "step by step, with the update as one loop by Numba",
        "by replaying its program, with the update as one loop by Numba",
    ]


def test_nothing_is_compiled_without_numba_or_where_it_is_not_allowed(monkeypatch):
    monkeypatch.setattr(training.fused, "available", lambda: False)
    assert not training.choose_speedups(RECIPES["best"]).fused
    monkeypatch.setattr(training.fused, "available", lambda: True)
    assert not training.choose_speedups(RECIPES["best"], allowed=False).fused


@pytest.mark.parametrize("name", ["improved", "best"])
def test_a_fused_run_gives_the_bits_of_one_that_is_not(digits, name, monkeypatch):
    pytest.importorskip("numba", reason="Numba (the extra fast) is not installed")
    monkeypatch.setattr(training, "WORTH_A_LOOP", 1)
    assert training.begin(small(name)).optimizer.fused
    assert not training.begin(small(name), compiled=False).optimizer.fused
    one, other = (run(small(name), *digits, compiled=compiled) for compiled in (True, False))
    for key, value in one.model.state_dict().items():
        assert value.tobytes() == other.model.state_dict()[key].tobytes()
    assert [epoch.loss for epoch in one.history] == [epoch.loss for epoch in other.history]


def test_a_divergence_names_recipe_and_seed(digits):
    with pytest.raises(Diverged, match="small, seed 2: the loss became"):
        run(replace(small("small"), lr=1e30), *digits, seed=2)


def test_a_divergence_in_the_last_step_is_reported_too(digits):
    recipe = replace(small("small"), lr=1e36, epochs=1, batch_size=120)
    with pytest.raises(Diverged, match="small, seed 0: the loss on the test set is"):
        run(recipe, *digits)


# ------------------------------------------------------------------------- held out, and cycles


def test_what_is_held_out_is_not_trained_on():
    data = load_mnist()
    train, held_out = training.divide(RECIPES["simard"], data)
    assert len(train) == 50_000
    assert np.array_equal(held_out.images, load_mnist(split="validation").images)
    assert np.array_equal(np.concatenate([train.labels, held_out.labels]), data.labels)


def test_nothing_is_held_out_of_the_published_recipes(digits):
    train, held_out = training.divide(RECIPES["improved"], digits[0])
    assert (train, held_out) == (digits[0], None)


@pytest.mark.parametrize("more", [0, 1])
def test_too_few_images_to_hold_out_are_refused(digits, more):
    with pytest.raises(ValueError, match=f"improved holds {300 + more} training images out"):
        training.divide(replace(RECIPES["improved"], held_out=300 + more), digits[0])


def test_all_but_one_image_may_be_held_out(digits):
    train, held_out = training.divide(replace(RECIPES["improved"], held_out=299), digits[0])
    assert (len(train), len(held_out)) == (1, 299)


def little_best(**changes):
    return small("best", **{"epochs": 3, "held_out": 50} | changes)


def test_the_held_out_images_are_scored(digits):
    train, test = digits
    done = run(little_best(), train, test)
    assert done.validation.confusion.sum() == 50
    assert done.train.confusion.sum() == 120


def test_the_learning_rate_goes_through_one_cycle(digits, monkeypatch):
    rates = []
    step = optim.AdamW.step

    def watched(self):
        rates.append(self.lr)
        step(self)

    monkeypatch.setattr(optim.AdamW, "step", watched)
    recipe = little_best(batch_size=20)
    run(recipe, *digits)
    assert len(rates) == 3 * 6  # 3 epochs of 120 images
    assert rates[0] == pytest.approx(recipe.lr / 25)
    assert max(rates) == pytest.approx(recipe.lr, rel=0.05)
    assert rates[-1] == pytest.approx(recipe.lr / 25e4)


def test_smoothed_labels_are_what_is_trained_on(digits):
    plain, smooth = (run(little_best(label_smoothing=s), *digits) for s in (0.0, 0.3))
    assert smooth.history[0].loss != plain.history[0].loss
    # They are scored without smoothing.
    expected = F.cross_entropy(smooth.model(digits[1].images), digits[1].labels)
    assert smooth.test.loss == pytest.approx(expected.item(), rel=1e-5)


# -------------------------------------------------------------------------- saving and resuming


@pytest.mark.parametrize(
    "recipe",
    [small("basic-fixed", epochs=3), small("improved", epochs=3), little_best()],
    ids=lambda recipe: recipe.name,
)
def test_an_interrupted_training_goes_on_to_the_bit(digits, tmp_path, recipe):
    whole = run(recipe, *digits)
    half = training.begin(recipe)

    def interrupt(epoch):
        training.save(tmp_path / "half", half)
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.finish(half, *digits, interrupt)
    rest = training.finish(training.load(tmp_path / "half"), *digits)
    assert [e.loss for e in rest.history] == [e.loss for e in whole.history]
    for name, array in whole.model.state_dict().items():
        assert array.tobytes() == rest.model.state_dict()[name].tobytes()


@pytest.fixture
def half(tmp_path):
    """A training that was saved after an epoch, as a file of arrays and words."""

    def write(name="basic-fixed", **changes):
        begun = training.begin(small(name))
        begun.history.append(Epoch(1, 0.5, 0.25, 1.0))
        training.save(tmp_path / "half", begun)
        words = checkpoint.read(tmp_path / "half").words | changes
        words = {key: value for key, value in words.items() if value is not None}
        checkpoint.save(tmp_path / "half", begun.model, begun.optimizer, **words)
        return tmp_path / "half"

    return write


def test_a_training_of_a_recipe_that_is_not_in_the_table_is_read(tmp_path):
    own = replace(small("basic-fixed"), name="mine", title="my own")
    begun = training.begin(own)
    training.save(tmp_path / "model", begun)
    assert training.load(tmp_path / "model").recipe == own
    training.export(begun, tmp_path / "weights")
    recipe, model = training.load_model(tmp_path / "weights")
    assert recipe == own
    halved = begun.model.dense[0].weight.astype(np.float16)
    np.testing.assert_array_equal(model.dense[0].weight, halved)


def test_an_export_halves_floats_and_keeps_integers(tmp_path):
    begun = training.begin(small("best"), seed=5)
    begun.model[2].num_batches_tracked.data[...] = 70_001  # which float16 does not have
    begun.model[1].weight.data[...] = 1 / 3
    training.export(begun, tmp_path / "weights")
    assert checkpoint.read(tmp_path / "weights").words["seed"] == 5
    found = checkpoint.read(tmp_path / "weights").weights
    assert found["2.num_batches_tracked"].dtype == np.int64
    assert found["2.num_batches_tracked"] == 70_001
    assert found["1.weight"].dtype == np.float16
    np.testing.assert_array_equal(found["1.weight"], np.float16(1 / 3))


def test_a_loaded_model_is_in_use_and_not_trained(half):
    _, model = training.load_model(half("best"))
    assert not model.training and all(not layer.training for layer in model)


@pytest.mark.parametrize("key", ["recipe", "seed", "order", "copies", "history"])
def test_a_file_that_does_not_say_how_it_was_trained_is_refused(half, key):
    with pytest.raises(ValueError, match=r"half does not say how it was trained; `train` writes"):
        training.load(half(**{key: None}))


def test_weights_of_no_recipe_are_refused(tmp_path):
    checkpoint.save(tmp_path / "model", nn.Linear(2, 2))
    with pytest.raises(ValueError, match="does not say which recipe its weights belong to"):
        training.load_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"recipe": {"kind": "Convolutional"}}, "no recipe of the kind 'Convolutional'"),
        ({"recipe": small("basic").to_dict() | {"hidden": [9]}}, "needs 7,165 numbers"),
        ({"recipe": small("basic").to_dict() | {"hidden": [5]}}, "does not fit BasicMLP"),
        ({"recipe": small("basic").to_dict() | {"momentum": 0.9}}, "momentum"),
        ({"order": {"bit_generator": "MT19937"}}, ""),
        ({"copies": 5}, ""),
        ({"history": [{"epoch": 1}]}, "loss"),
        ({"history": 5}, ""),
    ],
)
def test_a_training_that_cannot_be_read_is_reported_with_the_file_and_why(half, changes, why):
    with pytest.raises(ValueError, match=rf"half holds a training that cannot be read.*{why}") as e:
        training.load(half(**changes))
    assert "was it written by another version of this package?" in str(e.value)


@pytest.mark.parametrize("described", [5, {"kind": "Recipe"}, small("small").to_dict()])
def test_weights_that_do_not_fit_their_recipe_are_reported(half, described):
    with pytest.raises(ValueError, match="half holds a training that cannot be read here"):
        training.load_model(half(recipe=described))


def test_a_history_without_an_accuracy_goes_round(tmp_path):
    begun = training.begin(small("small"))
    begun.history.append(Epoch(1, 0.5, None, 1.0))
    training.save(tmp_path / "half", begun)
    assert training.load(tmp_path / "half").history == begun.history


@pytest.mark.parametrize("held_out", [-1, -5, -300])
def test_fewer_than_no_images_cannot_be_held_out(held_out, digits):
    with pytest.raises(ValueError, match=f"holds {held_out} images out; give 0 or a number"):
        training.divide(replace(RECIPES["improved"], held_out=held_out), digits[0])


@pytest.mark.parametrize(("batch_size", "images"), [(7, 22), (7, 1), (1, 22), (21, 22)])
def test_a_last_batch_of_one_is_told_before_a_training_with_batch_norm(batch_size, images, digits):
    recipe = replace(
        RECIPES["best"], hidden=(3,), batch_size=batch_size, train_images=images, epochs=1
    )
    begun = training.begin(recipe)
    before = begun.model.state_dict()
    with pytest.raises(ValueError, match="the last one would be alone; take another batch size"):
        training.finish(begun, *digits)
    for name, array in begun.model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(("batch_size", "images"), [(7, 21), (7, 23), (30, 22), (2, 22)])
def test_other_last_batches_are_trained_on(batch_size, images, digits):
    recipe = replace(
        RECIPES["best"], hidden=(3,), batch_size=batch_size, train_images=images, epochs=1
    )
    assert len(training.finish(training.begin(recipe), *digits).history) == 1


def test_without_batch_norm_a_last_batch_may_be_of_one(digits):
    recipe = replace(RECIPES["small"], batch_size=7, train_images=22, epochs=1)
    assert len(training.finish(training.begin(recipe), *digits).history) == 1


def test_copies_prepared_ahead_or_not_give_the_same_bits(digits):
    recipe = replace(RECIPES["improved"], epochs=2, hidden=(4,), train_images=100)
    ahead, not_ahead = (run(recipe, *digits, seed=3, ahead=ahead) for ahead in (True, False))
    assert ahead.test.loss == not_ahead.test.loss
    assert [e.loss for e in ahead.history] == [e.loss for e in not_ahead.history]


@pytest.mark.parametrize("ahead", [True, False])
def test_copies_are_prepared_ahead_unless_that_is_refused(digits, monkeypatch, ahead):
    made, make = [], training.make_batches
    monkeypatch.setattr(
        training, "make_batches", lambda *given: made.append(make(*given)) or made[-1]
    )
    recipe = small("improved", epochs=1)
    refused = {} if ahead else {"ahead": False}
    run(recipe, *digits, **refused)
    training.finish(training.begin(recipe), *digits, **refused)
    assert [batches.num_workers for batches in made] == [int(ahead)] * 2


def test_dead_units_are_those_that_are_0_for_every_test_image(digits):
    recipe = replace(RECIPES["small"], epochs=1, hidden=(6,), train_images=50)
    one = run(recipe, *digits)
    first = one.model[1]
    first.weight.data[:2], first.bias.data[:2] = 0, -1.0
    first.weight.data[2:], first.bias.data[2:] = 0, 1.0
    assert recipe.count_dead(one.model, digits[1].images) == 2


def test_a_network_of_sigmoids_has_no_count_of_dead_units(digits):
    recipe = replace(RECIPES["basic"], epochs=1, hidden=(6,), train_images=50)
    assert run(recipe, *digits).dead_units is None
    assert run(replace(RECIPES["small"], epochs=1, train_images=50), *digits).dead_units >= 0


def test_only_copies_of_the_classes_that_a_recipe_names_are_changed():
    images = np.zeros((20, 28, 28), np.float32)
    images[:, :, :3] = 1.0
    data = ArrayDataset(images, np.arange(20) % 10)
    flips = RandomHorizontalFlip(1.0)
    recipe = Recipe("some", "some", augment=(flips,), augment_classes=(2, 5), originals=False)
    [(copies, labels)] = training.make_batches(recipe, data, 0, 1)
    is_flipped = copies[:, 0, 27] == 1.0
    assert is_flipped.tolist() == np.isin(labels, (2, 5)).tolist() and is_flipped.sum() == 4
