"""What is painted with: draw or erase, take back, clear, and the brush."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QWidget

from app import icons, theme
from app.inside.beside import BesidePopover
from app.step.sample_picture import INKS
from app.text import tr
from app.widgets import Button, Control, Label, Slider, Toggle
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.inside.session import InsideSession


class Tool(Control):
    """A button that stays pressed: an icon, with words where there is room."""

    def __init__(self, name: str, icon: str, label: str, tip: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setToolTip(tip)
        self.setCheckable(True)
        self.setFixedHeight(28)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._icon, self._label = icon, label
        self.wide = True

    def set_wide(self, wide: bool) -> None:
        """Show words, or an icon alone."""
        self.wide = wide
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        if not self.wide:
            return QSize(28, self.height())
        width = QFontMetricsF(theme.font("button")).horizontalAdvance(self._label)
        return QSize(round(width) + 20, 28)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            colors = theme.current()
            if not self.isEnabled():
                painter.setOpacity(0.45)
            on = self.isChecked()
            painter.setPen(QPen(colors.line2 if on else colors.line, 1))
            painter.setBrush(colors.selbg if on else colors.bg3 if self.hovered else colors.bg2)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
            ink = colors.tx if on else colors.tx2
            if self.wide:
                font = theme.font("button")
                painter.setFont(font)
                painter.setPen(ink)
                width = QFontMetricsF(font).horizontalAdvance(self._label)
                base = self.height() / 2 + QFontMetricsF(font).capHeight() / 2
                painter.drawText(round((self.width() - width) / 2), round(base), self._label)
            else:
                box = QRectF((self.width() - 14) / 2, (self.height() - 14) / 2, 14, 14)
                icons.paint(painter, self._icon, ink, box)
        finally:
            painter.end()


class Tools(QWidget):
    """The row under the picture, or the column beside it."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self.draw = Tool(
            "inside-draw", "pencil", tr("Draw"), tr("Draw on the picture; the right button erases")
        )
        self.erase = Tool("inside-erase", "eraser", tr("Erase"), tr("Erase on the picture"))
        self.draw.clicked.connect(lambda: session.context.do("inside.brush", erase=False))
        self.erase.clicked.connect(lambda: session.context.do("inside.brush", erase=True))
        self.undo = _button("inside-undo-stroke", "undo", tr("Take the last stroke back (Ctrl+Z)"))
        self.undo.clicked.connect(lambda: session.context.do("inside.undo_stroke"))
        self.clear = _button("inside-clear", "trash", tr("Clear: begin with nothing"))
        self.clear.clicked.connect(lambda: session.context.do("inside.clear"))
        self.brush = _button("inside-brush", "adjustments", tr("Brush"))
        self.brush.clicked.connect(self._open_brush)
        self._popover: BrushPopover | None = None
        for widget in (self.draw, self.erase, self.undo, self.clear, self.brush):
            self._row.addWidget(widget)
        self._row.addStretch(1)
        session.painting.changed.connect(self.refresh)
        session.network_changed.connect(self.refresh)
        self.refresh()

    def set_compact(self, level: int) -> None:
        """In small windows a column of icons."""
        for tool in (self.draw, self.erase):
            tool.set_wide(level == 0)
        for widget in (self.draw, self.erase, self.undo, self.clear, self.brush):
            widget.setFixedHeight(24 if level > 1 else 28)
            widget.setMinimumWidth(28 if level > 1 else 0)
        self._row.setSpacing(2 if level > 1 else 4)
        self._row.setDirection(
            QBoxLayout.Direction.TopToBottom if level > 1 else QBoxLayout.Direction.LeftToRight
        )

    def refresh(self) -> None:
        """Show what is chosen, and what can be done."""
        painting, image = self._session.painting, self._session.is_image
        self.draw.setChecked(not painting.erasing)
        self.erase.setChecked(painting.erasing)
        canvas = painting.canvas
        strokes = canvas.strokes if canvas is not None and painting.is_shown else 0
        self.undo.setEnabled(image and strokes > 0)
        for widget in (self.draw, self.erase, self.clear, self.brush):
            widget.setEnabled(image)

    def _open_brush(self) -> None:
        if self._popover is None:
            self._popover = BrushPopover(self.brush, self._session)
        if self._popover.isVisible():
            self._popover.close_popover()
        else:
            self._popover.open()


