"""Each lesson has the right form and uses only what was introduced; its exercises judge correctly.

`python -m pytest tests/test_lessons.py -k 03` looks at lesson 3. Nothing here runs a lesson:
tests/lessons/test_site.py does (`python -m pytest -m lesson`).
"""

import ast
import importlib
import inspect
import itertools
import re
import sys

import pytest

from lessons import checking
from lessons.answers import load
from lessons.catalogue import HERE, LABELS, Lesson, all_lessons, all_terms

from .lessons.source import (
    imported_modules,
    is_covered,
    package_names,
    resolve,
    undefined_names,
)

LESSONS = all_lessons()
CLOSING = ["What was learned", "What is still open", "Exercises"]
ALLOWED = {"numpy", "matplotlib", "tinygrad_mlp"}
ALSO_ALLOWED = {
    14: {"hypothesis", "torch", "safetensors"},
    15: {"hypothesis", "torch", "safetensors"},
    18: {"torch"},
    19: {"torch"},
    20: {"torch", "threadpoolctl"},
    23: {"hypothesis"},
}

pytestmark = [
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.usefixtures("forgets_new_ops"),
]


def per_lesson(test):
    return pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)(test)


def exercises_of(lesson):
    return importlib.import_module(f"lessons.checks.{lesson.name}").EXERCISES


def solution_of(lesson, exercise):
    solutions = importlib.import_module(f"lessons.solutions.{lesson.name}")
    return getattr(solutions, exercise.name)


def listed_up_to(number):
    return [name for lesson in LESSONS if lesson.number <= number for name in lesson.new_names]


# ----------------------------------------------------------------------------------------- form


def test_every_file_beside_the_lessons_belongs_to_one():
    assert LESSONS
    names = [lesson.path.name for lesson in LESSONS]
    assert len({lesson.number for lesson in LESSONS}) == len(LESSONS)
    for folder in ("exercises", "solutions", "checks"):
        found = sorted(path.name for path in (HERE / folder).glob("[0-9]*.py"))
        assert found == names, folder


@per_lesson
def test_the_first_cell_has_the_title_and_its_labels_in_order(lesson):
    text = lesson.cells[0].source
    assert text.startswith(f"# {lesson.number}. {lesson.title}\n")
    places = [text.index(f"\n**{label}.** ") for label in LABELS]
    assert places == sorted(places)
    assert lesson.question.endswith("?") and len(lesson.question) < 200


@per_lesson
def test_reading_takes_at_most_45_minutes_and_as_long_as_stated(lesson):
    assert lesson.measured_minutes <= 45
    assert abs(lesson.minutes - lesson.measured_minutes) <= 0.2 * lesson.measured_minutes


@per_lesson
def test_each_prediction_has_choices_or_a_number_and_an_answer_below(lesson):
    assert len(lesson.predictions) >= 2
    for prediction in lesson.predictions.values():
        assert prediction.question.endswith("?") or "?" in prediction.question
        assert len(prediction.choices) != 1 and len(set(prediction.choices)) == len(
            prediction.choices
        )
    text = "\n".join(cell.source for cell in lesson.cells if cell.is_text)
    assert text.count("**Predict.**") == len(lesson.predictions), "one prediction a cell"
    answered = sum("answer" in cell.options for cell in lesson.cells)
    assert answered == len(lesson.predictions), "an answer stands only below a prediction"


@per_lesson
def test_cells_that_only_draw_print_and_assert_nothing(lesson):
    for cell in lesson.cells:
        assert cell.options.keys() <= {"tags", "answer", "explore"}, f"line {cell.line}"
        assert set(cell.options.get("tags", [])) <= {"draw"}, f"line {cell.line}"
        if cell.only_draws:
            nodes = list(ast.walk(ast.parse(cell.source)))
            assert not any(isinstance(node, ast.Assert) for node in nodes), f"line {cell.line}"
            assert "print" not in {node.id for node in nodes if isinstance(node, ast.Name)}


