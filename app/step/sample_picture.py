"""A sample as a picture: an image to look at or to paint, or its numbers by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.scenes import draw, images
from app.scenes.formula_expressions import format_number
from app.text import tr
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent

# As many numbers of a row of a table are written out.
_LINES = 8
_MOVES = {
    Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Up: (-1, 0),
}  # fmt: skip

_DRAWS = (Qt.Key.Key_Space, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)

#: Inks for colour images, by name.
INKS = {
    "white": (1.0, 1.0, 1.0), "red": (1.0, 0.0, 0.0), "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0), "yellow": (1.0, 1.0, 0.0), "black": (0.0, 0.0, 0.0),
}  # fmt: skip


def names_of(shape: tuple[int, ...], features: tuple[str, ...]) -> list[str]:
    """Return what the numbers of a sample are called, one after the other: features name its last axis.

    Those of a sequence have their time step as well, from 1.
    """
    names = []
    for place in np.ndindex(*shape):
        own = features[place[-1]] if place[-1] < len(features) else f"x{place[-1] + 1}"
        time = ", ".join(str(k + 1) for k in place[:-1])
        names.append(f"{own} ⟨{time}⟩" if time else own)
    return names


def is_image(kind: str, shape: tuple[int, ...]) -> bool:
    """Tell whether samples of a data set are looked at as images."""
    return kind == "image" and len(shape) in (2, 3)


class SamplePicture(QWidget):
    """One sample: an image, or names and numbers."""

    def __init__(self, *, name: str = "step-sample-picture") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(tr("The sample"))
        self.setFixedHeight(148)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._x: np.ndarray | None = None
        self._kind = ""
        self._features: tuple[str, ...] = ()

    def sizeHint(self) -> QSize:
        return QSize(300, 148)

    def show_sample(self, x: np.ndarray | None, kind: str, features: tuple[str, ...]) -> None:
        """Show the numbers the network is given."""
        self._x, self._kind, self._features = x, kind, features
        if x is not None and not is_image(kind, x.shape):
            self.setAccessibleDescription(", ".join(" ".join(line) for line in self._lines()))
        self.update()

    def _lines(self) -> list[tuple[str, str]]:
        assert self._x is not None
        flat = self._x.ravel()
        names = names_of(self._x.shape, self._features)[:_LINES]
        return [(n, format_number(float(v), 4)) for n, v in zip(names, flat, strict=False)]

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colors = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.line, 1))
        painter.setBrush(colors.bg0)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if self._x is None:
            return
        if is_image(self._kind, self._x.shape):
            high, wide = self._x.shape[:2]
            side = min((self.height() - 16) / high, (self.width() - 16) / wide)
            w, h = wide * side, high * side
            x, y = (self.width() - w) / 2, (self.height() - h) / 2
            images.place(painter, x, y, w, h, images.photo(colors, self._x), False)
            return
        for k, (name, value) in enumerate(self._lines()):
            y = 19.0 + 16 * k
            room = self.width() - 90
            draw.text(painter, 12, y, draw.elide(name, 11.5, room), 11.5, colors.tx2)
            draw.text(
                painter, self.width() - 12, y, value, 11.5, colors.fwd, mono=True, anchor="end"
            )
        left = self._x.size - _LINES
        if left > 0:
            words = tr("and {count} more", count=f"{left:,}")
            draw.text(painter, 12, 19.0 + 16 * _LINES, words, 11, colors.tx3)


class PixelPad(QWidget):
    """An image to paint: the mouse draws, with the right button it erases; arrows and Space do the same.

    Signals
    -------
    painted()
        A pixel has changed.
    """

    painted = Signal()
    focus_radius = 4

    def __init__(self, shape: tuple[int, ...], *, name: str = "step-sample-pad") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(tr("Pixels"))
        self.setToolTip(
            tr("Draw with the mouse; the right button erases. Arrow keys move, Space draws, Delete erases.")
        )  # fmt: skip
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(224)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.CrossCursor)
        high, wide = shape[:2]
        self.values = np.zeros((high, wide, shape[2] if len(shape) > 2 else 1), np.float32)
        self.ink: tuple[float, ...] = INKS["white"]
        self._at = (high // 2, wide // 2)

    def sizeHint(self) -> QSize:
        return QSize(300, 224)

    def set_values(self, values: np.ndarray) -> None:
        """Begin with an image."""
        self.values = np.array(values, np.float32).reshape(self.values.shape)
        self.update()
        self.painted.emit()

    def _place(self) -> QRectF:
        high, wide = self.values.shape[:2]
        side = min((self.height() - 8) / high, (self.width() - 8) / wide)
        w, h = wide * side, high * side
        return QRectF((self.width() - w) / 2, (self.height() - h) / 2, w, h)

    def draw_at(self, row: int, column: int, erase: bool = False) -> None:
        """Draw a dot: full ink on the pixel, half on its neighbours where pixels are many."""
        high, wide, channels = self.values.shape
        if not (0 <= row < high and 0 <= column < wide):
            return
        self._at = (row, column)
        ink = np.zeros(channels, np.float32)
        if not erase:
            ink[:] = self.ink[:channels] if channels <= len(self.ink) else max(self.ink)
        soft = high * wide >= 200
        for dy, dx in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)) if soft else ((0, 0),):
            y, x = row + dy, column + dx
            if 0 <= y < high and 0 <= x < wide:
                share = 1.0 if (dy, dx) == (0, 0) or erase else 0.55
                old = self.values[y, x]
                # A stroke that passes again does not wear off what is there.
                mixed = old + share * (ink - old)
                self.values[y, x] = mixed if erase or channels > 1 else np.maximum(old, mixed)
        self.update()
        self.painted.emit()

    def _draw(self, at: QPoint, erase: bool) -> None:
        place = self._place()
        high, wide = self.values.shape[:2]
        column = int((at.x() - place.x()) / place.width() * wide // 1)
        row = int((at.y() - place.y()) / place.height() * high // 1)
        self.draw_at(row, column, erase)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._draw(event.position().toPoint(), event.button() == Qt.MouseButton.RightButton)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons():
            erase = bool(event.buttons() & Qt.MouseButton.RightButton)
            self._draw(event.position().toPoint(), erase)

    def event(self, event: QEvent) -> bool:
        # Space plays, except here, where it draws.
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and Qt.Key(event.key()) in (*_MOVES, *_DRAWS):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        high, wide = self.values.shape[:2]
        if key in _MOVES:
            dy, dx = _MOVES[key]
            self._at = (
                min(max(self._at[0] + dy, 0), high - 1),
                min(max(self._at[1] + dx, 0), wide - 1),
            )
            self.update()
        elif key in _DRAWS:
            self.draw_at(*self._at, erase=key != Qt.Key.Key_Space)
        else:
            super().keyPressEvent(event)

    def focus_rect(self) -> QRect:
        """Where the focus ring goes."""
        return self.rect()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colors = theme.current()
        place = self._place()
        painter.fillRect(self.rect(), colors.bg0)
        shown = (
            self.values if self.values.shape[2] in (1, 3) else self.values.mean(2, keepdims=True)
        )
        images.place(
            painter, place.x(), place.y(), place.width(), place.height(),
            images.photo(colors, shown), False,
        )  # fmt: skip
        draw.frame(painter, place.x(), place.y(), place.width(), place.height(), colors.line2, 1, 0)
        if self.hasFocus():
            side = place.width() / self.values.shape[1]
            row, column = self._at
            draw.frame(painter, place.x() + column * side, place.y() + row * side, side, side,
                       QColor(colors.loss), 1.5, 0)  # fmt: skip
