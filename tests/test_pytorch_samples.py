"""PyTorch's own samples judge this package: see `tests/pytorch_samples`.

Float64 runs whole, the other dtypes without op_db's reference inputs; `-m slow` runs everything.
"""

import inspect
from collections import Counter

import numpy as np
import pytest
import torch

import tinygrad_mlp as tg
from tinygrad_mlp.nn import functional as F

from .pytorch_samples import DTYPES, comparisons, cosines, names, operators, tables
from .pytorch_samples.compare import leaves, same_but_for_ties
from .pytorch_samples.report import Tally, example

QUICK = ("float64", "any")
REST = tuple(dtype for dtype in DTYPES if dtype not in QUICK)
SHOWN = 10


def what_was_found(tally):
    """What is printed at the end of the run."""
    yield f"{len(tally.names)} names"
    yield from tally.table()
    yield from tally.faults(most=SHOWN)
    if len(tally.groups) > SHOWN:
        yield "... all of them: python -m tests.pytorch_samples --wrong"


@pytest.fixture(scope="module")
def quick():
    return Tally(comparisons(QUICK))


# --------------------------------------------------------------------------------- the suite


WHAT_TO_DO = "`python -m tests.pytorch_samples --wrong --only NAME` shows the faults as code"


def test_in_float64_nothing_is_wrong(quick, print_at_the_end):
    print_at_the_end("PyTorch's samples: float64 and error inputs", what_was_found(quick))
    assert dict(quick.wrong) == {}, WHAT_TO_DO
    documented = quick.total("documented") - quick.counts["any", "error", "documented"]
    assert documented <= 150
    assert quick.total("refused") <= 0.03 * quick.total()


def test_in_the_other_dtypes_nothing_is_wrong_on_the_samples(print_at_the_end):
    tally = Tally(comparisons(REST, reference=False))
    title = "PyTorch's samples: the other dtypes, without reference inputs"
    print_at_the_end(title, what_was_found(tally))
    assert dict(tally.wrong) == {}, WHAT_TO_DO


@pytest.mark.slow
def test_in_all_dtypes_nothing_is_wrong(print_at_the_end):
    tally = Tally(comparisons())
    print_at_the_end("PyTorch's samples: everything", what_was_found(tally))
    assert dict(tally.wrong) == {}, WHAT_TO_DO
    used = {because for verdict, because in tally.because if verdict == "documented"}
    assert {row.row for row in tables.DOCUMENTED} == used, "rows that document nothing"
    refused = {because for verdict, because in tally.because if verdict == "refused"}
    assert {str(row) for row in tables.STAYS_OUT} == refused, "what stays out, and does not"


def test_every_documented_difference_is_a_row_of_the_table():
    rows = tables.rows_of_differences()
    assert len(rows) > 10
    assert [row.row for row in tables.DOCUMENTED if tables.plain(row.row) not in rows] == []


def test_no_row_excuses_a_wrong_value_of_every_sample():
    for row in tables.DOCUMENTED:
        assert row.fault, row
        assert row.when is not tables.always or row.fault in ("accepts", "refuses"), row


LEAST = {"value": 10_000, "gradient": 4_000, "recorded": 4_000, "second": 2_000, "error": 200}


def test_as_much_is_compared_as_there_was(quick):
    compared = Counter()
    for (_, kind, verdict), n in quick.counts.items():
        compared[kind] += n if verdict != "outside" else 0
    assert {kind: n for kind, n in LEAST.items() if compared[kind] < n} == {}
    assert quick.total("agrees") >= 20_000
    assert quick.because["outside", "PyTorch refuses this sample under this name"] < 5
    assert len(quick.names) >= 240
    assert {"sin", "Tensor.sin", "F.relu", "x + y", "x += y", "Tensor.add_"} <= quick.names
    assert {"nn.Linear", "optim.Adam", "optim.lr_scheduler.LinearLR"} <= quick.names


# ------------------------------------------------------------------- the suite notices faults


def found_wrong(name, dtype="float64"):
    """The kinds and faults that the samples of one name find."""
    tally = Tally(comparisons([dtype], lambda other: other == name))
    assert tally.total() > 0
    return {kind for _, _, kind in tally.wrong}, {fault for _, fault in tally.groups}


sin, gather, relu = tg.sin, tg.gather, F.relu


def refuses(error):
    def function(*args, **kwargs):
        raise error

    return function


def write_into(x):
    y = sin(x)
    x.detach().fill_(0)
    return y


