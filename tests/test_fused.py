"""Fused optimisers: the bits of the ordinary ones, whatever the weights, gradients and options."""

import copy
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg
from tinygrad_mlp import checkpoint, nn, optim
from tinygrad_mlp.optim import fused as loops

ROOT = Path(__file__).parent.parent

needs_numba = pytest.mark.skipif(
    not loops.available(), reason="Numba (the extra fast) is not installed"
)

SGDS = [
    {},
    {"weight_decay": 0.1, "maximize": True},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01, "maximize": True},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
]
ADAMS = [
    {},
    {"weight_decay": 0.1, "maximize": True, "eps": 1e-3},
    {"amsgrad": True, "betas": (0.5, 0.9)},
    {"amsgrad": True, "weight_decay": 0.1, "betas": (0.0, 0.99)},
]
CASES = [
    *((optim.SGD, options) for options in SGDS),
    *((kind, options) for kind in (optim.Adam, optim.AdamW) for options in ADAMS),
    (optim.Adam, {"decoupled_weight_decay": True, "weight_decay": 0.1}),
]
each_case = pytest.mark.parametrize(("kind", "options"), CASES)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def leaf(values):
    """A parameter whose array is `values` itself, however it lies in memory."""
    p = nn.Parameter([0.0])
    p.data = values
    return p


def give(p, g):
    """Let a parameter have the array g itself as its gradient."""
    p.grad = tg.tensor(0.0)
    p.grad.data = g


class Pair:
    """Two equal optimisers over equal weights; `fused` must take its loop at every step."""

    def __init__(self, kind, arrays, groups=None, always=True, **options):
        self.always = always
        self.plain = [leaf(a.copy(order="K")) for a in arrays]
        self.fast = [leaf(a.copy(order="K")) for a in arrays]
        in_groups = groups or (lambda params: params)
        self.unfused = kind(in_groups(self.plain), **options)
        self.fused = kind(in_groups(self.fast), fused=True, **options)

    def step(self, gradients):
        for p, q, g in zip(self.plain, self.fast, gradients, strict=True):
            give(p, g)
            give(q, g)
        with np.errstate(all="ignore"):
            self.unfused.step()
            if self.always:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(type(self.fused), "update", refuse)
                    self.fused.step()
            else:
                self.fused.step()

    def check(self):
        for p, q in zip(self.plain, self.fast, strict=True):
            assert_same_bits(p.data, q.data)
        ours, theirs = self.unfused.exact_state(), self.fused.exact_state()
        assert ours.keys() == theirs.keys()
        for name, value in ours.items():
            assert_same_bits(value, theirs[name])


def refuse(*_):
    raise AssertionError("the ordinary update was taken")


def assert_same_bits(ours, theirs):
    """The same bits, except that a NaN is a NaN."""
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    if ours.dtype.kind != "f":
        np.testing.assert_array_equal(ours, theirs)
        return
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    bits = f"u{ours.dtype.itemsize}"
    ours, theirs = (np.where(np.isnan(a), 0, a).astype(a.dtype) for a in (ours, theirs))
    np.testing.assert_array_equal(ours.view(bits), theirs.view(bits))


# ------------------------------------------------------------------------------------- same bits

rates = st.floats(1e-4, 0.5)
momenta = st.sampled_from([0.0, 0.5, 0.9])
decays = st.sampled_from([0.0, 0.01, 0.1])
OPTIONS = {
    "SGD": {
        "lr": rates,
        "momentum": momenta,
        "dampening": st.sampled_from([0.0, 0.3]),
        "weight_decay": decays,
        "maximize": st.booleans(),
    },
    "Adam": {
        "lr": rates,
        "betas": st.tuples(momenta, st.sampled_from([0.0, 0.5, 0.99, 0.999])),
        "eps": st.sampled_from([0.0, 1e-8, 1e-2]),
        "weight_decay": decays,
        "amsgrad": st.booleans(),
        "maximize": st.booleans(),
    },
}
OPTIONS["AdamW"] = OPTIONS["Adam"]


