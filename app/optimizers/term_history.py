"""The terms of a racer over the whole race, one small plot each, with the playhead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy

from app.optimizers import seeing
from app.optimizers.term_table import figure, symbol
from app.scenes import draw
from app.scenes import formula as f
from app.scenes.race_looks import looks
from app.scenes.race_terms_paint import Inks, short
from app.scenes.race_update import BEFORE, GRADIENT, NEXT, POINT, RAW, Update
from app.text import tr
from app.widgets.painted import Painted
from core.expressions import references
from core.optimizers.rule import Line, over_arrays

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from app.theme import Theme

#: Heights of the legend and of a plot, of its head and below it, and room at both sides.
_LEGEND, _PLOT, _TOP, _LOW, _EDGE = 28, 74, 22, 8, 16
#: Plots are drawn for so long at a time, in seconds.
_BUDGET = 0.004


class TermHistory(Painted):
    """See the module's text. Click or drag to go to a step; the arrow keys, Home and End too.

    Parameters
    ----------
    session
        Whose racer it is.
    """

    ring_inset = 2

    def __init__(self, session: RaceSession) -> None:
        super().__init__(
            "race-term-history", tr("Terms over the race"), down=QSizePolicy.Policy.Fixed
        )
        self._session = session
        self._picture: tuple[tuple[object, ...], QImage] | None = None
        #: Plots that are in the picture.
        self._done = 0
        self._series: tuple[object, list[tuple[str, str, np.ndarray]]] | None = None
        self.setToolTip(tr("Click or drag to go to a step"))
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.follow()

    def follow(self) -> None:
        """Show another racer or another race."""
        self.setFixedHeight(_LEGEND + _PLOT * max(1, len(self.series())))
        update = seeing.update_of(self._session)
        if update is not None:
            self.setAccessibleDescription(
                tr("Step {step} of {total}", step=update.step, total=self._session.total)
            )
        self.update()

    def series(self) -> list[tuple[str, str, np.ndarray]]:
        """Name, symbol and numbers of each term: (steps, 2), or (steps,) of one that all axes share."""
        update = seeing.update_of(self._session, 0)
        if update is None:
            return []
        if self._series is None or self._series[0] is not update.path:
            self._series = (update.path, series_of(update))
        return self._series[1]

    def x_of(self, time: float) -> float:
        """Where a step stands."""
        total = max(1, self._session.total)
        return _EDGE + (self.width() - 2 * _EDGE) * min(1.0, time / total)

    def step_at(self, x: float) -> int:
        """The step under a point."""
        part = (x - _EDGE) / max(1.0, self.width() - 2.0 * _EDGE)
        return round(min(1.0, max(0.0, part)) * self._session.total)

    # -- painting

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        session, update = self._session, seeing.update_of(self._session)
        if update is None:
            words = session.problem or tr("The race is being computed.")
            draw.text(painter, _EDGE, 24, words, 12, colors.tx3)
            return
        ratio = self.devicePixelRatioF()
        key = (id(update.path), session.racer, self.size(), colors.name, ratio)
        if self._picture is None or self._picture[0] != key:
            size = (self.width(), self.height())
            self._picture = (key, draw.canvas(*size, ratio, None))
            self._done = 0
        self._go_on(update, colors, self._picture[1])
        draw.blit(painter, 0, 0, self._picture[1])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        x, step = round(self.x_of(session.time)) + 0.5, update.step
        shown = self.series()
        for k, (_, _, values) in enumerate(shown):
            here = values[min(step, len(values) - 1)]
            y = _LEGEND + _PLOT * k + 14
            words = "  ".join(
                figure(float(one)) for one in np.atleast_1d(here)[: len(update.letters)]
            )
            draw.text(
                painter, self.width() - _EDGE, y, words, 11, colors.tx, mono=True, anchor="end"
            )
            top = _LEGEND + _PLOT * k
            draw.line(painter, x, top + _TOP, x, top + _PLOT - _LOW, colors.tx2)

    def _go_on(self, update: Update, colors: Theme, image: QImage) -> None:
        """Draw everything but the playhead, as many plots as there is time for; the rest in the next turn."""
        shown, end = self.series(), perf_counter() + _BUDGET
        if self._done >= len(shown):
            return
        look = looks(self._session.race).get(self._session.racer)
        inks = Inks(colors, look.color(colors) if look is not None else colors.tx)
        with draw.painting(image, (self.width(), self.height())) as painter:
            if not self._done:
                self._draw_legend(painter, colors, update.letters)
            while self._done < len(shown) and perf_counter() < end:
                name, sign, values = shown[self._done]
                top = _LEGEND + _PLOT * self._done
                role = "bwd" if name in (GRADIENT, RAW) else "tx"
                laid = symbol(sign, 12, role)
                f.paint(painter, laid, inks, _EDGE, top + 2)
                low, high = self._draw_plot(painter, colors, inks, name, values, top, update)
                words = tr("from {low} to {high}", low=short(low), high=short(high))
                draw.text(
                    painter, _EDGE + max(30.0, laid.width + 8), top + 14, words, 10, colors.tx3
                )
                self._done += 1
        if self._done < len(shown):
            self.update()

    def _draw_legend(self, painter: QPainter, colors: Theme, letters: Sequence[str]) -> None:
        x = float(_EDGE)
        for k, letter in enumerate(letters):
            pen = QPen(colors.tx2, 1.5)
            if k:
                pen.setDashPattern([3, 2])
            painter.setPen(pen)
            painter.drawLine(QPointF(x, 14), QPointF(x + 20, 14))
            x += 26 + draw.text(painter, x + 26, 18, letter, 11, colors.tx2, mono=True) + 14
        draw.text(
            painter,
            self.width() - _EDGE,
            18,
            tr("over the race, at the playhead"),
            11,
            colors.tx3,
            anchor="end",
        )

    def _draw_plot(
        self, painter: QPainter, colors: Theme, inks: Inks, name: str, values: np.ndarray, top: float,
        update: Update,
    ) -> tuple[float, float]:  # fmt: skip
        """Draw one plot; returns from where to where it goes."""
        upper, lower = top + _TOP, top + _PLOT - _LOW
        left, right = float(_EDGE), float(self.width() - _EDGE)
        draw.fill(painter, left, upper, right - left, lower - upper, colors.bg0)
        both = values[:, : len(update.letters)] if values.ndim == 2 else values[:, None]
        real = both[np.isfinite(both)]
        if not real.size:
            return math.nan, math.nan
        low, high = float(real.min()), float(real.max())
        if name not in (POINT, NEXT):
            low, high = min(low, 0.0), max(high, 0.0)
        span = high - low or 1.0

        def y_of(value: Any) -> Any:
            return lower - 3 - (value - low) / span * (lower - upper - 6)

        if low <= 0 <= high:
            y = round(float(y_of(0.0))) + 0.5
            draw.line(painter, left, y, right, y, colors.grid)
        steps = max(1, self._session.total)
        ink = inks.bwd if name in (GRADIENT, RAW) else inks.racer
        for k in range(both.shape[1]):
            pen = QPen(ink, 1.5)
            if k:
                pen.setDashPattern([3, 2])
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for at, line in runs(both[:, k], round(right - left)):
                xs = left + at / steps * (right - left)
                points = QPolygonF(list(map(QPointF, xs.tolist(), y_of(line).tolist())))
                painter.drawPolyline(points)
        return float(real.min()), float(real.max())

    # -- going to a step

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(self.step_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(self.step_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step, total = self._session.step, self._session.total
        places = {
            Qt.Key.Key_Left: step - 1, Qt.Key.Key_Right: step + 1, Qt.Key.Key_Home: 0, Qt.Key.Key_End: total,
        }  # fmt: skip
        key = event.key()
        if key in places:
            self._go(min(max(places[Qt.Key(key)], 0), total))
            return
        super().keyPressEvent(event)

    def _go(self, step: int) -> None:
        if self._session.answer is not None and step != self._session.time:
            self._session.context.do("race.seek", step=step)


def series_of(update: Update) -> list[tuple[str, str, np.ndarray]]:
    """Every term over all steps of a racer's path."""
    path = update.path
    count = len(path.positions) - 1
    known: dict[str, np.ndarray] = {
        name: one.reshape(count, -1) for name, one in path.terms.items()
    }
    known[GRADIENT], known[POINT] = known["g"], path.positions[:-1]
    known[RAW], known[NEXT] = path.gradients[:-1], path.positions[1:]
    for name, start in update.optimizer.slots.items():
        # As it was before each update.
        known[name + BEFORE] = np.concatenate((np.full((1, 2), start), known[name][:-1]))
    found = []
    for one in update.terms:
        if one.name == NEXT:
            continue
        values = known.get(one.name)
        if (
            values is None
            and one.formula is not None
            and all(r.tensor in known for r in references(one.formula))
        ):
            values = over_arrays((Line(one.name, one.formula),), known)[one.name]
        if values is None:
            continue
        if one.name == POINT:
            values = path.positions
        found.append((one.name, one.symbol, values[:, 0] if values.shape[1] == 1 else values))
    return found


def runs(values: np.ndarray, width: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """A curve in pieces without gaps, of not more than about two points a pixel: lowest and highest of each stretch.

    Returns
    -------
    Steps and values of each piece.
    """
    there = np.isfinite(values)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], there, [False])).astype(np.int8)))
    pieces = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        part, at = values[first:last], np.arange(first, last, dtype=np.float64)
        stretch = len(values) // max(width, 1)
        if stretch > 1:
            whole = len(part) // stretch * stretch
            blocks = part[:whole].reshape(-1, stretch)
            begins = at[:whole:stretch]
            low, high = blocks.min(1), blocks.max(1)
            part = np.concatenate((np.stack((low, high), 1).ravel(), part[whole:]))
            at = np.concatenate((np.repeat(begins, 2), at[whole:]))
        pieces.append((at, part))
    return pieces
