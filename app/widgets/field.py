"""Fields: numbers with small arrows, one line of text, and a list to choose from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QLocale, QObject, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPolygonF,
    QResizeEvent,
    QValidator,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from app import icons, text, theme
from app.widgets.focus import focus_entered, focus_left, reveal
from app.widgets.guarded import guarded

_MINUS = "\N{MINUS SIGN}"
_LEFT, _ARROWS = 7, 18
#: Of a number that is written with a power of ten, and from where on there are such numbers.
_DIGITS, _LARGE = 6, 1e3
# Far beyond any setting: the document refuses with a sentence, the field does not swallow keys.
_LIMIT = 1e12


class NumberField(QDoubleSpinBox):
    """A number typed or stepped with the arrow keys.

    The field accepts any number and announces it; whoever listens decides, so that a refusal can
    be explained. :meth:`set_error` shows the field as refused.

    Signals
    -------
    entered(float)
        The user has finished entering a number, or stepped.
    """

    entered = Signal(float)
    focus_radius = 4

    def __init__(
        self,
        *,
        name: str,
        label: str = "",
        whole: bool = True,
        step: float = 1.0,
        minimum: float | None = None,
        maximum: float | None = None,
        width: int = 64,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(label or name)
        self._whole = whole
        self._low = -_LIMIT if minimum is None else minimum
        self._high = _LIMIT if maximum is None else maximum
        self.setLocale(QLocale.c())
        self.setDecimals(0 if whole else 8)
        self.setRange(min(self._low, -_LIMIT), max(self._high, _LIMIT))
        self.setSingleStep(step)
        self.setFont(theme.font("value"))
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setKeyboardTracking(False)
        self.setFixedSize(width, 28)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setFrame(False)
        self.lineEdit().setAccessibleName(label or name)
        self._silent = False
        self.valueChanged.connect(self._on_value)
        self.lineEdit().installEventFilter(self)

    def set_amount(self, amount: float) -> None:
        """Show a number without announcing it."""
        self._silent = True
        self.setValue(amount)
        self._silent = False

    def set_error(self, wrong: bool) -> None:
        """Mark the field as refused, or take the mark away."""
        if bool(self.property("error")) != wrong:
            self.setProperty("error", wrong)
            self.style().unpolish(self)
            self.style().polish(self)

    def textFromValue(self, value: float) -> str:
        if self._whole:
            return str(int(value)).replace("-", _MINUS)
        shown = text.number(value)
        # A large number whose end is cut off is another one; of a small one decimals are cut off.
        digits = _DIGITS if abs(value) >= _LARGE else 0
        while digits and self.fontMetrics().horizontalAdvance(shown) > self._room:
            shown = text.powers(value, digits)
            digits -= 1
        return shown

    @property
    def _room(self) -> int:
        """Pixels for the text, without the caret and the editor's own margins."""
        return self.width() - _LEFT - _ARROWS - 3

    def valueFromText(self, shown: str) -> float:
        if not self._whole and shown == self.textFromValue(self.value()):
            # Written shorter, it is what it was.
            return self.value()
        try:
            return float(shown.replace(_MINUS, "-").replace(",", "").strip())
        except ValueError:
            return self.value()

    def validate(self, shown: str, position: int) -> tuple[QValidator.State, str, int]:
        plain = shown.replace(_MINUS, "-").replace(",", "").strip()
        try:
            float(plain)
            state = QValidator.State.Acceptable
        except ValueError:
            unfinished = all(c in "0123456789.-+eE" for c in plain)
            state = QValidator.State.Intermediate if unfinished else QValidator.State.Invalid
        return (state, shown, position)

    def stepBy(self, steps: int) -> None:
        # Stepping stays within the setting's own bounds; only typing may leave them.
        value = self.value()
        target = value + steps * self.singleStep()
        self.setValue(max(min(self._low, value), min(max(self._high, value), target)))
        self.selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        flags = QAbstractSpinBox.StepEnabledFlag.StepNone
        if self.value() < self._high:
            flags |= QAbstractSpinBox.StepEnabledFlag.StepUpEnabled
        if self.value() > self._low:
            flags |= QAbstractSpinBox.StepEnabledFlag.StepDownEnabled
        return flags

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.lineEdit() and event.type() == QEvent.Type.MouseButtonPress:
            assert isinstance(event, QMouseEvent)
            if self._arrow_pressed(event.position().x() + self.lineEdit().x(), event):
                return True
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._arrow_pressed(event.position().x(), event):
            super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            reveal(self)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.tx3)
        painter.setOpacity(1.0 if self.isEnabled() else 0.45)
        x, y = self.width() - 12.0, self.height() / 2
        for sign in (-1, 1):
            tip = [QPointF(x, y + 6 * sign), QPointF(x - 3, y + 2 * sign)]
            painter.drawPolygon(QPolygonF([*tip, QPointF(x + 3, y + 2 * sign)]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_edit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # Another theme is another style, and the style places the text anew.
        if event.type() == QEvent.Type.StyleChange:
            self._place_edit()

    def _place_edit(self) -> None:
        # The style knows nothing of our arrows; the text leaves them their place.
        room = self.width() - _LEFT - _ARROWS
        self.lineEdit().setGeometry(_LEFT, 1, room, self.height() - 2)

    def sizeHint(self) -> QSize:
        return QSize(self.width(), 28)

    def focus_rect(self) -> QRect:
        """Return the part that the focus ring surrounds."""
        return self.rect()

    def _arrow_pressed(self, x: float, event: QMouseEvent) -> bool:
        if x < self.width() - _ARROWS or event.button() != Qt.MouseButton.LeftButton:
            return False
        inside = self.mapFromGlobal(event.globalPosition().toPoint())
        self.stepBy(1 if inside.y() < self.height() / 2 else -1)
        return True

    def _on_value(self, value: float) -> None:
        if not self._silent:
            self.entered.emit(value)


class TextField(QLineEdit):
    """One line of text; ``entered`` follows Enter or leaving the field with a change."""

    entered = Signal(str)
    focus_radius = 4

    def __init__(
        self, *, name: str, label: str = "", mono: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(label or name)
        self.setFont(theme.font("value" if mono else "label"))
        self.setFixedHeight(28)
        self._known = ""
        self.editingFinished.connect(self._on_finished)

    def set_value(self, value: str) -> None:
        """Show a text without announcing it."""
        self._known = value
        if self.text() != value:
            self.setText(value)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    def _on_finished(self) -> None:
        if self.text() != self._known:
            self._known = self.text()
            self.entered.emit(self._known)


class Choice(QComboBox):
    """A list to choose one value from, drawn as a field with a caret.

    Signals
    -------
    chosen(str)
        The user picked a value.
    """

    chosen = Signal(str)
    focus_radius = 4

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        *,
        name: str,
        label: str = "",
        width: int | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(label or name)
        self.setFont(theme.font("label"))
        for value, shown in options:
            self.addItem(shown, value)
        self.setFixedHeight(28)
        if width is not None:
            self.setFixedWidth(width)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.activated.connect(self._on_activated)

    @property
    def value(self) -> str:
        """The chosen value."""
        return str(self.currentData())

    def set_value(self, value: str) -> None:
        """Choose without announcing it."""
        index = self.findData(value)
        if index >= 0:
            self.setCurrentIndex(index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # Turning the wheel over a panel must not change settings by accident.
        event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(1.0 if self.isEnabled() else 0.45)
        painter.setPen(colors.tx)
        painter.setFont(self.font())
        box = self.rect().adjusted(8, 0, -26, 0)
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        shown = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideRight, box.width()
        )
        painter.drawText(box, align, shown)
        caret = icons.pixmap("chevron-down", colors.tx3, 14, self.devicePixelRatioF())
        painter.drawPixmap(self.width() - 22, (self.height() - 14) // 2, caret)

    def _on_activated(self, index: int) -> None:
        self.chosen.emit(str(self.itemData(index)))