@st.composite
def kinds_and_groups(draw):
    """An optimiser, and the options of each of one or two groups."""
    name = draw(st.sampled_from(sorted(OPTIONS)))
    options = st.fixed_dictionaries({}, optional=OPTIONS[name])
    return getattr(optim, name), draw(st.lists(options, min_size=1, max_size=2))


shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)


@st.composite
def arrays(draw, shape, dtype):
    """Any floats: NaN, infinities, subnormals and signed zeros too."""
    return draw(hnp.arrays(dtype, shape, elements=st.floats(width=8 * np.dtype(dtype).itemsize)))


@needs_numba
@settings(max_examples=100)
@given(kinds_and_groups(), st.sampled_from([np.float32, np.float64]), st.data())
def test_a_fused_optimiser_gives_the_same_bits_for_any_floats(drawn, dtype, data):
    kind, groups = drawn
    drawn_shapes = [data.draw(shapes) for _ in groups]
    pair = Pair(
        kind,
        [data.draw(arrays(shape, dtype)) for shape in drawn_shapes],
        lambda ps: [{"params": [p], **g} for p, g in zip(ps, groups, strict=True)],
        lr=0.01,
    )
    for _ in range(3):
        pair.step([data.draw(arrays(shape, dtype)) for shape in drawn_shapes])
        pair.check()


@needs_numba
@settings(max_examples=15)
@given(kinds_and_groups(), st.sampled_from([np.float32, np.float64]), st.integers(0, 999))
def test_a_fused_optimiser_gives_the_same_bits_for_300_steps(drawn, dtype, seed):
    kind, groups = drawn
    rng = np.random.default_rng(seed)
    some = [rng.normal(size=size).astype(dtype) for size in [(17, 9), (), (0,), (3, 2, 4)]]
    pair = Pair(
        kind, some, lambda ps: [{"params": [p], **groups[0]} for p in ps] if len(groups) > 1 else ps
    )
    for step in range(300):
        for optimizer in (pair.unfused, pair.fused):
            for group in optimizer.param_groups:
                group["lr"] = 0.1 / (1 + step)
        # Gradients fall by 22 powers of 10, so that moments become subnormal and are flushed.
        size = 10.0 ** (-step / 13)
        pair.step([(rng.normal(size=a.shape) * size).astype(dtype) for a in some])
    pair.check()


@needs_numba
@each_dtype
@each_case
def test_a_fused_optimiser_gives_the_same_bits_for_many_weights(kind, options, dtype):
    rng = np.random.default_rng(0)
    some = [rng.normal(size=size).astype(dtype) for size in [(100, 784), (100,), (10, 100), (10,)]]
    pair = Pair(kind, some, lr=0.01, **options)
    for _ in range(30):
        gradients = [rng.normal(size=a.shape) * 10.0 ** rng.integers(-6, 6) for a in some]
        pair.step([g.astype(dtype) for g in gradients])
    pair.check()


@needs_numba
def test_a_product_that_is_joined_with_its_sum_would_be_noticed():
    """float64 holds a product of two float32 numbers exactly, as a joined operation does."""
    rng = np.random.default_rng(0)
    w, g = (rng.normal(size=1000).astype(np.float32) for _ in range(2))
    lr = np.float32(0.1)
    joined = (w.astype(np.float64) - np.float64(lr) * g.astype(np.float64)).astype(np.float32)
    pair = Pair(optim.SGD, [w], lr=0.1)
    pair.step([g])
    pair.check()
    assert np.count_nonzero(pair.fast[0].data != joined) > 50


