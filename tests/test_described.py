"""Files of trainings from elsewhere: every bad one is refused in one way, before anything is built.

A training is written, one thing in its description is changed, and it is read again.
"""

import json
import math
import tracemalloc

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

from tinygrad_mlp import checkpoint
from tinygrad_mlp.experiment import cli, described, training
from tinygrad_mlp.experiment.described import either, number, one_of, several, whole
from tinygrad_mlp.experiment.recipes import ELASTIC, RECIPES, Recipe
from tinygrad_mlp.train import Epoch

ESCAPE = "\x1b]0;you are mine\x07\x1b[2J"


@pytest.fixture
def begun():
    made = training.begin(Recipe("mine", "mine", hidden=(2,), augment=(ELASTIC,)), 3)
    made.history.append(Epoch(1, 0.5, 0.25, 1.0))
    return made


@pytest.fixture
def write(tmp_path, begun):
    """Writes the training with changed words, and changed arrays; gives the path."""

    def file(words=lambda words: words, **arrays):
        training.save(tmp_path / "model", begun)
        saved = checkpoint.read(tmp_path / "model")
        optimizer = {checkpoint.PREFIX + name: value for name, value in saved.optimizer.items()}
        checkpoint.save_arrays(
            tmp_path / "model", saved.weights | optimizer | arrays, **words(saved.words)
        )
        return tmp_path / "model"

    return file


def changed(*where, to):
    """The words with another value in one place."""

    def change(words):
        words = json.loads(json.dumps(words))
        inside = words
        for name in where[:-1]:
            inside = inside[name]
        inside[where[-1]] = to
        return words

    return change


NOT_A_COUNT = [None, True, -1, 0.5, "3", [], {}, float("nan"), float("inf"), 10**30]
NOT_A_NUMBER = [True, "3", [], {}, float("nan"), float("inf"), 10**400]
PLACES = {
    ("recipe",): [None, [], "small", 5, {}],
    ("recipe", "kind"): [None, "Module", "__init__", [], {}, 0],
    ("recipe", "name"): [None, 5, [], ESCAPE, "x" * 10**5],
    ("recipe", "title"): [None, 5, [], ESCAPE, "two\nlines", "\u202eevil"],
    ("recipe", "hidden"): [None, 5, "2", {}, [[2]], [None], [-2], [0], [2.0], [True], [10**40]],
    ("recipe", "augment"): [None, 5, "GaussianNoise", {}, [None], [[]], [{}] * 1000],
    ("recipe", "augment", 0, "kind"): ["__init__", "Compose", "np", None, [], {}],
    ("recipe", "augment", 0, "alpha"): [None, *NOT_A_NUMBER, -1],
    ("recipe", "augment", 0, "rng"): [0],
    ("recipe", "batch_size"): [*NOT_A_COUNT, 0],
    ("recipe", "epochs"): NOT_A_COUNT,
    ("recipe", "lr"): [None, *NOT_A_NUMBER, -1],
    ("recipe", "batch_norm"): [None, 0, 1, "no", []],
    ("recipe", "label_smoothing"): [None, *NOT_A_NUMBER, 1.5],
    ("recipe", "held_out"): NOT_A_COUNT,
    ("recipe", "published"): [*NOT_A_NUMBER, 7],
    ("recipe", "build"): ["x"],
    ("recipe", "__class__"): ["x"],
    ("seed",): [None, -1, 0.5, "3", [], {}, True],
    ("order",): [None, [], 5, {}, {"bit_generator": "MT19937"}],
    ("order", "bit_generator"): ["MT19937", "__class__", None, []],
    ("order", "state"): [None, [], {}, 5],
    ("order", "state", "state"): [None, -1, 2**128, "1", 0.5, []],
    ("order", "state", "inc"): [None, -1, 2**128, "1", 0.5, []],
    ("copies", "has_uint32"): [None, 2, -1, 2**70, "x"],
    ("copies", "uinteger"): [None, 2**32, -1, 2**70, "x", []],
    ("history",): [None, 5, {}, "x", [None], [[]], [5], [{}]],
    ("history", 0, "epoch"): [*NOT_A_COUNT, 0, 2],
    ("history", 0, "loss"): [None, *NOT_A_NUMBER],
    ("history", 0, "accuracy"): [*NOT_A_NUMBER, 2],
    ("history", 0, "seconds"): [None, *NOT_A_NUMBER, -1],
    ("history", 0, "model"): [None],
}
CASES = [(where, value) for where, values in PLACES.items() for value in values]


