"""Ctrl-C and SIGTERM at any moment: always one line, 130 or 143, and only true claims."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mlp
from tinygrad_mlp import checkpoint, files, stopping
from tinygrad_mlp.data.prefetch import prepared_ahead
from tinygrad_mlp.experiment import cli
from tinygrad_mlp.experiment.command import Signals, run_command
from tinygrad_mlp.experiment.recipes import Recipe
from tinygrad_mlp.experiment.training import begin, save

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one process")

SLOW = pytest.mark.slow
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def ordinary_signals():
    """Also where the tests were started with Ctrl-C ignored, as after `nohup ... &`."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def start(*arguments, folder=None, **options):
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(tinygrad_mlp.__file__).parents[1])},
        **options,
    )


# ------------------------------------------------------------------------------ while it is loaded

MOMENTS = [
    "tinygrad_mlp.stopping",
    "numpy.linalg",
    "tinygrad_mlp.ops",
    "tinygrad_mlp.nn.module",
    "tinygrad_mlp",
    "PIL.Image",
    "matplotlib.figure",
    "tinygrad_mlp.plot",
]
"""Modules, as they are loaded one after the other."""


def load_until(module, number, **options):
    """Start a command, send it a signal once this module was loaded; exit code, and its stderr."""
    started = start("-X", "importtime", "-m", "tinygrad_mlp", "compare", "--list", **options)
    said = ""
    for line in started.stderr:
        if not line.startswith("import time:"):
            said += line
        elif line.split("|")[-1].strip() == module:
            started.send_signal(number)
    started.stdout.close()
    started.stderr.close()
    return started.wait(timeout=300), said


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("module", MOMENTS)
def test_a_signal_while_the_program_is_loaded_is_one_line(module, number):
    code, said = load_until(module, number)
    assert (code, said) == (128 + number, "\nstopped; nothing was begun\n")


def test_ctrl_c_that_is_ignored_stays_ignored():
    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    assert load_until("tinygrad_mlp.ops", signal.SIGINT, preexec_fn=ignore) == (0, "")


def test_importing_the_package_changes_no_signals():
    code = (
        "import signal\n"
        "before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]\n"
        "import tinygrad_mlp, tinygrad_mlp.experiment.cli\n"
        "assert before == [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]\n"
    )
    started = start("-c", code)
    assert (started.communicate(timeout=300), started.returncode) == (("", ""), 0)


@pytest.mark.parametrize(
    ("argv", "original", "is_it"),
    [
        (["-m", "compare"], ["python", "-m", "tinygrad_mlp", "compare"], True),
        (["-m"], ["python", "-X", "dev", "-m", "tinygrad_mlp"], True),
        (["/usr/bin/tinygrad-mlp", "train"], ["python", "/usr/bin/tinygrad-mlp", "train"], True),
        (["-m", "tests"], ["python", "-m", "pytest", "tinygrad_mlp"], False),
        (["/x/train.py"], ["python", "/x/train.py", "-m", "tinygrad_mlp"], False),
        ([stopping.LESSONS, "check"], ["python", "-m", "lessons", "check"], True),
        (["/x/lessons/__main__.py"], ["python", "-m", "lessons"], False),
        (["-c"], ["python", "-c", "import tinygrad_mlp"], False),
        ([""], ["python"], False),
        ([], [], False),
    ],
)
def test_the_program_knows_when_it_is_the_program(monkeypatch, argv, original, is_it):
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(sys, "orig_argv", original)
    assert stopping.is_the_program() == is_it


# -------------------------------------------------------------------------------- while it runs


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_inside_the_work_is_told_with_its_exit_code(number, capsys):
    def work():
        os.kill(os.getpid(), number)
        pytest.fail("the work went on")

    assert run_command("program", work, "stopped; nothing is lost") == 128 + number
    assert capsys.readouterr() == ("", "\nstopped; nothing is lost\n")


@pytest.mark.parametrize("second", SIGNALS)
@pytest.mark.parametrize("first", SIGNALS)
def test_the_work_may_put_things_in_order_whatever_comes_second(first, second, capsys):
    told = []

    def work():
        try:
            os.kill(os.getpid(), first)
        finally:
            os.kill(os.getpid(), second)
            told.append("in order")

    assert run_command("program", work) == 128 + first
    assert told == ["in order"]
    assert capsys.readouterr() == ("", "\nstopped\n")


