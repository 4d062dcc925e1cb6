"""Trainings side by side: the same bits as one after another, and nothing left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tinygrad_mlp.data import ArrayDataset
from tinygrad_mlp.experiment import parallel
from tinygrad_mlp.experiment.parallel import run_all
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.train import Diverged, Epoch

from .made_runs import made

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


@pytest.mark.parametrize("which", [0, 1])
def test_one_worker_of_two_that_is_killed_does_not_hang(which, digits):
    killed = []

    def watch(recipe, seed):
        if not killed:
            killed.append(sorted(multiprocessing.active_children(), key=lambda c: c.pid)[which])
            killed[0].kill()
        return lambda epoch: None

    with pytest.raises(ChildProcessError, match="ended by signal 9"):
        list(run_all(TASKS[:2], *digits, watch, jobs=2))
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


def wait_long(one, test_data):
    """Measure the runs of seed 1 for two minutes."""
    threading.Event().wait(120 * one.seed)
    return one


def test_nobody_waits_for_a_worker_that_is_busy_when_something_is_raised(digits):
    def watch(recipe, seed):
        def on_epoch(epoch):
            if (seed, epoch.epoch) == (1, 2):
                raise KeyboardInterrupt

        return on_epoch

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(run_all(TASKS[2:4], *digits, watch, jobs=2, measure=wait_long))
    assert time.monotonic() - began < 100


def test_nobody_waits_for_the_workers_of_a_loop_that_was_left(digits):
    for _ in run_all(TASKS, *digits, nobody, jobs=2):
        children = multiprocessing.active_children()
        assert len(children) == 2 and all(child.daemon for child in children)
        break
    assert all(child.exitcode is not None for child in children)


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


@pytest.fixture
def trained(monkeypatch):
    """How trainings were begun that are not made: a made-up run takes the place of each."""
    found = []

    def run(recipe, train_data, test_data, seed, on_epoch, compiled, ahead=True):
        threads = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
        interrupted = signal.getsignal(signal.SIGINT)
        found.append(dict(locals()))
        on_epoch(Epoch(1, 0.5, 0.8, 1.0))
        if seed == 7:
            raise Diverged("a loss that is not a number")
        return replace(made("small", 0.9, seed), recipe=recipe, measured={})

    monkeypatch.setattr(parallel, "run", run)
    return found


def test_trainings_are_made_here_with_one_thread_and_speedups_unless_told_otherwise(
    digits, trained, monkeypatch
):
    monkeypatch.setattr(parallel, "_workers", lambda *given: pytest.fail("workers were started"))
    with threadpool_limits(2, user_api="blas"):
        runs = [*run_all(TASKS, *digits, nobody), *run_all(TASKS[:1], *digits, nobody, 1, False)]
    assert [(one.recipe, one.seed) for one in runs] == [*TASKS, TASKS[0]]
    assert [one["compiled"] for one in trained] == [True] * len(TASKS) + [False]
    assert all(set(one["threads"]) <= {1} for one in trained)


class Asker:
    """What a worker hears and says, without a second process; it hears the end after the rest."""

    def __init__(self, *asked, broken=False):
        self.asked, self.broken, self.said = list(asked), broken, []

    def recv(self):
        if not self.asked:
            raise EOFError
        return self.asked.pop(0)

    def send(self, said):
        if self.broken:
            raise BrokenPipeError
        self.said.append(said)


@pytest.fixture
def sigint():
    """Whatever is done to Ctrl-C is undone."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("sigint")
@pytest.mark.parametrize("compiled", [False, True])
def test_a_worker_trains_alone_on_its_core_and_says_each_epoch_and_each_run(
    digits, trained, compiled
):
    asker = Asker((*digits, compiled, None), (SHORT["small"], 3), (SHORT["basic"], 4))
    with threadpool_limits(2, user_api="blas"):
        parallel._work(asker)
    assert [type(one).__name__ for one in asker.said] == ["Epoch", "Run"] * 2
    assert [(one.recipe.name, one.seed) for one in asker.said[1::2]] == [("small", 3), ("basic", 4)]
    for one in trained:
        assert (one["compiled"], one["ahead"]) == (compiled, False)
        assert set(one["threads"]) <= {1} and one["interrupted"] == signal.SIG_IGN
        assert (one["train_data"], one["test_data"]) == digits


@pytest.mark.usefixtures("sigint", "trained")
def test_a_worker_says_what_a_training_raised_and_trains_what_it_is_asked_next(digits):
    asker = Asker((*digits, True, count_right), (SHORT["small"], 7), (SHORT["small"], 1))
    parallel._work(asker)
    _, error, _, one = asker.said
    assert isinstance(error, Diverged)
    assert (one.seed, one.measured) == (1, {"images": 100})


@pytest.mark.usefixtures("sigint", "trained")
def test_a_worker_to_which_nobody_listens_ends(digits):
    asker = Asker((*digits, True, None), (SHORT["small"], 0), (SHORT["small"], 1), broken=True)
    parallel._work(asker)
    assert asker.asked == [(SHORT["small"], 1)]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="only POSIX has such masks")
@pytest.mark.parametrize("blocked", [set(), {signal.SIGINT}])
def test_ctrl_c_waits_while_a_worker_is_started_and_is_as_before_then(blocked):
    def mask():
        return signal.pthread_sigmask(signal.SIG_BLOCK, set())

    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    try:
        whole = mask()
        with pytest.raises(KeyError), parallel._without_interruption():
            assert mask() == whole | {signal.SIGINT}
            raise KeyError
        assert mask() == whole
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_a_worker_is_started_where_signals_cannot_be_blocked(monkeypatch):
    monkeypatch.delattr(signal, "pthread_sigmask", raising=False)
    started = []
    with parallel._without_interruption():
        started.append(True)
    assert started


class Ended:
    """A process whose exit code is known once it was waited for."""

    exitcode = None

    def __init__(self, code):
        self.code = code

    def join(self):
        self.exitcode = self.code


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (-9, "ended by signal 9 in the middle"),
        (-1, "ended by signal 1 in the middle"),
        (0, "ended with exit code 0;"),
        (1, "ended with exit code 1;"),
    ],
)
def test_the_exit_code_of_a_worker_says_how_it_ended(code, told):
    assert told in str(parallel._ended(Ended(code)))


def test_the_cores_are_those_that_this_process_may_use(monkeypatch):
    assert 1 <= parallel.cores() <= os.cpu_count()
    asked = {0: {0, 5, 6}, os.getpid(): {0, 5, 6}}
    monkeypatch.setattr(os, "sched_getaffinity", asked.__getitem__, raising=False)
    assert parallel.cores() == 3


@pytest.mark.parametrize(("found", "cores"), [(5, 5), (None, 1)])
def test_where_no_system_says_which_cores_all_are_counted_or_one(found, cores, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: found)
    assert parallel.cores() == cores


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
