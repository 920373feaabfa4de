"""What the engine has drawn of a surface: asked for as it is seen, kept until there is something newer."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from app.scenes import race_map, race_relief
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.engine.questions.mapping import SurfaceMap
    from app.scenes.race_map_layout import Viewport
    from app.theme import Theme
    from app.workspace import WindowContext
    from core.landscape import Surface

OWNER = "map"


class MapGround(QObject):
    """See the module's text. Interface thread only.

    Parameters
    ----------
    context
        The window's engine.

    Signals
    -------
    drawn()
        `known` is new.

    Attributes
    ----------
    known
        What has been drawn last, which may be of another part of the surface; None before there is anything.
    """

    drawn = Signal()

    def __init__(self, context: WindowContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.known: SurfaceMap | None = None
        self._image: QImage | None = None
        self._image_of: tuple[object, ...] = ()
        self._wanted: tuple[Surface, Viewport, float] | None = None
        self._waiting = False

    def ask(self, surface: Surface, view: Viewport, ratio: float) -> None:
        """Let a surface be drawn for a screen of `ratio` pixels to a unit of length; the newest question counts."""
        self._wanted = surface, view, ratio
        if not self._context.attached:
            self._waiting = True
            return
        self._waiting = False
        self._context.engine.ask(
            "surface_map", **race_map.asked(surface, view, ratio), done=self._on_map, partly=self._on_map,
            failed=self._on_refused, asker=OWNER,
        )  # fmt: skip

    def forget(self) -> None:
        """Know nothing: another surface follows."""
        self.known = None

    def follow(self, on: bool) -> None:
        """Ask again for what could not be answered when the engine can; only while somebody looks."""
        engine = self._context.engine
        for signal in (engine.prepared, engine.state_changed):
            if on:
                signal.connect(self._retry)
            else:
                signal.disconnect(self._retry)

    @Slot()
    def _retry(self) -> None:
        if self._waiting and self._wanted is not None:
            self.ask(*self._wanted)

    def _on_map(self, known: SurfaceMap) -> None:
        if self._wanted is not None and known.surface == self._wanted[0].to_document():
            self.known = known
            self.drawn.emit()

    def _on_refused(self, sentence: str) -> None:
        self._waiting = True

    # -- what is known

    def image(self, theme: Theme) -> QImage | None:
        """Return the relief in a theme's colours; None of a curve."""
        if self.known is None or self.known.relief is None:
            return None
        key = (theme.name, self.known)
        if key != self._image_of:
            self._image_of, self._image = key, race_relief.picture(theme, self.known.relief)
        return self._image

    @property
    def curve(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Equally distant x and the heights there, of a curve of one variable."""
        if self.known is None or self.known.curve is None:
            return None
        return np.linspace(*self.known.across, len(self.known.curve)), self.known.curve

    def height(self, x: float) -> float | None:
        """Return how high the curve is at a place; None where that is not known, or it has no height."""
        if self.curve is None:
            return None
        found = float(np.interp(x, *self.curve))
        return found if isfinite(found) else None

    @property
    def contours(self) -> str:
        """What lies between two contour lines, in words; "" where there are none."""
        relief = self.known.relief if self.known is not None else None
        if relief is None or relief.every <= 0:
            return ""
        if relief.log:
            return tr("contours every ×2")
        return tr("contours every {height}", height=f"{relief.every:g}")
