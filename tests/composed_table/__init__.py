"""For every function of `composed.py`: how calls of it are drawn, and its twin in PyTorch.

One file for each part. The first word of a case's name is the function; what follows says which
of its ways to be called. A function without a case fails `test_composed.py`, unless it stands in
`NO_CASE` with the reason.
"""

from . import elementwise, indexing, products, reductions, shape
from .case import Composed

CASES: dict[str, Composed] = {}
for part in (elementwise, indexing, products, reductions, shape):
    CASES.update(part.CASES)

NO_CASE = {
    "plain": "takes the array out of a tensor, so there is nothing to differentiate",
    "sizes": "reads the arguments of others, no tensors",
}