@needs_numba
@each_case
def test_a_loop_that_is_not_compiled_computes_the_same(kind, options, monkeypatch):
    rng = np.random.default_rng(0)
    some = [rng.normal(size=(3, 4)).astype(np.float32)]
    pair = Pair(kind, some, lr=0.01, **options)
    monkeypatch.setattr(loops, "compiled", lambda loop, *_: loop)
    for _ in range(3):
        pair.step([rng.normal(size=(3, 4)).astype(np.float32)])
        pair.check()


@needs_numba
def test_options_that_change_between_steps_take_effect():
    rng = np.random.default_rng(0)
    pair = Pair(optim.SGD, [rng.normal(size=7)], lr=0.1, dampening=0.3)
    changes = [("momentum", 0.9), ("nesterov", True), ("weight_decay", 0.1), ("maximize", True)]
    for name, value in changes:
        for optimizer in (pair.unfused, pair.fused):
            optimizer.param_groups[0][name] = value
        pair.step([rng.normal(size=7)])
        pair.check()
    pair = Pair(optim.Adam, [rng.normal(size=7)], lr=0.1)
    for name, value in [("betas", (0.5, 0.9)), ("amsgrad", True), ("eps", 1e-2)]:
        for optimizer in (pair.unfused, pair.fused):
            optimizer.param_groups[0][name] = value
        pair.step([rng.normal(size=7)])
        pair.check()


# ------------------------------------------------------------------- however they lie in memory

GRADIENTS = {
    "by columns": np.asfortranarray,
    "backwards": lambda g: g[::-1, ::-1],
    "every second": lambda g: np.repeat(g, 2, axis=1)[:, ::2],
    "one number for all": lambda g: np.broadcast_to(g[:1, :1], g.shape),
    "read-only": lambda g: np.frombuffer(g.tobytes(), g.dtype).reshape(g.shape),
    "not aligned": lambda g: unaligned(g),
}


def unaligned(array):
    memory = bytearray(array.nbytes + 1)
    found = np.frombuffer(memory, array.dtype, array.size, offset=1).reshape(array.shape)
    found[...] = array
    assert not found.flags.aligned
    return found


@needs_numba
@pytest.mark.parametrize("weights", [np.ascontiguousarray, np.asfortranarray])
@pytest.mark.parametrize("how", GRADIENTS)
@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam])
def test_gradients_are_taken_however_they_lie_in_memory(kind, how, weights):
    rng = np.random.default_rng(0)
    pair = Pair(kind, [weights(rng.normal(size=(5, 6)))])
    for _ in range(3):
        pair.step([GRADIENTS[how](rng.normal(size=(5, 6)))])
        pair.check()


ODD_WEIGHTS = {
    "float16": lambda: np.linspace(-1, 1, 12).astype(np.float16).reshape(3, 4),
    "big-endian": lambda: np.linspace(-1, 1, 12).astype(">f4").reshape(3, 4),
    "turned about": lambda: np.linspace(-1, 1, 24).reshape(3, 2, 4).transpose(1, 0, 2),
    "not aligned": lambda: unaligned(np.linspace(-1, 1, 12).reshape(3, 4)),
    "mapped from a file": lambda: np.linspace(-1, 1, 12).view(np.memmap).reshape(3, 4),
}


@needs_numba
@pytest.mark.parametrize("what", ODD_WEIGHTS)
def test_weights_that_no_loop_fits_get_the_ordinary_update(what):
    array = ODD_WEIGHTS[what]()
    pair = Pair(optim.Adam, [array], always=False)
    for p in (*pair.plain, *pair.fast):
        p.data = ODD_WEIGHTS[what]()
    for _ in range(3):
        pair.step([np.cos(array)])
    pair.check()


@needs_numba
def test_every_second_number_of_an_array_is_stepped_and_those_between_are_not():
    whole = [np.linspace(-1, 1, 12) for _ in range(2)]
    p, q = (leaf(a[::2]) for a in whole)
    for each, fused in ((p, False), (q, True)):
        give(each, np.ones(6))
        optim.Adam([each], fused=fused).step()
    assert_same_bits(*whole)
    np.testing.assert_array_equal(whole[1][1::2], np.linspace(-1, 1, 12)[1::2])


