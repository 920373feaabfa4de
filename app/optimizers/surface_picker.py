"""Which surface is raced on: the best known ones side by side, all others a click away, and a typed one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.optimizers.formula_popover import FormulaPopover
from app.optimizers.surface_cards import SurfaceCards
from app.optimizers.surface_settings import SurfaceSettings, has_settings
from app.text import tr
from app.widgets import Button, Label, Segmented
from core import landscape
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from app.widgets import Popover

#: Those side by side.
COMMON = ("beale", "rosenbrock", "himmelblau", "saddle")
_LONGEST = 22


class SurfacePicker(QWidget):
    """See the module's text. Where there is little room only the chosen one is there, and leads to the others.

    Parameters
    ----------
    session
        The race.
    """

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self.setObjectName("race-picker")
        self._session = session
        self._popover: Popover | None = None
        #: The surface that is shown.
        self._shown: dict[str, Any] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.common = Segmented(
            [(name, landscape.surface(name).title) for name in COMMON], name="race-surface", label=tr("Surface"),
        )  # fmt: skip
        for name in COMMON:
            self.common.segment(name).setToolTip(landscape.surface(name).note)
        self.common.chosen.connect(lambda name: session.context.do("race.surface", kind=name))
        self.more = Button(
            tr("More"), name="race-surface-more", kind="tool", trailing="chevron-down"
        )
        self.more.clicked.connect(self.open_cards)
        self.typed = Button("f(x, y)", name="race-surface-type", kind="tool")
        self.typed.setAccessibleName(tr("Type a surface"))
        self.typed.setToolTip(tr("Type a surface of your own: any formula of x and y"))
        self.typed.clicked.connect(self.open_formula)
        self.settings = Button(name="race-surface-set", kind="tool", icon="adjustments")
        self.settings.setAccessibleName(tr("Settings of the surface"))
        self.settings.setToolTip(tr("Settings of the surface"))
        self.settings.clicked.connect(self.open_settings)
        self.note = Label("", "label", "tx2", name="race-contours")
        self.note.hide()
        row.addWidget(self.note)
        row.addStretch(1)
        for widget in (self.common, self.more, self.typed, self.settings):
            row.addWidget(widget)
        session.race_changed.connect(self.refresh)
        self.refresh()

    # -- room

    def _needed(self, *, whole: bool) -> int:
        shown = [self.more, self.typed, *([self.settings] if self._adjustable else [])]
        wide = sum(one.sizeHint().width() for one in shown) + 8 * (len(shown) - 1)
        # The button to all surfaces may have another name then.
        name, metrics = self._words(whole)[0], self.more.fontMetrics()
        wide += metrics.horizontalAdvance(name) - metrics.horizontalAdvance(self.more.text())
        return wide + (self.common.sizeHint().width() + 8 if whole else 0)

    def sizeHint(self) -> QSize:
        return QSize(self._needed(whole=True), 28)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._needed(whole=False), 28)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def say(self, words: str) -> None:
        """Say something beside the choice, where there is room for it."""
        if words != self.note.text():
            self.note.setText(words)
            self._make_room()

    def _make_room(self) -> None:
        whole = self.width() >= self._needed(whole=True)
        beside = self.note.sizeHint().width() + 8
        self.note.setVisible(
            bool(self.note.text()) and self.width() >= self._needed(whole=True) + beside
        )
        if whole == self.common.isHidden():
            self.common.setVisible(whole)
            self._name()

    # -- what it shows

    @property
    def _kind(self) -> str:
        return str(self._session.race.surface.get("kind", ""))

    @property
    def _adjustable(self) -> bool:
        return has_settings(self._kind)

    @Slot()
    def refresh(self) -> None:
        """Show which surface is raced on."""
        surface = self._session.race.surface
        if surface == self._shown:
            return
        self._shown = surface
        self.common.set_value(self._kind if self._kind in COMMON else "")
        self.settings.setVisible(self._adjustable)
        self._name()
        self.updateGeometry()
        self._make_room()

    def _words(self, whole: bool) -> tuple[str, str]:
        """The button to all surfaces has the name of one that has no segment; returns that and its tooltip."""
        title, tip = tr("More"), tr("All surfaces")
        if self._kind not in COMMON or not whole:
            try:
                surface = landscape.from_document(self._session.race.surface)
                title, tip = surface.title, f"{surface.title}. {surface.note}\n{tr('All surfaces')}"
            except ChainruleError:
                pass
        if len(title) > _LONGEST:
            title = title[: _LONGEST - 1] + "…"
        return title, tip

    def _name(self) -> None:
        title, tip = self._words(not self.common.isHidden())
        self.more.setText(title)
        self.more.setAccessibleName(tr("Surface: {title}", title=title))
        self.more.setToolTip(tip)
        self.more.updateGeometry()

    # -- popovers

    def _toggle(self, made: Popover, anchor: QWidget) -> None:
        """Open it, or close it if it is open."""
        before, self._popover = self._popover, None
        if before is not None and before.isVisible():
            before.close_popover()
            if before is made:
                return
        self._popover = made
        made.open()

    def open_cards(self) -> None:
        """Show all surfaces."""
        if not hasattr(self, "cards"):
            self.cards = SurfaceCards(self.more, self._session)
        self._toggle(self.cards, self.more)

    def open_formula(self) -> None:
        """Show the field to type in."""
        if not hasattr(self, "formula"):
            self.formula = FormulaPopover(self.typed, self._session)
        self._toggle(self.formula, self.typed)

    def open_settings(self) -> None:
        """Show the settings of the surface."""
        known = getattr(self, "chosen", None)
        if known is None or known.kind != self._kind:
            if known is not None:
                known.close_popover()
                known.deleteLater()
            self.chosen = SurfaceSettings(self.settings, self._session)
        self._toggle(self.chosen, self.settings)
