"""The command line: bad input gets one line and exit code 2, the rest does what it says."""

import gzip
import json
import os
import re
import signal
import struct
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from threadpoolctl import threadpool_info, threadpool_limits

import tinygrad_mlp
from tinygrad_mlp import checkpoint, nn
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment import cli, training
from tinygrad_mlp.experiment.averaging import averaged
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.recognise import BEST
from tinygrad_mlp.experiment.studies import STUDIES
from tinygrad_mlp.files import alone_in
from tinygrad_mlp.train import Epoch, Scores, evaluate

PNG = b"\x89PNG\r\n\x1a\n"


def write_idx(path, values):
    head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    path.write_bytes(gzip.compress(head + values.astype(np.uint8).tobytes(), 1))


@pytest.fixture(scope="session")
def some_digits(tmp_path_factory):
    """A folder with a little of MNIST: 300 images to train on, 200 to test on."""
    folder = tmp_path_factory.mktemp("digits")
    data = load_mnist(split="test")
    for prefix, part in (("train", slice(300)), ("t10k", slice(300, 500))):
        images, labels = data[part]
        write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", np.rint(images * 255))
        write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", labels)
    return folder


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Runs a command in an empty folder; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
        return (code, *capsys.readouterr())

    return command


def results(folder="out"):
    """What `compare` has written into a folder."""
    return json.loads(Path(folder, "results.json").read_text("utf-8"))


@pytest.fixture
def no_pictures(monkeypatch):
    monkeypatch.setattr(
        "tinygrad_mlp.experiment.compare.write_report",
        lambda path, *parts: path.write_text('<!DOCTYPE html><a href="#results">Results</a>'),
    )


# ----------------------------------------------------------------------------------- bad input

