"""Where a number came from, term by term, and which instructions it goes into."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from app.engine import explaining
from app.engine.questions import question
from app.engine.questions.places import of_this_program
from app.traces import Destination, Index, Origin, Term
from core.expressions import (
    Call,
    Elided,
    Expr,
    Product,
    Ref,
    Sum,
    Symbol,
    children,
    elide,
    evaluate,
    references,
)
from core.long_sums import LongSum
from core.tape.explanation import Explanation, Reading

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.tape.tensors import Tensor

#: Sums of fewer terms are read as a formula, of more as a table.
WORTH_A_TABLE = 3
#: So many terms are kept for the table.
KEPT = 400
#: So many cells of a destination are kept for marking.
MARKED = 4096
#: An embedding's gradient may go into a whole vocabulary: its cells are not listed beyond this.
TOO_MANY = 100_000


@question("origin")
def origin(
    session: Session, *, instruction: int, cell: tuple[int, ...], output: str | None = None
) -> Origin:
    """How a number came about, with every cell that made it."""
    with of_this_program(session, instruction):
        found = explaining.explain(session.shown, instruction, tuple(cell), output)
    numbers = found.numbers
    whole = _longest(found.expression)
    if isinstance(whole, LongSum):
        return _long_origin(session, found, whole)

    def value(part: Expr) -> float:
        return evaluate(part, lambda tensor, at: numbers[tensor, at])

    terms = list(whole.terms) if whole is not None else []
    shown = [term for term in terms if not _silent(term, value)]
    kept = shown[:KEPT]
    rest = math.fsum(value(term) for term in shown[KEPT:])
    dropped = {id(term) for term in terms} - {id(term) for term in shown}
    sources: dict[str, dict[Index, None]] = {}
    for ref in _references(found.expression, dropped):
        sources.setdefault(ref[0], {})[ref[1]] = None
    batch = {name for name, t in session.shown.program.tape.tensors.items() if t.batch}
    rows = [_row(term, batch) for term in kept]
    over_samples = len(set(rows) - {None}) > 1
    sums = [value(term) for term in kept]
    total = math.fsum(sums) + rest
    short = elide(found.expression)
    frame = None
    if whole is not None:
        frame = _instead(found.expression, whole, Symbol(r"\Sigma", total))
    written = {
        (ref.tensor, ref.index) for part in (short, *kept) for ref in references(_visible(part))
    }
    if frame is not None:
        written |= {(ref.tensor, ref.index) for ref in references(frame)}
    return Origin(
        found.instruction, found.tensor, found.cell, short, frame,
        tuple(Term(term, number, row if over_samples else None)
              for term, number, row in zip(kept, sums, rows, strict=True)),
        len(terms), len(terms) - len(shown), rest, total, found.value, found.kernel_value,
        MappingProxyType({key: numbers[key] for key in written if key in numbers}),
        MappingProxyType({name: _indices(at) for name, at in sources.items()}),
        getattr(found, "before", MappingProxyType({})),
    )  # fmt: skip


def _long_origin(session: Session, found: Explanation, whole: LongSum) -> Origin:
    """The same for a sum of thousands of terms: only those that are listed are written out."""
    before: Mapping[str, np.ndarray] = getattr(found, "before", MappingProxyType({}))
    program = session.shown.program
    read = Reading(lambda name: before[name] if name in before else program.tensor(name))
    values = whole.values(read.array, read)
    kept = whole.part(0, KEPT)
    batch = next((cells for cells in whole.factors if cells.batch), None)
    rows = [None] * len(kept) if batch is None else batch.index[:KEPT, 0].tolist()
    short = elide(found.expression)
    total = float(values.sum())
    frame = _instead(found.expression, whole, Symbol(r"\Sigma", total))
    parts = (frame, *kept, *whole.part(whole.count - 1, whole.count))
    for ref in (ref for part in parts for ref in references(part)):
        read(ref.tensor, ref.index)
    sources = {cells.tensor: _frozen(cells.index) for cells in whole.factors}
    return Origin(
        found.instruction, found.tensor, found.cell, short, frame,
        tuple(Term(term, float(value), row) for term, value, row in zip(kept, values, rows)),
        whole.count, 0, float(values[KEPT:].sum()), total, found.value, found.kernel_value,
        MappingProxyType(read.numbers), MappingProxyType(sources), before,
    )  # fmt: skip


@question("destinations")
def destinations(
    session: Session, *, tensor: str, cell: tuple[int, ...], after: int = -1
) -> tuple[Destination, ...]:
    """Every instruction that reads a number made by instruction `after` (-1: that is there from the start)."""
    program = session.shown.program
    with of_this_program(session, max(after, 0)):
        t: Tensor = program.tape.tensors[tensor]
        row, own = (cell[:1], cell[1:]) if t.batch else ((), tuple(cell))
        flat = t.offset + (int(np.ravel_multi_index(own, t.shape)) if t.shape else 0)
    found = []
    for number, line in enumerate(program.tape.instructions):
        for role, operand in line.inputs.items():
            if operand.buffer is not t.buffer:
                continue
            at = flat - operand.offset
            if not 0 <= at < operand.size:
                continue
            inside = np.unravel_index(at, operand.shape) if operand.shape else ()
            place = (*row, *map(int, inside))
            if line.op == "embed_grad" and line.output.size > TOO_MANY:
                none = np.zeros((0, len(line.output.shape)), np.int32)
                found.append(Destination(number, role, line.output.name, none, line.output.size))
                continue
            cells = program.uses(number, role, place)
            if cells:
                marked = _indices(dict.fromkeys(cells[:MARKED]))
                found.append(
                    Destination(number, role, line.output.name, marked, len(cells), number <= after)
                )
    return tuple(sorted(found, key=lambda one: (one.next_step, one.instruction)))


def _longest(expr: Expr) -> Sum | None:
    """The sum of most terms, the outermost of several; None if none has enough of them."""
    best: Sum | None = None
    stack = [expr]
    while stack:
        part = stack.pop(0)
        if isinstance(part, Sum) and part.count >= WORTH_A_TABLE:
            if best is None or part.count > best.count:
                best = part
            # Sums inside its terms belong to the terms.
            continue
        stack += children(part)
    return best


def _instead(expr: Expr, old: Expr, new: Expr) -> Expr:
    """`expr` with one of its parts written as something else."""
    if expr is old:
        return new
    changes: dict[str, Any] = {}
    for name, part in vars(expr).items():
        if isinstance(part, tuple) and name in ("terms", "factors", "arguments"):
            changes[name] = tuple(_instead(one, old, new) for one in part)
        elif name in ("numerator", "denominator", "base", "exponent", "x"):
            changes[name] = _instead(part, old, new)
    return replace(expr, **changes) if changes else expr  # type: ignore[type-var, unused-ignore]


def _silent(term: Expr, value: Any) -> bool:
    """Whether a term is 0 because a label says so: another token's row, another class."""
    return isinstance(term, Product) and any(
        isinstance(factor, Call) and factor.function == "equal" and value(factor) == 0
        for factor in term.factors
    )


def _references(expr: Expr, dropped: set[int]) -> Iterator[tuple[str, Index]]:
    stack = [expr]
    while stack:
        part = stack.pop()
        if id(part) in dropped:
            continue
        if isinstance(part, Ref):
            yield part.tensor, tuple(part.index)
        else:
            stack += children(part)


def _visible(expr: Expr) -> Expr:
    """The same without what is not written out."""
    if isinstance(expr, Sum):
        return Sum(tuple(t for t in expr.terms if not isinstance(t, Elided)))
    return expr


def _row(term: Expr, batch: set[str]) -> int | None:
    """The sample a term is of, if it is of one."""
    rows = {at[0] for name, at in _references(term, set()) if name in batch}
    return rows.pop() if len(rows) == 1 else None


def _indices(cells: dict[Index, None]) -> np.ndarray:
    return _frozen(np.array(list(cells), np.int32).reshape(len(cells), -1))


def _frozen(cells: np.ndarray) -> np.ndarray:
    found = np.array(cells, np.int32)
    found.setflags(write=False)
    return found
