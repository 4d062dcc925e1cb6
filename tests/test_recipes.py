"""The recipes have the published settings, know themselves, and survive being written down."""

import json
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mlp import nn, optim
from tinygrad_mlp.data import ArrayDataset, AugmentedDataset, DataLoader, load_mnist, transforms
from tinygrad_mlp.experiment.basic import BasicMLP, mse_gradient, published_mse_gradient
from tinygrad_mlp.experiment.recipes import AFFINE, BEYOND, ELASTIC, RECIPES, Recipe, from_dict

FLIPS, NOISE = transforms.RandomHorizontalFlip(0.7), transforms.GaussianNoise(0.0, 0.2)

# ----------------------------------------------------------------------------------- the table


def test_there_are_the_published_recipes_their_controls_and_three_beyond():
    assert list(RECIPES) == [
        "basic",
        "basic-sign-fixed",
        "basic-fixed",
        "small",
        "improved",
        "improved-plain",
        "improved-noise",
        "improved-flips",
        "plain-10-epochs",
        "noise-15-epochs",
        *BEYOND,
    ]
    assert all(recipe.name == name for name, recipe in RECIPES.items())
    assert len({recipe.title for recipe in RECIPES.values()}) == len(RECIPES)


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
    assert r.count_weights() == 7_960


def test_improved_is_as_published():
    r = RECIPES["improved"]
    assert (r.hidden, r.lr, r.batch_size, r.epochs) == ((100,), 0.01, 50, 30)
    assert r.augment == (FLIPS, NOISE)  # the flip first, then the noise
    assert (r.published, r.published_images, r.train_images) == (0.9495, 10_000, None)
    assert r.count_weights() == 79_510


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
    assert RECIPES[name].count_weights() == sum(array.size for array in learned)


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


def test_affine_changes_the_augmentation_of_improved_alone():
    kept = {"name": "affine", "title": RECIPES["affine"].title, "published": None}
    assert replace(RECIPES["improved"], augment=(AFFINE,), **kept) == RECIPES["affine"]


# --------------------------------------------------------------------------------- what it knows


def test_every_recipe_has_what_a_recipe_can_have():
    for setting in fields(Recipe):
        assert all(hasattr(recipe, setting.name) for recipe in RECIPES.values()), setting.name


def test_what_a_basic_recipe_cannot_change_is_neutral():
    basic, plain = RECIPES["basic"], Recipe("plain", "nothing added")
    constant = {f.name for f in fields(Recipe)} - {f.name for f in fields(basic)}
    assert constant == {
        "augment_classes",
        "augment",
        "originals",
        "batch_norm",
        "weight_decay",
        "one_cycle",
        "label_smoothing",
        "held_out",
        "validated",
    }
    for name in constant:
        assert getattr(basic, name) == getattr(plain, name)
        with pytest.raises(TypeError, match=name):
            replace(basic, **{name: getattr(plain, name)})


