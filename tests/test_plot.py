"""Figures: what they hold, not how they look. No display is needed, and none is used."""

import base64
import contextlib
import subprocess
import sys
import types
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import tinygrad_mlp as tg
from tinygrad_mlp import nn, plot
from tinygrad_mlp.data import ArrayDataset
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.plot.readings import Curve
from tinygrad_mlp.plot.surface import direction, losses_around
from tinygrad_mlp.train import Epoch, Scores

NAN = float("nan")
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def images():
    return np.random.default_rng(0).random((5, 28, 28))


@pytest.fixture
def histories():
    def history(epochs):
        return [Epoch(i, 1 / i, 1 - 0.5 / i, 2.0) for i in range(1, epochs + 1)]

    return {f"recipe {i}": history(5 + 3 * i) for i in range(8)}


@pytest.fixture
def styles(monkeypatch):
    """The styles that lines are plotted in from now on: matplotlib keeps dashes to itself."""
    seen, draw = [], Axes.plot

    def plot_and_note(axes, *args, **style):
        seen.append(style)
        return draw(axes, *args, **style)

    monkeypatch.setattr(Axes, "plot", plot_and_note)
    return seen


def pictures(figure):
    """The pictures in a figure, without those inside a colour bar."""
    return [axes.images[0] for axes in figure.axes if axes.images]


def texts(axes):
    return [text.get_text() for text in axes.texts]


# Digits.


def test_digits_shows_each_image_under_its_label(images):
    figure = plot.digits(images, [3, 1, 4, 1, 5], columns=3)
    assert [axes.get_title() for axes in figure.axes] == ["3", "1", "4", "1", "5"]
    for picture, image in zip(pictures(figure), images, strict=True):
        np.testing.assert_array_equal(picture.get_array(), image)


def test_digits_breaks_into_rows_of_columns(images):
    figure = plot.digits(images, columns=3)
    spots = [axes.get_subplotspec() for axes in figure.axes]
    assert [(spot.rowspan.start, spot.colspan.start) for spot in spots] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
    ]


def test_digits_have_a_fixed_scale_and_unblurred_pixels(images):
    for picture in pictures(plot.digits(images * 3 - 1)):
        assert picture.get_clim() == (0, 1)
        assert picture.get_interpolation() == "nearest"


def test_digits_needs_as_many_labels_as_images(images):
    with pytest.raises(ValueError, match="2 labels for 5 images"):
        plot.digits(images, [0, 1])


def test_digits_needs_an_image():
    with pytest.raises(ValueError, match="at least one image"):
        plot.digits(np.zeros((0, 28, 28)))


def test_digits_refuses_flat_images():
    with pytest.raises(ValueError, match=r"\(5, 784\)"):
        plot.digits(np.zeros((5, 784)))


# Augmented digits.


def test_augmented_has_a_row_for_the_originals_and_for_each_title(images):
    figure = plot.augmented(images, {"flip": images[:, :, ::-1], "noise": images + 1})
    assert len(pictures(figure)) == 3 * len(images)
    assert [axes.get_ylabel() for axes in figure.axes[::5]] == ["original", "flip", "noise"]
    np.testing.assert_array_equal(pictures(figure)[6].get_array(), images[1, :, ::-1])


def test_augmented_shows_values_outside_0_to_1_on_the_fixed_scale(images):
    figure = plot.augmented(images, {"noise": images * 9 - 4})
    assert {picture.get_clim() for picture in pictures(figure)} == {(0, 1)}


def test_augmented_labels_the_first_row_only(images):
    figure = plot.augmented(images, {"flip": images}, labels=range(5))
    assert [axes.get_title() for axes in figure.axes] == list("01234") + [""] * 5


def test_augmented_refuses_copies_of_another_shape(images):
    with pytest.raises(ValueError, match="'flip'"):
        plot.augmented(images, {"flip": images[:2]})


def test_augmented_takes_a_dict_alone(images):
    with pytest.raises(TypeError, match="title -> copies of the images, not list"):
        plot.augmented(images, [images])


# Learning curves.


def test_learning_curves_has_a_line_for_each_history_in_each_panel(histories):
    left, right = plot.learning_curves(histories).axes
    for panel in (left, right):
        assert [len(line.get_xdata()) for line in panel.lines] == [5 + 3 * i for i in range(8)]


def test_learning_curves_gives_accuracy_in_percent(histories):
    right = plot.learning_curves(histories).axes[1]
    np.testing.assert_allclose(right.lines[0].get_ydata(), [50, 75, 250 / 3, 87.5, 90])


def test_learning_curves_names_each_curve_once_outside_the_panels(histories):
    figure = plot.learning_curves(histories)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(histories)
    assert all(axes.get_legend() is None for axes in figure.axes)


def test_learning_curves_of_eight_recipes_differ_without_colour(histories, styles):
    plot.learning_curves(histories)
    assert len({(style["linestyle"], style["linewidth"]) for style in styles}) == 8


def test_learning_curves_of_eight_recipes_differ_in_colour(histories):
    lines = plot.learning_curves(histories).axes[0].lines
    assert len({to_hex(line.get_color()) for line in lines}) == 8