@pytest.mark.parametrize(
    ("where", "value"), CASES, ids=[f"{'.'.join(map(str, w))}-{v!r:.20}" for w, v in CASES]
)
def test_a_value_that_is_not_allowed_is_told_with_the_file(write, where, value, monkeypatch):
    built = []
    monkeypatch.setattr(Recipe, "build", lambda *given: built.append(given))
    path = write(changed(*where, to=value))
    with pytest.raises(ValueError, match=r"model (holds a training that cannot|does not say)") as e:
        training.load(path)
    assert type(e.value) is ValueError and len(str(e.value)) < 2000 and not built


@pytest.mark.parametrize("where", [w for w in PLACES if w[0] == "recipe" and len(w) < 4])
def test_a_model_with_such_a_recipe_is_refused_too(write, where):
    path = write(changed(*where, to=PLACES[where][0]))
    with pytest.raises(ValueError, match=r"model holds a training that cannot be read here"):
        training.load_model(path)


@pytest.mark.parametrize("read", [training.load, training.load_model])
@pytest.mark.parametrize(
    "hidden", [[1_000_000], [10**9], [1000] * 1000, [2] * 1000], ids=lambda hidden: str(hidden[:2])
)
@pytest.mark.parametrize("name", ["small", "basic-fixed", "best"])
def test_a_network_larger_than_the_file_is_not_built(write, read, hidden, name):
    recipe = RECIPES[name].to_dict() | {"hidden": hidden}
    path = write(changed("recipe", to=json.loads(json.dumps(recipe))))
    tracemalloc.start()
    try:
        with pytest.raises(
            ValueError, match=r"its recipe needs [0-9,]+ numbers, and the file holds"
        ):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


ABOUT = {
    "not JSON": "{",
    "deep": "[" * 100_000,
    "deep and whole": '{"version": 2, "words": ' + '{"a":' * 5000 + "1" + "}" * 5001,
    "a long number": '{"version": 2, "words": {"a": ' + "9" * 10_000 + "}}",
    "a list": "[]",
    "null": "null",
    "no version": '{"words": {}}',
    "no words": '{"version": 2}',
    "words of a list": '{"version": 2, "words": []}',
    "words of null": '{"version": 2, "words": null}',
    "version null": '{"version": null, "words": {}}',
    "version true": '{"version": true, "words": {}}',
    "version 0": '{"version": 0, "words": {}}',
    "version of text": '{"version": "2", "words": {}}',
    "version of a list": '{"version": [2], "words": {}}',
    "infinite version": '{"version": Infinity, "words": {}}',
}


@pytest.mark.parametrize("case", ABOUT)
def test_what_a_file_says_about_itself_is_refused_in_one_way(tmp_path, case):
    metadata = {checkpoint.ABOUT: ABOUT[case]}
    save_file({"weight": np.ones(2)}, tmp_path / "model", metadata=metadata)
    with pytest.raises(ValueError, match="model: what it says about itself cannot be read") as e:
        checkpoint.read(tmp_path / "model")
    assert len(str(e.value)) < 500


@pytest.mark.parametrize("words", ["[]", "null", "5", "[" * 100_000, "{"])
def test_so_is_that_of_a_file_of_version_1(tmp_path, words):
    metadata = {checkpoint.WORDS_IN_VERSION_1: words}
    save_file({"weight": np.ones(2)}, tmp_path / "model", metadata=metadata)
    with pytest.raises(ValueError, match="model: what it says about itself cannot be read"):
        checkpoint.read(tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer.state.0.step", np.array(-1)),
        ("optimizer.param_groups.0.lr", np.array(np.nan)),
        ("optimizer.param_groups.0.lr", np.array(-1.0)),
        ("optimizer.param_groups.0.betas", np.array([0.9, np.inf])),
        ("optimizer.param_groups.0.params", np.array([3, 2, 1, 0])),
        ("optimizer.param_groups.0.foreach", np.array(1)),
        ("optimizer.state.x.step", np.array(1)),
        ("optimizer.", np.array(1)),
        ("1.weight", np.zeros((3, 784), np.float32)),
        ("1.weight", np.zeros((2, 784), np.complex64)),
        ("forward", np.zeros(2, np.float32)),
        (ESCAPE, np.zeros(2, np.float32)),
    ],
)
def test_odd_arrays_are_refused_and_told_with_the_file(write, name, value):
    try:
        path = write(**{name: value})
    except SafetensorError:
        pytest.skip("this release of safetensors writes no complex numbers")
    with pytest.raises(ValueError, match="model holds a training that cannot be read here") as e:
        training.load(path)
    assert type(e.value) is ValueError


