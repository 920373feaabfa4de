"""Choosing a photograph, and which part of it the network is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from app import theme
from app.inside import photos
from app.inside.background import Background
from app.inside.beside import BesidePopover
from app.inside.cropping import Crop
from app.inside.resampling import window
from app.scenes import draw, images
from app.text import tr
from app.widgets import Button, Control, Label, ProgressLine, Segmented, Toggle
from app.widgets.guarded import guarded
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.inside.session import InsideSession
    from app.theme import Theme

_THUMB = 68
_FORMATS = "*.png *.jpg *.jpeg *.webp *.gif *.bmp *.tif *.tiff *.ppm"
_MOVES = {
    Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Down: (0, 1), Qt.Key.Key_Up: (0, -1),
}  # fmt: skip
_ZOOMS = {
    Qt.Key.Key_Plus: 0.9, Qt.Key.Key_Equal: 0.9, Qt.Key.Key_Minus: 1 / 0.9,
}  # fmt: skip


def titles() -> dict[str, str]:
    """What the photographs of the program are called."""
    known = {
        "astronaut": tr("Astronaut"), "boats": tr("Boats"), "bricks": tr("Bricks"), "camera": tr("Camera man"),
        "cat": tr("Cat"), "coffee": tr("Coffee"), "flower": tr("Flower"), "rocket": tr("Rocket"),
    }  # fmt: skip
    return {name: known.get(name, name.capitalize()) for name in photos.examples()}


class Thumb(Control):
    """A photograph of the program; a click looks at it."""

    focus_radius = 4

    def __init__(self, name: str, title: str) -> None:
        super().__init__()
        self.setObjectName(f"inside-photo-{name}")
        self.setAccessibleName(title)
        self.setToolTip(title)
        self.setFixedSize(_THUMB, _THUMB)
        self.picture: QImage | None = None

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors = theme.current()
            draw.fill(painter, 0, 0, self.width(), self.height(), colors.bg0)
            if self.picture is not None:
                images.place(painter, 1, 1, _THUMB - 2, _THUMB - 2, self.picture, True)
            ring = colors.tx if self.hovered else colors.line2
            draw.frame(painter, 0.5, 0.5, _THUMB - 1, _THUMB - 1, ring)
        finally:
            painter.end()


class CropView(Painted):
    """The photograph and the window of it that is looked at: drag it, turn the wheel, arrows, + and −."""

    ground, smooth = "bg0", False

    def __init__(self, session: InsideSession) -> None:
        super().__init__(
            "inside-crop", tr("The part of the photo that is looked at"), tracking=False,
            across=QSizePolicy.Policy.Preferred, down=QSizePolicy.Policy.Preferred,
        )  # fmt: skip
        self.setToolTip(
            tr("Drag the window; the wheel, + and − make it smaller or larger, arrow keys move it")
        )
        self.setFixedHeight(190)
        self.setCursor(Qt.CursorShape.SizeAllCursor)
        self._session = session
        self._image: QImage | None = None
        self._of: object = None
        self._drag: tuple[QPointF, Crop] | None = None
        session.photography.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the photograph that is open."""
        photo = self._session.photography.photo
        if photo is not self._of:
            self._of, self._image = photo, None
            if photo is not None:
                self._image = _image(photo.pixels)
        self.update()

    def zoom(self) -> tuple[float, float, float]:
        """Where the photograph stands, and how many points a pixel of it is wide: there is room for all of a crop."""
        photo, crop = self._session.photography.photo, self._session.photography.crop
        if photo is None or crop is None:
            return 0.0, 0.0, 1.0
        high, wide = photo.pixels.shape[:2]
        side = min((self.width() - 16) / wide, (self.height() - 16) / high)
        return (self.width() - wide * side) / 2, (self.height() - high * side) / 2, side

    def _move(self, crop: Crop) -> None:
        self._session.context.do(
            "inside.crop", left=round(crop.left, 2), top=round(crop.top, 2),
            width=round(crop.width, 2),
        )  # fmt: skip

    def _scale(self, factor: float) -> None:
        crop, shape = self._session.photography.crop, self._session.input_shape
        if crop is None or len(shape) != 3:
            return
        width = crop.width * factor
        grown = width - crop.width
        high = grown * shape[0] / shape[1]
        self._move(Crop(crop.left - grown / 2, crop.top - high / 2, width))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        crop = self._session.photography.crop
        if crop is not None and event.button() == Qt.MouseButton.LeftButton:
            self._drag = (event.position(), crop)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            return
        start, crop = self._drag
        way, side = event.position() - start, self.zoom()[2]
        self._move(Crop(crop.left + way.x() / side, crop.top + way.y() / side, crop.width))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y():
            self._scale(0.9 if event.angleDelta().y() > 0 else 1 / 0.9)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, crop = Qt.Key(event.key()), self._session.photography.crop
        if crop is not None and key in _MOVES:
            step = crop.width / 20
            dx, dy = _MOVES[key]
            self._move(Crop(crop.left + dx * step, crop.top + dy * step, crop.width))
        elif key in _ZOOMS:
            self._scale(_ZOOMS[key])
        else:
            super().keyPressEvent(event)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        photography = self._session.photography
        shape = self._session.input_shape
        if self._image is None or photography.crop is None or len(shape) != 3:
            return
        x, y, side = self.zoom()
        w, h = self._image.width() * side, self._image.height() * side
        images.place(painter, x, y, w, h, self._image, True)
        crop = photography.crop
        left, top = x + crop.left * side, y + crop.top * side
        box = QRectF(left, top, crop.width * side, crop.height(shape) * side)
        shade = QColor(colors.bg0)
        shade.setAlphaF(0.6)
        for rect in (
            QRectF(x, y, w, box.top() - y), QRectF(x, box.bottom(), w, y + h - box.bottom()),
            QRectF(x, box.top(), box.left() - x, box.height()),
            QRectF(box.right(), box.top(), x + w - box.right(), box.height()),
        ):  # fmt: skip
            if rect.width() > 0 and rect.height() > 0:
                painter.fillRect(rect, shade)
        # A window that holds all of the photograph may reach beyond the view.
        seen = box.intersected(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colors.fwd, 2))
        painter.drawRect(seen)