@per_lesson
def test_it_ends_with_what_was_learned_what_is_open_and_the_exercises(lesson):
    text = "\n\n".join(cell.source for cell in lesson.cells if cell.is_text)
    headings = re.findall(r"^## (.+)$", text, re.M)
    assert headings[-3:] == CLOSING
    closing = text[text.rindex("## Exercises") :]
    for exercise in exercises_of(lesson):
        named = re.search(rf"`{exercise.name}\b", closing)
        assert named, f"{exercise.name} is not named under Exercises"
    assert f"`python -m lessons check {lesson.name[:2]}`" in closing


@per_lesson
def test_headings_do_not_skip_a_level(lesson):
    levels = [1]
    for cell in lesson.cells[1:]:
        if cell.is_text:
            levels += [len(mark) for mark in re.findall(r"^(#+) ", outside_fences(cell), re.M)]
    assert 1 not in levels[1:], "only the title may be a heading of level 1"
    for before, level in itertools.pairwise(levels):
        assert level <= before + 1


@per_lesson
def test_its_formulas_can_be_drawn_by_a_browser(lesson):
    pytest.importorskip("latex2mathml", reason="the lessons extra is not installed")
    from lessons.site import pages

    pages.check_texts([lesson])


def outside_fences(cell):
    return re.sub(r"^```.*?^```", "", cell.source, flags=re.M | re.S)


@per_lesson
def test_pictures_go_to_the_folder_of_the_lesson(lesson):
    numbers = set(re.findall(r"[\"']runs/lessons/(\d\d)/", lesson.source))
    assert numbers == {lesson.name[:2]}


@per_lesson
def test_no_long_dashes_and_no_addresses(lesson):
    for folder in (None, "exercises", "solutions", "checks"):
        source = (lesson.beside(folder) if folder else lesson.path).read_text("utf-8")
        assert not re.search("[\u2013\u2014]", source), folder
        assert not re.search(r"https?://|[\"'\s]/[a-z]+/[a-z]", source), folder


# ---------------------------------------------------------------------------------------- names


@per_lesson
def test_all_names_are_defined(lesson):
    for folder in (None, "exercises", "solutions", "checks"):
        source = (lesson.beside(folder) if folder else lesson.path).read_text("utf-8")
        assert not undefined_names(source), folder


@per_lesson
def test_it_imports_only_what_a_reader_has(lesson):
    allowed = ALLOWED | ALSO_ALLOWED.get(lesson.number, set()) | set(sys.stdlib_module_names)
    for path in (lesson.path, lesson.beside("exercises"), lesson.beside("solutions")):
        modules = imported_modules(path.read_text("utf-8"))
        assert {name.split(".")[0] for name in modules} <= allowed, path.name
        assert "matplotlib.pyplot" not in modules, path.name


@per_lesson
def test_the_listed_names_exist_are_new_and_are_used(lesson):
    used = package_names(lesson.source)
    earlier = listed_up_to(lesson.number - 1)
    assert len(set(lesson.new_names)) == len(lesson.new_names)
    for name in lesson.new_names:
        resolve(name)
        assert name not in earlier, f"{name} was listed by an earlier lesson"
        assert any(is_covered(other, [name]) for other in used), f"{name} is not used"


@per_lesson
def test_it_uses_of_the_package_only_what_was_listed(lesson):
    listed = listed_up_to(lesson.number)
    for path in (lesson.path, lesson.beside("exercises"), lesson.beside("solutions")):
        for name, line in package_names(path.read_text("utf-8")).items():
            assert is_covered(name, listed), (
                f"{path.parent.name}/{path.name}, line {line}: {name} is listed under 'New from "
                "the package' neither here nor earlier"
            )


@per_lesson
def test_a_new_name_is_introduced_before_it_is_used(lesson):
    used = package_names(lesson.source)
    lines = lesson.source.splitlines()
    start = lesson.cells[1].line
    for name in lesson.new_names:
        line = min(line for other, line in used.items() if is_covered(other, [name]))
        # For Python, the text is comments too.
        before = "\n".join(x for x in lines[start:line] if x.lstrip().startswith("#"))
        assert re.search(rf"\b{re.escape(name.split('.')[-1])}\b", before), (
            f"{name} is used in line {line}, and no text before that mentions it"
        )


# ---------------------------------------------------------------------------------- the glossary


def words_of(lesson):
    """The text of a lesson: no head, headings, code, formulas and exercises."""
    text = "\n\n".join(cell.source for cell in lesson.cells[1:] if cell.is_text)
    text = text.partition("## Exercises")[0]
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    return " ".join(re.sub(r"`[^`]*`|\$[^$]*\$", "", text).split())