def test_learning_curves_gives_a_recipe_the_same_style_in_both_panels(histories, styles):
    plot.learning_curves(histories)
    left, right = styles[:8], styles[8:]
    assert [style | {"label": ""} for style in left] == [style | {"label": ""} for style in right]


def test_learning_curves_has_a_log_scale_for_positive_losses(histories):
    assert plot.learning_curves(histories).axes[0].get_yscale() == "log"


def test_learning_curves_has_a_plain_scale_when_a_loss_is_0():
    figure = plot.learning_curves({"one": [Epoch(1, 0.5, 0.9, 1.0), Epoch(2, 0.0, 1.0, 1.0)]})
    assert figure.axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("epochs", [0, 1])
def test_learning_curves_can_be_drawn_with_hardly_any_epochs(epochs):
    assert plot.to_png(plot.learning_curves({"one": [Epoch(1, 0.5, 0.9, 1.0)] * epochs}))


def test_learning_curves_of_regressions_show_the_loss_alone():
    history = [Epoch(1, 0.5, None, 1.0), Epoch(2, 0.25, None, 1.0)]
    figure = plot.learning_curves({"line": history})
    [panel] = figure.axes
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), [0.5, 0.25])
    assert figure.get_label() == "Learning curves. line: training loss 0.25 at epoch 2"
    assert plot.to_png(figure)


def test_learning_curves_leave_a_regression_out_of_the_accuracies():
    histories = {"line": [Epoch(1, 0.5, None, 1.0)], "digits": [Epoch(1, 0.5, 0.9, 1.0)]}
    left, right = plot.learning_curves(histories).axes
    assert [len(line.get_xdata()) for line in left.lines] == [1, 1]
    assert [len(line.get_xdata()) for line in right.lines] == [1]


def test_learning_curves_needs_a_history():
    with pytest.raises(ValueError, match="at least one history"):
        plot.learning_curves({})


def test_learning_curves_take_a_dict_alone():
    with pytest.raises(TypeError, match="title -> history, not list"):
        plot.learning_curves([[0.5, 0.25]])


# Confusion matrices.


def test_confusions_are_in_percent_of_each_row():
    counts = np.diag(np.arange(1, 11)) * 3
    counts[0, 1] = 1
    (picture,) = pictures(plot.confusions({"one": counts}))
    percent = picture.get_array()
    np.testing.assert_allclose(percent.sum(axis=1), 100)
    assert (percent[0, 0], percent[0, 1]) == (75, 25)


def test_confusions_leave_the_row_of_a_missing_class_at_0():
    (picture,) = pictures(plot.confusions({"one": np.diag([0] + [7] * 9)}))
    assert not picture.get_array()[0].any()


def test_confusions_number_the_cells_from_1_percent_on():
    counts = np.diag([1000] * 10)
    counts[0, :3] = 985, 10, 5
    cells = texts(plot.confusions({"one": counts}).axes[0])
    assert cells == ["98", "1"] + ["100"] * 9


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_confusions_share_one_scale_and_one_colour_bar(count):
    figure = plot.confusions({f"recipe {i}": np.eye(10) for i in range(count)})
    assert len(figure.axes) == count + 1
    assert {picture.get_clim() for picture in pictures(figure)} == {(0, 100)}


def test_confusions_are_of_any_number_of_classes():
    (picture,) = pictures(plot.confusions({"letters": np.eye(26)}))
    assert picture.get_array().shape == (26, 26)


def test_confusions_leave_out_a_regression():
    figure = plot.confusions({"line": None, "digits": np.eye(10)})
    assert len(pictures(figure)) == 1 and "line" not in figure.get_label()
    with pytest.raises(ValueError, match="at least one matrix"):
        plot.confusions({"line": None})


def test_confusions_take_scores_as_confusion_does():
    counts = np.diag([3, 1, 2])
    line = Scores(None, 0.3, None)
    figure = plot.confusions({"digits": Scores(1.0, 0.3, counts), "line": line})
    [picture] = pictures(figure)
    np.testing.assert_array_equal(picture.get_array(), 100 * np.eye(3))


def test_confusions_take_a_dict_alone():
    with pytest.raises(TypeError, match="title -> confusion matrix, not list"):
        plot.confusions([np.eye(3)])


def test_confusions_have_their_titles():
    figure = plot.confusions({"basic": np.eye(10), "improved": np.eye(10)})
    assert [axes.get_title() for axes in figure.axes[:2]] == ["basic", "improved"]


# First-layer weights.


@pytest.mark.parametrize(("units", "shown"), [(1, 1), (10, 10), (40, 40), (100, 40)])
def test_first_weights_shows_up_to_40_units(units, shown):
    figure = plot.first_weights(np.ones((units, 784)), "improved")
    assert len(figure.axes) == shown + 1


def test_first_weights_has_one_scale_centred_on_0():
    weights = np.zeros((3, 784))
    weights[0, 0], weights[2, 5] = 0.5, -2
    figure = plot.first_weights(weights, "improved")
    assert {axes.images[0].get_clim() for axes in figure.axes[:3]} == {(-2, 2)}


