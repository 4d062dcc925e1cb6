"""What lesson 3 says about the numbers that it prints."""

import pytest

from .claims import numbers, row

pytestmark = pytest.mark.lesson


@pytest.fixture
def part(printed):
    return printed("03_gradient_check")


def errors_by_step(part):
    """Step -> the errors of the one-sided and the central difference."""
    text = part["Two ways to measure a slope"]
    return {step: row(text, f"{step:g} ") for step in (0.1, 0.01, 0.001)}


def test_a_tenth_of_the_step_has_a_tenth_of_the_one_sided_error(part):
    errors = errors_by_step(part)
    for step, smaller in ((0.1, 0.01), (0.01, 0.001)):
        assert errors[step][0] / errors[smaller][0] == pytest.approx(10, rel=0.05)


def test_a_tenth_of_the_step_has_a_hundredth_of_the_central_error(part):
    errors = errors_by_step(part)
    for step, smaller in ((0.1, 0.01), (0.01, 0.001)):
        assert errors[step][1] / errors[smaller][1] == pytest.approx(100, rel=0.05)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", ["one-sided", "central"])
def test_the_best_step_is_near_the_predicted_one(part, dtype, way):
    found = row(part["The smaller the better?"], f"{dtype} {way} ")
    predicted_step, step, predicted_error, error = found
    assert 0.1 < step / predicted_step < 10
    assert 0.05 < error / predicted_error < 5


def test_central_differences_in_float64_give_11_digits_and_in_float32_five(part):
    text = part["The smaller the better?"]
    assert 1e-12 < row(text, "float64 central ")[3] < 1e-11
    assert 1e-6 < row(text, "float32 central ")[3] < 1e-5
    assert 1e-6 < row(text, "float64 central ")[1] < 1e-4


def test_the_best_step_of_float32_is_about_1000_times_longer(part):
    text = part["The smaller the better?"]
    ratio = row(text, "float32 central ")[1] / row(text, "float64 central ")[1]
    assert 300 < ratio < 3_000


def verdicts(part):
    """Tolerance -> whether right, wrong (float32), right, wrong (float64) are accepted."""
    lines = [line.split() for line in part["A tolerance must fit the dtype"].splitlines()]
    return {line[0]: line[1:] for line in lines if line[1:] and line[1] in ("accepted", "rejected")}


def test_no_tolerance_tells_right_from_wrong_in_float32(part):
    found = verdicts(part)
    assert len(found) == 5 and all(first == second for first, second, *_ in found.values())


def test_in_float32_the_noise_is_larger_than_the_fault(part):
    text = part["A tolerance must fit the dtype"]
    assert row(text, "largest error in float32: right rule")[0] > 1e-5


def test_in_float64_any_tolerance_in_the_gap_tells(part):
    good = [key for key, found in verdicts(part).items() if found[2:] == ["accepted", "rejected"]]
    assert good == ["1e-06", "1e-08"]
    right, wrong = row(
        part["A tolerance must fit the dtype"].replace(", wrong rule", ""),
        "largest error in float64: right rule",
    )
    assert right < 1e-8 and wrong == pytest.approx(1e-5, rel=0.1)


def test_an_absolute_limit_would_accept_the_wrong_sign_and_ours_does_not(part):
    text = part["A tolerance must fit the dtype"]
    assert row(text, "largest difference:")[0] < 1e-5
    assert "agree, as written above:     rejected" in text


def planted(part):
    """Fault -> what the four checks say of it."""
    lines = [line.split("  ") for line in part["Planted bugs"].splitlines()[1:]]
    return {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in lines}


def found_by(part, check):
    return [fault for fault, cells in planted(part).items() if cells[check] == "found"]


def test_at_0_nothing_is_found_and_at_1_only_the_sign(part):
    assert len(planted(part)) == 6
    assert found_by(part, 0) == []
    assert found_by(part, 1) == ["sign of cos"]


def test_a_plain_sum_hides_the_fault_of_shares_and_weights_show_it(part):
    missed = ["shares, plain mean", "relu, 1 at the kink"]
    assert [fault for fault in planted(part) if fault not in found_by(part, 2)] == missed
    assert [fault for fault in planted(part) if fault not in found_by(part, 3)] == missed[1:]


def test_at_0_the_right_rule_of_relu_is_accused(part):
    accused = [
        (fault, cells.index("false alarm"))
        for fault, cells in planted(part).items()
        if "false alarm" in cells
    ]
    assert accused == [("relu, 1 at the kink", 0)]


def test_at_the_corner_the_central_difference_is_one_half_at_every_step(part):
    text = part["A corner has no slope"]
    for step in ("0.1", "0.001", "1e-06"):
        assert row(text, step + " ") == [0, 0.5, 1]
    assert "the rule of tg.relu says 0" in text


def test_gradcheck_tests_where_it_is_asked_to(part):
    text = part["The package's check"]
    assert "right rule:              passed" in text
    assert "wrong rule at 0 and 1:   passed" in text
    assert numbers(text.split("wrong rule elsewhere:")[1].splitlines()[0])[-2:] == [-3.6, 4.32]
    assert "gradcheck needs float64" in text
    assert "wrong rule, times 1e-6:  passed" in text
