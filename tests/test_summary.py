"""`tg.summary`: equal to torchinfo where both count alike, right elsewhere, and harmless."""

import doctest
import re
import threading
import tracemalloc

import numpy as np
import pytest
import torch
import torchinfo
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import interop, nn
from tinygrad_mlp.inspection import summaries
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.nn.module import summarises
from tinygrad_mlp.observing import observers


def published(hidden):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, hidden, rng=0), nn.ReLU(), nn.Linear(hidden, 10, rng=0)
    )


# ------------------------------------------------------------------------- compared with torchinfo


def their_summary(model, *arrays, depth=3):
    columns = ["output_size", "num_params", "mult_adds"] if arrays else ["num_params"]
    if not all(parameter.requires_grad for parameter in model.parameters()):
        columns.append("trainable")
    found = torchinfo.summary(
        interop.to_torch(model),
        input_data=[torch.from_numpy(array) for array in arrays] if arrays else None,
        col_names=columns,
        row_settings=("depth", "var_names"),
        depth=depth,
        verbose=0,
    )
    found.total_input = sum(array.nbytes for array in arrays)  # without Python's own objects
    return found


def as_lines(summary):
    """The printed lines as lists of cells, without rules, and without the name of the model.

    torchinfo prints "Units.MEGABYTES" for M since Python 3.11 formats its names otherwise.
    """
    text = str(summary).replace("Units.MEGABYTES", "M")
    lines = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]
    lines = [line for line in lines if set(line[0]) != {"="}]
    root = lines[1][0].split(" (")[0]
    return [lines[0], [root, *lines[1][1:]], *lines[2:]]


def without_names(lines):
    """Of a layer with several names torchinfo shows the last, whichever is called."""
    return [[re.sub(r" \(\w+\):", ":", cells[0]), *cells[1:]] for cells in lines]


def assert_prints_as_torchinfo(model, *arrays, depth=3):
    ours = tg.summary(model, input_data=list(arrays) or None, depth=depth)
    assert as_lines(ours) == as_lines(their_summary(model, *arrays, depth=depth))


rng = np.random.default_rng(0)
TABLE = rng.random((4, 6), np.float32)
IMAGES = rng.random((2, 3, 8, 8), np.float32)
SAME_SHAPE = (TABLE, rng.random((4, 6), np.float32))
CLASSES = (TABLE, np.array([0, 5, 2, 2]))

LAYERS = {
    nn.Linear: (nn.Linear(6, 5), TABLE),
    nn.Conv2d: (nn.Conv2d(3, 6, 3, stride=2, padding=1, groups=3), IMAGES),
    nn.MaxPool2d: (nn.MaxPool2d(2), IMAGES),
    nn.AvgPool2d: (nn.AvgPool2d(2), IMAGES),
    nn.Embedding: (nn.Embedding(7, 4), np.array([[1, 2, 3], [4, 5, 6]])),
    nn.BatchNorm1d: (nn.BatchNorm1d(6), TABLE),
    nn.BatchNorm2d: (nn.BatchNorm2d(3), IMAGES),
    nn.LayerNorm: (nn.LayerNorm(6), TABLE),
    nn.Dropout: (nn.Dropout(0.5), TABLE),
    nn.Flatten: (nn.Flatten(), IMAGES),
    nn.Unflatten: (nn.Unflatten(1, (2, 3)), TABLE),
    nn.Identity: (nn.Identity(), TABLE),
    nn.ReLU: (nn.ReLU(), TABLE),
    nn.Sigmoid: (nn.Sigmoid(), TABLE),
    nn.Tanh: (nn.Tanh(), TABLE),
    nn.SiLU: (nn.SiLU(), TABLE),
    nn.GELU: (nn.GELU(), TABLE),
    nn.LeakyReLU: (nn.LeakyReLU(), TABLE),
    nn.ELU: (nn.ELU(), TABLE),
    nn.Softplus: (nn.Softplus(), TABLE),
    nn.Softmax: (nn.Softmax(1), TABLE),
    nn.LogSoftmax: (nn.LogSoftmax(1), TABLE),
    nn.CrossEntropyLoss: (nn.CrossEntropyLoss(), *CLASSES),
    nn.NLLLoss: (nn.NLLLoss(), *CLASSES),
    nn.BCEWithLogitsLoss: (nn.BCEWithLogitsLoss(), *SAME_SHAPE),
    nn.MSELoss: (nn.MSELoss(), *SAME_SHAPE),
    nn.L1Loss: (nn.L1Loss(), *SAME_SHAPE),
    nn.SmoothL1Loss: (nn.SmoothL1Loss(), *SAME_SHAPE),
    nn.HuberLoss: (nn.HuberLoss(), *SAME_SHAPE),
}
"""A sample of each layer, with its inputs."""