def test_first_weights_keeps_the_rows_of_the_image():
    figure = plot.first_weights(np.arange(784.0).reshape(1, 784), "improved")
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array()[1], np.arange(28, 56))


def test_first_weights_says_how_many_units_it_left_out():
    title = plot.first_weights(np.ones((100, 784)), "improved").get_suptitle()
    assert title == "improved (the first 40 of 100 units)"


def test_first_weights_can_be_drawn_when_all_are_0():
    assert plot.to_png(plot.first_weights(np.zeros((2, 784)), "zero"))


def test_first_weights_says_how_many_are_not_finite():
    weights = np.ones((2, 784))
    weights[0, :2], weights[1, 3] = NAN, -np.inf
    figure = plot.first_weights(weights, "broken")
    assert figure.get_suptitle() == "broken (3 weights not finite, in grey)"
    assert figure.axes[0].images[0].get_clim() == (-1, 1)
    assert plot.first_weights(weights * NAN).axes[0].images[0].get_clim() == (-1, 1)


def test_first_weights_counts_one_unit_as_one():
    assert "weights of 1 unit," in plot.first_weights(np.ones((1, 784))).get_label()


def test_first_weights_refuses_a_layer_that_sees_no_pixels():
    with pytest.raises(ValueError, match=r"\(10, 200\)"):
        plot.first_weights(np.ones((10, 200)), "second layer")


# ------------------------------------------------------------------------- histories of every form

FORMS = {
    "numbers": [0.5, 0.25],
    "an array": np.array([0.5, 0.25]),
    "a tensor": tg.tensor([0.5, 0.25]),
    "tensors": [tg.tensor(0.5), tg.tensor(0.25)],
    "a dict of lists": {"loss": [0.5, 0.25]},
    "a dict with epochs": {"epoch": [1, 2], "loss": [0.5, 0.25]},
    "dicts": [{"loss": 0.5, "note": "a"}, {"loss": 0.25, "note": "b"}],
    "dicts with steps": [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}],
    "epochs": [Epoch(1, 0.5, None, 1.0), Epoch(2, 0.25, None, 1.0)],
}


@pytest.mark.parametrize("form", FORMS)
def test_history_takes_every_form(form):
    [axes] = plot.history(FORMS[form]).axes
    [line] = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), [1, 2])
    np.testing.assert_array_equal(line.get_ydata(), [0.5, 0.25])


def test_history_takes_what_fit_returns():
    left, right = plot.history([Epoch(1, 0.5, 0.75, 1.0)]).axes
    assert left.get_ylabel() == "training loss" and right.get_ylabel() == "training accuracy (%)"
    assert right.lines[0].get_ydata()[0] == 75


def test_history_puts_what_measures_the_same_into_one_panel():
    records = {"loss": [2, 1], "val_loss": [3, 2], "acc": [0.5, 0.6], "val accuracy": [0.4, 0.5]}
    losses, accuracies = plot.history(records).axes
    assert [line.get_label() for line in losses.lines] == ["loss", "val_loss"]
    assert [line.get_label() for line in accuracies.lines] == ["acc", "val accuracy"]
    assert accuracies.get_ylabel() == "accuracy (%)"


KINDS = {
    "loss": "loss",
    "val_loss": "loss",
    "loss (train)": "loss",
    "loss 2": "loss",
    "loss [nats]": "loss",
    "accuracy (%)": "accuracy",
    "acc@1": "accuracy",
    "потеря": "потеря",
    "(loss)": "loss",
    "12": "12",
}


@pytest.mark.parametrize("name", KINDS)
def test_a_name_tells_what_is_measured(name):
    assert Curve(name, [1], [1]).kind == KINDS[name]


def test_history_does_not_mix_kinds_whose_names_have_units():
    left, right = plot.history({"accuracy (%)": [50, 90.0], "loss (train)": [1, 0.5]}).axes
    assert left.get_ylabel() == "accuracy (%)" and right.get_ylabel() == "loss (train)"


def test_history_takes_an_accuracy_in_percent_at_its_word():
    [axes] = plot.history({"accuracy (%)": [0.5, 1]}).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0.5, 1])


def test_history_takes_dicts_whose_names_are_numbers():
    assert plot.history([{1: 2.0}, {1: 3.0}]).axes[0].get_ylabel() == "1"


# What is not a number.

GAPS = {
    "to the end": ([2, 1, NAN, NAN], "not a number from step 3"),
    "at one place": ([1, NAN, 3], "not a number at step 2"),
    "at several": ([NAN, 1, NAN, 3, 4], "not a number at 2 of 5 steps"),
    "everywhere": ([NAN, NAN], "not a number from step 1"),
    "infinite": ([1, np.inf], "not finite from step 2"),
}


@pytest.mark.parametrize("case", GAPS)
def test_history_says_where_a_curve_is_not_a_number(case):
    values, words = GAPS[case]
    assert texts(plot.history(values).axes[0]) == [words]


def test_history_says_nothing_beside_a_curve_of_numbers():
    assert texts(plot.history([1, 2, 3]).axes[0]) == []


