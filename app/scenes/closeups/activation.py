"""An activation: the curve of its function with this number's point and slope; backwards the slope as a factor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath, QPen, QPolygonF

from app.scenes import draw
from app.scenes.closeups import Moment, Subject, board, register, terms
from app.scenes.closeups.board import HEAD, PAD
from app.scenes.closeups.operands import Operands
from app.scenes.closeups.panels import place as place_panels
from app.scenes.formula_expressions import format_number
from app.text import tr
from core.activations import registry
from core.expressions import Expr, Product, evaluate

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups.board import Board
    from app.scenes.frame import ViewState
    from app.theme import Theme

_MIXING = ("linear", "softmax", "log_softmax")
#: Operations with a curve, by name; their backward step is called ``<name>_grad``.
CURVES = (*(n for n in registry.names() if n not in _MIXING), "ramp")
#: Constants of operations whose functions call them by another name; a ramp is a ReLU with all of its settings.
_CALLED = {"slope": "negative_slope", "top": "max_value"}
_POINTS = 241


@dataclass(frozen=True)
class Curve(board.Board):
    """A board with the plot in front."""

    plot: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


def function_of(op: str) -> str:
    """Return the activation an instruction belongs to, or ""."""
    name = op.removesuffix("_grad")
    return name if name in CURVES else ""


def values(name: str, x: np.ndarray, attributes: Any) -> np.ndarray:
    """Return the function of an array, with the operation's constants."""
    import inspect

    function = registry.get("relu" if name == "ramp" else name)
    known = inspect.signature(function).parameters
    given = {_CALLED.get(key, key): value for key, value in attributes.items()}
    return np.asarray(function(x, **{key: value for key, value in given.items() if key in known}))


@lru_cache(maxsize=128)
def _curve(name: str, attributes: tuple[tuple[str, Any], ...], span: float) -> np.ndarray:
    x = np.linspace(-span, span, _POINTS)
    return np.stack([x, values(name, x, dict(attributes))], axis=1)


def forward_of(subject: Subject) -> tuple[str, str] | None:
    """Return the tensors x and y of the activation an instruction applies or goes back through."""
    line = subject.instruction
    name = function_of(line.op)
    if not name:
        return None
    if line.op == name:
        return line.operands["x"], line.writes[0]
    x, y = line.operands.get("x"), line.operands.get("y")
    for one in subject.program.instructions:
        if one.op == name and (one.writes[0] == y or one.operands.get("x") == x):
            return one.operands["x"], one.writes[0]
    return None


def slope_of(expression: Expr, numbers: Any) -> float | None:
    """Return the slope in ``dy · f'``, from the numbers the instruction read."""
    if not isinstance(expression, Product) or len(expression.factors) < 2:
        return None
    rest = expression.factors[1] if len(expression.factors) == 2 else Product(expression.factors[1:])  # fmt: skip
    try:
        return evaluate(rest, lambda tensor, cell: float(numbers[tensor, tuple(cell)]))
    except (KeyError, ArithmeticError, ValueError):
        return None


class Activation(Operands):
    """The function's curve beside the tensors."""

    name = "activation"
    rank = 10

    def fits(self, subject: Subject) -> bool:
        """Activations of each number by itself, and their backward steps."""
        return forward_of(subject) is not None

    def tensors(self, subject: Subject) -> tuple[str, ...]:
        """Name the tensors it needs: backwards also what went into the function."""
        found = forward_of(subject)
        return tuple(dict.fromkeys((*super().tensors(subject), *(found or ()))))

    def layout(self, subject: Subject, size: tuple[float, float], view: ViewState) -> Curve:
        """Place the plot on the left and the tensors on the right."""
        width, height = size
        low = terms.height_for(height)
        room = height - low - HEAD - 16
        wide = max(150.0, min(0.46 * width, room * 1.25, 380.0))
        plot = (PAD + 26, HEAD + 10, wide - 26, max(60.0, room - 26))
        slots = board.slots_of(subject, view, self.names(subject))
        left = PAD + wide + 28
        panels = place_panels(slots, left, HEAD + 4, max(60.0, width - left - PAD), max(60.0, room))
        base = board.board(subject, size, view, slots, panels)
        return Curve(base.size, base.panels, base.footer, base.hits, plot)

    def names(self, subject: Subject) -> list[tuple[str, str, bool]]:
        """What the panels show."""
        names = [(role, tensor, False) for role, tensor in board.operands_of(subject)]
        return names + [(role, tensor, True) for role, tensor in board.results_of(subject)]

    def paint(
        self, painter: QPainter, place: Board, theme: Theme, subject: Subject, moment: Moment
    ) -> None:
        """Draw one moment."""
        assert isinstance(place, Curve)
        super().paint(painter, place, theme, subject, moment)
        _plot(painter, place.plot, theme, subject, moment)

    def title(self, subject: Subject) -> str:
        """What is shown."""
        return tr("The curve of {function}", function=function_of(subject.instruction.op))


