"""The command line: `python -m tinygrad_mlp`, and then one of

compare, study, train, evaluate, predict, export, show, play.

This file only reads arguments and prints. Bad input gets one line on stderr and exit code 2, and
`predict` answers for the good ones of several pictures before it complains of the others;
Ctrl-C and SIGTERM keep what was finished and exit with 130 and 143.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from .. import plot
from ..data import load_mnist
from ..data.transforms import Transform
from ..files import alone_in, check_writable
from ..train import Diverged, Epoch, Scores, evaluate
from ..version import __version__
from .averaging import averaged
from .command import Complaints, Parser, run_command, seed, whole
from .compare import as_text, augmented_rows, compare, quick, table
from .findings import findings
from .outputs import CHART, MODEL, REPORT, RESULTS, check_model, check_output
from .parallel import cores
from .picture_files import FORMATS, MOST_PIXELS
from .play.server import ADDRESS, serve
from .progress import Progress, counted, curves, percent
from .recipes import AFFINE, BEYOND, ELASTIC, FLIPS, NOISE, RECIPES, AnyRecipe, Recipe
from .recognise import BEST, Prediction, check_probabilities, predict, predict_row
from .results import data_name, finished_before, how_made, in_order, keep_copy, read_results
from .studies import STUDIES, conclusions, run_study
from .studies import table as study_table
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

OWN = Recipe("model", "a model of your own")
"""What `train` trains where no recipe is named."""

MODEL_FILE = Path("runs/model.safetensors")
"""Where `train` writes unless it is told."""

BLAS_SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""The variables by which a user says how many threads a matrix product may use."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    playing = given[:1] == ["play"]
    stopped = "stopped" if playing else "stopped; only what was finished is written"
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
    named = [getattr(options, name, None) for name in ("file", "model", "data")]
    reads = [Path(path) for path in named if path is not None]
    reads += getattr(options, "files", [])
    for name, kind in options.writes.items():
        if options.out is not None:
            check_output(options.out / name, kind, reads)


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
    version = f"tinygrad_mlp {__version__}"
    parser.add_argument("--version", action="version", version=version, help="print it and stop")
    commands = parser.add_subparsers(required=True, metavar="command", parser_class=Parser)

    add = commands.add_parser("compare", help="run the published experiments and report")
    add.add_argument(
        "--recipes",
        metavar="A,B",
        help="only these, by name (see --list; default: those of the published experiment)",
    )
    add.add_argument(
        "--all", action="store_true", help=f"also {', '.join(BEYOND)}: 15 minutes or more"
    )
    add.add_argument(
        "--seeds",
        type=whole,
        default=1,
        metavar="N",
        help="runs of each recipe (default: %(default)s)",
    )
    add_jobs(add)
    add.add_argument("--quick", action="store_true", help="a few images and epochs, under 20 s")
    add.add_argument("--list", action="store_true", help="name the recipes and stop")
    add.add_argument(
        "--out",
        type=Path,
        default=Path("runs/compare"),
        metavar="DIR",
        help="where results.json and report.html are written (default: %(default)s)",
    )
    add_settings(add)
    add.set_defaults(run=run_compare, writes={"results.json": RESULTS, "report.html": REPORT})

    add = commands.add_parser("study", help="answer one question with many trainings")
    add.add_argument("name", nargs="?", metavar="NAME", help="which study (see --list)")
    add.add_argument("--list", action="store_true", help="name the studies and stop")
    add.add_argument(
        "--seeds", type=whole, metavar="N", help="runs of each recipe (default: the study's)"
    )
    add_jobs(add)
    add.add_argument(
        "--out",
        type=Path,
        default=Path("runs/studies"),
        metavar="DIR",
        help="where NAME.json and NAME.png are written (default: %(default)s)",
    )
    add_data(add)
    add.set_defaults(run=run_study_command, writes={})

    add = commands.add_parser("train", help="train one model and save it")
    add.add_argument(
        "--recipe",
        metavar="NAME",
        help="a recipe by name; the options below change it (default: a model of your own)",
    )
    add.add_argument("--resume", type=Path, metavar="FILE", help="go on with a saved training")
    add.add_argument("--augment", metavar="A,B", help=f"copies with any of: {', '.join(AUGMENT)}")
    add.add_argument(
        "--hold-out", type=whole, metavar="N", help="score on the last N, not trained on"
    )
    add.add_argument(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="of all that is drawn (default: %(default)s)",
    )
    add.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where the model is written, and its curves beside it, as a picture "
        f"(default: {MODEL_FILE}, or the file of --resume)",
    )
    add.add_argument(
        "--force",
        action="store_true",
        help="write over another training in that file, which is lost",
    )
    add_settings(add, OWN)
    add.set_defaults(run=run_train, writes={"": MODEL})

    add = commands.add_parser("evaluate", help="score a saved model on the test set")
    add.add_argument("file", type=Path, help="a model of `train` or `export`")
    add.add_argument("--json", action="store_true", help="print all figures as JSON, nothing else")
    add.add_argument(
        "--plot", dest="out", type=Path, metavar="FILE", help="draw the confusion matrix, as PNG"
    )
    add.add_argument(
        "--shifts",
        action="store_true",
        help="score the average of its answers to four copies of each image too, moved by half a "
        "pixel",
    )
    add_data(add)
    add.set_defaults(run=run_evaluate, writes={"": CHART})

    add = commands.add_parser(
        "predict",
        help="say which digits pictures of yours show",
        description=(
            "Say which digit each picture shows, and whether that is unsure. The paper may be "
            "ruled, in shadow or framed, with dark edges, and turned by up to 15 degrees; the "
            "digit should stand free of the edges."
        ),
    )
    add.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="file",
        help=f"a picture, dark on light or not: {', '.join(FORMATS)}, "
        f"of at most {MOST_PIXELS // 10**6} million pixels",
    )
    add.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="a model that `train` wrote (default: the one that comes with the package)",
    )
    add.add_argument(
        "--several", action="store_true", help="read a row of digits, from left to right"
    )
    add_chart(add, "runs/predict.png", "what the network saw")
    add.set_defaults(run=run_predict, writes={"": CHART})

    add = commands.add_parser("export", help="write the weights of a saved model, in float16")
    add.add_argument("file", type=Path, help="a model of `train`")
    add.add_argument(
        "--out",
        type=Path,
        default=Path("runs/weights.safetensors"),
        metavar="FILE",
        help="where the weights are written (default: %(default)s)",
    )
    add.add_argument(
        "--force", action="store_true", help="write over another model in that file, which is lost"
    )
    add.set_defaults(run=run_export, writes={"": MODEL})

    add = commands.add_parser("show", help="draw samples, and augmented samples, as a picture")
    add.add_argument("--augment", action="store_true", help="originals and their copies")
    add.add_argument(
        "--count", type=few, metavar="N", help="how many (default: 30, or 10 with --augment)"
    )
    add.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="which samples (default: %(default)s)"
    )
    add_chart(add, "runs/show.png", "the picture")
    add_data(add)
    add.set_defaults(run=run_show, writes={"": CHART})

    add = commands.add_parser(
        "play",
        help="serve a page on which you draw a digit, and see what four networks make of it",
        description=(
            f"Serve a page, to this computer alone ({ADDRESS}), on which you draw a digit and see "
            "what four networks make of it. Nothing is loaded from elsewhere, and nothing is "
            "written. Ctrl-C ends it."
        ),
    )
    add.add_argument(
        "--port",
        type=port,
        default=8028,
        metavar="N",
        help="where it listens; 0 for any free port (default: %(default)s)",
    )
    add.add_argument("--open", action="store_true", help="also open it in your browser")
    add.set_defaults(run=run_play, writes={})
    return parser


def add_settings(parser: argparse.ArgumentParser, otherwise: AnyRecipe | None = None) -> None:
    """The options that change recipes.

    otherwise  what is trained where no recipe is named
    """

    def default(name: str) -> str:
        words = "default: the recipe's"
        if otherwise is not None:
            words += f", or {shown(getattr(otherwise, name))} without a recipe"
        return f"({words})"

    def shown(value: Any) -> str:
        return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)

    add_data(parser)
    add = parser.add_argument
    add("--epochs", type=whole, metavar="N", help=f"how many {default('epochs')}")
    add("--lr", type=positive, metavar="X", help=f"learning rate {default('lr')}")
    add("--batch-size", type=whole, metavar="N", help=f"images a step {default('batch_size')}")
    add("--hidden", type=sizes, metavar="N,N", help=f"units of hidden layers {default('hidden')}")
    parser.add_argument(
        "--no-compile",
        dest="compiled",
        action="store_false",
        help="train step by step in NumPy, with neither replayed programs nor Numba; slower, but "
        "the same bits",
    )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """The options of commands that run many trainings."""
    parser.add_argument(
        "--jobs",
        type=whole,
        metavar="N",
        help="how many trainings run side by side, each with one thread; the results have the "
        "same bits (default: one for each core)",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="make all runs again; otherwise those that are in the results already are kept, so "
        "the same command goes on where it was stopped",
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="a folder with MNIST or Fashion-MNIST (default: the MNIST in the package)",
    )


def add_chart(parser: argparse.ArgumentParser, default: str, what: str) -> None:
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(default),
        metavar="FILE",
        help=f"where {what} is drawn, as PNG (default: %(default)s)",
    )


def few(text: str) -> int:
    number = whole(text)
    if number > 100:
        raise argparse.ArgumentTypeError(f"needs at most 100, not {number}: one picture holds them")
    return number


def port(text: str) -> int:
    if text.isdecimal() and int(text) < 2**16:
        return int(text)
    raise argparse.ArgumentTypeError(f"needs a whole number from 0 to 65535, not {text!r}")


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
    if data_name(test_data) != "MNIST":
        recipes = [replace(recipe, published=None) for recipe in recipes]
        notes.append(
            f"{options.data} holds {data_name(test_data)}, not the MNIST of the notebook, so the "
            "published figures are left out."
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
    with alone_in(options.out):
        jobs = options.jobs or cores()
        made = how_made(options.command_line, train_data, test_data, jobs)
        known = keep_known(options.out / "results.json", wanted, options.seeds, made, options.fresh)
        jobs = jobs_for(jobs, options.seeds * len(wanted) - len(known))
        progress = Progress(wanted, len(train_data), options.seeds, jobs=jobs, known=known)
        runs = list(known)

        def on_run(one: Run) -> None:
            runs.append(one)
            progress.finished(one)

        written: dict[Path, None] = {}  # in the order in which they were written
        try:
            compare(
                wanted,
                train_data,
                test_data,
                options.out,
                options.seeds,
                notes,
                made,
                progress.watch,
                on_run,
                lambda path: written.setdefault(path),
                options.compiled,
                jobs,
                known,
            )
        finally:
            progress.close()
            if runs:
                runs = in_order(runs, wanted)
                print("\n" + as_text(*table(runs)) + "\n")
                for sentence in findings(runs, made["dataset"]):
                    print(f"- {sentence}")
                print(f"\nwritten: {', '.join(map(str, written))}")


def jobs_for(jobs: int, left: int) -> int:
    """How many of the trainings that are left run side by side; says so if they do."""
    jobs = max(1, min(jobs, left))
    if jobs > 1:
        print(f"{jobs} trainings side by side, each with one thread")
    return jobs


def keep_known(
    path: Path, recipes: Sequence[AnyRecipe], seeds: int, made: dict[str, str], fresh: bool
) -> list[Run]:
    """The runs in a file of results that are kept; prints how many, and what becomes of others.

    Results that hold other runs are copied, so that none is lost.
    """
    known = [] if fresh else finished_before(path, recipes, seeds, made)
    if known:
        begun = made["begun"][:16].replace("T", " ")
        print(
            f"{len(known)} of {len(recipes) * seeds} runs are in {path.parent} already, since "
            f"{begun}, and are kept; --fresh makes them again"
        )
    if (
        path.is_file()
        and path.stat().st_size
        and (fresh or len(known) < len(read_results(path)[1]))
    ):
        print(f"{path} held other runs too; they are kept in {keep_copy(path)}")
    return known


def run_study_command(options: argparse.Namespace) -> None:
    if options.list:
        for study in STUDIES.values():
            print(f"{study.name:16} {study.question}")
        return
    if options.name not in STUDIES:
        given = "no study was named" if options.name is None else f"no study named {options.name!r}"
        raise ValueError(f"{given}; choose from {', '.join(STUDIES)}")
    study = STUDIES[options.name]
    seeds = options.seeds or study.seeds
    results, picture = options.out / f"{study.name}.json", options.out / f"{study.name}.png"
    check_output(results, RESULTS, [])
    check_output(picture, CHART, [])
    train_data = load_mnist(options.data)
    test_data = load_mnist(options.data, split="test")
    print(study.question)
    with alone_in(options.out):
        jobs = options.jobs or cores()
        made = how_made(options.command_line, train_data, test_data, jobs)
        known = keep_known(results, study.recipes, seeds, made, options.fresh)
        jobs = jobs_for(jobs, seeds * len(study.arms) - len(known))
        progress = Progress(study.recipes, len(train_data), seeds, jobs=jobs, known=known)
        runs = list(known)

        def on_run(one: Run) -> None:
            runs.append(one)
            progress.finished(one)

        written = [results]
        try:
            run_study(
                study,
                train_data,
                test_data,
                options.out,
                made,
                seeds,
                progress.watch,
                on_run,
                jobs,
                known,
            )
            written.append(picture)
        finally:
            progress.close()
            if runs:
                print("\n" + as_text(*study_table(study, runs)) + "\n")
                for sentence in conclusions(study, runs):
                    print(f"- {sentence}")
                print(f"\nwritten: {', '.join(map(str, written))}")


def ways_of_training(recipes: list[AnyRecipe], compiled: bool) -> list[str]:
    """A line for each way in which recipes are trained, with their names."""
    names: dict[str, list[str]] = {}
    for recipe in recipes:
        names.setdefault(str(choose_speedups(recipe, compiled)), []).append(recipe.name)
    return [f"training {way}: {', '.join(those)}" for way, those in names.items()]


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
    chart = chart_beside(options.out)
    check_output(chart, CHART, [options.resume])
    print(f"training {choose_speedups(training.recipe, options.compiled)}")
    progress = Progress([training.recipe], len(train_data), trained=len(training.history))
    show = progress.watch(training.recipe, training.seed)

    def on_epoch(epoch: Epoch) -> None:
        show(epoch)
        save(options.out, training)

    try:
        done = finish(training, train_data, test_data, on_epoch)
    finally:
        progress.close()
        if training.history:
            title = f"{training.recipe.title}, seed {training.seed}"
            plot.save(plot.history(training.history, title=title), chart)
    print(f"trained for {counted(round(done.seconds), 'second')}")
    for line in curves(training.history):
        print(line)
    if done.validation is not None:
        print(f"validation accuracy {percent(done.validation.accuracy)}")
    print_scores(done.test)
    print(f"written: {options.out}, {chart}")


def chart_beside(model: Path) -> Path:
    """Where the curves of a training are drawn: model.png beside model.safetensors."""
    chart = model.with_suffix(".png")
    return chart if chart != model else model.with_name(f"{model.name}.png")


def chosen_recipe(options: argparse.Namespace) -> AnyRecipe:
    """The recipe that was named, or a model of the user's own, with what the options change."""
    recipe: AnyRecipe = OWN
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
            f"{options.resume} was trained for {counted(done, 'epoch')} already; give more, "
            f"for example --epochs {done + 10}"
        )
    if epochs != recipe.epochs and recipe.one_cycle:
        raise ValueError(
            f"the learning rate of {recipe.name} follows a schedule over its "
            f"{counted(recipe.epochs, 'epoch')}, so --epochs cannot change that on the way"
        )
    return replace(training, recipe=replace(recipe, epochs=epochs))