FAULTS = {
    # what is planted: instead of sin, in which dtype, the kinds that are wrong, the fault
    "value": (lambda x: sin(x) * 1.0001, "float64", "value", "value"),
    "sign of the gradient": (
        lambda x: sin(x).detach() * 2 - sin(x),
        "float64",
        "gradient",
        "value",
    ),
    "second order": (lambda x: sin(x) + (x - x.detach()) ** 2, "float64", "second", "value"),
    "no gradient": (lambda x: sin(x.detach()), "float64", "gradient", "no gradient flows"),
    "dtype": (lambda x: sin(x).float(), "float64", "value", "dtype float32, PyTorch float64"),
    "integers": (lambda x: sin(x).astype(np.int64), "int64", "value", "dtype int64"),
    "shape": (lambda x: sin(x).reshape(1, *x.shape), "float64", "value", "shape"),
    "array": (lambda x: sin(x).detach().numpy(), "float64", "value", "gives a ndarray"),
    "pair": (lambda x: (sin(x), x), "float64", "value", "number of results"),
    "input": (write_into, "float64", "value", "leaves its arguments with another value"),
    "crash": (refuses(KeyError("x")), "float64", "value", "unclear error: KeyError"),
    "unclear": (
        refuses(TypeError("sin() got an unexpected keyword argument 'out'")),
        "float64",
        "value",
        "unclear error: TypeError",
    ),
    "refused": (refuses(ValueError("not today")), "float64", "value", "refuses: ValueError"),
}


@pytest.mark.parametrize("planted", FAULTS)
def test_a_planted_fault_is_noticed(planted, monkeypatch):
    function, dtype, kind, fault = FAULTS[planted]
    monkeypatch.setattr(tg, "sin", function)
    kinds, faults = found_wrong("sin", dtype)
    assert kind in kinds
    assert any(f.startswith(fault) for f in faults), faults


def test_without_a_planted_fault_none_is_noticed():
    assert found_wrong("sin") == (set(), set())


def test_a_fault_of_the_second_order_is_noticed_there_alone(monkeypatch):
    monkeypatch.setattr(tg, "sin", FAULTS["second order"][0])
    assert found_wrong("sin")[0] == {"second"}


TIES = {
    # of [7, 3, 7, 3, 3], what `topk` of 3 may find as PyTorch does, and what it may not
    "the first": ([0, 2, 1], True),
    "others": ([2, 0, 4], True),
    "one twice": ([0, 0, 1], False),
    "another value": ([0, 2, 0], False),
    "none": ([0, 2, 5], False),
}


@pytest.mark.parametrize("name", TIES)
def test_indices_may_name_ties_in_any_order_but_each_once(name):
    found, is_right = TIES[name]
    x = torch.tensor([7, 3, 7, 3, 3])
    values = tg.tensor([7, 7, 3])
    theirs = torch.tensor([7, 7, 3]), torch.tensor([0, 2, 3])
    assert same_but_for_ties((values, tg.tensor(found)), theirs, x, -1) is is_right


def test_with_stable_the_order_of_ties_is_compared(monkeypatch):
    def backwards(x, dim=-1, descending=False, stable=False):
        turned = np.flip(np.argsort(np.flip(x.numpy(), dim), dim, stable=True), dim)
        return tg.tensor(x.shape[dim] - 1 - turned) if x.ndim else tg.argsort(x)

    monkeypatch.setattr(tg, "argsort", backwards)
    assert "value" in found_wrong("argsort", "bool")[0]


def test_taking_what_pytorch_refuses_is_noticed(monkeypatch):
    monkeypatch.setattr(tg, "gather", lambda x, *args, **kwargs: x)
    assert found_wrong("gather", "any")[1] == {"accepts what PyTorch refuses"}


def test_a_fault_in_a_layer_is_noticed(monkeypatch):
    class Linear(tg.nn.Linear):
        def forward(self, x=None, input=None):
            return super().forward(x if input is None else input) * 1.0001

    monkeypatch.setattr(tg.nn, "Linear", Linear)
    assert found_wrong("nn.Linear")[0] == {"value", "gradient", "recorded", "second"}


def test_a_fault_in_an_optimiser_is_noticed(monkeypatch):
    class Adam(tg.optim.Adam):
        def __init__(self, params, lr=1e-3, **options):
            super().__init__(params, lr * 1.001, **options)

    monkeypatch.setattr(tg.optim, "Adam", Adam)
    assert found_wrong("optim.Adam")[0] == {"value"}


def test_a_fault_in_a_schedule_is_noticed(monkeypatch):
    class LinearLR(tg.optim.lr_scheduler.LinearLR):
        def lr_at(self, count):
            return super().lr_at(count) * 1.0001

    monkeypatch.setattr(tg.optim.lr_scheduler, "LinearLR", LinearLR)
    assert found_wrong("optim.lr_scheduler.LinearLR")[0] == {"value"}


