"""The commands that branch a run, open another one, rename, delete, and bring back. All of them can be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.arguments import Place
from app.bus import CommandError
from app.document import Act, DataRef
from app.text import tr

if TYPE_CHECKING:
    from app.engine.state import Opened, RunLabel
    from app.workspace import WindowContext


class RunCommands:
    """Handlers of ``run.branch``, ``run.switch``, ``run.rename``, ``run.delete`` and ``run.undelete``.

    What a run is and which one is open the engine knows: what undo has to take back is asked of it, before the document
    shows the settings that belong to the run.
    """

    def __init__(self, context: WindowContext) -> None:
        self._context = context
        for name, handler, label in (
            ("run.branch", self.branch, tr("Branch the run")),
            ("run.switch", self.switch, tr("Open another run")),
            ("run.rename", self.rename, tr("Rename a run")),
            ("run.delete", self.delete, tr("Delete a run")),
            ("run.undelete", self.undelete, tr("Bring back a run")),
        ):
            context.bus.register(name, handler, label=label)

    def branch(self, step: Place | None = None) -> None:
        """Go on with another run from a step of the open one."""

        def done(run: str) -> None:
            # "1.2" is a branch of "1".
            act = Act(self._opening(run.rpartition(".")[0]), self._opening(run))
            self._record(tr("Branch the run"), act, "run.branched", run=run)

        self._context.engine.catch_up()
        self._context.engine.ask("branch", done=done, step=step)

    def switch(self, run: str) -> None:
        """Open another run, with its settings."""
        self._known(run)

        def done(opened: Opened) -> None:
            if opened.before == run:
                return
            act = Act(self._opening(opened.before), self._opening(run))
            # The engine has these settings already: for it nothing changes by this edit.
            self._record(
                tr("Open run {id}", id=run), act, "run.switched", _parts_of(opened), run=run
            )

        self._context.engine.open_run(run, done)

    def rename(self, run: str, name: str) -> None:
        """Call a run by another name; without one it is called by its number."""
        before = self._known(run).given
        act = Act(
            self._asking("rename_run", run=run, name=before),
            self._asking("rename_run", run=run, name=name),
        )

        def done(_: object) -> None:
            self._record(tr("Rename run {id}", id=run), act, "run.renamed", run=run, to=name)

        self._context.engine.ask("rename_run", done=done, run=run, name=name)

    def delete(self, run: str) -> None:
        """Leave a run out of the project; until the project is closed it can be brought back."""
        self._known(run)
        act = Act(self._asking("undelete_run", key=run), self._asking("delete_run", key=run))

        def done(_: object) -> None:
            self._record(tr("Delete run {id}", id=run), act, "run.deleted", run=run)

        self._context.engine.ask("delete_run", done=done, key=run)

    def undelete(self, run: str) -> None:
        """Bring back a run that was deleted."""
        act = Act(self._asking("delete_run", key=run), self._asking("undelete_run", key=run))

        def done(_: object) -> None:
            self._record(tr("Bring back run {id}", id=run), act, "run.undeleted", run=run)

        self._context.engine.ask("undelete_run", done=done, key=run)

    # Inside

    def _known(self, run: str) -> RunLabel:
        """Return what is known of a run of the project."""
        for one in self._context.engine.state.runs:
            if one.id == run:
                return one
        raise CommandError(tr("There is no run {id} in this project.", id=repr(run)))

    def _record(
        self, label: str, act: Act, event: str, parts: dict[str, Any] | None = None, **values: Any
    ) -> None:
        self._context.document.record(label, act, **(parts or {}))
        self._context.document.mark_unsaved()
        self._context.bus.emit(event, **values)

    def _asking(self, question: str, **arguments: Any) -> Callable[[], object]:
        """Return what asks the engine; a refusal is shown."""
        return lambda: self._context.engine.ask(question, done=lambda _: None, **arguments)

    def _opening(self, run: str) -> Callable[[], None]:
        def done(_: Opened) -> None:
            self._context.bus.emit("run.switched", run=run)

        return lambda: self._context.engine.open_run(run, done)


def _parts_of(opened: Opened) -> dict[str, Any]:
    work = opened.work
    return {
        "network": work.network,
        "training": work.training,
        "data": DataRef(work.data, dict(work.parameters)),
    }
