"""`python -m lessons`: what each command prints, its exit codes, and one line for what is wrong."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from lessons import __main__ as cli
from lessons import checking
from lessons.catalogue import HERE, all_lessons

pytestmark = [
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.usefixtures("forgets_new_ops"),
]

FIRST = all_lessons()[0]
INSTALL_TORCH = f"{cli.INSTALL} torch"


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    """Runs a command in an empty folder; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments, folder=HERE):
        try:
            code = cli.main([str(argument) for argument in arguments], folder)
        except SystemExit as stop:
            code = stop.code
        return (code, *capfd.readouterr())

    return command


def answers(tmp_path, source):
    file = tmp_path / "answers.py"
    file.write_text(source)
    return file


# ------------------------------------------------------------------------------------ bad input

BAD = {
    "no command": ([], "required: command"),
    "unknown command": (["learn"], "invalid choice: 'learn'"),
    "unknown number": (["check", "99"], "no lesson '99'; there are 01, "),
    "unknown name": (["notebook", "integral"], "no lesson 'integral'; there are 01, "),
    "unknown to run": (["run", "0"], "no lesson '0'"),
    "no lesson to run": (["run"], "required: NN"),
    "answers of nothing": (["check", "--file", "x.py"], "--file needs the one lesson"),
    "no such answers": (["check", "1", "--file", "nowhere.py"], "No such file"),
    "unknown option": (["list", "--all"], "unrecognized arguments: --all"),
    "notebook into a file": (["notebook", "1", "--out", "file"], "cannot be written"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_that_says_what_to_do_and_exit_code_2(run, tmp_path, case):
    if case == "notebook into a file":
        pytest.importorskip("jupytext", reason="the lessons extra is not installed")
    (tmp_path / "file").touch()
    arguments, words = BAD[case]
    code, _, err = run(*arguments)
    assert code == 2
    assert err.startswith("lessons: ") and err.count("\n") == 1
    assert words in err


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("jupytext", ["notebook", "1"]),
        ("nbconvert", ["html", "1"]),
        ("latex2mathml", ["html", "1"]),
        ("ipykernel", ["html", "1"]),
        ("griffe", ["html", "1"]),
    ],
)
def test_a_missing_extra_is_told_with_the_line_that_installs_it(
    run, monkeypatch, module, arguments
):
    pytest.importorskip("jupytext", reason="the lessons extra is not installed")
    monkeypatch.setitem(sys.modules, module, None)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err == f"lessons: this needs {module}; install it with: {cli.INSTALL}\n"


@pytest.mark.parametrize("command", ["run", "html"])
@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("torch", "import torch"),
        ("hypothesis", "from hypothesis import given"),
        ("hypothesis", "from tinygrad_mlp import testing"),
        ("hypothesis", "from tinygrad_mlp.testing import check_op"),
    ],
)
def test_a_lesson_that_needs_a_missing_extra_is_not_begun(
    run, tmp_path, monkeypatch, command, module, line
):
    if command == "html":
        pytest.importorskip("jupytext", reason="the lessons extra is not installed")
    (tmp_path / "01_one.py").write_text(f"{line}\n")
    monkeypatch.setitem(sys.modules, module, None)
    code, out, err = run(command, "1", folder=tmp_path)
    assert (code, out) == (2, "")
    line = INSTALL_TORCH if module == "torch" else cli.INSTALL
    assert err == f"lessons: this needs {module}; install it with: {line}\n"


def test_a_site_of_all_lessons_leaves_out_those_that_cannot_run(run, tmp_path, monkeypatch):
    pytest.importorskip("jupytext", reason="the lessons extra is not installed")
    from lessons import notebooks
    from lessons.site import pages

    (tmp_path / "01_one.py").write_text("import torch\n")
    (tmp_path / "02_two.py").write_text("print(1)\n")
    begun = []
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(pages, "check_texts", lambda lessons: None)
    monkeypatch.setattr(pages, "build", lambda lessons, out: out / "index.html")
    monkeypatch.setattr(notebooks, "execute", lambda lessons, _: begun.extend(lessons) or [])
    code, out, err = run("html", "--out", str(tmp_path / "site"), folder=tmp_path)
    assert (code, err) == (0, "")
    assert [lesson.name for lesson in begun] == ["02_two"]
    assert (
        f"01_one                     left out: this needs torch; install it with: {INSTALL_TORCH}"
        in out
    )


