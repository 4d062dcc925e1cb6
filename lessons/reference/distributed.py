"""A model that was trained here goes on in PyTorch on two processes, with the losses of one.

    torchrun --standalone --nproc-per-node 2 lessons/reference/distributed.py

torchrun starts this script twice. Each process gets half of every batch, and
`DistributedDataParallel` averages their gradients, so a step is the step of one process with the
whole batch. The first process also takes the steps alone, in float32 and in float64, and prints
the largest difference between the losses.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import distributed
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from tinygrad_mlp import interop, optim
from tinygrad_mlp.data import ArrayDataset, DataLoader, load_mnist
from tinygrad_mlp.experiment.recipes import build_mlp
from tinygrad_mlp.train import fit

HIDDEN = (32,)
BATCH, STEPS, LR = 100, 30, 0.003


def trained_here(digits: ArrayDataset) -> tuple[Any, optim.Adam]:
    """The beginning of the training, in this package."""
    model = build_mlp(HIDDEN, rng=0)
    optimizer = optim.Adam(model.parameters(), LR)
    fit(model, DataLoader(digits, BATCH, shuffle=True, rng=0), optimizer, epochs=1)
    return model, optimizer


def losses_in_torch(
    state: Mapping[str, np.ndarray],
    optimizer_state: Mapping[str, np.ndarray],
    digits: ArrayDataset,
    dtype: torch.dtype,
    rank: int = 0,
    processes: int = 1,
) -> list[float]:
    """Go on in PyTorch, as one of several processes; give the mean loss of each whole batch."""
    twin = interop.to_torch(build_mlp(HIDDEN))
    twin.load_state_dict(interop.state_to_torch(state))
    twin.to(dtype)
    optimizer = torch.optim.Adam(twin.parameters())
    optimizer.load_state_dict(interop.optimizer_state_to_torch(optimizer_state))
    model = DistributedDataParallel(twin) if processes > 1 else twin
    losses = []
    for step in range(STEPS):
        images, labels = digits[step * BATCH + rank : (step + 1) * BATCH : processes]
        loss = cross_entropy(model(torch.from_numpy(images).to(dtype)), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean = loss.detach().clone()
        if processes > 1:
            distributed.all_reduce(mean)
        losses.append(mean.item() / processes)
    return losses


def main() -> None:
    if "RANK" not in os.environ:
        sys.exit(f"start this with torchrun --standalone --nproc-per-node 2 {sys.argv[0]}")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    torch.set_num_threads(1)
    digits = ArrayDataset(*load_mnist(split="test")[:3000])
    model, optimizer = trained_here(digits)  # with the same bits in each process
    given = (model.state_dict(), optimizer.state_dict(), digits)
    distributed.init_process_group("gloo")
    rank, processes = distributed.get_rank(), distributed.get_world_size()
    for dtype in (torch.float32, torch.float64):
        of_all = losses_in_torch(*given, dtype, rank, processes)
        if rank == 0:
            of_one = losses_in_torch(*given, dtype)
            apart = float(np.abs(np.subtract(of_one, of_all)).max())
            print(f"{dtype}: {STEPS} losses from {of_one[0]:.3f} to {of_one[-1]:.3f}, ", end="")
            print(f"of {processes} processes and of one at most {apart:.1e} apart")
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