def test_history_says_which_curve_is_not_a_number():
    [axes] = plot.history({"loss": [1, 2], "val_loss": [1, NAN]}).axes
    assert texts(axes) == ["val_loss: not a number from epoch 2"]


def test_learning_curves_say_which_training_is_not_a_number():
    figure = plot.learning_curves({"a": [1, NAN], "b": [1, 2]})
    assert texts(figure.axes[0]) == ["a: not a number from step 2"]
    assert figure.get_label().startswith("Learning curves. a: value not a number at step 2")


def test_a_panel_with_many_gaps_names_five_of_them():
    [axes] = plot.history({f"loss {i}": [1, NAN] for i in range(8)}).axes
    lines = texts(axes)[0].splitlines()
    assert len(lines) == 6 and lines[-1] == "and 3 more"


def test_a_title_stands_above_what_is_said_of_gaps():
    figure = Figure()
    axes = figure.subplots()
    plot.history([1, NAN], title="mine", ax=axes)
    figure.draw_without_rendering()
    assert axes.title.get_window_extent().y0 >= axes.texts[0].get_window_extent().y1


def test_a_number_between_gaps_and_the_last_one_are_marked():
    [line] = plot.history([1, NAN, 3, 4, 5, NAN]).axes[0].lines
    assert list(line.get_markevery()) == [0, 4]


def test_the_axis_reaches_over_the_epochs_without_a_number():
    left, right = plot.history([1, NAN, NAN, NAN]).axes[0].get_xlim()
    assert left < 1 and right > 4


def test_a_history_of_nothing_but_gaps_has_a_picture_and_no_heights():
    figure = plot.history([NAN, NAN])
    assert plot.to_png(figure) and not len(figure.axes[0].get_yticks())


def test_a_history_of_one_epoch_has_one_tick():
    figure = plot.history([Epoch(1, 0.5, None, 1.0)])
    [axes] = figure.axes
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1]


def test_gaps_do_not_hide_a_number_behind_a_broken_axis():
    fallen = accuracies(0.1, 0.95) | {"fallen": {"accuracy": [0.5, NAN]}}
    panels = plot.learning_curves(fallen).axes
    assert any(low <= 50 <= high for low, high in (axes.get_ylim() for axes in panels))


# Many curves.


def many(count):
    return {f"loss {i}": [i + 1, i + 2] for i in range(count)}


@pytest.mark.parametrize("count", [9, 20, 40])
def test_the_names_of_many_curves_stand_to_the_right_of_the_panel(count):
    figure = plot.history(many(count))
    figure.draw_without_rendering()
    [axes] = figure.axes
    names = axes.get_legend().get_window_extent()
    assert names.x0 >= axes.get_window_extent().x1 and names.x1 <= figure.bbox.x1
    assert names.y0 >= 0 and axes.get_window_extent().width > 300


def test_the_names_of_eight_curves_stand_inside_the_panel():
    figure = plot.history(many(8))
    figure.draw_without_rendering()
    [axes] = figure.axes
    assert axes.get_legend().get_window_extent().x1 <= axes.get_window_extent().x1


def test_history_leaves_accuracies_that_are_in_percent_as_they_are():
    np.testing.assert_array_equal(
        plot.history({"acc": [0.5, 92]}).axes[0].lines[0].get_ydata(), [0.5, 92]
    )


def test_history_draws_what_was_measured_now_and_then_where_it_belongs():
    records = [
        {"epoch": e, "loss": 1 / e} | ({"val_loss": 2.0} if e % 5 == 0 else {})
        for e in range(1, 11)
    ]
    loss, validation = plot.history(records).axes[0].lines
    assert len(loss.get_xdata()) == 10 and list(validation.get_xdata()) == [5, 10]


def test_history_draws_times_only_when_they_are_named():
    records = [Epoch(1, 0.5, None, 3.0), Epoch(2, 0.25, None, 4.0)]
    assert [a.get_ylabel() for a in plot.history(records).axes] == ["training loss"]
    [axes] = plot.history(records, names="seconds").axes
    assert axes.get_ylabel() == "time (s)" and list(axes.lines[0].get_ydata()) == [3, 4]


def test_history_draws_into_axes_of_the_user_and_leaves_their_figure_as_it_is():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot.history([Epoch(1, 0.5, 0.9, 1.0)], names="loss", title="mine", ax=right) is figure
    assert (len(left.lines), len(right.lines), right.get_title()) == (0, 1, "mine")
    assert figure.get_label() == "" and figure.axes == [left, right]


WRONG_HISTORIES = {
    "nothing": ({"records": []}, ValueError, "a history with at least one number"),
    "no numbers": ({"records": {"note": ["a"]}}, ValueError, "a history with at least one number"),
    "a word": ({"records": "loss"}, TypeError, "not str: 'loss'"),
    "a number": ({"records": 3}, TypeError, "not int: 3"),
    "lists": ({"records": [[1, 2]]}, TypeError, "this one holds list"),
    "columns": (
        {"records": {"epoch": [1], "loss": [1, 2]}},
        ValueError,
        "2 values of 'loss', and 1 of",
    ),
    "one value": (
        {"records": {"epoch": [1, 2], "loss": [1]}},
        ValueError,
        "1 value of 'loss', and 2 of",
    ),
    "an epoch and a number": (
        {"records": [Epoch(1, 0.5, None, 1.0), 3]},
        TypeError,
        "this one holds int: 3",
    ),
    "a number and a word": ({"records": [0.5, "x"]}, TypeError, "this one holds str: 'x'"),
    "a dataclass itself": ({"records": [Epoch]}, TypeError, "this one holds type"),
    "a name": ({"records": {"loss": [1]}, "names": ["lost"]}, ValueError, "no 'lost'; it has loss"),
    "two kinds": (
        {"records": {"loss": [1], "acc": [1]}, "ax": Figure().subplots()},
        ValueError,
        "names=",
    ),
}