def _span(x: np.ndarray | None) -> float:
    """How far the plot goes to both sides: as far as the numbers do, in round steps."""
    top = 0.0
    if x is not None and x.size:
        finite = np.abs(x[np.isfinite(x)])
        top = float(finite.max()) if finite.size else 0.0
    for span in (3.0, 4.0, 6.0, 8.0, 10.0):
        if top <= span * 0.92:
            return span
    return 10.0


def _plot(
    painter: QPainter, rect: tuple[float, float, float, float], theme: Theme, subject: Subject,
    moment: Moment,
) -> None:  # fmt: skip
    found = forward_of(subject)
    assert found is not None
    line = subject.instruction
    name = function_of(line.op)
    constants = tuple(sorted((k, v) for k, v in line.attributes.items() if isinstance(v, (int, float))))  # fmt: skip
    x_all, y_all = (moment.sample(subject, tensor) for tensor in found)
    span = _span(x_all)
    curve = _curve(name, constants, span)
    low, high = float(curve[:, 1].min()), float(curve[:, 1].max())
    if high - low < 1e-9:
        low, high = low - 1, high + 1
    margin = 0.12 * (high - low)
    low, high = low - margin, high + margin
    left, top, width, height = rect

    def at(x: float, y: float) -> QPointF:
        return QPointF(
            left + (x + span) / (2 * span) * width, top + (high - y) / (high - low) * height
        )

    _axes(painter, rect, theme, span, low, high)
    painter.save()
    painter.setClipRect(QRectF(left, top, width, height), Qt.ClipOperation.IntersectClip)
    painter.setPen(QPen(theme.tx2, 1.75))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    steps = np.abs(np.diff(curve[:, 1])).max() > 0.4 * (high - low)
    points = [at(float(x), float(y)) for x, y in curve]
    if steps:
        # A jump is no line.
        path = QPainterPath(points[0])
        for point, change in zip(points[1:], np.diff(curve[:, 1]), strict=True):
            if abs(change) > 0.4 * (high - low):
                path.moveTo(point)
            else:
                path.lineTo(point)
        painter.drawPath(path)
    else:
        painter.drawPolyline(QPolygonF(points))
    if x_all is not None and y_all is not None and x_all.shape == y_all.shape:
        _others(painter, theme, x_all, y_all, at)
    painter.restore()
    full = board.full_index(subject, found[0], subject.cell)
    x = moment.value(subject, found[0], full, made=False)
    y = moment.value(subject, found[1], full, made=found[1] == line.writes[0])
    if x is None:
        draw.text(painter, left + 8, top + 18, tr("z is not known in this step yet"), 11, theme.tx3)
        return
    slope = None
    if line.op != name:
        origin = moment.origin
        slope = slope_of(origin.expression, origin.numbers) if origin is not None else None
    else:
        step = 1e-4
        ends = values(name, np.array([x - step, x + step]), dict(constants))
        slope = float(ends[1] - ends[0]) / (2 * step)
    height_here = float(values(name, np.array([x]), dict(constants))[0]) if y is None else y
    _point(painter, rect, theme, subject, (x, height_here, y is not None), slope, at, span)


