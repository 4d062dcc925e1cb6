"""Trainings side by side: the same bits as one after another, and nothing left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinygrad_mlp.data import ArrayDataset
from tinygrad_mlp.experiment import parallel
from tinygrad_mlp.experiment.parallel import run_all
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.train import Diverged

SHORT = {
    name: replace(RECIPES[name], epochs=2, hidden=(8,), train_images=200, batch_size=20)
    for name in ("basic", "small", "improved")
}
TASKS = [(recipe, seed) for recipe in SHORT.values() for seed in range(2)]


@pytest.fixture(scope="module")
def digits():
    rng = np.random.default_rng(0)
    images = rng.random((300, 28, 28), np.float32)
    return ArrayDataset(images[:200], rng.integers(0, 10, 200)), ArrayDataset(
        images[200:], rng.integers(0, 10, 100)
    )


def nobody(recipe, seed):
    return lambda epoch: None


def by_task(runs):
    return {(one.recipe, one.seed): one for one in runs}


@pytest.fixture(scope="module")
def alone(digits):
    return by_task(run_all(TASKS, *digits, nobody))


@pytest.fixture(scope="module")
def watched(digits):
    """Runs side by side, and what was seen of them."""
    seen = []

    def watch(recipe, seed):
        seen.append((recipe.name, seed, 0))
        return lambda epoch: seen.append((recipe.name, seed, epoch.epoch))

    return by_task(run_all(TASKS, *digits, watch, jobs=2)), seen


def test_runs_side_by_side_have_the_bits_of_runs_one_after_another(alone, watched):
    together, _ = watched
    assert together.keys() == alone.keys()
    for task, one in together.items():
        assert one.test.loss == alone[task].test.loss
        assert one.test.confusion.tolist() == alone[task].test.confusion.tolist()
        assert [e.loss for e in one.history] == [e.loss for e in alone[task].history]
        ours, theirs = one.model.state_dict(), alone[task].model.state_dict()
        assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_each_run_is_watched_from_its_beginning_through_all_its_epochs(watched):
    _, seen = watched
    for recipe, seed in TASKS:
        assert [n for name, s, n in seen if (name, s) == (recipe.name, seed)] == [0, 1, 2]


def test_what_a_training_raises_is_raised_here_and_no_worker_is_left(digits):
    bad = replace(SHORT["small"], lr=1e30)
    with pytest.raises(Diverged, match="small, seed 1"):
        list(run_all([(SHORT["basic"], 0), (bad, 1)], *digits, nobody, jobs=2))
    assert multiprocessing.active_children() == []


def test_a_worker_that_is_killed_is_named_and_does_not_hang(digits):
    def watch(recipe, seed):
        for child in multiprocessing.active_children():
            child.kill()
        return lambda epoch: None

    with pytest.raises(ChildProcessError, match=r"a worker was ended by signal 9 .* try fewer"):
        list(run_all(TASKS, *digits, watch, jobs=2))
    assert multiprocessing.active_children() == []


def test_a_worker_that_is_killed_while_it_starts_does_not_hang(digits, monkeypatch):
    start = multiprocessing.context.SpawnProcess.start

    def start_and_kill(process):
        start(process)
        process.kill()

    monkeypatch.setattr(multiprocessing.context.SpawnProcess, "start", start_and_kill)
    with pytest.raises(ChildProcessError, match="ended by signal 9"):
        list(run_all(TASKS, *digits, nobody, jobs=2))
    assert multiprocessing.active_children() == []


def test_nobody_waits_for_the_workers_of_a_loop_that_was_left(digits):
    for _ in run_all(TASKS, *digits, nobody, jobs=2):
        break
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="only POSIX has such masks")
def test_ctrl_c_reaches_this_process_and_no_worker(digits):
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            for _ in run_all(TASKS, *digits, nobody, jobs=2):
                for child in multiprocessing.active_children():
                    os.kill(child.pid, signal.SIGINT)
                    child.join(0.2)
                    assert child.is_alive()
                os.kill(os.getpid(), signal.SIGINT)
                threading.Event().wait(5)
    finally:
        signal.signal(signal.SIGINT, before)
    assert multiprocessing.active_children() == []


def test_no_more_workers_are_started_than_there_are_trainings(digits, monkeypatch):
    monkeypatch.setattr(parallel, "_workers", lambda *given: pytest.fail("workers were started"))
    assert len(list(run_all(TASKS[:1], *digits, nobody, jobs=8))) == 1
    assert list(run_all([], *digits, nobody, jobs=8)) == []


def count_right(one, test_data):
    one.measured["images"] = len(test_data)
    return one


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_else_is_measured_comes_with_the_run(digits, jobs):
    runs = run_all(TASKS[2:4], *digits, nobody, jobs, measure=count_right)
    assert [one.measured for one in runs] == [{"images": 100}] * 2


def test_the_cores_are_those_that_this_process_may_use():
    assert 1 <= parallel.cores() <= os.cpu_count()


SCRIPT = """
import numpy as np
from dataclasses import replace
from tinygrad_mlp.data import ArrayDataset
from tinygrad_mlp.experiment.parallel import run_all
from tinygrad_mlp.experiment.recipes import RECIPES

data = ArrayDataset(np.zeros((40, 28, 28), np.float32), np.arange(40) % 10)
recipe = replace(RECIPES["small"], epochs=1, train_images=40)
"""
CALL = """runs = run_all([(recipe, 0), (recipe, 1)], data, data, lambda *run: lambda e: None, 2)
{indent}print(sorted(one.seed for one in runs))
"""


def script(path, text):
    path.write_text(SCRIPT + text)
    environment = os.environ | {"PYTHONPATH": str(Path(parallel.__file__).parents[2])}
    return subprocess.run(
        [sys.executable, path], env=environment, capture_output=True, text=True, timeout=300
    )


def test_a_script_of_the_user_may_train_side_by_side(tmp_path):
    guarded = 'if __name__ == "__main__":\n    ' + CALL.format(indent="    ")
    done = script(tmp_path / "train.py", guarded)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[0, 1]\n", "")


def test_a_script_that_each_worker_would_run_is_told_what_to_do(tmp_path):
    done = script(tmp_path / "train.py", CALL.format(indent=""))
    assert done.returncode == 1
    assert 'must do so under `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]