@pytest.mark.parametrize("case", WRONG_HISTORIES)
def test_what_is_no_history_is_refused_with_what_it_is(case):
    arguments, kind, words = WRONG_HISTORIES[case]
    with pytest.raises(kind, match=words):
        plot.history(**arguments)


def test_learning_curves_name_each_curve_where_a_training_has_several_of_a_kind():
    figure = plot.learning_curves(
        {"a": {"loss": [2, 1], "val_loss": [3, 2]}, "b": {"loss": [1, 1]}}
    )
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a, loss", "a, val_loss", "b"]


# A broken axis.


def accuracies(*ends):
    return {f"{end}": {"accuracy": [end - 0.05, end]} for end in ends}


def test_accuracies_far_apart_are_drawn_on_a_broken_axis_which_hides_nothing_of_them():
    upper, lower = plot.learning_curves(accuracies(0.1, 0.12, 0.93, 0.99)).axes
    bottom, top = upper.get_ylim()
    assert 85 < bottom < 88 and 99 < top <= 100
    bottom, top = lower.get_ylim()
    assert bottom < 5 and 12 < top < 20
    for axes in (upper, lower):
        assert len([line for line in axes.lines if len(line.get_xdata()) == 2]) == 4


@pytest.mark.parametrize("ends", [(0.7, 0.9, 0.99), (0.1, 0.2), (0.5,), (0.2, 0.45, 0.7, 0.95)])
def test_accuracies_near_each_other_have_one_axis(ends):
    assert len(plot.learning_curves(accuracies(*ends)).axes) == 1


def test_a_broken_axis_does_not_show_a_place_twice():
    crossing = accuracies(0.1) | {"late": {"accuracy": [0.08, 0.5, 0.99]}}
    upper, lower = plot.learning_curves(crossing).axes
    assert upper.get_ylim()[0] >= lower.get_ylim()[1]


# One confusion matrix.


def test_confusion_writes_counts_and_colours_shares():
    counts = np.diag([50] * 10)
    counts[4, 9] = 50
    figure = plot.confusion(Scores(0.9, 0.3, counts))
    assert sorted(texts(figure.axes[0])) == sorted(["50"] * 11)
    assert figure.axes[0].images[0].get_array()[4, 9] == 50
    assert "most often 4 is taken for 9, 50 times" in figure.get_label()


def test_confusion_refuses_what_is_none():
    with pytest.raises(ValueError, match="scores of a regression"):
        plot.confusion(Scores(None, 0.3, None))
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        plot.confusion(np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (-1, "holds -1.0 in row 1, column 0"),
        (NAN, "holds nan in row 1, column 0"),
        (np.inf, "holds inf in row 1, column 0"),
    ],
)
def test_confusion_refuses_what_is_no_count(cell, words):
    with pytest.raises(ValueError, match=words):
        plot.confusion([[1.0, 0.0], [cell, 2.0]])


def test_confusion_refuses_words():
    with pytest.raises(ValueError, match="0 or more, and this holds str: 'a'"):
        plot.confusion([["a", "b"], ["c", "d"]])


def test_confusion_draws_fractions_as_they_are():
    figure = plot.confusion([[0.5, 0.2], [0.1, 0.333]])
    assert texts(figure.axes[0]) == ["0.5", "0.2", "0.1", "0.333"]
    assert figure.get_label().endswith("most often 0 is taken for 1, 0.2 times")
    np.testing.assert_allclose(figure.axes[0].images[0].get_array().sum(axis=1), 100)


def test_confusion_writes_whole_numbers_without_a_point():
    assert texts(plot.confusion(np.eye(2)).axes[0]) == ["1", "1"]


def test_confusion_counts_one_mistake_as_once():
    assert plot.confusion([[1, 1], [0, 1]]).get_label().endswith("0 is taken for 1, once")


def test_confusion_says_that_there_are_no_examples():
    assert plot.confusion(np.zeros((3, 3))).get_label() == "Confusion matrix: no examples"
    assert plot.confusion(np.zeros((3, 3))).axes[0].get_title() == "no examples"
    assert "one: no examples" in plot.confusions({"one": np.zeros((3, 3))}).get_label()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8])
def test_confusion_takes_counts_of_every_type(dtype):
    counts = (np.eye(3) * 100).astype(dtype)
    figure = plot.confusion(counts)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), 100 * np.eye(3))
    assert "100.0 % right; no mistakes" in figure.get_label()


# The most wrong answers.


