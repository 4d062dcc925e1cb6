"""What has no gradient: comparisons, logic, positions of extremes."""

import numpy as np
import torch
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, samples, shapes

from ..case import Case, edge, pairs

TIES = (edge([1.0, 2.0, -0.0], [1.0, 1.0, 0.0]),)


def rounded(x):
    return np.asarray(np.round(x))


def compare(twin):
    return Case(pairs().map(Sample), twin, edges=TIES)


def logic(twin):
    whole = pairs().map(lambda pair: Sample(tuple(map(rounded, pair))))
    return Case(whole, twin)


def truth(function):
    def twin(x, dim, keepdim):
        # PyTorch takes one dimension, or all without keepdim
        if dim is not None:
            return function(x, dim=dim, keepdim=keepdim)
        return function(x).reshape([1] * x.ndim if keepdim else [])

    filled = arrays(shapes(min_dims=1), low=0.0, high=1.0).map(rounded)
    return Case(samples(filled, dim=st.sampled_from([None, 0, -1]), keepdim=st.booleans()), twin)


def position(twin):
    filled = arrays(shapes(min_dims=1, min_side=1))
    drawn = samples(filled, dim=st.sampled_from([None, 0, -1]), keepdim=st.booleans())
    return Case(drawn, twin, edges=(edge([1.0, 3.0, 3.0], dim=0, keepdim=False),))


def position_twin(function):
    # PyTorch gives no dimensions for dim=None with keepdim=True; NumPy, and this package, keep all
    def twin(x, dim, keepdim):
        found = function(x, dim=dim, keepdim=keepdim)
        return found.reshape([1] * x.ndim) if dim is None and keepdim else found

    return twin


CASES = {
    "equal": compare(torch.eq),
    "not_equal": compare(torch.ne),
    "less": compare(torch.lt),
    "less_equal": compare(torch.le),
    "greater": compare(torch.gt),
    "greater_equal": compare(torch.ge),
    "logical_and": logic(torch.logical_and),
    "logical_or": logic(torch.logical_or),
    "logical_xor": logic(torch.logical_xor),
    "isnan": Case(samples(arrays()), torch.isnan, edges=(edge([float("nan"), 1.0, float("inf")]),)),
    "all": truth(torch.all),
    "any": truth(torch.any),
    "logical_not": Case(
        samples(arrays().map(lambda x: np.asarray(np.round(x)))), torch.logical_not
    ),
    "argmax": position(position_twin(torch.argmax)),
    "argmin": position(position_twin(torch.argmin)),
}
