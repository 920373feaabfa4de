"""The preview of an export: painted by the film's own canvas, or by a child process for other moments."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.text import tr
from app.widgets.guarded import guarded


class Preview(QWidget):
    """Shows one picture as large as fits; dimmed while a newer one is being made."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export-preview")
        self.setAccessibleName(tr("Preview"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._image: QImage | None = None
        self._shape = (16, 9)
        self._stale = False

    def sizeHint(self) -> QSize:
        return QSize(560, 315)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 120)

    def set_shape(self, width: int, height: int) -> None:
        """Keep the proportions of the film."""
        self._shape = (width, height)
        self.update()

    def set_image(self, image: QImage | None, *, stale: bool = False) -> None:
        """Show a picture."""
        self._image, self._stale = image, stale
        self.update()

    def set_stale(self) -> None:
        """Dim what is shown: something newer is being made."""
        self._stale = True
        self.update()

    def picture(self) -> QRectF:
        """Return where the picture stands."""
        width, height = self._shape
        zoom = min(self.width() / width, self.height() / height)
        w, h = width * zoom, height * zoom
        return QRectF((self.width() - w) / 2, (self.height() - h) / 2, w, h)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = self.picture()
        painter.fillRect(box, colors.bg0)
        if self._image is not None:
            painter.setOpacity(0.5 if self._stale else 1.0)
            painter.drawImage(box, self._image)
            painter.setOpacity(1.0)
        else:
            painter.setPen(colors.tx3)
            painter.setFont(theme.font("body"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, tr("The preview appears here."))
        painter.setPen(colors.line2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
