"""What the formula inspector shows, as data: factors of the chain rule, operands, the check, a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.scenes.formula_expressions import format_number, role_of, visible
from app.step.notation import COPIES, arranged
from app.step.simplify import simplify
from app.step.words import sentence
from app.text import tr
from core.expressions import Expr, Number, Product, Ref, Sum, elide, to_tex

if TYPE_CHECKING:
    from app.snapshots import InstructionView
    from app.step.session import StepSession

Index = tuple[int, ...]
# As many cells of an operand are shown in each direction; the contributing ones stay in view.
WINDOW = (5, 4)


@dataclass(frozen=True)
class Factor:
    """One factor of the chain rule: its name as two symbols over each other, what it is, its value."""

    over: str
    under: str
    expression: Expr
    value: float | None
    note: str


@dataclass(frozen=True)
class Operand:
    """A window of a tensor: cells with their indices, and which of them contribute."""

    symbol: str
    tensor: str
    role: str
    shape: str
    cells: tuple[tuple[tuple[Index, float | None], ...], ...]
    marked: frozenset[Index]
    more: bool


@dataclass(frozen=True)
class Card:
    """Everything the inspector paints; None of it refers to a widget."""

    title: str
    subject: Ref | None
    instruction: InstructionView | None = None
    expression: Expr | None = None
    values: dict[tuple[str, Index], float | None] = field(default_factory=dict)
    result: float | None = None
    factors: tuple[Factor, ...] = ()
    share: float | None = None
    rows: int = 1
    row: int = 0
    nudge: str = ""
    operands: tuple[Operand, ...] = ()
    output: Operand | None = None
    check: tuple[float, float, float] | None = None
    checkable: bool = False
    checking: bool = False
    words: str = ""
    tex: str = ""
    columns: bool = False


def build(session: StepSession) -> Card:
    """Describe the session's instruction and cell, as far as the engine has answered."""
    instruction, cell = session.instruction, session.cell
    if instruction is None or cell is None:
        return Card(tr("Instruction"), None)
    tensor, index = cell
    full = session.full_index(tensor, index)
    subject = _subject(session, tensor, full)
    explained = session.questions.explanation
    fits = (
        explained is not None
        and explained.instruction == instruction.index
        and explained.cell == full
        and explained.answer is not None
    )
    gradient = tensor.startswith("grad/")
    title = tr("Chain rule") if gradient else tr("Instruction")
    done = session.reader.state(tensor) == "fresh"
    if session.reader.state(tensor) == "fresh" and instruction.phase == "update":
        done = _updated(session, tensor)
    result = _result(session, tensor, full, done)
    if not fits:
        return Card(title, subject, instruction, result=result, words=sentence(session, None))
    assert explained is not None
    expression = arranged(instruction.op, explained.expression, session.notation)
    shown = elide(simplify(expression, session.value))
    values = {key: session.value(*key) for key in visible(shown)}
    factors, share = _factors(session, instruction, index)
    rows = session.rows if gradient and factors else 1
    return Card(
        title,
        subject,
        instruction,
        shown,
        values,
        result,
        factors,
        share,
        rows,
        session.row,
        _nudge(session, tensor, result),
        _operands(session, instruction, expression),
        _output(session, instruction, tensor, full),
        _check(session, instruction, full, result),
        session.questions.checkable and result is not None,
        session.questions.checking,
        sentence(session, explained.answer),
        tex(subject, shown, values, result),
        session.notation == "columns",
    )


def tex(
    subject: Ref | None,
    expr: Expr,
    values: dict[tuple[str, Index], float | None],
    result: float | None,
) -> str:
    """Return the formula, the same with numbers, and the result, in TeX."""
    name = to_tex(subject) if subject is not None else "y"
    lines = [f"{name} &= {to_tex(expr)}"]
    if all(value is not None for value in values.values()):
        lookup = dict(values)
        lines.append(f"&= {to_tex(expr, lambda t, i: float(lookup[t, tuple(i)] or 0.0))}")
    if result is not None:
        lines.append(f"&= {to_tex(Number(result))}")
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _subject(session: StepSession, tensor: str, full: Index) -> Ref:
    info = session.reader.info(tensor)
    symbol = info.symbol if info is not None and info.symbol else tensor
    index = full[1:] if info is not None and info.batch else full
    return Ref(tensor, full, symbol, ",".join(str(k + 1) for k in index))


