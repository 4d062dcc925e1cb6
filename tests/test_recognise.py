"""The answer for a picture of yours: how often it is right, and when it is unsure."""

from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import tinygrad_mlp as tg
from tinygrad_mlp import checkpoint, display, nn, plot
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment.cli import main
from tinygrad_mlp.experiment.picture_files import read_picture
from tinygrad_mlp.experiment.preparation import prepare
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.recognise import BEST, SURE, Prediction, _doubt, predict, predict_row
from tinygrad_mlp.experiment.training import load_model
from tinygrad_mlp.train import evaluate

from .pictures.__main__ import WHOLE
from .pictures.plain import enlarged, first_digits
from .pictures.rates import (
    DESIGN,
    JUDGE,
    OTHERS,
    by_kind,
    digit_picture,
    greys_of,
    noticed,
    outcomes,
    row_right,
    share,
)


@pytest.fixture(scope="module")
def digits():
    return first_digits()


class Corner(nn.Module):
    """A made-up model: it is certain of a 3 if there is ink in the upper half, else of a 7."""

    def forward(self, x):
        scores = np.zeros((len(x), 10), np.float32)
        upper = x[:, :14].sum((1, 2)) > x[:, 14:].sum((1, 2))
        scores[np.arange(len(x)), np.where(upper, 3, 7)] = 20
        return tg.tensor(scores)


def saved(tmp_path, image, name="digit.png"):
    image.save(tmp_path / name)
    return tmp_path / name


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
    "bad",
    [
        *(np.zeros((2, 2, 3)), np.zeros((0, 5)), np.zeros((5, 5), int)),
        *(np.full((5, 5), grey) for grey in (1.5, 3.0, -0.5, np.nan)),
    ],
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


SEEN = np.linspace(0, 1, 784).reshape(28, 28)


def test_each_digit_has_a_bar_as_long_as_its_share_in_a_row_of_its_own():
    shares = np.array([0.3, 0.02, 0, 0.2, 0.08, 0.1, 0.05, 0.15, 0.07, 0.03])
    svg = ElementTree.fromstring(Prediction(0, shares, SEEN)._repr_svg_())
    width, height = float(svg.get("width")), float(svg.get("height"))
    bars = [rect for rect in svg.findall("{*}rect") if rect.get("fill") == display.BLUE]
    texts = svg.findall("{*}text")
    digits, percent = texts[::2], texts[1::2]
    assert [t.text for t in digits] == list("0123456789")
    assert [t.text for t in percent] == [f"{100 * share:.1f} %" for share in shares]
    row = height / 10
    for i, (bar, digit, said) in enumerate(zip(bars, digits, percent, strict=True)):
        x, y, long, high = (float(bar.get(name)) for name in ("x", "y", "width", "height"))
        assert i * row <= y and y + high <= (i + 1) * row
        assert np.isclose(y - i * row, float(bars[0].get("y")))
        assert np.isclose(long, shares[i] / shares[0] * float(bars[0].get("width")), atol=0.1)
        for text in (digit, said):  # figures are about 8 high, and stand on their line
            assert abs(y + high / 2 - (float(text.get("y")) - 4)) < 0.5
        assert digit.get("text-anchor") == "end" and said.get("text-anchor") == "start"
        assert np.isclose(x - float(digit.get("x")), 8)
        assert np.isclose(float(said.get("x")) - (x + long), 6, atol=0.1)
        assert float(said.get("x")) + 60 < width


def test_a_notebook_shows_the_answer_the_doubt_and_the_picture():
    sure, unsure = (Prediction(3, np.eye(10)[3], SEEN, d)._repr_html_() for d in ("", "it is odd"))
    assert "3, with 100.0 %<" in sure and "unsure" not in sure
    assert "3, with 100.0 %; unsure: it is odd<" in unsure
    assert "<svg" in sure and "<svg" in unsure


def test_the_hand_written_network_gives_no_probabilities(digits):
    with pytest.raises(ValueError, match="BasicMLP gives no probabilities"):
        predict(digits[0], RECIPES["basic"].build(0))


# When it is unsure.


class Fixed(nn.Module):
    """A made-up model: a 6 for everything, with a probability that is given."""

    def __init__(self, probability):
        rest = (1 - probability) / 9
        self.scores = np.log(np.where(np.arange(10) == 6, probability, rest)).astype(np.float32)

    def forward(self, x):
        return tg.tensor(np.tile(self.scores, (len(x), 1)))


def test_an_answer_below_the_line_has_a_doubt_and_one_above_has_none(digits):
    assert predict(digits[0], Fixed(SURE + 0.01)).doubt == ""
    assert "a clear digit gets 85 % or more" in predict(digits[0], Fixed(SURE - 0.01)).doubt


def test_an_answer_just_on_the_line_has_no_doubt():
    assert _doubt(SURE, 1) == ""


def test_a_picture_of_mnist_is_seen_as_it_is(digits):
    [one] = predict_row(digits[0], Corner())
    for found in (one, predict(digits[0], Corner())):
        np.testing.assert_array_equal(found.image, digits[0])


def test_two_digits_are_told_however_sure_the_network_is(digits):
    page = np.concatenate([enlarged(image, 100, 20) for image in digits[:2]], axis=1)
    assert predict(page, Fixed(0.99)).doubt.startswith("2 things are drawn side by side")
    assert [one.doubt for one in predict_row(page, Fixed(0.99))] == ["", ""]


def test_weights_that_are_not_numbers_are_refused(digits):
    with pytest.raises(ValueError, match=r"not a number .nan.: its weights are damaged"):
        predict(digits[0], Fixed(np.nan))


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


# Other people's pictures. `python -m tests.pictures` measures the same, and more.


@pytest.fixture(scope="module")
def best():
    return load_model(BEST)[1]


def test_a_sample_of_other_peoples_pictures_is_read(best):
    found = outcomes(DESIGN, singles=3, pairs=0, model=best, triples=20)
    assert share(one.right for one in found) >= 94


@pytest.mark.slow
@pytest.mark.parametrize("half", [DESIGN, JUDGE])
def test_other_peoples_pictures_are_read(best, half):
    found = outcomes(half, **WHOLE, model=best)
    assert len(found) > 1000
    assert share(one.right for one in found) >= 99
    for kind, ones in by_kind(found).items():
        assert share(one.right for one in ones) >= 97, kind
    assert share(one.unsure for one in found) <= 5


def test_clean_digits_on_a_page_are_read(best):
    found = [predict(greys_of(page), best).digit == label for page, label in clean_pages(100)]
    assert share(found) >= 98


def clean_pages(count):
    return [digit_picture((), DESIGN, number) for number in range(count)]


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_digit_is_noticed(best, kind):
    least = {"letters": 50, "scribbles": 75}.get(kind, 95)
    assert share(noticed(kind, number, best) for number in range(20)) >= least


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_row_is_read_from_left_to_right(best, count):
    assert share(row_right(count, number, best) for number in range(10)) >= 80
