"""A chip: a short summary of something, which opens an editor for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.buttons import Control
from app.widgets.guarded import guarded
from app.widgets.popover import Popover

# text, font role, colour token
Part = tuple[str, str, str]
_GAP = 8
_DIVIDERS = ("·",)


class Chip(Control):
    """Words and values in a row inside a 28 px box.

    Parameters
    ----------
    name : str
        Object name.
    label : str
        Accessible name; the parts are its description.
    editor : callable, optional
        Makes the popover that a click opens.
    """

    def __init__(
        self,
        *,
        name: str,
        label: str,
        editor: Callable[[QWidget], Popover] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._label = label
        self._forms: tuple[tuple[Part, ...], ...] = ((),)
        self._form = 0
        self._limit: int | None = None
        self._editor = editor
        self.popover: Popover | None = None
        self.setFixedHeight(28)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self.open_editor)

    @property
    def _parts(self) -> tuple[Part, ...]:
        return self._forms[self._form]

    def set_parts(self, parts: Sequence[Part], shorter: Sequence[Sequence[Part]] = ()) -> None:
        """Show other words and values; `shorter` is what may be shown instead (`set_form`), ever less."""
        forms = (tuple(parts), *map(tuple, shorter))
        if forms == self._forms:
            return
        self._forms = forms
        self._form = min(self._form, len(forms) - 1)
        self.setAccessibleName(f"{self._label}: " + " ".join(text for text, _, _ in parts))
        self.updateGeometry()
        self.update()

    @property
    def form(self) -> int:
        """Which of its forms is shown: 0 says everything."""
        return self._form

    def set_form(self, form: int) -> None:
        """Show another of its forms."""
        if form != self._form:
            self._form = form
            self.updateGeometry()
            self.update()

    def width_of(self, form: int) -> int:
        """Return how wide the chip is where it shows a form whole."""
        return round(_width(self._forms[form][: self._limit]) + 21)

    def set_limit(self, limit: int | None) -> None:
        """Show only the first parts, in a window that has no room for more."""
        if limit != self._limit:
            self._limit = limit
            self.updateGeometry()
            self.update()

    def open_editor(self) -> None:
        """Open the editor under the chip, or close it if it is open."""
        if self.popover is not None and self.popover.isVisible():
            self.popover.close_popover()
            return
        if self._editor is None:
            return
        if self.popover is not None:
            self.popover.deleteLater()
        self.popover = self._editor(self)
        self.popover.open()

    def shown_parts(self) -> tuple[Part, ...]:
        """Return the parts there is room for: the last ones are left out first, each as a whole."""
        parts = self._parts[: self._limit]
        while len(parts) > 1:
            # What divides two parts is nothing without the second.
            if parts[-1][0] not in _DIVIDERS and _width(parts) <= self.width() - 18:
                break
            parts = parts[:-1]
        return parts

    def sizeHint(self) -> QSize:
        return QSize(self.width_of(self._form), 28)

    def minimumSizeHint(self) -> QSize:
        # In a narrow window the later parts give way, then the end of the first.
        first = sum(_advances(self._parts[:1]))
        return QSize(round(min(first, 64.0) + 22), 28)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.line, 1))
        painter.setBrush(colors.bg3 if self.hovered or self.isDown() else colors.bg2)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        x, right = 10.0, self.width() - 10.0
        shown_parts = self.shown_parts()
        for (text, role, tone), advance in zip(shown_parts, _advances(shown_parts)):
            font = theme.font(role)
            painter.setFont(font)
            painter.setPen(colors.color(tone))
            room = right - x + 1
            shown = text
            if advance > room + 1:
                shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room)
            box = QRectF(x, 0, room + 2, self.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
            x += advance + _GAP


def _width(parts: Sequence[Part]) -> float:
    return sum(_advances(parts)) + _GAP * (len(parts) - 1)


def _advances(parts: Sequence[Part]) -> list[float]:
    return [QFontMetricsF(theme.font(role)).horizontalAdvance(text) for text, role, _ in parts]
