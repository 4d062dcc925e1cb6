"""The comparison: its table, its sentences whichever way the numbers fall, and what it writes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinygrad_mlp.data import ArrayDataset, load_mnist
from tinygrad_mlp.experiment import compare as module
from tinygrad_mlp.experiment.compare import as_text, augmented_rows, compare, quick, table
from tinygrad_mlp.experiment.findings import findings
from tinygrad_mlp.experiment.recipes import RECIPES
from tinygrad_mlp.experiment.training import Run
from tinygrad_mlp.train import Epoch, Scores


@pytest.fixture(scope="session")
def digits():
    """200 images to train on and 100 to test on."""
    data = load_mnist(split="test")
    return ArrayDataset(*data[:200]), ArrayDataset(*data[200:300])


def scores(accuracy, loss=0.3, share=0.3, images=10_000):
    """Made-up scores; class 2 takes `share` of the predictions."""
    right, most = round(accuracy * images), round(share * images)
    confusion = np.zeros((10, 10), np.int64)
    confusion[2, 2] = min(right, most)
    confusion[4, 2] = most - confusion[2, 2]
    others = [0, 1, 3, 4, 5, 6, 7, 8, 9]
    for i, more in enumerate(np.array_split(np.arange(right - confusion[2, 2]), 9)):
        confusion[others[i], others[i]] = len(more)
    for i, more in enumerate(np.array_split(np.arange(images - confusion.sum()), 9)):
        confusion[others[i - 1], others[i]] = len(more)
    return Scores(accuracy, loss, confusion)


def made(name, accuracy, seed=0, loss=0.3, share=0.3, **changes):
    """A made-up run of a recipe."""
    history = [Epoch(1, 0.9, 0.5, 1.0), Epoch(2, 0.5, 0.8, 1.0)]
    recipe = replace(RECIPES[name], **changes)
    model = replace(recipe, hidden=(3,)).build(0)
    train = scores(accuracy)
    return Run(recipe, seed, model, history, scores(accuracy, loss, share), train, 12.34)


def said(runs, about):
    """The one finding that holds these words."""
    [sentence] = [sentence for sentence in findings(runs) if about in sentence]
    return sentence


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


def test_what_was_published_of_ten_images_is_not_given_as_a_percentage():
    _, [row] = table([made("basic", 0.1, share=0.9)])
    assert row[1] == "1 of 10"
    assert row[5] == "2: 90 %"


def test_what_was_not_published_is_left_empty():
    assert table([made("improved-plain", 0.97)])[1][0][1] == ""


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


# --------------------------------------------------------------------------------- the findings


def test_there_are_no_findings_about_recipes_that_were_not_run():
    assert findings([made("improved-plain", 0.97)]) == []


@pytest.mark.parametrize(
    ("flips", "words"),
    [
        (0.95, "cost 2.0 points (± 0.6)"),
        (0.99, "gained 2.0 points (± 0.4)"),
        (0.9705, "made no clear difference to accuracy (+0.1 ± 0.5 points)"),
        (0.968, "made no clear difference to accuracy (-0.2 ± 0.5 points)"),
    ],
)
def test_flips_are_judged_by_the_numbers(flips, words):
    runs = [made("improved-plain", 0.97, loss=0.45), made("improved-flips", flips, loss=0.41)]
    sentence = said(runs, "Flipped copies")
    assert sentence.startswith(
        f"Flipped copies (from improved-plain to improved-flips) {words}; the test loss goes from "
    )
    assert "from 0.450 to 0.410" in sentence


def test_the_margin_is_that_of_the_test_images_and_of_the_seeds():
    def margin(spread):
        plain = [made("improved-plain", 0.97 + d, seed) for seed, d in enumerate((-spread, spread))]
        flips = [made("improved-flips", 0.95 + d, seed) for seed, d in enumerate((-spread, spread))]
        return said([*plain, *flips], "Flipped")

    assert "cost 2.0 points (± 0.6)" in margin(0.0)
    assert "no clear difference to accuracy (-2.0 ± 2.9 points)" in margin(0.01)


@pytest.mark.parametrize(("accuracy", "points"), [(0.948, "-0.15"), (0.93, "-1.95")])
def test_a_run_within_two_points_reproduces_what_was_published(accuracy, points):
    sentence = said([made("improved", accuracy)], "94.95")
    assert f"reproduces: measured {100 * accuracy:.2f} %, {points} points." in sentence


@pytest.mark.parametrize(("accuracy", "points"), [(0.92, "-2.95"), (0.98, "+3.05")])
def test_a_single_run_further_off_asks_for_more_seeds(accuracy, points):
    sentence = said([made("improved", accuracy)], "94.95")
    assert f"is missed by this one run: measured {100 * accuracy:.2f} %" in sentence
    assert sentence.endswith(f"{points} points; more seeds tell whether that is chance.")


def test_several_runs_can_say_that_a_published_figure_does_not_reproduce():
    runs = [made("improved", 0.92, seed) for seed in range(3)]
    assert "does not reproduce: measured 92.00 %, -2.95 points." in said(runs, "The published")


def test_a_changed_recipe_is_not_held_against_the_published_number():
    assert findings([made("improved", 0.80, epochs=1)]) == []


def test_basic_is_said_to_learn_nothing_only_if_it_does():
    nothing = said([made("basic", 0.098, share=0.88)], "basic network")
    assert "as published gives one answer to 88 % of the test images" in nothing
    assert "right on 9.8 %: it learned nothing" in nothing
    assert "it learned something" in said([made("basic", 0.5)], "basic network")


def test_a_changed_basic_network_is_not_called_as_published():
    sentence = said([made("basic", 0.098, lr=1.0)], "basic network")
    assert "(its settings changed)" in sentence and "published gives" not in sentence


def test_the_sign_alone_is_enough_or_not():
    assert "alone is not enough" in said(
        [made("basic", 0.1), made("basic-sign-fixed", 0.098)], "Fixing the sign"
    )
    assert "alone already helps: 10.0 % before, 80.0 % after" in said(
        [made("basic", 0.1), made("basic-sign-fixed", 0.8)], "Fixing the sign"
    )


def test_the_fixed_network_performs_well_or_not():
    assert "reaches 93.0 %, so a from-scratch network performs well" in said(
        [made("basic-fixed", 0.93)], "hand-written code"
    )
    assert "so something besides these faults is in its way" in said(
        [made("basic-fixed", 0.5)], "hand-written code"
    )


def test_a_short_run_of_the_fixed_network_is_no_evidence_of_more_faults():
    sentence = said([made("basic-fixed", 0.8, epochs=1)], "hand-written code")
    assert sentence.endswith("reaches 80.0 % with the settings of this run.")


def test_what_earned_the_gain_is_computed():
    runs = [made("small", 0.91), made("improved-plain", 0.97), made("improved", 0.95)]
    assert said(runs, "So of the") == (
        "So of the +4.0 points from the small model to the improved one, +6.0 come with a wider "
        "hidden layer and longer training, and -2.0 with the augmentation."
    )
    helped = [made("small", 0.93), made("improved-plain", 0.92), made("improved", 0.95)]
    assert "of the +2.0 points" in said(helped, "So of the")
    assert "-1.0 come with" in said(helped, "So of the")
    assert "and +3.0 with the augmentation" in said(helped, "So of the")


def test_what_was_made_equal_by_the_user_is_not_named_as_the_cause():
    short = [made("small", 0.91, epochs=2), made("improved-plain", 0.97, epochs=2)]
    assert said(short, "gained").startswith("A wider hidden layer (from small to improved-plain)")
    same = [
        made(name, accuracy, hidden=(50,), epochs=2)
        for name, accuracy in (("small", 0.91), ("improved-plain", 0.97), ("improved", 0.95))
    ]
    assert not any("wider" in s or "longer" in s or "So of" in s for s in findings(same))


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


@pytest.mark.usefixtures("few_pictures")
def test_results_hold_every_figure_as_json(tmp_path, digits):
    recipes = short("basic", "improved")
    runs = compare(
        recipes, *digits, tmp_path, seeds=2, notes=["A note."], command="x", watch=silent
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
        {"kind": "RandomHorizontalFlip", "p": 0.7},
        {"kind": "GaussianNoise", "mean": 0.0, "std": 0.2},
    ]


def test_the_report_holds_table_findings_notes_and_pictures(tmp_path, digits):
    recipes = short("basic", "small")
    compare(recipes, *digits, tmp_path, notes=["Note <1>."], watch=silent)
    page = (tmp_path / "report.html").read_text("utf-8")
    for words in ("basic, as published", "small: 10 hidden units", "Note &lt;1&gt;.", "1 of 10"):
        assert words in page
    for heading in (
        "The digits",
        "What augmentation does to them",
        "Learning curves",
        "What is taken for what",
        "First layer: small: 10 hidden units",
    ):
        assert f">{heading}</h3>" in page
    assert "First layer: basic, as published" not in page
    assert page.count("data:image/png;base64,") == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "results.json"]


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


def test_an_interruption_before_the_first_run_keeps_older_results(tmp_path, digits):
    (tmp_path / "results.json").write_text("older")

    def interrupting(recipe, seed):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(short("small"), *digits, tmp_path, watch=interrupting)
    assert (tmp_path / "results.json").read_text() == "older"


def test_a_folder_that_cannot_be_written_is_told_before_any_training(tmp_path, digits):
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


def test_findings_past_the_published_say_what_was_chosen_on_what():
    simard = replace(made("simard", 0.9927), validation=scores(0.9918))
    assert "was chosen on 10,000 training images" in said([simard], "chosen")
    assert "99.18 % there, 99.27 % on the test images" in said([simard], "chosen")
    assert "-0.03 points from the 99.30 % of Simard" in said([simard], "Simard,")


def test_a_recipe_that_is_trained_on_all_images_says_how_it_was_chosen():
    sentence = said([made("best", 0.9945)], "chosen")
    assert "chosen by the 99.50 % that it reached on 10,000 held-out" in sentence
    assert "trained on all of them, it reaches 99.45 % on the test images" in sentence


def test_nothing_is_compared_with_simard_when_settings_were_changed():
    assert not any("Simard" in sentence for sentence in findings([made("best", 0.995, lr=0.1)]))


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
