"""The command line: `python -m tinygrad_mlp compare | train | evaluate | predict | export | show`.

This file only reads arguments and prints. Bad input gets one line on stderr and exit code 2;
Ctrl-C and SIGTERM keep what was finished and exit with 130 and 143.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from .. import plot
from ..data import ArrayDataset, load_mnist
from ..data.transforms import Transform
from ..files import check_writable
from ..train import Diverged, Epoch, Scores, evaluate
from .command import Parser, run_command
from .compare import as_text, augmented_rows, compare, quick, table
from .findings import findings
from .outputs import CHART, MODEL, REPORT, RESULTS, check_model, check_output
from .picture_files import FORMATS, MOST_PIXELS
from .recipes import AFFINE, BEYOND, ELASTIC, FLIPS, NOISE, RECIPES, AnyRecipe, Recipe
from .recognise import Prediction, predict, predict_row
from .training import (
    Run,
    Training,
    begin,
    choose_speedups,
    export,
    finish,
    load,
    load_model,
    save,
)

AUGMENT: dict[str, Transform] = {
    "noise": NOISE,
    "flips": FLIPS,
    "affine": AFFINE,
    "elastic": ELASTIC,
}

MODEL_FILE = Path("runs/model.safetensors")
"""Where `train` writes unless it is told."""

BLAS_SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""The variables by which a user says how many threads a matrix product may use."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    stopped = "stopped; only what was finished is written"
    return run_command("tinygrad_mlp", lambda: obey(given), stopped)


def obey(arguments: list[str]) -> int:
    options = make_parser().parse_args(arguments)
    options.command_line = " ".join(["python -m tinygrad_mlp", *arguments])
    if options.run is run_train and options.out is None:
        options.out = options.resume or MODEL_FILE
    check_outputs(options)
    try:
        with blas_threads():
            options.run(options)
    except MemoryError as error:
        raise ValueError(
            f"there is not enough memory for this ({error}); try smaller --hidden or --batch-size"
        ) from error
    except Diverged as error:
        raise ValueError(str(error)) from error
    return 0


def check_outputs(options: argparse.Namespace) -> None:
    """Raise ValueError if the command must not write where it would."""
    read = [getattr(options, name, None) for name in ("file", "model", "data")]
    for name, kind in options.writes.items():
        check_output(options.out / name, kind, [Path(path) for path in read if path is not None])


def blas_threads() -> Any:
    """One thread for each matrix product, unless the user's environment says how many.

    For networks of this size a second thread gains little, and can make a step many times slower
    when something else runs on its core. Another number also gives other bits.
    """
    if any(os.environ.get(name) for name in BLAS_SETTINGS):
        return contextlib.nullcontext()
    return threadpool_limits(1, user_api="blas")


# ----------------------------------------------------------------------------------- arguments


def make_parser() -> Parser:
    parser = Parser(prog="python -m tinygrad_mlp", description="Train and compare MLPs.")
    commands = parser.add_subparsers(required=True, metavar="command", parser_class=Parser)

    add = commands.add_parser("compare", help="run the published experiments and report")
    add.add_argument("--recipes", help="only these, by name: a,b,c (see --list)")
    add.add_argument(
        "--all", action="store_true", help=f"also {', '.join(BEYOND)}: 15 minutes or more"
    )
    add.add_argument("--seeds", type=whole, default=1, metavar="N", help="runs of each recipe")
    add.add_argument("--quick", action="store_true", help="a few images and epochs, under 20 s")
    add.add_argument("--list", action="store_true", help="name the recipes and stop")
    add.add_argument("--out", type=Path, default=Path("runs/compare"), metavar="DIR")
    add_settings(add)
    add.set_defaults(run=run_compare, writes={"results.json": RESULTS, "report.html": REPORT})

    add = commands.add_parser("train", help="train one model and save it")
    add.add_argument("--recipe", help="a recipe by name; the options below change it")
    add.add_argument("--resume", type=Path, metavar="FILE", help="go on with a saved training")
    add.add_argument("--augment", metavar="A,B", help=f"copies with any of: {', '.join(AUGMENT)}")
    add.add_argument(
        "--hold-out", type=whole, metavar="N", help="score on the last N, not trained on"
    )
    add.add_argument("--seed", type=seed, default=0, metavar="N")
    add.add_argument("--out", type=Path, metavar="FILE", help=f"{MODEL_FILE}, or that of --resume")
    add.add_argument("--force", action="store_true", help="replace another training in that file")
    add_settings(add)
    add.set_defaults(run=run_train, writes={"": MODEL})

    add = commands.add_parser("evaluate", help="score a saved model on the test set")
    add.add_argument("file", type=Path)
    add.add_argument("--data", metavar="DIR", help="a folder with MNIST or Fashion-MNIST")
    add.set_defaults(run=run_evaluate, writes={})

    add = commands.add_parser(
        "predict",
        help="say which digit a picture of yours shows",
        description=(
            "Say which digit a picture shows, and whether that is unsure. The paper may be ruled, "
            "in shadow or framed, with dark edges, and turned by up to 15 degrees; the digit "
            "should stand free of the edges."
        ),
    )
    add.add_argument(
        "file",
        type=Path,
        help=f"a picture, dark on light or not: {', '.join(FORMATS)}, "
        f"of at most {MOST_PIXELS // 10**6} million pixels",
    )
    add.add_argument("--model", type=Path, metavar="FILE", help="a model that `train` wrote")
    add.add_argument(
        "--several", action="store_true", help="read a row of digits, from left to right"
    )
    add.add_argument("--out", type=Path, default=Path("runs/predict.png"), metavar="FILE")
    add.set_defaults(run=run_predict, writes={"": CHART})

    add = commands.add_parser("export", help="write the weights of a saved model, in float16")
    add.add_argument("file", type=Path)
    add.add_argument("--out", type=Path, default=Path("runs/weights.safetensors"), metavar="FILE")
    add.add_argument("--force", action="store_true", help="replace another model in that file")
    add.set_defaults(run=run_export, writes={"": MODEL})

    add = commands.add_parser("show", help="draw samples, and augmented samples, as a picture")
    add.add_argument("--augment", action="store_true", help="originals and their copies")
    add.add_argument("--count", type=few, metavar="N", help="how many (30; 10 with --augment)")
    add.add_argument("--seed", type=seed, default=0, metavar="N")
    add.add_argument("--out", type=Path, default=Path("runs/show.png"), metavar="FILE")
    add.add_argument("--data", metavar="DIR", help="a folder with MNIST or Fashion-MNIST")
    add.set_defaults(run=run_show, writes={"": CHART})
    return parser


def add_settings(parser: argparse.ArgumentParser) -> None:
    """The options that change recipes."""
    parser.add_argument("--data", metavar="DIR", help="a folder with MNIST or Fashion-MNIST")
    parser.add_argument("--epochs", type=whole, metavar="N")
    parser.add_argument("--lr", type=positive, metavar="X", help="learning rate")
    parser.add_argument("--batch-size", type=whole, metavar="N")
    parser.add_argument("--hidden", type=sizes, metavar="N,N", help="units of each hidden layer")
    parser.add_argument(
        "--no-compile",
        dest="compiled",
        action="store_false",
        help="nothing that Numba compiles: the same bits, more slowly",
    )


def whole(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number >= 1:
        return number
    raise argparse.ArgumentTypeError(f"needs a whole number of at least 1, not {text!r}")


def few(text: str) -> int:
    number = whole(text)
    if number > 100:
        raise argparse.ArgumentTypeError(f"needs at most 100, not {number}: one picture holds them")
    return number


def seed(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"needs a whole number of at least 0, not {text!r}")


def positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if number > 0 and math.isfinite(number):
        return number
    raise argparse.ArgumentTypeError(f"needs a number above 0, not {text!r}")


def sizes(text: str) -> tuple[int, ...]:
    return tuple(whole(part) for part in text.split(","))


def changed(recipe: AnyRecipe, options: argparse.Namespace) -> AnyRecipe:
    """The recipe with what the user set."""
    names = ("epochs", "lr", "batch_size", "hidden")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return replace(recipe, **given)


def find_recipe(name: str) -> AnyRecipe:
    name = name.strip()
    if name not in RECIPES:
        raise ValueError(f"no recipe named {name!r}; choose from {', '.join(RECIPES)}")
    return RECIPES[name]


# ------------------------------------------------------------------------------------- compare


def run_compare(options: argparse.Namespace) -> None:
    if options.list:
        for recipe in RECIPES.values():
            print(f"{recipe.name:16} {recipe.title}")
        return
    names = [name for name in RECIPES if options.all or name not in BEYOND]
    if options.recipes is not None:
        names = options.recipes.split(",")
    recipes = list({recipe.name: recipe for recipe in map(find_recipe, names)}.values())
    train_data = load_mnist(options.data)
    test_data = load_mnist(options.data, split="test")
    notes = []
    if options.data is not None and not is_mnist(test_data):
        recipes = [replace(recipe, published=None) for recipe in recipes]
        notes.append(
            f"{options.data} does not hold the MNIST of the notebook, so there is nothing "
            "published to compare with."
        )
    if options.quick:
        recipes = [quick(recipe) for recipe in recipes]
        notes.append(
            "This is a quick run: few images and epochs, to see that everything works. "
            "Its numbers say little about the recipes."
        )
    wanted = [changed(recipe, options) for recipe in recipes]
    if wanted != recipes:
        notes.append("Settings were changed on the command line, so these are not the recipes.")
    for note in notes:
        print(note)
    for line in ways_of_training(wanted, options.compiled):
        print(line)
    runs: list[Run] = []
    written: dict[Path, None] = {}  # in the order in which they were written
    try:
        compare(
            wanted,
            train_data,
            test_data,
            options.out,
            options.seeds,
            notes,
            options.command_line,
            watch,
            runs.append,
            lambda path: written.setdefault(path),
            options.compiled,
        )
    finally:
        if runs:
            print("\n" + as_text(*table(runs)) + "\n")
            for sentence in findings(runs):
                print(f"- {sentence}")
            print(f"\nwritten: {', '.join(map(str, written))}")


def ways_of_training(recipes: list[AnyRecipe], compiled: bool) -> list[str]:
    """A line for each way in which recipes are trained, with their names."""
    names: dict[str, list[str]] = {}
    for recipe in recipes:
        names.setdefault(str(choose_speedups(recipe, compiled)), []).append(recipe.name)
    return [f"training {way}: {', '.join(those)}" for way, those in names.items()]


def is_mnist(test_data: ArrayDataset) -> bool:
    """Whether these are the test digits of MNIST, judged by their labels."""
    return np.array_equal(test_data.labels, load_mnist(split="test").labels)


# --------------------------------------------------------------------------------------- train


def run_train(options: argparse.Namespace) -> None:
    if options.resume:
        training = resumed(options)
    else:
        training = begin(chosen_recipe(options), options.seed, options.compiled)
    goes_on = options.resume and options.out.exists() and options.out.samefile(options.resume)
    check_model(options.out, training, exported=False, force=options.force or goes_on)
    train_data = load_mnist(options.data)
    test_data = load_mnist(options.data, split="test")
    check_writable(options.out)
    print(f"training {choose_speedups(training.recipe, options.compiled)}")
    show = watch(training.recipe, training.seed, len(training.history))

    def on_epoch(epoch: Epoch) -> None:
        show(epoch)
        save(options.out, training)

    done = finish(training, train_data, test_data, on_epoch)
    print(f"trained for {done.seconds:.0f} seconds")
    if done.validation is not None:
        print(f"validation accuracy {percent(done.validation.accuracy)}")
    print_scores(done.test)
    print(f"written: {options.out}")


def chosen_recipe(options: argparse.Namespace) -> AnyRecipe:
    """The recipe that was named, or a model of the user's own, with what the options change."""
    recipe: AnyRecipe = Recipe("model", "a model of your own")
    if options.recipe:
        recipe = find_recipe(options.recipe)
    settings: dict[str, Any] = {}
    if options.augment is not None:
        need_setting(recipe, "augment", "--augment")
        settings["augment"] = augmentation(options.augment)
    if options.hold_out is not None:
        need_setting(recipe, "held_out", "--hold-out")
        settings["held_out"] = options.hold_out
        settings["validated"] = None
    recipe = replace(changed(recipe, options), **settings)
    if options.recipe and recipe != RECIPES[recipe.name]:
        print("Settings were changed on the command line, so this is not the recipe.")
    return recipe


