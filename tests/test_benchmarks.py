"""The benchmarks: that they run, and that their ratios and verdicts are right.

No time is asserted: how fast anything is depends on the machine and on what else it is doing.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import growth, machine
from tests.benchmarks.jobs import JOBS, NEEDS, OURS, Goal, Job
from tests.benchmarks.table import as_markdown, check, compare, make_row, show_bytes, show_seconds

ROOT = Path(__file__).resolve().parents[1]

JOB = Job(
    "job",
    "a job",
    "a step",
    {OURS: "ours.f", "other": "other.f"},
    (Goal("other", {1: 0.5}), Goal("other", 0.9, "peak_bytes"), Goal("absent", 0.1)),
    full={},
    smallest={},
    tolerances={"loss": 0.01},
)


def one_round(ours, theirs, our_loss=1.0, their_loss=1.0):
    return {
        OURS: {"seconds": ours, "peak_bytes": 1e8, "checks": {"loss": our_loss}},
        "other": {"seconds": theirs, "peak_bytes": 2e8, "checks": {"loss": their_loss}},
    }


@pytest.mark.skipif(os.name == "nt", reason="Windows does not say what memory a process has held")
def test_benchmarks_run_at_their_smallest_size_with_what_is_installed(tmp_path):
    command = [sys.executable, "-m", "tests.benchmarks", "--smallest", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "table.md").read_text("utf-8")
    assert table in done.stdout
    assert "NOT THE SAME" not in table
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert {row["job"] for row in results["rows"]} == {job.name for job in JOBS} | {growth.JOB}
    assert {row["verdict"] for row in results["rows"]} == {"-"}
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_benchmarks_refuse_an_unknown_job():
    command = [sys.executable, "-m", "tests.benchmarks", "--jobs", "step,nosuch"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no job is named nosuch; there are step," in " ".join(done.stderr.split())


def test_benchmarks_take_ratios_within_rounds():
    # The last round was slow for both; the ratio of the medians would be 3 / 4.
    rounds = [one_round(1, 4), one_round(3, 4), one_round(10, 20)]
    row = compare(JOB, 1, rounds)[0]
    assert (row.ours, row.theirs) == (3, 4)
    assert (row.ratio, row.low, row.high) == (0.5, 0.25, 0.75)


def test_benchmarks_judge_each_measure_and_leave_out_absent_contenders():
    rows = compare(JOB, 1, [one_round(0.6, 1.0)])
    assert [(row.measure, row.verdict) for row in rows] == [
        ("seconds", "missed"),
        ("peak_bytes", "met"),
    ]


def test_benchmarks_judge_nothing_without_a_goal_or_at_the_smallest_size():
    rounds = [one_round(0.6, 1.0)]
    assert compare(JOB, 2, rounds)[0].verdict == "-"
    assert [row.verdict for row in compare(JOB, 1, rounds, judged=False)] == ["-", "-"]


@pytest.mark.parametrize(
    ("their_loss", "agrees"), [(1.0, True), (1.009, True), (1.02, False), (float("nan"), False)]
)
def test_benchmarks_compare_the_computed_results(their_loss, agrees):
    rounds = [one_round(1, 1), one_round(1, 1, 1.0, their_loss)]
    (found,) = check(JOB, 1, rounds)
    assert found.agrees is agrees


def test_benchmarks_notice_when_our_loss_is_not_a_number():
    (found,) = check(JOB, 1, [one_round(1, 1, float("nan"), 1.0)])
    assert not found.agrees


def test_benchmarks_write_a_table():
    rounds = [one_round(0.6, 1.0, 1.0, 2.0)]
    text = as_markdown(
        compare(JOB, 1, rounds), check(JOB, 1, rounds), {"job": "a job"},
        {"cores": "2"}, {"JAX": "jax is not installed"},
    )  # fmt: skip
    lines = text.splitlines()
    assert "- cores: 2" in lines
    assert "- **job**: a job" in lines
    assert "| job | 1 | other | 600 ms a step | 1 s | 0.60 | 0.60 - 0.60 | 0.5 | missed |" in lines
    assert "- not measured: JAX: jax is not installed" in lines
    assert "NOT THE SAME" in text
    widths = {line.count("|") for line in lines if line.startswith("| job | 1 | other")}
    assert widths == {10}


def test_benchmarks_show_numbers_in_the_unit_that_fits():
    shown = [show_seconds(s) for s in (12.345, 0.0123456, 0.0004567, 3e-7)]
    assert shown == ["12.3 s", "12.3 ms", "457 us", "300 ns"]
    assert show_bytes(123_456_789) == "123 MB"


def test_benchmarks_compare_the_ends_of_the_growth():
    held = [[(1000, 100_000_000), (10_000, 101_000_000)]]
    rows = growth.rows(growth.Growth({1000: [4e-6], 10_000: [9e-6]}, held), judged=True)
    assert [(row.ratio, row.verdict) for row in rows] == [
        (pytest.approx(2.25), "missed"),
        (pytest.approx(1.01), "met"),
    ]


def test_benchmarks_draw_growth():
    held = [[(1000, 100_000_000), (10_000, 101_000_000)]]
    figure = growth.draw(growth.Growth({1000: [4e-6], 10_000: [5e-6]}, held))
    assert "1,000 nodes 4.00 us, 10,000 nodes 5.00 us" in figure.get_label()
    assert "step 1,000 to 10,000: 100 to 101 MB" in figure.get_label()


def test_benchmarks_describe_the_machine():
    facts = machine.describe()
    assert facts["numpy"] and facts["processor"] and facts["BLAS of NumPy"]
    busy = machine.busy_cores(0.01)
    assert busy is None or busy >= 0


def test_benchmarks_name_only_contenders_that_exist():
    folder = ROOT / "tests" / "benchmarks" / "contenders"
    for job in JOBS:
        assert {goal.against for goal in job.goals} <= job.contenders.keys()
        assert {goal.of for goal in job.goals} <= job.contenders.keys()
        assert all(goal.against != goal.of for goal in job.goals)
        for function in job.contenders.values():
            file, name = function.split(".")
            assert f"def {name}(" in (folder / f"{file}.py").read_text("utf-8")
            assert file in NEEDS or file in ("ours", "bare", "compiled")


def test_benchmarks_divide_round_by_round():
    row = make_row("job", 1, "other", "", "seconds", [1, 2, 6], [2, 2, 2], None)
    assert (row.ratio, row.low, row.high) == (1, 0.5, 3)
