"""All surfaces there are, each with its picture and a sentence: a popover to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from app import theme as themes
from app.scenes import draw, race_relief
from app.text import tr
from app.widgets import Popover
from app.widgets.buttons import Control
from app.widgets.guarded import guarded
from core import landscape

if TYPE_CHECKING:
    from app.engine.questions.mapping import SurfaceMap
    from app.optimizers.session import RaceSession
    from app.theme import Theme
    from core.landscape import Surface

_WIDTH, _COLUMNS = 924, 3
#: Of a card, and of its picture.
_HEIGHT, _PICTURE = 72, (60, 44)
_LINES = 3


class SurfaceCards(Popover):
    """See the module's text. Choosing is the command ``race.surface``.

    Parameters
    ----------
    anchor
        The button under which it opens.
    session
        The race.
    """

    def __init__(self, anchor: QWidget, session: RaceSession) -> None:
        super().__init__(anchor, name="race-surfaces", title=tr("Surfaces"), width=_WIDTH)
        self._session = session
        self.cards: dict[str, SurfaceCard] = {}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        names = landscape.names()
        rows = -(-len(names) // _COLUMNS)
        for k, name in enumerate(names):
            card = SurfaceCard(landscape.surface(name, **_points(name)))
            card.clicked.connect(lambda _=False, name=name: self._choose(name))
            self.cards[name] = card
            grid.addWidget(card, k % rows, k // rows)
        self.body.addLayout(grid)

    def open(self) -> None:
        """Show it; pictures that are missing come as they are drawn."""
        now = self._session.race.surface.get("kind")
        for name, card in self.cards.items():
            card.set_current(name == now)
            if card.known is None:
                self._ask(card)
        super().open()

    def _choose(self, name: str) -> None:
        self.close_popover()
        self._session.context.do("race.surface", kind=name, settings=_points(name))

    def _ask(self, card: SurfaceCard) -> None:
        across, down = card.surface.domain
        engine = self._session.context.engine
        engine.ask(
            "surface_map", surface=card.surface.to_document(), across=across, down=down,
            width=2 * _PICTURE[0], height=2 * _PICTURE[1], scale=1.2, done=card.show_map,
            failed=lambda sentence: None, asker=f"card-{card.surface.kind}",
        )  # fmt: skip


def _points(name: str) -> dict[str, str]:
    """Of a regression the points that are offered first: measured ones."""
    known = landscape.data(name)
    return {"data": known[0]} if known else {}


class SurfaceCard(Control):
    """One surface: its picture, its name and what is to be learnt there."""

    def __init__(self, surface: Surface) -> None:
        super().__init__()
        self.surface = surface
        self.known: SurfaceMap | None = None
        self._image: QImage | None = None
        self._image_of: tuple[object, ...] = ()
        self._current = False
        self.setObjectName(f"race-card-{surface.kind}")
        self.setAccessibleName(f"{surface.title}. {surface.note}")
        self.setToolTip(f"{surface.title}: {surface.note}\n{surface.text}\n{surface.source}")
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH // _COLUMNS - 20, _HEIGHT)

    def set_current(self, on: bool) -> None:
        """Tell whether it is the one that is raced on."""
        self._current = on
        self.update()

    def show_map(self, known: SurfaceMap) -> None:
        """Show its picture."""
        self.known = known
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = themes.current()
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            ground = colors.selbg if self._current else colors.bg3 if self.hovered else None
            if ground is not None:
                draw.fill(painter, 0, 0, self.width(), self.height(), ground, 6)
            box = QRectF(8, (self.height() - _PICTURE[1]) / 2, *_PICTURE)
            self._paint_picture(painter, colors, box)
            x = box.right() + 12
            room = self.width() - x - 8
            title = draw.elide(self.surface.title, 12.5, room, 600)
            draw.text(painter, x, 16, title, 12.5, colors.tx, weight=600)
            for k, line in enumerate(wrapped(self.surface.note, 11, room, _LINES)):
                draw.text(painter, x, 33 + 15 * k, line, 11, colors.tx2)
        finally:
            painter.end()

    def _paint_picture(self, painter: QPainter, colors: Theme, box: QRectF) -> None:
        painter.save()
        path = QPainterPath()
        path.addRoundedRect(box, 3, 3)
        painter.setClipPath(path)
        draw.fill(painter, box.x(), box.y(), box.width(), box.height(), colors.bg0)
        known = self.known
        if known is not None and known.relief is not None:
            key = (colors.name, id(known))
            if self._image_of != key:
                self._image, self._image_of = race_relief.picture(colors, known.relief), key
            assert self._image is not None
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
            painter.drawImage(box, self._image)
        elif known is not None and known.curve is not None:
            self._paint_curve(painter, colors, box, known)
        painter.restore()

    def _paint_curve(
        self, painter: QPainter, colors: Theme, box: QRectF, known: SurfaceMap
    ) -> None:
        assert known.curve is not None
        heights = known.curve
        low, high = float(heights.min()), float(heights.max())
        last = len(heights) - 1
        points = [
            QPointF(
                box.x() + box.width() * k / last,
                box.bottom() - 5 - (box.height() - 10) * (float(one) - low) / (high - low),
            )
            for k, one in enumerate(heights)
        ]
        painter.setPen(QPen(colors.contour, 1.5))
        painter.drawPolyline(points)


def wrapped(words: str, px: float, width: float, most: int) -> list[str]:
    """Break words into at most so many lines; the last one ends with an ellipsis where there are more."""
    lines: list[str] = []
    rest = words.split()
    while rest:
        if len(lines) == most - 1:
            return [*lines, draw.elide(" ".join(rest), px, width)]
        count = 1
        while count < len(rest) and draw.advance(" ".join(rest[: count + 1]), px) <= width:
            count += 1
        lines.append(draw.elide(" ".join(rest[:count]), px, width))
        rest = rest[count:]
    return lines
