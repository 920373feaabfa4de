"""The formula inspector: one tall sheet of sections, every symbol, cell and control of it for mouse and keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from app import theme as themes
from app.scenes import draw
from app.scenes.formula_expressions import format_number
from app.step.card import Card
from app.step.page import Action, Light, Target
from app.step.written import Written
from app.text import tr
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded
from core.expressions import Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent

_MOVES = {
    Qt.Key.Key_Down: 1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Left: -1,
}  # fmt: skip
_PICKS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class Sheet(QWidget):
    """The formula, its numbers, its factors, operands, check and words.

    The arrow keys walk over its symbols, cells and controls, Enter picks one.

    Signals
    -------
    hovered(object)
        The number under the mouse or the keyboard (tensor and index), or None.
    picked(object)
        The number that was clicked.
    wanted(object)
        The `Action` of a control that was clicked.
    """

    hovered = Signal(object)
    picked = Signal(object)
    wanted = Signal(object)
    focus_radius = 4

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("step-formula")
        self.setAccessibleName(tr("Formula"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        # It fills its ground itself, and what stands on it stays where it is when a scroll bar comes or goes.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_StaticContents)
        self._card = Card("", None)
        self._hover: Target | None = None
        self._lit: frozenset[Target] = frozenset()
        self._page: Written | None = None
        self._height = 200.0

    @property
    def card(self) -> Card:
        """What is shown."""
        return self._card

    def set_card(self, card: Card) -> None:
        """Show another card."""
        if card == self._card:
            return
        self._card = card
        self._measure()
        self.setAccessibleDescription(self.text())
        self.update()

    def text(self) -> str:
        """The card in plain words, for screen readers."""
        card = self._card
        if card.subject is None:
            return ""
        shown = "…" if card.result is None else format_number(card.result, 6)
        return f"{card.subject.symbol} {card.subject.shown} = {shown}. {card.words}"

    def light(self, stands_for: Callable[[str, tuple[int, ...]], bool] | None) -> None:
        """Light up the numbers that something hovered elsewhere stands for."""
        lit: frozenset[Target] = frozenset()
        if stands_for is not None:
            numbers = (one for one in self._in_order() if isinstance(one, tuple))
            lit = frozenset(one for one in numbers if stands_for(*one))
        if lit != self._lit:
            self._lit = lit
            self.update()

    @property
    def lit(self) -> frozenset[Target]:
        """What is lit up: what the mouse or the keyboard is at, here or elsewhere."""
        return self._lit if self._hover is None else frozenset((self._hover,))

    def sizeHint(self) -> QSize:
        return QSize(360, round(self._height))

    def resizeEvent(self, event: object) -> None:
        # Its own height has changed, most of the time: what stands where hangs on the width alone.
        if self._page is None or self._page.width != self._room:
            self._page = None
            self._measure()

    def _measure(self) -> None:
        height = self._written().height
        if abs(height - self._height) > 0.5:
            self._height = height
            self.setMinimumHeight(round(height))
            self.updateGeometry()
            around = self.parentWidget()
            if around is not None:
                # At once, so that it is not painted in its old place before.
                QCoreApplication.sendPostedEvents(around, QEvent.Type.LayoutRequest.value)

    def _written(self) -> Written:
        """What stands where: written when card, width or colours are others than before."""
        page, colors = self._page, themes.current()
        if page is None or page.card is not self._card or page.colors is not colors:
            page = self._page = Written(colors, self._card, self._room, page)
        return page

    @property
    def _room(self) -> int:
        """Width of what is written: as if the scroll bar were there, whether it is or not.

        Otherwise a card that just does not fit makes the bar come, is less high for being narrower, makes it go, ...
        """
        area = _scroll_area(self)
        if area is None:
            return self.width() or 360
        frame = 2 * area.frameWidth()
        return max(120, area.width() - frame - area.verticalScrollBar().sizeHint().width())

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = themes.current()
        painter.fillRect(event.rect(), colors.bg1)
        page, place = self._written(), event.rect()
        if place.left() < page.width:
            page.paint(painter, Light(self._hover, self.lit), place.top(), place.bottom() + 1)
        if self.hasFocus() and self._hover is not None:
            for rect in self._rects(self._hover)[:1]:
                box = rect.adjusted(-2, -2, 2, 2)
                draw.frame(painter, box.x(), box.y(), box.width(), box.height(), colors.tx, 2, 4)

    def focus_rect(self) -> QRect:
        """Where the focus ring goes: just inside what is seen of the sheet, because it fills its panel."""
        return self.visibleRegion().boundingRect().adjusted(5, 5, -5, -5)

    # -- what stands where

    def reference_at(self, x: float, y: float) -> Target | None:
        """Return the number (tensor and index) or the control at a point."""
        page = self._written()
        for box, left, top in page.formulas:
            ref = box.hit(x - left, y - top)
            if isinstance(ref, Ref):
                return ref.tensor, tuple(ref.index)
        # Later ones lie on top.
        for rect, target in reversed(page.targets):
            if rect.contains(QPointF(x, y)):
                return target
        return None

    def places(self, tensor: str, index: tuple[int, ...]) -> list[QRectF]:
        """Return everywhere a number stands, for tests and for lessons that point at it."""
        return self._rects((tensor, index))

    def controls(self) -> list[Action]:
        """Return the controls on the sheet."""
        return [t for _, t in self._written().targets if isinstance(t, Action)]

    def place_of(self, action: Action) -> QRectF | None:
        """Return where a control stands."""
        return next(iter(self._rects(action)), None)

    def _everything(self) -> list[tuple[QRectF, Target]]:
        page = self._written()
        found: list[tuple[QRectF, Target]] = [
            (rect.translated(left, top), (ref.tensor, tuple(ref.index)))
            for box, left, top in page.formulas
            for rect, ref in box.hits
            if isinstance(ref, Ref)
        ]
        return found + page.targets

    def _rects(self, target: Target) -> list[QRectF]:
        return [rect for rect, other in self._everything() if other == target]

    def _in_order(self) -> list[Target]:
        """Every number and control once, from top to bottom."""
        every = sorted(self._everything(), key=lambda one: (one[0].y(), one[0].x()))
        return list(dict.fromkeys(target for _, target in every))

    # -- events

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        found = self.reference_at(at.x(), at.y())
        self._come_to(found)
        self.setCursor(Qt.CursorShape.PointingHandCursor if found else Qt.CursorShape.ArrowCursor)
        if found is not None:
            QToolTip.showText(event.globalPosition().toPoint(), self.describe(found), self)

    def _come_to(self, target: Target | None) -> None:
        if target == self._hover:
            return
        self._hover = target
        self.hovered.emit(target if isinstance(target, tuple) else None)
        self.update()

    def describe(self, target: Target) -> str:
        """Return what a number or a control is, in words."""
        if isinstance(target, Action):
            return target.tip
        value = self._card.values.get(target)
        return target[0] if value is None else f"{target[0]} = {format_number(value, 6)}"

    def leaveEvent(self, event: object) -> None:
        self._come_to(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.reference_at(event.position().x(), event.position().y())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.pick(found)

    def pick(self, target: Target) -> None:
        """Do what a click on a number or a control does."""
        if isinstance(target, Action):
            self.wanted.emit(target)
        else:
            self.picked.emit(target)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        every = self._in_order()
        if key in _MOVES and every:
            at = every.index(self._hover) + _MOVES[key] if self._hover in every else 0
            target = every[at % len(every)]
            self._come_to(target)
            self.setAccessibleDescription(self.describe(target))
            for rect in self._rects(target)[:1]:
                self._scroll_to(rect)
        elif key in _PICKS and self._hover is not None:
            self.pick(self._hover)
        else:
            super().keyPressEvent(event)

    def _scroll_to(self, rect: QRectF) -> None:
        parent = _scroll_area(self)
        inside = parent.widget() if parent is not None else None
        if parent is not None and inside is not None:
            center = self.mapTo(inside, rect.center().toPoint())
            parent.ensureVisible(center.x(), center.y(), 0, 60)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)
        self._come_to(None)


def _scroll_area(widget: QWidget) -> QScrollArea | None:
    """The scroll area a widget is in."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    return parent