@pytest.fixture
def five():
    """Five images whose first pixels are their scores."""
    images = np.zeros((5, 28, 28), np.float32)
    images[:, 0, :10] = 5 * np.eye(10)[[1, 2, 3, 4, 5]]
    images[3, 0, 4] = 9
    return ArrayDataset(images, np.array([1, 2, 7, 8, 9]))


def test_most_wrong_shows_wrong_answers_alone_and_the_most_certain_first(five):
    figure = plot.most_wrong(lambda images: images[:, 0, :10], five, count=2)
    assert [axes.get_title() for axes in figure.axes[::2]] == ["8, taken for 4", "7, taken for 3"]
    assert "3 of 5" in figure.get_suptitle()
    heights = [bar.get_height() for bar in figure.axes[1].patches]
    assert len(heights) == 10 and sum(heights) == pytest.approx(100) and np.argmax(heights) == 4


def test_most_wrong_leaves_the_modes_of_the_model_as_they_were(five):
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(784, 10, rng=0))
    model[1].eval()
    plot.most_wrong(model, five, count=1)
    assert [m.training for m in model] == [True, False, True]


def test_most_wrong_says_when_everything_is_right(five):
    right = ArrayDataset(five.images[:2], five.labels[:2])
    with pytest.raises(ValueError, match="all 2 answers are right"):
        plot.most_wrong(lambda images: images[:, 0, :10], right)


# Layers.


@pytest.fixture
def layers():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 4, rng=0), nn.ReLU(), nn.Linear(4, 3, rng=1))


def rows(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def test_first_weights_are_found_in_a_model(layers):
    figure = plot.first_weights(layers)
    np.testing.assert_array_equal(
        figure.axes[0].images[0].get_array().ravel(), layers[1].weight.data[0]
    )


def test_activations_have_a_row_for_each_layer_that_changes_a_value(layers, images):
    figure = plot.activations(layers, images.astype(np.float32))
    assert rows(figure.axes[0]) == ["inputs", "1 Linear", "2 ReLU", "3 Linear"]
    zeros = float(np.mean(layers[:3](images).detach().numpy() == 0))
    assert f"{100 * zeros:.0f} % zero" in texts(figure.axes[0])[2]
    assert not any(module._forward_hooks for module in layers.modules())


def test_activations_show_a_layer_that_is_used_twice_twice():
    relu = nn.ReLU()
    model = nn.Sequential(nn.Linear(3, 3, rng=0), relu, nn.Linear(3, 3, rng=1), relu)
    assert len(rows(plot.activations(model, np.ones((2, 3), np.float32)).axes[0])) == 5


def test_activations_take_their_hooks_away_when_the_model_fails(layers):
    with pytest.raises(ValueError):
        plot.activations(layers, np.ones((2, 5), np.float32))
    assert not any(module._forward_hooks for module in layers.modules())


def test_activations_that_are_not_finite_are_counted_and_not_drawn(layers, images):
    images[0, 0, :2] = NAN, np.inf
    figure = plot.activations(layers, images.astype(np.float32))
    notes = texts(figure.axes[0])
    assert notes[0].endswith("no zeros, 2 not finite") and notes[0].startswith("0.5 ± 0.29")
    assert notes[-1].endswith("3 not finite")


def test_activations_can_be_drawn_when_nothing_is_finite(layers, images):
    figure = plot.activations(layers, np.float32(NAN) * images.astype(np.float32))
    assert texts(figure.axes[0])[0] == "all 3,920 not finite" and plot.to_png(figure)
    assert "0 Flatten" not in rows(figure.axes[0])  # it changes nothing, though NaN is not NaN


@pytest.mark.parametrize("value", [1, -3, 1 / 3, 1e6, 1e30])
def test_activations_can_be_drawn_when_all_are_equal(value):
    figure = plot.activations(nn.Flatten(), np.full((2, 3), value, np.float32))
    low, high = figure.axes[0].get_xlim()
    assert low <= value <= high and plot.to_png(figure)
    assert all(bars.get_data().values.max() > 0 for bars in figure.axes[0].patches)


def test_gradients_that_are_not_finite_are_said_to_be(layers, images):
    layers(images.astype(np.float32)).sum().backward()
    layers[1].weight.grad.detach().copy_(np.float32(NAN))
    layers[1].bias.grad.numpy()[1] = np.inf
    figure = plot.gradients(layers)
    assert texts(figure.axes[0])[:2] == ["3,136 of 3,136 not finite", "1 of 4 not finite"]
    assert plot.to_png(figure)


def test_gradients_have_ticks_that_do_not_overlap_when_all_are_0(layers, images):
    (layers(images.astype(np.float32)).sum() * 0).backward()
    figure = plot.gradients(layers)
    figure.draw_without_rendering()
    labels = [label for label in figure.axes[0].get_xticklabels(which="both") if label.get_text()]
    low, high = figure.axes[0].get_xlim()
    boxes = [t.get_window_extent() for t in labels if low <= t.get_position()[0] <= high]
    assert len(boxes) >= 2
    assert all(left.x1 < right.x0 for left, right in pairwise(sorted(boxes, key=lambda b: b.x0)))


def test_gradients_have_a_row_for_each_parameter(layers, images):
    layers[3].requires_grad_(False)
    layers(images.astype(np.float32)).sum().backward()
    figure = plot.gradients(layers)
    names = ["1.weight (4, 784)", "1.bias (4,)", "3.weight (3, 4)", "3.bias (3,)"]
    assert rows(figure.axes[0]) == names
    notes = texts(figure.axes[0])
    norm = float(np.linalg.norm(layers[1].weight.grad.numpy()))
    assert notes[0].startswith(f"norm {norm:.2g} = ") and notes[2:] == ["no gradient"] * 2


def test_gradients_say_that_backward_is_missing(layers):
    with pytest.raises(ValueError, match=r"call backward\(\)"):
        plot.gradients(layers)


@pytest.mark.parametrize("draw", [plot.activations, plot.gradients])
def test_layers_can_be_drawn_when_all_is_0(layers, draw):
    for parameter in layers.parameters():
        parameter.detach().copy_(0.0)
    images = np.zeros((2, 28, 28), np.float32)
    (layers(images).sum() * 0).backward()
    assert plot.to_png(draw(layers, images) if draw is plot.activations else draw(layers))


# The surface of a loss.


def test_a_direction_is_as_long_as_the_weights_of_each_unit_and_leaves_biases_alone():
    layer = nn.Linear(7, 3, rng=0)
    found = direction(layer.weight, np.random.default_rng(0))
    lengths = np.linalg.norm(layer.weight.data.astype(float), axis=1)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), lengths)
    assert not direction(layer.bias, np.random.default_rng(0)).any()