@pytest.mark.parametrize("term", all_terms(), ids=lambda term: term.words[0])
def test_a_term_of_the_glossary_is_marked_where_it_is_defined_and_not_used_before(term):
    lesson = next(lesson for lesson in LESSONS if lesson.number == term.lesson)
    word = "|".join(re.escape(word).replace("\\ ", r"\s") for word in term.words)
    marked = re.search(rf"\*\*({word})s?\*\*", words_of(lesson), re.I)
    assert marked, f"lesson {term.lesson} does not define **{term.words[0]}**"
    earlier = [(other.number, words_of(other)) for other in LESSONS if other.number < term.lesson]
    for number, text in [*earlier, (term.lesson, words_of(lesson)[: marked.start()])]:
        used = re.search(rf".{{0,60}}\b({word})(s|es)?\b.{{0,60}}", text, re.I)
        assert not used, f"lesson {number} uses {term.words[0]!r} before: {used[0]}"


def test_the_glossary_is_in_alphabetical_order():
    first = [term.words[0].lower() for term in all_terms()]
    assert first == sorted(set(first))


# ------------------------------------------------------------------------------------ exercises


def names_defined(path):
    tree = ast.parse(path.read_text("utf-8"))
    return {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}


@per_lesson
def test_stubs_and_solutions_have_the_same_signatures(lesson):
    exercises = exercises_of(lesson)
    assert 1 <= len(exercises) <= 4
    stubs = names_defined(lesson.beside("exercises"))
    solutions = names_defined(lesson.beside("solutions"))
    for exercise in exercises:
        stub, solution = stubs[exercise.name], solutions[exercise.name]
        assert ast.get_docstring(stub), f"{exercise.name} has no docstring"
        assert signatures(stub) == signatures(solution), exercise.name


def signatures(node):
    """The arguments of a function, or of those methods of a class that are not private helpers."""
    if isinstance(node, ast.FunctionDef):
        return ast.unparse(node.args)
    methods = (n for n in node.body if isinstance(n, ast.FunctionDef))
    return {n.name: ast.unparse(n.args) for n in methods if not n.name.startswith("_")}


@per_lesson
def test_every_stub_is_judged_not_started(lesson):
    file = lesson.beside("exercises")
    stubs = load(f"lessons.exercises.{lesson.name}", file)
    for exercise in exercises_of(lesson):
        verdict = checking.judge(
            exercise, getattr(stubs, exercise.name), solution_of(lesson, exercise), str(file)
        )
        assert verdict.state == "not started", f"{exercise.name}: {verdict}"


@per_lesson
def test_every_solution_is_right(lesson):
    for exercise in exercises_of(lesson):
        solution = solution_of(lesson, exercise)
        verdict = checking.judge(exercise, solution, solution)
        assert verdict.is_right, f"{exercise.name}: {verdict}"


@per_lesson
def test_every_foreseen_mistake_is_wrong_and_gets_its_own_hint(lesson):
    for exercise in exercises_of(lesson):
        solution = solution_of(lesson, exercise)
        hints = [mistake.hint for mistake in exercise.mistakes]
        assert len(set(hints)) == len(hints) >= 2, exercise.name
        assert exercise.hint and exercise.hint not in hints
        for mistake in exercise.mistakes:
            verdict = checking.judge(exercise, mistake.version, solution)
            what = f"{exercise.name}, {mistake.hint!r}: {verdict}"
            assert verdict.state in ("wrong", "factor", "error"), what
            assert verdict.hint == mistake.hint, what


def answers_to(lesson):
    """Answers to the exercises that others might write: see tests/lessons/answers."""
    return importlib.import_module(f"tests.lessons.answers.{lesson.name}")


@per_lesson
def test_wrong_answers_that_students_write_are_not_right_and_get_a_hint(lesson):
    wrong = answers_to(lesson).WRONG
    exercises = {exercise.name: exercise for exercise in exercises_of(lesson)}
    assert wrong.keys() <= exercises.keys()
    for name, exercise in exercises.items():
        answers = wrong.get(name, [])
        assert len(answers) + len(exercise.mistakes) >= 5, name
        for answer in answers:
            verdict = checking.judge(exercise, answer, solution_of(lesson, exercise))
            assert not verdict.is_right and verdict.hint, f"{name}, {answer.__name__}: {verdict}"


