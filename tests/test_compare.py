"""The comparison: its table, what it writes, and what it keeps when it is interrupted."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinygrad_mlp import checkpoint, plot
from tinygrad_mlp.data import ArrayDataset, load_mnist
from tinygrad_mlp.data.transforms import Compose
from tinygrad_mlp.experiment import compare as module
from tinygrad_mlp.experiment.compare import as_text, augmented_rows, compare, quick, table
from tinygrad_mlp.experiment.findings import findings
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.results import finished_before, how_made
from tinygrad_mlp.train import Scores

from .made_runs import made, scores


@pytest.fixture(scope="session")
def digits():
    """200 images to train on and 100 to test on."""
    data = load_mnist(split="test")
    return ArrayDataset(*data[:200]), ArrayDataset(*data[200:300])


# ----------------------------------------------------------------------------------- the table


def test_the_table_has_a_row_for_each_recipe_under_the_header():
    header, rows = table([made("small", 0.91), made("improved", 0.948, loss=0.2345)])
    assert header[:3] == ["recipe", "published %", "test %"]
    assert rows == [
        ["small: 10 hidden units", "90.54", "91.00", "0.300", "91.00", "2: 30 %", "12.3"],
        ["improved, as published", "94.95", "94.80", "0.234", "94.80", "2: 30 %", "12.3"],
    ]
    assert all(len(row) == len(header) for row in rows)


def test_several_seeds_give_mean_and_standard_deviation():
    _, [row] = table([made("small", a, seed) for seed, a in enumerate((0.90, 0.91, 0.92))])
    assert row[2] == "91.00 ± 1.00"
    assert row[-1] == "12.3 ± 0.0"
    _, [row] = table([made("small", 0.90), made("small", 0.92, 1)])
    assert row[2] == "91.00 ± 1.41"


def test_what_was_published_of_ten_images_is_not_given_as_a_percentage():
    _, [row] = table([made("basic", 0.1, share=0.9)])
    assert row[1] == "1 of 10"
    assert row[5] == "2: 90 %"


def test_what_was_not_published_is_left_empty():
    assert table([made("improved-plain", 0.97)])[1][0][1] == ""


def test_what_was_published_of_a_hundred_images_is_given_as_a_percentage():
    recipe = RECIPES["basic"]
    for images, told in ((99, "10 of 99"), (100, "10.00"), (10_000, "10.00")):
        one = replace(made("basic", 0.1), recipe=replace(recipe, published_images=images))
        assert table([one])[1][0][1] == told


def test_every_class_that_was_most_predicted_is_named():
    one, other = made("basic", 0.1, share=0.9), made("basic", 0.1, 1, share=0.7)
    turned = replace(other, test=Scores(0.1, 0.3, np.roll(other.test.confusion, 3, axis=1)))
    assert table([one, turned])[1][0][5] == "2,5: 80 %"


def test_validation_has_a_column_once_something_is_held_out():
    held_out = replace(made("simard", 0.9927), validation=scores(0.9918))
    header, rows = table([held_out, made("small", 0.91), made("best", 0.9945)])
    found = [(row[header.index("validation %")], row[header.index("test %")]) for row in rows]
    assert found == [("99.18", "99.27"), ("", "91.00"), ("(99.50)", "99.45")]


def test_as_text_lines_up_its_columns():
    text = as_text(["name", "value"], [["a", "1.0"], ["long name", "12.0"]])
    assert text.splitlines() == [
        "name       value",
        "---------  -----",
        "a            1.0",
        "long name   12.0",
    ]


def test_as_text_refuses_a_row_that_is_too_short():
    with pytest.raises(ValueError, match="shorter"):
        as_text(["name", "value"], [["a", "1.0"], ["b"]])


# ------------------------------------------------------------------------------- what is written


def short(*names):
    return [
        replace(RECIPES[name], epochs=2, hidden=(4,), train_images=60, batch_size=10)
        for name in names
    ]


def silent(recipe, seed):
    return lambda epoch: None


@pytest.fixture
def few_pictures(monkeypatch):
    """Without the pictures, which take most of the time."""
    monkeypatch.setattr(module, "write_report", lambda path, *parts: path.write_text("a report"))


@pytest.fixture
def headings_only(monkeypatch):
    """The report as the headings of its figures, which are not drawn as PNG."""

    def write(path, title, intro, header, rows, findings, figures, made):
        path.write_text("\n".join(heading for heading, _, _ in figures))

    monkeypatch.setattr(module, "write_report", write)


@pytest.mark.usefixtures("few_pictures")
def test_results_hold_every_figure_as_json(tmp_path, digits):
    recipes = short("basic", "improved")
    runs = compare(
        recipes,
        *digits,
        tmp_path,
        seeds=2,
        notes=["A note."],
        made=how_made("x", *digits),
        watch=silent,
    )
    text = (tmp_path / "results.json").read_text("utf-8")
    found = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert [(r["recipe"]["name"], r["seed"]) for r in found["runs"]] == [
        ("basic", 0),
        ("basic", 1),
        ("improved", 0),
        ("improved", 1),
    ]
    assert found["notes"] == ["A note."]
    assert found["findings"] == findings(runs)
    assert found["made"]["command"] == "x"
    assert {"date", "tinygrad_mlp", "python", "numpy", "machine"} <= found["made"].keys()
    for kept, one in zip(found["runs"], runs, strict=True):
        assert kept["test_accuracy"] == one.test.accuracy
        assert kept["test_loss"] == one.test.loss
        assert kept["train_accuracy"] == one.train.accuracy
        assert kept["train_loss"] == one.train.loss
        assert kept["most_predicted"] == one.test.most_predicted
        assert kept["most_predicted_share"] == one.test.most_predicted_share
        assert kept["seconds"] == one.seconds
        assert kept["confusion"] == one.test.confusion.tolist()
        assert [e["loss"] for e in kept["history"]] == [e.loss for e in one.history]
        assert kept["recipe"]["lr"] == one.recipe.lr
        assert kept["recipe"]["hidden"] == [4]
    assert found["runs"][2]["recipe"]["augment"] == [
        {"kind": "RandomHorizontalFlip", "p": 0.7, "column": None},
        {"kind": "GaussianNoise", "mean": 0.0, "std": 0.2},
    ]


def test_the_report_holds_table_findings_notes_and_pictures(tmp_path, digits):
    recipes = short("basic", "small")
    compare(recipes, *digits, tmp_path, notes=["Note <1>."], watch=silent)
    page = (tmp_path / "report.html").read_text("utf-8")
    for words in ("basic, as published", "small: 10 hidden units", "Note &lt;1&gt;.", "1 of 10"):
        assert words in page
    for heading in (
        "The images",
        "What augmentation does to them",
        "Learning curves",
        "What is taken for what",
        "First layer: small: 10 hidden units",
    ):
        assert f">{heading}</h3>" in page
    assert "First layer: basic, as published" not in page
    assert page.count("data:image/png;base64,") == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "first-weights.safetensors",
        "report.html",
        "results.json",
    ]


@pytest.fixture
def reported(monkeypatch):
    """What is given to the report, which is not written."""
    found = {}

    def write(path, title, intro, header, rows, findings, figures, made):
        pictures = {heading: (caption, figure) for heading, caption, figure in figures}
        found.update(title=title, intro=intro, findings=findings, pictures=pictures)

    monkeypatch.setattr(module, "write_report", write)
    return found


def test_the_report_is_about_its_images_and_shows_seed_0(reported, tmp_path, digits):
    runs = [
        replace(made(name, accuracy + 0.01 * seed, seed), model=None)
        for name, accuracy in (("improved-plain", 0.85), ("improved-flips", 0.8))
        for seed in range(2)
    ]
    runs[1].history[:] = runs[1].history[:1]
    weights = {name: np.ones((3, 784)) for name in ("small", "improved-flips")}
    how = how_made("", *digits) | {"dataset": "Fashion-MNIST"}
    module.write_pictures(tmp_path / "r", runs, weights, ["A note."], how, digits[0])
    assert reported["title"] == "Basic versus improved MLP on Fashion-MNIST"
    assert reported["intro"][0].startswith("Every recipe is trained and scored")
    assert reported["intro"][1:] == ["A note."]
    assert any("benchmark of Fashion-MNIST" in sentence for sentence in reported["findings"])
    told = {heading: figure.get_label() for heading, (_, figure) in reported["pictures"].items()}
    plain, flips = (RECIPES[name].title for name in ("improved-plain", "improved-flips"))
    assert list(told)[-2:] == ["What each change did", f"First layer: {flips}"]
    assert told["The images"].startswith("30 images of digits, labelled ")
    assert told["What augmentation does to them"].startswith("10 images of digits, labelled ")
    assert told["Learning curves"].count("at epoch 2") == 2
    assert f"{plain}: 85.0 % right" in told["What is taken for what"]
    assert told["What each change did"].startswith("points of test accuracy with their ranges")
    assert told[f"First layer: {flips}"].startswith(f"{flips}: the incoming weights of 3 units")
    caption, _ = reported["pictures"][f"First layer: {flips}"]
    assert caption.endswith("; 79,510 weights in all.")


@pytest.fixture
def asked(monkeypatch):
    """How the trainings were asked for; none is made, and nothing is drawn."""
    found = []

    def run_all(tasks, train_data, test_data, watch, jobs, compiled):
        found.append({"tasks": list(tasks), "jobs": jobs, "compiled": compiled})
        for recipe, seed in tasks:
            one = made(recipe.name, 0.5, seed)
            yield replace(one, recipe=recipe, model=recipe.build(seed))

    monkeypatch.setattr(module, "run_all", run_all)
    monkeypatch.setattr(module, "write_pictures", lambda path, *given: path.write_text("a report"))
    return found


def kept_weights(folder):
    return checkpoint.read(folder / "first-weights.safetensors").weights


def test_one_seed_is_trained_here_with_speedups_unless_something_else_is_asked_for(
    asked, tmp_path, digits
):
    recipes = short("small", "basic")
    compare(recipes, *digits, tmp_path)
    compare(recipes, *digits, tmp_path, seeds=2, jobs=3, compiled=False)
    few = [(recipe, 0) for recipe in recipes]
    assert asked[0] == {"tasks": few, "jobs": 1, "compiled": True}
    many = [(recipe, seed) for recipe in recipes for seed in (0, 1)]
    assert asked[1] == {"tasks": many, "jobs": 3, "compiled": False}
    how = json.loads((tmp_path / "results.json").read_text("utf-8"))["made"]
    assert (how["command"], how["jobs"], how["dataset"]) == ("", "3", "other images")


@pytest.mark.usefixtures("asked")
def test_what_is_said_is_about_the_images_that_were_used(tmp_path, digits):
    recipes = [replace(RECIPES["improved-plain"], train_images=60)]
    how = how_made("", *digits) | {"dataset": "Fashion-MNIST"}
    known = compare(recipes, *digits, tmp_path, made=how)
    compare(recipes, *digits, tmp_path / "again", made=how, known=known)
    for folder in (tmp_path, tmp_path / "again"):
        [said] = json.loads((folder / "results.json").read_text("utf-8"))["findings"]
        assert said.startswith("The benchmark of Fashion-MNIST")


@pytest.mark.usefixtures("asked")
def test_the_first_weights_are_those_of_seed_0_of_recipes_that_are_shown(tmp_path, digits):
    recipes = short("basic", "small", "improved")
    runs = []
    compare(recipes, *digits, tmp_path, seeds=2, on_run=runs.append)
    weights = kept_weights(tmp_path)
    assert weights.keys() == {"small", "improved"}
    [one] = [one for one in runs if one.seed == 0 and one.recipe.name == "small"]
    assert np.array_equal(weights["small"], one.recipe.first_weights(one.model))


@pytest.mark.usefixtures("asked")
def test_where_no_recipe_is_one_of_those_shown_all_are(tmp_path, digits):
    compare(short("basic", "affine"), *digits, tmp_path)
    assert kept_weights(tmp_path).keys() == {"basic", "affine"}


@pytest.mark.usefixtures("asked")
def test_a_new_comparison_does_not_take_over_the_weights_of_an_older_one(tmp_path, digits):
    compare(short("basic"), *digits, tmp_path)
    compare(short("basic", "small"), *digits, tmp_path)
    assert kept_weights(tmp_path).keys() == {"small"}


@pytest.mark.usefixtures("asked")
def test_each_file_is_told_when_it_is_whole(tmp_path, digits):
    told = []

    def on_file(path):
        assert path.is_file()
        told.append(path.name)

    recipes = short("small")
    known = compare(recipes, *digits, tmp_path, seeds=2, on_file=on_file)
    assert told == ["results.json", "results.json", "report.html"]
    told.clear()
    compare(recipes, *digits, tmp_path / "again", known=known, on_file=on_file)
    assert told == ["results.json", "report.html"]
    told.clear()
    compare([], *digits, tmp_path / "none", on_file=on_file)
    assert told == [] == list((tmp_path / "none").iterdir())


def intro(*runs):
    """What the report says about the columns of its table."""
    return module.about_columns(*table(runs), runs)


def test_the_report_explains_no_column_that_is_not_there():
    words = intro(made("basic", 0.1), made("small", 0.9))
    assert "squared error for the basic networks and the cross-entropy" in words
    assert "alidation" not in words and "parentheses" not in words


def test_the_report_explains_the_columns_that_are_there():
    words = intro(replace(made("simard", 0.99), validation=scores(0.99)))
    assert "The loss is the cross-entropy." in words and "squared" not in words
    assert "Validation accuracy is over training images that are held out" in words
    assert "parentheses" not in words
    assert "A figure in parentheses was measured" in intro(made("best", 0.99))


@pytest.mark.usefixtures("few_pictures")
def test_an_interruption_keeps_the_finished_runs(tmp_path, digits):
    def interrupting(recipe, seed):
        def on_epoch(epoch):
            if recipe.name == "improved" and epoch.epoch == 2:
                raise KeyboardInterrupt

        return on_epoch

    finished = []
    with pytest.raises(KeyboardInterrupt):
        compare(
            short("small", "improved", "basic"),
            *digits,
            tmp_path,
            watch=interrupting,
            on_run=finished.append,
        )
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert [r["recipe"]["name"] for r in found["runs"]] == ["small"]
    assert [r.recipe.name for r in finished] == ["small"]
    assert (tmp_path / "report.html").read_text() == "a report"


@pytest.mark.usefixtures("headings_only")
def test_a_comparison_that_goes_on_is_the_same_as_one_that_was_not_stopped(tmp_path, digits):
    recipes, made = short("small", "basic"), how_made("x", *digits)
    whole = compare(recipes, *digits, tmp_path / "whole", seeds=2, made=made, watch=silent)
    first, second = tmp_path / "parts" / "results.json", tmp_path / "parts" / "report.html"
    compare(recipes[:1], *digits, tmp_path / "parts", seeds=2, made=made, watch=silent)
    known = finished_before(first, recipes, 2, made)
    trained = []

    def watch(recipe, seed):
        trained.append((recipe.name, seed))
        return lambda epoch: None

    runs = compare(recipes, *digits, first.parent, 2, made=made, watch=watch, known=known)
    assert trained == [("basic", 0), ("basic", 1)]
    assert [(r.recipe.name, r.seed, r.test.loss) for r in runs] == [
        (r.recipe.name, r.seed, r.test.loss) for r in whole
    ]
    kept = json.loads(first.read_text("utf-8"))
    assert [r["seed"] for r in kept["runs"]] == [0, 1, 0, 1] and "begun" in kept["made"]
    assert "First layer: small" in second.read_text("utf-8")


@pytest.mark.usefixtures("headings_only")
def test_where_nothing_is_left_to_train_the_report_is_made_again(tmp_path, digits):
    recipes = short("small")
    known = compare(recipes, *digits, tmp_path, watch=silent)
    (tmp_path / "report.html").unlink()
    never = pytest.fail
    assert compare(recipes, *digits, tmp_path, watch=never, known=known) == known
    assert "First layer: small" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.usefixtures("headings_only")
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("junk")])
def test_a_report_without_the_first_weights_leaves_their_pictures_out(tmp_path, digits, damage):
    recipes = short("small")
    known = compare(recipes, *digits, tmp_path, watch=silent)
    damage(tmp_path / "first-weights.safetensors")
    compare(recipes, *digits, tmp_path, watch=silent, known=known)
    assert "First layer" not in (tmp_path / "report.html").read_text("utf-8")


def test_an_interruption_before_the_first_run_keeps_older_results(tmp_path, digits):
    (tmp_path / "results.json").write_text("older")

    def interrupting(recipe, seed):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(short("small"), *digits, tmp_path, watch=interrupting)
    assert (tmp_path / "results.json").read_text() == "older"


def test_a_folder_that_cannot_be_written_is_reported_before_any_training(tmp_path, digits):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"results.json cannot be written"):
        compare(
            short("small"),
            *digits,
            tmp_path / "file" / "out",
            watch=lambda recipe, seed: pytest.fail("training began"),
        )


# --------------------------------------------------------------------------------------- parts


@pytest.mark.parametrize("name", RECIPES)
def test_quick_only_takes_fewer_images_and_epochs(name):
    recipe, small = RECIPES[name], quick(RECIPES[name])
    assert small.epochs <= 2
    assert small.train_images <= (500 if recipe.batch_size == 1 else 6_000)
    assert replace(small, epochs=recipe.epochs, train_images=recipe.train_images) == recipe


@pytest.mark.parametrize(
    ("settings", "images", "epochs"),
    [
        ({"train_images": None}, 6_000, 2),
        ({"train_images": 60_000, "batch_size": 2}, 6_000, 2),
        ({"train_images": None, "batch_size": 1}, 500, 2),
        ({"train_images": 7_000, "epochs": 3}, 6_000, 2),
        ({"train_images": 300, "epochs": 1}, 300, 1),
    ],
)
def test_quick_takes_as_many_images_as_it_may(settings, images, epochs):
    small = quick(replace(RECIPES["small"], **settings))
    assert (small.train_images, small.epochs) == (images, epochs)


def test_augmented_rows_are_copies_as_the_recipes_draw_them(digits):
    images = digits[0].images[:50]
    rows = augmented_rows(images)
    assert list(rows) == [
        RECIPES[name].title
        for name in ("improved", "improved-noise", "improved-flips", "affine", "simard", "best")
    ]
    flipped = rows[RECIPES["improved-flips"].title]
    turned = [np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, images, strict=True)]
    kept = [np.array_equal(a, b) for a, b in zip(flipped, images, strict=True)]
    assert all(np.logical_or(turned, kept)) and any(turned) and any(kept)
    noise = rows[RECIPES["improved-noise"].title] - images
    assert 0.19 < noise.std() < 0.21
    again = Compose(RECIPES["improved"].augment)(images, np.random.default_rng(0))
    assert np.array_equal(rows[RECIPES["improved"].title], again)
    other = augmented_rows(images, seed=1)[RECIPES["improved"].title]
    assert not np.array_equal(other, again)


def test_what_each_change_did_is_drawn_where_it_has_an_interval():
    runs = [
        made(name, accuracy + seed / 1000, seed)
        for name, accuracy in (("improved-plain", 0.97), ("improved-flips", 0.955), ("small", 0.92))
        for seed in range(6)
    ]
    lines = module.accuracy_changes(runs)
    assert [line.name for line in lines] == [
        "A wider hidden layer and longer training",
        "Flipped copies",
    ]
    assert all(one.points[0].low <= one.points[0].middle <= one.points[0].high for one in lines)
    [point] = lines[1].points
    assert (point.low, point.middle, point.high) == pytest.approx((-1.5, -1.5, -1.5))
    assert isinstance(lines[0], plot.Line) and lines[0].points[0].middle == pytest.approx(5)
    assert module.accuracy_changes([one for one in runs if one.seed == 0]) == []
