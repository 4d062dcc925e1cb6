"""Convolution and pooling."""

import numpy as np
import torch.nn.functional as TF
from hypothesis import strategies as st

from tinygrad_mlp.testing import Sample, arrays, samples

from ..case import FEW, Case, edge, random


@st.composite
def convolutions(draw):
    groups = draw(st.sampled_from([1, 2]))
    channels, out = 2 * groups, groups * draw(st.integers(1, 2))
    kernel = (draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    pair = st.sampled_from([1, 2, (2, 1)])
    inputs = [draw(arrays((2, channels, 5, 4))), draw(arrays((out, 2, *kernel)))]
    inputs += [draw(arrays((out,)))] if draw(st.booleans()) else []
    padding = draw(st.sampled_from([0, 1, (1, 2), (0, 1)]))
    params = {"stride": draw(pair), "dilation": draw(pair), "padding": padding, "groups": groups}
    return Sample(tuple(inputs), params)


@st.composite
def distinct_images(draw):
    return random(draw).permutation(2 * 2 * 4 * 5).reshape(2, 2, 4, 5) / 50


POOLS = {
    "kernel_size": st.sampled_from([2, (3, 2), (2, 3)]),
    "stride": st.sampled_from([None, 1, (2, 1)]),
    "padding": st.sampled_from([0, 1, (1, 0), (0, 1)]),
}

CASES = {
    "conv2d": Case(convolutions(), TF.conv2d, examples=FEW),
    "max_pool2d": Case(
        samples(distinct_images(), **POOLS),
        TF.max_pool2d,
        edges=(edge(np.ones((1, 1, 4, 4)).tolist(), kernel_size=2),),
        examples=FEW,
    ),
    "avg_pool2d": Case(samples(arrays((2, 2, 4, 5)), **POOLS), TF.avg_pool2d, examples=FEW),
}
