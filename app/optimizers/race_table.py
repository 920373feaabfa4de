"""The table of a race: all racers with their numbers at the playhead, sorted by any of them, and as CSV."""

from __future__ import annotations

import csv
import io
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QTableWidget,
    QTableWidgetItem,
)

from app import theme
from app.bus import CommandError
from app.scenes.race_looks import Look, looks, paint_marker
from app.scenes.race_numbers import gone_words, is_gone, loss_text, numbers_of, point_text
from app.text import number, tr
from core.landscape.race import kind

if TYPE_CHECKING:
    from app.engine.questions.racing import RaceAnswer
    from app.optimizers.session import RaceSession

_LINE = 24
#: Columns by key, with their heads.
COLUMNS = {
    "name": tr("Racer"), "loss": tr("Loss"), "distance": tr("To the minimum"), "finish": tr("Finished at"),
    "position": tr("Position"), "gradient": "|g|", "length": tr("Way so far"),
}  # fmt: skip
_ID, _LOOK, _SHORT = (Qt.ItemDataRole.UserRole + k for k in range(3))


class _Cell(QStyledItemDelegate):
    """The racer's marker before its name; the racer that is looked at on another ground."""

    def __init__(self, table: RaceTable) -> None:
        super().__init__(table)
        self._table = table

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        colors, box = theme.current(), option.rect
        chosen = index.data(_ID) == self._table.session.racer
        if chosen:
            painter.fillRect(box, colors.selbg)
        inner = box.adjusted(12, 0, -12, 0)
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.setFont(theme.font("table"))
        if index.column() == 0:
            look = index.data(_LOOK)
            if isinstance(look, Look):
                painter.save()
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                paint_marker(painter, look, colors, QPointF(inner.left() + 6, box.center().y() + 1), 9)  # fmt: skip
                painter.restore()
            inner = inner.adjusted(20, 0, 0, 0)
            align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.setFont(theme.font("label"))
        words, metrics = str(index.data() or ""), painter.fontMetrics()
        if index.column() == 0 and metrics.horizontalAdvance(words) > inner.width():
            words = str(index.data(_SHORT))
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, inner.width())
        painter.setPen(colors.loss if index.column() == 1 else colors.tx)
        painter.drawText(QRectF(inner), align, words)