def _image(pixels: np.ndarray) -> QImage:
    """A photograph as it is, transparent places too."""
    high, wide, channels = pixels.shape
    kind = QImage.Format.Format_RGBA8888 if channels == 4 else QImage.Format.Format_RGB888
    data = np.ascontiguousarray(pixels)
    return QImage(data.data, wide, high, wide * channels, kind).copy()


class PhotoPopover(BesidePopover):
    """Where a photograph comes from, and its crop."""

    def __init__(self, anchor: QWidget, session: InsideSession) -> None:
        super().__init__(anchor, name="inside-photo-settings", title=tr("A photo"), width=320)
        self._session = session
        self._work = Background(self)
        row = QHBoxLayout()
        self.open_file = Button(
            tr("Choose a file…"), name="inside-photo-open", kind="primary", icon="", icon_size=14
        )
        self.open_file.setToolTip(tr("Look at a picture of yours: PNG, JPEG, WebP, GIF, BMP, TIFF"))
        self.open_file.clicked.connect(self._ask_file)
        self.paste = Button(tr("Paste"), name="inside-photo-paste", icon="copy", icon_size=14)
        self.paste.setToolTip(tr("Look at the picture on the clipboard (Ctrl+V)"))
        self.paste.clicked.connect(lambda: session.context.do("inside.paste"))
        row.addWidget(self.open_file)
        row.addWidget(self.paste)
        row.addStretch(1)
        self.body.addLayout(row)
        self.progress = ProgressLine(name="inside-photo-progress")
        self.body.addWidget(self.progress)
        self.body.addWidget(
            Label(tr("A picture can also be dropped anywhere here."), "label", "tx3")
        )
        grid = QGridLayout()
        grid.setSpacing(4)
        self.thumbs: dict[str, Thumb] = {}
        for k, (name, title) in enumerate(titles().items()):
            thumb = Thumb(name, title)
            thumb.clicked.connect(
                lambda _=False, name=name: session.context.do("inside.example", name=name)
            )
            grid.addWidget(thumb, k // 4, k % 4)
            self.thumbs[name] = thumb
        self.body.addLayout(grid)
        self.crop = QWidget()
        self._build_crop()
        self.body.addWidget(self.crop)
        session.photography.changed.connect(self.refresh)
        session.chosen.connect(self.refresh)
        session.input_changed.connect(self.refresh)

    def _build_crop(self) -> None:
        from PySide6.QtWidgets import QVBoxLayout

        session = self._session
        column = QVBoxLayout(self.crop)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.view = CropView(session)
        column.addWidget(self.view)
        row = QHBoxLayout()
        self.fit_choice = Segmented(
            (("square", tr("Fill")), ("whole", tr("Whole"))), name="inside-crop-fit",
            label=tr("Crop"),
        )  # fmt: skip
        self.fit_choice.setToolTip(
            tr("Fill: the largest part in the middle. Whole: all of it, with black beside it")
        )
        self.fit_choice.chosen.connect(lambda value: session.context.do("inside.crop", fit=value))
        self.invert = Toggle(name="inside-invert", label=tr("Light for dark"))
        self.invert.setToolTip(
            tr("Light for dark: for dark ink on paper, where the network has learned light on dark")
        )
        self.invert.clicked.connect(
            lambda on: session.context.do("inside.show", name="invert", value=bool(on))
        )
        row.addWidget(self.fit_choice)
        row.addStretch(1)
        row.addWidget(Label(tr("Light for dark"), "label", "tx2"))
        row.addWidget(self.invert)
        column.addLayout(row)
        self.words = Label("", "label", "tx2", name="inside-photo-words", wrap=True)
        column.addWidget(self.words)

    def open(self) -> None:
        """Show it; the small pictures are read when it is first opened."""
        self.refresh()
        super().open()
        if all(thumb.picture is None for thumb in self.thumbs.values()):
            self._work.ask(_small, self._on_small, lambda _: None)

    def _on_small(self, found: dict[str, np.ndarray]) -> None:
        for name, pixels in found.items():
            self.thumbs[name].picture = _image(pixels)
            self.thumbs[name].update()

    def _ask_file(self) -> None:
        settings = self._session.context.settings
        path, _ = QFileDialog.getOpenFileName(
            self.window(), tr("Look at a photo"), str(settings.get("photo_folder", Path.home())),
            tr("Pictures ({kinds})", kinds=_FORMATS),
        )  # fmt: skip
        if path:
            settings.set("photo_folder", str(Path(path).parent))
            self._session.context.do("inside.photo", path=path)
            # The dialog has closed it; here the photo is cropped.
            if not self.isVisible():
                self.open()

    def refresh(self) -> None:
        """Show what is open."""
        session = self._session
        photography, given = session.photography, session.input
        shown = given is not None and given.source == "photo" and photography.crop is not None
        self.progress.set_share(0.5 if photography.reading else None)
        if shown != self.crop.isVisibleTo(self):
            self.crop.setVisible(shown)
        self.invert.setChecked(bool(session.toggles["invert"]))
        if shown and photography.photo is not None and photography.crop is not None:
            whole = Crop.whole(photography.photo.pixels.shape, session.input_shape)
            self.fit_choice.set_value("whole" if photography.crop == whole else "square")
            self.words.setText(photography.photo_words())
            self.view.refresh()


def _small() -> dict[str, np.ndarray]:
    """The photographs of the program, their middle, small. Another thread."""
    found = {}
    for name in photos.examples():
        pixels = photos.of_example(name).pixels
        high, wide = pixels.shape[:2]
        side = min(high, wide)
        part = window(
            pixels, (high - side) / 2, (wide - side) / 2, (side, side), (2 * _THUMB, 2 * _THUMB)
        )
        found[name] = np.clip(np.rint(part[..., :3]), 0, 255).astype(np.uint8)
    return found