COUNTED_OTHERWISE = {nn.Embedding, nn.BatchNorm2d}


def test_every_layer_that_torch_has_too_is_compared():
    assert LAYERS.keys() == interop.OPTIONS.keys()


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_a_layer_counts_as_in_torchinfo(kind):
    layer, *inputs = LAYERS[kind]
    ours, theirs = tg.summary(layer, input_data=inputs), their_summary(layer, *inputs)
    (row,), (their_row,) = ours.summary_list, theirs.summary_list
    assert row.class_name == their_row.class_name
    assert list(row.output_size[0]) == their_row.output_size
    assert row.output_bytes == their_row.output_bytes
    assert row.trainable == their_row.trainable
    for what in ("total_params", "trainable_params", "total_param_bytes", "total_output_bytes"):
        assert getattr(ours, what) == getattr(theirs, what), what
    if kind not in COUNTED_OTHERWISE:
        assert ours.total_mult_adds == theirs.total_mult_adds


@st.composite
def networks(draw):
    """A Sequential of layers and Sequentials, some of them twice or frozen; and an input (n, w)."""
    width = draw(st.integers(1, 6))
    kinds = {
        "linear": lambda: nn.Linear(width, width),
        "without bias": lambda: nn.Linear(width, width, bias=False),
        "frozen": lambda: nn.Linear(width, width).requires_grad_(False),
        "batch norm": lambda: nn.BatchNorm1d(width),
        "layer norm": lambda: nn.LayerNorm(width, bias=False),
        "relu": nn.ReLU,
    }

    def some_layers(level):
        layers = []
        for _ in range(draw(st.integers(1, 3))):
            kind = draw(st.sampled_from([*kinds, "again", *(["more"] if level else [])]))
            if kind == "more":
                layers.append(nn.Sequential(*some_layers(level - 1)))
            elif kind != "again":
                layers.append(kinds[kind]())
            elif layers:
                layers.append(draw(st.sampled_from(layers)))
        return layers

    model = nn.Sequential(*some_layers(2), nn.Linear(width, 3))
    return model, np.zeros((draw(st.integers(1, 5)), width), np.float32)


@settings(max_examples=60)
@given(network=networks(), levels=st.integers(1, 4))
def test_a_network_prints_as_in_torchinfo(network, levels):
    model, inputs = network
    ours, theirs = (
        tg.summary(model, input_data=inputs, depth=levels),
        their_summary(model, inputs, depth=levels),
    )
    assert without_names(as_lines(ours)) == without_names(as_lines(theirs))


@given(network=networks())
def test_without_an_input_it_prints_as_in_torchinfo(network):
    model, _ = network
    assert_prints_as_torchinfo(model)


@settings(max_examples=20)
@given(
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
    padding=st.integers(0, 2),
    groups=st.sampled_from([1, 2]),
    bias=st.booleans(),
    batch=st.integers(1, 3),
)
def test_a_convolutional_network_prints_as_in_torchinfo(
    kernel, stride, padding, groups, bias, batch
):
    convolution = nn.Conv2d(
        2, 4, (kernel, 1), stride, padding, dilation=2, groups=groups, bias=bias
    )
    model = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    inputs = np.zeros((batch, 2, 12, 9), np.float32)
    features = model(inputs).shape[1]
    assert_prints_as_torchinfo(model.append(nn.Linear(features, 3)), inputs)


@pytest.mark.parametrize(
    ("hidden", "params", "mult_adds"), [(10, 7_960, "0.40"), (100, 79_510, "3.98")]
)
def test_the_published_models_count_as_published(hidden, params, mult_adds):
    model = published(hidden)
    result = tg.summary(model, (50, 28, 28))
    assert result.total_params == params
    assert f"Total mult-adds (M): {mult_adds}" in str(result)
    assert_prints_as_torchinfo(model, np.zeros((50, 28, 28), np.float32))


# ---------------------------------------------------------------- counted otherwise than torchinfo


def mult_adds(model, *inputs):
    return tg.summary(model, input_data=list(inputs)).total_mult_adds


def theirs(model, *inputs):
    return their_summary(model, *inputs).total_mult_adds


