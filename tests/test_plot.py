"""Figures: what they hold, not how they look. No display is needed, and none is used."""

import base64
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tinygrad_mlp.experiment import plot
from tinygrad_mlp.train import Epoch

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
    with pytest.raises(ValueError, match="at least an image"):
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


def test_learning_curves_says_that_losses_are_of_two_kinds(histories):
    assert "MSE or cross-entropy" in plot.learning_curves(histories).axes[0].get_ylabel()


@pytest.mark.parametrize("epochs", [0, 1])
def test_learning_curves_can_be_drawn_with_hardly_any_epochs(epochs):
    assert plot.to_png(plot.learning_curves({"one": [Epoch(1, 0.5, 0.9, 1.0)] * epochs}))


def test_learning_curves_of_regressions_show_the_loss_alone():
    history = [Epoch(1, 0.5, None, 1.0), Epoch(2, 0.25, None, 1.0)]
    figure = plot.learning_curves({"line": history})
    [panel] = figure.axes
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), [0.5, 0.25])
    assert figure.get_label() == "Training loss by epoch. line: loss 0.25 at epoch 2"
    assert plot.to_png(figure)


def test_learning_curves_leave_a_regression_out_of_the_accuracies():
    histories = {"line": [Epoch(1, 0.5, None, 1.0)], "digits": [Epoch(1, 0.5, 0.9, 1.0)]}
    left, right = plot.learning_curves(histories).axes
    assert [len(line.get_xdata()) for line in left.lines] == [1, 1]
    assert [len(line.get_xdata()) for line in right.lines] == [0, 1]


def test_learning_curves_needs_a_history():
    with pytest.raises(ValueError, match="at least a history"):
        plot.learning_curves({})


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
    with pytest.raises(ValueError, match="at least a matrix"):
        plot.confusions({"line": None})


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


def test_first_weights_refuses_a_layer_that_sees_no_pixels():
    with pytest.raises(ValueError, match=r"\(10, 200\)"):
        plot.first_weights(np.ones((10, 200)), "second layer")


# All figures, and files.


def test_every_figure_says_in_words_what_it_shows(images, histories):
    figures = {
        "labelled 0, 1, 2, 3, 4": plot.digits(images, range(5)),
        "copies: flip": plot.augmented(images, {"flip": images}),
        "recipe 0: loss 0.2, accuracy 90.0 % at epoch 5": plot.learning_curves(histories),
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
        "import tinygrad_mlp.experiment.plot; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