def need_setting(recipe: AnyRecipe, name: str, option: str) -> None:
    """Raise ValueError if recipes of this kind cannot be changed by an option."""
    if name not in vars(recipe):
        raise ValueError(
            f"the recipe {recipe.name} trains as the published notebook does, without {option}; "
            f"leave out {option}, or choose another recipe"
        )


def augmentation(names: str) -> tuple[Transform, ...]:
    chosen = [name.strip() for name in names.split(",")]
    for name in chosen:
        if name not in AUGMENT:
            raise ValueError(f"no augmentation named {name!r}; choose from {', '.join(AUGMENT)}")
    return tuple(AUGMENT[name] for name in chosen)


def resumed(options: argparse.Namespace) -> Training:
    """The training in a file; it goes on as it began, for more epochs if these are given."""
    fixed = ("recipe", "augment", "hold_out", "lr", "batch_size", "hidden")
    given = [name for name in fixed if getattr(options, name) is not None]
    if given:
        raise ValueError(
            f"--resume goes on as the training began, so --{given[0].replace('_', '-')} cannot "
            "be given with it; only --epochs, --data and --out can"
        )
    training = load(options.resume, options.compiled)
    recipe = training.recipe
    done = len(training.history)
    epochs = options.epochs or recipe.epochs
    if epochs <= done:
        raise ValueError(
            f"{options.resume} was trained for {done} epochs already; give more, for example "
            f"--epochs {done + 10}"
        )
    if epochs != recipe.epochs and recipe.one_cycle:
        raise ValueError(
            f"the learning rate of {recipe.name} follows a schedule over its {recipe.epochs} "
            "epochs, so --epochs cannot change them on the way"
        )
    return replace(training, recipe=replace(recipe, epochs=epochs))


