"""One term written out: its formula with the numbers of this step, what comes out, and a caption."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip

from app import theme
from app.optimizers import seeing
from app.optimizers.term_table import figure
from app.scenes import draw
from app.scenes import formula as f
from app.scenes.formula_expressions import Look, formula
from app.scenes.formula_tex import to_box
from app.scenes.race_captions import caption
from app.scenes.race_looks import looks
from app.scenes.race_terms_paint import Inks
from app.scenes.race_update import GRADIENT, NEXT, POINT, RAW, STEP, Update
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from app.theme import Theme
    from core.expressions import Expr

_EDGE, _LINE = (16, 14, 12), 18
#: A formula higher than this is left out: the slopes of some surfaces are long.
_HIGHEST = 150.0


class _Shown(NamedTuple):
    """A moment as it is painted.

    Attributes
    ----------
    ink
        The racer's.
    sign, laid
        The term's symbol, and its formula with numbers; None where there is none.
    value
        What comes out; "" where there is nothing.
    """

    ink: QColor
    sign: f.Formula
    laid: f.Formula | None
    value: str


class TermNumbers(Painted):
    """See the module's text.

    Parameters
    ----------
    session
        Whose racer it is.
    """

    ground, opaque = "bg1", True

    def __init__(self, session: RaceSession) -> None:
        super().__init__(
            "race-term-numbers", tr("With numbers"), focus=Qt.FocusPolicy.NoFocus, tracking=False,
            down=QSizePolicy.Policy.Fixed,
        )  # fmt: skip
        self._session = session
        self._level = 0
        self._of: tuple[object, ...] = ()
        self._high = 0
        self._sentence = ""
        self._shown: _Shown | None = None
        self.setFixedHeight(120)

    @property
    def sentence(self) -> str:
        """The caption."""
        return self._sentence

    def sizeHint(self) -> QSize:
        return QSize(300, self.height())

    def set_compact(self, level: int) -> None:
        """Take less room in small windows."""
        self._level = level
        self.follow()

    def follow(self) -> None:
        """Show another moment. While the race runs it does not become lower, so that nothing below it dances."""
        session, update = self._session, seeing.update_of(self._session)
        name = "" if update is None else seeing.marked(session, update)
        self._sentence = "" if update is None else caption(update, name)
        self._shown = None if update is None else self._moment(update, name)
        # Many times a second it is of no use to anybody.
        if not session.playing:
            self.setAccessibleDescription(self._sentence)
        of = (session.racer, name, self.width())
        high = self._height()
        self._high = max(self._high, high) if of == self._of and session.playing else high
        self._of = of
        self.setFixedHeight(self._high)
        self.update()

    def _moment(self, update: Update, name: str) -> _Shown | None:
        session, axis = self._session, seeing.axis_of(self._session)
        look = looks(session.race).get(session.racer)
        if look is None:
            return None
        letter = update.letters[min(axis, len(update.letters) - 1)]
        none = update.gone or (update.last and name not in (POINT, GRADIENT, RAW))
        return _Shown(
            look.color(theme.current()), title(update, name, letter), self.laid(update),
            "" if none else figure(update.number(name, axis)),
        )  # fmt: skip

    def resizeEvent(self, event: object) -> None:
        self.follow()

    def laid(self, update: Update) -> f.Formula | None:
        """The formula of the marked term with its numbers."""
        found = self._written(update)
        if found is None or update.gone:
            return None
        expr, values = found
        laid = formula(
            expr, Look("numbers", f.Pen(12, role="tx2"), width=self.width() - 2.0 * _EDGE[self._level]), values
        )  # fmt: skip
        return laid if laid.height <= _HIGHEST else None

    def _written(
        self, update: Update
    ) -> tuple[Expr, dict[tuple[str, tuple[int, ...]], float | None]] | None:
        name, axis = seeing.marked(self._session, update), seeing.axis_of(self._session)
        if update.last and name != GRADIENT:
            return None
        expr = update.formula(name)
        if expr is not None:
            return expr, update.numbers(expr, axis)
        surface = self._session.surface
        if name not in (GRADIENT, RAW) or surface is None or surface.samples is not None:
            return None
        if self._session.playing or axis >= len(surface.derivatives):
            return None
        at = update.value(POINT)
        return surface.derivatives[axis], {
            (letter, ()): float(one) for letter, one in zip(surface.variables, at, strict=False)
        }

    def _height(self) -> int:
        height = 12 + 16 + 4
        if self._shown is not None:
            laid = self._shown.laid
            if laid is not None:
                height += round(laid.height) + 4
            height += 20
        return height + self._caption_height() + 12

    def _caption_height(self) -> int:
        if not self._sentence:
            return 0
        wide = max(40, self.width() - 2 * _EDGE[self._level])
        return 6 + _wrapped(self._sentence, wide)

    # -- painting

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        edge, shown = _EDGE[self._level], self._shown
        if shown is None:
            if seeing.update_of(self._session) is None:
                words = self._session.problem or tr("The race is being computed.")
                draw.text(painter, edge, 24, words, 12, colors.tx3)
            return
        inks, sign, laid = Inks(colors, shown.ink), shown.sign, shown.laid
        y = 4.0
        if laid is not None or shown.value:
            f.paint(painter, sign, inks, edge, 24 - sign.baseline)
            words = tr("with numbers") if laid is not None else tr("in numbers")
            draw.text(painter, edge + sign.width + 5, 24, words, 11, colors.tx2, weight=600)
            y = 32.0
        if laid is not None:
            f.paint(painter, laid, inks, edge, y)
            y += laid.height + 4
        if shown.value:
            at = edge + draw.text(painter, edge, y + 14, "= ", 12, colors.tx3, mono=True)
            draw.text(painter, at, y + 14, shown.value, 12, colors.tx, weight=600, mono=True)
            y += 20
        if self._sentence:
            box = QRectF(edge, y + 6, self.width() - 2 * edge, self.height() - y - 6)
            painter.setFont(draw.face(12))
            painter.setPen(colors.tx2)
            painter.drawText(box, Qt.TextFlag.TextWordWrap, self._sentence)
        draw.fill(painter, 0, self.height() - 1, self.width(), 1, colors.line)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._sentence, self)
            return True
        return super().event(event)


@lru_cache(maxsize=256)
def _wrapped(sentence: str, wide: int) -> int:
    """How high a sentence is in a column."""
    box = QRectF(0, 0, wide, 9999)
    found = QFontMetricsF(draw.face(12)).boundingRect(box, Qt.TextFlag.TextWordWrap, sentence)
    return round(found.height()) + 1


def title(update: Update, name: str, letter: str) -> f.Formula:
    """Return a term's symbol along an axis: Δx, m with an x below it, α alone."""
    term = update.term(name)
    assert term is not None
    if name == STEP:
        source = f"Δ{letter}"
    elif name == NEXT:
        source = f"{letter}′"
    elif name == POINT:
        source = letter
    elif term.scalar or len(update.letters) < 2:
        source = term.symbol
    else:
        source = rf"{term.symbol}_{{{letter}}}" if "_" not in term.symbol else term.symbol
    return _title(source)


@lru_cache(maxsize=128)
def _title(source: str) -> f.Formula:
    return f.lay_out(to_box(source, f.Pen(12, 600, "tx2")))
