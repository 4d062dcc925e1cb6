"""Ctrl-C and SIGTERM at any moment: always one line, 130 or 143, and only true claims."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_mlp
from tinygrad_mlp import stopping
from tinygrad_mlp.experiment import cli
from tinygrad_mlp.experiment.command import run_command

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one process")

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
    "tinygrad_mlp.experiment.plot",
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


@pytest.mark.parametrize("number", SIGNALS)
def test_the_work_may_put_things_in_order_until_the_next_signal(number):
    told = []

    def work():
        try:
            os.kill(os.getpid(), number)
        finally:
            told.append("first")
            os.kill(os.getpid(), number)
            told.append("never")

    assert run_command("program", work) == 128 + number
    assert told == ["first"]


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
    assert [path.name for path in Path("out").iterdir()] == ["results.json"]


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
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["model.safetensors"]