def test_a_check_that_needs_a_missing_extra_says_so(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    code, _, err = run("check", "1", "--file", answers(tmp_path, "import torch\n"))
    assert (code, err) == (2, f"lessons: this needs torch; install it with: {INSTALL_TORCH}\n")


# ------------------------------------------------------------------------ lessons without PyTorch

NEED_TORCH = [lesson for lesson in all_lessons() if "\n    import torch\n" in lesson.source]
NEED_HYPOTHESIS = [lesson for lesson in NEED_TORCH if "from hypothesis import" in lesson.source]


def told(module):
    return f"This lesson needs {module}; install it: {INSTALL_TORCH}"


@pytest.fixture
def hide(tmp_path):
    """Makes Python find no module of this name; gives the environment for a process."""

    def hidden(module):
        words = f"raise ModuleNotFoundError('No module named {module}', name={module!r})\n"
        (tmp_path / f"{module}.py").write_text(words)
        return os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(HERE.parent)])}

    return hidden


def test_no_lesson_imports_pytorch_or_hypothesis_without_a_word_for_those_who_lack_it():
    assert NEED_TORCH and NEED_HYPOTHESIS
    for lesson in all_lessons():
        assert not re.search(r"^(import|from) (torch|hypothesis)", lesson.source, re.M), lesson.name


@pytest.mark.parametrize(
    ("lesson", "module"),
    [(lesson, "torch") for lesson in NEED_TORCH]
    + [(lesson, "hypothesis") for lesson in NEED_HYPOTHESIS],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_as_a_script_it_says_in_one_line_what_it_needs(hide, lesson, module):
    done = subprocess.run(
        [sys.executable, str(lesson.path)], env=hide(module), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{told(module)}\n")


@pytest.mark.parametrize("lesson", NEED_TORCH, ids=lambda lesson: lesson.name)
def test_run_says_in_one_line_what_it_needs(run, monkeypatch, lesson):
    monkeypatch.setitem(sys.modules, "torch", None)
    code, out, err = run("run", lesson.number)
    assert (code, out) == (2, "")
    assert err == f"lessons: this needs torch; install it with: {INSTALL_TORCH}\n"


def test_as_a_notebook_it_says_in_one_line_what_it_needs(hide, monkeypatch):
    pytest.importorskip("jupytext", reason="the lessons extra is not installed")
    from lessons import notebooks

    monkeypatch.setattr(os, "environ", hide("torch"))
    [executed] = notebooks.execute(NEED_TORCH[:1], lambda executed: None)
    assert executed.error == f"SystemExit: {told('torch')}"
    outputs = [o for cell in executed.notebook.cells for o in cell.get("outputs", [])]
    assert not any("Traceback" in o.get("text", "") for o in outputs)


# ---------------------------------------------------------------------------------- list and run


def test_list_names_each_lesson_its_minutes_and_question(run):
    code, out, err = run("list")
    assert (code, err) == (0, "")
    words = " ".join(out.split())
    for lesson in all_lessons():
        told = f"{lesson.name[:2]} {lesson.title} {lesson.minutes} min {lesson.question}"
        assert " ".join(told.split()) in words
    assert all(len(line) <= 100 for line in out.splitlines())


def test_a_lesson_without_its_labels_is_named(run, tmp_path):
    (tmp_path / "01_one.py").write_text("# %% [markdown]\n# # 1. One\n#\n# text\n")
    code, _, err = run("list", folder=tmp_path)
    assert code == 2 and err.startswith("lessons: the first cell of 01_one.py has no paragraph")


@pytest.mark.parametrize("wanted", ["3", "03", "03_x_y", "x_y", "lessons/03_x_y.py"])
def test_a_lesson_can_be_named_in_any_way(run, tmp_path, wanted):
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "03_x_y.py").write_text("import tinygrad_mlp\nprint('ran', __name__)\n")
    assert run("run", wanted, folder=folder) == (0, "ran __main__\n", "")


def test_run_is_what_python_does_exit_code_and_all(run, tmp_path):
    (tmp_path / "01_good.py").write_text("print('fine', __name__)\n")
    (tmp_path / "02_bad.py").write_text("assert 1 == 2, 'not equal'\n")
    assert run("run", "1", folder=tmp_path) == (0, "fine __main__\n", "")
    code, out, err = run("run", "1", "2", folder=tmp_path)
    assert (code, out) == (1, "fine __main__\n") and "AssertionError: not equal" in err


# ---------------------------------------------------------------------------------------- check


def test_check_on_the_stubs_says_not_started_and_exits_with_1(run):
    for lesson in all_lessons():
        code, out, err = run("check", lesson.number)
        assert (code, err) == (1, "")
        lines = out.splitlines()
        assert lines[0].startswith(f"{lesson.number}. {lesson.title}: ")
        assert all(line.endswith("not started") for line in lines[1:-1])
        assert lines[-1] == f"0 of {len(lines) - 2} right"


def test_check_on_the_solutions_exits_with_0(run):
    code, out, err = run("check", "1", "--file", FIRST.beside("solutions"))
    assert (code, err) == (0, "")
    assert re.search(r"(\d) of \1 right\n$", out)


def test_check_tells_what_is_wrong_with_a_hint(run, tmp_path):
    source = FIRST.beside("solutions").read_text("utf-8")
    [name, *_] = re.findall(r"^def (\w+)", source, re.M)
    file = answers(tmp_path, f"{source}\n\ndef {name}(*args):\n    return None\n")
    code, out, err = run("check", "1", "--file", file)
    assert (code, err) == (1, "")
    assert re.search(rf"^  {name} +\S", out, re.M) and "Hint: " in out
    assert all(len(line) <= 100 for line in out.splitlines())


def test_an_exception_is_one_line_without_a_stack_trace(run, tmp_path):
    source = FIRST.beside("solutions").read_text("utf-8")
    [name, *_] = re.findall(r"^def (\w+)", source, re.M)
    source += f"\n\ndef {name}(*args):\n    return args[99]\n"
    code, out, err = run("check", "1", "--file", answers(tmp_path, source))
    assert (code, err) == (1, "")
    last = len(source.splitlines())
    assert f"raised IndexError: tuple index out of range, line {last}" in out
    assert "Traceback" not in out


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def f(:\n    pass\n", "SyntaxError: invalid syntax, line 1"),
        ("x = 1\n  y = 2\n", "IndentationError: unexpected indent, line 2"),
        ("x = 1\n\ny = z\n", "NameError: name 'z' is not defined, line 3"),
        ("import nothing_there\n", "ModuleNotFoundError: No module named 'nothing_there', line 1"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3, line 2"),
        ("import os\nos._exit(0)\n", "SystemExit: 0, line 2"),
    ],
)
def test_a_file_that_cannot_be_imported_is_told_in_one_line(run, tmp_path, source, told):
    code, out, err = run("check", "1", "--file", answers(tmp_path, source))
    assert (code, err) == (1, "")
    assert out.splitlines()[1:] == [f"  the file cannot be imported: {told}"]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no alarm")
def test_a_file_that_is_never_imported_to_its_end_is_stopped(run, tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "LIMIT", 0.5)
    code, out, err = run("check", "1", "--file", answers(tmp_path, "while True:\n    pass\n"))
    assert (code, err) == (1, "") and "was stopped after 0.5 seconds" in " ".join(out.split())


def test_an_exercise_that_was_renamed_is_told(run, tmp_path):
    code, out, _ = run("check", "1", "--file", answers(tmp_path, "x = 1\n"))
    assert code == 1 and "wrong: the file defines no " in " ".join(out.split())


def test_answers_are_read_afresh_each_time(run, tmp_path):
    file = answers(tmp_path, FIRST.beside("exercises").read_text("utf-8"))
    assert run("check", "1", "--file", file)[0] == 1
    shutil.copyfile(FIRST.beside("solutions"), file)
    assert run("check", "1", "--file", file)[0] == 0


def test_check_alone_shows_the_progress(run):
    code, out, err = run("check")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0].split() == ["lesson", "exercises", "right", "so", "far"]
    for lesson, line in zip(all_lessons(), lines[1:], strict=False):
        assert re.fullmatch(rf"{lesson.name[:2]}  {re.escape(lesson.title)} +[1-4] +0", line)
    assert re.fullmatch(r" +all +\d+ +0", lines[-1])


