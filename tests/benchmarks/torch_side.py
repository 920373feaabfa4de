"""PyTorch eager in a process of its own: ``python -m tests.benchmarks.torch_side THREADS``, asked through its pipe.

A plain training loop, as a learner writes it: a new order each epoch, gather, forward, loss, backward, update.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from time import perf_counter

import torch
from torch import nn

from tests.benchmarks.cases import Case, case, data
from tests.benchmarks.children import peak_memory, serve


class LastStep(nn.Module):
    """The output of a recurrent layer at the last step."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)[0][:, -1]


def network(one: Case) -> nn.Sequential:
    """The same layers as on the other side; the softmax is in the loss."""
    made: list[nn.Module] = []
    *places, channels = one.shape
    activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[one.activation]
    for number, (kind, *rest) in enumerate(one.layers):
        units = int(rest[0]) if rest else 0
        if kind == "conv":
            made += [nn.Conv2d(channels, units, 3, padding=1), activation()]
        elif kind == "pool":
            made.append(nn.MaxPool2d(2))
            places = [n // 2 for n in places]
        elif kind == "flatten":
            made.append(nn.Flatten())
            for n in places:
                channels *= n
        elif kind == "dense":
            made.append(nn.Linear(channels, units))
            if number + 1 < len(one.layers):
                made.append(activation())
        else:
            layer = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
            made.append(LastStep(layer(channels, units, batch_first=True)))
        channels = units or channels
    return nn.Sequential(*made)


@cache
def training(name: str, optimizer: str, layout: str) -> Iterator[None]:
    """Step after step."""
    return _steps(case(name), optimizer, layout)


def _steps(one: Case, optimizer: str, layout: str) -> Iterator[None]:
    torch.manual_seed(0)
    net = network(one)
    x, y = (torch.from_numpy(array) for array in data(one))
    if len(one.shape) == 3:
        x = x.permute(0, 3, 1, 2).contiguous()
    if layout == "channels last":
        form = torch.channels_last
        net, x = net.to(memory_format=form), x.contiguous(memory_format=form)
    loss = nn.CrossEntropyLoss()
    made = getattr(torch.optim, optimizer)(net.parameters(), lr=1e-3)
    while True:
        order = torch.randperm(one.samples)
        for start in range(0, one.samples, one.batch):
            chosen = order[start : start + one.batch]
            made.zero_grad()
            loss(net(x[chosen]), y[chosen]).backward()
            made.step()
            yield


def steps(case: str, count: int, optimizer: str = "Adam", layout: str = "") -> tuple[float, int]:
    """Seconds for so many steps."""
    going = training(case, optimizer, layout)
    began = perf_counter()
    for _ in range(count):
        next(going)
    return perf_counter() - began, count


def parameters(name: str) -> int:
    """Of the whole network."""
    return sum(p.numel() for p in network(case(name)).parameters())


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    serve({"steps": steps, "memory": peak_memory, "version": lambda: torch.__version__})
