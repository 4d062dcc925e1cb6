"""What lesson 4 says about the numbers that it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def part(printed):
    return printed("04_digits")


def test_there_are_70000_images(part):
    text = part["70,000 handwritten digits"]
    assert "train  images (60000, 28, 28)" in text and "test   images (10000, 28, 28)" in text


def test_most_of_an_image_is_paper_and_67_places_never_hold_ink(part):
    text = part["An image is a table of numbers"]
    assert row(text, "pixels that are 0, of all training images:") == [81]
    assert numbers(text.splitlines()[-1]) == [784, 0, 67]


def test_bytes_leave_fewer_than_one_in_ten_undecided(part):
    text = part["Why divide by 255?"]
    assert row(text, "pixels as bytes, 0 to 255  undecided answers:")[0] < 10
    assert row(text, "pixels as 0 to 1           undecided answers:")[0] > 99


def test_the_1_is_the_most_frequent_and_the_5_the_rarest(part):
    counts = row(part["How many of each digit?"], "all 60,000 ")
    assert counts.index(max(counts)) == 1 and counts.index(min(counts)) == 5
    assert 11 < max(counts) / 600 < 11.5


def test_always_the_same_answer_is_right_on_between_9_and_11_percent(part):
    lines = [
        numbers(line) for line in part["The lowest bar: always the same answer"].splitlines()[1:]
    ]
    shares = {int(digit): share for digit, share in lines}
    assert len(shares) == 10
    assert (min(shares.values()), max(shares.values())) == (8.92, 11.35)


def spreads(part):
    """Digit -> the distance from its mean, and as a share of the ink."""
    lines = [numbers(line) for line in part["The average digit"].splitlines()[1:] if "." in line]
    return {int(line[0]): line[1:] for line in lines if len(line) == 3}


def test_the_1_differs_least_from_its_mean_by_far(part):
    by_distance = sorted(spreads(part).items(), key=lambda item: item[1][0])
    assert len(by_distance) == 10 and by_distance[0][0] == 1
    assert by_distance[0][1][0] < 0.65 * by_distance[1][1][0]


def test_by_its_ink_the_0_is_the_most_alike_and_the_5_varies_most(part):
    by_share = sorted(spreads(part), key=lambda digit: spreads(part)[digit][1])
    assert (by_share[0], by_share[-1]) == (0, 5)


def test_nearest_mean_is_right_on_82_percent(part):
    text = part["Nearest mean: a classifier in three lines"]
    assert row(text, "nearest mean:")[0] == pytest.approx(82, abs=0.5)


def test_the_5_is_missed_most_and_taken_for_a_3(part):
    text = part["Which digits are mistaken for which?"]
    right = row(text, "right (%)")
    assert right.index(min(right)) == 5 and right[5] == pytest.approx(69, abs=1)
    assert right.index(max(right)) == 1
    for confusion in ("5 taken for 3", "4 taken for 9", "9 taken for 4"):
        assert confusion in text


def test_more_memory_makes_fewer_mistakes_than_all_the_means(part):
    text = part["Nearest neighbour: remember everything"]
    scores = [numbers(line)[1] for line in text.splitlines() if line.startswith("memory of")]
    assert scores == sorted(scores) and len(scores) == 3
    assert scores[-1] > row(text, "nearest mean:")[0] + 5


def test_shuffled_labels_are_remembered_too_and_help_nobody(part):
    text = part["Why a test set?"]
    assert row(text, "true ")[0] == row(text, "shuffled ")[0] == 100
    assert row(text, "true ")[1] > 80
    assert row(text, "shuffled ")[1] < 20


def test_ten_images_score_between_60_and_100_percent(part):
    text = part["How many test images?"]
    assert row(text, "10 images: 95 % of the scores lie from") == [60, 100]
    low, high = row(text, "3,000 images: 95 % of the scores lie from")
    assert 80 < low < high < 84
    assert row(text, "always answering 1 is right on") == [20]
    assert row(text, "always answering 2 is right on") == [10]