@pytest.mark.parametrize("number", SIGNALS)
def test_within_another_program_the_third_signal_interrupts_again(number):
    told = []

    def work():
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), number)
            told.append("second")
            os.kill(os.getpid(), number)
            told.append("never")

    assert run_command("program", work) == 128 + number
    assert told == ["second"]


STUBBORN = """
import os, signal, sys, time
from tinygrad_mlp import stopping
from tinygrad_mlp.experiment.command import run_command
from tinygrad_mlp.files import _open_beside
from pathlib import Path
signal.signal(signal.SIGINT, stopping.at_once)
signal.signal(signal.SIGTERM, stopping.at_once)

def work():
    handle, beside, place = _open_beside(Path("file"))
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        print("ending", flush=True)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(0.01)

sys.exit(run_command("program", work, "stopped; nothing is lost"))
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_the_third_signal_ends_the_program_at_once_with_nothing_half_written(tmp_path, number):
    started = start("-c", STUBBORN, folder=tmp_path)
    assert started.stdout.readline() == "begun\n"
    started.send_signal(number)
    assert started.stdout.readline() == "ending\n"
    for other in (signal.SIGINT, signal.SIGTERM):
        time.sleep(0.1)  # two that come together count as one
        assert started.poll() is None
        started.send_signal(other)
    _, err = started.communicate(timeout=30)
    assert (started.returncode, err) == (128 + number, "\nstopped; nothing is lost\n")
    assert list(tmp_path.iterdir()) == []


class Swallows:
    """What Python does not let raise anything: a signal in its end would be forgotten."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_where_python_swallows_errors_stops_the_work_all_the_same(number, capsys):
    def work():
        Swallows(number)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            pass

    assert run_command("program", work) == 128 + number
    assert capsys.readouterr() == ("", "\nstopped\n")


def test_other_errors_that_python_swallows_are_shown_as_before(capsys, monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda error: seen.append(error.exc_type))

    class Faulty:
        def __del__(self):
            raise ZeroDivisionError

    assert run_command("program", lambda: Faulty() and 0) == 0
    assert seen == [ZeroDivisionError]


def test_a_signal_before_the_work_begins_is_not_forgotten(monkeypatch, capsys):
    before = Signals.end_if_one_has_come
    monkeypatch.setattr(
        Signals, "end_if_one_has_come", lambda self: (self.came.append(2), before(self))
    )
    assert run_command("program", lambda: pytest.fail("it was begun")) == 130
    assert capsys.readouterr() == ("", "\nstopped\n")


def test_a_reader_that_is_gone_changes_nothing_about_a_stop(tmp_path):
    """As in `python -m tinygrad_mlp compare 2>&1 | head`, where Ctrl-C reaches both."""
    code = STUBBORN.replace('print("ending", flush=True)', 'print("x" * 100_000, flush=True)')
    read, written = os.pipe()
    started = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=written,
        stderr=written,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(tinygrad_mlp.__file__).parents[1])},
    )
    os.close(written)
    assert os.read(read, 5) == b"begun"
    os.close(read)
    started.send_signal(signal.SIGINT)
    assert started.wait(timeout=30) == 130


