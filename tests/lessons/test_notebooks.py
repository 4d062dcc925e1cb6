"""What is kept of an earlier run: its outputs, as long as the code is the same."""

import pytest

from lessons.catalogue import Lesson

nbformat = pytest.importorskip("nbformat", reason="the lessons extra is not installed")
notebooks = pytest.importorskip("lessons.notebooks", reason="the lessons extra is not installed")

TEXT = """# %% [markdown]
# # 1. One
#
# **Predict.** How many?

# %% answer=[1, 2]
print(1)

# %% tags=["draw"]
print(2)
"""


@pytest.fixture
def run(tmp_path):
    """The path of a lesson, and a function that writes a text into it and gives the lesson."""
    (tmp_path / "lessons").mkdir()
    path = tmp_path / "lessons" / "01_one.py"

    def lesson(text):
        path.write_text(text)
        return Lesson(path)

    executed = notebooks.convert(lesson(TEXT))
    executed.metadata["made_from"] = notebooks.made_from(lesson(TEXT))
    for cell in executed.cells[1:]:
        cell.outputs = [nbformat.v4.new_output("stream", text=f"out of {cell.source}")]
    notebooks.write(executed, tmp_path / "one.ipynb")
    return lesson, tmp_path / "one.ipynb"


def outputs(notebook):
    return [cell.outputs[0].text for cell in notebook.cells if cell.cell_type == "code"]


def test_an_unchanged_lesson_keeps_its_outputs(run):
    lesson, path = run
    kept = notebooks.kept(lesson(TEXT), path)
    assert kept.seconds == 0 and not kept.error
    assert outputs(kept.notebook) == ["out of print(1)", "out of print(2)"]


def test_a_new_text_and_other_folding_need_no_new_run(run):
    lesson, path = run
    changed = TEXT.replace("How many?", "How many now?").replace(' tags=["draw"]', "")
    kept = notebooks.kept(lesson(changed), path).notebook
    assert "How many now?" in kept.cells[0].source
    assert kept.cells[1].metadata.jupyter == {"outputs_hidden": True}
    assert "jupyter" not in kept.cells[2].metadata
    assert outputs(kept) == ["out of print(1)", "out of print(2)"]


@pytest.mark.parametrize(
    "changed",
    [TEXT.replace("print(2)", "print(3)"), TEXT + "\n# %%\nx = 1\n", TEXT.split("# %% tags")[0]],
)
def test_new_code_needs_a_new_run(run, changed):
    lesson, path = run
    assert notebooks.kept(lesson(changed), path) is None
    assert notebooks.as_it_is_now(lesson(changed), path) is None


def test_a_new_figure_to_play_with_needs_a_new_run(run):
    lesson, path = run
    changed = TEXT.replace('tags=["draw"]', 'tags=["draw"] explore="walk"')
    assert notebooks.as_it_is_now(lesson(changed), path) is None


def test_what_was_made_from_another_package_is_shown_and_made_again(run):
    lesson, path = run
    old = nbformat.read(path, as_version=4)
    old.metadata["made_from"] = "something else"
    notebooks.write(old, path)
    assert notebooks.kept(lesson(TEXT), path) is None
    assert outputs(notebooks.as_it_is_now(lesson(TEXT), path))


def test_what_is_no_notebook_or_not_there_is_made_again(run, tmp_path):
    lesson, path = run
    path.write_text("{")
    assert notebooks.kept(lesson(TEXT), path) is None
    assert notebooks.kept(lesson(TEXT), tmp_path / "none.ipynb") is None


def test_a_figure_of_a_lesson_that_stopped_before_it_has_no_data(run):
    lesson, _ = run
    one = lesson(TEXT.replace('tags=["draw"]', 'explore="walk"'))
    notebook = notebooks.convert(one)
    notebooks.add_figures(one, notebook)
    assert len(notebook.cells) == len(one.cells) + 1
    notebooks.take_figures(notebook)
    assert len(notebook.cells) == len(one.cells)
    assert notebook.cells[-1].metadata["explore"] is None
