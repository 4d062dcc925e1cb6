"""Answers averaged over shifted copies of an image."""

import numpy as np
import pytest

from tinygrad_mlp import nn, tensor
from tinygrad_mlp.data import ArrayDataset
from tinygrad_mlp.data.transforms import shifted
from tinygrad_mlp.experiment.averaging import HALF_A_PIXEL, averaged
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.train import evaluate

IMAGES = np.random.default_rng(0).random((6, 28, 28), np.float32)
LABELS = np.arange(6)


@pytest.fixture
def model():
    layers = (nn.Flatten(), nn.Linear(784, 10, rng=0), nn.Dropout(0.5), nn.BatchNorm1d(10))
    return nn.Sequential(*layers)


def chances(model, images):
    return F.softmax(model(tensor(images)), dim=1).data


def test_the_average_is_that_of_the_probabilities_of_all_copies(model):
    shifts = [(0.5, 0), (-1, 2), (0, 0.25)]
    scores = averaged(model, shifts)(IMAGES)
    model.eval()
    expected = np.mean([chances(model, shifted(IMAGES, *by)) for by in shifts], axis=0)
    np.testing.assert_allclose(F.softmax(scores, dim=1).data, expected, rtol=1e-5)
    assert scores.dtype == np.float32


def test_one_copy_that_is_not_moved_is_the_answer_itself(model):
    scores = averaged(model, [(0, 0)])(IMAGES)
    np.testing.assert_allclose(np.exp(scores.data), chances(model.eval(), IMAGES), rtol=1e-5)


def test_it_is_asked_half_a_pixel_away_along_each_diagonal_unless_told_otherwise(model):
    assert sorted(HALF_A_PIXEL) == [(a, b) for a in (-0.5, 0.5) for b in (-0.5, 0.5)]
    default, told = averaged(model)(IMAGES), averaged(model, HALF_A_PIXEL)(IMAGES)
    assert np.array_equal(default.data, told.data)


def test_the_model_is_asked_in_eval_mode_and_left_as_it_was(model):
    model[3].eval()
    answer = averaged(model)
    before = {name: np.array(value) for name, value in model.state_dict().items()}
    assert np.array_equal(answer(IMAGES).data, answer(IMAGES).data)
    assert [layer.training for layer in model] == [True, True, True, False]
    assert all(np.array_equal(before[name], v) for name, v in model.state_dict().items())


def test_a_probability_too_small_for_a_float32_still_has_its_logarithm():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 2, rng=0))
    model[1].weight.data[...] = 0
    model[1].bias.data[...] = 0, 500
    np.testing.assert_allclose(averaged(model)(IMAGES).data, [[-500, 0]] * 6, atol=1e-4)


def test_no_shifts_are_refused(model):
    with pytest.raises(ValueError, match="at least one shift"):
        averaged(model, [])


def test_nothing_is_recorded(model):
    assert not averaged(model)(IMAGES).requires_grad


def test_an_average_can_be_scored_as_a_model_can(model):
    found = evaluate(averaged(model), ArrayDataset(IMAGES, LABELS), batch_size=4)
    scores = averaged(model)(IMAGES)
    assert found.accuracy == np.mean(scores.data.argmax(axis=1) == LABELS)
    assert found.loss == pytest.approx(-scores.data[LABELS, LABELS].mean(), rel=1e-5)
