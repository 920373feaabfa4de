"""The racers on the learner's network: with which rate each trains, and what it has come to."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.scenes import draw
from app.scenes.network_race import Line, NetworkChart, make, metrics_of, order
from app.scenes.network_racers import title_of
from app.scenes.race_looks import looks, paint_marker
from app.text import number, tr
from app.widgets import NumberField, ScrollPanel
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from app.theme import Theme
    from core.landscape.race import Racer

HIGH = 60


class NetworkRow(Painted):
    """One racer: its marker and name, its learning rate to be set, its loss and what was measured besides."""

    ring_inset = 2

    def __init__(self, rows: NetworkRows, racer: Racer) -> None:
        super().__init__(
            f"race-network-row-{racer.id}", title_of(racer), down=QSizePolicy.Policy.Fixed
        )
        self.setFixedHeight(HIGH)
        self._rows, self.id = rows, racer.id
        self.rank, self.loss, self.more, self.gone = "", "", "", False
        #: What stands for `more` where there is no room for it, what the loss is of, and all of it in words.
        self.short, self.of, self.told = "", "", ""
        self.title = title_of(racer)
        #: Among those who have not broken; 0 before there is one.
        self.place = 0
        self.rate = NumberField(
            name=f"race-network-rate-{racer.id}", label=tr("Learning rate of {name}", name=self.title),
            whole=False, step=0.001, minimum=0.0, width=78, parent=self,
        )  # fmt: skip
        self.rate.setFixedHeight(22)
        self.rate.entered.connect(self._on_rate)

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
        ink = colors.err if self.gone else colors.loss
        draw.text(painter, right, 23, loss, 12, ink, mono=not self.gone, anchor="end")
        if self.loss and not self.gone:
            room = right - wide - 12 - draw.advance(self.of, 11)
            if 36 + draw.advance(self.title, 13, 600) + 8 <= room:
                draw.text(painter, right - wide - 6, 23, self.of, 11, colors.tx3, anchor="end")
        name = draw.elide(self.title, 13, max(20.0, right - wide - 8 - 36), weight=600)
        draw.text(painter, 36, 23, name, 13, colors.tx, weight=600)
        if self.place:
            draw.text(painter, 20, 47, str(self.place), 11, colors.tx2, mono=True, anchor="middle")
        draw.text(painter, 36, 47, "lr", 11, colors.tx2, mono=True)
        room = max(10.0, right - 142)
        fits = not self.short or draw.advance(self.more, 11) <= room
        more = draw.elide(self.more if fits else self.short, 11, room)
        draw.text(painter, right, 47, more, 11, colors.tx2, anchor="end")
        draw.line(painter, 0, HIGH - 0.5, width, HIGH - 0.5, colors.line)

    def tell(self) -> None:
        """Say what it shows to those who do not see it."""
        parts = (self.rank, self.title, tr("diverged") if self.gone else "", self.told or self.more)
        words = ", ".join(one for one in parts if one)
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._rows.choose(self.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
        else:
            self._rows.choose_next(self.id, by)


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
        self._made: tuple[tuple[object, ...], tuple[NetworkChart, ...]] | None = None

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

    def choose_next(self, identifier: str, by: int) -> None:
        """Look at the one below or above."""
        known = list(self.rows)
        place = known.index(identifier) + by
        if 0 <= place < len(known):
            self.choose(known[place])
            row = self.rows[known[place]]
            row.setFocus(Qt.FocusReason.TabFocusReason)
            self.ensureWidgetVisible(row, 0, 0)

    def follow(self) -> None:
        """Show who takes part, and with which rates."""
        racers = self.session.race.racers
        wanted = {one.id: title_of(one) for one in racers}
        if {one: row.title for one, row in self.rows.items()} != wanted or list(self.rows) != list(
            wanted
        ):
            for row in self.rows.values():
                self._list.removeWidget(row)
                row.deleteLater()
            self.rows = {one.id: NetworkRow(self, one) for one in racers}
            for row in self.rows.values():
                self._list.addWidget(row)
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

    def show_numbers(self) -> None:
        """Show what everybody has come to at the playhead."""
        charts, time = self.charts, self.task.time
        _, twins = self.task.entrants()
        raced = {line.id: line for line in charts[0].lines} if charts else {}
        places = (
            {one: k + 1 for k, one in enumerate(order(charts[0], time, epoch=True))}
            if charts
            else {}
        )
        other = {line.id: line for line in charts[1].lines} if len(charts) > 1 else {}
        for identifier, row in self.rows.items():
            line = raced.get(identifier)
            row.rank = row.loss = row.more = row.short = row.of = row.told = ""
            row.gone, row.place = False, 0
            if line is not None:
                row.rank = tr("place {place}", place=places[identifier])
                row.gone = line.gone(time)
                row.place = places[identifier] if time and not row.gone else 0
                row.loss = charts[0].words(line.over_epoch(time)) if time else ""
                batches = self.task.found.race.batches if self.task.found is not None else 1
                row.of = tr("last epoch") if time >= batches else tr("so far")
                if row.gone:
                    row.more = tr("in step {step}", step=number(line.diverged or 0))
                elif identifier in other:
                    tested = other[identifier].tested_at(time)
                    row.told = self._told(row, line, charts[1], tested, time)
                    if isfinite(tested):
                        row.short = charts[1].words(tested)
                        row.more = tr("held out {share}", share=row.short)
                    else:
                        row.more = charts[1].words(other[identifier].at(time))
            elif identifier in twins:
                row.more = tr("as {name}", name=twins[identifier])
            self._tell_rate(row)
            row.tell()

    def _tell_rate(self, row: NetworkRow) -> None:
        """Say with which rate the numbers were come by, if that is not the one beside them."""
        racer = self.session.race.racer(row.id)
        raced = None if racer is None else self.task.raced_rate(racer)
        if raced is not None:
            row.short = tr("raced with {rate}", rate=f"{raced:g}")
            row.more = f"{row.short}: {row.more}" if row.more else row.short
            row.told = f"{row.short}: {row.told}" if row.told else ""

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
        return ", ".join(parts)
