"""Results as a file: read again as they were written, and kept only where they hold."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_mlp.data import ArrayDataset, load_mnist
from tinygrad_mlp.experiment import outputs, results
from tinygrad_mlp.experiment.results import (
    finished_before,
    from_results,
    how_made,
    in_order,
    keep_copy,
    read_results,
    write_results,
)

from .made_runs import made, scores

DATA = ArrayDataset(np.zeros((2, 28, 28), np.float32), np.arange(2))
OTHER = ArrayDataset(np.ones((2, 28, 28), np.float32), np.arange(2))
RUNS = [
    replace(made("small", 0.9123456789, seed), dead_units=seed, measured={"lean": [1, None]})
    for seed in range(3)
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "results.json"
    write_results(path, RUNS, how_made("a command", DATA, DATA), ["A note."], ["A finding."])
    return path


def test_what_is_written_is_read_again(file):
    how, runs = read_results(file)
    assert how == how_made("a command", DATA, DATA) | {"date": how["date"]}
    for ours, one in zip(runs, RUNS, strict=True):
        assert (ours.recipe, ours.seed, ours.history) == (one.recipe, one.seed, one.history)
        assert (ours.dead_units, ours.measured) == (one.dead_units, one.measured)
        assert ours.test.accuracy == one.test.accuracy and ours.test.loss == one.test.loss
        assert np.array_equal(ours.test.confusion, one.test.confusion)
        assert ours.train.accuracy == one.train.accuracy
        assert ours.seconds == one.seconds and ours.validation is None


def test_validation_is_read_again(tmp_path):
    one = replace(made("simard", 0.99), validation=scores(0.98, 0.05))
    write_results(tmp_path / "r.json", [one], how_made("", DATA, DATA))
    [ours] = read_results(tmp_path / "r.json")[1]
    assert (ours.validation.accuracy, ours.validation.loss) == (0.98, 0.05)


def test_a_run_is_a_line(file):
    lines = file.read_text("utf-8").splitlines()
    assert sum('"seed"' in line for line in lines) == len(RUNS)
    assert json.loads("\n".join(lines))["notes"] == ["A note."]


def test_a_file_of_results_is_recognised_as_one_and_its_text_can_be_read_by_people(tmp_path):
    path = tmp_path / "results.json"
    recipe = replace(RUNS[0].recipe, title="größer")
    how = how_made("“x”", DATA, DATA)
    write_results(path, [replace(RUNS[0], recipe=recipe)], how, ["A “note”."])
    start = path.read_bytes()
    assert outputs.RESULTS.recognise(start)
    assert all(words.encode() in start for words in ("größer", "“x”", "A “note”."))


def test_a_loss_that_is_not_a_number_is_refused_and_the_file_stays(file):
    before = file.read_bytes()
    one = replace(RUNS[0], test=scores(0.9, math.nan))
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_results(file, [one], how_made("", DATA, DATA))
    assert file.read_bytes() == before


def test_runs_of_the_first_version_lack_what_was_not_measured_then(file):
    given = json.loads(file.read_text("utf-8"))["runs"][0]
    del given["dead_units"], given["measured"]
    one = from_results(given)
    assert one.dead_units is None and one.measured == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("seed", "0"),
        ("test_accuracy", 1.5),
        ("test_loss", math.nan),
        ("test_loss", None),
        ("confusion", [[1, 2]]),
        ("confusion", [["1"]]),
        ("confusion", 3),
        ("confusion", []),
        ("confusion", [[0, 0], [0, 0]]),
        ("dead_units", -2),
        ("measured", []),
        ("seconds", "long"),
        ("history", [{"epoch": 2}]),
        ("history", [{"epoch": 2, "loss": 0.5, "accuracy": 0.8, "seconds": 1.0}]),
        ("recipe", {"kind": "Recipe"}),
        ("recipe", []),
        ("unknown", 1),
    ],
)
def test_what_is_no_run_is_refused(file, name, value):
    content = json.loads(file.read_text("utf-8"))
    content["runs"][1][name] = value
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"results.json does not hold results that can be read"):
        read_results(file)


@pytest.mark.parametrize(
    "how", [None, [], {}, {"date": 3}, {"date": "today", "numpy": None}, {"date": "\x1b[2J"}]
)
def test_results_that_do_not_say_how_they_were_made_are_refused(file, how):
    content = json.loads(file.read_text("utf-8"))
    content["made"] = how
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"made is .*, expected how the results were made"):
        read_results(file)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"made": {}, "runs": [3]}', "[" * 100_000])
def test_what_is_no_file_of_results_is_refused(tmp_path, text):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(ValueError, match=r"results.json does not hold results that can be read"):
        read_results(tmp_path / "results.json")


# --------------------------------------------------------------------------- going on


def test_runs_with_the_same_recipe_and_seed_are_known(file):
    recipes = [RUNS[0].recipe, made("basic", 0.1).recipe]
    how = how_made("again", DATA, DATA)
    known = finished_before(file, recipes, 2, how)
    assert [(one.recipe.name, one.seed) for one in known] == [("small", 0), ("small", 1)]
    assert how["begun"] == read_results(file)[0]["date"]


@pytest.mark.parametrize("name", ["tinygrad_mlp", "numpy", "machine", "blas", "data"])
def test_nothing_is_known_where_the_bits_may_differ(file, name):
    how = how_made("again", DATA, DATA) | {name: "another"}
    assert finished_before(file, [RUNS[0].recipe], 3, how) == []
    assert "begun" not in how


def test_nothing_is_known_of_a_recipe_that_was_changed(file):
    changed = replace(RUNS[0].recipe, lr=0.02)
    assert finished_before(file, [changed], 3, how_made("", DATA, DATA)) == []


def test_nothing_is_known_where_there_is_no_file(tmp_path):
    assert finished_before(tmp_path / "none", [], 3, {}) == []


@pytest.mark.parametrize("content", ["", "no results"])
def test_a_copy_without_results_is_passed_over(file, content):
    copy = keep_copy(file)
    copy.write_text(content)
    file.unlink()
    assert finished_before(file, [RUNS[0].recipe], 3, how_made("", DATA, DATA)) == []


def test_an_empty_file_holds_no_runs_and_one_that_holds_something_else_is_refused(file):
    file.write_text("")
    assert finished_before(file, [RUNS[0].recipe], 3, how_made("", DATA, DATA)) == []
    file.write_text("no results")
    with pytest.raises(ValueError, match=r"results.json does not hold results"):
        finished_before(file, [RUNS[0].recipe], 3, how_made("", DATA, DATA))


def test_other_images_or_labels_have_another_fingerprint_of_16_digits():
    labelled = replace(DATA, labels=DATA.labels[::-1])
    pairs = [(DATA, DATA), (OTHER, DATA), (DATA, OTHER), (labelled, DATA), (DATA, labelled)]
    data = [how_made("", *pair)["data"] for pair in pairs]
    assert len(set(data)) == 5
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in data)


def test_the_date_has_seconds_and_a_time_zone():
    date = how_made("", DATA, DATA)["date"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", date)


def test_trainings_run_one_after_another_unless_more_jobs_are_asked_for():
    assert how_made("", DATA, DATA)["jobs"] == "1"
    assert how_made("", DATA, DATA, jobs=3)["jobs"] == "3"


OPENMP = {"user_api": "openmp", "internal_api": "openmp", "version": None}
BLAS = {"user_api": "blas", "internal_api": "openblas", "version": "0.3", "architecture": "Zen"}


@pytest.mark.parametrize(
    ("loaded", "said"),
    [
        ([OPENMP, BLAS], "openblas 0.3, Zen, threads: 1"),
        ([BLAS, OPENMP | {"user_api": "blas"}], "openblas 0.3, Zen, threads: 1"),
        ([BLAS | {"architecture": None}], "openblas 0.3, unknown kernels, threads: 1"),
        ([OPENMP | {"user_api": "blas"}], "openmp None, unknown kernels, threads: 1"),
        ([OPENMP], "unknown"),
        ([], "unknown"),
    ],
)
def test_of_the_libraries_that_are_loaded_the_one_that_multiplies_is_noted(
    loaded, said, monkeypatch
):
    monkeypatch.setattr(results, "threadpool_info", lambda: loaded)
    assert how_made("", DATA, DATA)["blas"] == said


def test_data_are_known_by_their_test_labels():
    assert results.data_name(load_mnist(split="test")) == "MNIST"
    assert results.data_name(DATA) == how_made("", DATA, DATA)["dataset"] == "other images"


def test_the_kernels_are_noted_with_one_thread():
    assert how_made("", DATA, DATA, jobs=2)["blas"].endswith("threads: 1")
    assert how_made("", DATA, DATA)["blas"] == how_made("", DATA, DATA, jobs=2)["blas"]


def test_copies_are_numbered_made_once_and_looked_into_when_going_on(file):
    first = keep_copy(file)
    assert first.name == "results-before-1.json" and keep_copy(file) == first
    file.write_text(file.read_text("utf-8").replace("A note.", "Another."), "utf-8")
    assert keep_copy(file).name == "results-before-2.json"
    (file.parent / "results-before-x.json").write_text("of the user")
    assert results.copies(file) == [first, first.with_name("results-before-2.json")]
    write_results(file, [], how_made("", DATA, DATA))
    known = finished_before(file, [RUNS[0].recipe], 3, how_made("", DATA, DATA))
    assert [one.seed for one in known] == [0, 1, 2]


def test_the_tenth_copy_comes_after_the_second(file):
    names = []
    for i in range(10):
        file.write_text(str(i))
        names.append(keep_copy(file).name)
    assert names == [f"results-before-{i}.json" for i in range(1, 11)]
    assert [copy.name for copy in results.copies(file)] == names


def test_runs_are_put_in_the_order_of_the_recipes_and_the_seeds():
    basic, small = made("basic", 0.1), made("small", 0.9)
    again = made("basic", 0.1, seed=1)
    assert in_order([again, small, basic], [small.recipe, basic.recipe]) == [small, basic, again]


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**301)
    | st.floats()
    | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside),
    max_leaves=5,
)


def places(value, path=()):
    """The ways to everything in lists and dicts."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inside in items:
        if isinstance(inside, dict | list):
            yield from places(inside, (*path, key))
        else:
            yield (*path, key)


@pytest.mark.property
@settings(max_examples=150)
@given(st.data())
def test_any_value_at_any_place_is_read_or_refused_in_one_way(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "results.json"
    write_results(path, RUNS[:1], how_made("", DATA, DATA))
    content = json.loads(path.read_text("utf-8"))
    way = data.draw(st.sampled_from([p for p in places(content) if p]))
    inside = content
    for key in way[:-1]:
        inside = inside[key]
    inside[way[-1]] = data.draw(anything)
    path.write_text(json.dumps(content))
    try:
        how, runs = read_results(path)
    except ValueError as error:
        assert str(error).startswith(f"{path} does not hold results that can be read: ")
    else:
        write_results(path, runs, how)  # what was let in can be written
