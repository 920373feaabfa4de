"""Painting on the input: a canvas, a brush and their commands; the network is shown every stroke as it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.bus import CommandError
from app.document import data_info
from app.inside.canvas import Canvas
from app.inside.given import Input
from app.inside.resampling import centred
from app.snapshots import read_only
from app.step.sample_picture import INKS
from app.text import tr

if TYPE_CHECKING:
    from app.inside.session import InsideSession

#: Data sets whose pictures are centred by their mass, so that what is drawn has to be.
CENTRED = ("digits",)
#: Widths of the brush, as shares of the picture's side.
_THINNEST, _THICKEST, _USUAL = 0.03, 0.3, 0.085
#: What is drawn is shown to the network so often, in milliseconds.
_LIVE = 16
#: Points of one stroke.
_MOST_POINTS = 10_000

Size = Annotated[float, msgspec.Meta(gt=0, le=4096)]
Points = Annotated[list[list[float]], msgspec.Meta(min_length=1, max_length=_MOST_POINTS)]


class Painting(QObject):
    """What is painted, and with what. Interface thread.

    Attributes
    ----------
    canvas
        What is painted on, or None while nothing was.
    size, ink, erasing
        The brush: its width in pixels, the name of its ink, and whether it erases.

    Signals
    -------
    changed()
        Any of these.
    """

    changed = Signal()

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session)
        self._session = session
        self.canvas: Canvas | None = None
        self.size, self.ink, self.erasing = 0.0, "white", False
        self._base: Input | None = None
        self._shown: Input | None = None
        #: The stroke under way: its points, and how it is drawn.
        self._points: list[list[float]] = []
        self._how: tuple[float, str, bool] = (0.0, "white", False)
        self._live = QTimer(self)
        self._live.setSingleShot(True)
        self._live.setInterval(_LIVE)
        self._live.timeout.connect(self._show_canvas)
        session.toggles |= {"centred": True}
        self._centred = True
        session.input_changed.connect(self._on_input)
        session.chosen.connect(self._on_switch)
        session.network_changed.connect(self._on_network)
        self._on_network()
        bus = session.context.bus
        for name, handler, label in (
            ("inside.stroke", self._do_stroke, tr("Draw")),
            ("inside.clear", self._do_clear, tr("Clear the drawing")),
            ("inside.undo_stroke", self._do_undo, tr("Take a stroke back")),
            ("inside.brush", self._do_brush, tr("Choose the brush")),
        ):
            if not bus.knows(name):
                bus.register(name, handler, label=label)

    # -- what can be done

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the network's pictures; see `InsideSession.picture_shape`."""
        return self._session.picture_shape()

    @property
    def centres(self) -> bool:
        """Whether what is drawn is centred if the learner wants it: the network knows pictures like that."""
        document = self._session.context.document
        return data_info(document.data).id in CENTRED and self._session.is_image

    @property
    def is_shown(self) -> bool:
        """Whether what is looked at was painted."""
        return self.canvas is not None and self._session.input is self._shown

    @property
    def is_centred(self) -> bool:
        """Whether what is painted is centred for the network."""
        canvas = self.canvas
        return (
            canvas is not None and canvas.blank and self.centres
            and bool(self._session.toggles["centred"])
        )  # fmt: skip

    def bounds(self) -> tuple[float, float]:
        """The thinnest and the thickest brush."""
        side = float(min(self.shape[:2]))
        return max(0.5, _THINNEST * side), _THICKEST * side

    # -- painting

    def begin(self, erase: bool) -> None:
        """Begin a stroke on what is shown."""
        self._canvas().begin()
        self._points, self._how = [], (self.size, self.ink, erase)

    def go_on(self, row: float, column: float) -> bool:
        """Go on with the stroke to a place, in pixels; False if another input has come meanwhile."""
        canvas = self.canvas
        if canvas is None or not self.is_shown:
            return False
        if len(self._points) >= _MOST_POINTS:
            return True
        size, ink, erase = self._how
        here = [row, column]
        canvas.line(self._points[-1] if self._points else here, here, size, self.color(ink, erase))
        self._points.append(here)
        self.changed.emit()
        if not self._live.isActive():
            self._live.start()
        return True

    def end(self) -> None:
        """The stroke is done: as a command, so that it can be done again."""
        points, (size, ink, erase) = self._points, self._how
        if points:
            self._session.context.do(
                "inside.stroke", points=points, size=size, ink=ink, erase=erase
            )

    def color(self, name: str, erase: bool = False) -> tuple[float, ...]:
        """An ink in the network's channels."""
        channels = self.shape[2]
        if erase:
            return (0.0,) * channels
        rgb = INKS[name]
        return rgb[:channels] if channels in (2, 3) else (max(rgb),) * channels

    def _canvas(self) -> Canvas:
        """What is painted on; begins with what is shown."""
        shape = self.shape
        given = self._session.input
        if self.canvas is None or not self.is_shown:
            if given is None:
                self.canvas = Canvas(np.zeros(shape, np.float32), blank=True)
            else:
                self.canvas = Canvas(np.clip(given.x.reshape(shape), 0, 1))
            self._base = self._shown = given
        return self.canvas

    def _show_canvas(self) -> None:
        """Have the network look at what is painted."""
        self._live.stop()
        canvas, base = self.canvas, self._base
        if canvas is None:
            return
        if not canvas.strokes and base is not None:
            # All strokes are taken back.
            self._shown = base
            self._session.show(base)
            return
        if self.is_centred:
            x, words = centred(canvas.values, self.shape[:2]), tr("drawn, centred like MNIST")
        else:
            x, words = canvas.pixels(), tr("drawn")
        if not canvas.blank and base is not None:
            words = tr("{words}, painted on", words=base.words.removesuffix(tr(", painted on")))
        kept = base if not canvas.blank else None
        self._shown = Input(
            read_only(np.clip(x, 0, 1)), "drawn", words, kept.label if kept is not None else None,
            photographed=kept is not None and kept.photographed,
        )  # fmt: skip
        self._session.show(self._shown)

    def _do_stroke(
        self, points: Points, size: Size | None = None, ink: str = "white", erase: bool = False
    ) -> None:
        high, wide, _ = self.shape
        if ink not in INKS:
            raise CommandError(
                tr(
                    "There is no ink {name}; there are {names}.",
                    name=repr(ink),
                    names=", ".join(INKS),
                )
            )
        for one in points:
            if len(one) != 2 or not all(isfinite(v) for v in one):
                raise CommandError(tr("A point of a stroke is its row and its column."))
            if not (-high <= one[0] <= 2 * high and -wide <= one[1] <= 2 * wide):
                raise CommandError(
                    tr(
                        "The picture has {rows} rows and {columns} columns.",
                        rows=high,
                        columns=wide,
                    )
                )
        how = (size or self.size, ink, erase)
        if self.canvas is None or not self.is_shown or (points, how) != (self._points, self._how):
            canvas, color = self._canvas(), self.color(ink, erase)
            canvas.begin()
            for start, end in zip([points[0], *points], points, strict=False):
                canvas.line(start, end, how[0], color)
        # Else it stands there already, as it was drawn.
        self._points = []
        self.changed.emit()
        self._show_canvas()

    def _do_clear(self) -> None:
        self._canvas().clear()
        self.changed.emit()
        self._show_canvas()

    def _do_undo(self) -> None:
        if self.canvas is None or not self.is_shown or not self.canvas.undo():
            raise CommandError(tr("There is no stroke to take back."))
        self.changed.emit()
        self._show_canvas()

    def _do_brush(
        self, size: Size | None = None, ink: str | None = None, erase: bool | None = None
    ) -> None:
        low, high = self.bounds()
        if ink is not None and ink not in INKS:
            raise CommandError(
                tr(
                    "There is no ink {name}; there are {names}.",
                    name=repr(ink),
                    names=", ".join(INKS),
                )
            )
        if size is not None:
            self.size = min(max(size, low), high)
        if ink is not None:
            self.ink = ink
        if erase is not None:
            self.erasing = erase
        self.changed.emit()

    # -- following

    def _on_input(self) -> None:
        if self._session.input is not self._shown:
            self._live.stop()
            self.canvas = self._base = self._shown = None
            self._points = []
        self.changed.emit()

    def _on_switch(self) -> None:
        now = bool(self._session.toggles["centred"])
        if now == self._centred:
            return
        self._centred = now
        if self.is_shown and self.canvas is not None and self.canvas.strokes:
            self._show_canvas()
        self.changed.emit()

    def _on_network(self) -> None:
        shape: Sequence[int] = self._session.input_shape
        if len(shape) == 3:
            self.size = max(1.0, _USUAL * min(shape[:2]))
        self.changed.emit()