def _updated(session: StepSession, tensor: str) -> bool:
    snapshot = session.snapshot
    written = snapshot.written_at.get(tensor) if snapshot is not None else None
    return written is not None and written[0] == session.step_shown


def _result(session: StepSession, tensor: str, full: Index, done: bool) -> float | None:
    snapshot = session.snapshot
    if not done or snapshot is None:
        return None
    array = snapshot.get(tensor)
    info = session.reader.info(tensor)
    if array is not None and info is not None:
        if array.ndim == len(full):
            try:
                return float(array[full])
            except IndexError:
                return None
        if array.ndim == len(full) - 1 and info.batch:
            try:
                return float(array[full[1:]])
            except IndexError:
                return None
    instruction, explained = session.instruction, session.questions.explanation
    if (
        explained is not None
        and explained.answer is not None
        and instruction is not None
        and (explained.serial, explained.instruction, explained.cell)
        == (snapshot.serial, instruction.index, full)
    ):
        # The engine has told this one cell; it says nothing of the others.
        return float(explained.answer.kernel_value)
    return None


def _factors(
    session: StepSession, instruction: InstructionView, index: Index
) -> tuple[tuple[Factor, ...], float | None]:
    """The three factors of a weight's gradient, for the shown row, and their product."""
    upstream = session.questions.upstream
    if instruction.op != "matmul_weight_grad" or len(index) != 2 or upstream is None:
        return (), None
    i, j = index
    reader = session.reader
    x, dz = instruction.operands["x"], instruction.operands["dy"]
    value_in = session.value(x, (session.row, i))
    answer = upstream.answer
    layer = dz.removeprefix("grad/").rpartition("/")[0]
    z = _letter(session, f"{layer}/z", j)
    weight = _letter(session, instruction.writes[0].removeprefix("grad/"), i, j)
    feeding = Ref(x, (session.row, i), _symbol(session, x), str(i + 1))
    if answer is None:
        return (), None
    expression = simplify(upstream.expression, session.value)
    factors: list[Factor] = []
    parts = expression.factors if isinstance(expression, Product) else ()
    error = parts[0] if len(parts) == 2 else None
    if isinstance(error, Ref) and error.tensor.startswith("grad/"):
        bend = parts[1]
        a = _letter(session, error.tensor.removeprefix("grad/"), j)
        origin = session.questions.origin
        source = error if origin is None else simplify(origin.expression, session.value)
        factors.append(
            Factor("∂L", f"∂{a}", elide(source, 4), session.value(error.tensor, error.index),
                   tr("error of the neuron"))
        )  # fmt: skip
        factors.append(
            Factor(f"∂{a}", f"∂{z}", bend, _evaluate(session, bend), tr("slope of its activation"))
        )
    else:
        factors.append(
            Factor("∂L", f"∂{z}", expression, reader.value(dz, (j,)), tr("error of the neuron"))
        )
    factors.append(Factor(f"∂{z}", f"∂{weight}", feeding, value_in, tr("value feeding in")))
    share = 1.0
    for factor in factors:
        if factor.value is None:
            return tuple(factors), None
        share *= factor.value
    return tuple(factors), share


def _symbol(session: StepSession, tensor: str) -> str:
    info = session.reader.info(tensor)
    if info is None or not info.symbol:
        info = session.reader.info(session.reader.first(*_names(tensor)))
    return info.symbol if info is not None and info.symbol else tensor.rpartition("/")[2]


def _names(tensor: str) -> tuple[str, ...]:
    head, _, tail = tensor.rpartition("/")
    return tuple(
        dict.fromkeys((tensor, *(f"{head}/{n}" for n in (tail, "a", "z", "product", "output"))))
    )


def _letter(session: StepSession, tensor: str, *index: int) -> str:
    """Symbol of one cell in the form the formula layout reads: w^1_{12}."""
    symbol = _symbol(session, tensor).replace("W", "w")
    return f"{symbol}_{{{''.join(str(k + 1) for k in index)}}}"


def _evaluate(session: StepSession, expr: Expr) -> float | None:
    from core.expressions import evaluate

    missing = False

    def lookup(tensor: str, index: Index) -> float:
        nonlocal missing
        value = session.value(tensor, index)
        missing |= value is None
        return value or 0.0

    try:
        result = evaluate(expr, lookup)
    except (ArithmeticError, ValueError):
        return None
    return None if missing else result


