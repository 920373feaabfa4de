"""The peer: PyTorch eager in a process of its own. A line with a number on standard input is that many steps, timed.

``python -m tests.benchmarks.torch_peer NETWORK THREADS``; the answer is seconds. Between questions it sleeps on its
pipe.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np
import torch
from torch import nn

from tests.benchmarks.races import BATCH, SAMPLES


def modules(network: str) -> nn.Module:
    """The same networks as `races.network`."""
    if network == "mlp":
        return nn.Sequential(
            nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2)
        )
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 49, 10),
    )


def stepper(network: str) -> Callable[[], None]:
    """One step: gather, forward, loss, backward, Adam."""
    torch.manual_seed(0)
    net = modules(network)
    shape = (2,) if network == "mlp" else (1, 28, 28)
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.random((SAMPLES, *shape), dtype=np.float32))
    y = torch.from_numpy(rng.integers(0, 2 if network == "mlp" else 10, SAMPLES))
    order, size, place = torch.randperm(SAMPLES), BATCH[network], [0]
    loss, adam = nn.CrossEntropyLoss(), torch.optim.Adam(net.parameters())

    def step() -> None:
        chosen = order[place[0] : place[0] + size]
        place[0] = (place[0] + size) % (SAMPLES - size)
        adam.zero_grad()
        loss(net(x[chosen]), y[chosen]).backward()
        adam.step()

    return step


def main(network: str, threads: int) -> None:
    """Answer until the pipe closes."""
    torch.set_num_threads(threads)
    step = stepper(network)
    for _ in range(5):
        step()
    print("ready", flush=True)
    for line in sys.stdin:
        began = perf_counter()
        for _ in range(int(line)):
            step()
        print(perf_counter() - began, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