def watch(recipe: AnyRecipe, seed: int, done: int = 0) -> Callable[[Epoch], None]:
    """What to call after each epoch: it moves a bar, or prints a line where nobody sees a bar.

    done  how many epochs were trained before
    """
    name = f"{recipe.name}, seed {seed}"

    def words(epoch: Epoch) -> str:
        return f"loss {epoch.loss:.4f}, accuracy {percent(epoch.accuracy)}"

    def print_line(epoch: Epoch) -> None:
        print(f"{name}: epoch {epoch.epoch}/{recipe.epochs}, {words(epoch)}", flush=True)

    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        return print_line
    bar = tqdm(
        total=recipe.epochs,
        initial=done,
        desc=f"{name:22}",
        ncols=min(110, shutil.get_terminal_size().columns - 1),
        bar_format="{desc} {bar} epoch {n_fmt}/{total_fmt} [{elapsed}<{remaining}]{postfix}",
        mininterval=0,
    )

    def move_bar(epoch: Epoch) -> None:
        bar.set_postfix_str(words(epoch), refresh=False)
        bar.update()
        if epoch.epoch == recipe.epochs:
            bar.close()

    return move_bar


# ------------------------------------------------------------------------- a model that was saved


def run_evaluate(options: argparse.Namespace) -> None:
    recipe, model = load_model(options.file)
    data = load_mnist(options.data, split="test")
    print_scores(evaluate(model, data, recipe.loss_fn))


