"""An educational autograd mini-framework: a tiny reverse-mode Tensor in NumPy, and MLPs on it.

    import tinygrad_mlp as tg
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    x.grad                       # tensor([2., 4.])

To read it in an evening: `engine.py`, `ops.py` (the derivative table), `tensor.py`, `nn/`, `optim/`
and `train.py`. The experiment that it is for is in `experiment/`.
"""

from typing import TYPE_CHECKING

from . import autograd as autograd
from . import data as data
from . import nn as nn
from . import ops as ops
from . import optim as optim
from .anomaly import detect_anomaly as detect_anomaly
from .autograd import grad as grad
from .autograd import gradcheck as gradcheck
from .autograd import gradgradcheck as gradgradcheck
from .composed import cat as cat
from .composed import chunk as chunk
from .composed import clamp as clamp
from .composed import diagonal as diagonal
from .composed import dot as dot
from .composed import einsum as einsum
from .composed import elu as elu
from .composed import expand as expand
from .composed import flatten as flatten
from .composed import flip as flip
from .composed import gather as gather
from .composed import gelu as gelu
from .composed import index_add as index_add
from .composed import leaky_relu as leaky_relu
from .composed import lerp as lerp
from .composed import log2 as log2
from .composed import logsumexp as logsumexp
from .composed import masked_fill as masked_fill
from .composed import max as max
from .composed import min as min
from .composed import norm as norm
from .composed import outer as outer
from .composed import pad as pad
from .composed import permute as permute
from .composed import prod as prod
from .composed import reciprocal as reciprocal
from .composed import repeat as repeat
from .composed import reshape as reshape
from .composed import roll as roll
from .composed import rsqrt as rsqrt
from .composed import scatter_add as scatter_add
from .composed import silu as silu
from .composed import softplus as softplus
from .composed import split as split
from .composed import square as square
from .composed import squeeze as squeeze
from .composed import stack as stack
from .composed import std as std
from .composed import take_along_dim as take_along_dim
from .composed import tril as tril
from .composed import triu as triu
from .composed import unflatten as unflatten
from .composed import unsqueeze as unsqueeze
from .composed import var as var
from .composed import view as view
from .creation import arange as arange
from .creation import eye as eye
from .creation import full as full
from .creation import full_like as full_like
from .creation import linspace as linspace
from .creation import ones as ones
from .creation import ones_like as ones_like
from .creation import rand as rand
from .creation import rand_like as rand_like
from .creation import randn as randn
from .creation import randn_like as randn_like
from .creation import zeros as zeros
from .creation import zeros_like as zeros_like
from .engine import enable_grad as enable_grad
from .engine import is_grad_enabled as is_grad_enabled
from .engine import no_grad as no_grad
from .engine import op as op
from .engine import set_grad_enabled as set_grad_enabled
from .ops import abs as abs
from .ops import add as add
from .ops import all as all
from .ops import amax as amax
from .ops import amin as amin
from .ops import any as any
from .ops import argmax as argmax
from .ops import argmin as argmin
from .ops import cos as cos
from .ops import cumsum as cumsum
from .ops import div as div
from .ops import equal as equal
from .ops import erf as erf
from .ops import exp as exp
from .ops import expm1 as expm1
from .ops import floor_divide as floor_divide
from .ops import greater as greater
from .ops import greater_equal as greater_equal
from .ops import isnan as isnan
from .ops import less as less
from .ops import less_equal as less_equal
from .ops import linear as linear
from .ops import log as log
from .ops import log1p as log1p
from .ops import log_softmax as log_softmax
from .ops import logical_and as logical_and
from .ops import logical_not as logical_not
from .ops import logical_or as logical_or
from .ops import logical_xor as logical_xor
from .ops import matmul as matmul
from .ops import maximum as maximum
from .ops import mean as mean
from .ops import minimum as minimum
from .ops import mul as mul
from .ops import neg as neg
from .ops import not_equal as not_equal
from .ops import pow as pow
from .ops import relu as relu
from .ops import remainder as remainder
from .ops import sigmoid as sigmoid
from .ops import sign as sign
from .ops import sin as sin
from .ops import softmax as softmax
from .ops import sqrt as sqrt
from .ops import sub as sub
from .ops import sum as sum
from .ops import tanh as tanh
from .ops import transpose as transpose
from .ops import where as where
from .tensor import Tensor as Tensor
from .tensor import from_dlpack as from_dlpack
from .tensor import from_numpy as from_numpy
from .tensor import tensor as tensor
from .version import __version__ as __version__

if TYPE_CHECKING:
    from .experiment.recognise import predict as predict


def __getattr__(name: str) -> object:
    """`predict` brings what reads pictures and files, so it is imported when it is first used."""
    if name == "predict":
        from .experiment.recognise import predict

        return predict
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
