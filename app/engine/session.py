"""What the worker works with: one run, the programs that look at it, and snapshots of both. Worker thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.engine.answers import LongAnswer
from app.engine.comparing import beside
from app.engine.explaining import leaving_off
from app.engine.questions import answering
from app.engine.state import SavedState
from app.engine.tree import saved_state
from app.engine.whatif import WhatIf
from app.snapshots import EvaluationView
from app.text import tr
from core.errors import ChainruleError

#: Questions whose answers are formulas, which may have thousands of terms: they are left off when the learner goes on.
_FORMULAS = frozenset({"explain", "origin", "chain"})


class Session(WhatIf):
    """A session that answers questions, and the whole of it: see `app.engine.standing` for how it begins."""

    def compare(self, run: str, ticket: int = 0) -> LongAnswer:
        """Return the comparison of another run of the project with the open one, not begun yet."""
        other = self.tree.look_at(run, self.work)
        return LongAnswer(ticket, self.run, beside(self.run, other, self._limit))

    def rename_run(self, run: str, name: str) -> None:
        """Call a run of the project by another name."""
        self.tree.rename(run, name, self.run)

    def answer(self, question: str, **values: Any) -> Any:
        """Answer a question of `Engine.ask`; one about another `program` than the present one is refused."""
        program = values.pop("program", None)
        if program is not None and program != self._program_view.serial:
            raise ChainruleError(tr("The network was changed; please ask again."))
        known: dict[str, Callable[..., Any]] = {
            "predict": self.predict,
            "saved_state": self.saved_state,
            "branch": self.branch,
            "switch_run": self.switch_run,
            "rename_run": self.rename_run,
            "delete_run": self.tree.delete,
            "undelete_run": self.tree.undelete,
            "evaluation": self._whole_evaluation,
        }
        if question in known:
            return known[question](**values)
        if question in _FORMULAS:
            with leaving_off(self.hurry):
                return answering(question)(self, **values)
        return answering(question)(self, **values)

    def _whole_evaluation(self) -> EvaluationView | None:
        for _ in self.evaluation():
            pass
        return self.evaluation_view

    def saved_state(self) -> SavedState:
        """Return what a project file holds of the runs."""
        return saved_state(self.run, self.tree)
