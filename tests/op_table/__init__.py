"""For every op of the derivative table: how calls of it are drawn, and its twin in PyTorch.

One file for each part of `ops.py`. A new op gets an entry in the file of its part; an op without
one fails `test_ops.py`.
"""

from . import arithmetic, comparisons, elementwise, indexing, losses, products, reductions, shape
from .case import Case

CASES: dict[str, Case] = {}
for part in (
    arithmetic,
    comparisons,
    elementwise,
    indexing,
    losses,
    products,
    reductions,
    shape,
):
    CASES.update(part.CASES)
