"""Modules and layers, with PyTorch as the oracle: names, shapes, values and gradients."""

import collections
import copy
import doctest
import importlib
import inspect
import pkgutil

import numpy as np
import pytest
import torch

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim
from tinygrad_mlp.nn.module import named_options
from tinygrad_mlp.testing import check_layer


class Twice(nn.Module):
    """One Linear, used under two names."""

    def __init__(self):
        self.first = nn.Linear(3, 3, rng=0)
        self.second = self.first

    def forward(self, x):
        return self.second(self.first(x))


class Scale(nn.Module):
    """A user's own layer: learned factors."""

    def __init__(self, size):
        self.factor = nn.Parameter(np.ones(size, np.float32))

    def forward(self, x):
        return x * self.factor


class Block(nn.Module):
    """A module in a module, with a parameter of its own beside it."""

    def __init__(self):
        self.inner = nn.Sequential(nn.Linear(4, 3, rng=0), nn.ReLU(), nn.Linear(3, 2, rng=1))
        self.shift = nn.Parameter(np.zeros(2, np.float32))

    def forward(self, x):
        return self.inner(x) + self.shift


class TorchBlock(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Sequential(
            torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)
        )
        self.shift = torch.nn.Parameter(torch.zeros(2))


def mlp(rng=0):
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5, rng=rng), nn.ReLU(), nn.Linear(5, 3, rng=1))


def shapes(state):
    return {name: tuple(value.shape) for name, value in state.items()}


# ------------------------------------------------------------------------------------- Module


def test_names_and_shapes_are_those_of_pytorch():
    theirs = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3)
    )
    assert list(shapes(mlp().state_dict()).items()) == list(shapes(theirs.state_dict()).items())


def test_nested_names_and_their_order_are_those_of_pytorch():
    theirs = TorchBlock().state_dict()
    assert list(shapes(Block().state_dict()).items()) == list(shapes(theirs).items())
    names = [name for name, _ in Block().named_parameters()]
    assert names == [name for name, _ in TorchBlock().named_parameters()]


def test_without_bias_there_is_no_bias_in_the_state():
    assert list(nn.Linear(2, 3, bias=False).state_dict()) == ["weight"]


def test_a_parameter_set_later_is_found():
    module = nn.ReLU()
    module.extra = nn.Parameter([1.0])
    assert [name for name, _ in module.named_parameters()] == ["extra"]


def test_a_plain_tensor_is_not_a_parameter():
    module = nn.ReLU()
    module.constant = tg.tensor([1.0])
    assert list(module.parameters()) == []


def test_shared_parameters_come_once_and_are_in_the_state_under_both_names():
    model = Twice()
    assert [name for name, _ in model.named_parameters()] == ["first.weight", "first.bias"]
    assert sorted(model.state_dict()) == [
        "first.bias",
        "first.weight",
        "second.bias",
        "second.weight",
    ]


def test_a_shared_layer_is_stepped_once():
    model = Twice()
    before = model.first.weight.data.copy()
    optimizer = optim.SGD([*model.first.parameters(), *model.second.parameters()], lr=0.5)
    model(np.ones((2, 3), np.float32)).sum().backward()
    optimizer.step()
    expected = before - np.float32(0.5) * model.first.weight.grad.data
    np.testing.assert_array_equal(model.first.weight.data, expected)


def test_gradients_of_a_shared_layer_are_those_of_pytorch():
    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(3, 3)
            self.second = self.first

        def forward(self, x):
            return self.second(self.first(x))

    check_layer(Twice(), (4, 3), Theirs())


def test_train_and_eval_reach_every_child():
    model = Block()
    everyone = [model, model.inner, *model.inner]
    assert all(module.training for module in everyone)
    assert model.eval() is model
    assert not any(module.training for module in everyone)
    model.train()
    assert all(module.training for module in everyone)


