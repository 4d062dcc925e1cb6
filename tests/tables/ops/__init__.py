"""A row for every op of the derivative table; one file for each part of `ops.py`."""

from ..case import Case
from . import arithmetic, comparisons, elementwise, indexing, losses, products, reductions, shape

CASES: dict[str, Case] = {
    **arithmetic.CASES,
    **comparisons.CASES,
    **elementwise.CASES,
    **indexing.CASES,
    **losses.CASES,
    **products.CASES,
    **reductions.CASES,
    **shape.CASES,
}
