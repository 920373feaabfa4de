"""Every instruction explains the cells it writes: the expression gives the kernel's number, and says what it reads."""

from __future__ import annotations

import re

import pytest

from core import losses
from core.ops import operation, operations
from core.tape.program import Program
from tests.core.golden import layers, our_side
from tests.core.golden.layers.case import LayerCase
from tests.core.ops import explaining
from tests.core.ops.programs import PROGRAMS
from tests.core.subjects import Subject, bound, each, layer_subjects

by_program = pytest.mark.parametrize("name", PROGRAMS)
CASES = layers.all_cases()
by_case = pytest.mark.parametrize(
    ("part", "case"), CASES, ids=[f"{part}: {case.name}" for part, case in CASES]
)
#: Instructions of the same operation, shapes and constants are tried once in a test run.
SEEN: set[tuple[object, ...]] = set()
READ: set[tuple[object, ...]] = set()
TYPESET: set[tuple[object, ...]] = set()
TITLED: set[tuple[object, ...]] = set()
#: Every cell of an output is asked what it mentions; of larger ones the small cases tell as much.
LARGEST = 1500


def start(name: str) -> Program:
    """A program before its first computed instruction, with the batch in place."""
    program = PROGRAMS[name]()
    if program.tables:
        program.run(0, explaining.first(program))
    return program


@by_program
def test_the_formula_of_a_cell_gives_the_kernels_number(name: str) -> None:
    explaining.formulas_give_the_kernels_numbers(start(name))


@by_program
def test_what_reads_a_cell_is_what_mentions_it(name: str) -> None:
    program = start(name)
    program.run(explaining.first(program))
    explaining.what_reads_a_cell_mentions_it(program, set())


@by_program
def test_an_instruction_says_what_it_does(name: str) -> None:
    explaining.instructions_say_what_they_do(start(name), TITLED)


@by_program
def test_the_formula_of_a_cell_can_be_typeset(name: str) -> None:
    program = start(name)
    program.run(explaining.first(program))
    explaining.formulas_can_be_typeset(program, TYPESET)


def explained(program: Program) -> None:
    """All of it, of what was not seen before."""
    explaining.formulas_give_the_kernels_numbers(program, SEEN)
    explaining.what_reads_a_cell_mentions_it(program, READ, LARGEST)
    explaining.instructions_say_what_they_do(program, TITLED)
    explaining.formulas_can_be_typeset(program, TYPESET)


@each(layer_subjects())
def test_every_layer_in_every_setting_is_explained(subject: Subject) -> None:
    explained(bound(subject.network, losses.get("mean_squared_error"), rows=2))


def of_case(case: LayerCase) -> Program:
    """A case as in training, if Keras has numbers of that, or as in prediction."""
    loss = losses.get("mean_squared_error") if case.training else None
    mode = "check" if case.training else "predict"
    return bound(our_side.network_of(case), loss, rows=case.rows, mode=mode)


@pytest.mark.wide
@by_case
def test_every_case_compared_with_keras_is_explained(part: str, case: LayerCase) -> None:
    explained(of_case(case))


def test_what_only_the_cases_do_is_explained() -> None:
    seen = {
        explaining.rough_kind(ins)
        for subject in layer_subjects()
        if not subject.wide
        for ins in bound(subject.network, losses.get("mse")).tape.instructions
    }
    for _, case in CASES:
        program = of_case(case)
        kinds = {explaining.rough_kind(ins) for ins in program.tape.instructions}
        if not kinds <= seen:
            seen |= kinds
            explained(program)


def test_every_operation_is_in_one_of_the_programs() -> None:
    programs = [make() for make in PROGRAMS.values()]
    used = {ins.op for program in programs for ins in program.tape.instructions}
    loss = losses.get("mean_squared_error")
    for subject in layer_subjects():
        used |= {ins.op for ins in bound(subject.network, loss).tape.instructions}
    for _, case in CASES:
        used |= {ins.op for ins in of_case(case).tape.instructions}
    assert {op.name for op in operations()} - used == set()


def test_operations_are_found_by_name_and_name_their_kernels() -> None:
    for op in operations():
        assert operation(op.name) is op
        assert re.fullmatch(r"\w+\.\w+", op.kernel)
