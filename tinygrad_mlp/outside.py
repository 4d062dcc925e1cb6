"""What stays out of this package, and where to go for it.

A name of PyTorch that someone may type and that is not here gets an AttributeError that says so in
one line. A name that is only misspelt gets the name that was meant. Names that are found cost
nothing: Python asks here only after it has found nothing. Arguments that stay out, like `out=` and
`device=`, get a TypeError: see `arguments.py`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

WRITE_IT = (
    'write it (see the lesson "A new layer"), or take the model to PyTorch with interop.to_torch'
)

REASONS: dict[str, str] = {
    # why and where to go: the names
    "there is no global random state; pass rng=, a seed or a numpy.random.Generator": """
        manual_seed seed initial_seed random get_rng_state set_rng_state Generator
        default_generator normal_ uniform_ random_ bernoulli_ bernoulli multinomial
    """,
    "there is no global setting; pass dtype=, or convert with x.to(dtype)": """
        set_default_dtype get_default_dtype set_default_tensor_type set_default_device
        use_deterministic_algorithms set_printoptions set_num_threads
    """,
    "everything runs on the CPU; leave it out, or use PyTorch, with interop.to_torch": """
        cuda mps xpu device is_cuda get_device pin_memory DataParallel amp autocast GradScaler
        distributed SyncBatchNorm
    """,
    "there are no sparse tensors; use dense ones, or scipy.sparse outside the graph": """
        sparse sparse_coo_tensor sparse_csr_tensor to_sparse to_dense coalesce EmbeddingBag
        SparseAdam
    """,
    "there are no complex numbers; keep real and imaginary parts in two tensors": """
        complex complex64 complex128 cfloat cdouble real imag conj angle polar view_as_real
        view_as_complex
    """,
    "bfloat16 and quantised numbers stay out; use float32, or float16 for storage": """
        bfloat16 quantize_per_tensor quantization qint8 quint8
    """,
    "there is no vmap; write the batch dimension out, or see autograd.jacobian": """
        vmap func functorch
    """,
    "no op knows its derivative; use numpy.linalg or numpy.fft on x.detach().numpy()": """
        linalg fft inverse det logdet slogdet svd qr eig cholesky pinverse matrix_exp lstsq
    """,
    "nothing is pickled; save and load with checkpoint, or PyTorch's files with interop": """
        save load hub jit onnx package
    """,
    WRITE_IT: """
        RNN LSTM GRU RNNCell LSTMCell GRUCell lstm gru
        MultiheadAttention Transformer TransformerEncoder TransformerEncoderLayer
        TransformerDecoder TransformerDecoderLayer scaled_dot_product_attention
        multi_head_attention_forward
        Conv1d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d conv1d conv3d
        conv_transpose1d conv_transpose2d conv_transpose3d MaxPool1d MaxPool3d AvgPool1d AvgPool3d
        max_pool1d max_pool3d avg_pool1d avg_pool3d AdaptiveAvgPool2d adaptive_avg_pool2d
        BatchNorm3d GroupNorm group_norm InstanceNorm2d instance_norm Upsample interpolate
        grid_sample CTCLoss ctc_loss KLDivLoss kl_div TripletMarginLoss CosineEmbeddingLoss
        PReLU prelu Hardtanh hardtanh Mish mish
        Adadelta Adamax NAdam RAdam ASGD LBFGS Rprop Adafactor Muon
    """,
}

OUTSIDE: dict[str, str] = {
    name: reason for reason, names in REASONS.items() for name in names.split()
}
"""The one table: by name, why it stays out and where to go."""

ARGUMENT_REASONS: dict[str, str] = {
    # why and what to do: the arguments
    "results are new tensors; write y = ..., or y.copy_(...) within no_grad()": "out",
    "nothing that is recorded is computed in place; leave it out": "inplace",
    "everything runs on the CPU; leave it out": "device pin_memory non_blocking",
    "tensors are dense, and lie in memory as NumPy lays them; leave it out": "layout memory_format",
    "a step is computed in one way only; leave it out": "foreach fused capturable differentiable",
    'pass reduction=, "mean", "sum" or "none"': "size_average",
    "pass rng=, a seed or a numpy.random.Generator": "generator",
    "nothing prints itself; leave it out, and print what is returned": "verbose",
    "a summary always has the same columns; leave it out": "col_names col_width row_settings",
    "the batch is the first number of input_size; write it there": "batch_dim",
}

ARGUMENTS: dict[str, str] = {
    name: reason for reason, names in ARGUMENT_REASONS.items() for name in names.split()
}
"""By name, the arguments of PyTorch's, and of torchinfo's, that stay out, wherever they are not in
the signature."""


def missing(owner: str, known: Mapping[str, Any]) -> Callable[[str], Any]:
    """The `__getattr__` of a module: `__getattr__ = missing(__name__, globals())`."""

    def __getattr__(name: str) -> Any:
        raise AttributeError(sentence(f"module {owner!r}", name, known))

    return __getattr__


def sentence(owner: str, name: str, known: Mapping[str, Any]) -> str:
    """What to say when `owner`, which has the names `known`, is asked for another."""
    text = f"{owner} has no attribute {name!r}"
    if name in OUTSIDE:
        return f"{text}: {OUTSIDE[name]}"
    public = [k for k in known if not k.startswith("_")] if not name.startswith("_") else []
    close = difflib.get_close_matches(name, public, n=1, cutoff=0.7)
    return f"{text}; did you mean {close[0]!r}?" if close else text


class Outside:
    """An attribute that a class does not have: `hasattr` says no, and the error says why.

    A `__getattr__` on the class would slow down every attribute, found or not. This slows none.
    """

    def __init__(self, name: str):
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise AttributeError(sentence(f"{owner.__name__!r} object", self.name, {}))