class RaceTable(QTableWidget):
    """See the module's text. A click on a head sorts, another one the other way round, as Enter does in its column.

    Parameters
    ----------
    session
        What the panels share.
    """

    def __init__(self, session: RaceSession) -> None:
        super().__init__(0, len(COLUMNS))
        self.session = session
        session.offer("sort", "loss", _check_sort)
        self._told: tuple[object, ...] = ()
        self.setObjectName("race-table")
        self.setAccessibleName(tr("All racers"))
        self.setHorizontalHeaderLabels(list(COLUMNS.values()))
        self.setItemDelegate(_Cell(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(_LINE)
        self.verticalHeader().setDefaultSectionSize(_LINE)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setFixedHeight(24)
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setFont(theme.font("small-strong"))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setToolTip(tr("A click sorts by this column, another one the other way round"))
        for column in range(len(COLUMNS)):
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            head = self.horizontalHeaderItem(column)
            assert head is not None
            head.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        header.sectionClicked.connect(self._sort)
        self.cellClicked.connect(self._on_clicked)
        self.currentCellChanged.connect(self._on_clicked)

    @property
    def by(self) -> str:
        """Key of the column it is sorted by."""
        return str(self.session.toggles["sort"]).lstrip("-")

    @property
    def down(self) -> bool:
        """Whether the largest comes first."""
        return str(self.session.toggles["sort"]).startswith("-")

    def _sort(self, column: int) -> None:
        key = list(COLUMNS)[column]
        wanted = f"-{key}" if key == self.by and not self.down else key
        self.session.context.do("race.show", name="sort", value=wanted)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentColumn() >= 0:
            self._sort(self.currentColumn())
            return
        super().keyPressEvent(event)

    def _on_clicked(self, line: int, column: int, *_: int) -> None:
        item = self.item(line, 0)
        if item is not None and item.data(_ID) != self.session.racer:
            self.session.context.do("race.choose", id=str(item.data(_ID)))

    def show_numbers(self) -> None:
        """Show the numbers at the playhead; costs nothing if they are the same."""
        session = self.session
        told = (
            session.answer, session.step, session.toggles.get("finish"), self.by, self.down, session.racer
        )  # fmt: skip
        if told == self._told:
            return
        self._told = told
        found = self.numbers()
        key = self.by

        def order(line: dict[str, Any]) -> Any:
            value = line[key]
            if isinstance(value, str):
                return value.casefold()
            missing = value is None or not isfinite(value)
            return (missing, 0.0) if missing else (False, -value if self.down else value)

        if key == "name":
            found.sort(key=order, reverse=self.down)
        else:
            found.sort(key=order)
        arrow = " ↓" if self.down else " ↑"
        for column, (name, title) in enumerate(COLUMNS.items()):
            head = self.horizontalHeaderItem(column)
            if head is not None:
                head.setText(title + arrow if name == key else title)
        self.blockSignals(True)
        self.setRowCount(len(found))
        for line, values in enumerate(found):
            for column, words in enumerate(values["words"]):
                item = self.item(line, column)
                if item is None:
                    item = QTableWidgetItem()
                    self.setItem(line, column, item)
                item.setText(words)
                item.setData(_ID, values["id"])
                item.setToolTip(words)
            first = self.item(line, 0)
            if first is not None:
                first.setData(_LOOK, values["look"])
                first.setData(_SHORT, values["short"])
        self.blockSignals(False)
        self.viewport().update()

    def numbers(self) -> list[dict[str, Any]]:
        """Return the numbers of every racer by the keys of `COLUMNS`, in the order of the race."""
        session = self.session
        return [] if session.answer is None else numbers_at(
            session.answer, session.step, session.toggles.get("finish")
        )  # fmt: skip

    def csv(self) -> str:
        """Return the table as text that spreadsheets read: all digits, and empty where there is no number."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(
            ["racer", "step", "loss", "distance", "finished_at", "x", "y", "gradient", "length"]
        )
        for line in self.numbers():
            values = [line[key] for key in ("loss", "distance", "finish", "x", "y", "gradient", "length")]  # fmt: skip
            plain = ["" if one is None or not isfinite(one) else repr(one) for one in values]
            writer.writerow([line["name"], self.session.step, *plain])
        return out.getvalue()


def numbers_at(answer: RaceAnswer, step: int, wanted: float | None) -> list[dict[str, Any]]:
    """Return what a race's table says after a step: numbers by the keys of `COLUMNS`, and the words for them."""
    numbers, look = numbers_of(answer), looks(answer.race)
    finished = numbers.finished(numbers.finish_line(wanted))
    found: list[dict[str, Any]] = []
    for place, (racer, path) in enumerate(zip(answer.race.racers, answer.paths, strict=False)):
        gone = is_gone(path, step)
        x, y = (float(one) for one in path.positions[step])
        loss, distance = float(path.losses[step]), float(numbers.distances(place)[step])
        gradient = float(np.hypot(*path.gradients[step]))
        length = float(numbers.lengths(place)[step])
        at = finished[place]
        by_now = at if at is not None and at <= step else None
        words = [
            racer.title, gone_words(path) if gone else loss_text(loss), _plain(distance),
            "–" if by_now is None else number(by_now),
            "–" if gone else point_text((x, y), len(answer.surface.variables)), _plain(gradient), _plain(length),
        ]  # fmt: skip
        found.append(
            {"id": racer.id, "look": look[racer.id], "short": racer.name or kind(racer.kind).short,
             "name": racer.title, "loss": loss, "distance": distance,
             "finish": by_now, "position": x if isfinite(x) else inf, "x": x, "y": y, "gradient": gradient,
             "length": length, "words": words}
        )  # fmt: skip
    return found


def _plain(value: float) -> str:
    return loss_text(value) if isfinite(value) else "–"


def _check_sort(value: Any) -> None:
    if not isinstance(value, str) or value.removeprefix("-") not in COLUMNS:
        known = ", ".join(COLUMNS)
        raise CommandError(
            tr("The table is sorted by {known}, and not by {value!r}.", known=known, value=value)
        )
