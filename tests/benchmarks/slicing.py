"""A slice of a network's loss beside the same loop in PyTorch, each side in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from itertools import cycle, product
from time import perf_counter
from typing import Any

import numpy as np

from tests.benchmarks.cases import case, data
from tests.benchmarks.children import Child, Contender, interleaved, serve
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row, raced, timed

#: The network, how many samples its loss is measured on, and points along a side.
NAME, SAMPLES, SIDE = "cnn", 256, 41
#: How many times as fast as PyTorch, and seconds for the whole slice.
_ASKED, _SECONDS = 1.2, 30.0


def rows(options: Options) -> Iterator[Row]:
    """The loss at a point, beside PyTorch, and the whole slice."""
    one = case(NAME)
    with ExitStack() as stack:
        own = stack.enter_context(Child("slicing", "own"))
        runners: dict[str, Contender] = {"Chainrule": own.contender("points")}
        for threads in (1, 2) if options.torch else ():
            peer = stack.enter_context(Child("slicing", str(threads)))
            who = f"({threads} thread{'s' if threads > 1 else ''})"
            runners[who] = peer.contender("points")
        found = interleaved(runners, options.rounds, 2 * options.seconds)
        title = f"the loss of {SAMPLES} samples at a point, {one.title}"
        yield raced("landscape", title, found, "Chainrule", _ASKED if options.torch else None)
        times = np.array([own.ask("whole", side=SIDE) for _ in range(min(options.rounds, 2))])
        row = timed(
            "landscape", f"  a slice of {SIDE} x {SIDE}", times, asked=f"at most {_SECONDS:g}"
        )
        yield replace(row, met=bool(np.median(times) <= _SECONDS))


# ---- our side ------------------------------------------------------------------------------------------------------


@cache
def _own() -> tuple[Any, Any]:
    """The loss as a function of the weights, and a plane through them."""
    import core
    from core.landscape.planes import random_plane
    from core.landscape.slices import Losses
    from tests.benchmarks.own_side import network

    one = case(NAME)
    x, y = data(one)
    model = core.Sequential(network(one), seed=0)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    losses = Losses.of_model(model, x[:SAMPLES], y[:SAMPLES])
    return losses, random_plane(losses.layout, losses.present)


def _grid() -> Iterator[tuple[float, float]]:
    axis = np.linspace(-1, 1, SIDE)
    return cycle(product(axis.tolist(), axis.tolist()))


def _timed(measure: Callable[[float, float], float], count: int) -> tuple[float, int]:
    points = _grid()
    began = perf_counter()
    for _ in range(count):
        measure(*next(points))
    return perf_counter() - began, count


def _points(count: int) -> tuple[float, int]:
    losses, plane = _own()
    return _timed(lambda x, y: losses.at(plane.at(x, y)), count)


def _whole(side: int) -> float:
    from core.explain.progress import last
    from core.landscape.slices import loss_slice

    losses, plane = _own()
    began = perf_counter()
    found = last(loss_slice(losses, plane, side=side))
    seconds = perf_counter() - began
    assert found.known.all()
    return seconds


# ---- PyTorch -------------------------------------------------------------------------------------------------------


@cache
def _theirs() -> Callable[[float, float], float]:
    """The same loop, as it is usually written: weights plus steps along two directions, and a forward pass."""
    import torch

    from tests.benchmarks.torch_side import network

    torch.manual_seed(0)
    one = case(NAME)
    x, y = (torch.from_numpy(array[:SAMPLES]) for array in data(one))
    x = x.permute(0, 3, 1, 2).contiguous()
    net = network(one).eval()
    loss = torch.nn.CrossEntropyLoss()
    centre = [p.detach().clone() for p in net.parameters()]
    directions = []
    for _ in range(2):
        drawn = [torch.randn_like(p) if p.dim() > 1 else torch.zeros_like(p) for p in centre]
        for d, p in zip(drawn, centre, strict=True):
            if p.dim() > 1:
                axes = tuple(range(1, p.dim()))
                lengths = [(t * t).sum(axes, keepdim=True).sqrt() for t in (p, d)]
                d.mul_(lengths[0] / (lengths[1] + 1e-10))
        directions.append(drawn)

    def measure(a: float, b: float) -> float:
        with torch.no_grad():
            for p, w, first, second in zip(net.parameters(), centre, *directions, strict=True):
                p.copy_(w + a * first + b * second)
            return float(loss(net(x), y))

    return measure


if __name__ == "__main__":
    if sys.argv[1] == "own":
        serve({"points": _points, "whole": _whole})
    else:
        import torch

        torch.set_num_threads(int(sys.argv[1]))
        serve({"points": lambda count: _timed(_theirs(), count)})