def _nudge(session: StepSession, tensor: str, result: float | None) -> str:
    """What a small change of the weight does to the loss, from its gradient."""
    if result is None or not tensor.startswith("grad/"):
        return ""
    tail = tensor.rpartition("/")[2]
    if tail not in ("kernel", "bias"):
        return ""
    name = "w" if tail == "kernel" else "b"
    change = format_number(abs(result) * 0.01, 4)
    if result < 0:
        return tr("raise {name} by 0.01 → L falls by {change}", name=name, change=change)
    return tr("raise {name} by 0.01 → L rises by {change}", name=name, change=change)


def _operands(
    session: StepSession, instruction: InstructionView, expression: Expr
) -> tuple[Operand, ...]:
    """Windows of the tensors the formula reads, the contributing cells marked."""
    if instruction.op in COPIES:
        return ()
    by_tensor: dict[str, list[Ref]] = {}
    _collect(expression, by_tensor)
    result = []
    for tensor, refs in list(by_tensor.items())[:3]:
        marked = [tuple(r.index) for r in refs]
        result.append(_window(session, tensor, marked, refs[0].symbol))
    return tuple(o for o in result if o is not None)


def _collect(expr: Any, found: dict[str, list[Ref]]) -> None:
    from core.expressions import children

    if isinstance(expr, Ref):
        found.setdefault(expr.tensor, []).append(expr)
        return
    for child in children(expr):
        _collect(child, found)


def _output(
    session: StepSession, instruction: InstructionView, tensor: str, full: Index
) -> Operand | None:
    return _window(session, tensor, [full], _symbol(session, tensor), output=True)


def _window(
    session: StepSession, tensor: str, marked: list[Index], symbol: str, output: bool = False
) -> Operand | None:
    """Cut a window of a tensor around the first contributing cell; columns are the last axis."""
    info = session.reader.info(tensor)
    if info is None or not marked:
        return None
    rank = len(marked[0])
    rows = session.rows if info.batch else 1
    shape = ((rows, *info.shape) if info.batch else info.shape)[:rank] if rank else ()
    fresh = session.reader.state(tensor) == "fresh"
    if output and session.instruction is not None and session.instruction.phase == "update":
        fresh = _updated(session, tensor)

    def value(index: Index) -> float | None:
        if not fresh:
            return None
        if output:
            return _result(session, tensor, index, True)
        return session.value(tensor, index)

    if rank == 0:
        cells: Any = ((((), value(())),),)
        more = False
    elif rank == 1:
        # A vector stands upright when samples are in columns, or when it is a bias it lies flat.
        span = _span(marked[0][0], shape[0], WINDOW[1])
        cells = (tuple(((k,), value((k,))) for k in span),)
        more = shape[0] > len(span)
    else:
        head = marked[0][:-2]
        down = _span(marked[0][-2], shape[-2], WINDOW[0])
        across = _span(marked[0][-1], shape[-1], WINDOW[1])
        cells = tuple(tuple(((*head, r, c), value((*head, r, c))) for c in across) for r in down)
        more = shape[-2] > len(down) or shape[-1] > len(across) or rank > 2
    return Operand(
        symbol,
        tensor,
        role_of(tensor),
        "×".join(map(str, shape)) or "1",
        cells,
        frozenset(marked),
        more,
    )


def _span(middle: int, length: int, room: int) -> range:
    start = max(0, min(middle - room // 2, length - room))
    return range(start, min(length, start + room))


def _check(
    session: StepSession, instruction: InstructionView, full: Index, result: float | None
) -> tuple[float, float, float] | None:
    """The numeric gradient the engine measured for this very cell: value, backprop, relative error."""
    checked = session.questions.check
    if checked is None or result is None or session.snapshot is None:
        return None
    asked, answer = checked
    if (asked.serial, asked.instruction, asked.cell) != (
        session.snapshot.serial, instruction.index, full,
    ):  # fmt: skip
        return None
    numeric = float(answer["numeric"] if isinstance(answer, dict) else answer)
    scale = max(abs(numeric), abs(result), 1e-12)
    return numeric, result, abs(numeric - result) / scale


__all__ = ["Card", "Factor", "Operand", "Sum", "build", "tex"]