def _button(name: str, icon: str, tip: str) -> Button:
    button = Button(name=name, kind="normal", icon=icon, icon_size=14)
    button.setAccessibleName(tip)
    button.setToolTip(tip)
    return button


class _Ink(Control):
    """A colour to paint with."""

    def __init__(self, ink: str, title: str) -> None:
        super().__init__()
        self.setObjectName(f"inside-ink-{ink}")
        self.setAccessibleName(title)
        self.setToolTip(title)
        self.setCheckable(True)
        self.setFixedSize(28, 28)
        self.ink = ink

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            colors = theme.current()
            on = self.isChecked()
            painter.setPen(QPen(colors.tx if on else colors.line2, 2 if on else 1))
            painter.setBrush(QColor.fromRgbF(*INKS[self.ink]))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(3, 3, -3, -3), 4, 4)
        finally:
            painter.end()


class BrushPopover(BesidePopover):
    """The brush's width and ink, and whether drawings are centred."""

    def __init__(self, anchor: QWidget, session: InsideSession) -> None:
        super().__init__(anchor, name="inside-brush-settings", title=tr("Brush"), width=264)
        self._session = session
        self.width_slider = Slider(
            0.5, 64, name="inside-brush-size", label=tr("Width of the brush in pixels"),
            logarithmic=True,
        )  # fmt: skip
        self.width_slider.setToolTip(tr("Width of the brush in pixels of the network's picture"))
        self.width_slider.moved.connect(
            lambda value: session.context.do("inside.brush", size=value)
        )
        self.value = Label("", "value", "tx")
        row = QHBoxLayout()
        row.addWidget(Label(tr("Width"), "label", "tx2"))
        row.addWidget(self.width_slider, 1)
        row.addWidget(self.value)
        self.body.addLayout(row)
        self.inks = QWidget()
        colors = QHBoxLayout(self.inks)
        colors.setContentsMargins(0, 0, 0, 0)
        titles = {
            "white": tr("White"), "red": tr("Red"), "green": tr("Green"), "blue": tr("Blue"),
            "yellow": tr("Yellow"), "black": tr("Black"),
        }  # fmt: skip
        self._inks = [_Ink(name, titles[name]) for name in INKS]
        for one in self._inks:
            one.clicked.connect(
                lambda _=False, ink=one.ink: session.context.do("inside.brush", ink=ink)
            )
            colors.addWidget(one)
        colors.addStretch(1)
        self.body.addWidget(self.inks)
        self.centring = QWidget()
        row = QHBoxLayout(self.centring)
        row.setContentsMargins(0, 0, 0, 0)
        self.centred = Toggle(name="inside-centred", label=tr("Centre drawings as MNIST does"))
        self.centred.setToolTip(
            tr("Digits of MNIST fill 20 of 28 pixels and have their centre of mass in the middle")
        )
        self.centred.clicked.connect(
            lambda on: session.context.do("inside.show", name="centred", value=bool(on))
        )
        row.addWidget(Label(tr("Centre drawings like MNIST"), "label", "tx2"))
        row.addStretch(1)
        row.addWidget(self.centred)
        self.body.addWidget(self.centring)
        self.note = Label(
            tr(
                "What begins empty is scaled to fill 20 of 28 pixels and moved until its centre of mass is in the "
                "middle, as the digits are from which the network has learned."
            ),
            "label", "tx3", wrap=True,
        )  # fmt: skip
        self.body.addWidget(self.note)
        session.painting.changed.connect(self.refresh)
        session.chosen.connect(self.refresh)

    def open(self) -> None:
        """Show it with what is chosen."""
        self.refresh()
        super().open()

    def refresh(self) -> None:
        """Show what is chosen."""
        session = self._session
        painting = session.painting
        shape = session.input_shape
        self.width_slider.set_amount(painting.size)
        self.value.setText(f"{painting.size:.1f} px")
        self.inks.setVisible(len(shape) == 3 and shape[2] == 3)
        for one in self._inks:
            one.setChecked(one.ink == painting.ink)
        self.centring.setVisible(painting.centres)
        self.note.setVisible(painting.centres)
        self.centred.setChecked(bool(session.toggles["centred"]))