# ------------------------------------------------------------------------- a model that was saved


def run_evaluate(options: argparse.Namespace) -> None:
    recipe, model = load_model(options.file)
    data = load_mnist(options.data, split="test")
    if options.shifts:
        check_probabilities(model)
    scores = evaluate(model, data, recipe.loss_fn)
    averages = evaluate(averaged(model), data, recipe.loss_fn) if options.shifts else None
    if options.json:
        print(json.dumps(as_dict(recipe, scores, averages), indent=1, ensure_ascii=False))
    else:
        print_scores(scores)
        for line in confusion_lines(scores.counts):
            print(line)
        if averages is not None:
            print("averaged over four copies of each image, moved by half a pixel:")
            print_scores(averages)
    if options.out is not None:
        plot.save(plot.confusion(scores, recipe.title), options.out)
        if not options.json:
            print(f"written: {options.out}")


def as_dict(recipe: AnyRecipe, scores: Scores, averages: Scores | None) -> dict[str, Any]:
    """What `evaluate --json` prints: accuracies are shares from 0 to 1.

    averages  the scores of averaged answers, if they were asked for
    """
    found = {
        "recipe": recipe.name,
        "title": recipe.title,
        "accuracy": scores.accuracy,
        "loss": scores.loss,
        "loss_is": recipe.loss_name,
        "right_by_digit": right_by_digit(scores.counts).tolist(),
        "confusion": scores.counts.tolist(),
    }
    if averages is not None:
        found["shifts"] = {
            "accuracy": averages.accuracy,
            "loss": averages.loss,
            "confusion": averages.counts.tolist(),
        }
    return found


