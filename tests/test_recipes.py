"""The recipes have the published settings, and the same seed gives the same bits."""

import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tinygrad_mlp import optim
from tinygrad_mlp.data import ArrayDataset, AugmentedDataset, DataLoader, load_mnist, transforms
from tinygrad_mlp.experiment import recipes, training
from tinygrad_mlp.experiment.basic import BasicMLP, mse_gradient, published_mse_gradient
from tinygrad_mlp.experiment.recipes import (
    AFFINE,
    BEYOND,
    RECIPES,
    BasicRecipe,
    Recipe,
    count_weights,
)
from tinygrad_mlp.experiment.training import first_weights, run
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.train import Diverged

FLIPS, NOISE = transforms.RandomHorizontalFlip(0.7), transforms.GaussianNoise(0.0, 0.2)


@pytest.fixture(scope="session")
def digits():
    """300 images to train on and 200 to test on."""
    data = load_mnist(split="test")
    return ArrayDataset(*data[:300]), ArrayDataset(*data[300:500])


def small(name):
    """A recipe that runs in a moment."""
    hidden = (6, 5) if name.startswith("basic") else (6,)
    held_out = {"held_out": 50} if getattr(RECIPES[name], "held_out", 0) else {}
    return replace(RECIPES[name], epochs=2, hidden=hidden, train_images=120, **held_out)


# ----------------------------------------------------------------------------------- the table


@pytest.mark.parametrize("name", RECIPES)
def test_a_thread_prepares_batches_where_there_are_copies_to_make(name, digits):
    batches = training.make_batches(RECIPES[name], digits[0], 0, 0)
    assert batches.num_workers == bool(RECIPES[name].augment)


def test_there_are_the_published_recipes_and_three_beyond():
    assert list(RECIPES) == [
        "basic",
        "basic-sign-fixed",
        "basic-fixed",
        "small",
        "improved",
        "improved-plain",
        "improved-noise",
        "improved-flips",
        *BEYOND,
    ]
    assert all(recipe.name == name for name, recipe in RECIPES.items())
    assert len({recipe.title for recipe in RECIPES.values()}) == 11


def test_basic_is_as_published():
    r = RECIPES["basic"]
    assert (r.hidden, r.init, r.climbs) == ((200,) * 7, "normal", True)
    assert (r.lr, r.batch_size, r.shuffle) == (10, 1, False)
    assert (r.epochs, r.train_images) == (10, 1000)
    # All ten predictions are 2, and one of the first ten test images is a 2.
    assert (r.published, r.published_images) == (0.1, 10)
    assert np.count_nonzero(load_mnist(split="test").labels[:10] == 2) == 1


def test_basic_sign_fixed_changes_the_sign_alone():
    basic, sign = RECIPES["basic"], RECIPES["basic-sign-fixed"]
    kept = {"name": sign.name, "title": sign.title, "published": None, "published_images": 10_000}
    assert replace(basic, climbs=False, **kept) == sign


def test_basic_fixed_is_the_network_with_all_faults_fixed():
    r = RECIPES["basic-fixed"]
    assert (r.hidden, r.init, r.climbs) == ((200,), "xavier", False)
    assert (r.lr, r.batch_size, r.shuffle, r.epochs) == (3, 50, True, 5)
    assert r.train_images is None


def test_small_is_as_published():
    r = RECIPES["small"]
    assert (r.hidden, r.lr, r.batch_size, r.epochs, r.augment) == ((10,), 0.01, 50, 10, ())
    assert (r.published, r.published_images, r.train_images) == (0.9054, 10_000, None)
    assert count_weights(r) == 7_960


def test_improved_is_as_published():
    r = RECIPES["improved"]
    assert (r.hidden, r.lr, r.batch_size, r.epochs) == ((100,), 0.01, 50, 30)
    assert r.augment == (FLIPS, NOISE)  # the flip first, then the noise
    assert (r.published, r.published_images, r.train_images) == (0.9495, 10_000, None)
    assert count_weights(r) == 79_510


@pytest.mark.parametrize(
    ("name", "augment"),
    [("improved-plain", ()), ("improved-noise", (NOISE,)), ("improved-flips", (FLIPS,))],
)
def test_the_other_improved_recipes_change_the_augmentation_alone(name, augment):
    own = RECIPES[name]
    kept = {"name": own.name, "title": own.title, "published": None}
    assert replace(RECIPES["improved"], augment=augment, **kept) == own


def test_an_epoch_of_improved_has_2400_batches_of_originals_and_copies():
    r = RECIPES["improved"]
    data = ArrayDataset(np.zeros((60_000, 1), np.float32), np.zeros(60_000, int))
    both = AugmentedDataset(data, transforms.Compose(r.augment))
    assert (len(both), len(DataLoader(both, r.batch_size))) == (120_000, 2_400)


@pytest.mark.parametrize("name", RECIPES)
def test_counted_weights_are_those_of_the_network(name):
    model = RECIPES[name].build(0)
    if isinstance(model, BasicMLP):
        learned = list(model.state_dict().values())
    else:
        learned = [parameter.data for parameter in model.parameters()]
    assert count_weights(RECIPES[name]) == sum(array.size for array in learned)


def test_the_networks_are_the_ones_described():
    assert isinstance(RECIPES["basic"].build(0), BasicMLP)
    assert RECIPES["basic"].build(0).loss_gradient is published_mse_gradient
    assert RECIPES["basic-sign-fixed"].build(0).loss_gradient is mse_gradient
    layers = [type(layer).__name__ for layer in RECIPES["improved"].build(0)]
    assert layers == ["Flatten", "Linear", "ReLU", "Linear"]