def _others(painter: QPainter, theme: Theme, x: np.ndarray, y: np.ndarray, at: Any) -> None:
    """The other numbers of the tensor as faint points of the curve."""
    flat_x, flat_y = x.reshape(-1), y.reshape(-1)
    step = max(1, flat_x.size // 300)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(draw.faded(theme.fwd, 0.45))
    for a, b in zip(flat_x[::step].tolist(), flat_y[::step].tolist(), strict=True):
        if a == a and b == b:
            painter.drawEllipse(at(a, b), 2.2, 2.2)


def _point(
    painter: QPainter, rect: tuple[float, float, float, float], theme: Theme, subject: Subject,
    number: tuple[float, float, bool], slope: float | None, at: Any, span: float,
) -> None:  # fmt: skip
    left, top, width, height = rect
    x, y, known = number
    backward = subject.instruction.phase == "backward"
    color = theme.bwd if backward else theme.fwd
    painter.save()
    painter.setClipRect(QRectF(left, top, width, height), Qt.ClipOperation.IntersectClip)
    dashed = QPen(theme.tx3, 1.0)
    dashed.setDashPattern([3.0, 3.0])
    painter.setPen(dashed)
    here, foot, side = at(x, y), at(x, 0.0), at(0.0, y)
    painter.drawLine(here, foot)
    painter.drawLine(here, side)
    if slope is not None and np.isfinite(slope):
        reach = span * 0.34
        painter.setPen(QPen(theme.bwd, 2.0))
        painter.drawLine(at(x - reach, y - reach * slope), at(x + reach, y + reach * slope))
    painter.restore()
    inside = QRectF(left, top, width, height).adjusted(-1, -1, 1, 1).contains(here)
    if inside:
        draw.disc(painter, here.x(), here.y(), 5.0, color, theme.bg0, 1.5)
    lines = [(f"x = {format_number(x, 4)}", theme.tx2)]
    lines.append((f"f(x) = {format_number(y, 4)}" if known else "f(x) = …", theme.fwd))
    if slope is not None:
        lines.append((tr("slope = {value}", value=format_number(slope, 4)), theme.bwd))
    words_left = here.x() > left + width * 0.5
    tx = left + 8 if words_left else left + width - 8
    ty = top + 16
    widest = max(draw.advance(words, 11, 400, True) for words, _ in lines)
    ground = draw.faded(theme.bg0, 0.82)
    draw.fill(
        painter,
        tx - 4 if words_left else tx - widest - 4,
        top + 3,
        widest + 8,
        16 * len(lines) + 3,
        ground,
        3,
    )
    for words, ink in lines:
        draw.text(painter, tx, ty, words, 11, ink, mono=True, anchor="start" if words_left else "end")  # fmt: skip
        ty += 16


def _axes(
    painter: QPainter, rect: tuple[float, float, float, float], theme: Theme, span: float,
    low: float, high: float,
) -> None:  # fmt: skip
    left, top, width, height = rect
    draw.frame(painter, left, top, width, height, theme.line)
    for k in (-1.0, -0.5, 0.5, 1.0):
        x = left + (k + 1) / 2 * width
        if abs(k) < 1:
            draw.line(painter, x, top, x, top + height, theme.grid)
        shown = draw.plain(k * span, 0 if float(k * span).is_integer() else 1)
        draw.text(painter, x, top + height + 14, shown, 10, theme.tx3, mono=True, anchor="middle")
    middle = left + width / 2
    draw.line(painter, middle, top, middle, top + height, theme.line2)
    draw.text(painter, middle, top + height + 14, "0", 10, theme.tx3, mono=True, anchor="middle")
    step = next(s for s in (0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 1e9) if (high - low) / s <= 6)
    k = int(np.ceil(low / step))
    while k * step <= high:
        value = float(k * step)
        y = top + (high - value) / (high - low) * height
        draw.line(painter, left, y, left + width, y, theme.line2 if k == 0 else theme.grid)
        shown = draw.plain(value, 0 if value.is_integer() else 2 if step < 0.5 else 1)
        draw.text(painter, left - 5, y + 4, shown, 10, theme.tx3, mono=True, anchor="end")
        k += 1


register(Activation())
