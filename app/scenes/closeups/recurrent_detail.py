"""One unit at one time step, as formulas with its numbers: how its state came about, how its gradient goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from app.scenes import draw
from app.scenes import formula as f
from app.scenes.closeups.unrolled import TimeStep, Unrolled
from app.scenes.formula_expressions import Look, expression_box, formula, significant
from app.scenes.formula_tex import to_box
from app.scenes.step_values import cell_id
from app.text import tr
from core.expressions import (
    FUNCTIONS,
    Call,
    Expr,
    Negate,
    Number,
    Power,
    Product,
    Ref,
    Sum,
    children,
    evaluate,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Index, Moment, Subject
    from app.scenes.closeups.recurrent_layout import RecurrentLayout
    from app.snapshots import ProgramView
    from app.theme import Theme

Equation = tuple[str, Expr, str]


def unit_of(subject: Subject, units: int) -> int:
    """Return the unit that is looked at: the one whose cell is chosen, whichever gate's it is."""
    return subject.cell[-1] % units if subject.cell else 0


def equations(subject: Subject, layer: Unrolled, step: TimeStep) -> tuple[Equation, ...]:
    """Return (what it is called, formula, tensor of the result or "") for the unit that is looked at."""
    unit = unit_of(subject, layer.units)
    t = step.time + 1

    def at(tensor: str, symbol: str) -> Expr:
        # A state that begins at 0 is written by no instruction.
        return Number(0.0) if tensor.endswith("/start") else Ref(tensor, (unit,), symbol, "")

    read = layer.at(step.time)
    before = layer.steps[read - 1].time + 1 if read else 0
    if subject.instruction.phase == "backward":
        return _back(subject, layer, step, at, t, before)
    # Where steps may be padding, what was worked out is not yet the state.
    new = "" if step.fresh == step.h else "′"
    carried = _carried(subject, step, at, t, before)
    if layer.kind == "LSTM":
        g = step.gates
        kept = Product((at(g["f"], "f"), at(step.c_before, f"c⟨{before}⟩")))
        added = Product((at(g["i"], "i"), at(g["g"], "g")))
        found: list[Equation] = [(f"c{new}⟨{t}⟩", Sum((kept, added)), step.fresh_c)]
        shown = _squashed(subject, step, at(step.fresh_c, f"c{new}⟨{t}⟩"))
        if shown is not None:
            found.append((f"h{new}⟨{t}⟩", Product((at(g["o"], "o"), shown)), step.fresh))
        return (*found, *carried)
    if layer.kind == "GRU":
        g = step.gates
        update = at(g["z"], "u")
        rest = Product((Sum((Number(1), Negate(update))), at(g["candidate"], "ĥ")))
        kept = Product((update, at(step.h_before, f"h⟨{before}⟩")))
        squash = _function(subject, g["candidate"])
        lines: list[Equation] = []
        if squash:
            lines.append(("ĥ", Call(squash, (at(step.sums["candidate"], "z"),)), g["candidate"]))
        return (*lines, (f"h{new}⟨{t}⟩", Sum((kept, rest)), step.fresh), *carried)
    parts = next(
        (i.operands for i in subject.program.instructions if step.sums["h"] in i.writes), {}
    )
    lines = []
    if {"a", "b"} <= set(parts):
        both = (at(parts["a"], "x·W + b"), at(parts["b"], f"h⟨{before}⟩·U"))
        lines.append((f"z⟨{t}⟩", Sum(both), step.sums["h"]))
    squash = _function(subject, step.fresh)
    if squash:
        lines.append((f"h{new}⟨{t}⟩", Call(squash, (at(step.sums["h"], f"z⟨{t}⟩"),)), step.fresh))
    return (*lines, *carried)


def _carried(
    subject: Subject, step: TimeStep, at: Callable[[str, str], Expr], t: int, before: int
) -> tuple[Equation, ...]:
    """How the mask takes what was worked out (1) or leaves the state as it was (0); none without a mask."""
    cell = bool(step.c) and step.c in subject.instruction.writes
    state, letter = (step.c, "c") if cell else (step.h, "h")
    line = next(
        (i for i in subject.program.instructions if i.op == "carry" and state in i.writes), None
    )
    if line is None:
        return ()
    # One number for the whole time step.
    mask = Ref(line.operands["keep"], (0,), "m", "")
    taken = Product((mask, at(line.operands["new"], f"{letter}′⟨{t}⟩")))
    left = Product(
        (Sum((Number(1), Negate(mask))), at(line.operands["old"], f"{letter}⟨{before}⟩"))
    )
    return ((f"{letter}⟨{t}⟩", Sum((taken, left)), state),)