def right_by_digit(counts: np.ndarray) -> np.ndarray:
    """The share of right answers for each true class; 0 for one that does not occur."""
    right: np.ndarray = counts.diagonal() / np.maximum(counts.sum(axis=1), 1)
    return right


def confusion_lines(counts: np.ndarray) -> list[str]:
    """The mistakes as a table: rows are the true digits, columns the answers, right ones a dash."""
    cells = [
        ["-" if true == answer else str(count or ".") for answer, count in enumerate(row)]
        for true, row in enumerate(counts.tolist())
    ]
    table = [list(map(str, range(len(counts)))), *cells]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    names = ["", *map(str, range(len(counts)))]
    lines = ["mistakes (down: true, across: answer):"]
    for name, row in zip(names, table, strict=True):
        aligned = " ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"{name:>2}  {aligned}")
    return lines


def run_predict(options: argparse.Namespace) -> None:
    _, model = load_model(options.model or BEST)
    check_probabilities(model)
    read = predict_row if options.several else predict_one
    answers, complaints = [], []
    for file in options.files:
        try:
            answers.append((file, answers_for(file, read, model)))
        except (OSError, ValueError) as error:
            complaints.append(error)
    if options.several or len(options.files) > 1:
        if answers:
            print_rows(answers, options)
    elif answers:
        [found] = answers[0][1]
        print_one(found, options.out)
    if complaints:
        raise Complaints(complaints)


