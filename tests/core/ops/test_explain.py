"""Every instruction explains the cells it writes: the expression gives the kernel's number, and says what it reads."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from core.expressions import elide, references, to_tex
from core.ops import operation, operations
from core.tape.program import Program
from tests.core.ops.programs import PROGRAMS
from tests.core.subjects import in_place

#: Results that have no formula: they are drawn or fetched, and explain themselves.
GIVEN = {"choose_batch", "gather", "dropout_mask"}
#: Operands that no cell's formula mentions: given for their shape, or a detail the formula does without.
SILENT = {
    ("gather", "chosen"),
    ("dropout_mask", "like"),
    ("score_grad", "like"),
    # The maximum is known from x; the kernel reads y to save time.
    ("max_pool2d_grad", "y"),
    # A sum's companion: how many were added.
    ("accumulate", "count"),
    # The learning rate is in every cell's formula; marking every weight would say nothing.
    ("sgd", "rate"),
    ("momentum", "rate"),
    ("adam", "rate"),
}
by_program = pytest.mark.parametrize("name", PROGRAMS)


def start(name: str) -> Program:
    """A program before its first computed instruction, with the batch in place."""
    program = PROGRAMS[name]()
    if program.tables:
        program.run(0, first(program))
    return program


def first(program: Program) -> int:
    return next(k for k, ins in enumerate(program.tape.instructions) if ins.phase != "data")


def some_cells(
    program: Program, tensor: str, rng: np.random.Generator, count: int
) -> list[tuple[int, ...]]:
    shape = program.tensor(tensor).shape
    if np.prod(shape, dtype=int) <= count:
        return list(np.ndindex(*shape))
    return [tuple(int(rng.integers(0, n)) for n in shape) for _ in range(count)]


@by_program
def test_the_formula_of_a_cell_gives_the_kernels_number(name: str) -> None:
    program = start(name)
    rng = np.random.default_rng(0)
    for k in range(first(program), len(program.kinds)):
        ins = program.tape.instructions[k]
        cells = some_cells(program, ins.output.name, rng, 5)
        before = {cell: program.explain(k, cell).value for cell in cells} if in_place(ins) else {}
        program.run(k, k + 1)
        for cell in cells:
            found = program.explain(k, cell)
            expected = before.get(cell, found.value)
            kernel = program.value(ins.output.name, cell)
            assert found.kernel_value == kernel
            assert kernel == pytest.approx(expected, rel=1e-9, abs=1e-12), (k, ins.op, cell)
            if ins.op in GIVEN:
                assert [(r.tensor, r.index) for r in references(found.expression)] == [
                    (ins.output.name, cell)
                ]


@by_program
def test_what_reads_a_cell_is_what_mentions_it(name: str) -> None:
    program = start(name)
    program.run(first(program))
    rng = np.random.default_rng(0)
    seen: set[tuple[object, ...]] = set()
    for k, ins in enumerate(program.tape.instructions):
        # A long tape repeats itself: each operation once for each combination of shapes.
        shape = (
            ins.op,
            *(t.shape for t in ins.inputs.values()),
            ins.output.shape,
            *sorted(map(str, ins.attributes)),
        )
        if ins.op in GIVEN or shape in seen:
            continue
        seen.add(shape)
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


@by_program
def test_an_instruction_says_what_it_does(name: str) -> None:
    program = start(name)
    for k, shown in enumerate(program.instructions):
        ins = program.tape.instructions[k]
        assert shown.title.strip()
        assert "None" not in shown.title
        assert shown.op == ins.op
        assert shown.writes == tuple(t.name for t in ins.outputs.values())
        assert all(name in program.tensors for name in (*shown.writes, *shown.operands.values()))
        # One time step is typeset like another.
        assert renders(re.sub(r"⟨\d+⟩", "⟨1⟩", shown.formula)), shown.formula


@by_program
def test_the_formula_of_a_cell_can_be_typeset(name: str) -> None:
    program = start(name)
    program.run(first(program))
    seen = set()
    for k, ins in enumerate(program.tape.instructions):
        if ins.op in seen:
            continue
        seen.add(ins.op)
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


def test_every_operation_is_in_one_of_the_programs() -> None:
    used = {ins.op for make in PROGRAMS.values() for ins in make().tape.instructions}
    assert {op.name for op in operations()} - used == set()


def test_operations_are_found_by_name_and_name_their_kernels() -> None:
    for op in operations():
        assert operation(op.name) is op
        assert re.fullmatch(r"\w+\.\w+", op.kernel)
