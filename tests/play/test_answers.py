"""What the four networks say of a drawing, why, and how little changes their minds."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tinygrad_mlp import interop
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment.play import renew
from tinygrad_mlp.experiment.play.answers import (
    CHANGES,
    LIT,
    SHOWN,
    STEP,
    WEIGHTS,
    ask,
    fool,
    see,
    why,
)
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.recognise import predict
from tinygrad_mlp.experiment.training import load_model
from tinygrad_mlp.train import evaluate

from .drawings import digits, drawn

PAGE = (Path(renew.__file__).parent / "page.js").read_text("utf-8")


@pytest.fixture(scope="module")
def images():
    return digits(20)[0]


def per_network(test):
    return pytest.mark.parametrize("name", SHOWN)(test)


# ------------------------------------------------------------------------------------- answers


@pytest.mark.parametrize("name", ["small", "improved", "best"])
def test_a_drawing_is_prepared_and_answered_as_predict_does(networks, images, tmp_path, name):
    _, model = load_model(WEIGHTS / f"{name}.safetensors")
    for image in images[:6]:
        page = drawn(image)
        seen = see(page.astype(np.float32) / 255)
        here, there = ask(networks[name], seen.image), predict(page, model)
        assert np.array_equal(there.image, seen.image)
        assert there.digit == here.digit and (there.doubt == "") == here.sure
        assert np.array_equal(there.probabilities, here.shares)
        # A file is read in colours, whose sum rounds otherwise in the last bit.
        Image.fromarray(page).save(tmp_path / "page.png")
        there = predict(tmp_path / "page.png", model)
        np.testing.assert_allclose(there.image, seen.image, atol=1e-5)
        np.testing.assert_allclose(there.probabilities, here.shares, atol=1e-4)


def test_the_hand_written_network_answers_as_its_own_code_does(networks, images):
    _, by_hand = load_model(WEIGHTS / "basic.safetensors")
    theirs = by_hand(images)
    for outputs, image in zip(theirs, images, strict=True):
        found = ask(networks["basic"], image)
        assert not found.sure
        np.testing.assert_allclose(found.shares, outputs, atol=1e-5)
        assert outputs[found.digit] == outputs.max()


def test_digits_drawn_as_strokes_are_read(networks):
    images, labels = digits(25)
    seen = [see(drawn(image).astype(np.float32) / 255) for image in images]
    assert all(one.count == 1 for one in seen)
    right = [ask(networks["best"], s.image).digit == n for s, n in zip(seen, labels, strict=True)]
    assert np.mean(right) >= 0.9


def test_two_digits_side_by_side_are_counted(images):
    page = np.concatenate([drawn(image)[:, 20:100] for image in images[:2]], axis=1)
    assert see(page.astype(np.float32) / 255).count == 2


def test_hidden_units_are_those_of_the_first_relu_and_the_brightest_is_1(networks, images):
    for name in SHOWN:
        hidden = ask(networks[name], images[0]).hidden
        assert hidden.shape == ({"small": 10, "improved": 100}.get(name, 0),)
        if name in LIT:
            _, linear = networks[name].model[0], networks[name].model[1]
            expected = np.maximum(linear.weight.data @ images[0].ravel() + linear.bias.data, 0)
            np.testing.assert_allclose(hidden, expected / expected.max(), atol=1e-5)


# ------------------------------------------------------------------------------------- changes


def test_changes_are_the_packages_own_and_seeded(images):
    page = drawn(images[0]).astype(np.float32) / 255
    plain = see(page).image
    assert np.array_equal(see(page, ["flip"], 5).image, plain[:, ::-1])
    for number, name in enumerate(CHANGES):
        (expected,) = CHANGES[name](plain[None], np.random.default_rng([3, number]))
        assert np.array_equal(see(page, [name], 3).image, expected)
        assert (name == "flip") == np.array_equal(see(page, [name], 4).image, expected)


def test_one_change_does_not_disturb_the_numbers_of_another(images):
    page = drawn(images[0]).astype(np.float32) / 255
    noise = see(page, ["noise"]).image - see(page).image
    both = see(page, ["noise", "affine"]).image - see(page, ["affine"]).image
    np.testing.assert_allclose(both, noise, atol=1e-6)


# ---------------------------------------------------------------------------------- gradients


@per_network
def test_why_is_pytorchs_gradient_of_the_answers_score(networks, images, name):
    theirs = interop.to_torch(networks[name].model).eval()
    for image in images[:3]:
        pixels = torch.tensor(image[None], requires_grad=True)
        scores = theirs(pixels)[0]
        scores.max().backward()
        found = why(networks[name], image)
        expected = pixels.grad[0].numpy()
        np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["small", "improved"])
def test_fooling_changes_the_answer_in_short_steps(networks, images, name):
    for image in images:
        found = fool(networks[name], image)
        assert found.before == ask(networks[name], image).digit
        if found.flat:
            continue
        assert found.after == ask(networks[name], found.image).digit != found.before
        assert found.image.min() >= 0 and found.image.max() <= 1
        assert np.linalg.norm(found.image - image) <= found.steps * STEP * 1.001


def test_the_best_network_can_be_fooled_too(networks, images):
    found = fool(networks["best"], images[3])
    assert found.after == ask(networks["best"], found.image).digit != found.before


def test_a_picture_with_noise_stays_within_the_pixels_it_has(networks, images):
    image = CHANGES["noise"](images[:1], 0)[0]
    changed = fool(networks["improved"], image).image
    assert changed.min() >= min(image.min(), 0) and changed.max() <= max(image.max(), 1)
    assert (changed >= np.minimum(image, 0)).all() and (changed <= np.maximum(image, 1)).all()


def test_where_the_gradient_is_zero_there_is_no_fooling(networks, images):
    silent = load_model(WEIGHTS / "small.safetensors")[1]
    for parameter in silent.parameters():
        parameter.requires_grad = False
        parameter.data[...] = -1
    network = type(networks["small"])("small", silent)
    found = fool(network, images[0])
    assert found.flat and found.before == found.after and found.steps == 0
    assert np.array_equal(found.image, images[0])


def test_threads_do_not_disturb_each_other(networks, images):
    def everything(image):
        told = [ask(networks[name], image).shares for name in SHOWN]
        reasons = [why(networks[name], image) for name in SHOWN]
        return [*told, *reasons, fool(networks["small"], image).image]

    alone = [everything(image) for image in images[:8]]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(everything, images[:8]))
    for expected, found in zip(alone, together, strict=True):
        assert all(map(np.array_equal, expected, found))


# ------------------------------------------------------------------------------------- weights


@per_network
def test_the_weights_belong_to_the_recipe_as_it_is_now_and_are_finite(networks, name):
    recipe, _ = load_model(WEIGHTS / f"{name}.safetensors")
    again = f"python -m tinygrad_mlp.experiment.play.renew {name}"
    assert recipe == RECIPES[name], f"its recipe has changed: run  {again}"
    for parameter in networks[name].model.parameters():
        assert parameter.data.dtype == np.float32 and np.isfinite(parameter.data).all()
        assert not parameter.requires_grad


def test_the_weights_are_small():
    size = sum(path.stat().st_size for path in WEIGHTS.glob("*.safetensors"))
    assert size - (WEIGHTS / "best.safetensors").stat().st_size < 1.1e6


@pytest.mark.parametrize("name", renew.SMALL)
def test_the_page_says_how_often_each_network_is_right(networks, name):
    images, labels = digits(10_000)
    answers = networks[name].model(images).data.argmax(axis=1)
    promised = re.search(rf"{name}: .*; ([\d.]+)\\u00a0% right", PAGE)[1]
    assert float(promised) == round(100 * np.mean(answers == labels))
    if name == "basic":  # as the page says: "always"
        assert set(answers.tolist()) == {9}


def test_renewing_trains_and_exports_as_anyone_would(monkeypatch, tmp_path):
    commands = []
    monkeypatch.setattr(renew.cli, "main", lambda command: commands.append(command) or 0)
    assert renew.renew(("small", "best"), tmp_path) == 0
    trained = commands[0][-1]
    exported = str(tmp_path / "small.safetensors")
    assert commands[0] == ["train", "--recipe", "small", "--out", trained]
    assert commands[1] == ["export", trained, "--out", exported, "--force"]
    assert [command[0] for command in commands] == ["train", "export"] * 2


def test_renewing_stops_where_a_command_fails_and_knows_its_names(monkeypatch, tmp_path, capsys):
    commands = []
    monkeypatch.setattr(renew.cli, "main", lambda command: commands.append(command) or 130)
    assert renew.renew(folder=tmp_path) == 130 and len(commands) == 1
    monkeypatch.setattr("sys.argv", ["renew", "worst"])
    assert renew.main() == 2
    assert "no 'worst'; choose from basic, small, improved, best" in capsys.readouterr().err


@pytest.mark.slow
def test_the_documented_command_makes_the_weights_again(tmp_path):
    assert renew.renew(folder=tmp_path) == 0
    for name in renew.SMALL:
        recipe, model = load_model(tmp_path / f"{name}.safetensors")
        _, shipped = load_model(WEIGHTS / f"{name}.safetensors")
        new, old = (
            evaluate(m, load_mnist(split="test"), recipe.loss_fn).accuracy for m in (model, shipped)
        )
        assert recipe == RECIPES[name] and abs(new - old) < 0.01
