"""Questions about instructions and cells: how a number came about, where it goes, whether a gradient is right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from app.engine import explaining
from app.engine.probing import read
from app.engine.questions import question
from app.snapshots import Probe
from app.text import tr
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.engine.session import Session


@contextmanager
def of_this_program(session: Session, instruction: int) -> Iterator[None]:
    """Answer a question about an instruction or a cell that an edit has taken away with a sentence."""
    gone = tr("The network was changed; this number is not computed any more.")
    if not 0 <= instruction < len(session.shown.program.instructions):
        raise ChainruleError(gone)
    try:
        yield
    except (IndexError, KeyError) as error:
        raise ChainruleError(gone) from error


@question("explain")
def explain(
    session: Session, *, instruction: int, cell: tuple[int, ...], output: str | None = None
) -> object:
    """How a number came about (`app.engine.explaining.Explained`)."""
    with of_this_program(session, instruction):
        return explaining.explain(session.shown, instruction, tuple(cell), output)


@question("uses")
def uses(session: Session, *, instruction: int, role: str, cell: tuple[int, ...]) -> object:
    """The cells of an instruction's output that read a cell of an operand."""
    with of_this_program(session, instruction):
        return session.shown.program.uses(instruction, role, tuple(cell))


@question("tensor")
def tensor(session: Session, *, name: str, rows: Any = None) -> np.ndarray:
    """A whole tensor, or some of its rows."""
    if name not in session.shown.program.tape.tensors:
        raise ChainruleError(tr("The program has no value called {name}.", name=repr(name)))
    value = read(session.shown.program, Probe(name, rows))
    assert value is not None
    return value


@question("numeric_check")
def numeric_check(session: Session, *, tensor: str, cell: tuple[int, ...]) -> dict[str, float]:
    """The gradient of a weight from two runs of the forward pass, in float64."""
    from app.engine.checking import numeric_gradient

    return {"numeric": numeric_gradient(session.shown, tensor, tuple(cell))}
