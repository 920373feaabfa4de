"""The commands that branch a run and open another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.text import tr

if TYPE_CHECKING:
    from app.workspace import WindowContext


def register(context: WindowContext) -> None:
    """Carry out ``run.branch`` and ``run.switch``."""

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

    context.bus.register("run.branch", branch, label=tr("Branch the run"))
    context.bus.register("run.switch", switch, label=tr("Open another run"))
