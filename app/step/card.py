"""What the inspector shows of the number looked at, as data: its formula with numbers, and what sections found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.scenes.formula_expressions import visible
from app.step.notation import COPIES, arranged
from app.step.simplify import simplify
from app.step.words import sentence
from app.text import tr
from core.expressions import Expr, Number, Ref, elide, to_tex

if TYPE_CHECKING:
    from app.snapshots import InstructionView
    from app.step.questions import Explained
    from app.step.sections import Section
    from app.step.session import StepSession

Index = tuple[int, ...]


@dataclass(frozen=True)
class Card:
    """Everything the inspector paints; none of it refers to a widget.

    Attributes
    ----------
    title
        What stands over it.
    subject
        The number that is looked at.
    instruction, expression, values, result
        What computes it, the formula as far as it is shown, the numbers in it by (tensor, index), and what it makes.
    arranged
        The whole formula in the order of the notation: not simplified, sums of thousands of terms shortened.
    words
        A sentence.
    columns
        Whether samples stand in columns.
    parts
        What each section found to show, by its name.
    """

    title: str
    subject: Ref | None
    instruction: InstructionView | None = None
    expression: Expr | None = None
    values: Mapping[tuple[str, Index], float | None] = field(default_factory=dict)
    result: float | None = None
    arranged: Expr | None = field(default=None, compare=False)
    words: str = ""
    columns: bool = False
    parts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def tex(self) -> str:
        """The formula three ways for the clipboard; worked out when it is asked for."""
        lines = _lines(self)
        for one in self._told_in_tex:
            assert one.tex is not None
            lines += one.tex(self, self.parts[one.name])
        return _aligned(lines)

    @property
    def has_tex(self) -> bool:
        """Whether there is a formula to copy."""
        return self.expression is not None or bool(self._told_in_tex)

    @property
    def _told_in_tex(self) -> list[Section]:
        from app.step.sections import sections

        return [one for one in sections() if one.tex is not None and one.name in self.parts]

    def same_number(self, other: Card) -> bool:
        """Tell whether another card is of the same number and says the same of it, whatever its parts have found."""
        return (
            self.subject == other.subject and self.instruction is other.instruction and self.result == other.result
            and self.columns == other.columns and self.values == other.values and self.expression == other.expression
        )  # fmt: skip

    @property
    def worded(self) -> bool:
        """Whether the instruction is said in words: what it copies, compares or draws has no formula worth reading."""
        line = self.instruction
        return line is not None and (line.op in COPIES or line.op == "accuracy_rows" or self.drawn)

    @property
    def drawn(self) -> bool:
        """Whether the number is drawn by chance: nothing stands for it but itself."""
        return isinstance(self.expression, Ref) and self.subject is not None and (
            self.expression.tensor == self.subject.tensor
        )  # fmt: skip


def build(session: StepSession) -> Card:
    """Describe the session's instruction and cell, as far as the engine has answered."""
    from app.step.sections import sections

    card = plain(session)
    if card.subject is None:
        return card
    found = ((one.name, one.build(session, card)) for one in sections())
    return replace(card, parts={name: content for name, content in found if content is not None})


def plain(session: StepSession) -> Card:
    """Describe the formula alone, without sections."""
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
    if done and instruction.phase == "update":
        done = updated(session, tensor)
    result = known_result(session, tensor, full, done)
    if not fits:
        return Card(title, subject, instruction, result=result, words=sentence(session, None))
    assert explained is not None
    expression = arranged(instruction.op, explained.expression, session.notation)
    shown = elide(simplify(expression, session.value))
    values = {key: _as_read(session, explained, key) for key in visible(shown)}
    return Card(
        title,
        subject,
        instruction,
        shown,
        values,
        result,
        expression,
        sentence(session, explained.answer),
        columns=session.notation == "columns",
    )


def _as_read(session: StepSession, explained: Explained, key: tuple[str, Index]) -> float | None:
    """A number of the formula; a running sum may be written twice in a step, and the engine knows what was read."""
    snapshot = session.snapshot
    if (
        snapshot is not None
        and explained.serial == snapshot.serial
        and session.reader.lasting(key[0])
    ):
        numbers = getattr(explained.answer, "numbers", {})
        if key in numbers:
            return float(numbers[key])
    return session.value(*key)


def _lines(card: Card) -> list[str]:
    """The formula, the same with numbers, and the result, in TeX."""
    if card.expression is None:
        return []
    if card.drawn and card.instruction is not None:
        return [card.instruction.formula.replace(" = ", " &= ", 1)]
    name = to_tex(card.subject) if card.subject is not None else "y"
    line, values = card.instruction, card.values
    # What reads the number that it writes is no equation.
    read = () if line is None else tuple(line.operands.values())
    equals = r"\leftarrow" if card.subject is not None and card.subject.tensor in read else "="
    lines = [f"{name} &{equals} {to_tex(card.expression)}"]
    if all(value is not None for value in values.values()):
        lines.append(
            f"&= {to_tex(card.expression, lambda t, i: float(values[t, tuple(i)] or 0.0))}"
        )
    if card.result is not None:
        lines.append(f"&= {to_tex(Number(card.result))}")
    return lines


def _aligned(lines: list[str]) -> str:
    if not lines:
        return ""
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _subject(session: StepSession, tensor: str, full: Index) -> Ref:
    info = session.reader.info(tensor)
    symbol = info.symbol if info is not None and info.symbol else tensor
    index = full[1:] if info is not None and info.batch else full
    return Ref(tensor, full, symbol, ",".join(str(k + 1) for k in index))


def updated(session: StepSession, tensor: str) -> bool:
    """Tell whether the step shown has changed a lasting value."""
    return session.updated(tensor)


def known_result(session: StepSession, tensor: str, full: Index, done: bool) -> float | None:
    """Return what an instruction has made of a cell, or None if that is not known; `done`: the step has made it."""
    return results(session, tensor)(full) if done else None


def results(session: StepSession, tensor: str) -> Callable[[Index], float | None]:
    """Return `known_result` for the many cells of a tensor that the step has made."""
    snapshot, instruction = session.snapshot, session.instruction
    array = snapshot.get(tensor) if snapshot is not None else None
    info, explained = session.reader.info(tensor), session.questions.explanation
    lasting = session.reader.lasting(tensor)

    def told(full: Index) -> float | None:
        """What the engine says of the one cell that it explains."""
        if (
            explained is not None
            and explained.answer is not None
            and instruction is not None
            and snapshot is not None
            and (explained.serial, explained.instruction, explained.cell)
            == (snapshot.serial, instruction.index, full)
        ):
            return float(explained.answer.kernel_value)
        return None

    def result(full: Index) -> float | None:
        # What lasts may have been changed again by a later instruction of the step.
        if lasting and (known := told(full)) is not None:
            return known
        if array is not None and info is not None:
            index = full if array.ndim == len(full) else full[1:]
            if array.ndim == len(index) and (index is full or info.batch):
                try:
                    return float(array[index])
                except IndexError:
                    return None
        return told(full)

    return result


def symbol_of(session: StepSession, tensor: str) -> str:
    """Return the letter a tensor is shown as."""
    info = session.reader.info(tensor)
    if info is None or not info.symbol:
        info = session.reader.info(session.reader.first(*_names(tensor)))
    return info.symbol if info is not None and info.symbol else tensor.rpartition("/")[2]


def _names(tensor: str) -> tuple[str, ...]:
    head, _, tail = tensor.rpartition("/")
    return tuple(
        dict.fromkeys((tensor, *(f"{head}/{n}" for n in (tail, "a", "z", "product", "output"))))
    )
