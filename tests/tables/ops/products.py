"""Matrix products."""

import torch
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays

from ..case import Case, edge


@st.composite
def matmuls(draw):
    """Vectors, matrices and batches of matrices, in every combination; sizes 0 and 1 too."""
    n, k, m = (draw(st.integers(0, 3)) for _ in range(3))
    batches = [(), (2,), (1,), (3, 1), (3, 2)]
    left = draw(st.sampled_from([(k,), *((*batch, n, k) for batch in batches)]))
    right = draw(st.sampled_from([(k,), *((*batch, k, m) for batch in batches)]))
    return Sample((draw(arrays(left)), draw(arrays(right))))


@st.composite
def linears(draw):
    """Inputs of one to three dimensions, with bias or without."""
    inputs, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rows = draw(st.sampled_from([(), (1,), (3,), (0,), (2, 3)]))
    x, weight = draw(arrays((*rows, inputs))), draw(arrays((outputs, inputs)))
    return Sample((x, weight, draw(arrays((outputs,)))) if draw(st.booleans()) else (x, weight))


VECTOR, MATRIX = [1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]]
BATCH = [[[3.0, 4.0], [5.0, 6.0]], [[7.0, 8.0], [9.0, 1.0]], [[2.0, 0.0], [1.0, 4.0]]]
RANKS = tuple(edge(a, b) for a in (VECTOR, MATRIX, BATCH) for b in (VECTOR, MATRIX, BATCH))
"""Square, so that a wrong rule gives a wrong number and not an error."""

CASES = {
    "matmul": Case(matmuls(), torch.matmul, edges=RANKS),
    "linear": Case(linears(), torch.nn.functional.linear),
}