@needs_numba
def test_a_gradient_in_the_memory_of_its_weights_changes_with_them_as_without_a_loop():
    arrays = [np.linspace(1, 2, 6) for _ in range(2)]
    for array, fused in zip(arrays, (False, True), strict=True):
        p = leaf(array)
        give(p, array[:])
        optim.AdamW([p], lr=0.1, weight_decay=0.5, fused=fused).step()
    assert_same_bits(*arrays)


@needs_numba
def test_a_gradient_of_another_dtype_gets_the_ordinary_update():
    pair = Pair(optim.Adam, [np.ones(3, np.float32)], always=False)
    pair.step([np.full(3, 0.1)])
    pair.check()


@needs_numba
def test_a_number_of_numpys_does_not_give_way_to_the_dtype_and_gets_the_ordinary_update():
    rng = np.random.default_rng(0)
    pair = Pair(optim.SGD, [rng.normal(size=99).astype(np.float32)], always=False)
    for optimizer in (pair.unfused, pair.fused):
        optimizer.param_groups[0]["lr"] = np.float64(0.1)
    pair.step([rng.normal(size=99).astype(np.float32)])
    pair.check()


@needs_numba
def test_weights_that_cannot_be_written_to_are_refused():
    p = leaf(np.ones(3))
    give(p, np.ones(3))
    optimizer = optim.SGD([p], fused=True)
    p.data.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        optimizer.step()


@needs_numba
def test_weights_that_are_replaced_go_on_with_the_dtype_they_have_now():
    pair = Pair(optim.SGD, [np.ones(3, np.float32)], lr=0.1)
    pair.step([np.ones(3, np.float32)])
    for p in (*pair.plain, *pair.fast):
        p.data = np.linspace(0, 1, 3)
    pair.step([np.full(3, 0.1)])
    pair.check()


# ------------------------------------------------------------------------------ in place, states


@needs_numba
def test_weights_are_stepped_in_place_and_gradients_left_alone():
    p = leaf(np.ones(3))
    array, g = p.data, np.full(3, 0.5)
    give(p, g)
    optim.SGD([p], momentum=0.9, weight_decay=0.1, maximize=True, fused=True).step()
    assert p.data is array and (array != 1).all()
    np.testing.assert_array_equal(g, 0.5)


@needs_numba
def test_a_graph_that_was_recorded_before_a_fused_step_refuses_to_go_back():
    p = nn.Parameter([2.0])
    loss = (p * p).sum()
    p.grad = tg.tensor([1.0])
    optim.SGD([p], lr=0.5, fused=True).step()
    with pytest.raises(RuntimeError, match="changed"):
        loss.backward()


@needs_numba
@pytest.mark.parametrize("form", ["state", "exact_state"])
@pytest.mark.parametrize("first", [False, True])
@each_case
def test_a_state_goes_from_fused_to_unfused_and_back(kind, options, first, form):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(4, 3)).astype(np.float32)
    gradients = rng.normal(size=(6, 4, 3)).astype(np.float32)

    def train(p, optimizer, gradients):
        for g in gradients:
            give(p, g)
            optimizer.step()

    whole = leaf(start.copy())
    one = kind([whole], fused=first, **options)
    train(whole, one, gradients[:3])
    half = leaf(whole.data.copy())
    other = kind([half], fused=not first, **options)
    getattr(other, f"load_{form}" if form != "state" else "load_state_dict")(
        one.exact_state() if form != "state" else one.state_dict()
    )
    if form == "state":  # PyTorch's values, whose last bits differ: so for both
        one.load_state_dict(one.state_dict())
    train(whole, one, gradients[3:])
    train(half, other, gradients[3:])
    assert_same_bits(whole.data, half.data)