def print_one(found: Prediction, out: Path) -> None:
    """Print the digit of one picture, and draw what the network saw of it."""
    plot.save(plot.prediction(found.image, found.probabilities), out)
    print(answer(found))
    print("  ".join(f"{digit}: {100 * p:.1f} %" for digit, p in enumerate(found.probabilities)))
    print(f"what the network saw: {out}")


def predict_one(picture: Path, model: Any) -> list[Prediction]:
    return [predict(picture, model)]


def answers_for(file: Path, read: Callable[..., list[Prediction]], model: Any) -> list[Prediction]:
    """The answers for a file; a complaint names it, since it may be one of many."""
    try:
        return read(file, model)
    except ValueError as error:
        if str(file) in str(error):
            raise
        raise ValueError(f"{file}: {error}") from error


def answer(found: Prediction) -> str:
    """An answer in words, with its doubt."""
    likely = f"a {found.digit}, with {100 * found.probabilities[found.digit]:.1f} %"
    return f"unsure, most like {likely}: {found.doubt}" if found.doubt else f"this is {likely}"


def print_rows(answers: list[tuple[Path, list[Prediction]]], options: argparse.Namespace) -> None:
    """Print the digits of each file, and draw what the network saw of all of them."""
    for file, row in answers:
        name = f"{file}: " if len(options.files) > 1 else ""
        if options.several:
            print(f"{name}from left to right: {' '.join(str(found.digit) for found in row)}")
            name = "  " if name else ""
        for found in row:
            print(f"{name}{answer(found)}")
    shown = [found for _, row in answers for found in row]
    titles = [f"{found.digit}{' ?' if found.doubt else ''}" for found in shown]
    plot.save(plot.digits(np.stack([found.image for found in shown]), titles), options.out)
    print(f"what the network saw: {options.out}")


def run_export(options: argparse.Namespace) -> None:
    training = load(options.file)
    check_model(options.out, training, exported=True, force=options.force)
    export(training, options.out)
    print(f"written: {options.out}, {options.out.stat().st_size / 1e6:.1f} MB")


def print_scores(scores: Scores) -> None:
    print(f"test accuracy {percent(scores.accuracy)}, loss {scores.loss:.4f}")
    if scores.confusion is not None:
        shares = right_by_digit(scores.confusion)
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        print("\n".join(lines_by_digit(shares, columns)))


def lines_by_digit(shares: Sequence[float] | np.ndarray, columns: int | None) -> list[str]:
    """The share of each digit that is right, in lines of at most so many columns; None: in one."""
    lines = ["right by digit:"]
    for digit, share in enumerate(shares):
        cell = f"{digit}: {100 * share:.1f} %"
        longer = lines[-1] + (" " if digit == 0 else "  ") + cell
        if columns is None or len(longer) <= columns:
            lines[-1] = longer
        else:
            lines.append("  " + cell)
    return lines


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


# ---------------------------------------------------------------------------------------- play


def run_play(options: argparse.Namespace) -> None:
    serve(options.port, options.open)
