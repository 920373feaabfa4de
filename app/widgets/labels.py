"""Words on panels: labels in a role and tone, section headings, hairlines, keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import theme
from app.widgets.guarded import guarded


class Label(QLabel):
    """Text in a font role and a tone (a colour token); the style sheet knows the tones."""

    def __init__(
        self,
        text: str = "",
        role: str = "label",
        tone: str = "tx2",
        *,
        name: str = "",
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        if name:
            self.setObjectName(name)
        self.setFont(theme.font(role))
        self.setProperty("tone", tone)
        self.setWordWrap(wrap)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def set_tone(self, tone: str) -> None:
        """Change the colour."""
        if self.property("tone") != tone:
            self.setProperty("tone", tone)
            self.style().unpolish(self)
            self.style().polish(self)


class RichLabel(Label):
    """A label whose text may hold ``<b>`` and colour spans; used for numbers inside sentences."""

    def __init__(
        self, text: str = "", role: str = "label", tone: str = "tx2", **extra: object
    ) -> None:
        super().__init__("", role, tone, **extra)  # type: ignore[arg-type]
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setText(text)


class Line(QFrame):
    """A hairline in the colour of ``line``."""

    def __init__(
        self, vertical: bool = False, length: int = 0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("hairline", True)
        if vertical:
            self.setFixedWidth(1)
            if length:
                self.setFixedHeight(length)
        else:
            self.setFixedHeight(1)
            if length:
                self.setFixedWidth(length)


#: Qt's own largest size.
_NO_LIMIT = (1 << 24) - 1


class Header(QFrame):
    """The 40 px head of a panel: a title, an optional quiet subtitle, controls at the right.

    Attributes
    ----------
    row : QHBoxLayout
        Add controls here; they come after a stretch.
    """

    def __init__(
        self, title: str, subtitle: str = "", *, mono: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("panel", "header")
        self.setFixedHeight(40)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(16, 0, 16, 0)
        self.row.setSpacing(8)
        self.title = Label(title, "header", "tx")
        self.subtitle = Label(subtitle, "value" if mono else "label", "tx2")
        self.row.addWidget(self.title)
        self.row.addWidget(self.subtitle)
        self.row.addStretch(1)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._make_room()
        return super().event(event)

    def _make_room(self) -> None:
        """Rather no subtitle than controls that are cut off."""
        needed, folded = self.row.sizeHint().width(), self.subtitle.maximumWidth() == 0
        if folded:
            needed += self.subtitle.sizeHint().width()
        if folded != (needed > self.width()):
            self.subtitle.setMaximumWidth(_NO_LIMIT if folded else 0)


class Key(QWidget):
    """The picture of a key, such as ``Space``."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = text
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def sizeHint(self) -> QSize:

        return QSize(round(QFontMetricsF(theme.font("key")).horizontalAdvance(self._text)) + 10, 16)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(colors.line2)
        painter.setBrush(colors.bg2)
        rect = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(rect, 3, 3)
        painter.setPen(colors.tx2)
        painter.setFont(theme.font("key"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._text)
