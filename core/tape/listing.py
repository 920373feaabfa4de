"""A tape as it is shown: each instruction's names, title and formula."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.ops.base import operation

if TYPE_CHECKING:
    from core.tape.compiler import Tape


@dataclass(frozen=True)
class TapeInstruction:
    """An instruction as it is shown.

    Attributes
    ----------
    index
        Place on the tape.
    phase
        "data", "forward", "loss", "backward" or "update".
    op, layer
        Names of the operation and of the layer's id ("" if it belongs to none).
    operands
        Tensor names by operand; `writes` are those it writes.
    results
        Those it writes by the operation's names for them.
    attributes
        The operation's constants: strides, windows, rates.
    title, formula
        One line of Unicode, and LaTeX.
    """

    index: int
    phase: str
    op: str
    layer: str
    operands: dict[str, str]
    writes: tuple[str, ...]
    title: str
    formula: str
    results: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict, compare=False)


class Instructions(Sequence[TapeInstruction]):
    """The tape's instructions as they are shown, made when asked for: a long tape has thousands."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._made: dict[int, TapeInstruction] = {}

    def __len__(self) -> int:
        return len(self._tape.instructions)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        if index not in self._made:
            ins = self._tape.instructions[index]
            rule = operation(ins.op)
            self._made[index] = TapeInstruction(
                index,
                ins.phase,
                ins.op,
                ins.layer,
                {k: t.name for k, t in ins.inputs.items()},
                tuple(t.name for t in ins.outputs.values()),
                rule.title(ins),
                rule.tex(ins),
                {k: t.name for k, t in ins.outputs.items()},
                dict(ins.attributes),
            )
        return self._made[index]

    def __iter__(self) -> Iterator[TapeInstruction]:
        return (self[k] for k in range(len(self)))