class Nervous:
    """A stream to which nothing can be written without a signal."""

    def __init__(self, number):
        self.number = number
        self.text = ""

    def write(self, text):
        os.kill(os.getpid(), self.number)
        self.text += text

    def flush(self):
        os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ValueError("it is wrong"), 2, "program: it is wrong\n"),
        (KeyboardInterrupt(), None, "\nstopped\n"),
    ],
)
def test_a_signal_while_the_line_is_written_does_not_break_it(
    number, error, code, words, monkeypatch
):
    def work():
        raise error

    stream = Nervous(number)
    monkeypatch.setattr(sys, "stderr", stream)
    assert run_command("program", work) in ([code] if code else [130, 143])
    assert stream.text == words


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_have_their_former_meaning_after_a_command(number):
    before = [signal.getsignal(each) for each in SIGNALS]
    for work in (lambda: 0, lambda: os.kill(os.getpid(), number)):
        run_command("program", work)
        assert [signal.getsignal(each) for each in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_program_that_has_done_its_work_ends_as_if_nothing_had_come(number):
    code = (
        "import os, signal, sys\n"
        "from tinygrad_mlp import stopping\n"
        "from tinygrad_mlp.experiment.command import run_command\n"
        "signal.signal(signal.SIGINT, stopping.at_once)\n"
        "signal.signal(signal.SIGTERM, stopping.at_once)\n"
        "code = run_command('program', lambda: 7)\n"
        f"os.kill(os.getpid(), {int(number)})\n"
        "sys.exit(code)\n"
    )
    started = start("-c", code)
    assert (started.communicate(timeout=300), started.returncode) == (("", ""), 7)


def test_a_command_may_run_in_any_thread():
    import threading

    codes = []
    thread = threading.Thread(target=lambda: codes.append(run_command("program", lambda: 3)))
    thread.start()
    thread.join()
    assert codes == [3]


# -------------------------------------------------------------------------------- at any moment


class Bystander:
    """Something to which other code has a weak reference with a callback."""


def some_work(folder):
    """What commands do: prepare batches in a thread, let go of things, write, and clean up."""
    try:
        for _batch in prepared_ahead(iter([1, 2])):
            bystander = Bystander()
            _ = weakref.ref(bystander, lambda _: str(_))
            del bystander
        next(prepared_ahead(iter([1, 2])))  # left early
        files.check_writable(folder / "model")
        files.write_whole(folder / "model", "new" * 9)
    finally:
        files.write_whole(folder / "report", "new" * 9)
    return 0


class Sender:
    """Sends a signal at the n-th event in our files, and tells another when to send its own."""

    OURS = (__file__, str(Path(tinygrad_mlp.__file__).parent))

    def __init__(self, number, moment=0, other=None, gap=0):
        self.number = number
        self.left = moment
        self.other = other
        self.gap = gap

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(self.OURS):
            return None
        self.left -= 1
        if self.left == 0:
            if self.other is not None:
                self.other.left = self.gap
            signal.raise_signal(self.number)
        return self


def run_with(first, second, folder):
    """Run the work with a signal at one of its lines, and one at a call or return after it."""

    def command():
        sys.setprofile(second)
        sys.settrace(first)
        return some_work(folder)

    for number in SIGNALS:
        signal.signal(number, stopping.at_once)  # as in a program; in the end they are ignored
    others = sys.gettrace(), sys.getprofile()  # one of them may count what the tests reach
    try:
        return run_command("program", command)
    finally:
        sys.settrace(others[0])
        sys.setprofile(others[1])


# A file that was just opened may be left to Python to close.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <_io.FileIO")
def test_two_signals_at_any_two_moments_are_one_line_and_lose_no_file(tmp_path, capsys):
    """The first at each line that is run, one after the other."""
    rng = np.random.default_rng(0)
    contents = set()
    for moment in itertools.count(1):
        for name in ("model", "report"):
            (tmp_path / name).write_text("old" * 9)
        one, other = map(int, rng.choice(SIGNALS, 2))
        second = Sender(other)
        first = Sender(one, moment, second, gap=int(rng.integers(1, 40)))
        code = run_with(first, second, tmp_path)
        if not code:
            break
        said = capsys.readouterr()
        assert code == 128 + one
        assert said.err in ("\nstopped\n", "\nstopped; everything was finished\n")
        assert {path.name for path in tmp_path.iterdir()} == {"model", "report"}
        contents |= {path.read_text() for path in tmp_path.iterdir()}
    assert moment > 100
    assert contents == {"old" * 9, "new" * 9}


COMMANDS = [
    "-m tinygrad_mlp compare --quick --recipes small --out compared",
    "-m tinygrad_mlp train --hidden 3 --batch-size 6000 --epochs 3 --force --out model",
    "-m tinygrad_mlp show --augment --out show.png",
    "-m tinygrad_mlp export saved --force --out weights",
    "-m lessons list",
    "-m lessons check 1",
]


def stop_at_random(command, folder, rng):
    """Start a command, and send it up to four signals; the first of them, and what came of it."""
    started = start("-X", "importtime", *command.split(), folder=folder)
    said, printed = [], []
    begun = threading.Event()

    def listen():
        for line in started.stderr:
            if not line.startswith("import time:"):
                said.append(line)
            elif "tinygrad_mlp.stopping" in line:
                begun.set()
        begun.set()

    threads = [
        threading.Thread(target=listen),
        threading.Thread(target=lambda: printed.append(started.stdout.read())),
    ]
    for thread in threads:
        thread.start()
    begun.wait(60)
    number = int(rng.choice(SIGNALS))
    time.sleep(rng.uniform(0, 4))
    for _ in range(rng.integers(1, 5)):
        started.send_signal(number)  # the same each time: two that come together have no order
        time.sleep(rng.exponential(0.05))
    code = started.wait(120)
    for thread in threads:
        thread.join()
    started.stdout.close()
    started.stderr.close()
    return number, code, printed[0], "".join(said)


def look_at_what_is_left(folder, printed):
    """Every file is whole, none is half written, and what was claimed is there."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        assert not path.name.startswith("."), path
        if path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        elif path.suffix == ".html":
            assert path.read_text("utf-8").rstrip().endswith("</html>")
        elif path.suffix == ".png":
            assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
        else:
            checkpoint.read(path)
    for line in printed.splitlines():
        if line.startswith("written: "):
            for name in line.removeprefix("written: ").split(", "):
                assert name.endswith(" MB") or (folder / name).is_file()


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=SLOW) for n in range(2, 300))])
def test_signals_at_random_moments_of_a_command_are_one_line_and_lose_nothing(tmp_path, seed):
    rng = np.random.default_rng(seed)
    save(tmp_path / "saved", begin(Recipe("small", "small", hidden=(3,)), 0))
    command = COMMANDS[seed % len(COMMANDS)]
    number, code, printed, said = stop_at_random(command, tmp_path, rng)
    look_at_what_is_left(tmp_path, printed)
    if code == 128 + number:
        assert said in {
            f"\nstopped{words}\n"
            for words in (
                "",
                "; nothing was begun",
                "; only what was finished is written",
                "; everything was finished",
            )
        }
    else:  # it was faster
        assert (code, said) == (1 if "check" in command else 0, "")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="there is no /proc")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_lesson_that_is_run_ends_with_the_command_and_says_nothing_itself(number):
    started = start("-m", "lessons", "run", "5", start_new_session=True)
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
    while not children.read_text():
        time.sleep(0.05)
    lesson = children.read_text().strip()
    while b"lessons" not in Path(f"/proc/{lesson}/cmdline").read_bytes():
        time.sleep(0.05)  # it is not Python yet
    time.sleep(0.5)
    os.killpg(started.pid, number)  # as the terminal sends Ctrl-C
    _, err = started.communicate(timeout=60)
    assert (started.returncode, err) == (128 + number, "\nstopped\n")
    assert not Path(f"/proc/{lesson}").exists()


# ---------------------------------------------------------------------------------- true claims


@pytest.fixture
def compared(tmp_path, monkeypatch, capsys):
    """Runs a quick comparison in an empty folder; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run():
        code = cli.main(["compare", "--quick", "--recipes", "small", "--out", "out"])
        return (code, *capsys.readouterr())

    return run


@pytest.mark.parametrize("number", SIGNALS)
def test_a_report_that_was_not_written_is_not_claimed(compared, monkeypatch, number):
    stop = lambda *given: os.kill(os.getpid(), number)  # noqa: E731
    monkeypatch.setattr("tinygrad_mlp.experiment.compare.write_pictures", stop)
    code, out, err = compared()
    assert (code, err) == (128 + number, "\nstopped; only what was finished is written\n")
    assert out.splitlines()[-1] == f"written: {Path('out', 'results.json')}"
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "first-weights.safetensors",
        "results.json",
    ]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_training_that_is_stopped_keeps_its_last_epoch(tmp_path, number):
    started = start(
        "-m", "tinygrad_mlp", "train", "--hidden", "3", "--batch-size", "6000", "--epochs", "999",
        folder=tmp_path,
    )  # fmt: skip
    for line in started.stdout:
        if "epoch 2/" in line:
            break
    started.send_signal(number)
    _, err = started.communicate(timeout=300)
    assert (started.returncode, err) == (
        128 + number,
        "\nstopped; only what was finished is written\n",
    )
    written = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert written == ["model.png", "model.safetensors"]
