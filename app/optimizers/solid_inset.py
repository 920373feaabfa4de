"""The surface in three dimensions in a corner of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, QSize, QSizeF, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from app.optimizers.solid import Solid, SolidPicture
from app.scenes import draw
from app.scenes.mesh import Projection
from app.text import tr
from app.widgets import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.optimizers.session import RaceSession
    from app.optimizers.surface_map import SurfaceMapView
    from app.theme import Theme

#: Room of the axes' numbers beside it where it stands low.
_AXIS = 48
#: Where it can stand, the usual place first.
_CORNERS = ("upper right", "lower right", "lower left")
#: Size of the inset on maps that are so wide and on smaller ones, and the least size of what it stands on.
INSET, _WIDE, _SMALLER, INSET_NEEDS = QSize(248, 184), 800, QSize(200, 148), QSize(600, 420)


class SolidInset(QWidget):
    """The surface in a corner of the map. It folds to a button, and is away where there is no room or nothing to turn.

    Parameters
    ----------
    session
        Whose race it is.
    parent
        What it stands on: at the upper right, or in a lower corner where it hides less.
    """

    def __init__(self, session: RaceSession, parent: SurfaceMapView) -> None:
        super().__init__(parent)
        self.setObjectName("race-solid-inset")
        self.setAccessibleName(tr("The surface in three dimensions"))
        self._session = session
        self._on = parent
        #: Of which surface and how large a map the corner was chosen, and which one.
        self._chosen_of: tuple[object, ...] = ()
        self._corner = _CORNERS[0]
        self.solid = Solid.of(session)
        self.frame = _Frame(session, self)
        self.fold = Button(name="race-solid-fold", kind="ghost", icon="minus", icon_size=14)
        self.fold.setParent(self)
        self.fold.setAccessibleName(tr("Fold the surface in three dimensions"))
        self.fold.setToolTip(self.fold.accessibleName())
        self.unfold = Button(tr("3-D"), name="race-solid-unfold")
        self.unfold.setParent(self)
        self.unfold.setToolTip(tr("Show the surface in three dimensions"))
        self.fold.clicked.connect(lambda: self._show(False))
        self.unfold.clicked.connect(lambda: self._show(True))
        self.solid.changed.connect(self.place)
        session.chosen.connect(self.place)
        parent.installEventFilter(self)
        self.place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.place()
        return False

    def _show(self, on: bool) -> None:
        self._session.context.do("race.show", name="solid_inset", value=on)

    @Slot()
    def place(self) -> None:
        """Stand in the corner, as large as is wanted and fits."""
        ground = self._on
        open_ = bool(self._session.toggles.get("solid_inset", True))
        room = ground.width() >= INSET_NEEDS.width() and ground.height() >= INSET_NEEDS.height()
        whole = INSET if ground.width() >= _WIDE else _SMALLER
        size = whole if open_ else self.unfold.sizeHint()
        self.setFixedSize(size)
        self._choose_corner(size)
        self.move(self._spot(size, self._corner))
        self.frame.setVisible(open_)
        self.fold.setVisible(open_)
        self.unfold.setVisible(not open_)
        self.frame.setGeometry(0, 0, whole.width(), whole.height())
        side = self.fold.sizeHint()
        self.fold.setGeometry(whole.width() - side.width() - 4, 4, side.width(), side.height())
        self.unfold.move(0, 0)
        self.setVisible(room and not self.solid.flat)
        self.raise_()

    def _spot(self, size: QSize, corner: str) -> QPoint:
        ground = self._on
        right, low = ground.width() - size.width() - 16, ground.height() - size.height() - _AXIS
        return {
            "upper right": QPoint(right, 16), "lower right": QPoint(right, low), "lower left": QPoint(_AXIS, low),
        }[corner]  # fmt: skip

    def _choose_corner(self, size: QSize) -> None:
        """Choose it anew for another surface, or a map of another size; it does not jump while the start is dragged."""
        ground, answer = self._on, self._session.answer
        race = self._session.race
        known = answer is not None and answer.race.surface == race.surface
        key = (race.surface, ground.size(), size, known)
        if key != self._chosen_of:
            self._chosen_of = key

            def hidden(corner: str) -> float:
                return ground.hidden_by(QRectF(self._spot(size, corner), QSizeF(size)))

            self._corner = min(_CORNERS, key=hidden)


class _Frame(SolidPicture):
    """The picture of the inset: on a card, with what its heights are."""

    def __init__(self, session: RaceSession, parent: QWidget) -> None:
        super().__init__(session, "race-solid-small", axes=False)
        self._on = parent.parentWidget() or parent
        self.setParent(parent)
        self.focus_radius = 8
        self._border: tuple[tuple[object, ...], QImage] | None = None

    @Slot()
    def renew(self) -> None:
        # With the map beneath: by itself each of the two would have the other painted once more.
        self._on.update()

    @property
    def view(self) -> Projection:
        # Below the words; what few surfaces reach may be cut off, for there is little room.
        box = (-32.0, -10.0, float(self.width() + 64), float(self.height() + 34))
        return Projection(self.solid.sight, box)

    def paint_paper(self, painter: QPainter, colors: Theme) -> None:
        w, h = float(self.width()), float(self.height())
        draw.fill(painter, 0.5, 0.5, w - 1, h - 1, QColor(colors.bg1), 8)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        super().paint(painter, colors, area)
        words = tr("{heights}, drag to turn", heights=self.solid.words())
        key = (colors.name, words, self.size(), draw.scale_of(painter))
        if self._border is None or self._border[0] != key:
            self._border = (key, self._framed(colors, words, key[-1]))
        draw.blit(painter, 0, 0, self._border[1])

    def _framed(self, colors: Theme, words: str, scale: float) -> QImage:
        """What stands over the picture."""
        w, h = float(self.width()), float(self.height())
        image = draw.canvas(w, h, scale, None)
        with draw.painting(image, (w, h)) as painter:
            draw.frame(painter, 0.5, 0.5, w - 1, h - 1, colors.line2, 1, 8)
            draw.text(painter, 10, 18, draw.elide(words, 11, w - 48), 11, colors.tx2)
        return image
