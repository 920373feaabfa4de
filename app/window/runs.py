"""The commands that branch a run, open another one, rename and delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.text import tr

if TYPE_CHECKING:
    from app.workspace import WindowContext


def register(context: WindowContext) -> None:
    """Carry out ``run.branch``, ``run.switch``, ``run.rename`` and ``run.delete``."""

    def branch(step: int | None = None) -> None:
        def done(run: str) -> None:
            context.document.mark_unsaved()
            context.bus.emit("run.branched", run=run)

        context.engine.catch_up()
        context.engine.ask("branch", done=done, step=step)

    def switch(run: str) -> None:
        def done(settings: tuple[Any, Any]) -> None:
            network, training = settings
            # The engine has these already: for it nothing changes by this edit.
            context.document.edit(tr("Open run {id}", id=run), network=network, training=training)
            context.document.mark_unsaved()
            context.bus.emit("run.switched", run=run)

        context.engine.catch_up()
        context.engine.ask("switch_run", done=done, run=run)

    def rename(run: str, name: str) -> None:
        def done(_: object) -> None:
            context.document.mark_unsaved()
            context.bus.emit("run.renamed", run=run, to=name)

        context.engine.ask("rename_run", done=done, run=run, name=name)

    def delete(run: str) -> None:
        def done(_: object) -> None:
            context.document.mark_unsaved()
            context.bus.emit("run.deleted", run=run)

        context.engine.ask("delete_run", done=done, key=run)

    context.bus.register("run.rename", rename, label=tr("Rename a run"))
    context.bus.register("run.delete", delete, label=tr("Delete a run"))
    context.bus.register("run.branch", branch, label=tr("Branch the run"))
    context.bus.register("run.switch", switch, label=tr("Open another run"))