def test_recipes_are_changed_by_replace_only():
    with pytest.raises(FrozenInstanceError):
        RECIPES["small"].lr = 1.0
    assert replace(RECIPES["small"], lr=1.0).lr == 1.0
    assert RECIPES["small"].lr == 0.01


@pytest.mark.parametrize("name", ["basic", "improved"])
def test_first_weights_has_a_row_of_pixels_for_each_hidden_unit(name):
    model = small(name).build(0)
    weights = first_weights(model)
    assert weights.shape == (6, 784)
    image = np.zeros((1, 28, 28))
    image[0, 3, 4] = 1
    first = model.dense[0] if name == "basic" else model[1]
    bias = first.bias if name == "basic" else first.bias.data
    x = first.forward(image.reshape(1, 784).astype(np.float32))
    values = x if name == "basic" else x.data
    np.testing.assert_allclose(values[0] - bias, weights[:, 3 * 28 + 4], rtol=1e-5, atol=1e-6)


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
    assert not np.array_equal(first_weights(one.model), first_weights(other.model))


def test_augmentation_is_used(digits):
    plain, flips = (run(small(name), *digits) for name in ("improved-plain", "improved-flips"))
    assert not np.array_equal(first_weights(plain.model), first_weights(flips.model))


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


def test_the_first_training_images_are_the_ones_used(digits):
    train, test = digits
    recipe = replace(small("improved-plain"), train_images=100)
    cut = run(replace(recipe, train_images=None), ArrayDataset(*train[:100]), test)
    whole = run(recipe, train, test)
    np.testing.assert_array_equal(first_weights(cut.model), first_weights(whole.model))


def test_published_sign_climbs_the_loss_and_the_mended_one_goes_down(digits):
    mended = BasicRecipe("x", "x", None, hidden=(10,), init="xavier", lr=0.5, epochs=2, climbs=True)
    climbing = run(mended, *digits)
    falling = run(replace(mended, climbs=False), *digits)
    assert climbing.history[1].loss > climbing.history[0].loss
    assert falling.history[1].loss < falling.history[0].loss


def test_a_small_network_learns(digits):
    recipe = Recipe("x", "x", hidden=(20,), epochs=12)
    found = run(recipe, *digits)
    assert found.train.accuracy > 0.95
    assert found.test.accuracy > 0.6


def test_a_divergence_names_recipe_and_seed(digits):
    with pytest.raises(Diverged, match="small, seed 2: the loss"):
        run(replace(small("small"), lr=1e30), *digits, seed=2)


def test_a_divergence_in_the_last_step_is_told_too(digits):
    recipe = replace(small("small"), lr=1e36, epochs=1, batch_size=120)
    with pytest.raises(Diverged, match="small, seed 0: the loss on the test set is"):
        run(recipe, *digits)


# --------------------------------------------------------------------- past the published recipes


def test_affine_changes_the_augmentation_of_improved_alone():
    kept = {"name": "affine", "title": RECIPES["affine"].title, "published": None}
    assert replace(RECIPES["improved"], augment=(AFFINE,), **kept) == RECIPES["affine"]


def test_what_is_held_out_is_not_trained_on():
    data = load_mnist()
    train, held_out = training.divide(RECIPES["simard"], data)
    assert len(train) == 50_000
    assert np.array_equal(held_out.images, load_mnist(split="validation").images)
    assert np.array_equal(np.concatenate([train.labels, held_out.labels]), data.labels)


def test_nothing_is_held_out_of_the_published_recipes(digits):
    train, held_out = training.divide(RECIPES["improved"], digits[0])
    assert (train, held_out) == (digits[0], None)


def test_too_few_images_to_hold_out_are_refused(digits):
    with pytest.raises(ValueError, match="simard holds 10,000 training images out"):
        training.divide(RECIPES["simard"], digits[0])


def little(name, **changes):
    return replace(RECIPES[name], epochs=3, hidden=(6,), train_images=120, held_out=50, **changes)


def test_the_held_out_images_are_scored(digits):
    train, test = digits
    done = run(little("best"), train, test)
    assert done.validation.confusion.sum() == 50
    assert done.train.confusion.sum() == 120


def test_the_learning_rate_goes_through_one_cycle(digits, monkeypatch):
    rates = []
    update = optim.AdamW.update

    def watched(self, *arguments):
        rates.append(self.lr)
        update(self, *arguments)

    monkeypatch.setattr(optim.AdamW, "update", watched)
    recipe = little("best", batch_size=20)
    run(recipe, *digits)
    steps = np.array(rates).reshape(-1, 6)  # weights and biases of three layers
    assert len(steps) == 18 and (steps == steps[:, :1]).all()
    assert steps[0, 0] == pytest.approx(recipe.lr / 25)
    assert steps.max() == pytest.approx(recipe.lr, rel=0.05)
    assert steps[-1, 0] == pytest.approx(recipe.lr / 25e4)


def test_smoothed_labels_are_what_is_trained_on(digits):
    plain, smooth = (run(little("best", label_smoothing=s), *digits) for s in (0.0, 0.3))
    assert smooth.history[0].loss != plain.history[0].loss
    # Scoring is without: the loss of what is known for certain.
    expected = F.cross_entropy(smooth.model(digits[1].images), digits[1].labels)
    assert smooth.test.loss == pytest.approx(expected.item(), rel=1e-5)


def test_an_interrupted_cycle_goes_on_to_the_bit(digits, tmp_path):
    recipe = little("best")
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


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_survive_being_written_as_json(name):
    words = json.loads(json.dumps(recipes.as_words(RECIPES[name])))
    assert recipes.from_words(words) == RECIPES[name]
