"""What each instruction of a step costs: ``python -m tests.benchmarks.profile [tiny|small|...|digits-cnn] [--all]``.

Every instruction is run many times alone, through the machine; rounds are interleaved and the lowest counts, so that a
busy machine shows the same table. The whole step is timed too: if it takes longer than the table adds up to, memory is
read from further away than by an instruction alone.
Kernels are summed up at the end, with what a written element costs.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from core.kernels import machine
from core.ops.base import operation
from tests.benchmarks import cases, rows
from tests.benchmarks.own_side import run_of

ROUNDS = 9
#: Instructions that are shown, unless all are asked for.
SHOWN = 25


def main(given: list[str] | None = None) -> int:
    """Print the instructions, the most expensive first."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.profile", description=__doc__)
    parser.add_argument(
        "name", nargs="?", default="cnn", help="a shape that is raced, or a template"
    )
    parser.add_argument(
        "--all", action="store_true", help="every instruction, in the order of the tape"
    )
    chosen = parser.parse_args(given)
    run = subject(chosen.name)
    program = run.program
    run.advance(3)
    one_by_one, whole = measure(program)
    cost = one_by_one.min(axis=0) * 1e6
    total = float(cost.sum())
    print(f"{rows.processor()}; load {rows.load():.1f}")
    print(f"{chosen.name}: {whole.min() * 1e6:.1f} us a step; {len(cost)} instructions alone add up to "
          f"{total:.1f} us")  # fmt: skip
    order = range(len(cost)) if chosen.all else np.argsort(-cost)[:SHOWN]
    for k in order:
        ins = program.instructions[int(k)]
        shape = "x".join(map(str, program.tensor(ins.writes[0]).shape)) or "1"
        print(f"  {cost[k]:9.2f} us {100 * cost[k] / total:5.1f} %  {k:3d} {ins.phase:8s} {ins.op:26s} "
              f"{shape:16s} {ins.title}")  # fmt: skip
    by_kernel(program, cost)
    return 0


def subject(name: str) -> Any:
    """A run of a raced shape, or of a template on its data."""
    if name in [one.name for one in cases.RACES]:
        return run_of(name)
    from core import data, templates
    from core.runs import Run

    template = templates.load(name)
    dataset = data.load(template.data.id, **template.data.parameters)
    return Run(template.network, template.training, dataset)


def measure(program: Any) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of every instruction alone (rounds, instructions), and of whole steps (rounds,)."""
    count = len(program.kinds)
    one_by_one, whole = np.zeros((ROUNDS, count)), np.zeros(ROUNDS)
    tape = (program._kernels, program.ints, program.reals)
    for r in range(ROUNDS):
        began = perf_counter()
        for _ in range(10):
            machine.run_range(*tape, program.mem, program.state, 0, count)
        whole[r] = (perf_counter() - began) / 10
        for k in range(count):
            # The same instruction many times in one call: a tape of its own.
            times = int(np.clip(1e-3 / max(one_by_one[r - 1, k], 1e-6), 20, 200)) if r else 20
            alone = [np.repeat(part[k : k + 1], times, axis=0) for part in tape]
            began = perf_counter()
            machine.run_range(*alone, program.mem, program.state, 0, times)
            one_by_one[r, k] = (perf_counter() - began) / times
    return one_by_one, whole


def by_kernel(program: Any, cost: np.ndarray) -> None:
    """Sum up by kernel; of each the nanoseconds a written element."""
    spent: dict[str, float] = defaultdict(float)
    written: dict[str, int] = defaultdict(int)
    number: dict[str, int] = defaultdict(int)
    for k, ins in enumerate(program.tape.instructions):
        kernel = operation(ins.op).kernel
        spent[kernel] += float(cost[k])
        number[kernel] += 1
        shown = program.instructions[k]
        written[kernel] += sum(prod(program.tensor(name).shape) for name in shown.writes)
    print("\nby kernel")
    for kernel in sorted(spent, key=lambda name: -spent[name]):
        share = 100 * spent[kernel] / cost.sum()
        print(f"  {spent[kernel]:9.2f} us {share:5.1f} %  {number[kernel]:4d} x {kernel:30s} "
              f"{1e3 * spent[kernel] / max(written[kernel], 1):8.2f} ns an element")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
