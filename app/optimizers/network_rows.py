"""The racers on the learner's network: with which rate each trains, and what it has come to."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.optimizers.racer_editor import RacerEditor
from app.scenes import draw
from app.scenes.network_race import Line, NetworkChart, make, metrics_of, order
from app.scenes.network_racers import batches_words, brief_of, is_plain, names
from app.scenes.race_looks import looks, paint_marker
from app.text import number, tr
from app.widgets import Button, Label, NumberField, ScrollPanel
from app.widgets.painted import Painted
from core import optimizers

if TYPE_CHECKING:
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from app.theme import Theme
    from core.landscape.race import Racer

HIGH = 60
#: The arrow keys make rates no larger than float32 holds.
_LARGEST = 3e38


class _Compared(NamedTuple):
    """Who is whose twin, and who ran with other settings than now, by racer; `of` is what was compared."""

    of: tuple[Any, ...]
    twins: dict[str, str]
    otherwise: dict[str, tuple[str, str, str]]


class NetworkRow(Painted):
    """One racer: its marker and name, its learning rate to be set, its loss and what was measured besides.

    A click looks at it, a double click or Enter opens its settings, Delete takes it out of the race.
    """

    ring_inset = 2

    def __init__(self, rows: NetworkRows, racer: Racer) -> None:
        super().__init__(f"race-network-row-{racer.id}", "", down=QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HIGH)
        self._rows, self.id = rows, racer.id
        self.rank, self.loss, self.more, self.gone, self.climbed = "", "", "", False, False
        #: What stands for `more` where there is no room for it, and for that; what the loss is of, all of it in words.
        self.short, self.least, self.of, self.told = "", "", "", ""
        #: What it is called, and where there is little room; what is to be known of its batches.
        self.title, self.brief, self.note = "", "", ""
        #: Among those who have not broken; 0 before there is one.
        self.place = 0
        self.rate = NumberField(
            name=f"race-network-rate-{racer.id}", whole=False, step=0.001, minimum=0.0, maximum=_LARGEST, width=78,
            parent=self,
        )  # fmt: skip
        # Rates may be far smaller than what the arrow keys make of them.
        self.rate.setDecimals(12)
        self.rate.setFixedHeight(22)
        self.rate.entered.connect(self._on_rate)
        self.rate.editingFinished.connect(rows.session.context.document.settle)
        self.edit = Button(
            name=f"race-network-settings-{racer.id}", kind="ghost", icon="adjustments", icon_size=14, height=24
        )  # fmt: skip
        self.edit.setParent(self)
        self.edit.hide()
        self.edit.clicked.connect(lambda: rows.edit(self.id))
        self._hovered = False
        for one in (self.rate, self.edit):
            one.installEventFilter(self)

    def show_racer(self, racer: Racer, name: str, size: int) -> None:
        """Call it what the racer is called on the network, where a step takes so many samples."""
        note, brief = batches_words(racer), brief_of(racer, name)
        own = is_plain(racer) and name != racer.name
        title = tr("{name}, batches of {size}", name=name, size=number(size)) if own else name
        if (title, brief, note) == (self.title, self.brief, self.note):
            return
        self.title, self.brief, self.note = title, brief, note
        words = tr("Learning rate of {name}", name=self.title)
        self.rate.setAccessibleName(words)
        self.rate.lineEdit().setAccessibleName(words)
        words = tr("Settings of {name}", name=self.title)
        self.edit.setAccessibleName(words)
        self.edit.setToolTip(words)
        self.tell()

    def sizeHint(self) -> QSize:
        return QSize(220, HIGH)

    def _on_rate(self, value: float) -> None:
        rows = self._rows
        rows.session.context.do("race.network_rate", id=self.id, value=float(value))
        racer = rows.session.race.racer(self.id)
        if racer is not None:
            # What was refused is not shown as if it were so.
            self.rate.set_amount(rows.task.rate(racer))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.rate.move(58, 32)
        self.edit.move(self.width() - 32, HIGH - 29)

    def follow(self) -> None:
        """Show the button of its settings where it is wanted."""
        inside = any(one.hasFocus() for one in (self, self.rate, self.edit))
        self.edit.setVisible(self._hovered or inside)
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.follow()
        return super().eventFilter(watched, event)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._hovered = True
        self.follow()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hovered = False
        self.follow()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.follow()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # Tab goes on to the rate and to the button, which must be there then.
        if event.reason() != Qt.FocusReason.TabFocusReason:
            self.follow()

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        session, width = self._rows.session, self.width()
        chosen = session.racer == self.id
        if chosen:
            draw.fill(painter, 0, 0, width, HIGH, colors.selbg)
            draw.fill(painter, 0, 0, 3, HIGH, colors.pri)
        known = looks(session.race)
        if self.id not in known:
            return
        paint_marker(painter, known[self.id], colors, QPointF(20, 19), 11.0, halo=False)
        loss = tr("diverged") if self.gone else self.loss
        right = width - 14
        wide = draw.advance(loss, 12, mono=not self.gone)
        ink = colors.err if self.gone or self.climbed else colors.loss
        draw.text(painter, right, 23, loss, 12, ink, mono=not self.gone, anchor="end")
        room = max(20.0, right - wide - 8 - 36)
        title = self.title if draw.advance(self.title, 13, 600) <= room else self.brief
        if self.loss and not self.gone:
            beside = right - wide - 12 - draw.advance(self.of, 11)
            if 36 + draw.advance(title, 13, 600) + 8 <= beside:
                draw.text(painter, right - wide - 6, 23, self.of, 11, colors.tx3, anchor="end")
        name = draw.elide(title, 13, room, weight=600)
        draw.text(painter, 36, 23, name, 13, colors.tx, weight=600)
        if self.place:
            draw.text(painter, 20, 47, str(self.place), 11, colors.tx2, mono=True, anchor="middle")
        draw.text(painter, 36, 47, "lr", 11, colors.tx2, mono=True)
        right -= 0 if self.edit.isHidden() else 24
        draw.text(painter, right, 47, self.beside, 11, colors.tx2, anchor="end")
        draw.line(painter, 0, HIGH - 0.5, width, HIGH - 0.5, colors.line)

    @property
    def beside(self) -> str:
        """As much as there is room for beside the rate; numbers are left whole where they can be."""
        room = max(10.0, self.width() - 156 - (0 if self.edit.isHidden() else 24))
        known = [one for one in (self.more, self.short, self.least) if one]
        fitting = (one for one in known if draw.advance(one, 11) <= room)
        return next(fitting, draw.elide(known[-1], 11, room) if known else "")

    def tell(self) -> None:
        """Say what it shows to those who do not see it."""
        parts = (self.rank, self.title, tr("diverged") if self.gone else "", self.told or self.more)
        words = ", ".join(one for one in parts if one)
        self.setAccessibleName(words)
        self.setAccessibleDescription(self.note)
        hint = tr("A click looks at it; a double click or Enter opens its settings")
        self.setToolTip("\n".join(one for one in (words, self.note, hint) if one))
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._rows.choose(self.id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._rows.edit(self.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter in the field of the rate comes here, too.
        if not (self.hasFocus() and self._rows.key(self.id, event)):
            super().keyPressEvent(event)


class NetworkRows(ScrollPanel):
    """All of them, in the order of the race.

    Parameters
    ----------
    session
        Whose racers they are.
    task
        The race on the network.
    """

    def __init__(self, session: RaceSession, task: NetworkTask) -> None:
        super().__init__(name="race-network-racers")
        self.setAccessibleName(tr("Racers on your network"))
        self.session, self.task = session, task
        self.rows: dict[str, NetworkRow] = {}
        self._holder = QWidget()
        self._holder.setProperty("clear", True)
        self._holder.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self._list = QVBoxLayout(self._holder)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self.body.addWidget(self._holder)
        self.body.addStretch(1)
        self.empty = Label(
            tr("Nobody is in the race. Add a racer."), "body", "tx2", name="race-network-empty", wrap=True
        )  # fmt: skip
        self.empty.setContentsMargins(16, 16, 16, 16)
        self.body.insertWidget(1, self.empty)
        self._made: tuple[tuple[object, ...], tuple[NetworkChart, ...]] | None = None
        self._compared: _Compared | None = None
        self._editor: RacerEditor | None = None

    @property
    def charts(self) -> tuple[NetworkChart, ...]:
        """Numbers of the loss, and of what was measured besides."""
        found = self.task.found
        if found is None:
            return ()
        runners = self.task.shown
        key = (found, runners)
        if self._made is None or self._made[0] != key:
            names = metrics_of(found.race)[:2]
            made = tuple(make(found.race, runners, name) for name in names)
            self._made = (key, made)
        return self._made[1]

    def choose(self, identifier: str) -> None:
        """Look at a racer."""
        if identifier != self.session.racer:
            self.session.context.do("race.choose", id=identifier)

    def key(self, identifier: str, event: QKeyEvent) -> bool:
        """Act on a key at a row; tells whether it did."""
        key, known, do = event.key(), list(self.rows), self.session.context.do
        place = known.index(identifier)
        steps = {
            Qt.Key.Key_Down: place + 1, Qt.Key.Key_Up: place - 1, Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(known) - 1,
        }  # fmt: skip
        if key in steps:
            self._go_to(known[max(0, min(len(known) - 1, steps[Qt.Key(key)]))])
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            after = known[place + 1 : place + 2] or known[max(0, place - 1) : place]
            do("race.remove", id=identifier)
            if after:
                self._go_to(after[0])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self.edit(identifier)
        elif key == Qt.Key.Key_D and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            do("race.duplicate", id=identifier)
        else:
            return False
        return True

    def _go_to(self, identifier: str) -> None:
        """Look at a racer, with the keyboard."""
        row = self.rows.get(identifier)
        if row is not None:
            self.choose(identifier)
            row.setFocus(Qt.FocusReason.TabFocusReason)
            self.ensureWidgetVisible(row, 0, 0)

    def edit(self, identifier: str) -> None:
        """Open the settings of a racer."""
        self.choose(identifier)
        before, self._editor = self._editor, None
        if before is not None:
            before.close_popover()
            before.setParent(None)
            before.deleteLater()
        self._editor = RacerEditor(self.rows[identifier], self.session, identifier, self.task)
        self._editor.open()

    def follow(self) -> None:
        """Show who takes part, and with which rates."""
        racers, called = self.session.race.racers, names(self.session.race)
        size = self.session.context.document.training.batch_size
        known = [one.id for one in racers]
        for identifier in [one for one in self.rows if one not in known]:
            gone = self.rows.pop(identifier)
            self._list.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        self.empty.setVisible(not known)
        for place, one in enumerate(racers):
            if one.id not in self.rows:
                self.rows[one.id] = NetworkRow(self, one)
            row = self.rows[one.id]
            row.show_racer(one, called[one.id], size)
            if self._list.indexOf(row) != place:
                self._list.insertWidget(place, row)
                row.show()
        self.rows = {one: self.rows[one] for one in known}
        for one in racers:
            field = self.rows[one.id].rate
            rate = self.task.rate(one)
            if not field.hasFocus() or field.value() != rate:
                field.set_amount(rate)
            field.setSingleStep(max(rate / 10, 1e-6))
            scheduled = isinstance(self.task.document(one)["learning_rate"], dict)
            field.setToolTip(
                tr("The first rate of its schedule; typing a number replaces the schedule here")
                if scheduled
                else tr("Its learning rate on your network; the one on the surface stays as it is")
            )
        self.show_numbers()

    def climbed(self) -> int:
        """How many have far more loss at the end than at first, though their numbers are finite."""
        charts, reach = self.charts, self.task.reach
        lines = charts[0].lines if charts else ()
        return sum(not line.gone(reach) and line.climbed(reach) for line in lines)

    def show_numbers(self) -> None:
        """Show what everybody has come to at the playhead."""
        charts, time = self.charts, self.task.time
        compared = self._compare()
        raced = {line.id: line for line in charts[0].lines} if charts else {}
        places = (
            {one: k + 1 for k, one in enumerate(order(charts[0], time, epoch=True))}
            if charts
            else {}
        )
        other = {line.id: line for line in charts[1].lines} if len(charts) > 1 else {}
        for identifier, row in self.rows.items():
            line = raced.get(identifier)
            row.rank = row.loss = row.more = row.short = row.least = row.of = row.told = ""
            row.gone, row.climbed, row.place = False, False, 0
            if line is not None:
                row.rank = tr("place {place}", place=places[identifier])
                row.gone = line.gone(time)
                row.climbed = not row.gone and line.climbed(time)
                row.place = places[identifier] if time and not row.gone else 0
                row.loss = charts[0].words(line.over_epoch(time)) if time else ""
                batches = self.task.found.race.batches if self.task.found is not None else 1
                row.of = tr("last epoch") if time >= batches else tr("so far")
                if row.gone:
                    row.more = tr("in step {step}", step=number(line.diverged or 0))
                elif identifier in other:
                    tested = other[identifier].tested_at(time)
                    seen = other[identifier].at(time)
                    if isfinite(tested):
                        row.short = charts[1].words(tested)
                        row.more = tr("held out {share}", share=row.short)
                    elif isfinite(seen):
                        row.short, what = charts[1].words(seen), charts[1].title.lower()
                        row.more = tr("{metric} {share}", metric=what, share=row.short)
                    row.told = self._told(row, line, charts[1], tested, time)
                if row.climbed:
                    up = tr("up from {loss}", loss=charts[0].words(float(line.raw[0])))
                    row.told = f"{up}, {row.told or row.more}"
                    row.short = row.more = up
            elif identifier in compared.twins:
                name = compared.twins[identifier]
                row.more = tr("as {name}", name=name)
                brief = next((one.brief for one in self.rows.values() if one.title == name), name)
                row.short = tr("as {name}", name=brief)
            self._tell_otherwise(row, compared.otherwise.get(identifier))
            row.tell()

    def _compare(self) -> _Compared:
        """Compare who would race with who has; the playhead changes nothing of that."""
        task, race = self.task, self.session.race
        of = (race, task.settings, task.runners)
        known = self._compared
        if known is None or any(a is not b for a, b in zip(known.of, of, strict=True)):
            otherwise = {}
            for racer in race.racers:
                runner = task.raced_with(racer)
                if runner is not None:
                    otherwise[racer.id] = difference(runner.optimizer, task.document(racer))
            self._compared = known = _Compared(of, task.entrants()[1], otherwise)
        return known

    def _tell_otherwise(self, row: NetworkRow, difference: tuple[str, str, str] | None) -> None:
        """Say with which settings the numbers were come by, if those are not what is set now."""
        if difference is not None:
            row.short, row.least, words = difference
            row.told = f"{words}: {row.told or row.more}" if row.told or row.more else words
            row.more = f"{row.short}: {row.more}" if row.more else row.short

    def _told(
        self, row: NetworkRow, line: Line, chart: NetworkChart, tested: float, time: float
    ) -> str:
        """All numbers of a racer in words."""
        parts = []
        if row.loss:
            parts.append(tr("loss {loss}, the mean of all batches of the {of}", loss=row.loss, of=row.of)
                         if row.of == tr("last epoch")
                         else tr("loss {loss}, the mean of all batches so far", loss=row.loss))  # fmt: skip
        held = line.tested_at(time)
        if isfinite(held):
            parts.append(tr("held-out loss {loss}", loss=self.charts[0].words(held)))
        if isfinite(tested):
            parts.append(
                tr(
                    "held-out {metric} {value}",
                    metric=chart.title.lower(),
                    value=chart.words(tested),
                )
            )
        elif row.more:
            parts.append(row.more)
        return ", ".join(parts)


def difference(raced: dict[str, Any], now: dict[str, Any]) -> tuple[str, str, str]:
    """Return what to say of a racer that ran with other settings than it has now: in brief, briefer, and all of it."""
    names = [name for name in raced if raced[name] != now.get(name)]
    words = ", ".join(f"{name} {_said(raced[name])}" for name in names)
    rates = [optimizers.get(dict(one)).learning_rate for one in (raced, now)]
    rate = f"{rates[0]:g}"
    brief, least = (
        (tr("raced with {rate}", rate=rate), tr("was {rate}", rate=rate))
        if rates[0] != rates[1]
        else (tr("raced otherwise"), tr("otherwise"))
    )
    return brief, least, tr("raced with {settings}", settings=words)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("kind", ""))
    return f"{value:g}" if isinstance(value, float) else str(value)
