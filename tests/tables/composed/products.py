"""Products of vectors, and sums of products in Einstein's notation."""

import numpy as np
import torch
from hypothesis import strategies as st

from tinygrad_mlp import composed
from tinygrad_mlp.testing import Sample, arrays

from ..case import Case

LETTERS = "ijkl"


@st.composite
def vectors(draw, alike):
    n = draw(st.integers(0, 3))
    m = n if alike else draw(st.integers(0, 3))
    return Sample((draw(arrays((n,))), draw(arrays((m,)))))


@st.composite
def equations(draw):
    """Random equations: one to three operands, letters repeated, "..." of up to two dimensions.

    A letter has one size everywhere; what "..." stands for broadcasts.
    """
    size = {letter: draw(st.integers(0, 3)) for letter in LETTERS}
    batch = [draw(st.integers(0, 3)) for _ in range(2)]
    terms, operands = [], []
    for _ in range(draw(st.integers(1, 3))):
        term = draw(st.text(LETTERS, max_size=3))
        shape = [size[letter] for letter in term]
        if draw(st.integers(0, 2)) == 0:
            hidden = batch[draw(st.integers(0, 2)) :]
            hidden = [draw(st.sampled_from([n, 1])) for n in hidden]
            place = draw(st.integers(0, len(term)))
            shape[place:place] = hidden
            term = term[:place] + "..." + term[place:]
        terms.append(term)
        operands.append(draw(arrays(tuple(shape))))
    equation = ",".join(terms)
    if draw(st.booleans()):
        equation += "->" + draw(results(equation))
    return Sample(tuple(operands), {"equation": equation})


@st.composite
def results(draw, equation):
    """Some of the letters in any order, with "..." somewhere if there is any."""
    letters = draw(st.permutations(sorted(set(equation) & set(LETTERS))))
    letters = letters[: draw(st.integers(0, len(letters)))]
    if "..." in equation and draw(st.integers(0, 3)):
        letters.insert(draw(st.integers(0, len(letters))), "...")
    return "".join(letters)


KNOWN = (
    ("ij,jk->ik", (2, 3), (3, 2)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("ij->ji", (2, 3)),
    ("ba", (2, 3)),
    ("i,i", (3,), (3,)),
    (",i->i", (), (3,)),
    ("->", ()),
    ("i , j -> i j", (2,), (3,)),
    ("...ij,...jk", (2, 1, 2, 3), (3, 3, 2)),
    ("i...->...", (2, 3)),
    ("...i->i", (2, 3)),
    ("iii->i", (2, 2, 2)),
    ("iijj->ij", (2, 2, 3, 3)),
    ("ij,kj->ik", (2, 1), (3, 2)),
    ("i,i->i", (1,), (0,)),
    ("i,ij,j", (2,), (2, 3), (3,)),
    ("aB,Bc->ca", (2, 3), (3, 2)),
)
"""Written out: what every user writes, and corners. A size of 1 stretches."""


def known(equation, *shapes):
    rng = np.random.default_rng(0)
    operands = tuple(np.asarray(rng.uniform(-2, 2, shape)) for shape in shapes)
    return Sample(operands, {"equation": equation})


@st.composite
def matrices(draw, batch=()):
    n, k, m = (draw(st.integers(0, 3)) for _ in range(3))
    return Sample((draw(arrays((*batch, n, k))), draw(arrays((*batch, k, m)))))


TENSORDOTS = (
    ((2, 3), (3, 2), 1),
    ((2, 3, 1), (3, 1, 2), 2),
    ((2,), (3,), 0),
    ((2, 3, 4), (4, 2, 3), ([1, 0], [2, 1])),
    ((2, 3), (2, 3), ([-1], [1])),
    ((), (2,), 0),
)


@st.composite
def dotted(draw):
    one, other, dims = draw(st.sampled_from(TENSORDOTS))
    return Sample((draw(arrays(one)), draw(arrays(other))), {"dims": dims})


CASES = {
    "mm": Case(matrices(), torch.mm),
    "bmm": Case(matrices(batch=(2,)), torch.bmm),
    "tensordot": Case(dotted(), torch.tensordot),
    "dot": Case(vectors(alike=True), torch.dot),
    "outer": Case(vectors(alike=False), torch.outer),
    "einsum": Case(
        equations(),
        lambda *operands, equation: torch.einsum(equation, *operands),
        edges=tuple(known(*row) for row in KNOWN),
        ours=lambda *operands, equation: composed.einsum(equation, *operands),
        examples=100,
    ),
}
