"""What is seen of trainings while they run: lines, bars of any width, and curves of one line."""

import gc
import sys
from dataclasses import replace

import pytest

from tinygrad_mlp.experiment import progress
from tinygrad_mlp.experiment.progress import (
    PLAIN_LEVELS,
    Progress,
    clock,
    counted,
    curves,
    epoch_work,
    fitting,
    spark,
)
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.train import Epoch

from .made_runs import made

SMALL = replace(RECIPES["small"], epochs=4)
PLAIN = replace(RECIPES["improved-plain"], epochs=2)


@pytest.fixture
def clocked(monkeypatch):
    """A clock that only moves when it is told to."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


@pytest.fixture
def terminal(monkeypatch):
    """Makes a terminal of this many columns."""

    def make(columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        for stream in (sys.stdout, sys.stderr):
            monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)

    return make


def epoch(number, loss=0.25, accuracy=0.9):
    return Epoch(number, loss, accuracy, 1.0)


# ---------------------------------------------------------------------------- where there is no bar


def test_an_epoch_is_a_line(capsys):
    Progress([SMALL], 60_000).watch(SMALL, 3)(epoch(4))
    assert capsys.readouterr().out == "small, seed 3: epoch 4/4, loss 0.2500, accuracy 90.00 %\n"


def test_epochs_of_a_regression_are_told_without_an_accuracy(capsys):
    Progress([SMALL], 60_000).watch(SMALL, 3)(epoch(4, accuracy=None))
    assert capsys.readouterr().out == "small, seed 3: epoch 4/4, loss 0.2500, accuracy none\n"


def test_the_time_that_is_left_is_that_of_all_runs(capsys, clocked):
    """The work of PLAIN's two epochs is known from that of SMALL's four."""
    both = Progress([SMALL, PLAIN], 60_000)
    on_epoch = both.watch(SMALL, 0)
    for number in range(1, 5):
        clocked(10)
        on_epoch(epoch(number))
    share = 2 * epoch_work(PLAIN, 60_000) / (4 * epoch_work(SMALL, 60_000))
    left = clock(40 * share)
    assert both.left() == f"{left} left"
    both.watch(PLAIN, 0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "recipe 1 of 2: small: 10 hidden units"
    assert lines[1].endswith(f", {clock(30 + 40 * share)} left")
    assert lines[-1] == f"recipe 2 of 2: improved, no augmentation, {left} left"


def test_nothing_is_said_of_time_before_anything_is_known_and_when_nothing_is_left(clocked):
    one = Progress([SMALL], 60_000)
    assert one.left() == ""
    on_epoch = one.watch(SMALL, 0)
    for number in range(1, 5):
        clocked(1)
        on_epoch(epoch(number))
    assert one.left() == "" and one.work_left == 0


def test_the_epochs_of_a_resumed_training_are_neither_work_nor_time(clocked):
    rest = Progress([SMALL], 60_000, trained=2)
    on_epoch = rest.watch(SMALL, 0)
    clocked(5)
    on_epoch(epoch(3))
    assert rest.left() == "0:05 left"


def test_seeds_are_counted_within_their_recipe(capsys):
    several = Progress([SMALL, PLAIN], 60_000, seeds=3)
    for recipe in (SMALL, PLAIN):
        for seed in range(3):
            several.watch(recipe, seed)
    places = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert places == [f"recipe {i} of 2, run {j} of 3" for i in (1, 2) for j in (1, 2, 3)]


def test_work_grows_with_images_copies_and_weights():
    more = [SMALL, PLAIN, RECIPES["improved"], RECIPES["best"]]
    works = [epoch_work(recipe, 60_000) for recipe in more]
    assert works == sorted(works) and len(set(works)) == 4
    assert epoch_work(SMALL, 600) < epoch_work(SMALL, 60_000)
    held_out = replace(SMALL, held_out=30_000)
    assert epoch_work(held_out, 60_000) == epoch_work(SMALL, 30_000)


# --------------------------------------------------------------------------------- in a terminal


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 200])
def test_a_bar_fits_its_terminal_whatever_its_width(capsys, terminal, columns):
    terminal(columns)
    both = Progress([SMALL, PLAIN], 60_000)
    for recipe in (SMALL, PLAIN):
        on_epoch = both.watch(recipe, 0)
        for number in range(1, recipe.epochs + 1):
            on_epoch(epoch(number))
    out, err = capsys.readouterr()
    lines = err.replace("\n", "\r").split("\r")
    assert out == "" and max(map(len, lines)) <= min(columns - 1, 110)


def test_40_columns_say_which_of_how_many_how_far_and_how_long(capsys, terminal, clocked):
    terminal(40)
    both = Progress([SMALL, PLAIN], 60_000)
    on_epoch = both.watch(SMALL, 0)
    clocked(5)
    on_epoch(epoch(1))
    line = capsys.readouterr().err.split("\r")[-1]
    assert line.startswith("1/2 small ") and line.split()[-3] == "1/4,"
    assert line.endswith(both.left())


def test_100_columns_say_it_in_words(capsys, terminal):
    terminal(100)
    Progress([SMALL, PLAIN], 60_000).watch(SMALL, 0)(epoch(1))
    line = capsys.readouterr().err.split("\r")[-1]
    assert line.startswith("recipe 1 of 2: small, seed 0 ")
    assert "epoch 1/4, loss 0.2500, accuracy 90.00 %" in line


def test_one_run_is_not_counted(capsys, terminal):
    terminal(80)
    Progress([SMALL], 60_000).watch(SMALL, 0)(epoch(1))
    assert capsys.readouterr().err.split("\r")[-1].startswith("small, seed 0 ")


def test_a_bar_that_is_closed_early_ends_its_line_and_is_never_drawn_again(capsys, terminal):
    terminal(40)
    one = Progress([SMALL], 60_000)
    on_epoch = one.watch(SMALL, 0)
    on_epoch(epoch(1))
    drawn = capsys.readouterr().err
    assert not drawn.endswith("\n")
    one.close()
    one.close()
    assert capsys.readouterr().err == "\n"
    del one, on_epoch
    gc.collect()
    assert capsys.readouterr().err == ""


def test_closing_says_nothing_where_no_bar_moves(capsys, terminal):
    Progress([SMALL], 60_000).close()
    Progress([SMALL], 60_000).watch(SMALL, 0)(epoch(1))
    capsys.readouterr()
    terminal(80)
    done = Progress([SMALL], 60_000)
    done.watch(SMALL, 0)(epoch(4))
    assert capsys.readouterr().err.endswith("\n")
    done.close()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("number", "words"), [(0, "0 epochs"), (1, "1 epoch"), (2, "2 epochs")])
def test_one_epoch_is_not_called_epochs(number, words):
    assert counted(number, "epoch") == words


def test_a_name_may_hold_what_a_format_would_read():
    assert fitting([("{0} {x}", "1/2")], 20).format(bar="#") == "{0} {x} # 1/2"
    assert fitting([("a" * 30, "1/2")], 20).format() == "a" * 20


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.6, "1:00"), (754, "12:34"), (5025, "1:23:45")]
)
def test_a_clock_has_hours_only_where_there_are_some(seconds, shown):
    assert clock(seconds) == shown


# --------------------------------------------------------------------------------- curves in a line


def test_a_spark_goes_from_the_lowest_to_the_highest():
    assert spark([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert spark([3, 3, 3], 8) == "▁▁▁"


def test_a_spark_of_more_values_than_columns_shows_means():
    assert spark([0, 2, 1, 1, 3, 5, 8, 8], 4) == "▁▁▄█"
    assert len(spark(range(1000), 13)) == 13


def test_a_terminal_that_knows_only_ascii_gets_a_spark_in_ascii(monkeypatch):
    monkeypatch.setattr(progress, "_can_print", lambda text: False)
    assert spark(range(8), 8) == PLAIN_LEVELS


@pytest.mark.parametrize("columns", [40, 80])
def test_curves_fit_the_terminal_and_hold_first_and_last_value(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = curves([epoch(i, 1 / i, 1 - 0.5 / i) for i in range(1, 101)])
    assert [line.split()[0] for line in lines] == ["loss", "accuracy"]
    assert "1.0000 █" in lines[0] and lines[0].endswith("▁ 0.0100")
    assert "50.00 % ▁" in lines[1] and lines[1].endswith("█ 99.50 %")
    assert max(map(len, lines)) < columns


def test_curves_of_a_regression_are_the_loss_alone_and_one_epoch_is_no_curve():
    assert len(curves([epoch(1, accuracy=None), epoch(2, accuracy=None)])) == 1
    assert curves([epoch(1)]) == []


def test_a_loss_of_0_can_be_drawn():
    assert curves([epoch(1, 1.0), epoch(2, 0.0)])[0].split()[2] == "█▁"


# ------------------------------------------------------------------------------- side by side


def run_of(recipe, seed=0):
    return replace(made("small", 0.9123, seed), recipe=recipe)


def test_side_by_side_a_run_is_a_line_when_it_is_scored(capsys, clocked):
    progress_of_all = Progress([SMALL], 60_000, seeds=3, jobs=2)
    watching = [progress_of_all.watch(SMALL, seed) for seed in (0, 1)]
    for number in range(1, 5):
        clocked(10)
        for on_epoch in watching:
            on_epoch(epoch(number))
    assert capsys.readouterr().out == ""
    progress_of_all.finished(run_of(SMALL, 1))
    assert capsys.readouterr().out == (
        "1 of 3 runs done: small, seed 1, test accuracy 91.23 %, took 0:12, 0:20 left\n"
    )


def test_runs_that_were_made_before_are_counted_and_take_no_time(capsys, clocked):
    known = [run_of(SMALL, 0)]
    progress_of_all = Progress([SMALL], 60_000, seeds=3, jobs=2, known=known)
    on_epoch = progress_of_all.watch(SMALL, 1)
    for number in range(1, 5):
        clocked(10)
        on_epoch(epoch(number))
    progress_of_all.finished(run_of(SMALL, 1))
    assert capsys.readouterr().out.startswith("2 of 3 runs done: ")
    assert progress_of_all.left() == "0:40 left"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_side_by_side_there_is_one_bar_for_all(terminal, capsys, clocked, columns):
    terminal(columns)
    progress_of_all = Progress([SMALL], 60_000, seeds=2, jobs=2)
    for seed in (0, 1):
        on_epoch = progress_of_all.watch(SMALL, seed)
        for number in range(1, 5):
            clocked(10)
            on_epoch(epoch(number))
        progress_of_all.finished(run_of(SMALL, seed))
    shown = capsys.readouterr().err.split("\r")
    assert all(len(line.rstrip("\n")) < columns for line in shown)
    assert any("1 of 2 runs done" in line and "0:40 left" in line for line in shown)
    assert "2 of 2 runs done" in shown[-1] and "left" not in shown[-1]
