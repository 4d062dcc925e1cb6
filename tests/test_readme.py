"""The README and the pages of reference: their samples run, their commands and files exist."""

import ast
import importlib
import importlib.metadata
import importlib.util
import io
import json
import re
import shlex
import subprocess
import sys
import tokenize
import tomllib
from argparse import ArgumentParser
from pathlib import Path
from unittest import mock

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lessons.catalogue import REFERENCE, all_lessons, all_references
from tinygrad_mlp.engine import OPS
from tinygrad_mlp.experiment.compare import table
from tinygrad_mlp.experiment.results import read_results

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FILES = [ROOT / "README.md", *(page.path for page in all_references())]


def per_file(test):
    return pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)(test)


# -------------------------------------------------------------------------------------- samples


def samples(file):
    """The code of a page, with the extras that are named above it in its section.

    Blocks for which the same installation is enough are one sample: a later one may build on an
    earlier one.
    """
    text = file.read_text("utf-8")
    found = []
    for block in re.finditer(r"```python\n(.*?)```", text, re.S):
        section = text[: block.start()].rpartition("\n## ")[2]
        extras = re.findall(r'pip install -e "\.\[([\w,]+)\]"', section)[-1:]
        before = found.pop()[1] if found and found[-1][0] == extras else ""
        found.append((extras, before + block[1]))
    return found


SAMPLES = [
    pytest.param(code, ",".join(extras), id=f"{file.name}-{i}")
    for file in FILES
    for i, (extras, code) in enumerate(samples(file))
]


@pytest.mark.parametrize(("code", "extras"), SAMPLES)
def test_a_sample_runs_and_prints_what_its_comments_say(code, extras, capsys):
    try:
        exec(compile(code, "sample", "exec"), {"__name__": "sample"})
    finally:
        OPS.pop("cube", None)
    promised = re.findall(r"print\(.*\) +# (tensor\(\[.*?\]\))", code)
    assert capsys.readouterr().out.split("\n")[: len(promised)] == promised


@pytest.mark.parametrize(("code", "extras"), SAMPLES)
def test_a_sample_needs_no_more_than_the_install_that_is_named_above_it(code, extras):
    assert run_with(extras.split(",") if extras else [], code)[0] == 0


def test_the_first_command_needs_no_more_than_the_package_itself(tmp_path):
    arguments = ["compare", "--quick", "--recipes", "small", "--out", str(tmp_path)]
    code, _ = run_with([], command("tinygrad_mlp", arguments))
    assert code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "first-weights.safetensors",
        "report.html",
        "results.json",
    }


def test_the_second_command_collects_all_tests_with_what_it_installs():
    code, out = run_with(["test"], command("pytest", ["--collect-only", "-q"]))
    assert code == 0, out[-2000:]


def test_a_sample_that_needs_more_would_be_noticed():
    assert run_with(["test"], "import hypothesis, torch")[0] == 0
    assert run_with([], "import hypothesis")[0] == 1
    assert run_with([], "import torch")[0] == 1
    assert run_with(["test"], "import nbconvert")[0] == 1


def command(module, arguments):
    """The Python code of `python -m module arguments`."""
    return (
        f"import runpy, sys\nsys.argv[1:] = {arguments!r}\n"
        f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )


def run_with(extras, code):
    """Run code where only the package and these extras are installed; exit code and output."""
    hidden = json.dumps(sorted(not_installed_by(extras)))
    before = f"""
import sys
class Hidden:
    names = set({hidden})
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
"""
    done = subprocess.run(
        [sys.executable, "-c", before + code], cwd=ROOT, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def not_installed_by(extras):
    """The modules in this environment that installing the package with `extras` does not bring."""
    wanted = [*PROJECT["dependencies"]]
    for extra in extras:
        wanted += PROJECT["optional-dependencies"][extra]
    brought = {"tinygrad-mlp", "pip", "setuptools"}
    while wanted:
        requirement = Requirement(wanted.pop())
        name = canonicalize_name(requirement.name)
        if name in brought or (requirement.marker and not requirement.marker.evaluate()):
            continue
        brought.add(name)
        try:
            wanted += importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"{name} is not installed")
    # not what setuptools carries inside itself, which is on the path once it has been imported
    installed = [place for place in sys.path if Path(place).name != "_vendor"]
    with mock.patch.object(sys, "path", installed):
        modules = importlib.metadata.packages_distributions()
    return {m for m, names in modules.items() if not brought & set(map(canonicalize_name, names))}