def test_what_a_file_says_is_no_command_to_the_terminal(write, tmp_path, capsys):
    for path in (
        write(changed("recipe", "name", to=ESCAPE)),
        write(changed("recipe", ESCAPE, to=1)),
        write(**{ESCAPE: np.zeros(2)}),
    ):
        for command in ("evaluate", "export"):
            assert cli.main([command, str(path)]) == 2
            out, err = capsys.readouterr()
            assert out == "" and err.count("\n") == 1 and err[:-1].isprintable()


def test_the_file_as_it_was_is_read(write, begun):
    found = training.load(write())
    assert (found.recipe, found.seed, found.history) == (begun.recipe, 3, begun.history)


# ------------------------------------------------------------------------------ kinds of values

KINDS = {
    "any whole": (lambda: whole(0), [0, 10**9], [-1, 10**9 + 1]),
    "whole": (lambda: whole(1, 3), [1, 2, 3], [0, 4, 2.0, True, "2", None]),
    "number": (
        lambda: number(0, 1),
        [0, 1, 0.5],
        [-0.1, 1.1, 2, True, "0", None, 10**400],
    ),
    "any number": (
        lambda: number(),
        [-1e30, 0, 1e30],
        [-2e30, 2e30, math.inf, math.nan],
    ),
    "one of": (lambda: one_of("a", "b"), ["a", "b"], ["c", "ab", "", 5, ["a"], None]),
    "several": (
        lambda: several(whole(1), 1, 2),
        [[1], (1,), [1, 2]],
        [[], [1, 2, 3], [0], [1, 0], "12", {1: 2}, 1, None],
    ),
    "any count": (lambda: several(whole(1)), [[], [1] * 1000], [[1] * 1001]),
    "either": (lambda: either(whole(1, 3), one_of("a")), [2, "a"], [4, "b", None]),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_of_value_is_what_it_says(name):
    make, good, bad = KINDS[name]
    allowed = make()
    assert [value for value in good if not allowed.test(value)] == []
    assert [value for value in bad if allowed.test(value)] == []


def test_kinds_say_in_words_what_they_are():
    assert whole(1, 3).words == "a whole number from 1 to 3"
    assert number(0, 0.5).words == "a number from 0 to 0.5"
    assert one_of("a", "b").words == "a or b"
    assert several(whole(1, 3), 2, 4).words == "2 to 4 values, each a whole number from 1 to 3"
    assert either(whole(1, 3), one_of("a")).words == "a whole number from 1 to 3, or a"


def test_names_may_be_left_out_where_they_are_not_needed():
    table = {"lr": number(0), "seed": whole(0)}
    described.check("it", {"seed": 3}, table, needed=("seed",))
    with pytest.raises(ValueError, match="it: lr is missing"):
        described.check("it", {"seed": 3}, table)


@pytest.mark.parametrize(
    ("counts", "allowed"),
    [
        ([], False),
        ([[0]], False),
        ([[3]], True),
        ([[1, 0], [2, 5]], True),
        ([[1, 0], [2, -1]], False),
        ([[1, 0], [2, 0.5]], False),
        ([[1, 0, 0], [2, 5, 0]], False),
        ([[1], [2, 5]], False),
        ([[1, 0], 2], False),
        (["1"], False),
        ([(1,)], False),
        ([5], False),
        ({}, False),
        (((1,),), False),
        (0, False),
    ],
)
def test_counts_of_answers_are_whole_numbers_in_a_square_and_not_all_0(counts, allowed):
    assert described.RUN["confusion"].test(counts) == allowed
