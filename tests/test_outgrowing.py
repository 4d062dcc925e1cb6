"""Taking a trained model along: to PyTorch on several processes, and to ONNX."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tinygrad_mlp import checkpoint, interop, nn, optim
from tinygrad_mlp.experiment.recipes import RECIPES, build_mlp

ROOT = Path(__file__).parents[1]


def test_a_state_becomes_one_that_pytorch_takes_to_the_bit():
    model = build_mlp((5, 4), rng=0, batch_norm=True)
    twin = interop.to_torch(build_mlp((5, 4), rng=1, batch_norm=True))
    twin.load_state_dict(interop.state_to_torch(model.state_dict()))
    for name, array in model.state_dict().items():
        found = twin.state_dict()[name]
        assert found.numpy().tobytes() == array.tobytes() and found.numpy().dtype == array.dtype


def test_a_state_becomes_tensors_with_memory_of_their_own():
    state = nn.Linear(2, 2, rng=0).state_dict()
    tensors = interop.state_to_torch(state)
    before = state["weight"].copy()
    tensors["weight"].zero_()
    np.testing.assert_array_equal(state["weight"], before)


def test_the_weights_of_a_file_become_a_state_of_pytorch(tmp_path):
    model = nn.Linear(3, 2, rng=0)
    checkpoint.save(tmp_path / "model", model, optim.Adam(model.parameters()))
    theirs = torch.nn.Linear(3, 2)
    theirs.load_state_dict(interop.state_to_torch(checkpoint.read(tmp_path / "model").weights))
    np.testing.assert_array_equal(theirs.weight.numpy(force=True), model.weight.data)


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this PyTorch has no distributed")
def test_two_processes_have_the_losses_of_one_with_the_double_batch():
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*torchrun, "--nproc-per-node=2", ROOT / "lessons" / "reference" / "distributed.py"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = re.findall(r"torch\.(float\d\d): 30 losses .* of 2 .* at most (\S+) apart", done.stdout)
    apart = {name: float(number) for name, number in found}
    assert apart["float64"] < 1e-12
    assert apart["float32"] < 1e-6


@pytest.mark.filterwarnings("ignore")
def test_onnx_gives_the_same_scores(tmp_path):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    from onnx.reference import ReferenceEvaluator

    from lessons.reference.to_onnx import write_onnx

    model = RECIPES["small"].build(0)
    write_onnx(model, str(tmp_path / "model.onnx"))
    onnx.checker.check_model(str(tmp_path / "model.onnx"))
    images = np.random.default_rng(0).random((7, 28, 28), dtype=np.float32)
    evaluator = ReferenceEvaluator(str(tmp_path / "model.onnx"))
    (scores,) = evaluator.run(["scores"], {"images": images})
    ours = model(images).detach().numpy()
    np.testing.assert_allclose(scores, ours, rtol=0, atol=1e-6 * np.abs(ours).max())