def test_zero_grad_forgets_every_gradient():
    model = Block()
    model(np.ones((2, 4), np.float32)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_a_module_without_forward_says_what_is_missing():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty needs a method forward"):
        Empty()(1)


def tree(module):
    """A network with a shared layer, in ours or PyTorch."""
    shared = module.Linear(2, 2)
    return module.Sequential(
        shared, module.Sequential(module.ReLU(), shared), module.BatchNorm1d(2), shared
    )


def test_the_modules_in_a_module_are_those_of_pytorch_each_once():
    ours, theirs = tree(nn), tree(torch.nn)
    for walk in ("named_modules", "named_children"):
        names = [name for name, _ in getattr(ours, walk)()]
        assert names == [name for name, _ in getattr(theirs, walk)()]
    assert [type(m).__name__ for m in ours.modules()] == [
        type(m).__name__ for m in theirs.modules()
    ]
    assert list(ours.children()) == [module for _, module in ours.named_children()]


def test_a_prefix_stands_before_a_dot_as_in_pytorch():
    ours, theirs = tree(nn), tree(torch.nn)
    for walk in ("named_modules", "named_parameters", "named_buffers"):
        names = [name for name, _ in getattr(ours, walk)(prefix="model")]
        assert names == [name for name, _ in getattr(theirs, walk)(prefix="model")]


def test_apply_calls_inner_modules_first_as_pytorch_does():
    ours, theirs = [], []
    model = tree(nn)
    assert model.apply(lambda module: ours.append(type(module).__name__)) is model
    tree(torch.nn).apply(lambda module: theirs.append(type(module).__name__))
    assert ours == theirs


def test_requires_grad_freezes_all_parameters_and_frees_them():
    model = tree(nn)
    assert model.requires_grad_(False) is model
    assert not any(p.requires_grad for p in model.parameters())
    assert not any(b.requires_grad for b in model.requires_grad_().buffers())
    assert all(p.requires_grad for p in model.parameters())


def test_a_registered_buffer_is_saved_unless_it_is_not_persistent():
    for module in (nn, torch.nn):
        layer = module.Identity()
        layer.register_buffer("kept", tg.ones(2) if module is nn else torch.ones(2))
        layer.register_buffer("lost", tg.ones(2) if module is nn else torch.ones(2), False)
        layer.register_buffer("none", None)
        assert [name for name, _ in layer.named_buffers()] == ["kept", "lost"]
        assert list(layer.state_dict()) == ["kept"]
        assert layer.double().lost.dtype == (np.float64 if module is nn else torch.float64)
        layer.load_state_dict(layer.state_dict())


def test_a_registered_parameter_is_a_parameter():
    layer = nn.Identity()
    layer.register_parameter("bias", None)
    layer.register_parameter("weight", nn.Parameter([1.0]))
    assert list(layer.state_dict()) == ["weight"] and layer.bias is None
    with pytest.raises(TypeError, match=r"nn\.Parameter or None"):
        layer.register_parameter("wrong", tg.ones(1))


@pytest.mark.parametrize("dtype", [np.float64, "float64", np.float16], ids=str)
def test_to_converts_floats_and_gradients_and_leaves_integers(dtype):
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.BatchNorm1d(2))
    weight, bias = model[0].weight, model[0].bias
    model(np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)).sum().backward()
    assert model.to(dtype) is model
    assert model[0].weight is weight and model[0].bias is bias
    found = {t.dtype for t in (*model.parameters(), *(p.grad for p in model.parameters()))}
    assert found == {np.dtype(dtype)} == {model[1].running_mean.dtype}
    assert model[1].num_batches_tracked.dtype == np.int64
    assert {p.dtype for p in model.float().parameters()} == {np.dtype(np.float32)}


def test_a_model_in_float64_computes_and_learns_in_float64():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Tanh()).double()
    y = model(np.ones((3, 2)))
    y.sum().backward()
    assert y.dtype == model[0].weight.grad.dtype == np.float64


def test_the_only_device_is_the_cpu():
    model = nn.Linear(2, 2)
    assert model.to("cpu") is model and model.weight.dtype == np.float32
    for wrong in ("cuda", np.int64, "mps"):
        with pytest.raises(TypeError, match=r"floating-point dtype.*only device is the CPU"):
            model.to(wrong)


# --------------------------------------------------------------------------------------- hooks


def scaled(module, inputs):
    return inputs[0] * 2


def shifted(module, inputs, output):
    return output + inputs[0]


def test_hooks_see_and_replace_inputs_and_outputs_as_in_pytorch():
    ours, theirs = nn.ReLU(), torch.nn.ReLU()
    found = []
    for layer, x in ((ours, tg.tensor([-1.0, 3.0])), (theirs, torch.tensor([-1.0, 3.0]))):
        hooks = [
            layer.register_forward_pre_hook(scaled),
            layer.register_forward_hook(shifted),
            layer.register_forward_hook(lambda module, inputs, output: None),
        ]
        found.append(layer(x).tolist())
        for hook in hooks:
            hook.remove()
        found.append(layer(x).tolist())
    assert found[:2] == found[2:] == [[-2, 12], [0, 3]]


class Times(nn.Module):
    """x * factor, whose factor is asked for by its name."""

    def forward(self, x, *, factor=1.0):
        return x * factor