# ------------------------------------------------------------------------------------- commands


class Parsed(BaseException):
    """The arguments were understood; what they ask for is not done here."""


def commands_in(file):
    """The commands of a page: in blocks of code, and between backticks."""
    text = re.sub(r"```.*?```", "", file.read_text("utf-8"), flags=re.S)
    lines = [*re.findall(r"^    (\S.*)$", text, re.M), *re.findall(r"`(python [^`]+)`", text)]
    return {command.strip() for line in lines for command in line.split("&&")}


COMMANDS = sorted(set().union(*map(commands_in, FILES)))


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_one_that_there_is(line, monkeypatch):
    program, *arguments = shlex.split(line)
    if program == "torchrun":  # comes with PyTorch, and takes a script
        assert (ROOT / arguments[-1]).is_file()
        return
    assert program == "python", line
    if arguments[0] != "-m":
        assert (ROOT / arguments[0]).is_file()
        return
    module, *arguments = arguments[1:]
    if module == "pip":
        assert arguments[:2] == ["install", "-e"]
        [extras] = re.fullmatch(r"\.(?:\[([\w,]+)\])?", arguments[2]).groups()
        assert set(extras.split(",") if extras else []) <= PROJECT["optional-dependencies"].keys()
    elif module == "pytest":
        places = [argument for argument in arguments if "/" in argument]
        assert all((ROOT / place).exists() for place in places)
    elif importlib.util.find_spec(module).submodule_search_locations:  # a package
        assert understood(module, arguments or ["--help"], monkeypatch)
    else:
        assert callable(importlib.import_module(module).main) and not arguments


def understood(module, arguments, monkeypatch):
    """Whether the program parses these arguments; it does nothing else."""
    parse = ArgumentParser.parse_args

    def parse_and_stop(*args, **kwargs):
        parse(*args, **kwargs)
        raise Parsed

    monkeypatch.setattr(ArgumentParser, "parse_args", parse_and_stop)
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    try:
        importlib.import_module(f"{module}.__main__").main()
    except Parsed:
        return True
    except SystemExit as stop:
        return stop.code == 0


def test_a_command_that_there_is_not_would_be_noticed(monkeypatch):
    assert understood("tinygrad_mlp", ["compare", "--seeds", "3"], monkeypatch)
    assert not understood("tinygrad_mlp", ["compare", "--seedz", "3"], monkeypatch)
    assert not understood("tinygrad_mlp", ["compete"], monkeypatch)
    assert not understood("lessons", ["learn"], monkeypatch)
    assert len(COMMANDS) > 10


# ---------------------------------------------------------------------------------------- files