def test_a_linear_layer_multiplies_at_every_place_of_a_sequence():
    model, sequence = nn.Linear(4, 3), np.zeros((2, 5, 4), np.float32)
    assert mult_adds(model, sequence) == 2 * 5 * (4 * 3 + 3)
    assert theirs(model, sequence) == 2 * (4 * 3 + 3)


def test_a_batch_norm_scales_and_shifts_every_pixel():
    images = np.zeros((2, 3, 4, 5), np.float32)
    assert mult_adds(nn.BatchNorm2d(3), images) == 2 * (2 * 3 * 4 * 5)
    assert theirs(nn.BatchNorm2d(3), images) == 2 * (2 * 3)


def test_looking_up_rows_multiplies_nothing():
    model, words = nn.Embedding(7, 4), np.array([[1, 2, 3]])
    assert mult_adds(model, words) == 0
    assert theirs(model, words) == 7 * 4


class Attention(nn.Module):
    """A layer of somebody's own: its ops multiply, and it has a parameter of another name."""

    def __init__(self):
        self.to_keys = nn.Linear(4, 4)
        self.factor = nn.Parameter(np.ones(4, np.float32))

    def forward(self, x):
        scores = x @ self.to_keys(x).mT  # (2, 5, 4) @ (2, 4, 5)
        return F.linear(scores.softmax(-1) @ x, self.to_keys.weight) * self.factor + 1


def test_the_ops_of_a_layer_of_your_own_count_in_its_row():
    result = tg.summary(Attention(), (2, 5, 4))
    layer, keys = result.summary_list
    places = 2 * 5
    assert keys.mult_adds == places * (4 * 4 + 4)
    assert layer.mult_adds == 2 * (places * 5 * 4) + places * 4 * 4 + places * 4
    assert (layer.num_params, keys.num_params) == (4, 20)