@pytest.mark.parametrize("hooked", [True, False])
def test_options_reach_forward_with_hooks_and_without(hooked):
    layer = Times()
    if hooked:
        layer.register_forward_hook(lambda module, inputs, output: None)
    assert layer(tg.tensor([2.0]), factor=3.0).tolist() == [6]


def test_a_hook_may_replace_the_inputs_by_several():
    class Minus(nn.Module):
        def forward(self, x, y):
            return x - y

    layer = Minus()
    layer.register_forward_pre_hook(lambda module, inputs: inputs[::-1])
    assert layer(tg.tensor([5.0]), tg.tensor([2.0])).tolist() == [-3]


def test_a_program_does_not_hold_a_forward_hook():
    layer = nn.ReLU()
    layer.register_forward_hook(lambda module, inputs, output: None)
    with pytest.raises(tg.CompileError, match="calls a forward hook"):
        tg.compile(layer)(tg.ones(2))


def test_converting_to_the_dtype_that_is_there_copies_nothing():
    layer = nn.Linear(2, 2)
    array = layer.weight.data
    assert layer.float().weight.data is array


def test_a_hook_may_be_taken_away_twice():
    layer, seen = nn.ReLU(), []
    hook = layer.register_forward_hook(lambda module, inputs, output: seen.append("first"))
    layer.register_forward_hook(lambda module, inputs, output: seen.append("second"))
    hook.remove()
    hook.remove()
    layer(tg.ones(1))
    assert seen == ["second"]


def test_the_hooks_of_a_copy_are_its_own():
    layer, seen = nn.ReLU(), []
    hook = layer.register_forward_hook(lambda module, inputs, output: seen.append(module))
    other = copy.deepcopy(layer)
    hook.remove()
    layer(tg.ones(1))
    assert not seen
    other(tg.ones(1))
    assert seen == [other]


def nested(depth):
    model = nn.Sequential(nn.Linear(1, 1, rng=0))
    for _ in range(depth):
        model = nn.Sequential(model)
    return model


def test_modules_in_modules_are_copied_however_deep():
    model = nested(400)
    made = copy.deepcopy(model)
    old, new = list(model.modules()), list(made.modules())
    assert len(new) == len(old) == 402
    assert not {*map(id, old)} & {*map(id, new)}
    (weight, _), (again, _) = model.parameters(), made.parameters()
    assert weight is not again and np.array_equal(weight.data, again.data)
    assert again.requires_grad


def test_a_copy_keeps_what_is_shared_and_what_refers_back():
    model = nn.Sequential(nn.Linear(1, 1, rng=0), nn.ReLU())
    model[1].owner = [model]
    model[1].weight = model[0].weight
    made = copy.deepcopy(model)
    assert made[1].owner[0] is made
    assert made[1].weight is made[0].weight is not model[0].weight


def test_a_module_that_says_how_it_is_copied_is_asked():
    class Once(nn.Module):
        def __deepcopy__(self, memo):
            return self

    once = Once()
    assert copy.deepcopy(nn.Sequential(once))[0] is once