@per_file
def test_links_and_pictures_lead_to_files_and_headings_that_exist(file):
    text = file.read_text("utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    for link in map("".join, links):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = file.parent / name if name else file
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def anchors(file):
    """What GitHub, and the site, call the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.M)
    return {re.sub(r"\W+", "-", heading.lower()).strip("-") for heading in headings}


@per_file
def test_files_and_tests_that_are_named_exist(file):
    text = re.sub(r"```.*?```", "", file.read_text("utf-8"), flags=re.S)
    names = re.findall(r"(?<![\w/])((?:tests|lessons|tinygrad_mlp|\.ci|\.github)/[\w./-]*)", text)
    for name in names:
        assert (ROOT / name.rstrip(".")).exists(), name
    for path, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        nodes = ast.parse((ROOT / path).read_text("utf-8")).body
        assert any(isinstance(n, ast.FunctionDef) and n.name == test for n in nodes), test


def test_every_page_of_reference_is_listed_has_a_title_and_a_lead_and_is_linked_from_the_readme():
    there = {path.stem for path in (ROOT / "lessons" / "reference").glob("*.md")}
    assert there == set(REFERENCE)
    for page in all_references():
        assert page.source.startswith(f"# {page.title}\n\n{page.lead[:20]}")
        assert re.fullmatch(r"[A-Z][^#|`]+\.", page.lead)
        assert f"](lessons/reference/{page.name}.md)" in README


def test_no_page_names_a_host_but_the_one_where_pytorch_is_chosen():
    hosts = [host for f in FILES for host in re.findall(r"https?://([^/)]+)", f.read_text("utf-8"))]
    assert hosts == ["pytorch.org"]


# --------------------------------------------------------------------------------------- README


def test_it_is_short_enough_to_be_read():
    assert len(README.splitlines()) <= 150


def test_every_room_of_the_package_is_on_the_map():
    rows = re.findall(r"^\| (.*?) \|", section("The house"), re.M)[1:]
    named = {name for row in rows for name in re.findall(r"`(\w+(?:\.py|/))`", row)}
    package = ROOT / "tinygrad_mlp"
    rooms = {path.name for path in package.glob("[a-z]*.py")} - {"version.py"}
    rooms |= {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert rooms == named


def test_the_reading_path_is_about_as_long_as_it_says():
    path, lines = re.search(
        r"take \*\*(.*?)\*\*: ([\d,]+) lines of code", section("The house"), re.S
    ).groups()
    files = [ROOT / "tinygrad_mlp" / name for name in re.findall(r"`([^`]+)`", path)]
    assert len(files) == 6
    found = sum(map(code_lines, files))
    assert int(lines.replace(",", "")) == pytest.approx(found, rel=0.05)


def section(title):
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def code_lines(path):
    """How many lines of a file hold code: comments, docstrings and empty lines do not count."""
    text = path.read_text("utf-8")
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE | {tokenize.ENDMARKER}:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def test_lines_of_code_are_counted_without_comments_and_docstrings(tmp_path):
    file = tmp_path / "file.py"
    file.write_text(
        '''"""A docstring\n\nof three lines."""\n\n# comment\nx = (\n    1\n)  # three\n'''
    )
    assert code_lines(file) == 3


def test_the_lessons_are_counted_and_those_that_need_pytorch_are_named():
    numbers = {20: "Twenty", 21: "Twenty-one", 22: "Twenty-two", 23: "Twenty-three"}
    words = " ".join(section("The lessons").split())
    assert words.startswith(f"{numbers[len(all_lessons())]} scripts")
    *first, last = [x.number for x in all_lessons() if "\n    import torch\n" in x.source]
    assert f"Lessons {', '.join(map(str, first))} and {last} compare with PyTorch" in words


def test_the_picture_shows_what_the_package_computes():
    from lessons.reference import picture

    assert picture.rules("mul") == ["g * b", "g * a"]
    assert picture.rules("exp") == ["g * y"] and picture.rules("add") == ["g", "g"]
    first_lines = "@op(grad=lambda g, y, x: g * y, takes=floats)\ndef exp(x: Array) -> Any:\n"
    assert picture.source("exp").startswith(first_lines)
    a, b, product, power, y = picture.computed()
    assert [round(t.item(), 2) for t in (a, b, product, power, y)] == [2, -0.5, -1, 0.37, 2.37]
    assert [round(t.grad.item(), 2) for t in (a, b, product, power, y)] == [0.82, 0.74, 0.37, 1, 1]
    label = picture.draw(picture.DARK).get_label()
    assert "y = (a * b).exp() + a" in label


@pytest.mark.parametrize("file", ["README.md", "lessons/reference/results.md"])
def test_the_comparison_is_the_stored_one(file):
    """Of each recipe: what was published, the test accuracy, the test loss."""
    text = re.sub(" +", " ", (ROOT / file).read_text("utf-8"))
    _, runs = read_results(ROOT / "lessons" / "results" / "compare.json")
    _, rows = table(runs)
    for row in rows:
        cells = " | ".join(row[:4])
        assert re.sub(" +", " ", f"| {cells} |") in text
