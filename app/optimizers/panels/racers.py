"""The racers: ranked by their loss, with what they are set to; the learner adds, sets and removes them here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from app import theme
from app.bus import CommandError
from app.optimizers.adding import AddRacers
from app.optimizers.race_settings import RaceSettings
from app.optimizers.racer_editor import RacerEditor
from app.panels import PanelKind
from app.scenes.race_ranking import LOW, ROW, KeptRow, RaceRow, ranked, rows
from app.text import tr
from app.widgets import Button, Control, Label, ScrollPanel
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession

#: Who keeps the clock while rows change places; how much of the way they go in a second, and when they are there.
_OWNER, _QUICK, _THERE = "race-ranking", 14.0, 0.5
ORDERS = ("loss", "race")


class RacerButton(Control):
    """One racer's row: a click looks at it, a double click or Enter opens its settings.

    Parameters
    ----------
    panel
        Where it stands.
    identifier
        Of the racer.
    """

    def __init__(self, panel: RacersPanel, identifier: str) -> None:
        super().__init__(panel.inside)
        self.setObjectName(f"race-racer-{identifier}")
        self.id, self._panel = identifier, panel
        self.row: RaceRow | None = None
        self._kept = KeptRow()
        self.focus_radius = 0
        # It covers all that is beneath it: of a list that moves nothing else is painted.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setToolTip(tr("A click looks at it; a double click or Enter opens its settings"))
        self.edit = Button(
            name=f"race-racer-{identifier}-settings", kind="ghost", icon="adjustments", icon_size=14, height=24
        )  # fmt: skip
        self.edit.setParent(self)
        self.edit.hide()
        self.edit.clicked.connect(lambda: panel.edit(identifier))
        self.clicked.connect(lambda: panel.choose(identifier))
        self.show()

    def show_row(self, row: RaceRow) -> None:
        """Show other words, if they are."""
        if row != self.row:
            self.row = row
            self.update()

    def name(self) -> None:
        """Say what it shows to those who do not see it; many times a second is of no use to them."""
        row = self.row
        if row is not None and self.accessibleName() != row.words:
            self.setAccessibleName(row.words)
            words = tr("Settings of {name}", name=row.title)
            self.edit.setAccessibleName(words)
            self.edit.setToolTip(words)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            # Whoever has clicked a racer wants Space to play, as everywhere.
            event.ignore()
            return False
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = self.row
            if row is not None:
                parts = (row.title, row.settings, row.position, row.gone, row.finish_words)
                words = "\n".join((*(one for one in parts if one), self.toolTip()))
                QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    @property
    def chosen(self) -> bool:
        """Whether it is looked at."""
        return self._panel.session.racer == self.id

    def follow(self) -> None:
        """Show the button of its settings where it is wanted."""
        self.edit.setVisible(self.hovered or self.hasFocus() or self.edit.hasFocus())
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(248, round(ROW))

    def enterEvent(self, event: Any) -> None:
        super().enterEvent(event)
        self.follow()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.follow()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.follow()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # Tab goes on to the button, which must be there then.
        if event.reason() != Qt.FocusReason.TabFocusReason:
            self.follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.edit.move(self.width() - 32, self.height() - 32)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._panel.edit(self.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._panel.key(self.id, event):
            super().keyPressEvent(event)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.row is not None:
                room = 28.0 if not self.edit.isHidden() else 0.0
                self._kept.paint(
                    painter, self.width(), self.height(), theme.current(), self.row, chosen=self.chosen,
                    hovered=self.hovered, buttons=room,
                )  # fmt: skip
            else:
                painter.fillRect(self.rect(), theme.current().bg1)
        finally:
            painter.end()


class RacersPanel(QWidget):
    """See the module's text.

    Parameters
    ----------
    session
        What the panels share.
    """

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self.setObjectName("race-racers-panel")
        self.setAccessibleName(tr("Racers"))
        self.session = session
        self._rows: dict[str, RacerButton] = {}
        self._tops: dict[str, float] = {}
        self._goals: dict[str, float] = {}
        self._high = ROW
        self._moving = False
        self._step = -1
        session.offer("order", "loss", _check_order)
        session.offer("finish", None, _check_finish)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._area = ScrollPanel(name="race-racers-list")
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.inside = QWidget()
        self.inside.setProperty("clear", True)
        self.inside.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.inside.installEventFilter(self)
        self._area.body.addWidget(self.inside)
        self.empty = Label(
            tr("Nobody is in the race. Add a racer."), "body", "tx2", name="race-racers-empty", wrap=True
        )  # fmt: skip
        self.empty.setContentsMargins(16, 16, 16, 16)
        self._area.body.addWidget(self.empty)
        self._area.body.addStretch(1)
        column.addWidget(self._area)
        self._make_controls()
        session.context.theme_changed.connect(self.update)
        self._follow_race()

    def _make_controls(self) -> None:
        self._head = QWidget()
        row = QHBoxLayout(self._head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.subtitle = Label("", "label", "tx2", name="race-racers-order")
        row.addWidget(self.subtitle)
        row.addStretch(1)
        self.more = Button(name="race-settings", kind="ghost", icon="settings")
        self.more.setAccessibleName(tr("The race"))
        self.more.setToolTip(tr("Length of the race, seed, finish line, order of the racers"))
        self.add = Button(name="race-add", kind="ghost", icon="plus")
        self.add.setAccessibleName(tr("Add racers"))
        self.add.setToolTip(tr("Add racers"))
        self.more.clicked.connect(self._open_settings)
        self.add.clicked.connect(self._open_adding)
        for one in (self.more, self.add):
            row.addWidget(one)
        self._popovers: dict[str, Any] = {}

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._head

    def set_compact(self, level: int) -> None:
        """Leave out words where there is little room."""
        self.subtitle.setVisible(level == 0)
        before, self._high = self._high, ROW if level < 2 else LOW
        self._goals = {one: goal / before * self._high for one, goal in self._goals.items()}
        self._place(jump=True)

    # -- popovers

    def _open_settings(self) -> None:
        if "settings" not in self._popovers:
            self._popovers["settings"] = RaceSettings(self.more, self.session)
        self._popovers["settings"].open()

    def _open_adding(self) -> None:
        if "add" not in self._popovers:
            self._popovers["add"] = AddRacers(self.add, self.session)
        self._popovers["add"].open()

    def edit(self, identifier: str) -> None:
        """Open the settings of a racer."""
        self.choose(identifier)
        row = self._rows.get(identifier)
        if row is None:
            return
        before = self._popovers.pop("editor", None)
        if before is not None:
            before.close_popover()
            before.setParent(None)
            before.deleteLater()
        self._popovers["editor"] = editor = RacerEditor(row, self.session, identifier)
        editor.open()

    # -- what is shown

    def showEvent(self, event: QShowEvent) -> None:
        session = self.session
        session.racers_changed.connect(self._follow_race)
        session.paths_changed.connect(self._follow_values)
        session.moved.connect(self._follow_time)
        session.playing_changed.connect(self._follow_time)
        session.chosen.connect(self._follow_chosen)
        self._follow_race()
        self._follow_chosen()

    def hideEvent(self, event: QHideEvent) -> None:
        session = self.session
        session.racers_changed.disconnect(self._follow_race)
        session.paths_changed.disconnect(self._follow_values)
        session.moved.disconnect(self._follow_time)
        session.playing_changed.disconnect(self._follow_time)
        session.chosen.disconnect(self._follow_chosen)
        self._rest()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # The list has its width after the panel has, and another one when a scroll bar comes or goes.
        if watched is self.inside and event.type() == QEvent.Type.Resize:
            for row in self._rows.values():
                row.resize(self.inside.width(), row.height())
        return super().eventFilter(watched, event)

    def _finish(self) -> float | None:
        value = self.session.toggles["finish"]
        return None if value is None else float(value)

    def _follow_race(self) -> None:
        known = [one.id for one in self.session.race.racers]
        for identifier in [one for one in self._rows if one not in known]:
            gone = self._rows.pop(identifier)
            gone.hide()
            gone.deleteLater()
            self._tops.pop(identifier, None)
        for identifier in known:
            if identifier not in self._rows:
                self._rows[identifier] = RacerButton(self, identifier)
        self.empty.setVisible(not known)
        self._follow_values()
        for row in self._rows.values():
            row.follow()

    @Slot()
    def _follow_time(self) -> None:
        # Between two steps nothing here moves.
        session = self.session
        if session.due(0) and (session.step != self._step or not session.playing):
            self._follow_values()

    @Slot()
    def _follow_values(self) -> None:
        session = self.session
        self._step = session.step
        # While the race was changed and is not computed yet, what is known of it is of the one before.
        found = rows(session.race, session.answer, session.step, self._finish())
        for row in found:
            if row.id in self._rows:
                self._rows[row.id].show_row(row)
                if not session.playing:
                    self._rows[row.id].name()
        before, order = self._goals, found if session.toggles["order"] == "race" else ranked(found)
        self._goals = {row.id: place * self._high for place, row in enumerate(order)}
        if self._goals != before:
            self._place()

    @Slot()
    def _follow_chosen(self) -> None:
        by_loss = self.session.toggles["order"] == "loss"
        self.subtitle.setText(tr("ranked by loss") if by_loss else tr("as they were added"))
        self._follow_values()
        for row in self._rows.values():
            row.follow()
        chosen = self._rows.get(self.session.racer)
        for identifier, row in self._rows.items():
            focus = Qt.FocusPolicy.StrongFocus if row is chosen else Qt.FocusPolicy.ClickFocus
            row.setFocusPolicy(focus)
            del identifier
        # With the keyboard, the focus goes along.
        if any(row.hasFocus() for row in self._rows.values()) and chosen is not None:
            chosen.setFocus(Qt.FocusReason.TabFocusReason)

    # -- rows that change places

    def _place(self, jump: bool = False) -> None:
        still = bool(self.session.context.settings.get("reduced_motion", False))
        wide, high = self.inside.width(), round(self._high)
        for identifier, row in self._rows.items():
            goal = self._goals.get(identifier, 0.0)
            if jump or still or identifier not in self._tops:
                self._tops[identifier] = goal
            row.setGeometry(0, round(self._tops[identifier]), wide, high)
        self.inside.setFixedHeight(high * len(self._rows))
        if any(abs(self._tops[one] - self._goals.get(one, 0.0)) > _THERE for one in self._rows):
            self._go()

    def _go(self) -> None:
        if not self._moving and self.isVisible():
            self._moving = True
            self.session.context.clock.tick.connect(self._on_tick)
            self.session.context.clock.want(_OWNER)

    def _rest(self) -> None:
        if self._moving:
            self._moving = False
            self.session.context.clock.tick.disconnect(self._on_tick)
            self.session.context.clock.release(_OWNER)
        self._place(jump=True)

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        there = True
        for identifier, row in self._rows.items():
            goal, top = self._goals.get(identifier, 0.0), self._tops[identifier]
            if abs(goal - top) > _THERE:
                there = False
                self._tops[identifier] = top + (goal - top) * min(1.0, _QUICK * seconds)
                row.move(0, round(self._tops[identifier]))
            elif top != goal:
                self._tops[identifier] = goal
                row.move(0, round(goal))
        if there:
            self._rest()

    # -- keys

    def choose(self, identifier: str) -> None:
        """Look at a racer."""
        if identifier != self.session.racer:
            self.session.context.do("race.choose", id=identifier)

    def shown_order(self) -> list[str]:
        """Ids from top to bottom."""
        return sorted(self._rows, key=lambda one: self._goals.get(one, 0.0))

    def key(self, identifier: str, event: QKeyEvent) -> bool:
        """Act on a key at a row; tells whether it did."""
        key, order, do = event.key(), self.shown_order(), self.session.context.do
        place = order.index(identifier)
        steps = {
            Qt.Key.Key_Down: place + 1, Qt.Key.Key_Up: place - 1, Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(order) - 1,
        }  # fmt: skip
        if key in steps:
            self.choose(order[max(0, min(len(order) - 1, steps[Qt.Key(key)]))])
            self._reveal(self.session.racer)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            after = order[place + 1 : place + 2] or order[max(0, place - 1) : place]
            do("race.remove", id=identifier)
            if after and after[0] in self._rows:
                self.choose(after[0])
                self._rows[after[0]].setFocus(Qt.FocusReason.TabFocusReason)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self.edit(identifier)
        elif key == Qt.Key.Key_D and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            do("race.duplicate", id=identifier)
        else:
            return False
        return True

    def _reveal(self, identifier: str) -> None:
        area: QScrollArea = self._area
        top = round(self._goals.get(identifier, 0.0))
        area.ensureVisible(0, top, 0, 0)
        area.ensureVisible(0, top + round(self._high), 0, 0)


def _check_order(value: Any) -> None:
    if value not in ORDERS:
        raise CommandError(
            tr("Racers are listed by {known}, not by {value!r}.", known=", ".join(ORDERS), value=value)
        )  # fmt: skip


def _check_finish(value: Any) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (number and abs(value) < 1e300):
        raise CommandError(
            tr("The finish line is a loss, a finite number, and not {value!r}.", value=value)
        )


PANEL = PanelKind(
    "racers", "racers", tr("Racers"), tr("All racers, with their loss and their settings"), 10, RacersPanel,
)  # fmt: skip