def test_a_module_that_says_only_how_it_is_pickled_is_copied_as_others_are():
    class Stated(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter([1.0])

        def __getstate__(self):
            return vars(self)

    model = Stated()
    made = copy.deepcopy(model)
    assert type(made) is Stated and made.weight is not model.weight
    assert made.weight.tolist() == [1]


def test_a_copy_of_several_modules_shares_what_they_share():
    layer = nn.Linear(2, 1, rng=0)
    weight, inner, outer = copy.deepcopy([layer.weight, layer, nn.Sequential(layer)])
    assert outer[0] is inner and inner.weight is weight is not layer.weight


# ------------------------------------------------------------------------- nothing vanishes

HIDDEN = {
    "a list": (lambda: [nn.ReLU(), nn.Linear(2, 2)], "list", "ReLU", r"nn\.ModuleList$"),
    "a tuple": (lambda: (1, nn.Linear(2, 2)), "tuple", "Linear", r"nn\.ModuleList$"),
    "a dict": (lambda: {"a": nn.Linear(2, 2)}, "dict", "Linear", r"nn\.ModuleDict$"),
    "parameters": (lambda: [nn.Parameter([1.0])], "list", "Parameter", r"nn\.ParameterList$"),
    "a dict of parameters": (
        lambda: {"a": nn.Parameter([1.0])},
        "dict",
        "Parameter",
        "attributes of their own",
    ),
    "a list of lists": (lambda: [[nn.Linear(2, 2)]], "list", "Linear", r"nn\.ModuleList$"),
}

ASKED = {
    "parameters": lambda model: model.parameters(),
    "buffers": lambda model: model.buffers(),
    "state_dict": lambda model: model.state_dict(),
    "load_state_dict": lambda model: model.load_state_dict({}),
    "train": lambda model: model.train(),
    "eval": lambda model: model.eval(),
    "zero_grad": lambda model: model.zero_grad(),
    "double": lambda model: model.double(),
    "an optimiser": lambda model: optim.SGD(model.parameters()),
}


class Keeper(nn.Module):
    """A module with something in an attribute, and a parameter."""

    def __init__(self, something):
        self.inside = something
        self.weight = nn.Parameter([1.0])


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("asked", ASKED)
def test_modules_and_parameters_in_plain_containers_are_told_of(name, asked):
    make, container, part, remedy = HIDDEN[name]
    words = rf"Sequential\.1\.inside is a plain {container}, and the {part} in it .*{remedy}"
    with pytest.raises(TypeError, match=words):
        ASKED[asked](nn.Sequential(nn.ReLU(), Keeper(make())))


@pytest.mark.parametrize("before", [19, 20])
def test_the_first_twenty_of_a_container_are_looked_at(before):
    model = Keeper([0] * before + [nn.Linear(2, 2)])
    if before < 20:
        with pytest.raises(TypeError, match="is a plain list"):
            model.parameters()
    else:
        assert len(list(model.parameters())) == 1


@pytest.mark.parametrize(("depth", "is_found"), [(1, True), (2, True), (3, True), (4, False)])
def test_containers_are_looked_into_three_deep(depth, is_found):
    inside = nn.Linear(2, 2)
    for _ in range(depth):
        inside = [inside]
    if is_found:
        with pytest.raises(TypeError, match="is a plain list"):
            Keeper(inside).parameters()
    else:
        assert len(list(Keeper(inside).parameters())) == 1


def test_a_list_of_layers_that_are_found_elsewhere_hides_nothing():
    layer = nn.Linear(2, 2)
    model = Keeper([layer, layer.weight])
    model.layer = layer
    assert len(list(model.train().parameters())) == 3


@pytest.mark.parametrize(
    "plain", [[1, 2.5], (), {"a": [1, "b", None]}, [[[[[1]]]]], "text"], ids=str
)
def test_other_things_in_plain_containers_are_fine(plain):
    assert len(list(Keeper(plain).parameters())) == 1


def test_a_long_list_of_numbers_is_not_read_through():
    class Long(list):
        def __iter__(self):
            for i, value in enumerate(super().__iter__()):
                assert i < 100
                yield value

    assert len(list(Keeper(Long(range(1000))).parameters())) == 1


NOT_MODULES = {
    "an op": (lambda: nn.Sequential(nn.Linear(2, 2), tg.tanh), r"write nn\.Tanh\(\)"),
    "a function": (lambda: nn.Sequential(nn.functional.log_softmax), r"write nn\.LogSoftmax\(\)"),
    "a function of one's own": (lambda: nn.Sequential(lambda x: x), "a class Module of your own"),
    "a list": (lambda: nn.Sequential([nn.ReLU()]), r"write Sequential\(\*layers\)"),
    "a class": (lambda: nn.Sequential(nn.ReLU), r"write nn\.ReLU\(...\)"),
    "nothing": (lambda: nn.Sequential(None), "takes modules, not None"),
    "named": (lambda: nn.Sequential({"act": tg.relu}), r"write nn\.ReLU\(\)"),
    "in a ModuleList": (lambda: nn.ModuleList([tg.relu]), r"write nn\.ReLU\(\)"),
    "in a ModuleDict": (lambda: nn.ModuleDict({"a": tg.relu}), r"write nn\.ReLU\(\)"),
    "put there later": (lambda: mlp().__setitem__(2, tg.tanh), r"write nn\.Tanh\(\)"),
    "appended": (lambda: mlp().append(tg.tanh), r"write nn\.Tanh\(\)"),
}


@pytest.mark.parametrize("name", NOT_MODULES)
def test_what_is_not_a_module_is_refused_and_told_how_to_write_it(name):
    call, words = NOT_MODULES[name]
    with pytest.raises(TypeError, match=words):
        call()


# ----------------------------------------------------------------------------------- containers


def check_same(ours, theirs):
    assert repr(ours) == repr(theirs)
    assert list(shapes(ours.state_dict()).items()) == list(shapes(theirs.state_dict()).items())


def built(module):
    """Containers of every kind, changed after they were made."""
    layers = module.ModuleList(module.Linear(2, 2) for _ in range(2))
    layers.append(module.ReLU()).extend([module.Linear(2, 3)])
    layers[0] = module.Tanh()
    layers[-1] = module.Linear(3, 2)
    named = module.ModuleDict({"first": module.ReLU()})
    named["second"] = module.BatchNorm1d(2)
    return module.ModuleList([layers, named, module.ModuleList(), layers[1:]])


def test_containers_are_those_of_pytorch():
    check_same(built(nn), built(torch.nn))


def test_a_dictionary_names_the_layers_of_a_sequential():
    ours = nn.Sequential({"fc": nn.Linear(2, 2), "act": nn.ReLU()})
    layers = {"fc": torch.nn.Linear(2, 2), "act": torch.nn.ReLU()}
    check_same(ours, torch.nn.Sequential(collections.OrderedDict(layers)))
    assert ours.fc is ours[0]


def test_a_module_dict_is_asked_as_a_dictionary_is():
    relu, tanh = nn.ReLU(), nn.Tanh()
    named = nn.ModuleDict({"a": relu, "b": tanh})
    assert named["a"] is relu and "a" in named and "c" not in named and len(named) == 2
    assert list(named) == list(named.keys()) == ["a", "b"]
    assert list(named.values()) == [relu, tanh] and dict(named.items()) == {"a": relu, "b": tanh}


@pytest.mark.parametrize("name", ["a.b", "train", 3, "forward"])
def test_a_name_that_a_module_dict_cannot_have_is_refused(name):
    with pytest.raises(KeyError, match="cannot be a name"):
        nn.ModuleDict({name: nn.ReLU()})


def test_a_parameter_list_makes_parameters_and_keeps_those_it_is_given():
    own = nn.Parameter([1.0, 2.0])
    parameters = nn.ParameterList([own, np.zeros((2, 1), np.float32)]).append(tg.ones(3))
    assert parameters[0] is own and len(parameters) == 3
    assert [p.shape for p in parameters] == [(2,), (2, 1), (3,)]
    assert list(parameters.state_dict()) == ["0", "1", "2"]
    assert list(parameters[1:]) == [parameters[1], parameters[2]]
    parameters[-1] = np.ones(1)
    assert parameters[2].shape == (1,) and parameters[2].requires_grad
    with pytest.raises(IndexError):
        parameters[5] = np.ones(1)


def test_the_repr_of_a_parameter_list_is_pytorchs():
    sizes = [(2, 3), (3,), ()]
    ours = nn.ParameterList(np.zeros(size, np.float32) for size in sizes)
    theirs = torch.nn.ParameterList(torch.zeros(size) for size in sizes)
    assert repr(ours) == repr(theirs).replace("torch.float32", "float32")


def test_an_empty_parameter_list_and_one_of_a_part_are_parameter_lists():
    assert repr(nn.ParameterList()) == "ParameterList()"
    ours = nn.ParameterList().extend([np.zeros(1), np.ones(2)])
    assert type(ours[:1]) is nn.ParameterList and len(ours[:1]) == 1
    ours.note = "not a parameter"
    assert len(ours) == 2
    ours[0] = np.full(3, 7.0)
    assert [value.shape for value in ours] == [(3,), (2,)]


def test_layers_that_are_alike_are_one_line_of_a_module_list_as_in_pytorch():
    def layers(module):
        made = [module.ReLU(), module.ReLU(), module.Tanh(), module.Linear(2, 3), module.ReLU()]
        return module.ModuleList(made)

    assert repr(layers(nn)) == repr(layers(torch.nn))


def test_a_module_of_a_module_dict_is_replaced_by_its_name():
    ours = nn.ModuleDict({"one": nn.ReLU()})
    ours["one"] = nn.Tanh()
    assert repr(ours["one"]) == "Tanh()" and list(ours) == ["one"]


def test_a_layer_that_is_appended_replaces_no_other():
    model = nn.Sequential({"4": nn.ReLU(), "3": nn.Tanh()}).append(nn.Sigmoid())
    assert [type(m).__name__ for m in model] == ["ReLU", "Tanh", "Sigmoid"]


def test_a_module_is_asked_for_by_its_place_whatever_its_name_is_as_in_pytorch():
    ours = nn.Sequential({"1": nn.ReLU(), "0": nn.Tanh()})
    theirs = torch.nn.Sequential(
        collections.OrderedDict({"1": torch.nn.ReLU(), "0": torch.nn.Tanh()})
    )
    assert [repr(ours[i]) for i in range(2)] == [repr(theirs[i]) for i in range(2)]


def test_a_module_list_gives_the_module_at_each_place():
    layers = [nn.ReLU(), nn.Tanh(), nn.Sigmoid()]
    ours = nn.ModuleList(layers)
    assert all(ours[i] is layer and ours[i - 3] is layer for i, layer in enumerate(layers))


def test_a_module_dict_gives_modules_alone():
    named = nn.ModuleDict({"a": nn.ReLU()}).eval()
    for name in ("training", "b"):
        with pytest.raises(KeyError, match=name):
            named[name]


def test_a_parameter_list_is_asked_from_its_end_too():
    values = [nn.Parameter([1.0]), nn.Parameter([2.0])]
    ours = nn.ParameterList(values)
    assert ours[-1] is values[1] and ours[-2] is values[0]


def test_an_attribute_that_is_no_module_is_not_counted_when_one_is_appended():
    model = nn.Sequential(nn.ReLU())
    setattr(model, "7", "a note")
    assert list(dict(model.append(nn.Tanh()).named_children())) == ["0", "1"]


def test_a_class_of_something_else_is_not_taken_for_a_layer():
    with pytest.raises(TypeError, match="a function becomes one in the forward of a class"):
        nn.Sequential(int)


def test_a_sequential_in_another_is_run_in_its_place():
    def step(number):
        layer = nn.Linear(1, 1)
        layer.weight.data[...], layer.bias.data[...] = 3, number
        return layer

    steps = [step(number) for number in range(6)]
    nested = nn.Sequential(steps[0], nn.Sequential(*steps[1:4]), steps[4], nn.Sequential(steps[5]))
    x = tg.tensor([[1.0]])
    assert nested(x).item() == nn.Sequential(*steps)(x).item() == 908


def test_layers_in_containers_are_trained_and_saved():
    class Model(nn.Module):
        def __init__(self):
            self.layers = nn.ModuleList(nn.Linear(2, 2, rng=i) for i in range(2))
            self.shifts = nn.ParameterList([np.zeros(2, np.float32)])

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x + self.shifts[0]

    model = Model()
    before = model.state_dict()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model(np.ones((3, 2), np.float32)).sum().backward()
    optimizer.step()
    after = model.state_dict()
    assert list(after) == [
        *(f"layers.{i}.{n}" for i in (0, 1) for n in ("weight", "bias")),
        "shifts.0",
    ]
    assert not any(np.array_equal(before[name], after[name]) for name in after)


# ---------------------------------------------------------------------------- state_dict, load


def test_state_dict_is_a_copy():
    model = mlp()
    state = model.state_dict()
    before = model[1].weight.data.copy()
    state["1.weight"][...] = 7
    np.testing.assert_array_equal(model[1].weight.data, before)


def test_load_state_dict_takes_a_copy():
    model, state = mlp(), mlp(rng=5).state_dict()
    model.load_state_dict(state)
    state["1.weight"][...] = 7
    assert not (model[1].weight.data == 7).any()


def test_a_state_survives_the_round_trip_to_the_bit():
    one, other = mlp(), mlp(rng=5)
    other.load_state_dict(one.state_dict())
    for name, value in one.state_dict().items():
        np.testing.assert_array_equal(value, other.state_dict()[name])


def test_a_state_of_pytorch_can_be_loaded():
    theirs = TorchBlock()
    ours = Block()
    ours.load_state_dict(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name], value.numpy())


