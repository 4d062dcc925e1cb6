"""Which tests judge which room: a mutant that none of a room's tests notices is a survivor.

`optim/fused.py` is not here: Numba keeps its machine code on disk, where a mutant would stay. What
only Numba runs in `optim/optimizers.py` survives where Numba is not installed.
"""

from __future__ import annotations

from typing import NamedTuple


class Room(NamedTuple):
    """A part of the package.

    modules  of the package, without its name
    judges   the test files that must notice what is wrong in them
    """

    modules: tuple[str, ...]
    judges: tuple[str, ...]


ROOMS = {
    "optim": Room(
        ("optim.states", "optim.optimizers", "optim.lr_scheduler"),
        ("test_optim", "test_lr_scheduler", "test_fused"),
    ),
    "train": Room(("train",), ("test_train",)),
    "data": Room(
        ("data.loader", "data.prefetch", "data.dataset", "data.transforms", "data.warp"),
        ("test_data", "test_transforms", "test_warps"),
    ),
    "mnist": Room(("data.mnist",), ("test_data", "test_fuzz")),
    "module": Room(
        ("nn.module", "nn.containers", "nn.utils", "nn.init"),
        ("test_nn", "test_init", "test_clipping", "test_keywords", "test_summary"),
    ),
    "layers": Room(
        ("nn.layers", "nn.activations", "nn.losses"),
        ("test_layers", "test_nn", "test_init"),
    ),
    "functional": Room(
        ("nn.functional",),
        ("test_functional", "test_tables", "test_layers"),
    ),
    "checkpoint": Room(("checkpoint",), ("test_checkpoint", "test_fuzz")),
    "interop": Room(("interop",), ("test_interop", "test_outgrowing")),
    "training": Room(
        ("experiment.training", "experiment.described", "experiment.outputs"),
        ("test_training", "test_described", "test_outputs", "test_display"),
    ),
    "recognise": Room(
        ("experiment.recognise", "experiment.picture_files"),
        ("test_recognise", "test_picture_files", "test_display"),
    ),
    "preparation": Room(
        ("experiment.preparation", "experiment.pieces"),
        ("test_preparation", "test_recognise"),
    ),
    "study": Room(
        (
            "experiment.intervals",
            "experiment.results",
            "experiment.parallel",
            "experiment.studies",
            "experiment.findings",
            "experiment.compare",
        ),
        (
            "test_intervals",
            "test_results",
            "test_parallel",
            "test_studies",
            "test_findings",
            "test_compare",
        ),
    ),
}
