"""What works and is seldom meant, in sentences: each can be followed with a click, or dismissed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import icons, theme
from app.text import tr
from app.widgets.buttons import Button
from app.widgets.guarded import guarded
from app.widgets.labels import Label

if TYPE_CHECKING:
    from core.spec import Advice


class Hints(QWidget):
    """One paragraph for each piece of advice; without any it takes no room.

    Signals
    -------
    followed(layer, title), dismissed(layer, title)
        A button was clicked.
    """

    followed = Signal(str, str)
    dismissed = Signal(str, str)

    def __init__(self, *, name: str, margin: int = 0) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("clear", True)
        self._name = name
        self._shown: tuple[Advice, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(margin, 12, margin, 4)
        self._column.setSpacing(12)
        self.hide()

    def show_advice(self, found: Sequence[Advice]) -> None:
        """Show these."""
        self.setVisible(bool(found))
        if tuple(found) == self._shown:
            return
        self._shown = tuple(found)
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for place, one in enumerate(self._shown):
            holder = self._made(one, f"-{place + 1}" if place else "")
            self._column.addWidget(holder)
            holder.show()

    def _made(self, one: Advice, ending: str) -> QWidget:
        holder = QWidget()
        holder.setProperty("clear", True)
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(_Bulb())
        head.addWidget(Label(one.title, "strong", "tx", name=f"{self._name}-title{ending}"), 1)
        inside.addLayout(head)
        inside.addWidget(
            Label(one.sentence, "label", "tx2", name=f"{self._name}-text{ending}", wrap=True)
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        if one.fix is not None:
            follow = Button(one.fix.label, name=f"{self._name}-follow{ending}")
            follow.clicked.connect(lambda: self.followed.emit(one.layer, one.title))
            buttons.addWidget(follow)
        dismiss = Button(tr("Dismiss"), name=f"{self._name}-dismiss{ending}", kind="ghost")
        dismiss.setToolTip(tr("Do not show this hint about this layer any more"))
        dismiss.clicked.connect(lambda: self.dismissed.emit(one.layer, one.title))
        buttons.addWidget(dismiss)
        buttons.addStretch(1)
        inside.addLayout(buttons)
        return holder


class _Bulb(QWidget):
    """The sign of a hint, as on the block of its layer."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(16, 16)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        icons.paint(painter, "bulb", theme.current().tx, QRectF(self.rect()))
