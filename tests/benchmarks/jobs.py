"""What is measured: the jobs, who takes part in them, and the goals.

A contender is a function in `contenders/`, named as "file.function". It is called with the
inputs and the job's size, and returns a dictionary: `seconds`, the time of one unit of work, and
`checks`, numbers that must be the same for all within the job's tolerances. To add a contender,
write the function and name it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OURS = "tinygrad_mlp"

COMPILED = "tinygrad_mlp, compiled"
"""Ours with `tg.compile`, in NumPy alone: the same bits."""

FUSED = "tinygrad_mlp, compiled, fused"
"""The same with the extra `fast`, which makes one loop of an optimiser's update."""

NEEDS = {
    "fused": "numba",
    "pytorch": "torch",
    "jax_": "jax",
    "hips": "autograd",
    "micrograd_": "micrograd",
    "tinygrad_": "tinygrad",
}
"""The package that a file of contenders needs; files that are not named need nothing more."""


@dataclass(frozen=True)
class Goal:
    """The most that ours, divided by theirs, should be.

    against  the contender
    at_most  one ratio, or one for each number of threads; None where there is no goal
    measure  "seconds", or "peak_bytes", the peak memory of the process
    of       which of ours is judged
    """

    against: str
    at_most: float | Mapping[int, float] | None = None
    measure: str = "seconds"
    of: str = OURS

    def limit(self, threads: int) -> float | None:
        """The goal with this number of threads."""
        return self.at_most.get(threads) if isinstance(self.at_most, Mapping) else self.at_most


@dataclass(frozen=True)
class Job:
    """One piece of work.

    unit        what one unit of work is, whose time `seconds` is
    contenders  name -> "file.function"
    goals       what the table compares, one row each
    full        the size: keyword -> number; `smallest` is the size for seeing that it works
    threads     the numbers of threads it is run with
    tolerances  check -> how far apart contenders may be, relative to ours
    """

    name: str
    title: str
    unit: str
    contenders: Mapping[str, str]
    goals: tuple[Goal, ...]
    full: Mapping[str, Any]
    smallest: Mapping[str, Any]
    threads: tuple[int, ...] = (1,)
    tolerances: Mapping[str, float] = field(default_factory=dict)


PUBLISHED = "PyTorch, as published"
BEST = "PyTorch, at its best"
TORCH_COMPILE = "PyTorch, torch.compile"
TORCH = "PyTorch"
JAX = "JAX, whole step jitted"
HIPS = "HIPS autograd"
PRODUCTS = "the two large matrix products alone"
BARE = "bare NumPy, written out"

EARLY, LATE = "loss at an early step", "mean loss of the timed steps"
"""Rounding drives float32 runs apart: at first they are equal step by step (the size says up to
which step that is checked), and after a thousand steps only on average."""

