"""What has to hold between a kernel, the formula of a cell, and what is said to read a cell."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from core.expressions import elide, references, to_tex
from core.ops import operations
from core.ops.base import Instruction
from core.ops.update import Update
from core.optimizers import Optimizer
from core.tape.program import Program
from tests.core.subjects import in_place

#: Results that have no formula: they are drawn or fetched, and explain themselves.
GIVEN = {"choose_batch", "gather", *(op.name for op in operations() if op.random)}
#: Numbers that all weights of an update share.
SHARED = {name for cls in Optimizer.kinds.values() for name in cls.shared}
#: Operands that no cell's formula mentions: given for their shape, or a detail the formula does without.
SILENT = {
    ("gather", "chosen"),
    *((name, "like") for name in GIVEN),
    ("score_grad", "like"),
    ("fill", "like"),
    # What the steps that count add up to is in mean and variance.
    ("masked_normalize", "mask"),
    # The maximum is known from x; the kernel reads y to save time.
    ("max_pool2d_grad", "y"),
    # A sum's companion: how many were added.
    ("accumulate", "count"),
    # The learning rate is in every cell's formula; marking every weight would say nothing.
    *(
        (op.name, key)
        for op in operations()
        if isinstance(op, Update)
        for key in ("rate", "keep", *SHARED)
    ),
    ("clip_to_norm", "norm"),
    # Its place is known; the rate is not in the formula of its first output.
    ("nadam_factors", "rate"),
}


def first(program: Program) -> int:
    """The first instruction after those that fetch data."""
    phases = [ins.phase for ins in program.tape.instructions]
    return next((k for k, phase in enumerate(phases) if phase != "data"), len(phases))


def kind_of(ins: Instruction) -> tuple[object, ...]:
    """What makes an instruction another one than those seen before: operation, shapes, constants."""
    return (
        ins.op,
        *((t.shape, t.batch, t.packed) for t in ins.inputs.values()),
        ins.output.shape,
        *sorted(map(str, ins.attributes.items())),
    )


def rough_kind(ins: Instruction) -> tuple[object, ...]:
    """The same without shapes and numbers: operation, which operands it has, how it is asked to work."""
    how = [item for item in ins.attributes.items() if isinstance(item[1], (str, bool, type(None)))]
    return (ins.op, *ins.inputs, *sorted(map(str, how)))


def some_cells(
    program: Program, tensor: str, rng: np.random.Generator, count: int
) -> list[tuple[int, ...]]:
    """Random cells of a tensor; all of a small one."""
    shape = program.tensor(tensor).shape
    if np.prod(shape, dtype=int) <= count:
        return list(np.ndindex(*shape))
    return [tuple(int(rng.integers(0, n)) for n in shape) for _ in range(count)]


def formulas_give_the_kernels_numbers(
    program: Program, seen: set[tuple[object, ...]] | None = None, count: int = 5
) -> None:
    """Run the program instruction by instruction and compare random cells; kinds in `seen` are only run."""
    rng = np.random.default_rng(0)
    for k in range(first(program), len(program.kinds)):
        ins = program.tape.instructions[k]
        if seen is not None and kind_of(ins) in seen:
            program.run(k, k + 1)
            continue
        if seen is not None:
            seen.add(kind_of(ins))
        cells = [
            (out.name, cell)
            for out in ins.outputs.values()
            for cell in some_cells(program, out.name, rng, count)
        ]
        before = (
            {(name, cell): program.explain(k, cell, name).value for name, cell in cells}
            if in_place(ins)
            else {}
        )
        program.run(k, k + 1)
        for name, cell in cells:
            found = program.explain(k, cell, name)
            expected = before.get((name, cell), found.value)
            kernel = program.value(name, cell)
            assert found.kernel_value == kernel
            assert kernel == pytest.approx(expected, rel=1e-9, abs=1e-12), (k, ins.op, name, cell)
            if name == ins.output.name:
                assert program.explain(k, cell) == found
            if ins.op in GIVEN:
                assert [(r.tensor, r.index) for r in references(found.expression)] == [(name, cell)]


def what_reads_a_cell_mentions_it(
    program: Program, seen: set[tuple[object, ...]], limit: int = 10**9
) -> None:
    """`uses` is the other direction of `explain`; kinds in `seen` and outputs of more cells than `limit` are left out.

    The program has run.
    """
    rng = np.random.default_rng(0)
    for k, ins in enumerate(program.tape.instructions):
        # A long tape repeats itself: each operation once for each combination of shapes.
        kind = kind_of(ins)
        if ins.op in GIVEN or kind in seen or program.tensor(ins.output.name).size > limit:
            continue
        seen.add(kind)
        readers: dict[tuple[str, tuple[int, ...]], set[tuple[int, ...]]] = defaultdict(set)
        for cell in np.ndindex(*program.tensor(ins.output.name).shape):
            for r in references(program.explain(k, cell).expression):
                readers[r.tensor, r.index].add(cell)
        named = {t.name for t in ins.inputs.values()}
        assert {tensor for tensor, _ in readers} <= named, ins.op
        for tensor in named:
            operands = [key for key, t in ins.inputs.items() if t.name == tensor]
            if all((ins.op, operand) in SILENT for operand in operands):
                assert all(program.uses(k, o, c) == [] or ins.op == "max_pool2d_grad"
                           for o in operands for c in some_cells(program, tensor, rng, 1))  # fmt: skip
                continue
            for cell in some_cells(program, tensor, rng, 12):
                claimed = {c for o in operands for c in program.uses(k, o, cell)}
                assert claimed == readers[tensor, cell], (k, ins.op, operands, cell)


def instructions_say_what_they_do(program: Program, seen: set[tuple[object, ...]]) -> None:
    """Titles, operands and formulas of a tape; operations in `seen`, with the same constants, are left out."""
    for k, ins in enumerate(program.tape.instructions):
        if rough_kind(ins) in seen:
            continue
        seen.add(rough_kind(ins))
        shown = program.instructions[k]
        assert shown.title.strip()
        assert "None" not in shown.title
        assert shown.op == ins.op
        assert shown.writes == tuple(t.name for t in ins.outputs.values())
        assert all(name in program.tensors for name in (*shown.writes, *shown.operands.values()))
        # One time step is typeset like another.
        assert renders(re.sub(r"⟨\d+⟩", "⟨1⟩", shown.formula)), shown.formula


def formulas_can_be_typeset(program: Program, seen: set[tuple[object, ...]]) -> None:
    """The formula of the first cell of each operation, with letters and with numbers; the program has run."""
    for k, ins in enumerate(program.tape.instructions):
        # Shapes only make a formula longer.
        if rough_kind(ins) in seen:
            continue
        seen.add(rough_kind(ins))
        cell = tuple(0 for _ in program.tensor(ins.output.name).shape)
        expression = elide(program.explain(k, cell).expression)
        assert renders(to_tex(expression)), (ins.op, to_tex(expression))
        numbers = to_tex(expression, program.value)
        assert renders(numbers), (ins.op, numbers)
        assert not re.search(r"\+ -|--", numbers), (ins.op, numbers)


@cache
def renders(tex: str) -> bool:
    """True if the typesetter takes it."""
    with warnings.catch_warnings():
        # It opens its font in a way that Python 3.11 deprecates and 3.13 allows again.
        warnings.simplefilter("ignore", DeprecationWarning)
        import ziamath

        return bool(tex) and "<svg" in ziamath.Latex(tex).svg()
