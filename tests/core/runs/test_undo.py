"""The undo ring: what it still holds it gives back exactly, however small it is and however one goes to and fro."""

from __future__ import annotations

import random

import numpy as np
import pytest

from core.kernels import state as S
from core.runs.undo import UndoRing
from tests.core.networks import RUNS


@pytest.mark.parametrize("name", ["mlp", "partial"])
@pytest.mark.parametrize("size", [1, 700, 2_500, 9_000, 20_000, None])
def test_going_to_and_fro_gives_back_every_bit(name: str, size: int | None) -> None:
    program = RUNS[name]().program
    # Without the scratch of kernels, which nobody reads.
    mem = program.mem[: program.plan.values]
    ring = UndoRing(size)
    choose = random.Random(size or 7)
    past: list[tuple[int, np.ndarray, np.ndarray]] = []
    pc, most, fell_out = 0, 0, False
    for turn in range(1500):
        # Mostly forwards, then mostly back, and so on.
        if choose.random() < (0.8 if turn // 100 % 2 == 0 else 0.3) or not len(ring):
            past.append((pc, mem.copy(), program.state.copy()))
            assert ring.run(program, pc, pc + 1) == (pc + 1, False)
            pc += 1
            if pc == len(program.kinds):
                program.state[S.STEP] += 1
                pc = 0
            assert 1 <= len(ring) <= len(past)
            fell_out |= len(ring) < len(past)
            past = past[-len(ring) :]
            most = max(most, len(ring))
        else:
            before, values, state = past.pop()
            pc = ring.pop(program)
            assert pc == before
            np.testing.assert_array_equal(mem, values)
            np.testing.assert_array_equal(program.state, state)
    assert fell_out == (size is not None and size < 20_000)
    if size is None or size >= 2_500:
        assert most > 2


def test_a_ring_that_was_cleared_begins_anew() -> None:
    program = RUNS["mlp"]().program
    ring = UndoRing(9_000)
    for pc in range(20):
        ring.run(program, pc, pc + 1)
    ring.clear()
    assert not len(ring)
    before = program.mem[: program.plan.values].copy()
    ring.run(program, 20, 21)
    assert ring.pop(program) == 20
    np.testing.assert_array_equal(program.mem[: program.plan.values], before)
