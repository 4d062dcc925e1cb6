"""Saved models: exact to the bit, whole or not at all, and clear when something is wrong."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

import tinygrad_mlp as tg
from tinygrad_mlp import checkpoint, files, nn, optim
from tinygrad_mlp.experiment.basic import BasicMLP


def odd_numbers(dtype=np.float32):
    """A layer with every kind of number in it."""
    layer = nn.Linear(4, 3, rng=0, dtype=dtype)
    limits = np.finfo(dtype)
    layer.weight.data[0] = [limits.max, limits.smallest_subnormal, -0.0, np.pi]
    layer.bias.data[:2] = [np.nan, -np.inf]
    return layer


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_comes_back_exact_to_the_bit(tmp_path, dtype):
    one, other = odd_numbers(dtype), nn.Linear(4, 3, rng=1, dtype=dtype)
    checkpoint.save(tmp_path / "model.safetensors", one)
    checkpoint.load(tmp_path / "model.safetensors", other)
    for name, value in one.state_dict().items():
        assert other.state_dict()[name].tobytes() == value.tobytes()


def test_weights_that_are_not_contiguous_and_without_dimensions_come_back(tmp_path):
    class Odd(nn.Module):
        def __init__(self):
            self.number = nn.Parameter(np.array(0.5))
            self.turned = nn.Parameter(np.ones((2, 3)))
            self.turned.data = np.arange(6.0).reshape(3, 2).T

    checkpoint.save(tmp_path / "model", Odd())
    weights = checkpoint.read(tmp_path / "model").weights
    assert weights["number"] == 0.5
    np.testing.assert_array_equal(weights["turned"], [[0, 2, 4], [1, 3, 5]])


@pytest.mark.parametrize(
    "array",
    [
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
        np.arange(10.0)[::-2],
        np.broadcast_to(np.arange(3.0), (2, 3)),
        np.arange(3, dtype=">f8"),
        np.array(0.5),
        np.zeros((3, 0)),
    ],
    ids=["Fortran", "transposed", "backwards", "broadcast", "big-endian", "a number", "empty"],
)
def test_an_array_is_saved_as_its_numbers_say_not_as_its_memory_lies(tmp_path, array):
    checkpoint.save_arrays(tmp_path / "file", {"array": array})
    found = checkpoint.read(tmp_path / "file").weights["array"]
    assert found.shape == array.shape
    np.testing.assert_array_equal(found, array)


def test_the_hand_written_network_is_saved_too(tmp_path):
    one, other = BasicMLP((5,), rng=0), BasicMLP((5,), rng=1)
    checkpoint.save(tmp_path / "model", one)
    checkpoint.load(tmp_path / "model", other)
    np.testing.assert_array_equal(one.dense[1].weight, other.dense[1].weight)


def test_metadata_goes_round(tmp_path):
    words = {"recipe": "small — é", "hidden": [10, 20], "by_hand": False, "lr": 0.1, "none": None}
    checkpoint.save(tmp_path / "model", nn.Linear(1, 1), **words)
    assert checkpoint.read(tmp_path / "model").words == words


def test_equal_models_give_equal_files(tmp_path):
    words = {name: [1, 2] for name in "abcdefgh"}
    for name in ("one", "other"):
        checkpoint.save(tmp_path / name, nn.Linear(3, 2, rng=0), **words)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_without_words_there_are_none(tmp_path):
    checkpoint.save(tmp_path / "model", nn.Linear(1, 1))
    assert checkpoint.read(tmp_path / "model").words == {}


def test_metadata_of_other_programs_is_given_as_it_is(tmp_path):
    save_file({"weight": np.ones(2)}, tmp_path / "model", metadata={"format": "pt"})
    assert checkpoint.read(tmp_path / "model").words == {"format": "pt"}


def test_other_programs_can_read_the_file(tmp_path):
    layer = nn.Linear(2, 3, rng=0)
    checkpoint.save(tmp_path / "model", layer)
    found = load_file(tmp_path / "model")
    assert sorted(found) == ["bias", "weight"]
    np.testing.assert_array_equal(found["weight"], layer.weight.data)


def test_folders_are_made_and_nothing_else_is_left_in_them(tmp_path):
    path = tmp_path / "new" / "folder" / "model.safetensors"
    checkpoint.save(path, nn.Linear(1, 1))
    checkpoint.save(path, nn.Linear(1, 1))
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="model: no such file; `train --out FILE` writes"):
        checkpoint.read(tmp_path / "model")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="this is a folder, not a file; `train --out"):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 20, -1])
def test_a_file_cut_short_is_told(tmp_path, cut):
    path = tmp_path / "model"
    checkpoint.save(path, nn.Linear(3, 2))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="model: not a whole safetensors file"):
        checkpoint.read(path)


def test_a_file_of_something_else_is_told(tmp_path):
    (tmp_path / "model").write_text(json.dumps({"weights": [1, 2, 3]}) * 50)
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        checkpoint.read(tmp_path / "model")


def test_a_model_of_another_shape_is_left_as_it_was(tmp_path):
    checkpoint.save(tmp_path / "model", nn.Linear(3, 2))
    model = nn.Linear(4, 2, rng=0)
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"weight has shape \(2, 3\), expected \(2, 4\)"):
        checkpoint.load(tmp_path / "model", model)
    np.testing.assert_array_equal(model.weight.data, before["weight"])


# ------------------------------------------------------------------------- writing whole files


def test_text_is_written_as_utf_8(tmp_path):
    files.write_whole(tmp_path / "file", "é → ±")
    assert (tmp_path / "file").read_bytes() == "é → ±".encode()


@pytest.mark.parametrize("fails", ["replace", "chmod"])
def test_a_failure_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch, fails):
    path = tmp_path / "file"
    files.write_whole(path, "old")

    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, fails, stop)
    with pytest.raises(KeyboardInterrupt):
        files.write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_ctrl_c_right_after_the_renaming_stays_what_it_is(tmp_path, monkeypatch):
    rename = os.replace

    def rename_and_interrupt(source, target):
        rename(source, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", rename_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write_whole(tmp_path / "file", "whole")
    assert (tmp_path / "file").read_text() == "whole"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("write", [lambda path: files.write_whole(path, ""), files.check_writable])
def test_a_place_that_cannot_be_written_is_named(tmp_path, write):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "inside", tmp_path / "file" / "in" / "inside", tmp_path):
        with pytest.raises(OSError, match=rf"{path} cannot be written \(.+\); choose another"):
            write(path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_check_writable_leaves_what_is_there_as_it_was(tmp_path):
    (tmp_path / "file").write_text("old")
    files.check_writable(tmp_path / "file")
    files.check_writable(tmp_path / "new" / "file")
    assert (tmp_path / "file").read_text() == "old"
    assert list((tmp_path / "new").iterdir()) == []


# ----------------------------------------------------------------------------------- optimisers

OPTIMISERS = {
    "SGD": lambda m: optim.SGD(m.parameters(), 0.1, momentum=0.9, weight_decay=0.1),
    "Adam": lambda m: optim.Adam(m.parameters(), 0.1, amsgrad=True),
    "RMSprop": lambda m: optim.RMSprop(m.parameters(), 0.1, momentum=0.9, centered=True),
    "Adagrad": lambda m: optim.Adagrad(m.parameters(), 0.1, initial_accumulator_value=0.1),
    "AdamW in groups": lambda m: optim.AdamW(
        [{"params": [m.weight], "lr": 0.5}, {"params": m.bias}]
    ),
}


def train(model, optimizer, steps):
    for step in range(steps):
        optimizer.zero_grad()
        (model(np.full((4, 3), step + 1, np.float32)) ** 2).sum().backward()
        optimizer.step()


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_optimiser_comes_back_to_the_bit_and_goes_on_to_the_bit(tmp_path, name):
    model, other = nn.Linear(3, 2, rng=0), nn.Linear(3, 2, rng=1)
    mine, theirs = OPTIMISERS[name](model), OPTIMISERS[name](other)
    train(model, mine, 3)
    checkpoint.save(tmp_path / "model", model, mine, epoch=3)
    assert checkpoint.load(tmp_path / "model", other, theirs) == {"epoch": 3}
    for state, its_state in (
        (mine.exact_state(), theirs.exact_state()),
        (model.state_dict(), other.state_dict()),
    ):
        assert_equal(state, its_state)
    train(model, mine, 2)
    train(other, theirs, 2)
    assert_equal(model.state_dict(), other.state_dict())


def assert_equal(state, other):
    assert state.keys() == other.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(array, other[name])


def test_what_was_read_can_be_given_to_several_models(tmp_path):
    model = nn.Linear(3, 2, rng=0)
    checkpoint.save(tmp_path / "model", model)
    saved = checkpoint.read(tmp_path / "model")
    for seed in (1, 2):
        other = nn.Linear(3, 2, rng=seed)
        checkpoint.restore(saved, other)
        assert_equal(other.state_dict(), model.state_dict())


def test_an_optimiser_that_does_not_fit_leaves_the_model_untouched(tmp_path):
    model, other = nn.Linear(3, 2, rng=0), nn.Linear(3, 2, rng=1)
    checkpoint.save(tmp_path / "model", model, optim.SGD(model.parameters()))
    before = other.state_dict()
    with pytest.raises(ValueError, match="nothing was changed"):
        checkpoint.load(tmp_path / "model", other, optim.Adam(other.parameters()))
    assert_equal(other.state_dict(), before)


def test_a_file_without_an_optimiser_is_refused_where_there_is_one(tmp_path):
    model, other = nn.Linear(3, 2, rng=0), nn.Linear(3, 2, rng=1)
    checkpoint.save(tmp_path / "model", model)
    save_file(model.state_dict(), tmp_path / "of another program")
    before = other.state_dict()
    for name in ("model", "of another program"):
        with pytest.raises(ValueError, match=r"missing: param_groups\.0\.lr"):
            checkpoint.load(tmp_path / name, other, optim.SGD(other.parameters()))
        assert_equal(other.state_dict(), before)


# -------------------------------------------------------------------------------------- versions

FILES = Path(__file__).parent / "files"
IN_VERSION_1 = {
    "adam": lambda p: optim.Adam(p, 0.125, (0.5, 0.75), weight_decay=0.25, amsgrad=True),
    "sgd": lambda p: optim.SGD(p, 0.125, momentum=0.5, dampening=0.25, weight_decay=0.25),
}
"""What the files of version 1 were made with. After 5 steps, the learning rate was set to 0.25 and
the betas to (0.75, 0.5), and the file written; after 4 more, the weights into that called later."""


def train_as_in_version_1(model, optimizer, steps):
    """The gradients with which the files were made: the bias has one from step 5 on."""
    for step in steps:
        for p, since in ((model.weight, 0), (model.bias, 5)):
            numbers = np.arange(p.data.size, dtype=np.float32).reshape(p.shape)
            p.grad = None if step < since else tg.tensor((numbers * 7 + step * 5) % 11 / 8 - 0.5)
        optimizer.step()


@pytest.mark.parametrize("name", IN_VERSION_1)
def test_a_file_of_version_1_goes_on_to_the_bit_as_its_own_version_did(name):
    model = nn.Linear(2, 3)
    optimizer = IN_VERSION_1[name](model.parameters())
    words = checkpoint.load(FILES / f"version_1_{name}.safetensors", model, optimizer)
    assert words == {"note": "half way", "steps": 5}
    assert optimizer.lr == 0.25
    assert getattr(optimizer, "betas", (0.75, 0.5)) == (0.75, 0.5)
    train_as_in_version_1(model, optimizer, range(5, 9))
    assert_equal(model.state_dict(), load_file(FILES / f"version_1_{name}_later.safetensors"))


@pytest.mark.parametrize("name", IN_VERSION_1)
def test_a_file_of_version_1_is_what_the_same_training_gives_today(name):
    model, read = nn.Linear(2, 3), nn.Linear(2, 3)
    model.weight.data[...] = np.arange(6).reshape(3, 2) / 4
    model.bias.data[...] = [1, -1, 0.5]
    mine, theirs = (IN_VERSION_1[name](m.parameters()) for m in (model, read))
    train_as_in_version_1(model, mine, range(5))
    checkpoint.load(FILES / f"version_1_{name}.safetensors", read, theirs)
    assert_equal(read.state_dict(), model.state_dict())
    mine.lr = 0.25
    if name == "adam":
        mine.betas = (0.75, 0.5)
        for name, value in theirs.state_dict().items():
            np.testing.assert_allclose(value, mine.state_dict()[name], rtol=1e-6)
    else:
        assert_equal(theirs.exact_state(), mine.exact_state())


def test_a_file_of_version_1_leaves_nothing_of_what_the_optimiser_knew_before():
    model = nn.Linear(2, 3)
    fresh, used = (IN_VERSION_1["sgd"](model.parameters()) for _ in range(2))
    for p in model.parameters():
        p.grad = tg.ones_like(p)
    used.step()  # the file has no state for the bias, and this gives it one
    for optimizer in (fresh, used):
        checkpoint.load(FILES / "version_1_sgd.safetensors", model, optimizer)
    assert_equal(used.exact_state(), fresh.exact_state())
    assert used.exact_state().keys() == fresh.exact_state().keys()


@pytest.mark.parametrize("was_asked_for", [True, False])
def test_a_file_of_version_1_says_by_what_it_holds_whether_amsgrad_is_on(was_asked_for):
    model = nn.Linear(2, 3)
    optimizer = optim.Adam(model.parameters(), amsgrad=was_asked_for)
    checkpoint.load(FILES / "version_1_adam.safetensors", model, optimizer)
    assert optimizer.param_groups[0]["amsgrad"] is True


def test_the_parameters_of_version_1_are_counted():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1, bias=False))
    old = {f"{i}.step": np.array(3) for i in range(3)} | {"lr": np.array(0.5)}
    state = checkpoint._from_version_1(old, optim.SGD(model.parameters()))
    assert state["param_groups.0.params"].tolist() == [0, 1, 2]
    assert state["param_groups.0.lr"] == 0.5


@pytest.mark.parametrize(
    ("key", "about", "why"),
    [
        (checkpoint.ABOUT, [1], "not an object of a version and words"),
        (checkpoint.ABOUT, {"version": 2}, "not an object of a version and words"),
        (checkpoint.ABOUT, {"version": 2, "words": {}, "more": 1}, "not an object of a version"),
        (checkpoint.ABOUT, {"version": 0, "words": {}}, "not a whole number of at least 1"),
        (checkpoint.ABOUT, {"version": 1.5, "words": {}}, "not a whole number of at least 1"),
        (checkpoint.ABOUT, {"version": True, "words": {}}, "not a whole number of at least 1"),
        (checkpoint.ABOUT, {"version": 2, "words": [1]}, "not an object of names and values"),
        (checkpoint.WORDS_IN_VERSION_1, "all", "not an object of names and values"),
    ],
)
def test_a_file_that_describes_itself_otherwise_is_refused(tmp_path, key, about, why):
    arrays = {"weight": np.ones(1, np.float32)}
    save_file(arrays, tmp_path / "odd", metadata={key: json.dumps(about)})
    with pytest.raises(ValueError, match=f"what it says about itself cannot be read .*{why}"):
        checkpoint.read(tmp_path / "odd")


P = nn.Parameter([1.0])


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("adam", lambda p: optim.SGD(p, momentum=0.9), r"unexpected: param_groups\.0\.betas"),
        ("sgd", optim.Adam, r"unexpected: param_groups\.0\.momentum"),
        ("sgd", lambda p: optim.SGD([*p, P]), r"params has shape \(2,\), expected \(3,\)"),
        ("sgd", lambda p: optim.SGD(p[:1]), r"params has shape \(2,\), expected \(1,\)"),
        (
            "sgd",
            lambda p: optim.SGD([{"params": [q]} for q in p]),
            r"groups\.0\.params has shape \(2,\), expected \(1,\)",
        ),
    ],
)
def test_a_file_of_version_1_of_another_optimiser_is_refused_and_nothing_is_changed(
    name, make, words
):
    model = nn.Linear(2, 3, rng=0)
    optimizer = make(list(model.parameters()))
    before = model.state_dict(), optimizer.exact_state()
    with pytest.raises(ValueError, match=words):
        checkpoint.load(FILES / f"version_1_{name}.safetensors", model, optimizer)
    assert_equal(model.state_dict(), before[0])
    assert_equal(optimizer.exact_state(), before[1])


def test_the_version_of_a_file_is_told(tmp_path):
    checkpoint.save(tmp_path / "new", nn.Linear(1, 1))
    save_file({"weight": np.ones(2)}, tmp_path / "of another program")
    assert checkpoint.read(tmp_path / "new").version == checkpoint.VERSION == 2
    assert checkpoint.read(FILES / "version_1_sgd.safetensors").version == 1
    assert checkpoint.read(tmp_path / "of another program").version == 1


def test_words_are_not_taken_for_the_version(tmp_path):
    checkpoint.save(tmp_path / "model", nn.Linear(1, 1), version=7, words="all")
    saved = checkpoint.read(tmp_path / "model")
    assert (saved.version, saved.words) == (2, {"version": 7, "words": "all"})


def test_a_file_of_a_newer_version_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "VERSION", 3)
    checkpoint.save(tmp_path / "model", nn.Linear(1, 1))
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"a file of version 3, .* up to 2; update the package"):
        checkpoint.read(tmp_path / "model")


def test_numbers_that_numpy_does_not_have_are_told(tmp_path):
    from safetensors.torch import save_file

    for dtype in (torch.bfloat16, torch.float8_e5m2):
        save_file({"weight": torch.ones(2).to(dtype)}, tmp_path / "model")
        with pytest.raises(ValueError, match=r"a kind that NumPy does not have .* to float32"):
            checkpoint.read(tmp_path / "model")


def test_pytorch_reads_the_weights(tmp_path):
    from safetensors.torch import load_file

    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    checkpoint.save(tmp_path / "model", model)
    twin = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    twin.load_state_dict(load_file(tmp_path / "model"))
    np.testing.assert_array_equal(twin[0].weight.numpy(force=True), model[0].weight.data)


def test_a_model_whose_names_would_be_taken_for_the_optimisers_is_refused(tmp_path):
    model = nn.Sequential()
    model.optimizer = nn.Linear(1, 1)
    with pytest.raises(ValueError, match="call this attribute of the model something else"):
        checkpoint.save(tmp_path / "model", model)
