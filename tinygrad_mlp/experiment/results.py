"""What was measured, as a file: `results.json` of a comparison or a study.

The file says how it was made, so that a command that was stopped can tell which of its runs are
done: those with the same recipe and seed, on the same digits, by the same version and the same
kernels, which would give the same bits again.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from ..data import ArrayDataset
from ..files import write_whole
from ..train import Epoch, History, Scores
from ..version import __version__
from . import described
from .recipes import AnyRecipe, from_dict
from .training import Run

DECIDES = ("tinygrad_mlp", "numpy", "machine", "blas", "data")
"""What must be the same for a run to have the same bits."""


LABELS = {
    "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5": "MNIST",
    "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9": "Fashion-MNIST",
}
"""Data sets by the SHA-256 of their test labels, a byte each."""


def data_name(test_data: ArrayDataset) -> str:
    """MNIST, Fashion-MNIST, or other images."""
    labels = np.asarray(test_data.labels).astype(np.uint8).tobytes()
    return LABELS.get(hashlib.sha256(labels).hexdigest(), "other images")


def how_made(
    command: str, train_data: ArrayDataset, test_data: ArrayDataset, jobs: int = 1
) -> dict[str, str]:
    """When, how and on what machine results are made.

    jobs  how many trainings run side by side
    """
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": command,
        "tinygrad_mlp": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
        "blas": _blas(),
        "jobs": str(jobs),
        "dataset": data_name(test_data),
        "data": _fingerprint(train_data, test_data),
    }


def _blas() -> str:
    """Which kernels multiply matrices, with one thread, as `run_all` does: they decide the bits."""
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    if not found:
        return "unknown"
    name = found[0]["internal_api"]
    kernel = found[0].get("architecture") or "unknown kernels"
    return f"{name} {found[0]['version']}, {kernel}, threads: 1"


def _fingerprint(*datasets: ArrayDataset) -> str:
    """The first digits of a SHA-256 of all images and labels."""
    found = hashlib.sha256()
    for data in datasets:
        found.update(np.ascontiguousarray(data.images).data)
        found.update(np.ascontiguousarray(data.labels).data)
    return found.hexdigest()[:16]


def write_results(
    path: Path,
    runs: Sequence[Run],
    made: dict[str, str],
    notes: Sequence[str] = (),
    findings: Sequence[str] = (),
) -> None:
    """Write everything that was measured, as JSON, with a line for each run."""
    head = {"made": made, "notes": list(notes), "findings": list(findings)}
    text = json.dumps(head, indent=1, ensure_ascii=False)
    lines = [json.dumps(_to_dict(r), ensure_ascii=False, allow_nan=False) for r in runs]
    write_whole(path, f'{text[:-2]},\n "runs": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n")


def _to_dict(one: Run) -> dict[str, Any]:
    validation = one.validation
    return {
        "recipe": one.recipe.to_dict(),
        "seed": one.seed,
        "test_accuracy": one.test.accuracy,
        "test_loss": one.test.loss,
        "loss": one.recipe.loss_name,
        "train_accuracy": one.train.accuracy,
        "train_loss": one.train.loss,
        "validation_accuracy": None if validation is None else validation.accuracy,
        "validation_loss": None if validation is None else validation.loss,
        "most_predicted": one.test.most_predicted,
        "most_predicted_share": one.test.most_predicted_share,
        "dead_units": one.dead_units,
        "measured": one.measured,
        "seconds": one.seconds,
        "history": [asdict(epoch) for epoch in one.history],
        "confusion": one.test.counts.tolist(),
    }


def from_results(given: Any) -> Run:
    """The run that was written, without its network and the confusion on the training images.

    Raises ValueError if this is not a run.
    """
    needed = tuple(name for name in described.RUN if name not in described.SINCE_0_2)
    described.check("a run", given, described.RUN, needed)
    described.check_history(given["history"])
    validation = None
    if given["validation_loss"] is not None:
        validation = Scores(given["validation_accuracy"], given["validation_loss"], None)
    return Run(
        from_dict(given["recipe"]),
        given["seed"],
        None,
        History(Epoch(**epoch) for epoch in given["history"]),
        Scores(given["test_accuracy"], given["test_loss"], np.array(given["confusion"])),
        Scores(given["train_accuracy"], given["train_loss"], None),
        given["seconds"],
        validation,
        given.get("dead_units"),
        dict(given.get("measured", {})),
    )


def read_results(path: str | os.PathLike[str]) -> tuple[dict[str, str], list[Run]]:
    """How the results in a file were made, and the runs.

    Raises FileNotFoundError if there is no file, ValueError if it does not hold results.
    """
    try:
        content = json.loads(Path(path).read_text("utf-8"))
        described.check_value("made", content["made"], described.MADE)
        return dict(content["made"]), [from_results(one) for one in content["runs"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} does not hold results that can be read: {error}") from error


def finished_before(
    path: Path, recipes: Sequence[AnyRecipe], seeds: int, made: dict[str, str]
) -> list[Run]:
    """The runs in a file of results, or in the copies beside it, that need not be made again.

    made  how the others will be made, from `how_made`; it is noted there when these were begun

    Raises ValueError if the file does not hold results; such copies are passed over.
    """
    known: dict[tuple[AnyRecipe, int], Run] = {}
    for file in [path, *copies(path)]:
        if not file.is_file() or not file.stat().st_size:
            continue
        try:
            before, runs = read_results(file)
        except ValueError:
            if file == path:
                raise
            continue
        if any(before.get(name) != made[name] for name in DECIDES):
            continue
        for one in runs:
            if one.recipe in recipes and one.seed < seeds and (one.recipe, one.seed) not in known:
                known[one.recipe, one.seed] = one
                begun = before.get("begun", before["date"])
                made["begun"] = min(begun, made.get("begun", begun))
    return list(known.values())


def copies(path: Path) -> list[Path]:
    """The copies of a file of results beside it, the first first."""
    found = path.parent.glob(f"{path.stem}-before-*.json")
    return sorted((p for p in found if p.stem.rpartition("-")[2].isdecimal()), key=_number)


def _number(copy: Path) -> int:
    return int(copy.stem.rpartition("-")[2])


def keep_copy(path: Path) -> Path:
    """Copy a file of results beside it, under a name that is free; where it is kept.

    A copy with the same content is not made twice.
    """
    content = path.read_bytes()
    for copy in copies(path):
        if copy.read_bytes() == content:
            return copy
    number = max(map(_number, copies(path)), default=0) + 1
    copy = path.with_name(f"{path.stem}-before-{number}.json")
    write_whole(copy, content)
    return copy


def in_order(runs: Sequence[Run], recipes: Sequence[AnyRecipe]) -> list[Run]:
    """The runs by recipe, in the order of the recipes, and by seed."""
    return sorted(runs, key=lambda one: (recipes.index(one.recipe), one.seed))