def test_loading_keeps_the_dtype_of_the_parameter():
    model = nn.Linear(2, 2)
    model.load_state_dict({"weight": np.ones((2, 2)), "bias": np.ones(2, np.int64)})
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_an_optimiser_still_steps_the_parameters_after_loading():
    model = nn.Linear(2, 2, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    model.load_state_dict({"weight": np.ones((2, 2)), "bias": np.ones(2)})
    model(np.ones((1, 2), np.float32)).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(model.weight.data, np.zeros((2, 2)))


def test_load_state_dict_names_every_fault_in_one_error_and_changes_nothing():
    model = mlp()
    before = model.state_dict()
    state = model.state_dict()
    del state["1.weight"], state["1.bias"]
    state |= {"extra": np.zeros(1), "other": np.zeros(1)}
    state["3.weight"] = np.zeros((3, 4))
    state["3.bias"] = np.full(3, 9.0)
    with pytest.raises(ValueError) as caught:
        model.load_state_dict(state)
    words = str(caught.value)
    for fault in (
        "missing: 1.weight",
        "missing: 1.bias",
        "unexpected: extra",
        "unexpected: other",
        "3.weight has shape (3, 4), expected (3, 5)",
    ):
        assert fault in words
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_values_that_are_not_real_numbers_are_refused_and_nothing_is_changed():
    model = nn.Linear(1, 1, rng=0)
    before = model.weight.data.copy()
    with pytest.raises(ValueError, match="bias has dtype complex128, expected float32"):
        model.load_state_dict({"weight": np.ones((1, 1)), "bias": np.ones(1) * 1j})
    np.testing.assert_array_equal(model.weight.data, before)


# -------------------------------------------------------------------------------------- layers


def test_linear_agrees_with_pytorch():
    check_layer(nn.Linear(4, 3, rng=0), (5, 4), torch.nn.Linear(4, 3))


def test_linear_without_bias_agrees_with_pytorch():
    check_layer(nn.Linear(4, 3, bias=False, rng=0), (5, 4), torch.nn.Linear(4, 3, bias=False))


def test_linear_takes_inputs_of_more_and_fewer_dimensions():
    check_layer(nn.Linear(4, 3, rng=0), (2, 5, 4), torch.nn.Linear(4, 3))
    check_layer(nn.Linear(4, 3, rng=0), (4,), torch.nn.Linear(4, 3))


def test_linear_of_a_batch_of_none_agrees_with_pytorch():
    check_layer(nn.Linear(4, 3, rng=0), (0, 4), torch.nn.Linear(4, 3))


def test_activations_agree_with_pytorch():
    check_layer(nn.ReLU(), (5, 4), torch.nn.ReLU())
    check_layer(nn.Sigmoid(), (5, 4), torch.nn.Sigmoid())


@pytest.mark.parametrize("shape", [(3, 2, 2), (3, 4), (1, 2, 3, 2), (3, 0, 2), (0, 2, 2)])
def test_flatten_agrees_with_pytorch(shape):
    check_layer(nn.Flatten(), shape, torch.nn.Flatten())


def test_flatten_of_an_array_is_an_array():
    assert isinstance(nn.Flatten()(np.zeros((2, 3, 4))), np.ndarray)


def test_a_whole_network_agrees_with_pytorch():
    theirs = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3)
    )
    check_layer(mlp(), (4, 2, 3), theirs)


