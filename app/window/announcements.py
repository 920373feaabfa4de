"""What happened while a run went on is told: saved, stopped early, diverged, kept, deleted, opened again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.bus import Command, Event
from app.text import number, tr

if TYPE_CHECKING:
    from app.widgets import Banner, Toast
    from app.workspace import WindowContext

_REWIND = 10


class Announcements:
    """Sentences over the window, with what can be done about them.

    Parameters
    ----------
    context
        The window's document, bus and engine.
    toast, banner
        Where they are shown: for a while, or until it is over.
    do
        Does a command and tells of a refusal.
    """

    def __init__(
        self, context: WindowContext, toast: Toast, banner: Banner, do: Callable[..., Any]
    ) -> None:
        self.context, self.toast, self.banner = context, toast, banner
        self._do = do
        self._divergence = ""
        self._of_copy = ""
        context.engine.snapshot_ready.connect(self._copy_may_be_over)

    def hear(self, message: Command | Event) -> None:
        """A message of the bus."""
        if message.name == "run.diverged" and isinstance(message, Event):
            self._show_divergence(message.values)
        elif message.name in ("run.stopped-early", "run.rate-reduced"):
            self._tell_happening(message)
        elif message.name == "run.begun-anew" and isinstance(message, Event):
            self._tell_of_kept_run(message.values)
        elif message.name == "run.deleted" and isinstance(message, Event):
            self._tell_of_deleted_run(message.values)
        elif message.name in ("inside.saved", "race.saved") and isinstance(message, Event):
            self.toast.show_message(tr("Saved {path}", path=message.values["path"]))
        elif message.name == "run.opened-again" and isinstance(message, Event):
            self._tell_of_run_again(message.values)

    def saved(self, path: str) -> None:
        """The project is in its file."""
        snapshot = self.context.engine.latest
        copy = snapshot.whatif if snapshot is not None else None
        if copy is None:
            self.toast.show_message(tr("Saved {path}", path=path))
            return
        keep = ("toast-keep", tr("Keep"), lambda: self._do("step.whatif_keep"))
        self._of_copy = tr(
            "Saved {path}. A file holds the run and not the what-if copy: what you put in by hand is not in it.",
            path=path,
        )
        self.toast.show_message(
            self._of_copy, 8.0, keep if any(edit.keeps for edit in copy.edits) else None
        )

    def _copy_may_be_over(self) -> None:
        """What was said of a what-if copy is taken back when there is none any more: it was kept, or left."""
        snapshot = self.context.engine.latest
        if self._of_copy and snapshot is not None and snapshot.whatif is None:
            if self.toast.text == self._of_copy:
                self.toast.hide()
            self._of_copy = ""

    def _tell_happening(self, message: Command | Event) -> None:
        from app.engine.happenings import words

        if isinstance(message, Event):
            self.toast.show_message(words(message.name, message.values), seconds=8.0)

    def _tell_of_kept_run(self, values: dict[str, Any]) -> None:
        kept = str(values["kept"])
        sentence = tr(
            "With {change} training begins anew, as run {run}. Run {kept} is kept with all it has learned.",
            change=values["change"], run=values["run"], kept=kept,
        )  # fmt: skip
        self.context.document.mark_unsaved()
        action = (
            "toast-back", tr("Back to run {id}", id=kept), lambda: self._do("run.switch", run=kept)
        )  # fmt: skip
        self.toast.show_message(sentence, 12.0, action)

    def _tell_of_deleted_run(self, values: dict[str, Any]) -> None:
        run = str(values["run"])
        back = lambda: self._do("run.undelete", run=run)  # noqa: E731 - as beside it
        self.toast.show_message(
            tr("Run {run} is deleted.", run=run),
            12.0,
            ("toast-undelete", tr("Bring it back"), back),
        )

    def _tell_of_run_again(self, values: dict[str, Any]) -> None:
        self.context.document.mark_unsaved()
        self.toast.show_message(
            tr(
                "Run {run} was trained with these settings and is open again, at step {step}.",
                run=values["run"], step=number(values["step"]),
            )
        )  # fmt: skip

    def divergence_is_over(self) -> None:
        """The run is somewhere else, or trains on."""
        if self._divergence and self.banner.text == self._divergence:
            self.banner.hide()
        self._divergence = ""

    def _show_divergence(self, values: dict[str, Any]) -> None:
        step = int(values.get("step", 0))
        sentence = str(values.get("sentence") or self.context.engine.state.reason)

        def rewind() -> None:
            self._do("run.seek", step=max(0, step - _REWIND))

        def slower() -> None:
            from core import schedules

            rate = self.context.document.training.optimizer.get("learning_rate", 0.01)
            if isinstance(rate, dict):
                lower: Any = schedules.get(rate).scaled(0.1).to_document()
            else:
                lower = float(rate) / 10
            self._do("training.configure", learning_rate=lower)
            rewind()

        self._divergence = sentence
        self.banner.show_message(sentence, [
            ("rewind", tr("Rewind {count} steps", count=_REWIND), rewind),
            ("lower-learning-rate", tr("lr / 10"), slower),
        ])  # fmt: skip
