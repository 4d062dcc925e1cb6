"""A model that was trained here, as an ONNX file: PyTorch's exporter writes it.

    python lessons/reference/to_onnx.py runs/model.safetensors runs/model.onnx

The first file is one that `python -m tinygrad_mlp train` has written. PyTorch's exporter needs the
packages onnx and onnxscript. The file takes images (n, 28, 28) of any number n, as "images", and
gives "scores" (n, 10).
"""

from __future__ import annotations

import sys
from typing import Any

import torch

from tinygrad_mlp import interop
from tinygrad_mlp.experiment.training import load_model


def write_onnx(model: Any, path: str) -> None:
    """Write a model of this package that takes images (n, 28, 28)."""
    twin = interop.to_torch(model).eval()
    example = torch.zeros(2, 28, 28)
    torch.onnx.export(
        twin,
        (example,),
        path,
        dynamo=True,
        external_data=False,
        input_names=["images"],
        output_names=["scores"],
        dynamic_shapes=({0: torch.export.Dim("n")},),
        verbose=False,
    )


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit("give two files: the model to be read, and the ONNX file to be written")
    _, model = load_model(sys.argv[1])
    write_onnx(model, sys.argv[2])
    print(f"written: {sys.argv[2]}")


if __name__ == "__main__":
    main()
