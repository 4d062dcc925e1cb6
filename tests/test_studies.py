"""Studies: tables of recipes that differ in one thing, what they measure, and what is stored."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lessons.reference import studies as page_studies
from tinygrad_mlp.data import ArrayDataset, load_mnist
from tinygrad_mlp.experiment import studies
from tinygrad_mlp.experiment.intervals import student
from tinygrad_mlp.experiment.recipes import from_dict
from tinygrad_mlp.experiment.results import finished_before, how_made, read_results
from tinygrad_mlp.experiment.studies import (
    BATCH,
    IMAGES,
    STEPS,
    STUDIES,
    about_two_and_five,
    conclusions,
    draw,
    lean,
    measure_mirrored,
    run_study,
    table,
)
from tinygrad_mlp.experiment.training import run

from .made_runs import made

STORED = Path(__file__).parents[1] / "lessons" / "results"
PAGE = Path(__file__).parents[1] / "lessons" / "reference" / "studies.md"

DOSES = ("flipped-digits", "flip-dose", "noise-dose", "data-size")


@pytest.fixture(scope="module")
def digits():
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(10), 30)
    images = rng.random((300, 28, 28), np.float32)
    return ArrayDataset(images, labels), ArrayDataset(images[:100], labels[:100])


def silent(recipe, seed):
    return lambda epoch: None


def small(name, arms=3):
    """A study with fewer arms, each trained for an epoch on a few images."""
    study = STUDIES[name]
    short = [
        replace(arm, recipe=replace(arm.recipe, epochs=1, train_images=60, hidden=(4,)))
        for arm in study.arms[:arms]
    ]
    return replace(study, arms=tuple(short), seeds=2)


# ------------------------------------------------------------------------------------- the tables


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_every_arm_has_its_own_name_and_is_compared_with_one_of_the_study(study):
    names = [arm.recipe.name for arm in study.arms]
    assert len(set(names)) == len(names)
    assert {arm.against for arm in study.arms} - {""} <= set(names)
    for recipe in study.recipes:
        assert from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize("name", DOSES)
def test_all_arms_take_the_same_number_of_steps(name):
    for recipe in STUDIES[name].recipes:
        images = (recipe.train_images or IMAGES) * (2 if recipe.augment else 1)
        assert recipe.epochs * math.ceil(images / BATCH) == STEPS
        assert recipe.batch_size == BATCH


@pytest.mark.parametrize("name", DOSES)
def test_arms_that_are_compared_differ_in_what_is_asked_and_in_nothing_else(name):
    asked = {"flipped-digits": {"augment", "augment_classes"}}.get(name, {"augment"})
    by_name = {recipe.name: recipe for recipe in STUDIES[name].recipes}
    for arm in STUDIES[name].arms:
        if arm.against:
            one, other = arm.recipe, by_name[arm.against]
            differ = {key for key in vars(one) if getattr(one, key) != getattr(other, key)}
            assert differ - {"name", "title", "epochs"} <= asked


ARMS = {
    "flipped-digits": studies._flipped_digits,
    "flip-dose": studies._flip_doses,
    "noise-dose": studies._noise_doses,
    "data-size": studies._data_sizes,
}
"""What makes the tables: called again here, since the tables are made only once."""


@pytest.mark.parametrize("name", DOSES)
def test_the_arms_have_the_recipes_that_are_stored(name):
    stored = read_results(STORED / f"{name}.json")[1]
    assert {arm.recipe for arm in ARMS[name]()} == {one.recipe for one in stored}


@pytest.mark.parametrize(
    ("name", "dose", "line"),
    [
        (
            "flip-dose",
            lambda recipe: recipe.augment[0].p,
            lambda recipe: f"{recipe.hidden[0]} hidden units",
        ),
        (
            "noise-dose",
            lambda recipe: recipe.augment[0].std,
            lambda recipe: f"{recipe.hidden[0]} hidden units, {recipe.train_images:,} images",
        ),
    ],
)
def test_an_arm_lies_at_its_dose_and_is_compared_with_none_of_it(name, dose, line):
    arms = ARMS[name]()
    none = {arm.line: arm.recipe.name for arm in arms if arm.x == 0}
    assert len(none) == 4
    for arm in arms:
        assert (arm.x, arm.line) == (dose(arm.recipe), line(arm.recipe))
        assert arm.against == (none[arm.line] if arm.x else "")


def test_an_arm_lies_at_its_number_of_images_and_is_compared_with_as_many_plain_ones():
    arms = ARMS["data-size"]()
    plain = {arm.x: arm.recipe.name for arm in arms if not arm.recipe.augment}
    assert len(plain) == 7
    for arm in arms:
        assert arm.x == arm.recipe.train_images
        assert arm.recipe.augment == studies.AUGMENTATIONS[arm.line]
        assert arm.against == (plain[arm.x] if arm.recipe.augment else "")


def test_arms_of_flipped_digits_are_side_by_side_and_compared_with_that_of_none():
    first, *others = ARMS["flipped-digits"]()
    assert (first.line, first.against, first.recipe.augment[0].p) == ("flips of none", "", 0)
    assert [arm.x for arm in (first, *others)] == list(range(8))
    for arm in others:
        flip = arm.recipe.augment[0]
        assert arm.against == "flips-of-none" and flip.p > 0
        assert arm.line.endswith(" about column 14") == (flip.column is not None)


@pytest.mark.parametrize(
    ("images", "settings", "epochs"),
    [
        (60_000, {}, 6),
        (60_000, {"augment": studies.AUGMENTATIONS["noise"]}, 3),
        (120, {}, 2_400),  # the batches have 50, 50 and 20 images
        (250_000, {}, 1),
        (10_000_000, {}, 1),
    ],
)
def test_there_are_as_many_epochs_as_make_the_steps_and_at_least_one(images, settings, epochs):
    recipe = studies.equal_steps("name", "title", images, **settings)
    assert (recipe.name, recipe.title, recipe.train_images) == ("name", "title", images)
    assert recipe.epochs == epochs
    assert recipe.augment == settings.get("augment", ())


# --------------------------------------------------------------------------------- what is measured


def slanted(slope):
    """A stroke that moves `slope` pixels to the right for each pixel downwards."""
    rows, columns = np.mgrid[:28, :28]
    return np.exp(-((columns - 13.5 - slope * (rows - 13.5)) ** 2)) * (abs(rows - 13.5) < 8)


@pytest.mark.parametrize("slope", [-0.5, -0.1, 0.0, 0.3])
def test_lean_is_the_slope_of_a_stroke_and_its_mirror_leans_the_other_way(slope):
    image = slanted(slope)[None]
    assert lean(image)[0] == pytest.approx(slope, abs=0.01)
    assert lean(image[..., ::-1])[0] == pytest.approx(-slope, abs=0.01)
    assert lean(5 * image)[0] == pytest.approx(slope, abs=0.01)


def test_lean_does_not_depend_on_size_or_strength_and_is_as_exact_in_single_precision():
    small = np.zeros((1, 28, 28))
    small[0, [10, 11], [20, 21]] = 0.1, 0.2
    images = np.concatenate([small, slanted(0.3)[None] / 100])
    assert lean(images) == pytest.approx([1.0, 0.3], abs=0.001)
    assert lean(images.astype(np.float32)) == pytest.approx(lean(images), abs=1e-7)


def test_an_empty_picture_leans_nowhere():
    assert lean(np.zeros((1, 28, 28)))[0] == 0


class SaysThree:
    """A network that answers 3 to a picture with ink in the column 0, else 0."""

    def __call__(self, images):
        scores = np.zeros((len(images.data), 10))
        scores[:, 3] = images.data[:, :, 0].max(axis=1)
        return studies.tensor(scores)


def test_mirrored_digits_are_counted_by_column_digit_and_lean():
    image = slanted(0.0).astype(np.float32) * 0.9
    image[5, 27] = 1.0  # the middle takes this to column 0, and column 14 to column 1
    images = [image, image, *(slanted(slope).round(3) for slope in (0.0, -0.6, 0.6))]
    data = ArrayDataset(np.stack(images).astype(np.float32), np.array([3, 0, 9, 0, 0]))
    one = measure_mirrored(replace(made("small", 0.9), model=SaysThree()), data)
    counts = {name: np.array(found) for name, found in one.measured["right"].items()}
    upright = int(np.digitize(lean(data.images), studies.LEANS)[0])
    assert np.argwhere(counts["13.5"]).tolist() == [[0, 0], [0, 5], [3, upright]]
    assert np.argwhere(counts["14"]).tolist() == [[0, 0], [0, upright], [0, 5]]
    all_of_them = np.array(one.measured["images"])
    assert all_of_them.shape == (10, 6) and all_of_them.sum() == 5
    assert {type(n) for row in one.measured["images"] for n in row} == {int}


def seen_mirrored(*shares, images=100):
    """Runs that get these shares of the mirrored images right; `images` says how many there are."""
    counts = np.broadcast_to(images, (10, 6))
    return {
        "mirrored": [
            replace(
                made("small", 0.9, seed),
                measured={
                    "right": dict.fromkeys(("13.5", "14"), (share * counts).tolist()),
                    "images": counts.tolist(),
                },
            )
            for seed, share in enumerate(shares)
        ]
    }


def test_a_share_is_given_for_twenty_images_or_more():
    images = np.full((10, 6), 20)
    images[4], images[5] = 19, 0
    [shares] = studies.mirrored_shares(seen_mirrored(0.5, images=images)["mirrored"], 14.0)
    assert np.isnan(shares[4:6]).all()
    assert (np.delete(shares, [4, 5], 0) == 0.5).all()


def test_mirrored_digits_of_one_run_have_no_interval_and_those_of_several_end_at_all_or_none():
    def said(*shares):
        return studies.about_mirrored(seen_mirrored(*shares))[0]

    assert "of the 1 that stand nearly upright 25 % stay right, and of" in said(0.25)
    assert "upright 50 % (45 to 55) stay right" in said(0.496, 0.504)
    assert "upright 50 % (0 to 100) stay right" in said(0.25, 0.75)


def test_of_digits_that_are_too_few_nothing_is_said():
    images = np.full((10, 6), 100)
    images[0, studies.UPRIGHT] = images[1, studies.STRONG] = 3
    sentences = studies.about_mirrored(seen_mirrored(0.5, images=images))
    assert len(sentences) == 2
    for column, sentence in zip(("13.5", "14"), sentences, strict=True):
        assert sentence.startswith(f"Mirrored about column {column}, of the 8 that stand nearly")
        assert "of the 0" not in sentence and "of the 1" not in sentence
    assert studies.about_mirrored(seen_mirrored(0.5, images=3)) == []


def test_the_picture_of_mirrored_digits_has_a_dot_with_its_range_in_the_middle_of_each_bin():
    images = np.full((10, 6), 100)
    images[8, 5] = 3
    digits = np.arange(10)[:, None] / 100
    figure = studies.draw_mirrored(seen_mirrored(digits + 0.4, digits + 0.6, images=images))
    [axes] = figure.axes
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    columns = ("13.5", "14")
    assert names == [f"{digit}, about column {c}" for c in columns for digit in (0, 1, 8)]
    for digit, drawn in zip((0, 1, 8) * 2, axes.containers, strict=True):
        x, y = drawn.lines[0].get_xydata().T
        assert len(x) == (5 if digit == 8 else 6)
        assert np.digitize(x, studies.LEANS).tolist() == list(range(len(x)))
        assert np.diff(x) == pytest.approx(0.2) and x[0] == pytest.approx(-0.6)
        assert y == pytest.approx(50 + digit)
        [[low, high], *_] = [ends[:, 1] for ends in drawn.lines[2][0].get_segments()]
        assert low < y[0] - 10 and high > y[0] + 10
    assert axes.get_ylabel() == "mirrored digits right, %"


def test_the_share_of_2_and_5_is_that_of_the_added_errors():
    def run(name, counts):
        one = made("small", 0.9)
        test = replace(one.test, confusion=np.array(counts))
        return replace(one, recipe=replace(one.recipe, name=name), test=test)

    before, after = np.diag([100] * 10), np.diag([90] * 10)
    after[2, 5], after[5, 2], after[7, 1] = 2, 3, 15
    groups = {
        "flips-of-none": [run("flips-of-none", before)],
        "flips-of-all": [run("flips-of-all", after)],
    }
    assert about_two_and_five(groups) == [
        "Flips of all digits add 20 errors on 10,000 images, of which 5 are a 2 taken for a 5 or a "
        "5 for a 2, 25 %."
    ]
    assert about_two_and_five({}) == []
    after = np.diag([100] * 9 + [99])
    after[9, 4] = 1
    groups["flips-of-all"] = [run("flips-of-all", after)]
    assert about_two_and_five(groups)[0].startswith("Flips of all digits add 1 error on 10,000")
    same = dict.fromkeys(groups, groups["flips-of-none"])
    assert about_two_and_five(same) == ["Flips of all digits add no errors."]


# -------------------------------------------------------------------------------------- running


def test_a_study_writes_its_results_and_its_picture_and_goes_on(tmp_path, digits):
    study, how = small("flip-dose"), how_made("x", *digits)
    first = run_study(study, *digits, tmp_path, dict(how), seeds=1, watch=silent)
    assert len(first) == 3
    known = finished_before(tmp_path / "flip-dose.json", study.recipes, 2, how)
    trained = []
    runs = run_study(study, *digits, tmp_path, how, 2, silent, on_run=trained.append, known=known)
    assert [one.seed for one in trained] == [1, 1, 1] and len(runs) == 6
    stored = read_results(tmp_path / "flip-dose.json")[1]
    assert [r.test.loss for r in stored] == [r.test.loss for r in runs]
    assert all(r.history == [] for r in stored)
    assert (tmp_path / "flip-dose.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_written_is_refused_before_any_training(tmp_path, digits):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        run_study(
            small("flip-dose"),
            *digits,
            tmp_path / "file",
            {},
            watch=lambda *run: pytest.fail("a training was begun"),
        )


def test_networks_are_not_kept_after_on_run_has_seen_them(tmp_path, digits):
    seen = []
    how = how_made("x", *digits)
    study = small("flip-dose", arms=1)
    runs = run_study(study, *digits, tmp_path, how, watch=silent, on_run=seen.append)
    assert all(one.model is None and one.history == [] for one in runs)
    assert all(one.model is not None and len(one.history) == 1 for one in seen)


def talking(arms=1):
    """A study that says how many runs it has."""
    study = small("flip-dose", arms=arms)
    return replace(study, say=lambda groups: [f"{sum(map(len, groups.values()))} runs."])


def findings_in(folder):
    return json.loads((folder / "flip-dose.json").read_text("utf-8"))["findings"]


def test_after_each_run_its_results_are_on_the_disk_with_what_they_say(tmp_path, digits):
    found = []
    run_study(
        talking(),
        *digits,
        tmp_path,
        how_made("x", *digits),
        watch=silent,
        on_run=lambda one: found.append(findings_in(tmp_path)),
    )
    assert found == [["1 runs."], ["2 runs."]]


def test_results_that_are_known_already_are_written_with_what_is_said_today(tmp_path, digits):
    study, how = talking(), how_made("x", *digits)
    known = run_study(study, *digits, tmp_path, how, watch=silent)
    silenced = replace(study, say=lambda groups: ["Another."])
    again = tmp_path / "again"
    run_study(silenced, *digits, again, how, watch=silent, known=known)
    assert findings_in(again) == ["Another."]
    assert len(read_results(again / "flip-dose.json")[1]) == 2


def test_the_table_gives_each_arm_its_interval_and_its_difference(digits, tmp_path):
    study = small("flip-dose")
    runs = run_study(study, *digits, tmp_path, how_made("x", *digits), watch=silent)
    header, rows = table(study, runs)
    assert header == ["recipe", "runs", "test %", "test loss", "points more than without"]
    assert [row[1] for row in rows] == ["2"] * 3
    assert rows[0][4] == "" and " to " in rows[1][4] and rows[1][4][0] in "+-"
    few = table(study, runs[:1])[1]
    assert len(few) == 1 and few[0][2] == f"{100 * runs[0].test.accuracy:.2f}"


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_a_picture_that_says_in_words_what_it_shows(name, digits, tmp_path):
    study = small(name, arms=8)
    if name == "mirrored":
        study = replace(study, measure=many_of_each)
    runs = run_study(study, *digits, tmp_path, how_made("x", *digits), watch=silent)
    label = draw(study, runs).get_label()
    assert " with their ranges. " in label
    assert all(arm.line in label for arm in study.arms if name != "mirrored")
    if name == "mirrored":
        assert "8, about column 14: " in label
        assert (
            "Mirrored about column 13.5, of the 0 that stand nearly upright"
            in conclusions(study, runs)[0]
        )


def many_of_each(one, test_data):
    counts = np.full((10, len(studies.LEANS) + 1), 30).tolist()
    right = {f"{column:g}": (np.array(counts) // 2).tolist() for column in studies.COLUMNS}
    return replace(one, measured={"right": right, "images": counts})


def test_nothing_is_concluded_before_every_arm_has_a_run():
    study = talking(arms=2)
    runs = [replace(made("small", 0.9), recipe=recipe) for recipe in study.recipes]
    assert conclusions(study, runs[:1]) == [] == conclusions(study, [])
    assert conclusions(study, runs) == ["2 runs."]


@pytest.mark.parametrize(("name", "scale"), [("data-size", "log"), ("flip-dose", "linear")])
def test_the_picture_of_a_study_has_its_accuracies_in_percent_with_their_ranges(name, scale):
    study = STUDIES[name]
    runs = [
        replace(made("small", accuracy, seed), recipe=arm.recipe)
        for arm in study.arms
        for seed, accuracy in enumerate((0.5, 0.6))
    ]
    [axes] = draw(study, runs).axes
    assert axes.get_xscale() == scale and axes.get_ylabel() == "test accuracy, %"
    for drawn in axes.containers:
        _, y = drawn.lines[0].get_xydata().T
        assert y == pytest.approx(55)
        low, high = drawn.lines[2][0].get_segments()[0][:, 1]
        assert y[0] - low == pytest.approx(high - y[0]) and high > 60


# ----------------------------------------------------------------------------- what is stored


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_what_is_stored_is_of_todays_recipes_and_says_what_is_said_today(study):
    path = STORED / f"{study.name}.json"
    how, runs = read_results(path)
    assert {one.recipe for one in runs} == set(study.recipes)
    assert len(runs) == study.seeds * len(study.arms)
    assert how["command"] == f"python -m tinygrad_mlp study {study.name}"
    assert json.loads(path.read_text("utf-8"))["findings"] == conclusions(study, runs)


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_the_page_has_the_stored_numbers_and_the_command(study):
    page = PAGE.read_text("utf-8")
    assert page_studies.study_table(study.name) in page
    assert f"    python -m tinygrad_mlp study {study.name}\n" in page
    assert f"study-{study.name}.png" in page


def test_the_page_has_digits_beside_clothes():
    assert page_studies.clothes_table() in PAGE.read_text("utf-8")


def rerun(study, recipe, seed, digits):
    """The accuracy with a new seed, and where the stored runs say that one more would lie.

    One more run lies within t s sqrt(1 + 1/n) of the mean in 95 % of all cases; twice as far is
    allowed, since other machines round otherwise.
    """
    stored = [one for one in read_results(STORED / f"{study}.json")[1] if one.recipe == recipe]
    found = np.array([one.test.accuracy for one in stored])
    n = len(found)
    half = 2 * student(n - 1) * found.std(ddof=1) * math.sqrt(1 + 1 / n)
    again = run(recipe, *digits, seed).test.accuracy
    return again, found.mean() - half, found.mean() + half


@pytest.fixture(scope="module")
def mnist():
    return load_mnist(), load_mnist(split="test")


def recipe_of(study, name):
    [recipe] = [one for one in STUDIES[study].recipes if one.name == name]
    return recipe


@pytest.mark.parametrize("name", ["plain-images-100", "flips-images-100"])
def test_a_small_rerun_lies_where_the_stored_runs_say(mnist, name):
    again, low, high = rerun("data-size", recipe_of("data-size", name), 100, mnist)
    assert low <= again <= high
    assert high - low < 0.2, "an interval in which anything would lie says nothing"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("study", "name"),
    [
        ("mirrored", "mirrored"),
        ("flipped-digits", "flips-of-none"),
        ("flipped-digits", "flips-of-all"),
        ("flip-dose", "flips-1-units-100"),
        ("noise-dose", "noise-0.4-units-100-images-1000"),
        ("data-size", "affine-images-60000"),
    ],
)
def test_a_rerun_of_an_arm_of_each_study_lies_where_the_stored_runs_say(mnist, study, name):
    again, low, high = rerun(study, recipe_of(study, name), 100, mnist)
    assert low <= again <= high