@per_lesson
def test_right_answers_that_are_written_differently_are_right(lesson):
    right = answers_to(lesson).RIGHT
    for exercise in exercises_of(lesson):
        assert len(right[exercise.name]) >= 2, exercise.name
        for answer in right[exercise.name]:
            verdict = checking.judge(exercise, answer, solution_of(lesson, exercise))
            assert verdict.is_right, f"{exercise.name}, {answer.__name__}: {verdict}"


@per_lesson
def test_an_answer_that_does_nothing_passes_no_exercise(lesson):
    def nothing(*args, **kwargs):
        return None

    def first(*args, **kwargs):
        return args[0] if args else None

    for exercise in exercises_of(lesson):
        solution = solution_of(lesson, exercise)
        for answer in (nothing, first):
            verdict = checking.judge(exercise, answer, solution)
            assert not verdict.is_right and verdict.hint, exercise.name


# ------------------------------------------------------------------------- reading the lessons


def test_text_and_code_cells_are_distinguished():
    lesson = Lesson(HERE / "07_x.py")
    source = "# %% [markdown]\n# # 7. Title\n#\n# text\n\n# %%\nx = 1\n\n\n# %%\nx\n"
    lesson.__dict__["source"] = source
    told = [(cell.is_text, cell.source, cell.line) for cell in lesson.cells]
    assert told == [(True, "# 7. Title\n\ntext", 1), (False, "x = 1", 6), (False, "x", 10)]
    assert (lesson.number, lesson.title) == (7, "Title")
    with pytest.raises(ValueError, match=r"07_x.py has no paragraph .* \*\*Question"):
        _ = lesson.question


def test_labels_may_wrap_and_names_are_read():
    lesson = Lesson(HERE / "07_x.py")
    text = "# 7. T\n\n**Question.** Is it\nso?\n\n**Time.** 20 minutes.\n\n"
    text += "**New from the package.** `tensor`,\n`nn.Linear`.\n\n**Before this.** Much."
    lesson.__dict__["source"] = "# %% [markdown]\n" + re.sub("^", "# ", text, flags=re.M)
    assert (lesson.question, lesson.minutes, lesson.before) == ("Is it so?", 20, "Much.")
    assert lesson.new_names == ["tensor", "nn.Linear"]


def test_reading_takes_as_long_as_its_words_its_code_and_its_predictions(tmp_path):
    words = " ".join(["word"] * 149)
    code = "x = 1\n\n# a comment\nfor y in x:\n    print(y)\n"
    path = tmp_path / "07_x.py"
    path.write_text(
        f"# %% [markdown]\n# **Predict.** {words}\n\n# %%\n{code}\n"
        "# %% [markdown]\n# ## Exercises\n#\n# Many words that do not count.\n"
    )
    assert Lesson(path).measured_minutes == pytest.approx(1 + 0.3 + 1)


def test_names_of_the_package_are_read_from_imports_and_dotted_access():
    source = inspect.cleandoc("""
        import tinygrad_mlp as tg
        import tinygrad_mlp.train as training
        from tinygrad_mlp.nn import functional as F
        from tinygrad_mlp import nn
        from tinygrad_mlp.data import load_mnist

        def f(x, layer=nn.Linear):
            layer.nn.thing
            return tg.exp(F.relu(x)), nn.Linear.forward, tg.nn.ReLU, load_mnist().images

        training.fit
    """)
    expected = {"nn.Linear", "exp", "nn.functional.relu", "nn.ReLU", "data.load_mnist", "train.fit"}
    assert set(package_names(source)) == expected
    assert not undefined_names(source)
    assert undefined_names("def f(x):\n    return x + y\n[z for z in w]") == {"y", "w"}


def test_a_listed_name_covers_other_names_of_the_same_thing_and_names_inside_it():
    assert is_covered("engine.no_grad", ["no_grad"])
    assert is_covered("ops.exp", ["ops"])
    assert not is_covered("nn.Linear", ["nn.ReLU"])
    with pytest.raises(AttributeError):
        resolve("nn.Nothing")
