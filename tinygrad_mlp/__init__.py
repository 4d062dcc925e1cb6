"""An educational autograd mini-framework: a tiny reverse-mode Tensor in NumPy, and MLPs on it.

    import tinygrad_mlp as tg
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    x.grad                       # tensor([2., 4.])

To read it in an evening: `engine.py`, `ops.py` (the derivative table), `tensor.py`, `nn/`, `optim/`
and `train.py`. The experiment that it is for is in `experiment/`.
"""

from typing import TYPE_CHECKING

from . import stopping as stopping  # first, since Ctrl-C may come while the rest is loaded

# isort: split
from . import autograd as autograd
from . import data as data
from . import dtypes as dtypes
from . import nn as nn
from . import ops as ops
from . import optim as optim
from .anomaly import detect_anomaly as detect_anomaly
from .autograd import grad as grad
from .autograd import gradcheck as gradcheck
from .autograd import gradgradcheck as gradgradcheck
from .composed import add as add
from .composed import allclose as allclose
from .composed import bmm as bmm
from .composed import cat as cat
from .composed import chunk as chunk
from .composed import clamp as clamp
from .composed import clip as clip
from .composed import cumprod as cumprod
from .composed import diag as diag
from .composed import div as div
from .composed import dot as dot
from .composed import einsum as einsum
from .composed import elu as elu
from .composed import equal as equal
from .composed import expand as expand
from .composed import flatten as flatten
from .composed import flip as flip
from .composed import gather as gather
from .composed import gelu as gelu
from .composed import greater as greater
from .composed import greater_equal as greater_equal
from .composed import hstack as hstack
from .composed import index_add as index_add
from .composed import isclose as isclose
from .composed import leaky_relu as leaky_relu
from .composed import lerp as lerp
from .composed import less as less
from .composed import less_equal as less_equal
from .composed import log2 as log2
from .composed import logsumexp as logsumexp
from .composed import masked_fill as masked_fill
from .composed import max as max
from .composed import meshgrid as meshgrid
from .composed import min as min
from .composed import mm as mm
from .composed import nonzero as nonzero
from .composed import norm as norm
from .composed import not_equal as not_equal
from .composed import outer as outer
from .composed import pad as pad
from .composed import permute as permute
from .composed import prod as prod
from .composed import reciprocal as reciprocal
from .composed import repeat as repeat
from .composed import repeat_interleave as repeat_interleave
from .composed import reshape as reshape
from .composed import roll as roll
from .composed import rsqrt as rsqrt
from .composed import scatter as scatter
from .composed import scatter_add as scatter_add
from .composed import silu as silu
from .composed import softplus as softplus
from .composed import sort as sort
from .composed import split as split
from .composed import square as square
from .composed import squeeze as squeeze
from .composed import stack as stack
from .composed import std as std
from .composed import sub as sub
from .composed import t as t
from .composed import take_along_dim as take_along_dim
from .composed import tensordot as tensordot
from .composed import topk as topk
from .composed import trace as trace
from .composed import tril as tril
from .composed import triu as triu
from .composed import unbind as unbind
from .composed import unflatten as unflatten
from .composed import unsqueeze as unsqueeze
from .composed import var as var
from .composed import view as view
from .composed import vstack as vstack
from .creation import arange as arange
from .creation import empty as empty
from .creation import eye as eye
from .creation import full as full
from .creation import full_like as full_like
from .creation import linspace as linspace
from .creation import ones as ones
from .creation import ones_like as ones_like
from .creation import rand as rand
from .creation import rand_like as rand_like
from .creation import randint as randint
from .creation import randn as randn
from .creation import randn_like as randn_like
from .creation import randperm as randperm
from .creation import zeros as zeros
from .creation import zeros_like as zeros_like
from .dtypes import float16 as float16
from .dtypes import float32 as float32
from .dtypes import float64 as float64
from .dtypes import int8 as int8
from .dtypes import int16 as int16
from .dtypes import int32 as int32
from .dtypes import int64 as int64
from .dtypes import result_type as result_type
from .dtypes import uint8 as uint8
from .engine import enable_grad as enable_grad
from .engine import is_grad_enabled as is_grad_enabled
from .engine import no_grad as no_grad
from .engine import op as op
from .engine import set_grad_enabled as set_grad_enabled
from .inspection import summary as summary
from .ops import abs as abs
from .ops import acos as acos
from .ops import all as all
from .ops import amax as amax
from .ops import amin as amin
from .ops import any as any
from .ops import argmax as argmax
from .ops import argmin as argmin
from .ops import argsort as argsort
from .ops import argwhere as argwhere
from .ops import asin as asin
from .ops import atan as atan
from .ops import bitwise_and as bitwise_and
from .ops import bitwise_not as bitwise_not
from .ops import bitwise_or as bitwise_or
from .ops import bitwise_xor as bitwise_xor
from .ops import ceil as ceil
from .ops import clone as clone
from .ops import cos as cos
from .ops import cosh as cosh
from .ops import cumsum as cumsum
from .ops import diagonal as diagonal
from .ops import eq as eq
from .ops import erf as erf
from .ops import exp as exp
from .ops import expm1 as expm1
from .ops import floor as floor
from .ops import floor_divide as floor_divide
from .ops import ge as ge
from .ops import gt as gt
from .ops import isnan as isnan
from .ops import le as le
from .ops import linear as linear
from .ops import log as log
from .ops import log1p as log1p
from .ops import log_softmax as log_softmax
from .ops import logical_and as logical_and
from .ops import logical_not as logical_not
from .ops import logical_or as logical_or
from .ops import logical_xor as logical_xor
from .ops import lt as lt
from .ops import matmul as matmul
from .ops import maximum as maximum
from .ops import mean as mean
from .ops import minimum as minimum
from .ops import mul as mul
from .ops import ne as ne
from .ops import neg as neg
from .ops import pow as pow
from .ops import relu as relu
from .ops import remainder as remainder
from .ops import round as round
from .ops import sigmoid as sigmoid
from .ops import sign as sign
from .ops import sin as sin
from .ops import sinh as sinh
from .ops import softmax as softmax
from .ops import sqrt as sqrt
from .ops import sum as sum
from .ops import tan as tan
from .ops import tanh as tanh
from .ops import transpose as transpose
from .ops import trunc as trunc
from .ops import where as where
from .outside import missing as _missing_from
from .program import CompileError as CompileError
from .program import compile as compile
from .tensor import Tensor as Tensor
from .tensor import as_tensor as as_tensor
from .tensor import from_dlpack as from_dlpack
from .tensor import from_numpy as from_numpy
from .tensor import tensor as tensor
from .version import __version__ as __version__

bool = dtypes.bool_
half, float, double = float16, float32, float64
short, int, long = int16, int32, int64

if TYPE_CHECKING:
    from . import plot as plot
    from .experiment.recognise import predict as predict
    from .inspection.drawing import draw_graph as draw_graph
else:
    _missing = _missing_from(__name__, globals())

    def __getattr__(name: str) -> object:
        """What many programs do without is imported when it is first used."""
        if name == "draw_graph":
            from .inspection.drawing import draw_graph

            return draw_graph
        if name == "predict":
            from .experiment.recognise import predict

            return predict
        if name == "plot":
            import tinygrad_mlp.plot as plot  # `from . import` would ask this function again

            return plot
        return _missing(name)

    def __dir__() -> list[str]:
        return sorted({*globals(), "draw_graph", "plot", "predict"})
