"""What every kernel costs an element: ``python -m tests.benchmarks.kernels [part of a name ...] [--all]``.

Networks are made of every layer and activation of the registries behind one that learns, and of losses over many
outputs, with tensors of tens of thousands of numbers; each instruction is timed alone, the best of some rounds. What is
listed is nanoseconds for each element that it writes or reads, whichever are more, where it is slowest. A vectorised
loop takes 0.05 to 1 ns; more is marked, because a scalar loop or a function of libm shows there. Convolutions of single
channels do some ten multiply-adds an element; rows of three numbers leave most of a register empty.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from time import perf_counter

import numpy as np

from core import activations, losses
from core.errors import ChainruleError
from core.kernels import machine
from core.kernels.processor import CHOSEN
from core.layers import registry
from core.ops.base import operation
from core.spec import Network
from core.tape.program import Program
from tests.benchmarks import rows
from tests.core.networks import chain
from tests.core.subjects import bound, smallest

#: Above this a kernel is marked, in nanoseconds an element.
SLOW = 1.5
#: Tensors of fewer elements say more of the call than of the loop.
SMALLEST = 2000
ROUNDS, TIMES = 7, 5

SHAPES = {
    "an image of 3 channels": (24, 24, 3),
    "an image of 8 channels": (24, 24, 8),
    "an image of 32 channels": (12, 12, 32),
    "a sequence": (32, 24),
    "a list": (512,),
}


def networks() -> Iterator[tuple[str, Network, str]]:
    """What is in it, the network, and its loss."""
    for name in activations.registry.names():
        layers = ({"units": 4}, {"units": 512, "activation": name}, {"units": 2})
        yield name, chain((512,), *[("Dense", config) for config in layers]), "mse"
    for kind in registry.kinds():
        for what, shape in SHAPES.items():
            layer = (kind.__name__, smallest(kind))
            try:
                # A layer that learns comes first, so that the gradient of the input is asked for.
                network = chain(
                    shape, ("PReLU", {}), layer, ("Flatten", {}), ("Dense", {"units": 2})
                )
            except ChainruleError:
                continue
            yield f"{kind.__name__} of {what}", network, "mse"
    for name in losses.SHORT:
        wide = chain((16,), ("Dense", {"units": 512, "activation": "sigmoid"}))
        yield f"{name} of 512 outputs", wide, name
        few = chain((64, 16), ("Dense", {"units": 10, "activation": "softmax"}))
        yield f"{name} of 64 times 10 outputs", few, name


def costs(program: Program) -> Iterator[tuple[str, float]]:
    """(kernel, nanoseconds an element) of every instruction that is large enough."""
    tape = (program._kernels, program.ints, program.reals)
    for k, ins in enumerate(program.tape.instructions):
        kernel, shown = operation(ins.op).kernel, program.instructions[k]
        read = max((program.tensor(name).size for name in shown.operands.values()), default=0)
        size = max(read, sum(program.tensor(name).size for name in shown.writes))
        if size < SMALLEST or shown.phase == "data" or kernel == "products.products":
            continue
        alone = [np.repeat(part[k : k + 1], TIMES, axis=0) for part in tape]
        took = []
        for _ in range(ROUNDS):
            began = perf_counter()
            machine.run_range(*alone, program.mem, program.state, 0, TIMES)
            took.append((perf_counter() - began) / TIMES)
        yield kernel, min(took) / size * 1e9


def main(given: list[str] | None = None) -> int:
    """Print the kernels, the slowest first."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.kernels", description=__doc__)
    parser.add_argument("names", nargs="*", help="only kernels in whose name one of these is")
    parser.add_argument("--all", action="store_true", help="fast ones too")
    chosen = parser.parse_args(given)
    slowest: dict[str, tuple[float, str]] = {}
    for what, network, loss in networks():
        try:
            program = bound(network, losses.get(loss), rows=32, dtype=np.float32)
            program.run()
        except (ChainruleError, ValueError):
            continue  # labels for outputs that are none, tokens for a layer that reads numbers
        for kernel, cost in costs(program):
            if cost > slowest.get(kernel, (0.0, ""))[0]:
                slowest[kernel] = (cost, what)
    print(f"{rows.processor()}; {CHOSEN.name}; load {rows.load():.1f}; {len(slowest)} kernels")
    for kernel, (cost, what) in sorted(slowest.items(), key=lambda item: -item[1][0]):
        if chosen.names and not any(name in kernel for name in chosen.names):
            continue
        if cost > SLOW or chosen.all or chosen.names:
            print(f"  {kernel:40s} {cost:8.2f} ns  {'slow' if cost > SLOW else '    '}  {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