def test_the_surface_is_the_loss_where_the_weights_have_moved(layers, images):
    inputs, classes = images.astype(np.float32), np.array([0, 1, 2, 0, 1])
    steps, losses = losses_around(layers, inputs, classes, F.cross_entropy, 0.5, 3, rng=0)
    assert list(steps) == [-0.5, 0, 0.5]
    assert losses[1, 1] == F.cross_entropy(layers(inputs), classes).item()
    rng = np.random.default_rng(0)
    moves = [(direction(p, rng), direction(p, rng)) for p in layers.parameters()]
    for p, (first, second) in zip(layers.parameters(), moves, strict=True):
        p.detach().copy_(p.data + 0.5 * first - 0.5 * second)
    assert losses[0, 2] == pytest.approx(F.cross_entropy(layers(inputs), classes).item(), rel=1e-6)


def test_the_weights_come_back_to_the_bit_even_when_the_loss_fails(layers, images):
    before = layers.state_dict()

    def fails(outputs, targets):
        raise ArithmeticError("no loss")

    inputs = images.astype(np.float32)
    for loss_fn, targets in ((F.mse_loss, np.zeros((5, 3), np.float32)), (fails, None)):
        with contextlib.suppress(ArithmeticError):
            plot.loss_surface(layers, inputs, targets, loss_fn, points=3, rng=0)
        for name, array in layers.state_dict().items():
            np.testing.assert_array_equal(array, before[name])


def test_a_loss_that_is_nowhere_a_number_is_refused(layers, images):
    with pytest.raises(ValueError, match="everywhere"):
        plot.loss_surface(layers, images.astype(np.float32), None, lambda y, t: np.nan, points=3)


@pytest.mark.parametrize("points", [2, 3, 4])
def test_the_surface_names_the_loss_at_the_model(layers, images, points):
    inputs, classes = images.astype(np.float32), np.array([0, 1, 2, 0, 1])
    here = F.cross_entropy(layers(inputs), classes).item()
    figure = plot.loss_surface(layers, inputs, classes, points=points, rng=0)
    assert f"about {here:.3g} at the model" in figure.get_label()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"points": 1}, "points should be a whole number, at least 2, and is 1"),
        ({"points": 2.5}, "and is 2.5"),
        ({"span": 0}, "span should be a finite number above 0, and is 0"),
        ({"span": -1}, "above 0, and is -1"),
        ({"span": NAN}, "above 0, and is nan"),
        ({"span": np.inf}, "above 0, and is inf"),
        ({"span": "1"}, "above 0, and is '1'"),
    ],
)
def test_a_surface_of_no_size_is_refused_before_anything_is_computed(option, words):
    with pytest.raises(ValueError, match=words):
        plot.loss_surface(None, None, None, **option)


def test_a_seed_gives_the_same_surface_again(layers, images):
    arguments = (layers, images.astype(np.float32), np.zeros(5, int), F.cross_entropy, 1, 3)
    np.testing.assert_array_equal(
        losses_around(*arguments, rng=3)[1], losses_around(*arguments, rng=3)[1]
    )


@pytest.mark.parametrize("name", ["confusion", "activations", "gradients", "loss_surface"])
def test_what_takes_axes_draws_into_them(name, layers, images):
    inputs = images.astype(np.float32)
    layers(inputs).sum().backward()
    arguments = {
        "confusion": [np.eye(3)],
        "activations": [layers, inputs],
        "gradients": [layers],
        "loss_surface": [layers, inputs, np.zeros(5, int)],
    }[name]
    options = {"points": 3} if name == "loss_surface" else {}
    figure = Figure()
    axes, other = figure.subplots(1, 2)
    assert getattr(plot, name)(*arguments, ax=axes, **options) is figure
    assert axes.get_title() and axes.get_xlabel() and not other.has_data()
    assert figure.get_label() == ""