def _squashed(subject: Subject, step: TimeStep, cell: Expr) -> Expr | None:
    """The cell as an LSTM shows it: through the function of the new content; None if formulas have no name for it."""
    if step.gates["g"] == step.sums["g"]:
        return cell
    squash = _function(subject, step.gates["g"])
    return Call(squash, (cell,)) if squash else None


#: Slopes of functions by their value.
_SLOPES: dict[str, Callable[[Expr], Expr]] = {
    "tanh": lambda y: Sum((Number(1), Negate(Power(y, Number(2))))),
    "sigmoid": lambda y: Product((y, Sum((Number(1), Negate(y))))),
    "relu": lambda y: Call("positive", (y,)),
}


def _back(
    subject: Subject,
    layer: Unrolled,
    step: TimeStep,
    at: Callable[[str, str], Expr],
    t: int,
    before: int,
) -> tuple[Equation, ...]:
    """How the gradient of one unit goes on to the time step before."""
    found: list[Equation] = []
    known = subject.program.tensors
    of_h = at(f"grad/{step.h}", f"∂L/∂h⟨{t}⟩")
    if f"grad/{step.h}" not in known:
        return ()
    if layer.kind == "LSTM":
        of_c = at(f"grad/{step.c}", f"∂L/∂c⟨{t}⟩")
        if f"grad/{step.c}" in known and f"grad/{step.c_before}" in known:
            # Nothing goes on to where the sequence, or its window, begins.
            found.append((tr("to c⟨{t}⟩", t=before), Product((of_c, at(step.gates["f"], "f"))), ""))
        shown = _squashed(subject, step, at(step.fresh_c, f"c⟨{t}⟩"))
        if shown is not None and step.fresh == step.h:
            found.append(("∂L/∂o", Product((of_h, shown)), f"grad/{step.gates['o']}"))
    elif layer.kind == "GRU" and step.fresh == step.h:
        if f"grad/{step.h_before}" in known:
            kept = Product((of_h, at(step.gates["z"], "u")))
            found.append((tr("to h⟨{t}⟩ by u", t=before), kept, ""))
            found += _by_product(subject, step, at, before)
    elif (
        layer.kind == "SimpleRNN"
        and (op := _function(subject, step.fresh)) in _SLOPES
        and step.fresh == step.h
    ):
        slope = _SLOPES[op](at(step.fresh, f"h⟨{t}⟩"))
        found.append((f"δ⟨{t}⟩", Product((of_h, slope)), f"grad/{step.sums['h']}"))
    return tuple(found)


def _by_product(
    subject: Subject, step: TimeStep, at: Callable[[str, str], Expr], before: int
) -> list[Equation]:
    """What of the gradient goes on to the state before by way of the gates, which read it through U."""
    target = f"grad/{step.h_before}"
    written = (
        name for line in subject.program.instructions
        # Where the reset gate works before the product, the candidate's part goes a way of its own.
        if line.op == "matmul_input_grad" and line.operands["w"].endswith("recurrent_kernel")
        for name in line.writes if name == target or name.startswith(f"{target}/")
    )  # fmt: skip
    return [(tr("to h⟨{t}⟩ by U", t=before), at(name, "δ·Uᵀ"), name) for name in written][:1]


def _function(subject: Subject, tensor: str) -> str:
    """The function that writes a tensor, if formulas have a name for it."""
    global _last
    if _last is None or _last[0] is not subject.program:
        ops: dict[str, str] = {}
        for line in subject.program.instructions:
            for name in line.writes:
                ops.setdefault(name, line.op)
        _last = (subject.program, ops)
    op = _last[1].get(tensor, "")
    return op if op in FUNCTIONS else ""


#: Of the last program: which operation writes a tensor first.
_last: tuple[ProgramView, dict[str, str]] | None = None