BAD = {
    "no command": ([], "required: command"),
    "unknown command": (["compete"], "invalid choice: 'compete'"),
    "unknown option": (["compare", "--fast"], "unrecognized arguments: --fast"),
    "unknown recipe": (["compare", "--recipes", "small,nope"], "no recipe named 'nope'; choose"),
    "empty recipes": (["compare", "--recipes", ""], "no recipe named ''; choose from basic,"),
    "unknown recipe to train": (["train", "--recipe", "nope"], "no recipe named 'nope'; choose"),
    "no study": (["study"], "no study was named; choose from mirrored, "),
    "unknown study": (["study", "nope"], "no study named 'nope'; choose from mirrored, "),
    "no jobs": (["compare", "--jobs", "0"], "--jobs: needs a whole number of at least 1"),
    "no epochs": (["compare", "--epochs", "0"], "--epochs: needs a whole number of at least 1"),
    "half an epoch": (["train", "--epochs", "0.5"], "--epochs: needs a whole number"),
    "no seeds": (["compare", "--seeds", "0"], "--seeds: needs a whole number of at least 1"),
    "lr nan": (["compare", "--lr", "nan"], "--lr: needs a number above 0, not 'nan'"),
    "lr inf": (["train", "--lr", "inf"], "--lr: needs a number above 0, not 'inf'"),
    "lr 0": (["train", "--lr", "0"], "--lr: needs a number above 0, not '0'"),
    "lr word": (["train", "--lr", "high"], "--lr: needs a number above 0, not 'high'"),
    "no batch": (["train", "--batch-size", "-5"], "--batch-size: needs a whole number"),
    "bad hidden": (["train", "--hidden", "10,x"], "--hidden: needs a whole number"),
    "huge hidden": (["train", "--hidden", "1000000000000"], "not enough memory"),
    "negative seed": (["train", "--seed", "-1"], "--seed: needs a whole number of at least 0"),
    "missing data": (["compare", "--data", "nowhere"], "nowhere: no such folder; name an existing"),
    "missing data to train": (["train", "--data", "nowhere"], "nowhere: no such folder"),
    "missing data to show": (["show", "--data", "nowhere"], "nowhere: no such folder"),
    "empty data": (["train", "--data", "."], "expected"),
    "compare below a file": (["compare", "--out", "file/x"], "cannot be written (Not a directory)"),
    "compare into a file": (["compare", "--out", "file"], "cannot be written"),
    "train below a file": (["train", "--out", "file/x"], "file/x cannot be written"),
    "train onto a folder": (["train", "--out", "."], ". cannot be written (it is a folder)"),
    "show below a file": (["show", "--out", "file/x.png"], "x.png cannot be written"),
    "show too many": (["show", "--count", "60000"], "--count: needs at most 100"),
    "unknown augmentation": (["train", "--augment", "flips,blur"], "no augmentation named 'blur'"),
    "augmented basic": (["train", "--recipe", "basic", "--augment", "noise"], "leave out --augm"),
    "held-out basic": (["train", "--recipe", "basic-fixed", "--hold-out", "9"], "out --hold-out"),
    "no model": (["evaluate", "nowhere"], "nowhere: no such file; `train --out FILE` writes one"),
    "model of nothing": (["evaluate", "file"], "file: not a whole safetensors file"),
    "a folder to evaluate": (["evaluate", "."], ".: this is a folder, not a file; `train --out"),
    "a folder to export": (["export", "."], ".: this is a folder, not a file"),
    "a folder to resume": (["train", "--resume", "."], ".: this is a folder, not a file"),
    "a folder to predict": (["predict", "."], ".: this is a folder, not a file; name a picture"),
    "a folder as a model": (["predict", "file", "--model", "."], ".: this is a folder, not a file"),
    "a file as data": (["evaluate", BEST, "--data", "file"], "file: found a file, expected a fold"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_that_says_what_to_do_and_exit_code_2(run, tmp_path, case):
    (tmp_path / "file").touch()
    arguments, words = BAD[case]
    code, _, err = run(*arguments)
    assert code == 2
    assert err.startswith("tinygrad_mlp: ") and err.endswith("\n") and err.count("\n") == 1
    assert words in err
    assert [path.name for path in tmp_path.iterdir() if path.name != "runs"] == ["file"]


def test_damaged_data_is_reported_in_one_line(run, tmp_path, some_digits):
    for path in some_digits.iterdir():
        content = path.read_bytes()
        (tmp_path / path.name).write_bytes(content[: len(content) // 2])
    code, out, err = run("compare", "--data", tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "damaged or incomplete gzip data" in err and "download it again" in err


def test_a_learning_rate_that_diverges_is_reported_in_one_line(run, some_digits):
    code, _, err = run("train", "--data", some_digits, "--lr", "1e30", "--hidden", "5")
    assert (code, err.count("\n")) == (2, 1)
    assert "the loss became" in err and "a smaller learning rate may help" in err


def test_a_model_of_another_program_is_reported_in_one_line(run, tmp_path):
    checkpoint.save(tmp_path / "model", nn.Linear(2, 2), format="pt")
    code, _, err = run("evaluate", tmp_path / "model")
    assert (code, err.count("\n")) == (2, 1)
    assert "does not say which recipe its weights belong to; `train` and `export` write" in err


def test_real_processes_give_one_line_and_exit_code_2(tmp_path):
    started = process(tmp_path, "compare", "--recipes", "nope")
    out, err = started.communicate(timeout=300)
    assert (started.returncode, out, err.count("\n")) == (2, "", 1)
    assert "no recipe named 'nope'" in err


def blas_threads_of_a_command(run, monkeypatch):
    seen = []

    def look(options):
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")

    monkeypatch.setattr(cli, "run_evaluate", look)
    assert run("evaluate", "model")[0] == 0
    return seen


def test_a_matrix_product_takes_one_thread(run, monkeypatch):
    for name in cli.BLAS_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    before = [pool["num_threads"] for pool in threadpool_info()]
    assert set(blas_threads_of_a_command(run, monkeypatch)) == {1}
    assert [pool["num_threads"] for pool in threadpool_info()] == before


@pytest.mark.parametrize("name", cli.BLAS_SETTINGS)
def test_the_environment_has_the_last_word_on_threads(run, monkeypatch, name):
    for other in cli.BLAS_SETTINGS:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "2")
    with threadpool_limits(2, user_api="blas"):
        assert set(blas_threads_of_a_command(run, monkeypatch)) == {2}


# --------------------------------------------------------------------------------------- compare


def test_list_names_the_recipes(run):
    code, out, err = run("compare", "--list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == list(RECIPES)


@pytest.mark.usefixtures("no_pictures")
def test_compare_prints_a_line_an_epoch_a_table_findings_and_where_things_are(run, some_digits):
    code, out, err = run(
        "compare", "--data", some_digits, "--recipes", "small, improved-plain", "--epochs", "2",
        "--seeds", "2", "--out", "out", "--jobs", "1",
    )  # fmt: skip
    assert (code, err) == (0, "")
    lines = out.splitlines()
    for name in ("small", "improved-plain"):
        for seed in (0, 1):
            told = [line for line in lines if line.startswith(f"{name}, seed {seed}: epoch ")]
            assert [line.split(",")[1].split()[3] for line in told] == ["1/2", "2/2"]
    headings = [line.split(": ")[0] for line in lines if line.startswith("recipe ") and ":" in line]
    assert headings == [f"recipe {i} of 2, run {j} of 2" for i in (1, 2) for j in (1, 2)]
    [header] = [i for i, line in enumerate(lines) if line.startswith("recipe  ")]
    assert lines[header + 2].startswith("small: 10 hidden units")
    assert "±" in lines[header + 2]
    assert any(line.startswith("- A wider hidden layer (from “small:") for line in lines)
    assert lines[-1] == f"written: {os.path.join('out', 'results.json')}, " + os.path.join(
        "out", "report.html"
    )
    assert results()["runs"][3]["seed"] == 1


@pytest.mark.usefixtures("no_pictures")
def test_compare_says_when_it_was_made_quick_or_changed_and_in_the_results_too(run, some_digits):
    common = ["--data", some_digits, "--recipes", "small", "--out", "out"]
    plain = run("compare", *common)[1]
    assert "quick run" not in plain and "Settings were changed" not in plain
    out = run("compare", *common, "--quick", "--lr", "0.02", "--hidden", "4,3")[1]
    assert "This is a quick run: few images and epochs" in out
    assert "Settings were changed on the command line, so these are not the recipes." in out
    found = results()
    assert all(note in out for note in found["notes"])
    recipe = found["runs"][0]["recipe"]
    assert (recipe["lr"], recipe["hidden"], recipe["epochs"]) == (0.02, [4, 3], 2)


FASHION = Path("/usr/share/datasets/fashion-mnist")


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.skipif(not FASHION.is_dir(), reason="needs Debian's dataset-fashion-mnist")
def test_findings_about_clothes_are_about_clothes(run):
    code, out, err = run(
        "compare", "--data", FASHION, "--quick", "--out", "out", "--seeds", "2",
        "--recipes", "basic-fixed,improved-plain,improved-flips,affine",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert results()["made"]["dataset"] == "Fashion-MNIST"
    said = " ".join(results()["findings"])
    assert "The benchmark of Fashion-MNIST by its authors has 87.1 %" in said
    assert "faults is in its way" not in said and "Simard" not in said and "digit" not in said
    assert "holds Fashion-MNIST, not the MNIST of the notebook" in out


@pytest.mark.usefixtures("no_pictures")
def test_data_other_than_mnist_is_not_held_against_published_numbers(run, some_digits):
    out = run("compare", "--data", some_digits, "--recipes", "small", "--quick")[1]
    assert "holds other images, not the MNIST of the notebook, so the published figures" in out
    assert "90.54" not in out


@pytest.mark.usefixtures("no_pictures")
def test_a_recipe_named_twice_is_run_once(run, some_digits):
    out = run("compare", "--data", some_digits, "--recipes", "small,small", "--quick")[1]
    assert out.count("epoch 1/2") == 1


@pytest.mark.usefixtures("no_pictures")
def test_the_command_is_noted_in_the_results(run, some_digits):
    run("compare", "--data", some_digits, "--recipes", "small", "--quick", "--out", "out")
    found = results()
    assert found["made"]["command"].startswith("python -m tinygrad_mlp compare --data ")


@pytest.mark.usefixtures("no_pictures")
def test_a_divergence_keeps_and_prints_what_was_finished(run, some_digits, monkeypatch):
    monkeypatch.setitem(RECIPES, "improved", replace(RECIPES["improved"], lr=1e30))
    code, out, err = run(
        "compare", "--data", some_digits, "--recipes", "small,improved", "--quick", "--out", "out",
        "--jobs", "1",
    )  # fmt: skip
    assert (code, err.count("\n")) == (2, 1)
    assert "improved, seed 0: the loss became" in err
    assert "small: 10 hidden units" in out
    assert len(results()["runs"]) == 1


# ------------------------------------------------------------------------------ train, evaluate


@pytest.mark.parametrize(
    "model",
    [
        ["--hidden", "6", "--epochs", "2"],
        ["--hidden", "8,6", "--epochs", "1", "--augment", "noise, flips"],
        ["--recipe", "small", "--epochs", "2", "--seed", "3"],
        ["--recipe", "basic-fixed", "--hidden", "5", "--epochs", "1"],
    ],
    ids=lambda model: " ".join(model),
)
def test_a_trained_model_scores_the_same_when_it_is_evaluated(run, some_digits, model):
    code, trained, err = run("train", *model, "--data", some_digits, "--out", "out/model")
    assert (code, err) == (0, "")
    out = os.path.join("out", "model")
    assert trained.splitlines()[-1] == f"written: {out}, {out}.png"
    assert Path("out/model.png").read_bytes().startswith(PNG)
    code, evaluated, err = run("evaluate", "out/model", "--data", some_digits)
    assert (code, err) == (0, "")
    assert evaluated.splitlines()[:2] == trained.splitlines()[-3:-1]
    assert evaluated.startswith("test accuracy ")
    assert evaluated.splitlines()[1].count("%") == 10


def test_scores_of_a_regression_are_printed_without_accuracies(capsys):
    cli.print_scores(Scores(None, 0.25, None))
    assert capsys.readouterr().out == "test accuracy none, loss 0.2500\n"


def test_train_draws_the_curves_in_its_output_too(run, some_digits):
    out = run("train", "--hidden", "5", "--epochs", "3", "--data", some_digits)[1]
    found = re.findall(r"^(loss|accuracy) +[\d.]+( %)? ([▁-█]{3}) [\d.]+", out, re.M)
    assert [name for name, *_ in found] == ["loss", "accuracy"]


def test_a_picture_of_the_user_is_not_drawn_over(run, some_digits):
    Path("model.png").write_bytes(b"a photograph")
    code, _, err = run("train", "--hidden", "5", "--data", some_digits, "--out", "model")
    assert code == 2 and "model.png exists and is not a picture that this program has drawn" in err
    assert not Path("model").exists() and Path("model.png").read_bytes() == b"a photograph"


def test_weights_that_are_called_a_picture_have_their_curves_beside_them():
    assert cli.chart_beside(Path("a/b.safetensors")) == Path("a/b.png")
    assert cli.chart_beside(Path("b.png")) == Path("b.png.png")


# What `evaluate` and `predict` say, without training for it.


@pytest.fixture
def model(run):
    """An untrained model in the file `model`."""
    recipe = replace(RECIPES["small"], hidden=(3,))
    training.save("model", training.begin(recipe))
    return "model"


def test_evaluate_gives_all_figures_as_json(run, some_digits, model):
    code, out, err = run("evaluate", model, "--json", "--data", some_digits)
    assert (code, err) == (0, "")
    found = json.loads(out)
    counts = np.array(found["confusion"])
    assert found["recipe"] == "small" and found["loss_is"] == "cross-entropy"
    assert counts.sum() == 200 and counts.trace() == round(200 * found["accuracy"])
    shares = counts.diagonal() / counts.sum(axis=1)
    np.testing.assert_allclose(found["right_by_digit"], shares)
    words = run("evaluate", model, "--data", some_digits)[1]
    assert f"loss {found['loss']:.4f}" in words


def test_evaluate_scores_the_average_over_shifts_where_it_is_asked(run, some_digits, model):
    given = ("evaluate", model, "--data", some_digits)
    plain, both = run(*given)[1].splitlines(), run(*given, "--shifts")[1].splitlines()
    assert both[:-3] == plain
    assert both[-3] == "averaged over four copies of each image, moved by half a pixel:"
    found = json.loads(run(*given, "--shifts", "--json")[1])["shifts"]
    assert both[-2].endswith(f"loss {found['loss']:.4f}") and both[-2] != both[0]
    counts = np.array(found["confusion"])
    assert counts.sum() == 200 and counts.trace() == round(200 * found["accuracy"])
    _, read = training.load_model(model)
    scores = evaluate(averaged(read), load_mnist(some_digits, split="test"))
    assert (found["accuracy"], found["loss"]) == (scores.accuracy, scores.loss)


def test_only_probabilities_can_be_averaged(run, some_digits):
    training.save("basic", training.begin(replace(RECIPES["basic-fixed"], hidden=(3,))))
    code, out, err = run("evaluate", "basic", "--shifts", "--data", some_digits)
    assert (code, out) == (2, "") and "BasicMLP gives no probabilities" in err


def test_evaluate_draws_the_confusion_matrix_where_it_is_told(run, some_digits, model):
    out = run("evaluate", model, "--plot", "new/matrix.png", "--data", some_digits)[1]
    assert out.splitlines()[-1] == f"written: {os.path.join('new', 'matrix.png')}"
    assert Path("new/matrix.png").read_bytes().startswith(PNG)
    code, out, err = run("evaluate", model, "--plot", model, "--data", some_digits)
    assert code == 2 and "ends in .png" in err


def test_mistakes_are_a_table_of_40_columns_at_most():
    counts = np.diag(np.full(10, 1000))
    counts[4, 9], counts[9, 0] = 123, 7
    header, *rows = cli.confusion_lines(counts)[1:]
    assert header.split() == [str(digit) for digit in range(10)]
    assert rows[4].split() == ["4", *"....", "-", *"....", "123"]
    assert rows[9].split()[:2] == ["9", "7"]
    assert max(map(len, cli.confusion_lines(counts))) <= 40


@pytest.mark.parametrize(("columns", "count"), [(40, 4), (80, 2), (140, 1)])
def test_in_a_terminal_no_digit_is_broken_over_two_lines(monkeypatch, capsys, columns, count):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    cli.print_scores(Scores(1.0, 0.25, np.diag([5] * 10)))
    lines = capsys.readouterr().out.splitlines()[1:]
    assert max(map(len, lines)) <= columns and len(lines) == count
    found = re.findall(r"(\d): 100\.0 %(?=  |$)", "\n".join(lines), re.M)
    assert found == list("0123456789")


def test_a_digit_that_does_not_occur_is_never_right():
    counts = np.diag([0] + [5] * 9)
    assert list(cli.right_by_digit(counts)) == [0] + [1] * 9


@pytest.fixture
def ones(run):
    """Pictures of one 1, in one.png and again.png, and of two beside each other, in two.png."""
    page = np.full((70, 120), 255, np.uint8)
    page[15:55, 30:35] = 0
    for name in ("one.png", "again.png"):
        Image.fromarray(page[:, :70]).save(name)
    page[15:55, 80:85] = 0
    Image.fromarray(page).save("two.png")


@pytest.mark.usefixtures("ones")
def test_predict_answers_for_each_of_several_pictures(run):
    code, out, err = run("predict", "one.png", "again.png", "--out", "seen.png")
    assert (code, err) == (0, "")
    first, second, where = out.splitlines()
    assert first.startswith("one.png: ") and second.startswith("again.png: ")
    assert first.partition(": ")[2] == second.partition(": ")[2]
    assert where == "what the network saw: seen.png"
    assert Path("seen.png").read_bytes().startswith(PNG)


@pytest.mark.usefixtures("ones")
def test_predict_reads_a_row_in_each_of_several_pictures(run):
    code, out, err = run("predict", "--several", "one.png", "two.png")
    assert (code, err) == (0, "")
    assert "one.png: from left to right: 1\n" in out
    assert "two.png: from left to right: 1 1\n" in out


@pytest.mark.usefixtures("ones")
@pytest.mark.parametrize("several", [[], ["--several"]], ids=["one digit", "several"])
def test_predict_answers_for_the_good_ones_and_has_a_line_for_each_of_the_bad_ones(run, several):
    Image.new("L", (20, 20), 255).save("white.png")
    Path("empty.png").touch()
    good = run("predict", *several, "one.png", "again.png")[1]
    bad = ("white.png", "empty.png", "nowhere.png")
    code, out, err = run("predict", *several, "white.png", "one.png", *bad[1:], "again.png")
    assert (code, out) == (2, good)
    complaints = err.splitlines()
    for name, complaint in zip(bad, complaints, strict=True):
        assert complaint.startswith(f"tinygrad_mlp: {name}: ")
    assert "nothing is drawn on this picture" in complaints[0] and "no such file" in complaints[2]


@pytest.mark.usefixtures("ones")
def test_predict_complains_of_a_model_once_whatever_the_pictures(run):
    training.save("basic", training.begin(replace(RECIPES["basic"], hidden=(3,))))
    code, out, err = run("predict", "one.png", "again.png", "--model", "basic")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("tinygrad_mlp: BasicMLP gives no probabilities")


@pytest.mark.usefixtures("ones")
def test_predict_names_the_only_good_one_of_several_pictures(run):
    code, out, _ = run("predict", "nowhere.png", "one.png")
    assert code == 2 and out.startswith("one.png: ")


@pytest.mark.usefixtures("ones")
def test_predict_draws_nothing_where_every_picture_is_refused(run):
    code, out, err = run("predict", "nowhere.png", "neither.png", "--out", "seen.png")
    assert (code, out, err.count("\n")) == (2, "", 2)
    assert not Path("seen.png").exists()


@pytest.mark.usefixtures("ones")
def test_predict_does_not_draw_over_what_it_reads(run):
    code, _, err = run("predict", "one.png", "again.png", "--out", "again.png")
    assert code == 2 and "again.png is what this command reads" in err


def test_the_version_is_that_of_the_package(run):
    assert run("--version")[:2] == (0, f"tinygrad_mlp {tinygrad_mlp.__version__}\n")


def test_the_help_of_every_option_that_has_a_default_says_it():
    commands = cli.make_parser()._subparsers._group_actions[0].choices
    assert len(commands) >= 6
    for name, parser in commands.items():
        for action in parser._actions:
            if action.nargs == 0 or not action.option_strings or not action.default:
                continue
            assert "default: " in (action.help or ""), (name, action.option_strings)
            says = "%(default)s" in action.help or str(action.default) in action.help
            assert says, (name, action.option_strings)


def test_images_that_are_held_out_are_scored_and_not_trained_on(run, some_digits):
    code, out, err = run(
        "train", "--hidden", "5", "--epochs", "1", "--hold-out", "100", "--data", some_digits
    )
    assert (code, err) == (0, "")
    assert re.search(r"^validation accuracy [0-9.]+ %$", out, re.M)
    assert training.load("runs/model.safetensors").recipe.held_out == 100


def test_more_cannot_be_held_out_than_there_is(run, some_digits):
    code, _, err = run("train", "--hold-out", "300", "--data", some_digits)
    assert code == 2 and "holds 300 training images out for validation" in err


def test_exported_weights_score_about_the_same_and_are_small(run, some_digits):
    run("train", "--hidden", "8", "--epochs", "2", "--data", some_digits, "--out", "model")
    code, out, err = run("export", "model", "--out", "out/weights")
    assert (code, err) == (0, "")
    assert out.startswith(f"written: {os.path.join('out', 'weights')}, 0.0 MB")
    weights = checkpoint.read("out/weights")
    assert {array.dtype.name for array in weights.weights.values()} == {"float16"}
    assert not weights.optimizer
    assert Path("out/weights").stat().st_size < Path("model").stat().st_size / 4
    whole, halved = (
        run("evaluate", file, "--data", some_digits)[1] for file in ("model", "out/weights")
    )
    accuracy, halved_accuracy = (float(text.split()[2]) for text in (whole, halved))
    assert abs(accuracy - halved_accuracy) <= 1


def test_predict_names_the_digit_its_probabilities_and_a_picture(run, some_digits):
    run("train", "--hidden", "8", "--epochs", "5", "--data", some_digits, "--out", "model")
    page = np.full((60, 60), 255, np.uint8)
    page[10:50, 28:33] = 0
    Image.fromarray(page).save("one.png")
    code, out, err = run("predict", "one.png", "--model", "model", "--out", "out/seen.png")
    assert (code, err) == (0, "")
    answer, probabilities, where = out.splitlines()
    assert re.fullmatch(r"(this is|unsure, most like) a [0-9], with [0-9.]+ %(: .*)?", answer)
    assert answer.startswith("unsure") == (": " in answer)
    assert len(re.findall(r"[0-9]: [0-9.]+ %", probabilities)) == 10
    assert where == f"what the network saw: {os.path.join('out', 'seen.png')}"
    assert Path("out/seen.png").read_bytes().startswith(PNG)


def test_predict_says_that_it_is_unsure_of_two_digits_and_several_reads_both(run):
    page = np.full((70, 120), 255, np.uint8)
    page[15:55, 30:35] = page[15:55, 80:85] = 0
    Image.fromarray(page).save("two.png")
    code, out, err = run("predict", "two.png")
    assert (code, err) == (0, "")
    assert re.match(r"unsure, most like a [0-9], with [0-9.]+ %: 2 things are drawn side", out)
    code, out, err = run("predict", "two.png", "--several", "--out", "row.png")
    assert (code, err) == (0, "")
    row, *answers, where = out.splitlines()
    assert row == "from left to right: 1 1" and len(answers) == 2
    assert where == "what the network saw: row.png"
    assert Path("row.png").read_bytes().startswith(PNG)


def test_predict_says_which_pictures_it_opens(run):
    code, out, _ = run("predict", "--help")
    words = " ".join(out.split())
    assert code == 0 and "PNG, JPEG, GIF, BMP, TIFF, WEBP, PPM, of at most 50 million" in words


@pytest.mark.parametrize(
    "content, complaint",
    [
        (None, "no such file"),
        (b"", "cannot be read as a picture"),
        (b"hello", "cannot be read as a picture"),
        ("white", "nothing is drawn on this picture"),
    ],
)
def test_predict_refuses_what_is_not_a_drawing_in_one_line(run, some_digits, content, complaint):
    run("train", "--hidden", "3", "--epochs", "1", "--data", some_digits, "--out", "model")
    if content == "white":
        Image.new("L", (20, 20), 255).save("digit.png")
    elif content is not None:
        Path("digit.png").write_bytes(content)
    code, out, err = run("predict", "digit.png", "--model", "model")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert complaint in err


def test_the_epochs_of_a_scheduled_training_cannot_be_changed_on_the_way(run, monkeypatch):
    recipe = replace(RECIPES["best"], epochs=2, hidden=(3,), train_images=60)
    half = training.begin(recipe)
    half.history.append(Epoch(1, 1.0, 0.1, 1.0))
    training.save("half", half)
    code, _, err = run("train", "--resume", "half", "--epochs", "5")
    assert code == 2 and "follows a schedule over its 2 epochs" in err


@pytest.fixture
def always_worth_a_loop(monkeypatch):
    pytest.importorskip("numba", reason="Numba (the extra fast) is not installed")
    monkeypatch.setattr(training, "WORTH_A_LOOP", 1)


@pytest.mark.usefixtures("always_worth_a_loop")
def test_train_says_what_it_uses_and_no_compile_changes_no_bit(run, some_digits):
    common = ("train", "--hidden", "5", "--epochs", "1", "--data", some_digits)
    out = run(*common, "--out", "fused")[1]
    used = "by replaying its program, with the update as one loop by Numba"
    assert out.splitlines()[0] == f"training {used}"
    out = run(*common, "--no-compile", "--out", "plain")[1]
    assert out.splitlines()[0] == "training step by step, in NumPy"
    fused, plain = checkpoint.read("fused"), checkpoint.read("plain")
    for name, array in {**fused.weights, **fused.optimizer}.items():
        assert array.tobytes() == {**plain.weights, **plain.optimizer}[name].tobytes()


@pytest.mark.usefixtures("always_worth_a_loop")
def test_a_training_may_be_resumed_either_way(run, some_digits):
    common = ("--data", some_digits, "--out", "model")
    run("train", "--hidden", "5", "--epochs", "1", *common)
    out = run("train", "--resume", "model", "--epochs", "2", "--no-compile", *common)[1]
    assert out.splitlines()[0] == "training step by step, in NumPy"


@pytest.mark.usefixtures("always_worth_a_loop", "no_pictures")
def test_compare_says_what_each_recipe_uses(run, some_digits):
    common = ("compare", "--data", some_digits, "--recipes", "basic-fixed,small,improved-plain")
    out = run(*common, "--quick", "--out", "out")[1]
    assert "training step by step, in NumPy: basic-fixed\n" in out
    used = "training by replaying its program, with the update as one loop by Numba"
    assert f"{used}: small, improved-plain" in out
    out = run(*common, "--quick", "--no-compile", "--out", "out")[1]
    assert "training step by step, in NumPy: basic-fixed, small, improved-plain\n" in out


def test_train_uses_the_settings_given(run, some_digits):
    run("train", "--data", some_digits, "--hidden", "7,4", "--epochs", "1", "--out", "model")
    saved = checkpoint.read("model")
    assert [w.shape for name, w in saved.weights.items() if "weight" in name] == [
        (7, 784),
        (4, 7),
        (10, 4),
    ]
    assert saved.words["recipe"]["hidden"] == [7, 4]


def test_a_resumed_training_ends_as_an_uninterrupted_one_to_the_bit(run, some_digits):
    small = ("train", "--recipe", "improved", "--hidden", "5", "--data", some_digits)
    run(*small, "--epochs", "4", "--out", "whole")
    run(*small, "--epochs", "2", "--out", "half")
    code, out, err = run(
        "train", "--resume", "half", "--epochs", "4", "--data", some_digits, "--out", "rest"
    )
    assert (code, err) == (0, "")
    assert "epoch 3/4" in out and "epoch 2/4" not in out
    whole, rest = checkpoint.read("whole"), checkpoint.read("rest")
    for name, array in {**whole.weights, **whole.optimizer}.items():
        np.testing.assert_array_equal(array, {**rest.weights, **rest.optimizer}[name])
    for key in ("recipe", "seed", "order", "copies"):
        assert whole.words[key] == rest.words[key]


def test_the_hand_written_network_resumes_too(run, some_digits):
    basic = ("train", "--recipe", "basic", "--hidden", "5", "--data", some_digits)
    run(*basic, "--epochs", "2", "--out", "whole")
    run(*basic, "--epochs", "1", "--out", "half")
    run("train", "--resume", "half", "--epochs", "2", "--data", some_digits, "--out", "rest")
    whole, rest = checkpoint.read("whole"), checkpoint.read("rest")
    for name, array in whole.weights.items():
        np.testing.assert_array_equal(array, rest.weights[name])


def test_resuming_refuses_other_settings(run, some_digits):
    run("train", "--hidden", "3", "--epochs", "1", "--data", some_digits, "--out", "model")
    code, _, err = run("train", "--resume", "model", "--batch-size", "7", "--epochs", "2")
    assert code == 2 and "--batch-size cannot be given with it" in err


def test_resuming_what_is_finished_says_how_to_get_more(run, some_digits):
    run("train", "--hidden", "3", "--epochs", "1", "--data", some_digits, "--out", "model")
    code, _, err = run("train", "--resume", "model", "--data", some_digits)
    assert code == 2 and "trained for 1 epoch already" in err and "--epochs 11" in err


@pytest.mark.parametrize(("seconds", "words"), [(0.6, "1 second"), (1.6, "2 seconds")])
def test_train_says_how_long_it_took(run, some_digits, monkeypatch, seconds, words):
    run_it = training.finish
    took = lambda *given: replace(run_it(*given), seconds=seconds)  # noqa: E731
    monkeypatch.setattr(cli, "finish", took)
    out = run("train", "--hidden", "3", "--epochs", "1", "--data", some_digits)[1]
    assert f"\ntrained for {words}\n" in out


def test_train_says_when_a_recipe_was_changed(run, some_digits):
    out = run("train", "--recipe", "small", "--epochs", "1", "--data", some_digits)[1]
    assert out.startswith("Settings were changed on the command line, so this is not the recipe.")


def test_the_seed_decides(run, some_digits):
    small = ("train", "--hidden", "5")
    outs = [
        run(*small, "--epochs", "1", "--data", some_digits, "--seed", seed, "--force")[1]
        for seed in (1, 1, 2)
    ]
    assert outs[0] == outs[1] != outs[2]


# ---------------------------------------------------------------------------------------- show


@pytest.mark.parametrize("options", [[], ["--augment"], ["--count", "3"], ["--seed", "4"]])
def test_show_writes_a_picture(run, tmp_path, some_digits, options):
    code, out, err = run("show", "--data", some_digits, "--out", "new/show.png", *options)
    assert (code, err) == (0, "")
    assert out == f"written: {os.path.join('new', 'show.png')}\n"
    assert (tmp_path / "new" / "show.png").read_bytes().startswith(PNG)


# ------------------------------------------------------------------------------ real processes


def process(folder, *arguments, encoding="utf-8"):
    return subprocess.Popen(
        [sys.executable, "-m", "tinygrad_mlp", *map(str, arguments)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ
        | {
            "PYTHONPATH": str(Path(tinygrad_mlp.__file__).parents[1]),
            "PYTHONIOENCODING": encoding,
            "OPENBLAS_NUM_THREADS": "1",
        },
        preexec_fn=None if os.name == "nt" else heed_sigint,
    )


def heed_sigint():
    """A process that was started with `nohup ... &` hands on that it ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_gives_130_and_keeps_what_was_finished(tmp_path, some_digits):
    started = process(
        tmp_path, "compare", "--data", some_digits, "--recipes", "small,improved",
        "--epochs", "4000", "--batch-size", "300", "--hidden", "3", "--out", "out", "--jobs", "1",
    )  # fmt: skip
    for line in started.stdout:
        assert "\r" not in line and "it/s" not in line  # a pipe sees no bar
        if line.startswith("improved, seed 0: epoch 1/"):
            break
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=300)
    assert started.returncode == 130
    assert err == "\nstopped; only what was finished is written\n"
    assert "small: 10 hidden units" in out
    found = results(tmp_path / "out")
    assert [r["recipe"]["name"] for r in found["runs"]] == ["small"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "first-weights.safetensors",
        "report.html",
        "results.json",
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_side_by_side_too_a_signal_keeps_what_was_finished_and_leaves_no_worker(
    tmp_path, some_digits, number
):
    started = process(
        tmp_path, "compare", "--data", some_digits, "--recipes", "small,improved", "--seeds", "2",
        "--epochs", "2000", "--batch-size", "300", "--hidden", "3", "--out", "out", "--jobs", "2",
    )  # fmt: skip
    for line in started.stdout:
        if line.startswith("1 of 4 runs done: small, seed "):
            assert ", test accuracy " in line
            break
    started.send_signal(number)
    out, err = started.communicate(timeout=300)  # ends when all that could write to it have ended
    assert started.returncode == 128 + number
    assert err == "\nstopped; only what was finished is written\n"
    assert "small: 10 hidden units" in out
    found = results(tmp_path / "out")["runs"]
    assert 1 <= len(found) < 4 and found[0]["recipe"]["name"] == "small"


@pytest.mark.usefixtures("no_pictures")
def test_the_same_command_goes_on_where_it_was_stopped(run, some_digits):
    command = ["compare", "--data", some_digits, "--recipes", "small", "--quick", "--jobs", "1"]
    run(*command, "--out", "out")
    before = results()["runs"]
    code, out, err = run(*command, "--out", "out", "--seeds", "2")
    assert (code, err) == (0, "")
    assert "1 of 2 runs are in out already, since 20" in out.replace(os.sep, "/")
    assert "small, seed 0: epoch" not in out and "small, seed 1: epoch 2/2" in out
    assert results()["runs"][0] == before[0]
    again = run(*command, "--out", "out", "--seeds", "2")[1]
    assert "2 of 2 runs are in" in again and "epoch 2/2" not in again and "±" in again
    fresh = run(*command, "--out", "out", "--seeds", "2", "--fresh")[1]
    assert "already" not in fresh and "small, seed 0: epoch 2/2" in fresh


@pytest.fixture
def short_study(monkeypatch):
    """A study of two arms that takes a second."""
    study = STUDIES["flip-dose"]
    arms = [
        replace(arm, recipe=replace(arm.recipe, epochs=1, hidden=(3,))) for arm in study.arms[:2]
    ]
    short = replace(study, name="short", arms=tuple(arms), seeds=2)
    monkeypatch.setattr(cli, "STUDIES", {"short": short})


def test_studies_are_listed_with_their_questions(run):
    code, out, err = run("study", "--list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == list(STUDIES)
    assert "mirrored         Which mirrored digits does a network take for what they were?" in out


@pytest.mark.usefixtures("short_study")
def test_a_study_prints_its_question_its_table_and_where_things_are(run, some_digits):
    code, out, err = run("study", "short", "--data", some_digits, "--jobs", "1", "--out", "out")
    assert (code, err) == (0, "")
    assert out.startswith("How does accuracy depend on how often copies are flipped?\n")
    [row] = [
        line
        for line in out.splitlines()
        if line.startswith("30 units, copies flipped with p = 0.25")
    ]
    assert row.count(" to ") == 3
    written = f"written: {Path('out/short.json')}, {Path('out/short.png')}"
    assert out.splitlines()[-1] == written
    again = run("study", "short", "--data", some_digits, "--jobs", "1", "--out", "out")[1]
    assert "4 of 4 runs are in" in again and "epoch 1/1" not in again
    assert row in again


@pytest.mark.usefixtures("short_study")
def test_a_study_writes_over_no_picture_of_the_user(run, some_digits):
    Path("out").mkdir()
    Path("out/short.png").write_bytes(b"a photo")
    code, _, err = run("study", "short", "--data", some_digits, "--out", "out")
    assert code == 2 and "is not a picture that this program has drawn" in err
    assert Path("out/short.png").read_bytes() == b"a photo"


@pytest.mark.usefixtures("no_pictures")
def test_results_of_other_runs_are_kept_beside(run, some_digits):
    common = ["compare", "--data", some_digits, "--recipes", "small", "--quick", "--out", "out"]
    run(*common, "--seeds", "2")
    before = Path("out/results.json").read_bytes()
    out = run(*common)[1]
    assert "held other runs too; they are kept in out/results-before-1.json" in out.replace(
        os.sep, "/"
    )
    assert len(results()["runs"]) == 1
    assert Path("out/results-before-1.json").read_bytes() == before
    run(*common, "--lr", "0.02")
    assert Path("out/results-before-1.json").read_bytes() == before
    again = run(*common, "--seeds", "2")[1]
    assert "2 of 2 runs are in out already" in again and "seed 1: epoch" not in again


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no locks of folders")
def test_two_commands_at_once_do_not_lose_the_results_of_each_other(run, some_digits):
    command = ["compare", "--data", some_digits, "--recipes", "small", "--quick", "--out", "out"]
    with alone_in("out"):
        code, _, err = run(*command)
        assert code == 2 and "another command is writing its results into out; wait" in err
        assert not Path("out/results.json").exists()
    assert run(*command)[0] == 0


@pytest.mark.usefixtures("no_pictures")
def test_results_that_cannot_be_read_are_not_written_over(run, some_digits):
    Path("out").mkdir()
    Path("out/results.json").write_text('{\n "made": {}, "runs": 3}')
    command = ["compare", "--data", some_digits, "--quick", "--recipes", "small", "--out", "out"]
    code, _, err = run(*command)
    assert code == 2 and "does not hold results that can be read" in err
    assert run(*command, "--fresh")[0] == 0
    assert Path("out/results-before-1.json").read_text() == '{\n "made": {}, "runs": 3}'
    assert run(*command)[0] == 0, "the copy of what cannot be read is in nobody's way"


@pytest.mark.usefixtures("no_pictures")
def test_runs_side_by_side_are_counted_and_say_what_is_left(run, some_digits):
    code, out, err = run(
        "compare", "--data", some_digits, "--recipes", "small,improved-plain", "--quick",
        "--seeds", "2", "--out", "out", "--jobs", "2",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "2 trainings side by side, each with one thread" in out
    counted = [line for line in out.splitlines() if " of 4 runs done: " in line]
    assert [line.split()[0] for line in counted] == ["1", "2", "3", "4"]
    assert " left" in counted[0] and " left" not in counted[3]
    assert results()["made"]["jobs"] == "2" and "threads: 1" in results()["made"]["blas"]


def test_a_terminal_that_knows_only_ascii_gets_all_the_words(tmp_path, some_digits):
    started = process(
        tmp_path, "compare", "--data", some_digits, "--recipes", "small", "--quick",
        "--seeds", "2", encoding="ascii",
    )  # fmt: skip
    out, err = started.communicate(timeout=300)
    assert (started.returncode, err) == (0, "")
    assert "written: " in out and " ? " in out


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently on Windows")
def test_a_reader_that_has_had_enough_is_not_an_error(tmp_path):
    started = process(tmp_path, "compare", "--list")
    started.stdout.close()
    with started.stderr:
        assert started.stderr.read() == ""
    assert started.wait(timeout=300) == 141


# ------------------------------------------------------------------------------ real terminals


@contextmanager
def in_terminal(folder, rows, columns, *arguments):
    """A process in a terminal of this size, and a stream of what is seen there."""
    import fcntl
    import termios

    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {key: os.environ[key] for key in os.environ.keys() - {"COLUMNS", "LINES"}}
    started = subprocess.Popen(
        [sys.executable, "-m", "tinygrad_mlp", *map(str, arguments)],
        cwd=folder,
        stdin=its,
        stdout=its,
        stderr=its,
        env=environment | {"PYTHONPATH": str(Path(tinygrad_mlp.__file__).parents[1])},
        preexec_fn=heed_sigint,
    )
    os.close(its)

    def seen():
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # so Linux says that the process has ended
                part = b""
            if not part:
                return
            yield part.decode()

    try:
        yield started, seen()
    finally:
        started.kill()
        started.wait()
        os.close(ours)


needs_terminals = pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")


@needs_terminals
@pytest.mark.parametrize(
    "command",
    ["train --hidden 3 --epochs 9999", "compare --recipes small --epochs 9999 --hidden 3"],
)
def test_after_ctrl_c_the_last_line_in_a_terminal_is_the_message(tmp_path, some_digits, command):
    words = [*command.split(), "--data", some_digits]
    with in_terminal(tmp_path, 24, 40, *words) as (started, parts):
        shown = ""
        for part in parts:
            if " 3/9999" in part:
                started.send_signal(signal.SIGINT)
            shown += part
        assert started.wait(300) == 130
    before, message = shown.split("stopped; only what was finished is written")
    # Where colorama is installed, as the lessons' extra does, tqdm resets colours at the end.
    assert message.removesuffix("\x1b[0m") == "\r\n"
    bars = before.splitlines()
    assert " 3/9999" in before and len(set(filter(None, bars))) == len([b for b in bars if b])


@needs_terminals
def test_a_complaint_does_not_stand_behind_a_bar(tmp_path, some_digits):
    words = ["train", "--hidden", "3", "--lr", "1e30", "--data", some_digits]
    with in_terminal(tmp_path, 24, 80, *words) as (started, parts):
        shown = "".join(parts)
        assert started.wait(300) == 2
    assert shown.splitlines()[-1].startswith("tinygrad_mlp: model, seed 0: the loss became")


@needs_terminals
def test_a_terminal_that_does_not_say_its_size_shows_a_bar_all_the_same(tmp_path, some_digits):
    words = ["train", "--hidden", "3", "--epochs", "2", "--data", some_digits]
    with in_terminal(tmp_path, 0, 0, *words) as (started, parts):
        shown = "".join(parts)
        assert started.wait(300) == 0
    assert "epoch 2/2, loss " in shown
    assert max(map(len, re.findall(r"model, seed 0 [^\r]*", shown))) == 79
