"""A popover on the present moment of the run: it goes away when the run moves on, or another one is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.widgets import Popover

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.step.session import StepSession


class PassingPopover(Popover):
    """What it shows and covers belongs to the moment at which it was opened."""

    def __init__(
        self, anchor: QWidget, session: StepSession, *, name: str, title: str, width: int
    ) -> None:
        super().__init__(anchor, name=name, title=title, width=width)
        self._session = session
        self._opened_at: Any = None
        session.changed.connect(self._on_session)

    def open(self) -> None:
        """Show it, for as long as the run stands where it does."""
        self._opened_at = self._moment()
        super().open()

    def _moment(self) -> Any:
        snapshot = self._session.snapshot
        if snapshot is None:
            return None
        program = snapshot.program.serial if snapshot.program is not None else None
        return program, snapshot.position.step, snapshot.position.pc

    def _on_session(self) -> None:
        if self.isVisible() and self._moment() != self._opened_at:
            self.close_popover()