@needs_numba
def test_a_checkpoint_of_a_fused_training_is_resumed_unfused_to_the_bit(tmp_path):
    def model_and_optimizer(fused):
        model = nn.Linear(3, 2, rng=0)
        return model, optim.AdamW(model.parameters(), fused=fused)

    def train(model, optimizer, seed):
        rng = np.random.default_rng(seed)
        for _ in range(3):
            optimizer.zero_grad()
            model(rng.normal(size=(5, 3)).astype(np.float32)).square().sum().backward()
            optimizer.step()

    model, optimizer = model_and_optimizer(fused=True)
    train(model, optimizer, 0)
    checkpoint.save(tmp_path / "half", model, optimizer)
    other, resumed = model_and_optimizer(fused=False)
    checkpoint.load(tmp_path / "half", other, resumed)
    train(model, optimizer, 1)
    train(other, resumed, 1)
    assert_same_bits(model.weight.data, other.weight.data)


@needs_numba
def test_a_copy_of_a_fused_optimiser_steps_its_own_weights():
    pair = Pair(optim.Adam, [np.ones(3)])
    pair.step([np.ones(3)])
    twin = copy.deepcopy(pair)
    twin.step([np.ones(3)])
    twin.check()
    assert (twin.fast[0].data != pair.fast[0].data).all()


# ----------------------------------------------------------------------------- threads and forks


@needs_numba
def test_optimisers_step_in_several_threads_at_once():
    start = np.linspace(-1, 1, 5000)
    weights = [leaf(start.copy()) for _ in range(4)]

    def train(p):
        optimizer = optim.Adam([p], fused=True)
        for step in range(50):
            give(p, np.cos(p.data * step))
            optimizer.step()

    threads = [threading.Thread(target=train, args=(p,)) for p in weights[1:]]
    for thread in threads:
        thread.start()
    train(weights[0])
    for thread in threads:
        thread.join()
    for p in weights[1:]:
        assert_same_bits(weights[0].data, p.data)


