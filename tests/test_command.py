"""What the command lines share: how each way to end becomes an exit code and at most one line."""

import argparse
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_mlp
from tinygrad_mlp.experiment.command import Complaints, Parser, run_command


@pytest.mark.parametrize("code", [0, 1, 7])
def test_a_command_that_ends_by_itself_decides_its_exit_code(code, capsys):
    assert run_command("program", lambda: code) == code
    assert capsys.readouterr() == ("", "")


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    "error", [ValueError("it is\n  too   long"), FileNotFoundError("it is too long")]
)
def test_bad_input_is_reported_in_one_line_with_exit_code_2(error, capsys):
    assert run_command("program", raising(error)) == 2
    assert capsys.readouterr() == ("", "program: it is too long\n")


def test_several_complaints_have_a_line_each(capsys):
    several = Complaints([ValueError("it is\n too long"), FileNotFoundError("it is not there")])
    assert run_command("program", raising(several)) == 2
    lines = "program: it is too long\nprogram: it is not there\n"
    assert capsys.readouterr() == ("", lines)
    assert str(several) == "it is\n too long; it is not there"


def test_what_a_terminal_would_obey_is_shown_instead(capsys):
    words = "\x1b[2J\x1b]0;title\x07 \u202eabc \x9b31m \ud800 é ± 数"
    assert run_command("program", raising(ValueError(words))) == 2
    shown = r"\x1b[2J\x1b]0;title\x07 \u202eabc \x9b31m \ud800 é ± 数"
    assert capsys.readouterr().err == f"program: {shown}\n"


def test_a_complaint_is_not_endless(capsys):
    assert run_command("program", raising(ValueError("word " * 100_000))) == 2
    assert len(capsys.readouterr().err) < 2000


def test_ctrl_c_is_130_and_says_what_became_of_the_work(capsys):
    assert run_command("program", raising(KeyboardInterrupt()), "stopped; nothing is lost") == 130
    assert capsys.readouterr() == ("", "\nstopped; nothing is lost\n")


@pytest.mark.parametrize("error", [TypeError("a fault"), ZeroDivisionError(), SystemExit(3)])
def test_faults_of_the_program_are_not_taken_for_bad_input(error):
    with pytest.raises(type(error)):
        run_command("program", raising(error))


def parse(*arguments):
    parser = Parser(prog="program")
    commands = parser.add_subparsers(required=True, metavar="command", parser_class=Parser)
    commands.add_parser("add").add_argument("number", type=int)
    return lambda: parser.parse_args(arguments).number


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required: command (program --help lists the options)"),
        (["add"], "the following arguments are required: number (program add --help lists"),
        (["add", "x"], "argument number: invalid int value: 'x' (program add --help lists"),
        (["add", "1", "-v"], "unrecognized arguments: -v (program --help lists the options)"),
    ],
)
def test_a_parser_complains_in_one_line_without_its_usage(arguments, complaint, capsys):
    assert run_command("program", parse(*arguments)) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"program: {complaint}") and err.count("\n") == 1
    assert run_command("program", parse("add", "5")) == 5


def test_a_complaint_about_an_argument_is_reported_too(capsys):
    def small(text):
        raise argparse.ArgumentTypeError("needs a small number")

    parser = Parser(prog="program")
    parser.add_argument("--size", type=small)
    assert run_command("program", lambda: parser.parse_args(["--size", "9"])) == 2
    assert "argument --size: needs a small number" in capsys.readouterr().err


def test_characters_that_the_terminal_lacks_are_shown_as_question_marks(monkeypatch):
    bytes_ = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_, "ascii"))
    assert run_command("program", lambda: print("1 ± 2") or 0) == 0
    assert bytes_.getvalue().splitlines() == [b"1 ? 2"]


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently on Windows")
def test_a_reader_that_has_had_enough_gives_141_and_no_complaint():
    code = (
        "import sys, time; from tinygrad_mlp.experiment.command import run_command\n"
        "sys.stdin.read()\n"
        "sys.exit(run_command('program', lambda: print('words') or 0))"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(tinygrad_mlp.__file__).parents[1])},
    )
    started.stdout.close()
    started.stdin.close()
    with started.stderr:
        assert started.stderr.read() == ""
    assert started.wait(timeout=300) == 141
