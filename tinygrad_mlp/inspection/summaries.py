"""`summary`: the layers of a model with shapes, parameters, multiply-adds and megabytes.

The form is that of the package torchinfo, which many know, and so are the names. What is counted
differently: parameters that several layers share count once; a product counts wherever it is
computed, so also in a layer of your own, at each place of a sequence and of an image; looking up
the rows of an Embedding multiplies nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import display
from ..arguments import helpful
from ..nn import Module
from ..nn.module import summarises
from ..signatures import DType
from ..tensor import Tensor, from_numpy
from .text_size import columns_of
from .trial import Layer, arrays_in, look, run

Shape = tuple[int, ...]


@dataclass(eq=False, repr=False)
class Summary:
    """What `summary` found out. `print` it; in a notebook it shows itself as a table.

    model             the row of the model, with all others in its `layers`
    input_size        the shapes of the inputs; [] if there are none
    total_input       bytes of the inputs
    depth             how many levels of layers are shown
    was_called        whether the model was called; without that, only parameters are known

    Sizes are counted in numbers, memory in bytes, and multiply-adds one by one.

    >>> found = tg.summary(nn.Sequential(nn.Linear(784, 10), nn.ReLU()), (50, 784))
    >>> found.total_params, found.total_mult_adds, found.total_output_bytes
    (7850, 392500, 4000)
    >>> [(row.name, row.num_params) for row in found.summary_list]
    [('', 0), ('0', 7850), ('1', 0)]
    """

    model: Layer
    input_size: list[Shape]
    total_input: int
    depth: int
    was_called: bool
    summary_list: list[Layer] = field(init=False)

    def __post_init__(self) -> None:
        self.summary_list = list(self.model.walk())

    @property
    def total_params(self) -> int:
        """How many numbers the parameters have, each counted once."""
        return sum(layer.num_params for layer in self.summary_list)

    @property
    def trainable_params(self) -> int:
        """How many of them require a gradient; the others are frozen."""
        return sum(layer.trainable_params for layer in self.summary_list)

    @property
    def total_param_bytes(self) -> int:
        """What the parameters take."""
        return sum(layer.param_bytes for layer in self.summary_list)

    @property
    def total_mult_adds(self) -> int:
        """The multiply-adds of one call with these inputs: of the whole batch."""
        return sum(layer.mult_adds for layer in self.summary_list)

    @property
    def total_output_bytes(self) -> int:
        """Twice what the layers with parameters give: the outputs, and their gradients."""
        return 2 * sum(layer.output_bytes for layer in self.summary_list if layer.own_params)

    def __str__(self) -> str:
        return _text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html(self)


@helpful
def summary(
    model: Module,
    input_size: Sequence[Any] | None = None,
    input_data: Any = None,
    *,
    depth: int = 3,
    dtypes: Sequence[DType] | None = None,
    mode: str = "eval",
) -> Summary:
    """The layers of a model: output shapes, parameters, multiply-adds, megabytes.

    input_size  the shape of the input, with the batch first; of several inputs, a list of shapes
    input_data  instead, the input itself: a tensor or an array; a list of several, or a dict of
                keyword arguments. Without either, the model is not called, and parameters alone
                are counted
    depth       how many levels of layers are shown; the last one includes what is in it
    dtypes      with input_size, the dtype of each input, such as tg.int64 for an Embedding; that of
                the parameters if it is not given
    mode        "eval" or "train": in which mode the model is called

    A multiply-add is a product that is added up, in a matrix product or a convolution, or one
    number that a parameter is multiplied with or added to elementwise, such as a bias. The
    megabytes (10**6 bytes) of a forward and backward pass are those of what the layers with
    parameters give, and of its gradient. The model is called once, and left as it was: modes,
    running means, generators and all.

    Raises RuntimeError that names the layer that failed, if the model does not take the input.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.ReLU(), nn.Linear(10, 10))
    >>> found = tg.summary(model, (50, 28, 28))
    >>> found.total_params, found.total_mult_adds
    (7960, 398000)
    >>> print(tg.summary(model[3]))
    ============================================================
    Layer (type (var_name):depth-idx)  Param #
    ============================================================
    Linear                             110
    ============================================================
    Total params: 110
    Trainable params: 110
    Non-trainable params: 0
    ============================================================
    """
    _refuse_other(model, depth, mode)
    if input_size is not None and input_data is not None:
        raise ValueError("pass input_size or input_data, not both")
    if input_size is None and dtypes is not None:
        raise ValueError("dtypes are for input_size; input_data has dtypes of its own")
    model.named_tensors()  # says so if a module is hidden from what follows
    if input_size is None and input_data is None:
        return Summary(look(model), [], 0, depth, was_called=False)
    args: tuple[Any, ...] = ()
    options: dict[str, Any] = {}
    if input_size is not None:
        args = _made_inputs(model, _shapes(input_size), dtypes)
    elif isinstance(input_data, Mapping):
        options = {name: _as_tensor(value) for name, value in input_data.items()}
    elif isinstance(input_data, (list, tuple)):
        args = tuple(map(_as_tensor, input_data))
    else:
        args = (_as_tensor(input_data),)
    given = list(arrays_in([args, options]))
    layers = run(model, args, options, mode == "train")
    shapes = [array.shape for array in given]
    return Summary(layers, shapes, sum(array.nbytes for array in given), depth, was_called=True)


summarises(summary)


def _refuse_other(model: Any, depth: Any, mode: Any) -> None:
    """Raise an error for what no summary can be made of, with what to write instead."""
    if not isinstance(model, Module):
        hint = ""
        if isinstance(model, type) and issubclass(model, Module):
            hint = f"; write {model.__name__}(...) for a model of this class"
        elif type(model).__module__.startswith("torch."):
            hint = "; interop.from_torch makes one of PyTorch's"
        raise TypeError(f"summary() takes a Module, not {model!r:.60}{hint}")
    if isinstance(depth, bool) or not isinstance(depth, (int, np.integer)) or depth < 0:
        raise ValueError(f"depth is a number of levels, 0 or more, not {depth!r:.40}")
    if mode not in ("eval", "train"):
        raise ValueError(f'mode must be "eval" or "train", not {mode!r:.40}')


# ------------------------------------------------------------------------------------- the inputs


def _shapes(input_size: Any) -> list[Shape]:
    """The shapes that were asked for: of one input, or of several."""
    several = isinstance(input_size, (list, tuple)) and any(
        isinstance(part, (list, tuple)) for part in input_size
    )
    shapes = list(input_size) if several else [input_size]
    for shape in shapes:
        is_shape = isinstance(shape, (list, tuple)) and all(
            isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n > 0 for n in shape
        )
        if not is_shape:
            raise ValueError(
                "input_size is a shape with the batch first, such as (50, 784), or a list of "
                f"shapes, one for each input; not {input_size!r:.80}"
            )
    return [tuple(map(int, shape)) for shape in shapes]


def _made_inputs(
    model: Module, shapes: list[Shape], dtypes: Sequence[DType] | None
) -> tuple[Tensor, ...]:
    """Inputs of these shapes: floats from 0 to 1, always the same ones, and 0 of integers."""
    if dtypes is None:
        floats = (p.dtype for p in model.parameters() if p.dtype.kind == "f")
        dtypes = [next(floats, np.dtype(np.float32))] * len(shapes)
    if isinstance(dtypes, (str, type)) or len(dtypes) != len(shapes):
        raise ValueError(
            f"dtypes is a list of dtypes, one for each of {len(shapes)} inputs, not {dtypes!r:.60}"
        )
    rng = np.random.default_rng(0)
    kinds = list(map(_known_dtype, dtypes))
    return tuple(
        from_numpy(_made(shape, dtype, rng)) for shape, dtype in zip(shapes, kinds, strict=True)
    )


def _known_dtype(dtype: Any) -> np.dtype[Any]:
    try:
        known: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        known = np.dtype(object)
    if dtype is None or known.kind not in "biuf":
        raise ValueError(
            f"dtypes has {dtype!r:.40}, which is not a dtype of tensors; write tg.float32 or "
            "tg.int64, for example"
        )
    return known


def _made(shape: Shape, dtype: np.dtype[Any], rng: np.random.Generator) -> np.ndarray:
    """One input; a mask of bools lets everything through."""
    try:
        if dtype.kind != "f":
            return np.full(shape, dtype.kind == "b", dtype)
        drawn = rng.random(shape, np.float64 if dtype == np.float64 else np.float32)
        return drawn.astype(dtype, copy=False)
    except (MemoryError, ValueError) as error:  # NumPy says ValueError beyond all addresses
        size = math.prod(shape) * dtype.itemsize / 1e9
        raise MemoryError(
            f"an input of shape {shape} of {dtype} takes {size:,.1f} GB, and there is not so much "
            f"memory; make the batch smaller, such as {(1, *shape[1:])}"
        ) from error


def _as_tensor(value: Any) -> Any:
    return from_numpy(value) if isinstance(value, np.ndarray) else value


# --------------------------------------------------------------------------------------- the rows


def _titles(summary: Summary) -> list[str]:
    titles = ["Layer (type (var_name):depth-idx)"]
    titles += ["Output Shape"] if summary.was_called else []
    titles += ["Param #"]
    titles += ["Mult-Adds"] if summary.was_called else []
    return titles + (["Trainable"] if _any_frozen(summary) else [])


def _any_frozen(summary: Summary) -> bool:
    return summary.trainable_params < summary.total_params


def _rows(summary: Summary) -> list[tuple[Layer, list[str]]]:
    """The layers that are shown, each with what stands in its cells."""
    return [
        (layer, _cells(summary, layer))
        for layer in summary.summary_list
        if layer.depth <= summary.depth
    ]


def _cells(summary: Summary, layer: Layer) -> list[str]:
    inside = list(layer.walk()) if layer.depth == summary.depth else [layer]
    cells = [repr(layer)]
    if summary.was_called:
        cells.append(_output(layer))
    cells.append(_parameters(layer, inside))
    if summary.was_called:
        cells.append(_or_dashes(sum(part.mult_adds for part in inside)))
    return cells + ([layer.trainable] if _any_frozen(summary) else [])


def _output(layer: Layer) -> str:
    if not layer.calls:
        has_forward = type(layer.module).forward is not Module.forward
        return "not called" if has_forward else "--"
    shapes = [str(list(shape)) for shape in layer.output_size] or ["--"]
    return ", ".join(shapes[:3]) + (f", and {len(shapes) - 3} more" if len(shapes) > 3 else "")


def _parameters(layer: Layer, inside: list[Layer]) -> str:
    if layer.is_recursive:
        return "(recursive)"
    count = sum(part.num_params for part in inside)
    shared = sum(part.own_params - part.num_params for part in inside if not part.is_recursive)
    is_frozen = count and not sum(part.trainable_params for part in inside)
    text = f"({count:,})" if is_frozen else _or_dashes(count)
    if shared:
        text = f"{shared:,} shared" if not count else f"{text} + {shared:,} shared"
    return text


def _or_dashes(count: int) -> str:
    return f"{count:,}" if count else "--"


def _totals(summary: Summary) -> tuple[list[str], list[str]]:
    """The lines below the rows: of parameters and multiply-adds, and of megabytes."""
    total, trainable = summary.total_params, summary.trainable_params
    counts = [
        f"Total params: {total:,}",
        f"Trainable params: {trainable:,}",
        f"Non-trainable params: {total - trainable:,}",
    ]
    if not summary.was_called:
        return counts, []
    counts.append(f"Total mult-adds {_readable(summary.total_mult_adds)}")
    bytes_of = {
        "Input size": summary.total_input,
        "Forward/backward pass size": summary.total_output_bytes,
        "Params size": summary.total_param_bytes,
    }
    bytes_of["Estimated Total Size"] = sum(bytes_of.values())
    return counts, [f"{what} (MB): {count / 1e6:.2f}" for what, count in bytes_of.items()]


def _readable(count: int) -> str:
    """A count in millions, or what is larger, as torchinfo has it."""
    unit, size = next(
        ((unit, size) for unit, size in (("T", 1e12), ("G", 1e9)) if count >= size), ("M", 1e6)
    )
    value = count / size
    return f"({unit}): {value:,.0f}" if value.is_integer() else f"({unit}): {value:,.2f}"


# ---------------------------------------------------------------------------------- text and HTML


def _text(summary: Summary) -> str:
    titles, rows = _titles(summary), _rows(summary)
    lines = [titles] + [[_branch(layer.depth) + cells[0], *cells[1:]] for layer, cells in rows]
    widths = [max(columns_of(line[j]) for line in lines) + 2 for j in range(len(titles))]
    body = [
        "".join(cell + " " * (widths[j] - columns_of(cell)) for j, cell in enumerate(line)).rstrip()
        for line in lines
    ]
    rule = "=" * max(60, sum(widths) - 2)
    counts, sizes = _totals(summary)
    parts = [[body[0]], body[1:], counts, sizes]
    return "\n".join(line for part in parts if part for line in (rule, *part)) + f"\n{rule}"


def _branch(depth: int) -> str:
    return {0: "", 1: "├─"}.get(depth, "│    " * (depth - 1) + "└─")


def _html(summary: Summary) -> str:
    counts, sizes = _totals(summary)
    caption = f"{summary.model.class_name}: {summary.total_params:,} parameters"
    if summary.was_called:
        shapes = ", ".join(str(list(shape)) for shape in summary.input_size)
        caption += f", called on {shapes or 'no tensor'}"
    rows = [
        [display.Cell(name, indent=layer.depth), *cells] for layer, (name, *cells) in _rows(summary)
    ]
    return display.block(display.table(caption, _titles(summary), rows, [*counts, *sizes]))