@needs_numba
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_process_that_was_forked_steps_too():
    code = """
import os, numpy as np, tinygrad_mlp as tg
from tinygrad_mlp import nn, optim
p = nn.Parameter(np.ones(9))
p.grad = tg.tensor(np.ones(9))
optimizer = optim.Adam([p], lr=0.5, fused=True)
child = os.fork()
optimizer.step()
assert abs(p.data - 0.5).max() < 1e-6
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    assert python(code).returncode == 0


# ------------------------------------------------------------------ compiling, with and without


def python(code, **environment):
    """Run code in a fresh interpreter, with this package unless PYTHONPATH says which."""
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | {k: str(v) for k, v in environment.items()},
        capture_output=True,
        text=True,
    )


STEP = """
import numpy as np, tinygrad_mlp as tg
from tinygrad_mlp import nn, optim
p = nn.Parameter(np.ones(3, np.float32))
optimizer = optim.SGD([p], lr=0.5, fused=True)
print("made")
p.grad = tg.tensor(np.ones(3, np.float32))
optimizer.step()
print(p.data.tolist())
"""
COMPILING = "compiling the update once, about a second: sgd, float32\n"


@needs_numba
def test_compiling_is_said_once_and_then_read_from_disk(tmp_path):
    first, later = (python(STEP, NUMBA_CACHE_DIR=tmp_path) for _ in range(2))
    assert (first.stdout, first.stderr) == ("made\n[0.5, 0.5, 0.5]\n", COMPILING)
    assert (later.stdout, later.stderr) == (first.stdout, "")


@needs_numba
def test_it_is_compiled_when_the_optimiser_is_made_not_at_the_first_step(tmp_path):
    code = STEP.replace('print("made")', "import sys; print('made', file=sys.stderr)")
    assert python(code, NUMBA_CACHE_DIR=tmp_path).stderr == COMPILING + "made\n"


def copy_of_the_package(folder):
    """A copy in which nothing can be kept beside the sources of optim."""
    for path in (ROOT / "tinygrad_mlp").rglob("*.py"):
        copied = folder / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(path.read_bytes())
    (folder / "tinygrad_mlp" / "optim" / "__pycache__").write_text("not a folder")
    return folder


@needs_numba
def test_machine_code_goes_to_the_users_cache_where_the_package_cannot_be_written(tmp_path):
    package, cache = copy_of_the_package(tmp_path / "package"), tmp_path / "cache"
    places = {"PYTHONPATH": package, "XDG_CACHE_HOME": cache, "HOME": tmp_path}
    first, later = (python(STEP, **places) for _ in range(2))
    assert (first.stderr, later.stderr) == (COMPILING, "")
    assert [path.name for path in cache.rglob("*.nbi")]


@needs_numba
def test_without_any_place_to_keep_it_it_is_compiled_each_time(tmp_path):
    package, nowhere = copy_of_the_package(tmp_path / "package"), tmp_path / "file"
    nowhere.write_text("not a folder")
    places = {"PYTHONPATH": package, "XDG_CACHE_HOME": nowhere, "HOME": nowhere}
    for _ in range(2):
        done = python(STEP, **places)
        assert (done.stdout, done.stderr) == ("made\n[0.5, 0.5, 0.5]\n", COMPILING)


@needs_numba
def test_a_group_that_is_added_has_its_loop_compiled_for_the_dtypes_of_its_weights(monkeypatch):
    asked = []

    def compiled(loop, dtype, *_):
        asked.append((loop, dtype))
        return lambda *_: None

    monkeypatch.setattr(loops, "compiled", compiled)
    optimizer = optim.Adam([leaf(np.ones(2, np.float32)), leaf(np.ones(3, np.float32))], fused=True)
    assert asked == [(loops.adam, np.float32)]
    optimizer.add_param_group({"params": [leaf(np.ones(2))], "amsgrad": True})
    assert asked[1:] == [(loops.adam, np.float64)]


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW])
def test_no_loop_is_taken_unless_it_is_asked_for(kind, monkeypatch):
    monkeypatch.setattr(loops, "run", refuse)
    p = leaf(np.ones(3))
    give(p, np.ones(3))
    kind([p]).step()


def test_without_numba_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    for kind in (optim.SGD, optim.Adam, optim.AdamW):
        with pytest.raises(
            ImportError, match=r'needs Numba .*: pip install "tinygrad_mlp\[fast\]"'
        ):
            kind([nn.Parameter([1.0])], fused=True)
    assert not loops.available()


def test_a_numba_that_does_not_go_with_this_numpy_counts_as_none(tmp_path):
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs NumPy 2.5 or less')")
    done = python(STEP, PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert done.stderr.splitlines()[-1] == (
        "ImportError: fused=True needs Numba (Numba needs NumPy 2.5 or less): "
        'pip install "tinygrad_mlp[fast]"'
    )


def test_an_optimiser_that_is_not_fused_loads_no_numba():
    code = (
        STEP.replace("fused=True", "fused=False") + "import sys; assert 'numba' not in sys.modules"
    )
    done = python(code)
    assert (done.returncode, done.stderr) == (0, "")


@needs_numba
def test_numba_is_found_where_it_is_installed():
    assert loops.available()


@needs_numba
def test_an_optimiser_with_an_update_of_its_own_is_not_passed_over():
    class Signed(optim.Adam):
        def update(self, w, g, state, group):
            w -= group["lr"] * np.sign(g)

    with pytest.raises(ValueError, match="Signed has an update, and no update_fused that does"):
        Signed([nn.Parameter([1.0])], fused=True)


@needs_numba
def test_an_optimiser_of_a_users_own_that_inherits_the_update_is_fused():
    class Renamed(optim.Adam):
        pass

    Pair(Renamed, [np.ones(3)]).step([np.ones(3)])