def test_the_repository_comes_with_stubs_and_progress_names_what_is_broken(run, monkeypatch):
    def unreadable(*_):
        raise cli.Unreadable("SyntaxError: invalid syntax, line 1")

    monkeypatch.setattr(cli, "judged", unreadable)
    code, out, _ = run("check")
    assert code == 1
    assert out.count("cannot be imported: SyntaxError: invalid syntax, line 1") == len(
        all_lessons()
    )


# ------------------------------------------------------------------------------------- notebook


def test_notebooks_are_valid_hold_all_cells_and_are_the_same_each_time(run, tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="the lessons extra is not installed")
    code, out, err = run("notebook")
    assert (code, err) == (0, "")
    assert out.count("written: ") == len(all_lessons())
    for lesson in all_lessons():
        path = tmp_path / "runs" / "notebooks" / f"{lesson.name}.ipynb"
        first = path.read_bytes()
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        kinds = [cell.cell_type == "markdown" for cell in notebook.cells]
        assert kinds == [cell.is_text for cell in lesson.cells]
        for cell, ours in zip(notebook.cells, lesson.cells, strict=True):
            assert cell.source == ours.source
        run("notebook", lesson.number)
        assert path.read_bytes() == first


# ------------------------------------------------------------------------------ real processes


def test_a_real_process_lists_and_refuses(tmp_path):
    def process(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "lessons", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(HERE.parent), "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
            timeout=300,
        )

    listed = process("list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert len(listed.stdout.splitlines()) >= len(all_lessons())
    refused = process("check", "99")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
