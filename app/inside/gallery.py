"""A grid of samples: as high as it needs, painted where it is seen; arrows move, Enter and clicks choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip

from app.scenes import draw, images
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent

    from app.inside.sample_pictures import SamplePictures
    from app.theme import Theme

_MARGIN = 16


class Gallery(Painted):
    """See the module's text. What the cells are, a subclass says.

    Parameters
    ----------
    name, title
        Object name and accessible name.
    pictures
        Where samples are fetched from.

    Attributes
    ----------
    tile
        Side of a picture.
    under
        Height of what is written under it.
    left
        Room at the left of each line for a title.
    current
        The cell the keyboard is at.
    """

    ground = "bg0"
    tile, under, gap, left = 72, 34, 12, 0

    def __init__(self, name: str, title: str, pictures: SamplePictures) -> None:
        super().__init__(name, title, down=QSizePolicy.Policy.MinimumExpanding)
        self._title = title
        self.pictures = pictures
        self.current = 0
        self._hover = -1
        pictures.arrived.connect(self.update)

    # -- what a subclass says

    def count(self) -> int:
        """How many cells there are."""
        raise NotImplementedError

    def source(self) -> tuple[str, str]:
        """Data set and part the samples are of."""
        raise NotImplementedError

    def sample(self, cell: int) -> int:
        """Number of the sample in a cell, or -1."""
        raise NotImplementedError

    def words(self, cell: int) -> tuple[str, ...]:
        """All that is known of a cell."""
        raise NotImplementedError

    def pick(self, cell: int) -> None:
        """The learner has chosen a cell."""
        raise NotImplementedError

    def paint_under(self, painter: QPainter, colors: Theme, cell: int, rect: QRectF) -> None:
        """Write what stands under a picture."""
        raise NotImplementedError

    def paint_mark(self, painter: QPainter, colors: Theme, cell: int, rect: QRectF) -> None:
        """Draw over a picture."""

    def paint_line(self, painter: QPainter, colors: Theme, line: int, rect: QRectF) -> None:
        """Draw behind a line of cells, and its title."""

    def empty(self) -> str:
        """What is said where there is no cell; a sentence."""
        return ""

    def crop(self, cell: int) -> tuple[float, float, float, float] | None:
        """Which part of the sample is shown: left, top, right and bottom from 0 to 1; None for all of it."""
        return None

    # -- where everything stands

    @property
    def columns(self) -> int:
        """Cells beside each other."""
        room = self.width() - 2 * _MARGIN - self.left + self.gap
        return max(1, room // (self.tile + self.gap))

    @property
    def lines(self) -> int:
        """Lines of cells."""
        return -(-self.count() // self.columns)

    def rect_of(self, cell: int) -> QRectF:
        """Where a cell's picture stands."""
        line, column = divmod(cell, self.columns)
        x = _MARGIN + self.left + column * (self.tile + self.gap)
        return QRectF(x, 8 + line * self._pitch, self.tile, self.tile)

    @property
    def _pitch(self) -> int:
        return self.tile + self.under + self.gap

    def cell_at(self, x: float, y: float) -> int:
        """The cell at a point, or -1."""
        column, line = (
            int((x - _MARGIN - self.left) // (self.tile + self.gap)),
            int((y - 8) // self._pitch),
        )
        cell = line * self.columns + column
        if not (0 <= column < self.columns and line >= 0 and cell < self.count()):
            return -1
        rect = self.rect_of(cell)
        inside = QRectF(rect.x(), rect.y(), rect.width(), rect.height() + self.under)
        return cell if inside.contains(x, y) and self.sample(cell) >= 0 else -1

    def refresh(self) -> None:
        """Paint anew; as high as is needed now."""
        needed = max(64, 16 + self.lines * self._pitch - self.gap)
        if self.minimumHeight() != needed:
            self.setMinimumHeight(needed)
        self.current = max(0, min(self.current, self.count() - 1))
        self.update()

    def resizeEvent(self, event: object) -> None:
        self.refresh()

    # -- painting

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        if not self.count():
            words = draw.elide(self.empty(), 13, self.width() - 2 * _MARGIN)
            draw.text(painter, self.width() / 2, 40, words, 13, colors.tx2, anchor="middle")
        columns, pitch = self.columns, self._pitch
        first = max(0, (area.top() - 8) // pitch)
        last = min(self.lines, (area.bottom() - 8) // pitch + 1)
        cells = range(first * columns, min(last * columns, self.count()))
        for line in range(first, last):
            self.paint_line(
                painter, colors, line, QRectF(0, 8 + line * pitch - self.gap / 2, self.width(), pitch)
            )  # fmt: skip
        self.pictures.begin()
        for cell in cells:
            if self._whole(cell).intersects(area):
                self._paint_cell(painter, colors, cell)
        if self.pictures.lacks:
            # The others in the next turn.
            QTimer.singleShot(0, self, self.update)
        wanted = [number for cell in cells if (number := self.sample(cell)) >= 0]
        self.pictures.want(*self.source(), wanted)

    def _whole(self, cell: int) -> QRect:
        """All that is painted of a cell."""
        return self.rect_of(cell).adjusted(-5, -5, 5, self.under + 4).toAlignedRect()

    def _paint_cell(self, painter: QPainter, colors: Theme, cell: int) -> None:
        rect, number = self.rect_of(cell), self.sample(cell)
        if number < 0:
            return
        x, y, w, h = rect.x(), rect.y(), rect.width(), rect.height()
        draw.fill(painter, x, y, w, h, colors.bg2)
        image = self.pictures.image(number)
        if image is not None:
            part = self.crop(cell)
            if part is not None:
                columns, rows = image.width(), image.height()
                left, top = int(part[0] * columns), int(part[1] * rows)
                right, bottom = round(part[2] * columns), round(part[3] * rows)
                image = image.copy(left, top, max(1, right - left), max(1, bottom - top))
            zoom = min(w / image.width(), h / image.height())
            wide, high = image.width() * zoom, image.height() * zoom
            if image.height() < image.width() / 4:
                # A list of numbers is a strip: as high as can be seen.
                high = h * 0.4
            images.place(painter, x + (w - wide) / 2, y + (h - high) / 2, wide, high, image, False)
            self.paint_mark(
                painter, colors, cell, QRectF(x + (w - wide) / 2, y + (h - high) / 2, wide, high)
            )
        draw.frame(painter, x - 0.5, y - 0.5, w + 1, h + 1, colors.line2)
        if cell == self._hover or (self.hasFocus() and cell == self.current):
            draw.frame(painter, x - 2.5, y - 2.5, w + 5, h + 5, colors.tx, 1.5, 2)
        self.paint_under(painter, colors, cell, QRectF(x, y + h, w, self.under))

    # -- choosing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self._point_at(self.cell_at(at.x(), at.y()))
        if self._hover >= 0:
            words = (*self.words(self._hover), *self.pictures.words(self.sample(self._hover)))
            QToolTip.showText(event.globalPosition().toPoint(), "\n".join(words), self)

    def _point_at(self, cell: int) -> None:
        if cell != self._hover:
            for changed in (cell, self._hover):
                if 0 <= changed < self.count():
                    self.update(self._whole(changed))
            self._hover = cell
            shape = Qt.CursorShape.PointingHandCursor if cell >= 0 else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and cell >= 0:
            self._go(cell)
            self.pick(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, columns = event.key(), self.columns
        steps = {
            Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Down: columns, Qt.Key.Key_Up: -columns,
        }  # fmt: skip
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.count():
            self.pick(self.current)
        elif key in steps and self.count():
            to = self.current + steps[Qt.Key(key)]
            if 0 <= to < self.count():
                self._go(to)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self.count():
            self._go(0 if key == Qt.Key.Key_Home else self.count() - 1)
        else:
            super().keyPressEvent(event)

    def _go(self, cell: int) -> None:
        self.current = cell
        rect = self.rect_of(cell)
        self.setAccessibleName(f"{self._title}: {', '.join(self.words(cell))}")
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if isinstance(area, QScrollArea):
            center = rect.center()
            area.ensureVisible(
                round(center.x()), round(center.y()), 0, round(rect.height() / 2 + self.under)
            )
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()
