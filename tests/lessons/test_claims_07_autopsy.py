"""What lesson 7 says of its own numbers is what it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def shown(printed):
    return printed("07_autopsy")


def right(text, start):
    """The three accuracies in percent of the line that begins with these words."""
    found = row(text, start)
    place = next(i for i, line in enumerate(text.splitlines()) if line.startswith(start))
    line = text.splitlines()[place].split("right (%)")[1].split("one answer")[0]
    assert numbers(line) == [x for x in found if x in numbers(line)][:3]
    return numbers(line)


def test_the_published_gradient_is_minus_the_true_one_in_every_layer(shown):
    rows = [numbers(x) for x in shown["The gradient check"].splitlines() if x[:5].strip().isdigit()]
    assert len(rows) == 18
    assert {ratio for *_, ratio in rows[:9]} == {-1.0}
    assert {ratio for *_, ratio in rows[9:]} == {1.0}


@pytest.mark.parametrize(
    ("heading", "start"),
    [
        ("", "as published"),
        ("Step 1: the sign", "sign fixed"),
        ("Step 2: the initial weights", "+ Xavier weights"),
        ("Step 3: the learning rate", "+ learning rate 2"),
    ],
)
def test_the_first_steps_change_nothing(shown, heading, start):
    assert max(right(shown[heading], start)) < 12


def test_most_outputs_are_saturated_before_training_and_all_scores_after(shown):
    text = shown["Inside the seven layers"]
    before = row(text, "saturated before (%)")
    assert all(50 < share < 75 for share in before[:7])
    assert row(text, "after 100 images (%)")[-1] > 97


def test_the_first_layer_gets_as_much_gradient_before_training_and_hardly_any_after(shown):
    text = shown["Inside the seven layers"]
    start, end = row(text, "before training"), row(text, "after 100 images  ")
    assert 1 < start[7] / start[0] < 5
    assert all(late < early / 1000 for early, late in zip(start, end, strict=True))


def test_xavier_opens_the_layers_and_one_image_shuts_the_scores(shown):
    text = shown["Step 2: the initial weights"]
    assert row(text, "saturated, at most:")[0] < 1
    in_layers, _, _, of_scores = numbers(text.split("after one image:")[1].splitlines()[0])
    assert in_layers < 1 and of_scores > 95


def test_one_step_moves_a_score_by_about_13(shown):
    text = shown["Step 3: the learning rate"]
    assert row(text, "10 ")[0] == pytest.approx(13, abs=2)
    assert row(text, "2 ")[0] == pytest.approx(3, abs=0.5)


def test_a_quarter_a_layer_makes_more_than_10_000(shown):
    text = shown["Step 3: the learning rate"]
    layers = [row(text, f"layer {i}:") for i in range(1, 9)]
    assert 10_000 < layers[7][0] / layers[0][0] < 100_000
    assert all(3 < factor < 6.5 for _, factor in layers[1:])
    differ = numbers(text.splitlines()[-1])
    assert 1e-6 < differ[7] < 1e-5 and differ[7] < differ[0] / 2000


def test_one_hidden_layer_gets_about_85_percent(shown):
    assert all(83 < x < 87 for x in right(shown["Step 4: the depth"], "+ one hidden layer"))


def test_the_rate_delays_the_weights_creep_and_two_faults_kill(shown):
    text = shown["Each fault alone"]
    first, sixth = (
        {
            name: right(text, f"published {name:8} pass {passes}")
            for name in ("sign", "weights", "rate", "layers")
        }
        for passes in (1, 6)
    )
    assert sum(right(text, "no fault           pass 1")) / 3 == pytest.approx(65, abs=3)
    # The rate of 10 magnifies rounding: in float32 one of three seeds got 28 % in one pass.
    assert sorted(first.pop("rate"))[1] < 20
    assert max(max(found) for found in first.values()) < 20
    assert min(sixth["rate"]) > 60 and 70 < sum(sixth["rate"]) / 3 < 90
    assert min(sixth["weights"]) > 12 and max(sixth["weights"]) < 35
    assert max(*sixth["sign"], *sixth["layers"]) < 20


def test_four_times_xavier_lets_seven_layers_learn(shown):
    text = shown["Is depth a fault?"]
    assert row(text, "largest through smallest:")[0] < 20
    assert max(right(text, "seven layers, Xavier ")) < 12
    assert min(right(text, "seven layers, four times Xavier")) > 30


def test_all_images_bring_it_past_93_percent(shown):
    assert min(right(shown["Step 5: more data, in batches"], "+ all 60,000")) > 93
