"""A row or more for every function of `composed.py`; one file for each part."""

from ..case import Case
from . import elementwise, indexing, products, reductions, shape

CASES: dict[str, Case] = {
    **elementwise.CASES,
    **indexing.CASES,
    **products.CASES,
    **reductions.CASES,
    **shape.CASES,
}

NO_CASE = {
    "equal": "gives True or False: test_composed.py",
    "allclose": "gives True or False: test_composed.py",
    "nonzero": "gives positions, through which no gradient flows: test_composed.py",
    "sizes": "reads the arguments of others, and takes no tensors",
}
