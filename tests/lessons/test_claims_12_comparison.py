"""What lesson 12 says about the numbers that it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson

CHANGED, MEASURED = "What was changed", "Published and measured"
THREE, COMES = "What can three seeds say?", "Does the published figure come out?"
CHAIN, STEPS = "One change at a time", "As many steps, and the loss"
PAYS, VERDICT = "Who pays for the flips?", "The verdict"


@pytest.fixture
def lesson(printed):
    return printed("12_comparison")


def line(text, words):
    """The numbers after these words, in the line that begins with them."""
    return row(text.replace("±", " "), words)


def test_the_improved_network_takes_six_times_as_many_steps(lesson):
    assert row(lesson[CHANGED], "published") == [0.9054, 0.9495]
    small, improved = row(lesson[CHANGED], "steps")
    assert improved == 6 * small == 72_000


def test_without_copies_it_reaches_97_percent_two_points_more_than_with_them(lesson):
    plain = line(lesson[MEASURED], "improved, no augmentation")[0]
    published, improved = line(lesson[MEASURED], "improved, as published")[:2]
    assert published == 94.95 and 96.9 < plain < 97.05 and 1.8 < plain - improved < 2.2


def test_the_basic_network_learned_nothing_and_its_fixed_code_does(lesson):
    assert line(lesson[MEASURED], "basic, as published")[2] < 15
    assert line(lesson[MEASURED], "basic, fully fixed")[0] > 92


def test_noise_is_clear_with_twenty_seeds_and_seldom_with_three(lesson):
    change, half, _, share, *_ = line(lesson[THREE], "noise:")
    assert -0.4 < change < -half < 0 and share < 100 / 3


def test_flips_are_clear_with_nearly_any_three_seeds(lesson):
    change, half, _, share, *_ = line(lesson[THREE], "flips:")
    assert change < -half and share > 95


def test_twenty_seeds_find_0_15_points_in_four_of_five_cases_and_three_seeds_0_75(lesson):
    three = row(lesson[THREE], "3 seeds")
    twenty = row(lesson[THREE], "20 seeds")
    assert twenty[1] == pytest.approx(80, abs=4) and three[4] == pytest.approx(80, abs=4)


def test_one_small_run_lies_below_the_published_figure_and_about_half_of_the_improved(lesson):
    assert line(lesson[COMES], "small     published 90.54:")[0] == 1
    assert 5 <= line(lesson[COMES], "improved  published 94.95:")[0] <= 15


def test_the_more_units_are_dead_the_lower_the_accuracy(lesson):
    found = [numbers(x) for x in lesson[COMES].splitlines() if "units dead:" in x]
    dead, medians = [x[0] for x in found], [x[-1] for x in found]
    assert dead == sorted(dead) and medians == sorted(medians, reverse=True)


def test_the_worst_run_trained_again_is_no_better_than_the_others(lesson):
    _, stored, dead, live, _ = numbers(lesson[COMES][lesson[COMES].rindex("\nseed ") :])
    assert stored < 90 and dead == 6 and 80 < live < 95


def test_the_width_brought_the_gain_and_both_copies_cost(lesson):
    links = {}
    for name in ("width", "time", "flips", "noise"):
        text = lesson[CHAIN].replace(" to ", " ").replace("(", " ")
        links[name] = row(text, f"{name} ")[:3]
    assert links["width"][1] > 2.5
    assert 0 < links["time"][1] < links["time"][2] < 1
    assert -1.8 < links["flips"][1] < links["flips"][2] < -1.4
    assert links["noise"][2] < 0


def test_flips_and_noise_cost_in_another_order_too(lesson):
    for words in ("flips, with noise:", "noise, without flips:"):
        change, half = line(lesson[CHAIN], words)
        assert change < -half


def test_at_ten_units_five_of_six_seeds_lose(lesson):
    changes = row(lesson[CHAIN], "both, with 10 units, each seed:")
    assert sum(change < 0 for change in changes) == 5 and changes[4] > 2


def test_60_epochs_gain_a_little_accuracy_and_nearly_double_the_loss(lesson):
    _, thirty, loss = row(lesson[STEPS], "no copies, 30 epochs")
    steps, sixty, longer_loss = row(lesson[STEPS], "no copies, 60 epochs")
    assert steps == 72_000 and sixty > thirty and 1.7 < longer_loss / loss < 2
    gained, half = line(lesson[STEPS], "60 epochs instead of 30, three seeds:")
    assert gained > half


def test_stopping_early_beats_all_copies_in_accuracy_and_matches_their_loss(lesson):
    words = "stopped at 10 epochs instead of all copies:"
    points, of_points, change, half = line(lesson[STEPS], words)
    assert points > of_points and change < 0 and change + half < 0.002


def test_flips_lower_the_loss_a_little_and_cost_points(lesson):
    points, of_points, change, half = line(lesson[STEPS], "flips added to noise:")
    assert points < -of_points and -0.05 < change < -half
    _, _, change, half = line(lesson[STEPS], "flips alone:")
    assert change - half > -0.065


def test_the_pair_that_comes_to_mind_is_a_tenth_of_the_added_errors(lesson):
    # "the flips add 160 errors; 2 for 5 or 5 for 2: 15"
    added, _, _, _, _, both = row(lesson[PAYS], "the flips add")
    assert 0.05 < both / added < 0.15


def test_seven_digits_clearly_lose_and_5_most(lesson):
    digits = [line(lesson[PAYS], f"{digit}:") for digit in range(10)]
    assert sum(change < -half for change, half in digits) == 7
    assert min(digits)[0] == digits[5][0]


def test_the_verdict_holds_for_other_test_images(lesson):
    change, half = line(lesson[VERDICT], "both copies, with this added for each side:")
    assert change < -half