def test_a_users_own_layer_is_checked_found_and_trained():
    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = torch.nn.Parameter(torch.ones(3))

        def forward(self, x):
            return x * self.factor

    layer = Scale(3)
    check_layer(layer, (4, 3), Theirs())
    model = nn.Sequential(nn.Linear(2, 3, rng=0), layer)
    assert "1.factor" in model.state_dict()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model(np.ones((2, 2), np.float32)).sum().backward()
    optimizer.step()
    assert not np.array_equal(layer.factor.data, np.ones(3))


def test_float32_stays_float32_through_a_network_and_back():
    model = mlp()
    scores = model(np.ones((2, 2, 3), np.float32))
    scores.sum().backward()
    assert scores.dtype == np.float32
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_a_layer_without_units_is_refused():
    with pytest.raises(ValueError, match="at least one input and one output, not 0 and 3"):
        nn.Linear(0, 3)


def test_sequential_is_a_sequence_of_its_modules():
    model = mlp()
    assert len(model) == 4
    assert [type(module).__name__ for module in model] == ["Flatten", "Linear", "ReLU", "Linear"]
    assert model[-1] is model[3]
    with pytest.raises(IndexError):
        model[4]


def test_a_slice_of_a_sequential_is_a_sequential_with_the_same_layers():
    model = mlp()
    head = model[:2]
    assert isinstance(head, nn.Sequential)
    assert head[1] is model[1]
    assert list(head.state_dict()) == ["1.weight", "1.bias"]