def refs(expr: Expr) -> list[Ref]:
    """Return the references of an expression."""
    if isinstance(expr, Ref):
        return [expr]
    return [ref for child in children(expr) for ref in refs(child)]


def values_of(
    expr: Expr, subject: Subject, moment: Moment
) -> dict[tuple[str, Index], float | None]:
    """Return the numbers of the shown sample in an expression."""
    found: dict[tuple[str, Index], float | None] = {}
    for ref in refs(expr):
        info = subject.program.tensors.get(ref.tensor)
        # A state that is kept is read as the step found it, also after the next batch's has taken its place.
        array = moment.read(subject, ref.tensor) if info is not None else None
        if array is not None and info is not None and info.batch:
            array = array[min(subject.row, len(array) - 1)]
        found[ref.tensor, ref.index] = None if array is None else float(array[ref.index])
    return found


def needed(subject: Subject, layer: Unrolled, step: TimeStep) -> list[str]:
    """Return the tensors the formulas speak of."""
    found = []
    for _, expr, result in equations(subject, layer, step):
        found += [ref.tensor for ref in refs(expr)] + [result]
    return [name for name in found if name]


def paint_detail(
    painter: QPainter,
    place: RecurrentLayout,
    theme: Theme,
    subject: Subject,
    moment: Moment,
    step: TimeStep,
) -> None:
    """Write the formulas, each with symbols and numbers, as many as there is room for."""
    x, y, width, height = place.detail
    bottom = y + height + 4
    unit = unit_of(subject, place.layer.units)
    words = tr("Unit {unit} at time step {time}", unit=unit + 1, time=step.time + 1)
    draw.text(painter, x, y + 11, words, 11.5, theme.tx)
    y += 17
    hover = moment.selection.hover if moment.selection is not None else ""
    pen = f.Pen(12 if width > 500 else 11)
    for name, expr, result in equations(subject, place.layer, step):
        values = values_of(expr, subject, moment)
        value = _result(result, unit, expr, values, subject, moment)
        head = f.row([to_box(name.replace(" ", "\\ "), pen), f.text(" = ", pen.with_role(f.HINT))])
        symbols = f.lay_out(f.row([head, expression_box(expr, Look("symbolic", pen))]))
        numbers = formula(expr, Look("numbers", pen), values)
        end = "…" if value is None else significant(value)
        equal, tail = (draw.advance(s, pen.size, mono=True) for s in (" = ", f" = {end}"))
        base = y + symbols.baseline
        low = symbols.height - symbols.baseline
        if base + low > bottom or symbols.width > width:
            return
        f.paint(painter, symbols, theme, x, y, _hovered(symbols, hover))
        left = x + symbols.width
        if symbols.width + equal + numbers.width + tail > width:
            under = base + low + 3 + numbers.baseline
            if under + 4 > bottom or equal + numbers.width + tail > width:
                # Room for the result alone, if for that.
                end = f" = {end}" if symbols.width + tail <= width else ""
                draw.text(painter, left, base, end, pen.size, theme.tx, weight=500, mono=True)
                y = base + low + 4
                continue
            base, left, low = under, x, 4.0
        draw.text(painter, left, base, " = ", pen.size, theme.tx3, mono=True)
        f.paint(
            painter, numbers, theme, left + equal, base - numbers.baseline, _hovered(numbers, hover)
        )
        left += equal + numbers.width
        draw.text(painter, left, base, f" = {end}", pen.size, theme.tx, weight=500, mono=True)
        y = base + low + 6


def _result(
    result: str,
    unit: int,
    expr: Expr,
    values: Mapping[tuple[str, Index], float | None],
    subject: Subject,
    moment: Moment,
) -> float | None:
    """The engine's number, where the result is on the tape; else what the formula gives."""
    if result:
        array = moment.sample(subject, result) if result in subject.program.tensors else None
        return None if array is None or array.ndim != 1 else float(array[unit])
    known = {key: value for key, value in values.items() if value is not None}
    return evaluate(expr, lambda t, k: known[t, k]) if len(known) == len(values) else None


def _hovered(laid: f.Formula, hovered: str) -> Ref | None:
    """The reference that stands for what the mouse is over."""
    if not hovered:
        return None
    at = (ref for _, ref in laid.hits if cell_id(ref.tensor, tuple(ref.index)) == hovered)
    return next(at, None)
