"""The README's examples run, and print what their comments say."""

import re
from pathlib import Path

import pytest

from tinygrad_mlp.engine import OPS

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_example_runs_and_prints_what_its_comments_say(block, capsys):
    try:
        exec(compile(block, "README.md", "exec"), {"__name__": "readme"})
    finally:
        OPS.pop("cube", None)
    promised = re.findall(r"print\(.*\) +# (tensor\(\[.*?\]\))", block)
    assert capsys.readouterr().out.split("\n")[: len(promised)] == promised


def test_readme_names_only_files_that_exist():
    root = Path(__file__).parent.parent
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (root / target).exists(), target
