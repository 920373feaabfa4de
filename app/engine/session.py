"""What the worker works with: one run, the programs that look at it, and snapshots of both. Worker thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from app.engine.changing import Changing
from app.engine.comparing import Comparing, beside
from app.engine.explaining import explain
from app.engine.probing import read
from app.engine.state import SavedState
from app.engine.tree import saved_state
from app.snapshots import EvaluationView, Probe
from app.text import tr
from core.errors import ChainruleError


class Session(Changing):
    """A session that answers questions, and the whole of it: see `app.engine.standing` for how it begins."""

    def compare(self, run: str, ticket: int = 0) -> Comparing:
        """Return the comparison of another run of the project with the open one, not begun yet."""
        other = self.tree.look_at(run, self.work)
        return Comparing(ticket, self.run, beside(self.run, other, self._limit))

    def rename_run(self, run: str, name: str) -> None:
        """Call a run of the project by another name."""
        self.tree.rename(run, name, self.run)

    def answer(self, question: str, **values: Any) -> Any:
        """Answer a question of `Engine.ask`; one about another `program` than the present one is refused."""
        program = values.pop("program", None)
        if program is not None and program != self._program_view.serial:
            raise ChainruleError(tr("The network was changed; please ask again."))
        known: dict[str, Callable[..., Any]] = {
            "explain": self._explain,
            "uses": self._uses,
            "tensor": self._tensor,
            "predict": self.predict,
            "saved_state": self.saved_state,
            "branch": self.branch,
            "switch_run": self.switch_run,
            "rename_run": self.rename_run,
            "delete_run": self.tree.delete,
            "undelete_run": self.tree.undelete,
            "evaluation": self._whole_evaluation,
            "numeric_check": self._numeric_check,
        }
        return known[question](**values)

    def _explain(
        self, instruction: int, cell: tuple[int, ...], output: str | None = None
    ) -> object:
        with self._of_this_program(instruction):
            return explain(self.run, instruction, tuple(cell), output)

    def _uses(self, instruction: int, role: str, cell: tuple[int, ...]) -> object:
        with self._of_this_program(instruction):
            return self.run.program.uses(instruction, role, tuple(cell))

    @contextmanager
    def _of_this_program(self, instruction: int) -> Iterator[None]:
        """Answer a question about an instruction or a cell that an edit has taken away with a sentence."""
        gone = tr("The network was changed; this number is not computed any more.")
        if not 0 <= instruction < len(self.run.program.instructions):
            raise ChainruleError(gone)
        try:
            yield
        except (IndexError, KeyError) as error:
            raise ChainruleError(gone) from error

    def _tensor(self, name: str, rows: Any = None) -> np.ndarray:
        if name not in self.run.program.tape.tensors:
            raise ChainruleError(tr("The program has no value called {name}.", name=repr(name)))
        value = read(self.run.program, Probe(name, rows))
        assert value is not None
        return value

    def _whole_evaluation(self) -> EvaluationView | None:
        for _ in self.evaluation():
            pass
        return self.evaluation_view

    def _numeric_check(self, tensor: str, cell: tuple[int, ...]) -> dict[str, float]:
        from app.engine.checking import numeric_gradient

        return {"numeric": numeric_gradient(self.run, tensor, tuple(cell))}

    def saved_state(self) -> SavedState:
        """Return what a project file holds of the runs."""
        return saved_state(self.run, self.tree)