def test_an_empty_sequential_returns_its_input():
    x = tg.tensor([1.0])
    assert nn.Sequential()(x) is x


def test_repr_is_that_of_pytorch():
    theirs = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(3, 2, False))
    )
    ours = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 2, False)))
    assert repr(ours) == repr(theirs)


# -------------------------------------------------------------------------------------- losses

values = np.random.default_rng(0).normal(size=(2, 3, 5, 4))
scores = values[0, 0]
classes = np.array([0, 3, 1, 3, 2])
logs = np.log(np.random.default_rng(1).dirichlet(np.ones(4), 5))
shares = np.random.default_rng(2).random((5, 4))
weight = np.array([0.5, 2.0, 1.0, 3.0])

LOSSES = {
    "CrossEntropyLoss": (scores, classes, {}),
    "CrossEntropyLoss with all its options": (
        scores,
        classes,
        {"weight": weight, "ignore_index": 1, "label_smoothing": 0.1},
    ),
    "NLLLoss": (logs, classes, {}),
    "NLLLoss with all its options": (logs, classes, {"weight": weight, "ignore_index": 1}),
    "NLLLoss of images": (values, np.arange(40).reshape(2, 5, 4) % 3, {}),
    "BCEWithLogitsLoss": (scores, shares, {}),
    "BCEWithLogitsLoss with all its options": (
        scores,
        shares,
        {"weight": weight, "pos_weight": 2 * weight},
    ),
    "MSELoss": (scores, shares, {}),
    "L1Loss": (scores, shares, {}),
    "SmoothL1Loss": (scores, shares, {}),
    "SmoothL1Loss with all its options": (scores, shares, {"beta": 0.5}),
    "HuberLoss": (scores, shares, {}),
    "HuberLoss with all its options": (scores, shares, {"delta": 0.5}),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_agree_with_pytorch(name, reduction):
    values, targets, options = LOSSES[name]
    kind = name.split()[0]
    as_torch = {n: torch.tensor(v) if isinstance(v, np.ndarray) else v for n, v in options.items()}
    ours = getattr(nn, kind)(**options, reduction=reduction)
    theirs = getattr(torch.nn, kind)(**as_torch, reduction=reduction)
    check_loss(ours, theirs, values, targets)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_every_loss_is_compared_with_pytorch():
    assert {name.split()[0] for name in LOSSES} == {n for n in vars(nn) if n.endswith("Loss")}


def test_a_weight_of_a_loss_that_would_lose_its_gradient_is_refused():
    loss = nn.CrossEntropyLoss(tg.ones(4, requires_grad=True))
    with pytest.raises(ValueError, match=r"pass weight.detach\(\)"):
        loss(tg.tensor(scores), classes)


def check_loss(ours, theirs, values, targets):
    x, y = tg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    loss, expected = ours(x, targets), theirs(y, torch.tensor(targets))
    np.testing.assert_allclose(loss.data, expected.numpy(force=True), rtol=1e-12)
    loss.sum().backward()
    expected.sum().backward()
    np.testing.assert_allclose(x.grad.data, y.grad.numpy(), rtol=1e-12, atol=1e-15)


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match='"mean", "sum" or "none"'):
        nn.MSELoss("median")(tg.tensor([1.0]), tg.tensor([1.0]))


