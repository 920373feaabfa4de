"""Questions that begin, change and end a what-if copy of the present step. The worker shows what it then is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from app.engine.questions import question
from app.engine.questions.samples import prepared, sample_words
from app.text import tr
from core.errors import ChainruleError
from core.runs.samples import Samples
from core.tape.table_data import DataTable

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.runs.keeping import Kept

Cells = tuple[tuple[int, str, tuple[int, ...], float], ...]


@question("whatif_edit")
def edit(
    session: Session, *, tensor: str, cells: list[tuple[int, ...]], values: list[float]
) -> None:
    """Put numbers in by hand, all or none (see `core.runs.scratch.Scratch.edit`)."""
    session.put_in(tensor, [tuple(cell) for cell in cells], values)


@question("whatif_take_back")
def take_back(session: Session, *, tensor: str, cell: tuple[int, ...]) -> None:
    """Let one number be what it was."""
    session.take_back(tensor, tuple(cell))


@question("whatif_discard")
def discard(session: Session) -> None:
    """Look at the run again."""
    session.end_whatif()


@question("whatif_keep")
def keep(session: Session) -> Kept:
    """Put the weights into the run."""
    if session.scratch is None:
        raise ChainruleError(tr("There is no what-if copy to keep anything of."))
    return session.keep_weights()


@question("whatif_put")
def put(session: Session, *, cells: Cells) -> None:
    """Put numbers into the run's weights: `core.runs.keeping.put`."""
    session.put_weights(cells)


@question("whatif_sample")
def sample(session: Session, *, data: str, part: str, index: int) -> None:
    """Make the batch of one sample of a data set (empty: the run's own)."""
    own = prepared(session, data, part)
    if not 0 <= index < len(own):
        raise ChainruleError(
            tr("There are {count} samples, numbered from 1; there is no number {number}.",
               count=f"{len(own):,}", number=index + 1)
        )  # fmt: skip

    def one(table: DataTable) -> DataTable:
        return DataTable(table.array[index : index + 1], table.scale)

    given = Samples([one(t) for t in own.inputs], [one(t) for t in own.targets])
    session.step_with(given, sample_words(session, data, part, index))


@question("whatif_typed")
def typed(session: Session, *, inputs: list[Any], targets: list[Any]) -> None:
    """Make the batch of numbers typed in: a list for each input and each target, as the network sees them."""
    tape = session.run.program.tape
    tables = []
    places = [*tape.inputs.values(), *tape.targets.values()]
    if len(places) != len(inputs) + len(targets):
        raise ChainruleError(
            tr("The network has {inputs} inputs and {targets} targets.", inputs=len(tape.inputs),
               targets=len(tape.targets))
        )  # fmt: skip
    for t, given in zip(places, (*inputs, *targets), strict=True):
        array = np.asarray(given, np.float32).ravel()
        if array.size != t.size or not np.isfinite(array).all():
            raise ChainruleError(
                tr(
                    "{name} needs {count} numbers for a sample.",
                    name=t.symbol or t.name,
                    count=t.size,
                )
            )
        tables.append(DataTable(array[None]))
    count = len(tape.inputs)
    session.step_with(Samples(tables[:count], tables[count:]), tr("typed in by hand"))