@pytest.mark.parametrize("name", ["basic", "improved"])
def test_first_weights_has_a_row_of_pixels_for_each_hidden_unit(name):
    recipe = replace(RECIPES[name], hidden=(6, 5))
    model = recipe.build(0)
    weights = recipe.first_weights(model)
    assert weights.shape == (6, 784)
    image = np.zeros((1, 28, 28))
    image[0, 3, 4] = 1
    first = model.dense[0] if name == "basic" else model[1]
    bias = first.bias if name == "basic" else first.bias.data
    x = first.forward(image.reshape(1, 784).astype(np.float32))
    values = x if name == "basic" else x.data
    np.testing.assert_allclose(values[0] - bias, weights[:, 3 * 28 + 4], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", RECIPES)
def test_the_optimiser_is_the_one_of_the_recipe(name):
    recipe = replace(RECIPES[name], hidden=(3,))
    model = recipe.build(0)
    optimizer = recipe.make_optimizer(model)
    if name.startswith("basic"):
        assert optimizer is None  # it takes its own steps
        return
    assert type(optimizer) is (optim.AdamW if name in ("simard", "best") else optim.Adam)
    assert optimizer.lr == recipe.lr


@pytest.mark.parametrize("done", [0, 1, 3])
def test_a_schedule_can_begin_after_some_epochs(done):
    recipe = replace(RECIPES["best"], epochs=4)
    stepped, begun = (optim.Adam(nn.Linear(1, 1).parameters(), recipe.lr) for _ in range(2))
    one = recipe.make_schedule(stepped, batches=5)
    for _ in range(done * 5):
        one.step()
    other = recipe.make_schedule(begun, batches=5, done=done)
    for _ in range(5):
        assert stepped.lr == begun.lr
        one.step()
        other.step()


def test_there_is_no_schedule_without_a_cycle():
    recipe = RECIPES["improved"]
    optimizer = optim.Adam(nn.Linear(1, 1).parameters(), recipe.lr)
    assert recipe.make_schedule(optimizer, batches=5) is None
    assert optimizer.lr == recipe.lr


# ------------------------------------------------------------------------- written and read again


def written(recipe):
    """What is left of a recipe after it was written as JSON."""
    return json.loads(json.dumps(recipe.to_dict()))


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_survive_being_written_as_json(name):
    assert from_dict(written(RECIPES[name])) == RECIPES[name]


CHANGES = {
    "title": st.text(max_size=20).filter(str.isprintable),
    "published": st.none() | st.floats(0, 1),
    "hidden": st.lists(st.integers(1, 2000), max_size=4).map(tuple),
    "lr": st.floats(1e-6, 100),
    "batch_size": st.integers(1, 1000),
    "epochs": st.integers(1, 1000),
    "train_images": st.none() | st.integers(1, 60_000),
}
BASIC_CHANGES = {
    "init": st.sampled_from(["normal", "xavier"]),
    "climbs": st.booleans(),
    "shuffle": st.booleans(),
}
OTHER_CHANGES = {
    "augment": st.lists(st.sampled_from([FLIPS, NOISE, AFFINE, ELASTIC]), max_size=3).map(tuple),
    "originals": st.booleans(),
    "batch_norm": st.booleans(),
    "weight_decay": st.floats(0, 1),
    "one_cycle": st.booleans(),
    "label_smoothing": st.floats(0, 1),
    "held_out": st.integers(0, 10_000),
    "validated": st.none() | st.floats(0, 1),
}


@given(st.sampled_from(list(RECIPES.values())), st.data())
def test_changed_recipes_survive_being_written_as_json(recipe, data):
    own = BASIC_CHANGES if recipe.name.startswith("basic") else OTHER_CHANGES
    recipe = replace(recipe, **data.draw(st.fixed_dictionaries({}, optional=CHANGES | own)))
    assert from_dict(written(recipe)) == recipe
    assert written(from_dict(written(recipe))) == written(recipe)


def test_a_recipe_that_is_not_in_the_table_is_read_as_it_is():
    own = replace(RECIPES["basic-fixed"], name="mine", title="my own", lr=0.5)
    assert from_dict(written(own)) == own


def test_settings_that_came_later_may_be_missing():
    old = {"kind": "Recipe", "name": "improved-plain", "title": "improved, no augmentation"}
    assert from_dict(old) == RECIPES["improved-plain"]


def described(**changes):
    return {"kind": "Recipe", "name": "x", "title": "x"} | changes


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("small", "a recipe is described by names and values, not by 'small'"),
        (None, "a recipe is described by names and values"),
        ({"name": "x", "title": "x"}, "there is no recipe of the kind None; there are BasicRecipe"),
        (described(kind="Module"), "there is no recipe of the kind 'Module'"),
        (described(kind=["Recipe"]), "there is no recipe of the kind"),
        ({"kind": "Recipe"}, "Recipe: name is missing"),
        (described(dropout=0.5), "dropout"),
        (described(kind="BasicRecipe", held_out=5), "held_out"),
        (described(hidden=5), "Recipe: hidden is 5, expected 0 to 1000 values, each a whole"),
        (described(title=["x"]), r"title is \['x'\], expected a text"),
        (described(augment=[5]), "augment is .5., expected 0 to 20 values, each a transf"),
        (described(augment=[{"p": 0.5}]), "no transform of the kind None"),
        (
            described(augment=[{"kind": "Compose"}]),
            "no transform of the kind 'Compose'; there are RandomHorizontalFlip, GaussianNoise",
        ),
        (
            described(augment=[{"kind": "GaussianNoise", "p": 1}]),
            "GaussianNoise: 'p' is unknown; there are",
        ),
        (described(augment=[{"kind": "GaussianNoise", "std": -1}]), "std"),
    ],
)
def test_what_does_not_describe_a_recipe_is_refused(words, complaint):
    with pytest.raises(ValueError, match=complaint):
        from_dict(words)


@pytest.mark.parametrize("transform", [FLIPS, NOISE, AFFINE, ELASTIC])
def test_every_transform_can_be_written_and_read(transform):
    recipe = Recipe("x", "x", augment=(transform,))
    assert from_dict(written(recipe)) == recipe