def run_predict(options: argparse.Namespace) -> None:
    model = None
    if options.model:
        _, model = load_model(options.model)
    if options.several:
        print_row(predict_row(options.file, model), options.out)
        return
    found = predict(options.file, model)
    plot.save(plot.prediction(found.image, found.probabilities), options.out)
    print(answer(found))
    print("  ".join(f"{digit}: {100 * p:.1f} %" for digit, p in enumerate(found.probabilities)))
    print(f"what the network saw: {options.out}")


def answer(found: Prediction) -> str:
    """An answer in words, with its doubt."""
    likely = f"a {found.digit}, with {100 * found.probabilities[found.digit]:.1f} %"
    return f"unsure, most like {likely}: {found.doubt}" if found.doubt else f"this is {likely}"


def print_row(row: list[Prediction], out: Path) -> None:
    """Print the digits of a row, and draw what the network saw of each."""
    titles = [f"{found.digit}{' ?' if found.doubt else ''}" for found in row]
    plot.save(plot.digits(np.stack([found.image for found in row]), titles), out)
    print(f"from left to right: {' '.join(str(found.digit) for found in row)}")
    for found in row:
        print(answer(found))
    print(f"what the network saw: {out}")


def run_export(options: argparse.Namespace) -> None:
    training = load(options.file)
    check_model(options.out, training, exported=True, force=options.force)
    export(training, options.out)
    print(f"written: {options.out}, {options.out.stat().st_size / 1e6:.1f} MB")


def print_scores(scores: Scores) -> None:
    print(f"test accuracy {percent(scores.accuracy)}, loss {scores.loss:.4f}")
    if scores.confusion is not None:
        right = scores.confusion.diagonal() / scores.confusion.sum(axis=1)
        digits = (f"{digit}: {100 * share:.1f} %" for digit, share in enumerate(right))
        print("right by digit: " + "  ".join(digits))


def percent(accuracy: float | None) -> str:
    """An accuracy in percent; a regression has none."""
    return "none" if accuracy is None else f"{100 * accuracy:.2f} %"


# ---------------------------------------------------------------------------------------- show


def run_show(options: argparse.Namespace) -> None:
    data = load_mnist(options.data)
    rng = np.random.default_rng(options.seed)
    count = min(options.count or (10 if options.augment else 30), len(data))
    images, labels = data[np.sort(rng.choice(len(data), count, replace=False))]
    if options.augment:
        figure = plot.augmented(images, augmented_rows(images, options.seed), labels)
    else:
        figure = plot.digits(images, labels)
    plot.save(figure, options.out)
    print(f"written: {options.out}")
