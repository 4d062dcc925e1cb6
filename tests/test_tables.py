"""Every row of the tables, against PyTorch, against differences, in every layout.

What a table cannot say (results that are not tensors, arguments of other kinds, errors) is in
`test_ops.py`, `test_composed.py` and `test_functional.py`.
"""

import inspect
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from tinygrad_mlp import grad
from tinygrad_mlp.nn import functional
from tinygrad_mlp.testing import (
    Sample,
    check_op,
    check_sample,
    close,
    drawn,
    same,
    tensors,
    weights_like,
)

from .tables import TABLES, Case, Table


@dataclass(frozen=True)
class Row:
    """One row of one table."""

    room: str
    name: str

    @property
    def case(self) -> Case:
        return TABLES[self.room].cases[self.name]

    @property
    def called(self):
        return TABLES[self.room].called(self.name)

    def __str__(self) -> str:
        return f"{self.room}: {self.name}"


ROWS = [Row(room, name) for room, table in TABLES.items() for name in table.cases]
EDGES = [(row, i) for row in ROWS for i in range(len(row.case.edges))]
DIFFERS = [(row, i) for row in ROWS for i in range(len(row.case.differs))]

every_row = pytest.mark.parametrize("row", ROWS, ids=str)


# -------------------------------------------------------------------------------- what they hold


def misfits(table: Table) -> set[str]:
    """Functions without a row or a reason, and rows or reasons without a function."""
    return set(table.functions) ^ ({row.split()[0] for row in table.cases} | set(table.no_case))


@pytest.mark.parametrize("room", TABLES)
def test_every_function_has_a_row_or_a_reason_and_every_row_a_function(room):
    assert not misfits(TABLES[room])


@pytest.mark.parametrize("room", TABLES)
def test_a_function_without_a_row_and_a_row_without_a_function_are_noticed(room):
    table = TABLES[room]
    row, case = next(iter(table.cases.items()))
    assert misfits(replace(table, functions={**table.functions, "new": print})) == {"new"}
    assert misfits(replace(table, cases={**table.cases, "gone of two": case})) == {"gone"}
    assert misfits(replace(table, no_case={**table.no_case, "gone": "why"})) == {"gone"}
    assert row.split()[0] in misfits(replace(table, cases={}))


def test_what_functional_takes_from_other_rooms_has_its_rows_there():
    known = [function for table in TABLES.values() for function in table.functions.values()]
    public = [name for name in vars(functional) if not name.startswith("_")]
    rooms = ("tinygrad_mlp.ops", "tinygrad_mlp.composed", "tinygrad_mlp.nn.functional")
    functions = {
        name for name in public if getattr(vars(functional)[name], "__module__", "") in rooms
    }
    functions = {name for name in functions if inspect.isfunction(vars(functional)[name])}
    assert functions > set(TABLES["functional"].functions)
    assert not {name for name in functions if getattr(functional, name) not in known}


@every_row
def test_row_gives_its_reasons(row):
    assert callable(row.case.twin)
    assert row.case.rtol <= 1e-9 or row.case.why_rtol
    assert all(corner.why for corner in row.case.differs)


# ------------------------------------------------------------------------------------- the proof


@pytest.mark.property
@every_row
def test_function_agrees_with_pytorch_and_with_differences(row):
    case = row.case
    composed = row.room != "ops" or case.ours is not None
    check_op(row.called, case.samples, case.twin, case.rtol, case.examples, composed)


@pytest.mark.parametrize(("row", "i"), EDGES, ids=str)
def test_function_agrees_with_pytorch_at_kinks_and_ties(row, i):
    check_sample(row.called, row.case.edges[i], row.case.twin, row.case.rtol)


def is_float(x) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


@every_row
def test_arrays_and_tensors_give_the_same(row):
    # a cast gives the dtype that it names
    dtypes = [np.float64] if row.name == "astype" else [np.float64, np.float32]
    for sample in drawn(row.case.samples, 10):
        for dtype in dtypes:
            arrays = [x.astype(dtype) if is_float(x) else x for x in sample.inputs]
            inputs, _ = tensors(arrays)
            on_tensors = row.called(*inputs, **sample.params)
            on_arrays = np.asarray(row.called(*arrays, **sample.params))
            assert same(on_tensors.data, on_arrays)


# ------------------------------------------------------------------------- where PyTorch differs


def values_and_gradients(row: Row, sample: Sample) -> tuple[list, list]:
    """The value and the gradients, here and in PyTorch."""
    inputs, leaves = tensors(sample.inputs)
    theirs = [torch.tensor(x, requires_grad=True) if is_float(x) else x for x in sample.inputs]
    y = row.called(*inputs, **sample.params)
    expected = row.case.twin(*theirs, **sample.params)
    weights = weights_like(y.data)
    found = grad(y, leaves, weights)
    wanted = torch.autograd.grad(
        expected, [x for x in theirs if torch.is_tensor(x)], torch.from_numpy(weights)
    )
    return [y, *found], [expected, *wanted]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("row", "i"), DIFFERS, ids=str)
def test_function_agrees_with_pytorch_as_far_as_stated(row, i):
    corner = row.case.differs[i]
    found, expected = values_and_gradients(row, corner.sample)
    upto = len(found) if corner.alike else 1
    for a, b in zip(found[:upto], expected[:upto], strict=True):
        close(a.data, b.numpy(force=True), 1e-9, "the value or gradient differs from PyTorch's")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("row", "i"), DIFFERS, ids=str)
def test_function_differs_from_pytorch_where_stated(row, i):
    corner = row.case.differs[i]
    with pytest.raises(AssertionError, match="PyTorch"):
        check_sample(row.called, corner.sample, row.case.twin)