JOBS = (
    Job(
        "step",
        "improved recipe, whole step (784-100-10, batch 50, Adam, float32)",
        "a step",
        {
            OURS: "ours.small_step",
            COMPILED: "compiled.small_step",
            FUSED: "fused.small_step",
            PUBLISHED: "pytorch.small_step_published",
            BEST: "pytorch.small_step_best",
            TORCH_COMPILE: "pytorch.small_step_compiled",
            JAX: "jax_.small_step",
            HIPS: "hips.small_step",
            "tinygrad, TinyJit": "tinygrad_.small_step",
            BARE: "bare.small_step",
            PRODUCTS: "bare.products",
        },
        (
            Goal(COMPILED),
            Goal(FUSED),
            Goal(PUBLISHED, {1: 0.45}, of=COMPILED),
            Goal(BEST, {1: 0.62, 2: 0.75}, of=COMPILED),
            Goal(TORCH_COMPILE, {1: 0.62}, of=COMPILED),
            Goal(JAX, {1: 1.15}, of=COMPILED),
            Goal(BARE, {1: 0.97}, of=COMPILED),
            Goal(PRODUCTS, {1: 2.0}, of=COMPILED),
            Goal(PUBLISHED, {1: 0.32}, of=FUSED),
            Goal(BEST, {1: 0.45, 2: 0.60}, of=FUSED),
            Goal(TORCH_COMPILE, {1: 0.45}, of=FUSED),
            Goal(JAX, {1: 0.80}, of=FUSED),
            Goal(BARE, {1: 0.68}, of=FUSED),
            Goal(PRODUCTS, {1: 1.4}, of=FUSED),
            Goal(PUBLISHED, {1: 0.40, 2: 0.50}),
            Goal(BEST, 0.75),
            Goal(JAX, 0.95),
            Goal(HIPS),
            Goal("tinygrad, TinyJit"),
            Goal(BARE),
            Goal(PRODUCTS, 2.5),
        ),
        full={"batch": 50, "warm_up": 1500, "timed": 500, "early": 200},
        smallest={"batch": 50, "warm_up": 2, "timed": 3, "early": 3},
        threads=(1, 2),
        tolerances={EARLY: 1e-4, LATE: 0.15},
    ),
    Job(
        "wide",
        "784-1024-1024-10, batch 128, AdamW, float32, whole step",
        "a step",
        {
            OURS: "ours.wide_step",
            COMPILED: "compiled.wide_step",
            FUSED: "fused.wide_step",
            PUBLISHED: "pytorch.wide_step_published",
            BEST: "pytorch.wide_step_best",
        },
        (
            Goal(COMPILED),
            Goal(FUSED),
            Goal(BEST, 0.85, of=COMPILED),
            Goal(BEST, 0.70, of=FUSED),
            Goal(PUBLISHED, 0.75),
            Goal(BEST, 1.15),
        ),
        full={"batch": 128, "warm_up": 900, "timed": 300, "early": 50},
        smallest={"batch": 128, "warm_up": 1, "timed": 2, "early": 2},
        threads=(2,),
        tolerances={EARLY: 1e-3, LATE: 0.3},
    ),
    Job(
        "epoch",
        "improved recipe, whole epoch: loading, flip, noise, metrics",
        "an epoch",
        {
            OURS: "ours.epoch",
            COMPILED: "compiled.epoch",
            FUSED: "fused.epoch",
            "PyTorch, DataLoader as published": "pytorch.epoch_published",
            "PyTorch, whole-batch tensors": "pytorch.epoch_whole_batches",
        },
        (
            Goal(COMPILED),
            Goal(FUSED),
            Goal("PyTorch, whole-batch tensors", 0.45, of=COMPILED),
            Goal("PyTorch, whole-batch tensors", 0.38, of=FUSED),
            Goal("PyTorch, DataLoader as published", 0.35),
            Goal("PyTorch, whole-batch tensors", 0.75),
            Goal("PyTorch, whole-batch tensors", 0.5, "peak_bytes"),
        ),
        full={"images": 60_000},
        smallest={"images": 1_000},
        threads=(2,),
        # Each draws its own order, flips and noise.
        tolerances={"mean loss": 0.1, "accuracy": 0.05},
    ),
    Job(
        "best",
        "recipe best, an epoch of 20,000 images",
        "an epoch",
        {OURS: "ours.best_epoch", COMPILED: "compiled.best_epoch", FUSED: "fused.best_epoch"},
        (Goal(OURS, 0.97, of=COMPILED), Goal(OURS, 0.88, of=FUSED)),
        full={"images": 20_000},
        smallest={"images": 512},
        threads=(2,),
        tolerances={"mean loss": 0.0, "accuracy": 0.0},
    ),
    Job(
        "first-call",
        "the first call of a compiled loss (784-100-10, batch 50), beside an ordinary step",
        "a call",
        {OURS: "ours.small_step", COMPILED: "compiled.first_call"},
        (Goal(OURS, 8, of=COMPILED),),
        full={"batch": 50, "warm_up": 200, "timed": 50, "early": 1},
        smallest={"batch": 50, "warm_up": 1, "timed": 2, "early": 1},
    ),
    Job(
        "update",
        "one step of Adam alone, 79,510 weights (784-100-10), float32",
        "a step",
        {OURS: "ours.update", FUSED: "fused.update"},
        (Goal(FUSED),),
        full={"warm_up": 200, "timed": 2000},
        smallest={"warm_up": 1, "timed": 2},
        tolerances={"sum of the weights": 0.0},
    ),
    Job(
        "chain",
        "a chain of 100,000 ops (add, mul) on 10 elements, forward and backward",
        "an op",
        {OURS: "ours.chain", HIPS: "hips.chain", TORCH: "pytorch.chain"},
        (Goal(HIPS, 0.25), Goal(TORCH, 0.65)),
        full={"nodes": 100_000, "elements": 10, "repeats": 3},
        smallest={"nodes": 100, "elements": 10, "repeats": 1},
        tolerances={"gradient": 1e-3},
    ),
    Job(
        "scalar-chain",
        "a chain of 10,000 ops (add, mul) on one number, forward and backward",
        "an op",
        {
            OURS: "ours.chain",
            "micrograd": "micrograd_.chain",
            TORCH: "pytorch.chain",
        },
        (Goal("micrograd"), Goal(TORCH)),
        full={"nodes": 10_000, "elements": 1, "repeats": 20},
        smallest={"nodes": 100, "elements": 1, "repeats": 1},
        tolerances={"gradient": 1e-3},
    ),
    Job(
        "record",
        "recording one op: an add of 10 elements",
        "an op",
        {OURS: "ours.record", "the bare NumPy call": "bare.add", TORCH: "pytorch.record"},
        (Goal("the bare NumPy call", 5), Goal(TORCH)),
        full={"number": 10_000, "repeats": 50},
        smallest={"number": 10, "repeats": 3},
    ),
    Job(
        "second-order",
        "Hessian-vector product of the improved model's loss, batch 50",
        "a product",
        {
            OURS: "ours.second_order",
            COMPILED: "compiled.second_order",
            TORCH: "pytorch.second_order",
        },
        (Goal(COMPILED), Goal(TORCH, 0.5, of=COMPILED), Goal(TORCH, 1.0)),
        full={"batch": 50, "warm_up": 100, "timed": 400},
        smallest={"batch": 50, "warm_up": 1, "timed": 1},
        threads=(1, 2),
        tolerances={"loss": 1e-4, "norm of the product": 1e-3},
    ),
    *(
        Job(
            name,
            f"two convolutions of 50 digits, 1 -> 8 by 5 x 5 and 8 -> 16 by 3 x 3, {what}",
            "a batch",
            {OURS: "ours.convolutions", TORCH: "pytorch.convolutions"},
            (Goal(TORCH, 1.5),),
            full={"batch": 50, "backward": backward, "warm_up": 20, "timed": 200},
            smallest={"batch": 50, "backward": backward, "warm_up": 1, "timed": 1},
            tolerances=dict.fromkeys(checks, 1e-3),
        )
        for name, backward, what, checks in (
            ("convolve", False, "forward", ("loss",)),
            ("convolve-back", True, "forward and backward", ("loss", "norm of the gradient")),
        )
    ),
    Job(
        "import",
        "importing the package",
        "an import",
        {OURS: "ours.importing", "import numpy": "bare.importing"},
        (Goal("import numpy", 1.3),),
        full={"repeats": 20},
        smallest={"repeats": 1},
    ),
)