@pytest.mark.parametrize("wrong", [3, Figure(), np.array([1])])
def test_what_is_no_axes_is_refused_with_what_it_is(wrong):
    for draw in (plot.history, plot.confusion):
        with pytest.raises(TypeError, match=f"not {type(wrong).__name__}: "):
            draw([[1, 0], [0, 1]] if draw is plot.confusion else [1, 2], ax=wrong)


# All figures, and files.


def test_every_figure_says_in_words_what_it_shows(images, histories):
    figures = {
        "labelled 0, 1, 2, 3, 4": plot.digits(images, range(5)),
        "copies: flip": plot.augmented(images, {"flip": images}),
        "recipe 0: training loss 0.2, training accuracy 90.0 % at epoch 5": plot.learning_curves(
            histories
        ),
        "basic: 100.0 %": plot.confusions({"basic": np.eye(10)}),
        "improved": plot.first_weights(np.ones((4, 784)), "improved"),
    }
    for words, figure in figures.items():
        assert words in figure.get_label()


def test_data_uri_decodes_to_the_png(images):
    figure = plot.digits(images)
    head, code = plot.to_data_uri(figure).split(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(code, validate=True) == plot.to_png(figure)


def test_save_writes_a_png_and_nothing_else(images, tmp_path):
    plot.save(plot.digits(images), tmp_path / "digits.png")
    assert [path.name for path in tmp_path.iterdir()] == ["digits.png"]
    assert (tmp_path / "digits.png").read_bytes().startswith(PNG)


def test_save_leaves_the_old_file_when_drawing_fails(images, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("drawing failed")

    path = tmp_path / "digits.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="drawing failed"):
        plot.save(plot.digits(images), path)
    assert path.read_bytes() == b"old"


def test_neither_the_package_loads_matplotlib_nor_plot_loads_pyplot():
    code = (
        "import sys, tinygrad_mlp; assert 'matplotlib' not in sys.modules;"
        "import tinygrad_mlp.plot; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_show_writes_a_picture_and_says_where_outside_of_notebooks(tmp_path, capsys):
    path = tmp_path / "picture.png"
    plot.show(plot.history([3.0, 2.0]), path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == f"picture: {path}\n"


def test_show_shows_the_picture_in_a_notebook_and_writes_nothing(tmp_path, monkeypatch):
    shown = []
    notebook = types.SimpleNamespace(
        Image=lambda data, alt: (data, alt), display=lambda picture: shown.append(picture)
    )
    monkeypatch.setitem(sys.modules, "ipykernel", notebook)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(display=notebook))
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    figure = plot.history([3.0, 2.0])
    plot.show(figure, tmp_path / "picture.png")
    [(data, alt)] = shown
    assert data.startswith(b"\x89PNG") and alt == figure.get_label()
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------ figures with intervals


LINES = [
    plot.Line("flips", [plot.Point(0, 97.0, 96.8, 97.3), plot.Point(0.5, 95.0, 94.0, 95.5)]),
    plot.Line("noise", [plot.Point(0, 97.0), plot.Point(0.5, 96.5)]),
]


def test_each_line_of_intervals_is_drawn_through_its_points_with_its_ranges():
    figure = plot.intervals(LINES, "how often", "accuracy, %")
    [axes] = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("how often", "accuracy, %")
    drawn = [container.lines[0].get_xydata().tolist() for container in axes.containers]
    assert drawn == [[[0, 97], [0.5, 95]], [[0, 97], [0.5, 96.5]]]
    ranges = axes.containers[0].lines[2][0].get_segments()
    assert np.allclose([s[:, 1] for s in ranges], [[96.8, 97.3], [94, 95.5]])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["flips", "noise"]


def test_named_figures_are_rows_from_the_first_at_the_top():
    named = [
        plot.Line(name, [plot.Point(0, value, value - 1, value + 1)])
        for name, value in (("none", 94), ("all", 92))
    ]
    [axes] = plot.intervals(named, ylabel="accuracy, %").axes
    assert axes.get_xlabel() == "accuracy, %" and axes.get_legend() is None
    places = [container.lines[0].get_xydata().tolist() for container in axes.containers]
    assert places == [[[94, 1]], [[92, 0]]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["all", "none"]


def test_intervals_can_be_drawn_over_a_logarithm_and_into_given_axes():
    own = Figure().subplots()
    figure = plot.intervals(LINES, "images", "accuracy, %", log=True, ax=own)
    assert own.get_xscale() == "log" and figure is own.get_figure()


def test_intervals_say_in_words_what_they_show():
    assert plot.intervals(LINES, "how often", "accuracy, %").get_label() == (
        "accuracy, % with their ranges. flips: 97 at 0 to 95 at 0.5; noise: 97 at 0 to 96.5 at 0.5."
    )


def test_intervals_without_a_point_are_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        plot.intervals([plot.Line("none", [])], "x")
