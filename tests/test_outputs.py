"""What a command refuses to write over: its own input, files of another kind, other trainings."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from safetensors.numpy import save_file

from tinygrad_mlp import checkpoint
from tinygrad_mlp.experiment import cli, training
from tinygrad_mlp.experiment.outputs import CHART, check_model, check_output
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.train import Epoch

MADE_HERE = PngImagePlugin.PngInfo()
MADE_HERE.add_text("Software", "Matplotlib")


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Runs a command in an empty folder with few digits; gives exit code, stdout and stderr."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (60, 28, 28), np.uint8), rng.integers(0, 10, 60)
    monkeypatch.chdir(tmp_path)
    Path("digits").mkdir()
    np.savez("digits/mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    page = np.full((60, 60), 255, np.uint8)
    page[10:50, 28:33] = 0
    Image.fromarray(page).save("photo.png")
    Path("notes.txt").write_text("a diary")

    def command(words):
        code = cli.main(words.split())
        return (code, *capsys.readouterr())

    return command


def make_model(path, name="small", epochs=2, seed=0):
    recipe = replace(RECIPES[name], hidden=(3,), epochs=2)
    made = training.begin(recipe, seed)
    made.history.extend(Epoch(i + 1, 1.0, 0.1, 1.0) for i in range(epochs))
    training.save(path, made)


REFUSED = {
    "a picture that is read": ("predict photo.png --out photo.png", "is what this command reads"),
    "a picture read through a link": ("predict photo.png --out link.png", "this command reads"),
    "a model that is read": ("predict photo.png --model model --out model.png", "command reads"),
    "a training to export": ("export model --out model", "is what this command reads"),
    "the digits": (
        "show --data digits/mnist.npz --out digits/mnist.png",
        "digits/mnist.png is what this command reads",
    ),
    "a photo by train": ("train --out photo.png", "photo.png exists and is not a model"),
    "a photo by export": ("export model --out photo.png", "is not a model of `train` or `export`"),
    "a photo by show": ("show --out photo.png", "exists and is not a picture that this program"),
    "a diary by train": ("train --out notes.txt", "notes.txt exists and is not a model"),
    "a diary by show": ("show --out notes.png", "notes.png exists and is not a picture"),
    "weights of another program": ("train --out theirs", "theirs exists and is not a model"),
    "results of another program": ("compare --out results", "is not results of `compare`"),
    "a report of another program": ("compare --out report", "is not a report of `compare`"),
    "a picture under another ending": ("show --out digits.jpg", "a name that ends in .png"),
    "a picture without an ending": ("predict photo.png --out seen", "a name that ends in .png"),
    "a training": ("train --out model", "a training of 2 epochs already (small, seed 0); to repl"),
    "a training by export": ("export other --out model", "use --force; to keep it, choose another"),
    "a training by a resumed one": ("train --resume other --epochs 3 --out model", "use --force"),
    "exported weights": ("train --out weights", "weights holds weights already (small, seed 0)"),
    "weights of another training": ("export other --out weights", "holds weights already"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_lose_something_is_refused_with_the_reason(run, case):
    make_model("model")
    make_model("other", seed=1)
    os.link("model", "model.png")
    os.link("photo.png", "link.png")
    os.link("digits/mnist.npz", "digits/mnist.png")
    os.link("notes.txt", "notes.png")
    assert run("export model --out weights")[0] == 0
    save_file({"weight": np.ones(2, np.float32)}, "theirs")
    for name in ("results", "report"):
        Path(name).mkdir()
    Path("results/results.json").write_text('{"a": 1}')
    Path("report/report.html").write_text("<!DOCTYPE html><p>a report</p>")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    words, reason = REFUSED[case]
    if words.split()[0] in ("train", "compare"):
        words += " --data digits"
    code, out, err = run(words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert reason in err
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_force_replaces_another_training_but_no_other_kind(run):
    make_model("model", seed=1)
    command = "train --force --hidden 4 --epochs 1 --data digits --out"
    assert run(f"{command} model")[0] == 0
    assert training.load("model").seed == 0
    assert run("export model --out model2")[0] == 0
    make_model("other", seed=1)
    assert run("export other --force --out model2")[0] == 0
    assert checkpoint.read("model2").words["seed"] == 1
    code, _, err = run(f"{command} notes.txt")
    assert code == 2 and "is not a model" in err


def test_a_resumed_training_goes_on_in_its_own_file(run):
    make_model("model")
    make_model("runs/model.safetensors", seed=5)
    code, out, err = run("train --resume model --epochs 3 --data digits")
    assert (code, err) == (0, "") and out.splitlines()[-1] == "written: model, model.png"
    assert len(training.load("model").history) == 3
    assert training.load("runs/model.safetensors").seed == 5


def test_a_training_that_cannot_be_resumed_keeps_its_file(run):
    make_model("model")
    before = Path("model").read_bytes()
    assert run("train --resume model --epochs 3 --data notes.txt")[0] == 2
    assert Path("model").read_bytes() == before


def test_the_same_training_is_exported_again_after_more_epochs(run):
    make_model("model")
    assert run("export model --out weights")[0] == 0
    first = checkpoint.read("weights").words["recipe"]["epochs"]
    assert run("train --resume model --epochs 3 --data digits")[0] == 0
    assert run("export model --out weights")[0] == 0
    assert (first, checkpoint.read("weights").words["recipe"]["epochs"]) == (2, 3)


@pytest.mark.parametrize(
    "words",
    [
        "show --data digits --out chart.png",
        "predict photo.png --out seen.png",
        "compare --quick --recipes small --data digits --out runs",
    ],
)
def test_what_a_command_has_written_it_writes_over(run, words):
    assert run(words)[0] == 0
    assert run(words)[::2] == (0, "")


def test_an_empty_file_is_written_over(run):
    Path("new").touch()
    assert run("train --hidden 3 --epochs 1 --data digits --out new")[0] == 0


def test_a_training_of_one_epoch_is_called_so(run):
    make_model("model", epochs=1)
    code, _, err = run("train --out model")
    assert code == 2 and "model holds a training of 1 epoch already (small, seed 0)" in err


def test_what_is_read_and_is_not_there_is_for_the_reading_to_say(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "seen.png", pnginfo=MADE_HERE)
    check_output(tmp_path / "seen.png", CHART, [None, tmp_path / "missing.png"])


def test_a_damaged_model_is_replaced_only_by_force(run):
    make_model("model")
    Path("model").write_bytes(Path("model").read_bytes()[:-1])
    code, out, err = run("train --out model")
    assert (code, out) == (2, "") and "to replace it, use --force; to keep it, choose" in err


@pytest.mark.parametrize(("command", "said"), [("train", True), ("export other", False)])
def test_going_on_is_offered_to_one_who_trains(run, command, said):
    make_model("model")
    make_model("other", seed=1)
    code, _, err = run(f"{command} --out model")
    assert code == 2 and ("to go on with it, use --resume" in err) == said


def test_a_training_is_not_written_over_its_own_exported_weights(run):
    make_model("model")
    assert run("export model --out weights")[0] == 0
    with pytest.raises(ValueError, match="weights holds weights already"):
        check_model(Path("weights"), training.load("model"), exported=False, force=False)
