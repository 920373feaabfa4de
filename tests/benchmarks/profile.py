"""What each instruction of a step costs: ``python -m tests.benchmarks.profile [mlp|cnn]``.

Every instruction is run many times alone, through the machine; rounds are interleaved and medians taken. The whole
step is timed too: a table that adds up to much more than it means that memory is read from further away than alone.
"""

from __future__ import annotations

import sys
from time import perf_counter

import numpy as np

from core.kernels import machine
from tests.benchmarks import races

ROUNDS = 9


def main(name: str = "cnn") -> int:
    """Print the instructions, the most expensive first."""
    run = races.run(name)
    program = run.program
    run.advance(3)
    count = len(program.kinds)
    one_by_one = np.zeros((ROUNDS, count))
    whole = np.zeros(ROUNDS)
    for r in range(ROUNDS):
        began = perf_counter()
        for _ in range(10):
            machine.run_range(
                program._kernels,
                program.ints,
                program.reals,
                program.mem,
                program.state,
                0,
                count,
            )
        whole[r] = (perf_counter() - began) / 10
        for k in range(count):
            # The same instruction many times in one call: a tape of its own.
            kernels = np.repeat(program._kernels[k : k + 1], 20)
            ints = np.repeat(program.ints[k : k + 1], 20, axis=0)
            reals = np.repeat(program.reals[k : k + 1], 20, axis=0)
            began = perf_counter()
            machine.run_range(kernels, ints, reals, program.mem, program.state, 0, 20)
            one_by_one[r, k] = (perf_counter() - began) / 20
    cost = np.median(one_by_one, axis=0) * 1e6
    total = float(cost.sum())
    print(
        f"{races.TITLES[name]}: {np.median(whole) * 1e6:.0f} us a step; instructions alone add up to {total:.0f} us"
    )
    for k in np.argsort(-cost)[:20]:
        shown = program.instructions[int(k)]
        shape = "x".join(map(str, program.tensor(shown.writes[0]).shape)) or "1"
        print(
            f"  {cost[k]:8.1f} us {100 * cost[k] / total:5.1f} %  {k:3d} {shown.op:28s} {shape:16s} {shown.title}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