def test_a_clear_refusal_counts_as_refused_only_in_the_table(monkeypatch):
    monkeypatch.setattr(tables, "STAYS_OUT", (tables.StaysOut("sin", "x"),))
    monkeypatch.setattr(tg, "sin", refuses(ValueError("sin takes no x today")))
    tally = Tally(comparisons(["float64"], lambda name: name == "sin"))
    assert tally.total("refused") > 0
    assert tally.total("wrong") == 0


def test_a_documented_difference_excuses_no_other_sample(monkeypatch):
    row = tables.Documented("x", ("sin",), ("value",), "value", tables.any_nan)
    monkeypatch.setattr(tables, "DOCUMENTED", (row,))
    monkeypatch.setattr(tg, "sin", FAULTS["value"][0])
    tally = Tally(comparisons(["float64"], lambda name: name == "sin"))
    assert tally.counts["float64", "value", "documented"] > 0
    assert tally.counts["float64", "value", "wrong"] > 0


def test_a_name_that_both_have_is_picked_up(monkeypatch):
    monkeypatch.setattr(tg, "hypot", lambda x, y: tg.sqrt(x * x + y * y), raising=False)
    monkeypatch.setattr(tg.nn, "Tanhshrink", tg.nn.Sigmoid, raising=False)
    wanted = ("hypot", "nn.Tanhshrink")
    tally = Tally(comparisons(["float64"], lambda name: name in wanted))
    assert tally.names == set(wanted)


def test_the_same_samples_come_again():
    def drawn():
        return [
            (c.case.source, [t.tolist() for t in c.case.call.tensors()])
            for c in comparisons(["float32"], lambda name: name in ("gather", "nn.Linear"))
        ]

    assert drawn() == drawn()


@pytest.mark.parametrize("planted", ["value", "sign of the gradient", "second order", "crash"])
def test_the_example_of_a_fault_runs_and_shows_it(planted, monkeypatch):
    monkeypatch.setattr(tg, "sin", FAULTS[planted][0])
    tally = Tally(comparisons(["float64"], lambda name: name == "sin"))
    scope = {"np": np, "tg": tg, "F": F, "cosines": cosines, "inf": np.inf, "nan": np.nan}
    for group in tally.groups.values():
        code = example(group.smallest).split("\n")[0]
        if planted == "crash":
            with pytest.raises(KeyError):
                exec(code, scope)
        else:
            exec(code, scope)


WITHOUT_SAMPLES = {
    # what both have, and op_db has no samples of: other tests are about it
    "": "as_tensor compile enable_grad from_dlpack from_numpy is_grad_enabled no_grad rand randperm"
    " result_type tensor",
    "F.": "",
    "Tensor.": "backward copy_ cpu data detach dim dtype grad is_leaf ndim numel numpy"
    " register_hook requires_grad requires_grad_ retain_grad shape size tolist type",
}


@pytest.mark.parametrize("prefix", WITHOUT_SAMPLES)
def test_every_name_that_both_have_has_samples_or_is_known_to_have_none(prefix):
    ours, theirs = {
        "": (names.OURS.package, names.THEIRS.package),
        "F.": (names.OURS.functional, names.THEIRS.functional),
        "Tensor.": (names.OURS.tensor, names.THEIRS.tensor),
    }[prefix]
    labels = {entry.label for entry in names.entries()}
    both = {n: getattr(ours, n, None) for n in dir(ours) if hasattr(theirs, n) and n[0] != "_"}
    missing = {
        name
        for name, found in both.items()
        if inspect.isroutine(found) or inspect.isdatadescriptor(found)
        if f"{prefix}{name}" not in labels
    }
    assert missing == set(WITHOUT_SAMPLES[prefix].split())


def numbers(result):
    """All that is in a result, as text, in which NaN equals NaN."""
    parts = leaves(result)
    return str([part.tolist() if torch.is_tensor(part) else part for part in parts])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_pytorch_agrees_with_itself_under_every_name():
    """The order of arguments under each name, tried on all that PyTorch has."""
    checked, other = set(), set()
    for entry in names.entries(names.THEIRS):
        info = entry.info
        if (
            entry.in_place
            or info.name in (*operators.RANDOM, *operators.UNINITIALISED)
            or torch.float64 not in info.supported_dtypes("cpu")
        ):
            continue
        for sample, _ in operators.samples(info, "float64", reference=False)[:3]:
            args = (sample.input, *sample.args)
            if not entry.takes(args, sample.kwargs):
                continue
            try:
                expected = numbers(info.op(*args, **sample.kwargs))
                found = numbers(entry.theirs(*entry.arranged(args), **sample.kwargs))
            except Exception:  # PyTorch takes no such arguments under this name
                continue
            (checked if found == expected else other).add(entry.label)
    assert other == {"y / x"}, "to the bit: op_db multiplies by the reciprocal"
    assert len(checked) > 500
