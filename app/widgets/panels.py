"""Surfaces: panels, scroll panels, the 2 px progress bar, banners and toasts."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFontMetrics,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QScrollBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app import icons, theme
from app.text import tr
from app.widgets.buttons import Button
from app.widgets.guarded import guarded
from app.widgets.labels import Label


class Panel(QFrame):
    """A plain surface in the colour of ``bg1`` (or another ground) with hairlines on some sides."""

    def __init__(
        self, *, name: str = "", ground: str = "bg1", edges: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        if name:
            self.setObjectName(name)
        self._ground = ground
        self._edges = edges

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), colors.color(self._ground))
        w, h = self.width(), self.height()
        lines = {"l": (0, 0, 1, h), "r": (w - 1, 0, 1, h), "t": (0, 0, w, 1), "b": (0, h - 1, w, 1)}
        for edge in self._edges:
            painter.fillRect(*lines[edge], colors.line)


class _SteadyBar(QScrollBar):
    """A scroll bar that keeps its room, and shows nothing where there is nothing to scroll."""

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class ScrollPanel(QScrollArea):
    """A panel that scrolls up and down.

    Parameters
    ----------
    steady : bool
        Keep the scroll bar's room free. Content whose height follows from its width needs it: it would become lower
        when the bar comes, which then goes, and so on without an end.

    Attributes
    ----------
    body : QVBoxLayout
        Holds the content; a stretch keeps it at the top.
    """

    def __init__(
        self, *, name: str = "", steady: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        if name:
            self.setObjectName(name)
        self.setWidgetResizable(True)
        if steady:
            self.setVerticalScrollBar(_SteadyBar(Qt.Orientation.Vertical))
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setProperty("clear", True)
        self.viewport().setProperty("clear", True)
        self.body = QVBoxLayout(inside)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        self.setWidget(inside)


class ProgressLine(QWidget):
    """A determinate bar 2 px high; it takes no room while there is nothing to wait for."""

    def __init__(self, *, name: str = "progress", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(tr("Progress"))
        self.setFixedHeight(2)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._share: float | None = None

    @property
    def share(self) -> float | None:
        """Progress from 0 to 1, or None when there is none."""
        return self._share

    def set_share(self, share: float | None) -> None:
        """Show progress; None clears the bar."""
        if share != self._share:
            self._share = share
            self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._share is None:
            return
        painter = QPainter(self)
        colors = theme.current()
        painter.fillRect(self.rect(), colors.bg3)
        painter.fillRect(0, 0, round(self.width() * self._share), 2, colors.tx)


class Banner(QFrame):
    """A sentence across the top of the stage with what can be done about it.

    Signals
    -------
    dismissed()
        The learner closed it.
    """

    dismissed = Signal()

    def __init__(self, *, name: str = "banner", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFixedHeight(44)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(44, 0, 12, 0)
        self._row.setSpacing(8)
        self._sentence = ""
        self._text = Label("", "body", "tx", name=f"{name}-text", wrap=True)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._row.addWidget(self._text, 1)
        self._buttons: list[Button] = []
        close = Button(name=f"{name}-close", kind="ghost", icon="x", icon_size=14)
        close.setAccessibleName(tr("Close"))
        close.clicked.connect(self._on_close)
        self._row.addWidget(close)
        self._error = True
        self.hide()

    @property
    def text(self) -> str:
        """The sentence shown; of a long one the banner has the beginning and the tooltip all of it."""
        return self._sentence

    def show_message(
        self, sentence: str, actions: list[tuple[str, str, Callable[[], object]]] | None = None,
        *, error: bool = True,
    ) -> None:  # fmt: skip
        """Show a sentence.

        Parameters
        ----------
        sentence : str
            What happened, where, and what to do.
        actions : list of (name, label, callback), optional
            Buttons; a click closes the banner and then calls.
        error : bool
            With the warning sign, or as neutral news.
        """
        for button in self._buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self._buttons = []
        self._error = error
        self._sentence = sentence
        self._text.setToolTip(sentence)
        self.setAccessibleName(sentence)
        for place, (name, label, callback) in enumerate(actions or []):
            button = Button(label, name=name, kind="primary" if place == 0 else "normal")
            button.clicked.connect(self.hide)
            button.clicked.connect(callback)
            self._row.insertWidget(1 + place, button)
            self._buttons.append(button)
        self.show()
        self._row.activate()
        self._fit()
        for toast in self.window().findChildren(Toast):
            toast.place()
        self.update()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def _fit(self) -> None:
        """Show as much of the sentence as two lines hold."""
        metrics, room = QFontMetrics(self._text.font()), max(self._text.width(), 40)

        def fits(words: str) -> bool:
            box = metrics.boundingRect(QRect(0, 0, room, 999), Qt.TextFlag.TextWordWrap, words)
            return box.height() <= 2 * metrics.lineSpacing() and box.width() <= room

        shown = self._sentence
        if not fits(shown):
            enough, much = 0, len(shown)
            while enough < much:
                half = (enough + much + 1) // 2
                cut = self._sentence[:half].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
                enough, much = (half, much) if fits(cut) else (enough, half - 1)
            shown = self._sentence[:enough].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
        self._text.setText(shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.isVisible():
            self._row.activate()
            self._fit()

    def _on_close(self) -> None:
        self.hide()
        self.dismissed.emit()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), colors.bg2)
        painter.fillRect(0, self.height() - 1, self.width(), 1, colors.line)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = colors.err if self._error else colors.tx2
        painter.fillRect(0, 0, 3, self.height(), ink)
        box = QRectF(16, (self.height() - 18) / 2, 18, 18)
        icons.paint(painter, "alert-triangle" if self._error else "info", ink, box)


#: How wide a message gets before its words wrap, and where it is: below the bar and the heads of workspaces.
_TOAST_WIDTH = 520
_TOAST_TOP = 104
_TOAST_GAP = 12


class Toast(QFrame):
    """A short message that leaves by itself, above the picture in the middle: no control is there."""

    def __init__(self, window: QWidget, *, name: str = "toast") -> None:
        super().__init__(window)
        self.setObjectName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(12)
        self._row = row
        self._text = Label("", "body", "tx", wrap=True)
        row.addWidget(self._text)
        self._button: Button | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        window.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """The message shown last."""
        return self._text.text()

    def show_message(
        self, sentence: str, seconds: float = 4.0,
        action: tuple[str, str, Callable[[], object]] | None = None,
    ) -> None:  # fmt: skip
        """Show a message, and a button (name, label, callback) that closes it and does something about it."""
        if self._button is not None:
            self._row.removeWidget(self._button)
            self._button.hide()
            self._button.deleteLater()
            self._button = None
        self._text.setText(sentence)
        self.setAccessibleName(sentence)
        if action is not None:
            name, label, callback = action
            self._button = Button(label, name=name, kind="normal")
            self._button.clicked.connect(self.hide)
            self._button.clicked.connect(callback)
            self._row.addWidget(self._button)
            # Of a message that is seen already it would count only after the room was measured.
            self._button.show()
        # What is under a message that asks nothing can be clicked.
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, action is None)
        self.show()
        self.place()
        self._timer.start(round(seconds * 1000))
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return False

    def place(self) -> None:
        """Lie in the middle of the window, or beside a popover that is open there, and above everything."""
        window = self.parentWidget()
        if window is None:
            return
        left, right = _TOAST_GAP, window.width() - _TOAST_GAP
        for other in window.findChildren(QFrame):
            if other.property("popover") and other.isVisible():
                begin, end = other.x() - _TOAST_GAP, other.x() + other.width() + _TOAST_GAP
                left, right = (end, right) if right - end >= begin - left else (left, begin)
        self._lay(right - left)
        above = sum(b.height() for b in window.findChildren(Banner) if b.isVisible())
        middle = (window.width() - self.width()) // 2
        self.move(min(max(middle, left), right - self.width()), _TOAST_TOP + above)
        self.raise_()

    def _lay(self, room: int) -> None:
        """Take as much room as the words need, in several lines where there is less."""
        beside = 36 if self._button is None else 48 + self._button.sizeHint().width()
        advance = QFontMetricsF(self._text.font()).horizontalAdvance(self._text.text())
        width = max(120, min(math.ceil(advance) + 4, _TOAST_WIDTH, room - beside))
        # Not heightForWidth: a label answers it with the height it was fixed to before.
        box = QRect(0, 0, width, 9999)
        words = QFontMetrics(self._text.font()).boundingRect(
            box, Qt.TextFlag.TextWordWrap, self._text.text()
        )
        self._text.setFixedSize(width, words.height() + 2)
        self._row.activate()
        self.resize(self._row.totalSizeHint())

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.line2, 1))
        painter.setBrush(colors.bg2)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