# ------------------------------------------------------------------------------------- examples

ROOMS = [
    importlib.import_module(f"{nn.__name__}.{room.name}")
    for room in pkgutil.iter_modules(nn.__path__)
]
NAMES = {"tg": tg, "nn": nn, "F": nn.functional, "np": np}
EXAMPLES = [
    pytest.param(found, id=found.name)
    for room in ROOMS
    for found in doctest.DocTestFinder().find(room, globs={}, extraglobs=NAMES)
    if found.examples
]


@pytest.mark.parametrize("examples", EXAMPLES)
def test_the_examples_in_a_docstring_are_right(examples):
    assert not doctest.DocTestRunner().run(examples).failed


def test_every_public_class_and_function_has_an_example():
    own = {
        f"{room.__name__}.{name}"
        for room in ROOMS
        for name, value in vars(room).items()
        if inspect.isclass(value) or inspect.isfunction(value)
        if value.__module__ == room.__name__ and not name.startswith("_")
    }
    own.remove("tinygrad_mlp.nn.module.named_options")  # for those who write layers
    own.remove("tinygrad_mlp.nn.module.summarises")  # for the room that makes summaries
    assert not own - {parameter.id for parameter in EXAMPLES}


def test_four_hundred_modules_in_each_other_work_as_one_does():
    layer = nn.Linear(2, 2, rng=0)
    nested = layer
    for _ in range(400):
        nested = nn.Sequential(nested)
    x = np.ones((1, 2), np.float32)
    np.testing.assert_array_equal(nested(x).data, layer(x).data)
    assert repr(nested).count("Sequential(") == 400
    nested.load_state_dict(nested.eval().train().state_dict())
    assert list(nested.parameters()) == list(layer.parameters())


def test_a_sequential_inside_of_another_keeps_its_hooks_and_its_own_forward():
    class Doubled(nn.Sequential):
        def forward(self, input):
            return 2 * super().forward(input)

    seen = []
    inner = nn.Sequential(nn.ReLU())
    inner.register_forward_hook(lambda module, inputs, output: seen.append(output.tolist()))
    model = nn.Sequential(Doubled(nn.ReLU()), inner)
    assert model(tg.tensor([1.0, -1.0])).tolist() == [2.0, 0.0]
    assert seen == [[2.0, 0.0]]


def test_named_options_are_those_that_a_repr_shows():
    layer = nn.MaxPool2d(2, stride=3)
    assert named_options(layer, "kernel_size", "stride") == "kernel_size=2, stride=3"