@pytest.mark.parametrize(
    "compute",
    [
        lambda x, w: x + w,
        lambda x, w: x - w,
        lambda x, w: w * x,
        lambda x, w: x / w,
        lambda x, w: x * w.reshape(1, 3),
        lambda x, w: x * w.reshape(3, 1).permute(1, 0),
        lambda x, w: x * w.reshape(3, 1).transpose(0, 1),
        lambda x, w: x * w.expand(2, 3),
    ],
)
def test_a_parameter_that_meets_numbers_one_by_one_counts_each(compute):
    class Meets(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(np.ones(3, np.float32))

        def forward(self, x):
            return compute(x, self.weight) * 2 + x

    assert tg.summary(Meets(), (2, 3)).total_mult_adds == 6


def test_a_product_of_vectors_counts_each_pair_once():
    class Dot(nn.Module):
        def forward(self, a, b):
            return a @ b

    assert tg.summary(Dot(), [(6,), (6,)]).total_mult_adds == 6
    assert tg.summary(Dot(), [(2, 6), (6,)]).total_mult_adds == 12
    assert tg.summary(Dot(), [(6,), (6, 3)]).total_mult_adds == 18


def test_what_is_computed_elsewhere_meanwhile_does_not_count():
    class Waits(nn.Module):
        def forward(self, x):
            thread = threading.Thread(target=lambda: tg.ones(9, 9) @ tg.ones(9, 9))
            thread.start()
            thread.join()
            return x

    assert tg.summary(Waits(), (2, 2)).total_mult_adds == 0


def test_a_compiled_part_counts_as_its_ops_do():
    class Fast(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(3, 2)
            self.fast = tg.compile(lambda x: x @ x.mT)

        def forward(self, x):
            return self.fast(self.layer(x))

    model = Fast()
    for _ in range(2):
        model(tg.ones(4, 3))  # its program is written down, and replayed
        assert tg.summary(model, (4, 3)).total_mult_adds == 4 * 4 * 2 + 4 * (3 * 2 + 2)


# ------------------------------------------------------------------------------ shared and frozen


def test_a_weight_that_two_layers_share_counts_once_and_is_marked():
    encoder, decoder = nn.Linear(4, 4), nn.Linear(4, 4, bias=False)
    decoder.weight = encoder.weight
    result = tg.summary(nn.Sequential(encoder, decoder), (2, 4))
    assert result.total_params == 20
    assert result.total_param_bytes == 80
    assert [line[2] for line in as_lines(result)[1:4]] == ["--", "20", "16 shared"]


def test_a_layer_that_shares_one_of_its_parameters_says_how_many_are_new():
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    model = nn.Sequential(first, nn.Sequential(second))
    assert "4 + 16 shared" in str(tg.summary(model, (2, 4)))
    assert "4 + 16 shared" in str(tg.summary(model, (2, 4), depth=1))
    assert "4 + 16 shared" in str(tg.summary(model))


def test_a_layer_that_is_called_twice_counts_once_and_multiplies_twice():
    class Twice(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(3, 3)

        def forward(self, x):
            return self.layer(self.layer(x))

    result = tg.summary(Twice(), (2, 3))
    assert result.total_params == 12
    assert result.total_mult_adds == 2 * 2 * 12
    assert [line[2] for line in as_lines(result)[1:4]] == ["--", "12", "(recursive)"]


def test_a_row_that_includes_a_layer_twice_does_not_call_it_shared():
    layer = nn.Linear(3, 3)
    model = nn.Sequential(nn.Sequential(layer, layer))
    inputs = np.zeros((2, 3), np.float32)
    assert_prints_as_torchinfo(model, inputs, depth=1)
    assert as_lines(tg.summary(model, (2, 3), depth=1))[2][2:] == ["12", "48"]


def test_many_calls_of_one_layer_share_a_row():
    class Loop(nn.Module):
        def __init__(self):
            self.cell = nn.Sequential(nn.Linear(3, 3))

        def forward(self, x):
            for _ in range(100):
                x = self.cell(x)
            return x

    result = tg.summary(Loop(), (2, 3))
    assert len(result.summary_list) == 1 + 9 + 9
    assert result.summary_list[-2:] == [*result.model.layers[-1].walk()]
    assert "Sequential (cell): 1-9, 92 calls" in str(result)
    assert sum(row.calls for row in result.summary_list) == 1 + 100 + 100
    assert result.total_mult_adds == 100 * 2 * 12
    assert result.total_output_bytes == 2 * 100 * (2 * 3 * 4)


def test_frozen_parameters_are_in_parentheses_and_counted_apart():
    model = published(10)
    model[1].requires_grad_(False)
    model[3].bias.requires_grad_(False)
    result = tg.summary(model)
    assert (result.total_params, result.trainable_params) == (7_960, 100)
    cells = [line[1:] for line in as_lines(result)[1:6]]
    assert cells == [["--", "Partial"], ["--", "--"], ["(7,850)", "False"], ["--", "--"],
                     ["110", "Partial"]]  # fmt: skip
    assert "Non-trainable params: 7,860" in str(result)


# ----------------------------------------------------------------------------- the tree of layers


class Branches(nn.Module):
    """Layers in a list, one that is never called, one used without a call, and a nested output."""

    def __init__(self):
        self.unused = nn.Sequential(nn.Linear(2, 2))
        self.heads = nn.ModuleList([nn.Linear(3, 1), nn.Linear(3, 2)])
        self.factors = nn.ParameterList([np.ones(3, np.float32)])

    def forward(self, x):
        x = x * self.factors[0]
        return {"heads": [head(x) for head in self.heads], "x": (x, None, 3)}


def test_layers_are_found_in_lists_and_those_not_called_say_so():
    lines = as_lines(tg.summary(Branches(), (5, 3)))[1:8]
    assert [cells[:3] for cells in lines] == [
        ["Branches", "[5, 1], [5, 2], [5, 3]", "--"],
        ["├─ModuleList (heads): 1-1", "--", "--"],
        ["│", "└─Linear (0): 2-1", "[5, 1]"],
        ["│", "└─Linear (1): 2-2", "[5, 2]"],
        ["├─Sequential (unused): 1-2", "not called", "--"],
        ["│", "└─Linear (0): 2-3", "not called"],
        ["├─ParameterList (factors): 1-3", "--", "3"],
    ]


def test_every_parameter_counts_whether_its_layer_is_called_or_not():
    model = Branches()
    count = sum(parameter.numel() for parameter in model.parameters())
    assert tg.summary(model).total_params == count
    assert tg.summary(model, (5, 3)).total_params == count
    assert tg.summary(model, (5, 3), depth=0).total_params == count


def test_the_last_level_that_is_shown_includes_what_is_below_it():
    lines = as_lines(tg.summary(Branches(), (5, 3), depth=1))[1:4]
    assert lines[1:] == [
        ["├─ModuleList (heads): 1-1", "--", "12", "60"],
        ["├─Sequential (unused): 1-2", "not called", "6", "--"],
    ]
    lines = as_lines(tg.summary(Branches(), (5, 3), depth=0))
    assert lines[1] == ["Branches", "[5, 1], [5, 2], [5, 3]", "21", "75"]


def test_of_many_outputs_the_first_are_shown():
    class Many(nn.Module):
        def forward(self, x):
            return [x] * 5

    assert "[2, 2], [2, 2], [2, 2], and 2 more" in str(tg.summary(Many(), (2, 2)))


def test_two_names_of_one_layer_are_both_shown():
    layer = nn.Linear(2, 2)
    text = str(tg.summary(nn.Sequential(layer, nn.ReLU(), layer), (1, 2)))
    assert "Linear (0): 1-1" in text and "Linear (2): 1-3" in text


def test_a_layer_that_another_calls_stands_below_the_one_that_has_it():
    class Caller(nn.Module):
        def forward(self, x, layer):
            return layer(x)

    class Model(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 2)
            self.caller = Caller()

        def forward(self, x):
            return self.caller(x, self.layer)

    result = tg.summary(Model(), (3, 2))
    assert [(row.name, row.depth) for row in result.summary_list] == [
        ("", 0), ("caller", 1), ("layer", 1)]  # fmt: skip
    assert result.total_mult_adds == 3 * 6


def test_a_layer_that_fails_and_is_caught_does_not_confuse_the_rows():
    class Careful(nn.Module):
        def __init__(self):
            self.wrong, self.right = nn.Sequential(nn.Linear(9, 9)), nn.Linear(2, 1)

        def forward(self, x):
            try:
                return self.wrong(x)
            except ValueError:
                return self.right(x)

    result = tg.summary(Careful(), (3, 2))
    assert [(row.name, row.depth) for row in result.summary_list] == [
        ("", 0), ("wrong", 1), ("0", 2), ("right", 1)]  # fmt: skip
    assert result.model.output_size == [(3, 1)]


# -------------------------------------------------------------------------------------- the inputs


class Records(nn.Module):
    """Remembers, outside of itself, what it was called with."""

    def __init__(self, dtype=np.float32):
        self.weight = nn.Parameter(np.ones(1, dtype))

    def forward(self, *args, **options):
        seen[:] = [(value.shape, value.dtype) for value in (*args, *options.values())]
        return args[0] if args else options["a"]


seen = []


@pytest.mark.parametrize(
    ("size", "shapes"),
    [
        ((2, 3), [(2, 3)]),
        ([2, 3], [(2, 3)]),
        (tg.ones(2, 3).shape, [(2, 3)]),
        ([(2, 3), (4,)], [(2, 3), (4,)]),
        (((2, 3), [4]), [(2, 3), (4,)]),
        ((np.int64(2), 3), [(2, 3)]),
        ((), [()]),
    ],
)
def test_an_input_size_is_a_shape_or_several(size, shapes):
    result = tg.summary(Records(), size)
    assert seen == [(shape, np.float32) for shape in shapes]
    assert result.input_size == shapes
    assert result.total_input == 4 * sum(map(np.prod, shapes))


def test_inputs_have_the_dtype_of_the_parameters_or_the_one_given():
    tg.summary(Records(np.float64), (1,))
    assert seen == [((1,), np.float64)]
    tg.summary(Records(np.float64), [(1,), (2,)], dtypes=[tg.float32, tg.int64])
    assert seen == [((1,), np.float32), ((2,), np.int64)]


def test_integers_name_the_first_row_of_an_embedding():
    model = nn.Sequential(nn.Embedding(1, 4), nn.Linear(4, 2))
    assert "[3, 5, 2]" in str(tg.summary(model, (3, 5), dtypes=[tg.int64]))


def test_input_data_may_be_one_input_or_several_or_by_name():
    array, tensor = np.ones((2, 3), np.float32), tg.ones(4, dtype=tg.float64)
    for data in (array, [array, tensor], (array, tensor), {"a": array, "b": tensor}):
        result = tg.summary(Records(), input_data=data)
        expected = [((2, 3), np.float32), ((4,), np.float64)]
        assert seen == expected[: len(seen)] and len(seen) == (1 if data is array else 2)
        assert result.total_input == 24 + 32 * (len(seen) - 1)


def test_the_method_is_the_function():
    model = published(10)
    assert str(model.summary((5, 28, 28), depth=0)) == str(tg.summary(model, (5, 28, 28), depth=0))
    assert str(model.summary()) == str(tg.summary(model))


def test_a_module_makes_its_summary_with_all_that_it_is_asked_for():
    deep = nn.Sequential(nn.Sequential(nn.Sequential(nn.Sequential(nn.ReLU()))))
    assert str(deep.summary()) == str(tg.summary(deep))
    assert deep._repr_html_() == tg.summary(deep)._repr_html_()
    words = nn.Embedding(5, 2)
    assert words.summary((3,), dtypes=[tg.int64]).total_params == 10
    modes = []
    words.register_forward_hook(lambda module, inputs, output: modes.append(module.training))
    words.summary((3,), dtypes=[tg.int64], mode="train")
    words.summary((3,), dtypes=[tg.int64])
    assert modes == [True, False]


def test_the_summary_of_a_module_is_made_by_the_function_that_signed_in():
    summarises(lambda model, *given, **options: "another")
    try:
        assert nn.ReLU().summary() == "another"
    finally:
        summarises(tg.summary)
    assert str(nn.ReLU().summary()) == str(tg.summary(nn.ReLU()))


# ------------------------------------------------------------------------------- it does no harm


class Restless(nn.Module):
    """Changes all that a module can change in a call, in either mode."""

    def __init__(self):
        self.norm = nn.BatchNorm1d(3)
        self.dropout = nn.Dropout(0.5, rng=1)
        self.rng = np.random.default_rng(2)
        self.memory = nn.Buffer(np.zeros(3, np.float32))
        self.calls = 0
        self.outputs = []

    def forward(self, x):
        self.calls += 1
        self.memory.add_(1)
        self.outputs.append(self.dropout(self.norm(x)) + self.rng.random())
        self.latest = self.outputs[-1]
        if x.shape[0] == 7:
            raise ValueError("seven")
        return self.latest


def state_of(model):
    """Everything that a trial could change: numbers, generators, attributes, modes, hooks."""
    return [
        {
            name: value.bit_generator.state
            if isinstance(value, np.random.Generator)
            else (id(value), value.tolist())
            if isinstance(value, tg.Tensor)
            else (id(value), repr(value))
            for name, value in vars(module).items()
        }
        for module in model.modules()
    ]


@pytest.mark.parametrize("rows", [5, 7], ids=["when all goes well", "when the model fails"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_model_is_left_as_it_was(mode, rows):
    model = Restless()
    model.norm.training = False
    before = state_of(model)
    try:
        tg.summary(model, (rows, 3), mode=mode)
    except RuntimeError:
        assert rows == 7
    assert state_of(model) == before
    assert not observers
    assert all(parameter.grad is None for parameter in model.parameters())


def test_hooks_of_the_user_stay_and_ours_go():
    model, calls = nn.Sequential(nn.ReLU()), []
    model[0].register_forward_hook(lambda *_: calls.append("hook"))
    tg.summary(model, (2,))
    assert calls == ["hook"]
    model(tg.ones(2))
    assert calls == ["hook", "hook"]
    assert "_forward_hooks" not in vars(model)


def test_a_backward_pass_that_waits_is_not_refused_afterwards():
    model = nn.Sequential(nn.BatchNorm1d(3).eval())
    loss = model(tg.ones(4, 3)).sum()
    tg.summary(model, (4, 3), mode="train")
    loss.backward()  # would say that the running mean was changed
    assert model[0].weight.grad is not None


def test_the_model_runs_in_the_mode_that_is_asked_for():
    class Mode(nn.Module):
        def forward(self, x):
            return x[:1] if self.training else x

    assert tg.summary(Mode(), (2,), mode="train").model.output_size == [(1,)]
    assert tg.summary(Mode(), (2,)).model.output_size == [(2,)]


def test_a_warning_of_numpy_about_values_that_were_made_up_is_not_heard():
    class Log(nn.Module):
        def forward(self, x):
            return (x - 2).log()

    tg.summary(Log(), (2,))  # here, warnings are errors


def test_nothing_is_recorded_meanwhile():
    class Asks(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(np.ones(2, np.float32))

        def forward(self, x):
            recorded.append((x * self.weight).requires_grad)
            return x

    recorded = []
    tg.summary(Asks(), (2,))
    assert recorded == [False]


# ----------------------------------------------------------------------------------------- errors


def test_a_wrong_input_size_names_the_layer_and_the_shapes():
    model = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(784, 10)))
    with pytest.raises(RuntimeError) as failure:
        tg.summary(model, (50, 27, 28))
    words = str(failure.value)
    assert "in layer 1.0, Linear(in_features=784" in words
    assert "(50, 756) of float32" in words and "(10, 784)" in words
    assert isinstance(failure.value.__cause__, ValueError)


def test_a_layer_that_fails_is_named_as_in_the_state_though_it_is_in_a_list():
    model = Branches()
    model.heads[1] = nn.Linear(4, 4)
    with pytest.raises(RuntimeError, match=r"in layer heads\.1, Linear"):
        tg.summary(model, (5, 3))


def test_floats_for_an_embedding_say_which_argument_makes_integers():
    with pytest.raises(RuntimeError, match=r"in layer 0, Embedding.*dtypes=\[tg.int64\]"):
        tg.summary(nn.Sequential(nn.Embedding(3, 2)), (2, 2))


def test_a_failure_of_the_model_itself_says_so():
    with pytest.raises(RuntimeError, match=r"in the forward of Restless, .*\(7, 3\).*seven"):
        tg.summary(Restless(), (7, 3))


REFUSED = {
    "a number as size": ({"input_size": 784}, ValueError, "batch first"),
    "a size below 1": ({"input_size": (-1, 784)}, ValueError, "batch first"),
    "words as size": ({"input_size": "784"}, ValueError, "batch first"),
    "a list of other things": ({"input_size": [(2, 2), 3]}, ValueError, "batch first"),
    "size and data": ({"input_size": (2, 2), "input_data": 1}, ValueError, "not both"),
    "dtypes alone": ({"dtypes": [tg.int64]}, ValueError, "for input_size"),
    "too few dtypes": ({"input_size": [(2,), (2,)], "dtypes": [tg.int64]}, ValueError, "each of 2"),
    "one dtype": ({"input_size": (2,), "dtypes": np.int64}, ValueError, "list of dtypes"),
    "another mode": ({"mode": "test"}, ValueError, "mode must be"),
    "a depth below 0": ({"depth": -1}, ValueError, "0 or more"),
    "a device": ({"device": "cuda"}, TypeError, "device=: everything runs on the CPU"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_arguments_that_make_no_sense_are_refused(what):
    options, kind, words = REFUSED[what]
    with pytest.raises(kind, match=words):
        tg.summary(nn.Linear(2, 2), **options)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Linear, r"write Linear\(\.\.\.\)"),
        (torch.nn.Linear(2, 2), "from_torch"),
        (3, "takes a Module, not 3"),
    ],
)
def test_what_is_no_model_is_refused(model, words):
    with pytest.raises(TypeError, match=words):
        tg.summary(model)


def test_a_list_that_hides_layers_is_refused():
    class Hides(nn.Module):
        def __init__(self):
            self.layers = [nn.Linear(2, 2)]

    with pytest.raises(TypeError, match=r"nn\.ModuleList"):
        tg.summary(Hides(), (2, 2))
    assert Hides()._repr_html_() is None  # a notebook then shows the plain text


# ------------------------------------------------------------------------------------------ as text


def test_large_numbers_are_written_in_larger_units():
    for count, words in [
        (0, "(M): 0"), (398_000, "(M): 0.40"), (2_000_000, "(M): 2"), (2_500_000_000, "(G): 2.50"),
        (10**12, "(T): 1")]:  # fmt: skip
        assert summaries._readable(count) == words


def test_the_text_is_the_repr_and_fits_a_terminal():
    result = tg.summary(published(100), (50, 28, 28))
    assert repr(result) == str(result)
    assert max(map(len, str(result).splitlines())) <= 80


def test_columns_stay_in_line_below_names_in_other_scripts():
    class Net(nn.Module):
        def __init__(self):
            self.層 = nn.Linear(3, 3, rng=0)
            self.étage = nn.Linear(3, 3, rng=0)

        def forward(self, x):
            return self.étage(self.層(x))

    _, titles, _, net, wide, *_ = str(tg.summary(Net(), (2, 3))).splitlines()
    assert wide.startswith("├─Linear (層): 1-1")
    assert net.index("[2, 3]") == wide.index("[2, 3]") + 1 == titles.index("Output")


def test_the_example_of_the_docstring_is_right():
    finder = doctest.DocTestFinder()
    (example,) = finder.find(tg.summary, "summary", globs={"tg": tg, "nn": nn})
    assert doctest.DocTestRunner().run(example).failed == 0 and len(example.examples) == 4


def test_the_table_has_a_caption_and_titles_for_screen_readers():
    html = tg.summary(published(100), (50, 28, 28))._repr_html_()
    assert "<caption>Sequential: 79,510 parameters, called on [50, 28, 28]</caption>" in html
    assert html.count('scope="col"') == 4
    assert html.count('scope="row"') == 5
    assert "Total mult-adds (M): 3.98" in html


# -------------------------------------------------------------- what a reader met at the edges


class Returns(nn.Module):
    """Calls a function in its forward; it has layers in it, so its repr has several lines."""

    def __init__(self, forward):
        self.inner = nn.Sequential(nn.Linear(2, 2, rng=0), nn.ReLU())
        self.function = forward

    def forward(self, x):
        return self.function(x)


def test_a_model_that_was_called_without_arrays_shows_what_a_call_shows():
    result = tg.summary(nn.Embedding(3, 2), input_data=[[[0, 1]]])
    assert result.was_called and result.input_size == []
    assert "Output Shape" in str(result) and "[1, 2, 2]" in str(result)
    assert "Total mult-adds" in str(result)
    assert "called on no tensor" in result._repr_html_()
    assert not tg.summary(nn.Embedding(3, 2)).was_called


def test_an_error_of_the_user_is_named_in_one_line_without_advice_about_the_batch():
    model = nn.Sequential(Returns(lambda x: {}["key"]))
    with pytest.raises(RuntimeError) as failure:
        tg.summary(model, (2, 2))
    assert str(failure.value) == (
        "the model failed in layer 0, Returns, on an input of shape (2, 2) of float32: "
        "KeyError: 'key'"
    )


def refuse(x):
    raise ValueError("not today")


def test_only_errors_of_ops_about_shapes_come_with_advice_about_the_batch():
    for forward, has_advice in [
        (lambda x: x @ tg.ones(3, 3), True),
        (lambda x: x.reshape(7, 7), True),
        (refuse, False),
        (lambda x: x.no_such_thing, False),
    ]:
        with pytest.raises(RuntimeError) as failure:
            tg.summary(Returns(forward), (2, 2))
        assert ("batch first" in str(failure.value)) == has_advice


def test_a_layer_that_gives_no_tensor_has_dashes_for_its_shape():
    text = str(tg.summary(Returns(lambda x: None), (2, 2)))
    row = next(line for line in text.splitlines() if line.startswith("Returns"))
    assert row.split() == ["Returns", "--", "--", "--"]


@pytest.mark.parametrize("dtype", ["nope", None, "datetime64[s]", "complex64"])
def test_what_is_not_a_dtype_is_refused_by_its_name(dtype):
    with pytest.raises(ValueError, match=rf"dtypes has {re.escape(repr(dtype))}.*tg\.float32"):
        tg.summary(nn.Linear(2, 2), (1, 2), dtypes=[dtype])


def test_true_is_no_size_and_no_depth():
    with pytest.raises(ValueError, match=r"not \(True, 2\)"):
        tg.summary(nn.Linear(2, 2), (True, 2))
    with pytest.raises(ValueError, match="depth is a number of levels"):
        tg.summary(nn.Linear(2, 2), depth=True)


@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64, tg.int64, tg.uint8])
def test_an_input_is_made_in_its_own_dtype(dtype):
    (made,) = summaries._made_inputs(nn.ReLU(), [(3, 4)], [dtype])
    assert made.dtype == dtype and made.shape == (3, 4)
    assert 0 <= float(made.min()) <= float(made.max()) <= 1
    assert bool((made == 0).all()) == (dtype.kind != "f")


def test_making_a_float32_input_takes_no_more_memory_than_it_has():
    tracemalloc.start()
    try:
        summaries._made_inputs(nn.ReLU(), [(1000, 1000)], [tg.float32])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.1 * 4e6


@pytest.mark.parametrize("batch", [10**12, 10**18])
def test_an_input_that_no_memory_holds_is_refused_with_its_size_and_what_to_do(batch):
    with pytest.raises(MemoryError, match=r"of float32 takes .* GB.*such as \(1, 784\)"):
        tg.summary(nn.Linear(784, 2), (batch, 784))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("verbose", "print what is returned"),
        ("col_names", "same columns"),
        ("batch_dim", "first number of input_size"),
    ],
)
def test_arguments_of_torchinfo_that_stay_out_say_what_to_do_instead(option, words):
    for summarise in (lambda **o: tg.summary(nn.Linear(2, 2), **o), nn.Linear(2, 2).summary):
        with pytest.raises(TypeError, match=rf"summary\(\) takes no {option}=: .*{words}"):
            summarise(**{option: 0})
