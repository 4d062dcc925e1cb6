"""What lesson 6 says of its own numbers is what it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def shown(printed):
    return printed("06_from_scratch")


def test_the_printed_error_is_small_and_hardly_moves(shown):
    errors = [row(shown["Training, as published"], f"epoch {i}")[0] for i in range(1, 6)]
    assert max(errors) < 0.001 and max(errors) - min(errors) < 1e-6


def test_ten_images_get_the_same_answer_and_a_tenth_of_all_is_right(shown):
    text = shown["Training, as published"]
    assert len(set(numbers(text.split("first ten answers:")[1].splitlines()[0]))) == 1
    assert row(text, "accuracy:")[0] == pytest.approx(10, abs=2)
    assert max(row(text, "is answered")) > 9900


def test_from_every_seed_one_digit_has_most_answers_and_four_at_most_occur(shown):
    lines = [
        x.split() for x in shown["Training, as published"].splitlines() if "of the images" in x
    ]
    assert len(lines) == 3
    for words in lines:
        assert float(words[1]) < 12 and float(words[5]) > 60
        assert len(words[words.index("images") + 1 :]) <= 4
    assert len({words[3] for words in lines}) > 1, "not the same digit from every seed"


def test_the_last_loss_decides_the_printed_error(shown):
    text = shown["The error that is not an error"]
    assert row(text, "ratio:") == [783]
    ours = row(text, "our printed error       x 783 =")[0]
    last = row(text, "our last three losses")
    assert ours == pytest.approx(last[-1], rel=0.01)
    assert last == pytest.approx([round(loss, 1) for loss in last], abs=1e-3)
    assert row(text, "published error 0.00102171 x 783 =")[0] == 0.8


def test_the_loss_rises_within_ten_images_and_then_hardly_moves(shown):
    text = shown["An honest curve"]
    for seed in range(4):
        curve = row(text, f"seed {seed}")
        assert curve[3] > curve[0] + 0.03 and abs(curve[-1] - curve[3]) < 0.02
    assert row(text, "ten zeros") == [0.1]


def test_the_packages_network_is_the_same(shown):
    text = shown["The same network in the package"]
    assert "the same derivative of the loss:     True" in text
    assert row(text, "largest difference of all weights:")[0] < 1e-9
