"""A picture of yours: it is prepared as MNIST was, and anything else gets a clear message."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import tinygrad_mlp as tg
from tinygrad_mlp import checkpoint, nn
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment import plot
from tinygrad_mlp.experiment.cli import main
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.recognise import BEST, BOX, MIDDLE, predict, prepare, read_picture
from tinygrad_mlp.experiment.training import load_model
from tinygrad_mlp.train import evaluate


@pytest.fixture(scope="session")
def digits():
    """The first 100 test images, each with its brightest pixel at 1."""
    images = load_mnist(split="test").images[:100]
    return images / images.max(axis=(1, 2), keepdims=True)


class Corner(nn.Module):
    """A made-up model: it is certain of a 3 if there is ink in the upper half, else of a 7."""

    def forward(self, x):
        scores = np.zeros((len(x), 10), np.float32)
        upper = x[:, :14].sum((1, 2)) > x[:, 14:].sum((1, 2))
        scores[np.arange(len(x)), np.where(upper, 3, 7)] = 20
        return tg.tensor(scores)


def enlarged(image, side, margin):
    """A digit as someone might draw it: bigger, on a wider page."""
    big = Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST)
    return np.pad(np.clip(np.asarray(big), 0, 1), margin)


def saved(tmp_path, image, name="digit.png"):
    image.save(tmp_path / name)
    return tmp_path / name


# Preparing.


def test_mnist_has_the_measures_that_are_used():
    images = load_mnist(split="test").images
    places = np.arange(28)
    for axis in (1, 2):
        mass = images.sum(axis)
        centres = (mass * places).sum(1) / mass.sum(1)
        assert abs(centres - MIDDLE).max() <= 0.51
    rows, columns = (images.max(axis) > 0 for axis in (2, 1))
    sides = [
        [np.ptp(np.flatnonzero(line)) + 1 for line in lines]
        for lines in (rows[:500], columns[:500])
    ]
    assert set(np.max(sides, axis=0)) == {BOX}


def test_a_digit_of_mnist_stays_what_it_is(digits):
    for image in digits:
        prepared = prepare(image)
        shifts = [
            np.abs(np.roll(prepared, (down, right), (0, 1)) - image).max()
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
        ]
        # A centre of mass between two pixels may be rounded either way.
        assert min(shifts) < 0.03


@pytest.mark.parametrize("side", [84, 280, 700])
@pytest.mark.parametrize("dark", [False, True])
def test_size_place_and_colour_do_not_matter(digits, side, dark):
    for image in digits[:10]:
        page = np.pad(enlarged(image, side, 30), ((0, 50), (90, 0)))
        prepared = prepare(1 - page if dark else page)
        assert np.abs(prepared - image).mean() < 0.05
        assert np.corrcoef(prepared.ravel(), image.ravel())[0, 1] > 0.9


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 60), st.booleans())
def test_any_ink_ends_in_the_box_with_its_centre_in_the_middle(seed, h, w, dark):
    rng = np.random.default_rng(seed)
    page = np.zeros((h + 20, w + 20))
    page[10:-10, 10:-10] = rng.uniform(0.3, 1, (h, w)) * (rng.random((h, w)) < 0.5)
    page[10, 10] = page[-11, -11] = 1
    image = prepare(1 - page if dark else page)
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert image.min() >= 0 and image.max() == 1
    rows, columns = np.flatnonzero(image.max(1)), np.flatnonzero(image.max(0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 <= BOX
    for mass in (image.sum(1), image.sum(0)):
        assert abs((mass * np.arange(28)).sum() / mass.sum() - MIDDLE) <= 4.01


def test_proportions_are_kept():
    page = np.zeros((300, 300))
    page[50:250, 100:150] = 1  # 200 by 50
    image = prepare(page)
    rows, columns = np.flatnonzero(image.max(1) > 0.5), np.flatnonzero(image.max(0) > 0.5)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 5)


def test_the_grain_of_the_paper_is_not_ink(digits):
    rng = np.random.default_rng(0)
    page = 0.8 - 0.7 * enlarged(digits[0], 200, 60)
    noisy = np.clip(page + rng.normal(0, 0.02, page.shape), 0, 1)
    assert np.abs(prepare(noisy) - prepare(page)).mean() < 0.04


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_an_empty_page_is_refused(grey):
    with pytest.raises(ValueError, match="nothing is drawn"):
        prepare(np.full((40, 30), grey))


def test_a_page_of_faint_grain_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="nothing is drawn"):
        prepare(rng.normal(0.5, 0.02, (100, 100)).clip(0, 1))


# Reading.


def test_a_picture_is_read_as_its_brightness(tmp_path):
    coloured = Image.new("RGB", (3, 2), (255, 0, 0))
    greys = read_picture(saved(tmp_path, coloured))
    np.testing.assert_allclose(greys, np.full((2, 3), 0.299), atol=1e-6)


@pytest.mark.parametrize("ink, around", [((0, 0, 0), 1.0), ((255, 255, 255), 0.0)])
def test_transparent_paper_is_seen_behind_ink_of_either_colour(tmp_path, ink, around):
    picture = Image.new("RGBA", (30, 30), (*ink, 0))
    picture.paste((*ink, 255), (10, 5, 15, 25))
    greys = read_picture(saved(tmp_path, picture))
    assert greys[0, 0] == around and greys[10, 12] == pytest.approx(1 - around, abs=1e-6)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_kind_of_png_is_read(tmp_path, digits, mode):
    grey = Image.fromarray((255 * digits[3]).astype(np.uint8))
    if mode == "I;16":
        picture = Image.fromarray((65535 * digits[3]).astype(np.uint16))
    else:
        picture = grey.convert(mode)
    image = prepare(read_picture(saved(tmp_path, picture)))
    assert np.corrcoef(image.ravel(), digits[3].ravel())[0, 1] > 0.85


def test_a_photograph_is_turned_as_the_camera_says(tmp_path):
    picture = Image.new("L", (40, 20), 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    picture.save(tmp_path / "photo.jpg", exif=exif)
    assert read_picture(tmp_path / "photo.jpg").shape == (40, 20)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_not_a_picture_is_refused(tmp_path, content):
    (tmp_path / "digit.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"digit.png: this cannot be read as a picture"):
        read_picture(tmp_path / "digit.png")


def test_half_a_picture_is_refused(tmp_path):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (50, 50), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, format="PNG")
    (tmp_path / "digit.png").write_bytes(buffer.getvalue()[:1000])
    with pytest.raises(ValueError, match="cannot be read as a picture"):
        read_picture(tmp_path / "digit.png")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere\\.png: no such file"):
        read_picture(tmp_path / "nowhere.png")


# Answering.


def test_the_answer_is_the_most_probable_class(tmp_path):
    page = Image.new("L", (100, 100), 255)
    page.paste(0, (30, 10, 70, 30))  # a bar
    page.paste(0, (45, 30, 50, 90))  # and its stem: most of it hangs below the middle
    found = predict(saved(tmp_path, page), Corner())
    assert found.digit in (3, 7) and found.probabilities[found.digit] > 0.99
    assert found.probabilities.shape == (10,)
    assert found.probabilities.sum() == pytest.approx(1)
    assert np.array_equal(found.image, prepare(read_picture(tmp_path / "digit.png")))


def test_the_users_model_is_left_in_the_modes_that_it_had(digits):
    seen = []

    class Spy(Corner):
        def forward(self, x):
            seen.append((self.training, self.frozen.training))
            return super().forward(x)

    model = Spy()
    model.frozen = nn.BatchNorm1d(1).eval()
    predict(digits[0], model)
    assert seen == [(False, False)]
    assert (model.training, model.frozen.training) == (True, False)


def test_arrays_of_bytes_and_of_floats_give_the_same(digits):
    bytes_ = (255 * digits[0]).astype(np.uint8)
    one, other = predict(bytes_, Corner()), predict(bytes_ / 255.0, Corner())
    np.testing.assert_allclose(one.image, other.image, atol=1e-6)


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 2, 3)), np.zeros((0, 5)), np.full((5, 5), 3.0), np.full((5, 5), 3)]
)
def test_other_arrays_are_refused(bad):
    with pytest.raises(ValueError, match=r"greys|a picture is an array"):
        predict(bad, Corner())


def test_the_package_predicts_without_being_asked_to_import_anything():
    assert tg.predict is predict
    with pytest.raises(AttributeError, match="no attribute 'predikt'"):
        tg.predikt  # noqa: B018


def test_the_picture_of_a_prediction_says_what_it_shows(digits):
    figure = plot.prediction(digits[0], np.eye(10)[7])
    assert "taken for a 7 with 100.0 %" in figure.get_label()
    assert len(figure.axes) == 2


def test_the_hand_written_network_gives_no_probabilities(digits):
    with pytest.raises(ValueError, match="BasicMLP gives no probabilities"):
        predict(digits[0], RECIPES["basic"].build(0))


# The weights that come with the package.


def test_the_shipped_weights_are_those_of_the_best_recipe_and_small():
    recipe, model = load_model(BEST)
    assert recipe == RECIPES["best"]
    assert not model.training
    assert BEST.stat().st_size < 8e6


def test_the_shipped_weights_beat_the_best_published_network_with_one_hidden_layer():
    recipe, model = load_model(BEST)
    scores = evaluate(model, load_mnist(split="test"), recipe.loss_fn)
    assert scores.accuracy >= 0.9945  # Simard, Steinkraus and Platt, 2003: 99.30 %


@pytest.mark.parametrize("dark", [False, True])
def test_shipped_weights_read_pages_that_were_drawn_on(digits, dark):
    labels = load_mnist(split="test").labels[:30]
    pages = [np.pad(enlarged(image, 140, 40), ((0, 30), (60, 0))) for image in digits[:30]]
    answers = [predict(1 - page if dark else page).digit for page in pages]
    assert np.mean(answers == labels) >= 0.95


@pytest.mark.slow
def test_the_documented_command_makes_the_shipped_weights_again(tmp_path):
    """As the README has it: train, then export; and the result is as good."""
    trained, exported = tmp_path / "best.safetensors", tmp_path / "weights.safetensors"
    assert main(["train", "--recipe", "best", "--out", str(trained)]) == 0
    assert main(["export", str(trained), "--out", str(exported)]) == 0
    recipe, model = load_model(exported)
    scores = evaluate(model, load_mnist(split="test"), recipe.loss_fn)
    assert scores.accuracy >= 0.9945
    shipped = checkpoint.read(BEST)
    assert {n: a.shape for n, a in checkpoint.read(exported).weights.items()} == {
        n: a.shape for n, a in shipped.weights.items()
    }
