"""The chain rule of a gradient: one path from the loss back to it, and the other ways it could go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.engine.explaining import lasting
from app.engine.questions import question
from app.text import tr
from core.errors import ChainruleError
from core.tape.chain import Chain, Chains

if TYPE_CHECKING:
    from app.engine.session import Session


@question("chain")
def chain(
    session: Session,
    *,
    tensor: str,
    cell: Sequence[int],
    through: Sequence[Sequence[Any]] = (),
    row: int | None = None,
) -> Chain:
    """One path (`core.tape.chain`); `through` are pairs of a tensor and a cell, one for each level."""
    run = session.shown
    if tensor not in run.program.tape.tensors:
        raise ChainruleError(tr("The network was changed; this number is not computed any more."))
    before = lasting(run)
    # Between two steps all of the one just done is there.
    last = run.pc or (len(run.program.instructions) if run.step_start is not None else 0)

    def look_up(name: str, at: tuple[int, ...]) -> float:
        return float(before[name][at]) if name in before else run.program._value(name, at)

    chains = Chains(run.program, look_up, lambda index: index < last)
    at = tuple(int(k) for k in cell)
    if chains.writer(tensor, at) is None:
        raise ChainruleError(
            tr(
                "this is no gradient by itself. The backward pass turns, spreads or copies numbers here for the "
                "instruction that follows."
            )
        )
    places = [(str(name), tuple(int(k) for k in at)) for name, at in through]
    return chains.chain(tensor, at, places, row)
